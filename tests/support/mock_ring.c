/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mock driver's rings, written from the driver's side of the specification and independently of
 * devices/virtio, so that a mistake there meets another opinion here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "tests/support/mock_priv.h"

#define F_AVAIL 0x0080u
#define F_USED  0x8000u

struct desc {
	le64 addr;
	le32 len;
	le16 a, b; /* split: flags, next; packed: id, flags */
};
static_assert(sizeof(struct desc) == 16, "descriptor");

/* ---- words the device reads or writes at the same time ---- */

static uint16_t get16(struct mock *m, gpa a, uint64_t off)
{
	return gmem_load16_acquire(mock_ptr(m, (gpa){ a.v + off }, 2));
}

static void set16(struct mock *m, gpa a, uint64_t off, uint16_t v)
{
	gmem_store16_release(mock_ptr(m, (gpa){ a.v + off }, 2), v);
}

/* ---- set-up ---- */

struct mock_queue *mock_q(struct mock *m, unsigned int q)
{
	if (q >= m->n_queues)
		mock_die("queue %u of %u", q, m->n_queues);
	return &m->q[q];
}

static bool packed(const struct mock *m)
{
	return m->flags & MOCK_PACKED;
}

static bool event_idx(const struct mock *m)
{
	return m->flags & MOCK_EVENT_IDX;
}

/* Where the driver tells when it wants interrupts. */
static void write_wish(struct mock *m, struct mock_queue *q)
{
	gpa d = q->ring.driver;

	if (!packed(m)) {
		set16(m, d, 0, q->irqs_wanted ? 0 : 1);
		/* The event index alone counts where it was negotiated: silence is one behind. */
		if (event_idx(m))
			set16(m, d, 4 + 2u * q->ring.size,
				(uint16_t)(q->irqs_wanted ? q->used : q->used - 1));
		return;
	}
	if (!q->irqs_wanted) {
		set16(m, d, 2, 1);
	} else if (event_idx(m)) {
		set16(m, d, 0, (uint16_t)(q->used | (q->used_wrap ? 0x8000u : 0)));
		set16(m, d, 2, 2);
	} else {
		set16(m, d, 2, 0);
	}
}

