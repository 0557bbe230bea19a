/* SPDX-License-Identifier: Apache-2.0 */
/* Disks of a scenario: where a guest's changes go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "tests/e2e/dyno_proc.h"

#define DISK (8u << 20)

static int group_teardown(void **state)
{
	(void)state;
	proc_folder_remove();
	return 0;
}

static void make_image(void)
{
	int fd = open(proc_path("disk.img"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, DISK), 0);
	close(fd);
}

/* The conformance guest writes to sector 0. */
static bool was_written(const char *name)
{
	static const uint8_t zero[512];
	int fd = open(proc_path(name), O_RDONLY | O_CLOEXEC);
	uint8_t first[512];

	assert_true(fd >= 0);
	assert_int_equal(read(fd, first, sizeof(first)), sizeof(first));
	close(fd);
	return memcmp(first, zero, sizeof(first)) != 0;
}

static void write_scenario(const char *disk)
{
	const char *build = getenv("DYNO_BUILD_DIR");
	char text[4096];

	snprintf(text, sizeof(text),
		"duration: 15s\n"
		"ui: headless\n"
		"guests:\n"
		"  g:\n"
		"    kernel: %s/guests/conformance.elf\n"
		"    cmdline: only=blk print=com1\n"
		"    disks: [ %s ]\n"
		"checks:\n"
		"  - console: { guest: g, match: '^PASS blk.zeroes' }\n"
		"  - console: { guest: g, match: '^DONE' }\n",
		build, disk);
	proc_write("disks.yaml", text);
}

static void run(const char *disk)
{
	struct proc p;
	char *log;

	write_scenario(disk);
	proc_run(&p, ARGS("run", "disks.yaml", "--headless"));
	log = proc_read("out/g.log");
	if (p.status != 0 || !log || strstr(log, "FAIL"))
		fail_msg("status %d\n%s\n%s\n%s", p.status, p.out, p.err, log ? log : "");
	free(log);
	proc_free(&p);
}

static void test_changes_are_lost_by_default(void **state)
{
	(void)state;
	make_image();
	run("disk.img");
	assert_false(was_written("disk.img"));
}

static void test_changes_go_into_the_image_on_request(void **state)
{
	(void)state;
	make_image();
	run("{ file: disk.img, overlay: none, serial: ROOT, queues: 2 }");
	assert_true(was_written("disk.img"));
}

static void test_changes_go_into_a_copy_that_is_kept(void **state)
{
	(void)state;
	make_image();
	run("{ file: disk.img, overlay: kept.img }");
	assert_false(was_written("disk.img"));
	assert_true(was_written("kept.img"));
	assert_false(proc_exists("kept.img.part"));
}

static void test_image_that_another_writes_to_is_refused(void **state)
{
	struct proc p;
	int fd;

	(void)state;
	make_image();
	fd = open(proc_path("disk.img"), O_RDWR | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	write_scenario("disk.img");
	assert_int_equal(proc_run(&p, ARGS("run", "disks.yaml", "--headless")), 3);
	assert_non_null(strstr(p.err, "is in use by another"));
	proc_free(&p);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes_are_lost_by_default),
		cmocka_unit_test(test_changes_go_into_the_image_on_request),
		cmocka_unit_test(test_changes_go_into_a_copy_that_is_kept),
		cmocka_unit_test(test_image_that_another_writes_to_is_refused),
	};

	if (access("/dev/kvm", R_OK | W_OK) < 0) {
		printf("skipped: /dev/kvm cannot be opened on this machine\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, group_teardown);
}
