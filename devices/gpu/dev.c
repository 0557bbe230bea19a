/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtio-gpu device: queues, dispatch of commands, answers and fences. Resources are in
 * resource.c, what is shown is in scanout.c.
 *
 * Every answer is written into guest memory when its command was carried out. A fenced flush is
 * returned to the driver only when the port has read what was presented, or after a deadline, so
 * that a user interface that is slow or gone never stops a guest.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/log.h"
#include "devices/gpu/edid.h"
#include "devices/gpu/gpu_priv.h"

#define CONTROL_QUEUE 0
#define CURSOR_QUEUE  1

#define FENCE_DEADLINE_NS (100 * NS_PER_MS)
/* Requests served at one go, so that a busy guest leaves the loop to others in between. */
#define BATCH 64
/* The same for bytes that are copied: two pictures of 4K. */
#define TURN_BYTES (UINT64_C(64) << 20)

#define DEFAULT_BASE_BYTES (UINT64_C(128) << 20)
#define MAX_BYTES_LIMIT    (UINT64_C(16) << 30)

static_assert(GPU_WIRE_SCANOUTS >= DISPLAY_MAX_SCANOUTS, "scanouts of the wire format");

static struct gpu *gpu_of(struct vdev *v)
{
	return (struct gpu *)v;
}

static const struct gpu *gpu_of_const(const struct vdev *v)
{
	return (const struct gpu *)v;
}

/* ---- fences ---- */

static struct gpu_fence *fence_at(struct gpu *g, unsigned int i)
{
	return &g->fence[(g->fence_head + i) % GPU_CONTROL_QUEUE_MAX];
}

static bool fence_done(const struct gpu *g, const struct gpu_fence *f)
{
	for (unsigned int i = 0; i < g->n_scanouts; i++)
		if ((f->wait & (1u << i)) && (int32_t)(g->scanout[i].released - f->serial[i]) < 0)
			return false;
	return true;
}

/* Returns the fenced requests that are due, oldest first. Needs a working control queue. */
static void fences_run(struct gpu *g, uint64_t now_ns)
{
	struct vq *q = g->vq[CONTROL_QUEUE];

	while (g->fence_n > 0) {
		struct gpu_fence *f = fence_at(g, 0);
		bool done = fence_done(g, f);
		struct vq_chain c;

		if (!done && now_ns < f->deadline_ns)
			break;
		if (!done)
			g->st.fences_late++;
		c.id = f->id;
		c.ndesc = f->ndesc;
		c.n_out = c.n_in = 0;
		c.out_bytes = 0;
		c.in_bytes = f->written;
		g->fence_head = (g->fence_head + 1) % GPU_CONTROL_QUEUE_MAX;
		g->fence_n--;
		if (vq_push_quiet(q, &c, f->written))
			break;
	}
	vq_flush(q);
	if (g->fence_n > 0)
		ev_timer_at(&g->fence_timer, fence_at(g, 0)->deadline_ns);
	else
		ev_timer_stop(&g->fence_timer);
}

static void on_fence_timer(struct ev_timer *t, uint64_t now_ns)
{
	struct gpu *g = t->data;

	if (g->vq[CONTROL_QUEUE])
		fences_run(g, now_ns);
}

static void on_released(void *ctx, unsigned int scanout, uint32_t serial)
{
	struct gpu *g = ctx;
	struct gpu_scanout *s;

	if (scanout >= g->n_scanouts)
		return;
	s = &g->scanout[scanout];
	if ((int32_t)(serial - s->released) <= 0)
		return;
	s->released = serial;
	if (g->fence_n > 0 && g->vq[CONTROL_QUEUE])
		fences_run(g, 0);
}

/* Keeps an answered request until its fence is done. False: it may be returned now. */
static bool fence_keep(
	struct gpu *g, const struct vq_chain *c, uint32_t written, const struct gpu_fence *wait)
{
	struct gpu_fence *f;

