/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measuring of a tone: a Fourier sum at its frequency over a Hann window, twice, the second window
 * a little later. The tone's phase has moved on meanwhile by what its true frequency says.
 */
#include <math.h>

#include "sim/check/sound.h"

double sound_db(double amplitude)
{
	return amplitude > 1e-6 ? 20 * log10(amplitude) : SOUND_NOTHING_DB;
}

double sound_amplitude(double db)
{
	return pow(10, db / 20);
}

struct sum {
	double re, im;
};

/* Scaled so that a sine of that frequency gives its amplitude. */
static struct sum fourier(const float *x, size_t stride, size_t n, double step)
{
	struct sum s = { 0, 0 };
	/* Turned on sample by sample instead of computed anew. */
	double wr = 1, wi = 0, cr = cos(step), ci = -sin(step);
	double hr = 1, hi = 0, kr = cos(2 * M_PI / (double)n), ki = sin(2 * M_PI / (double)n);

	for (size_t i = 0; i < n; i++) {
		const double v = (double)x[i * stride] * (0.5 - 0.5 * hr);
		double t;

		s.re += v * wr;
		s.im += v * wi;
		t = wr * cr - wi * ci;
		wi = wr * ci + wi * cr;
		wr = t;
		t = hr * kr - hi * ki;
		hi = hr * ki + hi * kr;
		hr = t;
	}
	/* A Hann window weighs one half; a sine's line has one half of its amplitude. */
	s.re *= 4 / (double)n;
	s.im *= 4 / (double)n;
	return s;
}

struct sound_tone sound_measure(const float *x, size_t stride, size_t n, double rate_hz, double hz)
{
	const size_t shift = n / 9, len = n - shift;
	struct sound_tone tone = { hz, SOUND_NOTHING_DB };

	if (shift == 0)
		return tone;
	/* Again at the frequency that was found: the level is right there only. */
	for (unsigned int pass = 0; pass < 3; pass++) {
		const double step = 2 * M_PI * tone.hz / rate_hz;
		const struct sum a = fourier(x, stride, len, step);
		const struct sum b = fourier(x + shift * stride, stride, len, step);
		const double amplitude = hypot(a.re, a.im);
		double turned;

		tone.db = sound_db(amplitude);
		if (amplitude < 1e-6)
			return tone;
		/* How much further it turned than the step says: within half a turn. */
		turned = remainder(
			atan2(b.im, b.re) - atan2(a.im, a.re) - step * (double)shift, 2 * M_PI);
		tone.hz += turned * rate_hz / (2 * M_PI * (double)shift);
		if (!(tone.hz > 0 && tone.hz < rate_hz / 2))
			return (struct sound_tone){ hz, SOUND_NOTHING_DB };
	}
	return tone;
}
