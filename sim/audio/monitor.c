/* SPDX-License-Identifier: Apache-2.0 */
/* What a sink plays, for those that listen to it; see monitor.h. */
#include "sim/audio/monitor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/audio/sample.h"

struct monitor {
	struct pcm_params params; /* the listener's; rate_hz 0: it does not listen */
	uint64_t next; /* place of the next frame that it takes */
	/* Sums of what was played at next..next + MONITOR_FRAMES; all others are 0. */
	float mix[MONITOR_FRAMES][PCM_MAX_CHANNELS];
};

int monitor_new(struct monitor **out)
{
	struct monitor *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	*out = m;
	return 0;
}

void monitor_free(struct monitor *m)
{
	free(m);
}

void monitor_start(struct monitor *m, const struct pcm_params *p, uint64_t place)
{
	memset(m->mix, 0, sizeof(m->mix));
	m->params = *p;
	m->next = place;
}

void monitor_stop(struct monitor *m)
{
	m->params.rate_hz = 0;
}

bool monitor_add(struct monitor *m, const struct pcm_params *p, uint64_t place, const uint8_t *src,
	uint32_t frames)
{
	uint32_t bytes = pcm_sample_bytes(p->format), both = MIN(p->channels, m->params.channels);

	if (m->params.rate_hz == 0)
		return true;
	if (m->params.rate_hz != p->rate_hz)
		return false;
	for (uint32_t i = 0; i < frames; i++, place++, src += pcm_frame_bytes(p)) {
		float *to = m->mix[place % MONITOR_FRAMES];

		if (place < m->next || place - m->next >= MONITOR_FRAMES)
			continue;
		for (uint32_t c = 0; c < both; c++)
			to[c] += sample_load(p->format, src + (size_t)c * bytes);
	}
	return true;
}

void monitor_take(struct monitor *m, uint8_t *dst, uint32_t frames)
{
	uint32_t bytes = pcm_sample_bytes(m->params.format);

	for (uint32_t i = 0; i < frames; i++, m->next++) {
		float *from = m->mix[m->next % MONITOR_FRAMES];

		for (uint32_t c = 0; c < m->params.channels; c++, dst += bytes)
			sample_store(m->params.format, dst, from[c]);
		memset(from, 0, sizeof(m->mix[0]));
	}
}
