/* SPDX-License-Identifier: Apache-2.0 */
/* The block device with a driver, over every kind of ring. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fd.h"
#include "devices/blk/blk.h"
#include "devices/blk/wire.h"
#include "tests/support/mock_driver.h"

#define FOR_EACH_KIND(kind) for (unsigned int kind = 0; kind < MOCK_KINDS; kind++)
#define DISK_BYTES          (8u << 20)
#define SECTORS             (DISK_BYTES / 512)
#define ALL                 MOCK_ALL_FEATURES
/* A field of the configuration. */
#define CONFIG(m, bits, field) mock_config##bits(m, offsetof(struct virtio_blk_config, field))

static struct vdev *dev;

/* ---- a port that answers when it is told to ---- */

#define SLOW_MAX 64
static struct slow {
	struct blk_port p; /* first */
	struct blk_io *held[SLOW_MAX];
	unsigned int n, drains;
	bool last_durable;
	enum blk_op last_op;
} slow;

static int slow_start(struct blk_port *p, struct ev_loop *l)
{
	(void)p;
	(void)l;
	return 0;
}

static void slow_nothing(struct blk_port *p)
{
	(void)p;
}

static void slow_submit(struct blk_port *p, struct blk_io *io)
{
	(void)p;
	assert_true(slow.n < SLOW_MAX);
	slow.last_durable = io->durable;
	slow.last_op = io->op;
	slow.held[slow.n++] = io;
}

/* Ends the i-th request that is held. */
static void slow_end(unsigned int i, int rc)
{
	struct blk_io *io = slow.held[i];

	memmove(&slow.held[i], &slow.held[i + 1], (--slow.n - i) * sizeof(io));
	io->done(io, rc);
	slow.p.batch_end(slow.p.batch_ctx);
}

static void slow_drain(struct blk_port *p)
{
	(void)p;
	slow.drains++;
	while (slow.n)
		slow_end(0, 0);
}

static const struct blk_port_ops slow_ops = {
	.start = slow_start,
	.stop = slow_nothing,
	.submit = slow_submit,
	.commit = slow_nothing,
	.drain = slow_drain,
	.free = slow_nothing,
};

/* ---- set-up ---- */

static struct mock *start_over(
	unsigned int kind, struct blk_port *port, const struct blk_config *cfg, uint64_t features)
{
	struct mock *m = mock_new(kind);

	assert_int_equal(blk_new(&dev, port, cfg), 0);
	mock_attach(m, dev);
	mock_start(m, features);
	return m;
}

static struct mock *start_with(unsigned int kind, struct blk_config cfg, uint64_t features)
{
	struct blk_port *null, *port;

	cfg.tag = "test/blk";
	assert_int_equal(blk_port_null_new(&null, DISK_BYTES), 0);
	assert_int_equal(blk_port_overlay_new(&port, null, 2 * DISK_BYTES), 0);
	return start_over(kind, port, &cfg, features);
}

static struct mock *start(unsigned int kind)
{
	return start_with(kind, (struct blk_config){ .serial = "DYNO0001" }, ALL);
}

static void slow_init(uint32_t physical_bytes)
{
	slow = (struct slow){ .p = { .ops = &slow_ops,
				      .kind = "slow",
				      .capacity_bytes = DISK_BYTES,
				      .physical_bytes = physical_bytes } };
}

static struct mock *start_slow(unsigned int kind, uint64_t features)
{
	slow_init(4096);
	return start_over(kind, &slow.p, &(struct blk_config){ .tag = "t", .queues = 2 }, features);
}

static struct virtio_blk_outhdr header(uint32_t type, uint64_t sector)
{
	return (struct virtio_blk_outhdr){ .type = le32_of(type), .sector = le64_of(sector) };
}

