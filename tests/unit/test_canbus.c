/* SPDX-License-Identifier: Apache-2.0 */
/* The built-in bus: who hears what, in which order, what is lost and who pays for it. */
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
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/ipc.h"
#include "base/proto/can_port.h"
#include "sim/canbus/bits.h"
#include "sim/canbus/canbus.h"
#include "tests/support/canbus_rig.h"

static const struct canbus_config ideal = { .timing = CANBUS_IDEAL };
static const struct canbus_config timed = { .timing = CANBUS_BIT_ACCURATE, .bitrate_hz = 500000 };

static void test_everyone_but_the_sender_hears_a_frame(void **state)
{
	struct rig *b = rig_new(&ideal, 3, true);
	struct can_rec_frame r = rig_frame(0x123, 42);

	(void)state;
	rig_start(b, 3);
	rig_send(&b->node[0], &r, 1);
	rig_await(b, 1, 1);
	rig_await(b, 2, 1);
	rig_await(b, 0, 1);
	assert_int_equal(b->node[0].got[0].h.kind, CAN_REC_ACK);
	assert_int_equal(b->node[0].got[0].h.serial, 42);
	assert_int_equal(b->node[1].got[0].h.kind, CAN_REC_FRAME);
	assert_memory_equal(&b->node[1].got[0].f, &r.f, sizeof(r.f));
	assert_memory_equal(&b->node[2].got[0].f, &r.f, sizeof(r.f));
	assert_true(b->node[1].got[0].h.t_ns > 0);
	assert_int_equal(b->n_tapped, 1);
	assert_string_equal(b->tapped_from[0], "node0");
	rig_free(b);
}

static void test_a_port_that_did_not_start_neither_sends_nor_hears(void **state)
{
	struct rig *b = rig_new(&ideal, 2, true);
	struct can_rec_frame r = rig_frame(0x1, 9);
	struct canfd_frame f = { .can_id = 0x2 };

	(void)state;
	rig_control(&b->node[1], CAN_REC_START);
	rig_settle(b);
	rig_send(&b->node[0], &r, 1);
	rig_await(b, 0, 1);
	assert_int_equal(canbus_send(b->bus, &f), 0);
	rig_await(b, 1, 1);
	rig_settle(b);
	assert_int_equal(b->node[0].n, 1);
	assert_int_equal(b->node[0].got[0].h.kind, CAN_REC_NACK);
	assert_int_equal(b->node[0].got[0].h.serial, 9);
	assert_int_equal(b->node[1].got[0].f.can_id, 0x2);
	rig_free(b);
}

static void test_of_frames_that_wait_the_lowest_identifier_is_first(void **state)
{
	struct rig *b = rig_new(&ideal, 4, false);
	struct can_rec_frame r[3] = { rig_frame(0x300, 1), rig_frame(0x100, 2),
		rig_frame(0x200, 3) };

	(void)state;
	rig_start(b, 4);
	for (unsigned int i = 0; i < 3; i++)
		rig_send(&b->node[i], &r[i], 1);
	rig_await(b, 3, 3);
	assert_int_equal(b->node[3].got[0].f.can_id, 0x100);
	assert_int_equal(b->node[3].got[1].f.can_id, 0x200);
	assert_int_equal(b->node[3].got[2].f.can_id, 0x300);
	rig_free(b);
}

static void test_frames_of_one_port_stay_in_order(void **state)
{
	struct rig *b = rig_new(&ideal, 2, false);
	struct can_rec_frame r[3] = { rig_frame(0x300, 1), rig_frame(0x100, 2),
		rig_frame(0x200, 3) };

	(void)state;
	rig_start(b, 2);
	rig_send(&b->node[0], r, 3);
	rig_await(b, 1, 3);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(b->node[1].got[i].f.can_id, r[i].f.can_id);
	rig_free(b);
}

