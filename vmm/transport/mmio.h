/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio over MMIO, version 2 ("Virtio Over MMIO"): a page of registers and one level-triggered
 * interrupt line a device, for guests without PCI. Who places the pages and tells the guest where
 * they are is not said here.
 *
 * Register accesses arrive on vCPU threads and are carried out on the device's loop (ev_call()),
 * but for the interrupt's: they are answered at once. Notifications arrive as eventfds.
 */
#pragma once

#include "devices/virtio/vdev.h"
#include "vmm/bus/bus.h"
#include "vmm/transport/core.h"

#define VMMIO_BYTES 0x1000

/* "MMIO Device Register Layout" */
enum {
	VMMIO_MAGIC = 0x000,
	VMMIO_VERSION = 0x004,
	VMMIO_DEVICE_ID = 0x008,
	VMMIO_VENDOR_ID = 0x00c,
	VMMIO_DEVICE_FEATURES = 0x010,
	VMMIO_DEVICE_FEATURES_SEL = 0x014,
	VMMIO_DRIVER_FEATURES = 0x020,
	VMMIO_DRIVER_FEATURES_SEL = 0x024,
	VMMIO_QUEUE_SEL = 0x030,
	VMMIO_QUEUE_SIZE_MAX = 0x034,
	VMMIO_QUEUE_SIZE = 0x038,
	VMMIO_QUEUE_READY = 0x044,
	VMMIO_QUEUE_NOTIFY = 0x050,
	VMMIO_INTERRUPT_STATUS = 0x060,
	VMMIO_INTERRUPT_ACK = 0x064,
	VMMIO_STATUS = 0x070,
	VMMIO_QUEUE_DESC = 0x080,
	VMMIO_QUEUE_DRIVER = 0x090,
	VMMIO_QUEUE_DEVICE = 0x0a0,
	VMMIO_SHM_SEL = 0x0ac,
	VMMIO_SHM_LEN = 0x0b0,
	VMMIO_SHM_BASE = 0x0b8,
	VMMIO_QUEUE_RESET = 0x0c0,
	VMMIO_CONFIG_GENERATION = 0x0fc,
	VMMIO_CONFIG = 0x100,
};
#define VMMIO_MAGIC_VALUE      0x74726976u
#define VMMIO_VERSION_VALUE    2u
#define VMMIO_VENDOR_VALUE     0x1af4u
#define VMMIO_INTERRUPT_QUEUE  1u
#define VMMIO_INTERRUPT_CONFIG 2u

struct vmmio;

/* What the machine does for it. Any thread. */
struct vmmio_platform {
	/* A guest write of 32 bits of `value` to addr signals the eventfd. 0 or -errno. */
	int (*doorbell_add)(void *ctx, uint64_t addr, uint32_t value, int eventfd);
	void (*doorbell_del)(void *ctx, uint64_t addr, uint32_t value, int eventfd);
	/* The level of an interrupt line. Told when this device's part of it changes. */
	void (*irq)(void *ctx, unsigned int line, bool level);
	void *ctx;
};

struct vmmio_config {
	const struct gmem *mem; /* borrowed, as are all below */
	struct ev_loop *loop; /* the device's */
	struct bus *bus;
	uint64_t addr; /* of its page */
	unsigned int line;
	const struct vmmio_platform *platform;
	/* The device was latched (NEEDS_RESET). Loop thread. May be NULL. */
	void (*on_error)(void *ctx, const char *text);
	void *ctx;
};

/*
 * Takes over `dev` (freed on failure too) and puts its page on the bus. Before the loop runs, or on
 * its thread. 0 or -errno.
 */
MUST_CHECK int vmmio_new(struct vmmio **out, struct vdev *dev_take, const struct vmmio_config *cfg);
/* When neither vCPUs nor the loop run. NULL is legal. */
void vmmio_free(struct vmmio *v);
/* Back to the state after vmmio_new(). While the vCPUs stand. */
void vmmio_reset(struct vmmio *v);
/* The device itself. */
struct vdev *vmmio_dev(struct vmmio *v);
struct vt *vmmio_vt(struct vmmio *v);
