/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recorded drives through the cluster guest on KVM. Report requests are written into a copy of the
 * trace at chosen instants; the cluster answers each with what it shows after all frames before
 * it. The copy lies in the test's own folder.
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

#include "tests/e2e/dyno_proc.h"
#include "tests/support/recorded.h"

#define REPORTS 10

static char source[512];

struct shown {
	int speed; /* the readout, km/h */
	double speed_raw, rpm_raw;
	int gear; /* 0: none of 1..6 */
};

static bool can_run(void)
{
	if (access("/dev/kvm", R_OK | W_OK) == 0)
		return true;
	print_message("skipped: /dev/kvm cannot be used here\n");
	return false;
}

/* Copies a trace and puts request n before the first frame at or after at[n]. */
static void write_marked(FILE *in, const char *name, const double *at)
{
	FILE *out = fopen(proc_path(name), "w");
	char line[512];
	double first = -1;
	unsigned int n = 0;

	assert_non_null(out);
	while (fgets(line, sizeof(line), in)) {
		double t;

		if (sscanf(line, "(%lf)", &t) != 1)
			continue;
		first = first < 0 ? t : first;
		for (; n < REPORTS && t - first >= at[n]; n++)
			fprintf(out, "(%.*s) can0 7E0#%02X00\n", (int)strcspn(line + 1, ")"),
				line + 1, n);
		fputs(line, out);
	}
	assert_int_equal(n, REPORTS);
	fclose(out);
}

/* Plays the marked trace and reads the reports back. */
static void play(const char *map, int speed, int seconds, struct shown got[REPORTS])
{
	struct proc p;
	char text[2048], *log;

	snprintf(text, sizeof(text),
		"duration: %ds\n"
		"ui: headless\n"
		"buses:\n"
		"  can0:\n"
		"guests:\n"
		"  cluster:\n"
		"    kernel: builtin:cluster\n"
		"    can: [can0]\n"
		"    signals: %s/scenarios/maps/%s\n"
		"    displays: [ { width: 1920, height: 720 } ]\n"
		"replays:\n"
		"  - { file: marked.log, map: { can0: can0 }, at: 2s, speed: %d }\n"
		"checks:\n"
		"  - ready: { within: 20s }\n",
		seconds, source, map, speed);
	proc_write("drive.yaml", text);
	if (proc_run(&p, ARGS("run", "--headless", "--quiet", "drive.yaml")))
		fail_msg("dyno: %d\n%s%s", p.status, p.out, p.err);
	proc_free(&p);
	log = proc_read("out/cluster.log");
	assert_non_null(log);
	for (int n = 0; n < REPORTS; n++) {
		char want[32], *line, *gear;

		snprintf(want, sizeof(want), "REPORT %d ", n);
		line = strstr(log, want);
		if (!line)
			fail_msg("no report %d in:\n%s", n, log);
		line[strcspn(line, "\n")] = '\0';
		print_message("%s\n", line);
		if (sscanf(line, "REPORT %*d speed=%d speed_raw=%lf rpm=%*d rpm_raw=%lf",
			    &got[n].speed, &got[n].speed_raw, &got[n].rpm_raw) != 3)
			fail_msg("not a full report: %s", line);
		gear = strstr(line, " gear=");
		assert_non_null(gear);
		got[n].gear = (int)strtol(gear + 6, NULL, 10);
		line[strlen(line)] = '\n';
	}
	free(log);
}

