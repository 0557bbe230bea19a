/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio-can behind the transport core, over every kind of ring. The test plays the bus at the
 * other end of the port's socket.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/can/error.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/ipc.h"
#include "devices/can/can.h"
#include "devices/can/wire.h"
#include "sim/canbus/canbus.h"
#include "tests/support/mock_driver.h"

enum { TXQ, RXQ, CTRLQ };

#define ALL      VIRTIO_CAN_FEATURES_ALL
#define F(bit)   VIRTIO_BIT(VIRTIO_CAN_F_##bit)
#define RX_BYTES (sizeof(struct virtio_can_hdr) + 64)

struct rig {
	struct mock *m;
	struct vdev *dev;
	int bus; /* our end of the port; -1: the device has the null port */
	struct can_rec_frame got[600];
	unsigned int n;
	unsigned int want; /* for until_got() */
};

static struct rig *rig_new(unsigned int kind, uint64_t features, bool null_port)
{
	struct rig *r = test_calloc(1, sizeof(*r));
	struct can_dev_config cfg = { .tag = "test/can0" };
	struct can_port *port;
	int fds[2] = { -1, -1 };

	r->m = mock_new(kind);
	if (null_port) {
		assert_int_equal(can_port_null_new(&port), 0);
	} else {
		assert_int_equal(ipc_pair(fds, 0), 0);
		assert_int_equal(fd_set_nonblock(fds[1], 1), 0);
		assert_int_equal(can_port_hub_new(&port, fds[0]), 0);
	}
	r->bus = fds[1];
	assert_int_equal(can_dev_new(&r->dev, port, &cfg), 0);
	mock_set_queue_size(r->m, 256);
	mock_attach(r->m, r->dev);
	mock_start(r->m, features);
	return r;
}

static void rig_free(struct rig *r)
{
	assert_false(mock_needs_reset(r->m));
	mock_free(r->m);
	fd_close(&r->bus);
	test_free(r);
}

