/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replay: what is emitted when, on a bench clock that the test sets. replay_run_until() makes it
 * independent of real time; two tests let the loop's timers do it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "base/clock.h"
#include "sim/trace/replay.h"

#define MS(x) ((uint64_t)(x)*NS_PER_MS)

static const char trace_text[] = "(1000.000000) can0 100#01\n"
				 "(1000.010000) can1 200#02\n"
				 "(1000.020000) can0 00000100#03\n"
				 "(1000.020000) can0 101#R\n"
				 "(1000.040000) can0 102#04\n";

struct rig {
	struct ev_loop *loop;
	struct replay *r;
	uint64_t now; /* the bench clock, where it does not run */
	uint64_t host_t0; /* where it runs: bench time is host time minus this */
	bool runs;
	struct canfd_frame f[64];
	uint32_t target[64];
	uint64_t due[64], at[64];
	unsigned int n;
	unsigned int dones;
	int done_code;
	unsigned int pause_at; /* pauses in the callback of this frame */
};

static uint64_t rig_now(void *ctx)
{
	struct rig *g = ctx;

	return g->runs ? clock_now_ns() - g->host_t0 : g->now;
}

static void on_emit(void *ctx, uint32_t target, const struct canfd_frame *f, uint64_t due_ns)
{
	struct rig *g = ctx;

	assert_in_range(g->n, 0, 63);
	g->f[g->n] = *f;
	g->target[g->n] = target;
	g->at[g->n] = rig_now(g);
	g->due[g->n++] = due_ns;
	if (g->n == g->pause_at)
		replay_pause(g->r);
}

static void on_done(void *ctx, int code)
{
	struct rig *g = ctx;

	g->dones++;
	g->done_code = code;
}

static struct rig *rig_new(const struct replay_config *cfg, const char *text)
{
	struct rig *g = test_calloc(1, sizeof(*g));
	struct replay_config c = *cfg;
	struct trace *t;

	c.clock = (struct replay_clock){ .now_ns = rig_now, .ctx = g };
	c.emit = on_emit;
	c.done = on_done;
	c.ctx = g;
	assert_int_equal(ev_loop_new(&g->loop), 0);
	assert_int_equal(trace_open_mem(&t, text, strlen(text), "text", NULL, NULL), 0);
	assert_int_equal(replay_new(&g->r, g->loop, t, &c), 0);
	return g;
}

static void rig_free(struct rig *g)
{
	replay_free(g->r);
	ev_loop_free(g->loop);
	test_free(g);
}

static void until_done(struct rig *g)
{
	for (unsigned int i = 0; i < 20000 && !g->dones; i++)
		assert_int_equal(ev_loop_turn(g->loop, 1), 0);
	assert_int_equal(g->dones, 1);
}

static const struct replay_config plain = { .start_ns = MS(500) };

static void test_frames_are_due_at_absolute_times(void **state)
{
	static const uint64_t want[5] = { MS(500), MS(510), MS(520), MS(520), MS(540) };
	struct rig *g = rig_new(&plain, trace_text);

	(void)state;
	replay_start(g->r);
	replay_run_until(g->r, MS(1000));
	assert_int_equal(g->n, 5);
	for (unsigned int i = 0; i < 5; i++)
		assert_int_equal(g->due[i], want[i]);
	assert_int_equal(g->f[2].can_id, 0x100 | CAN_EFF_FLAG);
	assert_int_equal(g->f[3].can_id, 0x101 | CAN_RTR_FLAG);
	rig_free(g);
}

static void test_channel_1_is_can0_where_it_has_no_entry_of_its_own(void **state)
{
	static const struct replay_channel map[] = { { "can0", 7 }, { "2", 8 }, { "can1", 9 } };
	struct replay_config cfg = { .channels = map, .n_channels = 3 };
	struct rig *g = rig_new(&cfg, "   0.000000 1  100 Rx d 1 01\n"
				      "   0.001000 2  100 Rx d 1 01\n"
				      "   0.002000 3  100 Rx d 1 01\n");

	(void)state;
	replay_start(g->r);
	replay_run_until(g->r, MS(1000));
	assert_int_equal(g->n, 2);
	assert_int_equal(g->target[0], 7);
	assert_int_equal(g->target[1], 8);
	rig_free(g);
}

static void test_run_until_stops_before_what_is_due_at_that_time(void **state)
{
	struct rig *g = rig_new(&plain, trace_text);

	(void)state;
	replay_start(g->r);
	replay_run_until(g->r, MS(520));
	assert_int_equal(g->n, 2);
	replay_run_until(g->r, MS(520) + 1);
	assert_int_equal(g->n, 4);
	rig_free(g);
}

static void test_nothing_is_emitted_before_start(void **state)
{
	struct rig *g = rig_new(&plain, trace_text);

	(void)state;
	replay_run_until(g->r, MS(1000));
	assert_int_equal(g->n, 0);
	rig_free(g);
}

