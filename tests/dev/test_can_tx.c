/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio-can, what a guest transmits: its requests, their results with and without LATE_TX_ACK, and
 * the window.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/dev/can_rig.h"

static void test_late_ack_returns_a_request_only_when_the_bus_acknowledged(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < MOCK_KINDS; kind++) {
		struct can_rig *r = rig_new_started(kind);
		struct can_tx t = rig_tx(0x123, 8, 0);
		struct mock_used u;

		rig_post_tx(r, &t, 8);
		rig_until_got(r, 2);
		assert_int_equal(r->got[1].h.kind, CAN_REC_FRAME);
		assert_int_equal(r->got[1].h.mtu, CAN_MTU);
		assert_int_equal(r->got[1].f.can_id, 0x123);
		assert_memory_equal(r->got[1].f.data, t.sdu, 8);
		for (unsigned int i = 0; i < 10; i++)
			mock_turn(r->m);
		assert_false(mock_poll(r->m, TXQ, &u));
		rig_bus_answers(r, 1, CAN_REC_ACK);
		assert_int_equal(rig_tx_result(r), VIRTIO_CAN_RESULT_OK);
		rig_free(r);
	}
}

static void test_a_frame_the_bus_refused_is_not_ok(void **state)
{
	struct can_rig *r = rig_new_started(0);
	struct can_tx t = rig_tx(0x123, 0, 0);

	(void)state;
	rig_post_tx(r, &t, 0);
	rig_until_got(r, 2);
	rig_bus_answers(r, 1, CAN_REC_NACK);
	assert_int_equal(rig_tx_result(r), VIRTIO_CAN_RESULT_NOT_OK);
	rig_free(r);
}

static void test_without_late_ack_a_request_returns_once_it_is_on_its_way(void **state)
{
	struct can_rig *r = rig_new(0, F(CAN_CLASSIC));
	struct can_tx t = rig_tx(0x123, 4, 0);

	(void)state;
	rig_start(r);
	rig_post_tx(r, &t, 4);
	assert_int_equal(rig_tx_result(r), VIRTIO_CAN_RESULT_OK);
	rig_until_got(r, 2);
	rig_free(r);
}

static void test_extended_remote_and_fd_frames_reach_the_bus_as_such(void **state)
{
	struct can_rig *r = rig_new(0, ALL & ~F(LATE_TX_ACK));
	struct can_tx ext = rig_tx(0x12345678, 1, VIRTIO_CAN_FLAGS_EXTENDED);
	struct can_tx rtr = rig_tx(0x7ff, 4, VIRTIO_CAN_FLAGS_RTR);
	struct can_tx fd = rig_tx(0x1, 64, VIRTIO_CAN_FLAGS_FD);
	struct can_tx short_fd = rig_tx(0x2, 3, VIRTIO_CAN_FLAGS_FD);

	(void)state;
	rig_start(r);
	rig_post_tx(r, &ext, 1);
	rig_post_tx(r, &rtr, 4);
	rig_post_tx(r, &fd, 64);
	rig_post_tx(r, &short_fd, 3);
	rig_until_got(r, 5);
	assert_int_equal(r->got[1].f.can_id, 0x12345678 | CAN_EFF_FLAG);
	assert_int_equal(r->got[2].f.can_id, 0x7ff | CAN_RTR_FLAG);
	assert_int_equal(r->got[2].f.len, 4);
	assert_int_equal(r->got[2].f.data[0], 0);
	assert_int_equal(r->got[3].h.mtu, CANFD_MTU);
	assert_memory_equal(r->got[3].f.data, fd.sdu, 64);
	/* FD is a flag, not a length. */
	assert_int_equal(r->got[4].h.mtu, CANFD_MTU);
	assert_int_equal(r->got[4].f.len, 3);
	rig_free(r);
}

static void test_an_fd_length_between_two_codes_is_padded_with_zeros(void **state)
{
	struct can_rig *r = rig_new_started(0);
	struct can_tx t = rig_tx(0x1, 13, VIRTIO_CAN_FLAGS_FD);

	(void)state;
	rig_post_tx(r, &t, 13);
	rig_until_got(r, 2);
	assert_int_equal(r->got[1].f.len, 16);
	assert_memory_equal(r->got[1].f.data, t.sdu, 13);
	assert_int_equal(r->got[1].f.data[13], 0);
	rig_free(r);
}

static void test_what_was_not_negotiated_is_rejected(void **state)
{
	struct can_rig *r = rig_new(0, F(CAN_CLASSIC));
	struct can_tx fd = rig_tx(1, 1, VIRTIO_CAN_FLAGS_FD),
		      rtr = rig_tx(1, 0, VIRTIO_CAN_FLAGS_RTR);

	(void)state;
	rig_start(r);
	rig_rejects(r, &fd, 1);
	rig_rejects(r, &rtr, 0);
	rig_free(r);

	r = rig_new(0, F(CAN_FD));
	fd.h.flags = le32_of(0);
	rig_start(r);
	rig_rejects(r, &fd, 1);
	rig_free(r);
}

