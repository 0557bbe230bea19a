/* SPDX-License-Identifier: Apache-2.0 */
/* Cables that a scenario pulls. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/e2e/dyno_proc.h"

/* The guest sends while its cable is out and when it is in again, and tells what it saw. */
static void test_scenario_pulls_a_cable_and_puts_it_in_again(void **state)
{
	const char *build = getenv("DYNO_BUILD_DIR");
	char text[2048], *log;
	struct proc p;

	(void)state;
	snprintf(text, sizeof(text),
		"duration: 50s\n"
		"end_when: guests-ended\n"
		"ui: headless\n"
		"networks: { out: { type: user, restricted: true }, lan: }\n"
		"guests:\n"
		"  g:\n"
		"    kernel: %s/guests/conformance.elf\n"
		"    cmdline: only=net net=cable print=com1\n"
		"    nets: [ out, lan ]\n"
		"actions:\n"
		"  - { at: 1s, link: { guest: g, net: out, up: false } }\n"
		"  - { at: 4s, link: { guest: g, net: out, up: true } }\n"
		"checks:\n"
		"  - console: { match: '^PASS net.cable-out' }\n"
		"  - console: { match: '^PASS net.cable-silent' }\n"
		"  - console: { match: '^PASS net.cable-in' }\n"
		"  - console: { match: '^PASS net.cable-back' }\n",
		build);
	proc_write("cable.yaml", text);
	proc_run(&p, ARGS("run", "cable.yaml", "--headless"));
	log = proc_read("out/g.log");
	if (p.status != 0)
		fail_msg("status %d\n%s\n%s\n%s", p.status, p.out, p.err, log ? log : "");
	free(log);
	proc_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scenario_pulls_a_cable_and_puts_it_in_again),
	};

	proc_need_kvm();
	return cmocka_run_group_tests(tests, NULL, proc_group_teardown);
}
