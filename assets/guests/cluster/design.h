/* SPDX-License-Identifier: Apache-2.0 */
/* The cluster's grid, colours and shapes: numbers that its two drawing files share. */
#pragma once

#include <math.h>

#include "cluster_view.h"
#include "fonts.h"
#include "icons.h"

/* Colours. */
#define C_GROUND GFX_RGB(0x06080c)
#define C_TEXT   GFX_RGB(0xf3f6fa)
#define C_SOFT   GFX_RGB(0xb9c4d1)
#define C_DIM    GFX_RGB(0x66717f)
#define C_LINE   GFX_RGB(0x2a333f)
#define C_OFF    GFX_RGB(0x1d242d)
#define C_TRACK  GFX_RGB(0x1a212b)
#define C_ACCENT GFX_RGB(0x35c3ff)
#define C_RED    GFX_RGB(0xff3b4e)
#define C_AMBER  GFX_RGB(0xffb02e)
#define C_GREEN  GFX_RGB(0x35d97a)
#define C_BLUE   GFX_RGB(0x4b8dff)

/* Dials. */
enum { DIAL_SPEED, DIAL_RPM };
#define DIAL_Y    354
#define DIAL_R    300
#define TRACK_R0  282.0f
#define TRACK_R1  294.0f
#define NEEDLE_R0 243.0f
#define NEEDLE_R1 296.0f
#define HUB_R     164
#define READOUT_Y (DIAL_Y + 46)
#define UNIT_Y    (DIAL_Y + 96)
#define SECTORS   24
#define DEG(d)    ((float)(d)*0.01745329252f)
#define DIAL_FROM DEG(150)
#define DIAL_TO   DEG(390)

static inline float dial_x(int dial)
{
	return dial == DIAL_SPEED ? 388.0f : (float)CLUSTER_W - 388.0f;
}

/* The small arcs in the dials' gap, filled from left to right. */
#define SMALL_FROM   DEG(128)
#define SMALL_TO     DEG(52)
#define SMALL_TEXT_Y (DIAL_Y + 254)
#define COOLANT_MIN  50.0
#define COOLANT_MAX  130.0
#define COOLANT_HOT  112.0
#define FUEL_LOW     12.0

/* The middle. */
#define MIDDLE_X   (CLUSTER_W / 2)
#define TOP_Y      62
#define ARROW_DX   196
#define ARROW_Y    52
#define MESSAGE_Y  486
#define DISTANCE_Y 602
#define LAMP_Y     662
#define LAMP_PITCH 60

/* The road: a point `side` metres right of the lane's middle, `ahead` metres away. */
#define ROAD_NEAR  0.0f
#define ROAD_FAR   60.0f
#define DASH_EVERY 12.0f
#define DASH_LONG  5.0f

#define ROAD_HORIZON 128.0f
#define ROAD_DEPTH   330.0f
#define ROAD_SCALE   112.0f

/* How much smaller things look `ahead` metres away. */
static inline float road_shrink(float ahead)
{
	return 9.0f / (9.0f + ahead);
}

static inline struct gfx_point road_point(float side, float ahead)
{
	float k = road_shrink(ahead);

	return (struct gfx_point){ (float)MIDDLE_X + side * ROAD_SCALE * k,
		ROAD_HORIZON + ROAD_DEPTH * k };
}

/* The car from behind, in units of a box 100 wide. */
#define CAR_X    ((float)MIDDLE_X)
#define CAR_Y    330.0f
#define CAR_UNIT 2.0f
#define LIGHT_Y  (CAR_Y + 51.0f)
#define CAR_LEFT (CAR_X - 50 * CAR_UNIT)
#define CAR_TOP  (CAR_Y - 30)

#define CAR_SHADOW "O 50 66 8"
#define CAR_WHEELS "B 11 52 13 18 3.5 B 76 52 13 18 3.5"
#define CAR_BODY                                                                                    \
	"M 13 34 C 17 30.5 22 29.5 27 29 C 29 18 33 10 38 8 C 45 6.4 55 6.4 62 8 C 67 10 71 18 73 " \
	"29 C 78 29.5 83 30.5 87 34 C 91 39 92 47 91 56 C 90.6 60 89 62 86 62 H 14 C 11 62 9.4 60 " \
	"9 56 C 8 47 9 39 13 34 Z"
#define CAR_GLASS                                                                             \
	"M 30.5 28 C 32 19 35 12.4 39 11 C 46 9.6 54 9.6 61 11 C 65 12.4 68 19 69.5 28 C 57 " \
	"29.6 43 29.6 30.5 28 Z"
#define CAR_BUMPER \
	"M 9.4 51 C 30 54.5 70 54.5 90.6 51 L 91 56 C 90.6 60 89 62 86 62 H 14 C 11 62 9.4 60 9 56 Z"
#define CAR_PLATE   "B 40 45.4 20 5.4 1"
#define CAR_MIRRORS "B 19.6 24 7 4.4 2 B 73.4 24 7 4.4 2"
#define CAR_TAIL                                                                             \
	"M 11.5 38 C 18 36.4 26 37 33 39 L 31.6 43.6 C 24 42.6 16 43 10 44.4 Z M 88.5 38 C " \
	"82 36.4 74 37 67 39 L 68.4 43.6 C 76 42.6 84 43 90 44.4 Z"
#define CAR_TAIL_BAR   "B 40 13 20 1.6 0.8"
#define CAR_TURN_LEFT  "M 11.5 38 C 14 37.2 17 37 20 37 L 19 42.8 C 16 43 13 43.6 10 44.4 Z"
#define CAR_TURN_RIGHT "M 88.5 38 C 86 37.2 83 37 80 37 L 81 42.8 C 84 43 87 43.6 90 44.4 Z"
