/* SPDX-License-Identifier: Apache-2.0 */
/* Checks on sound, over recordings that the tests write; and how exact a tone is measured. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sndfile.h>

#include "sim/check/sound.h"
#include "tests/support/check_rig.h"

#define RATE 48000
/* Host time of bench time 0. */
#define ZERO (1000 * S)

#define MACHINE                                                                            \
	"duration: 10s\n"                                                                  \
	"buses: {can0: }\n"                                                                \
	"guests:\n"                                                                        \
	"  a: {kernel: builtin:a, can: [can0], no_crash: false, sound: {out: , loud: }}\n" \
	"checks:\n"

static char folder[64];
static float left[10 * RATE], right[10 * RATE];

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/dyno-sound-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int drop_folder(void **state)
{
	static const char *const names[] = { "a-out.wav", "a-out-2.wav", "a-out.times.csv" };
	char path[128];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	return rmdir(folder);
}

/* Adds a sine to one side: from and to in ms. */
static void add_tone(float *side, double hz, double db, unsigned int from, unsigned int to)
{
	for (unsigned int i = from * 48; i < to * 48; i++)
		side[i] += (float)(sound_amplitude(db) * sin(2 * M_PI * hz * i / RATE));
}

static void clear(void)
{
	memset(left, 0, sizeof(left));
	memset(right, 0, sizeof(right));
}

static void write_file(const char *name, unsigned int from_ms, unsigned int to_ms)
{
	SF_INFO info = {
		.samplerate = RATE, .channels = 2, .format = SF_FORMAT_WAV | SF_FORMAT_FLOAT
	};
	char path[128];
	SNDFILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = sf_open(path, SFM_WRITE, &info);
	assert_non_null(f);
	for (unsigned int i = from_ms * 48; i < to_ms * 48; i++)
		assert_int_equal(sf_writef_float(f, (float[]){ left[i], right[i] }, 1), 1);
	sf_close(f);
}

static void write_times(const char *rows)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/a-out.times.csv", folder);
	f = fopen(path, "we");
	assert_non_null(f);
	fprintf(f, "file,frame,host_ns\n%s", rows);
	assert_int_equal(fclose(f), 0);
}

/* All ten seconds in one piece. */
static void record(void)
{
	write_file("a-out.wav", 0, 10000);
	write_times("1,0,1000000000000\n");
}

static struct check_rig begin(const char *checks)
{
	struct check_rig r =
		check_rig_new(&(struct check_rig_opts){ .out_dir = folder }, MACHINE, checks);

	check_clock(r.c, ZERO, 0);
	return r;
}

static bool is_refused(const char *checks)
{
	struct scenario_opts opts = { .no_files = true, .no_env = true };
	struct scenario *s = NULL;
	char text[4096];
	int rc;

	snprintf(text, sizeof(text), "%s%s", MACHINE, checks);
	rc = scenario_load_text(text, strlen(text), "car.yaml", &opts, NULL, &s);
	scenario_free(s);
	return rc == -EINVAL;
}

/* --- measuring --------------------------------------------------------------------------- */

static void test_a_tone_is_measured_right_wherever_it_lies(void **state)
{
	(void)state;
	for (int i = 0; i < 18; i++) {
		double hz = 50 * pow(1.36, i);
		struct sound_tone t;

		clear();
		add_tone(left, hz * 1.003, -12, 0, 100);
		t = sound_measure(left, 1, 4800, RATE, hz);
		assert_true(fabs(t.hz - hz * 1.003) < 0.0005 * hz);
		assert_true(fabs(t.db + 12) < 0.1);
	}
}

static void test_a_tone_among_others_is_measured(void **state)
{
	struct sound_tone t;

	(void)state;
	clear();
	add_tone(left, 440, -30, 0, 100);
	add_tone(left, 1000, -6, 0, 100);
	t = sound_measure(left, 1, 4800, RATE, 440);
	assert_true(fabs(t.hz - 440) < 0.5 && fabs(t.db + 30) < 0.3);
}

static void test_silence_has_no_tone(void **state)
{
	(void)state;
	clear();
	assert_true(sound_measure(left, 1, 4800, RATE, 440).db <= SOUND_NOTHING_DB);
}

/* --- checks ------------------------------------------------------------------------------ */

