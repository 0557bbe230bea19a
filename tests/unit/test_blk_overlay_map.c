/* SPDX-License-Identifier: Apache-2.0 */
/* The changes of an overlay, against a plain array that does the same. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "devices/blk/overlay_map.h"

#define DISK  (5u * OVERLAY_CLUSTER_BYTES + 512u)
#define LIMIT (64u * OVERLAY_CLUSTER_BYTES)

static uint8_t base[DISK], model[DISK], buf[DISK];

/* What a reader of base and map sees. */
static void see(const struct overlay_map *m, uint8_t *out)
{
	const struct iovec iov = { out, DISK };

	memcpy(out, base, DISK);
	overlay_map_read(m, 0, DISK, &iov, 1);
}

static void test_new_map_has_nothing(void **state)
{
	struct overlay_map *m;

	(void)state;
	assert_int_equal(overlay_map_new(&m, DISK, LIMIT), 0);
	assert_int_equal(overlay_map_covers(m, 0, DISK), OVERLAY_NONE);
	assert_int_equal(overlay_map_bytes(m), 0);
	overlay_map_free(m);
}

static void test_sectors_are_tracked_one_by_one(void **state)
{
	uint8_t s[512] = { 1, 2, 3 };
	const struct iovec iov = { s, sizeof(s) };
	struct overlay_map *m;

	(void)state;
	assert_int_equal(overlay_map_new(&m, DISK, LIMIT), 0);
	assert_int_equal(overlay_map_write(m, 1024, 512, &iov, 1), 0);
	assert_int_equal(overlay_map_covers(m, 1024, 512), OVERLAY_ALL);
	assert_int_equal(overlay_map_covers(m, 512, 1024), OVERLAY_SOME);
	assert_int_equal(overlay_map_covers(m, 0, 1024), OVERLAY_NONE);
	assert_int_equal(overlay_map_bytes(m), OVERLAY_CLUSTER_BYTES);
	overlay_map_free(m);
}

static void test_zeroed_and_discarded_clusters_take_no_memory(void **state)
{
	const struct iovec iov = { buf, 2 * OVERLAY_CLUSTER_BYTES };
	struct overlay_map *m;

	(void)state;
	memset(buf, 7, sizeof(buf));
	assert_int_equal(overlay_map_new(&m, DISK, LIMIT), 0);
	assert_int_equal(overlay_map_write(m, 0, iov.iov_len, &iov, 1), 0);
	assert_int_equal(overlay_map_bytes(m), 2 * OVERLAY_CLUSTER_BYTES);
	assert_int_equal(overlay_map_zero(m, 0, OVERLAY_CLUSTER_BYTES), 0);
	overlay_map_discard(m, OVERLAY_CLUSTER_BYTES, OVERLAY_CLUSTER_BYTES);
	assert_int_equal(overlay_map_bytes(m), 0);
	assert_int_equal(overlay_map_covers(m, 0, iov.iov_len), OVERLAY_ALL);
	overlay_map_free(m);
}

static void test_limit_is_kept_and_said(void **state)
{
	const struct iovec iov = { buf, 2 * OVERLAY_CLUSTER_BYTES };
	struct overlay_map *m;

	(void)state;
	assert_int_equal(overlay_map_new(&m, DISK, OVERLAY_CLUSTER_BYTES), 0);
	assert_int_equal(overlay_map_write(m, 0, iov.iov_len, &iov, 1), -ENOSPC);
	assert_int_equal(overlay_map_bytes(m), OVERLAY_CLUSTER_BYTES);
	assert_int_equal(overlay_map_write(m, 0, 512, &iov, 1), 0);
	overlay_map_free(m);
}

static void test_random_changes_read_back_as_in_a_plain_array(void **state)
{
	static uint8_t got[DISK];
	struct overlay_map *m;
	unsigned int seed = 4711;

	(void)state;
	assert_int_equal(overlay_map_new(&m, DISK, LIMIT), 0);
	for (size_t i = 0; i < DISK; i++)
		base[i] = (uint8_t)(i / 512 * 7 + 1);
	memcpy(model, base, DISK);
	for (unsigned int round = 0; round < 2000; round++) {
		uint32_t first = (uint32_t)rand_r(&seed) % (DISK / 512);
		uint32_t n = 1 + (uint32_t)rand_r(&seed) % 200;
		uint64_t off = (uint64_t)first * 512, len;
		uint32_t cut;

		if (n > DISK / 512 - first)
			n = DISK / 512 - first;
		len = (uint64_t)n * 512;
		cut = (uint32_t)rand_r(&seed) % (uint32_t)len;
		if (rand_r(&seed) % 3) {
			const struct iovec iov[] = { { buf, cut }, { buf + cut, len - cut } };

			memset(buf, (int)(round & 0xff), len);
			assert_int_equal(overlay_map_write(m, off, len, iov, 2), 0);
			memcpy(model + off, buf, len);
		} else {
			assert_int_equal(overlay_map_zero(m, off, len), 0);
			memset(model + off, 0, len);
		}
		if (round % 50 == 0) {
			see(m, got);
			assert_memory_equal(got, model, DISK);
		}
	}
	see(m, got);
	assert_memory_equal(got, model, DISK);
	overlay_map_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new_map_has_nothing),
		cmocka_unit_test(test_sectors_are_tracked_one_by_one),
		cmocka_unit_test(test_zeroed_and_discarded_clusters_take_no_memory),
		cmocka_unit_test(test_limit_is_kept_and_said),
		cmocka_unit_test(test_random_changes_read_back_as_in_a_plain_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
