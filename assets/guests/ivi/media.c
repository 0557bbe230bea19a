/* SPDX-License-Identifier: Apache-2.0 */
/* Media: the player; covers are drawn, music.c makes the sound. */
#include <math.h>
#include <stdio.h>

#include "design.h"
#include "media.h"

static const struct {
	const char *title, *artist;
	int seconds;
	uint32_t top, bottom, light;
} tracks[IVI_TRACKS] = {
	{ "Night Shift", "The Dynos", 228, 0x1b2a5c, 0x6b2f8a, 0xff8a5c },
	{ "Torque Curve", "Flat Six", 194, 0x0b4a4f, 0x0f2740, 0x4de3c1 },
	{ "Coastline", "Apex Parade", 251, 0x6a2a3c, 0xd9743f, 0xffd98a },
	{ "Rolling Road", "Bench & Sons", 176, 0x1f2f3f, 0x3c5570, 0x9fd0ff },
};

int ivi_track_seconds(int track)
{
	return tracks[track].seconds;
}

const char *ivi_track_title(int track)
{
	return tracks[track].title;
}

const char *ivi_track_artist(int track)
{
	return tracks[track].artist;
}

void ivi_cover(const struct gfx *g, int track, struct gfx_rect r)
{
	struct gfx in = gfx_clip(g, r);
	float s = (float)r.w, x = (float)r.x, y = (float)r.y;
	gfx_color light = GFX_RGB(tracks[track].light);

	gfx_round(&in, r, s * 0.06f, GFX_RGB(tracks[track].top), GFX_RGB(tracks[track].bottom));
	/* A sun over hills, each cover with its own light. */
	gfx_glow(&in, x + s * 0.62f, y + s * 0.44f, s * 0.46f, s * 0.46f, gfx_fade(light, 0.65f));
	gfx_disc(&in, x + s * 0.62f, y + s * 0.44f, s * 0.15f, gfx_fade(light, 1.0f),
		gfx_fade(light, 0.85f));
	for (int i = 0; i < 3; i++) {
		struct gfx_point p[34];
		float base = y + s * (0.56f + 0.13f * (float)i);

		for (int k = 0; k <= 31; k++) {
			float t = (float)k / 31.0f;

			p[k].x = x + s * (0.0f + 1.0f * t);
			p[k].y = base + s * 0.07f *
						sinf(t * (5.0f + (float)track) + (float)i * 2.1f +
							(float)track);
		}
		p[32] = (struct gfx_point){ x + s, y + s * 0.94f };
		p[33] = (struct gfx_point){ x, y + s * 0.94f };
		gfx_polygon(&in, p, 34, GFX_ALPHA(0x080c14, 90 + 45 * i));
	}
	{
		/* The foot follows the round corners. */
		struct gfx foot = gfx_clip(&in, box(r.x, r.y + (int)(s * 0.94f), r.w, r.h));

		gfx_round(&foot, r, s * 0.06f, GFX_ALPHA(0x080c14, 235), GFX_ALPHA(0x080c14, 235));
	}
}

/* "3:48" */
static void time_text(int seconds, char out[16])
{
	snprintf(out, 16, "%d:%02d", seconds / 60, seconds % 60);
}

void media_progress(const struct gfx *g, const struct ivi_view *v, int x, int y, int w)
{
	int total = tracks[v->track].seconds;
	int done = (int)((float)w * (float)v->second / (float)total);
	char text[16];

	gfx_round(g, box(x, y, w, 6), 3, GFX_RGB(0x2a333e), GFX_RGB(0x2a333e));
	gfx_round(g, box(x, y, done < 6 ? 6 : done, 6), 3, ivi_accent(v), ivi_accent(v));
	time_text(v->second, text);
	gfx_text(g, &font_16, x, y + 30, GFX_LEFT, text, C_DIM);
	time_text(total, text);
	gfx_text(g, &font_16, x + w, y + 30, GFX_RIGHT, text, C_DIM);
}

void media_draw_button(const struct gfx *g, const struct scene_item *it, const void *view)
{
	const struct ivi_view *v = view;
	const struct ivi_control *c = ivi_control(it->arg);
	int cx = c->r.x + c->r.w / 2, cy = c->r.y + c->r.h / 2;
	bool pressed = v->pressed == it->arg;
	enum icon icon;

	if (c->action == ACT_PLAY) {
		gfx_color a = ivi_accent(v);

		gfx_disc(g, (float)cx, (float)cy, (float)c->r.w * 0.5f - 2,
			pressed ? gfx_mix(a, C_TEXT, 0.3f) : a, gfx_mix(a, C_GROUND, 0.25f));
		icon = v->playing ? ICON_PAUSE : ICON_PLAY;
		ivi_icon(g, icon, cx + (v->playing ? 0 : 2), cy, c->r.w * 2 / 5, GFX_RGB(0x06121c));
		return;
	}
	icon = c->arg < 0 ? ICON_PREVIOUS : ICON_NEXT;
	ivi_button(g, v, gfx_rect_grow(c->r, -4), (float)c->r.w * 0.5f - 4, false, pressed);
	ivi_icon(g, icon, cx, cy, c->r.w * 2 / 5, C_TEXT);
}

