/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How large the C library makes a POSIX extended regular expression: its compiler writes
 * repetitions out (`(ab){3}` as `ababab`, `a+` as `aa*`), so that few bytes can ask for all memory.
 * Pure.
 */
#pragma once

#include <stdbool.h>

/* Characters, classes and marks of an expression whose repetitions are written out. */
#define REGEX_MAX_PARTS 2000u
#define REGEX_MAX_DEPTH 64u

/* False: it would be larger, or has groups in more groups than that. Of what is no expression
 * either may be said: it is for regcomp() to refuse. */
bool regex_is_modest(const char *text);
