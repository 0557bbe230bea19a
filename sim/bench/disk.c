/* SPDX-License-Identifier: Apache-2.0 */
/* Disk images: opened, locked, copied; see disk.h. */
#include "sim/bench/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

/* The lock lives as long as any copy of the descriptor, dyno-vm's too. */
static int open_locked(const char *path, bool writes, struct err *e)
{
	int fd = open(path, (writes ? O_RDWR : O_RDONLY) | O_CLOEXEC);

	if (fd < 0)
		return err_errno(
			e, errno, "cannot open the disk %s%s", path, writes ? " for writing" : "");
	if (flock(fd, (writes ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0)
		return fd;
	(void)err_errno(e, errno, "the disk %s is in use by another guest or run, and %s", path,
		writes ? "this one would write to it" : "that one writes to it");
	fd_close(&fd);
	return -EBUSY;
}

/* Copies [at, end) of one file to the same place of the other. */
static int copy_part(int to, int from, off_t at, off_t end)
{
	while (at < end) {
		off_t src = at, dst = at;
		ssize_t n = copy_file_range(from, &src, to, &dst, (size_t)(end - at), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		at += n;
	}
	return 0;
}

/* Shares the blocks where the file system can; else copies what is no hole. */
static int copy_image(int to, int from, off_t bytes)
{
	off_t at = 0;

	if (ioctl(to, FICLONE, from) == 0)
		return 0;
	if (ftruncate(to, bytes) < 0)
		return -errno;
	while (at < bytes) {
		off_t data = lseek(from, at, SEEK_DATA), hole;
		int rc;

		if (data < 0)
			return errno == ENXIO ? 0 : -errno;
		hole = lseek(from, data, SEEK_HOLE);
		if (hole < 0)
			return -errno;
		rc = copy_part(to, from, data, hole);
		if (rc < 0)
			return rc;
		at = hole;
	}
	return 0;
}

/* Makes the copy under another name first: one that was cut short is never taken for whole. */
static int make_copy(const struct scenario_disk *d, int from, off_t bytes, struct err *e)
{
	char part[4096];
	int n = snprintf(part, sizeof(part), "%s.part", d->overlay_path), rc;
	CLEANUP_FD int to = -1;

	if (n < 0 || (size_t)n >= sizeof(part))
		return err_set(e, -ENAMETOOLONG, "the path of a disk's overlay is too long");
	to = open(part, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (to < 0)
		return err_errno(e, errno, "cannot make the overlay %s", part);
	rc = copy_image(to, from, bytes);
	if (rc == 0 && (fsync(to) < 0 || rename(part, d->overlay_path) < 0))
		rc = -errno;
	if (rc < 0) {
		(void)unlink(part);
		return err_errno(e, -rc, "cannot copy %s to %s", d->file, d->overlay_path);
	}
	return 0;
}

static int open_copy(const struct scenario_disk *d, struct err *e)
{
	CLEANUP_FD int base = open_locked(d->file, false, e);
	struct stat from, to;

	if (base < 0)
		return base;
	if (fstat(base, &from) < 0)
		return err_errno(e, errno, "cannot look at %s", d->file);
	if (stat(d->overlay_path, &to) < 0) {
		int rc = errno == ENOENT
				 ? make_copy(d, base, from.st_size, e)
				 : err_errno(e, errno, "cannot look at %s", d->overlay_path);

		if (rc < 0)
			return rc;
	} else if (to.st_size != from.st_size) {
		return err_set(e, -EINVAL,
			"the overlay %s was not made from %s: their sizes differ; delete it to start "
			"again from the image",
			d->overlay_path, d->file);
	} else if (to.st_dev == from.st_dev && to.st_ino == from.st_ino) {
		return err_set(e, -EINVAL, "the overlay %s is the image itself", d->overlay_path);
	}
	return open_locked(d->overlay_path, !d->read_only, e);
}

int disk_open(const struct scenario_disk *d, struct err *e)
{
	if (d->overlay == SCENARIO_OVERLAY_FILE)
		return open_copy(d, e);
	return open_locked(d->file, d->overlay == SCENARIO_OVERLAY_NONE && !d->read_only, e);
}
