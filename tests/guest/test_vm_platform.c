/* SPDX-License-Identifier: Apache-2.0 */
/* The PC parts of a machine, with the tiny guest on KVM: clock, crash report, watchdog. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "tests/support/vm_harness.h"

#define LIMIT_MS 20000

static const char *guest(void)
{
	static char path[4096];
	const char *build = getenv("DYNO_BUILD_DIR");

	snprintf(path, sizeof(path), "%s/tests/tiny_guest.elf", build ? build : ".");
	return path;
}

static void start(struct vmh *h, const char *what, json_t *more)
{
	struct vmh_config cfg = { .kernel = guest(), .cmdline = what, .more_take = more };

	vmh_start(h, &cfg);
}

static void expect_event(struct vmh *h, const char *name)
{
	json_t *e = vmh_event(h, name, LIMIT_MS);

	assert_non_null(e);
	json_decref(e);
}

static void expect_exit(struct vmh *h, const char *reason, int status)
{
	json_t *e = vmh_event(h, "exited", LIMIT_MS);

	assert_non_null(e);
	assert_string_equal(json_string_value(json_object_get(e, "reason")), reason);
	json_decref(e);
	assert_int_equal(vmh_wait(h, LIMIT_MS), status);
}

static void test_clock_shows_utc_and_interrupts_every_second(void **state)
{
	char year[32], hour[32], hour_after[32];
	struct tm tm;
	time_t t = time(NULL);
	struct vmh h;

	(void)state;
	gmtime_r(&t, &tm);
	snprintf(year, sizeof(year), "year=00000000000000%02d", tm.tm_year % 100);
	snprintf(hour, sizeof(hour), "hour=00000000000000%02d", tm.tm_hour);
	/* It may strike meanwhile. */
	t += 60;
	gmtime_r(&t, &tm);
	snprintf(hour_after, sizeof(hour_after), "hour=00000000000000%02d", tm.tm_hour);
	start(&h, "rtc", NULL);
	expect_exit(&h, "poweroff", 0);
	assert_non_null(strstr(h.console, "century=0000000000000020"));
	assert_non_null(strstr(h.console, year));
	assert_true(strstr(h.console, hour) || strstr(h.console, hour_after));
	assert_non_null(strstr(h.console, "flags=0000000000000090"));
	vmh_stop(&h);
}

static void test_panic_is_told_and_ends_the_machine_after_its_last_words(void **state)
{
	struct vmh h;
	json_t *e;

	(void)state;
	start(&h, "panic", NULL);
	e = vmh_event(&h, "panicked", LIMIT_MS);
	assert_non_null(e);
	assert_false(json_is_true(json_object_get(e, "crash_loaded")));
	json_decref(e);
	expect_exit(&h, "panic", 1);
	assert_non_null(strstr(h.console, "events=0000000000000003"));
	assert_non_null(strstr(h.console, "last words"));
	vmh_stop(&h);
}

static void test_a_reset_after_a_panic_is_its_end(void **state)
{
	struct vmh h;

	(void)state;
	start(&h, "panic-reset", NULL);
	expect_event(&h, "panicked");
	expect_exit(&h, "panic", 1);
	vmh_stop(&h);
}

static void test_panic_resets_the_machine_where_that_is_asked_for(void **state)
{
	struct vmh h;

	(void)state;
	start(&h, "panic", json_pack("{s:s}", "on_panic", "reset"));
	/* It panics in its second life too: told again. */
	for (int i = 0; i < 2; i++) {
		expect_event(&h, "panicked");
		expect_event(&h, "reset");
	}
	json_decref(vmh_request(&h, "stop", NULL, LIMIT_MS));
	expect_exit(&h, "stopped", 0);
	vmh_stop(&h);
}

static void test_panic_pauses_the_machine_where_that_is_asked_for(void **state)
{
	struct vmh h;
	json_t *r;

	(void)state;
	start(&h, "panic", json_pack("{s:s}", "on_panic", "pause"));
	expect_event(&h, "panicked");
	expect_event(&h, "paused");
	r = vmh_request(&h, "status", NULL, LIMIT_MS);
	assert_string_equal(json_string_value(json_object_get(r, "state")), "paused");
	json_decref(r);
	json_decref(vmh_request(&h, "stop", NULL, LIMIT_MS));
	expect_exit(&h, "stopped", 0);
	vmh_stop(&h);
}

