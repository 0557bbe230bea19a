/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a CAN frame is on the wire: its length in bits, stuff bits from the real bits included, and
 * its place in arbitration. Pure functions.
 */
#pragma once

#include <linux/can.h>
#include <stdint.h>

/* Bits between two frames ("intermission"). */
#define CAN_BITS_IFS 3u
/* An error frame: a flag of 6 to 12 bits (superposition of two nodes' flags) and 8 delimiter bits.
 */
#define CAN_BITS_ERROR 20u

/*
 * Length of a frame from start of frame to the end of EOF, without the intermission. `data` counts
 * the bits sent at the data bit rate (FD with BRS: ESI to the end of the CRC sequence, the bit
 * rate changing at the bit boundaries next to the sample points of BRS and CRC delimiter).
 */
struct can_bits {
	uint32_t nominal, data;
};
struct can_bits can_bits_of(const struct canfd_frame *f);

/* Time a frame occupies the bus, without the intermission. Bit rates are not 0. */
uint64_t can_bits_ns(struct can_bits n, uint32_t bitrate_hz, uint32_t data_bitrate_hz);

/*
 * The arbitration field as a number: of two frames that start together, the one with the smaller
 * number wins. Bit for bit as on the wire (base identifier, SRR or RTR, IDE, extension, RTR); an
 * FD frame comes after the classic one that is otherwise equal (FDF is recessive).
 */
uint64_t can_arbitration_key(const struct canfd_frame *f);