/* What the device sent to the bus. */
static void bus_drain(struct rig *r)
{
	static uint8_t buf[CAN_PORT_PACKET_BYTES];
	ssize_t len;

	while ((len = recv(r->bus, buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
		uint32_t off = 0;

		while (can_packet_next(buf, (uint32_t)len, &off, &r->got[r->n]) > 0) {
			r->n++;
			assert_in_range(r->n, 0, ARRAY_SIZE(r->got) - 1);
		}
	}
}

static bool have_got(void *arg)
{
	struct rig *r = arg;

	bus_drain(r);
	return r->n >= r->want;
}

static void until_got(struct rig *r, unsigned int n)
{
	r->want = n;
	assert_true(mock_until(r->m, have_got, r));
}

static void bus_say(struct rig *r, const struct can_rec_frame *rec)
{
	struct can_packet p = { .len = 0 };

	assert_true(can_packet_add(&p, rec));
	assert_int_equal(ipc_send(r->bus, p.b, p.len, NULL, 0), 0);
}

static void bus_answer(struct rig *r, uint32_t serial, uint8_t kind)
{
	struct can_rec_frame rec = { .h = { .serial = serial, .kind = kind } };

	bus_say(r, &rec);
}

static void bus_frame(struct rig *r, uint32_t id, uint8_t len, uint8_t flags)
{
	struct can_rec_frame rec = { .h = { .kind = CAN_REC_FRAME,
					     .mtu = flags & CANFD_FDF ? CANFD_MTU : CAN_MTU },
		.f = { .can_id = id, .len = len, .flags = flags } };

	for (uint8_t i = 0; i < len && !(id & CAN_RTR_FLAG); i++)
		rec.f.data[i] = (uint8_t)(i + 1);
	bus_say(r, &rec);
}

static int control(struct rig *r, uint16_t msg)
{
	struct virtio_can_control_out req = { .msg_type = le16_of(msg) };
	uint8_t result = 0xff;
	int n = mock_send(r->m, CTRLQ, &req, sizeof(req), &result, sizeof(result));

	assert_int_equal(n, 1);
	return result;
}

static void start(struct rig *r)
{
	unsigned int n = r->n;

	assert_int_equal(control(r, VIRTIO_CAN_SET_CTRL_START), VIRTIO_CAN_RESULT_OK);
	if (r->bus >= 0) {
		until_got(r, n + 1);
		assert_int_equal(r->got[n].h.kind, CAN_REC_START);
	}
}

struct tx {
	struct virtio_can_hdr h;
	uint8_t sdu[72];
};

static struct tx make_tx(uint32_t id, uint16_t len, uint32_t flags)
{
	struct tx t = { .h = { .msg_type = le16_of(VIRTIO_CAN_TX),
				.length = le16_of(len),
				.flags = le32_of(flags),
				.can_id = le32_of(id) } };

	for (unsigned int i = 0; i < sizeof(t.sdu); i++)
		t.sdu[i] = (uint8_t)(0xc0 + i);
	return t;
}

static int post_tx(struct rig *r, const struct tx *t, uint32_t sdu_bytes)
{
	int id = mock_post(r->m, TXQ, t, (uint32_t)sizeof(t->h) + sdu_bytes, 1);

	assert_true(id >= 0);
	return id;
}

/* Waits for a transmission's result. */
static uint8_t tx_result(struct rig *r)
{
	struct mock_used u;

	assert_true(mock_wait(r->m, TXQ, &u));
	assert_int_equal(u.len, 1);
	return u.in[0];
}

static void assert_rejected(struct rig *r, const struct tx *t, uint32_t sdu_bytes)
{
	unsigned int n = r->n;

	(void)post_tx(r, t, sdu_bytes);
	assert_int_equal(tx_result(r), VIRTIO_CAN_RESULT_NOT_OK);
	bus_drain(r);
	assert_int_equal(r->n, n);
}

/* ---- transmission ---- */

static void test_late_ack_returns_a_request_only_when_the_bus_acknowledged(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < MOCK_KINDS; kind++) {
		struct rig *r = rig_new(kind, ALL, false);
		struct tx t = make_tx(0x123, 8, 0);
		struct mock_used u;

		start(r);
		(void)post_tx(r, &t, 8);
		until_got(r, 2);
		assert_int_equal(r->got[1].h.kind, CAN_REC_FRAME);
		assert_int_equal(r->got[1].h.mtu, CAN_MTU);
		assert_int_equal(r->got[1].f.can_id, 0x123);
		assert_memory_equal(r->got[1].f.data, t.sdu, 8);
		for (unsigned int i = 0; i < 10; i++)
			mock_turn(r->m);
		assert_false(mock_poll(r->m, TXQ, &u));
		bus_answer(r, r->got[1].h.serial, CAN_REC_ACK);
		assert_int_equal(tx_result(r), VIRTIO_CAN_RESULT_OK);
		rig_free(r);
	}
}

static void test_a_frame_the_bus_refused_is_not_ok(void **state)
{
	struct rig *r = rig_new(0, ALL, false);
	struct tx t = make_tx(0x123, 0, 0);

	(void)state;
	start(r);
	(void)post_tx(r, &t, 0);
	until_got(r, 2);
	bus_answer(r, r->got[1].h.serial, CAN_REC_NACK);
	assert_int_equal(tx_result(r), VIRTIO_CAN_RESULT_NOT_OK);
	rig_free(r);
}

static void test_without_late_ack_a_request_returns_once_it_is_on_its_way(void **state)
{
	struct rig *r = rig_new(0, F(CAN_CLASSIC), false);
	struct tx t = make_tx(0x123, 4, 0);

	(void)state;
	start(r);
	(void)post_tx(r, &t, 4);
	assert_int_equal(tx_result(r), VIRTIO_CAN_RESULT_OK);
	until_got(r, 2);
	rig_free(r);
}

static void test_extended_remote_and_fd_frames_reach_the_bus_as_such(void **state)
{
	struct rig *r = rig_new(0, ALL & ~F(LATE_TX_ACK), false);
	struct tx ext = make_tx(0x12345678, 1, VIRTIO_CAN_FLAGS_EXTENDED);
	struct tx rtr = make_tx(0x7ff, 4, VIRTIO_CAN_FLAGS_RTR);
	struct tx fd = make_tx(0x1, 64, VIRTIO_CAN_FLAGS_FD);
	struct tx short_fd = make_tx(0x2, 3, VIRTIO_CAN_FLAGS_FD);

	(void)state;
	start(r);
	(void)post_tx(r, &ext, 1);
	(void)post_tx(r, &rtr, 4);
	(void)post_tx(r, &fd, 64);
	(void)post_tx(r, &short_fd, 3);
	until_got(r, 5);
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
	struct rig *r = rig_new(0, ALL, false);
	struct tx t = make_tx(0x1, 13, VIRTIO_CAN_FLAGS_FD);

	(void)state;
	start(r);
	(void)post_tx(r, &t, 13);
	until_got(r, 2);
	assert_int_equal(r->got[1].f.len, 16);
	assert_memory_equal(r->got[1].f.data, t.sdu, 13);
	assert_int_equal(r->got[1].f.data[13], 0);
	rig_free(r);
}

static void test_what_was_not_negotiated_is_rejected(void **state)
{
	struct rig *r = rig_new(0, F(CAN_CLASSIC), false);
	struct tx fd = make_tx(1, 1, VIRTIO_CAN_FLAGS_FD),
		  rtr = make_tx(1, 0, VIRTIO_CAN_FLAGS_RTR);

	(void)state;
	start(r);
	assert_rejected(r, &fd, 1);
	assert_rejected(r, &rtr, 0);
	rig_free(r);

	r = rig_new(0, F(CAN_FD), false);
	fd.h.flags = le32_of(0);
	start(r);
	assert_rejected(r, &fd, 1);
	rig_free(r);
}

static void test_rule_breaking_requests_are_rejected_and_do_not_reach_the_bus(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < MOCK_KINDS; kind++) {
		struct rig *r = rig_new(kind, ALL, false);
		struct tx t;

		start(r);
		t = make_tx(1, 1, 0x1);
		assert_rejected(r, &t, 1); /* an undefined flag */
		t = make_tx(1, 1, 0x80000000u);
		assert_rejected(r, &t, 1); /* SocketCAN's flag, not ours */
		t = make_tx(1, 1, VIRTIO_CAN_FLAGS_FD | VIRTIO_CAN_FLAGS_RTR);
		assert_rejected(r, &t, 1);
		t = make_tx(0x800, 1, 0);
		assert_rejected(r, &t, 1);
		t = make_tx(0x20000000, 1, VIRTIO_CAN_FLAGS_EXTENDED);
		assert_rejected(r, &t, 1);
		t = make_tx(1, 9, 0);
		assert_rejected(r, &t, 9);
		t = make_tx(1, 65, VIRTIO_CAN_FLAGS_FD);
		assert_rejected(r, &t, 65);
		t = make_tx(1, 0xffff, VIRTIO_CAN_FLAGS_FD);
		assert_rejected(r, &t, 64);
		t = make_tx(1, 8, 0);
		assert_rejected(r, &t, 7); /* the payload is cut */
		t = make_tx(1, 0, 0);
		t.h.msg_type = le16_of(VIRTIO_CAN_RX);
		assert_rejected(r, &t, 0);
		rig_free(r);
	}
}

