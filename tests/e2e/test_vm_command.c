/* SPDX-License-Identifier: Apache-2.0 */
/* `dyno vm` as a user types it: on a terminal, in a pipe, from a script. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>

#include "tests/e2e/dyno_proc.h"

static const char *kernel(void)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/tests/tiny_guest.elf", getenv("DYNO_BUILD_DIR"));
	return path;
}

/* ---- without a terminal ---- */

static void test_the_console_goes_to_stdout_and_power_off_is_success(void **state)
{
	struct proc p;

	(void)state;
	assert_int_equal(proc_run(&p, ARGS("vm", "--kernel", kernel(), "--append", "hello", "--net",
					      "none")),
		0);
	assert_ptr_equal(strstr(p.out, "tiny: hello\n"), p.out);
	proc_has(p.out, "done\n");
	proc_has(p.err, "vm: poweroff");
	assert_true(proc_exists("out-vm/vm.log"));
	proc_free(&p);
}

static void test_a_crash_is_status_1(void **state)
{
	struct proc p;

	(void)state;
	assert_int_equal(
		proc_run(&p, ARGS("vm", "-k", kernel(), "-a", "triple", "--net=none", "-o", "res")),
		1);
	proc_has(p.err, "triple fault");
	assert_true(proc_exists("res/junit.xml"));
	proc_free(&p);
}

static void test_what_is_wrong_is_status_2_and_starts_nothing(void **state)
{
	struct proc p;

	(void)state;
	assert_int_equal(proc_run(&p, ARGS("vm", "-k", "nowhere", "--cpus", "9", "-o", "none")), 2);
	proc_has(p.err, "\"nowhere\": No such file");
	proc_has(p.err, "9 exceeds 8");
	assert_false(proc_exists("none"));
	proc_free(&p);
	assert_int_equal(proc_run(&p, ARGS("vm", "-k", kernel(), "--console", "hvc7x y")), 2);
	proc_free(&p);
}

static void test_the_words_of_kvmtool_start_a_guest(void **state)
{
	struct proc p;

	(void)state;
	assert_int_equal(proc_run(&p, ARGS("vm", "-k", kernel(), "-p", "console=ttyS0 hello",
					      "--network", "mode=none", "--mem", "64", "-c", "2",
					      "--console", "serial", "--balloon")),
		0);
	proc_has(p.out, "tiny: hello\n");
	proc_has(p.out, "ram_end=0000000004000000\n");
	proc_free(&p);
	assert_int_equal(proc_run(&p, ARGS("vm", "-k", kernel(), "--console", "virtio", "--share",
					      "/tmp,tag,ro", "--9p", "/tmp,other", "--vsock", "9",
					      "--print-scenario")),
		0);
	proc_has(p.out, "    ports: [hvc0]\n");
	proc_has(p.out, "        tag: other\n        type: 9p\n");
	proc_has(p.out, "      cid: 9\n");
	proc_free(&p);
	assert_int_equal(proc_run(&p, ARGS("vm", "--help")), 0);
	proc_has(p.out, "-p, --params TEXT");
	proc_free(&p);
}

static void test_the_printed_scenario_runs_as_the_command_does(void **state)
{
	struct proc p;

	(void)state;
	proc_write("disk.img", "");
	assert_int_equal(truncate(proc_path("disk.img"), 1 << 20), 0);
	assert_int_equal(proc_run(&p, ARGS("vm", "-k", kernel(), "-a", "hello", "-d", "disk.img",
					      "--cpus", "2", "--print-scenario")),
		0);
	proc_write("grown.yaml", p.out);
	proc_free(&p);
	assert_int_equal(proc_run(&p, ARGS("run", "--out", "grown", "grown.yaml")), 0);
	proc_has(p.out, "1 passed");
	proc_has(p.err, "all guests have ended");
	proc_free(&p);
	char *log = proc_read("grown/vm.log");

	proc_has(log, "serial: tiny: hello");
	free(log);
}

/* ---- with a pipe, or a terminal ---- */

