/* SPDX-License-Identifier: Apache-2.0 */
/* Guest memory regions and the checks on every access; see gmem.h. */
#include "base/gmem.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

int gmem_add(struct gmem *m, struct gmem_region r)
{
	if (r.len == 0 || !r.host || r.base.v > UINT64_MAX - (r.len - 1))
		return -EINVAL;
	for (unsigned int i = 0; i < m->n; i++) {
		const struct gmem_region *o = &m->r[i];

		if (r.base.v >= o->base.v ? r.base.v - o->base.v < o->len
					  : o->base.v - r.base.v < r.len)
			return -EINVAL;
	}
	if (m->n == GMEM_MAX_REGIONS)
		return -ENOSPC;
	m->r[m->n++] = r;
	return 0;
}

/* The region that holds a, and how many bytes of it follow. */
static const struct gmem_region *find(const struct gmem *m, gpa a, uint64_t *off)
{
	for (unsigned int i = 0; i < m->n; i++) {
		const struct gmem_region *r = &m->r[i];

		if (a.v >= r->base.v && a.v - r->base.v < r->len) {
			*off = a.v - r->base.v;
			return r;
		}
	}
	return NULL;
}

/* A region may end with the address space: what would go on at 0 behind it is no span. */
static bool wraps(gpa a, uint64_t len)
{
	return len > 0 && len - 1 > UINT64_MAX - a.v;
}

/* Longest piece of [a, a+len) that lies in one region; NULL when a is outside. */
static uint8_t *piece(const struct gmem *m, gpa a, size_t len, size_t *got)
{
	uint64_t off;
	const struct gmem_region *r = find(m, a, &off);

	if (!r)
		return NULL;
	*got = (size_t)MIN((uint64_t)len, r->len - off);
	return r->host + off;
}

int gmem_read(const struct gmem *m, void *dst, gpa src, size_t len)
{
	uint8_t *to = dst;

	if (wraps(src, len))
		return GUEST_E_RANGE;
	while (len > 0) {
		size_t n;
		const uint8_t *p = piece(m, src, len, &n);

		if (!p)
			return GUEST_E_RANGE;
		memcpy(to, p, n);
		to += n;
		len -= n;
		src.v += n;
	}
	return 0;
}

int gmem_write(const struct gmem *m, gpa dst, const void *src, size_t len)
{
	const uint8_t *from = src;

	if (wraps(dst, len))
		return GUEST_E_RANGE;
	while (len > 0) {
		size_t n;
		uint8_t *p = piece(m, dst, len, &n);

		if (!p)
			return GUEST_E_RANGE;
		memcpy(p, from, n);
		from += n;
		len -= n;
		dst.v += n;
	}
	return 0;
}

int gmem_zero(const struct gmem *m, gpa dst, size_t len)
{
	if (wraps(dst, len))
		return GUEST_E_RANGE;
	while (len > 0) {
		size_t n;
		uint8_t *p = piece(m, dst, len, &n);

		if (!p)
			return GUEST_E_RANGE;
		memset(p, 0, n);
		len -= n;
		dst.v += n;
	}
	return 0;
}

int gmem_discard(const struct gmem *m, gpa a, uint64_t len)
{
	if (!gmem_valid(m, a, len))
		return GUEST_E_RANGE;
	while (len > 0) {
		uint64_t off;
		const struct gmem_region *r = find(m, a, &off);
		uint64_t n = MIN(len, r->len - off);

		/* Of a file the hole is punched in the file itself, not only in this mapping. */
		if (madvise(r->host + off, n, r->fd >= 0 ? MADV_REMOVE : MADV_DONTNEED) < 0)
			return -errno;
		len -= n;
		a.v += n;
	}
	return 0;
}

bool gmem_valid(const struct gmem *m, gpa a, uint64_t len)
{
	if (wraps(a, len))
		return false;
	while (len > 0) {
		uint64_t off, n;
		const struct gmem_region *r = find(m, a, &off);

		if (!r)
			return false;
		n = MIN(len, r->len - off);
		len -= n;
		a.v += n;
	}
	return true;
}

void *gmem_pin(const struct gmem *m, gpa a, uint64_t len)
{
	uint64_t off;
	const struct gmem_region *r = find(m, a, &off);

	return r && len <= r->len - off ? r->host + off : NULL;
}
