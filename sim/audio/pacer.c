/* SPDX-License-Identifier: Apache-2.0 */
/* The clock of streams without a sound server; see pacer.h. */
#include "sim/audio/pacer.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "sim/audio/urgent.h"

#define TURN_NS (2500 * NS_PER_US)
/* How often it looks whether a sound server still pulls. */
#define WATCH_NS (20 * NS_PER_MS)
/* A sound server that is there, but does not pull a running stream for so long, is stuck. */
#define GRACE_NS (250 * NS_PER_MS)
/* Most frames of one turn: after a stall of the host the rest is made up for in the next turns. */
#define TURN_FRAMES 8192u
#define TURN_BYTES  (TURN_FRAMES * PCM_MAX_CHANNELS * 4u)

struct paced {
	struct audio_stream *s;
	uint32_t run; /* that it paces; 0: none */
	uint64_t since_ns, frames; /* paced since then */
};

struct pacer {
	struct paced *p;
	uint32_t n;
	const atomic_bool *connected;
	pthread_t thread;
	sem_t wake;
	atomic_bool stop, urgent;
	uint8_t *samples;
};

/* True when the stream is the pacer's now. */
static bool is_mine(const struct pacer *p, struct audio_stream *s, uint64_t now)
{
	uint64_t pulled;

	if (!atomic_load(p->connected))
		return true;
	pulled = atomic_load(&s->pulled_ns);
	if (now > pulled + GRACE_NS && atomic_load(&s->backend_pulls))
		atomic_store(&s->backend_pulls, false);
	return !atomic_load(&s->backend_pulls) && now > pulled + GRACE_NS;
}

/* What a stream is owed at that time. */
static uint64_t due(const struct paced *q, uint64_t rate, uint64_t now)
{
	uint64_t ns = now - q->since_ns;

	return ns / NS_PER_S * rate + ns % NS_PER_S * rate / NS_PER_S - q->frames;
}

/* What a stream needs of the pacer. */
enum need { NOTHING, WATCH, PACE };

static enum need turn(struct pacer *p, struct paced *q, uint64_t now)
{
	struct audio_stream *s = q->s;
	struct pcm_params params;
	uint32_t frames, run;

	if (!atomic_load(&s->ring.sh->running)) {
		q->run = 0;
		return NOTHING;
	}
	/* Without the stream's lock: the sound server's thread would find it taken, and not wait.
	 */
	if (q->run == 0 && !is_mine(p, s, now))
		return WATCH;
	/* The sound server is back: it goes on from here. */
	if (atomic_load(&s->backend_pulls)) {
		q->run = 0;
		return WATCH;
	}
	if (!audio_stream_current(s, &run, &params)) {
		q->run = 0;
		return NOTHING;
	}
	if (q->run != run) {
		if (!is_mine(p, s, now)) {
			q->run = 0;
			return WATCH;
		}
		*q = (struct paced){ .s = s, .run = run, .since_ns = now };
		audio_stream_set_delay(s, 0);
	}
	frames = (uint32_t)MIN(due(q, params.rate_hz, now), (uint64_t)TURN_FRAMES);
	q->frames += frames;
	if (frames && s->direction == PCM_PLAY) {
		audio_stream_pull(s, p->samples, frames, now);
	} else if (frames) {
		memset(p->samples, 0, (size_t)frames * pcm_frame_bytes(&params));
		audio_stream_push(s, p->samples, frames, now);
	}
	return PACE;
}

/* Until then, or until pacer_wake(). */
static void rest_until(struct pacer *p, uint64_t ns)
{
	const struct timespec at = { (time_t)(ns / NS_PER_S), (long)(ns % NS_PER_S) };

	while (sem_clockwait(&p->wake, CLOCK_MONOTONIC, &at) < 0 && errno == EINTR)
		;
}

static void *thread_main(void *arg)
{
	struct pacer *p = arg;
	uint64_t next = 0;

	atomic_store(&p->urgent, audio_go_first());
	while (!atomic_load(&p->stop)) {
		uint64_t now = clock_now_ns();
		enum need most = NOTHING;

		for (uint32_t i = 0; i < p->n; i++)
			most = MAX(most, turn(p, &p->p[i], now));
		if (most == PACE) {
			next = MAX(next + TURN_NS, now);
			rest_until(p, next);
			continue;
		}
		next = 0;
		if (most == WATCH)
			rest_until(p, now + WATCH_NS);
		while (most == NOTHING && sem_wait(&p->wake) < 0 && errno == EINTR)
			;
	}
	return NULL;
}

int pacer_new(struct pacer **out, struct audio_stream *const *streams, uint32_t n,
	const atomic_bool *connected)
{
	struct pacer *p = calloc(1, sizeof(*p));
	int rc = -ENOMEM;

	if (!p)
		return rc;
	p->n = n;
	p->connected = connected;
	p->p = calloc(MAX(n, 1u), sizeof(*p->p));
	p->samples = malloc(TURN_BYTES);
	sem_init(&p->wake, 0, 0);
	if (p->p && p->samples) {
		for (uint32_t i = 0; i < n; i++)
			p->p[i].s = streams[i];
		rc = -pthread_create(&p->thread, NULL, thread_main, p);
	}
	if (rc < 0) {
		free(p->p);
		free(p->samples);
		free(p);
		return rc;
	}
	*out = p;
	return 0;
}

bool pacer_urgent(const struct pacer *p)
{
	return atomic_load(&p->urgent);
}

void pacer_wake(struct pacer *p)
{
	sem_post(&p->wake);
}

void pacer_free(struct pacer *p)
{
	if (!p)
		return;
	atomic_store(&p->stop, true);
	pacer_wake(p);
	pthread_join(p->thread, NULL);
	sem_destroy(&p->wake);
	free(p->p);
	free(p->samples);
	free(p);
}
