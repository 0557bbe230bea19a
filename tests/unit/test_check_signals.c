/* SPDX-License-Identifier: Apache-2.0 */
/* Checks about the scenario's signals and about what follows what. */
#include <errno.h>
#include <linux/can.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/check_rig.h"

#define HEAD                                                                                        \
	"duration: 10s\n"                                                                           \
	"buses: {can0: }\n"                                                                         \
	"guests: {a: {kernel: builtin:a, no_crash: false, displays: [{title: Cluster, width: 640, " \
	"height: 480}]}}\n"                                                                         \
	"signals:\n"                                                                                \
	"  define:\n"                                                                               \
	"    Vehicle.Speed: {unit: km/h, published: true}\n"                                        \
	"    Driver.Brake: {}\n"                                                                    \
	"checks:\n"

enum { SPEED, BRAKE };

static struct check_rig begin(const char *text)
{
	struct check_rig r = check_rig_new(
		&(struct check_rig_opts){ .path = "/tmp/car.yaml", .files = true }, text, "");

	assert_string_equal(r.s->signals.defs[SPEED].name, "Vehicle.Speed");
	return r;
}

static void frame(struct check_rig *r, uint32_t id, uint64_t t_ns)
{
	struct canfd_frame f = { .can_id = id, .len = 1 };

	check_frame(r->c, 0, CHECK_FROM_HOST, t_ns, &f, CAN_MTU);
}

/* --- bounds ------------------------------------------------------------------------------ */

static void test_a_signal_in_bounds_passes_and_one_beyond_fails_at_that_moment(void **state)
{
	struct check_rig r =
		begin(HEAD "  - signal: {signal: Vehicle.Speed, max: 130, always: true}\n"
			   "  - signal: {signal: Vehicle.Speed, max: 100, always: true}\n"
			   "  - signal: {signal: Vehicle.Speed, min: 120}\n"
			   "  - signal: {signal: Vehicle.Speed, min: 125}\n");
	size_t n;

	(void)state;
	check_value(r.c, SPEED, 0, 0);
	check_value(r.c, SPEED, 3 * S, 120);
	check_value(r.c, SPEED, 4 * S, 90);
	assert_int_equal(check_finish(r.c, 10 * S), 0);
	check_rig_expect(&r, 0, CHECK_PASS, "3 values from 0 km/h to 120 km/h, last 90 km/h");
	check_rig_expect(&r, 1, CHECK_FAIL, "120 km/h at 3.000s, 1 of 3 values out of bounds");
	assert_int_equal(check_verdicts(r.c, &n)[1].t_ns, 3 * S);
	check_rig_expect(&r, 2, CHECK_PASS, "120 km/h at 3.000s");
	check_rig_expect(&r, 3, CHECK_FAIL, "3 values from 0 km/h to 120 km/h, last 90 km/h");
	check_rig_free(&r);
}

static void test_values_outside_of_the_window_do_not_count(void **state)
{
	struct check_rig r = begin(HEAD
		"  - signal: {signal: Vehicle.Speed, max: 50, always: true, after: 2s, within: 1s}\n"
		"  - signal: {signal: Driver.Brake, min: 1}\n");

	(void)state;
	check_value(r.c, SPEED, 1 * S, 200);
	check_value(r.c, SPEED, 4 * S, 200);
	assert_int_equal(check_finish(r.c, 10 * S), 0);
	check_rig_expect(&r, 0, CHECK_FAIL, "no value came in the window; 2 outside of it");
	check_rig_expect(&r, 1, CHECK_FAIL, "no value came in the window; 0 outside of it");
	check_rig_free(&r);
}

static void test_a_run_that_is_cut_short_gives_no_pass(void **state)
{
	struct check_rig r =
		begin(HEAD "  - signal: {signal: Vehicle.Speed, max: 50, always: true}\n");

	(void)state;
	check_value(r.c, SPEED, 1 * S, 20);
	assert_int_equal(check_finish(r.c, 5 * S), 0);
	check_rig_expect(&r, 0, CHECK_NOT_RUN,
		"1 values from 20 km/h to 20 km/h, last 20 km/h; the run ended at 5.000s, before "
		"10.000s");
	check_rig_free(&r);
}

