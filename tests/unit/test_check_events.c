/* SPDX-License-Identifier: Apache-2.0 */
/* Events of displays, and what the report shows of the moments that decided a check. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/image.h"
#include "tests/support/check_rig.h"

#define ZERO (1000 * S) /* host time of bench time 0 */
#define SIDE 4u
#define ONE  (SIDE * SIDE * DISPLAY_BPP)

#define HEAD                                                                                \
	"duration: 10s\n"                                                                   \
	"buses: {can0: , can1: }\n"                                                         \
	"guests: {a: {kernel: builtin:a, no_crash: false, can: [can0], displays: [{title: " \
	"Cluster, width: 64, height: 64}]}}\n"                                              \
	"checks:\n"
#define SCREEN  "{screen: {region: [8, 8, 4, 4], changed: true}}"
#define LATENCY "  - latency: {from: {frame: {bus: can0, id: 0x100}}, to: " SCREEN ", max: 50ms}\n"

static struct check_rig begin(const char *checks)
{
	struct check_rig r =
		check_rig_new(&(struct check_rig_opts){ .own_dir = true }, HEAD, checks);

	check_clock(r.c, ZERO, 0);
	return r;
}

/* Event number `i`, flushed at t_ns of the bench's time; the region was `before`, and is one more.
 */
static void screen(struct check_rig *r, uint32_t i, uint64_t t_ns, uint8_t before)
{
	uint8_t px[2 * ONE];
	CLEANUP_FD int fd = fd_memfd("test", sizeof(px));

	memset(px, before, ONE);
	memset(px + ONE, before + 1, ONE);
	assert_int_equal(pwrite(fd, px, sizeof(px), 0), sizeof(px));
	check_screen(r->c, i,
		&(struct check_screen){ .flushed_ns = ZERO + t_ns,
			.read_ns = ZERO + t_ns + 2 * MS,
			.pictures = fd });
}

static const struct check_verdict *verdict(const struct check_rig *r, size_t i)
{
	size_t n;
	const struct check_verdict *v = check_verdicts(r->c, &n);

	assert_true(i < n);
	return &v[i];
}

/* All lines of evidence, "> " before those that decided. */
static void expect_evidence(const struct check_rig *r, const char *want)
{
	char text[CHECK_FRAME_TEXT], all[4096] = "";
	bool decisive;

	for (size_t i = 0; check_evidence(r->c, verdict(r, 0), i, text, &decisive); i++) {
		size_t l = strlen(all);

		snprintf(all + l, sizeof(all) - l, "%s%s\n", decisive ? "> " : "  ", text);
	}
	assert_string_equal(all, want);
}

/* The i-th picture of the region: all of one grey. */
static void expect_region(const struct check_rig *r, size_t i, const char *caption, uint8_t grey)
{
	struct check_region p;
	struct image im;
	struct err e = { 0 };

	assert_true(check_region(r->c, verdict(r, 0), i, &p));
	assert_string_equal(p.caption, caption);
	assert_int_equal(image_load(&im, p.path, &e), 0);
	assert_int_equal(im.width, SIDE);
	assert_int_equal(im.height, SIDE);
	for (size_t k = 0; k < ONE; k++)
		assert_int_equal(im.px[k], k % 4 == 3 ? 255 : grey);
	image_fini(&im);
}

/* --- displays ---------------------------------------------------------------------------- */

static void test_a_change_on_a_screen_is_the_effect_of_a_frame(void **state)
{
	struct check_rig r = begin(LATENCY);

	(void)state;
	screen(&r, 1, 500 * MS, 10); /* before the cause */
	check_rig_frame(&r, 0, 1 * S, "100#");
	screen(&r, 1, 1 * S + 20 * MS, 20);
	check_rig_end(&r, 10 * S);
	check_rig_expect(&r, 0, CHECK_PASS,
		"1 causes; median 20ms, longest 20ms at 1.000s; pictures were read within 2.0ms of "
		"their flush");
	expect_region(&r, 0,
		"effect, a \"Cluster\" [8, 8, 4, 4] changes: before the flush at 1.020s (read 2.0ms "
		"later)",
		20);
	expect_region(&r, 1,
		"effect, a \"Cluster\" [8, 8, 4, 4] changes: after the flush at 1.020s (read 2.0ms "
		"later)",
		21);
	check_rig_free(&r);
}

