/* SPDX-License-Identifier: Apache-2.0 */
/* The bzImage loader and Linux' boot data: a well-formed image, and one field of it wrong at a
 * time. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/le.h"
#include "vmm/arch/x86_64/layout.h"
#include "vmm/arch/x86_64/linux.h"
#include "vmm/loader/bzimage.h"

#define RAM_BYTES    (48u << 20)
#define SETUP_BYTES  1024 /* boot sector and one more */
#define KERNEL_BYTES 2048
#define PREFERRED    0x1000000u

struct fix {
	uint8_t file[SETUP_BYTES + KERNEL_BYTES];
	uint64_t size;
	uint8_t *ram;
	struct gmem mem;
	struct err e;
};

static int read_file(void *ctx, uint64_t off, void *dst, size_t len)
{
	memcpy(dst, (const uint8_t *)ctx + off, len);
	return 0;
}

static void put(struct fix *x, size_t at, uint64_t v, size_t bytes)
{
	le64 w = le64_of(v);

	memcpy(x->file + at, w.b, bytes);
}

static uint64_t get(const struct fix *x, uint64_t at, size_t bytes)
{
	le64 w = { 0 };

	memcpy(w.b, x->ram + at, bytes);
	return le64_get(w);
}

static int set_up(void **state)
{
	struct fix *x = calloc(1, sizeof(*x));

	assert_non_null(x);
	x->size = sizeof(x->file);
	x->file[0x1f1] = 1; /* setup_sects */
	put(x, 0x1f4, KERNEL_BYTES / 16, 4);
	put(x, 0x1fe, 0xaa55, 2);
	x->file[0x200] = 0xeb;
	x->file[0x201] = 0x68; /* the header ends at 0x26a */
	memcpy(x->file + 0x202, "HdrS", 4);
	put(x, 0x206, 0x020f, 2);
	x->file[0x211] = 1; /* LOADED_HIGH */
	put(x, 0x22c, 0x7fffffff, 4);
	put(x, 0x230, 0x200000, 4);
	x->file[0x234] = 1;
	put(x, 0x236, 1, 2);
	put(x, 0x238, 2047, 4);
	put(x, 0x258, PREFERRED, 8);
	put(x, 0x260, 8u << 20, 4);
	memset(x->file + SETUP_BYTES, 0x5a, KERNEL_BYTES);
	x->ram = calloc(1, RAM_BYTES);
	assert_int_equal(
		gmem_add(&x->mem,
			(struct gmem_region){ .len = RAM_BYTES, .host = x->ram, .fd = -1 }),
		0);
	*state = x;
	return 0;
}

static int tear_down(void **state)
{
	struct fix *x = *state;

	free(x->ram);
	free(x);
	return 0;
}

static int load(struct fix *x, struct bzimage *im)
{
	struct elf_source s = { .read = read_file, .ctx = x->file, .size = x->size };

	return bzimage_load(im, &s, &x->mem, X86_KERNEL_FLOOR, &x->e);
}

static void expect_refused(struct fix *x, const char *text)
{
	struct bzimage im;

	assert_true(load(x, &im) < 0);
	if (!strstr(x->e.text, text))
		fail_msg("\"%s\" does not say \"%s\"", x->e.text, text);
}

static void test_a_good_image_lies_where_it_prefers_to(void **state)
{
	struct fix *x = *state;
	struct elf_source s = { .read = read_file, .ctx = x->file, .size = x->size };
	struct bzimage im;

	assert_true(bzimage_is(&s));
	assert_int_equal(load(x, &im), 0);
	assert_int_equal(im.low, PREFERRED);
	assert_int_equal(im.entry, PREFERRED + 0x200);
	assert_int_equal(im.high, PREFERRED + (8u << 20));
	assert_int_equal(im.header_len, 0x26a - 0x1f1);
	assert_memory_equal(x->ram + PREFERRED, x->file + SETUP_BYTES, KERNEL_BYTES);
}

static void test_in_small_memory_it_lies_as_low_as_its_alignment_allows(void **state)
{
	struct fix *x = *state;
	struct bzimage im;

	x->mem.r[0].len = 16u << 20;
	assert_int_equal(load(x, &im), 0);
	assert_int_equal(im.low, 0x200000);
	x->file[0x234] = 0; /* not relocatable */
	expect_refused(x, "does not fit");
}

static void test_other_files_are_no_bzimage(void **state)
{
	struct fix *x = *state;
	struct elf_source s = { .read = read_file, .ctx = x->file, .size = 0x200 };

	assert_false(bzimage_is(&s));
	s.size = x->size;
	x->file[0x202] = 'X';
	assert_false(bzimage_is(&s));
}

