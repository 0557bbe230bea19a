/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the tone guest share. */
#pragma once

#include "dyno/dyno.h"

#define TONE_CHANNELS 8

struct tone_options {
	double hz[TONE_CHANNELS]; /* per channel; 0: silent */
	double level; /* amplitude, 1 is full scale */
	unsigned int seconds; /* 0: for ever */
	unsigned int pulse_ms; /* a pulse so often, instead of tones; 0: none */
	struct dyno_pcm_params play, capture;
	bool plays, hears;
};

/* One sample of a value from -1 to 1; where the next one goes. */
uint8_t *tone_put(uint8_t *at, enum dyno_pcm_format f, double v);
/* And back. */
double tone_get(const uint8_t *at, enum dyno_pcm_format f);

struct player {
	const struct tone_options *o;
	struct dyno_pcm *pcm;
	uint64_t frame, frames; /* written; to be written, 0: no end */
	uint64_t pulse_at; /* frame */
	unsigned int pulses;
	double phase[TONE_CHANNELS]; /* in turns */
	bool ended;
};

/* Opens the stream, fills it, starts it. False: there is no sound. */
DYNO_MUST_CHECK bool player_open(struct player *p, const struct tone_options *o);
/* Fills what is free; stops when all was played. */
void player_run(struct player *p);

struct hearer {
	const struct tone_options *o;
	struct dyno_pcm *pcm;
	uint64_t frames; /* heard so far, in this second */
	unsigned int seconds;
	double last[TONE_CHANNELS], sum[TONE_CHANNELS];
	/* Upward zero crossings: position of the first and the last, their number. */
	double first_at[TONE_CHANNELS], last_at[TONE_CHANNELS];
	unsigned int crossings[TONE_CHANNELS];
	bool ended;
};

DYNO_MUST_CHECK bool hearer_open(struct hearer *h, const struct tone_options *o);
/* Reads what came; says once a second what it was. */
void hearer_run(struct hearer *h);
