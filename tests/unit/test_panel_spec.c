/* SPDX-License-Identifier: Apache-2.0 */
/* What dyno-ui accepts as a panel's description, and texts in small boxes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/fake_fonts.h"
#include "ui/panel/canvas.h"
#include "ui/panel/model.h"

static void assert_refused(const char *json, const char *says)
{
	struct panel_spec s;
	struct err e = { .text = "" };

	assert_int_equal(panel_spec_parse(json_loads(json, JSON_DECODE_ANY, NULL), &s, &e), -22);
	if (!strstr(e.text, says))
		fail_msg("\"%s\" does not say \"%s\"", e.text, says);
}

static void test_each_mistake_is_named(void **state)
{
	(void)state;
	assert_refused("[]", "no JSON object");
	assert_refused("{\"title\":7}", "title");
	assert_refused("{\"scale\":99}", "scale");
	assert_refused("{\"signals\":[{}]}", "signal 0: \"name\"");
	assert_refused("{\"signals\":[{\"name\":\"a\"}]}", "kind");
	assert_refused("{\"signals\":[{\"name\":\"a\",\"kind\":\"knob\"}]}", "kind");
	assert_refused("{\"signals\":[{\"name\":\"a\",\"kind\":\"choice\"}]}", "choices");
	assert_refused(
		"{\"signals\":[{\"name\":\"a\",\"kind\":\"choice\",\"choices\":[[1]]}]}", "choice");
	assert_refused(
		"{\"signals\":[{\"name\":\"a\",\"kind\":\"range\",\"min\":2,\"max\":2}]}", "below");
	assert_refused(
		"{\"signals\":[{\"name\":\"a\",\"kind\":\"range\",\"min\":-1e308,\"max\":1e308}]}",
		"below");
	assert_refused("{\"signals\":[{\"name\":\"a\",\"kind\":\"range\",\"step\":0}]}", "step");
	assert_refused("{\"guests\":[{\"name\":1}]}", "name");
	assert_refused("{\"buses\":[1]}", "buses");
}

static void test_a_state_says_what_it_says_and_leaves_the_rest(void **state)
{
	struct panel_spec spec;
	struct panel_model m;
	struct err e = { .text = "" };
	json_t *msg;

	(void)state;
	assert_int_equal(
		panel_spec_parse(
			json_loads("{\"buses\":[\"can0\"],\"guests\":[{\"name\":\"g\"}]}", 0, NULL),
			&spec, &e),
		0);
	assert_int_equal(panel_model_init(&m, &spec), 0);
	msg = json_loads("{\"state\":\"paused\",\"time_s\":2.5,\"buses\":[{\"load\":-4,"
			 "\"rate\":\"many\",\"dropped\":1e300},{}],\"guests\":[{},{}]}",
		0, NULL);
	assert_int_equal(panel_model_state(&m, msg, &e), 0);
	json_decref(msg);
	assert_string_equal(m.state, "paused");
	assert_true(m.time_s == 2.5 && m.bus[0].load_percent == 0 && m.bus[0].frames_per_s == 0);
	msg = json_loads("{\"guests\":7}", 0, NULL);
	assert_int_equal(panel_model_state(&m, msg, &e), -22);
	json_decref(msg);
	assert_string_equal(m.state, "paused");
	panel_model_fini(&m);
}

static void test_requests_that_nobody_takes_do_not_pile_up(void **state)
{
	struct panel_spec spec;
	struct panel_model m;
	struct err e;
	json_t *o;
	int n = 0;

	(void)state;
	assert_int_equal(panel_spec_parse(json_object(), &spec, &e), 0);
	assert_int_equal(panel_model_init(&m, &spec), 0);
	for (int i = 0; i < 1000; i++)
		panel_model_ask(&m, json_pack("{s:i}", "op", i));
	while ((o = panel_model_take_ask(&m))) {
		json_decref(o);
		n++;
	}
	assert_int_equal(n, PANEL_MAX_ASKS);
	panel_model_fini(&m);
}

/* ---- text ---- */

static uint32_t first(const char *bytes, size_t len, size_t *used)
{
	const char *at = bytes;
	uint32_t cp = text_next(&at, bytes + len);

	*used = (size_t)(at - bytes);
	return cp;
}

