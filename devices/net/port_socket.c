/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A port of the bench's switch: batches of frames (base/proto/net_port.h). Where the switch reads
 * slowly the guest's requests wait; where the guest reads slowly the switch drops. What is left to
 * do with a frame is the switch's matter, which knows what the others take.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/proto/net_port.h"
#include "devices/net/link_port.h"
#include "devices/net/proto.h"

#define OUT_PACKETS 4u
/* Packets read in one turn, so that a busy switch does not keep the loop from its other watchers.
 */
#define READ_PACKETS 8u

struct socket_port {
	struct link_port p; /* first */
	int fd;
	struct ev_io io;
	struct ev_timer again; /* a frame was kept, and the guest has buffers now */
	struct link_sink sink;
	bool gone, blocked; /* blocked: the socket is full */
	bool starved; /* reserve() had no room */
	bool held; /* the guest had no buffer: nothing is read */
	bool streaming; /* the packet read last was a long frame: the next one may be, too */
	struct net_packet out[OUT_PACKETS];
	uint32_t out_head, out_count;
	uint32_t in_len, in_off; /* what is left of the packet read last */
	uint8_t in[NET_PORT_PACKET_BYTES];
};

static struct socket_port *socket_of(struct link_port *p)
{
	return (struct socket_port *)p;
}

static void watch(struct socket_port *s)
{
	uint32_t events =
		(s->held ? 0u : (uint32_t)EPOLLIN) | (s->blocked ? (uint32_t)EPOLLOUT : 0u);

	/* Fails only for a bad descriptor, which reading would have found. */
	if (!s->gone && s->io.loop && ev_io_set(&s->io, events) < 0)
		log_error("net: cannot watch the switch's socket");
}

static void lost(struct socket_port *s)
{
	if (s->gone)
		return;
	s->gone = true;
	ev_io_del(&s->io);
	ev_timer_stop(&s->again);
	s->out_count = 0;
	s->sink.gone(s->sink.ctx);
}

static void socket_flush(struct link_port *p)
{
	struct socket_port *s = socket_of(p);
	bool before = s->blocked;

	while (s->out_count && !s->blocked && !s->gone) {
		struct net_packet *k = &s->out[s->out_head];
		ssize_t n = send(s->fd, k->b, k->len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			/* Full; or the other end is gone, which reading finds out. */
			s->blocked = true;
			break;
		}
		s->out_head = (s->out_head + 1) % OUT_PACKETS;
		s->out_count--;
	}
	/* The next one goes where the processor's caches still are. */
	if (!s->out_count)
		s->out_head = 0;
	if (s->blocked != before)
		watch(s);
}

static struct net_packet *last_out(struct socket_port *s)
{
	return &s->out[(s->out_head + s->out_count - 1) % OUT_PACKETS];
}

/* An empty packet at the end; NULL: there is none. */
static struct net_packet *new_out(struct socket_port *s)
{
	if (s->out_count == OUT_PACKETS)
		socket_flush(&s->p);
	if (s->out_count == OUT_PACKETS)
		return NULL;
	s->out_count++;
	last_out(s)->len = 0;
	return last_out(s);
}

static int socket_features(struct link_port *p, uint64_t features)
{
	struct socket_port *s = socket_of(p);
	struct net_packet *k;

	if (s->gone || (s->out_count && net_packet_takes(last_out(s), net_takes(features))))
		return 0;
	k = new_out(s);
	/* Frames that wait for a switch that does not read may go for it: they go anyway. */
	if (!k) {
		k = last_out(s);
		k->len = 0;
	}
	(void)net_packet_takes(k, net_takes(features));
	socket_flush(p);
	return 0;
}

