/* SPDX-License-Identifier: Apache-2.0 */
/* See vm_tiny.h. */
#include "tests/support/vm_tiny.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

const char *tiny_guest(void)
{
	static char path[4096];
	const char *build = getenv("DYNO_BUILD_DIR");

	snprintf(path, sizeof(path), "%s/tests/tiny_guest.elf", build ? build : ".");
	return path;
}

void tiny_start(struct vmh *h, const char *cmdline, json_t *more_take)
{
	struct vmh_config cfg = {
		.kernel = tiny_guest(), .cmdline = cmdline, .more_take = more_take
	};

	vmh_start(h, &cfg);
}

void tiny_expect_event(struct vmh *h, const char *name)
{
	json_t *e = vmh_event(h, name, TINY_LIMIT_MS);

	assert_non_null(e);
	json_decref(e);
}

void tiny_expect_exit(struct vmh *h, const char *reason, int status)
{
	json_t *e = vmh_event(h, "exited", TINY_LIMIT_MS);

	assert_non_null(e);
	assert_string_equal(json_string_value(json_object_get(e, "reason")), reason);
	json_decref(e);
	assert_int_equal(vmh_wait(h, TINY_LIMIT_MS), status);
}
