/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio block device ("Block Device"): several request queues, flush, write-back toggle, discard,
 * write zeroes, read-only, serial, topology. Requests complete in the order in which the port ends
 * them. Guest memory is pinned from kick to completion; stopping a queue waits for what is under
 * way.
 */
#pragma once

#include "devices/blk/blk_port.h"
#include "devices/virtio/vdev.h"

#define BLK_MAX_QUEUES 8u
#define BLK_QUEUE_SIZE 256u

struct blk_config {
	const char *tag;
	const char *serial; /* copied, cut at 20 bytes; NULL: none */
	unsigned int queues; /* 1..BLK_MAX_QUEUES; 0: 1 */
	bool read_only; /* also where the port is writable */
};

struct blk_stats {
	uint64_t reads, writes, flushes, discards, zeroes, errors, unsupported;
	uint64_t read_bytes, written_bytes;
};

/* Makes the device over a port, which it takes over (also on failure). 0 or -errno. */
MUST_CHECK int blk_new(struct vdev **out, struct blk_port *port_take, const struct blk_config *cfg);
/* What it did so far. Loop thread. */
struct blk_stats blk_stats(const struct vdev *v);
const struct blk_port *blk_port_of(const struct vdev *v);
