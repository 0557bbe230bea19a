/* SPDX-License-Identifier: Apache-2.0 */
/* The guest SDK's formatted text, signal codec and damage lists. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dyno/print.h"
#include "dyno/signals.h"
#include "gpu_damage.h"

/* ---- formatted text: as the host's ---- */

static void same(const char *fmt, ...)
{
	char got[256], want[256];
	va_list ap, again;
	int n, m;

	va_start(ap, fmt);
	va_copy(again, ap);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	n = dyno_vsnprintf(got, sizeof(got), fmt, ap);
	m = vsnprintf(want, sizeof(want), fmt, again);
#pragma GCC diagnostic pop
	va_end(again);
	va_end(ap);
	assert_string_equal(got, want);
	assert_int_equal(n, m);
}

static void test_integers_print_as_the_hosts_printf_does(void **state)
{
	(void)state;
	same("%d %i %u", -5, 7, 9u);
	same("%5d|%-5d|%05d|%+d|% d", 42, 42, 42, 42, 42);
	same("%x %X %#x %#o %08x", 0xbeefu, 0xbeefu, 0xbeefu, 8u, 0x12u);
	same("%hhd %hd %ld %lld %zu %jd", 300, 70000, -1L, INT64_MIN, (size_t)5, (intmax_t)-6);
	same("%.5d %.0d %8.3d %-8.3d|", 42, 0, 7, 7);
	same("%*d|%-*d|%.*d", 6, 1, 6, 2, 3, 4);
	same("%llu", UINT64_MAX);
	same("%#x %#.3x", 0u, 0u);
}

static void test_strings_and_characters_print_as_the_hosts_printf_does(void **state)
{
	(void)state;
	same("%s|%10s|%-10s|%.2s|%c|%3c|%%", "abc", "abc", "abc", "abc", 'x', 'y');
	same("%.*s", 3, "abcdef");
	same("%p", (void *)0x1234);
}

static void test_decimals_print_as_the_hosts_printf_does(void **state)
{
	static const double xs[] = { 0, 0.5, 1, 99.995, 1234.5678, 3.14159265358979, 1e9 + 0.25,
		0.000123, 123456789.987654321 };

	(void)state;
	for (size_t i = 0; i < sizeof(xs) / sizeof(xs[0]); i++) {
		same("%f %.1f %.3f %.0f", xs[i], xs[i] + 0.03, xs[i], xs[i] + 0.3);
		same("%10.2f|%-10.2f|%010.2f|%+.1f", xs[i], -xs[i], -xs[i], xs[i]);
	}
	same("%f %5.1f", INFINITY, -INFINITY);
}

static void test_text_is_cut_and_always_ends(void **state)
{
	char b[8];

	(void)state;
	memset(b, 'x', sizeof(b));
	assert_int_equal(dyno_snprintf(b, 5, "%s", "longer than that"), 16);
	assert_string_equal(b, "long");
	assert_int_equal(b[5], 'x');
	assert_int_equal(dyno_snprintf(NULL, 0, "%d", 123), 3);
}

/* ---- signals ---- */

static struct sigmap_entry signal_at(unsigned int start, unsigned int bits, unsigned int flags)
{
	return (struct sigmap_entry){ .gauge = "g",
		.bus = "b",
		.start_bit = (uint16_t)start,
		.bits = (uint8_t)bits,
		.flags = (uint8_t)flags,
		.scale = 1 };
}

static void test_little_endian_signal_is_read_from_its_bits(void **state)
{
	const uint8_t data[8] = { 0x00, 0xf0, 0xcd, 0x0b, 0, 0, 0, 0x80 };
	struct sigmap_entry e = signal_at(12, 16, 0);
	double v = 0;

	(void)state;
	assert_int_equal(dyno_signal_raw(&e, data), 0xbcdf);
	e.scale = 0.5;
	e.offset = -40;
	assert_true(dyno_signal_get(&e, data, 8, &v));
	assert_true(v == 0xbcdf * 0.5 - 40);
}

static void test_big_endian_signal_starts_at_its_most_significant_bit(void **state)
{
	/* The usual example: 16 bits, start bit 7: bytes 0 and 1. */
	const uint8_t data[8] = { 0x12, 0x34, 0x56, 0x78 };
	struct sigmap_entry e = signal_at(7, 16, SIGMAP_F_BIG_ENDIAN);

	(void)state;
	assert_int_equal(dyno_signal_raw(&e, data), 0x1234);
	e = signal_at(3, 12, SIGMAP_F_BIG_ENDIAN);
	assert_int_equal(dyno_signal_raw(&e, data), 0x234);
	e = signal_at(13, 10, SIGMAP_F_BIG_ENDIAN);
	assert_int_equal(dyno_signal_raw(&e, data), 0x345);
}

