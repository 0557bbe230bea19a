/* SPDX-License-Identifier: Apache-2.0 */
/* Values as people write them: what is taken, what is refused, how it is shown. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/scenario/regex.h"
#include "sim/scenario/scenario.h"
#include "sim/scenario/units.h"

static uint64_t duration(const char *s)
{
	uint64_t v = 0;

	assert_int_equal(unit_duration(s, &v), 0);
	return v;
}

static void test_durations_are_exact_nanoseconds(void **state)
{
	(void)state;
	assert_true(duration("0") == 0);
	assert_true(duration("30s") == UINT64_C(30000000000));
	assert_true(duration("500ms") == 500000000);
	assert_true(duration("250us") == 250000);
	assert_true(duration("7ns") == 7);
	assert_true(duration("1.5s") == 1500000000);
	assert_true(duration("0.000000001s") == 1);
	assert_true(duration("1m30s") == UINT64_C(90000000000));
	assert_true(duration("1h 2min 3 s") == UINT64_C(3723000000000));
}

static void test_what_is_no_duration_is_refused(void **state)
{
	static const char *const bad[] = { "", "5", "s", "-1s", "5 parsecs", "1..5s", "1.s", "5S",
		"1s x", "0x5s", " 5s", "5,5s", "1e3s" };
	uint64_t v = 42;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(unit_duration(bad[i], &v), -EINVAL);
	assert_int_equal(unit_duration("0.1ns", &v), -ERANGE);
	assert_int_equal(unit_duration("9999999999999999999h", &v), -ERANGE);
	assert_int_equal(unit_duration("5000000h5000000h", &v), -ERANGE);
	assert_true(v == 42);
}

static void test_sizes_are_powers_of_1024_and_bit_rates_of_1000(void **state)
{
	uint64_t v = 0;

	(void)state;
	assert_int_equal(unit_size("64M", &v), 0);
	assert_true(v == 64u << 20);
	assert_int_equal(unit_size("1.5GiB", &v), 0);
	assert_true(v == UINT64_C(3) << 29);
	assert_int_equal(unit_size("4096", &v), 0);
	assert_true(v == 4096);
	assert_int_equal(unit_size("64MB", &v), -EINVAL);
	assert_int_equal(unit_size("1.5", &v), -EINVAL);
	assert_int_equal(unit_bitrate("500k", &v), 0);
	assert_true(v == 500000);
	assert_int_equal(unit_bitrate("0.5 Mbit/s", &v), 0);
	assert_true(v == 500000);
	assert_int_equal(unit_bitrate("83.333k", &v), 0);
	assert_true(v == 83333);
	assert_int_equal(unit_bitrate("2G", &v), -EINVAL);
}

static void test_identifiers_are_hex_and_know_their_format(void **state)
{
	canid_t id = 0;

	(void)state;
	assert_int_equal(unit_can_id("123", &id), 0);
	assert_int_equal(id, 0x123);
	assert_int_equal(unit_can_id("0x7FF", &id), 0);
	assert_int_equal(id, 0x7ff);
	assert_int_equal(unit_can_id("800", &id), 0);
	assert_int_equal(id, 0x800 | CAN_EFF_FLAG);
	assert_int_equal(unit_can_id("00000123", &id), 0);
	assert_int_equal(id, 0x123 | CAN_EFF_FLAG);
	assert_int_equal(unit_can_id("20000000", &id), -ERANGE);
	assert_int_equal(unit_can_id("123456789", &id), -ERANGE);
	assert_int_equal(unit_can_id("0x", &id), -EINVAL);
	assert_int_equal(unit_can_id("12g", &id), -EINVAL);
}

static void test_patterns_have_wildcards_for_nibbles(void **state)
{
	uint8_t d[CANFD_MAX_DLEN], m[CANFD_MAX_DLEN], len = 0;
	char long_text[2 * CANFD_MAX_DLEN + 3];
	bool open = false;

	(void)state;
	assert_int_equal(unit_pattern("DE.ad x1 2X*", d, m, &len, &open), 0);
	assert_int_equal(len, 4);
	assert_true(open);
	assert_int_equal(d[0], 0xde);
	assert_int_equal(m[1], 0xff);
	assert_int_equal(d[2], 0x01);
	assert_int_equal(m[2], 0x0f);
	assert_int_equal(d[3], 0x20);
	assert_int_equal(m[3], 0xf0);
	assert_int_equal(unit_pattern("", d, m, &len, &open), 0);
	assert_int_equal(len, 0);
	assert_false(open);
	assert_int_equal(unit_pattern("123", d, m, &len, &open), -EINVAL);
	assert_int_equal(unit_pattern("12*34", d, m, &len, &open), -EINVAL);
	assert_int_equal(unit_pattern("12*", d, m, &len, NULL), -EINVAL);
	memset(long_text, '1', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	assert_int_equal(unit_pattern(long_text, d, m, &len, NULL), -ERANGE);
}

static void test_frames_are_written_as_candump_writes_them(void **state)
{
	struct scenario_frame f;
	struct err e;

	(void)state;
	assert_int_equal(scenario_parse_frame("123#DEADBEEF", &f, &e), 0);
	assert_int_equal(f.mtu, CAN_MTU);
	assert_int_equal(f.f.can_id, 0x123);
	assert_int_equal(f.f.len, 4);
	assert_memory_equal(f.f.data, "\xde\xad\xbe\xef", 4);
	assert_int_equal(scenario_parse_frame("123#", &f, &e), 0);
	assert_int_equal(f.f.len, 0);
	assert_int_equal(scenario_parse_frame("18DAF110##3AA.BB", &f, &e), 0);
	assert_int_equal(f.mtu, CANFD_MTU);
	assert_int_equal(f.f.flags, CANFD_FDF | CANFD_BRS | CANFD_ESI);
	assert_int_equal(f.f.len, 2);
	assert_int_equal(scenario_parse_frame("123#R8", &f, &e), 0);
	assert_int_equal(f.f.can_id, 0x123 | CAN_RTR_FLAG);
	assert_int_equal(f.f.len, 8);
}

static void test_frames_that_cannot_be_are_refused_with_the_cause(void **state)
{
	static const char *const bad[][2] = {
		{ "123", "a frame has a # between identifier and data: 123#DEADBEEF" },
		{ "12#00", "an identifier has three hex digits (11 bits) or eight (29 bits)" },
		{ "0x1#00", "\"0x1\" is not a hex identifier" },
		{ "FFFFFFFF#00", "identifier FFFFFFFF exceeds 1FFFFFFF (29 bits)" },
		{ "123#112233445566778899", "more than 8 bytes of data (## makes it an FD frame)" },
		{ "123##", "an FD frame has a hex digit of flags after ##: 123##1DEADBEEF" },
		{ "123##4", "FD flags are 0, 1 (BRS), 2 (ESI) or 3" },
		{ "123##0112233445566778899",
			"an FD frame has 0 to 8, 12, 16, 20, 24, 32, 48 or 64 bytes, not 9" },
		{ "123#R9", "the length after R must be one digit, 0 to 8" },
		{ "123#1X", "a frame to send has no wildcards" },
		{ "123#11*", "a frame to send has no wildcards" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct scenario_frame f;
		struct err e = { 0 };

		assert_int_equal(scenario_parse_frame(bad[i][0], &f, &e), -EINVAL);
		assert_string_equal(e.text, bad[i][1]);
	}
}

static void test_values_are_shown_as_they_would_be_written(void **state)
{
	char b[UNIT_TEXT];

	(void)state;
	assert_string_equal(unit_show_duration(b, 0), "0s");
	assert_string_equal(unit_show_duration(b, 90000000000), "90s");
	assert_string_equal(unit_show_duration(b, 1500000000), "1.5s");
	assert_string_equal(unit_show_duration(b, 1000000001), "1.000000001s");
	assert_string_equal(unit_show_duration(b, 100000000), "100ms");
	assert_string_equal(unit_show_duration(b, 1050), "1.05us");
	assert_string_equal(unit_show_size(b, 64u << 20), "64 MiB");
	assert_string_equal(unit_show_size(b, 1000), "1000 bytes");
	assert_string_equal(unit_show_bitrate(b, 500000), "500 kbit/s");
	assert_string_equal(unit_show_can_id(b, 0x12), "012");
	assert_string_equal(unit_show_can_id(b, 0x12 | CAN_EFF_FLAG), "00000012");
}

static const char *nearest(const char *typed)
{
	static const char *const words[] = { "bitrate", "data_bitrate", "timing", "fd", "can0",
		"can1" };
	struct unit_near n = { .typed = typed };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		unit_near(&n, words[i]);
	return n.best;
}

static void test_the_nearest_word_is_near(void **state)
{
	(void)state;
	assert_string_equal(nearest("bitrat"), "bitrate");
	assert_string_equal(nearest("birtate"), "bitrate");
	assert_string_equal(nearest("BITRATE"), "bitrate");
	assert_string_equal(nearest("tming"), "timing");
	assert_string_equal(nearest("cna1"), "can1");
	assert_null(nearest("colour"));
	assert_null(nearest("x"));
	assert_null(nearest(""));
}

static void test_keys_have_the_names_of_linux(void **state)
{
	(void)state;
	assert_int_equal(scenario_key_code("a"), 30);
	assert_int_equal(scenario_key_code("KEY_ENTER"), 28);
	assert_int_equal(scenario_key_code("Enter"), 28);
	assert_int_equal(scenario_key_code("f12"), 88);
	assert_int_equal(scenario_key_code("nonsense"), 0);
	assert_int_equal(scenario_key_code(""), 0);
}

static void test_expressions_are_as_large_as_their_repetitions_written_out(void **state)
{
	static const char *const modest[] = { "", "^READY", "speed=[0-9]+", "([0-9]+\\.){3}[0-9]+",
		"(a{40}){40}", "a{1999}", "pan+++++ic", "(((a+)+)+)+", "[]+{9999}(]*",
		"[[:digit:]+]+", "\\+\\{9999\\}", "a{,1990}|b", "x{", "x{9999", "a)b)", "((", "[" };
	static const char *const large[] = { "(a{50}){50}", "a{2001}", "(ab){1001}",
		"a{1,50}{1,50}", "a{2001,}", "a{0,99999999999999999999}", "pan+++++++++++++++ic",
		"[a]{2001}", "\\.{2001}", "((((((((((((a+)+)+)+)+)+)+)+)+)+)+)+)",
		"((a{50}b){50}" };
	char deep[2 * REGEX_MAX_DEPTH + 1] = "";

	(void)state;
	for (size_t i = 0; i < sizeof(modest) / sizeof(modest[0]); i++) {
		if (!regex_is_modest(modest[i]))
			fail_msg("%s is refused", modest[i]);
	}
	for (size_t i = 0; i < sizeof(large) / sizeof(large[0]); i++) {
		if (regex_is_modest(large[i]))
			fail_msg("%s is taken", large[i]);
	}
	memset(deep, '(', REGEX_MAX_DEPTH);
	assert_false(regex_is_modest(deep));
	assert_true(regex_is_modest(deep + 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expressions_are_as_large_as_their_repetitions_written_out),
		cmocka_unit_test(test_durations_are_exact_nanoseconds),
		cmocka_unit_test(test_what_is_no_duration_is_refused),
		cmocka_unit_test(test_sizes_are_powers_of_1024_and_bit_rates_of_1000),
		cmocka_unit_test(test_identifiers_are_hex_and_know_their_format),
		cmocka_unit_test(test_patterns_have_wildcards_for_nibbles),
		cmocka_unit_test(test_frames_are_written_as_candump_writes_them),
		cmocka_unit_test(test_frames_that_cannot_be_are_refused_with_the_cause),
		cmocka_unit_test(test_values_are_shown_as_they_would_be_written),
		cmocka_unit_test(test_the_nearest_word_is_near),
		cmocka_unit_test(test_keys_have_the_names_of_linux),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
