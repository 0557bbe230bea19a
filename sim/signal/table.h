/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values of a run's signals: last value, when it came, from whom, whether it is still to be
 * believed; and who wants to hear of changes. It knows no bus and no script.
 *
 * A stuck signal has two values: the one that is set or received, and the one that is shown to
 * everybody who uses it (frames, devices, subscribers), which stays what it was.
 *
 * Thread: the agenda's loop; every function and every callback runs there, or before it starts.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "sim/clock/agenda.h"
#include "sim/signal/model.h"

enum signal_state {
	SIGNAL_UNSET, /* nobody has said anything yet */
	SIGNAL_FRESH,
	SIGNAL_STALE /* nothing new for longer than stale_ns */
};

enum signal_source {
	SIGNAL_BY_NOBODY,
	SIGNAL_BY_SCENARIO, /* initial values, actions */
	SIGNAL_BY_BUS,
	SIGNAL_BY_SCRIPT,
	SIGNAL_BY_USER, /* control socket, panel */
	SIGNAL_BY_GUEST /* a device */
};

struct signal_value {
	double value; /* set or received last */
	double shown; /* what frames, devices and subscribers see: other than `value` while stuck */
	uint64_t t_ns; /* bench time of `value` */
	uint64_t updates;
	enum signal_state state;
	enum signal_source source;
	bool stuck;
};

struct signals;

/* Hears of one signal, or of all. The owner's storage; zero-initialise. */
struct signal_sub {
	/* `v` is lent. May set signals, subscribe and unsubscribe, this one too. */
	void (*changed)(void *ctx, uint32_t signal, const struct signal_value *v);
	void *ctx;
	uint32_t signal; /* SIGNAL_NONE: every one */
	bool every; /* also updates that change neither what is shown nor the state */
	struct signals *table; /* set while it hears */
	struct signal_sub *next, *prev;
};

/* All are unset. The model and the agenda are borrowed. 0 or -ENOMEM. */
MUST_CHECK int signals_new(
	struct signals **out, const struct signal_model *m, struct agenda *agenda);
/* Subscribers that are still there are told by their `table`. NULL is legal. */
void signals_free(struct signals *t);

/* Sets the initial values, at bench time 0. */
void signals_begin(struct signals *t);

/*
 * A new value at bench time t_ns, held to the signal's range. Subscribers are told before this
 * returns. 0; -EDOM for what is no number: nothing changes, then.
 */
MUST_CHECK int signals_set(
	struct signals *t, uint32_t signal, double value, uint64_t t_ns, enum signal_source source);
const struct signal_value *signals_get(const struct signals *t, uint32_t signal);

/* What is shown stays what it is, or follows the value again. Idempotent. */
void signals_stick(struct signals *t, uint32_t signal, bool stuck);
/*
 * Stuck at this value (held to the signal's range): what sets the signal goes on behind it, and is
 * shown again when it is stuck no more. Of a signal without a value it is that one, too. 0; -EDOM
 * for what is no number.
 */
MUST_CHECK int signals_hold(
	struct signals *t, uint32_t signal, double value, uint64_t t_ns, enum signal_source source);

/* Idempotent. The order of subscribing is the order of hearing; those of one signal come before
 * those of all. */
void signals_subscribe(struct signals *t, struct signal_sub *s);
void signals_unsubscribe(struct signal_sub *s);

const struct signal_model *signals_model(const struct signals *t);

/* "unset", "fresh", "stale"; "scenario", "bus", ... */
const char *signal_state_name(enum signal_state s);
const char *signal_source_name(enum signal_source s);
