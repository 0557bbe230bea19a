/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heap. malloc(), calloc(), realloc() and free() of <stdlib.h> are this heap too.
 * Addresses are physical: anything may be handed to a device.
 */
#pragma once

#include "dyno/base.h"

/* `bytes` of zeroed memory, aligned to `align` (a power of 2, at least 16 is used). NULL when out
 * of memory or bytes is 0. The caller frees it with dyno_free(). */
void *dyno_alloc(size_t bytes, size_t align);
/* NULL is legal. */
void dyno_free(void *p);
/* Bytes still free (largest piece may be smaller). */
size_t dyno_heap_free_bytes(void);
