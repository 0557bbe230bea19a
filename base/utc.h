/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The time of day of a machine, for every clock that it has: the host's, or one that its owner
 * sets and that may stand. Any thread; it is read under a lock, for it is read rarely.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* The latest time that may be set, in the year 2199: any wait from there fits. */
#define UTC_MAX_NS INT64_C(7258118399999999999)

struct utc {
	pthread_mutex_t lock;
	bool own; /* else the host's */
	bool runs;
	int64_t utc_ns; /* at host_ns */
	uint64_t host_ns; /* CLOCK_MONOTONIC */
};

/* The host's. */
void utc_init(struct utc *u);
void utc_fini(struct utc *u);

/* From now on it was utc_ns at host_ns (CLOCK_MONOTONIC), and goes on from there or stands. Who
 * waits for a time looks again after this: utc_look_ns(). */
void utc_set(struct utc *u, int64_t utc_ns, uint64_t host_ns, bool runs);

/* Nanoseconds since 1970. */
int64_t utc_now_ns(struct utc *u);
/* The host's UTC, as above. */
int64_t utc_host_ns(void);

/* When (CLOCK_MONOTONIC) to look whether utc_ns has come; not later than it comes as far as can be
 * known, and not later than ten seconds from now while it is the host's, which somebody may set.
 * UINT64_MAX: not before the next utc_set(). */
uint64_t utc_look_ns(struct utc *u, int64_t utc_ns);

/* What TAI is ahead of UTC at a time (nanoseconds since 1970), by the leap seconds that were
 * announced until 2026; before 1972 what it was then. */
int64_t utc_tai_offset_ns(int64_t utc_ns);
