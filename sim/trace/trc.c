/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of PEAK's trace files, versions 1.0 to 2.1:
 *     1.0       1)      1841 0001 8 00 00 00 00 00 00 00 00
 *     1.1       1)      1059.9  Rx         0300  7  00 00 00 00 04 00 00
 *     1.2, 1.3  1)      1059.900 1  Rx        0300 -  7    00 00 00 00 04 00 00
 *     2.0       1      1059.900 DT     0300 Rx 7  00 00 00 00 04 00 00
 *     2.1       1      1059.900 DT 1      0300 Rx -  7    00 00 00 00 04 00 00
 * From 2.0 on the header says which columns there are.
 */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "sim/trace/line.h"

#define V_1_0 10u
#define V_1_1 11u
#define V_1_2 12u
#define V_1_3 13u
#define V_2_0 20u
#define V_2_1 21u

static enum line_kind bad(struct line_out *o, const char *why)
{
	o->why = why;
	return LINE_BAD;
}

static bool begins(const char *s, const char *end, const char *with, const char **rest)
{
	size_t n = strlen(with);

	if ((size_t)(end - s) < n || memcmp(s, with, n) != 0)
		return false;
	*rest = s + n;
	return true;
}

/* Days since 1899-12-30, with the time of day as their fraction. */
static void take_start(struct trc_state *st, const char *s, const char *end)
{
	char text[40];
	size_t n = (size_t)MIN(end - s, (ptrdiff_t)sizeof(text) - 1);
	char *stop;
	double days;

	memcpy(text, s, n);
	text[n] = '\0';
	days = strtod(text, &stop) - 25569;
	if (stop == text || !(days >= 0 && days < 193000))
		return;
	/* The fraction has ten digits: that is 10 us. */
	st->date_ns = (uint64_t)llround(days * 86400e6) * NS_PER_US;
	st->has_date = true;
}

static enum line_kind header_line(struct trc_state *st, const char *s, const char *end)
{
	const char *v;

	if (begins(s, end, ";$FILEVERSION=", &v) && end - v >= 3 && is_digit(v[0]) &&
		is_digit(v[2])) {
		st->version = (uint32_t)(v[0] - '0') * 10 + (uint32_t)(v[2] - '0');
	} else if (begins(s, end, ";$STARTTIME=", &v)) {
		take_start(st, v, end);
	} else if (begins(s, end, ";$COLUMNS=", &v)) {
		size_t n = 0;

		for (; v < end && n < sizeof(st->columns) - 1; v++) {
			if (*v != ',' && *v != ' ')
				st->columns[n++] = *v;
		}
		st->columns[n] = '\0';
	}
	return LINE_SKIP;
}

/* Milliseconds with a fraction. */
static bool take_offset(const char *w, uint32_t n, uint64_t *ns)
{
	const char *p = w;
	uint64_t v;

	if (!take_seconds(&p, w + n, &v, NULL) || p != w + n)
		return false;
	/* Read as if they were seconds: a thousandth of that. */
	*ns = v / 1000;
	return true;
}

static bool set_id(struct line_out *o, const char *w, uint32_t n)
{
	uint32_t id;

	if (n > 8 || !word_number(w, n, false, &id) || id > CAN_EFF_MASK)
		return false;
	/* Four digits are 11 bits; 29 bits have eight, of which some writers leave some out. */
	o->f.can_id = id | (n > 4 || id > CAN_SFF_MASK ? CAN_EFF_FLAG : 0);
	return true;
}

enum what { DATA, FD, REMOTE, ERROR, OTHER };

static void set_error(struct line_out *o)
{
	memset(&o->f, 0, sizeof(o->f));
	o->f.can_id = CAN_ERR_FLAG | 0x80; /* CAN_ERR_BUSERROR */
	o->f.len = CAN_MAX_DLEN;
}

/* The type column of 2.x, and its BRS and ESI. */
static enum what take_type(const char *w, uint32_t n, struct line_out *o)
{
	if (n != 2)
		return OTHER;
	if (w[0] == 'D' && w[1] == 'T')
		return DATA;
	if (w[0] == 'R' && w[1] == 'R')
		return REMOTE;
	if (w[0] == 'E' && w[1] == 'R')
		return ERROR;
	if (w[0] == 'F' && (w[1] == 'D' || w[1] == 'B' || w[1] == 'E')) {
		o->f.flags = (uint8_t)(CANFD_FDF | (w[1] == 'B' ? CANFD_BRS : 0) |
				       (w[1] == 'E' ? CANFD_ESI : 0));
		return FD;
	}
	if (w[0] == 'B' && w[1] == 'I') {
		o->f.flags = CANFD_FDF | CANFD_BRS | CANFD_ESI;
		return FD;
	}
	return OTHER; /* ST status, EC error counters, EV events */
}

static void set_dir(struct line_out *o, const char *w, uint32_t n)
{
	if (word_is(w, n, "rx"))
		o->flags |= TRACE_DIR_RX;
	else if (word_is(w, n, "tx"))
		o->flags |= TRACE_DIR_TX;
}