static void publish_wish(struct mock *m, struct mock_queue *q)
{
	write_wish(m, q);
	/* Before the used ring is looked at again: the device does it the other way round. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void mock_ring_make(struct mock *m, unsigned int i, uint16_t size)
{
	struct mock_queue *q = mock_q(m, i);
	uint32_t n = size, desc = 16 * n, driver = packed(m) ? 4 : 6 + 2 * n,
		 device = packed(m) ? 4 : 6 + 8 * n;

	mock_ring_drop(m, i);
	q->ring.size = size;
	q->ring.desc = mock_block_alloc(m, desc);
	q->ring.driver = mock_block_alloc(m, driver);
	q->ring.device = mock_block_alloc(m, device);
	memset(mock_ptr(m, q->ring.desc, desc), 0, desc);
	memset(mock_ptr(m, q->ring.driver, driver), 0, driver);
	memset(mock_ptr(m, q->ring.device, device), 0, device);
	q->irqs_wanted = true;
	q->free_entries = n;
	q->avail_wrap = true;
	q->used_wrap = true;
	q->next = calloc(n, sizeof(*q->next));
	q->req = calloc(n, sizeof(*q->req));
	q->done = calloc(n, sizeof(*q->done));
	if (!q->next || !q->req || !q->done)
		mock_die("out of memory");
	for (uint32_t d = 0; d < n; d++)
		q->next[d] = (uint16_t)(d + 1);
	publish_wish(m, q);
}

static void release(struct mock *m, struct mock_req *r)
{
	for (unsigned int i = 0; i < r->n_blocks; i++)
		mock_block_free(m, r->block[i]);
	*r = (struct mock_req){ .used = false };
}

void mock_ring_drop(struct mock *m, unsigned int i)
{
	struct mock_queue *q = mock_q(m, i);
	unsigned int irqs = q->irqs;
	uint32_t n = q->ring.size;

	if (n > 0) {
		for (uint32_t r = 0; r < n; r++)
			release(m, &q->req[r]);
		mock_block_free(m, (struct mock_block){ q->ring.desc, 16 * n });
		mock_block_free(
			m, (struct mock_block){ q->ring.driver, packed(m) ? 4 : 6 + 2 * n });
		mock_block_free(
			m, (struct mock_block){ q->ring.device, packed(m) ? 4 : 6 + 8 * n });
	}
	free(q->next);
	free(q->req);
	free(q->done);
	*q = (struct mock_queue){ .irqs = irqs };
}

struct mock_ring mock_ring(struct mock *m, unsigned int q)
{
	return mock_q(m, q)->ring;
}

/* ---- posting ---- */

static struct mock_block put_block(
	struct mock *m, struct mock_req *r, const void *data, uint32_t len, int fill)
{
	struct mock_block b = { mock_block_alloc(m, len), len };
	void *p = mock_ptr(m, b.addr, MAX(len, 1u));

	if (data)
		memcpy(p, data, len);
	else
		memset(p, fill, len);
	r->block[r->n_blocks++] = b;
	return b;
}

static int free_request(const struct mock_queue *q)
{
	for (uint32_t i = 0; i < q->ring.size; i++) {
		if (!q->req[i].used)
			return (int)i;
	}
	return -ENOSPC;
}

/* Writes one descriptor of a split ring and takes it from the free list. */
static uint16_t split_desc(struct mock *m, struct mock_queue *q, const struct desc *d)
{
	uint16_t i = q->free_head;
	struct desc *ring = mock_ptr(m, q->ring.desc, 16u * q->ring.size);

	q->free_head = q->next[i];
	ring[i] = *d;
	return i;
}

static uint16_t split_publish(struct mock *m, struct mock_queue *q, struct desc *d, unsigned int n)
{
	uint16_t head = q->free_head, at = head;

	for (unsigned int i = 0; i < n; i++) {
		if (i + 1 < n) {
			d[i].a = le16_of(le16_get(d[i].a) | MOCK_DESC_NEXT);
			d[i].b = le16_of(q->next[at]);
		}
		at = q->next[at];
		split_desc(m, q, &d[i]);
	}
	set16(m, q->ring.driver, 4 + 2u * (q->avail & (q->ring.size - 1u)), head);
	q->avail++;
	set16(m, q->ring.driver, 2, q->avail);
	return head;
}

static void packed_publish(
	struct mock *m, struct mock_queue *q, struct desc *d, unsigned int n, uint16_t id)
{
	struct desc *ring = mock_ptr(m, q->ring.desc, 16u * q->ring.size);
	uint16_t first = q->avail, first_flags = 0;

	for (unsigned int i = 0; i < n; i++) {
		uint16_t f = le16_get(d[i].b);

		f = (uint16_t)(f | (q->avail_wrap ? F_AVAIL : F_USED) |
			       (i + 1 < n ? MOCK_DESC_NEXT : 0));
		d[i].a = le16_of(id);
		d[i].b = le16_of(f);
		if (i == 0) {
			/* Its flags come last: they make the whole list available. */
			first_flags = f;
			memcpy(&ring[q->avail], &d[i], 14);
		} else {
			memcpy(&ring[q->avail], &d[i], 14);
			gmem_store16_release(&ring[q->avail].b, f);
		}
		if (++q->avail == q->ring.size) {
			q->avail = 0;
			q->avail_wrap = !q->avail_wrap;
		}
	}
	q->kicked = (uint16_t)(q->kicked + n);
	gmem_store16_release(&ring[first].b, first_flags);
}

int mock_add(struct mock *m, unsigned int qi, const struct mock_iov *out, size_t n_out,
	const struct mock_iov *in, size_t n_in)
{
	struct mock_queue *q = mock_q(m, qi);
	struct desc d[MOCK_MAX_IOV];
	unsigned int n = (unsigned int)(n_out + n_in), entries;
	bool indirect = (m->flags & MOCK_INDIRECT) && n >= 2;
	struct mock_req *r;
	int id;

	if (n == 0 || n > MOCK_MAX_IOV)
		mock_die("a request of %u segments", n);
	if (q->ring.size == 0)
		mock_die("queue %u is not set up", qi);
	entries = indirect ? 1 : n;
	if (entries > q->free_entries)
		return -ENOSPC;
	/* A split ring names a request by its head. */
	id = packed(m) ? free_request(q) : q->free_head;
	if (id < 0)
		return id;
	r = &q->req[id];
	r->used = true;
	for (unsigned int i = 0; i < n; i++) {
		bool write = i >= n_out;
		const struct mock_iov *v = write ? &in[i - n_out] : &out[i];
		struct mock_block b = put_block(m, r, v->data, v->len, write ? 0xa5 : 0);
		uint16_t flags = write ? MOCK_DESC_WRITE : 0;

		if (write) {
			r->in[r->n_in++] = b;
			r->in_len += v->len;
		}
		d[i] = (struct desc){ .addr = le64_of(b.addr.v), .len = le32_of(v->len) };
		if (packed(m)) {
			d[i].b = le16_of(flags);
		} else {
			d[i].a = le16_of(
				(uint16_t)(flags | (indirect && i + 1 < n ? MOCK_DESC_NEXT : 0)));
			d[i].b = le16_of((uint16_t)(indirect ? i + 1 : 0));
		}
	}
	if (indirect) {
		struct mock_block t = put_block(m, r, d, 16u * n, 0);

		d[0] = (struct desc){ .addr = le64_of(t.addr.v), .len = le32_of(16u * n) };
		if (packed(m))
			d[0].b = le16_of(MOCK_DESC_INDIRECT);
		else
			d[0].a = le16_of(MOCK_DESC_INDIRECT);
	}
	r->entries = (uint16_t)entries;
	q->free_entries -= entries;
	q->in_flight++;
	if (packed(m))
		packed_publish(m, q, d, entries, (uint16_t)id);
	else
		id = split_publish(m, q, d, entries);
	return id;
}

/* True when the device asked to hear of what was added since the last question. */
static bool kick_wanted(struct mock *m, struct mock_queue *q)
{
	uint16_t event, flags;
	uint16_t since;
	uint32_t off;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!packed(m)) {
		since = (uint16_t)(q->avail - q->kicked);
		q->kicked = q->avail;
		if (!event_idx(m))
			return !(get16(m, q->ring.device, 0) & 1u);
		event = get16(m, q->ring.device, 4 + 8u * q->ring.size);
		return (uint16_t)(q->avail - event - 1) < since;
	}
	since = q->kicked;
	q->kicked = 0;
	flags = get16(m, q->ring.device, 2) & 3u;
	if (flags != 2)
		return flags != 1;
	event = get16(m, q->ring.device, 0);
	off = event & 0x7fffu;
	if (((event & 0x8000u) != 0) != q->avail_wrap)
		off -= q->ring.size;
	return (uint16_t)(q->avail - off - 1) < since;
}

