/* SPDX-License-Identifier: Apache-2.0 */
/* See can.h. */
#include "sim/signal/can.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/signal/checksum.h"

/* Values of a selector that a message with several layouts goes through. */
#define ROUNDS_MAX 256

struct message {
	struct signal_can *can;
	const struct signal_message *m;
	struct signal_can_stats st;
	uint64_t counter;
	bool pending; /* a frame on change is on the agenda */
	uint8_t start[CANFD_MAX_DLEN]; /* the payload in which nobody set anything */
	uint8_t payload[CANFD_MAX_DLEN];
	/* A selector that nobody sets takes these values in turn. */
	const struct dbc_signal *selector;
	uint64_t rounds[ROUNDS_MAX];
	uint32_t n_rounds, round;
};

/* A signal's place in a message that is sent on change. */
struct use {
	struct message *message;
	struct use *next;
};

struct signal_can {
	struct signal_can_config cfg;
	const struct signal_model *model;
	struct signal_sub sub;
	struct message *messages; /* one for each of the model */
	struct use **uses; /* one list for each signal of the model */
	struct use *pool;
	struct dbc_sample *samples; /* as many as the longest message has */
	struct message **by_id; /* ordered by bus and identifier */
	bool groups; /* some are found by their parameter group */
};

/* ---- received ---- */

static void receive(struct message *x, const struct canfd_frame *f, uint64_t t_ns)
{
	struct signal_can *c = x->can;
	const struct dbc_message *m = x->m->dbc;

	x->st.frames++;
	x->st.last_ns = t_ns;
	(void)dbc_decode(m, f->data, f->len, c->samples);
	for (uint32_t i = 0; i < m->n_signals; i++) {
		const struct signal_bind *b = &x->m->binds[i];

		if (c->samples[i].present && b->signal != SIGNAL_NONE)
			(void)!signals_set(c->cfg.table, b->signal,
				signal_from_dbc(b, c->samples[i].value), t_ns, SIGNAL_BY_BUS);
	}
}

static uint64_t key_of(uint32_t bus, uint32_t id)
{
	return (uint64_t)bus << 32 | id;
}

static int by_key(const void *pa, const void *pb)
{
	const struct message *const *a = pa, *const *b = pb;
	uint64_t ka = key_of((*a)->m->bus, (*a)->m->dbc->can_id);
	uint64_t kb = key_of((*b)->m->bus, (*b)->m->dbc->can_id);

	if (ka != kb)
		return ka < kb ? -1 : 1;
	return *a < *b ? -1 : *a > *b;
}

