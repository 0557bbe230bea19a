/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What PCI devices need of the machine: message interrupts and doorbells. KVM gives them in
 * dyno-vm, a table of closures in tests. Any thread. Codes are 0 or -errno.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "vmm/bus/bus.h"

struct pci_platform {
	/* `eventfd` raises interrupt number *gsi from now on; where it goes is told by msi_route.
	 */
	int (*msi_attach)(void *ctx, int eventfd, uint32_t *gsi);
	void (*msi_detach)(void *ctx, int eventfd, uint32_t gsi);
	int (*msi_route)(void *ctx, uint32_t gsi, uint64_t addr, uint32_t data);
	/* A guest write to addr signals the eventfd, without a call. */
	int (*doorbell_add)(void *ctx, enum bus_space space, uint64_t addr, int eventfd);
	void (*doorbell_del)(void *ctx, enum bus_space space, uint64_t addr, int eventfd);
	void *ctx;
};
