/* SPDX-License-Identifier: Apache-2.0 */
/* Recorded data that is not part of the repository: tests that need it skip where it is not. */
#pragma once

#include <stdio.h>
#include <stdlib.h>

/* The folder where it is looked for: of DYNO_SHARED_DIR, or beside the sources. A static buffer. */
static inline const char *recorded_data(void)
{
	static char path[4096];
	const char *shared = getenv("DYNO_SHARED_DIR"), *source = getenv("DYNO_SOURCE_DIR");

	if (shared)
		(void)snprintf(path, sizeof(path), "%s/data", shared);
	else
		(void)snprintf(path, sizeof(path), "%s/../shared/data", source ? source : ".");
	return path;
}