static void test_timed_frames_follow_each_other_at_their_true_lengths(void **state)
{
	static const struct canbus_config slow = { .timing = CANBUS_BIT_ACCURATE,
		.bitrate_hz = 1000 };
	struct rig *b = rig_new(&slow, 4, true);
	struct can_rec_frame r[3] = { rig_frame(0x300, 1), rig_frame(0x100, 2),
		rig_frame(0x200, 3) };
	unsigned int at_once = 0;

	(void)state;
	rig_start(b, 4);
	for (unsigned int i = 0; i < 3; i++)
		rig_send(&b->node[i], &r[i], 1);
	rig_await(b, 3, 3);
	for (unsigned int i = 1; i < 3; i++) {
		struct can_bits n = can_bits_of(&b->tapped[i]);
		uint64_t gap = b->tapped_t[i] - b->tapped_t[i - 1];
		uint64_t least = can_bits_ns(n, 1000, 2000000) + 3 * NS_PER_MS;

		/* Longer only where a frame came after the bus was free again. */
		assert_true(gap >= least);
		at_once += gap == least;
	}
	/* Three packets were waiting before the first turn: at most one can have been late. */
	assert_true(at_once >= 1);
	/* After the first frame, which found the bus free, the lowest waiting one is next. */
	assert_true(b->tapped[0].can_id == 0x100 || b->tapped[1].can_id < b->tapped[2].can_id);
	rig_free(b);
}

static void test_what_exceeds_the_window_is_nacked(void **state)
{
	struct rig *b = rig_new(&timed, 2, false);
	struct can_rec_frame r[CAN_PORT_WINDOW];
	unsigned int nacks = 0;

	(void)state;
	rig_start(b, 2);
	for (unsigned int i = 0; i < CAN_PORT_WINDOW; i++)
		r[i] = rig_frame(0x100, i);
	rig_send(&b->node[0], r, CAN_PORT_WINDOW);
	rig_send(&b->node[0], r, 10);
	for (unsigned int i = 0; i < PATIENCE && b->node[0].n < CAN_PORT_WINDOW + 10; i++)
		rig_turn(b);
	assert_int_equal(b->node[0].n, CAN_PORT_WINDOW + 10);
	for (unsigned int i = 0; i < b->node[0].n; i++)
		nacks += b->node[0].got[i].h.kind == CAN_REC_NACK;
	/* Some of the second packet may have found room again. */
	assert_in_range(nacks, 0, 10);
	rig_await(b, 1, CAN_PORT_WINDOW + 10 - nacks);
	rig_free(b);
}

static void test_stop_nacks_what_is_queued(void **state)
{
	static const struct canbus_config slow = { .timing = CANBUS_BIT_ACCURATE,
		.bitrate_hz = 100 };
	struct rig *b = rig_new(&slow, 2, false);
	struct can_rec_frame r[4] = { rig_frame(1, 1), rig_frame(2, 2), rig_frame(3, 3),
		{ .h = { .kind = CAN_REC_STOP } } };
	struct canbus_port_stats st;
	struct canbus_stats bs;

	(void)state;
	rig_start(b, 2);
	/* A frame takes half a second here: all three are there when STOP comes. */
	rig_send(&b->node[0], r, 4);
	rig_await(b, 0, 3);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(b->node[0].got[i].h.kind, CAN_REC_NACK);
	canbus_port_get_stats(b->node[0].port, &st);
	assert_false(st.active);
	assert_int_equal(st.queued, 0);
	rig_settle(b);
	canbus_get_stats(b->bus, &bs);
	assert_int_equal(bs.frames, 0);
	assert_int_equal(b->node[1].n, 0);
	rig_free(b);
}

