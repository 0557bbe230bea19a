/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures, PNG and their comparison; see image.h. */
#include "base/image.h"

#include <errno.h>
#include <fcntl.h>
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/fd.h"

int image_new(struct image *out, uint32_t width, uint32_t height)
{
	uint8_t *px;

	if (width == 0 || height == 0 || width > IMAGE_MAX_SIDE || height > IMAGE_MAX_SIDE)
		return -EINVAL;
	px = calloc((size_t)width * height, 4);
	if (!px)
		return -ENOMEM;
	*out = (struct image){ .width = width, .height = height, .px = px };
	return 0;
}

void image_fini(struct image *im)
{
	free(im->px);
	*im = (struct image){ 0 };
}

/* Where red, green and blue lie in the four bytes of a pixel. */
static const uint8_t *channel_order(enum display_format f)
{
	static const uint8_t bgra[3] = { 2, 1, 0 }, argb[3] = { 1, 2, 3 }, rgba[3] = { 0, 1, 2 },
			     abgr[3] = { 3, 2, 1 };

	switch (f) {
	case DISPLAY_A8R8G8B8:
	case DISPLAY_X8R8G8B8:
		return argb;
	case DISPLAY_R8G8B8A8:
	case DISPLAY_R8G8B8X8:
		return rgba;
	case DISPLAY_X8B8G8R8:
	case DISPLAY_A8B8G8R8:
		return abgr;
	case DISPLAY_B8G8R8A8:
	case DISPLAY_B8G8R8X8:
	default:
		return bgra;
	}
}

void image_from_display(
	struct image *im, const uint8_t *src, uint32_t stride_bytes, enum display_format format)
{
	const uint8_t *o = channel_order(format);

	for (uint32_t y = 0; y < im->height; y++) {
		const uint8_t *s = src + (size_t)y * stride_bytes;
		uint8_t *d = im->px + (size_t)y * im->width * 4;

		for (uint32_t x = 0; x < im->width; x++, s += 4, d += 4) {
			d[0] = s[o[0]];
			d[1] = s[o[1]];
			d[2] = s[o[2]];
			d[3] = 255;
		}
	}
}

/* ---- PNG ---- */

static void on_png_error(png_structp png, png_const_charp text)
{
	err_set(png_get_error_ptr(png), 0, "%s", text);
	longjmp(png_jmpbuf(png), 1);
}

static void on_png_warning(png_structp png, png_const_charp text)
{
	(void)png;
	(void)text;
}

int image_write_png(const struct image *im, int fd, struct err *e)
{
	struct err local = { 0 };
	png_structp png = png_create_write_struct(
		PNG_LIBPNG_VER_STRING, &local, on_png_error, on_png_warning);
	png_infop info = png ? png_create_info_struct(png) : NULL;
	int copy = info ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
	FILE *f = copy >= 0 ? fdopen(copy, "wb") : NULL;

	if (!f) {
		fd_close(&copy);
		png_destroy_write_struct(&png, &info);
		return err_set(e, -ENOMEM, "cannot write a PNG: no memory or descriptor");
	}
	if (setjmp(png_jmpbuf(png))) {
		png_destroy_write_struct(&png, &info);
		fclose(f);
		return err_set(e, -EIO, "cannot write a PNG: %s", local.text);
	}
	png_init_io(png, f);
	/* Fast and good enough for screens: level 1 with the SUB filter. */
	png_set_compression_level(png, Z_BEST_SPEED);
	png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_SUB);
	png_set_IHDR(png, info, im->width, im->height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
		PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
	png_write_info(png, info);
	png_set_filler(png, 0, PNG_FILLER_AFTER);
	for (uint32_t y = 0; y < im->height; y++)
		png_write_row(png, im->px + (size_t)y * im->width * 4);
	png_write_end(png, info);
	png_destroy_write_struct(&png, &info);
	if (fclose(f) != 0)
		return err_errno(e, errno, "cannot write a PNG");
	return 0;
}

