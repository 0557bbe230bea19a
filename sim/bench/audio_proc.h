/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dyno-audio as the bench sees it: the memory of all streams, the process, and the sockets between
 * it and the guests. A run goes on when it dies; guests then play into nothing.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "sim/bench/child.h"
#include "sim/bench/rpc.h"
#include "sim/bench/said.h"
#include "sim/scenario/scenario.h"

struct bench;

/* A stream as it was set last. */
struct audio_mix {
	uint32_t volume_percent;
	bool mute, plugged;
};

/* What stays the same when a guest is started again. */
struct audio_guest {
	int wake; /* eventfd */
	int ring[SCENARIO_MAX_SOUNDS];
	int sock; /* the guest's end of its first socket, until it is plugged in; -1 */
	bool plugged;
	struct audio_mix mix[SCENARIO_MAX_SOUNDS];
};

struct audio_proc {
	struct bench *bench;
	struct child child;
	struct said said;
	struct rpc rpc;
	bool started, ready, stop_wanted;
	char server[16]; /* who plays: "pipewire", "null" */
	uint32_t n_guests;
	struct audio_guest guest[SCENARIO_MAX_GUESTS];
	json_t *figures; /* its last status, taken before its end; NULL */
};

/* True when a guest of the scenario has sound. */
bool audio_wanted(const struct scenario *s);
/* Makes the memory of all streams and starts it. 0 or -errno with a message. */
MUST_CHECK int audio_start(
	struct audio_proc *a, struct bench *b, const char *program, struct err *e);
/* Legal without audio_start(). */
void audio_fini(struct audio_proc *a);
/* The device's end of a socket to dyno-audio, the caller's: one for each start of the guest. */
MUST_CHECK int audio_plug(struct audio_proc *a, uint32_t guest, int *fd, struct err *e);
/* The rest of what its device needs, borrowed. */
int audio_wake_fd(const struct audio_proc *a, uint32_t guest);
const int *audio_ring_fds(const struct audio_proc *a, uint32_t guest);
/* Changes a stream of a guest as the action `op` says: SCENARIO_VOLUME (percent), SCENARIO_MUTE or
 * SCENARIO_JACK (on). audio_guest.mix follows. */
void audio_set(struct audio_proc *a, const struct scenario_action *op, rpc_done done, void *arg);
/* All streams of all guests, as `status` of the control socket tells them. */
json_t *audio_streams(const struct audio_proc *a, const struct scenario *s);
/* Asks it to end, after its figures were taken. */
void audio_stop(struct audio_proc *a);
bool audio_alive(const struct audio_proc *a);
