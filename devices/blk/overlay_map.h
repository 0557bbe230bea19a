/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The changes to a disk, in memory: a sparse map of clusters, each with a bit per sector that says
 * whether it was written. Sectors that were never written are the base's. Pure.
 */
#pragma once

#include <stdint.h>
#include <sys/uio.h>

#include "base/err.h"

#define OVERLAY_CLUSTER_BYTES 65536u

struct overlay_map;

/* Of a disk of capacity_bytes; at most limit_bytes of data are kept. 0 or -ENOMEM. */
MUST_CHECK int overlay_map_new(
	struct overlay_map **out, uint64_t capacity_bytes, uint64_t limit_bytes);
void overlay_map_free(struct overlay_map *m); /* NULL is legal */
uint64_t overlay_map_bytes(const struct overlay_map *m);

enum overlay_cover { OVERLAY_NONE, OVERLAY_SOME, OVERLAY_ALL };
/* How much of [off, off+len) the map has. Offsets and lengths are multiples of 512 everywhere. */
enum overlay_cover overlay_map_covers(const struct overlay_map *m, uint64_t off, uint64_t len);
/* Copies what the map has of the range into the list; the rest of the list stays. */
void overlay_map_read(const struct overlay_map *m, uint64_t off, uint64_t len,
	const struct iovec *iov, unsigned int n_iov);
/* 0, -ENOSPC (limit) or -ENOMEM: then a part may have been written. */
MUST_CHECK int overlay_map_write(struct overlay_map *m, uint64_t off, uint64_t len,
	const struct iovec *iov, unsigned int n_iov);
/* The range reads as zeroes from now on; whole clusters take no memory. As overlay_map_write. */
MUST_CHECK int overlay_map_zero(struct overlay_map *m, uint64_t off, uint64_t len);
/* Whole clusters read as zeroes and give their memory back; the range's ends stay as they are. */
void overlay_map_discard(struct overlay_map *m, uint64_t off, uint64_t len);
