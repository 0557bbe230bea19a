/* SPDX-License-Identifier: Apache-2.0 */
/* Starting virtiofsd and diod; see shares.h. */
#include "sim/bench/shares.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"

#define MAX_ARGS 40
#define SOCK_AT  3 /* the helper's number of its socket */
#define CONF_AT  4 /* and of its configuration */
#define CONF     "/proc/self/fd/4"

struct command {
	const char *argv[MAX_ARGS + 1];
	size_t n;
};

static void arg(struct command *c, const char *a)
{
	if (c->n < MAX_ARGS)
		c->argv[c->n++] = a;
}

static void args(struct command *c, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		arg(c, list[i]);
}

static void service_name_of(
	char name[SERVICE_NAME], const char *guest, const struct scenario_share *s)
{
	snprintf(name, SERVICE_NAME, "%s %s.%.35s",
		s->type == SCENARIO_SHARE_9P ? "diod" : "virtiofsd", guest, s->tag);
}

/* ---- what this host lets a virtiofsd do ---- */

/* True when this process may make such name spaces: tried in a process of its own. */
static bool may_unshare(int flags)
{
	int status = 1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(unshare(flags) < 0);
	if (pid < 0)
		return false;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* The one that QEMU came with until version 8: options after -o. */
static bool is_qemus(const char *path)
{
	return strstr(path, "/qemu/") != NULL;
}

/* In a name space of our own the user is root, and owns his files: nobody else's. */
static const char *const as_root[] = { "--user", "--map-root-user" };
/* QEMU's virtiofsd writes where it runs to /run. */
#define SET_UP_RUN "mount -t tmpfs tmpfs /run && "
#define SET_UP_RO  "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\" && "
#define RUN_IT     "exec \"$@\""

/*
 * QEMU's virtiofsd knows neither read-only shares nor users other than root: a name space around
 * it gives it both.
 */
static int wrap_qemus(struct command *c, const struct scenario_share *s, bool root, char *unshare,
	size_t cap, struct err *e)
{
	int rc;

	if (root && !s->read_only)
		return 0;
	rc = service_find("unshare", "util-linux", unshare, cap, e);
	if (rc)
		return rc;
	if (!may_unshare(root ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS))
		return err_set(e, -EPERM, "this host does not let %s: %s",
			root ? "the bench mount" : "users make name spaces",
			s->read_only ? "use `type: 9p` for a folder that is only read"
				     : "use `type: 9p`, or run as root");
	arg(c, unshare);
	if (!root)
		args(c, as_root, ARRAY_SIZE(as_root));
	arg(c, "--mount");
	arg(c, "--");
	arg(c, "/bin/sh");
	arg(c, "-c");
	arg(c, root            ? SET_UP_RO RUN_IT
		: s->read_only ? SET_UP_RUN SET_UP_RO RUN_IT
			       : SET_UP_RUN RUN_IT);
	arg(c, s->path);
	return 0;
}

/* The word that both kinds of virtiofsd have for it. */
static const char *confinement(const struct scenario_share *s, bool root, bool qemus)
{
	static const char *const words[] = { "auto", "namespace", "chroot", "none" };
	const int needed = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET;

	if (s->confine != SCENARIO_CONFINE_AUTO)
		return words[s->confine];
	if (may_unshare(root ? needed : CLONE_NEWUSER | needed))
		return "namespace";
	return root || qemus ? "chroot" : "none";
}

static const char *const cache_words[] = { "auto", "always", "none" };

static int virtiofsd_command(
	struct command *c, const struct scenario_share *s, char *text, size_t cap, struct err *e)
{
	static char path[1024], unshare[1024];
	const char *confined;
	bool root = geteuid() == 0;
	int rc = service_find(
		"virtiofsd", "virtiofsd (Debian 12: qemu-system-common)", path, sizeof(path), e);

	if (rc)
		return rc;
	confined = confinement(s, root, is_qemus(path));
	if (!is_qemus(path)) {
		snprintf(text, cap, "--sandbox=%s", confined);
		args(c,
			(const char *const[]){ path, "--fd=3", "--shared-dir", s->path, "--cache",
				cache_words[s->cache], text, "--log-level=warn" },
			8);
		if (s->read_only)
			arg(c, "--readonly");
		return 0;
	}
	if (s->confine == SCENARIO_CONFINE_NONE)
		return err_set(e, -EINVAL,
			"`confine: none` needs virtiofsd 1.0 or newer; this is QEMU's, %s", path);
	rc = wrap_qemus(c, s, root, unshare, sizeof(unshare), e);
	if (rc)
		return rc;
	/* A path with a comma would be cut into options. */
	if (strchr(s->path, ','))
		return err_set(e, -EINVAL,
			"QEMU's virtiofsd cannot serve a folder with a comma in its path: %s",
			s->path);
	snprintf(text, cap, "source=%s,sandbox=%s,cache=%s,log_level=warn", s->path, confined,
		cache_words[s->cache]);
	args(c, (const char *const[]){ path, "--fd=3", "-f", "-o", text }, 5);
	return 0;
}

static int diod_command(struct command *c, char *path, size_t cap, struct err *e)
{
	int rc = service_find("diod", "diod", path, cap, e);

	if (rc)
		return rc;
	args(c,
		(const char *const[]){
			path, "-f", "-n", "-c", CONF, "-L", "stderr", "-r", "3", "-w", "3" },
		11);
	/* Guests' users need not be the host's. Who is not root serves all of them as himself. */
	arg(c, geteuid() == 0 ? "-N" : "-S");
	return 0;
}

/*
 * What diod exports, as a file without a name. diod 1.0.24 forgets the options of an export that is
 * on its command line, "ro" among them. The file is Lua: bytes that are not plain are written as
 * numbers. The descriptor, or -errno.
 */
static int diod_conf(const struct scenario_share *s)
{
	CLEANUP_FD int fd = memfd_create("diod.conf", MFD_CLOEXEC);
	FILE *f = fd < 0 ? NULL : fdopen(dup(fd), "w");
	bool written;

	if (!f)
		return -errno;
	fputs("exports = { { path=\"", f);
	for (const char *p = s->path; *p; p++)
		fprintf(f, isalnum((unsigned char)*p) || *p == '/' ? "%c" : "\\%03d",
			(unsigned char)*p);
	fprintf(f, "\", opts=\"%s\" } }\n", s->read_only ? "ro" : "");
	written = !ferror(f);
	if (fclose(f) || !written)
		return -EIO;
	return fd_take(&fd);
}

/* ---- sockets ---- */

/*
 * A socket that listens at a name which the kernel chooses, and our connection to it: made before
 * anybody else can know the name, and the program takes one connection only.
 */
static int listen_and_connect(int *listener, int *fd)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(a.sun_family);
	CLEANUP_FD int l = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CLEANUP_FD int c = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (l < 0 || c < 0 || bind(l, (struct sockaddr *)&a, len) < 0)
		return -errno;
	len = sizeof(a);
	if (listen(l, 1) < 0 || getsockname(l, (struct sockaddr *)&a, &len) < 0 ||
		connect(c, (struct sockaddr *)&a, len) < 0)
		return -errno;
	*listener = fd_take(&l);
	*fd = fd_take(&c);
	return 0;
}