static void test_busoff_cuts_the_frame_on_the_bus_and_start_clears_it(void **state)
{
	static const struct canbus_config slow = { .timing = CANBUS_BIT_ACCURATE,
		.bitrate_hz = 200 };
	struct rig *b = rig_new(&slow, 2, true);
	struct can_rec_frame r = rig_frame(1, 5);
	struct canbus_port_stats st = { 0 };
	struct canbus_stats bs;

	(void)state;
	rig_start(b, 2);
	rig_send(&b->node[0], &r, 1);
	for (unsigned int i = 0; i < PATIENCE && !st.queued; i++) {
		rig_turn(b);
		canbus_port_get_stats(b->node[0].port, &st);
	}
	/* It lasts for half a second: time enough for whoever else computes here. */
	rig_turn(b);
	canbus_port_busoff(b->node[0].port);
	rig_await(b, 0, 2);
	assert_int_equal(b->node[0].got[0].h.kind, CAN_REC_NACK);
	assert_int_equal(b->node[0].got[1].h.kind, CAN_REC_STATE);
	assert_int_equal(b->node[0].got[1].h.flags, CAN_STATE_PORT_BUSOFF);
	canbus_get_stats(b->bus, &bs);
	assert_int_equal(bs.errors, 1);
	assert_int_equal(b->n_tapped, 0);
	rig_control(&b->node[0], CAN_REC_START);
	rig_await(b, 0, 3);
	assert_int_equal(b->node[0].got[2].h.kind, CAN_REC_STATE);
	assert_int_equal(b->node[0].got[2].h.flags, CAN_STATE_PORT_OK);
	rig_send(&b->node[0], &r, 1);
	rig_await(b, 1, 1);
	assert_int_equal(b->event[2], CANBUS_PORT_BUSOFF);
	assert_int_equal(b->event[3], CANBUS_PORT_STARTED);
	rig_free(b);
}

static void test_a_node_alone_gets_no_acknowledge(void **state)
{
	struct rig *b = rig_new(&ideal, 2, false);
	struct can_rec_frame r = rig_frame(1, 5);
	struct canbus_stats bs;

	(void)state;
	rig_start(b, 1);
	rig_send(&b->node[0], &r, 1);
	rig_await(b, 0, 1);
	assert_int_equal(b->node[0].got[0].h.kind, CAN_REC_NACK);
	canbus_get_stats(b->bus, &bs);
	assert_int_equal(bs.unacked, 1);
	rig_free(b);
}

static void test_a_node_alone_is_acknowledged_where_the_bus_says_so(void **state)
{
	static const struct canbus_config cfg = { .alone = CANBUS_ALONE_ACK };
	struct rig *b = rig_new(&cfg, 1, false);
	struct can_rec_frame r = rig_frame(1, 5);

	(void)state;
	rig_start(b, 1);
	rig_send(&b->node[0], &r, 1);
	rig_await(b, 0, 1);
	assert_int_equal(b->node[0].got[0].h.kind, CAN_REC_ACK);
	rig_free(b);
}

static void test_a_tap_counts_as_a_node_unless_it_is_passive(void **state)
{
	struct rig *b = rig_new(&ideal, 1, false);
	struct can_rec_frame r = rig_frame(1, 5);

	(void)state;
	rig_start(b, 1);
	b->tap = (struct canbus_tap){ .frame = rig_tap, .ctx = b, .passive = true };
	canbus_tap(b->bus, &b->tap);
	rig_send(&b->node[0], &r, 1);
	rig_await(b, 0, 1);
	assert_int_equal(b->node[0].got[0].h.kind, CAN_REC_NACK);
	canbus_untap(&b->tap);
	b->tap.passive = false;
	canbus_tap(b->bus, &b->tap);
	rig_send(&b->node[0], &r, 1);
	rig_await(b, 0, 2);
	assert_int_equal(b->node[0].got[1].h.kind, CAN_REC_ACK);
	rig_free(b);
}

