/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing traces: the formats of enum trace_format that have TRACE_WRITES. What a format cannot
 * hold is left out or changed in the way that docs/traces.md tells, and counted by kind. One thread
 * at a time uses a struct trace_writer.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "sim/trace/trace.h"

struct trace_writer;

/* What may be lost; see trace_loss_text(). */
enum trace_loss {
	LOSS_FD, /* CAN FD frames are left out */
	LOSS_FD_FLAGS,
	LOSS_REMOTE, /* left out */
	LOSS_ERROR, /* left out */
	LOSS_ERROR_OF, /* what an error frame said */
	LOSS_DIR,
	LOSS_CHANNEL, /* which channel a frame was on */
	LOSS_NAME, /* channels have numbers instead of their names */
	LOSS_RAW_DLC,
	LOSS_FRACTION, /* of the time stamp */
	LOSS_BEFORE, /* the time stamp of a frame from before the trace's start */
	LOSS_TIME, /* a time stamp that is beyond what can be written */
	TRACE_LOSSES
};

struct trace_losses {
	uint64_t n[TRACE_LOSSES]; /* frames; of LOSS_NAME, channels */
};

struct trace_writer_config {
	enum trace_format format;
	/* PEAK's file version: 11, 12, 13, 20, 21; 0: 21. */
	uint32_t trc_version;
	/* Time 0 of the frames' stamps was then: what trace_epoch() says after the first frame. */
	bool epoch_known;
	uint64_t epoch_ns;
	int level; /* of zlib, 1 to 9; 0: its default */
};

/*
 * Writes to fd (consumed, closed on failure too); `name` is for messages. Nothing is written before
 * the first frame. 0, or -errno with a message (-ENOTSUP: the format is not one of those written).
 */
MUST_CHECK int trace_writer_new(struct trace_writer **out, int fd_take, const char *name,
	const struct trace_writer_config *cfg, struct err *e);
/*
 * Appends a frame. `channel` is its name; f->channel is not looked at. Formats with numbers make
 * canN, vcanN and the like N + 1, and those with names make N canN-1. 0 or -errno (latched).
 */
MUST_CHECK int trace_write(
	struct trace_writer *w, const struct trace_frame *f, const char *channel);
/* Writes what is left, ends the file as its format wants it, closes. 0 or the first -errno. */
MUST_CHECK int trace_writer_finish(struct trace_writer *w);
/* NULL is legal. A file that was not finished is left as it is. */
void trace_writer_free(struct trace_writer *w);

void trace_writer_losses(const struct trace_writer *w, struct trace_losses *out);
uint64_t trace_writer_frames(const struct trace_writer *w); /* those written */
bool trace_loses(const struct trace_losses *l);
/* "CAN FD frames (left out)": what was lost. */
const char *trace_loss_text(enum trace_loss kind);
