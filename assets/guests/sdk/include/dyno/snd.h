/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sound cards (virtio sound device). A stream is a ring of periods of samples: those of a playing
 * stream are filled in turn and queued, those of a capturing one come back full. Only open, start,
 * stop and close wait for the device's answer.
 *
 *	struct dyno_pcm *p = dyno_pcm_open(DYNO_PCM_PLAY, 0, &params);
 *	void *at;
 *
 *	while ((at = dyno_pcm_next(p)) != NULL) {
 *		... fill dyno_pcm_period_bytes(p) bytes ...
 *		dyno_pcm_queue(p);
 *	}
 *	dyno_pcm_start(p);	then go on as above after each dyno_wait()
 */
#pragma once

#include "dyno/base.h"

enum dyno_pcm_direction { DYNO_PCM_PLAY, DYNO_PCM_CAPTURE };
/* S24 lies in the lower three bytes of four. */
enum dyno_pcm_format { DYNO_PCM_S16, DYNO_PCM_S24, DYNO_PCM_S32, DYNO_PCM_FLOAT };

struct dyno_pcm_params {
	enum dyno_pcm_format format;
	unsigned int channels, rate_hz;
	unsigned int period_frames;
	unsigned int periods; /* 2..32 */
};

struct dyno_pcm;

/* Number of streams of the first sound card in that direction; 0: no card. */
unsigned int dyno_pcm_count(enum dyno_pcm_direction direction);
/* The index-th stream of a direction, with its parameters set, prepared. NULL when there is none
 * or it cannot do that (a line says why). Opened once: NULL until dyno_pcm_close(). */
struct dyno_pcm *dyno_pcm_open(enum dyno_pcm_direction direction, unsigned int index,
	const struct dyno_pcm_params *params);
/* The device gives all periods back; nothing of the stream may be used any more. NULL is legal. */
void dyno_pcm_close(struct dyno_pcm *p);

uint32_t dyno_pcm_period_bytes(const struct dyno_pcm *p);

/* The next period: free (playing) or full (capturing, dyno_pcm_queue() gives it back). NULL: there
 * is none now. The same one until it is queued. */
void *dyno_pcm_next(struct dyno_pcm *p);
/* Hands the period of dyno_pcm_next() to the device, with the next dyno_wait(). */
void dyno_pcm_queue(struct dyno_pcm *p);
/* The same at once. */
void dyno_pcm_queue_now(struct dyno_pcm *p);

/* Starts; capturing: with all periods queued. After a stop it goes on. 0 or DYNO_E_DEVICE,
 * DYNO_E_TIMEOUT; as the next one. */
DYNO_MUST_CHECK int dyno_pcm_start(struct dyno_pcm *p);
/* Stops: what was not played yet is played after the next start. */
DYNO_MUST_CHECK int dyno_pcm_stop(struct dyno_pcm *p);
/* True when nothing that was queued is left: a sound was played to its end. */
bool dyno_pcm_drained(struct dyno_pcm *p);

struct dyno_pcm_stats {
	uint64_t periods; /* that came back */
	uint64_t refused; /* of them with a status other than OK */
	uint64_t short_periods; /* capturing: came back with less than was asked for */
	uint64_t xruns; /* events of the device */
	uint32_t latency_bytes; /* as the device said last */
	unsigned int queued; /* periods that the device has */
};
struct dyno_pcm_stats dyno_pcm_stats(struct dyno_pcm *p);
