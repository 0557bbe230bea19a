/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bit lengths of CAN frames; see bits.h. ISO 11898-1.
 *
 * Classic: everything from start of frame to the last CRC bit is stuffed, so the CRC-15 is really
 * computed. FD: dynamic stuffing ends with the data field; stuff count and CRC (17 bits up to 16
 * bytes of data, else 21) have fixed stuff bits, so their length does not depend on their value.
 */
#include "sim/canbus/bits.h"

#include <stdbool.h>

#include "base/clock.h"
#include "base/err.h"

/* CRC delimiter, ACK slot, ACK delimiter, 7 bits of end of frame. */
#define TAIL_BITS 10u

/* CRC-15 at the upper end of 16 bits. */
#define CRC15_POLYNOMIAL (0x4599u << 1)

/* Stuffing and CRC-15 of whole bytes, made before main(). */
static uint8_t stuff_table[8][256];
static uint16_t crc15_table[256];

/*
 * Where stuffing stands: how many stuff bits were inserted and, in the lowest three bits, the last
 * bit << 2 | (times in a row - 1). The stuff bit that follows five equal bits is their complement
 * and itself the first of the next row.
 */
typedef uint32_t stuffing;

/*
 * Bits that alternate, the last one recessive as the bus is before a start of frame: in front of it
 * they change nothing, and make what begins there whole bytes.
 */
#define FILL_1 UINT64_C(1)
#define FILL_5 UINT64_C(0x15)

static uint32_t stuff_count(stuffing s)
{
	return s >> 3;
}

static uint32_t last_bit(stuffing s)
{
	return s >> 2 & 1;
}

static stuffing stuff_bit(stuffing s, uint32_t bit)
{
	uint32_t last = last_bit(s), run = s & 3, count = s & ~7u;

	if (bit != last)
		return count | bit << 2;
	if (run < 3)
		return s + 1;
	return (count + 8) | (last ^ 1) << 2;
}

static stuffing stuff_byte(stuffing s, uint8_t byte)
{
	return (s & ~7u) + stuff_table[s & 7][byte];
}

/* The lowest n bits of v, a multiple of 8, most significant first. */
static stuffing stuff_bytes(stuffing s, uint64_t v, uint32_t n)
{
	while (n)
		s = stuff_byte(s, (uint8_t)(v >> (n -= 8)));
	return s;
}

static stuffing stuff_data(stuffing s, const uint8_t *b, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		s = stuff_byte(s, b[i]);
	return s;
}

/* A classic frame's bytes: its stuffing, and its CRC in the lowest 16 bits. */
struct classic {
	stuffing s;
	uint32_t crc;
};

static struct classic classic_byte(struct classic c, uint8_t byte)
{
	return (struct classic){ stuff_byte(c.s, byte),
		c.crc << 8 ^ crc15_table[(uint8_t)(c.crc >> 8 ^ byte)] };
}

__attribute__((constructor)) static void make_tables(void)
{
	for (uint32_t byte = 0; byte < 256; byte++) {
		uint32_t crc = byte << 8;

		for (uint32_t state = 0; state < ARRAY_SIZE(stuff_table); state++) {
			stuffing s = state;

			for (uint32_t bit = 8; bit-- > 0;)
				s = stuff_bit(s, byte >> bit & 1);
			stuff_table[state][byte] = (uint8_t)s;
		}
		for (uint32_t bit = 0; bit < 8; bit++)
			crc = crc << 1 ^ (crc & 0x8000 ? CRC15_POLYNOMIAL : 0);
		crc15_table[byte] = (uint16_t)crc;
	}
}

/* DLC code of a length: the largest length code that is not below it. */
static uint32_t fd_dlc(uint32_t len)
{
	static const uint8_t len_of[] = { 12, 16, 20, 24, 32, 48, 64 };
	uint32_t i = 0;

	if (len <= 8)
		return len;
	while (i < sizeof(len_of) - 1 && len_of[i] < len)
		i++;
	return 9 + i;
}

static struct can_bits classic_bits(const struct canfd_frame *f)
{
	uint64_t rtr = (f->can_id & CAN_RTR_FLAG) != 0, header;
	uint32_t dlc = f->__res1 > 8 ? f->__res1 & 15u : f->len;
	uint32_t bytes = rtr ? 0 : f->len, n, n_fill;
	struct classic c = { 0 };

