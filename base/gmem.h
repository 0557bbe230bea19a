/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest memory has one door. No device sees a host pointer; every access is checked here, by
 * subtraction, never by adding an address to a length. A struct gmem is built before vCPUs run
 * and does not change afterwards, so that reads need no lock; any thread may use it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/le.h"

/* A guest physical address: not a number, not a pointer. */
typedef struct gpa {
	uint64_t v;
} gpa;

#define GMEM_MAX_REGIONS 4

struct gmem_region {
	gpa base;
	uint64_t len; /* bytes */
	uint8_t *host;
	int fd; /* the memfd behind it, borrowed; -1 when there is none */
	uint64_t fd_off; /* offset of the region in fd */
};

struct gmem {
	struct gmem_region r[GMEM_MAX_REGIONS];
	unsigned int n;
};

/*
 * Adds a region. The mapping stays the caller's and must outlive `m`. 0; -EINVAL when it is empty,
 * wraps or overlaps one that is there; -ENOSPC.
 */
MUST_CHECK int gmem_add(struct gmem *m, struct gmem_region r);

/* Copies out of or into guest memory; a span may cross regions that touch. 0 or GUEST_E_RANGE
 * (then dst may be partly written). */
MUST_CHECK int gmem_read(const struct gmem *m, void *dst, gpa src, size_t len);
MUST_CHECK int gmem_write(const struct gmem *m, gpa dst, const void *src, size_t len);
MUST_CHECK int gmem_zero(const struct gmem *m, gpa dst, size_t len);

/*
 * Gives whole pages back to the host: they read as zero from now on, for everybody who shares the
 * memory, and take room again once they are written. Address and length are multiples of the size
 * of the host's pages. 0, GUEST_E_RANGE, or -errno.
 */
MUST_CHECK int gmem_discard(const struct gmem *m, gpa a, uint64_t len);

/* True when [a, a+len) lies in guest memory. */
bool gmem_valid(const struct gmem *m, gpa a, uint64_t len);

/*
 * The audited hatch for zero copy and for rings: the host address of a span that lies in ONE
 * region; NULL when it does not. Valid between a device's start and stop. Contents can change
 * under the reader at any time: fetch each value once (gmem_load*), copy, then check.
 */
MUST_CHECK void *gmem_pin(const struct gmem *m, gpa a, uint64_t len);

/* Single-fetch loads and stores on pinned, naturally aligned ring memory. */
static inline uint16_t gmem_load16_acquire(const void *p)
{
	return __atomic_load_n((const uint16_t *)p, __ATOMIC_ACQUIRE);
}
static inline void gmem_store16_release(void *p, uint16_t v)
{
	__atomic_store_n((uint16_t *)p, v, __ATOMIC_RELEASE);
}
