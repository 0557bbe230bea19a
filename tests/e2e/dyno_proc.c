/* SPDX-License-Identifier: Apache-2.0 */
/* See dyno_proc.h. */
#include "tests/e2e/dyno_proc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_ARGS 32

static char folder[64];
static unsigned int started;

const char *proc_folder(void)
{
	if (!folder[0]) {
		snprintf(folder, sizeof(folder), "/tmp/dyno-test-XXXXXX");
		if (!mkdtemp(folder))
			fail_msg("mkdtemp: %s", strerror(errno));
	}
	return folder;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

void proc_folder_remove(void)
{
	if (folder[0])
		nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	folder[0] = '\0';
}

int proc_group_teardown(void **state)
{
	(void)state;
	proc_folder_remove();
	return 0;
}

void proc_need_kvm(void)
{
	if (access("/dev/kvm", R_OK | W_OK) == 0)
		return;
	printf("skipped: /dev/kvm: %s\n", strerror(errno));
	exit(77);
}

const char *proc_path(const char *name)
{
	static char paths[4][512];
	static unsigned int turn;
	char *p = paths[turn++ % 4];

	snprintf(p, sizeof(paths[0]), "%s/%s", proc_folder(), name);
	return p;
}

void proc_write(const char *name, const char *text)
{
	FILE *f = fopen(proc_path(name), "we");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static char *slurp(const char *path)
{
	FILE *f = fopen(path, "re");
	size_t n = 0, cap = 1 << 20;
	char *text;

	if (!f)
		return NULL;
	text = malloc(cap + 1);
	assert_non_null(text);
	n = fread(text, 1, cap, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

char *proc_read(const char *name)
{
	return slurp(proc_path(name));
}

bool proc_exists(const char *name)
{
	return access(proc_path(name), F_OK) == 0;
}

void proc_has(const char *text, const char *part)
{
	if (!text || !strstr(text, part))
		fail_msg("\"%s\" is not in:\n%s", part, text ? text : "(nothing)");
}

void proc_start(struct proc *p, const char *const *args)
{
	const char *build = getenv("DYNO_BUILD_DIR");
	posix_spawn_file_actions_t fa;
	char program[512];
	char *argv[MAX_ARGS + 2];
	size_t n = 0;

	memset(p, 0, sizeof(*p));
	assert_non_null(build);
	snprintf(program, sizeof(program), "%s/bin/dyno", build);
	argv[n++] = program;
	while (*args && n <= MAX_ARGS)
		argv[n++] = strdup(*args++);
	argv[n] = NULL;
	started++;
	snprintf(p->out_path, sizeof(p->out_path), "%s/stdout-%u", proc_folder(), started);
	snprintf(p->err_path, sizeof(p->err_path), "%s/stderr-%u", proc_folder(), started);
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_addchdir_np(&fa, proc_folder());
	posix_spawn_file_actions_addopen(
		&fa, 1, p->out_path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644);
	posix_spawn_file_actions_addopen(
		&fa, 2, p->err_path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644);
	assert_int_equal(posix_spawn(&p->pid, program, &fa, NULL, argv, environ), 0);
	posix_spawn_file_actions_destroy(&fa);
	while (n > 1)
		free(argv[--n]);
}

static void nap(void)
{
	const struct timespec ts = { .tv_nsec = 10 * 1000 * 1000 };

	nanosleep(&ts, NULL);
}

int proc_wait(struct proc *p)
{
	bool late = false;
	int status;

	for (unsigned int i = 0; waitpid(p->pid, &status, WNOHANG) == 0; i++) {
		if (i == PROC_LIMIT_S * 100) {
			late = true;
			kill(p->pid, SIGKILL);
		}
		nap();
	}
	p->out = slurp(p->out_path);
	p->err = slurp(p->err_path);
	p->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	if (late)
		fail_msg("dyno did not end within %d s; stderr:\n%s", PROC_LIMIT_S, p->err);
	return p->status;
}

void proc_free(struct proc *p)
{
	free(p->out);
	free(p->err);
	p->out = p->err = NULL;
}

int proc_run(struct proc *p, const char *const *args)
{
	proc_start(p, args);
	return proc_wait(p);
}

json_t *proc_ctl(const char *const *args)
{
	const char *all[MAX_ARGS] = { "ctl", "--json", "--socket", "out/control.sock" };
	struct proc p;
	json_t *answer;
	size_t n = 4;

	while (*args && n + 1 < MAX_ARGS)
		all[n++] = *args++;
	all[n] = NULL;
	proc_run(&p, all);
	answer = json_loads(p.out, 0, NULL);
	proc_free(&p);
	return answer;
}

json_t *proc_await_state(const char *state)
{
	for (unsigned int i = 0; i < PROC_LIMIT_S * 20; i++) {
		json_t *a = proc_ctl(ARGS("status"));
		const char *now = json_string_value(json_object_get(a, "state"));

		if (now && strcmp(now, state) == 0)
			return a;
		json_decref(a);
		nap();
	}
	fail_msg("the run did not reach the state %s", state);
	return NULL;
}
