/* SPDX-License-Identifier: Apache-2.0 */
/* "Sound Device". The first stream of each direction is used, in S16 stereo or mono at 48 kHz. */
#include <string.h>

#include "dyno/snd_wire.h"
#include "suite.h"

#define MAX_STREAMS   16
#define PERIOD_FRAMES 480
#define PERIODS       8

static struct virtio_dev dev;
static struct virtq ctrl, event, data[2]; /* data: play, capture */
static struct snd_config cfg;
static struct snd_pcm_info info[MAX_STREAMS];
static struct snd_event events[8];
static uint32_t answer[1 + 64 * 8];
static struct period {
	struct snd_xfer xfer;
	struct snd_status status;
	uint8_t samples[PERIOD_FRAMES * 4];
} period[PERIODS];

/* The status of one request; 0: no answer, or one without a status. */
static uint32_t ask(void *request, uint32_t bytes, uint32_t room, uint32_t *len)
{
	uint32_t n = 0;

	memset(answer, 0, sizeof(answer));
	if (!transact(&ctrl,
		    (struct virtq_buf[]){
			    { request, bytes }, { answer, room + (uint32_t)sizeof(uint32_t) } },
		    1, 1, &n))
		return 0;
	if (len != NULL)
		*len = n;
	return n >= sizeof(uint32_t) ? answer[0] : 0;
}

static uint32_t query(uint32_t code, uint32_t start, uint32_t count, uint32_t size, uint32_t *len)
{
	struct snd_query q = { code, start, count, size };

	return ask(&q, sizeof(q), count * size <= 64 * 32 ? count * size : 64 * 32 - 4, len);
}

static uint32_t command(uint32_t code, uint32_t stream)
{
	struct snd_pcm_hdr h = { code, stream };

	return ask(&h, sizeof(h), 0, NULL);
}

static struct snd_set_params good_params(uint32_t stream)
{
	const uint8_t channels = info[stream].channels_max >= 2 ? 2 : 1;
	const uint32_t bytes = PERIOD_FRAMES * 2u * channels;

	return (struct snd_set_params){ .hdr = { SND_R_SET_PARAMS, stream },
		.buffer_bytes = PERIODS * bytes,
		.period_bytes = bytes,
		.channels = channels,
		.format = SND_FMT_S16,
		.rate = SND_RATE_48000 };
}

static uint32_t set(struct snd_set_params p)
{
	return ask(&p, sizeof(p), 0, NULL);
}

static bool open_card(uint64_t wanted)
{
	if (raw_open(&dev, VIRTIO_SOUND, 0, wanted) != 0 ||
		virtq_new(&ctrl, &dev, SND_VQ_CONTROL, 4) != 0 ||
		virtq_new(&event, &dev, SND_VQ_EVENT, 8) != 0 ||
		virtq_new(&data[0], &dev, SND_VQ_TX, 32) != 0 ||
		virtq_new(&data[1], &dev, SND_VQ_RX, 32) != 0)
		return false;
	virtio_driver_ok(&dev);
	for (size_t i = 0; i < DYNO_COUNT(events); i++) {
		if (virtq_add(&event, &(struct virtq_buf){ &events[i], sizeof(events[i]) }, 0, 1,
			    &events[i]) != 0)
			return false;
	}
	virtq_kick_now(&event);
	return true;
}

static bool close_card(void)
{
	if (virtio_reset(&dev) != 0)
		return false;
	virtq_free(&ctrl);
	virtq_free(&event);
	virtq_free(&data[0]);
	virtq_free(&data[1]);
	return true;
}

