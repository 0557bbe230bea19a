/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is to be done at which bench time, on one thread's loop: timed actions, the steps of a
 * gesture, periodic frames. Entries of one time run in the order in which they were added.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ev.h"
#include "sim/clock/bench_clock.h"

struct agenda_entry {
	uint64_t t_ns, seq;
	void (*fn)(void *arg, uint64_t t_ns); /* t_ns: when it was due, bench time */
	void (*drop)(void *arg); /* frees arg when it never ran; may be NULL */
	void *arg;
};

struct agenda {
	const struct bench_clock *clock; /* borrowed */
	struct ev_timer timer;
	struct agenda_entry *heap; /* earliest first */
	size_t n, cap;
	uint64_t seq;
	/* Called before an entry of t_ns runs, for what is due before and is not in here; it may
	 * add entries and call agenda_run_to(). NULL: there is nothing else. Set after
	 * agenda_init(). */
	void (*first)(void *ctx, uint64_t t_ns);
	void *first_ctx;
};

/* Set-up, before the loop's thread runs. 0 or -errno. */
MUST_CHECK int agenda_init(struct agenda *a, struct ev_loop *loop, const struct bench_clock *clock);
/* Drops what has not run. Idempotent. */
void agenda_fini(struct agenda *a);

/* Loop's thread. fn runs when the bench clock shows t_ns, never before this returns. 0 or -ENOMEM.
 */
MUST_CHECK int agenda_add(struct agenda *a, uint64_t t_ns, void (*fn)(void *arg, uint64_t t_ns),
	void (*drop)(void *arg), void *arg);
/* Loop's thread. Runs what is due up to bench time t_ns, which has come: the caller is about to do
 * something of that time, and the timer may be late. Entries may call this again. */
void agenda_run_to(struct agenda *a, uint64_t t_ns);
/* Loop's thread. The bench clock was started, resumed or stopped: deadlines are made anew. */
void agenda_sync(struct agenda *a);
