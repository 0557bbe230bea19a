/* SPDX-License-Identifier: Apache-2.0 */
/* Faults made on purpose: what is heard of a frame that meets one, and what its sender counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "sim/canbus/fault.h"
#include "tests/support/canbus_rig.h"

static const struct canbus_config ideal = { .timing = CANBUS_IDEAL };
static const struct canbus_config timed = { .timing = CANBUS_BIT_ACCURATE, .bitrate_hz = 500000 };

/* All frames with that identifier. */
static struct canbus_fault fault(enum canbus_fault_kind kind, canid_t id)
{
	return (struct canbus_fault){
		.kind = kind, .id = id, .mask = CAN_SFF_MASK | CAN_EFF_FLAG, .chance = UINT32_MAX
	};
}

static void send_from(struct rig *b, unsigned int node, uint32_t id)
{
	struct can_rec_frame r = rig_frame(id, id);

	rig_send(&b->node[node], &r, 1);
}

static void expect_heard(const struct rig *b, unsigned int node, unsigned int i, canid_t id)
{
	assert_true(i < b->node[node].n);
	assert_int_equal(b->node[node].got[i].h.kind, CAN_REC_FRAME);
	assert_int_equal(b->node[node].got[i].f.can_id, id);
}

static void test_a_dropped_frame_is_acknowledged_and_heard_by_nobody(void **state)
{
	struct rig *b = rig_new(&ideal, 2, true);
	struct canbus_fault f = fault(CANBUS_FAULT_DROP, 0x100);

	(void)state;
	rig_start(b, 2);
	canbus_fault_add(b->bus, &f);
	send_from(b, 0, 0x100);
	send_from(b, 0, 0x101);
	rig_await(b, 0, 2);
	assert_int_equal(b->node[0].got[0].h.kind, CAN_REC_ACK);
	rig_await(b, 1, 1);
	expect_heard(b, 1, 0, 0x101);
	assert_int_equal(b->n_tapped, 1);
	assert_int_equal(f.hit, 1);
	canbus_fault_remove(&f);
	send_from(b, 0, 0x100);
	rig_await(b, 1, 2);
	expect_heard(b, 1, 1, 0x100);
	rig_free(b);
}

static void test_a_delayed_frame_is_heard_later_and_not_by_its_sender(void **state)
{
	struct rig *b = rig_new(&ideal, 3, true);
	struct canbus_fault f = fault(CANBUS_FAULT_DELAY, 0x100);
	struct can_rec_frame both[2] = { rig_frame(0x100, 1), rig_frame(0x101, 2) };

	(void)state;
	f.delay_ns = 30 * NS_PER_MS;
	rig_start(b, 3);
	canbus_fault_add(b->bus, &f);
	rig_send(&b->node[0], both, 2);
	rig_await(b, 1, 2);
	rig_await(b, 2, 2);
	expect_heard(b, 1, 0, 0x101);
	expect_heard(b, 1, 1, 0x100);
	assert_true(b->node[1].got[1].h.t_ns >= b->node[0].got[0].h.t_ns + f.delay_ns);
	/* Two answers, and not its own frame. */
	rig_settle(b);
	assert_int_equal(b->node[0].n, 2);
	assert_string_equal(b->tapped_from[1], "node0");
	rig_free(b);
}

static void test_delays_of_different_length_overtake_each_other(void **state)
{
	struct rig *b = rig_new(&timed, 2, false);
	struct canbus_fault slow = fault(CANBUS_FAULT_DELAY, 0x100),
			    quick = fault(CANBUS_FAULT_DELAY, 0x101);

	(void)state;
	slow.delay_ns = 60 * NS_PER_MS;
	quick.delay_ns = 20 * NS_PER_MS;
	rig_start(b, 2);
	canbus_fault_add(b->bus, &slow);
	canbus_fault_add(b->bus, &quick);
	send_from(b, 0, 0x100);
	send_from(b, 0, 0x101);
	rig_await(b, 1, 2);
	expect_heard(b, 1, 0, 0x101);
	expect_heard(b, 1, 1, 0x100);
	rig_free(b);
}

