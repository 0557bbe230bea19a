/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bus side: matching of frames, on the bus thread. Rules hang in chains by bus and identifier,
 * so that a frame that no check names costs one look-up. Nothing here allocates after
 * frames_init().
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "sim/check/judge.h"

static uint32_t eff_bucket(canid_t id)
{
	return (id * UINT32_C(2654435761)) >> 24;
}

/* The chain that a rule hangs in. */
static uint32_t *chain_of(struct check_set *c, const struct frame_rule *r)
{
	struct scenario_id id;
	struct bus_index *b;

	if (r->match) {
		id = r->match->id;
		b = &c->buses[r->match->bus];
	} else {
		const struct sigmap_entry *e = r->check->u.signal.signal;
		bool eff = e->flags & SIGMAP_F_EXTENDED;

		id.id = e->can_id | (eff ? CAN_EFF_FLAG : 0);
		id.mask = CAN_EFF_FLAG | (eff ? CAN_EFF_MASK : CAN_SFF_MASK);
		b = &c->buses[r->check->u.signal.bus];
	}
	if (!(id.mask & CAN_EFF_FLAG))
		return &b->wild;
	if (id.id & CAN_EFF_FLAG)
		return (id.mask & CAN_EFF_MASK) == CAN_EFF_MASK
			       ? &b->eff[eff_bucket(id.id & CAN_EFF_MASK)]
			       : &b->wild;
	return (id.mask & CAN_SFF_MASK) == CAN_SFF_MASK ? &b->sff[id.id & CAN_SFF_MASK] : &b->wild;
}

static bool about_frames(const struct scenario_check *k)
{
	switch (k->kind) {
	case SCENARIO_CHECK_EXPECT:
	case SCENARIO_CHECK_FORBID:
	case SCENARIO_CHECK_COUNT:
	case SCENARIO_CHECK_PERIOD:
		return true;
	case SCENARIO_CHECK_CHIME:
		return !k->u.sound.event;
	case SCENARIO_CHECK_SIGNAL:
		return k->u.signal.signal !=
		       NULL; /* none where the scenario was read without files */
	default:
		return false;
	}
}

static const struct scenario_match *match_of(const struct scenario_check *k)
{
	if (k->kind == SCENARIO_CHECK_SIGNAL)
		return NULL;
	if (k->kind == SCENARIO_CHECK_CHIME)
		return &k->u.sound.match;
	return k->kind == SCENARIO_CHECK_PERIOD ? &k->u.period.match : &k->u.frames.match;
}

/* Makes the next rule known to its bus. */
static void hang(struct check_set *c, struct frame_rule *r)
{
	uint32_t *head = chain_of(c, r);

	r->next = *head;
	*head = c->n_frames++;
}

int frames_init(struct check_set *c)
{
	c->buses = calloc(c->s->n_buses + 1, sizeof(*c->buses));
	c->frames = calloc(c->s->n_checks + c->n_events + 1, sizeof(*c->frames));
	if (!c->buses || !c->frames)
		return -ENOMEM;
	for (uint32_t b = 0; b < c->s->n_buses; b++) {
		for (size_t i = 0; i < ARRAY_SIZE(c->buses[b].sff); i++)
			c->buses[b].sff[i] = NO_RULE;
		for (size_t i = 0; i < EFF_BUCKETS; i++)
			c->buses[b].eff[i] = NO_RULE;
		c->buses[b].wild = NO_RULE;
	}
	for (uint32_t i = 0; i < c->s->n_checks; i++) {
		const struct scenario_check *k = &c->s->checks[i];

		if (!about_frames(k))
			continue;
		struct frame_rule *r = &c->frames[c->n_frames];
		int rc = 0;

		r->check = k;
		r->match = match_of(k);
		r->bus = r->match ? r->match->bus : k->u.signal.bus;
		r->gap_min = UINT64_MAX;
		bounds_init(&r->values);
		hang(c, r);
		if (!r->match)
			r->series = plots_add(c,
				&(struct plotted){ .signal = k->u.signal.signal, .bus = r->bus },
				&rc);
		if (rc != 0)
			return rc;
	}
	for (uint32_t i = 0; i < c->n_events; i++) {
		struct frame_rule *r = &c->frames[c->n_frames];

		if (c->events[i]->event->kind != SCENARIO_EVENT_FRAME)
			continue;
		r->event = c->events[i];
		r->match = &r->event->event->u.match;
		r->bus = r->match->bus;
		hang(c, r);
	}
	return 0;
}

