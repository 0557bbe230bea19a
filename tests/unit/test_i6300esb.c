/* SPDX-License-Identifier: Apache-2.0 */
/* The watchdog chip at moments that the test chooses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "devices/legacy/i6300esb.h"

#define MS        UINT64_C(1000000)
#define ENABLE    2
#define FREE_RUN  4
#define FAST      4
#define NO_OUTPUT 0x20
#define T0        (1000 * MS)
/* 1000 counts of 2^15 clocks at 33 MHz. */
#define STAGE UINT64_C(992969696)

static struct i6300esb w;

static int fresh(void **state)
{
	(void)state;
	i6300esb_init(&w);
	return 0;
}

static void open_registers(uint64_t t)
{
	i6300esb_write(&w, 0xc, 0x80, 2, t);
	i6300esb_write(&w, 0xc, 0x86, 2, t);
}

static void put32(uint64_t off, uint32_t v, uint64_t t)
{
	open_registers(t);
	i6300esb_write(&w, off, v, 4, t);
}

static void reload(uint64_t t)
{
	open_registers(t);
	i6300esb_write(&w, 0xc, 0x100, 2, t);
}

/* 1000 counts a stage, and go. */
static void run(uint16_t config, uint8_t lock)
{
	put32(0, 1000, T0);
	put32(4, 1000, T0);
	i6300esb_config(&w, config, lock, T0);
}

static void test_it_fires_after_both_stages(void **state)
{
	(void)state;
	run(3, ENABLE);
	assert_int_equal(i6300esb_deadline(&w), T0 + STAGE);
	assert_false(i6300esb_advance(&w, T0 + STAGE));
	assert_int_equal(i6300esb_read(&w, 8, 4), 1);
	assert_int_equal(i6300esb_deadline(&w), T0 + 2 * STAGE);
	assert_false(i6300esb_advance(&w, T0 + 2 * STAGE - 1));
	assert_true(i6300esb_advance(&w, T0 + 2 * STAGE));
	assert_int_equal(i6300esb_read(&w, 0xc, 2), 0x200);
	/* Once. */
	assert_int_equal(i6300esb_deadline(&w), UINT64_MAX);
	assert_false(i6300esb_advance(&w, T0 + 10 * STAGE));
}

static void test_one_late_look_is_enough_for_both_stages(void **state)
{
	(void)state;
	run(3, ENABLE);
	assert_true(i6300esb_advance(&w, T0 + 5 * STAGE));
}

static void test_a_reload_in_either_stage_begins_the_first_again(void **state)
{
	(void)state;
	run(3, ENABLE);
	reload(T0 + STAGE / 2);
	assert_int_equal(i6300esb_deadline(&w), T0 + STAGE / 2 + STAGE);
	assert_false(i6300esb_advance(&w, T0 + 2 * STAGE));
	reload(T0 + 2 * STAGE);
	assert_false(i6300esb_advance(&w, T0 + 4 * STAGE - 1));
	assert_true(i6300esb_advance(&w, T0 + 4 * STAGE));
}

static void test_writes_without_the_sequence_have_no_effect(void **state)
{
	(void)state;
	run(3, ENABLE);
	i6300esb_write(&w, 0, 5, 4, T0);
	i6300esb_write(&w, 0xc, 0x86, 2, T0);
	i6300esb_write(&w, 0xc, 0x100, 2, T0 + STAGE / 2);
	i6300esb_write(&w, 0xc, 0x80, 2, T0);
	i6300esb_write(&w, 0xc, 0x100, 2, T0 + STAGE / 2);
	assert_int_equal(i6300esb_read(&w, 0, 4), 1000);
	assert_int_equal(i6300esb_deadline(&w), T0 + STAGE);
}

static void test_each_write_needs_a_sequence_of_its_own(void **state)
{
	(void)state;
	put32(0, 7, T0);
	i6300esb_write(&w, 4, 9, 4, T0);
	assert_int_equal(i6300esb_read(&w, 0, 4), 7);
	assert_int_equal(i6300esb_read(&w, 4, 4), 0xfffff);
}

static void test_disabled_it_does_not_count(void **state)
{
	(void)state;
	run(3, 0);
	assert_int_equal(i6300esb_deadline(&w), UINT64_MAX);
	reload(T0);
	assert_int_equal(i6300esb_deadline(&w), UINT64_MAX);
	i6300esb_config(&w, 3, ENABLE, T0);
	i6300esb_config(&w, 3, 0, T0 + 1);
	assert_false(i6300esb_advance(&w, T0 + 5 * STAGE));
}

static void test_fast_counts_are_a_thousandth(void **state)
{
	(void)state;
	run(FAST, ENABLE);
	assert_int_equal(i6300esb_deadline(&w), T0 + 969696);
}

static void test_without_output_the_end_has_no_effect(void **state)
{
	(void)state;
	run(NO_OUTPUT, ENABLE);
	assert_false(i6300esb_advance(&w, T0 + 3 * STAGE));
	assert_int_equal(i6300esb_read(&w, 0xc, 2), 0);
}

static void test_free_running_begins_again_by_itself(void **state)
{
	(void)state;
	run(3, ENABLE | FREE_RUN);
	assert_true(i6300esb_advance(&w, T0 + 2 * STAGE));
	assert_true(i6300esb_advance(&w, T0 + 4 * STAGE));
}

static void test_reset_keeps_only_that_it_fired(void **state)
{
	(void)state;
	run(3, ENABLE);
	assert_true(i6300esb_advance(&w, T0 + 2 * STAGE));
	i6300esb_reset(&w);
	assert_int_equal(i6300esb_read(&w, 0xc, 2), 0x200);
	assert_int_equal(i6300esb_read(&w, 0, 4), 0xfffff);
	assert_int_equal(i6300esb_deadline(&w), UINT64_MAX);
	open_registers(T0);
	i6300esb_write(&w, 0xc, 0x200, 2, T0);
	assert_int_equal(i6300esb_read(&w, 0xc, 2), 0);
}

static void test_odd_accesses_are_survived(void **state)
{
	(void)state;
	for (uint32_t len = 1; len <= 8; len++) {
		for (uint64_t off = 0; off < 32; off++) {
			open_registers(T0);
			i6300esb_write(&w, off, UINT64_MAX, len, T0);
			if (off >= 16)
				assert_int_equal(i6300esb_read(&w, off, len), 0);
		}
	}
	/* Across two registers. */
	i6300esb_init(&w);
	assert_int_equal(i6300esb_read(&w, 2, 4), 0xffff000f);
	assert_int_equal(i6300esb_read(&w, 0, 8), UINT64_C(0xfffff000fffff));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_it_fires_after_both_stages, fresh),
		cmocka_unit_test_setup(test_one_late_look_is_enough_for_both_stages, fresh),
		cmocka_unit_test_setup(test_a_reload_in_either_stage_begins_the_first_again, fresh),
		cmocka_unit_test_setup(test_writes_without_the_sequence_have_no_effect, fresh),
		cmocka_unit_test_setup(test_each_write_needs_a_sequence_of_its_own, fresh),
		cmocka_unit_test_setup(test_disabled_it_does_not_count, fresh),
		cmocka_unit_test_setup(test_fast_counts_are_a_thousandth, fresh),
		cmocka_unit_test_setup(test_without_output_the_end_has_no_effect, fresh),
		cmocka_unit_test_setup(test_free_running_begins_again_by_itself, fresh),
		cmocka_unit_test_setup(test_reset_keeps_only_that_it_fired, fresh),
		cmocka_unit_test_setup(test_odd_accesses_are_survived, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
