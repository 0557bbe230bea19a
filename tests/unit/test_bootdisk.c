/* SPDX-License-Identifier: Apache-2.0 */
/* The readers behind disk images that boot: partition tables, entry files, grub.cfg. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/bootdisk/entry.h"
#include "sim/bootdisk/fs.h"

/* ---- reading ahead ---- */

#define BLOCK 4096u

/* An image on which each number tells where it is, a counter of reads, and a bad byte. */
static struct {
	uint32_t number[(4 * DISK_WINDOW_BYTES + BLOCK) / 4];
	unsigned int reads;
	uint64_t bad;
	struct disk_source src, under;
	struct disk_ahead ahead;
} slow;

static int slow_read(const struct disk_source *s, uint64_t off, void *dst, size_t len)
{
	slow.reads++;
	if (slow.bad >= off && slow.bad - off < len)
		return -EIO;
	memcpy(dst, s->mem + off, len);
	return 0;
}

static const struct disk_source *slow_source(void)
{
	for (uint32_t i = 0; i < sizeof(slow.number) / 4; i++)
		slow.number[i] = i;
	slow.reads = 0;
	slow.bad = UINT64_MAX;
	disk_source_mem(&slow.under, slow.number, sizeof(slow.number));
	slow.under.read = slow_read;
	disk_source_ahead(&slow.src, &slow.ahead, &slow.under);
	return &slow.src;
}

/* What is read there is what is there. */
static void reads_well(uint64_t off, size_t len)
{
	const struct disk_span all = { .src = &slow.src, .bytes = sizeof(slow.number) };
	uint8_t *b = malloc(len);

	assert_int_equal(disk_read(&all, off, b, len), 0);
	assert_memory_equal(b, (const uint8_t *)slow.number + off, len);
	free(b);
}

static void test_blocks_one_after_the_other_are_read_by_windows(void **state)
{
	const struct disk_source *s = slow_source();

	(void)state;
	for (uint64_t off = 0; off < s->bytes; off += BLOCK)
		reads_well(off, BLOCK);
	/* The last window is the image's last block. */
	assert_int_equal(slow.reads, 5);
}

static void test_a_file_and_the_map_of_its_blocks_are_both_kept(void **state)
{
	(void)state;
	slow_source();
	for (uint64_t off = 0; off < DISK_WINDOW_BYTES; off += BLOCK) {
		reads_well(3 * DISK_WINDOW_BYTES, BLOCK);
		reads_well(off, BLOCK);
	}
	assert_int_equal(slow.reads, 2);
}

static void test_what_crosses_windows_is_whole_and_what_is_large_is_read_at_once(void **state)
{
	(void)state;
	slow_source();
	reads_well(DISK_WINDOW_BYTES - 100, BLOCK);
	assert_int_equal(slow.reads, 2);
	reads_well(100, 3 * DISK_WINDOW_BYTES);
	assert_int_equal(slow.reads, 3);
}

static void test_a_bad_block_is_an_error_of_who_asks_for_it_alone(void **state)
{
	const struct disk_span all = { .src = slow_source(), .bytes = sizeof(slow.number) };
	uint8_t b[BLOCK];

	(void)state;
	slow.bad = DISK_WINDOW_BYTES + 2 * BLOCK;
	reads_well(DISK_WINDOW_BYTES, 2 * BLOCK);
	assert_int_equal(disk_read(&all, slow.bad - 1, b, 2), -EIO);
	slow.bad = UINT64_MAX;
	reads_well(DISK_WINDOW_BYTES, 4 * BLOCK);
}

/* ---- partitions ---- */

static uint8_t disk[256 * 512];

static void put32(size_t at, uint32_t v)
{
	for (unsigned int i = 0; i < 4; i++)
		disk[at + i] = (uint8_t)(v >> (8 * i));
}

static void mbr_entry(size_t sector, unsigned int i, uint8_t type, uint32_t first, uint32_t n)
{
	size_t at = sector * 512 + 446 + 16 * i;

	disk[at + 4] = type;
	put32(at + 8, first);
	put32(at + 12, n);
	disk[sector * 512 + 510] = 0x55;
	disk[sector * 512 + 511] = 0xaa;
}

