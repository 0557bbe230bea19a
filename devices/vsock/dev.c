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
/* How long the bench may look for the other end, and a guest may take to answer REQUEST. */
#define CONNECT_LIMIT_NS (10 * NS_PER_S)

#define F(name) VIRTIO_BIT(VIRTIO_VSOCK_F_##name)

static struct vsock_dev *dev_of(struct vdev *v)
{
	return (struct vsock_dev *)v;
}

/* ---- the table of connections ---- */

static struct link **bucket(struct vsock_dev *d, const struct vsock_key *k)
{
	uint32_t h = k->guest_port * 0x9e3779b1u ^ k->peer_port * 0x85ebca6bu ^ k->peer_cid;

	return &d->hash[(h ^ h >> 16) % HASH_SIZE];
}

static struct link *find(struct vsock_dev *d, const struct vsock_key *k)
{
	struct link *l = *bucket(d, k);

	while (l && (l->c.key.guest_port != k->guest_port || l->c.key.peer_port != k->peer_port ||
			    l->c.key.peer_cid != k->peer_cid))
		l = l->hash_next;
	return l;
}

static void unlink_key(struct link *l)
{
	struct link **p = bucket(l->d, &l->c.key);

	while (*p && *p != l)
		p = &(*p)->hash_next;
	if (*p)
		*p = l->hash_next;
}

static struct link *by_id(struct vsock_dev *d, uint32_t id)
{
	struct link *l = d->links[id % VSOCK_MAX_LINKS];

	return l && l->id == id ? l : NULL;
}

void link_watch(struct vsock_dev *d, uint32_t id)
{
	struct link *l = by_id(d, id);

	if (l)
		host_watch(l);
}

/* A link for a connection that `c` describes but for its buffer; NULL when there are too many. */
static struct link *link_new(struct vsock_dev *d, const struct vsock_conn *c)
{
	struct link *l;
	uint32_t slot = d->next_slot;

	if (d->n_links == d->max_links)
		return NULL;
	while (d->links[slot])
		slot = (slot + 1) % VSOCK_MAX_LINKS;
	l = calloc(1, sizeof(*l));
	if (!l)
		return NULL;
	l->d = d;
	l->c = *c;
	if (d->promised >= VSOCK_BUDGET_BYTES)
		l->c.buf_alloc = VSOCK_SMALL_BUF_BYTES;
	if (host_init(l) < 0) {
		host_fini(l);
		free(l);
		return NULL;
	}
	l->id = slot + VSOCK_MAX_LINKS * (d->generation++ % (UINT32_MAX / VSOCK_MAX_LINKS));
	l->hash_next = *bucket(d, &l->c.key);
	*bucket(d, &l->c.key) = l;
	d->links[slot] = l;
	d->next_slot = (slot + 1) % VSOCK_MAX_LINKS;
	d->n_links++;
	d->promised += l->cost;
	return l;
}

static void unqueue(struct link *l)
{
	struct vsock_dev *d = l->d;
	struct link **p = &d->ready_head;

	if (!l->queued)
		return;
	while (*p != l)
		p = &(*p)->ready_next;
	*p = l->ready_next;
	if (d->ready_tail == &l->ready_next)
		d->ready_tail = p;
	l->queued = false;
}

void link_free(struct link *l)
{
	struct vsock_dev *d = l->d;

	unqueue(l);
	if (l->c.state != VSOCK_ENDED)
		unlink_key(l);
	d->links[l->id % VSOCK_MAX_LINKS] = NULL;
	d->n_links--;
	d->promised -= l->cost;
	host_fini(l);
	free(l);
}

void link_ready(struct link *l)
{
	struct vsock_dev *d = l->d;

	if (l->queued || l->c.state == VSOCK_ENDED)
		return;
	l->queued = true;
	l->ready_next = NULL;
	*d->ready_tail = l;
	d->ready_tail = &l->ready_next;
}

void link_limit(struct link *l, uint64_t in_ns)
{
	struct ev_timer *t = &l->d->limits;

	l->deadline_ns = clock_now_ns() + in_ns;
	if (!t->deadline_ns || l->deadline_ns < t->deadline_ns)
		ev_timer_at(t, l->deadline_ns);
}

