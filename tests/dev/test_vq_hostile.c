/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queue with a guest that breaks every rule it can. Each time: nothing outside guest memory is
 * touched (the sanitizer builds watch), the device asks for a reset once, and after the reset it
 * works again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>

#include "devices/virtio/vq_priv.h"
#include "tests/dev/echo_dev.h"
#include "tests/support/mock_driver.h"

#define SIZE      16u
#define GUEST_END (MOCK_MEM_BASE + MOCK_MEM_BYTES)

static struct echo_dev *echo;

static struct mock *start(unsigned int kind)
{
	struct mock *m = mock_new(kind);

	echo = echo_new();
	mock_set_queue_size(m, SIZE);
	mock_attach(m, &echo->v);
	mock_start(m, ECHO_F_LOUD);
	return m;
}

static void assert_works(struct mock *m)
{
	uint32_t v = 0x12345678, got = 0;

	assert_int_equal(mock_send(m, 0, &v, sizeof(v), &got, sizeof(got)), 4);
	assert_int_equal(got, v);
}

/* Kicks what was prepared, expects it to be latched, and frees the mock. */
static void assert_latched(struct mock *m)
{
	unsigned int kicks;

	mock_kick_always(m, 0);
	assert_true(mock_needs_reset(m));
	assert_true(vq_is_broken(echo->vq[0]));
	assert_int_equal(mock_config_irqs(m), 1);
	assert_int_equal(vq_pop(echo->vq[0], &echo->chain), VQ_BROKEN);
	assert_true(vq_push(echo->vq[0], &echo->chain, 0) > 0);
	kicks = echo->kicks;
	mock_kick_always(m, 0);
	assert_int_equal(echo->kicks, kicks);
	assert_int_equal(mock_config_irqs(m), 1); /* reported once */
	mock_start(m, ECHO_F_LOUD);
	assert_works(m);
	mock_free(m);
}

/* Writes descriptor i of either kind; `next` counts for split rings only. */
static void desc(
	struct mock *m, uint16_t i, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next)
{
	if (!(mock_flags(m) & MOCK_PACKED)) {
		mock_raw_desc(m, 0, i, addr, len, flags, next);
	} else {
		uint16_t avail;

		mock_raw_packed_pos(m, 0, &avail);
		mock_raw_packed(m, 0, i, addr, len, 0, flags | avail);
	}
}

/* Makes descriptor 0 available. */
static void publish(struct mock *m)
{
	if (!(mock_flags(m) & MOCK_PACKED))
		mock_raw_avail(m, 0, 0);
}

#define FOR_EACH_KIND(kind) for (unsigned int kind = 0; kind < MOCK_KINDS; kind++)

static void test_descriptor_outside_guest_memory_is_refused(void **state)
{
	static const struct {
		uint64_t addr;
		uint32_t len;
	} bad[] = {
		{ 0, 1 },
		{ MOCK_MEM_BASE - 1, 1 },
		{ MOCK_MEM_BASE - 1, 2 },
		{ GUEST_END, 1 },
		{ GUEST_END - 1, 2 },
		{ GUEST_END - 16, UINT32_MAX },
		{ UINT64_MAX, 1 },
		{ UINT64_MAX, 2 },
		{ UINT64_MAX - 3, 4 },
		{ UINT64_MAX - 0xfff, 0x2000 },
		{ MOCK_MEM_BASE, UINT32_MAX },
		{ UINT64_C(1) << 63, UINT32_MAX },
	};

	(void)state;
	FOR_EACH_KIND(kind)
	{
		for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
			for (unsigned int w = 0; w < 2; w++) {
				struct mock *m = start(kind);

				desc(m, 0, bad[i].addr, bad[i].len, w ? MOCK_DESC_WRITE : 0, 0);
				publish(m);
				assert_latched(m);
			}
		}
	}
}

static void test_readable_after_writable_is_refused(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind);
		uint64_t a = mock_alloc(m, 64, 16).v;

		desc(m, 1, a, 4, 0, 0);
		desc(m, 0, a, 4, MOCK_DESC_WRITE | MOCK_DESC_NEXT, 1);
		publish(m);
		assert_latched(m);
	}
}

static void test_descriptor_loop_is_refused(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind);
		uint64_t a = mock_alloc(m, 64, 16).v;

		/* Split: 0 -> 1 -> 0; packed: every slot says that there is another. */
		for (uint16_t i = SIZE; i-- > 0;)
			desc(m, i, a, 1, MOCK_DESC_NEXT, (uint16_t)(i == 0));
		publish(m);
		assert_latched(m);
	}
}

