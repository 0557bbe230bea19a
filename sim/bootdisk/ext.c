/* SPDX-License-Identifier: Apache-2.0 */
/* ext2, ext3 and ext4 by libext2fs, on a span of an image: the library opens no file itself. */
#include <errno.h>
#include <ext2fs/ext2fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/bootdisk/fs.h"

#define MAX_BLOCK   65536
#define READ_BYTES  65536u
#define MAX_ENTRIES 65536u /* names of one folder that are looked at */

struct ext {
	struct disk_fs fs;
	struct disk_span span;
	struct struct_io_manager manager;
	ext2_filsys e2;
};

/* ---- how the library reads ---- */

/* The library opens by name: the name is the address of our struct. */
static errcode_t span_open(const char *name, int flags, io_channel *out)
{
	io_channel ch = calloc(1, sizeof(*ch));
	void *self = NULL;
	struct ext *x;

	(void)flags;
	if (!ch || sscanf(name, "%p", &self) != 1) {
		free(ch);
		return ENOMEM;
	}
	ch->name = strdup(name);
	if (!ch->name) {
		free(ch);
		return ENOMEM;
	}
	x = self;
	ch->magic = EXT2_ET_MAGIC_IO_CHANNEL;
	ch->manager = &x->manager;
	ch->block_size = 1024;
	ch->refcount = 1;
	ch->private_data = &x->span;
	*out = ch;
	return 0;
}

static errcode_t span_close(io_channel ch)
{
	if (--ch->refcount > 0)
		return 0;
	free(ch->name);
	free(ch);
	return 0;
}

static errcode_t span_blksize(io_channel ch, int bytes)
{
	if (bytes < 512 || bytes > MAX_BLOCK)
		return EXT2_ET_UNEXPECTED_BLOCK_SIZE;
	ch->block_size = bytes;
	return 0;
}

/* A negative count is one of bytes. */
static errcode_t span_read64(io_channel ch, unsigned long long block, int count, void *data)
{
	const struct disk_span *s = ch->private_data;
	uint64_t bytes = count < 0 ? (uint64_t) - (int64_t)count
				   : (uint64_t)count * (uint64_t)ch->block_size;
	uint64_t at = block;

	if (at > s->bytes / (uint64_t)ch->block_size ||
		disk_read(s, at * (uint64_t)ch->block_size, data, (size_t)bytes))
		return EXT2_ET_SHORT_READ;
	return 0;
}

static errcode_t span_read(io_channel ch, unsigned long block, int count, void *data)
{
	return span_read64(ch, block, count, data);
}

static errcode_t span_write(io_channel ch, unsigned long block, int count, const void *data)
{
	(void)ch;
	(void)block;
	(void)count;
	(void)data;
	return EXT2_ET_RO_FILSYS;
}

static errcode_t span_write64(io_channel ch, unsigned long long block, int count, const void *data)
{
	return span_write(ch, (unsigned long)block, count, data);
}

static errcode_t span_flush(io_channel ch)
{
	(void)ch;
	return 0;
}

static const struct struct_io_manager span_manager = { .magic = EXT2_ET_MAGIC_IO_MANAGER,
	.name = "a span of an image",
	.open = span_open,
	.close = span_close,
	.set_blksize = span_blksize,
	.read_blk = span_read,
	.write_blk = span_write,
	.flush = span_flush,
	.read_blk64 = span_read64,
	.write_blk64 = span_write64 };

/* ---- the interface ---- */

/* What the library says about an image is damage, but for these. */
static int errno_of(errcode_t e)
{
	if (e == EXT2_ET_FILE_NOT_FOUND || e == EXT2_ET_NO_DIRECTORY)
		return -ENOENT;
	return e == EXT2_ET_NO_MEMORY || e == ENOMEM ? -ENOMEM : -EBADMSG;
}

static int find(struct ext *x, const char *path, ext2_ino_t *ino, struct ext2_inode *inode)
{
	errcode_t e = ext2fs_namei_follow(x->e2, EXT2_ROOT_INO, EXT2_ROOT_INO, path, ino);

	if (!e)
		e = ext2fs_read_inode(x->e2, *ino, inode);
	return e ? errno_of(e) : 0;
}

struct listing {
	bool (*each)(void *arg, const char *name, bool folder);
	void *arg;
	unsigned int n;
};

