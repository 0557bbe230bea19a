/* SPDX-License-Identifier: Apache-2.0 */
/* The IVI's frame: rail, status line, building blocks; the pages are in files of their own. */
#include "ivi_view.h"

#include <math.h>
#include <stdio.h>

#include "design.h"

static const struct {
	const char *name;
	enum icon icon;
	void (*background)(const struct gfx *, const struct ivi_view *);
	void (*items)(const struct ivi_view *, struct scene *);
} pages[PAGES] = {
	[PAGE_HOME] = { "Home", ICON_HOME, home_background, home_items },
	[PAGE_MEDIA] = { "Media", ICON_MEDIA, media_background, media_items },
	[PAGE_CLIMATE] = { "Climate", ICON_CLIMATE, climate_background, climate_items },
	[PAGE_VEHICLE] = { "Vehicle", ICON_CAR, vehicle_background, vehicle_items },
	[PAGE_SETTINGS] = { "Settings", ICON_SETTINGS, settings_background, settings_items },
};

void ivi_view_init(struct ivi_view *v)
{
	*v = (struct ivi_view){
		.page = PAGE_HOME,
		.pressed = -1,
		.volume = 40,
		.brightness = 100,
		.climate = { .temp = { 42, 42 }, .fan = 3, .on = true, .ac = true },
		.map_title = "",
	};
}

gfx_color ivi_accent(const struct ivi_view *v)
{
	static const gfx_color accents[4] = { GFX_RGB(0x35b9ff), GFX_RGB(0x2fd6a3),
		GFX_RGB(0xff9a3d), GFX_RGB(0xb48cff) };

	return accents[v->accent & 3];
}

void ivi_card(const struct gfx *g, struct gfx_rect r)
{
	gfx_round(g, r, RADIUS, C_CARD, C_CARD2);
	gfx_round_line(g, r, RADIUS, 1.2f, GFX_RGB(0x1f2732));
}

void ivi_button(const struct gfx *g, const struct ivi_view *v, struct gfx_rect r, float radius,
	bool on, bool pressed)
{
	gfx_color a = ivi_accent(v);

	if (pressed)
		gfx_round(g, r, radius, C_PRESS, GFX_RGB(0x283240));
	else
		gfx_round(g, r, radius, C_BUTTON, GFX_RGB(0x1a212a));
	if (on) {
		gfx_round(g, r, radius, gfx_fade(a, 0.20f), gfx_fade(a, 0.10f));
		gfx_round_line(g, r, radius, 1.8f, gfx_fade(a, 0.9f));
	}
}

void ivi_icon(const struct gfx *g, enum icon i, int cx, int cy, int size, gfx_color c)
{
	gfx_icon(g, i, (float)cx - (float)size * 0.5f, (float)cy - (float)size * 0.5f, (float)size,
		c);
}

void ivi_number(const struct gfx *g, const struct gfx_font *f, int x, int y, enum gfx_align align,
	const struct shown *s, int decimals, const char *unit)
{
	char number[16], text[32];

	shown_text(s, decimals, number);
	snprintf(text, sizeof(text), "%s%s", number, unit);
	gfx_text(g, f, x, y, align, text, s->live ? C_TEXT : C_DIM);
}

void ivi_add_control(const struct ivi_view *v, struct scene *s, int i, uint64_t look,
	void (*draw)(const struct gfx *, const struct scene_item *, const void *))
{
	const struct ivi_control *c = ivi_control(i);

	if (c)
		scene_add(s, c->r, look << 1 | (v->pressed == i), draw, i);
}

