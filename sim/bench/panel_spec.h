/* SPDX-License-Identifier: Apache-2.0 */
/* What the control panel shows of a scenario, as dyno-ui is told (docs/interfaces.md). Pure. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/proto/signal_port.h"
#include "sim/scenario/scenario.h"

struct panel_list {
	uint32_t n;
	uint32_t signal[SIGNAL_PORT_MAX]; /* indices in the model */
	bool settable[SIGNAL_PORT_MAX]; /* false: others send it, it is shown only */
};

/* The signals that the scenario's panel shows: those that it names, else the published ones. */
void panel_list_make(const struct scenario *s, struct panel_list *out);
/* The description; NULL without memory. */
json_t *panel_spec_json(const struct scenario *s, const struct panel_list *list);
