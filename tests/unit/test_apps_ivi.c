/* SPDX-License-Identifier: Apache-2.0 */
/* The infotainment: where touches land, what they do, which frames they send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "apps_map.h"
#include "ivi.h"

#define MS(n) DYNO_MS(n)

static struct sigmap_entry entries[16];

static void start(struct ivi *u)
{
	struct dyno_sigmap map = { "test", 0, entries };
	struct dyno_can_frame f;
	unsigned int bus;

	entries[map.count++] = map_rx("speed", 0x100, 0, 16, 0.01);
	entries[map.count++] = map_tx("climate_temp_left", 0x6f4, 0, 8, 0.5, 0);
	entries[map.count++] = map_tx("climate_temp_right", 0x6f4, 8, 8, 0.5, 0);
	entries[map.count++] = map_tx("climate_fan", 0x6f4, 16, 4, 1, 0);
	entries[map.count++] = map_tx("climate_ac", 0x6f4, 20, 1, 1, 0);
	entries[map.count++] = map_tx("climate_seat_left", 0x6f4, 24, 2, 1, 0);
	entries[map.count++] = map_tx("climate_power", 0x6f4, 28, 1, 1, 0);
	ivi_init(u, &map, one_bus, 1, 0);
	/* What it was switched on with. */
	assert_true(ivi_tx(u, 0, &f, &bus));
	assert_false(ivi_tx(u, 0, &f, &bus));
}

/* Touches and lifts the middle of the control with this action. */
static void tap(struct ivi *u, enum ivi_action action, int arg)
{
	for (int i = 0; ivi_control(i); i++) {
		const struct ivi_control *c = ivi_control(i);
		int x = c->r.x + c->r.w / 2, y = c->r.y + c->r.h / 2;

		if (c->action != action || c->arg != arg ||
			(c->page >= 0 && c->page != (int)u->v.page))
			continue;
		ivi_touch(u, TOUCH_DOWN, x, y, MS(10));
		ivi_touch(u, TOUCH_UP, x, y, MS(60));
		return;
	}
	fail_msg("no control for action %d", (int)action);
}

static struct dyno_can_frame sent(struct ivi *u)
{
	struct dyno_can_frame f = { 0 };
	unsigned int bus;

	assert_true(ivi_tx(u, MS(100), &f, &bus));
	assert_int_equal(f.id, 0x6f4);
	assert_int_equal(f.len, 8);
	assert_false(ivi_tx(u, MS(100), &(struct dyno_can_frame){ 0 }, &bus));
	return f;
}

static void test_every_control_is_a_finger_wide_and_on_the_screen(void **state)
{
	(void)state;
	for (int i = 0; ivi_control(i); i++) {
		struct gfx_rect r = ivi_control(i)->r;

		assert_true(r.w >= 64 && r.h >= 64);
		assert_true(r.x >= 0 && r.y >= 0 && r.x + r.w <= IVI_W && r.y + r.h <= IVI_H);
	}
}

static void test_controls_overlap_only_where_a_button_lies_on_its_card(void **state)
{
	(void)state;
	for (int i = 0; ivi_control(i); i++) {
		for (int k = i + 1; ivi_control(k); k++) {
			const struct ivi_control *a = ivi_control(i), *b = ivi_control(k);
			struct gfx_rect both = gfx_rect_and(a->r, b->r);

			if ((a->page != b->page && a->page >= 0 && b->page >= 0) ||
				gfx_rect_empty(both))
				continue;
			/* The earlier one wins; it must lie inside the later one. */
			assert_int_equal(a->page, PAGE_HOME);
			assert_true(both.w == a->r.w && both.h == a->r.h);
		}
	}
}

static void test_rail_changes_the_page_on_release(void **state)
{
	struct ivi u;

	(void)state;
	start(&u);
	for (int p = PAGES - 1; p >= 0; p--) {
		tap(&u, ACT_PAGE, p);
		assert_int_equal(u.v.page, p);
		assert_true(ivi_show(&u, MS(70)) || p == PAGE_HOME);
		assert_false(ivi_show(&u, MS(70)));
	}
}

static void test_sliding_off_a_button_cancels_it(void **state)
{
	struct ivi u;
	const struct ivi_control *c = ivi_control(PAGE_MEDIA);

	(void)state;
	start(&u);
	ivi_touch(&u, TOUCH_DOWN, c->r.x + 10, c->r.y + 10, MS(1));
	assert_int_equal(u.v.pressed, PAGE_MEDIA);
	ivi_touch(&u, TOUCH_MOVE, 700, 400, MS(2));
	assert_int_equal(u.v.pressed, -1);
	ivi_touch(&u, TOUCH_UP, c->r.x + 10, c->r.y + 10, MS(3));
	assert_int_equal(u.v.page, PAGE_HOME);
	assert_false(u.v.touching);
}

