/* SPDX-License-Identifier: Apache-2.0 */
/* See music.h. */
#include "music.h"

#include <math.h>
#include <string.h>

#include "ivi_view.h"

#define STEPS 8
#define BARS  4
/* A fade of 1/0.0008 frames, 26 ms, does not click. */
#define FADE 0.0008

/* Semitones above A2 (110 Hz): a bass note per bar, a figure of eight steps above it. */
static const struct {
	unsigned int steps_per_minute;
	int bass[BARS], figure[STEPS];
} scores[IVI_TRACKS] = {
	{ 360, { 0, -4, 3, -2 }, { 12, 15, 19, 24, 19, 15, 12, 19 } },
	{ 480, { -5, -5, -2, 0 }, { 12, 12, 24, 12, 22, 12, 19, 17 } },
	{ 300, { 3, -2, 0, -4 }, { 12, 16, 19, 23, 24, 23, 19, 16 } },
	{ 420, { -7, -5, -4, -2 }, { 12, 19, 12, 22, 12, 24, 22, 19 } },
};

static double hz(int semitones)
{
	return 110 * pow(2, semitones / 12.0);
}

/* Notes begin at a step of the score. */
static void strike(struct music *m, unsigned int step)
{
	const int bass = scores[m->track].bass[step / STEPS % BARS];

	m->step[0] = hz(bass) / MUSIC_RATE;
	m->step[1] = hz(bass + scores[m->track].figure[step % STEPS]) / MUSIC_RATE;
	m->step[2] = hz(bass + 19) / MUSIC_RATE;
	m->ring[1] = 0.30;
	if (step % STEPS == 0)
		m->ring[0] = 0.45;
	m->ring[2] = 0.12;
}

static double tone(double *phase, double step)
{
	double v = sin(2 * M_PI * *phase);

	*phase += step;
	*phase -= floor(*phase);
	return v;
}

bool music_render(
	struct music *m, int track, int volume, bool playing, int16_t *stereo, unsigned int frames)
{
	/* Heard loudness goes with the square of the slider. */
	const double full = (double)(volume * volume) / 10000;
	unsigned int per_step;

	if (track < 0 || track >= IVI_TRACKS)
		track = 0;
	if (track != m->track)
		*m = (struct music){ .track = track, .gain = m->gain };
	per_step = MUSIC_RATE * 60 / scores[track].steps_per_minute;
	for (unsigned int i = 0; i < frames; i++, m->frame++) {
		double low, high, pad;

		if (m->frame % per_step == 0)
			strike(m, (unsigned int)(m->frame / per_step));
		low = m->ring[0] * tone(&m->phase[0], m->step[0]);
		high = m->ring[1] * tone(&m->phase[1], m->step[1]);
		pad = m->ring[2] * tone(&m->phase[2], m->step[2]);
		m->ring[0] *= 0.99997;
		m->ring[1] *= 0.9999;
		m->gain += FADE * ((playing ? full : 0) - m->gain);
		*stereo++ = (int16_t)lround((low + 0.7 * high + pad) * m->gain * 32767);
		*stereo++ = (int16_t)lround((low + 1.0 * high + 0.6 * pad) * m->gain * 32767);
	}
	if (!playing && m->gain < 0.0005)
		m->gain = 0;
	return playing || m->gain > 0;
}
