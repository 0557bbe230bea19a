/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio sound device ("Sound Device"). All streams of a direction share a queue: what comes back
 * is told apart by its period, and each stream's come back in order.
 */
#include "dyno/snd.h"

#include <string.h>

#include "dyno/boot.h"
#include "dyno/event.h"
#include "dyno/mem.h"
#include "dyno/print.h"
#include "dyno/snd_wire.h"
#include "dyno/virtio.h"
#include "sdk.h"

#define MAX_STREAMS 16
#define MAX_PERIODS 32
#define QUEUE_SIZE  64
#define EVENTS      16

struct period {
	struct dyno_pcm *pcm;
	struct snd_xfer xfer;
	struct snd_status status;
	uint32_t len; /* that came back */
};

struct dyno_pcm {
	bool open, running;
	uint32_t id; /* of the device */
	enum dyno_pcm_direction direction;
	struct dyno_pcm_params params;
	uint32_t period_bytes;
	uint8_t *samples;
	struct period *period;
	uint64_t queued, back; /* periods ever handed over, ever returned */
	uint64_t taken; /* capturing: handed to the program */
	struct dyno_pcm_stats stats;
};

struct card {
	bool tried, works;
	struct virtio_dev v;
	struct virtq ctrl, event, data[2]; /* by direction */
	struct snd_config cfg;
	struct snd_pcm_info info[MAX_STREAMS];
	struct dyno_pcm pcm[MAX_STREAMS];
	struct snd_event *events;
	bool news; /* something came back since the last look */
	struct event_source source;
	union {
		struct snd_query query;
		struct snd_set_params params;
		struct snd_pcm_hdr pcm;
	} * request;
	uint32_t *answer;
};

static struct card card;

static void post_event(struct snd_event *e)
{
	if (virtq_add(&card.event, &(struct virtq_buf){ e, sizeof(*e) }, 0, 1, e) != 0)
		dyno_panic("snd: the event queue is full of nothing");
}

/* True when the queue takes another period, of three pieces. */
static bool has_room(const struct dyno_pcm *p)
{
	const struct virtq *q = &card.data[p->direction];

	return q->num_free >= (q->indirect ? 1 : 3);
}

/* Takes back what the device is done with. */
static void reap(void)
{
	struct snd_event *e;
	struct period *p;
	uint32_t len;

	for (unsigned int q = 0; q < 2; q++) {
		while ((p = virtq_pop(&card.data[q], &len)) != NULL) {
			struct dyno_pcm *s = p->pcm;

			p->len = len > sizeof(p->status) ? len - (uint32_t)sizeof(p->status) : 0;
			s->back++;
			s->stats.periods++;
			s->stats.refused += p->status.status != SND_S_OK;
			s->stats.latency_bytes = p->status.latency_bytes;
			if (q == DYNO_PCM_CAPTURE && p->len < s->period_bytes)
				s->stats.short_periods++;
			card.news = true;
		}
	}
	while ((e = virtq_pop(&card.event, NULL)) != NULL) {
		if (e->code == SND_EVT_XRUN && e->data < MAX_STREAMS)
			card.pcm[e->data].stats.xruns++;
		post_event(e);
		card.news = true;
	}
}

static bool snd_arm(void *ctx)
{
	bool more, news;

	(void)ctx;
	virtq_kick(&card.data[0]);
	virtq_kick(&card.data[1]);
	virtq_kick(&card.event);
	do {
		reap();
		more = virtq_arm(&card.data[0]);
		more |= virtq_arm(&card.data[1]);
		more |= virtq_arm(&card.event);
	} while (more);
	news = card.news;
	card.news = false;
	return news;
}

/* One request; its answer after the header, `bytes` of it, comes to `out`. */
static int call(uint32_t request_bytes, void *out, uint32_t bytes)
{
	uint32_t len = 0;
	int rc = virtq_call(&card.ctrl,
		(struct virtq_buf[]){ { card.request, request_bytes },
			{ card.answer, (uint32_t)sizeof(uint32_t) + bytes } },
		1, 1, &len);

	if (rc != 0)
		return rc;
	if (len < sizeof(uint32_t) + bytes || card.answer[0] != SND_S_OK)
		return DYNO_E_DEVICE;
	if (bytes > 0)
		memcpy(out, card.answer + 1, bytes);
	return 0;
}

static int command(struct dyno_pcm *p, uint32_t code)
{
	card.request->pcm = (struct snd_pcm_hdr){ code, p->id };
	return call(sizeof(card.request->pcm), NULL, 0);
}