/* Header and `n` bytes out; in_bytes in, the last of which is the status. Its value, or -1. */
static int ask(struct mock *m, uint32_t type, uint64_t sector, const void *data, uint32_t n,
	uint8_t *in, uint32_t in_bytes)
{
	struct virtio_blk_outhdr h = header(type, sector);
	struct mock_iov out[] = { { &h, sizeof(h) }, { data, n } };
	const struct mock_iov answer[] = { { NULL, in_bytes - 1 }, { NULL, 1 } };
	struct mock_used u;

	assert_true(mock_postv(m, 0, out, n ? 2 : 1, in_bytes > 1 ? answer : answer + 1,
			    in_bytes > 1 ? 2 : 1) >= 0);
	if (!mock_wait(m, 0, &u) || u.len != in_bytes)
		return -1;
	if (in)
		memcpy(in, u.in, in_bytes - 1);
	return u.in[in_bytes - 1];
}

static void test_what_is_written_is_read_again(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind);
		uint8_t a[4096], b[4096];

		memset(a, 0x5a, sizeof(a));
		assert_int_equal(ask(m, VIRTIO_BLK_T_OUT, 9, a, sizeof(a), NULL, 1), 0);
		assert_int_equal(ask(m, VIRTIO_BLK_T_FLUSH, 0, NULL, 0, NULL, 1), 0);
		assert_int_equal(ask(m, VIRTIO_BLK_T_IN, 9, NULL, 0, b, sizeof(b) + 1), 0);
		assert_memory_equal(a, b, sizeof(a));
		assert_int_equal(blk_stats(dev).written_bytes, 4096);
		assert_int_equal(blk_stats(dev).flushes, 1);
		mock_free(m);
	}
}

/* "the driver may use any framing": header, data and status cut anywhere. */
static void test_any_split_into_descriptors_is_understood(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind);
		struct virtio_blk_outhdr h = header(VIRTIO_BLK_T_OUT, 4);
		uint8_t msg[sizeof(h) + 1024];
		struct mock_used u;

		memcpy(msg, &h, sizeof(h));
		for (size_t i = 0; i < 1024; i++)
			msg[sizeof(h) + i] = (uint8_t)(i * 7);
		for (uint32_t cut = 1; cut < sizeof(msg); cut += 5) {
			const struct mock_iov out[] = { { msg, cut },
				{ msg + cut, (uint32_t)sizeof(msg) - cut } };
			const struct mock_iov in = { NULL, 1 };

			assert_true(mock_postv(m, 0, out, 2, &in, 1) >= 0);
			assert_true(mock_wait(m, 0, &u));
			assert_int_equal(u.in[0], VIRTIO_BLK_S_OK);
		}
		h = header(VIRTIO_BLK_T_IN, 4);
		for (uint32_t cut = 1; cut < 1025; cut += 7) {
			const struct mock_iov out = { &h, sizeof(h) };
			const struct mock_iov in[] = { { NULL, cut }, { NULL, 1025 - cut } };

			assert_true(mock_postv(m, 0, &out, 1, in, 2) >= 0);
			assert_true(mock_wait(m, 0, &u));
			assert_int_equal(u.len, 1025);
			assert_memory_equal(u.in, msg + sizeof(h), 1024);
			assert_int_equal(u.in[1024], VIRTIO_BLK_S_OK);
		}
		mock_free(m);
	}
}

static void test_requests_that_cannot_be_are_answered_so(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind);
		uint8_t a[512] = { 0 }, b[512];

		assert_int_equal(
			ask(m, VIRTIO_BLK_T_IN, SECTORS, NULL, 0, b, 513), VIRTIO_BLK_S_IOERR);
		/* Nothing of the device's memory, and no guest memory from before, is left. */
		assert_memory_equal(a, b, 512);
		assert_int_equal(
			ask(m, VIRTIO_BLK_T_OUT, UINT64_MAX, a, 512, NULL, 1), VIRTIO_BLK_S_IOERR);
		assert_int_equal(ask(m, VIRTIO_BLK_T_OUT, 0, a, 100, NULL, 1), VIRTIO_BLK_S_IOERR);
		assert_int_equal(ask(m, 0x1234, 0, NULL, 0, NULL, 1), VIRTIO_BLK_S_UNSUPP);
		assert_int_equal(ask(m, VIRTIO_BLK_T_IN, 0, NULL, 0, b, 513), VIRTIO_BLK_S_OK);
		assert_int_equal(blk_stats(dev).errors, 3);
		assert_int_equal(blk_stats(dev).unsupported, 1);
		assert_false(mock_needs_reset(m));
		mock_free(m);
	}
}

