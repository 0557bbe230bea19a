/* SPDX-License-Identifier: Apache-2.0 */
/* See table.h. */
#include "sim/signal/table.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* A notification under way: unsubscribing must not pull the next one away from under it. */
struct walk {
	struct walk *outer;
	struct signal_sub *next;
};

struct list {
	struct signal_sub *first, *last;
};

struct entry {
	struct signals *table;
	struct signal_value v;
	struct list subs;
	bool watched; /* the agenda will look whether it is stale */
};

struct signals {
	const struct signal_model *model;
	struct agenda *agenda;
	struct list all;
	struct walk *walks;
	struct entry entries[];
};

static uint32_t index_of(const struct entry *e)
{
	return (uint32_t)(e - e->table->entries);
}

static void tell_list(struct entry *e, struct list *l, bool changed)
{
	struct walk w = { .outer = e->table->walks, .next = l->first };

	e->table->walks = &w;
	while (w.next) {
		struct signal_sub *s = w.next;

		w.next = s->next;
		if (changed || s->every)
			s->changed(s->ctx, index_of(e), &e->v);
	}
	e->table->walks = w.outer;
}

static void tell(struct entry *e, bool changed)
{
	tell_list(e, &e->subs, changed);
	tell_list(e, &e->table->all, changed);
}

static void watch(struct entry *e);

static void look(void *arg, uint64_t t_ns)
{
	struct entry *e = arg;
	uint64_t stale_ns = e->table->model->defs[index_of(e)].stale_ns;

	e->watched = false;
	if (e->v.state != SIGNAL_FRESH)
		return;
	if (t_ns < e->v.t_ns + stale_ns) {
		watch(e);
		return;
	}
	e->v.state = SIGNAL_STALE;
	tell(e, true);
}

/* One entry of the agenda for each signal, made anew when it is due: not one for each update. */
static void watch(struct entry *e)
{
	uint64_t stale_ns = e->table->model->defs[index_of(e)].stale_ns;

	if (e->watched || !stale_ns)
		return;
	e->watched = agenda_add(e->table->agenda, e->v.t_ns + stale_ns, look, NULL, e) == 0;
}

int signals_new(struct signals **out, const struct signal_model *m, struct agenda *agenda)
{
	struct signals *t = calloc(1, sizeof(*t) + m->n_defs * sizeof(t->entries[0]));

	if (!t)
		return -ENOMEM;
	t->model = m;
	t->agenda = agenda;
	for (uint32_t i = 0; i < m->n_defs; i++)
		t->entries[i].table = t;
	*out = t;
	return 0;
}

static void forget(struct list *l)
{
	for (struct signal_sub *s = l->first; s; s = s->next)
		s->table = NULL;
}

void signals_free(struct signals *t)
{
	if (!t)
		return;
	forget(&t->all);
	for (uint32_t i = 0; i < t->model->n_defs; i++)
		forget(&t->entries[i].subs);
	free(t);
}

void signals_begin(struct signals *t)
{
	for (uint32_t i = 0; i < t->model->n_defs; i++) {
		const struct signal_def *d = &t->model->defs[i];

		if (d->has_initial)
			(void)!signals_set(t, i, d->initial, 0, SIGNAL_BY_SCENARIO);
	}
}

int signals_set(
	struct signals *t, uint32_t signal, double value, uint64_t t_ns, enum signal_source source)
{
	const struct signal_def *d = &t->model->defs[signal];
	struct entry *e = &t->entries[signal];
	bool changed = e->v.state != SIGNAL_FRESH;

	if (!isfinite(value))
		return -EDOM;
	if (d->has_range)
		value = MIN(MAX(value, d->min), d->max);
	e->v.value = value;
	e->v.t_ns = t_ns;
	e->v.source = source;
	e->v.state = SIGNAL_FRESH;
	e->v.updates++;
	/* What was never shown cannot be stuck at anything. */
	if (!e->v.stuck || e->v.updates == 1) {
		changed |= e->v.shown != value;
		e->v.shown = value;
	}
	watch(e);
	tell(e, changed);
	return 0;
}

const struct signal_value *signals_get(const struct signals *t, uint32_t signal)
{
	return &t->entries[signal].v;
}

void signals_stick(struct signals *t, uint32_t signal, bool stuck)
{
	struct entry *e = &t->entries[signal];

	if (e->v.stuck == stuck)
		return;
	e->v.stuck = stuck;
	if (stuck || e->v.shown == e->v.value) {
		tell(e, false);
		return;
	}
	e->v.shown = e->v.value;
	tell(e, true);
}

int signals_hold(
	struct signals *t, uint32_t signal, double value, uint64_t t_ns, enum signal_source source)
{
	const struct signal_def *d = &t->model->defs[signal];
	struct entry *e = &t->entries[signal];
	bool changed;

	if (!isfinite(value))
		return -EDOM;
	if (e->v.state == SIGNAL_UNSET) {
		(void)!signals_set(t, signal, value, t_ns, source);
		signals_stick(t, signal, true);
		return 0;
	}
	if (d->has_range)
		value = MIN(MAX(value, d->min), d->max);
	changed = e->v.shown != value;
	if (!changed && e->v.stuck)
		return 0;
	e->v.stuck = true;
	e->v.shown = value;
	tell(e, changed);
	return 0;
}

static struct list *list_of(struct signals *t, const struct signal_sub *s)
{
	return s->signal == SIGNAL_NONE ? &t->all : &t->entries[s->signal].subs;
}

void signals_subscribe(struct signals *t, struct signal_sub *s)
{
	struct list *l = list_of(t, s);

	if (s->table)
		return;
	s->table = t;
	s->next = NULL;
	s->prev = l->last;
	*(l->last ? &l->last->next : &l->first) = s;
	l->last = s;
}

void signals_unsubscribe(struct signal_sub *s)
{
	struct list *l;

	if (!s->table)
		return;
	l = list_of(s->table, s);
	for (struct walk *w = s->table->walks; w; w = w->outer) {
		if (w->next == s)
			w->next = s->next;
	}
	*(s->prev ? &s->prev->next : &l->first) = s->next;
	*(s->next ? &s->next->prev : &l->last) = s->prev;
	s->table = NULL;
}

const struct signal_model *signals_model(const struct signals *t)
{
	return t->model;
}

const char *signal_state_name(enum signal_state s)
{
	static const char *const names[] = { "unset", "fresh", "stale" };

	return names[s];
}

const char *signal_source_name(enum signal_source s)
{
	static const char *const names[] = { "nobody", "scenario", "bus", "script", "user",
		"guest" };

	return names[s];
}
