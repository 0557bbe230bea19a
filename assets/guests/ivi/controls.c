/* SPDX-License-Identifier: Apache-2.0 */
/* Where the controls of the IVI lie: one table, used by drawing and by touch. */
#include "design.h"

#define NAV(p)                                                            \
	{                                                                 \
		-1, { 0, TOP_H + 24 + (p)*128, RAIL_W, 116 }, ACT_PAGE, p \
	}
#define ZONE_X(side) ((side) ? CONTENT_X + 760 : CONTENT_X)
#define TOGGLE(n)                                              \
	{                                                      \
		CONTENT_X + (n)*227, CONTENT_Y + 560, 212, 132 \
	}

static const struct ivi_control controls[] = {
	NAV(PAGE_HOME),
	NAV(PAGE_MEDIA),
	NAV(PAGE_CLIMATE),
	NAV(PAGE_VEHICLE),
	NAV(PAGE_SETTINGS),

	/* Home: buttons first, then the cards under them. */
	{ PAGE_HOME, { RIGHT_X + 232, CONTENT_Y + 206, 72, 72 }, ACT_TRACK_STEP, -1 },
	{ PAGE_HOME, { RIGHT_X + 324, CONTENT_Y + 202, 80, 80 }, ACT_PLAY, 0 },
	{ PAGE_HOME, { RIGHT_X + 424, CONTENT_Y + 206, 72, 72 }, ACT_TRACK_STEP, 1 },
	{ PAGE_HOME, { CONTENT_X, CONTENT_Y, HALF_W, 338 }, ACT_PAGE, PAGE_VEHICLE },
	{ PAGE_HOME, { RIGHT_X, CONTENT_Y, HALF_W, 338 }, ACT_PAGE, PAGE_MEDIA },
	{ PAGE_HOME, { CONTENT_X, CONTENT_Y + 354, HALF_W, 338 }, ACT_PAGE, PAGE_CLIMATE },
	{ PAGE_HOME, { RIGHT_X, CONTENT_Y + 354, HALF_W, 338 }, ACT_PAGE, PAGE_VEHICLE },

	{ PAGE_MEDIA, { CONTENT_X + 440, CONTENT_Y + 248, 88, 88 }, ACT_TRACK_STEP, -1 },
	{ PAGE_MEDIA, { CONTENT_X + 552, CONTENT_Y + 240, 104, 104 }, ACT_PLAY, 0 },
	{ PAGE_MEDIA, { CONTENT_X + 680, CONTENT_Y + 248, 88, 88 }, ACT_TRACK_STEP, 1 },
	{ PAGE_MEDIA, { CONTENT_X + 16, CONTENT_Y + 408, CONTENT_W - 32, 66 }, ACT_TRACK, 0 },
	{ PAGE_MEDIA, { CONTENT_X + 16, CONTENT_Y + 476, CONTENT_W - 32, 66 }, ACT_TRACK, 1 },
	{ PAGE_MEDIA, { CONTENT_X + 16, CONTENT_Y + 544, CONTENT_W - 32, 66 }, ACT_TRACK, 2 },
	{ PAGE_MEDIA, { CONTENT_X + 16, CONTENT_Y + 612, CONTENT_W - 32, 66 }, ACT_TRACK, 3 },

	{ PAGE_CLIMATE, { ZONE_X(0) + 32, CONTENT_Y + 260, 128, 96 }, ACT_TEMP_DOWN, 0 },
	{ PAGE_CLIMATE, { ZONE_X(0) + 200, CONTENT_Y + 260, 128, 96 }, ACT_TEMP_UP, 0 },
	{ PAGE_CLIMATE, { ZONE_X(0) + 32, CONTENT_Y + 396, 296, 116 }, ACT_SEAT, 0 },
	{ PAGE_CLIMATE, { ZONE_X(1) + 32, CONTENT_Y + 260, 128, 96 }, ACT_TEMP_DOWN, 1 },
	{ PAGE_CLIMATE, { ZONE_X(1) + 200, CONTENT_Y + 260, 128, 96 }, ACT_TEMP_UP, 1 },
	{ PAGE_CLIMATE, { ZONE_X(1) + 32, CONTENT_Y + 396, 296, 116 }, ACT_SEAT, 1 },
	{ PAGE_CLIMATE, { CONTENT_X + 392, CONTENT_Y + 350, 336, 162 }, ACT_FAN, 0 },
	{ PAGE_CLIMATE, TOGGLE(0), ACT_POWER, 0 },
	{ PAGE_CLIMATE, TOGGLE(1), ACT_AUTO, 0 },
	{ PAGE_CLIMATE, TOGGLE(2), ACT_AC, 0 },
	{ PAGE_CLIMATE, TOGGLE(3), ACT_RECIRCULATE, 0 },
	{ PAGE_CLIMATE, TOGGLE(4), ACT_DEFROST, 0 },

	{ PAGE_SETTINGS, { CONTENT_X + 360, CONTENT_Y + 36, 620, 88 }, ACT_BRIGHTNESS, 0 },
	{ PAGE_SETTINGS, { CONTENT_X + 360, CONTENT_Y + 176, 620, 88 }, ACT_VOLUME, 0 },
	{ PAGE_SETTINGS, { CONTENT_X + 360, CONTENT_Y + 316, 88, 88 }, ACT_ACCENT, 0 },
	{ PAGE_SETTINGS, { CONTENT_X + 472, CONTENT_Y + 316, 88, 88 }, ACT_ACCENT, 1 },
	{ PAGE_SETTINGS, { CONTENT_X + 584, CONTENT_Y + 316, 88, 88 }, ACT_ACCENT, 2 },
	{ PAGE_SETTINGS, { CONTENT_X + 696, CONTENT_Y + 316, 88, 88 }, ACT_ACCENT, 3 },
};
#define CONTROLS ((int)(sizeof(controls) / sizeof(controls[0])))

const struct ivi_control *ivi_control(int i)
{
	return i >= 0 && i < CONTROLS ? &controls[i] : NULL;
}

int ivi_hit(enum ivi_page page, int x, int y)
{
	for (int i = 0; i < CONTROLS; i++) {
		if ((controls[i].page < 0 || controls[i].page == (int)page) &&
			gfx_rect_hit(controls[i].r, x, y))
			return i;
	}
	return -1;
}

int ivi_find(int page, enum ivi_action action, int arg)
{
	for (int i = 0; i < CONTROLS; i++) {
		if (controls[i].page == page && controls[i].action == action &&
			controls[i].arg == arg)
			return i;
	}
	return -1;
}
