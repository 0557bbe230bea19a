/* SPDX-License-Identifier: Apache-2.0 */
/* The display channel's message checks and rectangle arithmetic (base/proto/display.c). */
#include "base/proto/display.h"

#include <errno.h>
#include <linux/input-event-codes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CURSOR_BYTES (DISPLAY_CURSOR_SIDE * DISPLAY_CURSOR_SIDE * DISPLAY_BPP)

static struct display_rect rect(uint32_t x, uint32_t y, uint32_t w, uint32_t h)
{
	return (struct display_rect){ x, y, w, h };
}

static bool same(struct display_rect a, struct display_rect b)
{
	return a.x == b.x && a.y == b.y && a.w == b.w && a.h == b.h;
}

static struct display_msg surface_msg(void)
{
	struct display_msg m = { .kind = DISPLAY_SURFACE, .surface = 1 };

	m.u.surf.width = 100;
	m.u.surf.height = 50;
	m.u.surf.stride_bytes = 400;
	m.u.surf.format = DISPLAY_B8G8R8A8;
	m.u.surf.size_bytes = 20000;
	return m;
}

static struct display_msg present_msg(void)
{
	struct display_msg m = { .kind = DISPLAY_PRESENT, .scanout = 3, .surface = 1, .serial = 7 };

	m.u.present.src = rect(10, 20, 100, 50);
	m.u.present.damage = rect(10, 20, 100, 50);
	return m;
}

static int check(const struct display_msg *m)
{
	struct display_msg out;

	return display_msg_check(m, sizeof(*m), &out);
}

static void test_rect_inside_takes_the_whole_area_and_no_pixel_more(void **state)
{
	(void)state;
	assert_true(display_rect_inside(rect(0, 0, 64, 32), 64, 32));
	assert_true(display_rect_inside(rect(63, 31, 1, 1), 64, 32));
	assert_false(display_rect_inside(rect(1, 0, 64, 32), 64, 32));
	assert_false(display_rect_inside(rect(0, 1, 64, 32), 64, 32));
	assert_false(display_rect_inside(rect(64, 0, 1, 1), 64, 32));
}

static void test_rect_inside_refuses_empty_and_wrapping_rectangles(void **state)
{
	(void)state;
	assert_false(display_rect_inside(rect(0, 0, 0, 1), 64, 32));
	assert_false(display_rect_inside(rect(0, 0, 1, 0), 64, 32));
	assert_false(display_rect_inside(rect(UINT32_MAX, 0, 2, 1), 64, 32));
	assert_false(display_rect_inside(rect(1, 1, UINT32_MAX, UINT32_MAX), 64, 32));
	assert_false(display_rect_inside(rect(UINT32_MAX, UINT32_MAX, 1, 1), 64, 32));
}

static void test_rect_union_ignores_empty_ones(void **state)
{
	(void)state;
	assert_true(same(display_rect_union(rect(5, 6, 7, 8), rect(0, 0, 0, 9)), rect(5, 6, 7, 8)));
	assert_true(same(display_rect_union(rect(0, 0, 3, 0), rect(5, 6, 7, 8)), rect(5, 6, 7, 8)));
	assert_int_equal(display_rect_union(rect(1, 1, 0, 0), rect(2, 2, 0, 5)).w, 0);
}

static void test_rect_union_holds_both(void **state)
{
	(void)state;
	assert_true(same(
		display_rect_union(rect(10, 10, 5, 5), rect(2, 12, 4, 20)), rect(2, 10, 13, 22)));
}

static void test_rect_union_that_would_wrap_is_cut(void **state)
{
	struct display_rect u;

	(void)state;
	u = display_rect_union(rect(0, 0, 1, 1), rect(UINT32_MAX, UINT32_MAX, UINT32_MAX, 1));
	assert_int_equal(u.x, 0);
	assert_int_equal(u.w, UINT32_MAX);
	assert_int_equal(u.h, UINT32_MAX);
}

static void test_rect_clip_is_the_common_part(void **state)
{
	(void)state;
	assert_true(same(
		display_rect_clip(rect(0, 0, 10, 10), rect(5, 6, 100, 100)), rect(5, 6, 5, 4)));
	assert_int_equal(display_rect_clip(rect(0, 0, 10, 10), rect(10, 0, 5, 5)).w, 0);
	assert_int_equal(display_rect_clip(rect(0, 0, 0, 10), rect(0, 0, 5, 5)).w, 0);
	assert_int_equal(
		display_rect_clip(rect(UINT32_MAX, 0, UINT32_MAX, 1), rect(0, 0, 64, 64)).w, 0);
}

