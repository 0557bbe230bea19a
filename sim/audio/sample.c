/* SPDX-License-Identifier: Apache-2.0 */
/* Samples of the formats that a guest may choose; see sample.h. */
#include "sim/audio/sample.h"

#include <math.h>
#include <string.h>

#define S16_FULL 32768.0f
#define S24_FULL 8388608.0f
#define S32_FULL 2147483648.0

/* The lower three bytes of four, which have the sign. */
static int32_t load_s24(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return (int32_t)(v << 8) >> 8;
}

float sample_load(enum pcm_format f, const uint8_t *p)
{
	int16_t s16;
	int32_t s32;
	float fl;

	switch (f) {
	case PCM_S16:
		memcpy(&s16, p, sizeof(s16));
		return (float)s16 / S16_FULL;
	case PCM_S24:
		return (float)load_s24(p) / S24_FULL;
	case PCM_S32:
		memcpy(&s32, p, sizeof(s32));
		return (float)((double)s32 / S32_FULL);
	default:
		memcpy(&fl, p, sizeof(fl));
		return isfinite(fl) ? fl : 0;
	}
}

void sample_store(enum pcm_format f, uint8_t *p, float v)
{
	double top = f == PCM_S16 ? S16_FULL : f == PCM_S24 ? S24_FULL : S32_FULL;
	int32_t s32;
	int16_t s16;

	if (f == PCM_FLOAT) {
		memcpy(p, &v, sizeof(v));
		return;
	}
	s32 = (int32_t)lrint(fmin(fmax((double)v * top, -top), top - 1));
	if (f == PCM_S16) {
		s16 = (int16_t)s32;
		memcpy(p, &s16, sizeof(s16));
	} else {
		memcpy(p, &s32, sizeof(s32));
	}
}

void sample_scale(enum pcm_format f, uint8_t *p, float gain)
{
	int16_t s16;
	int32_t s32;
	float fl;

	switch (f) {
	case PCM_S16:
		memcpy(&s16, p, sizeof(s16));
		s16 = (int16_t)lrintf((float)s16 * gain);
		memcpy(p, &s16, sizeof(s16));
		break;
	case PCM_S24:
		s32 = (int32_t)lrintf((float)load_s24(p) * gain);
		memcpy(p, &s32, sizeof(s32));
		break;
	case PCM_S32:
		memcpy(&s32, p, sizeof(s32));
		s32 = (int32_t)lrint((double)s32 * (double)gain);
		memcpy(p, &s32, sizeof(s32));
		break;
	default:
		memcpy(&fl, p, sizeof(fl));
		fl = isfinite(fl) ? fl * gain : 0;
		memcpy(p, &fl, sizeof(fl));
	}
}
