/* SPDX-License-Identifier: Apache-2.0 */
/* One guest's display channel, from the UI's side; see link.h. */
#include "ui/link.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/ipc.h"
#include "base/proto/held.h"

/* Messages taken in one turn, so that one guest cannot keep the loop from the others. */
#define BURST 32

struct surface {
	bool known;
	uint32_t id;
	uint32_t width, height, stride;
	enum display_format format;
	uint8_t *map;
	size_t bytes;
};

/* The way to one input device. What its guest was told and what is true differ when an update was
 * lost: nothing may stay pressed because of that. */
struct channel {
	struct input_held told, want;
	bool lost;
};

struct link {
	struct ev_loop *loop;
	struct ev_io io;
	int fd; /* the number stays for the link's life: a window's thread may be using it */
	const struct ui_guest_spec *spec;
	const struct link_ops *ops;
	void *ctx;
	struct surface surface[DISPLAY_MAX_SURFACES];
	struct view view[DISPLAY_MAX_SCANOUTS];
	uint64_t flushed_ns[DISPLAY_MAX_SCANOUTS]; /* of the newest picture */

	/* Guards what follows: link_input() comes from the windows' thread. */
	pthread_mutex_t lock;
	struct channel channel[DISPLAY_MAX_SCANOUTS][INPUT_KINDS];
	bool waits; /* for room in the socket, to let go what the guest takes for pressed */
	uint64_t input_drops;
};

static struct surface *find(struct link *l, uint32_t id)
{
	for (size_t i = 0; i < DISPLAY_MAX_SURFACES; i++) {
		if (l->surface[i].known && l->surface[i].id == id)
			return &l->surface[i];
	}
	return NULL;
}

static void forget(struct surface *s)
{
	if (s->known)
		munmap(s->map, s->bytes);
	*s = (struct surface){ 0 };
}

static void add_surface(struct link *l, const struct display_msg *m, int fd)
{
	int64_t real = fd_size(fd);
	struct surface *s = find(l, m->surface);
	void *map;

	if (s)
		forget(s);
	for (size_t i = 0; !s && i < DISPLAY_MAX_SURFACES; i++) {
		if (!l->surface[i].known)
			s = &l->surface[i];
	}
	if (!s) {
		log_guest("%s: more than %d surfaces", l->spec->name, DISPLAY_MAX_SURFACES);
		return;
	}
	/* A file that can shrink would end this process by SIGBUS: only sealed ones are mapped. */
	if (real < 0 || (uint64_t)real < m->u.surf.size_bytes || !(fd_is_sealed(fd))) {
		log_guest("%s: surface %u is smaller than it says, or not sealed", l->spec->name,
			m->surface);
		return;
	}
	map = mmap(NULL, m->u.surf.size_bytes, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED) {
		log_warn("%s: cannot map surface %u: %s", l->spec->name, m->surface,
			strerror(errno));
		return;
	}
	*s = (struct surface){ .known = true,
		.id = m->surface,
		.width = m->u.surf.width,
		.height = m->u.surf.height,
		.stride = m->u.surf.stride_bytes,
		.format = (enum display_format)m->u.surf.format,
		.map = map,
		.bytes = m->u.surf.size_bytes };
}

static void send_released(struct link *l, const struct display_msg *m)
{
	struct display_msg r = { .kind = DISPLAY_RELEASED,
		.scanout = m->scanout,
		.surface = m->surface,
		.serial = m->serial };

	/* Full or gone: the guest's side has a deadline of its own. */
	if (ipc_send(l->fd, &r, sizeof(r), NULL, 0) < 0)
		log_debug("%s: release %u was not sent", l->spec->name, m->serial);
}

/* The other process's stamp, where it can be true: not in the future, and not before its display
 * was shown the last time. */
static void tell_shown(struct link *l, uint32_t scanout, uint64_t flushed_ns, uint64_t read_ns)
{
	uint64_t *last = &l->flushed_ns[scanout];

	if (flushed_ns == 0 || flushed_ns > read_ns)
		flushed_ns = read_ns;
	*last = MAX(*last, flushed_ns);
	if (l->ops->shown)
		l->ops->shown(l->ctx, l, scanout, *last, read_ns);
}