static void ring_doorbell(struct mock *m, unsigned int qi)
{
	m->regs->kick(m->regs_ctx, qi);
	/* Once for the device, once for the interrupt it raises. */
	for (unsigned int i = 0; m->by_loop && i < 2; i++)
		mock_turn(m);
}

bool mock_kick(struct mock *m, unsigned int qi)
{
	if (!kick_wanted(m, mock_q(m, qi)))
		return false;
	ring_doorbell(m, qi);
	return true;
}

void mock_kick_always(struct mock *m, unsigned int qi)
{
	(void)kick_wanted(m, mock_q(m, qi));
	ring_doorbell(m, qi);
}

int mock_postv(struct mock *m, unsigned int q, const struct mock_iov *out, size_t n_out,
	const struct mock_iov *in, size_t n_in)
{
	int id = mock_add(m, q, out, n_out, in, n_in);

	if (id >= 0)
		mock_kick(m, q);
	return id;
}

int mock_post(struct mock *m, unsigned int q, const void *out, uint32_t out_len, uint32_t in_len)
{
	const struct mock_iov o = { out, out_len }, i = { NULL, in_len };

	return mock_postv(m, q, &o, out_len > 0, &i, in_len > 0);
}

/* ---- collecting ---- */

static bool split_take(struct mock *m, struct mock_queue *q, struct mock_done *out)
{
	struct used_elem {
		le32 id, len;
	} * e;
	uint32_t head;

	if (get16(m, q->ring.device, 2) == q->used)
		return false;
	e = mock_ptr(m, (gpa){ q->ring.device.v + 4 + 8u * (q->used & (q->ring.size - 1u)) }, 8);
	head = le32_get(e->id);
	q->used++;
	if (head >= q->ring.size || !q->req[head].used)
		mock_die("the device returned request %u, which was not posted", head);
	*out = (struct mock_done){ (int)head, le32_get(e->len) };
	return true;
}

