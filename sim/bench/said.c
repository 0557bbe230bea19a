/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of lines; see said.h. */
#include "sim/bench/said.h"

#include "base/clock.h"

enum said_verdict said_line(struct said *s, uint64_t now_ns, uint32_t *swallowed)
{
	*swallowed = 0;
	if (now_ns - s->since_ns >= NS_PER_S) {
		*swallowed = s->swallowed;
		s->since_ns = now_ns;
		s->lines = s->swallowed = 0;
	}
	if (s->shown > SAID_MAX || s->lines >= SAID_PER_S) {
		s->swallowed++;
		s->lost++;
		return SAID_SWALLOW;
	}
	s->lines++;
	if (s->shown++ == SAID_MAX) {
		s->lost++;
		return SAID_LAST;
	}
	return *swallowed ? SAID_SHOW_AND_TELL : SAID_SHOW;
}