static void test_loop_of_empty_descriptors_is_refused(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind);

		for (uint16_t i = SIZE; i-- > 0;)
			desc(m, i, 0, 0, MOCK_DESC_NEXT, i);
		publish(m);
		assert_latched(m);
	}
}

static void test_lengths_that_add_up_past_32_bits_are_refused(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind | MOCK_INDIRECT);
		const uint32_t n = 65; /* 65 x 64 MiB > 2^32 */
		gpa table = mock_alloc(m, 16 * n, 16);
		bool packed = kind & MOCK_PACKED;

		for (uint32_t i = 0; i < n; i++) {
			uint16_t flags = (uint16_t)(i >= 32 ? MOCK_DESC_WRITE : 0) |
					 (!packed && i + 1 < n ? MOCK_DESC_NEXT : 0);
			struct {
				le64 addr;
				le32 len;
				le16 a, b;
			} d = { .addr = le64_of(MOCK_MEM_BASE),
				.len = le32_of((uint32_t)MOCK_MEM_BYTES),
				.a = le16_of(packed ? 0 : flags),
				.b = le16_of(packed ? flags : (uint16_t)(i + 1)) };

			memcpy(mock_ptr(m, (gpa){ table.v + 16 * i }, 16), &d, 16);
		}
		desc(m, 0, table.v, 16 * n, MOCK_DESC_INDIRECT, 0);
		publish(m);
		assert_latched(m);
	}
}

/* An indirect table of `n` entries that say `flags` each; split entries chain to the next one. */
static gpa table_of(struct mock *m, uint32_t n, uint16_t flags, int last_next)
{
	gpa table = mock_alloc(m, 16 * n, 16);
	uint64_t a = mock_alloc(m, 64, 16).v;

	for (uint32_t i = 0; i < n; i++) {
		uint16_t f = flags, next = (uint16_t)(i + 1);
		le64 addr = le64_of(a);
		le32 len = le32_of(1);
		le16 x, y;
		uint8_t *p = mock_ptr(m, (gpa){ table.v + 16 * i }, 16);

		if (i + 1 < n) {
			f |= MOCK_DESC_NEXT;
		} else if (last_next >= 0) {
			f |= MOCK_DESC_NEXT;
			next = (uint16_t)last_next;
		}
		x = le16_of(mock_flags(m) & MOCK_PACKED ? 0 : f);
		y = le16_of(mock_flags(m) & MOCK_PACKED ? f : next);
		memcpy(p, &addr, 8);
		memcpy(p + 8, &len, 4);
		memcpy(p + 12, &x, 2);
		memcpy(p + 14, &y, 2);
	}
	return table;
}

static void test_indirect_table_in_an_indirect_table_is_refused(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind | MOCK_INDIRECT);

		desc(m, 0, table_of(m, 3, MOCK_DESC_INDIRECT, -1).v, 48, MOCK_DESC_INDIRECT, 0);
		publish(m);
		assert_latched(m);
	}
}

static void test_indirect_table_of_impossible_length_is_refused(void **state)
{
	static const uint32_t bad[] = { 0, 1, 15, 17, 40, UINT32_MAX };

	(void)state;
	FOR_EACH_KIND(kind)
	{
		for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
			struct mock *m = start(kind | MOCK_INDIRECT);

			desc(m, 0, table_of(m, 3, 0, -1).v, bad[i], MOCK_DESC_INDIRECT, 0);
			publish(m);
			assert_latched(m);
		}
	}
}

static void test_indirect_table_outside_guest_memory_is_refused(void **state)
{
	static const struct {
		uint64_t addr;
		uint32_t len;
	} bad[] = {
		{ 0, 16 },
		{ GUEST_END - 16, 32 },
		{ GUEST_END, 16 },
		{ UINT64_MAX - 15, 32 },
		{ MOCK_MEM_BASE, 0xfffffff0u },
	};

	(void)state;
	FOR_EACH_KIND(kind)
	{
		for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
			struct mock *m = start(kind | MOCK_INDIRECT);

			desc(m, 0, bad[i].addr, bad[i].len, MOCK_DESC_INDIRECT, 0);
			publish(m);
			assert_latched(m);
		}
	}
}

static void test_indirect_table_longer_than_the_limit_is_refused(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind | MOCK_INDIRECT);
		const uint32_t n = VQ_MAX_SEGS + 1;

		desc(m, 0, table_of(m, n, 0, -1).v, 16 * n, MOCK_DESC_INDIRECT, 0);
		publish(m);
		assert_latched(m);
	}
}

