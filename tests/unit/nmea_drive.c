/* SPDX-License-Identifier: Apache-2.0 */
/* Moments all over the world: the numbers, and the sentences that say them, for nmea_reader.py. */
#include <math.h>
#include <stdio.h>

#include "sim/gnss/nmea.h"

static void print(const struct nmea_fix *f)
{
	char text[NMEA_EPOCH_BYTES];
	size_t len = nmea_epoch(text, f);

	printf("# %lld %d %.9f %.9f %d %.3f %.3f %d %.4f %d %.4f %u\n", (long long)f->utc_ns,
		f->fix, f->latitude_deg, f->longitude_deg, f->has_altitude, f->altitude_m,
		f->geoid_m, f->has_speed, f->speed_mps, f->has_course, f->course_deg,
		f->satellites);
	fwrite(text, 1, len, stdout);
}

int main(void)
{
	for (int i = 0; i < 400; i++) {
		struct nmea_fix f = {
			.utc_ns = 1800000000000000000 + (int64_t)i * 86399900000000,
			.fix = i % 10 != 9,
			.latitude_deg = 90 * sin(i * 0.7),
			.longitude_deg = 180 * sin(i * 1.3),
			.has_altitude = i % 7 != 0,
			.altitude_m = 2000 * sin(i * 0.1),
			.geoid_m = 47,
			.has_speed = i % 5 != 0,
			.speed_mps = 40 + 40 * sin(i * 0.3),
			.has_course = i % 6 != 0,
			.course_deg = i * 3.6 + 0.04,
			.satellites = 3 + (unsigned int)i % 10,
			.hdop = 0.9,
		};

		print(&f);
	}
	return 0;
}