static int make_sockets(const struct scenario_share *s, int *theirs, int *ours, struct err *e)
{
	int pair[2], rc = 0;

	if (s->type == SCENARIO_SHARE_VIRTIOFS) {
		rc = listen_and_connect(theirs, ours);
	} else if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
		rc = -errno;
	} else {
		*theirs = pair[0];
		*ours = pair[1];
	}
	return rc ? err_errno(e, -rc, "cannot make a socket") : 0;
}

int share_open(struct service_set *set, const char *guest, const struct scenario_share *s, int *fd,
	struct err *e)
{
	struct command c = { .n = 0 };
	char name[SERVICE_NAME], text[4400];
	CLEANUP_FD int theirs = -1;
	CLEANUP_FD int ours = -1;
	CLEANUP_FD int conf = -1;
	int rc = s->type == SCENARIO_SHARE_9P ? diod_command(&c, text, sizeof(text), e)
					      : virtiofsd_command(&c, s, text, sizeof(text), e);

	if (!rc)
		rc = make_sockets(s, &theirs, &ours, e);
	if (!rc && s->type == SCENARIO_SHARE_9P) {
		conf = diod_conf(s);
		if (conf < 0)
			rc = err_errno(e, -conf, "cannot write what diod is to export");
	}
	if (!rc) {
		const struct service_fd fds[] = { { theirs, SOCK_AT }, { conf, CONF_AT } };
		const struct service_config cfg = { .name = name,
			.argv = c.argv,
			.fds = fds,
			.n_fds = conf >= 0 ? 2 : 1,
			.ends_itself = true };

		service_name_of(name, guest, s);
		rc = service_start(set, &cfg, NULL, e);
	}
	if (rc) {
		err_prefix(e, "share %s", s->tag);
		return rc;
	}
	*fd = fd_take(&ours);
	return 0;
}

void shares_close(struct service_set *set, const char *guest, const struct scenario_guest *g)
{
	for (uint32_t i = 0; i < g->n_shares; i++) {
		char name[SERVICE_NAME];

		service_name_of(name, guest, &g->shares[i]);
		services_stop_named(set, name);
	}
}

int vhost_user_connect(const struct scenario_vhost_user *v, struct err *e)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	CLEANUP_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(v->socket) >= sizeof(a.sun_path))
		return err_set(e, -ENAMETOOLONG,
			"the path of the socket %s is too long: %zu bytes "
			"are possible",
			v->socket, sizeof(a.sun_path) - 1);
	memcpy(a.sun_path, v->socket, strlen(v->socket) + 1);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		return err_errno(e, errno,
			"cannot connect to %s: the program that serves the device must be running",
			v->socket);
	return fd_take(&fd);
}
