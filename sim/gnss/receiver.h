/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A satellite receiver on the table of signals: at any bench time it says what it knows. Its
 * position is that of signals, or one that it reckons from a start by speed and heading.
 *
 * There is no fix while a signal that it needs is unset or stale. What it needs are latitude and
 * longitude, or, where it reckons, speed, and heading if there is one; the others are left out of
 * the sentences while they are unset or stale.
 *
 * Thread: the table's.
 */
#pragma once

#include "sim/gnss/nmea.h"
#include "sim/signal/table.h"

enum {
	GNSS_LATITUDE, /* degrees */
	GNSS_LONGITUDE, /* degrees */
	GNSS_ALTITUDE, /* metres above the ellipsoid */
	GNSS_HEADING, /* degrees, clockwise from north */
	GNSS_SPEED,
	GNSS_FIX, /* 0: it sees no satellites, whatever else is known */
	GNSS_SIGNALS
};

struct gnss_config {
	uint32_t signals[GNSS_SIGNALS]; /* in the table's model; SIGNAL_NONE: there is none */
	double mps; /* metres a second that one unit of speed is */
	bool reckons; /* from here, else by signals */
	double latitude_deg, longitude_deg, altitude_m, heading_deg;
	unsigned int satellites;
	double hdop, geoid_m;
};

struct gnss;

/* Borrows the table, which must live longer. 0 or -ENOMEM. */
MUST_CHECK int gnss_new(struct gnss **out, const struct gnss_config *cfg, struct signals *table);
/* NULL is legal. */
void gnss_free(struct gnss *g);

/* What it knows at bench time t_ns, not before that of an earlier call; utc_ns is only passed on.
 */
void gnss_look(struct gnss *g, uint64_t t_ns, int64_t utc_ns, struct nmea_fix *out);
