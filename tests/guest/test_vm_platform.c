/* SPDX-License-Identifier: Apache-2.0 */
/* The PC parts of a machine, with the tiny guest on KVM: clock, crash report, watchdog. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "tests/support/vm_tiny.h"

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
	tiny_start(&h, "rtc", NULL);
	vm_expect_exit(&h, "poweroff", 0);
	vm_expect_said(&h, "century=0000000000000020");
	assert_non_null(strstr(h.console, year));
	assert_true(strstr(h.console, hour) || strstr(h.console, hour_after));
	vm_expect_said(&h, "flags=0000000000000090");
	vmh_stop(&h);
}

static void test_panic_is_told_and_ends_the_machine_after_its_last_words(void **state)
{
	struct vmh h;
	json_t *e;

	(void)state;
	tiny_start(&h, "panic", NULL);
	e = vmh_event(&h, "panicked", VM_LIMIT_MS);
	assert_non_null(e);
	assert_false(json_is_true(json_object_get(e, "crash_loaded")));
	json_decref(e);
	vm_expect_exit(&h, "panic", 1);
	vm_expect_said(&h, "events=0000000000000003");
	vm_expect_said(&h, "last words");
	vmh_stop(&h);
}

static void test_a_reset_after_a_panic_is_its_end(void **state)
{
	struct vmh h;

	(void)state;
	tiny_start(&h, "panic-reset", NULL);
	vm_expect_event(&h, "panicked");
	vm_expect_exit(&h, "panic", 1);
	vmh_stop(&h);
}

static void test_panic_resets_the_machine_where_that_is_asked_for(void **state)
{
	struct vmh h;

	(void)state;
	tiny_start(&h, "panic", json_pack("{s:s}", "on_panic", "reset"));
	/* It panics in its second life too: told again. */
	for (int i = 0; i < 2; i++) {
		vm_expect_event(&h, "panicked");
		vm_expect_event(&h, "reset");
	}
	vm_expect_stop(&h);
	vmh_stop(&h);
}

static void test_panic_pauses_the_machine_where_that_is_asked_for(void **state)
{
	struct vmh h;
	json_t *r;

	(void)state;
	tiny_start(&h, "panic", json_pack("{s:s}", "on_panic", "pause"));
	vm_expect_event(&h, "panicked");
	vm_expect_event(&h, "paused");
	r = vmh_request(&h, "status", NULL, VM_LIMIT_MS);
	assert_string_equal(json_string_value(json_object_get(r, "state")), "paused");
	json_decref(r);
	vm_expect_stop(&h);
	vmh_stop(&h);
}

static void test_a_guest_with_a_crash_kernel_goes_on(void **state)
{
	struct vmh h;
	json_t *e;

	(void)state;
	tiny_start(&h, "dump", NULL);
	e = vmh_event(&h, "panicked", VM_LIMIT_MS);
	assert_non_null(e);
	assert_true(json_is_true(json_object_get(e, "crash_loaded")));
	json_decref(e);
	vm_expect_exit(&h, "poweroff", 0);
	vmh_stop(&h);
}

static void expect_watchdog(struct vmh *h, const char *action)
{
	json_t *e = vmh_event(h, "watchdog", VM_LIMIT_MS);

	assert_non_null(e);
	assert_string_equal(json_string_value(json_object_get(e, "action")), action);
	json_decref(e);
}

static void test_watchdog_resets_a_guest_that_does_not_kick_it(void **state)
{
	struct vmh h;

	(void)state;
	tiny_start(&h, "watchdog", json_pack("{s:s}", "watchdog", "reset"));
	for (int i = 0; i < 2; i++) {
		expect_watchdog(&h, "reset");
		vm_expect_event(&h, "reset");
	}
	/* The second life was told of the first one's end. */
	assert_true(vmh_console(&h, "fired=0000000000000200", VM_LIMIT_MS));
	vm_expect_stop(&h);
	vm_expect_said(&h, "fired=0000000000000000");
	vm_expect_said(&h, "locked=0000000000000003");
	vmh_stop(&h);
}

static void test_watchdog_turns_the_guest_off(void **state)
{
	struct vmh h;

	(void)state;
	tiny_start(&h, "watchdog", json_pack("{s:s}", "watchdog", "power-off"));
	expect_watchdog(&h, "power-off");
	vm_expect_exit(&h, "watchdog", 1);
	vmh_stop(&h);
}

static void test_watchdog_without_an_action_is_told_and_may_be_kicked_on(void **state)
{
	struct vmh h;

	(void)state;
	tiny_start(&h, "watchdog", json_pack("{s:s}", "watchdog", "none"));
	expect_watchdog(&h, "none");
	/* A late kick starts it anew. */
	vmh_type(&h, "k");
	assert_true(vmh_console(&h, "kicked", VM_LIMIT_MS));
	expect_watchdog(&h, "none");
	vm_expect_stop(&h);
	vmh_stop(&h);
}

static void test_watchdog_stands_while_the_guest_is_paused(void **state)
{
	struct vmh h;

	(void)state;
	tiny_start(&h, "watchdog-slow", json_pack("{s:s}", "watchdog", "pause"));
	assert_true(vmh_console(&h, "ready", VM_LIMIT_MS));
	json_decref(vmh_request(&h, "pause", NULL, VM_LIMIT_MS));
	vm_expect_event(&h, "paused");
	/* Longer than both of its stages. */
	assert_null(vmh_event(&h, "watchdog", 4000));
	json_decref(vmh_request(&h, "resume", NULL, VM_LIMIT_MS));
	expect_watchdog(&h, "pause");
	vm_expect_event(&h, "paused");
	vm_expect_stop(&h);
	vmh_stop(&h);
}

static void test_without_a_watchdog_there_is_no_such_device(void **state)
{
	struct vmh h;

	(void)state;
	tiny_start(&h, "watchdog", NULL);
	assert_true(vmh_console(&h, "FAILED: no watchdog", VM_LIMIT_MS));
	vm_expect_exit(&h, "poweroff", 0);
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
