/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A panel in use: what is pointed at, pressed, dragged, has the keyboard; what the user's moves
 * make of the model; and its picture. Pure but for memory: no window system, no socket, no clock.
 */
#pragma once

#include "ui/panel/layout.h"

/* One part of one row; `row` n_rows and beyond: nothing. */
struct panel_spot {
	enum panel_row_type type;
	uint32_t index; /* of the row */
	enum panel_part_type part; /* PART_NONE: nothing */
	uint32_t part_index;
};

enum panel_key {
	PANEL_KEY_NEXT, /* Tab */
	PANEL_KEY_PREV,
	PANEL_KEY_UP,
	PANEL_KEY_DOWN,
	PANEL_KEY_LEFT,
	PANEL_KEY_RIGHT,
	PANEL_KEY_PAGE_UP,
	PANEL_KEY_PAGE_DOWN,
	PANEL_KEY_HOME,
	PANEL_KEY_END,
	PANEL_KEY_PRESS, /* space, enter */
	PANEL_KEY_ERASE, /* backspace */
	PANEL_KEY_RELEASE, /* delete */
	PANEL_KEY_ESCAPE
};

enum panel_touch { PANEL_DOWN, PANEL_MOVE, PANEL_UP };

enum panel_drag { DRAG_NONE, DRAG_PART, DRAG_SLIDER, DRAG_MAYBE, DRAG_SCROLL };

struct panel_desk {
	struct panel_model model;
	struct panel_layout layout;
	struct panel_fonts *fonts; /* owned */
	char filter[PANEL_FILTER];
	struct panel_spot hover, focus;
	bool keyboard; /* the focus is shown */
	struct {
		enum panel_drag kind;
		struct panel_spot spot;
		int x, y; /* where it began; of DRAG_SCROLL where it was last */
		enum panel_column column;
	} drag;
	struct panel_spot armed; /* pressed once: the second time it happens */
	uint64_t armed_until_ns, note_until_ns;
	/* What the last picture showed, row by row; 0: all is to be drawn. */
	uint64_t *looks;
	struct box *places;
	uint32_t n_looks, looks_cap;
};

/* Takes the spec and the fonts. 0 or -ENOMEM (they are freed then, too). */
MUST_CHECK int panel_desk_init(
	struct panel_desk *d, struct panel_spec *spec_take, struct panel_fonts *fonts_take);
void panel_desk_fini(struct panel_desk *d);

/* The window's size in pixels and its scale. 0 or -ENOMEM. */
MUST_CHECK int panel_desk_resize(struct panel_desk *d, int width, int height, double scale);

/* ---- the user ---- `now_ns` is any clock that goes on */

/* The mouse, or one finger. */
void panel_desk_point(
	struct panel_desk *d, enum panel_touch what, bool finger, int x, int y, uint64_t now_ns);
/* The mouse left the window. */
void panel_desk_leave(struct panel_desk *d);
/* Wheel clicks; up is positive. */
void panel_desk_wheel(struct panel_desk *d, int x, int y, int clicks);
void panel_desk_key(struct panel_desk *d, enum panel_key key, uint64_t now_ns);
/* Typed text narrows the list of signals. */
void panel_desk_type(struct panel_desk *d, const char *text);
/* Time passed: what was armed is so no more, notes go. */
void panel_desk_tick(struct panel_desk *d, uint64_t now_ns);
/* An answer of the bench for the user. */
void panel_desk_note(struct panel_desk *d, bool bad, const char *text, uint64_t now_ns);

/* ---- the picture ---- */

/*
 * Draws what looks otherwise than last time (all: everything) into pixels of the window's size.
 * Returns the area that changed.
 */
struct box panel_desk_draw(struct panel_desk *d, uint32_t *px, size_t stride, bool all);
/* Draws everything on any canvas. */
void panel_desk_paint(struct panel_desk *d, struct canvas *c);
/* What can be pressed and is seen, as JSON: [{"control", "name", "x", "y", "w", "h"}]. */
json_t *panel_desk_controls(struct panel_desk *d);

/* The `dyno ctl` command that does the same; "" where there is none. */
void panel_spot_command(
	const struct panel_model *m, const struct panel_spot *s, char *buf, size_t cap);
bool panel_spot_same(const struct panel_spot *a, const struct panel_spot *b);
/* "switch", "slider", ... */
const char *panel_part_name(enum panel_part_type t);