static void descriptions(void)
{
	uint32_t len = 0, status;
	bool sane = true;

	virtio_config_read(&dev, 0, &cfg, sizeof(cfg));
	verdict(cfg.streams >= 1, "snd.streams", "there is a stream", "none");
	if (cfg.streams > MAX_STREAMS)
		cfg.streams = MAX_STREAMS;
	status = query(SND_R_PCM_INFO, 0, cfg.streams, sizeof(info[0]), &len);
	verdict(status == SND_S_OK && len == 4 + cfg.streams * sizeof(info[0]), "snd.info",
		"all streams are described", "status %x, length %u", status, len);
	memcpy(info, answer + 1, cfg.streams * sizeof(info[0]));
	for (uint32_t i = 0; i < cfg.streams; i++)
		sane = sane && info[i].formats != 0 && info[i].rates != 0 &&
		       info[i].direction <= 1 && info[i].channels_min >= 1 &&
		       info[i].channels_min <= info[i].channels_max;
	verdict(sane, "snd.sane", "each has a format, a rate, channels", "one has not");
	status = query(SND_R_PCM_INFO, cfg.streams, 1, sizeof(info[0]), NULL);
	verdict(status == SND_S_BAD_MSG, "snd.beyond", "a stream that is not there", "%x", status);
	status = query(SND_R_PCM_INFO, 0xffffffff, 2, sizeof(info[0]), NULL);
	verdict(status == SND_S_BAD_MSG, "snd.wrap", "numbers that wrap around", "%x", status);
	if (cfg.jacks > 0) {
		status = query(SND_R_JACK_INFO, 0, cfg.jacks, sizeof(struct snd_jack_info), &len);
		verdict(status == SND_S_OK && len == 4 + cfg.jacks * sizeof(struct snd_jack_info),
			"snd.jacks", "all jacks are described", "status %x", status);
	}
	if (cfg.chmaps > 0) {
		const struct snd_chmap_info *m = (const void *)(answer + 1);

		status = query(SND_R_CHMAP_INFO, 0, cfg.chmaps, sizeof(*m), &len);
		sane = status == SND_S_OK && len == 4 + cfg.chmaps * sizeof(*m);
		for (uint32_t i = 0; sane && i < cfg.chmaps; i++)
			sane = m[i].direction <= 1 && m[i].channels >= 1 && m[i].channels <= 18;
		verdict(sane, "snd.chmaps", "all channel maps are described", "status %x", status);
	}
	status = command(0x7777, 0);
	verdict(status == SND_S_NOT_SUPP, "snd.unknown", "an unknown request", "%x", status);
}

/* "PCM Command Lifecycle" */
static void life(uint32_t s)
{
	static const struct {
		uint32_t code;
		bool right;
		const char *text;
	} steps[] = {
		{ SND_R_START, false, "no start before the parameters" },
		{ SND_R_PREPARE, false, "no prepare before the parameters" },
		{ SND_R_SET_PARAMS, true, "parameters" },
		{ SND_R_START, false, "no start before prepare" },
		{ SND_R_STOP, false, "no stop before start" },
		{ SND_R_PREPARE, true, "prepare" },
		{ SND_R_SET_PARAMS, true, "other parameters when prepared" },
		{ SND_R_PREPARE, true, "prepare again" },
		{ SND_R_START, true, "start" },
		{ SND_R_START, false, "no second start" },
		{ SND_R_SET_PARAMS, false, "no parameters while it runs" },
		{ SND_R_RELEASE, false, "no release while it runs" },
		{ SND_R_STOP, true, "stop" },
		{ SND_R_STOP, false, "no second stop" },
		{ SND_R_START, true, "start after a stop" },
		{ SND_R_STOP, true, "stop again" },
		{ SND_R_RELEASE, true, "release" },
		{ SND_R_RELEASE, false, "no second release" },
		{ SND_R_START, false, "no start after release" },
		{ SND_R_PREPARE, true, "prepare after release" },
		{ SND_R_RELEASE, true, "release when prepared" },
	};

	for (size_t i = 0; i < DYNO_COUNT(steps); i++) {
		const uint32_t status = steps[i].code == SND_R_SET_PARAMS
						? set(good_params(s))
						: command(steps[i].code, s);

		verdict(steps[i].right ? status == SND_S_OK
				       : status == SND_S_BAD_MSG || status == SND_S_NOT_SUPP,
			"snd.life", steps[i].text, "status %x", status);
	}
	verdict(command(SND_R_PREPARE, cfg.streams) == SND_S_BAD_MSG, "snd.no-stream",
		"a command for a stream that is not there", "accepted");
}

static void refused(uint32_t s)
{
	struct snd_set_params p = good_params(s);
	uint32_t status;

	p.format = 63;
	status = set(p);
	verdict(status == SND_S_NOT_SUPP, "snd.format", "a format that it has not", "%x", status);
	p = good_params(s);
	p.rate = 63;
	status = set(p);
	verdict(status == SND_S_NOT_SUPP, "snd.rate", "a rate that it has not", "%x", status);
	p = good_params(s);
	p.channels = (uint8_t)(info[s].channels_max + 1);
	status = set(p);
	verdict(status == SND_S_NOT_SUPP, "snd.channels", "too many channels", "%x", status);
	p = good_params(s);
	p.period_bytes = 0;
	status = set(p);
	verdict(status == SND_S_BAD_MSG || status == SND_S_NOT_SUPP, "snd.period",
		"periods of nothing", "%x", status);
}

