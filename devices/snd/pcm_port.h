/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a sound device's samples go to and come from: a small interface with one file per back end.
 * The back end has the clock: the device asks for the position and to be woken, it never guesses.
 * Everything runs on the device's loop; nothing here blocks.
 *
 * A run of a stream lasts from open() to close(); positions count its bytes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ev.h"
#include "base/proto/pcm_port.h"

struct pcm_port;

/* What the device hears from its port. Not from within a call to the port. */
struct pcm_sink {
	/* The position that was asked for with wake_at() is reached, or the port has more room. */
	void (*progress)(void *ctx, uint32_t stream);
	/* Playback ran dry, or capture over. */
	void (*xrun)(void *ctx, uint32_t stream);
	void *ctx;
};

struct pcm_port_ops {
	const char *name;
	/* Lends the loop and the sink; called once, before anything else. 0 or -errno. */
	int (*attach)(struct pcm_port *p, struct ev_loop *loop, const struct pcm_sink *sink);
	void (*open)(struct pcm_port *p, uint32_t stream, const struct pcm_params *params);
	void (*start)(struct pcm_port *p, uint32_t stream);
	/* What was not played yet stays and is played after the next start(). */
	void (*stop)(struct pcm_port *p, uint32_t stream);
	void (*close)(struct pcm_port *p, uint32_t stream);
	/* Playback: a piece of memory that takes the next samples, *len bytes of it; NULL: full. */
	void *(*room)(struct pcm_port *p, uint32_t stream, uint32_t *len);
	/* `len` bytes (at most what room() said) were put there. */
	void (*wrote)(struct pcm_port *p, uint32_t stream, uint32_t len);
	/* Capture: the next samples, *len bytes in one piece; NULL: none yet. */
	const void *(*data)(struct pcm_port *p, uint32_t stream, uint32_t *len);
	void (*took)(struct pcm_port *p, uint32_t stream, uint32_t len);
	/* Bytes of this run that were consumed (playback) or produced (capture). */
	uint64_t (*position)(struct pcm_port *p, uint32_t stream);
	/* Asks for one progress() when the position is reached; UINT64_MAX: none is wanted. */
	void (*wake_at)(struct pcm_port *p, uint32_t stream, uint64_t position);
	/* Until what lies before `end` of this run, which the position has passed, is heard
	 * (playback), or since it was said (capture). */
	uint32_t (*latency_bytes)(struct pcm_port *p, uint32_t stream, uint64_t end);
	/* The guest's own mixer, for all streams that play. NULL: the back end has none. */
	void (*volume)(struct pcm_port *p, uint32_t gain_milli, bool mute);
	void (*free)(struct pcm_port *p);
};

struct pcm_port {
	const struct pcm_port_ops *ops;
};

/* How the port's streams are used; index is the stream's number. */
struct pcm_port_config {
	uint32_t n_streams;
	enum pcm_direction direction[PCM_MAX_STREAMS];
};

/* Playback vanishes and capture is silence, at the pace of the host's clock. 0 or -ENOMEM. */
MUST_CHECK int pcm_port_null_new(struct pcm_port **out, const struct pcm_port_config *cfg);

/* Descriptors of the way to dyno-audio. */
struct pcm_ring_fds {
	int sock; /* SOCK_SEQPACKET, for struct pcm_msg */
	int wake; /* eventfd that dyno-audio signals */
	int ring[PCM_MAX_STREAMS]; /* one memory per stream (pcm_ring_create) */
};
/*
 * The rings to dyno-audio. When that ends, the port goes on as the null port does, so that the
 * guest never waits for it. All descriptors are consumed (on failure too; set to -1). 0 or -errno.
 */
MUST_CHECK int pcm_port_ring_new(
	struct pcm_port **out, const struct pcm_port_config *cfg, struct pcm_ring_fds *fds_take);

static inline void pcm_port_free(struct pcm_port *p)
{
	if (p)
		p->ops->free(p);
}
