/* SPDX-License-Identifier: Apache-2.0 */
/* What a sound device's driver may ask; see proto.h. */
#include "devices/snd/proto.h"

#include <string.h>

/* Hertz by VIRTIO_SND_PCM_RATE_*; 0: not offered. */
static const uint32_t rates_hz[] = { 0, 8000, 11025, 16000, 22050, 32000, 44100, 48000, 64000,
	88200, 96000, 176400, 192000, 0, 12000, 24000 };

static const struct {
	uint8_t wire;
	enum pcm_format format;
} formats[] = {
	{ VIRTIO_SND_PCM_FMT_S16, PCM_S16 },
	{ VIRTIO_SND_PCM_FMT_S24, PCM_S24 },
	{ VIRTIO_SND_PCM_FMT_S32, PCM_S32 },
	{ VIRTIO_SND_PCM_FMT_FLOAT, PCM_FLOAT },
};

uint64_t snd_formats(void)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		mask |= UINT64_C(1) << formats[i].wire;
	return mask;
}

uint64_t snd_rates(void)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < ARRAY_SIZE(rates_hz); i++)
		mask |= rates_hz[i] ? UINT64_C(1) << i : 0;
	return mask;
}

int snd_next_state(enum snd_state from, uint32_t command)
{
#define FROM(s) (1u << SND_##s)
	static const struct {
		uint32_t command;
		unsigned int from; /* bit s: allowed in state s */
		enum snd_state to;
	} steps[] = {
		{ VIRTIO_SND_R_PCM_SET_PARAMS,
			FROM(NEW) | FROM(SET) | FROM(PREPARED) | FROM(RELEASED), SND_SET },
		{ VIRTIO_SND_R_PCM_PREPARE, FROM(SET) | FROM(PREPARED) | FROM(RELEASED),
			SND_PREPARED },
		{ VIRTIO_SND_R_PCM_START, FROM(PREPARED) | FROM(STOPPED), SND_RUNNING },
		{ VIRTIO_SND_R_PCM_STOP, FROM(RUNNING), SND_STOPPED },
		{ VIRTIO_SND_R_PCM_RELEASE, FROM(PREPARED) | FROM(STOPPED), SND_RELEASED },
	};
#undef FROM

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		if (steps[i].command == command)
			return steps[i].from & (1u << from) ? (int)steps[i].to : -1;
	}
	return -1;
}

uint32_t snd_parse_params(const struct virtio_snd_pcm_set_params *p, uint32_t channels_max,
	struct pcm_params *out, uint32_t *features)
{
	struct pcm_params r = { .buffer_bytes = le32_get(p->buffer_bytes),
		.period_bytes = le32_get(p->period_bytes),
		.channels = p->channels };
	bool format = false;

	*features = le32_get(p->features);
	if (*features & ~SND_STREAM_FEATURES)
		return VIRTIO_SND_S_NOT_SUPP;
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		if (formats[i].wire == p->format) {
			r.format = formats[i].format;
			format = true;
		}
	}
	if (!format || p->rate >= ARRAY_SIZE(rates_hz) || !rates_hz[p->rate] || r.channels < 1 ||
		r.channels > channels_max)
		return VIRTIO_SND_S_NOT_SUPP;
	r.rate_hz = rates_hz[p->rate];
	/* "The driver MUST set a buffer size that is a multiple of the period size." */
	if (r.period_bytes == 0 || r.buffer_bytes == 0 || r.buffer_bytes % r.period_bytes != 0)
		return VIRTIO_SND_S_BAD_MSG;
	if (!pcm_params_ok(&r))
		return VIRTIO_SND_S_NOT_SUPP;
	*out = r;
	return VIRTIO_SND_S_OK;
}

uint32_t snd_check_query(
	const struct virtio_snd_query_info *q, uint32_t total, uint32_t item_bytes, uint32_t room)
{
	uint32_t start = le32_get(q->start_id), count = le32_get(q->count);

	if (start > total || count > total - start || count == 0)
		return VIRTIO_SND_S_BAD_MSG;
	if (le32_get(q->size) != item_bytes || (uint64_t)count * item_bytes > room)
		return VIRTIO_SND_S_BAD_MSG;
	return VIRTIO_SND_S_OK;
}

bool snd_channel_map(uint32_t channels, uint8_t positions[VIRTIO_SND_CHMAP_MAX_SIZE])
{
	static const uint8_t wide[] = { VIRTIO_SND_CHMAP_FL, VIRTIO_SND_CHMAP_FR,
		VIRTIO_SND_CHMAP_RL, VIRTIO_SND_CHMAP_RR, VIRTIO_SND_CHMAP_FC, VIRTIO_SND_CHMAP_LFE,
		VIRTIO_SND_CHMAP_SL, VIRTIO_SND_CHMAP_SR };

	memset(positions, 0, VIRTIO_SND_CHMAP_MAX_SIZE);
	/* Mono, stereo, quadro, 5.1, 7.1: the orders that ALSA has. */
	if (channels == 1)
		positions[0] = VIRTIO_SND_CHMAP_MONO;
	else if (channels == 2 || channels == 4 || channels == 6 || channels == 8)
		memcpy(positions, wide, channels);
	else
		return false;
	return true;
}
