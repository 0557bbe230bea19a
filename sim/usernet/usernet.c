/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libslirp on an event loop. It names its descriptors anew at every turn; they are kept in an epoll
 * instance of their own, which the loop watches, and only what changed is told to the kernel.
 */
#include "sim/usernet/usernet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <slirp/libslirp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/proto/net_port.h"
#include "sim/usernet/segments.h"

#define MAX_FDS    1024 /* watched at a time; a guest's further connections wait */
#define IN_PACKETS 16u
#define SECOND_MS  1000u
/* libslirp's largest: packets get the network's size in segments.c. */
#define IF_MTU_MOST 65521
#define MAX_FD      4096 /* highest descriptor that is known, by number */

struct timer {
	struct timer *next;
	struct usernet *u;
	struct ev_timer t;
	SlirpTimerId id;
	void *opaque;
};

struct usernet {
	struct usernet_config cfg;
	struct ev_loop *loop;
	Slirp *slirp;
	int epoll;
	struct ev_io io;
	struct ev_timer turn; /* slirp's own deadlines */
	uint64_t turn_ns; /* when it is due; 0: it is not */
	struct timer *timers;
	/* What slirp asked for in its last turn. */
	uint32_t n_fds;
	struct pollfd fds[MAX_FDS];
	/* What the epoll instance watches, by descriptor. */
	uint16_t watched[MAX_FD];
	bool wanted[MAX_FD];
	int top; /* no descriptor from here on is watched */
	struct net_packet in[IN_PACKETS];
	uint32_t in_count;
	/* Behind them, the frame that lies in lent bytes. */
	uint8_t *lent;
	uint32_t lent_bytes;
	struct {
		uint8_t *frame;
		uint32_t len; /* 0: there is none */
		struct net_offload o;
	} whole;
	bool stale; /* slirp has worked since it was asked what it waits for */
	uint64_t dropped;
	struct segments segments;
};

/* ---- what slirp calls ---- */

static ssize_t send_packet(const void *buf, size_t len, void *opaque)
{
	struct usernet *u = opaque;

	/* A buffer of its own, made for this call: a checksum in it may be changed in its place. */
	if (len >= NET_FRAME_MIN && len <= NET_UNCUT_MAX)
		segments_to_guest(&u->segments, (uint8_t *)(uintptr_t)buf, (uint32_t)len,
			u->cfg.output, u->cfg.ctx);
	return (ssize_t)len;
}

static void guest_error(const char *msg, void *opaque)
{
	(void)opaque;
	log_guest("user network: %s", msg);
}

static int64_t clock_get_ns(void *opaque)
{
	(void)opaque;
	return (int64_t)clock_now_ns();
}

static void on_timer(struct ev_timer *t, uint64_t now_ns)
{
	struct timer *st = t->data;

	(void)now_ns;
	slirp_handle_timer(st->u->slirp, st->id, st->opaque);
	if (st->u->cfg.batch_end)
		st->u->cfg.batch_end(st->u->cfg.ctx);
}

static void *timer_new_opaque(SlirpTimerId id, void *cb_opaque, void *opaque)
{
	struct usernet *u = opaque;
	struct timer *t = calloc(1, sizeof(*t));

	if (!t || ev_timer_init(u->loop, &t->t, on_timer, t)) {
		/* Only the router's periodic advertisements depend on it. */
		log_error("user network: no memory for a timer");
		free(t);
		return NULL;
	}
	t->u = u;
	t->id = id;
	t->opaque = cb_opaque;
	t->next = u->timers;
	u->timers = t;
	return t;
}

static void timer_free(void *timer, void *opaque)
{
	struct usernet *u = opaque;
	struct timer **at = &u->timers, *t = timer;

	while (*at && *at != t)
		at = &(*at)->next;
	if (!t || !*at)
		return;
	*at = t->next;
	ev_timer_fini(&t->t);
	free(t);
}

static void timer_mod(void *timer, int64_t expire_ms, void *opaque)
{
	struct timer *t = timer;

	(void)opaque;
	if (t)
		ev_timer_at(&t->t, expire_ms > 0 ? (uint64_t)expire_ms * NS_PER_MS : 1);
}

static void register_fd(int fd, void *opaque)
{
	(void)fd;
	(void)opaque;
}

/* The descriptor is about to be closed, and its number may come again for another socket. */
static void unregister_fd(int fd, void *opaque)
{
	struct usernet *u = opaque;

	if (fd >= 0 && fd < MAX_FD && u->watched[fd]) {
		(void)epoll_ctl(u->epoll, EPOLL_CTL_DEL, fd, NULL);
		u->watched[fd] = 0;
	}
}

/* An earlier turn than was asked for does no harm, and costs less than setting the timer anew. */
static void turn_by(struct usernet *u, uint64_t at_ns)
{
	if (u->turn_ns && u->turn_ns <= at_ns)
		return;
	u->turn_ns = at_ns;
	ev_timer_at(&u->turn, at_ns);
}

static void notify(void *opaque)
{
	turn_by(opaque, 1);
}

