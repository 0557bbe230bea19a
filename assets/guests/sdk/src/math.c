/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <math.h> for guests: range reduction and polynomials, in ring 3 with SSE2. Also compiled for the
 * host in unit tests, which compare it with the host's.
 */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include <emmintrin.h>

static uint64_t bits_of(double x)
{
	uint64_t b;

	memcpy(&b, &x, sizeof(b));
	return b;
}

static double of_bits(uint64_t b)
{
	double x;

	memcpy(&x, &b, sizeof(x));
	return x;
}

#define SIGN_BIT     (UINT64_C(1) << 63)
#define INF          __builtin_inf()
#define NOT_A_NUMBER __builtin_nan("")
/* From here on every double is an integer. */
#define INTEGERS 4503599627370496.0

double fabs(double x)
{
	return of_bits(bits_of(x) & ~SIGN_BIT);
}

double sqrt(double x)
{
	const __m128d v = _mm_set_sd(x);

	return _mm_cvtsd_f64(_mm_sqrt_sd(v, v));
}

double trunc(double x)
{
	if (!(fabs(x) < INTEGERS))
		return x;
	/* -0.5 gives -0.0, as the standard wants. */
	return of_bits(bits_of((double)(int64_t)x) | (bits_of(x) & SIGN_BIT));
}

double floor(double x)
{
	const double t = trunc(x);

	return t > x ? t - 1 : t;
}

double ceil(double x)
{
	const double t = trunc(x);

	return t < x ? t + 1 : t;
}

double round(double x)
{
	const double t = trunc(x);

	return fabs(x - t) >= 0.5 ? t + (x < 0 ? -1 : 1) : t;
}

long lround(double x)
{
	return (long)round(x);
}

double fmin(double a, double b)
{
	return a != a ? b : b != b ? a : a < b ? a : b;
}

double fmax(double a, double b)
{
	return a != a ? b : b != b ? a : a > b ? a : b;
}

double fmod(double x, double y)
{
	const double n = fabs(y);
	double r = fabs(x);

	if (!(n > 0) || !(r < INF))
		return NOT_A_NUMBER;
	/* The largest n * 2^k below r is taken away, bit by bit: exact. */
	while (r >= n) {
		double step = n;
		const int64_t k = (int64_t)((bits_of(r) >> 52) - (bits_of(n) >> 52));

		if (k > 0)
			step = of_bits(bits_of(n) + ((uint64_t)k << 52));
		if (step > r)
			step *= 0.5;
		r -= step;
	}
	return x < 0 ? -r : r;
}

/* sin on [-pi/4, pi/4]: Taylor, the rest is below 1e-17. */
static double sin_poly(double x)
{
	const double z = x * x;

	return x *
	       (1 + z * (-1.0 / 6 +
				z * (1.0 / 120 +
					    z * (-1.0 / 5040 +
							z * (1.0 / 362880 +
								    z * (-1.0 / 39916800 +
										z * (1.0 / 6227020800 +
											    z * (-1.0 / 1307674368000))))))));
}

static double cos_poly(double x)
{
	const double z = x * x;

	return 1 +
	       z * (-0.5 + z * (1.0 / 24 +
				       z * (-1.0 / 720 +
						   z * (1.0 / 40320 +
							       z * (-1.0 / 3628800 +
									   z * (1.0 / 479001600 +
										       z * (-1.0 / 87178291200 +
												   z * (1.0 / 20922789888000))))))));
}

/* x = quarter turns * pi/2 + rest; pi/2 in three parts so that nothing is lost for small turns. */
static double reduce(double x, unsigned int *quarter)
{
	const double n = round(x * (2 / M_PI));

	*quarter = (unsigned int)((int64_t)n & 3);
	return ((x - n * 1.57079632673412561417e+00) - n * 6.07710050650619224932e-11) -
	       n * 2.02226624879595063154e-21;
}

double sin(double x)
{
	unsigned int q;
	double r;

	if (!(fabs(x) < 1e15))
		return NOT_A_NUMBER;
	r = reduce(x, &q);
	r = (q & 1) != 0 ? cos_poly(r) : sin_poly(r);
	return (q & 2) != 0 ? -r : r;
}

double cos(double x)
{
	unsigned int q;
	double r;

	if (!(fabs(x) < 1e15))
		return NOT_A_NUMBER;
	r = reduce(x, &q);
	r = (q & 1) != 0 ? sin_poly(r) : cos_poly(r);
	return q == 1 || q == 2 ? -r : r;
}

double tan(double x)
{
	return sin(x) / cos(x);
}

