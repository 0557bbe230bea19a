/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who a guest's sockets lead to: programs of the host, through AF_UNIX sockets in the run's folder,
 * and other guests. Only connections are made here; their bytes go straight between dyno-vm and
 * the other end (docs/vsock.md). Main loop's thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ev.h"
#include "sim/scenario/scenario.h"

struct vsocks;

/* Listens for programs of the host that want to reach guests. 0 or -errno with a message. */
MUST_CHECK int vsocks_new(struct vsocks **out, const struct scenario *s, struct ev_loop *loop,
	const char *out_dir, struct err *e);
/* Closes and removes the sockets. NULL is legal. */
void vsocks_free(struct vsocks *v);

/* The port for a guest's device, which takes the place of an earlier one: *fd is the device's end,
 * the caller's. 0 or -errno with a message. */
MUST_CHECK int vsocks_plug(struct vsocks *v, uint32_t guest, int *fd, struct err *e);

/* Reads a program's first line, "CONNECT <port>", without its newline. Pure. */
bool vsocks_greeting(const char *line, size_t len, uint32_t *port);
