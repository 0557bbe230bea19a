/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interfaces of the host on a bus. The socket is a stand-in, the interfaces are real ones in a
 * network namespace of the test's own, but of another kind: few kernels have vcan (that is
 * test_socketcan).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/can/error.h>
#include <linux/capability.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ipc.h"
#include "sim/canbus/hostif.h"

#define PATIENCE 20000 /* loop turns of at most 1 ms */

/* What a node heard: frames, acknowledgements, changes of state. */
struct heard {
	unsigned int frames, acks, nacks, busoffs;
	uint32_t last_id;
};

struct bench {
	struct ev_loop *loop;
	struct canbus *bus;
	int node; /* the other end of a guest's port */
	struct heard heard;
	struct canbus_tap tap;
	unsigned int tapped, tapped_errors;
};

static int host_end = -1; /* of the socket that was opened last for an interface */
static bool host_is_deaf; /* as it was opened */

static int open_pair(int ifindex, bool deaf)
{
	int fds[2], rc;

	(void)ifindex;
	host_is_deaf = deaf;
	fd_close(&host_end);
	rc = ipc_pair(fds, 0);
	if (rc)
		return rc;
	host_end = fds[1];
	return fd_set_nonblock(host_end, 1) ? -EIO : fds[0];
}

/* Dummies, or what this kernel has instead. */
static struct hostif_kind stand_in = {
	.name = "dummy", .arp_type = ARPHRD_ETHER, .open = open_pair
};

static void on_tap(void *ctx, const struct canbus_frame *fr)
{
	struct bench *b = ctx;

	b->tapped++;
	b->tapped_errors += (fr->f->can_id & CAN_ERR_FLAG) != 0;
}

