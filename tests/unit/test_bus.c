/* SPDX-License-Identifier: Apache-2.0 */
/* The address bus: whole-span matching, changes while others look. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vmm/bus/bus.h"

struct probe {
	uint64_t off;
	uint32_t len;
	unsigned int reads, writes;
};

static void probe_read(void *ctx, uint64_t off, void *dst, uint32_t len)
{
	struct probe *p = ctx;

	p->off = off;
	p->len = len;
	p->reads++;
	memset(dst, 0x11, len);
}

static void probe_write(void *ctx, uint64_t off, const void *src, uint32_t len)
{
	struct probe *p = ctx;

	(void)src;
	p->off = off;
	p->len = len;
	p->writes++;
}

static const struct bus_ops probe_ops = { probe_read, probe_write };

static void test_access_inside_reaches_the_region_with_its_offset(void **state)
{
	struct bus b;
	struct probe p = { 0 };
	uint32_t v = 0;

	(void)state;
	bus_init(&b);
	assert_int_equal(bus_add(&b, 0x1000, 0x100, &probe_ops, &p), 0);
	assert_true(bus_read(&b, 0x10fc, &v, 4));
	assert_int_equal(p.off, 0xfc);
	assert_int_equal(p.len, 4);
	assert_int_equal(v, 0x11111111);
	assert_true(bus_write(&b, 0x1000, &v, 1));
	assert_int_equal(p.off, 0);
	bus_fini(&b);
}

static void test_access_that_straddles_an_edge_matches_nobody(void **state)
{
	struct bus b;
	struct probe p = { 0 };
	uint64_t v = 0;

	(void)state;
	bus_init(&b);
	assert_int_equal(bus_add(&b, 0x1000, 0x100, &probe_ops, &p), 0);
	assert_int_equal(bus_add(&b, 0x1100, 0x100, &probe_ops, &p), 0);
	assert_false(bus_read(&b, 0xfff, &v, 2));
	assert_false(bus_read(&b, 0x10fd, &v, 4));
	assert_false(bus_write(&b, 0x11ff, &v, 2));
	assert_false(bus_read(&b, 0x1200, &v, 1));
	assert_int_equal(p.reads + p.writes, 0);
	assert_int_equal(v, UINT64_C(0xffffffff));
	assert_int_equal(bus_missed(&b), 4);
	bus_fini(&b);
}

static void test_overlapping_empty_and_wrapping_regions_are_refused(void **state)
{
	struct bus b;

	(void)state;
	bus_init(&b);
	assert_int_equal(bus_add(&b, 0x1000, 0x100, &probe_ops, NULL), 0);
	assert_int_equal(bus_add(&b, 0x10ff, 1, &probe_ops, NULL), -EEXIST);
	assert_int_equal(bus_add(&b, 0xf00, 0x101, &probe_ops, NULL), -EEXIST);
	assert_int_equal(bus_add(&b, 0, UINT64_MAX, &probe_ops, NULL), -EEXIST);
	assert_int_equal(bus_add(&b, 0x2000, 0, &probe_ops, NULL), -EINVAL);
	assert_int_equal(bus_add(&b, UINT64_MAX, 2, &probe_ops, NULL), -EINVAL);
	assert_int_equal(bus_add(&b, UINT64_MAX, 1, &probe_ops, NULL), 0);
	assert_int_equal(bus_add(&b, 0xf00, 0x100, &probe_ops, NULL), 0);
	bus_fini(&b);
}

static void test_last_byte_of_the_address_space_does_not_wrap(void **state)
{
	struct bus b;
	struct probe p = { 0 };
	uint64_t v;

	(void)state;
	bus_init(&b);
	assert_int_equal(bus_add(&b, UINT64_MAX - 3, 4, &probe_ops, &p), 0);
	assert_true(bus_read(&b, UINT64_MAX - 3, &v, 4));
	assert_false(bus_read(&b, UINT64_MAX - 3, &v, 8));
	assert_false(bus_read(&b, UINT64_MAX, &v, 2));
	bus_fini(&b);
}

static void test_full_bus_refuses_and_takes_again_after_a_removal(void **state)
{
	struct bus b;

	(void)state;
	bus_init(&b);
	for (uint64_t i = 0; i < BUS_MAX_REGIONS; i++)
		assert_int_equal(
			bus_add(&b, (i * 7919 % BUS_MAX_REGIONS) * 16, 16, &probe_ops, NULL), 0);
	assert_int_equal(bus_add(&b, 1 << 20, 16, &probe_ops, NULL), -ENOSPC);
	bus_remove(&b, 32);
	bus_remove(&b, 33); /* no region starts there */
	assert_int_equal(bus_add(&b, 1 << 20, 16, &probe_ops, NULL), 0);
	bus_fini(&b);
}

struct mover {
	struct bus *b;
	atomic_bool stop;
	struct probe p;
};

static void *move(void *arg)
{
	struct mover *m = arg;

	while (!atomic_load(&m->stop)) {
		if (bus_add(m->b, 0x500, 0x100, &probe_ops, &m->p) < 0)
			break;
		bus_remove(m->b, 0x500);
	}
	return NULL;
}

static void test_lookups_are_right_while_a_region_comes_and_goes(void **state)
{
	struct bus b;
	struct mover m = { .b = &b };
	struct probe low = { 0 }, high = { 0 };
	pthread_t t;
	uint8_t v;

	(void)state;
	bus_init(&b);
	assert_int_equal(bus_add(&b, 0x100, 0x100, &probe_ops, &low), 0);
	assert_int_equal(bus_add(&b, 0x900, 0x100, &probe_ops, &high), 0);
	assert_int_equal(pthread_create(&t, NULL, move, &m), 0);
	for (unsigned int i = 0; i < 20000; i++) {
		assert_true(bus_read(&b, 0x100 + i % 256, &v, 1));
		assert_int_equal(low.off, i % 256);
		assert_true(bus_read(&b, 0x900 + i % 256, &v, 1));
		assert_int_equal(high.off, i % 256);
	}
	atomic_store(&m.stop, true);
	pthread_join(t, NULL);
	bus_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_access_inside_reaches_the_region_with_its_offset),
		cmocka_unit_test(test_access_that_straddles_an_edge_matches_nobody),
		cmocka_unit_test(test_overlapping_empty_and_wrapping_regions_are_refused),
		cmocka_unit_test(test_last_byte_of_the_address_space_does_not_wrap),
		cmocka_unit_test(test_full_bus_refuses_and_takes_again_after_a_removal),
		cmocka_unit_test(test_lookups_are_right_while_a_region_comes_and_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
