/* SPDX-License-Identifier: Apache-2.0 */
/* All CAN controllers of the machine, as the demo ECUs use them. */
#pragma once

#include "dyno/can.h"
#include "gauges.h"

struct buses {
	struct dyno_can *can[GAUGES_BUSES_MAX]; /* NULL: does not work */
	const char *name[GAUGES_BUSES_MAX];
	unsigned int n;
};

/* The names alone: the controllers are started later, when a first picture is there. */
void buses_init(struct buses *b);
void buses_start(struct buses *b);

/* Takes the next received frame of bus i. */
bool buses_recv(struct buses *b, unsigned int i, struct dyno_can_frame *f);
/*
 * Sends a frame at once. False: it was dropped, because there is no room, or the controller is off
 * the bus; it is then started again, as an ECU does after bus-off.
 */
bool buses_send(struct buses *b, unsigned int i, const struct dyno_can_frame *f);
