/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of comma-separated traces. The heading tells whose they are:
 *     ours         time,channel,dir,id,ext,kind,brs,esi,dlc,data
 *     SavvyCAN     Time Stamp,ID,Extended,Dir,Bus,LEN,D1,D2,...       microseconds; Dir is new
 *     python-can   timestamp,arbitration_id,extended,remote,error,dlc,data    base64
 *     CSS          TimestampEpoch;BusChannel;ID;IDE;DLC;DataLength;Dir;EDL;BRS;DataBytes
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "sim/trace/line.h"

/* Most columns that a line may have: a field per byte of an FD frame, and those in front. */
#define FIELDS_MAX 80u

enum csv_column {
	COL_TIME,
	COL_ID,
	COL_EXT,
	COL_CHANNEL,
	COL_DIR,
	COL_KIND,
	COL_REMOTE,
	COL_ERROR,
	COL_FD,
	COL_BRS,
	COL_ESI,
	COL_DLC,
	COL_LEN,
	COL_DATA, /* all bytes in one field */
	COL_D1, /* the first of a field per byte */
	COL_COUNT
};

struct field {
	const char *s;
	uint32_t n;
};

static enum line_kind bad(struct line_out *o, const char *why)
{
	o->why = why;
	return LINE_BAD;
}

const char *csv_dialect_name(enum csv_dialect d)
{
	static const char *const names[] = { "CSV", "CSV", "GVRET CSV (SavvyCAN)", "python-can CSV",
		"CSS CSV" };

	return names[d];
}

static uint32_t split(const char *s, const char *end, char sep, struct field *f)
{
	uint32_t n = 0;

	while (n < FIELDS_MAX) {
		const char *z = memchr(s, sep, (size_t)(end - s));
		const char *to = z ? z : end;

		while (s < to && *s == ' ')
			s++;
		f[n] = (struct field){ .s = s, .n = (uint32_t)(to - s) };
		while (f[n].n && f[n].s[f[n].n - 1] == ' ')
			f[n].n--;
		n++;
		if (!z)
			break;
		s = z + 1;
	}
	return n;
}

static enum line_kind heading(
	struct csv_state *st, const char *s, const char *end, struct line_out *o)
{
	static const struct {
		const char *name;
		enum csv_column col;
	} names[] = { { "time", COL_TIME }, { "time stamp", COL_TIME }, { "timestamp", COL_TIME },
		{ "timestampepoch", COL_TIME }, { "id", COL_ID }, { "arbitration_id", COL_ID },
		{ "ext", COL_EXT }, { "extended", COL_EXT }, { "ide", COL_EXT },
		{ "bus", COL_CHANNEL }, { "channel", COL_CHANNEL }, { "buschannel", COL_CHANNEL },
		{ "dir", COL_DIR }, { "kind", COL_KIND }, { "remote", COL_REMOTE },
		{ "error", COL_ERROR }, { "edl", COL_FD }, { "brs", COL_BRS }, { "esi", COL_ESI },
		{ "dlc", COL_DLC }, { "len", COL_LEN }, { "datalength", COL_LEN },
		{ "data", COL_DATA }, { "databytes", COL_DATA }, { "d1", COL_D1 } };
	struct field f[FIELDS_MAX];
	uint32_t n;

	if (end - s >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0)
		s += 3;
	memset(st->col, -1, sizeof(st->col));
	st->sep = memchr(s, ';', (size_t)(end - s)) ? ';' : ',';
	n = split(s, end, st->sep, f);
	for (uint32_t i = 0; i < n; i++) {
		for (uint32_t k = 0; k < ARRAY_SIZE(names); k++) {
			if (word_is(f[i].s, f[i].n, names[k].name))
				st->col[names[k].col] = (int8_t)i;
		}
	}
	if (st->col[COL_TIME] < 0 || st->col[COL_ID] < 0 ||
		(st->col[COL_DATA] < 0 && st->col[COL_D1] < 0))
		return bad(o, "no heading of a CSV trace that is known");
	if (word_is(f[0].s, f[0].n, "time stamp"))
		st->dialect = CSV_GVRET;
	else if (word_is(f[0].s, f[0].n, "timestampepoch"))
		st->dialect = CSV_CSS;
	else if (word_is(f[0].s, f[0].n, "timestamp"))
		st->dialect = CSV_PYTHON_CAN;
	else
		st->dialect = CSV_OURS;
	return LINE_SKIP;
}

/* "1", "true": yes. */
static bool is_yes(struct field f)
{
	return f.n && (f.s[0] == '1' || word_is(f.s, f.n, "true"));
}

