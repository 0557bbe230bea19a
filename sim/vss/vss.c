/* SPDX-License-Identifier: Apache-2.0 */
/* See vss.h. */
#include "sim/vss/vss.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "sim/diag/arena.h"

struct vss {
	json_t *root; /* texts of the entries are its */
	struct arena a;
	struct vss_entry *entries;
	size_t n, cap;
	struct err *e; /* while it is read */
};

static const char *const kind_names[] = {
	[VSS_BRANCH] = "branch",
	[VSS_SENSOR] = "sensor",
	[VSS_ACTUATOR] = "actuator",
	[VSS_ATTRIBUTE] = "attribute",
	[VSS_STRUCT] = "struct",
	[VSS_PROPERTY] = "property",
};

const char *vss_kind_name(enum vss_kind k)
{
	return kind_names[k];
}

/* ---- entries ---- */

static struct vss_entry *add(struct vss *v, const char *name)
{
	if (v->n == v->cap) {
		size_t cap = v->cap ? 2 * v->cap : 256;
		struct vss_entry *more = realloc(v->entries, cap * sizeof(*more));

		if (!more)
			return NULL;
		v->entries = more;
		v->cap = cap;
	}
	v->entries[v->n] = (struct vss_entry){ .name = name, .min = -HUGE_VAL, .max = HUGE_VAL };
	return &v->entries[v->n++];
}

/* An optional text; what has another type is an error. */
static int get_text(struct vss *v, const struct vss_entry *x, const json_t *o, const char *key,
	const char **out)
{
	const json_t *t = json_object_get(o, key);

	*out = "";
	if (!t || json_is_null(t))
		return 0;
	if (!json_is_string(t))
		return err_set(v->e, -EBADMSG, "%s: \"%s\" is not a text", x->name, key);
	*out = json_string_value(t);
	return 0;
}

static int get_bound(struct vss *v, const struct vss_entry *x, const json_t *o, const char *key,
	bool *given, double *out)
{
	const json_t *t = json_object_get(o, key);

	*given = t && !json_is_null(t);
	if (!*given)
		return 0;
	if (!json_is_number(t))
		return err_set(v->e, -EBADMSG, "%s: \"%s\" is not a number", x->name, key);
	*out = json_number_value(t);
	return 0;
}

