/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Samples between the data queues and the port. A buffer of a playing stream is copied into the
 * port at once and returned when the port's position has passed its end; a buffer of a capturing
 * stream is returned when it is full. The device never waits: it asks the port to be woken at the
 * position at which the next buffer is finished.
 */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "devices/snd/snd_priv.h"

/* Requests taken in one turn of the loop. */
#define TURN_REQUESTS 64u
/* A driver gets at least so long to stop a stream that has played to its end. */
#define DRY_MIN_NS (20 * NS_PER_MS)

static unsigned int queue_of(const struct snd_stream *s)
{
	return s->direction == PCM_PLAY ? VIRTIO_SND_VQ_TX : VIRTIO_SND_VQ_RX;
}

static struct snd_pending *head(struct snd_stream *s)
{
	return &s->pending[s->first];
}

static struct snd_pending *pend(struct snd_stream *s)
{
	return &s->pending[(s->first + s->count++) % SND_QUEUE_SIZE];
}

static void drop_head(struct snd *d, struct snd_stream *s)
{
	d->free_slot[d->n_free++] = head(s)->slot;
	s->first = (s->first + 1) % SND_QUEUE_SIZE;
	s->count--;
}

static uint32_t room_in(const struct vq_chain *c)
{
	return c->in_bytes < sizeof(struct virtio_snd_pcm_status)
		       ? 0
		       : c->in_bytes - (uint32_t)sizeof(struct virtio_snd_pcm_status);
}

/* Returns a buffer with what was written into it so far (capture) and its status. That lies at the
 * end of a capture buffer, full or not: the driver learns how many samples there are from the used
 * length, which does not count a gap. */
static void answer(struct snd *d, unsigned int q, const struct vq_chain *c, struct vq_writer *w,
	uint32_t status, uint32_t latency)
{
	struct virtio_snd_pcm_status st = { le32_of(status), le32_of(latency) };
	uint32_t filled = w->written;

	if (w->left < sizeof(st) ||
		(q == VIRTIO_SND_VQ_RX && vq_put_zero(w, w->left - (uint32_t)sizeof(st)) != 0) ||
		vq_put(w, &st, sizeof(st)) != 0)
		log_guest("%s: a buffer has no room for its status", d->v.tag);
	else
		filled += (uint32_t)sizeof(st);
	/* Not zero: the queue was latched meanwhile, and the transport knows. */
	if (vq_push_quiet(d->vq[q], c, filled) != 0)
		log_debug("%s: data queue %u is broken", d->v.tag, q);
}

/* Copies what the port has captured, at most `bytes`, into a buffer. */
static void fill_buffer(struct snd *d, uint32_t i, struct vq_writer *w, uint32_t bytes)
{
	while (bytes > 0) {
		uint32_t len;
		const void *from = d->port->ops->data(d->port, i, &len);

		len = MIN(len, bytes);
		if (!from || vq_put(w, from, len) != 0)
			break;
		d->port->ops->took(d->port, i, len);
		d->stream[i].st.bytes += len;
		bytes -= len;
	}
}

/* Returns the oldest buffer of a stream: played, or filled with what there is. */
static void finish(struct snd *d, uint32_t i)
{
	struct snd_stream *s = &d->stream[i];
	const struct snd_pending *p = head(s);
	const struct vq_chain *c = &d->slot[p->slot];
	struct vq_writer w;

	vq_writer_init(&w, d->vq[queue_of(s)], c);
	if (s->direction == PCM_CAPTURE)
		fill_buffer(d, i, &w, p->bytes);
	answer(d, queue_of(s), c, &w, VIRTIO_SND_S_OK,
		d->port->ops->latency_bytes(d->port, i, p->end));
	s->st.buffers++;
	drop_head(d, s);
}

/* Asks for the next wake-up. */
static void ask(struct snd *d, uint32_t i)
{
	struct snd_stream *s = &d->stream[i];

	d->port->ops->wake_at(d->port, i, s->count ? head(s)->end : UINT64_MAX);
}

