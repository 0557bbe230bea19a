/* SPDX-License-Identifier: Apache-2.0 */
/* The page of a run: what it shows, that it is well formed, and that guests cannot write into it.
 */
#include <jansson.h>
#include <libxml/parser.h>
#include <libxml/xpath.h>
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

#include "base/image.h"
#include "sim/check/check.h"
#include "sim/report/plot.h"
#include "sim/report/report.h"

#define S  UINT64_C(1000000000)
#define MS UINT64_C(1000000)

/* --- quantities over time ---------------------------------------------------------------- */

static void test_a_series_keeps_extremes_when_its_buckets_grow(void **state)
{
	static struct series s;

	(void)state;
	series_init(&s, MS);
	series_add(&s, 0, 5);
	series_add(&s, 1 * MS, -3);
	series_add(&s, 600 * MS, 7);
	assert_int_equal(s.width_ns, 2 * MS);
	assert_int_equal(s.bucket[0].n, 2);
	assert_true(s.bucket[0].min == -3 && s.bucket[0].max == 5 && s.bucket[0].sum == 2);
	assert_int_equal(s.bucket[300].n, 1);
	assert_int_equal(s.used, 301);
}

static void test_a_series_takes_any_time_and_leaves_out_what_is_no_number(void **state)
{
	static struct series s;

	(void)state;
	series_init(&s, MS);
	series_add(&s, 0, 1);
	series_add(&s, UINT64_MAX, 2);
	series_add(&s, 3, NAN);
	series_add(&s, 3, INFINITY);
	assert_int_equal(s.bucket[0].n, 1);
	assert_true(s.used <= SERIES_BUCKETS);
	assert_true(s.bucket[s.used - 1].sum == 2);
}

static void test_axes_have_lines_at_round_numbers(void **state)
{
	(void)state;
	assert_true(fabs(plot_step(60, 12) - 5) < 1e-9);
	assert_true(fabs(plot_step(100, 4) - 50) < 1e-9);
	assert_true(fabs(plot_step(0.0031, 4) - 0.001) < 1e-12);
}

/* --- pages ------------------------------------------------------------------------------- */

struct run {
	struct scenario *s;
	struct check_set *c;
	char dir[64];
	struct series load[2];
	xmlDoc *page;
};

static void begin(struct run *r, const char *text)
{
	struct scenario_opts opts = { .no_files = true, .no_env = true };
	struct err e = { 0 };
	char path[128];

	memset(r, 0, sizeof(*r));
	snprintf(r->dir, sizeof(r->dir), "/tmp/dyno-report-XXXXXX");
	assert_non_null(mkdtemp(r->dir));
	snprintf(path, sizeof(path), "%s/car.yaml", r->dir);
	assert_int_equal(scenario_load_text(text, strlen(text), path, &opts, stderr, &r->s), 0);
	assert_int_equal(check_new(r->s, r->dir, &r->c, &e), 0);
	series_init(&r->load[0], 100 * MS);
	series_init(&r->load[1], 100 * MS);
}

static void write_page(struct run *r, uint64_t end_ns, const json_t *metrics)
{
	const struct series *loads[] = { &r->load[0], &r->load[1] };
	struct report_input in = { .checks = r->c,
		.loads = loads,
		.metrics = metrics,
		.out_dir = r->dir,
		.version = "1",
		.host = "bench-3",
		.end_cause = "duration",
		.duration_ns = end_ns };
	struct err e = { 0 };
	char path[128];

	assert_int_equal(check_finish(r->c, end_ns), 0);
	snprintf(path, sizeof(path), "%s/report.html", r->dir);
	assert_int_equal(report_write(&in, path, &e), 0);
	/* Well formed, so that no browser has to guess. */
	r->page = xmlReadFile(path, NULL, XML_PARSE_NONET | XML_PARSE_HUGE);
	assert_non_null(r->page);
}

static void free_run(struct run *r)
{
	char cmd[128];

	xmlFreeDoc(r->page);
	check_free(r->c);
	scenario_free(r->s);
	snprintf(cmd, sizeof(cmd), "rm -r %s", r->dir);
	assert_int_equal(system(cmd), 0);
}

