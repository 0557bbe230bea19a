/* SPDX-License-Identifier: Apache-2.0 */
/* Statements that declare: nodes, messages, signals, tables, attributes, environment variables. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/dbc/priv.h"

/* Pseudo message of CANdb++ that holds the signals of no message. */
#define INDEPENDENT_NAME "VECTOR__INDEPENDENT_SIG_MSG"

bool read_nodes(struct parse *p)
{
	const char *const *list = NULL;
	size_t at = (size_t)(p->s.p - p->s.text) - 3; /* of BU_ */
	uint32_t n;

	(void)scan_is(&p->s, ':');
	if (!read_names(p, '\n', &list, &n))
		return false;
	(void)scan_is(&p->s, ';');
	for (uint32_t i = 0; p->pass == 1 && i < n; i++) {
		struct node_list *l;

		if (names_get(&p->priv->names, SCOPE_NODE, list[i], strlen(list[i])))
			continue;
		l = keep_alloc(p, sizeof(*l));
		if (!l)
			return false;
		l->n.name = l->n.short_name = list[i];
		l->n.comment = "";
		l->n.off = at;
		*p->node_last = l;
		p->node_last = &l->next;
		if (names_add(&p->priv->names, SCOPE_NODE, list[i], strlen(list[i]), l, NULL) < 0)
			p->s.oom = true;
	}
	return true;
}

/* ---- messages ---- */

/* The identifier on the bus; bit 31 says that it has 29 bits. False: it is none. */
static bool frame_id(struct parse *p, const char *at, size_t len, uint64_t id, uint32_t *out)
{
	if (id > CAN_EFF_FLAG + (uint64_t)CAN_EFF_MASK ||
		(id < CAN_EFF_FLAG && id > CAN_EFF_MASK)) {
		scan_tell(&p->s, DIAG_ERROR, at, len,
			"0x%llx is no identifier: 11 bits, or 29 bits with bit 31 set; the message is "
			"left out",
			(unsigned long long)id);
		return false;
	}
	if (id < CAN_EFF_FLAG && id > CAN_SFF_MASK) {
		scan_tell(&p->s, DIAG_WARNING, at, len,
			"0x%llx has more than 11 bits, but not bit 31: taken for one of 29 bits",
			(unsigned long long)id);
		id |= CAN_EFF_FLAG;
	}
	*out = (uint32_t)id;
	return true;
}

static bool add_message(struct parse *p, struct piece id_at, uint64_t id, struct piece name,
	uint64_t len, struct piece sender)
{
	struct msg_node *m = keep_alloc(p, sizeof(*m)), *other;
	const char *id_text;
	void *old = NULL;
	int rc;

	if (!m)
		return false;
	m->dbc_id = id;
	m->last = &m->first;
	m->m.name = m->m.short_name = keep(p, name);
	m->m.comment = m->m.send_type = "";
	m->m.len = (uint32_t)len;
	m->m.off = (size_t)(id_at.s - p->s.text);
	if (piece_is(name, INDEPENDENT_NAME))
		m->ghost = true;
	else
		m->ghost = !frame_id(p, id_at.s, id_at.n, id, &m->m.can_id);
	if (sender.n && !piece_is(sender, "Vector__XXX")) {
		const char **list = keep_alloc(p, sizeof(*list));

		if (!list)
			return false;
		list[0] = keep(p, sender);
		m->m.senders = list;
		m->m.n_senders = 1;
	}
	id_text = arena_printf(p->a, "%llu", (unsigned long long)id);
	if (!id_text) {
		p->s.oom = true;
		return false;
	}
	rc = names_add(&p->priv->names, SCOPE_MESSAGE_ID, id_text, strlen(id_text), m, &old);
	other = old;
	if (rc > 0) {
		uint32_t line = diag_line(p->s.src, other->m.off, NULL);

		scan_tell(&p->s, DIAG_WARNING, id_at.s, id_at.n,
			"the identifier %s is message %s's (line %u) already: this one is found by its "
			"name only",
			id_text, other->m.name, line);
	}
	if (rc < 0)
		p->s.oom = true;
	*p->msg_last = m;
	p->msg_last = &m->next;
	p->cur = m;
	p->in_broken = false;
	return true;
}

