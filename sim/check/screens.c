/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events of displays: dyno-ui watches the regions and says when they come to a look; here their
 * times become bench time, and pictures of the region are kept for the report. Main thread.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/image.h"
#include "sim/check/judge.h"

/* Pictures that are kept of an event: the first ones and the newest ones, so many of each and so
 * many bytes of each. */
#define KEPT       16u
#define KEPT_BYTES (UINT64_C(48) << 20)

struct shot {
	uint64_t t_ns, late_ns;
	uint8_t *px; /* the region before and after; NULL: none was sent */
};

struct shots {
	uint32_t n;
	uint64_t bytes;
	struct shot shot[KEPT];
};

struct screen_log {
	char *error; /* NULL: it is watched */
	uint64_t late_ns; /* the most that a picture was read after its flush */
	uint64_t untold;
	struct shots first, newest; /* of the newest the oldest is the first */
};

struct screen_picture {
	struct screen_picture *next;
	const struct scenario_check *check;
	char path[1200], caption[160];
};

struct screen_log *screen_log_new(void)
{
	return calloc(1, sizeof(struct screen_log));
}

static void drop_oldest(struct shots *s, uint64_t bytes)
{
	if (s->shot[0].px)
		s->bytes -= bytes;
	free(s->shot[0].px);
	s->n--;
	memmove(s->shot, s->shot + 1, s->n * sizeof(s->shot[0]));
}

void screen_log_free(struct screen_log *l)
{
	if (!l)
		return;
	while (l->first.n > 0)
		drop_oldest(&l->first, 0);
	while (l->newest.n > 0)
		drop_oldest(&l->newest, 0);
	free(l->error);
	free(l);
}

void screens_fini(struct check_set *c)
{
	struct screen_picture *next;

	for (struct screen_picture *p = c->screen_pictures; p; p = next) {
		next = p->next;
		free(p);
	}
}

/* ---- what is seen ---- */

static uint64_t shot_bytes(const struct event_log *l)
{
	const struct display_rect *r = &l->event->u.screen.region;

	return 2 * (uint64_t)r->w * r->h * DISPLAY_BPP;
}

static uint8_t *read_pictures(int fd, uint64_t bytes)
{
	uint8_t *px = fd >= 0 && fd_size(fd) == (int64_t)bytes ? malloc(bytes) : NULL;

	if (px && pread(fd, px, bytes, 0) != (ssize_t)bytes) {
		free(px);
		return NULL;
	}
	return px;
}

static void keep(struct event_log *l, uint64_t t_ns, const struct check_screen *ev)
{
	struct screen_log *sl = l->screen;
	struct shot shot = { t_ns, ev->read_ns - ev->flushed_ns, NULL };
	uint64_t bytes = shot_bytes(l);
	struct shots *s = &sl->first;

	if (bytes > KEPT_BYTES)
		return;
	if (s->n == KEPT || s->bytes + bytes > KEPT_BYTES || sl->newest.n > 0) {
		s = &sl->newest;
		while (s->n == KEPT || (s->n > 0 && s->bytes + bytes > KEPT_BYTES))
			drop_oldest(s, bytes);
	}
	shot.px = read_pictures(ev->pictures, bytes);
	if (shot.px)
		s->bytes += bytes;
	s->shot[s->n++] = shot;
}

void check_screen(struct check_set *c, uint32_t i, const struct check_screen *ev)
{
	struct event_log *l = i < c->n_events ? c->events[i] : NULL;
	double t_ns;

	/* Before the bench clock runs nothing is judged. */
	if (!l || !l->screen || c->n_marks == 0 || ev->read_ns < ev->flushed_ns)
		return;
	t_ns = sound_bench_ns(c->marks, c->n_marks, ev->flushed_ns);
	l->screen->untold += ev->untold;
	if (t_ns < (double)l->check->after_ns)
		return;
	l->screen->late_ns = MAX(l->screen->late_ns, ev->read_ns - ev->flushed_ns);
	event_add(l, (uint64_t)t_ns);
	keep(l, (uint64_t)t_ns, ev);
}

