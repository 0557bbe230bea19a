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

#define CRC15_POLYNOMIAL 0x4599u

/* Stuffing and CRC-15 of whole bytes, made before main(). Of stuffing an entry is the next state
 * and, above its three bits, how many stuff bits were inserted. */
static uint8_t stuff_table[8][256];
static uint16_t crc15_table[256];

/*
 * Where stuffing stands. A state is (last bit << 2) | (times in a row - 1); the stuff bit that
 * follows five equal bits is their complement and itself the first of the next row.
 * Zero-initialised it is just after start of frame (one dominant bit).
 */
struct stuff {
	uint32_t state, count;
};

static void stuff_bit(struct stuff *s, uint32_t bit)
{
	uint32_t last = s->state >> 2, run = s->state & 3;

	if (bit != last) {
		s->state = bit << 2;
	} else if (run < 3) {
		s->state++;
	} else {
		s->state = (last ^ 1) << 2;
		s->count++;
	}
}

static void stuff_bytes(struct stuff *s, const uint8_t *b, uint32_t n)
{
	uint32_t state = s->state, count = s->count;

	for (uint32_t i = 0; i < n; i++) {
		uint8_t e = stuff_table[state][b[i]];

		state = e & 7;
		count += e >> 3;
	}
	*s = (struct stuff){ state, count };
}

/* The lowest n bits of v, most significant first. */
static void stuff_bits(struct stuff *s, uint64_t v, uint32_t n)
{
	while (n % 8)
		stuff_bit(s, (uint32_t)(v >> --n) & 1);
	while (n) {
		uint8_t byte = (uint8_t)(v >> (n -= 8));

		stuff_bytes(s, &byte, 1);
	}
}

static uint32_t crc15_byte(uint32_t crc, uint32_t byte)
{
	return ((crc << 8) & 0x7fff) ^ crc15_table[(crc >> 7) ^ byte];
}

/* Over the header (zeros in front change nothing: the register starts at zero) and the data. */
static uint32_t crc15(uint64_t header, const uint8_t *b, uint32_t n)
{
	uint32_t crc = 0;

	for (int shift = 32; shift >= 0; shift -= 8)
		crc = crc15_byte(crc, (uint32_t)(header >> shift) & 255);
	for (uint32_t i = 0; i < n; i++)
		crc = crc15_byte(crc, b[i]);
	return crc;
}

__attribute__((constructor)) static void make_tables(void)
{
	for (uint32_t byte = 0; byte < 256; byte++) {
		uint32_t crc = byte << 7;

		for (uint32_t state = 0; state < ARRAY_SIZE(stuff_table); state++) {
			struct stuff s = { state, 0 };

			for (uint32_t bit = 8; bit-- > 0;)
				stuff_bit(&s, byte >> bit & 1);
			stuff_table[state][byte] = (uint8_t)(s.count << 3 | s.state);
		}
		for (uint32_t bit = 0; bit < 8; bit++)
			crc = (crc << 1) ^ (crc & 0x4000 ? 0x8000 | CRC15_POLYNOMIAL : 0);
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
	uint64_t rtr = (f->can_id & CAN_RTR_FLAG) != 0;
	uint32_t dlc = f->__res1 > 8 ? f->__res1 & 15u : f->len;
	uint32_t bytes = rtr ? 0 : f->len;
	struct stuff s = { 0, 0 };
	uint64_t header;
	uint32_t n;

	if (f->can_id & CAN_EFF_FLAG) {
		uint64_t id = f->can_id & CAN_EFF_MASK;

		/* base identifier, SRR, IDE, extension, RTR, r1, r0, DLC */
		header =
			(id >> 18) << 27 | UINT64_C(3) << 25 | (id & 0x3ffff) << 7 | rtr << 6 | dlc;
		n = 38;
	} else {
		/* identifier, RTR, IDE, r0, DLC */
		header = (uint64_t)(f->can_id & CAN_SFF_MASK) << 7 | rtr << 6 | dlc;
		n = 18;
	}
	stuff_bits(&s, header, n);
	stuff_bytes(&s, f->data, bytes);
	stuff_bits(&s, crc15(header, f->data, bytes), 15);
	return (struct can_bits){ .nominal = 1 + n + 8 * bytes + 15 + s.count + TAIL_BITS };
}

static struct can_bits fd_bits(const struct canfd_frame *f)
{
	bool brs = f->flags & CANFD_BRS, esi = f->flags & CANFD_ESI;
	/* Stuff count (4) and CRC; a fixed stuff bit in front and after every 4 bits. */
	uint32_t crc_bits = f->len <= 16 ? 4 + 17 + 6 : 4 + 21 + 7;
	struct stuff s = { 0, 0 };
	struct can_bits r;
	uint32_t n, last;

	if (f->can_id & CAN_EFF_FLAG) {
		uint64_t id = f->can_id & CAN_EFF_MASK;

		/* base identifier, SRR, IDE, extension, RRS, FDF, res */
		stuff_bits(&s, (id >> 18) << 23 | UINT64_C(3) << 21 | (id & 0x3ffff) << 3 | 2, 34);
		n = 34;
	} else {
		/* identifier, RRS, IDE, FDF, res */
		stuff_bits(&s, (uint64_t)(f->can_id & CAN_SFF_MASK) << 4 | 2, 15);
		n = 15;
	}
	/* Start of frame to BRS; a stuff bit that BRS completes comes at the data bit rate. */
	r.nominal = 1 + n + 1 + s.count + TAIL_BITS;
	s.count = 0;
	stuff_bits(&s, (uint64_t)brs << 5 | (uint64_t)esi << 4 | fd_dlc(f->len), 6);
	stuff_bytes(&s, f->data, f->len);
	/*
	 * Five equal bits at the very end are followed by the fixed stuff bit in front of the stuff
	 * count, not by a dynamic one as well: then the state ends on the complement of the last
	 * bit.
	 */
	last = (f->len ? f->data[f->len - 1] : fd_dlc(f->len)) & 1u;
	if (s.state >> 2 != last)
		s.count--;
	r.data = 1 + 4 + 8u * f->len + s.count + crc_bits;
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