static bool take_hex_data(struct field f, struct line_out *o, uint32_t *len)
{
	const char *s = f.s, *end = f.s + f.n;
	uint32_t n = 0;

	while (s < end) {
		if (n == CANFD_MAX_DLEN || !take_byte(&s, end, &o->f.data[n]))
			return false;
		n++;
	}
	*len = n;
	return true;
}

static uint32_t base64_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (uint32_t)(c - 'A');
	if (c >= 'a' && c <= 'z')
		return (uint32_t)(c - 'a') + 26;
	if (c >= '0' && c <= '9')
		return (uint32_t)(c - '0') + 52;
	return c == '+' ? 62 : c == '/' ? 63 : 64;
}

static bool take_base64(struct field f, struct line_out *o, uint32_t *len)
{
	uint32_t n = 0, bits = 0, acc = 0;

	for (uint32_t i = 0; i < f.n && f.s[i] != '='; i++) {
		uint32_t v = base64_of(f.s[i]);

		if (v > 63)
			return false;
		acc = acc << 6 | v;
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		if (n == CANFD_MAX_DLEN)
			return false;
		o->f.data[n++] = (uint8_t)(acc >> bits);
	}
	*len = n;
	return true;
}

/* A field per byte. */
static bool take_fields(const struct field *f, uint32_t n, struct line_out *o, uint32_t len)
{
	if (len > CANFD_MAX_DLEN || len > n)
		return false;
	for (uint32_t i = 0; i < len; i++) {
		uint32_t v;

		if (f[i].n > 2 || !word_number(f[i].s, f[i].n, false, &v))
			return false;
		o->f.data[i] = (uint8_t)v;
	}
	return true;
}

static bool take_time(const struct csv_state *st, struct field f, struct line_out *o)
{
	const char *p = f.s, *end = f.s + f.n;
	uint64_t us = 0;

	o->has_time = true;
	if (st->dialect != CSV_GVRET) {
		uint32_t digits;
		bool ok = take_seconds(&p, end, &o->t_ns, &digits) && p == end;

		o->short_time = digits < 9;
		return ok;
	}
	for (; p < end && is_digit(*p) && p - f.s < 16; p++)
		us = us * 10 + (uint64_t)(*p - '0');
	o->t_ns = us * NS_PER_US;
	o->short_time = us < UINT64_C(100000000) * 1000000;
	return p == end && p > f.s;
}

static bool take_id(struct field f, bool ext, struct line_out *o)
{
	uint32_t id;

	if (f.n > 2 && f.s[0] == '0' && (f.s[1] == 'x' || f.s[1] == 'X')) {
		f.s += 2;
		f.n -= 2;
	}
	if (!word_number(f.s, f.n, false, &id) || id > (ext ? CAN_EFF_MASK : CAN_SFF_MASK))
		return false;
	o->f.can_id = id | (ext ? CAN_EFF_FLAG : 0);
	return true;
}

/* The frame's kind, from whichever columns there are. */
static void take_kind(
	const struct csv_state *st, const struct field *f, bool *fd, bool *remote, bool *error)
{
	const int8_t *col = st->col;
	struct field kind = col[COL_KIND] >= 0 ? f[col[COL_KIND]] : (struct field){ .n = 0 };

	*fd = word_is(kind.s, kind.n, "fd") || (col[COL_FD] >= 0 && is_yes(f[col[COL_FD]]));
	*remote = word_is(kind.s, kind.n, "remote") ||
		  (col[COL_REMOTE] >= 0 && is_yes(f[col[COL_REMOTE]]));
	*error = word_is(kind.s, kind.n, "error") ||
		 (col[COL_ERROR] >= 0 && is_yes(f[col[COL_ERROR]]));
}

static void take_dir(const struct csv_state *st, struct field f, struct line_out *o)
{
	if (word_is(f.s, f.n, "rx") || (st->dialect == CSV_CSS && f.n && f.s[0] == '0'))
		o->flags |= TRACE_DIR_RX;
	else if (word_is(f.s, f.n, "tx") || (st->dialect == CSV_CSS && is_yes(f)))
		o->flags |= TRACE_DIR_TX;
}

/* Length and data; *dlc is what the line says of it. */
static enum line_kind take_payload(const struct csv_state *st, const struct field *f, uint32_t n,
	struct line_out *o, uint32_t *len, uint32_t *dlc)
{
	const int8_t *col = st->col;
	uint32_t said = UINT32_MAX;