struct talk {
	pid_t pid;
	int to, from; /* one descriptor twice for a terminal */
	size_t n;
	char seen[8192];
};

static _Noreturn void become_dyno(const char *word)
{
	char program[512];

	snprintf(program, sizeof(program), "%s/bin/dyno", getenv("DYNO_BUILD_DIR"));
	if (chdir(proc_folder()) < 0)
		_exit(126);
	execl(program, "dyno", "vm", "-k", kernel(), "-a", word, "--net", "none", "-o", "out-talk",
		(char *)NULL);
	_exit(127);
}

static void talk_on_terminal(struct talk *t, const char *word, struct termios *before)
{
	struct winsize ws = { .ws_col = 91, .ws_row = 33 };

	memset(t, 0, sizeof(*t));
	(void)proc_folder();
	(void)kernel();
	t->pid = forkpty(&t->to, NULL, NULL, &ws);
	assert_true(t->pid >= 0);
	if (t->pid == 0)
		become_dyno(word);
	t->from = t->to;
	assert_int_equal(tcgetattr(t->to, before), 0);
}

static void talk_in_pipes(struct talk *t, const char *word)
{
	int in[2], out[2];

	memset(t, 0, sizeof(*t));
	(void)proc_folder();
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	t->pid = fork();
	assert_true(t->pid >= 0);
	if (t->pid == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		become_dyno(word);
	}
	close(in[0]);
	close(out[1]);
	t->to = in[1];
	t->from = out[0];
}

/* Reads until `part` was seen after what was seen before. */
static void await(struct talk *t, const char *part)
{
	for (;;) {
		struct pollfd pfd = { t->from, POLLIN, 0 };
		char *at = strstr(t->seen, part);
		ssize_t n;

		if (at) {
			memmove(t->seen, at + strlen(part), strlen(at + strlen(part)) + 1);
			t->n = strlen(t->seen);
			return;
		}
		if (poll(&pfd, 1, PROC_LIMIT_S * 1000) != 1)
			fail_msg("\"%s\" did not come; there was:\n%s", part, t->seen);
		n = read(t->from, t->seen + t->n, sizeof(t->seen) - 1 - t->n);
		if (n <= 0)
			fail_msg("the end came before \"%s\"; there was:\n%s", part, t->seen);
		t->n += (size_t)n;
		t->seen[t->n] = '\0';
	}
}

static void type(struct talk *t, const char *bytes)
{
	assert_int_equal(write(t->to, bytes, strlen(bytes)), (ssize_t)strlen(bytes));
}

