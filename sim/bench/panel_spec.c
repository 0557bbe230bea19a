/* SPDX-License-Identifier: Apache-2.0 */
/* See panel_spec.h. */
#include "sim/bench/panel_spec.h"

#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/bench/json_text.h"

/* Names of values that a person chooses from; more are only told. */
#define CHOICES_MAX 64
#define COUNT_MAX   20

/* ---- which signals ---- */

/* Others send it, and the bench does not: setting it would reach nobody. */
static bool is_heard(const struct signal_model *m, uint32_t signal)
{
	bool bound = false;

	for (uint32_t i = 0; i < m->n_messages; i++) {
		const struct signal_message *x = &m->messages[i];

		for (uint32_t k = 0; k < x->dbc->n_signals; k++) {
			if (x->binds[k].signal != signal)
				continue;
			if (x->sent)
				return false;
			bound = true;
		}
	}
	return bound;
}

static void add(const struct signal_model *m, struct panel_list *out, uint32_t signal)
{
	for (uint32_t i = 0; i < out->n; i++) {
		if (out->signal[i] == signal)
			return;
	}
	if (out->n == SIGNAL_PORT_MAX)
		return;
	out->signal[out->n] = signal;
	out->settable[out->n++] = !is_heard(m, signal);
}

void panel_list_make(const struct scenario *s, struct panel_list *out)
{
	const struct signal_model *m = &s->signals;

	out->n = 0;
	for (uint32_t p = 0; p < s->panel.n_signals; p++) {
		for (uint32_t i = 0; i < m->n_defs; i++) {
			if (fnmatch(s->panel.signals[p], m->defs[i].name, 0) == 0)
				add(m, out, i);
		}
	}
	for (uint32_t i = 0; i < m->n_defs && !s->panel.n_signals; i++) {
		if (m->defs[i].published)
			add(m, out, i);
	}
}

/* ---- what each is like ---- */

struct look {
	const char *kind;
	double min, max, step;
	uint32_t decimals;
};

/* As many as a step has, and a person reads on a slider of that range. */
static uint32_t decimals_of(double step, double range)
{
	uint32_t n = 0, most = range >= 1000 ? 0 : range >= 100 ? 1 : range >= 1 ? 2 : 3;

	while (n < most && fabs(step - round(step * pow(10, n)) / pow(10, n)) > 1e-9)
		n++;
	return n;
}

/* As a catalogue says, else "IsOpen" and the like: the Vehicle Signal Specification's names of
 * truth values. */
static bool is_truth(const struct signal_def *d)
{
	const char *dot = strrchr(d->name, '.'), *last = dot ? dot + 1 : d->name;

	if (d->datatype)
		return strcmp(d->datatype, "boolean") == 0;
	return strncmp(last, "Is", 2) == 0 || strncmp(last, "Has", 3) == 0;
}

/* Names for most values, or for all of a small field: not just one for "invalid". */
static bool is_choice(const struct dbc_signal *s)
{
	double all = s->bits < 32 ? (double)(UINT64_C(1) << s->bits) : 4294967296.0;

	return s->n_values > 1 && s->n_values <= CHOICES_MAX &&
	       (s->bits <= 4 || s->n_values * 4.0 >= all);
}

/* Who says no unit and few whole numbers counts: gears, levels. */
static bool counts(const struct signal_def *d)
{
	double range = d->max - d->min;

	return d->has_range && !*d->unit && d->min == floor(d->min) && range == floor(range) &&
	       range >= 2 && range <= COUNT_MAX;
}

static void look_of_bits(
	const struct dbc_signal *s, const struct signal_bind *b, struct look *l, bool has_range)
{
	double low = s->type == DBC_SIGNED ? -ldexp(1, s->bits - 1) : 0;
	double high = s->type == DBC_SIGNED ? -low - 1 : ldexp(1, s->bits) - 1;
	double from = signal_from_dbc(b, low * s->scale + s->offset);
	double to = signal_from_dbc(b, high * s->scale + s->offset);
	bool whole = s->type == DBC_SIGNED || s->type == DBC_UNSIGNED;

	if (whole)
		l->step = fabs(s->scale * b->scale);
	if (has_range || !whole || s->bits > 32)
		return;
	l->kind = "range";
	l->min = MIN(from, to);
	l->max = MAX(from, to);
}

static struct look look_of(const struct signal_model *m, uint32_t signal)
{
	const struct signal_def *d = &m->defs[signal];
	const struct signal_bind b = signal_first_bind(m, signal);
	struct look l = { .kind = "number", .max = 1, .decimals = 2 };

