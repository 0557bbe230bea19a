/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A YAML text as a tree whose every node knows where it stands in the text. Of YAML 1.2 it takes
 * what a configuration needs: one document, mappings with scalar keys, anchors, aliases and merge
 * keys (`<<`); tags are errors. It knows no schema.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "sim/diag/diag.h"

#define YAML_MAX_BYTES ((size_t)1024 * 1024)
#define YAML_MAX_DEPTH 32
#define YAML_MAX_PAIRS 1024 /* keys of one mapping */
/* Nodes counted as often as aliases repeat them, so that a small file cannot unfold into millions.
 */
#define YAML_MAX_NODES 200000

enum node_kind { NODE_NULL, NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node {
	enum node_kind kind;
	bool quoted; /* scalar in quotes or a block scalar */
	const char *text; /* scalar: NUL-terminated, without NUL inside */
	const struct source *src;
	size_t off, len; /* bytes in the source */
	uint32_t line; /* from 1 */
	uint32_t n; /* list: items; map: pairs */
	uint32_t weight; /* nodes below, aliases unfolded, itself included */
	struct node **items; /* list: n; map: key, value, key, value, ... (2 * n) */
};

/*
 * Parses a text into *root (in arena `a`; NODE_NULL for an empty text). Problems become
 * diagnostics. 0; -EINVAL when there was one that leaves no tree; -ENOMEM.
 */
MUST_CHECK int yaml_parse(
	struct arena *a, struct diags *d, const struct source *src, struct node **root);

/* Value of a key of a mapping; NULL when there is none (or `n` is no mapping). */
const struct node *node_get(const struct node *n, const char *key);
