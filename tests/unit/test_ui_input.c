/* SPDX-License-Identifier: Apache-2.0 */
/* Keys, window geometry, pointer and touch updates of dyno-ui. */
#include <linux/input-event-codes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ui/keymap.h"
#include "ui/pointer.h"

#define HID_A         0x04
#define HID_LEFTSHIFT 0xe1

static void assert_event(struct input_event_rec e, uint16_t type, uint16_t code, int32_t value)
{
	assert_int_equal(e.type, type);
	assert_int_equal(e.code, code);
	assert_int_equal(e.value, value);
}

static void test_known_keys_map_to_their_evdev_codes(void **state)
{
	(void)state;
	assert_int_equal(keymap_evdev(HID_A), KEY_A);
	assert_int_equal(keymap_evdev(0x1d), KEY_Z);
	assert_int_equal(keymap_evdev(0x28), KEY_ENTER);
	assert_int_equal(keymap_evdev(0x2c), KEY_SPACE);
	assert_int_equal(keymap_evdev(0x3a), KEY_F1);
	assert_int_equal(keymap_evdev(0x45), KEY_F12);
	assert_int_equal(keymap_evdev(0x4f), KEY_RIGHT);
	assert_int_equal(keymap_evdev(0x52), KEY_UP);
	assert_int_equal(keymap_evdev(0x63), KEY_KPDOT);
	assert_int_equal(keymap_evdev(0x73), KEY_F24);
	assert_int_equal(keymap_evdev(0x81), KEY_VOLUMEDOWN);
	assert_int_equal(keymap_evdev(0xe7), KEY_RIGHTMETA);
}

static void test_usages_outside_the_page_have_no_key(void **state)
{
	(void)state;
	assert_int_equal(keymap_evdev(0), 0);
	assert_int_equal(keymap_evdev(256), 0);
	assert_int_equal(keymap_evdev(UINT32_MAX), 0);
}

static void test_a_press_is_one_update_and_a_second_press_is_a_repeat(void **state)
{
	struct key_state s = { 0 };
	struct input_event_rec ev[2];

	(void)state;
	assert_int_equal(key_event(&s, HID_A, 1, ev), 2);
	assert_event(ev[0], EV_KEY, KEY_A, 1);
	assert_event(ev[1], EV_SYN, SYN_REPORT, 0);
	assert_int_equal(key_event(&s, HID_A, 1, ev), 2);
	assert_event(ev[0], EV_KEY, KEY_A, 2);
}

static void test_a_release_without_press_tells_nothing(void **state)
{
	struct key_state s = { 0 };
	struct input_event_rec ev[2];

	(void)state;
	assert_int_equal(key_event(&s, HID_A, 0, ev), 0);
}

static void test_losing_the_keyboard_releases_every_key_that_is_down(void **state)
{
	struct key_state s = { 0 };
	struct input_event_rec ev[2], out[2];

	(void)state;
	key_event(&s, HID_A, 1, ev);
	key_event(&s, HID_LEFTSHIFT, 1, ev);

	assert_int_equal(key_release_all(&s, out, 2), 2);
	assert_event(out[0], EV_KEY, KEY_A, 0);
	assert_int_equal(key_release_all(&s, out, 2), 2);
	assert_event(out[0], EV_KEY, KEY_LEFTSHIFT, 0);
	assert_int_equal(key_release_all(&s, out, 2), 0);
}

static void test_a_wider_window_has_bars_left_and_right(void **state)
{
	struct display_rect r = fit_rect(2000, 500, 1000, 500);

	(void)state;
	assert_int_equal(r.x, 500);
	assert_int_equal(r.y, 0);
	assert_int_equal(r.w, 1000);
	assert_int_equal(r.h, 500);
}

static void test_a_taller_window_has_bars_above_and_below(void **state)
{
	struct display_rect r = fit_rect(960, 1000, 1920, 720);

	(void)state;
	assert_int_equal(r.x, 0);
	assert_int_equal(r.w, 960);
	assert_int_equal(r.h, 360);
	assert_int_equal(r.y, 320);
}

static void test_an_empty_window_has_no_picture(void **state)
{
	(void)state;
	assert_int_equal(fit_rect(0, 10, 100, 100).w, 0);
}

static void test_points_map_to_display_pixels_at_any_window_size(void **state)
{
	struct display_rect box = fit_rect(960, 360, 1920, 720);
	int32_t x, y;

	(void)state;
	assert_true(fit_point(box, 0, 0, 1920, 720, &x, &y));
	assert_int_equal(x, 0);
	assert_int_equal(y, 0);
	assert_true(fit_point(box, 480, 180, 1920, 720, &x, &y));
	assert_int_equal(x, 960);
	assert_int_equal(y, 360);
	assert_true(fit_point(box, 959.9f, 359.9f, 1920, 720, &x, &y));
	assert_int_equal(x, 1919);
	assert_int_equal(y, 719);
}

static void test_points_in_the_bars_are_outside_and_clamped(void **state)
{
	struct display_rect box = fit_rect(2000, 500, 1000, 500);
	int32_t x, y;

	(void)state;
	assert_false(fit_point(box, 100, 250, 1000, 500, &x, &y));
	assert_int_equal(x, 0);
	assert_false(fit_point(box, 1900, 250, 1000, 500, &x, &y));
	assert_int_equal(x, 999);
}