static void test_a_late_frame_outlives_its_sender(void **state)
{
	struct rig *b = rig_new(&ideal, 2, false);
	struct canbus_fault f = fault(CANBUS_FAULT_DELAY, 0x100);

	(void)state;
	f.delay_ns = 20 * NS_PER_MS;
	rig_start(b, 2);
	canbus_fault_add(b->bus, &f);
	send_from(b, 0, 0x100);
	rig_await(b, 0, 1);
	canbus_remove_port(b->node[0].port);
	rig_await(b, 1, 1);
	expect_heard(b, 1, 0, 0x100);
	rig_free(b);
}

static void test_a_duplicated_frame_is_heard_twice(void **state)
{
	struct rig *b = rig_new(&timed, 2, true);
	struct canbus_fault f = fault(CANBUS_FAULT_DUPLICATE, 0x100);

	(void)state;
	rig_start(b, 2);
	canbus_fault_add(b->bus, &f);
	send_from(b, 0, 0x100);
	rig_await(b, 1, 2);
	expect_heard(b, 1, 0, 0x100);
	expect_heard(b, 1, 1, 0x100);
	rig_settle(b);
	assert_int_equal(b->node[0].n, 1);
	assert_int_equal(b->n_tapped, 2);
	rig_free(b);
}

static void test_a_corrupted_frame_has_other_bits(void **state)
{
	struct rig *b = rig_new(&ideal, 2, false);
	struct canbus_fault f = fault(CANBUS_FAULT_CORRUPT, 0x12);

	(void)state;
	f.flip[1] = 0xff;
	f.flip[7] = 0xff; /* the frame is shorter */
	rig_start(b, 2);
	canbus_fault_add(b->bus, &f);
	send_from(b, 0, 0x12);
	rig_await(b, 1, 1);
	assert_int_equal(b->node[1].got[0].f.len, 2);
	assert_int_equal(b->node[1].got[0].f.data[0], 0x12);
	assert_int_equal(b->node[1].got[0].f.data[1], 0xa5);
	assert_int_equal(b->node[1].got[0].f.data[7], 0);
	rig_free(b);
}

static void test_reordered_frames_change_places(void **state)
{
	struct rig *b = rig_new(&ideal, 2, false);
	struct canbus_fault f = fault(CANBUS_FAULT_REORDER, 0x100);

	(void)state;
	f.mask = CAN_EFF_FLAG | 0x7f0;
	rig_start(b, 2);
	canbus_fault_add(b->bus, &f);
	send_from(b, 0, 0x101);
	send_from(b, 0, 0x102);
	rig_await(b, 1, 2);
	expect_heard(b, 1, 0, 0x102);
	expect_heard(b, 1, 1, 0x101);
	/* One that waits for a next one that never comes goes out with the fault. */
	send_from(b, 0, 0x103);
	rig_settle(b);
	assert_int_equal(b->node[1].n, 2);
	canbus_fault_remove(&f);
	rig_await(b, 1, 3);
	expect_heard(b, 1, 2, 0x103);
	rig_free(b);
}

static void test_chance_is_the_seed_s(void **state)
{
	unsigned int heard[3];

	(void)state;
	for (unsigned int run = 0; run < 3; run++) {
		struct rig *b = rig_new(&ideal, 2, false);
		struct canbus_fault f = fault(CANBUS_FAULT_DROP, 0x100);
		uint64_t pattern = 0;

		f.chance = UINT32_MAX / 4;
		f.seed = run < 2 ? 7 : 8;
		rig_start(b, 2);
		canbus_fault_add(b->bus, &f);
		for (unsigned int i = 0; i < 64; i++) {
			struct canfd_frame frame = { .can_id = 0x100, .len = 1 };
			uint64_t hit = f.hit;

			assert_int_equal(canbus_send(b->bus, &frame), 0);
			pattern = pattern << 1 | (f.hit > hit);
		}
		assert_in_range(f.hit, 6, 28);
		assert_int_equal(f.seen, 64);
		heard[run] = (unsigned int)(pattern ^ pattern >> 32);
		rig_free(b);
	}
	assert_int_equal(heard[0], heard[1]);
	assert_int_not_equal(heard[0], heard[2]);
}

