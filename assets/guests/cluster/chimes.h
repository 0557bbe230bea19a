/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the cluster sounds like: the indicators' tick and tock, and a chime for each lamp that warns
 * when it lights up. Pure, as everything but the main loop.
 */
#pragma once

#include "cluster_view.h"

#define CHIMES_RATE   48000
#define CHIMES_VOICES 6

/* Hertz of the sounds. */
#define CHIME_TICK    1250
#define CHIME_TOCK    950
#define CHIME_WARNING 880

struct chimes_voice {
	double phase, step; /* turns; per frame */
	double amplitude, decay; /* now; factor per frame */
	float side[2]; /* gains of left and right */
	unsigned int wait, left; /* frames until it begins; until it ends */
};

struct chimes {
	bool looked;
	bool left, right, lamp[LAMPS]; /* as seen last */
	struct chimes_voice voice[CHIMES_VOICES];
};

/* Compares with what was shown before and begins the sounds of what changed. */
void chimes_look(struct chimes *c, const struct cluster_view *v);
/* True while there is something to be heard. */
bool chimes_sound(const struct chimes *c);
/* Writes so many frames of left and right. True: there is more. */
bool chimes_render(struct chimes *c, int16_t *stereo, unsigned int frames);
