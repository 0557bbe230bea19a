/* SPDX-License-Identifier: Apache-2.0 */
/* The playing side: a sine per channel, or pulses whose moments are told. */
#include <math.h>
#include <string.h>

#include "tone.h"

#define PULSE_FRAMES 48u

uint8_t *tone_put(uint8_t *at, enum dyno_pcm_format f, double v)
{
	int16_t s16;
	int32_t s32;
	float fl;

	switch (f) {
	case DYNO_PCM_S16:
		s16 = (int16_t)lround(v * 32767);
		memcpy(at, &s16, 2);
		return at + 2;
	case DYNO_PCM_S24:
		s32 = (int32_t)lround(v * 8388607);
		break;
	case DYNO_PCM_S32:
		s32 = (int32_t)lround(v * 2147483647.0);
		break;
	default:
		fl = (float)v;
		memcpy(&s32, &fl, 4);
	}
	memcpy(at, &s32, 4);
	return at + 4;
}

double tone_get(const uint8_t *at, enum dyno_pcm_format f)
{
	int16_t s16;
	int32_t s32;
	float fl;

	if (f == DYNO_PCM_S16) {
		memcpy(&s16, at, 2);
		return s16 / 32768.0;
	}
	memcpy(&s32, at, 4);
	memcpy(&fl, at, 4);
	if (f == DYNO_PCM_S24)
		return (int32_t)((uint32_t)s32 << 8) / 2147483648.0;
	return f == DYNO_PCM_S32 ? s32 / 2147483648.0 : (double)fl;
}

static double sample(struct player *p, unsigned int channel)
{
	const struct tone_options *o = p->o;
	double v;

	if (o->pulse_ms)
		return p->frame >= p->pulse_at && p->frame < p->pulse_at + PULSE_FRAMES ? o->level
											: 0;
	v = o->level * sin(2 * M_PI * p->phase[channel]);
	p->phase[channel] += o->hz[channel] / o->play.rate_hz;
	p->phase[channel] -= floor(p->phase[channel]);
	return v;
}

/* Writes one period; true when it begins with a pulse. */
static bool fill(struct player *p, uint8_t *at)
{
	const struct dyno_pcm_params *a = &p->o->play;
	bool pulse =
		p->o->pulse_ms && p->frame >= p->pulse_at + p->o->pulse_ms * (a->rate_hz / 1000);

	if (pulse)
		p->pulse_at = p->frame;
	for (unsigned int i = 0; i < a->period_frames; i++, p->frame++) {
		bool over = p->frames && p->frame >= p->frames;

		for (unsigned int c = 0; c < a->channels; c++)
			at = tone_put(at, a->format, over ? 0 : sample(p, c));
	}
	return pulse;
}

bool player_open(struct player *p, const struct tone_options *o)
{
	*p = (struct player){ .o = o, .frames = (uint64_t)o->seconds * o->play.rate_hz };
	p->pcm = dyno_pcm_open(DYNO_PCM_PLAY, 0, &o->play);
	if (p->pcm == NULL)
		return false;
	player_run(p);
	if (dyno_pcm_start(p->pcm) != 0)
		return false;
	dyno_printf("PLAYING\n");
	return true;
}

/* How long what is queued next takes to be heard, as a player would say that shows a picture with
 * its sound: what is queued before it, and what the device says of the way behind. */
static unsigned int delay_us(const struct player *p)
{
	const struct dyno_pcm_params *a = &p->o->play;
	struct dyno_pcm_stats st = dyno_pcm_stats(p->pcm);
	uint64_t frames =
		(uint64_t)st.queued * a->period_frames +
		(uint64_t)st.latency_bytes * a->period_frames / dyno_pcm_period_bytes(p->pcm);

	return (unsigned int)(frames * 1000000 / a->rate_hz);
}

void player_run(struct player *p)
{
	struct dyno_pcm_stats st;
	uint8_t *at;

	while ((p->frames == 0 || p->frame < p->frames) && (at = dyno_pcm_next(p->pcm)) != NULL) {
		bool pulse = fill(p, at);
		unsigned int delay = delay_us(p);
		uint64_t now = dyno_now_ns();

		dyno_pcm_queue_now(p->pcm);
		if (pulse)
			dyno_printf("PULSE %u at_us=%u delay_us=%u\n", p->pulses++,
				(unsigned int)(now / 1000), delay);
	}
	if (p->ended || p->frames == 0 || p->frame < p->frames || !dyno_pcm_drained(p->pcm))
		return;
	p->ended = true;
	st = dyno_pcm_stats(p->pcm);
	if (dyno_pcm_stop(p->pcm) != 0)
		dyno_printf("tone: the stream does not stop\n");
	dyno_pcm_close(p->pcm);
	dyno_printf("PLAYED periods=%u refused=%u xruns=%u\n", (unsigned int)st.periods,
		(unsigned int)st.refused, (unsigned int)st.xruns);
}
