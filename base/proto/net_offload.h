/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is still to be done with an Ethernet frame: a checksum to be made, a TCP or UDP payload to
 * be cut into packets. Whoever can leaves it to the next one, as far as the guest at the other end
 * or the wire; the rest is done here, in software. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/le.h"

#define NET_FRAME_MIN 14 /* an Ethernet header */
#define NET_MTU_MIN   68
#define NET_MTU_MAX   9000
/* Ethernet header and one VLAN tag more than the payload. */
#define NET_FRAME_MAX (NET_MTU_MAX + 18)
/* Of a frame that is still to be cut. */
#define NET_UNCUT_MAX (65535 + 18)
/* Packets that one frame may become. */
#define NET_CUT_MAX 1024

/* net_offload.flags */
#define NET_OFFLOAD_CSUM 1u /* the checksum lies at csum_start + csum_offset: to be made */
#define NET_OFFLOAD_VALID \
	2u /* the checksums were looked at, or come from a program that made them */
/* net_offload.gso; with ECN only the first packet is to carry TCP's CWR. */
#define NET_GSO_NONE 0u
#define NET_GSO_TCP4 1u
#define NET_GSO_TCP6 4u
#define NET_GSO_UDP  5u
#define NET_GSO_ECN  0x80u

/* Before a frame; the first bytes of virtio's header ("Network Device / Device Operation"). */
struct net_offload {
	uint8_t flags, gso;
	le16 hdr_len; /* a hint: bytes of headers */
	le16 gso_size; /* payload of each packet */
	le16 csum_start, csum_offset;
};
static_assert(sizeof(struct net_offload) == 10, "net_offload");

/* Bits of `takes`: what an end does itself with the frames that it is given. */
#define NET_TAKES_CSUM 1u
#define NET_TAKES_TSO4 2u
#define NET_TAKES_TSO6 4u
#define NET_TAKES_ECN  8u
#define NET_TAKES_USO4 16u
#define NET_TAKES_USO6 32u

/* True when nothing is left to do. NULL: nothing is. */
static inline bool net_offload_none(const struct net_offload *o)
{
	return !o || (!(o->flags & NET_OFFLOAD_CSUM) && o->gso == NET_GSO_NONE);
}

/* True when an end that takes `takes` may be given the frame as it is. */
bool net_offload_taken(const struct net_offload *o, uint32_t takes, const uint8_t *frame);

/* Checks what lies in front of a frame of `len` bytes against its bounds. 0, GUEST_E_SHORT,
 * GUEST_E_RANGE, GUEST_E_FORMAT. */
MUST_CHECK int net_offload_check(const struct net_offload *o, uint32_t len);

/* Moves the places that it names by `bytes`: a VLAN tag came in front of them, or went. */
void net_offload_shift(struct net_offload *o, int bytes);

/* Makes the checksum that is left, whose bounds were checked. */
void net_csum_make(const struct net_offload *o, uint8_t *frame, uint32_t len);

/* A frame with its headers found: from the type on, TCP or UDP over IP. */
struct net_headers {
	uint32_t l3, l4; /* where the IP and the TCP or UDP header begin */
	uint32_t payload; /* and what they carry */
	bool ipv6;
	uint8_t protocol; /* 6 or 17 */
};
/* False for other frames, and for fragments. */
bool net_headers_find(struct net_headers *h, const uint8_t *frame, uint32_t len);
/* Makes the checksum of TCP or UDP anew; `partial`: only the part of addresses and length, for
 * one who makes the rest (NET_OFFLOAD_CSUM). */
void net_l4_csum(const struct net_headers *h, uint8_t *frame, uint32_t len, bool partial);

/* Cuts a frame into packets, each with its own headers and checksums. */
struct net_cut {
	const uint8_t *frame;
	uint32_t len, size, off, index;
	struct net_headers h;
};
/* The frame stays where it is until the last packet was taken. 0, GUEST_E_FORMAT where the headers
 * are not what `o` says, GUEST_E_RANGE where a packet would be too long. */
MUST_CHECK int net_cut_init(
	struct net_cut *c, const struct net_offload *o, const uint8_t *frame, uint32_t len);
/* The next packet into `to` (NET_FRAME_MAX bytes); its length, 0 after the last one. */
uint32_t net_cut_next(struct net_cut *c, uint8_t *to);

/* The sum that Internet checksums are made of (RFC 1071), folded to 16 bits, as it lies in memory.
 */
uint16_t net_sum(const uint8_t *p, uint32_t len, uint64_t start);
