/* SPDX-License-Identifier: Apache-2.0 */
/* virtio-snd behind the transport core, over every kind of ring. The test is the driver, and plays
 * dyno-audio at the other side of the shared rings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/ipc.h"
#include "devices/snd/snd.h"
#include "devices/snd/wire.h"
#include "tests/support/mock_driver.h"

enum { CTLQ, EVTQ, TXQ, RXQ };
enum { PLAY, CAPTURE, STREAMS };

#define FOR_EACH_KIND(kind) for (unsigned int kind = 0; kind < MOCK_KINDS; kind++)
#define FRAME               4u /* stereo S16 */
#define PERIOD              1920u /* 10 ms at 48 kHz */
#define STATUS              ((uint32_t)sizeof(struct virtio_snd_pcm_status))
#define XFER                ((uint32_t)sizeof(struct virtio_snd_pcm_xfer))

struct rig {
	struct mock *m;
	struct vdev *dev;
	bool rings;
	int sock, wake; /* dyno-audio's ends */
	struct pcm_ring ring[STREAMS];
};

static const struct pcm_port_config port_cfg = { .n_streams = STREAMS,
	.direction = { PCM_PLAY, PCM_CAPTURE } };

static void rig_start(struct rig *r, unsigned int kind, struct pcm_port *port)
{
	struct snd_config cfg = { .tag = "test/snd0",
		.n_streams = STREAMS,
		.stream = { { PCM_PLAY, 8 }, { PCM_CAPTURE, 2 } } };

	assert_int_equal(snd_new(&r->dev, port, &cfg), 0);
	r->m = mock_new(kind);
	mock_attach(r->m, r->dev);
	mock_start(r->m, MOCK_ALL_FEATURES);
}

static void rig_open_null(struct rig *r, unsigned int kind)
{
	struct pcm_port *port;

	*r = (struct rig){ .sock = -1, .wake = -1 };
	assert_int_equal(pcm_port_null_new(&port, &port_cfg), 0);
	rig_start(r, kind, port);
}

static void rig_open(struct rig *r, unsigned int kind)
{
	struct pcm_ring_fds fds;
	struct pcm_port *port;
	int pair[2];

	*r = (struct rig){ .rings = true };
	for (unsigned int i = 0; i < PCM_MAX_STREAMS; i++)
		fds.ring[i] = -1;
	assert_int_equal(ipc_pair(pair, 0), 0);
	fds.sock = pair[0];
	r->sock = pair[1];
	fds.wake = eventfd(0, EFD_CLOEXEC);
	r->wake = dup(fds.wake);
	for (unsigned int i = 0; i < STREAMS; i++) {
		fds.ring[i] = pcm_ring_create("test");
		assert_true(fds.ring[i] >= 0);
		assert_int_equal(pcm_ring_map(&r->ring[i], fds.ring[i]), 0);
	}
	assert_int_equal(pcm_port_ring_new(&port, &port_cfg, &fds), 0);
	assert_int_equal(fds.sock, -1);
	rig_start(r, kind, port);
}

static void rig_close(struct rig *r)
{
	assert_false(mock_needs_reset(r->m));
	mock_free(r->m);
	fd_close(&r->sock);
	fd_close(&r->wake);
	for (unsigned int i = 0; i < STREAMS; i++)
		pcm_ring_unmap(&r->ring[i]);
}

static struct snd_stats stats(const struct rig *r)
{
	struct snd_stats s;

	snd_get_stats(r->dev, &s);
	return s;
}

/* ---- the driver ---- */

static uint32_t ask(struct rig *r, const void *req, uint32_t len, void *answer, uint32_t room)
{
	uint8_t buf[4096];
	le32 status;
	int n = mock_send(r->m, CTLQ, req, len, buf, (uint32_t)sizeof(status) + room);

	assert_true(n >= (int)sizeof(status));
	memcpy(&status, buf, sizeof(status));
	if (le32_get(status) == VIRTIO_SND_S_OK && room) {
		assert_int_equal(n, sizeof(status) + room);
		memcpy(answer, buf + sizeof(status), room);
	}
	return le32_get(status);
}

static uint32_t command(struct rig *r, uint32_t code, uint32_t stream)
{
	struct virtio_snd_pcm_hdr h = { { le32_of(code) }, le32_of(stream) };

	return ask(r, &h, sizeof(h), NULL, 0);
}