static void test_signed_signal_is_extended(void **state)
{
	const uint8_t data[8] = { 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct sigmap_entry e = signal_at(0, 12, SIGMAP_F_SIGNED);

	(void)state;
	assert_int_equal(dyno_signal_raw(&e, data), -2);
	e.bits = 64;
	assert_int_equal(dyno_signal_raw(&e, data), -2);
	e.flags = 0;
	e.bits = 12;
	assert_int_equal(dyno_signal_raw(&e, data), 0xffe);
}

static void test_every_signal_that_is_put_is_got_again(void **state)
{
	(void)state;
	srandom(1);
	for (unsigned int n = 0; n < 20000; n++) {
		const unsigned int bits = 1 + (unsigned int)random() % 64;
		struct sigmap_entry e = signal_at((unsigned int)random() % 512, bits,
			(random() & 1 ? SIGMAP_F_BIG_ENDIAN : 0) |
				(random() & 1 ? SIGMAP_F_SIGNED : 0));
		uint64_t raw = ((uint64_t)random() << 40) ^ ((uint64_t)random() << 20) ^
			       (uint64_t)random();
		uint8_t data[64], before[64];
		uint64_t got;

		if (!dyno_signal_fits(&e, 64))
			continue;
		for (size_t i = 0; i < 64; i++)
			data[i] = before[i] = (uint8_t)random();
		dyno_signal_put_raw(&e, data, raw);
		got = (uint64_t)dyno_signal_raw(&e, data);
		if (bits < 64)
			assert_true(((got ^ raw) & ((UINT64_C(1) << bits) - 1)) == 0);
		else
			assert_true(got == raw);
		/* The other bits are as they were. */
		dyno_signal_put_raw(&e, data, (uint64_t)dyno_signal_raw(&e, before));
		assert_memory_equal(data, before, 64);
	}
}

static void test_physical_value_is_rounded_and_clamped(void **state)
{
	struct sigmap_entry e = signal_at(0, 8, 0);
	uint8_t data[8] = { 0 };

	(void)state;
	e.scale = 0.5;
	e.offset = 10;
	assert_true(dyno_signal_put(&e, data, 8, 20.2));
	assert_int_equal(data[0], 20);
	assert_true(dyno_signal_put(&e, data, 8, 1e9));
	assert_int_equal(data[0], 255);
	assert_true(dyno_signal_put(&e, data, 8, -1e9));
	assert_int_equal(data[0], 0);
	e.min = 12;
	e.max = 15;
	assert_true(dyno_signal_put(&e, data, 8, 100));
	assert_int_equal(data[0], 10);
	e = signal_at(0, 8, SIGMAP_F_SIGNED);
	assert_true(dyno_signal_put(&e, data, 8, -1000));
	assert_int_equal(data[0], 0x80);
	assert_true(dyno_signal_put(&e, data, 8, NAN));
	assert_int_equal(data[0], 0x80);
}

static void test_signal_past_the_end_of_the_frame_is_not_read(void **state)
{
	struct sigmap_entry e = signal_at(8, 9, 0);
	const uint8_t data[2] = { 0, 0 };
	double v = 7;

	(void)state;
	assert_false(dyno_signal_get(&e, data, 2, &v));
	assert_true(v == 7);
	assert_true(dyno_signal_fits(&e, 3));
	e = signal_at(15, 9, SIGMAP_F_BIG_ENDIAN);
	assert_false(dyno_signal_fits(&e, 2));
	assert_true(dyno_signal_fits(&e, 3));
}

struct map {
	struct sigmap_hdr h;
	struct sigmap_entry e[2];
};

static struct map good_map(void)
{
	struct map m = { .h = { SIGMAP_MAGIC, SIGMAP_VERSION, 2, sizeof(struct sigmap_entry),
				 "a drive" } };

	m.e[0] = signal_at(0, 16, 0);
	memcpy(m.e[0].gauge, "speed", 6);
	m.e[1] = signal_at(8, 8, SIGMAP_F_TX);
	m.e[1].dlc = 8;
	return m;
}

static void test_good_signal_map_is_taken(void **state)
{
	const struct map m = good_map();
	struct dyno_sigmap out;
	const char *why = NULL;

	(void)state;
	assert_int_equal(dyno_sigmap_check(&m, sizeof(m), &out, &why), 0);
	assert_int_equal(out.count, 2);
	assert_string_equal(out.title, "a drive");
	assert_ptr_equal(dyno_sigmap_find(&out, "speed"), &m.e[0]);
	assert_null(dyno_sigmap_find(&out, "rpm"));
}

static void bad(struct map m, size_t bytes, const char *what)
{
	struct dyno_sigmap out;
	const char *why = NULL;

	if (dyno_sigmap_check(&m, bytes, &out, &why) != DYNO_E_INVAL || why == NULL)
		fail_msg("taken: %s", what);
}

static void test_broken_signal_map_is_refused(void **state)
{
	struct map m = good_map();

	(void)state;
	bad(m, 10, "too short for a header");
	bad(m, sizeof(m) - 1, "too short for its entries");
	m.h.magic++;
	bad(m, sizeof(m), "magic");
	m = good_map();
	m.h.version++;
	bad(m, sizeof(m), "version");
	m = good_map();
	m.h.count = 0xffffffff;
	bad(m, sizeof(m), "count");
	m = good_map();
	memset(m.h.title, 'x', sizeof(m.h.title));
	bad(m, sizeof(m), "title");
	m = good_map();
	memset(m.e[1].gauge, 'x', sizeof(m.e[1].gauge));
	bad(m, sizeof(m), "gauge");
	m = good_map();
	m.e[0].bits = 65;
	bad(m, sizeof(m), "bits");
	m = good_map();
	m.e[0].bits = 0;
	bad(m, sizeof(m), "no bits");
	m = good_map();
	m.e[0].start_bit = 500;
	bad(m, sizeof(m), "start");
	m = good_map();
	m.e[1].dlc = 1;
	bad(m, sizeof(m), "dlc");
	m = good_map();
	m.e[0].can_id = 0x800;
	bad(m, sizeof(m), "id");
	m = good_map();
	m.e[0].scale = 0;
	bad(m, sizeof(m), "scale");
	m.e[0].scale = NAN;
	bad(m, sizeof(m), "scale that is no number");
}

/* ---- damage ---- */

static void test_damage_outside_is_clipped_and_nothing_is_dropped(void **state)
{
	const struct dyno_rect in[] = { { 90, 90, 50, 50 }, { 200, 0, 5, 5 }, { 0, 0, 0, 7 } };
	struct dyno_rect out[GPU_DAMAGE_MAX];

	(void)state;
	assert_int_equal(gpu_damage_join(out, in, 3, 100, 100), 1);
	assert_int_equal(out[0].x, 90);
	assert_int_equal(out[0].w, 10);
	assert_int_equal(out[0].h, 10);
	assert_int_equal(gpu_damage_join(out, in, 0, 100, 100), 0);
	assert_int_equal(gpu_damage_join(out, &(struct dyno_rect){ 0xffffffff, 0, 0xffffffff, 1 },
				 1, 100, 100),
		0);
}

static void test_close_damage_is_joined_and_distant_damage_is_not(void **state)
{
	const struct dyno_rect near_ones[] = { { 0, 0, 50, 50 }, { 50, 0, 50, 50 } };
	const struct dyno_rect far_ones[] = { { 0, 0, 50, 50 }, { 1800, 600, 50, 50 } };
	struct dyno_rect out[GPU_DAMAGE_MAX];

	(void)state;
	assert_int_equal(gpu_damage_join(out, near_ones, 2, 1920, 720), 1);
	assert_int_equal(out[0].w, 100);
	assert_int_equal(gpu_damage_join(out, far_ones, 2, 1920, 720), 2);
}

static void test_joined_damage_covers_all_of_it(void **state)
{
	static uint8_t want[256][256];
	struct dyno_rect in[40], out[GPU_DAMAGE_MAX];

	(void)state;
	srandom(7);
	for (unsigned int round = 0; round < 100; round++) {
		unsigned int n;

		memset(want, 0, sizeof(want));
		for (size_t i = 0; i < 40; i++) {
			in[i] = (struct dyno_rect){ (uint32_t)random() % 250,
				(uint32_t)random() % 250, 1 + (uint32_t)random() % 20,
				1 + (uint32_t)random() % 20 };
			for (uint32_t y = in[i].y; y < in[i].y + in[i].h && y < 256; y++) {
				for (uint32_t x = in[i].x; x < in[i].x + in[i].w && x < 256; x++)
					want[y][x] = 1;
			}
		}
		n = gpu_damage_join(out, in, 40, 256, 256);
		assert_in_range(n, 1, GPU_DAMAGE_MAX);
		for (unsigned int i = 0; i < n; i++) {
			assert_true(out[i].x + out[i].w <= 256 && out[i].y + out[i].h <= 256);
			for (uint32_t y = out[i].y; y < out[i].y + out[i].h; y++)
				memset(&want[y][out[i].x], 0, out[i].w);
		}
		for (size_t i = 0; i < sizeof(want); i++)
			assert_int_equal(((uint8_t *)want)[i], 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_integers_print_as_the_hosts_printf_does),
		cmocka_unit_test(test_strings_and_characters_print_as_the_hosts_printf_does),
		cmocka_unit_test(test_decimals_print_as_the_hosts_printf_does),
		cmocka_unit_test(test_text_is_cut_and_always_ends),
		cmocka_unit_test(test_little_endian_signal_is_read_from_its_bits),
		cmocka_unit_test(test_big_endian_signal_starts_at_its_most_significant_bit),
		cmocka_unit_test(test_signed_signal_is_extended),
		cmocka_unit_test(test_every_signal_that_is_put_is_got_again),
		cmocka_unit_test(test_physical_value_is_rounded_and_clamped),
		cmocka_unit_test(test_signal_past_the_end_of_the_frame_is_not_read),
		cmocka_unit_test(test_good_signal_map_is_taken),
		cmocka_unit_test(test_broken_signal_map_is_refused),
		cmocka_unit_test(test_damage_outside_is_clipped_and_nothing_is_dropped),
		cmocka_unit_test(test_close_damage_is_joined_and_distant_damage_is_not),
		cmocka_unit_test(test_joined_damage_covers_all_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