static void present(struct link *l, const struct display_msg *m)
{
	bool shown = false;
	struct surface *s = find(l, m->surface);
	struct display_rect src = m->u.present.src, damage = m->u.present.damage;

	if (!s || !display_rect_inside(src, s->width, s->height) ||
		!display_rect_inside(damage, s->width, s->height)) {
		log_guest("%s: present of surface %u that is unknown or too small", l->spec->name,
			m->surface);
	} else if (view_present(&l->view[m->scanout], s->map, s->stride, s->format, src, damage) <
		   0) {
		log_warn("%s: no memory for a %ux%u picture", l->spec->name, src.w, src.h);
	} else {
		shown = true;
		l->ops->damaged(l->ctx, l, m->scanout);
	}
	uint64_t read_ns = clock_now_ns();

	send_released(l, m);
	if (shown)
		tell_shown(l, m->scanout, m->u.present.flushed_ns, read_ns);
}

static void handle(struct link *l, const uint8_t *buf, size_t len, int *fds, size_t nfds)
{
	struct display_msg m;

	if (display_msg_check(buf, len, &m) < 0 || m.scanout >= l->spec->displays ||
		nfds != (m.kind == DISPLAY_SURFACE ? 1u : 0u)) {
		log_guest("%s: malformed display message", l->spec->name);
		return;
	}
	switch ((enum display_kind)m.kind) {
	case DISPLAY_SURFACE:
		add_surface(l, &m, fds[0]);
		break;
	case DISPLAY_SURFACE_GONE:
		if (find(l, m.surface))
			forget(find(l, m.surface));
		break;
	case DISPLAY_PRESENT:
		present(l, &m);
		break;
	case DISPLAY_OFF:
		view_off(&l->view[m.scanout]);
		l->ops->damaged(l->ctx, l, m.scanout);
		tell_shown(l, m.scanout, m.u.off.flushed_ns, clock_now_ns());
		break;
	case DISPLAY_CURSOR: {
		uint32_t px[DISPLAY_CURSOR_SIDE * DISPLAY_CURSOR_SIDE];

		memcpy(px, buf + sizeof(m), sizeof(px));
		view_set_cursor(&l->view[m.scanout], px, m.u.cursor.x, m.u.cursor.y,
			m.u.cursor.hot_x, m.u.cursor.hot_y, m.u.cursor.visible);
		l->ops->damaged(l->ctx, l, m.scanout);
		break;
	}
	case DISPLAY_CURSOR_MOVE:
		view_set_cursor(&l->view[m.scanout], NULL, m.u.cursor.x, m.u.cursor.y, 0, 0,
			m.u.cursor.visible);
		l->ops->damaged(l->ctx, l, m.scanout);
		break;
	case DISPLAY_RELEASED:
	case DISPLAY_INPUT:
	case DISPLAY_RESIZE:
		log_guest("%s: message of the other direction", l->spec->name);
		break;
	}
}

/* ---- input: any thread -> socket ---- */

/* One packet of updates. With the lock. */
static bool send_input(struct link *l, uint32_t scanout, uint32_t kind,
	const struct input_event_rec *ev, uint32_t n)
{
	struct {
		struct display_msg m;
		struct input_event_rec ev[DISPLAY_MAX_EVENTS];
	} p = { .m = { .kind = DISPLAY_INPUT, .scanout = scanout } };

	p.m.u.input.device = kind;
	p.m.u.input.count = n;
	memcpy(p.ev, ev, n * sizeof(*ev));
	if (ipc_send(l->fd, &p, sizeof(p.m) + n * sizeof(*ev), NULL, 0) < 0)
		return false;
	input_held_follow(&l->channel[scanout][kind].told, ev, n);
	return true;
}

/* After updates were lost: lets go what the guest believes pressed and is no more. False where
 * there is no room for that either. With the lock. */
static bool resync(struct link *l, uint32_t scanout, uint32_t kind)
{
	struct channel *c = &l->channel[scanout][kind];
	struct input_event_rec ev[DISPLAY_MAX_EVENTS];

	while (c->lost) {
		uint32_t n = input_held_release(&c->told, &c->want, ev, DISPLAY_MAX_EVENTS);

		if (n > 0 && !send_input(l, scanout, kind, ev, n))
			return false;
		c->lost = n > 0; /* look once more: it may not have fitted */
	}
	return true;
}

/* The socket has room again. */
static void resync_all(struct link *l)
{
	bool all = true;

	pthread_mutex_lock(&l->lock);
	for (uint32_t s = 0; s < l->spec->displays; s++) {
		for (uint32_t k = 0; k < INPUT_KINDS; k++)
			all &= resync(l, s, k);
	}
	l->waits = !all;
	if (all && l->io.fd >= 0 && ev_io_set(&l->io, EPOLLIN) < 0)
		log_warn("%s: the channel's events cannot be changed", l->spec->name);
	pthread_mutex_unlock(&l->lock);
}

