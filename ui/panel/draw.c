/* SPDX-License-Identifier: Apache-2.0 */
/* How a panel looks; see desk.h. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ui/panel/desk.h"

#define C_GROUND 0x080b10u
#define C_BAR    0x0c1118u
#define C_CARD   0x141a22u
#define C_HOVER  0x181f29u
#define C_BUTTON 0x232c38u
#define C_PRESS  0x303b48u
#define C_LINE   0x222a35u
#define C_TRACK  0x2c3644u
#define C_TEXT   0xf3f6fau
#define C_SOFT   0xb9c4d1u
#define C_DIM    0x7d8a99u
#define C_ACCENT 0x35c3ffu
#define C_AMBER  0xffb02eu
#define C_GREEN  0x35d97au
#define C_RED    0xff4a5au
#define C_DARK   0x10151cu /* text on colour */

#define PAD    14
#define RADIUS 10

struct pen {
	struct panel_desk *d;
	struct canvas *c;
	const struct panel_row *row;
	struct box box; /* the row's */
	uint32_t ground; /* what the row is filled with */
};

static int px(const struct pen *p, double units)
{
	return panel_px(&p->d->layout, units);
}

static void fill(const struct pen *p, struct box b, int radius, uint32_t rgb)
{
	p->c->ops->fill(p->c, b, radius, rgb);
}

static int label(const struct pen *p, struct box b, int align, enum panel_font font, uint32_t rgb,
	const char *text)
{
	return canvas_label(p->c, b, align, font, rgb, text, strlen(text));
}

static bool is(const struct pen *p, const struct panel_spot *s, const struct panel_part *part)
{
	return s->part == part->type && s->part_index == part->index && s->type == p->row->type &&
	       s->index == p->row->index;
}

static bool hovered(const struct pen *p, const struct panel_part *part)
{
	return is(p, &p->d->hover, part);
}

static bool pressed(const struct pen *p, const struct panel_part *part)
{
	return p->d->drag.kind == DRAG_PART && is(p, &p->d->drag.spot, part);
}

/* Around what has the keyboard. */
static void focus_ring(const struct pen *p, const struct panel_part *part, uint32_t inside)
{
	int w = px(p, 2);
	struct box b = { part->box.x - w, part->box.y - w, part->box.w + 2 * w,
		part->box.h + 2 * w };

	if (p->d->keyboard && is(p, &p->d->focus, part))
		canvas_frame(p->c, b, px(p, 8), w, C_ACCENT, inside);
}

/* ---- pieces ---- */

static void card(struct pen *p)
{
	struct box b = p->box;
	int r = px(p, RADIUS);

	/* Corners beyond the row are clipped: only the ends of a card are round. */
	if (!p->row->first) {
		b.y -= r;
		b.h += r;
	}
	if (!p->row->last)
		b.h += r;
	fill(p, p->box, 0, C_GROUND);
	fill(p, b, r, p->ground);
	if (!p->row->first)
		fill(p,
			(struct box){ p->box.x + px(p, PAD), p->box.y, p->box.w - 2 * px(p, PAD),
				MAX(px(p, 1), 1) },
			0, C_LINE);
}

static void button(const struct pen *p, const struct panel_part *part, const char *text,
	uint32_t rgb, bool strong)
{
	uint32_t back = pressed(p, part) || hovered(p, part) ? C_PRESS : C_BUTTON;
	bool armed = is(p, &p->d->armed, part);

	focus_ring(p, part, p->ground);
	fill(p, part->box, px(p, 6), armed ? C_RED : strong ? rgb : back);
	label(p, part->box, 0, FONT_SMALL, armed || strong ? C_DARK : rgb, armed ? "Sure?" : text);
}

static void toggle(const struct pen *p, const struct panel_part *part, bool on, uint32_t rgb)
{
	struct box b = part->box;
	int edge = px(p, 3), knob = b.h - 2 * edge;

	focus_ring(p, part, p->ground);
	fill(p, b, b.h / 2, on ? rgb : hovered(p, part) ? C_PRESS : C_TRACK);
	fill(p, (struct box){ on ? b.x + b.w - edge - knob : b.x + edge, b.y + edge, knob, knob },
		knob / 2, on ? C_TEXT : C_SOFT);
}

