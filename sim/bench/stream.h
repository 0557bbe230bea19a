/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bench's end of a guest's console: COM1 or a port of the virtio console. What the guest
 * writes is cut into lines and copied to whoever listens; what is for the guest waits in a bounded
 * queue while it does not read. Main loop only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/ev.h"
#include "sim/bench/lines.h"

/* Most bytes that wait for a guest which does not read. */
#define STREAM_QUEUE_BYTES (64u * 1024)

struct stream;

/* Somebody who sees a console as it is, byte for byte. The callbacks may remove the tap itself. */
struct stream_tap {
	struct stream_tap *next;
	void (*bytes)(struct stream_tap *t, const char *bytes, size_t n);
	/* There is room in the queue again: after stream_write() took less than it was given, or
	 * stream_want_room(). NULL: not of interest. */
	void (*room)(struct stream_tap *t);
	void *data;
};

struct stream {
	const char *port; /* "serial", "hvc0"; borrowed */
	struct ev_loop *loop;
	struct ev_io io; /* fd -1 while the guest's process is not there */
	struct lines lines;
	void (*line)(struct stream *st, const char *text, size_t len);
	void *data;
	struct stream_tap *taps;
	bool starved; /* a writer waits for room */
	size_t queued_at, queued; /* bytes of the queue that wait, from queued_at */
	char *queue; /* STREAM_QUEUE_BYTES once something had to wait */
};

/* Ready for stream_open(); no allocation. `line` gets each line, NUL-terminated. */
void stream_init(struct stream *st, struct ev_loop *loop, const char *port,
	void (*line)(struct stream *st, const char *text, size_t len), void *data);
/* Makes the connection; the guest's end (blocking) goes to *theirs. 0 or -errno. */
MUST_CHECK int stream_open(struct stream *st, int *theirs);
/* Reads what the guest wrote until now, at most so much as one turn of the loop does. */
void stream_catch_up(struct stream *st);
/* Reads what is left, ends the last line, forgets what waits for the guest. Taps stay: the guest
 * may be started again. Idempotent. */
void stream_end(struct stream *st);
/* The same without reading or telling; frees. Idempotent. */
void stream_fini(struct stream *st);

/* True while there is a guest at the other end. */
bool stream_is_open(const struct stream *st);
/* True while the guest's process has not taken all that was written. */
bool stream_is_unread(const struct stream *st);
/* How many bytes stream_write() takes now. */
size_t stream_room(const struct stream *st);
/* Hands bytes to the guest or queues them; returns how many were taken. */
size_t stream_write(struct stream *st, const char *bytes, size_t n);

/* Asks for the taps' `room` when there is some. */
void stream_want_room(struct stream *st);

void stream_tap_add(struct stream *st, struct stream_tap *t);
/* Idempotent. */
void stream_tap_remove(struct stream *st, struct stream_tap *t);
