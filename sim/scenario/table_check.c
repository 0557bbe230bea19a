/* SPDX-License-Identifier: Apache-2.0 */
/* Checks: the tables of what can be demanded of a run. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/scenario/load.h"
#include "sim/scenario/units.h"

#define C(field) offsetof(struct scenario_check, field)

static const char *guest_name(struct bind *b, const struct scenario_check *c)
{
	const char *name = load_of(b)->s.guests[c->guest].name;

	return name ? name : "?"; /* a guest with errors */
}

/* --- windows ----------------------------------------------------------------------------- */

/* `within` was read into until_ns as a length. */
static void finish_window(struct bind *b, const struct node *n, struct scenario_check *c)
{
	uint64_t end = load_of(b)->s.duration_ns;
	char text[UNIT_TEXT];

	if (!node_get(n, "within") && c->until_ns == 0)
		c->until_ns = SCENARIO_FOREVER;
	else if (c->until_ns > SCENARIO_FOREVER - c->after_ns)
		c->until_ns = SCENARIO_FOREVER;
	else
		c->until_ns += c->after_ns;
	if (end > 0 && c->after_ns >= end)
		bind_warn(b, node_get(n, "after"), "is never reached: the run ends at %s",
			unit_show_duration(text, end));
}

/* " after 1s within 5s", as far as it was asked for. */
static const char *window_text(char buf[96], const struct scenario_check *c)
{
	char a[UNIT_TEXT], w[UNIT_TEXT];
	size_t l = 0;

	buf[0] = '\0';
	if (c->after_ns)
		l = (size_t)snprintf(buf, 96, " after %s", unit_show_duration(a, c->after_ns));
	if (c->until_ns != SCENARIO_FOREVER)
		snprintf(buf + l, 96 - l, " within %s",
			unit_show_duration(w, c->until_ns - c->after_ns));
	return buf;
}

/* Kinds that may be about every guest get their names when they are about one. */
const char *load_check_name(struct bind *b, const struct scenario_check *c)
{
	char w[96];

	switch (c->kind) {
	case SCENARIO_CHECK_READY:
		return bind_printf(b, "%s ready%s", guest_name(b, c), window_text(w, c));
	case SCENARIO_CHECK_FORBID_CONSOLE:
		return bind_printf(b, "console of %s: no /%.60s/%s", guest_name(b, c),
			c->u.console.regex, window_text(w, c));
	case SCENARIO_CHECK_NO_CRASH:
		return bind_printf(b, "%s does not crash", guest_name(b, c));
	default:
		return NULL;
	}
}

#define AFTER_KEY                                                                        \
	{                                                                                \
		.key = "after", .type = &type_duration, .def = "0", .max = 30 * 86400e9, \
		.offset = C(after_ns), .doc = "when the window begins"                   \
	}
#define WITHIN_KEY                                                                      \
	{                                                                               \
		.key = "within", .type = &type_duration, .min = 1, .max = 30 * 86400e9, \
		.offset = C(until_ns),                                                  \
		.doc = "length of the window; without it, it lasts until the run ends"  \
	}

/* --- frames ------------------------------------------------------------------------------ */

static_assert(C(u.frames.match) == C(u.period.match), "the match keys serve both");
#define M(field) C(u.frames.match.field)

