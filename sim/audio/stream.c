/* SPDX-License-Identifier: Apache-2.0 */
/* Samples on their way between a guest and the host's sound; see stream.h. */
#include "sim/audio/stream.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "sim/audio/recorder.h"
#include "sim/audio/sample.h"

/* A change of volume is spread over so long, so that it does not click; with a turn of the sound
 * server it is heard within 20 ms. */
#define RAMP_NS (8 * NS_PER_MS)
/* -60 dB of full scale: what is quieter is nobody's focus. */
#define LOUD 0.001f

void audio_stream_init(struct audio_stream *s)
{
	pthread_mutex_init(&s->lock, NULL);
	atomic_init(&s->guest_milli, 1000);
	atomic_init(&s->bench_milli, 1000);
	s->gain = 1;
}

void audio_stream_fini(struct audio_stream *s)
{
	pcm_ring_unmap(&s->ring);
	pthread_mutex_destroy(&s->lock);
}

/* Under the lock. */
static bool running(const struct audio_stream *s)
{
	return s->open && atomic_load(&s->ring.sh->running) == s->run;
}

bool audio_stream_current(struct audio_stream *s, uint32_t *run, struct pcm_params *params)
{
	bool yes;

	pthread_mutex_lock(&s->lock);
	yes = running(s);
	*run = s->run;
	*params = s->params;
	pthread_mutex_unlock(&s->lock);
	return yes;
}

static void bell(const struct audio_stream *s)
{
	uint64_t one = 1;

	/* Full means that it rings already. */
	if (write(s->wake, &one, sizeof(one)) < 0 && errno != EAGAIN)
		log_debug("%s.%s: its device cannot be woken", s->guest, s->name);
}

static _Atomic uint64_t *own_counter(struct audio_stream *s)
{
	return s->direction == PCM_PLAY ? &s->ring.sh->read : &s->ring.sh->written;
}

bool audio_stream_monitor(const struct audio_stream *s, char name[static AUDIO_TARGET])
{
	static const char end[] = ".monitor";
	size_t len = strlen(s->target);

	if (len < sizeof(end) || strcmp(s->target + len - (sizeof(end) - 1), end) != 0)
		return false;
	memcpy(name, s->target, sizeof(s->target));
	name[len - (sizeof(end) - 1)] = '\0';
	return true;
}

float audio_stream_focus(const struct audio_stream *s, uint64_t now_ns)
{
	float gain = 1;

	for (uint32_t i = 0; i < s->n_ducks; i++) {
		uint64_t loud = atomic_load(&s->duck[i].when->loud_ns);

		if (loud && now_ns < loud + s->duck[i].hold_ns)
			gain = MIN(gain, s->duck[i].gain);
	}
	return gain;
}

static float wanted_gain(const struct audio_stream *s, uint64_t now_ns)
{
	if (atomic_load(&s->guest_mute) || atomic_load(&s->bench_mute))
		return 0;
	return (float)atomic_load(&s->guest_milli) / 1000 *
	       ((float)atomic_load(&s->bench_milli) / 1000) * audio_stream_focus(s, now_ns);
}

static void open_run(struct audio_stream *s, const struct pcm_msg *m)
{
	s->run = m->run;
	s->params = m->params;
	s->dry = false;
	s->gain = wanted_gain(s, clock_now_ns());
	s->open = true;
	/* What was left of an earlier run is skipped. A position before ours would be a lie. */
	if (s->direction == PCM_PLAY && m->position >= s->mine) {
		s->mine = m->position;
		atomic_store_explicit(own_counter(s), s->mine, memory_order_release);
		bell(s); /* there may be more room now */
	}
}

void audio_stream_message(struct audio_stream *s, const struct pcm_msg *m)
{
	pthread_mutex_lock(&s->lock);
	switch (m->op) {
	case PCM_OPEN:
		open_run(s, m);
		break;
	case PCM_START:
		atomic_store(&s->pulled_ns, clock_now_ns());
		s->dry = false;
		break;
	case PCM_STOP:
		/* It ran dry because it was played to its end. */
		if (m->run == s->run && s->dry)
			atomic_fetch_sub(&s->xruns, 1);
		s->dry = false;
		break;
	case PCM_CLOSE:
		if (m->run == s->run)
			s->open = false;
		break;
	case PCM_VOLUME:
		atomic_store(&s->guest_milli, m->gain_milli);
		atomic_store(&s->guest_mute, m->mute);
		break;
	default:
		break;
	}
	pthread_mutex_unlock(&s->lock);
}

/* ---- samples ---- */

static float peak(const struct pcm_params *p, const uint8_t *at, uint32_t frames)
{
	uint32_t bytes = pcm_sample_bytes(p->format), n = frames * p->channels;
	float top = 0;

	for (uint32_t i = 0; i < n; i++)
		top = fmaxf(top, fabsf(sample_load(p->format, at + (size_t)i * bytes)));
	return top;
}

