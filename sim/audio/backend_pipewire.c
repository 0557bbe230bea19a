/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PipeWire: one node per stream of a guest, in the guest's own format; the daemon converts and
 * mixes. Samples are taken in PipeWire's real-time thread. When the daemon ends, everything of it
 * is thrown away and tried again twice a second.
 */
#include <errno.h>
#include <pipewire/pipewire.h>
#include <spa/param/audio/format-utils.h>
#include <spa/param/latency-utils.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "sim/audio/backend.h"

#define RETRY_NS (500 * NS_PER_MS)
/* A stream that stopped is kept running so long: its last samples are still under way. */
#define LINGER_NS (500 * NS_PER_MS)
#define POD_BYTES 1024

struct node {
	struct pw_backend *b;
	struct audio_stream *s;
	struct pw_stream *pw; /* NULL: none (yet) */
	struct spa_hook hook;
	struct pcm_params params; /* that it was made or is to be made with */
	bool wanted; /* it was prepared */
	bool active; /* it is to run */
	struct ev_timer linger;
};

/* The common type of all back ends is not needed here: one struct of its own. */
struct pw_backend {
	struct ev_loop *loop;
	atomic_bool *connected;
	struct pw_thread_loop *thread;
	struct pw_context *context;
	struct pw_core *core;
	struct spa_hook core_hook;
	struct ev_timer retry;
	uint32_t n;
	struct node *node;
};

static struct pw_backend *own(struct audio_backend *b)
{
	return (struct pw_backend *)b;
}

/* ---- PipeWire's threads ---- */

/* `frames`: that a turn takes. */
static void told_time(struct node *n, uint32_t frames)
{
	struct pw_time t;
	int64_t ticks;

	if (pw_stream_get_time_n(n->pw, &t, sizeof(t)) < 0 || t.rate.denom == 0)
		return;
	ticks = t.delay > 0 ? t.delay : 0;
	/* Of the stream's own frames there are some in the converter yet. The last of this turn are
	 * heard as much later than the first as there are of them. */
	audio_stream_set_delay(n->s, (uint64_t)ticks * NS_PER_S * t.rate.num / t.rate.denom +
					     (t.buffered + frames) * NS_PER_S / n->params.rate_hz);
}

static void on_process(void *data)
{
	struct node *n = data;
	struct pw_buffer *pb = pw_stream_dequeue_buffer(n->pw);
	uint32_t frame = pcm_frame_bytes(&n->params), frames;
	uint64_t now = clock_now_ns();
	struct spa_data *d;

	if (!pb)
		return;
	d = &pb->buffer->datas[0];
	if (!d->data || !d->chunk) {
		pw_stream_queue_buffer(n->pw, pb);
		return;
	}
	atomic_store(&n->s->backend_pulls, true);
	if (n->s->direction == PCM_PLAY) {
		frames = d->maxsize / frame;
		if (pb->requested)
			frames = (uint32_t)MIN(pb->requested, (uint64_t)frames);
		told_time(n, frames);
		if (!audio_stream_pull(n->s, d->data, frames, now))
			memset(d->data, 0, (size_t)frames * frame);
		d->chunk->offset = 0;
		d->chunk->stride = (int32_t)frame;
		d->chunk->size = frames * frame;
	} else {
		uint32_t off = MIN(d->chunk->offset, d->maxsize);
		uint32_t size = MIN(d->chunk->size, d->maxsize - off);

		told_time(n, 0);
		audio_stream_push(n->s, (const uint8_t *)d->data + off, size / frame, now);
	}
	pw_stream_queue_buffer(n->pw, pb);
}

static void on_state(
	void *data, enum pw_stream_state old, enum pw_stream_state state, const char *error)
{
	struct node *n = data;

	(void)old;
	if (state == PW_STREAM_STATE_ERROR)
		log_warn("%s.%s: PipeWire: %s", n->s->guest, n->s->name, error ? error : "error");
	if (state != PW_STREAM_STATE_STREAMING)
		atomic_store(&n->s->backend_pulls, false);
}

