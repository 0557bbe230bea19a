/* SPDX-License-Identifier: Apache-2.0 */
/* Disks of a scenario: where a guest's changes go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/e2e/dyno_proc.h"

#define DISK (8u << 20)

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

static void write_scenario(const char *device)
{
	const char *build = getenv("DYNO_BUILD_DIR");
	char text[4096];

	snprintf(text, sizeof(text),
		"duration: 8s\n"
		"ui: headless\n"
		"guests:\n"
		"  g:\n"
		"    kernel: %s/guests/conformance.elf\n"
		"    cmdline: only=blk print=com1\n"
		"    %s\n"
		"checks:\n"
		"  - console: { guest: g, match: '^PASS blk.zeroes' }\n"
		"  - console: { guest: g, match: '^DONE' }\n",
		build, device);
	proc_write("disks.yaml", text);
}

static void run_device(const char *device)
{
	struct proc p;
	char *log;

	write_scenario(device);
	proc_run(&p, ARGS("run", "disks.yaml", "--headless"));
	log = proc_read("out/g.log");
	if (p.status != 0 || !log || strstr(log, "FAIL"))
		fail_msg("status %d\n%s\n%s\n%s", p.status, p.out, p.err, log ? log : "");
	free(log);
	proc_free(&p);
}

static void run(const char *disk)
{
	char device[1024];

	snprintf(device, sizeof(device), "disks: [ %s ]", disk);
	run_device(device);
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

static void qemu_img(const char *args)
{
	char cmd[4096];

	snprintf(cmd, sizeof(cmd), "qemu-img %s >/dev/null", args);
	assert_int_equal(system(cmd), 0);
}

/* To converted.img. */
static void convert(const char *name)
{
	char from[2048], args[4096];

	snprintf(from, sizeof(from), "%s", proc_path(name));
	snprintf(args, sizeof(args), "convert -O raw %s %s", from, proc_path("converted.img"));
	qemu_img(args);
}

static void test_changes_go_into_a_qcow2_image(void **state)
{
	char args[4096];

	(void)state;
	snprintf(args, sizeof(args), "create -f qcow2 %s 8M", proc_path("disk.qcow2"));
	qemu_img(args);
	run("{ file: disk.qcow2, overlay: none, serial: ROOT, queues: 2 }");
	snprintf(args, sizeof(args), "check %s", proc_path("disk.qcow2"));
	qemu_img(args);
	convert("disk.qcow2");
	assert_true(was_written("converted.img"));
	assert_false(proc_exists("out/.nbd-g-0"));
}

static void test_memory_over_a_vmdk_image_leaves_it_alone(void **state)
{
	char args[4096];

	(void)state;
	snprintf(args, sizeof(args), "create -f vmdk %s 8M", proc_path("disk.vmdk"));
	qemu_img(args);
	run("{ file: disk.vmdk, queues: 4 }");
	convert("disk.vmdk");
	assert_false(was_written("converted.img"));
}

static void test_changes_go_into_a_qcow2_file_over_a_raw_image(void **state)
{
	(void)state;
	make_image();
	run("{ file: disk.img, overlay: kept.qcow2 }");
	/* It goes on where it was. */
	run("{ file: disk.img, overlay: kept.qcow2 }");
	assert_false(was_written("disk.img"));
	convert("kept.qcow2");
	assert_true(was_written("converted.img"));
}

static void test_an_image_that_is_none_ends_the_run_with_its_reason(void **state)
{
	struct proc p;

	(void)state;
	make_image();
	write_scenario("disks: [ { file: disk.img, format: qcow2 } ]");
	assert_int_not_equal(proc_run(&p, ARGS("run", "disks.yaml", "--headless")), 0);
	assert_non_null(strstr(p.err, "qemu-nbd g-0"));
	proc_free(&p);
}

static void test_image_that_another_writes_to_is_refused(void **state)
{
	struct proc p;
	int fd;

	(void)state;
	make_image();
	fd = open(proc_path("disk.img"), O_RDWR | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	write_scenario("disks: [ disk.img ]");
	assert_int_equal(proc_run(&p, ARGS("run", "disks.yaml", "--headless")), 3);
	assert_non_null(strstr(p.err, "is in use by another"));
	proc_free(&p);
	close(fd);
}

/* A standard vhost-user program behind the same driver and the same checks. */
static void test_a_disk_that_qemu_serves_over_vhost_user(void **state)
{
	char blockdev[2048], export[2048], sock[1024];
	pid_t pid;

	(void)state;
	if (system("qemu-storage-daemon --version >/dev/null 2>&1") != 0)
		skip();
	make_image();
	snprintf(sock, sizeof(sock), "%s", proc_path("blk.sock"));
	snprintf(blockdev, sizeof(blockdev), "file,filename=%s,node-name=d,discard=unmap",
		proc_path("disk.img"));
	snprintf(export, sizeof(export),
		"vhost-user-blk,id=e,node-name=d,writable=on,num-queues=2,addr.type=unix,addr.path=%s",
		sock);
	pid = fork();
	if (pid == 0) {
		execlp("qemu-storage-daemon", "qemu-storage-daemon", "--blockdev", blockdev,
			"--export", export, (char *)NULL);
		_exit(127);
	}
	assert_true(pid > 0);
	for (unsigned int i = 0; i < 1000 && !proc_exists("blk.sock"); i++)
		usleep(10 * 1000);
	run_device("vhost_user: [{ id: 2, socket: blk.sock, queues: 2, config_bytes: 60 }]");
	kill(pid, SIGTERM);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(was_written("disk.img"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes_are_lost_by_default),
		cmocka_unit_test(test_changes_go_into_the_image_on_request),
		cmocka_unit_test(test_changes_go_into_a_copy_that_is_kept),
		cmocka_unit_test(test_image_that_another_writes_to_is_refused),
		cmocka_unit_test(test_changes_go_into_a_qcow2_image),
		cmocka_unit_test(test_memory_over_a_vmdk_image_leaves_it_alone),
		cmocka_unit_test(test_changes_go_into_a_qcow2_file_over_a_raw_image),
		cmocka_unit_test(test_an_image_that_is_none_ends_the_run_with_its_reason),
		cmocka_unit_test(test_a_disk_that_qemu_serves_over_vhost_user),
	};

	proc_need_kvm();
	return cmocka_run_group_tests(tests, NULL, proc_group_teardown);
}
