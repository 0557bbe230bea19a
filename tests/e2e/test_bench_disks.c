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
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/e2e/dyno_proc.h"

#define DISK (8u << 20)

/* What an image begins with; the conformance guest writes over it. */
static const char line[] = "from the host\n";

static void make_image(void)
{
	int fd = open(proc_path("disk.img"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, line, strlen(line)), strlen(line));
	assert_int_equal(ftruncate(fd, DISK), 0);
	close(fd);
}

static bool was_written(const char *name)
{
	int fd = open(proc_path(name), O_RDONLY | O_CLOEXEC);
	char first[sizeof(line) - 1];

	assert_true(fd >= 0);
	assert_int_equal(read(fd, first, sizeof(first)), sizeof(first));
	close(fd);
	return memcmp(first, line, sizeof(first)) != 0;
}

static void write_scenario(const char *device)
{
	const char *build = getenv("DYNO_BUILD_DIR");
	char text[4096];

	snprintf(text, sizeof(text),
		"duration: 30s\n"
		"end_when: guests-ended\n"
		"ui: headless\n"
		"guests:\n"
		"  g:\n"
		"    kernel: %s/guests/conformance.elf\n"
		"    cmdline: only=blk blk=show print=com1\n"
		"    %s\n"
		"checks:\n"
		"  - console: { guest: g, match: '^PASS blk.zeroes' }\n"
		"  - console: { guest: g, match: '^DONE' }\n",
		build, device);
	proc_write("disks.yaml", text);
}

/* The guest finds the host's line on the disk, unless somebody wrote to it before. */
static void run_device(const char *device, bool written)
{
	struct proc p;
	char *log;

	write_scenario(device);
	proc_run(&p, ARGS("run", "disks.yaml", "--headless"));
	log = proc_read("out/g.log");
	if (p.status != 0 || !log || strstr(log, "FAIL"))
		fail_msg("status %d\n%s\n%s\n%s", p.status, p.out, p.err, log ? log : "");
	if (written)
		assert_null(strstr(log, "disk: from the host"));
	else
		proc_has(log, "disk: from the host");
	free(log);
	proc_free(&p);
}

static void run_disk(const char *disk, bool written)
{
	char device[1024];

	snprintf(device, sizeof(device), "disks: [ %s ]", disk);
	run_device(device, written);
}

static void run(const char *disk)
{
	run_disk(disk, false);
}

