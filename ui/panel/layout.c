/* SPDX-License-Identifier: Apache-2.0 */
/* See layout.h. */
#include "ui/panel/layout.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The design, in units of 1/96 inch. */
#define MARGIN        16
#define HEADER_H      64
#define FOOTER_H      34
#define BENCH_W       330
#define TWO_COLUMNS_W 760 /* narrower windows have one column */
#define GROUP_H       30
#define TITLE_H       30
#define SWITCH_H      40
#define SLIDER_H      56
#define CHOICE_H      68
#define GUEST_H       72
#define BUS_H         56
#define STREAM_H      66
#define GAP           12 /* behind a card */
#define PAD           14 /* inside a card */
#define KNOB          9 /* half of a slider's */
#define SEGMENTS_MAX  5 /* more choices are gone through one by one */

double panel_head_units(const struct panel_signal *s)
{
	bool two = s->kind == PANEL_RANGE ||
		   (s->kind == PANEL_CHOICE && !s->heard && s->n_choices <= SEGMENTS_MAX);

	return two ? 34 : SWITCH_H;
}

bool panel_stepper(const struct panel_signal *s)
{
	return !s->heard && (s->kind == PANEL_NUMBER ||
				    (s->kind == PANEL_CHOICE && s->n_choices > SEGMENTS_MAX));
}

int panel_px(const struct panel_layout *l, double units)
{
	return (int)lround(units * l->scale);
}

static void add(struct panel_layout *l, enum panel_row_type type, enum panel_column c,
	uint32_t index, double units)
{
	struct panel_row *r = &l->rows[l->n_rows++];

	*r = (struct panel_row){ .type = type,
		.column = c,
		.index = index,
		.y = l->column[c].content,
		.h = panel_px(l, units) };
	l->column[c].content += r->h;
}

static void space(struct panel_layout *l, enum panel_column c, double units)
{
	l->column[c].content += panel_px(l, units);
}

static double signal_units(const struct panel_signal *s)
{
	switch (s->kind) {
	case PANEL_SWITCH:
	case PANEL_NUMBER:
		return SWITCH_H;
	case PANEL_CHOICE:
		return s->heard || s->n_choices > SEGMENTS_MAX ? SWITCH_H : CHOICE_H;
	case PANEL_RANGE:
		break;
	}
	return SLIDER_H;
}

static bool same_group(const struct panel_signal *a, const struct panel_signal *b)
{
	return a->group == b->group && memcmp(a->name, b->name, a->group) == 0;
}

/* Signals of a group come together, groups in the order of their first signals. */
static void add_group(struct panel_layout *l, const struct panel_spec *spec, const char *filter,
	uint32_t first, bool *done)
{
	const struct panel_signal *head = &spec->signals[first];
	uint32_t n = 0;

	for (uint32_t i = first; i < spec->n_signals; i++) {
		const struct panel_signal *s = &spec->signals[i];

		if (done[i] || !same_group(s, head))
			continue;
		done[i] = true;
		if (*filter && !strcasestr(s->name, filter))
			continue;
		if (n++ == 0)
			add(l, ROW_GROUP, COLUMN_SIGNALS, first, GROUP_H);
		add(l, ROW_SIGNAL, COLUMN_SIGNALS, i, signal_units(s));
		l->rows[l->n_rows - 1].first = n == 1;
	}
	if (n) {
		l->rows[l->n_rows - 1].last = true;
		space(l, COLUMN_SIGNALS, GAP);
	}
}

static int add_signals(struct panel_layout *l, const struct panel_spec *spec, const char *filter)
{
	bool *done = calloc(spec->n_signals + 1, sizeof(*done));
	uint32_t before = l->n_rows;

	if (!done)
		return -ENOMEM;
	for (uint32_t i = 0; i < spec->n_signals; i++) {
		if (!done[i])
			add_group(l, spec, filter, i, done);
	}
	free(done);
	if (l->n_rows == before)
		add(l, ROW_NONE, COLUMN_SIGNALS, 0, 80);
	return 0;
}

static void add_list(struct panel_layout *l, enum panel_column c, uint32_t title,
	enum panel_row_type type, uint32_t n, double units)
{
	if (n == 0)
		return;
	add(l, ROW_TITLE, c, title, TITLE_H);
	for (uint32_t i = 0; i < n; i++) {
		add(l, type, c, i, units);
		l->rows[l->n_rows - 1].first = i == 0;
		l->rows[l->n_rows - 1].last = i == n - 1;
	}
	space(l, c, GAP);
}

static void add_bench(struct panel_layout *l, const struct panel_spec *s, enum panel_column c)
{
	add_list(l, c, TITLE_GUESTS, ROW_GUEST, s->n_guests, GUEST_H);
	add_list(l, c, TITLE_BUSES, ROW_BUS, s->n_buses, BUS_H);
	add_list(l, c, TITLE_SOUND, ROW_STREAM, s->n_streams, STREAM_H);
}