bool read_message(struct parse *p)
{
	struct scan *s = &p->s;
	struct piece id_at, name, sender;
	uint64_t id, len;

	p->in_broken = true;
	scan_blank(s);
	id_at.s = s->p;
	if (!scan_uint(s, UINT32_MAX, &id))
		return false;
	id_at.n = (size_t)(s->p - id_at.s);
	if (!scan_name(s, &name) || !scan_want(s, ':') || !scan_uint(s, UINT32_MAX, &len))
		return false;
	if (len > DBC_MAX_LEN) {
		scan_tell(
			s, DIAG_ERROR, s->p - 1, 1, "a message has at most %u bytes", DBC_MAX_LEN);
		return false;
	}
	scan_inline(s);
	sender = scan_word(s);
	(void)scan_is(s, ';');
	if (p->pass != 1)
		return true;
	return add_message(p, id_at, id, name, len, sender);
}

/* ---- signals ---- */

/* M, m12, m12M; and m alone, which some write for a selector. */
static bool read_mux_word(struct parse *p, struct piece w, struct sig_node *n)
{
	struct dbc_range *r;
	uint64_t v = 0;
	size_t i = 1;

	if (piece_is(w, "M")) {
		n->s.selector = true;
		return true;
	}
	if (w.n == 0 || w.s[0] != 'm')
		return false;
	if (w.n == 1) {
		n->bare_m = true;
		return true;
	}
	for (; i < w.n && w.s[i] >= '0' && w.s[i] <= '9'; i++) {
		v = v * 10 + (uint64_t)(w.s[i] - '0');
		if (v > UINT32_MAX)
			return false;
	}
	if (i == w.n - 1 && w.s[i] == 'M')
		n->s.selector = true;
	else if (i != w.n)
		return false;
	if (i == 1)
		return false;
	r = keep_alloc(p, sizeof(*r));
	if (!r)
		return false;
	r->first = r->last = v;
	n->s.when = r;
	n->s.n_when = 1;
	n->s.mux = 0; /* somebody; link.c finds whom */
	n->own_range = true;
	return true;
}

/* Limits of long texts are met that no double can be: they limit nothing. */
static bool read_limit(struct scan *s, double *out)
{
	struct piece w = scan_peek(s);

	if (!piece_number(w, out) && !isinf(*out))
		return scan_number(s, out);
	s->p += w.n;
	if (isinf(*out)) {
		scan_tell(s, DIAG_WARNING, w.s, w.n, "the limit is beyond any number");
		*out = *out > 0 ? DBL_MAX : -DBL_MAX;
	}
	return true;
}

/* start|bits@order sign (scale,offset) [min|max] "unit" */
static bool read_layout(struct parse *p, struct dbc_signal *o, struct piece *unit)
{
	struct scan *s = &p->s;
	uint64_t start, bits, order;
	const char *at;

	if (!scan_uint(s, 8 * DBC_MAX_LEN - 1, &start) || !scan_want(s, '|'))
		return false;
	scan_blank(s);
	at = s->p;
	if (!scan_uint(s, 8 * DBC_MAX_LEN, &bits))
		return false;
	if (bits == 0) {
		scan_tell(s, DIAG_ERROR, at, 1, "a signal has at least one bit");
		return false;
	}
	if (!scan_want(s, '@') || !scan_uint(s, 1, &order))
		return false;
	if (scan_is(s, '-'))
		o->type = DBC_SIGNED;
	else if (scan_is(s, '+'))
		o->type = DBC_UNSIGNED;
	else
		return scan_want(s, '+');
	o->start = (uint16_t)start;
	o->bits = (uint16_t)bits;
	o->big_endian = order == 0;
	if (bits > DBC_INT_BITS)
		o->type = DBC_BYTES;
	if (!scan_want(s, '(') || !scan_number(s, &o->scale) || !scan_want(s, ',') ||
		!scan_number(s, &o->offset) || !scan_want(s, ')'))
		return false;
	if (!scan_want(s, '[') || !read_limit(s, &o->min) || !scan_want(s, '|') ||
		!read_limit(s, &o->max) || !scan_want(s, ']'))
		return false;
	return scan_string(s, unit);
}

