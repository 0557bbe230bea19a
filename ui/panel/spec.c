/* SPDX-License-Identifier: Apache-2.0 */
/* A panel's description: JSON to checked struct. Pure. */
#include "ui/panel/spec.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

#define SIDE_LIMIT 16384

/* "Vehicle.Body" of "Vehicle.Body.Lights.Beam.High.IsOn": all but the last name, two at most. */
static uint32_t group_of(const char *name)
{
	const char *first = strchr(name, '.'), *second = first ? strchr(first + 1, '.') : NULL;
	const char *end = second ? second : first;

	return end && end[1] ? (uint32_t)(end - name) : 0;
}

static int parse_choices(const json_t *obj, struct panel_signal *s, struct err *e)
{
	json_t *list = NULL, *v;
	size_t i;
	enum json_need need = s->kind == PANEL_CHOICE ? JSON_REQUIRED : JSON_OPTIONAL;
	int rc = json_get_array(obj, "choices", need, &list, e);

	if (rc < 0 || !list)
		return rc;
	if (json_array_size(list) == 0 || json_array_size(list) > PANEL_MAX_CHOICES)
		return err_set(
			e, -EINVAL, "\"choices\" must have 1 to %d entries", PANEL_MAX_CHOICES);
	s->choices = calloc(json_array_size(list), sizeof(*s->choices));
	if (!s->choices)
		return err_set(e, -ENOMEM, "out of memory");
	json_array_foreach (list, i, v) {
		const json_t *value = json_array_get(v, 0);
		const char *text = json_string_value(json_array_get(v, 1));

		if (!json_is_number(value) || !isfinite(json_number_value(value)) || !text)
			return err_set(e, -EINVAL, "a choice is a number and a text");
		s->choices[s->n_choices++] =
			(struct panel_choice){ json_number_value(value), text };
	}
	return 0;
}

static int parse_kind(const json_t *obj, struct panel_signal *s, struct err *e)
{
	static const char *const words[] = { "range", "switch", "choice", "number" };
	const char *word = "";
	uint32_t kind = 0;
	int rc = json_get_str(obj, "kind", JSON_REQUIRED, &word, e);

	if (rc < 0)
		return rc;
	while (kind < ARRAY_SIZE(words) && strcmp(words[kind], word) != 0)
		kind++;
	if (kind == ARRAY_SIZE(words))
		return err_set(e, -EINVAL,
			"\"kind\" must be \"range\", \"switch\", \"choice\" or \"number\"");
	s->kind = (enum panel_kind)kind;
	return parse_choices(obj, s, e);
}

static int parse_bounds(const json_t *obj, struct panel_signal *s, struct err *e)
{
	bool bounds = s->kind == PANEL_RANGE || s->kind == PANEL_SWITCH;
	uint64_t decimals = 0;
	int rc;

	s->max = s->step = 1;
	rc = json_get_double(obj, "min", JSON_OPTIONAL, &s->min, e);
	if (rc == 0)
		rc = json_get_double(obj, "max", JSON_OPTIONAL, &s->max, e);
	if (rc == 0)
		rc = json_get_double(obj, "step", JSON_OPTIONAL, &s->step, e);
	if (rc == 0)
		rc = json_get_u64(obj, "decimals", JSON_OPTIONAL, 0, 9, &decimals, e);
	if (rc < 0)
		return rc;
	s->decimals = (uint32_t)decimals;
	if (bounds && (s->min >= s->max || !isfinite(s->max - s->min)))
		return err_set(e, -EINVAL, "\"min\" must be below \"max\"");
	return s->step > 0 ? 0 : err_set(e, -EINVAL, "\"step\" must be above 0");
}

static int parse_signal(const json_t *obj, struct panel_signal *s, struct err *e)
{
	int rc = json_get_str(obj, "name", JSON_REQUIRED, &s->name, e);

	s->unit = s->doc = "";
	if (rc == 0)
		rc = json_get_str(obj, "unit", JSON_OPTIONAL, &s->unit, e);
	if (rc == 0)
		rc = json_get_str(obj, "doc", JSON_OPTIONAL, &s->doc, e);
	if (rc == 0)
		rc = json_get_bool(obj, "heard", JSON_OPTIONAL, &s->heard, e);
	if (rc == 0)
		rc = parse_kind(obj, s, e);
	if (rc == 0)
		rc = parse_bounds(obj, s, e);
	if (rc == 0)
		s->group = group_of(s->name);
	return rc;
}