static void test_a_guest_with_a_crash_kernel_goes_on(void **state)
{
	struct vmh h;
	json_t *e;

	(void)state;
	start(&h, "dump", NULL);
	e = vmh_event(&h, "panicked", LIMIT_MS);
	assert_non_null(e);
	assert_true(json_is_true(json_object_get(e, "crash_loaded")));
	json_decref(e);
	expect_exit(&h, "poweroff", 0);
	vmh_stop(&h);
}

static void expect_watchdog(struct vmh *h, const char *action)
{
	json_t *e = vmh_event(h, "watchdog", LIMIT_MS);

	assert_non_null(e);
	assert_string_equal(json_string_value(json_object_get(e, "action")), action);
	json_decref(e);
}

static void test_watchdog_resets_a_guest_that_does_not_kick_it(void **state)
{
	struct vmh h;

	(void)state;
	start(&h, "watchdog", json_pack("{s:s}", "watchdog", "reset"));
	for (int i = 0; i < 2; i++) {
		expect_watchdog(&h, "reset");
		expect_event(&h, "reset");
	}
	/* The second life was told of the first one's end. */
	assert_true(vmh_console(&h, "fired=0000000000000200", LIMIT_MS));
	json_decref(vmh_request(&h, "stop", NULL, LIMIT_MS));
	expect_exit(&h, "stopped", 0);
	assert_non_null(strstr(h.console, "fired=0000000000000000"));
	assert_non_null(strstr(h.console, "locked=0000000000000003"));
	vmh_stop(&h);
}

static void test_watchdog_turns_the_guest_off(void **state)
{
	struct vmh h;

	(void)state;
	start(&h, "watchdog", json_pack("{s:s}", "watchdog", "power-off"));
	expect_watchdog(&h, "power-off");
	expect_exit(&h, "watchdog", 1);
	vmh_stop(&h);
}

static void test_watchdog_without_an_action_is_told_and_may_be_kicked_on(void **state)
{
	struct vmh h;

	(void)state;
	start(&h, "watchdog", json_pack("{s:s}", "watchdog", "none"));
	expect_watchdog(&h, "none");
	/* A late kick starts it anew. */
	vmh_type(&h, "k");
	assert_true(vmh_console(&h, "kicked", LIMIT_MS));
	expect_watchdog(&h, "none");
	json_decref(vmh_request(&h, "stop", NULL, LIMIT_MS));
	expect_exit(&h, "stopped", 0);
	vmh_stop(&h);
}

static void test_watchdog_stands_while_the_guest_is_paused(void **state)
{
	struct vmh h;

	(void)state;
	start(&h, "watchdog-slow", json_pack("{s:s}", "watchdog", "pause"));
	assert_true(vmh_console(&h, "ready", LIMIT_MS));
	json_decref(vmh_request(&h, "pause", NULL, LIMIT_MS));
	expect_event(&h, "paused");
	/* Longer than both of its stages. */
	assert_null(vmh_event(&h, "watchdog", 4000));
	json_decref(vmh_request(&h, "resume", NULL, LIMIT_MS));
	expect_watchdog(&h, "pause");
	expect_event(&h, "paused");
	json_decref(vmh_request(&h, "stop", NULL, LIMIT_MS));
	expect_exit(&h, "stopped", 0);
	vmh_stop(&h);
}

static void test_without_a_watchdog_there_is_no_such_device(void **state)
{
	struct vmh h;

	(void)state;
	start(&h, "watchdog", NULL);
	assert_true(vmh_console(&h, "FAILED: no watchdog", LIMIT_MS));
	expect_exit(&h, "poweroff", 0);
	vmh_stop(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clock_shows_utc_and_interrupts_every_second),
		cmocka_unit_test(test_panic_is_told_and_ends_the_machine_after_its_last_words),
		cmocka_unit_test(test_a_reset_after_a_panic_is_its_end),
		cmocka_unit_test(test_panic_resets_the_machine_where_that_is_asked_for),
		cmocka_unit_test(test_panic_pauses_the_machine_where_that_is_asked_for),
		cmocka_unit_test(test_a_guest_with_a_crash_kernel_goes_on),
		cmocka_unit_test(test_watchdog_resets_a_guest_that_does_not_kick_it),
		cmocka_unit_test(test_watchdog_turns_the_guest_off),
		cmocka_unit_test(test_watchdog_without_an_action_is_told_and_may_be_kicked_on),
		cmocka_unit_test(test_watchdog_stands_while_the_guest_is_paused),
		cmocka_unit_test(test_without_a_watchdog_there_is_no_such_device),
	};
	const char *why = vmh_unable();

	if (why) {
		printf("skipped: %s\n", why);
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