/* --- gradients --------------------------------------------------------------------------- */

static void test_a_signal_that_moves_too_fast_fails(void **state)
{
	struct check_rig r = begin(
		HEAD "  - gradient: {signal: Vehicle.Speed, rise: 10, fall: 20, over: 500ms}\n"
		     "  - gradient: {signal: Vehicle.Speed, rise: 100}\n"
		     "  - gradient: {signal: Driver.Brake, rise: 100}\n");

	(void)state;
	check_value(r.c, SPEED, 0, 0);
	check_value(r.c, SPEED, 1 * S, 9); /* 9 a second */
	check_value(r.c, SPEED, 1 * S + 100 * MS, 14); /* too near to be compared */
	check_value(r.c, SPEED, 2 * S, 21); /* 12 a second */
	check_value(r.c, SPEED, 3 * S, 0); /* falls by 21 */
	check_value(r.c, BRAKE, 3 * S, 0);
	assert_int_equal(check_finish(r.c, 10 * S), 0);
	check_rig_expect(&r, 0, CHECK_FAIL,
		"it rose by 12 a second at 2.000s, 10 is the most allowed; 2 times, steepest 12");
	check_rig_expect(&r, 1, CHECK_PASS, "5 values, rises by 50 a second at most, falls by 21");
	check_rig_expect(&r, 2, CHECK_FAIL, "1 values, rises by 0 a second at most, falls by 0");
	check_rig_free(&r);
}

/* --- order ------------------------------------------------------------------------------- */

#define ORDER                                                    \
	"  - order:\n"                                           \
	"      events:\n"                                        \
	"        - frame: {bus: can0, id: 0x100}\n"              \
	"        - signal: {signal: Vehicle.Speed, above: 50}\n" \
	"        - console: {match: READY}\n"

static void test_things_in_order_pass(void **state)
{
	struct check_rig r = begin(HEAD ORDER);

	(void)state;
	frame(&r, 0x100, 1 * S);
	check_value(r.c, SPEED, 2 * S, 51);
	check_rig_line(&r, 0, 3 * S, "READY");
	frame(&r, 0x100, 4 * S);
	assert_int_equal(check_finish(r.c, 10 * S), 0);
	check_rig_expect(&r, 0, CHECK_PASS,
		"100 on can0 at 1.000s, Vehicle.Speed above 50 at 2.000s, /READY/ of a at 3.000s");
	check_rig_free(&r);
}

static void test_things_in_another_order_fail(void **state)
{
	struct check_rig r = begin(HEAD ORDER);

	(void)state;
	frame(&r, 0x100, 1 * S);
	check_rig_line(&r, 0, 2 * S, "READY");
	check_value(r.c, SPEED, 3 * S, 51);
	assert_int_equal(check_finish(r.c, 10 * S), 0);
	check_rig_expect(&r, 0, CHECK_FAIL,
		"100 on can0 at 1.000s, Vehicle.Speed above 50 at 3.000s, /READY/ of a at 2.000s "
		"(too early)");
	check_rig_free(&r);
}

static void test_what_never_happens_is_no_order(void **state)
{
	struct check_rig r = begin(HEAD ORDER), cut = begin(HEAD ORDER);

	(void)state;
	frame(&r, 0x100, 1 * S);
	check_value(r.c, SPEED, 3 * S, 50);
	assert_int_equal(check_finish(r.c, 10 * S), 0);
	check_rig_expect(&r, 0, CHECK_FAIL, "100 on can0 at 1.000s, Vehicle.Speed above 50: never");
	assert_int_equal(check_finish(cut.c, 5 * S), 0);
	check_rig_expect(&cut, 0, CHECK_NOT_RUN,
		"100 on can0: never; the run ended at 5.000s, before 10.000s");
	check_rig_free(&r);
	check_rig_free(&cut);
}

