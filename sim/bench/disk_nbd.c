/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Disks of NBD servers: qemu-nbd for images that are not raw, started with a listening socket that
 * is ours, and servers that somebody else runs; see disk.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "sim/bench/disk.h"
#include "sim/bench/unix_socket.h"

#define PACKAGE         "qemu-utils"
#define DEFAULT_PORT    "10809"
#define CONNECT_WAIT_MS 10000
#define BACKLOG         16

/* ---- URIs ---- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Copies text[0..n) with each %XX as its byte. False when it does not fit or is none. */
static bool decode(char *out, size_t cap, const char *text, size_t n)
{
	size_t len = 0;

	while (n > 0) {
		char c = *text;
		size_t used = 1;

		if (c == '%') {
			int high = n >= 3 ? hex_digit(text[1]) : -1;
			int low = n >= 3 ? hex_digit(text[2]) : -1;

			if (high < 0 || low < 0)
				return false;
			c = (char)(high << 4 | low);
			used = 3;
		}
		if (c == '\0' || len + 1 >= cap)
			return false;
		out[len++] = c;
		text += used;
		n -= used;
	}
	out[len] = '\0';
	return true;
}

/* HOST[:PORT], an IPv6 address in brackets. */
static bool parse_host(struct disk_uri *u, const char *text, size_t n)
{
	const char *end = text + n, *close = memchr(text, ']', n), *colon;
	bool six = n > 0 && text[0] == '[';
	size_t host;

	if (six && !close)
		return false;
	colon = six ? close + 1 : memchr(text, ':', n);
	if (!colon)
		colon = end;
	if (colon < end && *colon != ':')
		return false;
	host = six ? (size_t)(close - text) - 1 : (size_t)(colon - text);
	snprintf(u->port, sizeof(u->port), "%s", DEFAULT_PORT);
	if (!decode(u->host, sizeof(u->host), text + six, host) || !u->host[0])
		return false;
	return colon == end ||
	       (decode(u->port, sizeof(u->port), colon + 1, (size_t)(end - colon) - 1) &&
		       u->port[0] && strspn(u->port, "0123456789") == strlen(u->port));
}

int disk_uri_parse(struct disk_uri *out, const char *text, struct err *e)
{
	static const char tcp[] = "nbd://", local[] = "nbd+unix://", key[] = "socket=";
	bool is_local = strncmp(text, local, sizeof(local) - 1) == 0;
	const char *at = text + (is_local ? sizeof(local) : sizeof(tcp)) - 1;
	const char *query, *slash;
	bool ok;

	*out = (struct disk_uri){ .host = "" };
	if (!is_local && strncmp(text, tcp, sizeof(tcp) - 1) != 0)
		goto bad;
	query = strchr(at, '?');
	if (!query)
		query = at + strlen(at);
	slash = memchr(at, '/', (size_t)(query - at));
	if (!slash)
		slash = query;
	ok = slash == query || decode(out->export_name, sizeof(out->export_name), slash + 1,
				       (size_t)(query - slash) - 1);
	if (is_local)
		ok = ok && slash == at && *query && strncmp(query + 1, key, sizeof(key) - 1) == 0 &&
		     !strchr(query + 1, '&') &&
		     decode(out->socket, sizeof(out->socket), query + sizeof(key),
			     strlen(query + sizeof(key))) &&
		     out->socket[0];
	else
		ok = ok && !*query && parse_host(out, at, (size_t)(slash - at));
	if (ok)
		return 0;
bad:
	return err_set(e, -EINVAL,
		"the disk %.200s: write nbd://HOST[:PORT]/EXPORT or "
		"nbd+unix:///EXPORT?socket=PATH (of at most 107 bytes)",
		text);
}

/* ---- connecting ---- */

/* Connects without hanging on a host that does not answer. The socket, or -errno. */
static int connect_address(const struct addrinfo *a)
{
	CLEANUP_FD int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	int error = 0, on = 1;
	socklen_t len = sizeof(error);

	if (fd < 0)
		return -errno;
	if (connect(fd, a->ai_addr, a->ai_addrlen) < 0) {
		if (errno != EINPROGRESS)
			return -errno;
		if (poll(&p, 1, CONNECT_WAIT_MS) <= 0)
			return -ETIMEDOUT;
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0 || error)
			return error ? -error : -errno;
	}
	if (a->ai_family != AF_UNIX)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd_take(&fd);
}

