/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections of guests; see vsocks.h. Everything that a program or a guest may leave unfinished
 * has a place in a table of fixed size and a time limit.
 */
#include "sim/bench/vsocks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/ipc.h"
#include "base/log.h"
#include "base/proto/vsock_port.h"
#include "sim/bench/unix_socket.h"

#define CID_HOST       2u
#define TYPE_STREAM    1u
#define TYPE_SEQPACKET 2u

/* Programs that have connected and not said where to. */
#define MAX_CLIENTS       64u
#define GREETING_BYTES    32u
#define GREETING_LIMIT_NS (10 * NS_PER_S)
#define BACKLOG           128
/* Longer than a device waits for its driver: its answer decides, not this. */
#define OFFER_LIMIT_NS (30 * NS_PER_S)
#define SOCKET_BYTES   (1024 * 1024)
#define READ_MESSAGES  32u
/* Ports of the host that programs appear to come from. */
#define FIRST_HOST_PORT (1u << 30)

/* Something that a guest was offered. */
struct offer {
	bool used;
	uint32_t id, type;
	uint64_t deadline_ns;
	/* A program... */
	int client; /* -1: none */
	uint32_t host_port;
	bool greet;
	/* ...or a guest's CONNECT. */
	uint32_t from, from_run, from_id;
};

struct listener {
	struct ev_io io;
	struct vguest *g;
	const char *name;
	uint32_t port; /* of the guest; with `greet` the program says it */
	uint32_t type;
	bool greet;
};

#define MAX_LISTENERS (SCENARIO_MAX_VSOCK + 2)

/* A program that has not said where to. */
struct client {
	struct vguest *g;
	struct ev_io io;
	uint32_t type, len;
	uint64_t deadline_ns;
	char line[GREETING_BYTES];
};

struct vguest {
	struct vsocks *v;
	const struct scenario_guest *sg;
	uint32_t index, cid;
	struct ev_io port; /* its fd is ours */
	uint32_t run; /* counts its devices */
	struct offer offers[VSOCK_PORT_PENDING];
	uint32_t n_listeners;
	struct listener listeners[MAX_LISTENERS];
	char names[2][SCENARIO_NAME_MAX + 32]; /* of the first two listeners */
};

struct vsocks {
	const struct scenario *s;
	struct ev_loop *loop;
	const char *dir;
	struct ev_timer limits;
	struct client *clients[MAX_CLIENTS];
	uint32_t next_offer, next_host_port;
	struct vguest g[SCENARIO_MAX_GUESTS];
};

static int socket_type(uint32_t type)
{
	return type == TYPE_SEQPACKET ? SOCK_SEQPACKET : SOCK_STREAM;
}

/* A message of a seqpacket socket must fit into its buffer whole. */
static void enlarge(int fd)
{
	int bytes = SOCKET_BYTES;

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

static void limit_at(struct vsocks *v, uint64_t deadline_ns)
{
	if (!v->limits.deadline_ns || deadline_ns < v->limits.deadline_ns)
		ev_timer_at(&v->limits, deadline_ns);
}

/* ---- what devices are told ---- */

/* Also where the device is gone: then nobody waits for it. The descriptor stays the caller's. */
static void tell(struct vguest *g, const struct vsock_port_msg *m, int fd)
{
	int rc;

	if (g->port.fd < 0)
		return;
	rc = ipc_send(g->port.fd, m, sizeof(*m), &fd, fd >= 0 ? 1 : 0);
	if (rc < 0 && rc != -EPIPE && rc != -ECONNRESET)
		log_guest("%s: its socket device does not hear: %s", g->sg->name, strerror(-rc));
}

/* RESULT or HAND: with a descriptor, or with none. */
static void tell_end(struct vguest *g, uint32_t op, uint32_t id, int fd, bool framed)
{
	struct vsock_port_msg m = { .op = op,
		.id = id,
		.flags = (fd >= 0 ? VSOCK_PORT_OK : 0) |
			 (fd >= 0 && framed ? VSOCK_PORT_FRAMED : 0) };

	tell(g, &m, fd);
}

/* ---- offers ---- */

static void result_to_guest(const struct offer *o, struct vsocks *v, int fd, bool framed)
{
	struct vguest *from = &v->g[o->from];

	/* Not its successor: that knows nothing of it. */
	if (from->run == o->from_run)
		tell_end(from, VSOCK_PORT_RESULT, o->from_id, fd, framed);
}

static void offer_refused(struct vguest *g, struct offer *o)
{
	if (o->client >= 0)
		fd_close(&o->client);
	else
		result_to_guest(o, g->v, -1, false);
	o->used = false;
}

/* The program hears that it is connected before it hears the guest. */
static bool greet(const struct offer *o)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "OK %u\n", o->host_port);

	return !o->greet || send(o->client, text, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL) == n;
}

