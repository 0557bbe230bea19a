/* SPDX-License-Identifier: Apache-2.0 */
/* The cluster's moving parts: item list and drawing. What stands still is in background.c. */
#include "cluster_view.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "design.h"

void cluster_view_init(struct cluster_view *v)
{
	*v = (struct cluster_view){ .speed_max = 260, .rpm_max = 8000, .rpm_red = 6500 };
}

/* --- texts ----------------------------------------------------------------------------------- */

void cluster_speed_text(const struct cluster_view *v, char out[16])
{
	shown_text(&v->speed, 0, out);
}

void cluster_rpm_text(const struct cluster_view *v, char out[16])
{
	struct shown r = v->rpm;

	r.v = floor(r.v / 10 + 0.5) * 10;
	shown_text(&r, 0, out);
}

/* --- dials ----------------------------------------------------------------------------------- */

/* Which dial an item belongs to is its arg. */
static const struct shown *dial_value(const struct cluster_view *v, int dial)
{
	return dial == DIAL_SPEED ? &v->speed : &v->rpm;
}

/* Position of the needle along the scale, 0..1. */
static double dial_part(const struct cluster_view *v, int dial)
{
	double max = dial == DIAL_SPEED ? v->speed_max : v->rpm_max;
	double part = max > 0 ? dial_value(v, dial)->v / max : 0;

	return !(part > 0) ? 0 : part > 1 ? 1 : part;
}

/* Where the needle stands, in steps too small to see. */
#define NEEDLE_STEPS 12000

static int needle_step(const struct cluster_view *v, int dial)
{
	return (int)(dial_part(v, dial) * NEEDLE_STEPS + 0.5);
}

static float needle_angle(const struct cluster_view *v, int dial)
{
	return DIAL_FROM + (DIAL_TO - DIAL_FROM) * (float)needle_step(v, dial) / NEEDLE_STEPS;
}

static bool in_red(const struct cluster_view *v, int dial)
{
	return dial == DIAL_RPM && v->rpm.v >= v->rpm_red;
}

static void draw_fill(const struct gfx *g, const struct scene_item *it, const void *view)
{
	const struct cluster_view *v = view;
	gfx_color accent = in_red(v, it->arg) ? C_RED : C_ACCENT;
	struct gfx_ring r = { .cx = dial_x(it->arg),
		.cy = DIAL_Y,
		.r0 = TRACK_R0,
		.r1 = TRACK_R1,
		.a0 = DIAL_FROM,
		.a1 = needle_angle(v, it->arg),
		.c0 = in_red(v, it->arg) ? GFX_RGB(0x7a1c2a) : GFX_RGB(0x0d4a74),
		.c1 = accent,
		.g0 = DIAL_FROM - 0.01f,
		.g1 = DIAL_TO };
	struct gfx_ring soft = r;

	if (!dial_value(v, it->arg)->live)
		return;
	/* Brightest at the needle. */
	r.g1 = r.a1 > DIAL_FROM + 0.3f ? r.a1 : DIAL_FROM + 0.3f;
	soft.r0 -= 26.0f;
	soft.r1 = r.r0;
	soft.g1 = r.g1;
	soft.g0 = r.g1 - 1.6f;
	soft.c0 = gfx_fade(accent, 0.0f);
	soft.c1 = gfx_fade(accent, 0.20f);
	gfx_ring(g, &soft);
	gfx_ring(g, &r);
}

static void needle_points(const struct cluster_view *v, int dial, struct gfx_point p[4])
{
	float a = needle_angle(v, dial), c = cosf(a), s = sinf(a), x = dial_x(dial);
	const float at[4][2] = { { NEEDLE_R0, -2.0f }, { NEEDLE_R1, -3.4f }, { NEEDLE_R1, 3.4f },
		{ NEEDLE_R0, 2.0f } };

	for (int i = 0; i < 4; i++) {
		p[i].x = x + at[i][0] * c - at[i][1] * s;
		p[i].y = DIAL_Y + at[i][0] * s + at[i][1] * c;
	}
}

