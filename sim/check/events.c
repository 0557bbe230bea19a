/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks about what follows what. The moments of each event are kept while the run lasts, each on
 * the thread that sees it, and put together when it is over.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "sim/check/judge.h"
#include "sim/scenario/units.h"

int events_init(struct check_set *c)
{
	uint32_t all = 0;

	for (uint32_t i = 0; i < c->s->n_checks; i++) {
		for (uint32_t k = 0; scenario_check_event(&c->s->checks[i], k); k++)
			all++;
	}
	c->events = calloc(all + 1, sizeof(*c->events));
	if (!c->events)
		return -ENOMEM;
	for (uint32_t i = 0; i < c->s->n_checks; i++) {
		for (uint32_t k = 0; scenario_check_event(&c->s->checks[i], k); k++) {
			struct event_log *l = malloc(sizeof(*l));

			if (!l)
				return -ENOMEM;
			l->check = &c->s->checks[i];
			l->event = scenario_check_event(l->check, k);
			l->screen = NULL;
			l->n = 0;
			c->events[c->n_events++] = l;
			if (l->event->kind != SCENARIO_EVENT_SCREEN)
				continue;
			l->screen = screen_log_new();
			if (!l->screen)
				return -ENOMEM;
		}
	}
	return 0;
}

void events_fini(struct check_set *c)
{
	for (uint32_t i = 0; i < c->n_events; i++) {
		screen_log_free(c->events[i]->screen);
		free(c->events[i]);
	}
	free(c->events);
}

void event_add(struct event_log *l, uint64_t t_ns)
{
	if (t_ns < l->check->after_ns)
		return;
	if (l->n < EVENT_TIMES)
		l->t_ns[l->n] = t_ns;
	l->n++;
}

const struct scenario_event *check_event(const struct check_set *c, uint32_t i)
{
	return i < c->n_events ? c->events[i]->event : NULL;
}

const struct event_log *event_log_of(const struct check_set *c, const struct scenario_event *ev)
{
	for (uint32_t i = 0; i < c->n_events; i++) {
		if (c->events[i]->event == ev)
			return c->events[i];
	}
	return NULL;
}

uint64_t event_first(const struct event_log *l)
{
	return l->n > 0 && l->t_ns[0] <= l->check->until_ns ? l->t_ns[0] : UINT64_MAX;
}

static uint64_t kept(const struct event_log *l)
{
	return MIN(l->n, (uint64_t)EVENT_TIMES);
}

/* The first moment at or after `from_ns`, searched from *i on, which stays there. UINT64_MAX: there
 * is none. */
static uint64_t first_since(const struct event_log *l, uint64_t *i, uint64_t from_ns)
{
	while (*i < kept(l) && l->t_ns[*i] < from_ns)
		(*i)++;
	return *i < kept(l) ? l->t_ns[*i] : UINT64_MAX;
}

static void PRINTF_LIKE(2, 3) add(char why[REASON_BYTES], const char *fmt, ...)
{
	size_t l = strlen(why);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why + l, REASON_BYTES - l, fmt, ap);
	va_end(ap);
}

static enum check_outcome judge_order(struct check_set *c, const struct scenario_check *k,
	uint64_t *t_ns, bool *open, char why[REASON_BYTES])
{
	enum check_outcome o = CHECK_PASS;
	struct moment moments[MAX_MOMENTS];
	uint64_t before = 0;
	size_t n = 0;
	char t[TIME_TEXT];

	why[0] = '\0';
	for (uint32_t i = 0; i < k->u.order.n; i++) {
		const struct event_log *l = event_log_of(c, &k->u.order.events[i]);
		uint64_t when = l ? event_first(l) : UINT64_MAX;

		if (i > 0)
			add(why, ", ");
		if (when == UINT64_MAX) {
			add(why, "%s: never", k->u.order.events[i].text);
			/* What has not happened may still come; a wrong order stays one. */
			*open = o == CHECK_PASS;
			o = CHECK_FAIL;
			break;
		}
		if (n < MAX_MOMENTS)
			moments[n++] = (struct moment){ l, when, true, "" };
		add(why, "%s at %s%s", k->u.order.events[i].text, time_text(t, when),
			when < before ? " (too early)" : "");
		if (when < before) {
			o = CHECK_FAIL;
			*t_ns = when;
		}
		before = MAX(before, when);
	}
	if (o == CHECK_PASS)
		*t_ns = before;
	moments_keep(c, k, moments, n);
	return o;
}

/* Four digits or so are enough of a delay. */
static const char *delay_text(char buf[UNIT_TEXT], uint64_t ns)
{
	uint64_t unit = ns >= NS_PER_S ? NS_PER_MS : ns >= NS_PER_MS ? NS_PER_US : 1;

	return unit_show_duration(buf, (ns + unit / 2) / unit * unit);
}