static int parse_signals(const json_t *root, struct panel_spec *out, struct err *e)
{
	json_t *list = NULL, *v;
	size_t i;
	int rc = json_get_array(root, "signals", JSON_OPTIONAL, &list, e);

	if (rc < 0 || !list)
		return rc;
	if (json_array_size(list) > PANEL_MAX_SIGNALS)
		return err_set(e, -EINVAL, "\"signals\" has over %d entries", PANEL_MAX_SIGNALS);
	out->signals = calloc(json_array_size(list) + 1, sizeof(*out->signals));
	if (!out->signals)
		return err_set(e, -ENOMEM, "out of memory");
	json_array_foreach (list, i, v) {
		/* Counted first, so that its choices are freed where it is refused. */
		out->n_signals++;
		rc = parse_signal(v, &out->signals[i], e);
		if (rc < 0) {
			err_prefix(e, "signal %zu", i);
			return rc;
		}
	}
	return 0;
}

static int parse_guests(const json_t *root, struct panel_spec *out, struct err *e)
{
	json_t *list = NULL, *v;
	size_t i;
	int rc = json_get_array(root, "guests", JSON_OPTIONAL, &list, e);

	if (rc < 0 || !list)
		return rc;
	if (json_array_size(list) > PANEL_MAX_GUESTS)
		return err_set(e, -EINVAL, "\"guests\" has over %d entries", PANEL_MAX_GUESTS);
	json_array_foreach (list, i, v) {
		uint64_t displays = 0;

		rc = json_get_str(v, "name", JSON_REQUIRED, &out->guests[i].name, e);
		if (rc == 0)
			rc = json_get_u64(v, "displays", JSON_OPTIONAL, 0, 16, &displays, e);
		if (rc < 0)
			return rc;
		out->guests[i].displays = (uint32_t)displays;
		out->n_guests++;
	}
	return 0;
}

static int parse_names(const json_t *root, const char *key, const char **names, uint32_t max,
	uint32_t *n, struct err *e)
{
	json_t *list = NULL, *v;
	size_t i;
	int rc = json_get_array(root, key, JSON_OPTIONAL, &list, e);

	if (rc < 0 || !list)
		return rc;
	if (json_array_size(list) > max)
		return err_set(e, -EINVAL, "\"%s\" has over %u entries", key, max);
	json_array_foreach (list, i, v) {
		if (!json_is_string(v))
			return err_set(e, -EINVAL, "\"%s\" must hold names", key);
		names[(*n)++] = json_string_value(v);
	}
	return 0;
}

static int parse_window(const json_t *root, struct panel_spec *out, struct err *e)
{
	uint64_t w = 0, h = 0;
	int64_t x = 0, y = 0;
	int rc = json_get_u64(root, "width", JSON_OPTIONAL, 1, SIDE_LIMIT, &w, e);

	if (rc == 0)
		rc = json_get_u64(root, "height", JSON_OPTIONAL, 1, SIDE_LIMIT, &h, e);
	if (rc == 0)
		rc = json_get_i64(root, "x", JSON_OPTIONAL, -SIDE_LIMIT, SIDE_LIMIT, &x, e);
	if (rc == 0)
		rc = json_get_i64(root, "y", JSON_OPTIONAL, -SIDE_LIMIT, SIDE_LIMIT, &y, e);
	if (rc == 0)
		rc = json_get_double(root, "scale", JSON_OPTIONAL, &out->scale, e);
	if (rc < 0)
		return rc;
	if (out->scale != 0 && (out->scale < 0.5 || out->scale > 8))
		return err_set(e, -EINVAL, "\"scale\" must be 0.5 to 8");
	out->width = (uint32_t)w;
	out->height = (uint32_t)h;
	out->x = (int32_t)x;
	out->y = (int32_t)y;
	out->placed = json_object_get(root, "x") && json_object_get(root, "y");
	return 0;
}

int panel_spec_parse(json_t *root_take, struct panel_spec *out, struct err *e)
{
	struct panel_spec s = { .root = root_take, .title = "" };
	int rc;

	if (!json_is_object(root_take)) {
		json_decref(root_take);
		return err_set(e, -EINVAL, "the panel's description is no JSON object");
	}
	rc = json_get_str(root_take, "title", JSON_OPTIONAL, &s.title, e);
	if (rc == 0)
		rc = parse_window(root_take, &s, e);
	if (rc == 0)
		rc = parse_signals(root_take, &s, e);
	if (rc == 0)
		rc = parse_guests(root_take, &s, e);
	if (rc == 0)
		rc = parse_names(root_take, "buses", s.buses, PANEL_MAX_BUSES, &s.n_buses, e);
	if (rc == 0)
		rc = parse_names(
			root_take, "streams", s.streams, PANEL_MAX_STREAMS, &s.n_streams, e);
	if (rc < 0) {
		panel_spec_fini(&s);
		return rc;
	}
	*out = s;
	return 0;
}

void panel_spec_fini(struct panel_spec *s)
{
	for (uint32_t i = 0; i < s->n_signals; i++)
		free(s->signals[i].choices);
	free(s->signals);
	json_decref(s->root);
	*s = (struct panel_spec){ .root = NULL };
}
