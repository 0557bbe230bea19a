/* SPDX-License-Identifier: Apache-2.0 */
/* See model.h. */
#include "ui/panel/model.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

int panel_model_init(struct panel_model *m, struct panel_spec *spec_take)
{
	*m = (struct panel_model){ .spec = *spec_take };
	m->values = calloc(m->spec.n_signals + 1, sizeof(*m->values));
	m->asks = json_array();
	if (!m->values || !m->asks) {
		panel_model_fini(m);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < m->spec.n_streams; i++)
		m->stream[i].volume_percent = 100;
	return 0;
}

void panel_model_fini(struct panel_model *m)
{
	panel_spec_fini(&m->spec);
	free(m->values);
	json_decref(m->asks);
	*m = (struct panel_model){ .note = "" };
}

/* ---- from the bench ---- */

void panel_model_value(struct panel_model *m, const struct signal_rec *r)
{
	struct panel_value *v = &m->values[r->signal];

	v->state = r->state;
	v->value = r->value;
	v->held = r->flags & SIGNAL_REC_HELD;
	v->fed = r->flags & SIGNAL_REC_FED;
}

static void copy_word(const json_t *o, const char *key, char out[PANEL_WORD])
{
	const char *text = json_string_value(json_object_get(o, key));

	if (text)
		snprintf(out, PANEL_WORD, "%s", text);
}

static double number(const json_t *o, const char *key, double fallback)
{
	const json_t *v = json_object_get(o, key);

	return json_is_number(v) && isfinite(json_number_value(v)) ? json_number_value(v)
								   : fallback;
}

static void read_stream(struct panel_stream *s, const json_t *o)
{
	/* What the user has hold of is right already. */
	if (s->waits || s->grabbed)
		return;
	s->volume_percent = (uint32_t)MIN(MAX(number(o, "volume", s->volume_percent), 0.0), 100.0);
	if (json_is_boolean(json_object_get(o, "mute")))
		s->mute = json_is_true(json_object_get(o, "mute"));
}

int panel_model_state(struct panel_model *m, const json_t *msg, struct err *e)
{
	json_t *guests = NULL, *buses = NULL, *streams = NULL, *o;
	size_t i;
	int rc = json_get_array(msg, "guests", JSON_OPTIONAL, &guests, e);

	if (rc == 0)
		rc = json_get_array(msg, "buses", JSON_OPTIONAL, &buses, e);
	if (rc == 0)
		rc = json_get_array(msg, "streams", JSON_OPTIONAL, &streams, e);
	if (rc < 0)
		return rc;
	copy_word(msg, "state", m->state);
	m->time_s = number(msg, "time_s", m->time_s);
	m->duration_s = number(msg, "duration_s", m->duration_s);
	json_array_foreach (guests, i, o) {
		if (i < m->spec.n_guests)
			copy_word(o, "state", m->guest[i]);
	}
	json_array_foreach (buses, i, o) {
		if (i >= m->spec.n_buses)
			break;
		m->bus[i] = (struct panel_bus){ .load_percent = MAX(number(o, "load", 0), 0.0),
			.frames_per_s = MAX(number(o, "rate", 0), 0.0),
			.dropped = (uint64_t)MIN(MAX(number(o, "dropped", 0), 0.0), 1e15) };
	}
	json_array_foreach (streams, i, o) {
		if (i < m->spec.n_streams)
			read_stream(&m->stream[i], o);
	}
	return 0;
}

void panel_model_note(struct panel_model *m, bool bad, const char *text)
{
	snprintf(m->note, sizeof(m->note), "%s", text);
	m->note_bad = bad;
}

/* ---- from the user ---- */

static double to_step(const struct panel_signal *s, double value)
{
	if (s->kind == PANEL_NUMBER)
		return value;
	if (s->kind == PANEL_RANGE)
		value = s->min + round((value - s->min) / s->step) * s->step;
	return s->kind == PANEL_CHOICE ? value : MIN(MAX(value, s->min), s->max);
}

static void queue(struct panel_model *m, uint32_t signal, enum signal_rec_type type, double value)
{
	struct panel_value *v = &m->values[signal];

	m->waiting += !v->waits;
	v->waits = true;
	v->type = type;
	v->want = value;
}

void panel_model_want(struct panel_model *m, uint32_t signal, double value)
{
	struct panel_value *v = &m->values[signal];

	if (m->spec.signals[signal].heard || !isfinite(value))
		return;
	queue(m, signal, v->fed || v->held ? SIGNAL_REC_HOLD : SIGNAL_REC_SET,
		to_step(&m->spec.signals[signal], value));
}