void check_screen_failed(struct check_set *c, uint32_t i, const char *text)
{
	struct event_log *l = i < c->n_events ? c->events[i] : NULL;

	if (!l || !l->screen || l->screen->error)
		return;
	l->screen->error = strdup(text);
	if (!l->screen->error)
		c->oom = true;
}

/* ---- after the run ---- */

const char *screen_error(const struct event_log *l)
{
	return l->screen ? l->screen->error : NULL;
}

void screen_note(const struct event_log *l, char why[REASON_BYTES])
{
	size_t len = strlen(why);

	if (!l->screen || l->n == 0)
		return;
	snprintf(why + len, REASON_BYTES - len, "; pictures were read within %.1fms of their flush",
		(double)l->screen->late_ns / 1e6);
	len = strlen(why);
	if (l->screen->untold > 0)
		snprintf(why + len, REASON_BYTES - len,
			", and %" PRIu64 " more changes came too fast to be told",
			l->screen->untold);
}

static const struct shot *nearest(const struct screen_log *sl, const struct moment *m)
{
	const struct shots *all[] = { &sl->first, &sl->newest };
	const struct shot *best = NULL;

	/* What had not happened looks as the last time that it did. */
	for (size_t k = 0; k < ARRAY_SIZE(all); k++) {
		for (uint32_t i = 0; i < all[k]->n; i++) {
			const struct shot *s = &all[k]->shot[i];

			if (s->px && (m->happened ? s->t_ns == m->t_ns : s->t_ns <= m->t_ns))
				best = s;
		}
	}
	return best;
}

static void save(struct check_set *c, const struct scenario_check *k, const struct moment *m,
	const struct shot *s, bool after)
{
	const struct display_rect *r = &m->log->event->u.screen.region;
	struct screen_picture *p = calloc(1, sizeof(*p));
	struct image im = { 0 };
	struct err e = { 0 };
	char t[TIME_TEXT];
	unsigned int no = 0;

	if (!p || image_new(&im, r->w, r->h) < 0) {
		c->oom = true;
		free(p);
		return;
	}
	while (c->events[no] != m->log)
		no++;
	image_from_display(&im, s->px + (after ? shot_bytes(m->log) / 2 : 0), r->w * DISPLAY_BPP,
		DISPLAY_B8G8R8X8);
	snprintf(p->path, sizeof(p->path), "%s/event-%u-%s.png", c->out_dir, no,
		after ? "after" : "before");
	snprintf(p->caption, sizeof(p->caption),
		"%s%s%.90s: %s the flush at %s (read %.1fms later)", m->role,
		m->role[0] ? ", " : "", m->log->event->text, after ? "after" : "before",
		time_text(t, s->t_ns), (double)s->late_ns / 1e6);
	clean_text(p->caption);
	p->check = k;
	if (image_save(&im, p->path, &e) < 0) {
		free(p);
	} else {
		p->next = c->screen_pictures;
		c->screen_pictures = p;
	}
	image_fini(&im);
}

void screen_keep(struct check_set *c, const struct scenario_check *k, const struct moment *m)
{
	const struct shot *s = nearest(m->log->screen, m);

	if (!s || !c->out_dir)
		return;
	if (m->happened)
		save(c, k, m, s, false);
	save(c, k, m, s, true);
}

bool check_region(const struct check_set *c, const struct check_verdict *v, size_t i,
	struct check_region *out)
{
	size_t n = 0;

	for (const struct screen_picture *p = c->screen_pictures; p; p = p->next)
		n += p->check == v->check;
	/* The newest is the first of the list. */
	for (const struct screen_picture *p = c->screen_pictures; p; p = p->next) {
		if (p->check != v->check || --n != i)
			continue;
		*out = (struct check_region){ p->path, p->caption };
		return true;
	}
	return false;
}
