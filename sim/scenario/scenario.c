/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a scenario: text -> tree -> values of variables -> typed tree -> what it implies. */
#include "sim/scenario/scenario.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "sim/scenario/load.h"
#include "sim/scenario/platform.h"
#include "sim/scenario/units.h"
#include "sim/vss/vss.h"

static const struct schema_word ui_words[] = {
	{ "auto", SCENARIO_UI_AUTO, "windows where there is a display, else headless" },
	{ "sdl", SCENARIO_UI_SDL, "windows" },
	{ "headless", SCENARIO_UI_HEADLESS, "no windows; pictures are taken all the same" },
	{ 0 },
};

static const struct schema_word end_words[] = {
	{ "duration", SCENARIO_END_DURATION, "when the duration is over" },
	{ "guests-ended", SCENARIO_END_GUESTS,
		"when every guest has ended and none is started again; the duration is the limit" },
	{ 0 },
};

#define LONGEST_RUN_NS (30 * 86400e9)

/* Offsets count from the load; its first member is the scenario. */
static_assert(offsetof(struct load, s) == 0, "the scenario is the load's first member");

/* In the order in which they refer to each other: an array is stored when all of it was read. */
static const struct schema_key scenario_keys[] = {
	{ .key = "name",
		.type = &type_string,
		.min = 1,
		.max = 80,
		.offset = offsetof(struct load, s.name),
		.doc = "what reports call the run; without it the file's name" },
	{ .key = "description",
		.type = &type_string,
		.def = "",
		.max = 4000,
		.offset = offsetof(struct load, s.description),
		.doc = "for people" },
	{ .key = "duration",
		.type = &type_duration,
		.min = 1e6,
		.max = LONGEST_RUN_NS,
		.offset = offsetof(struct load, s.duration_ns),
		.doc = "how long the run lasts, on the bench clock; needed, but with `end_when: guests-ended` "
		       "(30 days without it)" },
	{ .key = "end_when",
		.type = &type_enum,
		.def = "duration",
		.words = end_words,
		.offset = offsetof(struct load, s.end_when),
		.doc = "what ends the run, with verdicts" },
	{ .key = "seed",
		.type = &type_u64,
		.def = "1",
		.offset = offsetof(struct load, s.seed),
		.doc = "seed of everything random, so that a run can be repeated" },
	{ .key = "out",
		.type = &type_string,
		.def = "out",
		.min = 1,
		.max = 1000,
		.offset = offsetof(struct load, s.out_dir),
		.doc = "folder for results, relative to the working directory; `dyno run --out` overrides "
		       "it" },
	{ .key = "ui",
		.type = &type_enum,
		.def = "auto",
		.words = ui_words,
		.offset = offsetof(struct load, s.ui),
		.doc = "whether windows open; `dyno run --headless` overrides it" },
	{ .key = "panel",
		.shape = SHAPE_INPLACE,
		.sub = &schema_panel,
		.doc = "the window with controls for signals, guests and sound" },
	{ .key = "bench_cpus",
		.type = &type_cpus,
		.offset = offsetof(struct load, s.bench_cpus),
		.doc = "the host's CPUs for the bench itself, its windows and helpers; without it all. "
		       "Guests have `placement`" },
	{ .key = "utc",
		.type = &type_utc,
		.offset = offsetof(struct load, s.utc),
		.doc = "time of day when the run begins; it goes on with the bench clock and stands in a "
		       "pause. Clocks of guests and GNSS receivers show it. Without it they show the host's" },
	{ .key = "buses",
		.shape = SHAPE_MAP,
		.sub = &schema_bus,
		.max = SCENARIO_MAX_BUSES,
		.offset = offsetof(struct load, s.buses),
		.count = offsetof(struct load, s.n_buses),
		.doc = "CAN buses" },
	{ .key = "networks",
		.shape = SHAPE_MAP,
		.sub = &schema_network,
		.max = SCENARIO_MAX_NETWORKS,
		.offset = offsetof(struct load, s.networks),
		.count = offsetof(struct load, s.n_networks),
		.doc = "Ethernet networks" },
	{ .key = "audio",
		.shape = SHAPE_INPLACE,
		.sub = &schema_audio,
		.doc = "the host's side of guests' sound" },
	{ .key = "signals",
		.shape = SHAPE_INPLACE,
		.sub = &schema_signals,
		.doc = "values with names" },
	{ .key = "guests",
		.shape = SHAPE_MAP,
		.sub = &schema_guest,
		.max = SCENARIO_MAX_GUESTS,
		.offset = offsetof(struct load, s.guests),
		.count = offsetof(struct load, s.n_guests),
		.doc = "virtual machines" },
	{ .key = "scripts",
		.shape = SHAPE_LIST,
		.sub = &schema_script,
		.max = SCENARIO_MAX_SCRIPTS,
		.offset = offsetof(struct load, s.scripts),
		.count = offsetof(struct load, s.n_scripts),
		.doc = "Lua scripts that play sensors and drivers" },
	{ .key = "replays",
		.shape = SHAPE_LIST,
		.sub = &schema_replay,
		.max = 64,
		.offset = offsetof(struct load, replays),
		.count = offsetof(struct load, n_replays),
		.doc = "recordings that are played" },
	{ .key = "actions",
		.shape = SHAPE_LIST,
		.sub = &schema_action,
		.max = LOAD_MAX_ACTIONS,
		.offset = offsetof(struct load, actions),
		.count = offsetof(struct load, n_actions),
		.doc = "what happens at a time" },
	{ .key = "checks",
		.shape = SHAPE_LIST,
		.sub = &schema_check,
		.max = LOAD_MAX_CHECKS,
		.offset = offsetof(struct load, checks),
		.count = offsetof(struct load, n_checks),
		.doc = "what is demanded" },
};

