/* SPDX-License-Identifier: Apache-2.0 */
/* The user's terminal as a guest's console; see own_console.h. */
#include "sim/bench/own_console.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "sim/bench/action.h"
#include "sim/bench/bench.h"

/* Typed or piped in, read in one go. */
#define IN_BURST 4096u

/* A reader of stdout that stands still holds the run up, as it would hold up any program whose
 * output it is. One that is gone leaves the guest without a console. */
static void show(struct stream_tap *t, const char *bytes, size_t n)
{
	struct own_console *oc = t->data;

	if (fd_write_all(STDOUT_FILENO, bytes, n))
		stream_tap_remove(oc->stream, t);
}

static void run_op(struct own_console *oc, enum scenario_op op)
{
	struct scenario_action a = { .op = op, .guest = oc->guest->index };

	if (oc->bench->phase == BENCH_RUNNING)
		action_run(oc->bench, &a, NULL, NULL);
}

static void obey(struct own_console *oc, enum keys_command cmd)
{
	char help[512];
	size_t n;

	switch (cmd) {
	case KEYS_LEAVE:
		bench_end(oc->bench, "ended from the console");
		break;
	case KEYS_POWER_BUTTON:
		run_op(oc, SCENARIO_POWER_BUTTON);
		break;
	case KEYS_RESET:
		run_op(oc, SCENARIO_RESET);
		break;
	case KEYS_HELP:
		n = keys_help(help, sizeof(help), "ends the guest and dyno", true);
		show(&oc->tap, help, n);
		break;
	case KEYS_NONE:
		break;
	}
}

/* A guest that reads nothing has its queue full: the bell says that a key was lost. */
static void feed(struct own_console *oc, const char *bytes, size_t n)
{
	if (n && stream_write(oc->stream, bytes, n) < n)
		show(&oc->tap, "\a", 1);
}

static void type(struct own_console *oc, const char *in, size_t n)
{
	char out[IN_BURST];
	size_t used, len;

	if (oc->term.fd < 0) {
		feed(oc, in, n);
		return;
	}
	while (n) {
		enum keys_command cmd = keys_feed(&oc->keys, in, n, &used, out, &len);

		feed(oc, out, len);
		obey(oc, cmd);
		in += used;
		n -= used;
	}
}

/* Ctrl-A X is heard even where the guest reads nothing; a pipe holds what there is no room for. */
static void in_ready(struct ev_io *io, uint32_t revents)
{
	struct own_console *oc = io->data;
	size_t most = oc->term.fd < 0 ? stream_room(oc->stream) : IN_BURST;
	char in[IN_BURST];
	ssize_t n;

	(void)revents;
	if (!most) {
		/* Not only EPOLLIN off: the end of a pipe is always reported. */
		stream_want_room(oc->stream);
		ev_io_del(io);
		return;
	}
	n = read(io->fd, in, MIN(most, sizeof(in)));
	if (n > 0) {
		type(oc, in, (size_t)n);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		oc->in_over = true;
		ev_io_del(io);
	}
}

static int watch_input(struct own_console *oc)
{
	if (oc->in_over || oc->in_io.fd >= 0)
		return 0;
	return ev_io_add(oc->bench->loop, &oc->in_io, STDIN_FILENO, EPOLLIN, in_ready, oc);
}

static void room(struct stream_tap *t)
{
	struct own_console *oc = t->data;

	if (watch_input(oc))
		term_problem(&oc->bench->term, "the standard input cannot be read any more");
}

static void winch_ready(struct ev_io *io, uint32_t revents)
{
	struct own_console *oc = io->data;
	struct signalfd_siginfo si;
	uint16_t cols, rows;

	(void)revents;
	while (read(io->fd, &si, sizeof(si)) == (ssize_t)sizeof(si))
		;
	if (!rawterm_size(oc->term.fd, &cols, &rows))
		return;
	oc->cols = cols;
	oc->rows = rows;
	if (guest_alive(oc->guest))
		guest_console_size(oc->guest, cols, rows, NULL, NULL);
}

static int watch_size(struct own_console *oc)
{
	sigset_t set;
	int fd, rc;

	if (!rawterm_size(STDIN_FILENO, &oc->cols, &oc->rows))
		return 0;
	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	rc = ev_io_add(oc->bench->loop, &oc->winch_io, fd, EPOLLIN, winch_ready, oc);
	if (rc)
		fd_close(&fd);
	return rc;
}

/* In the background of a terminal it would be stopped for touching it. */
static bool in_foreground(void)
{
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) &&
	       tcgetpgrp(STDIN_FILENO) == getpgrp();
}

/* A file as stdin, or nothing at all, is no one who types. */
static bool is_typed(void)
{
	struct stat st;

	return fstat(STDIN_FILENO, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
}

int own_console_init(
	struct own_console *oc, struct bench *b, uint32_t guest, const char *port, struct err *e)
{
	bool terminal = in_foreground();
	int rc = 0;

	*oc = (struct own_console){ .bench = b,
		.guest = &b->guests[guest],
		.term = RAWTERM_INIT,
		.in_io = EV_IO_INIT,
		.winch_io = EV_IO_INIT };
	oc->stream = guest_stream(oc->guest, port);
	if (!oc->stream)
		return err_set(
			e, -EINVAL, "guest %s has no console \"%s\"", oc->guest->sg->name, port);
	oc->tap = (struct stream_tap){ .bytes = show, .room = room, .data = oc };
	stream_tap_add(oc->stream, &oc->tap);
	if (terminal) {
		rc = rawterm_enter(&oc->term, STDIN_FILENO, e);
		if (rc)
			return rc;
		rc = watch_size(oc);
	}
	if (!rc && (terminal || is_typed()))
		rc = watch_input(oc);
	return rc ? err_errno(e, -rc, "cannot use the terminal as a console") : 0;
}

void own_console_fini(struct own_console *oc)
{
	int fd;

	if (!oc->bench)
		return;
	fd = oc->winch_io.fd;
	ev_io_del(&oc->in_io);
	ev_io_del(&oc->winch_io);
	fd_close(&fd);
	if (oc->stream)
		stream_tap_remove(oc->stream, &oc->tap);
	rawterm_leave(&oc->term);
	oc->bench = NULL;
}