static bool add_signal(struct parse *p, struct sig_node *n, struct piece name, struct piece unit)
{
	n->s.name = n->s.short_name = keep(p, name);
	n->s.unit = keep(p, unit);
	n->s.comment = "";
	if (n->s.scale == 0) {
		scan_tell(&p->s, DIAG_WARNING, name.s, name.n,
			"the factor is 0: taken for 1, as most readers do");
		n->s.scale = 1;
	}
	*p->cur->last = n;
	p->cur->last = &n->next;
	p->cur->m.n_signals++;
	return true;
}

bool read_signal(struct parse *p)
{
	struct scan *s = &p->s;
	struct sig_node *n = keep_alloc(p, sizeof(*n));
	struct piece name, w, unit = { .n = 0 };
	const char *at = s->p;

	if (!n)
		return false;
	n->s.mux = -1;
	/* What cannot be attributed is read all the same, and forgotten. */
	if (p->pass == 1 && !p->cur && !p->in_broken) {
		scan_tell(s, DIAG_ERROR, at - 3, 3, "a signal without a message in front of it");
		return false;
	}
	if (!scan_name(s, &name))
		return false;
	n->s.off = (size_t)(name.s - s->text);
	scan_blank(s);
	w = scan_word(s);
	if (w.n && !read_mux_word(p, w, n)) {
		scan_tell(s, DIAG_ERROR, w.s, MIN(w.n, 40u),
			"not M, m and a number, or both: '%.*s'", (int)MIN(w.n, 40u), w.s);
		return false;
	}
	if (!scan_want(s, ':') || !read_layout(p, &n->s, &unit) ||
		!read_names(p, '\n', &n->s.receivers, &n->s.n_receivers))
		return false;
	(void)scan_is(s, ';');
	if (n->s.n_receivers == 1 && strcmp(n->s.receivers[0], "Vector__XXX") == 0)
		n->s.n_receivers = 0;
	if (p->pass != 1 || p->in_broken)
		return true;
	return add_signal(p, n, name, unit);
}

/* ---- tables ---- */

bool read_value_table(struct parse *p)
{
	struct dbc_value_table t = { .n_values = 0 };
	struct piece name;
	struct table_list *l;

	if (!scan_name(&p->s, &name) || !read_values(p, &t.values, &t.n_values))
		return false;
	if (p->pass != 1)
		return true;
	t.name = keep(p, name);
	t.off = (size_t)(name.s - p->s.text);
	l = keep_alloc(p, sizeof(*l));
	if (!l)
		return false;
	l->t = t;
	*p->table_last = l;
	p->table_last = &l->next;
	return true;
}

static int by_raw(const void *pa, const void *pb)
{
	const struct dbc_named *a = pa, *b = pb;

	return a->raw < b->raw ? -1 : a->raw > b->raw;
}

bool read_values(struct parse *p, const struct dbc_named **out, uint32_t *n)
{
	struct scan *s = &p->s;
	struct dbc_named *list = NULL;
	uint32_t cap = 0, kept = 0;

	*n = 0;
	for (;;) {
		struct dbc_named v;
		struct piece w;

		scan_blank(s);
		if (s->p == s->end || !((*s->p >= '0' && *s->p <= '9') || strchr("+-.", *s->p)))
			break;
		if (!scan_int(s, &v.raw) || !scan_string(s, &w))
			return false;
		if (p->s.mute)
			continue;
		v.name = keep(p, w);
		list = keep_more(p, list, kept, &cap, sizeof(*list));
		if (!list)
			return false;
		list[kept++] = v;
	}
	if (!end_statement(p))
		return false;
	if (kept)
		qsort(list, kept, sizeof(*list), by_raw);
	*out = list;
	*n = kept;
	return true;
}

/* ---- attributes ---- */