static int partitions(struct disk_part *out)
{
	static struct disk_source src;

	disk_source_mem(&src, disk, sizeof(disk));
	return disk_partitions(&src, out, DISK_MAX_PARTITIONS);
}

static void test_an_image_without_a_table_is_one_file_system(void **state)
{
	struct disk_part p[DISK_MAX_PARTITIONS];

	(void)state;
	memset(disk, 0, sizeof(disk));
	assert_int_equal(partitions(p), 1);
	assert_int_equal(p[0].number, 0);
	assert_int_equal(p[0].span.bytes, sizeof(disk));
}

static void test_logical_partitions_are_numbered_from_5(void **state)
{
	struct disk_part p[DISK_MAX_PARTITIONS];

	(void)state;
	memset(disk, 0, sizeof(disk));
	mbr_entry(0, 0, 0x83, 1, 10);
	mbr_entry(0, 1, 0x05, 100, 100);
	mbr_entry(100, 0, 0xef, 1, 20);
	mbr_entry(100, 1, 0x05, 50, 50);
	mbr_entry(150, 0, 0x83, 1, 20);
	assert_int_equal(partitions(p), 3);
	assert_int_equal(p[1].number, 5);
	assert_int_equal(p[1].kind, DISK_PART_ESP);
	assert_int_equal(p[1].span.at, 101 * 512);
	assert_int_equal(p[2].number, 6);
	assert_int_equal(p[2].span.at, 151 * 512);
}

static void test_a_chain_of_tables_that_goes_round_ends(void **state)
{
	struct disk_part p[DISK_MAX_PARTITIONS];

	(void)state;
	memset(disk, 0, sizeof(disk));
	mbr_entry(0, 0, 0x05, 100, 100);
	mbr_entry(100, 0, 0x83, 1, 20);
	mbr_entry(100, 1, 0x05, 0, 50);
	assert_int_equal(partitions(p), 1);
	mbr_entry(100, 1, 0x05, 10, 50);
	mbr_entry(110, 0, 0x83, 1, 20);
	mbr_entry(110, 1, 0x05, 10, 50);
	assert_true(partitions(p) <= DISK_MAX_PARTITIONS);
}

static void test_partitions_beyond_the_image_are_left_out(void **state)
{
	struct disk_part p[DISK_MAX_PARTITIONS];

	(void)state;
	memset(disk, 0, sizeof(disk));
	mbr_entry(0, 0, 0x83, 250, 10);
	mbr_entry(0, 1, 0x83, 0xffffffff, 0xffffffff);
	mbr_entry(0, 2, 0x83, 250, 6);
	assert_int_equal(partitions(p), 1);
	assert_int_equal(p[0].number, 3);
}

static void test_a_gpt_says_which_partition_is_the_efi_one(void **state)
{
	static const uint8_t esp[16] = { 0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11, 0xba, 0x4b,
		0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b };
	struct disk_part p[DISK_MAX_PARTITIONS];

	(void)state;
	memset(disk, 0, sizeof(disk));
	mbr_entry(0, 0, 0xee, 1, 255);
	memcpy(disk + 512, "EFI PART", 8);
	put32(512 + 72, 2);
	put32(512 + 80, 4);
	put32(512 + 84, 128);
	memcpy(disk + 1024 + 128, esp, 16);
	put32(1024 + 128 + 32, 40);
	put32(1024 + 128 + 40, 49);
	assert_int_equal(partitions(p), 1);
	assert_int_equal(p[0].number, 2);
	assert_int_equal(p[0].kind, DISK_PART_ESP);
	assert_int_equal(p[0].span.bytes, 10 * 512);
	put32(512 + 84, 16);
	assert_int_equal(partitions(p), -EBADMSG);
}

/* ---- entry files ---- */

static const char *lookup(void *arg, const char *name)
{
	(void)arg;
	return strcmp(name, "kernelopts") == 0 ? "root=/dev/vda2 ro" : NULL;
}

