/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading recorded CAN traffic in the formats of enum trace_format: see docs/traces.md. A trace is
 * streamed through one fixed buffer, whatever its size. Readers are tolerant: what is malformed is
 * counted and reported as "file:line: what was wrong" ("file:byte N: ..." in a binary format), and
 * reading goes on behind it. Not thread-safe: one thread at a time uses a struct trace.
 */
#pragma once

#include <linux/can.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct trace;

enum trace_format {
	TRACE_AUTO, /* by content */
	TRACE_CANDUMP,
	TRACE_ASC, /* Vector, text */
	TRACE_BLF, /* Vector, binary */
	TRACE_TRC, /* PEAK */
	TRACE_PCAPNG,
	TRACE_PCAP,
	TRACE_CSV, /* of several programs; written: our own */
	TRACE_CRTD, /* SavvyCAN, OVMS; read only */
	TRACE_MF4, /* ASAM MDF 4, bus logging; read only */
	TRACE_FORMATS
};

/* What a format can hold. */
#define TRACE_HOLDS_FD       0x001u /* CAN FD frames */
#define TRACE_HOLDS_FD_FLAGS 0x002u /* their BRS and ESI */
#define TRACE_HOLDS_REMOTE   0x004u
#define TRACE_HOLDS_ERROR    0x008u /* that there was an error frame */
#define TRACE_HOLDS_ERROR_OF 0x010u /* and what it said */
#define TRACE_HOLDS_DIR      0x020u /* sent or received */
#define TRACE_HOLDS_CHANNEL  0x040u
#define TRACE_HOLDS_NAME     0x080u /* channels have names, not numbers */
#define TRACE_HOLDS_EPOCH    0x100u /* when it was recorded */
#define TRACE_HOLDS_RAW_DLC  0x200u /* of classic frames, 9 to 15 */
#define TRACE_WRITES         0x400u /* it can be written, too */

struct trace_format_info {
	enum trace_format id;
	const char *name; /* for the command line: "candump" */
	const char *title; /* "candump log" */
	const char
		*extensions[4]; /* without the point, the first is the usual one; NULL-terminated */
	uint32_t holds; /* TRACE_HOLDS_*, TRACE_WRITES */
	uint32_t tick_ns; /* finest step of its stamps as we write them */
};

/* How time stamps that could be either are read (candump -td and -tz look alike). */
enum trace_time {
	TRACE_TIME_AUTO, /* deltas where the first stamps go backwards */
	TRACE_TIME_ABSOLUTE,
	TRACE_TIME_DELTA
};

#define TRACE_DIR_TX  0x01u /* trace_frame.flags: sent by the recording machine (T, Tx) */
#define TRACE_DIR_RX  0x02u
#define TRACE_NO_TIME 0x04u /* the line carried no time stamp; t_ns is the previous one */

struct trace_frame {
	uint64_t t_ns; /* since the epoch or since the trace's start, whichever the file says */
	uint32_t channel; /* index of trace_channel_name(); in order of appearance */
	uint32_t flags; /* TRACE_* */
	/*
	 * can_id with CAN_EFF_FLAG, CAN_RTR_FLAG, CAN_ERR_FLAG; FD frames carry CANFD_FDF in
	 * flags. A classic frame's raw DLC above 8 is in __res1, as can_frame.len8_dlc.
	 */
	struct canfd_frame f;
};

#define TRACE_MAX_CHANNELS  64
#define TRACE_CHANNEL_BYTES 32

struct trace_options {
	enum trace_format format;
	enum trace_time time;
	/* Told of malformed lines, at most max_reports times (0: 10). NULL: log_warn. */
	void (*problem)(void *ctx, const char *text);
	void *ctx;
	uint32_t max_reports;
};

struct trace_stats {
	uint64_t lines, frames; /* lines: of a binary format, its records */
	uint64_t malformed; /* lines that could not be read */
	uint64_t skipped; /* comments, statistics, other buses' events: understood, not CAN */
	uint64_t bytes; /* consumed so far */
	bool truncated; /* it ends in the middle of something */
};

/*
 * Opens a trace and finds its format. `opt` may be NULL. 0, or -errno with a message (-EBADMSG: no
 * known format). The first frame is not read yet, so a file with broken lines opens.
 */
MUST_CHECK int trace_open(
	struct trace **out, const char *path, const struct trace_options *opt, struct err *e);
/* The same for an open file (consumed, closed on failure too); `name` is shown in messages. */
MUST_CHECK int trace_open_fd(struct trace **out, int fd_take, const char *name,
	const struct trace_options *opt, struct err *e);
/* The same for text in memory (borrowed until trace_free). */
MUST_CHECK int trace_open_mem(struct trace **out, const void *text, uint64_t len, const char *name,
	const struct trace_options *opt, struct err *e);
void trace_free(struct trace *t); /* NULL is legal */

/* The next frame: 1; 0 at the end; -errno when reading failed. Does not allocate. */
MUST_CHECK int trace_next(struct trace *t, struct trace_frame *out);
/* Back to the first line; statistics go on. 0 or -errno (a pipe cannot). */
MUST_CHECK int trace_rewind(struct trace *t);

enum trace_format trace_format(const struct trace *t);
/* The dialect, where a format has several: "PCAN 2.1", "GVRET CSV"; else the format's title. */
const char *trace_dialect(const struct trace *t);
/* Whether it has records instead of lines. */
bool trace_is_binary(enum trace_format f);
/* "candump", "asc" ... */
const char *trace_format_name(enum trace_format f);
/* Of all values between TRACE_AUTO and TRACE_FORMATS; NULL for these two. */
const struct trace_format_info *trace_format_of(enum trace_format f);
/* By name; TRACE_AUTO when there is none. */
enum trace_format trace_format_named(const char *name);
/* By a path's extension; TRACE_AUTO when none has it. */
enum trace_format trace_format_by_path(const char *path);

/*
 * When the trace's time 0 was, in ns since the epoch: t_ns + *at_ns is a time of day. 0 where the
 * stamps are times of day themselves. False: the file does not say (yet).
 */
bool trace_epoch(const struct trace *t, uint64_t *at_ns);
/* Channels seen so far. A name is what the file says: "can0", or "1" in ASC. */
uint32_t trace_num_channels(const struct trace *t);
const char *trace_channel_name(const struct trace *t, uint32_t channel);
void trace_get_stats(const struct trace *t, struct trace_stats *out);