static void turn(struct bench *b)
{
	static uint8_t buf[CAN_PORT_PACKET_BYTES];
	struct can_rec_frame r;
	ssize_t len;

	assert_int_equal(ev_loop_turn(b->loop, 1), 0);
	while ((len = recv(b->node, buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
		uint32_t off = 0;

		while (can_packet_next(buf, (uint32_t)len, &off, &r) > 0) {
			b->heard.frames += r.h.kind == CAN_REC_FRAME;
			b->heard.acks += r.h.kind == CAN_REC_ACK;
			b->heard.nacks += r.h.kind == CAN_REC_NACK;
			b->heard.busoffs +=
				r.h.kind == CAN_REC_STATE && r.h.flags == CAN_STATE_PORT_BUSOFF;
			b->heard.last_id =
				r.h.kind == CAN_REC_FRAME ? r.f.can_id : b->heard.last_id;
		}
	}
}

static void node_send(struct bench *b, uint8_t kind, uint32_t id, unsigned int count)
{
	struct can_packet k = { .len = 0 };

	for (unsigned int i = 0; i < count; i++) {
		struct can_rec_frame r = { .h = { .kind = kind, .serial = id + i },
			.f = { .can_id = id + i, .len = 1 } };

		r.h.mtu = kind == CAN_REC_FRAME ? CAN_MTU : 0;
		assert_true(can_packet_add(&k, &r));
	}
	assert_int_equal(ipc_send(b->node, k.b, k.len, NULL, 0), 0);
}

static struct canbus_port_stats stats(struct bench *b, const char *port)
{
	struct canbus_port *p = canbus_find_port(b->bus, port);
	struct canbus_port_stats st;

	assert_non_null(p);
	canbus_port_get_stats(p, &st);
	return st;
}

/* A bus with one guest, which takes part, and the bench's tap. */
static struct bench *bench_new(bool classic)
{
	struct canbus_config cfg = { .name = "can0", .classic_only = classic };
	struct bench *b = test_calloc(1, sizeof(*b));
	int fds[2];

	assert_int_equal(ev_loop_new(&b->loop), 0);
	assert_int_equal(canbus_new(&b->bus, b->loop, &cfg), 0);
	assert_int_equal(ipc_pair(fds, 0), 0);
	assert_int_equal(canbus_add_port(b->bus, fds[0], "guest", NULL), 0);
	b->node = fds[1];
	b->tap = (struct canbus_tap){ .frame = on_tap, .ctx = b };
	canbus_tap(b->bus, &b->tap);
	node_send(b, CAN_REC_START, 0, 1);
	for (unsigned int i = 0; i < PATIENCE && !stats(b, "guest").active; i++)
		turn(b);
	assert_true(stats(b, "guest").active);
	return b;
}

static void bench_free(struct bench *b)
{
	canbus_free(b->bus);
	fd_close(&b->node);
	fd_close(&host_end);
	ev_loop_free(b->loop);
	test_free(b);
}

/* Turns until `*count` is at least n. */
static void await(struct bench *b, const unsigned int *count, unsigned int n)
{
	for (unsigned int i = 0; i < PATIENCE && *count < n; i++)
		turn(b);
	assert_int_equal(*count, n);
}

static void await_active(struct bench *b, const char *port, bool active)
{
	for (unsigned int i = 0; i < PATIENCE && stats(b, port).active != active; i++)
		turn(b);
	assert_int_equal(stats(b, port).active, active);
}

/* ---- the socket ---- */

static struct bench *bench_with_socket(void)
{
	struct bench *b = bench_new(false);
	int fds[2];

	assert_int_equal(ipc_pair(fds, 0), 0);
	assert_int_equal(canbus_add_raw_port(b->bus, fds[0], "vcan0", NULL), 0);
	assert_int_equal(fd_set_nonblock(fds[1], 1), 0);
	host_end = fds[1];
	return b;
}

static void test_an_interface_that_is_slower_than_the_bus_loses_nothing(void **state)
{
	struct bench *b = bench_with_socket();
	unsigned int sent = 0, seen = 0;
	struct canfd_frame f;

	(void)state;
	/* The guest has 200 frames under way, as a controller with a window has; the host's end
	 * reads a few at a time, so that its socket is full nearly always. */
	while (seen < 20000) {
		for (; sent < 20000 && sent - b->heard.acks <= 150; sent += 50)
			node_send(b, CAN_REC_FRAME, sent & 0x3ff, 50);
		turn(b);
		for (unsigned int i = 0; i < 60 && recv(host_end, &f, sizeof(f), 0) > 0; i++) {
			assert_int_equal(f.can_id, (seen / 50 * 50 & 0x3ff) + seen % 50);
			seen++;
		}
	}
	assert_int_equal(b->heard.nacks, 0);
	assert_int_equal(stats(b, "vcan0").rx_dropped, 0);
	bench_free(b);
}

/* The interface's frames are for a guest that reads nothing, until they are held back for it. */
static void flood_until_behind(struct bench *b)
{
	struct canfd_frame f = { .can_id = 7 };

	for (unsigned int i = 0; i < PATIENCE && !bus_is_behind(b->bus, clock_now_ns()); i++) {
		while (send(host_end, &f, CAN_MTU, MSG_DONTWAIT) > 0)
			;
		assert_int_equal(ev_loop_turn(b->loop, 1), 0);
	}
}

static void test_a_guest_that_is_slow_is_waited_for_as_long_as_it_takes_something(void **state)
{
	static uint8_t packet[CAN_PORT_PACKET_BYTES];
	struct bench *b = bench_with_socket();
	uint64_t before;

	(void)state;
	flood_until_behind(b);
	before = clock_now_ns();
	assert_true(bus_is_behind(b->bus, before));
	assert_false(bus_is_behind(b->bus, before + PATIENCE_NS));
	/* One packet of many: the socket is not reported as writable for that. */
	assert_true(recv(b->node, packet, sizeof(packet), 0) > 0);
	flood_until_behind(b);
	assert_true(bus_is_behind(b->bus, before + PATIENCE_NS));
	assert_int_equal(stats(b, "guest").rx_dropped, 0);
	bench_free(b);
}

static void test_an_interface_that_takes_nothing_holds_the_bus_up_for_a_moment_only(void **state)
{
	struct bench *b = bench_with_socket();

	(void)state;
	for (unsigned int i = 0; i < PATIENCE && !stats(b, "vcan0").rx_dropped; i++) {
		struct canfd_frame f = { .can_id = 1 };

		(void)!canbus_send(b->bus, &f);
		turn(b);
	}
	assert_true(stats(b, "vcan0").rx_dropped > 0);
	/* Others are served again. */
	b->heard.frames = 0;
	assert_int_equal(canbus_send(b->bus, &(struct canfd_frame){ .can_id = 0x7ff }), 0);
	for (unsigned int i = 0; i < PATIENCE && b->heard.last_id != 0x7ff; i++)
		turn(b);
	assert_int_equal(b->heard.last_id, 0x7ff);
	bench_free(b);
}

static void test_an_error_frame_of_the_interface_is_recorded_and_reaches_no_guest(void **state)
{
	struct bench *b = bench_with_socket();
	struct can_frame f = { .can_id = CAN_ERR_FLAG | CAN_ERR_PROT, .len = CAN_ERR_DLC };

	(void)state;
	assert_int_equal(send(host_end, &f, CAN_MTU, 0), CAN_MTU);
	await(b, &b->tapped_errors, 1);
	f.can_id = 0x123;
	assert_int_equal(send(host_end, &f, CAN_MTU, 0), CAN_MTU);
	await(b, &b->heard.frames, 1);
	assert_int_equal(b->heard.last_id, 0x123);
	assert_int_equal(stats(b, "vcan0").errors, 1);
	assert_int_equal(stats(b, "vcan0").tx_frames, 1);
	assert_int_equal(b->heard.busoffs, 0);
	bench_free(b);
}

static void test_a_bus_off_of_the_interface_is_the_guests_until_they_start_again(void **state)
{
	struct bench *b = bench_with_socket();
	struct can_frame f = { .can_id = CAN_ERR_FLAG | CAN_ERR_BUSOFF, .len = CAN_ERR_DLC };

	(void)state;
	assert_int_equal(send(host_end, &f, CAN_MTU, 0), CAN_MTU);
	await(b, &b->heard.busoffs, 1);
	assert_false(stats(b, "guest").active);
	assert_true(stats(b, "vcan0").active);
	node_send(b, CAN_REC_START, 0, 1);
	await_active(b, "guest", true);
	node_send(b, CAN_REC_FRAME, 7, 1);
	await(b, &b->heard.acks, 1);
	bench_free(b);
}

/* ---- the interface ---- */

static struct netif *net;

static int attach(struct bench *b, bool create, struct err *e)
{
	struct canbus_socketcan cfg = { "dyno0", create };

	return hostif_attach(b->bus, &cfg, &stand_in, e);
}

static void attached(struct bench *b, bool create)
{
	struct err e = { { 0 } };

	if (attach(b, create, &e))
		fail_msg("%s", e.text);
	assert_true(stats(b, "dyno0").active);
}

static int there(struct netif_state *st)
{
	return netif_get(net, "dyno0", st);
}

static int make(uint32_t mtu, const char *alias)
{
	int index;

	assert_int_equal(netif_create(net, "dyno0", stand_in.name, mtu, alias, &index), 0);
	return index;
}

static int clear(void **state)
{
	struct netif_state st;

	(void)state;
	if (there(&st) == 0)
		assert_int_equal(netif_delete(net, st.index), 0);
	return 0;
}

/* Down, as `ip link set dyno0 down` does it. */
static void set_down(void)
{
	assert_int_equal(system("ip link set dyno0 down"), 0);
}

static void test_an_interface_is_made_up_and_wide_enough_and_removed_in_the_end(void **state)
{
	struct bench *b = bench_new(false);
	struct netif_state st;

	(void)state;
	attached(b, true);
	assert_int_equal(there(&st), 0);
	assert_true(st.up);
	assert_int_equal(st.mtu, CANFD_MTU);
	assert_int_equal(hostif_alias_owner(st.alias), getpid());
	bench_free(b);
	assert_int_equal(there(&st), -ENODEV);
	/* A classic bus has a classic interface. */
	b = bench_new(true);
	attached(b, true);
	assert_int_equal(there(&st), 0);
	assert_int_equal(st.mtu, CAN_MTU);
	bench_free(b);
}

static void test_a_direct_interface_is_listened_to_without_loss(void **state)
{
	struct canbus_socketcan cfg = { "dyno0", true, true };
	struct bench *b = bench_new(false);
	struct canfd_frame f = { .len = 8 };
	struct err e = { { 0 } };

	(void)state;
	if (hostif_attach(b->bus, &cfg, &stand_in, &e))
		fail_msg("%s", e.text);
	assert_false(host_is_deaf);
	/* More than are read at once, then one that comes alone. */
	for (unsigned int i = 0; i < 1000; i++) {
		f.can_id = i & 0x7ff;
		while (send(host_end, &f, CAN_MTU, 0) < 0)
			turn(b);
	}
	await(b, &b->heard.frames, 1000);
	for (unsigned int i = 0; i < 20; i++)
		turn(b);
	assert_int_equal(send(host_end, &f, CAN_MTU, 0), CAN_MTU);
	await(b, &b->heard.frames, 1001);
	assert_int_equal(b->tapped, 1001);
	/* It goes while nobody looks. */
	fd_close(&host_end);
	await_active(b, "dyno0", false);
	bench_free(b);
}

static void test_a_port_that_only_sends_opens_a_deaf_socket_each_time(void **state)
{
	struct canbus_socketcan cfg = { "dyno0", .create = true, .direct = true, .deaf = true };
	struct bench *b = bench_new(false);
	struct canfd_frame f = { .can_id = 0x123, .len = 1 }, got;
	struct err e = { { 0 } };

	(void)state;
	if (hostif_attach(b->bus, &cfg, &stand_in, &e))
		fail_msg("%s", e.text);
	assert_true(host_is_deaf);
	assert_int_equal(canbus_send(b->bus, &f), 0);
	assert_int_equal(recv(host_end, &got, sizeof(got), 0), CAN_MTU);
	assert_int_equal(got.can_id, 0x123);
	/* And when the interface is back. */
	host_is_deaf = false;
	set_down();
	await_active(b, "dyno0", false);
	assert_int_equal(system("ip link set dyno0 up"), 0);
	await_active(b, "dyno0", true);
	assert_true(host_is_deaf);
	bench_free(b);
}

static void test_what_others_made_is_used_and_stays(void **state)
{
	struct bench *b = bench_new(false);
	int index = make(CANFD_MTU, "");
	struct netif_state st;

	(void)state;
	set_down();
	attached(b, true);
	assert_int_equal(there(&st), 0);
	assert_true(st.up);
	bench_free(b);
	assert_int_equal(there(&st), 0);
	assert_int_equal(st.index, index);
}

static void test_what_a_living_dyno_made_stays(void **state)
{
	struct bench *b = bench_new(false);
	char alias[HOSTIF_ALIAS_BYTES];
	struct netif_state st;

	(void)state;
	assert_true(hostif_alias(getppid(), alias));
	(void)make(CANFD_MTU, alias);
	attached(b, true);
	bench_free(b);
	assert_int_equal(there(&st), 0);
	assert_string_equal(st.alias, alias);
}

static void test_what_a_killed_dyno_left_is_taken_over(void **state)
{
	struct netif_state st;
	char alias[HOSTIF_ALIAS_BYTES];
	struct bench *b = bench_new(false);
	int index = make(CANFD_MTU, "dyno 999999999 1");

	(void)state;
	attached(b, true);
	assert_int_equal(there(&st), 0);
	assert_int_equal(st.index, index);
	assert_int_equal(hostif_alias_owner(st.alias), getpid());
	bench_free(b);
	assert_int_equal(there(&st), -ENODEV);
	/* Its number may be another process's by now; and its interface of another kind. */
	snprintf(alias, sizeof(alias), "dyno %d 1", (int)getppid());
	index = make(CAN_MTU, alias);
	b = bench_new(false);
	attached(b, true);
	assert_int_equal(there(&st), 0);
	assert_int_not_equal(st.index, index);
	assert_int_equal(st.mtu, CANFD_MTU);
	bench_free(b);
	assert_int_equal(there(&st), -ENODEV);
}

static void test_without_create_the_commands_are_said(void **state)
{
	struct bench *b = bench_new(false);
	struct err e = { { 0 } };

	(void)state;
	assert_int_equal(attach(b, false, &e), -ENODEV);
	assert_non_null(strstr(e.text, "ip link add dev dyno0 type vcan"));
	assert_non_null(strstr(e.text, "create: true"));
	assert_int_equal(canbus_num_ports(b->bus), 1);
	bench_free(b);
}

static void test_without_the_right_the_commands_are_said(void **state)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct all[2], some[2];
	struct bench *b = bench_new(true);
	struct err made = { { 0 } }, up = { { 0 } };
	int rc_made, rc_up;

	(void)state;
	assert_int_equal(syscall(SYS_capget, &h, all), 0);
	memcpy(some, all, sizeof(some));
	some[0].effective &= ~(1u << CAP_NET_ADMIN);
	assert_int_equal(syscall(SYS_capset, &h, some), 0);
	rc_made = attach(b, true, &made);
	assert_int_equal(syscall(SYS_capset, &h, all), 0);
	(void)make(CANFD_MTU, "");
	set_down();
	assert_int_equal(syscall(SYS_capset, &h, some), 0);
	rc_up = attach(b, true, &up);
	assert_int_equal(syscall(SYS_capset, &h, all), 0);

	assert_int_equal(rc_made, -EPERM);
	assert_non_null(strstr(made.text, "CAP_NET_ADMIN"));
	assert_non_null(strstr(made.text, "ip link set dyno0 mtu 16 up"));
	assert_int_equal(rc_up, -ENETDOWN);
	assert_non_null(strstr(up.text, "ip link set dyno0 up"));
	bench_free(b);
}

static void test_an_interface_that_vanishes_is_used_again_when_it_is_back(void **state)
{
	struct bench *b = bench_new(false);
	struct canfd_frame f = { .can_id = 0x12 }, got;
	struct netif_state st;

	(void)state;
	attached(b, true);
	assert_int_equal(there(&st), 0);
	assert_int_equal(netif_delete(net, st.index), 0);
	await_active(b, "dyno0", false);
	/* The others go on. */
	assert_int_equal(canbus_send(b->bus, &f), 0);
	await(b, &b->heard.frames, 1);
	(void)make(CANFD_MTU, "");
	await_active(b, "dyno0", true);
	assert_int_equal(canbus_send(b->bus, &f), 0);
	for (unsigned int i = 0; i < PATIENCE && recv(host_end, &got, sizeof(got), 0) < 0; i++)
		turn(b);
	assert_int_equal(got.can_id, 0x12);
	assert_int_equal(send(host_end, &f, CAN_MTU, 0), CAN_MTU);
	await(b, &b->heard.frames, 3);
	assert_int_equal(stats(b, "dyno0").interruptions, 1);
	bench_free(b);
	/* It is not the one that this bus made. */
	assert_int_equal(there(&st), 0);
}

static void test_an_interface_that_is_taken_down_rests_until_it_is_up(void **state)
{
	struct bench *b = bench_new(false);

	(void)state;
	attached(b, true);
	set_down();
	await_active(b, "dyno0", false);
	assert_int_equal(system("ip link set dyno0 up"), 0);
	await_active(b, "dyno0", true);
	bench_free(b);
}

static void test_fd_frames_are_not_for_a_classic_interface(void **state)
{
	struct bench *b = bench_new(false);
	struct canfd_frame f = { .can_id = 1, .flags = CANFD_FDF }, got;

	(void)state;
	(void)make(CAN_MTU, "");
	attached(b, false);
	assert_int_equal(canbus_send(b->bus, &f), 0);
	f = (struct canfd_frame){ .can_id = 2 };
	assert_int_equal(canbus_send(b->bus, &f), 0);
	await(b, &b->heard.frames, 2);
	assert_int_equal(recv(host_end, &got, sizeof(got), 0), CAN_MTU);
	assert_int_equal(got.can_id, 2);
	assert_int_equal(stats(b, "dyno0").rx_dropped, 1);
	bench_free(b);
}

static void test_an_interface_that_is_no_can_is_refused(void **state)
{
	struct canbus_socketcan cfg = { "lo", true };
	struct bench *b = bench_new(false);
	struct err e = { { 0 } };

	(void)state;
	assert_int_equal(hostif_attach(b->bus, &cfg, &stand_in, &e), -EINVAL);
	assert_non_null(strstr(e.text, "not a CAN interface"));
	bench_free(b);
}

static void test_only_dynos_own_words_name_an_owner(void **state)
{
	char own[HOSTIF_ALIAS_BYTES];

	(void)state;
	assert_true(hostif_alias(getpid(), own));
	assert_int_equal(hostif_alias_owner(own), getpid());
	assert_int_equal(hostif_alias_owner("dyno 12 34"), 12);
	assert_int_equal(hostif_alias_owner("dyno 12"), 0);
	assert_int_equal(hostif_alias_owner("dyno 12 34 more"), 0);
	assert_int_equal(hostif_alias_owner("dyno -3 34"), 0);
	assert_int_equal(hostif_alias_owner(""), 0);
	assert_false(hostif_alias(999999999, own));
}

int main(void)
{
	const struct CMUnitTest sockets[] = {
		cmocka_unit_test(test_an_interface_that_is_slower_than_the_bus_loses_nothing),
		cmocka_unit_test(
			test_a_guest_that_is_slow_is_waited_for_as_long_as_it_takes_something),
		cmocka_unit_test(
			test_an_interface_that_takes_nothing_holds_the_bus_up_for_a_moment_only),
		cmocka_unit_test(
			test_an_error_frame_of_the_interface_is_recorded_and_reaches_no_guest),
		cmocka_unit_test(
			test_a_bus_off_of_the_interface_is_the_guests_until_they_start_again),
		cmocka_unit_test(test_only_dynos_own_words_name_an_owner),
	};
	const struct CMUnitTest interfaces[] = {
		cmocka_unit_test_teardown(
			test_an_interface_is_made_up_and_wide_enough_and_removed_in_the_end, clear),
		cmocka_unit_test_teardown(
			test_a_direct_interface_is_listened_to_without_loss, clear),
		cmocka_unit_test_teardown(
			test_a_port_that_only_sends_opens_a_deaf_socket_each_time, clear),
		cmocka_unit_test_teardown(test_what_others_made_is_used_and_stays, clear),
		cmocka_unit_test_teardown(test_what_a_living_dyno_made_stays, clear),
		cmocka_unit_test_teardown(test_what_a_killed_dyno_left_is_taken_over, clear),
		cmocka_unit_test_teardown(test_without_create_the_commands_are_said, clear),
		cmocka_unit_test_teardown(test_without_the_right_the_commands_are_said, clear),
		cmocka_unit_test_teardown(
			test_an_interface_that_vanishes_is_used_again_when_it_is_back, clear),
		cmocka_unit_test_teardown(
			test_an_interface_that_is_taken_down_rests_until_it_is_up, clear),
		cmocka_unit_test_teardown(test_fd_frames_are_not_for_a_classic_interface, clear),
		cmocka_unit_test_teardown(test_an_interface_that_is_no_can_is_refused, clear),
	};
	int rc = cmocka_run_group_tests(sockets, NULL, NULL), index;

	if (unshare(CLONE_NEWNET) && unshare(CLONE_NEWUSER | CLONE_NEWNET)) {
		printf("no network namespace for the tests of interfaces: %s\n", strerror(errno));
		return rc;
	}
	rc |= netif_new(&net) ? 1 : 0;
	if (rc)
		return rc;
	if (netif_create(net, "probe0", stand_in.name, CAN_MTU, "", &index))
		stand_in.name = "ifb";
	if (netif_create(net, "probe1", stand_in.name, CAN_MTU, "", &index)) {
		printf("this kernel makes no interfaces for the tests of interfaces\n");
		netif_free(net);
		return rc;
	}
	rc |= cmocka_run_group_tests(interfaces, NULL, NULL);
	netif_free(net);
	return rc;
}
