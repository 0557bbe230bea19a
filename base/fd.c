/* SPDX-License-Identifier: Apache-2.0 */
/* File descriptor helpers; see fd.h. */
#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

void fd_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

int fd_set_nonblock(int fd, int on)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return -errno;
	flags = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
	return fcntl(fd, F_SETFL, flags) < 0 ? -errno : 0;
}

void fd_receive_room(int fd, int bytes)
{
	/* Past the host's limit with CAP_NET_ADMIN, else up to it: both are best efforts. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
}

int fd_write_all(int fd, const void *buf, size_t len)
{
	const uint8_t *p = buf;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

ssize_t fd_read_all(int fd, void *buf, size_t len)
{
	uint8_t *p = buf;
	size_t got = 0;

	while (got < len) {
		ssize_t n = read(fd, p + got, len - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

static int make_memfd(const char *name, uint64_t size, unsigned int flags)
{
	int fd, rc;

	if (size > INT64_MAX)
		return -EFBIG;
	fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | flags);
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)size) < 0 ||
		fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
		rc = -errno;
		close(fd);
		return rc;
	}
	return fd;
}

int fd_memfd(const char *name, uint64_t size)
{
	return make_memfd(name, size, 0);
}

int fd_memfd_huge(const char *name, uint64_t size, unsigned int page_shift)
{
	return make_memfd(name, size, MFD_HUGETLB | page_shift << MAP_HUGE_SHIFT);
}

bool fd_is_sealed(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && (seals & F_SEAL_SHRINK) && (seals & F_SEAL_GROW);
}

int64_t fd_size(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	return st.st_size;
}

int fd_slurp(int fd, size_t max, uint8_t **buf, size_t *len)
{
	size_t cap = 4096, n = 0;
	int64_t size = fd_size(fd);
	uint8_t *b;

	if (size > 0)
		cap = MIN((size_t)size, max) + 2;
	b = malloc(cap);
	if (!b)
		return -ENOMEM;
	for (;;) {
		ssize_t got = fd_read_all(fd, b + n, cap - n - 1);
		uint8_t *bigger;

		if (got < 0) {
			free(b);
			return (int)got;
		}
		n += (size_t)got;
		if (n > max) {
			free(b);
			return -EFBIG;
		}
		if (n < cap - 1)
			break;
		cap = MIN(cap * 2, max + 2);
		bigger = realloc(b, cap);
		if (!bigger) {
			free(b);
			return -ENOMEM;
		}
		b = bigger;
	}
	b[n] = '\0';
	*buf = b;
	*len = n;
	return 0;
}

int file_slurp(const char *path, size_t max, uint8_t **buf, size_t *len, struct err *e)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return err_errno(e, errno, "cannot open %s", path);
	rc = fd_slurp(fd, max, buf, len);
	return rc < 0 ? err_errno(e, -rc, "cannot read %s", path) : 0;
}

int file_write(const char *path, const void *buf, size_t len, struct err *e)
{
	CLEANUP_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	int rc = fd < 0 ? -errno : fd_write_all(fd, buf, len);

	return rc < 0 ? err_errno(e, -rc, "cannot write %s", path) : 0;
}

int mkdir_p(const char *path)
{
	char p[4096];
	size_t n = strlen(path);

	if (n == 0 || n >= sizeof(p))
		return n == 0 ? -ENOENT : -ENAMETOOLONG;
	memcpy(p, path, n + 1);
	for (size_t i = 1; i <= n; i++) {
		if (p[i] != '/' && p[i] != '\0')
			continue;
		p[i] = '\0';
		if (mkdir(p, 0777) < 0 && errno != EEXIST)
			return -errno;
		p[i] = path[i];
	}
	return 0;
}
