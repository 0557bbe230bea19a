/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as text, for the trace writers and the recorder. Nothing is terminated. Not for others.
 */
#pragma once

#include <stdint.h>

/* The last `digits` digits, with zeros in front; the place behind them. */
static inline char *put_decimal(char *p, uint64_t v, unsigned int digits)
{
	for (unsigned int i = digits; i-- > 0; v /= 10)
		p[i] = (char)('0' + v % 10);
	return p + digits;
}

static inline char *put_hex(char *p, uint32_t v, unsigned int digits)
{
	for (unsigned int i = digits; i-- > 0; v >>= 4)
		p[i] = "0123456789ABCDEF"[v & 15];
	return p + digits;
}

/* All digits, and spaces in front up to `width`. */
static inline char *put_number(char *p, uint64_t v, unsigned int width)
{
	unsigned int n = 1;

	for (uint64_t rest = v / 10; rest; rest /= 10)
		n++;
	for (; width > n; width--)
		*p++ = ' ';
	return put_decimal(p, v, n);
}

/* Bytes as hexadecimal pairs, each with a space in front. */
static inline char *put_bytes(char *p, const uint8_t *data, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		*p++ = ' ';
		p = put_hex(p, data[i], 2);
	}
	return p;
}
