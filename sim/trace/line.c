/* SPDX-License-Identifier: Apache-2.0 */
/* Scanning helpers of the trace parsers; see line.h. */
#include "sim/trace/line.h"

#include "base/clock.h"

#define X8  16, 16, 16, 16, 16, 16, 16, 16
#define X16 X8, X8
const uint8_t line_hex[256] = { X16, X16, X16, /* up to '/' */
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 16, 16, 16, 16, 16, /* '0'.. */
	16, 10, 11, 12, 13, 14, 15, 16, X8, /* '@', 'A'.. */
	X16, /* 'P'.. */
	16, 10, 11, 12, 13, 14, 15, 16, X8, /* '`', 'a'.. */
	X16, /* 'p'.. */
	X16, X16, X16, X16, X16, X16, X16, X16 };

bool word_is(const char *word, uint32_t len, const char *lit)
{
	uint32_t i;

	for (i = 0; i < len && lit[i]; i++) {
		char c = word[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (c != lit[i])
			return false;
	}
	return i == len && !lit[i];
}

bool word_number(const char *word, uint32_t len, bool dec, uint32_t *out)
{
	uint64_t v = 0;

	if (len == 0 || len > 10)
		return false;
	for (uint32_t i = 0; i < len; i++) {
		uint32_t d = hex_of(word[i]);

		if (d > (dec ? 9u : 15u))
			return false;
		v = v * (dec ? 10 : 16) + d;
	}
	if (v > UINT32_MAX)
		return false;
	*out = (uint32_t)v;
	return true;
}

bool take_seconds(const char **s, const char *end, uint64_t *ns, uint32_t *sec_digits)
{
	uint64_t sec = 0, frac = 0, unit = NS_PER_S;
	const char *p = *s;

	while (p < end && is_digit(*p) && p - *s < 11)
		sec = sec * 10 + (uint64_t)(*p++ - '0');
	/* Eleven digits of seconds do not fit into 64 bits of nanoseconds. */
	if (p == *s || p - *s > 10)
		return false;
	if (sec_digits)
		*sec_digits = (uint32_t)(p - *s);
	if (p < end && *p == '.') {
		for (p++; p < end && is_digit(*p); p++) {
			if (unit > 1) {
				unit /= 10;
				frac += (uint64_t)(*p - '0') * unit;
			}
		}
	}
	*ns = sec * NS_PER_S + frac;
	*s = p;
	return true;
}

static const uint8_t lens[] = { 12, 16, 20, 24, 32, 48, 64 };

uint32_t line_fd_len_of_code(uint32_t code)
{
	return code <= 8 ? code : code <= 15 ? lens[code - 9] : UINT32_MAX;
}

uint8_t line_fd_code(uint32_t len)
{
	uint8_t code = 9;

	if (len <= 8)
		return (uint8_t)len;
	while (code < 15 && lens[code - 9] < len)
		code++;
	return code;
}

uint8_t line_fd_len(uint32_t len)
{
	for (uint32_t i = 0; len > 8 && i < sizeof(lens); i++) {
		if (len <= lens[i])
			return lens[i];
	}
	return (uint8_t)len;
}