static bool read_attr_type(struct parse *p, struct dbc_attr_def *d)
{
	static const struct {
		const char *word;
		enum dbc_attr_type type;
	} types[] = { { "INT", DBC_ATTR_INT }, { "HEX", DBC_ATTR_HEX }, { "FLOAT", DBC_ATTR_FLOAT },
		{ "STRING", DBC_ATTR_STRING }, { "ENUM", DBC_ATTR_ENUM } };
	struct scan *s = &p->s;
	struct piece w;
	size_t i = 0;

	scan_blank(s);
	w = scan_word(s);
	while (i < ARRAY_SIZE(types) && !piece_is(w, types[i].word))
		i++;
	if (i == ARRAY_SIZE(types)) {
		scan_tell(s, DIAG_ERROR, w.s, MAX(w.n, 1u),
			"an attribute is INT, HEX, FLOAT, STRING or ENUM");
		return false;
	}
	d->type = types[i].type;
	return true;
}

static bool read_enum_names(struct parse *p, struct dbc_attr_def *d)
{
	struct scan *s = &p->s;
	const char **list = NULL;
	uint32_t cap = 0, n = 0;

	for (;;) {
		struct piece w;

		scan_blank(s);
		if (s->p == s->end || *s->p != '"')
			break;
		if (!scan_string(s, &w))
			return false;
		list = keep_more(p, list, n, &cap, sizeof(*list));
		if (!list)
			return false;
		list[n++] = keep(p, w);
		(void)scan_is(s, ',');
	}
	d->names = list;
	d->n_names = n;
	return true;
}

static bool read_def(struct parse *p, struct dbc_attr_def *d)
{
	struct scan *s = &p->s;
	struct def_list *l;
	struct piece name;
	uint64_t scope;
	int rc;

	if (!scan_string(s, &name) || !read_attr_type(p, d))
		return false;
	if (d->type == DBC_ATTR_ENUM) {
		if (!read_enum_names(p, d))
			return false;
	} else if (d->type != DBC_ATTR_STRING) {
		struct piece w = scan_peek(s);

		/* The limits are left out by some. */
		if (w.n && !statement_of(w) &&
			(!scan_number(s, &d->min) || !scan_number(s, &d->max)))
			return false;
	}
	if (!end_statement(p) || p->pass != 1)
		return p->pass != 1;
	l = keep_alloc(p, sizeof(*l));
	if (!l)
		return false;
	d->name = keep(p, name);
	l->d = *d;
	scope = (uint64_t)(d->relation ? SCOPE_ATTR_REL : SCOPE_ATTR) + d->of;
	rc = names_add(&p->priv->names, scope, l->d.name, strlen(l->d.name), l, NULL);
	if (rc < 0)
		p->s.oom = true;
	if (rc > 0)
		scan_tell(s, DIAG_WARNING, name.s, name.n,
			"the attribute is defined already: this definition is not used");
	if (rc != 0)
		return rc > 0;
	*p->def_last = l;
	p->def_last = &l->next;
	return true;
}

bool read_attr_def(struct parse *p)
{
	struct dbc_attr_def d = { .of = DBC_NETWORK };
	struct piece w = scan_peek(&p->s);

	if (w.n) {
		if (piece_is(w, "BU_"))
			d.of = DBC_NODE;
		else if (piece_is(w, "BO_"))
			d.of = DBC_MESSAGE;
		else if (piece_is(w, "SG_"))
			d.of = DBC_SIGNAL;
		else if (piece_is(w, "EV_"))
			d.of = DBC_ENVVAR;
		else
			return scan_want(&p->s, '"');
		p->s.p += w.n;
	}
	return read_def(p, &d);
}

bool read_attr_def_rel(struct parse *p)
{
	struct dbc_attr_def d = { .relation = true };
	struct piece w = scan_peek(&p->s);

	if (piece_is(w, "BU_SG_REL_"))
		d.of = DBC_SIGNAL;
	else if (piece_is(w, "BU_BO_REL_"))
		d.of = DBC_MESSAGE;
	else if (piece_is(w, "BU_EV_REL_"))
		d.of = DBC_ENVVAR;
	else {
		scan_tell(&p->s, DIAG_ERROR, w.s, MAX(w.n, 1u),
			"a relation is BU_SG_REL_, BU_BO_REL_ or BU_EV_REL_");
		return false;
	}
	p->s.p += w.n;
	return read_def(p, &d);
}