static void test_short_header_is_an_error_and_no_status_latches(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind);
		uint8_t in[4];

		assert_int_equal(mock_send(m, 0, "short", 5, in, 1), 1);
		assert_int_equal(in[0], VIRTIO_BLK_S_IOERR);
		assert_int_equal(mock_send(m, 0, NULL, 0, in, 4), 4);
		assert_int_equal(in[3], VIRTIO_BLK_S_IOERR);
		assert_int_equal(mock_send(m, 0, "no status byte at all", 21, NULL, 0), -EIO);
		mock_start(m, ALL);
		assert_int_equal(ask(m, VIRTIO_BLK_T_FLUSH, 0, NULL, 0, NULL, 1), 0);
		mock_free(m);
	}
}

static void test_serial_is_given(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind);
		const char want[24] = "DYNO0001";
		uint8_t id[24];

		assert_int_equal(ask(m, VIRTIO_BLK_T_GET_ID, 0, NULL, 0, id, 21), 0);
		assert_memory_equal(id, want, 20);
		assert_int_equal(ask(m, VIRTIO_BLK_T_GET_ID, 0, NULL, 0, id, 25), 0);
		assert_memory_equal(id, want, 24);
		assert_int_equal(
			ask(m, VIRTIO_BLK_T_GET_ID, 0, NULL, 0, id, 20), VIRTIO_BLK_S_IOERR);
		mock_free(m);
	}
}

static void test_configuration_describes_the_disk(void **state)
{
	struct mock *m = start_with(0, (struct blk_config){ .queues = 4 }, ALL);
	const uint64_t want = VIRTIO_BIT(VIRTIO_BLK_F_MQ) | VIRTIO_BIT(VIRTIO_BLK_F_FLUSH) |
			      VIRTIO_BIT(VIRTIO_BLK_F_CONFIG_WCE) |
			      VIRTIO_BIT(VIRTIO_BLK_F_DISCARD);

	(void)state;
	assert_true((mock_offered(m) & want) == want);
	assert_int_equal(mock_config32(m, 0), SECTORS);
	assert_int_equal(mock_config32(m, 20), 512);
	assert_int_equal(mock_config8(m, 24), 3); /* 4096 bytes */
	assert_int_equal(mock_config8(m, 32), 1);
	assert_int_equal(mock_config16(m, 34), 4);
	assert_true(mock_config32(m, 36) > 0 && mock_config32(m, 40) > 0);
	mock_free(m);
	m = start_with(0, (struct blk_config){ .read_only = true }, ALL);
	assert_true(mock_offered(m) & VIRTIO_BIT(VIRTIO_BLK_F_RO));
	assert_false(mock_offered(m) & want & ~VIRTIO_BIT(VIRTIO_BLK_F_FLUSH) &
		     ~VIRTIO_BIT(VIRTIO_BLK_F_CONFIG_WCE));
	assert_int_equal(ask(m, VIRTIO_BLK_T_OUT, 0, "", 0, NULL, 1), VIRTIO_BLK_S_IOERR);
	mock_free(m);
}

