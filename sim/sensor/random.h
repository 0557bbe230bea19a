/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers that are the same for the same seed, everywhere and always (xoshiro256**). */
#pragma once

#include <stdint.h>

struct rng {
	uint64_t s[4];
};

void rng_seed(struct rng *r, uint64_t seed);
uint64_t rng_next(struct rng *r);
/* Evenly from [0, 1). */
double rng_unit(struct rng *r);
/* Normally distributed, mean 0, standard deviation 1. */
double rng_normal(struct rng *r);
