/* SPDX-License-Identifier: Apache-2.0 */
/* Samples through virtio-snd, over every kind of ring. The test is the driver, and plays dyno-audio
 * at the other side of the shared rings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "tests/dev/snd_rig.h"

/* ---- playback ---- */

static void test_a_buffer_comes_back_when_it_is_consumed_and_not_before(void **state)
{
	FOR_EACH_KIND(kind)
	{
		struct mock_used u;
		struct pcm_msg m;
		struct rig r;

		rig_open(&r, kind);
		rig_prepare(&r, PLAY);
		rig_queue_play(&r, 1, PERIOD);
		rig_queue_play(&r, 2, PERIOD);
		rig_turns(&r);
		assert_int_equal(atomic_load(&r.ring[PLAY].sh->written), 2 * PERIOD);
		assert_int_equal(r.ring[PLAY].data[0], 1);
		assert_int_equal(r.ring[PLAY].data[PERIOD], 2);
		assert_int_equal(rig_command(&r, VIRTIO_SND_R_PCM_START, PLAY), VIRTIO_SND_S_OK);
		m = rig_heard(&r);
		assert_int_equal(m.op, PCM_OPEN);
		assert_int_equal(m.params.rate_hz, 48000);
		assert_int_equal(m.params.format, PCM_S16);
		assert_int_equal(rig_heard(&r).op, PCM_START);
		assert_int_equal(atomic_load(&r.ring[PLAY].sh->running), m.run);

		rig_consume(&r, PERIOD - FRAME);
		assert_false(mock_poll(r.m, TXQ, &u));
		rig_consume(&r, FRAME);
		assert_true(mock_poll(r.m, TXQ, &u));
		assert_int_equal(u.len, STATUS);
		assert_int_equal(rig_status_of(&u, 0), VIRTIO_SND_S_OK);
		assert_false(mock_poll(r.m, TXQ, &u));
		rig_consume(&r, PERIOD);
		assert_true(mock_poll(r.m, TXQ, &u));
		assert_int_equal(rig_stats(&r).stream[PLAY].buffers, 2);
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
	rig_prepare(&r, PLAY);
	rig_queue_play(&r, 1, PERIOD);
	assert_int_equal(rig_command(&r, VIRTIO_SND_R_PCM_START, PLAY), VIRTIO_SND_S_OK);
	atomic_store(&r.ring[PLAY].sh->delay_ns, 20000000); /* 960 frames */
	rig_consume(&r, PERIOD);
	assert_true(mock_poll(r.m, TXQ, &u));
	memcpy(&st, u.in, sizeof(st));
	assert_int_equal(le32_get(st.latency_bytes), 960 * FRAME);
	rig_close(&r);
}

/* The sound server takes more than the buffer at one go: its end is heard before that of what was
 * taken. */
static void test_latency_is_that_of_the_buffers_own_end(void **state)
{
	struct virtio_snd_pcm_status st;
	struct mock_used u;
	struct rig r;

	(void)state;
	rig_open(&r, 0);
	rig_prepare(&r, PLAY);
	rig_queue_play(&r, 1, PERIOD);
	rig_queue_play(&r, 1, PERIOD);
	assert_int_equal(rig_command(&r, VIRTIO_SND_R_PCM_START, PLAY), VIRTIO_SND_S_OK);
	atomic_store(&r.ring[PLAY].sh->delay_ns, 20000000); /* 960 frames */
	rig_consume(&r, PERIOD + 60 * FRAME);
	assert_true(mock_poll(r.m, TXQ, &u));
	memcpy(&st, u.in, sizeof(st));
	assert_int_equal(le32_get(st.latency_bytes), 900 * FRAME);
	/* Of more than the whole delay it is none. */
	atomic_store(&r.ring[PLAY].sh->delay_ns, 20000); /* 0.96 frames */
	rig_queue_play(&r, 1, PERIOD);
	rig_consume(&r, PERIOD);
	assert_true(mock_poll(r.m, TXQ, &u));
	memcpy(&st, u.in, sizeof(st));
	assert_int_equal(le32_get(st.latency_bytes), 0);
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
		rig_prepare(&r, PLAY);
		assert_true(mock_add(r.m, TXQ, &out, 1, &in, 1) >= 0);
		assert_int_equal(rig_command(&r, VIRTIO_SND_R_PCM_RELEASE, PLAY), VIRTIO_SND_S_OK);
		assert_true(mock_poll(r.m, TXQ, &u));
		assert_int_equal(rig_status_of(&u, 0), VIRTIO_SND_S_OK);
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
		rig_prepare(&r, PLAY);
		for (unsigned int i = 0; i < 4; i++)
			rig_queue_play(&r, 1, PERIOD);
		assert_int_equal(rig_command(&r, VIRTIO_SND_R_PCM_START, PLAY), VIRTIO_SND_S_OK);
		rig_consume(&r, PERIOD);
		assert_int_equal(rig_command(&r, VIRTIO_SND_R_PCM_STOP, PLAY), VIRTIO_SND_S_OK);
		assert_int_equal(rig_command(&r, VIRTIO_SND_R_PCM_RELEASE, PLAY), VIRTIO_SND_S_OK);
		for (unsigned int i = 0; i < 4; i++)
			assert_true(mock_poll(r.m, TXQ, &u));
		assert_int_equal(mock_in_flight(r.m, TXQ), 0);
		/* The next run begins where the ring stands, and the rest of this one is skipped.
		 */
		rig_prepare(&r, PLAY);
		assert_int_equal(rig_heard(&r).op, PCM_OPEN);
		assert_int_equal(rig_heard(&r).op, PCM_START);
		assert_int_equal(rig_heard(&r).op, PCM_STOP);
		assert_int_equal(rig_heard(&r).op, PCM_CLOSE);
		assert_int_equal(rig_heard(&r).position, 4 * PERIOD);
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
		rig_queue_play(&r, 0, PERIOD);
		assert_true(mock_wait(r.m, TXQ, &u));
		assert_int_equal(rig_status_of(&u, 0), VIRTIO_SND_S_BAD_MSG);
		rig_prepare(&r, PLAY);
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
			assert_int_equal(rig_status_of(&u, 0), VIRTIO_SND_S_BAD_MSG);
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
	rig_prepare(&r, PLAY);
	while (!mock_poll(r.m, TXQ, &u) && sent < 64) {
		rig_queue_play(&r, 3, 65536);
		rig_turns(&r);
		sent++;
	}
	assert_int_equal(sent, PCM_RING_BYTES / 65536 + 1);
	assert_int_equal(rig_status_of(&u, 0), VIRTIO_SND_S_IO_ERR);
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
		rig_prepare(&r, PLAY);
		rig_queue_play(&r, 1, PERIOD);
		assert_int_equal(rig_command(&r, VIRTIO_SND_R_PCM_START, PLAY), VIRTIO_SND_S_OK);
		atomic_fetch_add(&r.ring[PLAY].sh->xruns, 1);
		rig_consume(&r, PERIOD);
		assert_false(mock_poll(r.m, EVTQ, &u));
		rig_queue_play(&r, 1, PERIOD);
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
	rig_prepare(&r, PLAY);
	rig_queue_play(&r, 1, PERIOD);
	assert_int_equal(rig_command(&r, VIRTIO_SND_R_PCM_START, PLAY), VIRTIO_SND_S_OK);
	atomic_fetch_add(&r.ring[PLAY].sh->xruns, 1);
	rig_consume(&r, PERIOD);
	assert_int_equal(rig_command(&r, VIRTIO_SND_R_PCM_STOP, PLAY), VIRTIO_SND_S_OK);
	assert_int_equal(rig_command(&r, VIRTIO_SND_R_PCM_RELEASE, PLAY), VIRTIO_SND_S_OK);
	assert_int_equal(rig_stats(&r).stream[PLAY].xruns, 0);
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
		rig_prepare(&r, PLAY);
		for (unsigned int i = 0; i < 4; i++)
			rig_queue_play(&r, 1, PERIOD);
		assert_int_equal(rig_command(&r, VIRTIO_SND_R_PCM_START, PLAY), VIRTIO_SND_S_OK);
		rig_consume(&r, PERIOD);
		fd_close(&r.sock);
		assert_true(mock_until(r.m, all_back, &r));
		rig_queue_play(&r, 1, PERIOD);
		assert_true(mock_until(r.m, all_back, &r));
		assert_int_equal(rig_command(&r, VIRTIO_SND_R_PCM_STOP, PLAY), VIRTIO_SND_S_OK);
		assert_int_equal(rig_command(&r, VIRTIO_SND_R_PCM_RELEASE, PLAY), VIRTIO_SND_S_OK);
		rig_prepare(&r, PLAY);
		rig_close(&r);
	}
	(void)state;
}

