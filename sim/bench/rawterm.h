/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The user's terminal in raw mode, so that every key reaches a guest, and back to what it was on
 * every way out: a small process of our own waits for our end and mends the terminal should we
 * die without doing it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <termios.h>

#include "base/err.h"

struct rawterm {
	int fd; /* borrowed; -1 while nothing is changed */
	struct termios was, raw;
	pid_t guard; /* 0: none */
	int guard_pipe; /* closed by our end: the guard wakes up */
};

#define RAWTERM_INIT                       \
	{                                  \
		.fd = -1, .guard_pipe = -1 \
	}

/*
 * Sets the terminal `fd` raw: no echo, no lines, no signals from keys; output is still processed.
 * Set-up code, before there are threads (it forks). 0 or -errno with a message.
 */
MUST_CHECK int rawterm_enter(struct rawterm *t, int fd, struct err *e);
/* Gives the terminal its settings back. Idempotent. */
void rawterm_leave(struct rawterm *t);

/* Columns and rows of a terminal; false where they are not known. */
bool rawterm_size(int fd, uint16_t *cols, uint16_t *rows);
