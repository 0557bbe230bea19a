/* SPDX-License-Identifier: Apache-2.0 */
/* The guests' string functions do what the host's do, at every alignment and around every limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

void *sdk_memcpy(void *dst, const void *src, size_t n);
void *sdk_memmove(void *dst, const void *src, size_t n);
void *sdk_memset(void *dst, int c, size_t n);
int sdk_memcmp(const void *a, const void *b, size_t n);
void *sdk_memchr(const void *s, int c, size_t n);
size_t sdk_strlen(const char *s);
size_t sdk_strnlen(const char *s, size_t max);
int sdk_strcmp(const char *a, const char *b);
int sdk_strncmp(const char *a, const char *b, size_t n);
char *sdk_strchr(const char *s, int c);
char *sdk_strrchr(const char *s, int c);
char *sdk_strstr(const char *s, const char *what);

#define BYTES 1200

static const size_t sizes[] = { 0, 1, 2, 15, 16, 17, 31, 32, 33, 100, 511, 512, 513, 1000 };
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

static void fill(uint8_t *b)
{
	for (size_t i = 0; i < BYTES; i++)
		b[i] = (uint8_t)(i * 7 + i / 256);
}

static int sign(int v)
{
	return (v > 0) - (v < 0);
}

static void test_memcpy_copies_just_what_was_asked(void **state)
{
	uint8_t src[BYTES], got[BYTES], want[BYTES];

	(void)state;
	fill(src);
	for (size_t s = 0; s < SIZES; s++) {
		for (size_t at = 0; at < 17; at++) {
			memset(got, 0xee, BYTES);
			memset(want, 0xee, BYTES);
			assert_ptr_equal(sdk_memcpy(got + at, src + 3, sizes[s]), got + at);
			memcpy(want + at, src + 3, sizes[s]);
			assert_memory_equal(got, want, BYTES);
		}
	}
}

static void test_memmove_copies_overlapping_areas_both_ways(void **state)
{
	uint8_t got[BYTES], want[BYTES];

	(void)state;
	for (size_t s = 0; s < SIZES; s++) {
		for (size_t shift = 0; shift < 40; shift += 3) {
			fill(got);
			fill(want);
			sdk_memmove(got + shift, got + 20, sizes[s]);
			memmove(want + shift, want + 20, sizes[s]);
			assert_memory_equal(got, want, BYTES);
		}
	}
}

static void test_memset_sets_just_what_was_asked(void **state)
{
	uint8_t got[BYTES], want[BYTES];

	(void)state;
	for (size_t s = 0; s < SIZES; s++) {
		for (size_t at = 0; at < 17; at++) {
			fill(got);
			fill(want);
			sdk_memset(got + at, 0x1a5, sizes[s]);
			memset(want + at, 0xa5, sizes[s]);
			assert_memory_equal(got, want, BYTES);
		}
	}
}

static void test_memcmp_finds_a_difference_anywhere(void **state)
{
	uint8_t a[BYTES], b[BYTES];

	(void)state;
	fill(a);
	for (size_t at = 0; at < 70; at++) {
		fill(b);
		assert_int_equal(sdk_memcmp(a, b, 70), 0);
		b[at] = (uint8_t)(b[at] + 1);
		assert_int_equal(sign(sdk_memcmp(a, b, 70)), sign(memcmp(a, b, 70)));
		assert_int_equal(sdk_memcmp(a, b, at), 0);
	}
}

static void test_strings_compare_and_search_as_the_hosts_do(void **state)
{
	static const char *const words[] = { "", "a", "b", "ab", "abc", "abd", "\xff", "a\xff",
		"speed", "speedo", "a longer string than any register" };

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const char *x = words[i];

		assert_int_equal(sdk_strlen(x), strlen(x));
		assert_int_equal(sdk_strnlen(x, 3), strnlen(x, 3));
		assert_ptr_equal(sdk_strchr(x, 'e'), strchr(x, 'e'));
		assert_ptr_equal(sdk_strchr(x, '\0'), strchr(x, '\0'));
		assert_ptr_equal(sdk_strrchr(x, 'e'), strrchr(x, 'e'));
		assert_ptr_equal(sdk_memchr(x, 'e', strlen(x)), memchr(x, 'e', strlen(x)));
		for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++) {
			const char *y = words[k];

			assert_int_equal(sign(sdk_strcmp(x, y)), sign(strcmp(x, y)));
			for (size_t n = 0; n < 4; n++)
				assert_int_equal(
					sign(sdk_strncmp(x, y, n)), sign(strncmp(x, y, n)));
			assert_ptr_equal(sdk_strstr(x, y), strstr(x, y));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memcpy_copies_just_what_was_asked),
		cmocka_unit_test(test_memmove_copies_overlapping_areas_both_ways),
		cmocka_unit_test(test_memset_sets_just_what_was_asked),
		cmocka_unit_test(test_memcmp_finds_a_difference_anywhere),
		cmocka_unit_test(test_strings_compare_and_search_as_the_hosts_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