static void tell_periods(struct snd *d, uint32_t i, uint64_t position)
{
	struct snd_stream *s = &d->stream[i];
	uint64_t now = position / s->params.period_bytes;

	if (s->features & (1u << VIRTIO_SND_PCM_F_EVT_SHMEM_PERIODS) && now > s->periods)
		snd_event(d, VIRTIO_SND_EVT_PCM_PERIOD_ELAPSED, i);
	s->periods = now;
}

void snd_progress(struct snd *d, uint32_t i)
{
	struct snd_stream *s = &d->stream[i];
	struct vq *q = d->vq[queue_of(s)];
	uint64_t at;

	if (!s->open || !q)
		return;
	at = d->port->ops->position(d->port, i);
	while (s->count && head(s)->end <= at)
		finish(d, i);
	tell_periods(d, i, at);
	vq_flush(q);
	ask(d, i);
}

void snd_stream_not_dry(struct snd *d, uint32_t i)
{
	d->stream[i].dry = false;
	ev_timer_stop(&d->stream[i].dry_timer);
}

void snd_stream_xrun(struct snd *d, uint32_t i)
{
	struct snd_stream *s = &d->stream[i];

	snd_stream_not_dry(d, i);
	s->st.xruns++;
	if (s->features & (1u << VIRTIO_SND_PCM_F_EVT_XRUNS))
		snd_event(d, VIRTIO_SND_EVT_PCM_XRUN, i);
}

/* A driver that drains its stream stops it once the last buffer came back. So playback that ran dry
 * is an underrun when the driver sends more, or does nothing for the time of a period. */
void snd_stream_dry(struct snd *d, uint32_t i)
{
	struct snd_stream *s = &d->stream[i];
	uint64_t frames;

	if (s->state != SND_RUNNING)
		return;
	if (s->direction == PCM_CAPTURE) {
		snd_stream_xrun(d, i);
		return;
	}
	frames = s->params.period_bytes / pcm_frame_bytes(&s->params);
	s->dry = true;
	ev_timer_at(&s->dry_timer,
		clock_now_ns() + MAX(frames * NS_PER_S / s->params.rate_hz, DRY_MIN_NS));
}

/* Copies a playback buffer into the port: it has room for all of it. */
static int fill_port(struct snd *d, uint32_t i, struct vq_reader *r)
{
	while (r->left > 0) {
		uint32_t len;
		void *to = d->port->ops->room(d->port, i, &len);
		int rc;

		if (!to)
			return GUEST_E_STATE;
		len = MIN(len, r->left);
		rc = vq_get(r, to, len);
		if (rc != 0)
			return rc;
		d->port->ops->wrote(d->port, i, len);
	}
	return 0;
}

static bool takes_buffers(const struct snd_stream *s)
{
	return s->open &&
	       (s->state == SND_PREPARED || s->state == SND_RUNNING || s->state == SND_STOPPED);
}

/* The status for a buffer that a stream cannot take; VIRTIO_SND_S_OK: it can. */
static uint32_t refuse(const struct snd_stream *s, unsigned int q, uint32_t bytes)
{
	uint32_t frame;

	if (queue_of(s) != q || !takes_buffers(s))
		return VIRTIO_SND_S_BAD_MSG;
	frame = pcm_frame_bytes(&s->params);
	/* An answer to nothing would come at once, again and again. */
	if (bytes == 0 || bytes % frame != 0)
		return VIRTIO_SND_S_BAD_MSG;
	return VIRTIO_SND_S_OK;
}

/* More samples are waiting than the ring holds: the guest went beyond its own buffer_bytes. */
static bool too_much(struct snd *d, uint32_t i, uint32_t bytes)
{
	const struct snd_stream *s = &d->stream[i];
	uint64_t at = d->port->ops->position(d->port, i);
	uint64_t waiting = s->queued > at ? s->queued - at : 0;

	return bytes > PCM_RING_BYTES - MIN(waiting, (uint64_t)PCM_RING_BYTES);
}

