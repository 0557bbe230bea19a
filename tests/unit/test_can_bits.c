/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bit lengths against values counted by hand and against a bit-by-bit model written here from
 * ISO 11898-1; arbitration order against the same bits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/canbus/bits.h"

/* A deterministic stream of numbers. */
static uint32_t next_random(uint32_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 17;
	*s ^= *s << 5;
	return *s;
}

/* ---- the model: a frame as an array of bits ---- */

struct bitstream {
	uint8_t b[800];
	unsigned int n;
};

static void push(struct bitstream *s, uint32_t v, unsigned int n)
{
	while (n-- > 0)
		s->b[s->n++] = (uint8_t)(v >> n & 1);
}

/* From start of frame to the end of the data field, unstuffed. */
static struct bitstream header_and_data(const struct canfd_frame *f, unsigned int dlc)
{
	struct bitstream s = { .n = 0 };
	bool eff = f->can_id & CAN_EFF_FLAG, rtr = f->can_id & CAN_RTR_FLAG;
	bool fd = f->flags & CANFD_FDF;
	uint32_t id = f->can_id & CAN_EFF_MASK;

	push(&s, 0, 1);
	push(&s, eff ? id >> 18 : id, 11);
	if (eff) {
		push(&s, 3, 2);
		push(&s, id, 18);
	}
	push(&s, rtr, 1);
	if (fd) {
		if (!eff)
			push(&s, 0, 1);
		push(&s, 1, 1);
		push(&s, 0, 1);
		push(&s, (f->flags & CANFD_BRS) != 0, 1);
		push(&s, (f->flags & CANFD_ESI) != 0, 1);
	} else {
		push(&s, 0, 2);
	}
	push(&s, dlc, 4);
	for (unsigned int i = 0; i < f->len && !rtr; i++)
		push(&s, f->data[i], 8);
	return s;
}

static uint32_t crc15_model(const struct bitstream *s)
{
	uint32_t crc = 0;

	for (unsigned int i = 0; i < s->n; i++) {
		uint32_t nxt = s->b[i] ^ (crc >> 14 & 1);

		crc = crc << 1 & 0x7fff;
		if (nxt)
			crc ^= 0x4599;
	}
	return crc;
}

/* Stuff bits inserted after the bits [from, to) when stuffing starts at bit 0. */
static unsigned int stuffed(const struct bitstream *s, unsigned int from, unsigned int to)
{
	unsigned int run = 0, count = 0;
	uint8_t last = 2;

	for (unsigned int i = 0; i < to; i++) {
		run = s->b[i] == last ? run + 1 : 1;
		last = s->b[i];
		if (run == 5) {
			count += i >= from;
			last = !last;
			run = 1;
		}
	}
	return count;
}

static unsigned int classic_model(const struct canfd_frame *f)
{
	struct bitstream s = header_and_data(f, f->len);

	push(&s, crc15_model(&s), 15);
	return s.n + stuffed(&s, 0, s.n) + 10;
}

static struct canfd_frame frame(uint32_t id, uint8_t len, uint8_t flags, uint8_t fill)
{
	struct canfd_frame f = { .can_id = id, .len = len, .flags = flags };

	memset(f.data, fill, len);
	return f;
}

/* ---- lengths ---- */

static void test_an_all_zero_frame_has_a_stuff_bit_after_each_five_bits(void **state)
{
	struct canfd_frame f = frame(0, 0, 0, 0);

	(void)state;
	/* 19 header bits and 15 CRC bits, all dominant: 34 / 5 = 6 stuff bits; 10 bits follow. */
	assert_int_equal(can_bits_of(&f).nominal, 34 + 6 + 10);
	assert_int_equal(can_bits_of(&f).data, 0);
}

static void test_an_all_zero_fd_frame_is_as_long_as_counted_by_hand(void **state)
{
	struct canfd_frame f = frame(0, 0, CANFD_FDF, 0);

	(void)state;
	/*
	 * 14 dominant bits: 2 stuff bits; FDF; 7 dominant bits: 1 stuff bit; 22 bits in all. Then
	 * 4 + 17 bits with 6 fixed stuff bits, and 10 bits.
	 */
	assert_int_equal(can_bits_of(&f).nominal, 22 + 3 + 27 + 10);
	assert_int_equal(can_bits_of(&f).data, 0);
}