static void scenario_post(struct bind *b, const struct node *n, void *obj)
{
	struct load *l = obj;

	if (l->s.end_when == SCENARIO_END_GUESTS && l->s.n_guests == 0)
		bind_key_error(b, n, "end_when", "waits for guests: the scenario has none");
	for (uint32_t i = 0; i < l->s.signals.n_messages && !l->s.n_scripts; i++) {
		if (l->s.signals.messages[i].tx.algorithm == SIGNAL_CHECKSUM_SCRIPT) {
			bind_key_error(b, n, "signals",
				"has a checksum with `algorithm: lua`: that needs `scripts`");
			break;
		}
	}
	if (l->s.duration_ns)
		return;
	if (l->s.end_when == SCENARIO_END_GUESTS)
		l->s.duration_ns = (uint64_t)LONGEST_RUN_NS;
	else
		bind_item_error(b, n,
			"needs \"duration\" (how long the run lasts) or \"end_when: guests-ended\"");
}

const struct schema schema_scenario = {
	.size = sizeof(struct load),
	.post = scenario_post,
	.keys = scenario_keys,
	.n_keys = ARRAY_SIZE(scenario_keys),
};

/* --- putting it together ----------------------------------------------------------------- */

static int by_time(const void *pa, const void *pb)
{
	const struct scenario_action *const *a = pa, *const *b = pb;

	if ((*a)->at_ns != (*b)->at_ns)
		return (*a)->at_ns < (*b)->at_ns ? -1 : 1;
	return *a < *b ? -1 : *a > *b; /* they lie in one array, in file order */
}

static int merge_actions(struct bind *b)
{
	struct load *l = load_of(b);
	uint32_t n = l->n_actions + l->n_implied, k = l->n_actions;
	struct scenario_action *all = bind_alloc(b, n * sizeof(*all));
	struct scenario_action *sorted = bind_alloc(b, n * sizeof(*sorted));
	const struct scenario_action **order = bind_alloc(b, n * sizeof(*order));

	if (!all || !sorted || !order)
		return -ENOMEM;
	if (l->n_actions)
		memcpy(all, l->actions, l->n_actions * sizeof(*all));
	for (struct load_action *x = l->implied; x; x = x->next)
		all[k++] = x->act;
	for (uint32_t i = 0; i < n; i++)
		order[i] = &all[i];
	if (n > 0)
		qsort(order, n, sizeof(*order), by_time);
	for (uint32_t i = 0; i < n; i++)
		sorted[i] = *order[i];
	l->s.actions = sorted;
	l->s.n_actions = n;
	return 0;
}

static bool watched(const struct load *l, uint32_t guest)
{
	for (uint32_t i = 0; i < l->n_checks; i++) {
		const struct scenario_check *c = &l->checks[i];

		if (c->kind == SCENARIO_CHECK_NO_CRASH &&
			(c->guest == guest || c->guest == SCENARIO_ALL))
			return true;
	}
	return false;
}

/* Reports tell checks apart by their names. */
static void unique_names(struct bind *b, struct scenario_check *c, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++) {
		unsigned int same = 1;

		for (uint32_t j = 0; j < i; j++) {
			if (strcmp(c[j].name, c[i].name) == 0)
				same++;
		}
		if (same > 1) {
			const char *name = bind_printf(b, "%s (%u)", c[i].name, same);

			if (name)
				c[i].name = name;
		}
	}
}

static int merge_checks(struct bind *b)
{
	struct load *l = load_of(b);
	uint32_t max = l->n_checks * (1 + l->s.n_guests) + l->s.n_guests + l->s.n_scripts, n = 0;
	struct scenario_check *c = bind_alloc(b, max * sizeof(*c));

	for (uint32_t i = 0; c && i < l->n_checks; i++) {
		bool all = l->checks[i].guest == SCENARIO_ALL;
		uint32_t copies = all ? l->s.n_guests : 1;

		for (uint32_t g = 0; g < copies; g++, n++) {
			c[n] = l->checks[i];
			if (all)
				c[n].guest = g;
			if (!c[n].name)
				c[n].name = load_check_name(b, &c[n]);
			else if (copies > 1)
				c[n].name =
					bind_printf(b, "%s (%s)", c[n].name, l->s.guests[g].name);
		}
	}
	for (uint32_t g = 0; c && g < l->s.n_guests; g++) {
		if (!l->s.guests[g].no_crash || watched(l, g))
			continue;
		c[n] = (struct scenario_check){
			.kind = SCENARIO_CHECK_NO_CRASH, .guest = g, .until_ns = SCENARIO_FOREVER
		};
		c[n].name = load_check_name(b, &c[n]);
		n++;
	}
	for (uint32_t i = 0; c && i < l->s.n_scripts; i++)
		c[n++] = (struct scenario_check){ .kind = SCENARIO_CHECK_SCRIPT,
			.name = bind_printf(
				b, "script %s runs without an error", l->s.scripts[i].name),
			.line = l->s.scripts[i].line,
			.until_ns = SCENARIO_FOREVER,
			.guest = SCENARIO_ALL,
			.u.script.index = i };
	if (!c || b->oom)
		return -ENOMEM;
	unique_names(b, c, n);
	l->s.checks = c;
	l->s.n_checks = n;
	return 0;
}

