/* SPDX-License-Identifier: Apache-2.0 */
/* What a satellite receiver knows, and its sentences. */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "sim/gnss/receiver.h"

/* ---- sentences ---- */

static void test_checksums_are_those_of_published_sentences(void **state)
{
	static const struct {
		const char *body;
		uint8_t sum;
	} known[] = {
		{ "GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,", 0x47 },
		{ "GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W", 0x6a },
		{ "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		assert_int_equal(nmea_checksum(known[i].body, strlen(known[i].body)), known[i].sum);
}

static void test_a_fix_is_said_in_five_sentences(void **state)
{
	const struct nmea_fix f = { .utc_ns = INT64_C(764426119) * INT64_C(1000000000),
		.fix = true,
		.latitude_deg = 48.1173,
		.longitude_deg = 11 + 31.0 / 60,
		.has_altitude = true,
		.has_speed = true,
		.has_course = true,
		.altitude_m = 592.3,
		.geoid_m = 46.9,
		.speed_mps = 22.4 * 1852 / 3600,
		.course_deg = 84.4,
		.satellites = 5,
		.hdop = 0.9 };
	char text[NMEA_EPOCH_BYTES];
	size_t len = nmea_epoch(text, &f);

	(void)state;
	assert_int_equal(len, strlen(text));
	assert_string_equal(text,
		"$GPRMC,123519.000,A,4807.03800,N,01131.00000,E,22.40,84.4,230394,,,A*52\r\n"
		"$GPGGA,123519.000,4807.03800,N,01131.00000,E,1,05,0.9,545.4,M,46.9,M,,*54\r\n"
		"$GPVTG,84.4,T,,M,22.40,N,41.48,K,A*38\r\n"
		"$GPGSA,A,3,01,02,03,04,05,,,,,,,,1.5,0.9,1.2*3D\r\n"
		"$GPGSV,2,1,05,01,20,000,42,02,73,137,42,03,61,274,42,04,49,051,42*77\r\n"
		"$GPGSV,2,2,05,05,37,188,42*4A\r\n");
}

static void test_without_a_fix_only_the_time_is_said(void **state)
{
	const struct nmea_fix f = { .utc_ns = INT64_C(764426119) * INT64_C(1000000000) + 250000000,
		.latitude_deg = 1,
		.longitude_deg = 1,
		.has_speed = true,
		.speed_mps = 3,
		.satellites = 5,
		.hdop = 1 };
	char text[NMEA_EPOCH_BYTES];

	(void)state;
	nmea_epoch(text, &f);
	assert_string_equal(text, "$GPRMC,123519.250,V,,,,,,,230394,,,N*48\r\n"
				  "$GPGGA,123519.250,,,,,0,00,,,M,,M,,*72\r\n"
				  "$GPVTG,,T,,M,,N,,K,N*2C\r\n"
				  "$GPGSA,A,1,,,,,,,,,,,,,,,*1E\r\n"
				  "$GPGSV,1,1,00*79\r\n");
}

static void test_minutes_and_degrees_carry_over(void **state)
{
	struct nmea_fix f = { .fix = true,
		.latitude_deg = -47.99999999999,
		.longitude_deg = -11.99999999999,
		.has_course = true,
		.course_deg = 359.96 };
	char text[NMEA_EPOCH_BYTES];

	(void)state;
	nmea_epoch(text, &f);
	assert_non_null(strstr(text, ",4800.00000,S,01200.00000,W,,0.0,"));
	/* Eastward over the date line. */
	f.longitude_deg = 181;
	nmea_epoch(text, &f);
	assert_non_null(strstr(text, ",17900.00000,W,"));
	f.course_deg = -90;
	nmea_epoch(text, &f);
	assert_non_null(strstr(text, ",270.0,"));
}

static void test_any_numbers_fit_the_sentences(void **state)
{
	static const double odd[] = { 0, -0.0, 1e-300, 1e9, -1e9, DBL_MAX, -DBL_MAX, 90, -180,
		359.95 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(odd) * ARRAY_SIZE(odd); i++) {
		double a = odd[i % ARRAY_SIZE(odd)], b = odd[i / ARRAY_SIZE(odd)];
		const struct nmea_fix f = { .utc_ns = i % 2 ? INT64_MAX : INT64_MIN,
			.fix = true,
			.has_altitude = true,
			.has_speed = true,
			.has_course = true,
			.latitude_deg = a,
			.longitude_deg = b,
			.altitude_m = a,
			.geoid_m = b,
			.speed_mps = a,
			.course_deg = b,
			.satellites = UINT32_MAX,
			.hdop = a };
		char text[NMEA_EPOCH_BYTES], *line, *end;

		assert_true(nmea_epoch(text, &f) < NMEA_EPOCH_BYTES);
		for (line = text; *line; line = end + 2) {
			end = strstr(line, "\r\n");
			assert_non_null(end);
			assert_true(end + 2 - line <= 82);
			assert_int_equal(strtoul(end - 2, NULL, 16),
				nmea_checksum(line + 1, (size_t)(end - line - 4)));
		}
	}
}

/* ---- what it knows ---- */

enum { LATITUDE, LONGITUDE, ALTITUDE, HEADING, SPEED, FIX, DEFS };

struct bed {
	struct signal_def defs[DEFS];
	struct signal_model model;
	struct ev_loop *loop;
	struct bench_clock clock;
	struct agenda agenda;
	struct signals *table;
	struct gnss *gnss;
};

static int setup(void **state)
{
	struct bed *t = calloc(1, sizeof(*t));

	for (unsigned int i = 0; i < DEFS; i++)
		t->defs[i] = (struct signal_def){ .name = "x", .unit = "", .doc = "" };
	t->defs[SPEED].stale_ns = 2 * NS_PER_S;
	t->defs[LATITUDE].stale_ns = 2 * NS_PER_S;
	t->model.n_defs = DEFS;
	t->model.defs = t->defs;
	assert_int_equal(ev_loop_new(&t->loop), 0);
	bench_clock_init(&t->clock);
	assert_int_equal(agenda_init(&t->agenda, t->loop, &t->clock), 0);
	assert_int_equal(signals_new(&t->table, &t->model, &t->agenda), 0);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct bed *t = *state;

	gnss_free(t->gnss);
	signals_free(t->table);
	agenda_fini(&t->agenda);
	ev_loop_free(t->loop);
	free(t);
	return 0;
}

static void start(struct bed *t, bool reckons)
{
	const struct gnss_config cfg = { .signals = { [GNSS_LATITUDE] = LATITUDE,
						 [GNSS_LONGITUDE] = LONGITUDE,
						 [GNSS_ALTITUDE] = ALTITUDE,
						 [GNSS_HEADING] = HEADING,
						 [GNSS_SPEED] = SPEED,
						 [GNSS_FIX] = FIX },
		.mps = 1 / 3.6,
		.reckons = reckons,
		.latitude_deg = 48,
		.longitude_deg = 11,
		.satellites = 9,
		.hdop = 0.9 };

	assert_int_equal(gnss_new(&t->gnss, &cfg, t->table), 0);
}

static void set(struct bed *t, uint32_t signal, double v, uint64_t t_ns)
{
	assert_int_equal(signals_set(t->table, signal, v, t_ns, SIGNAL_BY_SCENARIO), 0);
}

static struct nmea_fix look(struct bed *t, uint64_t t_ns)
{
	struct nmea_fix f;

	agenda_run_to(&t->agenda, t_ns);
	gnss_look(t->gnss, t_ns, 77, &f);
	return f;
}

static void near(double got, double want, double tolerance)
{
	if (fabs(got - want) > tolerance)
		fail_msg("%.12g is not %.12g", got, want);
}

/* 48.5 degrees north, 11.5 east, with nobody saying whether it sees the sky. */
static void start_placed(struct bed *t)
{
	start(t, false);
	set(t, LATITUDE, 48.5, 0);
	set(t, LONGITUDE, 11.5, 0);
}

static void test_position_of_signals_needs_both_of_them_fresh(void **state)
{
	struct bed *t = *state;
	struct nmea_fix f;

	start(t, false);
	set(t, FIX, 1, 0);
	assert_false(look(t, 0).fix);
	set(t, LATITUDE, 48.5, 0);
	assert_false(look(t, 0).fix);
	set(t, LONGITUDE, 11.5, 0);
	f = look(t, NS_PER_S);
	assert_true(f.fix);
	near(f.latitude_deg, 48.5, 0);
	near(f.longitude_deg, 11.5, 0);
	assert_int_equal(f.utc_ns, 77);
	assert_int_equal(f.satellites, 9);
	/* It is believed for two seconds. */
	assert_false(look(t, 3 * NS_PER_S).fix);
	set(t, LATITUDE, 48.6, 3 * NS_PER_S);
	assert_true(look(t, 3 * NS_PER_S).fix);
}

static void test_what_is_not_known_is_left_out(void **state)
{
	struct bed *t = *state;
	struct nmea_fix f;

	start_placed(t);
	set(t, FIX, 1, 0);
	f = look(t, 0);
	assert_false(f.has_speed || f.has_course || f.has_altitude);
	set(t, SPEED, 36, 0);
	set(t, HEADING, 90, 0);
	set(t, ALTITUDE, 500, 0);
	f = look(t, 0);
	assert_true(f.has_speed && f.has_course && f.has_altitude);
	near(f.speed_mps, 10, 1e-9);
	near(f.course_deg, 90, 0);
	near(f.altitude_m, 500, 0);
}

static void test_in_a_tunnel_there_is_no_fix(void **state)
{
	struct bed *t = *state;

	start_placed(t);
	assert_false(look(t, 0).fix);
	set(t, FIX, 1, 0);
	assert_true(look(t, 0).fix);
	set(t, FIX, 0, 0);
	assert_false(look(t, 0).fix);
}

static void test_stuck_signals_are_what_is_shown(void **state)
{
	struct bed *t = *state;

	start_placed(t);
	set(t, FIX, 1, 0);
	signals_stick(t->table, LONGITUDE, true);
	set(t, LONGITUDE, 12, 0);
	near(look(t, 0).longitude_deg, 11.5, 0);
}

static void test_dead_reckoning_goes_as_far_as_the_speed_says(void **state)
{
	/* Metres of a degree at 48 degrees north, of WGS 84's tables. */
	const double north_m = 111200.4, east_m = 74628.6;
	struct bed *t = *state;
	struct nmea_fix f;

	start(t, true);
	set(t, FIX, 1, 0);
	assert_false(look(t, 0).fix);
	set(t, SPEED, 36, 0);
	assert_false(look(t, 0).fix);
	set(t, HEADING, 90, 0);
	assert_true(look(t, 0).fix);
	/* 10 m/s for 1.5 s to the east, then 20 m/s to the north: looked at in between, or not. */
	(void)look(t, NS_PER_S);
	set(t, SPEED, 72, 3 * NS_PER_S / 2);
	set(t, HEADING, 0, 3 * NS_PER_S / 2);
	f = look(t, 3 * NS_PER_S);
	assert_true(f.fix);
	near((f.longitude_deg - 11) * east_m, 15, 0.01);
	near((f.latitude_deg - 48) * north_m, 30, 0.01);
	near(f.speed_mps, 20, 1e-9);
}

static void test_dead_reckoning_stops_when_the_speed_is_stale(void **state)
{
	struct bed *t = *state;
	double there;

	start(t, true);
	set(t, FIX, 1, 0);
	set(t, HEADING, 0, 0);
	set(t, SPEED, 36, 0);
	assert_true(look(t, NS_PER_S).fix);
	assert_false(look(t, 5 * NS_PER_S).fix);
	there = look(t, 9 * NS_PER_S).latitude_deg;
	near((there - 48) * 111200.4, 20, 0.01); /* the two seconds that were believed */
	set(t, SPEED, 36, 9 * NS_PER_S);
	near((look(t, 10 * NS_PER_S).latitude_deg - there) * 111200.4, 10, 0.01);
}

static void test_a_long_drive_stays_on_the_globe(void **state)
{
	struct bed *t = *state;

	start(t, true);
	set(t, FIX, 1, 0);
	set(t, HEADING, 0, 0);
	for (uint64_t s = 0; s < 30; s++) {
		struct nmea_fix f;

		set(t, SPEED, 1e6, s * NS_PER_S);
		set(t, HEADING, s % 2 ? 0 : 91, s * NS_PER_S);
		f = look(t, (s + 1) * NS_PER_S);
		assert_true(fabs(f.latitude_deg) <= 90 && fabs(f.longitude_deg) <= 180);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_checksums_are_those_of_published_sentences),
		cmocka_unit_test(test_a_fix_is_said_in_five_sentences),
		cmocka_unit_test(test_without_a_fix_only_the_time_is_said),
		cmocka_unit_test(test_minutes_and_degrees_carry_over),
		cmocka_unit_test(test_any_numbers_fit_the_sentences),
#define WITH_TABLE(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
		WITH_TABLE(test_position_of_signals_needs_both_of_them_fresh),
		WITH_TABLE(test_what_is_not_known_is_left_out),
		WITH_TABLE(test_in_a_tunnel_there_is_no_fix),
		WITH_TABLE(test_stuck_signals_are_what_is_shown),
		WITH_TABLE(test_dead_reckoning_goes_as_far_as_the_speed_says),
		WITH_TABLE(test_dead_reckoning_stops_when_the_speed_is_stale),
		WITH_TABLE(test_a_long_drive_stays_on_the_globe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