static int make_buffers(void)
{
	card.request = dyno_alloc(sizeof(*card.request), 16);
	card.answer = dyno_alloc(sizeof(uint32_t) + sizeof(card.info), 16);
	card.events = dyno_alloc(EVENTS * sizeof(*card.events), 16);
	if (card.request == NULL || card.answer == NULL || card.events == NULL)
		return DYNO_E_NOMEM;
	for (unsigned int i = 0; i < EVENTS; i++)
		post_event(&card.events[i]);
	return 0;
}

static int set_up(void)
{
	int rc = virtio_negotiate(&card.v, virtio_ring_features());

	if (rc == 0)
		rc = virtq_new(&card.ctrl, &card.v, SND_VQ_CONTROL, 4);
	if (rc == 0)
		rc = virtq_new(&card.event, &card.v, SND_VQ_EVENT, EVENTS);
	if (rc == 0)
		rc = virtq_new(&card.data[DYNO_PCM_PLAY], &card.v, SND_VQ_TX, QUEUE_SIZE);
	if (rc == 0)
		rc = virtq_new(&card.data[DYNO_PCM_CAPTURE], &card.v, SND_VQ_RX, QUEUE_SIZE);
	if (rc == 0)
		rc = make_buffers();
	if (rc != 0)
		return rc;
	for (unsigned int q = 0; q < 2; q++)
		card.data[q].indirect = (card.v.features & VIRTIO_F_INDIRECT) != 0;
	virtio_driver_ok(&card.v);
	virtq_kick(&card.event);
	virtio_config_read(&card.v, 0, &card.cfg, sizeof(card.cfg));
	if (card.cfg.streams > MAX_STREAMS)
		card.cfg.streams = MAX_STREAMS;
	card.request->query = (struct snd_query){ SND_R_PCM_INFO, 0, card.cfg.streams,
		sizeof(struct snd_pcm_info) };
	rc = call(sizeof(card.request->query), card.info,
		card.cfg.streams * (uint32_t)sizeof(struct snd_pcm_info));
	if (rc != 0)
		return rc;
	card.source = (struct event_source){ snd_arm, NULL, NULL };
	event_add(&card.source);
	return 0;
}

static bool card_open(void)
{
	int rc;

	if (card.tried)
		return card.works;
	card.tried = true;
	if (virtio_find(&card.v, VIRTIO_SOUND, 0) != 0)
		return false;
	rc = set_up();
	if (rc != 0)
		dyno_printf("sound: %s\n", dyno_error_name(rc));
	card.works = rc == 0;
	return card.works;
}

/* Number of the device's stream; MAX_STREAMS: there is none. */
static uint32_t stream_id(enum dyno_pcm_direction direction, unsigned int index)
{
	for (uint32_t i = 0; i < card.cfg.streams; i++) {
		if (card.info[i].direction == direction && index-- == 0)
			return i;
	}
	return MAX_STREAMS;
}

unsigned int dyno_pcm_count(enum dyno_pcm_direction direction)
{
	unsigned int n = 0;

	if (!card_open())
		return 0;
	for (uint32_t i = 0; i < card.cfg.streams; i++)
		n += card.info[i].direction == direction;
	return n;
}

static int wire_format(enum dyno_pcm_format f)
{
	static const uint8_t of[] = { SND_FMT_S16, SND_FMT_S24, SND_FMT_S32, SND_FMT_FLOAT };

	return (unsigned int)f < DYNO_COUNT(of) ? of[f] : -1;
}

static int wire_rate(unsigned int hz)
{
	static const uint32_t of[] = { 5512, 8000, 11025, 16000, 22050, 32000, 44100, 48000, 64000,
		88200, 96000, 176400, 192000, 384000, 12000, 24000 };

	for (unsigned int i = 0; i < DYNO_COUNT(of); i++) {
		if (of[i] == hz)
			return (int)i;
	}
	return -1;
}

static int prepare(struct dyno_pcm *p)
{
	const struct dyno_pcm_params *a = &p->params;
	const int format = wire_format(a->format), rate = wire_rate(a->rate_hz);
	int rc;

	if (format < 0 || rate < 0 || a->periods < 2 || a->periods > MAX_PERIODS ||
		a->period_frames == 0 || a->channels == 0 || a->channels > 8)
		return DYNO_E_INVAL;
	p->period_bytes = a->period_frames * a->channels * (a->format == DYNO_PCM_S16 ? 2 : 4);
	p->samples = dyno_alloc((size_t)a->periods * p->period_bytes, 64);
	p->period = dyno_alloc(a->periods * sizeof(*p->period), 16);
	if (p->samples == NULL || p->period == NULL)
		return DYNO_E_NOMEM;
	card.request->params = (struct snd_set_params){ .hdr = { SND_R_SET_PARAMS, p->id },
		.buffer_bytes = a->periods * p->period_bytes,
		.period_bytes = p->period_bytes,
		/* Xruns are heard of where the device can tell them. */
		.features = card.info[p->id].features & 1u << SND_F_EVT_XRUNS,
		.channels = (uint8_t)a->channels,
		.format = (uint8_t)format,
		.rate = (uint8_t)rate };
	rc = call(sizeof(card.request->params), NULL, 0);
	return rc != 0 ? rc : command(p, SND_R_PREPARE);
}