static void draw_now(const struct gfx *g, const struct scene_item *it, const void *view)
{
	const struct ivi_view *v = view;
	int x = CONTENT_X + 440;

	(void)it;
	gfx_text(g, &font_18, x, CONTENT_Y + 62, GFX_LEFT, "Now playing", ivi_accent(v));
	gfx_text(g, &font_40, x, CONTENT_Y + 116, GFX_LEFT, ivi_track_title(v->track), C_TEXT);
	gfx_text(g, &font_24, x, CONTENT_Y + 154, GFX_LEFT, ivi_track_artist(v->track), C_SOFT);
}

static void draw_progress(const struct gfx *g, const struct scene_item *it, const void *view)
{
	(void)it;
	media_progress(g, view, CONTENT_X + 440, CONTENT_Y + 194, CONTENT_W - 440 - 40);
}

static void draw_cover(const struct gfx *g, const struct scene_item *it, const void *view)
{
	const struct ivi_view *v = view;

	ivi_cover(g, v->track, gfx_rect_grow(it->box, 0));
}

static void draw_row(const struct gfx *g, const struct scene_item *it, const void *view)
{
	const struct ivi_view *v = view;
	const struct ivi_control *c = ivi_control(it->arg);
	struct gfx_rect r = c->r;
	bool on = v->track == c->arg;
	char text[16];

	if (v->pressed == it->arg)
		gfx_round(g, r, 14, C_BUTTON, C_BUTTON);
	else if (on)
		gfx_round(g, r, 14, gfx_fade(ivi_accent(v), 0.13f), gfx_fade(ivi_accent(v), 0.08f));
	if (on)
		ivi_icon(g, v->playing ? ICON_PAUSE : ICON_PLAY, r.x + 36, r.y + r.h / 2, 22,
			ivi_accent(v));
	else {
		snprintf(text, sizeof(text), "%d", c->arg + 1);
		gfx_text(g, &font_20, r.x + 36, r.y + 40, GFX_CENTRE, text, C_DIM);
	}
	gfx_text(g, &font_24, r.x + 80, r.y + 42, GFX_LEFT, ivi_track_title(c->arg), C_TEXT);
	gfx_text(g, &font_18, r.x + 440, r.y + 40, GFX_LEFT, ivi_track_artist(c->arg), C_DIM);
	time_text(tracks[c->arg].seconds, text);
	gfx_text(g, &font_18, r.x + r.w - 24, r.y + 40, GFX_RIGHT, text, C_DIM);
}

void media_background(const struct gfx *g, const struct ivi_view *v)
{
	(void)v;
	ivi_card(g, box(CONTENT_X, CONTENT_Y, CONTENT_W, 384));
	ivi_card(g, box(CONTENT_X, CONTENT_Y + 400, CONTENT_W, 292));
	for (int i = 1; i < IVI_TRACKS; i++)
		gfx_fill(g, box(CONTENT_X + 96, CONTENT_Y + 407 + i * 68, CONTENT_W - 128, 1),
			C_LINE);
}

void media_items(const struct ivi_view *v, struct scene *s)
{
	uint64_t look = (uint64_t)(v->track << 3 | v->accent << 1 | v->playing);

	scene_add(s, box(CONTENT_X + 32, CONTENT_Y + 32, 320, 320), (uint64_t)v->track, draw_cover,
		0);
	scene_add(s, box(CONTENT_X + 436, CONTENT_Y + 40, 640, 128), look, draw_now, 0);
	scene_add(s, box(CONTENT_X + 436, CONTENT_Y + 188, 652, 46),
		(uint64_t)(v->track << 16 | v->second), draw_progress, 0);
	for (int i = ivi_find(PAGE_MEDIA, ACT_TRACK_STEP, -1), k = 0; k < 3; k++)
		ivi_add_control(v, s, i + k, look, media_draw_button);
	for (int i = ivi_find(PAGE_MEDIA, ACT_TRACK, 0), k = 0; k < IVI_TRACKS; k++)
		ivi_add_control(v, s, i + k, look, draw_row);
}
