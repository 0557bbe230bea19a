/* SPDX-License-Identifier: Apache-2.0 */
/* What dyno-ui accepts as a manifest, and what it says of the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ui/manifest.h"

static int parse(const char *text, struct ui_manifest *m, struct err *e)
{
	json_t *j = json_loads(text, 0, NULL);
	int rc;

	assert_non_null(j);
	rc = ui_manifest_parse(j, 1, m, e);
	json_decref(j);
	return rc;
}

static void test_a_full_manifest_is_read(void **state)
{
	struct ui_manifest m;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(
		parse("{\"manifest\":1,\"backend\":\"headless\",\"log_level\":\"debug\",\"guests\":"
		      "[{\"name\":\"ivi\",\"fd\":0,\"displays\":[{\"title\":\"IVI\",\"width\":1280,"
		      "\"height\":800,\"x\":-5,\"y\":7,\"inputs\":[\"touch\"]}]}]}",
			&m, &e),
		0);
	assert_int_equal(m.backend, UI_HEADLESS);
	assert_int_equal(m.guests, 1);
	assert_string_equal(m.guest[0].display[0].title, "IVI");
	assert_int_equal(m.guest[0].display[0].x, -5);
	assert_true(m.guest[0].display[0].placed);
	assert_true(m.guest[0].display[0].input[INPUT_TOUCH]);
	assert_false(m.guest[0].display[0].input[INPUT_POINTER]);
}

static void assert_refused(const char *text, const char *says)
{
	struct ui_manifest m;
	struct err e = { 0 };

	assert_true(parse(text, &m, &e) < 0);
	if (!strstr(e.text, says))
		fail_msg("\"%s\" does not say \"%s\"", e.text, says);
}

static void test_each_mistake_is_named(void **state)
{
	(void)state;
	assert_refused("{\"backend\":\"sdl\",\"guests\":[]}", "\"manifest\" is missing");
	assert_refused("{\"manifest\":2,\"backend\":\"sdl\",\"guests\":[]}", "manifest");
	assert_refused("{\"manifest\":1,\"backend\":\"gtk\",\"guests\":[]}", "backend");
	assert_refused("{\"manifest\":1,\"backend\":\"sdl\",\"guests\":[{\"name\":\"a\",\"fd\":1,"
		       "\"displays\":[]}]}",
		"\"fd\"");
	assert_refused("{\"manifest\":1,\"backend\":\"sdl\",\"guests\":[{\"name\":\"a\",\"fd\":0,"
		       "\"displays\":[]}]}",
		"displays");
	assert_refused("{\"manifest\":1,\"backend\":\"sdl\",\"guests\":[{\"name\":\"a\",\"fd\":0,"
		       "\"displays\":[{\"title\":\"t\",\"width\":0,\"height\":1}]}]}",
		"width");
	assert_refused(
		"{\"manifest\":1,\"backend\":\"sdl\",\"guests\":[{\"name\":\"a\",\"fd\":0,"
		"\"displays\":[{\"title\":\"t\",\"width\":1,\"height\":1,\"inputs\":[3]}]}]}",
		"inputs");
	assert_refused("{\"manifest\":1,\"backend\":\"sdl\",\"guests\":[7]}", "name");
}

static void test_as_many_guests_as_a_scenario_may_have_are_shown(void **state)
{
	json_t *list = json_array(), *j;
	struct ui_manifest m;
	struct err e = { 0 };

	(void)state;
	for (int i = 0; i < 16; i++)
		json_array_append_new(
			list, json_pack("{s:s,s:i,s:[{s:s,s:i,s:i}]}", "name", "g", "fd", 0,
				      "displays", "title", "t", "width", 8, "height", 8));
	j = json_pack("{s:i,s:s,s:o}", "manifest", 1, "backend", "sdl", "guests", list);
	assert_int_equal(ui_manifest_parse(j, 1, &m, &e), 0);
	assert_int_equal(m.guests, 16);
	json_decref(j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_full_manifest_is_read),
		cmocka_unit_test(test_each_mistake_is_named),
		cmocka_unit_test(test_as_many_guests_as_a_scenario_may_have_are_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
