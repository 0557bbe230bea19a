/* SPDX-License-Identifier: Apache-2.0 */
/* The control panel: what the user's moves make of it, and what is drawn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/fake_fonts.h"
#include "ui/panel/desk.h"

#define W 900
#define H 700

enum { SPEED, DOOR, GEAR, LEVEL, COUNT, HEARD };

static const char text[] =
	"{\"title\":\"car\",\"signals\":["
	"{\"name\":\"Vehicle.Speed\",\"unit\":\"km/h\",\"kind\":\"range\",\"min\":0,\"max\":200,"
	"\"step\":0.5,\"decimals\":1},"
	"{\"name\":\"Vehicle.Door.IsOpen\",\"kind\":\"switch\"},"
	"{\"name\":\"Vehicle.Gear\",\"kind\":\"choice\",\"choices\":[[0,\"N\"],[1,\"D\"],[2,\"R\"]]},"
	"{\"name\":\"Level\",\"kind\":\"choice\",\"choices\":[[0,\"a\"],[1,\"b\"],[2,\"c\"],[3,\"d\"],"
	"[4,\"e\"],[5,\"f\"]]},"
	"{\"name\":\"Count\",\"kind\":\"number\",\"decimals\":0},"
	"{\"name\":\"Cluster.Status.Speed\",\"kind\":\"range\",\"min\":0,\"max\":10,\"heard\":true}],"
	"\"guests\":[{\"name\":\"cluster\",\"displays\":1},{\"name\":\"tiny\"}],"
	"\"buses\":[\"can0\"],\"streams\":[\"cluster.chime\"]}";

static struct panel_desk *desk_of(const char *json)
{
	struct panel_desk *d = malloc(sizeof(*d));
	struct panel_spec spec;
	struct err e = { .text = "" };

	assert_non_null(d);
	if (panel_spec_parse(json_loads(json, 0, NULL), &spec, &e))
		fail_msg("%s", e.text);
	assert_int_equal(panel_desk_init(d, &spec, fake_fonts()), 0);
	assert_int_equal(panel_desk_resize(d, W, H, 1), 0);
	return d;
}

static int setup(void **state)
{
	*state = desk_of(text);
	return 0;
}

static int teardown(void **state)
{
	panel_desk_fini(*state);
	free(*state);
	return 0;
}

/* Where a part is; fails where it is not. */
static struct box part_of(struct panel_desk *d, const char *control, const char *name, int index)
{
	json_t *list = panel_desk_controls(d), *o;
	struct box b = { 0, 0, 0, 0 };
	size_t i;

	json_array_foreach (list, i, o) {
		if (strcmp(json_string_value(json_object_get(o, "control")), control) == 0 &&
			strcmp(json_string_value(json_object_get(o, "name")), name) == 0 &&
			json_integer_value(json_object_get(o, "index")) == index)
			b = (struct box){ (int)json_integer_value(json_object_get(o, "x")),
				(int)json_integer_value(json_object_get(o, "y")),
				(int)json_integer_value(json_object_get(o, "w")),
				(int)json_integer_value(json_object_get(o, "h")) };
	}
	json_decref(list);
	if (!b.w)
		fail_msg("there is no %s of %s", control, name);
	return b;
}

static void click(struct panel_desk *d, struct box b)
{
	panel_desk_point(d, PANEL_DOWN, false, b.x + b.w / 2, b.y + b.h / 2, 1);
	panel_desk_point(d, PANEL_UP, false, b.x + b.w / 2, b.y + b.h / 2, 1);
}

/* The only record that waits. */
static struct signal_rec taken(struct panel_desk *d)
{
	struct signal_rec r[4];

	assert_int_equal(panel_model_take_records(&d->model, r, 4), 1);
	return r[0];
}

static void nothing_waits(struct panel_desk *d)
{
	struct signal_rec r[4];

	assert_int_equal(panel_model_take_records(&d->model, r, 4), 0);
	assert_null(panel_model_take_ask(&d->model));
}

