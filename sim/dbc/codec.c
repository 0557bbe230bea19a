/* SPDX-License-Identifier: Apache-2.0 */
/* Payloads to signals and back, and questions to a database. */
#include <endian.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "sim/dbc/priv.h"

/* ---- bits ---- */

static uint64_t load_le(const uint8_t *at)
{
	uint64_t v;

	memcpy(&v, at, sizeof(v));
	return le64toh(v);
}

/* The bits of a number, which lie inside the payload. */
static uint64_t get_bits(const struct dbc_signal *s, const uint8_t *data, uint32_t len)
{
	const uint8_t *at = data + s->byte;
	uint32_t span = s->span;
	uint64_t v = 0;

	if (!s->big_endian) {
		if (len - s->byte >= 8)
			v = load_le(at) >> s->shift;
		else {
			for (uint32_t i = MIN(span, 8u); i-- > 0;)
				v = v << 8 | at[i];
			v >>= s->shift;
		}
		if (span == 9)
			v |= (uint64_t)at[8] << (64 - s->shift);
		return v & s->mask;
	}
	for (uint32_t i = 0; i < MIN(span, 8u); i++)
		v = v << 8 | at[i];
	/* Bits behind the last one: the last byte's low ones. */
	if (span == 9) {
		uint32_t used = (s->shift + s->bits) - 64u;

		return (v << used | at[8] >> (8 - used)) & s->mask;
	}
	return v >> (8 * span - s->shift - s->bits) & s->mask;
}

static void put_bits(const struct dbc_signal *s, uint8_t *data, uint64_t v)
{
	uint32_t left = s->bits, bit = s->shift, at = s->byte;

	if (!s->big_endian) {
		while (left) {
			uint32_t n = MIN(8 - bit, left);
			uint8_t mask = (uint8_t)(((1u << n) - 1) << bit);

			data[at] = (uint8_t)((data[at] & ~mask) | ((uint8_t)(v << bit) & mask));
			v >>= n;
			left -= n;
			bit = 0;
			at++;
		}
		return;
	}
	while (left) {
		uint32_t n = MIN(8 - bit, left), low = 8 - bit - n;
		uint8_t mask = (uint8_t)(((1u << n) - 1) << low);

		left -= n;
		data[at] = (uint8_t)((data[at] & ~mask) | ((uint8_t)((v >> left) << low) & mask));
		bit = 0;
		at++;
	}
}

bool dbc_get(const struct dbc_signal *s, const uint8_t *data, uint32_t len, int64_t *raw)
{
	uint64_t v;

	if (s->end > len || !s->span)
		return false;
	v = get_bits(s, data, len);
	if (s->type == DBC_SIGNED) {
		uint32_t up = 64u - s->bits;

		*raw = (int64_t)(v << up) >> up;
	} else {
		*raw = (int64_t)v;
	}
	return true;
}

double dbc_physical(const struct dbc_signal *s, int64_t raw)
{
	double v;

	switch (s->type) {
	case DBC_SIGNED:
		v = (double)raw;
		break;
	case DBC_UNSIGNED:
		v = (double)(uint64_t)raw;
		break;
	case DBC_FLOAT32: {
		uint32_t bits = (uint32_t)raw;
		float f;

		memcpy(&f, &bits, sizeof(f));
		v = (double)f;
		break;
	}
	case DBC_FLOAT64:
		memcpy(&v, &raw, sizeof(v));
		break;
	default:
		return NAN;
	}
	return v * s->scale + s->offset;
}

int dbc_raw(const struct dbc_signal *s, double value, int64_t *raw)
{
	/* A double's 53 bits are not all of an integer's: the quotient has more. */
	long double v;

	if (isnan(value) || s->scale == 0 || s->type == DBC_BYTES)
		return -EINVAL;
	v = ((long double)value - s->offset) / s->scale;
	if (s->type == DBC_FLOAT64) {
		double d = (double)v;

		memcpy(raw, &d, sizeof(*raw));
		return 0;
	}
	if (s->type == DBC_FLOAT32) {
		float f = (float)v;
		uint32_t bits;

		if (isinf(f) && !isinf(value))
			return -ERANGE;
		memcpy(&bits, &f, sizeof(bits));
		*raw = bits;
		return 0;
	}
	v = nearbyintl(v);
	if (s->type == DBC_SIGNED) {
		long double top = ldexpl(1, s->bits - 1);

		if (v < -top || v >= top)
			return -ERANGE;
		*raw = (int64_t)v;
	} else {
		if (v < 0 || v >= ldexpl(1, s->bits))
			return -ERANGE;
		*raw = (int64_t)(uint64_t)v;
	}
	return 0;
}

