/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ethernet frames between a network device and the bench, over SOCK_SEQPACKET: a packet is a batch
 * of records. Each is a header and the bytes of one frame, from its destination address on, without
 * the frame check sequence; the header says what is still to be done with it (net_offload.h). A
 * record without a frame tells what its sender does itself with the frames that it is given.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/proto/net_offload.h"

struct net_record {
	le32 len; /* of the frame behind it; 0: none, `takes` counts */
	le16 takes; /* NET_TAKES_*, without a frame */
	struct net_offload o;
};
static_assert(sizeof(struct net_record) == 16, "net_record");

/* Holds the longest frame, or many short ones. */
#define NET_PORT_PACKET_BYTES 69632u
static_assert(NET_PORT_PACKET_BYTES >= sizeof(struct net_record) + NET_UNCUT_MAX, "packet");

/* A frame so long has a packet of its own and leaves from where it lies: libslirp's have 32 KiB. */
#define NET_PORT_LONG 16384u

struct net_packet {
	uint32_t len;
	uint8_t b[NET_PORT_PACKET_BYTES];
};

/* Room for a frame of `len` bytes (NET_FRAME_MIN to NET_UNCUT_MAX) at the packet's end, which the
 * caller fills; NULL when it is full. Nothing is left to do with it. Pure. */
uint8_t *net_packet_reserve(struct net_packet *p, uint32_t len);
/* Says what is left to do with the frame of `len` bytes that was reserved last. */
void net_packet_describe(struct net_packet *p, uint32_t len, const struct net_offload *o);
/* The header of a frame for those who send it from elsewhere, as the packet's only record; `o` as
 * above, NULL: nothing. Pure. */
struct net_record net_record_of(uint32_t len, const struct net_offload *o);
/* Takes the last reserved frame of `len` bytes out again. */
void net_packet_unreserve(struct net_packet *p, uint32_t len);
/* Adds what this end does itself. False: the packet is full. */
bool net_packet_takes(struct net_packet *p, uint32_t takes);

struct net_item {
	const uint8_t *frame; /* points into the packet; NULL: none */
	uint32_t len, takes;
	struct net_offload o; /* checked: net_offload_check() */
};
/*
 * The next record of a received packet; *off is 0 at first. 1: *it is filled; 0: end; -EBADMSG: the
 * rest is malformed. Pure.
 */
MUST_CHECK int net_packet_next(
	const uint8_t *buf, uint32_t len, uint32_t *off, struct net_item *it);

#define NET_MAC_BYTES 6

/* Reads an address as people write it, "02:00:00:00:00:01": six pairs of hex digits, nothing else.
 * False, and mac untouched, for any other text. Pure. */
bool net_mac_parse(const char *text, uint8_t mac[NET_MAC_BYTES]);
/* True for the address of a group (or all): the first byte is odd. */
static inline bool net_mac_is_group(const uint8_t mac[NET_MAC_BYTES])
{
	return mac[0] & 1;
}
