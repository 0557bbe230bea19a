/* SPDX-License-Identifier: Apache-2.0 */
/* Packets to the guest: replies, what connections owe, and what their sockets bring. */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "devices/vsock/vsock_priv.h"

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

void vsock_rx_work(struct vsock_dev *d, uint32_t *turn)
{
	while (d->vq[RXQ] && (d->n_replies || d->ready_head)) {
		struct link *l = d->ready_head;

		if (*turn == 0) {
			vsock_go_on_later(d);
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
