/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ACPI tables of the machine: hardware-reduced, as little as an operating system needs: RSDP, XSDT,
 * FADT (reset and sleep registers), MADT, MCFG, and a DSDT with the PCI root, COM1, the clock,
 * the crash report, the power button, the chips on an I2C adapter and \_S5.
 *
 * Without PCI devices are found by the command line, which names interrupts by the numbers of a PC.
 * Linux gives these only to a machine with a PC's fixed hardware: so that has FACS and PM1
 * registers.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define ACPI_MAX_BYTES 8192
#define ACPI_MAX_CHIPS 16

/* A chip on the I2C bus, which an operating system finds by this description. */
struct acpi_chip {
	uint8_t address; /* 7 bits */
	const char *compatible; /* as devicetree bindings have it */
};

struct acpi_config {
	unsigned int cpus;
	bool no_pci; /* neither a root bridge nor MCFG, but fixed hardware */
	uint32_t level_pins; /* IOAPIC pins below 16 that are level-triggered, a bit each */
	unsigned int n_chips; /* ACPI_MAX_CHIPS at most; with PCI only */
	const struct acpi_chip *chips;
	uint8_t i2c_slot; /* the adapter's device number on PCI bus 0 */
};

/*
 * Builds the tables for guest address `base` (16-byte aligned), the RSDP first. *len: bytes used of
 * `buf`, which holds ACPI_MAX_BYTES. Pure. 0 or -ENOSPC.
 */
MUST_CHECK int acpi_build(uint8_t *buf, size_t *len, uint64_t base, const struct acpi_config *cfg);