/* `limits/physical_block_size`, `minimum_io_size`, ... of Linux come from here. */
static void test_topology_is_that_of_the_port_s_blocks(void **state)
{
	static const uint32_t physical[] = { 512, 4096, 65536 };

	(void)state;
	FOR_EACH_KIND(kind)
	{
		for (size_t i = 0; i < ARRAY_SIZE(physical); i++) {
			struct mock *m = mock_new(kind);

			slow_init(physical[i]);
			assert_int_equal(
				blk_new(&dev, &slow.p, &(struct blk_config){ .tag = "t" }), 0);
			mock_attach(m, dev);
			mock_start(m, ALL);
			assert_true(mock_features(m) & VIRTIO_BIT(VIRTIO_BLK_F_TOPOLOGY));
			assert_int_equal(512u << CONFIG(m, 8, physical_block_exp), physical[i]);
			assert_int_equal(CONFIG(m, 8, alignment_offset), 0);
			assert_int_equal(CONFIG(m, 16, min_io_size), physical[i] / 512);
			assert_int_equal(CONFIG(m, 32, opt_io_size), 0); /* none is better */
			assert_int_equal(
				CONFIG(m, 32, discard_sector_alignment), physical[i] / 512);
			mock_free(m);
		}
	}
}

static void test_cache_mode_decides_what_is_durable(void **state)
{
	static const struct {
		uint64_t off; /* features that are not accepted */
		int writeback; /* written by the driver; -1: not */
		bool durable;
	} mode[] = {
		{ 0, -1, false },
		{ 0, 0, true },
		{ VIRTIO_BIT(VIRTIO_BLK_F_CONFIG_WCE), -1, false },
		{ VIRTIO_BIT(VIRTIO_BLK_F_CONFIG_WCE), 0, false },
		{ VIRTIO_BIT(VIRTIO_BLK_F_CONFIG_WCE) | VIRTIO_BIT(VIRTIO_BLK_F_FLUSH), -1, true },
		{ VIRTIO_BIT(VIRTIO_BLK_F_FLUSH), -1, true },
		{ VIRTIO_BIT(VIRTIO_BLK_F_FLUSH), 1, false },
	};
	struct virtio_blk_outhdr h = header(VIRTIO_BLK_T_OUT, 0);
	const struct mock_iov out[] = { { &h, sizeof(h) }, { NULL, 512 } }, in = { NULL, 1 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(mode); i++) {
		struct mock *m = start_slow(0, ALL & ~mode[i].off);
		uint8_t wb = (uint8_t)mode[i].writeback;

		if (mode[i].writeback >= 0)
			mock_config_write(m, 32, &wb, 1);
		assert_true(mock_postv(m, 0, out, 2, &in, 1) >= 0);
		while (!slow.n)
			mock_turn(m);
		assert_int_equal(slow.last_durable, mode[i].durable);
		mock_free(m);
	}
}

static void test_requests_complete_in_the_ports_order(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start_slow(kind, ALL);
		struct virtio_blk_outhdr h = header(VIRTIO_BLK_T_IN, 0);
		const struct mock_iov out = { &h, sizeof(h) }, in = { NULL, 513 };
		struct mock_used u;
		int id[3];

		for (int i = 0; i < 3; i++)
			id[i] = mock_postv(m, 1, &out, 1, &in, 1);
		while (slow.n < 3)
			mock_turn(m);
		slow_end(2, 0);
		assert_true(mock_wait(m, 1, &u));
		assert_int_equal(u.id, id[2]);
		assert_int_equal(u.in[512], VIRTIO_BLK_S_OK);
		slow_end(0, -EIO);
		assert_true(mock_wait(m, 1, &u));
		assert_int_equal(u.id, id[0]);
		assert_int_equal(u.in[512], VIRTIO_BLK_S_IOERR);
		assert_int_equal(u.in[0], 0);
		slow_end(0, 0);
		assert_true(mock_wait(m, 1, &u));
		assert_int_equal(u.id, id[1]);
		mock_free(m);
	}
}

