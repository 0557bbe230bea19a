/* SPDX-License-Identifier: Apache-2.0 */
/* What the user does with a panel; see desk.h. The picture is in draw.c. */
#include "ui/panel/desk.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS          UINT64_C(1000000000)
#define ARMED_NS    (3 * NS)
#define NOTE_NS     (6 * NS)
#define SLOP        8 /* units that a finger trembles */
#define WHEEL_UNITS 56

int panel_desk_init(
	struct panel_desk *d, struct panel_spec *spec_take, struct panel_fonts *fonts_take)
{
	int rc;

	*d = (struct panel_desk){ .fonts = fonts_take };
	rc = panel_model_init(&d->model, spec_take);
	if (rc < 0)
		fonts_take->free(fonts_take);
	return rc;
}

void panel_desk_fini(struct panel_desk *d)
{
	if (d->fonts)
		d->fonts->free(d->fonts);
	panel_layout_fini(&d->layout);
	panel_model_fini(&d->model);
	free(d->looks);
	free(d->places);
	*d = (struct panel_desk){ .fonts = NULL };
}

static int place(struct panel_desk *d)
{
	const struct panel_layout *l = &d->layout;

	return panel_layout_make(
		&d->layout, &d->model.spec, d->filter, l->width, l->height, l->scale);
}

int panel_desk_resize(struct panel_desk *d, int width, int height, double scale)
{
	if (scale != d->layout.scale)
		d->fonts->rescale(d->fonts, scale);
	d->layout.width = width;
	d->layout.height = height;
	d->layout.scale = scale;
	d->n_looks = 0;
	return place(d);
}

/* ---- spots ---- */

bool panel_spot_same(const struct panel_spot *a, const struct panel_spot *b)
{
	return a->type == b->type && a->index == b->index && a->part == b->part &&
	       a->part_index == b->part_index;
}

static struct panel_spot spot_of(const struct panel_row *r, const struct panel_part *p)
{
	return (struct panel_spot){ r->type, r->index, p ? p->type : PART_NONE, p ? p->index : 0 };
}

static const struct panel_row *row_of(const struct panel_desk *d, const struct panel_spot *s)
{
	for (uint32_t i = 0; i < d->layout.n_rows; i++) {
		const struct panel_row *r = &d->layout.rows[i];

		if (r->type == s->type && r->index == s->index)
			return r;
	}
	return NULL;
}

static uint32_t parts_of(const struct panel_desk *d, const struct panel_row *r,
	struct panel_part out[PANEL_MAX_PARTS])
{
	return panel_parts(&d->layout, &d->model, d->fonts, r, out);
}

/* False when it is there no more. */
static bool find_part(
	const struct panel_desk *d, const struct panel_spot *s, struct panel_part *out)
{
	const struct panel_row *r = row_of(d, s);
	struct panel_part parts[PANEL_MAX_PARTS];
	uint32_t n = r && s->part != PART_NONE ? parts_of(d, r, parts) : 0;

	for (uint32_t i = 0; i < n; i++) {
		if (parts[i].type == s->part && parts[i].index == s->part_index) {
			*out = parts[i];
			return true;
		}
	}
	return false;
}

/* What lies under a point; thin parts are easier to hit than they look. */
static struct panel_spot spot_at(const struct panel_desk *d, int x, int y)
{
	uint32_t at = panel_row_at(&d->layout, x, y);
	struct panel_part parts[PANEL_MAX_PARTS];
	int more = panel_px(&d->layout, 6);
	uint32_t n;

	if (at == d->layout.n_rows)
		return (struct panel_spot){ ROW_NONE, UINT32_MAX, PART_NONE, 0 };
	n = parts_of(d, &d->layout.rows[at], parts);
	for (uint32_t i = 0; i < n; i++) {
		struct box b = parts[i].box;

		if (box_has((struct box){ b.x, b.y - more, b.w, b.h + 2 * more }, x, y))
			return spot_of(&d->layout.rows[at], &parts[i]);
	}
	return spot_of(&d->layout.rows[at], NULL);
}

