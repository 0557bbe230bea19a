/* SPDX-License-Identifier: Apache-2.0 */
/* A number on a panel, which may be missing. */
#pragma once

#include <stdbool.h>

/* Not mapped: no frame carries it, it is not shown at all. Not live: dashes are shown. */
struct shown {
	bool mapped, live;
	double v;
};

/* "19.5" without unit, rounded to `decimals` (0 or 1); "--" when it is not live. */
void shown_text(const struct shown *s, int decimals, char out[16]);
/* Whole, in groups of three: "12 345". */
void shown_grouped(const struct shown *s, char out[16]);
/* A time of day from seconds since midnight ("09:05"), or "--:--". */
void shown_clock(const struct shown *s, char out[16]);