static void draw_needle(const struct gfx *g, const struct scene_item *it, const void *view)
{
	const struct cluster_view *v = view;
	gfx_color accent = in_red(v, it->arg) ? C_RED : C_ACCENT;
	float a = needle_angle(v, it->arg), x = dial_x(it->arg);
	struct gfx_point p[4];

	needle_points(v, it->arg, p);
	gfx_line(g, x + (NEEDLE_R0 + 6) * cosf(a), DIAL_Y + (NEEDLE_R0 + 6) * sinf(a),
		x + (NEEDLE_R1 - 4) * cosf(a), DIAL_Y + (NEEDLE_R1 - 4) * sinf(a), 15.0f,
		gfx_fade(accent, 0.13f));
	gfx_line(g, x + (NEEDLE_R0 + 6) * cosf(a), DIAL_Y + (NEEDLE_R0 + 6) * sinf(a),
		x + (NEEDLE_R1 - 4) * cosf(a), DIAL_Y + (NEEDLE_R1 - 4) * sinf(a), 10.0f,
		gfx_fade(accent, 0.25f));
	gfx_polygon(g, p, 4, GFX_RGB(0xffffff));
}

static struct gfx_rect needle_box(const struct cluster_view *v, int dial)
{
	struct gfx_point p[4];
	float x0 = 1e9f, y0 = 1e9f, x1 = -1e9f, y1 = -1e9f;

	needle_points(v, dial, p);
	for (int i = 0; i < 4; i++) {
		x0 = fminf(x0, p[i].x);
		y0 = fminf(y0, p[i].y);
		x1 = fmaxf(x1, p[i].x);
		y1 = fmaxf(y1, p[i].y);
	}
	return (struct gfx_rect){ (int)x0 - 9, (int)y0 - 9, (int)(x1 - x0) + 19,
		(int)(y1 - y0) + 19 };
}

static void draw_speed_text(const struct gfx *g, const struct scene_item *it, const void *view)
{
	const struct cluster_view *v = view;
	char text[16];

	cluster_speed_text(v, text);
	gfx_text(g, &font_digits_136, (int)dial_x(it->arg), READOUT_Y, GFX_CENTRE, text,
		v->speed.live ? C_TEXT : C_DIM);
}

static void draw_gear(const struct gfx *g, const struct scene_item *it, const void *view)
{
	const struct cluster_view *v = view;
	bool known = v->gear[0] != '\0';

	gfx_text(g, &font_letters_136, (int)dial_x(it->arg), READOUT_Y, GFX_CENTRE,
		known ? v->gear : "-", known ? C_TEXT : C_DIM);
}

static void draw_rpm_text(const struct gfx *g, const struct scene_item *it, const void *view)
{
	const struct cluster_view *v = view;
	char text[16];

	cluster_rpm_text(v, text);
	gfx_text(g, &font_28, (int)dial_x(it->arg) + 6, UNIT_Y, GFX_RIGHT, text,
		!v->rpm.live         ? C_DIM
		: in_red(v, it->arg) ? C_RED
				     : C_SOFT);
}

/* Dials whose source went silent: greyed out. */
static void draw_veil(const struct gfx *g, const struct scene_item *it, const void *view)
{
	const struct cluster_view *v = view;

	(void)v;
	gfx_disc(g, dial_x(it->arg), DIAL_Y, DIAL_R + 8.0f, gfx_fade(C_GROUND, 0.35f),
		gfx_fade(C_GROUND, 0.72f));
}

