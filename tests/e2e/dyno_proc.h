/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real `dyno` as a test's child: run to its end, or left running and talked to. Every wait has
 * a limit; a test that hits it fails.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define PROC_LIMIT_S 60

struct proc {
	pid_t pid;
	int status; /* exit status, or 128 + signal; after proc_wait() */
	char out_path[256]; /* stdout and stderr, files in the test's folder */
	char err_path[256];
	char *out, *err; /* after proc_wait(); owned */
};

/* A fresh folder of this test program, removed by proc_folder_remove(). */
const char *proc_folder(void);
void proc_folder_remove(void);
/* It, as the teardown of a group of tests. */
int proc_group_teardown(void **state);
/* Ends the program as skipped, and says why, where guests cannot run. For main() or a setup. */
void proc_need_kvm(void);
/* "FOLDER/name"; a static buffer, one of four in turn. */
const char *proc_path(const char *name);
/* Writes text to FOLDER/name. */
void proc_write(const char *name, const char *text);
/* Reads FOLDER/name; NULL when it is not there. The caller frees. */
char *proc_read(const char *name);
bool proc_exists(const char *name);
/* Fails the test, and shows the text, unless `part` is in it. */
void proc_has(const char *text, const char *part);

/* Starts `dyno ARGS...` (NULL-terminated, without the program's name) in the folder. */
void proc_start(struct proc *p, const char *const *args);
/* Waits for its end; kills it and fails the test after the limit. Returns the status. */
int proc_wait(struct proc *p);
void proc_free(struct proc *p);
/* Both of them. */
int proc_run(struct proc *p, const char *const *args);

/*
 * Runs `dyno ctl --json --socket FOLDER/out/control.sock ARGS...`; the answer (the caller's), or
 * NULL when no run answers.
 */
json_t *proc_ctl(const char *const *args);
/* Asks for `status` until "state" is what is wanted; its answer. Fails the test after the limit. */
json_t *proc_await_state(const char *state);

#define ARGS(...) ((const char *const[]){ __VA_ARGS__, NULL })