static void test_counters_that_cannot_be_end_the_trust_in_dyno_audio(void **state)
{
	struct rig r;

	(void)state;
	rig_open(&r, 0);
	rig_prepare(&r, PLAY);
	rig_queue_play(&r, 1, PERIOD);
	assert_int_equal(rig_command(&r, VIRTIO_SND_R_PCM_START, PLAY), VIRTIO_SND_S_OK);
	atomic_store(&r.ring[PLAY].sh->read, UINT64_MAX);
	rig_ring_bell(&r);
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
	rig_ring_bell(r);
}

static void test_a_capture_buffer_comes_back_when_it_is_full(void **state)
{
	FOR_EACH_KIND(kind)
	{
		struct mock_used u;
		struct rig r;

		rig_open(&r, kind);
		rig_prepare(&r, CAPTURE);
		rig_queue_capture(&r, PERIOD);
		rig_queue_capture(&r, PERIOD);
		assert_int_equal(rig_command(&r, VIRTIO_SND_R_PCM_START, CAPTURE), VIRTIO_SND_S_OK);
		produce(&r, 7, PERIOD - FRAME);
		assert_false(mock_poll(r.m, RXQ, &u));
		produce(&r, 8, FRAME);
		assert_true(mock_poll(r.m, RXQ, &u));
		assert_int_equal(u.len, PERIOD + STATUS);
		assert_int_equal(u.in[0], 7);
		assert_int_equal(u.in[PERIOD - 1], 8);
		assert_int_equal(rig_status_of(&u, PERIOD), VIRTIO_SND_S_OK);
		/* The end of the stream: what there is, and how much that is. */
		produce(&r, 9, 2 * FRAME);
		assert_int_equal(rig_command(&r, VIRTIO_SND_R_PCM_STOP, CAPTURE), VIRTIO_SND_S_OK);
		assert_int_equal(
			rig_command(&r, VIRTIO_SND_R_PCM_RELEASE, CAPTURE), VIRTIO_SND_S_OK);
		assert_true(mock_poll(r.m, RXQ, &u));
		assert_int_equal(u.len, 2 * FRAME + STATUS);
		assert_int_equal(u.in[0], 9);
		assert_int_equal(rig_status_of(&u, PERIOD), VIRTIO_SND_S_OK);
		rig_close(&r);
	}
	(void)state;
}

