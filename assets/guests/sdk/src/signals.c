/* SPDX-License-Identifier: Apache-2.0 */
/* The signal codec and the check of a signal map: pure, also compiled for the host. */
#include "dyno/signals.h"

#include <string.h>

#define FRAME_BYTES 64

static bool ends(const char name[SIGMAP_NAME])
{
	return name[0] != '\0' && memchr(name, '\0', SIGMAP_NAME) != NULL;
}

/*
 * Bytes that a frame must have so that the signal lies in it. Big-endian: the start bit is the most
 * significant one, numbered 8 * byte + bit; the rest follows towards bit 0 and on from bit 7 of the
 * next byte.
 */
static unsigned int bytes_needed(const struct sigmap_entry *e)
{
	const unsigned int start = e->start_bit;

	if ((e->flags & SIGMAP_F_BIG_ENDIAN) != 0)
		return start / 8 + (7 - start % 8 + e->bits + 7) / 8;
	return (start + e->bits + 7) / 8;
}

bool dyno_signal_fits(const struct sigmap_entry *e, unsigned int len)
{
	return e->bits >= 1 && e->bits <= 64 && bytes_needed(e) <= len;
}

static const char *entry_fault(const struct sigmap_entry *e)
{
	if (!ends(e->gauge) || !ends(e->bus))
		return "a name is empty or does not end";
	if (!dyno_signal_fits(e, FRAME_BYTES))
		return "a signal does not fit into a frame";
	if ((e->flags & SIGMAP_F_TX) != 0 && (e->dlc > FRAME_BYTES || !dyno_signal_fits(e, e->dlc)))
		return "a sent signal does not fit into its frame";
	if (e->can_id > ((e->flags & SIGMAP_F_EXTENDED) != 0 ? 0x1fffffffu : 0x7ffu))
		return "an identifier is too large";
	/* Not a number fails every comparison. */
	if (!(e->scale < 0 || e->scale > 0) || !(e->offset > -1e300 && e->offset < 1e300))
		return "a scale is 0 or not a number";
	return NULL;
}

static int fault(const char **why, const char *text)
{
	if (why != NULL)
		*why = text;
	return DYNO_E_INVAL;
}

int dyno_sigmap_check(const void *data, size_t bytes, struct dyno_sigmap *out, const char **why)
{
	const struct sigmap_hdr *h = data;
	const struct sigmap_entry *e = (const struct sigmap_entry *)(h + 1);

	if (bytes < sizeof(*h) || h->magic != SIGMAP_MAGIC)
		return fault(why, "not a signal map");
	if (h->version != SIGMAP_VERSION || h->entry_bytes != sizeof(*e))
		return fault(why, "a version that this guest does not know");
	if (h->count > SIGMAP_MAX || bytes - sizeof(*h) < h->count * sizeof(*e))
		return fault(why, "cut short, or too many entries");
	if (memchr(h->title, '\0', sizeof(h->title)) == NULL)
		return fault(why, "the title does not end");
	for (unsigned int i = 0; i < h->count; i++) {
		const char *text = entry_fault(&e[i]);

		if (text != NULL)
			return fault(why, text);
	}
	*out = (struct dyno_sigmap){ h->title, h->count, e };
	return 0;
}

const struct sigmap_entry *dyno_sigmap_find(const struct dyno_sigmap *m, const char *gauge)
{
	for (unsigned int i = 0; i < m->count; i++) {
		if (strcmp(m->entry[i].gauge, gauge) == 0)
			return &m->entry[i];
	}
	return NULL;
}

/* Steps from a bit to the next less significant one (big-endian). */
static unsigned int step_down(unsigned int bit)
{
	return bit % 8 == 0 ? bit + 15 : bit - 1;
}

int64_t dyno_signal_raw(const struct sigmap_entry *e, const uint8_t *data)
{
	uint64_t raw = 0;

	if ((e->flags & SIGMAP_F_BIG_ENDIAN) != 0) {
		unsigned int bit = e->start_bit;

		for (unsigned int i = 0; i < e->bits; i++, bit = step_down(bit))
			raw = raw << 1 | (data[bit / 8] >> bit % 8 & 1u);
	} else {
		for (unsigned int i = e->bits; i-- > 0;) {
			const unsigned int bit = e->start_bit + i;

			raw = raw << 1 | (data[bit / 8] >> bit % 8 & 1u);
		}
	}
	if ((e->flags & SIGMAP_F_SIGNED) != 0 && e->bits < 64 && (raw >> (e->bits - 1) & 1) != 0)
		raw |= UINT64_MAX << e->bits;
	return (int64_t)raw;
}

bool dyno_signal_get(
	const struct sigmap_entry *e, const uint8_t *data, unsigned int len, double *out)
{
	int64_t raw;

	if (!dyno_signal_fits(e, len))
		return false;
	raw = dyno_signal_raw(e, data);
	*out = ((e->flags & SIGMAP_F_SIGNED) != 0 ? (double)raw : (double)(uint64_t)raw) *
		       e->scale +
	       e->offset;
	return true;
}

static void put_bit(uint8_t *data, unsigned int bit, uint64_t value)
{
	const uint8_t mask = (uint8_t)(1u << bit % 8);

	data[bit / 8] = (uint8_t)((data[bit / 8] & ~mask) | ((value & 1) != 0 ? mask : 0));
}

void dyno_signal_put_raw(const struct sigmap_entry *e, uint8_t *data, uint64_t raw)
{
	if ((e->flags & SIGMAP_F_BIG_ENDIAN) != 0) {
		unsigned int bit = e->start_bit;

		for (unsigned int i = e->bits; i-- > 0; bit = step_down(bit))
			put_bit(data, bit, raw >> i);
	} else {
		for (unsigned int i = 0; i < e->bits; i++)
			put_bit(data, e->start_bit + i, raw >> i);
	}
}

/* To the nearest integer, halves away from zero, within what the bits can hold. */
static uint64_t raw_of(const struct sigmap_entry *e, double v)
{
	const uint64_t all = e->bits == 64 ? UINT64_MAX : (UINT64_C(1) << e->bits) - 1;

	if ((e->flags & SIGMAP_F_SIGNED) != 0) {
		const int64_t most = (int64_t)(all >> 1), least = -most - 1;

		v = v < 0 ? v - 0.5 : v + 0.5;
		if (v >= (double)most)
			return (uint64_t)most;
		/* Not a number is the least, too. */
		if (!(v > (double)least))
			return (uint64_t)least & all;
		return (uint64_t)(int64_t)v & all;
	}
	v += 0.5;
	if (!(v > 0))
		return 0;
	return v >= (double)all ? all : (uint64_t)v;
}

bool dyno_signal_put(const struct sigmap_entry *e, uint8_t *data, unsigned int len, double value)
{
	if (!dyno_signal_fits(e, len))
		return false;
	if (e->min < e->max) {
		value = value < e->min ? e->min : value;
		value = value > e->max ? e->max : value;
	}
	dyno_signal_put_raw(e, data, raw_of(e, (value - e->offset) / e->scale));
	return true;
}
