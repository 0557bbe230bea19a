/* SPDX-License-Identifier: Apache-2.0 */
/* Checks about what happens when: how fast a signal moves, order, cause and effect. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/scenario/table_check.h"
#include "sim/scenario/units.h"

/* --- events ------------------------------------------------------------------------------ */

static void event_frame_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_event *ev = obj;
	char m[MATCH_TEXT];

	check_finish_match(b, n, &ev->u.match);
	ev->text = bind_strdup(b, check_match_text(b, m, &ev->u.match));
}

static const struct schema_key event_frame_keys[] = { MATCH_KEYS_AT(E(u.match)) };
static const struct schema schema_event_frame = {
	.keys = event_frame_keys,
	.n_keys = ARRAY_SIZE(event_frame_keys),
	.doc = "Each such frame is an event.",
	.post = event_frame_post,
};

static const struct schema_word crosses[] = { { "above", SCENARIO_ABOVE, NULL },
	{ "below", SCENARIO_BELOW, NULL }, { "equals", SCENARIO_EQUALS, NULL }, { 0 } };

/* Read by event_signal_post(): one of three keys. */
static const struct schema_type type_threshold = { .name = "value", .parse = schema_parse_later };

static void event_signal_post(struct bind *b, const struct node *n, void *obj)
{
	const struct signal_model *m = &load_of(b)->s.signals;
	struct scenario_event *ev = obj;
	const struct node *value = NULL;
	const char *word = "";
	unsigned int given = 0;

	for (const struct schema_word *w = crosses; w->word; w++) {
		if (!node_get(n, w->word))
			continue;
		value = node_get(n, w->word);
		word = w->word;
		ev->u.signal.cross = w->value;
		given++;
	}
	if (given != 1) {
		bind_error(b, n, "needs one of \"above\", \"below\" and \"equals\"");
		return;
	}
	ev->text = bind_printf(
		b, "%s %s %s", node_get(n, "signal")->text, word, value->text ? value->text : "?");
	if (ev->u.signal.index == SIGNAL_NONE)
		return;
	if (value->kind != NODE_SCALAR ||
		!signal_parse(m, ev->u.signal.index, value->text, &ev->u.signal.value))
		bind_error(b, value, "is no value of %s: write a number or the name of a value",
			m->defs[ev->u.signal.index].name);
}

static const struct schema_key event_signal_keys[] = {
	{ .key = "signal",
		.type = &type_signal,
		.flags = KEY_REQUIRED,
		.offset = E(u.signal.index),
		.doc = "which signal" },
	{ .key = "above",
		.type = &type_threshold,
		.doc = "the event is the moment in which it is above, and was not before" },
	{ .key = "below", .type = &type_threshold, .doc = "the same for below" },
	{ .key = "equals",
		.type = &type_threshold,
		.doc = "the same for a value, or its name: `equals: Reverse`" },
};
static const struct schema schema_event_signal = {
	.keys = event_signal_keys,
	.n_keys = ARRAY_SIZE(event_signal_keys),
	.doc = "A signal comes to a value.",
	.post = event_signal_post,
};

static void event_console_post(struct bind *b, const struct node *n, void *obj)
{
	const struct scenario *s = &load_of(b)->s;
	struct scenario_event *ev = obj;
	uint32_t guest = ev->u.console.guest;

	if (ev->u.console.port)
		(void)refs_port(b, n, guest, ev->u.console.port);
	ev->text = bind_printf(b, "/%.60s/ of %s", ev->u.console.regex,
		s->guests[guest].name ? s->guests[guest].name : "?");
}

