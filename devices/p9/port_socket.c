/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A 9P server at the other end of a stream socket. What the socket does not take of a message is
 * kept, and no other is taken before it is gone.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "devices/p9/p9_port.h"
#include "devices/p9/proto.h"

/* Messages given in one turn of the loop; the rest follows in the next. */
#define TURN_MESSAGES 64
#define PART_MS       300

struct p9_socket {
	struct p9_port p; /* first */
	struct p9_sink sink;
	struct ev_io io;
	int fd; /* -1 once the server is gone */
	uint32_t out_at, out_len; /* what waits of a message: out[out_at, out_len) */
	uint32_t in_len; /* bytes of the message that is coming */
	uint8_t out[P9_MAX_MESSAGE];
	uint8_t in[P9_MAX_MESSAGE];
};

static struct p9_socket *socket_of(struct p9_port *p)
{
	return (struct p9_socket *)p;
}

static void gone(struct p9_socket *s, const char *why)
{
	if (s->fd < 0)
		return;
	ev_io_del(&s->io);
	fd_close(&s->fd);
	s->sink.gone(s->sink.ctx, why);
}

static bool waits(const struct p9_socket *s)
{
	return s->out_at < s->out_len;
}

/* Bytes sent, 0 when the socket takes none now, negative when the server is gone. */
static ssize_t send_some(const struct p9_socket *s, const uint8_t *from, uint32_t len)
{
	for (;;) {
		ssize_t n = send(s->fd, from, len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n >= 0)
			return n;
		if (errno == EAGAIN)
			return 0;
		if (errno != EINTR)
			return -errno;
	}
}

static void flush(struct p9_socket *s)
{
	ssize_t n = send_some(s, s->out + s->out_at, s->out_len - s->out_at);

	if (n < 0) {
		gone(s, "the 9P server has closed the connection");
		return;
	}
	s->out_at += (uint32_t)n;
	if (waits(s))
		return;
	s->out_at = s->out_len = 0;
	if (ev_io_set(&s->io, EPOLLIN) < 0)
		gone(s, "the 9P server cannot be watched");
	else
		s->sink.writable(s->sink.ctx);
}

/* How long the message is that is coming, as far as that is known; 0: it cannot be one. */
static uint32_t expected(const struct p9_socket *s)
{
	struct p9_header h;
	struct p9_head head;

	if (s->in_len < sizeof(h))
		return sizeof(h);
	memcpy(&h, s->in, sizeof(h));
	head = p9_head(&h);
	return head.size >= sizeof(h) && head.size <= P9_MAX_MESSAGE ? head.size : 0;
}

/* Reads towards the next message; true when it is whole. */
static bool receive(struct p9_socket *s)
{
	for (;;) {
		uint32_t want = expected(s);
		ssize_t n;

		if (want == 0) {
			gone(s, "the 9P server sent what is no message");
			return false;
		}
		if (s->in_len == want)
			return true;
		n = recv(s->fd, s->in + s->in_len, want - s->in_len, MSG_DONTWAIT);
		if (n > 0) {
			s->in_len += (uint32_t)n;
		} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
			gone(s, "the 9P server has closed the connection");
			return false;
		} else if (errno == EAGAIN) {
			return false;
		}
	}
}

static void on_io(struct ev_io *io, uint32_t revents)
{
	struct p9_socket *s = io->data;

	if (waits(s) && (revents & EPOLLOUT))
		flush(s);
	for (unsigned int n = 0; n < TURN_MESSAGES && s->fd >= 0 && receive(s); n++) {
		uint32_t len = s->in_len;

		s->in_len = 0;
		s->sink.message(s->sink.ctx, s->in, len);
	}
	if (s->fd >= 0)
		s->sink.batch_end(s->sink.ctx);
}

static int socket_attach(struct p9_port *p, struct ev_loop *loop, const struct p9_sink *sink)
{
	struct p9_socket *s = socket_of(p);

	s->sink = *sink;
	return ev_io_add(loop, &s->io, s->fd, EPOLLIN, on_io, s);
}

static bool socket_alive(const struct p9_port *p)
{
	return ((const struct p9_socket *)p)->fd >= 0;
}

static bool socket_ready(const struct p9_port *p)
{
	return socket_alive(p) && !waits((const struct p9_socket *)p);
}

static void socket_send(struct p9_port *p, const uint8_t *msg, uint32_t len)
{
	struct p9_socket *s = socket_of(p);
	ssize_t n = send_some(s, msg, len);

	/* Its end is told by the loop, not from within this call. */
	if (n == (ssize_t)len || n < 0)
		return;
	s->out_at = 0;
	s->out_len = len - (uint32_t)n;
	memcpy(s->out, msg + n, s->out_len);
	if (ev_io_set(&s->io, EPOLLIN | EPOLLOUT) < 0)
		shutdown(s->fd, SHUT_RDWR);
}

/* Says that nothing follows, and hears the server out, for a short while: Debian's diod crashes
 * where its answers meet a closed socket. */
static void part(struct p9_socket *s)
{
	uint64_t until = clock_now_ns() + PART_MS * NS_PER_MS;
	struct pollfd p = { .fd = s->fd, .events = POLLIN };

	if (s->fd < 0 || shutdown(s->fd, SHUT_WR) < 0)
		return;
	for (uint64_t now; (now = clock_now_ns()) < until;) {
		int n = poll(&p, 1, (int)((until - now) / NS_PER_MS) + 1);

		if (n > 0 && recv(s->fd, s->in, sizeof(s->in), MSG_DONTWAIT) <= 0)
			return;
	}
}

static void socket_free(struct p9_port *p)
{
	struct p9_socket *s = socket_of(p);

	ev_io_del(&s->io);
	part(s);
	fd_close(&s->fd);
	free(s);
}

static const struct p9_port_ops socket_ops = {
	.attach = socket_attach,
	.ready = socket_ready,
	.send = socket_send,
	.alive = socket_alive,
	.free = socket_free,
};

int p9_port_socket_new(struct p9_port **out, int fd_take)
{
	struct p9_socket *s = calloc(1, sizeof(*s));

	if (!s) {
		fd_close(&fd_take);
		return -ENOMEM;
	}
	s->p.ops = &socket_ops;
	s->fd = fd_take;
	s->io.fd = -1;
	*out = &s->p;
	return 0;
}
