/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A view is what one guest display shows: a shadow picture that is brought up to date by the
 * damage of each present, and the cursor above it. Windows paint from it, captures read it; the
 * guest's surface is released as soon as its damage was copied.
 *
 * Thread: the link's loop writes, a window's thread reads; every function locks by itself.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/image.h"
#include "base/proto/display.h"

struct view_cursor {
	bool visible;
	int32_t x, y; /* of the hot spot, on the display */
	uint32_t hot_x, hot_y;
	uint32_t px[DISPLAY_CURSOR_SIDE * DISPLAY_CURSOR_SIDE]; /* premultiplied BGRA */
};

struct view {
	pthread_mutex_t lock;
	/* below: guarded by lock */
	uint32_t width,
		height; /* of the picture; the display's own size until a present says else */
	uint32_t *px; /* width * height, bytes B G R X */
	bool on; /* the scanout shows something */
	struct display_rect damage; /* not painted yet; w == 0: nothing */
	struct display_rect newest; /* what the newest present changed at most */
	bool resized; /* the picture has a new size since the last view_take */
	struct view_cursor cursor;
	uint64_t presents, damaged_px;
};

MUST_CHECK int view_init(struct view *v, uint32_t width, uint32_t height);
void view_fini(struct view *v);

/*
 * Copies damage (inside src) of a surface into the shadow picture. `base` is the surface's first
 * pixel; the caller has checked that src and damage lie inside it. 0 or -ENOMEM.
 */
MUST_CHECK int view_present(struct view *v, const uint8_t *base, uint32_t stride_bytes,
	enum display_format format, struct display_rect src, struct display_rect damage);
/* The scanout was switched off: the picture becomes black. */
void view_off(struct view *v);
/* New cursor image (NULL: keep) and place. */
void view_set_cursor(struct view *v, const uint32_t *px, int32_t x, int32_t y, uint32_t hot_x,
	uint32_t hot_y, bool visible);

/* The picture with its cursor, as a capture shows it. `out` is the caller's. 0 or -ENOMEM. */
MUST_CHECK int view_snapshot(struct view *v, struct image *out);

/* The area that the cursor covers, clipped to the picture; w == 0: none. Lock held. */
struct display_rect view_cursor_rect_locked(const struct view *v);
/*
 * Pixels of row y, columns [x, x+n), cursor blended in: written to dst (bytes B G R X). Lock held.
 */
void view_row_locked(const struct view *v, uint32_t x, uint32_t y, uint32_t n, uint32_t *dst);