#define MATCH_KEYS                                                                                      \
	{ .key = "bus",                                                                                 \
		.type = &type_bus,                                                                      \
		.flags = KEY_ONLY,                                                                      \
		.offset = M(bus),                                                                       \
		.doc = "on which bus" },                                                                \
		{ .key = "frame",                                                                       \
			.type = &type_match_frame,                                                      \
			.offset = C(u.frames.match),                                                    \
			.doc = "what the frame must be, in one line; instead of the keys from `id` to " \
			       "`rtr`" },                                                               \
		{ .key = "id",                                                                          \
			.type = &type_can_id,                                                           \
			.offset = M(id.id),                                                             \
			.doc = "its identifier; without `id` and `frame` any frame counts" },           \
		{ .key = "mask",                                                                        \
			.type = &type_mask,                                                             \
			.offset = M(id.mask),                                                           \
			.doc = "bits of the identifier that must be equal; without it all" },           \
		{ .key = "data",                                                                        \
			.type = &type_pattern,                                                          \
			.offset = C(u.frames.match),                                                    \
			.doc = "how its payload begins" },                                              \
		{ .key = "data_mask",                                                                   \
			.type = &type_data_mask,                                                        \
			.offset = C(u.frames.match),                                                    \
			.doc = "bits of `data` that must be equal, as many bytes as `data` has" },      \
		{ .key = "length",                                                                      \
			.type = &type_i32,                                                              \
			.max = CANFD_MAX_DLEN,                                                          \
			.unit = "bytes",                                                                \
			.offset = M(len),                                                               \
			.doc = "its exact payload length" },                                            \
		{ .key = "fd",                                                                          \
			.type = &type_either,                                                           \
			.offset = M(fd),                                                                \
			.doc = "whether it is an FD frame; without it either" },                        \
		{ .key = "rtr",                                                                         \
			.type = &type_either,                                                           \
			.offset = M(rtr),                                                               \
			.doc = "whether it is a remote frame; without it either" },                     \
	{                                                                                               \
		.key = "from", .type = &type_guests, .def = "all", .offset = M(from),                   \
		.doc = "the guest that sent it; `all`: anyone, replays and actions too"                 \
	}

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
static const struct schema_type type_data_mask = { .name = "payload", .parse = parse_data_mask };

/* Completes what the keys left open. */
static void finish_match(struct bind *b, const struct node *n, struct scenario_match *m)
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

