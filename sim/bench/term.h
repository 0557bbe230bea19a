/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a run shows on the terminal: lines about events, and one line at the bottom that is drawn
 * again five times a second (on a terminal) or printed every five seconds (elsewhere). All of it
 * goes to stderr; stdout is for the verdicts.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ev.h"
#include "sim/bench/said.h"

struct bench;

struct term {
	struct bench *bench;
	bool tty, colour, quiet, live;
	size_t width; /* of the status line that is on the screen; 0: none */
	struct ev_timer timer;
	int log_pipe; /* log lines of this process come back through here; -1 */
	struct ev_io log_io;
	int log_write;
};

/* 0 or -errno. */
MUST_CHECK int term_init(struct term *t, struct bench *b, bool quiet);
/* Clears the status line and lets log lines go to stderr again. Idempotent. */
void term_fini(struct term *t);
/* Starts the status line. */
void term_start(struct term *t);
/* One line about something that happened, with the bench time in front. */
void term_event(struct term *t, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The same for a problem; is shown in quiet mode too. */
void term_problem(struct term *t, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* A line as it is (a child's log), above the status line. */
void term_line(struct term *t, const char *text, size_t len);
/* Whether a line of `who` may be shown now; tells when some were not, and when no more will be. */
bool term_may_say(struct term *t, struct said *s, const char *who);
