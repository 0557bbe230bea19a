/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a panel is drawn on: filled boxes with round corners and lines of text, clipped. One canvas
 * makes pixels, another only a number that tells whether anything would look different; tests have
 * their own. Glyphs come from whoever has a font.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct box {
	int x, y, w, h;
};

static inline bool box_has(struct box b, int x, int y)
{
	return x >= b.x && y >= b.y && x < b.x + b.w && y < b.y + b.h;
}
/* What both have; w and h are 0 where there is nothing. */
struct box box_meet(struct box a, struct box b);
/* The smallest that has both; an empty one counts for nothing. */
struct box box_join(struct box a, struct box b);

/* ---- text ---- */

enum panel_font { FONT_SMALL, FONT_BODY, FONT_STRONG, FONT_TITLE, PANEL_FONTS };

/* Coverage of one character; (left, top) is from the pen and the top of the line. */
struct panel_glyph {
	int advance, left, top, w, h;
	const uint8_t *alpha; /* w * h; NULL: nothing to draw */
};

struct panel_fonts {
	/* Never NULL; valid until the next call. */
	const struct panel_glyph *(*glyph)(
		struct panel_fonts *f, enum panel_font font, uint32_t code_point);
	/* Of a line, in pixels. */
	int (*height)(struct panel_fonts *f, enum panel_font font);
	/* Sizes for another scale: 1 is 96 dots an inch. */
	void (*rescale)(struct panel_fonts *f, double scale);
	void (*free)(struct panel_fonts *f);
};

/* The code point at *at, which moves behind it; controls and what is no UTF-8 become U+FFFD. */
uint32_t text_next(const char **at, const char *end);
/* Width of `len` bytes. */
int text_width(struct panel_fonts *f, enum panel_font font, const char *text, size_t len);
/* How many bytes fit into `width`, never half a character. */
size_t text_fit(
	struct panel_fonts *f, enum panel_font font, const char *text, size_t len, int width);

/* ---- drawing ---- */

struct canvas;

struct canvas_ops {
	/* What follows is drawn inside the box only. */
	void (*clip)(struct canvas *c, struct box b);
	/* `radius` 0: square corners. */
	void (*fill)(struct canvas *c, struct box b, int radius, uint32_t rgb);
	/* (x, y) is the upper left corner of the line. */
	void (*text)(struct canvas *c, int x, int y, enum panel_font font, uint32_t rgb,
		const char *text, size_t len);
};

struct canvas {
	const struct canvas_ops *ops;
	struct panel_fonts *fonts;
};

/* Pixels, bytes B G R X. */
struct raster {
	struct canvas canvas;
	struct box clip;
	uint32_t *px;
	int width, height;
	size_t stride; /* pixels from row to row */
};
void raster_init(struct raster *r, struct panel_fonts *fonts, uint32_t *px, int width, int height,
	size_t stride);

/* A number made of everything that is drawn. */
struct digest {
	struct canvas canvas;
	uint64_t value;
};
void digest_init(struct digest *d, struct panel_fonts *fonts);

/* ---- for those who draw ---- */

/*
 * A line in a box: `align` -1 left, 0 centred, 1 right; in the middle of its height. What does not
 * fit is cut, with an ellipsis. Returns the width that it took.
 */
int canvas_label(struct canvas *c, struct box b, int align, enum panel_font font, uint32_t rgb,
	const char *text, size_t len);
/* The border of a box, `width` pixels wide, drawn over what `inside` says it is filled with. */
void canvas_frame(
	struct canvas *c, struct box b, int radius, int width, uint32_t rgb, uint32_t inside);
