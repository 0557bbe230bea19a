/* SPDX-License-Identifier: Apache-2.0 */
/* The Gregorian calendar. */
#include "sim/trace/when.h"

#include <string.h>

#include "base/clock.h"
#include "base/err.h"

/* Days from 1970-01-01 to a date of the Gregorian calendar. */
static uint64_t days_from_epoch(uint32_t y, uint32_t m, uint32_t d)
{
	/* Years that begin in March: the leap day is the last one. */
	uint32_t yy = m <= 2 ? y - 1 : y, mm = (m + 9) % 12;

	return UINT64_C(365) * yy + yy / 4 - yy / 100 + yy / 400 + (mm * 306 + 5) / 10 + d - 1 -
	       719468;
}

bool when_ns(const struct when *w, uint64_t *out)
{
	if (w->year < 1970 || w->year > 2500 || w->month < 1 || w->month > 12 || w->day < 1 ||
		w->day > 31 || w->hour > 23 || w->minute > 59 || w->second > 60 ||
		w->ns >= NS_PER_S)
		return false;
	*out = (days_from_epoch(w->year, w->month, w->day) * 86400 + w->hour * 3600 +
		       w->minute * 60 + w->second) *
		       NS_PER_S +
	       w->ns;
	return true;
}

struct when when_of(uint64_t ns)
{
	uint64_t days = ns / NS_PER_S / 86400, sec = ns / NS_PER_S % 86400;
	struct when w = { .hour = (uint32_t)(sec / 3600),
		.minute = (uint32_t)(sec / 60 % 60),
		.second = (uint32_t)(sec % 60),
		.ns = (uint32_t)(ns % NS_PER_S),
		.weekday = (uint32_t)((days + 4) % 7) };
	uint64_t z = days + 719468, era = z / 146097, doe = z % 146097;
	uint64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	uint64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;

	w.day = (uint32_t)(doy - (153 * mp + 2) / 5 + 1);
	w.month = (uint32_t)(mp < 10 ? mp + 3 : mp - 9);
	w.year = (uint32_t)(yoe + era * 400 + (w.month <= 2));
	return w;
}

static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep",
	"Oct", "Nov", "Dec" };

uint32_t when_month(const char *s, uint32_t len)
{
	static const struct {
		const char *name;
		uint32_t month;
	} german[] = { { "M\xc3\xa4r", 3 }, { "M\xe4r", 3 }, { "Mrz", 3 }, { "Mai", 5 },
		{ "Okt", 10 }, { "Dez", 12 } };

	for (uint32_t i = 0; i < ARRAY_SIZE(months) && len >= 3; i++) {
		if (strncasecmp(s, months[i], 3) == 0)
			return i + 1;
	}
	for (uint32_t i = 0; i < ARRAY_SIZE(german); i++) {
		size_t n = strlen(german[i].name);

		if (len >= n && strncasecmp(s, german[i].name, n) == 0)
			return german[i].month;
	}
	return 0;
}

const char *when_month_name(uint32_t month)
{
	return months[(month - 1) % 12];
}

const char *when_day_name(uint32_t weekday)
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };

	return days[weekday % 7];
}
