/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The 9P device; see p9.h. Requests wait in slots, found again by the tag of their answer. The
 * server outlives a reset of the device, its answers to what was before do not: the device then
 * says Tversion by itself and hears nothing until its answer.
 */
#include "devices/p9/p9.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "devices/p9/proto.h"

#define DEFAULT_LIMIT_MS 5000
#define TREE_MAX         4096
/* Requests taken in one turn of the loop; the rest follows in the next. */
#define TURN_REQUESTS 64
#define NONE          UINT32_MAX

struct slot {
	bool used;
	uint16_t tag;
	bool flushes; /* a Tflush of `old` */
	uint16_t old;
	struct vq_chain chain;
};

struct p9 {
	struct vdev v; /* first */
	struct p9_port *port;
	struct vq *vq; /* lent between queue_start and queue_stop */
	bool attached; /* the port knows us */
	bool dirty; /* the server has heard something since it last said Rversion to us */
	bool ending; /* a Tversion of ours is to be sent ... */
	bool ended; /* ... was sent, and its answer is awaited */
	uint32_t limit_ms;
	struct ev_timer again, limit;
	struct p9_stats stats;
	char mount_tag[P9_TAG_MAX];
	uint16_t mount_tag_len;
	char tree[TREE_MAX];
	struct slot slot[P9_QUEUE_SIZE];
	uint8_t buf[P9_MAX_MESSAGE];
};

static struct p9 *p9_of(struct vdev *v)
{
	return (struct p9 *)v;
}

static uint32_t find_slot(const struct p9 *d, uint16_t tag)
{
	for (uint32_t i = 0; i < P9_QUEUE_SIZE; i++) {
		if (d->slot[i].used && d->slot[i].tag == tag)
			return i;
	}
	return NONE;
}

static uint32_t free_slot(const struct p9 *d)
{
	for (uint32_t i = 0; i < P9_QUEUE_SIZE; i++) {
		if (!d->slot[i].used)
			return i;
	}
	return NONE;
}

/* ---- towards the guest ---- */

/* Returns a request with an answer; `len` 0: without one. */
static void answer(struct p9 *d, const struct vq_chain *c, const void *msg, uint32_t len)
{
	struct vq_writer w;

	vq_writer_init(&w, d->vq, c);
	/* A broken queue has been told already, and a request has room for Rlerror at least. */
	if (vq_put(&w, msg, len) == 0 && vq_push_quiet(d->vq, c, len) == 0)
		d->stats.in_bytes += len;
}

static void reject(struct p9 *d, const struct vq_chain *c, uint16_t tag, int ecode)
{
	struct p9_rlerror e = p9_rlerror(tag, (uint32_t)ecode);

	d->stats.rejected++;
	answer(d, c, &e, sizeof(e));
}

/* "The server should answer the Tflush; no answer to the old request follows": the guest gets
 * its buffers back all the same. */
static void end_flushed(struct p9 *d, const struct slot *flush)
{
	uint32_t old = flush->flushes ? find_slot(d, flush->old) : NONE;

	if (old == NONE || &d->slot[old] == flush)
		return;
	d->stats.flushed++;
	d->slot[old].used = false;
	answer(d, &d->slot[old].chain, NULL, 0);
}

static void work(struct p9 *d);

static void session_ended(struct p9 *d)
{
	d->ended = d->dirty = false;
	ev_timer_stop(&d->limit);
	work(d);
}

static void on_message(void *ctx, const uint8_t *msg, uint32_t len)
{
	struct p9 *d = ctx;
	struct p9_header raw;
	struct p9_head h;
	struct slot *s;
	uint32_t i;

	memcpy(&raw, msg, sizeof(raw));
	h = p9_head(&raw);
	if (d->ending || d->ended) {
		if (d->ended && h.type == P9_RVERSION && h.tag == P9_NOTAG)
			session_ended(d);
		return;
	}
	i = find_slot(d, h.tag);
	if (i == NONE || !d->vq) {
		d->stats.stray++;
		return;
	}
	s = &d->slot[i];
	if (h.type == P9_RFLUSH)
		end_flushed(d, s);
	s->used = false;
	d->stats.answers++;
	if (len > s->chain.in_bytes)
		reject(d, &s->chain, h.tag, EMSGSIZE);
	else
		answer(d, &s->chain, msg, len);
}

