/* SPDX-License-Identifier: Apache-2.0 */
/* virtio-gpu's messages ("GPU Device / Device Operation"): for the driver and for device tests. */
#pragma once

#include "dyno/base.h"

#define GPU_F_VIRGL (UINT64_C(1) << 0)
#define GPU_F_EDID  (UINT64_C(1) << 1)
#define GPU_F_UUID  (UINT64_C(1) << 2)
#define GPU_F_BLOB  (UINT64_C(1) << 3)

/* Configuration space. */
#define GPU_CFG_EVENTS_READ  0
#define GPU_CFG_EVENTS_CLEAR 4
#define GPU_CFG_SCANOUTS     8
#define GPU_CFG_CAPSETS      12
#define GPU_EVENT_DISPLAY    1u

#define GPU_MAX_SCANOUTS 16
#define GPU_FLAG_FENCE   1u

#define GPU_FORMAT_BGRA 1u
#define GPU_FORMAT_BGRX 2u

enum gpu_cmd_type {
	GPU_GET_DISPLAY_INFO = 0x100,
	GPU_CREATE_2D,
	GPU_UNREF,
	GPU_SET_SCANOUT,
	GPU_FLUSH,
	GPU_TRANSFER,
	GPU_ATTACH,
	GPU_DETACH,
	GPU_GET_CAPSET_INFO,
	GPU_GET_CAPSET,
	GPU_GET_EDID,
	GPU_ASSIGN_UUID,
	GPU_CREATE_BLOB,
	GPU_SET_SCANOUT_BLOB,
	GPU_UPDATE_CURSOR = 0x300,
	GPU_MOVE_CURSOR,
	GPU_OK = 0x1100,
	GPU_OK_DISPLAY_INFO,
	GPU_OK_CAPSET_INFO,
	GPU_OK_CAPSET,
	GPU_OK_EDID,
	GPU_OK_UUID,
	GPU_ERR_UNSPEC = 0x1200,
	GPU_ERR_MEMORY,
	GPU_ERR_SCANOUT,
	GPU_ERR_RESOURCE,
	GPU_ERR_CONTEXT,
	GPU_ERR_PARAMETER
};

struct gpu_hdr {
	uint32_t type, flags;
	uint64_t fence;
	uint32_t ctx;
	uint8_t ring, pad[3];
};
struct gpu_rect {
	uint32_t x, y, w, h;
};
struct gpu_mode {
	struct gpu_rect rect;
	uint32_t enabled, flags;
};
struct gpu_display_info {
	struct gpu_hdr hdr;
	struct gpu_mode mode[GPU_MAX_SCANOUTS];
};
struct gpu_create_2d {
	struct gpu_hdr hdr;
	uint32_t id, format, width, height;
};
struct gpu_unref {
	struct gpu_hdr hdr;
	uint32_t id, pad;
};
struct gpu_set_scanout {
	struct gpu_hdr hdr;
	struct gpu_rect rect;
	uint32_t scanout, id;
};
struct gpu_flush {
	struct gpu_hdr hdr;
	struct gpu_rect rect;
	uint32_t id, pad;
};
struct gpu_transfer {
	struct gpu_hdr hdr;
	struct gpu_rect rect;
	uint64_t offset;
	uint32_t id, pad;
};
struct gpu_entry {
	uint64_t addr;
	uint32_t bytes, pad;
};
struct gpu_attach {
	struct gpu_hdr hdr;
	uint32_t id, entries;
	struct gpu_entry entry[1];
};
struct gpu_get_edid {
	struct gpu_hdr hdr;
	uint32_t scanout, pad;
};
struct gpu_edid {
	struct gpu_hdr hdr;
	uint32_t bytes, pad;
	uint8_t edid[1024];
};
struct gpu_create_blob {
	struct gpu_hdr hdr;
	uint32_t id, mem, flags, entries;
	uint64_t blob_id, bytes;
	struct gpu_entry entry[1];
};
struct gpu_set_scanout_blob {
	struct gpu_hdr hdr;
	struct gpu_rect rect;
	uint32_t scanout, id, width, height, format, pad;
	uint32_t stride[4], offset[4];
};
struct gpu_cursor {
	struct gpu_hdr hdr;
	uint32_t scanout, x, y, pad;
	uint32_t id, hot_x, hot_y, pad2;
};
static_assert(sizeof(struct gpu_hdr) == 24, "virtio_gpu_ctrl_hdr");
static_assert(sizeof(struct gpu_display_info) == 408, "virtio_gpu_resp_display_info");
static_assert(sizeof(struct gpu_transfer) == 56, "virtio_gpu_transfer_to_host_2d");
static_assert(sizeof(struct gpu_edid) == 1056, "virtio_gpu_resp_edid");
static_assert(sizeof(struct gpu_create_blob) == 72, "virtio_gpu_resource_create_blob");
static_assert(sizeof(struct gpu_set_scanout_blob) == 96, "virtio_gpu_set_scanout_blob");
static_assert(sizeof(struct gpu_cursor) == 56, "virtio_gpu_update_cursor");