/* ---- commands ---- */

static const char *verb_of(const struct panel_model *m, const struct panel_spot *s)
{
	const char *state = s->type == ROW_GUEST ? m->guest[s->index] : m->state;

	switch (s->part) {
	case PART_PAUSE:
		return strcmp(state, "paused") == 0 ? "resume" : "pause";
	case PART_RESET:
		return "reset";
	case PART_KILL:
		return "kill";
	case PART_SHOT:
		return "screenshot";
	case PART_STOP:
		return "stop";
	default:
		return "";
	}
}

/* A word of a command line, as a shell wants it. */
static void shell_word(const char *text, char *buf, size_t cap)
{
	bool plain = *text && strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					   "0123456789_.:/+-") == strlen(text);

	snprintf(buf, cap, plain ? "%s" : "\"%s\"", text);
}

void panel_spot_command(
	const struct panel_model *m, const struct panel_spot *s, char *buf, size_t cap)
{
	char name[256], value[128];

	buf[0] = '\0';
	if (s->type == ROW_STREAM) {
		const struct panel_stream *st = &m->stream[s->index];

		if (s->part == PART_MUTE)
			snprintf(buf, cap, "dyno ctl mute %s %s", m->spec.streams[s->index],
				st->mute ? "off" : "on");
		else
			snprintf(buf, cap, "dyno ctl volume %s %u", m->spec.streams[s->index],
				st->volume_percent);
	} else if (s->type == ROW_GUEST && s->part != PART_NONE) {
		snprintf(buf, cap, "dyno ctl %s %s%s", verb_of(m, s), m->spec.guests[s->index].name,
			s->part == PART_SHOT ? " FILE.png" : "");
	} else if (s->type == ROW_HEADER && s->part != PART_NONE) {
		snprintf(buf, cap, "dyno ctl %s", verb_of(m, s));
	} else if (s->type == ROW_BUS) {
		snprintf(buf, cap, "dyno ctl status");
	} else if (s->type == ROW_SIGNAL) {
		const struct panel_value *v = &m->values[s->index];
		const struct panel_signal *sig = &m->spec.signals[s->index];
		uint32_t choice = panel_model_choice(m, s->index);

		shell_word(sig->name, name, sizeof(name));
		if (choice < sig->n_choices)
			shell_word(sig->choices[choice].text, value, sizeof(value));
		else
			snprintf(value, sizeof(value), "%.*f", (int)sig->decimals,
				panel_model_shown(m, s->index));
		if (s->part == PART_RELEASE)
			snprintf(buf, cap, "dyno ctl release %s", name);
		else if (sig->heard || s->part == PART_NONE)
			snprintf(buf, cap, "dyno ctl get %s", name);
		else
			snprintf(buf, cap, "dyno ctl %s %s %s", v->fed || v->held ? "hold" : "set",
				name, value);
	}
}

/* What cannot be undone is pressed twice. */
static bool is_grave(enum panel_part_type t)
{
	return t == PART_KILL || t == PART_STOP;
}

static void ask(struct panel_desk *d, const struct panel_spot *s)
{
	const char *verb = verb_of(&d->model, s);
	char *state = s->type == ROW_GUEST ? d->model.guest[s->index] : d->model.state;
	json_t *o = s->type == ROW_GUEST ? json_pack("{s:s,s:s}", "op", verb, "guest",
						   d->model.spec.guests[s->index].name)
					 : json_pack("{s:s}", "op", verb);

	panel_model_ask(&d->model, o);
	/* The next press is the other one, though the bench has not said yet what came of this. */
	if (s->part == PART_PAUSE)
		snprintf(
			state, PANEL_WORD, "%s", strcmp(verb, "pause") == 0 ? "paused" : "running");
}