static void test_good_messages_of_every_kind_pass(void **state)
{
	struct display_msg m = surface_msg();

	(void)state;
	assert_int_equal(check(&m), 0);
	m = present_msg();
	assert_int_equal(check(&m), 0);
	m = (struct display_msg){ .kind = DISPLAY_SURFACE_GONE, .surface = 9 };
	assert_int_equal(check(&m), 0);
	m = (struct display_msg){ .kind = DISPLAY_OFF };
	assert_int_equal(check(&m), 0);
	m = (struct display_msg){ .kind = DISPLAY_CURSOR_MOVE };
	assert_int_equal(check(&m), 0);
	m = (struct display_msg){ .kind = DISPLAY_RELEASED, .serial = 5 };
	assert_int_equal(check(&m), 0);
	m = (struct display_msg){ .kind = DISPLAY_RESIZE };
	m.u.resize.width = DISPLAY_MAX_SIDE;
	m.u.resize.height = 1;
	assert_int_equal(check(&m), 0);
}

static void test_unknown_kinds_and_scanouts_are_rejected(void **state)
{
	static const uint32_t kinds[] = { 0, 7, 0xff, 0x103, UINT32_MAX };
	struct display_msg m;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		m = (struct display_msg){ .kind = kinds[i], .surface = 1 };
		assert_int_equal(check(&m), -EBADMSG);
	}
	m = present_msg();
	m.scanout = DISPLAY_MAX_SCANOUTS;
	assert_int_equal(check(&m), -EBADMSG);
}

static void test_short_and_long_messages_are_rejected(void **state)
{
	uint8_t buf[sizeof(struct display_msg) + 1] = { 0 };
	struct display_msg m = present_msg(), out;

	(void)state;
	memcpy(buf, &m, sizeof(m));
	for (size_t n = 0; n < sizeof(m); n++)
		assert_int_equal(display_msg_check(buf, n, &out), -EBADMSG);
	assert_int_equal(display_msg_check(buf, sizeof(m) + 1, &out), -EBADMSG);
}

static void test_surface_sizes_are_checked(void **state)
{
	struct display_msg m = surface_msg();

	(void)state;
	m.u.surf.width = 0;
	assert_int_equal(check(&m), -EBADMSG);
	m = surface_msg();
	m.u.surf.height = DISPLAY_MAX_SIDE + 1;
	assert_int_equal(check(&m), -EBADMSG);
	m = surface_msg();
	m.u.surf.stride_bytes = 396;
	assert_int_equal(check(&m), -EBADMSG);
	m = surface_msg();
	m.u.surf.stride_bytes = 402;
	assert_int_equal(check(&m), -EBADMSG);
	m = surface_msg();
	m.u.surf.stride_bytes = UINT32_MAX - 3;
	m.u.surf.size_bytes = UINT64_MAX;
	assert_int_equal(check(&m), -EBADMSG);
	m = surface_msg();
	m.u.surf.size_bytes = 19999;
	assert_int_equal(check(&m), -EBADMSG);
	m = surface_msg();
	m.u.surf.format = 5;
	assert_int_equal(check(&m), -EBADMSG);
	m = surface_msg();
	m.surface = 0;
	assert_int_equal(check(&m), -EBADMSG);
}

