/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CAN databases (DBC): reading a file into messages and signals, finding them, and taking signals
 * out of payloads and putting them in. Which dialects are read, and what is said about a file that
 * keeps to none, is in docs/dbc.md. A `struct dbc` does not change once it is read: any number of
 * threads may use it.
 */
#pragma once

#include <linux/can.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "sim/diag/diag.h"

/* Longest integer; a longer field is bytes (text of J1939, for one). */
#define DBC_INT_BITS 64
/* What a payload may be long: J1939's transport protocol carries more than a frame. */
#define DBC_MAX_LEN 1785u

enum dbc_type {
	DBC_UNSIGNED,
	DBC_SIGNED,
	DBC_FLOAT32,
	DBC_FLOAT64,
	DBC_BYTES /* longer than 64 bits: has a place, but is no number */
};

enum dbc_object { DBC_NETWORK, DBC_NODE, DBC_MESSAGE, DBC_SIGNAL, DBC_ENVVAR };

enum dbc_attr_type { DBC_ATTR_INT, DBC_ATTR_HEX, DBC_ATTR_FLOAT, DBC_ATTR_STRING, DBC_ATTR_ENUM };

/* BA_DEF_ and BA_DEF_REL_. */
struct dbc_attr_def {
	const char *name;
	enum dbc_object of;
	bool relation; /* of a node and a message, signal or environment variable */
	enum dbc_attr_type type;
	double min, max; /* equal: no limits */
	const char *const *names; /* of an enumeration */
	uint32_t n_names;
	bool has_default;
	double number;
	const char *text; /* the default of a STRING or ENUM; else NULL */
};

/* BA_ and BA_REL_: a value that an object has. */
struct dbc_attr {
	const struct dbc_attr *next;
	const struct dbc_attr_def *def;
	const char *node; /* of a relation; else NULL */
	double number; /* of an ENUM: its place in the list */
	const char *text; /* STRING, ENUM; else NULL */
};

/* VAL_ and VAL_TABLE_. */
struct dbc_named {
	int64_t raw;
	const char *name;
};

struct dbc_range {
	uint64_t first, last;
};

struct dbc_message;

struct dbc_signal {
	const char *name; /* the long one where the file has one */
	const char *short_name; /* as SG_ has it */
	const char *unit, *comment; /* "" where there is none */
	const struct dbc_message *message;
	enum dbc_type type;
	bool big_endian; /* "Motorola": start is the most significant bit */
	uint16_t start, bits;
	double scale, offset;
	double min, max; /* equal: no limits */
	/* Multiplexing. A selector chooses which signals a payload has. */
	bool selector;
	int32_t mux; /* index of the signal that chooses this one; -1: always there */
	const struct dbc_range *when; /* the selector's raw values that choose it, without sign */
	uint32_t n_when;
	const struct dbc_named *values; /* by raw value, ascending */
	uint32_t n_values;
	const char *const *receivers;
	uint32_t n_receivers;
	bool has_start; /* GenSigStartValue */
	int64_t start_raw;
	const struct dbc_attr *attrs;
	size_t off; /* place of its SG_ in the text, for messages */
	/* Compiled: where the bits are. */
	uint16_t byte, end; /* first byte, and how many a payload needs */
	uint8_t shift; /* of the word that is loaded from `byte` on, towards bit 0 */
	uint8_t span; /* bytes it touches, at most 9; 0: DBC_BYTES */
	uint64_t mask;
};

struct dbc_message {
	const char *name, *short_name, *comment;
	uint32_t can_id; /* with CAN_EFF_FLAG where it has 29 bits */
	uint32_t same_id; /* index of another message of this identifier; 0: none */
	uint32_t len; /* bytes */
	bool fd, brs; /* CAN FD frame; with bit rate switch */
	bool j1939; /* found by its PGN, whoever sends it */
	const char *const *senders;
	uint32_t n_senders;
	uint32_t cycle_ms; /* GenMsgCycleTime; 0: none */
	const char *send_type; /* GenMsgSendType; "" */
	struct dbc_signal *signals;
	uint32_t n_signals;
	const uint32_t *order; /* indices of signals, each behind its selector */
	const struct dbc_attr *attrs;
	size_t off;
};

struct dbc_node {
	const char *name, *short_name, *comment;
	const struct dbc_attr *attrs;
	size_t off;
};

struct dbc_value_table {
	const char *name;
	const struct dbc_named *values;
	uint32_t n_values;
	size_t off;
};

/* SIG_GROUP_ */
struct dbc_group {
	const char *name;
	const struct dbc_message *message;
	const struct dbc_signal *const *signals;
	uint32_t n_signals;
};

/* EV_ and ENVVAR_DATA_ */
struct dbc_envvar {
	const char *name, *unit, *comment;
	uint32_t type; /* 0 integer, 1 float, 2 string, 3 data */
	double min, max, initial;
	uint32_t id, data_bytes;
	const struct dbc_named *values;
	uint32_t n_values;
	const struct dbc_attr *attrs;
	size_t off;
};

struct dbc_priv;