static void test_the_data_phase_runs_from_esi_to_the_end_of_the_crc(void **state)
{
	struct canfd_frame f = frame(0x555, 64, CANFD_FDF | CANFD_BRS, 0x55);

	(void)state;
	/* 0x555 with RRS, IDE, FDF, res, BRS: no five equal bits anywhere; DLC 1111 after ESI 0. */
	assert_int_equal(can_bits_of(&f).nominal, 17 + 10);
	assert_int_equal(can_bits_of(&f).data, 5 + 512 + 32);
}

static void test_five_equal_bits_at_the_end_of_fd_data_get_no_dynamic_stuff_bit(void **state)
{
	struct canfd_frame a = frame(0x555, 1, CANFD_FDF, 0x20);
	struct canfd_frame b = frame(0x555, 1, CANFD_FDF, 0x21);

	(void)state;
	assert_int_equal(can_bits_of(&a).nominal, can_bits_of(&b).nominal);
	/* One bit earlier they do get one: 11000001 against 10000101. */
	a.data[0] = 0xc1;
	b.data[0] = 0x85;
	assert_int_equal(can_bits_of(&a).nominal, can_bits_of(&b).nominal + 1);
}

static void test_17_bytes_and_more_have_the_longer_crc(void **state)
{
	struct canfd_frame a = frame(0x555, 16, CANFD_FDF, 0x55);
	struct canfd_frame b = frame(0x555, 20, CANFD_FDF, 0x55);

	(void)state;
	assert_int_equal(can_bits_of(&b).nominal - can_bits_of(&a).nominal, 32 + 5);
}

static void test_classic_lengths_match_the_model_and_its_bounds(void **state)
{
	uint32_t seed = 1;

	(void)state;
	for (unsigned int i = 0; i < 50000; i++) {
		struct canfd_frame f = { .len = (uint8_t)(next_random(&seed) % 9) };
		bool eff = next_random(&seed) & 1, rtr = next_random(&seed) % 8 == 0;
		unsigned int n, lo, hi, stuffable;

		f.can_id = eff ? (next_random(&seed) & CAN_EFF_MASK) | CAN_EFF_FLAG
			       : next_random(&seed) & CAN_SFF_MASK;
		if (rtr)
			f.can_id |= CAN_RTR_FLAG;
		for (unsigned int k = 0; k < f.len; k++) {
			uint32_t r = next_random(&seed);

			/* Long runs as well as noise. */
			f.data[k] = r & 0x100 ? (uint8_t)r : (r & 0x200 ? 0xff : 0);
		}
		n = can_bits_of(&f).nominal;
		stuffable = (eff ? 54u : 34u) + (rtr ? 0 : 8u * f.len);
		lo = stuffable + 10;
		hi = lo + (stuffable - 1) / 4;
		assert_in_range(n, lo, hi);
		assert_int_equal(n, classic_model(&f));
	}
}

static void test_fd_lengths_match_the_model(void **state)
{
	static const uint8_t lens[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 32, 48, 64 };
	uint32_t seed = 2;

	(void)state;
	for (unsigned int i = 0; i < 50000; i++) {
		unsigned int dlc = next_random(&seed) % 16, brs_at, to_data, dynamic;
		struct canfd_frame f = { .len = lens[dlc],
			.flags = (uint8_t)(CANFD_FDF | (next_random(&seed) & 3)) };
		bool eff = next_random(&seed) & 1;
		struct bitstream s;
		struct can_bits n;

		f.can_id = eff ? (next_random(&seed) & CAN_EFF_MASK) | CAN_EFF_FLAG
			       : next_random(&seed) & CAN_SFF_MASK;
		for (unsigned int k = 0; k < f.len; k++) {
			uint32_t r = next_random(&seed);

			f.data[k] = r & 0x100 ? (uint8_t)r : (r & 0x200 ? 0xff : 0);
		}
		s = header_and_data(&f, dlc);
		brs_at = eff ? 35 : 16;
		to_data = stuffed(&s, 0, brs_at);
		/* Not after the very last bit: the fixed stuff bit stands there. */
		dynamic = stuffed(&s, brs_at, s.n - 1);
		n = can_bits_of(&f);
		if (f.flags & CANFD_BRS) {
			assert_int_equal(n.nominal, brs_at + 1 + to_data + 10);
			assert_int_equal(
				n.data, s.n - brs_at - 1 + dynamic + (f.len <= 16 ? 27 : 32));
		} else {
			assert_int_equal(
				n.nominal, s.n + to_data + dynamic + (f.len <= 16 ? 27 : 32) + 10);
			assert_int_equal(n.data, 0);
		}
	}
}

