/* SPDX-License-Identifier: Apache-2.0 */
/* The sound device as a virtio device: queues, configuration space, events; see snd.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "devices/snd/snd_priv.h"

void snd_event(struct snd *d, uint32_t code, uint32_t data)
{
	struct virtio_snd_event e = { .hdr = { le32_of(code) }, .data = le32_of(data) };
	struct vq *q = d->vq[VIRTIO_SND_VQ_EVENT];
	struct vq_writer w;

	if (!q || vq_pop(q, &d->event) != VQ_TAKEN) {
		d->st.events_dropped++;
		return;
	}
	vq_writer_init(&w, q, &d->event);
	/* "The driver MUST populate the event queue with device-writable buffers" of this size. */
	if (d->event.n_out > 0 || vq_put(&w, &e, sizeof(e)) != 0) {
		vq_break(q, GUEST_E_FORMAT, "sound event buffer that takes no event");
		return;
	}
	if (vq_push(q, &d->event, w.written) != 0)
		d->st.events_dropped++;
}

bool snd_set_jack(struct vdev *v, uint32_t jack, bool connected)
{
	struct snd *d = snd_of(v);

	if (jack >= d->n_streams)
		return false;
	if (d->stream[jack].jack == connected)
		return true;
	d->stream[jack].jack = connected;
	snd_event(d, connected ? VIRTIO_SND_EVT_JACK_CONNECTED : VIRTIO_SND_EVT_JACK_DISCONNECTED,
		jack);
	return true;
}

/* ---- the port ---- */

static void on_progress(void *ctx, uint32_t stream)
{
	snd_progress(ctx, stream);
}

static void on_xrun(void *ctx, uint32_t stream)
{
	snd_stream_dry(ctx, stream);
}

static void on_dry_timer(struct ev_timer *t, uint64_t now_ns)
{
	struct snd *d = t->data;

	(void)now_ns;
	for (uint32_t i = 0; i < d->n_streams; i++) {
		if (&d->stream[i].dry_timer == t)
			snd_stream_xrun(d, i);
	}
}

/* ---- ops ---- */

static void work(struct snd *d)
{
	bool more = snd_control_work(d);

	more |= snd_data_work(d, VIRTIO_SND_VQ_TX);
	more |= snd_data_work(d, VIRTIO_SND_VQ_RX);
	if (more)
		ev_timer_at(&d->again, clock_now_ns());
}

static void on_again(struct ev_timer *t, uint64_t now_ns)
{
	(void)now_ns;
	work(t->data);
}

static uint16_t snd_num_queues(const struct vdev *v)
{
	(void)v;
	return VIRTIO_SND_VQ_MAX;
}

static uint16_t snd_queue_max(const struct vdev *v, unsigned int q)
{
	(void)v;
	(void)q;
	return SND_QUEUE_SIZE;
}

static uint64_t snd_features(const struct vdev *v)
{
	(void)v;
	return VIRTIO_BIT(VIRTIO_SND_F_CTLS);
}

static uint32_t snd_config_bytes(const struct vdev *v)
{
	(void)v;
	return sizeof(struct virtio_snd_config);
}

static void snd_config_read(struct vdev *v, uint32_t off, void *dst, uint32_t len)
{
	const struct snd *d = snd_of(v);
	struct virtio_snd_config cfg = { le32_of(d->n_streams), le32_of(d->n_streams),
		le32_of(d->n_chmaps), le32_of(2) };

	memcpy(dst, (const uint8_t *)&cfg + off, len);
}

static int snd_start(struct vdev *v, uint64_t features)
{
	struct snd *d = snd_of(v);
	struct pcm_sink sink = { on_progress, on_xrun, d };
	int rc = 0;

	d->features = features;
	if (!d->attached) {
		rc = ev_timer_init(v->host->loop, &d->again, on_again, d);
		for (uint32_t i = 0; i < d->n_streams && rc == 0; i++)
			rc = ev_timer_init(v->host->loop, &d->stream[i].dry_timer, on_dry_timer, d);
		if (rc == 0)
			rc = d->port->ops->attach(d->port, v->host->loop, &sink);
		d->attached = rc == 0;
	}
	return rc;
}