static void test_stopped_queue_waits_for_what_is_under_way(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start_slow(kind, ALL);
		struct virtio_blk_outhdr h = header(VIRTIO_BLK_T_IN, 0);
		const struct mock_iov out = { &h, sizeof(h) }, in = { NULL, 513 };
		struct mock_used u;

		assert_true(mock_postv(m, 0, &out, 1, &in, 1) >= 0);
		assert_true(mock_postv(m, 1, &out, 1, &in, 1) >= 0);
		while (slow.n < 2)
			mock_turn(m);
		mock_queue_reset(m, 0);
		assert_int_equal(slow.n, 0);
		/* The other queue's request came back as always. */
		assert_true(mock_wait(m, 1, &u));
		assert_int_equal(u.in[512], VIRTIO_BLK_S_OK);
		assert_false(mock_poll(m, 0, &u));
		assert_true(mock_postv(m, 0, &out, 1, &in, 1) >= 0);
		while (slow.n < 1)
			mock_turn(m);
		mock_reset(m);
		assert_int_equal(slow.n, 0);
		mock_free(m);
	}
}

static void test_ranges_of_a_discard_are_done_one_after_the_other(void **state)
{
	const struct virtio_blk_range g[] = {
		{ .sector = le64_of(0), .num_sectors = le32_of(8) },
		{ .sector = le64_of(SECTORS - 8), .num_sectors = le32_of(8) },
	};
	struct virtio_blk_outhdr h = header(VIRTIO_BLK_T_WRITE_ZEROES, 0);
	const struct mock_iov out[] = { { &h, sizeof(h) }, { g, sizeof(g) } }, in = { NULL, 1 };
	struct mock *m = start_slow(0, ALL);
	struct mock_used u;

	(void)state;
	assert_true(mock_postv(m, 0, out, 2, &in, 1) >= 0);
	while (slow.n < 1)
		mock_turn(m);
	assert_int_equal(slow.last_op, BLK_ZEROES);
	assert_int_equal(slow.held[0]->off, 0);
	slow_end(0, 0);
	assert_int_equal(slow.n, 1);
	assert_int_equal(slow.held[0]->off, DISK_BYTES - 4096);
	assert_false(mock_poll(m, 0, &u));
	slow_end(0, 0);
	assert_true(mock_wait(m, 0, &u));
	assert_int_equal(u.in[0], VIRTIO_BLK_S_OK);
	mock_free(m);
}

static void test_zeroes_are_read_and_bad_ranges_change_nothing(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind);
		struct virtio_blk_range g[2] = {
			{ .sector = le64_of(0), .num_sectors = le32_of(1) },
			{ .sector = le64_of(SECTORS), .num_sectors = le32_of(1) },
		};
		uint8_t a[512], b[512], zero[512] = { 0 };

		memset(a, 3, sizeof(a));
		assert_int_equal(ask(m, VIRTIO_BLK_T_OUT, 0, a, 512, NULL, 1), 0);
		assert_int_equal(ask(m, VIRTIO_BLK_T_WRITE_ZEROES, 0, g, sizeof(g), NULL, 1),
			VIRTIO_BLK_S_IOERR);
		assert_int_equal(ask(m, VIRTIO_BLK_T_IN, 0, NULL, 0, b, 513), 0);
		assert_memory_equal(a, b, 512);
		g[0].flags = le32_of(4);
		assert_int_equal(
			ask(m, VIRTIO_BLK_T_WRITE_ZEROES, 0, g, 16, NULL, 1), VIRTIO_BLK_S_UNSUPP);
		g[0].flags = le32_of(1);
		assert_int_equal(
			ask(m, VIRTIO_BLK_T_DISCARD, 0, g, 16, NULL, 1), VIRTIO_BLK_S_UNSUPP);
		assert_int_equal(ask(m, VIRTIO_BLK_T_WRITE_ZEROES, 0, g, 16, NULL, 1), 0);
		assert_int_equal(ask(m, VIRTIO_BLK_T_IN, 0, NULL, 0, b, 513), 0);
		assert_memory_equal(b, zero, 512);
		mock_free(m);
	}
}

