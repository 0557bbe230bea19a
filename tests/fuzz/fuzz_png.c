/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a PNG: refused with a message, or a picture that is the same after it was written
 * and read again (but for its alpha, which screens do not have).
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "base/fd.h"
#include "base/image.h"

/* What is larger is read and not written: that would say nothing new, slowly. */
#define SMALL_PIXELS 4096u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Makes the checksum of each chunk right, so that what is in it gets looked at. */
static void repair(uint8_t *b, size_t size)
{
	for (size_t at = 8; size >= 12 && at <= size - 12;) {
		uint32_t len = be32(b + at), sum;

		if (len > size - 12 - at)
			return;
		sum = (uint32_t)crc32(0, b + at + 4, len + 4);
		at += 8 + (size_t)len;
		for (unsigned int i = 0; i < 4; i++)
			b[at++] = (uint8_t)(sum >> (24 - 8 * i));
	}
}

/* A memfd that holds `data`, at its start. */
static int file_of(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz-png", MFD_CLOEXEC);

	must(fd >= 0 && fd_write_all(fd, data, size) == 0 && lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

static void check_round_trip(const struct image *im)
{
	CLEANUP_FD int fd = file_of(NULL, 0);
	struct image_diff diff;
	struct image again;
	struct err e = { 0 };

	must(image_write_png(im, fd, &e) == 0 && lseek(fd, 0, SEEK_SET) == 0);
	must(image_read_png(&again, fd, &e) == 0);
	must(image_compare(im, &again, NULL, 0, &diff, NULL) == 0 && diff.different == 0);
	image_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_FREE uint8_t *copy = malloc(size + 1);
	CLEANUP_FD int fd = -1;
	struct err e = { 0 };
	struct image im;

	must(copy != NULL);
	if (size)
		memcpy(copy, data, size);
	repair(copy, size);
	fd = file_of(copy, size);
	if (image_read_png(&im, fd, &e) < 0) {
		must(e.text[0] != '\0');
		return 0;
	}
	must(im.width > 0 && im.width <= IMAGE_MAX_SIDE);
	must(im.height > 0 && im.height <= IMAGE_MAX_SIDE);
	if ((uint64_t)im.width * im.height <= SMALL_PIXELS)
		check_round_trip(&im);
	image_fini(&im);
	return 0;
}
