/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One guest as the bench sees it: its dyno-vm process, what that says about its life, its
 * consoles. Everything here runs on the main loop.
 */
#pragma once

#include <jansson.h>
#include <regex.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ev.h"
#include "sim/bench/child.h"
#include "sim/bench/disk.h"
#include "sim/bench/rpc.h"
#include "sim/bench/said.h"
#include "sim/bench/stream.h"
#include "sim/scenario/scenario.h"

struct bench;

enum guest_state {
	GUEST_OFF, /* not started */
	GUEST_STARTING, /* dyno-vm builds the machine */
	GUEST_RUNNING,
	GUEST_PAUSED,
	GUEST_ENDED
};

#define GUEST_MAX_STREAMS (SCENARIO_MAX_PORTS + 1) /* and COM1 */
#define GUEST_MAX_FDS     64

struct guest {
	struct bench *bench;
	uint32_t index;
	const struct scenario_guest *sg;
	enum guest_state state;
	struct child vm;
	struct rpc rpc;
	int kernel_fd, initrd_fd; /* kept for restarts */
	struct disk disk[SCENARIO_MAX_DISKS]; /* the same */
	char *boot_options; /* arguments of the disk's boot entry; NULL: it boots from no disk */
	int display_fd; /* dyno-vm's end until it was handed over; -1 */
	int signals_fd; /* our end of its devices' signals until it was plugged in; -1 */
	int log_fd; /* out/NAME.log */
	bool ready_regex_ok;
	regex_t ready_regex;
	uint32_t n_streams;
	struct stream streams[GUEST_MAX_STREAMS]; /* COM1 first, then the ports in order */

	bool kill_wanted; /* an action or a request ends it: not a crash */
	bool stop_wanted; /* the run ends */
	bool ready;
	bool crashed; /* its last end was one */
	bool said_exit; /* the exited message came */
	char exit_reason[32]; /* "poweroff", "triple-fault", ... */
	char exit_text[256]; /* what a person is told about its end */
	char panic_text[224]; /* of its last crash report */
	uint32_t panics, watchdogs; /* how often */
	struct said said; /* its lines on the terminal */
	uint64_t log_bytes, log_lost_bytes; /* of its consoles' log */
	uint32_t restarts;
	/* CLOCK_MONOTONIC; 0: not yet. Of the first start where it was started again. */
	uint64_t spawned_ns, started_ns, ready_ns;
	uint64_t first_frame_ns[DISPLAY_MAX_SCANOUTS];
	uint32_t throttle_percent; /* of its processors' time that it gets; 0: all of it */
	json_t *balloon; /* its latest answer about its balloon; NULL */
	json_t *memory; /* taken before its end for the metrics; NULL */
};

/* Sets a guest up so that guest_fini() is legal. */
void guest_clear(struct guest *g, struct bench *b, uint32_t index);
/* Opens what a guest needs (image, log file) and checks it; nothing is started. 0; -ENOENT when
 * its image is missing; -errno. With a message. */
MUST_CHECK int guest_init(struct guest *g, const char *out_dir, struct err *e);
/*
 * Starts dyno-vm and hands it its manifest. can_fds[n_can] gets our ends of its CAN ports (the
 * caller's; -1 on failure). 0 or -errno with a message.
 */
MUST_CHECK int guest_start(struct guest *g, const char *program, int *can_fds, struct err *e);
/* Kills what is left and frees. Idempotent. */
void guest_fini(struct guest *g);

/* One of its consoles by the name that checks use; NULL when it has none of that name. */
struct stream *guest_stream(struct guest *g, const char *port);
/* True while its process lives. */
bool guest_alive(const struct guest *g);
/* {"op":op} to dyno-vm. */
void guest_request(struct guest *g, const char *op, rpc_done done, void *arg);
/* Tells it the time of day, where that is the scenario's: the bench clock began or ceased to run.
 */
void guest_utc(struct guest *g);
/* Events for one of its input devices. */
void guest_input(struct guest *g, uint32_t display, enum input_kind kind,
	const struct input_event_rec *ev, uint32_t n, rpc_done done, void *arg);
/* The cable of one of its network cards, in or out. */
void guest_link(struct guest *g, uint32_t net, bool up, rpc_done done, void *arg);
/* The jack of a stream of its sound card, in or out. */
void guest_jack(struct guest *g, uint32_t stream, bool plugged, rpc_done done, void *arg);
/* Sets what it shall keep of its memory (0: as it is) and asks for its figures, which the answer
 * has and g->balloon keeps. */
void guest_balloon(struct guest *g, uint64_t target_bytes, rpc_done done, void *arg);
/* What it gets of its processors' time, 1 to 100 percent; it stays so when it is started again. */
void guest_throttle(struct guest *g, uint32_t percent, rpc_done done, void *arg);
/* Size of the terminal that its console ports are shown on. */
void guest_console_size(struct guest *g, uint16_t cols, uint16_t rows, rpc_done done, void *arg);
/* SIGKILL on purpose. */
void guest_kill(struct guest *g);

const char *guest_state_name(const struct guest *g);
