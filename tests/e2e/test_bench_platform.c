/* SPDX-License-Identifier: Apache-2.0 */
/* `dyno` and what a guest's machine reports: crashes, watchdogs; and limits on what is kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/e2e/dyno_proc.h"

/* A scenario with the tiny guest, which does what its command line says. */
static void write_tiny(const char *cmdline, const char *keys, const char *tail)
{
	const char *build = getenv("DYNO_BUILD_DIR");
	char text[2048];

	snprintf(text, sizeof(text),
		"duration: 20s\n"
		"ui: headless\n"
		"guests:\n"
		"  tiny:\n"
		"    kernel: %s/tests/tiny_guest.elf\n"
		"    cmdline: %s\n"
		"%s%s",
		build ? build : ".", cmdline, keys, tail);
	proc_write("tiny.yaml", text);
}

static void test_a_panic_is_a_crash_with_the_line_that_says_why(void **state)
{
	struct proc p;
	char *junit;

	(void)state;
	write_tiny("panic", "", "");
	assert_int_equal(proc_run(&p, ARGS("run", "tiny.yaml", "--duration", "2s")), 1);
	proc_has(p.err, "guest crashed: panic: Kernel panic - not syncing: tiny gives up");
	junit = proc_read("out/junit.xml");
	proc_has(junit, "panic: Kernel panic - not syncing: tiny gives up");
	proc_has(junit, "last console lines of tiny");
	free(junit);
	proc_free(&p);
}

static void test_a_crashed_guests_lines_are_kept_when_it_starts_again(void **state)
{
	struct proc p;
	json_t *m, *g;
	char *junit, *metrics;

	(void)state;
	write_tiny("panic", "    restart: on-crash\n    max_restarts: 1\n", "");
	assert_int_equal(proc_run(&p, ARGS("run", "tiny.yaml", "--duration", "4s")), 1);
	proc_has(p.err, "started again (1 of 1)");
	junit = proc_read("out/junit.xml");
	proc_has(junit, "tiny gives up");
	metrics = proc_read("out/metrics.json");
	assert_non_null(metrics);
	m = json_loads(metrics, 0, NULL);
	g = json_object_get(json_object_get(m, "guests"), "tiny");
	assert_int_equal(json_integer_value(json_object_get(g, "panics")), 2);
	assert_int_equal(json_integer_value(json_object_get(g, "restarts")), 1);
	json_decref(m);
	free(metrics);
	free(junit);
	proc_free(&p);
}

static void test_a_panicked_guest_stands_where_the_scenario_says_so(void **state)
{
	struct proc p;
	json_t *status;
	const char *now = NULL;

	(void)state;
	write_tiny("panic", "    on_panic: pause\n", "");
	proc_start(&p, ARGS("run", "tiny.yaml"));
	for (unsigned int i = 0; i < PROC_LIMIT_S * 20; i++) {
		status = proc_ctl(ARGS("status"));
		now = json_string_value(json_object_get(
			json_array_get(json_object_get(status, "guests"), 0), "state"));
		if (now && strcmp(now, "paused") == 0)
			break;
		json_decref(status);
		status = NULL;
		usleep(20000);
	}
	assert_non_null(status);
	json_decref(status);
	json_decref(proc_ctl(ARGS("stop")));
	assert_int_equal(proc_wait(&p), 1);
	proc_free(&p);
}

static void test_a_watchdog_that_fires_is_a_crash_and_is_counted(void **state)
{
	struct proc p;
	json_t *m, *g;
	char *junit, *metrics;

	(void)state;
	write_tiny("watchdog", "    watchdog: reset\n", "");
	assert_int_equal(proc_run(&p, ARGS("run", "tiny.yaml", "--duration", "3s")), 1);
	proc_has(p.err, "tiny: watchdog fired: reset");
	junit = proc_read("out/junit.xml");
	proc_has(junit, "watchdog fired: reset");
	metrics = proc_read("out/metrics.json");
	assert_non_null(metrics);
	m = json_loads(metrics, 0, NULL);
	g = json_object_get(json_object_get(m, "guests"), "tiny");
	assert_true(json_integer_value(json_object_get(g, "watchdogs")) >= 2);
	json_decref(m);
	free(metrics);
	free(junit);
	proc_free(&p);
}

