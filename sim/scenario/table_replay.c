/* SPDX-License-Identifier: Apache-2.0 */
/* The table of replays, and what they do with a trace's frames. */
#include <stdio.h>
#include <string.h>

#include "sim/scenario/load.h"
#include "sim/scenario/units.h"

static const struct schema_key map_channel = { .key = "channel",
	.type = &type_string,
	.min = 1,
	.max = 31,
	.offset = offsetof(struct scenario_map, channel) };

static const struct schema_key map_keys[] = {
	{ .key = "bus",
		.type = &type_bus,
		.flags = KEY_REQUIRED,
		.offset = offsetof(struct scenario_map, bus),
		.doc = "where its frames go" },
};

static const struct schema schema_map = {
	.size = sizeof(struct scenario_map),
	.keys = map_keys,
	.n_keys = ARRAY_SIZE(map_keys),
	.short_key = "bus",
	.map_key = &map_channel,
};

/* Inclusive range of identifiers, as written. */
struct id_range {
	canid_t first, last, mask;
};

/* `123`, `700-7FF` or `700/7F0`. */
static void parse_id_range(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	struct id_range *r = field;
	char text[40], *sep;

	(void)k;
	*r = (struct id_range){ 0 };
	if ((size_t)snprintf(text, sizeof(text), "%s", n->text) >= sizeof(text))
		goto bad;
	sep = strpbrk(text, "-/");
	char kind = sep ? *sep : '\0';

	if (sep)
		*sep++ = '\0';
	if (unit_can_id(text, &r->first) != 0)
		goto bad;
	canid_t all = r->first & CAN_EFF_FLAG ? CAN_EFF_MASK : CAN_SFF_MASK;

	r->last = r->first;
	r->mask = all;
	if (kind == '-' && unit_can_id(sep, &r->last) != 0)
		goto bad;
	if (kind == '/' && (unit_hex32(sep, &r->mask) != 0 || r->mask > all))
		goto bad;
	/* A range that ends above 7FF is one of 29-bit identifiers. */
	if ((r->first ^ r->last) & CAN_EFF_FLAG) {
		bind_error(b, n, "\"%s\" mixes 11-bit and 29-bit identifiers: write eight digits",
			n->text);
		return;
	}
	if (r->first > r->last)
		bind_error(b, n, "\"%s\" ends before it begins", n->text);
	return;
bad:
	bind_error(b, n,
		"\"%.60s\" is not a set of identifiers: write 123, 700-7FF (a range) or 700/7F0 (a mask)",
		n->text);
}
static const struct schema_type type_id_range = {
	.name = "CAN ids",
	.doc = "One identifier (`123`), a range (`700-7FF`) or an identifier with a mask (`700/7F0`), "
	       "in hex as *CAN id*.",
	.parse = parse_id_range,
};

static const struct schema_key range_keys[] = {
	{ .key = "ids", .type = &type_id_range, .flags = KEY_REQUIRED, .doc = "which" },
};

static const struct schema schema_range = {
	.size = sizeof(struct id_range),
	.keys = range_keys,
	.n_keys = ARRAY_SIZE(range_keys),
	.short_key = "ids",
};

struct remap {
	canid_t from, to;
};

static const struct schema_key remap_from = {
	.key = "from", .type = &type_can_id, .offset = offsetof(struct remap, from)
};
static const struct schema_key remap_keys[] = {
	{ .key = "to",
		.type = &type_can_id,
		.flags = KEY_REQUIRED,
		.offset = offsetof(struct remap, to),
		.doc = "the new identifier" },
};
static const struct schema schema_remap = {
	.size = sizeof(struct remap),
	.keys = remap_keys,
	.n_keys = ARRAY_SIZE(remap_keys),
	.short_key = "to",
	.map_key = &remap_from,
};

/* A replay as it is written; its rules are made from the lists. */
struct replay_raw {
	struct scenario_replay r;
	const struct id_range *keep, *drop;
	const struct remap *remap;
	uint32_t n_keep, n_drop, n_remap;
};

struct rules {
	struct bind *b;
	struct scenario_rule *r;
	uint32_t n, cap;
};

static void add_rule(
	struct rules *x, canid_t id, canid_t mask, enum scenario_rule_what what, canid_t to)
{
	if (x->n == x->cap) {
		uint32_t cap = x->cap ? x->cap * 2 : 8;
		struct scenario_rule *r = bind_alloc(x->b, cap * sizeof(*r));

		if (!r)
			return;
		if (x->n)
			memcpy(r, x->r, x->n * sizeof(*r));
		x->r = r;
		x->cap = cap;
	}
	x->r[x->n++] = (struct scenario_rule){
		.match = { .id = id & (mask | CAN_EFF_FLAG), .mask = mask }, .what = what, .to = to
	};
}

