/* SPDX-License-Identifier: Apache-2.0 */
/* Statements about what was declared: comments, attribute values, value names, multiplexing. */
#include <stdio.h>
#include <string.h>

#include "sim/dbc/priv.h"

/* What a statement is about, and where it says so. */
struct about {
	enum dbc_object of;
	struct dbc_node *node;
	struct dbc_message *message;
	struct dbc_signal *signal;
	struct dbc_envvar *envvar;
	bool known; /* false: nothing of the database, or of a message that was left out */
};

static struct dbc_message *message_of(struct parse *p, uint64_t id)
{
	struct dbc_message *m = NULL;
	char key[32];

	/* Written with and without bit 31 by the same file: both are meant. */
	for (uint64_t flip = 0; !m && flip <= CAN_EFF_FLAG; flip += CAN_EFF_FLAG) {
		int n = snprintf(key, sizeof(key), "#%llu", (unsigned long long)(id ^ flip));

		m = names_get(&p->priv->names, SCOPE_MESSAGE_ID, key, (size_t)n);
	}
	return m;
}

static struct dbc_signal *signal_of(struct parse *p, struct dbc_message *m, struct piece name)
{
	for (;; m = &p->db->messages[m->same_id]) {
		uint64_t scope = SCOPE_SIGNALS + (uint64_t)(m - p->db->messages);
		struct dbc_signal *s = names_get(&p->priv->names, scope, name.s, name.n);

		if (s || !m->same_id)
			return s;
	}
}

/* Identifiers name messages: what is said of one is said of all that have it. NULL at the end. */
static struct dbc_message *next_alike(struct parse *p, const struct dbc_message *m)
{
	return m->same_id ? &p->db->messages[m->same_id] : NULL;
}

/* The same for signals: those of the same name in messages of the same identifier. */
static struct dbc_signal *next_signal_alike(struct parse *p, const struct dbc_signal *sig)
{
	struct piece name = { .s = sig->name, .n = strlen(sig->name) };
	struct dbc_message *m = next_alike(p, sig->message);

	return m ? signal_of(p, m, name) : NULL;
}

static bool is_ghost(const struct parse *p, const struct dbc_message *m)
{
	return m - p->db->messages >= (ptrdiff_t)p->db->n_messages;
}

static bool read_message_ref(struct parse *p, struct about *a)
{
	struct scan *s = &p->s;
	const char *at;
	uint64_t id;

	scan_blank(s);
	at = s->p;
	if (!scan_uint(s, UINT64_MAX - 1, &id))
		return false;
	a->of = DBC_MESSAGE;
	if (p->pass != 2)
		return true;
	a->message = message_of(p, id);
	a->known = a->message && !is_ghost(p, a->message);
	if (!a->message)
		scan_tell(
			s, DIAG_WARNING, at, (size_t)(s->p - at), "no message has this identifier");
	return true;
}

static bool read_signal_ref(struct parse *p, struct about *a)
{
	struct scan *s = &p->s;
	struct piece w;

	if (!read_message_ref(p, a))
		return false;
	a->of = DBC_SIGNAL;
	w = scan_peek(s);
	if (w.n == 0)
		return scan_name(s, &w);
	s->p += w.n;
	if (!a->message)
		return true;
	a->signal = signal_of(p, a->message, w);
	a->known = a->known && a->signal;
	if (!a->signal)
		scan_tell(s, DIAG_WARNING, w.s, w.n, "message %s has no signal %.*s",
			a->message->name, (int)MIN(w.n, 100u), w.s);
	return true;
}

static bool read_node_ref(struct parse *p, struct about *a)
{
	struct scan *s = &p->s;
	struct piece w = scan_peek(s);

	if (w.n == 0)
		return scan_name(s, &w);
	s->p += w.n;
	a->of = DBC_NODE;
	if (p->pass != 2)
		return true;
	a->node = names_get(&p->priv->names, SCOPE_NODE_READ, w.s, w.n);
	a->known = a->node != NULL;
	if (!a->node && !piece_is(w, "Vector__XXX"))
		scan_tell(s, DIAG_WARNING, w.s, w.n, "no node of BU_ is called %.*s",
			(int)MIN(w.n, 100u), w.s);
	return true;
}

