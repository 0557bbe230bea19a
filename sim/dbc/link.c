/* SPDX-License-Identifier: Apache-2.0 */
/* What a database's statements mean together: selectors, long names, cycle times, bits, ids. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/dbc/priv.h"

/* Deepest chain of selectors. */
#define MUX_DEPTH_MAX 16

/* ---- attributes with a meaning ---- */

static const char *long_name(const struct parse *p, const struct dbc_attr *attrs,
	enum dbc_object of, const char *attr, const char *name)
{
	const char *t = NULL;

	if (dbc_attr_text(p->db, attrs, of, attr, &t) && t && *t)
		return t;
	return name;
}

/* Nodes are spoken of by their short names in the file. */
static void long_node_names(struct parse *p, const char *const *list, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct dbc_node *node =
			names_get(&p->priv->names, SCOPE_NODE_READ, list[i], strlen(list[i]));

		/* The list is the database's own. */
		if (node && node->name != node->short_name)
			((const char **)(uintptr_t)list)[i] = node->name;
	}
}

static bool is_j1939(const struct parse *p)
{
	const char *t = "";

	return dbc_attr_text(p->db, p->db->attrs, DBC_NETWORK, "ProtocolType", &t) && t &&
	       strcasecmp(t, "J1939") == 0;
}

static void message_attributes(struct parse *p, struct dbc_message *m, bool j1939)
{
	const struct dbc *db = p->db;
	const char *t = NULL;
	double v;

	m->name = long_name(p, m->attrs, DBC_MESSAGE, "SystemMessageLongSymbol", m->name);
	if (dbc_attr_number(db, m->attrs, DBC_MESSAGE, "GenMsgCycleTime", &v) && v >= 1 &&
		v <= UINT32_MAX)
		m->cycle_ms = (uint32_t)v;
	if (dbc_attr_text(db, m->attrs, DBC_MESSAGE, "GenMsgSendType", &t) && t)
		m->send_type = t;
	t = NULL;
	if (!dbc_attr_text(db, m->attrs, DBC_MESSAGE, "VFrameFormat", &t) &&
		dbc_attr_number(db, m->attrs, DBC_MESSAGE, "VFrameFormat", &v))
		t = v == 3    ? "J1939PG"
		    : v == 14 ? "StandardCAN_FD"
		    : v == 15 ? "ExtendedCAN_FD"
			      : t;
	/* Most files of J1939 say it once, for the network. */
	m->j1939 = m->can_id & CAN_EFF_FLAG && (j1939 || (t && strncmp(t, "J1939PG", 7) == 0));
	m->fd = t && strstr(t, "_FD");
	/* Longer than a classic frame, and not carried in several: it can only be FD. */
	if (m->len > CAN_MAX_DLEN && m->len <= CANFD_MAX_DLEN && !m->j1939)
		m->fd = true;
	m->brs = m->fd;
	if (m->fd && dbc_attr_number(db, m->attrs, DBC_MESSAGE, "CANFD_BRS", &v)) {
		t = NULL;
		(void)dbc_attr_text(db, m->attrs, DBC_MESSAGE, "CANFD_BRS", &t);
		m->brs = t ? strcmp(t, "0") != 0 : v != 0;
	}
}

static void signal_attributes(struct parse *p, struct dbc_signal *s)
{
	static const double two63 = 9223372036854775808.0, two64 = 18446744073709551616.0;
	double v;

	s->name = long_name(p, s->attrs, DBC_SIGNAL, "SystemSignalLongSymbol", s->name);
	long_node_names(p, s->receivers, s->n_receivers);
	/* A default of 0 is nobody's wish. */
	if (!dbc_attr_number(p->db, s->attrs, DBC_SIGNAL, "GenSigStartValue", &v))
		return;
	if (s->type == DBC_FLOAT32 || s->type == DBC_FLOAT64) {
		struct dbc_signal plain = *s;

		plain.scale = 1;
		plain.offset = 0;
		s->has_start = dbc_raw(&plain, v, &s->start_raw) == 0;
	} else if (s->type != DBC_BYTES && v == nearbyint(v) && v >= -two63 && v < two64) {
		s->start_raw = v < two63 ? (int64_t)v : (int64_t)(uint64_t)v;
		s->has_start = true;
	}
}

/* ---- multiplexing ---- */