static void test_speed_divides_the_distances(void **state)
{
	static const struct replay_config cfg = { .start_ns = MS(100), .speed = 4.0 };
	struct rig *g = rig_new(&cfg, trace_text);

	(void)state;
	replay_start(g->r);
	replay_run_until(g->r, MS(1000));
	assert_int_equal(g->due[1], MS(100) + 2500000);
	assert_int_equal(g->due[4], MS(110));
	rig_free(g);
}

static void test_a_stamp_from_the_far_future_stays_in_the_future(void **state)
{
	static const struct replay_config cfg = { .speed = 0.001 };
	struct rig *g =
		rig_new(&cfg, "(0000000001.000000) can0 100#01\n(9999999999.000000) can0 101#01\n");

	(void)state;
	replay_start(g->r);
	replay_run_until(g->r, INT64_MAX);
	assert_int_equal(g->n, 1);
	replay_run_until(g->r, UINT64_MAX);
	assert_int_equal(g->n, 2);
	assert_int_equal(g->due[1], INT64_MAX);
	rig_free(g);
}

static void test_the_start_offset_leaves_out_what_is_before_it(void **state)
{
	static const struct replay_config cfg = { .skip_ns = MS(15) };
	struct rig *g = rig_new(&cfg, trace_text);

	(void)state;
	replay_start(g->r);
	replay_run_until(g->r, MS(1000));
	assert_int_equal(g->n, 3);
	assert_int_equal(g->due[0], MS(5));
	assert_int_equal(g->due[2], MS(25));
	rig_free(g);
}

static void test_a_loop_goes_on_a_mean_distance_after_the_end(void **state)
{
	static const struct replay_config cfg = { .loop = true };
	struct replay_stats st;
	struct rig *g = rig_new(&cfg, trace_text);

	(void)state;
	replay_start(g->r);
	/* 40 ms with 5 frames: 10 ms between two on average. */
	replay_run_until(g->r, MS(101));
	assert_int_equal(g->n, 11);
	assert_int_equal(g->due[5], MS(50));
	assert_int_equal(g->due[9], MS(90));
	assert_int_equal(g->due[10], MS(100));
	assert_int_equal(g->dones, 0);
	replay_get_stats(g->r, &st);
	assert_int_equal(st.loops, 2);
	rig_free(g);
}

static void test_a_loop_with_an_offset_starts_at_the_offset_again(void **state)
{
	static const struct replay_config cfg = { .loop = true, .skip_ns = MS(15) };
	struct rig *g = rig_new(&cfg, trace_text);

	(void)state;
	replay_start(g->r);
	replay_run_until(g->r, MS(50));
	assert_true(g->n > 3);
	assert_int_equal(g->f[3].can_id, 0x100 | CAN_EFF_FLAG);
	rig_free(g);
}

static void test_a_trace_without_time_is_not_looped_for_ever(void **state)
{
	static const struct replay_config cfg = { .loop = true };
	struct rig *g = rig_new(&cfg, "  can0  123   [0]\n  can0  124   [0]\n");

	(void)state;
	replay_start(g->r);
	replay_run_until(g->r, MS(1000));
	assert_int_equal(g->n, 2);
	until_done(g);
	rig_free(g);
}

static void test_the_first_rule_that_matches_decides(void **state)
{
	static const struct replay_rule rules[] = {
		{ .id = 0x101, .mask = 0x7ff, .what = REPLAY_REMAP, .to = 0x12345 | CAN_EFF_FLAG },
		{ .id = 0x100, .mask = 0x7fe, .what = REPLAY_DROP },
		{ .id = 0x200, .mask = 0x7ff, .what = REPLAY_PASS },
		{ .id = 0, .mask = 0, .what = REPLAY_DROP }
	};
	static const struct replay_config cfg = { .rules = rules, .n_rules = 4 };
	struct replay_stats st;
	struct rig *g = rig_new(&cfg, trace_text);

	(void)state;
	replay_start(g->r);
	replay_run_until(g->r, MS(1000));
	assert_int_equal(g->n, 2);
	assert_int_equal(g->f[0].can_id, 0x200);
	/* A remapped frame stays remote. */
	assert_int_equal(g->f[1].can_id, 0x12345 | CAN_EFF_FLAG | CAN_RTR_FLAG);
	replay_get_stats(g->r, &st);
	assert_int_equal(st.filtered, 3);
	assert_int_equal(st.emitted, 2);
	rig_free(g);
}

static void test_standard_and_extended_identifiers_are_told_apart(void **state)
{
	static const struct replay_rule rules[] = {
		{ .id = 0x100, .mask = CAN_EFF_MASK, .what = REPLAY_DROP }
	};
	static const struct replay_config cfg = { .rules = rules, .n_rules = 1 };
	struct rig *g = rig_new(&cfg, trace_text);

	(void)state;
	replay_start(g->r);
	replay_run_until(g->r, MS(1000));
	assert_int_equal(g->n, 4);
	assert_int_equal(g->f[1].can_id, 0x100 | CAN_EFF_FLAG);
	rig_free(g);
}