static void test_damage_of_a_scaled_picture_covers_its_pixels(void **state)
{
	struct display_rect box = fit_rect(960, 360, 1920, 720);
	struct display_rect r =
		fit_damage(box, 1920, 720, (struct display_rect){ 101, 51, 10, 10 });

	(void)state;
	assert_true(r.x <= 50 && r.x + r.w >= 56);
	assert_true(r.y <= 25 && r.y + r.h >= 31);
	assert_true(r.w < 12 && r.h < 12);
	r = fit_damage(box, 1920, 720, (struct display_rect){ 0, 0, 1920, 720 });
	assert_int_equal(r.w, 960);
	assert_int_equal(r.h, 360);
}

static void test_first_finger_down_reports_contact_and_place(void **state)
{
	struct touch_state t = { 0 };
	struct input_event_rec ev[TOUCH_MAX_TRIPLES];

	(void)state;
	assert_int_equal(touch_event(&t, TOUCH_DOWN, 77, 10, 20, ev), 5);
	assert_event(ev[0], EV_ABS, ABS_MT_TRACKING_ID, 0);
	assert_event(ev[1], EV_KEY, BTN_TOUCH, 1);
	assert_event(ev[2], EV_ABS, ABS_MT_POSITION_X, 10);
	assert_event(ev[3], EV_ABS, ABS_MT_POSITION_Y, 20);
	assert_event(ev[4], EV_SYN, SYN_REPORT, 0);
}

static void test_second_finger_takes_its_own_slot_and_the_last_one_ends_the_contact(void **state)
{
	struct touch_state t = { 0 };
	struct input_event_rec ev[TOUCH_MAX_TRIPLES];

	(void)state;
	touch_event(&t, TOUCH_DOWN, 1, 0, 0, ev);
	assert_int_equal(touch_event(&t, TOUCH_DOWN, 2, 5, 6, ev), 5);
	assert_event(ev[0], EV_ABS, ABS_MT_SLOT, 1);
	assert_event(ev[1], EV_ABS, ABS_MT_TRACKING_ID, 1);
	assert_int_equal(touch_event(&t, TOUCH_UP, 1, 0, 0, ev), 3);
	assert_event(ev[0], EV_ABS, ABS_MT_SLOT, 0);
	assert_event(ev[1], EV_ABS, ABS_MT_TRACKING_ID, -1);
	assert_int_equal(touch_event(&t, TOUCH_UP, 2, 0, 0, ev), 4);
	assert_event(ev[2], EV_KEY, BTN_TOUCH, 0);
}

static void test_an_eleventh_finger_and_unknown_fingers_are_ignored(void **state)
{
	struct touch_state t = { 0 };
	struct input_event_rec ev[TOUCH_MAX_TRIPLES];

	(void)state;
	for (int64_t f = 0; f < TOUCH_SLOTS; f++)
		assert_true(touch_event(&t, TOUCH_DOWN, f, 0, 0, ev) > 0);
	assert_int_equal(touch_event(&t, TOUCH_DOWN, 100, 0, 0, ev), 0);
	assert_int_equal(touch_event(&t, TOUCH_MOVE, 100, 0, 0, ev), 0);
	assert_int_equal(touch_event(&t, TOUCH_UP, 100, 0, 0, ev), 0);
}

static void test_wheel_reports_both_axes_or_nothing(void **state)
{
	struct input_event_rec ev[3];

	(void)state;
	assert_int_equal(pointer_wheel(0, 0, ev), 0);
	assert_int_equal(pointer_wheel(-1, 2, ev), 3);
	assert_event(ev[0], EV_REL, REL_WHEEL, 2);
	assert_event(ev[1], EV_REL, REL_HWHEEL, -1);
}

static void test_a_button_update_carries_the_place(void **state)
{
	struct input_event_rec ev[4];

	(void)state;
	assert_int_equal(pointer_press(POINTER_RIGHT, true, 3, 4, ev), 4);
	assert_event(ev[0], EV_ABS, ABS_X, 3);
	assert_event(ev[1], EV_ABS, ABS_Y, 4);
	assert_event(ev[2], EV_KEY, BTN_RIGHT, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_keys_map_to_their_evdev_codes),
		cmocka_unit_test(test_usages_outside_the_page_have_no_key),
		cmocka_unit_test(test_a_press_is_one_update_and_a_second_press_is_a_repeat),
		cmocka_unit_test(test_a_release_without_press_tells_nothing),
		cmocka_unit_test(test_losing_the_keyboard_releases_every_key_that_is_down),
		cmocka_unit_test(test_a_wider_window_has_bars_left_and_right),
		cmocka_unit_test(test_a_taller_window_has_bars_above_and_below),
		cmocka_unit_test(test_an_empty_window_has_no_picture),
		cmocka_unit_test(test_points_map_to_display_pixels_at_any_window_size),
		cmocka_unit_test(test_points_in_the_bars_are_outside_and_clamped),
		cmocka_unit_test(test_damage_of_a_scaled_picture_covers_its_pixels),
		cmocka_unit_test(test_first_finger_down_reports_contact_and_place),
		cmocka_unit_test(
			test_second_finger_takes_its_own_slot_and_the_last_one_ends_the_contact),
		cmocka_unit_test(test_an_eleventh_finger_and_unknown_fingers_are_ignored),
		cmocka_unit_test(test_wheel_reports_both_axes_or_nothing),
		cmocka_unit_test(test_a_button_update_carries_the_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
