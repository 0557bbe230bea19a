/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a virtio-can controller is plugged into. The device does not know whether it is the
 * built-in hub, a host SocketCAN interface or nothing. Everything runs on the device's loop.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ev.h"
#include "base/proto/can_port.h"

struct can_port;

/* How a port talks to its device. No callback comes from within send(). */
struct can_port_sink {
	/* A frame was on the bus. Lent. Never one that this port sent. */
	void (*rx)(void *ctx, const struct can_rec_frame *r);
	/* Frame `serial` was acknowledged on the bus (ok) or will never be sent. */
	void (*done)(void *ctx, uint32_t serial, bool ok);
	/* CAN_STATE_PORT_*: the controller was put into bus-off, or left it. */
	void (*state)(void *ctx, uint8_t state);
	/* Everything that was readable was delivered: a chance to raise one interrupt for all. */
	void (*batch_end)(void *ctx);
	/* The other end is gone for good: nobody is on the bus any more. */
	void (*gone)(void *ctx);
	void *ctx;
};

struct can_port_ops {
	const char *name;
	/* Lends the loop and the sink; called once, before anything else. 0 or -errno. */
	int (*attach)(struct can_port *p, struct ev_loop *loop, const struct can_port_sink *sink);
	/* Queues a frame; h.serial comes back in done(). 0; -EAGAIN: no room (ask again later);
	 * -ENOTCONN: nobody is there. */
	int (*send)(struct can_port *p, const struct can_rec_frame *r);
	/* Hands over what send() queued. */
	void (*flush)(struct can_port *p);
	/* Takes part in the bus / no longer. stop(): no rx() and no done() afterwards, until
	 * start(). */
	void (*start)(struct can_port *p);
	void (*stop)(struct can_port *p);
	/* The guest takes frames too slowly: read no more, as long as no answer to a send() is
	 * awaited; or read again. stop() ends it. NULL: the port does not wait for a guest. */
	void (*pause)(struct can_port *p, bool on);
	void (*free)(struct can_port *p);
};

struct can_port {
	const struct can_port_ops *ops;
};

/* The hub's socket (base/proto/can_port.h). The fd is consumed, closed on failure too. */
MUST_CHECK int can_port_hub_new(struct can_port **out, int fd_take);
/*
 * A bound PF_CAN raw socket: the bus is a host interface. Consumed, closed on failure too.
 * `echoes`: its driver shows a frame again when it was sent (IFF_ECHO), which is awaited; an
 * interface without hardware (vcan) has sent a frame when it took it.
 */
MUST_CHECK int can_port_socketcan_new(struct can_port **out, int fd_take, bool echoes);
/* Nobody is on the bus: nothing is received, nothing is ever acknowledged. */
MUST_CHECK int can_port_null_new(struct can_port **out);

static inline void can_port_free(struct can_port *p)
{
	if (p)
		p->ops->free(p);
}
