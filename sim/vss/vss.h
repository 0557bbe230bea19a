/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A catalogue of the COVESA Vehicle Signal Specification as vss-tools export it to JSON
 * (`vspec export json`, earlier vspec2json), instances expanded: names of signals with datatype,
 * unit, bounds and meaning. It knows no signal table and no scenario. The file is not trusted.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* The whole VSS has some 3 MB and 1,500 entries. */
#define VSS_MAX_BYTES   (32u << 20)
#define VSS_MAX_ENTRIES 65536u
#define VSS_MAX_NAME    255 /* bytes of a full name */

enum vss_kind {
	VSS_BRANCH,
	VSS_SENSOR,
	VSS_ACTUATOR,
	VSS_ATTRIBUTE,
	VSS_STRUCT, /* types of their own, and what they are made of */
	VSS_PROPERTY
};

struct vss_entry {
	const char *name; /* "Vehicle.Speed" */
	enum vss_kind kind;
	const char *datatype, *unit, *description, *deprecation; /* "" where there is none */
	/* Its values are numbers: those of its datatype, true and false, or a text's places among
	 * the texts that are allowed, from 0. */
	bool numeric;
	bool whole;
	double min, max; /* of numeric values; infinite where there is no bound */
	uint32_t n_allowed; /* of a text; 0: any, or it is none */
	const char *const *allowed;
};

struct vss;

/*
 * Reads a catalogue. 0; -EBADMSG with a message that says where it is wrong; -EFBIG; -ENOMEM; for
 * a file also other -errno. *out is the caller's.
 */
MUST_CHECK int vss_load_text(struct vss **out, const char *text, size_t len, struct err *e);
MUST_CHECK int vss_load(struct vss **out, const char *path, struct err *e);
/* NULL is legal. */
void vss_free(struct vss *v);

/* Entries in the order of their names. */
size_t vss_count(const struct vss *v);
const struct vss_entry *vss_at(const struct vss *v, size_t i);
/* NULL: there is none of that name. */
const struct vss_entry *vss_find(const struct vss *v, const char *name);
/* Whether a name begins with one of the catalogue's roots: it should be in there, then. */
bool vss_covers(const struct vss *v, const char *name);

/* "sensor", "branch", ... */
const char *vss_kind_name(enum vss_kind k);
/* Whether two spellings mean one unit: "%" and "percent", "degC" and "celsius". */
bool vss_same_unit(const char *a, const char *b);
