/* SPDX-License-Identifier: Apache-2.0 */
/* The shadow picture of a display: damage, formats, cursor, snapshots. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ui/view.h"

#define W 128
#define H 96

static uint32_t surface[W * H];

static void fill(uint32_t value)
{
	for (size_t i = 0; i < W * H; i++)
		surface[i] = value;
}

static void present(struct view *v, enum display_format f, struct display_rect damage)
{
	assert_int_equal(view_present(v, (const uint8_t *)surface, W * 4, f,
				 (struct display_rect){ 0, 0, W, H }, damage),
		0);
}

static void test_the_first_present_takes_the_whole_picture(void **state)
{
	struct view v;

	(void)state;
	assert_int_equal(view_init(&v, W, H), 0);
	fill(0x112233);
	present(&v, DISPLAY_B8G8R8X8, (struct display_rect){ 0, 0, 1, 1 });
	assert_int_equal(v.px[W * H - 1], 0x112233);
	view_fini(&v);
}

static void test_later_presents_take_only_the_damage(void **state)
{
	struct view v;

	(void)state;
	assert_int_equal(view_init(&v, W, H), 0);
	fill(0);
	present(&v, DISPLAY_B8G8R8X8, (struct display_rect){ 0, 0, W, H });
	v.damage = (struct display_rect){ 0 };
	v.damaged_px = 0;
	fill(0xffffff);
	present(&v, DISPLAY_B8G8R8X8, (struct display_rect){ 10, 20, 5, 6 });

	assert_int_equal(v.px[20 * W + 10], 0xffffff);
	assert_int_equal(v.px[20 * W + 9], 0);
	assert_int_equal(v.px[26 * W + 10], 0);
	assert_int_equal(v.damaged_px, 30);
	assert_int_equal(v.damage.x, 10);
	assert_int_equal(v.damage.w, 5);
	view_fini(&v);
}

static void test_every_format_becomes_the_same_colour(void **state)
{
	static const struct {
		enum display_format f;
		uint8_t bytes[4];
	} red[] = {
		{ DISPLAY_B8G8R8A8, { 3, 2, 1, 255 } },
		{ DISPLAY_B8G8R8X8, { 3, 2, 1, 0 } },
		{ DISPLAY_A8R8G8B8, { 255, 1, 2, 3 } },
		{ DISPLAY_X8R8G8B8, { 0, 1, 2, 3 } },
		{ DISPLAY_R8G8B8A8, { 1, 2, 3, 255 } },
		{ DISPLAY_X8B8G8R8, { 0, 3, 2, 1 } },
		{ DISPLAY_A8B8G8R8, { 255, 3, 2, 1 } },
		{ DISPLAY_R8G8B8X8, { 1, 2, 3, 0 } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(red); i++) {
		struct view v;
		struct image im;
		uint32_t p;

		memcpy(&p, red[i].bytes, 4);
		fill(p);
		assert_int_equal(view_init(&v, W, H), 0);
		present(&v, red[i].f, (struct display_rect){ 0, 0, W, H });
		assert_int_equal(view_snapshot(&v, &im), 0);
		assert_memory_equal(im.px, ((uint8_t[4]){ 1, 2, 3, 255 }), 4);
		image_fini(&im);
		view_fini(&v);
	}
}

static void test_a_present_of_another_size_resizes_the_picture(void **state)
{
	struct view v;

	(void)state;
	assert_int_equal(view_init(&v, 10, 10), 0);
	fill(7);
	present(&v, DISPLAY_B8G8R8X8, (struct display_rect){ 0, 0, 1, 1 });
	assert_int_equal(v.width, W);
	assert_int_equal(v.height, H);
	assert_true(v.resized);
	assert_int_equal(v.px[W * H - 1], 7);
	view_fini(&v);
}

static void test_the_cursor_is_blended_above_and_moving_it_damages_both_places(void **state)
{
	static uint32_t cursor[64 * 64];
	struct view v;
	struct image im;

	(void)state;
	for (size_t i = 0; i < 64 * 64; i++)
		cursor[i] = 0x80000080; /* half transparent, premultiplied, blue */
	assert_int_equal(view_init(&v, W, H), 0);
	fill(0x00ff0000);
	present(&v, DISPLAY_B8G8R8X8, (struct display_rect){ 0, 0, W, H });
	v.damage = (struct display_rect){ 0 };
	view_set_cursor(&v, cursor, 20, 20, 4, 4, true);
	assert_int_equal(v.damage.x, 16);
	assert_int_equal(v.damage.w, 64);

	assert_int_equal(view_snapshot(&v, &im), 0);
	assert_memory_equal(im.px + (16 * W + 16) * 4, ((uint8_t[4]){ 127, 0, 128, 255 }), 4);
	assert_memory_equal(im.px + (15 * W + 16) * 4, ((uint8_t[4]){ 255, 0, 0, 255 }), 4);
	image_fini(&im);

	v.damage = (struct display_rect){ 0 };
	view_set_cursor(&v, NULL, 40, 20, 0, 0, true);
	assert_int_equal(v.damage.x, 16);
	assert_int_equal(v.damage.w, 84);
	view_fini(&v);
}

static void test_a_cursor_far_outside_is_clipped_away(void **state)
{
	struct view v;
	struct image im;

	(void)state;
	assert_int_equal(view_init(&v, W, H), 0);
	view_set_cursor(&v, NULL, INT32_MAX, INT32_MIN, 0, 0, true);
	assert_int_equal(view_cursor_rect_locked(&v).w, 0);
	view_set_cursor(&v, NULL, -60, -60, 0, 0, true);
	assert_int_equal(view_cursor_rect_locked(&v).w, 4);
	assert_int_equal(view_snapshot(&v, &im), 0);
	image_fini(&im);
	view_fini(&v);
}

static void test_a_scanout_that_is_off_is_black(void **state)
{
	struct view v;

	(void)state;
	assert_int_equal(view_init(&v, W, H), 0);
	fill(0xffffff);
	present(&v, DISPLAY_B8G8R8X8, (struct display_rect){ 0, 0, W, H });
	view_off(&v);
	assert_int_equal(v.px[0], 0);
	assert_false(v.on);
	view_fini(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_first_present_takes_the_whole_picture),
		cmocka_unit_test(test_later_presents_take_only_the_damage),
		cmocka_unit_test(test_every_format_becomes_the_same_colour),
		cmocka_unit_test(test_a_present_of_another_size_resizes_the_picture),
		cmocka_unit_test(
			test_the_cursor_is_blended_above_and_moving_it_damages_both_places),
		cmocka_unit_test(test_a_cursor_far_outside_is_clipped_away),
		cmocka_unit_test(test_a_scanout_that_is_off_is_black),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
