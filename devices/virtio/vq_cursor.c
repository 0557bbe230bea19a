/* SPDX-License-Identifier: Apache-2.0 */
/* Cursors over the checked pieces of a chain: exactly the bytes asked for, or nothing. */
#include "devices/virtio/vq.h"
#include "devices/virtio/vq_priv.h"

void vq_reader_init(struct vq_reader *r, const struct vq *q, const struct vq_chain *c)
{
	*r = (struct vq_reader){
		.mem = q->mem,
		.seg = c->seg,
		.n = c->n_out,
		.left = c->out_bytes,
	};
}

void vq_writer_init(struct vq_writer *w, const struct vq *q, const struct vq_chain *c)
{
	*w = (struct vq_writer){
		.mem = q->mem,
		.seg = c->seg + c->n_out,
		.n = c->n_in,
		.left = c->in_bytes,
	};
}

/* Where a cursor stands; both kinds walk alike. */
struct place {
	const struct vq_seg *seg;
	uint32_t n, off;
};

/* The next piece of at most `want` bytes, and steps over it. There is one: the caller checked. */
static struct vq_seg step(struct place *p, uint32_t want)
{
	struct vq_seg s;

	while (p->off == p->seg->len) {
		p->seg++;
		p->n--;
		p->off = 0;
	}
	s.addr.v = p->seg->addr.v + p->off;
	s.len = MIN(want, p->seg->len - p->off);
	p->off += s.len;
	return s;
}

int vq_get(struct vq_reader *r, void *dst, uint32_t len)
{
	struct place p = { r->seg, r->n, r->off };
	uint8_t *to = dst;
	uint32_t todo = len;

	if (len > r->left)
		return GUEST_E_SHORT;
	while (todo > 0) {
		struct vq_seg s = step(&p, todo);
		int e = gmem_read(r->mem, to, s.addr, s.len);

		if (e)
			return e;
		to += s.len;
		todo -= s.len;
	}
	r->seg = p.seg;
	r->n = p.n;
	r->off = p.off;
	r->left -= len;
	return 0;
}

int vq_skip(struct vq_reader *r, uint32_t len)
{
	struct place p = { r->seg, r->n, r->off };

	if (len > r->left)
		return GUEST_E_SHORT;
	for (uint32_t todo = len; todo > 0;)
		todo -= step(&p, todo).len;
	r->seg = p.seg;
	r->n = p.n;
	r->off = p.off;
	r->left -= len;
	return 0;
}

/* The next `len` bytes, which are there, as pieces; steps over them. 0: more than `max`, or memory
 * that is none. */
static uint32_t pin(
	const struct gmem *mem, struct place *p, uint32_t len, struct iovec *iov, uint32_t max)
{
	uint32_t n = 0;

	for (uint32_t todo = len; todo > 0; n++) {
		struct vq_seg s = step(p, todo);
		void *at = n < max ? gmem_pin(mem, s.addr, s.len) : NULL;

		if (!at)
			return 0;
		iov[n] = (struct iovec){ at, s.len };
		todo -= s.len;
	}
	return n;
}

uint32_t vq_pin(const struct vq_reader *r, struct iovec *iov, uint32_t max)
{
	struct place p = { r->seg, r->n, r->off };

	return pin(r->mem, &p, r->left, iov, max);
}

uint32_t vq_lend(struct vq_writer *w, struct iovec *iov, uint32_t max, uint32_t len)
{
	struct place p = { w->seg, w->n, w->off };
	uint32_t n = len <= w->left ? pin(w->mem, &p, len, iov, max) : 0;

	if (!n)
		return 0;
	w->seg = p.seg;
	w->n = p.n;
	w->off = p.off;
	w->left -= len;
	w->written += len;
	return n;
}

/* `from` NULL writes zeros. */
static int put(struct vq_writer *w, const uint8_t *from, uint32_t len)
{
	struct place p = { w->seg, w->n, w->off };
	uint32_t todo = len;

	if (len > w->left)
		return GUEST_E_SHORT;
	while (todo > 0) {
		struct vq_seg s = step(&p, todo);
		int e;

		if (from) {
			e = gmem_write(w->mem, s.addr, from, s.len);
			from += s.len;
		} else {
			e = gmem_zero(w->mem, s.addr, s.len);
		}
		if (e)
			return e;
		todo -= s.len;
	}
	w->seg = p.seg;
	w->n = p.n;
	w->off = p.off;
	w->left -= len;
	w->written += len;
	return 0;
}

int vq_put(struct vq_writer *w, const void *src, uint32_t len)
{
	return len == 0 ? 0 : put(w, src, len);
}

int vq_put_zero(struct vq_writer *w, uint32_t len)
{
	return put(w, NULL, len);
}