/* What the guest's process takes of the host's time over a while. */
static double cpu_share(void)
{
	double ms[2];

	for (unsigned int i = 0; i < 2; i++) {
		json_t *m = proc_ctl(ARGS("metrics"));
		json_t *g = json_object_get(json_object_get(m, "guests"), "tiny");

		ms[i] = json_number_value(json_object_get(g, "cpu_ms"));
		json_decref(m);
		if (i == 0)
			usleep(700000);
	}
	return (ms[1] - ms[0]) / 700;
}

/* Asks until the guest gets that share of its processors' time. */
static void await_cpu_percent(json_int_t percent)
{
	for (unsigned int n = 0; n < PROC_LIMIT_S * 50; n++) {
		json_t *a = proc_ctl(ARGS("status"));
		json_t *g = json_array_get(json_object_get(a, "guests"), 0);
		json_int_t now = json_integer_value(json_object_get(g, "cpu_percent"));

		json_decref(a);
		if (now == percent)
			return;
		usleep(20000);
	}
	fail_msg("the status never has %d %%", (int)percent);
}

static void test_a_throttled_guest_gets_less_and_the_status_has_it(void **state)
{
	struct proc p;
	json_t *a;

	(void)state;
	write_tiny("clock", "",
		"actions:\n"
		"  - { at: 10ms, throttle: { percent: 10, for: 3s } }\n");
	proc_start(&p, ARGS("run", "tiny.yaml"));
	json_decref(proc_await_state("running"));
	await_cpu_percent(10);
	assert_true(cpu_share() < 0.35);
	await_cpu_percent(100); /* its time is over */
	a = proc_ctl(ARGS("throttle", "tiny", "30"));
	assert_true(json_is_true(json_object_get(a, "ok")));
	json_decref(a);
	await_cpu_percent(30);
	json_decref(proc_ctl(ARGS("stop")));
	assert_int_equal(proc_wait(&p), 0);
	proc_has(p.err, "tiny: gets 10% of its processors' time");
	proc_has(p.err, "tiny: gets all of its processors' time");
	proc_free(&p);
}

/* Bench time of a console line, in seconds. */
static double when(const char *log, const char *line)
{
	const char *at = strstr(log, line);

	assert_non_null(at);
	while (at > log && at[-1] != '\n')
		at--;
	return strtod(at, NULL);
}

static void test_a_guests_clock_shows_the_scenarios_time_and_stands_in_a_pause(void **state)
{
	struct proc p;
	char *log;

	(void)state;
	write_tiny("seconds", "",
		"utc: 2030-01-02T03:04:58.500Z\n"
		"end_when: guests-ended\n");
	proc_start(&p, ARGS("run", "tiny.yaml"));
	json_decref(proc_await_state("running"));
	json_decref(proc_ctl(ARGS("pause")));
	usleep(1600000);
	json_decref(proc_ctl(ARGS("resume")));
	assert_int_equal(proc_wait(&p), 0);
	log = proc_read("out/tiny.log");
	assert_non_null(log);
	/* Bench time knows no pause: a clock that went on would be ahead of it. */
	assert_true(when(log, "second=0000000000000059") >= 0.45);
	assert_true(when(log, "second=0000000000000000") >= 1.45);
	assert_true(when(log, "second=0000000000000001") >= 2.45);
	free(log);
	proc_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_panic_is_a_crash_with_the_line_that_says_why),
		cmocka_unit_test(test_a_crashed_guests_lines_are_kept_when_it_starts_again),
		cmocka_unit_test(test_a_panicked_guest_stands_where_the_scenario_says_so),
		cmocka_unit_test(test_a_watchdog_that_fires_is_a_crash_and_is_counted),
		cmocka_unit_test(test_a_throttled_guest_gets_less_and_the_status_has_it),
		cmocka_unit_test(
			test_a_guests_clock_shows_the_scenarios_time_and_stands_in_a_pause),
	};

	proc_need_kvm();
	return cmocka_run_group_tests(tests, NULL, proc_group_teardown);
}
