/* SPDX-License-Identifier: Apache-2.0 */
/* What devices of guests take from signals and set: the types of such keys, and the list of signals
 * that a guest uses. */
#include <stdlib.h>
#include <string.h>

#include "sim/scenario/load.h"
#include "sim/scenario/units.h"

/* The place of a signal in the guest's list; SIGNAL_FEED_CONSTANT where the list is full
 * (reported).
 */
static uint32_t place_of(struct bind *b, const struct node *n, uint32_t signal, bool set)
{
	struct load *l = load_of(b);
	uint32_t i = 0;

	while (i < l->n_used && l->used[i].signal != signal)
		i++;
	if (i == SCENARIO_MAX_USED) {
		bind_error(b, n, "is one signal too many: devices of a guest use %d at most",
			SCENARIO_MAX_USED);
		return SIGNAL_FEED_CONSTANT;
	}
	if (i == l->n_used)
		l->used[l->n_used++] = (struct scenario_guest_signal){ .signal = signal };
	l->used[i].set |= set;
	return i;
}

void feeds_take(struct bind *b, struct scenario_guest *g)
{
	struct load *l = load_of(b);
	struct scenario_guest_signal *list = bind_alloc(b, l->n_used * sizeof(*list));

	if (!list)
		return;
	if (l->n_used)
		memcpy(list, l->used, l->n_used * sizeof(*list));
	g->signals = list;
	g->n_signals = l->n_used;
	l->n_used = 0;
}

/* --- a quantity -------------------------------------------------------------------------- */

/* As a mapping. */
struct feed_map {
	uint32_t signal;
	double scale, offset;
};

static const struct schema_key feed_keys[] = {
	{ .key = "signal",
		.type = &type_signal,
		.flags = KEY_REQUIRED,
		.offset = offsetof(struct feed_map, signal),
		.doc = "which signal" },
	{ .key = "scale",
		.type = &type_float,
		.def = "1",
		.offset = offsetof(struct feed_map, scale),
		.doc = "what one unit of the signal is in the device's unit" },
	{ .key = "offset",
		.type = &type_float,
		.def = "0",
		.offset = offsetof(struct feed_map, offset),
		.doc = "the device's value where the signal is 0" },
};

const struct schema schema_feed = {
	.size = sizeof(struct feed_map),
	.keys = feed_keys,
	.n_keys = ARRAY_SIZE(feed_keys),
	.doc = "A *quantity* whose signal has another unit: device = signal × scale + offset.",
};

static void parse_feed(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	struct signal_feed *f = field;
	struct feed_map m = { .signal = SIGNAL_NONE };
	size_t errors = b->d->errors;

	(void)k;
	*f = (struct signal_feed){ .signal = SIGNAL_FEED_CONSTANT, .scale = 1 };
	if (n->kind == NODE_SCALAR) {
		bool on = false;

		if (unit_float(n->text, &f->offset) == 0)
			return;
		if (unit_bool(n->text, &on) == 0) {
			f->offset = on;
			return;
		}
		if (refs_signal(b, n, &m.signal))
			f->signal = place_of(b, n, m.signal, false);
		return;
	}
	bind_table(b, &schema_feed, n, &m);
	if (b->d->errors != errors || m.signal == SIGNAL_NONE)
		return;
	f->signal = place_of(b, n, m.signal, false);
	f->scale = m.scale;
	f->offset = m.offset;
}
const struct schema_type type_feed = {
	.name = "quantity",
	.doc = "The name of a signal whose value a device shows, or a number (or "
	       "`true`, `false`) for one that never changes. With another unit a mapping, see *quantity* below.",
	.any_node = true,
	.parse = parse_feed,
};

/* --- what a guest sets ------------------------------------------------------------------- */

static void parse_output(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	uint32_t signal, *place = field;

	(void)k;
	*place = SIGNAL_FEED_CONSTANT;
	if (refs_signal(b, n, &signal))
		*place = place_of(b, n, signal, true);
}
const struct schema_type type_output = {
	.name = "signal to set",
	.doc = "The name of a signal that gets what the guest puts out.",
	.parse = parse_output,
};