static int connect_host(const struct disk_uri *u, struct err *e)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
	struct addrinfo *list = NULL;
	int rc = getaddrinfo(u->host, u->port, &hints, &list), fd = -EADDRNOTAVAIL;

	if (rc != 0)
		return err_set(e, -EHOSTUNREACH, "the NBD server %s port %s: %s", u->host, u->port,
			gai_strerror(rc));
	for (const struct addrinfo *a = list; a && fd < 0; a = a->ai_next)
		fd = connect_address(a);
	freeaddrinfo(list);
	return fd < 0 ? err_errno(e, -fd, "cannot connect to the NBD server %s port %s", u->host,
				u->port)
		      : fd;
}

static int connect_local(const struct disk_uri *u, struct err *e)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	const struct addrinfo a = {
		.ai_family = AF_UNIX, .ai_addr = (struct sockaddr *)&sa, .ai_addrlen = sizeof(sa)
	};
	int fd;

	static_assert(sizeof(u->socket) == sizeof(sa.sun_path), "a socket's path");
	memcpy(sa.sun_path, u->socket, sizeof(sa.sun_path));
	fd = connect_address(&a);
	return fd < 0 ? err_errno(e, -fd, "cannot connect to the NBD server at %s", u->socket) : fd;
}

static int connect_once(const struct disk *d, struct err *e)
{
	struct disk_uri u;
	int fd = -1, rc;

	if (d->sd->uri) {
		rc = disk_uri_parse(&u, d->sd->uri, e);
		if (rc < 0)
			return rc;
		return u.socket[0] ? connect_local(&u, e) : connect_host(&u, e);
	}
	rc = unix_connect(d->dir, d->socket, SOCK_STREAM, &fd);
	return rc < 0 ? err_errno(e, -rc, "qemu-nbd for %s is gone", d->sd->file) : fd;
}

int disk_connect(
	const struct disk *d, int fds[DISK_MAX_CONNECTIONS], unsigned int *n, struct err *e)
{
	unsigned int want = MIN(d->sd->queues, (uint32_t)DISK_MAX_CONNECTIONS);

	*n = 0;
	while (*n < want) {
		int fd = connect_once(d, e);

		if (fd < 0) {
			while (*n > 0)
				fd_close(&fds[--*n]);
			return fd;
		}
		fds[(*n)++] = fd;
	}
	return 0;
}

int disk_connect_reader(const struct disk *d, char export_name[DISK_EXPORT_NAME], struct err *e)
{
	struct disk_uri u = { .export_name = "" };
	int rc = d->sd->uri ? disk_uri_parse(&u, d->sd->uri, e) : 0;

	if (rc < 0)
		return rc;
	memcpy(export_name, u.export_name, sizeof(u.export_name));
	return connect_once(d, e);
}

/* ---- qemu-img ---- */

/* The last line of what a program said, without its end. */
static void last_line(int fd, char *out, size_t cap)
{
	char buf[4096];
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, buf + len, sizeof(buf) - 1 - len)) > 0 || (n < 0 && errno == EINTR)) {
		len += n > 0 ? (size_t)n : 0;
		if (len == sizeof(buf) - 1)
			break;
	}
	while (len > 0 && buf[len - 1] == '\n')
		len--;
	buf[len] = '\0';
	snprintf(out, cap, "%s", strrchr(buf, '\n') ? strrchr(buf, '\n') + 1 : buf);
}

