/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pictures of screens: RGB in memory, PNG files (libpng), comparison with a tolerance. Used by the
 * UI to save what it shows and by the checks to judge it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/proto/display.h"

#define IMAGE_MAX_SIDE 16384

/* 8-bit RGBA, rows without padding; alpha is 255 where a source has none. */
struct image {
	uint32_t width, height;
	uint8_t *px; /* width * height * 4 bytes, owned */
};

MUST_CHECK int image_new(struct image *out, uint32_t width, uint32_t height);
void image_fini(struct image *im);

/* Converts pixels of any display format into im (same size), alpha forced to 255. */
void image_from_display(
	struct image *im, const uint8_t *src, uint32_t stride_bytes, enum display_format format);

/* Writes a PNG to fd (borrowed) at a fast compression level. 0 or -errno with a message. */
MUST_CHECK int image_write_png(const struct image *im, int fd, struct err *e);
/* Reads any PNG (palette, grey, 16 bit, alpha) as RGBA. */
MUST_CHECK int image_read_png(struct image *out, int fd, struct err *e);
MUST_CHECK int image_load(struct image *out, const char *path, struct err *e);
MUST_CHECK int image_save(const struct image *im, const char *path, struct err *e);

struct image_diff {
	uint64_t pixels; /* compared */
	uint64_t different; /* with a channel further apart than the threshold */
	uint8_t max_delta; /* largest channel difference seen */
};
/*
 * Compares the area r (NULL: all) of two pictures of one size. A pixel counts as different when a
 * colour channel differs by more than `threshold` (0..255). Where `mark` is not NULL it becomes
 * the difference picture: `b` in dim grey, different pixels in red. 0, or -EINVAL for other sizes.
 */
MUST_CHECK int image_compare(const struct image *a, const struct image *b,
	const struct display_rect *r, uint8_t threshold, struct image_diff *out,
	struct image *mark);

/* True when every pixel of the area has the same colour (nothing was drawn). */
bool image_is_blank(const struct image *im, const struct display_rect *r);
