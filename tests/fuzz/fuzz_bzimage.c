/* SPDX-License-Identifier: Apache-2.0 */
/* Any file as a bzImage, into a small guest memory: nothing outside it or below the floor. */
#include <stdint.h>
#include <stdlib.h>

#include "tests/fuzz/bytes_source.h"
#include "vmm/loader/bzimage.h"

#define FLOOR  0x10000u
#define MEMORY 0x200000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t ram[MEMORY];
	struct bytes file = { data, size };
	struct elf_source src = bytes_source(&file);
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
