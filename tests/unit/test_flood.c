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

/* Messages that come in half the time of a flood's slowest: twice the run is a flood. */
#define HALF (FLOOD_GAP_NS / 2)

static void test_a_long_dense_run_is_a_flood_until_it_thins_out(void **state)
{
	uint64_t now = NS_PER_S;
	struct flood f = { 0 };

	(void)state;
	assert_int_equal(look(&f, &now, 1, 1, HALF), 0);
	assert_int_equal(look(&f, &now, 2 * FLOOD_RUN - 1, 1, HALF), 0);
	assert_int_equal(look(&f, &now, 1, 1, HALF), 1);
	assert_int_equal(look(&f, &now, 10, 10, FLOOD_REST_NS), 10);
	/* Half of what it takes to begin is left. */
	assert_in_range(look(&f, &now, 1000, 2, FLOOD_REST_NS), 50, 250);
	assert_false(f.rests);
	assert_int_equal(look(&f, &now, FLOOD_RUN / 2, 1, HALF), 0);
}

static void test_a_flood_goes_on_while_its_sender_waits_for_a_processor(void **state)
{
	uint64_t now = NS_PER_S;
	struct flood f = { 0 };

	(void)state;
	assert_int_equal(look(&f, &now, 2 * FLOOD_RUN + 1, 1, HALF), 1);
	for (unsigned int i = 0; i < 100; i++) {
		assert_int_equal(look(&f, &now, 10, 0, FLOOD_REST_NS), 10);
		assert_int_equal(look(&f, &now, FLOOD_SINGLES - 1, 1, FLOOD_REST_NS), 3);
		assert_int_equal(look(&f, &now, 1, 60, FLOOD_REST_NS), 1);
	}
	assert_in_range(look(&f, &now, 1000, 0, FLOOD_REST_NS), 10, 60);
}

static void test_single_late_messages_end_no_flood(void **state)
{
	uint64_t now = NS_PER_S;
	unsigned int rests = 0;
	struct flood f = { 0 };

	(void)state;
	for (unsigned int i = 0; i < FLOOD_RUN; i++) {
		rests += look(&f, &now, 9, 1, HALF);
		rests += look(&f, &now, 1, 1, 2 * FLOOD_GAP_NS);
	}
	assert_true(rests > 0);
}

static void test_a_flood_goes_on_where_the_host_is_too_busy_to_look_in_time(void **state)
{
	uint64_t now = NS_PER_S;
	struct flood f = { 0 };

	(void)state;
	assert_int_equal(look(&f, &now, 2 * FLOOD_RUN + 1, 1, HALF), 1);
	assert_int_equal(look(&f, &now, 10, 8, 4 * FLOOD_REST_NS), 10);
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

static void test_a_flood_with_few_messages_of_the_other_way_is_one(void **state)
{
	uint64_t now = NS_PER_S;
	unsigned int rests = 0;
	struct flood f = { 0 };

	(void)state;
	for (unsigned int i = 0; i < 100; i++) {
		rests += look(&f, &now, 100, 1, HALF);
		flood_over(&f);
	}
	assert_true(rests > 0);
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
	assert_in_range(rests, 1,
		FLOOD_SINGLES * (FLOOD_ERRORS + 100000 / (FLOOD_RUN << FLOOD_ERRORS) + 1));
	/* A true one is found again, and then at its first length. */
	now += FLOOD_REST_NS;
	(void)look(&f, &now, 1 + (FLOOD_RUN << FLOOD_ERRORS), 1, 0);
	assert_true(f.rests);
	assert_int_equal(look(&f, &now, 1, 100, FLOOD_REST_NS), 1);
	assert_int_equal(f.errors, 0);
}

static void test_a_look_that_finds_nothing_is_no_message(void **state)
{
	uint64_t now = NS_PER_S;
	struct flood f = { 0 };

	(void)state;
	for (unsigned int i = 0; i < 2 * FLOOD_RUN; i++) {
		(void)look(&f, &now, 1, 1, HALF / 2);
		assert_int_equal(look(&f, &now, 1, 0, HALF / 2), 0);
	}
	assert_int_equal(look(&f, &now, 1, 1, HALF / 2), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_long_dense_run_is_a_flood_until_it_thins_out),
		cmocka_unit_test(test_a_flood_goes_on_while_its_sender_waits_for_a_processor),
		cmocka_unit_test(test_single_late_messages_end_no_flood),
		cmocka_unit_test(test_a_flood_goes_on_where_the_host_is_too_busy_to_look_in_time),
		cmocka_unit_test(test_messages_of_a_full_slow_bus_are_no_flood),
		cmocka_unit_test(test_messages_between_others_of_the_other_way_are_no_flood),
		cmocka_unit_test(test_a_flood_with_few_messages_of_the_other_way_is_one),
		cmocka_unit_test(test_who_sends_one_at_a_time_is_seldom_kept_waiting),
		cmocka_unit_test(test_a_look_that_finds_nothing_is_no_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