static void assert_asks(struct panel_desk *d, const char *expected)
{
	json_t *o = panel_model_take_ask(&d->model);
	char *got = o ? json_dumps(o, JSON_COMPACT) : NULL;

	assert_non_null(got);
	assert_string_equal(got, expected);
	free(got);
	json_decref(o);
}

static void tell(struct panel_desk *d, uint32_t signal, double value, uint8_t flags)
{
	struct signal_rec r = { .type = SIGNAL_REC_VALUE,
		.state = SIGNAL_REC_FRESH,
		.signal = signal,
		.value = value,
		.flags = flags };

	panel_model_value(&d->model, &r);
}

/* ---- mouse ---- */

static void test_a_click_on_a_switch_sets_its_signal_and_the_next_one_sets_it_back(void **state)
{
	struct panel_desk *d = *state;
	struct signal_rec r;

	click(d, part_of(d, "switch", "Vehicle.Door.IsOpen", 0));
	r = taken(d);
	assert_int_equal(r.type, SIGNAL_REC_SET);
	assert_int_equal(r.signal, DOOR);
	assert_true(r.value == 1);
	click(d, part_of(d, "switch", "Vehicle.Door.IsOpen", 0));
	assert_true(taken(d).value == 0);
}

static void test_what_a_feed_sets_is_held_and_can_be_released(void **state)
{
	struct panel_desk *d = *state;

	tell(d, DOOR, 0, SIGNAL_REC_FED);
	click(d, part_of(d, "switch", "Vehicle.Door.IsOpen", 0));
	assert_int_equal(taken(d).type, SIGNAL_REC_HOLD);
	tell(d, DOOR, 1, SIGNAL_REC_FED | SIGNAL_REC_HELD);
	click(d, part_of(d, "release", "Vehicle.Door.IsOpen", 0));
	assert_int_equal(taken(d).type, SIGNAL_REC_RELEASE);
	nothing_waits(d);
}

static void test_a_dragged_slider_goes_where_the_mouse_goes_and_not_beyond_its_ends(void **state)
{
	struct panel_desk *d = *state;
	struct box b = part_of(d, "slider", "Vehicle.Speed", 0);
	struct box t = panel_track(&d->layout, b);

	panel_desk_point(d, PANEL_DOWN, false, t.x + t.w / 2, t.y + 5, 1);
	assert_true(taken(d).value == 100);
	/* Many moves between two packets: one record, the newest. */
	for (int i = 0; i < 50; i++)
		panel_desk_point(d, PANEL_MOVE, false, t.x + i, t.y + 200, 1);
	panel_desk_point(d, PANEL_MOVE, false, t.x + t.w / 4, t.y + 200, 1);
	assert_true(taken(d).value == 50);
	/* While it is held by the mouse, what comes in does not pull at it. */
	tell(d, SPEED, 130, SIGNAL_REC_FED);
	assert_true(panel_model_shown(&d->model, SPEED) == 50);
	panel_desk_point(d, PANEL_MOVE, false, t.x + 10000, t.y, 1);
	assert_true(taken(d).value == 200);
	panel_desk_point(d, PANEL_UP, false, t.x + 10000, t.y, 1);
	tell(d, SPEED, 131, SIGNAL_REC_FED);
	assert_true(panel_model_shown(&d->model, SPEED) == 131);
}

static void test_values_are_brought_to_the_signals_step(void **state)
{
	struct panel_desk *d = *state;

	panel_model_want(&d->model, SPEED, 33.4);
	assert_true(taken(d).value == 33.5);
	panel_model_want(&d->model, SPEED, -7);
	assert_true(taken(d).value == 0);
	panel_model_want(&d->model, SPEED, 0.0 / 0.0);
	nothing_waits(d);
}

