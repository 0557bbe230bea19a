/* SPDX-License-Identifier: Apache-2.0 */
/* A terminal on a console; see ctl_console.h. */
#include "sim/bench/ctl_console.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "sim/bench/keys.h"
#include "sim/bench/rawterm.h"

#define BURST 4096u

/* SIGWINCH means another size, the others an orderly end. */
static int take_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void tell_size(const struct ctl_console *c, const struct rawterm *t)
{
	uint16_t cols, rows;

	if (t->fd >= 0 && rawterm_size(t->fd, &cols, &rows))
		c->tell_size(c->arg, c->guest, cols, rows);
}

/* False when the user leaves or the bench is gone. */
static bool type(const struct ctl_console *c, struct keys *k, const char *in, size_t n)
{
	char out[BURST], help[512];

	while (n) {
		size_t used, len;
		enum keys_command cmd = keys_feed(k, in, n, &used, out, &len);

		/* Never waits: Ctrl-A X is heard where the guest reads nothing, and then the bell
		 * says that keys were lost. */
		if (len && send(c->sock, out, len, MSG_DONTWAIT | MSG_NOSIGNAL) < (ssize_t)len &&
			fd_write_all(STDOUT_FILENO, "\a", 1))
			return false;
		if (cmd == KEYS_LEAVE)
			return false;
		if (cmd != KEYS_NONE) {
			len = keys_help(help, sizeof(help), "leaves; the guest goes on", false);
			if (fd_write_all(STDOUT_FILENO, help, len))
				return false;
		}
		in += used;
		n -= used;
	}
	return true;
}

/* False at the end of one side. */
static bool from_guest(const struct ctl_console *c)
{
	char buf[BURST];
	ssize_t n = recv(c->sock, buf, sizeof(buf), 0);

	if (n < 0 && errno == EINTR)
		return true;
	return n > 0 && fd_write_all(STDOUT_FILENO, buf, (size_t)n) == 0;
}

/* False at the end of the input; *leave when nothing more is to be done. */
static bool from_user(const struct ctl_console *c, struct rawterm *t, struct keys *k, bool *leave)
{
	char buf[BURST];
	ssize_t n = read(STDIN_FILENO, buf, sizeof(buf));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (n <= 0)
		return false;
	if (t->fd >= 0)
		*leave = !type(c, k, buf, (size_t)n);
	else
		*leave = fd_write_all(c->sock, buf, (size_t)n) != 0;
	return true;
}

/* False when it is time to end. */
static bool on_signal(const struct ctl_console *c, const struct rawterm *t, int fd)
{
	struct signalfd_siginfo si;

	while (read(fd, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		if (si.ssi_signo != SIGWINCH)
			return false;
		tell_size(c, t);
	}
	return true;
}

static int copy(const struct ctl_console *c, struct rawterm *t, int signals)
{
	struct pollfd p[] = { { STDIN_FILENO, POLLIN, 0 }, { c->sock, POLLIN, 0 },
		{ signals, POLLIN, 0 } };
	struct keys k = { 0 };
	bool leave = false;

	while (!leave) {
		if (poll(p, ARRAY_SIZE(p), -1) < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		if (p[1].revents && !from_guest(c))
			return 0;
		/* Without input it only shows, until the run ends. */
		if (p[0].revents && !from_user(c, t, &k, &leave))
			p[0].fd = -1;
		if (p[2].revents && !on_signal(c, t, signals))
			return 0;
	}
	return 0;
}

int ctl_console_run(const struct ctl_console *c, struct err *e)
{
	bool terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	struct rawterm t = RAWTERM_INIT;
	int signals, rc = 0;

	signal(SIGPIPE, SIG_IGN);
	if (terminal) {
		fprintf(stderr, "dyno: the console of %s; Ctrl-A X leaves, Ctrl-A H helps\n",
			c->guest);
		rc = rawterm_enter(&t, STDIN_FILENO, e);
		if (rc)
			return rc;
	}
	signals = take_signals();
	if (signals < 0)
		rc = -errno;
	tell_size(c, &t);
	if (!rc)
		rc = copy(c, &t, signals);
	rawterm_leave(&t);
	fd_close(&signals);
	return rc ? err_errno(e, -rc, "the console cannot be shown") : 0;
}
