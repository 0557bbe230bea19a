/* SPDX-License-Identifier: Apache-2.0 */
/* The changes to a disk, in memory; see overlay_map.h. */
#include "devices/blk/overlay_map.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "devices/blk/iov.h"

#define SECTOR  512u
#define SECTORS (OVERLAY_CLUSTER_BYTES / SECTOR)

struct cluster {
	uint64_t has[SECTORS / 64];
	uint8_t *data; /* OVERLAY_CLUSTER_BYTES */
};

struct overlay_map {
	uint64_t bytes, limit;
	uint64_t n;
	struct cluster **c; /* n; NULL: all of it is the base's */
};

/* A cluster that reads as zeroes and has no memory. */
static struct cluster all_zero;

/* The part of a range that lies in one cluster. */
struct part {
	uint64_t index;
	uint32_t first, count; /* sectors */
};

static struct part part_of(uint64_t off, uint64_t len)
{
	uint32_t in = (uint32_t)(off % OVERLAY_CLUSTER_BYTES);

	return (struct part){ off / OVERLAY_CLUSTER_BYTES, in / SECTOR,
		(uint32_t)(MIN(len, (uint64_t)(OVERLAY_CLUSTER_BYTES - in)) / SECTOR) };
}

static bool has(const struct cluster *c, uint32_t s)
{
	return c == &all_zero || (c && c->has[s / 64] >> (s % 64) & 1);
}

int overlay_map_new(struct overlay_map **out, uint64_t capacity_bytes, uint64_t limit_bytes)
{
	struct overlay_map *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->limit = limit_bytes;
	m->n = capacity_bytes / OVERLAY_CLUSTER_BYTES + 1;
	/* Fresh pages: what is never written costs nothing. */
	m->c = m->n > SIZE_MAX / sizeof(*m->c)
		       ? MAP_FAILED
		       : mmap(NULL, m->n * sizeof(struct cluster *), PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (m->c == MAP_FAILED) {
		free(m);
		return -ENOMEM;
	}
	*out = m;
	return 0;
}

static void drop(struct overlay_map *m, uint64_t i, struct cluster *by)
{
	struct cluster *c = m->c[i];

	m->c[i] = by;
	if (!c || c == &all_zero)
		return;
	munmap(c->data, OVERLAY_CLUSTER_BYTES);
	free(c);
	m->bytes -= OVERLAY_CLUSTER_BYTES;
}

void overlay_map_free(struct overlay_map *m)
{
	if (!m)
		return;
	for (uint64_t i = 0; m->bytes > 0 && i < m->n; i++)
		drop(m, i, NULL);
	munmap(m->c, m->n * sizeof(struct cluster *));
	free(m);
}

uint64_t overlay_map_bytes(const struct overlay_map *m)
{
	return m->bytes;
}

/* Gives cluster i memory of its own. */
static int own(struct overlay_map *m, uint64_t i)
{
	struct cluster *c = m->c[i];
	bool zero = c == &all_zero;

	if (c && !zero)
		return 0;
	if (m->limit - m->bytes < OVERLAY_CLUSTER_BYTES)
		return -ENOSPC;
	c = malloc(sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->data = mmap(NULL, OVERLAY_CLUSTER_BYTES, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (c->data == MAP_FAILED) {
		free(c);
		return -ENOMEM;
	}
	memset(c->has, zero ? 0xff : 0, sizeof(c->has));
	m->c[i] = c;
	m->bytes += OVERLAY_CLUSTER_BYTES;
	return 0;
}

enum overlay_cover overlay_map_covers(const struct overlay_map *m, uint64_t off, uint64_t len)
{
	bool any = false, all = true;

	while (len > 0) {
		struct part p = part_of(off, len);
		const struct cluster *c = m->c[p.index];

		for (uint32_t s = 0; s < p.count; s++) {
			bool h = has(c, p.first + s);

			any |= h;
			all &= h;
		}
		if (any && !all)
			return OVERLAY_SOME;
		off += (uint64_t)p.count * SECTOR;
		len -= (uint64_t)p.count * SECTOR;
	}
	return any ? OVERLAY_ALL : OVERLAY_NONE;
}

void overlay_map_read(const struct overlay_map *m, uint64_t off, uint64_t len,
	const struct iovec *iov, unsigned int n_iov)
{
	for (uint64_t at = 0; at < len;) {
		struct part p = part_of(off + at, len - at);
		const struct cluster *c = m->c[p.index];

		for (uint32_t s = 0, n; s < p.count; s += n) {
			bool h = has(c, p.first + s);
			uint64_t to = at + (uint64_t)s * SECTOR;

			for (n = 1; s + n < p.count && has(c, p.first + s + n) == h;)
				n++;
			if (!h)
				continue;
			if (c == &all_zero)
				iov_zero(iov, n_iov, to, (size_t)n * SECTOR);
			else
				iov_copy_in(iov, n_iov, to,
					c->data + (size_t)(p.first + s) * SECTOR,
					(size_t)n * SECTOR);
		}
		at += (uint64_t)p.count * SECTOR;
	}
}

int overlay_map_write(struct overlay_map *m, uint64_t off, uint64_t len, const struct iovec *iov,
	unsigned int n_iov)
{
	for (uint64_t at = 0; at < len;) {
		struct part p = part_of(off + at, len - at);
		int rc = own(m, p.index);
		struct cluster *c = m->c[p.index];

		if (rc < 0)
			return rc;
		iov_copy_out(iov, n_iov, at, c->data + (size_t)p.first * SECTOR,
			(size_t)p.count * SECTOR);
		for (uint32_t s = p.first; s < p.first + p.count; s++)
			c->has[s / 64] |= UINT64_C(1) << (s % 64);
		at += (uint64_t)p.count * SECTOR;
	}
	return 0;
}

int overlay_map_zero(struct overlay_map *m, uint64_t off, uint64_t len)
{
	while (len > 0) {
		struct part p = part_of(off, len);

		if (p.count == SECTORS) {
			drop(m, p.index, &all_zero);
		} else if (m->c[p.index] != &all_zero) {
			int rc = own(m, p.index);
			struct cluster *c = m->c[p.index];

			if (rc < 0)
				return rc;
			memset(c->data + (size_t)p.first * SECTOR, 0, (size_t)p.count * SECTOR);
			for (uint32_t s = p.first; s < p.first + p.count; s++)
				c->has[s / 64] |= UINT64_C(1) << (s % 64);
		}
		off += (uint64_t)p.count * SECTOR;
		len -= (uint64_t)p.count * SECTOR;
	}
	return 0;
}

void overlay_map_discard(struct overlay_map *m, uint64_t off, uint64_t len)
{
	while (len > 0) {
		struct part p = part_of(off, len);

		if (p.count == SECTORS)
			drop(m, p.index, &all_zero);
		off += (uint64_t)p.count * SECTOR;
		len -= (uint64_t)p.count * SECTOR;
	}
}
