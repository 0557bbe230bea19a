/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a Linux bzImage starts at its 64-bit entry (Linux/x86 boot protocol, "64-bit Boot
 * Protocol"): boot_params, command line, initrd, and the boot vCPU in long mode with the first
 * 4 GiB mapped one to one.
 */
#pragma once

#include <linux/kvm.h>
#include <stdint.h>

#include "base/err.h"
#include "base/gmem.h"
#include "vmm/loader/bzimage.h"
#include "vmm/loader/elf.h"

struct linux_boot {
	const struct bzimage *kernel;
	const char *cmdline; /* may be NULL */
	uint64_t rsdp; /* guest physical; 0: no ACPI */
	uint64_t memory_bytes; /* in all, as vm_config.memory_bytes */
	const struct elf_source *initrd; /* NULL: none */
};

/*
 * Writes boot data; the initrd goes as high in low memory as the kernel allows. 0 or -errno with a
 * message.
 */
MUST_CHECK int linux_write(const struct gmem *mem, const struct linux_boot *b, struct err *e);

/* Registers to start at `entry`; `sregs` is changed in place. */
void linux_registers(uint64_t entry, struct kvm_regs *regs, struct kvm_sregs *sregs);