static const struct pw_stream_events stream_events = {
	PW_VERSION_STREAM_EVENTS,
	.process = on_process,
	.state_changed = on_state,
};

static void on_core_error(void *data, uint32_t id, int seq, int res, const char *message)
{
	struct pw_backend *b = data;

	(void)seq;
	if (id != PW_ID_CORE || res != -EPIPE) {
		log_debug("PipeWire: %s", message);
		return;
	}
	/* The daemon has ended; the main thread finds this and takes everything down. */
	if (atomic_exchange(b->connected, false))
		log_warn("PipeWire has ended; guests play into nothing until it is back");
	for (uint32_t i = 0; i < b->n; i++)
		atomic_store(&b->node[i].s->backend_pulls, false);
}

static const struct pw_core_events core_events = {
	PW_VERSION_CORE_EVENTS,
	.error = on_core_error,
};

/* ---- nodes; main thread, with the loop's lock held ---- */

static enum spa_audio_format spa_format(enum pcm_format f)
{
	static const enum spa_audio_format of[PCM_FORMATS] = { SPA_AUDIO_FORMAT_S16,
		SPA_AUDIO_FORMAT_S24_32, SPA_AUDIO_FORMAT_S32, SPA_AUDIO_FORMAT_F32 };

	return of[f];
}

static void positions(struct spa_audio_info_raw *info)
{
	static const uint32_t wide[] = { SPA_AUDIO_CHANNEL_FL, SPA_AUDIO_CHANNEL_FR,
		SPA_AUDIO_CHANNEL_RL, SPA_AUDIO_CHANNEL_RR, SPA_AUDIO_CHANNEL_FC,
		SPA_AUDIO_CHANNEL_LFE, SPA_AUDIO_CHANNEL_SL, SPA_AUDIO_CHANNEL_SR };

	if (info->channels % 2 == 0)
		memcpy(info->position, wide, info->channels * sizeof(wide[0]));
	else if (info->channels > 1)
		info->flags |= SPA_AUDIO_FLAG_UNPOSITIONED;
	else
		info->position[0] = SPA_AUDIO_CHANNEL_MONO;
}

static struct pw_properties *properties(const struct node *n)
{
	bool play = n->s->direction == PCM_PLAY;
	uint32_t period = n->params.period_bytes / pcm_frame_bytes(&n->params);
	/* Turns below a period, so that a guest's position moves in steps below one, and of 11 ms
	 * at most, so that focus is heard within 20; the server takes the next smaller power of
	 * two. Shorter ones are missed on a busy host. */
	uint32_t turn = MAX(MIN(period * 3 / 4, n->params.rate_hz / 90), 32u);
	char target[AUDIO_TARGET];
	struct pw_properties *p =
		pw_properties_new(PW_KEY_MEDIA_TYPE, "Audio", PW_KEY_MEDIA_CATEGORY,
			play ? "Playback" : "Capture", PW_KEY_APP_NAME, "Dyno", NULL);

	if (!p)
		return NULL;
	pw_properties_setf(p, PW_KEY_NODE_NAME, "dyno.%s.%s", n->s->guest, n->s->name);
	pw_properties_setf(p, PW_KEY_NODE_DESCRIPTION, "%s: %s", n->s->guest, n->s->name);
	pw_properties_setf(p, PW_KEY_NODE_LATENCY, "%u/%u", turn, n->params.rate_hz);
	if (n->s->role[0])
		pw_properties_set(p, PW_KEY_MEDIA_ROLE, n->s->role);
	/* What a sink plays is a source of its own name here, not one by the name that PulseAudio
	 * gives it. */
	if (!play && audio_stream_monitor(n->s, target))
		pw_properties_set(p, PW_KEY_STREAM_CAPTURE_SINK, "true");
	else
		memcpy(target, n->s->target, sizeof(target));
	if (target[0])
		pw_properties_set(p, PW_KEY_TARGET_OBJECT, target);
	return p;
}

