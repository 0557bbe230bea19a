/* SPDX-License-Identifier: Apache-2.0 */
/* Raw disk images and block devices: opened, locked, copied; see disk.h. */
#include "sim/bench/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "sim/bench/unix_socket.h"

/* The kernel closes the files of an io_uring a moment after its process ended: a run that follows
 * at once waits for that. */
#define IN_USE_WAIT_MS 1000
#define IN_USE_STEP_MS 5

/* Whether a file system on the block device is mounted for writing: its blocks change under us. */
static bool mounted_rw(dev_t dev)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[4096], want[32];
	bool found = false;

	snprintf(want, sizeof(want), " %u:%u ", major(dev), minor(dev));

	while (f && !found && fgets(line, sizeof(line), f)) {
		const char *tail = strstr(line, " - "), *id = strchr(line, ' ');

		/* ID PARENT MAJOR:MINOR ... - TYPE SOURCE SUPER-OPTIONS */
		id = id ? strchr(id + 1, ' ') : NULL;
		if (!tail || !id || strncmp(id, want, strlen(want)) != 0)
			continue;
		tail = strrchr(tail, ' ');
		found = tail && strncmp(tail + 1, "rw", 2) == 0;
	}
	if (f)
		fclose(f);
	return found;
}

static int check_device(const char *path, bool writes, struct err *e)
{
	struct stat st;

	if (stat(path, &st) < 0 || !S_ISBLK(st.st_mode))
		return 0;
	if (!writes && mounted_rw(st.st_rdev))
		return err_set(e, -EBUSY,
			"the block device %s is mounted for writing on this host: unmount it first",
			path);
	return S_ISBLK(st.st_mode);
}

/* It, locked, or -errno: -EBUSY or -EAGAIN where it is in use. */
static int open_locked_once(const char *path, bool writes, bool block)
{
	/* Of a block device O_EXCL is the lock of mounts, swap, RAID and other users like us. */
	int fd = open(
		path, (writes ? O_RDWR : O_RDONLY) | (block && writes ? O_EXCL : 0) | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return -errno;
	if (flock(fd, (writes ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

int disk_open_locked(const char *path, bool writes, struct err *e)
{
	const struct timespec step = { .tv_nsec = (long)(IN_USE_STEP_MS * NS_PER_MS) };
	int block = check_device(path, writes, e), fd;

	if (block < 0)
		return block;
	fd = open_locked_once(path, writes, block);
	for (int ms = 0; (fd == -EBUSY || fd == -EAGAIN) && ms < IN_USE_WAIT_MS;
		ms += IN_USE_STEP_MS) {
		nanosleep(&step, NULL);
		fd = open_locked_once(path, writes, block);
	}
	if (fd == -EBUSY && block)
		return err_set(e, -EBUSY,
			"the block device %s is in use on this host (mounted, or a part of something "
			"larger): the guest would destroy that",
			path);
	if (fd == -EAGAIN)
		return err_set(e, -EBUSY, "the disk %s is in use by another guest or run, and %s",
			path, writes ? "this one would write to it" : "that one writes to it");
	if (fd < 0)
		return err_errno(
			e, -fd, "cannot open the disk %s%s", path, writes ? " for writing" : "");
	return fd;
}

/* Copies up to n bytes through memory. How many, or -1 with errno. */
static ssize_t copy_bytes(int to, int from, off_t at, size_t n)
{
	uint8_t buf[65536];
	ssize_t got = pread(from, buf, MIN(n, sizeof(buf)), at);

	return got > 0 ? pwrite(to, buf, (size_t)got, at) : got;
}

/* Copies [at, end) of one file to the same place of the other. */
static int copy_part(int to, int from, off_t at, off_t end)
{
	while (at < end) {
		off_t src = at, dst = at;
		ssize_t n = copy_file_range(from, &src, to, &dst, (size_t)(end - at), 0);

		/* Some file systems do it for files of their own only, or not at all. */
		if (n < 0 && (errno == EXDEV || errno == EOPNOTSUPP || errno == EINVAL))
			n = copy_bytes(to, from, at, (size_t)(end - at));
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
	CLEANUP_FD int base = disk_open_locked(d->file, false, e);
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
	return disk_open_locked(d->overlay_path, !d->read_only, e);
}

/* What is called raw and looks like something else is a mistake: of a person, or worse. */
static int check_raw(const struct scenario_disk *d, int fd, struct err *e)
{
	static const struct {
		const char *magic;
		enum scenario_format format;
	} known[] = {
		{ "QFI\xfb", SCENARIO_FORMAT_QCOW2 },
		{ "KDMV", SCENARIO_FORMAT_VMDK },
		{ "vhdxfile", SCENARIO_FORMAT_VHDX },
		{ "conectix", SCENARIO_FORMAT_VPC },
	};
	char head[8] = { 0 };

	if (d->own_format || pread(fd, head, sizeof(head), 0) < 0)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (memcmp(head, known[i].magic, strlen(known[i].magic)) == 0)
			return err_set(e, -EINVAL,
				"the disk %s begins like a %s image: say `format: %s` if you trust it, "
				"or `format: raw`",
				d->file, scenario_format_name(known[i].format),
				scenario_format_name(known[i].format));
	}
	return 0;
}

const char *disk_name(const struct scenario_disk *sd)
{
	return sd->uri ? sd->uri : sd->file;
}

bool disk_is_uri(const char *text)
{
	return strncmp(text, "nbd://", 6) == 0 || strncmp(text, "nbd+unix://", 11) == 0;
}

void disk_clear(struct disk *d)
{
	*d = (struct disk){ .fd = -1, .lock = -1 };
}

bool disk_is_nbd(const struct disk *d)
{
	return d->sd && d->fd < 0;
}

int disk_open(struct disk *d, const struct scenario_disk *sd, struct service_set *set,
	const char *name, const char *out_dir, struct err *e)
{
	int rc;

	disk_clear(d);
	d->sd = sd;
	if (sd->uri || sd->format != SCENARIO_FORMAT_RAW || sd->overlay_qcow2)
		return disk_serve(d, set, name, out_dir, e);
	if (sd->overlay == SCENARIO_OVERLAY_FILE)
		d->fd = open_copy(sd, e);
	else
		d->fd = disk_open_locked(
			sd->file, sd->overlay == SCENARIO_OVERLAY_NONE && !sd->read_only, e);
	rc = d->fd < 0 ? d->fd : check_raw(sd, d->fd, e);
	if (rc < 0)
		disk_close(d);
	return rc;
}

void disk_close(struct disk *d)
{
	fd_close(&d->fd);
	fd_close(&d->lock);
	if (d->dir)
		unix_remove(d->dir, d->socket);
	disk_clear(d);
}
