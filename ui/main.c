/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dyno-ui: shows the displays of all guests of a bench, or keeps them ready for captures when
 * headless. Started by dyno with its control socket as fd 3 (docs/interfaces.md).
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/helper.h"
#include "base/ipc.h"
#include "base/json.h"
#include "ui/backend.h"
#include "ui/watches.h"

struct ui {
	struct ev_loop *loop;
	struct ev_io ctl;
	struct ui_manifest manifest;
	struct link *link[UI_MAX_GUESTS];
	uint32_t links;
	struct panel *panel; /* NULL: none */
	const struct ui_backend_ops *ops;
	struct ui_backend *backend;
	struct watches *watches;
};

/* ---- messages to the bench; any thread ---- */

static void tell_with(json_t *msg_take, int fd)
{
	int rc = json_msg_send_take(HELPER_CONTROL_FD, msg_take, &fd, fd >= 0 ? 1 : 0);

	if (rc < 0)
		log_debug("the bench does not listen: %s", err_name(rc));
}

static void tell(json_t *msg_take)
{
	tell_with(msg_take, -1);
}

static void answer(json_int_t id, const char *error)
{
	if (error)
		tell(json_pack("{s:I,s:b,s:s}", "reply", id, "ok", 0, "error", error));
	else
		tell(json_pack("{s:I,s:b}", "reply", id, "ok", 1));
}

static void on_ready(void *ctx)
{
	(void)ctx;
	tell(json_pack("{s:s}", "event", "ready"));
}

static void on_closed(void *ctx, const char *guest, uint32_t display)
{
	(void)ctx;
	tell(json_pack(
		"{s:s,s:s,s:i}", "event", "closed", "guest", guest, "display", (int)display));
}

/* ---- captures: the picture is taken on the loop, the PNG is written on a thread ---- */

struct capture {
	struct image im;
	int fd;
	json_int_t id;
};

static void *capture_main(void *arg)
{
	struct capture *c = arg;
	struct err e = { 0 };
	int rc = image_write_png(&c->im, c->fd, &e);

	fd_close(&c->fd); /* complete before the bench reads it */
	answer(c->id, rc < 0 ? e.text : NULL);
	image_fini(&c->im);
	free(c);
	return NULL;
}

/* Of a display, or of the panel where `v` is NULL. */
static void capture(struct ui *u, struct view *v, json_int_t id, int *fds, size_t nfds)
{
	struct capture *c = nfds == 1 ? calloc(1, sizeof(*c)) : NULL;
	pthread_attr_t attr;
	pthread_t thread;
	int rc;

	if (!c) {
		answer(id, nfds == 1 ? "out of memory" : "a capture takes one descriptor");
		return;
	}
	rc = v ? view_snapshot(v, &c->im) : panel_snapshot(u->panel, &c->im);
	if (rc < 0) {
		free(c);
		answer(id, "no memory for the picture");
		return;
	}
	c->fd = fd_take(&fds[0]);
	c->id = id;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	rc = pthread_create(&thread, &attr, capture_main, c);
	pthread_attr_destroy(&attr);
	if (rc != 0)
		capture_main(c);
}

/* ---- requests ---- */

static struct link *find_link(struct ui *u, const char *guest)
{
	for (uint32_t i = 0; i < u->links; i++) {
		if (strcmp(link_spec(u->link[i])->name, guest) == 0)
			return u->link[i];
	}
	return NULL;
}

static void status(struct ui *u, json_int_t id)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < u->links; i++) {
		for (uint32_t d = 0; d < link_spec(u->link[i])->displays; d++) {
			struct view *v = link_view(u->link[i], d);

			pthread_mutex_lock(&v->lock);
			json_array_append_new(list,
				json_pack("{s:s,s:i,s:i,s:i,s:b,s:I,s:I,s:I}", "guest",
					link_spec(u->link[i])->name, "display", (int)d, "width",
					(int)v->width, "height", (int)v->height, "on", v->on,
					"presents", (json_int_t)v->presents, "damaged_px",
					(json_int_t)v->damaged_px, "input_drops",
					(json_int_t)link_input_drops(u->link[i])));
			pthread_mutex_unlock(&v->lock);
		}
	}
	tell(json_pack("{s:I,s:b,s:o}", "reply", id, "ok", 1, "displays", list));
}

/* True when the request is one for the panel, and answered. */
static bool panel_request(
	struct ui *u, const char *op, const json_t *msg, json_int_t id, int *fds, size_t nfds)
{
	const char *text = json_string_value(json_object_get(msg, "text"));