static void drop_node(struct node *n)
{
	if (!n->pw)
		return;
	spa_hook_remove(&n->hook);
	pw_stream_destroy(n->pw);
	n->pw = NULL;
	atomic_store(&n->s->backend_pulls, false);
}

static void make_node(struct node *n)
{
	uint8_t buf[POD_BYTES];
	struct spa_pod_builder pod = SPA_POD_BUILDER_INIT(buf, sizeof(buf));
	struct spa_audio_info_raw info = { .format = spa_format(n->params.format),
		.rate = n->params.rate_hz,
		.channels = n->params.channels };
	const struct spa_pod *param;
	unsigned int flags = PW_STREAM_FLAG_AUTOCONNECT | PW_STREAM_FLAG_MAP_BUFFERS |
			     PW_STREAM_FLAG_RT_PROCESS | PW_STREAM_FLAG_DONT_RECONNECT |
			     (n->active ? 0u : (unsigned int)PW_STREAM_FLAG_INACTIVE);

	/* Without a target a stream follows the default device. */
	if (!n->s->target[0])
		flags &= ~(unsigned int)PW_STREAM_FLAG_DONT_RECONNECT;
	positions(&info);
	param = spa_format_audio_raw_build(&pod, SPA_PARAM_EnumFormat, &info);
	n->pw = pw_stream_new(n->b->core, n->s->name, properties(n));
	if (!n->pw)
		return;
	pw_stream_add_listener(n->pw, &n->hook, &stream_events, n);
	if (pw_stream_connect(n->pw,
		    n->s->direction == PCM_PLAY ? PW_DIRECTION_OUTPUT : PW_DIRECTION_INPUT,
		    PW_ID_ANY, (enum pw_stream_flags)flags, &param, 1) < 0) {
		log_warn("%s.%s: PipeWire takes no stream", n->s->guest, n->s->name);
		drop_node(n);
	}
}

static void disconnect(struct pw_backend *b)
{
	for (uint32_t i = 0; i < b->n; i++)
		drop_node(&b->node[i]);
	if (b->core) {
		spa_hook_remove(&b->core_hook);
		pw_core_disconnect(b->core);
	}
	b->core = NULL;
}

static bool connect_now(struct pw_backend *b)
{
	b->core = pw_context_connect(b->context, NULL, 0);
	if (!b->core)
		return false;
	spa_zero(b->core_hook);
	pw_core_add_listener(b->core, &b->core_hook, &core_events, b);
	atomic_store(b->connected, true);
	for (uint32_t i = 0; i < b->n; i++) {
		if (b->node[i].wanted)
			make_node(&b->node[i]);
	}
	return true;
}

static void on_retry(struct ev_timer *t, uint64_t now_ns)
{
	struct pw_backend *b = t->data;

	if (!atomic_load(b->connected)) {
		pw_thread_loop_lock(b->thread);
		disconnect(b);
		if (connect_now(b))
			log_info("PipeWire is there");
		pw_thread_loop_unlock(b->thread);
	}
	ev_timer_at(t, now_ns + RETRY_NS);
}

static void on_linger(struct ev_timer *t, uint64_t now_ns)
{
	struct node *n = t->data;

	(void)now_ns;
	n->active = false;
	pw_thread_loop_lock(n->b->thread);
	if (n->pw)
		pw_stream_set_active(n->pw, false);
	pw_thread_loop_unlock(n->b->thread);
}

/* ---- ops ---- */

static void pipewire_free(struct audio_backend *ab)
{
	struct pw_backend *b = own(ab);

	ev_timer_fini(&b->retry);
	for (uint32_t i = 0; i < b->n; i++)
		ev_timer_fini(&b->node[i].linger);
	if (b->thread) {
		pw_thread_loop_lock(b->thread);
		disconnect(b);
		pw_thread_loop_unlock(b->thread);
		pw_thread_loop_stop(b->thread);
	}
	if (b->context)
		pw_context_destroy(b->context);
	if (b->thread)
		pw_thread_loop_destroy(b->thread);
	free(b->node);
	free(b);
	pw_deinit();
}

