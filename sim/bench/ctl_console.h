/* SPDX-License-Identifier: Apache-2.0 */
/* The client's side of `dyno ctl console`: a socket and the user's terminal. */
#pragma once

#include <stdint.h>

#include "base/err.h"

struct ctl_console {
	const char *guest; /* for messages */
	int sock; /* carries the console both ways; borrowed */
	/* The terminal has this size. */
	void (*tell_size)(void *arg, const char *guest, uint16_t cols, uint16_t rows);
	void *arg;
};

/*
 * Copies both ways until the user leaves (Ctrl-A X, on a terminal) or the run ends. Blocks. 0 or
 * -errno with a message.
 */
MUST_CHECK int ctl_console_run(const struct ctl_console *c, struct err *e);
