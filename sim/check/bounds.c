/* SPDX-License-Identifier: Apache-2.0 */
/* A quantity against its bounds, wherever its values come from. */
#include <math.h>

#include "sim/check/judge.h"

void bounds_init(struct bounds *b)
{
	*b = (struct bounds){ .low = HUGE_VAL, .high = -HUGE_VAL };
}

void bounds_add(struct bounds *b, double v)
{
	b->count++;
	b->newest = v;
	b->low = MIN(b->low, v);
	b->high = MAX(b->high, v);
}

enum bounds_verdict bounds_see(struct bounds *b, const struct scenario_check *k, double v)
{
	bounds_add(b, v);
	if (v >= k->u.signal.min && v <= k->u.signal.max) {
		if (b->good++ > 0)
			return BOUNDS_OPEN;
		b->good_value = v;
		return k->u.signal.always ? BOUNDS_OPEN : BOUNDS_GOOD;
	}
	if (b->bad++ > 0)
		return BOUNDS_OPEN;
	b->bad_value = v;
	return k->u.signal.always ? BOUNDS_BAD : BOUNDS_OPEN;
}

enum bounds_end bounds_judge(const struct bounds *b, const struct scenario_check *k)
{
	if (b->count == 0)
		return BOUNDS_NO_VALUE;
	if (k->u.signal.always)
		return b->bad > 0 ? BOUNDS_LEFT : BOUNDS_KEPT;
	return b->good > 0 ? BOUNDS_REACHED : BOUNDS_MISSED;
}