static void offer_accepted(struct vguest *g, struct offer *o)
{
	bool framed = o->type == TYPE_SEQPACKET;
	int pair[2] = { -1, -1 };

	if (o->client >= 0) {
		tell_end(g, VSOCK_PORT_HAND, o->id, greet(o) ? o->client : -1, false);
		fd_close(&o->client);
	} else {
		if (socketpair(AF_UNIX, socket_type(o->type) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
			    pair) < 0) {
			log_warn("no socket between guests: %s", strerror(errno));
		} else {
			enlarge(pair[0]);
			enlarge(pair[1]);
		}
		tell_end(g, VSOCK_PORT_HAND, o->id, pair[0], framed);
		result_to_guest(o, g->v, pair[1], framed);
		ipc_close_fds(pair, 2);
	}
	o->used = false;
}

/* A place for an offer; NULL when too many are without an answer, or nobody is there. */
static struct offer *offer_new(struct vguest *g, uint32_t type)
{
	for (uint32_t i = 0; g->port.fd >= 0 && i < VSOCK_PORT_PENDING; i++) {
		struct offer *o = &g->offers[i];

		if (o->used)
			continue;
		*o = (struct offer){ .used = true,
			.id = ++g->v->next_offer,
			.type = type,
			.client = -1,
			.deadline_ns = clock_now_ns() + OFFER_LIMIT_NS };
		limit_at(g->v, o->deadline_ns);
		return o;
	}
	return NULL;
}

static void offer_send(struct vguest *g, const struct offer *o, uint32_t guest_port,
	uint32_t peer_cid, uint32_t peer_port)
{
	struct vsock_port_msg m = { .op = VSOCK_PORT_OFFER,
		.id = o->id,
		.type = o->type,
		.guest_port = guest_port,
		.peer_port = peer_port,
		.peer_cid = peer_cid };

	tell(g, &m, -1);
}

/* A program wants the guest's port. The descriptor is taken. */
static void offer_client(struct vguest *g, int fd, uint32_t type, uint32_t port, bool greeting)
{
	struct offer *o = offer_new(g, type);

	if (!o) {
		fd_close(&fd);
		return;
	}
	enlarge(fd);
	o->client = fd;
	o->greet = greeting;
	o->host_port = g->v->next_host_port++;
	if (g->v->next_host_port == UINT32_MAX)
		g->v->next_host_port = FIRST_HOST_PORT;
	offer_send(g, o, port, CID_HOST, o->host_port);
}

static void on_answer(struct vguest *g, const struct vsock_port_msg *m)
{
	for (uint32_t i = 0; i < VSOCK_PORT_PENDING; i++) {
		struct offer *o = &g->offers[i];

		if (!o->used || o->id != m->id)
			continue;
		if (m->flags & VSOCK_PORT_OK)
			offer_accepted(g, o);
		else
			offer_refused(g, o);
		return;
	}
	/* Too late: whoever asked has been told. */
	if (m->flags & VSOCK_PORT_OK)
		tell_end(g, VSOCK_PORT_HAND, m->id, -1, false);
}

/* ---- what guests ask for ---- */

