/* SPDX-License-Identifier: Apache-2.0 */
/* The control queue of the sound device: every request is answered, in order. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "devices/snd/snd_priv.h"

#define TURN_REQUESTS 64u

/* The two control elements. */
enum { CTL_VOLUME, CTL_MUTE, CTLS };

static bool has_ctls(const struct snd *d)
{
	return d->features & VIRTIO_BIT(VIRTIO_SND_F_CTLS);
}

/* Streams of one direction are numbered among themselves: play 0 and capture 0 are two sides of
 * one function, so that a guest sees them as one PCM device. */
static uint32_t nid_of(const struct snd *d, uint32_t stream)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < stream; i++)
		n += d->stream[i].direction == d->stream[stream].direction;
	return n;
}

void snd_make_chmaps(struct snd *d)
{
	static const uint32_t counts[] = { 1, 2, 4, 6, 8 };

	d->n_chmaps = 0;
	for (unsigned int dir = 0; dir < 2; dir++) {
		uint32_t widest = 0;

		for (uint32_t i = 0; i < d->n_streams; i++) {
			if ((d->stream[i].direction == PCM_CAPTURE) == (dir == VIRTIO_SND_D_INPUT))
				widest = MAX(widest, d->stream[i].channels_max);
		}
		for (size_t i = 0; i < ARRAY_SIZE(counts) && counts[i] <= widest; i++) {
			struct virtio_snd_chmap_info *m = &d->chmap[d->n_chmaps++];

			*m = (struct virtio_snd_chmap_info){ .direction = (uint8_t)dir,
				.channels = (uint8_t)counts[i] };
			if (!snd_channel_map(counts[i], m->positions))
				d->n_chmaps--;
		}
	}
}

/* ---- items ---- */

static struct virtio_snd_jack_info jack_item(const struct snd *d, uint32_t i)
{
	bool play = d->stream[i].direction == PCM_PLAY;

	/* High Definition Audio 7.3.3.31 and 7.3.4.9: a jack (not fixed) at the rear, a speaker or
	 * a microphone, 1/8 inch, sequence = number; capable of output or input and of sensing. */
	return (struct virtio_snd_jack_info){ .hda_fn_nid = le32_of(nid_of(d, i)),
		.hda_reg_defconf = le32_of(0x01001000u | (play ? 0x1u : 0xau) << 20 | (i & 0xf)),
		.hda_reg_caps = le32_of((play ? 1u << 4 : 1u << 5) | 1u << 2),
		.connected = d->stream[i].jack };
}

static struct virtio_snd_pcm_info pcm_item(const struct snd *d, uint32_t i)
{
	const struct snd_stream *s = &d->stream[i];

	return (struct virtio_snd_pcm_info){ .hda_fn_nid = le32_of(nid_of(d, i)),
		.features = le32_of(SND_STREAM_FEATURES),
		.formats = le64_of(snd_formats()),
		.rates = le64_of(snd_rates()),
		.direction = s->direction == PCM_PLAY ? VIRTIO_SND_D_OUTPUT : VIRTIO_SND_D_INPUT,
		.channels_min = 1,
		.channels_max = (uint8_t)s->channels_max };
}

static struct virtio_snd_ctl_info ctl_item(uint32_t i)
{
	struct virtio_snd_ctl_info c = { .access = le32_of(1u << VIRTIO_SND_CTL_ACCESS_READ |
							   1u << VIRTIO_SND_CTL_ACCESS_WRITE),
		.count = le32_of(1) };

	if (i == CTL_VOLUME) {
		c.role = le32_of(VIRTIO_SND_CTL_ROLE_VOLUME);
		c.type = le32_of(VIRTIO_SND_CTL_TYPE_INTEGER);
		c.value.integer.max = le32_of(SND_VOLUME_MAX);
		c.value.integer.step = le32_of(1);
		snprintf((char *)c.name, sizeof(c.name), "Master Playback Volume");
	} else {
		c.role = le32_of(VIRTIO_SND_CTL_ROLE_MUTE);
		c.type = le32_of(VIRTIO_SND_CTL_TYPE_BOOLEAN);
		c.value.integer.max = le32_of(1);
		snprintf((char *)c.name, sizeof(c.name), "Master Playback Switch");
	}
	return c;
}

