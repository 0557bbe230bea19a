/* SPDX-License-Identifier: Apache-2.0 */
/* Raw mode and its guard; see rawterm.h. */
#include "sim/bench/rawterm.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"

static bool same_mode(const struct termios *a, const struct termios *b)
{
	return a->c_iflag == b->c_iflag && a->c_oflag == b->c_oflag && a->c_cflag == b->c_cflag &&
	       a->c_lflag == b->c_lflag && memcmp(a->c_cc, b->c_cc, sizeof(a->c_cc)) == 0;
}

/* Until the other end of the pipe is closed, by whatever way the process left. A shell that set
 * the terminal for itself meanwhile keeps it. */
static _Noreturn void guard(const struct rawterm *t, int pipe_read)
{
	struct termios now;
	sigset_t all;
	char c;

	/* Signals of the terminal are not for us; SIGTTOU would stop us in the background. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	(void)setpgid(0, 0);
	while (read(pipe_read, &c, 1) < 0 && errno == EINTR)
		;
	if (tcgetattr(t->fd, &now) == 0 && same_mode(&now, &t->raw))
		(void)tcsetattr(t->fd, TCSANOW, &t->was);
	_exit(0);
}

static int start_guard(struct rawterm *t)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	t->guard = fork();
	if (t->guard == 0) {
		fd_close(&fds[1]);
		guard(t, fds[0]);
	}
	fd_close(&fds[0]);
	if (t->guard < 0) {
		int rc = -errno;

		fd_close(&fds[1]);
		t->guard = 0;
		return rc;
	}
	t->guard_pipe = fds[1];
	return 0;
}

int rawterm_enter(struct rawterm *t, int fd, struct err *e)
{
	int rc;

	*t = (struct rawterm)RAWTERM_INIT;
	if (tcgetattr(fd, &t->was) < 0)
		return err_errno(e, errno, "cannot read the terminal's settings");
	t->raw = t->was;
	cfmakeraw(&t->raw);
	/* Our own lines still begin at the left. */
	t->raw.c_oflag = t->was.c_oflag;
	t->fd = fd;
	/* What the terminal made of the settings is what the guard compares with. */
	if (tcsetattr(fd, TCSANOW, &t->raw) < 0 || tcgetattr(fd, &t->raw) < 0)
		rc = -errno;
	else
		rc = start_guard(t);
	if (rc) {
		rawterm_leave(t);
		return err_errno(e, -rc, "cannot set the terminal raw");
	}
	return 0;
}

void rawterm_leave(struct rawterm *t)
{
	if (t->fd < 0)
		return;
	/* What was typed ahead was for the guest. Nothing waits here for output to drain: a
	 * terminal that nobody reads must not hold us. */
	(void)tcflush(t->fd, TCIFLUSH);
	(void)tcsetattr(t->fd, TCSANOW, &t->was);
	t->fd = -1;
	fd_close(&t->guard_pipe);
	while (t->guard > 0 && waitpid(t->guard, NULL, 0) < 0 && errno == EINTR)
		;
	t->guard = 0;
}

bool rawterm_size(int fd, uint16_t *cols, uint16_t *rows)
{
	struct winsize ws = { 0 };

	if (ioctl(fd, TIOCGWINSZ, &ws) < 0 || !ws.ws_col || !ws.ws_row)
		return false;
	*cols = ws.ws_col;
	*rows = ws.ws_row;
	return true;
}