/* Brings the volume to `want`, a little with each frame. */
static void apply_gain(struct audio_stream *s, uint8_t *at, uint32_t frames, float want)
{
	const struct pcm_params *p = &s->params;
	float step = (float)NS_PER_S / ((float)p->rate_hz * (float)RAMP_NS);
	uint32_t bytes = pcm_sample_bytes(p->format);

	if (s->gain == 1 && want == 1)
		return;
	for (uint32_t i = 0; i < frames; i++) {
		if (s->gain < want)
			s->gain = fminf(want, s->gain + step);
		else if (s->gain > want)
			s->gain = fmaxf(want, s->gain - step);
		for (uint32_t c = 0; c < p->channels; c++, at += bytes)
			sample_scale(p->format, at, s->gain);
	}
}

/* Copies what the ring has; returns the frames. */
static uint32_t take(struct audio_stream *s, uint8_t *dst, uint32_t frames)
{
	uint32_t frame = pcm_frame_bytes(&s->params), want = frames * frame, got = 0;
	uint64_t written = atomic_load_explicit(&s->ring.sh->written, memory_order_acquire);
	uint32_t len;
	const void *from;

	/* Whole frames only: the rest of one comes with the next. */
	if (written > s->mine)
		want = MIN(want,
			(uint32_t)MIN(written - s->mine, (uint64_t)PCM_RING_BYTES) / frame * frame);
	while (got < want &&
		(from = pcm_ring_data(&s->ring, written, s->mine + got, &len)) != NULL) {
		len = MIN(len, want - got);
		memcpy(dst + got, from, len);
		got += len;
	}
	s->mine += got;
	return got / frame;
}

/* Publishes our counter and wakes the device where it wants that. */
static void publish(struct audio_stream *s, uint64_t now_ns, uint32_t moved, bool short_of)
{
	bool ring = false;

	atomic_store_explicit(own_counter(s), s->mine, memory_order_release);
	atomic_store(&s->pulled_ns, now_ns);
	atomic_fetch_add(&s->frames, moved);
	if (moved > atomic_load(&s->turn))
		atomic_store(&s->turn, moved);
	if (short_of && !s->dry) {
		atomic_fetch_add(&s->ring.sh->xruns, 1);
		atomic_fetch_add(&s->xruns, 1);
		ring = true;
	}
	s->dry = short_of;
	if (ring || s->mine >= atomic_load(&s->ring.sh->wake_at))
		bell(s);
}

bool audio_stream_pull(struct audio_stream *s, void *dst, uint32_t frames, uint64_t now_ns)
{
	uint32_t frame, got;
	uint8_t *at = dst;
	float want;

	if (pthread_mutex_trylock(&s->lock) != 0) {
		atomic_fetch_add(&s->missed, 1);
		return false;
	}
	if (!running(s)) {
		pthread_mutex_unlock(&s->lock);
		return false;
	}
	frame = pcm_frame_bytes(&s->params);
	got = take(s, at, frames);
	memset(at + (size_t)got * frame, 0, (size_t)(frames - got) * frame);
	publish(s, now_ns, got, got < frames);
	want = wanted_gain(s, now_ns);
	if (peak(&s->params, at, got) * fmaxf(s->gain, want) > LOUD)
		atomic_store(&s->loud_ns, now_ns);
	apply_gain(s, at, got, want);
	/* A gap is heard as one; after the last sample there is nothing to hear. */
	if (s->recorder && got > 0)
		recorder_put(s->recorder, s->tap, &s->params, s->run, at, frames, now_ns);
	pthread_mutex_unlock(&s->lock);
	return true;
}

void audio_stream_push(struct audio_stream *s, const void *src, uint32_t frames, uint64_t now_ns)
{
	uint32_t frame, bytes, put = 0, len;
	uint64_t read;
	void *to;

	if (pthread_mutex_trylock(&s->lock) != 0) {
		atomic_fetch_add(&s->missed, 1);
		return;
	}
	if (running(s)) {
		frame = pcm_frame_bytes(&s->params);
		read = atomic_load_explicit(&s->ring.sh->read, memory_order_acquire);
		bytes = frames * frame;
		if (s->mine - read <= PCM_RING_BYTES)
			bytes = MIN(bytes,
				(uint32_t)(PCM_RING_BYTES - (s->mine - read)) / frame * frame);
		while (put < bytes && (to = pcm_ring_room(&s->ring, s->mine, read, &len)) != NULL) {
			len = MIN(len, bytes - put);
			if (atomic_load(&s->bench_mute))
				memset(to, 0, len);
			else
				memcpy(to, (const uint8_t *)src + put, len);
			s->mine += len;
			put += len;
		}
		publish(s, now_ns, put / frame, put < frames * frame);
		if (s->recorder)
			recorder_put(s->recorder, s->tap, &s->params, s->run, src, frames, now_ns);
	}
	pthread_mutex_unlock(&s->lock);
}

void audio_stream_set_delay(struct audio_stream *s, uint64_t delay_ns)
{
	atomic_store_explicit(&s->ring.sh->delay_ns, (uint32_t)MIN(delay_ns, UINT64_C(4000000000)),
		memory_order_relaxed);
}
