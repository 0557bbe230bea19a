/* SPDX-License-Identifier: Apache-2.0 */
/* Catalogues of the Vehicle Signal Specification, and signals that are held to them. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "sim/scenario/scenario.h"
#include "sim/vss/vss.h"

static const char car[] =
	"{ \"Vehicle\": { \"type\": \"branch\", \"description\": \"all\", \"children\": {\n"
	"  \"Speed\": { \"type\": \"sensor\", \"datatype\": \"float\", \"unit\": \"km/h\",\n"
	"    \"description\": \"how fast\", \"uuid\": \"x\" },\n"
	"  \"Level\": { \"type\": \"sensor\", \"datatype\": \"uint8\", \"unit\": \"percent\", \"max\": 100 },\n"
	"  \"Gear\": { \"type\": \"actuator\", \"datatype\": \"int8\" },\n"
	"  \"Open\": { \"type\": \"actuator\", \"datatype\": \"boolean\" },\n"
	"  \"Light\": { \"type\": \"actuator\", \"datatype\": \"string\",\n"
	"    \"allowed\": [\"OFF\", \"ON\", \"BLINKS\"] },\n"
	"  \"Name\": { \"type\": \"attribute\", \"datatype\": \"string\", \"default\": \"car\" },\n"
	"  \"List\": { \"type\": \"sensor\", \"datatype\": \"uint8[]\" },\n"
	"  \"Old\": { \"type\": \"sensor\", \"datatype\": \"float\", \"deprecation\": \"use Speed\" },\n"
	"  \"Cabin\": { \"type\": \"branch\", \"children\": {\n"
	"    \"Light\": { \"type\": \"sensor\", \"datatype\": \"double\", \"min\": -0.5 } } } } } }\n";

/* ---- reading ---- */

static struct vss *load(const char *text)
{
	struct vss *v = NULL;
	struct err e = { .text = "" };

	if (vss_load_text(&v, text, strlen(text), &e) != 0)
		fail_msg("%s", e.text);
	return v;
}

static void expect_bad(const char *text, const char *says)
{
	struct vss *v = NULL;
	struct err e = { .text = "" };

	assert_int_equal(vss_load_text(&v, text, strlen(text), &e), -EBADMSG);
	assert_null(v);
	if (!strstr(e.text, says))
		fail_msg("\"%s\" does not say \"%s\"", e.text, says);
}

static void test_entries_are_found_by_their_full_names(void **state)
{
	struct vss *v = load(car);
	const struct vss_entry *x = vss_find(v, "Vehicle.Speed");

	(void)state;
	assert_int_equal(vss_count(v), 11);
	assert_non_null(x);
	assert_int_equal(x->kind, VSS_SENSOR);
	assert_string_equal(x->datatype, "float");
	assert_string_equal(x->unit, "km/h");
	assert_string_equal(x->description, "how fast");
	assert_string_equal(x->deprecation, "");
	assert_true(x->numeric && isinf(x->min) && isinf(x->max));
	assert_int_equal(vss_find(v, "Vehicle.Cabin")->kind, VSS_BRANCH);
	assert_non_null(vss_find(v, "Vehicle.Cabin.Light"));
	assert_null(vss_find(v, "Vehicle.speed"));
	assert_null(vss_find(v, "Speed"));
	assert_true(vss_covers(v, "Vehicle.Anything") && vss_covers(v, "Vehicle"));
	assert_false(vss_covers(v, "Driver.Mood") || vss_covers(v, "Vehicles.Speed"));
	vss_free(v);
}

static void test_bounds_are_those_of_the_datatype_and_narrower(void **state)
{
	static const struct {
		const char *name;
		double min, max;
		bool whole;
	} known[] = { { "Vehicle.Level", 0, 100, true }, { "Vehicle.Gear", -128, 127, true },
		{ "Vehicle.Open", 0, 1, true }, { "Vehicle.Cabin.Light", -0.5, HUGE_VAL, false },
		{ "Vehicle.Light", 0, 2, true } };
	struct vss *v = load(car);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		const struct vss_entry *x = vss_find(v, known[i].name);

		assert_non_null(x);
		assert_true(x->numeric && x->whole == known[i].whole);
		assert_true(x->min == known[i].min && x->max == known[i].max);
	}
	assert_false(vss_find(v, "Vehicle.Name")->numeric);
	assert_false(vss_find(v, "Vehicle.List")->numeric);
	assert_int_equal(vss_find(v, "Vehicle.Light")->n_allowed, 3);
	assert_string_equal(vss_find(v, "Vehicle.Light")->allowed[2], "BLINKS");
	vss_free(v);
}

