/* SPDX-License-Identifier: Apache-2.0 */
/* AF_UNIX sockets; see unix_socket.h. */
#include "sim/bench/unix_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"

/* The address, through the folder's descriptor *dirfd. 0 or -errno. */
static int address(const char *dir, const char *name, int *dirfd, struct sockaddr_un *sa)
{
	int n;

	*sa = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (name[0] == '/') {
		n = snprintf(sa->sun_path, sizeof(sa->sun_path), "%s", name);
	} else {
		*dirfd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (*dirfd < 0)
			return -errno;
		n = snprintf(
			sa->sun_path, sizeof(sa->sun_path), "/proc/self/fd/%d/%s", *dirfd, name);
	}
	return n < (int)sizeof(sa->sun_path) ? 0 : -ENAMETOOLONG;
}

/* A socket of a run that is over is removed; one that somebody listens on is not. */
static int clear_old(int sock, const struct sockaddr_un *sa)
{
	if (connect(sock, (const struct sockaddr *)sa, sizeof(*sa)) == 0)
		return -EADDRINUSE;
	if (errno == ECONNREFUSED && unlink(sa->sun_path) < 0)
		return -errno;
	return 0;
}

int unix_listen(const char *dir, const char *name, int type, int backlog, int *out)
{
	CLEANUP_FD int dirfd = -1;
	CLEANUP_FD int probe = -1;
	CLEANUP_FD int sock = -1;
	struct sockaddr_un sa;
	int rc = address(dir, name, &dirfd, &sa);

	if (rc)
		return rc;
	probe = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	sock = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (probe < 0 || sock < 0)
		return -errno;
	rc = clear_old(probe, &sa);
	if (rc)
		return rc;
	/* Before bind: the socket never exists with a wider mode. */
	if (fchmod(sock, 0600) < 0 || bind(sock, (const struct sockaddr *)&sa, sizeof(sa)) < 0 ||
		listen(sock, backlog) < 0)
		return -errno;
	*out = fd_take(&sock);
	return 0;
}

int unix_connect(const char *dir, const char *name, int type, int *out)
{
	CLEANUP_FD int dirfd = -1;
	CLEANUP_FD int sock = -1;
	struct sockaddr_un sa;
	int rc = address(dir, name, &dirfd, &sa);

	if (rc)
		return rc;
	sock = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sock < 0 || connect(sock, (const struct sockaddr *)&sa, sizeof(sa)) < 0)
		return -errno;
	*out = fd_take(&sock);
	return 0;
}

void unix_remove(const char *dir, const char *name)
{
	CLEANUP_FD int dirfd = -1;
	struct sockaddr_un sa;

	if (address(dir, name, &dirfd, &sa) == 0)
		(void)unlink(sa.sun_path);
}
