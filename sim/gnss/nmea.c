/* SPDX-License-Identifier: Apache-2.0 */
/* See nmea.h. */
#include "sim/gnss/nmea.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/calendar.h"
#include "base/clock.h"
#include "base/err.h"

#define KNOTS_PER_MPS (3600.0 / 1852.0)
#define KMH_PER_MPS   3.6
/* Minutes are written with five decimals, some 2 cm. */
#define MINUTE_UNITS 100000
#define DEGREE_UNITS (60 * MINUTE_UNITS)
#define PER_GSV      4 /* satellites of one sentence */
#define SNR_DB       42

/* Sentences that follow each other. */
struct out {
	char *at;
	size_t left; /* NUL included */
};

uint8_t nmea_checksum(const char *body, size_t len)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum ^= (uint8_t)body[i];
	return sum;
}

/* One sentence; of `fmt` stands between `$` and `*`. */
static void say(struct out *o, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void say(struct out *o, const char *fmt, ...)
{
	char body[96];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(body, sizeof(body), fmt, ap);
	va_end(ap);
	n = snprintf(o->at, o->left, "$%s*%02X\r\n", body,
		nmea_checksum(body, MIN((size_t)n, sizeof(body) - 1)));
	o->at += n;
	o->left -= (size_t)n;
}

static double held(double v, double min, double max)
{
	return v < min ? min : (v > max ? max : v);
}

/* ---- fields ---- */

#define FIELD 24

/* Degrees and minutes in one number, and the side: "4807.03810,N"; empty fields without a fix. */
static const char *show_angle(
	char buf[FIELD], bool known, double deg, int digits, char positive, char negative)
{
	long long u = llround(fabs(deg) * DEGREE_UNITS);

	if (known)
		snprintf(buf, FIELD, "%0*lld%02lld.%05lld,%c", digits, u / DEGREE_UNITS,
			u / MINUTE_UNITS % 60, u % MINUTE_UNITS, deg < 0 ? negative : positive);
	else
		snprintf(buf, FIELD, ",");
	return buf;
}

static const char *show(char buf[FIELD], bool known, int decimals, double v)
{
	if (known)
		snprintf(buf, FIELD, "%.*f", decimals, v);
	else
		buf[0] = '\0';
	return buf;
}

/* Tenths of a degree, of which there are 3600. */
static const char *show_course(char buf[FIELD], bool known, double deg)
{
	long long tenths = llround(fmod(deg, 360) * 10) % 3600;

	if (tenths < 0)
		tenths += 3600;
	return show(buf, known, 1, (double)tenths / 10);
}

/* What the sentences of one moment have in common. */
struct fields {
	const struct nmea_fix *f;
	bool has_speed, has_course;
	char time[FIELD], date[FIELD], latitude[FIELD], longitude[FIELD], course[FIELD],
		knots[FIELD], kmh[FIELD];
	unsigned int satellites;
};

static void make_fields(struct fields *x, const struct nmea_fix *f)
{
	int64_t s = floor_div(f->utc_ns, (int64_t)NS_PER_S);
	int64_t ns = f->utc_ns % (int64_t)NS_PER_S;
	int64_t ms = (ns < 0 ? ns + (int64_t)NS_PER_S : ns) / (int64_t)NS_PER_MS;
	struct calendar c = calendar_of(s);
	double speed = held(f->speed_mps, 0, 5000);
	double longitude = remainder(f->longitude_deg, 360);

	*x = (struct fields){ .f = f,
		.has_speed = f->fix && f->has_speed,
		.has_course = f->fix && f->has_course,
		.satellites = f->fix ? MIN(f->satellites, (unsigned int)NMEA_MAX_SATELLITES) : 0 };
	snprintf(x->time, FIELD, "%02u%02u%02u.%03u", c.hour, c.minute, c.second, (unsigned int)ms);
	snprintf(x->date, FIELD, "%02u%02u%02u", c.day, c.month, (unsigned int)(c.year % 100));
	show_angle(x->latitude, f->fix, held(f->latitude_deg, -90, 90), 2, 'N', 'S');
	show_angle(x->longitude, f->fix, longitude, 3, 'E', 'W');
	show_course(x->course, x->has_course, f->course_deg);
	show(x->knots, x->has_speed, 2, speed * KNOTS_PER_MPS);
	show(x->kmh, x->has_speed, 2, speed * KMH_PER_MPS);
}

/* ---- sentences ---- */

static void say_rmc(struct out *o, const struct fields *x)
{
	say(o, "GPRMC,%s,%c,%s,%s,%s,%s,%s,,,%c", x->time, x->f->fix ? 'A' : 'V', x->latitude,
		x->longitude, x->knots, x->course, x->date, x->f->fix ? 'A' : 'N');
}

static void say_gga(struct out *o, const struct fields *x)
{
	const struct nmea_fix *f = x->f;
	bool high = f->fix && f->has_altitude;
	double geoid = held(f->geoid_m, -999.9, 999.9);
	char hdop[FIELD], altitude[FIELD], separation[FIELD];

	show(hdop, f->fix, 1, held(f->hdop, 0.1, 99.9));
	show(altitude, high, 1, held(f->altitude_m - geoid, -9999.9, 99999.9));
	show(separation, high, 1, geoid);
	say(o, "GPGGA,%s,%s,%s,%d,%02u,%s,%s,M,%s,M,,", x->time, x->latitude, x->longitude, f->fix,
		x->satellites, hdop, altitude, separation);
}

static void say_vtg(struct out *o, const struct fields *x)
{
	say(o, "GPVTG,%s,T,,M,%s,N,%s,K,%c", x->course, x->knots, x->kmh, x->f->fix ? 'A' : 'N');
}

static void say_gsa(struct out *o, const struct fields *x)
{
	const struct nmea_fix *f = x->f;
	char used[64], pdop[FIELD], hdop[FIELD], vdop[FIELD];
	double h = held(f->hdop, 0.1, 60);
	size_t n = 0;

	for (unsigned int i = 1; i <= NMEA_MAX_SATELLITES; i++) {
		if (i <= x->satellites)
			n += (size_t)snprintf(used + n, sizeof(used) - n, "%02u,", i);
		else
			n += (size_t)snprintf(used + n, sizeof(used) - n, ",");
	}
	/* The vertical error of satellites, which are never below, is the larger one. */
	show(hdop, f->fix, 1, h);
	show(vdop, f->fix, 1, h * 1.3);
	show(pdop, f->fix, 1, h * 1.64);
	say(o, "GPGSA,A,%d,%s%s,%s,%s", !f->fix ? 1 : (f->has_altitude ? 3 : 2), used, pdop, hdop,
		vdop);
}

/* A sky that does not move: number, elevation, azimuth, signal of each satellite. */
static void say_gsv(struct out *o, const struct fields *x)
{
	unsigned int n = x->satellites, sentences = n ? (n + PER_GSV - 1) / PER_GSV : 1;

	for (unsigned int k = 0; k < sentences; k++) {
		char list[64] = "";
		size_t at = 0;

		for (unsigned int i = k * PER_GSV; i < MIN(n, (k + 1) * PER_GSV); i++)
			at += (size_t)snprintf(list + at, sizeof(list) - at, ",%02u,%02u,%03u,%02d",
				i + 1, 20 + i * 53 % 65, i * 137 % 360, SNR_DB);
		say(o, "GPGSV,%u,%u,%02u%s", sentences, k + 1, n, list);
	}
}

size_t nmea_epoch(char buf[NMEA_EPOCH_BYTES], const struct nmea_fix *f)
{
	struct out o = { buf, NMEA_EPOCH_BYTES };
	struct fields x;

	make_fields(&x, f);
	say_rmc(&o, &x);
	say_gga(&o, &x);
	say_vtg(&o, &x);
	say_gsa(&o, &x);
	say_gsv(&o, &x);
	return (size_t)(o.at - buf);
}
