/* SPDX-License-Identifier: Apache-2.0 */
/* The control panel: its table. */
#include <fnmatch.h>

#include "sim/scenario/load.h"

#define P(field) offsetof(struct load, s.panel.field)

/* Windows lie on one of a few screens. */
#define PLACE_MAX 16384

static const struct schema_word show_words[] = {
	{ "auto", SCENARIO_PANEL_AUTO,
		"where windows open and a signal is `published` or named here" },
	{ "true", SCENARIO_PANEL_ON,
		"always; without windows for pictures (`dyno ctl panel FILE.png`) only" },
	{ "false", SCENARIO_PANEL_OFF, "never" },
	{ 0 },
};

/* Names and patterns, read when the signals are known: see panel_check(). */
static void parse_patterns(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	struct scenario_panel *p = &load_of(b)->s.panel;
	const char **list;

	(void)k;
	(void)field;
	if (n->kind != NODE_LIST || n->n == 0) {
		bind_error(b, n, "must be a list of names of signals");
		return;
	}
	list = bind_alloc(b, n->n * sizeof(*list));
	for (uint32_t i = 0; list && i < n->n; i++) {
		if (n->items[i]->kind != NODE_SCALAR) {
			bind_error(b, n->items[i], "must be a name, or a pattern with * and ?");
			return;
		}
		list[p->n_signals++] = bind_strdup(b, n->items[i]->text);
	}
	p->signals = list;
}

static const struct schema_type type_patterns = {
	.name = "names",
	.doc = "A list of names of signals; `*` stands for any text: `[Vehicle.Speed, Driver.*]`.",
	.any_node = true,
	.parse = parse_patterns,
};

static const struct schema_key panel_keys[] = {
	{ .key = "show",
		.type = &type_enum,
		.def = "auto",
		.words = show_words,
		.offset = P(show),
		.doc = "whether there is one; `dyno run --panel` and `--no-panel` override it" },
	{ .key = "signals",
		.type = &type_patterns,
		.doc = "the signals that it shows, in this order; without it all that are "
		       "`published`" },
	{ .key = "x",
		.type = &type_i32,
		.min = -PLACE_MAX,
		.max = PLACE_MAX,
		.unit = "pixels",
		.offset = P(x),
		.doc = "left edge of its window" },
	{ .key = "y",
		.type = &type_i32,
		.min = -PLACE_MAX,
		.max = PLACE_MAX,
		.unit = "pixels",
		.offset = P(y),
		.doc = "upper edge of its window" },
	{ .key = "width",
		.type = &type_u32,
		.min = 360,
		.max = 8192,
		.unit = "pixels",
		.offset = P(width),
		.doc = "width of its window, before scaling; a wide one has two columns" },
	{ .key = "height",
		.type = &type_u32,
		.min = 300,
		.max = 8192,
		.unit = "pixels",
		.offset = P(height),
		.doc = "height of its window, before scaling" },
	{ .key = "scale",
		.type = &type_float,
		.min = 0.5,
		.max = 8,
		.offset = P(scale),
		.doc = "how large everything on it is; without it as the screen says" },
};

static void panel_post(struct bind *b, const struct node *n, void *obj)
{
	(void)obj;
	load_of(b)->s.panel.placed = node_get(n, "x") && node_get(n, "y");
}

const struct schema schema_panel = {
	.keys = panel_keys,
	.n_keys = ARRAY_SIZE(panel_keys),
	.short_key = "show",
	.doc = "The control panel (docs/panel.md): `panel: true`, or with these keys.",
	.post = panel_post,
};

void panel_check(struct bind *b, const struct node *root)
{
	const struct load *l = load_of(b);
	const struct signal_model *m = &l->s.signals;

	for (uint32_t i = 0; !l->signals_unknown && i < l->s.panel.n_signals; i++) {
		const char *pattern = l->s.panel.signals[i];
		uint32_t k = 0;

		while (k < m->n_defs && fnmatch(pattern, m->defs[k].name, 0) != 0)
			k++;
		if (k == m->n_defs)
			bind_key_error(b, root, "panel", "names no signal: \"%.100s\"", pattern);
	}
}