/* The first place in by_id that is not below the key. */
static uint32_t lower_bound(const struct signal_can *c, uint64_t key)
{
	uint32_t lo = 0, hi = c->model->n_messages;

	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;
		const struct signal_message *m = c->by_id[mid]->m;

		if (key_of(m->bus, m->dbc->can_id) < key)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* What the bench itself sends is in the table already. */
static void heard(struct message *x, const struct canfd_frame *f, bool own, uint64_t t_ns)
{
	if (!(own && x->m->sent))
		receive(x, f, t_ns);
}

void signal_can_frame(
	struct signal_can *c, uint32_t bus, const struct canfd_frame *f, bool own, uint64_t t_ns)
{
	bool extended = f->can_id & CAN_EFF_FLAG;
	uint32_t id = f->can_id & (extended ? CAN_EFF_MASK | CAN_EFF_FLAG : CAN_SFF_MASK);
	uint64_t key = key_of(bus, id);
	bool found = false;

	if (f->can_id & (CAN_ERR_FLAG | CAN_RTR_FLAG))
		return;
	for (uint32_t i = lower_bound(c, key); i < c->model->n_messages; i++) {
		struct message *x = c->by_id[i];

		if (key_of(x->m->bus, x->m->dbc->can_id) != key)
			break;
		found = true;
		heard(x, f, own, t_ns);
	}
	if (found || !extended || !c->groups)
		return;
	/* A J1939 message is known by its group, whoever sends it. */
	for (uint32_t i = 0; i < c->model->n_messages; i++) {
		struct message *x = &c->messages[i];

		if (x->m->bus == bus && x->m->dbc->j1939 &&
			dbc_pgn(id) == dbc_pgn(x->m->dbc->can_id))
			heard(x, f, own, t_ns);
	}
}

/* ---- sent ---- */

/* The nearest raw value that the bits can hold. False: it is no number at all. */
static bool raw_of(const struct dbc_signal *s, double physical, int64_t *raw)
{
	bool low = s->scale < 0 ? physical > s->offset : physical < s->offset;
	int rc = dbc_raw(s, physical, raw);

	if (rc == 0)
		return true;
	if (rc != -ERANGE || s->type == DBC_FLOAT32 || s->type == DBC_FLOAT64)
		return false;
	if (s->type == DBC_SIGNED)
		*raw = low ? -((int64_t)1 << (s->bits - 1))
			   : (int64_t)(((uint64_t)1 << (s->bits - 1)) - 1);
	else
		*raw = low ? 0
			   : (int64_t)(s->bits == 64 ? UINT64_MAX : ((uint64_t)1 << s->bits) - 1);
	return true;
}

/* What fits in the bits of an unsigned signal. */
static void put_bits(const struct dbc_signal *s, uint8_t *data, uint32_t len, uint64_t v)
{
	uint64_t mask = s->bits >= 64 ? UINT64_MAX : ((uint64_t)1 << s->bits) - 1;
	uint64_t sign = (uint64_t)1 << (MIN(s->bits, 64u) - 1);

	v &= mask;
	if (s->type == DBC_SIGNED && (v & sign))
		v |= ~mask;
	(void)!dbc_put(s, data, len, (int64_t)v);
}

/* Whether the payload's selectors choose this signal. */
static bool chosen(
	const struct dbc_message *m, const struct dbc_signal *s, const uint8_t *data, uint32_t len)
{
	while (s->mux >= 0) {
		const struct dbc_signal *up = &m->signals[s->mux];
		uint64_t mask = up->bits >= 64 ? UINT64_MAX : ((uint64_t)1 << up->bits) - 1;
		bool in = false;
		int64_t raw;

		if (!dbc_get(up, data, len, &raw))
			return false;
		for (uint32_t i = 0; i < s->n_when && !in; i++)
			in = ((uint64_t)raw & mask) >= s->when[i].first &&
			     ((uint64_t)raw & mask) <= s->when[i].last;
		if (!in)
			return false;
		s = up;
	}
	return true;
}

/* Whether the checksum's bits are all of a byte, which is then left out. */
static bool is_checksum_byte(const struct dbc_signal *s, uint32_t byte)
{
	uint32_t first = s->byte, last = s->end - 1u;

	if (!s->span || s->bits % 8 != 0 || (uint32_t)s->bits / 8 != last - first + 1)
		return false;
	return byte >= first && byte <= last;
}

static uint64_t checksum_of(
	const struct message *x, const uint8_t *data, uint32_t len, uint64_t t_ns)
{
	const struct signal_tx *tx = &x->m->tx;
	uint8_t covered[SIGNAL_PREFIX_MAX + CANFD_MAX_DLEN];
	uint64_t v = 0;
	uint32_t n = tx->n_prefix;

	memcpy(covered, tx->prefix, tx->n_prefix);
	for (uint32_t i = 0; i < len; i++) {
		if (!is_checksum_byte(tx->checksum, i))
			covered[n++] = data[i];
	}
	switch (tx->algorithm) {
	case SIGNAL_CHECKSUM_XOR:
		for (uint32_t i = 0; i < n; i++)
			v ^= covered[i];
		break;
	case SIGNAL_CHECKSUM_SUM:
		for (uint32_t i = 0; i < n; i++)
			v += covered[i];
		break;
	case SIGNAL_CHECKSUM_CRC8_J1850:
		v = crc8_j1850(0, covered, n);
		break;
	case SIGNAL_CHECKSUM_SCRIPT:
		if (x->can->cfg.checksum && x->can->cfg.checksum(x->can->cfg.ctx, tx->function,
						    x->m, data, len, t_ns, &v) != 0)
			v = 0;
		break;
	case SIGNAL_CHECKSUM_NONE:
		break;
	}
	return v;
}

/* Whether somebody has given a signal of the message a value. */
static bool is_set(const struct message *x, const struct dbc_signal *s)
{
	uint32_t signal = x->m->binds[dbc_signal_index(s)].signal;

	return signal != SIGNAL_NONE &&
	       signals_get(x->can->cfg.table, signal)->state != SIGNAL_UNSET;
}

/* Writes the table's values into the payload. Selectors come before what they choose. */
static void fill(struct message *x, uint64_t t_ns)
{
	const struct dbc_message *m = x->m->dbc;
	uint32_t len = x->m->len;

	memcpy(x->payload, x->start, sizeof(x->payload));
	if (x->n_rounds && !is_set(x, x->selector)) {
		put_bits(x->selector, x->payload, len, x->rounds[x->round]);
		x->round = (x->round + 1) % x->n_rounds;
	}
	for (uint32_t k = 0; k < m->n_signals; k++) {
		const struct dbc_signal *s = &m->signals[m->order[k]];
		const struct signal_bind *b = &x->m->binds[m->order[k]];
		const struct signal_value *v;
		int64_t raw;

		if (b->signal == SIGNAL_NONE || !chosen(m, s, x->payload, len))
			continue;
		v = signals_get(x->can->cfg.table, b->signal);
		if (v->state != SIGNAL_UNSET && raw_of(s, signal_to_dbc(b, v->shown), &raw))
			(void)!dbc_put(s, x->payload, len, raw);
	}
	if (x->m->tx.counter) {
		put_bits(x->m->tx.counter, x->payload, len, x->counter);
		x->counter = x->counter >= x->m->tx.counter_max ? 0 : x->counter + 1;
	}
	if (x->m->tx.checksum) {
		put_bits(x->m->tx.checksum, x->payload, len, 0);
		put_bits(x->m->tx.checksum, x->payload, len, checksum_of(x, x->payload, len, t_ns));
	}
}

static void transmit(struct message *x, uint64_t t_ns)
{
	struct canfd_frame f = { .can_id = x->m->dbc->can_id, .len = x->m->len };

	fill(x, t_ns);
	if (x->m->fd)
		f.flags = (uint8_t)(CANFD_FDF | (x->m->dbc->brs ? CANFD_BRS : 0));
	memcpy(f.data, x->payload, x->m->len);
	x->st.last_ns = t_ns;
	if (x->can->cfg.send(x->can->cfg.ctx, x->m->bus, &f, t_ns))
		x->st.refused++;
	else
		x->st.frames++;
}

static void cycle_due(void *arg, uint64_t t_ns)
{
	struct message *x = arg;

	if (agenda_add(x->can->cfg.agenda, t_ns + x->m->tx.cycle_ns, cycle_due, NULL, x))
		x->st.refused++;
	if (!x->st.silent)
		transmit(x, t_ns);
}

static void change_due(void *arg, uint64_t t_ns)
{
	struct message *x = arg;

	x->pending = false;
	if (!x->st.silent)
		transmit(x, t_ns);
}

/* Several changes of one moment become one frame, and frames keep their distance. */
static void change(struct message *x, uint64_t t_ns)
{
	uint64_t earliest = x->st.frames ? x->st.last_ns + x->m->tx.gap_ns : 0;

	if (x->pending || x->st.silent)
		return;
	x->pending = agenda_add(x->can->cfg.agenda, MAX(t_ns, earliest), change_due, NULL, x) == 0;
}

static void changed(void *ctx, uint32_t signal, const struct signal_value *v)
{
	struct signal_can *c = ctx;

	if (v->state != SIGNAL_FRESH)
		return;
	for (struct use *u = c->uses[signal]; u; u = u->next)
		change(u->message, v->t_ns);
}

void signal_can_silence(struct signal_can *c, uint32_t message, bool silent, uint64_t t_ns)
{
	struct message *x = &c->messages[message];

	if (x->st.silent == silent || !x->m->sent)
		return;
	x->st.silent = silent;
	if (!silent && x->m->tx.on_change)
		change(x, t_ns);
}

/* ---- life ---- */

/* The values by which a selector that is no signal of the table chooses. */
static void find_rounds(struct message *x)
{
	const struct dbc_message *m = x->m->dbc;

	for (uint32_t i = 0; i < m->n_signals; i++) {
		const struct dbc_signal *s = &m->signals[i], *up;
		bool known = false;

		if (s->mux < 0 || !s->n_when)
			continue;
		up = &m->signals[s->mux];
		if (up->mux >= 0 || (x->selector && x->selector != up))
			continue;
		x->selector = up;
		for (uint32_t k = 0; k < x->n_rounds && !known; k++)
			known = x->rounds[k] == s->when[0].first;
		if (!known && x->n_rounds < ROUNDS_MAX)
			x->rounds[x->n_rounds++] = s->when[0].first;
	}
}

static int start_message(struct signal_can *c, struct message *x, const struct signal_message *m)
{
	x->can = c;
	x->m = m;
	if (!m->sent)
		return 0;
	uint8_t *start = calloc(1, MAX(m->dbc->len, 1u));

	if (!start)
		return -ENOMEM;
	dbc_start_payload(m->dbc, start);
	memcpy(x->start, start, MIN(m->dbc->len, (uint32_t)m->len));
	free(start);
	find_rounds(x);
	return m->tx.cycle_ns ? agenda_add(c->cfg.agenda, m->tx.offset_ns, cycle_due, NULL, x) : 0;
}

/* Which signals are in which messages that are sent on change. */
static int index_uses(struct signal_can *c)
{
	size_t n = 0;

	for (uint32_t i = 0; i < c->model->n_messages; i++)
		n += c->model->messages[i].dbc->n_signals;
	c->pool = calloc(n + 1, sizeof(*c->pool));
	c->uses = calloc(c->model->n_defs + 1, sizeof(struct use *));
	if (!c->pool || !c->uses)
		return -ENOMEM;
	n = 0;
	for (uint32_t i = 0; i < c->model->n_messages; i++) {
		const struct signal_message *m = &c->model->messages[i];

		for (uint32_t k = 0; m->tx.on_change && k < m->dbc->n_signals; k++) {
			uint32_t signal = m->binds[k].signal;

			if (signal == SIGNAL_NONE)
				continue;
			c->pool[n] = (struct use){ &c->messages[i], c->uses[signal] };
			c->uses[signal] = &c->pool[n++];
		}
	}
	return 0;
}

int signal_can_new(struct signal_can **out, const struct signal_can_config *cfg)
{
	struct signal_can *c = calloc(1, sizeof(*c));
	uint32_t most = 0;
	int rc;

	if (!c)
		return -ENOMEM;
	c->cfg = *cfg;
	c->model = signals_model(cfg->table);
	for (uint32_t i = 0; i < c->model->n_messages; i++)
		most = MAX(most, c->model->messages[i].dbc->n_signals);
	c->messages = calloc(c->model->n_messages + 1, sizeof(*c->messages));
	c->samples = calloc(most + 1, sizeof(*c->samples));
	c->by_id = calloc(c->model->n_messages + 1, sizeof(struct message *));
	rc = c->messages && c->samples && c->by_id ? index_uses(c) : -ENOMEM;
	for (uint32_t i = 0; !rc && i < c->model->n_messages; i++) {
		c->by_id[i] = &c->messages[i];
		c->groups |= c->model->messages[i].dbc->j1939;
		rc = start_message(c, &c->messages[i], &c->model->messages[i]);
	}
	if (!rc && c->model->n_messages)
		qsort(c->by_id, c->model->n_messages, sizeof(struct message *), by_key);
	if (rc) {
		signal_can_free(c);
		return rc;
	}
	c->sub = (struct signal_sub){ .changed = changed, .ctx = c, .signal = SIGNAL_NONE };
	signals_subscribe(cfg->table, &c->sub);
	*out = c;
	return 0;
}

void signal_can_free(struct signal_can *c)
{
	if (!c)
		return;
	signals_unsubscribe(&c->sub);
	free(c->messages);
	free(c->samples);
	free(c->by_id);
	free(c->uses);
	free(c->pool);
	free(c);
}

void signal_can_get_stats(
	const struct signal_can *c, uint32_t message, struct signal_can_stats *out)
{
	*out = c->messages[message].st;
}
