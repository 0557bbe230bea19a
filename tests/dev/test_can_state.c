/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio-can, its controller: start and stop, bus-off, resets, negotiation.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "base/fd.h"
#include "tests/dev/can_rig.h"

static void test_a_stopped_controller_sends_nothing(void **state)
{
	struct can_rig *r = rig_new(0, ALL);
	struct can_tx t = rig_tx(1, 0, 0);

	(void)state;
	rig_rejects(r, &t, 0);
	rig_start(r);
	assert_int_equal(rig_control(r, VIRTIO_CAN_SET_CTRL_STOP), VIRTIO_CAN_RESULT_OK);
	rig_until_got(r, 2);
	assert_int_equal(r->got[1].h.kind, CAN_REC_STOP);
	rig_rejects(r, &t, 0);
	rig_free(r);
}

static void test_stop_returns_pending_transmissions_before_itself(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < MOCK_KINDS; kind++) {
		struct can_rig *r = rig_new_started(kind);
		struct can_tx t = rig_tx(1, 0, 0);
		struct mock_used u;

		rig_post_tx(r, &t, 0);
		rig_post_tx(r, &t, 0);
		rig_until_got(r, 3);
		assert_int_equal(rig_control(r, VIRTIO_CAN_SET_CTRL_STOP), VIRTIO_CAN_RESULT_OK);
		for (unsigned int i = 0; i < 2; i++) {
			assert_true(mock_poll(r->m, TXQ, &u));
			assert_int_equal(u.in[0], VIRTIO_CAN_RESULT_NOT_OK);
		}
		rig_free(r);
	}
}

static void test_late_answers_of_before_a_stop_are_nobodys(void **state)
{
	struct can_rig *r = rig_new_started(0);
	struct can_tx t = rig_tx(1, 0, 0);
	struct mock_used u;

	(void)state;
	rig_post_tx(r, &t, 0);
	rig_until_got(r, 2);
	assert_int_equal(rig_control(r, VIRTIO_CAN_SET_CTRL_STOP), VIRTIO_CAN_RESULT_OK);
	assert_true(mock_wait(r->m, TXQ, &u));
	rig_until_got(r, 3);
	rig_start(r);
	rig_post_tx(r, &t, 0);
	rig_until_got(r, 5);
	rig_bus_answers(r, 1, CAN_REC_NACK); /* the bus's answer to the first one */
	rig_bus_answers(r, 4, CAN_REC_ACK);
	assert_int_equal(rig_tx_result(r), VIRTIO_CAN_RESULT_OK);
	rig_free(r);
}

static void test_unknown_control_requests_are_not_ok(void **state)
{
	struct can_rig *r = rig_new(0, ALL);
	uint8_t byte = 1, result = 0xff;

	(void)state;
	assert_int_equal(rig_control(r, 0x0203), VIRTIO_CAN_RESULT_NOT_OK);
	assert_int_equal(mock_send(r->m, CTRLQ, &byte, 1, &result, 1), 1);
	assert_int_equal(result, VIRTIO_CAN_RESULT_NOT_OK);
	rig_free(r);
}

/* A port that lets the driver add a control request whenever one is carried out. */
struct eager_port {
	struct can_port p; /* first */
	struct mock *m;
	unsigned int n;
};

static void add_control(struct eager_port *e, uint16_t msg)
{
	struct virtio_can_control_out req = { .msg_type = le16_of(msg) };
	struct mock_iov out = { &req, sizeof(req) }, in = { NULL, 1 };
	struct mock_used u;

	while (mock_poll(e->m, CTRLQ, &u))
		;
	assert_true(mock_add(e->m, CTRLQ, &out, 1, &in, 1) >= 0);
}

static void eager_start(struct can_port *p)
{
	struct eager_port *e = (struct eager_port *)p;

	/* The end is for a device that does not let go. */
	if (++e->n < 5000)
		add_control(e, VIRTIO_CAN_SET_CTRL_STOP);
}

static void eager_stop(struct can_port *p)
{
	struct eager_port *e = (struct eager_port *)p;

	if (++e->n < 5000)
		add_control(e, VIRTIO_CAN_SET_CTRL_START);
}

static int eager_attach(struct can_port *p, struct ev_loop *loop, const struct can_port_sink *sink)
{
	(void)p;
	(void)loop;
	(void)sink;
	return 0;
}

static void eager_nothing(struct can_port *p)
{
	(void)p;
}

static void test_control_requests_without_end_share_the_loop(void **state)
{
	static const struct can_port_ops ops = { .name = "eager",
		.attach = eager_attach,
		.flush = eager_nothing,
		.start = eager_start,
		.stop = eager_stop,
		.free = eager_nothing };
	struct eager_port e = { .p = { &ops } };
	struct can_dev_config cfg = { .tag = "test/can0" };
	struct vdev *dev;

	(void)state;
	e.m = mock_new(0);
	assert_int_equal(can_dev_new(&dev, &e.p, &cfg), 0);
	mock_attach(e.m, dev);
	mock_start(e.m, ALL);
	add_control(&e, VIRTIO_CAN_SET_CTRL_START);
	mock_kick_always(e.m, CTRLQ);
	while (e.n == 0)
		mock_turn(e.m);
	/* A turn's worth for the kick and one for the turn. */
	assert_in_range(e.n, 1, 520);
	for (unsigned int i = 0; i < 1000 && e.n < 1000; i++)
		mock_turn(e.m);
	assert_in_range(e.n, 1000, 2000);
	mock_free(e.m);
}

