/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest with a memory balloon on dyno-vm: the conformance guest's verdicts, and what guest memory
 * takes on the host, for each kind of memory that a guest may have.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/vm_expect.h"

#define MIB (1024 * 1024)

static void start(struct vmh *h, const char *cmdline, const char *huge_pages)
{
	struct vmh_config cfg = { .kernel = vm_guest("conformance"), .cmdline = cmdline };

	cfg.more_take = json_pack("{s:[{s:s}],s:i,s:s}", "devices", "type", "balloon",
		"memory_bytes", 64 * MIB, "huge_pages", huge_pages);
	vmh_start(h, &cfg);
}

/*
 * What the process has of memory on the host, in MiB: nearly all of it is its guest's, which is
 * private or shared, as `huge_pages` is.
 */
static double resident_mib(const struct vmh *h)
{
	char path[64], line[128];
	unsigned long kib = 0, all = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)h->pid);
	f = fopen(path, "re");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "RssAnon: %lu", &kib) == 1 ||
			sscanf(line, "RssShmem: %lu", &kib) == 1)
			all += kib;
	}
	fclose(f);
	assert_true(all > 0);
	return (double)all / 1024;
}

static void set_target(struct vmh *h, json_int_t less_mib)
{
	json_t *a = vmh_request(h, "status", json_object(), VM_LIMIT_MS), *device;
	json_int_t memory;

	assert_non_null(a);
	device = json_array_get(json_object_get(a, "devices"), 0);
	/* Before anything is asked for the guest has all its memory. */
	memory = json_integer_value(json_object_get(device, "held_bytes")) +
		 json_integer_value(json_object_get(device, "actual_bytes"));
	json_decref(a);
	a = vmh_request(h, "balloon", json_pack("{s:I}", "target_bytes", memory - less_mib * MIB),
		VM_LIMIT_MS);
	assert_non_null(a);
	assert_true(json_is_true(json_object_get(a, "ok")));
	/* The guest put one buffer of statistics in its queue, and no second one. */
	assert_true(json_is_false(json_object_get(a, "fresh")));
	if (less_mib)
		assert_int_equal(json_integer_value(json_object_get(
					 json_object_get(a, "stats"), "free_bytes")),
			12345678);
	json_decref(a);
}

static void passes(struct vmh *h)
{
	vm_expect_passed(h);
	vm_expect_said(h, "PASS balloon.report");
	vmh_stop(h);
}

static void test_memory_leaves_the_process_and_comes_back(void **state)
{
	struct vmh h;
	double full, less;

	start(&h, "print=com1 only=balloon balloon=follow", *state);
	assert_true(vmh_console(&h, "FILLED", VM_LIMIT_MS));
	full = resident_mib(&h);
	assert_true(full > 16);
	set_target(&h, 16);
	assert_true(vmh_console(&h, "INFLATED", VM_LIMIT_MS));
	less = resident_mib(&h);
	if (full - less < 15.9 || full - less > 16.1)
		fail_msg("%.2f MiB, then %.2f", full, less);
	set_target(&h, 0);
	passes(&h);
}

static void test_packed_rings_do_the_same(void **state)
{
	struct vmh h;

	(void)state;
	start(&h, "print=com1 only=balloon ring=packed", "off");
	passes(&h);
}

static void test_more_than_the_memory_is_refused(void **state)
{
	struct vmh h;
	json_t *a;

	(void)state;
	start(&h, "print=com1 only=balloon balloon=follow", "off");
	assert_true(vmh_console(&h, "FILLED", VM_LIMIT_MS));
	a = vmh_request(&h, "balloon", json_pack("{s:I}", "target_bytes", (json_int_t)1 << 40),
		VM_LIMIT_MS);
	assert_non_null(a);
	assert_true(json_is_false(json_object_get(a, "ok")));
	assert_non_null(strstr(
		json_string_value(json_object_get(a, "error")), "has less memory than that"));
	json_decref(a);
	vmh_stop(&h);
}

int main(void)
{
	static char off[] = "off", transparent[] = "transparent";
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(test_memory_leaves_the_process_and_comes_back, off),
		cmocka_unit_test_prestate(
			test_memory_leaves_the_process_and_comes_back, transparent),
		cmocka_unit_test(test_packed_rings_do_the_same),
		cmocka_unit_test(test_more_than_the_memory_is_refused),
	};
	const char *why = vmh_unable();

	if (why) {
		printf("skipped: %s\n", why);
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
