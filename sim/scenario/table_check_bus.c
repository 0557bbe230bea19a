/* SPDX-License-Identifier: Apache-2.0 */
/* Checks about what is on the buses: frames and signals. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/scenario/table_check.h"
#include "sim/scenario/units.h"

/* --- frames ------------------------------------------------------------------------------ */

static_assert(C(u.frames.match) == C(u.period.match), "the match keys serve both");
static void parse_data_mask(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	struct scenario_match *m = field, given = { 0 };
	size_t errors = b->d->errors;

	type_pattern.parse(b, n, k, &given);
	if (b->d->errors != errors)
		return;
	if (given.n_data != m->n_data)
		bind_error(b, n, "has %u bytes where \"data\" has %u", given.n_data, m->n_data);
	for (uint8_t i = 0; i < m->n_data; i++) {
		m->mask[i] &= given.data[i];
		m->data[i] &= m->mask[i];
	}
}
const struct schema_type type_data_mask = { .name = "payload", .parse = parse_data_mask };

void check_finish_match(struct bind *b, const struct node *n, struct scenario_match *m)
{
	static const char *const parts[] = { "id", "mask", "data", "data_mask", "length", "fd",
		"rtr" };
	bool whole = node_get(n, "frame"), id = whole || node_get(n, "id");
	canid_t all = m->id.id & CAN_EFF_FLAG ? CAN_EFF_MASK : CAN_SFF_MASK;

	for (size_t i = 0; whole && i < ARRAY_SIZE(parts); i++) {
		if (node_get(n, parts[i]))
			bind_key_error(b, n, parts[i], "contradicts \"frame\": use one of them");
	}
	if (!id && node_get(n, "mask"))
		bind_key_error(b, n, "mask", "needs \"id\"");
	if (node_get(n, "mask") && m->id.mask > all)
		bind_key_error(b, n, "mask",
			"is wider than the 11-bit \"id\": write eight digits there "
			"for 29 bits");
	if (!id)
		m->id = (struct scenario_id){ 0 };
	else if (node_get(n, "mask"))
		m->id.mask |= CAN_EFF_FLAG;
	else
		m->id.mask = all | CAN_EFF_FLAG;
	m->id.id &= m->id.mask;
	if (m->from != SCENARIO_ALL)
		bus_must_be_ours(b, n, "from", m->bus);
	if (whole)
		return;
	if (!node_get(n, "length"))
		m->len = -1;
	else if (m->len < m->n_data)
		bind_key_error(b, n, "length", "is less than the %u bytes of \"data\"", m->n_data);
	if (!node_get(n, "fd"))
		m->fd = -1;
	if (!node_get(n, "rtr"))
		m->rtr = -1;
}

const char *check_match_text(struct bind *b, char buf[MATCH_TEXT], const struct scenario_match *m)
{
	const struct scenario *s = &load_of(b)->s;
	size_t l;

	frame_show_match(buf, MATCH_TEXT, m);
	l = strlen(buf);
	snprintf(buf + l, MATCH_TEXT - l, " on %s%s%s", s->buses[m->bus].name,
		m->from == SCENARIO_ALL ? "" : " from ",
		m->from == SCENARIO_ALL ? "" : s->guests[m->from].name);
	return buf;
}

static void check_min_max(struct bind *b, const struct node *n, const struct scenario_check *c)
{
	if (c->u.frames.min > c->u.frames.max)
		bind_key_error(b, n, "max", "is less than \"min\"");
}

static void expect_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_check *c = obj;
	char m[MATCH_TEXT], w[WINDOW_TEXT];

	check_finish_window(b, n, c);
	check_finish_match(b, n, &c->u.frames.match);
	if (!node_get(n, "max"))
		c->u.frames.max = UINT64_MAX;
	check_min_max(b, n, c);
	if (!c->name)
		c->name = bind_printf(b, "expect %s%s", check_match_text(b, m, &c->u.frames.match),
			check_window_text(w, c));
}

