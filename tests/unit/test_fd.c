/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptor helpers. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"

static void test_a_sealed_memfd_keeps_its_size(void **state)
{
	int fd = fd_memfd("t", 8192);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fd_size(fd), 8192);
	assert_true(fd_is_sealed(fd));
	assert_int_equal(ftruncate(fd, 0), -1);
	fd_close(&fd);
	assert_int_equal(fd, -1);
	fd_close(&fd); /* closing what is closed is legal */
}

static void test_a_plain_file_does_not_count_as_sealed(void **state)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_false(fd_is_sealed(fd));
	fd_close(&fd);
}

static void test_slurp_reads_all_and_refuses_what_is_too_large(void **state)
{
	int fd = memfd_create("t", 0);
	char data[10000];
	uint8_t *buf = NULL;
	size_t len = 0;

	(void)state;
	memset(data, 'x', sizeof(data));
	assert_int_equal(fd_write_all(fd, data, sizeof(data)), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(fd_slurp(fd, sizeof(data), &buf, &len), 0);
	assert_int_equal(len, sizeof(data));
	assert_int_equal(buf[len], 0);
	free(buf);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(fd_slurp(fd, sizeof(data) - 1, &buf, &len), -EFBIG);
	fd_close(&fd);
}

static void test_slurp_reads_a_pipe_of_unknown_length(void **state)
{
	int p[2];
	uint8_t *buf = NULL;
	size_t len = 0;
	char data[6000];

	(void)state;
	memset(data, 'y', sizeof(data));
	assert_int_equal(pipe(p), 0);
	assert_int_equal(fd_write_all(p[1], data, sizeof(data)), 0);
	close(p[1]);
	assert_int_equal(fd_slurp(p[0], 65536, &buf, &len), 0);
	assert_int_equal(len, sizeof(data));
	free(buf);
	close(p[0]);
}

static void test_a_missing_file_is_named(void **state)
{
	struct err e = { 0 };
	uint8_t *buf;
	size_t len;

	(void)state;
	assert_int_equal(file_slurp("/nonexistent/x", 10, &buf, &len, &e), -ENOENT);
	assert_non_null(strstr(e.text, "/nonexistent/x"));
}

static void test_folders_are_made_with_their_parents(void **state)
{
	char dir[] = "/tmp/dyno-test-XXXXXX", path[64];
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/a/b/c", dir);
	assert_int_equal(mkdir_p(path), 0);
	assert_int_equal(mkdir_p(path), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	for (const char *tail = "/a/b/c"; *tail; tail = tail + 2) {
		rmdir(path);
		*strrchr(path, '/') = '\0';
	}
	rmdir(dir);
	assert_int_equal(mkdir_p(""), -ENOENT);
	assert_int_equal(mkdir_p("/dev/null/x"), -ENOTDIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_sealed_memfd_keeps_its_size),
		cmocka_unit_test(test_a_plain_file_does_not_count_as_sealed),
		cmocka_unit_test(test_slurp_reads_all_and_refuses_what_is_too_large),
		cmocka_unit_test(test_slurp_reads_a_pipe_of_unknown_length),
		cmocka_unit_test(test_a_missing_file_is_named),
		cmocka_unit_test(test_folders_are_made_with_their_parents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
