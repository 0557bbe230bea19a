/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: options, words, suggestions, durations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/bench/cli.h"
#include "sim/bench/ctl_words.h"
#include "sim/bench/nearest.h"

enum { O_OUT = 1, O_QUIET, O_WINDOWS };

static const struct cli_option options[] = {
	{ "out", O_OUT, 'o', "DIR", "" },
	{ "quiet", O_QUIET, 'q', NULL, "" },
	{ "windows", O_WINDOWS, 'w', NULL, "" },
};
static const struct cli_command cmd = {
	.name = "run", .args = "FILE", .summary = "", .options = options, .options_n = 3
};

#define ARGV(...)                        \
	(char *[])                       \
	{                                \
		"run", __VA_ARGS__, NULL \
	}

static struct cli start(int argc, char **argv)
{
	struct cli c;

	cli_start(&c, &cmd, argc, argv);
	return c;
}

static void test_an_option_takes_its_value_from_the_same_or_the_next_word(void **state)
{
	struct cli c = start(6, ARGV("--out", "a", "--out=b", "-oc", "-qo"));
	struct err e = { .text = "" };

	(void)state;
	assert_int_equal(cli_next(&c, &e), O_OUT);
	assert_string_equal(c.value, "a");
	assert_int_equal(cli_next(&c, &e), O_OUT);
	assert_string_equal(c.value, "b");
	assert_int_equal(cli_next(&c, &e), O_OUT);
	assert_string_equal(c.value, "c");
	assert_int_equal(cli_next(&c, &e), O_QUIET);
	assert_int_equal(cli_next(&c, &e), CLI_BAD);
	assert_non_null(strstr(e.text, "--out needs a value"));
}

static void test_an_unknown_option_names_the_nearest_one(void **state)
{
	struct cli c = start(2, ARGV("--windwos"));
	struct err e = { .text = "" };

	(void)state;
	assert_int_equal(cli_next(&c, &e), CLI_BAD);
	assert_non_null(strstr(e.text, "did you mean --windows?"));
}

static void test_a_far_away_option_gets_no_suggestion(void **state)
{
	struct cli c = start(2, ARGV("--elephant"));
	struct err e = { .text = "" };

	(void)state;
	assert_int_equal(cli_next(&c, &e), CLI_BAD);
	assert_null(strstr(e.text, "did you mean"));
}

static void test_a_switch_refuses_a_value(void **state)
{
	struct cli c = start(2, ARGV("--quiet=yes"));
	struct err e = { .text = "" };

	(void)state;
	assert_int_equal(cli_next(&c, &e), CLI_BAD);
	assert_non_null(strstr(e.text, "takes no value"));
}

static void test_after_two_dashes_everything_is_a_word(void **state)
{
	struct cli c = start(4, ARGV("--", "--quiet", "-x"));
	struct err e = { .text = "" };

	(void)state;
	assert_int_equal(cli_next(&c, &e), CLI_WORD);
	assert_string_equal(c.value, "--quiet");
	assert_int_equal(cli_next(&c, &e), CLI_WORD);
	assert_int_equal(cli_next(&c, &e), CLI_END);
}

static void test_help_is_known_to_every_command(void **state)
{
	struct cli c = start(3, ARGV("-h", "--help"));
	struct err e = { .text = "" };

	(void)state;
	assert_int_equal(cli_next(&c, &e), CLI_HELP);
	assert_int_equal(cli_next(&c, &e), CLI_HELP);
}

static void test_durations_have_units(void **state)
{
	static const struct {
		const char *word;
		uint64_t ns;
	} good[] = { { "10", 10000000000u }, { "1.5s", 1500000000u }, { "250ms", 250000000u },
		{ "2m", 120000000000u }, { "1h", 3600000000000u }, { "7us", 7000u },
		{ "3ns", 3u } };
	static const char *const bad[] = { "", "s", "-1", "1x", "0x10", "inf", "nan", "1e400",
		"1 s", "10ss" };
	uint64_t ns = 42;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(cli_duration(good[i].word, &ns), 0);
		assert_true(ns == good[i].ns);
	}
	ns = 42;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_true(cli_duration(bad[i], &ns) < 0);
		assert_true(ns == 42);
	}
}

static void test_the_nearest_word_survives_typos_but_not_nonsense(void **state)
{
	static const char *const words[] = { "run", "check", "doctor", "ctl" };

	(void)state;
	assert_string_equal(nearest_word("chekc", words, 4, sizeof(words[0])), "check");
	assert_string_equal(nearest_word("docter", words, 4, sizeof(words[0])), "doctor");
	assert_string_equal(nearest_word("doc", words, 4, sizeof(words[0])), "doctor");
	assert_null(nearest_word("elephant", words, 4, sizeof(words[0])));
	assert_null(nearest_word("", words, 4, sizeof(words[0])));
}

/* ---- the words of `dyno ctl` ---- */

static json_t *request(const char *const *words, size_t n, struct err *e)
{
	struct ctl_word_opts o = { .cwd = "/here" };

	return ctl_words_request(words, n, &o, e);
}

static void expect_json(const char *const *words, size_t n, const char *json)
{
	struct err e = { .text = "" };
	json_t *got = request(words, n, &e), *want = json_loads(json, 0, NULL);

	assert_non_null(want);
	if (!got)
		fail_msg("%s", e.text);
	if (!json_equal(got, want))
		fail_msg("got %s, want %s", json_dumps(got, 0), json);
	json_decref(got);
	json_decref(want);
}

