/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streaming a trace: bytes to lines through one fixed buffer, lines to frames through the format's
 * parser, names of channels to numbers, trouble to reports. See trace.h.
 */
#include "sim/trace/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "sim/trace/reader.h"

#define DEFAULT_REPORTS 10u
/* Lines looked at to tell deltas from times. */
#define PROBE_LINES 1000u

/* ---- bytes to lines ---- */

/* Moves what is unread to the front and reads more. 0 or -errno. */
static int fill(struct trace *t)
{
	memmove(t->buf, t->buf + t->pos, t->len - t->pos);
	t->base += t->pos;
	t->len -= t->pos;
	t->pos = 0;
	while (t->len < TRACE_BUF_BYTES && !t->eof) {
		size_t room = TRACE_BUF_BYTES - t->len;
		ssize_t n;

		if (t->fd >= 0) {
			n = read(t->fd, t->buf + t->len, room);
			if (n < 0 && errno == EINTR)
				continue;
			if (n < 0)
				return -errno;
		} else {
			n = (ssize_t)MIN((uint64_t)room, t->mem_len - t->mem_off);
			if (n)
				memcpy(t->buf + t->len, t->mem + t->mem_off, (size_t)n);
			t->mem_off += (uint64_t)n;
		}
		t->eof = n == 0;
		t->len += (uint32_t)n;
	}
	return 0;
}

/*
 * The next line without its end. 1; 0 at the end of the file; -errno; -EMSGSIZE for a line that is
 * longer than the buffer (it is skipped by the next call).
 */
static int next_line(struct trace *t, const char **s, const char **end)
{
	for (;;) {
		uint8_t *from = t->buf + t->pos;
		uint8_t *nl = memchr(from, '\n', t->len - t->pos);
		uint32_t n = nl ? (uint32_t)(nl - from) : t->len - t->pos;
		bool tail = t->overlong;
		int rc;

		if (!nl && !t->eof && (t->pos > 0 || t->len < TRACE_BUF_BYTES)) {
			rc = fill(t);
			if (rc < 0)
				return rc;
			continue;
		}
		if (!nl && !n)
			return 0;
		t->pos += n + (nl ? 1 : 0);
		t->overlong = !nl && !t->eof;
		/* The rest of a line that was reported already. */
		if (tail)
			continue;
		t->line++;
		t->st.lines++;
		if (t->overlong)
			return -EMSGSIZE;
		if (n && from[n - 1] == '\r')
			n--;
		*s = (const char *)from;
		*end = *s + n;
		return 1;
	}
}

int trace_need(struct trace *t, uint32_t n, const uint8_t **p, uint32_t *have)
{
	if (t->len - t->pos < n && !t->eof) {
		int rc = fill(t);

		if (rc < 0)
			return rc;
	}
	*p = t->buf + t->pos;
	if (have)
		*have = t->len - t->pos;
	return t->len - t->pos >= n;
}

int trace_skip(struct trace *t, uint64_t n)
{
	while (n) {
		uint32_t k = (uint32_t)MIN(n, (uint64_t)(t->len - t->pos));
		int rc;

		t->pos += k;
		n -= k;
		if (!n)
			break;
		if (t->eof)
			return 0;
		rc = fill(t);
		if (rc < 0)
			return rc;
	}
	return 1;
}

/* ---- reports ---- */

static void tell(struct trace *t, const char *text)
{
	if (t->opt.problem)
		t->opt.problem(t->opt.ctx, text);
	else
		log_warn("%s", text);
}

/* Counts something malformed. False: enough was said. */
static bool may_report(struct trace *t)
{
	t->st.malformed++;
	if (t->reports >= t->opt.max_reports)
		return false;
	t->reports++;
	return true;
}

static const char *last_report(const struct trace *t)
{
	return t->reports == t->opt.max_reports ? " (further ones are only counted)" : "";
}

void trace_bad_byte(struct trace *t, uint64_t offset, const char *why)
{
	char text[320];

	if (!may_report(t))
		return;
	(void)snprintf(text, sizeof(text), "%s: byte %llu: %s%s", t->name,
		(unsigned long long)offset, why, last_report(t));
	tell(t, text);
}

int trace_cut_off(struct trace *t, uint64_t offset, const char *what)
{
	char text[320];

	if (t->st.truncated)
		return 0;
	t->st.truncated = true;
	t->st.malformed++;
	/* Told whatever was told before: it is the end of what can be had. */
	(void)snprintf(text, sizeof(text),
		"%s: byte %llu: the file ends in the middle of %s; %llu frames in front of it were read",
		t->name, (unsigned long long)offset, what, (unsigned long long)t->st.frames);
	tell(t, text);
	return 0;
}