static void test_a_tone_of_the_right_frequency_and_level_passes(void **state)
{
	struct check_rig r =
		begin("  - tone: {stream: a.out, hz: 440, db: -12, channel: 1, for: 2s}\n"
		      "  - tone: {stream: a.out, hz: 441.5, db: -12.8}\n"
		      "  - tone: {stream: a.out, hz: 1000, after: 4s, within: 1s}\n");

	(void)state;
	clear();
	add_tone(left, 440, -12, 2000, 5000);
	add_tone(right, 1000, -20, 2000, 5000);
	record();
	check_rig_end(&r, 10 * S);
	check_rig_expect(&r, 0, CHECK_PASS, "440.00 Hz at -12.00 dB for 3000ms from 2.000s");
	assert_true(check_passed(r.c));
	check_rig_free(&r);
}

static void test_a_tone_that_is_off_or_short_fails(void **state)
{
	struct check_rig r = begin("  - tone: {stream: a.out, hz: 443, db: -12}\n"
				   "  - tone: {stream: a.out, hz: 440, db: -13.2}\n"
				   "  - tone: {stream: a.out, hz: 440, channel: 2}\n"
				   "  - tone: {stream: a.out, hz: 440, for: 4s}\n"
				   "  - tone: {stream: a.out, hz: 440, after: 6s}\n"
				   "  - tone: {stream: a.loud, hz: 440}\n");
	size_t n;

	(void)state;
	clear();
	add_tone(left, 440, -12, 2000, 5000);
	record();
	check_rig_end(&r, 10 * S);
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(check_verdicts(r.c, &n)[i].outcome, CHECK_FAIL);
	check_rig_expect(&r, 2, CHECK_FAIL, "silence");
	check_rig_expect(&r, 3, CHECK_FAIL, "440.0 Hz at -12.0 dB for 3025ms only, from 2.000s");
	check_rig_expect(&r, 5, CHECK_FAIL, "the stream never played");
	check_rig_free(&r);
}

static void test_a_gap_is_found_where_it_is(void **state)
{
	struct check_rig r =
		begin("  - gapless: {stream: a.out, after: 1s, within: 2s}\n"
		      "  - gapless: {stream: a.out, after: 1s, within: 3s, longest: 29ms}\n"
		      "  - gapless: {stream: a.out, after: 1s, within: 3s, longest: 31ms}\n"
		      "  - gapless: {stream: a.out, after: 4s, within: 2s}\n"
		      "  - gapless: {stream: a.loud}\n");

	(void)state;
	clear();
	add_tone(left, 1000, -12, 500, 3500);
	add_tone(left, 1000, -12, 3530, 5500);
	record();
	check_rig_end(&r, 10 * S);
	check_rig_expect(&r, 0, CHECK_PASS, "silent for at most 0.0ms");
	check_rig_expect(&r, 1, CHECK_FAIL, "silent for 30.0ms from 3.500s; 29ms is allowed");
	check_rig_expect(&r, 2, CHECK_PASS, "silent for at most 30.0ms");
	check_rig_expect(&r, 3, CHECK_FAIL, "silent for 500.0ms from 5.500s; 20ms is allowed");
	check_rig_expect(&r, 4, CHECK_FAIL, "the stream never played");
	check_rig_free(&r);
}

static void test_sound_in_a_silence_fails(void **state)
{
	struct check_rig r = begin("  - silence: {stream: a.out, within: 2s}\n"
				   "  - silence: {stream: a.out, after: 1s, within: 2s}\n"
				   "  - silence: {stream: a.out, floor: -10}\n"
				   "  - silence: {stream: a.loud}\n");

	(void)state;
	clear();
	add_tone(left, 1000, -12, 2500, 2600);
	record();
	check_rig_end(&r, 10 * S);
	check_rig_expect(&r, 0, CHECK_PASS, "at most -120 dB");
	check_rig_expect(&r, 1, CHECK_FAIL, "sound from 2.500s on, up to -12.0 dB at 2.500s");
	check_rig_expect(&r, 2, CHECK_PASS, "at most -12 dB");
	check_rig_expect(&r, 3, CHECK_PASS, "at most -120 dB");
	check_rig_free(&r);
}

