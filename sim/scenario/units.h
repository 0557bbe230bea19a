/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values as people write them, and back: durations, sizes, bit rates, CAN identifiers, payload
 * patterns, and the nearest word for a typing mistake. Pure functions; they know no file.
 * Readers return 0, -EINVAL (not such a value) or -ERANGE (does not fit); *out is then untouched.
 */
#pragma once

#include <linux/can.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Nanoseconds: `30s`, `1.5s`, `500ms`, `250us`, `1m30s`, `2h`, `0`. */
MUST_CHECK int unit_duration(const char *s, uint64_t *out);
/* Bytes: `64M`, `64MiB`, `1GiB`, `4096`; powers of 1024. */
MUST_CHECK int unit_size(const char *s, uint64_t *out);
/* Bits a second: `500k`, `2M`, `500 kbit/s`, `125000`; powers of 1000. */
MUST_CHECK int unit_bitrate(const char *s, uint64_t *out);
/* Fraction: `5%` is 0.05. */
MUST_CHECK int unit_percent(const char *s, double *out);
MUST_CHECK int unit_uint(const char *s, uint64_t *out); /* decimal or 0x... */
MUST_CHECK int unit_int(const char *s, int64_t *out);
MUST_CHECK int unit_float(const char *s, double *out);
MUST_CHECK int unit_bool(const char *s, bool *out); /* true false yes no on off */
/*
 * Identifier in hex, `0x` optional. Eight digits or a value above 7FF make it a 29-bit one
 * (CAN_EFF_FLAG is set).
 */
MUST_CHECK int unit_can_id(const char *s, canid_t *out);
/* Hex without a meaning of its own digits: masks. */
MUST_CHECK int unit_hex32(const char *s, uint32_t *out);

/*
 * Payload pattern: hex digits and `X` (any nibble), with blanks, `.`, `_`, `-` or `:` between
 * bytes. Unknown nibbles are 0 in data and mask. A `*` at the end sets *open (may be NULL: not
 * allowed).
 */
MUST_CHECK int unit_pattern(const char *s, uint8_t data[CANFD_MAX_DLEN],
	uint8_t mask[CANFD_MAX_DLEN], uint8_t *len, bool *open);

/* Shortest exact way to write it: "5s", "1.5s", "250us"; "64 MiB"; "500 kbit/s". */
#define UNIT_TEXT 40
const char *unit_show_duration(char buf[UNIT_TEXT], uint64_t ns);
const char *unit_show_size(char buf[UNIT_TEXT], uint64_t bytes);
const char *unit_show_bitrate(char buf[UNIT_TEXT], uint64_t hz);
const char *unit_show_can_id(char buf[UNIT_TEXT], canid_t id);

/* Valid FD payload lengths are 0..8, 12, 16, 20, 24, 32, 48, 64. */
bool unit_fd_length(size_t len);

/*
 * Keeps the best candidate for a mistyped word: call unit_near() for each word, then read `best`
 * (NULL: none is close).
 */
struct unit_near {
	const char *typed;
	const char *best;
	unsigned int distance;
};
void unit_near(struct unit_near *n, const char *word);
