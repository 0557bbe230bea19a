/* SPDX-License-Identifier: Apache-2.0 */
/* Devices of guests whose values come from signals: what is read, and what is wrong. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/scenario/scenario.h"

#define HEAD                          \
	"duration: 1s\n"              \
	"signals:\n"                  \
	"  define:\n"                 \
	"    Cabin.Temperature: {}\n" \
	"    Light: {}\n"             \
	"    Alert: {}\n"             \
	"guests:\n"                   \
	"  a:\n"                      \
	"    kernel: builtin:cluster\n"

static struct scenario *load(const char *text)
{
	static const struct scenario_opts opts = { .no_env = true };
	struct scenario *s = NULL;

	assert_int_equal(scenario_load_text(text, strlen(text), "car.yaml", &opts, stderr, &s), 0);
	return s;
}

static void refused(const char *text, const char *says)
{
	static const struct scenario_opts opts = { .no_env = true };
	struct scenario *s = NULL;
	char *out = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&out, &len);

	assert_non_null(f);
	assert_int_equal(scenario_load_text(text, strlen(text), "car.yaml", &opts, f, &s), -EINVAL);
	fclose(f);
	if (!strstr(out, says))
		fail_msg("\"%s\" does not say \"%s\"", out, says);
	free(out);
}

static void test_chips_have_addresses_and_values_of_rest(void **state)
{
	struct scenario *s = load(HEAD "    i2c:\n"
				       "      - {chip: lm75}\n"
				       "      - {chip: mpu6050, address: 0x69}\n");
	const struct scenario_chip *c = s->guests[0].chips;

	(void)state;
	assert_int_equal(s->guests[0].n_chips, 2);
	assert_int_equal(c[0].type, I2C_LM75);
	assert_int_equal(c[0].address, 0x48);
	assert_int_equal(c[0].feed[I2C_TEMPERATURE].signal, SIGNAL_FEED_CONSTANT);
	assert_true(c[0].feed[I2C_TEMPERATURE].offset == 20);
	assert_true(c[0].present.offset == 1);
	assert_int_equal(c[0].alert, SIGNAL_FEED_CONSTANT);
	assert_int_equal(c[1].address, 0x69);
	assert_true(c[1].feed[I2C_ACCELERATION_Z].offset == 9.80665);
	assert_int_equal(s->guests[0].n_signals, 0);
	scenario_free(s);
}

static void test_signals_of_a_guest_are_a_list_without_repetition(void **state)
{
	struct scenario *s =
		load(HEAD "    i2c:\n"
			  "      - {chip: lm75, temperature: Cabin.Temperature, alert: Alert}\n"
			  "      - chip: opt3001\n"
			  "        illuminance: {signal: Light, scale: 10, offset: -2}\n"
			  "    gpio:\n"
			  "      - {name: hot, input: Alert}\n"
			  "      - {name: fixed, input: true}\n"
			  "  b:\n"
			  "    kernel: builtin:cluster\n"
			  "    i2c: [{chip: opt3001, illuminance: Light}]\n");
	const struct scenario_guest *a = &s->guests[0], *b = &s->guests[1];

	(void)state;
	assert_int_equal(a->n_signals, 3);
	assert_int_equal(a->signals[0].signal, 0);
	assert_false(a->signals[0].set);
	assert_int_equal(a->signals[1].signal, 2);
	assert_true(a->signals[1].set);
	assert_int_equal(a->chips[0].alert, 1);
	assert_int_equal(a->chips[1].feed[I2C_ILLUMINANCE].signal, 2);
	assert_true(a->chips[1].feed[I2C_ILLUMINANCE].scale == 10);
	assert_true(a->chips[1].feed[I2C_ILLUMINANCE].offset == -2);
	assert_int_equal(a->lines[0].input.signal, 1);
	assert_int_equal(a->lines[0].output, SIGNAL_FEED_CONSTANT);
	assert_int_equal(a->lines[1].input.signal, SIGNAL_FEED_CONSTANT);
	assert_true(a->lines[1].input.offset == 1);
	assert_int_equal(b->n_signals, 1);
	assert_int_equal(b->signals[0].signal, 1);
	assert_int_equal(b->chips[0].feed[I2C_ILLUMINANCE].signal, 0);
	scenario_free(s);
}

static void test_lines_are_inputs_outputs_or_both(void **state)
{
	struct scenario *s = load(HEAD "    gpio:\n"
				       "      - {name: lamp, output: Alert}\n"
				       "      - {name: both, input: Light, output: Alert}\n");
	const struct scenario_line *l = s->guests[0].lines;

	(void)state;
	assert_int_equal(s->guests[0].n_lines, 2);
	assert_false(l[0].has_input);
	assert_int_equal(l[0].output, 0);
	assert_true(l[1].has_input);
	assert_int_equal(l[1].input.signal, 1);
	assert_int_equal(l[1].output, 0);
	scenario_free(s);
}

static void test_wrong_chips_are_told_with_what_is_right(void **state)
{
	(void)state;
	refused(HEAD "    i2c: [{chip: lm75, temperature: Cabin.Temperatur}]\n",
		"did you mean \"Cabin.Temperature\"?");
	refused(HEAD "    i2c: [{chip: lm75, temperature: {signal: Ligh}}]\n",
		"did you mean \"Light\"?");
	refused(HEAD "    i2c: [{chip: lm75, address: 0x44}]\n", "lm75 can have 0x48 to 0x4f");
	refused(HEAD "    i2c: [{chip: lm75, illuminance: 4}]\n", "nothing that lm75 measures");
	refused(HEAD "    i2c: [{chip: opt3001, alert: Alert}]\n",
		"is a pin that opt3001 does not have");
	refused(HEAD "    i2c: [{chip: lm75}, {chip: lm75}]\n", "two chips at address 0x48");
	refused(HEAD "    i2c: [{chip: lm76}]\n", "lm75");
	refused(HEAD "    i2c: [{address: 0x48}]\n", "chip");
}

static void test_wrong_lines_are_told_with_what_is_right(void **state)
{
	(void)state;
	refused(HEAD "    gpio: [{name: a}]\n", "needs \"input\" or \"output\"");
	refused(HEAD "    gpio: [{name: a, input: 1}, {name: a, input: 0}]\n",
		"two lines named \"a\"");
	refused(HEAD "    gpio: [{name: a, output: Alrt}]\n", "did you mean \"Alert\"?");
	refused(HEAD "    gpio: [{name: a, output: 1}]\n", "unknown signal");
}

static void test_devices_of_a_guest_use_so_many_signals_and_no_more(void **state)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	(void)state;
	assert_non_null(f);
	fprintf(f, "duration: 1s\nsignals:\n  define:\n");
	for (int i = 0; i < 300; i++)
		fprintf(f, "    S%d: {}\n", i);
	fprintf(f, "guests:\n  a:\n    kernel: builtin:cluster\n    i2c:\n");
	for (unsigned int i = 0; i < 8; i++)
		fprintf(f,
			"      - {chip: lm75, address: 0x%x, temperature: S%u, alert: S%u, present: S%u}\n",
			0x48 + i, 3 * i, 3 * i + 1, 3 * i + 2);
	fprintf(f, "    gpio:\n");
	for (unsigned int i = 0; i < 64; i++)
		fprintf(f, "      - {name: l%u, input: S%u, output: S%u}\n", i, 24 + 2 * i,
			25 + 2 * i);
	fclose(f);
	struct scenario *s = load(text);

	assert_int_equal(s->guests[0].n_signals, 24 + 128);
	assert_true(s->guests[0].n_signals <= SCENARIO_MAX_USED);
	scenario_free(s);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chips_have_addresses_and_values_of_rest),
		cmocka_unit_test(test_signals_of_a_guest_are_a_list_without_repetition),
		cmocka_unit_test(test_lines_are_inputs_outputs_or_both),
		cmocka_unit_test(test_wrong_chips_are_told_with_what_is_right),
		cmocka_unit_test(test_wrong_lines_are_told_with_what_is_right),
		cmocka_unit_test(test_devices_of_a_guest_use_so_many_signals_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
