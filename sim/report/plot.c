/* SPDX-License-Identifier: Apache-2.0 */
/* Curves as SVG; see plot.h. */
#include "sim/report/plot.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

/* In the picture's own units, which the page scales to its width. */
#define WIDTH        960.0
#define HEIGHT       190.0
#define LEFT         64.0
#define RIGHT        12.0
#define TOP          26.0
#define BOTTOM       24.0
#define LINES_ACROSS 4u
#define LINES_DOWN   12u
#define NUMBER_TEXT  32

/* What the axes show. */
struct frame {
	double span_s, low, high;
};

double plot_step(double range, unsigned int most)
{
	double rough = range / most, power = pow(10, floor(log10(rough)));
	double times = rough / power;

	return power * (times <= 1 ? 1 : times <= 2 ? 2 : times <= 5 ? 5 : 10);
}

static double place_x(const struct frame *f, double t_s)
{
	return LEFT + fmin(fmax(t_s / f->span_s, 0), 1) * (WIDTH - LEFT - RIGHT);
}

static double place_y(const struct frame *f, double v)
{
	return TOP + fmin(fmax((f->high - v) / (f->high - f->low), 0), 1) * (HEIGHT - TOP - BOTTOM);
}

static const char *number(char buf[NUMBER_TEXT], const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static const char *number(char buf[NUMBER_TEXT], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, NUMBER_TEXT, fmt, ap);
	va_end(ap);
	return buf;
}

/* What a bucket says: low and high are the same but for values. */
static void read_bucket(const struct plot *p, uint32_t i, double *low, double *high)
{
	const struct series_bucket *b = &p->series->bucket[i];
	/* The last bucket may reach beyond the run. */
	uint64_t from = i * p->series->width_ns;
	uint64_t width = p->series->width_ns;

	if (p->span_ns > from && p->span_ns - from < width)
		width = MAX(p->span_ns - from, NS_PER_MS);
	switch (p->kind) {
	case PLOT_VALUES:
		*low = b->min;
		*high = b->max;
		break;
	case PLOT_SHARE:
		*low = *high = b->n ? b->sum * 100 / (double)width : 0;
		break;
	case PLOT_RATE:
		*low = *high = (double)b->n * 1e9 / (double)width;
		break;
	}
}

/* Shares and rates are 0 where nothing happened; a value is not known there. */
static bool has_value(const struct plot *p, uint32_t i)
{
	return p->kind != PLOT_VALUES || p->series->bucket[i].n > 0;
}

static uint32_t buckets_of(const struct plot *p)
{
	uint64_t all = (p->span_ns + p->series->width_ns - 1) / p->series->width_ns;

	/* Shares and rates go on to the end, values to the last that was seen. */
	return (uint32_t)MIN(
		all, p->kind == PLOT_VALUES ? (uint64_t)p->series->used : SERIES_BUCKETS);
}

static struct frame frame_of(const struct plot *p)
{
	struct frame f = { .span_s = MAX((double)p->span_ns / 1e9, 1e-3),
		.low = p->kind == PLOT_VALUES ? HUGE_VAL : 0,
		.high = p->kind == PLOT_VALUES ? -HUGE_VAL : 0 };

	for (uint32_t i = 0; i < buckets_of(p); i++) {
		double low, high;

		if (!has_value(p, i))
			continue;
		read_bucket(p, i, &low, &high);
		f.low = MIN(f.low, low);
		f.high = MAX(f.high, high);
	}
	/* Limits that are near the curve are worth seeing; one far off would flatten it. */
	for (size_t i = 0; i < p->n_bands; i++) {
		double reach = MAX(f.high - f.low, fabs(f.high)) * 2 + 1;

		if (p->bands[i].min >= f.low - reach)
			f.low = MIN(f.low, p->bands[i].min);
		if (p->bands[i].max <= f.high + reach)
			f.high = MAX(f.high, p->bands[i].max);
	}
	/* A curve that never moves is in the middle. */
	double room = f.high > f.low     ? (f.high - f.low) * 0.06
		      : fabs(f.high) > 0 ? fabs(f.high) * 0.5
					 : 1;

	f.high += room;
	if (p->kind == PLOT_VALUES)
		f.low -= room;
	return f;
}

static void line(struct html *h, const char *css, double x1, double y1, double x2, double y2)
{
	char a[NUMBER_TEXT], b[NUMBER_TEXT], c[NUMBER_TEXT], d[NUMBER_TEXT];

	html_open(h, "line", "class", css, "x1", number(a, "%.1f", x1), "y1", number(b, "%.1f", y1),
		"x2", number(c, "%.1f", x2), "y2", number(d, "%.1f", y2));
	html_close(h);
}

static void label(struct html *h, const char *css, double x, double y, const char *text)
{
	char a[NUMBER_TEXT], b[NUMBER_TEXT];

	html_open(h, "text", "class", css, "x", number(a, "%.1f", x), "y", number(b, "%.1f", y));
	html_put(h, text);
	html_close(h);
}

