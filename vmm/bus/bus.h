/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An address bus (ports or memory): who answers an access of a vCPU. A region answers only
 * accesses that lie in it whole; one that straddles an edge matches nobody.
 *
 * Lookups take no lock and run on any vCPU thread; regions may come and go meanwhile (a BAR that
 * moves). A region's owner must outlive the vCPU threads, not only the region: an access that was
 * looked up just before bus_remove() is still carried out.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* The two address spaces of a processor. */
enum bus_space { BUS_MEMORY, BUS_PORTS };

#define BUS_MAX_REGIONS 160
#define BUS_MAX_ACCESS  8

/*
 * `off` counts from the region's start; `len` is 1, 2 or 4 on ports, mostly 1, 2, 4 or 8 on memory:
 * an access that crosses a page comes in two pieces of 1 to 7 bytes.
 */
struct bus_ops {
	void (*read)(void *ctx, uint64_t off, void *dst, uint32_t len);
	void (*write)(void *ctx, uint64_t off, const void *src, uint32_t len);
};

struct bus_region {
	_Atomic uint64_t base, len;
	_Atomic(const struct bus_ops *) ops;
	_Atomic(void *) ctx;
};

struct bus {
	atomic_uint seq; /* odd while a change is under way */
	atomic_uint n;
	pthread_mutex_t lock; /* of changes */
	struct bus_region r[BUS_MAX_REGIONS]; /* sorted by base, never overlapping */
	_Atomic uint64_t missed; /* accesses that nobody answered */
};

void bus_init(struct bus *b);
void bus_fini(struct bus *b);

/*
 * Adds [base, base + len). Any thread. 0; -EINVAL when it is empty or wraps; -EEXIST when it
 * overlaps a region that is there; -ENOSPC.
 */
MUST_CHECK int bus_add(
	struct bus *b, uint64_t base, uint64_t len, const struct bus_ops *ops, void *ctx);
/* Removes the region that starts at base; none there: nothing happens. Any thread. */
void bus_remove(struct bus *b, uint64_t base);

/*
 * Carries out an access. False when nobody answered: a read then gives all ones, a write is lost.
 * len must be 1..BUS_MAX_ACCESS. Any thread.
 */
bool bus_read(struct bus *b, uint64_t addr, void *dst, uint32_t len);
bool bus_write(struct bus *b, uint64_t addr, const void *src, uint32_t len);

/* Accesses that nobody answered so far. */
uint64_t bus_missed(const struct bus *b);
