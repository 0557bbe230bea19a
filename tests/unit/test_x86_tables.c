/* SPDX-License-Identifier: Apache-2.0 */
/* ACPI tables, PVH boot data, CPUID: what an operating system will read, read as it reads it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/le.h"
#include "vmm/arch/x86_64/acpi.h"
#include "vmm/arch/x86_64/aml.h"
#include "vmm/arch/x86_64/boot.h"
#include "vmm/arch/x86_64/cpuid.h"
#include "vmm/arch/x86_64/layout.h"
#include "vmm/arch/x86_64/memmap.h"
#include "vmm/kvm/vm.h"

static uint8_t tables[ACPI_MAX_BYTES];
static size_t tables_len;

static uint32_t u32(const uint8_t *p)
{
	return le32_get(*(const le32 *)p);
}
static uint64_t u64(const uint8_t *p)
{
	return le64_get(*(const le64 *)p);
}

static uint8_t sum(const uint8_t *p, size_t n)
{
	uint8_t s = 0;

	while (n--)
		s = (uint8_t)(s + *p++);
	return s;
}

/* A table by its guest address, checked. */
static const uint8_t *table(uint64_t addr, const char *signature)
{
	const uint8_t *t;

	assert_in_range(addr, X86_ACPI, X86_ACPI + tables_len - 36);
	t = tables + (addr - X86_ACPI);
	assert_memory_equal(t, signature, 4);
	assert_true(u32(t + 4) <= tables_len - (addr - X86_ACPI));
	assert_int_equal(sum(t, u32(t + 4)), 0);
	return t;
}

static const uint8_t *xsdt_entry(unsigned int i, const char *signature)
{
	const uint8_t *xsdt = table(u64(tables + 24), "XSDT");

	assert_int_equal(u32(xsdt + 4), 36 + 3 * 8);
	return table(u64(xsdt + 36 + 8 * i), signature);
}

static int build(void **state)
{
	(void)state;
	memset(tables, 0xee, sizeof(tables));
	return acpi_build(tables, &tables_len, X86_ACPI, &(struct acpi_config){ .cpus = 3 });
}

static void test_pointers_lengths_and_checksums_hold(void **state)
{
	const uint8_t *fadt;

	(void)state;
	assert_memory_equal(tables, "RSD PTR ", 8);
	assert_int_equal(sum(tables, 20), 0);
	assert_int_equal(sum(tables, 36), 0);
	fadt = xsdt_entry(0, "FACP");
	assert_int_equal(u32(fadt + 4), 276);
	table(u64(fadt + 140), "DSDT");
	assert_int_equal(u32(fadt + 40), u64(fadt + 140));
	xsdt_entry(1, "APIC");
	xsdt_entry(2, "MCFG");
}

static void test_fadt_names_reset_and_sleep_registers(void **state)
{
	const uint8_t *fadt = xsdt_entry(0, "FACP");

	(void)state;
	assert_true(u32(fadt + 112) & 1u << 20); /* hardware-reduced */
	assert_true(u32(fadt + 112) & 1u << 10); /* has a reset register */
	assert_int_equal(fadt[116], 1); /* port */
	assert_int_equal(u64(fadt + 120), 0xcf9);
	assert_int_equal(fadt[128], 6);
	assert_int_equal(u64(fadt + 244 + 4), X86_PORT_SLEEP);
	assert_int_equal(u64(fadt + 256 + 4), X86_PORT_SLEEP + 1);
}

static void test_fadt_tells_of_a_clock_with_a_century(void **state)
{
	const uint8_t *fadt = xsdt_entry(0, "FACP");

	(void)state;
	assert_int_equal(fadt[108], X86_RTC_CENTURY);
	assert_int_equal(fadt[109] & 1u << 5, 0); /* "CMOS RTC not present" */
}

static void test_madt_lists_processors_and_the_ioapic(void **state)
{
	const uint8_t *m = xsdt_entry(1, "APIC");
	unsigned int cpus = 0, ioapics = 0;

	(void)state;
	assert_int_equal(u32(m + 36), X86_LAPIC);
	for (uint32_t at = 44; at < u32(m + 4); at += m[at + 1]) {
		assert_true(m[at + 1] >= 6);
		if (m[at] == 0) {
			assert_int_equal(m[at + 3], cpus++);
			assert_int_equal(u32(m + at + 4), 1);
		}
		if (m[at] == 1) {
			ioapics++;
			assert_int_equal(u32(m + at + 4), X86_IOAPIC);
		}
	}
	assert_int_equal(cpus, 3);
	assert_int_equal(ioapics, 1);
}

