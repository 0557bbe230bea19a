/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the instrument cluster shows, as plain values, and how it looks. Pure: the guest fills the
 * view from CAN, the preview and the tests fill it by hand.
 */
#pragma once

#include "scene.h"
#include "shown.h"

#define CLUSTER_W 1920
#define CLUSTER_H 720

enum cluster_lamp {
	LAMP_HIGH_BEAM,
	LAMP_DOOR,
	LAMP_SEAT_BELT,
	LAMP_ENGINE,
	LAMP_OIL,
	LAMP_BATTERY,
	LAMP_ABS,
	LAMP_BRAKE,
	LAMPS
};

struct cluster_view {
	struct shown speed; /* km/h */
	struct shown rpm; /* 1/min */
	struct shown fuel; /* % */
	struct shown coolant; /* degrees Celsius */
	struct shown outside; /* degrees Celsius */
	struct shown clock; /* seconds since midnight */
	struct shown odometer; /* km */
	struct shown trip; /* km */
	char gear[4]; /* "N", "3"; "" when unknown */
	bool left, right; /* turn indicators, as lit at this moment */
	bool lamp[LAMPS];
	bool lamp_mapped[LAMPS];
	bool braking; /* brake lights */
	double road_m; /* distance driven, moves the lane markings */
	double speed_max; /* end of the scale, km/h */
	double rpm_max, rpm_red;
};

/* A view in which nothing is known yet. */
void cluster_view_init(struct cluster_view *v);

/* What the digital readouts say: "87", or dashes when the value is missing. */
void cluster_speed_text(const struct cluster_view *v, char out[16]);
/* Rounded to 10/min, as a readout that moves less than the needle. */
void cluster_rpm_text(const struct cluster_view *v, char out[16]);

/* Draws what never changes; depends on the scales of the view only. */
void cluster_background(const struct gfx *g, const struct cluster_view *v);
/* Lists what changes. */
void cluster_scene(const struct cluster_view *v, struct scene *s);