static void test_what_was_captured_is_as_old_as_what_came_after_it_is_long(void **state)
{
	struct virtio_snd_pcm_status st;
	struct mock_used u;
	struct rig r;

	(void)state;
	rig_open(&r, 0);
	rig_prepare(&r, CAPTURE);
	rig_queue_capture(&r, PERIOD);
	assert_int_equal(rig_command(&r, VIRTIO_SND_R_PCM_START, CAPTURE), VIRTIO_SND_S_OK);
	atomic_store(&r.ring[CAPTURE].sh->delay_ns, 20000000); /* 960 frames */
	produce(&r, 7, PERIOD + 60 * FRAME);
	assert_true(mock_poll(r.m, RXQ, &u));
	memcpy(&st, u.in + PERIOD, sizeof(st));
	assert_int_equal(le32_get(st.latency_bytes), 1020 * FRAME);
	rig_close(&r);
}

static void test_the_null_port_plays_and_captures_at_the_pace_of_time(void **state)
{
	struct mock_used u;
	struct rig r;

	(void)state;
	rig_open_null(&r, 0);
	rig_prepare(&r, PLAY);
	rig_prepare(&r, CAPTURE);
	rig_queue_capture(&r, PERIOD);
	for (unsigned int i = 0; i < 4; i++)
		rig_queue_play(&r, 1, PERIOD);
	rig_turns(&r);
	assert_false(mock_poll(r.m, TXQ, &u));
	assert_int_equal(rig_command(&r, VIRTIO_SND_R_PCM_START, PLAY), VIRTIO_SND_S_OK);
	assert_int_equal(rig_command(&r, VIRTIO_SND_R_PCM_START, CAPTURE), VIRTIO_SND_S_OK);
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
		rig_prepare(&r, PLAY);
		for (unsigned int i = 0; i < 4; i++)
			rig_queue_play(&r, 1, PERIOD);
		assert_int_equal(rig_command(&r, VIRTIO_SND_R_PCM_START, PLAY), VIRTIO_SND_S_OK);
		mock_reset(r.m);
		assert_int_equal(atomic_load(&r.ring[PLAY].sh->running), 0);
		mock_start(r.m, MOCK_ALL_FEATURES);
		assert_int_equal(
			rig_command(&r, VIRTIO_SND_R_PCM_PREPARE, PLAY), VIRTIO_SND_S_BAD_MSG);
		rig_prepare(&r, PLAY);
		rig_close(&r);
	}
	(void)state;
}

