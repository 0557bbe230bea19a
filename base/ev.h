/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event loop over epoll: file descriptors, absolute timers, calls from other threads.
 *
 * One thread runs a loop; except where said otherwise every function is called on that thread
 * (or before it starts). Watchers live in the caller's storage and must be removed before that
 * storage goes away; removing one inside any callback is allowed and takes effect at once.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "base/err.h"

struct ev_loop;

/* A watched fd. Zero-initialise (EV_IO_INIT) before first use. */
struct ev_io {
	int fd; /* borrowed; -1 while not watched */
	uint32_t events; /* EPOLLIN | EPOLLOUT; errors and hang-ups are always reported */
	void (*cb)(struct ev_io *io, uint32_t revents);
	void *data; /* the caller's */
	struct ev_loop *loop;
};
#define EV_IO_INIT       \
	{                \
		.fd = -1 \
	}

/*
 * A timer on CLOCK_MONOTONIC. Zero-initialise before first use. One shot: re-arm in cb; what is
 * armed inside a timer's callback fires in the next turn at the earliest.
 */
struct ev_timer {
	uint64_t deadline_ns; /* 0 while disarmed */
	void (*cb)(struct ev_timer *t, uint64_t now_ns);
	void *data; /* the caller's */
	struct ev_loop *loop;
	uint32_t heap_index; /* position + 1 in the loop's heap, 0 while disarmed */
};

MUST_CHECK int ev_loop_new(struct ev_loop **out);
/* NULL is legal. Watchers that are still there are forgotten, not closed. */
void ev_loop_free(struct ev_loop *l);

/* Runs until ev_loop_stop(). 0 or -errno. Blocks. */
MUST_CHECK int ev_loop_run(struct ev_loop *l);
/* One turn: waits at most timeout_ms (-1: until something happens), dispatches. 0 or -errno. */
MUST_CHECK int ev_loop_turn(struct ev_loop *l, int timeout_ms);
/* Any thread. */
void ev_loop_stop(struct ev_loop *l);
/* True once ev_loop_stop() was called. Any thread. */
bool ev_loop_stopped(const struct ev_loop *l);

/* Starts watching fd. `io->cb` and `io->data` are set here. 0 or -errno. */
MUST_CHECK int ev_io_add(struct ev_loop *l, struct ev_io *io, int fd, uint32_t events,
	void (*cb)(struct ev_io *io, uint32_t revents), void *data);
/* Changes the mask. 0 or -errno. */
MUST_CHECK int ev_io_set(struct ev_io *io, uint32_t events);
/* Stops watching; idempotent; does not close the fd. */
void ev_io_del(struct ev_io *io);

/* Makes room for one more timer in the loop, so that arming never fails. 0 or -ENOMEM. */
MUST_CHECK int ev_timer_init(struct ev_loop *l, struct ev_timer *t,
	void (*cb)(struct ev_timer *t, uint64_t now_ns), void *data);
/* Arms (or moves) the timer to an absolute CLOCK_MONOTONIC time; one that is past fires soon. */
void ev_timer_at(struct ev_timer *t, uint64_t deadline_ns);
/*
 * Arms the timer for the end of this turn of the loop, after all that was readable was read, which
 * costs no system call; armed by a timer it fires in the next turn.
 */
void ev_timer_soon(struct ev_timer *t);
/* Disarms; idempotent. */
void ev_timer_stop(struct ev_timer *t);
/* Disarms and gives the loop's room back. Idempotent. */
void ev_timer_fini(struct ev_timer *t);

/*
 * Runs fn(arg) on the loop's thread, soon, in order of posting. Any thread; does not wait. What
 * `arg` points to must live until fn ran or the loop has ended. 0; -ENOMEM; -ECANCELED when the
 * loop has ended: fn will not run, then.
 */
MUST_CHECK int ev_post(struct ev_loop *l, void (*fn)(void *arg), void *arg);
/*
 * Runs fn(arg) on the loop's thread and waits for its end. Any thread; on the loop's own thread
 * (or while no thread runs the loop) it is a plain call. 0, or -ECANCELED when the loop stopped
 * before it ran.
 */
MUST_CHECK int ev_call(struct ev_loop *l, void (*fn)(void *arg), void *arg);
