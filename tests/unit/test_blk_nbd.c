/* SPDX-License-Identifier: Apache-2.0 */
/* The NBD port against a server that does what the test wants: also what no server should. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "tests/support/blk_user.h"
#include "tests/support/nbd_server.h"

#define BYTES (8u << 20)
#define DEPTH 64u

static uint8_t disk[BYTES];
static struct nbd_server server;
static unsigned int losses;

static void on_lost(void *ctx, const char *why)
{
	(void)ctx;
	(void)why;
	losses++;
}

static int open_with(struct blk_port **p, unsigned int n, bool read_only, struct err *e)
{
	int fds[BLK_NBD_MAX_CONNECTIONS];

	for (unsigned int i = 0; i < n; i++)
		fds[i] = nbd_server_connect(&server);
	return blk_port_nbd_new(p, fds, n, "", read_only, DEPTH, e);
}

static void usual_server(void)
{
	memset(disk, 0, sizeof(disk));
	losses = 0;
	server = (struct nbd_server){ .bytes = BYTES, .flags = NBD_F_USUAL, .disk = disk };
}

static struct blk_port *open_port(unsigned int n)
{
	struct blk_port *p;
	struct err e = { 0 };

	if (open_with(&p, n, false, &e) < 0)
		fail_msg("%s", e.text);
	p->lost = on_lost;
	blk_user_start(p);
	return p;
}

static void close_port(struct blk_port *p)
{
	blk_user_stop(p);
	nbd_server_stop(&server);
}

static int transfer(
	struct blk_port *p, enum blk_op op, uint64_t off, void *buf, size_t len, bool durable)
{
	const struct iovec iov = { buf, len };

	return blk_user_do(p, (struct blk_io){ .op = op,
				      .off = off,
				      .len = len,
				      .iov = &iov,
				      .n_iov = 1,
				      .durable = durable });
}

static void test_what_is_written_is_on_the_server(void **state)
{
	static uint8_t a[3u << 20], b[3u << 20];
	struct blk_port *p;

	(void)state;
	usual_server();
	p = open_port(1);
	assert_int_equal(p->capacity_bytes, BYTES);
	assert_false(p->read_only);
	blk_user_fill(a, sizeof(a), 1);
	assert_int_equal(transfer(p, BLK_WRITE, 512, a, sizeof(a), false), 0);
	assert_int_equal(transfer(p, BLK_READ, 512, b, sizeof(b), false), 0);
	assert_memory_equal(a, b, sizeof(a));
	assert_memory_equal(disk + 512, a, sizeof(a));
	assert_int_equal(server.largest, 1u << 20);
	assert_int_equal(server.fua, 0);
	close_port(p);
	assert_int_equal(losses, 0);
}

static void test_scattered_memory_is_gathered(void **state)
{
	static uint8_t a[1u << 20], b[1u << 20];
	struct iovec iov[64];
	struct blk_port *p;
	size_t at = 0;

	(void)state;
	usual_server();
	p = open_port(1);
	blk_user_fill(a, sizeof(a), 2);
	/* Odd pieces, one large one in the middle. */
	for (unsigned int i = 0; i < 64; i++) {
		size_t len = i == 30 ? 200000 : i == 63 ? sizeof(a) - at : 700 + 13 * i;

		iov[i] = (struct iovec){ a + at, len };
		at += len;
	}
	assert_int_equal(blk_user_do(p, (struct blk_io){ .op = BLK_WRITE,
						.off = 4096,
						.len = sizeof(a),
						.iov = iov,
						.n_iov = 64 }),
		0);
	assert_memory_equal(disk + 4096, a, sizeof(a));
	for (unsigned int i = 0; i < 64; i++)
		iov[i].iov_base = b + ((uint8_t *)iov[i].iov_base - a);
	assert_int_equal(blk_user_do(p, (struct blk_io){ .op = BLK_READ,
						.off = 4096,
						.len = sizeof(b),
						.iov = iov,
						.n_iov = 64 }),
		0);
	assert_memory_equal(a, b, sizeof(a));
	close_port(p);
}

