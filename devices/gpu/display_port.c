/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scanout port that speaks the display channel (base/proto/display.h) to a user interface.
 *
 * It keeps what the other side should know as state, not as a queue of messages: a present that
 * cannot go out yet is merged with the next one of its scanout, so that a slow interface costs
 * neither memory nor time and always gets the newest picture. An interface that is gone is replaced
 * by nothing: presents then count as read at once.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/ipc.h"
#include "base/log.h"
#include "devices/gpu/scanout_port.h"

/* Presents of one scanout that may be on their way; more would only queue up old pictures. */
#define WINDOW 2
/* A present that was not released after this long is taken for lost. */
#define LOST_NS (1 * NS_PER_S)
/* Messages read at one go, so that the GPU's queues have their turn. */
#define RECEIVE_BATCH 64
/* Surfaces that the other side knows, and as many that wait to be told. */
#define MAX_SLOTS (2 * DISPLAY_MAX_SURFACES)

#define INPUT_BYTES \
	(sizeof(struct display_msg) + DISPLAY_MAX_EVENTS * sizeof(struct input_event_rec))

struct slot {
	struct scanout_surface s; /* s.id 0: free. s.fd is the device's, valid while !gone */
	bool announced;
	bool gone; /* the other side knows it and must be told to forget it */
};

struct flight {
	uint32_t serial, surface;
	uint64_t sent_ns;
};

struct lane { /* one scanout */
	bool pending, pending_off;
	struct scanout_present next;
	uint64_t flushed_ns; /* `next`: of the newest that was merged into it */
	uint64_t off_ns;
	struct flight flight[WINDOW]; /* oldest first */
	unsigned int n_flight;

	bool cursor_image, cursor_place; /* to be sent */
	struct scanout_cursor cursor;
	uint8_t bgra[SCANOUT_CURSOR_BYTES];
};

struct sink {
	scanout_input_fn fn;
	void *ctx;
};

struct display_port {
	struct scanout_port p; /* first */
	struct ev_io io;
	struct ev_timer lost;
	int sock; /* -1: gone */
	bool blocked; /* the socket was full: wait until it is writable */
	unsigned int known; /* surfaces the other side knows */
	struct slot slot[MAX_SLOTS];
	struct lane lane[DISPLAY_MAX_SCANOUTS];
	struct sink sink[DISPLAY_MAX_SCANOUTS][INPUT_KINDS];
	struct scanout_display_stats st;
};

static struct display_port *port_of(struct scanout_port *p)
{
	return (struct display_port *)p;
}

static void report(struct display_port *d, unsigned int scanout, uint32_t serial)
{
	if (d->p.to.released)
		d->p.to.released(d->p.to.ctx, scanout, serial);
}

/* Everything that waits for the other side is released; nothing is sent any more. */
static void disconnect(struct display_port *d, const char *why)
{
	if (d->sock < 0)
		return;
	log_info("display channel closed: %s", why);
	ev_io_del(&d->io);
	ev_timer_stop(&d->lost);
	fd_close(&d->sock);
	memset(d->slot, 0, sizeof(d->slot));
	d->known = 0;
	for (unsigned int i = 0; i < DISPLAY_MAX_SCANOUTS; i++) {
		struct lane *l = &d->lane[i];
		bool waits = l->pending || l->n_flight > 0;
		uint32_t newest = l->pending        ? l->next.serial
				  : l->n_flight > 0 ? l->flight[l->n_flight - 1].serial
						    : 0;

		l->pending = l->pending_off = l->cursor_image = l->cursor_place = false;
		l->n_flight = 0;
		if (waits)
			report(d, i, newest);
	}
}

/* ---- sending ---- */

/* True when it went out. Else the port is blocked or disconnected. */
static bool send_msg(struct display_port *d, const void *msg, size_t len, const int *fd)
{
	int rc = ipc_send(d->sock, msg, len, fd, fd ? 1 : 0);

	if (rc == 0)
		return true;
	if (rc == -EAGAIN || rc == -ENOBUFS || rc == -ETOOMANYREFS) {
		d->blocked = true;
		rc = ev_io_set(&d->io, EPOLLIN | EPOLLOUT);
		if (rc == 0)
			return false;
	}
	disconnect(d, strerror(-rc));
	return false;
}

