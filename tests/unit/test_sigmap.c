/* SPDX-License-Identifier: Apache-2.0 */
/* Signal maps: the bits, by hand, in both byte orders; the binary; the mistakes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/scenario/sigmap.h"

static struct sigmap_entry signal_at(uint16_t start, uint8_t bits, uint8_t flags)
{
	return (struct sigmap_entry){
		.start_bit = start, .bits = bits, .flags = flags, .scale = 1
	};
}

static double decode(struct sigmap_entry e, const uint8_t *data, size_t len)
{
	double v = -1;

	assert_int_equal(sigmap_decode(&e, data, len, &v), 0);
	return v;
}

static void test_little_endian_values_are_read_from_the_lowest_bit_up(void **state)
{
	static const uint8_t d[8] = { 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0 };

	(void)state;
	assert_true(decode(signal_at(0, 8, 0), d, 8) == 0x12);
	assert_true(decode(signal_at(0, 16, 0), d, 8) == 0x3412);
	assert_true(decode(signal_at(4, 8, 0), d, 8) == 0x41);
	assert_true(decode(signal_at(12, 12, 0), d, 8) == 0x563);
	assert_true(decode(signal_at(63, 1, 0), d, 8) == 1);
	assert_true(decode(signal_at(56, 4, 0), d, 8) == 0);
	assert_true(decode(signal_at(0, 64, 0), d, 8) == (double)UINT64_C(0xf0debc9a78563412));
}

static void test_big_endian_values_are_read_from_the_dbc_start_bit_down(void **state)
{
	static const uint8_t d[8] = { 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0 };
	const uint8_t be = SIGMAP_F_BIG_ENDIAN;

	(void)state;
	/* The usual 16-bit Motorola signal starts at bit 7 of its first byte. */
	assert_true(decode(signal_at(7, 16, be), d, 8) == 0x1234);
	assert_true(decode(signal_at(23, 16, be), d, 8) == 0x5678);
	assert_true(decode(signal_at(3, 8, be), d, 8) == 0x23);
	assert_true(decode(signal_at(3, 12, be), d, 8) == 0x234);
	assert_true(decode(signal_at(56 + 4, 1, be), d, 8) == 1);
	assert_true(decode(signal_at(7, 64, be), d, 8) == (double)UINT64_C(0x123456789abcdef0));
}

static void test_signed_values_are_extended_from_their_own_length(void **state)
{
	static const uint8_t d[2] = { 0xff, 0x0f };
	struct sigmap_entry t = signal_at(0, 12, SIGMAP_F_SIGNED);

	(void)state;
	assert_true(decode(t, d, 2) == -1);
	assert_true(decode(signal_at(0, 12, 0), d, 2) == 4095);
	assert_true(decode(signal_at(0, 13, SIGMAP_F_SIGNED), d, 2) == 4095);
	t.scale = 0.5;
	t.offset = -40;
	assert_true(decode(t, d, 2) == -40.5);
}

static void test_a_payload_that_is_too_short_is_refused(void **state)
{
	static const uint8_t d[8] = { 0 };
	struct sigmap_entry le = signal_at(12, 8, 0), be = signal_at(3, 12, SIGMAP_F_BIG_ENDIAN);
	double v = 5;

	(void)state;
	assert_int_equal(sigmap_decode(&le, d, 2, &v), -EMSGSIZE);
	assert_int_equal(sigmap_decode(&le, d, 3, &v), 0);
	v = 5;
	assert_int_equal(sigmap_decode(&be, d, 1, &v), -EMSGSIZE);
	assert_true(v == 5);
	assert_int_equal(sigmap_decode(&be, d, 2, &v), 0);
}

static void test_encoding_changes_only_the_signals_own_bits(void **state)
{
	uint8_t d[4] = { 0xff, 0xff, 0xff, 0xff };
	struct sigmap_entry le = signal_at(4, 8, 0), be = signal_at(19, 8, SIGMAP_F_BIG_ENDIAN);

	(void)state;
	assert_int_equal(sigmap_encode(&le, 0x41, d, 4), 0);
	assert_int_equal(d[0], 0x1f);
	assert_int_equal(d[1], 0xf4);
	assert_int_equal(sigmap_encode(&be, 0xa5, d, 4), 0);
	assert_int_equal(d[2], 0xfa);
	assert_int_equal(d[3], 0x5f);
}