static void wait_for_room(void *arg)
{
	struct link *l = arg;

	if (l->io.fd < 0 || ev_io_set(&l->io, EPOLLIN | EPOLLOUT) == 0)
		return;
	pthread_mutex_lock(&l->lock);
	l->waits = false; /* the next update tries again */
	pthread_mutex_unlock(&l->lock);
}

void link_input(struct link *l, uint32_t scanout, enum input_kind kind,
	const struct input_event_rec *ev, uint32_t n)
{
	struct channel *c = &l->channel[scanout][kind];

	if (n == 0 || n > DISPLAY_MAX_EVENTS)
		return;
	pthread_mutex_lock(&l->lock);
	input_held_follow(&c->want, ev, n);
	if (!resync(l, scanout, kind) || !send_input(l, scanout, kind, ev, n)) {
		l->input_drops++;
		c->lost = true;
		if (!l->waits)
			l->waits = ev_post(l->loop, wait_for_room, l) == 0;
	}
	pthread_mutex_unlock(&l->lock);
}

uint64_t link_input_drops(struct link *l)
{
	uint64_t n;

	pthread_mutex_lock(&l->lock);
	n = l->input_drops;
	pthread_mutex_unlock(&l->lock);
	return n;
}

/* ---- the channel ---- */

static void on_io(struct ev_io *io, uint32_t revents)
{
	struct link *l = io->data;
	uint8_t buf[sizeof(struct display_msg) + 4 * DISPLAY_CURSOR_SIDE * DISPLAY_CURSOR_SIDE];

	if (revents & EPOLLOUT)
		resync_all(l);
	for (int i = 0; i < BURST; i++) {
		int fds[4];
		size_t nfds = 0;
		ssize_t n = ipc_recv(l->fd, buf, sizeof(buf), fds, ARRAY_SIZE(fds), &nfds);

		if (n == -EAGAIN)
			return;
		if (n == -EMSGSIZE) {
			log_guest("%s: oversized display message", l->spec->name);
			continue;
		}
		if (n <= 0) {
			ev_io_del(&l->io);
			l->ops->gone(l->ctx, l);
			return;
		}
		handle(l, buf, (size_t)n, fds, nfds);
		ipc_close_fds(fds, nfds);
	}
}

int link_attach(struct link *l, int fd_take)
{
	int rc = fd_set_nonblock(fd_take, 1);

	ev_io_del(&l->io);
	for (size_t i = 0; i < DISPLAY_MAX_SURFACES; i++)
		forget(&l->surface[i]);
	if (l->fd < 0) {
		l->fd = fd_take;
	} else {
		/* A window's thread may be sending input: it meets the old channel or the new one.
		 * Closed, the number could become another descriptor's under its hands. */
		if (dup3(fd_take, l->fd, O_CLOEXEC) < 0 && rc == 0)
			rc = -errno;
		close(fd_take);
	}
	/* The new guest was told nothing yet; keys that are held now were pressed for the old one.
	 */
	pthread_mutex_lock(&l->lock);
	memset(l->channel, 0, sizeof(l->channel));
	l->waits = false;
	pthread_mutex_unlock(&l->lock);
	return rc < 0 ? rc : ev_io_add(l->loop, &l->io, l->fd, EPOLLIN, on_io, l);
}

int link_new(struct link **out, struct ev_loop *loop, int fd_take, const struct ui_guest_spec *spec,
	const struct link_ops *ops, void *ctx)
{
	struct link *l = calloc(1, sizeof(*l));
	int rc = 0;

	if (!l) {
		close(fd_take);
		return -ENOMEM;
	}
	pthread_mutex_init(&l->lock, NULL);
	l->loop = loop;
	l->fd = -1;
	l->spec = spec;
	l->ops = ops;
	l->ctx = ctx;
	for (uint32_t i = 0; rc == 0 && i < spec->displays; i++)
		rc = view_init(&l->view[i], spec->display[i].width, spec->display[i].height);
	if (rc < 0)
		close(fd_take);
	else
		rc = link_attach(l, fd_take);
	if (rc < 0) {
		link_free(l);
		return rc;
	}
	*out = l;
	return 0;
}

void link_free(struct link *l)
{
	if (!l)
		return;
	ev_io_del(&l->io);
	fd_close(&l->fd);
	for (size_t i = 0; i < DISPLAY_MAX_SURFACES; i++)
		forget(&l->surface[i]);
	for (uint32_t i = 0; i < l->spec->displays; i++)
		view_fini(&l->view[i]);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

const struct ui_guest_spec *link_spec(const struct link *l)
{
	return l->spec;
}

struct view *link_view(struct link *l, uint32_t scanout)
{
	return &l->view[scanout];
}
