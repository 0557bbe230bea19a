/* SPDX-License-Identifier: Apache-2.0 */
/* Names and conversions; see model.h. */
#include "sim/signal/model.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAMES    0
#define SHARED   1 /* scope of the names that several signals have */
#define SHOWN    6 /* names in a message about one that is shared */
#define NEAR_MAX 200

int signal_model_add_name(struct signal_model *m, const char *name, uint32_t signal)
{
	/* A table of pointers: the definition stands for its index. */
	const struct signal_def *d = &m->defs[signal];
	void *value, *old;
	int rc;

	memcpy(&value, &d, sizeof(value));
	rc = names_add(&m->names, NAMES, name, strlen(name), value, &old);
	if (rc <= 0 || old == value)
		return MIN(rc, 0);
	rc = names_add(&m->names, SHARED, name, strlen(name), value, &old);
	return MIN(rc, 0);
}

/* Whether a name of the database ends in `name`, at a dot. */
static bool ends_in(const char *full, const char *name)
{
	size_t l = strlen(full), n = strlen(name);

	return l > n && full[l - n - 1] == '.' && strcmp(full + l - n, name) == 0;
}

/* How far two words are apart, letters' case left aside: insertions, deletions, changes. */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int row[NEAR_MAX + 1];
	size_t n = strlen(b);

	if (n > NEAR_MAX)
		return UINT32_MAX;
	for (unsigned int j = 0; j <= n; j++)
		row[j] = j;
	for (unsigned int i = 1; *a; a++, i++) {
		unsigned int diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			unsigned int up = row[j];
			bool same = strncasecmp(a, &b[j - 1], 1) == 0;

			row[j] = MIN(MIN(up, row[j - 1]) + 1, diagonal + !same);
			diagonal = up;
		}
	}
	return row[n];
}

static int unknown(const struct signal_model *m, const char *name, struct err *e)
{
	const char *best = NULL;
	unsigned int least = ((unsigned int)strlen(name) + 1) / 3 + 1;

	for (uint32_t i = 0; i < m->n_defs && strlen(name) < NEAR_MAX; i++) {
		const char *full = m->defs[i].name, *dot = strrchr(full, '.');
		unsigned int d = distance(name, full);

		if (dot)
			d = MIN(d, distance(name, dot + 1));
		if (d < least) {
			least = d;
			best = full;
		}
	}
	if (!m->n_defs)
		return err_set(
			e, -ENOENT, "unknown signal \"%.100s\": the scenario has none", name);
	return err_set(e, -ENOENT, "unknown signal \"%.100s\"%s%.200s%s", name,
		best ? "; did you mean \"" : "", best ? best : "", best ? "\"?" : "");
}

int signal_model_find(const struct signal_model *m, const char *name, uint32_t *out, struct err *e)
{
	const struct signal_def *d = names_get(&m->names, NAMES, name, strlen(name));
	char list[512] = "";
	unsigned int n = 0;

	if (!d)
		return unknown(m, name, e);
	if (!names_get(&m->names, SHARED, name, strlen(name)) || strcmp(d->name, name) == 0) {
		*out = (uint32_t)(d - m->defs);
		return 0;
	}
	for (uint32_t i = 0; i < m->n_defs && n < SHOWN; i++) {
		const struct dbc_signal *s = m->defs[i].dbc;

		if (!s || (strcmp(s->name, name) != 0 && !ends_in(m->defs[i].name, name)))
			continue;
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%.80s",
			n++ ? ", " : "", m->defs[i].name);
	}
	return err_set(e, -ENOTUNIQ, "several signals are called \"%.100s\": %s", name, list);
}

int signal_model_find_message(
	const struct signal_model *m, uint32_t bus, const char *name, uint32_t *out, struct err *e)
{
	uint32_t found = SIGNAL_NONE;

	for (uint32_t i = 0; i < m->n_messages; i++) {
		const struct signal_message *x = &m->messages[i];

		if ((bus != SIGNAL_NONE && bus != x->bus) ||
			(strcmp(x->dbc->name, name) != 0 && strcmp(x->dbc->short_name, name) != 0))
			continue;
		if (found != SIGNAL_NONE)
			return err_set(e, -ENOTUNIQ,
				"several buses have a message \"%.100s\": say which bus", name);
		found = i;
	}
	if (found == SIGNAL_NONE)
		return err_set(e, -ENOENT, "unknown message \"%.100s\"", name);
	*out = found;
	return 0;
}

void signal_model_fini(struct signal_model *m)
{
	names_fini(&m->names);
}

double signal_from_dbc(const struct signal_bind *b, double physical)
{
	for (uint32_t i = 0; i < b->n_pairs; i++) {
		if (b->pairs[i].dbc == physical)
			return b->pairs[i].value;
	}
	return physical * b->scale + b->offset;
}

double signal_to_dbc(const struct signal_bind *b, double value)
{
	for (uint32_t i = 0; i < b->n_pairs; i++) {
		if (b->pairs[i].value == value)
			return b->pairs[i].dbc;
	}
	return (value - b->offset) / b->scale;
}

struct signal_bind signal_first_bind(const struct signal_model *m, uint32_t signal)
{
	const struct dbc_signal *s = m->defs[signal].dbc;

	for (uint32_t i = 0; s && i < m->n_messages; i++) {
		const struct signal_message *x = &m->messages[i];

		if (x->dbc == s->message && x->binds[dbc_signal_index(s)].signal == signal)
			return x->binds[dbc_signal_index(s)];
	}
	return (struct signal_bind){ .scale = 1 };
}

bool signal_parse(const struct signal_model *m, uint32_t signal, const char *text, double *out)
{
	const struct dbc_signal *s = m->defs[signal].dbc;
	int64_t raw;
	char *end;
	double v;

	for (uint32_t i = 0; i < m->defs[signal].n_allowed; i++) {
		if (strcmp(text, m->defs[signal].allowed[i]) == 0) {
			*out = i;
			return true;
		}
	}
	if (s && dbc_value_of(s, text, &raw)) {
		const struct signal_bind b = signal_first_bind(m, signal);

		*out = signal_from_dbc(&b, dbc_physical(s, raw));
		return true;
	}
	if (strcmp(text, "true") == 0 || strcmp(text, "on") == 0) {
		*out = 1;
		return true;
	}
	if (strcmp(text, "false") == 0 || strcmp(text, "off") == 0) {
		*out = 0;
		return true;
	}
	v = strtod(text, &end);
	if (end == text || *end || !isfinite(v))
		return false;
	*out = v;
	return true;
}

const char *signal_value_name(const struct signal_model *m, uint32_t signal, double value)
{
	const struct signal_def *d = &m->defs[signal];
	const struct dbc_signal *s = d->dbc;
	const struct signal_bind b = signal_first_bind(m, signal);
	int64_t raw;

	if (d->n_allowed && value >= 0 && value < d->n_allowed && value == floor(value))
		return d->allowed[(uint32_t)value];
	if (!s || !s->n_values || dbc_raw(s, signal_to_dbc(&b, value), &raw) != 0)
		return NULL;
	return dbc_value_name(s, raw);
}
