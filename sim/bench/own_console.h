/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `dyno vm`: the terminal that it was started from is the guest's console. In the foreground of a
 * terminal it is raw and Ctrl-A begins commands (keys.h); else the console is copied to stdout, and
 * a pipe or socket as stdin is what is typed. Main loop only.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ev.h"
#include "sim/bench/keys.h"
#include "sim/bench/rawterm.h"
#include "sim/bench/stream.h"

struct bench;
struct guest;

struct own_console {
	struct bench *bench; /* NULL while there is none */
	struct guest *guest;
	struct stream *stream;
	struct stream_tap tap;
	struct rawterm term;
	struct keys keys;
	struct ev_io in_io, winch_io;
	bool in_over; /* nothing more is typed */
	uint16_t cols, rows; /* of the terminal; 0: not known */
};

/*
 * Attaches the process's stdin and stdout to a port of a guest. Before there are threads. 0 or
 * -errno with a message.
 */
MUST_CHECK int own_console_init(
	struct own_console *oc, struct bench *b, uint32_t guest, const char *port, struct err *e);
/* Gives the terminal back. Idempotent; legal on a zeroed struct. */
void own_console_fini(struct own_console *oc);
