/* SPDX-License-Identifier: Apache-2.0 */
/* Fills, gradients, glows, masks and rounded rectangles. Rings are in ring.c, paths in path.c. */
#include "gfx.h"

#include <math.h>
#include <string.h>

/* Ordered dither, 8 x 8, 0..63. */
static const uint8_t bayer[8][8] = {
	{ 0, 32, 8, 40, 2, 34, 10, 42 },
	{ 48, 16, 56, 24, 50, 18, 58, 26 },
	{ 12, 44, 4, 36, 14, 46, 6, 38 },
	{ 60, 28, 52, 20, 62, 30, 54, 22 },
	{ 3, 35, 11, 43, 1, 33, 9, 41 },
	{ 51, 19, 59, 27, 49, 17, 57, 25 },
	{ 15, 47, 7, 39, 13, 45, 5, 37 },
	{ 63, 31, 55, 23, 61, 29, 53, 21 },
};

void gfx_init(struct gfx *g, uint32_t *px, int w, int h, int stride, float *scratch)
{
	*g = (struct gfx){
		.px = px,
		.w = w,
		.h = h,
		.stride = stride,
		.clip = { 0, 0, w, h },
		.scratch = scratch,
	};
}

bool gfx_rect_empty(struct gfx_rect r)
{
	return r.w <= 0 || r.h <= 0;
}

struct gfx_rect gfx_rect_and(struct gfx_rect a, struct gfx_rect b)
{
	int x0 = a.x > b.x ? a.x : b.x, y0 = a.y > b.y ? a.y : b.y;
	int x1 = a.x + a.w < b.x + b.w ? a.x + a.w : b.x + b.w;
	int y1 = a.y + a.h < b.y + b.h ? a.y + a.h : b.y + b.h;

	if (x1 <= x0 || y1 <= y0)
		return (struct gfx_rect){ x0, y0, 0, 0 };
	return (struct gfx_rect){ x0, y0, x1 - x0, y1 - y0 };
}

struct gfx_rect gfx_rect_or(struct gfx_rect a, struct gfx_rect b)
{
	int x0, y0, x1, y1;

	if (gfx_rect_empty(a))
		return b;
	if (gfx_rect_empty(b))
		return a;
	x0 = a.x < b.x ? a.x : b.x;
	y0 = a.y < b.y ? a.y : b.y;
	x1 = a.x + a.w > b.x + b.w ? a.x + a.w : b.x + b.w;
	y1 = a.y + a.h > b.y + b.h ? a.y + a.h : b.y + b.h;
	return (struct gfx_rect){ x0, y0, x1 - x0, y1 - y0 };
}

bool gfx_rect_hit(struct gfx_rect r, int x, int y)
{
	return x >= r.x && y >= r.y && x < r.x + r.w && y < r.y + r.h;
}

struct gfx_rect gfx_rect_grow(struct gfx_rect r, int by)
{
	return (struct gfx_rect){ r.x - by, r.y - by, r.w + 2 * by, r.h + 2 * by };
}

struct gfx gfx_clip(const struct gfx *g, struct gfx_rect r)
{
	struct gfx c = *g;

	c.clip = gfx_rect_and(g->clip, r);
	return c;
}

gfx_color gfx_mix(gfx_color a, gfx_color b, float t)
{
	gfx_color out = 0;

	t = t < 0.0f ? 0.0f : t > 1.0f ? 1.0f : t;
	for (unsigned int s = 0; s < 32; s += 8) {
		float x = (float)((a >> s) & 0xff), y = (float)((b >> s) & 0xff);

		out |= (uint32_t)(x + (y - x) * t + 0.5f) << s;
	}
	return out;
}

gfx_color gfx_fade(gfx_color c, float f)
{
	return (c & 0xffffffu) | (gfx_cov(f * (float)(c >> 24) / 255.0f) << 24);
}

void gfx_fill(const struct gfx *g, struct gfx_rect r, gfx_color c)
{
	r = gfx_rect_and(r, g->clip);
	for (int y = r.y; y < r.y + r.h; y++) {
		uint32_t *row = gfx_row(g, y) + r.x;

		if (c >> 24 == 0xff) {
			for (int x = 0; x < r.w; x++)
				row[x] = c;
		} else {
			for (int x = 0; x < r.w; x++)
				gfx_blend(&row[x], c, 255);
		}
	}
}