static void bar(const struct pen *p, struct box b, double share, uint32_t rgb)
{
	int h = px(p, 4);
	struct box line = { b.x, b.y + (b.h - h) / 2, b.w, h };

	share = MIN(MAX(share, 0.0), 1.0);
	fill(p, line, h / 2, C_TRACK);
	line.w = (int)lround(share * line.w);
	if (line.w > 0)
		fill(p, line, h / 2, rgb);
}

static void slider(
	const struct pen *p, const struct panel_part *part, double share, bool known, uint32_t rgb)
{
	struct box t = panel_track(&p->d->layout, part->box);
	bool held = p->d->drag.kind == DRAG_SLIDER && is(p, &p->d->drag.spot, part);
	int knob = px(p, held || hovered(p, part) ? 18 : 15), x;

	focus_ring(p, part, p->ground);
	bar(p, t, known ? share : 0, rgb);
	if (!known)
		return;
	x = t.x + (int)lround(MIN(MAX(share, 0.0), 1.0) * t.w);
	fill(p, (struct box){ x - knob / 2, t.y + (t.h - knob) / 2, knob, knob }, knob / 2,
		held ? rgb : C_TEXT);
}

static void chip(const struct pen *p, struct box b, uint32_t rgb, uint32_t inside, uint32_t ink,
	const char *text)
{
	canvas_frame(p->c, b, b.h / 2, MAX(px(p, 1), 1), rgb, inside);
	label(p, b, 0, FONT_SMALL, ink, text);
}

/* ---- rows ---- */

static uint32_t value_colour(const struct panel_value *v, bool heard)
{
	return v->held                        ? C_AMBER
	       : v->state == SIGNAL_REC_STALE ? C_DIM
	       : v->state == SIGNAL_REC_UNSET ? C_DIM
	       : heard                        ? C_GREEN
					      : C_ACCENT;
}

static void draw_choice(const struct pen *p, const struct panel_part *part, uint32_t rgb)
{
	const struct panel_signal *s = &p->d->model.spec.signals[p->row->index];
	bool on = panel_model_choice(&p->d->model, p->row->index) == part->index &&
		  p->d->model.values[p->row->index].state != SIGNAL_REC_UNSET;
	int gap = px(p, 2);
	struct panel_part in = *part;

	in.box.x += gap;
	in.box.w -= 2 * gap;
	button(p, &in, s->choices[part->index].text, on ? rgb : C_SOFT, on);
}

static void draw_parts(const struct pen *p, uint32_t rgb)
{
	const struct panel_signal *s = &p->d->model.spec.signals[p->row->index];
	const struct panel_value *v = &p->d->model.values[p->row->index];
	double shown = panel_model_shown(&p->d->model, p->row->index);
	bool known = v->state != SIGNAL_REC_UNSET || v->waits || v->grabbed;
	struct panel_part parts[PANEL_MAX_PARTS];
	uint32_t n = panel_parts(&p->d->layout, &p->d->model, p->d->fonts, p->row, parts);

	for (uint32_t i = 0; i < n; i++) {
		const struct panel_part *part = &parts[i];

		switch (part->type) {
		case PART_SWITCH:
			toggle(p, part, known && shown == s->max, rgb);
			break;
		case PART_SLIDER:
			slider(p, part, (shown - s->min) / (s->max - s->min), known, rgb);
			break;
		case PART_SEGMENT:
			draw_choice(p, part, rgb);
			break;
		case PART_LESS:
		case PART_MORE:
			button(p, part,
				s->kind == PANEL_CHOICE
					? part->type == PART_LESS ? "\xe2\x80\xb9" : "\xe2\x80\xba"
				: part->type == PART_LESS ? "\xe2\x88\x92"
							  : "+",
				C_TEXT, false);
			break;
		case PART_RELEASE:
			focus_ring(p, part, p->ground);
			chip(p, part->box, C_AMBER, hovered(p, part) ? C_AMBER : p->ground,
				hovered(p, part) ? C_DARK : C_AMBER, "held \xc3\x97");
			break;
		default:
			break;
		}
	}
}

/* Where the value is written: at the right end, left of a switch, between a stepper's buttons. */
static struct box value_box(const struct pen *p, const struct panel_signal *s, struct box line)
{
	int half = line.w / 2;

