/* SPDX-License-Identifier: Apache-2.0 */
/* Formats of the virtio sound device as they lie in guest memory ("Sound Device"). */
#pragma once

#include "base/le.h"

#define VIRTIO_SND_F_CTLS 0

enum {
	VIRTIO_SND_VQ_CONTROL,
	VIRTIO_SND_VQ_EVENT,
	VIRTIO_SND_VQ_TX,
	VIRTIO_SND_VQ_RX,
	VIRTIO_SND_VQ_MAX
};

struct virtio_snd_config {
	le32 jacks, streams, chmaps;
	le32 controls; /* with VIRTIO_SND_F_CTLS */
};

enum {
	VIRTIO_SND_R_JACK_INFO = 1,
	VIRTIO_SND_R_JACK_REMAP,
	VIRTIO_SND_R_PCM_INFO = 0x100,
	VIRTIO_SND_R_PCM_SET_PARAMS,
	VIRTIO_SND_R_PCM_PREPARE,
	VIRTIO_SND_R_PCM_RELEASE,
	VIRTIO_SND_R_PCM_START,
	VIRTIO_SND_R_PCM_STOP,
	VIRTIO_SND_R_CHMAP_INFO = 0x200,
	VIRTIO_SND_R_CTL_INFO = 0x300,
	VIRTIO_SND_R_CTL_ENUM_ITEMS,
	VIRTIO_SND_R_CTL_READ,
	VIRTIO_SND_R_CTL_WRITE,
	VIRTIO_SND_R_CTL_TLV_READ,
	VIRTIO_SND_R_CTL_TLV_WRITE,
	VIRTIO_SND_R_CTL_TLV_COMMAND,

	VIRTIO_SND_EVT_JACK_CONNECTED = 0x1000,
	VIRTIO_SND_EVT_JACK_DISCONNECTED,
	VIRTIO_SND_EVT_PCM_PERIOD_ELAPSED = 0x1100,
	VIRTIO_SND_EVT_PCM_XRUN,
	VIRTIO_SND_EVT_CTL_NOTIFY = 0x1200,

	VIRTIO_SND_S_OK = 0x8000,
	VIRTIO_SND_S_BAD_MSG,
	VIRTIO_SND_S_NOT_SUPP,
	VIRTIO_SND_S_IO_ERR
};

struct virtio_snd_hdr {
	le32 code;
};

struct virtio_snd_event {
	struct virtio_snd_hdr hdr;
	le32 data;
};

struct virtio_snd_query_info {
	struct virtio_snd_hdr hdr;
	le32 start_id, count, size;
};

struct virtio_snd_jack_info {
	le32 hda_fn_nid;
	le32 features;
	le32 hda_reg_defconf, hda_reg_caps;
	uint8_t connected;
	uint8_t padding[7];
};
static_assert(sizeof(struct virtio_snd_jack_info) == 24, "jack info");

enum { VIRTIO_SND_D_OUTPUT, VIRTIO_SND_D_INPUT };

/* Bits of a stream's features. */
enum {
	VIRTIO_SND_PCM_F_SHMEM_HOST,
	VIRTIO_SND_PCM_F_SHMEM_GUEST,
	VIRTIO_SND_PCM_F_MSG_POLLING,
	VIRTIO_SND_PCM_F_EVT_SHMEM_PERIODS,
	VIRTIO_SND_PCM_F_EVT_XRUNS
};

/* Those of the 25 formats that the device has. */
enum {
	VIRTIO_SND_PCM_FMT_S16 = 5,
	VIRTIO_SND_PCM_FMT_S24 = 15,
	VIRTIO_SND_PCM_FMT_S32 = 17,
	VIRTIO_SND_PCM_FMT_FLOAT = 19
};

struct virtio_snd_pcm_info {
	le32 hda_fn_nid;
	le32 features;
	le64 formats, rates;
	uint8_t direction, channels_min, channels_max;
	uint8_t padding[5];
};
static_assert(sizeof(struct virtio_snd_pcm_info) == 32, "pcm info");

struct virtio_snd_pcm_hdr {
	struct virtio_snd_hdr hdr;
	le32 stream_id;
};

struct virtio_snd_pcm_set_params {
	struct virtio_snd_pcm_hdr hdr;
	le32 buffer_bytes, period_bytes, features;
	uint8_t channels, format, rate, padding;
};
static_assert(sizeof(struct virtio_snd_pcm_set_params) == 24, "set params");

struct virtio_snd_pcm_xfer {
	le32 stream_id;
};

struct virtio_snd_pcm_status {
	le32 status, latency_bytes;
};

#define VIRTIO_SND_CHMAP_MAX_SIZE 18

enum {
	VIRTIO_SND_CHMAP_MONO = 2,
	VIRTIO_SND_CHMAP_FL,
	VIRTIO_SND_CHMAP_FR,
	VIRTIO_SND_CHMAP_RL,
	VIRTIO_SND_CHMAP_RR,
	VIRTIO_SND_CHMAP_FC,
	VIRTIO_SND_CHMAP_LFE,
	VIRTIO_SND_CHMAP_SL,
	VIRTIO_SND_CHMAP_SR
};

struct virtio_snd_chmap_info {
	le32 hda_fn_nid;
	uint8_t direction, channels;
	uint8_t positions[VIRTIO_SND_CHMAP_MAX_SIZE];
};
static_assert(sizeof(struct virtio_snd_chmap_info) == 24, "channel map info");

struct virtio_snd_ctl_hdr {
	struct virtio_snd_hdr hdr;
	le32 control_id;
};

enum { VIRTIO_SND_CTL_ROLE_VOLUME = 1, VIRTIO_SND_CTL_ROLE_MUTE };
enum { VIRTIO_SND_CTL_TYPE_BOOLEAN, VIRTIO_SND_CTL_TYPE_INTEGER };
/* Bits of `access`. */
enum {
	VIRTIO_SND_CTL_ACCESS_READ,
	VIRTIO_SND_CTL_ACCESS_WRITE,
	VIRTIO_SND_CTL_ACCESS_VOLATILE,
	VIRTIO_SND_CTL_ACCESS_INACTIVE,
	VIRTIO_SND_CTL_ACCESS_TLV_READ
};

struct virtio_snd_ctl_info {
	le32 hda_fn_nid;
	le32 role, type, access, count, index;
	uint8_t name[44];
	union {
		struct {
			le32 min, max, step;
		} integer;
		struct {
			le64 min, max, step;
		} integer64;
	} value;
};
static_assert(sizeof(struct virtio_snd_ctl_info) == 92, "control info");
/* The same where 64-bit values are aligned, as Linux has it: four bytes more in front of `value`. A
 * driver says in its query which one it has. */
#define VIRTIO_SND_CTL_INFO_ALIGNED 96u

/* A value of the widest element type; unused bytes are zero. */
struct virtio_snd_ctl_value {
	union {
		le32 integer[128];
		uint8_t bytes[512];
	} value;
};
static_assert(sizeof(struct virtio_snd_ctl_value) == 512, "control value");

struct virtio_snd_ctl_event {
	struct virtio_snd_hdr hdr;
	le16 control_id, mask;
};
#define VIRTIO_SND_CTL_EVT_MASK_VALUE 1u