static void test_a_header_that_is_cut_is_rejected(void **state)
{
	struct rig *r = rig_new(0, ALL, false);
	struct tx t = make_tx(1, 0, 0);
	struct mock_used u;

	(void)state;
	start(r);
	assert_true(mock_post(r->m, TXQ, &t, 15, 1) >= 0);
	assert_int_equal(tx_result(r), VIRTIO_CAN_RESULT_NOT_OK);
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
		struct rig *r = rig_new(kind, ALL, false);
		struct tx t = make_tx(0x123, 8, 0);
		const uint8_t *b = (const uint8_t *)&t;
		struct mock_iov out[4] = { { b, 3 }, { b + 3, 14 }, { b + 17, 1 }, { b + 18, 6 } };
		struct mock_iov in = { NULL, 1 };

		start(r);
		assert_true(mock_postv(r->m, TXQ, out, 4, &in, 1) >= 0);
		until_got(r, 2);
		assert_memory_equal(r->got[1].f.data, t.sdu, 8);
		rig_free(r);
	}
}

static void test_a_whole_window_waits_and_comes_back(void **state)
{
	struct rig *r = rig_new(MOCK_INDIRECT, ALL, false);
	struct tx t = make_tx(0x123, 64, VIRTIO_CAN_FLAGS_FD);
	struct mock_iov out = { &t, sizeof(t.h) + 64 }, in = { NULL, 1 };
	struct can_dev_stats st;

	(void)state;
	start(r);
	for (unsigned int i = 0; i < 256; i++)
		assert_true(mock_add(r->m, TXQ, &out, 1, &in, 1) >= 0);
	(void)mock_kick(r->m, TXQ);
	until_got(r, 257);
	for (unsigned int i = 0; i < 256; i++)
		bus_answer(r, r->got[1 + i].h.serial, CAN_REC_ACK);
	for (unsigned int i = 0; i < 256; i++)
		assert_int_equal(tx_result(r), VIRTIO_CAN_RESULT_OK);
	can_dev_get_stats(r->dev, &st);
	assert_int_equal(st.tx_ok, 256);
	rig_free(r);
}

static void test_while_the_bus_has_frames_the_next_need_no_kick_and_follow_its_answers(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < MOCK_KINDS; kind++) {
		struct rig *r = rig_new(kind, ALL, false);
		struct tx t = make_tx(0x123, 0, 0);
		struct mock_iov out = { &t, sizeof(t.h) }, in = { NULL, 1 };

		start(r);
		for (unsigned int i = 0; i < 8; i++)
			(void)post_tx(r, &t, 0);
		until_got(r, 9);
		for (unsigned int i = 0; i < 20; i++) {
			assert_true(mock_add(r->m, TXQ, &out, 1, &in, 1) >= 0);
			assert_false(mock_kick(r->m, TXQ));
		}
		bus_answer(r, r->got[1].h.serial, CAN_REC_ACK);
		until_got(r, 29);
		for (unsigned int i = 1; i < 28; i++)
			bus_answer(r, r->got[1 + i].h.serial, CAN_REC_ACK);
		for (unsigned int i = 0; i < 28; i++)
			assert_int_equal(tx_result(r), VIRTIO_CAN_RESULT_OK);
		/* It has none any more. */
		for (unsigned int i = 0; i < 10; i++)
			mock_turn(r->m);
		assert_true(mock_add(r->m, TXQ, &out, 1, &in, 1) >= 0);
		assert_true(mock_kick(r->m, TXQ));
		until_got(r, 30);
		rig_free(r);
	}
}

