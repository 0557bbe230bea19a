/* SPDX-License-Identifier: Apache-2.0 */
/* Sensor devices in whole runs: signals reach a guest's devices, and what these say is a signal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/e2e/dyno_proc.h"

/* A run of the scenario has no failed check. */
static void run_passes(const char *name, const char *scenario)
{
	struct proc p;

	proc_write(name, scenario);
	if (proc_run(&p, ARGS("run", name)) != 0)
		fail_msg("%s%s", p.out, p.err);
	proc_free(&p);
}

/* The chip compares by itself: no driver is needed to see its pin. */
static void test_temperature_comes_and_the_alert_goes_back(void **state)
{
	(void)state;
	run_passes("hot.yaml",
		"duration: 4s\n"
		"signals:\n"
		"  define:\n"
		"    Cabin.Temperature: { initial: 21.5 }\n"
		"    Alert: {}\n"
		"guests:\n"
		"  g:\n"
		"    kernel: builtin:cluster\n"
		"    i2c: [{ chip: lm75, temperature: Cabin.Temperature, alert: Alert }]\n"
		"    gpio: [{ name: hot, input: Alert }]\n"
		"actions:\n"
		"  - { at: 1s, set: { Cabin.Temperature: 90 } }\n"
		"  - { at: 2s, set: { Cabin.Temperature: 50 } }\n"
		"checks:\n"
		"  - order:\n"
		"      events:\n"
		"        - signal: { signal: Cabin.Temperature, above: 85 }\n"
		"        - signal: { signal: Alert, equals: 0 }\n"
		"  - signal: { signal: Alert, min: 1, after: 1500ms, within: 2s }\n");
}

/* A guest that is started again has its devices at the signals again. */
static void test_guest_that_is_started_again_hears_signals_again(void **state)
{
	(void)state;
	run_passes("again.yaml",
		"duration: 4s\n"
		"signals:\n"
		"  define:\n"
		"    Cabin.Temperature: { initial: 21.5 }\n"
		"    Alert: {}\n"
		"guests:\n"
		"  g:\n"
		"    kernel: builtin:cluster\n"
		"    restart: always\n"
		"    i2c: [{ chip: lm75, temperature: Cabin.Temperature, alert: Alert }]\n"
		"actions:\n"
		"  - { at: 1s, kill: g }\n"
		"  - { at: 2500ms, set: { Cabin.Temperature: 90 } }\n"
		"checks:\n"
		"  - order:\n"
		"      events:\n"
		"        - signal: { signal: Cabin.Temperature, above: 85 }\n"
		"        - signal: { signal: Alert, equals: 0 }\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_temperature_comes_and_the_alert_goes_back),
		cmocka_unit_test(test_guest_that_is_started_again_hears_signals_again),
	};

	proc_need_kvm();
	return cmocka_run_group_tests(tests, NULL, proc_group_teardown);
}
