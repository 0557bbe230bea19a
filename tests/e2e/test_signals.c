/* SPDX-License-Identifier: Apache-2.0 */
/* Signals in whole runs without guests: frames, actions, `dyno ctl`, pause, figures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/e2e/dyno_proc.h"

static int group_teardown(void **state)
{
	(void)state;
	proc_folder_remove();
	return 0;
}

static int group_setup(void **state)
{
	(void)state;
	proc_write("car.dbc",
		"VERSION \"\"\n\nBU_: Engine Body\n\n"
		"BO_ 256 Motor: 8 Engine\n"
		" SG_ Rpm : 0|16@1+ (0.25,0) [0|8000] \"rpm\" Body\n"
		" SG_ Gear : 24|4@1- (1,0) [0|0] \"\" Body\n"
		" SG_ Count : 48|4@1+ (1,0) [0|15] \"\" Body\n\n"
		"BO_ 1024 Door: 1 Body\n"
		" SG_ Open : 0|1@1+ (1,0) [0|1] \"\" Engine\n\n"
		"BA_DEF_ BO_ \"GenMsgCycleTime\" INT 0 65535;\n"
		"BA_DEF_DEF_ \"GenMsgCycleTime\" 0;\n"
		"BA_ \"GenMsgCycleTime\" BO_ 256 10;\nBA_ \"GenMsgCycleTime\" BO_ 1024 20;\n"
		"VAL_ 256 Gear -1 \"Reverse\" 0 \"Park\" ;\n");
	return 0;
}

#define SIGNALS                                                         \
	"buses: { can0: {} }\n"                                         \
	"signals:\n"                                                    \
	"  databases:\n"                                                \
	"    - { dbc: car.dbc, send: { Motor: { counter: Count } } }\n" \
	"  define:\n"                                                   \
	"    Vehicle.EngineSpeed: { dbc: Motor.Rpm, published: true }\n"

/* The lines of out/can0.log without their stamps, those of `id` only. The caller frees. */
static char *frames_of(const char *id)
{
	char *log = proc_read("out/can0.log");
	size_t n = 0, cap = strlen(log) + 1;
	char *out = calloc(1, cap);

	for (char *line = log, *end; (end = strchr(line, '\n')); line = end + 1) {
		char *at = strstr(line, ") can0 ");

		*end = '\0';
		if (at && strncmp(at + 7, id, 3) == 0)
			n += (size_t)snprintf(out + n, cap - n, "%s ", at + 7);
	}
	free(log);
	return out;
}

static double number(const json_t *o, const char *key)
{
	return json_number_value(json_object_get(o, key));
}

static void expect_ok(json_t *a)
{
	assert_true(json_is_true(json_object_get(a, "ok")));
	json_decref(a);
}

static void test_messages_carry_what_actions_set(void **state)
{
	struct proc p;
	char *frames;

	(void)state;
	proc_write("set.yaml",
		"duration: 200ms\n" SIGNALS "actions:\n"
		"  - { at: 35ms, set: { Vehicle.EngineSpeed: 1000, Gear: Reverse } }\n"
		"  - { at: 95ms, stuck: { signal: Rpm, for: 40ms } }\n"
		"  - { at: 96ms, set: { Rpm: 2000 } }\n"
		"  - { at: 155ms, silence: Motor }\n"
		"  - { at: 60ms, send: { frame: 400#01 } }\n"
		"checks:\n  - count: { id: 100, equals: 16 }\n");
	assert_int_equal(proc_run(&p, ARGS("run", "set.yaml")), 0);
	frames = frames_of("100");
	assert_string_equal(frames,
		"100#0000000000000000 100#0000000000000100 100#0000000000000200 "
		"100#0000000000000300 100#A00F000F00000400 100#A00F000F00000500 "
		"100#A00F000F00000600 100#A00F000F00000700 100#A00F000F00000800 "
		"100#A00F000F00000900 100#A00F000F00000A00 100#A00F000F00000B00 "
		"100#A00F000F00000C00 100#A00F000F00000D00 100#401F000F00000E00 "
		"100#401F000F00000F00 ");
	free(frames);
	proc_free(&p);
}