void gfx_gradient(const struct gfx *g, struct gfx_rect r, gfx_color top, gfx_color bottom)
{
	struct gfx_rect v = gfx_rect_and(r, g->clip);

	for (int y = v.y; y < v.y + v.h; y++) {
		float t = r.h > 1 ? (float)(y - r.y) / (float)(r.h - 1) : 0.0f;
		uint32_t *row = gfx_row(g, y);
		uint32_t pattern[8];

		for (unsigned int i = 0; i < 8; i++) {
			uint32_t p = 0xff000000u;

			for (unsigned int s = 0; s < 24; s += 8) {
				float a = (float)((top >> s) & 0xff);
				float b = (float)((bottom >> s) & 0xff);
				float d = ((float)bayer[y & 7][i] + 0.5f) / 64.0f;

				p |= (uint32_t)(a + (b - a) * t + d) << s;
			}
			pattern[i] = p;
		}
		for (int x = v.x; x < v.x + v.w; x++)
			row[x] = pattern[x & 7];
	}
}

void gfx_gradient_x(const struct gfx *g, struct gfx_rect r, gfx_color left, gfx_color right)
{
	struct gfx_rect v = gfx_rect_and(r, g->clip);

	for (int x = v.x; x < v.x + v.w; x++) {
		gfx_color c = gfx_mix(left, right, ((float)(x - r.x) + 0.5f) / (float)r.w);

		for (int y = v.y; y < v.y + v.h; y++)
			gfx_blend(gfx_row(g, y) + x, c, 255);
	}
}

/*
 * Blends with a weight finer than 8 bits and dithers what is lost: soft light on dark ground bands
 * visibly otherwise. `dither` is the row of the table.
 */
static inline void blend_soft(uint32_t *p, gfx_color c, float a, const uint8_t *dither, int x)
{
	int32_t w = (int32_t)(a * 32768.0f), d = dither[x & 7] * 512 + 256;
	int32_t o2 = (int32_t)(*p >> 16 & 0xff), o1 = (int32_t)(*p >> 8 & 0xff);
	int32_t o0 = (int32_t)(*p & 0xff);

	o2 += (((int32_t)(c >> 16 & 0xff) - o2) * w + d) >> 15;
	o1 += (((int32_t)(c >> 8 & 0xff) - o1) * w + d) >> 15;
	o0 += (((int32_t)(c & 0xff) - o0) * w + d) >> 15;
	*p = 0xff000000u | (uint32_t)o2 << 16 | (uint32_t)o1 << 8 | (uint32_t)o0;
}

static struct gfx_rect round_box(float cx, float cy, float rx, float ry)
{
	int x0 = (int)floorf(cx - rx) - 1, y0 = (int)floorf(cy - ry) - 1;

	return (struct gfx_rect){ x0, y0, (int)ceilf(cx + rx) + 1 - x0,
		(int)ceilf(cy + ry) + 1 - y0 };
}

void gfx_glow(const struct gfx *g, float cx, float cy, float rx, float ry, gfx_color c)
{
	struct gfx_rect v = gfx_rect_and(round_box(cx, cy, rx, ry), g->clip);
	float strength = (float)(c >> 24) / 255.0f;

	for (int y = v.y; y < v.y + v.h; y++) {
		float dy = ((float)y + 0.5f - cy) / ry;
		uint32_t *row = gfx_row(g, y);

		for (int x = v.x; x < v.x + v.w; x++) {
			float dx = ((float)x + 0.5f - cx) / rx;
			float f = 1.0f - dx * dx - dy * dy;

			if (f > 0.0f)
				blend_soft(&row[x], c, f * f * strength, bayer[y & 7], x);
		}
	}
}

#define SHADES 128

void gfx_disc(const struct gfx *g, float cx, float cy, float r, gfx_color centre, gfx_color rim)
{
	struct gfx_rect v = gfx_rect_and(round_box(cx, cy, r, r), g->clip);
	float solid = r > 1.0f ? (r - 1.0f) * (r - 1.0f) : 0.0f, per = (float)SHADES / (r * r);
	gfx_color shade[SHADES + 1];

	for (int i = 0; i <= SHADES; i++)
		shade[i] = gfx_mix(centre, rim, (float)i / SHADES);
	for (int y = v.y; y < v.y + v.h; y++) {
		float dy = (float)y + 0.5f - cy, across = (r + 1.0f) * (r + 1.0f) - dy * dy;
		float half = across > 0.0f ? sqrtf(across) : 0.0f;
		int from = (int)(cx - half) - 1, to = (int)(cx + half) + 2;
		uint32_t *row = gfx_row(g, y);

		from = from < v.x ? v.x : from;
		to = to > v.x + v.w ? v.x + v.w : to;
		for (int x = from; x < to; x++) {
			float dx = (float)x + 0.5f - cx, d2 = dx * dx + dy * dy, cov = 1.0f;
			int i = (int)(d2 * per);
			gfx_color c = shade[i < SHADES ? i : SHADES];

			if (d2 > solid) {
				cov = r - sqrtf(d2) + 0.5f;
				if (cov <= 0.0f)
					continue;
				cov = cov > 1.0f ? 1.0f : cov;
			}
			blend_soft(&row[x], c, cov * (float)(c >> 24) * (1.0f / 255.0f),
				bayer[y & 7], x);
		}
	}
}

