/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of Vector ASC files, as CANoe/CANalyzer, log2asc and python-can write them:
 *     0.019968 1  64x   Rx   d 4 64 00 00 00  Length = 0 BitCount = 0 ID = 100x
 *     0.001000 CANFD   2 Rx   200   Name   0 1 8  8 26 02 ... 130000  130  5000 0 0 0 0 0
 * Everything else that bears a time stamp (statistics, status, other buses) is skipped.
 */
#include <string.h>

#include "base/clock.h"
#include "sim/trace/line.h"
#include "sim/trace/when.h"

/* Bits of the flags column of a CANFD line. */
#define ASC_FD_RTR 0x10u
#define ASC_FD_FDF 0x1000u

static enum line_kind bad(struct line_out *o, const char *why)
{
	o->why = why;
	return LINE_BAD;
}

/* `date Sat Sep 30 10:06:13.191 pm 2017`: the names may be German, the milliseconds missing. */
static void take_date(struct asc_state *st, const char *s, const char *end)
{
	struct when w = { .day = 0 };
	const char *word, *p;
	uint64_t sec = 0;
	uint32_t n, v;

	while ((n = take_word(&s, end, &word)) != 0) {
		p = word;
		if (word_is(word, n, "pm") && w.hour < 12) {
			w.hour += 12;
		} else if (word_is(word, n, "am") && w.hour == 12) {
			w.hour = 0;
		} else if (memchr(word, ':', n)) {
			w.hour = w.minute = 0;
			while (p < word + n && is_digit(*p))
				w.hour = w.hour * 10 + (uint32_t)(*p++ - '0');
			for (p++; p < word + n && is_digit(*p); p++)
				w.minute = w.minute * 10 + (uint32_t)(*p - '0');
			if (p < word + n)
				p++;
			if (!take_seconds(&p, word + n, &sec, NULL) || sec >= 61 * NS_PER_S)
				return;
		} else if (word_number(word, n, true, &v)) {
			/* The day is one or two digits, the year four. */
			if (n <= 2)
				w.day = v;
			else
				w.year = v;
		} else if (!w.month) {
			w.month = when_month(word, n);
		}
	}
	w.second = (uint32_t)(sec / NS_PER_S);
	w.ns = (uint32_t)(sec % NS_PER_S);
	st->has_date = when_ns(&w, &st->date_ns);
}

/* Lines without a time stamp: the header, comments, trigger blocks. */
static enum line_kind header_line(
	struct asc_state *st, const char *s, const char *end, struct line_out *o)
{
	static const char *const known[] = { "date", "internal", "no", "begin", "end", "previous",
		"measurement" };
	const char *w;
	uint32_t n = take_word(&s, end, &w);

	if (n >= 2 && w[0] == '/' && w[1] == '/')
		return LINE_SKIP;
	if (word_is(w, n, "date"))
		take_date(st, s, end);
	if (word_is(w, n, "base")) {
		n = take_word(&s, end, &w);
		if (!word_is(w, n, "hex") && !word_is(w, n, "dec"))
			return bad(o, "base is neither hex nor dec");
		st->dec = word_is(w, n, "dec");
		n = take_word(&s, end, &w);
		if (word_is(w, n, "timestamps")) {
			n = take_word(&s, end, &w);
			st->relative = word_is(w, n, "relative");
		}
		return LINE_SKIP;
	}
	for (uint32_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (word_is(w, n, known[i]))
			return LINE_SKIP;
	}
	return bad(o, "neither a header line nor a time stamp");
}

/* An identifier, with x at its end when it has 29 bits. */
static bool set_id(struct line_out *o, const char *w, uint32_t n, bool dec)
{
	bool eff = n > 1 && (w[n - 1] == 'x' || w[n - 1] == 'X');
	uint32_t id;

	if (!word_number(w, eff ? n - 1 : n, dec, &id))
		return false;
	if (id > (eff ? CAN_EFF_MASK : CAN_SFF_MASK))
		return false;
	o->f.can_id = id | (eff ? CAN_EFF_FLAG : 0);
	return true;
}

/* Logs with names of messages in place of identifiers have these at the end: `ID = 418119424x`,
 * always decimal. */
static bool set_id_behind(struct line_out *o, const char *s, const char *end)
{
	const char *w;
	uint32_t n;

	while ((n = take_word(&s, end, &w)) != 0) {
		if (!word_is(w, n, "id"))
			continue;
		n = take_word(&s, end, &w);
		if (n != 1 || *w != '=')
			return false;
		n = take_word(&s, end, &w);
		return set_id(o, w, n, true);
	}
	return false;
}

enum direction { DIR_NONE, DIR_BUS, DIR_REQUEST };