/* What has come back within a few turns of the loop. */
static unsigned int results_now(struct rig *r)
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
	struct rig *r = rig_new(0, ALL, false);
	struct tx t = make_tx(0x123, 0, 0);
	struct mock_iov out = { &t, sizeof(t.h) }, in = { NULL, 1 };
	unsigned int kept = 0;

	(void)state;
	start(r);
	for (unsigned int i = 0; i < 128; i++)
		assert_true(mock_add(r->m, TXQ, &out, 1, &in, 1) >= 0);
	(void)mock_kick(r->m, TXQ);
	until_got(r, 129);
	for (unsigned int i = 0; i < 128; i++)
		bus_answer(r, r->got[1 + i].h.serial, CAN_REC_ACK);
	for (unsigned int i = 0; i < 127; i++)
		assert_int_equal(tx_result(r), VIRTIO_CAN_RESULT_OK);
	/* The driver may be about to stop its queue: something is left that wakes it. */
	assert_int_equal(tx_result(r), VIRTIO_CAN_RESULT_OK);
	/* So it is with two, of which the driver notified once. This test may itself be late. */
	for (unsigned int n = 129; n < 129 + 2 * 50 && !kept; n += 2) {
		unsigned int got;

		for (unsigned int i = 0; i < 2; i++)
			assert_true(mock_add(r->m, TXQ, &out, 1, &in, 1) >= 0);
		(void)mock_kick(r->m, TXQ);
		until_got(r, n + 2);
		bus_answer(r, r->got[n].h.serial, CAN_REC_ACK);
		bus_answer(r, r->got[n + 1].h.serial, CAN_REC_ACK);
		got = results_now(r);
		kept += got == 1;
		for (; got < 2; got++)
			assert_int_equal(tx_result(r), VIRTIO_CAN_RESULT_OK);
	}
	assert_true(kept > 0);
	rig_free(r);
}

static void test_requests_that_come_one_at_a_time_return_at_once(void **state)
{
	struct rig *r = rig_new(0, ALL, false);
	struct tx t = make_tx(0x123, 0, 0);
	unsigned int late = 0;

	(void)state;
	start(r);
	for (unsigned int i = 0; i < 200; i++) {
		(void)post_tx(r, &t, 0);
		until_got(r, 2 + i);
		bus_answer(r, r->got[1 + i].h.serial, CAN_REC_ACK);
		if (results_now(r) == 0) {
			assert_int_equal(tx_result(r), VIRTIO_CAN_RESULT_OK);
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
		struct rig *r = rig_new(
			MOCK_INDIRECT | MOCK_EVENT_IDX | (packed ? MOCK_PACKED : 0), ALL, false);
		struct tx t = make_tx(0x123, 0, 0);
		struct mock_iov out = { &t, sizeof(t.h) }, in = { NULL, 1 };

		start(r);
		/* One kick for all, so that the device takes them without looking up. */
		for (unsigned int i = 0; i < 256; i++)
			assert_true(mock_add(r->m, TXQ, &out, 1, &in, 1) >= 0);
		(void)mock_kick(r->m, TXQ);
		until_got(r, 257);
		for (unsigned int i = 0; i < 256; i++)
			bus_answer(r, r->got[1 + i].h.serial, CAN_REC_ACK);
		for (unsigned int i = 0; i < 256; i++)
			assert_int_equal(tx_result(r), VIRTIO_CAN_RESULT_OK);
		for (unsigned int i = 0; i < 10; i++)
			mock_turn(r->m);
		(void)post_tx(r, &t, 0);
		until_got(r, 258);
		rig_free(r);
	}
}

static void test_requests_past_the_window_wait_in_the_ring(void **state)
{
	struct rig *r = rig_new(MOCK_INDIRECT, F(CAN_CLASSIC), false);
	struct tx t = make_tx(0x123, 1, 0);

	(void)state;
	start(r);
	/* Without late acknowledge they return at once, but the bus's window still holds. */
	for (unsigned int i = 0; i < CAN_PORT_WINDOW; i++) {
		(void)post_tx(r, &t, 1);
		assert_int_equal(tx_result(r), VIRTIO_CAN_RESULT_OK);
	}
	(void)post_tx(r, &t, 1);
	until_got(r, 1 + CAN_PORT_WINDOW);
	assert_int_equal(mock_in_flight(r->m, TXQ), 1);
	bus_answer(r, r->got[1].h.serial, CAN_REC_ACK);
	assert_int_equal(tx_result(r), VIRTIO_CAN_RESULT_OK);
	until_got(r, 2 + CAN_PORT_WINDOW);
	rig_free(r);
}

/* ---- the controller's state ---- */

static void test_a_stopped_controller_sends_nothing(void **state)
{
	struct rig *r = rig_new(0, ALL, false);
	struct tx t = make_tx(1, 0, 0);

	(void)state;
	assert_rejected(r, &t, 0);
	start(r);
	assert_int_equal(control(r, VIRTIO_CAN_SET_CTRL_STOP), VIRTIO_CAN_RESULT_OK);
	until_got(r, 2);
	assert_int_equal(r->got[1].h.kind, CAN_REC_STOP);
	assert_rejected(r, &t, 0);
	rig_free(r);
}

static void test_stop_returns_pending_transmissions_before_itself(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < MOCK_KINDS; kind++) {
		struct rig *r = rig_new(kind, ALL, false);
		struct tx t = make_tx(1, 0, 0);
		struct mock_used u;

		start(r);
		(void)post_tx(r, &t, 0);
		(void)post_tx(r, &t, 0);
		until_got(r, 3);
		assert_int_equal(control(r, VIRTIO_CAN_SET_CTRL_STOP), VIRTIO_CAN_RESULT_OK);
		for (unsigned int i = 0; i < 2; i++) {
			assert_true(mock_poll(r->m, TXQ, &u));
			assert_int_equal(u.in[0], VIRTIO_CAN_RESULT_NOT_OK);
		}
		rig_free(r);
	}
}

