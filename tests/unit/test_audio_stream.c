/* SPDX-License-Identifier: Apache-2.0 */
/* A stream between a guest's ring and the sound server: the test is both. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>
#include <sndfile.h>

#include "base/clock.h"
#include "base/fd.h"
#include "sim/audio/pacer.h"
#include "sim/audio/recorder.h"
#include "sim/audio/stream.h"

#define RATE  48000u
#define FRAME 4u /* stereo S16 */
#define T0    (1000 * NS_PER_S)

static const struct pcm_params stereo = { PCM_S16, RATE, 2, 19200, 1920 };

struct rig {
	struct audio_stream s;
	int wake;
	uint64_t written; /* the guest's counter of a playing stream */
};

static void rig_open(struct rig *r, enum pcm_direction direction)
{
	int fd = pcm_ring_create("test");

	memset(r, 0, sizeof(*r));
	audio_stream_init(&r->s);
	snprintf(r->s.guest, sizeof(r->s.guest), "test");
	snprintf(r->s.name, sizeof(r->s.name), "s");
	r->s.direction = direction;
	r->s.wake = r->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	assert_int_equal(pcm_ring_map(&r->s.ring, fd), 0);
	atomic_store(&r->s.ring.sh->wake_at, UINT64_MAX);
	fd_close(&fd);
}

static void rig_close(struct rig *r)
{
	fd_close(&r->wake);
	audio_stream_fini(&r->s);
}

static void start(struct rig *r, uint32_t run, const struct pcm_params *p)
{
	struct pcm_msg m = { .op = PCM_OPEN, .run = run, .position = r->written, .params = *p };

	audio_stream_message(&r->s, &m);
	atomic_store(&r->s.ring.sh->running, run);
	m.op = PCM_START;
	audio_stream_message(&r->s, &m);
}

/* The guest plays `frames` frames of S16 with this value in both channels. */
static void play(struct rig *r, int16_t value, uint32_t frames)
{
	for (uint32_t i = 0; i < frames * 2; i++, r->written += sizeof(value))
		memcpy(r->s.ring.data + r->written % PCM_RING_BYTES, &value, sizeof(value));
	atomic_store(&r->s.ring.sh->written, r->written);
}

static bool rang(struct rig *r)
{
	uint64_t n;

	return read(r->wake, &n, sizeof(n)) == sizeof(n);
}

static void test_samples_come_in_order_and_silence_after_them(void **state)
{
	int16_t out[8];
	struct rig r;

	(void)state;
	rig_open(&r, PCM_PLAY);
	start(&r, 1, &stereo);
	play(&r, 100, 1);
	play(&r, 200, 1);
	assert_true(audio_stream_pull(&r.s, out, 4, T0));
	assert_int_equal(out[0], 100);
	assert_int_equal(out[1], 100);
	assert_int_equal(out[2], 200);
	assert_int_equal(out[4], 0);
	assert_int_equal(out[7], 0);
	assert_int_equal(atomic_load(&r.s.ring.sh->read), 2 * FRAME);
	assert_int_equal(atomic_load(&r.s.ring.sh->xruns), 1);
	rig_close(&r);
}

static void test_an_underrun_is_counted_once_until_samples_come(void **state)
{
	int16_t out[20];
	struct rig r;

	(void)state;
	rig_open(&r, PCM_PLAY);
	start(&r, 1, &stereo);
	play(&r, 1, 2);
	for (unsigned int i = 0; i < 3; i++)
		assert_true(audio_stream_pull(&r.s, out, 10, T0));
	assert_int_equal(atomic_load(&r.s.xruns), 1);
	play(&r, 1, 12);
	assert_true(audio_stream_pull(&r.s, out, 10, T0));
	assert_true(audio_stream_pull(&r.s, out, 10, T0));
	assert_int_equal(atomic_load(&r.s.xruns), 2);
	rig_close(&r);
}

static void test_the_device_is_woken_at_the_position_it_asked_for(void **state)
{
	int16_t out[20];
	struct rig r;

	(void)state;
	rig_open(&r, PCM_PLAY);
	start(&r, 1, &stereo);
	play(&r, 1, 100);
	(void)rang(&r);
	atomic_store(&r.s.ring.sh->wake_at, 20 * FRAME);
	assert_true(audio_stream_pull(&r.s, out, 10, T0));
	assert_false(rang(&r));
	assert_true(audio_stream_pull(&r.s, out, 10, T0));
	assert_true(rang(&r));
	rig_close(&r);
}

static void test_a_stopped_stream_gives_nothing_up(void **state)
{
	int16_t out[20];
	struct rig r;

	(void)state;
	rig_open(&r, PCM_PLAY);
	start(&r, 1, &stereo);
	play(&r, 1, 10);
	atomic_store(&r.s.ring.sh->running, 0);
	assert_false(audio_stream_pull(&r.s, out, 10, T0));
	assert_int_equal(atomic_load(&r.s.ring.sh->read), 0);
	rig_close(&r);
}