void frames_fini(struct check_set *c)
{
	free(c->buses);
	free(c->frames);
}

const struct frame_rule *frames_rule(const struct check_set *c, const struct scenario_check *k)
{
	for (uint32_t i = 0; i < c->n_frames; i++) {
		if (c->frames[i].check == k)
			return &c->frames[i];
	}
	return NULL;
}

/* --- matching ---------------------------------------------------------------------------- */

static bool id_matches(const struct scenario_match *m, const struct canfd_frame *f)
{
	return ((f->can_id ^ m->id.id) & m->id.mask) == 0;
}

static bool rest_matches(
	const struct scenario_match *m, uint32_t from, const struct canfd_frame *f, uint8_t mtu)
{
	bool fd = mtu == CANFD_MTU, rtr = f->can_id & CAN_RTR_FLAG;

	if (m->from != SCENARIO_ALL && m->from != from)
		return false;
	if ((m->fd >= 0 && m->fd != fd) || (m->rtr >= 0 && m->rtr != rtr))
		return false;
	if ((m->len >= 0 && f->len != m->len) || f->len < m->n_data)
		return false;
	if (rtr && m->n_data > 0)
		return false;
	for (uint8_t i = 0; i < m->n_data; i++) {
		if ((f->data[i] ^ m->data[i]) & m->mask[i])
			return false;
	}
	return true;
}

bool frames_match(const struct scenario_match *m, const struct seen_frame *f)
{
	return id_matches(m, &f->f) && rest_matches(m, f->from, &f->f, f->mtu);
}

/* The distance to the frame before. */
static uint64_t count_gap(struct frame_rule *r, uint64_t t_ns)
{
	uint64_t gap = t_ns > r->last.t_ns ? t_ns - r->last.t_ns : 0;
	double d = (double)gap - r->gap_mean;

	/* r->count frames were seen before this one: it closes gap number r->count. */
	r->gap_mean += d / (double)r->count;
	r->gap_m2 += d * ((double)gap - r->gap_mean);
	if (gap < r->gap_min)
		r->gap_min = gap;
	if (gap > r->gap_max) {
		r->gap_max = gap;
		r->gap_max_t = t_ns;
	}
	return gap;
}

static void see_signal(struct check_set *c, struct frame_rule *r, uint64_t t_ns, uint32_t from,
	const struct canfd_frame *f, uint8_t mtu)
{
	const struct scenario_check *k = r->check;
	double v;

	if ((f->can_id & CAN_RTR_FLAG) ||
		sigmap_decode(k->u.signal.signal, f->data, f->len, &v) != 0) {
		r->near_count++;
		return;
	}
	/* Rules of one signal share a plot: the first of them draws it. */
	if (r->series)
		series_add(r->series, t_ns, v);
	if (!in_window(k, t_ns)) {
		r->outside++;
		return;
	}
	r->count++;
	switch (bounds_see(&r->values, k, v)) {
	case BOUNDS_OPEN:
		break;
	case BOUNDS_GOOD:
		seen_keep(&r->first_good, t_ns, from, f, mtu);
		evidence_mark(c, (uint32_t)(r - c->frames), r->bus);
		break;
	case BOUNDS_BAD:
		seen_keep(&r->first_bad, t_ns, from, f, mtu);
		evidence_mark(c, (uint32_t)(r - c->frames), r->bus);
		break;
	}
}

/* Whether the newest of the matching frames decides the check, or gives it away. */
static bool decides(const struct frame_rule *r, uint64_t gap_ns)
{
	const struct scenario_check *k = r->check;

	switch (k->kind) {
	case SCENARIO_CHECK_EXPECT:
		return r->count == k->u.frames.min;
	case SCENARIO_CHECK_COUNT:
		return r->count == k->u.frames.max + 1;
	case SCENARIO_CHECK_PERIOD:
		return r->count > 1 &&
		       ((k->u.period.min_ns > 0 && gap_ns < k->u.period.min_ns) ||
			       (k->u.period.max_ns > 0 && gap_ns > k->u.period.max_ns));
	default:
		return true; /* forbidden */
	}
}

