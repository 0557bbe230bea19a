/* SPDX-License-Identifier: Apache-2.0 */
/* A watched region: pixels that are as wanted are counted as they change; see watch.h. */
#include "ui/watch.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static size_t pixels(const struct watch *w)
{
	return (size_t)w->spec.region.w * w->spec.region.h;
}

static bool near(uint32_t a, uint32_t b, uint8_t threshold)
{
	for (unsigned int s = 0; s < 24; s += 8) {
		int d = (int)(a >> s & 0xff) - (int)(b >> s & 0xff);

		if (d > threshold || -d > threshold)
			return false;
	}
	return true;
}

static bool as_wanted(const struct watch *w, size_t i, uint32_t px)
{
	switch (w->spec.want) {
	case WATCH_CHANGED:
		return !near(px, w->with[i], w->spec.threshold);
	case WATCH_LIKE:
		return near(px, w->with[i], w->spec.threshold);
	case WATCH_COLOUR:
	default:
		/* 0xRRGGBB is B G R X in memory. */
		return near(px, w->spec.rgb, w->spec.threshold);
	}
}

static void count_all(struct watch *w)
{
	w->right = 0;
	for (size_t i = 0; i < pixels(w); i++)
		w->right += as_wanted(w, i, w->now[i]);
}

static int take_picture(struct watch *w, const struct image *im)
{
	const struct display_rect *r = &w->spec.region;
	bool exact = im->width == r->w && im->height == r->h;

	if (!exact && !display_rect_inside(*r, im->width, im->height))
		return -EINVAL;
	for (uint32_t y = 0; y < r->h; y++) {
		for (uint32_t x = 0; x < r->w; x++) {
			size_t at = exact ? (size_t)y * r->w + x
					  : (size_t)(r->y + y) * im->width + r->x + x;
			const uint8_t *p = im->px + at * 4;

			w->with[(size_t)y * r->w + x] =
				(uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
		}
	}
	return 0;
}

int watch_init(struct watch *w, const struct watch_spec *spec, const struct image *like)
{
	int rc = 0;

	*w = (struct watch){ .spec = *spec };
	w->needed = (uint64_t)ceil(spec->share * (double)pixels(w));
	if (w->needed == 0)
		w->needed = 1;
	w->now = calloc(pixels(w), sizeof(*w->now));
	w->before = calloc(pixels(w), sizeof(*w->before));
	if (spec->want != WATCH_COLOUR)
		w->with = calloc(pixels(w), sizeof(*w->with));
	if (!w->now || !w->before || (spec->want != WATCH_COLOUR && !w->with))
		rc = -ENOMEM;
	else if (spec->want == WATCH_LIKE)
		rc = like ? take_picture(w, like) : -EINVAL;
	if (rc < 0)
		watch_fini(w);
	else
		count_all(w);
	return rc;
}

void watch_fini(struct watch *w)
{
	free(w->now);
	free(w->before);
	free(w->with);
	*w = (struct watch){ 0 };
}

/* ---- looking ---- */

/* Takes over n pixels of the region from number i on; src NULL: they are black. */
static bool take(struct watch *w, size_t i, const uint32_t *src, uint32_t n)
{
	bool other = false;

	if (src && memcmp(w->now + i, src, n * sizeof(*src)) == 0)
		return false;
	for (uint32_t k = 0; k < n; k++) {
		uint32_t px = src ? src[k] : 0, *now = &w->now[i + k];

		if (px == *now)
			continue;
		w->right -= as_wanted(w, i + k, *now);
		w->right += as_wanted(w, i + k, px);
		*now = px;
		other = true;
	}
	return other;
}

/* Brings the part `r` of the region (in the picture) up to date; view->lock is held. */
static void take_part(struct watch *w, const struct view *v, struct display_rect r)
{
	const struct display_rect *all = &w->spec.region;

	for (uint32_t y = r.y; y < r.y + r.h; y++) {
		size_t i = (size_t)(y - all->y) * all->w + (r.x - all->x);
		const uint32_t *src = v->px + (size_t)y * v->width + r.x;
		uint32_t there = r.x >= v->width || y >= v->height ? 0 : MIN(r.w, v->width - r.x);
		bool other = there > 0 && take(w, i, src, there);

		if (there < r.w)
			other |= take(w, i + there, NULL, r.w - there);
		if (other)
			w->stale = display_rect_union(
				w->stale, (struct display_rect){ r.x, y, r.w, 1 });
	}
}

/* What was new at the look before is old now. */
static void settle(struct watch *w)
{
	const struct display_rect *all = &w->spec.region, *r = &w->stale;

	for (uint32_t y = r->y; y < r->y + r->h; y++) {
		size_t i = (size_t)(y - all->y) * all->w + (r->x - all->x);

		memcpy(w->before + i, w->now + i, r->w * sizeof(*w->now));
	}
	w->stale = (struct display_rect){ 0 };
	if (w->spec.want == WATCH_CHANGED && w->met) {
		memcpy(w->with, w->now, pixels(w) * sizeof(*w->now));
		w->right = 0;
		w->met = false;
	}
}

bool watch_look(struct watch *w, struct view *v)
{
	struct display_rect part;
	bool first = w->width == 0, was = w->met;

	settle(w);
	was = w->spec.want == WATCH_CHANGED ? false : was;
	pthread_mutex_lock(&v->lock);
	/* Another size: what lay beside the picture may be on it now, or the other way round. */
	part = v->width != w->width || v->height != w->height
		       ? w->spec.region
		       : display_rect_clip(w->spec.region, v->newest);
	w->width = v->width;
	w->height = v->height;
	take_part(w, v, part);
	pthread_mutex_unlock(&v->lock);
	w->met = w->right >= w->needed;
	return w->met && !was && !first;
}

const uint32_t *watch_before(const struct watch *w)
{
	return w->spec.want == WATCH_CHANGED ? w->with : w->before;
}

const uint32_t *watch_now(const struct watch *w)
{
	return w->now;
}
