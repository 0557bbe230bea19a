/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control panel of dyno-ui without its window: a desk that two threads use, its sockets, and
 * how often things are sent. The bench is the only one who acts: what the user does goes to it as
 * records of signals and as the requests that `dyno ctl` makes.
 */
#pragma once

#include <jansson.h>

#include "base/ev.h"
#include "base/image.h"
#include "ui/panel/desk.h"

struct panel;

struct panel_events {
	/* The picture may be another. Any thread, nothing is locked; at a calm rate. */
	void (*changed)(void *ctx);
	/* A request for the bench, {"op": ...}; consumed. The loop's thread. */
	void (*ask)(void *ctx, json_t *request_take);
	void *ctx;
};

/*
 * `spec_fd` has the description (JSON), signals_fd is a signal port or -1. Both are consumed, on
 * failure too. 0; -ENOENT without a font; -EINVAL; another -errno. With a message.
 */
MUST_CHECK int panel_new(struct panel **out, struct ev_loop *loop, int spec_fd_take,
	int signals_fd_take, const struct panel_events *ev, struct err *e);
/* After the loop has ended. NULL is legal. */
void panel_free(struct panel *p);
const struct panel_spec *panel_spec_of(const struct panel *p);

/* ---- the loop's thread ---- */

/* The bench's messages about its state, and what came of a request. */
void panel_state(struct panel *p, const json_t *msg);
void panel_note(struct panel *p, bool bad, const char *text);
/* The picture at its present size, or that of a new window. 0 or -ENOMEM. */
MUST_CHECK int panel_snapshot(struct panel *p, struct image *out);
/* See panel_desk_controls(). */
json_t *panel_controls(struct panel *p);

/* ---- the window's thread ---- */

/* The desk, locked; panel_unlock() sends what the user wants by now. */
struct panel_desk *panel_lock(struct panel *p);
void panel_unlock(struct panel *p);
/* Size of a new window in pixels of a scale. */
void panel_first_size(const struct panel_spec *s, double scale, int *w, int *h);
