/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time for streams that no sound server pulls: a thread that takes from each running one (or gives
 * it silence) exactly what its rate asks for, by absolute deadlines. It is the whole of the `null`
 * back end, and keeps guests going while a daemon is away. A stream that captures SINK.monitor
 * hears those that play to SINK (monitor.h), as long as the pacer has them too.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "base/err.h"
#include "sim/audio/stream.h"

struct pacer;

/* `connected` tells whether a sound server is there: then a stream is its own for GRACE after its
 * start, and the pacer's only when it is not pulled. All borrowed. 0 or -errno. */
MUST_CHECK int pacer_new(struct pacer **out, struct audio_stream *const *streams, uint32_t n,
	const atomic_bool *connected);
/* A stream was started: there is something to do. Any thread. */
void pacer_wake(struct pacer *p);
/* Whether it goes before all ordinary programs. */
bool pacer_urgent(const struct pacer *p);
/* NULL is legal. */
void pacer_free(struct pacer *p);
