/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mock driver's registers behind virtio-pci: a PCI bus, a memory bus, and a platform that
 * delivers MSI to the mock and rings doorbells, all without KVM. Vectors: 0 is configuration,
 * q + 1 is queue q.
 */
#pragma once

#include "tests/support/mock_driver.h"
#include "vmm/transport/pci.h"

#define VPCI_TEST_SLOT 3
#define VPCI_TEST_BASE UINT64_C(0xc0000000)

struct vpci_regs;

/* Puts the device behind virtio-pci and attaches it to the mock, which frees all of it. */
struct vpci_regs *vpci_attach(struct mock *m, struct vdev *dev_take);

struct pci_host *vpci_regs_host(struct vpci_regs *r);
struct bus *vpci_regs_bus(struct vpci_regs *r);
/* Guest addresses of the structures, from the capabilities and BARs as they are now; the mock uses
 * them from then on. */
struct vpci_places {
	uint64_t common, notify, isr, device, msix;
	uint32_t multiplier;
	uint8_t msix_cap, access_cap;
};
struct vpci_places vpci_regs_find(struct vpci_regs *r);
/* Doorbells that are known to the platform now. */
unsigned int vpci_regs_doorbells(const struct vpci_regs *r);
/* A write as a vCPU makes it: doorbells first, then the bus. */
void vpci_regs_write(struct vpci_regs *r, uint64_t addr, uint64_t value, uint32_t len);
uint64_t vpci_regs_read(struct vpci_regs *r, uint64_t addr, uint32_t len);
