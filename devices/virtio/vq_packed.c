/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packed rings: one ring of descriptors that driver and device overwrite in turn, with a wrap
 * counter each. "Packed Virtqueues". The event index is published lazily, as in vq_split.c.
 */
#include "devices/virtio/vq_priv.h"

#define EVENT_ENABLE  0u
#define EVENT_DISABLE 1u
#define EVENT_DESC    2u
#define EVENT_WRAP    0x8000u

/* An event suppression structure as one 32-bit word: offset and wrap below, flags above. */
static uint32_t event_load(const uint8_t *p)
{
	return __atomic_load_n((const uint32_t *)(const void *)p, __ATOMIC_RELAXED);
}

static void event_store(uint8_t *p, uint32_t v)
{
	__atomic_store_n((uint32_t *)(void *)p, v, __ATOMIC_RELAXED);
}

static uint8_t *slot(const struct vq *q, uint16_t i)
{
	return q->desc + (size_t)i * VQ_DESC_BYTES;
}

/* Steps a ring position on by n <= size entries. */
static void advance(const struct vq *q, uint16_t *at, bool *wrap, uint32_t n)
{
	uint32_t to = *at + n;

	if (to >= q->size) {
		to -= q->size;
		*wrap = !*wrap;
	}
	*at = (uint16_t)to;
}

static bool available(const struct vq *q)
{
	uint16_t f = gmem_load16_acquire(slot(q, q->pos.avail) + 14);
	bool avail = f & VQ_DESC_F_AVAIL, used = f & VQ_DESC_F_USED;

	return avail == q->pos.avail_wrap && used != q->pos.avail_wrap;
}

/* The event that asks for a kick at the n-th descriptor from here on. */
static uint32_t event_at(const struct vq *q, uint32_t n)
{
	uint16_t at = q->pos.avail;
	bool wrap = q->pos.avail_wrap;

	advance(q, &at, &wrap, n - 1);
	return (EVENT_DESC << 16) | at | (wrap ? EVENT_WRAP : 0);
}

static uint32_t kick_event(const struct vq *q)
{
	return event_at(q, 1);
}

/* Walks an indirect table: here its entries follow each other, and NEXT means nothing. */
static int walk_table(struct vq_walk *w, const struct vq_desc *ring)
{
	struct vq_table t;
	int r = vq_table_open(w->q, &t, ring->addr, ring->len);

	if (r)
		return r;
	for (uint32_t i = 0; i < t.n; i++) {
		struct vq_desc d;

		r = vq_table_load(w->q, &t, i, &d);
		if (r)
			return r;
		if (d.w14 & VQ_DESC_F_INDIRECT) {
			vq_break(w->q, GUEST_E_FORMAT, "indirect descriptor in an indirect table");
			return GUEST_E_FORMAT;
		}
		r = vq_walk_add(w, d.addr, d.len, d.w14 & VQ_DESC_F_WRITE);
		if (r)
			return r;
	}
	return 0;
}

/* Walks a list from the current position and counts its ring entries in c->ndesc. */
static int walk_ring(struct vq_walk *w)
{
	struct vq *q = w->q;
	struct vq_chain *c = w->c;
	uint16_t at = q->pos.avail;
	bool wrap = q->pos.avail_wrap;

	for (;;) {
		struct vq_desc d;
		int r;

		/* The entries in flight are the device's: a list that reaches them never ends. */
		if (c->ndesc >= q->size - q->in_flight) {
			vq_break(q, GUEST_E_LOOP, "descriptor list is longer than the ring");
			return GUEST_E_LOOP;
		}
		d = vq_desc_load(slot(q, at));
		c->ndesc++;
		c->id = d.w12; /* that of the last entry counts */
		if (d.w14 & VQ_DESC_F_INDIRECT) {
			/* "each list only contains descriptors of a given type" */
			if (c->ndesc > 1 || (d.w14 & VQ_DESC_F_NEXT)) {
				vq_break(q, GUEST_E_FORMAT, "indirect descriptor in a list");
				return GUEST_E_FORMAT;
			}
			return walk_table(w, &d);
		}
		r = vq_walk_add(w, d.addr, d.len, d.w14 & VQ_DESC_F_WRITE);
		if (r)
			return r;
		if (!(d.w14 & VQ_DESC_F_NEXT))
			return 0;
		advance(q, &at, &wrap, 1);
	}
}

