/* SPDX-License-Identifier: Apache-2.0 */
/* Gauges from frames, frames from values. */
#include "gauges.h"

#include <string.h>

#define KEY_EXTENDED 0x80000000u

static int find_name(const char *const *names, unsigned int n, const char *name)
{
	for (unsigned int i = 0; i < n; i++) {
		if (!strcmp(names[i], name))
			return (int)i;
	}
	return -1;
}

static uint32_t key_of(const struct sigmap_entry *e)
{
	return e->can_id | (e->flags & SIGMAP_F_EXTENDED ? KEY_EXTENDED : 0);
}

void gauges_init(struct gauges *g, const struct dyno_sigmap *map, const char *const *names,
	unsigned int n, const char *const *buses, unsigned int nbuses)
{
	memset(g, 0, sizeof(*g));
	g->n = n < GAUGES_MAX ? n : GAUGES_MAX;
	for (unsigned int i = 0; i < map->count; i++) {
		const struct sigmap_entry *e = &map->entry[i];
		int gauge = find_name(names, g->n, e->gauge);
		int bus = find_name(buses, nbuses, e->bus);
		unsigned int at;
		struct gauge *v;

		if (e->flags & SIGMAP_F_TX || gauge < 0 || bus < 0 || g->ins == SIGMAP_MAX)
			continue;
		for (at = g->ins; at > 0 && g->in[at - 1].key > key_of(e); at--)
			g->in[at] = g->in[at - 1];
		g->in[at].e = e;
		g->in[at].key = key_of(e);
		g->in[at].bus = (uint8_t)bus;
		g->in[at].gauge = (uint8_t)gauge;
		g->ins++;
		v = &g->g[gauge];
		v->mapped = true;
		v->min = e->min;
		v->max = e->max;
		v->stale_ns = DYNO_MS(e->period_ms ? e->period_ms : GAUGES_STALE_MS);
	}
}

uint64_t gauges_rx(
	struct gauges *g, unsigned int bus, const struct dyno_can_frame *f, uint64_t now_ns)
{
	uint32_t key = f->id | (f->flags & DYNO_CAN_EXTENDED ? KEY_EXTENDED : 0);
	unsigned int lo = 0, hi = g->ins;
	uint64_t got = 0;

	if (f->flags & DYNO_CAN_RTR)
		return 0;
	while (lo < hi) {
		unsigned int mid = (lo + hi) / 2;

		if (g->in[mid].key < key)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < g->ins && g->in[lo].key == key; lo++) {
		struct gauge *v = &g->g[g->in[lo].gauge];

		if (g->in[lo].bus != bus || !dyno_signal_get(g->in[lo].e, f->data, f->len, &v->v))
			continue;
		v->seen = true;
		v->at_ns = now_ns;
		got |= UINT64_C(1) << g->in[lo].gauge;
	}
	return got;
}

bool gauges_live(const struct gauges *g, unsigned int i, uint64_t now_ns)
{
	const struct gauge *v = &g->g[i];

	return i < g->n && v->seen && (now_ns < v->at_ns || now_ns - v->at_ns < v->stale_ns);
}

double gauges_get(const struct gauges *g, unsigned int i, uint64_t now_ns, double otherwise)
{
	return gauges_live(g, i, now_ns) ? g->g[i].v : otherwise;
}

uint64_t gauges_next_stale(const struct gauges *g, uint64_t now_ns)
{
	uint64_t next = GAUGES_FOREVER;

	for (unsigned int i = 0; i < g->n; i++) {
		uint64_t at = g->g[i].at_ns + g->g[i].stale_ns;

		if (gauges_live(g, i, now_ns) && at < next)
			next = at;
	}
	return next;
}

/* The frame that carries a sent signal: made when it is the first one of it. */
static int out_frame(
	struct gauges_out *o, const struct sigmap_entry *e, unsigned int bus, uint64_t now_ns)
{
	uint8_t flags = (uint8_t)((e->flags & SIGMAP_F_EXTENDED ? DYNO_CAN_EXTENDED : 0) |
				  (e->flags & SIGMAP_F_FD ? DYNO_CAN_FD : 0));
	unsigned int i;