static void test_a_known_frame_takes_its_known_time(void **state)
{
	struct can_bits n = { .nominal = 135, .data = 0 };

	(void)state;
	/* The textbook worst case with intermission at 500 kbit/s. */
	assert_int_equal(can_bits_ns(n, 500000, 2000000), 270000);
	n = (struct can_bits){ .nominal = 27, .data = 549 };
	assert_int_equal(can_bits_ns(n, 500000, 2000000), 54000 + 274500);
}

/* ---- arbitration ---- */

static void assert_wins(uint32_t a, uint32_t b)
{
	struct canfd_frame fa = { .can_id = a }, fb = { .can_id = b };

	assert_true(can_arbitration_key(&fa) < can_arbitration_key(&fb));
}

static void test_the_lower_identifier_wins(void **state)
{
	(void)state;
	assert_wins(0x000, 0x001);
	assert_wins(0x0ff, 0x100);
	assert_wins(0x123 | CAN_EFF_FLAG, 0x124 | CAN_EFF_FLAG);
}

static void test_data_wins_over_remote_of_the_same_identifier(void **state)
{
	(void)state;
	assert_wins(0x123, 0x123 | CAN_RTR_FLAG);
	assert_wins(0x123 | CAN_EFF_FLAG, 0x123 | CAN_EFF_FLAG | CAN_RTR_FLAG);
}

static void test_standard_wins_over_extended_with_the_same_base(void **state)
{
	(void)state;
	assert_wins(0x123, (0x123u << 18) | CAN_EFF_FLAG);
	assert_wins(0x123 | CAN_RTR_FLAG, (0x123u << 18) | CAN_EFF_FLAG);
	/* But a lower base wins, whatever follows. */
	assert_wins((0x122u << 18) | 0x3ffff | CAN_EFF_FLAG, 0x123);
}

static void test_order_follows_the_bits_on_the_wire(void **state)
{
	uint32_t seed = 3;

	(void)state;
	for (unsigned int i = 0; i < 20000; i++) {
		struct canfd_frame f[2] = { 0 };
		struct bitstream s[2];
		int wire = 0, key;

		for (unsigned int k = 0; k < 2; k++) {
			uint32_t r = next_random(&seed);

			/* Few distinct bases, so that the later bits decide often. */
			f[k].can_id = r & 1 ? ((r >> 1 & 3u) << 18) | (r >> 8 & 3) | CAN_EFF_FLAG
					    : r >> 1 & 3u;
			if (r & 0x1000)
				f[k].can_id |= CAN_RTR_FLAG;
			s[k] = header_and_data(&f[k], 0);
		}
		for (unsigned int b = 0; b < 33 && !wire; b++)
			wire = s[0].b[b] - s[1].b[b];
		key = can_arbitration_key(&f[0]) < can_arbitration_key(&f[1])   ? -1
		      : can_arbitration_key(&f[0]) > can_arbitration_key(&f[1]) ? 1
										: 0;
		assert_int_equal(wire < 0, key < 0);
		assert_int_equal(wire > 0, key > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_all_zero_frame_has_a_stuff_bit_after_each_five_bits),
		cmocka_unit_test(test_an_all_zero_fd_frame_is_as_long_as_counted_by_hand),
		cmocka_unit_test(test_the_data_phase_runs_from_esi_to_the_end_of_the_crc),
		cmocka_unit_test(
			test_five_equal_bits_at_the_end_of_fd_data_get_no_dynamic_stuff_bit),
		cmocka_unit_test(test_17_bytes_and_more_have_the_longer_crc),
		cmocka_unit_test(test_classic_lengths_match_the_model_and_its_bounds),
		cmocka_unit_test(test_fd_lengths_match_the_model),
		cmocka_unit_test(test_a_known_frame_takes_its_known_time),
		cmocka_unit_test(test_the_lower_identifier_wins),
		cmocka_unit_test(test_data_wins_over_remote_of_the_same_identifier),
		cmocka_unit_test(test_standard_wins_over_extended_with_the_same_base),
		cmocka_unit_test(test_order_follows_the_bits_on_the_wire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