static void place_columns(struct panel_layout *l, const struct panel_spec *s)
{
	bool bench = s->n_guests || s->n_buses || s->n_streams;
	bool two = bench && s->n_signals && l->width >= panel_px(l, TWO_COLUMNS_W);
	int m = panel_px(l, MARGIN), top = panel_px(l, HEADER_H);
	int h = MAX(l->height - top - panel_px(l, FOOTER_H), 0);
	int right = two ? panel_px(l, BENCH_W) + m : 0;

	l->column[COLUMN_FIXED].area = (struct box){ 0, 0, l->width, l->height };
	l->column[COLUMN_SIGNALS].area =
		(struct box){ m, top, MAX(l->width - 2 * m - right, 0), h };
	l->column[COLUMN_BENCH].area = two ? (struct box){ l->width - right, top, right - m, h }
					   : (struct box){ 0, 0, 0, 0 };
	for (int c = 0; c < PANEL_COLUMNS; c++)
		l->column[c].content = 0;
}

int panel_layout_make(struct panel_layout *l, const struct panel_spec *spec, const char *filter,
	int width, int height, double scale)
{
	/* A heading for each signal at most. */
	uint32_t cap = 2 * spec->n_signals + spec->n_guests + spec->n_buses + spec->n_streams + 8;
	enum panel_column bench;
	int rc = 0;

	if (cap > l->cap) {
		struct panel_row *rows = realloc(l->rows, cap * sizeof(*rows));

		if (!rows)
			return -ENOMEM;
		l->rows = rows;
		l->cap = cap;
	}
	l->n_rows = 0;
	l->width = width;
	l->height = height;
	l->scale = scale;
	place_columns(l, spec);
	add(l, ROW_HEADER, COLUMN_FIXED, 0, HEADER_H);
	add(l, ROW_FOOTER, COLUMN_FIXED, 0, FOOTER_H);
	l->rows[1].y = height - l->rows[1].h;
	bench = l->column[COLUMN_BENCH].area.w ? COLUMN_BENCH : COLUMN_SIGNALS;
	if (spec->n_signals)
		rc = add_signals(l, spec, filter);
	add_bench(l, spec, bench);
	for (int c = 0; c < PANEL_COLUMNS; c++)
		(void)panel_scroll(l, (enum panel_column)c, 0);
	return rc;
}

void panel_layout_fini(struct panel_layout *l)
{
	free(l->rows);
	*l = (struct panel_layout){ .rows = NULL };
}

struct box panel_row_box(const struct panel_layout *l, const struct panel_row *r)
{
	struct box a = l->column[r->column].area;

	if (r->column == COLUMN_FIXED)
		return (struct box){ 0, r->y, l->width, r->h };
	return (struct box){ a.x, a.y + r->y - l->column[r->column].scroll, a.w, r->h };
}

struct box panel_row_seen(const struct panel_layout *l, const struct panel_row *r)
{
	return box_meet(panel_row_box(l, r), l->column[r->column].area);
}

uint32_t panel_row_at(const struct panel_layout *l, int x, int y)
{
	for (uint32_t i = 0; i < l->n_rows; i++) {
		if (box_has(panel_row_seen(l, &l->rows[i]), x, y))
			return i;
	}
	return l->n_rows;
}

bool panel_scroll(struct panel_layout *l, enum panel_column c, int by)
{
	int most = c == COLUMN_FIXED ? 0 : MAX(l->column[c].content - l->column[c].area.h, 0);
	int from = l->column[c].scroll;

	l->column[c].scroll = MIN(MAX(from + by, 0), most);
	return l->column[c].scroll != from;
}

bool panel_reveal(struct panel_layout *l, const struct panel_row *r)
{
	struct box b = panel_row_box(l, r), a = l->column[r->column].area;
	int by = 0;

	if (r->column == COLUMN_FIXED)
		return false;
	if (b.y + b.h > a.y + a.h)
		by = b.y + b.h - a.y - a.h;
	if (b.y - by < a.y)
		by = b.y - a.y;
	return panel_scroll(l, r->column, by);
}

/* ---- parts ---- */

struct parts {
	const struct panel_layout *l;
	struct panel_part *out;
	uint32_t n;
};

static void part(struct parts *p, enum panel_part_type type, uint32_t index, struct box b)
{
	if (p->n < PANEL_MAX_PARTS)
		p->out[p->n++] = (struct panel_part){ type, index, b };
}

static int px(const struct parts *p, double units)
{
	return panel_px(p->l, units);
}

/* Where a row's second line is. */
static struct box second_line(const struct parts *p, struct box row, double units)
{
	int h = px(p, units);

	return (struct box){ row.x + px(p, PAD), row.y + row.h - h - px(p, 8),
		row.w - 2 * px(p, PAD), h };
}

static void release_part(struct parts *p, struct panel_fonts *f, struct box row,
	const struct panel_signal *s, double first_h)
{
	int w = text_width(f, FONT_SMALL, "held \xc3\x97", 7) + px(p, 16), h = px(p, 20);
	const char *label = s->name + s->group + (s->group ? 1 : 0);
	int name = text_width(f, FONT_BODY, label, strlen(label));
	/* Behind the name, and left of the value's place. */
	int most = row.w - 2 * px(p, PAD) - px(p, panel_stepper(s) ? 204 : 120) - w;

	part(p, PART_RELEASE, 0,
		(struct box){ row.x + px(p, PAD) + MAX(MIN(name, most), 0) + px(p, 10),
			row.y + (px(p, first_h) - h) / 2, w, h });
}