struct dyno_pcm *dyno_pcm_open(
	enum dyno_pcm_direction direction, unsigned int index, const struct dyno_pcm_params *params)
{
	uint32_t id = card_open() ? stream_id(direction, index) : MAX_STREAMS;
	struct dyno_pcm *p;
	int rc;

	if (id == MAX_STREAMS || card.pcm[id].open)
		return NULL;
	p = &card.pcm[id];
	*p = (struct dyno_pcm){ .id = id, .direction = direction, .params = *params };
	rc = prepare(p);
	if (rc != 0) {
		dyno_printf("sound stream %u: %s\n", id, dyno_error_name(rc));
		dyno_free(p->samples);
		dyno_free(p->period);
		return NULL;
	}
	p->open = true;
	return p;
}

static bool all_back(void *ctx)
{
	struct dyno_pcm *p = ctx;

	(void)snd_arm(NULL);
	card.news = true;
	return p->back == p->queued;
}

void dyno_pcm_close(struct dyno_pcm *p)
{
	if (p == NULL || !p->open)
		return;
	if (p->running)
		(void)!dyno_pcm_stop(p);
	/* A device that keeps them may still write to them: then they stay. */
	if (command(p, SND_R_RELEASE) == 0 && event_until(all_back, p)) {
		dyno_free(p->samples);
		dyno_free(p->period);
	}
	p->open = false;
}

uint32_t dyno_pcm_period_bytes(const struct dyno_pcm *p)
{
	return p->period_bytes;
}

void *dyno_pcm_next(struct dyno_pcm *p)
{
	const uint64_t n = p->params.periods;

	reap();
	if (p->direction == DYNO_PCM_PLAY)
		return p->queued - p->back < n && has_room(p)
			       ? p->samples + p->queued % n * p->period_bytes
			       : NULL;
	return p->taken < p->back ? p->samples + p->taken % n * p->period_bytes : NULL;
}

/* Makes the period of that number available. */
static void hand_over(struct dyno_pcm *p, uint64_t number)
{
	const uint64_t at = number % p->params.periods;
	struct period *e = &p->period[at];
	struct virtq_buf samples = { p->samples + at * p->period_bytes, p->period_bytes };
	struct virtq_buf xfer = { &e->xfer, sizeof(e->xfer) };
	struct virtq_buf status = { &e->status, sizeof(e->status) };
	struct virtq_buf buf[3] = { xfer, samples, status };

	e->pcm = p;
	e->xfer.stream_id = p->id;
	e->status = (struct snd_status){ 0, 0 };
	if (virtq_add(&card.data[p->direction], buf, p->direction == DYNO_PCM_PLAY ? 2 : 1,
		    p->direction == DYNO_PCM_PLAY ? 1 : 2, e) != 0)
		dyno_panic("snd: stream %u has more periods than its queue", p->id);
	p->queued++;
}

void dyno_pcm_queue(struct dyno_pcm *p)
{
	if (p->direction == DYNO_PCM_CAPTURE)
		p->taken++;
	hand_over(p, p->queued);
}

void dyno_pcm_queue_now(struct dyno_pcm *p)
{
	dyno_pcm_queue(p);
	virtq_kick_now(&card.data[p->direction]);
}

int dyno_pcm_start(struct dyno_pcm *p)
{
	int rc;

	if (p->direction == DYNO_PCM_CAPTURE) {
		while (p->queued < p->taken + p->params.periods && has_room(p))
			hand_over(p, p->queued);
	}
	virtq_kick_now(&card.data[p->direction]);
	rc = command(p, SND_R_START);
	p->running = rc == 0;
	return rc;
}

int dyno_pcm_stop(struct dyno_pcm *p)
{
	int rc = command(p, SND_R_STOP);

	if (rc == 0)
		p->running = false;
	return rc;
}

bool dyno_pcm_drained(struct dyno_pcm *p)
{
	reap();
	return p->back == p->queued;
}

struct dyno_pcm_stats dyno_pcm_stats(struct dyno_pcm *p)
{
	reap();
	p->stats.queued = (unsigned int)(p->queued - p->back);
	return p->stats;
}
