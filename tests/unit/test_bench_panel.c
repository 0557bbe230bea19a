/* SPDX-License-Identifier: Apache-2.0 */
/* What a scenario says of its control panel, and what dyno-ui is told of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/bench/ctl_proto.h"
#include "sim/bench/panel_spec.h"
#include "ui/panel/spec.h"

static char dbc_path[] = "/tmp/dyno-panel-XXXXXX";

#define DBC                                                                                     \
	"VERSION \"\"\n\nBU_: Engine Body\n\n"                                                  \
	"BO_ 256 Motor: 8 Engine\n"                                                             \
	" SG_ Rpm : 0|16@1+ (0.25,0) [0|8000] \"rpm\" Body\n"                                   \
	" SG_ Gear : 24|4@1- (1,0) [0|0] \"\" Body\n"                                           \
	" SG_ Level : 32|8@1- (0.5,10) [0|0] \"percent\" Body\n"                                \
	" SG_ Raw : 40|8@1+ (1,0) [0|0] \"\" Body\n\n"                                          \
	"BO_ 1024 Door: 1 Body\n"                                                               \
	" SG_ Open : 0|1@1+ (1,0) [0|1] \"\" Engine\n\n"                                        \
	"VAL_ 256 Gear -1 \"Reverse\" 0 \"Park\" ;\nVAL_ 256 Raw 254 \"error\" 255 \"n/a\" ;\n" \
	"VAL_ 1024 Open 0 \"shut\" 1 \"open\" ;\n"

#define SCENARIO                                               \
	"duration: 1s\nbuses: { can0: {} }\n"                  \
	"signals:\n"                                           \
	"  databases: [{ dbc: %s, nodes: [Engine] }]\n"        \
	"  define:\n"                                          \
	"    A.Speed: { dbc: Motor.Rpm, published: true }\n"   \
	"    A.Gear: { dbc: Motor.Gear, published: true }\n"   \
	"    A.Level: { dbc: Motor.Level, published: true }\n" \
	"    A.Raw: { dbc: Motor.Raw, published: true }\n"     \
	"    B.Open: { dbc: Door.Open, published: true }\n"    \
	"    B.IsOpen: { min: 0, max: 1, published: true }\n"  \
	"    B.Share: { min: 0, max: 1, published: true }\n"   \
	"    C.Hidden: { min: 0, max: 9 }\n"                   \
	"    C.Free: { unit: km, published: true }\n"

static struct scenario *load(const char *panel, int expected)
{
	char *text = NULL;
	struct scenario *s = NULL;

	if (asprintf(&text, SCENARIO "%s", dbc_path, panel) < 0)
		abort();
	assert_int_equal(scenario_load_text(text, strlen(text), "/tmp/car.yaml", NULL,
				 expected ? NULL : stderr, &s),
		expected);
	free(text);
	return s;
}

/* As dyno-ui reads it. */
static struct panel_spec spec_of(const struct scenario *s)
{
	struct panel_list *list = calloc(1, sizeof(*list));
	struct panel_spec spec;
	struct err e = { .text = "" };

	panel_list_make(s, list);
	if (panel_spec_parse(panel_spec_json(s, list), &spec, &e))
		fail_msg("%s", e.text);
	assert_int_equal(spec.n_signals, list->n);
	for (uint32_t i = 0; i < list->n; i++)
		assert_true(list->settable[i] == !spec.signals[i].heard);
	free(list);
	return spec;
}

static void test_each_published_signal_gets_the_control_that_fits_it(void **state)
{
	struct scenario *s = load("", 0);
	struct panel_spec p = spec_of(s);

	(void)state;
	assert_int_equal(p.n_signals, 8);
	assert_string_equal(p.signals[0].name, "A.Speed");
	assert_int_equal(p.signals[0].kind, PANEL_RANGE);
	assert_true(p.signals[0].max == 8000 && p.signals[0].step == 0.25);
	assert_int_equal(p.signals[0].decimals, 0);
	assert_int_equal(p.signals[1].kind, PANEL_CHOICE);
	assert_int_equal(p.signals[1].n_choices, 2);
	assert_true(p.signals[1].choices[0].value == -1);
	assert_string_equal(p.signals[1].choices[0].text, "Reverse");
	/* No limits: those of the bits. */
	assert_int_equal(p.signals[2].kind, PANEL_RANGE);
	assert_true(p.signals[2].min == -54 && p.signals[2].max == 73.5);
	assert_int_equal(p.signals[2].decimals, 1);
	/* Two names of 256 values are no choice, but are shown. */
	assert_int_equal(p.signals[3].kind, PANEL_RANGE);
	assert_int_equal(p.signals[3].n_choices, 2);
	assert_int_equal(p.signals[4].kind, PANEL_SWITCH);
	assert_true(p.signals[4].heard && !p.signals[0].heard);
	assert_int_equal(p.signals[5].kind, PANEL_SWITCH);
	assert_int_equal(p.signals[6].kind, PANEL_RANGE);
	assert_int_equal(p.signals[7].kind, PANEL_NUMBER);
	panel_spec_fini(&p);
	scenario_free(s);
}