static void test_a_choice_is_one_click(void **state)
{
	struct panel_desk *d = *state;

	click(d, part_of(d, "segment", "Vehicle.Gear", 2));
	assert_true(taken(d).value == 2);
	assert_int_equal(panel_model_choice(&d->model, GEAR), 2);
}

static void test_many_choices_are_gone_through_and_end_at_both_ends(void **state)
{
	struct panel_desk *d = *state;

	tell(d, LEVEL, 4, 0);
	click(d, part_of(d, "more", "Level", 0));
	assert_true(taken(d).value == 5);
	click(d, part_of(d, "more", "Level", 0));
	assert_true(taken(d).value == 5);
	click(d, part_of(d, "less", "Level", 0));
	assert_true(taken(d).value == 4);
}

static void test_what_others_send_is_shown_only(void **state)
{
	struct panel_desk *d = *state;
	json_t *list = panel_desk_controls(d), *o;
	size_t i;

	json_array_foreach (list, i, o) {
		assert_string_not_equal(
			json_string_value(json_object_get(o, "name")), "Cluster.Status.Speed");
	}
	json_decref(list);
	panel_model_want(&d->model, HEARD, 5);
	nothing_waits(d);
}

static void test_guests_are_paused_reset_and_pictured_in_the_words_of_ctl(void **state)
{
	struct panel_desk *d = *state;
	json_t *msg = json_loads("{\"guests\":[{\"state\":\"paused\"}]}", 0, NULL);
	struct err e;

	click(d, part_of(d, "pause", "cluster", 0));
	assert_asks(d, "{\"op\":\"pause\",\"guest\":\"cluster\"}");
	/* Before the bench has said anything. */
	click(d, part_of(d, "pause", "cluster", 0));
	assert_asks(d, "{\"op\":\"resume\",\"guest\":\"cluster\"}");
	assert_int_equal(panel_model_state(&d->model, msg, &e), 0);
	json_decref(msg);
	click(d, part_of(d, "pause", "cluster", 0));
	assert_asks(d, "{\"op\":\"resume\",\"guest\":\"cluster\"}");
	click(d, part_of(d, "reset", "tiny", 0));
	assert_asks(d, "{\"op\":\"reset\",\"guest\":\"tiny\"}");
	click(d, part_of(d, "screenshot", "cluster", 0));
	assert_asks(d, "{\"op\":\"screenshot\",\"guest\":\"cluster\"}");
}

static void test_kill_and_stop_take_two_clicks(void **state)
{
	struct panel_desk *d = *state;
	struct box kill = part_of(d, "kill", "cluster", 0), stop = part_of(d, "stop", "", 0);

	click(d, kill);
	nothing_waits(d);
	/* The first one is forgotten: by another, by time. */
	click(d, stop);
	click(d, kill);
	nothing_waits(d);
	panel_desk_tick(d, UINT64_C(10000000000));
	click(d, kill);
	nothing_waits(d);
	click(d, kill);
	assert_asks(d, "{\"op\":\"kill\",\"guest\":\"cluster\"}");
	click(d, stop);
	click(d, stop);
	assert_asks(d, "{\"op\":\"stop\"}");
}

static void test_sound_has_a_volume_and_is_muted(void **state)
{
	struct panel_desk *d = *state;
	struct box t = panel_track(&d->layout, part_of(d, "volume", "cluster.chime", 0));

	panel_desk_point(d, PANEL_DOWN, false, t.x + t.w / 4, t.y + 4, 1);
	panel_desk_point(d, PANEL_UP, false, t.x + t.w / 4, t.y + 4, 1);
	assert_asks(d, "{\"op\":\"volume\",\"stream\":\"cluster.chime\",\"percent\":25}");
	click(d, part_of(d, "mute", "cluster.chime", 0));
	assert_asks(d, "{\"op\":\"mute\",\"stream\":\"cluster.chime\",\"on\":true}");
	click(d, part_of(d, "mute", "cluster.chime", 0));
	assert_asks(d, "{\"op\":\"mute\",\"stream\":\"cluster.chime\",\"on\":false}");
	nothing_waits(d);
}

