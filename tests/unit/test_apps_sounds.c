/* SPDX-License-Identifier: Apache-2.0 */
/* What the demo ECUs sound like: when the cluster ticks and warns, what the player plays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "chimes.h"
#include "ivi_view.h"
#include "music.h"

#define SECOND 48000

static int16_t heard[2 * SECOND];

/* Hertz of one side, from its upward zero crossings. */
static double pitch(unsigned int side, unsigned int frames)
{
	unsigned int first = 0, last = 0, n = 0;

	for (unsigned int i = 1; i < frames; i++) {
		if (heard[2 * (i - 1) + side] < 0 && heard[2 * i + side] >= 0) {
			first = n++ ? first : i;
			last = i;
		}
	}
	return n > 1 ? (double)(n - 1) * SECOND / (last - first) : 0;
}

static int loudest(unsigned int side, unsigned int from, unsigned int frames)
{
	int top = 0;

	for (unsigned int i = from; i < from + frames; i++)
		top = abs(heard[2 * i + side]) > top ? abs(heard[2 * i + side]) : top;
	return top;
}

static void test_lamps_that_are_lit_at_the_start_are_silent(void **state)
{
	struct cluster_view v = { .lamp[LAMP_OIL] = true };
	struct chimes c = { 0 };

	(void)state;
	chimes_look(&c, &v);
	assert_false(chimes_sound(&c));
}

static void test_an_indicator_ticks_and_tocks_on_its_side(void **state)
{
	struct cluster_view v = { 0 };
	struct chimes c = { 0 };

	(void)state;
	chimes_look(&c, &v);
	v.left = true;
	chimes_look(&c, &v);
	assert_false(chimes_render(&c, heard, SECOND));
	assert_true(fabs(pitch(0, 1000) - CHIME_TICK) < 10);
	assert_true(loudest(0, 0, SECOND) > 2 * loudest(1, 0, SECOND));
	assert_int_equal(loudest(0, SECOND / 10, SECOND / 2), 0);
	v.left = false;
	chimes_look(&c, &v);
	chimes_render(&c, heard, SECOND);
	assert_true(fabs(pitch(0, 1000) - CHIME_TOCK) < 10);
	chimes_look(&c, &v);
	assert_false(chimes_sound(&c));
}

static void test_a_lamp_warns_once_and_a_serious_one_three_times(void **state)
{
	struct cluster_view v = { 0 };
	struct chimes c = { 0 };

	(void)state;
	chimes_look(&c, &v);
	v.lamp[LAMP_SEAT_BELT] = true;
	chimes_look(&c, &v);
	assert_false(chimes_render(&c, heard, SECOND));
	assert_true(fabs(pitch(0, SECOND / 2) - CHIME_WARNING) < 4);
	assert_true(loudest(0, 0, 2000) > 8000);
	assert_true(loudest(0, SECOND * 3 / 10, 2000) < 4000);
	v.lamp[LAMP_BRAKE] = true;
	chimes_look(&c, &v);
	assert_true(chimes_render(&c, heard, SECOND));
	assert_true(loudest(0, SECOND * 3 / 10, 2000) > 8000);
	assert_true(loudest(0, SECOND * 6 / 10, 2000) > 8000);
}

static void test_high_beam_is_no_warning(void **state)
{
	struct cluster_view v = { 0 };
	struct chimes c = { 0 };

	(void)state;
	chimes_look(&c, &v);
	v.lamp[LAMP_HIGH_BEAM] = true;
	chimes_look(&c, &v);
	assert_false(chimes_sound(&c));
}

static void test_each_track_has_music_of_its_own_that_never_clips(void **state)
{
	static int16_t before[2 * SECOND];

	(void)state;
	for (int t = 0; t < IVI_TRACKS; t++) {
		struct music m = { .track = -1 };

		assert_true(music_render(&m, t, 100, true, heard, SECOND));
		assert_memory_not_equal(heard, before, sizeof(heard));
		memcpy(before, heard, sizeof(before));
		assert_in_range(loudest(0, 0, SECOND), 10000, 32500);
		assert_in_range(loudest(1, 0, SECOND), 10000, 32500);
	}
}

static void test_the_player_fades_out_when_paused_and_follows_the_volume(void **state)
{
	struct music m = { 0 };
	int loud;

	(void)state;
	music_render(&m, 0, 100, true, heard, SECOND);
	loud = loudest(0, SECOND / 2, SECOND / 2);
	m = (struct music){ 0 };
	music_render(&m, 0, 50, true, heard, SECOND);
	assert_in_range(loudest(0, SECOND / 2, SECOND / 2), loud / 6, loud / 3);
	assert_false(music_render(&m, 0, 50, false, heard, SECOND));
	assert_int_equal(loudest(0, SECOND / 2, SECOND / 2), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lamps_that_are_lit_at_the_start_are_silent),
		cmocka_unit_test(test_an_indicator_ticks_and_tocks_on_its_side),
		cmocka_unit_test(test_a_lamp_warns_once_and_a_serious_one_three_times),
		cmocka_unit_test(test_high_beam_is_no_warning),
		cmocka_unit_test(test_each_track_has_music_of_its_own_that_never_clips),
		cmocka_unit_test(test_the_player_fades_out_when_paused_and_follows_the_volume),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
