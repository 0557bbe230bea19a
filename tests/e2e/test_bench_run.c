/* SPDX-License-Identifier: Apache-2.0 */
/* `dyno` without guests: verdicts, exit statuses, replay, control socket, interruption. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/e2e/dyno_proc.h"

#define HEAD        \
	"buses:\n"  \
	"  can0:\n" \
	"  can1:\n"

static unsigned int lines_with(const char *text, const char *part)
{
	unsigned int n = 0;

	for (const char *at = text; (at = strstr(at, part)); at += strlen(part))
		n++;
	return n;
}

static void test_a_scenario_of_buses_alone_passes(void **state)
{
	struct proc p;
	char *log, *junit;
	json_t *m;

	(void)state;
	proc_write("pass.yaml", "duration: 500ms\n" HEAD "actions:\n"
				"  - at: 100ms\n"
				"    send: { bus: can0, frame: 123#AABB, every: 50ms, count: 5 }\n"
				"checks:\n"
				"  - count: { bus: can0, id: 123, equals: 5 }\n"
				"  - forbid: { bus: can1 }\n");
	assert_int_equal(proc_run(&p, ARGS("run", "pass.yaml")), 0);
	log = proc_read("out/can0.log");
	assert_int_equal(lines_with(log, " can0 123#AABB"), 5);
	junit = proc_read("out/junit.xml");
	proc_has(junit, "tests=\"2\"");
	proc_has(junit, "failures=\"0\"");
	m = json_load_file(proc_path("out/metrics.json"), 0, NULL);
	assert_int_equal(
		json_integer_value(json_object_get(
			json_object_get(
				json_object_get(json_object_get(m, "can"), "buses"), "can0"),
			"frames")),
		5);
	assert_false(proc_exists("out/control.sock"));
	json_decref(m);
	free(log);
	free(junit);
	proc_free(&p);
}

static void test_a_failed_check_is_exit_status_1(void **state)
{
	struct proc p;

	(void)state;
	proc_write("fail.yaml", "duration: 100ms\n" HEAD "checks:\n"
				"  - name: the engine speaks\n"
				"    expect: { bus: can0, id: 7E8 }\n");
	assert_int_equal(proc_run(&p, ARGS("run", "fail.yaml")), 1);
	proc_has(p.out, "the engine speaks");
	proc_free(&p);
}

static void test_quiet_shows_what_did_not_pass_and_the_summary(void **state)
{
	struct proc p;

	(void)state;
	proc_write("quiet.yaml", "duration: 100ms\n" HEAD "checks:\n"
				 "  - name: nobody speaks\n"
				 "    forbid: { bus: can1 }\n"
				 "  - name: the engine speaks\n"
				 "    expect: { bus: can0, id: 7E8 }\n");
	assert_int_equal(proc_run(&p, ARGS("run", "--quiet", "quiet.yaml")), 1);
	proc_has(p.out, "the engine speaks");
	proc_has(p.out, "2 checks: 1 passed, 1 failed");
	assert_null(strstr(p.out, "nobody speaks"));
	assert_string_equal(p.err, "");
	proc_free(&p);
}

static void test_an_earlier_verdict_does_not_survive_a_run_that_fails_to_start(void **state)
{
	struct proc p;

	(void)state;
	proc_write("early.yaml", "duration: 100ms\n" HEAD);
	assert_int_equal(proc_run(&p, ARGS("run", "--out", "twice", "early.yaml")), 0);
	proc_free(&p);
	assert_true(proc_exists("twice/junit.xml"));
	assert_true(proc_exists("twice/report.html"));
	proc_write("early.yaml", "duration: 100ms\nbuses: { can0: { socketcan: nosuchcan } }\n");
	assert_int_equal(proc_run(&p, ARGS("run", "--out", "twice", "early.yaml")), 3);
	proc_free(&p);
	assert_false(proc_exists("twice/junit.xml"));
	assert_false(proc_exists("twice/report.html"));
	assert_false(proc_exists("twice/metrics.json"));
}

static void test_results_that_cannot_be_written_are_no_success(void **state)
{
	char command[600];

	(void)state;
	snprintf(command, sizeof(command), "%s/bin/dyno scenario-reference >/dev/full 2>%s",
		getenv("DYNO_BUILD_DIR"), proc_path("full"));
	assert_int_equal(WEXITSTATUS(system(command)), 3);
	snprintf(command, sizeof(command), "%s/bin/dyno scenario-reference >%s",
		getenv("DYNO_BUILD_DIR"), proc_path("full"));
	assert_int_equal(WEXITSTATUS(system(command)), 0);
}

static void test_a_wrong_scenario_is_exit_status_2_with_the_place(void **state)
{
	struct proc p;

	(void)state;
	proc_write("wrong.yaml", "duration: 1s\n" HEAD "actions:\n"
				 "  - at: 1s\n"
				 "    send: { bus: can7, frame: 123#AABB }\n");
	assert_int_equal(proc_run(&p, ARGS("run", "wrong.yaml")), 2);
	proc_has(p.err, "wrong.yaml:7:18: error:");
	proc_has(p.err, "can7");
	proc_free(&p);
	assert_int_equal(proc_run(&p, ARGS("check", "wrong.yaml")), 2);
	proc_free(&p);
	assert_int_equal(proc_run(&p, ARGS("run", "missing.yaml")), 2);
	proc_has(p.err, "missing.yaml");
	proc_free(&p);
}

static void test_wrong_words_are_exit_status_2_with_a_suggestion(void **state)
{
	struct proc p;

	(void)state;
	assert_int_equal(proc_run(&p, ARGS("rnu", "x.yaml")), 2);
	proc_has(p.err, "did you mean run?");
	proc_free(&p);
	assert_int_equal(proc_run(&p, ARGS("run", "--headles", "x.yaml")), 2);
	proc_has(p.err, "did you mean --headless?");
	proc_free(&p);
	assert_int_equal(proc_run(&p, ARGS("run", "--duration", "soon", "x.yaml")), 2);
	proc_free(&p);
	assert_int_equal(proc_run(&p, ARGS("run")), 2);
	proc_free(&p);
}

static void test_help_and_version_are_there(void **state)
{
	struct proc p;

	(void)state;
	assert_int_equal(proc_run(&p, ARGS("--help")), 0);
	proc_has(p.out, "doctor");
	proc_free(&p);
	assert_int_equal(proc_run(&p, ARGS("help", "run")), 0);
	proc_has(p.out, "--headless");
	proc_has(p.out, "exit status");
	proc_free(&p);
	assert_int_equal(proc_run(&p, ARGS("--version")), 0);
	proc_has(p.out, "dyno ");
	proc_free(&p);
	assert_int_equal(proc_run(&p, ARGS("scenario-reference")), 0);
	proc_has(p.out, "duration");
	proc_free(&p);
}

static void test_doctor_has_a_line_for_everything(void **state)
{
	static const char *const names[] = { "kvm", "socketcan", "display", "audio", "tun",
		"seccomp", "landlock", "memfd", "real time", "cores" };
	struct proc p;
	json_t *all;
	int status;

	(void)state;
	status = proc_run(&p, ARGS("doctor", "--json"));
	assert_true(status == 0 || status == 3);
	all = json_loads(p.out, 0, NULL);
	assert_non_null(all);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char quoted[64];

		snprintf(quoted, sizeof(quoted), "\"name\": \"%s\"", names[i]);
		proc_has(p.out, quoted);
	}
	json_decref(all);
	proc_free(&p);
}

static void test_a_replay_and_a_timed_frame_keep_their_order(void **state)
{
	struct proc p;
	char *log, *a, *b, *c;

	(void)state;
	/* The timed frame falls between the second and the third frame of the trace. */
	proc_write("drive.log", "(1700000000.000000) vcan0 100#01\n"
				"(1700000000.100000) vcan0 100#02\n"
				"(1700000000.200000) vcan0 100#03\n"
				"(1700000000.250000) other 555#03\n"
				"(1700000000.300000) vcan0 200#04\n");
	proc_write("replay.yaml", "duration: 600ms\n" HEAD "replays:\n"
				  "  - file: drive.log\n"
				  "    map: { vcan0: can0 }\n"
				  "    drop: [200]\n"
				  "actions:\n"
				  "  - at: 150ms\n"
				  "    send: { bus: can0, frame: 321#FF }\n"
				  "checks:\n"
				  "  - count: { bus: can0, id: 100, equals: 3 }\n"
				  "  - forbid: { bus: can0, id: 200 }\n"
				  "  - forbid: { bus: can0, id: 555 }\n");
	assert_int_equal(proc_run(&p, ARGS("run", "replay.yaml")), 0);
	log = proc_read("out/can0.log");
	a = strstr(log, "100#02");
	b = strstr(log, "321#FF");
	c = strstr(log, "100#03");
	assert_true(a && b && c);
	assert_true(a < b && b < c);
	free(log);
	proc_free(&p);
}

