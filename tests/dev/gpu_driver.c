/* SPDX-License-Identifier: Apache-2.0 */
/* A virtio-gpu driver for tests; see gpu_driver.h. */
#include "tests/dev/gpu_driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "gpu driver: %s\n", what);
	abort();
}

/* ---- the recording port ---- */

static struct rec *note(struct scanout_port *p, enum rec_kind kind)
{
	struct rec_port *r = (struct rec_port *)p;

	must(r->n < REC_MAX, "too many records");
	r->log[r->n].kind = kind;
	return &r->log[r->n++];
}

static void rec_surface_new(struct scanout_port *p, const struct scanout_surface *s)
{
	note(p, REC_SURFACE)->surface = *s;
}

static void rec_surface_gone(struct scanout_port *p, uint32_t id)
{
	note(p, REC_GONE)->surface.id = id;
}

static void rec_present(
	struct scanout_port *p, unsigned int scanout, const struct scanout_present *pr)
{
	struct rec *r = note(p, REC_PRESENT);

	r->scanout = scanout;
	r->present = *pr;
	if (!((struct rec_port *)p)->hold)
		p->to.released(p->to.ctx, scanout, pr->serial);
}

static void rec_off(struct scanout_port *p, unsigned int scanout)
{
	note(p, REC_OFF)->scanout = scanout;
}

static void rec_cursor(struct scanout_port *p, unsigned int scanout, const struct scanout_cursor *c,
	const uint8_t *bgra)
{
	struct rec *r = note(p, REC_CURSOR);

	r->scanout = scanout;
	r->cursor = *c;
	memcpy(r->bgra, bgra, sizeof(r->bgra));
}

static void rec_cursor_move(
	struct scanout_port *p, unsigned int scanout, const struct scanout_cursor *c)
{
	struct rec *r = note(p, REC_CURSOR_MOVE);

	r->scanout = scanout;
	r->cursor = *c;
}

static void rec_free(struct scanout_port *p)
{
	free(p);
}

static const struct scanout_port_ops rec_ops = {
	.name = "rec",
	.surface_new = rec_surface_new,
	.surface_gone = rec_surface_gone,
	.present = rec_present,
	.off = rec_off,
	.cursor = rec_cursor,
	.cursor_move = rec_cursor_move,
	.free = rec_free,
};

/* ---- life ---- */

static void on_first_frame(void *ctx, unsigned int scanout, uint64_t t_ns)
{
	struct gd *d = ctx;

	must(t_ns > 0, "first frame without a time");
	d->first_frames[scanout]++;
}

static void start(struct gd *d, const struct gpu_config *cfg)
{
	struct gpu_config c = { .n_scanouts = 1, .scanout = { { 640, 480, "Test" } } };
	struct err e = { 0 };

	if (cfg)
		c = *cfg;
	c.first_frame = on_first_frame;
	c.ctx = d;
	must(gpu_new(&d->dev, &c, d->any, &e) == 0, e.text);
	mock_attach(d->m, d->dev);
	mock_start(d->m, MOCK_ALL_FEATURES);
}

struct gd *gd_new(unsigned int mock_flags, const struct gpu_config *cfg)
{
	struct gd *d = calloc(1, sizeof(*d));

	must(d, "no memory");
	d->port = calloc(1, sizeof(*d->port));
	must(d->port, "no memory");
	d->port->p.ops = &rec_ops;
	d->any = &d->port->p;
	d->m = mock_new(mock_flags);
	start(d, cfg);
	return d;
}

/*
 * The mock frees its device and then its loop; a display port watches that loop and must go in
 * between. So the device takes its port along. One at a time is enough for tests.
 */
static const struct vdev_ops *gpu_own_ops;
static struct vdev_ops with_port_ops;
static struct scanout_port *port_to_free;

static void free_with_port(struct vdev *v)
{
	gpu_own_ops->free(v);
	scanout_port_free(port_to_free);
}

struct gd *gd_new_channel(unsigned int mock_flags, int sock_take)
{
	struct gd *d = calloc(1, sizeof(*d));
	struct err e = { 0 };

	must(d, "no memory");
	d->m = mock_new(mock_flags);
	must(scanout_display_new(&d->any, mock_loop(d->m), sock_take, &e) == 0, e.text);
	start(d, NULL);
	gpu_own_ops = d->dev->ops;
	with_port_ops = *gpu_own_ops;
	with_port_ops.free = free_with_port;
	d->dev->ops = &with_port_ops;
	port_to_free = d->any;
	return d;
}

