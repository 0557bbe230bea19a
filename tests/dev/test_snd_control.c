/* SPDX-License-Identifier: Apache-2.0 */
/* The control and the event queue of virtio-snd: what there is, what may be asked for, the life of
 * a stream, controls and jacks. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/dev/snd_rig.h"

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
	assert_int_equal(rig_ask(&r, &q, sizeof(q), info, sizeof(info)), VIRTIO_SND_S_OK);
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

		assert_int_equal(
			rig_ask(&r, &q, sizeof(q), buf, sizeof(buf)), VIRTIO_SND_S_BAD_MSG);
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
							 ? rig_set_params(&r, PLAY)
							 : rig_command(&r, at[i].path[k], PLAY),
					VIRTIO_SND_S_OK);
			assert_int_equal(
				c == 0 ? rig_set_params(&r, PLAY) : rig_command(&r, S + c, PLAY),
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
	p = rig_params(PLAY);         \
	p.field = value;              \
	assert_int_equal(rig_ask(&r, &p, sizeof(p), NULL, 0), VIRTIO_SND_S_##status)
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
	p = rig_params(CAPTURE);
	p.channels = 3;
	assert_int_equal(rig_ask(&r, &p, sizeof(p), NULL, 0), VIRTIO_SND_S_NOT_SUPP);
	/* The stream still is where it was. */
	assert_int_equal(rig_command(&r, VIRTIO_SND_R_PCM_PREPARE, PLAY), VIRTIO_SND_S_BAD_MSG);
	rig_close(&r);
}

static void test_unknown_and_short_requests_are_answered(void **state)
{
	FOR_EACH_KIND(kind)
	{
		le32 code = le32_of(0x777);
		struct rig r;

		rig_open_null(&r, kind);
		assert_int_equal(rig_ask(&r, &code, sizeof(code), NULL, 0), VIRTIO_SND_S_NOT_SUPP);
		assert_int_equal(rig_ask(&r, &code, 3, NULL, 0), VIRTIO_SND_S_BAD_MSG);
		code = le32_of(VIRTIO_SND_R_PCM_PREPARE);
		assert_int_equal(rig_ask(&r, &code, sizeof(code), NULL, 0), VIRTIO_SND_S_BAD_MSG);
		code = le32_of(VIRTIO_SND_R_JACK_REMAP);
		assert_int_equal(rig_ask(&r, &code, sizeof(code), NULL, 0), VIRTIO_SND_S_NOT_SUPP);
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
	assert_int_equal(rig_ask(&r, &w, sizeof(w), NULL, 0), VIRTIO_SND_S_OK);
	m = rig_heard(&r);
	assert_int_equal(m.op, PCM_VOLUME);
	assert_int_equal(m.gain_milli, 250);
	assert_false(m.mute);
	assert_int_equal(rig_ask(&r, &rd, sizeof(rd), &v, sizeof(v)), VIRTIO_SND_S_OK);
	assert_int_equal(le32_get(v.value.integer[0]), 50);
	w.v.value.integer[0] = le32_of(101);
	assert_int_equal(rig_ask(&r, &w, sizeof(w), NULL, 0), VIRTIO_SND_S_BAD_MSG);
	w.h.control_id = le32_of(2);
	assert_int_equal(rig_ask(&r, &w, sizeof(w), NULL, 0), VIRTIO_SND_S_BAD_MSG);
	rig_close(&r);
}

static void test_a_control_that_changed_is_told_before_the_write_is_answered(void **state)
{
	struct {
		struct virtio_snd_ctl_hdr h;
		struct virtio_snd_ctl_value v;
	} w = { .h = { { le32_of(VIRTIO_SND_R_CTL_WRITE) }, le32_of(1) } };

	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct virtio_snd_ctl_event e;
		struct mock_used u;
		struct rig r;

		rig_open(&r, kind);
		for (unsigned int i = 0; i < 2; i++)
			assert_true(mock_post(r.m, EVTQ, NULL, 0, sizeof(e)) >= 0);
		/* It is what it was. */
		w.v.value.integer[0] = le32_of(1);
		assert_int_equal(rig_ask(&r, &w, sizeof(w), NULL, 0), VIRTIO_SND_S_OK);
		assert_false(mock_poll(r.m, EVTQ, &u));
		w.v.value.integer[0] = le32_of(0);
		assert_int_equal(rig_ask(&r, &w, sizeof(w), NULL, 0), VIRTIO_SND_S_OK);
		assert_true(mock_poll(r.m, EVTQ, &u));
		assert_int_equal(u.len, sizeof(e));
		memcpy(&e, u.in, sizeof(e));
		assert_int_equal(le32_get(e.hdr.code), VIRTIO_SND_EVT_CTL_NOTIFY);
		assert_int_equal(le16_get(e.control_id), 1);
		assert_int_equal(le16_get(e.mask), VIRTIO_SND_CTL_EVT_MASK_VALUE);
		assert_false(mock_poll(r.m, EVTQ, &u));
		rig_close(&r);
	}
}