static void take(struct snd *d, unsigned int q, uint32_t slot)
{
	const struct vq_chain *c = &d->slot[slot];
	struct virtio_snd_pcm_xfer x;
	struct snd_stream *s = NULL;
	struct vq_reader r;
	struct vq_writer w;
	uint32_t i = 0, bytes, status = VIRTIO_SND_S_BAD_MSG;

	vq_reader_init(&r, d->vq[q], c);
	if (vq_get(&r, &x, sizeof(x)) == 0)
		i = le32_get(x.stream_id);
	else
		i = UINT32_MAX;
	bytes = q == VIRTIO_SND_VQ_TX ? r.left : room_in(c);
	if (i < d->n_streams && c->in_bytes >= sizeof(struct virtio_snd_pcm_status)) {
		s = &d->stream[i];
		status = refuse(s, q, bytes);
	}
	if (status == VIRTIO_SND_S_OK && (s->count == SND_QUEUE_SIZE || too_much(d, i, bytes)))
		status = VIRTIO_SND_S_IO_ERR;
	if (status == VIRTIO_SND_S_OK && q == VIRTIO_SND_VQ_TX && fill_port(d, i, &r) != 0)
		status = VIRTIO_SND_S_IO_ERR;
	if (status != VIRTIO_SND_S_OK) {
		log_guest("%s: a buffer for stream %u was rejected", d->v.tag, i);
		if (s)
			s->st.rejected++;
		vq_writer_init(&w, d->vq[q], c);
		answer(d, q, c, &w, status, 0);
		d->free_slot[d->n_free++] = slot;
		return;
	}
	if (s->dry)
		snd_stream_xrun(d, i);
	s->queued += bytes;
	*pend(s) = (struct snd_pending){ .end = s->queued, .slot = slot, .bytes = bytes };
	if (q == VIRTIO_SND_VQ_TX)
		s->st.bytes += bytes;
}

bool snd_data_work(struct snd *d, unsigned int q)
{
	bool more = false;

	for (uint32_t n = 0; d->vq[q] && d->n_free; n++) {
		uint32_t slot = d->free_slot[d->n_free - 1];

		if (n == TURN_REQUESTS) {
			more = true;
			break;
		}
		if (vq_pop(d->vq[q], &d->slot[slot]) != VQ_TAKEN)
			break;
		d->n_free--;
		take(d, q, slot);
	}
	for (uint32_t i = 0; i < d->n_streams && d->vq[q]; i++) {
		if (queue_of(&d->stream[i]) == q)
			snd_progress(d, i);
	}
	if (d->vq[q])
		vq_flush(d->vq[q]);
	return more;
}

void snd_data_take(struct snd *d, uint32_t i)
{
	/* A turn takes as many as the queue holds. */
	(void)!snd_data_work(d, queue_of(&d->stream[i]));
}

void snd_stream_prepare(struct snd *d, uint32_t i)
{
	struct snd_stream *s = &d->stream[i];

	if (s->open)
		snd_stream_release(d, i);
	d->port->ops->open(d->port, i, &s->params);
	s->open = true;
	s->queued = 0;
	s->periods = 0;
}

/* "The device MUST complete all pending I/O messages for the specified stream ID" before RELEASE
 * is answered. */
void snd_stream_release(struct snd *d, uint32_t i)
{
	struct snd_stream *s = &d->stream[i];
	unsigned int q = queue_of(s);

	if (s->open)
		snd_progress(d, i);
	while (s->count && d->vq[q])
		finish(d, i);
	if (d->vq[q])
		vq_flush(d->vq[q]);
	snd_stream_forget(d, i);
}

void snd_stream_forget(struct snd *d, uint32_t i)
{
	struct snd_stream *s = &d->stream[i];

	snd_stream_not_dry(d, i);
	if (s->open)
		d->port->ops->close(d->port, i);
	s->open = false;
	while (s->count)
		drop_head(d, s);
	s->queued = 0;
}

void snd_streams_drop(struct snd *d, unsigned int q)
{
	for (uint32_t i = 0; i < d->n_streams; i++) {
		struct snd_stream *s = &d->stream[i];

		if (queue_of(s) != q)
			continue;
		while (s->count)
			drop_head(d, s);
	}
}