	if (panel_stepper(s))
		return (struct box){ line.x + line.w - px(p, 34 + PANEL_STEPPER_VALUE), line.y,
			px(p, PANEL_STEPPER_VALUE), line.h };
	if (s->kind == PANEL_SWITCH && !s->heard)
		half -= px(p, 42 + 12);
	return (struct box){ line.x + line.w / 2, line.y, half, line.h };
}

/* Name, value and what is to be said of it, on the row's first line. */
static void draw_signal_head(const struct pen *p, uint32_t rgb)
{
	const struct panel_signal *s = &p->d->model.spec.signals[p->row->index];
	const struct panel_value *v = &p->d->model.values[p->row->index];
	int pad = px(p, PAD), used, right;
	struct box line = { p->box.x + pad, p->box.y, p->box.w - 2 * pad,
		px(p, panel_head_units(s)) };
	struct box value = value_box(p, s, line);
	struct box note = { 0, line.y + (line.h - px(p, 20)) / 2, px(p, 52), px(p, 20) };
	uint32_t ink = v->held ? C_AMBER : rgb == C_DIM ? C_DIM : C_TEXT;
	bool stepper = panel_stepper(s);
	char text[128];

	panel_model_text(&p->d->model, p->row->index, text, sizeof(text));
	used = label(p, value, stepper ? 0 : 1, FONT_STRONG, ink, text);
	right = stepper ? value.x - px(p, 34 + 10) : value.x + value.w - used - px(p, 10);
	if (v->state == SIGNAL_REC_STALE) {
		note.x = right - note.w;
		chip(p, note, C_DIM, p->ground, C_DIM, "stale");
		right = note.x - px(p, 8);
	}
	if (v->held)
		right -= px(p, 74);
	label(p, (struct box){ line.x, line.y, right - line.x, line.h }, -1, FONT_BODY, C_SOFT,
		s->name + s->group + (s->group ? 1 : 0));
}

static void draw_signal(struct pen *p)
{
	const struct panel_signal *s = &p->d->model.spec.signals[p->row->index];
	const struct panel_value *v = &p->d->model.values[p->row->index];
	uint32_t rgb = value_colour(v, s->heard);
	double shown = panel_model_shown(&p->d->model, p->row->index);
	int pad = px(p, PAD);

	card(p);
	draw_signal_head(p, rgb);
	draw_parts(p, rgb);
	if (s->heard && s->kind == PANEL_RANGE)
		bar(p,
			(struct box){ p->box.x + pad, p->box.y + p->box.h - px(p, 25),
				p->box.w - 2 * pad, px(p, 22) },
			v->state == SIGNAL_REC_UNSET ? 0 : (shown - s->min) / (s->max - s->min),
			rgb);
}

static uint32_t state_colour(const char *state)
{
	return strcmp(state, "running") == 0 || strcmp(state, "ready") == 0     ? C_GREEN
	       : strcmp(state, "paused") == 0 || strcmp(state, "starting") == 0 ? C_AMBER
	       : strcmp(state, "crashed") == 0                                  ? C_RED
										: C_DIM;
}

/* A dot and a word at the right end of a line. */
static void draw_state(const struct pen *p, struct box line, const char *state)
{
	uint32_t rgb = state_colour(state);
	int dot = px(p, 8), w = label(p, line, 1, FONT_SMALL, rgb, state);

	if (w)
		fill(p,
			(struct box){ line.x + line.w - w - dot - px(p, 7),
				line.y + (line.h - dot) / 2, dot, dot },
			dot / 2, rgb);
}

static void draw_guest(struct pen *p)
{
	const struct panel_model *m = &p->d->model;
	const char *state = m->guest[p->row->index];
	struct panel_part parts[PANEL_MAX_PARTS];
	uint32_t n = panel_parts(&p->d->layout, m, p->d->fonts, p->row, parts);
	int pad = px(p, PAD);
	struct box line = { p->box.x + pad, p->box.y + px(p, 4), p->box.w - 2 * pad, px(p, 28) };

	card(p);
	label(p, (struct box){ line.x, line.y, line.w - px(p, 100), line.h }, -1, FONT_STRONG,
		C_TEXT, m->spec.guests[p->row->index].name);
	draw_state(p, line, state);
	for (uint32_t i = 0; i < n; i++) {
		static const char *const words[] = {
			[PART_RESET] = "Reset", [PART_KILL] = "Kill", [PART_SHOT] = "Picture"
		};
		bool paused = strcmp(state, "paused") == 0;

		if (parts[i].type == PART_PAUSE)
			button(p, &parts[i], paused ? "Resume" : "Pause", paused ? C_AMBER : C_TEXT,
				false);
		else
			button(p, &parts[i], words[parts[i].type],
				parts[i].type == PART_KILL ? C_RED : C_TEXT, false);
	}
}

