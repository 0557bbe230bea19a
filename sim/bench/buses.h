/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All CAN buses of a run, on a thread of their own: hubs, replays, recorders, timed frames and the
 * checks of frames. Nothing that windows, consoles or control requests do can delay them.
 *
 * The functions are called on the main thread; they wait for the bus thread where they must.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "sim/check/check.h"
#include "sim/clock/bench_clock.h"
#include "sim/scenario/scenario.h"

struct buses;
struct feeds;

struct buses_config {
	const struct scenario *scenario; /* borrowed, as all here */
	const struct bench_clock *clock;
	struct check_set *checks;
	const char *out_dir; /* recordings: NAME.log, and stimuli.candump; NULL: none */
	uint64_t duration_ns; /* nothing due at this bench time or later is sent; 0: no end */
	/* Bus thread: a line of a script, or what it failed of. NULL: nobody wants to know. */
	void (*script_said)(
		void *ctx, uint32_t script, const char *text, bool failed, uint64_t t_ns);
	void *script_ctx;
	/* Bus thread: what satellite receivers say. NULL: nobody hears them. */
	void (*gnss_speak)(void *ctx, uint32_t guest, const char *text, size_t len);
	void *gnss_ctx;
};

/*
 * Makes the buses, opens traces and recordings; no thread yet. 0; -ENODEV when the host lacks what
 * a bus needs (a SocketCAN interface); another -errno. With a message.
 */
MUST_CHECK int buses_new(struct buses **out, const struct buses_config *cfg, struct err *e);
/* Starts the bus thread. 0 or -errno. */
MUST_CHECK int buses_start(struct buses *b, struct err *e);
/* Ends the thread, closes the recordings. 0, or the first -errno of a recording with a message.
 * The checks are fed no more. Idempotent. */
MUST_CHECK int buses_stop(struct buses *b, struct err *e);
/* Stops first. NULL is legal. */
void buses_free(struct buses *b);

/* Adds a guest's controller to a bus; fd is consumed. 0 or -errno. */
MUST_CHECK int buses_add_guest(
	struct buses *b, uint32_t bus, uint32_t guest, int fd_take, struct err *e);

/* The bench clock was started, resumed or stopped: replays and timed frames follow. */
void buses_sync(struct buses *b);
/* From now on nothing is fed to the checks and no replay goes on: the run ended, and the bench
 * clock was stopped at host_ns. At its full duration everything that is due before is sent first,
 * at its time, however late the thread is. */
void buses_end(struct buses *b, uint64_t host_ns);

/*
 * Sends a frame now: everything that a trace has for before this moment goes first. 0; -ENOBUFS
 * when the bus's queue is full; -EINVAL for a frame that cannot be sent (FD on a classic bus).
 */
MUST_CHECK int buses_send(struct buses *b, uint32_t bus, const struct scenario_frame *f);
/* Carries out SCENARIO_SET, _STUCK or _SILENCE for a user. False when the run is over. */
bool buses_act(struct buses *b, const struct scenario_action *a);
/* Runs fn on the bus thread, with the signals of the run, and waits. False when it has ended. */
bool buses_feeds(struct buses *b, void (*fn)(struct feeds *f, void *arg), void *arg);
/* A guest's controller goes bus-off. False when it has none on that bus. */
bool buses_busoff(struct buses *b, uint32_t bus, uint32_t guest);

/* For the status line. */
struct buses_brief {
	uint64_t frames, dropped;
	uint32_t load_permille;
};
/* One for each bus of the scenario, into brief[0..n_buses). */
void buses_get_brief(struct buses *b, struct buses_brief *brief);
/* After buses_stop(): the bus time of the frames on a bus, in ns, over bench time. */
const struct series *buses_load(const struct buses *b, uint32_t bus);
/* {"buses":{"can0":{...}},"replays":[{...}]}; a new reference, NULL without memory. */
json_t *buses_metrics(struct buses *b);
