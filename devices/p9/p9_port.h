/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the 9P messages of one virtio-9p device go: a small interface with one file per back end.
 * Whole messages in both directions. One thread (the loop's) uses a port; nothing here waits.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ev.h"

struct p9_port;

/* What a device hears from its port. No callback comes from within a call of the device's. */
struct p9_sink {
	/* A message came, of at least 7 and at most P9_MAX_MESSAGE bytes. */
	void (*message)(void *ctx, const uint8_t *msg, uint32_t len);
	/* All that came so far has been given. */
	void (*batch_end)(void *ctx);
	/* ready() was false and is true now. */
	void (*writable)(void *ctx);
	/* The server is gone; `why` is a message. Nothing follows. */
	void (*gone)(void *ctx, const char *why);
	void *ctx;
};

struct p9_port_ops {
	/* Called once, before all others. 0 or -errno. */
	int (*attach)(struct p9_port *p, struct ev_loop *loop, const struct p9_sink *sink);
	/* True while a message can be sent. */
	bool (*ready)(const struct p9_port *p);
	/* Sends one whole message (at most P9_MAX_MESSAGE bytes); ready() was true. */
	void (*send)(struct p9_port *p, const uint8_t *msg, uint32_t len);
	/* False once the server is gone. */
	bool (*alive)(const struct p9_port *p);
	void (*free)(struct p9_port *p);
};

/* First member of every port's own struct. */
struct p9_port {
	const struct p9_port_ops *ops;
};

/* NULL is legal. */
static inline void p9_port_free(struct p9_port *p)
{
	if (p)
		p->ops->free(p);
}

/* Nobody serves: there is no tree, every request is lost and the server counts as gone. */
MUST_CHECK int p9_port_null_new(struct p9_port **out);
/* A server at the other end of a stream socket. fd is consumed, on failure too. */
MUST_CHECK int p9_port_socket_new(struct p9_port **out, int fd_take);