static void test_ctl_shows_and_sets_signals_and_pause_holds_the_rhythm(void **state)
{
	struct proc p;
	json_t *a, *m;

	(void)state;
	proc_write("live.yaml", "duration: 30s\n" SIGNALS);
	proc_start(&p, ARGS("run", "live.yaml"));
	json_decref(proc_await_state("running"));
	expect_ok(proc_ctl(ARGS("set", "Vehicle.EngineSpeed", "1500")));
	expect_ok(proc_ctl(ARGS("set", "Motor.Gear", "Reverse")));
	expect_ok(proc_ctl(ARGS("stuck", "Rpm")));
	expect_ok(proc_ctl(ARGS("set", "Rpm", "1600")));
	a = proc_ctl(ARGS("get", "Rpm"));
	assert_string_equal(json_string_value(json_object_get(a, "name")), "Vehicle.EngineSpeed");
	assert_string_equal(json_string_value(json_object_get(a, "from")), "user");
	assert_true(number(a, "value") == 1500 && number(a, "behind") == 1600);
	json_decref(a);
	a = proc_ctl(ARGS("get", "Gear"));
	assert_string_equal(json_string_value(json_object_get(a, "text")), "Reverse");
	json_decref(a);
	a = proc_ctl(ARGS("signals", "enginespeed"));
	assert_int_equal(json_array_size(json_object_get(a, "signals")), 1);
	json_decref(a);
	a = proc_ctl(ARGS("set", "Rpm", "9000"));
	assert_false(json_is_true(json_object_get(a, "ok")));
	json_decref(a);
	expect_ok(proc_ctl(ARGS("silence", "Motor")));
	expect_ok(proc_ctl(ARGS("silence", "Motor", "off")));
	expect_ok(proc_ctl(ARGS("pause")));
	a = proc_ctl(ARGS("metrics"));
	m = proc_ctl(ARGS("metrics"));
	/* Nothing is sent while the bench stands. */
	assert_true(json_equal(json_object_get(json_object_get(a, "can"), "signals"),
		json_object_get(json_object_get(m, "can"), "signals")));
	json_decref(a);
	json_decref(m);
	expect_ok(proc_ctl(ARGS("resume")));
	expect_ok(proc_ctl(ARGS("stop")));
	assert_int_equal(proc_wait(&p), 0);
	proc_free(&p);
}

static void test_replayed_frames_set_signals(void **state)
{
	struct proc p;
	json_t *a;

	(void)state;
	proc_write("door.log", "(1.000000) can0 400#01\n(1.010000) can0 400#00\n"
			       "(1.020000) can0 400#01\n");
	proc_write("replay.yaml", "duration: 30s\n" SIGNALS "replays: [ { file: door.log } ]\n");
	proc_start(&p, ARGS("run", "replay.yaml"));
	json_decref(proc_await_state("running"));
	for (int i = 0; i < 500; i++) {
		a = proc_ctl(ARGS("get", "Door.Open"));
		if (strcmp(json_string_value(json_object_get(a, "state")), "stale") == 0)
			break;
		json_decref(a);
		a = NULL;
	}
	assert_non_null(a);
	assert_true(number(a, "value") == 1 && number(a, "updates") == 3);
	assert_string_equal(json_string_value(json_object_get(a, "from")), "bus");
	json_decref(a);
	expect_ok(proc_ctl(ARGS("stop")));
	assert_int_equal(proc_wait(&p), 0);
	proc_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages_carry_what_actions_set),
		cmocka_unit_test(test_ctl_shows_and_sets_signals_and_pause_holds_the_rhythm),
		cmocka_unit_test(test_replayed_frames_set_signals),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
