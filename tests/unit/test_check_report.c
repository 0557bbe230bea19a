/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures, and what people and programs get to read: table, JSON, JUnit. */
#include <errno.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/image.h"
#include "sim/check/junit.h"
#include "tests/support/check_rig.h"

static struct check_rig begin(const char *text)
{
	return check_rig_new(&(struct check_rig_opts){ .own_dir = true }, text, "");
}

/* --- pictures ---------------------------------------------------------------------------- */

/* A grey picture with `n` pixels of its first row changed by `delta`. */
static void save_picture(const struct check_rig *r, const char *name, uint32_t w, uint32_t h,
	uint32_t n, uint8_t delta)
{
	struct image im;
	struct err e = { 0 };
	char path[128];

	assert_int_equal(image_new(&im, w, h), 0);
	memset(im.px, 0x80, (size_t)w * h * 4);
	for (uint32_t i = 0; i < n; i++)
		im.px[i * 4] = (uint8_t)(0x80 + delta);
	snprintf(path, sizeof(path), "%s/%s", r->dir, name);
	assert_int_equal(image_save(&im, path, &e), 0);
	image_fini(&im);
}

static void show(struct check_rig *r, const char *checkpoint, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", r->dir, name);
	check_picture(r->c, checkpoint, 0, 0, 3 * S, path, NULL);
}

#define SCREEN                                                                                \
	"duration: 10s\n"                                                                     \
	"guests: {a: {kernel: builtin:a, no_crash: false, displays: [{title: D, width: 100, " \
	"height: 100}]}}\n"                                                                   \
	"actions: [{at: 3s, screenshot: here}]\n"                                             \
	"checks:\n"

static void test_a_screen_that_looks_like_its_reference_passes(void **state)
{
	struct check_rig r = begin(SCREEN
		"  - screen: {checkpoint: here, reference: ref.png}\n"
		"  - screen: {checkpoint: here, reference: ref.png, tolerance: 0%, threshold: 2}\n");

	(void)state;
	save_picture(&r, "ref.png", 100, 100, 0, 0);
	save_picture(&r, "seen.png", 100, 100, 5, 2);
	show(&r, "here", "seen.png");
	assert_int_equal(check_finish(r.c, 10 * S), 0);
	check_rig_expect(&r, 0, CHECK_PASS,
		"0% of 10000 pixels differ (0.1% allowed), largest difference 2 of 255");
	check_rig_expect(&r, 1, CHECK_PASS,
		"0% of 10000 pixels differ (0% allowed), largest difference 2 of 255");
	check_rig_free(&r);
}

static void test_a_screen_that_differs_fails_and_leaves_a_difference_picture(void **state)
{
	struct check_rig r =
		begin(SCREEN "  - screen: {checkpoint: here, reference: ref.png}\n"
			     "  - screen: {checkpoint: here, reference: ref.png, region: [0, 1, "
			     "100, 99]}\n");
	char expected[256], path[128];
	struct image im;
	struct err e = { 0 };

	(void)state;
	save_picture(&r, "ref.png", 100, 100, 0, 0);
	save_picture(&r, "seen.png", 100, 100, 50, 90);
	show(&r, "here", "seen.png");
	assert_int_equal(check_finish(r.c, 10 * S), 0);
	snprintf(path, sizeof(path), "%s/diff-here-a-0-0.png", r.dir);
	snprintf(expected, sizeof(expected),
		"0.5%% of 10000 pixels differ (0.1%% allowed), largest difference 90 of 255; see %s",
		path);
	check_rig_expect(&r, 0, CHECK_FAIL, expected);
	check_rig_expect(&r, 1, CHECK_PASS,
		"0% of 9900 pixels differ (0.1% allowed), largest difference 0 of 255");
	assert_int_equal(image_load(&im, path, &e), 0);
	assert_int_equal(im.width, 100);
	image_fini(&im);
	check_rig_free(&r);
}

static void test_pictures_that_cannot_be_judged_say_why(void **state)
{
	struct check_rig r = begin(SCREEN "  - screen: {checkpoint: here, reference: missing.png}\n"
					  "  - screen: {checkpoint: here, reference: small.png}\n"
					  "  - not_blank: {at: 9s}\n"
					  "  - not_blank: a\n");

	(void)state;
	save_picture(&r, "seen.png", 100, 100, 0, 0);
	save_picture(&r, "small.png", 10, 10, 0, 0);
	show(&r, "here", "seen.png");
	check_picture(r.c, "end", 0, 0, 10 * S, NULL, "the display is off");
	assert_int_equal(check_finish(r.c, 10 * S), 0);
	size_t n;
	const struct check_verdict *v = check_verdicts(r.c, &n);

	assert_int_equal(v[0].outcome, CHECK_ERROR);
	assert_non_null(strstr(v[0].reason, "missing.png"));
	check_rig_expect(
		&r, 1, CHECK_FAIL, "the display shows 100 x 100 pixels, the reference has 10 x 10");
	check_rig_expect(&r, 2, CHECK_NOT_RUN, "no picture was taken at checkpoint \"at-9s\"");
	check_rig_expect(&r, 3, CHECK_FAIL, "no picture: the display is off");
	check_rig_free(&r);
}

