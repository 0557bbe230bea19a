/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Little-endian integers as they lie in guest memory and on the wire.
 *
 * They are structs of bytes: alignment 1, no padding, and the compiler refuses arithmetic on
 * them, so that a value from a guest cannot be used before it was converted on purpose.
 */
#pragma once

#include <stdint.h>
#include <string.h>

typedef struct le16 {
	uint8_t b[2];
} le16;
typedef struct le32 {
	uint8_t b[4];
} le32;
typedef struct le64 {
	uint8_t b[8];
} le64;

static_assert(sizeof(le16) == 2 && sizeof(le32) == 4 && sizeof(le64) == 8, "wire integers");
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "Dyno runs on little-endian hosts");

static inline uint16_t le16_get(le16 v)
{
	uint16_t x;

	memcpy(&x, v.b, sizeof(x));
	return x;
}

static inline uint32_t le32_get(le32 v)
{
	uint32_t x;

	memcpy(&x, v.b, sizeof(x));
	return x;
}

static inline uint64_t le64_get(le64 v)
{
	uint64_t x;

	memcpy(&x, v.b, sizeof(x));
	return x;
}

static inline le16 le16_of(uint16_t x)
{
	le16 v;

	memcpy(v.b, &x, sizeof(x));
	return v;
}

static inline le32 le32_of(uint32_t x)
{
	le32 v;

	memcpy(v.b, &x, sizeof(x));
	return v;
}

static inline le64 le64_of(uint64_t x)
{
	le64 v;

	memcpy(v.b, &x, sizeof(x));
	return v;
}
