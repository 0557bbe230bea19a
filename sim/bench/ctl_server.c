/* SPDX-License-Identifier: Apache-2.0 */
/* Clients of the control socket; see ctl_server.h. */
#include "sim/bench/ctl_server.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "sim/bench/action.h"
#include "sim/bench/bench.h"
#include "sim/bench/ctl_proto.h"
#include "sim/bench/feeds.h"
#include "sim/bench/stream.h"
#include "sim/bench/unix_socket.h"

/* Answers a client may leave unread, and requests it may have open. */
#define OUT_MAX         (4 * 1024 * 1024)
#define OPEN_MAX        64
#define ANSWER_LIMIT_NS (10 * NS_PER_S)

struct ctl_client {
	struct ctl_server *server;
	uint32_t slot;
	uint64_t generation; /* no other client of this run has it */
	struct ev_io io;
	uint32_t open; /* requests that were not answered yet */
	size_t in_len, out_len, out_at;
	char *out;
	struct stream *console; /* it has become one; NULL */
	struct stream_tap tap;
	char in[CTL_LINE_MAX];
};

static void drop(struct ctl_client *c)
{
	int fd = c->io.fd;

	if (c->console)
		stream_tap_remove(c->console, &c->tap);
	ev_io_del(&c->io);
	fd_close(&fd);
	c->server->clients[c->slot] = NULL;
	free(c->out);
	free(c);
}

/* What a console's guest does not take stays in the socket. */
static int watch(struct ctl_client *c)
{
	bool full = c->console && c->in_len;

	return ev_io_set(
		&c->io, (full ? 0u : (uint32_t)EPOLLIN) | (c->out_len ? (uint32_t)EPOLLOUT : 0u));
}

/* False when the client is gone (dropped). */
static bool flush(struct ctl_client *c)
{
	while (c->out_at < c->out_len) {
		ssize_t n = send(c->io.fd, c->out + c->out_at, c->out_len - c->out_at,
			MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n >= 0) {
			c->out_at += (size_t)n;
		} else if (errno == EAGAIN) {
			break;
		} else if (errno != EINTR) {
			drop(c);
			return false;
		}
	}
	if (c->out_at == c->out_len)
		c->out_at = c->out_len = 0;
	if (watch(c)) {
		drop(c);
		return false;
	}
	return true;
}

static bool append(struct ctl_client *c, const char *text, size_t len)
{
	size_t waits = c->out_len - c->out_at;
	char *out;

	if (waits + len > OUT_MAX) {
		log_warn("control socket: a client does not read its answers, closed");
		drop(c);
		return false;
	}
	/* A console may go on for hours without a moment in which nothing waits. */
	if (c->out_at)
		memmove(c->out, c->out + c->out_at, waits);
	c->out_at = 0;
	c->out_len = waits;
	out = realloc(c->out, waits + len);
	if (!out) {
		drop(c);
		return false;
	}
	c->out = out;
	memcpy(out + waits, text, len);
	c->out_len += len;
	return flush(c);
}

/* False when the client is gone. Consumes the body and the id (both may be NULL). */
static bool answer(struct ctl_client *c, json_t *id_take, json_t *body_take, const char *error)
{
	json_t *msg = body_take ? body_take : json_object();
	char *text;
	size_t len;
	bool alive;

	if (id_take)
		json_object_set_new(msg, "id", id_take);
	json_object_set_new(msg, "ok", json_boolean(!error));
	if (error)
		json_object_set_new(msg, "error", json_string(error));
	text = json_dumps(msg, JSON_COMPACT);
	json_decref(msg);
	if (!text) {
		drop(c);
		return false;
	}
	/* The newline takes the place of the NUL. */
	len = strlen(text);
	text[len] = '\n';
	alive = append(c, text, len + 1);
	free(text);
	return alive;
}

/* A request that is answered later. The client may be gone by then. */
struct ctl_later {
	struct ctl_server *server;
	struct ctl_later *next, **link;
	uint64_t deadline_ns; /* a guest that hangs must not hang the client; 0: it was told */
	uint32_t slot;
	uint64_t generation;
	json_t *id;
	json_t *body; /* the answer's other members; NULL */
	char path[1024];
};