static void test_what_is_encoded_is_decoded_again_at_every_place(void **state)
{
	(void)state;
	for (unsigned int flags = 0; flags < 4; flags++) {
		for (uint16_t start = 0; start < 64; start++) {
			for (uint8_t bits = 1; bits <= 32; bits++) {
				struct sigmap_entry e = signal_at(start, bits, (uint8_t)flags);
				uint8_t d[8];
				/* A pattern that has the top and the bottom bit set. */
				uint64_t raw = (UINT64_C(1) << (bits - 1)) | 1 |
					       (0x5a5a5a5a & ((UINT64_C(1) << bits) - 1));
				int64_t v = flags & SIGMAP_F_SIGNED
						    ? (int64_t)(raw << (64 - bits)) >> (64 - bits)
						    : (int64_t)raw;

				if (!sigmap_fits(&e, 8))
					continue;
				memset(d, (int)start * 7, sizeof(d));
				assert_int_equal(sigmap_encode(&e, (double)v, d, 8), 0);
				assert_true(decode(e, d, 8) == (double)v);
			}
		}
	}
}

static void test_values_out_of_range_are_held_to_it_and_rounded(void **state)
{
	struct sigmap_entry u = signal_at(0, 8, 0), s = signal_at(0, 8, SIGMAP_F_SIGNED);
	uint8_t d[1];

	(void)state;
	u.scale = 0.5;
	assert_int_equal(sigmap_encode(&u, 1000, d, 1), 0);
	assert_int_equal(d[0], 255);
	assert_int_equal(sigmap_encode(&u, -1, d, 1), 0);
	assert_int_equal(d[0], 0);
	assert_int_equal(sigmap_encode(&u, 10.3, d, 1), 0);
	assert_int_equal(d[0], 21);
	assert_int_equal(sigmap_encode(&s, -1000, d, 1), 0);
	assert_int_equal(d[0], 0x80);
	assert_int_equal(sigmap_encode(&s, 1000, d, 1), 0);
	assert_int_equal(d[0], 0x7f);
	u = signal_at(0, 64, 0);
	uint8_t wide[8];

	assert_int_equal(sigmap_encode(&u, 1e30, wide, 8), 0);
	assert_true(decode(u, wide, 8) == 18446744073709551615.0);
}

static void test_a_map_becomes_the_binary_that_guests_read(void **state)
{
	static const char text[] =
		"title: test\n"
		"signals:\n"
		"  - {gauge: speed, bus: can0, id: 0x0D4, start: 7, bits: 16, byte_order: big, scale: 0.01, "
		"min: 0, max: 260, stale_ms: 500}\n"
		"  - {gauge: status, bus: can1, id: 18FF0001, start: 0, bits: 8, signed: true, direction: "
		"tx, dlc: 4, period_ms: 100ms, fd: true}\n"
		"  - {gauge: low, bus: can1, id: 0x10, extended: true, start: 0, bits: 1}\n";
	struct sigmap m;
	struct sigmap_hdr h;
	struct sigmap_entry e;

	(void)state;
	assert_int_equal(sigmap_load_text(text, strlen(text), "m.yaml", stderr, &m), 0);
	assert_int_equal(sigmap_packed_bytes(&m), 64 + 3 * 96);
	uint8_t *b = malloc(sigmap_packed_bytes(&m));

	assert_non_null(b);
	sigmap_pack(&m, b);
	memcpy(&h, b, sizeof(h));
	assert_int_equal(h.magic, SIGMAP_MAGIC);
	assert_int_equal(h.version, SIGMAP_VERSION);
	assert_int_equal(h.count, 3);
	assert_int_equal(h.entry_bytes, 96);
	assert_string_equal(h.title, "test");
	memcpy(&e, b + 64, sizeof(e));
	assert_string_equal(e.gauge, "speed");
	assert_string_equal(e.bus, "can0");
	assert_int_equal(e.can_id, 0xd4);
	assert_int_equal(e.flags, SIGMAP_F_BIG_ENDIAN);
	assert_int_equal(e.period_ms, 500);
	assert_true(e.scale == 0.01 && e.offset == 0 && e.max == 260);
	memcpy(&e, b + 64 + 96, sizeof(e));
	assert_int_equal(e.can_id, 0x18ff0001);
	assert_int_equal(e.flags, SIGMAP_F_SIGNED | SIGMAP_F_TX | SIGMAP_F_EXTENDED | SIGMAP_F_FD);
	assert_int_equal(e.dlc, 4);
	assert_int_equal(e.period_ms, 100);
	memcpy(&e, b + 64 + 2 * 96, sizeof(e));
	assert_int_equal(e.flags, SIGMAP_F_EXTENDED);
	assert_ptr_equal(sigmap_find(&m, "status"), &m.e[1]);
	assert_null(sigmap_find(&m, "rpm"));
	free(b);
	sigmap_fini(&m);
}

