/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a virtio-vsock device asks for the other ends of its connections. The device does not know
 * whether that is the bench or nothing. Connections themselves are sockets: once one was handed
 * over, its bytes take no detour. Everything runs on the device's loop, nothing blocks.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ev.h"

struct vsock_port;

/* A connection, from the guest's point of view. */
struct vsock_call {
	uint32_t guest_port, peer_port, peer_cid;
	uint16_t type; /* VIRTIO_VSOCK_TYPE_* */
};

/*
 * A connected non-blocking AF_UNIX socket, SOCK_STREAM or SOCK_SEQPACKET by the connection's type.
 * `framed`: the other end is such a device too; each packet begins with a byte of flags.
 */
struct vsock_end {
	int fd;
	bool framed;
};

/* How a port talks to its device. No callback comes from within a call of the device's. */
struct vsock_sink {
	/* The answer to connect(): the other end, the device's from now on; fd -1: there is none.
	 */
	void (*result)(void *ctx, uint32_t id, struct vsock_end end_take);
	/* Somebody wants to reach the guest; the device calls answer() with the same id. */
	void (*offer)(void *ctx, uint32_t id, const struct vsock_call *call);
	/* The other end of an offer that was accepted; fd -1: it is gone already. */
	void (*hand)(void *ctx, uint32_t id, struct vsock_end end_take);
	/* The port's other side is gone. Nothing follows. */
	void (*gone)(void *ctx);
	void *ctx;
};

struct vsock_port_ops {
	const char *name; /* "socket", "null": for logs */
	/* Called once, before all others. 0 or -errno. */
	int (*attach)(struct vsock_port *p, struct ev_loop *loop, const struct vsock_sink *sink);
	/* The guest wants a connection; result() follows. 0, or -errno: it does not. */
	int (*connect)(struct vsock_port *p, uint32_t id, const struct vsock_call *call);
	/* The guest accepted an offer (hand() follows), or it did not. 0 or -errno. */
	int (*answer)(struct vsock_port *p, uint32_t id, bool accepted);
	void (*free)(struct vsock_port *p);
};

/* First member of every port's own struct. */
struct vsock_port {
	const struct vsock_port_ops *ops;
};

/* NULL is legal. */
static inline void vsock_port_free(struct vsock_port *p)
{
	if (p)
		p->ops->free(p);
}

/* Nobody is there. */
MUST_CHECK int vsock_port_null_new(struct vsock_port **out);
/* The bench (base/proto/vsock_port.h). fd is consumed. */
MUST_CHECK int vsock_port_socket_new(struct vsock_port **out, int fd_take);