static struct slot *slot_find(struct display_port *d, uint32_t id)
{
	for (unsigned int i = 0; i < MAX_SLOTS; i++)
		if (d->slot[i].s.id == id)
			return &d->slot[i];
	return NULL;
}

static bool send_gones(struct display_port *d)
{
	for (unsigned int i = 0; i < MAX_SLOTS; i++) {
		struct slot *s = &d->slot[i];
		struct display_msg m = { .kind = DISPLAY_SURFACE_GONE, .surface = s->s.id };

		if (s->s.id == 0 || !s->gone)
			continue;
		if (!send_msg(d, &m, sizeof(m), NULL))
			return false;
		*s = (struct slot){ 0 };
		d->known--;
	}
	return true;
}

/* Makes the other side know a surface. */
static bool send_surface(struct display_port *d, struct slot *s)
{
	struct display_msg m = { .kind = DISPLAY_SURFACE, .surface = s->s.id };

	if (s->announced)
		return true;
	/* Normally surfaces go after what replaces them was shown, unless there is no room. */
	if (d->known >= DISPLAY_MAX_SURFACES && !send_gones(d))
		return false;
	m.u.surf.width = s->s.width;
	m.u.surf.height = s->s.height;
	m.u.surf.stride_bytes = s->s.stride_bytes;
	m.u.surf.format = s->s.format;
	m.u.surf.size_bytes = s->s.size_bytes;
	if (!send_msg(d, &m, sizeof(m), &s->s.fd))
		return false;
	s->announced = true;
	d->known++;
	return true;
}

static bool send_present(struct display_port *d, unsigned int i)
{
	struct lane *l = &d->lane[i];
	struct display_msg m = { .kind = DISPLAY_PRESENT, .scanout = i };
	struct slot *s;

	if (!l->pending)
		return true;
	if (l->n_flight == WINDOW) {
		ev_timer_at(&d->lost, l->flight[0].sent_ns + LOST_NS);
		return true;
	}
	s = slot_find(d, l->next.surface);
	if (!send_surface(d, s))
		return false;
	m.surface = l->next.surface;
	m.serial = l->next.serial;
	m.u.present.src = l->next.src;
	m.u.present.damage = l->next.damage;
	m.u.present.flushed_ns = l->flushed_ns;
	if (!send_msg(d, &m, sizeof(m), NULL))
		return false;
	l->pending = false;
	l->flight[l->n_flight++] =
		(struct flight){ l->next.serial, l->next.surface, clock_now_ns() };
	d->st.sent++;
	return true;
}

static bool send_cursor(struct display_port *d, unsigned int i)
{
	struct {
		struct display_msg m;
		uint8_t bgra[SCANOUT_CURSOR_BYTES];
	} c;
	struct lane *l = &d->lane[i];
	size_t len = sizeof(c.m);

	if (!l->cursor_image && !l->cursor_place)
		return true;
	memset(&c.m, 0, sizeof(c.m));
	c.m.kind = l->cursor_image ? DISPLAY_CURSOR : DISPLAY_CURSOR_MOVE;
	c.m.scanout = i;
	c.m.u.cursor.x = l->cursor.x;
	c.m.u.cursor.y = l->cursor.y;
	c.m.u.cursor.hot_x = l->cursor.hot_x;
	c.m.u.cursor.hot_y = l->cursor.hot_y;
	c.m.u.cursor.visible = l->cursor.visible;
	if (l->cursor_image) {
		memcpy(c.bgra, l->bgra, sizeof(c.bgra));
		len = sizeof(c);
	}
	if (!send_msg(d, &c, len, NULL))
		return false;
	l->cursor_image = l->cursor_place = false;
	return true;
}

/* Sends what is left to say of one scanout. */
static bool pump_lane(struct display_port *d, unsigned int i)
{
	struct display_msg off = { .kind = DISPLAY_OFF, .scanout = i };

	if (d->lane[i].pending_off) {
		off.u.off.flushed_ns = d->lane[i].off_ns;
		if (!send_msg(d, &off, sizeof(off), NULL))
			return false;
		d->lane[i].pending_off = false;
	}
	return send_present(d, i) && send_cursor(d, i);
}

static void pump(struct display_port *d)
{
	bool more = true;

	if (d->sock < 0 || d->blocked)
		return;
	for (unsigned int i = 0; more && i < DISPLAY_MAX_SCANOUTS; i++)
		more = pump_lane(d, i);
	if (more)
		send_gones(d);
}

