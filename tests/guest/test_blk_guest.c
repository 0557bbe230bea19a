/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest with disks on dyno-vm: the conformance guest's verdicts, what lies in the file
 * afterwards, and what does after kill -9.
 */
#include <fcntl.h>
#include <liburing.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/direct_io.h"
#include "tests/support/nbd_server.h"
#include "tests/support/vm_expect.h"

#define DISK   (16u << 20)
#define SECTOR 512u

static char path[4096];

static int image(void)
{
	const char *build = getenv("DYNO_BUILD_DIR");
	int fd;

	snprintf(path, sizeof(path), "%s/blk-guest-%d.img", build ? build : ".", (int)getpid());
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, DISK), 0);
	return fd;
}

/* As assets/guests/conformance/blk.c has it. */
static void expect_sector(int fd, uint64_t sector, uint64_t as_if, uint8_t salt)
{
	uint8_t got[SECTOR], want[SECTOR];

	for (uint32_t i = 0; i < SECTOR; i++)
		want[i] = (uint8_t)(as_if * 31 + i * 7 + salt);
	assert_int_equal(pread(fd, got, SECTOR, (off_t)(sector * SECTOR)), SECTOR);
	assert_memory_equal(got, want, SECTOR);
}

static void start(struct vmh *h, int fd, const char *cmdline, json_t *disk_take)
{
	struct vmh_config cfg = {
		.kernel = vm_guest("conformance"), .cmdline = cmdline, .fds = &fd, .n_fds = 1
	};

	json_object_set_new(disk_take, "type", json_string("blk"));
	cfg.more_take = json_pack("{s:[o]}", "devices", disk_take);
	vmh_start(h, &cfg);
}

static void run(int fd, const char *cmdline, json_t *disk_take)
{
	struct vmh h;

	start(&h, fd, cmdline, disk_take);
	vm_expect_passed(&h);
	vm_expect_said(&h, "PASS blk.read");
	vm_expect_said(&h, "serial=DYNO0001 queues=4");
	vmh_stop(&h);
}

static void run_on_the_file(const char *cmdline)
{
	int fd = image();

	run(fd, cmdline,
		json_pack("{s:i,s:s,s:i}", "fd", VMH_FD_FIRST, "serial", "DYNO0001", "queues", 4));
	close(fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	expect_sector(fd, 0, 0, 1);
	expect_sector(fd, 15, 15, 1);
	expect_sector(fd, 33, 33, 1);
	expect_sector(fd, DISK / SECTOR - 1, 63, 1);
	close(fd);
	unlink(path);
}

static void test_what_the_guest_wrote_lies_in_the_file(void **state)
{
	(void)state;
	run_on_the_file("print=com1 only=blk");
}

static void test_packed_rings_do_the_same(void **state)
{
	(void)state;
	run_on_the_file("print=com1 only=blk ring=packed");
}

static void test_overlay_passes_and_leaves_the_file_alone(void **state)
{
	uint8_t *all = malloc(DISK);
	int fd = image();

	(void)state;
	run(fd, "print=com1 only=blk",
		json_pack("{s:i,s:s,s:s,s:i}", "fd", VMH_FD_FIRST, "overlay", "memory", "serial",
			"DYNO0001", "queues", 4));
	close(fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_non_null(all);
	assert_int_equal(read(fd, all, DISK), DISK);
	for (size_t i = 0; i < DISK; i++)
		assert_int_equal(all[i], 0);
	free(all);
	close(fd);
	unlink(path);
}

static void test_memory_disk_passes(void **state)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)state;
	run(fd, "print=com1 only=blk",
		json_pack("{s:i,s:s,s:i}", "bytes", DISK, "serial", "DYNO0001", "queues", 4));
	close(fd);
}

/* "direct" of the first disk in dyno-vm's status. */
static bool status_is_direct(struct vmh *h)
{
	json_t *r = vmh_request(h, "status", NULL, VM_LIMIT_MS), *d;
	int direct = -1;
	size_t i;

	json_array_foreach (json_object_get(r, "devices"), i, d) {
		if (strcmp(json_string_value(json_object_get(d, "type")), "blk") == 0)
			direct = json_is_true(json_object_get(d, "direct"));
	}
	json_decref(r);
	assert_true(direct >= 0);
	return direct > 0;
}

static void test_status_tells_whether_the_page_cache_is_passed_by(void **state)
{
	struct vmh h;
	int fd = image();
	bool can = file_has_direct_io(path);

	(void)state;
	start(&h, fd, "print=com1 only=blk blk=writer", json_pack("{s:i}", "fd", VMH_FD_FIRST));
	assert_true(vmh_console(&h, "FLUSHED 2\n", VM_LIMIT_MS));
	assert_int_equal(status_is_direct(&h), can);
	/* dyno-vm's descriptor is a copy of ours: they share their flags. */
	assert_int_equal((fcntl(fd, F_GETFL) & O_DIRECT) != 0, can);
	vmh_stop(&h);
	close(fd);
	unlink(path);
}

