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
#define FLOOD_GAP_NS (80 * NS_PER_US)
/* So many of them at once are a flood; of slower ones more are needed. */
#define FLOOD_RUN 256u
/* So long they gather. */
#define FLOOD_REST_NS (250 * NS_PER_US)
/* A message that goes the other way counts against so many. */
#define FLOOD_OTHER 32u
/* Where so many rests brought a single one each, somebody sends one at a time and waits for it:
 * twice as many are needed the next time, so many times. */
#define FLOOD_SINGLES 4u
#define FLOOD_ERRORS  6u

struct flood {
	uint64_t last_ns;
	/* By how much the last messages came earlier than FLOOD_GAP_NS apart. Who has to wait for a
	 * processor sends late, or looks late: single gaps begin and end no flood. */
	uint64_t ahead_ns;
	uint32_t singles, errors;
	bool rests;
};

/* `n` messages were found at now_ns, perhaps none. True: it is a flood, and the next look is due in
 * FLOOD_REST_NS. */
static inline bool flood_saw(struct flood *f, uint32_t n, uint64_t now_ns)
{
	uint64_t gap_ns = now_ns - f->last_ns, ahead_ns = f->ahead_ns + n * FLOOD_GAP_NS, need_ns;
	bool one_at_a_time = false;

	if (!n && !f->rests)
		return false;
	if (f->rests) {
		if (n > 1)
			f->singles = f->errors = 0;
		else if (n == 1 && gap_ns >= FLOOD_REST_NS)
			one_at_a_time = ++f->singles == FLOOD_SINGLES;
		/* A look that comes late says nothing of how close they come. */
		gap_ns = MIN(gap_ns, FLOOD_REST_NS);
	}
	if (one_at_a_time) {
		f->singles = 0;
		f->errors = MIN(f->errors + 1, FLOOD_ERRORS);
	}
	need_ns = (uint64_t)(FLOOD_RUN << f->errors) * FLOOD_GAP_NS;
	f->ahead_ns = one_at_a_time || ahead_ns < gap_ns ? 0 : MIN(ahead_ns - gap_ns, need_ns);
	f->rests = f->ahead_ns >= (f->rests ? need_ns / 2 : need_ns);
	f->last_ns = now_ns;
	return f->rests;
}

/* A message went the other way: what comes next may be the answer. */
static inline void flood_over(struct flood *f)
{
	f->ahead_ns -= MIN(f->ahead_ns, FLOOD_OTHER * FLOOD_GAP_NS);
}
