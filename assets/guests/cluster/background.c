/* SPDX-License-Identifier: Apache-2.0 */
/* What stands still on the cluster: ground, dials' scales, road and car. Drawn once. */
#include <stdio.h>

#include "design.h"

static void tick(const struct gfx *g, float x, float a, float from, float to, float w, gfx_color c)
{
	float s = sinf(a), k = cosf(a);

	gfx_line(g, x + from * k, DIAL_Y + from * s, x + to * k, DIAL_Y + to * s, w, c);
}

/* A scale with numbers every `step` and `minor` parts between; red from `red` on. */
static void scale(const struct gfx *g, float x, double max, double step, int minor, double red,
	double show_as)
{
	int n = (int)(max / step + 0.5);

	for (int i = 0; i <= n * minor; i++) {
		double value = step * i / minor;
		float a = DIAL_FROM + (DIAL_TO - DIAL_FROM) * (float)(value / max);
		bool hot = value >= red - 1e-6;
		char text[16];
		float half, r;

		if (i % minor) {
			tick(g, x, a, 259, 268, 2.0f, hot ? GFX_RGB(0x8a2733) : GFX_RGB(0x4a5563));
			continue;
		}
		tick(g, x, a, 251, 268, 3.0f, hot ? C_RED : C_SOFT);
		snprintf(text, sizeof(text), "%d", (int)(value / show_as + 0.5));
		/* Numbers stand off the ticks alike, however wide they are. */
		half = (float)gfx_text_width(&font_28, text) * 0.5f;
		r = 240.0f - fabsf(cosf(a)) * half - fabsf(sinf(a)) * (float)font_28.cap * 0.5f;

		gfx_text(g, &font_28, (int)floorf(x + r * cosf(a) + 0.5f),
			(int)floorf(DIAL_Y + r * sinf(a) + 0.5f) + font_28.cap / 2, GFX_CENTRE,
			text, hot ? C_RED : C_SOFT);
	}
}

static void dial(const struct gfx *g, const struct cluster_view *v, int which)
{
	float x = dial_x(which);
	struct gfx_ring track = { .cx = x,
		.cy = DIAL_Y,
		.r0 = TRACK_R0,
		.r1 = TRACK_R1,
		.a0 = DIAL_FROM,
		.a1 = DIAL_TO,
		.c0 = C_TRACK,
		.c1 = C_TRACK };
	struct gfx_ring rim = { .cx = x,
		.cy = DIAL_Y,
		.r0 = DIAL_R + 5,
		.r1 = DIAL_R + 7,
		.a0 = 0,
		.a1 = DEG(360),
		.c0 = GFX_RGB(0x2b3440),
		.c1 = GFX_RGB(0x2b3440) };
	struct gfx_ring hub = { .cx = x,
		.cy = DIAL_Y,
		.r0 = HUB_R - 1.2f,
		.r1 = HUB_R + 0.4f,
		.a0 = 0,
		.a1 = DEG(360),
		.c0 = GFX_RGB(0x222b36),
		.c1 = GFX_RGB(0x222b36) };

	gfx_glow(g, x, DIAL_Y, 430, 430, GFX_ALPHA(0x123049, 110));
	gfx_disc(g, x, DIAL_Y, DIAL_R + 6, GFX_RGB(0x131a23), GFX_RGB(0x090d12));
	gfx_ring(g, &rim);
	gfx_ring(g, &track);
	if (which == DIAL_RPM) {
		struct gfx_ring red = track;

		red.a0 = DIAL_FROM + (DIAL_TO - DIAL_FROM) * (float)(v->rpm_red / v->rpm_max);
		red.c0 = GFX_RGB(0x551822);
		red.c1 = GFX_RGB(0x8e2331);
		gfx_ring(g, &red);
		scale(g, x, v->rpm_max, 1000, 4, v->rpm_red, 1000);
	} else {
		double step = v->speed_max > 160 ? 20 : 10;

		scale(g, x, v->speed_max, step, 4, 1e9, 1);
	}
	gfx_disc(g, x, DIAL_Y, HUB_R, GFX_RGB(0x0a0e13), GFX_RGB(0x0f151c));
	gfx_ring(g, &hub);
	if (which == DIAL_RPM) {
		gfx_text(g, &font_16, (int)x, DIAL_Y - 104, GFX_CENTRE, "\u00d7 1000 rpm", C_DIM);
		gfx_text(g, &font_18, (int)x + 16, UNIT_Y, GFX_LEFT, "rpm", C_DIM);
	} else {
		gfx_text(g, &font_24, (int)x, UNIT_Y, GFX_CENTRE, "km/h", C_DIM);
	}
	if (which == DIAL_RPM ? v->fuel.mapped : v->coolant.mapped) {
		struct gfx_ring small = track;

		small.a0 = SMALL_TO;
		small.a1 = SMALL_FROM;
		gfx_ring(g, &small);
		/* The part to avoid: empty, or too hot. */
		small.c0 = small.c1 = which == DIAL_RPM ? GFX_RGB(0x5a4316) : GFX_RGB(0x5a1a24);
		if (which == DIAL_RPM)
			small.a0 = SMALL_FROM - (SMALL_FROM - SMALL_TO) * (float)(FUEL_LOW / 100);
		else
			small.a1 = SMALL_TO +
				   (SMALL_FROM - SMALL_TO) * (float)((COOLANT_MAX - COOLANT_HOT) /
								     (COOLANT_MAX - COOLANT_MIN));
		gfx_ring(g, &small);
		for (int end = 0; end < 2; end++) {
			float a = end ? SMALL_TO : SMALL_FROM;
			const char *label =
				which == DIAL_RPM ? (end ? "F" : "E") : (end ? "H" : "C");

			gfx_text(g, &font_16, (int)floorf(x + 262 * cosf(a) + 0.5f),
				(int)floorf(DIAL_Y + 262 * sinf(a) + 0.5f) + font_16.cap / 2,
				GFX_CENTRE, label, C_DIM);
		}
	}
}

