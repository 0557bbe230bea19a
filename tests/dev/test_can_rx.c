/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio-can, what a guest receives, and what becomes of what it does not take.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sys/socket.h>

#include "tests/dev/can_rig.h"

static void test_frames_of_all_kinds_are_received(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < MOCK_KINDS; kind++) {
		struct can_rig *r = rig_new(kind, ALL);

		rig_post_rx(r, 4, RX_BYTES);
		rig_start(r);
		rig_bus_sends(r, 0x123, 8, 0);
		rig_bus_sends(r, 0x12345678 | CAN_EFF_FLAG, 0, 0);
		rig_bus_sends(r, 0x7 | CAN_RTR_FLAG, 3, 0);
		rig_bus_sends(r, 0x1, 64, CANFD_FDF);
		rig_hears(r, 0x123, 8, 0);
		rig_hears(r, 0x12345678, 0, VIRTIO_CAN_FLAGS_EXTENDED);
		/* A remote frame carries `length` zero bytes. */
		rig_hears(r, 0x7, 3, VIRTIO_CAN_FLAGS_RTR);
		rig_hears(r, 0x1, 64, VIRTIO_CAN_FLAGS_FD);
		rig_free(r);
	}
}

static void test_reception_begins_no_later_than_the_first_transmission(void **state)
{
	struct can_rig *r = rig_new(0, ALL);
	struct can_tx t = rig_tx(1, 0, 0);

	(void)state;
	rig_post_rx(r, 1, RX_BYTES);
	rig_start(r);
	rig_bus_sends(r, 0x123, 1, 0);
	rig_post_tx(r, &t, 0);
	rig_hears(r, 0x123, 1, 0);
	rig_free(r);
}

static void return_buffer(struct can_rig *r)
{
	struct mock_iov in = { .len = RX_BYTES };

	assert_true(mock_add(r->m, RXQ, NULL, 0, &in, 1) >= 0);
}

/* Linux' driver gives each buffer back, and notifies, for each frame: an exit of the guest. */
static void test_no_kick_for_buffers_until_a_frame_waits_for_one(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < MOCK_KINDS; kind++) {
		struct can_rig *r = rig_new(kind, ALL);

		rig_post_rx(r, 2, RX_BYTES);
		rig_start(r);
		rig_bus_sends(r, 0x123, 8, 0);
		rig_hears(r, 0x123, 8, 0);
		return_buffer(r);
		assert_false(mock_kick(r->m, RXQ));
		for (uint32_t id = 1; id <= 3; id++)
			rig_bus_sends(r, id, 8, 0);
		rig_hears(r, 1, 8, 0);
		rig_hears(r, 2, 8, 0);
		mock_turn(r->m);
		return_buffer(r);
		assert_true(mock_kick(r->m, RXQ));
		rig_hears(r, 3, 8, 0);
		rig_free(r);
	}
}

struct interrupts {
	struct mock *m;
	unsigned int before;
};

static bool receive_interrupt(void *arg)
{
	struct interrupts *i = arg;

	return mock_irqs(i->m, RXQ) > i->before;
}

/* Linux' driver may have switched its interrupts off while it started, and waits for one. */
static void test_what_is_received_after_a_start_is_told_to_a_driver_that_is_deaf(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < MOCK_KINDS; kind++) {
		struct can_rig *r = rig_new(kind, ALL);
		struct interrupts i = { .m = r->m };

		mock_want_irqs(r->m, RXQ, false);
		rig_post_rx(r, 1, RX_BYTES);
		rig_start(r);
		i.before = mock_irqs(r->m, RXQ);
		rig_bus_sends(r, 0x123, 1, 0);
		rig_hears(r, 0x123, 1, 0);
		assert_true(mock_until(r->m, receive_interrupt, &i));
		rig_free(r);
	}
}

static void test_types_that_were_not_negotiated_are_not_received(void **state)
{
	struct can_rig *r = rig_new(0, F(CAN_CLASSIC));
	struct can_dev_stats st;

	(void)state;
	rig_post_rx(r, 2, sizeof(struct virtio_can_hdr) + 8);
	rig_start(r);
	rig_bus_sends(r, 0x1, 64, CANFD_FDF);
	rig_bus_sends(r, 0x2 | CAN_RTR_FLAG, 0, 0);
	rig_bus_sends(r, 0x3, 8, 0);
	rig_hears(r, 0x3, 8, 0);
	can_dev_get_stats(r->dev, &st);
	assert_int_equal(st.rx_filtered, 2);
	rig_free(r);
}

/* Fills the device and the socket with frames; how many that were. */
static unsigned int fill_with_frames(struct can_rig *r)
{
	unsigned int n = 0, full = 0;

	while (full < 20) {
		struct can_rec_frame rec = { .h = { .kind = CAN_REC_FRAME, .mtu = CAN_MTU },
			.f = { .can_id = n & 0x7ff } };
		struct can_packet p = { .len = 0 };

		assert_true(can_packet_add(&p, &rec));
		if (send(r->bus, p.b, p.len, MSG_DONTWAIT) < 0) {
			mock_turn(r->m);
			full++;
			continue;
		}
		full = 0;
		n++;
	}
	return n;
}

