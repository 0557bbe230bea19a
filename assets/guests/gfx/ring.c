/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ring segments by distance: the coverage of a pixel follows from its distance to the two circles
 * and to the two straight ends, so that no polygon is built and any part can be redrawn alone.
 */
#include <math.h>

#include "gfx.h"

#define TAU 6.28318530718f

/* Angle of (x, y), 0..2 pi, good to about 0.0003: enough to choose a colour. */
static float angle_of(float y, float x)
{
	float ax = fabsf(x), ay = fabsf(y);
	float hi = ax > ay ? ax : ay, lo = ax > ay ? ay : ax;
	float z = hi > 0.0f ? lo / hi : 0.0f, s = z * z;
	float a = ((-0.0464964749f * s + 0.15931422f) * s - 0.327622764f) * s * z + z;

	if (ay > ax)
		a = 1.57079637f - a;
	if (x < 0.0f)
		a = 3.14159274f - a;
	return y < 0.0f ? TAU - a : a;
}

struct gfx_rect gfx_ring_box(const struct gfx_ring *r)
{
	float lo_x, hi_x, lo_y, hi_y;
	float c0 = cosf(r->a0), s0 = sinf(r->a0), c1 = cosf(r->a1), s1 = sinf(r->a1);
	float xs[4] = { r->r0 * c0, r->r1 * c0, r->r0 * c1, r->r1 * c1 };
	float ys[4] = { r->r0 * s0, r->r1 * s0, r->r0 * s1, r->r1 * s1 };
	int x0, y0;

	lo_x = hi_x = xs[0];
	lo_y = hi_y = ys[0];
	for (int i = 1; i < 4; i++) {
		lo_x = xs[i] < lo_x ? xs[i] : lo_x;
		hi_x = xs[i] > hi_x ? xs[i] : hi_x;
		lo_y = ys[i] < lo_y ? ys[i] : lo_y;
		hi_y = ys[i] > hi_y ? ys[i] : hi_y;
	}
	/* The circle's extreme points that lie between the ends. */
	for (int q = (int)ceilf(r->a0 / (TAU / 4)); (float)q * (TAU / 4) <= r->a1; q++) {
		switch (q & 3) {
		case 0:
			hi_x = r->r1;
			break;
		case 1:
			hi_y = r->r1;
			break;
		case 2:
			lo_x = -r->r1;
			break;
		default:
			lo_y = -r->r1;
			break;
		}
	}
	x0 = (int)floorf(r->cx + lo_x) - 1;
	y0 = (int)floorf(r->cy + lo_y) - 1;
	return (struct gfx_rect){ x0, y0, (int)ceilf(r->cx + hi_x) + 1 - x0,
		(int)ceilf(r->cy + hi_y) + 1 - y0 };
}

void gfx_ring(const struct gfx *g, const struct gfx_ring *r)
{
	struct gfx_rect v = gfx_rect_and(gfx_ring_box(r), g->clip);
	float sweep = r->a1 - r->a0;
	bool whole = sweep >= TAU - 1e-4f, wide = sweep > TAU / 2;
	bool plain = r->c0 == r->c1;
	float g0 = r->g0 == 0.0f && r->g1 == 0.0f ? r->a0 : r->g0;
	float g1 = r->g0 == 0.0f && r->g1 == 0.0f ? r->a1 : r->g1;
	/* Normals of the two ends, pointing into the segment. */
	float n0x = -sinf(r->a0), n0y = cosf(r->a0), n1x = sinf(r->a1), n1y = -cosf(r->a1);
	float out2 = (r->r1 + 1.0f) * (r->r1 + 1.0f);
	float in_r = r->r0 > 1.0f ? r->r0 - 1.0f : 0.0f, in2 = in_r * in_r;

	if (sweep <= 0.0f || gfx_rect_empty(v))
		return;
	for (int y = v.y; y < v.y + v.h; y++) {
		float dy = (float)y + 0.5f - r->cy;
		uint32_t *row = gfx_row(g, y);
		/* Columns where the hole is: skipped in one step. */
		float hole = in2 - dy * dy;
		int skip0 = v.x + v.w, skip1 = v.x;

		if (hole > 0.0f) {
			float half = sqrtf(hole);

			skip0 = (int)ceilf(r->cx - half);
			skip1 = (int)floorf(r->cx + half);
		}
		for (int x = v.x; x < v.x + v.w; x++) {
			float dx, d2, d, cov, end;
			gfx_color c = r->c0;

			if (x >= skip0 && x < skip1) {
				x = skip1 - 1;
				continue;
			}
			dx = (float)x + 0.5f - r->cx;
			d2 = dx * dx + dy * dy;
			if (d2 >= out2 || d2 < in2)
				continue;
			d = sqrtf(d2);
			cov = d - r->r0 < r->r1 - d ? d - r->r0 : r->r1 - d;
			cov += 0.5f;
			if (cov <= 0.0f)
				continue;
			if (!whole) {
				float e0 = dx * n0x + dy * n0y + 0.5f;
				float e1 = dx * n1x + dy * n1y + 0.5f;

				end = wide == (e0 > e1) ? e0 : e1;
				if (end <= 0.0f)
					continue;
				end = end > 1.0f ? 1.0f : end;
				cov = cov > 1.0f ? end : cov * end;
			}
			if (!plain) {
				float a = angle_of(dy, dx);

				/* The turn that lies nearest to the gradient's middle. */
				while (a < (g0 + g1) * 0.5f - TAU / 2)
					a += TAU;
				while (a > (g0 + g1) * 0.5f + TAU / 2)
					a -= TAU;
				c = gfx_mix(r->c0, r->c1, (a - g0) / (g1 - g0));
			}
			gfx_blend(&row[x], c, gfx_cov(cov));
		}
	}
}
