/* SPDX-License-Identifier: Apache-2.0 */
/* The ports of the block device: a file with aligned and unaligned memory, an overlay over it. */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/blk_user.h"
#include "tests/support/direct_io.h"

#define BYTES (4u << 20)

static char path[256];

static int open_image(void)
{
	const char *dir = getenv("DYNO_BUILD_DIR");
	int fd;

	snprintf(path, sizeof(path), "%s/blk-ports-%d.img", dir ? dir : ".", (int)getpid());
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, BYTES), 0);
	return fd;
}

static struct blk_port *make_port(int fd, bool read_only)
{
	struct blk_port *p;
	struct err e = { 0 };
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	if (blk_port_file_new(&p, copy, read_only, 256, &e) < 0)
		fail_msg("%s", e.text);
	return p;
}

static struct blk_port *open_port(int fd, bool read_only)
{
	struct blk_port *p = make_port(fd, read_only);

	blk_user_start(p);
	return p;
}

/* One request, waited for by the loop. */
static int go(struct blk_port *p, enum blk_op op, uint64_t off, uint64_t len,
	const struct iovec *iov, unsigned int n, bool durable, bool unmap)
{
	return blk_user_do(p, (struct blk_io){ .op = op,
				      .off = off,
				      .len = len,
				      .iov = iov,
				      .n_iov = n,
				      .durable = durable,
				      .unmap = unmap });
}

static void test_what_is_written_lies_in_the_file(void **state)
{
	static uint8_t a[65536] __attribute__((aligned(4096))), b[65536];
	const struct iovec iov = { a, sizeof(a) };
	int fd = open_image();
	struct blk_port *p = open_port(fd, false);

	(void)state;
	blk_user_fill(a, sizeof(a), 1);
	assert_int_equal(p->capacity_bytes, BYTES);
	assert_int_equal(go(p, BLK_WRITE, 512 * 3, sizeof(a), &iov, 1, true, false), 0);
	assert_int_equal(go(p, BLK_FLUSH, 0, 0, NULL, 0, false, false), 0);
	blk_user_stop(p);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_DIRECT);
	assert_int_equal(pread(fd, b, sizeof(b), 512 * 3), sizeof(b));
	assert_memory_equal(a, b, sizeof(a));
	close(fd);
	unlink(path);
}

static void test_page_cache_is_passed_by_where_the_file_system_permits(void **state)
{
	static uint8_t a[4096] __attribute__((aligned(4096)));
	const struct iovec iov = { a, sizeof(a) };
	int fd = open_image();
	struct blk_port *p;

	(void)state;
	if (!file_has_direct_io(path)) {
		print_message("skipped: the file system of %s has no O_DIRECT\n", path);
		close(fd);
		unlink(path);
		skip();
	}
	p = open_port(fd, false);
	assert_true(blk_port_file_is_direct(p));
	/* The port's descriptor is a copy of this one: they share their flags. */
	assert_true(fcntl(fd, F_GETFL) & O_DIRECT);
	assert_int_equal(go(p, BLK_WRITE, 4096, sizeof(a), &iov, 1, false, false), 0);
	assert_int_equal(go(p, BLK_READ, 4096, sizeof(a), &iov, 1, false, false), 0);
	assert_true(fcntl(fd, F_GETFL) & O_DIRECT);
	blk_user_stop(p);
	close(fd);
	unlink(path);
}

static void test_unaligned_pieces_go_through_bounce_buffers(void **state)
{
	static uint8_t a[1u << 20], b[1u << 20];
	const struct iovec out[] = { { a + 1, 99 }, { a + 100, 700000 },
		{ a + 700100, 348475 - 99 } };
	const struct iovec in[] = { { b + 1, 699 }, { b + 700, 1048575 - 700 }, { b, 1 } };
	uint64_t len = 0;
	int fd = open_image();
	struct blk_port *p = open_port(fd, false);

	(void)state;
	blk_user_fill(a, sizeof(a), 2);
	for (size_t i = 0; i < 3; i++)
		len += out[i].iov_len;
	len &= ~UINT64_C(511);
	assert_int_equal(go(p, BLK_WRITE, 0, len, out, 3, false, false), 0);
	assert_int_equal(go(p, BLK_READ, 0, len, in, 3, false, false), 0);
	assert_memory_equal(a + 1, b + 1, len);
	blk_user_stop(p);
	close(fd);
	unlink(path);
}

static void test_many_unaligned_requests_share_the_buffers(void **state)
{
	static uint8_t a[32][4096 + 1];
	static struct blk_one o[32];
	struct iovec iov[32];
	uint8_t b[4096] __attribute__((aligned(4096)));
	const struct iovec back = { b, sizeof(b) };
	int fd = open_image();
	struct blk_port *p = open_port(fd, false);

	(void)state;
	for (unsigned int i = 0; i < 32; i++) {
		blk_user_fill(a[i], sizeof(a[i]), i);
		iov[i] = (struct iovec){ a[i] + 1, 4096 };
		o[i] = (struct blk_one){ .io = { .op = BLK_WRITE,
						 .off = i * 4096u,
						 .len = 4096,
						 .iov = &iov[i],
						 .n_iov = 1 } };
		blk_user_submit(p, &o[i]);
	}
	p->ops->commit(p);
	p->ops->drain(p);
	for (unsigned int i = 0; i < 32; i++) {
		assert_true(o[i].done);
		assert_int_equal(o[i].rc, 0);
		assert_int_equal(go(p, BLK_READ, i * 4096u, 4096, &back, 1, false, false), 0);
		assert_memory_equal(b, a[i] + 1, 4096);
	}
	blk_user_stop(p);
	close(fd);
	unlink(path);
}