static void step_choice(struct panel_desk *d, uint32_t signal, int by)
{
	const struct panel_signal *s = &d->model.spec.signals[signal];
	uint32_t at = panel_model_choice(&d->model, signal);

	if (at == s->n_choices)
		at = by > 0 ? 0 : s->n_choices - 1;
	else if (by > 0 ? at + 1 < s->n_choices : at > 0)
		at = by > 0 ? at + 1 : at - 1;
	panel_model_want(&d->model, signal, s->choices[at].value);
}

/* By so many steps of a signal; the smallest that a person sees where steps are finer. */
static void step_value(struct panel_desk *d, uint32_t signal, double steps)
{
	const struct panel_signal *s = &d->model.spec.signals[signal];
	double step = s->step;

	if (s->kind == PANEL_CHOICE) {
		step_choice(d, signal, steps > 0 ? 1 : -1);
		return;
	}
	if (s->kind == PANEL_RANGE)
		step = MAX(step, (s->max - s->min) / 200);
	panel_model_want(&d->model, signal, panel_model_shown(&d->model, signal) + steps * step);
}

static void press_signal(struct panel_desk *d, const struct panel_spot *s)
{
	const struct panel_signal *sig = &d->model.spec.signals[s->index];
	double shown = panel_model_shown(&d->model, s->index);

	switch (s->part) {
	case PART_SWITCH:
		panel_model_want(&d->model, s->index, shown == sig->max ? sig->min : sig->max);
		break;
	case PART_SEGMENT:
		panel_model_want(&d->model, s->index, sig->choices[s->part_index].value);
		break;
	case PART_LESS:
	case PART_MORE:
		step_value(d, s->index, s->part == PART_MORE ? 1 : -1);
		break;
	case PART_RELEASE:
		panel_model_release(&d->model, s->index);
		break;
	default:
		break;
	}
}

static void press(struct panel_desk *d, const struct panel_spot *s, uint64_t now_ns)
{
	if (is_grave(s->part) && !panel_spot_same(s, &d->armed)) {
		d->armed = *s;
		d->armed_until_ns = now_ns + ARMED_NS;
		return;
	}
	d->armed = (struct panel_spot){ .part = PART_NONE };
	if (s->type == ROW_SIGNAL) {
		press_signal(d, s);
	} else if (s->part == PART_MUTE) {
		struct panel_stream *st = &d->model.stream[s->index];

		st->mute = !st->mute;
		panel_model_ask(
			&d->model, json_pack("{s:s,s:s,s:b}", "op", "mute", "stream",
					   d->model.spec.streams[s->index], "on", (int)st->mute));
	} else if (*verb_of(&d->model, s)) {
		ask(d, s);
	}
}

/* ---- mouse and fingers ---- */

static void drag_slider(struct panel_desk *d, int x)
{
	const struct panel_spot *s = &d->drag.spot;
	struct panel_part p;
	double share;

	if (!find_part(d, s, &p))
		return;
	share = panel_track_share(panel_track(&d->layout, p.box), x);
	if (s->type == ROW_STREAM) {
		d->model.stream[s->index].grabbed = true;
		panel_model_volume(&d->model, s->index, (uint32_t)lround(share * 100));
	} else {
		const struct panel_signal *sig = &d->model.spec.signals[s->index];

		d->model.values[s->index].grabbed = true;
		panel_model_want(&d->model, s->index, sig->min + share * (sig->max - sig->min));
	}
}

static void let_go(struct panel_desk *d)
{
	if (d->drag.kind == DRAG_SLIDER && d->drag.spot.type == ROW_STREAM)
		d->model.stream[d->drag.spot.index].grabbed = false;
	else if (d->drag.kind == DRAG_SLIDER)
		d->model.values[d->drag.spot.index].grabbed = false;
	d->drag.kind = DRAG_NONE;
}

