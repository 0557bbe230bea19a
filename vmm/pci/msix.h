/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MSI-X: a device's vector table and pending bits ("PCI Local Bus Specification", "MSI-X"). The
 * driver writes the table on vCPU threads, the device raises vectors on its own; one lock
 * guards both. Eventfd, irqfd and route of a vector are made when it is first raised.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "vmm/pci/platform.h"

#define MSIX_MAX_VECTORS 128
#define MSIX_ENTRY_BYTES 16
/* The BAR: the table, and from here the pending bits. */
#define MSIX_PBA_OFFSET (MSIX_MAX_VECTORS * MSIX_ENTRY_BYTES)
#define MSIX_BAR_BYTES  4096

struct msix_vector;

struct msix {
	pthread_mutex_t lock;
	const struct pci_platform *platform;
	struct msix_vector *vector;
	unsigned int n;
	bool enabled, function_mask;
	uint64_t pending[MSIX_MAX_VECTORS / 64];
};

/* n vectors, 1..MSIX_MAX_VECTORS, masked. The platform is borrowed. 0 or -ENOMEM. */
MUST_CHECK int msix_init(struct msix *m, unsigned int n, const struct pci_platform *platform);
/* Gives the platform's interrupts back. Idempotent. */
void msix_fini(struct msix *m);
/* All vectors masked, nothing pending, disabled. */
void msix_reset(struct msix *m);

/* The BAR, at any offset and width inside MSIX_BAR_BYTES. */
void msix_read(struct msix *m, uint64_t off, void *dst, uint32_t len);
void msix_write(struct msix *m, uint64_t off, const void *src, uint32_t len);
/* Message control as the driver wrote it. What became deliverable is delivered. */
void msix_control(struct msix *m, bool enabled, bool function_mask);

bool msix_enabled(struct msix *m);
/* Raises a vector: delivered, or pending while it is masked. A number out of range: nothing. */
void msix_raise(struct msix *m, unsigned int vector);
