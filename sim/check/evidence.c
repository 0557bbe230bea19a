/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What else was on the bus when a check about frames was decided: the frames before that moment
 * and those after it. Bus thread until the run is over; nothing allocates after evidence_init().
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/check/judge.h"

int evidence_init(struct check_set *c)
{
	c->histories = calloc(c->s->n_buses + 1, sizeof(*c->histories));
	c->evidence = calloc(c->n_frames + c->n_values + 1, sizeof(*c->evidence));
	if (!c->histories || !c->evidence)
		return -ENOMEM;
	for (uint32_t i = 0; i < c->s->n_buses; i++)
		c->histories[i].pending = NO_RULE;
	for (uint32_t i = 0; i < c->n_frames; i++)
		c->histories[c->frames[i].bus].wanted |= c->frames[i].check != NULL;
	for (uint32_t i = 0; i < c->n_values; i++) {
		if (c->values[i].check && c->values[i].bus != NO_RULE)
			c->histories[c->values[i].bus].wanted = true;
	}
	return 0;
}

void evidence_fini(struct check_set *c)
{
	free(c->histories);
	free(c->evidence);
}

void seen_keep(struct seen_frame *s, uint64_t t_ns, uint32_t from, const struct canfd_frame *f,
	uint8_t mtu)
{
	s->t_ns = t_ns;
	s->from = from;
	s->mtu = mtu;
	s->f.can_id = f->can_id;
	s->f.len = f->len;
	s->f.flags = f->flags;
	memcpy(s->f.data, f->data, mtu == CANFD_MTU ? CANFD_MAX_DLEN : CAN_MAX_DLEN);
}

void evidence_see(struct check_set *c, uint32_t bus, uint32_t from, uint64_t t_ns,
	const struct canfd_frame *f, uint8_t mtu)
{
	struct bus_history *h = &c->histories[bus];
	uint32_t *link = &h->pending;

	if (!h->wanted)
		return;
	struct seen_frame *newest = &h->f[h->n++ % HISTORY_FRAMES];

	seen_keep(newest, t_ns, from, f, mtu);
	while (*link != NO_RULE) {
		struct evidence *ev = &c->evidence[*link];

		ev->f[ev->n++] = *newest;
		if (ev->n == ARRAY_SIZE(ev->f))
			*link = ev->next; /* it has all it will have */
		else
			link = &ev->next;
	}
}

void evidence_mark(struct check_set *c, uint32_t slot, uint32_t bus)
{
	struct evidence *ev = &c->evidence[slot];
	struct bus_history *h = &c->histories[bus];
	uint64_t first = h->n > HISTORY_FRAMES ? h->n - HISTORY_FRAMES : 0;

	if (ev->n > 0 || h->n == 0)
		return;
	for (uint64_t k = first; k < h->n; k++)
		ev->f[ev->n++] = h->f[k % HISTORY_FRAMES];
	ev->decisive = (uint8_t)(ev->n - 1);
	/* Room for what follows is left even where history was short. */
	ev->next = h->pending;
	h->pending = slot;
}

bool check_evidence(const struct check_set *c, const struct check_verdict *v, size_t i,
	char text[CHECK_FRAME_TEXT], bool *decisive)
{
	const struct frame_rule *r = frames_rule(c, v->check);
	const struct value_rule *value = r ? NULL : values_rule(c, v->check);
	const struct evidence *ev = r       ? &c->evidence[r - c->frames]
				    : value ? &c->evidence[c->n_frames + (value - c->values)]
					    : NULL;

	const struct moment_text *mt = &c->moments[v->check - c->s->checks];

	if (!ev && i < mt->n) {
		snprintf(text, CHECK_FRAME_TEXT, "%s", mt->line[i].text);
		*decisive = mt->line[i].decisive;
		return true;
	}
	if (!ev || i >= ev->n)
		return false;
	frames_show(c, text, &ev->f[i]);
	*decisive = i == ev->decisive;
	return true;
}