static bool is_slider(const struct panel_spot *s)
{
	return s->part == PART_SLIDER || s->part == PART_VOLUME;
}

static void down(struct panel_desk *d, bool finger, int x, int y)
{
	uint32_t at = panel_row_at(&d->layout, x, y);

	let_go(d);
	d->keyboard = false;
	d->drag.spot = spot_at(d, x, y);
	d->drag.x = x;
	d->drag.y = y;
	d->drag.column = at < d->layout.n_rows ? d->layout.rows[at].column : COLUMN_FIXED;
	if (d->drag.spot.part != PART_NONE)
		d->focus = d->drag.spot;
	/* A finger that lands on a slider may want to scroll. */
	if (is_slider(&d->drag.spot))
		d->drag.kind = finger ? DRAG_MAYBE : DRAG_SLIDER;
	else if (d->drag.spot.part != PART_NONE)
		d->drag.kind = DRAG_PART;
	else
		d->drag.kind = finger ? DRAG_SCROLL : DRAG_NONE;
	if (d->drag.kind == DRAG_SLIDER)
		drag_slider(d, x);
}

static void move(struct panel_desk *d, bool finger, int x, int y)
{
	int slop = panel_px(&d->layout, SLOP);
	int dx = abs(x - d->drag.x), dy = abs(y - d->drag.y);

	if (!finger)
		d->hover = spot_at(d, x, y);
	if (d->drag.kind == DRAG_MAYBE && MAX(dx, dy) > slop)
		d->drag.kind = dx >= dy ? DRAG_SLIDER : DRAG_SCROLL;
	else if (d->drag.kind == DRAG_PART && finger && dy > slop)
		d->drag.kind = DRAG_SCROLL;
	if (d->drag.kind == DRAG_SLIDER) {
		drag_slider(d, x);
	} else if (d->drag.kind == DRAG_SCROLL) {
		(void)panel_scroll(&d->layout, d->drag.column, d->drag.y - y);
		d->drag.y = y;
	}
}

static void up(struct panel_desk *d, int x, int y, uint64_t now_ns)
{
	struct panel_spot at = spot_at(d, x, y);

	if (d->drag.kind == DRAG_MAYBE) {
		d->drag.kind = DRAG_SLIDER;
		drag_slider(d, x);
	} else if (d->drag.kind == DRAG_PART && panel_spot_same(&at, &d->drag.spot)) {
		press(d, &at, now_ns);
	}
	let_go(d);
}

void panel_desk_point(
	struct panel_desk *d, enum panel_touch what, bool finger, int x, int y, uint64_t now_ns)
{
	if (what == PANEL_DOWN)
		down(d, finger, x, y);
	else if (what == PANEL_MOVE)
		move(d, finger, x, y);
	else
		up(d, x, y, now_ns);
}

void panel_desk_leave(struct panel_desk *d)
{
	d->hover = (struct panel_spot){ ROW_NONE, UINT32_MAX, PART_NONE, 0 };
}

void panel_desk_wheel(struct panel_desk *d, int x, int y, int clicks)
{
	for (int c = 0; c < COLUMN_FIXED; c++) {
		if (box_has(d->layout.column[c].area, x, y))
			(void)panel_scroll(&d->layout, (enum panel_column)c,
				-clicks * panel_px(&d->layout, WHEEL_UNITS));
	}
	d->hover = spot_at(d, x, y);
}

/* ---- keyboard ---- */

/* The next part after (or before) the one that has the keyboard, around the ends. `rows`: the
 * first part of another row. */
