/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks about the scenario's signals, on the bus thread: bounds, gradients, and the moments in
 * which a signal comes to a value. Nothing allocates after values_init().
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "sim/check/judge.h"
#include "sim/scenario/units.h"

/* The signal that a check is about; SIGNAL_NONE: none of the scenario's. */
static uint32_t signal_of(const struct scenario_check *k)
{
	switch (k->kind) {
	case SCENARIO_CHECK_SIGNAL:
		return k->u.signal.signal ? SIGNAL_NONE : k->u.signal.index;
	case SCENARIO_CHECK_GRADIENT:
		return k->u.gradient.index;
	default:
		return SIGNAL_NONE;
	}
}

uint32_t values_bus(const struct check_set *c, uint32_t signal)
{
	const struct signal_model *m = &c->s->signals;

	for (uint32_t i = 0; i < m->n_messages; i++) {
		const struct signal_message *msg = &m->messages[i];

		for (uint32_t k = 0; k < msg->dbc->n_signals; k++) {
			if (msg->binds[k].signal == signal)
				return msg->bus;
		}
	}
	return NO_RULE;
}

static int add_rule(struct check_set *c, const struct scenario_check *k, struct event_log *event,
	uint32_t signal)
{
	struct value_rule *r = &c->values[c->n_values];
	int rc;

	r->check = k;
	r->event = event;
	bounds_init(&r->values);
	r->bus = values_bus(c, signal);
	r->next = c->value_heads[signal];
	c->value_heads[signal] = c->n_values++;
	r->series = plots_add(c, &(struct plotted){ .index = signal }, &rc);
	return rc;
}

int values_init(struct check_set *c)
{
	const struct signal_model *m = &c->s->signals;
	int rc = 0;

	c->values = calloc(c->s->n_checks + c->n_events + m->n_defs + 1, sizeof(*c->values));
	c->value_heads = malloc((m->n_defs + 1) * sizeof(*c->value_heads));
	if (!c->values || !c->value_heads)
		return -ENOMEM;
	for (uint32_t i = 0; i < m->n_defs; i++)
		c->value_heads[i] = NO_RULE;
	for (uint32_t i = 0; rc == 0 && i < c->s->n_checks; i++) {
		uint32_t signal = signal_of(&c->s->checks[i]);

		if (signal != SIGNAL_NONE)
			rc = add_rule(c, &c->s->checks[i], NULL, signal);
	}
	for (uint32_t i = 0; rc == 0 && i < c->n_events; i++) {
		const struct scenario_event *ev = c->events[i]->event;

		if (ev->kind == SCENARIO_EVENT_SIGNAL && ev->u.signal.index != SIGNAL_NONE)
			rc = add_rule(c, NULL, c->events[i], ev->u.signal.index);
	}
	/* What the scenario publishes is worth a look in the report even where nothing is asked. */
	for (uint32_t i = 0; rc == 0 && i < m->n_defs; i++) {
		if (m->defs[i].published)
			rc = add_rule(c, NULL, NULL, i);
	}
	return rc;
}

void values_fini(struct check_set *c)
{
	free(c->values);
	free(c->value_heads);
}

const struct value_rule *values_rule(const struct check_set *c, const struct scenario_check *k)
{
	for (uint32_t i = 0; i < c->n_values; i++) {
		if (c->values[i].check == k)
			return &c->values[i];
	}
	return NULL;
}

/* --- what is seen ------------------------------------------------------------------------ */

static void see_event(struct value_rule *r, uint64_t t_ns, double v)
{
	const struct scenario_event *ev = r->event->event;
	bool met = false;

	switch (ev->u.signal.cross) {
	case SCENARIO_ABOVE:
		met = v > ev->u.signal.value;
		break;
	case SCENARIO_BELOW:
		met = v < ev->u.signal.value;
		break;
	case SCENARIO_EQUALS:
		met = v == ev->u.signal.value;
		break;
	}
	if (met && !r->met)
		event_add(r->event, t_ns);
	r->met = met;
}

static void decided(struct check_set *c, const struct value_rule *r)
{
	if (r->bus != NO_RULE)
		evidence_mark(c, c->n_frames + (uint32_t)(r - c->values), r->bus);
}

static void see_gradient(struct check_set *c, struct value_rule *r, uint64_t t_ns, double v)
{
	const struct scenario_check *k = r->check;
	double slope;

	bounds_add(&r->values, v);
	if (r->values.count == 1) {
		r->base = v;
		r->base_t_ns = t_ns;
		return;
	}
	if (t_ns < r->base_t_ns + k->u.gradient.over_ns)
		return;
	slope = (v - r->base) * (double)NS_PER_S / (double)(t_ns - r->base_t_ns);
	r->base = v;
	r->base_t_ns = t_ns;
	r->rise = MAX(r->rise, slope);
	r->fall = MAX(r->fall, -slope);
	if (slope > k->u.gradient.rise || -slope > k->u.gradient.fall) {
		if (r->values.bad++ > 0)
			return;
		r->values.bad_value = slope;
		r->bad_t_ns = t_ns;
		decided(c, r);
	}
}

