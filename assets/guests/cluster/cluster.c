/* SPDX-License-Identifier: Apache-2.0 */
/* Frames to view; the gauge names are those of docs/signal-maps.md. */
#include "cluster.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* An indicator flashes 90 times a minute. */
#define FLASH_HALF_NS DYNO_MS(333)

enum {
	G_SPEED,
	G_RPM,
	G_GEAR,
	G_REVERSE,
	G_FUEL,
	G_COOLANT,
	G_OUTSIDE,
	G_CLOCK,
	G_ODOMETER,
	G_TRIP,
	G_TURN_LEFT,
	G_TURN_RIGHT,
	G_BRAKE_LIGHT,
	G_HIGH_BEAM,
	G_DOOR,
	G_SEAT_BELT,
	G_CHECK_ENGINE,
	G_OIL,
	G_BATTERY,
	G_ABS,
	G_BRAKE,
	G_REPORT,
	G_COUNT
};

static const char *const in_names[G_COUNT] = {
	"speed",
	"rpm",
	"gear",
	"reverse",
	"fuel",
	"coolant",
	"outside_temp",
	"clock",
	"odometer",
	"trip",
	"turn_left",
	"turn_right",
	"brake_light",
	"high_beam",
	"door",
	"seat_belt",
	"check_engine",
	"oil",
	"battery",
	"abs",
	"brake",
	"report",
};

/* In the order of enum cluster_lamp. */
static const uint8_t lamp_gauge[LAMPS] = { G_HIGH_BEAM, G_DOOR, G_SEAT_BELT, G_CHECK_ENGINE, G_OIL,
	G_BATTERY, G_ABS, G_BRAKE };

enum { O_SPEED, O_RPM, O_GEAR, O_COUNTER, O_SPEED_LIVE, O_RPM_LIVE, O_COUNT };
static const char *const out_names[O_COUNT] = {
	"cluster_status_speed",
	"cluster_status_rpm",
	"cluster_status_gear",
	"cluster_status_counter",
	"cluster_speed_live",
	"cluster_rpm_live",
};

void cluster_init(struct cluster *c, const struct dyno_sigmap *map, const char *const *buses,
	unsigned int nbuses, uint64_t now_ns)
{
	memset(c, 0, sizeof(*c));
	gauges_init(&c->in, map, in_names, G_COUNT, buses, nbuses);
	gauges_out_init(&c->out, map, out_names, O_COUNT, buses, nbuses, now_ns);
	c->odometer_first = -1;
}

static bool lit(const struct cluster *c, unsigned int gauge, uint64_t now_ns)
{
	return gauges_get(&c->in, gauge, now_ns, 0) > 0.5;
}

/* Driven distance: the speed held between two frames that follow each other closely. */
static void drive(struct cluster *c, double before, uint64_t now_ns)
{
	uint64_t dt = now_ns - c->speed_at_ns;

	if (c->speed_at_ns && dt < c->in.g[G_SPEED].stale_ns) {
		double m = before / 3.6 * (double)dt * 1e-9;

		c->road_m += m;
		c->trip_km += m / 1000;
	}
	c->speed_at_ns = now_ns;
}

bool cluster_rx(struct cluster *c, unsigned int bus, const struct dyno_can_frame *f,
	uint64_t now_ns, long *report)
{
	double speed = c->in.g[G_SPEED].v;
	uint64_t got = gauges_rx(&c->in, bus, f, now_ns);

	c->rx++;
	if (got & UINT64_C(1) << G_SPEED)
		drive(c, speed, now_ns);
	if (got & UINT64_C(1) << G_ODOMETER && c->odometer_first < 0)
		c->odometer_first = c->in.g[G_ODOMETER].v;
	for (unsigned int i = 0; i < 2; i++) {
		if (!lit(c, G_TURN_LEFT + i, now_ns))
			c->turn_from_ns[i] = 0;
		else if (!c->turn_from_ns[i])
			c->turn_from_ns[i] = now_ns ? now_ns : 1;
	}
	if (!(got & UINT64_C(1) << G_REPORT))
		return false;
	*report = (long)c->in.g[G_REPORT].v;
	return true;
}

static struct shown shown(const struct cluster *c, unsigned int gauge, uint64_t now_ns)
{
	return (struct shown){ c->in.g[gauge].mapped, gauges_live(&c->in, gauge, now_ns),
		c->in.g[gauge].v };
}

/* True while an indicator is on and in the lit half of its rhythm. */
static bool flashing(const struct cluster *c, unsigned int side, uint64_t now_ns)
{
	return lit(c, G_TURN_LEFT + side, now_ns) && c->turn_from_ns[side] &&
	       (now_ns - c->turn_from_ns[side]) / FLASH_HALF_NS % 2 == 0;
}