static bool socket_send(struct link_port *p, const struct virtio_net_hdr *h, struct iovec *iov,
	uint32_t n, uint32_t len)
{
	struct socket_port *s = socket_of(p);
	struct net_offload o = net_offload_of(h);
	struct net_record r = net_record_of(len, &o);
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = n + 1 };

	if (len < NET_PORT_LONG || s->gone)
		return false;
	socket_flush(p);
	if (s->out_count)
		return false;
	iov[0] = (struct iovec){ &r, sizeof(r) };
	return sendmsg(s->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

static uint8_t *socket_reserve(struct link_port *p, uint32_t len)
{
	struct socket_port *s = socket_of(p);
	uint8_t *at = NULL;
	struct net_packet *k;

	if (s->gone)
		return NULL;
	if (s->out_count)
		at = net_packet_reserve(last_out(s), len);
	if (!at) {
		k = new_out(s);
		at = k ? net_packet_reserve(k, len) : NULL;
	}
	s->starved = !at;
	return at;
}

static void socket_commit(struct link_port *p, const struct virtio_net_hdr *h, uint32_t len)
{
	struct net_offload o = net_offload_of(h);

	net_packet_describe(last_out(socket_of(p)), len, &o);
}

static void socket_cancel(struct link_port *p, uint32_t len)
{
	struct socket_port *s = socket_of(p);

	net_packet_unreserve(last_out(s), len);
	if (!last_out(s)->len)
		s->out_count--;
}

/* Gives what is left of the packet. False: the guest has no buffer. */
static bool give(struct socket_port *s)
{
	while (s->in_off < s->in_len) {
		struct virtio_net_hdr h = { 0 };
		uint32_t before = s->in_off;
		struct net_item it;

		if (net_packet_next(s->in, s->in_len, &s->in_off, &it) != 1) {
			log_guest("net: malformed packet from the switch");
			s->in_off = s->in_len;
			break;
		}
		memcpy(&h, &it.o, sizeof(it.o));
		if (it.frame && !s->sink.rx(s->sink.ctx, &h, it.frame, it.len)) {
			s->in_off = before;
			return false;
		}
	}
	return true;
}

enum next { NEXT_NONE, NEXT_OTHER, NEXT_TAKEN };

/* A long frame goes straight to where the guest wants it. */
static enum next read_long(struct socket_port *s)
{
	uint8_t front[sizeof(struct net_record) + LINK_FRONT];
	ssize_t n = recv(s->fd, front, sizeof(front), MSG_PEEK | MSG_DONTWAIT | MSG_TRUNC);
	struct iovec v[1 + LINK_PLACES] = { { front, sizeof(struct net_record) } };
	struct msghdr m = { .msg_iov = v };
	struct virtio_net_hdr h = { 0 };
	uint32_t off = 0, pieces;
	struct net_item it;

	if (n < 0 && errno == EAGAIN)
		return NEXT_NONE;
	if (n < (ssize_t)NET_PORT_LONG || n > (ssize_t)NET_PORT_PACKET_BYTES ||
		net_packet_next(front, (uint32_t)n, &off, &it) != 1 || off != (uint32_t)n ||
		!it.frame)
		return NEXT_OTHER;
	memcpy(&h, &it.o, sizeof(it.o));
	pieces = s->sink.rx_place(s->sink.ctx, &h, it.frame, LINK_FRONT, it.len, v + 1);
	if (!pieces)
		return NEXT_OTHER;
	m.msg_iovlen = 1 + pieces;
	s->sink.rx_placed(s->sink.ctx, recvmsg(s->fd, &m, MSG_DONTWAIT) == n);
	return NEXT_TAKEN;
}

/* True when the other end is gone. */
static bool read_packets(struct socket_port *s)
{
	bool end = false;

	s->held = !give(s);
	for (unsigned int i = 0; i < READ_PACKETS && !s->held; i++) {
		enum next next = s->streaming ? read_long(s) : NEXT_OTHER;
		ssize_t n;

		if (next == NEXT_NONE)
			break;
		if (next == NEXT_TAKEN)
			continue;
		n = recv(s->fd, s->in, sizeof(s->in), MSG_DONTWAIT | MSG_TRUNC);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n <= 0) {
			end = true;
			break;
		}
		/* A packet that was cut fails at its last frame. */
		s->in_len = MIN((uint32_t)n, (uint32_t)sizeof(s->in));
		s->in_off = 0;
		s->streaming = s->in_len > NET_PORT_LONG && s->sink.rx_place;
		s->held = !give(s);
	}
	s->sink.batch_end(s->sink.ctx);
	return end;
}

static void on_io(struct ev_io *io, uint32_t revents)
{
	struct socket_port *s = io->data;
	bool end = revents & (EPOLLHUP | EPOLLERR) && !(revents & EPOLLIN);

	if (revents & EPOLLOUT) {
		s->blocked = false;
		socket_flush(&s->p);
		watch(s);
		if (s->starved && s->out_count < OUT_PACKETS) {
			s->starved = false;
			s->sink.writable(s->sink.ctx);
		}
	}
	if (revents & EPOLLIN && !s->held) {
		end = read_packets(s);
		if (s->held)
			watch(s);
	}
	if (end)
		lost(s);
}

static void on_again(struct ev_timer *t, uint64_t now_ns)
{
	struct socket_port *s = t->data;

	(void)now_ns;
	if (s->gone || !s->held)
		return;
	if (read_packets(s))
		lost(s);
	else
		watch(s);
}

static void socket_resume(struct link_port *p)
{
	struct socket_port *s = socket_of(p);

	/* Not from here: the device is in the middle of its own work. */
	if (s->held && !s->gone)
		ev_timer_at(&s->again, 1);
}

static int socket_attach(struct link_port *p, struct ev_loop *loop, const struct link_sink *sink)
{
	struct socket_port *s = socket_of(p);
	int rc;

	s->sink = *sink;
	rc = ev_timer_init(loop, &s->again, on_again, s);
	return rc ? rc : ev_io_add(loop, &s->io, s->fd, EPOLLIN, on_io, s);
}

static bool socket_alive(const struct link_port *p)
{
	return !((const struct socket_port *)p)->gone;
}

static void socket_free(struct link_port *p)
{
	struct socket_port *s = socket_of(p);

	ev_io_del(&s->io);
	ev_timer_fini(&s->again);
	fd_close(&s->fd);
	free(s);
}

static const struct link_port_ops socket_ops = {
	.name = "socket",
	.attach = socket_attach,
	.features = socket_features,
	.send = socket_send,
	.reserve = socket_reserve,
	.commit = socket_commit,
	.cancel = socket_cancel,
	.flush = socket_flush,
	.resume = socket_resume,
	.alive = socket_alive,
	.free = socket_free,
};

int link_port_socket_new(struct link_port **out, int fd_take)
{
	struct socket_port *s = calloc(1, sizeof(*s));
	int rc = s ? fd_set_nonblock(fd_take, 1) : -ENOMEM;

	if (rc < 0) {
		free(s);
		fd_close(&fd_take);
		return rc;
	}
	s->p.ops = &socket_ops;
	s->p.offloads = NET_LINK_OFFLOADS;
	s->fd = fd_take;
	s->io = (struct ev_io)EV_IO_INIT;
	*out = &s->p;
	return 0;
}