static struct virtio_snd_pcm_set_params params(uint32_t stream)
{
	return (struct virtio_snd_pcm_set_params){
		.hdr = { { le32_of(VIRTIO_SND_R_PCM_SET_PARAMS) }, le32_of(stream) },
		.buffer_bytes = le32_of(4 * PERIOD),
		.period_bytes = le32_of(PERIOD),
		.features = le32_of(1u << VIRTIO_SND_PCM_F_EVT_XRUNS),
		.channels = 2,
		.format = VIRTIO_SND_PCM_FMT_S16,
		.rate = 7, /* 48000 */
	};
}

static uint32_t set_params(struct rig *r, uint32_t stream)
{
	struct virtio_snd_pcm_set_params p = params(stream);

	return ask(r, &p, sizeof(p), NULL, 0);
}

static void prepare(struct rig *r, uint32_t stream)
{
	assert_int_equal(set_params(r, stream), VIRTIO_SND_S_OK);
	assert_int_equal(command(r, VIRTIO_SND_R_PCM_PREPARE, stream), VIRTIO_SND_S_OK);
}

/* Hands samples over: each byte is `fill`. */
static void queue_play(struct rig *r, uint8_t fill, uint32_t bytes)
{
	uint8_t buf[XFER + 65536] = { PLAY };

	memset(buf + XFER, fill, bytes);
	assert_true(mock_post(r->m, TXQ, buf, XFER + bytes, STATUS) >= 0);
}

static void queue_capture(struct rig *r, uint32_t bytes)
{
	le32 id = le32_of(CAPTURE);

	assert_true(mock_post(r->m, RXQ, &id, sizeof(id), bytes + STATUS) >= 0);
}

static uint32_t status_of(const struct mock_used *u, uint32_t at)
{
	struct virtio_snd_pcm_status st;

	assert_true(u->in_len >= at + sizeof(st));
	memcpy(&st, u->in + at, sizeof(st));
	return le32_get(st.status);
}

static void turns(struct rig *r)
{
	for (unsigned int i = 0; i < 4; i++)
		mock_turn(r->m);
}

/* ---- dyno-audio ---- */

static struct pcm_msg heard(struct rig *r)
{
	struct pcm_msg_wire w;
	struct pcm_msg m;
	ssize_t n = recv(r->sock, &w, sizeof(w), MSG_DONTWAIT);

	assert_int_equal(n, sizeof(w));
	assert_int_equal(pcm_msg_parse(&m, &w, sizeof(w), STREAMS), 0);
	return m;
}

static void ring_bell(struct rig *r)
{
	uint64_t one = 1;

	assert_int_equal(write(r->wake, &one, sizeof(one)), sizeof(one));
	turns(r);
}

static void consume(struct rig *r, uint32_t bytes)
{
	atomic_fetch_add(&r->ring[PLAY].sh->read, bytes);
	ring_bell(r);
}

/* ---- the control queue ---- */

static void test_configuration_tells_what_there_is(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct rig r;

		rig_open_null(&r, kind);
		assert_int_equal(mock_config32(r.m, 0), STREAMS); /* jacks */
		assert_int_equal(mock_config32(r.m, 4), STREAMS);
		/* Five maps up to 7.1 for playback, two for stereo capture. */
		assert_int_equal(mock_config32(r.m, 8), 7);
		assert_int_equal(mock_config32(r.m, 12), 2);
		rig_close(&r);
	}
}

static void test_streams_offer_the_formats_and_rates_that_are_promised(void **state)
{
	struct virtio_snd_query_info q = { { le32_of(VIRTIO_SND_R_PCM_INFO) }, le32_of(0),
		le32_of(STREAMS), le32_of(sizeof(struct virtio_snd_pcm_info)) };
	struct virtio_snd_pcm_info info[STREAMS];
	struct rig r;

	(void)state;
	rig_open_null(&r, 0);
	assert_int_equal(ask(&r, &q, sizeof(q), info, sizeof(info)), VIRTIO_SND_S_OK);
	assert_int_equal(info[PLAY].direction, VIRTIO_SND_D_OUTPUT);
	assert_int_equal(info[PLAY].channels_max, 8);
	assert_int_equal(info[CAPTURE].direction, VIRTIO_SND_D_INPUT);
	assert_int_equal(le64_get(info[PLAY].formats), 1u << 5 | 1u << 15 | 1u << 17 | 1u << 19);
	/* 8000..192000 with 12000 and 24000; not 5512, not 384000. */
	assert_int_equal(le64_get(info[PLAY].rates), 0xdffe);
	/* The two sides of one PCM device. */
	assert_int_equal(le32_get(info[PLAY].hda_fn_nid), le32_get(info[CAPTURE].hda_fn_nid));
	rig_close(&r);
}

