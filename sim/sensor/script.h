/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Lua script of a scenario: it sets and hears signals and frames, on the bench clock. It runs in
 * a state that sees no file but those of its folder, with limits of memory and of instructions; a
 * script that breaks one, or has an error, stops with its line and calls nothing any more. What
 * scripts can use is in docs/scripting.md, why it is so in docs/decisions/0015.
 *
 * Thread: the agenda's loop. Lua runs out of the agenda only, never inside another function here.
 */
#pragma once

#include <linux/can.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "sim/clock/agenda.h"
#include "sim/signal/table.h"

#define SCRIPT_MEMORY_BYTES (16u << 20)
#define SCRIPT_INSTRUCTIONS 5000000u
/* A value for a script, from the scenario. */
struct script_arg {
	const char *name, *text; /* a text that is a number is one */
};

struct script;

struct script_config {
	const char *name; /* what messages call it */
	const char *file; /* path to open */
	const char *folder; /* below which it may read files */
	uint64_t seed;
	uint64_t memory_bytes, instructions; /* at most; instructions: each time it is called */
	const struct script_arg *args;
	uint32_t n_args;
	struct signals *table; /* borrowed, as all here */
	struct agenda *agenda;
	const char *const *buses; /* names, by number */
	uint32_t n_buses;
	/* Reads a frame as people write it. 0 or -EINVAL with a message. */
	int (*parse)(const char *text, struct canfd_frame *out, struct err *e);
	/* Sends a frame at bench time t_ns. 0 or -errno, which is counted. */
	int (*send)(void *ctx, uint32_t bus, const struct canfd_frame *f, uint64_t t_ns);
	/* A line that the script logs. */
	void (*say)(void *ctx, const char *text);
	/* It has stopped: "vehicle.lua:12: ...". */
	void (*failed)(void *ctx, const char *message, uint64_t t_ns);
	void *ctx;
};

/* Whether a text is Lua; a message with the line if not. Set-up code. 0, -EINVAL or -ENOMEM. */
MUST_CHECK int script_check(const char *name, const char *text, size_t len, struct err *e);

/*
 * Reads the script; it begins to run at bench time 0. 0, -EINVAL (it is no Lua) or another -errno,
 * with a message.
 */
MUST_CHECK int script_new(struct script **out, const struct script_config *cfg, struct err *e);
/* After the agenda runs no more. NULL is legal. */
void script_free(struct script *s);

/* A frame was on a bus at bench time t_ns. The script hears of it out of the agenda. */
void script_frame(struct script *s, uint32_t bus, const struct canfd_frame *f, uint64_t t_ns);

/*
 * Calls a global function with the payload (a string) and the message's name; its number is the
 * result. 0; -ENOENT: it has no such function; -EINVAL: it failed, and has stopped.
 */
MUST_CHECK int script_checksum(struct script *s, const char *function, const char *message,
	const uint8_t *data, size_t len, uint64_t t_ns, uint64_t *out);

struct script_stats {
	uint64_t calls; /* how often Lua was run */
	uint64_t longest_ns; /* of one run, host time */
	uint64_t memory_bytes, peak_bytes;
	uint64_t sent, refused; /* frames */
	bool failed;
};
void script_get_stats(const struct script *s, struct script_stats *out);