/* ---- fingers ---- */

static void test_a_finger_that_moves_along_a_slider_drags_it(void **state)
{
	struct panel_desk *d = *state;
	struct box t = panel_track(&d->layout, part_of(d, "slider", "Vehicle.Speed", 0));

	panel_desk_point(d, PANEL_DOWN, true, t.x, t.y + 5, 1);
	nothing_waits(d);
	panel_desk_point(d, PANEL_MOVE, true, t.x + t.w / 2, t.y + 9, 1);
	assert_true(taken(d).value == 100);
	panel_desk_point(d, PANEL_UP, true, t.x + t.w / 2, t.y + 9, 1);
	nothing_waits(d);
}

static void test_a_finger_that_moves_across_a_slider_scrolls_and_changes_nothing(void **state)
{
	struct panel_desk *d = *state;
	struct box t;

	assert_int_equal(panel_desk_resize(d, W, 320, 1), 0);
	t = panel_track(&d->layout, part_of(d, "slider", "Vehicle.Speed", 0));
	panel_desk_point(d, PANEL_DOWN, true, t.x + 50, t.y + 5, 1);
	panel_desk_point(d, PANEL_MOVE, true, t.x + 52, t.y - 35, 1);
	panel_desk_point(d, PANEL_MOVE, true, t.x + 52, t.y - 55, 1);
	panel_desk_point(d, PANEL_UP, true, t.x + 52, t.y - 55, 1);
	nothing_waits(d);
	assert_int_equal(d->layout.column[COLUMN_SIGNALS].scroll, 60);
}

/* ---- keyboard ---- */

static void press(struct panel_desk *d, enum panel_key key, unsigned int times)
{
	while (times--)
		panel_desk_key(d, key, 1);
}

static void focus(
	struct panel_desk *d, enum panel_part_type part, enum panel_row_type type, uint32_t index)
{
	for (int i = 0; i < 100; i++) {
		press(d, PANEL_KEY_NEXT, 1);
		if (d->focus.part == part && d->focus.type == type && d->focus.index == index)
			return;
	}
	fail_msg("Tab never comes to %s", panel_part_name(part));
}

static void test_tab_comes_to_every_control_and_around(void **state)
{
	struct panel_desk *d = *state;
	json_t *list = panel_desk_controls(d);
	struct panel_spot first;

	press(d, PANEL_KEY_NEXT, 1);
	first = d->focus;
	for (size_t i = 1; i < json_array_size(list); i++) {
		press(d, PANEL_KEY_NEXT, 1);
		assert_false(panel_spot_same(&d->focus, &first));
	}
	press(d, PANEL_KEY_NEXT, 1);
	assert_true(panel_spot_same(&d->focus, &first));
	press(d, PANEL_KEY_PREV, (unsigned int)json_array_size(list));
	assert_true(panel_spot_same(&d->focus, &first));
	json_decref(list);
}

static void test_arrows_move_a_slider_and_its_ends_are_a_key_away(void **state)
{
	struct panel_desk *d = *state;

	tell(d, SPEED, 50, 0);
	focus(d, PART_SLIDER, ROW_SIGNAL, SPEED);
	press(d, PANEL_KEY_RIGHT, 1);
	assert_true(taken(d).value == 51);
	press(d, PANEL_KEY_LEFT, 2);
	assert_true(taken(d).value == 49);
	press(d, PANEL_KEY_PAGE_UP, 1);
	assert_true(taken(d).value == 59);
	press(d, PANEL_KEY_END, 1);
	assert_true(taken(d).value == 200);
	press(d, PANEL_KEY_HOME, 1);
	assert_true(taken(d).value == 0);
}

