/* SPDX-License-Identifier: Apache-2.0 */
/* See chimes.h. */
#include "chimes.h"

#include <math.h>
#include <string.h>

/* A tick is over within a few turns of its tone, a chime rings out. */
#define TICK_FRAMES  (CHIMES_RATE / 40)
#define TICK_DECAY   0.995
#define CHIME_FRAMES (CHIMES_RATE * 6 / 10)
#define CHIME_DECAY  0.99984
/* A serious warning comes three times. */
#define REPEATS   3
#define REPEAT_IN (CHIMES_RATE * 3 / 10)

static void begin(struct chimes *c, const struct chimes_voice *v)
{
	struct chimes_voice *to = &c->voice[0];

	/* The free one, or the one that is nearest to its end. */
	for (unsigned int i = 1; i < CHIMES_VOICES; i++) {
		if (c->voice[i].wait + c->voice[i].left < to->wait + to->left)
			to = &c->voice[i];
	}
	*to = *v;
}

/* From the side that flashes, and a little from the other. */
static void tick(struct chimes *c, double hz, bool left, bool right)
{
	begin(c, &(struct chimes_voice){ .step = hz / CHIMES_RATE,
			 .amplitude = 0.18,
			 .decay = TICK_DECAY,
			 .side = { left ? 1 : 0.4f, right ? 1 : 0.4f },
			 .left = TICK_FRAMES });
}

static void warn(struct chimes *c, unsigned int times)
{
	for (unsigned int i = 0; i < times; i++)
		begin(c, &(struct chimes_voice){ .step = (double)CHIME_WARNING / CHIMES_RATE,
				 .amplitude = 0.3,
				 .decay = CHIME_DECAY,
				 .side = { 1, 1 },
				 .wait = i * REPEAT_IN,
				 .left = i + 1 < times ? REPEAT_IN : CHIME_FRAMES });
}

void chimes_look(struct chimes *c, const struct cluster_view *v)
{
	unsigned int times = 0;

	/* Lamps that are lit at the start are no news. */
	if (c->looked) {
		bool was = c->left || c->right, is = v->left || v->right;

		if (was != is)
			tick(c, is ? CHIME_TICK : CHIME_TOCK, is ? v->left : c->left,
				is ? v->right : c->right);
		for (unsigned int i = 0; i < LAMPS; i++) {
			if (i == LAMP_HIGH_BEAM || !v->lamp[i] || c->lamp[i])
				continue;
			if (i == LAMP_OIL || i == LAMP_BRAKE)
				times = REPEATS;
			else if (times == 0)
				times = 1;
		}
		warn(c, times);
	}
	c->looked = true;
	c->left = v->left;
	c->right = v->right;
	memcpy(c->lamp, v->lamp, sizeof(c->lamp));
}

bool chimes_sound(const struct chimes *c)
{
	for (unsigned int i = 0; i < CHIMES_VOICES; i++) {
		if (c->voice[i].left)
			return true;
	}
	return false;
}

static double next(struct chimes_voice *v)
{
	double s;

	if (!v->left)
		return 0;
	if (v->wait) {
		v->wait--;
		return 0;
	}
	s = v->amplitude * sin(2 * M_PI * v->phase);
	v->phase += v->step;
	v->phase -= floor(v->phase);
	v->amplitude *= v->decay;
	v->left--;
	return s;
}

static int16_t sample(double v)
{
	return (int16_t)lround(fmin(fmax(v, -1), 1) * 32767);
}

bool chimes_render(struct chimes *c, int16_t *stereo, unsigned int frames)
{
	for (unsigned int i = 0; i < frames; i++) {
		double left = 0, right = 0;

		for (unsigned int k = 0; k < CHIMES_VOICES; k++) {
			const double s = next(&c->voice[k]);

			left += s * (double)c->voice[k].side[0];
			right += s * (double)c->voice[k].side[1];
		}
		*stereo++ = sample(left);
		*stereo++ = sample(right);
	}
	return chimes_sound(c);
}
