/* SPDX-License-Identifier: Apache-2.0 */
/* One quantity over time as a picture in a page (inline SVG): curve, demanded ranges, moments. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/check/series.h"
#include "sim/report/html.h"

enum plot_kind {
	PLOT_VALUES, /* smallest and largest of each moment */
	PLOT_SHARE, /* sums as a share of time, in percent: bus load out of bus time in ns */
	PLOT_RATE /* how often something happened, each second */
};

/* What a check demands: values from min to max (infinite: no limit) in a window. */
struct plot_band {
	uint64_t from_ns, to_ns;
	double min, max;
	bool kept; /* false: drawn as one that was not */
};

/* A moment that is pointed at. */
struct plot_mark {
	uint64_t t_ns;
	const char *text;
	bool bad;
};

struct plot {
	const char *title;
	enum plot_kind kind;
	const struct series *series;
	uint64_t span_ns; /* of the run: all plots of a page have one time axis */
	const struct plot_band *bands;
	size_t n_bands;
	const struct plot_mark *marks;
	size_t n_marks;
};

/* Draws into the page. A series without a value says so. */
void plot_draw(struct html *h, const struct plot *p);

/* Distance of the lines of an axis that spans `range` with at most `most` of them: 1, 2 or 5 times
 * a power of ten. Pure; range is positive. */
double plot_step(double range, unsigned int most);