static void connect_host(struct vguest *g, const struct vsock_port_msg *m)
{
	const struct scenario_vsock *sv = &g->sg->vsock;
	char name[SCENARIO_NAME_MAX + 32];
	const char *path = name;
	int fd = -1, rc;

	snprintf(name, sizeof(name), "%s.vsock_%u", g->sg->name, m->peer_port);
	for (uint32_t i = 0; i < sv->n_connect; i++) {
		if (sv->connect[i].port == m->peer_port)
			path = sv->connect[i].path;
	}
	rc = unix_connect(g->v->dir, path, socket_type(m->type), &fd);
	if (rc < 0)
		log_debug("guest %s: nobody at %s: %s", g->sg->name, path, strerror(-rc));
	else
		enlarge(fd);
	tell_end(g, VSOCK_PORT_RESULT, m->id, fd, false);
	fd_close(&fd);
}

static void connect_guest(struct vguest *g, struct vguest *to, const struct vsock_port_msg *m)
{
	struct offer *o = offer_new(to, m->type);

	if (!o) {
		tell_end(g, VSOCK_PORT_RESULT, m->id, -1, false);
		return;
	}
	o->from = g->index;
	o->from_run = g->run;
	o->from_id = m->id;
	offer_send(to, o, m->peer_port, g->cid, m->guest_port);
}

static void on_connect(struct vguest *g, const struct vsock_port_msg *m)
{
	struct vsocks *v = g->v;

	if (m->peer_cid == CID_HOST) {
		connect_host(g, m);
		return;
	}
	for (uint32_t i = 0; i < v->s->n_guests; i++) {
		if (v->g[i].cid == m->peer_cid) {
			connect_guest(g, &v->g[i], m);
			return;
		}
	}
	tell_end(g, VSOCK_PORT_RESULT, m->id, -1, false);
}

/* The device is gone: so is everything that waited for it. */
static void unplug(struct vguest *g)
{
	int fd = g->port.fd;

	if (fd < 0)
		return;
	ev_io_del(&g->port);
	fd_close(&fd);
	g->run++;
	for (uint32_t i = 0; i < VSOCK_PORT_PENDING; i++) {
		if (g->offers[i].used)
			offer_refused(g, &g->offers[i]);
	}
}

static void port_ready(struct ev_io *io, uint32_t revents)
{
	struct vguest *g = io->data;

	(void)revents;
	for (unsigned int i = 0; i < READ_MESSAGES && g->port.fd >= 0; i++) {
		struct vsock_port_msg m;
		uint8_t buf[sizeof(m)];
		ssize_t n = ipc_recv(g->port.fd, buf, sizeof(buf), NULL, 0, NULL);

		if (n == -EAGAIN)
			return;
		if (n == 0 || (n < 0 && n != -EMSGSIZE)) {
			unplug(g);
		} else if (n < 0 || vsock_port_parse(buf, (uint64_t)n, 0, false, &m) < 0) {
			log_guest("%s: its socket device says nonsense", g->sg->name);
		} else if (m.op == VSOCK_PORT_CONNECT) {
			on_connect(g, &m);
		} else {
			on_answer(g, &m);
		}
	}
}

int vsocks_plug(struct vsocks *v, uint32_t guest, int *fd, struct err *e)
{
	struct vguest *g = &v->g[guest];
	int pair[2];
	int rc = ipc_pair(pair, 0);

	unplug(g);
	if (!rc)
		rc = fd_set_nonblock(pair[0], 1);
	if (!rc)
		rc = ev_io_add(v->loop, &g->port, pair[0], EPOLLIN, port_ready, g);
	if (rc) {
		ipc_close_fds(pair, 2);
		return err_errno(
			e, -rc, "cannot make the socket device's port of guest %s", g->sg->name);
	}
	*fd = pair[1];
	return 0;
}

/* ---- programs of the host ---- */