static void test_a_broken_trace_is_the_scenarios_fault(void **state)
{
	struct proc p;

	(void)state;
	proc_write("noise.log", "this is no trace\nat all\n");
	proc_write("noise.yaml", "duration: 1s\n" HEAD "replays:\n"
				 "  - file: noise.log\n");
	assert_int_equal(proc_run(&p, ARGS("run", "noise.yaml")), 2);
	proc_has(p.err, "noise.log");
	proc_free(&p);
}

static void write_long(void)
{
	proc_write("long.yaml", "duration: 50s\n" HEAD "checks:\n"
				"  - expect: { bus: can0, frame: 123#77 }\n"
				"  - name: late\n"
				"    expect: { bus: can0, id: 456, after: 40s }\n");
}

static void test_ctrl_c_ends_with_verdicts(void **state)
{
	struct proc p;
	json_t *a;

	(void)state;
	write_long();
	proc_start(&p, ARGS("run", "long.yaml"));
	json_decref(proc_await_state("running"));
	a = proc_ctl(ARGS("send", "can0", "123#77"));
	assert_true(json_is_true(json_object_get(a, "ok")));
	json_decref(a);
	kill(p.pid, SIGINT);
	assert_int_equal(proc_wait(&p), 1);
	proc_has(p.out, "late");
	proc_has(p.out, "not run");
	proc_has(p.err, "interrupted");
	assert_true(proc_exists("out/junit.xml"));
	proc_free(&p);
}