static int list_one(struct ext2_dir_entry *d, int offset, int block_bytes, char *buf, void *private)
{
	struct listing *l = private;
	int len = ext2fs_dirent_name_len(d);
	char name[EXT2_NAME_LEN + 1];

	(void)offset;
	(void)block_bytes;
	(void)buf;
	memcpy(name, d->name, (size_t)len);
	name[len] = '\0';
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return 0;
	if (++l->n > MAX_ENTRIES)
		return DIRENT_ABORT;
	return l->each(l->arg, name, ext2fs_dirent_file_type(d) == EXT2_FT_DIR) ? 0 : DIRENT_ABORT;
}

static int ext_list(struct disk_fs *fs, const char *dir,
	bool (*each)(void *arg, const char *name, bool folder), void *arg)
{
	struct ext *x = (struct ext *)fs;
	struct listing l = { .each = each, .arg = arg };
	struct ext2_inode inode;
	ext2_ino_t ino;
	int rc = find(x, dir, &ino, &inode);
	errcode_t e;

	if (rc)
		return rc;
	if (!LINUX_S_ISDIR(inode.i_mode))
		return -ENOTDIR;
	e = ext2fs_dir_iterate(x->e2, ino, 0, NULL, list_one, &l);
	return e ? errno_of(e) : 0;
}

static int copy_file(ext2_file_t file, uint64_t bytes, uint8_t *buf,
	int (*sink)(void *arg, const void *data, size_t n), void *arg)
{
	while (bytes) {
		unsigned int got = 0;
		errcode_t e = ext2fs_file_read(
			file, buf, (unsigned int)MIN(bytes, (uint64_t)READ_BYTES), &got);
		int rc;

		if (e || !got)
			return e ? errno_of(e) : -EBADMSG;
		rc = sink(arg, buf, got);
		if (rc)
			return rc;
		bytes -= MIN(bytes, (uint64_t)got);
	}
	return 0;
}

static int ext_read(struct disk_fs *fs, const char *path, uint64_t max,
	int (*sink)(void *arg, const void *data, size_t n), void *arg)
{
	struct ext *x = (struct ext *)fs;
	struct ext2_inode inode;
	ext2_file_t file;
	ext2_ino_t ino;
	uint8_t *buf;
	int rc = find(x, path, &ino, &inode);
	errcode_t e;

	if (rc)
		return rc;
	if (!LINUX_S_ISREG(inode.i_mode))
		return LINUX_S_ISDIR(inode.i_mode) ? -EISDIR : -EBADMSG;
	if (EXT2_I_SIZE(&inode) > max)
		return -EFBIG;
	e = ext2fs_file_open2(x->e2, ino, &inode, 0, &file);
	if (e)
		return errno_of(e);
	buf = malloc(READ_BYTES);
	rc = buf ? copy_file(file, EXT2_I_SIZE(&inode), buf, sink, arg) : -ENOMEM;
	free(buf);
	(void)ext2fs_file_close(file);
	return rc;
}

static void ext_free(struct disk_fs *fs)
{
	struct ext *x = (struct ext *)fs;

	if (x->e2)
		(void)ext2fs_close_free(&x->e2);
	free(x);
}

static const struct disk_fs_ops ext_ops = { ext_list, ext_read, ext_free };

static void read_names(struct ext *x)
{
	const struct ext2_super_block *sb = x->e2->super;
	const uint8_t *u = sb->s_uuid;

	snprintf(x->fs.uuid, sizeof(x->fs.uuid),
		"%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0], u[1],
		u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14],
		u[15]);
	memcpy(x->fs.label, sb->s_volume_name, sizeof(sb->s_volume_name));
}

int disk_ext_open(const struct disk_span *span, struct disk_fs **out)
{
	static const uint8_t magic[2] = { 0x53, 0xef };
	uint8_t seen[2];
	char name[32];
	struct ext *x;
	errcode_t e;

	if (disk_read(span, 1024 + 56, seen, sizeof(seen)) || memcmp(seen, magic, 2) != 0)
		return -EINVAL;
	x = calloc(1, sizeof(*x));
	if (!x)
		return -ENOMEM;
	x->fs.ops = &ext_ops;
	x->fs.type = "ext4";
	x->span = *span;
	x->manager = span_manager;
	snprintf(name, sizeof(name), "%p", (void *)x);
	/* A journal that is to be replayed is no hindrance to reading. */
	e = ext2fs_open2(name, NULL, EXT2_FLAG_64BITS | EXT2_FLAG_IGNORE_CSUM_ERRORS, 0, 0,
		&x->manager, &x->e2);
	if (e) {
		x->e2 = NULL;
		ext_free(&x->fs);
		return errno_of(e);
	}
	read_names(x);
	*out = &x->fs;
	return 0;
}