static void test_the_level_must_stay_in_bounds_all_the_time(void **state)
{
	struct check_rig r =
		begin("  - level: {stream: a.out, after: 1s, within: 1s, min: -13, max: -11}\n"
		      "  - level: {stream: a.out, after: 1s, within: 3s, min: -13}\n"
		      "  - level: {stream: a.out, after: 1s, within: 3s, max: -11}\n"
		      "  - level: {stream: a.out, after: 1s, within: 3s, max: -15}\n");

	(void)state;
	clear();
	add_tone(right, 1000, -12, 500, 3000);
	add_tone(right, 1000, -24, 3000, 5000);
	record();
	check_rig_end(&r, 10 * S);
	check_rig_expect(&r, 0, CHECK_PASS, "-12.0 to -12.0 dB");
	check_rig_expect(&r, 1, CHECK_FAIL, "-24.0 dB at 3.000s");
	check_rig_expect(&r, 2, CHECK_PASS, "-24.0 to -12.0 dB");
	check_rig_expect(&r, 3, CHECK_FAIL, "-12.0 dB at 1.000s");
	check_rig_free(&r);
}

static void test_a_chime_follows_its_frame(void **state)
{
	struct check_rig r =
		begin("  - chime: {stream: a.out, frame: '210#01', delay: 50ms, hz: 880}\n"
		      "  - chime: {stream: a.out, frame: '210#01', delay: 20ms}\n"
		      "  - chime: {stream: a.out, frame: '210#01', hz: 900}\n"
		      "  - chime: {stream: a.out, frame: '210#02'}\n"
		      "  - chime: {stream: a.out, frame: '210#03'}\n");
	size_t n;

	(void)state;
	clear();
	add_tone(left, 880, -12, 3030, 3300);
	record();
	check_rig_frame(&r, CHECK_FROM_HOST, 3 * S, "210#01");
	check_rig_frame(&r, CHECK_FROM_HOST, 3200 * MS, "210#02");
	check_rig_end(&r, 10 * S);
	check_rig_expect(&r, 0, CHECK_PASS, "30.0ms after 210#01 at 3.000s");
	check_rig_expect(&r, 1, CHECK_FAIL, "no sound within 20ms of 210#01 at 3.000s");
	assert_int_equal(check_verdicts(r.c, &n)[2].outcome, CHECK_FAIL);
	check_rig_expect(&r, 3, CHECK_FAIL, "it sounded already before 210#02 at 3.200s");
	check_rig_expect(&r, 4, CHECK_FAIL, "the frame was not seen");
	check_rig_free(&r);
}

static void test_a_chime_follows_an_event_or_comes_a_little_early(void **state)
{
	struct check_rig r = begin(
		"  - chime: {stream: a.out, event: {console: {match: LIT}}, delay: 50ms, hz: 880}\n"
		"  - chime: {stream: a.out, event: {console: {match: SEEN}}, early: 20ms}\n"
		"  - chime: {stream: a.out, event: {console: {match: SEEN}}, early: 9ms}\n"
		"  - chime: {stream: a.out, event: {console: {match: LIT}}, after: 4s}\n");

	(void)state;
	clear();
	add_tone(left, 880, -12, 3030, 3300);
	record();
	check_rig_line(&r, 0, 3 * S, "LIT");
	check_rig_line(&r, 0, 3040 * MS, "SEEN");
	check_rig_end(&r, 10 * S);
	check_rig_expect(&r, 0, CHECK_PASS, "30.0ms after /LIT/ of a at 3.000s");
	check_rig_expect(&r, 1, CHECK_PASS, "10.0ms before /SEEN/ of a at 3.040s");
	check_rig_expect(&r, 2, CHECK_FAIL, "it sounded already before /SEEN/ of a at 3.040s");
	check_rig_expect(&r, 3, CHECK_FAIL, "the event was not seen");
	check_rig_free(&r);
}

static void test_a_chime_may_ring_out_fast(void **state)
{
	struct check_rig r = begin("  - chime: {stream: a.out, frame: '210#01', hz: 1250}\n");

	(void)state;
	clear();
	add_tone(left, 1250, -12, 3030, 3060);
	for (unsigned int i = 0; i < 1440; i++)
		left[3030 * 48 + i] *= (float)pow(0.995, i);
	record();
	check_rig_frame(&r, CHECK_FROM_HOST, 3 * S, "210#01");
	check_rig_end(&r, 10 * S);
	check_rig_expect(&r, 0, CHECK_PASS, "30.0ms after 210#01 at 3.000s");
	check_rig_free(&r);
}

