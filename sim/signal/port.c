/* SPDX-License-Identifier: Apache-2.0 */
/* See port.h. */
#include "sim/signal/port.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/proto/signal_port.h"

struct watched {
	struct signal_port *port;
	struct signal_sub sub, flag;
	uint32_t place; /* in the socket's list */
	bool waits; /* its value has yet to be sent */
	bool settable;
	uint8_t said; /* flags that were sent last */
};

struct signal_port {
	struct signal_port_config cfg;
	struct ev_io io;
	struct ev_timer gap;
	uint64_t next_ns; /* CLOCK_MONOTONIC: nothing is sent earlier */
	uint32_t n, waiting;
	struct watched w[];
};

static void end(struct signal_port *p)
{
	int fd = p->io.fd;

	ev_io_del(&p->io);
	ev_timer_fini(&p->gap);
	fd_close(&fd);
	for (uint32_t i = 0; i < p->n; i++) {
		signals_unsubscribe(&p->w[i].sub);
		signals_unsubscribe(&p->w[i].flag);
	}
	p->waiting = 0;
}

static uint8_t flags_of(const struct signal_port *p, const struct signal_value *v)
{
	bool fed = v->source == SIGNAL_BY_BUS || v->source == SIGNAL_BY_SCRIPT ||
		   v->source == SIGNAL_BY_GUEST;

	if (!p->cfg.panel)
		return 0;
	return (uint8_t)((v->stuck ? SIGNAL_REC_HELD : 0) | (fed ? SIGNAL_REC_FED : 0));
}

static struct signal_rec record_of(const struct watched *w)
{
	const struct signal_value *v = signals_get(w->port->cfg.table, w->sub.signal);
	enum signal_rec_state state = v->state == SIGNAL_UNSET   ? SIGNAL_REC_UNSET
				      : v->state == SIGNAL_FRESH ? SIGNAL_REC_FRESH
								 : SIGNAL_REC_STALE;

	return (struct signal_rec){ SIGNAL_REC_VALUE, state, w->place, v->t_ns, v->shown,
		flags_of(w->port, v) };
}

/* Sends what waits, as far as the socket takes it. 0, or -errno when the other end is gone. */
static int flush(struct signal_port *p)
{
	if (p->waiting && p->cfg.gap_ns) {
		uint64_t now_ns = clock_now_ns();

		if (now_ns < p->next_ns) {
			ev_timer_at(&p->gap, p->next_ns);
			return 0;
		}
		p->next_ns = now_ns + p->cfg.gap_ns;
	}
	while (p->waiting) {
		struct signal_rec_wire packet[SIGNAL_PORT_RECORDS];
		uint32_t which[SIGNAL_PORT_RECORDS], n = 0;

		for (uint32_t i = 0; i < p->n && n < SIGNAL_PORT_RECORDS; i++) {
			struct signal_rec r;

			if (!p->w[i].waits)
				continue;
			r = record_of(&p->w[i]);
			p->w[i].said = (uint8_t)r.flags;
			packet[n] = signal_rec_pack(&r);
			which[n++] = i;
		}
		if (send(p->io.fd, packet, n * sizeof(packet[0]), MSG_NOSIGNAL | MSG_DONTWAIT) <
			0) {
			if (errno == EINTR)
				continue;
			return errno == EAGAIN || errno == ENOBUFS ? 0 : -errno;
		}
		for (uint32_t i = 0; i < n; i++)
			p->w[which[i]].waits = false;
		p->waiting -= n;
	}
	return 0;
}

/* What waits is sent when the loop comes round: changes of one moment become one packet. */
static void changed(void *ctx, uint32_t signal, const struct signal_value *v)
{
	struct watched *w = ctx;

	(void)signal;
	(void)v;
	if (w->waits)
		return;
	w->waits = true;
	if (w->port->waiting++ == 0)
		(void)!ev_io_set(&w->port->io, EPOLLIN | EPOLLOUT);
}

/* Of a panel: hears of every update, for who feeds a signal, and whether it is held, changes
 * without its value. */
static void flagged(void *ctx, uint32_t signal, const struct signal_value *v)
{
	struct watched *w = ctx;

	if (flags_of(w->port, v) != w->said)
		changed(ctx, signal, v);
}

