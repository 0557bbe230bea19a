/* SPDX-License-Identifier: Apache-2.0 */
/* The guests' mathematics against the host's. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

double sdk_sin(double x);
double sdk_cos(double x);
double sdk_tan(double x);
double sdk_atan2(double y, double x);
double sdk_sqrt(double x);
double sdk_floor(double x);
double sdk_ceil(double x);
double sdk_round(double x);
double sdk_trunc(double x);
double sdk_fmod(double x, double y);
double sdk_fmin(double a, double b);
double sdk_fmax(double a, double b);
double sdk_exp(double x);
double sdk_log(double x);
double sdk_pow(double x, double y);
double sdk_hypot(double x, double y);
long sdk_lround(double x);
float sdk_sqrtf(float x);

/* Relative error, absolute near 0. */
static void near(double got, double want)
{
	const double scale = fabs(want) > 1 ? fabs(want) : 1;

	if (!(fabs(got - want) <= 1e-12 * scale))
		fail_msg("%.17g instead of %.17g", got, want);
}

static void test_trigonometry_is_exact_to_twelve_places(void **state)
{
	(void)state;
	for (double x = -2000; x < 2000; x += 0.37) {
		near(sdk_sin(x), sin(x));
		near(sdk_cos(x), cos(x));
	}
	near(sdk_tan(1), tan(1));
	for (double y = -5; y <= 5; y += 0.25) {
		for (double x = -5; x <= 5; x += 0.25)
			near(sdk_atan2(y, x), atan2(y, x));
	}
	near(sdk_atan2(1e-300, 1e-300), atan2(1e-300, 1e-300));
}

static void test_rounding_is_that_of_the_standard(void **state)
{
	static const double xs[] = { 0, 0.49, 0.5, 0.51, 1, 1.5, 2.5, 1e10 + 0.5,
		4503599627370497.0, 1e300, 0.49999999999999994 };

	(void)state;
	for (size_t i = 0; i < sizeof(xs) / sizeof(xs[0]); i++) {
		for (int s = -1; s <= 1; s += 2) {
			const double x = s * xs[i];

			assert_true(sdk_floor(x) == floor(x));
			assert_true(sdk_ceil(x) == ceil(x));
			assert_true(sdk_round(x) == round(x));
			assert_true(sdk_trunc(x) == trunc(x));
		}
	}
	assert_int_equal(sdk_lround(-2.5), -3);
}

static void test_roots_powers_and_logarithms(void **state)
{
	(void)state;
	for (double x = 0.001; x < 1000; x *= 1.37) {
		assert_true(sdk_sqrt(x) == sqrt(x));
		assert_true(sdk_sqrtf((float)x) == sqrtf((float)x));
		near(sdk_log(x), log(x));
		near(sdk_exp(x / 40), exp(x / 40));
		near(sdk_exp(-x), exp(-x));
		near(sdk_pow(x, 1 / 2.2), pow(x, 1 / 2.2));
		near(sdk_pow(x, 3), pow(x, 3));
		near(sdk_hypot(x, 3), hypot(x, 3));
	}
	near(sdk_pow(-8, 3), -512);
	assert_true(sdk_pow(0, 0) == 1);
	assert_true(isinf(sdk_exp(1000)));
	assert_true(isinf(sdk_log(0)));
	assert_true(isnan(sdk_log(-1)));
	assert_true(isnan(sdk_pow(-2, 0.5)));
}

static void test_remainders_are_exact(void **state)
{
	(void)state;
	for (double x = -1000; x < 1000; x += 13.7) {
		for (double y = 0.1; y < 50; y *= 1.9)
			assert_true(sdk_fmod(x, y) == fmod(x, y));
	}
	assert_true(sdk_fmod(1e18, 3) == fmod(1e18, 3));
	assert_true(isnan(sdk_fmod(1, 0)));
}

static void test_minimum_and_maximum_prefer_numbers(void **state)
{
	(void)state;
	assert_true(sdk_fmin(1, 2) == 1);
	assert_true(sdk_fmax(1, 2) == 2);
	assert_true(sdk_fmin(NAN, 2) == 2);
	assert_true(sdk_fmax(1, NAN) == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trigonometry_is_exact_to_twelve_places),
		cmocka_unit_test(test_rounding_is_that_of_the_standard),
		cmocka_unit_test(test_roots_powers_and_logarithms),
		cmocka_unit_test(test_remainders_are_exact),
		cmocka_unit_test(test_minimum_and_maximum_prefer_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
