/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtio device of any type whose work another process does, over the vhost-user protocol:
 * virtiofsd and every other standard back end. The device here is the front end: it negotiates,
 * lends the back end guest memory and rings, and notices when it is gone. Requests of the driver
 * and interrupts go to and fro by eventfds; nothing of them is seen here.
 *
 * A back end that dies, breaks the protocol or does not answer in time leaves a device that needs
 * a reset, and fails again when it is started: a new connection takes a new machine.
 */
#pragma once

#include "devices/vhost_user/wire.h"
#include "devices/virtio/vdev.h"

#define VHU_MAX_QUEUES         VDEV_MAX_QUEUES
#define VHU_DEFAULT_QUEUE_SIZE 256

struct vhost_user_config {
	const char *tag; /* copied */
	uint16_t id; /* VIRTIO_ID_* or any other: the type of the device */
	uint16_t queues; /* 1..VHU_MAX_QUEUES */
	uint16_t queue_size; /* a power of 2, at most VQ_MAX_SIZE */
	/* The configuration space: these bytes, read-only (copied); or, with NULL, the back end's,
	 * of which `config_bytes` are shown. At most VHU_MAX_CONFIG. */
	const uint8_t *config;
	uint32_t config_bytes;
	uint32_t limit_ms; /* the longest that the back end may take for an answer; 0: a second */
};

/* The back end lives; what it said goes through. Loop thread. */
struct vhost_user_state {
	bool connected, acks, serves_config;
	uint64_t features, protocol;
	const char *why; /* why it is not connected; "" while it is */
	uint64_t starts; /* times that a driver started it */
};

/*
 * Takes a connected socket, and asks the back end what it can do: waits for it, up to five times
 * the limit. 0, or -errno with a message.
 */
MUST_CHECK int vhost_user_new(
	struct vdev **out, int sock_take, const struct vhost_user_config *cfg, struct err *e);
struct vhost_user_state vhost_user_state(const struct vdev *v);
