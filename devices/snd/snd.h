/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio sound device ("Sound Device"): jacks, play and capture streams with the full PCM command
 * lifecycle, channel maps, and a master volume and mute as control elements. Where the samples go
 * is the port's business (pcm_port.h); a buffer is returned when the port has consumed (or filled)
 * all of it, and not before.
 */
#pragma once

#include "devices/snd/pcm_port.h"
#include "devices/virtio/vdev.h"

struct snd_stream_config {
	enum pcm_direction direction;
	uint32_t channels_max; /* 1..PCM_MAX_CHANNELS */
	bool unplugged; /* its jack, at the start */
};

struct snd_config {
	const char *tag; /* copied */
	uint32_t n_streams; /* 1..PCM_MAX_STREAMS */
	struct snd_stream_config stream[PCM_MAX_STREAMS];
};

/* Makes the device over a port with the same streams. The port is consumed (freed on failure too).
 * 0, -EINVAL or -ENOMEM. */
MUST_CHECK int snd_new(struct vdev **out, struct pcm_port *port_take, const struct snd_config *cfg);

struct snd_stream_stats {
	uint64_t bytes; /* taken from or given to the driver */
	uint64_t buffers; /* returned with status OK */
	uint64_t rejected; /* buffers that broke a rule */
	uint64_t xruns;
	bool running;
	bool plugged; /* its jack */
};
struct snd_stats {
	uint64_t controls, bad_controls; /* requests; those not answered OK */
	uint64_t events_dropped; /* the driver had no buffer for them */
	uint32_t n_streams;
	struct snd_stream_stats stream[PCM_MAX_STREAMS];
};
/* Device's loop thread. */
void snd_get_stats(const struct vdev *v, struct snd_stats *out);

/* A jack is plugged in or out: the driver gets an event where it has a buffer. Jack n belongs to
 * stream n; false: there is none. Device's loop thread. */
MUST_CHECK bool snd_set_jack(struct vdev *v, uint32_t jack, bool connected);