	/* With the ring of fences full the driver has made requests it had made before: it hurts
	 * itself only. */
	if ((g->fence_n == 0 && fence_done(g, wait)) || g->fence_n == GPU_CONTROL_QUEUE_MAX)
		return false;
	f = fence_at(g, g->fence_n++);
	*f = *wait;
	f->id = c->id;
	f->ndesc = c->ndesc;
	f->written = written;
	f->deadline_ns = clock_now_ns() + FENCE_DEADLINE_NS;
	if (g->fence_n == 1)
		ev_timer_at(&g->fence_timer, f->deadline_ns);
	return true;
}

/* ---- commands ---- */

union answer {
	struct gpu_wire_hdr hdr;
	struct gpu_wire_display_info info;
	struct gpu_wire_edid edid;
	struct gpu_wire_uuid uuid;
};

static void display_info(struct gpu *g, struct gpu_wire_display_info *out)
{
	uint32_t x = 0;

	memset(out, 0, sizeof(*out));
	for (unsigned int i = 0; i < g->n_scanouts; i++) {
		out->pmodes[i].r.x = le32_of(x); /* side by side */
		out->pmodes[i].r.width = le32_of(g->scanout[i].width);
		out->pmodes[i].r.height = le32_of(g->scanout[i].height);
		out->pmodes[i].enabled = le32_of(1);
		x += g->scanout[i].width;
	}
}

static uint32_t get_edid(struct gpu *g, const struct gpu_request *rq, struct gpu_wire_edid *out)
{
	const struct gpu_scanout *s;

	if (rq->scanout >= g->n_scanouts)
		return GPU_RESP_ERR_INVALID_SCANOUT_ID;
	s = &g->scanout[rq->scanout];
	memset(out, 0, sizeof(*out));
	out->size = le32_of(edid_build(out->edid, s->width, s->height, s->name, rq->scanout + 1));
	return 0;
}

/* The feature that must have been negotiated for a command; -1: none. */
static int feature_of(uint32_t type)
{
	switch (type) {
	case GPU_CMD_GET_EDID:
		return GPU_F_EDID;
	case GPU_CMD_RESOURCE_ASSIGN_UUID:
		return GPU_F_RESOURCE_UUID;
	case GPU_CMD_RESOURCE_CREATE_BLOB:
	case GPU_CMD_SET_SCANOUT_BLOB:
		return GPU_F_RESOURCE_BLOB;
	default:
		return -1;
	}
}

static bool is_cursor(uint32_t type)
{
	return type == GPU_CMD_UPDATE_CURSOR || type == GPU_CMD_MOVE_CURSOR;
}

static uint32_t answer_bytes(uint32_t type)
{
	switch (type) {
	case GPU_CMD_GET_DISPLAY_INFO:
		return sizeof(struct gpu_wire_display_info);
	case GPU_CMD_GET_EDID:
		return sizeof(struct gpu_wire_edid);
	case GPU_CMD_RESOURCE_ASSIGN_UUID:
		return sizeof(struct gpu_wire_uuid);
	default:
		return sizeof(struct gpu_wire_hdr);
	}
}

/* Carries a command out. *ok is the type of a good answer, preset to the one without data. 0 or
 * GPU_RESP_ERR_*. */
static uint32_t execute(struct gpu *g, const struct gpu_request *rq, struct vq_reader *r,
	union answer *a, uint32_t *ok, struct gpu_fence *wait)
{
	int feature = feature_of(rq->type);

	if (feature >= 0 && !(g->features & VIRTIO_BIT(feature)))
		return GPU_RESP_ERR_UNSPEC;
	switch (rq->type) {
	case GPU_CMD_GET_DISPLAY_INFO:
		*ok = GPU_RESP_OK_DISPLAY_INFO;
		display_info(g, &a->info);
		return 0;
	case GPU_CMD_GET_EDID:
		*ok = GPU_RESP_OK_EDID;
		return get_edid(g, rq, &a->edid);
	case GPU_CMD_RESOURCE_CREATE_2D:
		return gpu_create_2d(g, rq);
	case GPU_CMD_RESOURCE_UNREF:
		return gpu_unref(g, rq);
	case GPU_CMD_SET_SCANOUT:
		return gpu_set_scanout(g, rq);
	case GPU_CMD_RESOURCE_FLUSH:
		return gpu_flush(g, rq, wait);
	case GPU_CMD_TRANSFER_TO_HOST_2D:
		return gpu_transfer(g, rq);
	case GPU_CMD_RESOURCE_ATTACH_BACKING:
		return gpu_attach(g, rq, r);
	case GPU_CMD_RESOURCE_DETACH_BACKING:
		return gpu_detach(g, rq);
	case GPU_CMD_RESOURCE_ASSIGN_UUID:
		*ok = GPU_RESP_OK_RESOURCE_UUID;
		return gpu_assign_uuid(g, rq, a->uuid.uuid);
	case GPU_CMD_RESOURCE_CREATE_BLOB:
		return gpu_create_blob(g, rq, r);
	case GPU_CMD_SET_SCANOUT_BLOB:
		return gpu_set_scanout_blob(g, rq);
	case GPU_CMD_UPDATE_CURSOR:
	case GPU_CMD_MOVE_CURSOR:
		return gpu_cursor(g, rq);
	default:
		return GPU_RESP_ERR_UNSPEC;
	}
}

