/* SPDX-License-Identifier: Apache-2.0 */
/* Signals of a scenario against a catalogue of the Vehicle Signal Specification. */
#include <math.h>

#include "sim/scenario/signals.h"
#include "sim/scenario/units.h"

const struct vss *vss_open(struct bind *b, const struct node *n, const char *path)
{
	struct load *l = load_of(b);
	struct err e = { .text = "" };

	if (path && !b->no_files && vss_load(&l->vss, path, &e) != 0)
		bind_key_error(b, n, "vss", "is no catalogue: %s", e.text);
	return l->vss;
}

static void unknown(struct bind *b, const struct vss *vss, const struct raw_def *raw)
{
	struct unit_near near = { .typed = raw->name };

	for (size_t i = 0; i < vss_count(vss); i++) {
		const struct vss_entry *x = vss_at(vss, i);

		if (x->kind != VSS_BRANCH)
			unit_near(&near, x->name);
	}
	bind_item_error(b, raw->node, "\"%.120s\" is not in the catalogue%s%.200s%s", raw->name,
		near.best ? "; did you mean \"" : "", near.best ? near.best : "",
		near.best ? "\"?" : "");
}

static void check_unit(
	struct bind *b, const struct raw_def *raw, const struct vss_entry *x, struct signal_def *d)
{
	if (!x->unit[0])
		return;
	if (!d->unit[0] || vss_same_unit(d->unit, x->unit))
		d->unit = x->unit;
	else if (raw->unit)
		bind_key_error(b, raw->node, "unit", "is \"%.32s\", but %.120s is in %.60s",
			raw->unit, raw->name, x->unit);
	else
		bind_warn(b, raw->node,
			"\"%.120s\" is in %.60s, its database's signal in \"%.32s\": say `unit`, and "
			"`scale` where they differ",
			raw->name, x->unit, d->unit);
}

/* Values are held to both ranges. */
static void check_range(
	struct bind *b, const struct raw_def *raw, const struct vss_entry *x, struct signal_def *d)
{
	bool own = node_get(raw->node, "min");
	double min = d->has_range ? fmax(d->min, x->min) : x->min;
	double max = d->has_range ? fmin(d->max, x->max) : x->max;

	if (own && (d->min < x->min || d->max > x->max)) {
		bind_key_error(b, raw->node, d->min < x->min ? "min" : "max",
			"is beyond %.15g to %.15g, which %.120s may be (%.40s)", x->min, x->max,
			raw->name, x->datatype);
		return;
	}
	if (min > max) {
		bind_item_error(b, raw->node,
			"\"%.120s\" may be %.15g to %.15g, its database's signal is %.15g to %.15g",
			raw->name, x->min, x->max, d->min, d->max);
		return;
	}
	if (d->has_initial && (d->initial < min || d->initial > max ||
				      (x->whole && d->initial != floor(d->initial))))
		bind_key_error(b, raw->node, "initial", "is no value of %.120s (%.40s%s)",
			raw->name, x->datatype, x->n_allowed ? ", allowed texts count from 0" : "");
	if (isfinite(min) && isfinite(max)) {
		d->has_range = true;
		d->min = min;
		d->max = max;
	}
}

void vss_check(
	struct bind *b, const struct vss *vss, const struct raw_def *raw, struct signal_def *d)
{
	const struct vss_entry *x;

	if (!vss || !vss_covers(vss, raw->name))
		return;
	x = vss_find(vss, raw->name);
	if (!x) {
		unknown(b, vss, raw);
		return;
	}
	if (x->kind == VSS_BRANCH || x->kind == VSS_STRUCT || x->kind == VSS_PROPERTY) {
		bind_item_error(b, raw->node, "\"%.120s\" is a %s of the catalogue and no signal",
			raw->name, vss_kind_name(x->kind));
		return;
	}
	if (!x->numeric) {
		bind_item_error(b, raw->node,
			"\"%.120s\" is of the datatype %.60s: signals here are numbers", raw->name,
			x->datatype);
		return;
	}
	if (x->deprecation[0])
		bind_warn(b, raw->node, "\"%.120s\" is deprecated: %.200s", raw->name,
			x->deprecation);
	check_unit(b, raw, x, d);
	check_range(b, raw, x, d);
	d->datatype = x->datatype;
	d->allowed = x->allowed;
	d->n_allowed = x->n_allowed;
	if (!d->doc[0])
		d->doc = x->description;
}
