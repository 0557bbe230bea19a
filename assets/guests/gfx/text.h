/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text from fonts that were rasterised at build time (assets/fonts/fontgen.c). Strings are UTF-8;
 * a character that a font lacks is skipped. Digits are as wide as each other.
 */
#pragma once

#include "gfx.h"

struct gfx_glyph {
	uint32_t code;
	uint32_t offset; /* of its coverage */
	uint16_t w, h; /* coverage bytes a row, rows */
	int16_t left, top; /* from the pen on the base line; top counts upwards */
	int32_t advance; /* 1/64 pixel */
};

struct gfx_font {
	const struct gfx_glyph *glyph; /* by rising code */
	const uint8_t *coverage;
	unsigned int count;
	int px; /* em size */
	int ascent, descent; /* pixels above and below the base line, both positive */
	int cap; /* height of a capital letter */
};

enum gfx_align { GFX_LEFT, GFX_CENTRE, GFX_RIGHT };

/* Width of a string in pixels. */
int gfx_text_width(const struct gfx_font *f, const char *s);
/* Draws on the base line y; x is the left end, the middle or the right end. Returns the width. */
int gfx_text(const struct gfx *g, const struct gfx_font *f, int x, int y, enum gfx_align align,
	const char *s, gfx_color c);
/* The box that gfx_text() stays inside. */
struct gfx_rect gfx_text_box(
	const struct gfx_font *f, int x, int y, enum gfx_align align, const char *s);
