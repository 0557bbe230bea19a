/* SPDX-License-Identifier: Apache-2.0 */
/* Memory map; see memmap.h. */
#include "vmm/arch/x86_64/memmap.h"

#include "base/err.h"
#include "vmm/arch/x86_64/layout.h"
#include "vmm/kvm/vm.h"

static void add(struct x86_map_range *map, unsigned int *n, uint64_t from, uint64_t to, uint32_t t)
{
	if (to > from)
		map[(*n)++] = (struct x86_map_range){ from, to - from, t };
}

unsigned int x86_memory_map(struct x86_map_range map[X86_MAP_MAX], uint64_t bytes)
{
	uint64_t low = MIN(bytes, VM_HOLE_BASE);
	unsigned int n = 0;

	add(map, &n, 0, X86_LOW_END, X86_MAP_RAM);
	add(map, &n, X86_LOW_END, X86_KERNEL_FLOOR, X86_MAP_RESERVED);
	add(map, &n, X86_KERNEL_FLOOR, low, X86_MAP_RAM);
	add(map, &n, X86_ECAM, X86_ECAM + X86_ECAM_BYTES, X86_MAP_RESERVED);
	add(map, &n, X86_IOAPIC, VM_HIGH_BASE, X86_MAP_RESERVED);
	add(map, &n, VM_HIGH_BASE, VM_HIGH_BASE + (bytes - low), X86_MAP_RAM);
	return n;
}
