/* SPDX-License-Identifier: Apache-2.0 */
/* The memory balloon with a driver, over every kind of ring. Memory is measured in the file behind
 * it: what was given back takes no blocks any more. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "devices/balloon/balloon.h"
#include "tests/support/mock_driver.h"

#define FOR_EACH_KIND(kind) for (unsigned int kind = 0; kind < MOCK_KINDS; kind++)
#define PAGE                4096u
#define HUGE_BYTES          65536u
#define PAGES               64u

enum { Q_INFLATE, Q_DEFLATE, Q_STATS, Q_THREE, Q_REPORTING };

#define MUST_TELL VIRTIO_BIT(VIRTIO_BALLOON_F_MUST_TELL_HOST)
#define STATS     VIRTIO_BIT(VIRTIO_BALLOON_F_STATS_VQ)
#define POISON    VIRTIO_BIT(VIRTIO_BALLOON_F_PAGE_POISON)
#define REPORTING VIRTIO_BIT(VIRTIO_BALLOON_F_PAGE_REPORTING)

static struct vdev *dev;
static unsigned int told;

static void on_stats(void *ctx)
{
	(void)ctx;
	told++;
}

static struct mock *start_with(unsigned int kind, uint32_t host_page, uint64_t features)
{
	struct mock *m = mock_new(kind);
	struct balloon_config cfg = { .tag = "test/balloon",
		.memory_bytes = MOCK_MEM_BYTES,
		.target_bytes = MOCK_MEM_BYTES,
		.host_page_bytes = host_page,
		.reporting = true,
		.deflate_on_oom = true,
		.on_stats = on_stats };

	told = 0;
	assert_int_equal(balloon_new(&dev, &cfg), 0);
	mock_attach(m, dev);
	mock_start(m, features);
	return m;
}

static struct mock *start(unsigned int kind)
{
	return start_with(kind, 0, MOCK_ALL_FEATURES);
}

/* Written pages of guest memory. */
static gpa full_pages(struct mock *m, uint32_t pages, uint32_t align)
{
	gpa a = mock_alloc(m, pages * PAGE, align);

	memset(mock_ptr(m, a, (uint64_t)pages * PAGE), 0x5a, (size_t)pages * PAGE);
	return a;
}

/* How many of the pages from `a` on take room in the file behind guest memory. */
static unsigned int room(struct mock *m, gpa a, uint32_t pages)
{
	const struct gmem_region *r = &mock_mem(m)->r[0];
	unsigned int n = 0;

	for (uint32_t i = 0; i < pages; i++) {
		off_t at = (off_t)(r->fd_off + (a.v - r->base.v) + (uint64_t)i * PAGE);

		n += lseek(r->fd, at, SEEK_DATA) == at;
	}
	return n;
}

static bool is_zero(struct mock *m, gpa a, uint32_t page)
{
	const uint8_t *p = mock_ptr(m, (gpa){ a.v + (uint64_t)page * PAGE }, PAGE);

	return p[0] == 0 && memcmp(p, p + 1, PAGE - 1) == 0;
}

static int send_pages(struct mock *m, unsigned int q, gpa a, uint32_t from, uint32_t n)
{
	le32 number[PAGES];

	assert_true(n <= PAGES);
	/* Linux hands them over as its allocator finds them: mostly downwards. */
	for (uint32_t i = 0; i < n; i++)
		number[i] = le32_of((uint32_t)(a.v / PAGE) + from + n - 1 - i);
	return mock_send(m, q, number, n * (uint32_t)sizeof(number[0]), NULL, 0);
}

static void test_pages_in_the_balloon_leave_the_host(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind);
		gpa a = full_pages(m, PAGES, PAGE);

		assert_int_equal(room(m, a, PAGES), PAGES);
		assert_int_equal(send_pages(m, Q_INFLATE, a, 0, PAGES / 2), 0);
		assert_int_equal(room(m, a, PAGES), PAGES / 2);
		assert_true(is_zero(m, a, 0));
		assert_true(is_zero(m, a, PAGES / 2 - 1));
		assert_false(is_zero(m, a, PAGES / 2));
		assert_int_equal(balloon_state(dev).held_bytes, PAGES / 2 * PAGE);
		assert_int_equal(balloon_state(dev).returned_bytes, PAGES / 2 * PAGE);
		mock_free(m);
	}
}

