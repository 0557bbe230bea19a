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

/* The lines of out/can0.log without their stamps, those that begin with `id` only. The caller
 * frees. */
static char *frames_of(const char *id)
{
	char *log = proc_read("out/can0.log");
	size_t n = 0, cap = strlen(log) + 1;
	char *out = calloc(1, cap);

	for (char *line = log, *end; (end = strchr(line, '\n')); line = end + 1) {
		char *at = strstr(line, ") can0 ");

		*end = '\0';
		if (at && strncmp(at + 7, id, strlen(id)) == 0)
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

#define SCRIPTED                                                                                   \
	"buses: { can0: { timing: bit-accurate } }\n"                                              \
	"signals:\n"                                                                               \
	"  databases:\n"                                                                           \
	"    - dbc: car.dbc\n"                                                                     \
	"      send: { Motor: { checksum: { signal: Count, algorithm: lua, function: sum } } }\n"  \
	"scripts: [ car.lua ]\n" /* the end of the run comes when it comes: it is quiet by then */ \
	"actions: [ { at: 255ms, silence: Motor } ]\n"

/* What a run sent, without its times. */
static char *run_scripted(const char *seed)
{
	char text[1024];
	struct proc p;
	char *frames;

	snprintf(text, sizeof(text), "duration: 300ms\nseed: %s\n" SCRIPTED, seed);
	proc_write("scripted.yaml", text);
	assert_int_equal(proc_run(&p, ARGS("run", "scripted.yaml")), 0);
	frames = frames_of("");
	proc_free(&p);
	return frames;
}

static void test_the_same_seed_gives_the_same_frames(void **state)
{
	char *first, *again, *other;

	(void)state;
	proc_write("car.lua",
		"function sum(d) return d:byte(1) + d:byte(2) end\n"
		"local a = every(7, function() set('Rpm', math.random(0, 8000)) end)\n"
		"local b = every(20, function() send(string.format('123#%02X', math.random(0, 255))) end)\n"
		"on('Rpm', function(v) if v > 6000 then send('124#FF') end end)\n"
		"at(251, function() stop(a) stop(b) end)\n");
	first = run_scripted("1");
	again = run_scripted("1");
	other = run_scripted("2");
	assert_true(strlen(first) > 500);
	assert_non_null(strstr(first, "124#FF"));
	assert_string_equal(first, again);
	assert_string_not_equal(first, other);
	free(first);
	free(again);
	free(other);
}

static void test_a_script_that_fails_fails_the_run_with_its_line(void **state)
{
	struct proc p;
	char *junit;

	(void)state;
	proc_write("car.lua",
		"function sum() return 0 end log('hello', args)\nat(50, function()\n  set('Rpn', 1)\nend)\n");
	proc_write("failing.yaml", "duration: 200ms\n" SCRIPTED);
	assert_int_equal(proc_run(&p, ARGS("run", "failing.yaml")), 1);
	assert_non_null(strstr(p.err, "car.lua: hello table"));
	assert_non_null(strstr(p.out, "FAIL       0.050s  script car.lua runs without an error"));
	assert_non_null(
		strstr(p.out, "car.lua:3: unknown signal \"Rpn\"; did you mean \"Motor.Rpm\"?"));
	junit = proc_read("out/junit.xml");
	assert_non_null(strstr(junit, "car.lua:3: unknown signal"));
	free(junit);
	proc_free(&p);
}

static void test_a_script_that_is_no_lua_is_told_by_check(void **state)
{
	struct proc p;

	(void)state;
	proc_write("car.lua", "x = 1\ny = = 2\n");
	proc_write("broken.yaml", "duration: 200ms\n" SCRIPTED);
	assert_int_equal(proc_run(&p, ARGS("check", "broken.yaml")), 2);
	assert_non_null(strstr(p.err, "car.lua:2: unexpected symbol near '='"));
	proc_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages_carry_what_actions_set),
		cmocka_unit_test(test_ctl_shows_and_sets_signals_and_pause_holds_the_rhythm),
		cmocka_unit_test(test_replayed_frames_set_signals),
		cmocka_unit_test(test_the_same_seed_gives_the_same_frames),
		cmocka_unit_test(test_a_script_that_fails_fails_the_run_with_its_line),
		cmocka_unit_test(test_a_script_that_is_no_lua_is_told_by_check),
	};

	return cmocka_run_group_tests(tests, group_setup, proc_group_teardown);
}