static void road(const struct gfx *g)
{
	/* The own lane: brightest in the middle distance, gone at the viewer and at the horizon. */
	for (int i = 0; i < 60; i++) {
		float a = ROAD_NEAR + (ROAD_FAR - ROAD_NEAR) * (float)(i * i) / 3600.0f;
		float b = ROAD_NEAR + (ROAD_FAR - ROAD_NEAR) * (float)((i + 1) * (i + 1)) / 3600.0f;
		float t = (float)i / 60.0f,
		      light = t < 0.25f ? t * 4.0f : 1.0f - (t - 0.25f) * 1.33f;
		const struct gfx_point p[4] = { road_point(-1.66f, a), road_point(1.66f, a),
			road_point(1.66f, b), road_point(-1.66f, b) };

		gfx_polygon(g, p, 4, GFX_ALPHA(0x223142, (int)(light * 130.0f)));
	}
	gfx_glow(g, MIDDLE_X, 176, 300, 84, GFX_ALPHA(0x1f4f70, 60));
	gfx_glow(g, MIDDLE_X, 176, 250, 16, GFX_ALPHA(0x4f9cc8, 90));
	for (int i = -1; i <= 1; i += 2) {
		struct gfx_point far = road_point((float)i * 5.25f, ROAD_FAR);
		struct gfx_point near = road_point((float)i * 2.6f, 0);

		/* Road edges fade towards the horizon and the viewer. */
		for (int k = 0; k < 16; k++) {
			float t0 = (float)k / 16, t1 = (float)(k + 1) / 16;

			gfx_line(g, far.x + (near.x - far.x) * t0, far.y + (near.y - far.y) * t0,
				far.x + (near.x - far.x) * t1, far.y + (near.y - far.y) * t1, 1.6f,
				GFX_ALPHA(0x55718c, k < 4 ? 18 * k + 18 : 90 - 5 * (k - 4)));
		}
	}
}

static void car(const struct gfx *g)
{
	gfx_glow(g, CAR_X, CAR_TOP + 68 * CAR_UNIT, 128, 24, GFX_ALPHA(0x000000, 245));
	gfx_shape(g, CAR_WHEELS, CAR_LEFT, CAR_TOP, CAR_UNIT, GFX_RGB(0x0b0e12));
	gfx_shape(g, CAR_MIRRORS, CAR_LEFT, CAR_TOP, CAR_UNIT, GFX_RGB(0x3a4653));
	gfx_shape(g, CAR_BODY, CAR_LEFT, CAR_TOP, CAR_UNIT, GFX_RGB(0x465463));
	gfx_shape(g, CAR_GLASS, CAR_LEFT, CAR_TOP, CAR_UNIT, GFX_RGB(0x1a242f));
	gfx_glow(g, CAR_X - 16, CAR_TOP + 13 * CAR_UNIT, 30, 8, GFX_ALPHA(0x7f9ab3, 90));
	gfx_shape(g, CAR_BUMPER, CAR_LEFT, CAR_TOP, CAR_UNIT, GFX_RGB(0x1d252e));
	gfx_glow(g, CAR_X, CAR_TOP + 32 * CAR_UNIT, 84, 8, GFX_ALPHA(0xa9bed3, 110));
	gfx_shape(g, CAR_PLATE, CAR_LEFT, CAR_TOP, CAR_UNIT, GFX_RGB(0x66727f));
}

void cluster_background(const struct gfx *g, const struct cluster_view *v)
{
	struct gfx_rect all = { 0, 0, CLUSTER_W, CLUSTER_H };

	gfx_gradient(g, all, GFX_RGB(0x0c1118), C_GROUND);
	dial(g, v, DIAL_SPEED);
	dial(g, v, DIAL_RPM);
	road(g);
	car(g);
	gfx_gradient_x(
		g, (struct gfx_rect){ MIDDLE_X - 240, 548, 240, 1 }, gfx_fade(C_LINE, 0), C_LINE);
	gfx_gradient_x(g, (struct gfx_rect){ MIDDLE_X, 548, 240, 1 }, C_LINE, gfx_fade(C_LINE, 0));
	gfx_gradient_x(
		g, (struct gfx_rect){ MIDDLE_X - 240, 622, 240, 1 }, gfx_fade(C_LINE, 0), C_LINE);
	gfx_gradient_x(g, (struct gfx_rect){ MIDDLE_X, 622, 240, 1 }, C_LINE, gfx_fade(C_LINE, 0));
}
