/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bench's end of a socket over which another process sees and sets signals
 * (base/proto/signal_port.h). A process that reads slowly gets the newest values later and holds
 * up nobody.
 *
 * Thread: the loop's.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "base/ev.h"
#include "sim/signal/table.h"

struct signal_port;

struct signal_port_config {
	struct ev_loop *loop; /* borrowed, as all here */
	struct signals *table;
	const uint32_t *signals; /* the socket's list: indices in the model; copied */
	const bool *settable; /* n_signals: which of them the process may set; NULL: all; copied */
	uint32_t n_signals; /* SIGNAL_PORT_MAX at most */
	/* A panel: what it sets is the user's, it may hold and release signals, and is told of
	 * those that are held. */
	bool panel;
	uint64_t gap_ns; /* values are sent so far apart, the newest of each; 0: at once */
	uint64_t (*now_ns)(void *ctx); /* bench time, for what the process sets */
	/* The other end has closed it, sent what is no record, or set what it may not: the port
	 * does nothing more. May free it. */
	void (*gone)(void *ctx, struct signal_port *p);
	void *ctx;
};

/* Sends all values at once. The fd is consumed, on failure too. 0 or -errno. */
MUST_CHECK int signal_port_new(
	struct signal_port **out, int fd_take, const struct signal_port_config *cfg);
/* NULL is legal. */
void signal_port_free(struct signal_port *p);