static void test_late_answers_of_before_a_stop_are_nobodys(void **state)
{
	struct rig *r = rig_new(0, ALL, false);
	struct tx t = make_tx(1, 0, 0);
	struct mock_used u;

	(void)state;
	start(r);
	(void)post_tx(r, &t, 0);
	until_got(r, 2);
	assert_int_equal(control(r, VIRTIO_CAN_SET_CTRL_STOP), VIRTIO_CAN_RESULT_OK);
	assert_true(mock_wait(r->m, TXQ, &u));
	until_got(r, 3);
	start(r);
	(void)post_tx(r, &t, 0);
	until_got(r, 5);
	bus_answer(r, r->got[1].h.serial, CAN_REC_NACK); /* the bus's answer to the first one */
	bus_answer(r, r->got[4].h.serial, CAN_REC_ACK);
	assert_int_equal(tx_result(r), VIRTIO_CAN_RESULT_OK);
	rig_free(r);
}

static void test_unknown_control_requests_are_not_ok(void **state)
{
	struct rig *r = rig_new(0, ALL, false);
	uint8_t byte = 1, result = 0xff;

	(void)state;
	assert_int_equal(control(r, 0x0203), VIRTIO_CAN_RESULT_NOT_OK);
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
	struct rig *r = rig_new(0, ALL, false);
	struct can_rec_frame off = { .h = { .kind = CAN_REC_STATE,
					     .flags = CAN_STATE_PORT_BUSOFF } };
	struct tx t = make_tx(1, 0, 0);
	struct can_dev_stats st;
	unsigned int irqs;

	(void)state;
	start(r);
	(void)post_tx(r, &t, 0);
	until_got(r, 2);
	irqs = mock_config_irqs(r->m);
	bus_say(r, &off);
	assert_int_equal(tx_result(r), VIRTIO_CAN_RESULT_NOT_OK);
	assert_int_equal(mock_config16(r->m, 0), VIRTIO_CAN_S_CTRL_BUSOFF);
	assert_true(mock_config_irqs(r->m) > irqs);
	assert_int_equal(control(r, VIRTIO_CAN_SET_CTRL_START), VIRTIO_CAN_RESULT_OK);
	assert_int_equal(mock_config16(r->m, 0), 0);
	can_dev_get_stats(r->dev, &st);
	assert_int_equal(st.busoffs, 1);
	rig_free(r);
}

static void test_a_reset_stops_the_controller_and_clears_status(void **state)
{
	struct rig *r = rig_new(0, ALL, false);
	struct tx t = make_tx(1, 0, 0);
	unsigned int n;

	(void)state;
	start(r);
	mock_reset(r->m);
	until_got(r, 2);
	assert_int_equal(r->got[1].h.kind, CAN_REC_STOP);
	mock_start(r->m, ALL);
	n = r->n;
	assert_rejected(r, &t, 0);
	start(r);
	(void)post_tx(r, &t, 0);
	until_got(r, n + 2);
	rig_free(r);
}

static void test_a_queue_reset_forgets_what_was_in_flight(void **state)
{
	struct rig *r = rig_new(0, ALL, false);
	struct tx t = make_tx(1, 0, 0);
	struct mock_used u;

	(void)state;
	start(r);
	(void)post_tx(r, &t, 0);
	until_got(r, 2);
	mock_queue_reset(r->m, TXQ);
	bus_answer(r, r->got[1].h.serial, CAN_REC_ACK);
	(void)post_tx(r, &t, 0);
	until_got(r, 3);
	bus_answer(r, r->got[2].h.serial, CAN_REC_ACK);
	assert_int_equal(tx_result(r), VIRTIO_CAN_RESULT_OK);
	assert_false(mock_poll(r->m, TXQ, &u));
	rig_free(r);
}

static void test_nobody_acknowledges_on_the_null_port(void **state)
{
	struct rig *r = rig_new(0, ALL, true);
	struct tx t = make_tx(1, 0, 0);

	(void)state;
	start(r);
	(void)post_tx(r, &t, 0);
	assert_int_equal(tx_result(r), VIRTIO_CAN_RESULT_NOT_OK);
	rig_free(r);
}

static void test_a_bus_that_is_gone_fails_what_is_pending(void **state)
{
	struct rig *r = rig_new(0, ALL, false);
	struct tx t = make_tx(1, 0, 0);

	(void)state;
	start(r);
	(void)post_tx(r, &t, 0);
	until_got(r, 2);
	fd_close(&r->bus);
	assert_int_equal(tx_result(r), VIRTIO_CAN_RESULT_NOT_OK);
	(void)post_tx(r, &t, 0);
	assert_int_equal(tx_result(r), VIRTIO_CAN_RESULT_NOT_OK);
	rig_free(r);
}

/* ---- reception ---- */

static void post_rx(struct rig *r, unsigned int n, uint32_t bytes)
{
	for (unsigned int i = 0; i < n; i++)
		assert_true(mock_post(r->m, RXQ, NULL, 0, bytes) >= 0);
}

