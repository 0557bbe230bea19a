/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rings to dyno-audio (base/proto/pcm_port.h): samples go straight from guest memory into
 * shared memory. The other side's counters are checked at every use; where they are impossible, or
 * the process ends, the null port takes over each run where it stands.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "devices/snd/port_null.h"

struct ring_stream {
	struct pcm_ring ring;
	bool open;
	uint32_t run; /* number of the run */
	uint32_t xruns; /* as seen last */
	uint64_t mine; /* our counter */
	uint64_t base; /* the counter at which this run began */
	uint64_t theirs; /* the other side's counter, as seen last */
	struct pcm_params params;
};

struct ring_port {
	struct pcm_port p; /* first */
	struct pcm_port_config cfg;
	struct pcm_sink sink;
	struct pcm_port *null; /* attached; used once gone */
	bool gone;
	int sock, wake;
	struct ev_io sock_io, wake_io;
	struct ring_stream s[PCM_MAX_STREAMS];
};

static struct ring_port *ring_of(struct pcm_port *p)
{
	return (struct ring_port *)p;
}

static bool plays(const struct ring_port *r, uint32_t i)
{
	return r->cfg.direction[i] == PCM_PLAY;
}

/* The null port goes on with everything. */
static void leave(struct ring_port *r, const char *why)
{
	if (r->gone)
		return;
	r->gone = true;
	log_warn("sound: %s; guests play into nothing from here on", why);
	ev_io_del(&r->sock_io);
	ev_io_del(&r->wake_io);
	for (uint32_t i = 0; i < r->cfg.n_streams; i++) {
		struct ring_stream *s = &r->s[i];
		uint64_t written = s->mine - s->base, wake = atomic_load(&s->ring.sh->wake_at);

		if (s->open)
			pcm_port_null_adopt(r->null, i, &s->params, written,
				plays(r, i) ? s->theirs - s->base : written,
				atomic_load(&s->ring.sh->running) != 0,
				wake == UINT64_MAX ? wake : wake - s->base);
	}
}

/* The other side's counter; false: there is no other side (any more). */
static bool theirs(struct ring_port *r, uint32_t i, uint64_t *out)
{
	struct ring_stream *s = &r->s[i];
	uint64_t v;

	if (r->gone)
		return false;
	v = plays(r, i) ? atomic_load_explicit(&s->ring.sh->read, memory_order_acquire)
			: atomic_load_explicit(&s->ring.sh->written, memory_order_acquire);
	/* It only grows; playback cannot overtake us, capture not by more than the ring holds. */
	if (v < s->theirs || (plays(r, i) ? v > s->mine : v - s->mine > PCM_RING_BYTES)) {
		leave(r, "dyno-audio counts what cannot be");
		return false;
	}
	s->theirs = v;
	*out = v;
	return true;
}

