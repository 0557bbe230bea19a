/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sound server that streams are played to: an ops table per server. Calls come on the main
 * thread; samples move on threads of the back end's own (audio_stream_pull/push). A server that
 * goes away is tried again by the back end itself, for as long as it lives.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ev.h"
#include "sim/audio/stream.h"

struct audio_backend;

struct audio_backend_ops {
	const char *name; /* "pipewire" */
	/*
	 * Makes it. `must`: only with a server that is there now, -ECONNREFUSED otherwise; else it
	 * waits for one. *connected follows the server's presence. Everything is borrowed. 0 or
	 * -errno with a message.
	 */
	int (*open)(struct audio_backend **out, struct ev_loop *loop,
		struct audio_stream *const *streams, uint32_t n, atomic_bool *connected, bool must,
		struct err *e);
	/* Stream i has new parameters; it starts; it stops or is closed (what left the ring is
	 * still played). */
	void (*prepare)(struct audio_backend *b, uint32_t i, const struct pcm_params *p);
	void (*start)(struct audio_backend *b, uint32_t i);
	void (*stop)(struct audio_backend *b, uint32_t i);
	void (*free)(struct audio_backend *b);
};

extern const struct audio_backend_ops audio_pipewire, audio_pulse;