void cluster_show(const struct cluster *c, uint64_t now_ns, struct cluster_view *v)
{
	double gear = trunc(c->in.g[G_GEAR].v), most = c->in.g[G_GEAR].max;

	cluster_view_init(v);
	v->speed = shown(c, G_SPEED, now_ns);
	v->rpm = shown(c, G_RPM, now_ns);
	v->fuel = shown(c, G_FUEL, now_ns);
	/* Senders put more than a full tank on the bus; nobody wants to read 102 %. */
	v->fuel.v = v->fuel.v < 0 ? 0 : v->fuel.v > 100 ? 100 : v->fuel.v;
	v->coolant = shown(c, G_COOLANT, now_ns);
	v->outside = shown(c, G_OUTSIDE, now_ns);
	v->clock = shown(c, G_CLOCK, now_ns);
	v->odometer = shown(c, G_ODOMETER, now_ns);
	v->trip = shown(c, G_TRIP, now_ns);
	if (!v->trip.mapped) {
		/* No trip meter on the bus: count from the odometer, else from the speed. */
		v->trip.mapped = c->in.g[G_SPEED].mapped;
		v->trip.live = true;
		v->trip.v = c->odometer_first >= 0 ? c->in.g[G_ODOMETER].v - c->odometer_first
						   : c->trip_km;
	}
	if (gauges_live(&c->in, G_GEAR, now_ns)) {
		/* Reverse is negative or a bit of its own; 0 and what no gearbox has is neutral. */
		if (gear < 0 || lit(c, G_REVERSE, now_ns))
			snprintf(v->gear, sizeof(v->gear), "R");
		else if (gear < 1 || gear > (most > 0 ? fmin(most, 99) : 6))
			snprintf(v->gear, sizeof(v->gear), "N");
		else
			snprintf(v->gear, sizeof(v->gear), "%d", (int)gear % 10);
	}
	v->left = flashing(c, 0, now_ns);
	v->right = flashing(c, 1, now_ns);
	v->braking = lit(c, G_BRAKE_LIGHT, now_ns);
	for (unsigned int i = 0; i < LAMPS; i++) {
		v->lamp[i] = lit(c, lamp_gauge[i], now_ns);
		v->lamp_mapped[i] = c->in.g[lamp_gauge[i]].mapped;
	}
	v->road_m = c->road_m;
	if (c->in.g[G_SPEED].max > 0)
		v->speed_max = c->in.g[G_SPEED].max;
	if (c->in.g[G_RPM].max > 0)
		v->rpm_max = c->in.g[G_RPM].max;
	v->rpm_red = v->rpm_max - 1500;
}

uint64_t cluster_next_change(const struct cluster *c, uint64_t now_ns)
{
	uint64_t next = gauges_next_stale(&c->in, now_ns);

	for (unsigned int i = 0; i < 2; i++) {
		uint64_t from = c->turn_from_ns[i];
		uint64_t at;

		if (!lit(c, G_TURN_LEFT + i, now_ns) || !from)
			continue;
		at = from + ((now_ns - from) / FLASH_HALF_NS + 1) * FLASH_HALF_NS;
		next = at < next ? at : next;
	}
	return next;
}

static size_t put(char *out, size_t bytes, size_t at, const char *text)
{
	for (; *text && at + 1 < bytes; text++)
		out[at++] = *text;
	if (bytes)
		out[at < bytes ? at : bytes - 1] = '\0';
	return at;
}

/* " name=shown name_raw=full"; dashes for both when the value is missing. */
static size_t put_shown(char *out, size_t bytes, size_t at, const char *name, const struct shown *s,
	const char *text)
{
	char word[80];

	if (!s->mapped)
		return at;
	if (s->live)
		snprintf(word, sizeof(word), " %s=%s %s_raw=%.6f", name, text, name, s->v);
	else
		snprintf(word, sizeof(word), " %s=-- %s_raw=--", name, name);
	return put(out, bytes, at, word);
}

void cluster_report(const struct cluster *c, long n, uint64_t now_ns, char *out, size_t bytes)
{
	struct cluster_view v;
	struct shown whole;
	char text[16], word[48];
	size_t at;

	cluster_show(c, now_ns, &v);
	snprintf(word, sizeof(word), "REPORT %ld", n);
	at = put(out, bytes, 0, word);
	cluster_speed_text(&v, text);
	at = put_shown(out, bytes, at, "speed", &v.speed, text);
	cluster_rpm_text(&v, text);
	at = put_shown(out, bytes, at, "rpm", &v.rpm, text);
	snprintf(word, sizeof(word), " gear=%s", v.gear[0] ? v.gear : "--");
	at = put(out, bytes, at, word);
	shown_text(&v.fuel, 0, text);
	at = put_shown(out, bytes, at, "fuel", &v.fuel, text);
	shown_text(&v.coolant, 0, text);
	at = put_shown(out, bytes, at, "coolant", &v.coolant, text);
	/* Whole kilometres that were driven, as on the panel. */
	whole = v.odometer;
	whole.v = floor(whole.v);
	shown_text(&whole, 0, text);
	at = put_shown(out, bytes, at, "odometer", &v.odometer, text);
	/* The lamps as signalled, not as they flash. */
	for (unsigned int i = G_TURN_LEFT; i <= G_BRAKE; i++) {
		if (!c->in.g[i].mapped)
			continue;
		snprintf(word, sizeof(word), " %s=%d", in_names[i], lit(c, i, now_ns));
		at = put(out, bytes, at, word);
	}
}

bool cluster_tx(struct cluster *c, uint64_t now_ns, struct dyno_can_frame *f, unsigned int *bus)
{
	struct cluster_view v;
	int i;

	if (gauges_out_next(&c->out) > now_ns)
		return false;
	cluster_show(c, now_ns, &v);
	gauges_out_set(&c->out, O_SPEED, v.speed.live ? floor(v.speed.v + 0.5) : 0);
	gauges_out_set(&c->out, O_RPM, v.rpm.live ? floor(v.rpm.v / 10 + 0.5) * 10 : 0);
	gauges_out_set(&c->out, O_GEAR, gauges_get(&c->in, G_GEAR, now_ns, 0));
	gauges_out_set(&c->out, O_SPEED_LIVE, v.speed.live);
	gauges_out_set(&c->out, O_RPM_LIVE, v.rpm.live);
	gauges_out_set(&c->out, O_COUNTER, c->counter);
	i = gauges_out_due(&c->out, now_ns);
	if (i < 0)
		return false;
	c->counter = (c->counter + 1) & 0xff;
	c->tx++;
	*f = c->out.frame[i].f;
	*bus = c->out.frame[i].bus;
	return true;
}
