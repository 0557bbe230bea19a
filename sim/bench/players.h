/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The replays of a scenario: recorded traces whose frames go to the buses when they are due. All of
 * it on the bus thread, or before that runs.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ev.h"
#include "sim/clock/agenda.h"
#include "sim/clock/bench_clock.h"
#include "sim/scenario/scenario.h"

struct players;

struct players_config {
	const struct scenario *scenario; /* borrowed, as all here */
	struct ev_loop *loop;
	const struct bench_clock *clock;
	/* What else is due, actions and scripts among it: in order with the frames. */
	struct agenda *agenda;
	/* Sends a frame that is due at bench time t_ns. 0, or -errno where the bus refuses it. */
	int (*send)(void *ctx, uint32_t bus, const struct canfd_frame *f, uint64_t t_ns);
	void *ctx;
};

/* Opens the traces. 0 or -errno with a message. */
MUST_CHECK int players_new(struct players **out, const struct players_config *cfg, struct err *e);
/* NULL is legal. */
void players_free(struct players *p);

/* The bench clock was started or resumed (`running`), or stopped: they go on, or wait. */
void players_sync(struct players *all, bool running);
/*
 * Sends what the traces have for before t_ns, so that the order on the bus is the order of the
 * bench times, however late this thread is.
 */
void players_until(struct players *p, uint64_t t_ns);

/* An array of what each did; the caller's. */
json_t *players_metrics(const struct players *p);