static void test_mistakes_in_a_map_are_reported_with_their_place(void **state)
{
	static const char text[] =
		"signals:\n"
		"  - {gauge: a, bus: can0, id: 100, start: 60, bits: 8}\n"
		"  - {gauge: b, bus: can0, id: 100, start: 0, bits: 65}\n"
		"  - {gauge: c, bus: can0, id: 100, start: 0, bits: 8, scale: 0}\n"
		"  - {gauge: d, bus: can0, id: 100, start: 0, bits: 8, byte_ordr: big}\n"
		"  - {gauge: e, bus: can0, id: 100, start: 0, bits: 16, direction: tx, dlc: 1}\n"
		"  - {gauge: f, bus: can0, id: 100, start: 0, bits: 8, period_ms: 5}\n";
	static const char expected[] =
		"m.yaml:2:53: error: signal 1: bits from bit 60 on, 8 bits leave the 8 bytes of a frame\n"
		"   2 |   - {gauge: a, bus: can0, id: 100, start: 60, bits: 8}\n"
		"     |                                                     ^\n"
		"m.yaml:3:52: error: signal 2: bits 65 exceeds 64 bits\n"
		"   3 |   - {gauge: b, bus: can0, id: 100, start: 0, bits: 65}\n"
		"     |                                                    ^~\n"
		"m.yaml:4:62: error: signal 3: scale must not be 0\n"
		"   4 |   - {gauge: c, bus: can0, id: 100, start: 0, bits: 8, scale: 0}\n"
		"     |                                                              ^\n"
		"m.yaml:5:55: error: signal 4: unknown key \"byte_ordr\"; did you mean \"byte_order\"?\n"
		"   5 |   - {gauge: d, bus: can0, id: 100, start: 0, bits: 8, byte_ordr: big}\n"
		"     |                                                       ^~~~~~~~~\n"
		"m.yaml:6:76: error: signal 5: dlc of 1 bytes does not hold the signal\n"
		"   6 |   - {gauge: e, bus: can0, id: 100, start: 0, bits: 16, direction: tx, dlc: 1}\n"
		"     |                                                                            ^\n"
		"m.yaml:7:66: error: signal 6: period_ms is for sent signals (direction: tx)\n"
		"   7 |   - {gauge: f, bus: can0, id: 100, start: 0, bits: 8, period_ms: 5}\n"
		"     |                                                                  ^\n"
		"6 errors\n";
	char *out = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&out, &len);
	struct sigmap m;

	(void)state;
	assert_int_equal(sigmap_load_text(text, strlen(text), "m.yaml", f, &m), -EINVAL);
	fclose(f);
	assert_string_equal(out, expected);
	free(out);
}

static void test_signals_of_one_sent_frame_must_agree(void **state)
{
	static const char text[] =
		"signals:\n"
		"  - {gauge: a, bus: can0, id: 100, start: 0, bits: 8, direction: tx, dlc: 8}\n"
		"  - {gauge: b, bus: can0, id: 100, start: 8, bits: 8, direction: tx, dlc: 4}\n";
	char *out = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&out, &len);
	struct sigmap m;

	(void)state;
	assert_int_equal(sigmap_load_text(text, strlen(text), "m.yaml", f, &m), -EINVAL);
	fclose(f);
	assert_non_null(
		strstr(out, "m.yaml:3:5: error: signal 2: the same frame has another dlc, fd or "
			    "period_ms on line 2\n"));
	free(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_little_endian_values_are_read_from_the_lowest_bit_up),
		cmocka_unit_test(test_big_endian_values_are_read_from_the_dbc_start_bit_down),
		cmocka_unit_test(test_signed_values_are_extended_from_their_own_length),
		cmocka_unit_test(test_a_payload_that_is_too_short_is_refused),
		cmocka_unit_test(test_encoding_changes_only_the_signals_own_bits),
		cmocka_unit_test(test_what_is_encoded_is_decoded_again_at_every_place),
		cmocka_unit_test(test_values_out_of_range_are_held_to_it_and_rounded),
		cmocka_unit_test(test_a_map_becomes_the_binary_that_guests_read),
		cmocka_unit_test(test_mistakes_in_a_map_are_reported_with_their_place),
		cmocka_unit_test(test_signals_of_one_sent_frame_must_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
