/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtio-vsock device: its queues, its table of connections, and who speaks next. Packets of
 * the guest are taken as long as every answer that they may need has a place: replies to packets
 * without a connection wait in a short queue, what a connection owes the guest in the connection.
 * When that queue is full no packet is taken until the driver gave a receive buffer, so that
 * neither side can make the other wait for ever ("Virtqueue Flow Control").
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "devices/vsock/vsock_priv.h"

#define QUEUE_SIZE 256
#define EVQ_SIZE   8
/* Packets in one turn of the loop: a guest that sends without end shares it. */
#define TURN_PACKETS 256u

#define F(name) VIRTIO_BIT(VIRTIO_VSOCK_F_##name)

static struct vsock_dev *dev_of(struct vdev *v)
{
	return (struct vsock_dev *)v;
}

void vsock_go_on_later(struct vsock_dev *d)
{
	ev_timer_at(&d->again, 1);
}

void vsock_work(struct vsock_dev *d)
{
	uint32_t turn = TURN_PACKETS;

	if (!d->started)
		return;
	do {
		vsock_tx_work(d, &turn);
		vsock_rx_work(d, &turn);
	} while (d->tx_waits && d->n_replies < MAX_REPLIES && turn > 0);
	/* Room again, but the turn is over. */
	if (d->tx_waits && d->n_replies < MAX_REPLIES)
		vsock_go_on_later(d);
}

static void on_again(struct ev_timer *t, uint64_t now_ns)
{
	(void)now_ns;
	vsock_work(t->data);
}

/* ---- the port ---- */

static void on_result(void *ctx, uint32_t id, struct vsock_end end_take)
{
	struct vsock_dev *d = ctx;
	struct link *l = link_by_id(d, id);

	if (!l || l->c.state != VSOCK_ASKED) {
		/* The guest has given up meanwhile. */
		fd_close(&end_take.fd);
		return;
	}
	l->deadline_ns = 0;
	if (end_take.fd >= 0 && host_attach(l, end_take) == 0) {
		vsock_conn_found(&l->c);
		d->st.connects++;
		/* It may have closed a direction already. */
		if (!host_guest_shut(l))
			return;
		host_watch(l);
	} else {
		d->st.refused++;
		fd_close(&l->end.fd);
		vsock_conn_reset(&l->c);
	}
	link_ready(l);
	vsock_work(d);
}

static void on_offer(void *ctx, uint32_t id, const struct vsock_call *call)
{
	struct vsock_key key = { call->guest_port, call->peer_port, call->peer_cid };
	struct vsock_dev *d = ctx;
	struct vsock_conn c;
	struct link *l = NULL;

	vsock_conn_offered(&c, &key, call->type, VSOCK_BUF_BYTES);
	if (d->started && d->vq[RXQ] && vsock_type_ok(call->type, d->features) &&
		!link_find(d, &key))
		l = link_new(d, &c);
	if (!l) {
		d->st.refused++;
		(void)d->port->ops->answer(d->port, id, false);
		return;
	}
	l->offer = id;
	link_limit(l, CONNECT_LIMIT_NS);
	link_ready(l);
	vsock_work(d);
}

static struct link *by_offer(struct vsock_dev *d, uint32_t offer)
{
	for (uint32_t i = 0; i < VSOCK_MAX_LINKS; i++) {
		struct link *l = d->links[i];

		if (l && l->offer == offer && l->end.fd < 0 &&
			(l->c.state == VSOCK_OPEN || l->c.state == VSOCK_ENDED))
			return l;
	}
	return NULL;
}

static void on_hand(void *ctx, uint32_t id, struct vsock_end end_take)
{
	struct vsock_dev *d = ctx;
	struct link *l = by_offer(d, id);

	if (!l) {
		fd_close(&end_take.fd);
		return;
	}
	l->deadline_ns = 0;
	if (end_take.fd < 0 || host_attach(l, end_take) < 0) {
		link_reset(l, "its other end is gone");
	} else {
		if (!host_guest_shut(l))
			return;
		host_watch(l);
		link_ready(l);
	}
	vsock_work(d);
}

static void on_gone(void *ctx)
{
	struct vsock_dev *d = ctx;

	log_warn("%s: nobody makes its connections any more", d->v.tag);
	for (uint32_t i = 0; i < VSOCK_MAX_LINKS; i++) {
		struct link *l = d->links[i];

		if (l && l->end.fd < 0 && l->c.state != VSOCK_RESETTING)
			link_reset(l, "its other end is gone");
	}
	vsock_work(d);
}

/* ---- ops ---- */

static uint16_t vsock_num_queues(const struct vdev *v)
{
	(void)v;
	return NUM_QUEUES;
}