static bool send(struct period *p, uint32_t stream, uint32_t bytes, bool play)
{
	struct virtq_buf b[] = { { &p->xfer, sizeof(p->xfer) }, { p->samples, bytes },
		{ &p->status, sizeof(p->status) } };

	p->xfer.stream_id = stream;
	p->status = (struct snd_status){ 0, 0 };
	return virtq_add(&data[!play], b, play ? 2 : 1, play ? 1 : 2, p) == 0;
}

/* Waits for the next one of a queue; NULL after a second. */
static struct period *back(bool play, uint32_t *len)
{
	return wait_used(&data[!play], 1000) ? virtq_pop(&data[!play], len) : NULL;
}

static void playing(uint32_t s)
{
	const struct snd_set_params p = good_params(s);
	uint64_t began, ended;
	uint32_t len = 0;
	bool order = true, good = true;
	struct period *b;

	if (!verdict(set(p) == SND_S_OK && command(SND_R_PREPARE, s) == SND_S_OK, "snd.prepare",
		    "a playing stream is prepared", "refused"))
		return;
	for (unsigned int i = 0; i < PERIODS; i++)
		order = send(&period[i], s, p.period_bytes, true) && order;
	virtq_kick_now(&data[0]);
	verdict(!wait_used(&data[0], 30), "snd.hold", "nothing is played before the start",
		"a period came back");
	began = dyno_now_ns();
	verdict(command(SND_R_START, s) == SND_S_OK, "snd.start", "it starts", "refused");
	for (unsigned int i = 0; i < PERIODS; i++) {
		b = back(true, &len);
		order = order && b == &period[i];
		good = good && b != NULL && b->status.status == SND_S_OK && len == 8;
	}
	ended = dyno_now_ns();
	verdict(order, "snd.order", "periods come back in their order", "they do not");
	verdict(good, "snd.status", "each with a status", "one without");
	/* 80 ms of sound; the last part may be in the host's hands already. */
	verdict(ended - began > DYNO_MS(40) && ended - began < DYNO_MS(2000), "snd.pace",
		"and at the pace of the sound", "after %u us",
		(unsigned int)((ended - began) / 1000));
	verdict(command(SND_R_STOP, s) == SND_S_OK, "snd.stop", "it stops", "refused");
	verdict(send(&period[0], s, p.period_bytes, true) &&
			send(&period[1], s, p.period_bytes, true),
		"snd.more", "two more are queued", "no room");
	virtq_kick_now(&data[0]);
	verdict(command(SND_R_RELEASE, s) == SND_S_OK && virtq_pending(&data[0]) &&
			back(true, NULL) == &period[0] && virtq_pending(&data[0]) &&
			back(true, NULL) == &period[1],
		"snd.release", "all are back before the release is answered", "they are not");
}

static void bad_buffers(uint32_t s)
{
	const struct snd_set_params p = good_params(s);
	struct period *b;

	verdict(send(&period[0], 77, p.period_bytes, true), "snd.bad", "for no stream", "no room");
	virtq_kick_now(&data[0]);
	b = back(true, NULL);
	verdict(b != NULL && b->status.status != SND_S_OK && b->status.status >= SND_S_BAD_MSG,
		"snd.bad-stream", "samples for a stream that is not there", "accepted");
	verdict(send(&period[0], s, p.period_bytes, true), "snd.bad", "when released", "no room");
	virtq_kick_now(&data[0]);
	b = back(true, NULL);
	verdict(b != NULL && b->status.status != SND_S_OK && b->status.status >= SND_S_BAD_MSG,
		"snd.bad-state", "samples for a stream that is not prepared", "accepted");
}

