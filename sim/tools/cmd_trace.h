/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands of `dyno trace` share: reading a trace, and picking frames of it. */
#pragma once

#include <stdio.h>

#include "sim/bench/cli.h"
#include "sim/trace/trace.h"

extern const struct cli_command cmd_trace_convert, cmd_trace_cut, cmd_trace_merge, cmd_trace_diff,
	cmd_trace_stats;

/* A trace with its next frame. */
struct trace_in {
	const char *path;
	struct trace *t;
	bool have;
	struct trace_frame f;
	bool epoch_known;
	uint64_t epoch_ns;
	uint64_t first_ns; /* stamp of the first frame */
};

/*
 * Opens a trace ("-": the standard input) and reads its first frame. What is malformed is told on
 * stderr. 0, or -errno with a message.
 */
MUST_CHECK int trace_in_open(
	struct trace_in *in, const struct cli_command *self, const char *path, struct err *e);
/* The next frame into in->f. 1; 0 at the end; -errno with a message. */
MUST_CHECK int trace_in_next(struct trace_in *in, struct err *e);
void trace_in_close(struct trace_in *in);
/* A stamp of it, counted from the epoch where that is known. */
uint64_t trace_in_time(const struct trace_in *in, uint64_t t_ns);
static inline const char *trace_in_channel(const struct trace_in *in)
{
	return trace_channel_name(in->t, in->f.channel);
}
/* Says on stderr how many lines or records of it could not be read. False: all were. */
bool trace_in_damage(const struct cli_command *self, const struct trace_in *in);

/* Which frames are wanted. */
struct id_range {
	uint32_t first, last; /* with CAN_EFF_FLAG */
};

struct pick {
	uint64_t from_ns, to_ns; /* counted from the first frame; to 0: the end */
	uint64_t limit; /* 0: none */
	uint64_t taken;
	struct id_range *ids, *not_ids;
	size_t n_ids, n_not_ids;
	const char **channels; /* borrowed */
	size_t n_channels;
	bool to_given;
};

enum { PICK_FROM = 100, PICK_TO, PICK_ID, PICK_NOT_ID, PICK_CHANNEL, PICK_LIMIT, PICK_END };
#define PICK_OPTIONS                                                                            \
	{ "from", PICK_FROM, 'f', "TIME",                                                       \
		"skip what comes before, counted from the first frame" },                       \
		{ "to", PICK_TO, 't', "TIME", "stop there, counted from the first frame" },     \
		{ "id", PICK_ID, 'i', "IDS",                                                    \
			"only these: 0x123,0x200-0x2ff,0x18fef100; an x behind it: 29 bits" },  \
		{ "not-id", PICK_NOT_ID, 'I', "IDS", "not these" },                             \
		{ "channel", PICK_CHANNEL, 'c', "NAME", "only this channel; can be repeated" }, \
	{                                                                                       \
		"limit", PICK_LIMIT, 'n', "COUNT", "at most this many frames"                   \
	}

/* True: the option was one of PICK_OPTIONS. CLI_BAD in *item with a message when it is no good. */
bool pick_option(struct pick *p, int *item, const char *value, struct err *e);
/*
 * Reads a command's words: the options of `p`, and all others, plain words among them, through
 * `take` (CLI_BAD with a message where one is no good). CLI_END, or what cli_next() ended with.
 */
int pick_args(struct pick *p, const struct cli_command *self, int argc, char **argv,
	int (*take)(void *ctx, int item, const char *value, struct err *e), void *ctx,
	struct err *e);
void pick_fini(struct pick *p);
enum picked { PICK_YES, PICK_NO, PICK_DONE };
/* Whether the frame in `in` is wanted; PICK_DONE: nor is any behind it. */
enum picked pick_frame(struct pick *p, const struct trace_in *in);

/* A frame as candump's log has it, without time, on one line that is not ended. */
void trace_put_frame(FILE *to, const char *channel, const struct canfd_frame *f);
/* Seconds with nine or six digits behind the point. */
void trace_time_text(char out[40], uint64_t ns);
/* A time of day as 2017-09-30 15:06:13.191000. */
void trace_date_text(char out[48], uint64_t ns);