static void test_a_port_that_does_not_read_loses_frames_and_delays_nobody(void **state)
{
	struct rig *b = rig_new(&ideal, 2, false);
	struct canfd_frame f = { .can_id = 0x7, .len = 64, .flags = CANFD_FDF };
	int lazy = b->node[0].fd;
	struct canbus_port_stats st;
	struct can_rec_frame ping = rig_frame(0x11, 77);
	unsigned int sent = 0;

	(void)state;
	rig_start(b, 2);
	b->node[0].fd = -1; /* never read again */
	do {
		for (unsigned int i = 0; i < 50; i++, sent++)
			assert_int_equal(canbus_send(b->bus, &f), 0);
		rig_turn(b);
		canbus_port_get_stats(b->node[0].port, &st);
	} while (!st.rx_dropped && sent < 100000);
	assert_true(st.rx_dropped > 0);
	assert_int_equal(st.rx_frames + st.rx_dropped, sent);
	rig_await(b, 1, sent);
	/* Its own frames are still answered once it reads again: answers have room of their own. */
	b->node[0].fd = lazy;
	rig_send(&b->node[0], &ping, 1);
	rig_await(b, 1, sent + 1);
	for (unsigned int i = 0; i < PATIENCE && b->node[0].n < st.rx_frames + 1; i++)
		rig_turn(b);
	assert_int_equal(b->node[0].n, st.rx_frames + 1);
	rig_free(b);
}

static void test_a_port_that_floods_without_reading_gets_every_answer_later(void **state)
{
	struct rig *b = rig_new(&ideal, 2, false);
	struct can_rec_frame r[CAN_PORT_WINDOW];
	int flooder = b->node[0].fd;
	struct can_packet p = { .len = 0 };
	unsigned int sent = 0, idle = 0;

	(void)state;
	rig_start(b, 2);
	b->node[0].fd = -1;
	for (unsigned int i = 0; i < CAN_PORT_WINDOW; i++) {
		r[i] = rig_frame(0x100, i);
		assert_true(can_packet_add(&p, &r[i]));
	}
	/* Until the socket is full in both directions and the bus reads no further. */
	while (idle < 20) {
		if (ipc_send(flooder, p.b, p.len, NULL, 0) == 0) {
			sent += CAN_PORT_WINDOW;
			idle = 0;
		} else {
			idle++;
		}
		rig_turn(b);
	}
	b->node[0].fd = flooder;
	for (unsigned int i = 0; i < PATIENCE && b->node[0].n < sent; i++)
		rig_turn(b);
	assert_int_equal(b->node[0].n, sent);
	rig_free(b);
}

static void test_a_closed_port_goes_away_and_the_others_go_on(void **state)
{
	struct rig *b = rig_new(&ideal, 3, false);
	struct can_rec_frame r = rig_frame(0x5, 1);

	(void)state;
	rig_start(b, 3);
	fd_close(&b->node[1].fd);
	for (unsigned int i = 0; i < PATIENCE && canbus_num_ports(b->bus) > 2; i++)
		rig_turn(b);
	assert_int_equal(canbus_num_ports(b->bus), 2);
	assert_null(canbus_find_port(b->bus, "node1"));
	assert_int_equal(b->event[b->n_events - 1], CANBUS_PORT_GONE);
	rig_send(&b->node[0], &r, 1);
	rig_await(b, 2, 1);
	rig_free(b);
}

static void test_a_malformed_packet_has_no_effect_and_is_counted(void **state)
{
	struct rig *b = rig_new(&ideal, 2, false);
	struct can_rec_frame r[2] = { rig_frame(0x5, 1), { .h = { .kind = CAN_REC_ACK } } };
	struct canbus_port_stats st;

	(void)state;
	rig_start(b, 2);
	rig_send(&b->node[0], r, 2); /* an ACK from a port: not its to send */
	rig_settle(b);
	canbus_port_get_stats(b->node[0].port, &st);
	assert_int_equal(st.malformed, 1);
	assert_int_equal(b->node[1].n, 0);
	assert_int_equal(b->node[0].n, 0);
	rig_free(b);
}

static void test_an_error_frame_is_for_the_taps_only(void **state)
{
	struct rig *b = rig_new(&ideal, 1, true);
	struct canfd_frame f = { .can_id = CAN_ERR_FLAG | CAN_ERR_BUSERROR, .len = 8 };
	struct canbus_stats bs;

	(void)state;
	rig_start(b, 1);
	assert_int_equal(canbus_send(b->bus, &f), 0);
	rig_settle(b);
	assert_int_equal(b->n_tapped, 1);
	assert_int_equal(b->node[0].n, 0);
	canbus_get_stats(b->bus, &bs);
	assert_int_equal(bs.errors, 1);
	assert_int_equal(bs.frames, 0);
	rig_free(b);
}

