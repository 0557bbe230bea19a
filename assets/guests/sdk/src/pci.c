/* SPDX-License-Identifier: Apache-2.0 */
/* PCI: see dyno/pci.h. Reads are made in lists, because each ring change and exit costs. */
#include "dyno/pci.h"

#include <string.h>

#include "dyno/io.h"
#include "layout.h"
#include "sdk.h"

#define SLOTS       32
#define CHUNK       16 /* dwords read at a time */
#define PCI_COMMAND 0x04
#define PCI_BAR0    0x10
#define PCI_CAP_PTR 0x34
#define COMMAND_ON  0x406u /* memory, bus master, no INTx */
#define CAP_MSIX    0x11
#define MSIX_ENABLE 0x8000u
#define MSI_ADDRESS 0xfee00000u /* to the CPU with APIC id 0 */

static struct pci_dev devs[SLOTS];
static unsigned int ndevs;
static bool scanned;
static uint64_t ecam;

static uintptr_t ecam_addr(unsigned int slot, unsigned int off)
{
	return (uintptr_t)(ecam + (slot << 15) + off);
}

static void select_cf8(unsigned int slot, unsigned int off)
{
	dyno_out32(0xcf8, 0x80000000u | slot << 11 | (off & 0xfcu));
}

/* n dwords from `off` on. */
static void read_block(unsigned int slot, unsigned int off, uint32_t *dst, unsigned int n)
{
	struct dyno_op op[CHUNK];

	if (ecam == 0) {
		for (unsigned int i = 0; i < n; i++) {
			select_cf8(slot, off + 4 * i);
			dst[i] = dyno_in32(0xcfc);
		}
		return;
	}
	for (unsigned int i = 0; i < n; i++)
		op[i] = (struct dyno_op){ ecam_addr(slot, off + 4 * i), DYNO_READ32, 0 };
	dyno_ops(op, n);
	for (unsigned int i = 0; i < n; i++)
		dst[i] = op[i].value;
}

static void scan(void)
{
	uint32_t ids[SLOTS];

	scanned = true;
	ecam = acpi_ecam();
	if (ecam != 0) {
		struct dyno_op op[SLOTS];

		for (unsigned int i = 0; i < SLOTS; i++)
			op[i] = (struct dyno_op){ ecam_addr(i, 0), DYNO_READ32, 0 };
		dyno_ops(op, SLOTS);
		for (unsigned int i = 0; i < SLOTS; i++)
			ids[i] = op[i].value;
	} else {
		for (unsigned int i = 0; i < SLOTS; i++)
			read_block(i, 0, &ids[i], 1);
	}
	for (unsigned int i = 0; i < SLOTS; i++) {
		if ((ids[i] & 0xffffu) == 0xffffu)
			continue;
		devs[ndevs++] = (struct pci_dev){ .slot = (uint8_t)i,
			.vendor = (uint16_t)ids[i],
			.device = (uint16_t)(ids[i] >> 16),
			.cfg = { ids[i] },
			.have = 1 };
	}
}

struct pci_dev *pci_dev(unsigned int i)
{
	if (!scanned)
		scan();
	return i < ndevs ? &devs[i] : NULL;
}

uint32_t pci_read(const struct pci_dev *d, unsigned int off, unsigned int width)
{
	if (ecam != 0) {
		const uintptr_t a = ecam_addr(d->slot, off);

		return width == 1 ? mmio_read8(a) : width == 2 ? mmio_read16(a) : mmio_read32(a);
	}
	select_cf8(d->slot, off);
	switch (width) {
	case 1:
		return dyno_in8((uint16_t)(0xcfc + (off & 3)));
	case 2:
		return dyno_in16((uint16_t)(0xcfc + (off & 2)));
	default:
		return dyno_in32(0xcfc);
	}
}

