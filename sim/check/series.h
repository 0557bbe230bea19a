/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A quantity over time in bounded memory, for plots: buckets of equal width that keep smallest,
 * largest, sum and count. When time runs past the last bucket, neighbours are merged and the width
 * doubles: a run of a minute and one of a week cost the same.
 *
 * Caller's storage; one thread at a time; no allocation.
 */
#pragma once

#include <stdint.h>

#define SERIES_BUCKETS 512u

struct series_bucket {
	double min, max, sum;
	uint64_t n; /* 0: nothing happened; the other members mean nothing */
};

struct series {
	uint64_t width_ns; /* of one bucket */
	uint32_t used; /* buckets up to the last that holds something */
	struct series_bucket bucket[SERIES_BUCKETS];
};

/* Empty, with buckets of `width_ns`, which is not 0. */
void series_init(struct series *s, uint64_t width_ns);
/* A value at a time; times need not ascend. What is no finite number is left out. */
void series_add(struct series *s, uint64_t t_ns, double value);
