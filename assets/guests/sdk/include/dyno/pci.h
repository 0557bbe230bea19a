/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCI functions on bus 0, as the firmware or the VMM left them: BARs are taken as assigned. For
 * drivers. Configuration space is reached through ECAM when ACPI names it, else through CF8/CFC.
 */
#pragma once

#include "dyno/base.h"

struct pci_dev {
	uint8_t slot; /* device number; function 0 */
	uint16_t vendor, device;
	uint32_t cfg[64]; /* copy of the first 256 bytes, as far as read */
	uint64_t have; /* bit n: cfg[n] was read */
};

/* The i-th function found, in slot order; NULL past the end. Scans at the first call. */
struct pci_dev *pci_dev(unsigned int i);

/* Configuration space as it is now. width: 1, 2 or 4 bytes; off: below 4096 with ECAM. */
uint32_t pci_read(const struct pci_dev *d, unsigned int off, unsigned int width);
void pci_write(struct pci_dev *d, unsigned int off, unsigned int width, uint32_t v);

/* From the copy, which is filled at the first use: for what does not change. */
uint32_t pci_cached32(struct pci_dev *d, unsigned int off);
uint16_t pci_cached16(struct pci_dev *d, unsigned int off);
uint8_t pci_cached8(struct pci_dev *d, unsigned int off);

/* Offset of the first capability with this id behind `after` (0: from the start); 0: none. */
unsigned int pci_cap(struct pci_dev *d, uint8_t id, unsigned int after);

/* Address of a memory BAR; 0: not there or not assigned. */
uintptr_t pci_bar(struct pci_dev *d, unsigned int bar);

/* Memory decoding and bus mastering on. */
void pci_enable(struct pci_dev *d);

/*
 * Switches MSI-X on with two vectors: entry 0 for queues, entry 1 for configuration changes (both
 * entry 0 when the function has one only). The number of entries set up; 0: no MSI-X.
 */
unsigned int pci_msix_enable(struct pci_dev *d);
