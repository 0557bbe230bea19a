/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtqueue's part that split and packed rings share: set-up, latching, the checks on each
 * piece of a chain, tokens, and when to interrupt.
 */
#include "devices/virtio/vq.h"

#include <errno.h>
#include <stdlib.h>

#include "devices/virtio/vdev.h"
#include "devices/virtio/vq_priv.h"

/* Pins one area. The host address is checked too: the loads and stores on it are atomic. */
static int pin(const struct gmem *mem, gpa a, uint64_t bytes, uint64_t align, uint8_t **out)
{
	uint8_t *p;

	if (a.v % align != 0)
		return GUEST_E_RANGE;
	p = gmem_pin(mem, a, bytes);
	if (!p || (uintptr_t)p % align != 0)
		return GUEST_E_RANGE;
	*out = p;
	return 0;
}

static int pin_areas(struct vq *q, const struct vq_setup *s, bool packed)
{
	uint64_t n = s->size;
	int r;

	r = pin(q->mem, s->desc, VQ_DESC_BYTES * n, 16, &q->desc);
	if (r)
		return r;
	r = packed ? pin(q->mem, s->driver, 4, 4, &q->driver)
		   : pin(q->mem, s->driver, 6 + 2 * n, 2, &q->driver);
	if (r)
		return r;
	return packed ? pin(q->mem, s->device, 4, 4, &q->device)
		      : pin(q->mem, s->device, 6 + 8 * n, 4, &q->device);
}

static bool is_power_of_2(uint32_t n)
{
	return n != 0 && (n & (n - 1)) == 0;
}

/* Ring entries between what was returned and what was taken, where a position is given. */
static int count_in_flight(struct vq *q, bool packed)
{
	const struct vq_pos *p = &q->pos;

	if (!packed) {
		q->in_flight = (uint16_t)(p->avail - p->used);
	} else {
		if (p->avail >= q->size || p->used >= q->size)
			return -EINVAL;
		if (p->avail_wrap == p->used_wrap) {
			if (p->avail < p->used)
				return -EINVAL;
			q->in_flight = (uint32_t)p->avail - p->used;
		} else {
			if (p->avail > p->used)
				return -EINVAL;
			q->in_flight = (uint32_t)q->size + p->avail - p->used;
		}
	}
	return q->in_flight > q->size ? -EINVAL : 0;
}

int vq_new(struct vq **out, const struct gmem *mem, const struct vq_setup *s,
	const struct vq_host *host)
{
	bool packed = s->features & VIRTIO_BIT(VIRTIO_F_RING_PACKED);
	struct vq *q;
	int r;

	if (s->size == 0 || s->size > VQ_MAX_SIZE || (!packed && !is_power_of_2(s->size)))
		return GUEST_E_FORMAT;
	q = calloc(1, sizeof(*q));
	if (!q)
		return -ENOMEM;
	q->kind = packed ? &vq_kind_packed : &vq_kind_split;
	q->mem = mem;
	q->host = *host;
	q->size = s->size;
	q->indirect = s->features & VIRTIO_BIT(VIRTIO_F_INDIRECT_DESC);
	q->event_idx = s->features & VIRTIO_BIT(VIRTIO_F_EVENT_IDX);
	q->kicks_enabled = true;
	q->pos = s->pos;
	r = count_in_flight(q, packed);
	if (!r)
		r = pin_areas(q, s, packed);
	if (r) {
		free(q);
		return r;
	}
	*out = q;
	return 0;
}

void vq_free(struct vq *q)
{
	free(q);
}

struct vq_pos vq_position(const struct vq *q)
{
	return q->pos;
}

uint16_t vq_size(const struct vq *q)
{
	return q->size;
}

void vq_get_figures(const struct vq *q, struct vq_figures *out)
{
	*out = (struct vq_figures){ .taken = q->taken,
		.returned = q->returned,
		.in_flight = q->in_flight,
		.waiting = !q->broken && q->kind->waiting(q),
		.kicks = q->kicks_enabled,
		.untold = q->unflagged > 0 };
}