static void test_a_destroyed_frame_is_sent_again_until_it_gets_through(void **state)
{
	struct rig *b = rig_new(&timed, 2, false);
	struct canbus_fault f = fault(CANBUS_FAULT_ERROR, 0x100);
	struct canbus_stats st;

	(void)state;
	f.chance = UINT32_MAX / 2;
	f.seed = 3;
	rig_start(b, 2);
	canbus_fault_add(b->bus, &f);
	for (unsigned int i = 0; i < 8; i++)
		send_from(b, 0, 0x100);
	rig_await(b, 1, 8);
	canbus_get_stats(b->bus, &st);
	assert_int_equal(st.frames, 8);
	assert_true(st.errors > 0);
	assert_int_equal(st.errors, f.hit);
	/* 8 for each that was destroyed, 1 back for each that got through, but not below 0. */
	assert_in_range(canbus_port_errors(b->node[0].port).tx, 8 * f.hit - 8, 8 * f.hit - 1);
	rig_free(b);
}

static void test_a_controller_that_gets_nothing_through_goes_bus_off(void **state)
{
	struct rig *b = rig_new(&ideal, 2, false);
	struct canbus_fault f = fault(CANBUS_FAULT_ERROR, 0x100);

	(void)state;
	rig_start(b, 2);
	canbus_fault_add(b->bus, &f);
	assert_int_equal(canbus_port_errors(b->node[0].port).state, CANBUS_ERROR_ACTIVE);
	send_from(b, 0, 0x100);
	rig_await(b, 0, 2);
	/* Its frame comes back, and it is told. */
	assert_int_equal(b->node[0].got[0].h.kind, CAN_REC_NACK);
	assert_int_equal(b->node[0].got[1].h.kind, CAN_REC_STATE);
	assert_int_equal(canbus_port_errors(b->node[0].port).state, CANBUS_BUS_OFF);
	/* 32 errors of 8 make 256; who listened counted each of them. */
	assert_int_equal(f.hit, 32);
	assert_int_equal(canbus_port_errors(b->node[1].port).rx, 32);
	/* It recovers with counters of 0. */
	canbus_fault_remove(&f);
	rig_control(&b->node[0], CAN_REC_START);
	rig_settle(b);
	assert_int_equal(canbus_port_errors(b->node[0].port).state, CANBUS_ERROR_ACTIVE);
	assert_int_equal(canbus_port_errors(b->node[0].port).tx, 0);
	send_from(b, 0, 0x100);
	rig_await(b, 1, 1);
	rig_free(b);
}

static void test_a_controller_nobody_answers_is_passive_and_not_off(void **state)
{
	struct rig *b = rig_new(&ideal, 2, false);

	(void)state;
	rig_start(b, 2);
	canbus_port_cut(b->node[0].port, true);
	for (unsigned int i = 0; i < 100; i++)
		send_from(b, 0, 0x100);
	rig_await(b, 0, 100);
	assert_int_equal(b->node[0].got[99].h.kind, CAN_REC_NACK);
	assert_int_equal(canbus_port_errors(b->node[0].port).state, CANBUS_ERROR_PASSIVE);
	rig_free(b);
}

