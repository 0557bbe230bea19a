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
#include "base/log.h"
#include "sim/audio/monitor.h"
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
	/* Its next frame, counted from the pacer's start: what is at one place is heard at one
	 * time. */
	uint64_t place;
	struct monitor *monitor; /* of a stream that captures one; NULL: silence */
	char sink[AUDIO_TARGET]; /* whose monitor */
	bool told; /* that somebody cannot hear this run */
};
static_assert(TURN_FRAMES <= MONITOR_FRAMES, "a turn of a listener");

struct pacer {
	struct paced *p; /* those that play first: listeners hear them in the same turn */
	uint32_t n;
	uint64_t epoch_ns;
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

/* The place that a stream of this rate is to be at by then. */
static uint64_t place_at(const struct pacer *p, uint64_t rate, uint64_t now)
{
	uint64_t ns = now - p->epoch_ns;

	return ns / NS_PER_S * rate + ns % NS_PER_S * rate / NS_PER_S;
}

/* The stream is somebody else's, or nobody's. */
static void let_go(struct paced *q)
{
	q->run = 0;
	if (q->monitor)
		monitor_stop(q->monitor);
}

static void take_over(struct pacer *p, struct paced *q, uint32_t run,
	const struct pcm_params *params, uint64_t now)
{
	q->run = run;
	q->place = place_at(p, params->rate_hz, now);
	q->told = false;
	if (q->monitor)
		monitor_start(q->monitor, params, q->place);
	audio_stream_set_delay(q->s, 0);
}

/* Those that capture what this stream's sink plays. */
static void to_listeners(
	struct pacer *p, struct paced *q, const struct pcm_params *params, uint32_t frames)
{
	for (uint32_t i = 0; i < p->n; i++) {
		const struct paced *l = &p->p[i];

		if (!l->monitor || strcmp(l->sink, q->s->target) != 0 ||
			monitor_add(l->monitor, params, q->place, p->samples, frames) || q->told)
			continue;
		log_warn("%s.%s does not hear %s.%s, which plays at another rate (%u Hz)",
			l->s->guest, l->s->name, q->s->guest, q->s->name, params->rate_hz);
		q->told = true;
	}
}

static void move(struct pacer *p, struct paced *q, const struct pcm_params *params, uint32_t frames,
	uint64_t now)
{
	struct audio_stream *s = q->s;

	if (s->direction == PCM_PLAY) {
		if (audio_stream_pull(s, p->samples, frames, now))
			to_listeners(p, q, params, frames);
	} else {
		if (q->monitor)
			monitor_take(q->monitor, p->samples, frames);
		else
			memset(p->samples, 0, (size_t)frames * pcm_frame_bytes(params));
		audio_stream_push(s, p->samples, frames, now);
	}
	q->place += frames;
}

/* What a stream needs of the pacer. */
enum need { NOTHING, WATCH, PACE };

static enum need turn(struct pacer *p, struct paced *q, uint64_t now)
{
	struct audio_stream *s = q->s;
	struct pcm_params params;
	uint64_t due;
	uint32_t run;

	if (!atomic_load(&s->ring.sh->running)) {
		let_go(q);
		return NOTHING;
	}
	/* Without the stream's lock: the sound server's thread would find it taken, and not wait.
	 */
	if (q->run == 0 && !is_mine(p, s, now))
		return WATCH;
	/* The sound server is back: it goes on from here. */
	if (atomic_load(&s->backend_pulls)) {
		let_go(q);
		return WATCH;
	}
	if (!audio_stream_current(s, &run, &params)) {
		let_go(q);
		return NOTHING;
	}
	if (q->run != run) {
		if (!is_mine(p, s, now)) {
			let_go(q);
			return WATCH;
		}
		take_over(p, q, run, &params, now);
	}
	due = place_at(p, params.rate_hz, now);
	if (due > q->place)
		move(p, q, &params, (uint32_t)MIN(due - q->place, (uint64_t)TURN_FRAMES), now);
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

static void free_all(struct pacer *p)
{
	for (uint32_t i = 0; p->p && i < p->n; i++)
		monitor_free(p->p[i].monitor);
	free(p->p);
	free(p->samples);
	free(p);
}

static int add(struct paced *q, struct audio_stream *s)
{
	q->s = s;
	if (s->direction == PCM_CAPTURE && audio_stream_monitor(s, q->sink))
		return monitor_new(&q->monitor);
	return 0;
}

int pacer_new(struct pacer **out, struct audio_stream *const *streams, uint32_t n,
	const atomic_bool *connected)
{
	static const enum pcm_direction order[] = { PCM_PLAY, PCM_CAPTURE };
	struct pacer *p = calloc(1, sizeof(*p));
	struct paced *next;
	int rc;

	if (!p)
		return -ENOMEM;
	p->n = n;
	p->connected = connected;
	p->epoch_ns = clock_now_ns();
	p->p = next = calloc(MAX(n, 1u), sizeof(*p->p));
	p->samples = malloc(TURN_BYTES);
	rc = p->p && p->samples ? 0 : -ENOMEM;
	for (uint32_t d = 0; d < ARRAY_SIZE(order); d++) {
		for (uint32_t i = 0; i < n && rc == 0; i++) {
			if (streams[i]->direction == order[d])
				rc = add(next++, streams[i]);
		}
	}
	sem_init(&p->wake, 0, 0);
	if (rc == 0)
		rc = -pthread_create(&p->thread, NULL, thread_main, p);
	if (rc < 0) {
		free_all(p);
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
	free_all(p);
}
