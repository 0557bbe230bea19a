/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a control panel shows, as the bench describes it (docs/interfaces.md, "The panel"): parsed
 * and checked here once. No value is in here, and no pixel.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/proto/signal_port.h"

#define PANEL_MAX_SIGNALS SIGNAL_PORT_MAX
#define PANEL_MAX_GUESTS  16
#define PANEL_MAX_BUSES   32
#define PANEL_MAX_STREAMS 128
#define PANEL_MAX_CHOICES 256
#define PANEL_SPEC_BYTES  (8 * 1024 * 1024)

enum panel_kind {
	PANEL_RANGE, /* min to max: a slider */
	PANEL_SWITCH, /* min or max */
	PANEL_CHOICE, /* one of the choices */
	PANEL_NUMBER /* no bounds are known */
};

struct panel_choice {
	double value;
	const char *text;
};

struct panel_signal {
	const char *name, *unit, *doc; /* "" where there is none */
	uint32_t group; /* bytes of the name that its group's heading says */
	enum panel_kind kind;
	bool heard; /* others send it: it is shown only */
	double min, max, step; /* min < max but for a number; step > 0 */
	uint32_t decimals;
	uint32_t n_choices;
	struct panel_choice *choices; /* names of values, whatever its kind */
};

struct panel_guest {
	const char *name;
	uint32_t displays;
};

struct panel_spec {
	json_t *root; /* all texts are its own */
	const char *title;
	uint32_t width, height; /* of the window, before scaling; 0: as the program likes */
	int32_t x, y;
	bool placed;
	double scale; /* 0: the screen's */
	uint32_t n_signals, n_guests, n_buses, n_streams;
	struct panel_signal *signals;
	struct panel_guest guests[PANEL_MAX_GUESTS];
	const char *buses[PANEL_MAX_BUSES];
	const char *streams[PANEL_MAX_STREAMS]; /* "ivi.media" */
};

/* Takes `root`, on failure too. 0; -EINVAL with a message that names the key; -ENOMEM. */
MUST_CHECK int panel_spec_parse(json_t *root_take, struct panel_spec *out, struct err *e);
/* Idempotent. */
void panel_spec_fini(struct panel_spec *s);
