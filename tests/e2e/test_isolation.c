/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One dyno-vm is killed from outside in the middle of a drive. The other guest must not notice: its
 * frames on the bus go on without a gap in their numbers, its screen goes on at the same rate, and
 * nothing on the bus fails or is lost. The bench says what happened.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/e2e/dyno_proc.h"
#include "tests/support/stand.h"

#define STATUS_ID "6F0#"
/* Bench time of the kill, and of the end. */
#define KILL_S 4.0
#define END_S  9.0
/* A stand that stops for a second is no stand, on however busy a machine. */
#define GAP_US 1000000

static const char *source;

static void write_stand(void)
{
	FILE *f = fopen(proc_path("stand.yaml"), "we");

	assert_non_null(f);
	stand_write(f, source, 50);
	fprintf(f,
		"replays:\n"
		"  - { file: %s/assets/traces/synthetic-drive.log, map: { can0: can0 }, "
		"start: 10s, loop: true }\n",
		source);
	fclose(f);
}

static json_t *await_time(double seconds)
{
	for (unsigned int i = 0; i < PROC_LIMIT_S * 20; i++) {
		json_t *a = proc_ctl(ARGS("status"));

		if (json_number_value(json_object_get(a, "time_s")) >= seconds)
			return a;
		json_decref(a);
		usleep(50000);
	}
	fail_msg("the stand does not come to %.0f s", seconds);
	return NULL;
}

static const json_t *guest_of(const json_t *status, const char *name)
{
	json_t *g;
	size_t i;

	json_array_foreach (json_object_get(status, "guests"), i, g) {
		if (strcmp(json_string_value(json_object_get(g, "name")), name) == 0)
			return g;
	}
	fail_msg("no guest %s", name);
	return NULL;
}

/* Runs the stand, kills a guest in the middle. Afterwards `out` of the run is there. */
static void drive_and_kill(const char *victim, const char *other)
{
	char text[128];
	struct proc p;
	json_t *a;

	write_stand();
	proc_start(&p, ARGS("run", "--headless", "--quiet", "stand.yaml"));
	a = await_time(KILL_S);
	assert_string_equal(
		json_string_value(json_object_get(guest_of(a, other), "state")), "ready");
	assert_int_equal(
		kill((pid_t)json_integer_value(json_object_get(guest_of(a, victim), "pid")),
			SIGKILL),
		0);
	json_decref(a);
	a = await_time(END_S);
	assert_string_equal(
		json_string_value(json_object_get(guest_of(a, other), "state")), "ready");
	assert_string_equal(
		json_string_value(json_object_get(guest_of(a, victim), "state")), "crashed");
	json_decref(a);
	json_decref(proc_ctl(ARGS("stop")));
	assert_int_equal(proc_wait(&p), 1);
	snprintf(text, sizeof(text), "guest %s: dyno-vm was killed by SIGKILL", victim);
	if (!strstr(p.err, text))
		fail_msg("\"%s\" is not in:\n%s", text, p.err);
	/* The table names the one that fell and the one that did not. */
	for (char *line = strtok(p.out, "\n"); line; line = strtok(NULL, "\n")) {
		if (!strstr(line, "does not crash"))
			continue;
		if (strncmp(line, strstr(line, victim) ? "FAIL" : "PASS", 4) != 0)
			fail_msg("wrong verdict: %s", line);
	}
	proc_free(&p);
}

/* Picture rates that a guest reported in bench time [from, to). */
static double fps_between(const char *name, double from, double to)
{
	char file[64];
	char *log, *save = NULL;
	double sum = 0;
	unsigned int n = 0;

	snprintf(file, sizeof(file), "out/%s.log", name);
	log = proc_read(file);
	assert_non_null(log);
	for (char *line = strtok_r(log, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const char *at = strstr(line, " fps=");
		double t = strtod(line, NULL);

		if (!at || t < from || t >= to)
			continue;
		sum += strtod(at + 5, NULL);
		n++;
	}
	free(log);
	if (!n)
		fail_msg("%s reported no pictures between %.0f s and %.0f s", name, from, to);
	return sum / n;
}

static void expect_pictures_go_on(const char *name)
{
	/* The first line after the kill is about the time before it, too. */
	double before = fps_between(name, 1.5, KILL_S),
	       after = fps_between(name, KILL_S + 1, END_S);

	print_message("%s: %.1f frames/s before, %.1f after\n", name, before, after);
	assert_true(before > 0);
	assert_true(after > before / 2);
}

static void expect_clean_bus(void)
{
	json_t *m = json_load_file(proc_path("out/metrics.json"), 0, NULL);
	const json_t *can = json_object_get(m, "can");
	const json_t *bus = json_object_get(json_object_get(can, "buses"), "can0");

	assert_true(json_integer_value(json_object_get(bus, "frames")) > 0);
	assert_int_equal(json_integer_value(json_object_get(bus, "dropped")), 0);
	assert_int_equal(json_integer_value(json_object_get(bus, "unacknowledged")), 0);
	assert_int_equal(json_integer_value(json_object_get(bus, "record_lost")), 0);
	json_decref(m);
}

/* The cluster's status frames: numbers without a gap, and no long silence. */
static void expect_status_goes_on(unsigned int at_least)
{
	FILE *f = fopen(proc_path("out/can0.log"), "re");
	long long sec, frac, last_us = 0;
	unsigned int n = 0, number, expected = 0;
	char line[256];

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		const char *frame = strstr(line, STATUS_ID);

		if (!frame || sscanf(line, "(%lld.%lld)", &sec, &frac) != 2)
			continue;
		/* The last of its eight bytes. */
		assert_int_equal(sscanf(frame + strlen(STATUS_ID) + 14, "%2x", &number), 1);
		if (n && number != expected)
			fail_msg("status frame %u came instead of %u", number, expected);
		if (n && sec * 1000000 + frac - last_us > GAP_US)
			fail_msg("no status frame for %lld us", sec * 1000000 + frac - last_us);
		expected = (number + 1) & 0xff;
		last_us = sec * 1000000 + frac;
		n++;
	}
	fclose(f);
	print_message("%u status frames\n", n);
	assert_true(n >= at_least);
}

static void test_cluster_does_not_notice_that_the_ivi_is_killed(void **state)
{
	(void)state;
	drive_and_kill("ivi", "cluster");
	expect_pictures_go_on("cluster");
	expect_status_goes_on((unsigned int)(END_S * 10 / 2));
	expect_clean_bus();
}

static void test_ivi_does_not_notice_that_the_cluster_is_killed(void **state)
{
	(void)state;
	drive_and_kill("cluster", "ivi");
	expect_pictures_go_on("ivi");
	expect_clean_bus();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cluster_does_not_notice_that_the_ivi_is_killed),
		cmocka_unit_test(test_ivi_does_not_notice_that_the_cluster_is_killed),
	};

	source = getenv("DYNO_SOURCE_DIR");
	if (!source)
		source = ".";
	proc_need_kvm();
	return cmocka_run_group_tests_name("isolation", tests, NULL, proc_group_teardown);
}
