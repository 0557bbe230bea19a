/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole drives through the cluster's logic with the shipped signal maps: the synthetic one, and the
 * recorded one where its folder is there. No machine, no time: frames carry their stamps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cluster.h"
#include "sim/scenario/sigmap.h"
#include "tests/support/recorded.h"

static char source[512];

static void open_map(const char *name, struct sigmap *map, struct dyno_sigmap *out, uint8_t **blob)
{
	char path[640];
	const char *why = "";

	snprintf(path, sizeof(path), "%s/scenarios/maps/%s", source, name);
	assert_int_equal(sigmap_load(path, stderr, map), 0);
	*blob = calloc(1, sigmap_packed_bytes(map));
	assert_non_null(*blob);
	sigmap_pack(map, *blob);
	if (dyno_sigmap_check(*blob, sigmap_packed_bytes(map), out, &why))
		fail_msg("%s: %s", name, why);
}

/* Reads "(seconds.micros) can0 ID#DATA". */
static bool next_frame(FILE *f, double *t, struct dyno_can_frame *out)
{
	char line[256], data[140];
	unsigned int id;

	if (!fgets(line, sizeof(line), f))
		return false;
	*out = (struct dyno_can_frame){ 0 };
	data[0] = '\0';
	if (sscanf(line, "(%lf) %*s %x#%139s", t, &id, data) < 2)
		return false;
	out->id = id;
	out->len = (uint8_t)(strlen(data) / 2);
	for (unsigned int i = 0; i < out->len; i++) {
		const char byte[3] = { data[2 * i], data[2 * i + 1], '\0' };

		out->data[i] = (uint8_t)strtoul(byte, NULL, 16);
	}
	return true;
}

static const char *const buses[1] = { "can0" };

static void test_every_mapped_gauge_of_the_synthetic_drive_lives(void **state)
{
	static const char *const none_on_the_bus[] = { "report" };
	struct sigmap map;
	struct dyno_sigmap m;
	uint8_t *blob;
	struct cluster c;
	struct cluster_view v;
	struct dyno_can_frame f;
	char path[640], line[512];
	double t = 0, first = -1, top = 0;
	unsigned int lefts = 0, gears = 0;
	FILE *log;

	(void)state;
	open_map("synthetic.yaml", &map, &m, &blob);
	snprintf(path, sizeof(path), "%s/assets/traces/synthetic-drive.log", source);
	log = fopen(path, "r");
	assert_non_null(log);
	cluster_init(&c, &m, buses, 1, 0);
	while (next_frame(log, &t, &f)) {
		uint64_t now;
		long n;

		first = first < 0 ? t : first;
		now = (uint64_t)((t - first) * 1e9) + 1;
		assert_false(cluster_rx(&c, 0, &f, now, &n));
		cluster_show(&c, now, &v);
		top = v.speed.live && v.speed.v > top ? v.speed.v : top;
		lefts += v.left;
		if (v.gear[0] >= '1' && v.gear[0] <= '6')
			gears |= 1u << (v.gear[0] - '0');
		/* From the first second on nothing may go grey. */
		if (t - first > 1.5)
			assert_true(v.speed.live && v.rpm.live && v.fuel.live && v.coolant.live &&
				    v.outside.live && v.clock.live && v.odometer.live);
	}
	fclose(log);
	assert_true(t - first > 89 && t - first < 91);
	assert_true(top > 110 && top < 140);
	assert_true(lefts > 100);
	assert_int_equal(gears, 0x7e);
	cluster_report(&c, 1, (uint64_t)((t - first) * 1e9) + 1, line, sizeof(line));
	assert_non_null(strstr(line, " gear=N "));
	assert_non_null(strstr(line, " door=1"));
	/* Every entry is received, or sent, or asked for. */
	for (unsigned int i = 0; i < m.count; i++)
		assert_true(m.entry[i].flags & SIGMAP_F_TX || m.entry[i].can_id < 0x600 ||
			    !strcmp(m.entry[i].gauge, none_on_the_bus[0]));
	free(blob);
	sigmap_fini(&map);
}

/* expected_10hz.csv: the value of the newest frame strictly before t. */
static bool expected(FILE *csv, double at, double *speed_ms, double *rpm, double *gear)
{
	char line[512];

	rewind(csv);
	while (fgets(line, sizeof(line), csv)) {
		double t;

		if (sscanf(line, "%lf,%lf,%lf,%lf", &t, speed_ms, rpm, gear) == 4 &&
			fabs(t - at) < 0.01)
			return true;
	}
	return false;
}

static void test_recorded_drive_shows_what_the_reference_says_at_ten_instants(void **state)
{
	static const double at[] = { 1.0, 12.0, 25.5, 33.3, 41.7, 50.0, 58.2, 66.6, 75.0, 88.8 };
	struct sigmap map;
	struct dyno_sigmap m;
	uint8_t *blob;
	struct cluster c;
	struct dyno_can_frame f;
	char path[640];
	double t, first = -1;
	unsigned int next = 0;
	FILE *log, *csv;

	(void)state;
	snprintf(path, sizeof(path), "%s/pairs/subaru_brz/can_sample.log", recorded_data());
	log = fopen(path, "r");
	snprintf(path, sizeof(path), "%s/pairs/subaru_brz/expected_10hz.csv", recorded_data());
	csv = fopen(path, "r");
	if (!log || !csv) {
		print_message(
			"skipped: no recorded drive in %s/pairs/subaru_brz\n", recorded_data());
		skip();
	}
	open_map("subaru-brz.yaml", &map, &m, &blob);
	cluster_init(&c, &m, buses, 1, 0);
	while (next < 10 && next_frame(log, &t, &f)) {
		double speed, rpm, gear;
		char line[512], want[32];
		uint64_t now;
		long n;

		first = first < 0 ? t : first;
		now = (uint64_t)((t - first) * 1e9) + 1;
		while (next < 10 && t - first >= at[next]) {
			double raw;

			assert_true(expected(csv, at[next], &speed, &rpm, &gear));
			cluster_report(&c, (long)next, now, line, sizeof(line));
			snprintf(want, sizeof(want), " speed=%.0f ", floor(speed * 3.6 + 0.5));
			assert_non_null(strstr(line, want));
			assert_int_equal(
				sscanf(strstr(line, "speed_raw="), "speed_raw=%lf", &raw), 1);
			assert_true(fabs(raw - speed * 3.6) < 1e-3);
			snprintf(want, sizeof(want), "rpm_raw=%.6f ", rpm);
			assert_non_null(strstr(line, want));
			if (gear >= 1 && gear <= 6)
				snprintf(want, sizeof(want), " gear=%.0f ", gear);
			else
				snprintf(want, sizeof(want), " gear=");
			assert_non_null(strstr(line, want));
			next++;
		}
		assert_false(cluster_rx(&c, 0, &f, now, &n));
	}
	assert_int_equal(next, 10);
	fclose(log);
	fclose(csv);
	free(blob);
	sigmap_fini(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_mapped_gauge_of_the_synthetic_drive_lives),
		cmocka_unit_test(test_recorded_drive_shows_what_the_reference_says_at_ten_instants),
	};
	const char *src = getenv("DYNO_SOURCE_DIR");

	snprintf(source, sizeof(source), "%s", src ? src : ".");
	return cmocka_run_group_tests_name("apps_drive", tests, NULL, NULL);
}