static double time_of(json_t *status)
{
	double t = json_number_value(json_object_get(status, "time_s"));

	json_decref(status);
	return t;
}

static void expect_ok(json_t *answer)
{
	if (!json_is_true(json_object_get(answer, "ok")))
		fail_msg("refused: %s", json_string_value(json_object_get(answer, "error")));
	json_decref(answer);
}

static void test_the_control_socket_drives_a_run(void **state)
{
	struct proc p;
	double t1, t2;
	json_t *a;
	char *log;

	(void)state;
	write_long();
	proc_start(&p, ARGS("run", "--out", "out", "long.yaml"));
	json_decref(proc_await_state("running"));
	expect_ok(proc_ctl(ARGS("pause")));
	t1 = time_of(proc_await_state("paused"));
	usleep(50000);
	t2 = time_of(proc_await_state("paused"));
	assert_true(t1 == t2);
	expect_ok(proc_ctl(ARGS("resume")));
	json_decref(proc_await_state("running"));
	expect_ok(proc_ctl(ARGS("send", "can1", "18DAF110##1AABB")));
	a = proc_ctl(ARGS("send", "can7", "123#"));
	assert_true(json_is_false(json_object_get(a, "ok")));
	proc_has(json_string_value(json_object_get(a, "error")), "can7");
	json_decref(a);
	a = proc_ctl(ARGS("kill", "nobody"));
	assert_true(json_is_false(json_object_get(a, "ok")));
	json_decref(a);
	a = proc_ctl(ARGS("metrics"));
	assert_non_null(json_object_get(a, "can"));
	json_decref(a);
	expect_ok(proc_ctl(ARGS("stop")));
	assert_int_equal(proc_wait(&p), 1);
	log = proc_read("out/can1.log");
	proc_has(log, "18DAF110##1AABB");
	free(log);
	proc_free(&p);
}

