/* SPDX-License-Identifier: Apache-2.0 */
/* The Gregorian calendar, for every year. Pure functions; no time zones. */
#pragma once

#include <stdint.h>

#define DAY_SECONDS 86400

struct calendar {
	int64_t year;
	unsigned int month, day; /* from 1 on */
	unsigned int hour, minute, second;
};

/* a / b, rounded down; b is positive. */
int64_t floor_div(int64_t a, int64_t b);
/* Days from 1970-01-01 to a date; a day beyond its month's last is one of the next. */
int64_t calendar_days(int64_t year, unsigned int month, unsigned int day);
/* Seconds since 1970 as date and time of day, without leap seconds. */
struct calendar calendar_of(int64_t unix_s);
/*
 * Reads "2027-03-28T01:59:50Z" (UTC; with or without a fraction of a second of up to nine digits;
 * a space in place of the T; without a time of day it is midnight) into nanoseconds since 1970.
 * 0, -EINVAL, or -ERANGE for years before 1970 or after 2199.
 */
int calendar_parse(const char *text, int64_t *utc_ns);