	if (d->has_range) {
		l.kind = "range";
		l.min = d->min;
		l.max = d->max;
	}
	if (counts(d))
		l.step = 1;
	if (d->dbc)
		look_of_bits(d->dbc, &b, &l, d->has_range);
	if (!(l.max - l.min > 0) || !isfinite(l.max - l.min))
		l = (struct look){ .kind = "number", .max = 1, .decimals = 2 };
	if (!isfinite(l.step) || l.step <= 0 || l.step > l.max - l.min)
		l.step = strcmp(l.kind, "number") == 0 ? 1 : (l.max - l.min) / 1000;
	if (strcmp(l.kind, "number") != 0)
		l.decimals = decimals_of(l.step, l.max - l.min);
	if ((d->n_allowed > 1 && d->n_allowed <= CHOICES_MAX) ||
		(d->dbc && is_choice(d->dbc) && d->dbc->bits > 1))
		l.kind = "choice";
	else if (l.max - l.min == 1 && ((d->dbc && d->dbc->bits == 1) || is_truth(d)))
		l.kind = "switch";
	return l;
}

static json_t *choices_of(const struct signal_model *m, uint32_t signal)
{
	const struct signal_def *d = &m->defs[signal];
	const struct dbc_signal *s = d->dbc;
	const struct signal_bind b = signal_first_bind(m, signal);
	json_t *list = json_array();

	for (uint32_t i = 0; i < d->n_allowed && i < CHOICES_MAX; i++)
		json_array_append_new(list, json_pack("[i,o]", (int)i, json_text(d->allowed[i])));
	for (uint32_t i = 0; !d->n_allowed && s && i < s->n_values && i < CHOICES_MAX; i++) {
		double v = signal_from_dbc(&b, dbc_physical(s, s->values[i].raw));

		if (isfinite(v))
			json_array_append_new(
				list, json_pack("[f,o]", v, json_text(s->values[i].name)));
	}
	return list;
}

static json_t *signal_json(const struct signal_model *m, uint32_t signal, bool settable)
{
	const struct signal_def *d = &m->defs[signal];
	struct look l = look_of(m, signal);
	json_t *o = json_pack("{s:o,s:s,s:f,s:f,s:f,s:i}", "name", json_text(d->name), "kind",
		l.kind, "min", l.min, "max", l.max, "step", l.step, "decimals", (int)l.decimals);

	if (!o)
		return NULL;
	if (*d->unit)
		json_object_set_new(o, "unit", json_text(d->unit));
	if (*d->doc)
		json_object_set_new(o, "doc", json_text(d->doc));
	if (!settable)
		json_object_set_new(o, "heard", json_true());
	if (d->n_allowed || (d->dbc && d->dbc->n_values))
		json_object_set_new(o, "choices", choices_of(m, signal));
	return o;
}

/* ---- the whole ---- */

static json_t *streams_json(const struct scenario *s)
{
	json_t *list = json_array();

	for (uint32_t g = 0; g < s->n_guests; g++) {
		for (uint32_t i = 0; i < s->guests[g].n_sounds; i++)
			json_array_append_new(list, json_sprintf("%s.%s", s->guests[g].name,
							    s->guests[g].sounds[i].name));
	}
	return list;
}

json_t *panel_spec_json(const struct scenario *s, const struct panel_list *list)
{
	json_t *signals = json_array(), *guests = json_array(), *buses = json_array();
	const struct scenario_panel *p = &s->panel;
	json_t *o;

	for (uint32_t i = 0; i < list->n; i++)
		json_array_append_new(
			signals, signal_json(&s->signals, list->signal[i], list->settable[i]));
	for (uint32_t i = 0; i < s->n_guests; i++)
		json_array_append_new(guests, json_pack("{s:s,s:i}", "name", s->guests[i].name,
						      "displays", (int)s->guests[i].n_displays));
	for (uint32_t i = 0; i < s->n_buses; i++)
		json_array_append_new(buses, json_string(s->buses[i].name));
	o = json_pack("{s:o,s:o,s:o,s:o,s:o}", "title", json_text(s->name), "signals", signals,
		"guests", guests, "buses", buses, "streams", streams_json(s));
	if (!o)
		return NULL;
	if (p->placed) {
		json_object_set_new(o, "x", json_integer(p->x));
		json_object_set_new(o, "y", json_integer(p->y));
	}
	if (p->width)
		json_object_set_new(o, "width", json_integer(p->width));
	if (p->height)
		json_object_set_new(o, "height", json_integer(p->height));
	if (p->scale > 0)
		json_object_set_new(o, "scale", json_real(p->scale));
	return o;
}
