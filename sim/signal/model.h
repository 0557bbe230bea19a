/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What signals there are, before any has a value: names, units, ranges, the messages that carry
 * them and how those are sent. Made by the reader of scenarios; does not change during a run, so
 * that any thread may read it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "sim/dbc/dbc.h"
#include "sim/dbc/names.h"

#define SIGNAL_NONE     UINT32_MAX
#define SIGNAL_NAME_MAX 200 /* bytes of a name */
/* Bytes that a checksum covers in front of the payload (a data identifier, for one). */
#define SIGNAL_PREFIX_MAX 8

/* A signal as people know it. */
struct signal_def {
	const char *name; /* "Vehicle.Speed"; without another name "EngineData.Rpm" */
	const char *unit, *doc; /* "" where there is none */
	bool has_range, has_initial, published;
	double min, max; /* values beyond are held to it */
	double initial; /* at bench time 0 */
	uint64_t stale_ns; /* not believed longer than this; 0: always */
	const struct dbc_signal *dbc; /* the first that it is bound to: names of values; NULL */
	/* As a catalogue of the VSS has it: "float", NULL where none does; the texts that its
	 * values 0, 1, ... stand for. */
	const char *datatype;
	uint32_t n_allowed;
	const char *const *allowed;
};

/* A value of the message that is another value of the signal. */
struct signal_pair {
	double dbc, value;
};

/* How a signal of a message is one of the table: value = physical * scale + offset. */
struct signal_bind {
	uint32_t signal; /* index in the model's defs; SIGNAL_NONE: counter, checksum */
	double scale, offset;
	uint32_t n_pairs;
	const struct signal_pair *pairs; /* before scale and offset */
};

enum signal_checksum {
	SIGNAL_CHECKSUM_NONE,
	SIGNAL_CHECKSUM_XOR,
	SIGNAL_CHECKSUM_SUM,
	SIGNAL_CHECKSUM_CRC8_J1850,
	SIGNAL_CHECKSUM_SCRIPT /* a function of a script */
};

/* How a message is sent. */
struct signal_tx {
	uint64_t cycle_ns; /* 0: not in a rhythm */
	uint64_t offset_ns; /* bench time of the first */
	uint64_t gap_ns; /* between two that are sent on change */
	bool on_change;
	const struct dbc_signal *counter; /* NULL: none */
	uint64_t counter_max; /* then it is 0 again */
	enum signal_checksum algorithm;
	const struct dbc_signal *checksum; /* NULL: none */
	const char *function; /* SIGNAL_CHECKSUM_SCRIPT */
	uint8_t prefix[SIGNAL_PREFIX_MAX];
	uint8_t n_prefix;
};

struct signal_message {
	uint32_t bus;
	const struct dbc_message *dbc;
	bool sent; /* by the bench; else received */
	bool fd;
	uint8_t len; /* of the frame */
	struct signal_tx tx;
	const struct signal_bind *binds; /* one for each of dbc->signals */
};

struct signal_model {
	uint32_t n_defs, n_messages;
	const struct signal_def *defs;
	const struct signal_message *messages;
	struct names names; /* signal_model_add_name() */
};

/* Another name by which a signal is found. Two signals may share one: it finds neither, then. 0 or
 * -ENOMEM. `name` is borrowed. */
MUST_CHECK int signal_model_add_name(struct signal_model *m, const char *name, uint32_t signal);
/*
 * The signal of a name: its own, or as the database has it ("can0.Engine.Rpm", "Engine.Rpm",
 * "Rpm"). -ENOENT or -ENOTUNIQ with a message that says what there is.
 */
MUST_CHECK int signal_model_find(
	const struct signal_model *m, const char *name, uint32_t *out, struct err *e);
/* The message of that name ("Engine", "can0.Engine" with the bus's number first in the model).
 * -ENOENT with a message. */
MUST_CHECK int signal_model_find_message(
	const struct signal_model *m, uint32_t bus, const char *name, uint32_t *out, struct err *e);
/* Frees the names; the rest is the maker's. */
void signal_model_fini(struct signal_model *m);

/* The value that a physical value of the message stands for, and back. Pure. */
double signal_from_dbc(const struct signal_bind *b, double physical);
double signal_to_dbc(const struct signal_bind *b, double value);

/* How the definition's first database signal is bound; a plain binding where it has none. */
struct signal_bind signal_first_bind(const struct signal_model *m, uint32_t signal);

/* A value as people write it: a number, true, false, or the name of a value. False: it is none. */
bool signal_parse(const struct signal_model *m, uint32_t signal, const char *text, double *out);
/* The name of a value; NULL. */
const char *signal_value_name(const struct signal_model *m, uint32_t signal, double value);
