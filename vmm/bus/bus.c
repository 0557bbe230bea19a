/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The address bus; see bus.h. A sorted array under a sequence count: readers repeat a lookup that
 * a change ran into. Fields are atomics, so that a lookup that is thrown away is no data race.
 */
#include "vmm/bus/bus.h"

#include <errno.h>
#include <string.h>

struct found {
	const struct bus_ops *ops;
	void *ctx;
	uint64_t off;
};

void bus_init(struct bus *b)
{
	memset(b, 0, sizeof(*b));
	pthread_mutex_init(&b->lock, NULL);
}

void bus_fini(struct bus *b)
{
	pthread_mutex_destroy(&b->lock);
}

static uint64_t get64(const _Atomic uint64_t *v)
{
	return atomic_load_explicit(v, memory_order_relaxed);
}

static void put64(_Atomic uint64_t *v, uint64_t x)
{
	atomic_store_explicit(v, x, memory_order_relaxed);
}

/* Index of the first region that starts above addr. */
static unsigned int upper(const struct bus *b, unsigned int n, uint64_t addr)
{
	unsigned int lo = 0, hi = n;

	while (lo < hi) {
		unsigned int mid = lo + (hi - lo) / 2;

		if (get64(&b->r[mid].base) <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void region_copy(struct bus_region *to, const struct bus_region *from)
{
	put64(&to->base, get64(&from->base));
	put64(&to->len, get64(&from->len));
	atomic_store_explicit(&to->ops, atomic_load_explicit(&from->ops, memory_order_relaxed),
		memory_order_relaxed);
	atomic_store_explicit(&to->ctx, atomic_load_explicit(&from->ctx, memory_order_relaxed),
		memory_order_relaxed);
}

static void change_begin(struct bus *b)
{
	atomic_fetch_add_explicit(&b->seq, 1, memory_order_acq_rel);
	atomic_thread_fence(memory_order_release);
}

static void change_end(struct bus *b)
{
	atomic_fetch_add_explicit(&b->seq, 1, memory_order_release);
}

static int add_locked(
	struct bus *b, uint64_t base, uint64_t len, const struct bus_ops *ops, void *ctx)
{
	unsigned int n = atomic_load(&b->n), i = upper(b, n, base);

	if (i > 0 && base - get64(&b->r[i - 1].base) < get64(&b->r[i - 1].len))
		return -EEXIST;
	if (i < n && get64(&b->r[i].base) - base < len)
		return -EEXIST;
	if (n == BUS_MAX_REGIONS)
		return -ENOSPC;
	change_begin(b);
	for (unsigned int k = n; k > i; k--)
		region_copy(&b->r[k], &b->r[k - 1]);
	put64(&b->r[i].base, base);
	put64(&b->r[i].len, len);
	atomic_store_explicit(&b->r[i].ops, ops, memory_order_relaxed);
	atomic_store_explicit(&b->r[i].ctx, ctx, memory_order_relaxed);
	atomic_store_explicit(&b->n, n + 1, memory_order_relaxed);
	change_end(b);
	return 0;
}

int bus_add(struct bus *b, uint64_t base, uint64_t len, const struct bus_ops *ops, void *ctx)
{
	int rc;

	if (len == 0 || len - 1 > UINT64_MAX - base)
		return -EINVAL;
	pthread_mutex_lock(&b->lock);
	rc = add_locked(b, base, len, ops, ctx);
	pthread_mutex_unlock(&b->lock);
	return rc;
}

void bus_remove(struct bus *b, uint64_t base)
{
	unsigned int n, i;

	pthread_mutex_lock(&b->lock);
	n = atomic_load(&b->n);
	i = upper(b, n, base);
	if (i > 0 && get64(&b->r[i - 1].base) == base) {
		change_begin(b);
		for (unsigned int k = i - 1; k + 1 < n; k++)
			region_copy(&b->r[k], &b->r[k + 1]);
		atomic_store_explicit(&b->n, n - 1, memory_order_relaxed);
		change_end(b);
	}
	pthread_mutex_unlock(&b->lock);
}

/* One attempt; what it says counts only when the sequence did not move meanwhile. */
static bool lookup_once(const struct bus *b, uint64_t addr, uint32_t len, struct found *f)
{
	unsigned int n = atomic_load_explicit(&b->n, memory_order_relaxed), i = upper(b, n, addr);
	uint64_t rlen;

	if (i == 0)
		return false;
	f->off = addr - get64(&b->r[i - 1].base);
	rlen = get64(&b->r[i - 1].len);
	f->ops = atomic_load_explicit(&b->r[i - 1].ops, memory_order_relaxed);
	f->ctx = atomic_load_explicit(&b->r[i - 1].ctx, memory_order_relaxed);
	return f->off < rlen && len <= rlen - f->off;
}

static bool lookup(struct bus *b, uint64_t addr, uint32_t len, struct found *f)
{
	for (;;) {
		unsigned int seq = atomic_load_explicit(&b->seq, memory_order_acquire);
		bool hit = lookup_once(b, addr, len, f);

		atomic_thread_fence(memory_order_acquire);
		if (!(seq & 1) && atomic_load_explicit(&b->seq, memory_order_relaxed) == seq) {
			if (!hit)
				atomic_fetch_add_explicit(&b->missed, 1, memory_order_relaxed);
			return hit;
		}
	}
}

bool bus_read(struct bus *b, uint64_t addr, void *dst, uint32_t len)
{
	struct found f;

	memset(dst, 0xff, len);
	if (!lookup(b, addr, len, &f))
		return false;
	f.ops->read(f.ctx, f.off, dst, len);
	return true;
}

bool bus_write(struct bus *b, uint64_t addr, const void *src, uint32_t len)
{
	struct found f;

	if (!lookup(b, addr, len, &f))
		return false;
	f.ops->write(f.ctx, f.off, src, len);
	return true;
}

uint64_t bus_missed(const struct bus *b)
{
	return get64(&b->missed);
}
