/* SPDX-License-Identifier: Apache-2.0 */
/* Writing the text formats: candump, Vector ASC, PEAK's TRC, our CSV. */
#include <string.h>

#include "base/clock.h"
#include "sim/trace/line.h"
#include "sim/trace/put.h"
#include "sim/trace/record.h"
#include "sim/trace/when.h"
#include "sim/trace/writer_ops.h"

/* Readers take ten digits of seconds; TRC's are milliseconds. */
#define TEXT_MAX_NS (UINT64_C(9999999999) * NS_PER_S)
#define TRC_MAX_NS  (UINT64_C(9999999999) * 1000000)

static char *put_text(char *p, const char *s)
{
	while (*s)
		*p++ = *s++;
	return p;
}

/* Six digits of a fraction are usual; nine where they are needed. */
static char *put_fraction(char *p, uint64_t ns)
{
	ns %= NS_PER_S;
	*p++ = '.';
	return ns % 1000 ? put_decimal(p, ns, 9) : put_decimal(p, ns / 1000, 6);
}

/* The length code; a raw one above 8 where the frame has it. */
static uint32_t code_of(const struct canfd_frame *f)
{
	if (f->flags & CANFD_FDF)
		return line_fd_code(f->len);
	return f->__res1 ? f->__res1 : f->len;
}

static int put_line(struct trace_writer *w, const char *text)
{
	return writer_append(w, text, strlen(text));
}

/* ---- candump ---- */

static int candump_put(struct trace_writer *w, const struct out_frame *o)
{
	const struct canfd_frame *f = o->f;
	char *p;
	int rc = writer_room(w, WRITER_FRAME_BYTES, &p);

	if (rc < 0)
		return rc;
	p += record_format(p, o->t_ns, w->chan[o->chan].name, f);
	if (o->flags & (TRACE_DIR_RX | TRACE_DIR_TX)) {
		p[-1] = ' ';
		*p++ = o->flags & TRACE_DIR_TX ? 'T' : 'R';
		*p++ = '\n';
	}
	writer_wrote(w, p);
	return 0;
}

const struct writer_ops writer_candump = { .max_ns = TEXT_MAX_NS, .put = candump_put };

/* ---- ASC ---- */

/* `Sat Sep 30 10:06:13.191 pm 2017` */
static void asc_date(char out[64], uint64_t ns)
{
	struct when d = when_of(ns);

	(void)snprintf(out, 64, "%s %s %u %02u:%02u:%02u.%03u %s %u", when_day_name(d.weekday),
		when_month_name(d.month), d.day, d.hour % 12 ? d.hour % 12 : 12, d.minute, d.second,
		d.ns / 1000000, d.hour < 12 ? "am" : "pm", d.year);
}

static int asc_begin(struct trace_writer *w)
{
	char date[64], text[320];

	asc_date(date, w->start_ns);
	(void)snprintf(text, sizeof(text),
		"date %s\nbase hex  timestamps absolute\ninternal events logged\n"
		"Begin Triggerblock %s\n   0.000000 Start of measurement\n",
		date, date);
	return put_line(w, text);
}

static char *asc_id(char *p, const struct canfd_frame *f)
{
	char *from = p;
	uint32_t id = f->can_id & CAN_EFF_MASK;
	unsigned int digits = 1;

	while (digits < 8 && id >> (4 * digits))
		digits++;
	p = put_hex(p, id, digits);
	if (f->can_id & CAN_EFF_FLAG)
		*p++ = 'x';
	while (p - from < 15)
		*p++ = ' ';
	return p;
}

/* Behind the flags come columns about the bus's timing, which nobody here knows. */
#define ASC_FD_TAIL "        0        0        0        0        0"

static char *asc_fd(char *p, const struct trace_writer *w, const struct out_frame *o)
{
	const struct canfd_frame *f = o->f;
	uint32_t flags = 0x1000u | (f->flags & CANFD_BRS ? 0x2000u : 0) |
			 (f->flags & CANFD_ESI ? 0x4000u : 0);

	p = put_text(p, "CANFD ");
	p = put_number(p, w->chan[o->chan].number, 3);
	p = put_text(p, o->flags & TRACE_DIR_TX ? " Tx   " : " Rx   ");
	p = asc_id(p, f);
	/* Where the message's name would be. */
	p = put_text(p, "                  ");
	*p++ = f->flags & CANFD_BRS ? '1' : '0';
	*p++ = ' ';
	*p++ = f->flags & CANFD_ESI ? '1' : '0';
	*p++ = ' ';
	*p++ = "0123456789abcdef"[code_of(f)];
	*p++ = ' ';
	p = put_number(p, f->len, 2);
	p = put_bytes(p, f->data, f->len);
	p = put_text(p, "        0    0 ");
	p = put_hex(p, flags, 8);
	return put_text(p, ASC_FD_TAIL);
}