static const SlirpCb callbacks = {
	.send_packet = send_packet,
	.guest_error = guest_error,
	.clock_get_ns = clock_get_ns,
	.timer_free = timer_free,
	.timer_mod = timer_mod,
	.register_poll_fd = register_fd,
	.unregister_poll_fd = unregister_fd,
	.notify = notify,
	.timer_new_opaque = timer_new_opaque,
};

/* ---- descriptors ---- */

static int add_poll(int fd, int events, void *opaque)
{
	struct usernet *u = opaque;
	struct pollfd *p = &u->fds[u->n_fds];

	if (u->n_fds == MAX_FDS || fd < 0 || fd >= MAX_FD)
		return -1;
	*p = (struct pollfd){ .fd = fd };
	if (events & SLIRP_POLL_IN)
		p->events |= POLLIN;
	if (events & SLIRP_POLL_OUT)
		p->events |= POLLOUT;
	if (events & SLIRP_POLL_PRI)
		p->events |= POLLPRI;
	return (int)u->n_fds++;
}

static int get_revents(int idx, void *opaque)
{
	struct usernet *u = opaque;
	short r = idx >= 0 && (uint32_t)idx < u->n_fds ? u->fds[idx].revents : 0;
	int out = 0;

	if (r & POLLIN)
		out |= SLIRP_POLL_IN;
	if (r & POLLOUT)
		out |= SLIRP_POLL_OUT;
	if (r & POLLPRI)
		out |= SLIRP_POLL_PRI;
	if (r & POLLERR)
		out |= SLIRP_POLL_ERR;
	if (r & POLLHUP)
		out |= SLIRP_POLL_HUP;
	return out;
}

/* Tells the kernel what changed since the last turn. */
static void watch(struct usernet *u)
{
	memset(u->wanted, 0, (size_t)u->top);
	for (uint32_t i = 0; i < u->n_fds; i++) {
		int fd = u->fds[i].fd;
		/* POLLIN and EPOLLIN, ... are the same bits. */
		struct epoll_event ev = { .events = (uint32_t)u->fds[i].events, .data.fd = fd };

		u->wanted[fd] = true;
		u->top = MAX(u->top, fd + 1);
		if (u->watched[fd] == ev.events)
			continue;
		if (epoll_ctl(u->epoll, u->watched[fd] ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &ev) ==
			0)
			u->watched[fd] = (uint16_t)ev.events;
	}
	for (int fd = 0; fd < u->top; fd++) {
		if (u->watched[fd] && !u->wanted[fd])
			unregister_fd(fd, u);
	}
	while (u->top && !u->watched[u->top - 1])
		u->top--;
}

/* Asks slirp what it waits for. */
static void refill(struct usernet *u)
{
	uint32_t timeout_ms = SECOND_MS;

	u->stale = false;
	u->n_fds = 0;
	slirp_pollfds_fill(u->slirp, &timeout_ms, add_poll, u);
	watch(u);
	turn_by(u, clock_now_ns() + MIN(timeout_ms, SECOND_MS) * NS_PER_MS);
}

static void turn(struct usernet *u)
{
	int n = poll(u->fds, u->n_fds, 0);

	slirp_pollfds_poll(u->slirp, n < 0, get_revents, u);
	refill(u);
	if (u->cfg.batch_end)
		u->cfg.batch_end(u->cfg.ctx);
}

static void on_io(struct ev_io *io, uint32_t revents)
{
	(void)revents;
	turn(io->data);
}

static void on_turn(struct ev_timer *t, uint64_t now_ns)
{
	struct usernet *u = t->data;

	(void)now_ns;
	u->turn_ns = 0;
	turn(u);
}

/* ---- frames ---- */

void usernet_lend(struct usernet *u, uint8_t *mem, uint32_t bytes)
{
	u->lent = mem;
	u->lent_bytes = bytes;
}

/* A long frame, in the bytes that were lent; NULL: it is short or elsewhere. */
static uint8_t *in_lent(const struct usernet *u, const uint8_t *frame, uint32_t len)
{
	uintptr_t off = (uintptr_t)frame - (uintptr_t)u->lent;

	if (len < NET_PORT_LONG || off >= u->lent_bytes || len > u->lent_bytes - off)
		return NULL;
	return u->lent + off;
}

/* What is left to do with it. */
static void complete(struct usernet *u, const struct net_offload *o, uint8_t *frame, uint32_t len)
{
	if (!net_offload_none(o))
		net_csum_make(o, frame, len);
	segments_from_guest(&u->segments, frame, len);
}

/* A copy waits; it is dropped where there is no room. */
static void keep(struct usernet *u, const struct net_offload *o, const uint8_t *frame, uint32_t len)
{
	struct net_packet *k = u->in_count ? &u->in[u->in_count - 1] : NULL;
	uint8_t *at = k ? net_packet_reserve(k, len) : NULL;

	if (!at && u->in_count < IN_PACKETS) {
		k = &u->in[u->in_count++];
		k->len = 0;
		at = net_packet_reserve(k, len);
	}
	if (!at) {
		u->dropped++;
		return;
	}
	memcpy(at, frame, len);
	/* So that the frame may be as long as it is. */
	if (!net_offload_none(o))
		net_packet_describe(k, len, o);
	complete(u, o, at, len);
}

