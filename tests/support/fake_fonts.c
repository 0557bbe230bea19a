/* SPDX-License-Identifier: Apache-2.0 */
/* See fake_fonts.h. */
#include "tests/support/fake_fonts.h"

#include <stdlib.h>
#include <string.h>

struct fake {
	struct panel_fonts fonts;
	struct panel_glyph glyph;
	uint8_t alpha[64 * 128];
	int height;
};

static const struct panel_glyph *glyph(
	struct panel_fonts *f, enum panel_font font, uint32_t code_point)
{
	(void)font;
	(void)code_point;
	return &((struct fake *)f)->glyph;
}

static int height(struct panel_fonts *f, enum panel_font font)
{
	(void)font;
	return ((struct fake *)f)->height;
}

static void rescale(struct panel_fonts *f, double scale)
{
	struct fake *k = (struct fake *)f;

	k->height = (int)(16 * scale);
	k->glyph = (struct panel_glyph){ .advance = (int)(8 * scale),
		.w = (int)(6 * scale),
		.h = (int)(12 * scale),
		.alpha = k->alpha };
}

static void release(struct panel_fonts *f)
{
	free(f);
}

struct panel_fonts *fake_fonts(void)
{
	struct fake *k = calloc(1, sizeof(*k));

	if (!k)
		abort();
	k->fonts = (struct panel_fonts){ glyph, height, rescale, release };
	memset(k->alpha, 255, sizeof(k->alpha));
	rescale(&k->fonts, 1);
	return &k->fonts;
}
