/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recorded drive, untouched, through the cluster guest on KVM. Timed frames ask the cluster
 * what it shows at ten instants; the recording of the bus must hold every frame of the drive, in
 * its order, and each question exactly where it belongs. One run serves all tests.
 *
 * test_apps_report.c asks inside the trace; here the question comes from the bench's clock.
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

#define INSTANTS 10
#define SPEED    5 /* times as fast as recorded; divides a tenth of a second */
#define BEGIN_S  1
#define LENGTH_S 20 /* 1 + 90.282 / 5, and time to end */

/* In tenths of a second of the drive: reverse, pulling away, shifts of gear, full speed. */
static const unsigned int instant[INSTANTS] = { 80, 121, 210, 352, 391, 460, 495, 540, 628, 884 };

static char trace_path[640], csv_path[640];
static const char *source;
/* The cluster's console, and the bench's metrics, of the one run. */
static char *console;
static json_t *metrics;

/* ---- the run ---- */

static void write_scenario(void)
{
	FILE *f = fopen(proc_path("drive.yaml"), "we");

	assert_non_null(f);
	fprintf(f,
		"duration: %ds\n"
		"ui: headless\n"
		"buses:\n"
		"  can0:\n"
		"guests:\n"
		"  cluster:\n"
		"    kernel: builtin:cluster\n"
		"    can: [can0]\n"
		"    signals: %s/scenarios/maps/subaru-brz.yaml\n"
		"    displays: [ { width: 1920, height: 720 } ]\n"
		"replays:\n"
		"  - { file: %s, map: { can0: can0 }, at: %ds, speed: %d }\n"
		"actions:\n",
		LENGTH_S, source, trace_path, BEGIN_S, SPEED);
	for (unsigned int n = 0; n < INSTANTS; n++) {
		fprintf(f, "  - { at: %ums, send: { bus: can0, frame: 7E0#%02X00 } }\n",
			BEGIN_S * 1000 + instant[n] * 100 / SPEED, n);
	}
	fprintf(f, "checks:\n  - ready: { within: 20s }\n");
	fclose(f);
}

static int group_setup(void **state)
{
	struct proc p;

	(void)state;
	write_scenario();
	if (proc_run(&p, ARGS("run", "--headless", "--quiet", "drive.yaml")) != 0) {
		print_error("dyno: %d\n%s%s", p.status, p.out, p.err);
		return -1;
	}
	proc_free(&p);
	console = proc_read("out/cluster.log");
	metrics = json_load_file(proc_path("out/metrics.json"), 0, NULL);
	return console && metrics ? 0 : -1;
}

static int group_teardown(void **state)
{
	(void)state;
	free(console);
	json_decref(metrics);
	proc_folder_remove();
	return 0;
}

/* ---- what is shown ---- */

struct reference {
	double speed_kmh, rpm, coolant;
	int gear; /* 7: none is engaged */
	bool reverse;
};

static bool field(const char *line, unsigned int i, double *out)
{
	char *end;

	for (; i; i--) {
		line = strchr(line, ',');
		if (!line++)
			return false;
	}
	*out = strtod(line, &end);
	return end != line;
}

/* The reference's row: newest values strictly before the instant. */
static struct reference reference_at(unsigned int tenths)
{
	struct reference r = { 0 };
	char line[512];
	FILE *csv = fopen(csv_path, "re");
	bool found = false;

	assert_non_null(csv);
	while (!found && fgets(line, sizeof(line), csv)) {
		double t, speed = 0, gear = 0, reverse = 0;

		if (!field(line, 0, &t) || fabs(t - tenths / 10.0) > 0.01)
			continue;
		found = field(line, 1, &speed) && field(line, 2, &r.rpm) && field(line, 3, &gear) &&
			field(line, 7, &reverse) && field(line, 8, &r.coolant);
		r.speed_kmh = speed * 3.6;
		r.gear = (int)gear;
		r.reverse = reverse > 0;
	}
	fclose(csv);
	if (!found)
		fail_msg("no full row for %u.%u s in %s", tenths / 10, tenths % 10, csv_path);
	return r;
}

/* The line of report n, NUL-terminated; a static buffer. */
static const char *report(unsigned int n)
{
	static char line[1024];
	char want[32];
	const char *at;

	snprintf(want, sizeof(want), "REPORT %u ", n);
	at = strstr(console, want);
	if (!at)
		fail_msg("the cluster did not answer question %u:\n%s", n, console);
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(at, "\n"), at);
	return line;
}

/* Checks " name=text " in a report. */
static void expect_text(const char *line, const char *name, const char *text)
{
	char want[64];
	size_t len = (size_t)snprintf(want, sizeof(want), " %s=%s", name, text);
	const char *at = strstr(line, want);

	if (!at || (at[len] != ' ' && at[len] != '\0'))
		fail_msg("not \"%s\" in: %s", want + 1, line);
}

static void expect_number(const char *line, const char *name, double value)
{
	char text[32];

	snprintf(text, sizeof(text), "%.0f", floor(value + 0.5));
	expect_text(line, name, text);
}

static void expect_raw(const char *line, const char *name, double value, double tolerance)
{
	char want[64];
	const char *at;

	snprintf(want, sizeof(want), " %s_raw=", name);
	at = strstr(line, want);
	if (!at || fabs(strtod(at + strlen(want), NULL) - value) > tolerance)
		fail_msg("%s_raw is not %f in: %s", name, value, line);
}

