/* SPDX-License-Identifier: Apache-2.0 */
/* A network on a loop; see fabric.h. */
#include "sim/netswitch/fabric.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/proto/net_port.h"
#include "sim/netswitch/pcapng.h"

#define OUT_PACKETS  8u
#define READ_PACKETS 8u

struct netfabric_port {
	struct netfabric *f;
	struct netfabric_port *next;
	struct netswitch_port *sw;
	char name[64];
	int fd; /* -1: the gateway's port, or unplugged */
	struct ev_io io;
	bool blocked;
	uint64_t dropped;
	uint32_t out_head, out_count;
	struct net_packet out[OUT_PACKETS];
	uint32_t tag; /* its interface in the capture */
	struct netswitch_port_stats last; /* of all before it was plugged in again */
};

struct netfabric {
	struct ev_loop *loop;
	struct netswitch *sw;
	struct netfabric_port *ports;
	struct usernet *user;
	struct netswitch_port *user_port;
	struct pcapng *capture;
	uint64_t epoch_ns; /* of the realtime clock at CLOCK_MONOTONIC's 0 */
	struct ev_timer timer;
	uint8_t in[NET_PORT_PACKET_BYTES];
};

/* ---- output ---- */

static void watch(struct netfabric_port *p)
{
	if (p->fd >= 0 && ev_io_set(&p->io, EPOLLIN | (p->blocked ? EPOLLOUT : 0)) < 0)
		log_error("network: cannot watch the socket of %s", p->name);
}

static void port_flush(struct netfabric_port *p)
{
	bool before = p->blocked;

	while (p->out_count && !p->blocked && p->fd >= 0) {
		struct net_packet *k = &p->out[p->out_head];
		ssize_t n = send(p->fd, k->b, k->len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			/* Full; or gone, which reading finds out. */
			p->blocked = true;
			break;
		}
		p->out_head = (p->out_head + 1) % OUT_PACKETS;
		p->out_count--;
	}
	/* The next one goes where the processor's caches still are. */
	if (!p->out_count)
		p->out_head = 0;
	if (p->blocked != before)
		watch(p);
}

/* A frame that has a packet of its own leaves from where it is. False: it has to wait. */
static bool send_long(
	struct netfabric_port *p, const struct net_offload *o, const uint8_t *frame, uint32_t len)
{
	struct net_record r = net_record_of(len, o);
	struct iovec v[] = { { &r, sizeof(r) }, { (void *)(uintptr_t)frame, len } };
	struct msghdr m = { .msg_iov = v, .msg_iovlen = 2 };