	if (strncmp(op, "panel-", 6) != 0)
		return false;
	if (!u->panel)
		answer(id, "there is no panel");
	else if (strcmp(op, "panel-capture") == 0)
		capture(u, NULL, id, fds, nfds);
	else if (strcmp(op, "panel-controls") == 0)
		tell(json_pack("{s:I,s:b,s:o}", "reply", id, "ok", 1, "controls",
			panel_controls(u->panel)));
	else if (strcmp(op, "panel-state") == 0)
		panel_state(u->panel, msg);
	else if (strcmp(op, "panel-note") == 0 && text)
		panel_note(u->panel, json_is_true(json_object_get(msg, "bad")), text);
	else
		answer(id, "unknown operation");
	if (u->panel && (strcmp(op, "panel-state") == 0 || strcmp(op, "panel-note") == 0))
		answer(id, NULL);
	return true;
}

static void request(struct ui *u, const json_t *msg, int *fds, size_t nfds)
{
	const char *op = NULL, *guest = NULL, *text = "";
	uint64_t id = 0, display = 0;
	struct err e = { 0 };
	struct link *l;
	int rc;

	if (json_get_u64(msg, "request", JSON_REQUIRED, 0, INT64_MAX, &id, &e) < 0 ||
		json_get_str(msg, "op", JSON_REQUIRED, &op, &e) < 0 ||
		json_get_str(msg, "guest", JSON_OPTIONAL, &guest, &e) < 0 ||
		json_get_str(msg, "text", JSON_OPTIONAL, &text, &e) < 0 ||
		json_get_u64(msg, "display", JSON_OPTIONAL, 0, DISPLAY_MAX_SCANOUTS - 1, &display,
			&e) < 0) {
		answer((json_int_t)id, e.text);
		return;
	}
	if (strcmp(op, "stop") == 0) {
		answer((json_int_t)id, NULL);
		u->ops->quit(u->backend);
		return;
	}
	if (strcmp(op, "status") == 0) {
		status(u, (json_int_t)id);
		return;
	}
	if (panel_request(u, op, msg, (json_int_t)id, fds, nfds))
		return;
	l = guest ? find_link(u, guest) : NULL;
	if (!l || display >= link_spec(l)->displays) {
		answer((json_int_t)id, "no such guest or display");
	} else if (strcmp(op, "capture") == 0) {
		capture(u, link_view(l, (uint32_t)display), (json_int_t)id, fds, nfds);
	} else if (strcmp(op, "attach") == 0) {
		rc = nfds == 1 ? link_attach(l, fd_take(&fds[0])) : -EINVAL;
		answer((json_int_t)id, rc < 0 ? err_name(rc) : NULL);
	} else if (strcmp(op, "watch") == 0) {
		rc = watches_add(
			u->watches, l, (uint32_t)display, msg, nfds == 1 ? fds[0] : -1, &e);
		answer((json_int_t)id, rc < 0 ? e.text : NULL);
	} else if (strcmp(op, "state") == 0) {
		u->ops->state(u->backend, l, text);
		answer((json_int_t)id, NULL);
	} else {
		answer((json_int_t)id, "unknown operation");
	}
}

static void on_control(struct ev_io *io, uint32_t revents)
{
	struct ui *u = io->data;
	int fds[4];
	size_t nfds = 0;
	json_t *msg = NULL;
	struct err e = { 0 };
	int rc = json_msg_recv(HELPER_CONTROL_FD, &msg, fds, ARRAY_SIZE(fds), &nfds, &e);

	(void)revents;
	if (rc == -EBADMSG || rc == -EMSGSIZE) {
		log_warn("control: %s", e.text);
		return;
	}
	if (rc <= 0) { /* the bench is gone: so are we */
		ev_io_del(&u->ctl);
		u->ops->quit(u->backend);
		return;
	}
	request(u, msg, fds, nfds);
	json_decref(msg);
	ipc_close_fds(fds, nfds);
}

/* ---- links ---- */

static void on_damaged(void *ctx, struct link *l, uint32_t scanout)
{
	struct ui *u = ctx;

	u->ops->damaged(u->backend, l, scanout);
}

static void on_gone(void *ctx, struct link *l)
{
	struct ui *u = ctx;

	u->ops->state(u->backend, l, "ended");
}

