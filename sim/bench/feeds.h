/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signals of a run, on the bus thread: their table, the frames that they come from and go
 * into, and the scripts that use them. The buses own it (buses.h); buses_feeds() gets other threads
 * there.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ev.h"
#include "sim/bench/gnss.h"
#include "sim/clock/agenda.h"
#include "sim/scenario/scenario.h"
#include "sim/signal/can.h"
#include "sim/signal/port.h"
#include "sim/signal/table.h"

struct feeds;

struct feeds_config {
	const struct scenario *scenario; /* borrowed, as all here */
	const struct bench_clock *clock;
	struct ev_loop *loop;
	struct agenda *agenda;
	/* Sends a frame that is due at bench time t_ns. 0 or -errno. */
	int (*send)(void *ctx, uint32_t bus, const struct canfd_frame *f, uint64_t t_ns);
	void *ctx;
	/* What scripts say. */
	void (*said)(void *ctx, uint32_t script, const char *text, bool failed, uint64_t t_ns);
	void *said_ctx;
	/* What receivers say; NULL: nobody hears them. */
	gnss_speak gnss;
	void *gnss_ctx;
};

/* Set-up, before the bus thread runs. 0; -EINVAL: a script is none; -errno; with a message. */
MUST_CHECK int feeds_new(struct feeds **out, const struct feeds_config *cfg, struct err *e);
/* After the agenda runs no more. NULL is legal. */
void feeds_free(struct feeds *f);

/* A frame was on a bus; `own`: the bench sent it. */
void feeds_frame(
	struct feeds *f, uint32_t bus, const struct canfd_frame *frame, bool own, uint64_t t_ns);

/* SCENARIO_SET, _STUCK, _SILENCE at bench time t_ns. */
void feeds_action(
	struct feeds *f, const struct scenario_action *a, uint64_t t_ns, enum signal_source source);

struct signals *feeds_table(struct feeds *f);

/*
 * Another process sees and sets these signals over a socket (base/proto/signal_port.h), whose
 * place in `signals` is their number there; `settable` (NULL: all): which it may set. The fd is
 * consumed. 0 or -errno.
 */
MUST_CHECK int feeds_add_port(struct feeds *f, int fd_take, const uint32_t *signals,
	const bool *settable, uint32_t n_signals);
/* The same for a panel: it acts for the user, may hold signals, and is told at a calm rate. */
MUST_CHECK int feeds_add_panel(struct feeds *f, int fd_take, const uint32_t *signals,
	const bool *settable, uint32_t n_signals);

struct buses;
/* The signals that a guest's devices use, over this socket, which is consumed; -1: it uses none.
 * Any thread but the bus's. 0 or -errno with a message. (feeds_guest.c) */
MUST_CHECK int feeds_plug(
	struct buses *b, const struct scenario_guest *g, int fd_take, struct err *e);

/* A signal as JSON: name, value, unit, state, ...; a new reference. */
json_t *feeds_signal_json(struct feeds *f, uint32_t signal);
/* All of them whose name or unit has `pattern` in it (NULL: all); a new reference. */
json_t *feeds_signals_json(struct feeds *f, const char *pattern);
/* Figures for metrics.json; a new reference. */
json_t *feeds_metrics(const struct feeds *f);
