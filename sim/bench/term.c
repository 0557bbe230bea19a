/* SPDX-License-Identifier: Apache-2.0 */
/* Event lines and the status line; see term.h. */
#include "sim/bench/term.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "sim/bench/bench.h"
#include "sim/bench/lines.h"

#define TTY_PERIOD_NS   (200 * NS_PER_MS)
#define PLAIN_PERIOD_NS (5 * NS_PER_S)

static void put(const char *text, size_t len)
{
	/* Nobody can be told that the terminal is gone. */
	if (fd_write_all(2, text, len))
		return;
}

static void clear(struct term *t)
{
	if (t->width)
		put("\r\033[K", 4);
	t->width = 0;
}

static size_t append(char *buf, size_t cap, size_t at, const char *fmt, ...) PRINTF_LIKE(4, 5);
static size_t append(char *buf, size_t cap, size_t at, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf + at, cap - at, fmt, ap);
	va_end(ap);
	return n < 0 ? at : MIN(at + (size_t)n, cap - 1);
}

/* "12.3/30.0 s  cluster ready  ivi ready  can0 918 frames, 4.1 %" */
static size_t status_text(struct bench *b, char *buf, size_t cap)
{
	struct buses_brief brief[SCENARIO_MAX_BUSES];
	size_t at = append(buf, cap, 0, "%.1f", (double)bench_now(b) / 1e9);

	if (b->s->end_when == SCENARIO_END_DURATION)
		at = append(buf, cap, at, "/%.1f", (double)b->duration_ns / 1e9);
	at = append(buf, cap, at, " s%s",
		b->phase == BENCH_STARTING ? "  starting"
		: b->phase > BENCH_RUNNING ? "  ending"
		: b->paused                ? "  PAUSED"
					   : "");

	for (uint32_t i = 0; i < b->s->n_guests; i++)
		at = append(buf, cap, at, "  %s %s", b->guests[i].sg->name,
			guest_state_name(&b->guests[i]));
	memset(brief, 0, sizeof(brief));
	buses_get_brief(b->buses, brief);
	for (uint32_t i = 0; i < b->s->n_buses; i++) {
		at = append(buf, cap, at, "  %s %" PRIu64 " frames %u.%u%%", b->s->buses[i].name,
			brief[i].frames, brief[i].load_permille / 10, brief[i].load_permille % 10);
		if (brief[i].dropped)
			at = append(buf, cap, at, " (%" PRIu64 " dropped)", brief[i].dropped);
	}
	return at;
}

static void draw(struct term *t)
{
	char text[1024], out[1100];
	size_t len = status_text(t->bench, text, sizeof(text)), at;
	struct winsize ws = { 0 };

	if (!t->tty) {
		text[len++] = '\n';
		put(text, len);
		return;
	}
	/* A line that wraps cannot be drawn over. */
	if (ioctl(2, TIOCGWINSZ, &ws) == 0 && ws.ws_col > 1)
		len = MIN(len, (size_t)ws.ws_col - 1);
	at = append(out, sizeof(out), 0, "\r%s%.*s%s\033[K", t->colour ? "\033[2m" : "", (int)len,
		text, t->colour ? "\033[0m" : "");
	put(out, at);
	t->width = len;
}

static void tick(struct ev_timer *timer, uint64_t now_ns)
{
	struct term *t = timer->data;

	/* In a log, what is over is told by the verdicts. */
	if (t->tty || t->bench->phase <= BENCH_RUNNING)
		draw(t);
	ev_timer_at(timer, now_ns + (t->tty ? TTY_PERIOD_NS : PLAIN_PERIOD_NS));
}

static void drain_log(struct term *t)
{
	char buf[4096];
	ssize_t n;

	while ((n = read(t->log_pipe, buf, sizeof(buf))) > 0) {
		clear(t);
		put(buf, (size_t)n);
	}
}

static void log_ready(struct ev_io *io, uint32_t revents)
{
	(void)revents;
	drain_log(io->data);
}

/* While a status line is on the screen, log lines of any thread take this way around it. */
static int divert_log(struct term *t)
{
	int fds[2], rc;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	rc = fd_set_nonblock(fds[0], 1);
	if (!rc)
		rc = ev_io_add(t->bench->loop, &t->log_io, fds[0], EPOLLIN, log_ready, t);
	if (rc) {
		fd_close(&fds[0]);
		fd_close(&fds[1]);
		return rc;
	}
	t->log_pipe = fds[0];
	t->log_write = fds[1];
	log_set_fd(t->log_write);
	return 0;
}

int term_init(struct term *t, struct bench *b, bool quiet)
{
	const char *kind = getenv("TERM");

	*t = (struct term){
		.bench = b, .quiet = quiet, .log_pipe = -1, .log_write = -1, .log_io = EV_IO_INIT
	};
	t->tty = isatty(2) && kind && strcmp(kind, "dumb") != 0;
	t->colour = t->tty && !getenv("NO_COLOR");
	return ev_timer_init(b->loop, &t->timer, tick, t);
}

void term_start(struct term *t)
{
	/* A guest's console has the screen to itself. */
	if (t->quiet || t->live || t->bench->console.bench)
		return;
	t->live = true;
	/* Without the way around, log lines only look untidy. */
	if (t->tty && divert_log(t))
		t->log_pipe = -1;
	tick(&t->timer, clock_now_ns());
}

void term_fini(struct term *t)
{
	t->live = false;
	ev_timer_fini(&t->timer);
	if (t->log_pipe >= 0) {
		log_set_fd(2);
		drain_log(t);
		ev_io_del(&t->log_io);
		fd_close(&t->log_pipe);
		fd_close(&t->log_write);
	}
	clear(t);
}

static void say(struct term *t, const char *colour, const char *fmt, va_list ap) PRINTF_LIKE(3, 0);
static void say(struct term *t, const char *colour, const char *fmt, va_list ap)
{
	char raw[1600], text[2000], out[2200];
	size_t at;
	int n = vsnprintf(raw, sizeof(raw), fmt, ap);

	lines_printable(text, sizeof(text), raw, n < 0 ? 0 : MIN((size_t)n, sizeof(raw) - 1));
	clear(t);
	at = append(out, sizeof(out), 0, "%9.3f  %s%s%s\n", (double)bench_now(t->bench) / 1e9,
		t->colour ? colour : "", text, t->colour ? "\033[0m" : "");
	put(out, at);
	if (t->live && t->tty)
		draw(t);
}

void term_event(struct term *t, const char *fmt, ...)
{
	va_list ap;

	if (t->quiet)
		return;
	va_start(ap, fmt);
	say(t, "", fmt, ap);
	va_end(ap);
}

void term_problem(struct term *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(t, "\033[31m", fmt, ap);
	va_end(ap);
}

void term_line(struct term *t, const char *text, size_t len)
{
	char out[LINES_MAX + 2];
	size_t n = lines_printable(out, sizeof(out) - 1, text, len);

	out[n++] = '\n';
	clear(t);
	put(out, n);
	if (t->live && t->tty)
		draw(t);
}

bool term_may_say(struct term *t, struct said *s, const char *who)
{
	uint32_t swallowed;

	switch (said_line(s, clock_now_ns(), &swallowed)) {
	case SAID_SHOW_AND_TELL:
		term_problem(t, "%s: %" PRIu32 " more lines were not shown", who, swallowed);
		return true;
	case SAID_SHOW:
		return true;
	case SAID_LAST:
		term_problem(t,
			"%s: %d lines were shown: no more will be (metrics.json counts them)", who,
			SAID_MAX);
		return false;
	case SAID_SWALLOW:
		break;
	}
	return false;
}
