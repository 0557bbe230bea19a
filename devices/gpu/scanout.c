/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a virtio-gpu shows: scanouts on 2D resources and on blobs, flushes with their damage,
 * cursors.
 */
#include <string.h>

#include "base/clock.h"
#include "devices/gpu/gpu_priv.h"

static bool rect_same(struct display_rect a, struct display_rect b)
{
	return a.x == b.x && a.y == b.y && a.w == b.w && a.h == b.h;
}

/* Binds scanout i to `res` (NULL: to nothing). */
static void bind(struct gpu *g, unsigned int i, struct gpu_resource *res)
{
	struct gpu_scanout *s = &g->scanout[i];

	if (s->res)
		s->res->shown &= ~(1u << i);
	s->res = res;
	if (res)
		res->shown |= 1u << i;
}

static void turn_off(struct gpu *g, unsigned int i)
{
	struct gpu_scanout *s = &g->scanout[i];

	if (!s->res)
		return;
	bind(g, i, NULL);
	g->port->ops->off(g->port, i);
	gpu_pixels_fini(g, &s->shadow);
}

void gpu_scanouts_off(struct gpu *g, const struct gpu_resource *res)
{
	for (unsigned int i = 0; i < g->n_scanouts; i++)
		if (!res || g->scanout[i].res == res)
			turn_off(g, i);
}

void gpu_scanouts_clear(struct gpu *g)
{
	gpu_scanouts_off(g, NULL);
	for (unsigned int i = 0; i < g->n_scanouts; i++) {
		struct gpu_scanout *s = &g->scanout[i];

		if (s->cursor.visible) {
			s->cursor.visible = false;
			g->port->ops->cursor_move(g->port, i, &s->cursor);
		}
		s->cursor = (struct scanout_cursor){ 0 };
	}
}

uint32_t gpu_set_scanout(struct gpu *g, const struct gpu_request *rq)
{
	struct display_rect r = rq->u.scanout.r;
	struct gpu_resource *res;
	struct gpu_scanout *s;

	if (rq->scanout >= g->n_scanouts)
		return GPU_RESP_ERR_INVALID_SCANOUT_ID;
	s = &g->scanout[rq->scanout];
	if (rq->resource == 0) {
		turn_off(g, rq->scanout);
		return 0;
	}
	res = gpu_resource_find(g, rq->resource);
	if (!res || res->blob) /* a blob has no size in pixels */
		return GPU_RESP_ERR_INVALID_RESOURCE_ID;
	/* "Scanout rectangles must be completely covered by the underlying resource." */
	if (!display_rect_inside(r, res->px.s.width, res->px.s.height))
		return GPU_RESP_ERR_INVALID_PARAMETER;
	if (s->res == res && rect_same(s->src, r))
		return 0;
	bind(g, rq->scanout, res);
	s->src = r;
	s->whole = true;
	gpu_pixels_fini(g, &s->shadow);
	return 0;
}

uint32_t gpu_set_scanout_blob(struct gpu *g, const struct gpu_request *rq)
{
	struct display_rect r = rq->u.scanout_blob.r;
	enum display_format format = rq->u.scanout_blob.format;
	struct gpu_resource *res;
	struct gpu_scanout *s;
	uint32_t e;

	if (rq->scanout >= g->n_scanouts)
		return GPU_RESP_ERR_INVALID_SCANOUT_ID;
	s = &g->scanout[rq->scanout];
	if (rq->resource == 0) {
		turn_off(g, rq->scanout);
		return 0;
	}
	res = gpu_resource_find(g, rq->resource);
	if (!res || !res->blob)
		return GPU_RESP_ERR_INVALID_RESOURCE_ID;
	e = gpu_blob_picture_check(rq, res->blob_bytes);
	if (e)
		return e;
	if (s->shadow.s.fd < 0 || s->shadow.s.width != r.w || s->shadow.s.height != r.h ||
		s->shadow.s.format != format) {
		struct gpu_pixels fresh;

		e = gpu_pixels_init(g, &fresh, r.w, r.h, format);
		if (e)
			return e;
		gpu_pixels_fini(g, &s->shadow);
		s->shadow = fresh;
	} else if (s->res == res && rect_same(s->src, r) &&
		   s->blob_stride == rq->u.scanout_blob.stride &&
		   s->blob_offset == rq->u.scanout_blob.offset) {
		return 0;
	}
	bind(g, rq->scanout, res);
	s->src = r;
	s->blob_stride = rq->u.scanout_blob.stride;
	s->blob_offset = rq->u.scanout_blob.offset;
	s->whole = true;
	return 0;
}