/* The value of an XPath expression as a number: count(...) and the like. */
static double ask(const struct run *r, const char *xpath)
{
	xmlXPathContext *x = xmlXPathNewContext(r->page);
	xmlXPathObject *o = xmlXPathEvalExpression((const xmlChar *)xpath, x);

	assert_non_null(o);
	double v = xmlXPathCastToNumber(o);

	xmlXPathFreeObject(o);
	xmlXPathFreeContext(x);
	return v;
}

static void expect_count(const struct run *r, double n, const char *what)
{
	char xpath[400];

	snprintf(xpath, sizeof(xpath), "count(%s)", what);
	if (ask(r, xpath) != n)
		fail_msg("%s is %g, not %g", xpath, ask(r, xpath), n);
}

static void frame(struct run *r, uint32_t id, uint64_t t_ns, uint8_t byte)
{
	struct canfd_frame f = { .can_id = id, .len = 1, .data = { byte } };

	check_frame(r->c, 0, CHECK_FROM_HOST, t_ns, &f, CAN_MTU);
}

static void test_what_failed_comes_first_with_the_frames_around_it(void **state)
{
	struct run r;

	(void)state;
	begin(&r, "duration: 10s\n"
		  "buses: {can0: }\n"
		  "checks:\n"
		  "  - name: wanted\n"
		  "    expect: {bus: can0, id: 0x100}\n"
		  "  - name: never\n"
		  "    forbid: {bus: can0, id: 0x666}\n");
	for (uint8_t i = 0; i < 40; i++)
		frame(&r, i == 20 ? 0x666 : 0x100, i * 100 * MS, i);
	write_page(&r, 10 * S, NULL);
	expect_count(&r, 2, "//span[@class='badge pass' or @class='badge fail']");
	expect_count(&r, 1, "//table[2]/tr[2][td[3][contains(., 'never')]]//span[.='fail']");
	/* Eight before, eight after; what decided is marked. */
	expect_count(&r, 1, "//details[@open]/pre/b[starts-with(., '666#14 at 2.000s')]");
	expect_count(&r, 1,
		"//details[@open]/pre[contains(., '100#0C at') and contains(., '100#1C at')]");
	expect_count(&r, 0,
		"//details[@open]/pre[contains(., '100#0B at') or contains(., '100#1D at')]");
	expect_count(&r, 1, "//title[.='FAILED: car']");
	free_run(&r);
}

static void test_evidence_at_the_edges_of_a_run_is_what_there_was(void **state)
{
	struct run r;

	(void)state;
	begin(&r, "duration: 10s\n"
		  "buses: {can0: }\n"
		  "checks:\n"
		  "  - name: first\n"
		  "    forbid: {bus: can0, id: 0x1}\n"
		  "  - name: last\n"
		  "    forbid: {bus: can0, id: 0x2}\n");
	frame(&r, 1, 0, 0);
	frame(&r, 2, S, 0);
	write_page(&r, 10 * S, NULL);
	expect_count(&r, 1,
		"//tr[td[contains(., 'first')]]//pre[contains(., '> 001#00 at 0.000s') and contains(., '  002#00')]");
	expect_count(&r, 1,
		"//tr[td[contains(., 'last')]]//pre[contains(., '  001#00') and contains(., '> 002#00')]");
	free_run(&r);
}

static void test_a_guest_cannot_write_into_the_page(void **state)
{
	static const char evil[] = "</pre><script>alert(1)</script>\x01\xff & <b>";
	struct run r;

	(void)state;
	begin(&r, "duration: 10s\n"
		  "guests: {a: {kernel: builtin:a, no_crash: false}}\n");
	check_console(r.c, 0, "hvc0", S, evil, sizeof(evil) - 1);
	write_page(&r, 10 * S, NULL);
	expect_count(&r, 0, "//script");
	expect_count(&r, 1, "//pre[contains(., '</pre><script>alert(1)</script>?? & <b>')]");
	free_run(&r);
}