static void test_a_blank_display_fails(void **state)
{
	struct check_rig r =
		begin(SCREEN "  - not_blank: {checkpoint: here}\n"
			     "  - not_blank: {checkpoint: here, region: [0, 1, 100, 99]}\n");

	(void)state;
	save_picture(&r, "seen.png", 100, 100, 1, 1);
	show(&r, "here", "seen.png");
	assert_int_equal(check_finish(r.c, 10 * S), 0);
	check_rig_expect(&r, 0, CHECK_PASS, "it shows more than one colour");
	check_rig_expect(&r, 1, CHECK_FAIL, "every pixel has the same colour");
	check_rig_free(&r);
}

/* --- reports ----------------------------------------------------------------------------- */

#define FOUR                                                                          \
	"name: four & <more>\n"                                                       \
	"duration: 10s\n"                                                             \
	"buses: {can0: }\n"                                                           \
	"guests: {a: {kernel: builtin:a, displays: [{title: D}], no_crash: false}}\n" \
	"checks:\n"                                                                   \
	"  - ready: a\n"                                                              \
	"  - {name: no \"noise\", forbid: {id: 123}}\n"                               \
	"  - not_blank: {at: 4s}\n"                                                   \
	"  - not_blank: a\n"

/* One verdict of each outcome. */
static struct check_rig four(void)
{
	struct check_rig r = begin(FOUR);
	const struct canfd_frame f = { .can_id = 0x123, .len = 1, .data = { 0xaa } };
	static const char odd[] = "colour \033[1m & <tag> \xc3\xa4 \xff ]]>";
	char path[128];

	check_console(r.c, 0, "serial", S, odd, strlen(odd));
	check_guest(r.c, 0, CHECK_GUEST_READY, 1234567890, NULL);
	check_frame(r.c, 0, 0, 2 * S, &f, CAN_MTU);
	snprintf(path, sizeof(path), "%s/none.png", r.dir);
	check_picture(r.c, "end", 0, 0, 10 * S, path, NULL);
	assert_int_equal(check_finish(r.c, 10 * S), 0);
	return r;
}

static void test_the_table_is_aligned_and_has_a_summary(void **state)
{
	struct check_rig r = four();
	char *out = NULL, *rest;
	size_t len = 0;
	FILE *f = open_memstream(&out, &len);

	(void)state;
	check_print(r.c, f, false, true);
	fclose(f);
	rest = strstr(out, "ERROR ");
	assert_non_null(rest);
	assert_non_null(
		strstr(rest, "4 checks: 1 passed, 1 failed, 1 could not be judged, 1 not run\n"));
	*rest = '\0';
	assert_string_equal(out,
		"VERDICT      TIME  CHECK                    EVIDENCE\n"
		"PASS       1.235s  a ready within 10s       READY at 1.235s\n"
		"FAIL       2.000s  no \"noise\"               1 frame seen, first 123#AA at 2.000s from "
		"a\n"
		"NOT RUN    4.000s  not blank: a \"D\" at 4s   no picture was taken at checkpoint "
		"\"at-4s\"\n");
	free(out);
	check_rig_free(&r);
}

static void test_the_short_table_leaves_out_what_passed(void **state)
{
	struct check_rig r = four();
	char *out = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&out, &len);

	(void)state;
	check_print(r.c, f, false, false);
	fclose(f);
	assert_null(strstr(out, "PASS "));
	assert_non_null(strstr(out, "FAIL "));
	assert_non_null(strstr(out, "NOT RUN "));
	assert_non_null(
		strstr(out, "4 checks: 1 passed, 1 failed, 1 could not be judged, 1 not run\n"));
	free(out);
	check_rig_free(&r);
}

static void test_json_has_every_verdict(void **state)
{
	struct check_rig r = four();
	json_t *j = check_json(r.c), *first, *second;

	(void)state;
	assert_non_null(j);
	assert_true(json_is_false(json_object_get(j, "ok")));
	assert_int_equal(json_integer_value(json_object_get(j, "passed")), 1);
	assert_int_equal(json_integer_value(json_object_get(j, "failed")), 1);
	assert_int_equal(json_integer_value(json_object_get(j, "errors")), 1);
	assert_int_equal(json_integer_value(json_object_get(j, "not_run")), 1);
	assert_int_equal(json_array_size(json_object_get(j, "checks")), 4);
	first = json_array_get(json_object_get(j, "checks"), 0);
	assert_string_equal(json_string_value(json_object_get(first, "kind")), "ready");
	assert_string_equal(json_string_value(json_object_get(first, "outcome")), "pass");
	assert_true(json_real_value(json_object_get(first, "time_s")) == 1.23456789);
	second = json_array_get(json_object_get(j, "checks"), 1);
	assert_int_equal(json_integer_value(json_object_get(second, "line")), 7);
	assert_string_equal(json_string_value(json_object_get(second, "reason")),
		"1 frame seen, first 123#AA at 2.000s from a");
	json_decref(j);
	check_rig_free(&r);
}