static void test_pages_that_were_taken_back_are_memory_again(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind);
		gpa a = full_pages(m, PAGES, PAGE);

		assert_int_equal(send_pages(m, Q_INFLATE, a, 0, PAGES), 0);
		assert_int_equal(send_pages(m, Q_DEFLATE, a, 8, 8), 0);
		assert_int_equal(balloon_state(dev).held_bytes, (PAGES - 8) * PAGE);
		assert_int_equal(balloon_state(dev).deflated_pages, 8);
		memset(mock_ptr(m, (gpa){ a.v + 8 * PAGE }, PAGE), 1, PAGE);
		assert_int_equal(send_pages(m, Q_INFLATE, a, 0, 8), 0);
		assert_false(is_zero(m, a, 8));
		mock_free(m);
	}
}

static void test_a_page_counts_once_however_often_it_is_named(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind);
		gpa a = full_pages(m, 2, PAGE);
		le32 n = le32_of((uint32_t)(a.v / PAGE));
		le32 twice[] = { n, n };

		assert_int_equal(mock_send(m, Q_INFLATE, twice, sizeof(twice), NULL, 0), 0);
		assert_int_equal(mock_send(m, Q_INFLATE, &n, sizeof(n), NULL, 0), 0);
		assert_int_equal(balloon_state(dev).held_bytes, PAGE);
		assert_int_equal(mock_send(m, Q_DEFLATE, twice, sizeof(twice), NULL, 0), 0);
		assert_int_equal(mock_send(m, Q_DEFLATE, &n, sizeof(n), NULL, 0), 0);
		assert_int_equal(balloon_state(dev).held_bytes, 0);
		mock_free(m);
	}
}

static void test_pages_that_are_no_memory_are_ignored(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind);
		gpa a = full_pages(m, 2, PAGE);
		le32 bad[] = { le32_of(0), le32_of(UINT32_MAX), le32_of((uint32_t)(a.v / PAGE)),
			le32_of((uint32_t)((MOCK_MEM_BASE + MOCK_MEM_BYTES) / PAGE)) };

		assert_int_equal(mock_send(m, Q_INFLATE, bad, sizeof(bad), NULL, 0), 0);
		assert_int_equal(balloon_state(dev).bad_pages, 3);
		assert_int_equal(balloon_state(dev).held_bytes, PAGE);
		assert_true(is_zero(m, a, 0));
		assert_false(is_zero(m, a, 1));
		mock_free(m);
	}
}

/* A report of [a, a + bytes): the mock brings its own buffers, so the ring is written by hand. */
static void report(struct mock *m, unsigned int q, gpa a, uint32_t bytes)
{
	mock_raw_desc(m, q, 0, a.v, bytes, MOCK_DESC_WRITE, 0);
	mock_raw_avail(m, q, 0);
	mock_kick_always(m, q);
	mock_turn(m);
	mock_turn(m);
}

static void test_of_huge_pages_only_whole_ones_go_back(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start_with(kind, HUGE_BYTES, MOCK_ALL_FEATURES);
		gpa a = full_pages(m, 2 * HUGE_BYTES / PAGE, HUGE_BYTES);

		assert_int_equal(send_pages(m, Q_INFLATE, a, 1, 15), 0);
		assert_int_equal(room(m, a, 32), 32);
		assert_false(is_zero(m, a, 1));
		assert_int_equal(send_pages(m, Q_INFLATE, a, 0, 1), 0);
		assert_int_equal(room(m, a, 32), 16);
		assert_true(is_zero(m, a, 15));
		assert_false(is_zero(m, a, 16));
		/* A report, too, is cut to what is whole. */
		if (!(kind & MOCK_PACKED)) {
			report(m, Q_REPORTING, (gpa){ a.v + HUGE_BYTES }, HUGE_BYTES - PAGE);
			assert_false(is_zero(m, a, 16));
		}
		mock_free(m);
	}
}

