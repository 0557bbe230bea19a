/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets of the guest. They are taken as long as every answer that they may need has a place:
 * replies to packets without a connection wait in a short queue, what a connection owes the guest
 * in the connection.
 */
#include "base/log.h"
#include "devices/vsock/vsock_priv.h"

static void reply_reset(struct vsock_dev *d, const struct vsock_pkt *p)
{
	/* There is room: no packet is taken without it. */
	vsock_no_conn(p, &d->reply[(d->reply_head + d->n_replies++) % MAX_REPLIES]);
}

static void tx_refused(struct vsock_dev *d, const struct vsock_pkt *p, const char *why)
{
	log_guest("%s: packet refused: operation %u, type %u, port %u to %u: %s", d->v.tag, p->op,
		p->type, p->src_port, p->dst_port, why);
	d->st.tx_rejected++;
	if (p->op != VIRTIO_VSOCK_OP_RST)
		reply_reset(d, p);
}

static void tx_request(struct vsock_dev *d, const struct vsock_pkt *p)
{
	struct vsock_call call = { p->src_port, p->dst_port, (uint32_t)p->dst_cid, p->type };
	struct vsock_conn c;
	struct link *l;

	vsock_conn_asked(&c, p, VSOCK_BUF_BYTES);
	l = link_new(d, &c);
	if (!l || d->port->ops->connect(d->port, l->id, &call) < 0) {
		if (l)
			link_free(l);
		d->st.refused++;
		reply_reset(d, p);
		return;
	}
	link_limit(l, CONNECT_LIMIT_NS);
}

static void tx_accepted(struct link *l)
{
	struct vsock_dev *d = l->d;

	l->deadline_ns = 0;
	if (d->port->ops->answer(d->port, l->offer, true) < 0) {
		link_reset(l, "its other end is gone");
		return;
	}
	/* Until its socket is there. */
	link_limit(l, CONNECT_LIMIT_NS);
	d->st.accepts++;
}

/* The guest sent RST. */
static void tx_ended(struct link *l)
{
	struct vsock_dev *d = l->d;

	if (l->c.state == VSOCK_OFFERED) {
		d->st.refused++;
		(void)d->port->ops->answer(d->port, l->offer, false);
	}
	link_detach(l);
}

/* A rule was broken: RST, and nothing of it is left. */
static void tx_broken(struct link *l, const struct vsock_pkt *p, const char *why)
{
	struct vsock_dev *d = l->d;

	if (l->c.state == VSOCK_OFFERED)
		(void)d->port->ops->answer(d->port, l->offer, false);
	link_free(l);
	d->st.resets++;
	tx_refused(d, p, why);
}

static void tx_for_link(
	struct vsock_dev *d, struct link *l, const struct vsock_pkt *p, struct vq_reader *r)
{
	switch (vsock_conn_hear(&l->c, p)) {
	case VSOCK_HEARD_ACCEPTED:
		tx_accepted(l);
		break;
	case VSOCK_HEARD_DATA:
		if (host_take(l, r, p->len, p->flags) != 0) {
			tx_broken(l, p, "it cannot be kept");
			return;
		}
		d->st.tx_bytes += p->len;
		if (!host_flush(l))
			return;
		break;
	case VSOCK_HEARD_SHUT:
		if (l->c.state == VSOCK_ASKED && l->c.guest_shut == VIRTIO_VSOCK_SHUTDOWN_BOTH) {
			/* It waited long enough. */
			link_free(l);
			reply_reset(d, p);
			return;
		}
		if (!host_guest_shut(l))
			return;
		break;
	case VSOCK_HEARD_RST:
		tx_ended(l);
		return;
	case VSOCK_HEARD_BROKEN:
		tx_broken(l, p, "not in this state, or beyond its credit");
		return;
	case VSOCK_HEARD_NOTHING:
		break;
	}
	/* It may have credit now for what waits. */
	if (l->c.owed || l->can_read || l->has_msg)
		link_ready(l);
}

static void tx_one(struct vsock_dev *d)
{
	struct virtio_vsock_hdr h;
	struct vsock_pkt p;
	struct vsock_key key;
	struct vq_reader r;
	struct link *l;

	vq_reader_init(&r, d->vq[TXQ], &d->chain);
	d->st.tx_packets++;
	if (vq_get(&r, &h, sizeof(h)) != 0) {
		log_guest("%s: packet without a header", d->v.tag);
		d->st.tx_rejected++;
		return;
	}
	switch (vsock_parse(&h, r.left, d->cid, d->features, &p)) {
	case VSOCK_DROP:
		log_guest("%s: packet from context %llu, which is not the guest's", d->v.tag,
			(unsigned long long)p.src_cid);
		d->st.tx_rejected++;
		return;
	case VSOCK_REFUSE:
		tx_refused(d, &p, "no such packet");
		return;
	case VSOCK_TAKE:
		break;
	}
	key = (struct vsock_key){ p.src_port, p.dst_port, (uint32_t)p.dst_cid };
	l = link_find(d, &key);
	if (l)
		tx_for_link(d, l, &p, &r);
	else if (p.op == VIRTIO_VSOCK_OP_REQUEST)
		tx_request(d, &p);
	else if (p.op != VIRTIO_VSOCK_OP_RST)
		reply_reset(d, &p);
}

void vsock_tx_work(struct vsock_dev *d, uint32_t *turn)
{
	d->tx_waits = false;
	while (d->vq[TXQ]) {
		if (d->n_replies == MAX_REPLIES) {
			d->tx_waits = true;
			break;
		}
		if (*turn == 0) {
			vsock_go_on_later(d);
			break;
		}
		if (vq_pop(d->vq[TXQ], &d->chain) != VQ_TAKEN)
			break;
		(*turn)--;
		tx_one(d);
		/* Not zero: the queue was latched meanwhile, and the transport knows. */
		if (vq_push_quiet(d->vq[TXQ], &d->chain, 0) != 0)
			break;
	}
	if (d->vq[TXQ])
		vq_flush(d->vq[TXQ]);
}