static void test_without_ctls_there_are_no_controls(void **state)
{
	struct virtio_snd_ctl_hdr rd = { { le32_of(VIRTIO_SND_R_CTL_READ) }, le32_of(0) };
	struct virtio_snd_ctl_value v;
	struct rig r;

	(void)state;
	rig_open_null(&r, 0);
	mock_start(r.m, 0);
	assert_int_equal(rig_ask(&r, &rd, sizeof(rd), &v, sizeof(v)), VIRTIO_SND_S_NOT_SUPP);
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
	assert_int_equal(rig_ask(&r, &q, sizeof(q), info, sizeof(info)), VIRTIO_SND_S_OK);
	assert_string_equal((char *)info + 24, "Master Playback Volume");
	assert_string_equal((char *)info + 96 + 24, "Master Playback Switch");
	memcpy(&max, info + 72 + 4, sizeof(max));
	assert_int_equal(le32_get(max), 100);
	memcpy(&max, info + 96 + 72 + 4, sizeof(max));
	assert_int_equal(le32_get(max), 1);
	q.size = le32_of(94);
	assert_int_equal(rig_ask(&r, &q, sizeof(q), info, sizeof(info)), VIRTIO_SND_S_BAD_MSG);
	rig_close(&r);
}

static void test_jacks_are_described_and_tell_when_they_are_pulled(void **state)
{
	struct virtio_snd_query_info q = { { le32_of(VIRTIO_SND_R_JACK_INFO) }, le32_of(0),
		le32_of(STREAMS), le32_of(sizeof(struct virtio_snd_jack_info)) };
	struct virtio_snd_jack_info info[STREAMS];

	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct virtio_snd_event e;
		struct mock_used u;
		struct rig r;

		rig_open_null(&r, kind);
		assert_int_equal(rig_ask(&r, &q, sizeof(q), info, sizeof(info)), VIRTIO_SND_S_OK);
		/* A speaker that is out, as the rig has it, and a microphone that is in. */
		assert_int_equal(le32_get(info[PLAY].hda_reg_defconf) >> 20 & 0xf, 0x1);
		assert_int_equal(info[PLAY].connected, 0);
		assert_int_equal(le32_get(info[CAPTURE].hda_reg_defconf) >> 20 & 0xf, 0xa);
		assert_int_equal(info[CAPTURE].connected, 1);
		/* No remapping is offered. */
		assert_int_equal(le32_get(info[PLAY].features), 0);

		assert_true(mock_post(r.m, EVTQ, NULL, 0, sizeof(e)) >= 0);
		assert_true(mock_post(r.m, EVTQ, NULL, 0, sizeof(e)) >= 0);
		assert_true(snd_set_jack(r.dev, PLAY, false)); /* as it is: no event */
		assert_true(snd_set_jack(r.dev, PLAY, true));
		assert_true(snd_set_jack(r.dev, CAPTURE, false));
		assert_false(snd_set_jack(r.dev, STREAMS, true));
		assert_true(mock_wait(r.m, EVTQ, &u));
		memcpy(&e, u.in, sizeof(e));
		assert_int_equal(le32_get(e.hdr.code), VIRTIO_SND_EVT_JACK_CONNECTED);
		assert_int_equal(le32_get(e.data), PLAY);
		assert_true(mock_wait(r.m, EVTQ, &u));
		memcpy(&e, u.in, sizeof(e));
		assert_int_equal(le32_get(e.hdr.code), VIRTIO_SND_EVT_JACK_DISCONNECTED);
		assert_int_equal(le32_get(e.data), CAPTURE);
		/* Without a buffer the event is lost, and what is asked later is right. */
		assert_true(snd_set_jack(r.dev, PLAY, false));
		assert_int_equal(rig_stats(&r).events_dropped, 1);
		assert_false(rig_stats(&r).stream[PLAY].plugged);
		rig_close(&r);
	}
}