static uint16_t vsock_queue_max(const struct vdev *v, unsigned int q)
{
	(void)v;
	return q == EVQ ? EVQ_SIZE : QUEUE_SIZE;
}

static uint64_t vsock_features(const struct vdev *v)
{
	(void)v;
	return F(STREAM) | F(SEQPACKET) | F(NO_IMPLIED_STREAM);
}

static uint32_t vsock_config_bytes(const struct vdev *v)
{
	(void)v;
	return sizeof(struct virtio_vsock_config);
}

static void vsock_config_read(struct vdev *v, uint32_t off, void *dst, uint32_t len)
{
	struct virtio_vsock_config cfg = { .guest_cid = le64_of(dev_of(v)->cid) };

	memcpy(dst, (const uint8_t *)&cfg + off, len);
}

static int vsock_start(struct vdev *v, uint64_t features)
{
	struct vsock_dev *d = dev_of(v);
	struct vsock_sink sink = { on_result, on_offer, on_hand, on_gone, d };
	int rc = 0;

	d->features = features;
	if (!d->attached) {
		rc = ev_timer_init(v->host->loop, &d->again, on_again, d);
		if (rc == 0)
			rc = ev_timer_init(v->host->loop, &d->limits, links_on_limits, d);
		if (rc == 0)
			rc = d->port->ops->attach(d->port, v->host->loop, &sink);
		d->attached = rc == 0;
	}
	d->started = rc == 0;
	return rc;
}

static int vsock_queue_start(struct vdev *v, unsigned int q, struct vq *vq)
{
	dev_of(v)->vq[q] = vq;
	return 0;
}

static void vsock_kick(struct vdev *v, unsigned int q)
{
	/* The event queue's buffers lie there until an event comes. */
	if (q != EVQ)
		vsock_work(dev_of(v));
}

static void vsock_queue_stop(struct vdev *v, unsigned int q)
{
	dev_of(v)->vq[q] = NULL;
}

/* The driver is gone: it knows of no connection any more. */
static void vsock_stop(struct vdev *v)
{
	struct vsock_dev *d = dev_of(v);

	d->started = false;
	for (unsigned int q = 0; q < NUM_QUEUES; q++)
		vsock_queue_stop(v, q);
	for (uint32_t i = 0; i < VSOCK_MAX_LINKS; i++) {
		struct link *l = d->links[i];

		if (l && l->c.state == VSOCK_OFFERED)
			(void)d->port->ops->answer(d->port, l->offer, false);
		if (l && l->c.state != VSOCK_ENDED)
			link_detach(l);
	}
	d->n_replies = 0;
	d->tx_waits = false;
	d->features = 0;
}

static void vsock_free(struct vdev *v)
{
	struct vsock_dev *d = dev_of(v);

	for (uint32_t i = 0; i < VSOCK_MAX_LINKS; i++) {
		if (d->links[i])
			link_free(d->links[i]);
	}
	ev_timer_fini(&d->again);
	ev_timer_fini(&d->limits);
	vsock_port_free(d->port);
	free(d);
}

static const struct vdev_ops vsock_ops = {
	.name = "vsock",
	.id = VIRTIO_ID_VSOCK,
	.pci_class = 0x078000, /* communication controller, other */
	.num_queues = vsock_num_queues,
	.queue_max = vsock_queue_max,
	.features = vsock_features,
	.config_bytes = vsock_config_bytes,
	.config_read = vsock_config_read,
	.start = vsock_start,
	.queue_start = vsock_queue_start,
	.kick = vsock_kick,
	.queue_stop = vsock_queue_stop,
	.stop = vsock_stop,
	.free = vsock_free,
};

int vsock_dev_new(
	struct vdev **out, struct vsock_port *port_take, const struct vsock_dev_config *cfg)
{
	struct vsock_dev *d = NULL;
	int rc = -EINVAL;

	if (cfg->cid >= VIRTIO_VSOCK_CID_FIRST && cfg->cid <= VIRTIO_VSOCK_CID_LAST) {
		d = calloc(1, sizeof(*d));
		rc = -ENOMEM;
	}
	if (!d) {
		vsock_port_free(port_take);
		return rc;
	}
	d->v.ops = &vsock_ops;
	(void)snprintf(d->v.tag, sizeof(d->v.tag), "%s", cfg->tag ? cfg->tag : "vsock");
	d->cid = cfg->cid;
	d->max_links = cfg->max_links ? MIN(cfg->max_links, VSOCK_MAX_LINKS) : VSOCK_MAX_LINKS;
	d->port = port_take;
	d->ready_tail = &d->ready_head;
	*out = &d->v;
	return 0;
}

void vsock_dev_get_stats(const struct vdev *v, struct vsock_dev_stats *out)
{
	const struct vsock_dev *d = (const struct vsock_dev *)v;

	*out = d->st;
	out->links = d->n_links;
}
