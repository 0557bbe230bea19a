/* SPDX-License-Identifier: Apache-2.0 */
/* Whether files can be read past the page cache. */
#pragma once

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

/* Whether the file system reads a sector of this file with O_DIRECT. */
static inline bool file_has_direct_io(const char *path)
{
	static uint8_t sector[512] __attribute__((aligned(4096)));
	int fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	bool can = fd >= 0 && pread(fd, sector, sizeof(sector), 0) == sizeof(sector);

	if (fd >= 0)
		close(fd);
	return can;
}