void pci_write(struct pci_dev *d, unsigned int off, unsigned int width, uint32_t v)
{
	if (ecam != 0) {
		const uintptr_t a = ecam_addr(d->slot, off);

		if (width == 1)
			mmio_write8(a, (uint8_t)v);
		else if (width == 2)
			mmio_write16(a, (uint16_t)v);
		else
			mmio_write32(a, v);
		return;
	}
	select_cf8(d->slot, off);
	if (width == 1)
		dyno_out8((uint16_t)(0xcfc + (off & 3)), (uint8_t)v);
	else if (width == 2)
		dyno_out16((uint16_t)(0xcfc + (off & 2)), (uint16_t)v);
	else
		dyno_out32(0xcfc, v);
}

uint32_t pci_cached32(struct pci_dev *d, unsigned int off)
{
	const unsigned int n = (off & 0xffu) / 4;

	if ((d->have >> n & 1) == 0) {
		const unsigned int from = n & ~(CHUNK - 1u);

		read_block(d->slot, 4 * from, &d->cfg[from], CHUNK);
		d->have |= ((UINT64_C(1) << CHUNK) - 1) << from;
	}
	return d->cfg[n];
}

uint16_t pci_cached16(struct pci_dev *d, unsigned int off)
{
	return (uint16_t)(pci_cached32(d, off) >> 8 * (off & 2));
}

uint8_t pci_cached8(struct pci_dev *d, unsigned int off)
{
	return (uint8_t)(pci_cached32(d, off) >> 8 * (off & 3));
}

unsigned int pci_cap(struct pci_dev *d, uint8_t id, unsigned int after)
{
	unsigned int at = after == 0 ? pci_cached8(d, PCI_CAP_PTR) : pci_cached8(d, after + 1);

	/* A list that never ends is cut at as many as fit. */
	for (unsigned int n = 0; n < 48 && at >= 0x40; n++) {
		at &= 0xfcu;
		if (pci_cached8(d, at) == id)
			return at;
		at = pci_cached8(d, at + 1);
	}
	return 0;
}

uintptr_t pci_bar(struct pci_dev *d, unsigned int bar)
{
	uint32_t lo;
	uint64_t addr;

	if (bar > 5)
		return 0;
	lo = pci_cached32(d, PCI_BAR0 + 4 * bar);
	if ((lo & 1) != 0)
		return 0;
	addr = lo & ~UINT64_C(15);
	if ((lo & 6) == 4 && bar < 5)
		addr |= (uint64_t)pci_cached32(d, PCI_BAR0 + 4 * bar + 4) << 32;
	return (uintptr_t)addr;
}

void pci_enable(struct pci_dev *d)
{
	if ((pci_cached16(d, PCI_COMMAND) & COMMAND_ON) != COMMAND_ON)
		pci_write(d, PCI_COMMAND, 2, COMMAND_ON);
}

unsigned int pci_msix_enable(struct pci_dev *d)
{
	static const uint32_t vectors[2] = { VECTOR_DEVICE, VECTOR_CONFIG };
	const unsigned int cap = pci_cap(d, CAP_MSIX, 0);
	struct dyno_op op[8];
	uint32_t table;
	uintptr_t bar;
	unsigned int n;

	if (cap == 0)
		return 0;
	n = (pci_cached16(d, cap + 2) & 0x7ffu) + 1;
	n = n > 2 ? 2 : n;
	table = pci_cached32(d, cap + 4);
	bar = pci_bar(d, table & 7);
	if (bar == 0)
		return 0;
	/* Enabled first: some devices take no notice of table entries before. */
	pci_write(d, cap + 2, 2, MSIX_ENABLE);
	for (unsigned int i = 0; i < n; i++) {
		const uintptr_t entry = bar + (table & ~7u) + 16 * i;

		op[4 * i] = (struct dyno_op){ entry, DYNO_WRITE32, MSI_ADDRESS };
		op[4 * i + 1] = (struct dyno_op){ entry + 4, DYNO_WRITE32, 0 };
		op[4 * i + 2] = (struct dyno_op){ entry + 8, DYNO_WRITE32, vectors[i] };
		op[4 * i + 3] = (struct dyno_op){ entry + 12, DYNO_WRITE32, 0 };
	}
	dyno_ops(op, 4 * n);
	return n;
}
