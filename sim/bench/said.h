/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many lines a process may bring to the bench's terminal, which may well be a file: so many a
 * second, so many in all. What is swallowed is counted and told. Main thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define SAID_PER_S 50
#define SAID_MAX   20000

struct said {
	uint64_t since_ns; /* the second in which `lines` were shown */
	uint32_t lines, swallowed; /* in it */
	uint64_t shown, lost; /* since the start */
};

enum said_verdict {
	SAID_SHOW,
	SAID_SHOW_AND_TELL, /* and before it, that *swallowed lines were not shown */
	SAID_LAST, /* the limit is reached: say that, instead of the line */
	SAID_SWALLOW
};

enum said_verdict said_line(struct said *s, uint64_t now_ns, uint32_t *swallowed);
