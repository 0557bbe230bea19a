/* SPDX-License-Identifier: Apache-2.0 */
/* Gauges: which frames count, when a value is stale, when a frame is due. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "apps_map.h"
#include "shown.h"

#define MS(n) DYNO_MS(n)

static const char *const names[3] = { "speed", "rpm", "gear" };

static void bind(struct gauges *g, const struct sigmap_entry *e, unsigned int n)
{
	static const char *const buses[2] = { "can0", "can1" };
	struct dyno_sigmap map = { "t", n, e };

	gauges_init(g, &map, names, 3, buses, 2);
}

static void test_a_frame_sets_all_gauges_that_it_carries(void **state)
{
	struct sigmap_entry e[2] = { map_rx("speed", 0x100, 0, 16, 0.01),
		map_rx("rpm", 0x100, 16, 16, 0.25) };
	struct dyno_can_frame f = frame_of(0x100, 0x0fa0u << 16 | 8700);
	struct gauges g;

	(void)state;
	bind(&g, e, 2);
	assert_int_equal(gauges_rx(&g, 0, &f, MS(5)), 3);
	assert_true(g.g[0].v > 86.999 && g.g[0].v < 87.001);
	assert_true(g.g[1].v == 1000.0);
	assert_true(gauges_live(&g, 0, MS(5)));
	assert_false(gauges_live(&g, 2, MS(5)));
}

static void test_other_bus_other_kind_short_and_remote_frames_do_not_count(void **state)
{
	struct sigmap_entry e[1] = { map_rx("speed", 0x100, 0, 16, 1) };
	struct dyno_can_frame f = frame_of(0x100, 7), x;
	struct gauges g;

	(void)state;
	bind(&g, e, 1);
	assert_int_equal(gauges_rx(&g, 1, &f, 0), 0);
	x = f, x.flags = DYNO_CAN_EXTENDED;
	assert_int_equal(gauges_rx(&g, 0, &x, 0), 0);
	x = f, x.len = 1;
	assert_int_equal(gauges_rx(&g, 0, &x, 0), 0);
	x = f, x.flags = DYNO_CAN_RTR;
	assert_int_equal(gauges_rx(&g, 0, &x, 0), 0);
	assert_false(gauges_live(&g, 0, 0));
	assert_int_equal(gauges_rx(&g, 0, &f, 0), 1);
}

static void test_a_value_is_stale_after_500_ms_or_what_the_map_says(void **state)
{
	struct sigmap_entry e[2] = { map_rx("speed", 0x100, 0, 8, 1),
		map_rx("rpm", 0x100, 8, 8, 1) };
	struct dyno_can_frame f = frame_of(0x100, 0x0101);
	struct gauges g;

	(void)state;
	e[1].period_ms = 2000;
	bind(&g, e, 2);
	(void)gauges_rx(&g, 0, &f, MS(1000));
	assert_int_equal(gauges_next_stale(&g, MS(1000)), MS(1500));
	assert_true(gauges_live(&g, 0, MS(1500) - 1));
	assert_false(gauges_live(&g, 0, MS(1500)));
	assert_int_equal(gauges_next_stale(&g, MS(1500)), MS(3000));
	assert_true(gauges_live(&g, 1, MS(2999)));
	assert_true(gauges_get(&g, 0, MS(1500), -1) == -1.0);
	assert_int_equal(gauges_next_stale(&g, MS(3000)), GAUGES_FOREVER);
}

static void test_unknown_gauges_and_buses_are_left_out(void **state)
{
	struct sigmap_entry e[2] = { map_rx("boost", 0x100, 0, 8, 1),
		map_rx("speed", 0x100, 0, 8, 1) };
	struct gauges g;

	(void)state;
	memcpy(e[1].bus, "can7", 4);
	bind(&g, e, 2);
	assert_int_equal(g.ins, 0);
	assert_false(g.g[0].mapped);
}

static void test_cyclic_frames_keep_their_beat_and_do_not_burst(void **state)
{
	struct sigmap_entry e[1] = { map_tx("speed", 0x6f0, 0, 16, 0.1, 100) };
	struct dyno_sigmap map = { "t", 1, e };
	struct gauges_out o;

	(void)state;
	gauges_out_init(&o, &map, names, 3, one_bus, 1, MS(50));
	assert_int_equal(gauges_out_next(&o), MS(50));
	assert_int_equal(gauges_out_due(&o, MS(53)), 0);
	assert_int_equal(gauges_out_due(&o, MS(53)), -1);
	assert_int_equal(gauges_out_next(&o), MS(150));
	/* A change does not make it come earlier. */
	gauges_out_set(&o, 0, 12.3);
	assert_int_equal(gauges_out_next(&o), MS(150));
	/* A second's pause: one frame, not ten. */
	assert_int_equal(gauges_out_due(&o, MS(1150)), 0);
	assert_int_equal(gauges_out_due(&o, MS(1150)), -1);
	assert_int_equal(o.frame[0].f.data[0], 123);
	assert_int_equal(o.frame[0].f.len, 8);
}

