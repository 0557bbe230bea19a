/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of candump: log files `(1436509052.249713) can0 123#1122`, console output
 * `(000.000000)  can0  123   [2]  11 22` in all its time-stamp forms, and the output of very old
 * versions, `<0x18eeff01> [8] 05 a0 ...`.
 */
#include <stddef.h>
#include <string.h>

#include "base/clock.h"
#include "sim/trace/line.h"
#include "sim/trace/when.h"

static enum line_kind bad(struct line_out *o, const char *why)
{
	o->why = why;
	return LINE_BAD;
}

static bool take_fixed(const char **s, const char *end, uint32_t digits, char after, uint32_t *out)
{
	uint32_t v = 0;

	if (end - *s <= (ptrdiff_t)digits)
		return false;
	for (uint32_t i = 0; i < digits; i++) {
		if (!is_digit((*s)[i]))
			return false;
		v = v * 10 + (uint32_t)((*s)[i] - '0');
	}
	if ((*s)[digits] != after)
		return false;
	*s += digits + 1;
	*out = v;
	return true;
}

/* `2009-11-18 12:34:56.123456`: local time without a zone; read as UTC. */
static bool take_date(const char **s, const char *end, uint64_t *ns)
{
	struct when w = { .year = 0 };
	uint64_t sec;

	if (!take_fixed(s, end, 4, '-', &w.year) || !take_fixed(s, end, 2, '-', &w.month) ||
		!take_fixed(s, end, 2, ' ', &w.day) || !take_fixed(s, end, 2, ':', &w.hour) ||
		!take_fixed(s, end, 2, ':', &w.minute) || !take_seconds(s, end, &sec, NULL) ||
		sec >= 61 * NS_PER_S)
		return false;
	w.second = (uint32_t)(sec / NS_PER_S);
	w.ns = (uint32_t)(sec % NS_PER_S);
	return when_ns(&w, ns);
}

/* The stamp in parentheses. */
static bool take_stamp(const char **s, const char *end, struct line_out *o)
{
	uint32_t digits = 0;
	const char *p = *s + 1;
	bool ok;

	if (end - p > 4 && p[4] == '-')
		ok = take_date(&p, end, &o->t_ns);
	else
		ok = take_seconds(&p, end, &o->t_ns, &digits);
	if (!ok || p == end || *p != ')')
		return false;
	o->has_time = true;
	o->short_time = digits > 0 && digits < 9;
	*s = p + 1;
	return true;
}

/* Three digits are 11 bits, eight are 29 bits or an error frame. */
static bool set_id(struct line_out *o, uint32_t id, uint32_t digits)
{
	if (digits == 3) {
		o->f.can_id = id;
		return id <= CAN_SFF_MASK;
	}
	if (digits != 8)
		return false;
	if (id & CAN_ERR_FLAG) {
		o->f.can_id = id & (CAN_ERR_FLAG | CAN_ERR_MASK);
		return true;
	}
	/* Some writers leave SocketCAN's own flag in. */
	o->f.can_id = id | CAN_EFF_FLAG;
	return (id & ~CAN_EFF_FLAG) <= CAN_EFF_MASK;
}

static uint32_t take_hex(const char **s, const char *end, uint32_t *v)
{
	uint32_t n = 0;

	*v = 0;
	for (; *s < end && hex_of(**s) < 16 && n < 9; n++)
		*v = *v << 4 | hex_of(*(*s)++);
	return n;
}

/* `_D`: the raw DLC of a classic frame of 8 bytes. */
static void take_raw_dlc(const char **s, const char *end, struct line_out *o)
{
	uint32_t dlc;

	if (end - *s < 2 || **s != '_')
		return;
	dlc = hex_of((*s)[1]);
	if (dlc > CAN_MAX_DLEN && dlc <= CAN_MAX_RAW_DLC && o->f.len == CAN_MAX_DLEN)
		o->f.__res1 = (uint8_t)dlc;
	*s += 2;
}

/* Byte pairs, perhaps with points between them. */
static bool take_data(const char **s, const char *end, struct line_out *o, uint32_t max)
{
	uint32_t n = 0;

	while (*s < end && (hex_of(**s) < 16 || **s == '.')) {
		if (**s == '.') {
			(*s)++;
			continue;
		}
		if (n == max || !take_byte(s, end, &o->f.data[n]))
			return false;
		n++;
	}
	o->f.len = (uint8_t)n;
	return true;
}

/* What follows `123#` in a log file. */
static enum line_kind log_payload(const char *s, const char *end, struct line_out *o)
{
	o->f.flags = 0;
	if (s < end && *s == '#') {
		s++;
		if (s == end || hex_of(*s) > 15)
			return bad(o, "no FD flags after '##'");
		o->f.flags = (uint8_t)((hex_of(*s++) & (CANFD_BRS | CANFD_ESI)) | CANFD_FDF);
		if (o->f.can_id & CAN_ERR_FLAG)
			return bad(o, "an FD frame cannot be an error frame");
		if (!take_data(&s, end, o, CANFD_MAX_DLEN))
			return bad(o, "FD data: over 64 bytes, or half a byte");
		o->f.len = line_fd_len(o->f.len);
	} else if (s < end && (*s == 'R' || *s == 'r')) {
		if (o->f.can_id & CAN_ERR_FLAG)
			return bad(o, "a remote frame cannot be an error frame");
		o->f.can_id |= CAN_RTR_FLAG;
		s++;
		if (s < end && is_digit(*s)) {
			if (*s > '8')
				return bad(o, "a remote frame's length is above 8");
			o->f.len = (uint8_t)(*s++ - '0');
		}
		take_raw_dlc(&s, end, o);
	} else {
		if (!take_data(&s, end, o, CAN_MAX_DLEN))
			return bad(o, "data: over 8 bytes, or half a byte");
		take_raw_dlc(&s, end, o);
	}
	if (s < end && *s != ' ' && *s != '\t')
		return bad(o, "unexpected text in the data");
	skip_spaces(&s, end);
	if (s < end) {
		if (*s != 'R' && *s != 'T')
			return bad(o, "unexpected text after the data");
		o->flags |= *s == 'R' ? TRACE_DIR_RX : TRACE_DIR_TX;
	}
	return LINE_FRAME;
}