static void on_batch_end(void *ctx)
{
	struct p9 *d = ctx;

	/* Requests may have waited for a slot. */
	work(d);
}

static void on_gone(void *ctx, const char *why)
{
	struct p9 *d = ctx;

	/* Where nobody drives the device, its next start fails. */
	if (d->vq)
		d->v.host->needs_reset(d->v.host->ctx, why);
}

/* ---- towards the server ---- */

/* The session that was is to end, as soon as a message can be sent. */
static void end_session(struct p9 *d)
{
	uint8_t msg[P9_TVERSION_BYTES];

	if (!d->ending || !d->port->ops->ready(d->port))
		return;
	p9_tversion(msg);
	d->port->ops->send(d->port, msg, sizeof(msg));
	d->ending = false;
	d->ended = true;
}

static void on_limit(struct ev_timer *t, uint64_t now_ns)
{
	struct p9 *d = t->data;

	(void)now_ns;
	d->v.host->needs_reset(d->v.host->ctx, "the 9P server does not answer");
}

/* One request, whole, checked and on its way; or answered here. False: the queue was latched. */
static bool take(struct p9 *d, struct slot *s)
{
	struct vq_reader r;
	struct p9_header raw;
	struct p9_head h;
	uint32_t bytes = s->chain.out_bytes, len;
	int ecode;

	vq_reader_init(&r, d->vq, &s->chain);
	if (vq_get(&r, &raw, sizeof(raw)) || s->chain.in_bytes < sizeof(struct p9_rlerror)) {
		vq_break(d->vq, GUEST_E_SHORT, "9P request without room for a message");
		return false;
	}
	h = p9_head(&raw);
	ecode = p9_check_request(&h, bytes);
	if (!ecode && find_slot(d, h.tag) != NONE)
		ecode = EINVAL; /* two answers could not be told apart */
	if (ecode) {
		reject(d, &s->chain, h.tag, ecode);
		return true;
	}
	memcpy(d->buf, &raw, sizeof(raw));
	if (vq_get(&r, d->buf + sizeof(raw), h.size - (uint32_t)sizeof(raw))) {
		vq_break(d->vq, GUEST_E_RANGE, "9P request cannot be read");
		return false;
	}
	len = h.size;
	if (d->tree[0])
		len = p9_complete_attach(d->buf, len, sizeof(d->buf), d->tree);
	s->used = true;
	s->tag = h.tag;
	s->flushes = h.type == P9_TFLUSH && p9_flush_tag(d->buf, len, &s->old);
	d->dirty = true;
	d->stats.requests++;
	d->stats.out_bytes += len;
	d->port->ops->send(d->port, d->buf, len);
	return true;
}

static void work(struct p9 *d)
{
	for (unsigned int n = 0; d->vq && !d->ending && !d->ended; n++) {
		uint32_t i = free_slot(d);

		/* As many slots as the ring has: one is free while a request can be taken. */
		if (i == NONE || !d->port->ops->ready(d->port))
			break;
		if (n == TURN_REQUESTS) {
			ev_timer_at(&d->again, clock_now_ns());
			break;
		}
		if (vq_pop(d->vq, &d->slot[i].chain) != VQ_TAKEN || !take(d, &d->slot[i]))
			break;
	}
	if (d->vq)
		vq_flush(d->vq);
}

static void on_again(struct ev_timer *t, uint64_t now_ns)
{
	(void)now_ns;
	work(t->data);
}

static void on_writable(void *ctx)
{
	end_session(ctx);
	work(ctx);
}

/* ---- the device ---- */

static uint16_t p9_num_queues(const struct vdev *v)
{
	(void)v;
	return 1;
}

static uint16_t p9_queue_max(const struct vdev *v, unsigned int q)
{
	(void)v;
	(void)q;
	return P9_QUEUE_SIZE;
}

static uint64_t p9_features(const struct vdev *v)
{
	(void)v;
	return VIRTIO_BIT(VIRTIO_9P_F_MOUNT_TAG);
}

