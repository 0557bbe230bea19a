/* SPDX-License-Identifier: Apache-2.0 */
/* The signals whose course the report shows. */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "sim/check/judge.h"

static bool same(const struct plotted *a, const struct plotted *b)
{
	return a->signal == b->signal && (a->signal ? a->bus == b->bus : a->index == b->index);
}

struct series *plots_add(struct check_set *c, const struct plotted *what, int *rc)
{
	struct series *s;

	*rc = 0;
	for (uint32_t i = 0; i < c->n_plots; i++) {
		if (same(&c->plots[i], what))
			return NULL;
	}
	if (c->n_plots == CHECK_MAX_PLOTS) {
		c->plots_left_out++;
		return NULL;
	}
	s = malloc(sizeof(*s));
	if (!s) {
		*rc = -ENOMEM;
		return NULL;
	}
	series_init(s, NS_PER_MS);
	c->plots[c->n_plots] = *what;
	c->plots[c->n_plots++].series = s;
	return s;
}

void plots_fini(struct check_set *c)
{
	for (uint32_t i = 0; i < c->n_plots; i++)
		free(c->plots[i].series);
}

bool check_plot(const struct check_set *c, size_t i, struct check_plot *out)
{
	if (i >= c->n_plots)
		return false;
	const struct plotted *p = &c->plots[i];

	if (p->signal)
		*out = (struct check_plot){ p->signal->gauge, c->s->buses[p->bus].name, p->series };
	else
		*out = (struct check_plot){ c->s->signals.defs[p->index].name,
			c->s->signals.defs[p->index].unit, p->series };
	return true;
}

/* Whether an event of the check is about the signal of a plot. */
static bool event_is_of(const struct plotted *p, const struct scenario_check *k)
{
	const struct scenario_event *ev;

	for (uint32_t i = 0; (ev = scenario_check_event(k, i)) != NULL; i++) {
		if (ev->kind == SCENARIO_EVENT_SIGNAL &&
			same(p, &(struct plotted){ .index = ev->u.signal.index }))
			return true;
	}
	return false;
}

bool check_plot_is_of(const struct check_set *c, size_t i, const struct check_verdict *v)
{
	const struct scenario_check *k = v->check;
	struct plotted about = { 0 };

	if (i >= c->n_plots)
		return false;
	if (k->kind == SCENARIO_CHECK_SIGNAL)
		about = (struct plotted){ .signal = k->u.signal.signal,
			.bus = k->u.signal.bus,
			.index = k->u.signal.index };
	else if (k->kind == SCENARIO_CHECK_GRADIENT)
		about.index = k->u.gradient.index;
	else
		return event_is_of(&c->plots[i], k);
	return same(&c->plots[i], &about);
}

size_t check_plots_left_out(const struct check_set *c)
{
	return c->plots_left_out;
}