/* `[8]` is classic, `[08]` is FD, `{d}` is classic with a raw DLC. */
static bool take_length(const char **s, const char *end, struct line_out *o)
{
	const char *p = *s;
	uint32_t len;

	if (end - p < 3)
		return false;
	if (p[0] == '{' && p[2] == '}') {
		len = hex_of(p[1]);
		if (len <= CAN_MAX_DLEN || len > CAN_MAX_RAW_DLC)
			return false;
		o->f.len = CAN_MAX_DLEN;
		o->f.__res1 = (uint8_t)len;
		*s += 3;
		return true;
	}
	if (p[0] != '[' || !is_digit(p[1]))
		return false;
	len = (uint32_t)(p[1] - '0');
	if (p[2] == ']') {
		*s += 3;
		o->f.len = (uint8_t)len;
		return len <= CAN_MAX_DLEN;
	}
	if (end - p < 4 || !is_digit(p[2]) || p[3] != ']')
		return false;
	len = len * 10 + (uint32_t)(p[2] - '0');
	*s += 4;
	o->f.flags |= CANFD_FDF;
	o->f.len = (uint8_t)len;
	return len <= CANFD_MAX_DLEN && line_fd_len(len) == len;
}

/* What follows the identifier on the console. */
static enum line_kind console_payload(const char *s, const char *end, struct line_out *o)
{
	skip_spaces(&s, end);
	if (!take_length(&s, end, o))
		return bad(o, "no length like [8] after the identifier");
	if (!(o->f.flags & CANFD_FDF))
		o->f.flags = 0;
	else if (o->f.can_id & CAN_ERR_FLAG)
		return bad(o, "an FD frame cannot be an error frame");
	skip_spaces(&s, end);
	if (end - s >= 6 && memcmp(s, "remote", 6) == 0) {
		if (o->f.flags & CANFD_FDF || o->f.can_id & CAN_ERR_FLAG)
			return bad(o, "an FD or error frame cannot be remote");
		o->f.can_id |= CAN_RTR_FLAG;
		return LINE_FRAME;
	}
	for (uint32_t i = 0; i < o->f.len; i++) {
		skip_spaces(&s, end);
		if (!take_byte(&s, end, &o->f.data[i]) || (s < end && *s != ' ' && *s != '\t'))
			return bad(o, "fewer data bytes than the length says");
	}
	return LINE_FRAME;
}

/* `<0x18eeff01> [8] 05 a0 ...` */
static enum line_kind old_line(const char *s, const char *end, struct line_out *o)
{
	uint32_t id, digits;

	if (end - s < 4 || s[1] != '0' || s[2] != 'x')
		return bad(o, "no identifier after '<'");
	s += 3;
	digits = take_hex(&s, end, &id);
	if (s == end || *s != '>' || !set_id(o, id, digits))
		return bad(o, "an identifier has 3 or 8 digits");
	o->chan = "can0";
	o->chan_len = 4;
	return console_payload(s + 1, end, o);
}

/* `RX - -` or `TX B E` between interface and identifier (candump -x). */
static bool take_extra(const char **s, const char *end, struct line_out *o)
{
	const char *p = *s, *w;

	if (end - p < 3 || (p[0] != 'R' && p[0] != 'T') || p[1] != 'X' || p[2] != ' ')
		return true;
	o->flags |= p[0] == 'R' ? TRACE_DIR_RX : TRACE_DIR_TX;
	p += 2;
	for (uint32_t i = 0; i < 2; i++) {
		if (take_word(&p, end, &w) != 1)
			return false;
		if (*w == 'B')
			o->f.flags |= CANFD_BRS;
		else if (*w == 'E')
			o->f.flags |= CANFD_ESI;
		else if (*w != '-')
			return false;
	}
	skip_spaces(&p, end);
	*s = p;
	return true;
}

enum line_kind candump_line(const char *s, const char *end, struct line_out *o)
{
	uint32_t id, digits;

	memset(o, 0, sizeof(*o));
	/* A line that is indented by a tab explains the error frame above it (candump -e). */
	if (s == end || *s == '\t')
		return LINE_SKIP;
	skip_spaces(&s, end);
	if (s == end || *s == '#')
		return LINE_SKIP;
	if (*s == '<')
		return old_line(s, end, o);
	if (*s == '(' && !take_stamp(&s, end, o))
		return bad(o, "no time stamp like (1436509052.249713)");
	o->chan_len = take_word(&s, end, &o->chan);
	/* What old versions print about their socket. */
	if (word_is(o->chan, o->chan_len, "interface") && end - s > 2 && s[1] == '=')
		return LINE_SKIP;
	skip_spaces(&s, end);
	if (o->chan_len == 0 || s == end)
		return bad(o, "no interface and identifier");
	if (!take_extra(&s, end, o))
		return bad(o, "no flags after RX or TX");
	digits = take_hex(&s, end, &id);
	if (!set_id(o, id, digits))
		return bad(o, digits == 3 ? "an identifier above 7FF has 8 digits"
					  : "an identifier has 3 or 8 digits");
	if (s < end && *s == '#')
		return log_payload(s + 1, end, o);
	if (s == end || (*s != ' ' && *s != '\t'))
		return bad(o, "unexpected text after the identifier");
	return console_payload(s, end, o);
}