static bool read_envvar_ref(struct parse *p, struct about *a)
{
	struct scan *s = &p->s;
	struct piece w;

	if (!scan_name(s, &w))
		return false;
	a->of = DBC_ENVVAR;
	if (p->pass != 2)
		return true;
	a->envvar = names_get(&p->priv->names, SCOPE_ENVVAR, w.s, w.n);
	a->known = a->envvar != NULL;
	if (!a->envvar)
		scan_tell(s, DIAG_WARNING, w.s, w.n, "no environment variable is called %.*s",
			(int)MIN(w.n, 100u), w.s);
	return true;
}

/* BU_ node, BO_ id, SG_ id signal, EV_ name, or nothing: the network. */
static bool read_about(struct parse *p, struct about *a)
{
	struct piece w = scan_peek(&p->s);

	*a = (struct about){ .of = DBC_NETWORK, .known = true };
	if (piece_is(w, "BU_")) {
		p->s.p += w.n;
		return read_node_ref(p, a);
	}
	if (piece_is(w, "BO_")) {
		p->s.p += w.n;
		return read_message_ref(p, a);
	}
	if (piece_is(w, "SG_")) {
		p->s.p += w.n;
		return read_signal_ref(p, a);
	}
	if (piece_is(w, "EV_")) {
		p->s.p += w.n;
		return read_envvar_ref(p, a);
	}
	return true;
}

bool read_comment(struct parse *p)
{
	struct scan *s = &p->s;
	struct piece w = scan_peek(s), text;
	const char *c;
	struct about a;

	if (piece_is(w, "SG_") || (w.n && w.s[0] >= '0' && w.s[0] <= '9')) {
		/* Some leave out the signal, or the keyword: nobody knows whom they mean. */
		const char *back = s->p;
		uint64_t id;

		if (piece_is(w, "SG_"))
			s->p += w.n;
		scan_blank(s);
		if (scan_uint(s, UINT64_MAX - 1, &id) && scan_peek(s).n == 0) {
			scan_tell(s, DIAG_WARNING, w.s, w.n,
				"a comment of nothing: CM_ SG_ needs an identifier and a signal, CM_ "
				"BO_ an identifier");
			return scan_string(s, &text) && end_statement(p);
		}
		s->p = back;
	}
	if (!read_about(p, &a) || !scan_string(s, &text) || !end_statement(p))
		return false;
	if (p->pass != 2 || !a.known)
		return true;
	c = keep(p, text);
	if (a.of == DBC_NETWORK)
		p->db->comment = c;
	else if (a.node)
		a.node->comment = c;
	else if (a.of == DBC_MESSAGE)
		for (struct dbc_message *m = a.message; m; m = next_alike(p, m))
			m->comment = c;
	else if (a.of == DBC_SIGNAL)
		for (struct dbc_signal *o = a.signal; o; o = next_signal_alike(p, o))
			o->comment = c;
	else if (a.envvar)
		a.envvar->comment = c;
	return true;
}

/* ---- attributes ---- */

static bool read_value(
	struct parse *p, const struct dbc_attr_def *def, struct dbc_attr *o, const char *name_at)
{
	struct scan *s = &p->s;
	struct piece text;

	scan_blank(s);
	if (s->p == s->end || *s->p != '"')
		return scan_number(s, &o->number) && end_statement(p);
	if (!scan_string(s, &text) || !end_statement(p))
		return false;
	if (p->pass != 2 || !def)
		return true;
	o->text = keep(p, text);
	if (def->type == DBC_ATTR_STRING)
		return true;
	if (def->type == DBC_ATTR_ENUM) {
		for (uint32_t i = 0; i < def->n_names; i++) {
			if (strcmp(def->names[i], o->text) == 0) {
				o->number = i;
				return true;
			}
		}
	} else if (piece_number(text, &o->number)) {
		o->text = NULL;
		return true;
	}
	o->number = -1;
	scan_tell(s, DIAG_WARNING, text.s, MAX(text.n, 1u), "%s has no such value", def->name);
	(void)name_at;
	return true;
}