/* The last test: it builds other tables. */
static void test_without_pci_its_tables_are_missing_and_pins_are_level(void **state)
{
	const struct acpi_config cfg = {
		.cpus = 1, .no_pci = true, .level_pins = 1u << 5 | 1u << 14
	};
	const uint8_t *xsdt, *m, *fadt, *facs;
	unsigned int pins = 0;

	(void)state;
	memset(tables, 0xee, sizeof(tables));
	assert_int_equal(acpi_build(tables, &tables_len, X86_ACPI, &cfg), 0);
	xsdt = table(u64(tables + 24), "XSDT");
	assert_int_equal(u32(xsdt + 4), 36 + 2 * 8);
	m = table(u64(xsdt + 36 + 8), "APIC");
	for (uint32_t at = 44; at < u32(m + 4); at += m[at + 1]) {
		if (m[at] != 2)
			continue;
		assert_int_equal(m[at + 1], 10);
		assert_int_equal(m[at + 2], 0); /* ISA */
		assert_int_equal(m[at + 3], u32(m + at + 4));
		assert_int_equal(m[at + 8], 0x0d); /* active high, level */
		pins |= 1u << m[at + 3];
	}
	assert_int_equal(pins, cfg.level_pins | 1u << X86_IRQ_SCI);
	/* Fixed hardware: Linux has no interrupts by the numbers of a PC without it. */
	fadt = table(u64(xsdt + 36), "FACP");
	assert_false(u32(fadt + 112) & 1u << 20);
	assert_int_equal(fadt[46], X86_IRQ_SCI);
	assert_int_equal(u32(fadt + 56), X86_PORT_PM1);
	assert_int_equal(u32(fadt + 64), X86_PORT_PM1 + 4);
	assert_int_equal(fadt[88], 4);
	assert_int_equal(fadt[89], 2);
	facs = tables + (u32(fadt + 36) - X86_ACPI);
	assert_int_equal(u32(fadt + 36) % 64, 0);
	assert_memory_equal(facs, "FACS", 4);
	assert_int_equal(u32(facs + 4), 64);
	assert_null(memmem(tables, tables_len, "PCI0", 4));
	assert_null(memmem(tables, tables_len, "MCFG", 4));
}

static void test_mcfg_names_one_bus(void **state)
{
	const uint8_t *m = xsdt_entry(2, "MCFG");

	(void)state;
	assert_int_equal(u64(m + 44), X86_ECAM);
	assert_int_equal(m[54], 0);
	assert_int_equal(m[55], 0);
}

/* Walks a list of AML objects as far as this DSDT uses them; counts what it meets. */
struct walk {
	unsigned int devices, methods, resources;
	bool s5;
};

static size_t pkg_length(const uint8_t *p, size_t *bytes)
{
	assert_int_equal(p[0] >> 6, 2);
	*bytes = 3;
	return (p[0] & 0xfu) | (size_t)p[1] << 4 | (size_t)p[2] << 12;
}

static const uint8_t *walk_data(const uint8_t *p, struct walk *w)
{
	static const uint8_t size[] = { [0x0a] = 1, [0x0b] = 2, [0x0c] = 4, [0x0e] = 8 };
	size_t n, k;

	if (*p <= 1)
		return p + 1;
	if (*p == 0x0d)
		return p + strlen((const char *)p + 1) + 2;
	if (*p == 0x11 || *p == 0x12) { /* buffer, package */
		n = pkg_length(p + 1, &k);
		if (*p == 0x11) {
			size_t len = (size_t)p[2 + k] | (size_t)p[3 + k] << 8;

			w->resources++;
			assert_int_equal(p[1 + k], 0x0b);
			assert_int_equal(len, n - k - 3);
			assert_int_equal(p[1 + n - 2], 0x79); /* end tag */
		}
		return p + 1 + n;
	}
	assert_true(*p < sizeof(size) && size[*p]);
	return p + 1 + size[*p];
}

static void walk_list(const uint8_t *p, const uint8_t *end, struct walk *w)
{
	while (p < end) {
		size_t n, k;

		switch (*p) {
		case 0x08: /* Name */
			p++;
			p += *p == '\\';
			w->s5 = w->s5 || memcmp(p, "_S5_", 4) == 0;
			p = walk_data(p + 4, w);
			break;
		case 0x10: /* Scope */
			n = pkg_length(p + 1, &k);
			walk_list(p + 1 + k + 5, p + 1 + n, w);
			p += 1 + n;
			break;
		case 0x14: /* Method */
			n = pkg_length(p + 1, &k);
			w->methods++;
			p += 1 + n;
			break;
		default:
			assert_int_equal(p[0], 0x5b);
			assert_int_equal(p[1], 0x82);
			n = pkg_length(p + 2, &k);
			w->devices++;
			walk_list(p + 2 + k + 4, p + 2 + n, w);
			p += 2 + n;
			break;
		}
	}
	assert_ptr_equal(p, end);
}