/* Data bytes, which may be RTR instead. Error frames' bytes mean something else. */
static enum line_kind take_data(
	const char *s, const char *end, struct line_out *o, enum what what, uint32_t len)
{
	if (what == ERROR) {
		set_error(o);
		return LINE_FRAME;
	}
	if (what == DATA) {
		const char *p = s, *w;
		uint32_t n = take_word(&p, end, &w);

		if (word_is(w, n, "rtr"))
			what = REMOTE;
	}
	if (what == REMOTE) {
		o->f.can_id |= CAN_RTR_FLAG;
		o->f.len = (uint8_t)MIN(len, CAN_MAX_DLEN);
		return LINE_FRAME;
	}
	if (what == FD) {
		if (len > CANFD_MAX_DLEN || line_fd_len(len) != len)
			return bad(o, "an FD frame has no such length");
	} else if (len > CAN_MAX_RAW_DLC) {
		return bad(o, "a frame has at most 8 bytes");
	} else if (len > CAN_MAX_DLEN) {
		o->f.__res1 = (uint8_t)len;
		len = CAN_MAX_DLEN;
	}
	o->f.len = (uint8_t)len;
	for (uint32_t i = 0; i < len; i++) {
		const char *w;
		uint32_t n = take_word(&s, end, &w), v;

		if (n != 2 || !word_number(w, n, false, &v))
			return bad(o, "fewer data bytes than the length says");
		o->f.data[i] = (uint8_t)v;
	}
	return LINE_FRAME;
}

/* 2.x: the columns are what the header says. */
static enum line_kind columns_line(
	const struct trc_state *st, const char *s, const char *end, struct line_out *o)
{
	static const char v20[] = "NOTIdlD", v21[] = "NOTBIdRlD";
	const char *columns = st->columns[0] ? st->columns : st->version == V_2_0 ? v20 : v21;
	enum what what = OTHER;
	uint32_t len = UINT32_MAX, n;
	bool id_ok = false;
	const char *w;

	for (const char *c = columns; *c && *c != 'D'; c++) {
		n = take_word(&s, end, &w);
		if (!n)
			return bad(o, "fewer columns than the header says");
		switch (*c) {
		case 'O':
			o->has_time = take_offset(w, n, &o->t_ns);
			if (!o->has_time)
				return bad(o, "no time offset in ms");
			break;
		case 'T':
			what = take_type(w, n, o);
			if (what == OTHER)
				return LINE_SKIP;
			break;
		case 'B':
			o->chan = w;
			o->chan_len = n;
			break;
		case 'I':
			id_ok = set_id(o, w, n);
			break;
		case 'd':
			set_dir(o, w, n);
			break;
		case 'l':
			if (!word_number(w, n, true, &len))
				return bad(o, "no data length");
			break;
		case 'L':
			/* Of FD frames it is the code. */
			if (!word_number(w, n, true, &len))
				return bad(o, "no data length code");
			if (what == FD)
				len = line_fd_len_of_code(len);
			break;
		default:
			break;
		}
	}
	if (what != ERROR && !id_ok)
		return bad(o, "the identifier is none");
	if (what != ERROR && len == UINT32_MAX)
		return bad(o, "no data length up to 64");
	return take_data(s, end, o, what, len);
}

/* 1.x, behind the number. */
static enum line_kind old_line(
	const struct trc_state *st, const char *s, const char *end, struct line_out *o)
{
	uint32_t version = st->version ? st->version : V_1_0, n, len;
	enum what what = DATA;
	const char *w;

	n = take_word(&s, end, &w);
	o->has_time = take_offset(w, n, &o->t_ns);
	if (!o->has_time)
		return bad(o, "no time offset in ms");
	if (version >= V_1_2)
		o->chan_len = take_word(&s, end, &o->chan);
	if (version >= V_1_1) {
		n = take_word(&s, end, &w);
		if (word_is(w, n, "error"))
			what = ERROR;
		else if (!word_is(w, n, "rx") && !word_is(w, n, "tx"))
			return LINE_SKIP; /* Warng: the bus's state */
		set_dir(o, w, n);
	}
	n = take_word(&s, end, &w);
	/* 1.0 has its warnings and errors where the identifier would be FFFFFFFF. */
	if (n == 8 && memcmp(w, "FFFFFFFF", 8) == 0 && what == DATA)
		return LINE_SKIP;
	if (what == DATA && !set_id(o, w, n))
		return bad(o, "the identifier is none");
	if (version >= V_1_3) {
		n = take_word(&s, end, &w);
		if (n != 1 || *w != '-')
			return bad(o, "no '-' behind the identifier");
	}
	n = take_word(&s, end, &w);
	if (what != ERROR && !word_number(w, n, true, &len))
		return bad(o, "no data length");
	return take_data(s, end, o, what, what == ERROR ? 0 : len);
}

enum line_kind trc_line(struct trc_state *st, const char *s, const char *end, struct line_out *o)
{
	const char *w;
	uint32_t n;

	memset(o, 0, sizeof(*o));
	skip_spaces(&s, end);
	if (s == end)
		return LINE_SKIP;
	if (*s == ';')
		return header_line(st, s, end);
	/* Files without a bus column are of one bus. */
	o->chan = "1";
	o->chan_len = 1;
	if (st->version >= V_2_0)
		return columns_line(st, s, end, o);
	n = take_word(&s, end, &w);
	if (n < 2 || w[n - 1] != ')' || !is_digit(*w))
		return bad(o, "no line number like 1)");
	return old_line(st, s, end, o);
}