static void see_bounds(struct check_set *c, struct value_rule *r, uint64_t t_ns, double v)
{
	switch (bounds_see(&r->values, r->check, v)) {
	case BOUNDS_OPEN:
		break;
	case BOUNDS_GOOD:
		r->good_t_ns = t_ns;
		decided(c, r);
		break;
	case BOUNDS_BAD:
		r->bad_t_ns = t_ns;
		decided(c, r);
		break;
	}
}

void check_value(struct check_set *c, uint32_t signal, uint64_t t_ns, double v)
{
	if (signal >= c->s->signals.n_defs)
		return;
	for (uint32_t i = c->value_heads[signal]; i != NO_RULE; i = c->values[i].next) {
		struct value_rule *r = &c->values[i];

		if (r->series)
			series_add(r->series, t_ns, v);
		if (r->event)
			see_event(r, t_ns, v);
		if (!r->check)
			continue;
		if (!in_window(r->check, t_ns)) {
			r->outside++;
			continue;
		}
		if (r->check->kind == SCENARIO_CHECK_GRADIENT)
			see_gradient(c, r, t_ns, v);
		else
			see_bounds(c, r, t_ns, v);
	}
}

/* --- verdicts ---------------------------------------------------------------------------- */

/* "50 km/h", "Reverse (3)" */
#define VALUE_TEXT 80
static const char *value_text(
	char buf[VALUE_TEXT], const struct check_set *c, const struct scenario_check *k, double v)
{
	const struct signal_model *m = &c->s->signals;
	const struct signal_def *d = &m->defs[signal_of(k)];
	const char *name = signal_value_name(m, signal_of(k), v);

	if (name)
		snprintf(buf, VALUE_TEXT, "%.40s (%g)", name, v);
	else
		snprintf(buf, VALUE_TEXT, "%g%s%.30s", v, d->unit[0] ? " " : "", d->unit);
	return buf;
}

static enum check_outcome judge_bounds(const struct check_set *c, const struct value_rule *r,
	uint64_t *t_ns, bool *open, char why[REASON_BYTES])
{
	const struct scenario_check *k = r->check;
	const struct bounds *v = &r->values;
	char a[VALUE_TEXT], b[VALUE_TEXT], l[VALUE_TEXT], t[TIME_TEXT];
	enum bounds_end end = bounds_judge(v, k);

	if (end == BOUNDS_LEFT) {
		*t_ns = r->bad_t_ns;
		snprintf(why, REASON_BYTES,
			"%s at %s, %" PRIu64 " of %" PRIu64 " values out of bounds",
			value_text(a, c, k, v->bad_value), time_text(t, r->bad_t_ns), v->bad,
			v->count);
		return CHECK_FAIL;
	}
	if (end == BOUNDS_REACHED) {
		*t_ns = r->good_t_ns;
		snprintf(why, REASON_BYTES, "%s at %s", value_text(a, c, k, v->good_value),
			time_text(t, r->good_t_ns));
		return CHECK_PASS;
	}
	*open = true;
	snprintf(why, REASON_BYTES, "%" PRIu64 " values from %s to %s, last %s", v->count,
		value_text(a, c, k, v->low), value_text(b, c, k, v->high),
		value_text(l, c, k, v->newest));
	return end == BOUNDS_KEPT ? CHECK_PASS : CHECK_FAIL;
}

static enum check_outcome judge_gradient(
	const struct value_rule *r, uint64_t *t_ns, bool *open, char why[REASON_BYTES])
{
	const struct scenario_check *k = r->check;
	bool up = r->values.bad_value > 0;
	char t[TIME_TEXT];

	if (r->values.bad > 0) {
		*t_ns = r->bad_t_ns;
		snprintf(why, REASON_BYTES,
			"it %s by %g a second at %s, %g is the most allowed; %" PRIu64
			" times, steepest %g",
			up ? "rose" : "fell", fabs(r->values.bad_value), time_text(t, *t_ns),
			up ? k->u.gradient.rise : k->u.gradient.fall, r->values.bad,
			up ? r->rise : r->fall);
		return CHECK_FAIL;
	}
	*open = true;
	snprintf(why, REASON_BYTES, "%" PRIu64 " values, rises by %g a second at most, falls by %g",
		r->values.count, r->rise, r->fall);
	return r->values.count >= 2 ? CHECK_PASS : CHECK_FAIL;
}

enum check_outcome values_judge(struct check_set *c, const struct scenario_check *k, uint64_t *t_ns,
	bool *open, char why[REASON_BYTES])
{
	const struct value_rule *r = values_rule(c, k);

	*open = false;
	if (!r) {
		snprintf(why, REASON_BYTES, "the scenario was read without its files");
		return CHECK_ERROR;
	}
	if (r->values.count == 0) {
		*open = true;
		snprintf(why, REASON_BYTES,
			"no value came in the window; %" PRIu64 " outside of it", r->outside);
		return CHECK_FAIL;
	}
	return k->kind == SCENARIO_CHECK_GRADIENT ? judge_gradient(r, t_ns, open, why)
						  : judge_bounds(c, r, t_ns, open, why);
}
