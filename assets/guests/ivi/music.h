/* SPDX-License-Identifier: Apache-2.0 */
/* What the player plays: each track's music is computed. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define MUSIC_RATE 48000

struct music {
	int track;
	uint64_t frame; /* of the track's music */
	double gain; /* it follows volume and pause smoothly */
	/* Bass, melody, pad: turns, turns per frame, loudness. */
	double phase[3], step[3], ring[3];
};

/*
 * Writes so many frames of left and right of a track (one other than before begins anew) at a
 * volume of 0..100; while not `playing` it fades out. False: it has faded out.
 */
bool music_render(
	struct music *m, int track, int volume, bool playing, int16_t *stereo, unsigned int frames);
