/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For guests that test the machine they run on: one line per requirement,
 * `PASS id text`, `FAIL id text: why` or `SKIP id text: why`, and a last line
 * `DONE n passed, m failed, k skipped`.
 */
#pragma once

#include "dyno/base.h"

/* Prints PASS or FAIL; `why` (printf-like) is shown with FAIL. Returns ok. */
bool verdict(bool ok, const char *id, const char *text, const char *why, ...)
	DYNO_PRINTF_LIKE(4, 5);
/* Prints SKIP. */
void verdict_skip(const char *id, const char *text, const char *why);
/* Prints the last line. True when nothing failed. */
bool verdict_done(void);