static void test_an_entry_file_becomes_an_entry(void **state)
{
	struct boot_entry *e = calloc(1, sizeof(*e));

	(void)state;
	assert_int_equal(bls_parse("fedora-6.5.conf",
				 "# of the installer\n"
				 "title Fedora Linux\r\n"
				 "version\t6.5\n"
				 "  sort-key fedora  \n"
				 "linux /vmlinuz-6.5\n"
				 "initrd /initramfs-6.5.img\r$tuned_initrd\n"
				 "options $kernelopts quiet $tuned_params\n"
				 "options a=b\rc=d\r\n"
				 "architecture x64\n"
				 "grub_users $grub_users",
				 lookup, NULL, e),
		0);
	assert_string_equal(e->id, "fedora-6.5");
	assert_string_equal(e->title, "Fedora Linux");
	assert_string_equal(e->version, "6.5");
	assert_string_equal(e->sort_key, "fedora");
	assert_string_equal(e->kernel, "/vmlinuz-6.5");
	assert_int_equal(e->n_initrds, 1);
	assert_string_equal(e->initrd[0], "/initramfs-6.5.img");
	assert_string_equal(e->options, "root=/dev/vda2 ro quiet a=b c=d");
	free(e);
}

static void test_what_does_not_boot_here_is_no_entry(void **state)
{
	struct boot_entry *e = calloc(1, sizeof(*e));
	char *longer = malloc(8000);

	(void)state;
	assert_int_equal(bls_parse("a.conf", "efi /shell.efi\n", NULL, NULL, e), -EINVAL);
	assert_int_equal(
		bls_parse("a.conf", "linux /k\narchitecture aa64\n", NULL, NULL, e), -EINVAL);
	memset(longer, 'x', 7999);
	longer[7999] = '\0';
	memcpy(longer, "linux /k\noptions ", 17);
	assert_int_equal(bls_parse("a.conf", longer, NULL, NULL, e), -EINVAL);
	free(longer);
	free(e);
}

static void test_the_newest_entry_is_first_and_loader_conf_chooses(void **state)
{
	struct boot_entries *es = calloc(1, sizeof(*es));

	(void)state;
	assert_int_equal(bls_parse("d-6.1.9.conf", "linux /k", NULL, NULL, &es->e[0]), 0);
	assert_int_equal(bls_parse("d-6.1.10.conf", "linux /k", NULL, NULL, &es->e[1]), 0);
	assert_int_equal(bls_parse("a.conf", "sort-key z\nlinux /k", NULL, NULL, &es->e[2]), 0);
	es->n = 3;
	bls_order(es, NULL);
	assert_string_equal(es->e[0].id, "a");
	assert_string_equal(es->e[1].id, "d-6.1.10");
	assert_int_equal(es->chosen, 0);
	bls_order(es, "timeout 3\ndefault  d-6.1.9.conf\n");
	assert_string_equal(es->e[es->chosen].id, "d-6.1.9");
	bls_order(es, "default d-*\n");
	assert_string_equal(es->e[es->chosen].id, "d-6.1.10");
	free(es);
}

/* ---- grub.cfg ---- */

static struct boot_entries *grub(const char *text, const char *env)
{
	struct boot_entries *es = calloc(1, sizeof(*es));
	bool blscfg;

	assert_non_null(es);
	grub_parse(text, env, es, &blscfg);
	return es;
}

static void test_variables_quotes_and_conditions_are_read(void **state)
{
	struct boot_entries *es = grub(
		"set a=\"two words\"\n"
		"b='$a'\n"
		"if [ \"$a\" = \"two words\" ]; then set c=yes; else set c=no; fi\n"
		"if [ -z \"$nothing\" -a x ]; then set c=no; elif [ ! x = y ]; then true; fi\n"
		"if loadfont unicode ; then set c=no ; fi\n"
		"menuentry \"It's ${c}\" { linux /k $a ${b} \\\n  'a \"b\"' c\\ d; initrd /i /j\n }\n",
		NULL);

	(void)state;
	assert_int_equal(es->n, 1);
	assert_string_equal(es->e[0].title, "It's yes");
	assert_string_equal(es->e[0].options, "two words $a a \"b\" c d");
	assert_int_equal(es->e[0].n_initrds, 2);
	assert_string_equal(es->e[0].initrd[1], "/j");
	free(es);
}