/* On [0, 1]: halved twice by the half-angle formula, then the series. */
static double atan_unit(double x)
{
	double z, sum = 0;

	x = x / (1 + sqrt(1 + x * x));
	x = x / (1 + sqrt(1 + x * x));
	z = x * x;
	for (int k = 25; k >= 1; k -= 2)
		sum = 1.0 / k - z * sum;
	return 4 * x * sum;
}

double atan2(double y, double x)
{
	const double ax = fabs(x), ay = fabs(y);
	double a;

	if (x != x || y != y)
		return NOT_A_NUMBER;
	if (ax == 0 && ay == 0)
		a = 0;
	else if (ax == INF && ay == INF)
		a = M_PI / 4;
	else
		a = ay > ax ? M_PI_2 - atan_unit(ax / ay) : atan_unit(ay / ax);
	if ((bits_of(x) & SIGN_BIT) != 0)
		a = M_PI - a;
	return (bits_of(y) & SIGN_BIT) != 0 ? -a : a;
}

double hypot(double x, double y)
{
	const double a = fabs(x), b = fabs(y), big = a > b ? a : b, small = a > b ? b : a;

	if (big == 0 || big == INF)
		return big;
	return big * sqrt(1 + (small / big) * (small / big));
}

#define LN2_HI 6.93147180369123816490e-01
#define LN2_LO 1.90821492927058770002e-10

double exp(double x)
{
	double n, r, sum = 1;

	if (x != x)
		return x;
	if (x > 709.78)
		return INF;
	if (x < -745)
		return 0;
	n = round(x / (LN2_HI + LN2_LO));
	r = (x - n * LN2_HI) - n * LN2_LO;
	for (int k = 14; k >= 1; k--)
		sum = 1 + r / k * sum;
	/* In two steps: the result may be too small for one. */
	for (; n < -1000; n += 500)
		sum *= of_bits((uint64_t)(1023 - 500) << 52);
	if (n > 1000) {
		sum *= of_bits((uint64_t)(1023 + 500) << 52);
		n -= 500;
	}
	return sum * of_bits((uint64_t)(1023 + (int64_t)n) << 52);
}

double log(double x)
{
	double f, s, z, sum = 0;
	int64_t e = 0;

	if (x != x || x == INF)
		return x;
	if (x < 0)
		return NOT_A_NUMBER;
	if (x == 0)
		return -INF;
	if (x < 2.3e-308) {
		x *= 18014398509481984.0; /* 2^54 */
		e = -54;
	}
	e += (int64_t)(bits_of(x) >> 52) - 1023;
	f = of_bits((bits_of(x) & 0xfffffffffffff) | (UINT64_C(1023) << 52));
	if (f > 1.4142135623730951) {
		f *= 0.5;
		e++;
	}
	/* log f = 2 artanh(s); s is below 0.172 */
	s = (f - 1) / (f + 1);
	z = s * s;
	for (int k = 21; k >= 1; k -= 2)
		sum = 1.0 / k + z * sum;
	return (double)e * LN2_HI + (2 * s * sum + (double)e * LN2_LO);
}

double pow(double x, double y)
{
	double r;
	if (y == 0 || x == 1)
		return 1;
	if (x == 0)
		return y < 0 ? INF : 0;
	if (y == trunc(y) && fabs(y) <= 64) {
		/* Small whole powers exactly as repeated multiplication. */
		unsigned int n = (unsigned int)fabs(y);

		for (r = 1; n != 0; n >>= 1, x *= x) {
			if ((n & 1) != 0)
				r *= x;
		}
		return y < 0 ? 1 / r : r;
	}
	if (x < 0) {
		if (y != trunc(y))
			return NOT_A_NUMBER;
		r = exp(y * log(-x));
		return fmod(y, 2) != 0 ? -r : r;
	}
	return exp(y * log(x));
}

float sinf(float x)
{
	return (float)sin((double)x);
}
float cosf(float x)
{
	return (float)cos((double)x);
}
float atan2f(float y, float x)
{
	return (float)atan2((double)y, (double)x);
}
float sqrtf(float x)
{
	return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x)));
}
float fabsf(float x)
{
	return (float)fabs((double)x);
}
float floorf(float x)
{
	return (float)floor((double)x);
}
float ceilf(float x)
{
	return (float)ceil((double)x);
}
float roundf(float x)
{
	return (float)round((double)x);
}
float fminf(float a, float b)
{
	return (float)fmin((double)a, (double)b);
}
float fmaxf(float a, float b)
{
	return (float)fmax((double)a, (double)b);
}
float powf(float x, float y)
{
	return (float)pow((double)x, (double)y);
}
float hypotf(float x, float y)
{
	return (float)hypot((double)x, (double)y);
}
long lroundf(float x)
{
	return lround((double)x);
}