static void test_a_query_beyond_the_items_is_a_bad_message(void **state)
{
	static const struct {
		uint32_t start, count, size;
	} bad[] = { { 0, STREAMS + 1, 32 }, { STREAMS, 1, 32 }, { UINT32_MAX, 1, 32 },
		{ 1, UINT32_MAX, 32 }, { 0, 0, 32 }, { 0, 1, 31 }, { 0, 1, 33 } };
	struct rig r;

	(void)state;
	rig_open_null(&r, 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct virtio_snd_query_info q = { { le32_of(VIRTIO_SND_R_PCM_INFO) },
			le32_of(bad[i].start), le32_of(bad[i].count), le32_of(bad[i].size) };
		uint8_t buf[256];

		assert_int_equal(ask(&r, &q, sizeof(q), buf, sizeof(buf)), VIRTIO_SND_S_BAD_MSG);
	}
	rig_close(&r);
}

static void test_every_transition_of_the_lifecycle_is_allowed_or_a_bad_message(void **state)
{
	enum {
		S = VIRTIO_SND_R_PCM_SET_PARAMS,
		P,
		L,
		T,
		H
	}; /* set, prepare, release, start, stop */
	/* The commands that lead to a state, then which of the five it takes. */
	static const struct {
		uint32_t path[5];
		bool takes[5]; /* S P L T H */
	} at[] = {
		{ { 0 }, { true, false, false, false, false } },
		{ { S }, { true, true, false, false, false } },
		{ { S, P }, { true, true, true, true, false } },
		{ { S, P, T }, { false, false, false, false, true } },
		{ { S, P, T, H }, { false, false, true, true, false } },
		{ { S, P, T, H, L }, { true, true, false, false, false } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(at); i++) {
		for (uint32_t c = 0; c < 5; c++) {
			struct rig r;

			rig_open_null(&r, 0);
			for (size_t k = 0; k < 5 && at[i].path[k]; k++)
				assert_int_equal(at[i].path[k] == S
							 ? set_params(&r, PLAY)
							 : command(&r, at[i].path[k], PLAY),
					VIRTIO_SND_S_OK);
			assert_int_equal(c == 0 ? set_params(&r, PLAY) : command(&r, S + c, PLAY),
				at[i].takes[c] ? VIRTIO_SND_S_OK : VIRTIO_SND_S_BAD_MSG);
			rig_close(&r);
		}
	}
}

static void test_parameters_that_cannot_be_are_refused(void **state)
{
	struct virtio_snd_pcm_set_params p;
	struct rig r;

	(void)state;
	rig_open_null(&r, 0);
#define REFUSED(field, value, status) \
	p = params(PLAY);             \
	p.field = value;              \
	assert_int_equal(ask(&r, &p, sizeof(p), NULL, 0), VIRTIO_SND_S_##status)
	REFUSED(channels, 0, NOT_SUPP);
	REFUSED(channels, 9, NOT_SUPP);
	REFUSED(format, 3, NOT_SUPP); /* S8 */
	REFUSED(format, 255, NOT_SUPP);
	REFUSED(rate, 0, NOT_SUPP); /* 5512 */
	REFUSED(rate, 200, NOT_SUPP);
	REFUSED(features, le32_of(1), NOT_SUPP); /* shared memory: never */
	REFUSED(period_bytes, le32_of(0), BAD_MSG);
	REFUSED(buffer_bytes, le32_of(0), BAD_MSG);
	REFUSED(buffer_bytes, le32_of(PERIOD + 4), BAD_MSG);
	REFUSED(buffer_bytes, le32_of(PERIOD * 100000), NOT_SUPP);
	REFUSED(period_bytes, le32_of(2), NOT_SUPP); /* half a frame */
	REFUSED(hdr.stream_id, le32_of(STREAMS), BAD_MSG);
	p = params(CAPTURE);
	p.channels = 3;
	assert_int_equal(ask(&r, &p, sizeof(p), NULL, 0), VIRTIO_SND_S_NOT_SUPP);
	/* The stream still is where it was. */
	assert_int_equal(command(&r, VIRTIO_SND_R_PCM_PREPARE, PLAY), VIRTIO_SND_S_BAD_MSG);
	rig_close(&r);
}

static void test_unknown_and_short_requests_are_answered(void **state)
{
	FOR_EACH_KIND(kind)
	{
		le32 code = le32_of(0x777);
		struct rig r;

		rig_open_null(&r, kind);
		assert_int_equal(ask(&r, &code, sizeof(code), NULL, 0), VIRTIO_SND_S_NOT_SUPP);
		assert_int_equal(ask(&r, &code, 3, NULL, 0), VIRTIO_SND_S_BAD_MSG);
		code = le32_of(VIRTIO_SND_R_PCM_PREPARE);
		assert_int_equal(ask(&r, &code, sizeof(code), NULL, 0), VIRTIO_SND_S_BAD_MSG);
		code = le32_of(VIRTIO_SND_R_JACK_REMAP);
		assert_int_equal(ask(&r, &code, sizeof(code), NULL, 0), VIRTIO_SND_S_NOT_SUPP);
		rig_close(&r);
	}
	(void)state;
}

static void test_the_master_volume_reaches_the_port(void **state)
{
	struct {
		struct virtio_snd_ctl_hdr h;
		struct virtio_snd_ctl_value v;
	} w = { { { le32_of(VIRTIO_SND_R_CTL_WRITE) }, le32_of(0) } };
	struct virtio_snd_ctl_hdr rd = { { le32_of(VIRTIO_SND_R_CTL_READ) }, le32_of(0) };
	struct virtio_snd_ctl_value v;
	struct pcm_msg m;
	struct rig r;

	(void)state;
	rig_open(&r, 0);
	w.v.value.integer[0] = le32_of(50);
	assert_int_equal(ask(&r, &w, sizeof(w), NULL, 0), VIRTIO_SND_S_OK);
	m = heard(&r);
	assert_int_equal(m.op, PCM_VOLUME);
	assert_int_equal(m.gain_milli, 250);
	assert_false(m.mute);
	assert_int_equal(ask(&r, &rd, sizeof(rd), &v, sizeof(v)), VIRTIO_SND_S_OK);
	assert_int_equal(le32_get(v.value.integer[0]), 50);
	w.v.value.integer[0] = le32_of(101);
	assert_int_equal(ask(&r, &w, sizeof(w), NULL, 0), VIRTIO_SND_S_BAD_MSG);
	w.h.control_id = le32_of(2);
	assert_int_equal(ask(&r, &w, sizeof(w), NULL, 0), VIRTIO_SND_S_BAD_MSG);
	rig_close(&r);
}

static void test_without_ctls_there_are_no_controls(void **state)
{
	struct virtio_snd_ctl_hdr rd = { { le32_of(VIRTIO_SND_R_CTL_READ) }, le32_of(0) };
	struct virtio_snd_ctl_value v;
	struct rig r;

	(void)state;
	rig_open_null(&r, 0);
	mock_start(r.m, 0);
	assert_int_equal(ask(&r, &rd, sizeof(rd), &v, sizeof(v)), VIRTIO_SND_S_NOT_SUPP);
	rig_close(&r);
}

/* ---- playback ---- */

static void test_a_buffer_comes_back_when_it_is_consumed_and_not_before(void **state)
{
	FOR_EACH_KIND(kind)
	{
		struct mock_used u;
		struct pcm_msg m;
		struct rig r;

		rig_open(&r, kind);
		prepare(&r, PLAY);
		queue_play(&r, 1, PERIOD);
		queue_play(&r, 2, PERIOD);
		turns(&r);
		assert_int_equal(atomic_load(&r.ring[PLAY].sh->written), 2 * PERIOD);
		assert_int_equal(r.ring[PLAY].data[0], 1);
		assert_int_equal(r.ring[PLAY].data[PERIOD], 2);
		assert_int_equal(command(&r, VIRTIO_SND_R_PCM_START, PLAY), VIRTIO_SND_S_OK);
		m = heard(&r);
		assert_int_equal(m.op, PCM_OPEN);
		assert_int_equal(m.params.rate_hz, 48000);
		assert_int_equal(m.params.format, PCM_S16);
		assert_int_equal(heard(&r).op, PCM_START);
		assert_int_equal(atomic_load(&r.ring[PLAY].sh->running), m.run);

		consume(&r, PERIOD - FRAME);
		assert_false(mock_poll(r.m, TXQ, &u));
		consume(&r, FRAME);
		assert_true(mock_poll(r.m, TXQ, &u));
		assert_int_equal(u.len, STATUS);
		assert_int_equal(status_of(&u, 0), VIRTIO_SND_S_OK);
		assert_false(mock_poll(r.m, TXQ, &u));
		consume(&r, PERIOD);
		assert_true(mock_poll(r.m, TXQ, &u));
		assert_int_equal(stats(&r).stream[PLAY].buffers, 2);
		rig_close(&r);
	}
	(void)state;
}

static void test_latency_is_the_back_ends_delay(void **state)
{
	struct virtio_snd_pcm_status st;
	struct mock_used u;
	struct rig r;

	(void)state;
	rig_open(&r, 0);
	prepare(&r, PLAY);
	queue_play(&r, 1, PERIOD);
	assert_int_equal(command(&r, VIRTIO_SND_R_PCM_START, PLAY), VIRTIO_SND_S_OK);
	atomic_store(&r.ring[PLAY].sh->delay_ns, 20000000); /* 960 frames */
	consume(&r, PERIOD);
	assert_true(mock_poll(r.m, TXQ, &u));
	memcpy(&st, u.in, sizeof(st));
	assert_int_equal(le32_get(st.latency_bytes), 960 * FRAME);
	rig_close(&r);
}

/* Linux' structure is four bytes longer than the text's: its 64-bit members are aligned. */
static void test_control_elements_are_described_as_linux_has_them(void **state)
{
	struct virtio_snd_query_info q = { { le32_of(VIRTIO_SND_R_CTL_INFO) }, le32_of(0),
		le32_of(2), le32_of(96) };
	uint8_t info[2 * 96];
	le32 max;
	struct rig r;

	(void)state;
	rig_open(&r, 0);
	assert_int_equal(ask(&r, &q, sizeof(q), info, sizeof(info)), VIRTIO_SND_S_OK);
	assert_string_equal((char *)info + 24, "Master Playback Volume");
	assert_string_equal((char *)info + 96 + 24, "Master Playback Switch");
	memcpy(&max, info + 72 + 4, sizeof(max));
	assert_int_equal(le32_get(max), 100);
	memcpy(&max, info + 96 + 72 + 4, sizeof(max));
	assert_int_equal(le32_get(max), 1);
	q.size = le32_of(94);
	assert_int_equal(ask(&r, &q, sizeof(q), info, sizeof(info)), VIRTIO_SND_S_BAD_MSG);
	rig_close(&r);
}

/* Both bells ring at once, and the control queue is looked at first. */
static void test_release_returns_what_the_device_has_not_seen_yet(void **state)
{
	uint8_t buf[XFER + PERIOD] = { PLAY };
	struct mock_iov out = { buf, sizeof(buf) }, in = { NULL, STATUS };

	FOR_EACH_KIND(kind)
	{
		struct mock_used u;
		struct rig r;

		rig_open(&r, kind);
		prepare(&r, PLAY);
		assert_true(mock_add(r.m, TXQ, &out, 1, &in, 1) >= 0);
		assert_int_equal(command(&r, VIRTIO_SND_R_PCM_RELEASE, PLAY), VIRTIO_SND_S_OK);
		assert_true(mock_poll(r.m, TXQ, &u));
		assert_int_equal(status_of(&u, 0), VIRTIO_SND_S_OK);
		rig_close(&r);
	}
	(void)state;
}

static void test_release_returns_what_is_pending_before_its_own_answer(void **state)
{
	FOR_EACH_KIND(kind)
	{
		struct mock_used u;
		struct rig r;

		rig_open(&r, kind);
		prepare(&r, PLAY);
		for (unsigned int i = 0; i < 4; i++)
			queue_play(&r, 1, PERIOD);
		assert_int_equal(command(&r, VIRTIO_SND_R_PCM_START, PLAY), VIRTIO_SND_S_OK);
		consume(&r, PERIOD);
		assert_int_equal(command(&r, VIRTIO_SND_R_PCM_STOP, PLAY), VIRTIO_SND_S_OK);
		assert_int_equal(command(&r, VIRTIO_SND_R_PCM_RELEASE, PLAY), VIRTIO_SND_S_OK);
		for (unsigned int i = 0; i < 4; i++)
			assert_true(mock_poll(r.m, TXQ, &u));
		assert_int_equal(mock_in_flight(r.m, TXQ), 0);
		/* The next run begins where the ring stands, and the rest of this one is skipped.
		 */
		prepare(&r, PLAY);
		assert_int_equal(heard(&r).op, PCM_OPEN);
		assert_int_equal(heard(&r).op, PCM_START);
		assert_int_equal(heard(&r).op, PCM_STOP);
		assert_int_equal(heard(&r).op, PCM_CLOSE);
		assert_int_equal(heard(&r).position, 4 * PERIOD);
		rig_close(&r);
	}
	(void)state;
}

static void test_buffers_that_no_stream_takes_come_back_as_bad_messages(void **state)
{
	FOR_EACH_KIND(kind)
	{
		uint8_t buf[XFER + 64] = { 0 };
		struct mock_used u;
		struct rig r;

		rig_open(&r, kind);
		/* Not prepared. */
		queue_play(&r, 0, PERIOD);
		assert_true(mock_wait(r.m, TXQ, &u));
		assert_int_equal(status_of(&u, 0), VIRTIO_SND_S_BAD_MSG);
		prepare(&r, PLAY);
		/* No such stream; a capture stream; half a frame; nothing; half a header. */
		buf[0] = STREAMS;
		assert_true(mock_post(r.m, TXQ, buf, XFER + 64, STATUS) >= 0);
		buf[0] = CAPTURE;
		assert_true(mock_post(r.m, TXQ, buf, XFER + 64, STATUS) >= 0);
		buf[0] = PLAY;
		assert_true(mock_post(r.m, TXQ, buf, XFER + 62, STATUS) >= 0);
		assert_true(mock_post(r.m, TXQ, buf, XFER, STATUS) >= 0);
		assert_true(mock_post(r.m, TXQ, buf, 3, STATUS) >= 0);
		for (unsigned int i = 0; i < 5; i++) {
			assert_true(mock_wait(r.m, TXQ, &u));
			assert_int_equal(status_of(&u, 0), VIRTIO_SND_S_BAD_MSG);
		}
		/* No room for the status: it comes back all the same. */
		assert_true(mock_post(r.m, TXQ, buf, XFER + 64, STATUS - 1) >= 0);
		assert_true(mock_wait(r.m, TXQ, &u));
		assert_int_equal(u.len, 0);
		assert_int_equal(atomic_load(&r.ring[PLAY].sh->written), 0);
		rig_close(&r);
	}
	(void)state;
}

static void test_more_samples_than_the_ring_holds_are_an_io_error(void **state)
{
	struct mock_used u;
	struct rig r;
	uint32_t sent = 0;

	(void)state;
	rig_open(&r, 0);
	prepare(&r, PLAY);
	while (!mock_poll(r.m, TXQ, &u) && sent < 64) {
		queue_play(&r, 3, 65536);
		turns(&r);
		sent++;
	}
	assert_int_equal(sent, PCM_RING_BYTES / 65536 + 1);
	assert_int_equal(status_of(&u, 0), VIRTIO_SND_S_IO_ERR);
	rig_close(&r);
}

static void test_playback_that_ran_dry_is_an_xrun_when_more_comes(void **state)
{
	FOR_EACH_KIND(kind)
	{
		struct virtio_snd_event e;
		struct mock_used u;
		struct rig r;

		rig_open(&r, kind);
		assert_true(mock_post(r.m, EVTQ, NULL, 0, sizeof(e)) >= 0);
		prepare(&r, PLAY);
		queue_play(&r, 1, PERIOD);
		assert_int_equal(command(&r, VIRTIO_SND_R_PCM_START, PLAY), VIRTIO_SND_S_OK);
		atomic_fetch_add(&r.ring[PLAY].sh->xruns, 1);
		consume(&r, PERIOD);
		assert_false(mock_poll(r.m, EVTQ, &u));
		queue_play(&r, 1, PERIOD);
		assert_true(mock_wait(r.m, EVTQ, &u));
		memcpy(&e, u.in, sizeof(e));
		assert_int_equal(le32_get(e.hdr.code), VIRTIO_SND_EVT_PCM_XRUN);
		assert_int_equal(le32_get(e.data), PLAY);
		rig_close(&r);
	}
	(void)state;
}

static void test_a_stream_that_is_drained_and_stopped_had_no_xrun(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, 0);
	prepare(&r, PLAY);
	queue_play(&r, 1, PERIOD);
	assert_int_equal(command(&r, VIRTIO_SND_R_PCM_START, PLAY), VIRTIO_SND_S_OK);
	atomic_fetch_add(&r.ring[PLAY].sh->xruns, 1);
	consume(&r, PERIOD);
	assert_int_equal(command(&r, VIRTIO_SND_R_PCM_STOP, PLAY), VIRTIO_SND_S_OK);
	assert_int_equal(command(&r, VIRTIO_SND_R_PCM_RELEASE, PLAY), VIRTIO_SND_S_OK);
	assert_int_equal(stats(&r).stream[PLAY].xruns, 0);
	rig_close(&r);
}

static bool all_back(void *arg)
{
	struct rig *r = arg;
	struct mock_used u;

	while (mock_poll(r->m, TXQ, &u))
		;
	return mock_in_flight(r->m, TXQ) == 0;
}

static void test_the_guest_plays_on_when_dyno_audio_ends(void **state)
{
	FOR_EACH_KIND(kind)
	{
		struct rig r;

		rig_open(&r, kind);
		prepare(&r, PLAY);
		for (unsigned int i = 0; i < 4; i++)
			queue_play(&r, 1, PERIOD);
		assert_int_equal(command(&r, VIRTIO_SND_R_PCM_START, PLAY), VIRTIO_SND_S_OK);
		consume(&r, PERIOD);
		fd_close(&r.sock);
		assert_true(mock_until(r.m, all_back, &r));
		queue_play(&r, 1, PERIOD);
		assert_true(mock_until(r.m, all_back, &r));
		assert_int_equal(command(&r, VIRTIO_SND_R_PCM_STOP, PLAY), VIRTIO_SND_S_OK);
		assert_int_equal(command(&r, VIRTIO_SND_R_PCM_RELEASE, PLAY), VIRTIO_SND_S_OK);
		prepare(&r, PLAY);
		rig_close(&r);
	}
	(void)state;
}

static void test_counters_that_cannot_be_end_the_trust_in_dyno_audio(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, 0);
	prepare(&r, PLAY);
	queue_play(&r, 1, PERIOD);
	assert_int_equal(command(&r, VIRTIO_SND_R_PCM_START, PLAY), VIRTIO_SND_S_OK);
	atomic_store(&r.ring[PLAY].sh->read, UINT64_MAX);
	ring_bell(&r);
	assert_true(mock_until(r.m, all_back, &r));
	rig_close(&r);
}

