/* SPDX-License-Identifier: Apache-2.0 */
/* The listening side: once a second frequency (from zero crossings) and level of each channel. */
#include <math.h>
#include <string.h>

#include "tone.h"

bool hearer_open(struct hearer *h, const struct tone_options *o)
{
	*h = (struct hearer){ .o = o };
	h->pcm = dyno_pcm_open(DYNO_PCM_CAPTURE, 0, &o->capture);
	return h->pcm != NULL && dyno_pcm_start(h->pcm) == 0;
}

static void take(struct hearer *h, unsigned int c, double v)
{
	const double before = h->last[c];

	h->sum[c] += v * v;
	if (h->frames > 0 && before < 0 && v >= 0) {
		/* Between two samples, on the line through them. */
		const double at = (double)h->frames - v / (v - before);

		if (h->crossings[c] == 0)
			h->first_at[c] = at;
		h->last_at[c] = at;
		h->crossings[c]++;
	}
	h->last[c] = v;
}

static void report(struct hearer *h)
{
	const struct dyno_pcm_params *a = &h->o->capture;

	dyno_printf("HEARD %u", h->seconds++);
	for (unsigned int c = 0; c < a->channels; c++) {
		/* A sine's level is its amplitude's. */
		double rms = sqrt(2 * h->sum[c] / (double)h->frames);
		double turns = (double)h->crossings[c] - 1, hz = 0;

		if (h->crossings[c] > 1)
			hz = turns * a->rate_hz / (h->last_at[c] - h->first_at[c]);
		dyno_printf(" %u: hz=%.3f db=%.2f", c, hz,
			rms > 1e-6 ? 20 * log(rms) / log(10) : -120.0);
	}
	dyno_printf("\n");
	h->frames = 0;
	memset(h->sum, 0, sizeof(h->sum));
	memset(h->crossings, 0, sizeof(h->crossings));
}

void hearer_run(struct hearer *h)
{
	const struct dyno_pcm_params *a = &h->o->capture;
	const uint32_t bytes = a->format == DYNO_PCM_S16 ? 2 : 4;
	struct dyno_pcm_stats st;
	const uint8_t *at;

	while (!h->ended && (at = dyno_pcm_next(h->pcm)) != NULL) {
		for (unsigned int i = 0; i < a->period_frames; i++) {
			for (unsigned int c = 0; c < a->channels; c++, at += bytes)
				take(h, c, tone_get(at, a->format));
			h->frames++;
		}
		dyno_pcm_queue_now(h->pcm);
		if (h->frames >= a->rate_hz)
			report(h);
		h->ended = h->o->seconds && h->seconds >= h->o->seconds;
	}
	if (!h->ended || h->pcm == NULL)
		return;
	st = dyno_pcm_stats(h->pcm);
	dyno_pcm_close(h->pcm);
	h->pcm = NULL;
	dyno_printf("CAPTURED periods=%u short=%u xruns=%u\n", (unsigned int)st.periods,
		(unsigned int)st.short_periods, (unsigned int)st.xruns);
}