/* "3A0#01* on can0 from cluster" */
static const char *match_text(struct bind *b, char buf[160], const struct scenario_match *m)
{
	const struct scenario *s = &load_of(b)->s;
	size_t l;

	frame_show_match(buf, 160, m);
	l = strlen(buf);
	snprintf(buf + l, 160 - l, " on %s%s%s", s->buses[m->bus].name,
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
	char m[160], w[96];

	finish_window(b, n, c);
	finish_match(b, n, &c->u.frames.match);
	if (!node_get(n, "max"))
		c->u.frames.max = UINT64_MAX;
	check_min_max(b, n, c);
	if (!c->name)
		c->name = bind_printf(
			b, "expect %s%s", match_text(b, m, &c->u.frames.match), window_text(w, c));
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
static const struct schema schema_expect = {
	.keys = expect_keys,
	.n_keys = ARRAY_SIZE(expect_keys),
	.doc = "A frame must be seen in the window.",
	.post = expect_post,
};

static void forbid_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_check *c = obj;
	char m[160], w[96];

	finish_window(b, n, c);
	finish_match(b, n, &c->u.frames.match);
	if (!c->name)
		c->name = bind_printf(
			b, "forbid %s%s", match_text(b, m, &c->u.frames.match), window_text(w, c));
}

static const struct schema_key forbid_keys[] = { MATCH_KEYS, AFTER_KEY, WITHIN_KEY };
static const struct schema schema_forbid = {
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
	char m[160], w[96];
	double part = 0;

	finish_window(b, n, c);
	finish_match(b, n, &c->u.frames.match);
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
		c->name = bind_printf(
			b, "count %s%s", match_text(b, m, &c->u.frames.match), window_text(w, c));
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
static const struct schema schema_count = {
	.keys = count_keys,
	.n_keys = ARRAY_SIZE(count_keys),
	.doc = "The number of such frames in the window must be in bounds.",
	.post = count_post,
};

static void period_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_check *c = obj;
	char m[160], w[96];

	finish_window(b, n, c);
	finish_match(b, n, &c->u.period.match);
	if (!c->u.period.mean_ns && !c->u.period.min_ns && !c->u.period.max_ns &&
		!c->u.period.jitter_ns)
		bind_error(b, n, "needs \"mean\", \"min\", \"max\" or \"jitter\"");
	if (c->u.period.max_ns && c->u.period.min_ns > c->u.period.max_ns)
		bind_key_error(b, n, "max", "is less than \"min\"");
	if (!c->name)
		c->name = bind_printf(b, "period of %s%s", match_text(b, m, &c->u.period.match),
			window_text(w, c));
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
static const struct schema schema_period = {
	.keys = period_keys,
	.n_keys = ARRAY_SIZE(period_keys),
	.doc = "Such frames must come in a rhythm.",
	.post = period_post,
};

/* --- signals ----------------------------------------------------------------------------- */

static void parse_text_later(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	(void)b;
	(void)n;
	(void)k;
	(void)field;
}
static const struct schema_type type_later_file = { .name = "file", .parse = parse_text_later };
static const struct schema_type type_later_name = { .name = "text", .parse = parse_text_later };

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
		bind_error(b, n, "needs \"map\": guest \"%s\" has no signal map", guest_name(b, c));
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
	const struct node *gauge = node_get(n, "gauge");
	struct unit_near near = { .typed = gauge->text };
	size_t errors = b->d->errors;
	char w[96], bounds[80];

	finish_window(b, n, c);
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
	if (b->d->errors != errors)
		return;
	if (min && max)
		snprintf(bounds, sizeof(bounds), "in %g to %g", c->u.signal.min, c->u.signal.max);
	else
		snprintf(bounds, sizeof(bounds), "%s %g",
			min ? ">=" : "<=", min ? c->u.signal.min : c->u.signal.max);
	if (!c->name)
		c->name = bind_printf(b, "signal %s %s%s%s", gauge->text,
			c->u.signal.always ? "always " : "", bounds, window_text(w, c));
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
	{ .key = "guest",
		.type = &type_guest,
		.offset = C(guest),
		.doc = "the guest whose signal map says where the signal is" },
	{ .key = "map",
		.type = &type_later_file,
		.doc = "a signal map of its own, instead of a guest's" },
	{ .key = "gauge",
		.type = &type_later_name,
		.flags = KEY_REQUIRED,
		.doc = "the signal's name in the map" },
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
static const struct schema schema_signal = {
	.keys = signal_keys,
	.n_keys = ARRAY_SIZE(signal_keys),
	.doc = "A signal's physical value, read from the bus, must be in bounds.",
	.post = signal_post,
};

/* --- consoles ---------------------------------------------------------------------------- */

static void check_port(struct bind *b, const struct node *n, const struct scenario_check *c)
{
	const char *port = c->u.console.port;

	if (!port || strcmp(port, "serial") == 0 || c->guest == SCENARIO_ALL)
		return;
	const struct scenario_guest *g = &load_of(b)->s.guests[c->guest];
	struct unit_near near = { .typed = port };

	for (uint32_t i = 0; i < g->n_ports; i++) {
		/* A guest with errors has ports without names. */
		if (!g->ports[i].name)
			continue;
		if (strcmp(g->ports[i].name, port) == 0)
			return;
		unit_near(&near, g->ports[i].name);
	}
	unit_near(&near, "serial");
	bind_key_error(b, n, "port", "names an unknown port \"%.60s\" of guest \"%s\"%s%s%s", port,
		g->name, near.best ? "; did you mean \"" : "", near.best ? near.best : "",
		near.best ? "\"?" : "");
}

static void console_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_check *c = obj;
	char w[96];

	finish_window(b, n, c);
	check_port(b, n, c);
	if (!c->name)
		c->name = bind_printf(b, "console of %s: /%.60s/%s", guest_name(b, c),
			c->u.console.regex, window_text(w, c));
}

static void forbid_console_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_check *c = obj;

	finish_window(b, n, c);
	check_port(b, n, c);
}

#define CONSOLE_KEYS                                                                    \
	{ .key = "match",                                                               \
		.type = &type_regex,                                                    \
		.flags = KEY_REQUIRED,                                                  \
		.offset = C(u.console.regex),                                           \
		.doc = "what a line must match" },                                      \
		{ .key = "port",                                                        \
			.type = &type_name,                                             \
			.offset = C(u.console.port),                                    \
			.doc = "one console port, `serial` for COM1; without it any" }, \
		AFTER_KEY, WITHIN_KEY

static const struct schema_key console_keys[] = {
	{ .key = "guest",
		.type = &type_guest,
		.flags = KEY_ONLY,
		.offset = C(guest),
		.doc = "whose console" },
	CONSOLE_KEYS,
};
static const struct schema schema_console = {
	.keys = console_keys,
	.n_keys = ARRAY_SIZE(console_keys),
	.doc = "A console line must match in the window.",
	.post = console_post,
};

