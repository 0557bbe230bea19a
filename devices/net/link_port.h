/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a virtio-net device is plugged into. The device does not know whether it is the bench's
 * switch, a host's tap interface or nothing. Everything runs on the device's loop, nothing blocks.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/err.h"
#include "base/ev.h"
#include "devices/net/wire.h"

struct link_port;

/* Pieces of a guest's memory that one received frame is put into. */
#define LINK_PLACES 64u
/* Of a frame, for who decides where it goes: Ethernet, VLAN tag, IP with options, ports. */
#define LINK_FRONT 256u

/* How a port talks to its device. No callback comes from within a call of the device's. */
struct link_sink {
	/*
	 * A frame came, and what is left to do with it. False: the guest has no buffer now. The
	 * port keeps the frame, reads no more, and gives it again after resume().
	 */
	bool (*rx)(void *ctx, const struct virtio_net_hdr *h, const uint8_t *frame, uint32_t len);
	/*
	 * A long frame came that the port has not read yet, but for `front`, its first bytes: where
	 * it is to be put. How many of the LINK_PLACES pieces, and rx_placed() follows at once; 0:
	 * it is to be given by rx(). NULL: they all are.
	 */
	uint32_t (*rx_place)(void *ctx, const struct virtio_net_hdr *h, const uint8_t *front,
		uint32_t front_len, uint32_t len, struct iovec *iov);
	/* It lies there; or it does not, and is lost. */
	void (*rx_placed)(void *ctx, bool whole);
	/* All that was read has been given. */
	void (*batch_end)(void *ctx);
	/* reserve() failed before; it may work now. */
	void (*writable)(void *ctx);
	/* The other end is gone. Nothing follows. */
	void (*gone)(void *ctx);
	void *ctx;
};

struct link_port_ops {
	const char *name; /* "socket", "tap", "null": for logs */
	/* Called once, before all others. 0 or -errno. */
	int (*attach)(struct link_port *p, struct ev_loop *loop, const struct link_sink *sink);
	/* What the driver accepted, from now on, or as it was changed. 0 or -errno. NULL: no
	 * matter. */
	int (*features)(struct link_port *p, uint64_t features);
	/*
	 * A long frame that leaves at once from where it lies, behind all that were committed.
	 * `iov` has room for its header in front of `n` pieces that are `len` bytes together.
	 * False: it has to go by reserve(). NULL: they all have.
	 */
	bool (*send)(struct link_port *p, const struct virtio_net_hdr *h, struct iovec *iov,
		uint32_t n, uint32_t len);
	/* Room for a frame of `len` bytes; NULL: none now (writable() follows), or gone. */
	uint8_t *(*reserve)(struct link_port *p, uint32_t len);
	/* The reserved frame is complete and leaves with the next flush(). */
	void (*commit)(struct link_port *p, const struct virtio_net_hdr *h, uint32_t len);
	/* The reserved frame is none. */
	void (*cancel)(struct link_port *p, uint32_t len);
	void (*flush)(struct link_port *p);
	/* The guest has buffers again. */
	void (*resume)(struct link_port *p);
	/* False once the other end is gone. */
	bool (*alive)(const struct link_port *p);
	void (*free)(struct link_port *p);
};

/* First member of every port's own struct. */
struct link_port {
	const struct link_port_ops *ops;
	uint64_t offloads; /* of NET_LINK_OFFLOADS: what the link takes off the guest */
};

/* NULL is legal. */
static inline void link_port_free(struct link_port *p)
{
	if (p)
		p->ops->free(p);
}

/* Frames go nowhere and none come. */
MUST_CHECK int link_port_null_new(struct link_port **out);
/* The bench's switch: batches over SOCK_SEQPACKET (base/proto/net_port.h). fd is consumed. */
MUST_CHECK int link_port_socket_new(struct link_port **out, int fd_take);
/* A tap interface, opened with IFF_TAP | IFF_NO_PI | IFF_VNET_HDR. fd is consumed. */
MUST_CHECK int link_port_tap_new(struct link_port **out, int fd_take);
