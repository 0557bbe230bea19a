/* SPDX-License-Identifier: Apache-2.0 */
/* The shadow picture of one display; see view.h. */
#include "ui/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void touch(struct view *v, struct display_rect r)
{
	v->damage = display_rect_union(v->damage, r);
}

static int resize_locked(struct view *v, uint32_t width, uint32_t height)
{
	uint32_t *px;

	if (v->px && v->width == width && v->height == height)
		return 0;
	px = calloc((size_t)width * height, sizeof(*px));
	if (!px)
		return -ENOMEM;
	free(v->px);
	v->px = px;
	v->width = width;
	v->height = height;
	v->resized = true;
	touch(v, (struct display_rect){ 0, 0, width, height });
	return 0;
}

int view_init(struct view *v, uint32_t width, uint32_t height)
{
	*v = (struct view){ 0 };
	pthread_mutex_init(&v->lock, NULL);
	return resize_locked(v, width, height);
}

void view_fini(struct view *v)
{
	free(v->px);
	v->px = NULL;
	pthread_mutex_destroy(&v->lock);
}

/* One pixel of any format as bytes B G R X. */
static uint32_t to_bgrx(uint32_t p, enum display_format f)
{
	switch (f) {
	case DISPLAY_A8R8G8B8:
	case DISPLAY_X8R8G8B8:
		return __builtin_bswap32(p);
	case DISPLAY_X8B8G8R8:
	case DISPLAY_A8B8G8R8:
		return p >> 8;
	case DISPLAY_R8G8B8A8:
	case DISPLAY_R8G8B8X8:
		return (p & 0xff00) | (p >> 16 & 0xff) | (p & 0xff) << 16;
	case DISPLAY_B8G8R8A8:
	case DISPLAY_B8G8R8X8:
	default:
		return p;
	}
}

static void copy_row(uint32_t *dst, const uint8_t *src, uint32_t n, enum display_format f)
{
	if (f == DISPLAY_B8G8R8A8 || f == DISPLAY_B8G8R8X8) {
		memcpy(dst, src, (size_t)n * DISPLAY_BPP);
		return;
	}
	for (uint32_t i = 0; i < n; i++) {
		uint32_t p;

		memcpy(&p, src + (size_t)i * DISPLAY_BPP, sizeof(p));
		dst[i] = to_bgrx(p, f);
	}
}

int view_present(struct view *v, const uint8_t *base, uint32_t stride_bytes,
	enum display_format format, struct display_rect src, struct display_rect damage)
{
	struct display_rect d;
	bool all;
	int rc;

	pthread_mutex_lock(&v->lock);
	all = !v->on || v->width != src.w || v->height != src.h;
	rc = resize_locked(v, src.w, src.h);
	if (rc < 0) {
		pthread_mutex_unlock(&v->lock);
		return rc;
	}
	/* What is shown for the first time has to be taken whole. */
	d = all ? src : display_rect_clip(src, damage);
	for (uint32_t y = 0; y < d.h; y++)
		copy_row(v->px + (size_t)(d.y - src.y + y) * v->width + (d.x - src.x),
			base + (size_t)(d.y + y) * stride_bytes + (size_t)d.x * DISPLAY_BPP, d.w,
			format);
	v->on = true;
	v->presents++;
	v->damaged_px += (uint64_t)d.w * d.h;
	d.x -= src.x;
	d.y -= src.y;
	v->newest = d;
	touch(v, d);
	pthread_mutex_unlock(&v->lock);
	return 0;
}

void view_off(struct view *v)
{
	pthread_mutex_lock(&v->lock);
	memset(v->px, 0, (size_t)v->width * v->height * sizeof(*v->px));
	v->on = false;
	v->newest = (struct display_rect){ 0, 0, v->width, v->height };
	touch(v, v->newest);
	pthread_mutex_unlock(&v->lock);
}

struct display_rect view_cursor_rect_locked(const struct view *v)
{
	const struct view_cursor *c = &v->cursor;
	int64_t x0 = (int64_t)c->x - c->hot_x, y0 = (int64_t)c->y - c->hot_y;
	int64_t x1 = MIN(x0 + DISPLAY_CURSOR_SIDE, (int64_t)v->width);
	int64_t y1 = MIN(y0 + DISPLAY_CURSOR_SIDE, (int64_t)v->height);

	x0 = MAX(x0, 0);
	y0 = MAX(y0, 0);
	if (!c->visible || x0 >= x1 || y0 >= y1)
		return (struct display_rect){ 0 };
	return (struct display_rect){ (uint32_t)x0, (uint32_t)y0, (uint32_t)(x1 - x0),
		(uint32_t)(y1 - y0) };
}

void view_set_cursor(struct view *v, const uint32_t *px, int32_t x, int32_t y, uint32_t hot_x,
	uint32_t hot_y, bool visible)
{
	pthread_mutex_lock(&v->lock);
	touch(v, view_cursor_rect_locked(v));
	if (px) {
		memcpy(v->cursor.px, px, sizeof(v->cursor.px));
		v->cursor.hot_x = hot_x;
		v->cursor.hot_y = hot_y;
	}
	v->cursor.x = x;
	v->cursor.y = y;
	v->cursor.visible = visible;
	touch(v, view_cursor_rect_locked(v));
	pthread_mutex_unlock(&v->lock);
}

/* dst = c + dst * (1 - alpha), channel by channel; c is premultiplied. */
static uint32_t blend(uint32_t dst, uint32_t c)
{
	uint32_t inv = 255 - (c >> 24), out = 0;

	for (unsigned int s = 0; s < 24; s += 8) {
		uint32_t d = dst >> s & 0xff, p = (c >> s & 0xff) + (d * inv + 127) / 255;

		out |= MIN(p, 255u) << s;
	}
	return out;
}

void view_row_locked(const struct view *v, uint32_t x, uint32_t y, uint32_t n, uint32_t *dst)
{
	struct display_rect r =
		display_rect_clip(view_cursor_rect_locked(v), (struct display_rect){ x, y, n, 1 });
	const uint32_t *cursor_row;

	memcpy(dst, v->px + (size_t)y * v->width + x, (size_t)n * sizeof(*dst));
	if (r.w == 0)
		return;
	cursor_row = v->cursor.px +
		     (size_t)((int64_t)y - v->cursor.y + v->cursor.hot_y) * DISPLAY_CURSOR_SIDE;
	for (uint32_t i = r.x; i < r.x + r.w; i++)
		dst[i - x] =
			blend(dst[i - x], cursor_row[(int64_t)i - v->cursor.x + v->cursor.hot_x]);
}

int view_snapshot(struct view *v, struct image *out)
{
	uint32_t *flat;
	struct image im;
	int rc;

	pthread_mutex_lock(&v->lock);
	rc = image_new(&im, v->width, v->height);
	flat = rc == 0 ? malloc((size_t)v->width * v->height * sizeof(*flat)) : NULL;
	if (rc == 0 && !flat) {
		image_fini(&im);
		rc = -ENOMEM;
	}
	for (uint32_t y = 0; rc == 0 && y < v->height; y++)
		view_row_locked(v, 0, y, v->width, flat + (size_t)y * v->width);
	pthread_mutex_unlock(&v->lock);
	if (rc < 0)
		return rc;
	image_from_display(&im, (const uint8_t *)flat, im.width * DISPLAY_BPP, DISPLAY_B8G8R8X8);
	free(flat);
	*out = im;
	return 0;
}