static void test_rule_breaking_requests_are_rejected_and_do_not_reach_the_bus(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < MOCK_KINDS; kind++) {
		struct can_rig *r = rig_new_started(kind);
		struct can_tx t;

		t = rig_tx(1, 1, 0x1);
		rig_rejects(r, &t, 1); /* an undefined flag */
		t = rig_tx(1, 1, 0x80000000u);
		rig_rejects(r, &t, 1); /* SocketCAN's flag, not ours */
		t = rig_tx(1, 1, VIRTIO_CAN_FLAGS_FD | VIRTIO_CAN_FLAGS_RTR);
		rig_rejects(r, &t, 1);
		t = rig_tx(0x800, 1, 0);
		rig_rejects(r, &t, 1);
		t = rig_tx(0x20000000, 1, VIRTIO_CAN_FLAGS_EXTENDED);
		rig_rejects(r, &t, 1);
		t = rig_tx(1, 9, 0);
		rig_rejects(r, &t, 9);
		t = rig_tx(1, 65, VIRTIO_CAN_FLAGS_FD);
		rig_rejects(r, &t, 65);
		t = rig_tx(1, 0xffff, VIRTIO_CAN_FLAGS_FD);
		rig_rejects(r, &t, 64);
		t = rig_tx(1, 8, 0);
		rig_rejects(r, &t, 7); /* the payload is cut */
		t = rig_tx(1, 0, 0);
		t.h.msg_type = le16_of(VIRTIO_CAN_RX);
		rig_rejects(r, &t, 0);
		rig_free(r);
	}
}

static void test_a_header_that_is_cut_is_rejected(void **state)
{
	struct can_rig *r = rig_new_started(0);
	struct can_tx t = rig_tx(1, 0, 0);
	struct mock_used u;

	(void)state;
	assert_true(mock_post(r->m, TXQ, &t, 15, 1) >= 0);
	assert_int_equal(rig_tx_result(r), VIRTIO_CAN_RESULT_NOT_OK);
	/* No room for a result: returned empty. */
	assert_true(mock_post(r->m, TXQ, &t, 15, 0) >= 0);
	assert_true(mock_wait(r->m, TXQ, &u));
	assert_int_equal(u.len, 0);
	rig_free(r);
}

static void test_the_payload_may_lie_in_many_pieces(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < MOCK_KINDS; kind++) {
		struct can_rig *r = rig_new_started(kind);
		struct can_tx t = rig_tx(0x123, 8, 0);
		const uint8_t *b = (const uint8_t *)&t;
		struct mock_iov out[4] = { { b, 3 }, { b + 3, 14 }, { b + 17, 1 }, { b + 18, 6 } };
		struct mock_iov in = { NULL, 1 };

		assert_true(mock_postv(r->m, TXQ, out, 4, &in, 1) >= 0);
		rig_until_got(r, 2);
		assert_memory_equal(r->got[1].f.data, t.sdu, 8);
		rig_free(r);
	}
}

static void test_a_whole_window_waits_and_comes_back(void **state)
{
	struct can_rig *r = rig_new_started(MOCK_INDIRECT);
	struct can_tx t = rig_tx(0x123, 64, VIRTIO_CAN_FLAGS_FD);
	struct can_dev_stats st;

	(void)state;
	rig_post_many(r, &t, 64, 256);
	rig_until_got(r, 257);
	rig_bus_acks(r, 1, 256);
	rig_all_ok(r, 256);
	can_dev_get_stats(r->dev, &st);
	assert_int_equal(st.tx_ok, 256);
	rig_free(r);
}

static void test_while_the_bus_has_frames_the_next_need_no_kick_and_follow_its_answers(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < MOCK_KINDS; kind++) {
		struct can_rig *r = rig_new_started(kind);
		struct can_tx t = rig_tx(0x123, 0, 0);
		struct mock_iov out = { &t, sizeof(t.h) }, in = { NULL, 1 };

		for (unsigned int i = 0; i < 8; i++)
			rig_post_tx(r, &t, 0);
		rig_until_got(r, 9);
		for (unsigned int i = 0; i < 20; i++) {
			assert_true(mock_add(r->m, TXQ, &out, 1, &in, 1) >= 0);
			assert_false(mock_kick(r->m, TXQ));
		}
		rig_bus_answers(r, 1, CAN_REC_ACK);
		rig_until_got(r, 29);
		rig_bus_acks(r, 2, 27);
		rig_all_ok(r, 28);
		/* It has none any more. */
		for (unsigned int i = 0; i < 10; i++)
			mock_turn(r->m);
		assert_true(mock_add(r->m, TXQ, &out, 1, &in, 1) >= 0);
		assert_true(mock_kick(r->m, TXQ));
		rig_until_got(r, 30);
		rig_free(r);
	}
}

/* What has come back within a few turns of the loop. */
static unsigned int results_now(struct can_rig *r)
{
	struct mock_used u;
	unsigned int n = 0;

	for (unsigned int i = 0; i < 20; i++) {
		mock_turn(r->m);
		while (mock_poll(r->m, TXQ, &u))
			n++;
	}
	return n;
}

