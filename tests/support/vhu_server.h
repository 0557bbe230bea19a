/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vhost-user back end for tests: it serves any of Dyno's devices on a thread of its own, and can
 * be told to misbehave. Memory, rings and interrupts are real: what works against it works by
 * the protocol's rules, not by shared pointers.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "devices/vhost_user/wire.h"
#include "devices/virtio/vdev.h"

enum vhu_server_fault {
	VHU_SERVER_OBEYS,
	VHU_SERVER_DIES, /* closes the connection in place of doing it */
	VHU_SERVER_IS_SILENT, /* does not answer (and does not do it) */
	VHU_SERVER_ANSWERS_ANOTHER, /* the reply names another request */
	VHU_SERVER_ANSWERS_LONG, /* the reply announces a byte too many */
	VHU_SERVER_ANSWERS_HALF, /* half of a reply, then nothing */
	VHU_SERVER_REFUSES, /* the acknowledgement says no */
};

struct vhu_server_config {
	struct vdev *dev_take;
	uint64_t features; /* of rings and protocol features, on top of the device's */
	uint64_t protocol; /* VHU_PROTOCOL_F_* mask */
	uint32_t queues; /* what GET_QUEUE_NUM answers */
	enum vhu_request at; /* the fault happens at this request */
	enum vhu_server_fault fault;
	unsigned int nth; /* which of them: 0 is the first */
};

/* What nearly every modern back end offers. */
#define VHU_SERVER_FEATURES                                                         \
	(VIRTIO_BIT(VIRTIO_F_VERSION_1) | VIRTIO_BIT(VIRTIO_F_INDIRECT_DESC) |      \
		VIRTIO_BIT(VIRTIO_F_EVENT_IDX) | VIRTIO_BIT(VIRTIO_F_RING_PACKED) | \
		VIRTIO_BIT(VIRTIO_F_RING_RESET) | VIRTIO_BIT(VHU_F_PROTOCOL_FEATURES))
#define VHU_SERVER_PROTOCOL                                                                  \
	(VIRTIO_BIT(VHU_PROTOCOL_F_MQ) | VIRTIO_BIT(VHU_PROTOCOL_F_REPLY_ACK) |              \
		VIRTIO_BIT(VHU_PROTOCOL_F_CONFIG) | VIRTIO_BIT(VHU_PROTOCOL_F_BACKEND_REQ) | \
		VIRTIO_BIT(VHU_PROTOCOL_F_RESET_DEVICE))

struct vhu_server;

/* Serves on the connected socket (taken). Aborts where the test cannot go on. */
struct vhu_server *vhu_server_start(int sock_take, const struct vhu_server_config *cfg);
/* Ends the thread and frees the device. NULL is legal. */
void vhu_server_stop(struct vhu_server *s);
/* Closes the connection as a crash would. */
void vhu_server_crash(struct vhu_server *s);
/* How many of a request it got so far. */
unsigned int vhu_server_count(const struct vhu_server *s, enum vhu_request r);
/* The device says that its configuration space changed. */
void vhu_server_config_changed(struct vhu_server *s);
/* The device gives up on a queue. */
void vhu_server_report_error(struct vhu_server *s);