static enum vq_pop packed_pop(struct vq *q, struct vq_chain *out)
{
	bool any = available(q);
	struct vq_walk w;

	if (!any && q->event_idx && q->kicks_enabled && event_load(q->device) != kick_event(q)) {
		event_store(q->device, kick_event(q));
		/* The driver stores its descriptor, then loads the event; we do the reverse. */
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		any = available(q);
	}
	if (!any)
		return VQ_EMPTY;
	vq_walk_init(&w, q, out);
	out->ndesc = 0;
	if (walk_ring(&w))
		return VQ_BROKEN;
	advance(q, &q->pos.avail, &q->pos.avail_wrap, out->ndesc);
	q->in_flight += out->ndesc;
	return VQ_TAKEN;
}

static void packed_unpop(struct vq *q, uint16_t ndesc)
{
	if (q->pos.avail < ndesc) {
		q->pos.avail = (uint16_t)(q->pos.avail + q->size - ndesc);
		q->pos.avail_wrap = !q->pos.avail_wrap;
	} else {
		q->pos.avail = (uint16_t)(q->pos.avail - ndesc);
	}
	/* The ring does not look empty to the device, and how far the driver is ahead cannot be
	 * read cheaply: hear of every addition until it was empty once. */
	if (q->event_idx && q->kicks_enabled) {
		event_store(q->device, EVENT_ENABLE << 16);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
	}
}

static void packed_push(struct vq *q, const struct vq_used *u, uint32_t n)
{
	uint8_t *first = slot(q, q->pos.used);
	uint16_t first_flags = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint8_t *s = slot(q, q->pos.used);
		uint16_t flags =
			(uint16_t)(q->pos.used_wrap ? VQ_DESC_F_AVAIL | VQ_DESC_F_USED : 0);

		if (u[i].written > 0)
			flags |= VQ_DESC_F_WRITE;
		__atomic_store_n((uint32_t *)(void *)(s + 8), u[i].written, __ATOMIC_RELAXED);
		__atomic_store_n((uint16_t *)(void *)(s + 12), u[i].id, __ATOMIC_RELAXED);
		if (i)
			gmem_store16_release(s + 14, flags);
		else
			first_flags = flags;
		advance(q, &q->pos.used, &q->pos.used_wrap, u[i].ndesc);
	}
	/* The driver looks no further than the first that is not used. */
	gmem_store16_release(first + 14, first_flags);
}

static bool packed_wants_irq(struct vq *q)
{
	uint32_t e = event_load(q->driver);
	uint32_t off = e & (EVENT_WRAP - 1);

	switch ((e >> 16) & 3u) {
	case EVENT_DISABLE:
		return false;
	case EVENT_DESC:
		break;
	default:
		return true;
	}
	if (!q->event_idx)
		return true; /* not negotiated: an interrupt too many harms nobody */
	/* Positions of the last lap lie below 0; modulo 2^16 that still subtracts right. */
	if (((e & EVENT_WRAP) != 0) != q->pos.used_wrap)
		off -= q->size;
	return (uint16_t)(q->pos.used - off - 1) < q->unflagged;
}

static void packed_kicks(struct vq *q, bool enable)
{
	if (!enable)
		event_store(q->device, EVENT_DISABLE << 16);
	else
		event_store(q->device, q->event_idx ? kick_event(q) : EVENT_ENABLE << 16);
}

/* A request has one descriptor at least: of several it is heard of earlier. */
static void packed_kick_at(struct vq *q, uint16_t n)
{
	event_store(q->device, event_at(q, n));
}

const struct vq_kind vq_kind_packed = {
	.pop = packed_pop,
	.unpop = packed_unpop,
	.push = packed_push,
	.wants_irq = packed_wants_irq,
	.kicks = packed_kicks,
	.kick_at = packed_kick_at,
	.waiting = available,
};