static void report(struct trace *t, const char *why, const char *s, const char *end)
{
	char text[320], excerpt[49];
	uint32_t n = 0;

	if (!may_report(t))
		return;
	for (; s < end && n < sizeof(excerpt) - 1; s++)
		excerpt[n++] = *s >= ' ' && *s <= '~' ? *s : '?';
	excerpt[n] = '\0';
	(void)snprintf(text, sizeof(text), "%s:%llu: %s: \"%s%s\"%s", t->name,
		(unsigned long long)t->line, why, excerpt, s < end ? "..." : "", last_report(t));
	tell(t, text);
}

/* ---- lines to frames ---- */

uint32_t trace_channel(struct trace *t, const char *name, uint32_t len)
{
	len = MIN(len, TRACE_CHANNEL_BYTES - 1);
	if (t->n_chan && t->chan[t->last_chan].len == len &&
		memcmp(t->chan[t->last_chan].name, name, len) == 0)
		return t->last_chan;
	for (uint32_t i = 0; i < t->n_chan; i++) {
		if (t->chan[i].len == len && memcmp(t->chan[i].name, name, len) == 0)
			return t->last_chan = i;
	}
	if (t->n_chan == TRACE_MAX_CHANNELS)
		return TRACE_MAX_CHANNELS;
	memcpy(t->chan[t->n_chan].name, name, len);
	t->chan[t->n_chan].len = len;
	return t->last_chan = t->n_chan++;
}

uint32_t trace_channel_number(struct trace *t, uint32_t number)
{
	char name[16];
	int n;

	if (t->n_chan && t->last_number == number)
		return t->last_number_chan;
	n = snprintf(name, sizeof(name), "%u", number);
	t->last_number_chan = trace_channel(t, name, (uint32_t)n);
	t->last_number = number;
	return t->last_number_chan;
}

static int next_text_frame(struct trace *t, struct trace_frame *out)
{
	const char *s, *end;
	struct line_out o;
	int rc;

	while ((rc = next_line(t, &s, &end)) != 0) {
		if (rc == -EMSGSIZE) {
			report(t, "the line is too long", NULL, NULL);
			continue;
		}
		if (rc < 0)
			return rc;
		switch (t->ops->line(&t->line_state, s, end, &o)) {
		case LINE_SKIP:
			t->st.skipped++;
			continue;
		case LINE_BAD:
			/* Without its line end, the last line was cut off, not miswritten. */
			if (t->eof && t->pos == t->len && t->len && t->buf[t->len - 1] != '\n')
				(void)trace_cut_off(
					t, trace_offset(t) - (uint64_t)(end - s), "a line");
			else
				report(t, o.why, s, end);
			continue;
		case LINE_FRAME:
			break;
		}
		out->channel = trace_channel(t, o.chan, o.chan_len);
		if (out->channel == TRACE_MAX_CHANNELS) {
			report(t, "more channels than a trace may have", s, end);
			continue;
		}
		if (!o.has_time)
			o.flags |= TRACE_NO_TIME;
		out->t_ns = !o.has_time ? 0 : t->delta ? t->t_ns + o.t_ns : o.t_ns;
		/* Ten digits of seconds, or a date: the time of day. */
		if (o.has_time && !o.short_time && t->st.frames == 0 &&
			t->ops->info.holds & TRACE_HOLDS_EPOCH &&
			o.t_ns >= UINT64_C(100000000) * NS_PER_S)
			t->epoch_known = true;
		out->flags = o.flags;
		out->f = o.f;
		return 1;
	}
	return 0;
}

int trace_next(struct trace *t, struct trace_frame *out)
{
	int rc = t->ops->next ? t->ops->next(t, out) : next_text_frame(t, out);

	if (rc <= 0)
		return rc;
	if (out->flags & TRACE_NO_TIME)
		out->t_ns = t->t_ns;
	t->t_ns = out->t_ns;
	t->st.frames++;
	return 1;
}

/* ---- what kind of trace it is ---- */

/* The lines of the first buffer, one after the other, without consuming them. */
static bool peek_line(const struct trace *t, uint32_t *off, const char **s, const char **end)
{
	const uint8_t *from = t->buf + *off, *nl;
	uint32_t n;

	if (*off >= t->len)
		return false;
	nl = memchr(from, '\n', t->len - *off);
	n = nl ? (uint32_t)(nl - from) : t->len - *off;
	*off += n + 1;
	if (n && from[n - 1] == '\r')
		n--;
	*s = (const char *)from;
	*end = *s + n;
	return true;
}

/* Deltas go up and down; times go up, save for the odd pair that two interfaces swapped. */
static bool probe_delta(const struct trace *t)
{
	uint32_t off = t->pos, steps = 0, down = 0;
	const char *s, *end;
	struct line_out o;
	uint64_t last = 0;

	for (uint32_t i = 0; i < PROBE_LINES && peek_line(t, &off, &s, &end); i++) {
		if (candump_line(s, end, &o) != LINE_FRAME || !o.has_time)
			continue;
		if (!o.short_time)
			return false;
		steps++;
		down += o.t_ns < last;
		last = o.t_ns;
	}
	return down > steps / 10;
}