bool vsocks_greeting(const char *line, size_t len, uint32_t *port)
{
	static const char word[] = "CONNECT ";
	size_t at = sizeof(word) - 1;
	uint64_t n = 0;

	if (len <= at || memcmp(line, word, at) != 0 || len - at > 10)
		return false;
	for (; at < len; at++) {
		if (line[at] < '0' || line[at] > '9')
			return false;
		n = n * 10 + (uint64_t)(line[at] - '0');
	}
	*port = (uint32_t)n;
	return n <= UINT32_MAX;
}

/* Forgets the client; its descriptor is the caller's now. */
static int client_free(struct client *c)
{
	struct vsocks *v = c->g->v;
	int fd = c->io.fd;

	ev_io_del(&c->io);
	for (uint32_t i = 0; i < MAX_CLIENTS; i++) {
		if (v->clients[i] == c)
			v->clients[i] = NULL;
	}
	free(c);
	return fd;
}

static void client_drop(struct client *c)
{
	int fd = client_free(c);

	fd_close(&fd);
}

/* Takes what is there up to the newline: what follows is for the guest. False: no such line. */
static bool client_read(struct client *c, bool *whole)
{
	size_t room = sizeof(c->line) - c->len;
	bool stream = c->type == TYPE_STREAM;
	ssize_t n = recv(c->io.fd, c->line + c->len, room, stream ? MSG_PEEK : 0);
	char *end;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n <= 0)
		return false;
	end = memchr(c->line + c->len, '\n', (size_t)n);
	if (end)
		n = end + 1 - (c->line + c->len);
	if (stream && recv(c->io.fd, c->line + c->len, (size_t)n, 0) != n)
		return false;
	c->len += (uint32_t)n;
	*whole = end != NULL;
	return end || (stream && c->len < sizeof(c->line));
}

static void client_ready(struct ev_io *io, uint32_t revents)
{
	struct client *c = io->data;
	struct vguest *g = c->g;
	uint32_t type = c->type, port;
	bool whole = false;

	(void)revents;
	if (!client_read(c, &whole)) {
		client_drop(c);
	} else if (whole) {
		bool ok = vsocks_greeting(c->line, c->len - 1, &port);
		int fd = client_free(c);

		if (ok)
			offer_client(g, fd, type, port, true);
		else
			fd_close(&fd);
	}
}

static void client_new(struct vguest *g, int fd_take, uint32_t type)
{
	struct vsocks *v = g->v;
	struct client *c;
	uint32_t slot = 0;
	int fd = fd_take;

	while (slot < MAX_CLIENTS && v->clients[slot])
		slot++;
	c = slot < MAX_CLIENTS ? calloc(1, sizeof(*c)) : NULL;
	if (!c || ev_io_add(v->loop, &c->io, fd, EPOLLIN, client_ready, c) < 0) {
		free(c);
		fd_close(&fd);
		return;
	}
	c->g = g;
	c->type = type;
	c->deadline_ns = clock_now_ns() + GREETING_LIMIT_NS;
	v->clients[slot] = c;
	limit_at(v, c->deadline_ns);
}

static void accept_ready(struct ev_io *io, uint32_t revents)
{
	struct listener *l = io->data;
	int fd = accept4(io->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)revents;
	if (fd < 0)
		return;
	if (l->greet)
		client_new(l->g, fd, l->type);
	else
		offer_client(l->g, fd, l->type, l->port, false);
}

/* ---- life ---- */

static void on_limits(struct ev_timer *t, uint64_t now_ns)
{
	struct vsocks *v = t->data;
	uint64_t next = UINT64_MAX;

	for (uint32_t i = 0; i < MAX_CLIENTS; i++) {
		struct client *c = v->clients[i];

		if (c && c->deadline_ns <= now_ns)
			client_drop(c);
		else if (c)
			next = MIN(next, c->deadline_ns);
	}
	for (uint32_t i = 0; i < v->s->n_guests * VSOCK_PORT_PENDING; i++) {
		struct vguest *g = &v->g[i / VSOCK_PORT_PENDING];
		struct offer *o = &g->offers[i % VSOCK_PORT_PENDING];

		if (o->used && o->deadline_ns <= now_ns)
			offer_refused(g, o);
		else if (o->used)
			next = MIN(next, o->deadline_ns);
	}
	if (next != UINT64_MAX)
		ev_timer_at(t, next);
}

