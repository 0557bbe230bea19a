/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replay of a trace against absolute deadlines: frame i is due at
 *     start_ns + (t_i - t_0 - skip_ns) / speed
 * on the bench clock, whatever happened before it, so that nothing drifts. It knows no bus: the
 * owner's callback emits the frames. Runs on one ev_loop.
 *
 * A frame that was due comes late, never not at all; how late is kept in a histogram.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ev.h"
#include "sim/trace/trace.h"

struct replay;

/* Bench time: advances with CLOCK_MONOTONIC except while the bench is paused. */
struct replay_clock {
	uint64_t (*now_ns)(void *ctx);
	void *ctx;
};

/* First rule that matches an identifier decides; without a match it passes unchanged. The
 * identifier is compared with its CAN_EFF_FLAG: 0x123 and 29-bit 0x123 are different. Mask 0
 * matches everything. */
struct replay_rule {
	uint32_t id, mask; /* matches when (can_id & mask) == (id & mask), both with CAN_EFF_FLAG */
	enum { REPLAY_PASS, REPLAY_DROP, REPLAY_REMAP } what;
	uint32_t to; /* REPLAY_REMAP: the new identifier, with CAN_EFF_FLAG where it is 29 bits */
};

/*
 * Which trace channel goes where. A frame of a channel without an entry is not emitted; channel "1"
 * of the formats that count from 1 has that of "can0", where it has none of its own.
 */
struct replay_channel {
	const char *channel; /* "can0", "1"; NULL: every channel. The string is copied */
	uint32_t target; /* handed to emit() */
};

struct replay_config {
	struct replay_clock clock;
	uint64_t start_ns; /* bench time at which the replay starts */
	uint64_t skip_ns; /* start offset: what the trace holds before it is left out */
	double speed; /* 2.0: twice as fast; 0: 1.0 */
	bool loop; /* start again at the end, a mean frame distance after the last frame */
	const struct replay_rule *rules; /* copied */
	uint32_t n_rules;
	const struct replay_channel *channels; /* copied; none: everything goes to target 0 */
	uint32_t n_channels;
	/* A frame is due. due_ns is bench time. `f` is lent. */
	void (*emit)(void *ctx, uint32_t target, const struct canfd_frame *f, uint64_t due_ns);
	/* Optional: the trace ended (not while looping). 0, or -errno when reading failed. */
	void (*done)(void *ctx, int code);
	void *ctx;
};

/* Takes over the trace (freed on failure too). Reads up to the first frame. 0 or -errno. */
MUST_CHECK int replay_new(struct replay **out, struct ev_loop *loop, struct trace *trace_take,
	const struct replay_config *cfg);
void replay_free(struct replay *r); /* NULL is legal */

/* Arms the replay: from now on frames are emitted when due. Loop's thread, as everything below. */
void replay_start(struct replay *r);
/* Stops emitting; call when the bench clock stops. Idempotent. */
void replay_pause(struct replay *r);
/* Goes on; call when the bench clock runs again (or after it was set). Idempotent. */
void replay_resume(struct replay *r);
/*
 * Emits at once everything due before bench time t_ns (exclusive), so that what the caller does
 * next comes after it and before what is due at t_ns. Frames emitted ahead of their time count as
 * not late.
 */
void replay_run_until(struct replay *r, uint64_t t_ns);

bool replay_is_done(const struct replay *r);
/* The trace, for its statistics; stays the replay's. */
const struct trace *replay_trace(const struct replay *r);

/* Lateness: bucket i counts frames that came [2^(i-1), 2^i) microseconds late; bucket 0: < 1 us. */
#define REPLAY_LATE_BUCKETS 24
struct replay_stats {
	uint64_t emitted, filtered; /* filtered: by a rule or for want of a channel entry */
	uint64_t loops;
	uint64_t late_max_ns, late_sum_ns;
	uint64_t late[REPLAY_LATE_BUCKETS];
};
void replay_get_stats(const struct replay *r, struct replay_stats *out);
/* Upper bound in ns of the lateness that a share `q` (0..1) of the frames did not exceed. */
uint64_t replay_late_quantile(const struct replay_stats *s, double q);