static void test_a_screen_that_does_not_change_shows_what_it_was(void **state)
{
	struct check_rig r = begin(LATENCY);
	struct check_region p;

	(void)state;
	screen(&r, 1, 500 * MS, 10);
	check_rig_frame(&r, 0, 1 * S, "100#");
	check_rig_end(&r, 10 * S);
	check_rig_expect(&r, 0, CHECK_FAIL,
		"the cause at 1.000s had no effect, 1 of 1 had none; pictures were read within 2.0ms "
		"of their flush");
	expect_region(&r, 0,
		"effect, a \"Cluster\" [8, 8, 4, 4] changes: after the flush at 0.500s (read 2.0ms "
		"later)",
		11);
	assert_false(check_region(r.c, verdict(&r, 0), 1, &p));
	expect_evidence(&r, "> 100# at 1.000s from a on can0 (cause)\n"
			    "> a \"Cluster\" [8, 8, 4, 4] changes: not at 1.050s (effect)\n");
	check_rig_free(&r);
}

static void test_the_time_of_a_flush_is_that_of_the_bench_clock_with_its_pauses(void **state)
{
	struct check_rig r = begin("  - order: {events: [{frame: {bus: can0}}, " SCREEN "]}\n");

	(void)state;
	check_rig_frame(&r, 0, 1 * S, "100#");
	/* Paused from 2 s on, for a minute. */
	check_clock(r.c, ZERO + 62 * S, 2 * S);
	screen(&r, 1, 62 * S + 500 * MS, 1);
	check_rig_end(&r, 10 * S);
	check_rig_expect(&r, 0, CHECK_PASS,
		"any frame on can0 at 1.000s, a \"Cluster\" [8, 8, 4, 4] changes at 2.500s");
	check_rig_free(&r);
}

static void test_what_cannot_be_watched_is_an_error(void **state)
{
	struct check_rig r = begin(LATENCY);

	(void)state;
	check_screen_failed(r.c, 1, "dyno-ui has ended");
	check_screen_failed(r.c, 0, "this is no event of a display");
	check_rig_end(&r, 10 * S);
	check_rig_expect(&r, 0, CHECK_ERROR,
		"a \"Cluster\" [8, 8, 4, 4] changes cannot be watched: dyno-ui has ended");
	check_rig_free(&r);
}

static void test_what_another_process_says_of_a_screen_is_checked(void **state)
{
	struct check_rig r = begin(LATENCY);
	CLEANUP_FD int small = fd_memfd("test", 16);
	struct check_screen ev = {
		.flushed_ns = ZERO + S, .read_ns = ZERO + S + MS, .pictures = small
	};
	struct check_region p;

	(void)state;
	check_screen(r.c, 0, &ev); /* the event of a frame */
	check_screen(r.c, 99, &ev);
	check_rig_frame(&r, 0, 1 * S, "100#");
	check_screen(r.c, 1, &ev); /* pictures that are too small */
	ev.read_ns = 0;
	check_screen(r.c, 1, &ev); /* read before it was flushed */
	check_rig_end(&r, 10 * S);
	check_rig_expect(&r, 0, CHECK_PASS,
		"1 causes; median 0s, longest 0s at 1.000s; pictures were read within 1.0ms of their "
		"flush");
	assert_false(check_region(r.c, verdict(&r, 0), 0, &p));
	check_rig_free(&r);
}

static void test_of_many_changes_the_first_and_the_newest_keep_their_pictures(void **state)
{
	struct check_rig r =
		begin("  - latency: {from: {frame: {bus: can0, id: 0x100}}, to: " SCREEN
		      ", max: 150ms}\n");

	(void)state;
	for (uint64_t i = 1; i <= 90; i++) {
		check_rig_frame(&r, 0, i * 100 * MS, "100#");
		screen(&r, 1, i * 100 * MS + (i == 90 ? 90 : 10) * MS, (uint8_t)i);
	}
	check_rig_end(&r, 10 * S);
	expect_region(&r, 0,
		"effect, a \"Cluster\" [8, 8, 4, 4] changes: before the flush at 9.090s (read 2.0ms "
		"later)",
		90);
	check_rig_free(&r);
}