static void test_channel_maps_go_from_mono_to_seven_point_one(void **state)
{
	enum { M = VIRTIO_SND_CHMAP_MONO, FL, FR, RL, RR, FC, LFE, SL, SR };
	static const struct {
		uint8_t direction, n, at[8];
	} maps[] = {
		{ VIRTIO_SND_D_OUTPUT, 1, { M } },
		{ VIRTIO_SND_D_OUTPUT, 2, { FL, FR } },
		{ VIRTIO_SND_D_OUTPUT, 4, { FL, FR, RL, RR } },
		{ VIRTIO_SND_D_OUTPUT, 6, { FL, FR, RL, RR, FC, LFE } },
		{ VIRTIO_SND_D_OUTPUT, 8, { FL, FR, RL, RR, FC, LFE, SL, SR } },
		{ VIRTIO_SND_D_INPUT, 1, { M } },
		{ VIRTIO_SND_D_INPUT, 2, { FL, FR } },
	};
	struct virtio_snd_chmap_info info[ARRAY_SIZE(maps)];
	struct virtio_snd_query_info q = { { le32_of(VIRTIO_SND_R_CHMAP_INFO) }, le32_of(0),
		le32_of(ARRAY_SIZE(maps)), le32_of(sizeof(info[0])) };
	struct rig r;

	(void)state;
	rig_open_null(&r, 0);
	assert_int_equal(rig_ask(&r, &q, sizeof(q), info, sizeof(info)), VIRTIO_SND_S_OK);
	for (size_t i = 0; i < ARRAY_SIZE(maps); i++) {
		assert_int_equal(info[i].direction, maps[i].direction);
		assert_int_equal(info[i].channels, maps[i].n);
		assert_memory_equal(info[i].positions, maps[i].at, sizeof(maps[i].at));
		for (size_t k = sizeof(maps[i].at); k < VIRTIO_SND_CHMAP_MAX_SIZE; k++)
			assert_int_equal(info[i].positions[k], 0);
	}
	rig_close(&r);
}

/* What is promised is taken, and reaches the port as it was asked for. */
static void test_every_format_rate_and_number_of_channels_can_be_set(void **state)
{
	static const struct {
		uint8_t wire;
		enum pcm_format format;
		uint32_t bytes;
	} formats[] = { { 5, PCM_S16, 2 }, { 15, PCM_S24, 4 }, { 17, PCM_S32, 4 },
		{ 19, PCM_FLOAT, 4 } };
	static const struct {
		uint8_t wire;
		uint32_t hz;
	} rates[] = { { 1, 8000 }, { 2, 11025 }, { 3, 16000 }, { 4, 22050 }, { 5, 32000 },
		{ 6, 44100 }, { 7, 48000 }, { 8, 64000 }, { 9, 88200 }, { 10, 96000 },
		{ 11, 176400 }, { 12, 192000 }, { 14, 12000 }, { 15, 24000 } };

	(void)state;
	for (size_t f = 0; f < ARRAY_SIZE(formats); f++) {
		for (size_t k = 0; k < ARRAY_SIZE(rates); k++) {
			for (uint8_t channels = 1; channels <= 8; channels++) {
				struct virtio_snd_pcm_set_params p = rig_params(PLAY);
				uint32_t period = 64 * formats[f].bytes * channels;
				struct pcm_msg m;
				struct rig r;

				rig_open(&r, 0);
				p.format = formats[f].wire;
				p.rate = rates[k].wire;
				p.channels = channels;
				p.period_bytes = le32_of(period);
				p.buffer_bytes = le32_of(3 * period);
				assert_int_equal(
					rig_ask(&r, &p, sizeof(p), NULL, 0), VIRTIO_SND_S_OK);
				assert_int_equal(rig_command(&r, VIRTIO_SND_R_PCM_PREPARE, PLAY),
					VIRTIO_SND_S_OK);
				m = rig_heard(&r);
				assert_int_equal(m.op, PCM_OPEN);
				assert_int_equal(m.params.format, formats[f].format);
				assert_int_equal(m.params.rate_hz, rates[k].hz);
				assert_int_equal(m.params.channels, channels);
				assert_int_equal(m.params.period_bytes, period);
				assert_int_equal(m.params.buffer_bytes, 3 * period);
				rig_close(&r);
			}
		}
	}
}