/* Answers the client, once. */
static void later_tell(struct ctl_later *l, const char *error)
{
	struct ctl_client *c = l->server->clients[l->slot];
	json_t *body = l->body;

	l->body = NULL;
	if (!l->deadline_ns) {
		json_decref(body);
		return;
	}
	l->deadline_ns = 0;
	if (!c || c->generation != l->generation) {
		json_decref(l->id);
		json_decref(body);
		return;
	}
	c->open--;
	if (!error && l->path[0])
		body = json_pack("{s:s}", "path", l->path);
	(void)answer(c, l->id, body, error);
}

static void later_done(void *arg, const char *error)
{
	struct ctl_later *l = arg;

	*l->link = l->next;
	if (l->next)
		l->next->link = l->link;
	later_tell(l, error);
	free(l);
}

static void arm_limit(struct ctl_server *s)
{
	uint64_t first = UINT64_MAX;

	for (const struct ctl_later *l = s->later; l; l = l->next) {
		if (l->deadline_ns)
			first = MIN(first, l->deadline_ns);
	}
	if (first == UINT64_MAX)
		ev_timer_stop(&s->limit);
	else
		ev_timer_at(&s->limit, first);
}

static void limit_reached(struct ev_timer *t, uint64_t now_ns)
{
	struct ctl_server *s = t->data;

	for (struct ctl_later *l = s->later; l; l = l->next) {
		if (l->deadline_ns && l->deadline_ns <= now_ns)
			later_tell(l, "no answer in time: the guest's process hangs");
	}
	arm_limit(s);
}

/* Takes the id. NULL without memory. */
static struct ctl_later *later_new(struct ctl_client *c, json_t *id_take, uint64_t hold_ns)
{
	struct ctl_server *s = c->server;
	struct ctl_later *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	*l = (struct ctl_later){ .server = s,
		.next = s->later,
		.link = &s->later,
		.deadline_ns = clock_now_ns() + ANSWER_LIMIT_NS + hold_ns,
		.slot = c->slot,
		.generation = c->generation,
		.id = id_take };
	if (s->later)
		s->later->link = &l->next;
	s->later = l;
	c->open++;
	arm_limit(s);
	return l;
}

/* How long an action lasts by itself. */
static uint64_t hold_of(const struct ctl_request *r)
{
	if (r->op != CTL_ACTION)
		return 0;
	return r->action.op == SCENARIO_KEY       ? r->action.u.key.hold_ns
	       : r->action.op == SCENARIO_TOUCH   ? r->action.u.touch.hold_ns
	       : r->action.op == SCENARIO_POINTER ? r->action.u.pointer.hold_ns
						  : 0;
}

static void screenshot(struct bench *b, struct ctl_request *r, struct ctl_later *l)
{
	if (r->path[0])
		snprintf(l->path, sizeof(l->path), "%s", r->path);
	else
		snprintf(l->path, sizeof(l->path), "%s/%s-%u-ctl.png", b->out_dir,
			b->s->guests[r->action.guest].name, r->action.display);
	ui_capture(&b->ui, r->action.guest, r->action.display, l->path, later_done, l);
}

/* What dyno-vm answered is the answer. */
static void reply_done(void *arg, const json_t *reply, const char *error)
{
	struct ctl_later *l = arg;

	if (!error) {
		l->body = json_deep_copy(reply);
		json_object_del(l->body, "reply");
		json_object_del(l->body, "ok");
	}
	later_done(l, error);
}

static void panel(struct bench *b, struct ctl_request *r, struct ctl_later *l)
{
	snprintf(l->path, sizeof(l->path), "%s", r->path);
	if (!b->panel.bench || !ui_alive(&b->ui))
		later_done(l, "the run has no panel: start it with --panel");
	else if (r->path[0])
		ui_capture_panel(&b->ui, l->path, later_done, l);
	else
		rpc_call(&b->ui.rpc, json_pack("{s:s}", "op", "panel-controls"), NULL, 0,
			reply_done, l);
}

static void console_sized(void *arg, const json_t *reply, const char *error)
{
	(void)reply;
	later_done(arg, error);
}

/* ---- consoles ---- */