/* The real port behind real rings: a memfd has no O_DIRECT and needs no disk. */
static void test_full_ring_over_a_file_comes_back(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		const struct blk_config cfg = { .tag = "test/blk", .queues = 2 };
		int fd = fd_memfd("disk", DISK_BYTES), n = 0;
		struct virtio_blk_outhdr h = header(VIRTIO_BLK_T_OUT, 0);
		uint8_t data[512];
		struct blk_port *port;
		struct err e = { 0 };
		struct mock_used u;
		struct mock *m;

		if (blk_port_file_new(&port, fd, false, 600, &e) < 0) {
			print_message("skipped: %s\n", e.text);
			return;
		}
		m = start_over(kind, port, &cfg, ALL);
		for (;;) {
			const struct mock_iov out[] = { { &h, sizeof(h) }, { data, 512 } };
			const struct mock_iov in = { NULL, 1 };

			memset(data, n + 1, sizeof(data));
			h = header(VIRTIO_BLK_T_OUT, (uint64_t)n);
			if (mock_add(m, 0, out, 2, &in, 1) < 0)
				break;
			n++;
		}
		mock_kick_always(m, 0);
		for (int i = 0; i < n; i++) {
			assert_true(mock_wait(m, 0, &u));
			assert_int_equal(u.in[0], VIRTIO_BLK_S_OK);
		}
		for (int i = 0; i < n; i++) {
			uint8_t b[512];

			memset(data, i + 1, sizeof(data));
			assert_int_equal(ask(m, VIRTIO_BLK_T_IN, (uint64_t)i, NULL, 0, b, 513), 0);
			assert_memory_equal(b, data, 512);
		}
		mock_free(m);
	}
}

static void test_noise_is_answered_or_latched(void **state)
{
	unsigned int seed = 1;

	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind);

		for (unsigned int i = 0; i < 500; i++) {
			uint8_t msg[64], in[600];
			uint32_t out_len = (uint32_t)rand_r(&seed) % sizeof(msg);
			uint32_t in_len = (uint32_t)rand_r(&seed) % sizeof(in);
			int r;

			for (size_t k = 0; k < sizeof(msg); k++)
				msg[k] = (uint8_t)(rand_r(&seed) % 3 ? 0 : rand_r(&seed));
			msg[0] = (uint8_t)(rand_r(&seed) % 16);
			if (out_len + in_len == 0)
				continue;
			r = mock_send(m, 0, msg, out_len, in, in_len);
			if (in_len) {
				assert_int_equal(r, in_len);
				assert_true(in[in_len - 1] <= VIRTIO_BLK_S_UNSUPP);
			} else {
				assert_int_equal(r, -EIO);
				mock_start(m, ALL);
			}
		}
		mock_free(m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_written_is_read_again),
		cmocka_unit_test(test_any_split_into_descriptors_is_understood),
		cmocka_unit_test(test_requests_that_cannot_be_are_answered_so),
		cmocka_unit_test(test_short_header_is_an_error_and_no_status_latches),
		cmocka_unit_test(test_serial_is_given),
		cmocka_unit_test(test_configuration_describes_the_disk),
		cmocka_unit_test(test_topology_is_that_of_the_port_s_blocks),
		cmocka_unit_test(test_cache_mode_decides_what_is_durable),
		cmocka_unit_test(test_requests_complete_in_the_ports_order),
		cmocka_unit_test(test_stopped_queue_waits_for_what_is_under_way),
		cmocka_unit_test(test_ranges_of_a_discard_are_done_one_after_the_other),
		cmocka_unit_test(test_zeroes_are_read_and_bad_ranges_change_nothing),
		cmocka_unit_test(test_full_ring_over_a_file_comes_back),
		cmocka_unit_test(test_noise_is_answered_or_latched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