static void test_functions_and_entries_without_linux_are_no_entries(void **state)
{
	struct boot_entries *es =
		grub("function f {\n if true; then menuentry x {\n linux /no\n }\n fi\n}\n"
		     "menuentry 'firmware' {\n fwsetup\n}\n"
		     "menuentry 'Linux' { linux (hd0,gpt2)/k quiet\n}\n",
			NULL);

	(void)state;
	assert_int_equal(es->n, 1);
	assert_string_equal(es->e[0].title, "Linux");
	assert_string_equal(es->e[0].root, "hd0,gpt2");
	assert_string_equal(es->e[0].kernel, "/k");
	/* It is the second of the menu all the same. */
	assert_int_equal(es->e[0].index[0], 1);
	free(es);
}

static const char menu[] =
	"set default=\"${saved_entry}\"\n"
	"if [ -s $prefix/grubenv ]; then load_env; set default=\"${saved_entry}\"; fi\n"
	"menuentry 'A' --id a { linux /a\n}\n"
	"submenu 'More' --id more {\n"
	" menuentry 'B' --id b { linux /b\n}\n"
	" menuentry 'C' --id c { search --fs-uuid --set=root 12-34\n linux /c\n}\n"
	"}\n"
	"menuentry 'D' { linux /d\n}\n";

static void chooses(const char *env, const char *kernel)
{
	struct boot_entries *es = grub(menu, env);

	assert_int_equal(es->n, 4);
	assert_string_equal(es->e[es->chosen].kernel, kernel);
	free(es);
}

static void test_the_default_is_a_number_an_id_or_a_way_through_menus(void **state)
{
	struct boot_entries *es = grub(menu, NULL);

	(void)state;
	assert_string_equal(es->e[2].root, "uuid:12-34");
	assert_string_equal(es->e[3].root, "");
	free(es);
	chooses(NULL, "/a");
	chooses("saved_entry=2\n", "/d");
	chooses("# x\nsaved_entry=1>1\n", "/c");
	chooses("saved_entry=more>b\n", "/b");
	chooses("saved_entry=1\n", "/b");
	chooses("saved_entry=D\n", "/d");
	chooses("saved_entry=gone\n", "/a");
}

static void test_nonsense_ends(void **state)
{
	static const char *const texts[] = {
		"", "}", "}}}}", "fi", "if", "if [", "menuentry {", "menuentry x {", "'", "\"$",
		"${",
		("submenu a { submenu b { submenu c { submenu d { "
		 "menuentry e { linux /k\n}}}}}"),
		/* an entry in an entry, and what follows in the outer one */
		"menuentry a { linux /k\n menuentry b { linux /k\n}\n menuentry c { linux /k\n}\n}",
		"if if if if if if if if if if if if if if if if if if if if if if if\nif\nif\nif\n"
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct boot_entries *es = grub(texts[i], NULL);

		for (uint32_t k = 0; k < es->n; k++)
			assert_string_equal(es->e[k].kernel, "/k");
		free(es);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocks_one_after_the_other_are_read_by_windows),
		cmocka_unit_test(test_a_file_and_the_map_of_its_blocks_are_both_kept),
		cmocka_unit_test(
			test_what_crosses_windows_is_whole_and_what_is_large_is_read_at_once),
		cmocka_unit_test(test_a_bad_block_is_an_error_of_who_asks_for_it_alone),
		cmocka_unit_test(test_an_image_without_a_table_is_one_file_system),
		cmocka_unit_test(test_logical_partitions_are_numbered_from_5),
		cmocka_unit_test(test_a_chain_of_tables_that_goes_round_ends),
		cmocka_unit_test(test_partitions_beyond_the_image_are_left_out),
		cmocka_unit_test(test_a_gpt_says_which_partition_is_the_efi_one),
		cmocka_unit_test(test_an_entry_file_becomes_an_entry),
		cmocka_unit_test(test_what_does_not_boot_here_is_no_entry),
		cmocka_unit_test(test_the_newest_entry_is_first_and_loader_conf_chooses),
		cmocka_unit_test(test_variables_quotes_and_conditions_are_read),
		cmocka_unit_test(test_functions_and_entries_without_linux_are_no_entries),
		cmocka_unit_test(test_the_default_is_a_number_an_id_or_a_way_through_menus),
		cmocka_unit_test(test_nonsense_ends),
	};

	return cmocka_run_group_tests_name("disk images that boot", tests, NULL, NULL);
}
