/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of the player that the home page shows too. */
#pragma once

#include "design.h"

/* Progress bar with both times below it: 6 + 34 pixels high. */
void media_progress(const struct gfx *g, const struct ivi_view *v, int x, int y, int w);
/* Draws a previous, play or next control. */
void media_draw_button(const struct gfx *g, const struct scene_item *it, const void *view);