/* Every other one captures. */
static void test_sixteen_streams_run_at_once_and_seventeen_are_refused(void **state)
{
	struct pcm_port_config port_cfg = { .n_streams = PCM_MAX_STREAMS };
	struct snd_config cfg = { .tag = "test", .n_streams = PCM_MAX_STREAMS };
	struct rig r = { .sock = -1, .wake = -1 };
	struct pcm_port *port;
	struct mock_used u;

	(void)state;
	for (uint32_t i = 0; i < PCM_MAX_STREAMS; i++) {
		port_cfg.direction[i] = i % 2 ? PCM_CAPTURE : PCM_PLAY;
		cfg.stream[i].direction = port_cfg.direction[i];
		cfg.stream[i].channels_max = 2;
	}
	assert_int_equal(pcm_port_null_new(&port, &port_cfg), 0);
	assert_int_equal(snd_new(&r.dev, port, &cfg), 0);
	r.m = mock_new(0);
	mock_attach(r.m, r.dev);
	mock_start(r.m, MOCK_ALL_FEATURES);
	assert_int_equal(mock_config32(r.m, 4), PCM_MAX_STREAMS);
	for (uint32_t i = 0; i < PCM_MAX_STREAMS; i++) {
		uint8_t buf[XFER + PERIOD] = { (uint8_t)i };

		rig_prepare(&r, i);
		if (i % 2)
			assert_true(mock_post(r.m, RXQ, buf, XFER, PERIOD + STATUS) >= 0);
		else
			assert_true(mock_post(r.m, TXQ, buf, sizeof(buf), STATUS) >= 0);
	}
	for (uint32_t i = 0; i < PCM_MAX_STREAMS; i++)
		assert_int_equal(rig_command(&r, VIRTIO_SND_R_PCM_START, i), VIRTIO_SND_S_OK);
	for (uint32_t i = 0; i < PCM_MAX_STREAMS; i++) {
		assert_true(mock_wait(r.m, i % 2 ? RXQ : TXQ, &u));
		assert_int_equal(rig_status_of(&u, i % 2 ? PERIOD : 0), VIRTIO_SND_S_OK);
	}
	rig_close(&r);

	assert_int_equal(pcm_port_null_new(&port, &port_cfg), 0);
	cfg.n_streams = PCM_MAX_STREAMS + 1;
	assert_int_equal(snd_new(&r.dev, port, &cfg), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_configuration_tells_what_there_is),
		cmocka_unit_test(test_streams_offer_the_formats_and_rates_that_are_promised),
		cmocka_unit_test(test_sixteen_streams_run_at_once_and_seventeen_are_refused),
		cmocka_unit_test(test_a_query_beyond_the_items_is_a_bad_message),
		cmocka_unit_test(
			test_every_transition_of_the_lifecycle_is_allowed_or_a_bad_message),
		cmocka_unit_test(test_parameters_that_cannot_be_are_refused),
		cmocka_unit_test(test_unknown_and_short_requests_are_answered),
		cmocka_unit_test(test_the_master_volume_reaches_the_port),
		cmocka_unit_test(test_a_control_that_changed_is_told_before_the_write_is_answered),
		cmocka_unit_test(test_without_ctls_there_are_no_controls),
		cmocka_unit_test(test_control_elements_are_described_as_linux_has_them),
		cmocka_unit_test(test_jacks_are_described_and_tell_when_they_are_pulled),
		cmocka_unit_test(test_channel_maps_go_from_mono_to_seven_point_one),
		cmocka_unit_test(test_every_format_rate_and_number_of_channels_can_be_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
