/* SPDX-License-Identifier: Apache-2.0 */
/* PNG files and picture comparison. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/image.h"

static struct image gradient(uint32_t w, uint32_t h)
{
	struct image im;

	assert_int_equal(image_new(&im, w, h), 0);
	for (uint32_t i = 0; i < w * h; i++) {
		im.px[i * 4] = (uint8_t)i;
		im.px[i * 4 + 1] = (uint8_t)(i >> 4);
		im.px[i * 4 + 2] = (uint8_t)(i >> 8);
		im.px[i * 4 + 3] = 255;
	}
	return im;
}

static void test_what_is_written_reads_back_equal(void **state)
{
	struct image a = gradient(37, 23), b;
	int fd = memfd_create("png", 0);
	struct err e = { 0 };

	(void)state;
	assert_int_equal(image_write_png(&a, fd, &e), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(image_read_png(&b, fd, &e), 0);
	assert_int_equal(b.width, 37);
	assert_int_equal(b.height, 23);
	assert_memory_equal(a.px, b.px, 37 * 23 * 4);
	image_fini(&a);
	image_fini(&b);
	fd_close(&fd);
}

static void test_a_cut_png_is_an_error(void **state)
{
	struct image a = gradient(200, 200), b;
	int fd = memfd_create("png", 0);
	struct err e = { 0 };

	(void)state;
	assert_int_equal(image_write_png(&a, fd, &e), 0);
	assert_int_equal(ftruncate(fd, fd_size(fd) / 2), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(image_read_png(&b, fd, &e), -EBADMSG);
	assert_non_null(strstr(e.text, "PNG"));
	image_fini(&a);
	fd_close(&fd);
}

static void test_a_file_that_is_no_png_is_named(void **state)
{
	struct image im;
	struct err e = { 0 };

	(void)state;
	assert_true(image_load(&im, "/dev/null", &e) < 0);
	assert_non_null(strstr(e.text, "/dev/null"));
	assert_int_equal(image_load(&im, "/nonexistent.png", &e), -ENOENT);
}

static void test_comparison_counts_pixels_beyond_the_threshold(void **state)
{
	struct image a = gradient(10, 10), b = gradient(10, 10), mark;
	struct image_diff d;

	(void)state;
	b.px[4 * 5] = (uint8_t)(b.px[4 * 5] + 10);
	b.px[4 * 6] = (uint8_t)(b.px[4 * 6] + 3);
	assert_int_equal(image_compare(&a, &b, NULL, 4, &d, &mark), 0);
	assert_int_equal(d.pixels, 100);
	assert_int_equal(d.different, 1);
	assert_int_equal(d.max_delta, 10);
	assert_memory_equal(mark.px + 4 * 5, ((uint8_t[4]){ 255, 32, 32, 255 }), 4);
	image_fini(&mark);
	assert_int_equal(image_compare(&a, &b, NULL, 2, &d, NULL), 0);
	assert_int_equal(d.different, 2);
	image_fini(&a);
	image_fini(&b);
}

static void test_comparison_of_a_region_ignores_the_rest(void **state)
{
	struct image a = gradient(10, 10), b = gradient(10, 10);
	struct display_rect r = { 0, 5, 10, 100 };
	struct image_diff d;

	(void)state;
	b.px[0] = 200;
	assert_int_equal(image_compare(&a, &b, &r, 0, &d, NULL), 0);
	assert_int_equal(d.pixels, 50);
	assert_int_equal(d.different, 0);
	image_fini(&a);
	image_fini(&b);
}

static void test_pictures_of_other_sizes_are_not_compared(void **state)
{
	struct image a = gradient(10, 10), b = gradient(10, 11);
	struct image_diff d;

	(void)state;
	assert_int_equal(image_compare(&a, &b, NULL, 0, &d, NULL), -EINVAL);
	image_fini(&a);
	image_fini(&b);
}

static void test_blank_means_one_colour_in_the_region(void **state)
{
	struct image im;
	struct display_rect corner = { 0, 0, 3, 3 };

	(void)state;
	assert_int_equal(image_new(&im, 8, 8), 0);
	assert_true(image_is_blank(&im, NULL));
	im.px[4 * (7 * 8 + 7)] = 1;
	assert_false(image_is_blank(&im, NULL));
	assert_true(image_is_blank(&im, &corner));
	image_fini(&im);
}

static void test_sizes_beyond_the_limit_are_refused(void **state)
{
	struct image im;

	(void)state;
	assert_int_equal(image_new(&im, 0, 5), -EINVAL);
	assert_int_equal(image_new(&im, IMAGE_MAX_SIDE + 1, 5), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_written_reads_back_equal),
		cmocka_unit_test(test_a_cut_png_is_an_error),
		cmocka_unit_test(test_a_file_that_is_no_png_is_named),
		cmocka_unit_test(test_comparison_counts_pixels_beyond_the_threshold),
		cmocka_unit_test(test_comparison_of_a_region_ignores_the_rest),
		cmocka_unit_test(test_pictures_of_other_sizes_are_not_compared),
		cmocka_unit_test(test_blank_means_one_colour_in_the_region),
		cmocka_unit_test(test_sizes_beyond_the_limit_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
