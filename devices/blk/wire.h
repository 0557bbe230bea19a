/* SPDX-License-Identifier: Apache-2.0 */
/* Formats of the virtio block device ("Block Device"). Nothing here is checked. */
#pragma once

#include <stddef.h>

#include "base/le.h"

/* Feature bits. */
#define VIRTIO_BLK_F_SIZE_MAX     1
#define VIRTIO_BLK_F_SEG_MAX      2
#define VIRTIO_BLK_F_RO           5
#define VIRTIO_BLK_F_BLK_SIZE     6
#define VIRTIO_BLK_F_FLUSH        9
#define VIRTIO_BLK_F_TOPOLOGY     10
#define VIRTIO_BLK_F_CONFIG_WCE   11
#define VIRTIO_BLK_F_MQ           12
#define VIRTIO_BLK_F_DISCARD      13
#define VIRTIO_BLK_F_WRITE_ZEROES 14

/* Request types. */
#define VIRTIO_BLK_T_IN           0u
#define VIRTIO_BLK_T_OUT          1u
#define VIRTIO_BLK_T_FLUSH        4u
#define VIRTIO_BLK_T_GET_ID       8u
#define VIRTIO_BLK_T_DISCARD      11u
#define VIRTIO_BLK_T_WRITE_ZEROES 13u

/* Status byte. */
#define VIRTIO_BLK_S_OK     0
#define VIRTIO_BLK_S_IOERR  1
#define VIRTIO_BLK_S_UNSUPP 2

#define VIRTIO_BLK_ID_BYTES     20u
#define VIRTIO_BLK_SECTOR_BYTES 512u

/* "Device Operation": what a request begins with. */
struct virtio_blk_outhdr {
	le32 type, reserved;
	le64 sector;
};
static_assert(sizeof(struct virtio_blk_outhdr) == 16, "virtio_blk_req");

#define VIRTIO_BLK_ZEROES_UNMAP 1u

struct virtio_blk_range {
	le64 sector;
	le32 num_sectors, flags;
};
static_assert(sizeof(struct virtio_blk_range) == 16, "virtio_blk_discard_write_zeroes");

/* "Device configuration layout" */
struct virtio_blk_config {
	le64 capacity; /* sectors of 512 bytes */
	le32 size_max, seg_max;
	le16 cylinders;
	uint8_t heads, sectors;
	le32 blk_size;
	uint8_t physical_block_exp, alignment_offset;
	le16 min_io_size;
	le32 opt_io_size;
	uint8_t writeback, unused0;
	le16 num_queues;
	le32 max_discard_sectors, max_discard_seg, discard_sector_alignment;
	le32 max_write_zeroes_sectors, max_write_zeroes_seg;
	uint8_t write_zeroes_may_unmap, unused1[3];
};
static_assert(sizeof(struct virtio_blk_config) == 60, "virtio_blk_config");
static_assert(offsetof(struct virtio_blk_config, writeback) == 32, "virtio_blk_config");
