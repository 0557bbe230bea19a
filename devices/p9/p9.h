/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio-9p ("9P Transport"): carries whole 9P messages between a guest's driver and a server
 * (diod) that knows what they mean. One connection serves one device: the guest mounts it once
 * at a time, as often as it likes.
 *
 * Messages that cannot be are answered with Rlerror here and never reach the server. A server that
 * is gone leaves a device that needs a reset, and that cannot be started again.
 */
#pragma once

#include "devices/p9/p9_port.h"
#include "devices/virtio/vdev.h"

#define P9_TAG_MAX    64 /* bytes of a mount tag */
#define P9_QUEUE_SIZE 128

struct p9_config {
	const char *tag; /* for logs; copied */
	const char *mount_tag; /* what the guest mounts; copied, 1..P9_TAG_MAX bytes */
	const char *tree; /* for Tattach that names none; copied; NULL: nothing is changed */
	uint32_t limit_ms; /* for the server to let go of what was before a reset; 0: 5 s */
};

struct p9_stats {
	uint64_t requests, answers;
	uint64_t rejected; /* answered here, with Rlerror */
	uint64_t flushed; /* returned without an answer, as the guest asked for */
	uint64_t stray; /* answers to nothing */
	uint64_t out_bytes, in_bytes; /* towards the server, towards the guest */
};

/* Takes the port (freed on failure, too). 0, -EINVAL or -ENOMEM. */
MUST_CHECK int p9_new(struct vdev **out, struct p9_port *port_take, const struct p9_config *cfg);
/* Loop thread. */
struct p9_stats p9_stats(const struct vdev *v);
