/* SPDX-License-Identifier: Apache-2.0 */
/* The PVH loader with a well-formed file, and with one field of it wrong at a time. */
#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vmm/loader/elf.h"

#define RAM_BYTES (4u << 20)
#define FLOOR     0x100000u

struct note {
	Elf64_Nhdr h;
	char name[4];
	uint32_t desc;
};

/* Header, two program headers (load, note), the note, 64 bytes of segment. */
struct file64 {
	Elf64_Ehdr eh;
	Elf64_Phdr load, note;
	struct note n;
	uint8_t data[64];
};

struct fix {
	struct file64 f;
	uint8_t *ram;
	struct gmem mem;
	uint64_t size;
	struct err e;
};

static int read_file(void *ctx, uint64_t off, void *dst, size_t len)
{
	memcpy(dst, (const uint8_t *)ctx + off, len);
	return 0;
}

static int set_up(void **state)
{
	struct fix *x = calloc(1, sizeof(*x));
	struct file64 *f;

	assert_non_null(x);
	f = &x->f;
	memcpy(f->eh.e_ident, ELFMAG, SELFMAG);
	f->eh.e_ident[EI_CLASS] = ELFCLASS64;
	f->eh.e_ident[EI_DATA] = ELFDATA2LSB;
	f->eh.e_type = ET_EXEC;
	f->eh.e_machine = EM_X86_64;
	f->eh.e_phoff = offsetof(struct file64, load);
	f->eh.e_phentsize = sizeof(Elf64_Phdr);
	f->eh.e_phnum = 2;
	f->load = (Elf64_Phdr){ .p_type = PT_LOAD,
		.p_offset = offsetof(struct file64, data),
		.p_paddr = 0x200000,
		.p_filesz = 64,
		.p_memsz = 128 };
	f->note = (Elf64_Phdr){ .p_type = PT_NOTE,
		.p_offset = offsetof(struct file64, n),
		.p_filesz = sizeof(struct note),
		.p_memsz = sizeof(struct note) };
	f->n = (struct note){ { 4, 4, 18 }, "Xen", 0x200010 };
	memset(f->data, 0x5a, sizeof(f->data));
	x->size = offsetof(struct file64, data) + sizeof(f->data);
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

static int load(struct fix *x, struct elf_image *im)
{
	struct elf_source s = { .read = read_file, .ctx = &x->f, .size = x->size };

	return elf_load(im, &s, &x->mem, FLOOR, &x->e);
}

static void expect_refused(struct fix *x, const char *text)
{
	struct elf_image im;

	assert_true(load(x, &im) < 0);
	if (!strstr(x->e.text, text))
		fail_msg("\"%s\" does not say \"%s\"", x->e.text, text);
}

static void test_good_file_is_loaded_and_its_entry_found(void **state)
{
	struct fix *x = *state;
	struct elf_image im;

	assert_int_equal(load(x, &im), 0);
	assert_int_equal(im.entry, 0x200010);
	assert_int_equal(im.low, 0x200000);
	assert_int_equal(im.high, 0x200080);
	assert_int_equal(x->ram[0x20003f], 0x5a);
	assert_int_equal(x->ram[0x200040], 0);
}

static void test_32_bit_file_is_loaded_too(void **state)
{
	struct fix *x = *state;
	struct elf_image im;
	struct {
		Elf32_Ehdr eh;
		Elf32_Phdr load, note;
		struct note n;
		uint8_t data[64];
	} f = { 0 };
	struct elf_source s = { .read = read_file, .ctx = &f, .size = sizeof(f) };

	memcpy(f.eh.e_ident, ELFMAG, SELFMAG);
	f.eh.e_ident[EI_CLASS] = ELFCLASS32;
	f.eh.e_ident[EI_DATA] = ELFDATA2LSB;
	f.eh.e_type = ET_EXEC;
	f.eh.e_machine = EM_386;
	f.eh.e_phoff = (Elf32_Off)((uint8_t *)&f.load - (uint8_t *)&f);
	f.eh.e_phentsize = sizeof(Elf32_Phdr);
	f.eh.e_phnum = 2;
	f.load = (Elf32_Phdr){ .p_type = PT_LOAD,
		.p_offset = (Elf32_Off)(f.data - (uint8_t *)&f),
		.p_paddr = 0x300000,
		.p_filesz = 64,
		.p_memsz = 64 };
	f.note = (Elf32_Phdr){ .p_type = PT_NOTE,
		.p_offset = (Elf32_Off)((uint8_t *)&f.n - (uint8_t *)&f),
		.p_filesz = sizeof(f.n) };
	f.n = (struct note){ { 4, 4, 18 }, "Xen", 0x300000 };
	assert_int_equal(elf_load(&im, &s, &x->mem, FLOOR, &x->e), 0);
	assert_int_equal(im.entry, 0x300000);
}

static void test_every_truncation_is_refused(void **state)
{
	struct fix *x = *state;
	struct elf_image im;

	for (uint64_t whole = x->size, n = x->size = 0; n < whole; x->size = ++n)
		assert_true(load(x, &im) < 0);
}

static void test_foreign_files_are_named_for_what_they_are(void **state)
{
	struct fix *x = *state;

	x->f.eh.e_ident[0] = 'M';
	expect_refused(x, "not an ELF file");
	x->f.eh.e_ident[0] = 0x7f;
	x->f.eh.e_ident[EI_CLASS] = 3;
	expect_refused(x, "ELF32 or ELF64");
	x->f.eh.e_ident[EI_CLASS] = ELFCLASS64;
	x->f.eh.e_machine = EM_AARCH64;
	expect_refused(x, "not an x86 executable");
	x->f.eh.e_machine = EM_X86_64;
	x->f.eh.e_type = ET_DYN;
	expect_refused(x, "fixed addresses");
}

static void test_program_header_fields_are_checked(void **state)
{
	struct fix *x = *state;

	x->f.eh.e_phnum = 0;
	expect_refused(x, "0 program headers");
	x->f.eh.e_phnum = 65535;
	expect_refused(x, "65535 program headers");
	x->f.eh.e_phnum = 2;
	x->f.eh.e_phentsize = 1;
	expect_refused(x, "of 1 bytes");
	x->f.eh.e_phentsize = sizeof(Elf64_Phdr);
	x->f.eh.e_phoff = UINT64_MAX - 8;
	expect_refused(x, "outside the file");
}

static void test_segments_outside_file_or_memory_are_refused(void **state)
{
	struct fix *x = *state;
	const Elf64_Phdr good = x->f.load;

	x->f.load.p_offset = UINT64_MAX;
	expect_refused(x, "outside the file");
	x->f.load = good;
	x->f.load.p_filesz = UINT64_MAX;
	expect_refused(x, "outside the file");
	x->f.load = good;
	x->f.load.p_memsz = 63;
	expect_refused(x, "larger in the file");
	x->f.load = good;
	x->f.load.p_memsz = UINT64_MAX;
	expect_refused(x, "does not fit");
	x->f.load = good;
	x->f.load.p_paddr = RAM_BYTES - 127;
	expect_refused(x, "does not fit");
	x->f.load.p_paddr = UINT64_MAX - 10;
	expect_refused(x, "does not fit");
	x->f.load.p_paddr = FLOOR - 1;
	expect_refused(x, "first that is free is 0x100000");
	x->f.load.p_memsz = 0;
	expect_refused(x, "nothing to load");
}

static void test_overlapping_segments_are_refused(void **state)
{
	struct fix *x = *state;

	/* The note becomes a second segment that starts in the first one's last byte. */
	x->f.note.p_type = PT_LOAD;
	x->f.note.p_paddr = 0x20007f;
	expect_refused(x, "overlap");
}

static void test_notes_are_searched_with_care(void **state)
{
	struct fix *x = *state;
	const struct note good = x->f.n;

	x->f.n.h.n_type = 17;
	expect_refused(x, "no PVH entry");
	x->f.n = good;
	x->f.n.name[0] = 'Y';
	expect_refused(x, "no PVH entry");
	x->f.n = good;
	x->f.n.h.n_namesz = UINT32_MAX;
	expect_refused(x, "no PVH entry");
	x->f.n = good;
	x->f.n.h.n_descsz = UINT32_MAX;
	expect_refused(x, "no PVH entry");
	x->f.n.h.n_descsz = 2;
	expect_refused(x, "no PVH entry");
	x->f.n = good;
	x->f.n.desc = 0x200080;
	expect_refused(x, "outside the loaded segments");
	x->f.n.desc = 0;
	expect_refused(x, "outside the loaded segments");
}

static int read_fails(void *ctx, uint64_t off, void *dst, size_t len)
{
	if (off >= offsetof(struct file64, data))
		return -EIO;
	return read_file(ctx, off, dst, len);
}

static void test_read_error_is_passed_on(void **state)
{
	struct fix *x = *state;
	struct elf_source s = { .read = read_fails, .ctx = &x->f, .size = x->size };
	struct elf_image im;

	assert_int_equal(elf_load(&im, &s, &x->mem, FLOOR, &x->e), -EIO);
}

#define T(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_good_file_is_loaded_and_its_entry_found),
		T(test_32_bit_file_is_loaded_too),
		T(test_every_truncation_is_refused),
		T(test_foreign_files_are_named_for_what_they_are),
		T(test_program_header_fields_are_checked),
		T(test_segments_outside_file_or_memory_are_refused),
		T(test_overlapping_segments_are_refused),
		T(test_notes_are_searched_with_care),
		T(test_read_error_is_passed_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
