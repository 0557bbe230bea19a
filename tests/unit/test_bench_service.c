/* SPDX-License-Identifier: Apache-2.0 */
/* Helper programs of a run: what they are given, what is told of them, how they end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "sim/bench/service.h"

struct world {
	struct ev_loop *loop;
	struct service_set set;
	char lines[4096];
	char died[512];
	unsigned int deaths, own_deaths;
};

static void on_line(void *ctx, const char *text, size_t len)
{
	struct world *w = ctx;
	size_t at = strlen(w->lines);

	snprintf(w->lines + at, sizeof(w->lines) - at, "%.*s|", (int)len, text);
}

static void on_died(void *ctx, const char *text)
{
	struct world *w = ctx;

	w->deaths++;
	snprintf(w->died, sizeof(w->died), "%s", text);
}

static void on_own_death(void *ctx, struct service *s)
{
	struct world *w = ctx;

	assert_false(service_alive(s));
	w->own_deaths++;
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	assert_int_equal(ev_loop_new(&w->loop), 0);
	services_init(&w->set, w->loop);
	w->set.line = on_line;
	w->set.died = on_died;
	w->set.ctx = w;
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	services_fini(&w->set);
	ev_loop_free(w->loop);
	free(w);
	return 0;
}

static struct service *start_shell(
	struct world *w, const char *script, const struct service_config *more)
{
	const char *argv[] = { "/bin/sh", "-c", script, NULL };
	struct service_config cfg = *more;
	struct service *s = NULL;
	struct err e = { .text = "" };

	if (!cfg.name)
		cfg.name = "helper";
	cfg.argv = argv;
	assert_int_equal(service_start(&w->set, &cfg, &s, &e), 0);
	return s;
}

/* Turns the loop until the service has ended. */
static void await_end(struct world *w, const struct service *s)
{
	uint64_t limit = clock_now_ns() + 20 * NS_PER_S;

	while (service_alive(s)) {
		assert_true(clock_now_ns() < limit);
		assert_int_equal(ev_loop_turn(w->loop, 100), 0);
	}
}

static void await_line(struct world *w, const char *part)
{
	uint64_t limit = clock_now_ns() + 20 * NS_PER_S;

	while (!strstr(w->lines, part)) {
		assert_true(clock_now_ns() < limit);
		assert_int_equal(ev_loop_turn(w->loop, 100), 0);
	}
}

static const struct service_config plain = { .name = NULL };

static void test_its_lines_come_with_its_name(void **state)
{
	struct world *w = *state;
	struct service *s = start_shell(w, "echo one; echo two >&2; printf three", &plain);

	await_end(w, s);
	assert_string_equal(w->lines, "helper: one|helper: two|helper: three|");
}

static void test_an_end_that_nobody_ordered_is_told_with_its_last_line(void **state)
{
	struct world *w = *state;
	struct service_config cfg = { .on_death = on_own_death, .ctx = w };
	struct service *s = start_shell(w, "echo no such folder; exit 3", &cfg);

	await_end(w, s);
	assert_string_equal(w->died, "helper exited with status 3: no such folder");
	assert_int_equal(w->own_deaths, 1);
}

static void test_a_signal_that_ends_it_is_named(void **state)
{
	struct world *w = *state;
	struct service *s = start_shell(w, "kill -SEGV $$", &plain);

	await_end(w, s);
	assert_string_equal(w->died, "helper was killed by SIGSEGV");
}

static void test_a_stop_is_no_death(void **state)
{
	struct world *w = *state;
	struct service *s = start_shell(w, "echo up; exec sleep 100", &plain);

	await_line(w, "up");
	service_stop(s);
	await_end(w, s);
	assert_int_equal(w->deaths, 0);
}

static void test_one_that_ends_itself_may_do_so_with_status_0_only(void **state)
{
	struct world *w = *state;
	struct service_config cfg = { .ends_itself = true };
	struct service *s = start_shell(w, "exit 0", &cfg);

	await_end(w, s);
	assert_int_equal(w->deaths, 0);
	s = start_shell(w, "exit 1", &cfg);
	await_end(w, s);
	assert_int_equal(w->deaths, 1);
}

static void test_descriptors_arrive_at_their_numbers_and_no_others(void **state)
{
	struct world *w = *state;
	CLEANUP_FD int a = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	CLEANUP_FD int stray = open("/dev/full", O_RDONLY); /* not close-on-exec */
	const struct service_fd fds[] = { { a, 7 }, { a, 3 } };
	struct service_config cfg = { .fds = fds, .n_fds = 2 };
	struct service *s = start_shell(w,
		"for f in /proc/self/fd/*; do l=$(readlink $f); "
		"case $l in pipe*|/proc*) ;; *) echo ${f##*/}=$l;; esac; done",
		&cfg);

	assert_true(stray >= 0);
	await_end(w, s);
	assert_non_null(strstr(w->lines, "helper: 0=/dev/null|"));
	assert_non_null(strstr(w->lines, "helper: 3=/dev/zero|"));
	assert_non_null(strstr(w->lines, "helper: 7=/dev/zero|"));
	assert_null(strstr(w->lines, "/dev/full"));
}

static void test_its_input_can_be_a_descriptor_of_ours(void **state)
{
	struct world *w = *state;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	const struct service_fd fds[] = { { pair[1], 0 } };
	struct service_config cfg = { .fds = fds, .n_fds = 1 };
	struct service *s = start_shell(w, "read x; echo got $x", &cfg);

	fd_close(&pair[1]);
	assert_int_equal(write(pair[0], "this\n", 5), 5);
	await_end(w, s);
	fd_close(&pair[0]);
	assert_string_equal(w->lines, "helper: got this|");
}

