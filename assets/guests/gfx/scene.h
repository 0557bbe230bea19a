/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Damage: what changed on a screen. A screen is a fixed background and a list of items that the
 * application makes anew for every frame; an item is where it is, what it looks like (a number that
 * differs when the look differs) and how to draw it. Two lists of the same screen are compared, and
 * only rectangles around differing items are restored and drawn again.
 */
#pragma once

#include "gfx.h"

#define SCENE_ITEMS  192
#define SCENE_DAMAGE 24

struct scene_item {
	struct gfx_rect box; /* draws nothing outside */
	uint64_t look;
	void (*draw)(const struct gfx *g, const struct scene_item *it, const void *view);
	int arg;
};

struct scene {
	struct scene_item item[SCENE_ITEMS];
	unsigned int n;
};

/* Adds an item in front of the earlier ones. When the list is full the item is not shown. */
void scene_add(struct scene *s, struct gfx_rect box, uint64_t look,
	void (*draw)(const struct gfx *, const struct scene_item *, const void *), int arg);

/*
 * Rectangles that cover everything that differs between two lists, disjoint, clipped to w x h; at
 * most SCENE_DAMAGE. Items are compared by position in the list, so a screen should always add its
 * items in the same order (one not shown gets an empty box). Returns how many.
 */
unsigned int scene_diff(const struct scene *old, const struct scene *now, int w, int h,
	struct gfx_rect out[SCENE_DAMAGE]);

/* Restores r from the background and draws the items that touch it, in order. */
void scene_paint(const struct gfx *g, const struct gfx *background, const struct scene *s,
	struct gfx_rect r, const void *view);

/* For looks: folds a number or a string into a hash. Start with SCENE_LOOK. */
#define SCENE_LOOK UINT64_C(0xcbf29ce484222325)
uint64_t scene_look(uint64_t h, uint64_t v);
uint64_t scene_look_text(uint64_t h, const char *s);
