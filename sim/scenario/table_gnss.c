/* SPDX-License-Identifier: Apache-2.0 */
/* Satellite receivers of guests: their table, their port, the signals that they look at. */
#include <stdlib.h>
#include <string.h>

#include "sim/scenario/load.h"
#include "sim/scenario/units.h"

#define G(field) offsetof(struct scenario_guest, gnss.field)

#define MAX_RATE_HZ 10

/* --- the table --------------------------------------------------------------------------- */

static void parse_rate(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	char digits[4] = "";
	size_t len = strspn(n->text, "0123456789");
	const char *unit = n->text + len + strspn(n->text + len, " ");
	uint64_t hz = 0;

	(void)k;
	if (len < sizeof(digits))
		memcpy(digits, n->text, len);
	if (strcmp(unit, "Hz") != 0 || unit_uint(digits, &hz) != 0)
		bind_error(
			b, n, "\"%.60s\" is not a rate: write 1Hz to %dHz", n->text, MAX_RATE_HZ);
	else if (hz < 1 || hz > MAX_RATE_HZ)
		bind_error(b, n, "%.60s is not between 1Hz and %dHz", n->text, MAX_RATE_HZ);
	else
		*(uint32_t *)field = (uint32_t)hz;
}

static const struct schema_type type_rate = {
	.name = "rate",
	.doc = "Times a second: `1Hz` to `10Hz`.",
	.parse = parse_rate,
};

static const struct schema_key start_keys[] = {
	{ .key = "latitude",
		.type = &type_float,
		.flags = KEY_REQUIRED,
		.min = -89,
		.max = 89,
		.unit = "degrees",
		.offset = G(latitude_deg),
		.doc = "north is positive" },
	{ .key = "longitude",
		.type = &type_float,
		.flags = KEY_REQUIRED,
		.min = -180,
		.max = 180,
		.unit = "degrees",
		.offset = G(longitude_deg),
		.doc = "east is positive" },
	{ .key = "altitude",
		.type = &type_float,
		.def = "0",
		.min = -500,
		.max = 20000,
		.unit = "metres",
		.offset = G(altitude_m),
		.doc = "above the ellipsoid, where no signal says it" },
	{ .key = "heading",
		.type = &type_float,
		.def = "0",
		.min = -360,
		.max = 360,
		.unit = "degrees",
		.offset = G(heading_deg),
		.doc = "clockwise from north, where no signal says it" },
};

static const struct schema schema_start = {
	.keys = start_keys,
	.n_keys = ARRAY_SIZE(start_keys),
	.doc = "Where dead reckoning begins.",
};

#define SIGNAL_KEY(name, index, text)                                                  \
	{                                                                              \
		.key = (name), .type = &type_string, .min = 1, .max = SIGNAL_NAME_MAX, \
		.offset = G(signals[index]), .doc = (text)                             \
	}

static const struct schema_key gnss_keys[] = {
	{ .key = "enabled",
		.type = &type_bool,
		.def = "true",
		.offset = G(enabled),
		.doc = "whether there is one" },
	{ .key = "port",
		.type = &type_name,
		.def = "gnss0",
		.offset = G(port),
		.doc = "port of the virtio console that it speaks on, `/dev/virtio-ports/NAME` in Linux, or "
		       "`serial` (COM1); the guest gets a port of that name where `ports` has none" },
	{ .key = "rate",
		.type = &type_rate,
		.def = "1Hz",
		.offset = G(rate_hz),
		.doc = "how often it speaks" },
	SIGNAL_KEY("latitude", GNSS_LATITUDE,
		"signal with the latitude in degrees; without it `Vehicle.CurrentLocation.Latitude`"),
	SIGNAL_KEY("longitude", GNSS_LONGITUDE,
		"signal with the longitude in degrees; without it `Vehicle.CurrentLocation.Longitude`"),
	SIGNAL_KEY("altitude", GNSS_ALTITUDE,
		"signal with the metres above the ellipsoid; without it "
		"`Vehicle.CurrentLocation.Altitude` where that exists"),
	SIGNAL_KEY("heading", GNSS_HEADING,
		"signal with the heading in degrees, clockwise from north; without it "
		"`Vehicle.CurrentLocation.Heading` where that exists"),
	SIGNAL_KEY("speed", GNSS_SPEED,
		"signal with the speed, in km/h, m/s or mph as its unit says; without it `Vehicle.Speed` "
		"where that exists"),
	SIGNAL_KEY("fix", GNSS_FIX,
		"signal that is 0 where no satellite is seen, in a tunnel; without it all are seen"),
	{ .key = "start",
		.shape = SHAPE_INPLACE,
		.sub = &schema_start,
		.doc = "dead reckoning: the position is made of speed and heading from here on, and not of "
		       "`latitude` and `longitude`" },
	{ .key = "satellites",
		.type = &type_u32,
		.def = "9",
		.min = 3,
		.max = NMEA_MAX_SATELLITES,
		.unit = "satellites",
		.offset = G(satellites),
		.doc = "how many it uses" },
	{ .key = "hdop",
		.type = &type_float,
		.def = "0.9",
		.min = 0.1,
		.max = 50,
		.offset = G(hdop),
		.doc = "dilution of precision" },
	{ .key = "geoid",
		.type = &type_float,
		.def = "0",
		.min = -110,
		.max = 90,
		.unit = "metres",
		.offset = G(geoid_m),
		.doc = "how far mean sea level is above the ellipsoid there (47 m in Munich)" },
};

static void gnss_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_gnss *x = &((struct scenario_guest *)obj)->gnss;

	x->reckons = node_get(n, "start");
	if (x->reckons && (x->signals[GNSS_LATITUDE] || x->signals[GNSS_LONGITUDE]))
		bind_key_error(b, n, "start",
			"says that the position is reckoned: leave out `latitude` and `longitude`");
}