/* ---- requests ---- */

/* Room for the largest answer: all items of one kind. */
struct answer {
	uint32_t len;
	uint8_t b[PCM_MAX_STREAMS * sizeof(struct virtio_snd_pcm_info)];
};
static_assert(
	sizeof(((struct answer *)0)->b) >= sizeof(struct virtio_snd_ctl_value) &&
		sizeof(((struct answer *)0)->b) >=
			PCM_MAX_STREAMS * sizeof(struct virtio_snd_jack_info) &&
		sizeof(((struct answer *)0)->b) >= 2 * 5 * sizeof(struct virtio_snd_chmap_info) &&
		sizeof(((struct answer *)0)->b) >= CTLS * VIRTIO_SND_CTL_INFO_ALIGNED,
	"an answer");

static void add(struct answer *a, const void *item, size_t len)
{
	memcpy(a->b + a->len, item, len);
	a->len += (uint32_t)len;
}

static void add_ctl(struct answer *a, uint32_t i, uint32_t bytes)
{
	const struct virtio_snd_ctl_info item = ctl_item(i);
	static const uint8_t none[VIRTIO_SND_CTL_INFO_ALIGNED - sizeof(item)];

	add(a, &item, offsetof(struct virtio_snd_ctl_info, value));
	add(a, none, bytes - sizeof(item));
	add(a, &item.value, sizeof(item.value));
}

/* What a request is read from and may answer. */
struct request {
	struct vq_reader *r;
	uint32_t room; /* of the answer, after its header */
	uint32_t code;
};

/* The rest of a fixed-size request: `bytes` of `out` beyond the code that was read already. */
static bool rest(struct request *q, void *out, size_t bytes)
{
	le32 code = le32_of(q->code);

	memcpy(out, &code, sizeof(code));
	return vq_get(q->r, (uint8_t *)out + sizeof(code), (uint32_t)(bytes - sizeof(code))) == 0;
}

static uint32_t query(struct snd *d, struct request *q, struct answer *a)
{
	struct virtio_snd_query_info in;
	uint32_t total, bytes, status;

	if (!rest(q, &in, sizeof(in)))
		return VIRTIO_SND_S_BAD_MSG;
	switch (q->code) {
	case VIRTIO_SND_R_JACK_INFO:
		total = d->n_streams;
		bytes = sizeof(struct virtio_snd_jack_info);
		break;
	case VIRTIO_SND_R_PCM_INFO:
		total = d->n_streams;
		bytes = sizeof(struct virtio_snd_pcm_info);
		break;
	case VIRTIO_SND_R_CHMAP_INFO:
		total = d->n_chmaps;
		bytes = sizeof(struct virtio_snd_chmap_info);
		break;
	default:
		if (!has_ctls(d))
			return VIRTIO_SND_S_NOT_SUPP;
		total = CTLS;
		bytes = le32_get(in.size) == VIRTIO_SND_CTL_INFO_ALIGNED
				? VIRTIO_SND_CTL_INFO_ALIGNED
				: (uint32_t)sizeof(struct virtio_snd_ctl_info);
	}
	status = snd_check_query(&in, total, bytes, q->room);
	if (status != VIRTIO_SND_S_OK)
		return status;
	for (uint32_t i = le32_get(in.start_id), n = le32_get(in.count); n > 0; i++, n--) {
		if (q->code == VIRTIO_SND_R_JACK_INFO) {
			struct virtio_snd_jack_info item = jack_item(d, i);

			add(a, &item, sizeof(item));
		} else if (q->code == VIRTIO_SND_R_PCM_INFO) {
			struct virtio_snd_pcm_info item = pcm_item(d, i);

			add(a, &item, sizeof(item));
		} else if (q->code == VIRTIO_SND_R_CHMAP_INFO) {
			add(a, &d->chmap[i], sizeof(d->chmap[i]));
		} else {
			add_ctl(a, i, bytes);
		}
	}
	return VIRTIO_SND_S_OK;
}

