/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio-can ("Device Types / CAN Device"): a controller on a bus that its port leads to.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "devices/can/can_port.h"
#include "devices/virtio/vdev.h"

/* Feature bits ("CAN Device / Feature bits"). */
#define VIRTIO_CAN_F_CAN_CLASSIC 0
#define VIRTIO_CAN_F_CAN_FD      1
#define VIRTIO_CAN_F_RTR_FRAMES  2
#define VIRTIO_CAN_F_LATE_TX_ACK 3
#define VIRTIO_CAN_FEATURES_ALL  UINT64_C(0xf)

/* Frames that wait for a guest's receive buffers: a second's worth of a busy FD bus. */
#define CAN_DEV_RX_PENDING 8192u

struct can_dev_config {
	const char *tag; /* instance name for logs: "cluster/can0"; copied */
	/* Mask of VIRTIO_CAN_F_* bits to offer; 0: all. RTR_FRAMES without CAN_CLASSIC, or neither
	 * CAN_CLASSIC nor CAN_FD, is refused. */
	uint64_t features;
};

/*
 * Makes a controller. The port is consumed (freed on failure too). 0, -EINVAL for impossible
 * features, -ENOMEM.
 */
MUST_CHECK int can_dev_new(
	struct vdev **out, struct can_port *port_take, const struct can_dev_config *cfg);

/* The feature bit of "classic", "fd", "rtr" or "late-tx-ack"; false for another word. */
bool can_feature_parse(const char *word, unsigned int *bit);

struct can_dev_stats {
	uint64_t tx_ok, tx_not_ok; /* answered to the driver */
	uint64_t tx_rejected; /* of tx_not_ok: a rule was broken or the state was wrong */
	uint64_t rx_frames; /* given to the driver */
	uint64_t rx_dropped; /* the driver had no buffer for too long */
	uint64_t rx_filtered; /* of a type the driver did not negotiate */
	uint64_t busoffs;
};
/* Counters of a device made by can_dev_new. Device's loop thread. */
void can_dev_get_stats(const struct vdev *v, struct can_dev_stats *out);
