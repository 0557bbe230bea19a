/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading disk images that nobody vouches for: a span of the image, the partitions on it, and file
 * systems behind one small interface. Nothing is ever written. Every number that comes from the
 * image is checked before it is used; what is damaged is -EBADMSG.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* ---- the image ---- */

struct nbd_handle;
struct disk_ahead;

struct disk_source {
	/* Reads exactly len bytes; 0 or -errno. off + len was checked against `bytes`. */
	int (*read)(const struct disk_source *s, uint64_t off, void *dst, size_t len);
	uint64_t bytes;
	union {
		int fd;
		const uint8_t *mem;
		struct nbd_handle *nbd;
		struct disk_ahead *ahead;
	};
};

/* A file or block device, borrowed. 0 or -errno. */
MUST_CHECK int disk_source_fd(struct disk_source *s, int fd);
/* Bytes in memory, borrowed. */
void disk_source_mem(struct disk_source *s, const void *mem, size_t bytes);
/* What an NBD server has: `fd` is connected to it, and taken. 0 or -errno with a message. Blocks.
 */
MUST_CHECK int disk_source_nbd(
	struct disk_source *s, int fd, const char *export_name, struct err *e);

/* What disk_source_ahead() keeps. Two windows: a file, and the map of where its blocks are. */
#define DISK_WINDOW_BYTES 65536u
#define DISK_WINDOWS      2u
struct disk_ahead {
	const struct disk_source *from;
	unsigned int last; /* the window that was used last */
	struct disk_window {
		uint64_t at;
		bool filled;
		uint8_t bytes[DISK_WINDOW_BYTES];
	} window[DISK_WINDOWS];
};

/*
 * Reads `from` in aligned windows: file systems ask for a block at a time, and each would be a
 * system call, or a way to an NBD server and back. `from` and `ahead` are borrowed.
 */
void disk_source_ahead(
	struct disk_source *s, struct disk_ahead *ahead, const struct disk_source *from);
/* Idempotent; legal on what was zeroed. */
void disk_source_fini(struct disk_source *s);

/* A part of an image. */
struct disk_span {
	const struct disk_source *src;
	uint64_t at, bytes;
};

/* 0; -EBADMSG beyond the span's end; -errno. */
MUST_CHECK int disk_read(const struct disk_span *s, uint64_t off, void *dst, size_t len);

/* ---- partitions (table.c) ---- */

#define DISK_MAX_PARTITIONS 128

enum disk_part_kind { DISK_PART_OTHER, DISK_PART_ESP, DISK_PART_XBOOTLDR };

struct disk_part {
	struct disk_span span;
	enum disk_part_kind kind;
	uint32_t number; /* from 1; 0: the image has no table and is one file system */
	bool gpt;
};

/* Reads a GPT or an MBR with logical partitions; the number of entries in out[]. Without a table
 * the whole image is the only one. -errno. Pure but for reads. */
MUST_CHECK int disk_partitions(const struct disk_source *src, struct disk_part *out, size_t max);

/* ---- file systems ---- */

struct disk_fs;

struct disk_fs_ops {
	/* Every name in a folder but "." and "..". Stops when `each` returns false. */
	int (*list)(struct disk_fs *fs, const char *dir,
		bool (*each)(void *arg, const char *name, bool folder), void *arg);
	/* Hands the file's bytes to `sink` in order; its error ends it. -ENOENT, -EISDIR,
	 * -EFBIG for more than `max` bytes, -EBADMSG. Symbolic links are followed. */
	int (*read)(struct disk_fs *fs, const char *path, uint64_t max,
		int (*sink)(void *arg, const void *data, size_t n), void *arg);
	void (*free)(struct disk_fs *fs);
};

struct disk_fs {
	const struct disk_fs_ops *ops;
	const char *type; /* "vfat", "ext4" */
	char uuid[40]; /* as blkid writes it; "" where it has none */
	char label[32];
};

/* -EINVAL: it is no such file system; -EBADMSG: a damaged one; another -errno. */
MUST_CHECK int disk_fat_open(const struct disk_span *span, struct disk_fs **out);
MUST_CHECK int disk_ext_open(const struct disk_span *span, struct disk_fs **out);
/* Whichever it is; -EINVAL when it is none of them. */
MUST_CHECK int disk_fs_open(const struct disk_span *span, struct disk_fs **out);
/* NULL is legal. */
void disk_fs_free(struct disk_fs *fs);
/* Reads a small file into a fresh buffer, NUL-terminated; NULs inside become blanks. */
MUST_CHECK int disk_fs_text(struct disk_fs *fs, const char *path, size_t max, char **out);