void gd_free(struct gd *d)
{
	mock_free(d->m);
	if (d->port)
		scanout_port_free(d->any);
	free(d);
}

const struct rec *gd_last(const struct gd *d, enum rec_kind kind)
{
	for (unsigned int i = d->port->n; i-- > 0;)
		if (d->port->log[i].kind == kind)
			return &d->port->log[i];
	return NULL;
}

unsigned int gd_count(const struct gd *d, enum rec_kind kind)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < d->port->n; i++)
		n += d->port->log[i].kind == kind;
	return n;
}

uint32_t gd_pixel(const struct gd *d, uint32_t surface, uint32_t x, uint32_t y)
{
	const struct scanout_surface *s = NULL;
	uint32_t px;
	uint8_t *map;

	for (unsigned int i = 0; i < d->port->n; i++)
		if (d->port->log[i].kind == REC_SURFACE && d->port->log[i].surface.id == surface)
			s = &d->port->log[i].surface;
	must(s && x < s->width && y < s->height, "no such pixel");
	map = mmap(NULL, s->size_bytes, PROT_READ, MAP_SHARED, s->fd, 0);
	must(map != MAP_FAILED, "cannot map a surface");
	memcpy(&px, map + (size_t)y * s->stride_bytes + (size_t)x * DISPLAY_BPP, sizeof(px));
	munmap(map, s->size_bytes);
	return px;
}

void gd_release(struct gd *d, unsigned int scanout, uint32_t serial)
{
	d->port->p.to.released(d->port->p.to.ctx, scanout, serial);
}

/* ---- requests ---- */

struct gpu_wire_hdr gd_hdr(uint32_t type)
{
	return (struct gpu_wire_hdr){ .type = le32_of(type) };
}

struct gpu_wire_hdr gd_fenced(uint32_t type, uint64_t fence_id)
{
	return (struct gpu_wire_hdr){
		.type = le32_of(type),
		.flags = le32_of(GPU_FLAG_FENCE),
		.fence_id = le64_of(fence_id),
	};
}

struct gpu_wire_rect gd_rect(uint32_t x, uint32_t y, uint32_t w, uint32_t h)
{
	return (struct gpu_wire_rect){ le32_of(x), le32_of(y), le32_of(w), le32_of(h) };
}

static uint32_t send_on(struct gd *d, unsigned int q, const void *rq, uint32_t len)
{
	struct gpu_wire_hdr h;
	int n = mock_send(d->m, q, rq, len, &h, sizeof(h));

	return n == sizeof(h) ? le32_get(h.type) : 0;
}

uint32_t gd_send(struct gd *d, const void *rq, uint32_t len)
{
	return send_on(d, GD_CONTROL, rq, len);
}

uint32_t gd_send_cursor(struct gd *d, const struct gpu_wire_cursor *c)
{
	return send_on(d, GD_CURSOR, c, sizeof(*c));
}

uint32_t gd_create(struct gd *d, uint32_t id, uint32_t w, uint32_t h, uint32_t format)
{
	struct gpu_wire_create_2d c = { gd_hdr(GPU_CMD_RESOURCE_CREATE_2D), le32_of(id),
		le32_of(format), le32_of(w), le32_of(h) };

	return gd_send(d, &c, sizeof(c));
}

static uint32_t resource_cmd(struct gd *d, uint32_t type, uint32_t id)
{
	struct gpu_wire_resource r = { .hdr = gd_hdr(type), .resource_id = le32_of(id) };

	return gd_send(d, &r, sizeof(r));
}

uint32_t gd_unref(struct gd *d, uint32_t id)
{
	return resource_cmd(d, GPU_CMD_RESOURCE_UNREF, id);
}

uint32_t gd_detach(struct gd *d, uint32_t id)
{
	return resource_cmd(d, GPU_CMD_RESOURCE_DETACH_BACKING, id);
}

/* A fixed part followed by memory entries, in one buffer. */
static uint32_t send_with_entries(struct gd *d, const void *fixed, uint32_t len,
	const struct gpu_wire_mem_entry *e, uint32_t n)
{
	uint32_t more = n * (uint32_t)sizeof(*e), type;
	uint8_t *buf = malloc(len + more);

	must(buf, "no memory");
	memcpy(buf, fixed, len);
	if (n)
		memcpy(buf + len, e, more);
	type = gd_send(d, buf, len + more);
	free(buf);
	return type;
}

uint32_t gd_attach_entries(
	struct gd *d, uint32_t id, const struct gpu_wire_mem_entry *e, uint32_t n)
{
	struct gpu_wire_attach a = { gd_hdr(GPU_CMD_RESOURCE_ATTACH_BACKING), le32_of(id),
		le32_of(n) };