static void test_synthetic_drive_is_shown_as_its_frames_say(void **state)
{
	static const double at[REPORTS] = { 1, 3.3, 5, 8, 11.7, 13.5, 16, 19, 22.2, 26 };
	struct shown want[REPORTS], got[REPORTS];
	char path[640], line[512];
	double first = -1;
	unsigned int speed = 0, rpm = 0, gear = 0, n = 0;
	FILE *in;

	(void)state;
	if (!can_run())
		skip();
	snprintf(path, sizeof(path), "%s/assets/traces/synthetic-drive.log", source);
	in = fopen(path, "r");
	assert_non_null(in);
	/* Bits read by hand here: scenarios/maps/synthetic.yaml is under test too. */
	while (fgets(line, sizeof(line), in)) {
		unsigned int id, lo, hi, b;
		double t;

		assert_int_equal(sscanf(line, "(%lf) can0 %x#%2x%2x", &t, &id, &lo, &hi), 4);
		first = first < 0 ? t : first;
		for (; n < REPORTS && t - first >= at[n]; n++)
			want[n] = (struct shown){ (int)floor(speed * 0.01 + 0.5), speed * 0.01,
				rpm * 0.25, (int)gear };
		if (id == 0x0d4)
			speed = lo | hi << 8;
		if (id == 0x0c8 && sscanf(strchr(line, '#') + 7, "%2x", &b) == 1) {
			rpm = lo | hi << 8;
			gear = b;
		}
	}
	rewind(in);
	write_marked(in, "marked.log", at);
	fclose(in);
	play("synthetic.yaml", 4, 11, got);
	for (n = 0; n < REPORTS; n++) {
		assert_int_equal(got[n].speed, want[n].speed);
		assert_true(fabs(got[n].speed_raw - want[n].speed_raw) < 1e-5);
		assert_true(fabs(got[n].rpm_raw - want[n].rpm_raw) < 1e-5);
		assert_int_equal(got[n].gear, want[n].gear);
	}
}

/* The reference's row for an instant: the newest values strictly before it. */
static struct shown expected(FILE *csv, double at)
{
	char line[512];

	rewind(csv);
	while (fgets(line, sizeof(line), csv)) {
		double t, speed, rpm, gear;
		const char *reverse = line;

		if (sscanf(line, "%lf,%lf,%lf,%lf", &t, &speed, &rpm, &gear) != 4 ||
			fabs(t - at) > 0.01)
			continue;
		for (int i = 0; reverse && i < 7; i++)
			reverse = strchr(reverse + 1, ',');
		if (reverse && reverse[1] == '1')
			gear = 0;
		return (struct shown){ (int)floor(speed * 3.6 + 0.5), speed * 3.6, rpm,
			gear >= 1 && gear <= 6 ? (int)gear : 0 };
	}
	fail_msg("no row for %.1f s", at);
	return (struct shown){ 0 };
}

static void test_recorded_drive_is_shown_as_its_reference_says(void **state)
{
	static const double at[REPORTS] = { 2, 12, 25.5, 33.3, 41.7, 50, 58.2, 66.6, 75, 88.8 };
	struct shown got[REPORTS];
	char path[640];
	FILE *in, *csv;

	(void)state;
	snprintf(path, sizeof(path), "%s/pairs/subaru_brz/can_sample.log", recorded_data());
	in = fopen(path, "r");
	snprintf(path, sizeof(path), "%s/pairs/subaru_brz/expected_10hz.csv", recorded_data());
	csv = fopen(path, "r");
	if (!in || !csv)
		print_message(
			"skipped: no recorded drive in %s/pairs/subaru_brz\n", recorded_data());
	if (!in || !csv || !can_run())
		skip();
	write_marked(in, "marked.log", at);
	play("subaru-brz.yaml", 4, 26, got);
	for (int n = 0; n < REPORTS; n++) {
		struct shown want = expected(csv, at[n]);

		assert_int_equal(got[n].speed, want.speed);
		assert_true(fabs(got[n].speed_raw - want.speed_raw) < 1e-3);
		assert_true(fabs(got[n].rpm_raw - want.rpm_raw) < 1e-5);
		assert_int_equal(got[n].gear, want.gear);
	}
	fclose(in);
	fclose(csv);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_synthetic_drive_is_shown_as_its_frames_say),
		cmocka_unit_test(test_recorded_drive_is_shown_as_its_reference_says),
	};
	const char *src = getenv("DYNO_SOURCE_DIR");

	snprintf(source, sizeof(source), "%s", src ? src : ".");
	return cmocka_run_group_tests_name("apps_report", tests, NULL, proc_group_teardown);
}
