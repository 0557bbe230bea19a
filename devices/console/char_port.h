/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the characters of one console port go on the host: a small interface with one file per back
 * end. Nothing here ever waits: what the other end does not take is kept in a bounded buffer, and
 * what does not fit there is dropped and counted.
 *
 * One thread (the loop's) uses a port.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ev.h"

/* Most bytes that wait for a slow other end. */
#define CHAR_PORT_BUFFER_BYTES 65536u

struct char_port;

struct char_port_ops {
	/* Takes all bytes: sends, keeps or drops them. Never blocks. */
	void (*write)(struct char_port *p, const void *buf, size_t len);
	/* The user of the port can take input again. NULL: the back end has none. */
	void (*resume)(struct char_port *p);
	void (*free)(struct char_port *p);
};

/* The user's side: what a console device hears from its port. */
struct char_port_user {
	/* Input came. Returns how many bytes were taken; after fewer than len the port is silent
	 * until ops->resume. */
	size_t (*input)(void *ctx, const void *buf, size_t len);
	/* The other end went away: p->open is false now. */
	void (*closed)(void *ctx);
	void *ctx;
};

/* First member of every back end's own struct. */
struct char_port {
	const struct char_port_ops *ops;
	struct char_port_user user; /* set by the user; zero while there is none */
	bool open; /* somebody is at the other end */
	uint64_t written, dropped; /* bytes towards the host */
	uint64_t read; /* bytes towards the guest that were taken */
};

/* NULL is legal. */
void char_port_free(struct char_port *p);

/* Swallows output (it counts as written), has no input. 0 or -ENOMEM. */
MUST_CHECK int char_null_new(struct char_port **out);

/*
 * A stream: socket, pipe, terminal, or a regular file (output only). Takes over the fd, on failure
 * too. A socket keeps its mode; other kinds become O_NONBLOCK. The process must ignore SIGPIPE
 * where the fd is a pipe. 0 or -errno.
 */
MUST_CHECK int char_fd_new(struct char_port **out, struct ev_loop *loop, int fd_take);
