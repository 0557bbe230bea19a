/* SPDX-License-Identifier: Apache-2.0 */
/* What is legal in a database, but likely wrong; see dbc_lint(). */
#include <math.h>
#include <string.h>
#include <strings.h>

#include "sim/dbc/priv.h"

/* Beyond this many signals a message's pairs are not compared: none that people write has them. */
#define PAIRS_MAX 2000u

struct lint {
	const struct dbc *db;
	struct diags *d;
	bool has_cycles; /* the file knows GenMsgCycleTime */
};

static void tell(const struct lint *l, enum diag_level level, size_t off, const char *name,
	const char *fmt, ...) PRINTF_LIKE(5, 6);

static void tell(const struct lint *l, enum diag_level level, size_t off, const char *name,
	const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	diag_add(l->d, level, l->db->src, off, strlen(name), "%s", text);
}

/* ---- places ---- */

/* Which bits of a byte a signal has. */
static uint8_t bits_of(const struct dbc_signal *s, uint32_t byte)
{
	uint32_t first = s->byte * 8u + s->shift, last = first + s->bits - 1, m = 0;

	for (uint32_t i = 0; i < 8; i++) {
		uint32_t at = byte * 8 + (s->big_endian ? 7 - i : i);

		if (at >= first && at <= last)
			m |= 1u << i;
	}
	return (uint8_t)m;
}

static bool share_bits(const struct dbc_signal *a, const struct dbc_signal *b)
{
	uint32_t to = MIN(a->end, b->end);

	for (uint32_t i = MAX(a->byte, b->byte); i < to; i++) {
		if (bits_of(a, i) & bits_of(b, i))
			return true;
	}
	return false;
}

static bool ranges_meet(const struct dbc_signal *a, const struct dbc_signal *b)
{
	for (uint32_t i = 0; i < a->n_when; i++) {
		for (uint32_t k = 0; k < b->n_when; k++) {
			if (a->when[i].first <= b->when[k].last &&
				b->when[k].first <= a->when[i].last)
				return true;
		}
	}
	return false;
}

/* Whether one selector can never choose both, anywhere above them. */
static bool exclude(const struct dbc_signal *a, const struct dbc_signal *b)
{
	const struct dbc_signal *all = a->message->signals;

	for (const struct dbc_signal *x = a; x->mux >= 0; x = &all[x->mux]) {
		for (const struct dbc_signal *y = b; y->mux >= 0; y = &all[y->mux]) {
			if (x->mux == y->mux && x != y && !ranges_meet(x, y))
				return true;
		}
	}
	return false;
}

static void lint_overlaps(const struct lint *l, const struct dbc_message *m)
{
	for (uint32_t i = 0; i < MIN(m->n_signals, PAIRS_MAX); i++) {
		const struct dbc_signal *a = &m->signals[i];

		for (uint32_t k = 0; k < i; k++) {
			const struct dbc_signal *b = &m->signals[k];

			if (!share_bits(a, b) || exclude(a, b))
				continue;
			tell(l, DIAG_ERROR, a->off, a->short_name,
				"overlaps %s, which is in the same payloads of %s", b->name,
				m->name);
		}
	}
}

/* ---- numbers ---- */