static void draw_bus(struct pen *p)
{
	const struct panel_bus *b = &p->d->model.bus[p->row->index];
	uint32_t rgb = b->load_percent > 90 ? C_RED : b->load_percent > 70 ? C_AMBER : C_GREEN;
	int pad = px(p, PAD);
	struct box line = { p->box.x + pad, p->box.y, p->box.w - 2 * pad, px(p, 34) };
	char text[64], more[48] = "";
	int w;

	card(p);
	snprintf(text, sizeof(text), "%.0f %%", b->load_percent);
	label(p, line, 1, FONT_STRONG, C_TEXT, text);
	if (b->dropped)
		snprintf(more, sizeof(more), "%llu lost, ", (unsigned long long)b->dropped);
	snprintf(text, sizeof(text), "%s%.0f frames/s", more, b->frames_per_s);
	line.w -= px(p, 56);
	w = label(p, line, 1, FONT_SMALL, b->dropped ? C_AMBER : C_DIM, text);
	line.w -= w + px(p, 10);
	label(p, line, -1, FONT_STRONG, C_TEXT, p->d->model.spec.buses[p->row->index]);
	bar(p,
		(struct box){ p->box.x + pad, p->box.y + p->box.h - px(p, 25), p->box.w - 2 * pad,
			px(p, 22) },
		b->load_percent / 100, rgb);
}

static void draw_stream(struct pen *p)
{
	const struct panel_stream *s = &p->d->model.stream[p->row->index];
	struct panel_part parts[PANEL_MAX_PARTS];
	uint32_t n = panel_parts(&p->d->layout, &p->d->model, p->d->fonts, p->row, parts);
	int pad = px(p, PAD);
	struct box line = { p->box.x + pad, p->box.y, p->box.w - 2 * pad, px(p, 34) };
	char text[32];

	card(p);
	snprintf(text, sizeof(text), s->mute ? "muted" : "%u %%", s->volume_percent);
	label(p, line, 1, FONT_STRONG, s->mute ? C_AMBER : C_TEXT, text);
	line.w -= px(p, 64);
	label(p, line, -1, FONT_BODY, C_SOFT, p->d->model.spec.streams[p->row->index]);
	for (uint32_t i = 0; i < n; i++) {
		if (parts[i].type == PART_MUTE)
			button(p, &parts[i], "Mute", s->mute ? C_AMBER : C_TEXT, s->mute);
		else
			slider(p, &parts[i], s->volume_percent / 100.0, true,
				s->mute ? C_DIM : C_ACCENT);
	}
}

static void draw_heading(struct pen *p)
{
	static const char *const titles[] = { "Guests", "Buses", "Sound" };
	const struct panel_spec *s = &p->d->model.spec;
	struct box b = { p->box.x + px(p, 2), p->box.y, p->box.w - px(p, 4), p->box.h };

	fill(p, p->box, 0, C_GROUND);
	if (p->row->type == ROW_TITLE)
		label(p, b, -1, FONT_SMALL, C_DIM, titles[p->row->index]);
	else
		canvas_label(p->c, b, -1, FONT_SMALL, C_DIM,
			s->signals[p->row->index].group ? s->signals[p->row->index].name
							: "Signals",
			s->signals[p->row->index].group ? s->signals[p->row->index].group : 7);
}

static void draw_none(struct pen *p)
{
	char text[PANEL_FILTER + 64];

	fill(p, p->box, 0, C_GROUND);
	snprintf(text, sizeof(text), "No signal has \"%s\" in its name", p->d->filter);
	label(p, p->box, 0, FONT_BODY, C_DIM, text);
}