static void test_a_new_run_skips_what_an_earlier_one_left(void **state)
{
	int16_t out[2];
	struct rig r;

	(void)state;
	rig_open(&r, PCM_PLAY);
	start(&r, 1, &stereo);
	play(&r, 111, 10);
	start(&r, 2, &stereo);
	play(&r, 222, 1);
	assert_true(audio_stream_pull(&r.s, out, 1, T0));
	assert_int_equal(out[0], 222);
	rig_close(&r);
}

static void test_counters_that_cannot_be_give_silence(void **state)
{
	int16_t out[20];
	struct rig r;

	(void)state;
	rig_open(&r, PCM_PLAY);
	start(&r, 1, &stereo);
	atomic_store(&r.s.ring.sh->written, UINT64_MAX);
	memset(out, 0x55, sizeof(out));
	assert_true(audio_stream_pull(&r.s, out, 10, T0));
	assert_int_equal(out[0], 0);
	assert_int_equal(out[19], 0);
	rig_close(&r);
}

static void test_volume_is_reached_by_a_ramp_and_then_exact(void **state)
{
	static int16_t out[2 * RATE];
	struct rig r;

	(void)state;
	rig_open(&r, PCM_PLAY);
	start(&r, 1, &stereo);
	play(&r, 10000, 2000);
	atomic_store(&r.s.bench_milli, 500);
	assert_true(audio_stream_pull(&r.s, out, 2000, T0));
	/* No click: the first frame is nearly untouched; after 20 ms it is half, exactly. */
	assert_true(out[0] > 9900);
	for (uint32_t i = 960; i < 2000; i++)
		assert_int_equal(out[2 * i], 5000);
	rig_close(&r);
}

static void test_every_format_is_scaled_alike(void **state)
{
	static const struct {
		enum pcm_format format;
		int32_t in, out;
	} f[] = { { PCM_S24, -4000000, -2000000 }, { PCM_S32, -2000000000, -1000000000 } };
	struct rig r;

	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(f); k++) {
		struct pcm_params p = { f[k].format, RATE, 1, 19200, 1920 };
		static int32_t out[2000];

		rig_open(&r, PCM_PLAY);
		start(&r, 1, &p);
		for (uint32_t i = 0; i < 2000; i++, r.written += 4)
			memcpy(r.s.ring.data + r.written, &f[k].in, 4);
		atomic_store(&r.s.ring.sh->written, r.written);
		atomic_store(&r.s.guest_milli, 500);
		assert_true(audio_stream_pull(&r.s, out, 2000, T0));
		assert_true(abs(out[1999] - f[k].out) <= 256);
		rig_close(&r);
	}
}

static void test_mute_is_silence(void **state)
{
	static int16_t out[2 * 2000];
	struct rig r;

	(void)state;
	rig_open(&r, PCM_PLAY);
	start(&r, 1, &stereo);
	play(&r, 10000, 2000);
	atomic_store(&r.s.guest_mute, true);
	assert_true(audio_stream_pull(&r.s, out, 2000, T0));
	assert_int_equal(out[2 * 1999], 0);
	assert_int_equal(atomic_load(&r.s.ring.sh->read), 2000 * FRAME);
	rig_close(&r);
}

static void test_a_stream_that_is_mute_from_the_start_is_not_heard_at_all(void **state)
{
	static int16_t out[2 * 100];
	struct rig r;

	(void)state;
	rig_open(&r, PCM_PLAY);
	atomic_store(&r.s.bench_mute, true);
	start(&r, 1, &stereo);
	play(&r, 10000, 100);
	assert_true(audio_stream_pull(&r.s, out, 100, T0));
	for (uint32_t i = 0; i < 200; i++)
		assert_int_equal(out[i], 0);
	assert_int_equal(atomic_load(&r.s.loud_ns), 0);
	rig_close(&r);
}

