/* SPDX-License-Identifier: Apache-2.0 */
/* Joining damage: few commands against few pixels. */
#include "gpu_damage.h"

/* What one more rectangle (two commands, two answers) costs, in pixels copied. */
#define RECT_COST UINT64_C(4096)

static struct dyno_rect clip(struct dyno_rect r, uint32_t w, uint32_t h)
{
	if (r.x >= w || r.y >= h)
		return (struct dyno_rect){ 0, 0, 0, 0 };
	r.w = r.w < w - r.x ? r.w : w - r.x;
	r.h = r.h < h - r.y ? r.h : h - r.y;
	return r;
}

static struct dyno_rect box(struct dyno_rect a, struct dyno_rect b)
{
	const uint32_t x = a.x < b.x ? a.x : b.x, y = a.y < b.y ? a.y : b.y;
	const uint32_t x2 = a.x + a.w > b.x + b.w ? a.x + a.w : b.x + b.w;
	const uint32_t y2 = a.y + a.h > b.y + b.h ? a.y + a.h : b.y + b.h;

	return (struct dyno_rect){ x, y, x2 - x, y2 - y };
}

static uint64_t area(struct dyno_rect r)
{
	return (uint64_t)r.w * r.h;
}

/* Pixels that joining adds. */
static int64_t waste(struct dyno_rect a, struct dyno_rect b)
{
	return (int64_t)area(box(a, b)) - (int64_t)area(a) - (int64_t)area(b);
}

/* Joins the pair that wastes least, if it pays or must be. */
static bool join_best(struct dyno_rect *r, unsigned int *n, bool must)
{
	unsigned int a = 0, b = 0;
	int64_t least = INT64_MAX;

	for (unsigned int i = 0; i < *n; i++) {
		for (unsigned int k = i + 1; k < *n; k++) {
			const int64_t cost = waste(r[i], r[k]);

			if (cost < least) {
				least = cost;
				a = i;
				b = k;
			}
		}
	}
	if (a == b || (!must && least > (int64_t)RECT_COST))
		return false;
	r[a] = box(r[a], r[b]);
	r[b] = r[--*n];
	return true;
}

unsigned int gpu_damage_join(struct dyno_rect out[GPU_DAMAGE_MAX], const struct dyno_rect *in,
	unsigned int n, uint32_t w, uint32_t h)
{
	struct dyno_rect r[GPU_DAMAGE_MAX + 1];
	unsigned int have = 0;

	for (unsigned int i = 0; i < n; i++) {
		const struct dyno_rect c = clip(in[i], w, h);

		if (c.w == 0 || c.h == 0)
			continue;
		r[have++] = c;
		if (have > GPU_DAMAGE_MAX)
			join_best(r, &have, true);
	}
	while (join_best(r, &have, false))
		;
	for (unsigned int i = 0; i < have; i++)
		out[i] = r[i];
	return have;
}
