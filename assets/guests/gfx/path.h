/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Vector shapes: polygons, curves and strokes filled with exact-area anti-aliasing. Overlapping
 * parts of the same direction unite; a part of opposite direction cuts a hole.
 */
#pragma once

#include "gfx.h"

struct gfx_point {
	float x, y;
};

/* Fills one closed polygon. */
void gfx_polygon(const struct gfx *g, const struct gfx_point *p, unsigned int n, gfx_color c);

/* A line with round ends. */
void gfx_line(
	const struct gfx *g, float x0, float y0, float x1, float y1, float width, gfx_color c);

/*
 * Draws a shape that is written down as text, in the manner of SVG path data (absolute
 * coordinates): M x y, L x y, H x, V y, C x1 y1 x2 y2 x y, Q x1 y1 x y, Z close;
 * O cx cy r: a circle; B x y w h r: a box with round corners;
 * F: what follows is filled (the initial state); X: filled in the opposite direction (a hole in
 * what it lies on); S w: what follows is stroked, w units wide, round joins.
 * One unit is `scale` pixels; the origin lies at x, y. Malformed text ends the shape there.
 */
void gfx_shape(const struct gfx *g, const char *text, float x, float y, float scale, gfx_color c);