static const struct schema_key forbid_console_keys[] = {
	{ .key = "guest",
		.type = &type_guests,
		.def = "all",
		.offset = C(guest),
		.doc = "whose console" },
	CONSOLE_KEYS,
};
static const struct schema schema_forbid_console = {
	.keys = forbid_console_keys,
	.n_keys = ARRAY_SIZE(forbid_console_keys),
	.doc = "No console line may match in the window.",
	.post = forbid_console_post,
};

/* --- pictures ---------------------------------------------------------------------------- */

static void region_check(struct bind *b, const struct node *n, const struct scenario_check *c,
	const struct scenario_display *d)
{
	const struct display_rect *r = &c->u.screen.region;

	if (c->u.screen.has_region && !display_rect_inside(*r, d->width, d->height))
		bind_key_error(b, n, "region", "is not inside of the display's %u x %u pixels",
			d->width, d->height);
}

/* When a checkpoint's picture of the display is taken; false when there is no such picture. */
static bool checkpoint_time(const struct load *l, const char *name, uint32_t guest,
	uint32_t display, uint64_t *at_ns, struct unit_near *near)
{
	for (uint32_t i = 0; i < l->n_actions; i++) {
		const struct scenario_action *a = &l->actions[i];

		if (a->op != SCENARIO_SCREENSHOT || !a->u.screenshot.checkpoint)
			continue;
		if (a->guest != SCENARIO_ALL && a->guest != guest)
			continue;
		if (a->display != SCENARIO_ALL && a->display != display)
			continue;
		if (strcmp(a->u.screenshot.checkpoint, name) == 0) {
			*at_ns = a->at_ns;
			return true;
		}
		unit_near(near, a->u.screenshot.checkpoint);
	}
	return false;
}

/* Which picture: at a time, at a checkpoint, or the one of the run's end. */
static bool finish_picture(struct bind *b, const struct node *n, struct scenario_check *c)
{
	struct load *l = load_of(b);
	const struct node *at = node_get(n, "at");
	const char *name = c->u.screen.checkpoint;
	struct unit_near near = { .typed = name ? name : "" };

	if (at && name) {
		bind_key_error(b, n, "checkpoint", "contradicts \"at\": use one of them");
		return false;
	}
	if (at) {
		c->u.screen.checkpoint = load_imply_picture(b, c->after_ns, c->guest, c->display);
		if (l->s.duration_ns > 0 && c->after_ns > l->s.duration_ns)
			bind_warn(b, at, "is never reached: the run ends before");
	} else if (!name || strcmp(name, SCENARIO_CHECKPOINT_END) == 0) {
		c->u.screen.checkpoint = SCENARIO_CHECKPOINT_END;
		c->after_ns = l->s.duration_ns;
	} else if (!checkpoint_time(l, name, c->guest, c->display, &c->after_ns, &near)) {
		bind_key_error(b, n, "checkpoint",
			"\"%.60s\": no screenshot action of that name takes this display%s%s%s",
			name, near.best ? "; did you mean \"" : "", near.best ? near.best : "",
			near.best ? "\"?" : "");
		return false;
	}
	c->until_ns = c->after_ns;
	return true;
}

static const char *picture_text(struct bind *b, char buf[96], const struct scenario_check *c)
{
	const struct scenario_guest *g = &load_of(b)->s.guests[c->guest];

	const char *title = g->displays[c->display].title;

	const char *when = c->u.screen.checkpoint;

	/* A picture that was asked for by time is named after it. */
	if (strncmp(when, "at-", 3) == 0)
		when += 3;
	snprintf(buf, 96, "%s \"%.30s\" at %.40s", guest_name(b, c), title ? title : "?", when);
	return buf;
}

static void screen_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_check *c = obj;
	char text[96];

	if (!refs_display(b, n, c->guest, false, &c->display))
		return;
	c->u.screen.has_region = node_get(n, "region");
	region_check(b, n, c, &load_of(b)->s.guests[c->guest].displays[c->display]);
	if (finish_picture(b, n, c))
		if (!c->name)
			c->name = bind_printf(b, "screen of %s", picture_text(b, text, c));
}

