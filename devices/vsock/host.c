/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's side of a connection: an AF_UNIX socket that is written from a bounded ring and read
 * straight into the guest's buffers. Where the host's program stops reading, the ring fills and
 * with it the guest's credit; nobody else waits.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/proto/vsock_port.h"
#include "devices/vsock/vsock_priv.h"

/* How long a driver may take to answer a shutdown of both directions with RST. */
#define CLOSE_LIMIT_NS (8 * NS_PER_S)

/* Head of a message in the ring. */
#define MSG_LEN(head)  ((head)&0x3fffffffu)
#define MSG_EOR_HEAD   0x40000000u
#define MSG_HEAD_BYTES ((uint32_t)sizeof(le32))
/* The smallest message that costs credit is one byte long: its head must find room, too. */
#define RING_PER_BYTE (MSG_HEAD_BYTES + 1)
/* Pieces of a request that are written at once. */
#define TX_IOV 32u

static bool is_stream(const struct link *l)
{
	return l->c.type == VIRTIO_VSOCK_TYPE_STREAM;
}

int host_init(struct link *l)
{
	uint32_t cap = l->c.buf_alloc;

	l->end.fd = -1;
	l->io = (struct ev_io)EV_IO_INIT;
	if (!is_stream(l)) {
		cap *= RING_PER_BYTE;
		l->msg_cap = l->c.buf_alloc;
		l->msg = malloc(l->msg_cap);
		if (!l->msg)
			return -ENOMEM;
	}
	l->cost = cap + l->msg_cap;
	return vsock_ring_init(&l->ring, cap);
}

static void close_end(struct link *l)
{
	ev_io_del(&l->io);
	fd_close(&l->end.fd);
}

void host_fini(struct link *l)
{
	close_end(l);
	vsock_ring_fini(&l->ring);
	free(l->msg);
	l->msg = NULL;
}

void host_watch(struct link *l)
{
	bool deaf = l->can_read || l->eof || l->rd_shut || l->c.state != VSOCK_OPEN;
	uint32_t want = (deaf ? 0u : (uint32_t)EPOLLIN) | (l->blocked ? (uint32_t)EPOLLOUT : 0u);

	if (l->io.fd < 0 || l->io.events == want)
		return;
	/* Fails only for a bad descriptor, which using it would have found. */
	if (ev_io_set(&l->io, want) < 0)
		log_error("%s: cannot watch a connection", l->d->v.tag);
}

/* The host's program will receive or send no more. */
static void host_shut(struct link *l, uint32_t flags)
{
	if (l->c.state != VSOCK_OPEN)
		return;
	vsock_conn_host_shut(&l->c, flags);
	if (l->c.host_shut == VIRTIO_VSOCK_SHUTDOWN_BOTH && !l->deadline_ns)
		link_limit(l, CLOSE_LIMIT_NS);
	link_ready(l);
}

/* The host's program takes nothing any more: what is left for it goes nowhere. */
static void takes_no_more(struct link *l)
{
	uint32_t left = l->c.rx_cnt - l->c.fwd_cnt;

	l->blocked = false;
	vsock_ring_drop(&l->ring, l->ring.len);
	l->partial = false;
	vsock_conn_forwarded(&l->c, left);
	host_shut(l, VIRTIO_VSOCK_SHUTDOWN_F_RECEIVE);
}

static void on_io(struct ev_io *io, uint32_t revents)
{
	struct link *l = io->data;
	struct vsock_dev *d = l->d;
	uint32_t id = l->id;

	if (revents & (EPOLLHUP | EPOLLERR)) {
		/* Always reported, wanted or not: what is left is read without being told of it. */
		l->hung_up = true;
		ev_io_del(io);
		if (l->eof || l->rd_shut)
			host_ended(l);
	}
	if (revents & (EPOLLIN | EPOLLHUP | EPOLLERR))
		l->can_read = true;
	if (revents & (EPOLLOUT | EPOLLHUP | EPOLLERR))
		l->blocked = false;
	if (!host_flush(l))
		return;
	link_ready(l);
	vsock_work(d);
	link_watch(d, id);
}

int host_attach(struct link *l, struct vsock_end end_take)
{
	l->end = end_take;
	return ev_io_add(l->d->v.host->loop, &l->io, l->end.fd, EPOLLIN, on_io, l);
}

/* ---- from the guest ---- */

static ssize_t send_iov(struct link *l, struct iovec *iov, size_t n)
{
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = n };
	ssize_t rc;

	do
		rc = sendmsg(l->end.fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (rc < 0 && errno == EINTR);
	if (rc >= 0)
		return rc;
	l->blocked = errno == EAGAIN;
	return -errno;
}