/* What values a datatype has; false for one whose values are not numbers. */
static bool numbers_of(const char *datatype, struct vss_entry *x)
{
	static const struct {
		const char *name;
		double min, max;
		bool whole;
	} types[] = {
		{ "boolean", 0, 1, true },
		{ "uint8", 0, UINT8_MAX, true },
		{ "int8", INT8_MIN, INT8_MAX, true },
		{ "uint16", 0, UINT16_MAX, true },
		{ "int16", INT16_MIN, INT16_MAX, true },
		{ "uint32", 0, UINT32_MAX, true },
		{ "int32", INT32_MIN, INT32_MAX, true },
		{ "uint64", 0, 18446744073709551615.0, true },
		{ "int64", -9223372036854775808.0, 9223372036854775807.0, true },
		{ "float", -HUGE_VAL, HUGE_VAL, false },
		{ "double", -HUGE_VAL, HUGE_VAL, false },
		{ "numeric", -HUGE_VAL, HUGE_VAL, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (strcmp(datatype, types[i].name) != 0)
			continue;
		x->min = types[i].min;
		x->max = types[i].max;
		x->whole = types[i].whole;
		return true;
	}
	return false;
}

/* The texts that a text may be: its values are their places. */
static int read_allowed(struct vss *v, struct vss_entry *x, const json_t *o)
{
	const json_t *list = json_object_get(o, "allowed"), *t;
	size_t n = json_array_size(list), i;
	const char **texts;

	if (!n || strcmp(x->datatype, "string") != 0)
		return 0;
	texts = arena_alloc(&v->a, n * sizeof(*texts));
	if (!texts)
		return err_set(v->e, -ENOMEM, "out of memory");
	json_array_foreach (list, i, t) {
		if (!json_is_string(t))
			return err_set(
				v->e, -EBADMSG, "%s: \"allowed\" has what is not a text", x->name);
		texts[i] = json_string_value(t);
	}
	x->allowed = texts;
	x->n_allowed = (uint32_t)n;
	x->numeric = x->whole = true;
	x->min = 0;
	x->max = (double)(n - 1);
	return 0;
}

static int read_values(struct vss *v, struct vss_entry *x, const json_t *o)
{
	bool has_min, has_max;
	double min = 0, max = 0;
	int rc;

	if (!x->datatype[0])
		return err_set(v->e, -EBADMSG, "%s: has no \"datatype\"", x->name);
	x->numeric = numbers_of(x->datatype, x);
	rc = read_allowed(v, x, o);
	if (rc == 0)
		rc = get_bound(v, x, o, "min", &has_min, &min);
	if (rc == 0)
		rc = get_bound(v, x, o, "max", &has_max, &max);
	if (rc < 0 || !x->numeric)
		return rc;
	if (has_min)
		x->min = fmax(x->min, min);
	if (has_max)
		x->max = fmin(x->max, max);
	return x->min > x->max ? err_set(v->e, -EBADMSG,
					 "%s: no value of %s is between \"min\" and \"max\"",
					 x->name, x->datatype)
			       : 0;
}

static int read_children(struct vss *v, const char *prefix, json_t *children);

static int read_entry(struct vss *v, const char *name, const json_t *o)
{
	struct vss_entry *x = v->n < VSS_MAX_ENTRIES ? add(v, name) : NULL;
	const char *type = "";
	unsigned int kind = 0;
	json_t *children;
	int rc;

	if (!x)
		return v->n < VSS_MAX_ENTRIES
			       ? err_set(v->e, -ENOMEM, "out of memory")
			       : err_set(v->e, -EFBIG, "more than %u entries", VSS_MAX_ENTRIES);
	if (!json_is_object(o))
		return err_set(v->e, -EBADMSG, "%s: is not an object", name);
	rc = get_text(v, x, o, "type", &type);
	while (kind < ARRAY_SIZE(kind_names) && strcmp(kind_names[kind], type) != 0)
		kind++;
	if (rc == 0 && kind == ARRAY_SIZE(kind_names))
		rc = err_set(v->e, -EBADMSG,
			"%s: \"type\" is \"%.40s\", not branch, sensor, actuator or attribute",
			name, type);
	x->kind = (enum vss_kind)kind;
	if (rc == 0)
		rc = get_text(v, x, o, "datatype", &x->datatype);
	if (rc == 0)
		rc = get_text(v, x, o, "unit", &x->unit);
	if (rc == 0)
		rc = get_text(v, x, o, "description", &x->description);
	if (rc == 0)
		rc = get_text(v, x, o, "deprecation", &x->deprecation);
	if (rc == 0 && x->kind != VSS_BRANCH && x->kind != VSS_STRUCT)
		rc = read_values(v, x, o);
	/* `x` may move from here on. */
	children = json_object_get(o, "children");
	return rc == 0 && children ? read_children(v, name, children) : rc;
}

static bool is_name(const char *key)
{
	size_t n = strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

	return n > 0 && !key[n];
}

/* Full names grow with every level, so that their limit is one for the depth too. */
static int read_children(struct vss *v, const char *prefix, json_t *children)
{
	const char *key;
	json_t *o;
	int rc = 0;

	if (!json_is_object(children))
		return err_set(v->e, -EBADMSG, "%s: is not an object of signals", prefix);
	json_object_foreach (children, key, o) {
		char *name;

		if (!is_name(key))
			return err_set(v->e, -EBADMSG, "%s: \"%.60s\" is not a name", prefix, key);
		if (strlen(prefix) + strlen(key) + 1 > VSS_MAX_NAME)
			return err_set(v->e, -EBADMSG, "%s: names are longer than %d bytes", prefix,
				VSS_MAX_NAME);
		name = arena_printf(&v->a, "%s%s%s", prefix, prefix[0] ? "." : "", key);
		rc = name ? read_entry(v, name, o) : err_set(v->e, -ENOMEM, "out of memory");
		if (rc < 0)
			break;
	}
	return rc;
}

/* ---- life ---- */

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct vss_entry *)a)->name, ((const struct vss_entry *)b)->name);
}

