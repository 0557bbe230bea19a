/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nobody listens and nobody speaks, but time passes: positions follow the host's monotonic clock
 * exactly, so that a guest plays at the right speed into nothing.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "devices/snd/port_null.h"

struct null_stream {
	struct null_port *port;
	uint32_t index;
	bool open, running;
	bool dry; /* it said xrun() and got nothing since */
	struct pcm_params params;
	uint64_t written; /* playback: bytes that came in; capture: bytes taken */
	uint64_t base; /* position at since_ns */
	uint64_t since_ns; /* host time from which it counts; while running */
	uint64_t wake_at;
	struct ev_timer timer;
};

struct null_port {
	struct pcm_port p; /* first */
	struct pcm_port_config cfg;
	struct pcm_sink sink;
	uint8_t *scratch; /* what is played goes into the first half; the second is silence */
	struct null_stream s[PCM_MAX_STREAMS];
};

#define SCRATCH_BYTES 65536u

static struct null_stream *stream(struct pcm_port *p, uint32_t i)
{
	return &((struct null_port *)p)->s[i];
}

static bool plays(const struct null_stream *s)
{
	return s->port->cfg.direction[s->index] == PCM_PLAY;
}

static uint64_t frames_in(const struct null_stream *s, uint64_t ns)
{
	uint64_t rate = s->params.rate_hz;

	/* Whole seconds apart: no overflow however long it runs. */
	return ns / NS_PER_S * rate + ns % NS_PER_S * rate / NS_PER_S;
}

/* Where the clock is, whether or not there are samples. */
static uint64_t clock_position(const struct null_stream *s, uint64_t now_ns)
{
	if (!s->running || now_ns <= s->since_ns)
		return s->base;
	return s->base + frames_in(s, now_ns - s->since_ns) * pcm_frame_bytes(&s->params);
}

static uint64_t position_at(const struct null_stream *s, uint64_t now_ns)
{
	uint64_t at = clock_position(s, now_ns);

	return plays(s) ? MIN(at, s->written) : at;
}

/* Host time at which the clock reaches a position. */
static uint64_t time_of(const struct null_stream *s, uint64_t position)
{
	uint64_t frames, rate = s->params.rate_hz;

	if (position <= s->base)
		return s->since_ns;
	frames = (position - s->base + pcm_frame_bytes(&s->params) - 1) /
		 pcm_frame_bytes(&s->params);
	/* Rounded up: at that time frames_in() has them. */
	return s->since_ns + frames / rate * NS_PER_S +
	       (frames % rate * NS_PER_S + rate - 1) / rate;
}

/* Position at which the stream stops being fed. */
static uint64_t limit(const struct null_stream *s)
{
	return plays(s) ? s->written : s->written + PCM_RING_BYTES;
}

static void arm(struct null_stream *s)
{
	uint64_t at = UINT64_MAX;

	if (s->running && s->wake_at <= (plays(s) ? s->written : UINT64_MAX - 1))
		at = time_of(s, s->wake_at);
	if (s->running && !s->dry)
		at = MIN(at, time_of(s, limit(s)));
	if (at == UINT64_MAX)
		ev_timer_stop(&s->timer);
	else
		ev_timer_at(&s->timer, MAX(at, UINT64_C(1)));
}

static void on_timer(struct ev_timer *t, uint64_t now_ns)
{
	struct null_stream *s = t->data;
	struct null_port *n = s->port;
	uint64_t at = position_at(s, now_ns);
	bool woken = at >= s->wake_at;
	bool ran_dry = !s->dry && clock_position(s, now_ns) >= limit(s);

	if (woken)
		s->wake_at = UINT64_MAX;
	if (ran_dry)
		s->dry = true;
	arm(s);
	/* Each may stop or close the stream, or wake_at() again. */
	if (woken)
		n->sink.progress(n->sink.ctx, s->index);
	if (ran_dry && s->running && s->dry)
		n->sink.xrun(n->sink.ctx, s->index);
}

static int null_attach(struct pcm_port *p, struct ev_loop *loop, const struct pcm_sink *sink)
{
	struct null_port *n = (struct null_port *)p;
	int rc = 0;

	n->sink = *sink;
	for (uint32_t i = 0; i < n->cfg.n_streams && rc == 0; i++)
		rc = ev_timer_init(loop, &n->s[i].timer, on_timer, &n->s[i]);
	return rc;
}