bool vq_is_broken(const struct vq *q)
{
	return q->broken;
}

void vq_break(struct vq *q, int guest_error, const char *why)
{
	if (q->broken)
		return;
	q->broken = true;
	q->broken_code = guest_error;
	q->host.broken(q->host.ctx, guest_error, why);
}

enum vq_pop vq_fail(struct vq *q, int guest_error, const char *why)
{
	vq_break(q, guest_error, why);
	return VQ_BROKEN;
}

/* ---- chains ---- */

/* Eight bytes, each fetched once, also where a table is not aligned (nothing demands it). */
static uint64_t load64(const uint8_t *p)
{
	uint64_t v = 0;

	if ((uintptr_t)p % sizeof(v) == 0)
		return __atomic_load_n((const uint64_t *)(const void *)p, __ATOMIC_RELAXED);
	for (unsigned int i = 0; i < sizeof(v); i++)
		v |= (uint64_t)__atomic_load_n(p + i, __ATOMIC_RELAXED) << (8 * i);
	return v;
}

struct vq_desc vq_desc_load(const uint8_t *p)
{
	uint64_t a = load64(p), b = load64(p + sizeof(a));

	return (struct vq_desc){
		.addr = { a },
		.len = (uint32_t)b,
		.w12 = (uint16_t)(b >> 32),
		.w14 = (uint16_t)(b >> 48),
	};
}

void vq_walk_init(struct vq_walk *w, struct vq *q, struct vq_chain *c)
{
	w->q = q;
	w->c = c;
	w->seen = 0;
	c->n_out = 0;
	c->n_in = 0;
	c->out_bytes = 0;
	c->in_bytes = 0;
}

static int refuse(struct vq *q, int guest_error, const char *why)
{
	vq_break(q, guest_error, why);
	return guest_error;
}

int vq_walk_add(struct vq_walk *w, gpa addr, uint32_t len, bool writable)
{
	struct vq_chain *c = w->c;

	if (w->seen++ == VQ_MAX_SEGS)
		return refuse(w->q, GUEST_E_FORMAT, "descriptor chain is too long");
	if (!writable && c->n_in > 0)
		return refuse(w->q, GUEST_E_DIRECTION,
			"device-readable descriptor after a device-writable one");
	/* A piece of no bytes says nothing, whatever its address. Its direction still counts in the
	 * order above only where bytes came before it. */
	if (len == 0)
		return 0;
	if (!gmem_valid(w->q->mem, addr, len))
		return refuse(w->q, GUEST_E_RANGE, "descriptor outside guest memory");
	if (len > UINT32_MAX - c->out_bytes - c->in_bytes)
		return refuse(w->q, GUEST_E_RANGE, "descriptor lengths add up to 2^32 or more");
	c->seg[c->n_out + c->n_in] = (struct vq_seg){ addr, len };
	if (writable) {
		c->n_in++;
		c->in_bytes += len;
	} else {
		c->n_out++;
		c->out_bytes += len;
	}
	return 0;
}

int vq_table_open(struct vq *q, struct vq_table *t, gpa addr, uint32_t bytes)
{
	if (!q->indirect)
		return refuse(q, GUEST_E_UNSUPPORTED, "indirect descriptor was not negotiated");
	if (bytes == 0 || bytes % VQ_DESC_BYTES != 0)
		return refuse(q, GUEST_E_FORMAT, "indirect table of an impossible length");
	if (!gmem_valid(q->mem, addr, bytes))
		return refuse(q, GUEST_E_RANGE, "indirect table outside guest memory");
	t->addr = addr;
	t->n = bytes / VQ_DESC_BYTES;
	t->host = gmem_pin(q->mem, addr, bytes);
	return 0;
}

int vq_table_load(struct vq *q, const struct vq_table *t, uint32_t i, struct vq_desc *out)
{
	uint64_t raw[2];
	int r;

	if (t->host) {
		*out = vq_desc_load(t->host + (size_t)i * VQ_DESC_BYTES);
		return 0;
	}
	r = gmem_read(q->mem, raw, (gpa){ t->addr.v + (uint64_t)i * VQ_DESC_BYTES }, sizeof(raw));
	if (r)
		return refuse(q, r, "indirect table outside guest memory");
	*out = vq_desc_load((const uint8_t *)raw);
	return 0;
}