static void attach(struct parse *p, const struct dbc_attr **list, struct dbc_attr value)
{
	struct dbc_attr *v = keep_alloc(p, sizeof(*v));

	if (!v)
		return;
	*v = value;
	if (v->def->type == DBC_ATTR_ENUM && !v->text && v->number >= 0 &&
		v->number < v->def->n_names)
		v->text = v->def->names[(uint32_t)v->number];
	v->next = *list;
	*list = v;
}

static void attach_all(struct parse *p, const struct about *a, struct dbc_attr value)
{
	if (a->of == DBC_NETWORK)
		attach(p, &p->db->attrs, value);
	else if (a->node)
		attach(p, &a->node->attrs, value);
	else if (a->envvar)
		attach(p, &a->envvar->attrs, value);
	else if (a->signal)
		for (struct dbc_signal *s = a->signal; s; s = next_signal_alike(p, s))
			attach(p, &s->attrs, value);
	else if (a->of == DBC_MESSAGE)
		for (struct dbc_message *m = a->message; m; m = next_alike(p, m))
			attach(p, &m->attrs, value);
}

static const struct dbc_attr_def *def_of(
	struct parse *p, struct piece name, bool relation, enum dbc_object of)
{
	uint64_t scope = (uint64_t)(relation ? SCOPE_ATTR_REL : SCOPE_ATTR) + of;
	struct def_list *l;

	if (p->pass != 2)
		return NULL;
	l = names_get(&p->priv->names, scope, name.s, name.n);
	if (!l)
		scan_tell(&p->s, DIAG_WARNING, name.s, name.n,
			"no such attribute is defined for this kind of object");
	return l ? &l->d : NULL;
}

bool read_attr(struct parse *p)
{
	struct dbc_attr v = { .number = 0 };
	struct piece name;
	struct about a;

	if (!scan_string(&p->s, &name) || !read_about(p, &a))
		return false;
	v.def = def_of(p, name, false, a.of);
	if (!read_value(p, v.def, &v, name.s))
		return false;
	if (p->pass == 2 && v.def && a.known)
		attach_all(p, &a, v);
	return true;
}

/* BA_REL_ "name" BU_SG_REL_ node SG_ id signal value;  BU_BO_REL_ node id;  BU_EV_REL_ node name */
bool read_attr_rel(struct parse *p)
{
	struct dbc_attr v = { .number = 0 };
	struct scan *s = &p->s;
	struct about of_node = { .known = false }, a = { .known = false };
	struct piece name, w, node;
	bool ok;

	if (!scan_string(s, &name))
		return false;
	w = scan_peek(s);
	s->p += w.n;
	node = scan_peek(s);
	if (!read_node_ref(p, &of_node))
		return false;
	if (piece_is(w, "BU_SG_REL_")) {
		struct piece sg = scan_peek(s);

		if (piece_is(sg, "SG_"))
			s->p += sg.n;
		ok = read_signal_ref(p, &a);
	} else if (piece_is(w, "BU_BO_REL_")) {
		ok = read_message_ref(p, &a);
	} else if (piece_is(w, "BU_EV_REL_")) {
		ok = read_envvar_ref(p, &a);
	} else {
		scan_tell(s, DIAG_ERROR, w.s, MAX(w.n, 1u),
			"a relation is BU_SG_REL_, BU_BO_REL_ or BU_EV_REL_");
		return false;
	}
	if (!ok)
		return false;
	v.def = def_of(p, name, true, a.of);
	if (!read_value(p, v.def, &v, name.s))
		return false;
	if (p->pass == 2 && v.def && a.known) {
		v.node = keep(p, node);
		attach_all(p, &a, v);
	}
	return true;
}

/* ---- values ---- */