static void test_pieces_of_recordings_lie_where_they_were_heard(void **state)
{
	/* The clock stood from 4 s for 100 s of the host's; the second file began 1 s later. */
	struct check_rig r =
		begin("  - gapless: {stream: a.out, after: 1s, within: 1s}\n"
		      "  - silence: {stream: a.out, after: 3s, within: 1900ms}\n"
		      "  - tone: {stream: a.out, hz: 880, after: 5s, within: 1s, for: 900ms}\n"
		      "  - silence: {stream: a.out, after: 6100ms}\n");

	(void)state;
	check_clock(r.c, ZERO + 104 * S, 4 * S);
	clear();
	add_tone(left, 440, -12, 0, 2000);
	write_file("a-out.wav", 0, 2000);
	clear();
	add_tone(left, 880, -12, 0, 1000);
	write_file("a-out-2.wav", 0, 1000);
	write_times("1,0,1000500000000\n1,48000,1001500000000\n2,0,1105000000000\n");
	check_rig_end(&r, 10 * S);
	assert_true(check_passed(r.c));
	check_rig_free(&r);
}

static void test_a_run_that_is_cut_short_leaves_checks_open(void **state)
{
	struct check_rig r = begin("  - silence: {stream: a.out}\n"
				   "  - tone: {stream: a.out, hz: 440}\n"
				   "  - gapless: {stream: a.out}\n");
	size_t n;

	(void)state;
	write_times("");
	check_rig_end(&r, 5 * S);
	assert_int_equal(check_verdicts(r.c, &n)[0].outcome, CHECK_NOT_RUN);
	assert_int_equal(check_verdicts(r.c, &n)[1].outcome, CHECK_NOT_RUN);
	assert_int_equal(check_verdicts(r.c, &n)[2].outcome, CHECK_FAIL);
	check_rig_free(&r);
}

static void test_a_recording_that_is_gone_is_an_error(void **state)
{
	struct check_rig r = begin("  - silence: {stream: a.out}\n");
	size_t n;

	(void)state;
	write_times("7,0,1000500000000\n");
	check_rig_end(&r, 10 * S);
	assert_int_equal(check_verdicts(r.c, &n)[0].outcome, CHECK_ERROR);
	check_rig_free(&r);
}

static void test_checks_of_streams_that_are_not_there_are_refused(void **state)
{
	(void)state;
	assert_true(is_refused("  - silence: {stream: a.in}\n"));
	assert_true(is_refused("  - silence: {stream: out}\n"));
	assert_true(is_refused("  - silence: {stream: [a]}\n"));
	assert_true(is_refused("  - level: {stream: a.out}\n"));
	assert_true(is_refused("  - level: {stream: a.out, min: -3, max: -9}\n"));
	assert_true(is_refused("  - tone: {stream: a.out}\n"));
	assert_true(is_refused("  - tone: {stream: a.out, hz: 50}\n"));
	assert_true(is_refused("  - chime: {stream: a.out, id: 1, event: {frame: {id: 1}}}\n"));
	assert_true(is_refused("  - chime: {stream: a.out, event: 3}\n"));
	assert_false(is_refused("  - silence: {stream: a.out}\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_tone_is_measured_right_wherever_it_lies),
		cmocka_unit_test(test_a_tone_among_others_is_measured),
		cmocka_unit_test(test_silence_has_no_tone),
		cmocka_unit_test(test_a_tone_of_the_right_frequency_and_level_passes),
		cmocka_unit_test(test_a_tone_that_is_off_or_short_fails),
		cmocka_unit_test(test_a_gap_is_found_where_it_is),
		cmocka_unit_test(test_sound_in_a_silence_fails),
		cmocka_unit_test(test_the_level_must_stay_in_bounds_all_the_time),
		cmocka_unit_test(test_a_chime_follows_its_frame),
		cmocka_unit_test(test_a_chime_follows_an_event_or_comes_a_little_early),
		cmocka_unit_test(test_a_chime_may_ring_out_fast),
		cmocka_unit_test(test_pieces_of_recordings_lie_where_they_were_heard),
		cmocka_unit_test(test_a_run_that_is_cut_short_leaves_checks_open),
		cmocka_unit_test(test_a_recording_that_is_gone_is_an_error),
		cmocka_unit_test(test_checks_of_streams_that_are_not_there_are_refused),
	};

	return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
