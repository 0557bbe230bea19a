/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A back end shows views, or does not: SDL windows and headless implement the same table. The
 * links' loop tells it what changed; user actions go out through link_input() and `closed`.
 */
#pragma once

#include "ui/link.h"
#include "ui/panel/panel.h"

struct ui_backend;

/* What the back end tells the program. Any thread. */
struct ui_events {
	void (*ready)(void *ctx); /* all windows are open */
	void (*closed)(void *ctx, const char *guest, uint32_t display);
	void *ctx;
};

struct ui_backend_ops {
	/* Makes the windows for all displays of all links, and for the panel (NULL: none). Main
	 * thread. 0 or -errno. */
	int (*open)(struct ui_backend **out, struct link *const *links, uint32_t n,
		struct panel *panel, const struct ui_events *ev, struct err *e);
	/*
	 * Runs until quit() is called; `loop` is the links' loop. Main thread. A back end whose
	 * window system wants the main thread runs the loop on another one.
	 */
	int (*run)(struct ui_backend *b, struct ev_loop *loop);
	/* A view changed. Links' loop thread. */
	void (*damaged)(struct ui_backend *b, struct link *l, uint32_t display);
	/* The panel may look otherwise. Links' loop thread. */
	void (*panel_changed)(struct ui_backend *b);
	/* State text of a guest for its window titles; `text` is copied. Links' loop thread. */
	void (*state)(struct ui_backend *b, struct link *l, const char *text);
	/* Makes run() return. Links' loop thread. */
	void (*quit)(struct ui_backend *b);
	/* Main thread, after run(). NULL is legal. */
	void (*free)(struct ui_backend *b);
};

extern const struct ui_backend_ops ui_headless;
extern const struct ui_backend_ops ui_sdl;