static void test_many_at_once_over_several_connections(void **state)
{
	static uint8_t a[DEPTH][8192];
	static struct iovec iov[DEPTH][2];
	static struct blk_one o[DEPTH];
	struct blk_port *p;

	(void)state;
	usual_server();
	server.flags |= NBD_F_MULTI_CONN;
	p = open_port(4);
	assert_int_equal(blk_port_nbd_connections(p), 4);
	for (unsigned int i = 0; i < DEPTH; i++) {
		blk_user_fill(a[i], sizeof(a[i]), i);
		/* Through bounce buffers, of which there are fewer than requests. */
		iov[i][0] = (struct iovec){ a[i], 100 };
		iov[i][1] = (struct iovec){ a[i] + 100, sizeof(a[i]) - 100 };
		o[i] = (struct blk_one){ .io = { .op = BLK_WRITE,
						 .off = i * sizeof(a[i]),
						 .len = sizeof(a[i]),
						 .iov = iov[i],
						 .n_iov = 2 } };
		blk_user_begin(p, &o[i]);
	}
	for (unsigned int i = 0; i < DEPTH; i++) {
		blk_user_await(&o[i]);
		assert_int_equal(o[i].rc, 0);
		assert_memory_equal(disk + i * sizeof(a[i]), a[i], sizeof(a[i]));
	}
	assert_int_equal(blk_user_do(p, (struct blk_io){ .op = BLK_FLUSH }), 0);
	assert_int_equal(server.commands[NBD_FLUSH], 1);
	close_port(p);
}

static void test_without_the_promise_one_connection_is_used(void **state)
{
	struct blk_port *p;

	(void)state;
	usual_server();
	p = open_port(4);
	assert_int_equal(blk_port_nbd_connections(p), 1);
	close_port(p);
}

static void test_durable_is_fua_or_a_flush_after_it(void **state)
{
	uint8_t a[512] = { 1 };
	struct blk_port *p;

	(void)state;
	usual_server();
	p = open_port(1);
	assert_int_equal(transfer(p, BLK_WRITE, 0, a, sizeof(a), true), 0);
	assert_int_equal(server.fua, 1);
	assert_int_equal(server.commands[NBD_FLUSH], 0);
	close_port(p);
	usual_server();
	server.flags &= (uint16_t)~NBD_F_FUA;
	p = open_port(1);
	assert_int_equal(transfer(p, BLK_WRITE, 0, a, sizeof(a), true), 0);
	assert_int_equal(server.fua, 0);
	assert_int_equal(server.commands[NBD_FLUSH], 1);
	close_port(p);
}

static void test_discards_and_zeroes(void **state)
{
	struct blk_port *p;

	(void)state;
	usual_server();
	memset(disk, 0x55, sizeof(disk));
	p = open_port(1);
	assert_int_equal(
		blk_user_do(p, (struct blk_io){ .op = BLK_DISCARD, .off = 4096, .len = 4096 }), 0);
	assert_int_equal(
		blk_user_do(p, (struct blk_io){ .op = BLK_ZEROES, .off = 8192, .len = 4096 }), 0);
	assert_int_equal(server.no_hole, 1);
	assert_int_equal(
		blk_user_do(p,
			(struct blk_io){
				.op = BLK_ZEROES, .unmap = true, .off = 12288, .len = 4096 }),
		0);
	assert_int_equal(server.no_hole, 1);
	for (unsigned int i = 0; i < 20480; i++)
		assert_int_equal(disk[i], i < 4096 || i >= 16384 ? 0x55 : 0);
	close_port(p);
}

static void test_what_a_server_cannot_do_is_done_otherwise(void **state)
{
	struct blk_port *p;

	(void)state;
	usual_server();
	memset(disk, 0x55, sizeof(disk));
	server.flags &= (uint16_t) ~(NBD_F_TRIM | NBD_F_ZEROES);
	p = open_port(1);
	assert_int_equal(blk_user_do(p, (struct blk_io){ .op = BLK_DISCARD, .len = 1u << 20 }), 0);
	assert_int_equal(disk[0], 0x55);
	assert_int_equal(blk_user_do(p, (struct blk_io){ .op = BLK_ZEROES, .len = 1u << 20 }), 0);
	assert_int_equal(disk[0], 0);
	assert_int_equal(disk[(1u << 20) - 1], 0);
	assert_int_equal(disk[1u << 20], 0x55);
	assert_int_equal(server.commands[NBD_WRITE], 4);
	close_port(p);

	/* It said that it could, and then it could not. */
	usual_server();
	memset(disk, 0x55, sizeof(disk));
	server.error[NBD_TRIM] = server.error[NBD_ZEROES] = 95; /* EOPNOTSUPP */
	p = open_port(1);
	assert_int_equal(blk_user_do(p, (struct blk_io){ .op = BLK_DISCARD, .len = 4096 }), 0);
	assert_int_equal(blk_user_do(p, (struct blk_io){ .op = BLK_ZEROES, .len = 4096 }), 0);
	assert_int_equal(disk[0], 0);
	close_port(p);
}

