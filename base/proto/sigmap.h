/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signal map: which CAN frame carries what, as the bench hands it to a bare-metal guest in a
 * PVH module. Made by the bench from a YAML file, so that one guest image shows any car.
 * Freestanding: guests include this header too. Little-endian, fixed size, checked by the reader.
 */
#pragma once

#include <stdint.h>

#define SIGMAP_MAGIC   0x4d535944u /* "DYSM" */
#define SIGMAP_VERSION 1
#define SIGMAP_MAX     256
#define SIGMAP_NAME    24

#define SIGMAP_F_BIG_ENDIAN 0x01u /* Motorola bit order; start_bit is the DBC start bit (msb) */
#define SIGMAP_F_SIGNED     0x02u
#define SIGMAP_F_TX         0x04u /* the guest sends this signal; else it receives it */
#define SIGMAP_F_EXTENDED   0x08u /* can_id is 29 bits */
#define SIGMAP_F_FD         0x10u /* sent as an FD frame */

struct sigmap_entry {
	char gauge[SIGMAP_NAME]; /* what the guest calls it ("speed"); NUL-terminated */
	char bus[SIGMAP_NAME]; /* the guest's CAN device by bus name; NUL-terminated */
	uint32_t can_id;
	uint16_t start_bit; /* DBC numbering: little-endian: lsb; big-endian: msb (sawtooth) */
	uint8_t bits; /* 1..64 */
	uint8_t flags;
	uint8_t dlc; /* bytes of the frame to send (F_TX) */
	uint8_t pad[3];
	uint32_t period_ms; /* F_TX: cycle; 0: on change. Else: stale after 0 (default) or this */
	double scale, offset; /* physical = raw * scale + offset */
	double min, max; /* physical range of the gauge; both 0: not given */
};
static_assert(sizeof(struct sigmap_entry) == 96, "sigmap entry");

struct sigmap_hdr {
	uint32_t magic, version;
	uint32_t count; /* entries that follow, at most SIGMAP_MAX */
	uint32_t entry_bytes;
	char title[48]; /* shown nowhere but in logs: "synthetic drive" */
};
static_assert(sizeof(struct sigmap_hdr) == 64, "sigmap header");
