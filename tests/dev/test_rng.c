/* SPDX-License-Identifier: Apache-2.0 */
/* The entropy device with a driver, over every kind of ring. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "devices/rng/rng.h"
#include "tests/support/mock_driver.h"

#define FOR_EACH_KIND(kind) for (unsigned int kind = 0; kind < MOCK_KINDS; kind++)

static struct vdev *dev;

static struct mock *start(unsigned int kind)
{
	struct mock *m = mock_new(kind);

	assert_int_equal(rng_new(&dev, "test/rng"), 0);
	mock_attach(m, dev);
	mock_start(m, MOCK_ALL_FEATURES);
	return m;
}

static void test_buffer_is_filled_and_two_are_never_alike(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind);
		uint8_t a[64], b[64];

		assert_int_equal(mock_send(m, 0, NULL, 0, a, sizeof(a)), sizeof(a));
		assert_int_equal(mock_send(m, 0, NULL, 0, b, sizeof(b)), sizeof(b));
		assert_memory_not_equal(a, b, sizeof(a));
		assert_int_equal(rng_stats(dev).requests, 2);
		assert_int_equal(rng_stats(dev).bytes, 128);
		mock_free(m);
	}
}

static void test_scattered_buffer_is_filled_whole(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind);
		const struct mock_iov in[] = { { NULL, 100 }, { NULL, 1 }, { NULL, 5000 },
			{ NULL, 3 } };
		struct mock_used u;
		unsigned int untouched = 0;

		assert_true(mock_postv(m, 0, NULL, 0, in, 4) >= 0);
		assert_true(mock_wait(m, 0, &u));
		assert_int_equal(u.len, 5104);
		for (uint32_t i = 0; i < u.in_len; i++)
			untouched += u.in[i] == 0xa5;
		assert_true(untouched < 200); /* 20 are expected by chance */
		mock_free(m);
	}
}

static void test_huge_buffer_gets_a_bounded_number_of_bytes(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind);

		assert_int_equal(mock_send(m, 0, NULL, 0, NULL, 1u << 20), RNG_MAX_REQUEST_BYTES);
		mock_free(m);
	}
}

static void test_kick_ends_in_bounded_time_and_the_rest_follows(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind);
		const struct mock_iov in = { NULL, RNG_MAX_REQUEST_BYTES };
		struct mock_used u;

		for (unsigned int i = 0; i < 12; i++)
			assert_true(mock_add(m, 0, NULL, 0, &in, 1) >= 0);
		mock_kick(m, 0);
		for (unsigned int i = 0; i < RNG_MAX_TURN_BYTES / RNG_MAX_REQUEST_BYTES; i++)
			assert_true(mock_poll(m, 0, &u));
		if (mock_vt(m)) /* over PCI the kick comes by the loop, with more turns */
			assert_false(mock_poll(m, 0, &u));
		while (mock_in_flight(m, 0) > 0) {
			assert_true(mock_wait(m, 0, &u));
			assert_int_equal(u.len, RNG_MAX_REQUEST_BYTES);
		}
		mock_free(m);
	}
}

static void test_readable_bytes_are_latched(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind);
		uint8_t in[4];

		assert_int_equal(mock_send(m, 0, "x", 1, in, sizeof(in)), -EIO);
		mock_start(m, 0);
		assert_int_equal(mock_send(m, 0, NULL, 0, in, sizeof(in)), 4);
		mock_free(m);
	}
}

static void test_reset_with_work_left_is_clean(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind);
		const struct mock_iov in = { NULL, RNG_MAX_REQUEST_BYTES };

		for (unsigned int i = 0; i < 12; i++)
			assert_true(mock_add(m, 0, NULL, 0, &in, 1) >= 0);
		mock_kick(m, 0);
		mock_queue_reset(m, 0);
		mock_turn(m);
		mock_reset(m);
		mock_turn(m);
		mock_free(m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buffer_is_filled_and_two_are_never_alike),
		cmocka_unit_test(test_scattered_buffer_is_filled_whole),
		cmocka_unit_test(test_huge_buffer_gets_a_bounded_number_of_bytes),
		cmocka_unit_test(test_kick_ends_in_bounded_time_and_the_rest_follows),
		cmocka_unit_test(test_readable_bytes_are_latched),
		cmocka_unit_test(test_reset_with_work_left_is_clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