static void say(struct ring_port *r, const struct pcm_msg *m)
{
	struct pcm_msg_wire w;

	pcm_msg_pack(&w, m);
	/* A socket that is full holds hundreds of messages: dyno-audio is stuck. */
	if (!r->gone && send(r->sock, &w, sizeof(w), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		leave(r, "dyno-audio takes no messages");
}

static void say_op(struct ring_port *r, enum pcm_op op, uint32_t i)
{
	say(r, &(struct pcm_msg){ .op = op, .stream = i, .run = r->s[i].run });
}

static void on_sock(struct ev_io *io, uint32_t revents)
{
	struct ring_port *r = io->data;
	char none[8];
	ssize_t n = recv(r->sock, none, sizeof(none), MSG_DONTWAIT);

	(void)revents;
	/* It has nothing to say over this socket: only its end is heard. */
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		leave(r, "dyno-audio has ended");
}

static void on_wake(struct ev_io *io, uint32_t revents)
{
	struct ring_port *r = io->data;
	uint64_t count, at;

	(void)revents;
	if (read(r->wake, &count, sizeof(count)) < 0 && errno != EAGAIN && errno != EINTR)
		leave(r, "dyno-audio cannot be heard");
	for (uint32_t i = 0; i < r->cfg.n_streams && !r->gone; i++) {
		struct ring_stream *s = &r->s[i];
		uint32_t x = atomic_load(&s->ring.sh->xruns);

		if (!s->open || !theirs(r, i, &at))
			continue;
		if (at >= atomic_load(&s->ring.sh->wake_at)) {
			atomic_store(&s->ring.sh->wake_at, UINT64_MAX);
			r->sink.progress(r->sink.ctx, i);
		}
		if (x != s->xruns) {
			s->xruns = x;
			if (atomic_load(&s->ring.sh->running))
				r->sink.xrun(r->sink.ctx, i);
		}
	}
}

static int ring_attach(struct pcm_port *p, struct ev_loop *loop, const struct pcm_sink *sink)
{
	struct ring_port *r = ring_of(p);
	int rc = r->null->ops->attach(r->null, loop, sink);

	r->sink = *sink;
	if (rc == 0)
		rc = ev_io_add(loop, &r->sock_io, r->sock, EPOLLIN, on_sock, r);
	if (rc == 0)
		rc = ev_io_add(loop, &r->wake_io, r->wake, EPOLLIN, on_wake, r);
	return rc;
}

static void ring_open(struct pcm_port *p, uint32_t i, const struct pcm_params *params)
{
	struct ring_port *r = ring_of(p);
	struct ring_stream *s = &r->s[i];
	uint64_t at;

	if (!theirs(r, i, &at)) {
		r->null->ops->open(r->null, i, params);
		return;
	}
	/* What is left in the ring of an earlier run is skipped: by the consumer, which is they
	 * when we play. */
	if (!plays(r, i)) {
		s->mine = at;
		atomic_store_explicit(&s->ring.sh->read, at, memory_order_release);
	}
	s->base = s->mine;
	s->run = s->run == UINT32_MAX ? 1 : s->run + 1;
	s->params = *params;
	s->open = true;
	s->xruns = atomic_load(&s->ring.sh->xruns);
	atomic_store(&s->ring.sh->wake_at, UINT64_MAX);
	say(r, &(struct pcm_msg){ .op = PCM_OPEN,
		       .stream = i,
		       .run = s->run,
		       .position = s->base,
		       .params = *params });
}

static void ring_start(struct pcm_port *p, uint32_t i)
{
	struct ring_port *r = ring_of(p);

	if (r->gone) {
		r->null->ops->start(r->null, i);
		return;
	}
	atomic_store(&r->s[i].ring.sh->running, r->s[i].run);
	say_op(r, PCM_START, i);
}

static void ring_stop(struct pcm_port *p, uint32_t i)
{
	struct ring_port *r = ring_of(p);

	if (r->gone) {
		r->null->ops->stop(r->null, i);
		return;
	}
	atomic_store(&r->s[i].ring.sh->running, 0);
	say_op(r, PCM_STOP, i);
}

static void ring_close(struct pcm_port *p, uint32_t i)
{
	struct ring_port *r = ring_of(p);

	if (r->gone) {
		r->null->ops->close(r->null, i);
		return;
	}
	atomic_store(&r->s[i].ring.sh->running, 0);
	atomic_store(&r->s[i].ring.sh->wake_at, UINT64_MAX);
	say_op(r, PCM_CLOSE, i);
	r->s[i].open = false;
}

static void *ring_room(struct pcm_port *p, uint32_t i, uint32_t *len)
{
	struct ring_port *r = ring_of(p);
	uint64_t at;

	if (!theirs(r, i, &at))
		return r->null->ops->room(r->null, i, len);
	/* Of an earlier run the consumer may not have skipped everything yet; that room comes. */
	return pcm_ring_room(&r->s[i].ring, r->s[i].mine, at, len);
}

static void ring_wrote(struct pcm_port *p, uint32_t i, uint32_t len)
{
	struct ring_port *r = ring_of(p);
	struct ring_stream *s = &r->s[i];

	if (r->gone) {
		r->null->ops->wrote(r->null, i, len);
		return;
	}
	s->mine += len;
	atomic_store_explicit(&s->ring.sh->written, s->mine, memory_order_release);
}

static const void *ring_data(struct pcm_port *p, uint32_t i, uint32_t *len)
{
	struct ring_port *r = ring_of(p);
	uint64_t at;

	if (!theirs(r, i, &at))
		return r->null->ops->data(r->null, i, len);
	return pcm_ring_data(&r->s[i].ring, at, r->s[i].mine, len);
}

static void ring_took(struct pcm_port *p, uint32_t i, uint32_t len)
{
	struct ring_port *r = ring_of(p);
	struct ring_stream *s = &r->s[i];

	if (r->gone) {
		r->null->ops->took(r->null, i, len);
		return;
	}
	s->mine += len;
	atomic_store_explicit(&s->ring.sh->read, s->mine, memory_order_release);
}

static uint64_t ring_position(struct pcm_port *p, uint32_t i)
{
	struct ring_port *r = ring_of(p);
	uint64_t at;

	if (!theirs(r, i, &at))
		return r->null->ops->position(r->null, i);
	/* The consumer may still have to skip the rest of an earlier run. */
	return at > r->s[i].base ? at - r->s[i].base : 0;
}

static void ring_wake_at(struct pcm_port *p, uint32_t i, uint64_t position)
{
	struct ring_port *r = ring_of(p);
	struct ring_stream *s = &r->s[i];
	uint64_t at;

	if (!theirs(r, i, &at)) {
		r->null->ops->wake_at(r->null, i, position);
		return;
	}
	if (position != UINT64_MAX)
		position += s->base;
	atomic_store(&s->ring.sh->wake_at, position);
	/* It may have gone past it before it could see the wish: then we wake ourselves. */
	if (theirs(r, i, &at) && at >= position) {
		uint64_t one = 1;

		if (write(r->wake, &one, sizeof(one)) < 0 && errno != EAGAIN)
			leave(r, "the wake-up does not work");
	}
}

static uint32_t ring_latency(struct pcm_port *p, uint32_t i, uint64_t end)
{
	struct ring_port *r = ring_of(p);
	const struct ring_stream *s = &r->s[i];
	uint64_t frames, delay, beyond, at;

	if (r->gone || !s->open)
		return 0;
	at = s->theirs > s->base ? s->theirs - s->base : 0;
	beyond = at > end ? at - end : 0;
	frames = (uint64_t)atomic_load_explicit(&s->ring.sh->delay_ns, memory_order_relaxed) *
		 s->params.rate_hz / NS_PER_S;
	delay = frames * pcm_frame_bytes(&s->params);
	/* What was taken after `end` is heard after it, and was said after it. */
	if (plays(r, i))
		delay -= MIN(delay, beyond);
	else
		delay += beyond;
	return (uint32_t)MIN(delay, (uint64_t)UINT32_MAX);
}

static void ring_volume(struct pcm_port *p, uint32_t gain_milli, bool mute)
{
	struct ring_port *r = ring_of(p);

	for (uint32_t i = 0; i < r->cfg.n_streams; i++) {
		if (plays(r, i))
			say(r, &(struct pcm_msg){ .op = PCM_VOLUME,
				       .stream = i,
				       .gain_milli = gain_milli,
				       .mute = mute });
	}
}

static void ring_free(struct pcm_port *p)
{
	struct ring_port *r = ring_of(p);

	ev_io_del(&r->sock_io);
	ev_io_del(&r->wake_io);
	fd_close(&r->sock);
	fd_close(&r->wake);
	for (uint32_t i = 0; i < r->cfg.n_streams; i++)
		pcm_ring_unmap(&r->s[i].ring);
	pcm_port_free(r->null);
	free(r);
}

static const struct pcm_port_ops ring_ops = {
	.name = "ring",
	.attach = ring_attach,
	.open = ring_open,
	.start = ring_start,
	.stop = ring_stop,
	.close = ring_close,
	.room = ring_room,
	.wrote = ring_wrote,
	.data = ring_data,
	.took = ring_took,
	.position = ring_position,
	.wake_at = ring_wake_at,
	.latency_bytes = ring_latency,
	.volume = ring_volume,
	.free = ring_free,
};

int pcm_port_ring_new(
	struct pcm_port **out, const struct pcm_port_config *cfg, struct pcm_ring_fds *fds_take)
{
	struct ring_port *r = calloc(1, sizeof(*r));
	int rc = r ? 0 : -ENOMEM;

	if (r) {
		r->p.ops = &ring_ops;
		r->cfg = *cfg;
		r->sock_io.fd = r->wake_io.fd = -1;
		r->sock = fd_take(&fds_take->sock);
		r->wake = fd_take(&fds_take->wake);
		rc = fd_set_nonblock(r->wake, 1);
		if (rc == 0)
			rc = pcm_port_null_new(&r->null, cfg);
		for (uint32_t i = 0; i < cfg->n_streams && rc == 0; i++) {
			struct ring_stream *s = &r->s[i];

			rc = pcm_ring_map(&s->ring, fds_take->ring[i]);
			if (rc < 0)
				break;
			/* Where an earlier dyno-vm of this guest stopped. */
			s->mine = plays(r, i) ? s->ring.sh->written : s->ring.sh->read;
			s->theirs = plays(r, i) ? s->ring.sh->read : s->ring.sh->written;
			atomic_store(&s->ring.sh->running, 0);
			atomic_store(&s->ring.sh->wake_at, UINT64_MAX);
		}
	}
	fd_close(&fds_take->sock);
	fd_close(&fds_take->wake);
	for (uint32_t i = 0; i < PCM_MAX_STREAMS; i++)
		fd_close(&fds_take->ring[i]);
	if (rc < 0 && r) {
		ring_free(&r->p);
		return rc;
	}
	if (rc == 0)
		*out = &r->p;
	return rc;
}