static void test_warmer_on_the_left_sends_a_frame_with_half_a_degree_more(void **state)
{
	struct ivi u;
	struct dyno_can_frame f;

	(void)state;
	start(&u);
	tap(&u, ACT_PAGE, PAGE_CLIMATE);
	tap(&u, ACT_TEMP_UP, 0);
	f = sent(&u);
	assert_int_equal(f.data[0], 43);
	assert_int_equal(f.data[1], 42);
	tap(&u, ACT_TEMP_DOWN, 1);
	f = sent(&u);
	assert_int_equal(f.data[0], 43);
	assert_int_equal(f.data[1], 41);
}

static void test_temperature_stops_at_its_limits(void **state)
{
	struct ivi u;

	(void)state;
	start(&u);
	tap(&u, ACT_PAGE, PAGE_CLIMATE);
	for (int i = 0; i < 60; i++)
		tap(&u, ACT_TEMP_UP, 0);
	assert_int_equal(sent(&u).data[0], TEMP_MAX);
	for (int i = 0; i < 60; i++)
		tap(&u, ACT_TEMP_DOWN, 0);
	assert_int_equal(sent(&u).data[0], TEMP_MIN);
}

static void test_seat_heating_steps_down_from_the_highest_level(void **state)
{
	static const int levels[] = { 3, 2, 1, 0, 3 };
	struct ivi u;

	(void)state;
	start(&u);
	tap(&u, ACT_PAGE, PAGE_CLIMATE);
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		tap(&u, ACT_SEAT, 0);
		assert_int_equal(sent(&u).data[3] & 3, levels[i]);
	}
}

static void test_fan_follows_the_finger(void **state)
{
	struct ivi u;

	(void)state;
	start(&u);
	tap(&u, ACT_PAGE, PAGE_CLIMATE);
	ivi_touch(&u, TOUCH_DOWN, 540, 500, MS(1));
	for (int x = 540; x <= 850; x += 10)
		ivi_touch(&u, TOUCH_MOVE, x, 500, MS(2));
	ivi_touch(&u, TOUCH_UP, 850, 500, MS(3));
	assert_int_equal(sent(&u).data[2] & 15, FAN_MAX);
	ivi_touch(&u, TOUCH_DOWN, 560, 500, MS(4));
	ivi_touch(&u, TOUCH_UP, 560, 500, MS(5));
	assert_int_equal(sent(&u).data[2] & 15, 1);
}

static void test_power_off_sends_fan_and_compressor_off_and_comes_back(void **state)
{
	struct ivi u;
	struct dyno_can_frame f;

	(void)state;
	start(&u);
	tap(&u, ACT_PAGE, PAGE_CLIMATE);
	tap(&u, ACT_POWER, 0);
	f = sent(&u);
	assert_int_equal(f.data[2], 0);
	assert_int_equal(f.data[3] >> 4 & 1, 0);
	tap(&u, ACT_POWER, 0);
	f = sent(&u);
	assert_int_equal(f.data[2], 3 | 1 << 4);
	assert_int_equal(f.data[3] >> 4 & 1, 1);
}

static void test_touching_other_pages_sends_nothing(void **state)
{
	struct ivi u;
	struct dyno_can_frame f;
	unsigned int bus;

	(void)state;
	start(&u);
	tap(&u, ACT_PAGE, PAGE_MEDIA);
	tap(&u, ACT_PLAY, 0);
	tap(&u, ACT_PAGE, PAGE_SETTINGS);
	tap(&u, ACT_VOLUME, 0);
	assert_false(ivi_tx(&u, MS(100), &f, &bus));
}

static void test_brightness_never_goes_dark(void **state)
{
	struct ivi u;

	(void)state;
	start(&u);
	tap(&u, ACT_PAGE, PAGE_SETTINGS);
	tap(&u, ACT_BRIGHTNESS, 0);
	assert_in_range(u.v.brightness, 49, 51);
	ivi_touch(&u, TOUCH_DOWN, 600, 164, MS(1));
	ivi_touch(&u, TOUCH_MOVE, -50, 164, MS(2));
	ivi_touch(&u, TOUCH_UP, -50, 164, MS(3));
	assert_int_equal(u.v.brightness, 10);
}

