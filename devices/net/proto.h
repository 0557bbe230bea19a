/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a driver says to its network device: headers of frames, control requests, and the receive
 * filter that they set. Pure: no queue, no socket, no memory but what is handed in.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/proto/net_port.h"
#include "devices/net/wire.h"

#define NET_MACS     64 /* of each table; more switch filtering of that kind off */
#define NET_VLANS    4096
#define NET_CTRL_MAX 4096 /* data of a control request */

#define NET_BIT(name) (UINT64_C(1) << VIRTIO_NET_F_##name)
/* What the driver takes from the device, and may change while it runs. */
#define NET_GUEST_OFFLOADS                                                                      \
	(NET_BIT(GUEST_CSUM) | NET_BIT(GUEST_TSO4) | NET_BIT(GUEST_TSO6) | NET_BIT(GUEST_ECN) | \
		NET_BIT(GUEST_USO4) | NET_BIT(GUEST_USO6))
/* Features whose work the link must be able to do: the rest is done here. */
#define NET_LINK_OFFLOADS                                                                   \
	(NET_GUEST_OFFLOADS | NET_BIT(HOST_TSO4) | NET_BIT(HOST_TSO6) | NET_BIT(HOST_ECN) | \
		NET_BIT(HOST_USO))
#define NET_LINK_USO (NET_BIT(GUEST_USO4) | NET_BIT(GUEST_USO6) | NET_BIT(HOST_USO))

/* "Feature bit requirements": false where a feature is accepted without one that it needs. */
bool net_features_ok(uint64_t f);

/*
 * Checks the header of a frame that the driver sends: `len` bytes follow it, `max` is the longest
 * frame that need not be cut. 0, GUEST_E_SHORT, GUEST_E_RANGE, GUEST_E_FORMAT, or
 * GUEST_E_UNSUPPORTED for an offload that was not negotiated.
 */
MUST_CHECK int net_check_tx(
	const struct virtio_net_hdr *h, uint32_t len, uint32_t max, uint64_t features);

/* The part of the header that goes with a frame wherever it goes. */
struct net_offload net_offload_of(const struct virtio_net_hdr *h);
/* What a driver that accepted these features takes: NET_TAKES_*. */
uint32_t net_takes(uint64_t features);

/* A number for the connection that a frame belongs to, the same in both directions; 0 for frames
 * of none. */
uint32_t net_flow_hash(const uint8_t *frame, uint32_t len);

/* A list of addresses. */
struct net_macs {
	uint32_t n;
	bool overflow; /* there are more than fit: all pass */
	uint8_t mac[NET_MACS][NET_MAC_BYTES];
};

/* What is received ("Packet Receive Filtering", "Setting MAC Address Filtering", "VLAN"). */
struct net_filter {
	uint8_t mac[NET_MAC_BYTES];
	bool promisc, allmulti, alluni, nomulti, nouni, nobcast;
	bool vlans; /* CTRL_VLAN was negotiated */
	struct net_macs uni, multi;
	uint8_t vlan[NET_VLANS / 8];
};

/* The state after a reset. */
void net_filter_init(struct net_filter *f, const uint8_t mac[NET_MAC_BYTES], uint64_t features);
/* True when the driver is to get this frame (NET_FRAME_MIN bytes at least). */
bool net_filter_pass(const struct net_filter *f, const uint8_t *frame, uint32_t len);

/* What control requests change. */
struct net_control {
	struct net_filter filter;
	bool announce; /* ANNOUNCE clears it */
	uint16_t pairs, max_pairs; /* of queues, in use and in all */
	uint64_t features; /* negotiated */
	uint64_t offloads; /* of these NET_GUEST_OFFLOADS: in use */
};

/*
 * Carries out a control request. 0 (ack OK), or GUEST_E_* (ack ERR): nothing was changed then.
 */
MUST_CHECK int net_control(struct net_control *c, const struct virtio_net_ctrl_hdr *h,
	const uint8_t *data, uint32_t len);