static void test_a_cut_port_hears_nothing_and_is_heard_by_nobody(void **state)
{
	struct rig *b = rig_new(&ideal, 3, true);

	(void)state;
	rig_start(b, 3);
	canbus_port_cut(b->node[0].port, true);
	send_from(b, 0, 0x100);
	rig_await(b, 0, 1);
	assert_int_equal(b->node[0].got[0].h.kind, CAN_REC_NACK);
	send_from(b, 1, 0x101);
	rig_await(b, 2, 1);
	rig_settle(b);
	assert_int_equal(b->node[0].n, 1);
	assert_int_equal(b->n_tapped, 1);
	canbus_port_cut(b->node[0].port, false);
	send_from(b, 1, 0x102);
	rig_await(b, 0, 2);
	expect_heard(b, 0, 1, 0x102);
	rig_free(b);
}

static void test_nobody_is_left_to_acknowledge_when_all_others_are_cut(void **state)
{
	struct rig *b = rig_new(&ideal, 2, false);

	(void)state;
	rig_start(b, 2);
	canbus_port_cut(b->node[1].port, true);
	send_from(b, 0, 0x100);
	rig_await(b, 0, 1);
	assert_int_equal(b->node[0].got[0].h.kind, CAN_REC_NACK);
	rig_free(b);
}

static void test_the_bench_s_own_frames_meet_faults_too(void **state)
{
	struct rig *b = rig_new(&ideal, 1, false);
	struct canbus_fault f = fault(CANBUS_FAULT_ERROR, 0x100);
	struct canfd_frame frame = { .can_id = 0x100 };
	struct canbus_stats st;

	(void)state;
	rig_start(b, 1);
	canbus_fault_add(b->bus, &f);
	assert_int_equal(canbus_send(b->bus, &frame), 0);
	frame.can_id = 0x101;
	assert_int_equal(canbus_send(b->bus, &frame), 0);
	rig_await(b, 0, 1);
	expect_heard(b, 0, 0, 0x101);
	canbus_get_stats(b->bus, &st);
	assert_int_equal(st.bench_dropped, 1);
	rig_free(b);
}

static void test_a_bus_ends_with_faults_in_force(void **state)
{
	struct rig *b = rig_new(&ideal, 2, false);
	struct canbus_fault hold = fault(CANBUS_FAULT_REORDER, 0x100),
			    late = fault(CANBUS_FAULT_DELAY, 0x101);

	(void)state;
	late.delay_ns = NS_PER_S;
	rig_start(b, 2);
	canbus_fault_add(b->bus, &hold);
	canbus_fault_add(b->bus, &late);
	send_from(b, 0, 0x100);
	send_from(b, 0, 0x101);
	rig_await(b, 0, 2);
	rig_free(b);
	assert_null(hold.bus);
	assert_null(late.bus);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_dropped_frame_is_acknowledged_and_heard_by_nobody),
		cmocka_unit_test(test_a_delayed_frame_is_heard_later_and_not_by_its_sender),
		cmocka_unit_test(test_delays_of_different_length_overtake_each_other),
		cmocka_unit_test(test_a_late_frame_outlives_its_sender),
		cmocka_unit_test(test_a_duplicated_frame_is_heard_twice),
		cmocka_unit_test(test_a_corrupted_frame_has_other_bits),
		cmocka_unit_test(test_reordered_frames_change_places),
		cmocka_unit_test(test_chance_is_the_seed_s),
		cmocka_unit_test(test_a_destroyed_frame_is_sent_again_until_it_gets_through),
		cmocka_unit_test(test_a_controller_that_gets_nothing_through_goes_bus_off),
		cmocka_unit_test(test_a_controller_nobody_answers_is_passive_and_not_off),
		cmocka_unit_test(test_a_cut_port_hears_nothing_and_is_heard_by_nobody),
		cmocka_unit_test(test_nobody_is_left_to_acknowledge_when_all_others_are_cut),
		cmocka_unit_test(test_the_bench_s_own_frames_meet_faults_too),
		cmocka_unit_test(test_a_bus_ends_with_faults_in_force),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
