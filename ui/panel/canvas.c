/* SPDX-License-Identifier: Apache-2.0 */
/* See canvas.h. */
#include "ui/panel/canvas.h"

#include <string.h>

#include "base/err.h"

static const char ellipsis[] = "\xe2\x80\xa6";

struct box box_meet(struct box a, struct box b)
{
	int x = MAX(a.x, b.x), y = MAX(a.y, b.y);
	int right = MIN(a.x + a.w, b.x + b.w), bottom = MIN(a.y + a.h, b.y + b.h);

	return right > x && bottom > y ? (struct box){ x, y, right - x, bottom - y }
				       : (struct box){ x, y, 0, 0 };
}

struct box box_join(struct box a, struct box b)
{
	int x = MIN(a.x, b.x), y = MIN(a.y, b.y);

	if (a.w <= 0 || a.h <= 0)
		return b;
	if (b.w <= 0 || b.h <= 0)
		return a;
	return (struct box){ x, y, MAX(a.x + a.w, b.x + b.w) - x, MAX(a.y + a.h, b.y + b.h) - y };
}

/* ---- text ---- */

uint32_t text_next(const char **at, const char *end)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const uint8_t *p = (const uint8_t *)*at;
	size_t have = (size_t)(end - *at), need;
	uint32_t cp;

	need = p[0] < 0x80 ? 1 : p[0] < 0xc0 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (need == 1) {
		(*at)++;
		return p[0] >= 0x20 && p[0] != 0x7f ? p[0] : 0xfffd;
	}
	if (need == 0 || need > have || p[0] > 0xf4) {
		(*at)++;
		return 0xfffd;
	}
	cp = p[0] & (0xffu >> (need + 1));
	for (size_t i = 1; i < need; i++) {
		if ((p[i] & 0xc0) != 0x80) {
			(*at)++;
			return 0xfffd;
		}
		cp = cp << 6 | (p[i] & 0x3f);
	}
	*at += need;
	/* Overlong, surrogates, beyond Unicode, C1 controls. */
	if (cp < least[need] || (cp >= 0xd800 && cp < 0xe000) || cp > 0x10ffff || cp < 0xa0)
		return 0xfffd;
	return cp;
}

int text_width(struct panel_fonts *f, enum panel_font font, const char *text, size_t len)
{
	const char *end = text + len;
	int w = 0;

	while (text < end)
		w += f->glyph(f, font, text_next(&text, end))->advance;
	return w;
}

size_t text_fit(
	struct panel_fonts *f, enum panel_font font, const char *text, size_t len, int width)
{
	const char *at = text, *end = text + len, *fits = text;
	int w = 0;

	while (at < end) {
		w += f->glyph(f, font, text_next(&at, end))->advance;
		if (w > width)
			break;
		fits = at;
	}
	return (size_t)(fits - text);
}

int canvas_label(struct canvas *c, struct box b, int align, enum panel_font font, uint32_t rgb,
	const char *text, size_t len)
{
	struct panel_fonts *f = c->fonts;
	int w = text_width(f, font, text, len), h = f->height(f, font), more = 0, x;
	int y = b.y + (b.h - h) / 2;

	if (b.w <= 0 || len == 0)
		return 0;
	if (w > b.w) {
		more = text_width(f, font, ellipsis, 3);
		len = text_fit(f, font, text, len, b.w - more);
		w = text_width(f, font, text, len) + more;
	}
	x = align < 0 ? b.x : align > 0 ? b.x + b.w - w : b.x + (b.w - w) / 2;
	c->ops->text(c, x, y, font, rgb, text, len);
	if (more)
		c->ops->text(c, x + w - more, y, font, rgb, ellipsis, 3);
	return w;
}

void canvas_frame(
	struct canvas *c, struct box b, int radius, int width, uint32_t rgb, uint32_t inside)
{
	struct box in = { b.x + width, b.y + width, b.w - 2 * width, b.h - 2 * width };

	c->ops->fill(c, b, radius, rgb);
	c->ops->fill(c, in, MAX(radius - width, 0), inside);
}

/* ---- pixels ---- */

static uint32_t mix(uint32_t under, uint32_t over, uint32_t alpha)
{
	uint32_t a = alpha + (alpha >> 7); /* 0..256 */
	uint32_t rb = ((under & 0xff00ff) * (256 - a) + (over & 0xff00ff) * a) >> 8;
	uint32_t g = ((under & 0x00ff00) * (256 - a) + (over & 0x00ff00) * a) >> 8;

	return (rb & 0xff00ff) | (g & 0x00ff00);
}

static void raster_clip(struct canvas *c, struct box b)
{
	struct raster *r = (struct raster *)c;

	r->clip = box_meet(b, (struct box){ 0, 0, r->width, r->height });
}

/* Coverage, 0 to 255, of the pixel whose middle is (dx, dy) half pixels from the middle of a
 * circle: 4 x 4 samples. */
