/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a sink plays, for a stream that captures SINK.monitor, where there is no sound server that
 * mixes: streams with that sink for their target add to it, the capturing stream takes.
 *
 * Places are frames since a time that all share, so that nothing shifts or is lost however late a
 * turn comes. Nothing is resampled: who plays at another rate is not heard. Channels keep their
 * numbers; what the listener has no channel for is not heard either.
 *
 * One thread, after set-up.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/proto/pcm_port.h"

/* Most frames that lie between the oldest one that was not taken and the newest that was added. */
#define MONITOR_FRAMES 16384u

struct monitor;

MUST_CHECK int monitor_new(struct monitor **out);
/* NULL is legal. */
void monitor_free(struct monitor *m);

/* The listener begins at this place, in this format; it has heard nothing yet. */
void monitor_start(struct monitor *m, const struct pcm_params *p, uint64_t place);
/* It listens no more: what is added is dropped. */
void monitor_stop(struct monitor *m);
/* These frames are played from `place` on. False: at a rate that the listener does not have. What
 * was taken already, or lies too far ahead, is dropped. */
bool monitor_add(struct monitor *m, const struct pcm_params *p, uint64_t place, const uint8_t *src,
	uint32_t frames);
/* The listener's next frames, in its own format: silence where nothing was played. At most
 * MONITOR_FRAMES. */
void monitor_take(struct monitor *m, uint8_t *dst, uint32_t frames);
