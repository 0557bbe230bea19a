/* SPDX-License-Identifier: Apache-2.0 */
/* A source that reads another one in windows; see fs.h. */
#include <string.h>

#include "sim/bootdisk/fs.h"

/* The window from `at` on; NULL when not all of it can be read. */
static const struct disk_window *window(struct disk_ahead *a, uint64_t at)
{
	const struct disk_source *from = a->from;
	struct disk_window *w;

	for (unsigned int i = 0; i < DISK_WINDOWS; i++) {
		w = &a->window[i];
		if (w->filled && w->at == at) {
			a->last = i;
			return w;
		}
	}
	a->last = (a->last + 1) % DISK_WINDOWS;
	w = &a->window[a->last];
	w->at = at;
	w->filled = from->read(from, at, w->bytes,
			    (size_t)MIN((uint64_t)DISK_WINDOW_BYTES, from->bytes - at)) == 0;
	return w->filled ? w : NULL;
}

static int read_ahead(const struct disk_source *s, uint64_t off, void *dst, size_t len)
{
	const struct disk_source *from = s->ahead->from;
	uint8_t *to = dst;

	if (len >= DISK_WINDOW_BYTES)
		return from->read(from, off, dst, len);
	while (len) {
		size_t skip = (size_t)(off % DISK_WINDOW_BYTES);
		size_t part = MIN(len, DISK_WINDOW_BYTES - skip);
		const struct disk_window *w = window(s->ahead, off - skip);

		/* What cannot be read may lie beside what is asked for. */
		if (!w)
			return from->read(from, off, to, len);
		memcpy(to, w->bytes + skip, part);
		to += part;
		off += part;
		len -= part;
	}
	return 0;
}

void disk_source_ahead(
	struct disk_source *s, struct disk_ahead *ahead, const struct disk_source *from)
{
	ahead->from = from;
	ahead->last = 0;
	for (unsigned int i = 0; i < DISK_WINDOWS; i++)
		ahead->window[i].filled = false;
	*s = (struct disk_source){ .read = read_ahead, .bytes = from->bytes, .ahead = ahead };
}
