/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio entropy device ("Entropy Device"): fills the driver's buffers with bytes from the host
 * kernel's generator. It has no feature, no configuration space and no back end to choose.
 */
#pragma once

#include "devices/virtio/vdev.h"

/* Most bytes that one buffer gets; the device may write fewer than there is room for. */
#define RNG_MAX_REQUEST_BYTES 65536u
/* Work of one turn of the loop; what is left then goes on in the next. */
#define RNG_MAX_TURN_BYTES    262144u
#define RNG_MAX_TURN_REQUESTS 64u

struct rng_stats {
	uint64_t requests, bytes;
};

/* Makes the device. `tag` is copied. 0 or -ENOMEM. */
MUST_CHECK int rng_new(struct vdev **out, const char *tag);
/* What it did so far. Loop thread. */
struct rng_stats rng_stats(const struct vdev *v);