/* Rx and Tx were on the bus; TxRq was only asked for. */
static enum direction take_direction(const char **s, const char *end, struct line_out *o)
{
	const char *w;
	uint32_t n = take_word(s, end, &w);

	if (word_is(w, n, "rx"))
		o->flags |= TRACE_DIR_RX;
	else if (word_is(w, n, "tx"))
		o->flags |= TRACE_DIR_TX;
	else
		return word_is(w, n, "txrq") ? DIR_REQUEST : DIR_NONE;
	return DIR_BUS;
}

static bool take_bytes(
	const char **s, const char *end, struct line_out *o, uint32_t count, bool dec)
{
	for (uint32_t i = 0; i < count; i++) {
		const char *w;
		uint32_t n = take_word(s, end, &w), v;

		if (n == 0 || n > 3 || !word_number(w, n, dec, &v) || v > 255)
			return false;
		o->f.data[i] = (uint8_t)v;
	}
	return true;
}

static enum line_kind error_frame(struct line_out *o)
{
	/* What it was is written in many ways; that it was is what all have in common. */
	memset(&o->f, 0, sizeof(o->f));
	o->f.can_id = CAN_ERR_FLAG | 0x80; /* CAN_ERR_BUSERROR */
	o->f.len = CAN_MAX_DLEN;
	return LINE_FRAME;
}

/* A classic frame's length from its DLC: 8 bytes for 9..15, which is kept. */
static void set_dlc(struct line_out *o, uint32_t dlc)
{
	o->f.len = (uint8_t)MIN(dlc, CAN_MAX_DLEN);
	o->f.__res1 = (uint8_t)(dlc > CAN_MAX_DLEN ? dlc : 0);
}

/* As many data bytes as there are; text behind them ("Length = ...") ends them. */
static uint32_t take_all_bytes(const char *s, const char *end, struct line_out *o, bool dec)
{
	uint32_t n = 0, v;
	const char *w;

	while (n < CANFD_MAX_DLEN) {
		uint32_t len = take_word(&s, end, &w);

		if (len > 3 || (!dec && len != 2) || !word_number(w, len, dec, &v) || v > 255)
			break;
		o->f.data[n++] = (uint8_t)v;
	}
	return n;
}

/*
 * Length code and data after `d`. The code is one hexadecimal digit; where more than 8 bytes
 * follow, some writers mean an FD frame and put its code or its length there, in either base.
 */
static enum line_kind data_columns(
	struct asc_state *st, const char *s, const char *end, struct line_out *o)
{
	uint32_t hex, dec = UINT32_MAX, bytes, n;
	const char *w;

	n = take_word(&s, end, &w);
	if (n > 2 || !word_number(w, n, false, &hex))
		return bad(o, "no data length code");
	(void)word_number(w, n, true, &dec);
	bytes = take_all_bytes(s, end, o, st->dec);
	if (bytes > CAN_MAX_DLEN && hex > CAN_MAX_DLEN) {
		/* Of text behind the data that looks like bytes, none is taken. */
		uint32_t want = n == 1                                    ? line_fd_len_of_code(hex)
				: dec <= CAN_MAX_RAW_DLC                  ? line_fd_len_of_code(dec)
				: line_fd_len(hex) == hex && hex <= bytes ? hex
									  : dec;

		if (want > bytes || line_fd_len(want) != want)
			return bad(o, "fewer data bytes than the length says");
		memset(o->f.data + want, 0, sizeof(o->f.data) - want);
		o->f.len = (uint8_t)want;
		o->f.flags = CANFD_FDF;
		return LINE_FRAME;
	}
	if (n == 2)
		hex = dec;
	if (hex > CAN_MAX_RAW_DLC)
		return bad(o, "no data length code");
	set_dlc(o, hex);
	if (bytes < o->f.len)
		return bad(o, "fewer data bytes than the length says");
	memset(o->f.data + o->f.len, 0, sizeof(o->f.data) - o->f.len);
	return LINE_FRAME;
}

/* After the channel of a classic line. */
static enum line_kind classic_line(
	struct asc_state *st, const char *s, const char *end, struct line_out *o)
{
	const char *w, *id;
	uint32_t n, id_len, dlc = 0;
	bool id_ok;

