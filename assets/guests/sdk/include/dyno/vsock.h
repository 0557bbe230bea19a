/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets to the host and to other guests (virtio-vsock). Packets as they are, for tests, and one
 * connection at a time on top of them: a packet for any other is answered with RST.
 */
#pragma once

#include "dyno/base.h"

#define DYNO_VSOCK_HOST 2u

enum { DYNO_VSOCK_STREAM = 1, DYNO_VSOCK_SEQPACKET = 2 };

enum dyno_vsock_op {
	DYNO_VSOCK_REQUEST = 1,
	DYNO_VSOCK_RESPONSE,
	DYNO_VSOCK_RST,
	DYNO_VSOCK_SHUTDOWN, /* flags: 1 will not receive, 2 will not send */
	DYNO_VSOCK_RW, /* flags: 1 end of message, 2 end of record */
	DYNO_VSOCK_CREDIT_UPDATE,
	DYNO_VSOCK_CREDIT_REQUEST
};

struct dyno_vsock_hdr {
	uint64_t src_cid, dst_cid;
	uint32_t src_port, dst_port, len;
	uint16_t type, op;
	uint32_t flags, buf_alloc, fwd_cnt;
} __attribute__((packed));

#define DYNO_VSOCK_PACKET 4096u /* bytes of data in one packet, either way */

/* Opens the machine's socket device, with `buffers` (at most 32) for packets to come. Its context;
 * 0: there is none, or it does not work. A later call starts it anew. */
uint32_t dyno_vsock_open(unsigned int buffers);
/* Gives the device one more buffer. */
void dyno_vsock_more(void);
/* Sends a packet with h->len bytes of data and waits until it was taken. 0, DYNO_E_INVAL or
 * DYNO_E_TIMEOUT. */
DYNO_MUST_CHECK int dyno_vsock_tx(const struct dyno_vsock_hdr *h, const void *data);
/* The next packet that came, within `ms`; its data lies behind it. Valid until the next call, which
 * gives its buffer back. NULL: none came. */
const struct dyno_vsock_hdr *dyno_vsock_rx(unsigned int ms);

struct dyno_vsock {
	uint32_t cid, port, own_port;
	uint16_t type;
	uint32_t shut; /* what the other side said */
	uint32_t tx_cnt, peer_alloc, peer_fwd;
	uint32_t rx_cnt, told;
	bool reset; /* by the other side */
	uint32_t flags; /* of the packet that dyno_vsock_recv() returned last */
};

/* What a connection here has room for. */
#define DYNO_VSOCK_ALLOC 16384u

/* Connects. 0, DYNO_E_DEVICE when refused, DYNO_E_TIMEOUT. */
DYNO_MUST_CHECK int dyno_vsock_connect(
	struct dyno_vsock *s, uint32_t cid, uint32_t port, uint16_t type);
/* Waits for a connection to a port and accepts it. 0 or DYNO_E_TIMEOUT. */
DYNO_MUST_CHECK int dyno_vsock_accept(struct dyno_vsock *s, uint32_t port, unsigned int ms);
/* Sends all, as the credit allows; `flags` go with the last packet. 0, DYNO_E_DEVICE when the other
 * side takes no more, DYNO_E_TIMEOUT without credit for 5 s. */
DYNO_MUST_CHECK int dyno_vsock_send(
	struct dyno_vsock *s, const void *data, uint32_t len, uint32_t flags);
/* The next packet's data into dst[DYNO_VSOCK_PACKET]: its length; 0: the other side sends no more,
 * or nothing came within `ms`. */
uint32_t dyno_vsock_recv(struct dyno_vsock *s, void *dst, unsigned int ms);
/* Says that this side will not receive (1), not send (2), or neither. */
void dyno_vsock_shutdown(struct dyno_vsock *s, uint32_t flags);
/* Ends it and waits for the other side's RST. True when it came within 5 s. */
bool dyno_vsock_close(struct dyno_vsock *s);
