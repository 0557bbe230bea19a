/* SPDX-License-Identifier: Apache-2.0 */
/* See vm_tiny.h. */
#include "tests/support/vm_tiny.h"

#include <stdio.h>
#include <stdlib.h>

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
