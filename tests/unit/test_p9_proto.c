/* SPDX-License-Identifier: Apache-2.0 */
/* 9P messages as a carrier sees them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "devices/p9/proto.h"

static uint8_t msg[128];
static uint32_t len;

static void add(uint64_t v, unsigned int n)
{
	memcpy(msg + len, &v, n);
	len += n;
}

static void add_string(const char *s)
{
	add(strlen(s), 2);
	memcpy(msg + len, s, strlen(s));
	len += (uint32_t)strlen(s);
}

/* A Tattach, with the number of the user where it is not 0. */
static void attach(const char *uname, const char *aname, uint32_t n_uname)
{
	le32 size;

	len = 4;
	add(P9_TATTACH, 1);
	add(1, 2);
	add(10, 4);
	add(UINT32_MAX, 4);
	add_string(uname);
	add_string(aname);
	if (n_uname)
		add(n_uname, 4);
	size = le32_of(len);
	memcpy(msg, &size, sizeof(size));
}

static void expect(const char *uname, const char *aname, uint32_t n_uname)
{
	uint8_t got[sizeof(msg)];
	uint32_t n = p9_complete_attach(msg, len, sizeof(msg), "/srv/tree");

	memcpy(got, msg, n);
	attach(uname, aname, n_uname);
	assert_int_equal(n, len);
	assert_memory_equal(got, msg, len);
}

static void test_an_attach_without_a_tree_names_it(void **state)
{
	(void)state;
	attach("me", "", 1000);
	expect("me", "/srv/tree", 1000);
	attach("me", "", 0);
	expect("me", "/srv/tree", 0);
}

static void test_an_attach_with_a_tree_is_left_alone(void **state)
{
	(void)state;
	attach("me", "/other", 1000);
	expect("me", "/other", 1000);
}

static void test_a_user_by_name_gets_a_number(void **state)
{
	(void)state;
	attach("nobody", "", UINT32_MAX);
	assert_int_equal(p9_complete_attach(msg, len, sizeof(msg), "/srv/tree"), len + 9);
	len += 9;
	assert_int_equal(msg[len - 4] | msg[len - 3] | msg[len - 2] | msg[len - 1], 0);
	assert_memory_equal(msg + len - 13, "/srv/tree", 9);
}

static void test_a_broken_attach_is_left_alone(void **state)
{
	(void)state;
	attach("me", "", 1000);
	for (uint32_t cut = 0; cut < len; cut++) {
		uint8_t before[sizeof(msg)];

		memcpy(before, msg, sizeof(msg));
		/* Up to its last number it is whole. */
		if (cut >= len - 4)
			break;
		assert_int_equal(p9_complete_attach(msg, cut, cut, "/srv/tree"), cut);
		assert_memory_equal(before, msg, sizeof(msg));
	}
	assert_int_equal(p9_complete_attach(msg, len, len + 8, "/srv/tree"), len);
}

static void test_sizes_that_cannot_be_are_named(void **state)
{
	struct p9_head h = { .size = 7, .type = 120 };

	(void)state;
	assert_int_equal(p9_check_request(&h, 7), 0);
	assert_int_equal(p9_check_request(&h, 6), EINVAL);
	h.size = 6;
	assert_int_equal(p9_check_request(&h, 100), EINVAL);
	h = (struct p9_head){ .size = P9_MAX_MESSAGE, .type = 120 };
	assert_int_equal(p9_check_request(&h, P9_MAX_MESSAGE), 0);
	h.size++;
	assert_int_equal(p9_check_request(&h, UINT32_MAX), EMSGSIZE);
	h = (struct p9_head){ .size = 7, .type = 121 };
	assert_int_equal(p9_check_request(&h, 7), EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_attach_without_a_tree_names_it),
		cmocka_unit_test(test_an_attach_with_a_tree_is_left_alone),
		cmocka_unit_test(test_a_user_by_name_gets_a_number),
		cmocka_unit_test(test_a_broken_attach_is_left_alone),
		cmocka_unit_test(test_sizes_that_cannot_be_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