static void run_again(const char *disk)
{
	run_disk(disk, true);
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

static void convert(const char *format, const char *from, const char *to)
{
	char args[4096];

	snprintf(args, sizeof(args), "convert -O %s %s %s", format, proc_path(from), proc_path(to));
	qemu_img(args);
}

/* Whether an image of another format than raw was. */
static bool inside_was_written(const char *name)
{
	convert("raw", name, "converted.img");
	return was_written("converted.img");
}

/* A guest reads what the image of the format has, and writes to it. */
static void write_through(const char *format, const char *name)
{
	char disk[256];

	make_image();
	convert(format, "disk.img", name);
	snprintf(disk, sizeof(disk), "{ file: %s, overlay: none, serial: ROOT, queues: 2 }", name);
	run(disk);
	assert_true(inside_was_written(name));
	assert_false(was_written("disk.img"));
	assert_false(proc_exists("out/.nbd-g-0"));
}

static void check(const char *name)
{
	char args[1024];

	snprintf(args, sizeof(args), "check %s", proc_path(name));
	qemu_img(args);
}

static void test_changes_go_into_a_qcow2_image(void **state)
{
	(void)state;
	write_through("qcow2", "disk.qcow2");
	check("disk.qcow2");
}

static void test_changes_go_into_a_vhdx_image(void **state)
{
	(void)state;
	write_through("vhdx", "disk.vhdx");
	check("disk.vhdx");
}

static void test_changes_go_into_a_vhd_image(void **state)
{
	(void)state;
	write_through("vpc", "disk.vhd");
}

static void test_memory_over_a_vmdk_image_leaves_it_alone(void **state)
{
	(void)state;
	make_image();
	convert("vmdk", "disk.img", "disk.vmdk");
	run("{ file: disk.vmdk, queues: 4 }");
	assert_false(inside_was_written("disk.vmdk"));
}

static void test_changes_go_into_a_qcow2_file_over_a_raw_image(void **state)
{
	(void)state;
	make_image();
	run("{ file: disk.img, overlay: kept.qcow2 }");
	/* It goes on where it was. */
	run_again("{ file: disk.img, overlay: kept.qcow2 }");
	assert_false(was_written("disk.img"));
	assert_true(inside_was_written("kept.qcow2"));
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

/* A server of disk.img, once its socket is there. */
static pid_t start_server(const char *const *argv, const char *socket)
{
	pid_t pid = fork();

	if (pid == 0) {
		/* Also when a check fails and nobody stops it. */
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	assert_true(pid > 0);
	for (unsigned int i = 0; i < 1000 && !proc_exists(socket); i++)
		usleep(10 * 1000);
	assert_true(proc_exists(socket));
	return pid;
}

/* What the guest flushed is there, however the server ends. */
static void stop_server(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void test_a_disk_of_an_nbd_server_by_its_uri(void **state)
{
	char disk[1024], socket[512], image[512];
	pid_t pid;

	(void)state;
	make_image();
	snprintf(socket, sizeof(socket), "%s", proc_path("nbd.sock"));
	snprintf(image, sizeof(image), "%s", proc_path("disk.img"));
	pid = start_server(ARGS("qemu-nbd", "--socket", socket, "--persistent", "--shared=4",
				   "--format=raw", "--export-name=disk", image),
		"nbd.sock");
	snprintf(disk, sizeof(disk), "{ uri: 'nbd+unix:///disk?socket=%s' }", socket);
	run(disk);
	assert_false(was_written("disk.img"));
	snprintf(disk, sizeof(disk),
		"{ uri: 'nbd+unix:///disk?socket=%s', overlay: none, queues: 2 }", socket);
	run(disk);
	stop_server(pid);
	assert_true(was_written("disk.img"));
}

/* A standard vhost-user program behind the same driver and the same checks. */
static void test_a_disk_that_qemu_serves_over_vhost_user(void **state)
{
	char blockdev[2048], export[2048];
	pid_t pid;

	(void)state;
	if (system("qemu-storage-daemon --version >/dev/null 2>&1") != 0) {
		print_message("skipped: no program qemu-storage-daemon\n");
		skip();
	}
	make_image();
	snprintf(blockdev, sizeof(blockdev), "file,filename=%s,node-name=d,discard=unmap",
		proc_path("disk.img"));
	snprintf(export, sizeof(export),
		"vhost-user-blk,id=e,node-name=d,writable=on,num-queues=2,addr.type=unix,addr.path=%s",
		proc_path("blk.sock"));
	pid = start_server(ARGS("qemu-storage-daemon", "--blockdev", blockdev, "--export", export),
		"blk.sock");
	run_device("vhost_user: [{ id: 2, socket: blk.sock, queues: 2, config_bytes: 60 }]", false);
	stop_server(pid);
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
		cmocka_unit_test(test_changes_go_into_a_vhdx_image),
		cmocka_unit_test(test_changes_go_into_a_vhd_image),
		cmocka_unit_test(test_memory_over_a_vmdk_image_leaves_it_alone),
		cmocka_unit_test(test_changes_go_into_a_qcow2_file_over_a_raw_image),
		cmocka_unit_test(test_an_image_that_is_none_ends_the_run_with_its_reason),
		cmocka_unit_test(test_a_disk_of_an_nbd_server_by_its_uri),
		cmocka_unit_test(test_a_disk_that_qemu_serves_over_vhost_user),
	};

	proc_need_kvm();
	return cmocka_run_group_tests(tests, NULL, proc_group_teardown);
}
