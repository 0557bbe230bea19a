/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of the virtio block device, checked. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "devices/blk/wire.h"

/* Ranges of one DISCARD or WRITE_ZEROES, and sectors of one range. */
#define BLK_MAX_RANGES        16u
#define BLK_MAX_RANGE_SECTORS 0x7fffffu

/* What a disk allows. */
struct blk_limits {
	uint64_t capacity_bytes; /* a multiple of 512 */
	bool read_only;
	bool discard, write_zeroes; /* negotiated */
};

enum blk_what {
	BLK_DO_READ,
	BLK_DO_WRITE,
	BLK_DO_FLUSH,
	BLK_DO_GET_ID,
	BLK_DO_DISCARD, /* the ranges follow in the readable part */
	BLK_DO_WRITE_ZEROES
};

struct blk_request {
	enum blk_what what;
	uint64_t off; /* bytes; READ and WRITE */
	uint32_t bytes; /* of data (or of ranges) */
};

/*
 * Checks a header against what came with it: `out_bytes` readable bytes behind it, `in_bytes`
 * writable ones before the status byte. VIRTIO_BLK_S_OK and *r, or the status to answer with.
 */
MUST_CHECK uint8_t blk_parse(struct blk_request *r, const struct virtio_blk_outhdr *h,
	uint32_t out_bytes, uint32_t in_bytes, const struct blk_limits *l);

struct blk_range {
	uint64_t off, bytes;
	bool unmap;
};

/* Checks one range of a DISCARD or WRITE_ZEROES. VIRTIO_BLK_S_OK or the status to answer with. */
MUST_CHECK uint8_t blk_parse_range(struct blk_range *out, enum blk_what what,
	const struct virtio_blk_range *in, const struct blk_limits *l);