static const struct schema_key event_console_keys[] = {
	{ .key = "guest",
		.type = &type_guest,
		.flags = KEY_ONLY,
		.offset = E(u.console.guest),
		.doc = "whose console" },
	{ .key = "match",
		.type = &type_regex,
		.flags = KEY_REQUIRED,
		.offset = E(u.console.regex),
		.doc = "what a line must match" },
	{ .key = "port",
		.type = &type_name,
		.offset = E(u.console.port),
		.doc = "one console port, `serial` for COM1; without it any" },
};
static const struct schema schema_event_console = {
	.keys = event_console_keys,
	.n_keys = ARRAY_SIZE(event_console_keys),
	.doc = "A console line.",
	.post = event_console_post,
};

static const struct schema_key event_keys[] = {
	{ .key = "frame",
		.shape = SHAPE_INPLACE,
		.sub = &schema_event_frame,
		.flags = KEY_CHOICE,
		.tag = SCENARIO_EVENT_FRAME,
		.doc = "a frame is seen" },
	{ .key = "signal",
		.shape = SHAPE_INPLACE,
		.sub = &schema_event_signal,
		.flags = KEY_CHOICE,
		.tag = SCENARIO_EVENT_SIGNAL,
		.doc = "a signal comes to a value" },
	{ .key = "console",
		.shape = SHAPE_INPLACE,
		.sub = &schema_event_console,
		.flags = KEY_CHOICE,
		.tag = SCENARIO_EVENT_CONSOLE,
		.doc = "a console line matches" },
	{ .key = "screen",
		.shape = SHAPE_INPLACE,
		.sub = &schema_event_screen,
		.flags = KEY_CHOICE,
		.tag = SCENARIO_EVENT_SCREEN,
		.doc = "a display changes, or comes to a look" },
};
static const struct schema schema_event = {
	.item = "event",
	.size = sizeof(struct scenario_event),
	.keys = event_keys,
	.n_keys = ARRAY_SIZE(event_keys),
	.tag_offset = E(kind),
	.doc = "Something that happens at moments of the run: one of the kinds.",
};

static void parse_event(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	(void)k;
	bind_table(b, &schema_event, n, field);
}
const struct schema_type type_event = {
	.name = "event",
	.doc = "An event as in `order`: `{frame: {bus: can0, id: 0x3A0}}`, `{signal: {signal: "
	       "Vehicle.Speed, above: 50}}`, `{console: {match: READY}}`, `{screen: {guest: cluster, "
	       "region: [100, 40, 64, 64], changed: true}}`.",
	.any_node = true,
	.parse = parse_event,
};

const struct scenario_event *scenario_check_event(const struct scenario_check *k, uint32_t i)
{
	switch (k->kind) {
	case SCENARIO_CHECK_ORDER:
		return i < k->u.order.n ? &k->u.order.events[i] : NULL;
	case SCENARIO_CHECK_LATENCY:
		return i == 0 ? &k->u.latency.from : i == 1 ? &k->u.latency.to : NULL;
	case SCENARIO_CHECK_CHIME:
		return i == 0 ? k->u.sound.event : NULL;
	default:
		return NULL;
	}
}

/* --- order ------------------------------------------------------------------------------- */

static void order_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_check *c = obj;
	char w[WINDOW_TEXT];

	check_finish_window(b, n, c);
	if (c->u.order.n < 2)
		bind_key_error(b, n, "events", "has one event: an order needs two");
	else if (!c->name)
		c->name = bind_printf(b, "%s before %s%s%s", c->u.order.events[0].text,
			c->u.order.events[1].text, c->u.order.n > 2 ? ", ..." : "",
			check_window_text(w, c));
}

static const struct schema_key order_keys[] = {
	{ .key = "events",
		.shape = SHAPE_LIST,
		.sub = &schema_event,
		.flags = KEY_REQUIRED,
		.offset = C(u.order.events),
		.count = C(u.order.n),
		.max = 16,
		.doc = "what must happen, in this order; of each the first in the window counts" },
	AFTER_KEY,
	WITHIN_KEY,
};
const struct schema schema_order = {
	.keys = order_keys,
	.n_keys = ARRAY_SIZE(order_keys),
	.doc = "Events must all happen in the window, and for the first time in this order.",
	.post = order_post,
};

