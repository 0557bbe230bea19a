/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a device type of the manifest becomes a virtio device: one table entry and one file
 * (bind_TYPE.c) per type. Not for others than devices.c.
 */
#pragma once

#include <jansson.h>

#include "base/err.h"
#include "devices/virtio/vdev.h"
#include "vmm/guest/machine_priv.h"

struct bind {
	/* Makes the device `d`; takes its descriptors out of fds[]. Main thread, before anything
	 * runs. 0 or -errno with a message. */
	int (*make)(struct machine *mc, const struct manifest_device *d, const char *tag, int *fds,
		struct vdev **out, struct err *e);
	/* Its counters as members of `o`. The device's loop thread. */
	void (*status)(const struct vdev *v, json_t *o);
	/* Where it lives; of a CAN controller see devices.c. */
	enum machine_loop loop;
};

extern const struct bind bind_can;
extern const struct bind bind_rng;
extern const struct bind bind_console;
extern const struct bind bind_gpu;
extern const struct bind bind_input;
extern const struct bind bind_blk;
extern const struct bind bind_net;
extern const struct bind bind_balloon;
extern const struct bind bind_vsock;
extern const struct bind bind_snd;
extern const struct bind bind_vhost_user;
extern const struct bind bind_9p;
extern const struct bind bind_rtc;
extern const struct bind bind_i2c;
extern const struct bind bind_gpio;

/* The descriptor that a manifest's index stands for, now the caller's; -1 for none. */
int bind_take(int *fds, int index);
/* rc, with a message made of `what` where e has none yet. */
int bind_failed(struct err *e, int rc, const char *what);
