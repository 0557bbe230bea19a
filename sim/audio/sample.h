/* SPDX-License-Identifier: Apache-2.0 */
/* Samples of the formats that a guest may choose, in memory of any alignment. Pure. */
#pragma once

#include "base/proto/pcm_port.h"

/* The sample at p as a part of full scale, -1..1 (FLOAT may exceed it; what is no number is 0). Of
 * S32 the upper 24 bits count. */
float sample_load(enum pcm_format f, const uint8_t *p);
/* The opposite: what exceeds full scale is cut, but for FLOAT. */
void sample_store(enum pcm_format f, uint8_t *p, float v);
/* The sample at p times a gain of at most 1 (of at most a few, for FLOAT): nothing overflows. */
void sample_scale(enum pcm_format f, uint8_t *p, float gain);