static void test_errors_of_the_server_are_errors(void **state)
{
	uint8_t a[512];
	struct blk_port *p;

	(void)state;
	usual_server();
	server.error[NBD_READ] = 5;
	server.error[NBD_WRITE] = 28;
	server.error[NBD_FLUSH] = 5;
	p = open_port(1);
	assert_int_equal(transfer(p, BLK_READ, 0, a, sizeof(a), false), -EIO);
	assert_int_equal(transfer(p, BLK_WRITE, 0, a, sizeof(a), false), -ENOSPC);
	assert_int_equal(blk_user_do(p, (struct blk_io){ .op = BLK_FLUSH }), -EIO);
	/* And nothing else: it goes on. */
	server.error[NBD_READ] = 0;
	assert_int_equal(transfer(p, BLK_READ, 0, a, sizeof(a), false), 0);
	assert_int_equal(losses, 0);
	close_port(p);
}

/* All that is under way and all that comes fails; it is told once. */
static void expect_lost(struct blk_port *p)
{
	static uint8_t a[DEPTH][8192];
	static struct iovec iov[DEPTH];
	static struct blk_one o[DEPTH];

	for (unsigned int i = 0; i < DEPTH; i++) {
		iov[i] = (struct iovec){ a[i], sizeof(a[i]) };
		o[i] = (struct blk_one){ .io = { .op = BLK_READ,
						 .off = i * sizeof(a[i]),
						 .len = sizeof(a[i]),
						 .iov = &iov[i],
						 .n_iov = 1 } };
		blk_user_begin(p, &o[i]);
	}
	for (unsigned int i = 0; i < DEPTH; i++) {
		blk_user_await(&o[i]);
		assert_int_equal(o[i].rc, -EIO);
	}
	assert_int_equal(transfer(p, BLK_READ, 0, a[0], sizeof(a[0]), false), -EIO);
	assert_int_equal(blk_user_do(p, (struct blk_io){ .op = BLK_FLUSH }), -EIO);
	assert_int_equal(losses, 1);
	close_port(p);
}

static void test_a_server_that_dies_costs_errors(void **state)
{
	(void)state;
	usual_server();
	server.die = true;
	expect_lost(open_port(1));
	usual_server();
	server.flags |= NBD_F_MULTI_CONN;
	server.die = true;
	expect_lost(open_port(3));
}

static void test_answers_that_are_not_nbd_end_it(void **state)
{
	(void)state;
	usual_server();
	server.garbage = true;
	expect_lost(open_port(1));
}

static void test_a_server_that_does_not_answer_is_given_up(void **state)
{
	struct blk_port *p;

	(void)state;
	usual_server();
	server.mute = true;
	p = open_port(1);
	blk_port_nbd_patience(p, 50 * NS_PER_MS, 50 * NS_PER_MS);
	expect_lost(p);
}

static void test_a_reset_does_not_wait_for_ever(void **state)
{
	static uint8_t a[512];
	const struct iovec iov = { a, sizeof(a) };
	struct blk_one o = { .io = { .op = BLK_READ, .len = sizeof(a), .iov = &iov, .n_iov = 1 } };
	struct blk_port *p;

	(void)state;
	usual_server();
	server.mute = true;
	p = open_port(1);
	blk_port_nbd_patience(p, 60 * NS_PER_S, 50 * NS_PER_MS);
	blk_user_begin(p, &o);
	p->ops->drain(p);
	assert_true(o.done);
	assert_int_equal(o.rc, -EIO);
	assert_int_equal(losses, 1);
	close_port(p);
}

static void test_an_idle_port_notices_the_end_of_its_server(void **state)
{
	struct blk_port *p;
	uint64_t end = clock_now_ns() + 20 * NS_PER_S;

	(void)state;
	usual_server();
	p = open_port(1);
	nbd_server_stop(&server);
	while (!losses && clock_now_ns() < end)
		blk_user_turn();
	assert_int_equal(losses, 1);
	close_port(p);
}

static void expect_refused(const char *says, bool read_only)
{
	struct blk_port *p = NULL;
	struct err e = { 0 };

	assert_true(open_with(&p, 1, read_only, &e) < 0);
	if (!strstr(e.text, says))
		fail_msg("\"%s\" does not say \"%s\"", e.text, says);
	nbd_server_stop(&server);
}

