/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the in-vehicle infotainment shows, as plain values, where its controls lie and how it looks.
 * Pure: the guest, the preview and the tests fill the view.
 */
#pragma once

#include "scene.h"
#include "shown.h"

#define IVI_W 1280
#define IVI_H 800

enum ivi_page { PAGE_HOME, PAGE_MEDIA, PAGE_CLIMATE, PAGE_VEHICLE, PAGE_SETTINGS, PAGES };

/* Values from the bus. */
enum ivi_value {
	V_SPEED,
	V_RPM,
	V_COOLANT,
	V_OIL_TEMP,
	V_BATTERY,
	V_FUEL,
	V_THROTTLE,
	V_ODOMETER,
	V_OUTSIDE,
	V_CABIN,
	V_CLOCK,
	V_DOOR_FL,
	V_DOOR_FR,
	V_DOOR_RL,
	V_DOOR_RR,
	V_HATCH,
	V_WHEEL_FL,
	V_WHEEL_FR,
	V_WHEEL_RL,
	V_WHEEL_RR,
	IVI_VALUES
};

#define TEMP_MIN   32 /* half degrees Celsius */
#define TEMP_MAX   56
#define FAN_MAX    7
#define SEAT_MAX   3
#define IVI_TRACKS 4

struct ivi_climate {
	int temp[2]; /* left, right, in half degrees */
	int seat[2]; /* heating 0..3 */
	int fan; /* 0..7 */
	bool on, ac, automatic, recirculate, defrost;
};

struct ivi_view {
	enum ivi_page page;
	int pressed; /* the control under the finger (index for ivi_control()), -1: none */
	int touch_x, touch_y; /* where, valid while touching */
	bool touching;
	bool playing;
	int track, second; /* what plays, how far */
	int volume, brightness; /* 0..100 */
	int accent; /* 0..3 */
	struct ivi_climate climate;
	struct shown value[IVI_VALUES];
	const char *map_title; /* of the signal map, lent */
};

/* What a control does. */
enum ivi_action {
	ACT_NONE,
	ACT_PAGE, /* arg: page */
	ACT_PLAY,
	ACT_TRACK_STEP, /* arg: -1, 1 */
	ACT_TRACK, /* arg: which */
	ACT_TEMP_UP, /* arg: side */
	ACT_TEMP_DOWN,
	ACT_SEAT,
	ACT_FAN, /* arg: level; sliding along works too */
	ACT_AC,
	ACT_AUTO,
	ACT_RECIRCULATE,
	ACT_DEFROST,
	ACT_POWER,
	ACT_BRIGHTNESS, /* sliders: the position along the control */
	ACT_VOLUME,
	ACT_ACCENT /* arg: which */
};

struct ivi_control {
	int page; /* -1: on every page */
	struct gfx_rect r; /* at least 64 x 64 */
	enum ivi_action action;
	int arg;
};

/* The i-th control, NULL past the last. */
const struct ivi_control *ivi_control(int i);
/* Index of the control at a point of a page, or -1. */
int ivi_hit(enum ivi_page page, int x, int y);

/* The state of a unit that was just switched on. */
void ivi_view_init(struct ivi_view *v);
/* Length of a track in seconds; texts of it. */
int ivi_track_seconds(int track);
const char *ivi_track_title(int track);
const char *ivi_track_artist(int track);

/* Draws what stands still on the current page. */
void ivi_background(const struct gfx *g, const struct ivi_view *v);
/* Lists what moves on it. */
void ivi_scene(const struct ivi_view *v, struct scene *s);