static uint32_t corner(int dx, int dy, int radius)
{
	uint32_t n = 0;
	int64_t far = (int64_t)radius * radius * 64;

	for (int i = 0; i < 16; i++) {
		/* In eighths of a pixel. */
		int64_t x = (int64_t)dx * 4 + (i % 4) * 2 - 3,
			y = (int64_t)dy * 4 + (i / 4) * 2 - 3;

		n += x * x + y * y <= far;
	}
	return n * 255 / 16;
}

/* Pixels [x, end) of a row that meet the corners of a box; `dy` as in corner(). */
static void corner_row(uint32_t *row, int x, int end, struct box b, int rad, int dy, uint32_t rgb)
{
	for (; x < end; x++) {
		/* From the middle of the nearest corner's circle, in half pixels. */
		int left = 2 * (b.x + rad - x) - 1, right = 2 * (x - (b.x + b.w - rad)) + 1;
		uint32_t a = corner(MAX(left, right), dy, rad);

		row[x] = a == 255 ? rgb : mix(row[x], rgb, a);
	}
}

static void raster_fill(struct canvas *c, struct box b, int radius, uint32_t rgb)
{
	struct raster *r = (struct raster *)c;
	struct box in = box_meet(b, r->clip);
	int rad = MIN(radius, MIN(b.w, b.h) / 2), end = in.x + in.w;

	for (int y = in.y; y < in.y + in.h; y++) {
		uint32_t *row = r->px + (size_t)y * r->stride;
		int top = 2 * (b.y + rad - y) - 1, bottom = 2 * (y - (b.y + b.h - rad)) + 1;
		int dy = MAX(top, bottom), from = in.x, to = end;

		if (dy > 0) {
			from = MIN(MAX(b.x + rad, in.x), end);
			to = MIN(MAX(b.x + b.w - rad, from), end);
			corner_row(row, in.x, from, b, rad, dy, rgb);
			corner_row(row, to, end, b, rad, dy, rgb);
		}
		for (int x = from; x < to; x++)
			row[x] = rgb;
	}
}

static void raster_glyph(struct raster *r, const struct panel_glyph *g, int x, int y, uint32_t rgb)
{
	struct box in = box_meet((struct box){ x + g->left, y + g->top, g->w, g->h }, r->clip);

	for (int py = in.y; py < in.y + in.h; py++) {
		const uint8_t *alpha =
			g->alpha + (ptrdiff_t)(py - y - g->top) * g->w - (x + g->left);
		uint32_t *row = r->px + (size_t)py * r->stride;

		for (int px = in.x; px < in.x + in.w; px++)
			row[px] = mix(row[px], rgb, alpha[px]);
	}
}

static void raster_text(struct canvas *c, int x, int y, enum panel_font font, uint32_t rgb,
	const char *text, size_t len)
{
	struct raster *r = (struct raster *)c;
	const char *end = text + len;

	while (text < end && x < r->clip.x + r->clip.w) {
		const struct panel_glyph *g =
			c->fonts->glyph(c->fonts, font, text_next(&text, end));

		if (g->alpha)
			raster_glyph(r, g, x, y, rgb);
		x += g->advance;
	}
}

static const struct canvas_ops raster_ops = {
	.clip = raster_clip,
	.fill = raster_fill,
	.text = raster_text,
};

void raster_init(struct raster *r, struct panel_fonts *fonts, uint32_t *px, int width, int height,
	size_t stride)
{
	*r = (struct raster){ .canvas = { &raster_ops, fonts },
		.clip = { 0, 0, width, height },
		.px = px,
		.width = width,
		.height = height,
		.stride = stride };
}

/* ---- a number ---- */

static void stir(struct digest *d, uint64_t v)
{
	d->value = (d->value ^ v) * UINT64_C(0x9e3779b97f4a7c15);
	d->value ^= d->value >> 29;
}

static void stir_box(struct digest *d, struct box b)
{
	stir(d, (uint64_t)(uint32_t)b.x << 32 | (uint32_t)b.y);
	stir(d, (uint64_t)(uint32_t)b.w << 32 | (uint32_t)b.h);
}

static void digest_clip(struct canvas *c, struct box b)
{
	stir_box((struct digest *)c, b);
}

static void digest_fill(struct canvas *c, struct box b, int radius, uint32_t rgb)
{
	stir_box((struct digest *)c, b);
	stir((struct digest *)c, (uint64_t)(uint32_t)radius << 32 | rgb);
}

static void digest_text(struct canvas *c, int x, int y, enum panel_font font, uint32_t rgb,
	const char *text, size_t len)
{
	struct digest *d = (struct digest *)c;

	stir_box(d, (struct box){ x, y, (int)font, (int)len });
	stir(d, rgb);
	for (size_t i = 0; i < len; i++)
		stir(d, (uint8_t)text[i]);
}

static const struct canvas_ops digest_ops = {
	.clip = digest_clip,
	.fill = digest_fill,
	.text = digest_text,
};

void digest_init(struct digest *d, struct panel_fonts *fonts)
{
	*d = (struct digest){ .canvas = { &digest_ops, fonts }, .value = 1 };
}