static void assert_rx(struct rig *r, uint32_t id, uint16_t len, uint32_t flags)
{
	struct virtio_can_hdr h;
	struct mock_used u;

	assert_true(mock_wait(r->m, RXQ, &u));
	assert_int_equal(u.len, sizeof(h) + len);
	memcpy(&h, u.in, sizeof(h));
	assert_int_equal(le16_get(h.msg_type), VIRTIO_CAN_RX);
	assert_int_equal(le16_get(h.length), len);
	assert_int_equal(le32_get(h.flags), flags);
	assert_int_equal(le32_get(h.can_id), id);
	for (unsigned int i = 0; i < len; i++)
		assert_int_equal(u.in[sizeof(h) + i], flags & VIRTIO_CAN_FLAGS_RTR ? 0 : i + 1);
}

static void test_frames_of_all_kinds_are_received(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < MOCK_KINDS; kind++) {
		struct rig *r = rig_new(kind, ALL, false);

		post_rx(r, 4, RX_BYTES);
		start(r);
		bus_frame(r, 0x123, 8, 0);
		bus_frame(r, 0x12345678 | CAN_EFF_FLAG, 0, 0);
		bus_frame(r, 0x7 | CAN_RTR_FLAG, 3, 0);
		bus_frame(r, 0x1, 64, CANFD_FDF);
		assert_rx(r, 0x123, 8, 0);
		assert_rx(r, 0x12345678, 0, VIRTIO_CAN_FLAGS_EXTENDED);
		/* A remote frame carries `length` zero bytes. */
		assert_rx(r, 0x7, 3, VIRTIO_CAN_FLAGS_RTR);
		assert_rx(r, 0x1, 64, VIRTIO_CAN_FLAGS_FD);
		rig_free(r);
	}
}

static void test_reception_begins_no_later_than_the_first_transmission(void **state)
{
	struct rig *r = rig_new(0, ALL, false);
	struct tx t = make_tx(1, 0, 0);

	(void)state;
	post_rx(r, 1, RX_BYTES);
	start(r);
	bus_frame(r, 0x123, 1, 0);
	(void)post_tx(r, &t, 0);
	assert_rx(r, 0x123, 1, 0);
	rig_free(r);
}

static void test_types_that_were_not_negotiated_are_not_received(void **state)
{
	struct rig *r = rig_new(0, F(CAN_CLASSIC), false);
	struct can_dev_stats st;

	(void)state;
	post_rx(r, 2, sizeof(struct virtio_can_hdr) + 8);
	start(r);
	bus_frame(r, 0x1, 64, CANFD_FDF);
	bus_frame(r, 0x2 | CAN_RTR_FLAG, 0, 0);
	bus_frame(r, 0x3, 8, 0);
	assert_rx(r, 0x3, 8, 0);
	can_dev_get_stats(r->dev, &st);
	assert_int_equal(st.rx_filtered, 2);
	rig_free(r);
}

/* Fills the device and the socket with frames; how many that were. */
static unsigned int fill_with_frames(struct rig *r)
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

static void take_all(struct rig *r, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		if (i % 200 == 0)
			post_rx(r, MIN(200, n - i), RX_BYTES);
		assert_rx(r, i & 0x7ff, 0, 0);
	}
}

static void test_without_buffers_frames_wait_in_the_device_and_then_on_the_way_to_it(void **state)
{
	struct rig *r = rig_new(0, ALL, false);
	struct can_dev_stats st;
	unsigned int n;

	(void)state;
	start(r);
	n = fill_with_frames(r);
	assert_true(n > CAN_DEV_RX_PENDING / 2);
	take_all(r, n);
	can_dev_get_stats(r->dev, &st);
	assert_int_equal(st.rx_dropped, 0);
	rig_free(r);
}

static bool some_dropped(void *arg)
{
	struct rig *r = arg;
	struct can_dev_stats st;

	can_dev_get_stats(r->dev, &st);
	return st.rx_dropped == 88;
}

static void test_a_guest_that_awaits_an_answer_gets_it_and_loses_what_it_does_not_take(void **state)
{
	struct rig *r = rig_new(0, ALL, false);
	struct tx t = make_tx(0x123, 8, 0);

	(void)state;
	start(r);
	(void)post_tx(r, &t, 8);
	until_got(r, 2);
	for (unsigned int i = 0; i < CAN_DEV_RX_PENDING + 88; i++) {
		bus_frame(r, i & 0x7ff, 0, 0);
		mock_turn(r->m);
	}
	assert_true(mock_until(r->m, some_dropped, r));
	bus_answer(r, r->got[1].h.serial, CAN_REC_ACK);
	assert_int_equal(tx_result(r), VIRTIO_CAN_RESULT_OK);
	take_all(r, CAN_DEV_RX_PENDING);
	rig_free(r);
}

static void test_a_stopped_controller_waits_for_nothing(void **state)
{
	struct rig *r = rig_new(0, ALL, false);

	(void)state;
	start(r);
	(void)fill_with_frames(r);
	assert_int_equal(control(r, VIRTIO_CAN_SET_CTRL_STOP), VIRTIO_CAN_RESULT_OK);
	until_got(r, 2);
	/* All that was under way is passed over. */
	for (unsigned int i = 0; i < 2000; i++)
		mock_turn(r->m);
	start(r);
	post_rx(r, 1, RX_BYTES);
	bus_frame(r, 0x55, 0, 0);
	assert_rx(r, 0x55, 0, 0);
	rig_free(r);
}

