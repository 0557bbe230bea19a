/* SPDX-License-Identifier: Apache-2.0 */
/* `dyno` with real guests on KVM: isolation, pictures, pause, ends of every kind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/e2e/dyno_proc.h"

/* Two clusters on one bus, each with a display; the tail is appended. */
static void write_pair(const char *name, const char *guest_a_keys, const char *tail)
{
	const char *source = getenv("DYNO_SOURCE_DIR");
	char text[4096];

	assert_non_null(source);
	snprintf(text, sizeof(text),
		"duration: 50s\n"
		"ui: headless\n"
		"buses:\n"
		"  can0:\n"
		"guests:\n"
		"  a:\n"
		"    kernel: builtin:cluster\n"
		"    can: [can0]\n"
		"    signals: %s/scenarios/maps/synthetic.yaml\n"
		"%s"
		"    displays: [ { width: 1920, height: 720 } ]\n"
		"  b:\n"
		"    kernel: builtin:cluster\n"
		"    can: [can0]\n"
		"    signals: %s/scenarios/maps/synthetic.yaml\n"
		"    displays: [ { width: 1920, height: 720 } ]\n"
		"%s",
		source, guest_a_keys, source, tail);
	proc_write(name, text);
}

static json_t *guest_of(json_t *status, size_t i)
{
	return json_array_get(json_object_get(status, "guests"), i);
}

static const char *state_of(json_t *status, size_t i)
{
	return json_string_value(json_object_get(guest_of(status, i), "state"));
}

/* Asks until guest i is in a state. */
static json_t *await_guest(size_t i, const char *state)
{
	for (unsigned int n = 0; n < PROC_LIMIT_S * 20; n++) {
		json_t *a = proc_ctl(ARGS("status"));
		const char *now = state_of(a, i);

		if (now && strcmp(now, state) == 0)
			return a;
		json_decref(a);
		usleep(20000);
	}
	fail_msg("guest %zu did not become %s", i, state);
	return NULL;
}

static json_int_t frames_of(const char *port)
{
	json_t *m = proc_ctl(ARGS("metrics"));
	json_t *bus = json_object_get(json_object_get(json_object_get(m, "can"), "buses"), "can0");
	json_int_t n = json_integer_value(
		json_object_get(json_object_get(json_object_get(bus, "ports"), port), "tx_frames"));

	json_decref(m);
	return n;
}

/* Waits until a port has sent `more` frames more than now. */
static void await_frames(const char *port, json_int_t more)
{
	json_int_t target = frames_of(port) + more;

	for (unsigned int n = 0; n < PROC_LIMIT_S * 20; n++) {
		if (frames_of(port) >= target)
			return;
		usleep(20000);
	}
	fail_msg("%s sends no more frames", port);
}

static void expect_ok(json_t *answer)
{
	if (!json_is_true(json_object_get(answer, "ok")))
		fail_msg("refused: %s", json_string_value(json_object_get(answer, "error")));
	json_decref(answer);
}

static void test_a_killed_guest_is_reported_and_the_other_goes_on(void **state)
{
	struct proc p;
	json_t *a;
	char *junit;

	(void)state;
	write_pair("pair.yaml", "", "");
	proc_start(&p, ARGS("run", "pair.yaml"));
	json_decref(await_guest(1, "ready"));
	a = await_guest(0, "ready");
	await_frames("b/can0", 3);
	kill((pid_t)json_integer_value(json_object_get(guest_of(a, 0), "pid")), SIGKILL);
	json_decref(a);
	a = await_guest(0, "crashed");
	assert_string_equal(state_of(a, 1), "ready");
	json_decref(a);
	await_frames("b/can0", 5);
	expect_ok(proc_ctl(ARGS("stop")));
	assert_int_equal(proc_wait(&p), 1);
	proc_has(p.err, "guest a: dyno-vm was killed by SIGKILL");
	junit = proc_read("out/junit.xml");
	proc_has(junit, "SIGKILL");
	assert_true(proc_exists("out/b-0-end.png"));
	free(junit);
	proc_free(&p);
}

static void test_a_kill_on_purpose_is_no_crash(void **state)
{
	struct proc p;

	(void)state;
	write_pair("kill.yaml", "", "");
	proc_start(&p, ARGS("run", "kill.yaml"));
	json_decref(await_guest(1, "ready"));
	expect_ok(proc_ctl(ARGS("kill", "a")));
	json_decref(await_guest(0, "ended"));
	expect_ok(proc_ctl(ARGS("stop")));
	assert_int_equal(proc_wait(&p), 0);
	proc_free(&p);
}