static void test_indirect_table_at_the_limit_is_taken(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind | MOCK_INDIRECT);
		const uint32_t n = VQ_MAX_SEGS;

		echo->hold = true;
		desc(m, 0, table_of(m, n, 0, -1).v, 16 * n, MOCK_DESC_INDIRECT, 0);
		publish(m);
		mock_kick_always(m, 0);
		assert_int_equal(echo->n_held, 1);
		assert_int_equal(echo->chain.n_out, n);
		assert_int_equal(echo->chain.out_bytes, n);
		mock_free(m);
	}
}

static void test_indirect_table_at_an_odd_address_is_read_right(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind | MOCK_INDIRECT);
		gpa even = table_of(m, 3, 0, -1), odd = { mock_alloc(m, 64, 16).v + 3 };

		echo->hold = true;
		memcpy(mock_ptr(m, odd, 48), mock_ptr(m, even, 48), 48);
		desc(m, 0, odd.v, 48, MOCK_DESC_INDIRECT, 0);
		publish(m);
		mock_kick_always(m, 0);
		assert_int_equal(echo->n_held, 1);
		assert_int_equal(echo->chain.n_out, 3);
		mock_free(m);
	}
}

static void test_indirect_descriptor_without_negotiation_is_refused(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m;

		if (kind & MOCK_INDIRECT)
			continue;
		m = start(kind);
		desc(m, 0, table_of(m, 3, 0, -1).v, 48, MOCK_DESC_INDIRECT, 0);
		publish(m);
		assert_latched(m);
	}
}

static void test_indirect_descriptor_with_next_is_refused(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind | MOCK_INDIRECT);
		uint64_t t = table_of(m, 3, 0, -1).v;

		desc(m, 1, mock_alloc(m, 16, 16).v, 4, 0, 0);
		desc(m, 0, t, 48, MOCK_DESC_INDIRECT | MOCK_DESC_NEXT, 1);
		publish(m);
		assert_latched(m);
	}
}

static void test_indirect_after_plain_descriptors_is_taken_in_split_rings_only(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind | MOCK_INDIRECT);
		uint64_t t = table_of(m, 3, 0, -1).v;

		desc(m, 1, t, 48, MOCK_DESC_INDIRECT | MOCK_DESC_WRITE, 0); /* WRITE: ignored */
		desc(m, 0, mock_alloc(m, 16, 16).v, 4, MOCK_DESC_NEXT, 1);
		publish(m);
		if (kind & MOCK_PACKED) {
			assert_latched(m);
			continue;
		}
		echo->hold = true;
		mock_kick_always(m, 0);
		assert_int_equal(echo->n_held, 1);
		assert_int_equal(echo->chain.n_out, 4);
		assert_int_equal(echo->chain.out_bytes, 7);
		mock_free(m);
	}
}

static void test_split_indirect_loop_and_wild_next_are_refused(void **state)
{
	static const int next[] = { 0, 1, 2, 3, 0x7fff, 0xffff };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(next); i++) {
		struct mock *m = start(MOCK_INDIRECT);

		desc(m, 0, table_of(m, 3, 0, next[i]).v, 48, MOCK_DESC_INDIRECT, 0);
		publish(m);
		assert_latched(m);
	}
}

static void test_split_indirect_next_that_leaves_its_table_at_once_is_refused(void **state)
{
	(void)state;
	for (uint32_t next = 3; next < 0x10000; next = next * 2 + 1) {
		struct mock *m = start(MOCK_INDIRECT);
		gpa table = table_of(m, 3, 0, -1);
		le16 x = le16_of((uint16_t)next);

		memcpy(mock_ptr(m, (gpa){ table.v + 14 }, 2), &x, 2);
		desc(m, 0, table.v, 48, MOCK_DESC_INDIRECT, 0);
		publish(m);
		assert_latched(m);
	}
}

static void test_split_head_and_next_outside_the_table_are_refused(void **state)
{
	static const uint16_t bad[] = { SIZE, SIZE + 1, 0x8000, 0xffff };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		struct mock *m = start(0);

		mock_raw_avail(m, 0, bad[i]);
		assert_latched(m);
		m = start(0);
		desc(m, 0, mock_alloc(m, 16, 16).v, 1, MOCK_DESC_NEXT, bad[i]);
		publish(m);
		assert_latched(m);
	}
}

