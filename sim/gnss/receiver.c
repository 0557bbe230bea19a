/* SPDX-License-Identifier: Apache-2.0 */
/* See receiver.h. */
#include "sim/gnss/receiver.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* WGS 84. */
#define EARTH_A  6378137.0
#define EARTH_E2 6.69437999014e-3
#define RADIANS  (M_PI / 180)
/* Eastward a degree has no length at the poles: nobody drives there. */
#define LAST_LATITUDE 89.9

struct gnss {
	struct gnss_config cfg;
	struct signals *table;
	/* Dead reckoning: where it was at t_ns, and how it moves since. */
	double latitude_deg, longitude_deg;
	double speed_mps, heading_deg;
	bool moves; /* both are known */
	uint64_t t_ns;
	struct signal_sub speed, heading;
};

/* What everybody sees of a signal; false while nobody knows. */
static bool known(const struct gnss *g, unsigned int what, double *out)
{
	const struct signal_value *v;

	if (g->cfg.signals[what] == SIGNAL_NONE)
		return false;
	v = signals_get(g->table, g->cfg.signals[what]);
	if (v->state != SIGNAL_FRESH)
		return false;
	*out = v->shown;
	return true;
}

static bool blind(const struct gnss *g)
{
	double v = 0;

	return g->cfg.signals[GNSS_FIX] != SIGNAL_NONE && (!known(g, GNSS_FIX, &v) || v == 0);
}

/* ---- dead reckoning ---- */

/* Goes on along a line until t_ns. Steps are short: the earth is flat in them. */
static void reckon(struct gnss *g, uint64_t t_ns)
{
	double lat = g->latitude_deg * RADIANS, w = 1 - EARTH_E2 * sin(lat) * sin(lat);
	double north = EARTH_A * (1 - EARTH_E2) / (w * sqrt(w)),
	       east = EARTH_A / sqrt(w) * cos(lat);
	double way;

	if (t_ns <= g->t_ns)
		return;
	way = g->moves ? g->speed_mps * ((double)(t_ns - g->t_ns) / 1e9) : 0;
	g->t_ns = t_ns;
	g->latitude_deg += way * cos(g->heading_deg * RADIANS) / north / RADIANS;
	g->longitude_deg += way * sin(g->heading_deg * RADIANS) / east / RADIANS;
	g->latitude_deg = fmin(fmax(g->latitude_deg, -LAST_LATITUDE), LAST_LATITUDE);
	g->longitude_deg = remainder(g->longitude_deg, 360);
}

/* How it moves from now on. */
static void take_movement(struct gnss *g)
{
	double speed = 0;

	g->moves = known(g, GNSS_SPEED, &speed);
	g->speed_mps = speed * g->cfg.mps;
	if (g->cfg.signals[GNSS_HEADING] != SIGNAL_NONE)
		g->moves &= known(g, GNSS_HEADING, &g->heading_deg);
}

static void on_movement(void *ctx, uint32_t signal, const struct signal_value *v)
{
	struct gnss *g = ctx;
	uint64_t stale_ns = signals_model(g->table)->defs[signal].stale_ns;

	reckon(g, v->state == SIGNAL_STALE ? v->t_ns + stale_ns : v->t_ns);
	take_movement(g);
}

static void listen(struct gnss *g, struct signal_sub *sub, unsigned int what)
{
	if (g->cfg.signals[what] == SIGNAL_NONE)
		return;
	*sub = (struct signal_sub){
		.changed = on_movement, .ctx = g, .signal = g->cfg.signals[what]
	};
	signals_subscribe(g->table, sub);
}

/* ---- what it says ---- */

static bool position(struct gnss *g, uint64_t t_ns, struct nmea_fix *out)
{
	if (!g->cfg.reckons)
		return known(g, GNSS_LATITUDE, &out->latitude_deg) &&
		       known(g, GNSS_LONGITUDE, &out->longitude_deg);
	reckon(g, t_ns);
	out->latitude_deg = g->latitude_deg;
	out->longitude_deg = g->longitude_deg;
	return g->moves;
}

void gnss_look(struct gnss *g, uint64_t t_ns, int64_t utc_ns, struct nmea_fix *out)
{
	const struct gnss_config *c = &g->cfg;
	double v = 0;

	*out = (struct nmea_fix){ .utc_ns = utc_ns,
		.geoid_m = c->geoid_m,
		.satellites = c->satellites,
		.hdop = c->hdop };
	/* It moves in a tunnel too. */
	out->fix = position(g, t_ns, out) && !blind(g);
	out->has_speed = known(g, GNSS_SPEED, &v);
	out->speed_mps = v * c->mps;
	out->has_course = known(g, GNSS_HEADING, &out->course_deg);
	out->has_altitude = known(g, GNSS_ALTITUDE, &out->altitude_m);
	if (!c->reckons)
		return;
	if (c->signals[GNSS_HEADING] == SIGNAL_NONE) {
		out->has_course = true;
		out->course_deg = c->heading_deg;
	}
	if (c->signals[GNSS_ALTITUDE] == SIGNAL_NONE) {
		out->has_altitude = true;
		out->altitude_m = c->altitude_m;
	}
}

/* ---- life ---- */

int gnss_new(struct gnss **out, const struct gnss_config *cfg, struct signals *table)
{
	struct gnss *g = calloc(1, sizeof(*g));

	if (!g)
		return -ENOMEM;
	g->cfg = *cfg;
	g->table = table;
	if (cfg->reckons) {
		g->latitude_deg = cfg->latitude_deg;
		g->longitude_deg = cfg->longitude_deg;
		g->heading_deg = cfg->heading_deg;
		take_movement(g);
		listen(g, &g->speed, GNSS_SPEED);
		listen(g, &g->heading, GNSS_HEADING);
	}
	*out = g;
	return 0;
}

void gnss_free(struct gnss *g)
{
	if (!g)
		return;
	signals_unsubscribe(&g->speed);
	signals_unsubscribe(&g->heading);
	free(g);
}
