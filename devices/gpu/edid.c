/* SPDX-License-Identifier: Apache-2.0 */
/* EDID blocks; see edid.h. Layouts: VESA E-EDID 1.4 and DisplayID 1.2. */
#include "devices/gpu/edid.h"

#include <stdbool.h>
#include <string.h>

#include "base/err.h"

#define DTD_MAX_SIDE      4095
#define DTD_MAX_CLOCK_10K 65535
#define REFRESH_HZ        60

/* Reduced blanking (VESA CVT 1.1): horizontal parts are fixed. */
#define H_BLANK        160
#define H_FRONT        48
#define H_SYNC         32
#define V_FRONT        3
#define V_SYNC         10 /* "aspect ratio not one of the standard ones" */
#define V_BACK         6
#define V_BLANK_MIN_US 460

/* 96 dots an inch: what a desktop assumes when nobody knows. */
#define UM_PER_PIXEL 265

#define PRODUCT_CODE 1
#define YEAR         2026
#define GAMMA_2_2    120 /* gamma * 100 - 100 */

struct timing {
	uint32_t w, h, v_blank, clock_10k;
};

static struct timing timing_at(uint32_t w, uint32_t h, uint32_t hz)
{
	struct timing t = { .w = w, .h = h };
	uint64_t frame_us = 1000000 / hz;
	uint64_t lines = (uint64_t)V_BLANK_MIN_US * h / (frame_us - V_BLANK_MIN_US) + 1;

	t.v_blank = (uint32_t)MAX(lines, V_FRONT + V_SYNC + V_BACK);
	t.clock_10k = (uint32_t)((uint64_t)(w + H_BLANK) * (h + t.v_blank) * hz / 10000);
	return t;
}

/* A timing that a detailed timing descriptor can say: half the size or rate until it can. */
static struct timing timing_for_dtd(uint32_t w, uint32_t h)
{
	uint32_t hz = REFRESH_HZ;
	struct timing t;

	while (w > DTD_MAX_SIDE || h > DTD_MAX_SIDE) {
		w = MAX(w / 2, 1u);
		h = MAX(h / 2, 1u);
	}
	t = timing_at(w, h, hz);
	while (t.clock_10k > DTD_MAX_CLOCK_10K) {
		hz /= 2;
		t = timing_at(w, h, hz);
	}
	return t;
}

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static uint32_t mm_of(uint32_t pixels)
{
	return MAX(pixels * UM_PER_PIXEL / 1000, 1u);
}

static void detailed_timing(uint8_t d[18], const struct timing *t, uint32_t w_mm, uint32_t h_mm)
{
	w_mm = MIN(w_mm, 4095u);
	h_mm = MIN(h_mm, 4095u);
	put16(d, t->clock_10k);
	d[2] = (uint8_t)t->w;
	d[3] = H_BLANK;
	d[4] = (uint8_t)(t->w >> 8 << 4);
	d[5] = (uint8_t)t->h;
	d[6] = (uint8_t)t->v_blank;
	d[7] = (uint8_t)(t->h >> 8 << 4 | t->v_blank >> 8);
	d[8] = H_FRONT;
	d[9] = H_SYNC;
	d[10] = V_FRONT << 4 | V_SYNC;
	d[12] = (uint8_t)w_mm;
	d[13] = (uint8_t)h_mm;
	d[14] = (uint8_t)(w_mm >> 8 << 4 | h_mm >> 8);
	d[17] = 0x1a; /* digital separate syncs: horizontal +, vertical - (reduced blanking) */
}

static void text_descriptor(uint8_t d[18], uint8_t tag, const char *text)
{
	size_t n = 0;

	memset(d, 0, 5);
	d[3] = tag;
	memset(d + 5, ' ', 13);
	for (; *text && n < 13; text++)
		d[5 + n++] = *text >= 0x20 && *text < 0x7f ? (uint8_t)*text : '?';
	if (n < 13)
		d[5 + n] = '\n';
}

static void checksum(uint8_t *b, uint32_t n)
{
	uint8_t sum = 0;

	for (uint32_t i = 0; i < n - 1; i++)
		sum = (uint8_t)(sum + b[i]);
	b[n - 1] = (uint8_t)(0x100 - sum);
}

/* Header of a DisplayID data block; returns its payload. */
static uint8_t *data_block(uint8_t **at, uint8_t tag, uint8_t bytes)
{
	uint8_t *payload = *at + 3;

	(*at)[0] = tag;
	(*at)[2] = bytes;
	*at = payload + bytes;
	return payload;
}