	if (f->can_id & CAN_EFF_FLAG) {
		uint64_t id = f->can_id & CAN_EFF_MASK;

		/* start of frame, base identifier, SRR, IDE, extension, RTR, r1, r0, DLC */
		n = 39;
		n_fill = 1;
		header = FILL_1 << n | (id >> 18) << 27 | UINT64_C(3) << 25 | (id & 0x3ffff) << 7 |
			 rtr << 6 | dlc;
	} else {
		/* start of frame, identifier, RTR, IDE, r0, DLC */
		n = 19;
		n_fill = 5;
		header = FILL_5 << n | (uint64_t)(f->can_id & CAN_SFF_MASK) << 7 | rtr << 6 | dlc;
	}
	/* With this register the CRC does not see what fills the first byte. */
	c.crc = (uint32_t)(header >> n << (16 - n_fill));
	for (uint32_t left = n_fill + n; left;)
		c = classic_byte(c, (uint8_t)(header >> (left -= 8)));
	for (uint32_t i = 0; i < bytes; i++)
		c = classic_byte(c, f->data[i]);
	/* A last bit that differs from the one before it completes the byte and no row. */
	c.s = stuff_bytes(c.s, c.crc | !(c.crc & 2), 16);
	return (struct can_bits){ .nominal = n + 8 * bytes + 15 + stuff_count(c.s) + TAIL_BITS };
}

static struct can_bits fd_bits(const struct canfd_frame *f)
{
	bool brs = f->flags & CANFD_BRS, esi = f->flags & CANFD_ESI;
	/* Stuff count (4) and CRC; a fixed stuff bit in front and after every 4 bits. */
	uint32_t crc_bits = f->len <= 16 ? 4 + 17 + 6 : 4 + 21 + 7;
	uint32_t dlc = fd_dlc(f->len), control = (uint32_t)brs << 5 | (uint32_t)esi << 4 | dlc;
	struct can_bits r;
	uint32_t n, last, before;
	stuffing s;

	if (f->can_id & CAN_EFF_FLAG) {
		uint64_t id = f->can_id & CAN_EFF_MASK;

		/* start of frame, base identifier, SRR, IDE, extension, RRS, FDF, res */
		n = 35;
		s = stuff_bytes(0,
			FILL_5 << n | (id >> 18) << 23 | UINT64_C(3) << 21 | (id & 0x3ffff) << 3 |
				2,
			n + 5);
	} else {
		/* start of frame, which is no row with a bus that was idle, identifier, RRS, IDE,
		 * FDF, res */
		n = 16;
		s = stuff_bytes(1 << 2, (uint64_t)(f->can_id & CAN_SFF_MASK) << 4 | 2, n);
	}
	/* Start of frame to BRS; a stuff bit that BRS completes comes at the data bit rate. */
	before = stuff_count(s);
	r.nominal = n + 1 + before + TAIL_BITS;
	for (uint32_t bit = 6; bit-- > 0;)
		s = stuff_bit(s, control >> bit & 1);
	s = stuff_data(s, f->data, f->len);
	/*
	 * Five equal bits at the very end are followed by the fixed stuff bit in front of the stuff
	 * count, not by a dynamic one as well: then the state ends on the complement of the last
	 * bit.
	 */
	last = (f->len ? f->data[f->len - 1] : dlc) & 1u;
	r.data = 1 + 4 + 8u * f->len + stuff_count(s) - before - (last_bit(s) != last) + crc_bits;
	if (!brs) {
		r.nominal += r.data;
		r.data = 0;
	}
	return r;
}

struct can_bits can_bits_of(const struct canfd_frame *f)
{
	if (f->can_id & CAN_ERR_FLAG)
		return (struct can_bits){ .nominal = CAN_BITS_ERROR };
	return f->flags & CANFD_FDF ? fd_bits(f) : classic_bits(f);
}

uint64_t can_bits_ns(struct can_bits n, uint32_t bitrate_hz, uint32_t data_bitrate_hz)
{
	/* Rounded down once per phase: below a nanosecond a frame. */
	return n.nominal * NS_PER_S / bitrate_hz + n.data * NS_PER_S / data_bitrate_hz;
}

uint64_t can_arbitration_key(const struct canfd_frame *f)
{
	uint64_t rtr = (f->can_id & CAN_RTR_FLAG) != 0;
	uint64_t fdf = (f->flags & CANFD_FDF) != 0;
	uint64_t id = f->can_id & CAN_EFF_MASK;

	if (f->can_id & CAN_EFF_FLAG)
		return (id >> 18) << 22 | UINT64_C(3) << 20 | (id & 0x3ffff) << 2 | rtr << 1 | fdf;
	return (id & CAN_SFF_MASK) << 22 | rtr << 21 | fdf;
}
