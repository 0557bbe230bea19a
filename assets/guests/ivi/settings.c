/* SPDX-License-Identifier: Apache-2.0 */
/* Settings: two sliders, the accent colour, and what the unit is. */
#include <stdio.h>

#include "design.h"

#define ROW_H 140

static void draw_slider(const struct gfx *g, const struct scene_item *it, const void *view)
{
	const struct ivi_view *v = view;
	const struct ivi_control *c = ivi_control(it->arg);
	int value = c->action == ACT_VOLUME ? v->volume : v->brightness;
	int y = c->r.y + c->r.h / 2, x = c->r.x + 20, w = c->r.w - 40, at = w * value / 100;
	bool pressed = v->pressed == it->arg;
	gfx_color a = ivi_accent(v);

	gfx_round(g, box(x, y - 5, w, 10), 5, GFX_RGB(0x2a333e), GFX_RGB(0x2a333e));
	gfx_round(g, box(x, y - 5, at < 10 ? 10 : at, 10), 5, a, gfx_mix(a, C_GROUND, 0.2f));
	if (pressed)
		gfx_glow(g, (float)(x + at), (float)y, 42, 42, gfx_fade(a, 0.5f));
	gfx_disc(g, (float)(x + at), (float)y, pressed ? 19 : 16, GFX_RGB(0xffffff),
		GFX_RGB(0xdfe6ee));
}

static void draw_percent(const struct gfx *g, const struct scene_item *it, const void *view)
{
	const struct ivi_view *v = view;
	char text[16];

	snprintf(text, sizeof(text), "%d %%", it->arg ? v->volume : v->brightness);
	gfx_text(g, &font_24, CONTENT_X + CONTENT_W - 40, CONTENT_Y + 89 + it->arg * ROW_H,
		GFX_RIGHT, text, C_TEXT);
}

static void draw_accent(const struct gfx *g, const struct scene_item *it, const void *view)
{
	const struct ivi_view *v = view;
	const struct ivi_control *c = ivi_control(it->arg);
	struct ivi_view look = *v;
	float x = (float)c->r.x + 44, y = (float)c->r.y + 44;
	gfx_color a;

	look.accent = c->arg;
	a = ivi_accent(&look);
	gfx_disc(g, x, y, v->pressed == it->arg ? 28 : 25, a, gfx_mix(a, C_GROUND, 0.25f));
	if (v->accent == c->arg) {
		struct gfx_ring r = { .cx = x,
			.cy = y,
			.r0 = 33,
			.r1 = 36,
			.a0 = 0,
			.a1 = 6.2831853f,
			.c0 = a,
			.c1 = a };

		gfx_ring(g, &r);
		ivi_icon(g, ICON_CHECK, (int)x, (int)y, 26, GFX_RGB(0x06121c));
	}
}

void settings_background(const struct gfx *g, const struct ivi_view *v)
{
	static const struct {
		enum icon icon;
		const char *name;
	} rows[] = { { ICON_SUN, "Brightness" }, { ICON_SPEAKER, "Volume" },
		{ ICON_SETTINGS, "Accent colour" } };

	ivi_card(g, box(CONTENT_X, CONTENT_Y, CONTENT_W, 3 * ROW_H + 20));
	for (int i = 0; i < 3; i++) {
		int y = CONTENT_Y + 10 + i * ROW_H;

		ivi_icon(g, rows[i].icon, CONTENT_X + 64, y + 70, 36, C_SOFT);
		gfx_text(g, &font_24, CONTENT_X + 116, y + 79, GFX_LEFT, rows[i].name, C_TEXT);
		if (i)
			gfx_fill(g, box(CONTENT_X + 40, y, CONTENT_W - 80, 1), C_LINE);
	}
	ivi_card(g,
		box(CONTENT_X, CONTENT_Y + 3 * ROW_H + 36, CONTENT_W, CONTENT_H - 3 * ROW_H - 36));
	gfx_text(g, &font_18, CONTENT_X + 40, CONTENT_Y + 3 * ROW_H + 88, GFX_LEFT, "About", C_DIM);
	gfx_text(g, &font_24, CONTENT_X + 40, CONTENT_Y + 3 * ROW_H + 130, GFX_LEFT,
		"Dyno demo head unit", C_TEXT);
	gfx_text(g, &font_18, CONTENT_X + 40, CONTENT_Y + 3 * ROW_H + 166, GFX_LEFT,
		"Bare metal guest: virtio GPU, touch and CAN, no operating system", C_SOFT);
	if (v->map_title[0]) {
		char text[80];

		snprintf(text, sizeof(text), "Signal map: %s", v->map_title);
		gfx_text(g, &font_18, CONTENT_X + 40, CONTENT_Y + 3 * ROW_H + 200, GFX_LEFT, text,
			C_SOFT);
	}
}

void settings_items(const struct ivi_view *v, struct scene *s)
{
	uint64_t a = (uint64_t)v->accent << 8;

	ivi_add_control(v, s, ivi_find(PAGE_SETTINGS, ACT_BRIGHTNESS, 0),
		(uint64_t)v->brightness | a, draw_slider);
	ivi_add_control(
		v, s, ivi_find(PAGE_SETTINGS, ACT_VOLUME, 0), (uint64_t)v->volume | a, draw_slider);
	for (int i = 0; i < 2; i++)
		scene_add(s, box(CONTENT_X + CONTENT_W - 130, CONTENT_Y + 60 + i * ROW_H, 100, 40),
			(uint64_t)(i ? v->volume : v->brightness), draw_percent, i);
	for (int i = 0; i < 4; i++)
		ivi_add_control(v, s, ivi_find(PAGE_SETTINGS, ACT_ACCENT, i), a, draw_accent);
}