static void test_impossible_frames_of_the_bench_are_refused(void **state)
{
	struct rig *b = rig_new(&ideal, 0, true);
	struct canfd_frame f = { .can_id = 0x800 };

	(void)state;
	assert_int_equal(canbus_send(b->bus, &f), -EINVAL);
	f = (struct canfd_frame){ .can_id = 1, .len = 9 };
	assert_int_equal(canbus_send(b->bus, &f), -EINVAL);
	assert_int_equal(b->n_tapped, 0);
	rig_free(b);
}

static void test_fd_frames_are_errors_on_a_classic_bus(void **state)
{
	static const struct canbus_config cfg = { .classic_only = true };
	struct rig *b = rig_new(&cfg, 2, true);
	struct can_rec_frame r = { .h = { .serial = 3, .kind = CAN_REC_FRAME, .mtu = CANFD_MTU },
		.f = { .can_id = 1, .len = 12 } };
	struct canbus_stats bs;

	(void)state;
	rig_start(b, 2);
	rig_send(&b->node[0], &r, 1);
	rig_await(b, 0, 1);
	assert_int_equal(b->node[0].got[0].h.kind, CAN_REC_NACK);
	r.f.flags = CANFD_FDF;
	assert_int_equal(canbus_send(b->bus, &r.f), -EINVAL);
	canbus_get_stats(b->bus, &bs);
	assert_int_equal(bs.errors, 2);
	rig_free(b);
}

/* A tap that answers each frame below 0x700 with one that is 0x700 higher, and then leaves. */
static void answer_and_leave(void *ctx, const struct canbus_frame *fr)
{
	struct rig *b = ctx;
	struct canfd_frame f = *fr->f;

	canbus_untap(&b->tap);
	f.can_id += 0x700;
	assert_int_equal(canbus_send(b->bus, &f), 0);
}

static void test_a_tap_may_send_and_leave_in_its_callback(void **state)
{
	struct rig *b = rig_new(&ideal, 1, false);
	struct canfd_frame f = { .can_id = 0x1 };

	(void)state;
	rig_start(b, 1);
	b->tap = (struct canbus_tap){ .frame = answer_and_leave, .ctx = b };
	canbus_tap(b->bus, &b->tap);
	assert_int_equal(canbus_send(b->bus, &f), 0);
	assert_int_equal(canbus_send(b->bus, &f), 0);
	rig_await(b, 0, 3);
	assert_int_equal(b->node[0].got[0].f.can_id, 0x1);
	assert_int_equal(b->node[0].got[1].f.can_id, 0x701);
	assert_int_equal(b->node[0].got[2].f.can_id, 0x1);
	rig_free(b);
}

/* Sends a frame of the highest priority for every 100 us that the bus plays, up to a time. */
struct babbler {
	struct rig *rig;
	uint64_t next_ns, end_ns;
	unsigned int sent;
};

static void babble(void *ctx, uint64_t t_ns)
{
	struct babbler *n = ctx;
	struct canfd_frame f = { .can_id = 0 };

	for (; n->next_ns <= t_ns && n->next_ns < n->end_ns; n->next_ns += 100 * NS_PER_US) {
		/* More than the bus can take: not all find room. */
		if (canbus_send_apart(n->rig->bus, &f, n->next_ns) == 0)
			n->sent++;
	}
}

