/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PulseAudio: one stream of the server per stream of a guest, in the guest's own format. Samples
 * are taken in libpulse's thread. Two contexts, because a server that is PipeWire's does not serve
 * both directions on one. When the server ends, everything is thrown away and tried again.
 */
#include <errno.h>
#include <pulse/pulseaudio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* libpulse has macros of its own by these names. */
#undef MIN
#undef MAX
#include "base/clock.h"
#include "base/log.h"
#include "sim/audio/backend.h"
#include "sim/audio/urgent.h"

#define RETRY_NS  (500 * NS_PER_MS)
#define LINGER_NS (500 * NS_PER_MS)
/* A server that is there answers a connection in so long. */
#define CONNECT_NS (2 * NS_PER_S)

enum { PLAY, CAPTURE, SIDES };

struct node {
	struct pulse_backend *b;
	struct audio_stream *s;
	pa_stream *pa; /* NULL: none (yet) */
	struct pcm_params params;
	bool wanted, active;
	struct ev_timer linger;
};

struct pulse_backend {
	struct ev_loop *loop;
	atomic_bool *connected;
	pa_threaded_mainloop *thread;
	pa_context *context[SIDES];
	bool ready[SIDES]; /* under the thread's lock */
	struct ev_timer retry;
	uint32_t n;
	struct node *node;
};

static struct pulse_backend *own(struct audio_backend *b)
{
	return (struct pulse_backend *)b;
}

static int side_of(const struct node *n)
{
	return n->s->direction == PCM_PLAY ? PLAY : CAPTURE;
}

/* ---- libpulse's thread ---- */

/* `frames`: that are written now. */
static void told_time(struct node *n, size_t frames)
{
	pa_usec_t us = 0;
	int negative = 0;

	if (pa_stream_get_latency(n->pa, &us, &negative) == 0 && !negative)
		audio_stream_set_delay(
			n->s, us * NS_PER_US + frames * NS_PER_S / n->params.rate_hz);
}

static void on_write(pa_stream *pa, size_t bytes, void *data)
{
	struct node *n = data;
	uint32_t frame = pcm_frame_bytes(&n->params);
	void *to = NULL;
	size_t room = bytes / frame * frame;

	atomic_store(&n->s->backend_pulls, true);
	if (room == 0 || pa_stream_begin_write(pa, &to, &room) < 0 || !to)
		return;
	room = room / frame * frame;
	told_time(n, room / frame);
	if (!audio_stream_pull(n->s, to, (uint32_t)(room / frame), clock_now_ns()))
		memset(to, 0, room);
	if (pa_stream_write(pa, to, room, NULL, 0, PA_SEEK_RELATIVE) < 0)
		log_debug("PulseAudio: %s", pa_strerror(pa_context_errno(n->b->context[PLAY])));
}

static void on_read(pa_stream *pa, size_t bytes, void *data)
{
	struct node *n = data;
	uint32_t frame = pcm_frame_bytes(&n->params);
	const void *from;
	size_t len;

	(void)bytes;
	atomic_store(&n->s->backend_pulls, true);
	told_time(n, 0);
	while (pa_stream_readable_size(pa) >= frame && pa_stream_peek(pa, &from, &len) == 0 &&
		len) {
		if (from)
			audio_stream_push(n->s, from, (uint32_t)(len / frame), clock_now_ns());
		pa_stream_drop(pa);
	}
}

static void cork(struct node *n, int corked)
{
	pa_operation *o;

	if (!n->pa || pa_stream_get_state(n->pa) != PA_STREAM_READY)
		return;
	o = pa_stream_cork(n->pa, corked, NULL, NULL);
	if (o)
		pa_operation_unref(o);
}

static void on_stream_state(pa_stream *pa, void *data)
{
	struct node *n = data;
	pa_stream_state_t state = pa_stream_get_state(pa);

	if (state == PA_STREAM_FAILED) {
		log_warn("%s.%s: PulseAudio takes no stream: %s", n->s->guest, n->s->name,
			pa_strerror(pa_context_errno(pa_stream_get_context(pa))));
	}
	if (state != PA_STREAM_READY)
		atomic_store(&n->s->backend_pulls, false);
	else if (n->active)
		/* It was started while the server made it. */
		cork(n, 0);
}

