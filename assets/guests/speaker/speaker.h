/* SPDX-License-Identifier: Apache-2.0 */
/* A speaker: 48 kHz stereo, rendered when the device has room, silent and stopped in between. */
#pragma once

#include "dyno/dyno.h"

#define SPEAKER_RATE 48000u

/* Writes `frames` frames of left and right. False: this was the sound's end, more is silence. */
typedef bool (*speaker_render)(void *ctx, int16_t *stereo, unsigned int frames);

struct speaker {
	struct dyno_pcm *pcm; /* NULL: there is none, and all of this does nothing */
	unsigned int period_frames;
	bool running;
};

/* Opens the first stream with so much of a buffer. */
void speaker_open(struct speaker *s, unsigned int period_frames, unsigned int periods);
/* A round of the main loop: `sounds` when there is something to be heard now. */
void speaker_run(struct speaker *s, bool sounds, speaker_render render, void *ctx);