void panel_model_release(struct panel_model *m, uint32_t signal)
{
	m->values[signal].grabbed = false;
	queue(m, signal, SIGNAL_REC_RELEASE, 0);
}

void panel_model_volume(struct panel_model *m, uint32_t stream, uint32_t percent)
{
	struct panel_stream *s = &m->stream[stream];

	s->volume_percent = MIN(percent, 100u);
	m->waiting += !s->waits;
	s->waits = true;
}

void panel_model_ask(struct panel_model *m, json_t *request_take)
{
	if (json_array_size(m->asks) >= PANEL_MAX_ASKS)
		json_decref(request_take);
	else
		json_array_append_new(m->asks, request_take);
}

/* ---- to the bench ---- */

uint32_t panel_model_take_records(struct panel_model *m, struct signal_rec *out, uint32_t room)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->spec.n_signals && m->waiting && n < room; i++) {
		struct panel_value *v = &m->values[i];

		if (!v->waits)
			continue;
		out[n++] = (struct signal_rec){ .type = v->type, .signal = i, .value = v->want };
		v->waits = false;
		m->waiting--;
		/* Shown until the bench says how it came out. */
		if (v->type != SIGNAL_REC_RELEASE) {
			v->value = v->want;
			v->state = SIGNAL_REC_FRESH;
		}
	}
	return n;
}

json_t *panel_model_take_ask(struct panel_model *m)
{
	for (uint32_t i = 0; i < m->spec.n_streams && m->waiting; i++) {
		struct panel_stream *s = &m->stream[i];

		if (!s->waits)
			continue;
		s->waits = false;
		m->waiting--;
		return json_pack("{s:s,s:s,s:i}", "op", "volume", "stream", m->spec.streams[i],
			"percent", (int)s->volume_percent);
	}
	if (json_array_size(m->asks)) {
		json_t *first = json_incref(json_array_get(m->asks, 0));

		json_array_remove(m->asks, 0);
		return first;
	}
	return NULL;
}

/* ---- texts ---- */

double panel_model_shown(const struct panel_model *m, uint32_t signal)
{
	const struct panel_value *v = &m->values[signal];
	bool wanted = v->waits && v->type != SIGNAL_REC_RELEASE;

	return wanted || v->grabbed ? v->want : v->value;
}

uint32_t panel_model_choice(const struct panel_model *m, uint32_t signal)
{
	const struct panel_signal *s = &m->spec.signals[signal];
	double shown = panel_model_shown(m, signal);
	uint32_t i = 0;

	while (i < s->n_choices && fabs(s->choices[i].value - shown) > 1e-9)
		i++;
	return i;
}

/* Short signs for the words that the Vehicle Signal Specification has for units. */
static const char *sign_of(const char *unit)
{
	static const char *const signs[][2] = { { "celsius", " \xc2\xb0"
							     "C" },
		{ "percent", " %" }, { "degrees", "\xc2\xb0" }, { "degree", "\xc2\xb0" } };

	for (size_t i = 0; i < ARRAY_SIZE(signs); i++) {
		if (strcmp(unit, signs[i][0]) == 0)
			return signs[i][1];
	}
	return NULL;
}

void panel_model_text(const struct panel_model *m, uint32_t signal, char *buf, size_t cap)
{
	const struct panel_signal *s = &m->spec.signals[signal];
	const struct panel_value *v = &m->values[signal];
	double shown = panel_model_shown(m, signal);
	uint32_t choice = panel_model_choice(m, signal);
	const char *sign = sign_of(s->unit);

	if (v->state == SIGNAL_REC_UNSET && !v->waits && !v->grabbed)
		snprintf(buf, cap, "-");
	else if (choice < s->n_choices)
		snprintf(buf, cap, "%s", s->choices[choice].text);
	else if (s->kind == PANEL_SWITCH && (shown == s->min || shown == s->max))
		snprintf(buf, cap, "%s", shown == s->max ? "on" : "off");
	else if (fabs(shown) >= 1e9)
		snprintf(buf, cap, "%.6g%s%s", shown,
			sign       ? ""
			: *s->unit ? " "
				   : "",
			sign ? sign : s->unit);
	else
		snprintf(buf, cap, "%.*f%s%s", (int)s->decimals,
			fabs(shown) < 0.5 * pow(10, -(double)s->decimals) ? 0.0 : shown,
			sign       ? ""
			: *s->unit ? " "
				   : "",
			sign ? sign : s->unit);
}
