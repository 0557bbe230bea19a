/* SPDX-License-Identifier: Apache-2.0 */
/* Formats of "Device Types / Socket Device". No behaviour. */
#pragma once

#include "base/le.h"

/* Feature bits ("Socket Device / Feature bits"). */
#define VIRTIO_VSOCK_F_STREAM            0
#define VIRTIO_VSOCK_F_SEQPACKET         1
#define VIRTIO_VSOCK_F_NO_IMPLIED_STREAM 2

/* Context identifiers ("Socket Device / Addressing"). */
#define VIRTIO_VSOCK_CID_HOST 2
/* The first that a guest may have, and the last. */
#define VIRTIO_VSOCK_CID_FIRST 3
#define VIRTIO_VSOCK_CID_LAST  UINT32_C(0xfffffffe)

struct virtio_vsock_config {
	le64 guest_cid;
};
static_assert(sizeof(struct virtio_vsock_config) == 8, "virtio_vsock_config");

enum { VIRTIO_VSOCK_TYPE_STREAM = 1, VIRTIO_VSOCK_TYPE_SEQPACKET = 2 };

enum {
	VIRTIO_VSOCK_OP_REQUEST = 1,
	VIRTIO_VSOCK_OP_RESPONSE = 2,
	VIRTIO_VSOCK_OP_RST = 3,
	VIRTIO_VSOCK_OP_SHUTDOWN = 4,
	VIRTIO_VSOCK_OP_RW = 5,
	VIRTIO_VSOCK_OP_CREDIT_UPDATE = 6,
	VIRTIO_VSOCK_OP_CREDIT_REQUEST = 7
};

/* Flags of SHUTDOWN: the sender will receive, or send, no more. */
#define VIRTIO_VSOCK_SHUTDOWN_F_RECEIVE 1u
#define VIRTIO_VSOCK_SHUTDOWN_F_SEND    2u
#define VIRTIO_VSOCK_SHUTDOWN_BOTH      3u

/* Flags of RW, type SEQPACKET: the end of a message, the end of a record. */
#define VIRTIO_VSOCK_SEQ_EOM 1u
#define VIRTIO_VSOCK_SEQ_EOR 2u

struct virtio_vsock_hdr {
	le64 src_cid;
	le64 dst_cid;
	le32 src_port;
	le32 dst_port;
	le32 len; /* bytes that follow */
	le16 type;
	le16 op;
	le32 flags;
	le32 buf_alloc; /* the sender's buffer for this connection */
	le32 fwd_cnt; /* how much the sender has taken out of it, in all */
};
static_assert(sizeof(struct virtio_vsock_hdr) == 44, "virtio_vsock_hdr");

enum { VIRTIO_VSOCK_EVENT_TRANSPORT_RESET = 0 };

struct virtio_vsock_event {
	le32 id;
};
static_assert(sizeof(struct virtio_vsock_event) == 4, "virtio_vsock_event");