	id_len = take_word(&s, end, &id);
	if (word_is(id, id_len, "errorframe"))
		return error_frame(o);
	id_ok = set_id(o, id, id_len, st->dec);
	switch (take_direction(&s, end, o)) {
	case DIR_REQUEST:
		return LINE_SKIP;
	case DIR_NONE:
		/* Statistics, J1939 transport, overload frames ... */
		return id_ok ? bad(o, "no direction (Rx, Tx) after the identifier") : LINE_SKIP;
	case DIR_BUS:
		break;
	}
	if (!id_ok && !set_id_behind(o, s, end))
		return bad(o, "the identifier is a name or out of range");
	n = take_word(&s, end, &w);
	if (n == 1 && (*w == 'r' || *w == 'R')) {
		const char *dlc_at;

		o->f.can_id |= CAN_RTR_FLAG;
		n = take_word(&s, end, &dlc_at);
		/* The length is left out by some. */
		if (!word_number(dlc_at, n, false, &dlc) || dlc > CAN_MAX_RAW_DLC)
			dlc = 0;
		set_dlc(o, dlc);
		return LINE_FRAME;
	}
	if (n != 1 || (*w != 'd' && *w != 'D'))
		return bad(o, "neither d (data) nor r (remote) after the direction");
	return data_columns(st, s, end, o);
}

/* The columns behind the data of a CANFD line: duration, length in bits, flags. */
static bool take_fd_flags(const char **s, const char *end, uint32_t *flags)
{
	const char *w;
	uint32_t n = 0;

	for (uint32_t i = 0; i < 3; i++)
		n = take_word(s, end, &w);
	return word_number(w, n, false, flags);
}

/* After the word CANFD. */
static enum line_kind fd_line(
	struct asc_state *st, const char *s, const char *end, struct line_out *o)
{
	uint32_t n, brs, esi, dlc, len, flags;
	enum direction dir;
	const char *w;

	o->chan_len = take_word(&s, end, &o->chan);
	dir = take_direction(&s, end, o);
	if (!o->chan_len || dir == DIR_NONE)
		return bad(o, "no channel and direction after CANFD");
	if (dir == DIR_REQUEST)
		return LINE_SKIP;
	n = take_word(&s, end, &w);
	if (word_is(w, n, "errorframe"))
		return error_frame(o);
	if (!set_id(o, w, n, st->dec))
		return bad(o, "the identifier is a name or out of range");
	n = take_word(&s, end, &w);
	/* A name of the message may stand in between. */
	if (!word_number(w, n, false, &brs) || brs > 1)
		n = take_word(&s, end, &w);
	if (!word_number(w, n, false, &brs) || brs > 1)
		return bad(o, "no BRS column (0 or 1)");
	n = take_word(&s, end, &w);
	if (!word_number(w, n, false, &esi) || esi > 1)
		return bad(o, "no ESI column (0 or 1)");
	n = take_word(&s, end, &w);
	if (!word_number(w, n, false, &dlc) || dlc > CAN_MAX_RAW_DLC)
		return bad(o, "no data length code");
	n = take_word(&s, end, &w);
	if (!word_number(w, n, true, &len) || len > CANFD_MAX_DLEN)
		return bad(o, "no data length up to 64");
	if (!take_bytes(&s, end, o, len, st->dec))
		return bad(o, "fewer data bytes than the length says");
	if (len <= CAN_MAX_DLEN && take_fd_flags(&s, end, &flags) && !(flags & ASC_FD_FDF)) {
		/* A classic frame that is logged on an FD channel. */
		if (flags & ASC_FD_RTR) {
			o->f.can_id |= CAN_RTR_FLAG;
			memset(o->f.data, 0, sizeof(o->f.data));
		}
		set_dlc(o, dlc);
		if (o->f.len != len && !(flags & ASC_FD_RTR))
			set_dlc(o, len);
		return LINE_FRAME;
	}
	o->f.len = line_fd_len(len);
	o->f.flags = (uint8_t)(CANFD_FDF | (brs ? CANFD_BRS : 0) | (esi ? CANFD_ESI : 0));
	return LINE_FRAME;
}

enum line_kind asc_line(struct asc_state *st, const char *s, const char *end, struct line_out *o)
{
	uint32_t channel;

	memset(o, 0, sizeof(*o));
	skip_spaces(&s, end);
	if (s == end)
		return LINE_SKIP;
	if (!is_digit(*s))
		return header_line(st, s, end, o);
	if (!take_seconds(&s, end, &o->t_ns, NULL) || (s < end && *s != ' ' && *s != '\t'))
		return bad(o, "no time stamp at the start");
	o->has_time = true;
	if (st->relative)
		o->t_ns += st->t_ns;
	st->t_ns = o->t_ns;
	o->chan_len = take_word(&s, end, &o->chan);
	if (word_is(o->chan, o->chan_len, "canfd"))
		return fd_line(st, s, end, o);
	/* "Start of measurement", "CAN 1 Status:", other buses' events ... */
	if (!word_number(o->chan, o->chan_len, true, &channel))
		return LINE_SKIP;
	return classic_line(st, s, end, o);
}