/* VAL_ id signal values;  VAL_ envvar values; and, in some files, VAL_ id signal table; */
bool read_vals(struct parse *p)
{
	const struct dbc_named *list = NULL;
	struct scan *s = &p->s;
	struct piece w = scan_peek(s);
	struct about a = { .known = false };
	uint32_t n = 0;

	if (w.n && w.s[0] >= '0' && w.s[0] <= '9' ? !read_signal_ref(p, &a)
						  : !read_envvar_ref(p, &a))
		return false;
	w = scan_peek(s);
	if (w.n && (w.s[0] < '0' || w.s[0] > '9') && w.s[0] != '-' && w.s[0] != '+' &&
		!statement_of(w)) {
		s->p += w.n;
		for (uint32_t i = 0; i < p->db->n_tables && !list; i++) {
			if (piece_is(w, p->db->tables[i].name)) {
				list = p->db->tables[i].values;
				n = p->db->tables[i].n_values;
			}
		}
		if (!list)
			scan_tell(s, DIAG_WARNING, w.s, w.n, "no VAL_TABLE_ is called that");
		if (!end_statement(p))
			return false;
	} else if (!read_values(p, &list, &n)) {
		return false;
	}
	if (p->pass != 2 || !a.known || !list)
		return true;
	if (a.of == DBC_SIGNAL) {
		for (struct dbc_signal *o = a.signal; o; o = next_signal_alike(p, o)) {
			o->values = list;
			o->n_values = n;
		}
	} else {
		a.envvar->values = list;
		a.envvar->n_values = n;
	}
	return true;
}

bool read_valtype(struct parse *p)
{
	struct scan *s = &p->s;
	struct about a = { .known = false };
	const char *at;
	uint64_t type;

	if (!read_signal_ref(p, &a))
		return false;
	(void)scan_is(s, ':');
	scan_blank(s);
	at = s->p;
	if (!scan_uint(s, 3, &type) || !end_statement(p))
		return false;
	if (p->pass != 2 || !a.known || type == 0 || type == 3)
		return true;
	for (struct dbc_signal *o = a.signal; o; o = next_signal_alike(p, o)) {
		if (o->bits == (type == 1 ? 32 : 64))
			o->type = type == 1 ? DBC_FLOAT32 : DBC_FLOAT64;
		else
			scan_tell(s, DIAG_ERROR, at, 1,
				"a float has 32 bits, a double 64, and %s has %u: it stays an "
				"integer",
				o->name, o->bits);
	}
	return true;
}

/* ---- multiplexing ---- */

static bool add_ranges(struct parse *p, struct dbc_signal *sig)
{
	struct scan *s = &p->s;
	struct dbc_range *list = NULL;
	uint32_t n = 0, cap = 0;

	do {
		struct dbc_range r;
		const char *at;

		if (!scan_uint(s, UINT64_MAX - 1, &r.first))
			return false;
		at = s->p;
		if (!scan_want(s, '-') || !scan_uint(s, UINT64_MAX - 1, &r.last))
			return false;
		if (r.last < r.first)
			scan_tell(s, DIAG_WARNING, at, 1, "the range is empty: it runs backwards");
		if (!sig)
			continue;
		list = keep_more(p, list, n, &cap, sizeof(*list));
		if (!list)
			return false;
		list[n++] = r;
	} while (scan_is(s, ','));
	if (!sig || !n)
		return true;
	/* A signal may have several statements: they add up. */
	if (sig->n_when) {
		struct dbc_range *both = keep_alloc(p, ((size_t)n + sig->n_when) * sizeof(*both));

		if (!both)
			return false;
		memcpy(both, sig->when, sig->n_when * sizeof(*both));
		memcpy(both + sig->n_when, list, n * sizeof(*both));
		list = both;
	}
	sig->when = list;
	sig->n_when += n;
	return true;
}

