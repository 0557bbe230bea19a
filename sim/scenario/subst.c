/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ${NAME} in values of a scenario: what differs between two machines or two runs of one scenario
 * (where a recording lies, which image is tried) without a second file. Keys are never replaced.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/scenario/load.h"
#include "sim/scenario/units.h"

#define SUBST_MAX_BYTES 4096 /* of one value after replacement */

struct subst {
	struct arena *a;
	struct diags *d;
	const struct scenario_opts *opts;
	bool *used; /* one for each word of --set */
	struct unit_near *near; /* one for each word of --set */
	int rc;
};

static size_t name_length(const char *s)
{
	size_t n = 0;

	while (isalnum((unsigned char)s[n]) || s[n] == '_')
		n++;
	return n > 0 && !isdigit((unsigned char)s[0]) ? n : 0;
}

static void wrong(struct subst *s, const struct node *n, const char *text, const char *what)
{
	diag_add(s->d, DIAG_ERROR, n->src, n->off, n->len, "%.80s: %s", text, what);
	s->rc = -EINVAL;
}

/* The value of a name; NULL when it is not set. The newest of several --set wins. */
static const char *look_up(struct subst *s, const char *name, size_t len)
{
	const char *found = NULL;
	char *copy;

	for (size_t i = 0; s->opts && i < s->opts->n_sets; i++) {
		const char *w = s->opts->sets[i];

		if (strncmp(w, name, len) == 0 && w[len] == '=') {
			found = w + len + 1;
			s->used[i] = true;
		}
	}
	copy = arena_strndup(s->a, name, len);
	if (!copy) {
		s->rc = -ENOMEM;
		return NULL;
	}
	for (size_t i = 0; s->opts && i < s->opts->n_sets; i++)
		unit_near(&s->near[i], copy);
	if (!found && !(s->opts && s->opts->no_env))
		found = getenv(copy);
	return found;
}

struct output {
	char b[SUBST_MAX_BYTES];
	size_t n;
	bool full;
};

static void put(struct output *o, const char *s, size_t n)
{
	if (n > sizeof(o->b) - 1 - o->n) {
		o->full = true;
		return;
	}
	memcpy(o->b + o->n, s, n);
	o->n += n;
}

/* One "${...}" at p; returns what follows it, NULL on an error. */
static const char *expand_one(
	struct subst *s, const struct node *n, const char *p, struct output *o)
{
	const char *name = p + 2;
	size_t len = name_length(name);
	const char *end = strchr(name, '}'), *dash = name + len;

	if (!end) {
		wrong(s, n, p, "\"${\" without \"}\" (write $${ for the characters themselves)");
		return NULL;
	}
	if (len == 0 || (dash != end && strncmp(dash, ":-", 2) != 0)) {
		wrong(s, n, p, "write ${NAME} or ${NAME:-default}");
		return NULL;
	}
	const char *value = look_up(s, name, len);

	if (s->rc == -ENOMEM)
		return NULL;
	if (dash != end && (!value || !*value))
		put(o, dash + 2, (size_t)(end - dash) - 2);
	else if (value)
		put(o, value, strlen(value));
	else {
		diag_add(s->d, DIAG_ERROR, n->src, n->off, n->len,
			"%.*s is not set: use --set %.*s=VALUE, the environment, or ${%.*s:-default}",
			(int)len, name, (int)len, name, (int)len, name);
		s->rc = -EINVAL;
		return NULL;
	}
	return end + 1;
}

static void expand(struct subst *s, struct node *n)
{
	struct output o;
	const char *p = n->text;

	if (!strstr(p, "${"))
		return;
	o.n = 0;
	o.full = false;
	while (*p) {
		if (strncmp(p, "$${", 3) == 0) {
			put(&o, "${", 2);
			p += 3;
		} else if (strncmp(p, "${", 2) == 0) {
			p = expand_one(s, n, p, &o);
			if (!p)
				return;
		} else {
			put(&o, p++, 1);
		}
	}
	if (o.full) {
		wrong(s, n, n->text, "too long after replacement");
		return;
	}
	n->text = arena_strndup(s->a, o.b, o.n);
	if (!n->text)
		s->rc = -ENOMEM;
}

/* An alias makes a node reachable twice; `weight` 0 marks what was done. */
static void walk(struct subst *s, struct node *n)
{
	if (n->weight == 0 || s->rc == -ENOMEM)
		return;
	n->weight = 0;
	if (n->kind == NODE_SCALAR)
		expand(s, n);
	for (uint32_t i = 0; n->kind == NODE_LIST && i < n->n; i++)
		walk(s, n->items[i]);
	for (uint32_t i = 0; n->kind == NODE_MAP && i < n->n; i++)
		walk(s, n->items[2 * i + 1]);
}

/* Messages about the command line have no place in a file. */
static int check_sets(struct subst *s, const struct source *cli)
{
	for (size_t i = 0; i < s->opts->n_sets; i++) {
		const char *w = s->opts->sets[i];
		size_t len = name_length(w);

		if (len == 0 || w[len] != '=')
			diag_add(s->d, DIAG_ERROR, cli, 0, 0, "\"%.80s\" is not NAME=VALUE", w);
		else if (!s->used[i] && s->near[i].best)
			diag_add(s->d, DIAG_ERROR, cli, 0, 0,
				"the scenario has no ${%.*s}; did you mean \"%s\"?", (int)len, w,
				s->near[i].best);
		else if (!s->used[i])
			diag_add(s->d, DIAG_ERROR, cli, 0, 0, "the scenario has no ${%.*s}",
				(int)len, w);
		else
			continue;
		s->rc = -EINVAL;
	}
	return s->rc;
}

int subst_tree(struct arena *a, struct diags *d, struct node *n, const struct scenario_opts *opts)
{
	struct subst s = { .a = a, .d = d, .opts = opts };
	size_t sets = opts ? opts->n_sets : 0;

	s.used = arena_alloc(a, sets * sizeof(*s.used));
	s.near = arena_alloc(a, sets * sizeof(*s.near));
	if (!s.used || !s.near)
		return -ENOMEM;
	for (size_t i = 0; i < sets; i++) {
		const char *w = opts->sets[i];

		s.near[i].typed = arena_strndup(a, w, strcspn(w, "="));
		if (!s.near[i].typed)
			return -ENOMEM;
	}
	walk(&s, n);
	if (s.rc == -ENOMEM || sets == 0)
		return s.rc;
	const struct source *cli = diag_source(d, "--set", NULL, 0);

	return cli ? check_sets(&s, cli) : -ENOMEM;
}