static void lint_numbers(const struct lint *l, const struct dbc_signal *s)
{
	double a, b, lo, hi, slack = fabs(s->scale);
	struct dbc_signal plain = *s;

	if (s->min > s->max)
		tell(l, DIAG_WARNING, s->off, s->short_name,
			"the limits are the wrong way round: [%g|%g]", s->min, s->max);
	if (s->type != DBC_SIGNED && s->type != DBC_UNSIGNED)
		return;
	a = s->type == DBC_SIGNED ? -ldexp(1, s->bits - 1) : 0;
	b = ldexp(1, s->type == DBC_SIGNED ? s->bits - 1 : s->bits) - 1;
	lo = MIN(a * s->scale, b * s->scale) + s->offset;
	hi = MAX(a * s->scale, b * s->scale) + s->offset;
	if (s->min < s->max && (s->min < lo - slack || s->max > hi + slack))
		tell(l, DIAG_WARNING, s->off, s->short_name,
			"the limits [%g|%g] go beyond what the bits can hold: [%g|%g]", s->min,
			s->max, lo, hi);
	for (uint32_t i = 0; i < s->n_values; i++) {
		double v = (double)s->values[i].raw;

		if (v < a || v > b) {
			tell(l, DIAG_WARNING, s->off, s->short_name,
				"the value %lld \"%s\" does not fit into %u %s bits",
				(long long)s->values[i].raw, s->values[i].name, s->bits,
				s->type == DBC_SIGNED ? "signed" : "unsigned");
			break;
		}
	}
	for (uint32_t i = 1; i < s->n_values; i++) {
		if (s->values[i].raw == s->values[i - 1].raw) {
			tell(l, DIAG_WARNING, s->off, s->short_name, "the value %lld has two names",
				(long long)s->values[i].raw);
			break;
		}
	}
	if (s->has_start) {
		uint8_t payload[DBC_MAX_LEN + 9];

		plain.byte = plain.shift = 0;
		plain.big_endian = false;
		plain.end = (uint16_t)((s->bits + 7) / 8);
		if (dbc_put(&plain, payload, sizeof(payload), s->start_raw) < 0)
			tell(l, DIAG_WARNING, s->off, s->short_name,
				"the start value %lld does not fit into the bits",
				(long long)s->start_raw);
	}
}

/* ---- nodes ---- */

static bool is_node(const struct dbc *db, const char *name)
{
	return names_get(&db->priv->names, SCOPE_NODE_LONG, name, strlen(name)) != NULL;
}

static void lint_nodes(const struct lint *l, const struct dbc_message *m)
{
	for (uint32_t i = 0; i < m->n_senders; i++) {
		if (!is_node(l->db, m->senders[i]) && strcmp(m->senders[i], "Vector__XXX") != 0)
			tell(l, DIAG_WARNING, m->off, "", "the sender %s of %s is not in BU_",
				m->senders[i], m->name);
	}
	for (uint32_t k = 0; k < m->n_signals; k++) {
		const struct dbc_signal *s = &m->signals[k];

		for (uint32_t i = 0; i < s->n_receivers; i++) {
			if (!is_node(l->db, s->receivers[i]) &&
				strcmp(s->receivers[i], "Vector__XXX") != 0) {
				tell(l, DIAG_WARNING, s->off, s->short_name,
					"the receiver %s of %s is not in BU_", s->receivers[i],
					s->name);
				break;
			}
		}
	}
}

/* ---- messages ---- */

static void lint_length(const struct lint *l, const struct dbc_message *m)
{
	static const uint8_t fd_lens[] = { 12, 16, 20, 24, 32, 48, 64 };
	bool known = m->len <= CAN_MAX_DLEN;

	for (size_t i = 0; i < sizeof(fd_lens); i++)
		known = known || m->len == fd_lens[i];
	if (m->len > CANFD_MAX_DLEN && !m->j1939)
		tell(l, DIAG_WARNING, m->off, "", "%s has %u bytes: more than a CAN FD frame",
			m->name, m->len);
	else if (m->fd && !known)
		tell(l, DIAG_WARNING, m->off, "",
			"%s has %u bytes, and CAN FD frames have 12, 16, 20, 24, 32, 48 or 64",
			m->name, m->len);
}

static void lint_cycle(const struct lint *l, const struct dbc_message *m)
{
	bool cyclic = strncasecmp(m->send_type, "cyclic", 6) == 0;

	if (m->cycle_ms || m->len == 0)
		return;
	if (cyclic)
		tell(l, DIAG_WARNING, m->off, "",
			"%s is sent cyclically, but has no GenMsgCycleTime", m->name);
	else if (!*m->send_type && m->n_senders && l->has_cycles)
		tell(l, DIAG_WARNING, m->off, "",
			"%s has no GenMsgCycleTime: who simulates it sends it "
			"on change only",
			m->name);
}

