/* SPDX-License-Identifier: Apache-2.0 */
/* See font.h. Glyphs are kept as they were rendered: a panel has few, and draws them often. */
#include "ui/panel/font.h"

#include <SDL_ttf.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SLOTS     2048 /* a power of two */
#define FULL      1536
#define FALLBACKS 3

/* A family: plain and bold. */
struct family {
	const char *plain, *bold;
};

static const struct family families[] = {
	{ "/usr/share/fonts/opentype/inter/Inter-Regular.otf",
		"/usr/share/fonts/opentype/inter/Inter-SemiBold.otf" },
	{ "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
		"/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf" },
	{ "/usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf",
		"/usr/share/fonts/dejavu-sans-fonts/DejaVuSans-Bold.ttf" },
	{ "/usr/share/fonts/TTF/DejaVuSans.ttf", "/usr/share/fonts/TTF/DejaVuSans-Bold.ttf" },
	{ "/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf",
		"/usr/share/fonts/truetype/noto/NotoSans-Bold.ttf" },
	{ "/usr/share/fonts/truetype/liberation/LiberationSans-Regular.ttf",
		"/usr/share/fonts/truetype/liberation/LiberationSans-Bold.ttf" },
};

/* What the families above lack. */
static const char *const scripts[] = {
	"/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
	"/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
};

static const struct {
	bool bold;
	int pixels;
} sizes[PANEL_FONTS] = { [FONT_SMALL] = { false, 12 },
	[FONT_BODY] = { false, 14 },
	[FONT_STRONG] = { true, 14 },
	[FONT_TITLE] = { true, 19 } };

struct slot {
	uint32_t key; /* font and code point, + 1; 0: free */
	struct panel_glyph glyph;
	uint8_t *alpha;
};

struct ttf {
	struct panel_fonts fonts;
	TTF_Font *face[PANEL_FONTS][1 + FALLBACKS];
	uint32_t n_faces;
	int height[PANEL_FONTS];
	struct slot slots[SLOTS];
	uint32_t used;
};

static void forget(struct ttf *t)
{
	for (uint32_t i = 0; i < SLOTS; i++)
		free(t->slots[i].alpha);
	memset(t->slots, 0, sizeof(t->slots));
	t->used = 0;
}

static TTF_Font *face_for(const struct ttf *t, enum panel_font font, uint32_t *cp)
{
	for (uint32_t i = 0; i < t->n_faces; i++) {
		if (TTF_GlyphIsProvided32(t->face[font][i], *cp))
			return t->face[font][i];
	}
	/* The mark for what cannot be shown, or at least one. */
	*cp = TTF_GlyphIsProvided32(t->face[font][0], 0xfffd) ? 0xfffd : '?';
	return t->face[font][0];
}

/* Coverage of a rendered glyph. */
static void keep(struct slot *s, SDL_Surface *pic)
{
	s->alpha = malloc((size_t)pic->w * (size_t)pic->h + 1);
	if (!s->alpha)
		return;
	for (int y = 0; y < pic->h; y++) {
		const uint8_t *row = (const uint8_t *)pic->pixels + (ptrdiff_t)y * pic->pitch;

		for (int x = 0; x < pic->w; x++) {
			uint32_t px;

			memcpy(&px, row + (ptrdiff_t)x * 4, sizeof(px));
			s->alpha[(ptrdiff_t)y * pic->w + x] = (uint8_t)(px >> 24);
		}
	}
	s->glyph.w = pic->w;
	s->glyph.h = pic->h;
	s->glyph.alpha = s->alpha;
}

static void render(struct ttf *t, struct slot *s, enum panel_font font, uint32_t cp)
{
	TTF_Font *face = face_for(t, font, &cp);
	SDL_Surface *pic;
	int left = 0, advance = 0;

	(void)TTF_GlyphMetrics32(face, cp, &left, NULL, NULL, NULL, &advance);
	s->glyph.advance = advance;
	s->glyph.left = left < 0 ? left : 0;
	/* Other faces stand on the same line. */
	s->glyph.top = TTF_FontAscent(t->face[font][0]) - TTF_FontAscent(face);
	if (cp == ' ')
		return;
	pic = TTF_RenderGlyph32_Blended(face, cp, (SDL_Color){ 255, 255, 255, 255 });
	if (pic && pic->format->BytesPerPixel == 4)
		keep(s, pic);
	SDL_FreeSurface(pic);
}

