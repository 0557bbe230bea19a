/* SPDX-License-Identifier: Apache-2.0 */
/* Home: one card for each of drive, media, climate and car. */
#include <math.h>
#include <stdio.h>

#include "climate.h"
#include "media.h"

#define ROW2 (CONTENT_Y + 354)

/* The card under a control lights up a little while pressed. */
static void draw_card(const struct gfx *g, const struct scene_item *it, const void *view)
{
	const struct ivi_view *v = view;

	if (v->pressed == it->arg)
		gfx_round(g, ivi_control(it->arg)->r, RADIUS, GFX_ALPHA(0xffffff, 14),
			GFX_ALPHA(0xffffff, 8));
}

static void draw_speed(const struct gfx *g, const struct scene_item *it, const void *view)
{
	const struct ivi_view *v = view;
	const struct shown *s = &v->value[V_SPEED];
	char text[16];
	int w;

	(void)it;
	shown_text(s, 0, text);
	w = gfx_text(g, &font_digits_136, CONTENT_X + 32, CONTENT_Y + 200, GFX_LEFT, text,
		s->live ? C_TEXT : C_DIM);
	gfx_text(g, &font_28, CONTENT_X + 48 + w, CONTENT_Y + 200, GFX_LEFT, "km/h", C_DIM);
}

static void draw_rpm(const struct gfx *g, const struct scene_item *it, const void *view)
{
	const struct ivi_view *v = view;
	const struct shown *s = &v->value[V_RPM];
	int w = HALF_W - 64, part = s->live ? (int)(fmin(fmax(s->v / 8000, 0), 1) * w) : 0;
	struct shown tens = *s;

	(void)it;
	gfx_round(g, box(CONTENT_X + 32, CONTENT_Y + 258, w, 10), 5, GFX_RGB(0x2a333e),
		GFX_RGB(0x2a333e));
	if (part >= 10)
		gfx_round(g, box(CONTENT_X + 32, CONTENT_Y + 258, part, 10), 5, ivi_accent(v),
			gfx_mix(ivi_accent(v), C_GROUND, 0.2f));
	tens.v = floor(s->v / 10 + 0.5) * 10;
	gfx_text(g, &font_18, CONTENT_X + 32, CONTENT_Y + 302, GFX_LEFT, "Engine speed", C_DIM);
	ivi_number(
		g, &font_20, CONTENT_X + HALF_W - 32, CONTENT_Y + 302, GFX_RIGHT, &tens, 0, " rpm");
}

static void draw_track(const struct gfx *g, const struct scene_item *it, const void *view)
{
	const struct ivi_view *v = view;

	(void)it;
	ivi_cover(g, v->track, box(RIGHT_X + 28, CONTENT_Y + 68, 176, 176));
	gfx_text(g, &font_40, RIGHT_X + 232, CONTENT_Y + 112, GFX_LEFT, ivi_track_title(v->track),
		C_TEXT);
	gfx_text(g, &font_24, RIGHT_X + 232, CONTENT_Y + 152, GFX_LEFT, ivi_track_artist(v->track),
		C_SOFT);
}

static void draw_progress(const struct gfx *g, const struct scene_item *it, const void *view)
{
	(void)it;
	media_progress(g, view, RIGHT_X + 32, CONTENT_Y + 294, HALF_W - 64);
}

static void draw_zone(const struct gfx *g, const struct scene_item *it, const void *view)
{
	const struct ivi_view *v = view;
	int x = CONTENT_X + 40 + it->arg * 280, w;
	char text[16];

	climate_temp_text(v, it->arg, text);
	gfx_text(g, &font_18, x, ROW2 + 108, GFX_LEFT, it->arg ? "Passenger" : "Driver", C_DIM);
	if (text[0] == 'L' || text[0] == 'H') {
		gfx_text(g, &font_40, x, ROW2 + 174, GFX_LEFT, text, C_TEXT);
		return;
	}
	w = gfx_text(
		g, &font_digits_64, x, ROW2 + 178, GFX_LEFT, text, v->climate.on ? C_TEXT : C_DIM);
	gfx_text(g, &font_24, x + w + 8, ROW2 + 178, GFX_LEFT, "\u00b0C", C_DIM);
}

static void draw_air(const struct gfx *g, const struct scene_item *it, const void *view)
{
	const struct ivi_view *v = view;
	const struct ivi_climate *k = &v->climate;
	int x = CONTENT_X + 40, y = ROW2 + 256;
	gfx_color a = ivi_accent(v);

	(void)it;
	ivi_icon(g, ICON_CLIMATE, x + 16, y, 34, k->on && k->fan ? a : C_DIM);
	for (int i = 0; i < FAN_MAX; i++) {
		gfx_color c = k->on && i < k->fan ? a : GFX_RGB(0x35404d);

		gfx_round(g, box(x + 52 + i * 26, y - 5, 20, 10), 5, c, c);
	}
	ivi_icon(g, ICON_SNOWFLAKE, x + 296, y, 32, k->on && k->ac ? a : C_DIM);
	gfx_text(g, &font_20, x + 322, y + 7, GFX_LEFT, "A/C", k->on && k->ac ? C_TEXT : C_DIM);
	ivi_icon(g, ICON_SEAT_HEAT, x + 412, y, 34, k->seat[0] ? GFX_RGB(0xff7a3d) : C_DIM);
	ivi_icon(g, ICON_SEAT_HEAT, x + 456, y, 34, k->seat[1] ? GFX_RGB(0xff7a3d) : C_DIM);
}