static int ascending(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

struct delays {
	uint64_t n, missing, late, early, worst_ns, worst_at_ns;
	uint64_t first_bad_ns, bad_took_ns; /* the cause; until its effect */
	bool no_effect; /* of that cause */
	uint64_t delay_ns[EVENT_TIMES];
};

/* took_ns: UINT64_MAX: there was no effect. */
static void note_bad(struct delays *d, uint64_t cause, uint64_t took_ns)
{
	if (d->missing + d->late + d->early == 0) {
		d->first_bad_ns = cause;
		d->bad_took_ns = took_ns;
		d->no_effect = took_ns == UINT64_MAX;
	}
}

static void measure(struct delays *d, const struct scenario_check *k, const struct event_log *from,
	const struct event_log *to, uint64_t end_ns)
{
	uint64_t at = 0;

	for (uint64_t i = 0; i < kept(from); i++) {
		uint64_t cause = from->t_ns[i], effect, took;

		if (!in_window(k, cause))
			continue;
		effect = first_since(to, &at, cause);
		if (effect == UINT64_MAX) {
			/* Its time was not over, or more effects came than are kept. */
			if (cause + k->u.latency.max_ns >= end_ns || to->n > EVENT_TIMES)
				continue;
			note_bad(d, cause, UINT64_MAX);
			d->missing++;
			continue;
		}
		took = effect - cause;
		d->delay_ns[d->n++] = took;
		if (took > d->worst_ns || d->n == 1) {
			d->worst_ns = took;
			d->worst_at_ns = cause;
		}
		if (took > k->u.latency.max_ns) {
			note_bad(d, cause, took);
			d->late++;
		} else if (took < k->u.latency.min_ns) {
			note_bad(d, cause, took);
			d->early++;
		}
	}
}

/* What decided: the first bad pair, or the slowest. */
static void keep_pair(struct check_set *c, const struct scenario_check *k, const struct delays *d,
	const struct event_log *from, const struct event_log *to)
{
	bool bad = d->missing + d->late + d->early > 0;
	uint64_t cause = bad ? d->first_bad_ns : d->worst_at_ns;
	uint64_t took = bad ? d->bad_took_ns : d->worst_ns;
	bool there = !bad || !d->no_effect;
	struct moment m[] = { { from, cause, true, "cause" },
		{ to, cause + (there ? took : k->u.latency.max_ns), there, "effect" } };

	if (d->n + d->missing > 0)
		moments_keep(c, k, m, ARRAY_SIZE(m));
}

static enum check_outcome judge_latency(struct check_set *c, const struct scenario_check *k,
	uint64_t end_ns, uint64_t *t_ns, bool *open, char why[REASON_BYTES])
{
	const struct event_log *from = event_log_of(c, &k->u.latency.from),
			       *to = event_log_of(c, &k->u.latency.to);
	struct delays *d = from && to ? calloc(1, sizeof(*d)) : NULL;
	enum check_outcome o = CHECK_PASS;
	char t[TIME_TEXT], a[UNIT_TEXT], b[UNIT_TEXT];

	if (!d) {
		snprintf(why, REASON_BYTES, "no memory to judge it");
		return CHECK_ERROR;
	}
	measure(d, k, from, to, end_ns);
	uint64_t causes = d->n + d->missing;

	if (d->missing + d->late + d->early > 0) {
		o = CHECK_FAIL;
		*t_ns = d->first_bad_ns;
		if (d->no_effect)
			snprintf(why, REASON_BYTES,
				"the cause at %s had no effect, %" PRIu64 " of %" PRIu64
				" had none",
				time_text(t, d->first_bad_ns), d->missing, causes);
		else
			snprintf(why, REASON_BYTES,
				"%" PRIu64 " of %" PRIu64
				" effects came too %s, first that of the cause at %s",
				d->late + d->early, causes, d->late ? "late" : "early",
				time_text(t, d->first_bad_ns));
	} else {
		*open = true;
		o = causes >= k->u.latency.at_least ? CHECK_PASS : CHECK_FAIL;
		snprintf(why, REASON_BYTES, "%" PRIu64 " causes%s", causes,
			o == CHECK_PASS ? "" : ", fewer than demanded");
	}
	if (d->n > 0) {
		qsort(d->delay_ns, d->n, sizeof(*d->delay_ns), ascending);
		add(why, "; median %s, longest %s at %s", delay_text(a, d->delay_ns[d->n / 2]),
			delay_text(b, d->worst_ns), time_text(t, d->worst_at_ns));
	}
	if (from->n > EVENT_TIMES || to->n > EVENT_TIMES)
		add(why, "; only the first %u of each are judged", EVENT_TIMES);
	screen_note(from, why);
	screen_note(to, why);
	keep_pair(c, k, d, from, to);
	free(d);
	return o;
}

enum check_outcome events_judge(struct check_set *c, const struct scenario_check *k,
	uint64_t end_ns, uint64_t *t_ns, bool *open, char why[REASON_BYTES])
{
	*open = false;
	for (uint32_t i = 0; i < c->n_events; i++) {
		const char *error = c->events[i]->check == k ? screen_error(c->events[i]) : NULL;

		if (error) {
			snprintf(why, REASON_BYTES, "%s cannot be watched: %.300s",
				c->events[i]->event->text, error);
			return CHECK_ERROR;
		}
	}
	return k->kind == SCENARIO_CHECK_ORDER ? judge_order(c, k, t_ns, open, why)
					       : judge_latency(c, k, end_ns, t_ns, open, why);
}