	if (col[COL_DLC] >= 0 && !word_number(f[col[COL_DLC]].s, f[col[COL_DLC]].n, true, dlc))
		return bad(o, "no data length code");
	if (col[COL_LEN] >= 0 && !word_number(f[col[COL_LEN]].s, f[col[COL_LEN]].n, true, &said))
		return bad(o, "no data length");
	if (col[COL_D1] >= 0) {
		*len = said != UINT32_MAX ? said : *dlc;
		if (!take_fields(f + col[COL_D1], n - (uint32_t)(uint8_t)col[COL_D1], o, *len))
			return bad(o, "fewer data bytes than the length says");
	} else if (st->dialect == CSV_PYTHON_CAN ? !take_base64(f[col[COL_DATA]], o, len)
						 : !take_hex_data(f[col[COL_DATA]], o, len)) {
		return bad(o, "data: over 64 bytes, or half a byte");
	}
	if (said != UINT32_MAX && said != *len)
		return bad(o, "another number of data bytes than the length says");
	return LINE_FRAME;
}

static enum line_kind finish(
	struct line_out *o, bool fd, bool remote, uint32_t len, uint32_t dlc, bool brs, bool esi)
{
	if (fd || len > CAN_MAX_DLEN) {
		o->f.len = line_fd_len(len);
		o->f.flags = (uint8_t)(CANFD_FDF | (brs ? CANFD_BRS : 0) | (esi ? CANFD_ESI : 0));
		return LINE_FRAME;
	}
	if (remote) {
		memset(o->f.data, 0, sizeof(o->f.data));
		o->f.can_id |= CAN_RTR_FLAG;
		len = dlc != UINT32_MAX ? MIN(dlc, CAN_MAX_DLEN) : len;
	}
	o->f.len = (uint8_t)len;
	if (len == CAN_MAX_DLEN && dlc > CAN_MAX_DLEN && dlc <= CAN_MAX_RAW_DLC)
		o->f.__res1 = (uint8_t)dlc;
	return LINE_FRAME;
}

enum line_kind csv_line(struct csv_state *st, const char *s, const char *end, struct line_out *o)
{
	struct field f[FIELDS_MAX];
	uint32_t n, len = 0, dlc = UINT32_MAX;
	bool fd, remote, error, ext;
	const int8_t *col = st->col;

	memset(o, 0, sizeof(*o));
	if (s == end || *s == '#')
		return LINE_SKIP;
	if (st->dialect == CSV_UNKNOWN)
		return heading(st, s, end, o);
	n = split(s, end, st->sep, f);
	for (uint32_t i = 0; i < COL_COUNT; i++) {
		if (col[i] >= (int8_t)n)
			return bad(o, "fewer columns than the heading says");
	}
	if (!take_time(st, f[col[COL_TIME]], o))
		return bad(o, "no time stamp in the first column");
	o->chan = "1";
	o->chan_len = 1;
	if (col[COL_CHANNEL] >= 0 && f[col[COL_CHANNEL]].n) {
		o->chan = f[col[COL_CHANNEL]].s;
		o->chan_len = f[col[COL_CHANNEL]].n;
	}
	take_kind(st, f, &fd, &remote, &error);
	/* Without such a column, long identifiers are those of 29 bits. */
	ext = col[COL_EXT] >= 0 ? is_yes(f[col[COL_EXT]])
				: f[col[COL_ID]].n > (f[col[COL_ID]].s[0] == '0' ? 5u : 3u);
	if (!take_id(f[col[COL_ID]], ext || error, o))
		return bad(o, "the identifier is none");
	if (error)
		o->f.can_id = CAN_ERR_FLAG | (o->f.can_id & CAN_ERR_MASK);
	if (col[COL_DIR] >= 0)
		take_dir(st, f[col[COL_DIR]], o);
	if (take_payload(st, f, n, o, &len, &dlc) == LINE_BAD)
		return LINE_BAD;
	if (error) {
		if (len > CAN_MAX_DLEN)
			return bad(o, "an error frame has at most 8 bytes");
		if (!(o->f.can_id & CAN_ERR_MASK))
			o->f.can_id |= 0x80; /* CAN_ERR_BUSERROR */
		o->f.len = CAN_MAX_DLEN;
		return LINE_FRAME;
	}
	return finish(o, fd, remote, len, dlc, col[COL_BRS] >= 0 && is_yes(f[col[COL_BRS]]),
		col[COL_ESI] >= 0 && is_yes(f[col[COL_ESI]]));
}