	if (len < NET_PORT_LONG || p->out_count || p->blocked || p->fd < 0)
		return false;
	return sendmsg(p->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

static void port_output(void *ctx, const struct net_offload *o, const uint8_t *frame, uint32_t len)
{
	struct netfabric_port *p = ctx;
	struct net_packet *k = &p->out[(p->out_head + p->out_count - 1) % OUT_PACKETS];
	uint8_t *at = NULL;

	if (send_long(p, o, frame, len))
		return;
	if (p->out_count)
		at = net_packet_reserve(k, len);
	if (!at && p->out_count == OUT_PACKETS)
		port_flush(p);
	if (!at && p->out_count < OUT_PACKETS) {
		k = &p->out[(p->out_head + p->out_count++) % OUT_PACKETS];
		k->len = 0;
		at = net_packet_reserve(k, len);
	}
	if (!at) {
		p->dropped++;
		return;
	}
	memcpy(at, frame, len);
	if (o)
		net_packet_describe(k, len, o);
}

static void user_output(void *ctx, const struct net_offload *o, const uint8_t *frame, uint32_t len)
{
	usernet_input(ctx, o, frame, len);
}

/* The loop's work for this network is done: hand over what it made. */
static void settle(struct netfabric *f)
{
	uint64_t next;

	if (f->user) {
		usernet_flush(f->user);
		usernet_settle(f->user);
	}
	for (struct netfabric_port *p = f->ports; p; p = p->next)
		port_flush(p);
	next = netswitch_next_ns(f->sw);
	if (next)
		ev_timer_at(&f->timer, next);
}

static void on_timer(struct ev_timer *t, uint64_t now_ns)
{
	struct netfabric *f = t->data;

	netswitch_run(f->sw, now_ns);
	settle(f);
}

/* ---- the gateway ---- */

static void from_user(void *ctx, const struct net_offload *o, const uint8_t *frame, uint32_t len)
{
	struct netfabric *f = ctx;

	if (f->user_port)
		netswitch_input(f->user_port, o, frame, len, clock_now_ns());
}

static void user_settled(void *ctx)
{
	settle(ctx);
}

/* ---- input ---- */

/* Of a port's whole life: a guest that starts again comes back to it. */
static struct netswitch_port_stats total(const struct netfabric_port *p)
{
	struct netswitch_port_stats s = p->last, now;

	if (!p->sw)
		return s;
	now = netswitch_port_stats(p->sw);
	s.in_frames += now.in_frames;
	s.in_bytes += now.in_bytes;
	s.out_frames += now.out_frames;
	s.out_bytes += now.out_bytes;
	s.refused += now.refused;
	s.lost += now.lost;
	s.overrun += now.overrun;
	return s;
}

static void unplug(struct netfabric_port *p)
{
	ev_io_del(&p->io);
	fd_close(&p->fd);
	p->last = total(p);
	netswitch_remove(p->sw);
	p->sw = NULL;
	p->out_count = 0;
}

/* False: the packet is malformed from some frame on. */
static bool take(struct netfabric_port *p, uint32_t len, uint64_t now_ns)
{
	struct net_item it;
	uint32_t off = 0;
	int rc;

	while ((rc = net_packet_next(p->f->in, len, &off, &it)) == 1) {
		if (it.frame)
			netswitch_input(p->sw, &it.o, it.frame, it.len, now_ns);
		else
			netswitch_takes(p->sw, it.takes);
	}
	return rc == 0;
}

static void on_io(struct ev_io *io, uint32_t revents)
{
	struct netfabric_port *p = io->data;
	bool end = revents & (EPOLLHUP | EPOLLERR) && !(revents & EPOLLIN);
	uint64_t now_ns = clock_now_ns();

	if (revents & EPOLLOUT) {
		p->blocked = false;
		port_flush(p);
		watch(p);
	}
	for (unsigned int i = 0; i < READ_PACKETS && revents & EPOLLIN; i++) {
		ssize_t n = recv(p->fd, p->f->in, sizeof(p->f->in), MSG_DONTWAIT | MSG_TRUNC);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n <= 0) {
			end = true;
			break;
		}
		if (!take(p, MIN((uint32_t)n, (uint32_t)sizeof(p->f->in)), now_ns))
			log_guest("network: malformed packet from %s", p->name);
		/* The gateway may still have a frame where the next packet comes. */
		if (p->f->user)
			usernet_flush(p->f->user);
	}
	if (end)
		unplug(p);
	settle(p->f);
}

/* ---- life ---- */

static void captured(void *ctx, uint32_t tag, uint64_t t_ns, const uint8_t *frame, uint32_t len)
{
	struct netfabric *f = ctx;

	pcapng_frame(f->capture, tag, f->epoch_ns + t_ns, frame, len);
}

static uint64_t epoch_at_zero(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec - clock_now_ns();
}

/* An interface of the capture for a port; 0 where there is no capture. */
static int interface(struct netfabric *f, const char *name)
{
	return f->capture ? pcapng_add_interface(f->capture, name, NET_UNCUT_MAX) : 0;
}

static int add_gateway(struct netfabric *f, const struct usernet_config *user, struct err *e)
{
	struct usernet_config cfg = *user;
	struct netswitch_port_config pc = { .output = user_output, .takes = USERNET_TAKES };
	int tag = interface(f, "gateway"), rc;

	if (tag < 0)
		return err_errno(e, -tag, "cannot write the capture");
	cfg.output = from_user;
	cfg.batch_end = user_settled;
	cfg.ctx = f;
	rc = usernet_new(&f->user, f->loop, &cfg, e);
	if (rc)
		return rc;
	usernet_lend(f->user, f->in, sizeof(f->in));
	pc.tag = (uint32_t)tag;
	pc.ctx = f->user;
	rc = netswitch_add(f->sw, &pc, &f->user_port);
	return rc ? err_errno(e, -rc, "cannot add the gateway") : 0;
}

int netfabric_new(struct netfabric **out, struct ev_loop *loop, const struct netfabric_config *cfg,
	struct err *e)
{
	struct netfabric *f = calloc(1, sizeof(*f));
	struct netswitch_config sc = { .seed = cfg->seed, .ctx = f };
	int rc;