static void on_shown(
	void *ctx, struct link *l, uint32_t scanout, uint64_t flushed_ns, uint64_t read_ns)
{
	struct ui *u = ctx;

	watches_shown(u->watches, l, scanout, flushed_ns, read_ns);
}

static const struct link_ops link_events = {
	.damaged = on_damaged, .shown = on_shown, .gone = on_gone
};

/* ---- start and end ---- */

static int receive_manifest(struct ui *u, int *fds, size_t *nfds, struct err *e)
{
	json_t *msg = NULL;
	int rc = json_msg_recv(HELPER_CONTROL_FD, &msg, fds, UI_MAX_FDS, nfds, e);

	if (rc == 0)
		return err_set(e, -EPIPE, "the bench sent no manifest");
	if (rc > 0)
		rc = ui_manifest_parse(msg, *nfds, &u->manifest, e);
	json_decref(msg);
	return rc;
}

static int make_links(struct ui *u, int *fds, struct err *e)
{
	for (uint32_t i = 0; i < u->manifest.guests; i++) {
		const struct ui_guest_spec *g = &u->manifest.guest[i];
		int fd = fd_take(&fds[g->fd_index]);
		int rc = fd < 0 ? -EBADF : link_new(&u->link[i], u->loop, fd, g, &link_events, u);

		if (rc < 0)
			return err_errno(e, -rc, "display channel of \"%s\"", g->name);
		u->links++;
	}
	return 0;
}

/* ---- the panel ---- */

static void panel_changed(void *ctx)
{
	struct ui *u = ctx;

	u->ops->panel_changed(u->backend);
}

/* What the user asks for with it: the bench decides. */
static void panel_ask(void *ctx, json_t *request_take)
{
	(void)ctx;
	tell(json_pack("{s:s,s:o}", "event", "ask", "ask", request_take));
}

/* A bench without its panel still runs. */
static void make_panel(struct ui *u, int *fds)
{
	const struct panel_events ev = { .changed = panel_changed, .ask = panel_ask, .ctx = u };
	const struct ui_manifest *m = &u->manifest;
	struct err e = { 0 };
	int signals;

	if (!m->panel)
		return;
	signals = m->panel_signals ? fd_take(&fds[m->signals_fd_index]) : -1;
	if (panel_new(&u->panel, u->loop, fd_take(&fds[m->panel_fd_index]), signals, &ev, &e) < 0)
		tell(json_pack("{s:s,s:s}", "event", "no-panel", "text", e.text));
}

static int start(struct ui *u, struct err *e)
{
	const struct ui_events ev = { .ready = on_ready, .closed = on_closed, .ctx = u };
	int fds[UI_MAX_FDS];
	size_t nfds = 0;
	int rc = receive_manifest(u, fds, &nfds, e);

	if (rc == 0) {
		log_set_level(u->manifest.log_level);
		rc = ev_loop_new(&u->loop);
	}
	if (rc == 0)
		rc = watches_new(&u->watches, tell_with);
	if (rc == 0)
		rc = make_links(u, fds, e);
	if (rc == 0)
		make_panel(u, fds);
	ipc_close_fds(fds, nfds);
	if (rc < 0)
		return rc;
	u->ops = u->manifest.backend == UI_SDL ? &ui_sdl : &ui_headless;
	rc = u->ops->open(&u->backend, u->link, u->links, u->panel, &ev, e);
	if (rc < 0)
		return rc;
	rc = ev_io_add(u->loop, &u->ctl, HELPER_CONTROL_FD, EPOLLIN, on_control, u);
	return rc < 0 ? err_errno(e, -rc, "cannot watch the control socket") : 0;
}

int main(int argc, char **argv)
{
	struct ui u = { .ctl = EV_IO_INIT };
	struct err e = { 0 };
	int rc;

	if (!helper_begin("dyno-ui", argc, argv, &rc))
		return rc;
	rc = start(&u, &e);
	if (rc < 0) {
		tell(json_pack("{s:s,s:s}", "event", "error", "text", e.text));
		log_error("%s", e.text);
	} else {
		rc = u.ops->run(u.backend, u.loop);
	}
	if (u.backend)
		u.ops->free(u.backend);
	ev_io_del(&u.ctl);
	for (uint32_t i = 0; i < u.links; i++)
		link_free(u.link[i]);
	watches_free(u.watches);
	panel_free(u.panel);
	ev_loop_free(u.loop);
	return rc < 0 ? HELPER_NO_HOST : 0;
}