static void test_a_signal_comes_to_a_value_once_until_it_leaves_it(void **state)
{
	struct check_rig r =
		begin(HEAD "  - latency: {from: {signal: {signal: Driver.Brake, equals: 1}}, "
			   "to: {frame: {bus: can0, id: 0x100}}, max: 1s}\n");

	(void)state;
	for (uint64_t t = 1; t < 6; t++)
		check_value(r.c, BRAKE, t * S, t < 4 ? 1 : 0);
	check_value(r.c, BRAKE, 6 * S, 1);
	frame(&r, 0x100, 1 * S + 20 * MS);
	frame(&r, 0x100, 6 * S + 30 * MS);
	assert_int_equal(check_finish(r.c, 10 * S), 0);
	check_rig_expect(&r, 0, CHECK_PASS, "2 causes; median 30ms, longest 30ms at 6.000s");
	check_rig_free(&r);
}

/* --- cause and effect -------------------------------------------------------------------- */

#define LATENCY(more)                                                                   \
	"  - latency: {from: {frame: {bus: can0, id: 0x100}}, to: {frame: {bus: can0, " \
	"id: 0x200}}, max: 50ms" more "}\n"

static void test_each_cause_has_its_effect_in_time(void **state)
{
	struct check_rig r =
		begin(HEAD LATENCY("") LATENCY(", at_least: 4") LATENCY(", min: 11ms"));

	(void)state;
	for (uint64_t i = 1; i <= 3; i++) {
		frame(&r, 0x100, i * S);
		frame(&r, 0x200, i * S + i * 10 * MS);
	}
	assert_int_equal(check_finish(r.c, 10 * S), 0);
	check_rig_expect(&r, 0, CHECK_PASS, "3 causes; median 20ms, longest 30ms at 3.000s");
	check_rig_expect(&r, 1, CHECK_FAIL,
		"3 causes, fewer than demanded; median 20ms, longest 30ms at 3.000s");
	check_rig_expect(&r, 2, CHECK_FAIL,
		"1 of 3 effects came too early, first that of the cause at 1.000s; median 20ms, "
		"longest 30ms at 3.000s");
	check_rig_free(&r);
}

static void test_an_effect_that_is_late_or_missing_fails(void **state)
{
	struct check_rig late = begin(HEAD LATENCY("")), none = begin(HEAD LATENCY(""));

	(void)state;
	frame(&late, 0x100, 1 * S);
	frame(&late, 0x200, 1 * S + 51 * MS);
	assert_int_equal(check_finish(late.c, 10 * S), 0);
	check_rig_expect(&late, 0, CHECK_FAIL,
		"1 of 1 effects came too late, first that of the cause at 1.000s; median 51ms, "
		"longest 51ms at 1.000s");
	frame(&none, 0x200, 1 * S);
	frame(&none, 0x100, 2 * S);
	assert_int_equal(check_finish(none.c, 10 * S), 0);
	check_rig_expect(
		&none, 0, CHECK_FAIL, "the cause at 2.000s had no effect, 1 of 1 had none");
	check_rig_free(&late);
	check_rig_free(&none);
}

static void test_a_cause_whose_time_was_not_over_is_not_judged(void **state)
{
	struct check_rig r = begin(HEAD LATENCY(""));

	(void)state;
	frame(&r, 0x100, 1 * S);
	frame(&r, 0x200, 1 * S);
	frame(&r, 0x100, 10 * S - 20 * MS);
	assert_int_equal(check_finish(r.c, 10 * S), 0);
	check_rig_expect(&r, 0, CHECK_PASS, "1 causes; median 0s, longest 0s at 1.000s");
	check_rig_free(&r);
}

static void test_more_events_than_are_kept_are_said(void **state)
{
	struct check_rig r = begin(HEAD LATENCY(""));

	(void)state;
	for (uint64_t i = 0; i < 5000; i++) {
		frame(&r, 0x100, i * MS);
		frame(&r, 0x200, i * MS);
	}
	assert_int_equal(check_finish(r.c, 10 * S), 0);
	check_rig_expect(&r, 0, CHECK_PASS,
		"4096 causes; median 0s, longest 0s at 0.000s; only the first 4096 of each are "
		"judged");
	check_rig_free(&r);
}

