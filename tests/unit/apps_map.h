/* SPDX-License-Identifier: Apache-2.0 */
/* Short signal maps for tests of the demo ECUs. */
#pragma once

#include <string.h>

#include "gauges.h"

/* An unsigned little-endian entry received on can0. */
static inline struct sigmap_entry map_rx(
	const char *gauge, uint32_t id, uint16_t start, uint8_t bits, double scale)
{
	struct sigmap_entry e = { .can_id = id, .start_bit = start, .bits = bits, .scale = scale };

	memcpy(e.gauge, gauge, strlen(gauge));
	memcpy(e.bus, "can0", 4);
	return e;
}

/* One that is sent; period 0: on change. */
static inline struct sigmap_entry map_tx(const char *gauge, uint32_t id, uint16_t start,
	uint8_t bits, double scale, uint32_t period_ms)
{
	struct sigmap_entry e = map_rx(gauge, id, start, bits, scale);

	e.flags = SIGMAP_F_TX;
	e.dlc = 8;
	e.period_ms = period_ms;
	return e;
}

static inline struct dyno_can_frame frame_of(uint32_t id, uint64_t data)
{
	struct dyno_can_frame f = { .id = id, .len = 8 };

	for (unsigned int i = 0; i < 8; i++)
		f.data[i] = (uint8_t)(data >> (8 * i));
	return f;
}

static const char *const one_bus[1] = { "can0" };
