/* SPDX-License-Identifier: Apache-2.0 */
/* A quantity over time; see series.h. */
#include "sim/check/series.h"

#include <math.h>
#include <string.h>

#include "base/err.h"

void series_init(struct series *s, uint64_t width_ns)
{
	memset(s, 0, sizeof(*s));
	s->width_ns = width_ns;
}

static struct series_bucket merged(const struct series_bucket *a, const struct series_bucket *b)
{
	if (a->n == 0 || b->n == 0)
		return a->n ? *a : *b;
	return (struct series_bucket){ MIN(a->min, b->min), MAX(a->max, b->max), a->sum + b->sum,
		a->n + b->n };
}

static void halve(struct series *s)
{
	for (uint32_t i = 0; i < SERIES_BUCKETS / 2; i++)
		s->bucket[i] = merged(&s->bucket[2 * i], &s->bucket[2 * i + 1]);
	memset(&s->bucket[SERIES_BUCKETS / 2], 0, sizeof(s->bucket) / 2);
	s->used = (s->used + 1) / 2;
	s->width_ns *= 2;
}

void series_add(struct series *s, uint64_t t_ns, double value)
{
	if (!isfinite(value))
		return;
	while (t_ns / s->width_ns >= SERIES_BUCKETS)
		halve(s);
	uint32_t i = (uint32_t)(t_ns / s->width_ns);

	s->bucket[i] = merged(&s->bucket[i], &(struct series_bucket){ value, value, value, 1 });
	s->used = MAX(s->used, i + 1);
}
