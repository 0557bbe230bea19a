/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ACPI tables of the machine: hardware-reduced, as little as an operating system needs: RSDP, XSDT,
 * FADT (reset and sleep registers), MADT, MCFG, and a DSDT with the PCI root, COM1, the clock,
 * the crash report, the power button and \_S5.
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

struct acpi_config {
	unsigned int cpus;
	bool no_pci; /* neither a root bridge nor MCFG, but fixed hardware */
	uint32_t level_pins; /* IOAPIC pins below 16 that are level-triggered, a bit each */
};

/*
 * Builds the tables for guest address `base` (16-byte aligned), the RSDP first. *len: bytes used of
 * `buf`, which holds ACPI_MAX_BYTES. Pure. 0 or -ENOSPC.
 */
MUST_CHECK int acpi_build(uint8_t *buf, size_t *len, uint64_t base, const struct acpi_config *cfg);
