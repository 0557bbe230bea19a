/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Build-time tool: rasterises fonts (FreeType) into C tables of 8-bit coverage, so that guests need
 * no font engine. Usage: fontgen OUT.c OUT.h NAME=FILE:PIXELS:SET ...; SET is `text` (printable
 * ASCII and a few signs), `digits` (what numbers need) or `letters` (gear letters and digits).
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ft2build.h>
#include FT_FREETYPE_H

/* Signs beyond ASCII: degree, middle dot, minus, en dash, ellipsis, arrows of lists, multiply. */
static const uint32_t extra[] = { 0xb0, 0xb7, 0xd7, 0x2013, 0x2026, 0x2212 };

/* True when the set has this character. */
static int in_set(const char *set, uint32_t c)
{
	if (!strcmp(set, "digits"))
		return (c >= '0' && c <= '9') || c == '.' || c == ':' || c == '-' || c == ' ' ||
		       c == 0xb0 || c == 0x2013 || c == 0x2212;
	if (!strcmp(set, "letters"))
		return (c >= '0' && c <= '9') || (c && c < 128 && strchr("PRNDMS-", (int)c)) ||
		       c == 0x2013;
	return 1;
}

static void die(const char *what, const char *which)
{
	fprintf(stderr, "fontgen: %s: %s\n", which, what);
	exit(1);
}

/* Figures of equal width where the font has them ("one.tf"), else the usual glyph. */
static FT_UInt glyph_for(FT_Face face, uint32_t code)
{
	static const char *const figure[] = { "zero.tf", "one.tf", "two.tf", "three.tf", "four.tf",
		"five.tf", "six.tf", "seven.tf", "eight.tf", "nine.tf" };
	FT_UInt i = 0;

	if (code >= '0' && code <= '9') {
		union {
			const char *in;
			FT_String *out;
		} name = { figure[code - '0'] };

		i = FT_Get_Name_Index(face, name.out);
	}
	return i ? i : FT_Get_Char_Index(face, code);
}

struct out {
	FILE *c, *h;
};

static long digit_advance(FT_Face face)
{
	long widest = 0;

	for (uint32_t d = '0'; d <= '9'; d++) {
		if (FT_Load_Glyph(face, glyph_for(face, d), FT_LOAD_NO_HINTING))
			continue;
		if (face->glyph->linearHoriAdvance >> 10 > widest)
			widest = face->glyph->linearHoriAdvance >> 10;
	}
	return widest;
}

static void one_font(FT_Library lib, const struct out *o, char *spec)
{
	char *file = strchr(spec, '='), *size = file ? strchr(file, ':') : NULL;
	char *set = size ? strchr(size + 1, ':') : NULL;
	char *table = NULL;
	size_t table_len = 0;
	FILE *tab;
	FT_Face face;
	unsigned int count = 0, offset = 0;
	long wide;

	if (!set)
		die("is not NAME=FILE:PIXELS:SET", spec);
	*file++ = *size++ = *set++ = '\0';
	if (FT_New_Face(lib, file, 0, &face))
		die("cannot be read as a font", file);
	if (FT_Set_Pixel_Sizes(face, 0, (FT_UInt)strtoul(size, NULL, 10)))
		die("has no such size", file);
	tab = open_memstream(&table, &table_len);
	if (!tab)
		die(strerror(errno), "memory");
	wide = digit_advance(face);
	fprintf(o->c, "static const uint8_t %s_cov[] = {\n", spec);
	for (uint32_t k = 0; k < 95 + sizeof(extra) / sizeof(extra[0]); k++) {
		uint32_t c = k < 95 ? 32 + k : extra[k - 95];
		FT_UInt index = glyph_for(face, c);

		if (index && in_set(set, c) &&
			!FT_Load_Glyph(face, index, FT_LOAD_RENDER | FT_LOAD_NO_HINTING)) {
			FT_GlyphSlot s = face->glyph;
			long adv = s->linearHoriAdvance >> 10; /* 16.16 -> 26.6 */
			long left = s->bitmap_left;

			if (c >= '0' && c <= '9') {
				left += (wide - adv) / 128;
				adv = wide;
			}
			fprintf(tab, "\t{%u, %u, %u, %u, %ld, %d, %ld},\n", c, offset,
				s->bitmap.width, s->bitmap.rows, left, s->bitmap_top, adv);
			for (unsigned int y = 0; y < s->bitmap.rows; y++) {
				for (unsigned int x = 0; x < s->bitmap.width; x++)
					fprintf(o->c, "%d,",
						s->bitmap.buffer[(long)y * s->bitmap.pitch + x]);
				fputc('\n', o->c);
			}
			offset += s->bitmap.width * s->bitmap.rows;
			count++;
		}
	}
	fclose(tab);
	if (FT_Load_Glyph(face, FT_Get_Char_Index(face, 'H'), FT_LOAD_RENDER | FT_LOAD_NO_HINTING))
		die("has no letter H", file);
	fprintf(o->c, "0};\nstatic const struct gfx_glyph %s_glyph[] = {\n%s};\n", spec, table);
	fprintf(o->c, "const struct gfx_font %s = {%s_glyph, %s_cov, %u, %s, %ld, %ld, %d};\n\n",
		spec, spec, spec, count, size, (face->size->metrics.ascender + 63) >> 6,
		(-face->size->metrics.descender + 63) >> 6, face->glyph->bitmap_top);
	fprintf(o->h, "extern const struct gfx_font %s;\n", spec);
	free(table);
	FT_Done_Face(face);
}

int main(int argc, char **argv)
{
	struct out o;
	FT_Library lib;

	if (argc < 4)
		die("OUT.c OUT.h NAME=FILE:PIXELS:SET ...", "usage");
	o.c = fopen(argv[1], "w");
	o.h = fopen(argv[2], "w");
	if (!o.c || !o.h)
		die(strerror(errno), o.c ? argv[2] : argv[1]);
	if (FT_Init_FreeType(&lib))
		die("does not start", "FreeType");
	fprintf(o.c, "/* Made by fontgen: do not edit. */\n#include \"fonts.h\"\n\n");
	fprintf(o.h,
		"/* Made by fontgen: do not edit. */\n#pragma once\n\n#include \"text.h\"\n\n");
	for (int i = 3; i < argc; i++)
		one_font(lib, &o, argv[i]);
	FT_Done_FreeType(lib);
	if (fclose(o.c) || fclose(o.h))
		die(strerror(errno), "writing");
	return 0;
}
