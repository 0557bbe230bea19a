/* SPDX-License-Identifier: Apache-2.0 */
/* Signals: the tables of databases, names, and messages that the bench sends. */
#include <string.h>

#include "sim/scenario/signals.h"

#define D(field) offsetof(struct raw_def, field)
#define S(field) offsetof(struct raw_send, field)
#define B(field) offsetof(struct raw_database, field)

#define LONGEST_NS (3600e9)

/* --- words in lists ---------------------------------------------------------------------- */

static void word_post(struct bind *b, const struct node *n, void *obj)
{
	struct raw_word *w = obj;

	(void)b;
	w->node = n;
}

#define WORDS(id, what, kind)                                      \
	static const struct schema_key id##_keys[] = {             \
		{ .key = "name",                                   \
			.type = &(kind),                           \
			.offset = offsetof(struct raw_word, text), \
			.doc = (what) },                           \
	};                                                         \
	static const struct schema schema_##id = {                 \
		.size = sizeof(struct raw_word),                   \
		.keys = id##_keys,                                 \
		.n_keys = ARRAY_SIZE(id##_keys),                   \
		.short_key = "name",                               \
		.post = word_post,                                 \
	}

WORDS(ref, "signal of a database", type_string);
WORDS(node, "node of the database", type_string);
WORDS(file, "file of names", type_file);

/* --- definitions ------------------------------------------------------------------------- */

static const struct schema_key pair_key = { .key = "value",
	.type = &type_string,
	.offset = offsetof(struct raw_pair, key),
	.doc = "value of the database: a number or its name" };

static void pair_post(struct bind *b, const struct node *n, void *obj)
{
	struct raw_pair *p = obj;

	(void)b;
	p->node = n;
}

static const struct schema_key pair_keys[] = {
	{ .key = "is",
		.type = &type_float,
		.flags = KEY_REQUIRED,
		.offset = offsetof(struct raw_pair, value),
		.doc = "value of the signal" },
};

static const struct schema schema_pair = {
	.size = sizeof(struct raw_pair),
	.keys = pair_keys,
	.n_keys = ARRAY_SIZE(pair_keys),
	.short_key = "is",
	.map_key = &pair_key,
	.post = pair_post,
};

static const struct schema_key def_name = { .key = "name",
	.type = &type_name,
	.max = SIGNAL_NAME_MAX,
	.offset = D(name),
	.doc = "its name" };

static const struct schema_key def_keys[] = {
	{ .key = "dbc",
		.shape = SHAPE_LIST,
		.sub = &schema_ref,
		.max = 16,
		.offset = D(refs),
		.count = D(n_refs),
		.doc = "signals of databases that carry it, as `Message.Signal`, or `can0.Message.Signal` "
		       "where several buses have the message; without it nobody carries it" },
	{ .key = "unit",
		.type = &type_string,
		.max = 32,
		.offset = D(unit),
		.doc = "its unit; without it the database's" },
	{ .key = "description",
		.type = &type_string,
		.max = 500,
		.offset = D(doc),
		.doc = "for people; without it the database's comment" },
	{ .key = "scale",
		.type = &type_float,
		.def = "1",
		.offset = D(scale),
		.doc = "value = value of the database * `scale` + `offset`, where the units differ" },
	{ .key = "offset",
		.type = &type_float,
		.def = "0",
		.offset = D(offset),
		.doc = "see `scale`" },
	{ .key = "values",
		.shape = SHAPE_MAP,
		.sub = &schema_pair,
		.max = 256,
		.offset = D(pairs),
		.count = D(n_pairs),
		.doc = "values of the database, as numbers or by their names, and what the signal is then, "
		       "whatever `scale` says: `{ Reverse: -1, Park: 0 }`" },
	{ .key = "min",
		.type = &type_float,
		.offset = D(min),
		.doc = "smallest value, with `max`; without it the database's. Values beyond are held to it" },
	{ .key = "max", .type = &type_float, .offset = D(max), .doc = "largest value, with `min`" },
	{ .key = "initial",
		.type = &type_float,
		.offset = D(initial),
		.doc = "value from the beginning on; without it nothing is known until somebody says "
		       "something, and frames have the database's start value" },
	{ .key = "stale",
		.type = &type_duration,
		.max = LONGEST_NS,
		.offset = D(stale_ns),
		.doc = "how long a value is believed; `0`: always. Without it three cycles of the message "
		       "that it is received with" },
	{ .key = "published",
		.type = &type_bool,
		.def = "false",
		.offset = D(published),
		.doc = "the control panel shows it" },
};