static void add_dial(const struct cluster_view *v, struct scene *s, int dial)
{
	const struct shown *value = dial_value(v, dial);
	int x = (int)dial_x(dial), step = needle_step(v, dial);
	struct gfx_rect all = { x - DIAL_R - 16, DIAL_Y - DIAL_R - 16, 2 * DIAL_R + 32,
		2 * DIAL_R + 32 };
	struct gfx_rect none = { 0, 0, 0, 0 };
	uint64_t state = (uint64_t)(value->live ? 1 : 0) | (uint64_t)(in_red(v, dial) ? 2 : 0);
	char text[16];

	/* The veil lies under what is alive, so that dashes stay readable. */
	scene_add(s, value->live ? none : all, 0, draw_veil, dial);
	scene_add(s, all, state, draw_fill, dial);
	/* The ring's fill repaints sector by sector: these items only carry the damage. */
	for (int i = 0; i < SECTORS; i++) {
		int per = NEEDLE_STEPS / SECTORS;
		int in = step - i * per;
		float from = DIAL_FROM + (DIAL_TO - DIAL_FROM) * (float)i / SECTORS;
		struct gfx_ring r = { .cx = dial_x(dial),
			.cy = DIAL_Y,
			.r0 = TRACK_R0 - 27,
			.r1 = TRACK_R1,
			.a0 = from - 0.01f,
			.a1 = from + (DIAL_TO - DIAL_FROM) / SECTORS + 0.01f };
		/* The gradient ends at the needle: sectors behind it change slowly. */
		int behind = in > per ? (in - per) / 240 : 0;

		in = in < 0 ? 0 : in > per ? per + behind : in;
		scene_add(s, gfx_ring_box(&r), value->live ? (uint64_t)in : 0, NULL, dial);
	}
	scene_add(s, value->live ? needle_box(v, dial) : none, (uint64_t)step << 2 | state,
		draw_needle, dial);
	if (dial == DIAL_SPEED) {
		cluster_speed_text(v, text);
		scene_add(s, (struct gfx_rect){ x - 140, READOUT_Y - 110, 280, 122 },
			scene_look_text(SCENE_LOOK + state, text), draw_speed_text, dial);
		return;
	}
	scene_add(s, (struct gfx_rect){ x - 70, READOUT_Y - 110, 140, 122 },
		scene_look_text(SCENE_LOOK, v->gear), draw_gear, dial);
	cluster_rpm_text(v, text);
	scene_add(s, (struct gfx_rect){ x - 92, UNIT_Y - 26, 100, 34 },
		scene_look_text(SCENE_LOOK + state, text), draw_rpm_text, dial);
}

/* --- fuel and coolant ------------------------------------------------------------------------ */

static double small_part(const struct cluster_view *v, int dial)
{
	double p = dial == DIAL_SPEED ? (v->coolant.v - COOLANT_MIN) / (COOLANT_MAX - COOLANT_MIN)
				      : v->fuel.v / 100;

	return !(p > 0) ? 0 : p > 1 ? 1 : p;
}

static bool small_alarm(const struct cluster_view *v, int dial)
{
	return dial == DIAL_SPEED ? v->coolant.v >= COOLANT_HOT : v->fuel.v <= FUEL_LOW;
}

static const struct shown *small_value(const struct cluster_view *v, int dial)
{
	return dial == DIAL_SPEED ? &v->coolant : &v->fuel;
}

static void draw_small(const struct gfx *g, const struct scene_item *it, const void *view)
{
	const struct cluster_view *v = view;
	const struct shown *value = small_value(v, it->arg);
	gfx_color c = !value->live               ? C_DIM
		      : !small_alarm(v, it->arg) ? C_SOFT
		      : it->arg == DIAL_SPEED    ? C_RED
						 : C_AMBER;
	float part = (float)((int)(small_part(v, it->arg) * 400 + 0.5)) / 400.0f;
	struct gfx_ring r = { .cx = dial_x(it->arg),
		.cy = DIAL_Y,
		.r0 = TRACK_R0,
		.r1 = TRACK_R1,
		.a1 = SMALL_FROM,
		.a0 = SMALL_FROM - (SMALL_FROM - SMALL_TO) * part,
		.c0 = c,
		.c1 = c };
	char text[16], full[24];
	int x = (int)dial_x(it->arg);

	if (value->live)
		gfx_ring(g, &r);
	gfx_icon(g, it->arg == DIAL_SPEED ? ICON_COOLANT : ICON_FUEL, (float)x - 50,
		SMALL_TEXT_Y - 22, 26, value->live ? c : C_DIM);
	shown_text(value, 0, text);
	snprintf(full, sizeof(full), "%s%s", text, it->arg == DIAL_SPEED ? " \u00b0C" : " %");
	gfx_text(g, &font_20, x - 14, SMALL_TEXT_Y, GFX_LEFT, full, value->live ? C_TEXT : C_DIM);
}

static void add_small(const struct cluster_view *v, struct scene *s, int dial)
{
	const struct shown *value = small_value(v, dial);
	struct gfx_ring r = { .cx = dial_x(dial),
		.cy = DIAL_Y,
		.r0 = TRACK_R0 - 60,
		.r1 = TRACK_R1,
		.a0 = SMALL_TO,
		.a1 = SMALL_FROM };
	uint64_t look = (uint64_t)(value->live ? 1 : 0) | (uint64_t)(small_alarm(v, dial) ? 2 : 0) |
			(uint64_t)(small_part(v, dial) * 400 + 0.5) << 2;
	char text[16];

	shown_text(value, 0, text);
	scene_add(s, value->mapped ? gfx_ring_box(&r) : (struct gfx_rect){ 0, 0, 0, 0 },
		scene_look_text(scene_look(SCENE_LOOK, look), text), draw_small, dial);
}