#define PICTURE_KEYS                                                                                    \
	{ .key = "guest",                                                                               \
		.type = &type_guest,                                                                    \
		.flags = KEY_ONLY,                                                                      \
		.offset = C(guest),                                                                     \
		.doc = "whose display" },                                                               \
		{ .key = "display", .type = &type_display, .doc = "which display" },                    \
		{ .key = "at",                                                                          \
			.type = &type_duration,                                                         \
			.max = 30 * 86400e9,                                                            \
			.offset = C(after_ns),                                                          \
			.doc = "takes the picture at this time" },                                      \
		{ .key = "checkpoint",                                                                  \
			.type = &type_checkpoint,                                                       \
			.offset = C(u.screen.checkpoint),                                               \
			.doc = "or looks at the picture of a `screenshot` action; without both at the " \
			       "one of the run's end (`end`)" },                                        \
	{                                                                                               \
		.key = "region", .type = &type_region, .offset = C(u.screen.region),                    \
		.doc = "looks at a part of the display only"                                            \
	}

static void parse_threshold(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	uint32_t v = 0;

	type_u32.parse(b, n, k, &v);
	*(uint8_t *)field = (uint8_t)v;
}
static const struct schema_type type_threshold = { .name = "number", .parse = parse_threshold };

static const struct schema_key screen_keys[] = {
	PICTURE_KEYS,
	{ .key = "reference",
		.type = &type_file,
		.flags = KEY_REQUIRED,
		.offset = C(u.screen.reference),
		.doc = "PNG of the size of the display, for example the one that an earlier run wrote" },
	{ .key = "threshold",
		.type = &type_threshold,
		.def = "8",
		.max = 255,
		.offset = C(u.screen.threshold),
		.doc = "how far a colour channel (0 to 255) may be off without the pixel being different" },
	{ .key = "tolerance",
		.type = &type_percent,
		.def = "0.1%",
		.max = 1,
		.offset = C(u.screen.max_different),
		.doc = "how much of the pixels may be different" },
};
static const struct schema schema_screen = {
	.keys = screen_keys,
	.n_keys = ARRAY_SIZE(screen_keys),
	.doc = "A display must look like a reference picture. Where it does not, a difference picture "
	       "is written to the `out` folder.",
	.post = screen_post,
};

static void not_blank_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_check *c = obj;
	char text[96];

	if (!refs_display(b, n, c->guest, false, &c->display))
		return;
	c->u.screen.has_region = node_get(n, "region");
	region_check(b, n, c, &load_of(b)->s.guests[c->guest].displays[c->display]);
	if (finish_picture(b, n, c))
		if (!c->name)
			c->name = bind_printf(b, "not blank: %s", picture_text(b, text, c));
}

static const struct schema_key not_blank_keys[] = { PICTURE_KEYS };
static const struct schema schema_not_blank = {
	.keys = not_blank_keys,
	.n_keys = ARRAY_SIZE(not_blank_keys),
	.short_key = "guest",
	.doc = "A display, or a region of it, must show more than one colour.",
	.post = not_blank_post,
};

/* --- guests' lives ----------------------------------------------------------------------- */

static void ready_post(struct bind *b, const struct node *n, void *obj)
{
	finish_window(b, n, obj);
}

static const struct schema_key ready_keys[] = {
	{ .key = "guest",
		.type = &type_guests,
		.def = "all",
		.offset = C(guest),
		.doc = "which guest; `all` makes one check for each" },
	AFTER_KEY,
	{ .key = "within",
		.type = &type_duration,
		.def = "10s",
		.min = 1,
		.max = 30 * 86400e9,
		.offset = C(until_ns),
		.doc = "how long it may take" },
};
static const struct schema schema_ready = {
	.keys = ready_keys,
	.n_keys = ARRAY_SIZE(ready_keys),
	.short_key = "guest",
	.doc = "A guest must say READY (its `ready` expression) in the window.",
	.post = ready_post,
};

static void exit_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_check *c = obj;
	char w[96];

	finish_window(b, n, c);
	if (!c->name)
		c->name = bind_printf(b, "%s exits%s%s%s", guest_name(b, c),
			c->u.exit.reason ? " by " : "", c->u.exit.reason ? c->u.exit.reason : "",
			window_text(w, c));
}

