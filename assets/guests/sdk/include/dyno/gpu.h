/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Displays (virtio-gpu, 2D). A surface is memory that the program draws into and that a scanout
 * shows; presenting names the rectangles that changed and returns at once.
 *
 * Pixels are 32 bits, 0xXXRRGGBB in a little-endian word (B8G8R8X8). After a present the surface
 * must not be drawn into until it is idle again (dyno_surface_busy(); dyno_wait() returns when it
 * becomes idle): the host may still be reading. Use two surfaces to draw meanwhile.
 */
#pragma once

#include "dyno/base.h"

struct dyno_gpu;

struct dyno_rect {
	uint32_t x, y, w, h;
};

struct dyno_surface {
	uint32_t *pixels;
	uint32_t width, height;
	uint32_t stride; /* in pixels */
	uint32_t id; /* resource */
	struct dyno_gpu *gpu;
};

struct dyno_mode {
	bool enabled;
	struct dyno_rect rect; /* place among the scanouts, preferred size */
	char name[16]; /* monitor name of the EDID, "" when there is none */
};

unsigned int dyno_gpu_count(void);
/* Opens the i-th GPU (once); NULL when there is none or it does not work. */
struct dyno_gpu *dyno_gpu_open(unsigned int i);
unsigned int dyno_gpu_scanouts(const struct dyno_gpu *g);
/* What the host says of a scanout; false when there is no such scanout. Refreshed by
 * dyno_gpu_display_changed(). */
DYNO_MUST_CHECK bool dyno_gpu_mode(struct dyno_gpu *g, unsigned int scanout, struct dyno_mode *out);
/* True once after the host changed displays (and the modes were read again). */
bool dyno_gpu_display_changed(struct dyno_gpu *g);
/* The raw EDID (128 or 256 bytes), its length, 0 when there is none. */
size_t dyno_gpu_edid(struct dyno_gpu *g, unsigned int scanout, uint8_t *dst, size_t bytes);

/* A black surface; NULL when out of memory or refused. Freed with dyno_surface_free(). */
struct dyno_surface *dyno_surface_new(struct dyno_gpu *g, uint32_t width, uint32_t height);
void dyno_surface_free(struct dyno_surface *s);

/* Shows a surface (from its left upper corner) on a scanout; NULL turns it off. Blocks. */
DYNO_MUST_CHECK int dyno_gpu_show(struct dyno_gpu *g, unsigned int scanout, struct dyno_surface *s);

/*
 * Tells the host that these rectangles of the surface changed (n may be 0: nothing happens).
 * Close rectangles are joined, rectangles are clipped to the surface. One notification however many
 * there are. 0; DYNO_E_FULL: too many presents are under way, wait and repeat; DYNO_E_STATE:
 * broken.
 */
DYNO_MUST_CHECK int dyno_gpu_present(
	struct dyno_surface *s, const struct dyno_rect *damage, unsigned int n);
/* True while the host may still read what was presented. */
bool dyno_surface_busy(struct dyno_surface *s);

/* The pointer image of a scanout: 64x64 pixels 0xAARRGGBB, premultiplied; NULL hides it. */
DYNO_MUST_CHECK int dyno_gpu_cursor(struct dyno_gpu *g, unsigned int scanout, const uint32_t *image,
	uint32_t hot_x, uint32_t hot_y, uint32_t x, uint32_t y);
DYNO_MUST_CHECK int dyno_gpu_cursor_move(
	struct dyno_gpu *g, unsigned int scanout, uint32_t x, uint32_t y);

struct dyno_gpu_stats {
	uint64_t presents, rects, pixels; /* asked for, after joining */
	uint64_t errors; /* error answers */
};
struct dyno_gpu_stats dyno_gpu_stats(const struct dyno_gpu *g);
