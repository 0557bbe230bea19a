/* SPDX-License-Identifier: Apache-2.0 */
/* What dyno-audio is to play, as the bench tells it in its first message (docs/interfaces.md):
 * parsed and checked here once, plain data afterwards. Pure. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "base/proto/pcm_port.h"
#include "sim/audio/stream.h"

#define AUDIO_MAX_DEVICES 16u
#define AUDIO_MAX_STREAMS 64u
#define AUDIO_MAX_FOCUS   16u

enum audio_server { AUDIO_AUTO, AUDIO_PIPEWIRE, AUDIO_PULSE, AUDIO_NULL };

struct audio_stream_spec {
	char name[AUDIO_NAME], role[AUDIO_NAME], target[AUDIO_TARGET];
	enum pcm_direction direction;
	uint32_t ring; /* index of its memory in the message's descriptors */
	uint32_t volume_milli;
	bool mute, record;
};

/* The sound device of one guest. */
struct audio_device_spec {
	char guest[AUDIO_NAME];
	uint32_t fd, wake; /* indices */
	uint32_t first, n; /* its streams in audio_manifest.stream[] */
};

/* While `when` is heard, and hold_ns longer, `duck` has gain `gain`. */
struct audio_focus_spec {
	uint32_t when, duck; /* indices of streams */
	float gain;
	uint64_t hold_ns;
};

struct audio_manifest {
	enum audio_server server;
	enum log_level log_level;
	char record[1024]; /* folder for recordings; "" none */
	bool flac; /* they are FLAC, not WAV */
	uint32_t n_devices, n_streams, n_focus;
	struct audio_device_spec device[AUDIO_MAX_DEVICES];
	struct audio_stream_spec stream[AUDIO_MAX_STREAMS];
	struct audio_focus_spec focus[AUDIO_MAX_FOCUS * AUDIO_MAX_DUCKS];
};

/* Checks `msg`; `nfds` bounds the indices. 0 or -EINVAL with a message that names the key. */
MUST_CHECK int audio_manifest_parse(
	const json_t *msg, size_t nfds, struct audio_manifest *out, struct err *e);
/* Index of "GUEST.STREAM", -1 when there is none. */
int audio_manifest_find(const struct audio_manifest *m, const char *path);
