/* SPDX-License-Identifier: Apache-2.0 */
/* The table of formats, and telling which of them a file has. */
#include <string.h>
#include <strings.h>

#include "sim/trace/reader.h"

/* Lines looked at to tell a text format. */
#define PROBE_LINES 1000u

static enum line_kind line_candump(
	union line_state *st, const char *s, const char *end, struct line_out *o)
{
	(void)st;
	return candump_line(s, end, o);
}

static enum line_kind line_asc(
	union line_state *st, const char *s, const char *end, struct line_out *o)
{
	return asc_line(&st->asc, s, end, o);
}

static enum line_kind line_trc(
	union line_state *st, const char *s, const char *end, struct line_out *o)
{
	return trc_line(&st->trc, s, end, o);
}

static enum line_kind line_csv(
	union line_state *st, const char *s, const char *end, struct line_out *o)
{
	return csv_line(&st->csv, s, end, o);
}

static enum line_kind line_crtd(
	union line_state *st, const char *s, const char *end, struct line_out *o)
{
	(void)st;
	return crtd_line(s, end, o);
}

#define HOLDS_FRAMES                                                                      \
	(TRACE_HOLDS_FD | TRACE_HOLDS_FD_FLAGS | TRACE_HOLDS_REMOTE | TRACE_HOLDS_ERROR | \
		TRACE_HOLDS_CHANNEL)

static const struct reader_ops reader_candump = {
	.info = { .id = TRACE_CANDUMP,
		.name = "candump",
		.title = "candump",
		.extensions = { "log", "txt", "candump", NULL },
		.holds = HOLDS_FRAMES | TRACE_HOLDS_ERROR_OF | TRACE_HOLDS_NAME | TRACE_HOLDS_DIR |
			 TRACE_HOLDS_EPOCH | TRACE_HOLDS_RAW_DLC | TRACE_WRITES,
		.tick_ns = 1000 },
	.line = line_candump,
};

static const struct reader_ops reader_asc = {
	.info = { .id = TRACE_ASC,
		.name = "asc",
		.title = "Vector ASC",
		.extensions = { "asc", NULL },
		.holds = HOLDS_FRAMES | TRACE_HOLDS_DIR | TRACE_HOLDS_EPOCH | TRACE_HOLDS_RAW_DLC |
			 TRACE_WRITES,
		.tick_ns = 1 },
	.line = line_asc,
};

static const struct reader_ops reader_trc = {
	.info = { .id = TRACE_TRC,
		.name = "trc",
		.title = "PCAN trace",
		.extensions = { "trc", NULL },
		.holds = HOLDS_FRAMES | TRACE_HOLDS_DIR | TRACE_HOLDS_EPOCH | TRACE_HOLDS_RAW_DLC |
			 TRACE_WRITES,
		.tick_ns = 1000 },
	.line = line_trc,
};

static const struct reader_ops reader_csv = {
	.info = { .id = TRACE_CSV,
		.name = "csv",
		.title = "CSV",
		.extensions = { "csv", NULL },
		.holds = HOLDS_FRAMES | TRACE_HOLDS_ERROR_OF | TRACE_HOLDS_NAME | TRACE_HOLDS_DIR |
			 TRACE_HOLDS_EPOCH | TRACE_HOLDS_RAW_DLC | TRACE_WRITES,
		.tick_ns = 1 },
	.line = line_csv,
};

static const struct reader_ops reader_crtd = {
	.info = { .id = TRACE_CRTD,
		.name = "crtd",
		.title = "CRTD",
		.extensions = { "crtd", NULL },
		.holds = TRACE_HOLDS_DIR | TRACE_HOLDS_CHANNEL | TRACE_HOLDS_EPOCH,
		.tick_ns = 1000 },
	.line = line_crtd,
};

