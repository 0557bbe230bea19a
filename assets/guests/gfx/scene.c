/* SPDX-License-Identifier: Apache-2.0 */
/* Comparing two item lists and repainting the difference. */
#include "scene.h"

void scene_add(struct scene *s, struct gfx_rect box, uint64_t look,
	void (*draw)(const struct gfx *, const struct scene_item *, const void *), int arg)
{
	if (s->n < SCENE_ITEMS)
		s->item[s->n++] = (struct scene_item){ box, look, draw, arg };
}

static int64_t area(struct gfx_rect r)
{
	return (int64_t)r.w * r.h;
}

static bool overlap(struct gfx_rect a, struct gfx_rect b)
{
	return !gfx_rect_empty(gfx_rect_and(a, b));
}

/* Adds a rectangle to a disjoint set: joins what it overlaps, and what it costs little to join. */
static unsigned int join(struct gfx_rect *set, unsigned int n, struct gfx_rect r)
{
	if (gfx_rect_empty(r))
		return n;
	for (unsigned int i = 0; i < n; i++) {
		struct gfx_rect both = gfx_rect_or(set[i], r);

		if (!overlap(set[i], r) && area(both) > area(set[i]) + area(r) + 2048)
			continue;
		/* The union may now touch others: start again with it. */
		set[i] = set[--n];
		return join(set, n, both);
	}
	if (n == SCENE_DAMAGE) {
		unsigned int best = 0;
		int64_t cost = INT64_MAX;

		for (unsigned int i = 0; i < n; i++) {
			int64_t c = area(gfx_rect_or(set[i], r)) - area(set[i]);

			if (c < cost) {
				cost = c;
				best = i;
			}
		}
		r = gfx_rect_or(set[best], r);
		set[best] = set[--n];
		return join(set, n, r);
	}
	set[n++] = r;
	return n;
}

static bool same(const struct scene_item *a, const struct scene_item *b)
{
	return a->look == b->look && a->draw == b->draw && a->arg == b->arg &&
	       a->box.x == b->box.x && a->box.y == b->box.y && a->box.w == b->box.w &&
	       a->box.h == b->box.h;
}

unsigned int scene_diff(const struct scene *old, const struct scene *now, int w, int h,
	struct gfx_rect out[SCENE_DAMAGE])
{
	struct gfx_rect screen = { 0, 0, w, h };
	unsigned int most = old->n > now->n ? old->n : now->n, n = 0;

	for (unsigned int i = 0; i < most; i++) {
		const struct scene_item *a = i < old->n ? &old->item[i] : NULL;
		const struct scene_item *b = i < now->n ? &now->item[i] : NULL;

		if (a && b && same(a, b))
			continue;
		if (a)
			n = join(out, n, gfx_rect_and(a->box, screen));
		if (b)
			n = join(out, n, gfx_rect_and(b->box, screen));
	}
	return n;
}

void scene_paint(const struct gfx *g, const struct gfx *background, const struct scene *s,
	struct gfx_rect r, const void *view)
{
	gfx_copy(g, background, r);
	for (unsigned int i = 0; i < s->n; i++) {
		const struct scene_item *it = &s->item[i];
		struct gfx c = gfx_clip(g, gfx_rect_and(r, it->box));

		if (it->draw && !gfx_rect_empty(c.clip))
			it->draw(&c, it, view);
	}
}

uint64_t scene_look(uint64_t h, uint64_t v)
{
	for (unsigned int i = 0; i < 8; i++)
		h = (h ^ ((v >> (8 * i)) & 0xff)) * UINT64_C(0x100000001b3);
	return h;
}

uint64_t scene_look_text(uint64_t h, const char *s)
{
	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
	return h;
}