static int set_up(struct pw_backend *b, bool must, struct err *e)
{
	bool there;

	b->thread = pw_thread_loop_new("dyno-audio", NULL);
	if (b->thread)
		/* With real-time priority for the thread that moves samples. */
		b->context = pw_context_new(pw_thread_loop_get_loop(b->thread),
			pw_properties_new(PW_KEY_CONFIG_NAME, "client-rt.conf", NULL), 0);
	if (!b->context || pw_thread_loop_start(b->thread) < 0)
		return err_set(e, -ENOMEM, "PipeWire's library cannot be started");
	pw_thread_loop_lock(b->thread);
	there = connect_now(b);
	pw_thread_loop_unlock(b->thread);
	if (!there && must)
		return err_set(e, -ECONNREFUSED, "no PipeWire is running here");
	return 0;
}

static int pipewire_open(struct audio_backend **out, struct ev_loop *loop,
	struct audio_stream *const *streams, uint32_t n, atomic_bool *connected, bool must,
	struct err *e)
{
	struct pw_backend *b = calloc(1, sizeof(*b));
	int rc = 0;

	if (!b)
		return err_errno(e, ENOMEM, "PipeWire");
	pw_init(NULL, NULL);
	b->loop = loop;
	b->connected = connected;
	b->node = calloc(MAX(n, 1u), sizeof(*b->node));
	rc = b->node ? ev_timer_init(loop, &b->retry, on_retry, b) : -ENOMEM;
	for (uint32_t i = 0; i < n && rc == 0; i++) {
		b->node[i] = (struct node){ .b = b, .s = streams[i] };
		b->n++;
		rc = ev_timer_init(loop, &b->node[i].linger, on_linger, &b->node[i]);
	}
	if (rc < 0)
		err_errno(e, -rc, "PipeWire");
	else
		rc = set_up(b, must, e);
	if (rc < 0) {
		pipewire_free((struct audio_backend *)b);
		return rc;
	}
	ev_timer_at(&b->retry, clock_now_ns() + RETRY_NS);
	*out = (struct audio_backend *)b;
	return 0;
}

static void pipewire_prepare(struct audio_backend *ab, uint32_t i, const struct pcm_params *p)
{
	struct pw_backend *b = own(ab);
	struct node *n = &b->node[i];
	bool same = n->wanted && memcmp(&n->params, p, sizeof(*p)) == 0;

	n->wanted = true;
	if (same && n->pw)
		return;
	pw_thread_loop_lock(b->thread);
	drop_node(n);
	n->params = *p;
	n->active = false;
	if (b->core && atomic_load(b->connected))
		make_node(n);
	pw_thread_loop_unlock(b->thread);
}

static void pipewire_start(struct audio_backend *ab, uint32_t i)
{
	struct pw_backend *b = own(ab);
	struct node *n = &b->node[i];

	ev_timer_stop(&n->linger);
	n->active = true;
	pw_thread_loop_lock(b->thread);
	if (n->pw)
		pw_stream_set_active(n->pw, true);
	pw_thread_loop_unlock(b->thread);
}

static void pipewire_stop(struct audio_backend *ab, uint32_t i)
{
	struct node *n = &own(ab)->node[i];

	if (n->active && !n->linger.deadline_ns)
		ev_timer_at(&n->linger, clock_now_ns() + LINGER_NS);
}

const struct audio_backend_ops audio_pipewire = {
	.name = "pipewire",
	.open = pipewire_open,
	.prepare = pipewire_prepare,
	.start = pipewire_start,
	.stop = pipewire_stop,
	.free = pipewire_free,
};
