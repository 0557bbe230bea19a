/* SPDX-License-Identifier: Apache-2.0 */
/* Processes in general; see procs.h. */
#include "sim/bench/procs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"

#define READ_BURST (64 * 1024)

static bool try_dir(const char *dir, size_t dir_len, const char *name, char *path, size_t cap)
{
	int n = snprintf(path, cap, "%.*s/%s", (int)dir_len, dir, name);

	return n > 0 && (size_t)n < cap && access(path, X_OK) == 0;
}

bool program_in(const char *dir, const char *name, char *path, size_t cap)
{
	return try_dir(dir, strlen(dir), name, path, cap);
}

bool program_in_path(const char *name, char *path, size_t cap)
{
	const char *search = getenv("PATH");

	while (search && *search) {
		size_t len = strcspn(search, ":");

		if (len && try_dir(search, len, name, path, cap))
			return true;
		search += len + (search[len] == ':');
	}
	return false;
}

int proc_reap(pid_t pid, uint64_t *cpu_ns)
{
	struct rusage ru = { 0 };
	int status = 0;

	while (wait4(pid, &status, 0, &ru) < 0 && errno == EINTR)
		;
	*cpu_ns = ((uint64_t)ru.ru_utime.tv_sec + (uint64_t)ru.ru_stime.tv_sec) * NS_PER_S +
		  ((uint64_t)ru.ru_utime.tv_usec + (uint64_t)ru.ru_stime.tv_usec) * NS_PER_US;
	return status;
}

void proc_status_text(int status, char *buf, size_t cap)
{
	if (WIFSIGNALED(status)) {
		const char *name = sigabbrev_np(WTERMSIG(status));

		snprintf(buf, cap, "was killed by SIG%s", name ? name : "?");
	} else {
		snprintf(buf, cap, "exited with status %d", WEXITSTATUS(status));
	}
}

bool proc_read_lines(
	int fd, struct lines *l, void (*line)(void *arg, const char *text, size_t len), void *arg)
{
	char buf[4096];

	for (size_t got = 0; got < READ_BURST;) {
		ssize_t n = read(fd, buf, sizeof(buf));

		if (n > 0) {
			lines_feed(l, buf, (size_t)n, line, arg);
			got += (size_t)n;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		return n < 0 && errno == EAGAIN;
	}
	return true;
}

void proc_close_watched(struct ev_io *io)
{
	int fd = io->fd;

	ev_io_del(io);
	io->fd = -1;
	fd_close(&fd);
}