#define WORDS(...)                            \
	(const char *const[]){ __VA_ARGS__ }, \
		sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *)

static void test_words_become_requests(void **state)
{
	(void)state;
	expect_json(WORDS("status"), "{\"op\":\"status\"}");
	expect_json(WORDS("send", "123#11"), "{\"op\":\"send\",\"frame\":\"123#11\"}");
	expect_json(WORDS("send", "can1", "123#11"),
		"{\"op\":\"send\",\"bus\":\"can1\",\"frame\":\"123#11\"}");
	expect_json(WORDS("touch", "10", "20"), "{\"op\":\"touch\",\"x\":10,\"y\":20}");
	expect_json(WORDS("touch", "ivi:1", "10", "20", "30", "40"),
		"{\"op\":\"touch\",\"guest\":\"ivi\",\"display\":1,\"x\":10,\"y\":20,\"to_x\":30,"
		"\"to_y\":40}");
	expect_json(WORDS("screenshot", "ivi", "a.png"),
		"{\"op\":\"screenshot\",\"guest\":\"ivi\",\"path\":\"/here/a.png\"}");
	expect_json(WORDS("kill", "ivi"), "{\"op\":\"kill\",\"guest\":\"ivi\"}");
	expect_json(WORDS("balloon", "ivi"), "{\"op\":\"balloon\",\"guest\":\"ivi\"}");
	expect_json(WORDS("balloon", "ivi", "256M"),
		"{\"op\":\"balloon\",\"guest\":\"ivi\",\"target\":\"256M\"}");
	expect_json(WORDS("bus-off", "ivi"), "{\"op\":\"bus-off\",\"guest\":\"ivi\"}");
	expect_json(
		WORDS("link", "ivi", "down"), "{\"op\":\"link\",\"guest\":\"ivi\",\"up\":false}");
	expect_json(WORDS("link", "ivi", "up", "lan"),
		"{\"op\":\"link\",\"guest\":\"ivi\",\"up\":true,\"net\":\"lan\"}");
}

static void test_a_jack_is_in_or_out(void **state)
{
	struct err e = { .text = "" };

	(void)state;
	expect_json(WORDS("jack", "ivi.mic", "out"),
		"{\"op\":\"jack\",\"stream\":\"ivi.mic\",\"plugged\":false}");
	assert_null(request(WORDS("jack", "ivi.mic", "off"), &e));
	assert_non_null(strstr(e.text, "off: say in or out"));
	assert_null(request(WORDS("jack", "ivi.mic"), &e));
}

static void test_typed_text_has_escapes_and_a_newline(void **state)
{
	struct ctl_word_opts o = { .cwd = "/", .port = "hvc0", .no_newline = true };
	struct err e = { .text = "" };
	json_t *got;

	(void)state;
	expect_json(WORDS("type", "ls -l"), "{\"op\":\"type\",\"text\":\"ls -l\\n\"}");
	expect_json(WORDS("type", "ivi", "a\\tb\\x03\\\\"),
		"{\"op\":\"type\",\"guest\":\"ivi\",\"text\":\"a\\tb\\u0003\\\\\\n\"}");
	got = ctl_words_request(WORDS("type", "x"), &o, &e);
	assert_string_equal(json_string_value(json_object_get(got, "text")), "x");
	assert_string_equal(json_string_value(json_object_get(got, "port")), "hvc0");
	json_decref(got);
	assert_null(request(WORDS("type", "\\q"), &e));
	assert_null(request(WORDS("type", "\\x00"), &e));
	assert_null(request(WORDS("type", "\\"), &e));
	expect_json(WORDS("console", "ivi"), "{\"op\":\"console\",\"guest\":\"ivi\"}");
	expect_json(WORDS("console"), "{\"op\":\"console\"}");
}

static void test_wrong_words_are_answered_with_the_right_form(void **state)
{
	struct err e = { .text = "" };

	(void)state;
	assert_null(request(WORDS("send"), &e));
	assert_non_null(strstr(e.text, "dyno ctl send [BUS] FRAME"));
	assert_null(request(WORDS("touch", "ivi", "ten", "20"), &e));
	assert_non_null(strstr(e.text, "ten is not a whole number"));
	assert_null(request(WORDS("link", "ivi", "off"), &e));
	assert_non_null(strstr(e.text, "off: say up or down"));
	assert_null(request(WORDS("statsu"), &e));
	assert_non_null(strstr(e.text, "did you mean status?"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_option_takes_its_value_from_the_same_or_the_next_word),
		cmocka_unit_test(test_an_unknown_option_names_the_nearest_one),
		cmocka_unit_test(test_a_far_away_option_gets_no_suggestion),
		cmocka_unit_test(test_a_switch_refuses_a_value),
		cmocka_unit_test(test_after_two_dashes_everything_is_a_word),
		cmocka_unit_test(test_help_is_known_to_every_command),
		cmocka_unit_test(test_durations_have_units),
		cmocka_unit_test(test_the_nearest_word_survives_typos_but_not_nonsense),
		cmocka_unit_test(test_words_become_requests),
		cmocka_unit_test(test_a_jack_is_in_or_out),
		cmocka_unit_test(test_typed_text_has_escapes_and_a_newline),
		cmocka_unit_test(test_wrong_words_are_answered_with_the_right_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
