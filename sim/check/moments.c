/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frames around the moments that decided a check about events. Which moments these are is
 * known when the run is over: until then the newest frames of each bus that such a check is about
 * are kept. Bus thread until check_finish(); nothing allocates after moments_init() until then.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/check/judge.h"

/* Newest frames that are kept of a bus; a minute of a busy one, and 6 MiB once it is full. */
#define RING_FRAMES 65536u
/* Shown on each side of a moment, and of its own time. */
#define SIDE_FRAMES 4u
#define SAME_FRAMES 4u

struct moment_ring {
	struct seen_frame *f; /* NULL: no check wants them */
	uint64_t n; /* that there ever were */
};

/* The bus on which an event is seen; NO_RULE: on none. */
static uint32_t event_bus(const struct check_set *c, const struct scenario_event *ev)
{
	switch (ev->kind) {
	case SCENARIO_EVENT_FRAME:
		return ev->u.match.bus;
	case SCENARIO_EVENT_SIGNAL:
		return ev->u.signal.index == SIGNAL_NONE ? NO_RULE
							 : values_bus(c, ev->u.signal.index);
	default:
		return NO_RULE;
	}
}

int moments_init(struct check_set *c)
{
	c->rings = calloc(c->s->n_buses + 1, sizeof(*c->rings));
	c->moments = calloc(c->s->n_checks + 1, sizeof(*c->moments));
	if (!c->rings || !c->moments)
		return -ENOMEM;
	for (uint32_t i = 0; i < c->n_events; i++) {
		uint32_t bus = event_bus(c, c->events[i]->event);

		if (bus == NO_RULE || c->rings[bus].f)
			continue;
		/* Not touched before it is needed. */
		c->rings[bus].f = calloc(RING_FRAMES, sizeof(*c->rings[bus].f));
		if (!c->rings[bus].f)
			return -ENOMEM;
	}
	return 0;
}

void moments_fini(struct check_set *c)
{
	for (uint32_t i = 0; c->rings && i < c->s->n_buses; i++)
		free(c->rings[i].f);
	for (uint32_t i = 0; c->moments && i < c->s->n_checks; i++)
		free(c->moments[i].line);
	free(c->rings);
	free(c->moments);
}

void moments_see(struct check_set *c, uint32_t bus, uint32_t from, uint64_t t_ns,
	const struct canfd_frame *f, uint8_t mtu)
{
	struct moment_ring *r = &c->rings[bus];

	if (r->f)
		seen_keep(&r->f[r->n++ % RING_FRAMES], t_ns, from, f, mtu);
}

/* ---- after the run ---- */

/* Buses that the check's events are seen on, as places in `at`, each with the number of its next
 * frame that was not shown yet. */
struct show {
	struct check_set *c;
	struct moment_text *out;
	const struct moment *moments;
	size_t n_moments;
	uint32_t n;
	struct {
		uint32_t bus;
		uint64_t next;
	} at[MAX_MOMENTS];
};

static const struct seen_frame *frame_at(const struct show *s, uint32_t i, uint64_t k)
{
	return &s->c->rings[s->at[i].bus].f[k % RING_FRAMES];
}

static struct moment_line *new_line(struct show *s)
{
	struct moment_text *t = s->out;

	if (t->n == t->room) {
		size_t room = t->room ? 2 * t->room : 32;
		struct moment_line *line = realloc(t->line, room * sizeof(*line));

		if (!line) {
			s->c->oom = true;
			return NULL;
		}
		t->line = line;
		t->room = room;
	}
	t->line[t->n].decisive = false;
	return &t->line[t->n++];
}

/* The moment that a frame is; NULL: none. */
static const struct moment *moment_of(
	const struct show *s, uint32_t bus, const struct seen_frame *f)
{
	for (size_t i = 0; i < s->n_moments; i++) {
		const struct moment *m = &s->moments[i];
		const struct scenario_event *ev = m->log->event;

		if (m->happened && m->t_ns == f->t_ns && event_bus(s->c, ev) == bus &&
			(ev->kind != SCENARIO_EVENT_FRAME || frames_match(&ev->u.match, f)))
			return m;
	}
	return NULL;
}

static void say_frame(struct show *s, uint32_t i, const struct seen_frame *f)
{
	const struct moment *m = moment_of(s, s->at[i].bus, f);
	const char *role = m ? m->role : "";
	struct moment_line *l = new_line(s);
	size_t len;

	if (!l)
		return;
	frames_show(s->c, l->text, f);
	len = strlen(l->text);
	snprintf(l->text + len, sizeof(l->text) - len, "%s%s%s%s%s",
		s->c->s->n_buses > 1 ? " on " : "",
		s->c->s->n_buses > 1 ? s->c->s->buses[s->at[i].bus].name : "", role[0] ? " (" : "",
		role, role[0] ? ")" : "");
	l->decisive = m != NULL;
}

