/* SPDX-License-Identifier: Apache-2.0 */
/* Climate: two zones, fan, seat heating, switches. */
#include <stdio.h>

#include "climate.h"

#define FAN_BARS_X (CONTENT_X + 408)
#define FAN_BARS_W 304

void climate_temp_text(const struct ivi_view *v, int side, char out[16])
{
	int t = v->climate.temp[side];

	if (!v->climate.on)
		snprintf(out, 16, "--");
	else if (t <= TEMP_MIN)
		snprintf(out, 16, "LO");
	else if (t >= TEMP_MAX)
		snprintf(out, 16, "HI");
	else
		snprintf(out, 16, "%d.%d", t / 2, t % 2 * 5);
}

/* Blue when cool, red when warm. */
static gfx_color temp_color(int half_degrees)
{
	float t = (float)(half_degrees - TEMP_MIN) / (float)(TEMP_MAX - TEMP_MIN);

	return t < 0.5f ? gfx_mix(GFX_RGB(0x3d9bff), GFX_RGB(0xe8edf2), t * 2)
			: gfx_mix(GFX_RGB(0xe8edf2), GFX_RGB(0xff6a4a), t * 2 - 1);
}

static int zone_x(int side)
{
	return side ? CONTENT_X + 760 : CONTENT_X;
}

static void draw_temp(const struct gfx *g, const struct scene_item *it, const void *view)
{
	const struct ivi_view *v = view;
	int cx = zone_x(it->arg) + 180, y = CONTENT_Y + 196;
	gfx_color c = v->climate.on ? C_TEXT : C_DIM;
	char text[16];
	int w;

	climate_temp_text(v, it->arg, text);
	w = gfx_text_width(&font_digits_104, text);
	if (text[0] == 'L' || text[0] == 'H') {
		gfx_text(g, &font_40, cx, y - 20, GFX_CENTRE, text, c);
		return;
	}
	gfx_text(g, &font_digits_104, cx - 16 - w / 2, y, GFX_LEFT, text, c);
	if (v->climate.on)
		gfx_text(g, &font_28, cx - 16 + w - w / 2 + 8, y - 50, GFX_LEFT, "\u00b0C", C_DIM);
	gfx_round(g, box(cx - 100, y + 28, 200, 4), 2, GFX_RGB(0x2a333e), GFX_RGB(0x2a333e));
	if (v->climate.on) {
		int at = (v->climate.temp[it->arg] - TEMP_MIN) * 188 / (TEMP_MAX - TEMP_MIN);

		gfx_disc(g, (float)(cx - 94 + at), (float)y + 30, 7,
			temp_color(v->climate.temp[it->arg]), temp_color(v->climate.temp[it->arg]));
	}
}

static void draw_step(const struct gfx *g, const struct scene_item *it, const void *view)
{
	const struct ivi_view *v = view;
	const struct ivi_control *c = ivi_control(it->arg);

	ivi_button(g, v, c->r, 20, false, v->pressed == it->arg);
	ivi_icon(g, c->action == ACT_TEMP_UP ? ICON_PLUS : ICON_MINUS, c->r.x + c->r.w / 2,
		c->r.y + c->r.h / 2, 40, C_TEXT);
}

static void draw_seat(const struct gfx *g, const struct scene_item *it, const void *view)
{
	const struct ivi_view *v = view;
	const struct ivi_control *c = ivi_control(it->arg);
	int level = v->climate.seat[c->arg];
	gfx_color warm = GFX_RGB(0xff7a3d);

	ivi_button(g, v, c->r, 20, false, v->pressed == it->arg);
	if (level)
		gfx_round_line(g, c->r, 20, 1.8f, gfx_fade(warm, 0.75f));
	ivi_icon(g, ICON_SEAT_HEAT, c->r.x + 56, c->r.y + c->r.h / 2, 46, level ? warm : C_SOFT);
	gfx_text(g, &font_20, c->r.x + 104, c->r.y + 50, GFX_LEFT, "Seat heating", C_TEXT);
	for (int i = 0; i < SEAT_MAX; i++) {
		gfx_color dot = i < level ? warm : GFX_RGB(0x35404d);

		gfx_round(g, box(c->r.x + 104 + i * 44, c->r.y + 72, 36, 8), 4, dot, dot);
	}
}

int climate_fan_at(int x)
{
	int level = (x - FAN_BARS_X) * FAN_MAX / FAN_BARS_W + 1;

	return x < FAN_BARS_X ? 0 : level > FAN_MAX ? FAN_MAX : level;
}

static void draw_fan(const struct gfx *g, const struct scene_item *it, const void *view)
{
	const struct ivi_view *v = view;
	const struct ivi_control *c = ivi_control(it->arg);
	int fan = v->climate.on ? v->climate.fan : 0;
	gfx_color a = ivi_accent(v);

	ivi_button(g, v, c->r, 20, false, v->pressed == it->arg);
	for (int i = 0; i < FAN_MAX; i++) {
		int w = FAN_BARS_W / FAN_MAX, h = 30 + i * 14;
		gfx_color bar = i < fan ? gfx_mix(gfx_mix(a, C_GROUND, 0.45f), a, (float)i / 6)
					: GFX_RGB(0x35404d);

		gfx_round(g, box(FAN_BARS_X + i * w + 6, c->r.y + c->r.h - 22 - h, w - 12, h), 6,
			bar, bar);
	}
}