static void move_focus(struct panel_desk *d, int by, bool rows)
{
	uint32_t n_rows = d->layout.n_rows, row = 0;
	struct panel_part parts[PANEL_MAX_PARTS];
	const struct panel_row *at = row_of(d, &d->focus);
	bool there = at && d->focus.part != PART_NONE;
	uint32_t n, i = 0;

	d->keyboard = true;
	if (there) {
		row = (uint32_t)(at - d->layout.rows);
		n = parts_of(d, at, parts);
		while (i < n &&
			!(parts[i].type == d->focus.part && parts[i].index == d->focus.part_index))
			i++;
		if (!rows && i < n && (by > 0 ? i + 1 < n : i > 0)) {
			d->focus = spot_of(at, &parts[by > 0 ? i + 1 : i - 1]);
			return;
		}
	}
	for (uint32_t k = there ? 1 : 0; k <= n_rows; k++) {
		const struct panel_row *r =
			&d->layout.rows[(row + (by > 0 ? k : n_rows * 2 - k)) % n_rows];

		n = parts_of(d, r, parts);
		if (!n)
			continue;
		d->focus = spot_of(r, &parts[by > 0 || rows ? 0 : n - 1]);
		(void)panel_reveal(&d->layout, r);
		return;
	}
}

/* True when the focus is on something that has values. */
static bool step_focus(struct panel_desk *d, double steps)
{
	const struct panel_spot *s = &d->focus;

	if (s->part == PART_VOLUME) {
		double v = d->model.stream[s->index].volume_percent + steps;

		panel_model_volume(&d->model, s->index, (uint32_t)MIN(MAX(v, 0.0), 100.0));
		return true;
	}
	if (s->type != ROW_SIGNAL || s->part == PART_RELEASE || s->part == PART_NONE)
		return false;
	if (s->part == PART_SWITCH) {
		const struct panel_signal *sig = &d->model.spec.signals[s->index];

		panel_model_want(&d->model, s->index, steps > 0 ? sig->max : sig->min);
		return true;
	}
	step_value(d, s->index, steps);
	/* The keyboard goes where the value goes. */
	if (s->part == PART_SEGMENT)
		d->focus.part_index = panel_model_choice(&d->model, s->index);
	return true;
}

static void to_end(struct panel_desk *d, bool last)
{
	const struct panel_spot *s = &d->focus;

	if (s->part == PART_VOLUME) {
		panel_model_volume(&d->model, s->index, last ? 100 : 0);
	} else if (s->part == PART_SLIDER) {
		const struct panel_signal *sig = &d->model.spec.signals[s->index];

		panel_model_want(&d->model, s->index, last ? sig->max : sig->min);
	} else {
		int far = d->layout.column[COLUMN_SIGNALS].content;

		(void)panel_scroll(&d->layout, COLUMN_SIGNALS, last ? far : -far);
	}
}

static void set_filter(struct panel_desk *d, size_t len)
{
	d->filter[len] = '\0';
	d->layout.column[COLUMN_SIGNALS].scroll = 0;
	/* Memory is there: it was for all signals. */
	(void)!place(d);
}

static void escape(struct panel_desk *d)
{
	d->armed = (struct panel_spot){ .part = PART_NONE };
	if (d->filter[0])
		set_filter(d, 0);
	else
		d->focus = (struct panel_spot){ .part = PART_NONE };
}

static void erase(struct panel_desk *d)
{
	size_t len = strlen(d->filter);

	if (!len)
		return;
	do
		len--;
	while (len && ((unsigned char)d->filter[len] & 0xc0) == 0x80);
	set_filter(d, len);
}

