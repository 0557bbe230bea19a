/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests on the control socket: one line of JSON becomes a checked request. Pure; what comes in
 * is not trusted (any process of the user may connect).
 */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "sim/scenario/scenario.h"

/* A line is at most this long, its newline included. */
#define CTL_LINE_MAX (64 * 1024)

enum ctl_op {
	CTL_STATUS,
	CTL_METRICS,
	CTL_STOP,
	CTL_PAUSE, /* everything: clock, buses, all guests */
	CTL_RESUME, /* the same */
	CTL_SCREENSHOT,
	CTL_DEVICES, /* action.guest */
	CTL_BALLOON, /* action.guest, action.u.balloon.target_bytes: 0 to ask only */
	CTL_CONSOLE, /* the connection becomes a console */
	CTL_CONSOLE_SIZE,
	CTL_SIGNALS, /* those that have `text` in their name; all without it */
	CTL_GET, /* assign.signal */
	CTL_PANEL, /* its picture, to `path`; without one what can be pressed on it, and where */
	CTL_ACTION /* `action` says what: pause of one guest, send, key, touch, pointer, ... */
};

struct ctl_request {
	json_t *id; /* the sender's, echoed; NULL when there was none; owned */
	enum ctl_op op;
	struct scenario_action action; /* guest and display also for CTL_SCREENSHOT */
	const char *port; /* CTL_CONSOLE: as the scenario keeps it */
	uint16_t cols, rows; /* CTL_CONSOLE_SIZE */
	struct scenario_assign assign; /* what action.u.set.items points to */
	char text[SCENARIO_TEXT_MAX]; /* what action.u.type.text points to */
	char path[1024]; /* CTL_SCREENSHOT: absolute; "" for a name in out/ */
};

/*
 * Reads one line (without its newline). `s` resolves the names of guests and buses. 0: *out is
 * complete (ctl_request_fini); -EINVAL: the message says what is wrong, and out->id is set when
 * the line had one, so that the answer can carry it.
 */
MUST_CHECK int ctl_parse(const char *line, size_t len, const struct scenario *s,
	struct ctl_request *out, struct err *e);
void ctl_request_fini(struct ctl_request *r);

/* Names of all operations, NULL-terminated. */
extern const char *const ctl_op_names[];
