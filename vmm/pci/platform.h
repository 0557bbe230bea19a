/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What PCI devices need of the machine: message interrupts and doorbells. KVM gives them in
 * dyno-vm, a table of closures in tests. Any thread. Codes are 0 or -errno.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"

struct pci_platform {
	/* `eventfd` raises interrupt number *gsi from now on; where it goes is told by msi_route.
	 */
	int (*msi_attach)(void *ctx, int eventfd, uint32_t *gsi);
	void (*msi_detach)(void *ctx, int eventfd, uint32_t gsi);
	int (*msi_route)(void *ctx, uint32_t gsi, uint64_t addr, uint32_t data);
	/* A guest write to addr signals the eventfd, without a call. */
	int (*doorbell_add)(void *ctx, uint64_t addr, int eventfd);
	void (*doorbell_del)(void *ctx, uint64_t addr, int eventfd);
	void *ctx;
	/* The same for a port. NULL: ports have no doorbells. */
	int (*port_doorbell_add)(void *ctx, uint16_t port, int eventfd);
	void (*port_doorbell_del)(void *ctx, uint16_t port, int eventfd);
};