static const struct schema_key expect_keys[] = {
	MATCH_KEYS,
	AFTER_KEY,
	WITHIN_KEY,
	{ .key = "min",
		.type = &type_u64,
		.def = "1",
		.min = 1,
		.max = 1e15,
		.unit = "frames",
		.offset = C(u.frames.min),
		.doc = "how many of them must come" },
	{ .key = "max",
		.type = &type_u64,
		.max = 1e15,
		.unit = "frames",
		.offset = C(u.frames.max),
		.doc = "how many may come; without it any number" },
};
const struct schema schema_expect = {
	.keys = expect_keys,
	.n_keys = ARRAY_SIZE(expect_keys),
	.doc = "A frame must be seen in the window.",
	.post = expect_post,
};

static void forbid_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_check *c = obj;
	char m[MATCH_TEXT], w[WINDOW_TEXT];

	check_finish_window(b, n, c);
	check_finish_match(b, n, &c->u.frames.match);
	if (!c->name)
		c->name = bind_printf(b, "forbid %s%s", check_match_text(b, m, &c->u.frames.match),
			check_window_text(w, c));
}

static const struct schema_key forbid_keys[] = { MATCH_KEYS, AFTER_KEY, WITHIN_KEY };
const struct schema schema_forbid = {
	.keys = forbid_keys,
	.n_keys = ARRAY_SIZE(forbid_keys),
	.doc = "No such frame may be seen in the window.",
	.post = forbid_post,
};

static void count_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_check *c = obj;
	bool min = node_get(n, "min"), max = node_get(n, "max"), equals = node_get(n, "equals");
	const struct node *tolerance = node_get(n, "tolerance");
	char m[MATCH_TEXT], w[WINDOW_TEXT];
	double part = 0;

	check_finish_window(b, n, c);
	check_finish_match(b, n, &c->u.frames.match);
	if (equals && (min || max))
		bind_key_error(
			b, n, "equals", "contradicts \"%s\": use one of them", min ? "min" : "max");
	else if (!equals && !min && !max)
		bind_error(b, n, "needs \"equals\", \"min\" or \"max\"");
	else if (tolerance && !equals)
		bind_key_error(b, n, "tolerance", "needs \"equals\"");
	if (tolerance && unit_percent(tolerance->text, &part) != 0)
		return;
	if (equals) {
		/* `equals` was read into min. */
		double v = (double)c->u.frames.min;

		c->u.frames.max = (uint64_t)floor(v * (1 + part) + 1e-9);
		c->u.frames.min = (uint64_t)ceil(v * (1 - part) - 1e-9);
	} else if (!max) {
		c->u.frames.max = UINT64_MAX;
	}
	check_min_max(b, n, c);
	if (!c->name)
		c->name = bind_printf(b, "count %s%s", check_match_text(b, m, &c->u.frames.match),
			check_window_text(w, c));
}

static void parse_checked_percent(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	double v;

	(void)field;
	type_percent.parse(b, n, k, &v);
}
/* Read again by count_post(): the check has no room for it. */
static const struct schema_type type_tolerance = { .name = "percentage",
	.parse = parse_checked_percent };

static const struct schema_key count_keys[] = {
	MATCH_KEYS,
	AFTER_KEY,
	WITHIN_KEY,
	{ .key = "min",
		.type = &type_u64,
		.max = 1e15,
		.unit = "frames",
		.offset = C(u.frames.min),
		.doc = "how many there must be" },
	{ .key = "max",
		.type = &type_u64,
		.max = 1e15,
		.unit = "frames",
		.offset = C(u.frames.max),
		.doc = "how many there may be" },
	{ .key = "equals",
		.type = &type_u64,
		.max = 1e15,
		.unit = "frames",
		.offset = C(u.frames.min),
		.doc = "instead of both: this many" },
	{ .key = "tolerance",
		.type = &type_tolerance,
		.max = 1,
		.doc = "with `equals`: so much more or less is right too" },
};
const struct schema schema_count = {
	.keys = count_keys,
	.n_keys = ARRAY_SIZE(count_keys),
	.doc = "The number of such frames in the window must be in bounds.",
	.post = count_post,
};