static void test_a_late_loop_lets_nobody_through_whom_the_bench_would_have_beaten(void **state)
{
	struct babbler n = { 0 };
	struct canbus_config cfg = timed;
	struct can_rec_frame r = rig_frame(0x100, 1);
	struct rig *b;

	(void)state;
	cfg.until = babble;
	cfg.until_ctx = &n;
	b = rig_new(&cfg, 1, true);
	n.rig = b;
	rig_start(b, 1);
	n.next_ns = clock_now_ns();
	n.end_ns = n.next_ns + 5 * NS_PER_MS;
	babble(&n, n.next_ns);
	rig_send(&b->node[0], &r, 1);
	rig_turn(b);
	/* The node waits for the bus, and the loop does not turn for longer than the bench babbles.
	 */
	usleep(10000);
	while (!b->n_tapped || b->tapped[b->n_tapped - 1].can_id == 0)
		rig_turn(b);
	assert_int_equal(b->tapped[b->n_tapped - 1].can_id, 0x100);
	assert_int_equal(b->n_tapped, n.sent + 1);
	assert_true(n.sent > 30);
	assert_true(b->tapped_t[b->n_tapped - 1] >= n.end_ns);
	rig_free(b);
}

/* Removes every port it hears from. */
static void remove_sender(void *ctx, const struct canbus_frame *fr)
{
	struct rig *b = ctx;

	if (fr->from)
		canbus_remove_port(canbus_find_port(b->bus, canbus_port_name(fr->from)));
}

static void test_a_tap_may_remove_the_sender(void **state)
{
	struct rig *b = rig_new(&ideal, 2, false);
	struct can_rec_frame r[3] = { rig_frame(0x1, 1), rig_frame(0x2, 2), rig_frame(0x3, 3) };

	(void)state;
	rig_start(b, 2);
	b->tap = (struct canbus_tap){ .frame = remove_sender, .ctx = b };
	canbus_tap(b->bus, &b->tap);
	rig_send(&b->node[0], r, 3);
	rig_await(b, 1, 1);
	rig_settle(b);
	assert_int_equal(b->node[1].n, 1);
	assert_int_equal(canbus_num_ports(b->bus), 1);
	rig_free(b);
}

static void test_a_raw_socket_is_bridged_both_ways(void **state)
{
	struct rig *b = rig_new(&ideal, 1, true);
	struct can_frame cf = { .can_id = 0x123, .len = 2, .data = { 1, 2 } };
	struct canfd_frame got = { 0 }, fd = { .can_id = 0x55, .len = 12, .flags = CANFD_FDF };
	struct can_rec_frame r = rig_frame(0x321, 8);
	struct canbus_port *p;
	int fds[2];

	(void)state;
	assert_int_equal(ipc_pair(fds, 0), 0);
	assert_int_equal(canbus_add_raw_port(b->bus, fds[0], "vcan0", &p), 0);
	rig_start(b, 1);
	assert_int_equal(send(fds[1], &cf, CAN_MTU, 0), CAN_MTU);
	rig_await(b, 0, 1);
	assert_int_equal(b->node[0].got[0].f.can_id, 0x123);
	assert_int_equal(b->node[0].got[0].h.mtu, CAN_MTU);
	rig_send(&b->node[0], &r, 1);
	rig_await(b, 0, 2);
	assert_int_equal(recv(fds[1], &got, sizeof(got), 0), CAN_MTU);
	assert_int_equal(got.can_id, 0x321);
	assert_int_equal(canbus_send(b->bus, &fd), 0);
	assert_int_equal(recv(fds[1], &got, sizeof(got), 0), CANFD_MTU);
	assert_memory_equal(&got, &fd, sizeof(fd));
	close(fds[1]);
	rig_free(b);
}

static void test_a_bus_slower_than_its_interface_does_not_keep_the_loop_busy(void **state)
{
	static const struct canbus_config slow = { .timing = CANBUS_BIT_ACCURATE,
		.bitrate_hz = 10000 };
	struct rig *b = rig_new(&slow, 1, false);
	struct can_frame cf = { .can_id = 0x123 };
	struct canbus_port_stats st;
	struct canbus_stats before, after;
	struct canbus_port *p;
	int fds[2];

	(void)state;
	assert_int_equal(ipc_pair(fds, 0), 0);
	assert_int_equal(fd_set_nonblock(fds[1], 1), 0);
	assert_int_equal(canbus_add_raw_port(b->bus, fds[0], "vcan0", &p), 0);
	rig_start(b, 1);
	do {
		while (send(fds[1], &cf, CAN_MTU, 0) == CAN_MTU)
			;
		assert_int_equal(ev_loop_turn(b->loop, 0), 0);
		canbus_port_get_stats(p, &st);
	} while (st.queued < CAN_PORT_WINDOW);
	/* Each turn waits for something to do, so that these last for several frames. */
	canbus_get_stats(b->bus, &before);
	for (unsigned int i = 0; i < 200; i++)
		assert_int_equal(ev_loop_turn(b->loop, 1000), 0);
	canbus_get_stats(b->bus, &after);
	assert_true(after.frames - before.frames > 5);
	close(fds[1]);
	rig_free(b);
}

