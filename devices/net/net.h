/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio-net ("Device Types / Network Device"): a network card with one or more pairs of queues and
 * a control queue, plugged into what its port leads to.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "devices/net/link_port.h"
#include "devices/virtio/vdev.h"

#define NET_MAX_PAIRS 16

struct net_dev_config {
	const char *tag; /* instance name for logs: "cluster/net0"; copied */
	uint8_t mac[6]; /* a unicast address */
	uint16_t mtu; /* offered to the driver, NET_MTU_MIN to NET_MTU_MAX; 0: none, 1500 */
	uint16_t pairs; /* of queues, at most NET_MAX_PAIRS; 0: one */
	bool link_down; /* the cable is out at first */
};

/* Makes a card. The port is consumed (freed on failure too). 0, -EINVAL, -ENOMEM. */
MUST_CHECK int net_dev_new(
	struct vdev **out, struct link_port *port_take, const struct net_dev_config *cfg);

/* Puts the cable in or takes it out: a configuration interrupt, and silence while it is out.
 * Device's loop thread. */
void net_dev_set_link(struct vdev *v, bool up);

struct net_dev_stats {
	uint64_t tx_frames, tx_bytes; /* given to the port */
	uint64_t tx_rejected; /* a rule was broken */
	uint64_t tx_dropped; /* the cable was out or led nowhere */
	uint64_t rx_frames, rx_bytes; /* given to the driver */
	uint64_t rx_filtered; /* not for this card, or the cable was out */
	uint64_t rx_dropped; /* the driver's buffers cannot hold such a frame */
	uint64_t controls; /* control requests */
	uint16_t pairs; /* of queues that the driver uses */
	bool link_up;
};
/* Counters of a device made by net_dev_new. Device's loop thread. */
void net_dev_get_stats(const struct vdev *v, struct net_dev_stats *out);
