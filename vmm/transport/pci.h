/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio over PCI, modern only ("Virtio Over PCI Bus"): the five capabilities, MSI-X, one doorbell
 * a queue. There is no interrupt pin: MSI-X is always there, and a driver without it polls ISR.
 *
 * Register accesses arrive on vCPU threads and are carried out on the device's loop (ev_call());
 * notifications do not wait: they arrive as eventfds.
 */
#pragma once

#include "devices/virtio/vdev.h"
#include "vmm/pci/pci.h"
#include "vmm/pci/platform.h"
#include "vmm/transport/core.h"

/* BAR 0: registers. BAR 2: MSI-X. */
#define VPCI_BAR_BYTES     0x4000
#define VPCI_COMMON        0x0000
#define VPCI_ISR           0x1000
#define VPCI_DEVICE        0x2000
#define VPCI_NOTIFY        0x3000
#define VPCI_REGION_BYTES  0x1000
#define VPCI_NOTIFY_STRIDE 4

struct vpci;

struct vpci_config {
	const struct gmem *mem; /* borrowed, as are all below */
	struct ev_loop *loop; /* the device's */
	struct pci_host *host;
	unsigned int slot;
	const struct pci_platform *platform;
	/* The device was latched (NEEDS_RESET). Loop thread. May be NULL. */
	void (*on_error)(void *ctx, const char *text);
	void *ctx;
};

/*
 * Takes over `dev` (freed on failure too) and puts it on the bus. Before the loop runs, or on its
 * thread. 0 or -errno.
 */
MUST_CHECK int vpci_new(struct vpci **out, struct vdev *dev_take, const struct vpci_config *cfg);
/* When neither vCPUs nor the loop run. NULL is legal. */
void vpci_free(struct vpci *v);
/* The device itself. */
struct vdev *vpci_dev(struct vpci *v);
struct vt *vpci_vt(struct vpci *v);
