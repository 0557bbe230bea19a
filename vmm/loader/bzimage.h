/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads a Linux bzImage for its 64-bit entry (Linux/x86 boot protocol, 2.12 and newer; the kernel
 * unpacks itself, so any compression will do). The file is not trusted: every field of the setup
 * header is checked before use.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/gmem.h"
#include "vmm/loader/elf.h"

/* The setup header as it lies in the file and in boot_params: [0x1f1, 0x1f1 + len). */
#define BZIMAGE_HEADER_AT  0x1f1
#define BZIMAGE_HEADER_MAX 127 /* a short jump's reach ends it */

struct bzimage {
	uint64_t entry; /* guest physical, 64-bit mode */
	uint64_t low, high; /* the kernel may use [low, high) before it reads the memory map */
	uint64_t initrd_end; /* the initrd must lie below it */
	uint32_t cmdline_max; /* bytes, without the NUL */
	uint32_t header_len;
	uint8_t header[BZIMAGE_HEADER_MAX];
};

/* Whether the file says that it is a bzImage. It blocks on the read. */
bool bzimage_is(const struct elf_source *src);

/*
 * Puts the kernel into guest memory at or above `floor`: where it prefers to be, or as low as it
 * goes if memory is too small for that. It blocks on reads. 0, or a negative code with a message
 * that names the fault.
 */
MUST_CHECK int bzimage_load(struct bzimage *out, const struct elf_source *src,
	const struct gmem *mem, uint64_t floor, struct err *e);
