/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Split rings: descriptor table, available ring, used ring. "Split Virtqueues".
 *
 * When kicks are enabled and the event index is in use, the index at which the driver shall kick
 * is published when the ring was found empty, not at each pop: a driver that adds while the
 * device works does not kick for nothing.
 */
#include "devices/virtio/vq_priv.h"

#define AVAIL_F_NO_INTERRUPT 1u
#define USED_F_NO_NOTIFY     1u

/* Offsets of fields in the areas. */
#define AVAIL_FLAGS   0u
#define AVAIL_IDX     2u
#define AVAIL_RING(i) (4u + 2u * (size_t)(i))
#define USED_FLAGS    0u
#define USED_IDX      2u
#define USED_RING(i)  (4u + 8u * (size_t)(i))

static uint16_t load16(const uint8_t *p)
{
	return __atomic_load_n((const uint16_t *)(const void *)p, __ATOMIC_RELAXED);
}

static void store16(uint8_t *p, uint16_t v)
{
	__atomic_store_n((uint16_t *)(void *)p, v, __ATOMIC_RELAXED);
}

static void store32(uint8_t *p, uint32_t v)
{
	__atomic_store_n((uint32_t *)(void *)p, v, __ATOMIC_RELAXED);
}

/* used_event ends the available ring, avail_event the used ring. */
static uint8_t *used_event(const struct vq *q)
{
	return q->driver + AVAIL_RING(q->size);
}

static uint8_t *avail_event(const struct vq *q)
{
	return q->device + USED_RING(q->size);
}

/* Walks an indirect table: here its entries are chained by `next`, as in the ring. */
static int walk_table(struct vq_walk *w, gpa addr, uint32_t bytes)
{
	struct vq_table t;
	uint32_t i = 0;
	int r = vq_table_open(w->q, &t, addr, bytes);

	if (r)
		return r;
	for (uint32_t seen = 0;; seen++) {
		struct vq_desc d;

		if (seen == t.n) {
			vq_break(w->q, GUEST_E_LOOP, "descriptor loop in an indirect table");
			return GUEST_E_LOOP;
		}
		r = vq_table_load(w->q, &t, i, &d);
		if (r)
			return r;
		if (d.w12 & VQ_DESC_F_INDIRECT) {
			vq_break(w->q, GUEST_E_FORMAT, "indirect descriptor in an indirect table");
			return GUEST_E_FORMAT;
		}
		r = vq_walk_add(w, d.addr, d.len, d.w12 & VQ_DESC_F_WRITE);
		if (r)
			return r;
		if (!(d.w12 & VQ_DESC_F_NEXT))
			return 0;
		if (d.w14 >= t.n) {
			vq_break(w->q, GUEST_E_FORMAT, "next descriptor outside its table");
			return GUEST_E_FORMAT;
		}
		i = d.w14;
	}
}

static int walk_ring(struct vq_walk *w, uint16_t head)
{
	struct vq *q = w->q;
	uint16_t i = head;

	for (uint32_t seen = 0;; seen++) {
		struct vq_desc d;
		int r;

		if (i >= q->size) {
			vq_break(q, GUEST_E_FORMAT, "descriptor index outside the ring");
			return GUEST_E_FORMAT;
		}
		if (seen == q->size) {
			vq_break(q, GUEST_E_LOOP, "descriptor loop");
			return GUEST_E_LOOP;
		}
		d = vq_desc_load(q->desc + (size_t)i * VQ_DESC_BYTES);
		if (d.w12 & VQ_DESC_F_INDIRECT) {
			/* May follow plain descriptors, but ends the chain. */
			if (d.w12 & VQ_DESC_F_NEXT) {
				vq_break(q, GUEST_E_FORMAT, "indirect descriptor with a next one");
				return GUEST_E_FORMAT;
			}
			return walk_table(w, d.addr, d.len);
		}
		r = vq_walk_add(w, d.addr, d.len, d.w12 & VQ_DESC_F_WRITE);
		if (r)
			return r;
		if (!(d.w12 & VQ_DESC_F_NEXT))
			return 0;
		i = d.w14;
	}
}