static bool one_dropped(void *arg)
{
	struct rig *r = arg;
	struct can_dev_stats st;

	can_dev_get_stats(r->dev, &st);
	return st.rx_dropped == 1;
}

static void test_a_receive_buffer_that_is_too_small_costs_that_frame(void **state)
{
	struct rig *r = rig_new(0, ALL, false);
	struct mock_used u;

	(void)state;
	post_rx(r, 1, 16);
	post_rx(r, 1, RX_BYTES);
	start(r);
	bus_frame(r, 0x1, 8, 0);
	bus_frame(r, 0x2, 8, 0);
	assert_true(mock_until(r->m, one_dropped, r));
	assert_true(mock_wait(r->m, RXQ, &u));
	assert_int_equal(u.len, 0);
	assert_rx(r, 0x2, 8, 0);
	rig_free(r);
}

static void test_frames_of_before_a_stop_are_forgotten(void **state)
{
	struct rig *r = rig_new(0, ALL, false);

	(void)state;
	start(r);
	bus_frame(r, 0x1, 0, 0);
	for (unsigned int i = 0; i < 5; i++)
		mock_turn(r->m);
	assert_int_equal(control(r, VIRTIO_CAN_SET_CTRL_STOP), VIRTIO_CAN_RESULT_OK);
	until_got(r, 2);
	start(r);
	post_rx(r, 1, RX_BYTES);
	bus_frame(r, 0x2, 0, 0);
	assert_rx(r, 0x2, 0, 0);
	rig_free(r);
}

/* ---- negotiation ---- */

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

/* ---- over the real bus ---- */

static bool turn_bus(void *arg)
{
	return ev_loop_turn(arg, 0) < 0;
}

static void test_guest_to_guest_over_the_built_in_bus(void **state)
{
	struct canbus_config cfg = { .name = "can0" };
	struct can_dev_config dc = { .tag = "g" };
	struct mock_used u;
	struct mock *m[2];
	struct virtio_can_control_out req = { .msg_type = le16_of(VIRTIO_CAN_SET_CTRL_START) };
	struct tx t = make_tx(0x321, 2, 0);
	struct ev_loop *loop;
	struct canbus *bus;
	uint8_t result;
	unsigned int i;

	(void)state;
	assert_int_equal(ev_loop_new(&loop), 0);
	assert_int_equal(canbus_new(&bus, loop, &cfg), 0);
	for (i = 0; i < 2; i++) {
		struct can_port *port;
		struct vdev *dev;
		int fds[2];

		assert_int_equal(ipc_pair(fds, 0), 0);
		assert_int_equal(canbus_add_port(bus, fds[0], "g", NULL), 0);
		assert_int_equal(can_port_hub_new(&port, fds[1]), 0);
		assert_int_equal(can_dev_new(&dev, port, &dc), 0);
		m[i] = mock_new(0);
		mock_attach(m[i], dev);
		mock_start(m[i], ALL);
		assert_true(mock_post(m[i], RXQ, NULL, 0, RX_BYTES) >= 0);
		assert_int_equal(mock_send(m[i], CTRLQ, &req, sizeof(req), &result, 1), 1);
	}
	assert_false(turn_bus(loop));
	assert_false(turn_bus(loop));
	assert_true(mock_post(m[0], TXQ, &t, sizeof(t.h) + 2, 1) >= 0);
	for (i = 0; i < 200000 && !mock_poll(m[1], RXQ, &u); i++) {
		assert_false(turn_bus(loop));
		mock_turn(m[0]);
		mock_turn(m[1]);
	}
	assert_int_equal(u.len, sizeof(struct virtio_can_hdr) + 2);
	for (; i < 200000 && !mock_poll(m[0], TXQ, &u); i++) {
		assert_false(turn_bus(loop));
		mock_turn(m[0]);
	}
	assert_int_equal(u.in[0], VIRTIO_CAN_RESULT_OK);
	assert_false(mock_poll(m[0], RXQ, &u)); /* never its own */
	mock_free(m[0]);
	mock_free(m[1]);
	canbus_free(bus);
	ev_loop_free(loop);
}

static bool has_config_irq(void *arg)
{
	return mock_config_irqs(arg) > 0;
}

/* A controller on a packet socket, which stands in for PF_CAN: whole frames both ways. Its other
 * end is *host. */
static struct mock *on_interface(struct vdev **dev, int *host, bool echoes)
{
	struct can_dev_config dc = { .tag = "g" };
	struct virtio_can_control_out req = { .msg_type = le16_of(VIRTIO_CAN_SET_CTRL_START) };
	struct can_port *port;
	struct mock *m = mock_new(0);
	uint8_t result;
	int fds[2];

	assert_int_equal(ipc_pair(fds, 0), 0);
	assert_int_equal(can_port_socketcan_new(&port, fds[0], echoes), 0);
	assert_int_equal(can_dev_new(dev, port, &dc), 0);
	mock_attach(m, *dev);
	mock_start(m, ALL);
	assert_int_equal(mock_send(m, CTRLQ, &req, sizeof(req), &result, 1), 1);
	assert_int_equal(result, VIRTIO_CAN_RESULT_OK);
	*host = fds[1];
	return m;
}

