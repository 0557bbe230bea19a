/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that lives and dies together: what belongs to one parsed file. No single free, no
 * growing of a block. Not thread-safe.
 */
#pragma once

#include <stddef.h>

#include "base/err.h"

struct arena_block;

/* Zero-initialised it is empty. */
struct arena {
	struct arena_block *head;
	size_t used; /* bytes of head that are taken */
};

/* Zeroed memory, aligned for any type; `bytes` may be 0. NULL without memory. */
MUST_CHECK void *arena_alloc(struct arena *a, size_t bytes);
/* Copies `len` bytes and adds a NUL. NULL without memory. */
MUST_CHECK char *arena_strndup(struct arena *a, const char *s, size_t len);
MUST_CHECK char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Gives everything back; idempotent. */
void arena_fini(struct arena *a);