/* --- evidence ---------------------------------------------------------------------------- */

static void test_evidence_of_latency_is_the_frames_around_cause_and_effect(void **state)
{
	struct check_rig r =
		begin("  - latency: {from: {frame: {bus: can0, id: 0x100}}, to: {frame: "
		      "{bus: can0, id: 0x200}}, max: 50ms}\n");

	(void)state;
	for (uint64_t i = 0; i < 100; i++) {
		check_rig_frame(&r, 0, i * 10 * MS, "300#AA");
		if (i == 20)
			check_rig_frame(&r, CHECK_FROM_HOST, 202 * MS, "100#");
		if (i == 60)
			check_rig_frame(&r, 0, 603 * MS, "200#01");
	}
	check_rig_end(&r, 10 * S);
	check_rig_expect(&r, 0, CHECK_FAIL,
		"1 of 1 effects came too late, first that of the cause at 0.202s; median 401ms, "
		"longest 401ms at 0.202s");
	expect_evidence(&r, "  300#AA at 0.170s from a on can0\n"
			    "  300#AA at 0.180s from a on can0\n"
			    "  300#AA at 0.190s from a on can0\n"
			    "  300#AA at 0.200s from a on can0\n"
			    "> 100# at 0.202s on can0 (cause)\n"
			    "  300#AA at 0.210s from a on can0\n"
			    "  300#AA at 0.220s from a on can0\n"
			    "  300#AA at 0.230s from a on can0\n"
			    "  300#AA at 0.240s from a on can0\n"
			    "  ...\n"
			    "  300#AA at 0.570s from a on can0\n"
			    "  300#AA at 0.580s from a on can0\n"
			    "  300#AA at 0.590s from a on can0\n"
			    "  300#AA at 0.600s from a on can0\n"
			    "> 200#01 at 0.603s from a on can0 (effect)\n"
			    "  300#AA at 0.610s from a on can0\n"
			    "  300#AA at 0.620s from a on can0\n"
			    "  300#AA at 0.630s from a on can0\n"
			    "  300#AA at 0.640s from a on can0\n");
	check_rig_free(&r);
}

static void test_evidence_of_an_order_has_frames_and_what_is_in_none(void **state)
{
	struct check_rig r =
		begin("  - order: {events: [{frame: {bus: can0, id: 0x100}}, {console: "
		      "{match: LIT}}, {frame: {bus: can1, id: 0x200}}]}\n");
	struct canfd_frame f = { .can_id = 0x200 };

	(void)state;
	check_rig_frame(&r, 0, 1 * S, "300#");
	check_rig_frame(&r, 0, 2 * S, "100#");
	check_frame(r.c, 1, CHECK_FROM_HOST, 2 * S + MS, &f, CAN_MTU);
	check_rig_line(&r, 0, 2 * S + 5 * MS, "LIT");
	check_rig_frame(&r, 0, 3 * S, "301#");
	check_rig_end(&r, 10 * S);
	check_rig_expect(&r, 0, CHECK_FAIL,
		"100 on can0 at 2.000s, /LIT/ of a at 2.005s, 200 on can1 at 2.001s (too early)");
	expect_evidence(&r, "  300# at 1.000s from a on can0\n"
			    "> 100# at 2.000s from a on can0\n"
			    "> 200# at 2.001s on can1\n"
			    "  301# at 3.000s from a on can0\n"
			    "> /LIT/ of a at 2.005s\n");
	check_rig_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_change_on_a_screen_is_the_effect_of_a_frame),
		cmocka_unit_test(test_a_screen_that_does_not_change_shows_what_it_was),
		cmocka_unit_test(
			test_the_time_of_a_flush_is_that_of_the_bench_clock_with_its_pauses),
		cmocka_unit_test(test_what_cannot_be_watched_is_an_error),
		cmocka_unit_test(test_what_another_process_says_of_a_screen_is_checked),
		cmocka_unit_test(test_of_many_changes_the_first_and_the_newest_keep_their_pictures),
		cmocka_unit_test(test_evidence_of_latency_is_the_frames_around_cause_and_effect),
		cmocka_unit_test(test_evidence_of_an_order_has_frames_and_what_is_in_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