static void on_lost(struct ev_timer *t, uint64_t now_ns)
{
	struct display_port *d = t->data;

	for (unsigned int i = 0; i < DISPLAY_MAX_SCANOUTS; i++) {
		struct lane *l = &d->lane[i];

		if (l->n_flight == 0 || now_ns - l->flight[0].sent_ns < LOST_NS)
			continue;
		l->n_flight--;
		memmove(l->flight, l->flight + 1, l->n_flight * sizeof(l->flight[0]));
	}
	pump(d);
}

/* ---- the device's calls ---- */

static void display_surface_new(struct scanout_port *p, const struct scanout_surface *s)
{
	struct display_port *d = port_of(p);
	struct slot *free_slot = slot_find(d, 0);

	if (d->sock < 0)
		return;
	/* Of the slots, half at most are known to the other side, gone ones included, and the
	 * device lends at most DISPLAY_MAX_SURFACES. */
	if (free_slot)
		*free_slot = (struct slot){ .s = *s };
}

static void display_surface_gone(struct scanout_port *p, uint32_t id)
{
	struct display_port *d = port_of(p);
	struct slot *s = slot_find(d, id);

	if (!s)
		return;
	for (unsigned int i = 0; i < DISPLAY_MAX_SCANOUTS; i++) {
		struct lane *l = &d->lane[i];

		if (!l->pending || l->next.surface != id)
			continue;
		l->pending = false;
		report(d, i, l->next.serial);
	}
	if (s->announced)
		s->gone = true;
	else
		*s = (struct slot){ 0 };
	pump(d);
}

static bool rect_same(struct display_rect a, struct display_rect b)
{
	return a.x == b.x && a.y == b.y && a.w == b.w && a.h == b.h;
}

static void display_present(
	struct scanout_port *p, unsigned int scanout, const struct scanout_present *pr)
{
	struct display_port *d = port_of(p);
	struct lane *l = &d->lane[scanout];
	struct display_rect before = l->next.damage;
	bool merge = l->pending;

	if (d->sock < 0 || !slot_find(d, pr->surface)) {
		report(d, scanout, pr->serial);
		return;
	}
	if (merge) {
		bool same = l->next.surface == pr->surface && rect_same(l->next.src, pr->src);

		d->st.merged++;
		l->next = *pr;
		l->next.damage = same ? display_rect_union(before, pr->damage) : pr->src;
	} else {
		l->next = *pr;
	}
	l->pending = true;
	l->flushed_ns = clock_now_ns();
	pump(d);
}

static void display_off(struct scanout_port *p, unsigned int scanout)
{
	struct display_port *d = port_of(p);
	struct lane *l = &d->lane[scanout];

	if (d->sock < 0)
		return;
	if (l->pending) {
		l->pending = false;
		report(d, scanout, l->next.serial);
	}
	l->pending_off = true;
	l->off_ns = clock_now_ns();
	pump(d);
}

static void display_cursor(struct scanout_port *p, unsigned int scanout,
	const struct scanout_cursor *c, const uint8_t *bgra)
{
	struct display_port *d = port_of(p);
	struct lane *l = &d->lane[scanout];

	if (d->sock < 0)
		return;
	l->cursor = *c;
	memcpy(l->bgra, bgra, sizeof(l->bgra));
	l->cursor_image = true;
	pump(d);
}

static void display_cursor_move(
	struct scanout_port *p, unsigned int scanout, const struct scanout_cursor *c)
{
	struct display_port *d = port_of(p);

	if (d->sock < 0)
		return;
	d->lane[scanout].cursor = *c;
	d->lane[scanout].cursor_place = true;
	pump(d);
}

/* ---- receiving ---- */

/* The other side has read present `serial` and, of its scanout, all before it. */
static void released(struct display_port *d, uint32_t serial)
{
	for (unsigned int i = 0; i < DISPLAY_MAX_SCANOUTS; i++) {
		struct lane *l = &d->lane[i];

		for (unsigned int k = 0; k < l->n_flight; k++) {
			if (l->flight[k].serial != serial)
				continue;
			l->n_flight -= k + 1;
			memmove(l->flight, l->flight + k + 1, l->n_flight * sizeof(l->flight[0]));
			report(d, i, serial);
			return;
		}
	}
}

