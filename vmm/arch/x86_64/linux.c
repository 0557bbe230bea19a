/* SPDX-License-Identifier: Apache-2.0 */
/* Linux boot data and registers; see linux.h. Offsets are those of struct boot_params. */
#include "vmm/arch/x86_64/linux.h"

#include <errno.h>
#include <string.h>

#include "base/le.h"
#include "vmm/arch/x86_64/layout.h"
#include "vmm/arch/x86_64/memmap.h"
#include "vmm/kvm/vm.h"

#define PAGE UINT64_C(4096)

/* boot_params */
#define RSDP_ADDR        0x070
#define E820_ENTRIES     0x1e8
#define TYPE_OF_LOADER   0x210
#define RAMDISK_IMAGE    0x218
#define RAMDISK_SIZE     0x21c
#define CMD_LINE_PTR     0x228
#define SETUP_DATA       0x250
#define E820_TABLE       0x2d0
#define LOADER_UNDEFINED 0xff
static_assert(BZIMAGE_HEADER_AT + BZIMAGE_HEADER_MAX <= E820_TABLE, "header, then map");

struct e820_entry {
	le64 addr, size;
	le32 type;
};
static_assert(sizeof(struct e820_entry) == 20, "boot_e820_entry");

/* Selectors that the protocol names: __BOOT_CS and __BOOT_DS. */
#define BOOT_CS         0x10
#define BOOT_DS         0x18
#define GDT_ENTRIES     4
#define GDT_CODE64      UINT64_C(0x00af9b000000ffff)
#define GDT_DATA        UINT64_C(0x00cf93000000ffff)
#define PTE_PRESENT_RW  UINT64_C(0x3)
#define PDE_LARGE       UINT64_C(0x80)
#define ENTRIES         512
#define PD_PAGES        4 /* 1 GiB each */
#define CR0_PE_ET_NE_PG UINT64_C(0x80000031)
#define CR4_PAE         UINT64_C(0x20)
#define EFER_LME_LMA    UINT64_C(0x500)

static void put(uint8_t *page, size_t at, uint64_t v, size_t bytes)
{
	le64 w = le64_of(v);

	memcpy(page + at, w.b, bytes);
}

static int write_to(const struct gmem *mem, uint64_t at, const void *src, size_t n, struct err *e)
{
	if (gmem_write(mem, (gpa){ at }, src, n))
		return err_set(e, -EFAULT, "no memory at 0x%llx", (unsigned long long)at);
	return 0;
}

/* PML4, PDPT, then the page directories with 2 MiB pages. */
static int write_page_tables(const struct gmem *mem, struct err *e)
{
	le64 table[ENTRIES] = { 0 };
	int rc;

	table[0] = le64_of((X86_PAGE_TABLES + PAGE) | PTE_PRESENT_RW);
	rc = write_to(mem, X86_PAGE_TABLES, table, sizeof(table), e);
	for (uint64_t i = 0; i < PD_PAGES; i++)
		table[i] = le64_of((X86_PAGE_TABLES + (2 + i) * PAGE) | PTE_PRESENT_RW);
	if (rc == 0)
		rc = write_to(mem, X86_PAGE_TABLES + PAGE, table, sizeof(table), e);
	for (uint64_t i = 0; i < PD_PAGES && rc == 0; i++) {
		for (uint64_t k = 0; k < ENTRIES; k++)
			table[k] = le64_of(((i * ENTRIES + k) << 21) | PTE_PRESENT_RW | PDE_LARGE);
		rc = write_to(mem, X86_PAGE_TABLES + (2 + i) * PAGE, table, sizeof(table), e);
	}
	return rc;
}

static int write_gdt(const struct gmem *mem, struct err *e)
{
	le64 gdt[GDT_ENTRIES] = { [BOOT_CS / 8] = le64_of(GDT_CODE64),
		[BOOT_DS / 8] = le64_of(GDT_DATA) };

	return write_to(mem, X86_GDT, gdt, sizeof(gdt), e);
}

static int write_cmdline(const struct gmem *mem, const struct linux_boot *b, struct err *e)
{
	const char *text = b->cmdline ? b->cmdline : "";
	size_t len = strlen(text);

	if (len > b->kernel->cmdline_max || len >= X86_CMDLINE_BYTES)
		return err_set(e, -E2BIG, "the command line has %zu bytes: the kernel takes %u",
			len, b->kernel->cmdline_max);
	return write_to(mem, X86_CMDLINE, text, len + 1, e);
}

