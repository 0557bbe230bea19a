/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection as the guest's driver sees it: its state, the credit of both sides, and which
 * control packets are owed to the guest. Pure: no I/O, no queue, no memory of its own
 * ("Socket Device / Device Operation").
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "devices/vsock/proto.h"

/* What tells the connections of a guest apart. */
struct vsock_key {
	uint32_t guest_port, peer_port;
	uint32_t peer_cid;
};

enum vsock_state {
	VSOCK_ASKED, /* the guest sent REQUEST; the port looks for the other end */
	VSOCK_OFFERED, /* the guest is asked, or will be; it has not answered */
	VSOCK_OPEN,
	VSOCK_RESETTING, /* RST is owed; nothing else counts any more */
	VSOCK_ENDED /* the guest knows nothing of it any more; what it sent is still on its way */
};

/* Control packets that the guest is owed. */
#define VSOCK_OWE_REQUEST  0x01u
#define VSOCK_OWE_RESPONSE 0x02u
#define VSOCK_OWE_RST      0x04u
#define VSOCK_OWE_SHUTDOWN 0x08u
#define VSOCK_OWE_CREDIT   0x10u /* a CREDIT_UPDATE */
#define VSOCK_OWE_ASK      0x20u /* a CREDIT_REQUEST */

struct vsock_conn {
	struct vsock_key key;
	enum vsock_state state;
	uint16_t type;
	uint32_t owed;

	/* Credit for the guest: what it may send. */
	uint32_t buf_alloc;
	uint32_t rx_cnt, fwd_cnt; /* bytes it sent; bytes of those that have left the buffer */
	uint32_t told_fwd; /* the fwd_cnt that it knows */
	/* Credit of the guest: what it may be sent. */
	uint32_t peer_alloc, peer_fwd, tx_cnt;
	bool asked; /* CREDIT_REQUEST was sent for the credit it knows */

	uint32_t guest_shut; /* VIRTIO_VSOCK_SHUTDOWN_F_*, as the guest said */
	uint32_t host_shut; /* the same of the other side */
};

/* A connection that the guest asks for with this REQUEST. */
void vsock_conn_asked(struct vsock_conn *c, const struct vsock_pkt *request, uint32_t buf_alloc);
/* A connection that the guest is to be asked for: REQUEST is owed. */
void vsock_conn_offered(
	struct vsock_conn *c, const struct vsock_key *key, uint16_t type, uint32_t buf_alloc);
/* The port found the other end: RESPONSE is owed. State VSOCK_ASKED. */
void vsock_conn_found(struct vsock_conn *c);
/* RST is owed and everything else forgotten. */
void vsock_conn_reset(struct vsock_conn *c);
/* The other side will receive or send no more (VIRTIO_VSOCK_SHUTDOWN_F_*). */
void vsock_conn_host_shut(struct vsock_conn *c, uint32_t flags);

enum vsock_heard {
	VSOCK_HEARD_NOTHING, /* at most credit changed */
	VSOCK_HEARD_ACCEPTED, /* the guest took what it was offered */
	VSOCK_HEARD_DATA, /* p->len bytes, within the credit; they are counted */
	VSOCK_HEARD_SHUT, /* guest_shut may have changed */
	VSOCK_HEARD_RST, /* the guest ended it; nothing is to be answered */
	VSOCK_HEARD_BROKEN /* a rule was broken: answer with RST */
};
/* A packet of the guest for this connection. */
MUST_CHECK enum vsock_heard vsock_conn_hear(struct vsock_conn *c, const struct vsock_pkt *p);

/* Bytes that the guest may be sent now. */
uint32_t vsock_conn_room(const struct vsock_conn *c);
/* `len` bytes that the guest sent have left the buffer; a CREDIT_UPDATE is owed where it helps. */
void vsock_conn_forwarded(struct vsock_conn *c, uint32_t len);

/* Fills the header of the control packet that is owed next. False: none is. */
bool vsock_conn_speak(struct vsock_conn *c, uint64_t cid, struct virtio_vsock_hdr *out);
/* Fills the header of `len` bytes of data, at most vsock_conn_room(), and counts them. */
void vsock_conn_send(struct vsock_conn *c, uint64_t cid, uint32_t len, uint32_t flags,
	struct virtio_vsock_hdr *out);

/* The header of an RST that answers a packet without a connection. */
void vsock_no_conn(const struct vsock_pkt *p, struct virtio_vsock_hdr *out);