static void test_elapsed_periods_are_told_to_a_driver_that_asked(void **state)
{
	FOR_EACH_KIND(kind)
	{
		struct virtio_snd_pcm_set_params p = rig_params(PLAY);
		struct virtio_snd_event e;
		struct mock_used u;
		struct rig r;

		rig_open(&r, kind);
		for (unsigned int i = 0; i < 3; i++)
			assert_true(mock_post(r.m, EVTQ, NULL, 0, sizeof(e)) >= 0);
		p.features = le32_of(1u << VIRTIO_SND_PCM_F_EVT_SHMEM_PERIODS);
		assert_int_equal(rig_ask(&r, &p, sizeof(p), NULL, 0), VIRTIO_SND_S_OK);
		assert_int_equal(rig_command(&r, VIRTIO_SND_R_PCM_PREPARE, PLAY), VIRTIO_SND_S_OK);
		for (unsigned int i = 0; i < 2; i++)
			rig_queue_play(&r, 1, PERIOD);
		assert_int_equal(rig_command(&r, VIRTIO_SND_R_PCM_START, PLAY), VIRTIO_SND_S_OK);
		for (unsigned int i = 0; i < 2; i++) {
			rig_consume(&r, PERIOD);
			assert_true(mock_poll(r.m, EVTQ, &u));
			assert_int_equal(u.len, sizeof(e));
			memcpy(&e, u.in, sizeof(e));
			assert_int_equal(le32_get(e.hdr.code), VIRTIO_SND_EVT_PCM_PERIOD_ELAPSED);
			assert_int_equal(le32_get(e.data), PLAY);
			assert_false(mock_poll(r.m, EVTQ, &u));
		}
		rig_close(&r);
	}
	(void)state;
}

static void test_capture_that_ran_over_is_an_xrun(void **state)
{
	struct virtio_snd_event e;
	struct mock_used u;
	struct rig r;

	(void)state;
	rig_open(&r, 0);
	assert_true(mock_post(r.m, EVTQ, NULL, 0, sizeof(e)) >= 0);
	rig_prepare(&r, CAPTURE);
	assert_int_equal(rig_command(&r, VIRTIO_SND_R_PCM_START, CAPTURE), VIRTIO_SND_S_OK);
	atomic_fetch_add(&r.ring[CAPTURE].sh->xruns, 1);
	rig_ring_bell(&r);
	assert_true(mock_poll(r.m, EVTQ, &u));
	memcpy(&e, u.in, sizeof(e));
	assert_int_equal(le32_get(e.hdr.code), VIRTIO_SND_EVT_PCM_XRUN);
	assert_int_equal(le32_get(e.data), CAPTURE);
	assert_int_equal(rig_stats(&r).stream[CAPTURE].xruns, 1);
	rig_close(&r);
}