void panel_desk_key(struct panel_desk *d, enum panel_key key, uint64_t now_ns)
{
	struct panel_part p;
	int page = d->layout.column[COLUMN_SIGNALS].area.h * 3 / 4;

	switch (key) {
	case PANEL_KEY_NEXT:
	case PANEL_KEY_PREV:
		move_focus(d, key == PANEL_KEY_NEXT ? 1 : -1, false);
		break;
	case PANEL_KEY_UP:
	case PANEL_KEY_DOWN:
		move_focus(d, key == PANEL_KEY_DOWN ? 1 : -1, true);
		break;
	case PANEL_KEY_LEFT:
	case PANEL_KEY_RIGHT:
		d->keyboard = true;
		if (!step_focus(d, key == PANEL_KEY_RIGHT ? 1 : -1))
			move_focus(d, key == PANEL_KEY_RIGHT ? 1 : -1, false);
		break;
	case PANEL_KEY_PAGE_UP:
	case PANEL_KEY_PAGE_DOWN:
		if (d->focus.part != PART_SLIDER && d->focus.part != PART_VOLUME)
			(void)panel_scroll(&d->layout, COLUMN_SIGNALS,
				key == PANEL_KEY_PAGE_DOWN ? page : -page);
		else
			(void)step_focus(d, key == PANEL_KEY_PAGE_UP ? 10 : -10);
		break;
	case PANEL_KEY_HOME:
	case PANEL_KEY_END:
		to_end(d, key == PANEL_KEY_END);
		break;
	case PANEL_KEY_PRESS:
		/* Only where the focus is seen. */
		if (d->keyboard && find_part(d, &d->focus, &p))
			press(d, &d->focus, now_ns);
		break;
	case PANEL_KEY_ERASE:
		erase(d);
		break;
	case PANEL_KEY_RELEASE:
		if (d->focus.type == ROW_SIGNAL && d->focus.part != PART_NONE &&
			d->model.values[d->focus.index].held)
			panel_model_release(&d->model, d->focus.index);
		break;
	case PANEL_KEY_ESCAPE:
		escape(d);
		break;
	}
}

void panel_desk_type(struct panel_desk *d, const char *text)
{
	size_t len = strlen(d->filter), more = strlen(text);

	/* A space presses what has the keyboard; none begins a filter. */
	if (!d->model.spec.n_signals || len + more >= sizeof(d->filter) ||
		(text[0] == ' ' && (!len || d->keyboard)))
		return;
	memcpy(d->filter + len, text, more);
	set_filter(d, len + more);
}

void panel_desk_tick(struct panel_desk *d, uint64_t now_ns)
{
	if (d->armed.part != PART_NONE && now_ns > d->armed_until_ns)
		d->armed = (struct panel_spot){ .part = PART_NONE };
	if (d->model.note[0] && now_ns > d->note_until_ns)
		panel_model_note(&d->model, false, "");
}

void panel_desk_note(struct panel_desk *d, bool bad, const char *text, uint64_t now_ns)
{
	panel_model_note(&d->model, bad, text);
	d->note_until_ns = now_ns + NOTE_NS;
}

/* ---- for tests and tools ---- */

const char *panel_part_name(enum panel_part_type t)
{
	static const char *const names[] = { "", "switch", "slider", "segment", "less", "more",
		"release", "pause", "reset", "kill", "screenshot", "mute", "volume", "stop" };

	return names[t];
}

static const char *row_name(const struct panel_model *m, const struct panel_row *r)
{
	switch (r->type) {
	case ROW_SIGNAL:
		return m->spec.signals[r->index].name;
	case ROW_GUEST:
		return m->spec.guests[r->index].name;
	case ROW_STREAM:
		return m->spec.streams[r->index];
	default:
		return "";
	}
}

json_t *panel_desk_controls(struct panel_desk *d)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < d->layout.n_rows; i++) {
		const struct panel_row *r = &d->layout.rows[i];
		struct panel_part parts[PANEL_MAX_PARTS];
		uint32_t n = panel_row_seen(&d->layout, r).h > 0 ? parts_of(d, r, parts) : 0;

		for (uint32_t k = 0; k < n; k++) {
			struct box b = parts[k].box;

			json_array_append_new(
				list, json_pack("{s:s,s:s,s:i,s:i,s:i,s:i,s:i}", "control",
					      panel_part_name(parts[k].type), "name",
					      row_name(&d->model, r), "index", (int)parts[k].index,
					      "x", b.x, "y", b.y, "w", b.w, "h", b.h));
		}
	}
	return list;
}