static void test_a_host_interface_keeps_what_the_guest_does_not_take(void **state)
{
	struct canfd_frame f = { .len = 64, .flags = CANFD_FDF };
	unsigned int n = 0, full = 0;
	struct tx t = make_tx(0x321, 2, 0);
	struct can_dev_stats st;
	struct vdev *dev;
	uint8_t result;
	int host;
	struct mock *m = on_interface(&dev, &host, true);

	(void)state;
	/* The guest has no buffers: at last the socket is full. */
	while (full < 20) {
		f.can_id = n & 0x7ff;
		full = send(host, &f, CANFD_MTU, MSG_DONTWAIT) < 0 ? full + 1 : 0;
		n += !full;
		mock_turn(m);
	}
	assert_true(n > CAN_DEV_RX_PENDING / 2);
	/* It can send meanwhile. */
	assert_int_equal(mock_send(m, TXQ, &t, sizeof(t.h) + 2, &result, 1), 1);
	assert_int_equal(result, VIRTIO_CAN_RESULT_OK);
	for (unsigned int i = 0; i < n; i++) {
		struct mock_used u;

		assert_true(mock_post(m, RXQ, NULL, 0, RX_BYTES) >= 0);
		assert_true(mock_wait(m, RXQ, &u));
		assert_int_equal(u.len, sizeof(struct virtio_can_hdr) + 64);
	}
	can_dev_get_stats(dev, &st);
	assert_int_equal(st.rx_frames, n);
	assert_int_equal(st.rx_dropped, 0);
	mock_free(m);
	fd_close(&host);
}

static void test_a_host_interface_serves_as_the_bus(void **state)
{
	struct virtio_can_control_out req = { .msg_type = le16_of(VIRTIO_CAN_SET_CTRL_START) };
	struct can_frame cf = { .can_id = 0x123, .len = 1, .data = { 9 } };
	struct can_frame off = { .can_id = CAN_ERR_FLAG | CAN_ERR_BUSOFF, .len = 8 };
	struct tx t = make_tx(0x321, 2, 0);
	struct canfd_frame got;
	struct mock_used u;
	struct vdev *dev;
	uint8_t result;
	int host;
	struct mock *m = on_interface(&dev, &host, false);

	(void)state;
	assert_true(mock_post(m, RXQ, NULL, 0, RX_BYTES) >= 0);
	assert_int_equal(mock_send(m, TXQ, &t, sizeof(t.h) + 2, &result, 1), 1);
	assert_int_equal(result, VIRTIO_CAN_RESULT_OK);
	assert_int_equal(recv(host, &got, sizeof(got), 0), CAN_MTU);
	assert_int_equal(got.can_id, 0x321);
	assert_int_equal(send(host, &cf, sizeof(cf), 0), sizeof(cf));
	assert_true(mock_wait(m, RXQ, &u));
	assert_int_equal(u.len, sizeof(struct virtio_can_hdr) + 1);
	/* The host's controller goes bus-off, and ours with it, until it is started again. */
	assert_int_equal(send(host, &off, sizeof(off), 0), sizeof(off));
	assert_true(mock_until(m, has_config_irq, m));
	assert_int_equal(mock_config16(m, 0), VIRTIO_CAN_S_CTRL_BUSOFF);
	assert_int_equal(mock_send(m, TXQ, &t, sizeof(t.h) + 2, &result, 1), 1);
	assert_int_equal(result, VIRTIO_CAN_RESULT_NOT_OK);
	assert_int_equal(mock_send(m, CTRLQ, &req, sizeof(req), &result, 1), 1);
	assert_int_equal(mock_config16(m, 0), 0);
	assert_int_equal(mock_send(m, TXQ, &t, sizeof(t.h) + 2, &result, 1), 1);
	assert_int_equal(result, VIRTIO_CAN_RESULT_OK);
	mock_free(m);
	fd_close(&host);
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
		cmocka_unit_test(test_frames_of_all_kinds_are_received),
		cmocka_unit_test(test_reception_begins_no_later_than_the_first_transmission),
		cmocka_unit_test(test_types_that_were_not_negotiated_are_not_received),
		cmocka_unit_test(
			test_without_buffers_frames_wait_in_the_device_and_then_on_the_way_to_it),
		cmocka_unit_test(
			test_a_guest_that_awaits_an_answer_gets_it_and_loses_what_it_does_not_take),
		cmocka_unit_test(test_a_stopped_controller_waits_for_nothing),
		cmocka_unit_test(test_a_receive_buffer_that_is_too_small_costs_that_frame),
		cmocka_unit_test(test_frames_of_before_a_stop_are_forgotten),
		cmocka_unit_test(test_a_driver_must_take_classic_or_fd),
		cmocka_unit_test(test_guest_to_guest_over_the_built_in_bus),
		cmocka_unit_test(test_a_host_interface_serves_as_the_bus),
		cmocka_unit_test(test_a_host_interface_keeps_what_the_guest_does_not_take),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