static void test_sockets_are_handed_over_as_systemd_does(void **state)
{
	struct world *w = *state;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	struct service_config cfg = { .listen = pair, .n_listen = 2 };
	struct service *s;

	assert_int_equal(setenv("LISTEN_FDNAMES", "somebody:elses", 1), 0);
	s = start_shell(w,
		"[ $LISTEN_PID = $$ ] && echo mine; echo $LISTEN_FDS $LISTEN_FDNAMES; echo over >&3; "
		"read x <&4; echo $x",
		&cfg);
	assert_int_equal(unsetenv("LISTEN_FDNAMES"), 0);
	await_end(w, s);
	fd_close(&pair[0]);
	fd_close(&pair[1]);
	assert_string_equal(w->lines, "helper: mine|helper: 2|helper: over|");
}

static void test_without_sockets_it_hears_of_none(void **state)
{
	struct world *w = *state;
	struct service *s = start_shell(w, "echo [$LISTEN_FDS$LISTEN_PID]", &plain);

	await_end(w, s);
	assert_string_equal(w->lines, "helper: []|");
}

/* An orphan is reaped by others, at their time: a zombie does not run. */
static bool runs(pid_t pid)
{
	char path[64], text[256] = "";
	FILE *f;
	const char *state;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (!fgets(text, sizeof(text), f))
		text[0] = '\0';
	fclose(f);
	state = strrchr(text, ')');
	return state && state[1] && state[2] != 'Z' && state[2] != 'X';
}

static void test_one_that_does_not_end_is_killed_with_all_its_children(void **state)
{
	struct world *w = *state;
	struct service *s = start_shell(
		w, "trap '' TERM; sleep 100 & echo child $!; while :; do sleep 1; done", &plain);
	pid_t pid = service_pid(s), child;

	await_line(w, "child ");
	while (!strchr(w->lines, '|'))
		assert_int_equal(ev_loop_turn(w->loop, 100), 0);
	child = (pid_t)strtol(strstr(w->lines, "child ") + 6, NULL, 10);
	services_fini(&w->set);
	assert_int_equal(kill(pid, 0), -1);
	for (int i = 0; i < 500 && runs(child); i++)
		usleep(10000);
	assert_false(runs(child));
	assert_int_equal(w->deaths, 0);
}

static void test_a_program_that_cannot_run_is_an_error_with_its_name(void **state)
{
	struct world *w = *state;
	const char *argv[] = { "/nonexistent/program", NULL };
	struct service_config cfg = { .name = "virtiofsd media", .argv = argv };
	struct err e = { .text = "" };

	assert_int_equal(service_start(&w->set, &cfg, NULL, &e), -ENOENT);
	assert_non_null(strstr(e.text, "cannot start virtiofsd media (/nonexistent/program)"));
	assert_null(w->set.first);
}

static void test_descriptors_in_the_place_of_the_output_are_refused(void **state)
{
	struct world *w = *state;
	const char *argv[] = { "/bin/true", NULL };
	const struct service_fd fds[] = { { 0, 2 } };
	struct service_config cfg = { .name = "x", .argv = argv, .fds = fds, .n_fds = 1 };
	struct err e = { .text = "" };

	assert_int_equal(service_start(&w->set, &cfg, NULL, &e), -EBADF);
}

static void test_a_missing_program_names_its_package(void **state)
{
	char path[256];
	struct err e = { .text = "" };

	(void)state;
	assert_int_equal(
		service_find("no-such-daemon", "daemonology", path, sizeof(path), &e), -ENOENT);
	assert_non_null(strstr(e.text, "no-such-daemon"));
	assert_non_null(strstr(e.text, "package daemonology"));
	assert_int_equal(service_find("sh", "dash", path, sizeof(path), &e), 0);
	assert_int_equal(access(path, X_OK), 0);
}

static void test_the_figures_name_the_living_and_the_dead(void **state)
{
	struct world *w = *state;
	struct service_config one = { .name = "one" }, two = { .name = "two" };
	struct service *s;
	json_t *m;

	(void)start_shell(w, "exec sleep 100", &one);
	s = start_shell(w, "exit 5", &two);
	await_end(w, s);
	m = services_metrics(&w->set);
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(m, "one"), "state")), "running");
	assert_string_equal(json_string_value(json_object_get(json_object_get(m, "two"), "end")),
		"exited with status 5");
	json_decref(m);
	(void)start_shell(w, "exec sleep 100", &two);
	m = services_metrics(&w->set);
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(m, "two"), "state")), "running");
	assert_int_equal(json_object_size(m), 2);
	json_decref(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_its_lines_come_with_its_name, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_an_end_that_nobody_ordered_is_told_with_its_last_line, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_a_signal_that_ends_it_is_named, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_stop_is_no_death, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_one_that_ends_itself_may_do_so_with_status_0_only, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_descriptors_arrive_at_their_numbers_and_no_others, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_its_input_can_be_a_descriptor_of_ours, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_sockets_are_handed_over_as_systemd_does, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_without_sockets_it_hears_of_none, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_one_that_does_not_end_is_killed_with_all_its_children, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_a_program_that_cannot_run_is_an_error_with_its_name, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_descriptors_in_the_place_of_the_output_are_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_a_missing_program_names_its_package, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_the_figures_name_the_living_and_the_dead, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
