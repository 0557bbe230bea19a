/* SPDX-License-Identifier: Apache-2.0 */
/* The console port behind a stream file descriptor. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "devices/console/char_port.h"

#define INPUT_BYTES 4096u

struct char_fd {
	struct char_port p; /* first */
	struct ev_io io; /* not watched for a regular file */
	int fd;
	bool socket;
	/* Output that waits, a ring. */
	uint8_t out[CHAR_PORT_BUFFER_BYTES];
	uint32_t out_at, out_len;
	/* Input that the user did not take yet. */
	uint8_t in[INPUT_BYTES];
	uint32_t in_at, in_len;
	bool stopped; /* the user is full */
	bool hung_up; /* no longer watched, but there may be input to read once the user has room */
};

static struct char_fd *fd_of(struct char_port *p)
{
	return (struct char_fd *)p;
}

static void close_port(struct char_fd *c, const char *why)
{
	if (!c->p.open)
		return;
	log_debug("console port: %s", why);
	c->p.open = false;
	c->p.dropped += c->out_len;
	c->out_len = 0;
	ev_io_del(&c->io);
	if (c->p.user.closed)
		c->p.user.closed(c->p.user.ctx);
}

static void watch(struct char_fd *c)
{
	uint32_t want =
		(c->stopped ? 0u : (uint32_t)EPOLLIN) | (c->out_len > 0 ? (uint32_t)EPOLLOUT : 0u);

	if (c->io.fd < 0 || c->io.events == want)
		return;
	if (ev_io_set(&c->io, want) < 0)
		close_port(c, "cannot be watched");
}

/* Bytes sent: 0 when the other end takes none now; negative when it is gone. */
static ssize_t send_some(struct char_fd *c, const void *buf, size_t len)
{
	for (;;) {
		ssize_t n = c->socket ? send(c->fd, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL)
				      : write(c->fd, buf, len);

		if (n >= 0)
			return n;
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			return 0;
		if (errno != EINTR)
			return -errno;
	}
}

static void flush(struct char_fd *c)
{
	while (c->p.open && c->out_len > 0) {
		uint32_t piece = MIN(c->out_len, CHAR_PORT_BUFFER_BYTES - c->out_at);
		ssize_t n = send_some(c, c->out + c->out_at, piece);

		if (n < 0) {
			close_port(c, "the other end is gone");
			return;
		}
		if (n == 0)
			break;
		c->out_at = (c->out_at + (uint32_t)n) % CHAR_PORT_BUFFER_BYTES;
		c->out_len -= (uint32_t)n;
		c->p.written += (uint64_t)n;
	}
	watch(c);
}

static void fd_write(struct char_port *p, const void *buf, size_t len)
{
	struct char_fd *c = fd_of(p);
	const uint8_t *from = buf;

	while (p->open && c->out_len == 0 && len > 0) {
		ssize_t n = send_some(c, from, len);

		if (n < 0) {
			close_port(c, "the other end is gone");
			break;
		}
		if (n == 0)
			break;
		from += n;
		len -= (size_t)n;
		p->written += (uint64_t)n;
	}
	while (p->open && len > 0 && c->out_len < CHAR_PORT_BUFFER_BYTES) {
		uint32_t to = (c->out_at + c->out_len) % CHAR_PORT_BUFFER_BYTES;
		uint32_t n = MIN(CHAR_PORT_BUFFER_BYTES - to, CHAR_PORT_BUFFER_BYTES - c->out_len);

		n = (uint32_t)MIN((size_t)n, len);
		memcpy(c->out + to, from, n);
		c->out_len += n;
		from += n;
		len -= n;
	}
	p->dropped += len;
	if (p->open)
		watch(c);
}

/* Hands kept input to the user. False while some is left. */
static bool deliver(struct char_fd *c)
{
	size_t n = 0;

	if (c->in_len == 0)
		return true;
	if (c->p.user.input)
		n = c->p.user.input(c->p.user.ctx, c->in + c->in_at, c->in_len);
	c->in_at += (uint32_t)n;
	c->in_len -= (uint32_t)n;
	c->p.read += n;
	return c->in_len == 0;
}

static void receive(struct char_fd *c)
{
	ssize_t n;

	if (!deliver(c)) {
		c->stopped = true;
		return;
	}
	do {
		n = c->socket ? recv(c->fd, c->in, sizeof(c->in), MSG_DONTWAIT)
			      : read(c->fd, c->in, sizeof(c->in));
	} while (n < 0 && errno == EINTR);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK)) {
		close_port(c, "the other end closed");
		return;
	}
	if (n < 0)
		return;
	c->in_at = 0;
	c->in_len = (uint32_t)n;
	c->stopped = !deliver(c);
}

static void on_io(struct ev_io *io, uint32_t revents)
{
	struct char_fd *c = io->data;

	if (revents & EPOLLOUT)
		flush(c);
	if (c->p.open && (revents & EPOLLIN)) {
		receive(c);
	} else if (c->p.open && (revents & (EPOLLHUP | EPOLLERR))) {
		/* epoll would report it for ever. While the user is full there may be input left.
		 */
		if (c->stopped) {
			ev_io_del(&c->io);
			c->hung_up = true;
		} else {
			close_port(c, "the other end hung up");
		}
	}
	if (c->p.open)
		watch(c);
}

static void fd_resume(struct char_port *p)
{
	struct char_fd *c = fd_of(p);

	c->stopped = !deliver(c);
	/* Nothing tells any more when there is input: read until the end or until the user is full.
	 */
	while (c->hung_up && p->open && !c->stopped)
		receive(c);
	if (p->open)
		watch(c);
}

static void fd_free(struct char_port *p)
{
	struct char_fd *c = fd_of(p);

	ev_io_del(&c->io);
	fd_close(&c->fd);
	free(c);
}

static const struct char_port_ops fd_ops = {
	.write = fd_write,
	.resume = fd_resume,
	.free = fd_free,
};

int char_fd_new(struct char_port **out, struct ev_loop *loop, int fd_take)
{
	struct char_fd *c = calloc(1, sizeof(*c));
	struct stat st;
	int r = -ENOMEM;

	if (!c)
		goto fail;
	if (fstat(fd_take, &st) < 0) {
		r = -errno;
		goto fail;
	}
	c->p.ops = &fd_ops;
	c->p.open = true;
	c->fd = fd_take;
	c->io = (struct ev_io)EV_IO_INIT;
	c->socket = S_ISSOCK(st.st_mode);
	if (!c->socket) {
		r = fd_set_nonblock(fd_take, 1);
		if (r)
			goto fail;
	}
	/* epoll refuses regular files; they are always ready for output. */
	if (!S_ISREG(st.st_mode)) {
		r = ev_io_add(loop, &c->io, fd_take, EPOLLIN, on_io, c);
		if (r)
			goto fail;
	}
	*out = &c->p;
	return 0;
fail:
	free(c);
	close(fd_take);
	return r;
}
