/* SPDX-License-Identifier: Apache-2.0 */
/* One console of a guest; see stream.h. */
#include "sim/bench/stream.h"

#include <errno.h>
#include <linux/sockios.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"

/* Read from one console in one go, so that a guest that floods it does not starve the others. */
#define READ_BURST (64u * 1024)

void stream_init(struct stream *st, struct ev_loop *loop, const char *port,
	void (*line)(struct stream *st, const char *text, size_t len), void *data)
{
	*st = (struct stream){
		.port = port, .loop = loop, .io = EV_IO_INIT, .line = line, .data = data
	};
}

bool stream_is_open(const struct stream *st)
{
	return st->io.fd >= 0;
}

static void pass_line(void *arg, const char *text, size_t len)
{
	struct stream *st = arg;

	st->line(st, text, len);
}

static void hang_up(struct stream *st)
{
	int fd = st->io.fd;

	ev_io_del(&st->io);
	fd_close(&fd);
	st->queued = st->queued_at = 0;
}

static void close_stream(struct stream *st)
{
	if (!stream_is_open(st))
		return;
	hang_up(st);
	lines_end(&st->lines, pass_line, st);
}

static void show(struct stream *st, const char *bytes, size_t n)
{
	struct stream_tap *next;

	for (struct stream_tap *t = st->taps; t; t = next) {
		next = t->next;
		t->bytes(t, bytes, n);
	}
	lines_feed(&st->lines, bytes, n, pass_line, st);
}

static void read_some(struct stream *st, size_t most)
{
	char buf[4096];

	for (size_t got = 0; got < most && stream_is_open(st);) {
		ssize_t n = recv(st->io.fd, buf, sizeof(buf), MSG_DONTWAIT);

		if (n > 0) {
			show(st, buf, (size_t)n);
			got += (size_t)n;
		} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
			close_stream(st);
		} else if (errno == EAGAIN) {
			return;
		}
	}
}

/* Bytes that the socket took. A guest that is gone is noticed by the reader. */
static size_t push(struct stream *st, const char *bytes, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t k = send(st->io.fd, bytes + done, n - done, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			break;
		done += (size_t)k;
	}
	return done;
}

static void watch(struct stream *st)
{
	/* Should it fail, what waits leaves with the next write. */
	if (ev_io_set(&st->io, EPOLLIN | (st->queued ? (uint32_t)EPOLLOUT : 0u)))
		return;
}

static void tell_room(struct stream *st)
{
	struct stream_tap *next;

	if (!st->starved)
		return;
	st->starved = false;
	for (struct stream_tap *t = st->taps; t; t = next) {
		next = t->next;
		if (t->room)
			t->room(t);
	}
}

static void drain(struct stream *st)
{
	size_t done = push(st, st->queue + st->queued_at, st->queued);

	st->queued -= done;
	st->queued_at = st->queued ? st->queued_at + done : 0;
	watch(st);
	if (done)
		tell_room(st);
}

static void ready(struct ev_io *io, uint32_t revents)
{
	struct stream *st = io->data;

	if ((revents & EPOLLOUT) && st->queued)
		drain(st);
	if (revents & ~(uint32_t)EPOLLOUT)
		read_some(st, READ_BURST);
}

int stream_open(struct stream *st, int *theirs)
{
	int fds[2], rc;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	rc = ev_io_add(st->loop, &st->io, fds[0], EPOLLIN, ready, st);
	if (rc) {
		fd_close(&fds[0]);
		fd_close(&fds[1]);
		return rc;
	}
	*theirs = fds[1];
	tell_room(st);
	return 0;
}

void stream_catch_up(struct stream *st)
{
	read_some(st, READ_BURST);
}

void stream_end(struct stream *st)
{
	read_some(st, SIZE_MAX);
	close_stream(st);
}

void stream_fini(struct stream *st)
{
	if (stream_is_open(st))
		hang_up(st);
	free(st->queue);
	st->queue = NULL;
	st->taps = NULL;
}

bool stream_is_unread(const struct stream *st)
{
	int unread = 0;

	if (!stream_is_open(st))
		return false;
	return st->queued || (ioctl(st->io.fd, SIOCOUTQ, &unread) == 0 && unread > 0);
}

size_t stream_room(const struct stream *st)
{
	return stream_is_open(st) ? STREAM_QUEUE_BYTES - st->queued : 0;
}

/* Behind what waits already. */
static size_t enqueue(struct stream *st, const char *bytes, size_t n)
{
	if (!st->queue)
		st->queue = malloc(STREAM_QUEUE_BYTES);
	if (!st->queue)
		return 0;
	n = MIN(n, STREAM_QUEUE_BYTES - st->queued);
	if (st->queued_at) {
		memmove(st->queue, st->queue + st->queued_at, st->queued);
		st->queued_at = 0;
	}
	memcpy(st->queue + st->queued, bytes, n);
	st->queued += n;
	return n;
}

size_t stream_write(struct stream *st, const char *bytes, size_t n)
{
	size_t done;

	if (!stream_is_open(st))
		return 0;
	done = st->queued ? 0 : push(st, bytes, n);
	if (done < n)
		done += enqueue(st, bytes + done, n - done);
	st->starved |= done < n;
	watch(st);
	return done;
}

void stream_want_room(struct stream *st)
{
	st->starved = true;
}

void stream_tap_add(struct stream *st, struct stream_tap *t)
{
	t->next = st->taps;
	st->taps = t;
}

void stream_tap_remove(struct stream *st, struct stream_tap *t)
{
	for (struct stream_tap **at = &st->taps; *at; at = &(*at)->next) {
		if (*at == t) {
			*at = t->next;
			return;
		}
	}
}
