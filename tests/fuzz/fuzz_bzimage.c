/* SPDX-License-Identifier: Apache-2.0 */
/* Any file as a bzImage, into a small guest memory: nothing outside it or below the floor. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/loader/bzimage.h"

#define FLOOR  0x10000u
#define MEMORY 0x200000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct file {
	const uint8_t *data;
	size_t size;
};

static int read_file(void *ctx, uint64_t off, void *dst, size_t len)
{
	const struct file *f = ctx;

	/* The loader promised to stay inside. */
	if (off > f->size || len > f->size - off)
		abort();
	memcpy(dst, f->data + off, len);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t ram[MEMORY];
	struct file f = { data, size };
	struct elf_source src = { .read = read_file, .ctx = &f, .size = size };
	struct gmem mem = { .n = 0 };
	struct bzimage im;
	struct err e = { 0 };
	int rc;

	if (gmem_add(&mem, (struct gmem_region){ { 0 }, MEMORY, ram, -1, 0 }))
		abort();
	rc = bzimage_load(&im, &src, &mem, FLOOR, &e);
	if (rc == 0 && (im.low < FLOOR || im.high > MEMORY || im.entry < im.low ||
			       im.entry >= im.high || im.header_len > BZIMAGE_HEADER_MAX))
		abort();
	if (rc < 0 && !e.text[0])
		abort();
	for (unsigned int i = 0; i < FLOOR; i++) {
		if (ram[i])
			abort();
	}
	return 0;
}
