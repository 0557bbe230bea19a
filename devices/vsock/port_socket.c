/* SPDX-License-Identifier: Apache-2.0 */
/* The bench as a vsock port: messages of base/proto/vsock_port.h over a SOCK_SEQPACKET socket. */
#include <errno.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/ipc.h"
#include "base/log.h"
#include "base/proto/vsock_port.h"
#include "devices/vsock/vsock_port.h"

/* Messages read in one turn, so that the loop's other watchers get theirs. */
#define READ_MESSAGES 32u

struct socket_port {
	struct vsock_port p; /* first */
	int fd;
	struct ev_io io;
	struct vsock_sink sink;
	bool gone;
};

static struct socket_port *socket_of(struct vsock_port *p)
{
	return (struct socket_port *)p;
}

static void lost(struct socket_port *s)
{
	if (s->gone)
		return;
	s->gone = true;
	ev_io_del(&s->io);
	s->sink.gone(s->sink.ctx);
}

static void heard(struct socket_port *s, const struct vsock_port_msg *m, int fd)
{
	struct vsock_end end = { fd, m->flags & VSOCK_PORT_FRAMED };
	struct vsock_call call = { m->guest_port, m->peer_port, m->peer_cid, (uint16_t)m->type };

	if (m->op == VSOCK_PORT_RESULT)
		s->sink.result(s->sink.ctx, m->id, end);
	else if (m->op == VSOCK_PORT_HAND)
		s->sink.hand(s->sink.ctx, m->id, end);
	else
		s->sink.offer(s->sink.ctx, m->id, &call);
}

static void on_io(struct ev_io *io, uint32_t revents)
{
	struct socket_port *s = io->data;

	(void)revents;
	for (unsigned int i = 0; i < READ_MESSAGES && !s->gone; i++) {
		struct vsock_port_msg m;
		uint8_t buf[sizeof(m)];
		int fd = -1;
		size_t n_fds = 0;
		ssize_t n = ipc_recv(s->fd, buf, sizeof(buf), &fd, 1, &n_fds);

		if (n == -EAGAIN)
			return;
		if (n == 0 || (n < 0 && n != -EMSGSIZE)) {
			lost(s);
		} else if (n < 0 || vsock_port_parse(buf, (uint64_t)n, n_fds, true, &m) < 0) {
			/* Also a descriptor that found no room in this process: the connection that
			 * it was for runs into its time limit. */
			log_guest("vsock: a message of the bench is lost");
			if (n > 0)
				ipc_close_fds(&fd, n_fds);
		} else {
			heard(s, &m, n_fds ? fd : -1);
		}
	}
}

static int socket_attach(struct vsock_port *p, struct ev_loop *loop, const struct vsock_sink *sink)
{
	struct socket_port *s = socket_of(p);

	s->sink = *sink;
	return ev_io_add(loop, &s->io, s->fd, EPOLLIN, on_io, s);
}

static int say(struct socket_port *s, const struct vsock_port_msg *m)
{
	return s->gone ? -EPIPE : ipc_send(s->fd, m, sizeof(*m), NULL, 0);
}

static int socket_connect(struct vsock_port *p, uint32_t id, const struct vsock_call *call)
{
	struct vsock_port_msg m = { .op = VSOCK_PORT_CONNECT,
		.id = id,
		.type = call->type,
		.guest_port = call->guest_port,
		.peer_port = call->peer_port,
		.peer_cid = call->peer_cid };

	return say(socket_of(p), &m);
}

static int socket_answer(struct vsock_port *p, uint32_t id, bool accepted)
{
	struct vsock_port_msg m = {
		.op = VSOCK_PORT_ANSWER, .id = id, .flags = accepted ? VSOCK_PORT_OK : 0
	};

	return say(socket_of(p), &m);
}

static void socket_free(struct vsock_port *p)
{
	struct socket_port *s = socket_of(p);

	ev_io_del(&s->io);
	fd_close(&s->fd);
	free(s);
}

static const struct vsock_port_ops socket_ops = {
	.name = "socket",
	.attach = socket_attach,
	.connect = socket_connect,
	.answer = socket_answer,
	.free = socket_free,
};

int vsock_port_socket_new(struct vsock_port **out, int fd_take)
{
	struct socket_port *s = calloc(1, sizeof(*s));
	int rc = s ? fd_set_nonblock(fd_take, 1) : -ENOMEM;

	if (rc < 0) {
		free(s);
		fd_close(&fd_take);
		return rc;
	}
	s->p.ops = &socket_ops;
	s->fd = fd_take;
	s->io = (struct ev_io)EV_IO_INIT;
	*out = &s->p;
	return 0;
}
