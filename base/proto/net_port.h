/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ethernet frames between a network device and the bench, over SOCK_SEQPACKET: a packet is a batch
 * of records, each a length (le16) and that many bytes of one frame, from its destination address
 * on, without the frame check sequence. Frames are whole: no header of virtio, no segmentation or
 * checksum left to do.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define NET_FRAME_MIN 14 /* an Ethernet header */
#define NET_MTU_MIN   68
#define NET_MTU_MAX   9000
/* Ethernet header and one VLAN tag more than the payload. */
#define NET_FRAME_MAX (NET_MTU_MAX + 18)

#define NET_PORT_PACKET_BYTES 32768u

struct net_packet {
	uint32_t len;
	uint8_t b[NET_PORT_PACKET_BYTES];
};

/* Room for a frame of `len` bytes (NET_FRAME_MIN to NET_FRAME_MAX) at the packet's end, which the
 * caller fills; NULL when it is full. Pure. */
uint8_t *net_packet_reserve(struct net_packet *p, uint32_t len);
/* Takes the last reserved frame of `len` bytes out again. */
void net_packet_unreserve(struct net_packet *p, uint32_t len);

/*
 * The next frame of a received packet; *off is 0 at first. 1: *frame points into `buf`; 0: end;
 * -EBADMSG: the rest is malformed. Pure.
 */
MUST_CHECK int net_packet_next(const uint8_t *buf, uint32_t len, uint32_t *off,
	const uint8_t **frame, uint32_t *frame_len);

#define NET_MAC_BYTES 6

/* Reads an address as people write it, "02:00:00:00:00:01": six pairs of hex digits, nothing else.
 * False, and mac untouched, for any other text. Pure. */
bool net_mac_parse(const char *text, uint8_t mac[NET_MAC_BYTES]);
/* True for the address of a group (or all): the first byte is odd. */
static inline bool net_mac_is_group(const uint8_t mac[NET_MAC_BYTES])
{
	return mac[0] & 1;
}
