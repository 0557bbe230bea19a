/* SPDX-License-Identifier: Apache-2.0 */
/* Disks of a run, without a guest: URIs, images that are not what they are called. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/bench/disk.h"

static struct disk_uri parse(const char *text)
{
	struct disk_uri u;
	struct err e = { 0 };

	if (disk_uri_parse(&u, text, &e) < 0)
		fail_msg("%s", e.text);
	return u;
}

static void expect_uri(
	const char *text, const char *host, const char *port, const char *export_name)
{
	struct disk_uri u = parse(text);

	assert_string_equal(u.host, host);
	assert_string_equal(u.port, port);
	assert_string_equal(u.export_name, export_name);
	assert_string_equal(u.socket, "");
}

static void test_servers_are_named_by_uris(void **state)
{
	struct disk_uri u;

	(void)state;
	expect_uri("nbd://host", "host", "10809", "");
	expect_uri("nbd://host/", "host", "10809", "");
	expect_uri("nbd://host:1234/a/b", "host", "1234", "a/b");
	expect_uri("nbd://[fe80::1]/x", "fe80::1", "10809", "x");
	expect_uri("nbd://[::1]:99/x%20y", "::1", "99", "x y");
	u = parse("nbd+unix:///disk?socket=/run/a%20b");
	assert_string_equal(u.socket, "/run/a b");
	assert_string_equal(u.export_name, "disk");
	assert_string_equal(u.host, "");
	u = parse("nbd+unix:///?socket=relative");
	assert_string_equal(u.socket, "relative");
}

static void test_what_is_no_uri_is_refused(void **state)
{
	static const char *const bad[] = { "", "nbd:", "nbd://", "nbd:///x", "nbds://host/",
		"http://host", "nbd://host:/x", "nbd://host:80a/x", "nbd://host:123456789/x",
		"nbd://[::1/x", "nbd://[::1]x/", "nbd://host/%", "nbd://host/%1", "nbd://host/%zz",
		"nbd://host/%00", "nbd://host/?socket=x", "nbd+unix://", "nbd+unix:///",
		"nbd+unix:///x?socket=", "nbd+unix:///x?sock=/a", "nbd+unix://host/x?socket=/a",
		"nbd+unix:///x?socket=/a&tls=1" };
	char longest[400];
	struct disk_uri u;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (disk_uri_parse(&u, bad[i], NULL) != -EINVAL)
			fail_msg("\"%s\" was taken", bad[i]);
	}
	snprintf(longest, sizeof(longest), "nbd+unix:///?socket=%0108d", 0);
	assert_int_equal(disk_uri_parse(&u, longest, NULL), -EINVAL);
	snprintf(longest, sizeof(longest), "nbd+unix:///?socket=%0107d", 0);
	assert_int_equal(disk_uri_parse(&u, longest, NULL), 0);
	snprintf(longest, sizeof(longest), "nbd://h/%0256d", 0);
	assert_int_equal(disk_uri_parse(&u, longest, NULL), -EINVAL);
}

static void make_image(char *path, size_t cap, const char *head)
{
	const char *build = getenv("DYNO_BUILD_DIR");
	int fd;

	snprintf(path, cap, "%s/disk-%d.img", build ? build : ".", (int)getpid());
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 4096), 0);
	assert_int_equal(pwrite(fd, head, strlen(head), 0), strlen(head));
	close(fd);
}

static void test_a_raw_disk_that_looks_like_another_must_be_called_raw(void **state)
{
	static const char *const heads[] = { "QFI\xfb", "KDMV", "vhdxfile", "conectix" };
	char path[4200];
	struct scenario_disk sd = { .file = path, .format = SCENARIO_FORMAT_RAW, .queues = 1 };
	struct disk d;
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		e = (struct err){ 0 };
		make_image(path, sizeof(path), heads[i]);
		sd.own_format = false;
		assert_int_equal(disk_open(&d, &sd, NULL, "g-0", ".", &e), -EINVAL);
		assert_non_null(strstr(e.text, "or `format: raw`"));
		sd.own_format = true;
		assert_int_equal(disk_open(&d, &sd, NULL, "g-0", ".", &e), 0);
		assert_false(disk_is_nbd(&d));
		disk_close(&d);
		unlink(path);
	}
}

static void test_two_may_read_and_one_may_write(void **state)
{
	char path[4200];
	const struct scenario_disk reads = {
		.file = path, .format = SCENARIO_FORMAT_RAW, .queues = 1
	};
	struct scenario_disk writes = reads;
	struct disk a, b;
	struct err e = { 0 };

	(void)state;
	writes.overlay = SCENARIO_OVERLAY_NONE;
	make_image(path, sizeof(path), "");
	assert_int_equal(disk_open(&a, &reads, NULL, "g-0", ".", &e), 0);
	assert_int_equal(disk_open(&b, &reads, NULL, "g-1", ".", &e), 0);
	disk_close(&b);
	assert_int_equal(disk_open(&b, &writes, NULL, "g-1", ".", &e), -EBUSY);
	assert_non_null(strstr(e.text, "in use by another guest or run"));
	disk_close(&a);
	assert_int_equal(disk_open(&a, &writes, NULL, "g-0", ".", &e), 0);
	disk_close(&a);
	unlink(path);
}

/* As after the end of a process with an io_uring, whose files the kernel closes later. */
static void test_who_holds_a_disk_for_a_moment_is_waited_for(void **state)
{
	char path[4200];
	const struct scenario_disk sd = {
		.file = path, .format = SCENARIO_FORMAT_RAW, .overlay = SCENARIO_OVERLAY_NONE
	};
	struct err e = { 0 };
	int fd, status;
	struct disk d;
	pid_t pid;

	(void)state;
	make_image(path, sizeof(path), "");
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	pid = fork();
	if (pid == 0) {
		usleep(50 * 1000);
		_exit(0);
	}
	assert_true(pid > 0);
	close(fd); /* the child has the last copy */
	assert_int_equal(disk_open(&d, &sd, NULL, "g-0", ".", &e), 0);
	disk_close(&d);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	unlink(path);
}

static void test_a_server_that_is_not_there_is_an_error(void **state)
{
	const struct scenario_disk sd = { .uri = "nbd+unix:///?socket=/nonexistent/socket",
		.queues = 2 };
	int fds[DISK_MAX_CONNECTIONS];
	unsigned int n;
	struct disk d;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(disk_open(&d, &sd, NULL, "g-0", ".", &e), 0);
	assert_true(disk_is_nbd(&d));
	assert_int_equal(disk_connect(&d, fds, &n, &e), -ENOENT);
	assert_int_equal(n, 0);
	assert_non_null(strstr(e.text, "/nonexistent/socket"));
	disk_close(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_servers_are_named_by_uris),
		cmocka_unit_test(test_what_is_no_uri_is_refused),
		cmocka_unit_test(test_a_raw_disk_that_looks_like_another_must_be_called_raw),
		cmocka_unit_test(test_two_may_read_and_one_may_write),
		cmocka_unit_test(test_who_holds_a_disk_for_a_moment_is_waited_for),
		cmocka_unit_test(test_a_server_that_is_not_there_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
