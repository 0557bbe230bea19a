/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cluster's logic: frames in, a view and status frames out. No device is touched here; the
 * guest's main loop and the tests drive it alike.
 */
#pragma once

#include "cluster_view.h"
#include "gauges.h"

struct cluster {
	struct gauges in;
	struct gauges_out out;
	double road_m, trip_km; /* driven since start, from the speed frames */
	double odometer_first;
	uint64_t speed_at_ns; /* time of the newest speed frame, 0: none */
	uint64_t turn_from_ns[2]; /* when an indicator was switched on, 0: off */
	unsigned int counter; /* rolling counter of the status frame */
	uint64_t rx, tx; /* frames */
};

/* Binds the signal map (lent, must stay) to the CAN buses in order of their names. */
void cluster_init(struct cluster *c, const struct dyno_sigmap *map, const char *const *buses,
	unsigned int nbuses, uint64_t now_ns);

/*
 * Takes a frame, in order of arrival. When it is a report request its number comes in *report.
 * True then.
 */
bool cluster_rx(struct cluster *c, unsigned int bus, const struct dyno_can_frame *f,
	uint64_t now_ns, long *report);

/* What is to be shown now. */
void cluster_show(const struct cluster *c, uint64_t now_ns, struct cluster_view *v);
/* The next moment when that changes without a frame; GAUGES_FOREVER: never. */
uint64_t cluster_next_change(const struct cluster *c, uint64_t now_ns);

/* The report line for number n: exactly what the view shows, and the full values. */
void cluster_report(const struct cluster *c, long n, uint64_t now_ns, char *out, size_t bytes);

/* The next status frame that is due: its bus comes in *bus. False: none is due. */
bool cluster_tx(struct cluster *c, uint64_t now_ns, struct dyno_can_frame *f, unsigned int *bus);
