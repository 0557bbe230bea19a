/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report of a run as one HTML file that needs nothing else: verdicts with their evidence,
 * signals and bus load over time, pictures, sound, consoles. No script, no address outside.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "sim/check/check.h"

struct report_input {
	const struct check_set *checks; /* after check_finish() */
	const struct series *const *loads; /* bus time in ns, one for each bus of the scenario */
	const json_t *metrics; /* what metrics.json holds; NULL: left out */
	const char *out_dir; /* recordings of sound (*.wav, *.flac) are looked for there */
	const char *version, *host, *end_cause; /* none is NULL */
	int64_t started_unix_s;
	uint64_t duration_ns;
};

/* Recordings up to this size are in the page; of larger ones it has a link. */
#define REPORT_SOUND_BYTES   (2u << 20)
#define REPORT_PICTURE_BYTES (8u << 20)

/* Writes the page. May block on files. 0 or -errno with a message. */
MUST_CHECK int report_write(const struct report_input *in, const char *path, struct err *e);