/* True when the driver added something; then its descriptors are visible too. */
static enum vq_pop look(struct vq *q)
{
	uint16_t idx = gmem_load16_acquire(q->driver + AVAIL_IDX);
	uint16_t ahead = (uint16_t)(idx - q->pos.avail);

	if (ahead == 0)
		return VQ_EMPTY;
	if (ahead > q->size)
		return vq_fail(q, GUEST_E_FORMAT, "available index jumped");
	return VQ_TAKEN;
}

static enum vq_pop split_pop(struct vq *q, struct vq_chain *out)
{
	enum vq_pop p = look(q);
	struct vq_walk w;
	uint16_t head;

	if (p == VQ_EMPTY && q->event_idx && q->kicks_enabled &&
		load16(avail_event(q)) != q->pos.avail) {
		store16(avail_event(q), q->pos.avail);
		/* The driver stores its index, then loads the event; we do the reverse. */
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		p = look(q);
	}
	if (p != VQ_TAKEN)
		return p;
	/* What is in flight is bounded for every device here: a head can be in use once. */
	if (q->in_flight >= q->size)
		return vq_fail(q, GUEST_E_FORMAT, "more requests than the ring has entries");
	head = load16(q->driver + AVAIL_RING(q->pos.avail & (q->size - 1)));
	vq_walk_init(&w, q, out);
	out->id = head;
	out->ndesc = 1;
	if (walk_ring(&w, head))
		return VQ_BROKEN;
	q->pos.avail++;
	q->in_flight++;
	return VQ_TAKEN;
}

static void split_unpop(struct vq *q, uint16_t ndesc)
{
	q->pos.avail = (uint16_t)(q->pos.avail - ndesc);
	/* The ring does not look empty to the device, so ask here to hear of the next addition. An
	 * event that the driver passed meanwhile would never fire: look again, but not for ever. */
	for (unsigned int i = 0; i < 4 && q->event_idx && q->kicks_enabled; i++) {
		uint16_t idx = load16(q->driver + AVAIL_IDX);

		store16(avail_event(q), idx);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (load16(q->driver + AVAIL_IDX) == idx)
			break;
	}
}

static void split_push(struct vq *q, const struct vq_used *u, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		uint8_t *e = q->device + USED_RING(q->pos.used & (q->size - 1));

		store32(e, u[i].id);
		store32(e + 4, u[i].written);
		q->pos.used++;
	}
	gmem_store16_release(q->device + USED_IDX, q->pos.used);
}

static bool split_wants_irq(struct vq *q)
{
	uint16_t event;

	if (!q->event_idx)
		return !(load16(q->driver + AVAIL_FLAGS) & AVAIL_F_NO_INTERRUPT);
	event = load16(used_event(q));
	/* Is `event` among the entries returned since the last question? */
	return (uint16_t)(q->pos.used - event - 1) < q->unflagged;
}

static void split_kicks(struct vq *q, bool enable)
{
	if (!q->event_idx)
		store16(q->device + USED_FLAGS, (uint16_t)(enable ? 0 : USED_F_NO_NOTIFY));
	else if (enable)
		store16(avail_event(q), q->pos.avail);
	/* With the event index, silence is an event that lies behind: no longer published. */
}

static void split_kick_at(struct vq *q, uint16_t n)
{
	store16(avail_event(q), (uint16_t)(q->pos.avail + n - 1));
}

static bool split_waiting(const struct vq *q)
{
	return load16(q->driver + AVAIL_IDX) != q->pos.avail;
}

const struct vq_kind vq_kind_split = {
	.pop = split_pop,
	.unpop = split_unpop,
	.push = split_push,
	.wants_irq = split_wants_irq,
	.kicks = split_kicks,
	.kick_at = split_kick_at,
	.waiting = split_waiting,
};