static void test_disks_that_cannot_be_are_refused(void **state)
{
	(void)state;
	usual_server();
	server.bytes = 511;
	expect_refused("has 511 bytes", false);
	usual_server();
	server.bytes = UINT64_C(1) << 62;
	expect_refused("not possible", false);
	usual_server();
	server.bytes = UINT64_MAX;
	expect_refused("", false);
	usual_server();
	server.least = server.best = 4096;
	server.most = 1u << 20;
	expect_refused("requests of 4096 bytes", false);
	usual_server();
	server.flags |= NBD_F_READ_ONLY;
	expect_refused("is read-only", false);
	usual_server();
	server.refuse = true;
	expect_refused("refuses", false);
}

static void test_sizes_that_a_server_wants_are_kept(void **state)
{
	static uint8_t a[1u << 20];
	struct blk_port *p;

	(void)state;
	usual_server();
	server.least = 1;
	server.best = 16384;
	server.most = 65536;
	p = open_port(1);
	assert_int_equal(p->physical_bytes, 16384);
	assert_int_equal(transfer(p, BLK_WRITE, 0, a, sizeof(a), false), 0);
	assert_int_equal(server.largest, 65536);
	assert_int_equal(server.commands[NBD_WRITE], 16);
	close_port(p);
}

static void test_a_read_only_port_writes_nothing(void **state)
{
	uint8_t a[512] = { 1 };
	struct blk_port *p;
	struct err e = { 0 };

	(void)state;
	usual_server();
	server.flags |= NBD_F_READ_ONLY;
	assert_int_equal(open_with(&p, 1, true, &e), 0);
	blk_user_start(p);
	assert_true(p->read_only);
	assert_int_equal(transfer(p, BLK_WRITE, 0, a, sizeof(a), false), -EROFS);
	assert_int_equal(transfer(p, BLK_READ, 0, a, sizeof(a), false), 0);
	assert_int_equal(server.commands[NBD_WRITE], 0);
	close_port(p);
}

static void test_an_overlay_over_it_leaves_the_server_alone(void **state)
{
	uint8_t a[4096], b[4096];
	struct blk_port *base, *p;
	struct err e = { 0 };

	(void)state;
	usual_server();
	memset(disk, 0x33, sizeof(disk));
	assert_int_equal(open_with(&base, 1, true, &e), 0);
	assert_int_equal(blk_port_overlay_new(&p, base, 1u << 20), 0);
	blk_user_start(p);
	blk_user_fill(a, sizeof(a), 7);
	assert_int_equal(transfer(p, BLK_WRITE, 4096, a, sizeof(a), false), 0);
	assert_int_equal(transfer(p, BLK_READ, 4096, b, sizeof(b), false), 0);
	assert_memory_equal(a, b, sizeof(a));
	assert_int_equal(transfer(p, BLK_READ, 0, b, sizeof(b), false), 0);
	assert_int_equal(b[0], 0x33);
	assert_int_equal(server.commands[NBD_WRITE], 0);
	assert_int_equal(disk[4096], 0x33);
	close_port(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_written_is_on_the_server),
		cmocka_unit_test(test_scattered_memory_is_gathered),
		cmocka_unit_test(test_many_at_once_over_several_connections),
		cmocka_unit_test(test_without_the_promise_one_connection_is_used),
		cmocka_unit_test(test_durable_is_fua_or_a_flush_after_it),
		cmocka_unit_test(test_discards_and_zeroes),
		cmocka_unit_test(test_what_a_server_cannot_do_is_done_otherwise),
		cmocka_unit_test(test_errors_of_the_server_are_errors),
		cmocka_unit_test(test_a_server_that_dies_costs_errors),
		cmocka_unit_test(test_answers_that_are_not_nbd_end_it),
		cmocka_unit_test(test_a_server_that_does_not_answer_is_given_up),
		cmocka_unit_test(test_a_reset_does_not_wait_for_ever),
		cmocka_unit_test(test_an_idle_port_notices_the_end_of_its_server),
		cmocka_unit_test(test_disks_that_cannot_be_are_refused),
		cmocka_unit_test(test_sizes_that_a_server_wants_are_kept),
		cmocka_unit_test(test_a_read_only_port_writes_nothing),
		cmocka_unit_test(test_an_overlay_over_it_leaves_the_server_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
