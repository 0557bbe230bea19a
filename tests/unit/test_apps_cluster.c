/* SPDX-License-Identifier: Apache-2.0 */
/* The cluster: what frames make of the view, when it greys out, what it reports and sends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "apps_map.h"
#include "cluster.h"

#define MS(n) DYNO_MS(n)

static struct sigmap_entry entries[16];

static void start(struct cluster *c)
{
	struct dyno_sigmap map = { "test", 0, entries };

	entries[map.count++] = map_rx("speed", 0x100, 0, 16, 0.01);
	entries[map.count++] = map_rx("rpm", 0x101, 0, 16, 0.25);
	entries[map.count] = map_rx("gear", 0x101, 16, 8, 1);
	entries[map.count].flags = SIGMAP_F_SIGNED;
	entries[map.count].max = 6;
	map.count++;
	entries[map.count++] = map_rx("reverse", 0x101, 24, 1, 1);
	entries[map.count++] = map_rx("turn_left", 0x102, 0, 1, 1);
	entries[map.count++] = map_rx("door", 0x102, 8, 5, 1);
	entries[map.count++] = map_rx("report", 0x7e0, 0, 16, 1);
	entries[map.count++] = map_tx("cluster_status_speed", 0x6f0, 0, 16, 0.1, 100);
	entries[map.count++] = map_tx("cluster_status_counter", 0x6f0, 56, 8, 1, 100);
	entries[map.count++] = map_tx("cluster_speed_live", 0x6f0, 40, 1, 1, 100);
	cluster_init(c, &map, one_bus, 1, 0);
}

static void put(struct cluster *c, uint32_t id, uint64_t data, uint64_t now)
{
	struct dyno_can_frame f = frame_of(id, data);
	long n;

	assert_false(cluster_rx(c, 0, &f, now, &n));
}

static void test_dials_show_dashes_until_the_first_frame(void **state)
{
	struct cluster c;
	struct cluster_view v;
	char text[16];

	(void)state;
	start(&c);
	cluster_show(&c, MS(1), &v);
	cluster_speed_text(&v, text);
	assert_false(v.speed.live);
	assert_string_equal(text, "--");
	assert_string_equal(v.gear, "");
}

static void test_speed_greys_out_500_ms_after_its_frames_stop(void **state)
{
	struct cluster c;
	struct cluster_view v;
	char text[16];

	(void)state;
	start(&c);
	put(&c, 0x100, 8740, MS(1000));
	cluster_show(&c, MS(1499), &v);
	cluster_speed_text(&v, text);
	assert_string_equal(text, "87");
	assert_int_equal(cluster_next_change(&c, MS(1499)), MS(1500));
	cluster_show(&c, MS(1500), &v);
	cluster_speed_text(&v, text);
	assert_string_equal(text, "--");
	put(&c, 0x100, 100, MS(1600));
	cluster_show(&c, MS(1600), &v);
	assert_true(v.speed.live);
}

static void test_gear_letters(void **state)
{
	static const struct {
		uint64_t data; /* gear byte, reverse bit above it */
		const char *shown;
	} rows[] = { { 0, "N" }, { 1, "1" }, { 6, "6" }, { 7, "N" }, { 0xff, "R" },
		{ 0x103, "R" } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cluster c;
		struct cluster_view v;

		start(&c);
		put(&c, 0x101, rows[i].data << 16, MS(1));
		cluster_show(&c, MS(1), &v);
		assert_string_equal(v.gear, rows[i].shown);
	}
}

static void test_a_gear_that_no_gearbox_has_is_never_reverse(void **state)
{
	struct sigmap_entry huge = map_rx("gear", 0x101, 0, 64, 1);
	struct dyno_sigmap map = { "test", 1, &huge };
	struct cluster_view v;
	struct cluster c;

	(void)state;
	cluster_init(&c, &map, one_bus, 1, 0);
	put(&c, 0x101, UINT64_MAX, MS(1));
	cluster_show(&c, MS(1), &v);
	assert_string_equal(v.gear, "N");
}