/* Runs a program to its end. 0 or -errno with a message that has its last line. */
static int run_program(const char *const *argv, struct err *e)
{
	posix_spawn_file_actions_t fa;
	char line[256];
	int pipe_[2], status = 0, rc;
	pid_t pid;

	if (pipe2(pipe_, O_CLOEXEC) < 0)
		return err_errno(e, errno, "cannot run %s", argv[0]);
	rc = posix_spawn_file_actions_init(&fa);
	if (rc == 0)
		rc = posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
	if (rc == 0)
		rc = posix_spawn_file_actions_addopen(&fa, 1, "/dev/null", O_WRONLY, 0);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&fa, pipe_[1], 2);
	/* posix_spawn() does not change the strings; its type is that of execve(). */
	if (rc == 0)
		rc = posix_spawn(&pid, argv[0], &fa, NULL, (char *const *)(uintptr_t)argv, environ);
	(void)posix_spawn_file_actions_destroy(&fa);
	fd_close(&pipe_[1]);
	if (rc != 0) {
		fd_close(&pipe_[0]);
		return err_errno(e, rc, "cannot run %s", argv[0]);
	}
	last_line(pipe_[0], line, sizeof(line));
	fd_close(&pipe_[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return err_set(e, -EIO, "%s failed: %s", argv[0], line[0] ? line : "it said nothing");
}

/* An absolute path, so that no program takes it for an option or a protocol. */
static int absolute(const char *path, char *out, size_t cap, struct err *e)
{
	char cwd[4096] = "";
	int n;

	if (path[0] != '/' && !getcwd(cwd, sizeof(cwd)))
		return err_errno(e, errno, "cannot tell the working directory");
	n = snprintf(out, cap, "%s%s%s", cwd, cwd[0] ? "/" : "", path);
	return n < 0 || (size_t)n >= cap
		       ? err_set(e, -ENAMETOOLONG, "the path of a disk is too long")
		       : 0;
}

/* A qcow2 file with what changes, over the image; one that is there goes on. */
static int make_overlay(
	const struct scenario_disk *sd, const char *base, const char *overlay, struct err *e)
{
	char program[4096];
	const char *const argv[] = { program, "create", "-q", "-f", "qcow2", "-F",
		scenario_format_name(sd->format), "-b", base, overlay, NULL };
	int rc;

	if (access(overlay, F_OK) == 0)
		return 0;
	rc = service_find("qemu-img", PACKAGE, program, sizeof(program), e);
	if (rc == 0)
		rc = run_program(argv, e);
	if (rc < 0)
		err_prefix(e, "the overlay %s", overlay);
	return rc;
}

/* ---- qemu-nbd ---- */

static int start_server(struct disk *d, struct service_set *set, const char *name, const char *file,
	const char *format, bool writes, struct err *e)
{
	char program[4096], title[SERVICE_NAME];
	const char *argv[] = { program, "--persistent", "--shared=8", "--discard=unmap", "--format",
		format, file, writes ? NULL : "--read-only", NULL };
	struct service_config cfg = { .name = title, .argv = argv, .n_listen = 1 };
	int sock = -1, rc = service_find("qemu-nbd", PACKAGE, program, sizeof(program), e);

	if (rc < 0)
		return rc;
	snprintf(title, sizeof(title), "qemu-nbd %s", name);
	snprintf(d->socket, sizeof(d->socket), ".nbd-%s", name);
	rc = unix_listen(d->dir, d->socket, SOCK_STREAM, BACKLOG, &sock);
	if (rc < 0) {
		d->dir = NULL; /* what is there is not ours */
		return err_errno(e, -rc, "cannot make the socket of qemu-nbd");
	}
	cfg.listen = &sock;
	rc = service_start(set, &cfg, NULL, e);
	fd_close(&sock);
	return rc;
}

int disk_serve(struct disk *d, struct service_set *set, const char *name, const char *out_dir,
	struct err *e)
{
	const struct scenario_disk *sd = d->sd;
	bool overlay = sd->overlay == SCENARIO_OVERLAY_FILE;
	bool writes = sd->overlay != SCENARIO_OVERLAY_MEMORY && !sd->read_only;
	char base[4096], file[4096];
	struct disk_uri u;
	int rc;

	if (sd->uri)
		return disk_uri_parse(&u, sd->uri, e);
	rc = absolute(sd->file, base, sizeof(base), e);
	if (rc == 0)
		rc = absolute(overlay ? sd->overlay_path : sd->file, file, sizeof(file), e);
	if (rc == 0 && overlay)
		rc = make_overlay(sd, base, file, e);
	if (rc < 0)
		return rc;
	d->lock = disk_open_locked(file, writes, e);
	if (d->lock < 0)
		return d->lock;
	d->dir = out_dir;
	return start_server(d, set, name, file,
		overlay ? "qcow2" : scenario_format_name(sd->format), writes, e);
}