static void test_split_available_index_that_jumps_is_refused(void **state)
{
	static const uint16_t jump[] = { SIZE + 1, 0x100, 0x7fff, 0x8000, 0xffff };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(jump); i++) {
		struct mock *m = start(0);

		assert_works(m);
		mock_raw_avail_idx(m, 0, (uint16_t)(mock_raw_next_avail(m, 0) + jump[i]));
		assert_latched(m);
	}
}

static void test_more_requests_than_entries_are_refused(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind);
		uint64_t a = mock_alloc(m, 16, 16).v;

		/* The device holds all it gets; the driver makes the same entries available again.
		 */
		echo->hold = true;
		for (unsigned int i = 0; i <= SIZE; i++) {
			assert_false(mock_needs_reset(m));
			assert_int_equal(echo->n_held, i);
			if (kind & MOCK_PACKED) {
				bool lap = i >= SIZE;

				mock_raw_packed(m, 0, (uint16_t)(i % SIZE), a, 1, 0,
					lap ? VQ_DESC_F_USED : VQ_DESC_F_AVAIL);
			} else {
				desc(m, 0, a, 1, 0, 0);
				publish(m);
			}
			mock_kick_always(m, 0);
		}
		assert_int_equal(echo->n_held, SIZE);
		echo->hold = false;
		assert_latched(m);
	}
}

static void test_rings_outside_guest_memory_or_misaligned_never_start(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind);
		struct mock_ring good = mock_ring(m, 0);
		const uint64_t bad[] = { 0, MOCK_MEM_BASE - 16, GUEST_END, GUEST_END - 16,
			UINT64_MAX - 15, UINT64_MAX, UINT64_C(1) << 63 };

		for (unsigned int area = 0; area < 3; area++) {
			for (unsigned int i = 0; i <= ARRAY_SIZE(bad); i++) {
				struct vq_setup s = { good.size, good.desc, good.driver,
					good.device, mock_features(m), { 0, 0, true, true } };
				gpa *a = area == 0 ? &s.desc : area == 1 ? &s.driver : &s.device;
				const struct vq_host h = { NULL, NULL, NULL };
				struct vq *q = NULL;

				/* A small area at the very end is still inside. */
				if (i < ARRAY_SIZE(bad) && bad[i] == GUEST_END - 16 &&
					(kind & MOCK_PACKED) && area > 0)
					continue;
				a->v = i == ARRAY_SIZE(bad) ? a->v + 1 : bad[i];
				assert_int_equal(vq_new(&q, mock_mem(m), &s, &h), GUEST_E_RANGE);
				assert_null(q);
			}
		}
		mock_free(m);
	}
}

static void test_illegal_sizes_and_positions_never_start(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind);
		struct mock_ring r = mock_ring(m, 0);
		static const uint16_t size[] = { 0, 3, VQ_MAX_SIZE + 1, 2 * VQ_MAX_SIZE, 0xffff };
		const struct vq_host h = { NULL, NULL, NULL };
		struct vq *q = NULL;

		for (unsigned int i = 0; i < ARRAY_SIZE(size); i++) {
			struct vq_setup s = { size[i], r.desc, r.driver, r.device, mock_features(m),
				{ 0, 0, true, true } };

			if (size[i] == 3 && (kind & MOCK_PACKED))
				continue;
			assert_int_equal(vq_new(&q, mock_mem(m), &s, &h), GUEST_E_FORMAT);
		}
		for (unsigned int i = 0; i < 3; i++) {
			struct vq_setup s = { r.size, r.desc, r.driver, r.device, mock_features(m),
				{ 0, 0, true, true } };

			if (kind & MOCK_PACKED)
				s.pos = i == 0   ? (struct vq_pos){ SIZE, 0, true, true }
					: i == 1 ? (struct vq_pos){ 0, 1, true, true }
						 : (struct vq_pos){ 2, 1, false, true };
			else
				s.pos = (struct vq_pos){ .avail = (uint16_t)(SIZE + 1 + i) };
			assert_true(vq_new(&q, mock_mem(m), &s, &h) < 0);
		}
		assert_null(q);
		mock_free(m);
	}
}

