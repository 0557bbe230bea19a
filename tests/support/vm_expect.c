/* SPDX-License-Identifier: Apache-2.0 */
/* See vm_expect.h. */
#include "tests/support/vm_expect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

const char *vm_guest(const char *name)
{
	static char path[4096];
	const char *build = getenv("DYNO_BUILD_DIR");

	snprintf(path, sizeof(path), "%s/guests/%s.elf", build ? build : ".", name);
	return path;
}

void vm_expect_event(struct vmh *h, const char *name)
{
	json_t *e = vmh_event(h, name, VM_LIMIT_MS);

	assert_non_null(e);
	json_decref(e);
}

void vm_expect_said(const struct vmh *h, const char *text)
{
	assert_non_null(strstr(h->console, text));
}

void vm_expect_ok(struct vmh *h, const char *op)
{
	json_t *a = vmh_request(h, op, NULL, VM_LIMIT_MS);

	assert_true(json_is_true(json_object_get(a, "ok")));
	json_decref(a);
}

void vm_expect_exit(struct vmh *h, const char *reason, int status)
{
	json_t *e = vmh_event(h, "exited", VM_LIMIT_MS);

	assert_non_null(e);
	assert_string_equal(json_string_value(json_object_get(e, "reason")), reason);
	json_decref(e);
	assert_int_equal(vmh_wait(h, VM_LIMIT_MS), status);
}

void vm_expect_stop(struct vmh *h)
{
	vm_expect_ok(h, "stop");
	vm_expect_exit(h, "stopped", 0);
}

/* Prints the verdicts that are not PASS. Returns the number of failed ones. */
static unsigned int read_verdicts(const char *text)
{
	unsigned int failed = 0;

	for (const char *line = text; *line != '\0';) {
		const char *end = strchrnul(line, '\n');

		if (strncmp(line, "FAIL", 4) == 0 || strncmp(line, "PANIC", 5) == 0)
			failed++;
		if (strncmp(line, "PASS", 4) != 0)
			print_message("%.*s\n", (int)(end - line), line);
		line = *end != '\0' ? end + 1 : end;
	}
	return failed;
}

/* The harness keeps 64 events; a hostile guest makes hundreds of device_error. */
static bool wait_done(struct vmh *h)
{
	for (int left = VM_LIMIT_MS; left > 0; left -= 20) {
		json_t *e;

		if (vmh_console(h, "\nDONE ", 20))
			return true;
		while ((e = vmh_event(h, "device_error", 0)) != NULL)
			json_decref(e);
		if (h->control < 0)
			return false;
	}
	return false;
}

void vm_expect_passed(struct vmh *h)
{
	bool done = wait_done(h);

	assert_int_equal(read_verdicts(h->console), 0);
	assert_true(done);
	vm_expect_exit(h, "poweroff", 0);
}