static void draw_fan_text(const struct gfx *g, const struct scene_item *it, const void *view)
{
	const struct ivi_view *v = view;
	int cx = CONTENT_X + 560, y = CONTENT_Y + 150;
	gfx_color c = v->climate.on && v->climate.fan ? ivi_accent(v) : C_DIM;
	char text[16];

	(void)it;
	gfx_glow(g, (float)cx, (float)y, 120, 120, gfx_fade(c, 0.12f));
	ivi_icon(g, ICON_CLIMATE, cx, y, 116, c);
	if (!v->climate.on)
		snprintf(text, sizeof(text), "Off");
	else if (v->climate.automatic)
		snprintf(text, sizeof(text), "Auto");
	else
		snprintf(text, sizeof(text), "Fan %d", v->climate.fan);
	gfx_text(g, &font_28, cx, CONTENT_Y + 268, GFX_CENTRE, text, C_TEXT);
}

static void draw_cabin(const struct gfx *g, const struct scene_item *it, const void *view)
{
	const struct ivi_view *v = view;
	char number[16], text[32];

	(void)it;
	if (!v->value[V_CABIN].mapped)
		return;
	shown_text(&v->value[V_CABIN], 1, number);
	snprintf(text, sizeof(text), "Cabin %s \u00b0C", number);
	gfx_text(g, &font_18, CONTENT_X + 560, CONTENT_Y + 310, GFX_CENTRE, text, C_DIM);
}

static void draw_switch(const struct gfx *g, const struct scene_item *it, const void *view)
{
	const struct ivi_view *v = view;
	const struct ivi_control *c = ivi_control(it->arg);
	const struct ivi_climate *k = &v->climate;
	int cx = c->r.x + c->r.w / 2;
	static const struct {
		enum icon icon;
		const char *name;
	} what[] = { { ICON_POWER, "Power" }, { ICON_CLIMATE, "Auto" }, { ICON_SNOWFLAKE, "A/C" },
		{ ICON_RECIRCULATE, "Recirculate" }, { ICON_DEFROST, "Defrost" } };
	int n = c->action == ACT_POWER         ? 0
		: c->action == ACT_AUTO        ? 1
		: c->action == ACT_AC          ? 2
		: c->action == ACT_RECIRCULATE ? 3
					       : 4;
	bool on = n == 0   ? k->on
		  : n == 1 ? k->automatic
		  : n == 2 ? k->ac
		  : n == 3 ? k->recirculate
			   : k->defrost;

	on = on && k->on;
	ivi_button(g, v, c->r, 20, on, v->pressed == it->arg);
	ivi_icon(g, what[n].icon, cx, c->r.y + 52, 44, on ? ivi_accent(v) : C_SOFT);
	gfx_text(g, &font_18, cx, c->r.y + 106, GFX_CENTRE, what[n].name, on ? C_TEXT : C_SOFT);
}

void climate_background(const struct gfx *g, const struct ivi_view *v)
{
	(void)v;
	for (int side = 0; side < 2; side++) {
		ivi_card(g, box(zone_x(side), CONTENT_Y, 360, 544));
		gfx_text(g, &font_20, zone_x(side) + 180, CONTENT_Y + 52, GFX_CENTRE,
			side ? "Passenger" : "Driver", C_SOFT);
	}
	ivi_card(g, box(CONTENT_X + 376, CONTENT_Y, 368, 544));
}

void climate_items(const struct ivi_view *v, struct scene *s)
{
	const struct ivi_climate *k = &v->climate;
	uint64_t on = (uint64_t)k->on | (uint64_t)v->accent << 1;
	char text[16];

	for (int side = 0; side < 2; side++) {
		scene_add(s, box(zone_x(side) + 20, CONTENT_Y + 90, 320, 150),
			(uint64_t)k->temp[side] << 4 | on, draw_temp, side);
		ivi_add_control(v, s, ivi_find(PAGE_CLIMATE, ACT_TEMP_DOWN, side), 0, draw_step);
		ivi_add_control(v, s, ivi_find(PAGE_CLIMATE, ACT_TEMP_UP, side), 0, draw_step);
		ivi_add_control(v, s, ivi_find(PAGE_CLIMATE, ACT_SEAT, side),
			(uint64_t)k->seat[side], draw_seat);
	}
	scene_add(s, box(CONTENT_X + 440, CONTENT_Y + 30, 240, 250),
		(uint64_t)k->fan << 8 | (uint64_t)k->automatic << 6 | on, draw_fan_text, 0);
	shown_text(&v->value[V_CABIN], 1, text);
	scene_add(s, box(CONTENT_X + 440, CONTENT_Y + 288, 240, 30),
		scene_look_text(SCENE_LOOK, text), draw_cabin, 0);
	ivi_add_control(
		v, s, ivi_find(PAGE_CLIMATE, ACT_FAN, 0), (uint64_t)k->fan << 4 | on, draw_fan);
	for (int i = ivi_find(PAGE_CLIMATE, ACT_POWER, 0), n = 0; n < 5; n++)
		ivi_add_control(v, s, i + n,
			(uint64_t)(k->ac | k->automatic << 1 | k->recirculate << 2 |
				   k->defrost << 3)
					<< 8 |
				on,
			draw_switch);
}