static void test_present_damage_outside_its_source_is_rejected(void **state)
{
	static const struct display_rect bad[] = {
		{ 9, 20, 10, 10 },
		{ 10, 19, 10, 10 },
		{ 10, 20, 101, 50 },
		{ 10, 20, 100, 51 },
		{ 110, 20, 1, 1 },
		{ 10, 20, 0, 1 },
		{ 11, 20, UINT32_MAX, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct display_msg m = present_msg();

		m.u.present.damage = bad[i];
		assert_int_equal(check(&m), -EBADMSG);
	}
}

static void test_present_source_over_the_largest_surface_is_rejected(void **state)
{
	struct display_msg m = present_msg();

	(void)state;
	m.u.present.src = rect(1, 0, DISPLAY_MAX_SIDE, 10);
	m.u.present.damage = rect(1, 0, 1, 1);
	assert_int_equal(check(&m), -EBADMSG);
}

static void test_cursor_needs_its_whole_picture_and_a_hot_spot_inside(void **state)
{
	static uint8_t buf[sizeof(struct display_msg) + CURSOR_BYTES];
	struct display_msg m = { .kind = DISPLAY_CURSOR }, out;

	(void)state;
	m.u.cursor.hot_x = DISPLAY_CURSOR_SIDE - 1;
	m.u.cursor.visible = 1;
	memcpy(buf, &m, sizeof(m));
	assert_int_equal(display_msg_check(buf, sizeof(buf), &out), 0);
	assert_int_equal(display_msg_check(buf, sizeof(buf) - 1, &out), -EBADMSG);
	m.u.cursor.hot_y = DISPLAY_CURSOR_SIDE;
	memcpy(buf, &m, sizeof(m));
	assert_int_equal(display_msg_check(buf, sizeof(buf), &out), -EBADMSG);
	m.u.cursor.hot_y = 0;
	m.u.cursor.visible = 2;
	memcpy(buf, &m, sizeof(m));
	assert_int_equal(display_msg_check(buf, sizeof(buf), &out), -EBADMSG);
}

/* Builds an input message in buf; returns its length. */
static size_t input_msg(uint8_t *buf, uint32_t device, uint32_t count, uint16_t last_type)
{
	struct display_msg m = { .kind = DISPLAY_INPUT };
	struct input_event_rec e = { .type = EV_KEY, .code = KEY_A, .value = 1 };

	m.u.input.device = device;
	m.u.input.count = count;
	memcpy(buf, &m, sizeof(m));
	for (uint32_t i = 0; i < count; i++) {
		if (i == count - 1)
			e = (struct input_event_rec){ .type = last_type, .code = SYN_REPORT };
		memcpy(buf + sizeof(m) + i * sizeof(e), &e, sizeof(e));
	}
	return sizeof(m) + count * sizeof(e);
}

static void test_input_must_be_a_bounded_batch_that_ends_with_syn(void **state)
{
	static uint8_t buf[4096];
	struct display_msg out;
	size_t n;

	(void)state;
	n = input_msg(buf, INPUT_KEYBOARD, 2, EV_SYN);
	assert_int_equal(display_msg_check(buf, n, &out), 0);
	assert_int_equal(out.u.input.count, 2);
	assert_int_equal(display_msg_check(buf, n - 1, &out), -EBADMSG);
	n = input_msg(buf, INPUT_KEYBOARD, DISPLAY_MAX_EVENTS, EV_SYN);
	assert_int_equal(display_msg_check(buf, n, &out), 0);
	n = input_msg(buf, INPUT_KEYBOARD, DISPLAY_MAX_EVENTS + 1, EV_SYN);
	assert_int_equal(display_msg_check(buf, n, &out), -EBADMSG);
	n = input_msg(buf, INPUT_KEYBOARD, 2, EV_KEY);
	assert_int_equal(display_msg_check(buf, n, &out), -EBADMSG);
	n = input_msg(buf, INPUT_KINDS, 2, EV_SYN);
	assert_int_equal(display_msg_check(buf, n, &out), -EBADMSG);
	n = input_msg(buf, INPUT_TOUCH, 0, EV_SYN);
	assert_int_equal(display_msg_check(buf, n, &out), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rect_inside_takes_the_whole_area_and_no_pixel_more),
		cmocka_unit_test(test_rect_inside_refuses_empty_and_wrapping_rectangles),
		cmocka_unit_test(test_rect_union_ignores_empty_ones),
		cmocka_unit_test(test_rect_union_holds_both),
		cmocka_unit_test(test_rect_union_that_would_wrap_is_cut),
		cmocka_unit_test(test_rect_clip_is_the_common_part),
		cmocka_unit_test(test_good_messages_of_every_kind_pass),
		cmocka_unit_test(test_unknown_kinds_and_scanouts_are_rejected),
		cmocka_unit_test(test_short_and_long_messages_are_rejected),
		cmocka_unit_test(test_surface_sizes_are_checked),
		cmocka_unit_test(test_present_damage_outside_its_source_is_rejected),
		cmocka_unit_test(test_present_source_over_the_largest_surface_is_rejected),
		cmocka_unit_test(test_cursor_needs_its_whole_picture_and_a_hot_spot_inside),
		cmocka_unit_test(test_input_must_be_a_bounded_batch_that_ends_with_syn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
