/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Table-driven binding of a YAML tree to C structs: a table says for each key its type, bounds,
 * default, place and meaning; one binder does the rest and reports every error with its place. The
 * same tables are printed as the reference page, so that page and program cannot disagree.
 * It knows no scenario: types that refer to things (buses, guests) come with the tables.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "sim/diag/arena.h"
#include "sim/diag/diag.h"
#include "sim/scenario/yaml.h"

struct bind;
struct schema;
struct schema_key;

/* How one value is written and stored. */
struct schema_type {
	const char *name; /* in the reference: "duration" */
	const char *doc; /* how it is written, with examples; NULL: it explains itself */
	bool any_node; /* parse() also takes lists and mappings */
	/* Reads `n` into `field`; reports through bind_error(). */
	void (*parse)(
		struct bind *b, const struct node *n, const struct schema_key *k, void *field);
	/* Optional: shows a bound with its unit. */
	void (*show)(char *buf, size_t cap, double bound);
	/* Optional: the value of a key that is absent and has KEY_ONLY; false: there is none. */
	bool (*fill)(struct bind *b, void *field);
};

/* A word and what it stands for. */
struct schema_word {
	const char *word;
	uint32_t value;
	const char *doc;
};

enum schema_shape {
	SHAPE_VALUE, /* one value of `type` at `offset` */
	SHAPE_LIST, /* items of `sub` in a fresh array; pointer at `offset`, count at `count` */
	SHAPE_MAP, /* the same for name -> item; the name goes where sub->map_key says */
	SHAPE_INPLACE /* a mapping of `sub` that fills the same struct as its parent */
};

#define KEY_REQUIRED 0x1u
/* May be absent where only one thing exists that it could name (type->fill). */
#define KEY_ONLY 0x2u
/* Exactly one of the keys with this flag is present; `tag` is stored at schema->tag_offset. */
#define KEY_CHOICE 0x4u

struct schema_key {
	const char *key;
	enum schema_shape shape;
	uint32_t flags;
	uint32_t tag; /* KEY_CHOICE */
	const struct schema_type *type; /* SHAPE_VALUE */
	const struct schema *sub; /* the other shapes */
	size_t offset, count;
	double min, max; /* of numbers; both 0: none. Lists: max is the most items */
	const char *unit; /* of numbers, where the type has none of its own: "pixels" */
	const char *def; /* as text, read as if it stood in the file; lists: words with commas */
	const struct schema_word *words; /* enum and flags types; ends with a NULL word */
	const char *doc;
};

struct schema {
	const char *item; /* what one of them is called in messages: "guest" */
	size_t size; /* of the C struct */
	const struct schema_key *keys;
	size_t n_keys;
	const char *short_key; /* a plain value in place of the mapping is this key's; NULL: none */
	const struct schema_key *map_key; /* SHAPE_MAP: how the name is read */
	size_t tag_offset; /* uint32_t or enum for KEY_CHOICE */
	const char *doc; /* a paragraph for the reference; may be NULL */
	/* Checks across keys, after all keys were read without error. `n` may be a plain value. */
	void (*post)(struct bind *b, const struct node *n, void *obj);
};

struct bind {
	struct arena *a;
	struct diags *d;
	const struct source *src;
	const char *dir; /* where relative files are sought */
	bool no_files;
	const char *const *images; /* as in scenario_opts */
	void *user; /* the tables' own context */
	void *obj; /* the struct being filled */
	char where[96]; /* "guest \"cluster\": " */
	char path[160]; /* "displays[1].width" */
	bool oom;
};

/* Binds a mapping to the struct `obj` (zeroed, schema->size bytes): defaults, keys, post. */
void bind_table(struct bind *b, const struct schema *s, const struct node *n, void *obj);

/* Reports at a node: "<where><path> <message>". */
void bind_error(struct bind *b, const struct node *n, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* The same without the path: for what concerns the item as a whole. */
void bind_item_error(struct bind *b, const struct node *n, const char *fmt, ...) PRINTF_LIKE(3, 4);
void bind_warn(struct bind *b, const struct node *n, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* bind_error() for the value of `key` in the mapping `n` (or of `n` itself without it). */
void bind_key_error(struct bind *b, const struct node *n, const char *key, const char *fmt, ...)
	PRINTF_LIKE(4, 5);

/* Memory of the bound tree; NULL without memory, and then b->oom is set. */
void *bind_alloc(struct bind *b, size_t bytes);
const char *bind_strdup(struct bind *b, const char *s);
const char *bind_printf(struct bind *b, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Resolves a path against the file's folder; reports where no readable regular file is there.
 * NULL then. */
const char *bind_file(struct bind *b, const struct node *n, const char *path);

/* For types whose values the table's post reads: it knows what they refer to. */
void schema_parse_later(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field);

/* Generic types. Field types: const char *, bool, uint32_t, uint64_t, ... as named. */
extern const struct schema_type type_string; /* const char * */
extern const struct schema_type type_name; /* const char *: letters, digits, _ . - */
extern const struct schema_type type_bool; /* bool */
extern const struct schema_type type_u32; /* uint32_t */
extern const struct schema_type type_u64; /* uint64_t */
extern const struct schema_type type_i32; /* int32_t */
extern const struct schema_type type_float; /* double */
extern const struct schema_type type_duration; /* uint64_t ns */
extern const struct schema_type type_duration_ms; /* uint32_t ms */
extern const struct schema_type type_size; /* uint64_t bytes */
extern const struct schema_type type_bitrate; /* uint32_t bit/s */
extern const struct schema_type type_percent; /* double, 0.05 for 5% */
extern const struct schema_type type_enum; /* enum or uint32_t; key->words */
extern const struct schema_type type_flags; /* uint32_t: OR of key->words in a list */
extern const struct schema_type type_file; /* const char *, resolved */
extern const struct schema_type type_regex; /* const char * */
extern const struct schema_type type_can_id; /* canid_t with CAN_EFF_FLAG */
extern const struct schema_type type_mask; /* uint32_t, hex */