static void test_wild_event_indices_only_change_who_is_woken(void **state)
{
	static const uint16_t wild[] = { 0, 1, 0x7fff, 0x8000, 0xfffe, 0xffff, SIZE,
		SIZE | 0x8000 };

	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m;

		if (!(kind & MOCK_EVENT_IDX))
			continue;
		m = start(kind);
		for (unsigned int i = 0; i < 200; i++) {
			struct mock_ring r = mock_ring(m, 0);
			gpa event = { r.driver.v +
				      (kind & MOCK_PACKED ? 0 : 4 + 2 * (uint64_t)r.size) };

			gmem_store16_release(mock_ptr(m, event, 2), wild[i % ARRAY_SIZE(wild)]);
			if (kind & MOCK_PACKED)
				gmem_store16_release(mock_ptr(m, (gpa){ r.driver.v + 2 }, 2),
					(uint16_t)(i & 0xffff));
			assert_works(m);
		}
		assert_false(mock_needs_reset(m));
		mock_free(m);
	}
}

static void test_request_of_empty_descriptors_alone_is_answered(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind);
		const struct mock_iov out[] = { { "", 0 }, { "", 0 } }, in = { NULL, 0 };
		struct mock_used u;

		assert_true(mock_postv(m, 0, out, 2, &in, 1) >= 0);
		assert_true(mock_wait(m, 0, &u));
		assert_int_equal(u.len, 0);
		assert_works(m);
		mock_free(m);
	}
}

/* ---- a second vCPU that rewrites the rings while the device reads them ---- */

struct racer {
	uint64_t *word[2]; /* the descriptor area and an indirect table, as 64-bit words */
	size_t n[2];
	uint16_t *avail_idx; /* NULL for packed */
	bool stop, running;
	uint32_t seed;
};

static uint32_t next_random(uint32_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 17;
	*s ^= *s << 5;
	return *s;
}

/* A word that is right, nearly right, or nonsense. */
static uint64_t random_word(struct racer *r, size_t i)
{
	uint32_t x = next_random(&r->seed);
	uint64_t len = x % 3 == 0 ? next_random(&r->seed) : 16;

	if (i % 2 == 0)
		return MOCK_MEM_BASE + (x % 5 == 0 ? (uint64_t)x << 20 : x % 0x10000);
	/* Split: flags, then next; packed: id, then flags. */
	return len | (uint64_t)(x & 0x8087) << 32 |
	       (uint64_t)(r->avail_idx ? x >> 28 : x & 0x8087) << 48;
}