/* ---- capture ---- */

static void produce(struct rig *r, uint8_t fill, uint32_t bytes)
{
	uint64_t at = atomic_load(&r->ring[CAPTURE].sh->written);

	for (uint32_t i = 0; i < bytes; i++)
		r->ring[CAPTURE].data[(at + i) % PCM_RING_BYTES] = fill;
	atomic_store(&r->ring[CAPTURE].sh->written, at + bytes);
	ring_bell(r);
}

static void test_a_capture_buffer_comes_back_when_it_is_full(void **state)
{
	FOR_EACH_KIND(kind)
	{
		struct mock_used u;
		struct rig r;

		rig_open(&r, kind);
		prepare(&r, CAPTURE);
		queue_capture(&r, PERIOD);
		queue_capture(&r, PERIOD);
		assert_int_equal(command(&r, VIRTIO_SND_R_PCM_START, CAPTURE), VIRTIO_SND_S_OK);
		produce(&r, 7, PERIOD - FRAME);
		assert_false(mock_poll(r.m, RXQ, &u));
		produce(&r, 8, FRAME);
		assert_true(mock_poll(r.m, RXQ, &u));
		assert_int_equal(u.len, PERIOD + STATUS);
		assert_int_equal(u.in[0], 7);
		assert_int_equal(u.in[PERIOD - 1], 8);
		assert_int_equal(status_of(&u, PERIOD), VIRTIO_SND_S_OK);
		/* The end of the stream: what there is, and how much that is. */
		produce(&r, 9, 2 * FRAME);
		assert_int_equal(command(&r, VIRTIO_SND_R_PCM_STOP, CAPTURE), VIRTIO_SND_S_OK);
		assert_int_equal(command(&r, VIRTIO_SND_R_PCM_RELEASE, CAPTURE), VIRTIO_SND_S_OK);
		assert_true(mock_poll(r.m, RXQ, &u));
		assert_int_equal(u.len, 2 * FRAME + STATUS);
		assert_int_equal(u.in[0], 9);
		assert_int_equal(status_of(&u, PERIOD), VIRTIO_SND_S_OK);
		rig_close(&r);
	}
	(void)state;
}

