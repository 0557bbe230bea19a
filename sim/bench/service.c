/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting, watching and ending of helper programs; see service.h. Not posix_spawn: LISTEN_PID
 * holds the helper's own process number, and it must die with the bench.
 */
#include "sim/bench/service.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "sim/bench/json_text.h"
#include "sim/bench/lines.h"
#include "sim/bench/procs.h"
#include "sim/bench/procstat.h"

#define LISTEN_FIRST 3 /* sd_listen_fds(3) */
#define END_LIMIT_NS (2 * NS_PER_S)

struct service {
	struct service_set *set;
	struct service *next;
	char name[SERVICE_NAME];
	pid_t pid; /* its process group's number, too; 0 once it was reaped */
	bool stop_wanted, ends_itself;
	char end[64]; /* "exited with status 0"; "" while it runs */
	char last[256]; /* its last line, for the message about its death */
	uint64_t cpu_ns; /* from its reaping */
	struct lines lines;
	struct ev_io exit_io, out_io;
	void (*on_death)(void *ctx, struct service *s);
	void *ctx;
};

/* ---- where programs are ---- */

int service_find(const char *program, const char *package, char *path, size_t cap, struct err *e)
{
	/* Of users' shells only root's has the first ones in $PATH. */
	static const char *const known[] = { "/usr/local/sbin", "/usr/local/libexec", "/usr/sbin",
		"/sbin", "/usr/libexec", "/usr/lib/qemu" };

	if (program_in_path(program, path, cap))
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (program_in(known[i], program, path, cap))
			return 0;
	}
	return err_set(e, -ENOENT,
		"the program %s is not installed (sought in PATH, /usr/sbin, /usr/libexec and "
		"/usr/lib/qemu); Debian has it in the package %s",
		program, package);
}

/* ---- its output ---- */

static void pass_line(void *arg, const char *text, size_t len)
{
	struct service *s = arg;
	char whole[SERVICE_NAME + 2 + LINES_MAX + 1];
	int n = snprintf(whole, sizeof(whole), "%s: %.*s", s->name, (int)len, text);

	lines_printable(s->last, sizeof(s->last), text, MIN(len, sizeof(s->last) / 4 - 1));
	if (s->set->line && n > 0)
		s->set->line(s->set->ctx, whole, MIN((size_t)n, sizeof(whole) - 1));
}

static bool read_output(struct service *s)
{
	return proc_read_lines(s->out_io.fd, &s->lines, pass_line, s);
}

static void close_output(struct service *s)
{
	if (s->out_io.fd < 0)
		return;
	lines_end(&s->lines, pass_line, s);
	proc_close_watched(&s->out_io);
}

static void output_ready(struct ev_io *io, uint32_t revents)
{
	struct service *s = io->data;

	(void)revents;
	if (!read_output(s))
		close_output(s);
}

/* ---- its end ---- */

static void send_signal(const struct service *s, int sig)
{
	/* The group: what it started itself goes along. */
	if (s->pid > 0)
		kill(-s->pid, sig);
}

/* Waits for its end, which is near. Returns its exit status, or -1 when a signal ended it. */
static int reap(struct service *s)
{
	int status;

	/* Its number is not given to others before it is reaped. */
	send_signal(s, SIGKILL);
	status = proc_reap(s->pid, &s->cpu_ns);
	s->pid = 0;
	proc_status_text(status, s->end, sizeof(s->end));
	return WIFSIGNALED(status) ? -1 : WEXITSTATUS(status);
}

static int collect(struct service *s)
{
	int status = reap(s);

	proc_close_watched(&s->exit_io);
	if (s->out_io.fd >= 0)
		(void)read_output(s);
	close_output(s);
	return status;
}

static void exit_ready(struct ev_io *io, uint32_t revents)
{
	struct service *s = io->data;
	int status = collect(s);
	char text[SERVICE_NAME + 64 + 2 + 256];

	(void)revents;
	if (s->stop_wanted || (s->ends_itself && status == 0)) {
		log_debug("%s %s", s->name, s->end);
		return;
	}
	snprintf(text, sizeof(text), "%s %s%s%s", s->name, s->end, s->last[0] ? ": " : "", s->last);
	if (s->set->died)
		s->set->died(s->set->ctx, text);
	if (s->on_death)
		s->on_death(s->ctx, s);
}

/* ---- its start ---- */

/* All that the new process needs, made before the fork: after it, only system calls. */
struct launch {
	const struct service_config *cfg;
	char *const *argv;
	char **env;
	char *listen_pid; /* digits go here */
	int out, report; /* the pipes' ends */
	pid_t parent;
};

/* Descriptors are parked up here while those below are arranged. */
#define PARK SERVICE_FD_END

static void put_number(char *dst, pid_t pid)
{
	char digits[16];
	int n = 0;

	do
		digits[n++] = (char)('0' + pid % 10);
	while ((pid /= 10) > 0);
	while (n > 0)
		*dst++ = digits[--n];
	*dst = '\0';
}