/* --- cause and effect -------------------------------------------------------------------- */

static void latency_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_check *c = obj;
	char w[WINDOW_TEXT], t[UNIT_TEXT];

	check_finish_window(b, n, c);
	if (c->u.latency.min_ns > c->u.latency.max_ns)
		bind_key_error(b, n, "min", "is more than \"max\"");
	if (!c->name)
		c->name = bind_printf(b, "%s brings %s within %s%s", c->u.latency.from.text,
			c->u.latency.to.text, unit_show_duration(t, c->u.latency.max_ns),
			check_window_text(w, c));
}

static const struct schema_key latency_keys[] = {
	{ .key = "from",
		.type = &type_event,
		.flags = KEY_REQUIRED,
		.offset = C(u.latency.from),
		.doc = "the cause" },
	{ .key = "to",
		.type = &type_event,
		.flags = KEY_REQUIRED,
		.offset = C(u.latency.to),
		.doc = "its effect" },
	{ .key = "max",
		.type = &type_duration,
		.flags = KEY_REQUIRED,
		.min = 1,
		.max = 86400e9,
		.offset = C(u.latency.max_ns),
		.doc = "how long the first effect after each cause may take" },
	{ .key = "min",
		.type = &type_duration,
		.def = "0",
		.max = 86400e9,
		.offset = C(u.latency.min_ns),
		.doc = "how long it must take at least" },
	{ .key = "at_least",
		.type = &type_u64,
		.def = "1",
		.min = 1,
		.max = 4096,
		.unit = "causes",
		.offset = C(u.latency.at_least),
		.doc = "fewer causes in the window fail" },
	AFTER_KEY,
	WITHIN_KEY,
};
const struct schema schema_latency = {
	.keys = latency_keys,
	.n_keys = ARRAY_SIZE(latency_keys),
	.doc = "Each cause in the window must have its effect in time. A cause so late that its time is "
	       "not over when the run ends is not judged.",
	.post = latency_post,
};

/* --- how fast a signal moves ------------------------------------------------------------- */

static void gradient_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_check *c = obj;
	char w[WINDOW_TEXT];

	check_finish_window(b, n, c);
	if (!node_get(n, "rise") && !node_get(n, "fall"))
		bind_error(b, n, "needs \"rise\" or \"fall\"");
	if (!node_get(n, "rise"))
		c->u.gradient.rise = HUGE_VAL;
	if (!node_get(n, "fall"))
		c->u.gradient.fall = HUGE_VAL;
	if (!c->name)
		c->name = bind_printf(b, "gradient of %s%s", node_get(n, "signal")->text,
			check_window_text(w, c));
}

static const struct schema_key gradient_keys[] = {
	{ .key = "signal",
		.type = &type_signal,
		.flags = KEY_REQUIRED,
		.offset = C(u.gradient.index),
		.doc = "which of the scenario's signals" },
	{ .key = "rise",
		.type = &type_float,
		.max = 1e15,
		.offset = C(u.gradient.rise),
		.doc = "how much it may rise in a second" },
	{ .key = "fall",
		.type = &type_float,
		.max = 1e15,
		.offset = C(u.gradient.fall),
		.doc = "how much it may fall in a second, not negative" },
	{ .key = "over",
		.type = &type_duration,
		.def = "100ms",
		.min = 1,
		.max = 86400e9,
		.offset = C(u.gradient.over_ns),
		.doc = "values this far apart are compared: shorter, and a single step of the signal is a "
		       "steep one" },
	AFTER_KEY,
	WITHIN_KEY,
};
const struct schema schema_gradient = {
	.keys = gradient_keys,
	.n_keys = ARRAY_SIZE(gradient_keys),
	.doc = "A signal may not move faster. At least two values must come.",
	.post = gradient_post,
};
