/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host SocketCAN interface as a port: a PF_CAN raw socket whose frames are bridged both ways.
 * What comes from the interface was on another bus already; here it is one more node. An interface
 * that takes frames slowly slows the bus down, as a slow bus would. Which interface it is, and what
 * happens when it goes, is hostif.c's.
 */
#include "sim/canbus/bus.h"

#include <errno.h>
#include <linux/can/raw.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/flood.h"
#include "base/log.h"
#include "sim/canbus/hostif.h"

/* An interface whose transmit queue is full does not become writable, and a bus that is slower than
 * the interface does not tell when it has room: ask again. */
#define RETRY_NS  (NS_PER_MS / 4)
#define REREAD_NS NS_PER_MS

/* The window has room, or must be taken as if it had: the bus may go on. */
static void raw_unhold(struct canbus_port *p)
{
	if (!p->raw_full)
		return;
	p->raw_full = false;
	p->bus->n_full--;
	bus_wake(p->bus);
}

static void raw_hold(struct canbus_port *p)
{
	if (p->raw_full || p->raw_stuck)
		return;
	p->raw_full = true;
	p->bus->n_full++;
}

/*
 * It took nothing again. When that goes on for too long (nobody acknowledges on its bus), it holds
 * the others up no longer: what it does not take is lost and counted until it takes something.
 */
static void raw_refused(struct canbus_port *p)
{
	uint64_t now = clock_now_ns();

	if (!p->raw_refused_ns)
		p->raw_refused_ns = now;
	if (!p->raw_stuck && now - p->raw_refused_ns > PATIENCE_NS) {
		p->raw_stuck = true;
		log_warn("bus %s: interface %s takes no frames: what the bus has for it is lost "
			 "until it does",
			p->bus->name, p->name);
		raw_unhold(p);
	}
	ev_timer_at(&p->retry, now + RETRY_NS);
}

static void raw_flush(struct canbus_port *p)
{
	struct mmsghdr m[RAW_BATCH];
	struct iovec v[RAW_BATCH];

	while (p->raw_count && p->fd >= 0 && !p->retry.deadline_ns) {
		unsigned int n = MIN(p->raw_count, RAW_BATCH);
		int sent;

		memset(m, 0, n * sizeof(m[0]));
		for (unsigned int i = 0; i < n; i++) {
			struct canfd_frame *f = &p->raw[(p->raw_head + i) % RAW_WINDOW];

			v[i] = (struct iovec){ .iov_base = f,
				.iov_len = f->flags & CANFD_FDF ? CANFD_MTU : CAN_MTU };
			m[i].msg_hdr.msg_iov = &v[i];
			m[i].msg_hdr.msg_iovlen = 1;
		}
		sent = sendmmsg(p->fd, m, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && (errno == EAGAIN || errno == ENOBUFS)) {
			raw_refused(p);
			return;
		}
		if (sent < 0) {
			/* Refused (interface down): this frame is lost, not the rest. */
			p->st.rx_dropped++;
			sent = 1;
		}
		if (p->raw_stuck)
			log_warn("bus %s: interface %s takes frames again", p->bus->name, p->name);
		p->raw_stuck = false;
		p->raw_refused_ns = 0;
		p->raw_head = (p->raw_head + (uint32_t)sent) % RAW_WINDOW;
		p->raw_count -= (uint32_t)sent;
		raw_unhold(p);
	}
}

static void on_retry(struct ev_timer *t, uint64_t now_ns)
{
	(void)now_ns;
	raw_flush(t->data);
}

static void raw_put(struct canbus_port *p, const struct can_rec_frame *r, uint32_t len)
{
	(void)len;
	if (p->raw_count == RAW_WINDOW || (p->raw_classic && r->h.mtu == CANFD_MTU)) {
		p->st.rx_dropped++;
		return;
	}
	/* What is heard next may be the answer. */
	flood_over(&p->raw_flood);
	p->raw[(p->raw_head + p->raw_count++) % RAW_WINDOW] = r->f;
	p->st.rx_frames++;
	p->st.rx_bytes += r->f.len;
	bus_dirty(p);
	if (p->raw_count == RAW_WINDOW)
		raw_flush(p);
	if (p->raw_count == RAW_WINDOW)
		raw_hold(p);
}

