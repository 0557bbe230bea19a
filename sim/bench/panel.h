/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control panel as the bench sees it: what dyno-ui's window is told of the run, and what it
 * may ask for. The panel decides nothing: it asks in the words of `dyno ctl`, and only some of
 * them are its own. Main loop.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ev.h"
#include "sim/bench/panel_spec.h"

struct bench;

#define PANEL_SAMPLES 4

struct bench_panel {
	struct bench *bench; /* NULL: there is none */
	struct panel_list *list;
	int spec_fd, ui_fd; /* for dyno-ui, until it was started; -1 */
	int port_fd; /* the bench's end of the signal port, until the buses have it; -1 */
	struct ev_timer timer;
	bool asked; /* dyno-ui has not answered the last state yet */
	uint32_t pictures; /* taken so far */
	/* Frames of each bus, the latest times that were looked. */
	struct {
		uint64_t t_ns, frames[SCENARIO_MAX_BUSES];
	} sample[PANEL_SAMPLES];
	uint32_t samples;
};

/* Whether the run has a panel. */
bool panel_wanted(const struct bench *b);
/* Describes it for dyno-ui and makes its signal port. 0 or -errno with a message. */
MUST_CHECK int panel_open(struct bench_panel *p, struct bench *b, struct err *e);
/* dyno-ui runs and has its descriptors: values and states go to it from here on, once the buses
 * are there. 0 or -errno with a message. */
MUST_CHECK int panel_connect(struct bench_panel *p, struct err *e);
/* What the user asks for: an object with "op". */
void panel_asked(struct bench_panel *p, const json_t *request);
/* Idempotent; legal for a zeroed one. */
void panel_close(struct bench_panel *p);
