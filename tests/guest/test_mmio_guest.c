/* SPDX-License-Identifier: Apache-2.0 */
/* A guest without PCI on dyno-vm: what it finds on its command line, it can drive. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/vm_harness.h"

#define LIMIT_MS 60000

static void test_devices_without_pci_are_found_and_driven(void **state)
{
	static char kernel[4096];
	const char *build = getenv("DYNO_BUILD_DIR");
	struct vmh_config cfg = { .kernel = kernel, .cmdline = "print=com1 only=mmio" };
	struct vmh h;

	(void)state;
	snprintf(kernel, sizeof(kernel), "%s/guests/conformance.elf", build ? build : ".");
	cfg.more_take = json_pack("{s:s,s:[{s:s,s:i},{s:s},{s:s},{s:s}]}", "transport", "mmio",
		"devices", "type", "blk", "bytes", 1 << 20, "type", "rng", "type", "balloon",
		"type", "rng");
	vmh_start(&h, &cfg);
	assert_true(vmh_console(&h, "\nDONE ", LIMIT_MS));
	if (strstr(h.console, "\nFAIL") || strstr(h.console, "PANIC"))
		fail_msg("%s", h.console);
	assert_non_null(strstr(h.console, "PASS mmio.ack"));
	assert_non_null(strstr(h.console, "PASS mmio.alone"));
	assert_int_equal(vmh_wait(&h, LIMIT_MS), 0);
	vmh_stop(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_devices_without_pci_are_found_and_driven),
	};
	const char *why = vmh_unable();

	if (why) {
		printf("skipped: %s\n", why);
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
