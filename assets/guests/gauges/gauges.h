/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between CAN frames and what a panel shows: the current value of every gauge that an application
 * knows by name, fed by the frames that the signal map names; and the frames that it sends. No
 * device is touched here: frames come and go as structs. docs/signal-maps.md lists the names.
 */
#pragma once

#include "dyno/can.h"
#include "dyno/signals.h"

#define GAUGES_MAX       64
#define GAUGES_FRAMES    16 /* kinds of frames that are sent */
#define GAUGES_STALE_MS  500
#define GAUGES_FOREVER   UINT64_MAX
#define GAUGES_BUSES_MAX 8

struct gauge {
	double v; /* physical, valid when seen */
	uint64_t at_ns; /* when the newest frame was taken */
	uint64_t stale_ns; /* it is not believed longer than this */
	double min, max; /* of the map, both 0 when not given */
	bool mapped, seen;
};

struct gauges {
	struct gauge g[GAUGES_MAX];
	unsigned int n;
	struct {
		const struct sigmap_entry *e;
		uint32_t key; /* identifier, extended flag in bit 31 */
		uint8_t bus, gauge;
	} in[SIGMAP_MAX]; /* by rising key */
	unsigned int ins;
};

/*
 * Resets g and binds the received signals of a map to gauges: gauge i is called names[i]. Entries
 * with other names, of buses that are not in `buses`, and sent ones are left out. The map is lent
 * and must stay.
 */
void gauges_init(struct gauges *g, const struct dyno_sigmap *map, const char *const *names,
	unsigned int n, const char *const *buses, unsigned int nbuses);

/* Takes a frame that came on buses[bus]. Returns a bit per gauge that got a value. */
uint64_t gauges_rx(
	struct gauges *g, unsigned int bus, const struct dyno_can_frame *f, uint64_t now_ns);

/* True when the gauge has a value that is not too old. */
bool gauges_live(const struct gauges *g, unsigned int i, uint64_t now_ns);
/* Its value when live, else `otherwise`. */
double gauges_get(const struct gauges *g, unsigned int i, uint64_t now_ns, double otherwise);
/* When the next live gauge grows stale; GAUGES_FOREVER: none will. */
uint64_t gauges_next_stale(const struct gauges *g, uint64_t now_ns);

/* The sending side. */
struct gauges_out {
	struct {
		struct dyno_can_frame f;
		uint64_t period_ns,
			next_ns; /* period 0: sent on change, next = 0 when it changed */
		uint8_t bus;
	} frame[GAUGES_FRAMES];
	unsigned int frames;
	struct {
		const struct sigmap_entry *e;
		uint8_t frame, gauge;
	} out[SIGMAP_MAX];
	unsigned int outs;
};

/* Binds the sent signals of a map. Cyclic frames are first due at now_ns. */
void gauges_out_init(struct gauges_out *o, const struct dyno_sigmap *map, const char *const *names,
	unsigned int n, const char *const *buses, unsigned int nbuses, uint64_t now_ns);
/* Sets a physical value; a frame without a period becomes due when its bytes change. */
void gauges_out_set(struct gauges_out *o, unsigned int i, double v);
/* When the next frame is due. */
uint64_t gauges_out_next(const struct gauges_out *o);
/* Index of a frame that is due, or -1. It counts as sent: ask again until -1. */
int gauges_out_due(struct gauges_out *o, uint64_t now_ns);
/* A frame that is sent on change got lost: it is due again at a later time, with newest values. */
void gauges_out_again(
	struct gauges_out *o, unsigned int bus, const struct dyno_can_frame *f, uint64_t at_ns);
