/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio-can on the built-in bus, between two guests, and on an interface of the host.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/can/error.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ipc.h"
#include "sim/canbus/canbus.h"
#include "tests/dev/can_rig.h"

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
	struct can_tx t = rig_tx(0x321, 2, 0);
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

/* The result of a transmission. */
static uint8_t transmitted(struct mock *m)
{
	struct can_tx t = rig_tx(0x321, 2, 0);
	uint8_t result = 0xff;

	assert_int_equal(mock_send(m, TXQ, &t, sizeof(t.h) + 2, &result, 1), 1);
	return result;
}

static void test_a_host_interface_keeps_what_the_guest_does_not_take(void **state)
{
	struct canfd_frame f = { .len = 64, .flags = CANFD_FDF };
	unsigned int n = 0, full = 0;
	struct can_dev_stats st;
	struct vdev *dev;
	int host;
	struct mock *m = on_interface(&dev, &host, true);

	(void)state;
	/* The guest has no buffers: at last the socket is full. */
	while (full < 20) {
		f.can_id = n & 0x7ff;
		full = send(host, &f, CANFD_MTU, MSG_DONTWAIT) < 0 ? full + 1 : 0;
		n += !full;
		/* Frames that come so fast gather before they are read. */
		if (full)
			usleep(500);
		mock_turn(m);
	}
	assert_true(n > CAN_DEV_RX_PENDING / 2);
	/* It can send meanwhile. */
	assert_int_equal(transmitted(m), VIRTIO_CAN_RESULT_OK);
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

/* What came out at the interface, in the order of its numbers. */
static unsigned int arrived(int host, unsigned int due)
{
	struct canfd_frame got;

	while (recv(host, &got, sizeof(got), MSG_DONTWAIT) == CAN_MTU)
		assert_int_equal(got.can_id, due++ & 0x7ff);
	return due;
}

static void test_a_flood_to_a_host_interface_arrives_in_order(void **state)
{
	unsigned int got = 0, done = 0;
	struct vdev *dev;
	int host;
	struct mock *m = on_interface(&dev, &host, false);

	(void)state;
	for (unsigned int i = 0; i < 3000; i++) {
		struct can_tx t = rig_tx(i & 0x7ff, 0, 0);
		struct mock_iov out = { &t, sizeof(t.h) }, in = { NULL, 1 };
		struct mock_used u;

		assert_true(mock_add(m, TXQ, &out, 1, &in, 1) >= 0);
		(void)mock_kick(m, TXQ);
		/* Fewer than the device would like to have gathered. */
		while (mock_in_flight(m, TXQ) == 20 || (i == 2999 && mock_in_flight(m, TXQ))) {
			assert_true(mock_wait(m, TXQ, &u));
			done++;
			got = arrived(host, got);
		}
	}
	assert_int_equal(done, 3000);
	assert_int_equal(arrived(host, got), 3000);
	mock_free(m);
	fd_close(&host);
}

static void test_a_host_interface_serves_as_the_bus(void **state)
{
	struct virtio_can_control_out req = { .msg_type = le16_of(VIRTIO_CAN_SET_CTRL_START) };
	struct can_frame cf = { .can_id = 0x123, .len = 1, .data = { 9 } };
	struct can_frame off = { .can_id = CAN_ERR_FLAG | CAN_ERR_BUSOFF, .len = 8 };
	struct canfd_frame got;
	struct mock_used u;
	struct vdev *dev;
	uint8_t result;
	int host;
	struct mock *m = on_interface(&dev, &host, false);

	(void)state;
	assert_true(mock_post(m, RXQ, NULL, 0, RX_BYTES) >= 0);
	assert_int_equal(transmitted(m), VIRTIO_CAN_RESULT_OK);
	assert_int_equal(recv(host, &got, sizeof(got), 0), CAN_MTU);
	assert_int_equal(got.can_id, 0x321);
	assert_int_equal(send(host, &cf, sizeof(cf), 0), sizeof(cf));
	assert_true(mock_wait(m, RXQ, &u));
	assert_int_equal(u.len, sizeof(struct virtio_can_hdr) + 1);
	/* The host's controller goes bus-off, and ours with it, until it is started again. */
	assert_int_equal(send(host, &off, sizeof(off), 0), sizeof(off));
	assert_true(mock_until(m, has_config_irq, m));
	assert_int_equal(mock_config16(m, 0), VIRTIO_CAN_S_CTRL_BUSOFF);
	assert_int_equal(transmitted(m), VIRTIO_CAN_RESULT_NOT_OK);
	assert_int_equal(mock_send(m, CTRLQ, &req, sizeof(req), &result, 1), 1);
	assert_int_equal(mock_config16(m, 0), 0);
	assert_int_equal(transmitted(m), VIRTIO_CAN_RESULT_OK);
	mock_free(m);
	fd_close(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_guest_to_guest_over_the_built_in_bus),
		cmocka_unit_test(test_a_host_interface_keeps_what_the_guest_does_not_take),
		cmocka_unit_test(test_a_flood_to_a_host_interface_arrives_in_order),
		cmocka_unit_test(test_a_host_interface_serves_as_the_bus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