static void test_a_crashed_guest_starts_again_where_the_scenario_says_so(void **state)
{
	struct proc p;
	json_t *a;

	(void)state;
	write_pair("again.yaml",
		"    restart: on-crash\n    max_restarts: 1\n    no_crash: false\n", "");
	proc_start(&p, ARGS("run", "again.yaml"));
	a = await_guest(0, "ready");
	await_frames("a/can0", 1);
	kill((pid_t)json_integer_value(json_object_get(guest_of(a, 0), "pid")), SIGKILL);
	json_decref(a);
	for (;;) {
		a = await_guest(0, "ready");
		if (json_integer_value(json_object_get(guest_of(a, 0), "restarts")) == 1)
			break;
		json_decref(a);
	}
	json_decref(a);
	await_frames("a/can0", 1);
	expect_ok(proc_ctl(ARGS("screenshot", "a", "again.png")));
	expect_ok(proc_ctl(ARGS("stop")));
	assert_int_equal(proc_wait(&p), 0);
	proc_free(&p);
}

/* What `dyno ctl devices` says of a guest that has sent frames. */
static void expect_can_queues(const char *guest)
{
	json_t *a = proc_ctl(ARGS("devices", guest)), *d, *tx;
	size_t i, seen = 0;

	json_array_foreach (json_object_get(a, "devices"), i, d) {
		if (strcmp(json_string_value(json_object_get(d, "type")), "can") != 0)
			continue;
		tx = json_array_get(json_object_get(d, "queues"), 0);
		assert_true(json_integer_value(json_object_get(tx, "returned")) >= 2);
		assert_true(json_integer_value(json_object_get(tx, "kicks")) > 0);
		seen++;
	}
	assert_int_equal(seen, 1);
	json_decref(a);
}

static void test_pause_stops_the_guests_and_resume_lets_them_go_on(void **state)
{
	json_int_t n;
	struct proc p;

	(void)state;
	write_pair("pause.yaml", "", "");
	proc_start(&p, ARGS("run", "pause.yaml"));
	json_decref(await_guest(1, "ready"));
	await_frames("b/can0", 2);
	expect_ok(proc_ctl(ARGS("pause")));
	json_decref(await_guest(0, "paused"));
	json_decref(await_guest(1, "paused"));
	n = frames_of("b/can0");
	usleep(400000); /* four of its periods */
	assert_int_equal(frames_of("b/can0"), n);
	expect_ok(proc_ctl(ARGS("resume")));
	await_frames("b/can0", 2);
	expect_can_queues("b");
	expect_ok(proc_ctl(ARGS("stop")));
	assert_int_equal(proc_wait(&p), 0);
	proc_free(&p);
}

static void test_screenshots_are_png_files(void **state)
{
	static const unsigned char magic[8] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };
	unsigned char head[8] = { 0 };
	struct proc p;
	FILE *f;

	(void)state;
	write_pair("shot.yaml", "", "checks:\n  - not_blank: { guest: b }\n");
	proc_start(&p, ARGS("run", "shot.yaml"));
	json_decref(await_guest(1, "ready"));
	await_frames("b/can0", 2);
	expect_ok(proc_ctl(ARGS("screenshot", "b:0", "shot.png")));
	f = fopen(proc_path("shot.png"), "re");
	assert_non_null(f);
	assert_int_equal(fread(head, 1, sizeof(head), f), sizeof(head));
	fclose(f);
	assert_memory_equal(head, magic, sizeof(magic));
	kill(p.pid, SIGTERM);
	assert_int_equal(proc_wait(&p), 0);
	proc_free(&p);
}

static void test_a_killed_ui_stops_nobody(void **state)
{
	struct proc p;
	json_t *a;

	(void)state;
	write_pair("noui.yaml", "", "");
	proc_start(&p, ARGS("run", "noui.yaml"));
	a = await_guest(1, "ready");
	await_frames("b/can0", 1);
	kill((pid_t)json_integer_value(json_object_get(a, "ui_pid")), SIGKILL);
	json_decref(a);
	await_frames("b/can0", 3);
	a = proc_ctl(ARGS("screenshot", "b", "no.png"));
	assert_true(json_is_false(json_object_get(a, "ok")));
	json_decref(a);
	expect_ok(proc_ctl(ARGS("stop")));
	assert_int_equal(proc_wait(&p), 0);
	proc_has(p.err, "dyno-ui was killed by SIGKILL");
	assert_false(proc_exists("no.png"));
	proc_free(&p);
}