static void test_cluster_shows_the_reference_at_ten_instants(void **state)
{
	(void)state;
	for (unsigned int n = 0; n < INSTANTS; n++) {
		const struct reference want = reference_at(instant[n]);
		const char *line = report(n);
		char gear[2] = { 'N', '\0' };

		print_message("%4.1f s %s\n", instant[n] / 10.0, line);
		if (want.reverse)
			gear[0] = 'R';
		else if (want.gear >= 1 && want.gear <= 6)
			gear[0] = (char)('0' + want.gear);
		expect_number(line, "speed", want.speed_kmh);
		/* The map's scale in km/h is rounded to 12 digits, the report to six decimals. */
		expect_raw(line, "speed", want.speed_kmh, 1e-5);
		expect_number(line, "rpm", floor(want.rpm / 10 + 0.5) * 10);
		expect_raw(line, "rpm", want.rpm, 1e-6);
		expect_number(line, "coolant", want.coolant);
		expect_raw(line, "coolant", want.coolant, 1e-6);
		expect_text(line, "gear", gear);
	}
}

/* ---- what was on the bus ---- */

/* The next line's "ID#DATA" and stamp in microseconds; NULL at the end. */
static const char *next_frame(FILE *f, char *line, int cap, int64_t *us)
{
	char *frame;
	long long sec, frac;

	while (fgets(line, cap, f)) {
		if (sscanf(line, "(%lld.%lld)", &sec, &frac) != 2)
			continue;
		frame = strrchr(line, ' ');
		assert_non_null(frame);
		frame[strcspn(frame, "\r\n")] = '\0';
		*us = sec * 1000000 + frac;
		return frame + 1;
	}
	return NULL;
}

static void test_every_frame_was_on_the_bus_in_its_order(void **state)
{
	FILE *trace = fopen(trace_path, "re"), *bus = fopen(proc_path("out/can0.log"), "re");
	char want_line[512], got_line[512];
	const char *want, *got;
	int64_t us = 0, first, got_us;
	unsigned long n = 0;
	unsigned int asked = 0;

	(void)state;
	assert_non_null(trace);
	assert_non_null(bus);
	want = next_frame(trace, want_line, sizeof(want_line), &us);
	for (first = us; (got = next_frame(bus, got_line, sizeof(got_line), &got_us));) {
		/* The cluster's own. */
		if (strncmp(got, "6F0#", 4) == 0)
			continue;
		if (strncmp(got, "7E0#", 4) == 0) {
			/* After all frames before its instant, before all others. */
			assert_int_equal(strtoul(got + 4, NULL, 16) >> 8, asked);
			assert_true(want && us - first >= instant[asked] * 100000);
			assert_true(n > 0);
			asked++;
			continue;
		}
		if (!want || strcmp(want, got) != 0)
			fail_msg("frame %lu: %s was on the bus, %s in the trace", n, got,
				want ? want : "nothing");
		if (asked < INSTANTS && us - first >= instant[asked] * 100000)
			fail_msg("question %u did not come before %s", asked, want_line);
		n++;
		want = next_frame(trace, want_line, sizeof(want_line), &us);
	}
	if (want)
		fail_msg("frame %lu (%s) was never on the bus", n, want);
	assert_int_equal(asked, INSTANTS);
	print_message("%lu frames\n", n);
	fclose(trace);
	fclose(bus);
}

static json_int_t number(const json_t *o, const char *name)
{
	const json_t *v = json_object_get(o, name);

	if (!json_is_integer(v))
		fail_msg("no number %s in metrics.json", name);
	return json_integer_value(v);
}

static void test_no_frame_was_lost_at_the_cluster(void **state)
{
	const json_t *can = json_object_get(metrics, "can");
	const json_t *bus = json_object_get(json_object_get(can, "buses"), "can0");
	const json_t *port = json_object_get(json_object_get(bus, "ports"), "cluster/can0");
	const json_t *replay = json_array_get(json_object_get(can, "replays"), 0);
	const char *last = NULL;
	char seen[32];

	(void)state;
	assert_true(json_is_true(json_object_get(replay, "done")));
	assert_true(number(replay, "frames") > 80000);
	assert_int_equal(number(replay, "filtered"), 0);
	assert_int_equal(number(replay, "refused"), 0);
	assert_int_equal(number(bus, "dropped"), 0);
	assert_int_equal(number(bus, "errors"), 0);
	assert_int_equal(number(bus, "record_lost"), 0);
	assert_int_equal(number(port, "rx_dropped"), 0);
	assert_int_equal(number(port, "tx_nacked"), 0);
	assert_int_equal(number(port, "rx_frames"), number(replay, "frames") + INSTANTS);
	/* And past the port: the guest itself counts what came out of its queue. */
	for (const char *at = console; (at = strstr(at, " can_rx=")) != NULL; at++)
		last = at;
	snprintf(seen, sizeof(seen), " can_rx=%lld ", (long long)number(port, "rx_frames"));
	if (!last || strncmp(last, seen, strlen(seen)) != 0)
		fail_msg("the guest received%.20s, not%s", last ? last : " nothing", seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cluster_shows_the_reference_at_ten_instants),
		cmocka_unit_test(test_every_frame_was_on_the_bus_in_its_order),
		cmocka_unit_test(test_no_frame_was_lost_at_the_cluster),
	};
	const char *base = recorded_data();

	source = getenv("DYNO_SOURCE_DIR");
	if (!source)
		source = ".";
	snprintf(trace_path, sizeof(trace_path), "%s/pairs/subaru_brz/can_sample.log", base);
	snprintf(csv_path, sizeof(csv_path), "%s/pairs/subaru_brz/expected_10hz.csv", base);
	if (access(trace_path, R_OK) != 0 || access(csv_path, R_OK) != 0) {
		printf("skipped: no recorded drive in %s/pairs/subaru_brz\n", base);
		return 77;
	}
	proc_need_kvm();
	return cmocka_run_group_tests_name("real_drive", tests, group_setup, group_teardown);
}