static void period_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_check *c = obj;
	char m[MATCH_TEXT], w[WINDOW_TEXT];

	check_finish_window(b, n, c);
	check_finish_match(b, n, &c->u.period.match);
	if (!c->u.period.mean_ns && !c->u.period.min_ns && !c->u.period.max_ns &&
		!c->u.period.jitter_ns)
		bind_error(b, n, "needs \"mean\", \"min\", \"max\" or \"jitter\"");
	if (c->u.period.max_ns && c->u.period.min_ns > c->u.period.max_ns)
		bind_key_error(b, n, "max", "is less than \"min\"");
	if (!c->name)
		c->name = bind_printf(b, "period of %s%s",
			check_match_text(b, m, &c->u.period.match), check_window_text(w, c));
}

static const struct schema_key period_keys[] = {
	MATCH_KEYS,
	AFTER_KEY,
	WITHIN_KEY,
	{ .key = "mean",
		.type = &type_duration,
		.min = 1e3,
		.max = 86400e9,
		.offset = C(u.period.mean_ns),
		.doc = "the mean distance of two such frames" },
	{ .key = "tolerance",
		.type = &type_percent,
		.def = "10%",
		.max = 1,
		.offset = C(u.period.tolerance),
		.doc = "how far the mean may be off" },
	{ .key = "min",
		.type = &type_duration,
		.max = 86400e9,
		.offset = C(u.period.min_ns),
		.doc = "no two may be closer" },
	{ .key = "max",
		.type = &type_duration,
		.max = 86400e9,
		.offset = C(u.period.max_ns),
		.doc = "no two may be further apart; silence at the window's end counts" },
	{ .key = "jitter",
		.type = &type_duration,
		.max = 86400e9,
		.offset = C(u.period.jitter_ns),
		.doc = "bound of the distances' standard deviation" },
	{ .key = "at_least",
		.type = &type_u64,
		.def = "3",
		.min = 2,
		.max = 1e15,
		.unit = "frames",
		.offset = C(u.period.at_least),
		.doc = "fewer frames fail, whatever their rhythm" },
};
const struct schema schema_period = {
	.keys = period_keys,
	.n_keys = ARRAY_SIZE(period_keys),
	.doc = "Such frames must come in a rhythm.",
	.post = period_post,
};

/* --- signals ----------------------------------------------------------------------------- */

static const struct schema_type type_later_file = { .name = "file", .parse = schema_parse_later };
static const struct schema_type type_later_name = { .name = "text", .parse = schema_parse_later };

static const struct sigmap *signal_map(
	struct bind *b, const struct node *n, struct scenario_check *c)
{
	const struct scenario *s = &load_of(b)->s;
	const struct node *file = node_get(n, "map");

	if (file) {
		const char *path = bind_file(b, file, file->text);

		return path ? refs_sigmap(b, file, path) : NULL;
	}
	if (!node_get(n, "guest") && s->n_guests != 1) {
		bind_error(b, n, "needs \"guest\" (whose signal map is used) or \"map\"");
		return NULL;
	}
	if (!s->guests[c->guest].sigmap_path)
		bind_error(b, n, "needs \"map\": guest \"%s\" has no signal map",
			check_guest_name(b, c));
	return s->guests[c->guest].sigmap;
}

static bool signal_bus(struct bind *b, const struct node *n, struct scenario_check *c)
{
	const struct scenario *s = &load_of(b)->s;

	for (uint32_t i = 0; i < s->n_buses; i++) {
		const char *name = s->buses[i].name;

		if (name && strcmp(name, c->u.signal.signal->bus) == 0) {
			c->u.signal.bus = i;
			return true;
		}
	}
	bind_key_error(b, n, "gauge", "is on bus \"%s\" in the map, which the scenario has not",
		c->u.signal.signal->bus);
	return false;
}