static void draw_axes(struct html *h, const struct frame *f)
{
	double step = plot_step(f->high - f->low, LINES_ACROSS);
	char text[NUMBER_TEXT];

	for (double k = ceil(f->low / step); k * step <= f->high; k++) {
		/* Not -0. */
		double v = fabs(k) < 0.5 ? 0 : k * step;

		line(h, "grid", LEFT, place_y(f, v), WIDTH - RIGHT, place_y(f, v));
		label(h, "down", LEFT - 6, place_y(f, v) + 4, number(text, "%.6g", v));
	}
	step = plot_step(f->span_s, LINES_DOWN);
	for (double k = 0; k * step <= f->span_s; k++) {
		double x = place_x(f, k * step);

		line(h, "grid", x, TOP, x, HEIGHT - BOTTOM);
		label(h, "across", x, HEIGHT - 8, number(text, "%.6g s", k * step));
	}
}

static void draw_bands(struct html *h, const struct plot *p, const struct frame *f)
{
	for (size_t i = 0; i < p->n_bands; i++) {
		const struct plot_band *b = &p->bands[i];
		double x = place_x(f, (double)b->from_ns / 1e9);
		double right = place_x(f, (double)b->to_ns / 1e9);
		double y = place_y(f, b->max), bottom = place_y(f, b->min);
		char t[4][NUMBER_TEXT];

		html_open(h, "rect", "class", b->kept ? "band" : "band bad", "x",
			number(t[0], "%.1f", x), "y", number(t[1], "%.1f", y), "width",
			number(t[2], "%.1f", MAX(right - x, 1)), "height",
			number(t[3], "%.1f", MAX(bottom - y, 1)));
		html_close(h);
	}
}

/* Appends to a path; false when it is full. */
static bool add_point(char *path, size_t cap, size_t *len, char how, double x, double y)
{
	int n = snprintf(path + *len, cap - *len, "%c%.1f %.1f", how, x, y);

	if (n < 0 || (size_t)n >= cap - *len)
		return false;
	*len += (size_t)n;
	return true;
}

/* Each bucket is a step from its smallest to its largest value; between them a value is held. */
static void draw_curve(struct html *h, const struct plot *p, const struct frame *f)
{
	char path[SERIES_BUCKETS * 3 * 20];
	double width_s = (double)p->series->width_ns / 1e9, before = f->low;
	size_t len = 0;
	uint32_t last = 0;

	path[0] = '\0';
	for (uint32_t i = 0; i < buckets_of(p); i++) {
		double low, high, x = place_x(f, (i + 0.5) * width_s);

		if (!has_value(p, i))
			continue;
		read_bucket(p, i, &low, &high);
		/* Whichever end is nearer to where the line comes from is first. */
		bool up = fabs(before - low) <= fabs(before - high);

		if (len && i > last + 1 &&
			!add_point(path, sizeof(path), &len, 'L', x, place_y(f, before)))
			break;
		last = i;
		if (!add_point(path, sizeof(path), &len, len ? 'L' : 'M', x,
			    place_y(f, up ? low : high)))
			break;
		if (place_y(f, low) - place_y(f, high) >= 0.1 &&
			!add_point(path, sizeof(path), &len, 'L', x, place_y(f, up ? high : low)))
			break;
		before = up ? high : low;
	}
	html_open(h, "path", "class", "curve", "d", path);
	html_close(h);
}

static void draw_marks(struct html *h, const struct plot *p, const struct frame *f)
{
	for (size_t i = 0; i < p->n_marks; i++) {
		const struct plot_mark *m = &p->marks[i];
		double x = place_x(f, (double)m->t_ns / 1e9);
		char t[3][NUMBER_TEXT];

		html_open(h, "g");
		html_leaf(h, "title", NULL, m->text);
		line(h, m->bad ? "mark bad" : "mark", x, TOP, x, HEIGHT - BOTTOM);
		html_open(h, "circle", "class", m->bad ? "dot bad" : "dot", "cx",
			number(t[0], "%.1f", x), "cy", number(t[1], "%.1f", TOP), "r", "4");
		html_close(h);
		html_close(h);
	}
}

void plot_draw(struct html *h, const struct plot *p)
{
	char box[NUMBER_TEXT];

	html_open(h, "figure");
	html_leaf(h, "figcaption", NULL, p->title);
	if (p->series->used == 0) {
		html_leaf(h, "p", "quiet", "nothing was seen");
		html_close(h);
		return;
	}
	struct frame f = frame_of(p);

	html_open(h, "svg", "viewBox", number(box, "0 0 %g %g", WIDTH, HEIGHT), "role", "img",
		"aria-label", p->title);
	draw_bands(h, p, &f);
	draw_axes(h, &f);
	draw_curve(h, p, &f);
	draw_marks(h, p, &f);
	html_close(h);
	html_close(h);
}