static void test_without_the_promise_to_tell_huge_pages_stay(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start_with(kind, HUGE_BYTES, STATS);
		gpa a = full_pages(m, HUGE_BYTES / PAGE, HUGE_BYTES);

		assert_int_equal(send_pages(m, Q_INFLATE, a, 0, HUGE_BYTES / PAGE), 0);
		assert_false(is_zero(m, a, 0));
		mock_free(m);
	}
}

static void test_target_is_told_and_the_drivers_size_is_kept(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind);
		le32 actual = le32_of(1000);
		uint8_t generation = mock_config_generation(m);
		unsigned int irqs = mock_config_irqs(m);

		assert_int_equal(mock_config32(m, 0), 0);
		balloon_set_target(dev, MOCK_MEM_BYTES - 1000 * PAGE);
		mock_turn(m);
		assert_int_equal(mock_config32(m, 0), 1000);
		assert_int_not_equal(mock_config_generation(m), generation);
		assert_true(mock_config_irqs(m) > irqs);
		mock_config_write(m, 4, &actual, sizeof(actual));
		assert_int_equal(mock_config32(m, 4), 1000);
		assert_int_equal(balloon_state(dev).actual_bytes, MOCK_MEM_BYTES - 1000 * PAGE);
		/* What is the device's stays the device's. */
		mock_config_write(m, 0, &(le32){ { 9, 9, 9, 9 } }, 4);
		mock_config_write(m, 8, &(le32){ { 9, 9, 9, 9 } }, 4);
		assert_int_equal(mock_config32(m, 0), 1000);
		assert_int_equal(mock_config32(m, 8), 0);
		/* A driver that starts anew has an empty balloon, and the same target. */
		mock_start(m, MOCK_ALL_FEATURES);
		assert_int_equal(mock_config32(m, 0), 1000);
		assert_int_equal(mock_config32(m, 4), 0);
		mock_free(m);
	}
}

static void test_an_absurd_size_is_no_size(void **state)
{
	struct mock *m = start(0);
	le32 actual = le32_of(UINT32_MAX);

	(void)state;
	mock_config_write(m, 4, &actual, sizeof(actual));
	assert_int_equal(balloon_state(dev).actual_bytes, 0);
	balloon_set_target(dev, UINT64_MAX);
	assert_int_equal(mock_config32(m, 0), 0);
	mock_free(m);
}

static void post_stats(struct mock *m, uint64_t free_bytes)
{
	const struct virtio_balloon_stat s[] = { { le16_of(4), le64_of(free_bytes) },
		{ le16_of(999), le64_of(1) }, { le16_of(5), le64_of(64u << 20) } };

	assert_true(mock_post(m, Q_STATS, s, sizeof(s), 0) >= 0);
	mock_turn(m);
	mock_turn(m);
}

static void test_statistics_come_when_they_are_asked_for(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind);
		struct mock_used u;

		/* Before the driver's first buffer: it will answer by itself. */
		assert_true(balloon_poll(dev));
		post_stats(m, 111);
		assert_int_equal(told, 1);
		assert_false(mock_poll(m, Q_STATS, &u));
		assert_int_equal(balloon_state(dev).stats.value[4], 111);
		assert_int_equal(balloon_state(dev).stats.present, 1u << 4 | 1u << 5);

		assert_true(balloon_poll(dev));
		assert_true(balloon_poll(dev)); /* one question is open: no second one */
		assert_true(mock_wait(m, Q_STATS, &u));
		assert_int_equal(u.len, 0);
		post_stats(m, 222);
		assert_int_equal(told, 2);
		assert_int_equal(balloon_state(dev).stats.value[4], 222);
		assert_false(mock_poll(m, Q_STATS, &u));
		mock_free(m);
	}
}

static void test_without_the_feature_there_are_no_statistics(void **state)
{
	struct mock *m = start_with(0, 0, MUST_TELL);

	(void)state;
	assert_false(balloon_poll(dev));
	assert_false(balloon_state(dev).has_stats);
	mock_free(m);
}

