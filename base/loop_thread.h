/* SPDX-License-Identifier: Apache-2.0 */
/* An event loop on a thread of its own. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/ev.h"

struct loop_thread {
	struct ev_loop *loop;
	pthread_t thread;
	pid_t tid; /* the host's number of it, while it runs */
	bool running;
	const char *name; /* static */
	/* Of the thread; to be set before it is started. 0: as the process has it. */
	size_t stack_bytes;
	int nice;
	bool stays; /* on the processor on which it starts */
};

/* Makes the loop; no thread yet, so that watchers can be added. 0 or -errno. */
MUST_CHECK int loop_thread_init(struct loop_thread *t, const char *name);
MUST_CHECK int loop_thread_start(struct loop_thread *t, struct err *e);
/* Ends the thread; the loop stays, so that watchers can be removed. Idempotent. */
void loop_thread_stop(struct loop_thread *t);
/* Stops and frees the loop. Idempotent. */
void loop_thread_fini(struct loop_thread *t);
