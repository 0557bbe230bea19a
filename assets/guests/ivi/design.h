/* SPDX-License-Identifier: Apache-2.0 */
/* The IVI's grid, colours and building blocks, shared by its drawing files. */
#pragma once

#include "fonts.h"
#include "icons.h"
#include "ivi_view.h"

#define C_GROUND GFX_RGB(0x080b10)
#define C_CARD   GFX_RGB(0x141a22)
#define C_CARD2  GFX_RGB(0x10151c)
#define C_BUTTON GFX_RGB(0x1f2731)
#define C_PRESS  GFX_RGB(0x303b48)
#define C_LINE   GFX_RGB(0x252d38)
#define C_TEXT   GFX_RGB(0xf3f6fa)
#define C_SOFT   GFX_RGB(0xb9c4d1)
#define C_DIM    GFX_RGB(0x73808f)
#define C_RED    GFX_RGB(0xff4a5a)
#define C_AMBER  GFX_RGB(0xffb02e)

/* Grid: rail on the left, a status line on top, content with gutters of 16. */
#define RAIL_W    112
#define TOP_H     72
#define CONTENT_X 136
#define CONTENT_Y 84
#define CONTENT_W 1120
#define CONTENT_H 692
#define GUTTER    16
#define HALF_W    ((CONTENT_W - GUTTER) / 2)
#define RIGHT_X   (CONTENT_X + HALF_W + GUTTER)
#define RADIUS    20.0f

gfx_color ivi_accent(const struct ivi_view *v);

static inline struct gfx_rect box(int x, int y, int w, int h)
{
	return (struct gfx_rect){ x, y, w, h };
}

/* A card of the background. */
void ivi_card(const struct gfx *g, struct gfx_rect r);
/* A button's body: on (accent), pressed, or at rest. */
void ivi_button(const struct gfx *g, const struct ivi_view *v, struct gfx_rect r, float radius,
	bool on, bool pressed);
/* Icon centred on a point. */
void ivi_icon(const struct gfx *g, enum icon i, int cx, int cy, int size, gfx_color c);
/* The picture that stands for a track. */
void ivi_cover(const struct gfx *g, int track, struct gfx_rect r);

/* One page each: what stands still, and its items. */
void home_background(const struct gfx *g, const struct ivi_view *v);
void home_items(const struct ivi_view *v, struct scene *s);
void media_background(const struct gfx *g, const struct ivi_view *v);
void media_items(const struct ivi_view *v, struct scene *s);
void climate_background(const struct gfx *g, const struct ivi_view *v);
void climate_items(const struct ivi_view *v, struct scene *s);
void vehicle_background(const struct gfx *g, const struct ivi_view *v);
void vehicle_items(const struct ivi_view *v, struct scene *s);
void settings_background(const struct gfx *g, const struct ivi_view *v);
void settings_items(const struct ivi_view *v, struct scene *s);

/* Adds an item for control i; look is what it depends on besides being pressed. */
void ivi_add_control(const struct ivi_view *v, struct scene *s, int i, uint64_t look,
	void (*draw)(const struct gfx *, const struct scene_item *, const void *));
/* The control with this action and argument on a page. */
int ivi_find(int page, enum ivi_action action, int arg);
/* Number with unit at a place, dashes included; for labels under values. */
void ivi_number(const struct gfx *g, const struct gfx_font *f, int x, int y, enum gfx_align align,
	const struct shown *s, int decimals, const char *unit);
