/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between libslirp, whose packets may be as long as IP permits, and a network whose packets have a
 * size: long TCP segments are marked to be cut by whoever must, other long packets become
 * fragments. libslirp is told of no limit, and each connection's limit is remembered here. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/proto/net_offload.h"

#define SEGMENTS_FLOWS 4096u /* connections whose limit is known; more get a small one */

struct segments {
	uint32_t mtu;
	struct segments_flow {
		uint32_t key;
		uint16_t mss; /* 0: free */
	} flow[SEGMENTS_FLOWS];
	uint8_t piece[NET_FRAME_MAX];
};

void segments_init(struct segments *s, uint32_t mtu);

/* A frame from a guest, its checksums made: what a new connection says about the size of its
 * segments is remembered, and made as large as can be. */
void segments_from_guest(struct segments *s, uint8_t *frame, uint32_t len);

/* A frame for the guests, whose partial checksum may be put in: calls `out` once, or for each
 * fragment. */
void segments_to_guest(struct segments *s, uint8_t *frame, uint32_t len,
	void (*out)(void *ctx, const struct net_offload *o, const uint8_t *frame, uint32_t len),
	void *ctx);