/* DisplayID 1.2 as an extension: the three blocks that each display must have, and its timing. */
static void displayid_block(uint8_t b[EDID_BLOCK_BYTES], uint32_t w, uint32_t h, uint32_t serial)
{
	struct timing t = timing_at(w, h, REFRESH_HZ);
	uint8_t *s = b + 1, *at = s + 4, *d;
	uint32_t clock = t.clock_10k - 1;

	memset(b, 0, EDID_BLOCK_BYTES);
	b[0] = 0x70; /* extension tag: DisplayID */
	d = data_block(&at, 0x00, 12); /* product identification */
	d[0] = 'D';
	d[1] = 'Y';
	d[2] = 'N';
	put16(d + 3, PRODUCT_CODE);
	put16(d + 5, serial);
	put16(d + 7, serial >> 16);
	d[10] = YEAR - 2000;
	d = data_block(&at, 0x01, 12); /* display parameters */
	put16(d, MIN(mm_of(w) * 10, UINT16_MAX)); /* 0.1 mm */
	put16(d + 2, MIN(mm_of(h) * 10, UINT16_MAX));
	put16(d + 4, w);
	put16(d + 6, h);
	d[9] = GAMMA_2_2;
	d[10] = (uint8_t)MIN(MAX(100 * (uint64_t)MAX(w, h) / MIN(w, h), 100u) - 100, 255u);
	d[11] = 0x77; /* 8 bits a colour, native and over all */
	d = data_block(&at, 0x0f, 10); /* interface features */
	d[0] = 0xa1; /* DisplayPort, one link */
	d[2] = 0x02; /* RGB with 8 bits */
	d = data_block(&at, 0x03, 20); /* Type I detailed timings */
	d[0] = (uint8_t)clock;
	d[1] = (uint8_t)(clock >> 8);
	d[2] = (uint8_t)(clock >> 16);
	d[3] = 0x80 | 0x08; /* preferred; aspect ratio not defined */
	put16(d + 4, t.w - 1);
	put16(d + 6, H_BLANK - 1);
	put16(d + 8, 0x8000 | (H_FRONT - 1)); /* bit 15: sync is positive */
	put16(d + 10, H_SYNC - 1);
	put16(d + 12, t.h - 1);
	put16(d + 14, t.v_blank - 1);
	put16(d + 16, V_FRONT - 1);
	put16(d + 18, V_SYNC - 1);
	s[0] = 0x12; /* version 1.2 */
	s[1] = (uint8_t)(at - s - 4);
	s[2] = 3; /* product type: stand-alone display */
	/* The section has its own sum, behind its last data block. */
	checksum(s, (uint32_t)(at - s) + 1);
	checksum(b, EDID_BLOCK_BYTES);
}

uint32_t edid_build(uint8_t out[EDID_MAX_BYTES], uint32_t width, uint32_t height, const char *name,
	uint32_t serial)
{
	static const uint8_t header[] = { 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00 };
	/* Chromaticity of sRGB. */
	static const uint8_t srgb[] = { 0xee, 0x91, 0xa3, 0x54, 0x4c, 0x99, 0x26, 0x0f, 0x50,
		0x54 };
	struct timing t = timing_for_dtd(width, height);
	uint32_t w_mm = mm_of(width), h_mm = mm_of(height);
	bool extended = t.w != width || t.h != height;

	memset(out, 0, EDID_MAX_BYTES);
	memcpy(out, header, sizeof(header));
	/* Manufacturer "DYN": three letters of five bits, big-endian. */
	out[8] = (4 << 2) | (25 >> 3);
	out[9] = (uint8_t)(25 << 5) | 14;
	put16(out + 10, PRODUCT_CODE);
	put16(out + 12, serial);
	put16(out + 14, serial >> 16);
	out[17] = YEAR - 1990;
	out[18] = 1; /* version 1.4 */
	out[19] = 4;
	out[20] = 0xa5; /* digital, 8 bits a colour, DisplayPort */
	out[21] = (uint8_t)MIN(MAX(w_mm / 10, 1u), 255u);
	out[22] = (uint8_t)MIN(MAX(h_mm / 10, 1u), 255u);
	out[23] = GAMMA_2_2;
	out[24] = 0x06; /* RGB 4:4:4; sRGB is the default; preferred timing is the native one */
	memcpy(out + 25, srgb, sizeof(srgb));
	memset(out + 38, 0x01, 16); /* no standard timings */
	detailed_timing(out + 54, &t, w_mm, h_mm);
	text_descriptor(out + 72, 0xfc, name);
	out[90 + 3] = 0x10; /* unused descriptors */
	out[108 + 3] = 0x10;
	out[126] = extended ? 1 : 0;
	checksum(out, EDID_BLOCK_BYTES);
	if (!extended)
		return EDID_BLOCK_BYTES;
	displayid_block(out + EDID_BLOCK_BYTES, width, height, serial);
	return 2 * EDID_BLOCK_BYTES;
}
