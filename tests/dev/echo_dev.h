/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The smallest virtio device: two queues that answer each request with its readable bytes, cut
 * to the room there is; 16 bytes of configuration space. For tests of the
 * queue and of the transport.
 */
#pragma once

#include "devices/virtio/vdev.h"

#define ECHO_QUEUES       2
#define ECHO_F_LOUD       VIRTIO_BIT(0)
#define ECHO_F_FORBIDDEN  VIRTIO_BIT(1) /* features_ok refuses it */
#define ECHO_CONFIG_BYTES 16

struct echo_dev {
	struct vdev v;
	struct vq *vq[ECHO_QUEUES];
	struct vq_chain chain;
	uint8_t config[ECHO_CONFIG_BYTES];
	uint8_t guard[32]; /* 0xee: an access that runs past the configuration space shows */
	uint8_t buf[8192];
	uint64_t features;
	unsigned int starts, stops, kicks, queue_starts, queue_stops;
	int start_result, queue_start_result; /* what start() and queue_start() return */
	unsigned int pops_per_kick; /* 0: all there are */
	bool hold; /* requests are taken and kept: in `held` */
	unsigned int n_held;
	struct vq_token held[VQ_MAX_SIZE];
	bool *freed; /* set by free() */
};

struct echo_dev *echo_new(void);
