/* SPDX-License-Identifier: Apache-2.0 */
/* When messages are a flood. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/flood.h"

/* Looks each `gap_ns` and finds `n`, `looks` times. Returns how many of the looks are to rest. */
static unsigned int look(
	struct flood *f, uint64_t *now, unsigned int looks, uint32_t n, uint64_t gap_ns)
{
	unsigned int rests = 0;

	for (unsigned int i = 0; i < looks; i++) {
		*now += gap_ns;
		rests += flood_saw(f, n, *now);
	}
	return rests;
}

static void test_a_long_dense_run_is_a_flood_until_it_thins_out(void **state)
{
	uint64_t now = NS_PER_S;
	struct flood f = { 0 };

	(void)state;
	assert_int_equal(look(&f, &now, 1, 1, 0), 0);
	assert_int_equal(look(&f, &now, FLOOD_RUN - 1, 1, FLOOD_GAP_NS), 0);
	assert_int_equal(look(&f, &now, 1, 1, FLOOD_GAP_NS), 1);
	assert_int_equal(look(&f, &now, 10, 10, FLOOD_REST_NS), 10);
	assert_int_equal(look(&f, &now, 1, 1, FLOOD_REST_NS), 0);
	assert_int_equal(look(&f, &now, 20, 1, FLOOD_GAP_NS), 0);
}

static void test_a_flood_goes_on_where_the_host_is_too_busy_to_look_in_time(void **state)
{
	uint64_t now = NS_PER_S;
	struct flood f = { 0 };

	(void)state;
	assert_int_equal(look(&f, &now, FLOOD_RUN + 1, 1, FLOOD_GAP_NS), 1);
	assert_int_equal(look(&f, &now, 10, 8, 4 * FLOOD_REST_NS), 10);
	/* It thins out, and is none that was no flood. */
	assert_int_equal(look(&f, &now, 1, 2, FLOOD_REST_NS), 0);
	assert_int_equal(look(&f, &now, FLOOD_RUN, 1, FLOOD_GAP_NS), 1);
}

static void test_messages_of_a_full_slow_bus_are_no_flood(void **state)
{
	uint64_t now = NS_PER_S;
	struct flood f = { 0 };

	(void)state;
	assert_int_equal(look(&f, &now, 10000, 1, 110 * NS_PER_US), 0);
}

static void test_messages_between_others_of_the_other_way_are_no_flood(void **state)
{
	uint64_t now = NS_PER_S;
	struct flood f = { 0 };

	(void)state;
	for (unsigned int i = 0; i < 10000; i++) {
		assert_int_equal(look(&f, &now, 1, 1, NS_PER_US), 0);
		flood_over(&f);
	}
}

/* Who waits for each message's end before the next one looks like a flood, until they gather. */
static void test_who_sends_one_at_a_time_is_seldom_kept_waiting(void **state)
{
	uint64_t now = NS_PER_S;
	unsigned int rests = 0;
	struct flood f = { 0 };
	bool rest = false;

	(void)state;
	for (unsigned int i = 0; i < 100000; i++) {
		now += rest ? FLOOD_REST_NS : NS_PER_US;
		rest = flood_saw(&f, 1, now);
		rests += rest;
	}
	assert_in_range(rests, 1, FLOOD_ERRORS + 100000 / (FLOOD_RUN << FLOOD_ERRORS) + 1);
	/* A true one is found again, and then at its first length. */
	now += FLOOD_REST_NS;
	(void)look(&f, &now, 1 + (FLOOD_RUN << FLOOD_ERRORS), 1, NS_PER_US);
	assert_true(f.rests);
	assert_int_equal(look(&f, &now, 1, 100, FLOOD_REST_NS), 1);
	assert_int_equal(f.errors, 0);
}

static void test_a_look_that_finds_nothing_is_no_message(void **state)
{
	uint64_t now = NS_PER_S;
	struct flood f = { 0 };

	(void)state;
	for (unsigned int i = 0; i < FLOOD_RUN; i++) {
		(void)look(&f, &now, 1, 1, NS_PER_US);
		assert_int_equal(look(&f, &now, 1, 0, NS_PER_US), 0);
	}
	assert_int_equal(look(&f, &now, 1, 1, NS_PER_US), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_long_dense_run_is_a_flood_until_it_thins_out),
		cmocka_unit_test(test_a_flood_goes_on_where_the_host_is_too_busy_to_look_in_time),
		cmocka_unit_test(test_messages_of_a_full_slow_bus_are_no_flood),
		cmocka_unit_test(test_messages_between_others_of_the_other_way_are_no_flood),
		cmocka_unit_test(test_who_sends_one_at_a_time_is_seldom_kept_waiting),
		cmocka_unit_test(test_a_look_that_finds_nothing_is_no_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