static void test_a_panel_shows_what_its_scenario_names_in_that_order(void **state)
{
	struct scenario *s = load("panel: { signals: [C.*, A.Gear, \"?.Gear\"], width: 500, x: 5, "
				  "y: -6, scale: 1.5 }\n",
		0);
	struct panel_spec p = spec_of(s);

	(void)state;
	assert_int_equal(p.n_signals, 3);
	assert_string_equal(p.signals[0].name, "C.Hidden");
	/* 0 to 9 without a unit is counted. */
	assert_true(p.signals[0].step == 1 && p.signals[0].decimals == 0);
	assert_string_equal(p.signals[2].name, "A.Gear");
	assert_true(p.width == 500 && p.placed && p.y == -6 && p.scale == 1.5);
	panel_spec_fini(&p);
	scenario_free(s);
}

static void test_the_key_is_a_word_or_a_mapping_and_its_names_must_be_there(void **state)
{
	struct scenario *s = load("panel: true\n", 0);

	(void)state;
	assert_int_equal(s->panel.show, SCENARIO_PANEL_ON);
	scenario_free(s);
	s = load("panel: false\n", 0);
	assert_int_equal(s->panel.show, SCENARIO_PANEL_OFF);
	scenario_free(s);
	s = load("", 0);
	assert_int_equal(s->panel.show, SCENARIO_PANEL_AUTO);
	scenario_free(s);
	(void)load("panel: perhaps\n", -22);
	(void)load("panel: { signals: [A.Nothing] }\n", -22);
	(void)load("panel: { signals: A.Speed }\n", -22);
	(void)load("panel: { width: 3 }\n", -22);
}

static void test_a_signal_is_stuck_at_a_value_by_action_and_by_hand(void **state)
{
	static const char hold[] = "{\"op\":\"hold\",\"signal\":\"A.Gear\",\"value\":\"Reverse\"}";
	static const char release[] = "{\"op\":\"release\",\"signal\":\"A.Gear\"}";
	static const char far[] = "{\"op\":\"hold\",\"signal\":\"A.Speed\",\"value\":9000}";
	struct scenario *s =
		load("actions:\n"
		     "  - { at: 0s, stuck: { signal: A.Speed, value: 55, for: 1s } }\n",
			0);
	struct ctl_request r;
	struct err e;

	(void)state;
	assert_true(s->actions[0].u.stuck.on && s->actions[0].u.stuck.has_value);
	assert_true(s->actions[0].u.stuck.value == 55);
	assert_false(s->actions[1].u.stuck.on);
	assert_int_equal(ctl_parse(hold, strlen(hold), s, &r, &e), 0);
	assert_int_equal(r.action.op, SCENARIO_STUCK);
	assert_true(r.action.u.stuck.on && r.action.u.stuck.has_value);
	assert_true(r.action.u.stuck.value == -1);
	assert_int_equal(ctl_parse(release, strlen(release), s, &r, &e), 0);
	assert_false(r.action.u.stuck.on);
	assert_int_equal(ctl_parse(far, strlen(far), s, &r, &e), -22);
	scenario_free(s);
	(void)load("actions:\n  - { at: 0s, stuck: { signal: A.Speed, value: 9000 } }\n", -22);
	(void)load(
		"actions:\n  - { at: 0s, stuck: { signal: A.Speed, value: 5, on: false } }\n", -22);
}

static int group_setup(void **state)
{
	int fd = mkstemp(dbc_path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, DBC, strlen(DBC)), strlen(DBC));
	close(fd);
	return 0;
}

static int group_teardown(void **state)
{
	(void)state;
	unlink(dbc_path);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_published_signal_gets_the_control_that_fits_it),
		cmocka_unit_test(test_a_panel_shows_what_its_scenario_names_in_that_order),
		cmocka_unit_test(test_the_key_is_a_word_or_a_mapping_and_its_names_must_be_there),
		cmocka_unit_test(test_a_signal_is_stuck_at_a_value_by_action_and_by_hand),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