static void test_frames_without_a_period_are_due_when_their_bytes_change(void **state)
{
	struct sigmap_entry e[2] = { map_tx("speed", 0x6f4, 0, 8, 0.5, 0),
		map_tx("rpm", 0x6f4, 8, 8, 1, 0) };
	struct dyno_sigmap map = { "t", 2, e };
	struct gauges_out o;

	(void)state;
	gauges_out_init(&o, &map, names, 3, one_bus, 1, 0);
	assert_int_equal(o.frames, 1);
	assert_int_equal(gauges_out_next(&o), GAUGES_FOREVER);
	gauges_out_set(&o, 0, 21.5);
	gauges_out_set(&o, 1, 3);
	assert_int_equal(gauges_out_due(&o, 1), 0);
	assert_int_equal(o.frame[0].f.data[0], 43);
	assert_int_equal(o.frame[0].f.data[1], 3);
	gauges_out_set(&o, 0, 21.5);
	assert_int_equal(gauges_out_due(&o, 2), -1);
}

static void test_a_lost_change_is_sent_again_with_the_newest_values(void **state)
{
	struct sigmap_entry e[2] = { map_tx("speed", 0x6f4, 0, 8, 1, 0),
		map_tx("rpm", 0x6f0, 0, 8, 1, 100) };
	struct dyno_sigmap map = { "t", 2, e };
	struct gauges_out o;
	struct dyno_can_frame lost;

	(void)state;
	gauges_out_init(&o, &map, names, 3, one_bus, 1, MS(10));
	gauges_out_set(&o, 0, 5);
	assert_int_equal(gauges_out_due(&o, MS(1)), 0);
	lost = o.frame[0].f;
	gauges_out_again(&o, 0, &lost, MS(5));
	gauges_out_set(&o, 0, 5);
	assert_int_equal(gauges_out_due(&o, MS(4)), -1);
	assert_int_equal(gauges_out_due(&o, MS(5)), 0);
	/* A cyclic frame comes again by itself. */
	lost = o.frame[1].f;
	gauges_out_again(&o, 0, &lost, MS(6));
	assert_int_equal(gauges_out_next(&o), MS(10));
}

static void test_numbers_as_the_panels_write_them(void **state)
{
	static const struct {
		struct shown s;
		int decimals;
		const char *text;
	} rows[] = {
		{ { true, true, 86.5 }, 0, "87" },
		{ { true, true, -0.4 }, 0, "0" },
		{ { true, true, -2.54 }, 1, "\u22122.5" },
		{ { true, true, 19.96 }, 1, "20.0" },
		{ { true, false, 5 }, 0, "--" },
		{ { true, true, 1e12 }, 0, "--" },
	};
	char text[16];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		shown_text(&rows[i].s, rows[i].decimals, text);
		assert_string_equal(text, rows[i].text);
	}
	shown_grouped(&(struct shown){ true, true, 1048213.9 }, text);
	assert_string_equal(text, "1 048 213");
	shown_grouped(&(struct shown){ true, true, 7 }, text);
	assert_string_equal(text, "7");
}

static void test_a_clock_is_a_time_of_day_or_dashes(void **state)
{
	static const struct {
		struct shown s;
		const char *text;
	} rows[] = {
		{ { true, true, 32730 }, "09:05" },
		{ { true, true, 86399.9 }, "23:59" },
		{ { true, true, 86400 }, "00:00" },
		{ { true, false, 32730 }, "--:--" },
		{ { true, true, -3600 }, "--:--" },
		{ { true, true, 1e18 }, "--:--" },
	};
	char text[16];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		shown_clock(&rows[i].s, text);
		assert_string_equal(text, rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_clock_is_a_time_of_day_or_dashes),
		cmocka_unit_test(test_a_frame_sets_all_gauges_that_it_carries),
		cmocka_unit_test(test_other_bus_other_kind_short_and_remote_frames_do_not_count),
		cmocka_unit_test(test_a_value_is_stale_after_500_ms_or_what_the_map_says),
		cmocka_unit_test(test_unknown_gauges_and_buses_are_left_out),
		cmocka_unit_test(test_cyclic_frames_keep_their_beat_and_do_not_burst),
		cmocka_unit_test(test_frames_without_a_period_are_due_when_their_bytes_change),
		cmocka_unit_test(test_a_lost_change_is_sent_again_with_the_newest_values),
		cmocka_unit_test(test_numbers_as_the_panels_write_them),
	};

	return cmocka_run_group_tests_name("apps_gauges", tests, NULL, NULL);
}
