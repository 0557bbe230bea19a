/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The software rasteriser of the demo ECUs: fills, gradients, glows, rounded rectangles, ring
 * segments and coverage masks on 32-bit pixels, all anti-aliased and all clipped. Pure functions
 * over a surface in memory: the same code draws in a bare-metal guest and in a host preview.
 * Not a general graphics library: it draws what instrument panels need, quickly.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 0xAARRGGBB, alpha not premultiplied. */
typedef uint32_t gfx_color;

#define GFX_RGB(rgb)      ((gfx_color)(0xff000000u | (rgb)))
#define GFX_ALPHA(rgb, a) ((gfx_color)(((uint32_t)(a) << 24) | ((rgb)&0xffffffu)))

struct gfx_rect {
	int x, y, w, h;
};

/* Floats that paths need while they are filled (path.h). */
#define GFX_SCRATCH 32768

/*
 * Where to draw. Pixels are 0x??RRGGBB words; rows are `stride` pixels apart. Nothing outside clip
 * is touched; clip must lie inside the surface (gfx_clip() sees to that).
 */
struct gfx {
	uint32_t *px;
	int w, h, stride;
	struct gfx_rect clip;
	float *scratch; /* GFX_SCRATCH floats, lent; needed by paths and icons only */
};

/* A surface over memory of the caller, clip = everything. */
void gfx_init(struct gfx *g, uint32_t *px, int w, int h, int stride, float *scratch);

bool gfx_rect_empty(struct gfx_rect r);
struct gfx_rect gfx_rect_and(struct gfx_rect a, struct gfx_rect b);
/* Smallest rectangle around both; an empty one does not count. */
struct gfx_rect gfx_rect_or(struct gfx_rect a, struct gfx_rect b);
bool gfx_rect_hit(struct gfx_rect r, int x, int y);
struct gfx_rect gfx_rect_grow(struct gfx_rect r, int by);

/* The same surface, drawing limited to r as well. */
struct gfx gfx_clip(const struct gfx *g, struct gfx_rect r);

/* A colour between two, channel by channel (alpha too); t is 0..1. */
gfx_color gfx_mix(gfx_color a, gfx_color b, float t);
/* The colour with its alpha multiplied by f (0..1). */
gfx_color gfx_fade(gfx_color c, float f);

void gfx_fill(const struct gfx *g, struct gfx_rect r, gfx_color c);
/* Opaque vertical gradient, ordered dither against banding. */
void gfx_gradient(const struct gfx *g, struct gfx_rect r, gfx_color top, gfx_color bottom);
/* Horizontal gradient with alpha. */
void gfx_gradient_x(const struct gfx *g, struct gfx_rect r, gfx_color left, gfx_color right);
/* Soft round light: full strength (the colour's alpha) at the centre, nothing at radius r. */
void gfx_glow(const struct gfx *g, float cx, float cy, float rx, float ry, gfx_color c);
/* A disc with a radial gradient from the centre to the rim. */
void gfx_disc(const struct gfx *g, float cx, float cy, float r, gfx_color centre, gfx_color rim);
/* Copies r from a surface of the same size. */
void gfx_copy(const struct gfx *g, const struct gfx *from, struct gfx_rect r);
/* Blends a colour through 8-bit coverage, mask's left upper corner at x, y. */
void gfx_mask(const struct gfx *g, int x, int y, const uint8_t *mask, int w, int h, int stride,
	gfx_color c);

/* Filled rectangle with round corners, coloured from top to bottom. */
void gfx_round(
	const struct gfx *g, struct gfx_rect r, float radius, gfx_color top, gfx_color bottom);
/* Its outline, `width` pixels, inside r. */
void gfx_round_line(const struct gfx *g, struct gfx_rect r, float radius, float width, gfx_color c);

/*
 * Part of a ring between radius r0 and r1, from angle a0 clockwise to a1 (radians; 0 points right,
 * pi/2 down; a1 - a0 in 0..2 pi), coloured along the way from c0 at g0 to c1 at g1.
 */
struct gfx_ring {
	float cx, cy, r0, r1;
	float a0, a1;
	gfx_color c0, c1;
	float g0, g1; /* both 0: a0 and a1 */
};
void gfx_ring(const struct gfx *g, const struct gfx_ring *r);
/* Box around a ring segment, a pixel of margin included. */
struct gfx_rect gfx_ring_box(const struct gfx_ring *r);

/* Blends one pixel's worth: cov 0..255 of colour c. For the files of this folder. */
static inline void gfx_blend(uint32_t *p, gfx_color c, uint32_t cov)
{
	uint32_t a = cov * (c >> 24);
	uint32_t d = *p, rb, gr;

	a = (a + 128 + (a >> 8)) >> 8; /* x / 255 */
	a += a >> 7; /* 0..256 */
	rb = ((d & 0xff00ffu) * (256 - a) + (c & 0xff00ffu) * a) >> 8;
	gr = ((d & 0x00ff00u) * (256 - a) + (c & 0x00ff00u) * a) >> 8;
	*p = 0xff000000u | (rb & 0xff00ffu) | (gr & 0x00ff00u);
}
/* Coverage 0..1 (clamped) as 0..255. */
static inline uint32_t gfx_cov(float f)
{
	return f <= 0.0f ? 0u : f >= 1.0f ? 255u : (uint32_t)(f * 255.0f + 0.5f);
}
static inline uint32_t *gfx_row(const struct gfx *g, int y)
{
	return g->px + (ptrdiff_t)y * g->stride;
}