static void test_indicator_flashes_while_its_signal_is_on(void **state)
{
	struct cluster c;
	struct cluster_view v;

	(void)state;
	start(&c);
	for (uint64_t t = 1000; t <= 1400; t += 100)
		put(&c, 0x102, 1, MS(t));
	cluster_show(&c, MS(1332), &v);
	assert_true(v.left);
	assert_int_equal(cluster_next_change(&c, MS(1400)), MS(1666));
	cluster_show(&c, MS(1334), &v);
	assert_false(v.left);
	cluster_show(&c, MS(1700), &v);
	assert_true(v.left);
	put(&c, 0x102, 0, MS(1710));
	cluster_show(&c, MS(1710), &v);
	assert_false(v.left);
}

static void test_any_open_door_lights_the_door_lamp(void **state)
{
	struct cluster c;
	struct cluster_view v;

	(void)state;
	start(&c);
	put(&c, 0x102, 0x10 << 8, MS(1));
	cluster_show(&c, MS(1), &v);
	assert_true(v.lamp[LAMP_DOOR]);
	assert_false(v.lamp[LAMP_OIL]);
}

static void test_trip_counts_the_driven_distance(void **state)
{
	struct cluster c;
	struct cluster_view v;

	(void)state;
	start(&c);
	/* 100 s at 72 km/h, a frame every 20 ms: 2 km. */
	for (uint64_t t = 0; t <= 100000; t += 20)
		put(&c, 0x100, 7200, MS(1 + t));
	cluster_show(&c, MS(100001), &v);
	assert_true(v.trip.v > 1.9999 && v.trip.v < 2.0001);
	/* Silence does not drive. */
	put(&c, 0x100, 7200, MS(200000));
	cluster_show(&c, MS(200000), &v);
	assert_true(v.trip.v < 2.0001);
}

static void test_report_tells_what_is_shown_after_all_frames_before_it(void **state)
{
	struct cluster c;
	struct dyno_can_frame ask = frame_of(0x7e0, 42);
	char line[512];
	long n = 0;

	(void)state;
	start(&c);
	put(&c, 0x100, 5000, MS(10));
	put(&c, 0x100, 5721, MS(11));
	put(&c, 0x101, 3u << 16 | 4937, MS(11));
	assert_true(cluster_rx(&c, 0, &ask, MS(12), &n));
	put(&c, 0x100, 9999, MS(13));
	assert_int_equal(n, 42);
	start(&c);
	put(&c, 0x100, 5721, MS(11));
	put(&c, 0x101, 3u << 16 | 4937, MS(11));
	cluster_report(&c, n, MS(12), line, sizeof(line));
	assert_string_equal(line, "REPORT 42 speed=57 speed_raw=57.210000 rpm=1230 "
				  "rpm_raw=1234.250000 gear=3 turn_left=0 door=0");
	cluster_report(&c, n, MS(2000), line, sizeof(line));
	assert_string_equal(line, "REPORT 42 speed=-- speed_raw=-- rpm=-- rpm_raw=-- gear=-- "
				  "turn_left=0 door=0");
	/* A short buffer truncates. */
	cluster_report(&c, n, MS(12), line, 10);
	assert_string_equal(line, "REPORT 42");
}

static void test_status_frame_has_the_shown_speed_and_a_rolling_counter(void **state)
{
	struct cluster c;
	struct dyno_can_frame f;
	unsigned int bus = 9, sent = 0;

	(void)state;
	start(&c);
	for (uint64_t t = 0; t < 1000; t += 10) {
		put(&c, 0x100, 8740, MS(t));
		while (cluster_tx(&c, MS(t), &f, &bus)) {
			assert_int_equal(f.id, 0x6f0);
			assert_int_equal(bus, 0);
			assert_int_equal(f.data[0] | f.data[1] << 8, 870);
			assert_int_equal(f.data[5], 1);
			assert_int_equal(f.data[7], sent);
			sent++;
		}
	}
	assert_int_equal(sent, 10);
}