static void draw_nav(const struct gfx *g, const struct scene_item *it, const void *view)
{
	const struct ivi_view *v = view;
	const struct ivi_control *c = ivi_control(it->arg);
	bool on = (int)v->page == c->arg, pressed = v->pressed == it->arg;
	gfx_color ink = on ? ivi_accent(v) : pressed ? C_TEXT : C_DIM;
	struct gfx_rect r = c->r;

	if (on)
		gfx_gradient_x(g, box(r.x, r.y + 4, r.w, r.h - 8), gfx_fade(ink, 0.20f),
			gfx_fade(ink, 0.0f));
	if (on)
		gfx_round(g, box(r.x, r.y + 24, 4, r.h - 48), 2, ink, ink);
	if (pressed && !on)
		gfx_round(g, box(r.x + 8, r.y + 4, r.w - 16, r.h - 8), 16, C_BUTTON, C_BUTTON);
	ivi_icon(g, pages[c->arg].icon, r.x + r.w / 2, r.y + 46, 38, ink);
	gfx_text(g, &font_16, r.x + r.w / 2, r.y + 94, GFX_CENTRE, pages[c->arg].name,
		on ? C_TEXT : ink);
}

static void draw_status(const struct gfx *g, const struct scene_item *it, const void *view)
{
	const struct ivi_view *v = view;
	const struct shown *clock = &v->value[V_CLOCK], *out = &v->value[V_OUTSIDE];
	int x = CONTENT_X + CONTENT_W;
	char text[16];

	(void)it;
	if (clock->mapped) {
		shown_clock(clock, text);
		x -= gfx_text(g, &font_28, x, 48, GFX_RIGHT, text, clock->live ? C_TEXT : C_DIM) +
		     28;
	}
	if (out->mapped)
		ivi_number(g, &font_24, x, 48, GFX_RIGHT, out, 1, " \u00b0C");
}

/* Soft light under the finger. */
static void draw_touch(const struct gfx *g, const struct scene_item *it, const void *view)
{
	const struct ivi_view *v = view;

	(void)it;
	gfx_glow(g, (float)v->touch_x, (float)v->touch_y, 56, 56, gfx_fade(ivi_accent(v), 0.42f));
}

/* Brightness: the whole picture, dimmed. */
static void draw_dim(const struct gfx *g, const struct scene_item *it, const void *view)
{
	const struct ivi_view *v = view;

	gfx_fill(g, it->box, GFX_ALPHA(0, (100 - v->brightness) * 2));
}

void ivi_background(const struct gfx *g, const struct ivi_view *v)
{
	gfx_gradient(g, box(0, 0, IVI_W, IVI_H), GFX_RGB(0x0d1219), C_GROUND);
	gfx_glow(g, 720, -60, 760, 300, gfx_fade(ivi_accent(v), 0.10f));
	gfx_fill(g, box(0, 0, RAIL_W, IVI_H), GFX_ALPHA(0x05070a, 150));
	gfx_fill(g, box(RAIL_W, 0, 1, IVI_H), GFX_RGB(0x1a212b));
	gfx_text(g, &font_28, CONTENT_X + 4, 48, GFX_LEFT, pages[v->page].name, C_TEXT);
	pages[v->page].background(g, v);
}

void ivi_scene(const struct ivi_view *v, struct scene *s)
{
	char text[16];
	uint64_t h;

	s->n = 0;
	for (int i = 0; i < PAGES; i++)
		ivi_add_control(v, s, i, (uint64_t)((int)v->page == i) << 4 | (uint64_t)v->accent,
			draw_nav);
	shown_text(&v->value[V_OUTSIDE], 1, text);
	h = scene_look_text(SCENE_LOOK, text);
	shown_clock(&v->value[V_CLOCK], text);
	h = scene_look_text(h, text);
	scene_add(s, box(CONTENT_X + CONTENT_W - 300, 16, 300, 48), h, draw_status, 0);
	pages[v->page].items(v, s);
	scene_add(s,
		v->touching ? box(v->touch_x - 58, v->touch_y - 58, 116, 116) : box(0, 0, 0, 0), 0,
		draw_touch, 0);
	scene_add(s, v->brightness < 100 ? box(0, 0, IVI_W, IVI_H) : box(0, 0, 0, 0),
		(uint64_t)v->brightness, draw_dim, 0);
}