static const struct schema_key exit_keys[] = {
	{ .key = "guest",
		.type = &type_guest,
		.flags = KEY_ONLY,
		.offset = C(guest),
		.doc = "which guest" },
	{ .key = "reason",
		.type = &type_name,
		.offset = C(u.exit.reason),
		.doc = "`poweroff`, `stopped`, `killed`, or a crash's `triple-fault`, `kvm-error`; without "
		       "it any but a crash" },
	AFTER_KEY,
	WITHIN_KEY,
};
static const struct schema schema_exit = {
	.keys = exit_keys,
	.n_keys = ARRAY_SIZE(exit_keys),
	.short_key = "guest",
	.doc = "A guest must end in the window, for example after a power button.",
	.post = exit_post,
};

static void no_crash_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_check *c = obj;

	(void)b;
	(void)n;
	c->until_ns = SCENARIO_FOREVER;
}

static const struct schema_key no_crash_keys[] = {
	{ .key = "guest",
		.type = &type_guests,
		.def = "all",
		.offset = C(guest),
		.doc = "which guest" },
};
static const struct schema schema_no_crash = {
	.keys = no_crash_keys,
	.n_keys = ARRAY_SIZE(no_crash_keys),
	.short_key = "guest",
	.doc = "A guest must not crash: no triple fault, no KVM error, no death of its process. Every "
	       "guest has this check without asking (see its key `no_crash`). A `kill` action and a "
	       "guest that powers off are no crashes.",
	.post = no_crash_post,
};

/* --- all kinds --------------------------------------------------------------------------- */

static void check_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_check *c = obj;

	(void)b;
	c->line = n->line;
}

#define KIND(name, table, kind_tag, text)                                               \
	{                                                                               \
		.key = name, .shape = SHAPE_INPLACE, .sub = table, .flags = KEY_CHOICE, \
		.tag = kind_tag, .doc = text                                            \
	}

static const struct schema_key check_keys[] = {
	{ .key = "name",
		.type = &type_string,
		.min = 1,
		.max = 120,
		.offset = C(name),
		.doc = "what the reports call it; without it made from what it demands" },
	KIND("expect", &schema_expect, SCENARIO_CHECK_EXPECT, "a frame is seen"),
	KIND("forbid", &schema_forbid, SCENARIO_CHECK_FORBID, "a frame is not seen"),
	KIND("count", &schema_count, SCENARIO_CHECK_COUNT, "so many frames are seen"),
	KIND("period", &schema_period, SCENARIO_CHECK_PERIOD, "frames come in a rhythm"),
	KIND("signal", &schema_signal, SCENARIO_CHECK_SIGNAL, "a signal is in bounds"),
	KIND("console", &schema_console, SCENARIO_CHECK_CONSOLE, "a console line matches"),
	KIND("forbid_console", &schema_forbid_console, SCENARIO_CHECK_FORBID_CONSOLE,
		"no console line matches"),
	KIND("screen", &schema_screen, SCENARIO_CHECK_SCREEN, "a display looks like a picture"),
	KIND("not_blank", &schema_not_blank, SCENARIO_CHECK_NOT_BLANK, "a display shows something"),
	KIND("ready", &schema_ready, SCENARIO_CHECK_READY, "a guest gets ready"),
	KIND("exit", &schema_exit, SCENARIO_CHECK_EXIT, "a guest ends"),
	KIND("no_crash", &schema_no_crash, SCENARIO_CHECK_NO_CRASH, "a guest does not crash"),
};

const struct schema schema_check = {
	.item = "check",
	.size = sizeof(struct scenario_check),
	.keys = check_keys,
	.n_keys = ARRAY_SIZE(check_keys),
	.tag_offset = C(kind),
	.doc = "What is demanded of the run. Each entry has one of the kinds, and a name where you "
	       "like. Every one becomes a line of the verdict table and a JUnit test case.",
	.post = check_post,
};

const char *scenario_check_kind_name(enum scenario_check_kind kind)
{
	for (size_t i = 0; i < ARRAY_SIZE(check_keys); i++) {
		if ((check_keys[i].flags & KEY_CHOICE) && check_keys[i].tag == (uint32_t)kind)
			return check_keys[i].key;
	}
	return "?";
}
