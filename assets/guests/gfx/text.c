/* SPDX-License-Identifier: Apache-2.0 */
/* Text: UTF-8 in, glyph masks out. */
#include "text.h"

/* The next character of a UTF-8 string, 0 at its end; a wrong byte counts as itself. */
static uint32_t next_code(const char **s)
{
	const unsigned char *p = (const unsigned char *)*s;
	uint32_t c = *p;
	unsigned int more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;

	if (!c)
		return 0;
	p++;
	if (more) {
		c &= 0x3fu >> more;
		for (; more && (*p & 0xc0) == 0x80; more--)
			c = c << 6 | (*p++ & 0x3fu);
	}
	*s = (const char *)p;
	return c;
}

static const struct gfx_glyph *find_glyph(const struct gfx_font *f, uint32_t code)
{
	unsigned int lo = 0, hi = f->count;

	while (lo < hi) {
		unsigned int mid = (lo + hi) / 2;

		if (f->glyph[mid].code < code)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < f->count && f->glyph[lo].code == code ? &f->glyph[lo] : NULL;
}

int gfx_text_width(const struct gfx_font *f, const char *s)
{
	int32_t w = 0;

	for (uint32_t code; (code = next_code(&s));) {
		const struct gfx_glyph *gl = find_glyph(f, code);

		w += gl ? gl->advance : 0;
	}
	return (w + 63) >> 6;
}

static int start_of(const struct gfx_font *f, int x, enum gfx_align align, const char *s)
{
	if (align == GFX_LEFT)
		return x;
	return x - (align == GFX_CENTRE ? gfx_text_width(f, s) / 2 : gfx_text_width(f, s));
}

int gfx_text(const struct gfx *g, const struct gfx_font *f, int x, int y, enum gfx_align align,
	const char *s, gfx_color c)
{
	int32_t pen = start_of(f, x, align, s) * 64, from = pen;

	for (uint32_t code; (code = next_code(&s));) {
		const struct gfx_glyph *gl = find_glyph(f, code);

		if (!gl)
			continue;
		gfx_mask(g, ((pen + 32) >> 6) + gl->left, y - gl->top, f->coverage + gl->offset,
			gl->w, gl->h, gl->w, c);
		pen += gl->advance;
	}
	return (pen - from + 63) >> 6;
}

struct gfx_rect gfx_text_box(
	const struct gfx_font *f, int x, int y, enum gfx_align align, const char *s)
{
	return (struct gfx_rect){ start_of(f, x, align, s) - 2, y - f->ascent,
		gfx_text_width(f, s) + 4, f->ascent + f->descent };
}