static void test_what_is_no_catalogue_is_said(void **state)
{
	(void)state;
	expect_bad("", "1:0: ");
	expect_bad("{ \"A\": ", "1:7: ");
	expect_bad("{}", "has no entries");
	expect_bad("[]", "not an object");
	expect_bad("{ \"A\": 1 }", "A: is not an object");
	expect_bad("{ \"A\": { \"type\": \"thing\" } }", "\"type\" is \"thing\"");
	expect_bad("{ \"A\": { \"type\": 3 } }", "\"type\" is not a text");
	expect_bad("{ \"A\": {} }", "\"type\" is \"\"");
	expect_bad("{ \"A\": { \"type\": \"sensor\" } }", "no \"datatype\"");
	expect_bad("{ \"A\": { \"type\": \"sensor\", \"datatype\": \"uint8\", \"max\": \"1\" } }",
		"\"max\" is not a number");
	expect_bad("{ \"A\": { \"type\": \"sensor\", \"datatype\": \"uint8\", \"max\": -1 } }",
		"no value of uint8");
	expect_bad(
		"{ \"A\": { \"type\": \"sensor\", \"datatype\": \"string\", \"allowed\": [1] } }",
		"not a text");
	expect_bad("{ \"A\": { \"type\": \"branch\", \"children\": [] } }",
		"not an object of signals");
	expect_bad("{ \"A b\": { \"type\": \"branch\" } }", "\"A b\" is not a name");
	expect_bad(
		"{ \"A\": { \"type\": \"branch\" }, \"A\": { \"type\": \"branch\" } }", "uplicate");
}

static void test_a_bottomless_catalogue_ends(void **state)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	(void)state;
	fputs("{", f);
	for (unsigned int i = 0; i < 500; i++)
		fputs("\"A\":{\"type\":\"branch\",\"children\":{", f);
	for (unsigned int i = 0; i < 500; i++)
		fputs("}}", f);
	fputs("}", f);
	fclose(f);
	expect_bad(text, "longer than 255 bytes");
	free(text);
}

static void test_units_have_several_spellings(void **state)
{
	(void)state;
	assert_true(vss_same_unit("percent", "%"));
	assert_true(vss_same_unit("celsius", "Celsius"));
	assert_true(vss_same_unit("degC", "celsius"));
	assert_true(vss_same_unit("\xc2\xb0"
				  "C",
		"celsius"));
	assert_true(vss_same_unit("kph", "km/h"));
	assert_true(vss_same_unit("furlong", "furlong"));
	assert_false(vss_same_unit("km/h", "m/s"));
	assert_false(vss_same_unit("m", "min"));
	assert_false(vss_same_unit("degrees", "celsius"));
}

/* ---- signals ---- */

#define HEAD "duration: 1s\nsignals:\n  vss: car.json\n  define:\n"

struct bed {
	char dir[64], path[96], catalogue[96];
};

static int setup(void **state)
{
	struct bed *t = calloc(1, sizeof(*t));
	FILE *f;

	snprintf(t->dir, sizeof(t->dir), "/tmp/dyno-vss-XXXXXX");
	assert_non_null(mkdtemp(t->dir));
	snprintf(t->path, sizeof(t->path), "%s/s.yaml", t->dir);
	snprintf(t->catalogue, sizeof(t->catalogue), "%s/car.json", t->dir);
	f = fopen(t->catalogue, "w");
	assert_non_null(f);
	fputs(car, f);
	fclose(f);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct bed *t = *state;

	unlink(t->catalogue);
	rmdir(t->dir);
	free(t);
	return 0;
}

/* What is said of a scenario; the caller's. */
static char *report(const struct bed *t, const char *text, struct scenario **out, int want)
{
	char *said = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&said, &len);
	int rc = scenario_load_text(text, strlen(text), t->path, NULL, f, out);

	fclose(f);
	if (rc != want)
		fail_msg("%d: %s", rc, said);
	return said;
}

