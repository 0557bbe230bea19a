/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The IVI's logic: touches and frames in, a view and climate frames out. No device is touched
 * here; the guest's main loop and the tests drive it alike.
 */
#pragma once

#include "gauges.h"
#include "ivi_view.h"

struct ivi {
	struct ivi_view v; /* everything but the bus values, which ivi_show() refreshes */
	struct gauges in;
	struct gauges_out out;
	enum ivi_page page_drawn; /* what the background shows */
	int accent_drawn;
	double position_s; /* in the track, up to position_at_ns */
	uint64_t position_at_ns;
	uint64_t rx, tx; /* frames */
};

/* Binds the signal map (lent, must stay) to the CAN buses in order of their names. */
void ivi_init(struct ivi *u, const struct dyno_sigmap *map, const char *const *buses,
	unsigned int nbuses, uint64_t now_ns);

void ivi_rx(struct ivi *u, unsigned int bus, const struct dyno_can_frame *f, uint64_t now_ns);

/* A finger (or the mouse) at a point: down, moving, or up. */
enum ivi_touch { TOUCH_DOWN, TOUCH_MOVE, TOUCH_UP };
void ivi_touch(struct ivi *u, enum ivi_touch what, int x, int y, uint64_t now_ns);

/* Brings u->v up to date. Returns true when the background must be drawn again. */
bool ivi_show(struct ivi *u, uint64_t now_ns);
/* The next moment when the view changes by itself; GAUGES_FOREVER: never. */
uint64_t ivi_next_change(const struct ivi *u, uint64_t now_ns);

/* The next frame that is due: its bus comes in *bus. False: none is due. */
bool ivi_tx(struct ivi *u, uint64_t now_ns, struct dyno_can_frame *f, unsigned int *bus);
