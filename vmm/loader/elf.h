/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads a PVH kernel: an ELF32 or ELF64 executable for x86 with the note
 * XEN_ELFNOTE_PHYS32_ENTRY. The file is not trusted: every header field is checked before use.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/gmem.h"

/* Where the bytes come from. read() delivers exactly len bytes inside the size, or -errno. */
struct elf_source {
	int (*read)(void *ctx, uint64_t off, void *dst, size_t len);
	void *ctx;
	uint64_t size;
};

struct elf_image {
	uint32_t entry; /* guest physical, 32-bit protected mode */
	uint64_t low, high; /* the segments lie in [low, high) */
};

/*
 * Puts the segments into guest memory at their physical addresses, which must be at least `floor`
 * and not overlap. Memory must read as zero: what a segment has beyond its file part is not
 * written. Blocks on reads. 0, or a negative code with a message that names the fault.
 */
MUST_CHECK int elf_load(struct elf_image *out, const struct elf_source *src, const struct gmem *mem,
	uint64_t floor, struct err *e);