static void test_a_warning_quietens_media_within_20_ms_and_for_as_long_as_it_is_heard(void **state)
{
	static int16_t out[2 * 960];
	struct rig media, chime;

	(void)state;
	rig_open(&media, PCM_PLAY);
	rig_open(&chime, PCM_PLAY);
	media.s.duck[0] = (struct audio_duck){ &chime.s, powf(10, -12.0f / 20), 200 * NS_PER_MS };
	media.s.n_ducks = 1;
	start(&media, 1, &stereo);
	start(&chime, 1, &stereo);
	play(&media, 10000, 40000);
	assert_true(audio_stream_pull(&media.s, out, 960, T0));
	assert_int_equal(out[0], 10000);
	/* A silent chime is nobody's focus. */
	play(&chime, 5, 960);
	assert_true(audio_stream_pull(&chime.s, out, 960, T0));
	assert_true(audio_stream_pull(&media.s, out, 960, T0));
	assert_int_equal(out[2 * 959], 10000);
	play(&chime, 9000, 960);
	assert_true(audio_stream_pull(&chime.s, out, 960, T0));
	/* One turn of 20 ms: at its end the media is 12 dB down. */
	assert_true(audio_stream_pull(&media.s, out, 960, T0));
	assert_int_equal(out[2 * 959], 2512);
	assert_true(audio_stream_pull(&media.s, out, 960, T0 + 199 * NS_PER_MS));
	assert_int_equal(out[2 * 959], 2512);
	assert_true(audio_stream_pull(&media.s, out, 960, T0 + 201 * NS_PER_MS));
	assert_int_equal(out[2 * 959], 10000);
	rig_close(&media);
	rig_close(&chime);
}

static void test_captured_frames_reach_the_ring_and_the_rest_is_counted(void **state)
{
	static int16_t in[2 * 65536];
	struct rig r;

	(void)state;
	in[0] = 77;
	rig_open(&r, PCM_CAPTURE);
	start(&r, 1, &stereo);
	for (unsigned int i = 0; i < PCM_RING_BYTES / FRAME / 65536; i++)
		audio_stream_push(&r.s, in, 65536, T0);
	assert_int_equal(atomic_load(&r.s.ring.sh->written), PCM_RING_BYTES);
	assert_int_equal(r.s.ring.data[0], 77);
	assert_int_equal(atomic_load(&r.s.xruns), 0);
	audio_stream_push(&r.s, in, 10, T0);
	assert_int_equal(atomic_load(&r.s.ring.sh->written), PCM_RING_BYTES);
	assert_int_equal(atomic_load(&r.s.xruns), 1);
	rig_close(&r);
}

static void test_the_pacer_plays_what_nobody_else_does(void **state)
{
	atomic_bool connected = false;
	struct audio_stream *list[1];
	struct pacer *p;
	struct rig r;

	(void)state;
	rig_open(&r, PCM_PLAY);
	list[0] = &r.s;
	assert_int_equal(pacer_new(&p, list, 1, &connected), 0);
	start(&r, 1, &stereo);
	play(&r, 1, 4800);
	pacer_wake(p);
	/* A tenth of a second of sound, on a machine however slow. */
	for (unsigned int i = 0; i < 2000 && atomic_load(&r.s.frames) < 4800; i++)
		usleep(10000);
	assert_int_equal(atomic_load(&r.s.frames), 4800);
	pacer_free(p);
	rig_close(&r);
}

/* Ten steps of a hundredth of a second each come back whole and in order. */
static void test_what_a_sink_plays_is_captured_without_a_sound_server(void **state)
{
	enum { STEPS = 10, LONG = RATE / 100 };
	atomic_bool connected = false;
	struct audio_stream *list[2];
	struct rig sink, mic;
	const int16_t *heard;
	uint64_t then, at = 0;
	struct pacer *p;

	(void)state;
	rig_open(&sink, PCM_PLAY);
	rig_open(&mic, PCM_CAPTURE);
	snprintf(sink.s.target, sizeof(sink.s.target), "room");
	snprintf(mic.s.target, sizeof(mic.s.target), "room.monitor");
	list[0] = &mic.s;
	list[1] = &sink.s;
	assert_int_equal(pacer_new(&p, list, 2, &connected), 0);
	start(&mic, 1, &stereo);
	start(&sink, 1, &stereo);
	for (int i = 1; i <= STEPS; i++)
		play(&sink, (int16_t)i, LONG);
	pacer_wake(p);
	for (unsigned int i = 0; i < 2000 && atomic_load(&sink.s.frames) < STEPS * LONG; i++)
		usleep(10000);
	/* In the same turn, or the next. */
	then = atomic_load(&mic.s.frames) + LONG;
	for (unsigned int i = 0; i < 2000 && atomic_load(&mic.s.frames) < then; i++)
		usleep(10000);
	pacer_free(p);
	then = atomic_load(&mic.s.frames);
	heard = (const int16_t *)mic.s.ring.data;
	while (at < then && heard[2 * at] == 0)
		at++;
	assert_true(at + STEPS * LONG <= then);
	for (int i = 1; i <= STEPS; i++) {
		for (uint32_t k = 0; k < LONG; k++, at++) {
			assert_int_equal(heard[2 * at], i);
			assert_int_equal(heard[2 * at + 1], i);
		}
	}
	rig_close(&mic);
	rig_close(&sink);
}