static void draw_filter(const struct pen *p, struct box b)
{
	char text[PANEL_FILTER + 32];

	snprintf(text, sizeof(text), "%s \xc2\xb7 Esc", p->d->filter);
	b.w = MIN(b.w, text_width(p->d->fonts, FONT_SMALL, text, strlen(text)) + px(p, 24));
	chip(p, b, C_ACCENT, p->ground, C_ACCENT, text);
}

static void draw_header(struct pen *p)
{
	const struct panel_model *m = &p->d->model;
	bool paused = strcmp(m->state, "paused") == 0;
	struct panel_part parts[PANEL_MAX_PARTS];
	uint32_t n = panel_parts(&p->d->layout, m, p->d->fonts, p->row, parts);
	int x = px(p, 18), right = n ? parts[0].box.x - px(p, 12) : p->box.w;
	char text[96];
	int dot = px(p, 8), w;

	p->ground = C_BAR;
	fill(p, p->box, 0, C_BAR);
	fill(p, (struct box){ 0, p->box.h - MAX(px(p, 1), 1), p->box.w, MAX(px(p, 1), 1) }, 0,
		C_LINE);
	w = label(p, (struct box){ x, px(p, 8), right - x, px(p, 28) }, -1, FONT_TITLE, C_TEXT,
		m->spec.title);
	if (p->d->filter[0])
		draw_filter(p, (struct box){ x + w + px(p, 16), px(p, 11),
				       MAX(right - x - w - px(p, 16), 0), px(p, 22) });
	if (m->duration_s > 0)
		snprintf(text, sizeof(text), "%s   %.1f s of %.4g s", m->state, m->time_s,
			m->duration_s);
	else
		snprintf(text, sizeof(text), "%s   %.1f s", m->state, m->time_s);
	fill(p, (struct box){ x, px(p, 36) + (px(p, 18) - dot) / 2, dot, dot }, dot / 2,
		state_colour(m->state));
	label(p,
		(struct box){
			x + dot + px(p, 8), px(p, 36), right - x - dot - px(p, 8), px(p, 18) },
		-1, FONT_SMALL, C_DIM, text);
	for (uint32_t i = 0; i < n; i++) {
		if (parts[i].type == PART_PAUSE)
			button(p, &parts[i], paused ? "Resume" : "Pause", paused ? C_AMBER : C_TEXT,
				paused);
		else
			button(p, &parts[i], "Stop", C_RED, false);
	}
}

/* What is under the mouse or has the keyboard: its whole name, and the command that does it. */
static void draw_footer(struct pen *p)
{
	const struct panel_model *m = &p->d->model;
	const struct panel_spot *s = p->d->keyboard ? &p->d->focus : &p->d->hover;
	struct box b = { px(p, 18), p->box.y, p->box.w - px(p, 36), p->box.h };
	char command[400], about[400] = "";
	int w;

	fill(p, p->box, 0, C_BAR);
	if (m->note[0]) {
		label(p, b, -1, FONT_SMALL, m->note_bad ? C_RED : C_GREEN, m->note);
		return;
	}
	if (p->d->drag.kind == DRAG_SLIDER)
		s = &p->d->drag.spot;
	panel_spot_command(m, s, command, sizeof(command));
	if (s->type == ROW_SIGNAL && s->index < m->spec.n_signals) {
		const struct panel_signal *sig = &m->spec.signals[s->index];

		if (*sig->doc)
			snprintf(about, sizeof(about), "%s", sig->doc);
		else if (sig->kind == PANEL_RANGE)
			snprintf(about, sizeof(about), "%.*f to %.*f %s", (int)sig->decimals,
				sig->min, (int)sig->decimals, sig->max, sig->unit);
		if (sig->heard)
			snprintf(about, sizeof(about), "received: others send it");
	} else if (!command[0]) {
		snprintf(about, sizeof(about), "%s",
			m->spec.n_signals ? "Tab and arrows move, typing finds a signal" : "");
	}
	w = label(p, b, 1, FONT_SMALL, C_SOFT, command);
	label(p, (struct box){ b.x, b.y, b.w - w - px(p, 16), b.h }, -1, FONT_SMALL, C_DIM, about);
}

