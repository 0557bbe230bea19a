/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest that plays tones and hears tones, for tests of the host's sound. Options (defaults):
 *
 *	tone=440,1000   hertz per channel; tone=0: plays nothing
 *	level=-12       decibels of full scale
 *	format=s16      or s24, s32, float
 *	rate=48000      period=480 frames, periods=4
 *	seconds=5       0: for ever
 *	pulse=MS        instead of tones a pulse so often; PULSE N says when it was queued, and how
 *	                long the guest thinks that it takes to be heard
 *	hear=CHANNELS   captures so many channels, and says once a second what it hears
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tone.h"

static unsigned int number(const char *name, unsigned int fallback)
{
	return (unsigned int)dyno_option_int(name, fallback);
}

static enum dyno_pcm_format format(void)
{
	static const char *const names[] = { "s16", "s24", "s32", "float" };
	const char *text = dyno_option("format");

	for (unsigned int i = 0; text != NULL && i < DYNO_COUNT(names); i++) {
		if (strcmp(text, names[i]) == 0)
			return (enum dyno_pcm_format)i;
	}
	return DYNO_PCM_S16;
}

/* "440,1000" */
static unsigned int frequencies(const char *text, double hz[TONE_CHANNELS])
{
	unsigned int n = 0;

	for (; n < TONE_CHANNELS && *text != '\0'; n++) {
		unsigned int v = 0;

		for (; *text >= '0' && *text <= '9'; text++)
			v = v * 10 + (unsigned int)(*text - '0');
		hz[n] = v;
		if (*text != ',')
			return n + 1;
		text++;
	}
	return n;
}

static void read_options(struct tone_options *o)
{
	const char *tone = dyno_option("tone");
	unsigned int n;

	*o = (struct tone_options){ .seconds = number("seconds", 5),
		.pulse_ms = number("pulse", 0) };
	n = frequencies(tone != NULL ? tone : "440,1000", o->hz);
	o->level = pow(10, (double)dyno_option_int("level", -12) / 20);
	o->play = (struct dyno_pcm_params){ .format = format(),
		.channels = n,
		.rate_hz = number("rate", 48000),
		.period_frames = number("period", 480),
		.periods = number("periods", 4) };
	o->capture = o->play;
	o->capture.channels = number("hear", 0);
	o->hears = o->capture.channels > 0 && o->capture.channels <= TONE_CHANNELS;
	o->plays = tone == NULL || strcmp(tone, "0") != 0;
}

void dyno_main(void)
{
	static struct player player;
	static struct hearer hearer;
	static struct tone_options o;

	read_options(&o);
	dyno_printf("READY tone play=%u capture=%u\n", dyno_pcm_count(DYNO_PCM_PLAY),
		dyno_pcm_count(DYNO_PCM_CAPTURE));
	if ((o.plays && !player_open(&player, &o)) || (o.hears && !hearer_open(&hearer, &o))) {
		dyno_printf("tone: no sound\n");
		return;
	}
	while ((o.plays && !player.ended) || (o.hears && !hearer.ended)) {
		if (o.plays && !player.ended)
			player_run(&player);
		if (o.hears)
			hearer_run(&hearer);
		dyno_wait(DYNO_FOREVER);
	}
	dyno_printf("DONE tone\n");
}
