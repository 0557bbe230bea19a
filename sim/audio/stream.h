/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One stream of a guest between its ring (base/proto/pcm_port.h) and whoever has the clock: a sound
 * server's real-time thread, or the pacer. Volume, mute and focus are applied here, on the way;
 * what is heard goes to the recorder, too.
 *
 * Threads: messages and settings come on the main thread; samples move on a real-time thread, which
 * never waits: where the main thread changes the stream in that moment it gets silence.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/proto/pcm_port.h"

#define AUDIO_NAME      64 /* bytes of a name, NUL included */
#define AUDIO_TARGET    256
#define AUDIO_MAX_DUCKS 8 /* rules that quieten one stream */

struct recorder;
struct audio_stream;

/* Another stream quietens this one while it is heard, and `hold` longer. */
struct audio_duck {
	const struct audio_stream *when;
	float gain; /* 0..1 */
	uint64_t hold_ns;
};

struct audio_stream {
	/* fixed after set-up */
	char guest[AUDIO_NAME], name[AUDIO_NAME];
	char role[AUDIO_NAME]; /* media role: "Notification"; "" none */
	char target[AUDIO_TARGET]; /* sink or source to use; "" the default one */
	enum pcm_direction direction;
	uint32_t index; /* number in its device's messages */
	struct pcm_ring ring;
	int wake; /* the device's eventfd, borrowed */
	uint32_t n_ducks;
	struct audio_duck duck[AUDIO_MAX_DUCKS];
	struct recorder *recorder; /* NULL: not recorded; borrowed */
	uint32_t tap; /* its number there */

	/* settings; any thread */
	_Atomic uint32_t guest_milli, bench_milli; /* volumes, 1000 is unchanged */
	atomic_bool guest_mute, bench_mute;

	/* the run; written by the main thread under the lock */
	pthread_mutex_t lock;
	bool open;
	uint32_t run;
	struct pcm_params params;
	uint64_t mine; /* our counter of the ring */
	bool dry; /* the ring ran dry, and that was counted */
	float gain; /* as applied to the last frame */

	/* who pulls */
	atomic_bool backend_pulls; /* a sound server does; else the pacer */
	_Atomic uint64_t pulled_ns; /* host time of the last pull or push while running */
	_Atomic uint64_t loud_ns; /* host time at which it was heard last */
	_Atomic uint64_t frames, xruns;
	_Atomic uint64_t missed; /* times that the real-time thread found it being changed */
	_Atomic uint32_t turn; /* most frames moved at one go */
};

/* Sets everything to the state before the first run; the names, ring and wake are the caller's to
 * set. */
void audio_stream_init(struct audio_stream *s);
void audio_stream_fini(struct audio_stream *s);

/* A message of the device that is about this stream. Main thread. */
void audio_stream_message(struct audio_stream *s, const struct pcm_msg *m);

/* True while the device lets it run: *run is the number of its run. Takes the lock: for threads
 * that may wait. */
bool audio_stream_current(struct audio_stream *s, uint32_t *run, struct pcm_params *params);

/*
 * Playback: fills dst with `frames` frames in the run's own format: samples as far as there are,
 * then silence. False: it does not run (all of it is silence, and nothing was taken). Never blocks.
 */
bool audio_stream_pull(struct audio_stream *s, void *dst, uint32_t frames, uint64_t now_ns);
/* Capture: gives `frames` frames to the device; what it has no room for is lost and counted. */
void audio_stream_push(struct audio_stream *s, const void *src, uint32_t frames, uint64_t now_ns);
/* Time until the last frame of the next pull is heard, or since the last one of the next push was
 * said. */
void audio_stream_set_delay(struct audio_stream *s, uint64_t delay_ns);

/* True for a target "NAME.monitor": what the sink NAME plays is captured. */
bool audio_stream_monitor(const struct audio_stream *s, char name[static AUDIO_TARGET]);

/* The gain that focus leaves to a stream at that time: 1 where nobody is more important. */
float audio_stream_focus(const struct audio_stream *s, uint64_t now_ns);
