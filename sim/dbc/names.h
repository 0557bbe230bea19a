/* SPDX-License-Identifier: Apache-2.0 */
/* A hash table from names (within a scope) to pointers. Grows; entries are never removed. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct name_slot {
	uint64_t scope;
	const char *key; /* borrowed */
	size_t len;
	void *value; /* NULL: free */
};

/* Zero-initialised it is empty. */
struct names {
	struct name_slot *slots;
	size_t n, cap;
};

/*
 * Adds value (not NULL) under (scope, key). 0; 1 when the name is there already (nothing is
 * changed, *old is what it stands for); -ENOMEM.
 */
MUST_CHECK int names_add(
	struct names *t, uint64_t scope, const char *key, size_t len, void *value, void **old);
/* NULL when there is none. */
void *names_get(const struct names *t, uint64_t scope, const char *key, size_t len);
void names_fini(struct names *t);