static void draw_row(struct panel_desk *d, struct canvas *c, const struct panel_row *r)
{
	bool lit = r->type != ROW_HEADER && d->hover.type == r->type && d->hover.index == r->index;
	struct pen p = { d, c, r, panel_row_box(&d->layout, r), lit ? C_HOVER : C_CARD };

	c->ops->clip(c, panel_row_seen(&d->layout, r));
	switch (r->type) {
	case ROW_HEADER:
		draw_header(&p);
		break;
	case ROW_TITLE:
	case ROW_GROUP:
		draw_heading(&p);
		break;
	case ROW_SIGNAL:
		draw_signal(&p);
		break;
	case ROW_GUEST:
		draw_guest(&p);
		break;
	case ROW_BUS:
		draw_bus(&p);
		break;
	case ROW_STREAM:
		draw_stream(&p);
		break;
	case ROW_NONE:
		draw_none(&p);
		break;
	case ROW_FOOTER:
		draw_footer(&p);
		break;
	}
}

/* How far a column is scrolled, in the margin beside it. */
static void draw_scroll_bar(struct panel_desk *d, struct canvas *c, enum panel_column col)
{
	const struct panel_layout *l = &d->layout;
	struct box a = l->column[col].area;
	int content = l->column[col].content, w = panel_px(l, 4), h;

	if (content <= a.h || a.h <= 0)
		return;
	h = MAX((int)((int64_t)a.h * a.h / content), panel_px(l, 24));
	c->ops->fill(c,
		(struct box){ a.x + a.w + panel_px(l, 5),
			a.y + (int)((int64_t)(a.h - h) * l->column[col].scroll /
				      MAX(content - a.h, 1)),
			w, h },
		w / 2, C_TRACK);
}

/* ---- the picture ---- */

static void paint_ground(struct panel_desk *d, struct canvas *c)
{
	struct box all = { 0, 0, d->layout.width, d->layout.height };

	c->ops->clip(c, all);
	c->ops->fill(c, all, 0, C_GROUND);
	for (int i = 0; i < COLUMN_FIXED; i++)
		draw_scroll_bar(d, c, (enum panel_column)i);
}

void panel_desk_paint(struct panel_desk *d, struct canvas *c)
{
	paint_ground(d, c);
	for (uint32_t i = 0; i < d->layout.n_rows; i++) {
		if (panel_row_seen(&d->layout, &d->layout.rows[i]).h > 0)
			draw_row(d, c, &d->layout.rows[i]);
	}
}

static bool room_for_looks(struct panel_desk *d)
{
	uint32_t n = d->layout.n_rows;
	uint64_t *looks;
	struct box *places;

	if (n <= d->looks_cap)
		return true;
	d->n_looks = 0;
	looks = realloc(d->looks, n * sizeof(*looks));
	if (looks)
		d->looks = looks;
	places = realloc(d->places, n * sizeof(*places));
	if (places)
		d->places = places;
	if (!looks || !places)
		return false;
	d->looks_cap = n;
	return true;
}

struct box panel_desk_draw(struct panel_desk *d, uint32_t *pixels, size_t stride, bool all)
{
	struct box changed = { 0, 0, 0, 0 };
	bool known = room_for_looks(d);
	struct raster r;

	raster_init(&r, d->fonts, pixels, d->layout.width, d->layout.height, stride);
	/* Rows that moved leave something behind: everything is drawn anew. */
	all = all || !known || d->n_looks != d->layout.n_rows;
	for (uint32_t i = 0; !all && i < d->layout.n_rows; i++) {
		struct box b = panel_row_box(&d->layout, &d->layout.rows[i]);

		all = memcmp(&b, &d->places[i], sizeof(b)) != 0;
	}
	if (all) {
		paint_ground(d, &r.canvas);
		changed = (struct box){ 0, 0, d->layout.width, d->layout.height };
	}
	for (uint32_t i = 0; i < d->layout.n_rows; i++) {
		const struct panel_row *row = &d->layout.rows[i];
		struct box seen = panel_row_seen(&d->layout, row);
		struct digest look;

		if (known)
			d->places[i] = panel_row_box(&d->layout, row);
		if (seen.h <= 0)
			continue;
		digest_init(&look, d->fonts);
		draw_row(d, &look.canvas, row);
		if (!all && look.value == d->looks[i])
			continue;
		draw_row(d, &r.canvas, row);
		changed = box_join(changed, seen);
		if (known)
			d->looks[i] = look.value;
	}
	d->n_looks = known ? d->layout.n_rows : 0;
	return changed;
}
