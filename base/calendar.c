/* SPDX-License-Identifier: Apache-2.0 */
/* See calendar.h. Years start in March in here, so that the leap day is the last of one. */
#include "base/calendar.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/clock.h"

int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

int64_t calendar_days(int64_t year, unsigned int month, unsigned int day)
{
	int64_t y = year - (month <= 2), era = floor_div(y, 400), yoe = y - era * 400;
	int64_t m = (int64_t)month + (month > 2 ? -3 : 9);
	int64_t doy = (153 * m + 2) / 5 + (int64_t)day - 1;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

struct calendar calendar_of(int64_t unix_s)
{
	int64_t days = floor_div(unix_s, DAY_SECONDS), s = unix_s - days * DAY_SECONDS;
	int64_t z = days + 719468, era = floor_div(z, 146097), doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), m = (5 * doy + 2) / 153;
	struct calendar c = { .day = (unsigned int)(doy - (153 * m + 2) / 5 + 1),
		.month = (unsigned int)(m < 10 ? m + 3 : m - 9),
		.hour = (unsigned int)(s / 3600),
		.minute = (unsigned int)(s / 60 % 60),
		.second = (unsigned int)(s % 60) };

	c.year = yoe + era * 400 + (c.month <= 2);
	return c;
}

/* Exactly n digits, and what must follow them ('\0': nothing must). */
static bool digits(const char **at, unsigned int n, char then, unsigned int *out)
{
	unsigned int v = 0;

	for (; n > 0; n--, (*at)++) {
		if (!isdigit((unsigned char)**at))
			return false;
		v = v * 10 + (unsigned int)(**at - '0');
	}
	*out = v;
	if (then && *(*at)++ != then)
		return false;
	return true;
}

static bool fraction(const char **at, int64_t *ns)
{
	int64_t unit = (int64_t)NS_PER_S;

	if (**at != '.')
		return true;
	for ((*at)++; isdigit((unsigned char)**at); (*at)++) {
		unit /= 10;
		if (unit == 0)
			return false;
		*ns += unit * (**at - '0');
	}
	return unit < (int64_t)NS_PER_S;
}

static bool valid(unsigned int year, const struct calendar *c)
{
	int64_t days;

	if (c->month < 1 || c->month > 12 || c->day < 1 || c->hour > 23 || c->minute > 59 ||
		c->second > 59)
		return false;
	/* The day must still be in its month. */
	days = calendar_days(year, c->month, c->day);
	return calendar_of(days * DAY_SECONDS).month == c->month && c->day <= 31;
}

int calendar_parse(const char *text, int64_t *utc_ns)
{
	struct calendar c = { 0 };
	unsigned int year;
	int64_t ns = 0;

	if (!digits(&text, 4, '-', &year) || !digits(&text, 2, '-', &c.month) ||
		!digits(&text, 2, 0, &c.day))
		return -EINVAL;
	if (*text) {
		if (*text != 'T' && *text != ' ')
			return -EINVAL;
		text++;
		if (!digits(&text, 2, ':', &c.hour) || !digits(&text, 2, ':', &c.minute) ||
			!digits(&text, 2, 0, &c.second) || !fraction(&text, &ns) ||
			strcmp(text, "Z") != 0)
			return -EINVAL;
	}
	if (!valid(year, &c))
		return -EINVAL;
	if (year < 1970 || year > 2199)
		return -ERANGE;
	*utc_ns = (calendar_days(year, c.month, c.day) * DAY_SECONDS + c.hour * 3600 +
			  c.minute * 60 + c.second) *
			  (int64_t)NS_PER_S +
		  ns;
	return 0;
}
