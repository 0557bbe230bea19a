/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks in a list; a request that does not fit the newest block gets a fresh one. */
#include "sim/diag/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES ((size_t)16 * 1024)
#define ALIGN       _Alignof(max_align_t)

struct arena_block {
	struct arena_block *next;
	size_t bytes;
	_Alignas(max_align_t) uint8_t b[];
};

void *arena_alloc(struct arena *a, size_t bytes)
{
	if (bytes > SIZE_MAX / 4)
		return NULL;
	size_t need = bytes == 0 ? ALIGN : (bytes + ALIGN - 1) & ~(ALIGN - 1);

	if (!a->head || need > a->head->bytes - a->used) {
		size_t cap = need > BLOCK_BYTES ? need : BLOCK_BYTES;
		struct arena_block *n = calloc(1, sizeof(*n) + cap);

		if (!n)
			return NULL;
		n->bytes = cap;
		n->next = a->head;
		a->head = n;
		a->used = 0;
	}
	void *p = a->head->b + a->used;

	a->used += need;
	return p;
}

char *arena_strndup(struct arena *a, const char *s, size_t len)
{
	char *p = arena_alloc(a, len + 1);

	if (p && len > 0)
		memcpy(p, s, len);
	return p;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return NULL;
	char *p = arena_alloc(a, (size_t)n + 1);

	if (!p)
		return NULL;
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}

void arena_fini(struct arena *a)
{
	struct arena_block *n;

	for (struct arena_block *b = a->head; b; b = n) {
		n = b->next;
		free(b);
	}
	*a = (struct arena){ 0 };
}