static void test_busoff_sets_status_and_start_clears_it(void **state)
{
	struct can_rig *r = rig_new_started(0);
	struct can_rec_frame off = { .h = { .kind = CAN_REC_STATE,
					     .flags = CAN_STATE_PORT_BUSOFF } };
	struct can_tx t = rig_tx(1, 0, 0);
	struct can_dev_stats st;
	unsigned int irqs;

	(void)state;
	rig_post_tx(r, &t, 0);
	rig_until_got(r, 2);
	irqs = mock_config_irqs(r->m);
	rig_bus_says(r, &off);
	assert_int_equal(rig_tx_result(r), VIRTIO_CAN_RESULT_NOT_OK);
	assert_int_equal(mock_config16(r->m, 0), VIRTIO_CAN_S_CTRL_BUSOFF);
	assert_true(mock_config_irqs(r->m) > irqs);
	assert_int_equal(rig_control(r, VIRTIO_CAN_SET_CTRL_START), VIRTIO_CAN_RESULT_OK);
	assert_int_equal(mock_config16(r->m, 0), 0);
	can_dev_get_stats(r->dev, &st);
	assert_int_equal(st.busoffs, 1);
	rig_free(r);
}

static void test_a_reset_stops_the_controller_and_clears_status(void **state)
{
	struct can_rig *r = rig_new_started(0);
	struct can_tx t = rig_tx(1, 0, 0);
	unsigned int n;

	(void)state;
	mock_reset(r->m);
	rig_until_got(r, 2);
	assert_int_equal(r->got[1].h.kind, CAN_REC_STOP);
	mock_start(r->m, ALL);
	n = r->n;
	rig_rejects(r, &t, 0);
	rig_start(r);
	rig_post_tx(r, &t, 0);
	rig_until_got(r, n + 2);
	rig_free(r);
}

static void test_a_queue_reset_forgets_what_was_in_flight(void **state)
{
	struct can_rig *r = rig_new_started(0);
	struct can_tx t = rig_tx(1, 0, 0);
	struct mock_used u;

	(void)state;
	rig_post_tx(r, &t, 0);
	rig_until_got(r, 2);
	mock_queue_reset(r->m, TXQ);
	rig_bus_answers(r, 1, CAN_REC_ACK);
	rig_post_tx(r, &t, 0);
	rig_until_got(r, 3);
	rig_bus_answers(r, 2, CAN_REC_ACK);
	assert_int_equal(rig_tx_result(r), VIRTIO_CAN_RESULT_OK);
	assert_false(mock_poll(r->m, TXQ, &u));
	rig_free(r);
}

static void test_nobody_acknowledges_on_the_null_port(void **state)
{
	struct can_rig *r = rig_new_null();
	struct can_tx t = rig_tx(1, 0, 0);

	(void)state;
	rig_start(r);
	rig_post_tx(r, &t, 0);
	assert_int_equal(rig_tx_result(r), VIRTIO_CAN_RESULT_NOT_OK);
	rig_free(r);
}

static void test_a_bus_that_is_gone_fails_what_is_pending(void **state)
{
	struct can_rig *r = rig_new_started(0);
	struct can_tx t = rig_tx(1, 0, 0);

	(void)state;
	rig_post_tx(r, &t, 0);
	rig_until_got(r, 2);
	fd_close(&r->bus);
	assert_int_equal(rig_tx_result(r), VIRTIO_CAN_RESULT_NOT_OK);
	rig_post_tx(r, &t, 0);
	assert_int_equal(rig_tx_result(r), VIRTIO_CAN_RESULT_NOT_OK);
	rig_free(r);
}

static void test_a_driver_must_take_classic_or_fd(void **state)
{
	struct can_dev_config cfg = { .features = F(RTR_FRAMES) };
	struct can_port *port;
	struct vdev *dev;
	struct mock *m;

	(void)state;
	assert_int_equal(can_port_null_new(&port), 0);
	assert_int_equal(can_dev_new(&dev, port, &cfg), -EINVAL);
	cfg.features = 0;
	assert_int_equal(can_port_null_new(&port), 0);
	assert_int_equal(can_dev_new(&dev, port, &cfg), 0);
	m = mock_new(0);
	mock_attach(m, dev);
	assert_false(mock_negotiate(m, F(LATE_TX_ACK)));
	mock_reset(m);
	assert_false(mock_negotiate(m, F(CAN_FD) | F(RTR_FRAMES)));
	mock_reset(m);
	assert_true(mock_negotiate(m, F(CAN_FD)));
	mock_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_stopped_controller_sends_nothing),
		cmocka_unit_test(test_stop_returns_pending_transmissions_before_itself),
		cmocka_unit_test(test_late_answers_of_before_a_stop_are_nobodys),
		cmocka_unit_test(test_unknown_control_requests_are_not_ok),
		cmocka_unit_test(test_control_requests_without_end_share_the_loop),
		cmocka_unit_test(test_busoff_sets_status_and_start_clears_it),
		cmocka_unit_test(test_a_reset_stops_the_controller_and_clears_status),
		cmocka_unit_test(test_a_queue_reset_forgets_what_was_in_flight),
		cmocka_unit_test(test_nobody_acknowledges_on_the_null_port),
		cmocka_unit_test(test_a_bus_that_is_gone_fails_what_is_pending),
		cmocka_unit_test(test_a_driver_must_take_classic_or_fd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
