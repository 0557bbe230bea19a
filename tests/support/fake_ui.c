/* SPDX-License-Identifier: Apache-2.0 */
/* A user interface without windows, for tests; see fake_ui.h. */
#include "tests/support/fake_ui.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/fd.h"
#include "base/ipc.h"

#define CURSOR_BYTES (DISPLAY_CURSOR_SIDE * DISPLAY_CURSOR_SIDE * DISPLAY_BPP)

struct surface {
	uint32_t id; /* 0: free */
	uint32_t width, height, stride;
	uint64_t bytes;
	uint8_t *map;
};

struct fake_ui {
	int sock;
	bool closed;
	struct surface surface[DISPLAY_MAX_SURFACES];
	uint8_t cursor[CURSOR_BYTES];
};

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "fake ui: %s\n", what);
	abort();
}

struct fake_ui *fake_ui_new(int sock_take)
{
	struct fake_ui *u = calloc(1, sizeof(*u));

	must(u, "no memory");
	u->sock = sock_take;
	must(fd_set_nonblock(u->sock, 1) == 0, "socket");
	return u;
}

static void forget(struct surface *s)
{
	if (s->id)
		munmap(s->map, s->bytes);
	*s = (struct surface){ 0 };
}

void fake_ui_free(struct fake_ui *u)
{
	if (!u)
		return;
	for (unsigned int i = 0; i < DISPLAY_MAX_SURFACES; i++)
		forget(&u->surface[i]);
	fd_close(&u->sock);
	free(u);
}

static struct surface *find(const struct fake_ui *u, uint32_t id)
{
	for (unsigned int i = 0; i < DISPLAY_MAX_SURFACES; i++)
		if (u->surface[i].id == id)
			return (struct surface *)(uintptr_t)&u->surface[i];
	return NULL;
}

static void learn(struct fake_ui *u, const struct display_msg *m, int fd)
{
	struct surface *s = find(u, 0);

	must(s, "more surfaces than the contract allows");
	must(!find(u, m->surface), "a surface was announced twice");
	must(fd_size(fd) >= (int64_t)m->u.surf.size_bytes, "surface is smaller than it says");
	*s = (struct surface){ .id = m->surface,
		.width = m->u.surf.width,
		.height = m->u.surf.height,
		.stride = m->u.surf.stride_bytes,
		.bytes = m->u.surf.size_bytes };
	s->map = mmap(NULL, s->bytes, PROT_READ, MAP_SHARED, fd, 0);
	must(s->map != MAP_FAILED, "cannot map a surface");
}

bool fake_ui_next(struct fake_ui *u, struct display_msg *out)
{
	uint8_t buf[sizeof(struct display_msg) + CURSOR_BYTES];
	int fd = -1;
	size_t nfds = 0;
	ssize_t n = ipc_recv(u->sock, buf, sizeof(buf), &fd, 1, &nfds);
	struct surface *s;

	if (n == 0 || n == -ECONNRESET)
		u->closed = true;
	if (n == 0 || n == -EAGAIN || n == -ECONNRESET)
		return false;
	must(n > 0, "receive");
	must(display_msg_check(buf, (size_t)n, out) == 0, "malformed message");
	must(out->kind < DISPLAY_RELEASED, "message of the other direction");
	must((nfds == 1) == (out->kind == DISPLAY_SURFACE), "fd without surface, or the reverse");
	switch (out->kind) {
	case DISPLAY_SURFACE:
		learn(u, out, fd);
		break;
	case DISPLAY_SURFACE_GONE:
		s = find(u, out->surface);
		must(s, "an unknown surface is gone");
		forget(s);
		break;
	case DISPLAY_PRESENT:
		s = find(u, out->surface);
		must(s, "present of an unknown surface");
		must(display_rect_inside(out->u.present.src, s->width, s->height),
			"present outside its surface");
		break;
	case DISPLAY_CURSOR:
		memcpy(u->cursor, buf + sizeof(*out), CURSOR_BYTES);
		break;
	default:
		break;
	}
	fd_close(&fd);
	return true;
}

unsigned int fake_ui_drain(struct fake_ui *u, uint32_t kind, struct display_msg *last)
{
	struct display_msg m;
	unsigned int n = 0;

	if (last)
		last->kind = 0;
	for (; fake_ui_next(u, &m); n++)
		if (last && m.kind == kind)
			*last = m;
	return n;
}

bool fake_ui_closed(const struct fake_ui *u)
{
	return u->closed;
}

uint32_t fake_ui_pixel(const struct fake_ui *u, uint32_t surface, uint32_t x, uint32_t y)
{
	const struct surface *s = find(u, surface);
	uint32_t px;

	must(surface && s && x < s->width && y < s->height, "no such pixel");
	memcpy(&px, s->map + (size_t)y * s->stride + (size_t)x * DISPLAY_BPP, sizeof(px));
	return px;
}

unsigned int fake_ui_surfaces(const struct fake_ui *u)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < DISPLAY_MAX_SURFACES; i++)
		n += u->surface[i].id != 0;
	return n;
}

const uint8_t *fake_ui_cursor(const struct fake_ui *u)
{
	return u->cursor;
}

void fake_ui_raw(struct fake_ui *u, const void *buf, uint32_t len)
{
	must(ipc_send(u->sock, buf, len, NULL, 0) == 0, "send");
}

void fake_ui_release(struct fake_ui *u, const struct display_msg *present)
{
	struct display_msg m = { .kind = DISPLAY_RELEASED,
		.scanout = present->scanout,
		.surface = present->surface,
		.serial = present->serial };

	fake_ui_raw(u, &m, sizeof(m));
}

void fake_ui_resize(struct fake_ui *u, uint32_t scanout, uint32_t width, uint32_t height)
{
	struct display_msg m = { .kind = DISPLAY_RESIZE, .scanout = scanout };

	m.u.resize.width = width;
	m.u.resize.height = height;
	fake_ui_raw(u, &m, sizeof(m));
}

void fake_ui_input(struct fake_ui *u, uint32_t scanout, enum input_kind kind,
	const struct input_event_rec *ev, uint32_t n)
{
	struct {
		struct display_msg m;
		struct input_event_rec ev[DISPLAY_MAX_EVENTS];
	} p = { .m = { .kind = DISPLAY_INPUT, .scanout = scanout } };

	must(n <= DISPLAY_MAX_EVENTS, "too many events");
	p.m.u.input.device = kind;
	p.m.u.input.count = n;
	memcpy(p.ev, ev, n * sizeof(*ev));
	fake_ui_raw(u, &p, (uint32_t)(sizeof(p.m) + n * sizeof(*ev)));
}