int image_read_png(struct image *out, int fd, struct err *e)
{
	struct err local = { 0 };
	struct image im = { 0 };
	struct image *volatile held = &im;
	png_structp png =
		png_create_read_struct(PNG_LIBPNG_VER_STRING, &local, on_png_error, on_png_warning);
	png_infop info = png ? png_create_info_struct(png) : NULL;
	int copy = info ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
	FILE *f = copy >= 0 ? fdopen(copy, "rb") : NULL;
	int passes;

	if (!f) {
		fd_close(&copy);
		png_destroy_read_struct(&png, &info, NULL);
		return err_set(e, -ENOMEM, "cannot read a PNG: no memory or descriptor");
	}
	if (setjmp(png_jmpbuf(png))) {
		png_destroy_read_struct(&png, &info, NULL);
		fclose(f);
		image_fini(held);
		return err_set(e, -EBADMSG, "not a readable PNG: %s", local.text);
	}
	png_init_io(png, f);
	png_set_user_limits(png, IMAGE_MAX_SIDE, IMAGE_MAX_SIDE);
	png_read_info(png, info);
	png_set_expand(png);
	png_set_strip_16(png);
	png_set_gray_to_rgb(png);
	png_set_add_alpha(png, 255, PNG_FILLER_AFTER);
	passes = png_set_interlace_handling(png);
	png_read_update_info(png, info);
	if (image_new(&im, png_get_image_width(png, info), png_get_image_height(png, info)) < 0)
		png_error(png, "picture too large");
	for (int pass = 0; pass < passes; pass++) {
		for (uint32_t y = 0; y < im.height; y++)
			png_read_row(png, im.px + (size_t)y * im.width * 4, NULL);
	}
	png_read_end(png, NULL);
	png_destroy_read_struct(&png, &info, NULL);
	fclose(f);
	*out = im;
	return 0;
}

int image_load(struct image *out, const char *path, struct err *e)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return err_errno(e, errno, "cannot open %s", path);
	rc = image_read_png(out, fd, e);
	if (rc < 0)
		err_prefix(e, "%s", path);
	return rc;
}

int image_save(const struct image *im, const char *path, struct err *e)
{
	CLEANUP_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	int rc;

	if (fd < 0)
		return err_errno(e, errno, "cannot create %s", path);
	rc = image_write_png(im, fd, e);
	if (rc < 0)
		err_prefix(e, "%s", path);
	return rc;
}

/* ---- comparison ---- */

static struct display_rect area_of(const struct image *im, const struct display_rect *r)
{
	struct display_rect all = { 0, 0, im->width, im->height };

	return r ? display_rect_clip(all, *r) : all;
}

static const uint8_t *pixel(const struct image *im, uint32_t x, uint32_t y)
{
	return im->px + ((size_t)y * im->width + x) * 4;
}

static uint8_t pixel_delta(const uint8_t *p, const uint8_t *q)
{
	int d = 0;

	for (int i = 0; i < 3; i++)
		d = MAX(d, abs(p[i] - q[i]));
	return (uint8_t)d;
}

/* The difference picture starts as `b` in dim grey. */
static int mark_start(struct image *mark, const struct image *b)
{
	int rc = image_new(mark, b->width, b->height);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < (size_t)b->width * b->height; i++) {
		const uint8_t *p = b->px + i * 4;
		uint8_t grey = (uint8_t)((p[0] + p[1] + p[2]) / 6);

		memcpy(mark->px + i * 4, (uint8_t[4]){ grey, grey, grey, 255 }, 4);
	}
	return 0;
}

int image_compare(const struct image *a, const struct image *b, const struct display_rect *r,
	uint8_t threshold, struct image_diff *out, struct image *mark)
{
	struct display_rect c = area_of(a, r);

	if (a->width != b->width || a->height != b->height)
		return -EINVAL;
	if (mark) {
		int rc = mark_start(mark, b);

		if (rc < 0)
			return rc;
	}
	*out = (struct image_diff){ .pixels = (uint64_t)c.w * c.h };
	for (uint32_t y = c.y; y - c.y < c.h; y++) {
		for (uint32_t x = c.x; x - c.x < c.w; x++) {
			uint8_t d = pixel_delta(pixel(a, x, y), pixel(b, x, y));

			out->max_delta = MAX(out->max_delta, d);
			if (d <= threshold)
				continue;
			out->different++;
			if (mark)
				memcpy(mark->px + ((size_t)y * mark->width + x) * 4,
					(uint8_t[4]){ 255, 32, 32, 255 }, 4);
		}
	}
	return 0;
}

bool image_is_blank(const struct image *im, const struct display_rect *r)
{
	struct display_rect c = area_of(im, r);

	for (uint32_t y = c.y; y - c.y < c.h; y++) {
		for (uint32_t x = c.x; x - c.x < c.w; x++) {
			if (pixel_delta(pixel(im, x, y), pixel(im, c.x, c.y)) != 0)
				return false;
		}
	}
	return true;
}
