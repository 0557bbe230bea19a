/* SPDX-License-Identifier: Apache-2.0 */
/* Every kind of check, passing and failing, with its evidence. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/check_rig.h"

/* Ten seconds, two buses, two guests; `checks` is what each test adds. */
#define MACHINE                                                    \
	"duration: 10s\n"                                          \
	"buses: {can0: , can1: }\n"                                \
	"guests:\n"                                                \
	"  a: {kernel: builtin:a, can: [can0], no_crash: false}\n" \
	"  b: {kernel: builtin:b, can: [can0], no_crash: false}\n" \
	"checks:\n"

static struct check_rig begin(const char *checks)
{
	return check_rig_new(NULL, MACHINE, checks);
}

/* --- frames ------------------------------------------------------------------------------ */

static void test_a_check_looks_at_the_buses_of_its_frames_and_no_others(void **state)
{
	static const struct {
		const char *checks;
		bool first, second;
	} cases[] = {
		{ "  - ready: {guest: a, within: 5s}\n", false, false },
		{ "  - expect: {bus: can1, id: 123}\n", false, true },
		{ "  - forbid: {bus: can0, id: 7FF}\n", true, false },
		{ "  - period: {bus: can1, id: 00000123, min: 9ms, max: 11ms}\n", false, true },
		{ "  - latency: {from: {frame: {bus: can0, id: 1}}, to: {frame: {bus: can1, id: 2}}, "
		  "max: 5ms}\n",
			true, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct check_rig r = begin(cases[i].checks);

		assert_int_equal(check_looks_at(r.c, 0), cases[i].first);
		assert_int_equal(check_looks_at(r.c, 1), cases[i].second);
		check_rig_free(&r);
	}
}

static void test_an_expected_frame_in_the_window_passes(void **state)
{
	struct check_rig r = begin(
		"  - expect: {bus: can0, frame: '3A0#01X2*', from: a, after: 1s, within: 2s}\n");

	(void)state;
	check_rig_frame(&r, 0, 500 * MS, "3A0#01A2"); /* too early */
	check_rig_frame(&r, 0, 1500 * MS, "3A0#0172FF");
	check_rig_frame(&r, 0, 1600 * MS, "3A0#01A2");
	check_rig_end(&r, 10 * S);
	check_rig_expect(&r, 0, CHECK_PASS, "2 frames, first 3A0#0172FF at 1.500s from a");
	assert_true(check_passed(r.c));
	check_rig_free(&r);
}

static void test_a_missing_frame_fails_and_names_what_came_near(void **state)
{
	struct check_rig r = begin(
		"  - expect: {bus: can0, frame: '3A0#01X2*', from: a, after: 1s, within: 2s}\n");

	(void)state;
	check_rig_frame(&r, 0, 500 * MS, "3A0#01A2"); /* too early */
	check_rig_frame(&r, 0, 1100 * MS, "3A0#02A2"); /* wrong data */
	check_rig_frame(&r, 1, 1200 * MS, "3A0#01A2"); /* wrong sender */
	check_rig_frame(&r, 0, 1300 * MS, "3A1#01A2"); /* wrong identifier */
	check_rig_frame(&r, 0, 1400 * MS, "000003A0#01A2"); /* wrong format */
	check_rig_end(&r, 10 * S);
	check_rig_expect(&r, 0, CHECK_FAIL,
		"0 frames seen, 1 needed; 2 with this id but not this content, last 3A0#01A2 at 1.200s "
		"from b; before the window: 3A0#01A2 at 0.500s from a");
	check_rig_free(&r);
}

static void test_an_expectation_is_not_run_when_the_run_is_cut_short(void **state)
{
	struct check_rig r = begin("  - expect: {bus: can0, id: 123, within: 5s}\n"
				   "  - expect: {bus: can0, id: 123, after: 6s}\n"
				   "  - expect: {bus: can0, id: 124}\n");

	(void)state;
	check_rig_frame(&r, 0, 1 * S, "124#");
	check_rig_end(&r, 3 * S);
	check_rig_expect(&r, 0, CHECK_NOT_RUN,
		"0 frames seen, 1 needed; the run ended at 3.000s, before 5.000s");
	check_rig_expect(
		&r, 1, CHECK_NOT_RUN, "the run ended at 3.000s, before the window began at 6.000s");
	check_rig_expect(&r, 2, CHECK_PASS, "1 frame, first 124# at 1.000s from a");
	assert_false(check_passed(r.c));
	check_rig_free(&r);
}

static void test_another_duration_moves_the_end_of_open_windows(void **state)
{
	struct check_rig r = begin("  - forbid: {bus: can0, id: 123}\n"
				   "  - forbid: {bus: can0, id: 123, within: 4s}\n");

	(void)state;
	check_set_duration(r.c, 3 * S);
	check_rig_end(&r, 3 * S);
	check_rig_expect(&r, 0, CHECK_PASS, "none seen");
	check_rig_expect(&r, 1, CHECK_NOT_RUN, "none seen; the run ended at 3.000s, before 4.000s");
	check_rig_free(&r);
}

static void test_a_forbidden_frame_fails_with_its_first_appearance(void **state)
{
	struct check_rig r = begin("  - forbid: {bus: can0, id: 700, mask: 7F0}\n"
				   "  - forbid: {bus: can0, id: 7E0}\n");

	(void)state;
	check_rig_frame(&r, CHECK_FROM_HOST, 2 * S, "70A#11");
	check_rig_frame(&r, CHECK_FROM_HOST, 3 * S, "70B#22");
	check_rig_frame(&r, CHECK_FROM_HOST, 3 * S, "710#22");
	check_rig_end(&r, 10 * S);
	check_rig_expect(&r, 0, CHECK_FAIL, "2 frames seen, first 70A#11 at 2.000s");
	check_rig_expect(&r, 1, CHECK_PASS, "none seen");
	check_rig_free(&r);
}

static void test_counts_are_held_to_their_bounds(void **state)
{
	struct check_rig r = begin("  - count: {bus: can0, id: 123, equals: 10, tolerance: 10%}\n"
				   "  - count: {bus: can0, id: 123, min: 12}\n"
				   "  - count: {bus: can0, id: 123, max: 5}\n"
				   "  - expect: {bus: can0, id: 123, min: 2, max: 20}\n");

	(void)state;
	for (uint64_t i = 0; i < 11; i++)
		check_rig_frame(&r, 0, i * 100 * MS, "123#");
	check_rig_end(&r, 10 * S);
	check_rig_expect(&r, 0, CHECK_PASS, "11 frames");
	check_rig_expect(
		&r, 1, CHECK_FAIL, "11 frames seen, 12 needed; last 123# at 1.000s from a");
	check_rig_expect(
		&r, 2, CHECK_FAIL, "11 frames seen, 5 allowed; last 123# at 1.000s from a");
	check_rig_expect(&r, 3, CHECK_PASS, "11 frames");
	check_rig_free(&r);
}

static void test_frames_of_another_bus_do_not_count(void **state)
{
	struct check_rig r =
		begin("  - forbid: {bus: can1, id: 123}\n  - expect: {bus: can0, id: 123}\n");
	const struct canfd_frame f = { .can_id = 0x123 };

	(void)state;
	check_frame(r.c, 0, 0, S, &f, CAN_MTU);
	check_frame(r.c, 99, 0, S, &f, CAN_MTU);
	check_rig_end(&r, 10 * S);
	check_rig_expect(&r, 0, CHECK_PASS, "none seen");
	check_rig_expect(&r, 1, CHECK_PASS, "1 frame, first 123# at 1.000s from a");
	check_rig_free(&r);
}

static void test_formats_of_frames_are_told_apart(void **state)
{
	struct check_rig r =
		begin("  - count: {bus: can0, frame: '18DAF110##1*', equals: 1}\n"
		      "  - count: {bus: can0, id: 18DAF110, fd: false, equals: 1}\n"
		      "  - count: {bus: can0, id: 123, rtr: true, equals: 1}\n"
		      "  - count: {bus: can0, id: 123, rtr: false, length: 2, equals: 1}\n"
		      "  - count: {bus: can0, equals: 6}\n");

	(void)state;
	check_rig_frame(&r, 0, 1 * S, "18DAF110##10102");
	check_rig_frame(&r, 0, 2 * S, "18DAF110#0102");
	check_rig_frame(&r, 0, 3 * S, "123#R2");
	check_rig_frame(&r, 0, 4 * S, "123#0102");
	check_rig_frame(&r, 0, 5 * S, "123#010203");
	check_rig_frame(&r, 0, 6 * S, "00000123#0102");
	check_rig_end(&r, 10 * S);
	for (size_t i = 0; i < 4; i++)
		check_rig_expect(&r, i, CHECK_PASS, "1 frame");
	check_rig_expect(&r, 4, CHECK_PASS, "6 frames");
	check_rig_free(&r);
}

static void test_a_period_is_judged_by_mean_bounds_and_jitter(void **state)
{
	struct check_rig r =
		begin("  - period: {bus: can0, id: 123, mean: 100ms}\n"
		      "  - period: {bus: can0, id: 123, mean: 120ms, tolerance: 10%}\n"
		      "  - period: {bus: can0, id: 123, min: 95ms}\n"
		      "  - period: {bus: can0, id: 123, within: 1s, max: 105ms}\n"
		      "  - period: {bus: can0, id: 123, jitter: 5ms}\n"
		      "  - period: {bus: can0, id: 123, min: 90ms, max: 9s, jitter: 20ms}\n"
		      "  - period: {bus: can0, id: 124, mean: 100ms}\n");

	(void)state;
	/* 90 ms and 110 ms in turn: mean 100 ms. */
	for (uint64_t i = 0; i < 11; i++)
		check_rig_frame(&r, 0, i * 100 * MS + (i % 2 ? 90 : 100) * MS, "123#");
	check_rig_end(&r, 10 * S);
	check_rig_expect(&r, 0, CHECK_PASS,
		"11 frames: mean 100.000ms, 90.000 to 110.000ms, jitter 10.000ms");
	check_rig_expect(&r, 1, CHECK_FAIL,
		"11 frames: mean 100.000ms, 90.000 to 110.000ms, jitter 10.000ms; the mean must be 120ms "
		"+- 10%");
	check_rig_expect(&r, 2, CHECK_FAIL,
		"11 frames: mean 100.000ms, 90.000 to 110.000ms, jitter 10.000ms; 95ms is the least "
		"allowed");
	check_rig_expect(&r, 3, CHECK_FAIL,
		"10 frames: mean 98.889ms, 90.000 to 110.000ms, jitter 9.938ms; 105ms is the most allowed, "
		"exceeded at 0.300s");
	check_rig_expect(&r, 4, CHECK_FAIL,
		"11 frames: mean 100.000ms, 90.000 to 110.000ms, jitter 10.000ms; 5ms jitter is allowed");
	check_rig_expect(&r, 5, CHECK_PASS,
		"11 frames: mean 100.000ms, 90.000 to 110.000ms, jitter 10.000ms");
	check_rig_expect(&r, 6, CHECK_FAIL, "0 frames seen, 3 needed");
	check_rig_free(&r);
}

static void test_silence_at_the_end_breaks_the_longest_period(void **state)
{
	struct check_rig r = begin("  - period: {bus: can0, id: 123, max: 200ms}\n");

	(void)state;
	for (uint64_t i = 0; i < 10; i++)
		check_rig_frame(&r, 0, i * 100 * MS, "123#");
	check_rig_end(&r, 10 * S);
	check_rig_expect(&r, 0, CHECK_FAIL,
		"10 frames: mean 100.000ms, 100.000 to 100.000ms, jitter 0.000ms; then silence for 9.1s "
		"since 0.900s; 200ms is allowed");
	check_rig_free(&r);
}

/* --- signals ----------------------------------------------------------------------------- */

static void test_signals_are_read_from_the_bus(void **state)
{
	char map[] = "/tmp/dyno-map-XXXXXX", text[2048];
	int fd = mkstemp(map);
	struct check_rig r = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_true(fd >= 0);
	assert_true(dprintf(fd, "signals: [{gauge: speed, bus: can0, id: 0D4, start: 7, bits: 16, "
				"byte_order: big, scale: 0.01}]\n") > 0);
	snprintf(text, sizeof(text),
		"duration: 10s\nbuses: {can0: }\nchecks:\n"
		"  - signal: {map: %s, gauge: speed, min: 50}\n"
		"  - signal: {map: %s, gauge: speed, min: 90}\n"
		"  - signal: {map: %s, gauge: speed, max: 60, always: true}\n"
		"  - signal: {map: %s, gauge: speed, max: 40, always: true}\n"
		"  - signal: {map: %s, gauge: speed, max: 40, after: 5s}\n",
		map, map, map, map, map);
	assert_int_equal(scenario_load_text(text, strlen(text), "/x.yaml", NULL, stderr, &r.s), 0);
	assert_int_equal(check_new(r.s, NULL, &r.c, &e), 0);
	check_rig_frame(&r, 0, 1 * S, "0D4#03E8"); /* 10 */
	check_rig_frame(&r, 0, 2 * S, "0D4#1770"); /* 60 */
	check_rig_frame(&r, 0, 3 * S, "0D4#01"); /* too short */
	check_rig_end(&r, 10 * S);
	check_rig_expect(&r, 0, CHECK_PASS, "60 in 0D4#1770 at 2.000s");
	check_rig_expect(&r, 1, CHECK_FAIL, "2 values from 10 to 60, last 60");
	check_rig_expect(&r, 2, CHECK_PASS, "2 values from 10 to 60, last 60");
	check_rig_expect(
		&r, 3, CHECK_FAIL, "60, 1 of 2 values out of bounds, in 0D4#1770 at 2.000s");
	check_rig_expect(&r, 4, CHECK_FAIL,
		"no value seen in the window; 2 outside of it; 1 frame too short for it");
	check_rig_free(&r);
	unlink(map);
}

/* --- consoles ---------------------------------------------------------------------------- */

static void test_a_console_line_must_match_in_the_window(void **state)
{
	struct check_rig r = begin("  - console: {guest: a, match: 'speed=[0-9]+', within: 2s}\n"
				   "  - console: {guest: b, match: 'speed=[0-9]+'}\n"
				   "  - console: {guest: a, match: late, within: 2s}\n"
				   "  - console: {guest: a, match: speed, port: serial}\n");

	(void)state;
	check_rig_line(&r, 0, 1 * S, "hello");
	check_rig_line(&r, 0, 1500 * MS, "speed=12\r\n");
	check_rig_line(&r, 0, 3 * S, "late");
	check_rig_line(&r, 1, 3 * S, "speed=x");
	check_rig_end(&r, 10 * S);
	check_rig_expect(&r, 0, CHECK_PASS, "at 1.500s: speed=12");
	check_rig_expect(&r, 1, CHECK_FAIL, "none of 1 lines matches; last line: speed=x");
	check_rig_expect(&r, 2, CHECK_FAIL,
		"none of 2 lines matches; one did at 3.000s, outside of the window");
	check_rig_expect(&r, 3, CHECK_FAIL, "none of 0 lines matches; last line: late");
	check_rig_free(&r);
}

static void test_a_forbidden_console_line_fails_with_the_line(void **state)
{
	struct check_rig r = begin("  - forbid_console: {match: 'panic|PANIC'}\n");

	(void)state;
	check_rig_line(&r, 1, 4 * S, "kernel PANIC: \033[31mno \xff disk");
	check_rig_end(&r, 10 * S);
	check_rig_expect(&r, 0, CHECK_PASS, "none of 0 lines matches");
	check_rig_expect(&r, 1, CHECK_FAIL, "at 4.000s: kernel PANIC: ?[31mno ? disk");
	check_rig_free(&r);
}

static void test_only_the_last_console_lines_are_kept(void **state)
{
	struct check_rig r = begin("  - ready: a\n");
	const char *lines[CHECK_TAIL_LINES];
	char text[32];

	(void)state;
	for (unsigned int i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "line %u", i);
		check_rig_line(&r, 0, i * MS, text);
	}
	assert_int_equal(check_console_tail(r.c, 0, lines, CHECK_TAIL_LINES), CHECK_TAIL_LINES);
	assert_string_equal(lines[0], "line 40");
	assert_string_equal(lines[CHECK_TAIL_LINES - 1], "line 99");
	assert_int_equal(check_console_tail(r.c, 0, lines, 2), 2);
	assert_string_equal(lines[0], "line 98");
	assert_int_equal(check_console_tail(r.c, 1, lines, 2), 0);
	check_rig_free(&r);
}