static void input(struct display_port *d, const struct display_msg *m, const uint8_t *payload)
{
	struct input_event_rec ev[DISPLAY_MAX_EVENTS];
	const struct sink *s = &d->sink[m->scanout][m->u.input.device];

	if (!s->fn) {
		d->st.input_lost++;
		return;
	}
	memcpy(ev, payload, m->u.input.count * sizeof(ev[0]));
	d->st.input++;
	s->fn(s->ctx, ev, m->u.input.count);
}

static void handle(struct display_port *d, const uint8_t *buf, size_t len)
{
	struct display_msg m;

	if (display_msg_check(buf, len, &m)) {
		d->st.rejected++;
		log_guest("display channel: malformed message");
		return;
	}
	switch (m.kind) {
	case DISPLAY_RELEASED:
		released(d, m.serial);
		break;
	case DISPLAY_INPUT:
		input(d, &m, buf + sizeof(m));
		break;
	case DISPLAY_RESIZE:
		if (d->p.to.resize)
			d->p.to.resize(d->p.to.ctx, m.scanout, m.u.resize.width, m.u.resize.height);
		break;
	default: /* a message of the other direction */
		d->st.rejected++;
		break;
	}
}

static void receive(struct display_port *d)
{
	uint8_t buf[INPUT_BYTES];

	for (unsigned int i = 0; i < RECEIVE_BATCH && d->sock >= 0; i++) {
		ssize_t n = ipc_recv(d->sock, buf, sizeof(buf), NULL, 0, NULL);

		if (n == -EAGAIN)
			return;
		if (n == -EMSGSIZE) {
			d->st.rejected++;
			continue;
		}
		if (n <= 0) {
			disconnect(d, n == 0 ? "end of file" : strerror((int)-n));
			return;
		}
		handle(d, buf, (size_t)n);
	}
}

static void on_io(struct ev_io *io, uint32_t revents)
{
	struct display_port *d = io->data;

	if (revents & (EPOLLIN | EPOLLHUP | EPOLLERR))
		receive(d);
	if (d->sock >= 0 && (revents & EPOLLOUT)) {
		int rc = ev_io_set(&d->io, EPOLLIN);

		if (rc) {
			disconnect(d, strerror(-rc));
			return;
		}
		d->blocked = false;
	}
	pump(d);
}

/* ---- life ---- */

static void display_free(struct scanout_port *p)
{
	struct display_port *d = port_of(p);

	ev_io_del(&d->io);
	ev_timer_fini(&d->lost);
	fd_close(&d->sock);
	free(d);
}

static const struct scanout_port_ops display_ops = {
	.name = "display",
	.surface_new = display_surface_new,
	.surface_gone = display_surface_gone,
	.present = display_present,
	.off = display_off,
	.cursor = display_cursor,
	.cursor_move = display_cursor_move,
	.free = display_free,
};

int scanout_display_new(
	struct scanout_port **out, struct ev_loop *loop, int sock_take, struct err *e)
{
	struct display_port *d = calloc(1, sizeof(*d));
	int rc;

	if (!d) {
		fd_close(&sock_take);
		return err_errno(e, ENOMEM, "display channel");
	}
	d->p.ops = &display_ops;
	d->io = (struct ev_io)EV_IO_INIT;
	d->sock = sock_take;
	d->st.connected = true;
	rc = fd_set_nonblock(d->sock, 1);
	if (!rc)
		rc = ev_timer_init(loop, &d->lost, on_lost, d);
	if (!rc)
		rc = ev_io_add(loop, &d->io, d->sock, EPOLLIN, on_io, d);
	if (rc) {
		display_free(&d->p);
		return err_errno(e, -rc, "display channel");
	}
	*out = &d->p;
	return 0;
}

void scanout_display_sink(struct scanout_port *p, unsigned int scanout, enum input_kind kind,
	scanout_input_fn fn, void *ctx)
{
	struct display_port *d = port_of(p);

	if (p->ops != &display_ops || scanout >= DISPLAY_MAX_SCANOUTS || kind >= INPUT_KINDS)
		return;
	d->sink[scanout][kind] = (struct sink){ fn, ctx };
}

void scanout_display_stats(const struct scanout_port *p, struct scanout_display_stats *out)
{
	*out = (struct scanout_display_stats){ 0 };
	if (p->ops != &display_ops)
		return;
	*out = ((const struct display_port *)p)->st;
	out->connected = ((const struct display_port *)p)->sock >= 0;
}