static bool move_in(int parked, int at)
{
	return dup2(parked, at) == at;
}

/* In the new process: makes `fds` all there is, then `out` as 1 and 2. */
static bool arrange(struct launch *l)
{
	const struct service_config *c = l->cfg;
	int parked[2 * SERVICE_FD_END], n = 0, null;

	for (uint32_t i = 0; i < c->n_listen; i++)
		parked[n++] = fcntl(c->listen[i], F_DUPFD_CLOEXEC, PARK);
	for (uint32_t i = 0; i < c->n_fds; i++)
		parked[n++] = fcntl(c->fds[i].fd, F_DUPFD_CLOEXEC, PARK);
	l->out = fcntl(l->out, F_DUPFD_CLOEXEC, PARK);
	l->report = fcntl(l->report, F_DUPFD_CLOEXEC, PARK);
	for (int i = 0; i < n; i++) {
		if (parked[i] < 0)
			return false;
	}
	if (l->out < 0 || l->report < 0 || close_range(0, PARK - 1, 0) < 0)
		return false;
	/* 0 is the lowest that is free. */
	null = open("/dev/null", O_RDONLY);
	if (null != 0 || !move_in(l->out, 1) || !move_in(l->out, 2))
		return false;
	n = 0;
	for (uint32_t i = 0; i < c->n_listen; i++) {
		if (!move_in(parked[n++], LISTEN_FIRST + (int)i))
			return false;
	}
	for (uint32_t i = 0; i < c->n_fds; i++) {
		if (!move_in(parked[n++], c->fds[i].at))
			return false;
	}
	return close_range(PARK, ~0U, CLOSE_RANGE_CLOEXEC) == 0;
}

static void ready_signals(void)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int sig = 1; sig < _NSIG; sig++)
		sigaction(sig, &dfl, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The new process. Another thread may have held any lock when it was made: system calls only. */
_Noreturn static void become(struct launch *l)
{
	int failed;

	setpgid(0, 0);
	ready_signals();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != l->parent)
		_exit(127);
	put_number(l->listen_pid, getpid());
	if (arrange(l))
		execve(l->argv[0], l->argv, l->env);
	failed = errno;
	if (write(l->report, &failed, sizeof(failed)) < 0)
		_exit(126);
	_exit(127);
}

/* Our environment, with socket activation's variables made for this helper. */
static int make_env(struct launch *l, char fds[32], char pid[32])
{
	size_t n = 0, at = 0;

	while (environ[n])
		n++;
	l->env = calloc(n + 3, sizeof(*l->env));
	if (!l->env)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		if (strncmp(environ[i], "LISTEN_", 7) != 0)
			l->env[at++] = environ[i];
	}
	snprintf(fds, 32, "LISTEN_FDS=%u", l->cfg->n_listen);
	snprintf(pid, 32, "LISTEN_PID=");
	l->listen_pid = pid + strlen(pid);
	if (l->cfg->n_listen) {
		l->env[at++] = fds;
		l->env[at++] = pid;
	}
	return 0;
}

/* 0 once the program runs; -errno when it could not be started (then it was reaped). */
static int wait_for_exec(pid_t pid, int report)
{
	int failed = 0;
	ssize_t n;

	do
		n = read(report, &failed, sizeof(failed));
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return 0;
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return n == (ssize_t)sizeof(failed) && failed > 0 ? -failed : -EIO;
}

static int launch(struct service *s, const struct service_config *cfg, int *out)
{
	union {
		const char *const *in;
		char *const *out;
	} args = { .in = cfg->argv };
	struct launch l = { .cfg = cfg, .argv = args.out, .parent = getpid() };
	char fds[32], self[32];
	int outs[2] = { -1, -1 }, reports[2] = { -1, -1 };
	int rc = make_env(&l, fds, self);
	pid_t pid = -1;

	if (!rc && (pipe2(outs, O_CLOEXEC) < 0 || pipe2(reports, O_CLOEXEC) < 0))
		rc = -errno;
	if (!rc)
		rc = fd_set_nonblock(outs[0], 1);
	if (!rc) {
		l.out = outs[1];
		l.report = reports[1];
		pid = fork();
		if (pid == 0)
			become(&l);
		if (pid < 0)
			rc = -errno;
	}
	fd_close(&outs[1]);
	fd_close(&reports[1]);
	if (!rc)
		rc = wait_for_exec(pid, reports[0]);
	fd_close(&reports[0]);
	free(l.env);
	if (rc) {
		fd_close(&outs[0]);
		return rc;
	}
	s->pid = pid;
	*out = outs[0];
	return 0;
}