static bool packed_take(struct mock *m, struct mock_queue *q, struct mock_done *out)
{
	const struct desc *ring = mock_ptr(m, q->ring.desc, 16u * q->ring.size);
	const struct desc *d = &ring[q->used];
	uint16_t flags = gmem_load16_acquire(&d->b);
	uint16_t n, id;

	if (((flags & F_AVAIL) != 0) != q->used_wrap || ((flags & F_USED) != 0) != q->used_wrap)
		return false;
	id = le16_get(d->a);
	/* The length means nothing without the flag. */
	*out = (struct mock_done){ id, flags & MOCK_DESC_WRITE ? le32_get(d->len) : 0 };
	if (id >= q->ring.size || !q->req[id].used)
		mock_die("the device returned request %u, which was not posted", id);
	n = q->req[id].entries;
	q->used = (uint16_t)(q->used + n);
	if (q->used >= q->ring.size) {
		q->used = (uint16_t)(q->used - q->ring.size);
		q->used_wrap = !q->used_wrap;
	}
	return true;
}

bool mock_ring_take(struct mock *m, struct mock_queue *q, struct mock_done *d)
{
	if (q->ring.size == 0)
		return false;
	if (!(packed(m) ? packed_take(m, q, d) : split_take(m, q, d)))
		return false;
	if (q->irqs_wanted && event_idx(m))
		publish_wish(m, q);
	return true;
}

/* Looks at a returned request's answer and gives its entries and memory back. */
static void finish(struct mock *m, struct mock_queue *q, struct mock_done d, struct mock_used *out)
{
	struct mock_req *r = &q->req[d.id];
	uint32_t at = 0;

	*out = (struct mock_used){ .id = d.id, .len = d.len, .in_len = r->in_len };
	if (r->n_in > 0) {
		free(m->joined);
		m->joined = malloc(MAX(r->in_len, 1u));
		if (!m->joined)
			mock_die("out of memory");
		for (unsigned int i = 0; i < r->n_in; i++) {
			memcpy(m->joined + at, mock_ptr(m, r->in[i].addr, MAX(r->in[i].bytes, 1u)),
				r->in[i].bytes);
			at += r->in[i].bytes;
		}
		out->in = m->joined;
	}
	if (!packed(m)) {
		/* The chain is still linked as it was taken from the free list. */
		uint16_t last = (uint16_t)d.id;

		for (unsigned int i = 1; i < r->entries; i++)
			last = q->next[last];
		q->next[last] = q->free_head;
		q->free_head = (uint16_t)d.id;
	}
	q->free_entries += r->entries;
	q->in_flight--;
	release(m, r);
}

bool mock_poll(struct mock *m, unsigned int qi, struct mock_used *out)
{
	struct mock_queue *q = mock_q(m, qi);
	struct mock_done d;

	if (q->n_done > 0) {
		d = q->done[0];
		memmove(q->done, q->done + 1, --q->n_done * sizeof(d));
	} else if (!mock_ring_take(m, q, &d)) {
		return false;
	}
	finish(m, q, d, out);
	return true;
}