/* SG_MUL_VAL_ id signal selector 0-3, 5-5; */
bool read_mul_val(struct parse *p)
{
	struct scan *s = &p->s;
	struct about a = { .known = false };
	struct dbc_signal *selector = NULL, *sig = NULL;
	struct piece w;

	if (!read_signal_ref(p, &a))
		return false;
	w = scan_peek(s);
	if (w.n == 0)
		return scan_name(s, &w);
	s->p += w.n;
	if (p->pass == 2 && a.known && a.signal) {
		sig = a.signal;
		selector = signal_of(p, a.message, w);
		if (!selector)
			scan_tell(s, DIAG_ERROR, w.s, w.n, "message %s has no signal %.*s",
				a.message->name, (int)MIN(w.n, 100u), w.s);
		else if (selector == sig || selector->message != sig->message)
			scan_tell(s, DIAG_ERROR, w.s, w.n, "a signal cannot select itself");
		else if (sig->mux >= 0 && !(sig->span & 1) &&
			 sig->mux != (int32_t)dbc_signal_index(selector))
			scan_tell(s, DIAG_ERROR, w.s, w.n, "%s has another selector already: %s",
				sig->name, sig->message->signals[sig->mux].name);
		else
			goto good;
		sig = NULL;
	}
	return add_ranges(p, NULL) && end_statement(p);
good:
	/* What mN says is said again here, and more exactly. */
	if (sig->span & 1) {
		sig->n_when = 0;
		sig->span &= 0xfe;
	}
	selector->selector = true;
	sig->mux = (int32_t)dbc_signal_index(selector);
	return add_ranges(p, sig) && end_statement(p);
}

/* ---- the rest ---- */

/* BO_TX_BU_ id : node,node; the senders besides the one of BO_. */
bool read_senders(struct parse *p)
{
	const char *const *list = NULL;
	const char **all;
	struct about a = { .known = false };
	struct dbc_message *m;
	uint32_t n = 0;

	if (!read_message_ref(p, &a))
		return false;
	(void)scan_is(&p->s, ':');
	if (!read_names(p, ';', &list, &n) || !end_statement(p))
		return false;
	if (p->pass != 2 || !a.known || !n)
		return true;
	m = a.message;
	all = keep_alloc(p, ((size_t)n + m->n_senders) * sizeof(*all));
	if (!all)
		return false;
	if (m->n_senders)
		memcpy(all, m->senders, m->n_senders * sizeof(*all));
	for (uint32_t i = 0; i < n; i++) {
		bool known = false;

		for (uint32_t k = 0; k < m->n_senders && !known; k++)
			known = strcmp(all[k], list[i]) == 0;
		if (!known)
			all[m->n_senders++] = list[i];
	}
	m->senders = all;
	return true;
}

/* SIG_GROUP_ id name repetitions : signal signal; */
bool read_group(struct parse *p)
{
	const char *const *list = NULL;
	const struct dbc_signal **sigs;
	struct about a = { .known = false };
	struct group_list *l;
	struct piece name;
	uint64_t repeat;
	uint32_t n = 0;

	if (!read_message_ref(p, &a) || !scan_name(&p->s, &name) ||
		!scan_uint(&p->s, UINT32_MAX, &repeat))
		return false;
	(void)scan_is(&p->s, ':');
	if (!read_names(p, ';', &list, &n) || !end_statement(p))
		return false;
	if (p->pass != 2 || !a.known)
		return true;
	l = keep_alloc(p, sizeof(*l));
	sigs = keep_alloc(p, n * sizeof(*sigs));
	if (!l || !sigs)
		return false;
	l->g.name = keep(p, name);
	l->g.message = a.message;
	l->g.signals = sigs;
	for (uint32_t i = 0; i < n; i++) {
		struct piece w = { .s = list[i], .n = strlen(list[i]) };
		struct dbc_signal *sig = signal_of(p, a.message, w);

		if (sig)
			sigs[l->g.n_signals++] = sig;
		else
			scan_tell(&p->s, DIAG_WARNING, name.s, name.n,
				"the group has a signal that message %s has not: %s",
				a.message->name, list[i]);
	}
	*p->group_last = l;
	p->group_last = &l->next;
	return true;
}

bool read_envvar_data(struct parse *p)
{
	struct about a = { .known = false };
	uint64_t bytes;

	if (!read_envvar_ref(p, &a) || !scan_want(&p->s, ':') ||
		!scan_uint(&p->s, UINT32_MAX, &bytes) || !end_statement(p))
		return false;
	if (p->pass == 2 && a.known) {
		a.envvar->type = 3;
		a.envvar->data_bytes = (uint32_t)bytes;
	}
	return true;
}