/* What was typed goes to the guest as far as it takes it. False when the client is gone. */
static bool console_feed(struct ctl_client *c)
{
	size_t n =
		stream_is_open(c->console) ? stream_write(c->console, c->in, c->in_len) : c->in_len;

	c->in_len -= n;
	memmove(c->in, c->in + n, c->in_len);
	if (watch(c)) {
		drop(c);
		return false;
	}
	return true;
}

static void console_ready(struct ctl_client *c, uint32_t revents)
{
	ssize_t n = 0;

	/* A client that left while the guest does not read is not waited for. */
	if (!c->in_len) {
		n = recv(c->io.fd, c->in, sizeof(c->in), MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
	} else if (!(revents & (EPOLLHUP | EPOLLERR))) {
		return;
	}
	if (n <= 0) {
		drop(c);
		return;
	}
	c->in_len = (size_t)n;
	(void)console_feed(c);
}

static void console_bytes(struct stream_tap *t, const char *bytes, size_t n)
{
	(void)append(t->data, bytes, n);
}

static void console_room(struct stream_tap *t)
{
	struct ctl_client *c = t->data;

	if (c->in_len)
		(void)console_feed(c);
}

/* From the answer on the connection is the console. False when the client is gone. */
static bool attach(struct ctl_client *c, const struct ctl_request *r)
{
	struct guest *g = &c->server->bench->guests[r->action.guest];
	struct stream *st = guest_stream(g, r->port);

	if (!st)
		return answer(c, r->id, NULL, "the guest has no such console");
	if (!answer(c, r->id, json_pack("{s:s,s:s}", "guest", g->sg->name, "port", r->port), NULL))
		return false;
	c->console = st;
	c->tap = (struct stream_tap){ .bytes = console_bytes, .room = console_room, .data = c };
	stream_tap_add(st, &c->tap);
	return true;
}

/* ---- signals ---- */

struct signals_ask {
	const struct ctl_request *r;
	json_t *out;
};

static void signals_there(struct feeds *f, void *arg)
{
	struct signals_ask *a = arg;

	if (a->r->op == CTL_GET)
		a->out = feeds_signal_json(f, a->r->assign.signal);
	else
		a->out = json_pack("{s:o}", "signals",
			feeds_signals_json(f, a->r->text[0] ? a->r->text : NULL));
}

static json_t *signals_answer(struct bench *b, const struct ctl_request *r)
{
	struct signals_ask a = { .r = r };

	(void)buses_feeds(b->buses, signals_there, &a);
	return a.out;
}

/* False when the client is gone. */
static bool serve(struct ctl_client *c, const char *line, size_t len)
{
	struct bench *b = c->server->bench;
	struct ctl_server *server = c->server;
	uint32_t slot = c->slot;
	uint64_t generation = c->generation;
	struct ctl_request r;
	struct ctl_later *l;
	struct err e;
	json_t *id;

	if (ctl_parse(line, len, b->s, &r, &e))
		return answer(c, r.id, NULL, e.text);
	id = r.id;
	if (r.op == CTL_STATUS)
		return answer(c, id, bench_status(b), NULL);
	if (r.op == CTL_METRICS)
		return answer(c, id, bench_metrics(b), NULL);
	if (r.op == CTL_STOP) {
		bench_end(b, "stopped by dyno ctl");
		return answer(c, id, NULL, NULL);
	}
	if (r.op == CTL_CONSOLE)
		return attach(c, &r);
	if (r.op == CTL_SIGNALS || r.op == CTL_GET)
		return answer(c, id, signals_answer(b, &r), NULL);
	if (b->phase != BENCH_RUNNING)
		return answer(c, id, NULL,
			b->phase == BENCH_STARTING ? "the guests are still being started"
						   : "the run is ending");
	if (c->open >= OPEN_MAX)
		return answer(c, id, NULL, "too many requests are open");
	l = later_new(c, id, hold_of(&r));
	if (!l)
		return answer(c, id, NULL, "out of memory");
	if (r.op == CTL_SCREENSHOT)
		screenshot(b, &r, l);
	else if (r.op == CTL_PANEL)
		panel(b, &r, l);
	else if (r.op == CTL_BALLOON)
		guest_balloon(
			&b->guests[r.action.guest], r.action.u.balloon.target_bytes, reply_done, l);
	else if (r.op == CTL_DEVICES)
		guest_request(&b->guests[r.action.guest], "status", reply_done, l);
	else if (r.op == CTL_CONSOLE_SIZE)
		guest_console_size(&b->guests[r.action.guest], r.cols, r.rows, console_sized, l);
	else if (r.op == CTL_PAUSE || r.op == CTL_RESUME)
		action_pause_bench(b, r.op == CTL_PAUSE, later_done, l);
	else
		action_run(b, &r.action, later_done, l);
	/* An answer that came at once may have ended the client. */
	return server->clients[slot] && server->clients[slot]->generation == generation;
}

static void client_ready(struct ev_io *io, uint32_t revents)
{
	struct ctl_client *c = io->data;
	char *nl;
	ssize_t n;

	if ((revents & EPOLLOUT) && !flush(c))
		return;
	if (!(revents & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	if (c->console) {
		console_ready(c, revents);
		return;
	}
	n = recv(c->io.fd, c->in + c->in_len, sizeof(c->in) - c->in_len, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		drop(c);
		return;
	}
	c->in_len += (size_t)n;
	while (!c->console && (nl = memchr(c->in, '\n', c->in_len))) {
		size_t len = (size_t)(nl - c->in);

		if (len && !serve(c, c->in, len))
			return;
		c->in_len -= len + 1;
		memmove(c->in, nl + 1, c->in_len);
	}
	if (c->console) {
		(void)console_feed(c);
		return;
	}
	if (c->in_len == sizeof(c->in) && answer(c, NULL, NULL, "the line is too long"))
		drop(c);
}

/* Only the bench's own user and root. */
static bool peer_allowed(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0 &&
	       (cred.uid == geteuid() || cred.uid == 0);
}

static void accept_ready(struct ev_io *io, uint32_t revents)
{
	struct ctl_server *s = io->data;
	struct ctl_client *c;
	int fd = accept4(io->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	uint32_t slot = 0;

	(void)revents;
	if (fd < 0)
		return;
	while (slot < CTL_MAX_CLIENTS && s->clients[slot])
		slot++;
	c = slot < CTL_MAX_CLIENTS && peer_allowed(fd) ? calloc(1, sizeof(*c)) : NULL;
	if (!c || ev_io_add(s->bench->loop, &c->io, fd, EPOLLIN, client_ready, c)) {
		free(c);
		fd_close(&fd);
		return;
	}
	c->server = s;
	c->slot = slot;
	c->generation = ++s->generation;
	s->clients[slot] = c;
}

int ctl_server_init(struct ctl_server *c, struct bench *b, const char *dir, struct err *e)
{
	int fd = -1, rc;

	*c = (struct ctl_server){ .bench = b, .io = EV_IO_INIT };
	rc = ev_timer_init(b->loop, &c->limit, limit_reached, c);
	if (rc)
		return err_errno(e, -rc, "cannot make the control socket's timer");
	rc = unix_listen(dir, CTL_SOCKET_NAME, SOCK_STREAM, CTL_MAX_CLIENTS, &fd);
	if (rc == -EADDRINUSE)
		return err_set(e, rc,
			"another run uses the folder %s (its control socket answers): end it with "
			"`dyno ctl --socket %s/%s stop`, or give this one --out DIR",
			dir, dir, CTL_SOCKET_NAME);
	if (!rc)
		rc = ev_io_add(b->loop, &c->io, fd, EPOLLIN, accept_ready, c);
	if (rc) {
		fd_close(&fd);
		return err_errno(e, -rc, "cannot make the control socket in %s", dir);
	}
	snprintf(c->path, sizeof(c->path), "%s/%s", dir, CTL_SOCKET_NAME);
	return 0;
}

void ctl_server_fini(struct ctl_server *c)
{
	int fd = c->io.fd;

	ev_timer_fini(&c->limit);
	if (!c->path[0])
		return;
	for (uint32_t i = 0; i < CTL_MAX_CLIENTS; i++) {
		if (c->clients[i])
			drop(c->clients[i]);
	}
	ev_io_del(&c->io);
	fd_close(&fd);
	unlink(c->path);
	c->path[0] = '\0';
}
