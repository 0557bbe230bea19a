/* SPDX-License-Identifier: Apache-2.0 */
/* Touches, media clock and frames; the gauge names are those of docs/signal-maps.md. */
#include "ivi.h"

#include <string.h>

#include "climate.h"

/* In the order of enum ivi_value. */
static const char *const in_names[IVI_VALUES] = {
	"speed",
	"rpm",
	"coolant",
	"oil_temp",
	"battery_volts",
	"fuel",
	"throttle",
	"odometer",
	"outside_temp",
	"cabin_temp",
	"clock",
	"door_fl",
	"door_fr",
	"door_rl",
	"door_rr",
	"hatch",
	"wheel_fl",
	"wheel_fr",
	"wheel_rl",
	"wheel_rr",
};

enum {
	O_TEMP_LEFT,
	O_TEMP_RIGHT,
	O_FAN,
	O_AC,
	O_AUTO,
	O_RECIRCULATE,
	O_DEFROST,
	O_SEAT_LEFT,
	O_SEAT_RIGHT,
	O_POWER,
	O_COUNT
};
static const char *const out_names[O_COUNT] = {
	"climate_temp_left",
	"climate_temp_right",
	"climate_fan",
	"climate_ac",
	"climate_auto",
	"climate_recirculate",
	"climate_defrost",
	"climate_seat_left",
	"climate_seat_right",
	"climate_power",
};

static void set_climate(struct ivi *u)
{
	const struct ivi_climate *k = &u->v.climate;

	gauges_out_set(&u->out, O_TEMP_LEFT, k->temp[0] * 0.5);
	gauges_out_set(&u->out, O_TEMP_RIGHT, k->temp[1] * 0.5);
	gauges_out_set(&u->out, O_FAN, k->on ? k->fan : 0);
	gauges_out_set(&u->out, O_AC, k->on && k->ac);
	gauges_out_set(&u->out, O_AUTO, k->on && k->automatic);
	gauges_out_set(&u->out, O_RECIRCULATE, k->on && k->recirculate);
	gauges_out_set(&u->out, O_DEFROST, k->on && k->defrost);
	gauges_out_set(&u->out, O_SEAT_LEFT, k->seat[0]);
	gauges_out_set(&u->out, O_SEAT_RIGHT, k->seat[1]);
	gauges_out_set(&u->out, O_POWER, k->on);
}

void ivi_init(struct ivi *u, const struct dyno_sigmap *map, const char *const *buses,
	unsigned int nbuses, uint64_t now_ns)
{
	memset(u, 0, sizeof(*u));
	ivi_view_init(&u->v);
	if (map->title)
		u->v.map_title = map->title;
	gauges_init(&u->in, map, in_names, IVI_VALUES, buses, nbuses);
	gauges_out_init(&u->out, map, out_names, O_COUNT, buses, nbuses, now_ns);
	/* The first frame tells the car what the unit was switched on with. */
	set_climate(u);
	u->position_at_ns = now_ns;
	u->position_s = 63;
}

void ivi_rx(struct ivi *u, unsigned int bus, const struct dyno_can_frame *f, uint64_t now_ns)
{
	u->rx++;
	(void)gauges_rx(&u->in, bus, f, now_ns);
}

/* --- media ----------------------------------------------------------------------------------- */

static void play_on(struct ivi *u, uint64_t now_ns)
{
	if (u->v.playing)
		u->position_s += (double)(now_ns - u->position_at_ns) * 1e-9;
	u->position_at_ns = now_ns;
	while (u->position_s >= ivi_track_seconds(u->v.track)) {
		u->position_s -= ivi_track_seconds(u->v.track);
		u->v.track = (u->v.track + 1) % IVI_TRACKS;
	}
	u->v.second = (int)u->position_s;
}

static void choose_track(struct ivi *u, int track)
{
	u->v.track = (track + IVI_TRACKS) % IVI_TRACKS;
	u->position_s = 0;
}

/* --- touch ----------------------------------------------------------------------------------- */