static void def_post(struct bind *b, const struct node *n, void *obj)
{
	struct raw_def *d = obj;

	d->node = n;
	d->has_stale = node_get(n, "stale");
	if (d->scale == 0)
		bind_key_error(b, n, "scale", "must not be 0");
	if (!node_get(n, "min") != !node_get(n, "max"))
		bind_key_error(
			b, n, node_get(n, "min") ? "min" : "max", "needs the other bound too");
	else if (node_get(n, "min") && d->min >= d->max)
		bind_key_error(b, n, "max", "must be more than \"min\"");
	else if (node_get(n, "min") && node_get(n, "initial") &&
		 (d->initial < d->min || d->initial > d->max))
		bind_key_error(b, n, "initial", "is not between \"min\" and \"max\"");
	if (d->n_pairs && !d->n_refs)
		bind_key_error(b, n, "values", "needs \"dbc\"");
}

static const struct schema schema_def = {
	.item = "signal",
	.size = sizeof(struct raw_def),
	.keys = def_keys,
	.n_keys = ARRAY_SIZE(def_keys),
	.map_key = &def_name,
	.doc = "Signals with names of their own.",
	.post = def_post,
};

static const struct schema_key names_keys[] = {
	{ .key = "title",
		.type = &type_string,
		.def = "",
		.max = 80,
		.offset = offsetof(struct raw_names, title),
		.doc = "for people" },
	{ .key = "signals",
		.shape = SHAPE_MAP,
		.sub = &schema_def,
		.flags = KEY_REQUIRED,
		.max = YAML_MAX_PAIRS,
		.offset = offsetof(struct raw_names, defs),
		.count = offsetof(struct raw_names, n_defs),
		.doc = "the signals, with the keys of `define`" },
};

const struct schema schema_names = {
	.size = sizeof(struct raw_names),
	.keys = names_keys,
	.n_keys = ARRAY_SIZE(names_keys),
};

/* --- what is sent ------------------------------------------------------------------------ */

static const struct schema_word algorithm_words[] = {
	{ "xor", SIGNAL_CHECKSUM_XOR, "all bytes, exclusive or" },
	{ "sum", SIGNAL_CHECKSUM_SUM, "all bytes, added" },
	{ "crc8-j1850", SIGNAL_CHECKSUM_CRC8_J1850,
		"CRC-8 of SAE J1850, as AUTOSAR's end-to-end profile 1 has it" },
	{ "lua", SIGNAL_CHECKSUM_SCRIPT,
		"`function` of a script, called with the payload in which it is 0 and the message's name" },
	{ 0 },
};

static const struct schema_key checksum_keys[] = {
	{ .key = "signal",
		.type = &type_string,
		.flags = KEY_REQUIRED,
		.offset = S(checksum),
		.doc = "signal of the message that holds it" },
	{ .key = "algorithm",
		.type = &type_enum,
		.flags = KEY_REQUIRED,
		.words = algorithm_words,
		.offset = S(tx.algorithm),
		.doc = "how it is made. It covers `prefix` and the payload without the checksum's own "
		       "bytes; a checksum that shares a byte with others counts as 0. The bits of the "
		       "result that do not fit are left out" },
	{ .key = "function",
		.type = &type_name,
		.max = 64,
		.offset = S(function),
		.doc = "`lua`: the name of the global function" },
	{ .key = "prefix",
		.type = &type_pattern,
		.offset = S(prefix),
		.doc = "not for `lua`: up to 8 bytes that are covered before the payload, for example a data identifier: "
		       "`34 12`" },
};

static const struct schema schema_checksum = {
	.keys = checksum_keys,
	.n_keys = ARRAY_SIZE(checksum_keys),
	.doc = "A checksum that the message carries.",
};

static const struct schema_key send_name = {
	.key = "message", .type = &type_name, .max = 128, .offset = S(name), .doc = "the message"
};

static const struct schema_key send_keys[] = {
	{ .key = "cycle",
		.type = &type_duration,
		.max = LONGEST_NS,
		.offset = S(tx.cycle_ns),
		.doc = "its rhythm; `0`: none. Without it `GenMsgCycleTime` of the database" },
	{ .key = "offset",
		.type = &type_duration,
		.max = LONGEST_NS,
		.offset = S(tx.offset_ns),
		.doc = "when the first of the rhythm is sent. Without it `GenMsgStartDelayTime` of the "
		       "database, or at once" },
	{ .key = "on_change",
		.type = &type_bool,
		.offset = S(tx.on_change),
		.doc = "whether it is sent when one of its signals changes. Without it: when it has no "
		       "rhythm, or `GenMsgSendType` of the database speaks of change" },
	{ .key = "gap",
		.type = &type_duration,
		.max = 10e9,
		.offset = S(tx.gap_ns),
		.doc = "shortest time between two of them that are sent on change. Without it "
		       "`GenMsgDelayTime` of the database, or none" },
	{ .key = "counter",
		.type = &type_string,
		.offset = S(counter),
		.doc = "signal of the message that counts its frames" },
	{ .key = "counter_max",
		.type = &type_u64,
		.offset = S(tx.counter_max),
		.doc = "largest count, which 0 follows; without it what the bits can hold" },
	{ .key = "checksum", .shape = SHAPE_INPLACE, .sub = &schema_checksum, .doc = "a checksum" },
};

