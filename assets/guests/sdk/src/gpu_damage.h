/* SPDX-License-Identifier: Apache-2.0 */
/* What a list of changed rectangles becomes before it goes to the device. Pure. */
#pragma once

#include "dyno/gpu.h"

#define GPU_DAMAGE_MAX 8

/*
 * Clips `n` rectangles to w x h, drops empty ones, and joins those whose common box costs little
 * more than they do, until at most GPU_DAMAGE_MAX are left. Returns how many.
 */
unsigned int gpu_damage_join(struct dyno_rect out[GPU_DAMAGE_MAX], const struct dyno_rect *in,
	unsigned int n, uint32_t w, uint32_t h);
