/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all processes that the bench starts have in common, Dyno's own (child.h) and helpers
 * (service.h): where programs are found, what they say, how they ended.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/ev.h"
#include "sim/bench/lines.h"

/* Whether a folder has the program; then its path is in `path`. */
bool program_in(const char *dir, const char *name, char *path, size_t cap);
/* The same for the folders of $PATH. */
bool program_in_path(const char *name, char *path, size_t cap);

/* Waits for a process that was ended or is about to; its status as waitpid gives it. *cpu_ns: user
 * and system time. */
int proc_reap(pid_t pid, uint64_t *cpu_ns);
/* "exited with status 3", "was killed by SIGKILL". */
void proc_status_text(int status, char *buf, size_t cap);

/* Reads what a pipe has, as lines, but not for ever: who floods us must not keep the bench from
 * everything else. False at the end of the stream. */
bool proc_read_lines(
	int fd, struct lines *l, void (*line)(void *arg, const char *text, size_t len), void *arg);
/* Stops watching a descriptor and closes it. */
void proc_close_watched(struct ev_io *io);