static void test_a_missing_host_interface_is_explained(void **state)
{
	struct canbus_socketcan none = { "dynonone0", false };
	struct rig *b = rig_new(&ideal, 0, false);
	struct err e = { { 0 } };

	(void)state;
	assert_true(canbus_attach_socketcan(b->bus, &none, &e) < 0);
	assert_non_null(strstr(e.text, "dynonone0"));
	assert_non_null(strstr(e.text, "ip link add dev dynonone0 type vcan"));
	assert_non_null(strstr(e.text, "mtu 72 up"));
	rig_free(b);
}

static void test_load_is_the_bus_time_of_the_frames(void **state)
{
	struct rig *b = rig_new(&ideal, 0, true);
	struct canfd_frame f = { .can_id = 0 };
	struct canbus_stats bs;

	(void)state;
	assert_int_equal(canbus_send(b->bus, &f), 0);
	assert_int_equal(canbus_send(b->bus, &f), 0);
	canbus_get_stats(b->bus, &bs);
	/* 50 bits (see test_can_bits) and 3 of intermission, 2 us each. */
	assert_int_equal(bs.busy_ns, 2 * 53 * 2000);
	assert_int_equal(bs.frames, 2);
	rig_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everyone_but_the_sender_hears_a_frame),
		cmocka_unit_test(test_a_port_that_did_not_start_neither_sends_nor_hears),
		cmocka_unit_test(test_of_frames_that_wait_the_lowest_identifier_is_first),
		cmocka_unit_test(test_frames_of_one_port_stay_in_order),
		cmocka_unit_test(test_timed_frames_follow_each_other_at_their_true_lengths),
		cmocka_unit_test(test_what_exceeds_the_window_is_nacked),
		cmocka_unit_test(test_stop_nacks_what_is_queued),
		cmocka_unit_test(test_busoff_cuts_the_frame_on_the_bus_and_start_clears_it),
		cmocka_unit_test(test_a_node_alone_gets_no_acknowledge),
		cmocka_unit_test(test_a_node_alone_is_acknowledged_where_the_bus_says_so),
		cmocka_unit_test(test_a_tap_counts_as_a_node_unless_it_is_passive),
		cmocka_unit_test(test_a_port_that_does_not_read_loses_frames_and_delays_nobody),
		cmocka_unit_test(test_a_port_that_floods_without_reading_gets_every_answer_later),
		cmocka_unit_test(test_a_closed_port_goes_away_and_the_others_go_on),
		cmocka_unit_test(test_a_malformed_packet_has_no_effect_and_is_counted),
		cmocka_unit_test(test_an_error_frame_is_for_the_taps_only),
		cmocka_unit_test(test_impossible_frames_of_the_bench_are_refused),
		cmocka_unit_test(test_fd_frames_are_errors_on_a_classic_bus),
		cmocka_unit_test(test_a_tap_may_send_and_leave_in_its_callback),
		cmocka_unit_test(
			test_a_late_loop_lets_nobody_through_whom_the_bench_would_have_beaten),
		cmocka_unit_test(test_a_tap_may_remove_the_sender),
		cmocka_unit_test(test_a_raw_socket_is_bridged_both_ways),
		cmocka_unit_test(test_a_bus_slower_than_its_interface_does_not_keep_the_loop_busy),
		cmocka_unit_test(test_a_missing_host_interface_is_explained),
		cmocka_unit_test(test_load_is_the_bus_time_of_the_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