static const struct {
	enum ivi_value value;
	enum icon icon;
	const char *name, *unit;
} facts[] = {
	{ V_FUEL, ICON_FUEL, "Fuel", " %" },
	{ V_COOLANT, ICON_COOLANT, "Coolant", " \u00b0C" },
	{ V_OUTSIDE, ICON_SUN, "Outside", " \u00b0C" },
	{ V_ODOMETER, ICON_CAR, "Odometer", " km" },
};

static struct gfx_rect fact_box(int i)
{
	return box(RIGHT_X + 28 + i % 2 * 256, ROW2 + 76 + i / 2 * 122, 240, 96);
}

static void fact_text(const struct ivi_view *v, int i, char out[16])
{
	const struct shown *s = &v->value[facts[i].value];

	if (facts[i].value == V_ODOMETER)
		shown_grouped(s, out);
	else
		shown_text(s, facts[i].value == V_OUTSIDE, out);
}

static void draw_fact(const struct gfx *g, const struct scene_item *it, const void *view)
{
	const struct ivi_view *v = view;
	const struct shown *s = &v->value[facts[it->arg].value];
	struct gfx_rect r = fact_box(it->arg);
	char number[16], text[32];

	fact_text(v, it->arg, number);
	snprintf(text, sizeof(text), "%s%s", number, facts[it->arg].unit);
	gfx_text(g, &font_28, r.x + 76, r.y + 68, GFX_LEFT, text, s->live ? C_TEXT : C_DIM);
}

void home_background(const struct gfx *g, const struct ivi_view *v)
{
	(void)v;
	ivi_card(g, box(CONTENT_X, CONTENT_Y, HALF_W, 338));
	ivi_card(g, box(RIGHT_X, CONTENT_Y, HALF_W, 338));
	ivi_card(g, box(CONTENT_X, ROW2, HALF_W, 338));
	ivi_card(g, box(RIGHT_X, ROW2, HALF_W, 338));
	gfx_text(g, &font_20, CONTENT_X + 32, CONTENT_Y + 46, GFX_LEFT, "Drive", C_SOFT);
	gfx_text(g, &font_20, RIGHT_X + 32, CONTENT_Y + 46, GFX_LEFT, "Media", C_SOFT);
	gfx_text(g, &font_20, CONTENT_X + 32, ROW2 + 46, GFX_LEFT, "Climate", C_SOFT);
	gfx_text(g, &font_20, RIGHT_X + 32, ROW2 + 46, GFX_LEFT, "Vehicle", C_SOFT);
	for (int i = 0; i < 4; i++) {
		struct gfx_rect r = fact_box(i);

		gfx_round(g, box(r.x, r.y + 18, 60, 60), 18, GFX_RGB(0x1c242e), GFX_RGB(0x181f28));
		ivi_icon(g, facts[i].icon, r.x + 30, r.y + 48, 30, C_SOFT);
		gfx_text(g, &font_16, r.x + 76, r.y + 36, GFX_LEFT, facts[i].name, C_DIM);
	}
}

void home_items(const struct ivi_view *v, struct scene *s)
{
	uint64_t a = (uint64_t)v->accent, look = (uint64_t)(v->track << 1 | v->playing) << 2 | a;
	const struct ivi_climate *k = &v->climate;
	char text[16];

	for (int i = ivi_find(PAGE_HOME, ACT_PAGE, PAGE_VEHICLE), n = 0; n < 4; n++)
		ivi_add_control(v, s, i + n, 0, draw_card);
	shown_text(&v->value[V_SPEED], 0, text);
	scene_add(s, box(CONTENT_X + 28, CONTENT_Y + 84, HALF_W - 56, 130),
		scene_look_text(SCENE_LOOK + v->value[V_SPEED].live, text), draw_speed, 0);
	scene_add(s, box(CONTENT_X + 28, CONTENT_Y + 250, HALF_W - 56, 64),
		v->value[V_RPM].live
			? ((uint64_t)(int64_t)(v->value[V_RPM].v / 10 + 0.5) << 3 | a << 1 | 1)
			: 0,
		draw_rpm, 0);
	scene_add(s, box(RIGHT_X + 28, CONTENT_Y + 66, HALF_W - 40, 180), (uint64_t)v->track,
		draw_track, 0);
	scene_add(s, box(RIGHT_X + 28, CONTENT_Y + 288, HALF_W - 56, 46),
		(uint64_t)v->second << 8 | (uint64_t)v->track << 2 | a, draw_progress, 0);
	for (int i = ivi_find(PAGE_HOME, ACT_TRACK_STEP, -1), n = 0; n < 3; n++)
		ivi_add_control(v, s, i + n, look, media_draw_button);
	for (int i = 0; i < 2; i++)
		scene_add(s, box(CONTENT_X + 36 + i * 280, ROW2 + 84, 240, 112),
			(uint64_t)(k->temp[i] << 1 | k->on), draw_zone, i);
	scene_add(s, box(CONTENT_X + 36, ROW2 + 232, HALF_W - 60, 50),
		(uint64_t)(k->fan << 8 | k->seat[0] << 6 | k->seat[1] << 4 | k->ac << 3 |
			   k->on << 2) |
			a,
		draw_air, 0);
	for (int i = 0; i < 4; i++) {
		struct gfx_rect r = fact_box(i);

		fact_text(v, i, text);
		scene_add(s, box(r.x + 72, r.y + 40, 168, 40), scene_look_text(SCENE_LOOK, text),
			draw_fact, i);
	}
}