/* --- the middle ------------------------------------------------------------------------------ */

static void draw_arrow(const struct gfx *g, const struct scene_item *it, const void *view)
{
	const struct cluster_view *v = view;
	bool lit = it->arg ? v->right : v->left;
	float x = (float)(MIDDLE_X + (it->arg ? ARROW_DX : -ARROW_DX)), y = ARROW_Y;

	if (lit)
		gfx_glow(g, x, y, 58, 46, gfx_fade(C_GREEN, 0.38f));
	gfx_icon(g, it->arg ? ICON_ARROW_RIGHT : ICON_ARROW_LEFT, x - 26, y - 26, 52,
		lit ? C_GREEN : C_OFF);
}

static void draw_top(const struct gfx *g, const struct scene_item *it, const void *view)
{
	const struct cluster_view *v = view;
	bool both = v->clock.mapped && v->outside.mapped;
	int x = MIDDLE_X;
	char text[24], number[16];

	(void)it;
	if (v->clock.mapped) {
		shown_clock(&v->clock, number);
		gfx_text(g, &font_28, both ? x - 22 : x, TOP_Y, both ? GFX_RIGHT : GFX_CENTRE,
			number, v->clock.live ? C_TEXT : C_DIM);
	}
	if (v->outside.mapped) {
		shown_text(&v->outside, 1, number);
		snprintf(text, sizeof(text), "%s \u00b0C", number);
		gfx_text(g, &font_28, both ? x + 22 : x, TOP_Y, both ? GFX_LEFT : GFX_CENTRE, text,
			v->outside.live ? C_SOFT : C_DIM);
	}
	if (both)
		gfx_fill(g, (struct gfx_rect){ x - 1, TOP_Y - 21, 2, 22 }, C_LINE);
}

/*
 * A dash of a lane marking between two distances ahead (metres). It fades in close to the viewer
 * and out towards the horizon: in slices that end on whole rows, so that no seams show.
 */
static void dash(const struct gfx *g, float side, float near, float far)
{
	float first = near < ROAD_NEAR ? ROAD_NEAR : near, last = far > ROAD_FAR ? ROAD_FAR : far;
	int bottom = (int)(road_point(0, first).y + 0.5f),
	    top = (int)(road_point(0, last).y + 0.5f);

	for (int y = bottom; last > first && y > top; y -= 3) {
		int to = y - 3 > top ? y - 3 : top;
		float k0 = ((float)y - ROAD_HORIZON) / ROAD_DEPTH;
		float k1 = ((float)to - ROAD_HORIZON) / ROAD_DEPTH;
		float ahead = 9.0f / k0 - 9.0f, fade = 1.0f - ahead / ROAD_FAR;
		float close = ahead < 2.5f ? (ahead + 0.1f) / 2.6f : 1.0f;
		float l0 = (side - 0.09f) * ROAD_SCALE * k0, r0 = (side + 0.09f) * ROAD_SCALE * k0;
		float l1 = (side - 0.09f) * ROAD_SCALE * k1, r1 = (side + 0.09f) * ROAD_SCALE * k1;
		const struct gfx_point p[4] = { { MIDDLE_X + l0, (float)y },
			{ MIDDLE_X + r0, (float)y }, { MIDDLE_X + r1, (float)to },
			{ MIDDLE_X + l1, (float)to } };

		gfx_polygon(g, p, 4, gfx_fade(C_SOFT, fade * fade * close * 0.8f));
	}
}

static void draw_road(const struct gfx *g, const struct scene_item *it, const void *view)
{
	const struct cluster_view *v = view;
	float shift = (float)fmod(v->road_m, DASH_EVERY);

	for (float at = -shift; at < ROAD_FAR; at += DASH_EVERY)
		dash(g, it->arg ? 1.75f : -1.75f, at, at + DASH_LONG);
}