/* A stream that nobody wants any more while the server still makes it: it can only be taken down
 * when it is there. */
static void on_orphan_state(pa_stream *pa, void *data)
{
	(void)data;
	if (pa_stream_get_state(pa) == PA_STREAM_READY)
		pa_stream_disconnect(pa);
}

static void make_node(struct node *n);

static void on_begin(pa_mainloop_api *api, void *data)
{
	(void)api;
	(void)data;
	(void)audio_go_first();
}

static void on_context_state(pa_context *c, void *data)
{
	struct pulse_backend *b = data;
	pa_context_state_t state = pa_context_get_state(c);

	for (int side = 0; side < SIDES; side++) {
		if (b->context[side] == c)
			b->ready[side] = state == PA_CONTEXT_READY;
	}
	if (state == PA_CONTEXT_FAILED || state == PA_CONTEXT_TERMINATED) {
		if (atomic_exchange(b->connected, false))
			log_warn("PulseAudio has ended; guests play into nothing until it is back");
		for (uint32_t i = 0; i < b->n; i++)
			atomic_store(&b->node[i].s->backend_pulls, false);
	}
	if (b->ready[PLAY] && b->ready[CAPTURE] && !atomic_exchange(b->connected, true)) {
		for (uint32_t i = 0; i < b->n; i++) {
			if (b->node[i].wanted && !b->node[i].pa)
				make_node(&b->node[i]);
		}
	}
}

/* ---- nodes; with the thread's lock held ---- */

static pa_sample_format_t pa_format(enum pcm_format f)
{
	static const pa_sample_format_t of[PCM_FORMATS] = { PA_SAMPLE_S16LE, PA_SAMPLE_S24_32LE,
		PA_SAMPLE_S32LE, PA_SAMPLE_FLOAT32LE };

	return of[f];
}

static void drop_node(struct node *n)
{
	if (!n->pa)
		return;
	pa_stream_set_write_callback(n->pa, NULL, NULL);
	pa_stream_set_read_callback(n->pa, NULL, NULL);
	if (pa_stream_get_state(n->pa) == PA_STREAM_CREATING) {
		pa_stream_set_state_callback(n->pa, on_orphan_state, NULL);
	} else {
		pa_stream_set_state_callback(n->pa, NULL, NULL);
		pa_stream_disconnect(n->pa);
	}
	pa_stream_unref(n->pa);
	n->pa = NULL;
	atomic_store(&n->s->backend_pulls, false);
}

static pa_proplist *properties(const struct node *n)
{
	pa_proplist *p = pa_proplist_new();
	char role[AUDIO_NAME];
	size_t i;

	pa_proplist_sets(p, PA_PROP_APPLICATION_NAME, "Dyno");
	/* Its roles are PipeWire's in lower case; "event" stands for a notification. */
	for (i = 0; n->s->role[i]; i++)
		role[i] = (char)(n->s->role[i] | 0x20);
	role[i] = 0;
	if (role[0])
		pa_proplist_sets(
			p, PA_PROP_MEDIA_ROLE, strcmp(role, "notification") == 0 ? "event" : role);
	return p;
}