/* Writes what it can straight out of the guest's memory. Bytes taken. */
static uint32_t take_directly(struct link *l, struct vq_reader *r, uint32_t len)
{
	struct iovec iov[TX_IOV];
	unsigned int n = 0;
	uint32_t skip = r->off, left = len;
	ssize_t sent;

	for (uint32_t i = 0; i < r->n && left > 0 && n < TX_IOV; i++) {
		const struct vq_seg *s = &r->seg[i];
		uint32_t part = MIN(left, s->len - skip);
		void *at = gmem_pin(r->mem, (gpa){ s->addr.v + skip }, part);

		if (!at)
			break;
		if (part)
			iov[n++] = (struct iovec){ at, part };
		skip = 0;
		left -= part;
	}
	if (!n)
		return 0;
	sent = send_iov(l, iov, n);
	if (sent <= 0)
		return 0;
	return vq_skip(r, (uint32_t)sent) == 0 ? (uint32_t)sent : 0;
}

/* Copies `len` bytes of the packet to the ring's end. */
static int keep(struct link *l, struct vq_reader *r, uint32_t len)
{
	struct iovec iov[2];
	unsigned int n = vsock_ring_at(&l->ring, l->ring.len, len, iov);
	int rc = 0;

	for (unsigned int i = 0; i < n && rc == 0; i++)
		rc = vq_get(r, iov[i].iov_base, (uint32_t)iov[i].iov_len);
	if (rc == 0)
		vsock_ring_grow(&l->ring, len);
	return rc;
}

static int take_bytes(struct link *l, struct vq_reader *r, uint32_t len)
{
	uint32_t n = 0;

	if (l->end.fd >= 0 && !l->blocked && l->ring.len == 0 && len > 0) {
		n = take_directly(l, r, len);
		vsock_conn_forwarded(&l->c, n);
	}
	if (n == len)
		return 0;
	/* The credit is the ring's size: it fits. */
	return keep(l, r, len - n);
}

static int take_message(struct link *l, struct vq_reader *r, uint32_t len, uint32_t flags)
{
	uint32_t at = l->ring.len - (l->partial ? l->partial_len + MSG_HEAD_BYTES : 0);
	uint32_t need = len + (l->partial ? 0 : MSG_HEAD_BYTES);
	int rc;

	/* Messages without a byte cost no credit; without a limit they would fill the memory. */
	if (need > vsock_ring_room(&l->ring))
		return GUEST_E_RANGE;
	if (!l->partial) {
		vsock_ring_grow(&l->ring, MSG_HEAD_BYTES);
		l->partial = true;
		l->partial_len = 0;
	}
	rc = keep(l, r, len);
	if (rc)
		return rc;
	l->partial_len += len;
	if (flags & VIRTIO_VSOCK_SEQ_EOM) {
		le32 head =
			le32_of(l->partial_len | (flags & VIRTIO_VSOCK_SEQ_EOR ? MSG_EOR_HEAD : 0));

		vsock_ring_write(&l->ring, at, &head, sizeof(head));
		l->partial = false;
	}
	return 0;
}

int host_take(struct link *l, struct vq_reader *r, uint32_t len, uint32_t flags)
{
	if (l->c.host_shut & VIRTIO_VSOCK_SHUTDOWN_F_RECEIVE) {
		/* It was on its way when the host's program left. */
		vsock_conn_forwarded(&l->c, len);
		return 0;
	}
	return is_stream(l) ? take_bytes(l, r, len) : take_message(l, r, len, flags);
}

static int flush_bytes(struct link *l)
{
	while (l->ring.len > 0) {
		struct iovec iov[2];
		unsigned int n = vsock_ring_at(&l->ring, 0, l->ring.len, iov);
		ssize_t sent = send_iov(l, iov, n);

		if (sent < 0)
			return (int)sent;
		vsock_ring_drop(&l->ring, (uint32_t)sent);
		vsock_conn_forwarded(&l->c, (uint32_t)sent);
	}
	return 0;
}

/* Bytes of the ring that belong to whole messages. */
static uint32_t whole(const struct link *l)
{
	return l->ring.len - (l->partial ? l->partial_len + MSG_HEAD_BYTES : 0);
}

static int flush_messages(struct link *l)
{
	while (whole(l) > 0) {
		struct iovec iov[3];
		uint8_t frame = 0;
		uint32_t head, len;
		unsigned int n = 0;
		ssize_t sent;
		le32 wire;

		vsock_ring_read(&l->ring, 0, &wire, sizeof(wire));
		head = le32_get(wire);
		len = MSG_LEN(head);
		if (head & MSG_EOR_HEAD)
			frame |= VSOCK_FRAME_EOR;
		if (l->end.framed)
			iov[n++] = (struct iovec){ &frame, 1 };
		n += vsock_ring_at(&l->ring, MSG_HEAD_BYTES, len, iov + n);
		sent = send_iov(l, iov, n);
		if (sent < 0)
			return (int)sent;
		vsock_ring_drop(&l->ring, MSG_HEAD_BYTES + len);
		vsock_conn_forwarded(&l->c, len);
	}
	return 0;
}

