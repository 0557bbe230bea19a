/* SPDX-License-Identifier: Apache-2.0 */
/* Vehicle: the car from above with its doors and wheels, and values from the bus. */
#include <math.h>
#include <stdio.h>

#include "design.h"

/* The car from above, 100 x 210 units. */
#define PLAN_X    (CONTENT_X + 248)
#define PLAN_Y    (CONTENT_Y + 64)
#define PLAN_UNIT 2.6f
#define PLAN_LEFT ((float)PLAN_X - 50 * PLAN_UNIT)

static const char plan_body[] =
	"M 22 10 C 30 3 70 3 78 10 C 84 20 86 40 86 60 V 160 C 86 180 84 194 78 200 C 68 206 32 206 22 "
	"200 C 16 194 14 180 14 160 V 60 C 14 40 16 20 22 10 Z";
static const char plan_glass[] =
	"M 22 68 C 36 58 64 58 78 68 L 72 90 C 60 86 40 86 28 90 Z M 27 160 C 40 164 60 164 73 160 L 77 "
	"178 C 64 184 36 184 23 178 Z M 20 76 L 25 94 V 124 L 19 126 Z M 19 130 L 25 128 V 154 L 20 166 Z "
	"M 80 76 L 75 94 V 124 L 81 126 Z M 81 130 L 75 128 V 154 L 80 166 Z";
static const char plan_mirrors[] = "B 5 76 12 7 3 B 83 76 12 7 3";
static const char plan_lines[] =
	"S 1 M 24 14 C 36 9 64 9 76 14 M 34 16 C 30 34 28 48 28 60 M 66 16 C 70 34 "
	"72 48 72 60";
static const char plan_lamps[] =
	"M 21 14 L 33 9 L 31 14 L 22 20 Z M 79 14 L 67 9 L 69 14 L 78 20 Z";
static const char plan_tails[] =
	"M 20 192 L 34 199 L 34 202 L 22 198 Z M 80 192 L 66 199 L 66 202 L 78 198 Z";

static const char *const door_shapes[] = {
	"S 4 M 14 84 L -14 108",
	"S 4 M 86 84 L 114 108",
	"S 4 M 14 130 L -14 154",
	"S 4 M 86 130 L 114 154",
	"S 4 M 24 204 H 76",
};

static void draw_door(const struct gfx *g, const struct scene_item *it, const void *view)
{
	(void)view;
	gfx_shape(g, door_shapes[it->arg], PLAN_LEFT, PLAN_Y, PLAN_UNIT, C_RED);
}

/* Wheel speed beside each wheel. */
static void draw_wheel(const struct gfx *g, const struct scene_item *it, const void *view)
{
	const struct ivi_view *v = view;
	int x = it->box.x + it->box.w / 2;

	ivi_number(
		g, &font_24, x, it->box.y + 28, GFX_CENTRE, &v->value[V_WHEEL_FL + it->arg], 0, "");
	gfx_text(g, &font_16, x, it->box.y + 52, GFX_CENTRE, "km/h", C_DIM);
}

static void draw_doors_text(const struct gfx *g, const struct scene_item *it, const void *view)
{
	(void)view;
	gfx_text(g, &font_20, PLAN_X, CONTENT_Y + CONTENT_H - 24, GFX_CENTRE,
		it->arg == 2   ? "Door open"
		: it->arg == 1 ? "All doors closed"
			       : "Doors unknown",
		it->arg == 2 ? C_RED : C_SOFT);
}

static const struct {
	enum ivi_value value;
	const char *name, *unit;
	int decimals;
	double from, to; /* of the bar */
} tiles[] = {
	{ V_SPEED, "Speed", "km/h", 0, 0, 220 },
	{ V_RPM, "Engine speed", "rpm", 0, 0, 8000 },
	{ V_COOLANT, "Coolant", "\u00b0C", 0, 50, 130 },
	{ V_OIL_TEMP, "Engine oil", "\u00b0C", 0, 50, 150 },
	{ V_FUEL, "Fuel", "%", 0, 0, 100 },
	{ V_BATTERY, "Battery", "V", 1, 10, 16 },
	{ V_THROTTLE, "Accelerator", "%", 0, 0, 100 },
	{ V_ODOMETER, "Odometer", "km", 0, 0, 0 },
};
#define TILES 8

static struct gfx_rect tile_box(int i)
{
	int w = (600 - GUTTER) / 2, h = (CONTENT_H - 3 * GUTTER) / 4;

	return box(CONTENT_X + 520 + i % 2 * (w + GUTTER), CONTENT_Y + i / 2 * (h + GUTTER), w, h);
}

static void tile_text(const struct ivi_view *v, int i, char out[16])
{
	const struct shown *s = &v->value[tiles[i].value];

	if (tiles[i].value == V_ODOMETER)
		shown_grouped(s, out);
	else
		shown_text(s, tiles[i].decimals, out);
}