const struct schema schema_gnss = {
	.keys = gnss_keys,
	.n_keys = ARRAY_SIZE(gnss_keys),
	.short_key = "enabled",
	.doc = "A GPS receiver that speaks NMEA 0183 (docs/sensor-devices.md): `gnss: true`, or with these "
	       "keys.",
	.post = gnss_post,
};

/* --- the port ---------------------------------------------------------------------------- */

void gnss_port(struct bind *b, const struct node *n, struct scenario_guest *g)
{
	struct scenario_port *ports;

	if (!g->gnss.enabled || !g->gnss.port || scenario_port(g, g->gnss.port))
		return;
	if (strcmp(g->gnss.port, SCENARIO_PORT_SERIAL) == 0) {
		bind_key_error(b, n, "gnss", "speaks on COM1, but the guest has `serial: false`");
		return;
	}
	if (g->n_ports == SCENARIO_MAX_PORTS) {
		bind_key_error(b, n, "ports", "leaves none for `gnss`: %d are possible",
			SCENARIO_MAX_PORTS);
		return;
	}
	ports = bind_alloc(b, (g->n_ports + 1) * sizeof(*ports));
	if (!ports)
		return;
	if (g->n_ports)
		memcpy(ports, g->ports, g->n_ports * sizeof(*ports));
	ports[g->n_ports++] = (struct scenario_port){ .name = g->gnss.port };
	g->ports = ports;
}

/* --- its signals ------------------------------------------------------------------------- */

static const char *const vss_names[GNSS_SIGNALS] = {
	[GNSS_LATITUDE] = "Vehicle.CurrentLocation.Latitude",
	[GNSS_LONGITUDE] = "Vehicle.CurrentLocation.Longitude",
	[GNSS_ALTITUDE] = "Vehicle.CurrentLocation.Altitude",
	[GNSS_HEADING] = "Vehicle.CurrentLocation.Heading",
	[GNSS_SPEED] = "Vehicle.Speed",
};

/* Reports only names that somebody wrote. */
static uint32_t find(struct bind *b, const struct node *n, const char *name, const char *vss)
{
	const struct signal_model *m = &load_of(b)->s.signals;
	uint32_t signal = SIGNAL_NONE;
	struct err e;

	if ((name || vss) && signal_model_find(m, name ? name : vss, &signal, &e) != 0) {
		signal = SIGNAL_NONE;
		if (name)
			bind_key_error(b, n, "gnss", "%s", e.text);
	}
	return signal;
}

/* Metres a second that one unit is; 0: it is no speed. Without a unit it is the VSS's, km/h. */
static double mps_of(const char *unit)
{
	static const struct {
		const char *unit;
		double mps;
	} units[] = { { "", 1 / 3.6 }, { "km/h", 1 / 3.6 }, { "kph", 1 / 3.6 }, { "kmh", 1 / 3.6 },
		{ "m/s", 1 }, { "mps", 1 }, { "mph", 0.44704 }, { "mi/h", 0.44704 } };

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (strcasecmp(unit, units[i].unit) == 0)
			return units[i].mps;
	}
	return 0;
}

static void find_signals(
	struct bind *b, const struct node *n, const struct scenario_gnss *x, struct gnss_config *c)
{
	const struct signal_model *m = &load_of(b)->s.signals;

	for (unsigned int i = 0; i < GNSS_SIGNALS; i++)
		c->signals[i] = find(b, n, x->signals[i], vss_names[i]);
	if (x->reckons && c->signals[GNSS_SPEED] == SIGNAL_NONE)
		bind_key_error(b, n, "gnss", "reckons with a speed: which signal is it (`speed`)?");
	if (!x->reckons && (c->signals[GNSS_LATITUDE] == SIGNAL_NONE ||
				   c->signals[GNSS_LONGITUDE] == SIGNAL_NONE))
		bind_key_error(b, n, "gnss",
			"has no position: name the signals `latitude` and `longitude`, or a `start`");
	if (c->signals[GNSS_SPEED] == SIGNAL_NONE)
		return;
	c->mps = mps_of(m->defs[c->signals[GNSS_SPEED]].unit);
	if (c->mps == 0)
		bind_key_error(b, n, "gnss",
			"takes the speed in km/h, m/s or mph; %.120s is in %.32s",
			m->defs[c->signals[GNSS_SPEED]].name, m->defs[c->signals[GNSS_SPEED]].unit);
}

void gnss_check(struct bind *b, const struct node *root)
{
	struct load *l = load_of(b);
	const struct node *guests = node_get(root, "guests");
	struct scenario_receiver *list = bind_alloc(b, l->s.n_guests * sizeof(*list));

	if (l->signals_unknown)
		return;
	for (uint32_t i = 0; list && guests && i < l->s.n_guests; i++) {
		const struct scenario_gnss *x = &l->s.guests[i].gnss;
		struct scenario_receiver *r = &list[l->s.n_receivers];

		if (!x->enabled)
			continue;
		*r = (struct scenario_receiver){ .guest = i,
			.cfg = { .reckons = x->reckons,
				.latitude_deg = x->latitude_deg,
				.longitude_deg = x->longitude_deg,
				.altitude_m = x->altitude_m,
				.heading_deg = x->heading_deg,
				.satellites = x->satellites,
				.hdop = x->hdop,
				.geoid_m = x->geoid_m } };
		find_signals(b, guests->items[2 * i + 1], x, &r->cfg);
		l->s.n_receivers++;
	}
	l->s.receivers = list;
}