static void test_space_presses_and_delete_releases(void **state)
{
	struct panel_desk *d = *state;

	focus(d, PART_SWITCH, ROW_SIGNAL, DOOR);
	press(d, PANEL_KEY_PRESS, 1);
	assert_true(taken(d).value == 1);
	press(d, PANEL_KEY_RELEASE, 1);
	nothing_waits(d);
	tell(d, DOOR, 1, SIGNAL_REC_HELD | SIGNAL_REC_FED);
	press(d, PANEL_KEY_RELEASE, 1);
	assert_int_equal(taken(d).type, SIGNAL_REC_RELEASE);
	/* What was chosen with the mouse is not pressed by a key that belongs to a filter. */
	click(d, part_of(d, "kill", "cluster", 0));
	press(d, PANEL_KEY_PRESS, 1);
	nothing_waits(d);
}

static void test_the_arrow_takes_the_choice_along(void **state)
{
	struct panel_desk *d = *state;

	tell(d, GEAR, 0, 0);
	focus(d, PART_SEGMENT, ROW_SIGNAL, GEAR);
	press(d, PANEL_KEY_RIGHT, 1);
	assert_true(taken(d).value == 1);
	assert_int_equal(d->focus.part_index, 1);
}

static void test_what_has_the_keyboard_is_scrolled_into_view(void **state)
{
	struct panel_desk *d = *state;
	assert_int_equal(panel_desk_resize(d, W, 300, 1), 0);
	focus(d, PART_LESS, ROW_SIGNAL, COUNT);
	assert_true(part_of(d, "less", "Count", 0).y < 300 - 34);
	assert_true(d->layout.column[COLUMN_SIGNALS].scroll > 0);
}

static void test_typing_finds_signals_and_escape_shows_all(void **state)
{
	struct panel_desk *d = *state;
	uint32_t all = d->layout.n_rows;

	panel_desk_type(d, " ");
	panel_desk_type(d, "sp");
	panel_desk_type(d, "\xc3\xa4");
	press(d, PANEL_KEY_ERASE, 1);
	assert_string_equal(d->filter, "sp");
	(void)part_of(d, "slider", "Vehicle.Speed", 0);
	assert_true(d->layout.n_rows < all);
	panel_desk_type(d, "nothing is called so");
	press(d, PANEL_KEY_ESCAPE, 1);
	assert_int_equal(d->layout.n_rows, all);
}

/* ---- commands ---- */

static void assert_command(struct panel_desk *d, struct box b, const char *expected)
{
	char command[400];

	panel_desk_point(d, PANEL_MOVE, false, b.x + b.w / 2, b.y + b.h / 2, 1);
	panel_spot_command(&d->model, &d->hover, command, sizeof(command));
	assert_string_equal(command, expected);
}

static void test_every_control_says_its_command(void **state)
{
	struct panel_desk *d = *state;

	tell(d, SPEED, 53.5, SIGNAL_REC_FED | SIGNAL_REC_HELD);
	tell(d, GEAR, 1, 0);
	assert_command(
		d, part_of(d, "slider", "Vehicle.Speed", 0), "dyno ctl hold Vehicle.Speed 53.5");
	assert_command(
		d, part_of(d, "release", "Vehicle.Speed", 0), "dyno ctl release Vehicle.Speed");
	assert_command(d, part_of(d, "segment", "Vehicle.Gear", 0), "dyno ctl set Vehicle.Gear D");
	assert_command(d, part_of(d, "kill", "tiny", 0), "dyno ctl kill tiny");
	assert_command(
		d, part_of(d, "screenshot", "cluster", 0), "dyno ctl screenshot cluster FILE.png");
	assert_command(
		d, part_of(d, "volume", "cluster.chime", 0), "dyno ctl volume cluster.chime 100");
	assert_command(d, part_of(d, "pause", "", 0), "dyno ctl pause");
}

/* ---- texts ---- */

static void assert_text(struct panel_desk *d, uint32_t signal, const char *expected)
{
	char buf[64];

	panel_model_text(&d->model, signal, buf, sizeof(buf));
	assert_string_equal(buf, expected);
}