/* --- guests' lives ----------------------------------------------------------------------- */

static void test_ready_is_judged_by_time_and_says_why_not(void **state)
{
	struct check_rig r = begin("  - ready: {guest: a, within: 2s}\n"
				   "  - ready: {guest: b, within: 2s}\n"
				   "  - ready: {guest: a, within: 500ms}\n");

	(void)state;
	check_rig_line(&r, 1, 1 * S, "no disk");
	check_guest(r.c, 0, CHECK_GUEST_READY, 1200 * MS, NULL);
	check_guest(r.c, 1, CHECK_GUEST_CRASHED, 1500 * MS, "triple-fault at rip 0x1000");
	check_rig_end(&r, 10 * S);
	check_rig_expect(&r, 0, CHECK_PASS, "READY at 1.200s");
	check_rig_expect(&r, 1, CHECK_FAIL,
		"it did not get READY; it crashed at 1.500s: triple-fault at rip 0x1000; last line: no "
		"disk");
	check_rig_expect(&r, 2, CHECK_FAIL, "READY at 1.200s, outside of the window");
	check_rig_free(&r);
}

static void test_a_crash_fails_but_a_kill_on_purpose_does_not(void **state)
{
	struct check_rig r = begin("  - no_crash: all\n");

	(void)state;
	check_guest(r.c, 0, CHECK_GUEST_CRASHED, 2 * S, "kvm-error: internal");
	check_guest(r.c, 1, CHECK_GUEST_KILLED, 3 * S, NULL);
	check_guest(r.c, 1, CHECK_GUEST_CRASHED, 3 * S, "signal 9");
	check_rig_end(&r, 10 * S);
	check_rig_expect(&r, 0, CHECK_FAIL, "at 2.000s: kvm-error: internal");
	check_rig_expect(&r, 1, CHECK_PASS, "it did not");
	check_rig_free(&r);
}