static void send_post(struct bind *b, const struct node *n, void *obj)
{
	struct raw_send *s = obj;

	s->node = n;
	s->has_cycle = node_get(n, "cycle");
	s->has_on_change = node_get(n, "on_change");
	s->has_offset = node_get(n, "offset");
	s->has_gap = node_get(n, "gap");
	if (s->has_cycle && s->tx.cycle_ns && s->tx.cycle_ns < 100000)
		bind_key_error(b, n, "cycle", "is below 100us");
	if (node_get(n, "counter_max") && !s->counter)
		bind_key_error(b, n, "counter_max", "needs \"counter\"");
	if (s->checksum && (s->tx.algorithm == SIGNAL_CHECKSUM_SCRIPT) != !!s->function)
		bind_key_error(b, n, "checksum",
			"needs `algorithm: lua` and `function` together, or neither");
	s->tx.function = s->function;
	for (uint32_t i = 0; i < s->prefix.n_data; i++) {
		if (s->prefix.mask[i] != 0xff || s->prefix.n_data > SIGNAL_PREFIX_MAX) {
			bind_key_error(b, n, "checksum", "has a prefix that is not up to %d bytes",
				SIGNAL_PREFIX_MAX);
			return;
		}
	}
	s->tx.n_prefix = s->prefix.n_data;
	memcpy(s->tx.prefix, s->prefix.data, s->prefix.n_data);
}

static const struct schema schema_send_message = {
	.item = "message",
	.size = sizeof(struct raw_send),
	.keys = send_keys,
	.n_keys = ARRAY_SIZE(send_keys),
	.short_key = "cycle",
	.map_key = &send_name,
	.doc = "Messages that the bench sends, by name: their bytes are made of the signals' values. A "
	       "message without keys (`Gearbox:`) is sent as the database says. All others are received.",
	.post = send_post,
};

static void database_post(struct bind *b, const struct node *n, void *obj)
{
	struct raw_database *d = obj;

	(void)b;
	d->node = n;
}

static const struct schema_key database_keys[] = {
	{ .key = "bus",
		.type = &type_bus,
		.flags = KEY_ONLY,
		.offset = B(bus),
		.doc = "which bus" },
	{ .key = "dbc",
		.type = &type_file,
		.flags = KEY_REQUIRED,
		.offset = B(file),
		.doc = "the database (docs/dbc.md)" },
	{ .key = "nodes",
		.shape = SHAPE_LIST,
		.sub = &schema_node,
		.max = 64,
		.offset = B(nodes),
		.count = B(n_nodes),
		.doc = "nodes of the database that the bench plays: it sends all their messages" },
	{ .key = "send",
		.shape = SHAPE_MAP,
		.sub = &schema_send_message,
		.max = 1000,
		.offset = B(send),
		.count = B(n_send),
		.doc = "messages that the bench sends, and how" },
};

static const struct schema schema_database = {
	.item = "database",
	.size = sizeof(struct raw_database),
	.keys = database_keys,
	.n_keys = ARRAY_SIZE(database_keys),
	.doc = "What the frames of a bus mean.",
	.post = database_post,
};

/* Filled in place, into the load: offsets count from there. */
#define L(field) offsetof(struct load, signals) + offsetof(struct raw_signals, field)

static void signals_post(struct bind *b, const struct node *n, void *obj)
{
	const struct load *l = obj;

	signals_build(b, n, &l->signals);
}

static const struct schema_key signals_keys[] = {
	{ .key = "vss",
		.type = &type_file,
		.offset = L(vss),
		.doc = "catalogue of the Vehicle Signal Specification in JSON, as vss-tools export it: names "
		       "of signals that begin as its names do must be in it, and keep to its datatypes, units "
		       "and bounds" },
	{ .key = "databases",
		.shape = SHAPE_LIST,
		.sub = &schema_database,
		.max = SCENARIO_MAX_BUSES,
		.offset = L(databases),
		.count = L(n_databases),
		.doc = "CAN databases: all their signals are signals of the scenario" },
	{ .key = "names",
		.shape = SHAPE_LIST,
		.sub = &schema_file,
		.max = 16,
		.offset = L(files),
		.count = L(n_files),
		.doc = "files that give signals names of their own, see *Files of names* below" },
	{ .key = "define",
		.shape = SHAPE_MAP,
		.sub = &schema_def,
		.max = YAML_MAX_PAIRS,
		.offset = L(defs),
		.count = L(n_defs),
		.doc = "the same in the scenario: `Vehicle.Speed: { dbc: Brakes.Speed }`" },
};

const struct schema schema_signals = {
	.keys = signals_keys,
	.n_keys = ARRAY_SIZE(signals_keys),
	.doc = "Values with names (docs/signals.md): from and to frames, set by actions, scripts and "
	       "`dyno ctl`.",
	.post = signals_post,
};
