/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bench clock: nanoseconds since the run began, stopped while the bench is paused. Everything
 * that a scenario says about time is on this clock; host-monotonic time (base/clock.h) is what
 * deadlines are turned into. It knows no bus and no guest: who must stop with it is the bench's.
 *
 * One 64-bit word holds the whole state, so that reading it from any thread needs no lock.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

/* A deadline that never comes: what bench_clock_host_ns() says while the clock stands. */
#define BENCH_CLOCK_NEVER UINT64_MAX

/* Zero-initialised it stands at 0. */
struct bench_clock {
	/* Running: host time of bench time 0. Standing: bench time, with the top bit set. */
	_Atomic uint64_t word;
};

/* Stands at 0. */
void bench_clock_init(struct bench_clock *c);

/* Lets the clock run on from where it stands; host_ns is now. No effect while it runs. One
 * thread at a time calls this and bench_clock_pause(). */
void bench_clock_resume(struct bench_clock *c, uint64_t host_ns);

/* Stops it at host_ns, which must not lie before the last resume. No effect while it stands. */
void bench_clock_pause(struct bench_clock *c, uint64_t host_ns);

bool bench_clock_running(const struct bench_clock *c);

/* Bench time at host_ns; where the clock started later than that, 0. Any thread. */
uint64_t bench_clock_at(const struct bench_clock *c, uint64_t host_ns);

/* Bench time now. Any thread. */
static inline uint64_t bench_clock_now_ns(const struct bench_clock *c)
{
	return bench_clock_at(c, clock_now_ns());
}

/* The host time at which the clock shows bench_ns; BENCH_CLOCK_NEVER while it stands (ask again
 * after the resume) and for a sum that would wrap. Any thread. */
uint64_t bench_clock_host_ns(const struct bench_clock *c, uint64_t bench_ns);