/* Damage-only painting shows the same picture as painting everything. */
static void test_damage_repaint_equals_full_repaint(void **state)
{
	static uint32_t back_px[CLUSTER_W * CLUSTER_H], a[CLUSTER_W * CLUSTER_H],
		b[CLUSTER_W * CLUSTER_H];
	static float scratch[GFX_SCRATCH];
	static struct scene scene[2];
	const struct gfx_rect all = { 0, 0, CLUSTER_W, CLUSTER_H };
	struct gfx back, ga, gb;
	struct cluster_view v;

	(void)state;
	cluster_view_init(&v);
	v.fuel.mapped = v.coolant.mapped = v.odometer.mapped = v.trip.mapped = true;
	gfx_init(&back, back_px, CLUSTER_W, CLUSTER_H, CLUSTER_W, scratch);
	gfx_init(&ga, a, CLUSTER_W, CLUSTER_H, CLUSTER_W, scratch);
	gfx_init(&gb, b, CLUSTER_W, CLUSTER_H, CLUSTER_W, scratch);
	cluster_background(&back, &v);
	cluster_scene(&v, &scene[0]);
	scene_paint(&ga, &back, &scene[0], all, &v);
	for (int step = 0; step < 12; step++) {
		struct scene *old = &scene[step & 1], *now = &scene[!(step & 1)];
		struct gfx_rect d[SCENE_DAMAGE];
		unsigned int n;
		int worst = 0;

		v.speed = (struct shown){ true, step != 7, step * 17.3 };
		v.rpm = (struct shown){ true, step > 1, 900 + step * 560.0 };
		v.fuel = (struct shown){ true, true, 70.0 - step * 6 };
		v.coolant = (struct shown){ true, true, 60.0 + step * 5 };
		v.odometer = (struct shown){ true, true, 1000 + step };
		v.trip = v.odometer;
		v.left = step % 2;
		v.braking = step % 3 == 0;
		v.lamp[step % LAMPS] = step % 4 != 3;
		v.gear[0] = (char)('1' + step % 6);
		v.road_m = step * 2.3;
		cluster_scene(&v, now);
		n = scene_diff(old, now, CLUSTER_W, CLUSTER_H, d);
		assert_true(n > 0);
		for (unsigned int i = 0; i < n; i++)
			scene_paint(&ga, &back, now, d[i], &v);
		scene_paint(&gb, &back, now, all, &v);
		for (int i = 0; i < CLUSTER_W * CLUSTER_H; i++) {
			for (unsigned int s = 0; a[i] != b[i] && s < 24; s += 8) {
				int x = abs((int)(a[i] >> s & 255) - (int)(b[i] >> s & 255));

				worst = x > worst ? x : worst;
			}
		}
		/* Shapes cut by a clip are computed from other numbers: a rounding step. */
		assert_in_range(worst, 0, 3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dials_show_dashes_until_the_first_frame),
		cmocka_unit_test(test_speed_greys_out_500_ms_after_its_frames_stop),
		cmocka_unit_test(test_gear_letters),
		cmocka_unit_test(test_a_gear_that_no_gearbox_has_is_never_reverse),
		cmocka_unit_test(test_indicator_flashes_while_its_signal_is_on),
		cmocka_unit_test(test_any_open_door_lights_the_door_lamp),
		cmocka_unit_test(test_trip_counts_the_driven_distance),
		cmocka_unit_test(test_report_tells_what_is_shown_after_all_frames_before_it),
		cmocka_unit_test(test_status_frame_has_the_shown_speed_and_a_rolling_counter),
		cmocka_unit_test(test_damage_repaint_equals_full_repaint),
	};

	return cmocka_run_group_tests_name("apps_cluster", tests, NULL, NULL);
}
