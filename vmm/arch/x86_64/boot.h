/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How an x86 guest starts by the PVH protocol: boot data in guest memory, and the registers of
 * the boot vCPU (32-bit protected mode, no paging, EBX = start info).
 */
#pragma once

#include <linux/kvm.h>
#include <stdint.h>

#include "base/err.h"
#include "base/gmem.h"
#include "vmm/loader/elf.h"

#define PVH_MAX_MODULES 17

struct pvh_module {
	struct elf_source data;
	const char *cmdline; /* may be NULL */
};

struct pvh_boot {
	const char *cmdline; /* may be NULL */
	uint64_t rsdp; /* guest physical; 0: no ACPI */
	uint64_t memory_bytes; /* in all, as vm_config.memory_bytes */
	uint64_t kernel_high; /* end of the kernel's segments */
	const struct pvh_module *module;
	unsigned int n_modules;
};

/*
 * Writes start info, memory map, command lines and modules (at the top of low memory, page
 * aligned, in order). 0 or -errno with a message.
 */
MUST_CHECK int pvh_write(const struct gmem *mem, const struct pvh_boot *b, struct err *e);

/* Registers to start at `entry`; `sregs` is changed in place. */
void pvh_registers(uint32_t entry, struct kvm_regs *regs, struct kvm_sregs *sregs);
