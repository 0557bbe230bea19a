/* SPDX-License-Identifier: Apache-2.0 */
/* Starting, watching and reaping of child processes. */
#include "sim/bench/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/ipc.h"
#include "sim/bench/procs.h"

#define CONTROL_FD 3

void child_init(struct child *c)
{
	*c = (struct child){ .pidfd = -1,
		.sock = -1,
		.exit_io = EV_IO_INIT,
		.err_io = EV_IO_INIT,
		.sock_io = EV_IO_INIT };
}

static void pass_line(void *arg, const char *text, size_t len)
{
	struct child *c = arg;

	if (c->on_line)
		c->on_line(c, text, len);
}

/* The last reads of a child that is gone: more than its socket and pipe can hold. */
#define LAST_READS 256

static bool read_stderr(struct child *c)
{
	return proc_read_lines(c->err_io.fd, &c->err_lines, pass_line, c);
}

static void stderr_ready(struct ev_io *io, uint32_t revents)
{
	struct child *c = io->data;

	(void)revents;
	if (!read_stderr(c)) {
		lines_end(&c->err_lines, pass_line, c);
		proc_close_watched(io);
	}
}

static void sock_ready(struct ev_io *io, uint32_t revents)
{
	struct child *c = io->data;

	(void)revents;
	c->on_readable(c);
}

static void reap(struct child *c)
{
	c->status = proc_reap(c->pid, &c->cpu_ns);
	c->ended = true;
	c->pid = 0;
}

static void exit_ready(struct ev_io *io, uint32_t revents)
{
	struct child *c = io->data;

	(void)revents;
	reap(c);
	proc_close_watched(io);
	c->pidfd = -1;
	/* What it said last arrives before the news of its end. Not without bounds: it may have
	 * handed its ends to somebody who goes on writing. */
	for (unsigned int i = 0; i < LAST_READS && c->sock_io.fd >= 0; i++)
		c->on_readable(c);
	if (c->err_io.fd >= 0) {
		for (unsigned int i = 0; i < LAST_READS && read_stderr(c); i++)
			;
		lines_end(&c->err_lines, pass_line, c);
		proc_close_watched(&c->err_io);
	}
	c->on_exit(c);
}

static int spawn(struct child *c, const char *const *argv, int theirs, int err_pipe)
{
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t at;
	sigset_t none, defaults;
	int rc;

	rc = posix_spawn_file_actions_init(&fa);
	if (rc)
		return -rc;
	rc = posix_spawnattr_init(&at);
	if (rc) {
		posix_spawn_file_actions_destroy(&fa);
		return -rc;
	}
	/* dup2 onto itself clears close-on-exec too. The pipe goes first: it may itself be fd 3. */
	rc = posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
	if (!rc)
		rc = posix_spawn_file_actions_adddup2(&fa, err_pipe, 1);
	if (!rc)
		rc = posix_spawn_file_actions_adddup2(&fa, err_pipe, 2);
	if (!rc)
		rc = posix_spawn_file_actions_adddup2(&fa, theirs, CONTROL_FD);
	/* Whoever started the bench may have left descriptors open in it. */
	if (!rc)
		rc = posix_spawn_file_actions_addclosefrom_np(&fa, CONTROL_FD + 1);
	sigemptyset(&none);
	sigfillset(&defaults);
	if (!rc)
		rc = posix_spawnattr_setsigmask(&at, &none);
	if (!rc)
		rc = posix_spawnattr_setsigdefault(&at, &defaults);
	if (!rc)
		rc = posix_spawnattr_setpgroup(&at, 0);
	if (!rc)
		rc = posix_spawnattr_setflags(&at,
			POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
	if (!rc) {
		union {
			const char *const *in;
			char *const *out;
		} args = { .in = argv };

		rc = posix_spawn(&c->pid, argv[0], &fa, &at, args.out, environ);
	}
	posix_spawnattr_destroy(&at);
	posix_spawn_file_actions_destroy(&fa);
	if (rc)
		c->pid = 0;
	return -rc;
}

/* Room for a burst of messages with nobody reading for a while. */
#define CONTROL_BUFFER_BYTES (256 * 1024)

int child_spawn(struct child *c, struct ev_loop *loop, const char *const *argv, struct err *e)
{
	int socks[2] = { -1, -1 }, pipes[2] = { -1, -1 };
	int rc;

	rc = ipc_pair(socks, CONTROL_BUFFER_BYTES);
	if (!rc && pipe2(pipes, O_CLOEXEC) < 0)
		rc = -errno;
	if (!rc)
		rc = fd_set_nonblock(socks[0], 1);
	if (!rc)
		rc = fd_set_nonblock(pipes[0], 1);
	c->spawned_ns = clock_now_ns();
	c->ended = false;
	if (!rc)
		rc = spawn(c, argv, socks[1], pipes[1]);
	if (!rc) {
		c->pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0);
		if (c->pidfd < 0)
			rc = -errno;
	}
	fd_close(&socks[1]);
	fd_close(&pipes[1]);
	if (!rc)
		rc = ev_io_add(loop, &c->exit_io, c->pidfd, EPOLLIN, exit_ready, c);
	if (!rc)
		rc = ev_io_add(loop, &c->err_io, pipes[0], EPOLLIN, stderr_ready, c);
	if (!rc) {
		pipes[0] = -1;
		rc = ev_io_add(loop, &c->sock_io, socks[0], EPOLLIN, sock_ready, c);
	}
	if (rc) {
		fd_close(&socks[0]);
		fd_close(&pipes[0]);
		child_fini(c);
		return err_errno(e, -rc, "cannot start %s", argv[0]);
	}
	c->sock = socks[0];
	return 0;
}

void child_kill(struct child *c)
{
	if (c->pid > 0)
		kill(c->pid, SIGKILL);
}

void child_hang_up(struct child *c)
{
	if (c->sock < 0)
		return;
	proc_close_watched(&c->sock_io);
	c->sock = -1;
}

void child_fini(struct child *c)
{
	child_hang_up(c);
	if (c->pid > 0) {
		child_kill(c);
		reap(c);
	}
	if (c->exit_io.fd >= 0)
		proc_close_watched(&c->exit_io);
	else
		fd_close(&c->pidfd);
	c->pidfd = -1;
	if (c->err_io.fd >= 0)
		proc_close_watched(&c->err_io);
}

void child_status_text(const struct child *c, char *buf, size_t cap)
{
	size_t n;

	proc_status_text(c->status, buf, cap);
	n = strlen(buf);
	if (WIFSIGNALED(c->status) && WTERMSIG(c->status) == SIGSYS)
		snprintf(buf + n, cap - n, " (a system call that its sandbox does not allow)");
}

void child_own_dir(char *buf, size_t cap)
{
	ssize_t n = readlink("/proc/self/exe", buf, cap - 1);
	char *slash;

	buf[n > 0 ? n : 0] = '\0';
	slash = strrchr(buf, '/');
	if (slash)
		*slash = '\0';
}

int child_find_program(const char *name, char *path, size_t cap, struct err *e)
{
	const char *libexec = getenv("DYNO_LIBEXEC");
	char own[512];

	if (libexec && program_in(libexec, name, path, cap))
		return 0;
	child_own_dir(own, sizeof(own));
	if ((own[0] && program_in(own, name, path, cap)) || program_in_path(name, path, cap))
		return 0;
	return err_set(e, -ENOENT,
		"cannot find the program %s in %s%s%s or in PATH; set DYNO_LIBEXEC to its folder",
		name, libexec ? libexec : "", libexec ? ", " : "", own[0] ? own : "?");
}
