/* SPDX-License-Identifier: Apache-2.0 */
/* Disks (virtio block device): one request at a time, waited for. */
#pragma once

#include "dyno/base.h"

#define DYNO_SECTOR 512u

struct dyno_blk;

/* The index-th disk; NULL when there is none or it cannot be used. */
struct dyno_blk *dyno_blk_open(unsigned int index);
/* Resets the device and forgets the disk. */
void dyno_blk_close(struct dyno_blk *b);
uint64_t dyno_blk_sectors(const struct dyno_blk *b);
bool dyno_blk_read_only(const struct dyno_blk *b);
unsigned int dyno_blk_queues(const struct dyno_blk *b);

/* Reads or writes `sectors` sectors of 512 bytes. 0, DYNO_E_DEVICE (the device says no),
 * DYNO_E_TIMEOUT. */
DYNO_MUST_CHECK int dyno_blk_read(struct dyno_blk *b, uint64_t sector, void *dst, uint32_t sectors);
DYNO_MUST_CHECK int dyno_blk_write(
	struct dyno_blk *b, uint64_t sector, const void *src, uint32_t sectors);
/* All that was written before is on the medium. As dyno_blk_read. */
DYNO_MUST_CHECK int dyno_blk_flush(struct dyno_blk *b);
/* The sectors are of no use any more / read as zeroes. As dyno_blk_read; DYNO_E_NODEV where the
 * device has no such request. */
DYNO_MUST_CHECK int dyno_blk_discard(struct dyno_blk *b, uint64_t sector, uint32_t sectors);
DYNO_MUST_CHECK int dyno_blk_zero(struct dyno_blk *b, uint64_t sector, uint32_t sectors);
/* The disk's serial, NUL-terminated. As dyno_blk_read. */
DYNO_MUST_CHECK int dyno_blk_serial(struct dyno_blk *b, char out[21]);
