/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a panel knows of the bench: the values of signals, the states of guests, buses and sound;
 * and what the user wants of it, until it was sent. Pure; no pixel, no socket.
 */
#pragma once

#include <jansson.h>

#include "base/proto/signal_port.h"
#include "ui/panel/spec.h"

#define PANEL_WORD 24
#define PANEL_NOTE 160
/* What the user asks for and what has not been sent. */
#define PANEL_MAX_ASKS 32

struct panel_value {
	enum signal_rec_state state;
	bool held, fed; /* see SIGNAL_REC_HELD, SIGNAL_REC_FED */
	bool grabbed; /* the user has hold of it: what comes in is not shown */
	bool waits; /* `want` is to be sent as a record of type `type` */
	enum signal_rec_type type;
	double value, want;
};

struct panel_bus {
	double load_percent, frames_per_s;
	uint64_t dropped;
};

struct panel_stream {
	uint32_t volume_percent;
	bool mute;
	bool waits, grabbed;
};

struct panel_model {
	struct panel_spec spec;
	struct panel_value *values; /* of the signals */
	char state[PANEL_WORD]; /* of the bench: "running" */
	double time_s, duration_s;
	char guest[PANEL_MAX_GUESTS][PANEL_WORD]; /* "paused" */
	struct panel_bus bus[PANEL_MAX_BUSES];
	struct panel_stream stream[PANEL_MAX_STREAMS];
	char note[PANEL_NOTE]; /* what came of the last request; "" */
	bool note_bad;
	json_t *asks; /* requests that were not sent */
	uint32_t waiting; /* signals and streams with `waits` */
};

/* Takes the spec. 0 or -ENOMEM (the spec is freed then, too). */
MUST_CHECK int panel_model_init(struct panel_model *m, struct panel_spec *spec_take);
void panel_model_fini(struct panel_model *m);

/* ---- from the bench ---- */

void panel_model_value(struct panel_model *m, const struct signal_rec *r);
/* The message `panel` of the bench; what it does not say stays as it was. 0 or -EINVAL. */
MUST_CHECK int panel_model_state(struct panel_model *m, const json_t *msg, struct err *e);
void panel_model_note(struct panel_model *m, bool bad, const char *text);

/* ---- from the user ---- */

/*
 * The signal shall be `value` (brought into its range and to its step). What a feed sets is held
 * over it, everything else is set.
 */
void panel_model_want(struct panel_model *m, uint32_t signal, double value);
/* It follows its feed again. */
void panel_model_release(struct panel_model *m, uint32_t signal);
void panel_model_volume(struct panel_model *m, uint32_t stream, uint32_t percent);
/* A request as `dyno ctl` makes it; consumed. */
void panel_model_ask(struct panel_model *m, json_t *request_take);

/* ---- to the bench ---- */

/* Takes up to `room` records that wait. The number. */
uint32_t panel_model_take_records(struct panel_model *m, struct signal_rec *out, uint32_t room);
/* The next request to be sent; NULL when there is none. The caller's. */
json_t *panel_model_take_ask(struct panel_model *m);

/* ---- texts ---- */

/* The value that is shown: the user's while it has hold of the signal. */
double panel_model_shown(const struct panel_model *m, uint32_t signal);
/* Its index in the signal's choices; n_choices: none of them. */
uint32_t panel_model_choice(const struct panel_model *m, uint32_t signal);
/* "53 km/h", "Third", "on", "-". */
void panel_model_text(const struct panel_model *m, uint32_t signal, char *buf, size_t cap);
