/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where everything of a panel is: rows in two columns (one where the window is narrow), each of
 * which scrolls, and the parts of a row that can be pressed. Pure.
 */
#pragma once

#include "ui/panel/canvas.h"
#include "ui/panel/model.h"

#define PANEL_FILTER    64
#define PANEL_MAX_PARTS 8

enum panel_row_type {
	ROW_HEADER, /* title, state of the bench */
	ROW_TITLE, /* "Guests" */
	ROW_GROUP, /* a group's heading: index is its first signal's */
	ROW_SIGNAL,
	ROW_GUEST,
	ROW_BUS,
	ROW_STREAM,
	ROW_NONE, /* says that there is nothing */
	ROW_FOOTER
};

enum panel_column { COLUMN_SIGNALS, COLUMN_BENCH, COLUMN_FIXED, PANEL_COLUMNS };

struct panel_row {
	enum panel_row_type type;
	enum panel_column column;
	uint32_t index; /* in the spec's list; of ROW_TITLE: which one */
	int y, h; /* from the top of what the column scrolls; of fixed ones the window's */
	bool first, last; /* of its card: round corners there */
};

enum panel_part_type {
	PART_NONE,
	PART_SWITCH,
	PART_SLIDER,
	PART_SEGMENT, /* a choice: index */
	PART_LESS,
	PART_MORE, /* the choice before, behind; a number's steps */
	PART_RELEASE,
	PART_PAUSE, /* or go on */
	PART_RESET,
	PART_KILL,
	PART_SHOT,
	PART_MUTE,
	PART_VOLUME,
	PART_STOP
};

struct panel_part {
	enum panel_part_type type;
	uint32_t index;
	struct box box; /* in the window */
};

enum { TITLE_GUESTS, TITLE_BUSES, TITLE_SOUND };

struct panel_layout {
	int width, height;
	double scale;
	struct panel_row *rows; /* the header and the footer first */
	uint32_t n_rows, cap;
	struct {
		struct box area; /* in the window */
		int content, scroll; /* pixels: of all rows, of those above the area */
	} column[PANEL_COLUMNS];
};

/* Units between the two buttons of a stepper, for the value. */
#define PANEL_STEPPER_VALUE 110
/* Whether the signal's values are gone through by two buttons. */
bool panel_stepper(const struct panel_signal *s);
/* Height of the line with the signal's name, in units. */
double panel_head_units(const struct panel_signal *s);

/* Pixels of a length in the design's units. */
int panel_px(const struct panel_layout *l, double units);

/*
 * Places everything anew for the window's size; columns stay scrolled as far as they can. Signals
 * without `filter` in their name (any case) are left out. `fonts` have the layout's scale.
 * 0 or -ENOMEM.
 */
MUST_CHECK int panel_layout_make(struct panel_layout *l, const struct panel_spec *spec,
	const char *filter, int width, int height, double scale);
void panel_layout_fini(struct panel_layout *l);

/* Where a row is in the window, scrolled. */
struct box panel_row_box(const struct panel_layout *l, const struct panel_row *r);
/* What of it is seen. */
struct box panel_row_seen(const struct panel_layout *l, const struct panel_row *r);
/* The row at a point; n_rows: none. */
uint32_t panel_row_at(const struct panel_layout *l, int x, int y);
/* The parts of a row that can be pressed now, from left to right. The number. */
uint32_t panel_parts(const struct panel_layout *l, const struct panel_model *m,
	struct panel_fonts *fonts, const struct panel_row *r,
	struct panel_part out[PANEL_MAX_PARTS]);

/* Scrolls a column by pixels, as far as it goes. True when it moved. */
bool panel_scroll(struct panel_layout *l, enum panel_column c, int by);
/* Scrolls so that the row is seen. True when something moved. */
bool panel_reveal(struct panel_layout *l, const struct panel_row *r);

/* A slider's track inside its part, where the knob's middle can be; and the value under x. */
struct box panel_track(const struct panel_layout *l, struct box part);
double panel_track_share(struct box track, int x);