/* Copies the damaged part of a blob's picture; the layout was checked against the blob's size, and
 * the backing covers that. */
static uint32_t copy_damage(struct gpu *g, struct gpu_scanout *s, struct display_rect d)
{
	uint32_t row = d.w * DISPLAY_BPP;
	uint64_t from =
		s->blob_offset + (uint64_t)d.y * s->blob_stride + (uint64_t)d.x * DISPLAY_BPP;
	uint8_t *to = s->shadow.map + (size_t)(d.y - s->src.y) * s->shadow.s.stride_bytes +
		      (size_t)(d.x - s->src.x) * DISPLAY_BPP;

	for (uint32_t y = 0; y < d.h; y++) {
		if (gpu_sg_read(&s->res->sg, g->v.host->mem, from, to, row))
			return GPU_RESP_ERR_UNSPEC;
		from += s->blob_stride;
		to += s->shadow.s.stride_bytes;
	}
	g->st.transferred_bytes += (uint64_t)row * d.h;
	return 0;
}

/* Shows scanout i with damage `d` of the resource's picture, which is inside src. */
static uint32_t present(struct gpu *g, unsigned int i, struct display_rect d)
{
	struct gpu_scanout *s = &g->scanout[i];
	struct gpu_pixels *px = s->res->blob ? &s->shadow : &s->res->px;
	struct scanout_present p = { .src = s->src, .damage = d };

	if (s->res->blob) {
		uint32_t e = copy_damage(g, s, d);

		if (e)
			return e;
		p.src.x = p.src.y = 0;
		p.damage.x -= s->src.x;
		p.damage.y -= s->src.y;
	}
	gpu_pixels_announce(g, px);
	s->whole = false;
	p.surface = px->s.id;
	p.serial = ++g->serial;
	g->st.presents++;
	g->port->ops->present(g->port, i, &p);
	if (!s->frame_seen) {
		s->frame_seen = true;
		if (g->first_frame)
			g->first_frame(g->first_frame_ctx, i, clock_now_ns());
	}
	return 0;
}

uint32_t gpu_flush(struct gpu *g, const struct gpu_request *rq, struct gpu_fence *f)
{
	struct gpu_resource *res = gpu_resource_find(g, rq->resource);
	struct display_rect r = rq->u.flush.r;
	uint32_t e = 0;

	if (!res)
		return GPU_RESP_ERR_INVALID_RESOURCE_ID;
	if (!res->blob && !gpu_rect_fits(r, res->px.s.width, res->px.s.height))
		return GPU_RESP_ERR_INVALID_PARAMETER;
	if (res->blob && res->shown && !res->sg.e)
		return GPU_RESP_ERR_UNSPEC;
	g->st.flushes++;
	for (unsigned int i = 0; i < g->n_scanouts; i++) {
		struct gpu_scanout *s = &g->scanout[i];
		struct display_rect d;

		if (s->res != res)
			continue;
		d = display_rect_clip(r, s->src);
		if (d.w == 0)
			continue;
		/* What the window showed was another picture: no part of it is still right. */
		if (s->whole)
			d = s->src;
		e = present(g, i, d);
		if (e)
			break;
		f->wait |= 1u << i;
		f->serial[i] = g->serial;
	}
	return e;
}

/* ---- cursor ---- */

