/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bus and the controller on a real host interface. Skipped where there is none: the interface
 * (DYNO_VCAN, default vcan0) is made with
 *     modprobe vcan; ip link add dev vcan0 type vcan; ip link set vcan0 mtu 72 up
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <linux/can/raw.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "devices/can/can_port.h"
#include "sim/canbus/canbus.h"

static const char *ifname;

/* A socket bound to the interface; reads give up after a while. */
static int raw_socket(void)
{
	struct sockaddr_can addr = { .can_family = AF_CAN };
	struct timeval patience = { .tv_sec = 10 };
	int fd = socket(PF_CAN, SOCK_RAW | SOCK_CLOEXEC, CAN_RAW), one = 1;

	assert_true(fd >= 0);
	addr.can_ifindex = (int)if_nametoindex(ifname);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(setsockopt(fd, SOL_CAN_RAW, CAN_RAW_FD_FRAMES, &one, sizeof(one)), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
	return fd;
}

struct seen {
	struct canfd_frame f[16];
	unsigned int n;
	uint32_t done[16];
	bool ok[16];
	unsigned int n_done;
};

static void on_tap(void *ctx, const struct canbus_frame *fr)
{
	struct seen *s = ctx;

	if (s->n < 16)
		s->f[s->n++] = *fr->f;
}

static void test_the_bus_is_bridged_to_the_interface(void **state)
{
	struct canbus_config cfg = { .name = "can0" };
	struct canbus_socketcan host = { ifname, false };
	struct canfd_frame fd_frame = { .can_id = 0x77, .len = 12, .flags = CANFD_FDF }, got;
	struct can_frame f = { .can_id = 0x123, .len = 3, .data = { 1, 2, 3 } };
	struct seen seen = { .n = 0 };
	struct canbus_tap tap = { .frame = on_tap, .ctx = &seen };
	struct ev_loop *loop;
	struct canbus *bus;
	struct err e = { { 0 } };
	int other = raw_socket();

	(void)state;
	assert_int_equal(ev_loop_new(&loop), 0);
	assert_int_equal(canbus_new(&bus, loop, &cfg), 0);
	if (canbus_attach_socketcan(bus, &host, &e) < 0)
		fail_msg("%s", e.text);
	canbus_tap(bus, &tap);

	assert_int_equal(write(other, &f, CAN_MTU), CAN_MTU);
	assert_int_equal(write(other, &fd_frame, CANFD_MTU), CANFD_MTU);
	for (unsigned int i = 0; i < 1000 && seen.n < 2; i++)
		assert_int_equal(ev_loop_turn(loop, 10), 0);
	assert_int_equal(seen.n, 2);
	assert_int_equal(seen.f[0].can_id, 0x123);
	assert_int_equal(seen.f[0].flags, 0);
	assert_int_equal(seen.f[1].flags, CANFD_FDF);

	assert_int_equal(canbus_send(bus, &fd_frame), 0);
	assert_int_equal(read(other, &got, sizeof(got)), CANFD_MTU);
	assert_int_equal(got.can_id, 0x77);
	/* What the bus sent does not come back to it. */
	for (unsigned int i = 0; i < 20; i++)
		assert_int_equal(ev_loop_turn(loop, 1), 0);
	assert_int_equal(seen.n, 3);
	canbus_free(bus);
	ev_loop_free(loop);
	close(other);
}

static void on_rx(void *ctx, const struct can_rec_frame *r)
{
	struct seen *s = ctx;

	if (s->n < 16)
		s->f[s->n++] = r->f;
}

static void on_done(void *ctx, uint32_t serial, bool ok)
{
	struct seen *s = ctx;

	if (s->n_done < 16) {
		s->ok[s->n_done] = ok;
		s->done[s->n_done++] = serial;
	}
}

static void on_state(void *ctx, uint8_t st)
{
	(void)ctx;
	(void)st;
}

static void on_nothing(void *ctx)
{
	(void)ctx;
}

static void test_a_controller_on_the_interface_hears_others_and_is_acknowledged(void **state)
{
	struct seen seen = { .n = 0 };
	struct can_port_sink sink = { .rx = on_rx,
		.done = on_done,
		.state = on_state,
		.batch_end = on_nothing,
		.gone = on_nothing,
		.ctx = &seen };
	struct can_rec_frame r = { .h = { .serial = 42, .kind = CAN_REC_FRAME, .mtu = CAN_MTU },
		.f = { .can_id = 0x321, .len = 1, .data = { 9 } } };
	struct can_frame f = { .can_id = 0x123, .len = 3, .data = { 1, 2, 3 } }, got;
	struct can_port *port;
	struct ev_loop *loop;
	int other = raw_socket();

	(void)state;
	assert_int_equal(ev_loop_new(&loop), 0);
	assert_int_equal(can_port_socketcan_new(&port, raw_socket(), true), 0);
	assert_int_equal(port->ops->attach(port, loop, &sink), 0);
	port->ops->start(port);
	assert_int_equal(port->ops->send(port, &r), 0);
	port->ops->flush(port);
	assert_int_equal(read(other, &got, sizeof(got)), CAN_MTU);
	assert_int_equal(got.can_id, 0x321);
	assert_int_equal(write(other, &f, CAN_MTU), CAN_MTU);
	for (unsigned int i = 0; i < 1000 && (!seen.n || !seen.n_done); i++)
		assert_int_equal(ev_loop_turn(loop, 10), 0);
	assert_int_equal(seen.n_done, 1);
	assert_int_equal(seen.done[0], 42);
	assert_true(seen.ok[0]);
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.f[0].can_id, 0x123);
	can_port_free(port);
	ev_loop_free(loop);
	close(other);
}

static bool is_up(int sock)
{
	struct ifreq r = { .ifr_flags = 0 };

	(void)snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", ifname);
	return ioctl(sock, SIOCGIFFLAGS, &r) == 0 && r.ifr_flags & IFF_UP;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_bus_is_bridged_to_the_interface),
		cmocka_unit_test(
			test_a_controller_on_the_interface_hears_others_and_is_acknowledged),
	};
	int fd = socket(PF_CAN, SOCK_RAW | SOCK_CLOEXEC, CAN_RAW);
	bool up;

	if (fd < 0) {
		printf("skipped: this host's kernel has no PF_CAN\n");
		return 77;
	}
	ifname = getenv("DYNO_VCAN");
	ifname = ifname ? ifname : "vcan0";
	up = is_up(fd);
	close(fd);
	if (!if_nametoindex(ifname)) {
		printf("skipped: no interface %s: modprobe vcan; ip link add dev %s type vcan; "
		       "ip link set %s mtu 72 up\n",
			ifname, ifname, ifname);
		return 77;
	}
	if (!up) {
		printf("skipped: the interface %s is down: ip link set %s up\n", ifname, ifname);
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
