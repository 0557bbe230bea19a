/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as text. */
#include "shown.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>

/* What can be written; beyond it something is wrong with the value. */
static bool writable(const struct shown *s)
{
	return s->live && fabs(s->v) < 1e9;
}

void shown_text(const struct shown *s, int decimals, char out[16])
{
	double unit = decimals ? 10 : 1, v;

	if (!writable(s)) {
		snprintf(out, 16, "--");
		return;
	}
	v = floor(s->v * unit + 0.5) / unit;
	snprintf(out, 16, "%s%.*f", v < 0 ? "\u2212" : "", decimals ? 1 : 0, fabs(v));
}

void shown_clock(const struct shown *s, char out[16])
{
	int m;

	if (!writable(s) || s->v < 0) {
		snprintf(out, 16, "--:--");
		return;
	}
	m = (int)s->v / 60 % 1440;
	snprintf(out, 16, "%02d:%02d", m / 60, m % 60);
}

void shown_grouped(const struct shown *s, char out[16])
{
	int n = writable(s) && s->v > 0 ? (int)s->v : 0;

	if (!writable(s))
		snprintf(out, 16, "--");
	else if (n >= 1000000)
		snprintf(out, 16, "%d %03d %03d", n / 1000000, n / 1000 % 1000, n % 1000);
	else if (n >= 1000)
		snprintf(out, 16, "%d %03d", n / 1000, n % 1000);
	else
		snprintf(out, 16, "%d", n);
}