/* Fetches the fixed part of a request once and parses it. */
static uint32_t fetch(struct vq_reader *r, struct gpu_request *rq)
{
	uint8_t buf[GPU_REQUEST_BYTES];
	struct gpu_wire_hdr h;
	uint32_t len = 0, need;

	if (!vq_get(r, buf, sizeof(h))) {
		len = sizeof(h);
		memcpy(&h, buf, sizeof(h));
		need = gpu_request_bytes(le32_get(h.type));
		if (need > len && !vq_get(r, buf + len, need - len))
			len = need;
	}
	return gpu_parse(buf, len, rq);
}

static void serve(struct gpu *g, unsigned int q, const struct vq_chain *c)
{
	struct gpu_fence wait = { 0 };
	struct gpu_request rq;
	struct vq_reader r;
	struct vq_writer w;
	union answer a;
	uint32_t e, ok = GPU_RESP_OK_NODATA, len, written = 0;

	vq_reader_init(&r, g->vq[q], c);
	vq_writer_init(&w, g->vq[q], c);
	g->st.commands++;
	e = fetch(&r, &rq);
	if (!e && is_cursor(rq.type) != (q == CURSOR_QUEUE))
		e = GPU_RESP_ERR_UNSPEC;
	len = answer_bytes(rq.type);
	/* Nothing is done whose answer could not be given; only the bare header may be missing. */
	if (!e && len > sizeof(a.hdr) && len > c->in_bytes)
		e = GPU_RESP_ERR_INVALID_PARAMETER;
	if (!e)
		e = execute(g, &rq, &r, &a, &ok, &wait);
	if (e) {
		g->st.errors++;
		log_guest("%s: command 0x%x refused with 0x%x", g->v.tag, rq.type, e);
		len = sizeof(a.hdr);
		wait.wait = 0;
	}
	gpu_response(&a.hdr, &rq, e ? e : ok);
	if (!vq_put(&w, &a, len))
		written = len;
	if (q == CONTROL_QUEUE && (rq.flags & GPU_FLAG_FENCE) && fence_keep(g, c, written, &wait))
		return;
	if (vq_push_quiet(g->vq[q], c, written))
		log_guest("%s: a request could not be returned", g->v.tag);
}

static void run_queue(struct gpu *g, unsigned int q)
{
	struct vq *vq = g->vq[q];
	uint64_t copied = g->st.transferred_bytes;
	bool kicks = false;
	unsigned int n = 0;

	if (!vq)
		return;
	vq_kicks_disable(vq);
	while (n < BATCH && g->st.transferred_bytes - copied < TURN_BYTES) {
		struct vq_chain c;
		enum vq_pop p = vq_pop(vq, &c);

		if (p == VQ_BROKEN || (p == VQ_EMPTY && kicks))
			break;
		if (p == VQ_EMPTY) { /* look once more: a kick may have been missed */
			vq_kicks_enable(vq);
			kicks = true;
			continue;
		}
		serve(g, q, &c);
		n++;
	}
	vq_flush(vq);
	if (n == BATCH || g->st.transferred_bytes - copied >= TURN_BYTES) {
		g->more_queues |= 1u << q;
		ev_timer_at(&g->more, clock_now_ns());
	}
}