static void capturing(uint32_t s)
{
	const struct snd_set_params p = good_params(s);
	uint32_t len = 0;
	bool good = true;

	if (!verdict(set(p) == SND_S_OK && command(SND_R_PREPARE, s) == SND_S_OK, "snd.prepare",
		    "a capturing stream is prepared", "refused"))
		return;
	for (unsigned int i = 0; i < PERIODS; i++)
		good = send(&period[i], s, p.period_bytes, false) && good;
	virtq_kick_now(&data[1]);
	verdict(command(SND_R_START, s) == SND_S_OK, "snd.capture", "it starts", "refused");
	for (unsigned int i = 0; i < PERIODS / 2; i++) {
		const struct period *b = back(false, &len);

		good = good && b == &period[i] && b->status.status == SND_S_OK &&
		       len == p.period_bytes + 8;
	}
	verdict(good, "snd.full", "periods come back full, in their order", "length %u", len);
	verdict(command(SND_R_STOP, s) == SND_S_OK && command(SND_R_RELEASE, s) == SND_S_OK,
		"snd.end", "it ends", "refused");
	good = true;
	for (unsigned int i = PERIODS / 2; i < PERIODS; i++)
		good = good && virtq_pending(&data[1]) && back(false, NULL) == &period[i];
	verdict(good, "snd.capture-release", "the rest is back before the release is answered",
		"it is not");
}

static void xruns(uint32_t s)
{
	struct snd_set_params p = good_params(s);
	const struct snd_event *e;

	if ((info[s].features & 1u << SND_F_EVT_XRUNS) == 0) {
		verdict_skip("snd.xrun", "underruns are told", "it does not offer that");
		return;
	}
	p.features = 1u << SND_F_EVT_XRUNS;
	verdict(set(p) == SND_S_OK && command(SND_R_PREPARE, s) == SND_S_OK &&
			send(&period[0], s, p.period_bytes, true),
		"snd.xruns", "xrun events are chosen", "refused");
	virtq_kick_now(&data[0]);
	verdict(command(SND_R_START, s) == SND_S_OK && back(true, NULL) == &period[0], "snd.one",
		"one period is played", "it did not come back");
	e = wait_used(&event, 2000) ? virtq_pop(&event, NULL) : NULL;
	verdict(e != NULL && e->code == SND_EVT_XRUN && e->data == s, "snd.xrun",
		"an underrun is told", "no event");
	verdict(command(SND_R_STOP, s) == SND_S_OK && command(SND_R_RELEASE, s) == SND_S_OK,
		"snd.xrun-end", "it ends", "refused");
}

static void controls(void)
{
	static struct {
		struct snd_ctl_hdr hdr;
		uint32_t value[128];
	} w;
	struct snd_ctl_hdr r = { SND_R_CTL_READ, 0 };
	uint32_t old;

	if ((dev.offered & SND_F_CTLS) == 0) {
		verdict_skip("snd.ctl", "control elements", "there are none");
		return;
	}
	verdict(ask(&r, sizeof(r), 512, NULL) == SND_S_NOT_SUPP, "snd.no-ctl",
		"no control elements that were not negotiated", "answered");
	if (!verdict(close_card() && open_card(SND_F_CTLS), "snd.again", "it starts again",
		    "refused"))
		return;
	virtio_config_read(&dev, 0, &cfg, sizeof(cfg));
	verdict(cfg.controls > 0 && ask(&r, sizeof(r), 512, NULL) == SND_S_OK, "snd.ctl-read",
		"the first element is read", "refused");
	old = answer[1];
	w.hdr = (struct snd_ctl_hdr){ SND_R_CTL_WRITE, 0 };
	w.value[0] = old - 1;
	verdict(ask(&w, sizeof(w), 0, NULL) == SND_S_OK &&
			ask(&r, sizeof(r), 512, NULL) == SND_S_OK && answer[1] == old - 1,
		"snd.ctl-write", "and changed", "%u", answer[1]);
	r.control_id = cfg.controls;
	verdict(ask(&r, sizeof(r), 512, NULL) == SND_S_BAD_MSG, "snd.ctl-beyond",
		"an element that is not there", "answered");
}

void suite_snd(void)
{
	uint32_t play = MAX_STREAMS, capture = MAX_STREAMS;

	if (virtio_count(VIRTIO_SOUND) == 0) {
		verdict_skip("snd", "sound device", "there is none");
		return;
	}
	if (!verdict(open_card(0), "snd.open", "the driver starts", "refused"))
		return;
	descriptions();
	for (uint32_t i = cfg.streams; i-- > 0;)
		*(info[i].direction == 0 ? &play : &capture) = i;
	if (play < MAX_STREAMS) {
		life(play);
		refused(play);
		playing(play);
		bad_buffers(play);
		xruns(play);
	}
	if (capture < MAX_STREAMS)
		capturing(capture);
	controls();
	verdict(close_card(), "snd.reset", "reset", "failed");
}