bool mock_wait(struct mock *m, unsigned int q, struct mock_used *out)
{
	uint64_t give_up_ns = clock_now_ns() + MOCK_PATIENCE_MS * NS_PER_MS;

	while (!mock_poll(m, q, out)) {
		int r;

		if (clock_now_ns() >= give_up_ns)
			return false;
		r = ev_loop_turn(m->loop, 10);
		if (r)
			mock_die("event loop: %s", err_name(r));
	}
	return true;
}

unsigned int mock_in_flight(const struct mock *m, unsigned int q)
{
	return q < m->n_queues ? m->q[q].in_flight : 0;
}

void mock_want_irqs(struct mock *m, unsigned int qi, bool wanted)
{
	struct mock_queue *q = mock_q(m, qi);

	q->irqs_wanted = wanted;
	publish_wish(m, q);
}

/* ---- raw rings ---- */

void mock_raw_desc(struct mock *m, unsigned int qi, uint16_t i, uint64_t addr, uint32_t len,
	uint16_t flags, uint16_t next)
{
	const struct mock_queue *q = mock_q(m, qi);
	struct desc d = { le64_of(addr), le32_of(len), le16_of(flags), le16_of(next) };

	memcpy(mock_ptr(m, (gpa){ q->ring.desc.v + 16u * (uint64_t)i }, 16), &d, 16);
}

void mock_raw_avail(struct mock *m, unsigned int qi, uint16_t head)
{
	struct mock_queue *q = mock_q(m, qi);

	set16(m, q->ring.driver, 4 + 2u * (q->avail & (q->ring.size - 1u)), head);
	q->avail++;
	set16(m, q->ring.driver, 2, q->avail);
}

void mock_raw_avail_idx(struct mock *m, unsigned int qi, uint16_t idx)
{
	set16(m, mock_q(m, qi)->ring.driver, 2, idx);
}

uint16_t mock_raw_next_avail(struct mock *m, unsigned int qi)
{
	return mock_q(m, qi)->avail;
}

void mock_raw_packed(struct mock *m, unsigned int qi, uint16_t i, uint64_t addr, uint32_t len,
	uint16_t id, uint16_t flags)
{
	const struct mock_queue *q = mock_q(m, qi);
	struct desc d = { le64_of(addr), le32_of(len), le16_of(id), le16_of(flags) };
	struct desc *to = mock_ptr(m, (gpa){ q->ring.desc.v + 16u * (uint64_t)i }, 16);

	memcpy(to, &d, 14);
	gmem_store16_release(&to->b, flags);
}

uint16_t mock_raw_packed_pos(struct mock *m, unsigned int qi, uint16_t *avail_flags)
{
	const struct mock_queue *q = mock_q(m, qi);

	*avail_flags = q->avail_wrap ? F_AVAIL : F_USED;
	return q->avail;
}

/* ---- one request, start to end ---- */

/* Takes what came back; keeps what is not request `id` for mock_poll. */
static bool poll_for(struct mock *m, struct mock_queue *q, int id, struct mock_used *out)
{
	struct mock_done d;

	while (mock_ring_take(m, q, &d)) {
		if (d.id == id) {
			finish(m, q, d, out);
			return true;
		}
		q->done[q->n_done++] = d;
	}
	return false;
}

int mock_send(struct mock *m, unsigned int qi, const void *out, uint32_t out_len, void *in,
	uint32_t in_len)
{
	uint64_t give_up_ns = clock_now_ns() + MOCK_PATIENCE_MS * NS_PER_MS;
	struct mock_used u;
	int id = mock_post(m, qi, out, out_len, in_len);

	if (id < 0)
		return id;
	while (!poll_for(m, mock_q(m, qi), id, &u)) {
		int r;

		if (mock_needs_reset(m))
			return -EIO;
		if (clock_now_ns() >= give_up_ns)
			return -ETIMEDOUT;
		r = ev_loop_turn(m->loop, 10);
		if (r)
			mock_die("event loop: %s", err_name(r));
	}
	if (in && u.in)
		memcpy(in, u.in, MIN(u.len, MIN(in_len, u.in_len)));
	return (int)u.len;
}