	for (i = 0; i < o->frames; i++) {
		if (o->frame[i].f.id == e->can_id && o->frame[i].f.flags == flags &&
			o->frame[i].bus == bus)
			break;
	}
	if (i == GAUGES_FRAMES)
		return -1;
	if (i == o->frames) {
		o->frames++;
		o->frame[i].f.id = e->can_id;
		o->frame[i].f.flags = flags;
		o->frame[i].f.len = e->dlc;
		o->frame[i].bus = (uint8_t)bus;
		o->frame[i].next_ns = GAUGES_FOREVER;
	}
	if (e->dlc > o->frame[i].f.len)
		o->frame[i].f.len = e->dlc;
	if (e->period_ms && !o->frame[i].period_ns) {
		o->frame[i].period_ns = DYNO_MS(e->period_ms);
		o->frame[i].next_ns = now_ns;
	}
	return (int)i;
}

void gauges_out_init(struct gauges_out *o, const struct dyno_sigmap *map, const char *const *names,
	unsigned int n, const char *const *buses, unsigned int nbuses, uint64_t now_ns)
{
	memset(o, 0, sizeof(*o));
	for (unsigned int i = 0; i < map->count; i++) {
		const struct sigmap_entry *e = &map->entry[i];
		int gauge = find_name(names, n, e->gauge), bus = find_name(buses, nbuses, e->bus);
		int frame;

		if (!(e->flags & SIGMAP_F_TX) || gauge < 0 || bus < 0 || o->outs == SIGMAP_MAX)
			continue;
		frame = out_frame(o, e, (unsigned int)bus, now_ns);
		if (frame < 0)
			continue;
		o->out[o->outs].e = e;
		o->out[o->outs].frame = (uint8_t)frame;
		o->out[o->outs].gauge = (uint8_t)gauge;
		o->outs++;
	}
}

void gauges_out_set(struct gauges_out *o, unsigned int i, double v)
{
	for (unsigned int k = 0; k < o->outs; k++) {
		struct dyno_can_frame *f = &o->frame[o->out[k].frame].f;
		uint8_t before[sizeof(f->data)];

		if (o->out[k].gauge != i)
			continue;
		memcpy(before, f->data, sizeof(before));
		if (!dyno_signal_put(o->out[k].e, f->data, f->len, v))
			continue;
		if (!o->frame[o->out[k].frame].period_ns && memcmp(before, f->data, sizeof(before)))
			o->frame[o->out[k].frame].next_ns = 0;
	}
}

uint64_t gauges_out_next(const struct gauges_out *o)
{
	uint64_t next = GAUGES_FOREVER;

	for (unsigned int i = 0; i < o->frames; i++) {
		if (o->frame[i].next_ns < next)
			next = o->frame[i].next_ns;
	}
	return next;
}

int gauges_out_due(struct gauges_out *o, uint64_t now_ns)
{
	for (unsigned int i = 0; i < o->frames; i++) {
		uint64_t period = o->frame[i].period_ns;

		if (o->frame[i].next_ns > now_ns)
			continue;
		if (!period) {
			o->frame[i].next_ns = GAUGES_FOREVER;
		} else {
			/* Keep the beat; after a long gap start a new one rather than burst. */
			o->frame[i].next_ns += period;
			if (o->frame[i].next_ns <= now_ns)
				o->frame[i].next_ns = now_ns + period;
		}
		return (int)i;
	}
	return -1;
}

void gauges_out_again(
	struct gauges_out *o, unsigned int bus, const struct dyno_can_frame *f, uint64_t at_ns)
{
	for (unsigned int i = 0; i < o->frames; i++) {
		if (o->frame[i].f.id == f->id && o->frame[i].f.flags == f->flags &&
			o->frame[i].bus == bus && !o->frame[i].period_ns)
			o->frame[i].next_ns = at_ns;
	}
}