static const struct reader_ops *const readers[TRACE_FORMATS] = {
	[TRACE_CANDUMP] = &reader_candump,
	[TRACE_ASC] = &reader_asc,
	[TRACE_BLF] = &reader_blf,
	[TRACE_TRC] = &reader_trc,
	[TRACE_PCAPNG] = &reader_pcapng,
	[TRACE_PCAP] = &reader_pcap,
	[TRACE_CSV] = &reader_csv,
	[TRACE_CRTD] = &reader_crtd,
	[TRACE_MF4] = &reader_mf4,
};

const struct reader_ops *trace_ops(enum trace_format f)
{
	return f > TRACE_AUTO && f < TRACE_FORMATS ? readers[f] : NULL;
}

const struct trace_format_info *trace_format_of(enum trace_format f)
{
	const struct reader_ops *o = trace_ops(f);

	return o ? &o->info : NULL;
}

bool trace_is_binary(enum trace_format f)
{
	const struct reader_ops *o = trace_ops(f);

	return o && o->next;
}

const char *trace_format_name(enum trace_format f)
{
	const struct reader_ops *o = trace_ops(f);

	return o ? o->info.name : "unknown";
}

enum trace_format trace_format_named(const char *name)
{
	for (unsigned int f = TRACE_AUTO + 1; f < TRACE_FORMATS; f++) {
		if (strcasecmp(readers[f]->info.name, name) == 0)
			return (enum trace_format)f;
	}
	return TRACE_AUTO;
}

enum trace_format trace_format_by_path(const char *path)
{
	const char *slash = strrchr(path, '/'), *dot = strrchr(slash ? slash : path, '.');

	for (unsigned int f = TRACE_AUTO + 1; dot && f < TRACE_FORMATS; f++) {
		for (const char *const *e = readers[f]->info.extensions; *e; e++) {
			if (strcasecmp(*e, dot + 1) == 0)
				return (enum trace_format)f;
		}
	}
	return TRACE_AUTO;
}

/* ---- by content ---- */

/* The format one line gives away; TRACE_AUTO when it does not. */
static enum trace_format sniff_line(const char *s, const char *end, bool first)
{
	union line_state st;
	struct line_out o;
	const char *p = s, *w;
	uint32_t n = take_word(&p, end, &w);

	memset(&st, 0, sizeof(st));
	if (first && csv_line(&st.csv, s, end, &o) == LINE_SKIP && st.csv.dialect != CSV_UNKNOWN)
		return TRACE_CSV;
	if (n > 14 && memcmp(w, ";$FILEVERSION=", 14) == 0)
		return TRACE_TRC;
	/* Version 1.0 has no mark but its comments, and its numbered lines. */
	if (n >= 2 && is_digit(*w) && w[n - 1] == ')' &&
		trc_line(&st.trc, s, end, &o) == LINE_FRAME)
		return TRACE_TRC;
	if (n && is_digit(*w) && crtd_line(s, end, &o) == LINE_FRAME)
		return TRACE_CRTD;
	if (candump_line(s, end, &o) == LINE_FRAME)
		return TRACE_CANDUMP;
	memset(&st, 0, sizeof(st));
	if (word_is(w, n, "date") || word_is(w, n, "base") ||
		asc_line(&st.asc, s, end, &o) == LINE_FRAME)
		return TRACE_ASC;
	return TRACE_AUTO;
}

enum trace_format trace_sniff(const uint8_t *s, uint32_t n)
{
	bool first = true;

	for (unsigned int f = TRACE_AUTO + 1; f < TRACE_FORMATS; f++) {
		if (readers[f]->magic && readers[f]->magic(s, n))
			return (enum trace_format)f;
	}
	for (uint32_t i = 0, off = 0; i < PROBE_LINES && off < n; i++) {
		const uint8_t *from = s + off, *nl = memchr(from, '\n', n - off);
		uint32_t len = nl ? (uint32_t)(nl - from) : n - off;
		enum trace_format f;

		off += len + 1;
		if (len && from[len - 1] == '\r')
			len--;
		f = sniff_line((const char *)from, (const char *)from + len, first);
		if (f != TRACE_AUTO)
			return f;
		first = first && (len == 0 || *from == '#');
	}
	return TRACE_AUTO;
}