static bool read_default(struct parse *p, enum scope scope)
{
	struct scan *s = &p->s;
	struct def_list *first = NULL;
	struct piece name, text = { .n = 0 };
	double number = 0;
	bool is_text;

	if (!scan_string(s, &name))
		return false;
	scan_blank(s);
	is_text = s->p < s->end && *s->p == '"';
	if (is_text ? !scan_string(s, &text) : !scan_number(s, &number))
		return false;
	if (!end_statement(p) || p->pass != 2)
		return p->pass != 2;
	/* A default does not say of what: of every kind of object that has one of that name. */
	for (unsigned int of = 0; of <= DBC_ENVVAR; of++) {
		struct def_list *l =
			names_get(&p->priv->names, (uint64_t)scope + of, keep(p, name), name.n);

		if (!l)
			continue;
		first = l;
		l->d.has_default = true;
		l->d.number = number;
		l->d.text = is_text ? keep(p, text) : NULL;
		for (uint32_t i = 0; l->d.text && i < l->d.n_names; i++) {
			if (strcmp(l->d.names[i], l->d.text) == 0) {
				l->d.number = i;
				break;
			}
		}
		if (!is_text && l->d.type == DBC_ATTR_ENUM && number >= 0 && number < l->d.n_names)
			l->d.text = l->d.names[(uint32_t)number];
		/* Numbers in quotes are met, too. */
		if (is_text && l->d.type < DBC_ATTR_STRING)
			(void)piece_number(text, &l->d.number);
	}
	if (!first)
		scan_tell(s, DIAG_WARNING, name.s, name.n,
			"a default for an attribute that is not defined");
	return true;
}

bool read_attr_default(struct parse *p)
{
	return read_default(p, SCOPE_ATTR);
}

bool read_attr_default_rel(struct parse *p)
{
	return read_default(p, SCOPE_ATTR_REL);
}

/* ---- environment variables ---- */

/* EV_ name: type [min|max] "unit" initial id access node, node; */
bool read_envvar(struct parse *p)
{
	struct dbc_envvar v = { .comment = "" };
	const char *const *nodes = NULL;
	struct scan *s = &p->s;
	struct piece name, unit, access;
	struct ev_list *l;
	uint64_t type, id;
	uint32_t n;

	if (!scan_name(s, &name) || !scan_want(s, ':') || !scan_uint(s, 3, &type) ||
		!scan_want(s, '[') || !scan_number(s, &v.min) || !scan_want(s, '|') ||
		!scan_number(s, &v.max) || !scan_want(s, ']') || !scan_string(s, &unit) ||
		!scan_number(s, &v.initial) || !scan_uint(s, UINT32_MAX, &id) ||
		!scan_name(s, &access) || !read_names(p, ';', &nodes, &n) || !end_statement(p))
		return false;
	if (p->pass != 1)
		return true;
	l = keep_alloc(p, sizeof(*l));
	if (!l)
		return false;
	v.name = keep(p, name);
	v.unit = keep(p, unit);
	v.type = (uint32_t)type;
	/* DUMMY_NODE_VECTOR8000 .. 8003: the type is overruled, it is a string. */
	if (access.n > 4 && access.s[access.n - 4] == '8')
		v.type = 2;
	v.id = (uint32_t)id;
	v.off = (size_t)(name.s - s->text);
	l->e = v;
	*p->ev_last = l;
	p->ev_last = &l->next;
	return true;
}

/* ---- lists to arrays ---- */

static bool flatten_messages(struct parse *p)
{
	struct dbc *db = p->db;
	uint32_t n = 0;

	for (struct msg_node *m = p->msgs; m; m = m->next)
		n += !m->ghost;
	/* Ghosts stay spoken of: they have places behind the database's messages. */
	for (struct msg_node *m = p->msgs; m; m = m->next)
		p->n_ghosts += m->ghost;
	db->messages = keep_alloc(p, ((size_t)n + p->n_ghosts) * sizeof(*db->messages));
	if (!db->messages)
		return false;
	db->n_messages = n;
	n = 0;
	for (int ghosts = 0; ghosts < 2; ghosts++) {
		for (struct msg_node *m = p->msgs; m; m = m->next) {
			struct dbc_message *to = &db->messages[n];
			struct dbc_signal *s;

			if (m->ghost != (ghosts == 1))
				continue;
			*to = m->m;
			to->signals = s = keep_alloc(p, (size_t)to->n_signals * sizeof(*s));
			if (!s)
				return false;
			for (struct sig_node *k = m->first; k; k = k->next, s++) {
				*s = k->s;
				s->message = to;
				/* Told apart until the second pass: see facts.c. */
				s->span = (uint8_t)(k->own_range | k->bare_m << 1);
			}
			if (!ghosts)
				db->n_signals += to->n_signals;
			n++;
		}
	}
	return true;
}