static void check_recording(bool flac)
{
	char folder[] = "/tmp/dyno-audio-XXXXXX", path[256], line[128];
	static int16_t out[2 * 480];
	SF_INFO info = { 0 };
	struct recorder *rec;
	SNDFILE *f;
	FILE *t;
	struct rig r;

	assert_non_null(mkdtemp(folder));
	rig_open(&r, PCM_PLAY);
	assert_int_equal(recorder_new(&rec, folder, flac), 0);
	assert_int_equal(recorder_add(rec, "g-s", &r.s.tap), 0);
	assert_int_equal(recorder_start(rec), 0);
	r.s.recorder = rec;
	start(&r, 1, &stereo);
	play(&r, 1234, 960);
	assert_true(audio_stream_pull(&r.s, out, 480, T0));
	assert_true(audio_stream_pull(&r.s, out, 480, T0 + 10 * NS_PER_MS));
	play(&r, 4321, 480);
	assert_true(audio_stream_pull(&r.s, out, 480, T0 + NS_PER_S));
	recorder_free(rec);

	snprintf(path, sizeof(path), "%s/g-s.%s", folder, flac ? "flac" : "wav");
	f = sf_open(path, SFM_READ, &info);
	assert_non_null(f);
	assert_int_equal(info.frames, 1440);
	assert_int_equal(info.samplerate, RATE);
	assert_int_equal(sf_readf_short(f, out, 480), 480);
	assert_int_equal(out[0], 1234);
	sf_close(f);
	unlink(path);
	snprintf(path, sizeof(path), "%s/g-s.times.csv", folder);
	t = fopen(path, "r");
	assert_non_null(t);
	assert_non_null(fgets(line, sizeof(line), t));
	assert_non_null(fgets(line, sizeof(line), t));
	assert_string_equal(line, "1,0,1000000000000\n");
	assert_non_null(fgets(line, sizeof(line), t));
	assert_string_equal(line, "1,960,1001000000000\n");
	assert_null(fgets(line, sizeof(line), t));
	fclose(t);
	unlink(path);
	rmdir(folder);
	rig_close(&r);
}

static void test_a_guest_that_changes_its_format_for_ever_gets_a_hundred_files(void **state)
{
	char folder[] = "/tmp/dyno-audio-XXXXXX", path[256];
	struct pcm_params p[2] = { stereo, stereo };
	static int16_t out[2 * 48];
	struct recorder *rec;
	uint32_t tap;

	(void)state;
	p[1].rate_hz = 44100;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(recorder_new(&rec, folder, false), 0);
	assert_int_equal(recorder_add(rec, "g-s", &tap), 0);
	for (uint32_t i = 0; i < 130; i++)
		recorder_put(rec, tap, &p[i % 2], i, out, 48, T0 + i * NS_PER_MS);
	assert_int_equal(recorder_start(rec), 0);
	while (recorder_lost(rec, tap) < 30 * 48)
		usleep(1000);
	assert_int_equal(recorder_lost(rec, tap), 30 * 48);
	recorder_free(rec);
	for (uint32_t i = 0; i < 102; i++) {
		snprintf(path, sizeof(path), i == 0 ? "%s/g-s.times.csv" : "%s/g-s-%u.wav", folder,
			i);
		if (i == 1)
			snprintf(path, sizeof(path), "%s/g-s.wav", folder);
		assert_int_equal(unlink(path) == 0, i <= 100);
	}
	assert_int_equal(rmdir(folder), 0);
}

static void test_what_is_heard_is_recorded_with_its_times(void **state)
{
	(void)state;
	check_recording(false);
	check_recording(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples_come_in_order_and_silence_after_them),
		cmocka_unit_test(test_an_underrun_is_counted_once_until_samples_come),
		cmocka_unit_test(test_the_device_is_woken_at_the_position_it_asked_for),
		cmocka_unit_test(test_a_stopped_stream_gives_nothing_up),
		cmocka_unit_test(test_a_new_run_skips_what_an_earlier_one_left),
		cmocka_unit_test(test_counters_that_cannot_be_give_silence),
		cmocka_unit_test(test_volume_is_reached_by_a_ramp_and_then_exact),
		cmocka_unit_test(test_every_format_is_scaled_alike),
		cmocka_unit_test(test_mute_is_silence),
		cmocka_unit_test(test_a_stream_that_is_mute_from_the_start_is_not_heard_at_all),
		cmocka_unit_test(
			test_a_warning_quietens_media_within_20_ms_and_for_as_long_as_it_is_heard),
		cmocka_unit_test(test_captured_frames_reach_the_ring_and_the_rest_is_counted),
		cmocka_unit_test(test_the_pacer_plays_what_nobody_else_does),
		cmocka_unit_test(test_what_a_sink_plays_is_captured_without_a_sound_server),
		cmocka_unit_test(test_what_is_heard_is_recorded_with_its_times),
		cmocka_unit_test(
			test_a_guest_that_changes_its_format_for_ever_gets_a_hundred_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