/* Where blue, green, red and alpha lie in a pixel of each format; alpha 4: always opaque. */
static void channels(enum display_format f, uint8_t at[4])
{
	static const struct {
		enum display_format f;
		uint8_t at[4];
	} table[] = {
		{ DISPLAY_B8G8R8A8, { 0, 1, 2, 3 } },
		{ DISPLAY_B8G8R8X8, { 0, 1, 2, 4 } },
		{ DISPLAY_A8R8G8B8, { 3, 2, 1, 0 } },
		{ DISPLAY_X8R8G8B8, { 3, 2, 1, 4 } },
		{ DISPLAY_R8G8B8A8, { 2, 1, 0, 3 } },
		{ DISPLAY_X8B8G8R8, { 1, 2, 3, 4 } },
		{ DISPLAY_A8B8G8R8, { 1, 2, 3, 0 } },
		{ DISPLAY_R8G8B8X8, { 2, 1, 0, 4 } },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].f == f)
			memcpy(at, table[i].at, 4);
}

/* Alpha is premultiplied already, as all drivers give it; only the order of bytes changes. */
static void to_bgra(uint8_t *px, enum display_format f)
{
	uint8_t at[4] = { 0, 1, 2, 3 };

	channels(f, at);
	for (uint32_t i = 0; i < SCANOUT_CURSOR_BYTES; i += DISPLAY_BPP) {
		const uint8_t in[5] = { px[i], px[i + 1], px[i + 2], px[i + 3], 0xff };

		for (unsigned int c = 0; c < 4; c++)
			px[i + c] = in[at[c]];
	}
}

static uint32_t cursor_image(struct gpu *g, uint32_t id, uint8_t *px)
{
	struct gpu_resource *res = gpu_resource_find(g, id);

	if (!res)
		return GPU_RESP_ERR_INVALID_RESOURCE_ID;
	if (res->blob) /* no size and no format: it must hold a picture as Linux draws it */
		return gpu_sg_read(&res->sg, g->v.host->mem, 0, px, SCANOUT_CURSOR_BYTES)
			       ? GPU_RESP_ERR_INVALID_PARAMETER
			       : 0;
	/* "Configure mouse cursor": it must be 64x64 in size. */
	if (res->px.s.width != DISPLAY_CURSOR_SIDE || res->px.s.height != DISPLAY_CURSOR_SIDE)
		return GPU_RESP_ERR_INVALID_PARAMETER;
	memcpy(px, res->px.map, SCANOUT_CURSOR_BYTES);
	to_bgra(px, res->px.s.format);
	return 0;
}

/* A driver gives the picture's upper left corner; the port wants the hot spot. */
static int32_t hot_place(int32_t corner, uint32_t hot)
{
	return corner > INT32_MAX - (int32_t)hot ? INT32_MAX : corner + (int32_t)hot;
}

uint32_t gpu_cursor(struct gpu *g, const struct gpu_request *rq)
{
	uint8_t px[SCANOUT_CURSOR_BYTES];
	struct scanout_cursor *c;
	bool fresh = rq->type == GPU_CMD_UPDATE_CURSOR;

	if (rq->scanout >= g->n_scanouts)
		return GPU_RESP_ERR_INVALID_SCANOUT_ID;
	c = &g->scanout[rq->scanout].cursor;
	if (fresh && rq->resource != 0) {
		uint32_t e = cursor_image(g, rq->resource, px);

		if (e)
			return e;
		c->hot_x = rq->u.cursor.hot_x;
		c->hot_y = rq->u.cursor.hot_y;
	}
	if (fresh)
		c->visible = rq->resource != 0;
	c->x = hot_place(rq->u.cursor.x, c->hot_x);
	c->y = hot_place(rq->u.cursor.y, c->hot_y);
	if (fresh && rq->resource != 0)
		g->port->ops->cursor(g->port, rq->scanout, c, px);
	else
		g->port->ops->cursor_move(g->port, rq->scanout, c);
	return 0;
}