static void test_the_page_needs_no_other_file(void **state)
{
	struct run r;
	struct image im;
	struct err e = { 0 };
	char path[128];
	FILE *f;

	(void)state;
	begin(&r, "duration: 10s\n"
		  "guests: {a: {kernel: builtin:a, no_crash: false, displays: [{title: D, width: "
		  "64, height: 64}]}}\n"
		  "actions: [{at: 3s, screenshot: here}]\n");
	assert_int_equal(image_new(&im, 16, 16), 0);
	snprintf(path, sizeof(path), "%s/here.png", r.dir);
	assert_int_equal(image_save(&im, path, &e), 0);
	image_fini(&im);
	check_picture(r.c, "here", 0, 0, 3 * S, path, NULL);
	check_picture(r.c, "later", 0, 0, 4 * S, NULL, "the guest is gone");
	snprintf(path, sizeof(path), "%s/a-music.wav", r.dir);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("RIFF", f);
	fclose(f);
	write_page(&r, 10 * S, NULL);
	expect_count(&r, 1, "//img[starts-with(@src, 'data:image/png;base64,iVBORw0KGgo')]");
	expect_count(&r, 1, "//audio[@src='data:audio/wav;base64,UklGRg==']");
	expect_count(&r, 0, "//@src[not(starts-with(., 'data:'))] | //@href");
	expect_count(&r, 1, "//figcaption[contains(., 'the guest is gone')]");
	free_run(&r);
}

static void test_load_and_frames_of_each_bus_are_drawn(void **state)
{
	struct run r;

	(void)state;
	begin(&r, "duration: 10s\n"
		  "buses: {can0: , can1: }\n");
	for (uint64_t t = 0; t < 10 * S; t += 10 * MS)
		series_add(&r.load[0], t, 1e6);
	write_page(&r, 10 * S, NULL);
	expect_count(&r, 2, "//svg");
	/* A tenth of the time, so that the axis has 5 % and 10 %; and 100 frames a second. */
	expect_count(&r, 1, "//figure[1]//text[.='10']");
	expect_count(&r, 1, "//figure[2]//text[.='100']");
	expect_count(&r, 1, "//figure[p[.='nothing was seen']]");
	free_run(&r);
}

static void test_values_are_held_and_demands_are_drawn(void **state)
{
	static struct series s;
	static const struct plot_band bands[] = { { 2 * S, 8 * S, -INFINITY, 120, true },
		{ 0, 10 * S, 0, 200, false } };
	static const struct plot_mark marks[] = { { 5 * S, "too \"fast\"", true } };
	struct html *h = html_new();
	const char *text;
	size_t len;
	struct run r = { 0 };

	(void)state;
	series_init(&s, MS);
	series_add(&s, 0, 0);
	series_add(&s, 5 * S, 150);
	plot_draw(h, &(struct plot){ .title = "speed",
			     .series = &s,
			     .span_ns = 10 * S,
			     .bands = bands,
			     .n_bands = 2,
			     .marks = marks,
			     .n_marks = 1 });
	text = html_text_of(h, &len);
	assert_non_null(text);
	r.page = xmlReadMemory(text, (int)len, NULL, NULL, XML_PARSE_NONET);
	assert_non_null(r.page);
	expect_count(&r, 1, "//rect[@class='band']");
	expect_count(&r, 1, "//rect[@class='band bad']");
	expect_count(&r, 1, "//g[title='too \"fast\"']/line[@class='mark bad']");
	/* Three points: where it was, held until it changed, where it went. */
	expect_count(
		&r, 1, "//path[string-length(@d) - string-length(translate(@d, 'ML', '')) = 3]");
	xmlFreeDoc(r.page);
	html_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_series_keeps_extremes_when_its_buckets_grow),
		cmocka_unit_test(test_a_series_takes_any_time_and_leaves_out_what_is_no_number),
		cmocka_unit_test(test_axes_have_lines_at_round_numbers),
		cmocka_unit_test(test_what_failed_comes_first_with_the_frames_around_it),
		cmocka_unit_test(test_evidence_at_the_edges_of_a_run_is_what_there_was),
		cmocka_unit_test(test_a_guest_cannot_write_into_the_page),
		cmocka_unit_test(test_the_page_needs_no_other_file),
		cmocka_unit_test(test_load_and_frames_of_each_bus_are_drawn),
		cmocka_unit_test(test_values_are_held_and_demands_are_drawn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
