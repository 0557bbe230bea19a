/* SPDX-License-Identifier: Apache-2.0 */
/* Spans of images, and what file systems have in common; see fs.h. */
#include "sim/bootdisk/fs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

static int read_fd(const struct disk_source *s, uint64_t off, void *dst, size_t len)
{
	uint8_t *to = dst;

	while (len) {
		ssize_t n = pread(s->fd, to, len, (off_t)off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EBADMSG;
		to += n;
		off += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

int disk_source_fd(struct disk_source *s, int fd)
{
	int64_t bytes = fd_size(fd);

	if (bytes < 0)
		return (int)bytes;
	*s = (struct disk_source){ .read = read_fd, .bytes = (uint64_t)bytes, .fd = fd };
	return 0;
}

static int read_mem(const struct disk_source *s, uint64_t off, void *dst, size_t len)
{
	memcpy(dst, s->mem + off, len);
	return 0;
}

void disk_source_mem(struct disk_source *s, const void *mem, size_t bytes)
{
	*s = (struct disk_source){ .read = read_mem, .bytes = bytes, .mem = mem };
}

int disk_read(const struct disk_span *s, uint64_t off, void *dst, size_t len)
{
	if (off > s->bytes || len > s->bytes - off)
		return -EBADMSG;
	if (s->at > s->src->bytes || off > s->src->bytes - s->at ||
		len > s->src->bytes - s->at - off)
		return -EBADMSG;
	return len ? s->src->read(s->src, s->at + off, dst, len) : 0;
}

int disk_fs_open(const struct disk_span *span, struct disk_fs **out)
{
	int rc = disk_ext_open(span, out);

	return rc == -EINVAL ? disk_fat_open(span, out) : rc;
}

void disk_fs_free(struct disk_fs *fs)
{
	if (fs)
		fs->ops->free(fs);
}

struct text {
	char *b;
	size_t n, cap;
};

static int grow(void *arg, const void *data, size_t n)
{
	struct text *t = arg;

	if (n > t->cap - t->n) {
		size_t cap = MAX(2 * t->cap, t->n + n);
		char *b = realloc(t->b, cap + 1);

		if (!b)
			return -ENOMEM;
		t->b = b;
		t->cap = cap;
	}
	memcpy(t->b + t->n, data, n);
	t->n += n;
	return 0;
}

int disk_fs_text(struct disk_fs *fs, const char *path, size_t max, char **out)
{
	struct text t = { 0 };
	int rc = grow(&t, "", 1);

	t.n = 0;
	if (rc == 0)
		rc = fs->ops->read(fs, path, max, grow, &t);
	if (rc) {
		free(t.b);
		return rc;
	}
	for (size_t i = 0; i < t.n; i++) {
		if (!t.b[i])
			t.b[i] = ' ';
	}
	t.b[t.n] = '\0';
	*out = t.b;
	return 0;
}
