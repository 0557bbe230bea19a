/* SPDX-License-Identifier: Apache-2.0 */
/* What a sink plays, as a stream that captures its monitor hears it without a sound server. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/audio/monitor.h"
#include "sim/audio/sample.h"

#define RATE 48000u
#define AT   UINT64_C(1000000) /* where the listener begins */

static struct monitor *m;

static struct pcm_params format(enum pcm_format f, uint32_t channels)
{
	return (struct pcm_params){ f, RATE, channels, 19200, 1920 };
}

static int set_up(void **state)
{
	(void)state;
	return monitor_new(&m);
}

static int tear_down(void **state)
{
	(void)state;
	monitor_free(m);
	return 0;
}

static void listen(enum pcm_format f, uint32_t channels)
{
	struct pcm_params p = format(f, channels);

	monitor_start(m, &p, AT);
}

/* Mono S16 frames from `place` on. */
static void add(uint64_t place, const int16_t *values, uint32_t frames)
{
	struct pcm_params p = format(PCM_S16, 1);

	assert_true(monitor_add(m, &p, place, (const uint8_t *)values, frames));
}

static void expect(const int16_t *values, uint32_t n)
{
	int16_t heard[64];

	assert_in_range(n, 1, 64);
	monitor_take(m, (uint8_t *)heard, n);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(heard[i], values[i]);
}

static void test_what_is_played_is_heard_at_its_place(void **state)
{
	(void)state;
	listen(PCM_S16, 1);
	add(AT + 3, (const int16_t[]){ 1, -2, 32767 }, 3);
	add(AT + 6, (const int16_t[]){ -32768, 5 }, 2);
	expect((const int16_t[]){ 0, 0, 0, 1, -2, 32767 }, 6);
	expect((const int16_t[]){ -32768, 5, 0 }, 3);
}

static void test_streams_are_summed_and_cut_at_full_scale(void **state)
{
	(void)state;
	listen(PCM_S16, 1);
	add(AT, (const int16_t[]){ 100, 30000, -30000 }, 3);
	add(AT, (const int16_t[]){ 11, 30000, -30000 }, 3);
	expect((const int16_t[]){ 111, 32767, -32768 }, 3);
}

static void test_every_format_is_heard_in_every_other(void **state)
{
	(void)state;
	for (enum pcm_format from = 0; from < PCM_FORMATS; from++) {
		for (enum pcm_format to = 0; to < PCM_FORMATS; to++) {
			struct pcm_params p = format(from, 1);
			uint8_t in[4], out[4];

			listen(to, 1);
			sample_store(from, in, -0.375f);
			assert_true(monitor_add(m, &p, AT, in, 1));
			monitor_take(m, out, 1);
			assert_true(fabsf(sample_load(to, out) + 0.375f) < 1e-6f);
		}
	}
}

static void test_channels_keep_their_numbers(void **state)
{
	struct pcm_params stereo = format(PCM_S16, 2);

	(void)state;
	listen(PCM_S16, 1);
	assert_true(
		monitor_add(m, &stereo, AT, (const uint8_t *)(const int16_t[]){ 1, 2, 3, 4 }, 2));
	expect((const int16_t[]){ 1, 3 }, 2);
	listen(PCM_S16, 2);
	add(AT, (const int16_t[]){ 7 }, 1);
	/* A frame of two channels is as long as two of one. */
	{
		int16_t heard[2];

		monitor_take(m, (uint8_t *)heard, 1);
		assert_int_equal(heard[0], 7);
		assert_int_equal(heard[1], 0);
	}
}

static void test_what_comes_too_late_or_too_early_is_dropped(void **state)
{
	static int16_t heard[MONITOR_FRAMES];

	(void)state;
	listen(PCM_S16, 1);
	add(AT - 2, (const int16_t[]){ 1, 2, 3 }, 3);
	add(AT + MONITOR_FRAMES - 1, (const int16_t[]){ 8, 9 }, 2);
	monitor_take(m, (uint8_t *)heard, MONITOR_FRAMES);
	assert_int_equal(heard[0], 3);
	for (uint32_t i = 1; i < MONITOR_FRAMES - 1; i++)
		assert_int_equal(heard[i], 0);
	assert_int_equal(heard[MONITOR_FRAMES - 1], 8);
	/* And nothing comes round again. */
	monitor_take(m, (uint8_t *)heard, MONITOR_FRAMES);
	for (uint32_t i = 0; i < MONITOR_FRAMES; i++)
		assert_int_equal(heard[i], 0);
}

static void test_another_rate_is_not_heard(void **state)
{
	struct pcm_params slow = format(PCM_S16, 1);
	int16_t value = 5;

	(void)state;
	slow.rate_hz = 44100;
	listen(PCM_S16, 1);
	assert_false(monitor_add(m, &slow, AT, (const uint8_t *)&value, 1));
	expect((const int16_t[]){ 0 }, 1);
}

static void test_a_listener_that_begins_again_hears_nothing_old(void **state)
{
	(void)state;
	listen(PCM_S16, 1);
	add(AT, (const int16_t[]){ 1, 2 }, 2);
	monitor_stop(m);
	add(AT, (const int16_t[]){ 3, 4 }, 2);
	listen(PCM_S16, 1);
	expect((const int16_t[]){ 0, 0 }, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_what_is_played_is_heard_at_its_place, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_streams_are_summed_and_cut_at_full_scale, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_every_format_is_heard_in_every_other, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_channels_keep_their_numbers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_what_comes_too_late_or_too_early_is_dropped, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_another_rate_is_not_heard, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_a_listener_that_begins_again_hears_nothing_old, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