static void expect_refused(const struct bed *t, const char *text, const char *says)
{
	struct scenario *s = NULL;
	char *said = report(t, text, &s, -EINVAL);

	if (!strstr(said, says))
		fail_msg("\"%s\" does not say \"%s\"", said, says);
	free(said);
}

static void test_a_signal_gets_what_the_catalogue_says(void **state)
{
	const struct bed *t = *state;
	struct scenario *s = NULL;
	char *said = report(t,
		HEAD "    Vehicle.Speed: { initial: 10 }\n"
		     "    Vehicle.Level: { unit: \"%\" }\n"
		     "    Vehicle.Light: { initial: 1 }\n"
		     "    Vehicle.Gear: { min: -1, max: 8 }\n"
		     "    Driver.Mood: { unit: furlong }\n",
		&s, 0);
	const struct signal_def *d = s->signals.defs;
	double v = -1;

	assert_string_equal(said, "");
	free(said);
	assert_string_equal(d[0].unit, "km/h");
	assert_string_equal(d[0].doc, "how fast");
	assert_string_equal(d[0].datatype, "float");
	assert_false(d[0].has_range);
	assert_string_equal(d[1].unit, "percent");
	assert_true(d[1].has_range && d[1].min == 0 && d[1].max == 100);
	assert_true(signal_parse(&s->signals, 2, "BLINKS", &v));
	assert_true(v == 2);
	assert_string_equal(signal_value_name(&s->signals, 2, 1), "ON");
	assert_null(signal_value_name(&s->signals, 2, 0.5));
	assert_null(signal_value_name(&s->signals, 2, 3));
	assert_true(d[3].min == -1 && d[3].max == 8);
	assert_null(d[4].datatype);
	scenario_free(s);
}

static void test_what_the_catalogue_does_not_have_is_refused(void **state)
{
	const struct bed *t = *state;

	expect_refused(t, HEAD "    Vehicle.Spede: {}\n", "did you mean \"Vehicle.Speed\"?");
	expect_refused(t, HEAD "    Vehicle.Cabin: {}\n", "is a branch");
	expect_refused(t, HEAD "    Vehicle.Name: {}\n", "datatype string");
	expect_refused(t, HEAD "    Vehicle.List: {}\n", "datatype uint8[]");
	expect_refused(t, HEAD "    Vehicle.Speed: { unit: m/s }\n", "is in km/h");
	expect_refused(t, HEAD "    Vehicle.Level: { min: 0, max: 101 }\n", "beyond 0 to 100");
	expect_refused(t, HEAD "    Vehicle.Level: { initial: 101 }\n", "is no value of");
	expect_refused(t, HEAD "    Vehicle.Gear: { initial: 0.5 }\n", "(int8)");
	expect_refused(t, "duration: 1s\nsignals: { vss: nowhere.json }\n", "nowhere.json");
	expect_refused(t,
		"duration: 1s\nsignals: { vss: car.json, define: { Vehicle.Light: {} } }\n"
		"actions: [{ at: 0s, set: { Vehicle.Light: DIM } }]\n",
		"is no value of Vehicle.Light");
}

static void test_deprecated_names_are_warned_of(void **state)
{
	const struct bed *t = *state;
	struct scenario *s = NULL;
	char *said = report(t, HEAD "    Vehicle.Old: {}\n", &s, 0);

	assert_non_null(strstr(said, "is deprecated: use Speed"));
	free(said);
	scenario_free(s);
}

static void test_a_file_that_is_no_catalogue_is_named(void **state)
{
	const struct bed *t = *state;
	FILE *f = fopen(t->catalogue, "w");

	assert_non_null(f);
	fputs("{ \"Vehicle\": ", f);
	fclose(f);
	expect_refused(t, HEAD "    Vehicle.Speed: {}\n", "is no catalogue: 1:");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entries_are_found_by_their_full_names),
		cmocka_unit_test(test_bounds_are_those_of_the_datatype_and_narrower),
		cmocka_unit_test(test_what_is_no_catalogue_is_said),
		cmocka_unit_test(test_a_bottomless_catalogue_ends),
		cmocka_unit_test(test_units_have_several_spellings),
#define WITH_FILE(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
		WITH_FILE(test_a_signal_gets_what_the_catalogue_says),
		WITH_FILE(test_what_the_catalogue_does_not_have_is_refused),
		WITH_FILE(test_deprecated_names_are_warned_of),
		WITH_FILE(test_a_file_that_is_no_catalogue_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