	if (!f)
		return err_set(e, -ENOMEM, "out of memory");
	f->loop = loop;
	f->epoch_ns = epoch_at_zero();
	if (cfg->capture)
		sc.mirror = captured;
	rc = ev_timer_init(loop, &f->timer, on_timer, f);
	if (!rc)
		rc = netswitch_new(&f->sw, &sc);
	if (rc)
		(void)err_errno(e, -rc, "cannot make a network");
	if (!rc && cfg->capture)
		rc = pcapng_new(&f->capture, cfg->capture, 0, e);
	if (!rc && cfg->user)
		rc = add_gateway(f, cfg->user, e);
	if (rc) {
		(void)netfabric_free(f);
		return rc;
	}
	*out = f;
	return 0;
}

int netfabric_free(struct netfabric *f)
{
	int rc;

	if (!f)
		return 0;
	/* The gateway's last frames have nowhere to go. */
	f->user_port = NULL;
	usernet_free(f->user);
	while (f->ports) {
		struct netfabric_port *p = f->ports;

		f->ports = p->next;
		ev_io_del(&p->io);
		fd_close(&p->fd);
		free(p);
	}
	netswitch_free(f->sw);
	ev_timer_fini(&f->timer);
	rc = pcapng_free(f->capture);
	free(f);
	return rc;
}

/* The port of that name which is not plugged in; a new one where there is none. */
static struct netfabric_port *free_port(struct netfabric *f, const char *name)
{
	struct netfabric_port *p;
	int tag;

	for (p = f->ports; p; p = p->next) {
		if (!p->sw && strcmp(p->name, name) == 0)
			return p;
	}
	tag = interface(f, name);
	p = tag >= 0 ? calloc(1, sizeof(*p)) : NULL;
	if (!p)
		return NULL;
	p->f = f;
	p->fd = -1;
	p->io = (struct ev_io)EV_IO_INIT;
	p->tag = (uint32_t)tag;
	snprintf(p->name, sizeof(p->name), "%s", name);
	p->next = f->ports;
	f->ports = p;
	return p;
}

int netfabric_plug(
	struct netfabric *f, const char *name, const struct netfabric_line *line, int fd_take)
{
	struct netfabric_port *p = free_port(f, name);
	struct netswitch_port_config pc = { .vlan = line->vlan,
		.trunk = line->trunk,
		.bandwidth_bps = line->bandwidth_bps,
		.delay_ns = line->delay_ns,
		.loss_ppm = line->loss_ppm,
		.output = port_output,
		.ctx = p };
	int rc = p ? fd_set_nonblock(fd_take, 1) : -ENOMEM;

	if (!rc) {
		pc.tag = p->tag;
		rc = netswitch_add(f->sw, &pc, &p->sw);
	}
	if (!rc) {
		p->fd = fd_take;
		p->blocked = false;
		p->out_head = p->out_count = 0;
		rc = ev_io_add(f->loop, &p->io, fd_take, EPOLLIN, on_io, p);
		if (rc)
			unplug(p);
		return rc;
	}
	fd_close(&fd_take);
	return rc;
}

void netfabric_stats(
	struct netfabric *f, void (*cb)(void *ctx, const struct netfabric_port_stats *s), void *ctx)
{
	struct netfabric_port_stats s;

	for (struct netfabric_port *p = f->ports; p; p = p->next) {
		s = (struct netfabric_port_stats){
			.plugged = p->sw, .line = total(p), .dropped = p->dropped
		};
		snprintf(s.name, sizeof(s.name), "%s", p->name);
		cb(ctx, &s);
	}
	if (f->user) {
		s = (struct netfabric_port_stats){ .name = "gateway",
			.plugged = true,
			.line = netswitch_port_stats(f->user_port),
			.dropped = usernet_dropped(f->user) };
		cb(ctx, &s);
	}
}

uint64_t netfabric_uncaptured(const struct netfabric *f)
{
	return f->capture ? pcapng_lost(f->capture) : 0;
}
