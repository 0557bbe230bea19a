/* SPDX-License-Identifier: Apache-2.0 */
/* The codec of signals in payloads, and the binary form of a map. No files here. */
#include "sim/scenario/sigmap.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/*
 * Bit i of the signal, counted from its most significant one, as a position in the payload
 * (byte * 8 + bit in the byte, bit 0 the least significant).
 * Big-endian: from the start bit downwards in a byte, then on at bit 7 of the next byte.
 */
static uint32_t bit_position(const struct sigmap_entry *e, uint32_t i)
{
	if (!(e->flags & SIGMAP_F_BIG_ENDIAN))
		return (uint32_t)e->start_bit + (uint32_t)e->bits - 1 - i;
	/* Numbered through in transmission order, then turned back. */
	uint32_t order = ((uint32_t)e->start_bit & ~7u) + (7 - ((uint32_t)e->start_bit & 7)) + i;

	return (order & ~7u) + (7 - (order & 7));
}

bool sigmap_fits(const struct sigmap_entry *e, size_t len)
{
	if (e->bits == 0 || e->bits > 64)
		return false;
	uint32_t first = bit_position(e, 0) / 8, last = bit_position(e, (uint32_t)e->bits - 1) / 8;

	return MAX(first, last) < len;
}

static uint64_t raw_get(const struct sigmap_entry *e, const uint8_t *data)
{
	uint64_t raw = 0;

	for (uint32_t i = 0; i < e->bits; i++) {
		uint32_t p = bit_position(e, i);

		raw = raw << 1 | (data[p / 8] >> (p % 8) & 1u);
	}
	return raw;
}

int sigmap_decode(const struct sigmap_entry *e, const uint8_t *data, size_t len, double *phys)
{
	if (!sigmap_fits(e, len))
		return -EMSGSIZE;
	uint64_t raw = raw_get(e, data);

	if (e->flags & SIGMAP_F_SIGNED) {
		uint32_t unused = (64 - (uint32_t)e->bits) & 63;
		int64_t v = (int64_t)(raw << unused) >> unused;

		*phys = (double)v * e->scale + e->offset;
	} else {
		*phys = (double)raw * e->scale + e->offset;
	}
	return 0;
}

/* The raw value nearest to v, held to what the bits can say. */
static uint64_t raw_of(const struct sigmap_entry *e, double v)
{
	double top = ldexp(1, e->bits - ((e->flags & SIGMAP_F_SIGNED) ? 1 : 0));
	double low = (e->flags & SIGMAP_F_SIGNED) ? -top : 0;

	if (isnan(v))
		v = 0;
	v = nearbyint(v);
	if (v <= low)
		return (e->flags & SIGMAP_F_SIGNED) ? (uint64_t)1 << (e->bits - 1) : 0;
	if (v >= top)
		return (e->flags & SIGMAP_F_SIGNED) ? ((uint64_t)1 << (e->bits - 1)) - 1
						    : UINT64_MAX;
	return v < 0 ? (uint64_t)(int64_t)v : (uint64_t)v;
}

int sigmap_encode(const struct sigmap_entry *e, double phys, uint8_t *data, size_t len)
{
	if (!sigmap_fits(e, len))
		return -EMSGSIZE;
	uint64_t raw = raw_of(e, (phys - e->offset) / e->scale);

	for (uint32_t i = 0; i < e->bits; i++) {
		uint32_t p = bit_position(e, i);
		uint8_t bit = (uint8_t)(1u << (p % 8));

		if (raw >> ((uint32_t)e->bits - 1 - i) & 1u)
			data[p / 8] |= bit;
		else
			data[p / 8] &= (uint8_t)~bit;
	}
	return 0;
}

size_t sigmap_packed_bytes(const struct sigmap *m)
{
	return sizeof(m->hdr) + m->hdr.count * sizeof(*m->e);
}

void sigmap_pack(const struct sigmap *m, uint8_t *buf)
{
	memcpy(buf, &m->hdr, sizeof(m->hdr));
	if (m->hdr.count)
		memcpy(buf + sizeof(m->hdr), m->e, m->hdr.count * sizeof(*m->e));
}

const struct sigmap_entry *sigmap_find(const struct sigmap *m, const char *gauge)
{
	for (uint32_t i = 0; i < m->hdr.count; i++) {
		if (strcmp(m->e[i].gauge, gauge) == 0)
			return &m->e[i];
	}
	return NULL;
}

void sigmap_fini(struct sigmap *m)
{
	free(m->e);
	free(m->lines);
	*m = (struct sigmap){ 0 };
}
