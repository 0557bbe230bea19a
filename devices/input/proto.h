/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each kind of input device announces, and the check of events against it. Pure functions;
 * any thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/proto/display.h"
#include "base/proto/held.h"
#include "devices/input/input.h"
#include "devices/input/wire.h"

/* What a device is; constant after it was made. */
struct input_identity {
	enum input_kind kind;
	uint32_t width, height; /* range of the coordinates; not used by keyboards */
	char name[INPUT_CFG_UNION_BYTES];
	char serial[32];
};

/*
 * Answers a query of the configuration space: fills `u` (zeroed behind what it sets) and returns
 * its size in bytes; 0 for a query that has no answer. "Device configuration layout".
 */
uint8_t input_config(const struct input_identity *id, uint8_t select, uint8_t subsel,
	uint8_t u[INPUT_CFG_UNION_BYTES]);

enum input_verdict {
	INPUT_PASS,
	INPUT_LEAVE_OUT, /* not announced, or a repeat that the guest makes itself */
	INPUT_REFUSE /* the update it belongs to would go to the wrong finger */
};
/* Judges one event and holds its coordinate inside the announced range. */
enum input_verdict input_event_check(const struct input_identity *id, struct input_event_rec *e);
