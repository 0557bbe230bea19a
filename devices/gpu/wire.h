/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio-gpu as it lies in guest memory: virtio 1.4, "GPU Device / Device Operation". Only what a
 * 2D device needs in full; 3D commands are known by number, to be refused.
 */
#pragma once

#include "base/le.h"

#define GPU_F_VIRGL          0
#define GPU_F_EDID           1
#define GPU_F_RESOURCE_UUID  2
#define GPU_F_RESOURCE_BLOB  3
#define GPU_F_CONTEXT_INIT   4
#define GPU_F_BLOB_ALIGNMENT 5

#define GPU_EVENT_DISPLAY (1u << 0)

#define GPU_FLAG_FENCE         (1u << 0)
#define GPU_FLAG_INFO_RING_IDX (1u << 1)

#define GPU_WIRE_SCANOUTS   16
#define GPU_WIRE_EDID_BYTES 1024

enum gpu_type {
	GPU_CMD_GET_DISPLAY_INFO = 0x0100,
	GPU_CMD_RESOURCE_CREATE_2D,
	GPU_CMD_RESOURCE_UNREF,
	GPU_CMD_SET_SCANOUT,
	GPU_CMD_RESOURCE_FLUSH,
	GPU_CMD_TRANSFER_TO_HOST_2D,
	GPU_CMD_RESOURCE_ATTACH_BACKING,
	GPU_CMD_RESOURCE_DETACH_BACKING,
	GPU_CMD_GET_CAPSET_INFO,
	GPU_CMD_GET_CAPSET,
	GPU_CMD_GET_EDID,
	GPU_CMD_RESOURCE_ASSIGN_UUID,
	GPU_CMD_RESOURCE_CREATE_BLOB,
	GPU_CMD_SET_SCANOUT_BLOB,

	GPU_CMD_UPDATE_CURSOR = 0x0300,
	GPU_CMD_MOVE_CURSOR,

	GPU_RESP_OK_NODATA = 0x1100,
	GPU_RESP_OK_DISPLAY_INFO,
	GPU_RESP_OK_CAPSET_INFO,
	GPU_RESP_OK_CAPSET,
	GPU_RESP_OK_EDID,
	GPU_RESP_OK_RESOURCE_UUID,

	GPU_RESP_ERR_UNSPEC = 0x1200,
	GPU_RESP_ERR_OUT_OF_MEMORY,
	GPU_RESP_ERR_INVALID_SCANOUT_ID,
	GPU_RESP_ERR_INVALID_RESOURCE_ID,
	GPU_RESP_ERR_INVALID_CONTEXT_ID,
	GPU_RESP_ERR_INVALID_PARAMETER
};

#define GPU_BLOB_MEM_GUEST        1
#define GPU_BLOB_MEM_HOST3D       2
#define GPU_BLOB_MEM_HOST3D_GUEST 3

#define GPU_BLOB_FLAG_ALL 7u /* MAPPABLE, SHAREABLE, CROSS_DEVICE */

struct gpu_wire_config {
	le32 events_read, events_clear, num_scanouts, num_capsets, blob_alignment;
};
static_assert(sizeof(struct gpu_wire_config) == 20, "virtio_gpu_config");

struct gpu_wire_hdr {
	le32 type, flags;
	le64 fence_id;
	le32 ctx_id;
	uint8_t ring_idx, padding[3];
};
static_assert(sizeof(struct gpu_wire_hdr) == 24, "virtio_gpu_ctrl_hdr");

struct gpu_wire_rect {
	le32 x, y, width, height;
};

struct gpu_wire_display_info {
	struct gpu_wire_hdr hdr;
	struct {
		struct gpu_wire_rect r;
		le32 enabled, flags;
	} pmodes[GPU_WIRE_SCANOUTS];
};
static_assert(sizeof(struct gpu_wire_display_info) == 408, "virtio_gpu_resp_display_info");

struct gpu_wire_get_edid {
	struct gpu_wire_hdr hdr;
	le32 scanout, padding;
};

struct gpu_wire_edid {
	struct gpu_wire_hdr hdr;
	le32 size, padding;
	uint8_t edid[GPU_WIRE_EDID_BYTES];
};
static_assert(sizeof(struct gpu_wire_edid) == 1056, "virtio_gpu_resp_edid");

struct gpu_wire_create_2d {
	struct gpu_wire_hdr hdr;
	le32 resource_id, format, width, height;
};

/* UNREF, DETACH_BACKING and ASSIGN_UUID have the same layout. */
struct gpu_wire_resource {
	struct gpu_wire_hdr hdr;
	le32 resource_id, padding;
};

struct gpu_wire_set_scanout {
	struct gpu_wire_hdr hdr;
	struct gpu_wire_rect r;
	le32 scanout_id, resource_id;
};

struct gpu_wire_flush {
	struct gpu_wire_hdr hdr;
	struct gpu_wire_rect r;
	le32 resource_id, padding;
};

struct gpu_wire_transfer {
	struct gpu_wire_hdr hdr;
	struct gpu_wire_rect r;
	le64 offset;
	le32 resource_id, padding;
};

struct gpu_wire_attach {
	struct gpu_wire_hdr hdr;
	le32 resource_id, nr_entries;
};

struct gpu_wire_mem_entry {
	le64 addr;
	le32 length, padding;
};
static_assert(sizeof(struct gpu_wire_mem_entry) == 16, "virtio_gpu_mem_entry");

struct gpu_wire_uuid {
	struct gpu_wire_hdr hdr;
	uint8_t uuid[16];
};

struct gpu_wire_create_blob {
	struct gpu_wire_hdr hdr;
	le32 resource_id, blob_mem, blob_flags, nr_entries;
	le64 blob_id, size;
};
static_assert(sizeof(struct gpu_wire_create_blob) == 56, "virtio_gpu_resource_create_blob");

struct gpu_wire_set_scanout_blob {
	struct gpu_wire_hdr hdr;
	struct gpu_wire_rect r;
	le32 scanout_id, resource_id, width, height, format, padding;
	le32 strides[4], offsets[4];
};
static_assert(sizeof(struct gpu_wire_set_scanout_blob) == 96, "virtio_gpu_set_scanout_blob");

struct gpu_wire_cursor {
	struct gpu_wire_hdr hdr;
	struct {
		le32 scanout_id, x, y, padding;
	} pos;
	le32 resource_id, hot_x, hot_y, padding;
};
static_assert(sizeof(struct gpu_wire_cursor) == 56, "virtio_gpu_update_cursor");
