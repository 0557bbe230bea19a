/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recording a bus to a candump log file: `(seconds.micros) can0 123#1122`. Time stamps are
 * host-monotonic, so that they compare with every other stamp of the bench. Buffered; written when
 * the buffer is full, once a second, and at the end. One thread (the bus's loop).
 */
#pragma once

#include <linux/can.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ev.h"

struct record;

/*
 * Records into fd (consumed, closed on failure too). `channel` is the interface name written on
 * each line; copied. `loop` is used for the write once a second; NULL: only when full and at the
 * end. 0 or -errno.
 */
MUST_CHECK int record_new(
	struct record **out, int fd_take, const char *channel, struct ev_loop *loop);
/* The file grows to at most `bytes` (it may be below what is written already); later frames are
 * counted as lost, which is told once. Without it there is no limit. */
void record_set_limit(struct record *r, uint64_t bytes);
/* Appends one frame. Never blocks on anything but the disk. Errors are kept for record_flush. */
void record_frame(struct record *r, uint64_t t_ns, const struct canfd_frame *f);
/* The same, under another name than the record's. */
void record_frame_of(
	struct record *r, const char *channel, uint64_t t_ns, const struct canfd_frame *f);
/* Writes what is buffered. 0, or the first -errno since the start (logged once; then no more is
 * written and frames are counted as lost). */
MUST_CHECK int record_flush(struct record *r);
/* Flushes and closes. 0 or the first -errno. NULL is legal. */
int record_free(struct record *r);

uint64_t record_frames(const struct record *r);
/* Frames that could not be written, or were past the limit. */
uint64_t record_lost(const struct record *r);

#define RECORD_LINE_BYTES 224
/* One line with its newline, as the file has it. Returns its length; `line` is not terminated. */
uint32_t record_format(char line[RECORD_LINE_BYTES], uint64_t t_ns, const char *channel,
	const struct canfd_frame *f);