/* A slider's track begins where the text above it does: its knob reaches beyond. */
static struct box slider_box(const struct parts *p, struct box line)
{
	return (struct box){ line.x - px(p, KNOB), line.y + px(p, 5), line.w + 2 * px(p, KNOB),
		line.h };
}

static void stepper_parts(struct parts *p, struct box row, double between)
{
	int w = px(p, 34), h = px(p, 28), right = row.x + row.w - px(p, PAD);
	int y = row.y + (row.h - h) / 2;

	part(p, PART_LESS, 0, (struct box){ right - 2 * w - px(p, between), y, w, h });
	part(p, PART_MORE, 0, (struct box){ right - w, y, w, h });
}

static void choice_parts(struct parts *p, struct box row, const struct panel_signal *s)
{
	struct box line = second_line(p, row, 28);
	int each = line.w / (int)MAX(s->n_choices, 1u);

	for (uint32_t i = 0; i < s->n_choices; i++)
		part(p, PART_SEGMENT, i,
			(struct box){ line.x + (int)i * each, line.y,
				i + 1 == s->n_choices ? line.w - (int)i * each : each, line.h });
}

static void signal_parts(struct parts *p, const struct panel_model *m, struct panel_fonts *f,
	struct box row, uint32_t index)
{
	const struct panel_signal *s = &m->spec.signals[index];
	int pad = px(p, PAD), h;

	if (m->values[index].held)
		release_part(p, f, row, s, panel_head_units(s));
	if (s->heard)
		return;
	switch (s->kind) {
	case PANEL_SWITCH:
		h = px(p, 22);
		part(p, PART_SWITCH, 0,
			(struct box){ row.x + row.w - pad - px(p, 42), row.y + (row.h - h) / 2,
				px(p, 42), h });
		break;
	case PANEL_RANGE:
		part(p, PART_SLIDER, 0, slider_box(p, second_line(p, row, 22)));
		break;
	case PANEL_CHOICE:
		if (s->n_choices > SEGMENTS_MAX)
			stepper_parts(p, row, PANEL_STEPPER_VALUE);
		else
			choice_parts(p, row, s);
		break;
	case PANEL_NUMBER:
		stepper_parts(p, row, PANEL_STEPPER_VALUE);
		break;
	}
}

static void guest_parts(
	struct parts *p, const struct panel_model *m, struct box row, uint32_t index)
{
	static const enum panel_part_type types[] = { PART_PAUSE, PART_RESET, PART_KILL,
		PART_SHOT };
	struct box line = second_line(p, row, 28);
	uint32_t n = m->spec.guests[index].displays ? 4 : 3;
	int gap = px(p, 8), each = (line.w - 3 * gap) / 4;

	for (uint32_t i = 0; i < n; i++)
		part(p, types[i], 0,
			(struct box){ line.x + (int)i * (each + gap), line.y, each, line.h });
}

static void stream_parts(struct parts *p, struct box row)
{
	struct box line = second_line(p, row, 22);
	int mute = px(p, 60), gap = px(p, 12);

	part(p, PART_MUTE, 0, (struct box){ line.x, line.y - px(p, 2), mute, px(p, 26) });
	part(p, PART_VOLUME, 0,
		(struct box){
			line.x + mute + gap, line.y, line.w - mute - gap + px(p, KNOB), line.h });
}

static void header_parts(struct parts *p, struct box row)
{
	int w = px(p, 84), h = px(p, 32), gap = px(p, 8), y = row.y + (row.h - h) / 2;
	int right = row.x + row.w - px(p, MARGIN);

	part(p, PART_PAUSE, 0, (struct box){ right - 2 * w - gap, y, w, h });
	part(p, PART_STOP, 0, (struct box){ right - w, y, w, h });
}

uint32_t panel_parts(const struct panel_layout *l, const struct panel_model *m,
	struct panel_fonts *fonts, const struct panel_row *r,
	struct panel_part out[PANEL_MAX_PARTS])
{
	struct parts p = { .l = l, .out = out };
	struct box row = panel_row_box(l, r);

	switch (r->type) {
	case ROW_HEADER:
		header_parts(&p, row);
		break;
	case ROW_SIGNAL:
		signal_parts(&p, m, fonts, row, r->index);
		break;
	case ROW_GUEST:
		guest_parts(&p, m, row, r->index);
		break;
	case ROW_STREAM:
		stream_parts(&p, row);
		break;
	case ROW_TITLE:
	case ROW_GROUP:
	case ROW_BUS:
	case ROW_NONE:
	case ROW_FOOTER:
		break;
	}
	return p.n;
}

struct box panel_track(const struct panel_layout *l, struct box part)
{
	int knob = panel_px(l, KNOB);

	return (struct box){ part.x + knob, part.y, MAX(part.w - 2 * knob, 1), part.h };
}

double panel_track_share(struct box track, int x)
{
	return MIN(MAX((double)(x - track.x) / track.w, 0.0), 1.0);
}