/* Reads to the end, so that the child is not held; its exit status. */
static int talk_end(struct talk *t)
{
	char buf[512];
	int status;

	while (read(t->from, buf, sizeof(buf)) > 0)
		;
	assert_int_equal(waitpid(t->pid, &status, 0), t->pid);
	if (t->to != t->from)
		close(t->to);
	close(t->from);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void test_a_pipe_is_typed_in(void **state)
{
	struct talk t;

	(void)state;
	talk_in_pipes(&t, "echo");
	await(&t, "ready\n");
	type(&t, "over\001xand out");
	await(&t, "over\001xand out");
	type(&t, "\004");
	await(&t, "done\n");
	assert_int_equal(talk_end(&t), 0);
}

/* ---- a run that others talk to ---- */

static void write_echo(const char *name, const char *tail)
{
	char text[2048];

	snprintf(text, sizeof(text),
		"end_when: guests-ended\n"
		"duration: 50s\n"
		"guests:\n"
		"  a: { kernel: %s, cmdline: echo }\n"
		"%s",
		kernel(), tail);
	proc_write(name, text);
}

static void test_a_scenario_types_and_ends_with_its_guests(void **state)
{
	struct proc p;
	char *log;

	(void)state;
	write_echo("typed.yaml", "actions:\n"
				 "  - { at: 300ms, type: { text: hello there } }\n"
				 "  - { at: 400ms, type: { text: \"\\x04\", enter: false } }\n"
				 "checks:\n"
				 "  - console: { guest: a, match: '^hello there$' }\n"
				 "  - exit: { guest: a, reason: poweroff }\n");
	assert_int_equal(proc_run(&p, ARGS("run", "--out", "typed", "typed.yaml")), 0);
	proc_has(p.out, "3 passed");
	proc_has(p.err, "all guests have ended");
	proc_free(&p);
	log = proc_read("typed/a.log");
	proc_has(log, "serial: hello there");
	free(log);
}

static void await_echo(void)
{
	for (unsigned int i = 0; i < PROC_LIMIT_S * 50; i++) {
		char *log = proc_read("out/a.log");
		bool ready = log && strstr(log, "ready");

		free(log);
		if (ready)
			return;
		usleep(20000);
	}
	fail_msg("the guest did not get ready");
}

static void expect_ok(json_t *answer)
{
	if (!json_is_true(json_object_get(answer, "ok")))
		fail_msg("refused: %s", json_string_value(json_object_get(answer, "error")));
	json_decref(answer);
}

static void test_ctl_types_and_its_console_sees_the_answer(void **state)
{
	struct proc run, p;

	(void)state;
	write_echo("talk.yaml", "");
	proc_start(&run, ARGS("run", "talk.yaml"));
	json_decref(proc_await_state("running"));
	await_echo();
	/* Without anybody who types it shows the console until the run is over. */
	proc_start(&p, ARGS("ctl", "--socket", "out", "console"));
	for (unsigned int i = 0;; i++) {
		/* The guest says it again until the console was there to hear it. */
		char *seen;

		expect_ok(proc_ctl(ARGS("type", "a", "once\\tmore")));
		usleep(20000);
		seen = proc_read(strrchr(p.out_path, '/') + 1);
		if (seen && strstr(seen, "once\tmore\n")) {
			free(seen);
			break;
		}
		free(seen);
		if (i == PROC_LIMIT_S * 10)
			fail_msg("the console shows nothing");
	}
	expect_ok(proc_ctl(ARGS("type", "--no-newline", "--port", "serial", "\\x04")));
	assert_int_equal(proc_wait(&run), 0);
	assert_int_equal(proc_wait(&p), 0);
	proc_has(p.out, "done");
	proc_free(&run);
	proc_free(&p);
}

static _Noreturn void become_console(void)
{
	char program[512];

	snprintf(program, sizeof(program), "%s/bin/dyno", getenv("DYNO_BUILD_DIR"));
	if (chdir(proc_folder()) < 0)
		_exit(126);
	execl(program, "dyno", "ctl", "console", "a", (char *)NULL);
	_exit(127);
}

static void test_leaving_a_console_lets_the_guest_go_on(void **state)
{
	struct winsize ws = { .ws_col = 91, .ws_row = 33 };
	struct talk t = { 0 };
	struct proc run;

	(void)state;
	write_echo("stay.yaml", "");
	proc_start(&run, ARGS("run", "stay.yaml"));
	json_decref(proc_await_state("running"));
	await_echo();
	t.pid = forkpty(&t.to, NULL, NULL, &ws);
	assert_true(t.pid >= 0);
	if (t.pid == 0)
		become_console();
	t.from = t.to;
	await(&t, "Ctrl-A X leaves");
	await(&t, "\n");
	type(&t, "by hand\r");
	await(&t, "by hand");
	type(&t, "\001x");
	assert_int_equal(talk_end(&t), 0);
	expect_ok(proc_ctl(ARGS("type", "still here")));
	expect_ok(proc_ctl(ARGS("stop")));
	assert_int_equal(proc_wait(&run), 0);
	proc_free(&run);
}

/* ---- the terminal's settings ---- */

/* Both ends of a pseudo terminal have the same settings. */
static bool restored(const struct talk *t, const struct termios *before)
{
	struct termios now;

	assert_int_equal(tcgetattr(t->to, &now), 0);
	return now.c_lflag == before->c_lflag && now.c_iflag == before->c_iflag &&
	       now.c_oflag == before->c_oflag;
}

/* Keeps the terminal open, so that its settings outlive the child. */
static void talk_kept(struct talk *t, const char *word, struct termios *before, int *other)
{
	struct winsize ws = { .ws_col = 91, .ws_row = 33 };

	memset(t, 0, sizeof(*t));
	(void)proc_folder();
	assert_int_equal(openpty(&t->to, other, NULL, NULL, &ws), 0);
	t->from = t->to;
	assert_int_equal(tcgetattr(*other, before), 0);
	t->pid = fork();
	assert_true(t->pid >= 0);
	if (t->pid == 0) {
		close(t->to);
		if (login_tty(*other) < 0)
			_exit(125);
		become_dyno(word);
	}
}

static void test_a_terminal_is_raw_and_gets_its_settings_back(void **state)
{
	struct termios before;
	struct talk t;
	int other, status;

	(void)state;
	talk_kept(&t, "echo", &before, &other);
	await(&t, "ready");
	assert_false(restored(&t, &before));
	/* Ctrl-C is the guest's, and nothing is echoed but by the guest. */
	type(&t, "a\003b\001\001c");
	await(&t, "a\003b\001c");
	type(&t, "\001h");
	await(&t, "Ctrl-A X");
	type(&t, "\004");
	await(&t, "done");
	await(&t, "vm: poweroff");
	assert_int_equal(waitpid(t.pid, &status, 0), t.pid);
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_true(restored(&t, &before));
	close(other);
	close(t.to);
}

static void test_ctrl_a_x_ends_it_with_status_0(void **state)
{
	struct termios before;
	struct talk t;

	(void)state;
	talk_on_terminal(&t, "echo", &before);
	await(&t, "ready");
	type(&t, "\001x");
	assert_int_equal(talk_end(&t), 0);
}

static void test_ctrl_a_p_presses_the_power_button(void **state)
{
	struct termios before;
	struct talk t;

	(void)state;
	talk_on_terminal(&t, "echo", &before);
	await(&t, "ready");
	type(&t, "\001p");
	await(&t, "power button");
	assert_int_equal(talk_end(&t), 0);
}

static void test_a_killed_dyno_leaves_a_usable_terminal(void **state)
{
	struct termios before;
	struct talk t;
	int other, status;

	(void)state;
	talk_kept(&t, "echo", &before, &other);
	await(&t, "ready");
	assert_false(restored(&t, &before));
	kill(t.pid, SIGKILL);
	assert_int_equal(waitpid(t.pid, &status, 0), t.pid);
	for (unsigned int i = 0; i < PROC_LIMIT_S * 100 && !restored(&t, &before); i++)
		usleep(10000);
	assert_true(restored(&t, &before));
	close(other);
	close(t.to);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_console_goes_to_stdout_and_power_off_is_success),
		cmocka_unit_test(test_a_crash_is_status_1),
		cmocka_unit_test(test_what_is_wrong_is_status_2_and_starts_nothing),
		cmocka_unit_test(test_the_words_of_kvmtool_start_a_guest),
		cmocka_unit_test(test_the_printed_scenario_runs_as_the_command_does),
		cmocka_unit_test(test_a_pipe_is_typed_in),
		cmocka_unit_test(test_a_scenario_types_and_ends_with_its_guests),
		cmocka_unit_test(test_ctl_types_and_its_console_sees_the_answer),
		cmocka_unit_test(test_leaving_a_console_lets_the_guest_go_on),
		cmocka_unit_test(test_a_terminal_is_raw_and_gets_its_settings_back),
		cmocka_unit_test(test_ctrl_a_x_ends_it_with_status_0),
		cmocka_unit_test(test_ctrl_a_p_presses_the_power_button),
		cmocka_unit_test(test_a_killed_dyno_leaves_a_usable_terminal),
	};

	proc_need_kvm();
	return cmocka_run_group_tests_name("dyno vm", tests, NULL, proc_group_teardown);
}
