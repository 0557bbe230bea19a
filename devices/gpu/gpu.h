/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio-gpu in 2D: EDID, up to four scanouts, cursor, blobs in guest memory. Specification:
 * virtio 1.4, "GPU Device". No 3D: contexts and capsets are answered as not supported.
 *
 * Pixels of a 2D resource live in a sealed memfd that goes to the scanout port once; transfers
 * write straight into it, and a flush only names what changed.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "base/proto/display.h"
#include "devices/gpu/scanout_port.h"
#include "devices/virtio/vdev.h"

#define GPU_MIN_SIDE 16

struct gpu_scanout_config {
	uint32_t width, height; /* preferred mode, GPU_MIN_SIDE..DISPLAY_MAX_SIDE pixels */
	const char *name; /* shown in the EDID (13 characters of it); may be NULL; copied */
};

struct gpu_config {
	const char *tag; /* instance name for logs; copied */
	unsigned int n_scanouts; /* 1..DISPLAY_MAX_SCANOUTS */
	struct gpu_scanout_config scanout[DISPLAY_MAX_SCANOUTS];
	uint64_t max_bytes; /* host memory for pixels; 0: a default that fits the scanouts */
	/*
	 * Told once per scanout, at the first present after gpu_new(). GPU's loop thread. May be
	 * NULL.
	 */
	void (*first_frame)(void *ctx, unsigned int scanout, uint64_t t_ns);
	void *ctx;
};

/*
 * Makes the device. `port` is borrowed, must outlive the device and be used by no other: its
 * listener is set here. The device's loop (vdev_host) must be the port's. Allocates. 0, -EINVAL
 * for a bad config, or another -errno; *out untouched then.
 */
MUST_CHECK int gpu_new(
	struct vdev **out, const struct gpu_config *cfg, struct scanout_port *port, struct err *e);

/* Counters since gpu_new(). Loop thread. */
struct gpu_stats {
	uint64_t commands, errors; /* control and cursor commands; those answered with an error */
	uint64_t flushes, presents;
	uint64_t transferred_bytes; /* copied from guest pages */
	uint64_t fences_late; /* completed by the deadline, not by the UI */
	uint64_t resources, resource_bytes; /* alive now */
};
void gpu_stats(const struct vdev *v, struct gpu_stats *out);
