/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket of a run: OUT/control.sock, mode 0600, only for the user who runs the bench
 * (and root). Newline-delimited JSON (ctl_proto.h). A client that floods, stalls or talks nonsense
 * harms only itself.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ev.h"

#define CTL_MAX_CLIENTS 16
#define CTL_SOCKET_NAME "control.sock"

struct bench;
struct ctl_client;
struct ctl_later;

struct ctl_server {
	struct bench *bench;
	struct ev_io io;
	char path[1024]; /* "" while there is no socket */
	uint64_t generation;
	struct ctl_later *later; /* requests that were not answered yet */
	struct ev_timer limit;
	struct ctl_client *clients[CTL_MAX_CLIENTS];
};

/*
 * Listens in `dir`. 0; -EADDRINUSE: another run listens there; another -errno. With a message.
 */
MUST_CHECK int ctl_server_init(
	struct ctl_server *c, struct bench *b, const char *dir, struct err *e);
/* Closes the clients, removes the socket. Idempotent. */
void ctl_server_fini(struct ctl_server *c);