void pcm_port_null_adopt(struct pcm_port *p, uint32_t i, const struct pcm_params *params,
	uint64_t written, uint64_t position, bool running, uint64_t wake_at)
{
	struct null_stream *s = stream(p, i);

	s->open = true;
	s->params = *params;
	s->written = written;
	s->base = position;
	s->wake_at = wake_at;
	s->since_ns = clock_now_ns();
	s->running = running;
	s->dry = false;
	arm(s);
}

static void null_open(struct pcm_port *p, uint32_t i, const struct pcm_params *params)
{
	pcm_port_null_adopt(p, i, params, 0, 0, false, UINT64_MAX);
}

static void null_start(struct pcm_port *p, uint32_t i)
{
	struct null_stream *s = stream(p, i);

	s->since_ns = clock_now_ns();
	s->running = true;
	s->dry = false;
	arm(s);
}

static void null_stop(struct pcm_port *p, uint32_t i)
{
	struct null_stream *s = stream(p, i);

	s->base = position_at(s, clock_now_ns());
	s->running = false;
	arm(s);
}

static void null_close(struct pcm_port *p, uint32_t i)
{
	struct null_stream *s = stream(p, i);

	s->open = s->running = false;
	s->wake_at = UINT64_MAX;
	ev_timer_stop(&s->timer);
}

static void *null_room(struct pcm_port *p, uint32_t i, uint32_t *len)
{
	struct null_stream *s = stream(p, i);
	uint64_t queued = s->written - position_at(s, clock_now_ns());

	*len = (uint32_t)MIN(PCM_RING_BYTES - queued, (uint64_t)SCRATCH_BYTES);
	return *len ? s->port->scratch : NULL;
}

static void null_wrote(struct pcm_port *p, uint32_t i, uint32_t len)
{
	struct null_stream *s = stream(p, i);
	uint64_t now = clock_now_ns();

	/* After a gap it goes on from now: the gap is not made up for. */
	if (s->running && clock_position(s, now) > s->written) {
		s->base = s->written;
		s->since_ns = now;
	}
	s->written += len;
	s->dry = false;
	arm(s);
}

static const void *null_data(struct pcm_port *p, uint32_t i, uint32_t *len)
{
	struct null_stream *s = stream(p, i);
	uint64_t now = clock_now_ns(), at = position_at(s, now);

	/* Run over: what did not fit is lost. */
	if (at - s->written > PCM_RING_BYTES) {
		s->base = s->written + PCM_RING_BYTES;
		s->since_ns = now;
		at = s->base;
	}
	*len = (uint32_t)MIN(at - s->written, (uint64_t)SCRATCH_BYTES);
	return *len ? s->port->scratch + SCRATCH_BYTES : NULL;
}

static void null_took(struct pcm_port *p, uint32_t i, uint32_t len)
{
	struct null_stream *s = stream(p, i);

	s->written += len;
	s->dry = false;
	arm(s);
}

static uint64_t null_position(struct pcm_port *p, uint32_t i)
{
	return position_at(stream(p, i), clock_now_ns());
}

static void null_wake_at(struct pcm_port *p, uint32_t i, uint64_t position)
{
	struct null_stream *s = stream(p, i);

	s->wake_at = position;
	arm(s);
}

static uint32_t null_latency(struct pcm_port *p, uint32_t i, uint64_t end)
{
	(void)p;
	(void)i;
	(void)end;
	return 0;
}

static void null_free(struct pcm_port *p)
{
	struct null_port *n = (struct null_port *)p;

	for (uint32_t i = 0; i < n->cfg.n_streams; i++)
		ev_timer_fini(&n->s[i].timer);
	free(n->scratch);
	free(n);
}

static const struct pcm_port_ops null_ops = {
	.name = "null",
	.attach = null_attach,
	.open = null_open,
	.start = null_start,
	.stop = null_stop,
	.close = null_close,
	.room = null_room,
	.wrote = null_wrote,
	.data = null_data,
	.took = null_took,
	.position = null_position,
	.wake_at = null_wake_at,
	.latency_bytes = null_latency,
	.free = null_free,
};

int pcm_port_null_new(struct pcm_port **out, const struct pcm_port_config *cfg)
{
	struct null_port *n = calloc(1, sizeof(*n));

	if (!n)
		return -ENOMEM;
	n->scratch = calloc(2, SCRATCH_BYTES);
	if (!n->scratch) {
		free(n);
		return -ENOMEM;
	}
	n->p.ops = &null_ops;
	n->cfg = *cfg;
	for (uint32_t i = 0; i < cfg->n_streams; i++)
		n->s[i] = (struct null_stream){ .port = n, .index = i, .wake_at = UINT64_MAX };
	*out = &n->p;
	return 0;
}