static void test_values_are_written_as_people_do(void **state)
{
	struct panel_desk *d = *state;

	assert_text(d, SPEED, "-");
	tell(d, SPEED, 53.25, 0);
	assert_text(d, SPEED, "53.2 km/h");
	tell(d, SPEED, -0.01, 0);
	assert_text(d, SPEED, "0.0 km/h");
	tell(d, DOOR, 1, 0);
	assert_text(d, DOOR, "on");
	tell(d, GEAR, 2, 0);
	assert_text(d, GEAR, "R");
	tell(d, GEAR, 7, 0);
	assert_text(d, GEAR, "7");
	tell(d, COUNT, 12e12, 0);
	assert_text(d, COUNT, "1.2e+13");
}

/* ---- the picture ---- */

static uint32_t *draw(struct panel_desk *d, uint32_t *px, struct box *changed, bool all)
{
	if (!px)
		px = calloc((size_t)W * H, sizeof(*px));
	assert_non_null(px);
	*changed = panel_desk_draw(d, px, W, all);
	return px;
}

static void test_only_what_looks_otherwise_is_drawn_again(void **state)
{
	struct panel_desk *d = *state;
	struct box b, slider = part_of(d, "slider", "Vehicle.Speed", 0);
	uint32_t *px = draw(d, NULL, &b, true);

	assert_int_equal(b.w, W);
	assert_int_equal(b.h, H);
	draw(d, px, &b, false);
	assert_int_equal(b.w, 0);
	tell(d, SPEED, 150, 0);
	draw(d, px, &b, false);
	assert_true(b.h > 0 && b.h < 100);
	assert_true(box_has(b, slider.x + 20, slider.y + slider.h / 2));
	/* Less than a pixel, and no other text. */
	tell(d, SPEED, 150.001, 0);
	draw(d, px, &b, false);
	assert_int_equal(b.w, 0);
	free(px);
}

static void test_a_part_drawn_again_equals_the_whole_drawn_anew(void **state)
{
	struct panel_desk *d = *state;
	struct box b;
	uint32_t *px = draw(d, NULL, &b, true), *whole;

	tell(d, SPEED, 90, SIGNAL_REC_FED | SIGNAL_REC_HELD);
	tell(d, DOOR, 1, 0);
	panel_desk_point(d, PANEL_MOVE, false, 700, 150, 1);
	draw(d, px, &b, false);
	press(d, PANEL_KEY_NEXT, 5);
	draw(d, px, &b, false);
	whole = draw(d, NULL, &b, true);
	assert_memory_equal(px, whole, (size_t)W * H * sizeof(*px));
	free(px);
	free(whole);
}

static uint32_t amber_pixels(const uint32_t *px, struct box b)
{
	uint32_t n = 0;

	for (int y = b.y; y < b.y + b.h; y++) {
		for (int x = b.x; x < b.x + b.w; x++)
			n += px[y * W + x] == 0xffb02e;
	}
	return n;
}

static void test_a_sliders_colour_reaches_as_far_as_its_value(void **state)
{
	struct panel_desk *d = *state;
	struct box b, t = panel_track(&d->layout, part_of(d, "slider", "Vehicle.Speed", 0));
	uint32_t *px;

	tell(d, SPEED, 100, SIGNAL_REC_HELD);
	px = draw(d, NULL, &b, true);
	assert_int_equal(px[(t.y + t.h / 2) * W + t.x + t.w / 4], 0xffb02e);
	assert_int_not_equal(px[(t.y + t.h / 2) * W + t.x + 3 * t.w / 4], 0xffb02e);
	/* Not held: the colour is another. */
	assert_true(amber_pixels(px, t) > 0);
	tell(d, SPEED, 100, 0);
	draw(d, px, &b, false);
	assert_int_equal(amber_pixels(px, t), 0);
	free(px);
}

