/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File descriptors: ownership helpers, whole-buffer I/O, sealed memfds. All fds that Dyno opens
 * are close-on-exec; an fd that is not open is -1.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/types.h>

#include "base/err.h"

/* Closes *fd when it is open and sets it to -1. Keeps errno. */
void fd_close(int *fd);
/* Gives the fd to the caller and sets *fd to -1. */
static inline int fd_take(int *fd)
{
	int v = *fd;

	*fd = -1;
	return v;
}

static inline void fd_cleanup_(int *fd)
{
	fd_close(fd);
}
/* `CLEANUP_FD int fd = -1;` closes at the end of the scope. Set-up code only. */
#define CLEANUP_FD __attribute__((cleanup(fd_cleanup_)))

static inline void free_cleanup_(void *p)
{
	free(*(void **)p);
}
#define CLEANUP_FREE __attribute__((cleanup(free_cleanup_)))

/* O_NONBLOCK on or off. 0 or -errno. */
MUST_CHECK int fd_set_nonblock(int fd, int on);
/* Asks for room for `bytes` received; less where the user may not have so much. */
void fd_receive_room(int fd, int bytes);
/* Writes all bytes, retrying EINTR and short writes (blocks). 0 or -errno. */
MUST_CHECK int fd_write_all(int fd, const void *buf, size_t len);
/* Reads until `len` bytes or end of file. Bytes read (>= 0) or -errno. */
MUST_CHECK ssize_t fd_read_all(int fd, void *buf, size_t len);
/*
 * A memfd of `size` bytes that can be neither shrunk nor grown afterwards (seals), so that a
 * process which maps it cannot be made to fault. The fd, or -errno.
 */
MUST_CHECK int fd_memfd(const char *name, uint64_t size);
/* The same of the host's huge pages of 1 << page_shift bytes (21, 30). They are reserved when they
 * are mapped. */
MUST_CHECK int fd_memfd_huge(const char *name, uint64_t size, unsigned int page_shift);
/* True when fd is a memfd that can neither shrink nor grow any more. */
bool fd_is_sealed(int fd);
/* True size of what fd refers to; -errno when it cannot be told. */
MUST_CHECK int64_t fd_size(int fd);
/* Reads a whole file into a fresh buffer (NUL added, not counted); at most `max` bytes (EFBIG). */
MUST_CHECK int fd_slurp(int fd, size_t max, uint8_t **buf, size_t *len);
MUST_CHECK int file_slurp(const char *path, size_t max, uint8_t **buf, size_t *len, struct err *e);
/* Makes a file of these bytes, or overwrites it. 0 or -errno with a message. */
MUST_CHECK int file_write(const char *path, const void *buf, size_t len, struct err *e);
/* Makes a folder and its parents. 0 or -errno. */
MUST_CHECK int mkdir_p(const char *path);
