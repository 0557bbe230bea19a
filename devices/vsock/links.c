/* SPDX-License-Identifier: Apache-2.0 */
/* The table of connections: finding, making and ending them, and their time limits. */
#include <stdlib.h>

#include "base/fd.h"
#include "base/log.h"
#include "devices/vsock/vsock_priv.h"

static struct link **bucket(struct vsock_dev *d, const struct vsock_key *k)
{
	uint32_t h = k->guest_port * 0x9e3779b1u ^ k->peer_port * 0x85ebca6bu ^ k->peer_cid;

	return &d->hash[(h ^ h >> 16) % HASH_SIZE];
}

struct link *link_find(struct vsock_dev *d, const struct vsock_key *k)
{
	struct link *l = *bucket(d, k);

	while (l && (l->c.key.guest_port != k->guest_port || l->c.key.peer_port != k->peer_port ||
			    l->c.key.peer_cid != k->peer_cid))
		l = l->hash_next;
	return l;
}

static void unlink_key(struct link *l)
{
	struct link **p = bucket(l->d, &l->c.key);

	while (*p && *p != l)
		p = &(*p)->hash_next;
	if (*p)
		*p = l->hash_next;
}

struct link *link_by_id(struct vsock_dev *d, uint32_t id)
{
	struct link *l = d->links[id % VSOCK_MAX_LINKS];

	return l && l->id == id ? l : NULL;
}

void link_watch(struct vsock_dev *d, uint32_t id)
{
	struct link *l = link_by_id(d, id);

	if (l)
		host_watch(l);
}

struct link *link_new(struct vsock_dev *d, const struct vsock_conn *c)
{
	struct link *l;
	uint32_t slot = d->next_slot;

	if (d->n_links == d->max_links)
		return NULL;
	while (d->links[slot])
		slot = (slot + 1) % VSOCK_MAX_LINKS;
	l = calloc(1, sizeof(*l));
	if (!l)
		return NULL;
	l->d = d;
	l->c = *c;
	if (d->promised >= VSOCK_BUDGET_BYTES)
		l->c.buf_alloc = VSOCK_SMALL_BUF_BYTES;
	if (host_init(l) < 0) {
		host_fini(l);
		free(l);
		return NULL;
	}
	l->id = slot + VSOCK_MAX_LINKS * (d->generation++ % (UINT32_MAX / VSOCK_MAX_LINKS));
	l->hash_next = *bucket(d, &l->c.key);
	*bucket(d, &l->c.key) = l;
	d->links[slot] = l;
	d->next_slot = (slot + 1) % VSOCK_MAX_LINKS;
	d->n_links++;
	d->promised += l->cost;
	return l;
}

static void unqueue(struct link *l)
{
	struct vsock_dev *d = l->d;
	struct link **p = &d->ready_head;

	if (!l->queued)
		return;
	while (*p != l)
		p = &(*p)->ready_next;
	*p = l->ready_next;
	if (d->ready_tail == &l->ready_next)
		d->ready_tail = p;
	l->queued = false;
}

void link_free(struct link *l)
{
	struct vsock_dev *d = l->d;

	unqueue(l);
	if (l->c.state != VSOCK_ENDED)
		unlink_key(l);
	d->links[l->id % VSOCK_MAX_LINKS] = NULL;
	d->n_links--;
	d->promised -= l->cost;
	host_fini(l);
	free(l);
}

void link_ready(struct link *l)
{
	struct vsock_dev *d = l->d;

	if (l->queued || l->c.state == VSOCK_ENDED)
		return;
	l->queued = true;
	l->ready_next = NULL;
	*d->ready_tail = l;
	d->ready_tail = &l->ready_next;
}

void link_limit(struct link *l, uint64_t in_ns)
{
	struct ev_timer *t = &l->d->limits;

	l->deadline_ns = clock_now_ns() + in_ns;
	if (!t->deadline_ns || l->deadline_ns < t->deadline_ns)
		ev_timer_at(t, l->deadline_ns);
}

void link_reset(struct link *l, const char *why)
{
	log_guest("%s: port %u to %u of context %u: %s", l->d->v.tag, l->c.key.guest_port,
		l->c.key.peer_port, l->c.key.peer_cid, why);
	l->d->st.resets++;
	ev_io_del(&l->io);
	fd_close(&l->end.fd);
	l->deadline_ns = 0;
	if (l->c.state == VSOCK_ENDED) {
		/* The guest is told nothing; what waits is dropped by the next time limit. */
		link_limit(l, 0);
		return;
	}
	vsock_conn_reset(&l->c);
	link_ready(l);
}

void link_detach(struct link *l)
{
	if (l->c.state != VSOCK_OPEN || !host_waits(l)) {
		link_free(l);
		return;
	}
	unlink_key(l);
	unqueue(l);
	l->c.state = VSOCK_ENDED;
	l->c.owed = 0;
	host_watch(l);
	/* (host_flush() gives it more time whenever something could be passed on) */
	link_limit(l, STALL_LIMIT_NS);
}

static void limit_over(struct link *l)
{
	switch (l->c.state) {
	case VSOCK_ASKED:
		link_reset(l, "the other end was not found in time");
		break;
	case VSOCK_OFFERED:
		(void)l->d->port->ops->answer(l->d->port, l->offer, false);
		link_reset(l, "the guest does not answer");
		break;
	case VSOCK_OPEN:
		link_reset(l, "the guest does not end it");
		break;
	case VSOCK_ENDED:
		link_free(l);
		break;
	case VSOCK_RESETTING:
		break;
	}
}

void links_on_limits(struct ev_timer *t, uint64_t now_ns)
{
	struct vsock_dev *d = t->data;
	uint64_t next = 0;

	for (uint32_t i = 0; i < VSOCK_MAX_LINKS; i++) {
		struct link *l = d->links[i];

		if (!l || !l->deadline_ns)
			continue;
		if (l->deadline_ns > now_ns) {
			next = next ? MIN(next, l->deadline_ns) : l->deadline_ns;
			continue;
		}
		l->deadline_ns = 0;
		limit_over(l);
	}
	if (next)
		ev_timer_at(t, next);
	vsock_work(d);
}