static void draw_tile(const struct gfx *g, const struct scene_item *it, const void *view)
{
	const struct ivi_view *v = view;
	const struct shown *s = &v->value[tiles[it->arg].value];
	struct gfx_rect r = tile_box(it->arg);
	char text[16];
	int x;

	tile_text(v, it->arg, text);
	x = r.x + 24 +
	    gfx_text(g, &font_40, r.x + 24, r.y + 100, GFX_LEFT, text, s->live ? C_TEXT : C_DIM);
	gfx_text(g, &font_20, x + 10, r.y + 100, GFX_LEFT, tiles[it->arg].unit, C_DIM);
	if (tiles[it->arg].to > 0 && s->live) {
		double part =
			(s->v - tiles[it->arg].from) / (tiles[it->arg].to - tiles[it->arg].from);
		int w = (int)((part < 0 ? 0 : part > 1 ? 1 : part) * (r.w - 48));

		gfx_round(g, box(r.x + 24, r.y + r.h - 26, w < 6 ? 6 : w, 6), 3,
			gfx_mix(ivi_accent(v), C_GROUND, 0.2f), ivi_accent(v));
	}
}

void vehicle_background(const struct gfx *g, const struct ivi_view *v)
{
	(void)v;
	ivi_card(g, box(CONTENT_X, CONTENT_Y, 504, CONTENT_H));
	gfx_glow(g, (float)PLAN_X, (float)PLAN_Y + 105 * PLAN_UNIT, 230, 330,
		gfx_fade(ivi_accent(v), 0.10f));
	gfx_shape(g, "B 9 34 10 32 4 B 81 34 10 32 4 B 9 146 10 32 4 B 81 146 10 32 4", PLAN_LEFT,
		PLAN_Y, PLAN_UNIT, GFX_RGB(0x07090c));
	gfx_shape(g, plan_mirrors, PLAN_LEFT, PLAN_Y, PLAN_UNIT, GFX_RGB(0x3a4653));
	gfx_shape(g, plan_body, PLAN_LEFT, PLAN_Y, PLAN_UNIT, GFX_RGB(0x3d4956));
	gfx_shape(g, "B 27 92 46 66 10", PLAN_LEFT, PLAN_Y, PLAN_UNIT, GFX_RGB(0x475462));
	gfx_shape(g, plan_glass, PLAN_LEFT, PLAN_Y, PLAN_UNIT, GFX_RGB(0x131a22));
	gfx_shape(g, plan_lines, PLAN_LEFT, PLAN_Y, PLAN_UNIT, GFX_RGB(0x2c3641));
	gfx_shape(g, plan_lamps, PLAN_LEFT, PLAN_Y, PLAN_UNIT, GFX_RGB(0xdfe9f2));
	gfx_shape(g, plan_tails, PLAN_LEFT, PLAN_Y, PLAN_UNIT, GFX_RGB(0xb3283a));
	for (int i = 0; i < TILES; i++) {
		struct gfx_rect r = tile_box(i);

		ivi_card(g, r);
		gfx_text(g, &font_18, r.x + 24, r.y + 42, GFX_LEFT, tiles[i].name, C_SOFT);
		if (tiles[i].to > 0)
			gfx_round(g, box(r.x + 24, r.y + r.h - 26, r.w - 48, 6), 3,
				GFX_RGB(0x2a333e), GFX_RGB(0x2a333e));
	}
}

void vehicle_items(const struct ivi_view *v, struct scene *s)
{
	int doors = 0;
	char text[16];

	for (int i = 0; i < 5; i++) {
		const struct shown *d = &v->value[V_DOOR_FL + i];
		bool open = d->live && d->v > 0.5;
		int side = i == 4 ? 0 : i % 2;

		doors = open ? 2 : doors == 0 && d->live ? 1 : doors;
		scene_add(s,
			!open    ? box(0, 0, 0, 0)
			: i == 4 ? box(PLAN_X - 90, PLAN_Y + 510, 180, 40)
				 : box(side ? PLAN_X + 80 : PLAN_X - 180,
					   PLAN_Y + (i < 2 ? 205 : 325), 100, 90),
			0, draw_door, i);
	}
	for (int i = 0; i < 4; i++) {
		const struct shown *w = &v->value[V_WHEEL_FL + i];

		shown_text(w, 0, text);
		scene_add(s,
			w->mapped ? box(i % 2 ? PLAN_X + 142 : PLAN_X - 222,
					    PLAN_Y + (i < 2 ? 100 : 390), 80, 60)
				  : box(0, 0, 0, 0),
			scene_look_text(SCENE_LOOK, text), draw_wheel, i);
	}
	scene_add(s, box(PLAN_X - 150, CONTENT_Y + CONTENT_H - 52, 300, 40), 0, draw_doors_text,
		doors);
	for (int i = 0; i < TILES; i++) {
		const struct shown *t = &v->value[tiles[i].value];
		struct gfx_rect r = tile_box(i);
		double span = tiles[i].to - tiles[i].from;
		uint64_t bar =
			t->live && span > 0
				? (uint64_t)(int64_t)(fmin(fmax(t->v, -1e6), 1e6) / span * 260)
				: 0;

		tile_text(v, i, text);
		scene_add(s, box(r.x + 16, r.y + 58, r.w - 32, r.h - 62),
			scene_look(
				scene_look_text(SCENE_LOOK, text), bar << 2 | (uint64_t)v->accent),
			draw_tile, i);
	}
}