static void test_wrong_fields_are_named(void **state)
{
	static const struct {
		size_t at, bytes;
		uint64_t value;
		const char *text;
	} wrong[] = {
		{ 0x206, 2, 0x020b, "too old" },
		{ 0x236, 2, 0, "64-bit entry" },
		{ 0x211, 1, 0, "64-bit entry" },
		{ 0x1f1, 1, 65, "setup_sects" },
		{ 0x1f1, 1, 64, "cut short" },
		{ 0x201, 1, 0x20, "setup header ends" },
		{ 0x201, 1, 0x80, "setup header ends" },
		{ 0x1f4, 4, KERNEL_BYTES / 16 + 1, "cut short" },
		{ 0x1f4, 4, 0, "cut short" },
		{ 0x1f4, 4, UINT32_MAX, "cut short" },
		{ 0x230, 4, 0, "kernel_alignment" },
		{ 0x230, 4, 0x300000, "kernel_alignment" },
		{ 0x260, 4, UINT32_MAX, "does not fit" },
		{ 0x238, 4, 0, "no command line" },
		{ 0x22c, 4, 0, "initrd room" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct fix *x;

		tear_down(state);
		set_up(state);
		x = *state;
		put(x, wrong[i].at, wrong[i].value, wrong[i].bytes);
		expect_refused(x, wrong[i].text);
	}
}

static void test_boot_params_name_what_was_written(void **state)
{
	struct fix *x = *state;
	static char disk[5000] = "disk";
	struct elf_source initrd = { .read = read_file, .ctx = disk, .size = sizeof(disk) };
	struct bzimage im;
	struct linux_boot b = { .kernel = &im,
		.cmdline = "console=ttyS0",
		.rsdp = 0xe0000,
		.memory_bytes = RAM_BYTES,
		.initrd = &initrd };
	uint64_t at, zero = X86_ZERO_PAGE;

	assert_int_equal(load(x, &im), 0);
	assert_int_equal(linux_write(&x->mem, &b, &x->e), 0);
	assert_int_equal(get(x, zero + 0x70, 8), 0xe0000);
	assert_memory_equal(x->ram + zero + 0x202, "HdrS", 4);
	assert_int_equal(get(x, zero + 0x210, 1), 0xff);
	assert_string_equal((const char *)x->ram + get(x, zero + 0x228, 4), "console=ttyS0");
	at = get(x, zero + 0x218, 4);
	assert_int_equal(at, RAM_BYTES - 2 * 4096);
	assert_int_equal(get(x, zero + 0x21c, 4), sizeof(disk));
	assert_string_equal((const char *)x->ram + at, "disk");
	assert_int_equal(get(x, zero + 0x1e8, 1), 5);
	/* The third range is the RAM above 1 MiB. */
	assert_int_equal(get(x, zero + 0x2d0 + 2 * 20, 8), X86_KERNEL_FLOOR);
	assert_int_equal(get(x, zero + 0x2d0 + 2 * 20 + 8, 8), RAM_BYTES - X86_KERNEL_FLOOR);
	assert_int_equal(get(x, zero + 0x2d0 + 2 * 20 + 16, 4), 1);
	/* 3 GiB + 2 MiB is mapped to itself. */
	assert_int_equal(get(x, X86_PAGE_TABLES + 5 * 4096 + 8, 8), 0xc0200000 | 0x83);
}

static void test_what_does_not_fit_is_refused(void **state)
{
	struct fix *x = *state;
	static char line[2100];
	struct elf_source initrd = { .read = read_file, .ctx = NULL, .size = UINT64_MAX };
	struct bzimage im;
	struct linux_boot b = { .kernel = &im, .memory_bytes = RAM_BYTES, .initrd = &initrd };

	assert_int_equal(load(x, &im), 0);
	assert_int_equal(linux_write(&x->mem, &b, &x->e), -ENOMEM);
	im.initrd_end = im.high - 1;
	initrd.size = 1;
	assert_int_equal(linux_write(&x->mem, &b, &x->e), -ENOMEM);
	memset(line, 'a', 2048);
	b.cmdline = line;
	assert_int_equal(linux_write(&x->mem, &b, &x->e), -E2BIG);
}

static void test_the_entry_is_in_long_mode(void **state)
{
	struct kvm_regs regs;
	struct kvm_sregs sregs = { 0 };

	(void)state;
	linux_registers(0x1000200, &regs, &sregs);
	assert_int_equal(regs.rip, 0x1000200);
	assert_int_equal(regs.rsi, X86_ZERO_PAGE);
	assert_int_equal(regs.rflags, 2); /* interrupts off */
	assert_int_equal(sregs.cs.selector, 0x10);
	assert_int_equal(sregs.ds.selector, 0x18);
	assert_true(sregs.cs.l && !sregs.cs.db);
	assert_int_equal(sregs.cr3, X86_PAGE_TABLES);
	assert_int_equal(sregs.efer & 0x500, 0x500);
}

int main(void)
{
#define T(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_a_good_image_lies_where_it_prefers_to),
		T(test_in_small_memory_it_lies_as_low_as_its_alignment_allows),
		T(test_other_files_are_no_bzimage),
		T(test_wrong_fields_are_named),
		T(test_boot_params_name_what_was_written),
		T(test_what_does_not_fit_is_refused),
		T(test_the_entry_is_in_long_mode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
