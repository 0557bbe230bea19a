/* SPDX-License-Identifier: Apache-2.0 */
/* A FAT that may be anything: its folders are listed and its files read, to an end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/bootdisk/fs.h"

struct walk {
	struct disk_fs *fs;
	const char *dir;
	unsigned int depth, n;
	uint64_t bytes;
};

static int count(void *arg, const void *data, size_t n)
{
	struct walk *w = arg;

	(void)data;
	w->bytes += n;
	return 0;
}

static bool visit(void *arg, const char *name, bool folder)
{
	struct walk *w = arg, inner;
	char path[1024];

	if (strchr(name, '/') || ++w->n > 50)
		return false;
	snprintf(path, sizeof(path), "%s/%s", w->dir, name);
	inner = (struct walk){ .fs = w->fs, .dir = path, .depth = w->depth + 1 };
	if (folder && w->depth < 3)
		(void)!w->fs->ops->list(w->fs, path, visit, &inner);
	else if (w->fs->ops->read(w->fs, path, 1 << 20, count, &inner) == 0 &&
		 inner.bytes > 1 << 20)
		abort();
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct disk_source src;
	struct disk_span all = { &src, 0, size };
	struct walk w = { .dir = "" };

	disk_source_mem(&src, data, size);
	if (disk_fat_open(&all, &w.fs))
		return 0;
	(void)!w.fs->ops->list(w.fs, "/", visit, &w);
	disk_fs_free(w.fs);
	return 0;
}