/* A range becomes the few aligned blocks that it is made of. */
static void add_range(struct rules *x, const struct id_range *r, enum scenario_rule_what what)
{
	canid_t eff = r->first & CAN_EFF_FLAG, all = eff ? CAN_EFF_MASK : CAN_SFF_MASK;
	canid_t first = r->first & all, last = r->last & all;

	if (first == last) {
		add_rule(x, r->first, r->mask | CAN_EFF_FLAG, what, 0);
		return;
	}
	while (first <= last) {
		canid_t block = first ? first & -first : all + 1;

		while (block - 1 > last - first)
			block >>= 1;
		add_rule(x, first | eff, (all & ~(block - 1)) | CAN_EFF_FLAG, what, 0);
		first += block;
	}
}

static void replay_post(struct bind *b, const struct node *n, void *obj)
{
	struct replay_raw *raw = obj;
	struct rules x = { .b = b };

	(void)n;
	for (uint32_t i = 0; i < raw->n_drop; i++)
		add_range(&x, &raw->drop[i], SCENARIO_RULE_DROP);
	for (uint32_t i = 0; i < raw->n_remap; i++) {
		canid_t from = raw->remap[i].from;
		canid_t all = from & CAN_EFF_FLAG ? CAN_EFF_MASK : CAN_SFF_MASK;

		add_rule(&x, from, all | CAN_EFF_FLAG, SCENARIO_RULE_REMAP, raw->remap[i].to);
	}
	for (uint32_t i = 0; i < raw->n_keep; i++)
		add_range(&x, &raw->keep[i], SCENARIO_RULE_PASS);
	if (raw->n_keep)
		add_rule(&x, 0, 0, SCENARIO_RULE_DROP, 0);
	raw->r.rules = x.r;
	raw->r.n_rules = x.n;
}

const struct scenario_replay *load_replays(struct bind *b, const void *raws, uint32_t n)
{
	const struct replay_raw *raw = raws;
	struct scenario_replay *r = bind_alloc(b, n * sizeof(*r));

	for (uint32_t i = 0; r && i < n; i++)
		r[i] = raw[i].r;
	return r;
}

static const struct schema_key replay_keys[] = {
	{ .key = "file",
		.type = &type_file,
		.flags = KEY_REQUIRED,
		.offset = offsetof(struct replay_raw, r.file),
		.doc = "the recording: candump, Vector ASC or BLF, PEAK TRC, pcap, pcapng, CSV, CRTD, MDF 4 "
		       "(docs/traces.md)" },
	{ .key = "map",
		.shape = SHAPE_MAP,
		.sub = &schema_map,
		.max = 64,
		.offset = offsetof(struct replay_raw, r.map),
		.count = offsetof(struct replay_raw, r.n_map),
		.doc = "channel of the recording -> bus. Without it every channel goes to the bus of the "
		       "same name (channel 1 of formats that count is `can0`); frames of other channels "
		       "are left out" },
	{ .key = "at",
		.type = &type_duration,
		.def = "0",
		.offset = offsetof(struct replay_raw, r.at_ns),
		.doc = "when the replay begins" },
	{ .key = "start",
		.type = &type_duration,
		.def = "0",
		.offset = offsetof(struct replay_raw, r.start_ns),
		.doc = "how much of the recording's beginning is skipped" },
	{ .key = "speed",
		.type = &type_float,
		.def = "1",
		.min = 0.001,
		.max = 1000,
		.offset = offsetof(struct replay_raw, r.speed),
		.doc = "2 is twice as fast as recorded" },
	{ .key = "loop",
		.type = &type_bool,
		.def = "false",
		.offset = offsetof(struct replay_raw, r.loop),
		.doc = "begin again at the recording's end" },
	{ .key = "keep",
		.shape = SHAPE_LIST,
		.sub = &schema_range,
		.max = 1000,
		.offset = offsetof(struct replay_raw, keep),
		.count = offsetof(struct replay_raw, n_keep),
		.doc = "replay only these identifiers (and those of `remap`)" },
	{ .key = "drop",
		.shape = SHAPE_LIST,
		.sub = &schema_range,
		.max = 1000,
		.offset = offsetof(struct replay_raw, drop),
		.count = offsetof(struct replay_raw, n_drop),
		.doc = "leave these identifiers out; wins over `keep` and `remap`" },
	{ .key = "remap",
		.shape = SHAPE_MAP,
		.sub = &schema_remap,
		.max = 1000,
		.offset = offsetof(struct replay_raw, remap),
		.count = offsetof(struct replay_raw, n_remap),
		.doc = "identifier in the recording -> identifier on the bus" },
};

const struct schema schema_replay = {
	.item = "replay",
	.size = sizeof(struct replay_raw),
	.keys = replay_keys,
	.n_keys = ARRAY_SIZE(replay_keys),
	.doc = "Recordings that are played to the buses, against absolute times.",
	.post = replay_post,
};