/* --- reading ----------------------------------------------------------------------------- */

static const char *stem(struct bind *b, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	const char *dot = strrchr(name, '.');
	size_t len = dot && dot > name ? (size_t)(dot - name) : strlen(name);
	char *s = arena_strndup(b->a, name, len);

	b->oom |= !s;
	return s;
}

static const char *folder(struct bind *b, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *s = slash ? arena_strndup(b->a, path, slash == path ? 1 : (size_t)(slash - path))
			: arena_strndup(b->a, ".", 1);

	b->oom |= !s;
	return s;
}

static int bind_scenario(
	struct bind *b, struct node *root, const char *path, const struct scenario_opts *opts)
{
	struct load *l = load_of(b);
	int rc = subst_tree(b->a, b->d, root, opts);

	if (rc == -ENOMEM)
		return rc;
	if (root->kind == NODE_NULL)
		diag_add(b->d, DIAG_ERROR, b->src, 0, 0, "the file is empty");
	else if (root->kind != NODE_MAP)
		diag_add(b->d, DIAG_ERROR, b->src, root->off, root->len,
			"a scenario is `key: value` pairs");
	else
		bind_table(b, &schema_scenario, root, l);
	if (!b->oom && !b->d->errors)
		vsock_check(b, root);
	if (!b->oom && !b->d->errors)
		sound_check(b, root);
	if (!b->oom && !b->d->errors)
		gnss_check(b, root);
	if (!b->oom && !b->d->errors)
		panel_check(b, root);
	if (b->oom)
		return -ENOMEM;
	if (b->d->errors)
		return -EINVAL;
	l->s.path = bind_strdup(b, path);
	if (!l->s.name)
		l->s.name = stem(b, path);
	l->s.replays = load_replays(b, l->replays, l->n_replays);
	l->s.n_replays = l->n_replays;
	rc = merge_actions(b);
	if (rc == 0)
		rc = merge_checks(b);
	return b->oom ? -ENOMEM : rc;
}

static int load_source(struct diags *d, const struct source *src, const char *path,
	const struct scenario_opts *opts, struct scenario **out)
{
	struct node *root;
	struct load *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	struct bind b = { .a = &l->a,
		.d = d,
		.src = src,
		.user = l,
		.no_files = opts && opts->no_files,
		.images = opts ? opts->images : NULL };

	b.dir = l->s.dir = folder(&b, path);
	int rc = b.oom ? -ENOMEM : yaml_parse(&l->a, d, src, &root);

	if (rc == 0)
		rc = bind_scenario(&b, root, path, opts);
	if (rc == 0)
		*out = &l->s;
	else
		scenario_free(&l->s);
	return rc;
}

int scenario_load_text(const char *text, size_t len, const char *path,
	const struct scenario_opts *opts, FILE *report, struct scenario **out)
{
	struct diags d = { 0 };

	/* The byte order mark that some editors write. */
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		len -= 3;
	}
	const struct source *src = diag_source(&d, path, text, len);
	int rc = src ? load_source(&d, src, path, opts, out) : -ENOMEM;

	if (rc == -ENOMEM && report)
		fprintf(report, "%s: error: out of memory\n", path);
	diag_print(&d, report);
	diag_fini(&d);
	return rc;
}

int scenario_load(
	const char *path, const struct scenario_opts *opts, FILE *report, struct scenario **out)
{
	CLEANUP_FREE uint8_t *text = NULL;
	struct err e = { 0 };
	size_t len = 0;
	int rc = file_slurp(path, YAML_MAX_BYTES + 1, &text, &len, &e);

	if (rc != 0) {
		if (report)
			fprintf(report, "%s: error: %s\n", path, strerror(-rc));
		return rc;
	}
	return scenario_load_text((const char *)text, len, path, opts, report, out);
}

void scenario_free(struct scenario *s)
{
	if (!s)
		return;
	struct load *l = (struct load *)s;

	for (struct load_map *m = l->maps; m; m = m->next)
		sigmap_fini(&m->map);
	for (struct load_dbc *x = l->databases; x; x = x->next) {
		dbc_free(x->db);
		diag_fini(&x->d);
	}
	signal_model_fini(&s->signals);
	vss_free(l->vss);
	arena_fini(&l->a);
	free(l);
}
