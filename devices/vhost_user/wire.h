/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vhost-user protocol as it lies on the socket: messages of the front end and the few that a
 * back end sends by itself. Field and message names are those of QEMU's vhost-user document. The
 * protocol has the byte order of the host, which Dyno demands to be little-endian.
 */
#pragma once

#include <assert.h>
#include <stdint.h>

#include "base/le.h"

/* Requests of the front end. */
enum vhu_request {
	VHU_GET_FEATURES = 1,
	VHU_SET_FEATURES = 2,
	VHU_SET_OWNER = 3,
	VHU_SET_MEM_TABLE = 5,
	VHU_SET_VRING_NUM = 8,
	VHU_SET_VRING_ADDR = 9,
	VHU_SET_VRING_BASE = 10,
	VHU_GET_VRING_BASE = 11,
	VHU_SET_VRING_KICK = 12,
	VHU_SET_VRING_CALL = 13,
	VHU_SET_VRING_ERR = 14,
	VHU_GET_PROTOCOL_FEATURES = 15,
	VHU_SET_PROTOCOL_FEATURES = 16,
	VHU_GET_QUEUE_NUM = 17,
	VHU_SET_VRING_ENABLE = 18,
	VHU_SET_BACKEND_REQ_FD = 21,
	VHU_GET_CONFIG = 24,
	VHU_SET_CONFIG = 25,
	VHU_RESET_DEVICE = 34,
	VHU_SET_STATUS = 39,
	VHU_GET_STATUS = 40
};

/* Requests of the back end, on a socket of their own. */
enum vhu_backend_request { VHU_BACKEND_CONFIG_CHANGE = 2 };

/* A feature bit of its own among those of virtio: protocol features can be negotiated. */
#define VHU_F_PROTOCOL_FEATURES 30

#define VHU_PROTOCOL_F_MQ           0
#define VHU_PROTOCOL_F_REPLY_ACK    3
#define VHU_PROTOCOL_F_BACKEND_REQ  5
#define VHU_PROTOCOL_F_CONFIG       9
#define VHU_PROTOCOL_F_RESET_DEVICE 13
#define VHU_PROTOCOL_F_STATUS       16

#define VHU_VERSION_MASK 0x3u
#define VHU_VERSION      0x1u
#define VHU_REPLY        0x4u
#define VHU_NEED_REPLY   0x8u

struct vhu_header {
	le32 request, flags, size;
};
static_assert(sizeof(struct vhu_header) == 12, "message header");

struct vhu_vring_state {
	le32 index, num;
};

struct vhu_vring_addr {
	le32 index, flags;
	le64 descriptor, used, available, log;
};
static_assert(sizeof(struct vhu_vring_addr) == 40, "vring address description");

struct vhu_region {
	le64 guest_address, size, user_address, mmap_offset;
};

#define VHU_MAX_REGIONS 8
struct vhu_memory {
	le32 n, padding;
	struct vhu_region region[VHU_MAX_REGIONS];
};

#define VHU_MAX_CONFIG 256
struct vhu_config_space {
	le32 offset, size, flags;
	uint8_t bytes[VHU_MAX_CONFIG];
};
#define VHU_CONFIG_HEAD_BYTES 12

/* The longest payload of a reply. */
#define VHU_MAX_PAYLOAD (sizeof(struct vhu_config_space))