static int detect(struct trace *t, struct err *e)
{
	int rc = fill(t);

	if (rc < 0)
		return err_errno(e, -rc, "%s: cannot read", t->name);
	t->format = t->opt.format;
	if (t->format == TRACE_AUTO)
		t->format = trace_sniff(t->buf + t->pos, t->len - t->pos);
	t->ops = trace_ops(t->format);
	if (!t->ops)
		return err_set(e, -EBADMSG,
			"%s: no CAN trace of a known format (candump, ASC, BLF, TRC, pcap, pcapng, CSV, "
			"CRTD, MDF 4)",
			t->name);
	t->delta = t->format == TRACE_CANDUMP &&
		   (t->opt.time == TRACE_TIME_DELTA ||
			   (t->opt.time == TRACE_TIME_AUTO && probe_delta(t)));
	if (t->ops->start) {
		rc = t->ops->start(t);
		if (rc < 0)
			return err_errno(e, -rc, "%s: cannot read", t->name);
	}
	return 0;
}

/* ---- life ---- */

static int open_any(struct trace **out, int fd, const void *mem, uint64_t len, const char *name,
	const struct trace_options *opt, struct err *e)
{
	struct trace *t = calloc(1, sizeof(*t));
	int rc;

	if (t)
		t->buf = malloc(TRACE_BUF_BYTES);
	if (!t || !t->buf) {
		free(t);
		fd_close(&fd);
		return err_set(e, -ENOMEM, "%s: no memory", name);
	}
	t->fd = fd;
	t->mem = mem;
	t->mem_len = len;
	if (opt)
		t->opt = *opt;
	if (!t->opt.max_reports)
		t->opt.max_reports = DEFAULT_REPORTS;
	(void)snprintf(t->name, sizeof(t->name), "%s", name);
	rc = detect(t, e);
	if (rc < 0) {
		trace_free(t);
		return rc;
	}
	*out = t;
	return 0;
}

int trace_open_fd(struct trace **out, int fd_take, const char *name,
	const struct trace_options *opt, struct err *e)
{
	/* Only advice: read ahead. */
	(void)posix_fadvise(fd_take, 0, 0, POSIX_FADV_SEQUENTIAL);
	return open_any(out, fd_take, NULL, 0, name, opt, e);
}

int trace_open(struct trace **out, const char *path, const struct trace_options *opt, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_errno(e, errno, "%s: cannot open", path);
	return trace_open_fd(out, fd, path, opt, e);
}

int trace_open_mem(struct trace **out, const void *text, uint64_t len, const char *name,
	const struct trace_options *opt, struct err *e)
{
	return open_any(out, -1, text, len, name, opt, e);
}

void trace_free(struct trace *t)
{
	if (!t)
		return;
	if (t->ops && t->ops->end)
		t->ops->end(t);
	fd_close(&t->fd);
	free(t->buf);
	free(t);
}

int trace_rewind(struct trace *t)
{
	if (t->fd >= 0 && lseek(t->fd, 0, SEEK_SET) < 0)
		return -errno;
	t->mem_off = 0;
	t->pos = t->len = 0;
	t->base = 0;
	t->eof = t->overlong = false;
	memset(&t->line_state, 0, sizeof(t->line_state));
	t->t_ns = 0;
	t->line = 0;
	return t->ops->start ? t->ops->start(t) : 0;
}

/* ---- what others may ask ---- */

enum trace_format trace_format(const struct trace *t)
{
	return t->format;
}

const char *trace_dialect(const struct trace *t)
{
	const struct trc_state *trc = &t->line_state.trc;

	switch (t->format) {
	case TRACE_CSV:
		return csv_dialect_name(t->line_state.csv.dialect);
	case TRACE_TRC:
		return trc->version >= 21   ? "PCAN trace 2.1"
		       : trc->version == 20 ? "PCAN trace 2.0"
		       : trc->version == 13 ? "PCAN trace 1.3"
		       : trc->version == 12 ? "PCAN trace 1.2"
		       : trc->version == 11 ? "PCAN trace 1.1"
					    : "PCAN trace 1.0";
	default:
		return t->ops->info.title;
	}
}

bool trace_epoch(const struct trace *t, uint64_t *at_ns)
{
	*at_ns = t->epoch_ns;
	/* 1970-01-01 stands for no date where a header must have one. */
	if (t->format == TRACE_ASC) {
		*at_ns = t->line_state.asc.date_ns;
		return t->line_state.asc.has_date && *at_ns;
	}
	if (t->format == TRACE_TRC) {
		*at_ns = t->line_state.trc.date_ns;
		return t->line_state.trc.has_date && *at_ns;
	}
	return t->epoch_known;
}

uint32_t trace_num_channels(const struct trace *t)
{
	return t->n_chan;
}

const char *trace_channel_name(const struct trace *t, uint32_t channel)
{
	return channel < t->n_chan ? t->chan[channel].name : NULL;
}

void trace_get_stats(const struct trace *t, struct trace_stats *out)
{
	*out = t->st;
	out->bytes = t->base + t->pos;
}