static void test_the_null_port_plays_and_captures_at_the_pace_of_time(void **state)
{
	struct mock_used u;
	struct rig r;

	(void)state;
	rig_open_null(&r, 0);
	prepare(&r, PLAY);
	prepare(&r, CAPTURE);
	queue_capture(&r, PERIOD);
	for (unsigned int i = 0; i < 4; i++)
		queue_play(&r, 1, PERIOD);
	turns(&r);
	assert_false(mock_poll(r.m, TXQ, &u));
	assert_int_equal(command(&r, VIRTIO_SND_R_PCM_START, PLAY), VIRTIO_SND_S_OK);
	assert_int_equal(command(&r, VIRTIO_SND_R_PCM_START, CAPTURE), VIRTIO_SND_S_OK);
	assert_true(mock_until(r.m, all_back, &r));
	assert_true(mock_wait(r.m, RXQ, &u));
	assert_int_equal(u.len, PERIOD + STATUS);
	assert_int_equal(u.in[17], 0);
	rig_close(&r);
}

static void test_a_reset_while_it_plays_leaves_nothing_behind(void **state)
{
	FOR_EACH_KIND(kind)
	{
		struct rig r;

		rig_open(&r, kind);
		prepare(&r, PLAY);
		for (unsigned int i = 0; i < 4; i++)
			queue_play(&r, 1, PERIOD);
		assert_int_equal(command(&r, VIRTIO_SND_R_PCM_START, PLAY), VIRTIO_SND_S_OK);
		mock_reset(r.m);
		assert_int_equal(atomic_load(&r.ring[PLAY].sh->running), 0);
		mock_start(r.m, MOCK_ALL_FEATURES);
		assert_int_equal(command(&r, VIRTIO_SND_R_PCM_PREPARE, PLAY), VIRTIO_SND_S_BAD_MSG);
		prepare(&r, PLAY);
		rig_close(&r);
	}
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_configuration_tells_what_there_is),
		cmocka_unit_test(test_streams_offer_the_formats_and_rates_that_are_promised),
		cmocka_unit_test(test_a_query_beyond_the_items_is_a_bad_message),
		cmocka_unit_test(
			test_every_transition_of_the_lifecycle_is_allowed_or_a_bad_message),
		cmocka_unit_test(test_parameters_that_cannot_be_are_refused),
		cmocka_unit_test(test_unknown_and_short_requests_are_answered),
		cmocka_unit_test(test_the_master_volume_reaches_the_port),
		cmocka_unit_test(test_without_ctls_there_are_no_controls),
		cmocka_unit_test(test_a_buffer_comes_back_when_it_is_consumed_and_not_before),
		cmocka_unit_test(test_latency_is_the_back_ends_delay),
		cmocka_unit_test(test_control_elements_are_described_as_linux_has_them),
		cmocka_unit_test(test_release_returns_what_the_device_has_not_seen_yet),
		cmocka_unit_test(test_release_returns_what_is_pending_before_its_own_answer),
		cmocka_unit_test(test_buffers_that_no_stream_takes_come_back_as_bad_messages),
		cmocka_unit_test(test_more_samples_than_the_ring_holds_are_an_io_error),
		cmocka_unit_test(test_playback_that_ran_dry_is_an_xrun_when_more_comes),
		cmocka_unit_test(test_a_stream_that_is_drained_and_stopped_had_no_xrun),
		cmocka_unit_test(test_the_guest_plays_on_when_dyno_audio_ends),
		cmocka_unit_test(test_counters_that_cannot_be_end_the_trust_in_dyno_audio),
		cmocka_unit_test(test_a_capture_buffer_comes_back_when_it_is_full),
		cmocka_unit_test(test_the_null_port_plays_and_captures_at_the_pace_of_time),
		cmocka_unit_test(test_a_reset_while_it_plays_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
