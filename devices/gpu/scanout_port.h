/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the pictures of a GPU go: the port between the GPU device and whatever shows its scanouts.
 * Back ends: `null` (reads every present at once) and `display` (the channel to dyno-ui, which
 * also brings input events back).
 *
 * Everything here runs on the GPU's loop thread, in both directions. Nothing blocks and nothing
 * fails towards the device: a back end whose peer is slow merges presents, one whose peer is gone
 * behaves as the null one.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ev.h"
#include "base/proto/display.h"

/* Pixels in a sealed memfd. Lent to the port from surface_new until surface_gone. */
struct scanout_surface {
	uint32_t id; /* never used twice by one device */
	uint32_t width, height, stride_bytes;
	enum display_format format;
	uint64_t size_bytes;
	int fd;
};

struct scanout_present {
	uint32_t surface; /* id of a surface that the port knows */
	uint32_t serial; /* grows by one with each present of the device, wraps */
	struct display_rect src; /* what the scanout shows, in the surface */
	struct display_rect damage; /* what changed, in the surface, inside src, not empty */
};

struct scanout_cursor {
	int32_t x, y; /* hot spot's place on the scanout */
	uint32_t hot_x, hot_y;
	bool visible;
};

#define SCANOUT_CURSOR_BYTES (DISPLAY_CURSOR_SIDE * DISPLAY_CURSOR_SIDE * DISPLAY_BPP)

struct scanout_port;

struct scanout_port_ops {
	const char *name;
	void (*surface_new)(struct scanout_port *p, const struct scanout_surface *s);
	/* Nothing is presented from it any more. Where a scanout still shows it (the next picture
	 * was set, but not flushed yet), what was read of it stays. */
	void (*surface_gone)(struct scanout_port *p, uint32_t id);
	/* Answered by released(), now (from inside this call) or later. */
	void (*present)(
		struct scanout_port *p, unsigned int scanout, const struct scanout_present *pr);
	void (*off)(struct scanout_port *p, unsigned int scanout);
	/* A new image: premultiplied BGRA, 64x64, SCANOUT_CURSOR_BYTES, copied. */
	void (*cursor)(struct scanout_port *p, unsigned int scanout, const struct scanout_cursor *c,
		const uint8_t *bgra);
	void (*cursor_move)(
		struct scanout_port *p, unsigned int scanout, const struct scanout_cursor *c);
	void (*free)(struct scanout_port *p);
};

/* The device's side. A member may be NULL while nobody listens. */
struct scanout_listener {
	/* The present `serial` of `scanout`, and all older ones of it, were read. */
	void (*released)(void *ctx, unsigned int scanout, uint32_t serial);
	/* The user would like another size. */
	void (*resize)(void *ctx, unsigned int scanout, uint32_t width, uint32_t height);
	void *ctx;
};

/* First member of every back end's own struct. */
struct scanout_port {
	const struct scanout_port_ops *ops;
	struct scanout_listener to; /* set by the device that uses the port */
};

/* The port that reads every present at once and shows nothing. 0 or -ENOMEM. */
MUST_CHECK int scanout_null_new(struct scanout_port **out);

/*
 * The display channel (base/proto/display.h). Takes over `sock_take` (a SOCK_SEQPACKET socket, made
 * non-blocking here), also on failure. `loop` is the GPU's and must outlive the port. 0 or -errno.
 */
MUST_CHECK int scanout_display_new(
	struct scanout_port **out, struct ev_loop *loop, int sock_take, struct err *e);

/*
 * Who gets the input events that come for (scanout, kind): `fn` is called on the port's loop
 * thread with one batch of whole updates; it must not block (input_inject() fits). NULL removes
 * it. Only for a display port; before its loop runs, or on its thread.
 */
typedef void (*scanout_input_fn)(void *ctx, const struct input_event_rec *ev, uint32_t n);
void scanout_display_sink(struct scanout_port *p, unsigned int scanout, enum input_kind kind,
	scanout_input_fn fn, void *ctx);

/* What happened on a display port so far. Port's thread. */
struct scanout_display_stats {
	uint64_t sent; /* presents that went to the UI */
	uint64_t merged; /* presents that were merged into a later one */
	uint64_t rejected; /* malformed messages from the UI */
	uint64_t input; /* input batches delivered */
	uint64_t input_lost; /* input batches that nobody wanted */
	bool connected;
};
void scanout_display_stats(const struct scanout_port *p, struct scanout_display_stats *out);

/* Frees any back end; NULL is legal. After the device that uses it was freed. */
void scanout_port_free(struct scanout_port *p);