static void test_dsdt_nests_and_ends_where_it_says(void **state)
{
	const uint8_t *d = table(u64(xsdt_entry(0, "FACP") + 140), "DSDT");
	struct walk w = { 0 };

	(void)state;
	walk_list(d + 36, d + u32(d + 4), &w);
	assert_int_equal(w.devices, 7);
	assert_int_equal(w.methods, 1);
	assert_int_equal(w.resources, 6);
	assert_true(w.s5);
}

static void test_chips_of_an_i2c_adapter_are_described(void **state)
{
	static const uint8_t connection[] = { 0x8e, 0x1e, 0x00, 0x02, 0x00, 0x01, 0x02, 0x00, 0x00,
		0x01, 0x06, 0x00, 0xa0, 0x86, 0x01, 0x00, 0x49, 0x00 };
	struct acpi_chip chips[ACPI_MAX_CHIPS];
	struct acpi_config cfg = {
		.cpus = VM_MAX_CPUS, .n_chips = ACPI_MAX_CHIPS, .chips = chips, .i2c_slot = 5
	};
	struct walk w = { 0 };
	const uint8_t *d;

	(void)state;
	for (unsigned int i = 0; i < ACPI_MAX_CHIPS; i++)
		chips[i] = (struct acpi_chip){ (uint8_t)(0x48 + i), "invensense,mpu6050" };
	assert_int_equal(acpi_build(tables, &tables_len, X86_ACPI, &cfg), 0);
	d = table(u64(xsdt_entry(0, "FACP") + 140), "DSDT");
	walk_list(d + 36, d + u32(d + 4), &w);
	assert_int_equal(w.devices, 7 + 1 + ACPI_MAX_CHIPS);
	assert_int_equal(w.resources, 6 + ACPI_MAX_CHIPS);
	assert_non_null(memmem(d, u32(d + 4), connection, sizeof(connection)));
	assert_non_null(memmem(d, u32(d + 4), "\\_SB.PCI0.I2C0", 15));
	/* The adapter's place: Name (_ADR, 0x00050000). */
	assert_non_null(memmem(d, u32(d + 4), "_ADR\x0c\x00\x00\x05\x00", 9));
}

static void test_full_aml_buffer_is_told_and_not_overrun(void **state)
{
	uint8_t small[8];
	struct aml a = { small, sizeof(small), 0, false };
	aml_mark m = aml_device(&a, "LONG");

	(void)state;
	aml_name(&a, "_CRS");
	aml_close(&a, m);
	assert_true(a.full);
	assert_true(a.len <= sizeof(small));
}

static void test_eisa_ids_are_compressed(void **state)
{
	static const uint8_t want[] = { 0x0c, 0x41, 0xd0, 0x0a, 0x08 };
	uint8_t buf[8];
	struct aml a = { buf, sizeof(buf), 0, false };

	(void)state;
	aml_eisa_id(&a, "PNP0A08");
	assert_int_equal(a.len, sizeof(want));
	assert_memory_equal(buf, want, sizeof(want));
}

/* ---- PVH ---- */

static int read_buf(void *ctx, uint64_t off, void *dst, size_t len)
{
	memcpy(dst, (const uint8_t *)ctx + off, len);
	return 0;
}

struct pvh {
	uint8_t *ram;
	struct gmem mem;
};

static struct pvh pvh_new(uint64_t bytes)
{
	struct pvh p = { .ram = calloc(1, bytes) };

	assert_non_null(p.ram);
	assert_int_equal(
		gmem_add(&p.mem, (struct gmem_region){ .len = bytes, .host = p.ram, .fd = -1 }), 0);
	return p;
}

