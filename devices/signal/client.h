/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals as devices of a guest see them: the last values that came over the bench's socket
 * (base/proto/signal_port.h), who wants to hear of a change, and the way back for what a guest
 * sets. The one place that reads that socket; a device asks by a signal's place in the list.
 *
 * Thread: the loop's, or any before it runs.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ev.h"
#include "base/proto/signal_port.h"

struct signal_client;

/* What is known of a signal. */
struct signal_seen {
	enum signal_rec_state state; /* SIGNAL_REC_UNSET: nobody has said anything yet */
	double value;
	uint64_t t_ns; /* bench time of the value */
};

/* Hears of one signal. The owner's storage; zero-initialise. */
struct signal_watch {
	/* Its value or state is another one. `s` is lent. May set signals, watch and unwatch, this
	 * one too. */
	void (*changed)(void *ctx, const struct signal_seen *s);
	void *ctx;
	struct signal_client *client; /* set while it hears */
	uint32_t signal;
	struct signal_watch *next, *prev;
};

struct signal_client_stats {
	uint64_t updates, sets; /* records that came, values that were sent */
	bool open; /* the bench is there */
};

/*
 * Waits until each signal was said once, wait_ms at most, so that a guest that starts then finds
 * no device without values: set-up code. The fd is consumed, on failure too; -1: there is no bench,
 * nothing is ever heard. 0 or -errno.
 */
MUST_CHECK int signal_client_new(struct signal_client **out, struct ev_loop *loop, int fd_take,
	uint32_t n_signals, int wait_ms);
/* Watches that are still there are told by their `client`. NULL is legal. */
void signal_client_free(struct signal_client *c);

/* signal < n_signals, here and below. */
const struct signal_seen *signal_client_get(const struct signal_client *c, uint32_t signal);
/* The quantity of a feed. False, with *out as it was, where its signal has no value yet. */
bool signal_client_feed(const struct signal_client *c, const struct signal_feed *f, double *out);

/* Idempotent. */
void signal_client_watch(struct signal_client *c, struct signal_watch *w, uint32_t signal);
void signal_client_unwatch(struct signal_watch *w);

/* The guest sets a signal. Where the bench is slow to read, the newest value goes out later. What
 * is no number is not sent. */
void signal_client_set(struct signal_client *c, uint32_t signal, double value);

void signal_client_get_stats(const struct signal_client *c, struct signal_client_stats *out);
