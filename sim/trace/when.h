/* SPDX-License-Identifier: Apache-2.0 */
/* Dates of trace files. They bear no time zone: they are read and written as UTC. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct when {
	uint32_t year, month, day, hour, minute, second, ns;
	uint32_t weekday; /* 0: Sunday; set by when_of, ignored by when_ns */
};

/* ns since the epoch. False: there is no such date, or it lies before 1970 or behind 2500. */
bool when_ns(const struct when *w, uint64_t *out);
struct when when_of(uint64_t ns);
/* 1..12 for the first letters of a month's name, English or German; 0. */
uint32_t when_month(const char *s, uint32_t len);
/* "Jan" .. "Dec", "Sun" .. "Sat". */
const char *when_month_name(uint32_t month);
const char *when_day_name(uint32_t weekday);