static void test_channels_go_where_they_are_mapped(void **state)
{
	static const struct replay_channel map[] = { { .channel = "can1", .target = 7 } };
	static const struct replay_channel rest[] = { { .channel = "can1", .target = 7 },
		{ .channel = NULL, .target = 9 } };
	struct replay_config cfg = { .channels = map, .n_channels = 1 };
	struct rig *g = rig_new(&cfg, trace_text);

	(void)state;
	replay_start(g->r);
	replay_run_until(g->r, MS(1000));
	assert_int_equal(g->n, 1);
	assert_int_equal(g->target[0], 7);
	rig_free(g);

	cfg.channels = rest;
	cfg.n_channels = 2;
	g = rig_new(&cfg, trace_text);
	replay_start(g->r);
	replay_run_until(g->r, MS(1000));
	assert_int_equal(g->n, 5);
	assert_int_equal(g->target[0], 9);
	assert_int_equal(g->target[1], 7);
	rig_free(g);
}

static void test_stamps_that_go_backwards_are_emitted_in_order(void **state)
{
	struct rig *g = rig_new(&plain, "(2000000000.5) c 001#\n(2000000000.4) c 002#\n"
					"(2000000000.6) c 003#\n");

	(void)state;
	replay_start(g->r);
	replay_run_until(g->r, MS(2000));
	assert_int_equal(g->n, 3);
	assert_int_equal(g->due[1], MS(500));
	assert_int_equal(g->due[2], MS(600));
	rig_free(g);
}

static void test_timers_emit_never_early_and_the_end_is_told(void **state)
{
	struct replay_config cfg = { .start_ns = MS(5) };
	struct rig *g = rig_new(&cfg, trace_text);
	struct replay_stats st;

	(void)state;
	g->runs = true;
	g->host_t0 = clock_now_ns();
	replay_start(g->r);
	until_done(g);
	assert_int_equal(g->n, 5);
	assert_int_equal(g->done_code, 0);
	assert_true(replay_is_done(g->r));
	for (unsigned int i = 0; i < 5; i++)
		assert_true(g->at[i] >= g->due[i]);
	replay_get_stats(g->r, &st);
	assert_true(replay_late_quantile(&st, 1.0) <= st.late_max_ns);
	rig_free(g);
}

static void test_a_paused_replay_emits_nothing_until_resumed(void **state)
{
	struct replay_config cfg = { .start_ns = 0 };
	struct rig *g = rig_new(&cfg, trace_text);

	(void)state;
	g->runs = true;
	g->host_t0 = clock_now_ns();
	g->pause_at = 2;
	replay_start(g->r);
	for (unsigned int i = 0; i < 60; i++)
		assert_int_equal(ev_loop_turn(g->loop, 1), 0);
	assert_int_equal(g->n, 2);
	/* The bench clock stood still meanwhile. */
	g->host_t0 += MS(60);
	replay_resume(g->r);
	until_done(g);
	assert_int_equal(g->n, 5);
	rig_free(g);
}

static void test_an_empty_lap_ends_at_once(void **state)
{
	static const struct replay_config cfg = { .skip_ns = MS(1000), .loop = true };
	struct rig *g = rig_new(&cfg, trace_text);

	(void)state;
	replay_start(g->r);
	until_done(g);
	assert_int_equal(g->n, 0);
	rig_free(g);
}

static void test_the_quantile_comes_from_the_histogram(void **state)
{
	struct replay_stats st = { .emitted = 100, .late_max_ns = 900000 };

	(void)state;
	st.late[0] = 50;
	st.late[4] = 49;
	st.late[10] = 1;
	assert_int_equal(replay_late_quantile(&st, 0.5), 1000);
	assert_int_equal(replay_late_quantile(&st, 0.99), 16000);
	assert_int_equal(replay_late_quantile(&st, 1.0), 900000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames_are_due_at_absolute_times),
		cmocka_unit_test(test_channel_1_is_can0_where_it_has_no_entry_of_its_own),
		cmocka_unit_test(test_run_until_stops_before_what_is_due_at_that_time),
		cmocka_unit_test(test_nothing_is_emitted_before_start),
		cmocka_unit_test(test_speed_divides_the_distances),
		cmocka_unit_test(test_a_stamp_from_the_far_future_stays_in_the_future),
		cmocka_unit_test(test_the_start_offset_leaves_out_what_is_before_it),
		cmocka_unit_test(test_a_loop_goes_on_a_mean_distance_after_the_end),
		cmocka_unit_test(test_a_loop_with_an_offset_starts_at_the_offset_again),
		cmocka_unit_test(test_a_trace_without_time_is_not_looped_for_ever),
		cmocka_unit_test(test_the_first_rule_that_matches_decides),
		cmocka_unit_test(test_standard_and_extended_identifiers_are_told_apart),
		cmocka_unit_test(test_channels_go_where_they_are_mapped),
		cmocka_unit_test(test_stamps_that_go_backwards_are_emitted_in_order),
		cmocka_unit_test(test_timers_emit_never_early_and_the_end_is_told),
		cmocka_unit_test(test_a_paused_replay_emits_nothing_until_resumed),
		cmocka_unit_test(test_an_empty_lap_ends_at_once),
		cmocka_unit_test(test_the_quantile_comes_from_the_histogram),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
