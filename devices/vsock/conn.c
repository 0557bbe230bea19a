/* SPDX-License-Identifier: Apache-2.0 */
/* The state machine of a connection; see conn.h. Counters are 32 bits wide and wrap, as they do on
 * the wire. */
#include "devices/vsock/conn.h"

void vsock_conn_asked(struct vsock_conn *c, const struct vsock_pkt *request, uint32_t buf_alloc)
{
	*c = (struct vsock_conn){ .key = { request->src_port, request->dst_port,
					  (uint32_t)request->dst_cid },
		.state = VSOCK_ASKED,
		.type = request->type,
		.buf_alloc = buf_alloc,
		.peer_alloc = request->buf_alloc,
		.peer_fwd = 0 };
}

void vsock_conn_offered(
	struct vsock_conn *c, const struct vsock_key *key, uint16_t type, uint32_t buf_alloc)
{
	*c = (struct vsock_conn){ .key = *key,
		.state = VSOCK_OFFERED,
		.type = type,
		.owed = VSOCK_OWE_REQUEST,
		.buf_alloc = buf_alloc };
}

void vsock_conn_found(struct vsock_conn *c)
{
	c->state = VSOCK_OPEN;
	c->owed |= VSOCK_OWE_RESPONSE;
}

void vsock_conn_reset(struct vsock_conn *c)
{
	c->state = VSOCK_RESETTING;
	c->owed = VSOCK_OWE_RST;
}

void vsock_conn_host_shut(struct vsock_conn *c, uint32_t flags)
{
	if (c->state != VSOCK_OPEN || (c->host_shut | flags) == c->host_shut)
		return;
	c->host_shut |= flags;
	c->owed |= VSOCK_OWE_SHUTDOWN;
}

/* Bytes that the guest believes it may still send. */
static uint32_t told_room(const struct vsock_conn *c)
{
	return c->buf_alloc - (c->rx_cnt - c->told_fwd);
}

/* Rarely enough not to cost, early enough that a guest with more to send need not wait. */
static void owe_credit(struct vsock_conn *c)
{
	if (c->state == VSOCK_OPEN && c->fwd_cnt != c->told_fwd &&
		told_room(c) < c->buf_alloc / 2 && !(c->guest_shut & VIRTIO_VSOCK_SHUTDOWN_F_SEND))
		c->owed |= VSOCK_OWE_CREDIT;
}

/* fwd_cnt never goes back. An older one can arrive where the driver's threads overtake each other,
 * one from the future only from a driver that is broken: neither is believed. */
static void hear_credit(struct vsock_conn *c, const struct vsock_pkt *p)
{
	if (c->tx_cnt - p->fwd_cnt <= c->tx_cnt - c->peer_fwd)
		c->peer_fwd = p->fwd_cnt;
	c->peer_alloc = p->buf_alloc;
	if (vsock_conn_room(c) > 0)
		c->asked = false;
}

static enum vsock_heard hear_data(struct vsock_conn *c, const struct vsock_pkt *p)
{
	if (c->state != VSOCK_OPEN || c->guest_shut & VIRTIO_VSOCK_SHUTDOWN_F_SEND)
		return VSOCK_HEARD_BROKEN;
	/* Not what there is by now: a driver that sends more than it was told breaks the rules, and
	 * room that was never told could not be counted. */
	if (p->len > told_room(c))
		return VSOCK_HEARD_BROKEN;
	c->rx_cnt += p->len;
	owe_credit(c);
	return VSOCK_HEARD_DATA;
}