static void take(struct signal_port *p, const struct signal_rec *r)
{
	uint32_t signal = p->cfg.signals[r->signal];
	uint64_t now_ns = p->cfg.now_ns(p->cfg.ctx);
	enum signal_source source = p->cfg.panel ? SIGNAL_BY_USER : SIGNAL_BY_GUEST;

	if (r->type == SIGNAL_REC_HOLD)
		(void)!signals_hold(p->cfg.table, signal, r->value, now_ns, source);
	else if (r->type == SIGNAL_REC_RELEASE)
		signals_stick(p->cfg.table, signal, false);
	else
		(void)!signals_set(p->cfg.table, signal, r->value, now_ns, source);
}

static int receive(struct signal_port *p)
{
	struct signal_rec r[SIGNAL_PORT_RECORDS];
	int n = signal_rec_recv(p->io.fd, p->n, r);

	for (int i = 0; i < n; i++) {
		if (r[i].type == SIGNAL_REC_VALUE || (r[i].type != SIGNAL_REC_SET && !p->cfg.panel))
			return -EBADMSG;
		if (!p->w[r[i].signal].settable)
			return -EACCES;
		take(p, &r[i]);
	}
	return MIN(n, 0);
}

static void settle(struct signal_port *p, int rc)
{
	bool ready = p->waiting && !(p->cfg.gap_ns && p->gap.deadline_ns);

	if (!rc)
		rc = ev_io_set(&p->io, EPOLLIN | (ready ? (uint32_t)EPOLLOUT : 0u));
	if (!rc)
		return;
	end(p);
	if (p->cfg.gone)
		p->cfg.gone(p->cfg.ctx, p);
}

static void ready(struct ev_io *io, uint32_t revents)
{
	struct signal_port *p = io->data;
	int rc = 0;

	if (revents & (EPOLLIN | EPOLLHUP | EPOLLERR))
		rc = receive(p);
	settle(p, rc ? rc : flush(p));
}

static void gap_over(struct ev_timer *t, uint64_t now_ns)
{
	struct signal_port *p = t->data;

	(void)now_ns;
	settle(p, flush(p));
}

int signal_port_new(struct signal_port **out, int fd_take, const struct signal_port_config *cfg)
{
	uint32_t n = cfg->n_signals, *list = calloc(n + 1, sizeof(*list));
	struct signal_port *p = calloc(1, sizeof(*p) + n * sizeof(p->w[0]));
	int rc = -ENOMEM;

	if (p && list) {
		p->cfg = *cfg;
		if (n)
			memcpy(list, cfg->signals, n * sizeof(*list));
		p->cfg.signals = list;
		p->cfg.settable = NULL;
		p->io = (struct ev_io)EV_IO_INIT;
		rc = ev_timer_init(cfg->loop, &p->gap, gap_over, p);
		if (!rc)
			rc = ev_io_add(cfg->loop, &p->io, fd_take, EPOLLIN | EPOLLOUT, ready, p);
	}
	if (rc) {
		if (p)
			ev_timer_fini(&p->gap);
		fd_close(&fd_take);
		free(list);
		free(p);
		return rc;
	}
	p->n = p->waiting = n;
	for (uint32_t i = 0; i < n; i++) {
		struct watched *w = &p->w[i];

		*w = (struct watched){ .port = p,
			.place = i,
			.waits = true,
			.settable = !cfg->settable || cfg->settable[i] };
		w->sub = (struct signal_sub){ .changed = changed, .ctx = w, .signal = list[i] };
		signals_subscribe(cfg->table, &w->sub);
		if (!cfg->panel)
			continue;
		w->flag = (struct signal_sub){
			.changed = flagged, .ctx = w, .signal = list[i], .every = true
		};
		signals_subscribe(cfg->table, &w->flag);
	}
	/* They are there before the process starts; one that is gone is found by the loop. */
	(void)!flush(p);
	*out = p;
	return 0;
}

void signal_port_free(struct signal_port *p)
{
	uint32_t *list;

	if (!p)
		return;
	end(p);
	memcpy(&list, &p->cfg.signals, sizeof(list));
	free(list);
	free(p);
}