static void test_bytes_that_are_no_utf8_are_one_mark_each(void **state)
{
	size_t used;

	(void)state;
	assert_int_equal(first("\xc3\xa4", 2, &used), 0xe4);
	assert_int_equal(used, 2);
	assert_int_equal(first("\xe4\xb8\xad", 3, &used), 0x4e2d);
	assert_int_equal(first("\xf0\x9f\x9a\x97", 4, &used), 0x1f697);
	assert_int_equal(first("\x1b", 1, &used), 0xfffd);
	assert_int_equal(first("\xc3", 1, &used), 0xfffd);
	assert_int_equal(used, 1);
	assert_int_equal(first("\xc0\x80", 2, &used), 0xfffd);
	assert_int_equal(first("\xed\xa0\x80", 3, &used), 0xfffd);
	assert_int_equal(first("\xff", 1, &used), 0xfffd);
	assert_int_equal(first("\xe4(\xad", 3, &used), 0xfffd);
	assert_int_equal(used, 1);
}

static void test_a_long_text_is_cut_between_characters(void **state)
{
	struct panel_fonts *f = fake_fonts();

	(void)state;
	/* 8 pixels each. */
	assert_int_equal(text_width(f, FONT_BODY, "a\xc3\xa4z", 4), 24);
	assert_int_equal(text_fit(f, FONT_BODY, "a\xc3\xa4z", 4, 16), 3);
	assert_int_equal(text_fit(f, FONT_BODY, "a\xc3\xa4z", 4, 15), 1);
	assert_int_equal(text_fit(f, FONT_BODY, "a", 1, -5), 0);
	f->free(f);
}

/* What was drawn, as text. */
struct writer {
	struct canvas canvas;
	char out[200];
	int right;
};

static void no_clip(struct canvas *c, struct box b)
{
	(void)c;
	(void)b;
}

static void no_fill(struct canvas *c, struct box b, int radius, uint32_t rgb)
{
	no_clip(c, b);
	(void)radius;
	(void)rgb;
}

static void write_text(struct canvas *c, int x, int y, enum panel_font font, uint32_t rgb,
	const char *text, size_t len)
{
	struct writer *w = (struct writer *)c;
	size_t n = strlen(w->out);

	(void)y;
	(void)rgb;
	snprintf(w->out + n, sizeof(w->out) - n, "%.*s", (int)len, text);
	w->right = x + text_width(c->fonts, font, text, len);
}

static void test_a_label_that_does_not_fit_ends_in_an_ellipsis_inside_its_box(void **state)
{
	static const struct canvas_ops ops = { no_clip, no_fill, write_text };
	struct panel_fonts *f = fake_fonts();
	struct writer w = { .canvas = { &ops, f } };

	(void)state;
	assert_int_equal(canvas_label(&w.canvas, (struct box){ 10, 0, 45, 20 }, -1, FONT_BODY, 0,
				 "a long name", 11),
		40);
	assert_string_equal(w.out, "a lo\xe2\x80\xa6");
	assert_int_equal(w.right, 50);
	w.out[0] = '\0';
	(void)canvas_label(
		&w.canvas, (struct box){ 0, 0, 0, 20 }, -1, FONT_BODY, 0, "a long name", 11);
	assert_string_equal(w.out, "");
	f->free(f);
}

static void test_corners_are_round_and_the_middle_is_full(void **state)
{
	struct panel_fonts *f = fake_fonts();
	uint32_t px[20 * 20] = { 0 };
	struct raster r;

	(void)state;
	raster_init(&r, f, px, 20, 20, 20);
	r.canvas.ops->fill(&r.canvas, (struct box){ 0, 0, 20, 20 }, 10, 0xffffff);
	assert_int_equal(px[0], 0);
	assert_int_equal(px[10 * 20 + 10], 0xffffff);
	assert_int_equal(px[10 * 20], 0xffffff);
	assert_int_equal(px[19 * 20 + 19], 0);
	/* The same at all four corners. */
	for (int i = 0; i < 20; i++) {
		assert_int_equal(px[2 * 20 + i], px[17 * 20 + i]);
		assert_int_equal(px[i * 20 + 2], px[i * 20 + 17]);
	}
	r.canvas.ops->clip(&r.canvas, (struct box){ 5, 5, 0, 0 });
	r.canvas.ops->fill(&r.canvas, (struct box){ -100, -100, 300, 300 }, 0, 0x123456);
	assert_int_equal(px[0], 0);
	f->free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_mistake_is_named),
		cmocka_unit_test(test_a_state_says_what_it_says_and_leaves_the_rest),
		cmocka_unit_test(test_requests_that_nobody_takes_do_not_pile_up),
		cmocka_unit_test(test_bytes_that_are_no_utf8_are_one_mark_each),
		cmocka_unit_test(test_a_long_text_is_cut_between_characters),
		cmocka_unit_test(test_a_label_that_does_not_fit_ends_in_an_ellipsis_inside_its_box),
		cmocka_unit_test(test_corners_are_round_and_the_middle_is_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
