/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Carrying out actions, whether the scenario's at their time or a user's now. Main loop. Timed
 * frames are not here: they run on the bus thread (buses.h).
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "sim/scenario/scenario.h"

struct bench;

/* `error` is NULL when it was done. Called exactly once, perhaps before action_run() returns. */
typedef void (*action_done)(void *arg, const char *error);

/* Does `a` (copied) now, whatever its at_ns. `done` may be NULL. */
void action_run(struct bench *b, const struct scenario_action *a, action_done done, void *arg);

/* Stops everything: clock, buses, all guests; or lets everything go on. `done` as above. */
void action_pause_bench(struct bench *b, bool paused, action_done done, void *arg);

/* Puts the scenario's actions (but those of the bus thread) on the bench's agenda. 0 or -ENOMEM. */
MUST_CHECK int action_schedule(struct bench *b);
