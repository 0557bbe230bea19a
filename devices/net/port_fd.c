/* SPDX-License-Identifier: Apache-2.0 */
/* What the ports with a descriptor share; see port_fd.h. */
#include "devices/net/port_fd.h"

#include <stdlib.h>

#include "base/fd.h"
#include "base/log.h"

static struct fd_port *port_of(struct link_port *p)
{
	return (struct fd_port *)p;
}

int fd_port_init(struct fd_port *f, const struct link_port_ops *ops,
	bool (*read)(struct fd_port *f), int fd_take)
{
	int rc = fd_set_nonblock(fd_take, 1);

	if (rc < 0) {
		fd_close(&fd_take);
		return rc;
	}
	f->p.ops = ops;
	f->read = read;
	f->fd = fd_take;
	f->io = (struct ev_io)EV_IO_INIT;
	return 0;
}

void fd_port_watch(struct fd_port *f)
{
	uint32_t events =
		(f->held ? 0u : (uint32_t)EPOLLIN) | (f->blocked ? (uint32_t)EPOLLOUT : 0u);

	/* Fails only for a bad descriptor, which reading would have found. */
	if (!f->gone && f->io.loop && ev_io_set(&f->io, events) < 0)
		log_error("net: cannot watch the %s", f->p.ops->name);
}

static void lost(struct fd_port *f)
{
	if (f->gone)
		return;
	f->gone = true;
	ev_io_del(&f->io);
	ev_timer_stop(&f->again);
	f->sink.gone(f->sink.ctx);
}

static void on_io(struct ev_io *io, uint32_t revents)
{
	struct fd_port *f = io->data;
	bool end = revents & (EPOLLHUP | EPOLLERR) && !(revents & EPOLLIN);

	if (revents & EPOLLOUT) {
		f->blocked = false;
		f->p.ops->flush(&f->p);
		fd_port_watch(f);
		if (f->starved) {
			f->starved = false;
			f->sink.writable(f->sink.ctx);
		}
	}
	if (revents & EPOLLIN && !f->held) {
		end = f->read(f);
		if (f->held)
			fd_port_watch(f);
	}
	if (end)
		lost(f);
}

static void on_again(struct ev_timer *t, uint64_t now_ns)
{
	struct fd_port *f = t->data;

	(void)now_ns;
	if (f->gone || !f->held)
		return;
	if (f->read(f))
		lost(f);
	else
		fd_port_watch(f);
}

int fd_port_attach(struct link_port *p, struct ev_loop *loop, const struct link_sink *sink)
{
	struct fd_port *f = port_of(p);
	int rc;

	f->sink = *sink;
	rc = ev_timer_init(loop, &f->again, on_again, f);
	return rc ? rc : ev_io_add(loop, &f->io, f->fd, EPOLLIN, on_io, f);
}

void fd_port_resume(struct link_port *p)
{
	struct fd_port *f = port_of(p);

	/* Not from here: the device is in the middle of its own work. */
	if (f->held && !f->gone)
		ev_timer_at(&f->again, 1);
}

bool fd_port_alive(const struct link_port *p)
{
	return !((const struct fd_port *)p)->gone;
}

void fd_port_free(struct link_port *p)
{
	struct fd_port *f = port_of(p);

	ev_io_del(&f->io);
	ev_timer_fini(&f->again);
	fd_close(&f->fd);
	free(f);
}