void usernet_input(
	struct usernet *u, const struct net_offload *o, const uint8_t *frame, uint32_t len)
{
	uint8_t *at = in_lent(u, frame, len);

	if (u->whole.len) {
		/* It is not the last one. */
		keep(u, &u->whole.o, u->whole.frame, u->whole.len);
		u->whole.len = 0;
	}
	if (!at) {
		keep(u, o, frame, len);
		return;
	}
	/* Not changed yet: it may be for others, too. */
	u->whole.frame = at;
	u->whole.len = len;
	u->whole.o = o ? *o : (struct net_offload){ 0 };
}

void usernet_flush(struct usernet *u)
{
	struct net_item it;

	if (!u->in_count && !u->whole.len)
		return;
	for (uint32_t i = 0; i < u->in_count; i++) {
		uint32_t off = 0;

		while (net_packet_next(u->in[i].b, u->in[i].len, &off, &it) == 1)
			slirp_input(u->slirp, it.frame, (int)it.len);
	}
	u->in_count = 0;
	if (u->whole.len) {
		complete(u, &u->whole.o, u->whole.frame, u->whole.len);
		slirp_input(u->slirp, u->whole.frame, (int)u->whole.len);
	}
	u->whole.len = 0;
	u->stale = true;
}

void usernet_settle(struct usernet *u)
{
	if (u->stale)
		refill(u);
}

/* ---- life ---- */

static int add_forwards(struct usernet *u, struct err *e)
{
	for (uint32_t i = 0; i < u->cfg.n_forwards; i++) {
		const struct usernet_forward *f = &u->cfg.forward[i];
		struct in_addr host = { .s_addr = htonl(INADDR_LOOPBACK) };
		struct in_addr guest = { .s_addr = htonl(
						 f->guest_addr ? f->guest_addr : 0x0a00020f) };

		if (slirp_add_hostfwd(u->slirp, f->udp, host, f->host_port, guest, f->guest_port) <
			0)
			return err_errno(e, errno ? errno : EADDRINUSE,
				"cannot forward the host's port %u (%s)", f->host_port,
				f->udp ? "udp" : "tcp");
	}
	return 0;
}

int usernet_new(
	struct usernet **out, struct ev_loop *loop, const struct usernet_config *cfg, struct err *e)
{
	SlirpConfig sc = { .version = 4,
		.restricted = cfg->restricted,
		.in_enabled = true,
		.vnetwork.s_addr = htonl(0x0a000200),
		.vnetmask.s_addr = htonl(0xffffff00),
		.vhost.s_addr = htonl(0x0a000202),
		.vdhcp_start.s_addr = htonl(0x0a00020f),
		.vnameserver.s_addr = htonl(0x0a000203),
		.in6_enabled = true,
		.vprefix_len = 64,
		.if_mtu = IF_MTU_MOST,
		.if_mru = IF_MTU_MOST,
		.vhostname = "dyno",
		.disable_dns = cfg->restricted };
	struct usernet *u = calloc(1, sizeof(*u));
	int rc;

	if (!u)
		return err_set(e, -ENOMEM, "out of memory");
	(void)inet_pton(AF_INET6, "fec0::", &sc.vprefix_addr6);
	(void)inet_pton(AF_INET6, "fec0::2", &sc.vhost6);
	(void)inet_pton(AF_INET6, "fec0::3", &sc.vnameserver6);
	u->cfg = *cfg;
	u->loop = loop;
	segments_init(&u->segments, cfg->mtu ? cfg->mtu : 1500);
	u->io = (struct ev_io)EV_IO_INIT;
	u->epoll = epoll_create1(EPOLL_CLOEXEC);
	rc = u->epoll < 0 ? -errno : ev_timer_init(loop, &u->turn, on_turn, u);
	if (!rc)
		rc = ev_io_add(loop, &u->io, u->epoll, EPOLLIN, on_io, u);
	if (rc)
		(void)err_errno(e, -rc, "cannot make a user network");
	if (!rc) {
		u->slirp = slirp_new(&sc, &callbacks, u);
		rc = u->slirp ? add_forwards(u, e)
			      : err_set(e, -ENOTSUP, "libslirp refuses its settings");
	}
	if (rc) {
		usernet_free(u);
		return rc;
	}
	refill(u);
	*out = u;
	return 0;
}

void usernet_free(struct usernet *u)
{
	if (!u)
		return;
	if (u->slirp)
		slirp_cleanup(u->slirp);
	while (u->timers)
		timer_free(u->timers, u);
	ev_io_del(&u->io);
	ev_timer_fini(&u->turn);
	fd_close(&u->epoll);
	free(u);
}

uint64_t usernet_dropped(const struct usernet *u)
{
	return u->dropped;
}
