/* SPDX-License-Identifier: Apache-2.0 */
/* Any file as a PVH kernel, into a guest memory of two regions: nothing outside them is written. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "tests/fuzz/bytes_source.h"
#include "vmm/loader/elf.h"

#define FLOOR  0x1000u
#define REGION 0x10000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t ram[2][REGION];
	struct bytes file = { data, size };
	struct elf_source src = bytes_source(&file);
	struct gmem mem = { .n = 0 };
	struct elf_image im;
	struct err e = { 0 };
	int rc;

	/* Two that touch, so that copies may cross. */
	if (gmem_add(&mem, (struct gmem_region){ { 0 }, REGION, ram[0], -1, 0 }) ||
		gmem_add(&mem, (struct gmem_region){ { REGION }, REGION, ram[1], -1, 0 }))
		abort();
	rc = elf_load(&im, &src, &mem, FLOOR, &e);
	if (rc == 0 && (im.low < FLOOR || im.high > 2 * REGION || im.entry < im.low ||
			       im.entry >= im.high))
		abort();
	if (rc < 0 && !e.text[0])
		abort();
	for (unsigned int i = 0; i < FLOOR; i++) {
		if (ram[0][i])
			abort();
	}
	return 0;
}
