/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Putting a picture into an SDL window: through the window's own surface where GL would be software
 * (fastest there: only damage is copied), through a streaming texture where a GPU renders. SDL
 * main thread only.
 */
#pragma once

#include <SDL.h>

#include "base/proto/display.h"

struct painter;

/*
 * Chooses the way: a texture when the machine has a render node, else the window surface;
 * DYNO_UI_RENDERER=surface|texture overrides. 0 or -EIO with a message.
 */
MUST_CHECK int painter_new(struct painter **out, SDL_Window *win, struct err *e);
void painter_free(struct painter *p); /* NULL is legal */
/* "surface" or "texture". */
const char *painter_name(const struct painter *p);

/* The picture has w x h pixels from now on; its pixels (bytes B G R X) are at painter_pixels(). */
MUST_CHECK int painter_resize(struct painter *p, uint32_t w, uint32_t h);
/* Row y of the picture, to be written by the caller before painter_paint(). */
uint32_t *painter_row(struct painter *p, uint32_t y);
/* Shows what changed. `all` repaints the whole window (exposed, resized). */
void painter_paint(struct painter *p, struct display_rect damage, bool all);