static void test_the_newest_of_a_long_run_returns_behind_the_next_or_late(void **state)
{
	struct can_rig *r = rig_new_started(0);
	struct can_tx t = rig_tx(0x123, 0, 0);
	unsigned int kept = 0;

	(void)state;
	rig_post_many(r, &t, 0, 128);
	rig_until_got(r, 129);
	rig_bus_acks(r, 1, 128);
	rig_all_ok(r, 127);
	/* The driver may be about to stop its queue: something is left that wakes it. */
	assert_int_equal(rig_tx_result(r), VIRTIO_CAN_RESULT_OK);
	/* So it is with two, of which the driver notified once. This test may itself be late. */
	for (unsigned int n = 129; n < 129 + 2 * 50 && !kept; n += 2) {
		unsigned int got;

		rig_post_many(r, &t, 0, 2);
		rig_until_got(r, n + 2);
		rig_bus_acks(r, n, 2);
		got = results_now(r);
		kept += got == 1;
		rig_all_ok(r, 2 - got);
	}
	assert_true(kept > 0);
	rig_free(r);
}

static void test_requests_that_come_one_at_a_time_return_at_once(void **state)
{
	struct can_rig *r = rig_new_started(0);
	struct can_tx t = rig_tx(0x123, 0, 0);
	unsigned int late = 0;

	(void)state;
	for (unsigned int i = 0; i < 200; i++) {
		rig_post_tx(r, &t, 0);
		rig_until_got(r, 2 + i);
		rig_bus_answers(r, 1 + i, CAN_REC_ACK);
		if (results_now(r) == 0) {
			assert_int_equal(rig_tx_result(r), VIRTIO_CAN_RESULT_OK);
			late++;
		}
	}
	assert_int_equal(late, 0);
	rig_free(r);
}

static void test_a_request_after_a_full_window_is_not_overheard(void **state)
{
	(void)state;
	for (unsigned int packed = 0; packed < 2; packed++) {
		struct can_rig *r =
			rig_new(MOCK_INDIRECT | MOCK_EVENT_IDX | (packed ? MOCK_PACKED : 0), ALL);
		struct can_tx t = rig_tx(0x123, 0, 0);

		rig_start(r);
		/* One kick for all, so that the device takes them without looking up. */
		rig_post_many(r, &t, 0, 256);
		rig_until_got(r, 257);
		rig_bus_acks(r, 1, 256);
		rig_all_ok(r, 256);
		for (unsigned int i = 0; i < 10; i++)
			mock_turn(r->m);
		rig_post_tx(r, &t, 0);
		rig_until_got(r, 258);
		rig_free(r);
	}
}

static void test_requests_past_the_window_wait_in_the_ring(void **state)
{
	struct can_rig *r = rig_new(MOCK_INDIRECT, F(CAN_CLASSIC));
	struct can_tx t = rig_tx(0x123, 1, 0);

	(void)state;
	rig_start(r);
	/* Without late acknowledge they return at once, but the bus's window still holds. */
	for (unsigned int i = 0; i < CAN_PORT_WINDOW; i++) {
		rig_post_tx(r, &t, 1);
		assert_int_equal(rig_tx_result(r), VIRTIO_CAN_RESULT_OK);
	}
	rig_post_tx(r, &t, 1);
	rig_until_got(r, 1 + CAN_PORT_WINDOW);
	assert_int_equal(mock_in_flight(r->m, TXQ), 1);
	rig_bus_answers(r, 1, CAN_REC_ACK);
	assert_int_equal(rig_tx_result(r), VIRTIO_CAN_RESULT_OK);
	rig_until_got(r, 2 + CAN_PORT_WINDOW);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_late_ack_returns_a_request_only_when_the_bus_acknowledged),
		cmocka_unit_test(test_a_frame_the_bus_refused_is_not_ok),
		cmocka_unit_test(test_without_late_ack_a_request_returns_once_it_is_on_its_way),
		cmocka_unit_test(test_extended_remote_and_fd_frames_reach_the_bus_as_such),
		cmocka_unit_test(test_an_fd_length_between_two_codes_is_padded_with_zeros),
		cmocka_unit_test(test_what_was_not_negotiated_is_rejected),
		cmocka_unit_test(test_rule_breaking_requests_are_rejected_and_do_not_reach_the_bus),
		cmocka_unit_test(test_a_header_that_is_cut_is_rejected),
		cmocka_unit_test(test_the_payload_may_lie_in_many_pieces),
		cmocka_unit_test(test_a_whole_window_waits_and_comes_back),
		cmocka_unit_test(
			test_while_the_bus_has_frames_the_next_need_no_kick_and_follow_its_answers),
		cmocka_unit_test(test_the_newest_of_a_long_run_returns_behind_the_next_or_late),
		cmocka_unit_test(test_requests_that_come_one_at_a_time_return_at_once),
		cmocka_unit_test(test_a_request_after_a_full_window_is_not_overheard),
		cmocka_unit_test(test_requests_past_the_window_wait_in_the_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