int dbc_put(const struct dbc_signal *s, uint8_t *data, uint32_t len, int64_t raw)
{
	uint64_t v = (uint64_t)raw;

	if (!s->span)
		return -EINVAL;
	if (s->end > len)
		return -ERANGE;
	if (s->bits < 64) {
		if (s->type == DBC_SIGNED) {
			int64_t top = (int64_t)(UINT64_C(1) << (s->bits - 1));

			if (raw < -top || raw >= top)
				return -ERANGE;
		} else if (v > s->mask) {
			return -ERANGE;
		}
	}
	put_bits(s, data, v & s->mask);
	return 0;
}

/* ---- messages ---- */

static bool chosen(const struct dbc_signal *s, const struct dbc_signal *selector, int64_t raw)
{
	uint64_t v = (uint64_t)raw & selector->mask;

	for (uint32_t i = 0; i < s->n_when; i++) {
		if (v >= s->when[i].first && v <= s->when[i].last)
			return true;
	}
	return false;
}

uint32_t dbc_decode(
	const struct dbc_message *m, const uint8_t *data, uint32_t len, struct dbc_sample *out)
{
	uint32_t n = 0;

	for (uint32_t k = 0; k < m->n_signals; k++) {
		uint32_t i = m->order[k];
		const struct dbc_signal *s = &m->signals[i];
		struct dbc_sample *o = &out[i];

		o->present = (s->mux < 0 || (out[s->mux].present && chosen(s, &m->signals[s->mux],
									    out[s->mux].raw))) &&
			     dbc_get(s, data, len, &o->raw);
		if (o->present) {
			o->value = dbc_physical(s, o->raw);
			n++;
		}
	}
	return n;
}

/* Sets the selectors that were not given, from a signal up to the top. */
static int select_signal(const struct dbc_message *m, const struct dbc_signal *s,
	const struct dbc_sample *in, uint8_t *data, uint32_t len)
{
	while (s->mux >= 0) {
		const struct dbc_signal *up = &m->signals[s->mux];
		int64_t raw;
		int rc;

		if (!dbc_get(up, data, len, &raw))
			return -ERANGE;
		if (!in[s->mux].present && !chosen(s, up, raw)) {
			raw = (int64_t)s->when[0].first;
			if (up->type == DBC_SIGNED && up->bits < 64)
				raw = (int64_t)((uint64_t)raw << (64 - up->bits)) >>
				      (64 - up->bits);
			rc = dbc_put(up, data, len, raw);
			if (rc < 0)
				return rc;
		}
		s = up;
	}
	return 0;
}

/* Whether all selectors above a signal choose it, in this payload. */
static bool is_chosen(
	const struct dbc_message *m, const struct dbc_signal *s, const uint8_t *data, uint32_t len)
{
	int64_t raw;

	for (; s->mux >= 0; s = &m->signals[s->mux]) {
		const struct dbc_signal *up = &m->signals[s->mux];

		if (!dbc_get(up, data, len, &raw) || !chosen(s, up, raw))
			return false;
	}
	return true;
}

int dbc_encode(const struct dbc_message *m, const struct dbc_sample *in, uint8_t *data,
	uint32_t len, struct err *e)
{
	/* Selectors first: what is behind them may share their bits in a broken file only. */
	for (int selectors = 1; selectors >= 0; selectors--) {
		for (uint32_t i = 0; i < m->n_signals; i++) {
			const struct dbc_signal *s = &m->signals[i];
			int rc;

			if (!in[i].present || s->selector != (selectors == 1))
				continue;
			rc = dbc_put(s, data, len, in[i].raw);
			if (rc == 0)
				rc = select_signal(m, s, in, data, len);
			if (rc == -EINVAL)
				return err_set(
					e, rc, "%s.%s is longer than 64 bits", m->name, s->name);
			if (rc < 0 && s->end > len)
				return err_set(e, rc, "%s.%s needs %u bytes, the payload has %u",
					m->name, s->name, s->end, len);
			if (rc < 0)
				return err_set(e, rc, "%s.%s: %lld does not fit into %u bits",
					m->name, s->name, (long long)in[i].raw, s->bits);
		}
	}
	for (uint32_t i = 0; i < m->n_signals; i++) {
		const struct dbc_signal *s = &m->signals[i];

		if (in[i].present && !is_chosen(m, s, data, len))
			return err_set(e, -EINVAL,
				"%s.%s is not in a payload in which %s has the value given: another "
				"selector value, or another signal",
				m->name, s->name, m->signals[s->mux].name);
	}
	return 0;
}