static void on_more(struct ev_timer *t, uint64_t now_ns)
{
	struct gpu *g = t->data;
	uint32_t queues = g->more_queues;

	(void)now_ns;
	g->more_queues = 0;
	for (unsigned int q = 0; q < ARRAY_SIZE(g->vq); q++)
		if (queues & (1u << q))
			run_queue(g, q);
}

/* ---- the port's other callback ---- */

static void on_resize(void *ctx, unsigned int scanout, uint32_t width, uint32_t height)
{
	struct gpu *g = ctx;
	struct gpu_scanout *s;

	if (scanout >= g->n_scanouts || width < GPU_MIN_SIDE || height < GPU_MIN_SIDE ||
		width > DISPLAY_MAX_SIDE || height > DISPLAY_MAX_SIDE)
		return;
	s = &g->scanout[scanout];
	if (s->width == width && s->height == height)
		return;
	s->width = width;
	s->height = height;
	g->events |= GPU_EVENT_DISPLAY;
	if (g->v.host)
		g->v.host->config_changed(g->v.host->ctx);
}

/* ---- vdev ---- */

static uint16_t num_queues(const struct vdev *v)
{
	(void)v;
	return 2;
}

static uint16_t queue_max(const struct vdev *v, unsigned int q)
{
	(void)v;
	return q == CONTROL_QUEUE ? GPU_CONTROL_QUEUE_MAX : GPU_CURSOR_QUEUE_MAX;
}

static uint64_t features(const struct vdev *v)
{
	(void)v;
	return VIRTIO_BIT(GPU_F_EDID) | VIRTIO_BIT(GPU_F_RESOURCE_UUID) |
	       VIRTIO_BIT(GPU_F_RESOURCE_BLOB);
}

/* blob_alignment belongs to a feature that is not offered. */
static uint32_t config_bytes(const struct vdev *v)
{
	(void)v;
	return offsetof(struct gpu_wire_config, blob_alignment);
}

static void config_read(struct vdev *v, uint32_t off, void *dst, uint32_t len)
{
	const struct gpu *g = gpu_of(v);
	struct gpu_wire_config c = { 0 };

	c.events_read = le32_of(g->events);
	c.num_scanouts = le32_of(g->n_scanouts);
	memcpy(dst, (const uint8_t *)&c + off, len);
}

/* Writing ones to events_clear clears; all else is read-only. Any width and place will do. */
static void config_write(struct vdev *v, uint32_t off, const void *src, uint32_t len)
{
	const uint32_t at = offsetof(struct gpu_wire_config, events_clear);
	const uint8_t *b = src;

	for (uint32_t i = 0; i < len; i++)
		if (off + i >= at && off + i < at + 4)
			gpu_of(v)->events &= ~((uint32_t)b[i] << (8 * (off + i - at)));
}

static int start(struct vdev *v, uint64_t accepted)
{
	struct gpu *g = gpu_of(v);
	int rc;

	if (g->started)
		return 0;
	rc = ev_timer_init(v->host->loop, &g->more, on_more, g);
	if (rc)
		return rc;
	rc = ev_timer_init(v->host->loop, &g->fence_timer, on_fence_timer, g);
	if (rc) {
		ev_timer_fini(&g->more);
		return rc;
	}
	g->features = accepted;
	g->started = true;
	return 0;
}

static int queue_start(struct vdev *v, unsigned int q, struct vq *vq)
{
	gpu_of(v)->vq[q] = vq;
	return 0;
}

static void kick(struct vdev *v, unsigned int q)
{
	run_queue(gpu_of(v), q);
}

static void queue_stop(struct vdev *v, unsigned int q)
{
	struct gpu *g = gpu_of(v);

	g->vq[q] = NULL;
	g->more_queues &= ~(1u << q);
	if (q == CONTROL_QUEUE) {
		g->fence_n = 0;
		ev_timer_stop(&g->fence_timer);
	}
}

static void stop(struct vdev *v)
{
	struct gpu *g = gpu_of(v);

	if (!g->started)
		return;
	gpu_scanouts_clear(g);
	gpu_resources_clear(g);
	ev_timer_fini(&g->more);
	ev_timer_fini(&g->fence_timer);
	g->features = 0;
	g->events = 0;
	g->started = false;
}

