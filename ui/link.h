/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The UI's end of one guest's display channel: surfaces that the guest's dyno-vm announced, its
 * scanouts' views, and input on the way back. The other process is not trusted: every message is
 * checked, every surface's size is compared with what lies behind its descriptor.
 */
#pragma once

#include "base/ev.h"
#include "ui/manifest.h"
#include "ui/view.h"

struct link;

/* Told on the loop's thread. */
struct link_ops {
	/* Display `scanout` has damage or another cursor. */
	void (*damaged)(void *ctx, struct link *l, uint32_t scanout);
	/*
	 * The picture of display `scanout` is another one (where view->newest says), and its guest
	 * was released: it was flushed at flushed_ns and is as it was at read_ns, host-monotonic.
	 * May be NULL.
	 */
	void (*shown)(
		void *ctx, struct link *l, uint32_t scanout, uint64_t flushed_ns, uint64_t read_ns);
	/* The guest's dyno-vm is gone; the last picture stays. */
	void (*gone)(void *ctx, struct link *l);
};

/* Takes fd. `spec` is borrowed for the link's life. */
MUST_CHECK int link_new(struct link **out, struct ev_loop *loop, int fd_take,
	const struct ui_guest_spec *spec, const struct link_ops *ops, void *ctx);
void link_free(struct link *l);
/*
 * The guest was started again: fd is its new display channel. Surfaces of the old one are
 * forgotten, the picture stays until the next present. 0 or -errno (the old channel is gone then,
 * too).
 */
MUST_CHECK int link_attach(struct link *l, int fd_take);

const struct ui_guest_spec *link_spec(const struct link *l);
struct view *link_view(struct link *l, uint32_t scanout);

/*
 * Sends evdev triples (whole updates, SYN_REPORT last) to an input device of a scanout. Any thread;
 * never blocks: what the guest's process does not take in time is dropped and counted; what would
 * stay pressed because of that is let go as soon as there is room.
 */
void link_input(struct link *l, uint32_t scanout, enum input_kind kind,
	const struct input_event_rec *ev, uint32_t n);
/* Input updates dropped so far. */
uint64_t link_input_drops(struct link *l);