static void test_start_info_leads_to_everything(void **state)
{
	struct pvh p = pvh_new(8 << 20);
	char a[] = "first", b[] = "second one";
	struct pvh_module mod[2] = { { { read_buf, a, 5 }, "cmd a" },
		{ { read_buf, b, 10 }, NULL } };
	struct pvh_boot boot = { .cmdline = "hello=1",
		.rsdp = 0xe0000,
		.memory_bytes = 8 << 20,
		.kernel_high = 0x200000,
		.module = mod,
		.n_modules = 2 };
	const uint8_t *si = p.ram + X86_START_INFO, *list, *map;
	uint64_t ram = 0;

	(void)state;
	assert_int_equal(pvh_write(&p.mem, &boot, NULL), 0);
	assert_int_equal(u32(si), 0x336ec578);
	assert_int_equal(u32(si + 4), 1);
	assert_int_equal(u32(si + 12), 2);
	assert_string_equal((const char *)p.ram + u64(si + 24), "hello=1");
	assert_int_equal(u64(si + 32), 0xe0000);
	list = p.ram + u64(si + 16);
	assert_memory_equal(p.ram + u64(list), "first", 5);
	assert_int_equal(u64(list + 8), 5);
	assert_string_equal((const char *)p.ram + u64(list + 16), "cmd a");
	assert_memory_equal(p.ram + u64(list + 32), "second one", 10);
	assert_int_equal(u64(list + 32 + 16), 0);
	assert_int_equal(u64(list) % 4096, 0);
	map = p.ram + u64(si + 40);
	for (uint32_t i = 0; i < u32(si + 48); i++) {
		if (u32(map + 24 * i + 16) == 1)
			ram += u64(map + 24 * i + 8);
	}
	assert_int_equal(ram, (8 << 20) - (0x100000 - 0xa0000));
	free(p.ram);
}

static void test_module_that_does_not_fit_is_refused(void **state)
{
	struct pvh p = pvh_new(4 << 20);
	struct pvh_module mod = { { read_buf, NULL, UINT64_MAX }, NULL };
	struct pvh_boot boot = {
		.memory_bytes = 4 << 20, .kernel_high = 0x200000, .module = &mod, .n_modules = 1
	};
	struct err e = { 0 };

	(void)state;
	assert_int_equal(pvh_write(&p.mem, &boot, &e), -ENOMEM);
	assert_non_null(strstr(e.text, "module 0"));
	mod.data.size = (2 << 20) + 1;
	assert_int_equal(pvh_write(&p.mem, &boot, &e), -ENOMEM);
	boot.kernel_high = 5 << 20; /* beyond the top of low memory */
	mod.data.size = 1;
	assert_int_equal(pvh_write(&p.mem, &boot, &e), -ENOMEM);
	free(p.ram);
}

static void test_command_lines_that_are_too_long_are_refused(void **state)
{
	struct pvh p = pvh_new(4 << 20);
	char *text = malloc(X86_CMDLINE_BYTES + 1);
	struct pvh_boot boot = { .cmdline = text, .memory_bytes = 4 << 20 };

	(void)state;
	memset(text, 'x', X86_CMDLINE_BYTES);
	text[X86_CMDLINE_BYTES] = 0;
	assert_int_equal(pvh_write(&p.mem, &boot, NULL), -E2BIG);
	text[X86_CMDLINE_BYTES - 1] = 0;
	assert_int_equal(pvh_write(&p.mem, &boot, NULL), 0);
	free(text);
	free(p.ram);
}

static void test_registers_are_32_bit_protected_mode(void **state)
{
	struct kvm_regs r;
	struct kvm_sregs s = { .cr4 = 0x20, .efer = 0x500, .cr0 = 0x80000011 };

	(void)state;
	pvh_registers(0x123456, &r, &s);
	assert_int_equal(r.rip, 0x123456);
	assert_int_equal(r.rbx, X86_START_INFO);
	assert_int_equal(s.cr0, 0x11);
	assert_int_equal(s.cr4, 0);
	assert_int_equal(s.efer, 0);
	assert_int_equal(s.cs.db, 1);
	assert_int_equal(s.cs.l, 0);
}

/* ---- CPUID ---- */

static const struct kvm_cpuid_entry2 *find(const struct kvm_cpuid2 *t, uint32_t f, uint32_t index)
{
	for (uint32_t i = 0; i < t->nent; i++) {
		if (t->entries[i].function == f && t->entries[i].index == index)
			return &t->entries[i];
	}
	return NULL;
}