/* Names point at the arrays' entries from now on. */
static bool name_messages(struct parse *p)
{
	struct names *t = &p->priv->names;
	uint32_t n = p->db->n_messages + p->n_ghosts, i = 0, g = p->db->n_messages;

	for (struct msg_node *m = p->msgs; m; m = m->next) {
		struct dbc_message *to = &p->db->messages[m->ghost ? g++ : i++];
		const char *id = arena_printf(p->a, "#%llu", (unsigned long long)m->dbc_id);

		void *old;
		int rc = id ? names_add(t, SCOPE_MESSAGE_ID, id, strlen(id), to, &old) : -1;

		if (rc < 0)
			return false;
		if (rc > 0 && !m->ghost) {
			struct dbc_message *first = old;

			/* Behind the first: the order among the others does not matter. */
			to->same_id = first->same_id;
			first->same_id = (uint32_t)(to - p->db->messages);
		}
	}
	for (i = 0; i < n; i++) {
		struct dbc_message *m = &p->db->messages[i];

		for (uint32_t k = 0; k < m->n_signals; k++) {
			struct dbc_signal *s = &m->signals[k];
			size_t len = strlen(s->name);
			int rc = names_add(t, SCOPE_SIGNALS + (uint64_t)i, s->name, len, s, NULL);

			if (rc < 0)
				return false;
			if (rc > 0 && i < p->db->n_messages)
				diag_add(p->s.d, DIAG_WARNING, p->s.src, s->off, len,
					"%s has a signal of this name already; this one is found "
					"by its place only",
					m->name);
		}
	}
	return true;
}

#define FLATTEN(list, field, count, member)                                   \
	do {                                                                  \
		uint32_t n_ = 0;                                              \
		for (typeof(list) l_ = (list); l_; l_ = l_->next)             \
			n_++;                                                 \
		typeof((list)->member) *a_ = keep_alloc(p, n_ * sizeof(*a_)); \
		if (!a_)                                                      \
			return false;                                         \
		p->db->field = a_;                                            \
		p->db->count = n_;                                            \
		for (typeof(list) l_ = (list); l_; l_ = l_->next)             \
			*a_++ = l_->member;                                   \
	} while (0)

static bool name_others(struct parse *p)
{
	struct dbc *db = p->db;

	for (uint32_t i = 0; i < db->n_nodes; i++) {
		struct dbc_node *n = &db->nodes[i];

		if (names_add(&p->priv->names, SCOPE_NODE_READ, n->name, strlen(n->name), n, NULL) <
			0)
			return false;
	}
	for (uint32_t i = 0; i < db->n_envvars; i++) {
		struct dbc_envvar *v = &db->envvars[i];

		if (names_add(&p->priv->names, SCOPE_ENVVAR, v->name, strlen(v->name), v, NULL) < 0)
			return false;
	}
	return true;
}

bool flatten(struct parse *p)
{
	const struct dbc_attr_def **defs;
	uint32_t n = 0;

	FLATTEN(p->nodes, nodes, n_nodes, n);
	FLATTEN(p->tables, tables, n_tables, t);
	FLATTEN(p->evs, envvars, n_envvars, e);
	for (struct def_list *l = p->defs; l; l = l->next)
		n++;
	defs = keep_alloc(p, n * sizeof(*defs));
	if (!defs)
		return false;
	p->db->attr_defs = defs;
	p->db->n_attr_defs = n;
	/* Not copied: defaults come in the second pass. */
	for (struct def_list *l = p->defs; l; l = l->next)
		*defs++ = &l->d;
	return flatten_messages(p) && name_messages(p) && name_others(p);
}
