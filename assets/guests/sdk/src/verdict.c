/* SPDX-License-Identifier: Apache-2.0 */
#include "dyno/verdict.h"

#include "dyno/print.h"

static unsigned int passed, failed, skipped;

bool verdict(bool ok, const char *id, const char *text, const char *why, ...)
{
	char reason[256];
	va_list ap;

	if (ok) {
		passed++;
		dyno_printf("PASS %s %s\n", id, text);
		return true;
	}
	failed++;
	va_start(ap, why);
	dyno_vsnprintf(reason, sizeof(reason), why, ap);
	va_end(ap);
	dyno_printf("FAIL %s %s: %s\n", id, text, reason);
	return false;
}

void verdict_skip(const char *id, const char *text, const char *why)
{
	skipped++;
	dyno_printf("SKIP %s %s: %s\n", id, text, why);
}

bool verdict_done(void)
{
	dyno_printf("DONE %u passed, %u failed, %u skipped\n", passed, failed, skipped);
	return failed == 0;
}