static void test_cpuid_has_topology_and_no_nesting(void **state)
{
	struct kvm_cpuid2 *t = calloc(1, sizeof(*t) + 16 * sizeof(t->entries[0]));
	const struct kvm_cpuid_entry2 *e;

	(void)state;
	t->entries[0] = (struct kvm_cpuid_entry2){ .function = 1, .ecx = UINT32_MAX };
	t->entries[1] = (struct kvm_cpuid_entry2){ .function = 0xb, .index = 0 };
	t->entries[2] = (struct kvm_cpuid_entry2){ .function = 0x80000001, .ecx = UINT32_MAX };
	t->entries[3] = (struct kvm_cpuid_entry2){ .function = 0x40000000, .eax = 0x40000001 };
	t->entries[4] = (struct kvm_cpuid_entry2){ .function = 0xa, .eax = 7 };
	t->nent = 5;
	cpuid_filter(t, 2, 3, 2300000);
	e = find(t, 1, 0);
	assert_int_equal(e->ebx >> 24, 2);
	assert_int_equal(e->ebx >> 16 & 0xff, 3);
	assert_false(e->ecx & 1u << 5); /* VMX */
	assert_true(e->ecx & 1u << 31); /* a hypervisor is there */
	assert_true(e->ecx & 1u << 21); /* x2APIC */
	assert_int_equal(find(t, 0xb, 0)->edx, 2);
	assert_int_equal(find(t, 0xb, 1)->eax, 2); /* 3 ids need 2 bits */
	assert_int_equal(find(t, 0xb, 1)->ebx, 3);
	assert_false(find(t, 0x80000001, 0)->ecx & 4);
	assert_int_equal(find(t, 0xa, 0)->eax, 0);
	assert_int_equal(find(t, 0x40000010, 0)->eax, 2300000);
	assert_int_equal(find(t, 0x40000000, 0)->eax, 0x40000010);
	free(t);
}

static void test_memory_map_of_any_size_leaves_the_hole_and_adds_up(void **state)
{
	static const uint64_t sizes[] = { VM_MIN_MEMORY, UINT64_C(64) << 20, VM_HOLE_BASE - 4096,
		VM_HOLE_BASE, VM_HOLE_BASE + 4096, UINT64_C(4) << 30, VM_MAX_MEMORY };

	(void)state;
	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct x86_map_range map[X86_MAP_MAX];
		unsigned int n = x86_memory_map(map, sizes[i]);
		uint64_t ram = 0, end = 0;

		assert_in_range(n, 4, X86_MAP_MAX);
		for (unsigned int k = 0; k < n; k++) {
			/* In order, nothing twice. */
			assert_true(map[k].base >= end);
			end = map[k].base + map[k].bytes;
			assert_true(end > map[k].base);
			if (map[k].type != X86_MAP_RAM)
				continue;
			ram += map[k].bytes;
			assert_true(end <= VM_HOLE_BASE || map[k].base >= VM_HIGH_BASE);
		}
		/* What firmware has of the first megabyte is no RAM. */
		assert_int_equal(ram, sizes[i] - (X86_KERNEL_FLOOR - X86_LOW_END));
	}
}

static void test_eight_processors_are_all_listed(void **state)
{
	const struct acpi_config cfg = { .cpus = VM_MAX_CPUS };
	unsigned int cpus = 0;
	const uint8_t *m;

	(void)state;
	memset(tables, 0xee, sizeof(tables));
	assert_int_equal(acpi_build(tables, &tables_len, X86_ACPI, &cfg), 0);
	m = xsdt_entry(1, "APIC");
	for (uint32_t at = 44; at < u32(m + 4); at += m[at + 1])
		cpus += m[at] == 0;
	assert_int_equal(cpus, VM_MAX_CPUS);
	table(u64(xsdt_entry(0, "FACP") + 140), "DSDT");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_pointers_lengths_and_checksums_hold, build),
		cmocka_unit_test_setup(test_fadt_names_reset_and_sleep_registers, build),
		cmocka_unit_test_setup(test_fadt_tells_of_a_clock_with_a_century, build),
		cmocka_unit_test_setup(test_madt_lists_processors_and_the_ioapic, build),
		cmocka_unit_test_setup(test_mcfg_names_one_bus, build),
		cmocka_unit_test_setup(test_dsdt_nests_and_ends_where_it_says, build),
		cmocka_unit_test(test_memory_map_of_any_size_leaves_the_hole_and_adds_up),
		cmocka_unit_test(test_chips_of_an_i2c_adapter_are_described),
		cmocka_unit_test(test_full_aml_buffer_is_told_and_not_overrun),
		cmocka_unit_test(test_eisa_ids_are_compressed),
		cmocka_unit_test(test_start_info_leads_to_everything),
		cmocka_unit_test(test_module_that_does_not_fit_is_refused),
		cmocka_unit_test(test_command_lines_that_are_too_long_are_refused),
		cmocka_unit_test(test_registers_are_32_bit_protected_mode),
		cmocka_unit_test(test_cpuid_has_topology_and_no_nesting),
		cmocka_unit_test(test_eight_processors_are_all_listed),
		cmocka_unit_test(test_without_pci_its_tables_are_missing_and_pins_are_level),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