static char *asc_classic(char *p, const struct trace_writer *w, const struct out_frame *o)
{
	const struct canfd_frame *f = o->f;
	bool remote = f->can_id & CAN_RTR_FLAG;

	p = put_number(p, w->chan[o->chan].number, 1);
	*p++ = ' ';
	*p++ = ' ';
	if (f->can_id & CAN_ERR_FLAG)
		return put_text(p, "ErrorFrame");
	p = asc_id(p, f);
	p = put_text(p, o->flags & TRACE_DIR_TX ? " Tx   " : " Rx   ");
	*p++ = remote ? 'r' : 'd';
	*p++ = ' ';
	*p++ = "0123456789abcdef"[code_of(f) & 15];
	return remote ? p : put_bytes(p, f->data, f->len);
}

static int asc_put(struct trace_writer *w, const struct out_frame *o)
{
	char *p;
	int rc = writer_room(w, WRITER_FRAME_BYTES, &p);

	if (rc < 0)
		return rc;
	p = put_number(p, o->t_ns / NS_PER_S, 4);
	p = put_fraction(p, o->t_ns);
	*p++ = ' ';
	p = o->f->flags & CANFD_FDF ? asc_fd(p, w, o) : asc_classic(p, w, o);
	*p++ = '\n';
	writer_wrote(w, p);
	return 0;
}

static int asc_end(struct trace_writer *w)
{
	return put_line(w, "End TriggerBlock\n");
}

const struct writer_ops writer_asc = { .from_start = true,
	.start_tick_ns = 1000000,
	.max_ns = TEXT_MAX_NS,
	.begin = asc_begin,
	.put = asc_put,
	.end = asc_end };

/* ---- TRC ---- */

static int trc_begin(struct trace_writer *w)
{
	uint32_t v = w->cfg.trc_version;
	struct when d = when_of(w->start_ns);
	char text[640];
	uint64_t days = w->start_ns / NS_PER_S / 86400 + 25569;
	/* 13 digits of a day; whole seconds come back exactly. */
	double part = (double)(w->start_ns % (86400 * NS_PER_S)) / (86400.0 * NS_PER_S);
	uint64_t digits = (uint64_t)(part * 1e13 + 0.5);

	(void)snprintf(text, sizeof(text),
		";$FILEVERSION=%u.%u\n;$STARTTIME=%llu.%013llu\n%s;\n"
		";   Start time: %02u.%02u.%u %02u:%02u:%02u.%03u.0\n;   Generated by Dyno\n;%s\n",
		v / 10, v % 10, (unsigned long long)days,
		(unsigned long long)MIN(digits, UINT64_C(9999999999999)),
		v == 21   ? ";$COLUMNS=N,O,T,B,I,d,R,L,D\n"
		: v == 20 ? ";$COLUMNS=N,O,T,I,d,l,D\n"
			  : "",
		d.day, d.month, d.year, d.hour, d.minute, d.second, d.ns / 1000000,
		"-------------------------------------------------------------------------------");
	return put_line(w, text);
}

static char *trc_stamp(char *p, const struct trace_writer *w, uint64_t ns)
{
	p = put_number(p, ns / 1000000, 9);
	*p++ = '.';
	if (w->tick_ns == 100000)
		return put_decimal(p, ns / 100000, 1);
	return put_decimal(p, ns / 1000, 3);
}

static char *trc_id(char *p, const struct canfd_frame *f)
{
	if (f->can_id & CAN_ERR_FLAG)
		return put_text(p, "    0000");
	if (f->can_id & CAN_EFF_FLAG)
		return put_hex(p, f->can_id & CAN_EFF_MASK, 8);
	return put_hex(put_text(p, "    "), f->can_id & CAN_SFF_MASK, 4);
}

/* The bytes of an error frame are counters in this format: none are known. */
static char *trc_data(char *p, const struct canfd_frame *f, uint32_t len, bool old)
{
	p = put_number(p, len, 1);
	*p++ = ' ';
	*p++ = ' ';
	if (f->can_id & CAN_ERR_FLAG)
		return put_text(p, old ? " 00 00 00 00" : " 00 00 00 00 00");
	if (f->can_id & CAN_RTR_FLAG)
		return old ? put_text(p, " RTR") : p;
	return put_bytes(p, f->data, f->len);
}