static uint32_t p9_config_bytes(const struct vdev *v)
{
	return 2u + ((const struct p9 *)v)->mount_tag_len;
}

static void p9_config_read(struct vdev *v, uint32_t off, void *dst, uint32_t len)
{
	const struct p9 *d = p9_of(v);
	uint8_t all[2 + P9_TAG_MAX];
	le16 n = le16_of(d->mount_tag_len);

	memcpy(all, &n, sizeof(n));
	memcpy(all + sizeof(n), d->mount_tag, d->mount_tag_len);
	memcpy(dst, all + off, len);
}

static int p9_start(struct vdev *v, uint64_t features)
{
	struct p9 *d = p9_of(v);
	const struct p9_sink sink = { on_message, on_batch_end, on_writable, on_gone, d };
	int rc;

	(void)features;
	if (!d->port->ops->alive(d->port))
		return -ENOTCONN;
	if (d->attached)
		return 0;
	rc = ev_timer_init(v->host->loop, &d->again, on_again, d);
	if (!rc)
		rc = ev_timer_init(v->host->loop, &d->limit, on_limit, d);
	if (!rc)
		rc = d->port->ops->attach(d->port, v->host->loop, &sink);
	d->attached = rc == 0;
	return rc;
}

static int p9_queue_start(struct vdev *v, unsigned int q, struct vq *vq)
{
	struct p9 *d = p9_of(v);

	(void)q;
	d->vq = vq;
	if (d->ending || d->ended)
		ev_timer_at(&d->limit, clock_now_ns() + d->limit_ms * NS_PER_MS);
	return 0;
}

static void p9_kick(struct vdev *v, unsigned int q)
{
	(void)q;
	work(p9_of(v));
}

static void p9_queue_stop(struct vdev *v, unsigned int q)
{
	struct p9 *d = p9_of(v);

	(void)q;
	d->vq = NULL;
	for (uint32_t i = 0; i < P9_QUEUE_SIZE; i++)
		d->slot[i].used = false;
	ev_timer_stop(&d->again);
	ev_timer_stop(&d->limit);
	if (d->dirty && !d->ended)
		d->ending = true;
	end_session(d);
}

static void p9_free(struct vdev *v)
{
	struct p9 *d = p9_of(v);

	ev_timer_fini(&d->again);
	ev_timer_fini(&d->limit);
	p9_port_free(d->port);
	free(d);
}

static const struct vdev_ops p9_ops = {
	.name = "9p",
	.id = VIRTIO_ID_9P,
	.pci_class = 0x018000, /* mass storage, other */
	.num_queues = p9_num_queues,
	.queue_max = p9_queue_max,
	.features = p9_features,
	.config_bytes = p9_config_bytes,
	.config_read = p9_config_read,
	.start = p9_start,
	.queue_start = p9_queue_start,
	.kick = p9_kick,
	.queue_stop = p9_queue_stop,
	.free = p9_free,
};

int p9_new(struct vdev **out, struct p9_port *port_take, const struct p9_config *cfg)
{
	size_t n = strlen(cfg->mount_tag), tree = cfg->tree ? strlen(cfg->tree) : 0;
	bool fits = n > 0 && n <= P9_TAG_MAX && tree < TREE_MAX;
	struct p9 *d = fits ? calloc(1, sizeof(*d)) : NULL;

	if (!d) {
		p9_port_free(port_take);
		return fits ? -ENOMEM : -EINVAL;
	}
	d->v.ops = &p9_ops;
	d->port = port_take;
	d->limit_ms = cfg->limit_ms ? cfg->limit_ms : DEFAULT_LIMIT_MS;
	snprintf(d->v.tag, sizeof(d->v.tag), "%s", cfg->tag);
	memcpy(d->mount_tag, cfg->mount_tag, n);
	d->mount_tag_len = (uint16_t)n;
	if (cfg->tree)
		memcpy(d->tree, cfg->tree, tree + 1);
	*out = &d->v;
	return 0;
}

struct p9_stats p9_stats(const struct vdev *v)
{
	return ((const struct p9 *)v)->stats;
}
