/* SPDX-License-Identifier: Apache-2.0 */
/* See speaker.h. */
#include "speaker.h"

void speaker_open(struct speaker *s, unsigned int period_frames, unsigned int periods)
{
	*s = (struct speaker){ .period_frames = period_frames };
	if (dyno_pcm_count(DYNO_PCM_PLAY) == 0)
		return;
	s->pcm = dyno_pcm_open(DYNO_PCM_PLAY, 0,
		&(struct dyno_pcm_params){ .format = DYNO_PCM_S16,
			.channels = 2,
			.rate_hz = SPEAKER_RATE,
			.period_frames = period_frames,
			.periods = periods });
}

void speaker_run(struct speaker *s, bool sounds, speaker_render render, void *ctx)
{
	bool wrote = false;
	void *at;

	if (s->pcm == NULL)
		return;
	while (sounds && (at = dyno_pcm_next(s->pcm)) != NULL) {
		sounds = render(ctx, at, s->period_frames);
		dyno_pcm_queue_now(s->pcm);
		wrote = true;
	}
	if (wrote && !s->running) {
		s->running = true;
		if (dyno_pcm_start(s->pcm) != 0)
			dyno_printf("sound: the stream does not start\n");
	} else if (!sounds && s->running && dyno_pcm_drained(s->pcm)) {
		s->running = false;
		if (dyno_pcm_stop(s->pcm) != 0)
			dyno_printf("sound: the stream does not stop\n");
	}
}