void dbc_start_payload(const struct dbc_message *m, uint8_t *data)
{
	memset(data, 0, m->len);
	for (uint32_t k = 0; k < m->n_signals; k++) {
		const struct dbc_signal *s = &m->signals[m->order[k]];

		/* A start value that does not fit is the file's mistake, and no start value. */
		if (s->has_start && is_chosen(m, s, data, m->len))
			(void)!dbc_put(s, data, m->len, s->start_raw);
	}
}

/* ---- names ---- */

const char *dbc_value_name(const struct dbc_signal *s, int64_t raw)
{
	uint32_t lo = 0, hi = s->n_values;

	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;

		if (s->values[mid].raw < raw)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < s->n_values && s->values[lo].raw == raw ? s->values[lo].name : NULL;
}

bool dbc_value_of(const struct dbc_signal *s, const char *name, int64_t *raw)
{
	for (uint32_t i = 0; i < s->n_values; i++) {
		if (strcmp(s->values[i].name, name) == 0) {
			*raw = s->values[i].raw;
			return true;
		}
	}
	return false;
}

const struct dbc_message *dbc_find_message(const struct dbc *db, const char *name)
{
	return names_get(&db->priv->names, SCOPE_MESSAGE, name, strlen(name));
}

const struct dbc_signal *dbc_find_signal(const struct dbc_message *m, const char *name)
{
	/* The message knows its database by its place only: signals are found by walking. */
	for (uint32_t i = 0; i < m->n_signals; i++) {
		if (strcmp(m->signals[i].name, name) == 0)
			return &m->signals[i];
	}
	for (uint32_t i = 0; i < m->n_signals; i++) {
		if (strcmp(m->signals[i].short_name, name) == 0)
			return &m->signals[i];
	}
	return NULL;
}

const struct dbc_signal *dbc_signal_named(const struct dbc *db, const char *name, struct err *e)
{
	const struct dbc_message *m = NULL;
	const struct dbc_signal *s;
	char list[400] = "";
	size_t n = 0;

	/* Names with points are odd, but there are some: every point may be the one between. */
	for (const char *dot = strchr(name, '.'); dot; dot = strchr(dot + 1, '.')) {
		m = names_get(&db->priv->names, SCOPE_MESSAGE, name, (size_t)(dot - name));
		s = m ? dbc_find_signal(m, dot + 1) : NULL;
		if (s)
			return s;
	}
	if (m) {
		(void)err_set(e, -ENOENT, "%s: message %s has no signal '%s'", db->path, m->name,
			strchr(name, '.') + 1);
		return NULL;
	}
	s = names_get(&db->priv->names, SCOPE_ANY_SIGNAL, name, strlen(name));
	if (!s) {
		(void)err_set(e, -ENOENT, "%s has no signal '%s'", db->path, name);
		return NULL;
	}
	for (uint32_t i = 0; i < db->n_messages; i++) {
		const struct dbc_signal *other = dbc_find_signal(&db->messages[i], name);

		if (!other || strlen(list) > sizeof(list) - 100)
			continue;
		strncat(list, n++ ? ", " : "", 3);
		strncat(list, db->messages[i].name, 80);
		strncat(list, ".", 2);
		strncat(list, other->name, 80);
	}
	if (n < 2)
		return s;
	(void)err_set(e, -ENOTUNIQ, "several messages have a signal '%s': %s", name, list);
	return NULL;
}

/* ---- attributes ---- */

static const struct dbc_attr *attr_of(const struct dbc_attr *list, const char *name)
{
	while (list && (list->def->relation || strcmp(list->def->name, name) != 0))
		list = list->next;
	return list;
}

static const struct dbc_attr_def *default_of(
	const struct dbc *db, enum dbc_object of, const char *name)
{
	/* The name table has the reader's own structure, of which the definition is a part. */
	const struct def_list *l =
		names_get(&db->priv->names, SCOPE_ATTR + (uint64_t)of, name, strlen(name));

	return l && l->d.has_default ? &l->d : NULL;
}

bool dbc_attr_number(const struct dbc *db, const struct dbc_attr *attrs, enum dbc_object of,
	const char *name, double *out)
{
	const struct dbc_attr *a = attr_of(attrs, name);
	const struct dbc_attr_def *d = a ? NULL : default_of(db, of, name);

	if (!a && !d)
		return false;
	*out = a ? a->number : d->number;
	return true;
}

bool dbc_attr_text(const struct dbc *db, const struct dbc_attr *attrs, enum dbc_object of,
	const char *name, const char **out)
{
	const struct dbc_attr *a = attr_of(attrs, name);
	const struct dbc_attr_def *d = a ? NULL : default_of(db, of, name);
	const char *t = a ? a->text : d ? d->text : NULL;

	if (!t)
		return false;
	*out = t;
	return true;
}
