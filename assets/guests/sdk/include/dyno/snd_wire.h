/* SPDX-License-Identifier: Apache-2.0 */
/* Formats of the virtio sound device from the driver's side ("Sound Device"), for the SDK's driver
 * and for tests of devices. */
#pragma once

#include "dyno/base.h"

enum { SND_VQ_CONTROL, SND_VQ_EVENT, SND_VQ_TX, SND_VQ_RX };

#define SND_F_CTLS (UINT64_C(1) << 0)

enum {
	SND_R_JACK_INFO = 1,
	SND_R_JACK_REMAP,
	SND_R_PCM_INFO = 0x100,
	SND_R_SET_PARAMS,
	SND_R_PREPARE,
	SND_R_RELEASE,
	SND_R_START,
	SND_R_STOP,
	SND_R_CHMAP_INFO = 0x200,
	SND_R_CTL_INFO = 0x300,
	SND_R_CTL_ENUM_ITEMS,
	SND_R_CTL_READ,
	SND_R_CTL_WRITE,

	SND_EVT_PERIOD = 0x1100,
	SND_EVT_XRUN,

	SND_S_OK = 0x8000,
	SND_S_BAD_MSG,
	SND_S_NOT_SUPP,
	SND_S_IO_ERR
};

/* Bits of a stream's features. */
enum { SND_F_EVT_PERIODS = 3, SND_F_EVT_XRUNS };

enum { SND_FMT_S16 = 5, SND_FMT_S24 = 15, SND_FMT_S32 = 17, SND_FMT_FLOAT = 19 };
#define SND_RATE_48000 7

struct snd_config {
	uint32_t jacks, streams, chmaps, controls;
};

struct snd_query {
	uint32_t code, start_id, count, size;
};

struct snd_jack_info {
	uint32_t hda_fn_nid, features, hda_reg_defconf, hda_reg_caps;
	uint8_t connected, padding[7];
};

struct snd_pcm_info {
	uint32_t hda_fn_nid, features;
	uint64_t formats, rates;
	uint8_t direction, channels_min, channels_max, padding[5];
};
static_assert(sizeof(struct snd_pcm_info) == 32, "pcm info");

struct snd_chmap_info {
	uint32_t hda_fn_nid;
	uint8_t direction, channels, positions[18];
};
static_assert(sizeof(struct snd_chmap_info) == 24, "channel map info");

struct snd_pcm_hdr {
	uint32_t code, stream_id;
};

struct snd_set_params {
	struct snd_pcm_hdr hdr;
	uint32_t buffer_bytes, period_bytes, features;
	uint8_t channels, format, rate, padding;
};
static_assert(sizeof(struct snd_set_params) == 24, "set params");

struct snd_xfer {
	uint32_t stream_id;
};

struct snd_status {
	uint32_t status, latency_bytes;
};

struct snd_event {
	uint32_t code, data;
};

struct snd_ctl_hdr {
	uint32_t code, control_id;
};