enum vsock_heard vsock_conn_hear(struct vsock_conn *c, const struct vsock_pkt *p)
{
	if (p->op == VIRTIO_VSOCK_OP_RST)
		return VSOCK_HEARD_RST;
	if (c->state == VSOCK_RESETTING)
		return VSOCK_HEARD_NOTHING;
	if (p->type != c->type)
		return VSOCK_HEARD_BROKEN;
	hear_credit(c, p);
	switch (p->op) {
	case VIRTIO_VSOCK_OP_RESPONSE:
		if (c->state != VSOCK_OFFERED || c->owed & VSOCK_OWE_REQUEST)
			return VSOCK_HEARD_BROKEN;
		c->state = VSOCK_OPEN;
		return VSOCK_HEARD_ACCEPTED;
	case VIRTIO_VSOCK_OP_SHUTDOWN:
		if (c->state == VSOCK_OFFERED)
			return VSOCK_HEARD_BROKEN;
		c->guest_shut |= p->flags & VIRTIO_VSOCK_SHUTDOWN_BOTH;
		return VSOCK_HEARD_SHUT;
	case VIRTIO_VSOCK_OP_RW:
		return hear_data(c, p);
	case VIRTIO_VSOCK_OP_CREDIT_REQUEST:
		if (c->state == VSOCK_OPEN)
			c->owed |= VSOCK_OWE_CREDIT;
		return VSOCK_HEARD_NOTHING;
	case VIRTIO_VSOCK_OP_CREDIT_UPDATE:
		return VSOCK_HEARD_NOTHING;
	default: /* a REQUEST for what is connected, or about to be */
		return VSOCK_HEARD_BROKEN;
	}
}

uint32_t vsock_conn_room(const struct vsock_conn *c)
{
	uint32_t on_the_way = c->tx_cnt - c->peer_fwd;

	/* A driver may make its buffer smaller than what is in it. */
	return c->peer_alloc > on_the_way ? c->peer_alloc - on_the_way : 0;
}

void vsock_conn_forwarded(struct vsock_conn *c, uint32_t len)
{
	c->fwd_cnt += len;
	owe_credit(c);
}

static void fill(
	struct vsock_conn *c, uint64_t cid, uint16_t op, uint32_t flags, struct virtio_vsock_hdr *h)
{
	*h = (struct virtio_vsock_hdr){ .src_cid = le64_of(c->key.peer_cid),
		.dst_cid = le64_of(cid),
		.src_port = le32_of(c->key.peer_port),
		.dst_port = le32_of(c->key.guest_port),
		.type = le16_of(c->type),
		.op = le16_of(op),
		.flags = le32_of(flags),
		.buf_alloc = le32_of(c->buf_alloc),
		.fwd_cnt = le32_of(c->fwd_cnt) };
	/* Every packet tells the credit. */
	c->told_fwd = c->fwd_cnt;
	c->owed &= ~VSOCK_OWE_CREDIT;
}

bool vsock_conn_speak(struct vsock_conn *c, uint64_t cid, struct virtio_vsock_hdr *out)
{
	/* In the order in which the guest must see them. */
	static const struct {
		uint32_t owed;
		uint16_t op;
	} order[] = {
		{ VSOCK_OWE_RST, VIRTIO_VSOCK_OP_RST },
		{ VSOCK_OWE_REQUEST, VIRTIO_VSOCK_OP_REQUEST },
		{ VSOCK_OWE_RESPONSE, VIRTIO_VSOCK_OP_RESPONSE },
		{ VSOCK_OWE_CREDIT, VIRTIO_VSOCK_OP_CREDIT_UPDATE },
		{ VSOCK_OWE_ASK, VIRTIO_VSOCK_OP_CREDIT_REQUEST },
		{ VSOCK_OWE_SHUTDOWN, VIRTIO_VSOCK_OP_SHUTDOWN },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(order); i++) {
		if (!(c->owed & order[i].owed))
			continue;
		c->owed &= ~order[i].owed;
		fill(c, cid, order[i].op, order[i].owed == VSOCK_OWE_SHUTDOWN ? c->host_shut : 0,
			out);
		return true;
	}
	return false;
}

void vsock_conn_send(struct vsock_conn *c, uint64_t cid, uint32_t len, uint32_t flags,
	struct virtio_vsock_hdr *out)
{
	fill(c, cid, VIRTIO_VSOCK_OP_RW, flags, out);
	out->len = le32_of(len);
	c->tx_cnt += len;
}

void vsock_no_conn(const struct vsock_pkt *p, struct virtio_vsock_hdr *out)
{
	*out = (struct virtio_vsock_hdr){ .src_cid = le64_of(p->dst_cid),
		.dst_cid = le64_of(p->src_cid),
		.src_port = le32_of(p->dst_port),
		.dst_port = le32_of(p->src_port),
		.type = le16_of(p->type),
		.op = le16_of(VIRTIO_VSOCK_OP_RST) };
}
