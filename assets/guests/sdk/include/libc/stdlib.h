/* SPDX-License-Identifier: Apache-2.0 */
/* The part of C's <stdlib.h> that guests have; the heap is dyno/mem.h's. */
#pragma once

#include <stddef.h>

void *malloc(size_t bytes);
void *calloc(size_t n, size_t bytes);
void *realloc(void *p, size_t bytes);
void free(void *p);
static inline int abs(int v)
{
	return v < 0 ? -v : v;
}