/* mN belongs to the message's only M; where SG_MUL_VAL_ does not say more. */
static void find_selectors(struct parse *p, struct dbc_message *m)
{
	int32_t top = -1;
	uint32_t tops = 0;

	for (uint32_t i = 0; i < m->n_signals; i++) {
		const struct dbc_signal *s = &m->signals[i];

		/* Chosen by nobody, or not yet known by whom. */
		if (s->selector && !(s->span & 1) && s->mux < 0) {
			if (top < 0)
				top = (int32_t)i;
			tops++;
		}
	}
	for (uint32_t i = 0; i < m->n_signals; i++) {
		struct dbc_signal *s = &m->signals[i];

		if (s->span & 2 && !s->selector)
			diag_add(p->s.d, DIAG_WARNING, p->s.src, s->off, strlen(s->short_name),
				"`m` without a value, and nothing that it selects: a plain signal");
		if (!(s->span & 1))
			continue;
		if (tops == 0) {
			diag_add(p->s.d, DIAG_ERROR, p->s.src, s->off, strlen(s->short_name),
				"%s has no selector (M): the signal is taken as always there",
				m->name);
			s->mux = -1;
			continue;
		}
		if (tops > 1)
			diag_add(p->s.d, DIAG_ERROR, p->s.src, s->off, strlen(s->short_name),
				"%s has several selectors and no SG_MUL_VAL_ for this signal: %s is "
				"taken",
				m->name, m->signals[top].short_name);
		s->mux = top;
	}
}

/* Depth of a signal below its selectors; breaks circles. */
static uint32_t depth_of(struct parse *p, struct dbc_message *m, struct dbc_signal *s)
{
	uint32_t depth = 0;

	for (const struct dbc_signal *at = s; at->mux >= 0; at = &m->signals[at->mux]) {
		if (++depth > MUX_DEPTH_MAX || &m->signals[at->mux] == s) {
			diag_add(p->s.d, DIAG_ERROR, p->s.src, s->off, strlen(s->short_name),
				"the selectors of this signal go round in a circle, or deeper than "
				"%u: it is taken as always there",
				MUX_DEPTH_MAX);
			s->mux = -1;
			return 0;
		}
	}
	return depth;
}

static bool order_signals(struct parse *p, struct dbc_message *m)
{
	uint32_t *order = keep_alloc(p, m->n_signals * sizeof(*order)), n = 0;
	uint8_t *depth = keep_alloc(p, m->n_signals);

	if (!order || !depth)
		return false;
	/* Breaking a circle changes the depth of others: all circles first. */
	for (uint32_t i = 0; i < m->n_signals; i++)
		(void)depth_of(p, m, &m->signals[i]);
	for (uint32_t i = 0; i < m->n_signals; i++)
		depth[i] = (uint8_t)depth_of(p, m, &m->signals[i]);
	for (uint32_t d = 0; d <= MUX_DEPTH_MAX && n < m->n_signals; d++) {
		for (uint32_t i = 0; i < m->n_signals; i++) {
			if (depth[i] == d)
				order[n++] = i;
		}
	}
	m->order = order;
	return true;
}

/* ---- bits ---- */

static void compile(struct dbc_signal *s)
{
	uint32_t first, last; /* bits, counted in the order of their significance on the wire */

	if (s->big_endian) {
		/* Bit 7 of a byte comes first. */
		first = (s->start & ~7u) + (7 - s->start % 8);
		last = first + s->bits - 1;
		s->shift = (uint8_t)(first % 8);
	} else {
		first = s->start;
		last = first + s->bits - 1u;
		s->shift = (uint8_t)(first % 8);
	}
	s->byte = (uint16_t)(first / 8);
	s->end = (uint16_t)(last / 8 + 1);
	s->span = s->type == DBC_BYTES ? 0 : (uint8_t)(s->end - s->byte);
	s->mask = s->bits >= 64 ? UINT64_MAX : (UINT64_C(1) << s->bits) - 1;
}

/* ---- finding by identifier ---- */

static uint32_t slot_of_id(const struct dbc_priv *v, uint32_t id)
{
	uint64_t h = id * UINT64_C(0x9e3779b97f4a7c15);

	return (uint32_t)(h >> 32) & (v->cap - 1);
}

/* The first message of an identifier stays. */
static void put_id(struct dbc *db, uint32_t *table, uint32_t id, uint32_t index, bool pgn)
{
	for (uint32_t i = slot_of_id(db->priv, id);; i = (i + 1) & (db->priv->cap - 1)) {
		uint32_t have;

		if (!table[i]) {
			table[i] = index + 1;
			return;
		}
		have = db->messages[table[i] - 1].can_id;
		if ((pgn ? dbc_pgn(have) : have) == id)
			return;
	}
}

