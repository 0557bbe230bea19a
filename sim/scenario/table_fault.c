/* SPDX-License-Identifier: Apache-2.0 */
/* Actions that break things on purpose: faults of frames, cut cables, a node that fills a bus,
 * guests without processor time. */
#include <stdio.h>
#include <string.h>

#include "sim/scenario/load.h"

#define A(field) offsetof(struct scenario_action, field)

/* Read by the posts: the action has no room for it, its end is an action too. */
static void parse_checked_duration(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	uint64_t v = 0;

	(void)field;
	type_duration.parse(b, n, k, &v);
}
static const struct schema_type type_for = { .name = "duration", .parse = parse_checked_duration };

#define FOR_KEY                                                                                      \
	{                                                                                            \
		.key = "for", .type = &type_for, .min = 1, .max = 30 * 86400e9,                      \
		.doc = "ends it after this time; without it, it lasts until the run ends, or until " \
		       "it is ended by hand"                                                         \
	}

/* With `for`, the end is an action too. */
static void imply_end(struct bind *b, const struct node *n, const struct scenario_action *end,
	enum scenario_op op)
{
	const struct node *lasts = node_get(n, "for");
	uint64_t for_ns = 0;

	if (!lasts)
		return;
	type_duration.parse(b, lasts, &(struct schema_key){ .key = "for" }, &for_ns);
	load_imply_end(b, *end, op, for_ns);
}

#define BUS_KEY(at)                                                                 \
	{                                                                           \
		.key = "bus", .type = &type_bus, .flags = KEY_ONLY, .offset = (at), \
		.doc = "on which bus"                                               \
	}

/* --- faults of frames -------------------------------------------------------------------- */

static void parse_flip(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	struct scenario_match m = { 0 };

	type_pattern.parse(b, n, k, &m);
	for (uint8_t i = 0; i < m.n_data; i++)
		((uint8_t *)field)[i] = m.data[i];
}
static const struct schema_type type_flip = { .name = "payload", .parse = parse_flip };

static void fault_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_action *a = obj, end;
	struct scenario_id *id = &a->u.fault.id;
	canid_t all = id->id & CAN_EFF_FLAG ? CAN_EFF_MASK : CAN_SFF_MASK;
	bool flips = false;

	bus_must_be_ours(b, n, "bus", a->u.fault.bus);
	for (size_t i = 0; i < sizeof(a->u.fault.flip); i++)
		flips |= a->u.fault.flip[i] != 0;
	if (node_get(n, "mask") && !node_get(n, "id"))
		bind_key_error(b, n, "mask", "needs \"id\"");
	if (node_get(n, "mask") && id->mask > all)
		bind_key_error(b, n, "mask",
			"is wider than the 11-bit \"id\": write eight digits there for 29 bits");
	if (a->u.fault.kind == SCENARIO_FAULT_DELAY && a->u.fault.delay_ns == 0)
		bind_error(b, n, "needs \"delay\": how much later they are heard");
	else if (a->u.fault.kind != SCENARIO_FAULT_DELAY && node_get(n, "delay"))
		bind_key_error(b, n, "delay", "is of the kind \"delay\" only");
	if (a->u.fault.kind != SCENARIO_FAULT_CORRUPT && node_get(n, "flip"))
		bind_key_error(b, n, "flip", "is of the kind \"corrupt\" only");
	/* Every bit: what nobody can overlook. */
	if (a->u.fault.kind == SCENARIO_FAULT_CORRUPT && !flips)
		memset(a->u.fault.flip, 0xff, sizeof(a->u.fault.flip));
	if (!node_get(n, "id"))
		id->mask = 0;
	else
		id->mask = (node_get(n, "mask") ? id->mask : all) | CAN_EFF_FLAG;
	id->id &= id->mask;
	a->u.fault.number = load_of(b)->s.n_faults++;
	a->u.fault.on = true;
	end = *a;
	end.u.fault.on = false;
	imply_end(b, n, &end, SCENARIO_FAULT);
}

static const struct schema_word fault_kinds[] = {
	{ "drop", SCENARIO_FAULT_DROP, "the sender believes that they arrived, nobody hears them" },
	{ "delay", SCENARIO_FAULT_DELAY, "they are heard `delay` later" },
	{ "duplicate", SCENARIO_FAULT_DUPLICATE, "they are heard twice" },
	{ "corrupt", SCENARIO_FAULT_CORRUPT,
		"they are heard with other bits, as a faulty gateway "
		"would send them" },
	{ "reorder", SCENARIO_FAULT_REORDER,
		"each second one is heard before the one in front of "
		"it" },
	{ "error", SCENARIO_FAULT_ERROR,
		"an error frame destroys them; their sender counts and repeats, and goes bus-off in "
		"the end" },
	{ 0 }
};

const char *scenario_fault_name(enum scenario_fault kind)
{
	for (const struct schema_word *w = fault_kinds; w->word; w++) {
		if (w->value == (uint32_t)kind)
			return w->word;
	}
	return NULL;
}

