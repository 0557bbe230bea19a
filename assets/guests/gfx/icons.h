/* SPDX-License-Identifier: Apache-2.0 */
/* Icons as vector shapes (path.h) in a box of 24 x 24 units. */
#pragma once

#include "path.h"

enum icon {
	ICON_ARROW_LEFT,
	ICON_ARROW_RIGHT,
	ICON_HIGH_BEAM,
	ICON_SEAT_BELT,
	ICON_BRAKE,
	ICON_PARK_BRAKE,
	ICON_ENGINE,
	ICON_OIL,
	ICON_BATTERY,
	ICON_ABS,
	ICON_DOOR,
	ICON_FUEL,
	ICON_COOLANT,
	ICON_HOME,
	ICON_MEDIA,
	ICON_CLIMATE,
	ICON_CAR,
	ICON_SETTINGS,
	ICON_PLAY,
	ICON_PAUSE,
	ICON_PREVIOUS,
	ICON_NEXT,
	ICON_PLUS,
	ICON_MINUS,
	ICON_SNOWFLAKE,
	ICON_SEAT_HEAT,
	ICON_DEFROST,
	ICON_RECIRCULATE,
	ICON_POWER,
	ICON_SPEAKER,
	ICON_SUN,
	ICON_CHECK,
	ICONS
};

/* Draws icon i into the square of `size` pixels whose left upper corner is x, y. */
void gfx_icon(const struct gfx *g, enum icon i, float x, float y, float size, gfx_color c);