static void test_a_reset_forgets_the_buffer_of_the_statistics(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind);

		post_stats(m, 1);
		mock_start(m, MOCK_ALL_FEATURES);
		assert_int_equal(balloon_state(dev).stats.present, 0);
		assert_true(balloon_poll(dev));
		post_stats(m, 2);
		assert_int_equal(told, 2);
		mock_queue_reset(m, Q_STATS);
		assert_true(balloon_poll(dev));
		post_stats(m, 3);
		assert_int_equal(balloon_state(dev).stats.value[4], 3);
		mock_free(m);
	}
}

static void test_reported_pages_leave_the_host_on_either_queue(void **state)
{
	static const unsigned int queues[] = { Q_THREE, Q_REPORTING };

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		struct mock *m = start_with(0, 0, STATS | REPORTING);
		gpa a = full_pages(m, PAGES, PAGE);

		report(m, queues[i], (gpa){ a.v + 100 }, 3 * PAGE);
		assert_int_equal(room(m, a, PAGES), PAGES - 2);
		assert_false(is_zero(m, a, 0));
		assert_true(is_zero(m, a, 1));
		assert_true(is_zero(m, a, 2));
		assert_false(is_zero(m, a, 3));
		assert_int_equal(balloon_state(dev).reported_bytes, 2 * PAGE);
		assert_int_equal(balloon_state(dev).held_bytes, 0);
		mock_free(m);
	}
}

/* Linux numbers queues without the gap that a missing one leaves. */
static void test_without_statistics_their_queue_reports(void **state)
{
	struct mock *m = start_with(0, 0, REPORTING);
	gpa a = full_pages(m, 2, PAGE);

	(void)state;
	report(m, Q_STATS, a, PAGE);
	assert_true(is_zero(m, a, 0));
	assert_int_equal(balloon_state(dev).reported_bytes, PAGE);
	mock_free(m);
}

static void test_a_poison_is_kept_in_reported_pages(void **state)
{
	le32 poison = le32_of(0xaaaaaaaa), zero = le32_of(0);
	struct mock *m = start_with(0, 0, STATS | POISON | REPORTING);
	gpa a = full_pages(m, 2, PAGE);

	(void)state;
	mock_config_write(m, 12, &poison, sizeof(poison));
	report(m, Q_REPORTING, a, PAGE);
	assert_false(is_zero(m, a, 0));
	assert_int_equal(balloon_state(dev).reported_bytes, 0);
	mock_config_write(m, 12, &zero, sizeof(zero));
	mock_raw_avail(m, Q_REPORTING, 0);
	mock_kick_always(m, Q_REPORTING);
	mock_turn(m);
	mock_turn(m);
	assert_true(is_zero(m, a, 0));
	mock_free(m);
}

static void test_requests_of_the_wrong_direction_are_latched(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind);
		uint8_t in[8];

		assert_int_equal(mock_send(m, Q_INFLATE, "1234", 4, in, sizeof(in)), -EIO);
		mock_start(m, MOCK_ALL_FEATURES);
		assert_int_equal(mock_send(m, Q_REPORTING, "1234", 4, NULL, 0), -EIO);
		mock_start(m, MOCK_ALL_FEATURES);
		assert_int_equal(mock_send(m, Q_STATS, "1234", 4, in, sizeof(in)), -EIO);
		mock_start(m, MOCK_ALL_FEATURES);
		assert_int_equal(mock_send(m, Q_DEFLATE, "1234", 4, NULL, 0), 0);
		mock_free(m);
	}
}

static void test_a_list_without_end_is_latched(void **state)
{
	static uint8_t numbers[(BALLOON_MAX_PAGES + 1) * 4];

	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind);

		assert_int_equal(mock_send(m, Q_INFLATE, numbers, sizeof(numbers), NULL, 0), -EIO);
		mock_start(m, MOCK_ALL_FEATURES);
		assert_int_equal(mock_send(m, Q_INFLATE, numbers, sizeof(numbers) - 4, NULL, 0), 0);
		mock_free(m);
	}
}