void gfx_copy(const struct gfx *g, const struct gfx *from, struct gfx_rect r)
{
	r = gfx_rect_and(gfx_rect_and(r, g->clip), (struct gfx_rect){ 0, 0, from->w, from->h });
	for (int y = r.y; y < r.y + r.h; y++)
		memcpy(gfx_row(g, y) + r.x, gfx_row(from, y) + r.x, (size_t)r.w * sizeof(uint32_t));
}

void gfx_mask(const struct gfx *g, int x, int y, const uint8_t *mask, int w, int h, int stride,
	gfx_color c)
{
	struct gfx_rect v = gfx_rect_and((struct gfx_rect){ x, y, w, h }, g->clip);

	for (int j = v.y; j < v.y + v.h; j++) {
		const uint8_t *m = mask + (ptrdiff_t)(j - y) * stride - x;
		uint32_t *row = gfx_row(g, j);

		for (int i = v.x; i < v.x + v.w; i++) {
			if (m[i])
				gfx_blend(&row[i], c, m[i]);
		}
	}
}

/* How far a pixel's centre lies inside a rounded rectangle (negative: outside). */
static float round_inside(struct gfx_rect r, float radius, int x, int y)
{
	float hx = (float)r.w * 0.5f, hy = (float)r.h * 0.5f;
	float qx = fabsf((float)(x - r.x) + 0.5f - hx) - hx + radius;
	float qy = fabsf((float)(y - r.y) + 0.5f - hy) - hy + radius;
	float ox = qx > 0.0f ? qx : 0.0f, oy = qy > 0.0f ? qy : 0.0f;
	float in = qx > qy ? qx : qy;

	return radius - sqrtf(ox * ox + oy * oy) - (in < 0.0f ? in : 0.0f);
}

void gfx_round(
	const struct gfx *g, struct gfx_rect r, float radius, gfx_color top, gfx_color bottom)
{
	struct gfx_rect v = gfx_rect_and(r, g->clip);
	int edge = (int)ceilf(radius) + 1;

	for (int y = v.y; y < v.y + v.h; y++) {
		uint32_t *row = gfx_row(g, y);
		float t = r.h > 1 ? (float)(y - r.y) / (float)(r.h - 1) : 0.0f;
		gfx_color c = top == bottom ? top : gfx_mix(top, bottom, t);
		bool corner_row = y < r.y + edge || y >= r.y + r.h - edge;

		for (int x = v.x; x < v.x + v.w; x++) {
			uint32_t cov = 255;

			if (corner_row && (x < r.x + edge || x >= r.x + r.w - edge))
				cov = gfx_cov(round_inside(r, radius, x, y) + 0.5f);
			if (cov)
				gfx_blend(&row[x], c, cov);
		}
	}
}

void gfx_round_line(const struct gfx *g, struct gfx_rect r, float radius, float width, gfx_color c)
{
	struct gfx_rect v = gfx_rect_and(r, g->clip);
	int edge = (int)ceilf(radius > width ? radius : width) + 1;

	for (int y = v.y; y < v.y + v.h; y++) {
		uint32_t *row = gfx_row(g, y);
		bool all = y < r.y + edge || y >= r.y + r.h - edge;

		for (int x = v.x; x < v.x + v.w; x++) {
			float in;

			if (!all && x >= r.x + edge && x < r.x + r.w - edge) {
				x = r.x + r.w - edge - 1;
				continue;
			}
			in = round_inside(r, radius, x, y);
			in = in + 0.5f < width - in + 0.5f ? in + 0.5f : width - in + 0.5f;
			if (in > 0.0f)
				gfx_blend(&row[x], c, gfx_cov(in));
		}
	}
}