static bool index_ids(struct dbc *db)
{
	struct dbc_priv *v = db->priv;

	v->cap = 16;
	while (v->cap < 2 * db->n_messages)
		v->cap *= 2;
	v->by_id = calloc(2 * (size_t)v->cap, sizeof(*v->by_id));
	if (!v->by_id)
		return false;
	v->by_pgn = v->by_id + v->cap;
	for (uint32_t i = 0; i < db->n_messages; i++) {
		uint32_t id = db->messages[i].can_id;

		put_id(db, v->by_id, id, i, false);
		if (id & CAN_EFF_FLAG)
			put_id(db, v->by_pgn, dbc_pgn(id), i, true);
	}
	return true;
}

static const struct dbc_message *get_id(
	const struct dbc *db, const uint32_t *table, uint32_t id, bool pgn)
{
	for (uint32_t i = slot_of_id(db->priv, id); table[i]; i = (i + 1) & (db->priv->cap - 1)) {
		const struct dbc_message *m = &db->messages[table[i] - 1];

		if ((pgn ? dbc_pgn(m->can_id) : m->can_id) == id)
			return m;
	}
	return NULL;
}

uint32_t dbc_pgn(uint32_t can_id)
{
	uint32_t pgn = (can_id & CAN_EFF_MASK) >> 8 & 0x3ffff;

	/* PDU 1: the low byte is the destination. */
	return (pgn >> 8 & 0xff) < 240 ? pgn & 0x3ff00 : pgn;
}

const struct dbc_message *dbc_find(const struct dbc *db, uint32_t can_id)
{
	uint32_t id = can_id & CAN_EFF_FLAG ? can_id & (CAN_EFF_FLAG | CAN_EFF_MASK)
					    : can_id & CAN_SFF_MASK;

	return get_id(db, db->priv->by_id, id, false);
}

const struct dbc_message *dbc_find_pgn(const struct dbc *db, uint32_t can_id)
{
	return can_id & CAN_EFF_FLAG ? get_id(db, db->priv->by_pgn, dbc_pgn(can_id), true) : NULL;
}

const struct dbc_message *dbc_match(const struct dbc *db, uint32_t can_id)
{
	const struct dbc_message *m = dbc_find(db, can_id);

	if (m)
		return m;
	m = dbc_find_pgn(db, can_id);
	return m && m->j1939 ? m : NULL;
}

/* ---- all of it ---- */

/* Long names are names too; a name that two have is the first one's. */
static bool index_names(struct parse *p)
{
	struct names *t = &p->priv->names;

	for (uint32_t i = 0; i < p->db->n_nodes; i++) {
		struct dbc_node *n = &p->db->nodes[i];

		if (names_add(t, SCOPE_NODE_LONG, n->name, strlen(n->name), n, NULL) < 0)
			return false;
	}
	for (uint32_t i = 0; i < p->db->n_messages; i++) {
		struct dbc_message *m = &p->db->messages[i];

		if (names_add(t, SCOPE_MESSAGE, m->name, strlen(m->name), m, NULL) < 0 ||
			names_add(t, SCOPE_MESSAGE, m->short_name, strlen(m->short_name), m, NULL) <
				0)
			return false;
		for (uint32_t k = 0; k < m->n_signals; k++) {
			struct dbc_signal *s = &m->signals[k];
			size_t len = strlen(s->name);

			if (names_add(t, SCOPE_SIGNALS + (uint64_t)i, s->name, len, s, NULL) < 0 ||
				names_add(t, SCOPE_ANY_SIGNAL, s->name, len, s, NULL) < 0)
				return false;
		}
	}
	return true;
}

bool link_database(struct parse *p)
{
	struct dbc *db = p->db;
	bool j1939 = is_j1939(p);

	{
		struct dbc_group *a;
		uint32_t n = 0;

		for (struct group_list *l = p->groups; l; l = l->next)
			n++;
		a = keep_alloc(p, n * sizeof(*a));
		if (!a)
			return false;
		db->groups = a;
		db->n_groups = n;
		for (struct group_list *l = p->groups; l; l = l->next)
			*a++ = l->g;
	}
	for (uint32_t i = 0; i < db->n_nodes; i++)
		db->nodes[i].name = long_name(
			p, db->nodes[i].attrs, DBC_NODE, "SystemNodeLongSymbol", db->nodes[i].name);
	for (uint32_t i = 0; i < db->n_messages; i++) {
		struct dbc_message *m = &db->messages[i];

		message_attributes(p, m, j1939);
		long_node_names(p, m->senders, m->n_senders);
		find_selectors(p, m);
		if (!order_signals(p, m))
			return false;
		for (uint32_t k = 0; k < m->n_signals; k++) {
			signal_attributes(p, &m->signals[k]);
			compile(&m->signals[k]);
		}
	}
	return index_names(p) && index_ids(db) && !p->s.oom;
}