static void test_nothing_is_drawn_outside_at_any_size(void **state)
{
	static const int sizes[][2] = { { 2, 2 }, { 40, 900 }, { 900, 30 }, { 360, 300 },
		{ 2000, 1400 } };
	struct panel_desk *d = *state;

	panel_model_note(&d->model, true, "text");
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		for (int quarters = 2; quarters <= 16; quarters *= 2) {
			size_t n = (size_t)sizes[i][0] * (size_t)sizes[i][1];
			/* Its neighbours belong to the sanitizer. */
			uint32_t *px = malloc(n * sizeof(*px));

			assert_non_null(px);
			assert_int_equal(
				panel_desk_resize(d, sizes[i][0], sizes[i][1], quarters / 4.0), 0);
			(void)panel_desk_draw(d, px, (size_t)sizes[i][0], false);
			for (int y = 0; y < sizes[i][1]; y += 7)
				click(d, (struct box){ sizes[i][0] / 2, y, 1, 1 });
			free(px);
		}
	}
}

static void test_a_thousand_signals_scroll(void **state)
{
	json_t *o = json_pack("{s:[]}", "signals"), *list = json_object_get(o, "signals");
	struct panel_desk *d;
	struct box b;
	uint32_t *px;
	char *json;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		char name[300];

		snprintf(name, sizeof(name), "Group%d.%0200d.\xe4\xb8\xad\xe2\x82\xac.%d", i / 10,
			7, i);
		json_array_append_new(list, json_pack("{s:s,s:s,s:i,s:i}", "name", name, "kind",
						    "range", "min", 0, "max", 1));
	}
	json = json_dumps(o, 0);
	json_decref(o);
	d = desk_of(json);
	free(json);
	px = draw(d, NULL, &b, true);
	panel_desk_wheel(d, 100, 300, -3);
	assert_true(d->layout.column[COLUMN_SIGNALS].scroll > 100);
	press(d, PANEL_KEY_END, 1);
	(void)draw(d, px, &b, false);
	assert_int_equal(b.h, H);
	press(d, PANEL_KEY_NEXT, 1000);
	assert_int_equal(d->focus.type, ROW_SIGNAL);
	free(px);
	panel_desk_fini(d);
	free(d);
}

#define DESK(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DESK(test_a_click_on_a_switch_sets_its_signal_and_the_next_one_sets_it_back),
		DESK(test_what_a_feed_sets_is_held_and_can_be_released),
		DESK(test_a_dragged_slider_goes_where_the_mouse_goes_and_not_beyond_its_ends),
		DESK(test_values_are_brought_to_the_signals_step),
		DESK(test_a_choice_is_one_click),
		DESK(test_many_choices_are_gone_through_and_end_at_both_ends),
		DESK(test_what_others_send_is_shown_only),
		DESK(test_guests_are_paused_reset_and_pictured_in_the_words_of_ctl),
		DESK(test_kill_and_stop_take_two_clicks),
		DESK(test_sound_has_a_volume_and_is_muted),
		DESK(test_a_finger_that_moves_along_a_slider_drags_it),
		DESK(test_a_finger_that_moves_across_a_slider_scrolls_and_changes_nothing),
		DESK(test_tab_comes_to_every_control_and_around),
		DESK(test_arrows_move_a_slider_and_its_ends_are_a_key_away),
		DESK(test_space_presses_and_delete_releases),
		DESK(test_the_arrow_takes_the_choice_along),
		DESK(test_what_has_the_keyboard_is_scrolled_into_view),
		DESK(test_typing_finds_signals_and_escape_shows_all),
		DESK(test_every_control_says_its_command),
		DESK(test_values_are_written_as_people_do),
		DESK(test_only_what_looks_otherwise_is_drawn_again),
		DESK(test_a_part_drawn_again_equals_the_whole_drawn_anew),
		DESK(test_a_sliders_colour_reaches_as_far_as_its_value),
		DESK(test_nothing_is_drawn_outside_at_any_size),
		cmocka_unit_test(test_a_thousand_signals_scroll),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
