/* SPDX-License-Identifier: Apache-2.0 */
/* PVH boot data and registers; see boot.h. The formats are those of Xen's start_info.h. */
#include "vmm/arch/x86_64/boot.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/le.h"
#include "vmm/arch/x86_64/layout.h"
#include "vmm/arch/x86_64/memmap.h"
#include "vmm/kvm/vm.h"

#define START_MAGIC   0x336ec578
#define START_VERSION 1
#define PAGE          UINT64_C(4096)

struct start_info {
	le32 magic, version, flags, nr_modules;
	le64 modules, cmdline, rsdp, memmap;
	le32 memmap_entries, reserved;
};
static_assert(sizeof(struct start_info) == 56, "hvm_start_info");

struct modlist_entry {
	le64 addr, size, cmdline, reserved;
};
static_assert(sizeof(struct modlist_entry) == 32, "hvm_modlist_entry");

struct memmap_entry {
	le64 addr, size;
	le32 type, reserved;
};
static_assert(sizeof(struct memmap_entry) == 24, "hvm_memmap_table_entry");

/* Command lines one behind the other, each with its NUL. */
struct strings {
	const struct gmem *mem;
	uint64_t used;
};

static int put_string(struct strings *s, const char *text, uint64_t *at, struct err *e)
{
	size_t len = strlen(text) + 1;

	if (len > X86_CMDLINE_BYTES - s->used)
		return err_set(
			e, -E2BIG, "the command lines are longer than %d bytes", X86_CMDLINE_BYTES);
	*at = X86_CMDLINE + s->used;
	s->used += len;
	if (gmem_write(s->mem, (gpa){ *at }, text, len))
		return err_set(e, -EFAULT, "no memory at 0x%llx", (unsigned long long)*at);
	return 0;
}

/* Reads a module to `at`, in pieces, so that memory is touched once. */
static int put_module(const struct gmem *mem, const struct elf_source *s, uint64_t at)
{
	void *to = gmem_pin(mem, (gpa){ at }, s->size);

	return to ? s->read(s->ctx, 0, to, s->size) : -EFAULT;
}

static int put_modules(
	const struct gmem *mem, const struct pvh_boot *b, struct strings *str, struct err *e)
{
	uint64_t top = MIN(b->memory_bytes, VM_HOLE_BASE) & ~(PAGE - 1);
	uint64_t floor = b->kernel_high;

	for (unsigned int i = b->n_modules; i-- > 0;) {
		const struct pvh_module *m = &b->module[i];
		struct modlist_entry entry = { 0 };
		uint64_t cmdline = 0;
		int rc;

		if (top < floor || m->data.size > top - floor)
			return err_set(e, -ENOMEM,
				"module %u (%llu bytes) does not fit into guest memory", i,
				(unsigned long long)m->data.size);
		top = (top - m->data.size) & ~(PAGE - 1);
		if (top < floor)
			return err_set(e, -ENOMEM, "module %u does not fit into guest memory", i);
		rc = m->data.size ? put_module(mem, &m->data, top) : 0;
		if (rc < 0)
			return err_errno(e, -rc, "cannot read module %u", i);
		rc = m->cmdline ? put_string(str, m->cmdline, &cmdline, e) : 0;
		if (rc < 0)
			return rc;
		entry = (struct modlist_entry){ .addr = le64_of(top),
			.size = le64_of(m->data.size),
			.cmdline = le64_of(cmdline) };
		if (gmem_write(mem, (gpa){ X86_MODULE_LIST + i * sizeof(entry) }, &entry,
			    sizeof(entry)))
			return err_set(e, -EFAULT, "module list");
	}
	return 0;
}

static unsigned int memory_map(struct memmap_entry map[X86_MAP_MAX], uint64_t bytes)
{
	struct x86_map_range range[X86_MAP_MAX];
	unsigned int n = x86_memory_map(range, bytes);

	for (unsigned int i = 0; i < n; i++)
		map[i] = (struct memmap_entry){ le64_of(range[i].base), le64_of(range[i].bytes),
			le32_of(range[i].type), le32_of(0) };
	return n;
}

int pvh_write(const struct gmem *mem, const struct pvh_boot *b, struct err *e)
{
	struct strings str = { .mem = mem };
	struct memmap_entry map[X86_MAP_MAX];
	unsigned int n_map = memory_map(map, b->memory_bytes);
	struct start_info si = { 0 };
	uint64_t cmdline = 0;
	int rc = 0;

	if (b->n_modules > PVH_MAX_MODULES)
		return err_set(e, -E2BIG, "%u modules: at most %d", b->n_modules, PVH_MAX_MODULES);
	if (b->cmdline)
		rc = put_string(&str, b->cmdline, &cmdline, e);
	if (rc == 0)
		rc = put_modules(mem, b, &str, e);
	if (rc < 0)
		return rc;
	si.magic = le32_of(START_MAGIC);
	si.version = le32_of(START_VERSION);
	si.nr_modules = le32_of(b->n_modules);
	si.modules = le64_of(b->n_modules ? X86_MODULE_LIST : 0);
	si.cmdline = le64_of(cmdline);
	si.rsdp = le64_of(b->rsdp);
	si.memmap = le64_of(X86_MEMORY_MAP);
	si.memmap_entries = le32_of(n_map);
	if (gmem_write(mem, (gpa){ X86_MEMORY_MAP }, map, n_map * sizeof(map[0])) ||
		gmem_write(mem, (gpa){ X86_START_INFO }, &si, sizeof(si)))
		return err_set(e, -EFAULT, "no memory for boot data");
	return 0;
}

void pvh_registers(uint32_t entry, struct kvm_regs *regs, struct kvm_sregs *sregs)
{
	/* Xen's "x86/HVM direct boot ABI": flat segments, CR0.PE, everything else off. */
	struct kvm_segment code = { .limit = 0xffffffff,
		.selector = 0x08,
		.type = 0xb,
		.present = 1,
		.db = 1,
		.s = 1,
		.g = 1 };
	struct kvm_segment data = code;
	struct kvm_segment tss = { .limit = 0x67, .type = 0xb, .present = 1 };

	data.selector = 0x10;
	data.type = 0x3;
	sregs->cs = code;
	sregs->ds = sregs->es = sregs->ss = sregs->fs = sregs->gs = data;
	sregs->tr = tss;
	sregs->cr0 = 0x11; /* PE, ET */
	sregs->cr3 = sregs->cr4 = sregs->efer = 0;
	*regs = (struct kvm_regs){ .rip = entry, .rbx = X86_START_INFO, .rflags = 2 };
}
