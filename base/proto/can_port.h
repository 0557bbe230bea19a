/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CAN port: what travels over the SOCK_SEQPACKET pair between a controller (a guest's
 * virtio-can device, a test tool) and a bus. The frames are SocketCAN's own structs, so that a bus
 * can be a host interface without any translation. Host byte order: both ends are on one machine.
 *
 * One packet carries one or more records back to back, at most CAN_PORT_PACKET_BYTES in all; a
 * receiver drops a malformed packet whole and counts it.
 */
#pragma once

#include <linux/can.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum can_rec_kind {
	CAN_REC_FRAME = 1, /* port -> bus: transmit; bus -> port: received. Payload: the frame */
	CAN_REC_ACK, /* bus -> port: frame `serial` was sent and acknowledged on the bus */
	CAN_REC_NACK, /* bus -> port: frame `serial` will never be sent */
	CAN_REC_STATE, /* bus -> port: controller state changed, `flags` = CAN_STATE_*.  */
	CAN_REC_START, /* port -> bus: the controller takes part in the bus (clears bus-off) */
	CAN_REC_STOP /* port -> bus: it no longer does; queued frames are NACKed, no more RX */
};

#define CAN_STATE_PORT_OK     0
#define CAN_STATE_PORT_BUSOFF 1

struct can_rec {
	uint64_t t_ns; /* bus -> port: host-monotonic time at which the frame ended on the bus */
	uint32_t serial; /* port -> bus: the port's own number; comes back in ACK or NACK */
	uint8_t kind; /* enum can_rec_kind */
	uint8_t mtu; /* payload bytes: CAN_MTU (classic, RTR), CANFD_MTU (FD) or 0 (no frame) */
	uint8_t flags;
	uint8_t pad;
};
static_assert(sizeof(struct can_rec) == 16, "CAN port record header");

/* A record with room for either frame; can_id, len and data lie at the same offsets in both. */
struct can_rec_frame {
	struct can_rec h;
	struct canfd_frame f; /* h.mtu says how much of it is there */
};
static_assert(sizeof(struct can_rec_frame) == 16 + CANFD_MTU, "CAN port record");

#define CAN_PORT_PACKET_BYTES 8192

/*
 * Frames a port may have outstanding (sent, neither ACKed nor NACKed). A bus holds at least this
 * many per port; what exceeds it is NACKed.
 */
#define CAN_PORT_WINDOW 256

/* A packet under construction. Zero `len` starts a new one. */
struct can_packet {
	uint32_t len;
	uint8_t b[CAN_PORT_PACKET_BYTES];
};

/* Appends a record (h.mtu bytes of r->f follow the header). False when it does not fit. */
bool can_packet_add(struct can_packet *p, const struct can_rec_frame *r);

/* Checks a frame that came as `mtu` bytes and clears what a receiver must not rely on: bytes past
 * its length, flags of a classic one. FD frames get CANFD_FDF. False: it cannot exist, or `mtu` is
 * that of no frame. */
MUST_CHECK bool can_frame_check(struct canfd_frame *f, size_t mtu);

/*
 * Looks through a received packet: the kinds of its records, each as bit (1 << kind), or -EBADMSG
 * where one is malformed (unknown kind, wrong mtu, a frame that cannot exist, cut record). For who
 * carries out nothing of a malformed packet.
 */
MUST_CHECK int can_packet_kinds(const void *buf, uint32_t len);

/*
 * Takes the record at *off out of a received packet and moves *off past it. 1: taken; 0: the end;
 * -EBADMSG: malformed. Frames that come out are as can_frame_check() leaves them; of other records
 * `f` is zero.
 */
MUST_CHECK int can_packet_next(
	const void *buf, uint32_t len, uint32_t *off, struct can_rec_frame *r);