static void take_all(struct can_rig *r, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		if (i % 200 == 0)
			rig_post_rx(r, MIN(200, n - i), RX_BYTES);
		rig_hears(r, i & 0x7ff, 0, 0);
	}
}

static void test_without_buffers_frames_wait_in_the_device_and_then_on_the_way_to_it(void **state)
{
	struct can_rig *r = rig_new_started(0);
	struct can_dev_stats st;
	unsigned int n;

	(void)state;
	n = fill_with_frames(r);
	assert_true(n > CAN_DEV_RX_PENDING / 2);
	take_all(r, n);
	can_dev_get_stats(r->dev, &st);
	assert_int_equal(st.rx_dropped, 0);
	rig_free(r);
}

static bool some_dropped(void *arg)
{
	struct can_rig *r = arg;
	struct can_dev_stats st;

	can_dev_get_stats(r->dev, &st);
	return st.rx_dropped == 88;
}

static void test_a_guest_that_awaits_an_answer_gets_it_and_loses_what_it_does_not_take(void **state)
{
	struct can_rig *r = rig_new_started(0);
	struct can_tx t = rig_tx(0x123, 8, 0);

	(void)state;
	rig_post_tx(r, &t, 8);
	rig_until_got(r, 2);
	for (unsigned int i = 0; i < CAN_DEV_RX_PENDING + 88; i++) {
		rig_bus_sends(r, i & 0x7ff, 0, 0);
		mock_turn(r->m);
	}
	assert_true(mock_until(r->m, some_dropped, r));
	rig_bus_answers(r, 1, CAN_REC_ACK);
	assert_int_equal(rig_tx_result(r), VIRTIO_CAN_RESULT_OK);
	take_all(r, CAN_DEV_RX_PENDING);
	rig_free(r);
}

static void test_a_stopped_controller_waits_for_nothing(void **state)
{
	struct can_rig *r = rig_new_started(0);

	(void)state;
	(void)fill_with_frames(r);
	assert_int_equal(rig_control(r, VIRTIO_CAN_SET_CTRL_STOP), VIRTIO_CAN_RESULT_OK);
	rig_until_got(r, 2);
	/* All that was under way is passed over. */
	for (unsigned int i = 0; i < 2000; i++)
		mock_turn(r->m);
	rig_start(r);
	rig_post_rx(r, 1, RX_BYTES);
	rig_bus_sends(r, 0x55, 0, 0);
	rig_hears(r, 0x55, 0, 0);
	rig_free(r);
}

static bool one_dropped(void *arg)
{
	struct can_rig *r = arg;
	struct can_dev_stats st;

	can_dev_get_stats(r->dev, &st);
	return st.rx_dropped == 1;
}

static void test_a_receive_buffer_that_is_too_small_costs_that_frame(void **state)
{
	struct can_rig *r = rig_new(0, ALL);
	struct mock_used u;

	(void)state;
	rig_post_rx(r, 1, 16);
	rig_post_rx(r, 1, RX_BYTES);
	rig_start(r);
	rig_bus_sends(r, 0x1, 8, 0);
	rig_bus_sends(r, 0x2, 8, 0);
	assert_true(mock_until(r->m, one_dropped, r));
	assert_true(mock_wait(r->m, RXQ, &u));
	assert_int_equal(u.len, 0);
	rig_hears(r, 0x2, 8, 0);
	rig_free(r);
}

static void test_frames_of_before_a_stop_are_forgotten(void **state)
{
	struct can_rig *r = rig_new_started(0);

	(void)state;
	rig_bus_sends(r, 0x1, 0, 0);
	for (unsigned int i = 0; i < 5; i++)
		mock_turn(r->m);
	assert_int_equal(rig_control(r, VIRTIO_CAN_SET_CTRL_STOP), VIRTIO_CAN_RESULT_OK);
	rig_until_got(r, 2);
	rig_start(r);
	rig_post_rx(r, 1, RX_BYTES);
	rig_bus_sends(r, 0x2, 0, 0);
	rig_hears(r, 0x2, 0, 0);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames_of_all_kinds_are_received),
		cmocka_unit_test(test_reception_begins_no_later_than_the_first_transmission),
		cmocka_unit_test(test_no_kick_for_buffers_until_a_frame_waits_for_one),
		cmocka_unit_test(
			test_what_is_received_after_a_start_is_told_to_a_driver_that_is_deaf),
		cmocka_unit_test(test_types_that_were_not_negotiated_are_not_received),
		cmocka_unit_test(
			test_without_buffers_frames_wait_in_the_device_and_then_on_the_way_to_it),
		cmocka_unit_test(
			test_a_guest_that_awaits_an_answer_gets_it_and_loses_what_it_does_not_take),
		cmocka_unit_test(test_a_stopped_controller_waits_for_nothing),
		cmocka_unit_test(test_a_receive_buffer_that_is_too_small_costs_that_frame),
		cmocka_unit_test(test_frames_of_before_a_stop_are_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