/* --- what scenarios may say -------------------------------------------------------------- */

#define SCREEN(what) "latency: {from: {console: {match: a}}, to: {screen: " what "}, max: 1s}"

static void test_nonsense_is_refused_with_its_place(void **state)
{
	static const struct {
		const char *check, *says;
	} cases[] = {
		{ "signal: {max: 3}", "needs \"signal\"" },
		{ "signal: {signal: Vehicle.Sped, max: 3}", "Vehicle.Speed" },
		{ "signal: {signal: Vehicle.Speed, gauge: x, max: 3}", "contradicts" },
		{ "gradient: {signal: Vehicle.Speed}", "needs \"rise\" or \"fall\"" },
		{ "order: {events: [{frame: {bus: can0, id: 0x1}}]}", "an order needs two" },
		{ "latency: {from: {signal: {signal: Vehicle.Speed}}, to: {console: {match: a}}, max: "
		  "1s}",
			"needs one of \"above\"" },
		{ "latency: {from: {frame: {bus: can0}, console: {match: a}}, to: {console: {match: "
		  "a}}, max: 1s}",
			"has both" },
		{ "expect: {bus: can0, frame: 123#FFFFFFFFFFFFFFFF}\n    console: {match: a}",
			"has both" },
		{ "latency: {from: {console: {match: a, port: com9}}, to: {console: {match: a}}, max: "
		  "1s}",
			"com9" },
		{ SCREEN("{display: Custer, changed: true}"), "Cluster" },
		{ SCREEN("{region: [600, 0, 64, 64], changed: true}"), "640 x 480 pixels" },
		{ SCREEN("{region: [0, 0, 64, 64]}"), "needs one of: changed, colour, like" },
		{ SCREEN("{changed: true, colour: '#00ff00'}"), "has both" },
		{ SCREEN("{changed: false}"), "can only be true" },
		{ SCREEN("{colour: green}"), "six hexadecimal digits" },
		{ SCREEN("{colour: '#00ff00', share: 101%}"), "share" },
		{ SCREEN("{like: gone.png}"), "gone.png" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scenario_opts opts = { .no_env = true };
		struct scenario *s = NULL;
		char text[1024], *said = NULL;
		size_t len = 0;
		FILE *f = open_memstream(&said, &len);

		snprintf(text, sizeof(text), HEAD "  - %s\n", cases[i].check);
		assert_int_equal(
			scenario_load_text(text, strlen(text), "/tmp/car.yaml", &opts, f, &s),
			-EINVAL);
		fclose(f);
		if (!strstr(said, cases[i].says))
			fail_msg("%s: \"%s\" is not in:\n%s", cases[i].check, cases[i].says, said);
		free(said);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_a_signal_in_bounds_passes_and_one_beyond_fails_at_that_moment),
		cmocka_unit_test(test_values_outside_of_the_window_do_not_count),
		cmocka_unit_test(test_a_run_that_is_cut_short_gives_no_pass),
		cmocka_unit_test(test_a_signal_that_moves_too_fast_fails),
		cmocka_unit_test(test_things_in_order_pass),
		cmocka_unit_test(test_things_in_another_order_fail),
		cmocka_unit_test(test_what_never_happens_is_no_order),
		cmocka_unit_test(test_a_signal_comes_to_a_value_once_until_it_leaves_it),
		cmocka_unit_test(test_each_cause_has_its_effect_in_time),
		cmocka_unit_test(test_an_effect_that_is_late_or_missing_fails),
		cmocka_unit_test(test_a_cause_whose_time_was_not_over_is_not_judged),
		cmocka_unit_test(test_more_events_than_are_kept_are_said),
		cmocka_unit_test(test_nonsense_is_refused_with_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