static void lint_message(const struct lint *l, const struct dbc_message *m)
{
	const struct dbc_message *other = dbc_find_message(l->db, m->name);

	if (other != m)
		tell(l, DIAG_WARNING, m->off, "", "%s is the name of message 0x%x, too", m->name,
			other->can_id & CAN_EFF_MASK);
	if (m->n_signals == 0 && m->len > 0)
		tell(l, DIAG_WARNING, m->off, "", "%s has %u bytes and no signals", m->name,
			m->len);
	if (m->n_senders == 0)
		tell(l, DIAG_WARNING, m->off, "", "%s has no sender", m->name);
	lint_length(l, m);
	lint_cycle(l, m);
	lint_nodes(l, m);
	for (uint32_t i = 0; i < m->n_signals; i++) {
		const struct dbc_signal *s = &m->signals[i];

		if (s->end > m->len)
			tell(l, DIAG_ERROR, s->off, s->short_name,
				"reaches to byte %u of a message of %u bytes (%s)", s->end, m->len,
				m->name);
		if (s->type == DBC_BYTES)
			tell(l, DIAG_WARNING, s->off, s->short_name,
				"%u bits are no number: the signal is not decoded", s->bits);
		if (s->selector) {
			bool used = false;

			for (uint32_t k = 0; k < m->n_signals && !used; k++)
				used = m->signals[k].mux == (int32_t)i;
			if (!used)
				tell(l, DIAG_WARNING, s->off, s->short_name,
					"is a selector, and selects nothing");
		}
		lint_numbers(l, s);
	}
	lint_overlaps(l, m);
}

/* ---- what nobody uses ---- */

static bool node_is_used(const struct dbc *db, const char *name)
{
	for (uint32_t i = 0; i < db->n_messages; i++) {
		const struct dbc_message *m = &db->messages[i];

		for (uint32_t k = 0; k < m->n_senders; k++) {
			if (strcmp(m->senders[k], name) == 0)
				return true;
		}
		for (uint32_t s = 0; s < m->n_signals; s++) {
			for (uint32_t k = 0; k < m->signals[s].n_receivers; k++) {
				if (strcmp(m->signals[s].receivers[k], name) == 0)
					return true;
			}
		}
	}
	return false;
}

static bool same_values(const struct dbc_named *a, const struct dbc_named *b, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (a[i].raw != b[i].raw || strcmp(a[i].name, b[i].name) != 0)
			return false;
	}
	return true;
}

static bool table_is_used(const struct dbc *db, const struct dbc_value_table *t)
{
	for (uint32_t i = 0; i < db->n_messages; i++) {
		const struct dbc_message *m = &db->messages[i];

		for (uint32_t k = 0; k < m->n_signals; k++) {
			const struct dbc_signal *s = &m->signals[k];

			if (s->n_values == t->n_values &&
				same_values(s->values, t->values, t->n_values))
				return true;
		}
	}
	return false;
}

void dbc_lint(const struct dbc *db, struct diags *d)
{
	struct lint l = { .db = db, .d = d };

	for (uint32_t i = 0; i < db->n_attr_defs; i++)
		l.has_cycles =
			l.has_cycles || strcmp(db->attr_defs[i]->name, "GenMsgCycleTime") == 0;
	if (!l.has_cycles && db->n_messages)
		tell(&l, DIAG_WARNING, db->messages[0].off, "",
			"the file has no cycle times: GenMsgCycleTime is not defined");
	for (uint32_t i = 0; i < db->n_messages; i++)
		lint_message(&l, &db->messages[i]);
	for (uint32_t i = 0; i < MIN(db->n_nodes, PAIRS_MAX); i++) {
		if (!node_is_used(db, db->nodes[i].name))
			tell(&l, DIAG_WARNING, db->nodes[i].off, db->nodes[i].short_name,
				"the node %s neither sends nor receives", db->nodes[i].name);
	}
	for (uint32_t i = 0; i < MIN(db->n_tables, PAIRS_MAX); i++) {
		if (!table_is_used(db, &db->tables[i]))
			tell(&l, DIAG_WARNING, db->tables[i].off, db->tables[i].name,
				"no signal has the values of this table");
	}
}
