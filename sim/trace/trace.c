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

#include "base/fd.h"
#include "base/log.h"
#include "sim/trace/line.h"

/* Bytes read at once; also the longest line. */
#define BUF_BYTES 262144u
/* Lines looked at to tell the format, and stamps to tell deltas from times. */
#define PROBE_LINES     1000u
#define DEFAULT_REPORTS 10u

struct trace {
	char name[128];
	struct trace_options opt;
	enum trace_format format;
	bool delta; /* stamps count from the frame before */
	int fd; /* -1: text in memory */
	const uint8_t *mem;
	uint64_t mem_len, mem_off;
	uint8_t *buf;
	uint32_t pos, len; /* what is unread in buf */
	bool eof;
	bool overlong; /* in the middle of a line that is longer than the buffer */
	struct asc_state asc;
	uint64_t t_ns;
	uint64_t line; /* number of the current one */
	uint32_t reports;
	uint32_t last_chan;
	uint32_t n_chan;
	struct {
		uint32_t len;
		char name[TRACE_CHANNEL_BYTES];
	} chan[TRACE_MAX_CHANNELS];
	struct trace_stats st;
};

/* ---- bytes to lines ---- */

/* Moves what is unread to the front and reads more. 0 or -errno. */
static int fill(struct trace *t)
{
	memmove(t->buf, t->buf + t->pos, t->len - t->pos);
	t->len -= t->pos;
	t->pos = 0;
	while (t->len < BUF_BYTES && !t->eof) {
		size_t room = BUF_BYTES - t->len;
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

		if (!nl && !t->eof && (t->pos > 0 || t->len < BUF_BYTES)) {
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

/* ---- reports ---- */

static void report(struct trace *t, const char *why, const char *s, const char *end)
{
	char text[320], excerpt[49];
	uint32_t n = 0;

	t->st.malformed++;
	if (t->reports >= t->opt.max_reports)
		return;
	t->reports++;
	for (; s < end && n < sizeof(excerpt) - 1; s++)
		excerpt[n++] = *s >= ' ' && *s <= '~' ? *s : '?';
	excerpt[n] = '\0';
	(void)snprintf(text, sizeof(text), "%s:%llu: %s: \"%s%s\"%s", t->name,
		(unsigned long long)t->line, why, excerpt, s < end ? "..." : "",
		t->reports == t->opt.max_reports ? " (further ones are only counted)" : "");
	if (t->opt.problem)
		t->opt.problem(t->opt.ctx, text);
	else
		log_warn("%s", text);
}

/* ---- lines to frames ---- */

/* Number of a channel; TRACE_MAX_CHANNELS when there are too many. */
static uint32_t channel_of(struct trace *t, const char *name, uint32_t len)
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

static enum line_kind parse(struct trace *t, const char *s, const char *end, struct line_out *o)
{
	return t->format == TRACE_ASC ? asc_line(&t->asc, s, end, o) : candump_line(s, end, o);
}

int trace_next(struct trace *t, struct trace_frame *out)
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
		switch (parse(t, s, end, &o)) {
		case LINE_SKIP:
			t->st.skipped++;
			continue;
		case LINE_BAD:
			report(t, o.why, s, end);
			continue;
		case LINE_FRAME:
			break;
		}
		out->channel = channel_of(t, o.chan, o.chan_len);
		if (out->channel == TRACE_MAX_CHANNELS) {
			report(t, "more channels than a trace may have", s, end);
			continue;
		}
		if (!o.has_time)
			o.flags |= TRACE_NO_TIME;
		else
			t->t_ns = t->delta ? t->t_ns + o.t_ns : o.t_ns;
		out->t_ns = t->t_ns;
		out->flags = o.flags;
		out->f = o.f;
		t->st.frames++;
		return 1;
	}
	return 0;
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

static enum trace_format probe_format(const struct trace *t)
{
	struct asc_state asc = { .dec = false };
	const char *s, *end, *w;
	struct line_out o;
	uint32_t off = t->pos;

	for (uint32_t i = 0; i < PROBE_LINES && peek_line(t, &off, &s, &end); i++) {
		const char *p = s;
		uint32_t n = take_word(&p, end, &w);

		if (candump_line(s, end, &o) == LINE_FRAME)
			return TRACE_CANDUMP;
		if (word_is(w, n, "date") || word_is(w, n, "base") ||
			asc_line(&asc, s, end, &o) == LINE_FRAME)
			return TRACE_ASC;
	}
	return TRACE_AUTO;
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
		t->format = probe_format(t);
	if (t->format == TRACE_AUTO)
		return err_set(e, -EBADMSG,
			"%s: no CAN trace of a known format (candump log, Vector ASC)", t->name);
	t->delta = t->format == TRACE_CANDUMP &&
		   (t->opt.time == TRACE_TIME_DELTA ||
			   (t->opt.time == TRACE_TIME_AUTO && probe_delta(t)));
	return 0;
}

/* ---- life ---- */

static int open_any(struct trace **out, int fd, const void *mem, uint64_t len, const char *name,
	const struct trace_options *opt, struct err *e)
{
	struct trace *t = calloc(1, sizeof(*t));
	int rc;

	if (t)
		t->buf = malloc(BUF_BYTES);
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
	t->eof = t->overlong = false;
	t->asc = (struct asc_state){ .dec = false };
	t->t_ns = 0;
	t->line = 0;
	return 0;
}

/* ---- what others may ask ---- */

enum trace_format trace_format(const struct trace *t)
{
	return t->format;
}

const char *trace_format_name(enum trace_format f)
{
	return f == TRACE_ASC ? "asc" : f == TRACE_CANDUMP ? "candump" : "unknown";
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
}