static const struct schema_key fault_keys[] = {
	{ .key = "kind",
		.type = &type_enum,
		.flags = KEY_REQUIRED,
		.words = fault_kinds,
		.offset = A(u.fault.kind),
		.doc = "what becomes of the frames" },
	BUS_KEY(A(u.fault.bus)),
	{ .key = "id",
		.type = &type_can_id,
		.offset = A(u.fault.id.id),
		.doc = "of which frames; without it of all" },
	{ .key = "mask",
		.type = &type_mask,
		.offset = A(u.fault.id.mask),
		.doc = "bits of the identifier that must be equal; without it all" },
	{ .key = "chance",
		.type = &type_percent,
		.def = "100%",
		.max = 1,
		.offset = A(u.fault.chance),
		.doc = "of how many of them; which ones follows from the scenario's `seed`" },
	{ .key = "delay",
		.type = &type_duration,
		.max = 3600e9,
		.offset = A(u.fault.delay_ns),
		.doc = "with `delay`: how much later" },
	{ .key = "flip",
		.type = &type_flip,
		.offset = A(u.fault.flip),
		.doc = "with `corrupt`: bits of the payload that change (`00 80`); without it all" },
	FOR_KEY,
};

const struct schema schema_fault = {
	.keys = fault_keys,
	.n_keys = ARRAY_SIZE(fault_keys),
	.doc = "Something happens to frames on their way. Faults that overlap are tried in the order in "
	       "which they began; a frame meets one at most.",
	.post = fault_post,
};

/* --- cables ------------------------------------------------------------------------------ */

static void cut_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_action *a = obj, end = *a;
	const struct scenario_guest *g = &load_of(b)->s.guests[a->guest];
	bool there = false;

	bus_must_be_ours(b, n, "bus", a->u.cut.bus);
	for (uint32_t i = 0; i < g->n_can; i++)
		there |= g->can[i].bus == a->u.cut.bus;
	if (!there)
		bind_key_error(b, n, "bus", "\"%s\" has no controller of guest \"%s\"",
			load_of(b)->s.buses[a->u.cut.bus].name, g->name ? g->name : "?");
	end.u.cut.on = !a->u.cut.on;
	imply_end(b, n, &end, SCENARIO_CUT);
}

static const struct schema_key cut_keys[] = {
	{ .key = "guest",
		.type = &type_guest,
		.flags = KEY_ONLY,
		.offset = A(guest),
		.doc = "whose controller" },
	BUS_KEY(A(u.cut.bus)),
	{ .key = "on",
		.type = &type_bool,
		.def = "true",
		.offset = A(u.cut.on),
		.doc = "`false`: it is mended" },
	FOR_KEY,
};

const struct schema schema_cut = {
	.keys = cut_keys,
	.n_keys = ARRAY_SIZE(cut_keys),
	.short_key = "guest",
	.doc = "The cable between a guest's controller and a bus is cut: it hears nothing, and nobody "
	       "acknowledges what it sends.",
	.post = cut_post,
};

/* --- a node that fills the bus ----------------------------------------------------------- */

static void load_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_action *a = obj, end;

	a->u.load.number = load_of(b)->s.n_faults++;
	a->u.load.on = true;
	end = *a;
	end.u.load.on = false;
	imply_end(b, n, &end, SCENARIO_LOAD);
}

static const struct schema_key load_keys[] = {
	BUS_KEY(A(u.load.bus)),
	{ .key = "share",
		.type = &type_percent,
		.flags = KEY_REQUIRED,
		.min = 0.001,
		.max = 1,
		.offset = A(u.load.share),
		.doc = "how much of the bus's time its frames take" },
	{ .key = "id",
		.type = &type_can_id,
		.def = "7FF",
		.offset = A(u.load.id),
		.doc = "their identifier: with the last one everybody else goes first, with `000` and "
		       "`share: 100%` it is a babbling node that lets nobody through" },
	{ .key = "length",
		.type = &type_u32,
		.def = "8",
		.max = CAN_MAX_DLEN,
		.unit = "bytes",
		.offset = A(u.load.len),
		.doc = "of their payload, which counts up" },
	FOR_KEY,
};

const struct schema schema_load = {
	.keys = load_keys,
	.n_keys = ARRAY_SIZE(load_keys),
	.doc = "A node sends frames in an even rhythm, so that they take a share of the bus's time.",
	.post = load_post,
};

/* --- processor time ---------------------------------------------------------------------- */

static void throttle_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_action end = *(struct scenario_action *)obj;

	end.u.throttle.percent = 100;
	imply_end(b, n, &end, SCENARIO_THROTTLE);
}

static const struct schema_key throttle_keys[] = {
	{ .key = "guest",
		.type = &type_guest,
		.flags = KEY_ONLY,
		.offset = A(guest),
		.doc = "which guest" },
	{ .key = "percent",
		.type = &type_u32,
		.flags = KEY_REQUIRED,
		.min = 1,
		.max = 100,
		.unit = "percent",
		.offset = A(u.throttle.percent),
		.doc = "how much of the time each of its virtual CPUs may run; 100 ends it" },
	FOR_KEY,
};

const struct schema schema_throttle = {
	.keys = throttle_keys,
	.n_keys = ARRAY_SIZE(throttle_keys),
	.doc = "A guest gets a share of its processors' time: in each 10 ms it runs for a part and stands for "
	       "the rest. Its clocks, devices and buses go on.",
	.post = throttle_post,
};