static int add_listener(struct vguest *g, const struct listener *as, struct err *e)
{
	struct listener *l = &g->listeners[g->n_listeners];
	int fd = -1, rc;

	*l = *as;
	l->g = g;
	l->io = (struct ev_io)EV_IO_INIT;
	rc = unix_listen(g->v->dir, l->name, socket_type(l->type), BACKLOG, &fd);
	if (!rc)
		rc = ev_io_add(g->v->loop, &l->io, fd, EPOLLIN, accept_ready, l);
	if (rc == 0) {
		g->n_listeners++;
		return 0;
	}
	fd_close(&fd);
	if (rc == -EADDRINUSE)
		return err_set(e, rc,
			"guest %s: somebody listens at %s already; give it another path",
			g->sg->name, l->name);
	return err_errno(e, -rc, "guest %s: cannot listen at %s", g->sg->name, l->name);
}

static int add_listeners(struct vguest *g, struct err *e)
{
	const struct scenario_vsock *sv = &g->sg->vsock;
	int rc;

	snprintf(g->names[0], sizeof(g->names[0]), "%s.vsock", g->sg->name);
	snprintf(g->names[1], sizeof(g->names[1]), "%s.vsock-seqpacket", g->sg->name);
	rc = add_listener(g,
		&(struct listener){ .name = g->names[0], .type = TYPE_STREAM, .greet = true }, e);
	if (!rc)
		rc = add_listener(g,
			&(struct listener){
				.name = g->names[1], .type = TYPE_SEQPACKET, .greet = true },
			e);
	for (uint32_t i = 0; !rc && i < sv->n_listen; i++)
		rc = add_listener(g,
			&(struct listener){ .name = sv->listen[i].path,
				.type = sv->listen[i].seqpacket ? TYPE_SEQPACKET : TYPE_STREAM,
				.port = sv->listen[i].port },
			e);
	return rc;
}

int vsocks_new(struct vsocks **out, const struct scenario *s, struct ev_loop *loop,
	const char *out_dir, struct err *e)
{
	struct vsocks *v = calloc(1, sizeof(*v));
	int rc;

	if (!v)
		return err_set(e, -ENOMEM, "out of memory");
	v->s = s;
	v->loop = loop;
	v->dir = out_dir;
	v->next_host_port = FIRST_HOST_PORT;
	for (uint32_t i = 0; i < s->n_guests; i++) {
		v->g[i] = (struct vguest){ .v = v,
			.sg = &s->guests[i],
			.index = i,
			.cid = scenario_vsock_cid(s, i),
			.port = EV_IO_INIT };
	}
	rc = ev_timer_init(loop, &v->limits, on_limits, v);
	if (rc)
		(void)err_errno(e, -rc, "cannot make the sockets' timer");
	for (uint32_t i = 0; !rc && i < s->n_guests; i++) {
		if (v->g[i].cid)
			rc = add_listeners(&v->g[i], e);
	}
	if (rc) {
		vsocks_free(v);
		return rc;
	}
	*out = v;
	return 0;
}

void vsocks_free(struct vsocks *v)
{
	if (!v)
		return;
	for (uint32_t i = 0; i < MAX_CLIENTS; i++) {
		if (v->clients[i])
			client_drop(v->clients[i]);
	}
	for (uint32_t i = 0; i < v->s->n_guests; i++) {
		struct vguest *g = &v->g[i];

		unplug(g);
		for (uint32_t k = 0; k < g->n_listeners; k++) {
			int fd = g->listeners[k].io.fd;

			ev_io_del(&g->listeners[k].io);
			fd_close(&fd);
			unix_remove(v->dir, g->listeners[k].name);
		}
	}
	ev_timer_fini(&v->limits);
	free(v);
}