/* Of four periods the last is only found elapsed while the release is served. */
static void test_an_event_of_a_release_leaves_its_answer_alone(void **state)
{
	FOR_EACH_KIND(kind)
	{
		struct virtio_snd_pcm_set_params p = rig_params(PLAY);
		struct mock_used u;
		struct rig r;

		rig_open(&r, kind);
		for (unsigned int i = 0; i < 4; i++)
			assert_true(mock_post(r.m, EVTQ, NULL, 0,
					    sizeof(struct virtio_snd_event)) >= 0);
		p.features = le32_of(1u << VIRTIO_SND_PCM_F_EVT_SHMEM_PERIODS);
		assert_int_equal(rig_ask(&r, &p, sizeof(p), NULL, 0), VIRTIO_SND_S_OK);
		assert_int_equal(rig_command(&r, VIRTIO_SND_R_PCM_PREPARE, PLAY), VIRTIO_SND_S_OK);
		for (unsigned int i = 0; i < 4; i++)
			rig_queue_play(&r, 1, PERIOD);
		assert_int_equal(rig_command(&r, VIRTIO_SND_R_PCM_START, PLAY), VIRTIO_SND_S_OK);
		for (unsigned int i = 0; i < 3; i++)
			rig_consume(&r, PERIOD);
		assert_int_equal(rig_command(&r, VIRTIO_SND_R_PCM_STOP, PLAY), VIRTIO_SND_S_OK);
		atomic_fetch_add(&r.ring[PLAY].sh->read, PERIOD);
		assert_int_equal(rig_command(&r, VIRTIO_SND_R_PCM_RELEASE, PLAY), VIRTIO_SND_S_OK);
		for (unsigned int i = 0; i < 4; i++) {
			assert_true(mock_poll(r.m, EVTQ, &u));
			assert_int_equal(u.len, sizeof(struct virtio_snd_event));
			assert_true(mock_poll(r.m, TXQ, &u));
		}
		rig_close(&r);
	}
	(void)state;
}

/* Buffers of odd lengths, the last shorter than a period: the driver waits for all of them, as for
 * a drain, and stops then. What it handed over is what was taken, byte for byte. */
static void test_a_drained_stream_lost_no_sample(void **state)
{
	static const uint32_t bytes[] = { PERIOD, 3 * FRAME, PERIOD - FRAME, 7 * FRAME };

	FOR_EACH_KIND(kind)
	{
		uint32_t sum = 0, at = 0;
		struct mock_used u;
		struct rig r;

		rig_open(&r, kind);
		rig_prepare(&r, PLAY);
		for (size_t i = 0; i < ARRAY_SIZE(bytes); i++) {
			rig_queue_play(&r, (uint8_t)(i + 1), bytes[i]);
			sum += bytes[i];
		}
		assert_int_equal(rig_command(&r, VIRTIO_SND_R_PCM_START, PLAY), VIRTIO_SND_S_OK);
		/* A sound server's turns are none of the guest's periods. */
		for (uint32_t left = sum; left > 0;) {
			uint32_t turn = left < 64 * FRAME ? left : 64 * FRAME;

			rig_consume(&r, turn);
			left -= turn;
		}
		for (size_t i = 0; i < ARRAY_SIZE(bytes); i++) {
			assert_true(mock_poll(r.m, TXQ, &u));
			assert_int_equal(rig_status_of(&u, 0), VIRTIO_SND_S_OK);
		}
		assert_int_equal(rig_command(&r, VIRTIO_SND_R_PCM_STOP, PLAY), VIRTIO_SND_S_OK);
		assert_int_equal(atomic_load(&r.ring[PLAY].sh->written), sum);
		for (size_t i = 0; i < ARRAY_SIZE(bytes); i++) {
			for (uint32_t k = 0; k < bytes[i]; k++)
				assert_int_equal(r.ring[PLAY].data[at++], i + 1);
		}
		assert_int_equal(rig_stats(&r).stream[PLAY].bytes, sum);
		rig_close(&r);
	}
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_buffer_comes_back_when_it_is_consumed_and_not_before),
		cmocka_unit_test(test_latency_is_the_back_ends_delay),
		cmocka_unit_test(test_latency_is_that_of_the_buffers_own_end),
		cmocka_unit_test(test_what_was_captured_is_as_old_as_what_came_after_it_is_long),
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
		cmocka_unit_test(test_elapsed_periods_are_told_to_a_driver_that_asked),
		cmocka_unit_test(test_capture_that_ran_over_is_an_xrun),
		cmocka_unit_test(test_an_event_of_a_release_leaves_its_answer_alone),
		cmocka_unit_test(test_a_drained_stream_lost_no_sample),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