static void test_many_requests_are_served_over_several_turns(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = mock_new(kind);
		struct balloon_config cfg = { .tag = "t", .memory_bytes = MOCK_MEM_BYTES };
		struct mock_used u;
		le32 page;

		assert_int_equal(balloon_new(&dev, &cfg), 0);
		mock_attach(m, dev);
		mock_set_queue_size(m, 128);
		mock_start(m, MOCK_ALL_FEATURES);
		for (uint32_t i = 0; i < 100; i++) {
			const struct mock_iov out = { &page, sizeof(page) };

			page = le32_of((uint32_t)(MOCK_MEM_BASE / PAGE) + 1000 + i);
			assert_true(mock_add(m, Q_INFLATE, &out, 1, NULL, 0) >= 0);
		}
		mock_kick(m, Q_INFLATE);
		for (uint32_t i = 0; i < 100; i++)
			assert_true(mock_wait(m, Q_INFLATE, &u));
		assert_int_equal(balloon_state(dev).held_bytes, 100 * PAGE);
		mock_free(m);
	}
}

static void test_what_is_offered_follows_the_settings(void **state)
{
	struct balloon_config cfg = { .tag = "t", .memory_bytes = MOCK_MEM_BYTES };
	struct mock *m = mock_new(0);

	(void)state;
	assert_int_equal(balloon_new(&dev, &cfg), 0);
	mock_attach(m, dev);
	assert_int_equal(mock_offered(m) & 0x3f, MUST_TELL | STATS);
	mock_free(m);
	m = start(0);
	assert_int_equal(mock_offered(m) & 0x3f, 0x37);
	mock_free(m);
	cfg.host_page_bytes = 5000;
	assert_int_equal(balloon_new(&dev, &cfg), -EINVAL);
}

static void test_runs_are_joined(void **state)
{
	uint32_t page[] = { 9, 3, 4, 4, 5, 20, 8, UINT32_MAX, UINT32_MAX - 1 };
	struct balloon_run run[9];

	(void)state;
	assert_int_equal(balloon_runs(run, page, 9), 4);
	assert_int_equal(run[0].first, 3);
	assert_int_equal(run[0].n, 3);
	assert_int_equal(run[1].first, 8);
	assert_int_equal(run[1].n, 2);
	assert_int_equal(run[2].n, 1);
	assert_true(run[3].first == UINT32_MAX - 1 && run[3].n == 2);
	assert_int_equal(balloon_runs(run, page, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pages_in_the_balloon_leave_the_host),
		cmocka_unit_test(test_pages_that_were_taken_back_are_memory_again),
		cmocka_unit_test(test_a_page_counts_once_however_often_it_is_named),
		cmocka_unit_test(test_pages_that_are_no_memory_are_ignored),
		cmocka_unit_test(test_of_huge_pages_only_whole_ones_go_back),
		cmocka_unit_test(test_without_the_promise_to_tell_huge_pages_stay),
		cmocka_unit_test(test_target_is_told_and_the_drivers_size_is_kept),
		cmocka_unit_test(test_an_absurd_size_is_no_size),
		cmocka_unit_test(test_statistics_come_when_they_are_asked_for),
		cmocka_unit_test(test_without_the_feature_there_are_no_statistics),
		cmocka_unit_test(test_a_reset_forgets_the_buffer_of_the_statistics),
		cmocka_unit_test(test_reported_pages_leave_the_host_on_either_queue),
		cmocka_unit_test(test_without_statistics_their_queue_reports),
		cmocka_unit_test(test_a_poison_is_kept_in_reported_pages),
		cmocka_unit_test(test_requests_of_the_wrong_direction_are_latched),
		cmocka_unit_test(test_a_list_without_end_is_latched),
		cmocka_unit_test(test_many_requests_are_served_over_several_turns),
		cmocka_unit_test(test_what_is_offered_follows_the_settings),
		cmocka_unit_test(test_runs_are_joined),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