bool host_waits(const struct link *l)
{
	return is_stream(l) ? l->ring.len > 0 : whole(l) > 0;
}

/* All that the guest sent has been passed on. False: the link is gone. */
static bool all_passed_on(struct link *l)
{
	if (l->c.state == VSOCK_ENDED) {
		link_free(l);
		return false;
	}
	if (l->c.guest_shut & VIRTIO_VSOCK_SHUTDOWN_F_SEND && !l->wr_shut) {
		l->wr_shut = true;
		(void)shutdown(l->end.fd, SHUT_WR);
	}
	if (l->c.guest_shut == VIRTIO_VSOCK_SHUTDOWN_BOTH && l->c.state == VSOCK_OPEN) {
		close_end(l);
		l->deadline_ns = 0;
		vsock_conn_reset(&l->c);
		link_ready(l);
	}
	return true;
}

bool host_flush(struct link *l)
{
	uint32_t before = l->c.fwd_cnt;
	int rc = 0;

	if (l->end.fd < 0 || l->c.state == VSOCK_RESETTING)
		return true;
	if (!l->blocked && host_waits(l))
		rc = is_stream(l) ? flush_bytes(l) : flush_messages(l);
	if (l->c.fwd_cnt != before && l->c.state == VSOCK_ENDED)
		link_limit(l, STALL_LIMIT_NS);
	if (l->c.owed)
		link_ready(l);
	if (rc == -EMSGSIZE) {
		link_reset(l, "a message is longer than the host's socket takes");
		return true;
	}
	if (rc < 0 && rc != -EAGAIN)
		takes_no_more(l);
	if (!host_waits(l))
		return all_passed_on(l);
	host_watch(l);
	return true;
}

bool host_guest_shut(struct link *l)
{
	if (l->end.fd >= 0 && l->c.guest_shut & VIRTIO_VSOCK_SHUTDOWN_F_RECEIVE && !l->rd_shut) {
		l->rd_shut = true;
		(void)shutdown(l->end.fd, SHUT_RD);
		host_watch(l);
	}
	return host_flush(l);
}

/* ---- to the guest ---- */

void host_ended(struct link *l)
{
	uint32_t flags = VIRTIO_VSOCK_SHUTDOWN_F_SEND;

	l->eof = true;
	l->can_read = false;
	if (l->hung_up)
		flags |= VIRTIO_VSOCK_SHUTDOWN_F_RECEIVE;
	host_shut(l, flags);
	host_watch(l);
}

static ssize_t recv_iov(struct link *l, struct iovec *iov, uint32_t n, int *flags)
{
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = n };
	ssize_t rc;

	do
		rc = recvmsg(l->end.fd, &m, MSG_DONTWAIT);
	while (rc < 0 && errno == EINTR);
	*flags = m.msg_flags;
	if (rc >= 0)
		return rc;
	if (errno == EAGAIN) {
		l->can_read = false;
		return -EAGAIN;
	}
	/* The other side closed it with bytes of the guest's unread: an end like another. */
	l->hung_up = true;
	return 0;
}

ssize_t host_read(struct link *l, struct iovec *iov, uint32_t n)
{
	int flags;

	return recv_iov(l, iov, n, &flags);
}

/* True at the end of a seqpacket socket; an empty message looks the same to recvmsg(). */
static bool at_end(const struct link *l)
{
	struct pollfd p = { .fd = l->end.fd, .events = POLLRDHUP };
	uint8_t b;

	if (poll(&p, 1, 0) <= 0 || !(p.revents & (POLLRDHUP | POLLHUP | POLLERR)))
		return false;
	/* Something behind it: it was an empty message. */
	return recv(l->end.fd, &b, 1, MSG_PEEK | MSG_DONTWAIT) <= 0;
}

int host_read_message(struct link *l)
{
	uint8_t frame = 0;
	struct iovec iov[2] = { { &frame, 1 }, { l->msg, l->msg_cap } };
	uint32_t skip = l->end.framed ? 0 : 1;
	int flags;
	ssize_t n = recv_iov(l, iov + skip, 2 - skip, &flags);

	if (n < 0)
		return (int)n;
	if (flags & MSG_TRUNC)
		return -EMSGSIZE;
	if (n == 0 && (l->end.framed || at_end(l)))
		return 0;
	l->has_msg = true;
	l->msg_at = 0;
	l->msg_len = (uint32_t)n - (l->end.framed ? 1 : 0);
	l->msg_flags = VIRTIO_VSOCK_SEQ_EOM | (frame & VSOCK_FRAME_EOR ? VIRTIO_VSOCK_SEQ_EOR : 0u);
	return 1;
}
