/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells messages that come as fast as they can from single ones. To be woken costs as much as
 * several messages do, so that a reader of a flood looks again after a while instead of being woken
 * for each; a message that somebody may be waiting for is read at once. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"

/* Messages of a flood come closer than this, on average: a full CAN bus of 1 Mbit/s has a classic
 * frame of 8 bytes each 110 us. */
#define FLOOD_GAP_NS (60 * NS_PER_US)
/* So many of them in a row are a flood. */
#define FLOOD_RUN 256u
/* So long they gather. */
#define FLOOD_REST_NS (250 * NS_PER_US)
/* Where a rest brought no more than one, somebody sends one at a time and waits for each: twice as
 * many are needed the next time, so many times. */
#define FLOOD_ERRORS 6u

struct flood {
	uint64_t last_ns;
	uint32_t run, errors;
	bool rests;
};

/* `n` messages were found at now_ns, perhaps none. True: it is a flood, and the next look is due in
 * FLOOD_REST_NS. */
static inline bool flood_saw(struct flood *f, uint32_t n, uint64_t now_ns)
{
	/* A look that comes late, on a busy host, says nothing of how close they come. */
	uint64_t gap_ns = f->rests ? MIN(now_ns - f->last_ns, FLOOD_REST_NS) : now_ns - f->last_ns;
	bool dense = n && gap_ns <= n * FLOOD_GAP_NS;
	uint32_t need = FLOOD_RUN << f->errors;

	if (!n && !f->rests)
		return false;
	if (f->rests)
		f->errors = n > 1 ? 0 : MIN(f->errors + 1, FLOOD_ERRORS);
	f->run = dense ? MIN(f->run + n, need) : 0;
	f->last_ns = now_ns;
	f->rests = f->run == need;
	return f->rests;
}

/* A message went the other way: what comes next may be the answer. */
static inline void flood_over(struct flood *f)
{
	f->run = 0;
}
