/* SPDX-License-Identifier: Apache-2.0 */
/* Error messages and the log's rate limit. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"

static void test_a_message_carries_its_cause_and_its_prefix(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_int_equal(err_errno(&e, ENOENT, "cannot open %s", "x"), -ENOENT);
	err_prefix(&e, "guest \"%s\"", "ivi");
	assert_string_equal(e.text, "guest \"ivi\": cannot open x: No such file or directory");
	assert_int_equal(err_set(NULL, -5, "nobody listens"), -5);
}

static void test_a_message_that_is_too_long_is_cut(void **state)
{
	struct err e = { 0 };
	char big[3000];

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	assert_int_equal(err_set(&e, -1, "%s", big), -1);
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
	err_prefix(&e, "%s", big);
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
}

static void test_codes_have_names(void **state)
{
	(void)state;
	assert_string_equal(err_name(0), "success");
	assert_string_equal(err_name(GUEST_E_LOOP), "endless descriptor chain");
	assert_string_equal(err_name(-EPERM), "Operation not permitted");
	assert_string_equal(err_name(999), "unknown guest error");
}

static void test_lines_below_the_level_are_not_written(void **state)
{
	int p[2];
	char buf[2000] = { 0 };

	(void)state;
	assert_int_equal(pipe(p), 0);
	log_init("test", LOG_WARN);
	log_set_fd(p[1]);
	log_info("not this");
	log_warn("but %s", "this");
	log_set_fd(STDERR_FILENO);
	close(p[1]);
	assert_true(read(p[0], buf, sizeof(buf) - 1) > 0);
	assert_string_equal(buf, "test: warn: but this\n");
	close(p[0]);
}

static void test_a_flood_is_limited_and_counted(void **state)
{
	struct log_limit l = { 0 };
	uint32_t swallowed = 0;
	unsigned int passed = 0;

	(void)state;
	for (int i = 0; i < 1000; i++)
		passed += log_limit_pass(&l, &swallowed);
	/* A second may have begun anew in between on a slow machine. */
	assert_in_range(passed, 5, 50);
	l.window_ns = clock_now_ns() - 2 * NS_PER_S;
	assert_true(log_limit_pass(&l, &swallowed));
	assert_true(swallowed > 0);
}

static void test_levels_are_parsed_by_word(void **state)
{
	enum log_level level = LOG_INFO;

	(void)state;
	assert_true(log_level_parse("debug", &level));
	assert_int_equal(level, LOG_DEBUG);
	assert_false(log_level_parse("loud", &level));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_message_carries_its_cause_and_its_prefix),
		cmocka_unit_test(test_a_message_that_is_too_long_is_cut),
		cmocka_unit_test(test_codes_have_names),
		cmocka_unit_test(test_lines_below_the_level_are_not_written),
		cmocka_unit_test(test_a_flood_is_limited_and_counted),
		cmocka_unit_test(test_levels_are_parsed_by_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