void link_reset(struct link *l, const char *why)
{
	log_guest("%s: port %u to %u of context %u: %s", l->d->v.tag, l->c.key.guest_port,
		l->c.key.peer_port, l->c.key.peer_cid, why);
	l->d->st.resets++;
	ev_io_del(&l->io);
	fd_close(&l->end.fd);
	l->deadline_ns = 0;
	if (l->c.state == VSOCK_ENDED) {
		/* The guest is told nothing; what waits is dropped by the next time limit. */
		link_limit(l, 0);
		return;
	}
	vsock_conn_reset(&l->c);
	link_ready(l);
}

/* The guest knows nothing of it any more; what it sent before still goes to the host. */
static void link_detach(struct link *l)
{
	if (l->c.state != VSOCK_OPEN || !host_waits(l)) {
		link_free(l);
		return;
	}
	unlink_key(l);
	unqueue(l);
	l->c.state = VSOCK_ENDED;
	l->c.owed = 0;
	host_watch(l);
	/* (host_flush() gives it more time whenever something could be passed on) */
	link_limit(l, STALL_LIMIT_NS);
}

static void limit_over(struct link *l)
{
	switch (l->c.state) {
	case VSOCK_ASKED:
		link_reset(l, "the other end was not found in time");
		break;
	case VSOCK_OFFERED:
		(void)l->d->port->ops->answer(l->d->port, l->offer, false);
		link_reset(l, "the guest does not answer");
		break;
	case VSOCK_OPEN:
		link_reset(l, "the guest does not end it");
		break;
	case VSOCK_ENDED:
		link_free(l);
		break;
	case VSOCK_RESETTING:
		break;
	}
}

static void on_limits(struct ev_timer *t, uint64_t now_ns)
{
	struct vsock_dev *d = t->data;
	uint64_t next = 0;

	for (uint32_t i = 0; i < VSOCK_MAX_LINKS; i++) {
		struct link *l = d->links[i];

		if (!l || !l->deadline_ns)
			continue;
		if (l->deadline_ns > now_ns) {
			next = next ? MIN(next, l->deadline_ns) : l->deadline_ns;
			continue;
		}
		l->deadline_ns = 0;
		limit_over(l);
	}
	if (next)
		ev_timer_at(t, next);
	vsock_work(d);
}

/* ---- packets of the guest ---- */

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
	l = find(d, &key);
	if (l)
		tx_for_link(d, l, &p, &r);
	else if (p.op == VIRTIO_VSOCK_OP_REQUEST)
		tx_request(d, &p);
	else if (p.op != VIRTIO_VSOCK_OP_RST)
		reply_reset(d, &p);
}

/* A turn's work is full: the rest is for the next turn. */
static void go_on_later(struct vsock_dev *d)
{
	ev_timer_at(&d->again, 1);
}