/* What is in no frame. */
static void say_moment(struct show *s, const struct moment *m)
{
	struct moment_line *l = new_line(s);
	char t[TIME_TEXT];

	if (!l)
		return;
	snprintf(l->text, sizeof(l->text), "%.100s%s at %s%s%s%s", m->log->event->text,
		m->happened ? "" : ": not", time_text(t, m->t_ns), m->role[0] ? " (" : "", m->role,
		m->role[0] ? ")" : "");
	clean_text(l->text);
	l->decisive = true;
}

static void say_gap(struct show *s)
{
	struct moment_line *l = s->out->n > 0 ? new_line(s) : NULL;

	if (l)
		snprintf(l->text, sizeof(l->text), "...");
}

/* Number of the first frame at or after t_ns; times ascend. */
static uint64_t first_from(const struct show *s, uint32_t i, uint64_t t_ns)
{
	const struct moment_ring *r = &s->c->rings[s->at[i].bus];
	uint64_t low = r->n > RING_FRAMES ? r->n - RING_FRAMES : 0, high = r->n;

	while (low < high) {
		uint64_t mid = low + (high - low) / 2;

		if (frame_at(s, i, mid)->t_ns < t_ns)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct span {
	uint64_t next, end;
};

/* Shows the spans of all buses up to t_ns, in the order of time. */
static void show_until(struct show *s, struct span *span, uint64_t t_ns)
{
	for (;;) {
		const struct seen_frame *best = NULL;
		uint32_t from = 0;

		for (uint32_t i = 0; i < s->n; i++) {
			const struct seen_frame *f =
				span[i].next < span[i].end ? frame_at(s, i, span[i].next) : NULL;

			if (f && f->t_ns <= t_ns && (!best || f->t_ns < best->t_ns)) {
				best = f;
				from = i;
			}
		}
		if (!best)
			return;
		say_frame(s, from, best);
		s->at[from].next = ++span[from].next;
	}
}

static void show_moment(struct show *s, const struct moment *m)
{
	uint32_t own = event_bus(s->c, m->log->event);
	struct span span[MAX_MOMENTS];
	bool gap = s->n == 0, in_frame = false;

	for (uint32_t i = 0; i < s->n; i++) {
		const struct moment_ring *r = &s->c->rings[s->at[i].bus];
		uint64_t oldest = r->n > RING_FRAMES ? r->n - RING_FRAMES : 0;
		uint64_t at = first_from(s, i, m->t_ns), past = first_from(s, i, m->t_ns + 1);

		if (s->at[i].bus == own && past > at)
			in_frame = m->happened;
		span[i].next =
			MAX(at > oldest + SIDE_FRAMES ? at - SIDE_FRAMES : oldest, s->at[i].next);
		span[i].end = MIN(MIN(past, at + SAME_FRAMES) + SIDE_FRAMES, r->n);
		gap |= span[i].next > s->at[i].next;
	}
	if (gap)
		say_gap(s);
	if (!in_frame) {
		show_until(s, span, m->t_ns);
		say_moment(s, m);
	}
	show_until(s, span, UINT64_MAX);
}

static int by_time(const void *a, const void *b)
{
	const struct moment *x = a, *y = b;

	return x->t_ns < y->t_ns ? -1 : x->t_ns > y->t_ns;
}

void moments_keep(struct check_set *c, const struct scenario_check *k, struct moment *m, size_t n)
{
	struct show s = {
		.c = c, .out = &c->moments[k - c->s->checks], .moments = m, .n_moments = n
	};
	const struct scenario_event *ev;

	for (uint32_t i = 0; (ev = scenario_check_event(k, i)) != NULL; i++) {
		uint32_t bus = event_bus(c, ev), at = 0;

		while (at < s.n && s.at[at].bus != bus)
			at++;
		if (bus != NO_RULE && at == s.n && s.n < MAX_MOMENTS)
			s.at[s.n++].bus = bus;
	}
	qsort(m, n, sizeof(*m), by_time);
	for (size_t i = 0; i < n; i++) {
		show_moment(&s, &m[i]);
		if (m[i].log->screen)
			screen_keep(c, k, &m[i]);
	}
}
