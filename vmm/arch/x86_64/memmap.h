/* SPDX-License-Identifier: Apache-2.0 */
/* The memory map that boot data tells the guest; numbers of types are those of e820. */
#pragma once

#include <stdint.h>

#define X86_MAP_RAM      1
#define X86_MAP_RESERVED 2
#define X86_MAP_MAX      8

struct x86_map_range {
	uint64_t base, bytes;
	uint32_t type;
};

/* The map of a machine with `bytes` of RAM in all; how many ranges it has. Pure. */
unsigned int x86_memory_map(struct x86_map_range map[X86_MAP_MAX], uint64_t bytes);