static uint8_t served[DISK];

static void start_nbd(struct vmh *h, struct nbd_server *s, const char *cmdline)
{
	int fds[2] = { nbd_server_connect(s), nbd_server_connect(s) };
	struct vmh_config cfg = {
		.kernel = vm_guest("conformance"), .cmdline = cmdline, .fds = fds, .n_fds = 2
	};

	cfg.more_take = json_pack("{s:[{s:s,s:s,s:i,s:{s:[{s:i},{s:i}]}}]}", "devices", "type",
		"blk", "serial", "DYNO0001", "queues", 4, "nbd", "sockets", "fd", VMH_FD_FIRST,
		"fd", VMH_FD_FIRST + 1);
	vmh_start(h, &cfg);
	close(fds[0]);
	close(fds[1]);
}

static void test_disk_of_an_nbd_server_passes(void **state)
{
	struct nbd_server s = {
		.bytes = DISK, .flags = NBD_F_USUAL | NBD_F_MULTI_CONN, .disk = served
	};
	struct vmh h;

	(void)state;
	start_nbd(&h, &s, "print=com1 only=blk");
	vm_expect_passed(&h);
	vm_expect_said(&h, "PASS blk.zeroes");
	vmh_stop(&h);
	nbd_server_stop(&s);
	/* As assets/guests/conformance/blk.c has it. */
	for (unsigned int i = 0; i < SECTOR; i++)
		assert_int_equal(served[15 * SECTOR + i], (uint8_t)(15 * 31 + i * 7 + 1));
}

static void test_a_dead_nbd_server_is_told_once_and_the_guest_goes_on(void **state)
{
	struct nbd_server s = { .bytes = DISK, .flags = NBD_F_USUAL, .disk = served };
	struct vmh h;
	json_t *e;

	(void)state;
	s.die = true;
	start_nbd(&h, &s, "print=com1 only=blk");
	e = vmh_event(&h, "device_error", VM_LIMIT_MS);
	assert_non_null(e);
	assert_string_equal(json_string_value(json_object_get(e, "device")), "blk0");
	assert_non_null(strstr(json_string_value(json_object_get(e, "text")), "NBD server"));
	json_decref(e);
	/* Its tests fail, and it comes to its end. */
	assert_true(vmh_console(&h, "\nDONE ", VM_LIMIT_MS));
	vm_expect_said(&h, "\nFAIL blk.");
	(void)vmh_wait(&h, VM_LIMIT_MS);
	assert_null(vmh_event(&h, "device_error", 0));
	vmh_stop(&h);
	nbd_server_stop(&s);
}

static void test_what_was_flushed_is_there_after_kill_9(void **state)
{
	const uint32_t room = (DISK / SECTOR - 2048) / 64;
	const char *last = NULL;
	char text[32];
	struct vmh h;
	unsigned int n = 0;
	int fd = image();

	(void)state;
	start(&h, fd, "print=com1 only=blk blk=writer", json_pack("{s:i}", "fd", VMH_FD_FIRST));
	assert_true(vmh_console(&h, "FLUSHED 20\n", VM_LIMIT_MS));
	kill(h.pid, SIGKILL);
	assert_int_equal(vmh_wait(&h, VM_LIMIT_MS), 128 + SIGKILL);
	for (const char *p = h.console; (p = strstr(p, "FLUSHED ")) != NULL; p++) {
		if (strchr(p, '\n'))
			last = p;
	}
	assert_non_null(last);
	assert_int_equal(sscanf(last, "%31s %u", text, &n), 2);
	assert_true(n < room);
	close(fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	for (uint32_t k = 0; k <= n; k++) {
		for (uint32_t s = 0; s < 64; s++)
			expect_sector(fd, 2048 + k * 64 + s, 2048 + k * 64 + s, 2);
	}
	close(fd);
	unlink(path);
	vmh_stop(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_the_guest_wrote_lies_in_the_file),
		cmocka_unit_test(test_packed_rings_do_the_same),
		cmocka_unit_test(test_overlay_passes_and_leaves_the_file_alone),
		cmocka_unit_test(test_memory_disk_passes),
		cmocka_unit_test(test_status_tells_whether_the_page_cache_is_passed_by),
		cmocka_unit_test(test_what_was_flushed_is_there_after_kill_9),
		cmocka_unit_test(test_disk_of_an_nbd_server_passes),
		cmocka_unit_test(test_a_dead_nbd_server_is_told_once_and_the_guest_goes_on),
	};
	const char *why = vmh_unable();
	struct io_uring ring;

	if (why == NULL && io_uring_queue_init(1, &ring, 0) < 0)
		why = "this machine allows no io_uring";
	else if (why == NULL)
		io_uring_queue_exit(&ring);
	if (why != NULL) {
		printf("skipped: %s\n", why);
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