static void test_a_guest_that_hangs_does_not_hold_up_the_end(void **state)
{
	struct proc p;
	json_t *a;

	(void)state;
	write_pair("hang.yaml", "", "");
	proc_start(&p, ARGS("run", "hang.yaml"));
	json_decref(await_guest(1, "ready"));
	a = await_guest(0, "ready");
	kill((pid_t)json_integer_value(json_object_get(guest_of(a, 0), "pid")), SIGSTOP);
	json_decref(a);
	await_frames("b/can0", 3);
	a = proc_ctl(ARGS("reset", "a"));
	proc_has(json_string_value(json_object_get(a, "error")), "hangs");
	json_decref(a);
	await_frames("b/can0", 3);
	expect_ok(proc_ctl(ARGS("stop")));
	assert_int_equal(proc_wait(&p), 0);
	proc_has(p.err, "guest a: dyno-vm does not end, killed");
	proc_free(&p);
}

static void test_a_second_ctrl_c_does_not_wait(void **state)
{
	struct proc p;
	json_t *a;

	(void)state;
	write_pair("twice.yaml", "", "");
	proc_start(&p, ARGS("run", "twice.yaml"));
	json_decref(await_guest(1, "ready"));
	a = await_guest(0, "ready");
	/* A hung guest keeps the orderly end waiting. */
	kill((pid_t)json_integer_value(json_object_get(guest_of(a, 0), "pid")), SIGSTOP);
	json_decref(a);
	kill(p.pid, SIGINT);
	usleep(200000);
	kill(p.pid, SIGINT);
	assert_int_equal(proc_wait(&p), 128 + SIGINT);
	assert_false(proc_exists("out/control.sock"));
	proc_free(&p);
}

static void test_a_paused_bench_can_be_ended(void **state)
{
	struct proc p;

	(void)state;
	write_pair("pausestop.yaml", "", "");
	proc_start(&p, ARGS("run", "pausestop.yaml"));
	json_decref(await_guest(1, "ready"));
	expect_ok(proc_ctl(ARGS("pause")));
	expect_ok(proc_ctl(ARGS("stop")));
	assert_int_equal(proc_wait(&p), 0);
	proc_free(&p);
}

static void test_an_unknown_image_is_said_with_the_fix(void **state)
{
	struct proc p;

	(void)state;
	proc_write("image.yaml", "duration: 1s\nguests:\n  g:\n    kernel: builtin:nonesuch\n");
	assert_int_not_equal(proc_run(&p, ARGS("run", "image.yaml")), 0);
	assert_true(p.status == 2 || p.status == 3);
	proc_has(p.err, "nonesuch");
	proc_free(&p);
}

static void test_a_file_that_is_no_kernel_is_refused(void **state)
{
	struct proc p;

	(void)state;
	proc_write("no-kernel.elf", "#!/bin/sh\n");
	proc_write("nokernel.yaml", "duration: 1s\nguests:\n  g:\n    kernel: no-kernel.elf\n");
	assert_int_equal(proc_run(&p, ARGS("run", "nokernel.yaml")), 3);
	proc_has(p.err, "guest g");
	proc_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_killed_guest_is_reported_and_the_other_goes_on),
		cmocka_unit_test(test_a_kill_on_purpose_is_no_crash),
		cmocka_unit_test(test_a_crashed_guest_starts_again_where_the_scenario_says_so),
		cmocka_unit_test(test_pause_stops_the_guests_and_resume_lets_them_go_on),
		cmocka_unit_test(test_screenshots_are_png_files),
		cmocka_unit_test(test_a_killed_ui_stops_nobody),
		cmocka_unit_test(test_a_guest_that_hangs_does_not_hold_up_the_end),
		cmocka_unit_test(test_a_second_ctrl_c_does_not_wait),
		cmocka_unit_test(test_a_paused_bench_can_be_ended),
		cmocka_unit_test(test_an_unknown_image_is_said_with_the_fix),
		cmocka_unit_test(test_a_file_that_is_no_kernel_is_refused),
	};

	proc_need_kvm();
	return cmocka_run_group_tests(tests, NULL, proc_group_teardown);
}
