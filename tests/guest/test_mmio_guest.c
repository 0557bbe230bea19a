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

#include "tests/support/vm_expect.h"

static void test_devices_without_pci_are_found_and_driven(void **state)
{
	struct vmh_config cfg = { .kernel = vm_guest("conformance"),
		.cmdline = "print=com1 only=mmio" };
	struct vmh h;

	(void)state;
	cfg.more_take = json_pack("{s:s,s:[{s:s,s:i},{s:s},{s:s},{s:s}]}", "transport", "mmio",
		"devices", "type", "blk", "bytes", 1 << 20, "type", "rng", "type", "balloon",
		"type", "rng");
	vmh_start(&h, &cfg);
	vm_expect_passed(&h);
	vm_expect_said(&h, "PASS mmio.ack");
	vm_expect_said(&h, "PASS mmio.alone");
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