/* Versions 1.x. */
static char *trc_old(char *p, const struct trace_writer *w, const struct out_frame *o)
{
	const struct canfd_frame *f = o->f;
	bool error = f->can_id & CAN_ERR_FLAG;

	p = put_number(p, w->frames, 6);
	*p++ = ')';
	p = trc_stamp(p, w, o->t_ns);
	*p++ = ' ';
	if (w->cfg.trc_version >= 12) {
		p = put_number(p, w->chan[o->chan].number, 2);
		*p++ = ' ';
	}
	p = put_text(p, error ? " Error  " : o->flags & TRACE_DIR_TX ? " Tx     " : " Rx     ");
	p = trc_id(p, f);
	p = put_text(p, w->cfg.trc_version == 13 ? " -  " : "  ");
	return trc_data(p, f, error ? 4 : f->len, true);
}

static const char *trc_type(const struct canfd_frame *f)
{
	static const char *const fd[] = { "FD", "FB", "FE", "BI" };

	if (f->can_id & CAN_ERR_FLAG)
		return "ER";
	if (f->flags & CANFD_FDF)
		return fd[(f->flags & CANFD_BRS ? 1 : 0) | (f->flags & CANFD_ESI ? 2 : 0)];
	return f->can_id & CAN_RTR_FLAG ? "RR" : "DT";
}

/* Versions 2.x. */
static char *trc_new(char *p, const struct trace_writer *w, const struct out_frame *o)
{
	const struct canfd_frame *f = o->f;
	bool both = w->cfg.trc_version == 21;
	uint32_t len = f->can_id & CAN_ERR_FLAG ? 5 : both ? code_of(f) : f->len;

	p = put_number(p, w->frames, 7);
	*p++ = ' ';
	p = trc_stamp(p, w, o->t_ns);
	*p++ = ' ';
	p = put_text(p, trc_type(f));
	*p++ = ' ';
	if (both) {
		p = put_number(p, w->chan[o->chan].number, 1);
		*p++ = ' ';
		*p++ = ' ';
	}
	p = trc_id(p, f);
	p = put_text(p, o->flags & TRACE_DIR_TX ? " Tx " : " Rx ");
	if (both)
		p = put_text(p, "-  ");
	return trc_data(p, f, len, false);
}

static int trc_put(struct trace_writer *w, const struct out_frame *o)
{
	char *p;
	int rc = writer_room(w, WRITER_FRAME_BYTES, &p);

	if (rc < 0)
		return rc;
	p = w->cfg.trc_version < 20 ? trc_old(p, w, o) : trc_new(p, w, o);
	*p++ = '\n';
	writer_wrote(w, p);
	return 0;
}

const struct writer_ops writer_trc = { .from_start = true,
	.start_tick_ns = 1000000000,
	.max_ns = TRC_MAX_NS,
	.begin = trc_begin,
	.put = trc_put };

/* ---- CSV ---- */

static int csv_begin(struct trace_writer *w)
{
	return put_line(w, "time,channel,dir,id,ext,kind,brs,esi,dlc,data\n");
}

static char *csv_kind(char *p, const struct canfd_frame *f)
{
	if (f->can_id & CAN_ERR_FLAG)
		return put_text(p, ",error,");
	if (f->flags & CANFD_FDF)
		return put_text(p, ",fd,");
	return put_text(p, f->can_id & CAN_RTR_FLAG ? ",remote," : ",data,");
}

static int csv_put(struct trace_writer *w, const struct out_frame *o)
{
	const struct canfd_frame *f = o->f;
	bool ext = f->can_id & CAN_EFF_FLAG, err = f->can_id & CAN_ERR_FLAG;
	char *p;
	int rc = writer_room(w, WRITER_FRAME_BYTES, &p);

	if (rc < 0)
		return rc;
	p = put_number(p, o->t_ns / NS_PER_S, 1);
	p = put_fraction(p, o->t_ns);
	*p++ = ',';
	p = put_text(p, w->chan[o->chan].name);
	p = put_text(p, o->flags & TRACE_DIR_TX ? ",tx," : o->flags & TRACE_DIR_RX ? ",rx," : ",,");
	p = put_hex(p, f->can_id & CAN_EFF_MASK, ext || err ? 8 : 3);
	*p++ = ',';
	*p++ = ext ? '1' : '0';
	p = csv_kind(p, f);
	*p++ = f->flags & CANFD_FDF && f->flags & CANFD_BRS ? '1' : '0';
	*p++ = ',';
	*p++ = f->flags & CANFD_FDF && f->flags & CANFD_ESI ? '1' : '0';
	*p++ = ',';
	p = put_number(p, code_of(f), 1);
	*p++ = ',';
	for (uint32_t i = 0; i < f->len && !(f->can_id & CAN_RTR_FLAG); i++)
		p = put_hex(p, f->data[i], 2);
	*p++ = '\n';
	writer_wrote(w, p);
	return 0;
}

const struct writer_ops writer_csv = { .max_ns = TEXT_MAX_NS, .begin = csv_begin, .put = csv_put };