static uint32_t set_params(struct snd *d, struct request *q)
{
	struct virtio_snd_pcm_set_params in;
	struct pcm_params params;
	struct snd_stream *s;
	uint32_t features, status, i;

	if (!rest(q, &in, sizeof(in)))
		return VIRTIO_SND_S_BAD_MSG;
	i = le32_get(in.hdr.stream_id);
	if (i >= d->n_streams)
		return VIRTIO_SND_S_BAD_MSG;
	s = &d->stream[i];
	if (snd_next_state(s->state, q->code) < 0)
		return VIRTIO_SND_S_BAD_MSG;
	status = snd_parse_params(&in, s->channels_max, &params, &features);
	if (status != VIRTIO_SND_S_OK)
		return status;
	if (s->open)
		snd_stream_release(d, i);
	s->params = params;
	s->features = features;
	s->state = SND_SET;
	return VIRTIO_SND_S_OK;
}

static uint32_t pcm_command(struct snd *d, struct request *q)
{
	struct virtio_snd_pcm_hdr in;
	struct snd_stream *s;
	uint32_t i;
	int next;

	if (!rest(q, &in, sizeof(in)))
		return VIRTIO_SND_S_BAD_MSG;
	i = le32_get(in.stream_id);
	if (i >= d->n_streams)
		return VIRTIO_SND_S_BAD_MSG;
	s = &d->stream[i];
	next = snd_next_state(s->state, q->code);
	if (next < 0)
		return VIRTIO_SND_S_BAD_MSG;
	/* What the driver queued before this request is pending, looked at or not: the queues were
	 * written in that order, whatever order they are served in. */
	if (q->code == VIRTIO_SND_R_PCM_RELEASE)
		snd_data_take(d, i);
	s->state = (enum snd_state)next;
	switch (q->code) {
	case VIRTIO_SND_R_PCM_PREPARE:
		snd_stream_prepare(d, i);
		break;
	case VIRTIO_SND_R_PCM_START:
		d->port->ops->start(d->port, i);
		break;
	case VIRTIO_SND_R_PCM_STOP:
		/* Played to its end: that is how a sound ends. */
		snd_stream_not_dry(d, i);
		d->port->ops->stop(d->port, i);
		break;
	default:
		snd_stream_release(d, i);
	}
	s->st.running = s->state == SND_RUNNING;
	return VIRTIO_SND_S_OK;
}

void snd_volume_changed(struct snd *d)
{
	/* A volume that a person turns is even in decibels, nearly: the square of its share. */
	if (d->port->ops->volume)
		d->port->ops->volume(d->port, d->volume * d->volume / 10, d->mute);
}

static uint32_t ctl_value(const struct snd *d, uint32_t id)
{
	return id == CTL_VOLUME ? d->volume : !d->mute;
}

static uint32_t ctl_read(struct snd *d, uint32_t id, struct request *q, struct answer *a)
{
	struct virtio_snd_ctl_value v = { 0 };

	if (q->room < sizeof(v))
		return VIRTIO_SND_S_BAD_MSG;
	v.value.integer[0] = le32_of(ctl_value(d, id));
	add(a, &v, sizeof(v));
	return VIRTIO_SND_S_OK;
}

static uint32_t ctl_write(struct snd *d, uint32_t id, struct request *q)
{
	le32 value;
	uint32_t x;

	/* A whole value follows; one member of it is looked at. */
	if (vq_get(q->r, &value, sizeof(value)) != 0)
		return VIRTIO_SND_S_BAD_MSG;
	x = le32_get(value);
	if (x > (id == CTL_VOLUME ? SND_VOLUME_MAX : 1))
		return VIRTIO_SND_S_BAD_MSG;
	if (x == ctl_value(d, id))
		return VIRTIO_SND_S_OK;
	if (id == CTL_VOLUME)
		d->volume = x;
	else
		d->mute = !x;
	snd_volume_changed(d);
	/* For whoever else looks at the control in the guest: Linux' driver tells nobody of what it
	 * wrote itself. Before the answer, so that it is there when the write is done. */
	snd_event(d, VIRTIO_SND_EVT_CTL_NOTIFY, id | VIRTIO_SND_CTL_EVT_MASK_VALUE << 16);
	return VIRTIO_SND_S_OK;
}