static xmlNode *child(xmlNode *n, const char *name, unsigned int i)
{
	for (xmlNode *c = n->children; c; c = c->next) {
		if (c->type == XML_ELEMENT_NODE && strcmp((const char *)c->name, name) == 0 &&
			i-- == 0)
			return c;
	}
	return NULL;
}

static void expect_attr(xmlNode *n, const char *name, const char *value)
{
	xmlChar *v = xmlGetProp(n, (const xmlChar *)name);

	assert_non_null(v);
	assert_string_equal((const char *)v, value);
	xmlFree(v);
}

static void test_junit_reads_back_with_counts_reasons_and_console(void **state)
{
	static const struct junit_property props[] = { { "seed", "7" }, { "odd", "<\x01\xfe&>" } };
	struct junit_info info = { .started_unix_s = 1700000000,
		.duration_ns = 10 * S + 500000000,
		.properties = props,
		.n_properties = 2 };
	struct check_rig r = four();
	struct err e = { 0 };
	char path[128];
	xmlNode *suite, *test, *n;

	(void)state;
	snprintf(path, sizeof(path), "%s/junit.xml", r.dir);
	assert_int_equal(junit_write(r.c, &info, path, &e), 0);
	xmlDoc *doc = xmlReadFile(path, NULL, XML_PARSE_NONET);

	assert_non_null(doc);
	n = xmlDocGetRootElement(doc);
	assert_string_equal((const char *)n->name, "testsuites");
	suite = child(n, "testsuite", 0);
	assert_non_null(suite);
	expect_attr(suite, "name", "four & <more>");
	expect_attr(suite, "tests", "4");
	expect_attr(suite, "failures", "1");
	expect_attr(suite, "errors", "1");
	expect_attr(suite, "skipped", "1");
	expect_attr(suite, "time", "10.500000");
	expect_attr(suite, "timestamp", "2023-11-14T22:13:20");
	expect_attr(suite, "hostname", "localhost");
	n = child(child(suite, "properties", 0), "property", 1);
	expect_attr(n, "value", "<??&>");

	test = child(suite, "testcase", 0);
	expect_attr(test, "name", "a ready within 10s");
	expect_attr(test, "classname", "four & <more>");
	expect_attr(test, "time", "1.234567");
	assert_null(child(test, "failure", 0));
	test = child(suite, "testcase", 1);
	expect_attr(test, "name", "no \"noise\"");
	expect_attr(test, "line", "7");
	expect_attr(child(test, "failure", 0), "message",
		"1 frame seen, first 123#AA at 2.000s from a");
	expect_attr(child(test, "failure", 0), "type", "forbid");
	assert_non_null(child(child(suite, "testcase", 2), "skipped", 0));
	test = child(suite, "testcase", 3);
	assert_non_null(child(test, "error", 0));
	xmlChar *out = xmlNodeGetContent(child(test, "system-out", 0));

	assert_string_equal((const char *)out,
		"last console lines of a:\ncolour ?[1m & <tag> \xc3\xa4 ? ]]>\n");
	xmlFree(out);
	xmlFreeDoc(doc);
	check_rig_free(&r);
}

static void test_junit_that_cannot_be_written_says_so(void **state)
{
	struct junit_info info = { 0 };
	struct check_rig r = four();
	struct err e = { 0 };

	(void)state;
	assert_int_equal(junit_write(r.c, &info, "/nonexistent/junit.xml", &e), -ENOENT);
	assert_string_equal(
		e.text, "cannot write /nonexistent/junit.xml: No such file or directory");
	check_rig_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_screen_that_looks_like_its_reference_passes),
		cmocka_unit_test(test_a_screen_that_differs_fails_and_leaves_a_difference_picture),
		cmocka_unit_test(test_pictures_that_cannot_be_judged_say_why),
		cmocka_unit_test(test_a_blank_display_fails),
		cmocka_unit_test(test_the_table_is_aligned_and_has_a_summary),
		cmocka_unit_test(test_the_short_table_leaves_out_what_passed),
		cmocka_unit_test(test_json_has_every_verdict),
		cmocka_unit_test(test_junit_reads_back_with_counts_reasons_and_console),
		cmocka_unit_test(test_junit_that_cannot_be_written_says_so),
	};
	int rc = cmocka_run_group_tests(tests, NULL, NULL);

	xmlCleanupParser();
	return rc;
}
