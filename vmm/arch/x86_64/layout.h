/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where things are in an x86 guest: one list, so that boot data, ACPI tables and devices agree.
 */
#pragma once

#include <stdint.h>

/* Boot data, below the first megabyte. */
#define X86_START_INFO    UINT64_C(0x6000)
#define X86_MODULE_LIST   UINT64_C(0x6100)
#define X86_MEMORY_MAP    UINT64_C(0x7000)
#define X86_ZERO_PAGE     UINT64_C(0x8000) /* Linux' boot_params */
#define X86_GDT           UINT64_C(0x9000)
#define X86_PAGE_TABLES   UINT64_C(0xa000) /* six pages: the first 4 GiB, one to one */
#define X86_CMDLINE       UINT64_C(0x20000)
#define X86_CMDLINE_BYTES 0x10000
#define X86_LOW_END       UINT64_C(0xa0000)
/* ACPI tables: the RSDP opens the area that firmware keeps for it. */
#define X86_ACPI         UINT64_C(0xe0000)
#define X86_ACPI_BYTES   0x10000
#define X86_RESET_VECTOR UINT64_C(0xffff0)
/* Kernels load here or above. */
#define X86_KERNEL_FLOOR UINT64_C(0x100000)

/* Memory-mapped things, between the end of low RAM and 4 GiB. */
#define X86_ECAM       UINT64_C(0xb0000000)
#define X86_ECAM_BYTES UINT64_C(0x100000) /* bus 0 */
#define X86_MMIO       UINT64_C(0xc0000000)
#define X86_MMIO_END   UINT64_C(0xfec00000)
#define X86_IOAPIC     UINT64_C(0xfec00000)
#define X86_LAPIC      UINT64_C(0xfee00000)
/* Without PCI: one page for each device, from the same place. */
#define X86_VIRTIO_MMIO X86_MMIO
/* 64-bit BARs may also be moved here. */
#define X86_MMIO64       UINT64_C(0x4000000000)
#define X86_MMIO64_BYTES UINT64_C(0x4000000000)

/* Ports. */
#define X86_PORT_I8042 0x60
#define X86_PORT_CMOS  0x70 /* clock: index, data */
#define X86_PORT_COM1  0x3f8
#define X86_PORT_PANIC 0x505 /* pvpanic */
#define X86_PORT_SLEEP 0x600 /* ACPI sleep control, then sleep status */
#define X86_PORT_PM1   0x608 /* ACPI fixed hardware: events, then control */
#define X86_PORT_PCI   0xcf8 /* configuration address and data */
#define X86_PORT_RESET 0xcf9
/* BARs of ports. */
#define X86_PORT_BARS     0xc000
#define X86_PORT_BARS_END 0x10000u
#define X86_RESET_VALUE   0x06
#define X86_S5_TYPE       5
#define X86_RTC_CENTURY   0x32 /* byte of the clock's memory */

/* IOAPIC pins. */
#define X86_IRQ_COM1         4
#define X86_IRQ_CMOS         8
#define X86_IRQ_POWER_BUTTON 9
#define X86_IRQ_SCI          12 /* of ACPI's fixed hardware; never raised */
/* Devices without PCI share these; they are level-triggered then. None is one that a legacy device
 * of a PC claims where it might be looked for (timer, keyboard, clock, mouse). */
#define X86_VIRTIO_MMIO_PINS 5, 6, 7, 10, 11, 13, 14, 15