static uint32_t ctl(struct snd *d, struct request *q, struct answer *a)
{
	struct virtio_snd_ctl_hdr in;
	uint32_t id;

	if (!has_ctls(d))
		return VIRTIO_SND_S_NOT_SUPP;
	if (!rest(q, &in, sizeof(in)))
		return VIRTIO_SND_S_BAD_MSG;
	id = le32_get(in.control_id);
	if (id >= CTLS)
		return VIRTIO_SND_S_BAD_MSG;
	if (q->code == VIRTIO_SND_R_CTL_READ)
		return ctl_read(d, id, q, a);
	if (q->code == VIRTIO_SND_R_CTL_WRITE)
		return ctl_write(d, id, q);
	/* Neither an enumeration nor metadata. */
	return VIRTIO_SND_S_NOT_SUPP;
}

static uint32_t carry_out(struct snd *d, struct request *q, struct answer *a)
{
	switch (q->code) {
	case VIRTIO_SND_R_JACK_INFO:
	case VIRTIO_SND_R_PCM_INFO:
	case VIRTIO_SND_R_CHMAP_INFO:
	case VIRTIO_SND_R_CTL_INFO:
		return query(d, q, a);
	case VIRTIO_SND_R_PCM_SET_PARAMS:
		return set_params(d, q);
	case VIRTIO_SND_R_PCM_PREPARE:
	case VIRTIO_SND_R_PCM_RELEASE:
	case VIRTIO_SND_R_PCM_START:
	case VIRTIO_SND_R_PCM_STOP:
		return pcm_command(d, q);
	case VIRTIO_SND_R_CTL_ENUM_ITEMS:
	case VIRTIO_SND_R_CTL_READ:
	case VIRTIO_SND_R_CTL_WRITE:
	case VIRTIO_SND_R_CTL_TLV_READ:
	case VIRTIO_SND_R_CTL_TLV_WRITE:
	case VIRTIO_SND_R_CTL_TLV_COMMAND:
		return ctl(d, q, a);
	default:
		/* JACK_REMAP too: no jack offers it. */
		return VIRTIO_SND_S_NOT_SUPP;
	}
}

static void serve(struct snd *d)
{
	struct vq *vq = d->vq[VIRTIO_SND_VQ_CONTROL];
	struct virtio_snd_hdr head;
	struct answer a = { 0 };
	struct vq_reader r;
	struct vq_writer w;
	struct request q = { .r = &r };
	uint32_t status = VIRTIO_SND_S_BAD_MSG;

	vq_reader_init(&r, vq, &d->chain);
	vq_writer_init(&w, vq, &d->chain);
	if (w.left >= sizeof(head))
		q.room = w.left - (uint32_t)sizeof(head);
	if (vq_get(&r, &head, sizeof(head)) == 0) {
		q.code = le32_get(head.code);
		status = carry_out(d, &q, &a);
	}
	d->st.controls++;
	if (status != VIRTIO_SND_S_OK) {
		d->st.bad_controls++;
		log_guest("%s: control request 0x%x refused", d->v.tag, q.code);
		a.len = 0;
	}
	head.code = le32_of(status);
	if (vq_put(&w, &head, sizeof(head)) != 0 || (a.len && vq_put(&w, a.b, a.len) != 0))
		log_guest("%s: a control request has no room for its answer", d->v.tag);
	if (vq_push(vq, &d->chain, w.written) != 0)
		log_debug("%s: the control queue is broken", d->v.tag);
}

bool snd_control_work(struct snd *d)
{
	for (uint32_t n = 0; d->vq[VIRTIO_SND_VQ_CONTROL]; n++) {
		if (n == TURN_REQUESTS)
			return true;
		if (vq_pop(d->vq[VIRTIO_SND_VQ_CONTROL], &d->chain) != VQ_TAKEN)
			break;
		serve(d);
	}
	return false;
}