static void gpu_free(struct vdev *v)
{
	struct gpu *g = gpu_of(v);

	stop(v);
	g->port->to = (struct scanout_listener){ 0 };
	free(g);
}

static const struct vdev_ops gpu_ops = {
	.name = "gpu",
	.id = VIRTIO_ID_GPU,
	.pci_class = 0x038000, /* display controller, other: no VGA */
	.num_queues = num_queues,
	.queue_max = queue_max,
	.features = features,
	.config_bytes = config_bytes,
	.config_read = config_read,
	.config_write = config_write,
	.start = start,
	.queue_start = queue_start,
	.kick = kick,
	.queue_stop = queue_stop,
	.stop = stop,
	.free = gpu_free,
};

static int config_check(const struct gpu_config *cfg, struct err *e)
{
	if (cfg->n_scanouts == 0 || cfg->n_scanouts > DISPLAY_MAX_SCANOUTS)
		return err_set(e, -EINVAL, "gpu: %u scanouts: 1 to %d are possible",
			cfg->n_scanouts, DISPLAY_MAX_SCANOUTS);
	if (cfg->max_bytes > MAX_BYTES_LIMIT)
		return err_set(e, -EINVAL, "gpu: max_bytes is over 16 GiB");
	for (unsigned int i = 0; i < cfg->n_scanouts; i++) {
		const struct gpu_scanout_config *s = &cfg->scanout[i];

		if (s->width < GPU_MIN_SIDE || s->width > DISPLAY_MAX_SIDE ||
			s->height < GPU_MIN_SIDE || s->height > DISPLAY_MAX_SIDE)
			return err_set(e, -EINVAL,
				"gpu: scanout %u is %ux%u: sides of %d to %d pixels are possible",
				i, s->width, s->height, GPU_MIN_SIDE, DISPLAY_MAX_SIDE);
	}
	return 0;
}

static void copy_name(char *dst, size_t size, const char *src)
{
	size_t n = strnlen(src, size - 1);

	memcpy(dst, src, n);
	dst[n] = '\0';
}

int gpu_new(
	struct vdev **out, const struct gpu_config *cfg, struct scanout_port *port, struct err *e)
{
	uint64_t pixels = 0;
	struct gpu *g;
	int rc = config_check(cfg, e);

	if (rc)
		return rc;
	g = calloc(1, sizeof(*g));
	if (!g)
		return err_errno(e, ENOMEM, "gpu");
	if (getrandom(g->uuid_seed, sizeof(g->uuid_seed), 0) != sizeof(g->uuid_seed)) {
		free(g);
		return err_errno(e, EIO, "gpu: no random numbers");
	}
	g->v.ops = &gpu_ops;
	copy_name(g->v.tag, sizeof(g->v.tag), cfg->tag ? cfg->tag : "gpu");
	g->port = port;
	g->first_frame = cfg->first_frame;
	g->first_frame_ctx = cfg->ctx;
	g->n_scanouts = cfg->n_scanouts;
	for (unsigned int i = 0; i < g->n_scanouts; i++) {
		const struct gpu_scanout_config *c = &cfg->scanout[i];

		g->scanout[i].width = c->width;
		g->scanout[i].height = c->height;
		g->scanout[i].shadow.s.fd = -1;
		copy_name(g->scanout[i].name, sizeof(g->scanout[i].name),
			c->name && *c->name ? c->name : "Dyno");
		pixels += (uint64_t)c->width * c->height * DISPLAY_BPP;
	}
	/* Four pictures a scanout: two to flip, and what a compositor keeps besides. */
	g->max_bytes = cfg->max_bytes ? cfg->max_bytes : DEFAULT_BASE_BYTES + 4 * pixels;
	port->to = (struct scanout_listener){
		.released = on_released,
		.resize = on_resize,
		.ctx = g,
	};
	*out = &g->v;
	return 0;
}

void gpu_stats(const struct vdev *v, struct gpu_stats *out)
{
	const struct gpu *g = gpu_of_const(v);

	*out = g->st;
	out->resources = g->n_resources;
	out->resource_bytes = g->bytes;
}