int vss_load_text(struct vss **out, const char *text, size_t len, struct err *e)
{
	struct vss *v;
	json_error_t je;
	int rc;

	if (len > VSS_MAX_BYTES)
		return err_set(e, -EFBIG, "is larger than %u MiB", VSS_MAX_BYTES >> 20);
	v = calloc(1, sizeof(*v));
	if (!v)
		return err_set(e, -ENOMEM, "out of memory");
	v->e = e;
	v->root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &je);
	if (v->root)
		rc = read_children(v, "", v->root);
	else
		rc = err_set(e, -EBADMSG, "%d:%d: %s", je.line, je.column, je.text);
	if (rc == 0 && v->n == 0)
		rc = err_set(e, -EBADMSG, "has no entries");
	if (rc < 0 || !v->entries) {
		vss_free(v);
		return rc;
	}
	qsort(v->entries, v->n, sizeof(*v->entries), by_name);
	v->e = NULL;
	*out = v;
	return 0;
}

int vss_load(struct vss **out, const char *path, struct err *e)
{
	CLEANUP_FREE uint8_t *text = NULL;
	size_t len = 0;
	int rc = file_slurp(path, VSS_MAX_BYTES, &text, &len, e);

	return rc < 0 ? rc : vss_load_text(out, (const char *)text, len, e);
}

void vss_free(struct vss *v)
{
	if (!v)
		return;
	free(v->entries);
	json_decref(v->root);
	arena_fini(&v->a);
	free(v);
}

/* ---- questions ---- */

size_t vss_count(const struct vss *v)
{
	return v->n;
}

const struct vss_entry *vss_at(const struct vss *v, size_t i)
{
	return &v->entries[i];
}

const struct vss_entry *vss_find(const struct vss *v, const char *name)
{
	const struct vss_entry key = { .name = name };

	return bsearch(&key, v->entries, v->n, sizeof(key), by_name);
}

bool vss_covers(const struct vss *v, const char *name)
{
	char root[VSS_MAX_NAME + 1];
	size_t n = strcspn(name, ".");

	if (n > VSS_MAX_NAME)
		return false;
	memcpy(root, name, n);
	root[n] = '\0';
	return vss_find(v, root) != NULL;
}

bool vss_same_unit(const char *a, const char *b)
{
	/* Spellings of databases beside the names of the specification's units. */
	static const char *const same[][5] = {
		{ "percent", "%", "pct" },
		{ "celsius", "degC", "\u00b0C", "deg C", "C" },
		{ "degrees", "degree", "deg", "\u00b0" },
		{ "km/h", "kph", "kmh", "kmph" },
		{ "rpm", "1/min", "U/min", "min-1" },
		{ "m/s^2", "m/s2", "m/s\u00b2" },
		{ "degrees/s", "deg/s", "\u00b0/s" },
		{ "Nm", "N.m", "N*m" },
		{ "l", "litre", "liter", "ltr" },
		{ "h", "hour", "hours", "hrs" },
		{ "min", "minutes" },
		{ "s", "sec", "seconds" },
		{ "V", "volt", "volts" },
		{ "A", "amp", "ampere" },
	};

	if (strcasecmp(a, b) == 0)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
		bool has_a = false, has_b = false;

		for (size_t k = 0; k < ARRAY_SIZE(same[i]) && same[i][k]; k++) {
			has_a |= strcasecmp(a, same[i][k]) == 0;
			has_b |= strcasecmp(b, same[i][k]) == 0;
		}
		if (has_a && has_b)
			return true;
	}
	return false;
}