static void draw_car_lights(const struct gfx *g, const struct scene_item *it, const void *view)
{
	const struct cluster_view *v = view;
	gfx_color tail = v->braking ? GFX_RGB(0xff2a3c) : GFX_RGB(0x96202e);

	(void)it;
	if (v->braking) {
		gfx_glow(g, CAR_X - 70, LIGHT_Y, 74, 52, gfx_fade(C_RED, 0.55f));
		gfx_glow(g, CAR_X + 70, LIGHT_Y, 74, 52, gfx_fade(C_RED, 0.55f));
	}
	gfx_shape(g, CAR_TAIL, CAR_LEFT, CAR_TOP, CAR_UNIT, tail);
	if (v->braking)
		gfx_shape(g, CAR_TAIL_BAR, CAR_LEFT, CAR_TOP, CAR_UNIT, tail);
	if (v->left) {
		gfx_glow(g, CAR_X - 82, LIGHT_Y, 46, 34, gfx_fade(C_AMBER, 0.5f));
		gfx_shape(g, CAR_TURN_LEFT, CAR_LEFT, CAR_TOP, CAR_UNIT, C_AMBER);
	}
	if (v->right) {
		gfx_glow(g, CAR_X + 82, LIGHT_Y, 46, 34, gfx_fade(C_AMBER, 0.5f));
		gfx_shape(g, CAR_TURN_RIGHT, CAR_LEFT, CAR_TOP, CAR_UNIT, C_AMBER);
	}
}

static const struct {
	enum icon icon;
	gfx_color lit;
	const char *message; /* shown while it is lit; NULL: none */
} lamps[LAMPS] = {
	[LAMP_HIGH_BEAM] = { ICON_HIGH_BEAM, C_BLUE, NULL },
	[LAMP_DOOR] = { ICON_DOOR, C_RED, "Door open" },
	[LAMP_SEAT_BELT] = { ICON_SEAT_BELT, C_RED, "Fasten seat belt" },
	[LAMP_ENGINE] = { ICON_ENGINE, C_AMBER, "Check engine" },
	[LAMP_OIL] = { ICON_OIL, C_RED, "Oil pressure low" },
	[LAMP_BATTERY] = { ICON_BATTERY, C_RED, "Battery not charging" },
	[LAMP_ABS] = { ICON_ABS, C_AMBER, "ABS not available" },
	[LAMP_BRAKE] = { ICON_BRAKE, C_RED, "Brake: parking brake or fluid" },
};

static void draw_lamp(const struct gfx *g, const struct scene_item *it, const void *view)
{
	const struct cluster_view *v = view;
	float x = (float)(MIDDLE_X + (2 * it->arg - LAMPS + 1) * LAMP_PITCH / 2), y = LAMP_Y;

	if (v->lamp[it->arg])
		gfx_glow(g, x, y, 30, 30, gfx_fade(lamps[it->arg].lit, 0.30f));
	gfx_icon(g, lamps[it->arg].icon, x - 17, y - 17, 34,
		v->lamp[it->arg] ? lamps[it->arg].lit : C_OFF);
}

/* The most urgent lit lamp that has something to say, or -1. */
static int message_of(const struct cluster_view *v)
{
	static const enum cluster_lamp order[] = { LAMP_OIL, LAMP_BRAKE, LAMP_BATTERY, LAMP_DOOR,
		LAMP_SEAT_BELT, LAMP_ABS, LAMP_ENGINE };

	for (unsigned int i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		if (v->lamp[order[i]])
			return (int)order[i];
	}
	return -1;
}

static void draw_message(const struct gfx *g, const struct scene_item *it, const void *view)
{
	const char *text = lamps[it->arg].message;
	int w = gfx_text_width(&font_20, text) + 76;
	struct gfx_rect r = { MIDDLE_X - w / 2, MESSAGE_Y, w, 44 };

	(void)view;
	gfx_round(g, r, 22, GFX_RGB(0x1b222c), GFX_RGB(0x151b23));
	gfx_round_line(g, r, 22, 1.4f, gfx_fade(lamps[it->arg].lit, 0.65f));
	gfx_icon(g, lamps[it->arg].icon, (float)r.x + 18, MESSAGE_Y + 10, 24, lamps[it->arg].lit);
	gfx_text(g, &font_20, r.x + 54, MESSAGE_Y + 29, GFX_LEFT, text, C_TEXT);
}

