/* SPDX-License-Identifier: Apache-2.0 */
/* The list of watches, and what the bench is told of them; see watches.h. */
#include "ui/watches.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/log.h"
#include "ui/watch.h"

/* Of one watch, so many events and bytes of pictures a second, and one second's worth at once: a
 * display has 60 or 144 pictures a second, and each that is told costs the bench time. */
#define EVENTS_A_SECOND  UINT64_C(200)
#define PICTURE_A_SECOND (UINT64_C(64) << 20)

struct entry {
	uint64_t id;
	struct link *link;
	uint32_t display;
	struct watch watch;
	uint64_t refilled_ns, events, bytes; /* what may be told */
	uint64_t untold; /* events since the last that was told */
};

struct watches {
	watches_tell tell;
	uint32_t n;
	struct entry *entry[WATCHES_MAX];
};

int watches_new(struct watches **out, watches_tell tell)
{
	struct watches *ws = calloc(1, sizeof(*ws));

	if (!ws)
		return -ENOMEM;
	ws->tell = tell;
	*out = ws;
	return 0;
}

void watches_free(struct watches *ws)
{
	if (!ws)
		return;
	for (uint32_t i = 0; i < ws->n; i++) {
		watch_fini(&ws->entry[i]->watch);
		free(ws->entry[i]);
	}
	free(ws);
}

/* ---- asked for ---- */

static int read_want(const json_t *msg, struct watch_spec *s, struct err *e)
{
	static const char *const words[] = {
		[WATCH_CHANGED] = "changed", [WATCH_COLOUR] = "colour", [WATCH_LIKE] = "like"
	};
	const char *want = NULL;
	uint64_t rgb = 0;
	size_t i = 0;
	int rc = json_get_str(msg, "want", JSON_REQUIRED, &want, e);

	if (rc < 0)
		return rc;
	while (i < ARRAY_SIZE(words) && strcmp(words[i], want) != 0)
		i++;
	if (i == ARRAY_SIZE(words))
		return err_set(e, -EINVAL, "\"want\" has no \"%s\"", want);
	s->want = (enum watch_want)i;
	rc = json_get_u64(msg, "colour", s->want == WATCH_COLOUR ? JSON_REQUIRED : JSON_OPTIONAL, 0,
		0xffffff, &rgb, e);
	s->rgb = (uint32_t)rgb;
	return rc;
}

static int read_spec(const json_t *msg, struct watch_spec *s, struct err *e)
{
	const json_t *share = json_object_get(msg, "share");
	uint64_t v[4] = { 0 }, threshold = 0;
	static const char *const keys[] = { "x", "y", "w", "h" };
	int rc = read_want(msg, s, e);

	for (size_t i = 0; rc == 0 && i < ARRAY_SIZE(keys); i++)
		rc = json_get_u64(
			msg, keys[i], JSON_REQUIRED, i < 2 ? 0 : 1, DISPLAY_MAX_SIDE, &v[i], e);
	if (rc == 0)
		rc = json_get_u64(msg, "threshold", JSON_OPTIONAL, 0, 255, &threshold, e);
	if (rc < 0)
		return rc;
	s->region = (struct display_rect){ (uint32_t)v[0], (uint32_t)v[1], (uint32_t)v[2],
		(uint32_t)v[3] };
	s->threshold = (uint8_t)threshold;
	s->share = json_number_value(share);
	if (!(s->share >= 0 && s->share <= 1))
		return err_set(e, -EINVAL, "\"share\" must be from 0 to 1");
	return 0;
}

static int make_watch(struct watch *w, const struct watch_spec *spec, int fd, struct err *e)
{
	struct image like = { 0 };
	int rc = 0;

	if (spec->want == WATCH_LIKE) {
		if (fd < 0)
			return err_set(e, -EINVAL, "a picture to look like takes one descriptor");
		rc = image_read_png(&like, fd, e);
	}
	if (rc < 0)
		return rc;
	rc = watch_init(w, spec, spec->want == WATCH_LIKE ? &like : NULL);
	if (rc == -EINVAL)
		err_set(e, rc,
			"the picture has %u x %u pixels: neither the region's size, nor that of "
			"the display",
			like.width, like.height);
	else if (rc < 0)
		err_set(e, rc, "no memory to watch a region");
	image_fini(&like);
	return rc;
}

int watches_add(struct watches *ws, struct link *l, uint32_t display, const json_t *msg, int fd,
	struct err *e)
{
	struct watch_spec spec = { 0 };
	struct entry *en;
	uint64_t id = 0;
	int rc = json_get_u64(msg, "watch", JSON_REQUIRED, 0, INT32_MAX, &id, e);

	if (rc == 0)
		rc = read_spec(msg, &spec, e);
	if (rc < 0)
		return rc;
	if (ws->n == WATCHES_MAX)
		return err_set(e, -ENOSPC, "more than %d regions are watched", WATCHES_MAX);
	en = calloc(1, sizeof(*en));
	if (!en)
		return err_set(e, -ENOMEM, "no memory to watch a region");
	rc = make_watch(&en->watch, &spec, fd, e);
	if (rc < 0) {
		free(en);
		return rc;
	}
	en->id = id;
	en->link = l;
	en->display = display;
	(void)watch_look(&en->watch, link_view(l, display));
	ws->entry[ws->n++] = en;
	return 0;
}

/* ---- seen ---- */

static void refill(struct entry *en, uint64_t now_ns)
{
	uint64_t ms = MIN((now_ns - en->refilled_ns) / NS_PER_MS, UINT64_C(1000));

	/* In steps, so that little is lost to rounding. The first time ever it is full. */
	if (ms < 10)
		return;
	en->refilled_ns = now_ns;
	en->events = MIN(en->events + EVENTS_A_SECOND * ms / 1000, EVENTS_A_SECOND);
	en->bytes = MIN(en->bytes + PICTURE_A_SECOND / 1000 * ms, PICTURE_A_SECOND);
}

/* A file with both pictures of the region; -1: there is none. */
static int pictures(struct entry *en)
{
	const struct display_rect *r = &en->watch.spec.region;
	size_t one = (size_t)r->w * r->h * DISPLAY_BPP;
	int fd;

	if (2 * one > en->bytes)
		return -1;
	en->bytes -= 2 * one;
	fd = fd_memfd("region", 2 * one);
	if (fd < 0)
		return -1;
	if (pwrite(fd, watch_before(&en->watch), one, 0) != (ssize_t)one ||
		pwrite(fd, watch_now(&en->watch), one, (off_t)one) != (ssize_t)one)
		fd_close(&fd);
	return fd;
}

static void tell(struct watches *ws, struct entry *en, uint64_t flushed_ns, uint64_t read_ns)
{
	CLEANUP_FD int fd = -1;

	refill(en, read_ns);
	if (en->events == 0) {
		en->untold++;
		return;
	}
	en->events--;
	fd = pictures(en);
	ws->tell(json_pack("{s:s,s:I,s:I,s:I,s:I}", "event", "screen", "watch", (json_int_t)en->id,
			 "t_ns", (json_int_t)flushed_ns, "read_ns", (json_int_t)read_ns, "untold",
			 (json_int_t)en->untold),
		fd);
	en->untold = 0;
}

void watches_shown(
	struct watches *ws, struct link *l, uint32_t display, uint64_t flushed_ns, uint64_t read_ns)
{
	for (uint32_t i = 0; i < ws->n; i++) {
		struct entry *en = ws->entry[i];

		if (en->link == l && en->display == display &&
			watch_look(&en->watch, link_view(l, display)))
			tell(ws, en, flushed_ns, read_ns);
	}
}