static const struct panel_glyph *glyph(
	struct panel_fonts *f, enum panel_font font, uint32_t code_point)
{
	struct ttf *t = (struct ttf *)f;
	uint32_t key = ((uint32_t)font << 21 | code_point) + 1;
	uint32_t at = key * 2654435761u >> 21;

	if (t->used >= FULL)
		forget(t);
	while (t->slots[at % SLOTS].key && t->slots[at % SLOTS].key != key)
		at++;
	if (!t->slots[at % SLOTS].key) {
		t->slots[at % SLOTS].key = key;
		t->used++;
		render(t, &t->slots[at % SLOTS], font, code_point);
	}
	return &t->slots[at % SLOTS].glyph;
}

static int height(struct panel_fonts *f, enum panel_font font)
{
	return ((struct ttf *)f)->height[font];
}

static void rescale(struct panel_fonts *f, double scale)
{
	struct ttf *t = (struct ttf *)f;

	forget(t);
	for (int i = 0; i < PANEL_FONTS; i++) {
		for (uint32_t k = 0; k < t->n_faces; k++)
			(void)TTF_SetFontSize(t->face[i][k], (int)lround(sizes[i].pixels * scale));
		t->height[i] = TTF_FontHeight(t->face[i][0]);
	}
}

static void close_all(struct panel_fonts *f)
{
	struct ttf *t = (struct ttf *)f;

	forget(t);
	for (int i = 0; i < PANEL_FONTS; i++) {
		for (uint32_t k = 0; k < t->n_faces; k++)
			TTF_CloseFont(t->face[i][k]);
	}
	free(t);
	TTF_Quit();
}

/* Adds a face in all sizes, or none of them. */
static bool add_faces(struct ttf *t, const char *plain, const char *bold)
{
	uint32_t k = t->n_faces;

	if (access(plain, R_OK) < 0)
		return false;
	if (!bold || access(bold, R_OK) < 0)
		bold = plain;
	for (int i = 0; i < PANEL_FONTS; i++) {
		t->face[i][k] = TTF_OpenFont(sizes[i].bold ? bold : plain, sizes[i].pixels);
		if (!t->face[i][k]) {
			while (i-- > 0)
				TTF_CloseFont(t->face[i][k]);
			return false;
		}
		TTF_SetFontHinting(t->face[i][k], TTF_HINTING_LIGHT);
	}
	t->n_faces++;
	return true;
}

static void find(struct ttf *t)
{
	const char *named = getenv("DYNO_UI_FONT");
	size_t i;

	if (named && *named)
		(void)add_faces(t, named, NULL);
	for (i = 0; i < ARRAY_SIZE(families) && t->n_faces < FALLBACKS; i++)
		(void)add_faces(t, families[i].plain, families[i].bold);
	for (i = 0; i < ARRAY_SIZE(scripts) && t->n_faces <= FALLBACKS; i++)
		(void)add_faces(t, scripts[i], NULL);
}

int panel_fonts_open(struct panel_fonts **out, struct err *e)
{
	struct ttf *t;

	if (TTF_Init() < 0)
		return err_set(e, -EIO, "fonts cannot be used: %s", TTF_GetError());
	t = calloc(1, sizeof(*t));
	if (!t) {
		TTF_Quit();
		return err_set(e, -ENOMEM, "out of memory");
	}
	t->fonts = (struct panel_fonts){ glyph, height, rescale, close_all };
	find(t);
	if (!t->n_faces) {
		close_all(&t->fonts);
		return err_set(e, -ENOENT,
			"no font was found: install fonts-dejavu-core, or name a TrueType font in "
			"DYNO_UI_FONT");
	}
	rescale(&t->fonts, 1);
	*out = &t->fonts;
	return 0;
}
