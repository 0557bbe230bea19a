/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A child process of the bench: started with its control socket as fd 3 and nothing else but
 * stdin (/dev/null), stdout and stderr (a pipe to the bench, line by line); watched through a
 * pidfd. What is said over the control socket is not in here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/ev.h"
#include "sim/bench/lines.h"

struct child {
	pid_t pid; /* 0 while there is none */
	int pidfd;
	int sock; /* our end of the control socket, non-blocking; -1 once closed */
	bool ended; /* it was reaped; status below is valid */
	int status; /* as waitpid gives it */
	uint64_t spawned_ns;
	uint64_t cpu_ns; /* user and system time, from its reaping */
	struct lines err_lines; /* its stdout and stderr */
	struct ev_io exit_io, err_io, sock_io;
	/* Main loop. `text` has no newline; it is valid during the call. */
	void (*on_line)(struct child *c, const char *text, size_t len);
	/* The control socket has a packet or its end. May leave some for the next call. */
	void (*on_readable)(struct child *c);
	void (*on_exit)(struct child *c); /* after all its lines; it may be freed in here */
	void *data;
};

/* Ready for child_spawn(); callbacks and data are set by the caller. */
void child_init(struct child *c);
/*
 * Starts argv[0] (a path) in its own process group, so that Ctrl-C reaches only the bench. Set-up
 * code, main thread; does not wait for the child. 0 or -errno with a message.
 */
MUST_CHECK int child_spawn(
	struct child *c, struct ev_loop *loop, const char *const *argv, struct err *e);
/* SIGKILL; nothing when it has ended. on_exit follows. */
void child_kill(struct child *c);
/* Closes our end of the control socket: the child takes it as the order to end. */
void child_hang_up(struct child *c);
/* Kills and reaps (blocks until it is gone), forgets its lines and fds. Idempotent. */
void child_fini(struct child *c);

/* "exited with status 3", "was killed by SIGKILL"; for a child that has ended. */
void child_status_text(const struct child *c, char *buf, size_t cap);

/*
 * Path of one of Dyno's programs: $DYNO_LIBEXEC, next to our own executable, then $PATH. 0, or
 * -ENOENT with a message that says where it was sought.
 */
MUST_CHECK int child_find_program(const char *name, char *path, size_t cap, struct err *e);
/* Folder of our own executable; "" when it cannot be told. */
void child_own_dir(char *buf, size_t cap);