struct dbc {
	const char *path, *version, *comment;
	const struct source *src; /* belongs to the diags it was read with */
	struct dbc_message *messages; /* in the file's order */
	uint32_t n_messages, n_signals;
	struct dbc_node *nodes;
	uint32_t n_nodes;
	const struct dbc_value_table *tables;
	uint32_t n_tables;
	const struct dbc_group *groups;
	uint32_t n_groups;
	struct dbc_envvar *envvars;
	uint32_t n_envvars;
	const struct dbc_attr_def *const *attr_defs;
	uint32_t n_attr_defs;
	const struct dbc_attr *attrs; /* of the network */
	struct dbc_priv *priv;
};

/*
 * Reads a file. What is wrong with it goes to `d`, all of it; a statement that cannot be read is
 * left out, and the rest is used. 0, or -errno with a message: the file cannot be opened, is
 * larger than 64 MiB, or memory ran out. The caller decides whether d->errors are too many.
 */
MUST_CHECK int dbc_load(struct dbc **out, const char *path, struct diags *d, struct err *e);
/* The same for text in memory, which is copied. */
MUST_CHECK int dbc_parse(struct dbc **out, const char *path, const void *text, size_t len,
	struct diags *d, struct err *e);
void dbc_free(struct dbc *db); /* NULL is legal */

/* ---- finding; none of these allocates ---- */

/* The message of exactly this identifier (CAN_EFF_FLAG counts, other flags do not); NULL. */
const struct dbc_message *dbc_find(const struct dbc *db, uint32_t can_id);
/* By J1939 parameter group: priority and source do not count, nor the destination of PDU 1. */
const struct dbc_message *dbc_find_pgn(const struct dbc *db, uint32_t can_id);
/* What a frame on the bus is: exactly its identifier, else the group of a J1939 message. */
const struct dbc_message *dbc_match(const struct dbc *db, uint32_t can_id);
/* By name, long or short; NULL. */
const struct dbc_message *dbc_find_message(const struct dbc *db, const char *name);
const struct dbc_signal *dbc_find_signal(const struct dbc_message *m, const char *name);
/*
 * "Message.Signal", or "Signal" where only one message has it. NULL with a message that names
 * what there is instead.
 */
const struct dbc_signal *dbc_signal_named(const struct dbc *db, const char *name, struct err *e);
/* J1939 parameter group number of a 29-bit identifier. */
uint32_t dbc_pgn(uint32_t can_id);

/* Index in its message's signals. */
static inline uint32_t dbc_signal_index(const struct dbc_signal *s)
{
	return (uint32_t)(s - s->message->signals);
}

/* Name of a raw value; NULL. */
const char *dbc_value_name(const struct dbc_signal *s, int64_t raw);
/* Raw value of a name. False: it has no such name. */
bool dbc_value_of(const struct dbc_signal *s, const char *name, int64_t *raw);

/* An attribute's value or its default: of `attrs` (an object's list), of the kind `of`. False: the
 * file does not define it, or it has neither. */
bool dbc_attr_number(const struct dbc *db, const struct dbc_attr *attrs, enum dbc_object of,
	const char *name, double *out);
bool dbc_attr_text(const struct dbc *db, const struct dbc_attr *attrs, enum dbc_object of,
	const char *name, const char **out);

/* ---- payloads; none of these allocates ---- */

/* A signal of a payload. */
struct dbc_sample {
	double value; /* physical */
	int64_t raw; /* bits as read; of a float its representation; of unsigned 64 bits, wrapped */
	bool present; /* chosen by its selector, inside the payload, and a number */
};

/* The raw value. False: not a number, or the payload is too short. */
bool dbc_get(const struct dbc_signal *s, const uint8_t *data, uint32_t len, int64_t *raw);
/* raw * scale + offset */
double dbc_physical(const struct dbc_signal *s, int64_t raw);
/* The nearest raw value. -ERANGE: it does not fit into the bits; -EINVAL: NaN, scale 0, bytes. */
MUST_CHECK int dbc_raw(const struct dbc_signal *s, double value, int64_t *raw);
/* Puts a raw value; other bits stay. -ERANGE: too short a payload, too large a value; -EINVAL. */
MUST_CHECK int dbc_put(const struct dbc_signal *s, uint8_t *data, uint32_t len, int64_t raw);

/* All signals into out[n_signals]. Returns how many are present. */
uint32_t dbc_decode(
	const struct dbc_message *m, const uint8_t *data, uint32_t len, struct dbc_sample *out);
/*
 * Puts the raw values of in[n_signals] that are present; other bits stay. A selector that is not
 * given is set so that the given signals are chosen. 0, or -ERANGE, -EINVAL with a message: a
 * value does not fit, or two signals exclude each other.
 */
MUST_CHECK int dbc_encode(const struct dbc_message *m, const struct dbc_sample *in, uint8_t *data,
	uint32_t len, struct err *e);
/* The payload before anything was set: zeros and start values. `data` has m->len bytes. */
void dbc_start_payload(const struct dbc_message *m, uint8_t *data);

/* ---- lint ---- */

/*
 * Looks for what is legal but likely wrong: overlapping signals, signals outside their message,
 * identifiers and names used twice, limits outside the bits, cyclic messages without a cycle time,
 * unknown nodes, unused tables ... Into `d`.
 */
void dbc_lint(const struct dbc *db, struct diags *d);
