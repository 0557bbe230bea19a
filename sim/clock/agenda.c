/* SPDX-License-Identifier: Apache-2.0 */
/* A binary heap of entries behind one timer. */
#include "sim/clock/agenda.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

static bool before(const struct agenda_entry *a, const struct agenda_entry *b)
{
	return a->t_ns != b->t_ns ? a->t_ns < b->t_ns : a->seq < b->seq;
}

static void swap(struct agenda *a, size_t i, size_t j)
{
	struct agenda_entry t = a->heap[i];

	a->heap[i] = a->heap[j];
	a->heap[j] = t;
}

static struct agenda_entry pop(struct agenda *a)
{
	struct agenda_entry first = a->heap[0];
	size_t i = 0;

	a->heap[0] = a->heap[--a->n];
	for (;;) {
		size_t least = i, left = 2 * i + 1;

		if (left < a->n && before(&a->heap[left], &a->heap[least]))
			least = left;
		if (left + 1 < a->n && before(&a->heap[left + 1], &a->heap[least]))
			least = left + 1;
		if (least == i)
			return first;
		swap(a, i, least);
		i = least;
	}
}

/* The next entry of up to `limit`. False: there is none. */
static bool take(struct agenda *a, uint64_t limit, struct agenda_entry *out)
{
	while (a->n && a->heap[0].t_ns <= limit) {
		uint64_t t_ns = a->heap[0].t_ns;

		if (a->first)
			a->first(a->first_ctx, t_ns);
		/* That may have run entries, and added earlier ones. */
		if (a->n && a->heap[0].t_ns == t_ns) {
			*out = pop(a);
			return true;
		}
	}
	return false;
}

static void due(struct ev_timer *t, uint64_t now_ns)
{
	struct agenda *a = t->data;
	struct agenda_entry en;

	/* The clock may have been stopped by another thread since the timer was armed; what an
	 * entry adds for this very moment runs in this turn too. */
	while (bench_clock_running(a->clock) && take(a, bench_clock_at(a->clock, now_ns), &en))
		en.fn(en.arg, en.t_ns);
	agenda_sync(a);
}

void agenda_run_to(struct agenda *a, uint64_t t_ns)
{
	struct agenda_entry en;
	bool any = false;

	for (; take(a, t_ns, &en); any = true)
		en.fn(en.arg, en.t_ns);
	if (any)
		agenda_sync(a);
}

int agenda_init(struct agenda *a, struct ev_loop *loop, const struct bench_clock *clock)
{
	*a = (struct agenda){ .clock = clock };
	return ev_timer_init(loop, &a->timer, due, a);
}

void agenda_fini(struct agenda *a)
{
	for (size_t i = 0; i < a->n; i++) {
		if (a->heap[i].drop)
			a->heap[i].drop(a->heap[i].arg);
	}
	free(a->heap);
	a->heap = NULL;
	a->n = a->cap = 0;
	ev_timer_fini(&a->timer);
}

void agenda_sync(struct agenda *a)
{
	uint64_t host = a->n ? bench_clock_host_ns(a->clock, a->heap[0].t_ns) : BENCH_CLOCK_NEVER;

	if (host == BENCH_CLOCK_NEVER)
		ev_timer_stop(&a->timer);
	else
		ev_timer_at(&a->timer, host);
}

int agenda_add(struct agenda *a, uint64_t t_ns, void (*fn)(void *arg, uint64_t t_ns),
	void (*drop)(void *arg), void *arg)
{
	size_t i;

	if (a->n == a->cap) {
		size_t cap = a->cap ? a->cap * 2 : 32;
		struct agenda_entry *h = realloc(a->heap, cap * sizeof(*h));

		if (!h)
			return -ENOMEM;
		a->heap = h;
		a->cap = cap;
	}
	i = a->n++;
	a->heap[i] = (struct agenda_entry){
		.t_ns = t_ns, .seq = a->seq++, .fn = fn, .drop = drop, .arg = arg
	};
	while (i && before(&a->heap[i], &a->heap[(i - 1) / 2])) {
		swap(a, i, (i - 1) / 2);
		i = (i - 1) / 2;
	}
	if (i == 0)
		agenda_sync(a);
	return 0;
}