static void make_node(struct node *n)
{
	const pa_sample_spec spec = { pa_format(n->params.format), n->params.rate_hz,
		(uint8_t)n->params.channels };
	uint32_t frame = pcm_frame_bytes(&n->params), ms = n->params.rate_hz / 1000 * frame;
	/* Half a period at a time, and no more than 5 ms: 20 ms of each stream lie in the server,
	 * so that what one has to do with another, by focus, is heard at the same time. */
	uint32_t turn = MAX(MIN(n->params.period_bytes / 2, 5 * ms), frame);
	pa_buffer_attr attr = { .maxlength = UINT32_MAX,
		.tlength = 4 * turn,
		.prebuf = 0,
		.minreq = turn,
		.fragsize = turn };
	pa_stream_flags_t flags = PA_STREAM_AUTO_TIMING_UPDATE | PA_STREAM_INTERPOLATE_TIMING |
				  PA_STREAM_ADJUST_LATENCY |
				  (n->active ? 0 : PA_STREAM_START_CORKED);
	const char *target = n->s->target[0] ? n->s->target : NULL;
	pa_proplist *props = properties(n);
	pa_channel_map map;
	char name[2 * AUDIO_NAME + 8];
	int rc;

	snprintf(name, sizeof(name), "dyno.%s.%s", n->s->guest, n->s->name);
	pa_channel_map_init_extend(&map, spec.channels, PA_CHANNEL_MAP_ALSA);
	n->pa = pa_stream_new_with_proplist(n->b->context[side_of(n)], name, &spec, &map, props);
	pa_proplist_free(props);
	if (!n->pa)
		return;
	pa_stream_set_state_callback(n->pa, on_stream_state, n);
	if (n->s->direction == PCM_PLAY) {
		pa_stream_set_write_callback(n->pa, on_write, n);
		rc = pa_stream_connect_playback(n->pa, target, &attr, flags, NULL, NULL);
	} else {
		pa_stream_set_read_callback(n->pa, on_read, n);
		rc = pa_stream_connect_record(n->pa, target, &attr, flags);
	}
	if (rc < 0) {
		log_warn("%s: PulseAudio takes no stream", name);
		drop_node(n);
	}
}

static void disconnect(struct pulse_backend *b)
{
	for (uint32_t i = 0; i < b->n; i++)
		drop_node(&b->node[i]);
	for (int side = 0; side < SIDES; side++) {
		if (!b->context[side])
			continue;
		pa_context_set_state_callback(b->context[side], NULL, NULL);
		pa_context_disconnect(b->context[side]);
		pa_context_unref(b->context[side]);
		b->context[side] = NULL;
		b->ready[side] = false;
	}
}

static void connect_now(struct pulse_backend *b)
{
	for (int side = 0; side < SIDES; side++) {
		b->context[side] = pa_context_new(pa_threaded_mainloop_get_api(b->thread), "Dyno");
		if (!b->context[side])
			continue;
		pa_context_set_state_callback(b->context[side], on_context_state, b);
		if (pa_context_connect(b->context[side], NULL, PA_CONTEXT_NOAUTOSPAWN, NULL) < 0)
			log_debug("PulseAudio: no connection");
	}
}

static bool failed(const struct pulse_backend *b)
{
	for (int side = 0; side < SIDES; side++) {
		if (!b->context[side] ||
			!PA_CONTEXT_IS_GOOD(pa_context_get_state(b->context[side])))
			return true;
	}
	return false;
}

static void on_retry(struct ev_timer *t, uint64_t now_ns)
{
	struct pulse_backend *b = t->data;

	pa_threaded_mainloop_lock(b->thread);
	if (!atomic_load(b->connected) && failed(b)) {
		disconnect(b);
		connect_now(b);
	}
	pa_threaded_mainloop_unlock(b->thread);
	ev_timer_at(t, now_ns + RETRY_NS);
}

static void on_linger(struct ev_timer *t, uint64_t now_ns)
{
	struct node *n = t->data;

	(void)now_ns;
	pa_threaded_mainloop_lock(n->b->thread);
	n->active = false;
	cork(n, 1);
	pa_threaded_mainloop_unlock(n->b->thread);
}

/* ---- ops ---- */

static void pulse_free(struct audio_backend *ab)
{
	struct pulse_backend *b = own(ab);

	ev_timer_fini(&b->retry);
	for (uint32_t i = 0; i < b->n; i++)
		ev_timer_fini(&b->node[i].linger);
	if (b->thread) {
		pa_threaded_mainloop_lock(b->thread);
		disconnect(b);
		pa_threaded_mainloop_unlock(b->thread);
		pa_threaded_mainloop_stop(b->thread);
		pa_threaded_mainloop_free(b->thread);
	}
	free(b->node);
	free(b);
}