static void test_a_crash_after_a_restart_counts_again(void **state)
{
	struct check_rig r = begin("  - no_crash: a\n");

	(void)state;
	check_guest(r.c, 0, CHECK_GUEST_KILLED, 1 * S, NULL);
	check_guest(r.c, 0, CHECK_GUEST_RESET, 2 * S, NULL);
	check_guest(r.c, 0, CHECK_GUEST_CRASHED, 3 * S, NULL);
	check_rig_end(&r, 10 * S);
	check_rig_expect(&r, 0, CHECK_FAIL, "at 3.000s: no cause is known");
	check_rig_free(&r);
}

static void test_an_exit_is_judged_by_time_and_reason(void **state)
{
	struct check_rig r = begin("  - exit: {guest: a, reason: poweroff, after: 1s, within: 3s}\n"
				   "  - exit: {guest: a, reason: stopped}\n"
				   "  - exit: {guest: a, within: 1s}\n"
				   "  - exit: b\n");

	(void)state;
	check_guest(r.c, 0, CHECK_GUEST_EXITED, 2 * S, "poweroff");
	check_rig_end(&r, 10 * S);
	check_rig_expect(&r, 0, CHECK_PASS, "it ended at 2.000s (poweroff)");
	check_rig_expect(&r, 1, CHECK_FAIL, "it ended at 2.000s (poweroff)");
	check_rig_expect(&r, 2, CHECK_FAIL, "it ended at 2.000s (poweroff), outside of the window");
	check_rig_expect(&r, 3, CHECK_FAIL, "it was still running");
	check_rig_free(&r);
}