static void draw_distance(const struct gfx *g, const struct scene_item *it, const void *view)
{
	const struct cluster_view *v = view;
	bool both = v->odometer.mapped && v->trip.mapped;
	char text[24], full[40];

	(void)it;
	if (v->odometer.mapped) {
		int x = both ? MIDDLE_X - 130 : MIDDLE_X;

		shown_grouped(&v->odometer, text);
		snprintf(full, sizeof(full), "%s km", text);
		gfx_text(g, &font_16, x, DISTANCE_Y - 28, GFX_CENTRE, "ODO", C_DIM);
		gfx_text(g, &font_24, x, DISTANCE_Y, GFX_CENTRE, full, C_SOFT);
	}
	if (v->trip.mapped) {
		int x = both ? MIDDLE_X + 130 : MIDDLE_X;

		shown_text(&v->trip, 1, text);
		snprintf(full, sizeof(full), "%s km", text);
		gfx_text(g, &font_16, x, DISTANCE_Y - 28, GFX_CENTRE, "TRIP", C_DIM);
		gfx_text(g, &font_24, x, DISTANCE_Y, GFX_CENTRE, full, C_SOFT);
	}
}

static struct gfx_rect road_box(int right)
{
	float side = right ? 1.75f : -1.75f;
	struct gfx_point a = road_point(side * 1.08f, ROAD_NEAR);
	struct gfx_point b = road_point(side * 0.92f, ROAD_FAR);
	int x0 = (int)(a.x < b.x ? a.x : b.x) - 2, x1 = (int)(a.x < b.x ? b.x : a.x) + 2;

	return (struct gfx_rect){ x0, (int)b.y - 1, x1 - x0, (int)(a.y - b.y) + 3 };
}

static uint64_t shown_look(uint64_t h, const struct shown *s, double unit)
{
	h = scene_look(h, (uint64_t)(s->live ? 1 : 0) | (uint64_t)(s->mapped ? 2 : 0));
	return s->live ? scene_look(h, (uint64_t)(int64_t)floor(s->v * unit)) : h;
}

void cluster_scene(const struct cluster_view *v, struct scene *s)
{
	struct gfx_rect none = { 0, 0, 0, 0 };
	char text[16];
	uint64_t h;
	int m = message_of(v);

	s->n = 0;
	add_dial(v, s, DIAL_SPEED);
	add_dial(v, s, DIAL_RPM);
	add_small(v, s, DIAL_SPEED);
	add_small(v, s, DIAL_RPM);
	for (int i = 0; i < 2; i++)
		scene_add(
			s, road_box(i), (uint64_t)(fmod(v->road_m, DASH_EVERY) * 50), draw_road, i);
	scene_add(s, (struct gfx_rect){ MIDDLE_X - 150, (int)CAR_Y - 8, 300, 116 },
		(uint64_t)(v->braking * 4 + v->left * 2 + v->right), draw_car_lights, 0);
	for (int i = 0; i < 2; i++) {
		int x = MIDDLE_X + (i ? ARROW_DX : -ARROW_DX);

		scene_add(s, (struct gfx_rect){ x - 60, ARROW_Y - 48, 120, 96 },
			i ? v->right : v->left, draw_arrow, i);
	}
	shown_text(&v->outside, 1, text);
	h = scene_look_text(shown_look(SCENE_LOOK, &v->clock, 1.0 / 60), text);
	scene_add(s, (struct gfx_rect){ MIDDLE_X - 120, TOP_Y - 30, 240, 40 }, h, draw_top, 0);
	for (int i = 0; i < LAMPS; i++) {
		int x = MIDDLE_X + (2 * i - LAMPS + 1) * LAMP_PITCH / 2;

		scene_add(s, (struct gfx_rect){ x - 30, LAMP_Y - 30, 60, 60 }, v->lamp[i],
			draw_lamp, i);
	}
	scene_add(s, m < 0 ? none : (struct gfx_rect){ MIDDLE_X - 240, MESSAGE_Y - 1, 480, 46 }, 0,
		draw_message, m < 0 ? 0 : m);
	shown_text(&v->trip, 1, text);
	h = scene_look_text(shown_look(SCENE_LOOK, &v->odometer, 1), text);
	scene_add(s, (struct gfx_rect){ MIDDLE_X - 240, DISTANCE_Y - 48, 480, 62 }, h,
		draw_distance, 0);
}
