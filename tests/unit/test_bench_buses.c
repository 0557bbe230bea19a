/* SPDX-License-Identifier: Apache-2.0 */
/* The buses of a run, without guests: what was sent and what was on the bus when it ended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "sim/bench/buses.h"

/* Frames in a recording, and how far the last one is behind the first. */
struct recorded {
	uint32_t frames;
	double seconds;
};

static struct recorded read_recording(const char *dir)
{
	struct recorded r = { 0 };
	double first = 0, at = 0;
	char path[64], line[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/can0.log", dir);
	f = fopen(path, "re");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (line[0] != '(')
			continue;
		at = strtod(line + 1, NULL);
		first = r.frames++ ? first : at;
	}
	fclose(f);
	r.seconds = at - first;
	return r;
}

static void remove_folder(const char *dir)
{
	static const char *const names[] = { "can0.log", "stimuli.candump" };
	char path[64];

	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
}

static void test_a_thread_that_is_late_at_the_end_leaves_nothing_out(void **state)
{
	static const char text[] =
		"duration: 1s\n"
		"buses: { can0: { timing: bit-accurate } }\n"
		"actions: [ { at: 0, send: { bus: can0, frame: 100#00, every: 10ms } } ]\n";
	char dir[] = "/tmp/dyno-buses-XXXXXX";
	uint64_t now = clock_now_ns();
	struct bench_clock clock;
	struct scenario *s = NULL;
	struct recorded r;
	struct buses *b;
	struct err e;

	(void)state;
	assert_int_equal(scenario_load_text(text, strlen(text), "late.yaml", NULL, stderr, &s), 0);
	assert_non_null(mkdtemp(dir));
	bench_clock_init(&clock);
	assert_int_equal(buses_new(&b,
				 &(struct buses_config){ .scenario = s,
					 .clock = &clock,
					 .out_dir = dir,
					 .duration_ns = s->duration_ns },
				 &e),
		0);
	assert_int_equal(buses_start(b, &e), 0);
	/* The whole run has passed, and the thread has not looked once. */
	bench_clock_resume(&clock, now - s->duration_ns);
	bench_clock_pause(&clock, now);
	buses_end(b, now);
	assert_int_equal(buses_stop(b, &e), 0);
	r = read_recording(dir);
	assert_int_equal(r.frames, 100);
	assert_true(r.seconds > 0.9895 && r.seconds < 0.9905);
	buses_free(b);
	scenario_free(s);
	remove_folder(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_thread_that_is_late_at_the_end_leaves_nothing_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
