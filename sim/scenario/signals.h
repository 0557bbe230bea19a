/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the scenario reader: the `signals` of a scenario as they are written, before databases
 * and names are put together to a model.
 */
#pragma once

#include "sim/scenario/load.h"
#include "sim/vss/vss.h"

/* A word of a list. */
struct raw_word {
	const char *text;
	const struct node *node;
};

/* A value of the database and what the signal's value is then. */
struct raw_pair {
	const char *key; /* a number or the name of a value */
	double value;
	const struct node *node;
};

/* A signal with a name of its own. */
struct raw_def {
	const char *name, *unit, *doc;
	const struct raw_word *refs; /* "Message.Signal", "can0.Message.Signal" */
	uint32_t n_refs;
	const struct raw_pair *pairs;
	uint32_t n_pairs;
	double scale, offset, min, max, initial;
	uint64_t stale_ns;
	bool published, has_stale;
	const struct node *node;
};

/* A message that the bench sends. */
struct raw_send {
	const char *name, *counter, *checksum, *function;
	struct signal_tx tx;
	struct scenario_match prefix; /* type_pattern's place */
	bool has_cycle, has_on_change, has_offset, has_gap;
	const struct node *node;
};

struct raw_database {
	uint32_t bus;
	const char *file;
	const struct raw_word *nodes;
	uint32_t n_nodes;
	const struct raw_send *send;
	uint32_t n_send;
	const struct node *node;
};

/* A file of names: the schema of `signals` in it is the one of `define`. */
struct raw_names {
	const char *title;
	const struct raw_def *defs;
	uint32_t n_defs;
};

extern const struct schema schema_names;

/* Makes the scenario's model; reports what does not fit together. `n`: the mapping `signals`. */
void signals_build(struct bind *b, const struct node *n, const struct raw_signals *raw);
/* Reads the catalogue in `path`, once; `n`: the mapping `signals`. NULL when it cannot be read
 * (reported), and with no_files. (signals_vss.c) */
const struct vss *vss_open(struct bind *b, const struct node *n, const char *path);
/* A signal with a name of its own against the catalogue, which gives it what it lacks; `vss` may be
 * NULL. (signals_vss.c) */
void vss_check(
	struct bind *b, const struct vss *vss, const struct raw_def *raw, struct signal_def *d);
/* The database in a file, read once; NULL when it cannot be read (reported), and with no_files. */
const struct dbc *refs_database(struct bind *b, const struct node *n, const char *path);
