/* SPDX-License-Identifier: Apache-2.0 */
/* See client.h. */
#include "devices/signal/client.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"

struct known {
	struct signal_seen seen;
	struct signal_watch *watches;
	double wanted; /* to be sent, while it waits */
	bool waits;
};

struct signal_client {
	struct ev_io io;
	struct signal_client_stats stats;
	struct signal_watch *next; /* to be told next: a callback may take it away */
	uint32_t n, waiting;
	struct known known[];
};

static void end(struct signal_client *c)
{
	int fd = c->io.fd;

	ev_io_del(&c->io);
	fd_close(&fd);
	c->stats.open = false;
	for (uint32_t i = 0; i < c->n; i++)
		c->known[i].waits = false;
	c->waiting = 0;
}

/* ---- to the bench ---- */

/* Sends what waits, as far as the socket takes it. 0, or -errno when the bench is gone. */
static int flush(struct signal_client *c)
{
	while (c->waiting) {
		struct signal_rec_wire packet[SIGNAL_PORT_RECORDS];
		uint32_t which[SIGNAL_PORT_RECORDS], n = 0;

		for (uint32_t i = 0; i < c->n && n < SIGNAL_PORT_RECORDS; i++) {
			struct signal_rec r = {
				.type = SIGNAL_REC_SET, .signal = i, .value = c->known[i].wanted
			};

			if (!c->known[i].waits)
				continue;
			packet[n] = signal_rec_pack(&r);
			which[n++] = i;
		}
		if (send(c->io.fd, packet, n * sizeof(packet[0]), MSG_NOSIGNAL | MSG_DONTWAIT) <
			0) {
			if (errno == EINTR)
				continue;
			return errno == EAGAIN || errno == ENOBUFS ? 0 : -errno;
		}
		for (uint32_t i = 0; i < n; i++)
			c->known[which[i]].waits = false;
		c->waiting -= n;
		c->stats.sets += n;
	}
	return 0;
}

static void gone(struct signal_client *c, int rc)
{
	if (rc != -EPIPE)
		log_warn("the bench's signals end here: %s", strerror(-rc));
	end(c);
}

void signal_client_set(struct signal_client *c, uint32_t signal, double value)
{
	struct known *k = &c->known[signal];
	bool blocked = c->waiting > 0;
	int rc;

	if (!c->stats.open || !isfinite(value))
		return;
	k->wanted = value;
	if (!k->waits)
		c->waiting++;
	k->waits = true;
	if (blocked)
		return;
	rc = flush(c);
	if (!rc && c->waiting)
		rc = ev_io_set(&c->io, EPOLLIN | EPOLLOUT);
	if (rc)
		gone(c, rc);
}

/* ---- from the bench ---- */

static void take(struct signal_client *c, const struct signal_rec *r)
{
	struct known *k = &c->known[r->signal];
	bool same = k->seen.state == r->state && k->seen.value == r->value;

	k->seen = (struct signal_seen){ r->state, r->value, r->t_ns };
	c->stats.updates++;
	if (same)
		return;
	for (struct signal_watch *w = k->watches; w; w = c->next) {
		c->next = w->next;
		w->changed(w->ctx, &k->seen);
	}
	c->next = NULL;
}

/* One packet. 1: it was taken; 0: there is none; -errno. */
static int receive(struct signal_client *c)
{
	struct signal_rec r[SIGNAL_PORT_RECORDS];
	int n = signal_rec_recv(c->io.fd, c->n, r);

	for (int i = 0; i < n; i++) {
		if (r[i].type != SIGNAL_REC_VALUE)
			return -EBADMSG;
		take(c, &r[i]);
	}
	return MIN(n, 1);
}

static void ready(struct ev_io *io, uint32_t revents)
{
	struct signal_client *c = io->data;
	int rc = 0;

	if (revents & (EPOLLIN | EPOLLHUP | EPOLLERR))
		rc = receive(c);
	/* (a callback that set a signal may have found the bench gone) */
	if (rc >= 0 && c->stats.open)
		rc = flush(c);
	if (rc >= 0 && c->stats.open)
		rc = ev_io_set(io, EPOLLIN | (c->waiting ? (uint32_t)EPOLLOUT : 0u));
	if (rc < 0 && c->stats.open)
		gone(c, rc);
}

/* ---- life ---- */

/* The bench says each signal once, in order, before it says any again. */
static void hear_all(struct signal_client *c, int wait_ms)
{
	uint64_t limit = clock_now_ns() + (uint64_t)wait_ms * NS_PER_MS, now = 0;
	int rc = 0;

	while (c->stats.open && c->stats.updates < c->n && now < limit && rc >= 0) {
		struct pollfd p = { .fd = c->io.fd, .events = POLLIN };

		now = clock_now_ns();
		if (poll(&p, 1, now < limit ? (int)((limit - now) / NS_PER_MS) : 0) > 0)
			rc = receive(c);
	}
	if (rc < 0)
		gone(c, rc);
}

int signal_client_new(struct signal_client **out, struct ev_loop *loop, int fd_take,
	uint32_t n_signals, int wait_ms)
{
	struct signal_client *c = calloc(1, sizeof(*c) + n_signals * sizeof(c->known[0]));
	int rc = c ? 0 : -ENOMEM;

	if (c) {
		c->io = (struct ev_io)EV_IO_INIT;
		c->n = n_signals;
	}
	if (c && fd_take >= 0)
		rc = ev_io_add(loop, &c->io, fd_take, EPOLLIN, ready, c);
	if (rc) {
		fd_close(&fd_take);
		free(c);
		return rc;
	}
	c->stats.open = fd_take >= 0;
	hear_all(c, wait_ms);
	*out = c;
	return 0;
}

void signal_client_free(struct signal_client *c)
{
	if (!c)
		return;
	for (uint32_t i = 0; i < c->n; i++) {
		while (c->known[i].watches)
			signal_client_unwatch(c->known[i].watches);
	}
	end(c);
	free(c);
}

const struct signal_seen *signal_client_get(const struct signal_client *c, uint32_t signal)
{
	return &c->known[signal].seen;
}

bool signal_client_feed(const struct signal_client *c, const struct signal_feed *f, double *out)
{
	const struct signal_seen *s;

	if (f->signal == SIGNAL_FEED_CONSTANT) {
		*out = f->offset;
		return true;
	}
	s = signal_client_get(c, f->signal);
	if (s->state == SIGNAL_REC_UNSET)
		return false;
	*out = s->value * f->scale + f->offset;
	return true;
}

void signal_client_watch(struct signal_client *c, struct signal_watch *w, uint32_t signal)
{
	struct signal_watch **at = &c->known[signal].watches, *last = NULL;

	if (w->client)
		return;
	for (; *at; at = &(*at)->next)
		last = *at;
	w->client = c;
	w->signal = signal;
	w->next = NULL;
	w->prev = last;
	*at = w;
}

void signal_client_unwatch(struct signal_watch *w)
{
	struct signal_client *c = w->client;

	if (!c)
		return;
	if (c->next == w)
		c->next = w->next;
	if (w->prev)
		w->prev->next = w->next;
	else
		c->known[w->signal].watches = w->next;
	if (w->next)
		w->next->prev = w->prev;
	w->client = NULL;
	w->next = w->prev = NULL;
}

void signal_client_get_stats(const struct signal_client *c, struct signal_client_stats *out)
{
	*out = c->stats;
}