static void test_events_of_guests_that_are_not_there_are_ignored(void **state)
{
	struct check_rig r = begin("  - no_crash: all\n");

	(void)state;
	check_guest(r.c, 7, CHECK_GUEST_CRASHED, S, "?");
	check_rig_line(&r, 7, S, "x");
	check_rig_end(&r, 10 * S);
	assert_true(check_passed(r.c));
	check_rig_free(&r);
}

/* --- threads ----------------------------------------------------------------------------- */

#define MANY 20000

static void *bus_thread(void *arg)
{
	struct check_rig *r = arg;

	for (uint64_t i = 0; i < MANY; i++)
		check_rig_frame(r, 0, i * MS / 4, i % 2 ? "123#0102" : "18DAF110#FF");
	return NULL;
}

/* Under ThreadSanitizer: the two sides share nothing that either writes. */
static void test_frames_come_on_one_thread_and_all_else_on_another(void **state)
{
	struct check_rig r = begin("  - count: {bus: can0, id: 123, equals: 10000}\n"
				   "  - count: {bus: can0, id: 100, mask: 700, equals: 10000}\n"
				   "  - console: {guest: b, match: 'line 999$'}\n"
				   "  - ready: a\n");
	pthread_t t;
	char text[32];

	(void)state;
	assert_int_equal(pthread_create(&t, NULL, bus_thread, &r), 0);
	for (unsigned int i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "line %u", i);
		check_rig_line(&r, 1, i * MS, text);
		check_guest(r.c, 0, CHECK_GUEST_READY, i * MS, NULL);
	}
	assert_int_equal(pthread_join(t, NULL), 0);
	check_rig_end(&r, 10 * S);
	assert_true(check_passed(r.c));
	check_rig_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_check_looks_at_the_buses_of_its_frames_and_no_others),
		cmocka_unit_test(test_an_expected_frame_in_the_window_passes),
		cmocka_unit_test(test_a_missing_frame_fails_and_names_what_came_near),
		cmocka_unit_test(test_an_expectation_is_not_run_when_the_run_is_cut_short),
		cmocka_unit_test(test_another_duration_moves_the_end_of_open_windows),
		cmocka_unit_test(test_a_forbidden_frame_fails_with_its_first_appearance),
		cmocka_unit_test(test_counts_are_held_to_their_bounds),
		cmocka_unit_test(test_frames_of_another_bus_do_not_count),
		cmocka_unit_test(test_formats_of_frames_are_told_apart),
		cmocka_unit_test(test_a_period_is_judged_by_mean_bounds_and_jitter),
		cmocka_unit_test(test_silence_at_the_end_breaks_the_longest_period),
		cmocka_unit_test(test_signals_are_read_from_the_bus),
		cmocka_unit_test(test_a_console_line_must_match_in_the_window),
		cmocka_unit_test(test_a_forbidden_console_line_fails_with_the_line),
		cmocka_unit_test(test_only_the_last_console_lines_are_kept),
		cmocka_unit_test(test_ready_is_judged_by_time_and_says_why_not),
		cmocka_unit_test(test_a_crash_fails_but_a_kill_on_purpose_does_not),
		cmocka_unit_test(test_a_crash_after_a_restart_counts_again),
		cmocka_unit_test(test_an_exit_is_judged_by_time_and_reason),
		cmocka_unit_test(test_events_of_guests_that_are_not_there_are_ignored),
		cmocka_unit_test(test_frames_come_on_one_thread_and_all_else_on_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
