/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From points in a window to events on a display: where the picture lies in a window of any size
 * (kept in proportion, centred), and updates of an absolute pointer and a multi-touch screen
 * (Linux multi-touch protocol B). Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/proto/display.h"

#define TOUCH_SLOTS 10

/* Where a pic_w x pic_h picture lies in a win_w x win_h window. */
struct display_rect fit_rect(uint32_t win_w, uint32_t win_h, uint32_t pic_w, uint32_t pic_h);

/*
 * Maps a point of the window to the display (0..w-1, 0..h-1), clamped to its edge. `box` is where
 * the picture lies. True when the point was inside.
 */
bool fit_point(struct display_rect box, float x, float y, uint32_t w, uint32_t h, int32_t *out_x,
	int32_t *out_y);

/* The smallest window area that a changed area of the picture touches, one pixel wider for
 * filtering at the edges. */
struct display_rect fit_damage(
	struct display_rect box, uint32_t pic_w, uint32_t pic_h, struct display_rect damage);

enum pointer_button { POINTER_LEFT, POINTER_MIDDLE, POINTER_RIGHT, POINTER_BACK, POINTER_FORWARD };

/* Updates of an absolute pointer: each writes whole updates and returns the number of triples. */
uint32_t pointer_move(int32_t x, int32_t y, struct input_event_rec ev[3]);
uint32_t pointer_press(
	enum pointer_button b, bool down, int32_t x, int32_t y, struct input_event_rec ev[4]);
/* Wheel clicks; up and right are positive. 0 when both are 0. */
uint32_t pointer_wheel(int32_t dx, int32_t dy, struct input_event_rec ev[3]);

/* Fingers that are down. Zero-initialise. */
struct touch_state {
	struct {
		bool down;
		int64_t finger; /* the window system's id */
	} slot[TOUCH_SLOTS];
	int32_t next_tracking_id;
	int32_t current_slot;
};

enum touch_kind { TOUCH_DOWN, TOUCH_MOVE, TOUCH_UP };

#define TOUCH_MAX_TRIPLES 8
/*
 * One finger's change as one update. Returns the number of triples; 0 when there is nothing to
 * tell (an unknown finger moved, all slots are taken).
 */
uint32_t touch_event(struct touch_state *t, enum touch_kind kind, int64_t finger, int32_t x,
	int32_t y, struct input_event_rec ev[TOUCH_MAX_TRIPLES]);