static int limit(int v, int lo, int hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

/* Controls that follow the finger. */
static bool slides(const struct ivi_control *c)
{
	return c->action == ACT_BRIGHTNESS || c->action == ACT_VOLUME || c->action == ACT_FAN;
}

static void slide(struct ivi *u, const struct ivi_control *c, int x)
{
	int percent = limit((x - c->r.x - 20) * 100 / (c->r.w - 40), 0, 100);

	if (c->action == ACT_VOLUME) {
		u->v.volume = percent;
	} else if (c->action == ACT_BRIGHTNESS) {
		/* Never so dark that the slider cannot be found again. */
		u->v.brightness = limit(percent, 10, 100);
	} else {
		u->v.climate.fan = limit(climate_fan_at(x), 0, FAN_MAX);
		u->v.climate.automatic = false;
		u->v.climate.on = true;
	}
}

static void act(struct ivi *u, const struct ivi_control *c)
{
	struct ivi_climate *k = &u->v.climate;

	switch (c->action) {
	case ACT_PAGE:
		u->v.page = (enum ivi_page)c->arg;
		break;
	case ACT_PLAY:
		u->v.playing = !u->v.playing;
		break;
	case ACT_TRACK_STEP:
		choose_track(u, u->v.track + c->arg);
		break;
	case ACT_TRACK:
		if (c->arg != u->v.track)
			choose_track(u, c->arg);
		u->v.playing = true;
		break;
	case ACT_TEMP_UP:
		k->temp[c->arg] = limit(k->temp[c->arg] + 1, TEMP_MIN, TEMP_MAX);
		break;
	case ACT_TEMP_DOWN:
		k->temp[c->arg] = limit(k->temp[c->arg] - 1, TEMP_MIN, TEMP_MAX);
		break;
	case ACT_SEAT:
		k->seat[c->arg] = k->seat[c->arg] ? k->seat[c->arg] - 1 : SEAT_MAX;
		break;
	case ACT_AC:
		k->ac = !k->ac;
		break;
	case ACT_AUTO:
		k->automatic = !k->automatic;
		break;
	case ACT_RECIRCULATE:
		k->recirculate = !k->recirculate;
		break;
	case ACT_DEFROST:
		k->defrost = !k->defrost;
		break;
	case ACT_POWER:
		k->on = !k->on;
		break;
	case ACT_ACCENT:
		u->v.accent = c->arg;
		break;
	case ACT_NONE:
	case ACT_FAN:
	case ACT_BRIGHTNESS:
	case ACT_VOLUME:
		break;
	}
}

void ivi_touch(struct ivi *u, enum ivi_touch what, int x, int y, uint64_t now_ns)
{
	const struct ivi_control *c;

	play_on(u, now_ns);
	u->v.touch_x = x;
	u->v.touch_y = y;
	if (what == TOUCH_DOWN) {
		u->v.touching = true;
		u->v.pressed = ivi_hit(u->v.page, x, y);
	}
	c = ivi_control(u->v.pressed);
	if (c && slides(c)) {
		if (u->v.touching)
			slide(u, c, x);
	} else if (c && !gfx_rect_hit(gfx_rect_grow(c->r, 24), x, y)) {
		/* Slid off: no longer meant. */
		u->v.pressed = -1;
	} else if (c && what == TOUCH_UP) {
		act(u, c);
	}
	if (what == TOUCH_UP) {
		u->v.touching = false;
		u->v.pressed = -1;
	}
	set_climate(u);
}

/* --- view ------------------------------------------------------------------------------------ */

bool ivi_show(struct ivi *u, uint64_t now_ns)
{
	bool redraw = u->page_drawn != u->v.page || u->accent_drawn != u->v.accent;

	play_on(u, now_ns);
	for (unsigned int i = 0; i < IVI_VALUES; i++)
		u->v.value[i] = (struct shown){ u->in.g[i].mapped, gauges_live(&u->in, i, now_ns),
			u->in.g[i].v };
	u->page_drawn = u->v.page;
	u->accent_drawn = u->v.accent;
	return redraw;
}

uint64_t ivi_next_change(const struct ivi *u, uint64_t now_ns)
{
	uint64_t next = gauges_next_stale(&u->in, now_ns);
	bool seen = u->v.page == PAGE_HOME || u->v.page == PAGE_MEDIA;

	if (u->v.playing && seen) {
		double left = (double)(int)u->position_s + 1.0 - u->position_s;
		uint64_t at = u->position_at_ns + (uint64_t)(left * 1e9) + 1000;

		next = at < next ? at : next;
	}
	return next;
}

bool ivi_tx(struct ivi *u, uint64_t now_ns, struct dyno_can_frame *f, unsigned int *bus)
{
	int i = gauges_out_due(&u->out, now_ns);

	if (i < 0)
		return false;
	u->tx++;
	*f = u->out.frame[i].f;
	*bus = u->out.frame[i].bus;
	return true;
}