static int connect_to(const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_true(strlen(path) < sizeof(sa.sun_path));
	memcpy(sa.sun_path, path, strlen(path));
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

static void test_hostile_clients_harm_only_themselves(void **state)
{
	static char flood[256 * 1024];
	char answer[512] = "";
	struct stat st;
	struct proc p;
	int fds[40];

	(void)state;
	write_long();
	proc_start(&p, ARGS("run", "long.yaml"));
	json_decref(proc_await_state("running"));
	assert_int_equal(stat(proc_path("out/control.sock"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	/* A line that never ends is answered and closed. */
	memset(flood, 'x', sizeof(flood));
	fds[0] = connect_to(proc_path("out/control.sock"));
	(void)!send(fds[0], flood, sizeof(flood), MSG_NOSIGNAL);
	(void)!read(fds[0], answer, sizeof(answer) - 1);
	close(fds[0]);
	/* More clients than there is room for: the surplus is closed, nothing else happens. */
	for (int i = 0; i < 40; i++)
		fds[i] = connect_to(proc_path("out/control.sock"));
	for (int i = 0; i < 40; i++)
		close(fds[i]);
	json_decref(proc_await_state("running"));
	expect_ok(proc_ctl(ARGS("stop")));
	assert_int_equal(proc_wait(&p), 1);
	proc_free(&p);
}

static void test_two_runs_do_not_share_a_folder(void **state)
{
	struct proc first, second;

	(void)state;
	write_long();
	proc_start(&first, ARGS("run", "long.yaml"));
	json_decref(proc_await_state("running"));
	assert_int_equal(proc_run(&second, ARGS("run", "long.yaml")), 3);
	proc_has(second.err, "another run uses the folder out");
	proc_free(&second);
	expect_ok(proc_ctl(ARGS("stop")));
	assert_int_equal(proc_wait(&first), 1);
	proc_free(&first);
}

static void test_a_stale_socket_is_no_other_run(void **state)
{
	struct proc p;

	(void)state;
	write_long();
	proc_start(&p, ARGS("run", "long.yaml"));
	json_decref(proc_await_state("running"));
	kill(p.pid, SIGKILL);
	assert_int_equal(proc_wait(&p), 128 + SIGKILL);
	proc_free(&p);
	assert_true(proc_exists("out/control.sock"));
	assert_int_equal(proc_run(&p, ARGS("run", "--duration", "100ms", "long.yaml")), 1);
	proc_free(&p);
}

static void test_ctl_without_a_run_says_so(void **state)
{
	struct proc p;

	(void)state;
	assert_int_equal(proc_run(&p, ARGS("ctl", "--socket", "nowhere.sock", "status")), 3);
	proc_has(p.err, "no run answers");
	proc_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_scenario_of_buses_alone_passes),
		cmocka_unit_test(test_a_failed_check_is_exit_status_1),
		cmocka_unit_test(test_quiet_shows_what_did_not_pass_and_the_summary),
		cmocka_unit_test(
			test_an_earlier_verdict_does_not_survive_a_run_that_fails_to_start),
		cmocka_unit_test(test_results_that_cannot_be_written_are_no_success),
		cmocka_unit_test(test_a_wrong_scenario_is_exit_status_2_with_the_place),
		cmocka_unit_test(test_wrong_words_are_exit_status_2_with_a_suggestion),
		cmocka_unit_test(test_help_and_version_are_there),
		cmocka_unit_test(test_doctor_has_a_line_for_everything),
		cmocka_unit_test(test_a_replay_and_a_timed_frame_keep_their_order),
		cmocka_unit_test(test_a_broken_trace_is_the_scenarios_fault),
		cmocka_unit_test(test_ctrl_c_ends_with_verdicts),
		cmocka_unit_test(test_the_control_socket_drives_a_run),
		cmocka_unit_test(test_hostile_clients_harm_only_themselves),
		cmocka_unit_test(test_two_runs_do_not_share_a_folder),
		cmocka_unit_test(test_a_stale_socket_is_no_other_run),
		cmocka_unit_test(test_ctl_without_a_run_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, proc_group_teardown);
}
