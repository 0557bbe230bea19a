/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of a sound device's driver: parsed and checked; pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/proto/pcm_port.h"
#include "devices/snd/wire.h"

/* Where a stream is in its life ("PCM Command Lifecycle"). */
enum snd_state {
	SND_NEW, /* no parameters yet */
	SND_SET, /* after SET_PARAMS */
	SND_PREPARED,
	SND_RUNNING,
	SND_STOPPED,
	SND_RELEASED,
	SND_STATES
};

/* The state after a PCM command (VIRTIO_SND_R_PCM_SET_PARAMS..STOP), or -1 where the command is
 * not allowed. */
int snd_next_state(enum snd_state from, uint32_t command);

/* Bit masks of what each stream offers. */
uint64_t snd_formats(void);
uint64_t snd_rates(void);
/* Stream features that may be chosen. */
#define SND_STREAM_FEATURES \
	((1u << VIRTIO_SND_PCM_F_EVT_SHMEM_PERIODS) | (1u << VIRTIO_SND_PCM_F_EVT_XRUNS))

/* Checks SET_PARAMS against the most channels of its stream. VIRTIO_SND_S_OK, with *out and
 * *features set; else the status to answer: BAD_MSG for what cannot be, NOT_SUPP for what the
 * stream does not offer. */
uint32_t snd_parse_params(const struct virtio_snd_pcm_set_params *p, uint32_t channels_max,
	struct pcm_params *out, uint32_t *features);

/* Checks a query for items of `item_bytes` each, of which there are `total`. VIRTIO_SND_S_OK, or
 * the status to answer. `room` is what the answer may take besides its header. */
uint32_t snd_check_query(
	const struct virtio_snd_query_info *q, uint32_t total, uint32_t item_bytes, uint32_t room);

/* Positions of the usual channel map for so many channels (1..8); false: there is none. */
bool snd_channel_map(uint32_t channels, uint8_t positions[VIRTIO_SND_CHMAP_MAX_SIZE]);
