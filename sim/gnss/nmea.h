/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NMEA 0183 sentences of a GPS receiver, as version 2.3 and later have them (with the mode field):
 * RMC, GGA, VTG, GSA and GSV. Pure functions.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NMEA_MAX_SATELLITES 12

/* What a receiver knows at one moment. Without a fix only the time is said. */
struct nmea_fix {
	int64_t utc_ns; /* since 1970 */
	bool fix;
	double latitude_deg, longitude_deg; /* WGS 84; north and east are positive */
	bool has_altitude, has_speed, has_course;
	double altitude_m; /* above the ellipsoid */
	double geoid_m; /* mean sea level above the ellipsoid */
	double speed_mps;
	double course_deg; /* clockwise from true north */
	unsigned int satellites; /* in use and in view, at most NMEA_MAX_SATELLITES */
	double hdop;
};

/* Bytes of all sentences of one moment, NUL included. */
#define NMEA_EPOCH_BYTES 640

/*
 * Writes RMC, GGA, VTG, GSA and as many GSV as there must be, each with its checksum and CR LF.
 * Numbers beyond what the fields can say are held to it. Returns the length.
 */
size_t nmea_epoch(char buf[NMEA_EPOCH_BYTES], const struct nmea_fix *f);

/* The checksum of what stands between `$` and `*`. */
uint8_t nmea_checksum(const char *body, size_t len);