static void test_zeroes_and_discards_read_as_zeroes(void **state)
{
	static uint8_t a[65536] __attribute__((aligned(4096))), zero[65536];
	const struct iovec iov = { a, sizeof(a) };
	int fd = open_image();
	struct blk_port *p = open_port(fd, false);

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		blk_user_fill(a, sizeof(a), 3);
		assert_int_equal(go(p, BLK_WRITE, 0, sizeof(a), &iov, 1, false, false), 0);
		assert_int_equal(go(p, i < 2 ? BLK_ZEROES : BLK_DISCARD, 0, sizeof(a), NULL, 0,
					 i == 0, i == 1),
			0);
		assert_int_equal(go(p, BLK_READ, 0, sizeof(a), &iov, 1, false, false), 0);
		assert_memory_equal(a, zero, sizeof(a));
	}
	blk_user_stop(p);
	close(fd);
	unlink(path);
}

static void test_file_that_was_cut_is_an_error_and_not_zeroes(void **state)
{
	static uint8_t a[4096] __attribute__((aligned(4096)));
	const struct iovec iov = { a, sizeof(a) };
	int fd = open_image();
	struct blk_port *p = open_port(fd, false);

	(void)state;
	assert_int_equal(ftruncate(fd, 8192), 0);
	assert_int_equal(go(p, BLK_READ, 65536, 4096, &iov, 1, false, false), -EIO);
	blk_user_stop(p);
	close(fd);
	unlink(path);
}

static void test_read_only_port_refuses_changes(void **state)
{
	static uint8_t a[512] __attribute__((aligned(4096)));
	const struct iovec iov = { a, sizeof(a) };
	int fd = open_image();
	struct blk_port *p = open_port(fd, true);

	(void)state;
	assert_int_equal(go(p, BLK_WRITE, 0, 512, &iov, 1, false, false), -EROFS);
	assert_int_equal(go(p, BLK_DISCARD, 0, 512, NULL, 0, false, false), -EROFS);
	assert_int_equal(go(p, BLK_READ, 0, 512, &iov, 1, false, false), 0);
	blk_user_stop(p);
	close(fd);
	unlink(path);
}

static void test_overlay_leaves_its_base_as_it_was(void **state)
{
	static uint8_t a[8192] __attribute__((aligned(4096))), b[8192], old[8192];
	const struct iovec w = { a, 512 }, r = { b, sizeof(b) };
	int fd = open_image();
	struct blk_port *base, *p;

	(void)state;
	blk_user_fill(old, sizeof(old), 9);
	assert_int_equal(pwrite(fd, old, sizeof(old), 0), sizeof(old));
	base = make_port(fd, true);
	assert_int_equal(blk_port_overlay_new(&p, base, 1u << 20), 0);
	blk_user_start(p);
	blk_user_fill(a, sizeof(a), 10);
	assert_int_equal(go(p, BLK_WRITE, 1024, 512, &w, 1, false, false), 0);
	assert_int_equal(go(p, BLK_READ, 0, sizeof(b), &r, 1, false, false), 0);
	assert_memory_equal(b, old, 1024);
	assert_memory_equal(b + 1024, a, 512);
	assert_memory_equal(b + 1536, old + 1536, sizeof(old) - 1536);
	assert_int_equal(blk_port_overlay_bytes(p), 65536);
	blk_user_stop(p);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_DIRECT);
	assert_int_equal(pread(fd, b, sizeof(b), 0), sizeof(b));
	assert_memory_equal(b, old, sizeof(old));
	close(fd);
	unlink(path);
}

static void test_what_is_no_disk_is_refused(void **state)
{
	struct blk_port *p = NULL;
	struct err e = { 0 };
	int fd = open_image(), empty = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)state;
	assert_int_equal(blk_port_file_new(&p, empty, false, 1, &e), -EINVAL);
	assert_non_null(strstr(e.text, "neither a file nor"));
	assert_int_equal(ftruncate(fd, 100), 0);
	assert_int_equal(
		blk_port_file_new(&p, fcntl(fd, F_DUPFD_CLOEXEC, 0), false, 1, &e), -EINVAL);
	close(fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(truncate(path, BYTES), 0);
	assert_int_equal(blk_port_file_new(&p, fd, false, 1, &e), -EACCES);
	assert_null(p);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_written_lies_in_the_file),
		cmocka_unit_test(test_page_cache_is_passed_by_where_the_file_system_permits),
		cmocka_unit_test(test_unaligned_pieces_go_through_bounce_buffers),
		cmocka_unit_test(test_many_unaligned_requests_share_the_buffers),
		cmocka_unit_test(test_zeroes_and_discards_read_as_zeroes),
		cmocka_unit_test(test_file_that_was_cut_is_an_error_and_not_zeroes),
		cmocka_unit_test(test_read_only_port_refuses_changes),
		cmocka_unit_test(test_overlay_leaves_its_base_as_it_was),
		cmocka_unit_test(test_what_is_no_disk_is_refused),
	};
	struct io_uring ring;
	int rc = io_uring_queue_init(1, &ring, 0);

	if (rc < 0) {
		printf("skipped: no io_uring here: %s\n", strerror(-rc));
		return 77;
	}
	io_uring_queue_exit(&ring);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