static int write_initrd(
	const struct gmem *mem, const struct linux_boot *b, uint64_t *at, struct err *e)
{
	uint64_t top = MIN(MIN(b->memory_bytes, VM_HOLE_BASE), b->kernel->initrd_end);
	uint64_t size = b->initrd->size;
	void *to;
	int rc;

	if (top < b->kernel->high || size > top - b->kernel->high ||
		((top - size) & ~(PAGE - 1)) < b->kernel->high)
		return err_set(e, -ENOMEM, "the initrd (%llu MiB) does not fit into guest memory",
			(unsigned long long)(size >> 20));
	*at = (top - size) & ~(PAGE - 1);
	to = gmem_pin(mem, (gpa){ *at }, size);
	rc = to ? b->initrd->read(b->initrd->ctx, 0, to, (size_t)size) : -EFAULT;
	return rc < 0 ? err_errno(e, -rc, "cannot read the initrd") : 0;
}

static int write_boot_params(
	const struct gmem *mem, const struct linux_boot *b, uint64_t initrd, struct err *e)
{
	struct x86_map_range map[X86_MAP_MAX];
	unsigned int n = x86_memory_map(map, b->memory_bytes);
	uint8_t page[PAGE] = { 0 };

	static_assert(VM_HOLE_BASE <= UINT32_MAX, "the initrd's address has 32 bits");
	put(page, RSDP_ADDR, b->rsdp, 8);
	memcpy(page + BZIMAGE_HEADER_AT, b->kernel->header, b->kernel->header_len);
	page[TYPE_OF_LOADER] = LOADER_UNDEFINED;
	put(page, RAMDISK_IMAGE, initrd, 4);
	put(page, RAMDISK_SIZE, b->initrd ? b->initrd->size : 0, 4);
	put(page, CMD_LINE_PTR, X86_CMDLINE, 4);
	put(page, SETUP_DATA, 0, 8);
	page[E820_ENTRIES] = (uint8_t)n;
	for (unsigned int i = 0; i < n; i++) {
		struct e820_entry entry = { le64_of(map[i].base), le64_of(map[i].bytes),
			le32_of(map[i].type) };

		memcpy(page + E820_TABLE + i * sizeof(entry), &entry, sizeof(entry));
	}
	return write_to(mem, X86_ZERO_PAGE, page, sizeof(page), e);
}

int linux_write(const struct gmem *mem, const struct linux_boot *b, struct err *e)
{
	uint64_t initrd = 0;
	int rc = write_cmdline(mem, b, e);

	if (rc == 0 && b->initrd && b->initrd->size)
		rc = write_initrd(mem, b, &initrd, e);
	if (rc == 0)
		rc = write_boot_params(mem, b, initrd, e);
	if (rc == 0)
		rc = write_gdt(mem, e);
	return rc < 0 ? rc : write_page_tables(mem, e);
}

void linux_registers(uint64_t entry, struct kvm_regs *regs, struct kvm_sregs *sregs)
{
	struct kvm_segment code = { .limit = 0xffffffff,
		.selector = BOOT_CS,
		.type = 0xb,
		.present = 1,
		.l = 1,
		.s = 1,
		.g = 1 };
	struct kvm_segment data = { .limit = 0xffffffff,
		.selector = BOOT_DS,
		.type = 0x3,
		.present = 1,
		.db = 1,
		.s = 1,
		.g = 1 };
	/* A 64-bit vCPU must have a busy TSS. */
	struct kvm_segment tss = { .limit = 0x67, .type = 0xb, .present = 1 };

	sregs->cs = code;
	sregs->ds = sregs->es = sregs->ss = sregs->fs = sregs->gs = data;
	sregs->tr = tss;
	sregs->gdt = (struct kvm_dtable){ .base = X86_GDT, .limit = GDT_ENTRIES * 8 - 1 };
	sregs->cr0 = CR0_PE_ET_NE_PG;
	sregs->cr3 = X86_PAGE_TABLES;
	sregs->cr4 = CR4_PAE;
	sregs->efer = EFER_LME_LMA;
	*regs = (struct kvm_regs){ .rip = entry, .rsi = X86_ZERO_PAGE, .rflags = 2 };
}