static void *race(void *arg)
{
	struct racer *r = arg;

	__atomic_store_n(&r->running, true, __ATOMIC_RELAXED);
	while (!__atomic_load_n(&r->stop, __ATOMIC_RELAXED)) {
		unsigned int t = next_random(&r->seed) & 1;
		size_t i = next_random(&r->seed) % r->n[t];

		__atomic_store_n(&r->word[t][i], random_word(r, i), __ATOMIC_RELAXED);
		if (r->avail_idx && next_random(&r->seed) % 64 == 0)
			__atomic_fetch_add(r->avail_idx, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static unsigned int told;

static void count_broken(void *ctx, int guest_error, const char *why)
{
	(void)ctx;
	(void)why;
	assert_int_equal(guest_error, GUEST_E_STATE);
	told++;
}

static void test_device_that_breaks_a_queue_twice_is_heard_once(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind);
		struct mock_ring r = mock_ring(m, 0);
		const struct vq_setup s = { r.size, r.desc, r.driver, r.device, mock_features(m),
			{ 0, 0, true, true } };
		const struct vq_host h = { .broken = count_broken };
		struct vq *q;

		told = 0;
		assert_int_equal(vq_new(&q, mock_mem(m), &s, &h), 0);
		vq_break(q, GUEST_E_STATE, "first");
		vq_break(q, GUEST_E_LOOP, "second");
		assert_int_equal(told, 1);
		assert_int_equal(vq_push(q, &echo->chain, 0), GUEST_E_STATE);
		vq_kicks_disable(q); /* nothing more is written to the ring */
		vq_flush(q);
		vq_unpop(q, &echo->chain);
		vq_free(q);
		mock_free(m);
	}
}

static void ignore_broken(void *ctx, int guest_error, const char *why)
{
	(void)ctx;
	(void)guest_error;
	(void)why;
}

static void test_rings_rewritten_by_another_cpu_never_harm_the_host(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind);
		struct mock_ring ring = mock_ring(m, 0);
		gpa table = mock_alloc(m, 16 * 64, 16);
		struct racer r = {
			.word = { mock_ptr(m, ring.desc, 16 * SIZE), mock_ptr(m, table, 16 * 64) },
			.n = { 2 * SIZE, 2 * 64 },
			.seed = 0x1234567 + kind,
		};
		unsigned int latched = 0, taken = 0;
		pthread_t t;

		if (!(kind & MOCK_PACKED))
			r.avail_idx = mock_ptr(m, (gpa){ ring.driver.v + 2 }, 2);
		assert_int_equal(pthread_create(&t, NULL, race, &r), 0);
		/* Only the pop runs against it: what a device reads of the data is its own affair.
		 */
		while (!__atomic_load_n(&r.running, __ATOMIC_RELAXED))
			sched_yield();
		/* A lap sees nothing where the first descriptor happens not to be available. */
		for (unsigned int lap = 0; lap < 1000000 && (lap < 300 || latched + taken < 100);
			lap++) {
			const struct vq_host h = { .notify = NULL, .broken = ignore_broken };
			struct vq_setup s = { ring.size, ring.desc, ring.driver, ring.device,
				mock_features(m), { 0, 0, true, true } };
			struct vq *q;

			/* On a busy machine the other thread may not have its turn for long, and
			 * yielding does not give it one. */
			if (lap % 256 == 255)
				usleep(latched + taken > 0 ? 1 : 1000);
			if (r.avail_idx) {
				s.pos.avail = __atomic_load_n(r.avail_idx, __ATOMIC_RELAXED);
				s.pos.avail = (uint16_t)(s.pos.avail - 4);
				s.pos.used = s.pos.avail;
			}
			assert_int_equal(vq_new(&q, mock_mem(m), &s, &h), 0);
			for (unsigned int i = 0; i < 8; i++) {
				enum vq_pop p = vq_pop(q, &echo->chain);

				if (p == VQ_TAKEN) {
					uint64_t sum = 0;

					for (unsigned int k = 0;
						k < echo->chain.n_out + echo->chain.n_in; k++) {
						assert_true(gmem_valid(mock_mem(m),
							echo->chain.seg[k].addr,
							echo->chain.seg[k].len));
						sum += echo->chain.seg[k].len;
					}
					assert_int_equal(sum, (uint64_t)echo->chain.out_bytes +
								      echo->chain.in_bytes);
					taken++;
				}
				latched += p == VQ_BROKEN;
			}
			vq_free(q);
		}
		__atomic_store_n(&r.stop, true, __ATOMIC_RELAXED);
		pthread_join(t, NULL);
		assert_true(latched + taken > 0);
		mock_free(m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_descriptor_outside_guest_memory_is_refused),
		cmocka_unit_test(test_readable_after_writable_is_refused),
		cmocka_unit_test(test_descriptor_loop_is_refused),
		cmocka_unit_test(test_loop_of_empty_descriptors_is_refused),
		cmocka_unit_test(test_lengths_that_add_up_past_32_bits_are_refused),
		cmocka_unit_test(test_indirect_table_in_an_indirect_table_is_refused),
		cmocka_unit_test(test_indirect_table_of_impossible_length_is_refused),
		cmocka_unit_test(test_indirect_table_outside_guest_memory_is_refused),
		cmocka_unit_test(test_indirect_table_longer_than_the_limit_is_refused),
		cmocka_unit_test(test_indirect_table_at_the_limit_is_taken),
		cmocka_unit_test(test_indirect_table_at_an_odd_address_is_read_right),
		cmocka_unit_test(test_indirect_descriptor_without_negotiation_is_refused),
		cmocka_unit_test(test_indirect_descriptor_with_next_is_refused),
		cmocka_unit_test(
			test_indirect_after_plain_descriptors_is_taken_in_split_rings_only),
		cmocka_unit_test(test_split_indirect_loop_and_wild_next_are_refused),
		cmocka_unit_test(test_split_indirect_next_that_leaves_its_table_at_once_is_refused),
		cmocka_unit_test(test_split_head_and_next_outside_the_table_are_refused),
		cmocka_unit_test(test_split_available_index_that_jumps_is_refused),
		cmocka_unit_test(test_more_requests_than_entries_are_refused),
		cmocka_unit_test(test_rings_outside_guest_memory_or_misaligned_never_start),
		cmocka_unit_test(test_illegal_sizes_and_positions_never_start),
		cmocka_unit_test(test_wild_event_indices_only_change_who_is_woken),
		cmocka_unit_test(test_request_of_empty_descriptors_alone_is_answered),
		cmocka_unit_test(test_device_that_breaks_a_queue_twice_is_heard_once),
		cmocka_unit_test(test_rings_rewritten_by_another_cpu_never_harm_the_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
