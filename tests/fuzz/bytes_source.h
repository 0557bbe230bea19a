/* SPDX-License-Identifier: Apache-2.0 */
/* A kernel's file in memory, for the loaders' fuzz targets. */
#pragma once

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/loader/elf.h"

struct bytes {
	const void *data;
	size_t size;
};

static inline int bytes_read(void *ctx, uint64_t off, void *dst, size_t len)
{
	const struct bytes *b = ctx;

	/* The loaders promise to stay inside. */
	if (off > b->size || len > b->size - off)
		abort();
	memcpy(dst, (const uint8_t *)b->data + off, len);
	return 0;
}

/* *b is borrowed. */
static inline struct elf_source bytes_source(struct bytes *b)
{
	return (struct elf_source){ .read = bytes_read, .ctx = b, .size = b->size };
}
