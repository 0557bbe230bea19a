/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vsock port: what travels over the SOCK_SEQPACKET pair between a guest's virtio-vsock device
 * and the bench, one message a packet. It only makes connections; a connection is a descriptor of
 * a connected AF_UNIX socket that goes along with a message, and its bytes do not pass here. Host
 * byte order: both ends are on one machine.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum vsock_port_op {
	VSOCK_PORT_CONNECT = 1, /* device -> bench: the guest connects; `id` is the device's */
	VSOCK_PORT_RESULT, /* bench -> device: with a descriptor, or refused */
	VSOCK_PORT_OFFER, /* bench -> device: somebody connects to the guest; `id` is the bench's */
	VSOCK_PORT_ANSWER, /* device -> bench: with VSOCK_PORT_OK: the guest accepted */
	VSOCK_PORT_HAND /* bench -> device: the descriptor of an accepted offer, or it is gone */
};

#define VSOCK_PORT_OK 0x1u
/* With a descriptor of type seqpacket: the other end is a device too. Each packet on it begins with
 * a byte of VSOCK_FRAME_*, so that records and empty messages come through. */
#define VSOCK_PORT_FRAMED 0x2u

#define VSOCK_FRAME_EOR 0x1u

/* Offers that may be without an answer at a time, and connects of one guest. */
#define VSOCK_PORT_PENDING 64

struct vsock_port_msg {
	uint32_t op; /* enum vsock_port_op */
	uint32_t id;
	uint32_t flags; /* VSOCK_PORT_* */
	uint32_t type; /* CONNECT, OFFER: VIRTIO_VSOCK_TYPE_*; else 0 */
	uint32_t guest_port, peer_port, peer_cid; /* CONNECT, OFFER; else 0 */
};
static_assert(sizeof(struct vsock_port_msg) == 28, "vsock port message");

/*
 * Checks a received packet of `len` bytes with n_fds descriptors. `to_device`: which way it
 * went. 0 and *out, or -EBADMSG. Pure.
 */
MUST_CHECK int vsock_port_parse(
	const void *buf, uint64_t len, uint64_t n_fds, bool to_device, struct vsock_port_msg *out);