static void see(struct check_set *c, struct frame_rule *r, uint64_t t_ns, uint32_t from,
	const struct canfd_frame *f, uint8_t mtu)
{
	uint64_t gap_ns = 0;

	if (!r->match) {
		see_signal(c, r, t_ns, from, f, mtu);
		return;
	}
	bool rest = rest_matches(r->match, from, f, mtu);

	if (r->event) {
		if (rest)
			event_add(r->event, t_ns);
		return;
	}
	if (!in_window(r->check, t_ns)) {
		if (!rest)
			return;
		r->outside++;
		if (t_ns < r->check->after_ns)
			seen_keep(&r->before, t_ns, from, f, mtu);
		else if (r->after.mtu == 0)
			seen_keep(&r->after, t_ns, from, f, mtu);
		return;
	}
	if (!rest) {
		r->near_count++;
		seen_keep(&r->near, t_ns, from, f, mtu);
		return;
	}
	if (r->count > 0)
		gap_ns = count_gap(r, t_ns);
	else
		seen_keep(&r->first, t_ns, from, f, mtu);
	r->count++;
	seen_keep(&r->last, t_ns, from, f, mtu);
	if (decides(r, gap_ns))
		evidence_mark(c, (uint32_t)(r - c->frames), r->bus);
}

/* Chains by hash and the wild one hold rules of other identifiers too. */
static void see_chain(struct check_set *c, uint32_t i, uint64_t t_ns, uint32_t from,
	const struct canfd_frame *f, uint8_t mtu)
{
	for (; i != NO_RULE; i = c->frames[i].next) {
		struct frame_rule *r = &c->frames[i];

		if (r->match) {
			if (!id_matches(r->match, f))
				continue;
		} else if ((f->can_id & CAN_EFF_MASK) != r->check->u.signal.signal->can_id) {
			continue;
		}
		see(c, r, t_ns, from, f, mtu);
	}
}

void check_frame(struct check_set *c, uint32_t bus, uint32_t from, uint64_t t_ns,
	const struct canfd_frame *f, uint8_t mtu)
{
	if (bus >= c->s->n_buses || (f->can_id & CAN_ERR_FLAG))
		return;
	const struct bus_index *b = &c->buses[bus];

	evidence_see(c, bus, from, t_ns, f, mtu);
	moments_see(c, bus, from, t_ns, f, mtu);
	if (f->can_id & CAN_EFF_FLAG)
		see_chain(c, b->eff[eff_bucket(f->can_id & CAN_EFF_MASK)], t_ns, from, f, mtu);
	else
		see_chain(c, b->sff[f->can_id & CAN_SFF_MASK], t_ns, from, f, mtu);
	see_chain(c, b->wild, t_ns, from, f, mtu);
}

bool check_looks_at(const struct check_set *c, uint32_t bus)
{
	bool any = false;

	for (uint32_t i = 0; i < c->n_frames; i++)
		any |= c->frames[i].bus == bus;
	return any;
}

/* --- evidence ---------------------------------------------------------------------------- */

const char *frames_show(
	const struct check_set *c, char buf[CHECK_FRAME_TEXT], const struct seen_frame *s)
{
	char t[TIME_TEXT];
	size_t l;

	if (s->f.can_id & CAN_EFF_FLAG)
		l = (size_t)snprintf(buf, CHECK_FRAME_TEXT, "%08X#", s->f.can_id & CAN_EFF_MASK);
	else
		l = (size_t)snprintf(buf, CHECK_FRAME_TEXT, "%03X#", s->f.can_id & CAN_SFF_MASK);
	if (s->f.can_id & CAN_RTR_FLAG)
		l += (size_t)snprintf(buf + l, CHECK_FRAME_TEXT - l, "R%u", s->f.len);
	else if (s->mtu == CANFD_MTU)
		l += (size_t)snprintf(
			buf + l, CHECK_FRAME_TEXT - l, "#%X", s->f.flags & (CANFD_BRS | CANFD_ESI));
	for (uint8_t i = 0; !(s->f.can_id & CAN_RTR_FLAG) && i < s->f.len && i < 16; i++)
		l += (size_t)snprintf(buf + l, CHECK_FRAME_TEXT - l, "%02X", s->f.data[i]);
	l += (size_t)snprintf(buf + l, CHECK_FRAME_TEXT - l, "%s at %s",
		s->f.len > 16 && !(s->f.can_id & CAN_RTR_FLAG) ? "..." : "", time_text(t, s->t_ns));
	if (s->from < c->s->n_guests)
		snprintf(buf + l, CHECK_FRAME_TEXT - l, " from %s", c->s->guests[s->from].name);
	return buf;
}
