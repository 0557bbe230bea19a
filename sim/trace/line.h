/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line of a trace: what a format's parser gets and gives, and the scanning helpers they share.
 * Parsers are pure: a line (not terminated) in, one result out. Not for others.
 */
#pragma once

#include <linux/can.h>
#include <stdbool.h>
#include <stdint.h>

#include "sim/trace/trace.h"

enum line_kind {
	LINE_FRAME,
	LINE_SKIP, /* understood, and no frame */
	LINE_BAD /* `why` says what is wrong */
};

struct line_out {
	struct canfd_frame f;
	uint32_t flags; /* TRACE_* */
	uint64_t t_ns;
	bool has_time;
	bool short_time; /* few enough seconds to be a delta or count from zero */
	const char *chan; /* lies in the line */
	uint32_t chan_len;
	const char *why; /* a static string */
};

/* A candump line: log file, console, or the old `<0x123> [8] ...` form. */
enum line_kind candump_line(const char *s, const char *end, struct line_out *o);

/* What an ASC file's header and earlier lines say about later ones. Zero-initialise. */
struct asc_state {
	bool dec; /* base dec */
	bool relative; /* stamps count from the line before */
	uint64_t t_ns; /* of the last line, for `relative` */
	bool has_date;
	uint64_t date_ns; /* of the header */
};
enum line_kind asc_line(struct asc_state *st, const char *s, const char *end, struct line_out *o);

/* A PCAN file: its version and columns. Zero-initialise. */
struct trc_state {
	uint32_t version; /* 10 for 1.0; 0: not said, which is 1.0 */
	char columns[16]; /* of 2.x: a letter each; empty: the version's own */
	bool has_date;
	uint64_t date_ns;
};
enum line_kind trc_line(struct trc_state *st, const char *s, const char *end, struct line_out *o);

/* Which program's CSV it is, and where its columns are. Zero-initialise. */
enum csv_dialect { CSV_UNKNOWN, CSV_OURS, CSV_GVRET, CSV_PYTHON_CAN, CSV_CSS };
struct csv_state {
	enum csv_dialect dialect;
	char sep;
	int8_t col[16]; /* by enum csv_column: its place, -1 for none */
	char chan[8]; /* a channel number that was read becomes text here */
};
enum line_kind csv_line(struct csv_state *st, const char *s, const char *end, struct line_out *o);
const char *csv_dialect_name(enum csv_dialect d);

/* A CRTD line: `166.064000 R11 0000021A FE 36`. */
enum line_kind crtd_line(const char *s, const char *end, struct line_out *o);

/* ---- scanning; all of them move *s and never read at or past `end` ---- */

/* 0..15, or 16 for what is no hexadecimal digit. */
extern const uint8_t line_hex[256];

static inline uint32_t hex_of(char c)
{
	return line_hex[(uint8_t)c];
}

static inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline void skip_spaces(const char **s, const char *end)
{
	while (*s < end && (**s == ' ' || **s == '\t'))
		(*s)++;
}

/* The next word, up to a space; its length, 0 at the end. */
static inline uint32_t take_word(const char **s, const char *end, const char **word)
{
	skip_spaces(s, end);
	*word = *s;
	while (*s < end && **s != ' ' && **s != '\t')
		(*s)++;
	return (uint32_t)(*s - *word);
}

/* True when a word equals `lit`, case ignored (`lit` is lower case). */
bool word_is(const char *word, uint32_t len, const char *lit);
/* Hexadecimal or decimal number that fills the whole word; false for anything else or overflow. */
bool word_number(const char *word, uint32_t len, bool dec, uint32_t *out);
/* seconds[.fraction] to ns; digits past the ninth are read and forgotten. *sec_digits may be NULL.
 */
bool take_seconds(const char **s, const char *end, uint64_t *ns, uint32_t *sec_digits);
/* Hexadecimal byte pair. */
static inline bool take_byte(const char **s, const char *end, uint8_t *out)
{
	uint32_t hi, lo;

	if (end - *s < 2)
		return false;
	hi = hex_of((*s)[0]);
	lo = hex_of((*s)[1]);
	if ((hi | lo) > 15)
		return false;
	*out = (uint8_t)(hi << 4 | lo);
	*s += 2;
	return true;
}
/* Payload length of an FD frame's DLC; UINT32_MAX above 15. */
uint32_t line_fd_len_of_code(uint32_t code);
/* And back: the DLC of a length that line_fd_len gave. */
uint8_t line_fd_code(uint32_t len);
/* Smallest FD payload length that holds `len` (at most 64). */
uint8_t line_fd_len(uint32_t len);