static int snd_queue_start(struct vdev *v, unsigned int q, struct vq *vq)
{
	snd_of(v)->vq[q] = vq;
	return 0;
}

static void snd_kick(struct vdev *v, unsigned int q)
{
	(void)q;
	work(snd_of(v));
}

static void snd_queue_stop(struct vdev *v, unsigned int q)
{
	struct snd *d = snd_of(v);

	d->vq[q] = NULL;
	if (q == VIRTIO_SND_VQ_TX || q == VIRTIO_SND_VQ_RX)
		snd_streams_drop(d, q);
}

static void snd_stop(struct vdev *v)
{
	struct snd *d = snd_of(v);

	for (unsigned int q = 0; q < VIRTIO_SND_VQ_MAX; q++)
		snd_queue_stop(v, q);
	for (uint32_t i = 0; i < d->n_streams; i++) {
		if (d->attached)
			snd_stream_forget(d, i);
		d->stream[i].state = SND_NEW;
		d->stream[i].st.running = false;
	}
	ev_timer_stop(&d->again);
	d->features = 0;
	d->volume = SND_VOLUME_MAX;
	d->mute = false;
	snd_volume_changed(d);
}

static void snd_free(struct vdev *v)
{
	struct snd *d = snd_of(v);

	ev_timer_fini(&d->again);
	for (uint32_t i = 0; i < d->n_streams; i++)
		ev_timer_fini(&d->stream[i].dry_timer);
	pcm_port_free(d->port);
	free(d);
}

static const struct vdev_ops snd_ops = {
	.name = "snd",
	.id = VIRTIO_ID_SOUND,
	.pci_class = 0x040100, /* multimedia, audio device */
	.num_queues = snd_num_queues,
	.queue_max = snd_queue_max,
	.features = snd_features,
	.config_bytes = snd_config_bytes,
	.config_read = snd_config_read,
	.start = snd_start,
	.queue_start = snd_queue_start,
	.kick = snd_kick,
	.queue_stop = snd_queue_stop,
	.stop = snd_stop,
	.free = snd_free,
};

static bool config_ok(const struct snd_config *cfg)
{
	if (cfg->n_streams < 1 || cfg->n_streams > PCM_MAX_STREAMS)
		return false;
	for (uint32_t i = 0; i < cfg->n_streams; i++) {
		if (cfg->stream[i].channels_max < 1 ||
			cfg->stream[i].channels_max > PCM_MAX_CHANNELS)
			return false;
	}
	return true;
}

int snd_new(struct vdev **out, struct pcm_port *port_take, const struct snd_config *cfg)
{
	struct snd *d = config_ok(cfg) ? calloc(1, sizeof(*d)) : NULL;

	if (!d) {
		pcm_port_free(port_take);
		return config_ok(cfg) ? -ENOMEM : -EINVAL;
	}
	d->v.ops = &snd_ops;
	snprintf(d->v.tag, sizeof(d->v.tag), "%s", cfg->tag);
	d->port = port_take;
	d->volume = SND_VOLUME_MAX;
	d->n_streams = cfg->n_streams;
	for (uint32_t i = 0; i < cfg->n_streams; i++) {
		d->stream[i].direction = cfg->stream[i].direction;
		d->stream[i].channels_max = cfg->stream[i].channels_max;
		d->stream[i].jack = !cfg->stream[i].unplugged;
	}
	snd_make_chmaps(d);
	for (uint32_t i = 0; i < ARRAY_SIZE(d->free_slot); i++)
		d->free_slot[d->n_free++] = i;
	*out = &d->v;
	return 0;
}

void snd_get_stats(const struct vdev *v, struct snd_stats *out)
{
	const struct snd *d = (const struct snd *)v;

	*out = d->st;
	out->n_streams = d->n_streams;
	for (uint32_t i = 0; i < d->n_streams; i++) {
		out->stream[i] = d->stream[i].st;
		out->stream[i].plugged = d->stream[i].jack;
	}
}