/* Watches what was started; ends it when that fails. */
static int watch(struct service *s, int out_take)
{
	int pidfd = (int)syscall(SYS_pidfd_open, s->pid, 0);
	int rc = pidfd < 0 ? -errno : 0;

	if (!rc)
		rc = ev_io_add(s->set->loop, &s->exit_io, pidfd, EPOLLIN, exit_ready, s);
	if (!rc)
		rc = ev_io_add(s->set->loop, &s->out_io, out_take, EPOLLIN, output_ready, s);
	if (!rc)
		return 0;
	reap(s);
	if (s->exit_io.fd >= 0)
		proc_close_watched(&s->exit_io);
	else
		fd_close(&pidfd);
	fd_close(&out_take);
	return rc;
}

static bool fds_are_legal(const struct service_config *cfg)
{
	if (cfg->n_listen > SERVICE_FD_END - LISTEN_FIRST || cfg->n_fds > SERVICE_FD_END)
		return false;
	for (uint32_t i = 0; i < cfg->n_fds; i++) {
		int at = cfg->fds[i].at;

		if (at < 0 || at == 1 || at == 2 || at >= SERVICE_FD_END)
			return false;
	}
	return true;
}

/* One of the same name that has ended makes room. */
static void forget_ended(struct service_set *set, const char *name)
{
	for (struct service **p = &set->first; *p; p = &(*p)->next) {
		struct service *s = *p;

		if (s->pid || strcmp(s->name, name) != 0)
			continue;
		*p = s->next;
		free(s);
		return;
	}
}

int service_start(struct service_set *set, const struct service_config *cfg, struct service **out,
	struct err *e)
{
	struct service *s = calloc(1, sizeof(*s)), **last = &set->first;
	int fd = -1, rc;

	if (!s)
		return err_set(e, -ENOMEM, "out of memory");
	s->set = set;
	s->exit_io.fd = s->out_io.fd = -1;
	s->ends_itself = cfg->ends_itself;
	s->on_death = cfg->on_death;
	s->ctx = cfg->ctx;
	snprintf(s->name, sizeof(s->name), "%s", cfg->name);
	rc = fds_are_legal(cfg) ? launch(s, cfg, &fd) : -EBADF;
	if (!rc)
		rc = watch(s, fd);
	if (rc) {
		free(s);
		return err_errno(e, -rc, "cannot start %s (%s)", cfg->name, cfg->argv[0]);
	}
	forget_ended(set, s->name);
	while (*last)
		last = &(*last)->next;
	*last = s;
	if (out)
		*out = s;
	return 0;
}

/* ---- all of them ---- */

void services_init(struct service_set *set, struct ev_loop *loop)
{
	*set = (struct service_set){ .loop = loop };
}

void service_stop(struct service *s)
{
	s->stop_wanted = true;
	send_signal(s, SIGTERM);
}

bool service_alive(const struct service *s)
{
	return s->pid > 0;
}

pid_t service_pid(const struct service *s)
{
	return s->pid;
}

const char *service_name(const struct service *s)
{
	return s->name;
}

void services_stop_named(struct service_set *set, const char *name)
{
	for (struct service *s = set->first; s; s = s->next) {
		if (s->pid > 0 && strcmp(s->name, name) == 0)
			service_stop(s);
	}
}

void services_stop(struct service_set *set)
{
	for (struct service *s = set->first; s; s = s->next) {
		if (!s->stop_wanted)
			service_stop(s);
	}
}

/* Until it has ended or the time is over. What it says meanwhile is read: it may wait for that. */
static void wait_until(struct service *s, uint64_t deadline_ns)
{
	for (;;) {
		struct pollfd p[] = { { .fd = s->exit_io.fd, .events = POLLIN },
			{ .fd = s->out_io.fd, .events = POLLIN } };
		uint64_t now = clock_now_ns();
		int ms = now < deadline_ns ? (int)((deadline_ns - now) / NS_PER_MS) + 1 : 0;
		int n = poll(p, ARRAY_SIZE(p), ms);

		if ((n < 0 && errno != EINTR) || n == 0 || p[0].revents)
			return;
		if (n > 0 && p[1].revents && !read_output(s))
			close_output(s);
	}
}

void services_fini(struct service_set *set)
{
	uint64_t deadline_ns = clock_now_ns() + END_LIMIT_NS;
	struct service *s;

	services_stop(set);
	while ((s = set->first)) {
		set->first = s->next;
		if (s->pid > 0) {
			wait_until(s, deadline_ns);
			(void)collect(s);
		}
		free(s);
	}
}

json_t *services_metrics(const struct service_set *set)
{
	json_t *o = json_object();

	for (const struct service *s = set->first; s; s = s->next) {
		uint64_t ns = s->cpu_ns;
		bool known = s->pid <= 0 || proc_cpu(s->pid, &ns) == 0;

		json_object_set_new(o, s->name,
			json_pack("{s:s,s:o,s:o}", "state", s->pid > 0 ? "running" : "ended", "end",
				json_text(s->end), "cpu_ms",
				known ? json_real((double)ns / 1e6) : json_null()));
	}
	return o;
}
