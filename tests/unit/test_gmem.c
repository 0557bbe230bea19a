/* SPDX-License-Identifier: Apache-2.0 */
/* Guest memory: every access is checked, no sum wraps. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/gmem.h"

static uint8_t low[4096], next[4096], high[4096];

/* Two regions that touch, and one at the very end of the address space. */
static struct gmem memory(void)
{
	struct gmem m = { 0 };

	memset(low, 0, sizeof(low));
	memset(next, 0, sizeof(next));
	assert_int_equal(gmem_add(&m, (struct gmem_region){ { 0x1000 }, 4096, low, -1, 0 }), 0);
	assert_int_equal(gmem_add(&m, (struct gmem_region){ { 0x2000 }, 4096, next, -1, 0 }), 0);
	assert_int_equal(
		gmem_add(&m, (struct gmem_region){ { UINT64_MAX - 4095 }, 4096, high, -1, 0 }), 0);
	return m;
}

static void test_a_span_may_cross_regions_that_touch(void **state)
{
	struct gmem m = memory();
	uint8_t in[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, out[8] = { 0 };

	(void)state;
	assert_int_equal(gmem_write(&m, (gpa){ 0x1ffc }, in, sizeof(in)), 0);
	assert_int_equal(low[4095], 4);
	assert_int_equal(next[0], 5);
	assert_int_equal(gmem_read(&m, out, (gpa){ 0x1ffc }, sizeof(out)), 0);
	assert_memory_equal(in, out, sizeof(in));
}

static void test_a_pinned_span_may_not_cross_regions(void **state)
{
	struct gmem m = memory();

	(void)state;
	assert_ptr_equal(gmem_pin(&m, (gpa){ 0x1ff0 }, 16), low + 0xff0);
	assert_null(gmem_pin(&m, (gpa){ 0x1ff0 }, 17));
}

static void test_spans_outside_are_refused(void **state)
{
	struct gmem m = memory();
	uint8_t b[16];

	(void)state;
	assert_int_equal(gmem_read(&m, b, (gpa){ 0xfff }, 1), GUEST_E_RANGE);
	assert_int_equal(gmem_read(&m, b, (gpa){ 0x3000 }, 1), GUEST_E_RANGE);
	assert_int_equal(gmem_read(&m, b, (gpa){ 0x2ff8 }, 16), GUEST_E_RANGE);
	assert_int_equal(gmem_write(&m, (gpa){ 0x2ff8 }, b, 16), GUEST_E_RANGE);
	assert_int_equal(gmem_zero(&m, (gpa){ 0 }, 1), GUEST_E_RANGE);
	assert_false(gmem_valid(&m, (gpa){ 0x2fff }, 2));
}

static void test_a_length_that_would_wrap_is_refused(void **state)
{
	struct gmem m = memory();

	(void)state;
	assert_false(gmem_valid(&m, (gpa){ 0x1000 }, UINT64_MAX));
	assert_null(gmem_pin(&m, (gpa){ 0x1000 }, UINT64_MAX));
	assert_null(gmem_pin(&m, (gpa){ UINT64_MAX }, 2));
}

static void test_the_last_byte_of_the_address_space_is_usable(void **state)
{
	struct gmem m = memory();
	uint8_t b = 7;

	(void)state;
	assert_int_equal(gmem_write(&m, (gpa){ UINT64_MAX }, &b, 1), 0);
	assert_int_equal(high[4095], 7);
	assert_true(gmem_valid(&m, (gpa){ UINT64_MAX - 4095 }, 4096));
	assert_false(gmem_valid(&m, (gpa){ UINT64_MAX - 4095 }, 4097));
}

static void test_empty_spans_are_valid_anywhere(void **state)
{
	struct gmem m = memory();

	(void)state;
	assert_int_equal(gmem_read(&m, NULL, (gpa){ 0 }, 0), 0);
	assert_true(gmem_valid(&m, (gpa){ 0 }, 0));
}

static void test_no_span_goes_on_at_the_other_end_of_the_address_space(void **state)
{
	struct gmem m = { .n = 0 };
	uint8_t b[2] = { 1, 2 };

	(void)state;
	assert_int_equal(gmem_add(&m, (struct gmem_region){ { 0 }, 16, low, -1, 0 }), 0);
	assert_int_equal(
		gmem_add(&m, (struct gmem_region){ { UINT64_MAX - 4095 }, 4096, high, -1, 0 }), 0);
	assert_false(gmem_valid(&m, (gpa){ UINT64_MAX }, 2));
	assert_int_equal(gmem_read(&m, b, (gpa){ UINT64_MAX }, 2), GUEST_E_RANGE);
	assert_int_equal(gmem_write(&m, (gpa){ UINT64_MAX }, b, 2), GUEST_E_RANGE);
	assert_int_equal(gmem_zero(&m, (gpa){ UINT64_MAX }, 2), GUEST_E_RANGE);
	assert_true(gmem_valid(&m, (gpa){ UINT64_MAX }, 1));
}

static void test_regions_that_overlap_wrap_or_are_empty_are_refused(void **state)
{
	struct gmem m = memory();

	(void)state;
	assert_int_equal(gmem_add(&m, (struct gmem_region){ { 0x2fff }, 16, low, -1, 0 }), -EINVAL);
	assert_int_equal(
		gmem_add(&m, (struct gmem_region){ { 0x800 }, 0x801, low, -1, 0 }), -EINVAL);
	assert_int_equal(gmem_add(&m, (struct gmem_region){ { 0x8000 }, 0, low, -1, 0 }), -EINVAL);
	assert_int_equal(
		gmem_add(&m, (struct gmem_region){ { UINT64_MAX }, 2, low, -1, 0 }), -EINVAL);
	assert_int_equal(gmem_add(&m, (struct gmem_region){ { 0x8000 }, 16, low, -1, 0 }), 0);
	assert_int_equal(gmem_add(&m, (struct gmem_region){ { 0x9000 }, 16, low, -1, 0 }), -ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_span_may_cross_regions_that_touch),
		cmocka_unit_test(test_a_pinned_span_may_not_cross_regions),
		cmocka_unit_test(test_spans_outside_are_refused),
		cmocka_unit_test(test_a_length_that_would_wrap_is_refused),
		cmocka_unit_test(test_the_last_byte_of_the_address_space_is_usable),
		cmocka_unit_test(test_empty_spans_are_valid_anywhere),
		cmocka_unit_test(test_no_span_goes_on_at_the_other_end_of_the_address_space),
		cmocka_unit_test(test_regions_that_overlap_wrap_or_are_empty_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
