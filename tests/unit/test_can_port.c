/* SPDX-License-Identifier: Apache-2.0 */
/* The CAN port's packets: what is packed comes out again, what is malformed does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "base/proto/can_port.h"

static struct can_rec_frame classic(uint32_t id, uint8_t len)
{
	struct can_rec_frame r = { .h = { .serial = 7, .kind = CAN_REC_FRAME, .mtu = CAN_MTU },
		.f = { .can_id = id, .len = len } };

	for (uint8_t i = 0; i < len; i++)
		r.f.data[i] = (uint8_t)(0xa0 + i);
	return r;
}

static struct can_rec_frame fd(uint32_t id, uint8_t len)
{
	struct can_rec_frame r = { .h = { .kind = CAN_REC_FRAME, .mtu = CANFD_MTU },
		.f = { .can_id = id, .len = len, .flags = CANFD_BRS } };

	return r;
}

/* Packs one record and takes it out again; who only looks at the packet agrees. */
static int round_trip(const struct can_rec_frame *in, struct can_rec_frame *out)
{
	struct can_packet p = { .len = 0 };
	uint32_t off = 0;
	int rc;

	assert_true(can_packet_add(&p, in));
	rc = can_packet_next(p.b, p.len, &off, out);
	assert_int_equal(can_packet_kinds(p.b, p.len), rc < 0 ? rc : 1 << in->h.kind);
	return rc;
}

static void test_records_come_out_as_they_were_packed(void **state)
{
	struct can_rec_frame in[3] = { classic(0x123, 5), fd(0x1234567 | CAN_EFF_FLAG, 64),
		{ .h = { .serial = 9, .kind = CAN_REC_ACK, .t_ns = 77 } } };
	struct can_packet p = { .len = 0 };
	struct can_rec_frame out;
	uint32_t off = 0;

	(void)state;
	for (unsigned int i = 0; i < 3; i++)
		assert_true(can_packet_add(&p, &in[i]));
	assert_int_equal(can_packet_kinds(p.b, p.len), 1 << CAN_REC_FRAME | 1 << CAN_REC_ACK);
	in[1].f.flags |= CANFD_FDF;
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(can_packet_next(p.b, p.len, &off, &out), 1);
		assert_memory_equal(&out, &in[i], sizeof(out));
	}
	assert_int_equal(can_packet_next(p.b, p.len, &off, &out), 0);
}

static void test_a_full_packet_takes_no_more(void **state)
{
	struct can_rec_frame r = classic(1, 8);
	struct can_packet p = { .len = 0 };
	unsigned int n = 0;

	(void)state;
	while (can_packet_add(&p, &r))
		n++;
	assert_int_equal(n, CAN_PORT_PACKET_BYTES / (16 + CAN_MTU));
	assert_true(p.len <= CAN_PORT_PACKET_BYTES);
}

static void test_an_unknown_kind_is_malformed(void **state)
{
	struct can_rec_frame r = classic(1, 1), out;

	(void)state;
	r.h.kind = 0;
	assert_int_equal(round_trip(&r, &out), -EBADMSG);
	r.h.kind = CAN_REC_STOP + 1;
	assert_int_equal(round_trip(&r, &out), -EBADMSG);
}

static void test_a_wrong_mtu_is_malformed(void **state)
{
	struct can_rec_frame r = classic(1, 1), out;

	(void)state;
	r.h.mtu = CAN_MTU + 1;
	assert_int_equal(round_trip(&r, &out), -EBADMSG);
	r.h.mtu = 0;
	assert_int_equal(round_trip(&r, &out), -EBADMSG);
	r = classic(1, 1);
	r.h.kind = CAN_REC_ACK;
	assert_int_equal(round_trip(&r, &out), -EBADMSG);
}

static void test_a_length_over_the_mtus_maximum_is_malformed(void **state)
{
	struct can_rec_frame r = classic(1, 8), out;

	(void)state;
	r.f.len = 9;
	assert_int_equal(round_trip(&r, &out), -EBADMSG);
	r = fd(1, 65);
	assert_int_equal(round_trip(&r, &out), -EBADMSG);
	r = fd(1, 13);
	assert_int_equal(round_trip(&r, &out), -EBADMSG);
}

static void test_an_identifier_that_needs_29_bits_without_the_flag_is_malformed(void **state)
{
	struct can_rec_frame r = classic(0x800, 1), out;

	(void)state;
	assert_int_equal(round_trip(&r, &out), -EBADMSG);
	r = classic(0x800 | CAN_EFF_FLAG, 1);
	assert_int_equal(round_trip(&r, &out), 1);
}

static void test_a_remote_fd_frame_is_malformed(void **state)
{
	struct can_rec_frame r = fd(1 | CAN_RTR_FLAG, 0), out;

	(void)state;
	assert_int_equal(round_trip(&r, &out), -EBADMSG);
}

static void test_a_cut_record_is_malformed(void **state)
{
	struct can_rec_frame r = classic(1, 8), out;
	struct can_packet p = { .len = 0 };

	(void)state;
	assert_true(can_packet_add(&p, &r));
	for (uint32_t cut = 1; cut < p.len; cut++) {
		uint32_t off = 0;

		assert_int_equal(can_packet_next(p.b, cut, &off, &out), -EBADMSG);
		assert_int_equal(off, 0);
		assert_int_equal(can_packet_kinds(p.b, cut), -EBADMSG);
	}
}

static void test_an_offset_past_the_end_is_malformed(void **state)
{
	struct can_rec_frame out;
	uint8_t b[16] = { 0 };
	uint32_t off = 17;

	(void)state;
	assert_int_equal(can_packet_next(b, sizeof(b), &off, &out), -EBADMSG);
}

static void test_reserved_bytes_and_stale_payload_do_not_travel(void **state)
{
	struct can_rec_frame r = classic(1, 2), out;

	(void)state;
	r.f.__res0 = 0xff;
	r.f.__res1 = 0x0e;
	r.f.flags = 0xff;
	r.f.data[5] = 0x55;
	assert_int_equal(round_trip(&r, &out), 1);
	assert_int_equal(out.f.__res0 | out.f.__res1 | out.f.flags, 0);
	assert_int_equal(out.f.data[5], 0);
	assert_int_equal(out.f.data[1], 0xa1);
}

static void test_a_raw_dlc_above_8_stays_with_8_bytes(void **state)
{
	struct can_rec_frame r = classic(1, 8), out;

	(void)state;
	r.f.__res1 = 0x0d;
	assert_int_equal(round_trip(&r, &out), 1);
	assert_int_equal(out.f.__res1, 0x0d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records_come_out_as_they_were_packed),
		cmocka_unit_test(test_a_full_packet_takes_no_more),
		cmocka_unit_test(test_an_unknown_kind_is_malformed),
		cmocka_unit_test(test_a_wrong_mtu_is_malformed),
		cmocka_unit_test(test_a_length_over_the_mtus_maximum_is_malformed),
		cmocka_unit_test(
			test_an_identifier_that_needs_29_bits_without_the_flag_is_malformed),
		cmocka_unit_test(test_a_remote_fd_frame_is_malformed),
		cmocka_unit_test(test_a_cut_record_is_malformed),
		cmocka_unit_test(test_an_offset_past_the_end_is_malformed),
		cmocka_unit_test(test_reserved_bytes_and_stale_payload_do_not_travel),
		cmocka_unit_test(test_a_raw_dlc_above_8_stays_with_8_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
