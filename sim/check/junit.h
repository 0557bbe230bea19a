/* SPDX-License-Identifier: Apache-2.0 */
/* Verdicts as JUnit XML, in the form that CI servers read (Jenkins, GitLab, GitHub actions). */
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "sim/check/check.h"

struct junit_property {
	const char *name, *value;
};

struct junit_info {
	int64_t started_unix_s; /* when the run began, for the timestamp attribute (UTC) */
	uint64_t duration_ns; /* of the whole run */
	const char *hostname; /* NULL: "localhost" */
	const struct junit_property *properties; /* seed, version, ...; may be NULL */
	size_t n_properties;
};

/*
 * Writes one <testsuite> with a <testcase> for each verdict to `path`; where a guest's check did
 * not pass, its console tail becomes system-out. After check_finish(). 0 or -errno with a message.
 */
MUST_CHECK int junit_write(
	const struct check_set *c, const struct junit_info *info, const char *path, struct err *e);