	return send_with_entries(d, &a, sizeof(a), e, n);
}

uint32_t gd_attach(struct gd *d, uint32_t id, uint32_t bytes, uint32_t piece, gpa at[64])
{
	struct gpu_wire_mem_entry e[64];
	uint32_t n = (bytes + piece - 1) / piece;

	must(n <= 64, "too many pieces");
	for (uint32_t i = n; i-- > 0;)
		at[i] = mock_alloc(d->m, piece, 4096);
	for (uint32_t i = 0; i < n; i++)
		e[i] = (struct gpu_wire_mem_entry){ .addr = le64_of(at[i].v),
			.length = le32_of(piece) };
	return gd_attach_entries(d, id, e, n);
}

uint32_t gd_transfer(struct gd *d, uint32_t id, struct gpu_wire_rect r, uint64_t offset)
{
	struct gpu_wire_transfer t = { .hdr = gd_hdr(GPU_CMD_TRANSFER_TO_HOST_2D),
		.r = r,
		.offset = le64_of(offset),
		.resource_id = le32_of(id) };

	return gd_send(d, &t, sizeof(t));
}

uint32_t gd_set_scanout(struct gd *d, uint32_t scanout, uint32_t id, struct gpu_wire_rect r)
{
	struct gpu_wire_set_scanout s = { gd_hdr(GPU_CMD_SET_SCANOUT), r, le32_of(scanout),
		le32_of(id) };

	return gd_send(d, &s, sizeof(s));
}

uint32_t gd_flush(struct gd *d, uint32_t id, struct gpu_wire_rect r)
{
	struct gpu_wire_flush f = {
		.hdr = gd_hdr(GPU_CMD_RESOURCE_FLUSH), .r = r, .resource_id = le32_of(id)
	};

	return gd_send(d, &f, sizeof(f));
}

uint32_t gd_create_blob(
	struct gd *d, uint32_t id, uint64_t size, const struct gpu_wire_mem_entry *e, uint32_t n)
{
	struct gpu_wire_create_blob b = { .hdr = gd_hdr(GPU_CMD_RESOURCE_CREATE_BLOB),
		.resource_id = le32_of(id),
		.blob_mem = le32_of(GPU_BLOB_MEM_GUEST),
		.nr_entries = le32_of(n),
		.size = le64_of(size) };

	return send_with_entries(d, &b, sizeof(b), e, n);
}

uint32_t gd_set_scanout_blob(struct gd *d, uint32_t scanout, uint32_t id, struct gpu_wire_rect r,
	uint32_t w, uint32_t h, uint32_t stride, uint32_t offset)
{
	struct gpu_wire_set_scanout_blob s = { .hdr = gd_hdr(GPU_CMD_SET_SCANOUT_BLOB),
		.r = r,
		.scanout_id = le32_of(scanout),
		.resource_id = le32_of(id),
		.width = le32_of(w),
		.height = le32_of(h),
		.format = le32_of(DISPLAY_B8G8R8X8) };

	s.strides[0] = le32_of(stride);
	s.offsets[0] = le32_of(offset);
	return gd_send(d, &s, sizeof(s));
}

gpa gd_show(struct gd *d, uint32_t scanout, uint32_t id, uint32_t w, uint32_t h)
{
	gpa at[64];

	must(gd_create(d, id, w, h, DISPLAY_B8G8R8X8) == GPU_RESP_OK_NODATA, "create");
	must(gd_attach(d, id, w * h * DISPLAY_BPP, w * h * DISPLAY_BPP, at) == GPU_RESP_OK_NODATA,
		"attach");
	must(gd_set_scanout(d, scanout, id, gd_rect(0, 0, w, h)) == GPU_RESP_OK_NODATA, "scanout");
	return at[0];
}

int gd_post_flush(struct gd *d, uint32_t id, struct gpu_wire_rect r, uint64_t fence_id)
{
	struct gpu_wire_flush f = { .hdr = gd_fenced(GPU_CMD_RESOURCE_FLUSH, fence_id),
		.r = r,
		.resource_id = le32_of(id) };
	int n = mock_post(d->m, GD_CONTROL, &f, sizeof(f), sizeof(struct gpu_wire_hdr));

	must(n >= 0, "ring is full");
	return n;
}

struct gpu_stats gd_stats(const struct gd *d)
{
	struct gpu_stats s;

	gpu_stats(d->dev, &s);
	return s;
}