/* ---- the ring ---- */

enum vq_pop vq_pop(struct vq *q, struct vq_chain *out)
{
	enum vq_pop p = q->broken ? VQ_BROKEN : q->kind->pop(q, out);

	q->taken += p == VQ_TAKEN;
	return p;
}

void vq_unpop(struct vq *q, const struct vq_chain *c)
{
	if (q->broken)
		return;
	q->kind->unpop(q, c->ndesc);
	q->taken--;
	q->in_flight -= c->ndesc;
}

int vq_push_group(struct vq *q, const struct vq_used *u, uint32_t n)
{
	uint32_t ndesc = 0;

	if (q->broken)
		return q->broken_code;
	q->kind->push(q, u, n);
	for (uint32_t i = 0; i < n; i++)
		ndesc += u[i].ndesc;
	q->returned += n;
	q->in_flight -= MIN(q->in_flight, ndesc);
	q->unflagged = MIN(q->unflagged + ndesc, (uint32_t)q->size);
	return 0;
}

int vq_push_quiet(struct vq *q, const struct vq_chain *c, uint32_t written)
{
	struct vq_used u = { c->id, c->ndesc, MIN(written, c->in_bytes) };

	return vq_push_group(q, &u, 1);
}

void vq_flush(struct vq *q)
{
	if (q->broken || q->unflagged == 0)
		return;
	/* The entries must be visible before the driver's wish is read: it writes its wish, then
	 * looks at the entries. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (q->kind->wants_irq(q))
		q->host.notify(q->host.ctx);
	q->unflagged = 0;
}

void vq_interrupt(struct vq *q)
{
	if (!q->broken)
		q->host.notify(q->host.ctx);
}

int vq_push(struct vq *q, const struct vq_chain *c, uint32_t written)
{
	int r = vq_push_quiet(q, c, written);

	if (!r)
		vq_flush(q);
	return r;
}

void vq_kicks_disable(struct vq *q)
{
	if (!q->kicks_enabled || q->broken)
		return;
	q->kicks_enabled = false;
	q->kind->kicks(q, false);
}

void vq_kicks_enable(struct vq *q)
{
	if (q->kicks_enabled || q->broken)
		return;
	q->kicks_enabled = true;
	q->kind->kicks(q, true);
	/* Before the pop that looks once more. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void vq_kicks_after(struct vq *q, uint16_t n)
{
	vq_kicks_disable(q);
	if (q->event_idx && !q->broken)
		q->kind->kick_at(q, MAX(MIN(n, q->size), 1));
}

/* ---- tokens ---- */

int vq_token_take(struct vq_token *t, const struct vq_chain *c)
{
	if (c->n_in > VQ_TOKEN_SEGS)
		return GUEST_E_FORMAT;
	t->id = c->id;
	t->ndesc = c->ndesc;
	t->n_in = c->n_in;
	for (unsigned int i = 0; i < c->n_in; i++)
		t->in[i] = c->seg[c->n_out + i];
	return 0;
}

int vq_token_push_quiet(struct vq *q, const struct vq_token *t, const void *answer, uint32_t len)
{
	struct vq_writer w = { .mem = q->mem, .seg = t->in, .n = t->n_in };
	int r;

	if (q->broken)
		return q->broken_code;
	for (unsigned int i = 0; i < t->n_in; i++)
		w.left += t->in[i].len;
	len = MIN(len, w.left);
	r = vq_put(&w, answer, len);
	if (r) {
		vq_break(q, r, "answer does not fit into guest memory");
		return r;
	}
	return vq_push_group(q, &(struct vq_used){ t->id, t->ndesc, len }, 1);
}

int vq_token_push(struct vq *q, const struct vq_token *t, const void *answer, uint32_t len)
{
	int r = vq_token_push_quiet(q, t, answer, len);

	if (!r)
		vq_flush(q);
	return r;
}