/* Waits until both contexts are there, one failed, or the server was given enough time. */
static bool await(struct pulse_backend *b)
{
	const struct timespec nap = { .tv_nsec = 2000000 };
	uint64_t until = clock_now_ns() + CONNECT_NS;

	while (!atomic_load(b->connected) && !failed(b) && clock_now_ns() < until) {
		pa_threaded_mainloop_unlock(b->thread);
		nanosleep(&nap, NULL);
		pa_threaded_mainloop_lock(b->thread);
	}
	return atomic_load(b->connected);
}

static int pulse_open(struct audio_backend **out, struct ev_loop *loop,
	struct audio_stream *const *streams, uint32_t n, atomic_bool *connected, bool must,
	struct err *e)
{
	struct pulse_backend *b = calloc(1, sizeof(*b));
	bool there = false;
	int rc;

	if (!b)
		return err_errno(e, ENOMEM, "PulseAudio");
	b->loop = loop;
	b->connected = connected;
	b->node = calloc(MAX(n, 1u), sizeof(*b->node));
	b->thread = pa_threaded_mainloop_new();
	rc = b->node && b->thread ? ev_timer_init(loop, &b->retry, on_retry, b) : -ENOMEM;
	for (uint32_t i = 0; i < n && rc == 0; i++) {
		b->node[i] = (struct node){ .b = b, .s = streams[i] };
		b->n++;
		rc = ev_timer_init(loop, &b->node[i].linger, on_linger, &b->node[i]);
	}
	if (rc == 0 && pa_threaded_mainloop_start(b->thread) < 0)
		rc = -ENOMEM;
	if (rc < 0) {
		pulse_free((struct audio_backend *)b);
		return err_errno(e, -rc, "PulseAudio's library cannot be started");
	}
	pa_threaded_mainloop_lock(b->thread);
	pa_mainloop_api_once(pa_threaded_mainloop_get_api(b->thread), on_begin, b);
	connect_now(b);
	there = await(b);
	pa_threaded_mainloop_unlock(b->thread);
	if (!there && must) {
		pulse_free((struct audio_backend *)b);
		return err_set(e, -ECONNREFUSED, "no PulseAudio is running here");
	}
	ev_timer_at(&b->retry, clock_now_ns() + RETRY_NS);
	*out = (struct audio_backend *)b;
	return 0;
}

static void pulse_prepare(struct audio_backend *ab, uint32_t i, const struct pcm_params *p)
{
	struct pulse_backend *b = own(ab);
	struct node *n = &b->node[i];

	pa_threaded_mainloop_lock(b->thread);
	if (!n->wanted || !n->pa || memcmp(&n->params, p, sizeof(*p)) != 0) {
		drop_node(n);
		n->wanted = true;
		n->active = false;
		n->params = *p;
		if (atomic_load(b->connected))
			make_node(n);
	}
	pa_threaded_mainloop_unlock(b->thread);
}

static void pulse_start(struct audio_backend *ab, uint32_t i)
{
	struct pulse_backend *b = own(ab);
	struct node *n = &b->node[i];

	ev_timer_stop(&n->linger);
	pa_threaded_mainloop_lock(b->thread);
	n->active = true;
	cork(n, 0);
	pa_threaded_mainloop_unlock(b->thread);
}

static void pulse_stop(struct audio_backend *ab, uint32_t i)
{
	struct node *n = &own(ab)->node[i];

	if (!n->linger.deadline_ns)
		ev_timer_at(&n->linger, clock_now_ns() + LINGER_NS);
}

const struct audio_backend_ops audio_pulse = {
	.name = "pulse",
	.open = pulse_open,
	.prepare = pulse_prepare,
	.start = pulse_start,
	.stop = pulse_stop,
	.free = pulse_free,
};