static void raw_answer(
	struct canbus_port *p, uint8_t kind, uint32_t serial, uint8_t flags, uint64_t t_ns)
{
	/* The host's own controller acknowledged long ago: nobody is there to be told. */
	(void)p;
	(void)kind;
	(void)serial;
	(void)flags;
	(void)t_ns;
}

/* What the kernel had no room for before it was read. */
static uint64_t raw_overruns(const struct canbus_port *p)
{
	uint32_t info[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(info);

	if (p->fd < 0 || getsockopt(p->fd, SOL_SOCKET, SO_MEMINFO, info, &len) < 0)
		return 0;
	return info[SK_MEMINFO_DROPS];
}

static void raw_stats(const struct canbus_port *p, struct canbus_port_stats *st)
{
	st->overruns += raw_overruns(p);
}

void raw_unplug(struct canbus_port *p)
{
	ev_io_del(&p->io);
	ev_timer_stop(&p->retry);
	ev_timer_stop(&p->reread);
	p->st.overruns += raw_overruns(p);
	p->st.interruptions++;
	fd_close(&p->fd);
	p->st.rx_dropped += p->raw_count;
	p->raw_count = 0;
	p->raw_stuck = false;
	p->raw_refused_ns = 0;
	raw_unhold(p);
	bus_enter(p->bus);
	bus_port_stop(p, CANBUS_PORT_STOPPED);
	bus_leave(p->bus);
}

static void raw_fini(struct canbus_port *p)
{
	ev_io_del(&p->io);
	ev_timer_fini(&p->retry);
	ev_timer_fini(&p->reread);
	if (p->raw_full)
		p->bus->n_full--;
	fd_close(&p->fd);
	hostif_free(p->host);
	free(p->raw);
	free(p->raw_in);
}

static const struct port_ops raw_ops = { .put = raw_put,
	.answer = raw_answer,
	.flush = raw_flush,
	.stats = raw_stats,
	.fini = raw_fini };

static void raw_take(struct canbus_port *p, struct canfd_frame *f, size_t len)
{
	if (!can_frame_check(f, len)) {
		p->st.malformed++;
		return;
	}
	if (len == CANFD_MTU && p->bus->cfg.classic_only) {
		p->bus->st.errors++;
		return;
	}
	/* Never more is read than there is room for. */
	(void)bus_enqueue(p, f, 0, clock_now_ns());
}

/* The interface is looked at again after so long, and not before. */
static void raw_rest(struct canbus_port *p, uint64_t now_ns, uint64_t rest_ns)
{
	ev_io_del(&p->io);
	ev_timer_at(&p->reread, now_ns + rest_ns);
}

/* Takes up to `room` frames; how many, or -errno. */
static int raw_read(struct canbus_port *p, unsigned int room)
{
	struct raw_batch *in = p->raw_in;
	int n = recvmmsg(p->fd, in->m, room, MSG_DONTWAIT, NULL);

	if (n < 0)
		return -errno;
	for (int i = 0; i < n; i++) {
		if (in->m[i].msg_len)
			raw_take(p, &in->f[i], in->m[i].msg_len);
	}
	/* A raw socket never ends with an empty message; a stand-in in tests does. */
	return n > 0 && in->m[0].msg_len == 0 ? -EPIPE : n;
}

static void on_raw(struct ev_io *io, uint32_t revents)
{
	struct canbus_port *p = io->data;
	unsigned int room = MIN(p->q.cap - p->q.count, RAW_BATCH);
	uint64_t now = clock_now_ns();
	int rc = 0;

	/* The host's programs wait for nobody. What they send stays in the socket, where there is
	 * much room, while a guest catches up. */
	if (!room || bus_is_behind(p->bus, now)) {
		/* The socket would be reported as readable until the bus has caught up. */
		raw_rest(p, now, REREAD_NS);
	} else {
		unsigned int n;

		rc = raw_read(p, room);
		n = rc > 0 ? (unsigned int)rc : 0;
		if (flood_saw(&p->raw_flood, n, now) || (p->raw_direct && n > 0)) {
			/* Of a direct one nobody waits for what it hears: all of a millisecond at
			 * once. Where there was no room for all, there is more. */
			uint64_t rest = p->raw_direct ? REREAD_NS : FLOOD_REST_NS;

			raw_rest(p, now, n < room ? rest : 0);
		}
	}
	if (p->q.count)
		bus_wake(p->bus);
	/* That it is down is heard of in another way; ENODEV and others are for good. */
	if (rc < 0 && rc != -EAGAIN && rc != -EINTR && rc != -ENETDOWN)
		revents |= EPOLLHUP;
	if (revents & EPOLLHUP && p->host)
		hostif_lost(p->host);
	else if (revents & EPOLLHUP)
		bus_port_gone(p);
}

static void on_reread(struct ev_timer *t, uint64_t now_ns)
{
	struct canbus_port *p = t->data;
	struct canbus *b = p->bus;

	bus_enter(b);
	on_raw(&p->io, 0);
	/* Unless it is gone, or frames still come. It fails for want of memory alone. */
	if (!p->gone && p->fd >= 0 && !p->reread.deadline_ns &&
		ev_io_add(b->loop, &p->io, p->fd, EPOLLIN, on_raw, p) < 0)
		ev_timer_at(t, now_ns + REREAD_NS);
	bus_leave(b);
}

int raw_port_new(struct canbus *b, const char *name, struct canbus_port **out)
{
	struct canbus_port *p = NULL;
	int rc = bus_port_new(b, name, &raw_ops, &p);

	if (rc < 0 || !p)
		return rc;
	p->raw = calloc(RAW_WINDOW, sizeof(*p->raw));
	p->raw_in = calloc(1, sizeof(*p->raw_in));
	for (unsigned int i = 0; p->raw_in && i < RAW_BATCH; i++) {
		struct raw_batch *in = p->raw_in;

		in->v[i] = (struct iovec){ &in->f[i], sizeof(in->f[i]) };
		in->m[i].msg_hdr.msg_iov = &in->v[i];
		in->m[i].msg_hdr.msg_iovlen = 1;
	}
	rc = p->raw && p->raw_in ? ev_timer_init(b->loop, &p->retry, on_retry, p) : -ENOMEM;
	if (rc == 0)
		rc = ev_timer_init(b->loop, &p->reread, on_reread, p);
	if (rc < 0) {
		canbus_remove_port(p);
		return rc;
	}
	*out = p;
	return 0;
}

int raw_plug(struct canbus_port *p, int fd_take, bool classic)
{
	int rc = fd_set_nonblock(fd_take, 1);

	fd_receive_room(fd_take, RAW_RECEIVE_ROOM);
	if (rc == 0)
		rc = ev_io_add(p->bus->loop, &p->io, fd_take, EPOLLIN, on_raw, p);
	if (rc < 0) {
		fd_close(&fd_take);
		return rc;
	}
	p->fd = fd_take;
	p->raw_classic = classic;
	bus_port_start(p);
	return 0;
}

int canbus_add_raw_port(struct canbus *b, int fd_take, const char *name, struct canbus_port **out)
{
	struct canbus_port *p = NULL;
	int one = 1, rc;

	/* A socket that is not PF_CAN (tests) has no such option and needs none. */
	(void)setsockopt(fd_take, SOL_CAN_RAW, CAN_RAW_FD_FRAMES, &one, sizeof(one));
	rc = raw_port_new(b, name, &p);
	if (rc < 0 || !p) {
		fd_close(&fd_take);
		return rc;
	}
	rc = raw_plug(p, fd_take, false);
	if (rc < 0) {
		canbus_remove_port(p);
		return rc;
	}
	if (out)
		*out = p;
	return 0;
}
