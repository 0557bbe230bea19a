/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes are a partition table or none: every partition lies inside of the image. */
#include <stdlib.h>

#include "sim/bootdisk/fs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct disk_part p[DISK_MAX_PARTITIONS];
	struct disk_source src;
	int n;

	disk_source_mem(&src, data, size);
	n = disk_partitions(&src, p, DISK_MAX_PARTITIONS);
	for (int i = 0; i < n; i++) {
		if (!p[i].span.bytes || p[i].span.at > size ||
			p[i].span.bytes > size - p[i].span.at)
			abort();
	}
	return 0;
}