static void signal_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_check *c = obj;
	const struct node *gauge = node_get(n, "gauge"), *named = node_get(n, "signal");
	const char *text = gauge ? gauge->text : named ? named->text : NULL;
	struct unit_near near = { .typed = text };
	size_t errors = b->d->errors;
	char w[WINDOW_TEXT], bounds[80];

	check_finish_window(b, n, c);
	bool min = node_get(n, "min"), max = node_get(n, "max");

	if (!min && !max)
		bind_error(b, n, "needs \"min\" or \"max\"");
	if (!min)
		c->u.signal.min = -HUGE_VAL;
	if (!max)
		c->u.signal.max = HUGE_VAL;
	if (c->u.signal.min > c->u.signal.max)
		bind_key_error(b, n, "max", "is less than \"min\"");
	if (c->guest == SCENARIO_ALL)
		bind_key_error(b, n, "guest", "must be one guest");
	if (!text)
		bind_error(b, n,
			"needs \"signal\" (one of the scenario's) or \"gauge\" (one of a "
			"signal map)");
	else if (gauge && named)
		bind_key_error(b, n, "gauge", "contradicts \"signal\": use one of them");
	if (b->d->errors != errors)
		return;
	if (min && max)
		snprintf(bounds, sizeof(bounds), "in %g to %g", c->u.signal.min, c->u.signal.max);
	else
		snprintf(bounds, sizeof(bounds), "%s %g",
			min ? ">=" : "<=", min ? c->u.signal.min : c->u.signal.max);
	if (!c->name)
		c->name = bind_printf(b, "signal %s %s%s%s", text,
			c->u.signal.always ? "always " : "", bounds, check_window_text(w, c));
	if (!gauge)
		return;
	c->u.signal.index = SIGNAL_NONE;
	/* Without files (an editor, a fuzzer) there is no map: the check stays without a signal. */
	const struct sigmap *m = signal_map(b, n, c);

	if (!m)
		return;
	c->u.signal.signal = sigmap_find(m, gauge->text);
	if (!c->u.signal.signal) {
		for (uint32_t i = 0; i < m->hdr.count; i++)
			unit_near(&near, m->e[i].gauge);
		bind_error(b, gauge, "names an unknown gauge \"%.60s\"%s%s%s", gauge->text,
			near.best ? "; did you mean \"" : "", near.best ? near.best : "",
			near.best ? "\"?" : "");
		return;
	}
	(void)signal_bus(b, n, c);
}

static const struct schema_key signal_keys[] = {
	{ .key = "signal",
		.type = &type_signal,
		.offset = C(u.signal.index),
		.doc = "the signal, one of the scenario's `signals`" },
	{ .key = "guest",
		.type = &type_guest,
		.offset = C(guest),
		.doc = "or with `gauge`: the guest whose signal map says where the signal is" },
	{ .key = "map",
		.type = &type_later_file,
		.doc = "a signal map of its own, instead of a guest's" },
	{ .key = "gauge",
		.type = &type_later_name,
		.doc = "instead of `signal`: its name in a signal map" },
	AFTER_KEY,
	WITHIN_KEY,
	{ .key = "min",
		.type = &type_float,
		.offset = C(u.signal.min),
		.doc = "lowest physical value" },
	{ .key = "max",
		.type = &type_float,
		.offset = C(u.signal.max),
		.doc = "highest physical value" },
	{ .key = "always",
		.type = &type_bool,
		.def = "false",
		.offset = C(u.signal.always),
		.doc = "every value in the window must be in bounds (and one must come); else one in "
		       "bounds is enough" },
};
const struct schema schema_signal = {
	.keys = signal_keys,
	.n_keys = ARRAY_SIZE(signal_keys),
	.doc = "A signal's value must be in bounds: one of the scenario's signals, whoever gives it its "
	       "value, or one that a signal map finds on the bus.",
	.post = signal_post,
};