static void test_player_counts_seconds_only_while_it_plays(void **state)
{
	struct ivi u;
	int from;

	(void)state;
	start(&u);
	ivi_show(&u, MS(5000));
	from = u.v.second;
	assert_int_equal(ivi_next_change(&u, MS(5000)), GAUGES_FOREVER);
	tap(&u, ACT_PLAY, 0);
	ivi_show(&u, MS(60));
	assert_int_equal(u.v.second, from);
	assert_in_range(ivi_next_change(&u, MS(60)), MS(1059), MS(1061));
	ivi_show(&u, MS(3100));
	assert_int_equal(u.v.second, from + 3);
	/* Past the end comes the next track. */
	ivi_show(&u, MS(400000));
	assert_int_not_equal(u.v.track, 0);
}

static void test_values_come_from_the_bus_and_grow_stale(void **state)
{
	struct ivi u;
	struct dyno_can_frame f = frame_of(0x100, 8700);

	(void)state;
	start(&u);
	ivi_rx(&u, 0, &f, MS(100));
	ivi_show(&u, MS(200));
	assert_true(u.v.value[V_SPEED].live && u.v.value[V_SPEED].v > 86.9);
	assert_int_equal(ivi_next_change(&u, MS(200)), MS(600));
	ivi_show(&u, MS(600));
	assert_false(u.v.value[V_SPEED].live);
	assert_false(u.v.value[V_RPM].mapped);
}

static void test_damage_repaint_equals_full_repaint_on_every_page(void **state)
{
	static uint32_t back_px[IVI_W * IVI_H], a[IVI_W * IVI_H], b[IVI_W * IVI_H];
	static float scratch[GFX_SCRATCH];
	static struct scene scene[2];
	const struct gfx_rect all = { 0, 0, IVI_W, IVI_H };
	struct gfx back, ga, gb;

	(void)state;
	gfx_init(&back, back_px, IVI_W, IVI_H, IVI_W, scratch);
	gfx_init(&ga, a, IVI_W, IVI_H, IVI_W, scratch);
	gfx_init(&gb, b, IVI_W, IVI_H, IVI_W, scratch);
	for (int page = 0; page < PAGES; page++) {
		struct ivi_view v;

		ivi_view_init(&v);
		v.page = (enum ivi_page)page;
		ivi_background(&back, &v);
		ivi_scene(&v, &scene[0]);
		scene_paint(&ga, &back, &scene[0], all, &v);
		for (int step = 0; step < 6; step++) {
			struct scene *old = &scene[step & 1], *now = &scene[!(step & 1)];
			struct gfx_rect d[SCENE_DAMAGE];
			unsigned int n;
			int worst = 0;

			for (int i = 0; i < IVI_VALUES; i++)
				v.value[i] =
					(struct shown){ true, (step + i) % 5 != 0, step * 0.7 + i };
			v.pressed = step * 7;
			v.touching = step % 2;
			v.touch_x = 200 + step * 150;
			v.touch_y = 300;
			v.playing = step % 2;
			v.second = step * 9;
			v.climate.temp[0] = 40 + step;
			v.climate.fan = step;
			v.climate.seat[1] = step % 4;
			v.volume = step * 18;
			ivi_scene(&v, now);
			n = scene_diff(old, now, IVI_W, IVI_H, d);
			for (unsigned int i = 0; i < n; i++)
				scene_paint(&ga, &back, now, d[i], &v);
			scene_paint(&gb, &back, now, all, &v);
			for (int i = 0; i < IVI_W * IVI_H; i++) {
				for (unsigned int s = 0; a[i] != b[i] && s < 24; s += 8) {
					int x = abs(
						(int)(a[i] >> s & 255) - (int)(b[i] >> s & 255));

					worst = x > worst ? x : worst;
				}
			}
			assert_in_range(worst, 0, 3);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_control_is_a_finger_wide_and_on_the_screen),
		cmocka_unit_test(test_controls_overlap_only_where_a_button_lies_on_its_card),
		cmocka_unit_test(test_rail_changes_the_page_on_release),
		cmocka_unit_test(test_sliding_off_a_button_cancels_it),
		cmocka_unit_test(test_warmer_on_the_left_sends_a_frame_with_half_a_degree_more),
		cmocka_unit_test(test_temperature_stops_at_its_limits),
		cmocka_unit_test(test_seat_heating_steps_down_from_the_highest_level),
		cmocka_unit_test(test_fan_follows_the_finger),
		cmocka_unit_test(test_power_off_sends_fan_and_compressor_off_and_comes_back),
		cmocka_unit_test(test_touching_other_pages_sends_nothing),
		cmocka_unit_test(test_brightness_never_goes_dark),
		cmocka_unit_test(test_player_counts_seconds_only_while_it_plays),
		cmocka_unit_test(test_values_come_from_the_bus_and_grow_stale),
		cmocka_unit_test(test_damage_repaint_equals_full_repaint_on_every_page),
	};

	return cmocka_run_group_tests_name("apps_ivi", tests, NULL, NULL);
}
