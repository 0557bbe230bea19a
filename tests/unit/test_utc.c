/* SPDX-License-Identifier: Apache-2.0 */
/* Dates, and the time of day of a machine. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/calendar.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/utc.h"

#define S INT64_C(1000000000)

/* ---- dates ---- */

static void test_dates_are_those_of_the_c_library(void **state)
{
	(void)state;
	/* A prime step, so that all times of day and all dates are met. */
	for (int64_t t = INT64_C(-70000000000); t < INT64_C(70000000000); t += 86028121) {
		struct calendar c = calendar_of(t);
		time_t lib = (time_t)t;
		struct tm tm;

		assert_non_null(gmtime_r(&lib, &tm));
		assert_int_equal(c.year, tm.tm_year + 1900);
		assert_int_equal(c.month, tm.tm_mon + 1);
		assert_int_equal(c.day, tm.tm_mday);
		assert_int_equal(c.hour, tm.tm_hour);
		assert_int_equal(c.minute, tm.tm_min);
		assert_int_equal(c.second, tm.tm_sec);
		assert_int_equal(calendar_days(c.year, c.month, c.day), floor_div(t, DAY_SECONDS));
	}
}

static void test_times_are_read_as_people_write_them(void **state)
{
	static const struct {
		const char *text;
		int64_t ns;
	} good[] = {
		{ "1970-01-01", 0 },
		{ "2027-01-15T08:00:00Z", INT64_C(1800000000) * S },
		{ "2027-01-15 08:00:00Z", INT64_C(1800000000) * S },
		{ "2027-01-15T08:00:00.25Z", INT64_C(1800000000) * S + S / 4 },
		{ "2027-01-15T08:00:00.000000001Z", INT64_C(1800000000) * S + 1 },
		{ "2028-02-29T23:59:59Z", INT64_C(1835481599) * S },
		{ "2199-12-31T23:59:59.999999999Z", UTC_MAX_NS },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		int64_t ns = -1;

		assert_int_equal(calendar_parse(good[i].text, &ns), 0);
		assert_int_equal(ns, good[i].ns);
	}
}

static void test_what_is_no_time_is_refused(void **state)
{
	static const char *const bad[] = { "", "2027", "2027-1-1", "2027-13-01", "2027-00-01",
		"2027-02-29", "2027-04-31", "2027-01-32", "2027-01-00", "2027-01-15T",
		"2027-01-15T08", "2027-01-15T08:00:00", "2027-01-15T08:00:00+01:00",
		"2027-01-15T24:00:00Z", "2027-01-15T08:60:00Z", "2027-01-15T08:00:60Z",
		"2027-01-15T08:00:00.Z", "2027-01-15T08:00:00.0000000001Z", "2027-01-15T08:00:00Z ",
		"+027-01-15", "2027-01-15x" };
	int64_t ns = 7;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(calendar_parse(bad[i], &ns), -EINVAL);
	assert_int_equal(calendar_parse("1969-12-31", &ns), -ERANGE);
	assert_int_equal(calendar_parse("2200-01-01", &ns), -ERANGE);
	assert_int_equal(ns, 7);
}

/* ---- a machine's time ---- */

static void test_without_another_time_it_is_the_hosts(void **state)
{
	struct utc u;
	int64_t before = utc_host_ns(), t;
	uint64_t now = clock_now_ns();

	(void)state;
	utc_init(&u);
	t = utc_now_ns(&u);
	assert_true(t >= before && t <= utc_host_ns());
	/* Somebody may set it: nobody waits longer than ten seconds. */
	assert_true(utc_look_ns(&u, INT64_MAX) <= clock_now_ns() + 10 * NS_PER_S);
	assert_true(utc_look_ns(&u, INT64_MAX) >= now + 10 * NS_PER_S);
	assert_true(utc_look_ns(&u, INT64_MIN) <= clock_now_ns());
	utc_fini(&u);
}

static void test_a_time_of_its_own_runs_or_stands(void **state)
{
	const int64_t t0 = INT64_C(1800000000) * S;
	uint64_t now = clock_now_ns();
	struct utc u;

	(void)state;
	utc_init(&u);
	utc_set(&u, t0, now, false);
	assert_int_equal(utc_now_ns(&u), t0);
	assert_int_equal(utc_look_ns(&u, t0 + 1), UINT64_MAX);
	assert_true(utc_look_ns(&u, t0) <= clock_now_ns());
	utc_set(&u, t0, now - 5 * NS_PER_S, true);
	assert_true(utc_now_ns(&u) >= t0 + 5 * S);
	/* An hour on, from the moment at which it was set. */
	assert_in_range(utc_look_ns(&u, t0 + 3605 * S), now + 3600 * NS_PER_S - NS_PER_MS,
		clock_now_ns() + 3600 * NS_PER_S);
	utc_fini(&u);
}

static void test_waits_that_no_clock_can_hold_are_forever(void **state)
{
	struct utc u;

	(void)state;
	utc_init(&u);
	utc_set(&u, 0, UINT64_C(1) << 62, true);
	assert_true(utc_now_ns(&u) < 0);
	assert_true(utc_look_ns(&u, INT64_MAX) > clock_now_ns());
	utc_set(&u, UTC_MAX_NS, 0, true);
	assert_true(utc_now_ns(&u) > UTC_MAX_NS);
	utc_fini(&u);
}

static void test_tai_is_ahead_by_the_leap_seconds_of_the_day(void **state)
{
	static const struct {
		const char *day;
		int ahead;
	} known[] = { { "1970-01-01", 10 }, { "1972-06-30", 10 }, { "1972-07-01", 11 },
		{ "1999-01-01", 32 }, { "2005-12-31", 32 }, { "2006-01-01", 33 },
		{ "2016-12-31", 36 }, { "2017-01-01", 37 }, { "2027-01-15", 37 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		int64_t t = 0;

		assert_int_equal(calendar_parse(known[i].day, &t), 0);
		assert_int_equal(utc_tai_offset_ns(t), known[i].ahead * S);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dates_are_those_of_the_c_library),
		cmocka_unit_test(test_times_are_read_as_people_write_them),
		cmocka_unit_test(test_what_is_no_time_is_refused),
		cmocka_unit_test(test_without_another_time_it_is_the_hosts),
		cmocka_unit_test(test_a_time_of_its_own_runs_or_stands),
		cmocka_unit_test(test_waits_that_no_clock_can_hold_are_forever),
		cmocka_unit_test(test_tai_is_ahead_by_the_leap_seconds_of_the_day),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
