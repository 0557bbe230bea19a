/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of CRTD files (OVMS, SavvyCAN): seconds, kind, identifier, bytes.
 *     166.064000 R11 0000021A FE 36 12 FE
 *     166.064001 1T29 18FEF100 00 01
 * A digit in front of the kind is the bus. Kinds that begin with C or E are comments and events.
 */
#include <string.h>

#include "sim/trace/line.h"

static enum line_kind bad(struct line_out *o, const char *why)
{
	o->why = why;
	return LINE_BAD;
}

enum line_kind crtd_line(const char *s, const char *end, struct line_out *o)
{
	uint32_t n, id, digits;
	const char *w;
	bool ext;

	memset(o, 0, sizeof(*o));
	skip_spaces(&s, end);
	if (s == end)
		return LINE_SKIP;
	if (!take_seconds(&s, end, &o->t_ns, &digits))
		return bad(o, "no time stamp at the start");
	o->has_time = true;
	o->short_time = digits < 9;
	n = take_word(&s, end, &w);
	o->chan = "1";
	o->chan_len = 1;
	if (n && is_digit(*w)) {
		o->chan = w++;
		n--;
	}
	if (n == 0 || *w == 'C' || *w == 'E')
		return n ? LINE_SKIP : bad(o, "no kind of record");
	if (n != 3 || (*w != 'R' && *w != 'T') ||
		(memcmp(w + 1, "11", 2) != 0 && memcmp(w + 1, "29", 2) != 0))
		return bad(o, "no kind of record: R11, R29, T11, T29, C.., E..");
	o->flags |= *w == 'R' ? TRACE_DIR_RX : TRACE_DIR_TX;
	ext = w[1] == '2';
	n = take_word(&s, end, &w);
	if (!word_number(w, n, false, &id) || id > (ext ? CAN_EFF_MASK : CAN_SFF_MASK))
		return bad(o, "the identifier is none");
	o->f.can_id = id | (ext ? CAN_EFF_FLAG : 0);
	while ((n = take_word(&s, end, &w)) != 0) {
		uint32_t v;

		if (n != 2 || !word_number(w, n, false, &v))
			return bad(o, "a data byte has two digits");
		if (o->f.len == CAN_MAX_DLEN)
			return bad(o, "a frame has at most 8 bytes");
		o->f.data[o->f.len++] = (uint8_t)v;
	}
	return LINE_FRAME;
}
