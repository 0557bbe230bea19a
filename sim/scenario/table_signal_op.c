/* SPDX-License-Identifier: Apache-2.0 */
/* Actions about signals: their tables, and values that refer to signals. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sim/scenario/load.h"

#define A(field) offsetof(struct scenario_action, field)

bool refs_signal(struct bind *b, const struct node *n, uint32_t *out)
{
	struct load *l = load_of(b);
	struct err e;

	*out = SIGNAL_NONE;
	if (l->signals_unknown)
		return false;
	if (signal_model_find(&l->s.signals, n->text, out, &e) == 0)
		return true;
	bind_error(b, n, "%s", e.text);
	return false;
}

static void parse_signal(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	(void)k;
	(void)refs_signal(b, n, field);
}
const struct schema_type type_signal = {
	.name = "signal",
	.doc = "The name of a signal: its own (`Vehicle.Speed`), or as the database has it "
	       "(`can0.Brakes.Speed`, `Brakes.Speed`, and `Speed` where only one message has it).",
	.parse = parse_signal,
};

static bool read_value(struct bind *b, const struct node *n, uint32_t signal,
	const struct signal_model *m, double *v)
{
	const struct signal_def *d = &m->defs[signal];

	if (n->kind != NODE_SCALAR || !signal_parse(m, signal, n->text, v)) {
		bind_error(b, n, "is no value of %s: write a number%s", d->name,
			d->dbc && d->dbc->n_values ? " or the name of a value" : "");
		return false;
	}
	if (d->has_range && (*v < d->min || *v > d->max)) {
		bind_error(b, n, "%.40s is outside of the range of %.120s, %.15g to %.15g", n->text,
			d->name, d->min, d->max);
		return false;
	}
	return true;
}

static void parse_assigns(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	const struct signal_model *m = &load_of(b)->s.signals;
	struct scenario_assigns *out = field;
	struct scenario_assign *items;

	(void)k;
	if (n->kind != NODE_MAP || n->n == 0) {
		bind_error(b, n, "must be `signal: value` pairs");
		return;
	}
	items = bind_alloc(b, n->n * sizeof(*items));
	for (uint32_t i = 0; items && i < n->n; i++) {
		if (refs_signal(b, n->items[2 * i], &items[i].signal) &&
			read_value(b, n->items[2 * i + 1], items[i].signal, m, &items[i].value))
			out->n++;
	}
	out->items = items;
}
const struct schema_type type_assigns = {
	.name = "signal → value",
	.doc = "Signals and what they shall be: numbers in the signal's unit, `true` and `false`, or names "
	       "of values as the database has them: `{ Vehicle.Speed: 50, Gear: Reverse }`.",
	.any_node = true,
	.parse = parse_assigns,
};

static void stuck_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_action *a = obj, end;
	const struct node *value = node_get(n, "value");

	if (value && a->u.stuck.signal != SIGNAL_NONE)
		a->u.stuck.has_value = read_value(
			b, value, a->u.stuck.signal, &load_of(b)->s.signals, &a->u.stuck.value);
	if (value && !a->u.stuck.on)
		bind_key_error(b, n, "value", "means nothing where `on` is false");
	end = *a;
	end.u.stuck.on = !a->u.stuck.on;
	if (a->u.stuck.for_ns)
		load_imply_end(b, end, SCENARIO_STUCK, a->u.stuck.for_ns);
}

static const struct schema_type type_signal_value = {
	.name = "value",
	.doc = "A value of a signal: a number in its unit, `true`, `false`, or the name of a value.",
	.parse = schema_parse_later,
};

static const struct schema_key stuck_keys[] = {
	{ .key = "signal",
		.type = &type_signal,
		.flags = KEY_REQUIRED,
		.offset = A(u.stuck.signal),
		.doc = "which signal" },
	{ .key = "value",
		.type = &type_signal_value,
		.doc = "what it is stuck at; without it what it is at that moment" },
	{ .key = "on",
		.type = &type_bool,
		.def = "true",
		.offset = A(u.stuck.on),
		.doc = "`false`: it follows its value again" },
	{ .key = "for",
		.type = &type_duration,
		.max = 86400e9,
		.offset = A(u.stuck.for_ns),
		.doc = "ends it after this time" },
};

const struct schema schema_stuck = {
	.keys = stuck_keys,
	.n_keys = ARRAY_SIZE(stuck_keys),
	.short_key = "signal",
	.doc = "A sensor that is stuck: what frames and devices show of the signal stays what it is, "
	       "whatever is set. Frames go on in their rhythm, with their counters and checksums.",
	.post = stuck_post,
};

static void silence_post(struct bind *b, const struct node *n, void *obj)
{
	const struct node *name = node_get(n, "message"), *bus = node_get(n, "bus");
	struct scenario_action *a = obj, end;
	const struct load *l = load_of(b);
	struct err e;

	if (!name)
		name = n;
	if (l->signals_unknown)
		return;
	if (signal_model_find_message(&l->s.signals, bus ? a->display : SIGNAL_NONE, name->text,
		    &a->u.silence.message, &e) != 0) {
		bind_error(b, name, "%s", e.text);
		return;
	}
	if (!l->s.signals.messages[a->u.silence.message].sent)
		bind_error(b, name, "names \"%.60s\", which the bench does not send", name->text);
	a->display = 0;
	end = *a;
	end.u.silence.on = !a->u.silence.on;
	if (a->u.silence.for_ns)
		load_imply_end(b, end, SCENARIO_SILENCE, a->u.silence.for_ns);
}

static const struct schema_type type_message = {
	.name = "message",
	.doc = "The name of a message of a bus's database.",
	.parse = schema_parse_later,
};

static const struct schema_key silence_keys[] = {
	{ .key = "message", .type = &type_message, .flags = KEY_REQUIRED, .doc = "which message" },
	{ .key = "bus",
		.type = &type_bus,
		.offset = A(display), /* until the message is found */
		.doc = "of which bus, where several have it" },
	{ .key = "on",
		.type = &type_bool,
		.def = "true",
		.offset = A(u.silence.on),
		.doc = "`false`: it is sent again" },
	{ .key = "for",
		.type = &type_duration,
		.max = 86400e9,
		.offset = A(u.silence.for_ns),
		.doc = "ends it after this time" },
};

const struct schema schema_silence = {
	.keys = silence_keys,
	.n_keys = ARRAY_SIZE(silence_keys),
	.short_key = "message",
	.doc = "A message that the bench sends is missing from the bus: who waits for it sees old values.",
	.post = silence_post,
};
