/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of the block device: what is understood, what is refused and with which status. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "devices/blk/proto.h"

static const struct blk_limits disk = {
	.capacity_bytes = 2048 * 512, .discard = true, .write_zeroes = true
};

static uint8_t ask(struct blk_request *r, uint32_t type, uint64_t sector, uint32_t out, uint32_t in)
{
	struct virtio_blk_outhdr h = { .type = le32_of(type), .sector = le64_of(sector) };

	return blk_parse(r, &h, out, in, &disk);
}

static void test_read_and_write_of_the_last_sector_are_understood(void **state)
{
	struct blk_request r;

	(void)state;
	assert_int_equal(ask(&r, VIRTIO_BLK_T_IN, 2047, 0, 512), VIRTIO_BLK_S_OK);
	assert_int_equal(r.what, BLK_DO_READ);
	assert_int_equal(r.off, 2047 * 512);
	assert_int_equal(r.bytes, 512);
	assert_int_equal(ask(&r, VIRTIO_BLK_T_OUT, 2047, 512, 0), VIRTIO_BLK_S_OK);
	assert_int_equal(r.what, BLK_DO_WRITE);
}

static void test_ranges_past_the_end_and_odd_lengths_are_errors(void **state)
{
	struct blk_request r;

	(void)state;
	assert_int_equal(ask(&r, VIRTIO_BLK_T_IN, 2047, 0, 1024), VIRTIO_BLK_S_IOERR);
	assert_int_equal(ask(&r, VIRTIO_BLK_T_IN, 2048, 0, 512), VIRTIO_BLK_S_IOERR);
	assert_int_equal(ask(&r, VIRTIO_BLK_T_IN, 0, 0, 513), VIRTIO_BLK_S_IOERR);
	/* In bytes it wraps to sector 0. */
	assert_int_equal(ask(&r, VIRTIO_BLK_T_OUT, UINT64_C(1) << 55, 512, 0), VIRTIO_BLK_S_IOERR);
	assert_int_equal(ask(&r, VIRTIO_BLK_T_OUT, UINT64_MAX, 512, 0), VIRTIO_BLK_S_IOERR);
}

static void test_data_in_the_wrong_direction_is_an_error(void **state)
{
	struct blk_request r;

	(void)state;
	assert_int_equal(ask(&r, VIRTIO_BLK_T_IN, 0, 512, 512), VIRTIO_BLK_S_IOERR);
	assert_int_equal(ask(&r, VIRTIO_BLK_T_OUT, 0, 512, 512), VIRTIO_BLK_S_IOERR);
	assert_int_equal(ask(&r, VIRTIO_BLK_T_GET_ID, 0, 0, 19), VIRTIO_BLK_S_IOERR);
}

static void test_unknown_and_unnegotiated_types_are_unsupported(void **state)
{
	struct blk_limits l = { .capacity_bytes = 512 };
	struct virtio_blk_outhdr h = { .type = le32_of(VIRTIO_BLK_T_DISCARD) };
	struct blk_request r;

	(void)state;
	assert_int_equal(ask(&r, 2, 0, 0, 0), VIRTIO_BLK_S_UNSUPP);
	assert_int_equal(ask(&r, 14, 0, 16, 0), VIRTIO_BLK_S_UNSUPP);
	assert_int_equal(ask(&r, UINT32_MAX, 0, 0, 512), VIRTIO_BLK_S_UNSUPP);
	assert_int_equal(blk_parse(&r, &h, 16, 0, &l), VIRTIO_BLK_S_UNSUPP);
	h.type = le32_of(VIRTIO_BLK_T_WRITE_ZEROES);
	assert_int_equal(blk_parse(&r, &h, 16, 0, &l), VIRTIO_BLK_S_UNSUPP);
}

static void test_read_only_disk_refuses_changes(void **state)
{
	struct blk_limits l = disk;
	struct virtio_blk_outhdr h = { .type = le32_of(VIRTIO_BLK_T_OUT) };
	struct blk_request r;

	(void)state;
	l.read_only = true;
	assert_int_equal(blk_parse(&r, &h, 512, 0, &l), VIRTIO_BLK_S_IOERR);
	h.type = le32_of(VIRTIO_BLK_T_DISCARD);
	assert_int_equal(blk_parse(&r, &h, 16, 0, &l), VIRTIO_BLK_S_IOERR);
	h.type = le32_of(VIRTIO_BLK_T_FLUSH);
	assert_int_equal(blk_parse(&r, &h, 0, 0, &l), VIRTIO_BLK_S_OK);
}

static void test_number_of_ranges_is_bounded(void **state)
{
	struct blk_request r;

	(void)state;
	assert_int_equal(ask(&r, VIRTIO_BLK_T_DISCARD, 0, 0, 0), VIRTIO_BLK_S_IOERR);
	assert_int_equal(ask(&r, VIRTIO_BLK_T_DISCARD, 0, 17, 0), VIRTIO_BLK_S_IOERR);
	assert_int_equal(ask(&r, VIRTIO_BLK_T_DISCARD, 0, 16 * 16, 0), VIRTIO_BLK_S_OK);
	assert_int_equal(ask(&r, VIRTIO_BLK_T_DISCARD, 0, 17 * 16, 0), VIRTIO_BLK_S_IOERR);
}

static void test_flags_of_a_range_are_checked(void **state)
{
	struct virtio_blk_range w = { .sector = le64_of(8), .num_sectors = le32_of(8) };
	struct blk_range g;

	(void)state;
	assert_int_equal(blk_parse_range(&g, BLK_DO_DISCARD, &w, &disk), VIRTIO_BLK_S_OK);
	assert_int_equal(g.off, 4096);
	assert_int_equal(g.bytes, 4096);
	w.flags = le32_of(1);
	assert_int_equal(blk_parse_range(&g, BLK_DO_DISCARD, &w, &disk), VIRTIO_BLK_S_UNSUPP);
	assert_int_equal(blk_parse_range(&g, BLK_DO_WRITE_ZEROES, &w, &disk), VIRTIO_BLK_S_OK);
	assert_true(g.unmap);
	w.flags = le32_of(2);
	assert_int_equal(blk_parse_range(&g, BLK_DO_WRITE_ZEROES, &w, &disk), VIRTIO_BLK_S_UNSUPP);
	w.flags = le32_of(0);
	w.num_sectors = le32_of(2041);
	assert_int_equal(blk_parse_range(&g, BLK_DO_WRITE_ZEROES, &w, &disk), VIRTIO_BLK_S_IOERR);
	w.num_sectors = le32_of(UINT32_MAX);
	assert_int_equal(blk_parse_range(&g, BLK_DO_DISCARD, &w, &disk), VIRTIO_BLK_S_IOERR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read_and_write_of_the_last_sector_are_understood),
		cmocka_unit_test(test_ranges_past_the_end_and_odd_lengths_are_errors),
		cmocka_unit_test(test_data_in_the_wrong_direction_is_an_error),
		cmocka_unit_test(test_unknown_and_unnegotiated_types_are_unsupported),
		cmocka_unit_test(test_read_only_disk_refuses_changes),
		cmocka_unit_test(test_number_of_ranges_is_bounded),
		cmocka_unit_test(test_flags_of_a_range_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