static void tx_work(struct vsock_dev *d, uint32_t *turn)
{
	d->tx_waits = false;
	while (d->vq[TXQ]) {
		if (d->n_replies == MAX_REPLIES) {
			d->tx_waits = true;
			break;
		}
		if (*turn == 0) {
			go_on_later(d);
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

/* ---- packets to the guest ---- */

/* The next receive buffer, to d->rx[held], where `held` others are in hand already: with its data's
 * pieces behind the header in iov (at most *n_iov, which becomes their number). False: there is
 * none that is of use. */
static bool rx_pop(struct vsock_dev *d, uint32_t held, struct iovec *iov, uint32_t *n_iov)
{
	struct vq_chain *c = &d->rx[held];
	uint32_t most = *n_iov, skip, n;

	while (vq_pop(d->vq[RXQ], c) == VQ_TAKEN) {
		bool fits = c->in_bytes > HDR_BYTES;

		skip = HDR_BYTES;
		n = 0;
		for (uint32_t i = 0; fits && i < c->n_in && n < most; i++) {
			const struct vq_seg *s = &c->seg[c->n_out + i];
			uint32_t hdr = MIN(skip, s->len);

			skip -= hdr;
			if (s->len == hdr)
				continue;
			iov[n].iov_base =
				gmem_pin(d->v.host->mem, (gpa){ s->addr.v + hdr }, s->len - hdr);
			iov[n].iov_len = s->len - hdr;
			fits = iov[n++].iov_base != NULL;
		}
		if (fits) {
			*n_iov = n;
			return true;
		}
		if (held > 0) {
			/* Those in hand may have to go back, and before them what came later. */
			vq_unpop(d->vq[RXQ], c);
			return false;
		}
		log_guest("%s: receive buffer of %u bytes is of no use", d->v.tag, c->in_bytes);
		if (vq_push_quiet(d->vq[RXQ], c, 0) != 0)
			return false;
	}
	return false;
}

static void rx_push(struct vsock_dev *d, const struct vq_chain *c, const struct virtio_vsock_hdr *h,
	uint32_t data)
{
	struct vq_writer w;

	vq_writer_init(&w, d->vq[RXQ], c);
	if (vq_put(&w, h, sizeof(*h)) == 0 && vq_push_quiet(d->vq[RXQ], c, HDR_BYTES + data) == 0) {
		d->st.rx_packets++;
		d->st.rx_bytes += data;
	}
}

enum rx { RX_SAID, RX_NOTHING, RX_NO_BUFFER };

/* A control packet. */
static bool rx_header(struct vsock_dev *d, const struct virtio_vsock_hdr *h)
{
	struct iovec iov[RX_IOV];
	uint32_t n = RX_IOV;

	if (!rx_pop(d, 0, iov, &n))
		return false;
	rx_push(d, &d->rx[0], h, 0);
	return true;
}

/* There is no buffer for what is owed: it stays owed. */
static enum rx rx_control(struct link *l)
{
	struct vsock_dev *d = l->d;
	struct virtio_vsock_hdr h;
	struct iovec iov[RX_IOV];
	uint32_t n = RX_IOV;

	if (!rx_pop(d, 0, iov, &n))
		return RX_NO_BUFFER;
	if (!vsock_conn_speak(&l->c, d->cid, &h)) {
		vq_unpop(d->vq[RXQ], &d->rx[0]);
		return RX_NOTHING;
	}
	rx_push(d, &d->rx[0], &h, 0);
	return RX_SAID;
}

/* Puts the first `got` bytes, which lie in the buffers already, behind headers; returns the buffers
 * that were not used. */
static void rx_stream_push(struct link *l, uint32_t count, const uint32_t *room, uint32_t got)
{
	struct vsock_dev *d = l->d;
	uint32_t used = 0;

	while (used < count && got > 0) {
		struct virtio_vsock_hdr h;
		uint32_t part = MIN(got, room[used]);

		vsock_conn_send(&l->c, d->cid, part, 0, &h);
		rx_push(d, &d->rx[used], &h, part);
		got -= part;
		used++;
	}
	while (count > used)
		vq_unpop(d->vq[RXQ], &d->rx[--count]);
}

/* Reads what the credit allows into as many buffers as it takes. */
static enum rx rx_stream(struct link *l, uint32_t credit)
{
	struct vsock_dev *d = l->d;
	struct iovec iov[RX_IOV];
	uint32_t room[RX_BATCH], n_iov = 0, count = 0, total = 0;
	ssize_t got;

	while (count < RX_BATCH && total < credit && n_iov < RX_IOV) {
		uint32_t n = RX_IOV - n_iov;

		if (!rx_pop(d, count, iov + n_iov, &n))
			break;
		room[count] = 0;
		for (uint32_t i = n_iov; i < n_iov + n; i++) {
			iov[i].iov_len = MIN(iov[i].iov_len, credit - total);
			room[count] += (uint32_t)iov[i].iov_len;
			total += (uint32_t)iov[i].iov_len;
		}
		n_iov += n;
		count++;
	}
	if (count == 0)
		return RX_NO_BUFFER;
	got = host_read(l, iov, n_iov);
	rx_stream_push(l, count, room, got > 0 ? (uint32_t)got : 0);
	if (got == 0)
		host_ended(l);
	/* Where there is more all the same, the loop says so. */
	if (got > 0 && (uint32_t)got < total && !l->hung_up)
		l->can_read = false;
	return got >= 0 ? RX_SAID : RX_NOTHING;
}

/* Passes a piece of a message on; reads the next message first where there is none. */
static enum rx rx_message(struct link *l, uint32_t credit)
{
	struct vsock_dev *d = l->d;
	struct virtio_vsock_hdr h;
	struct iovec iov[RX_IOV];
	uint32_t n = RX_IOV, part = 0;

	if (!l->has_msg) {
		int rc = host_read_message(l);

		if (rc == 0)
			host_ended(l);
		if (rc == -EMSGSIZE || (rc > 0 && l->msg_len > l->c.peer_alloc))
			link_reset(
				l, "a message is longer than the guest's buffer or the device's");
		if (!l->has_msg || l->c.state != VSOCK_OPEN)
			return rc == -EAGAIN ? RX_NOTHING : RX_SAID;
	}
	if (credit == 0 && l->msg_len > l->msg_at)
		return RX_NOTHING;
	if (!rx_pop(d, 0, iov, &n))
		return RX_NO_BUFFER;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t piece = (uint32_t)MIN(
			iov[i].iov_len, (size_t)MIN(l->msg_len - l->msg_at, credit - part));

		memcpy(iov[i].iov_base, l->msg + l->msg_at, piece);
		l->msg_at += piece;
		part += piece;
	}
	l->has_msg = l->msg_at < l->msg_len;
	vsock_conn_send(&l->c, d->cid, part, l->has_msg ? 0 : l->msg_flags, &h);
	rx_push(d, &d->rx[0], &h, part);
	return RX_SAID;
}

/* Lets a link say one thing. */
static enum rx rx_link(struct link *l)
{
	uint32_t credit;

	if (l->c.owed)
		return rx_control(l);
	if (l->c.state != VSOCK_OPEN || l->end.fd < 0 || l->eof || l->rd_shut ||
		!(l->can_read || l->has_msg))
		return RX_NOTHING;
	credit = vsock_conn_room(&l->c);
	if (credit == 0 && !l->c.asked) {
		/* Its driver may know of room that we do not. */
		l->c.asked = true;
		l->c.owed |= VSOCK_OWE_ASK;
		return rx_control(l);
	}
	if (l->c.type == VIRTIO_VSOCK_TYPE_SEQPACKET)
		return credit || l->has_msg ? rx_message(l, credit) : RX_NOTHING;
	return credit ? rx_stream(l, credit) : RX_NOTHING;
}

/* Takes the first of those that are ready, `l`, out of their list. */
static void ready_take(struct link *l)
{
	struct vsock_dev *d = l->d;

	d->ready_head = l->ready_next;
	if (!d->ready_head)
		d->ready_tail = &d->ready_head;
	l->queued = false;
}

/* The driver has a buffer for none: whoever was first stays first. */
static void ready_again_first(struct link *l)
{
	struct vsock_dev *d = l->d;

	if (l->queued)
		return;
	l->queued = true;
	l->ready_next = d->ready_head;
	d->ready_head = l;
	if (d->ready_tail == &d->ready_head)
		d->ready_tail = &l->ready_next;
}

static void rx_work(struct vsock_dev *d, uint32_t *turn)
{
	while (d->vq[RXQ] && (d->n_replies || d->ready_head)) {
		struct link *l = d->ready_head;

		if (*turn == 0) {
			go_on_later(d);
			break;
		}
		(*turn)--;
		if (d->n_replies) {
			if (!rx_header(d, &d->reply[d->reply_head]))
				break;
			d->reply_head = (d->reply_head + 1) % MAX_REPLIES;
			d->n_replies--;
			continue;
		}
		ready_take(l);
		switch (rx_link(l)) {
		case RX_SAID:
			if (l->c.state == VSOCK_RESETTING && !l->c.owed)
				link_free(l);
			else
				link_ready(l);
			break;
		case RX_NOTHING:
			host_watch(l);
			break;
		case RX_NO_BUFFER:
			ready_again_first(l);
			host_watch(l);
			goto out;
		}
	}
out:
	if (d->vq[RXQ])
		vq_flush(d->vq[RXQ]);
}

void vsock_work(struct vsock_dev *d)
{
	uint32_t turn = TURN_PACKETS;

	if (!d->started)
		return;
	do {
		tx_work(d, &turn);
		rx_work(d, &turn);
	} while (d->tx_waits && d->n_replies < MAX_REPLIES && turn > 0);
	/* Room again, but the turn is over. */
	if (d->tx_waits && d->n_replies < MAX_REPLIES)
		go_on_later(d);
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
	struct link *l = by_id(d, id);

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
	if (d->started && d->vq[RXQ] && vsock_type_ok(call->type, d->features) && !find(d, &key))
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
			rc = ev_timer_init(v->host->loop, &d->limits, on_limits, d);
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
