/* SPDX-License-Identifier: Apache-2.0 */
/* dyno-ui's process; see ui_proc.h. */
#include "sim/bench/ui_proc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/log.h"
#include "sim/bench/bench.h"
#include "sim/bench/manifest.h"

bool ui_alive(const struct ui_proc *u)
{
	return u->child.pid > 0;
}

/* What was asked for with ui_watch(). */
static void on_screen(struct ui_proc *u, const json_t *msg, int fd)
{
	struct check_screen seen = { .pictures = fd };
	uint64_t number = 0;
	struct err e = { 0 };

	if (json_get_u64(msg, "watch", JSON_REQUIRED, 0, UINT32_MAX, &number, &e) < 0 ||
		json_get_u64(msg, "t_ns", JSON_REQUIRED, 0, INT64_MAX, &seen.flushed_ns, &e) < 0 ||
		json_get_u64(msg, "read_ns", JSON_REQUIRED, 0, INT64_MAX, &seen.read_ns, &e) < 0 ||
		json_get_u64(msg, "untold", JSON_OPTIONAL, 0, INT64_MAX, &seen.untold, &e) < 0)
		log_warn("dyno-ui: %s", e.text);
	else if (u->bench->phase <= BENCH_ENDING)
		check_screen(u->bench->checks, (uint32_t)number, &seen);
}

static void on_event(void *arg, const char *ev, const json_t *msg, int fd)
{
	struct ui_proc *u = arg;
	const char *text = json_string_value(json_object_get(msg, "text"));

	if (strcmp(ev, "ready") == 0) {
		u->ready = true;
		u->ready_ns = clock_now_ns();
	} else if (strcmp(ev, "screen") == 0) {
		on_screen(u, msg, fd);
	} else if (strcmp(ev, "closed") == 0) {
		bench_end(u->bench, "window closed");
	} else if (strcmp(ev, "ask") == 0) {
		panel_asked(&u->bench->panel, json_object_get(msg, "ask"));
	} else if (strcmp(ev, "no-panel") == 0) {
		term_problem(&u->bench->term, "no panel: %s", text ? text : "unknown error");
	} else if (strcmp(ev, "error") == 0) {
		bench_ui_failed(u->bench, text ? text : "unknown error");
	}
}

static void on_readable(struct child *c)
{
	struct ui_proc *u = c->data;

	rpc_receive(&u->rpc, c, "dyno-ui", on_event, u);
}

static void on_line(struct child *c, const char *text, size_t len)
{
	struct ui_proc *u = c->data;

	if (term_may_say(&u->bench->term, &u->said, "dyno-ui"))
		term_line(&u->bench->term, text, len);
}

/* Nobody looks any more: what was not seen may have been there. */
static void unwatch(struct ui_proc *u)
{
	for (uint32_t i = 0; u->bench->checks && check_event(u->bench->checks, i); i++)
		check_screen_failed(u->bench->checks, i, "dyno-ui has ended");
}

static void on_exit_(struct child *c)
{
	struct ui_proc *u = c->data;
	char status[128];

	child_hang_up(c);
	child_status_text(c, status, sizeof(status));
	rpc_close(&u->rpc, "dyno-ui has ended");
	if (!u->stop_wanted) {
		term_problem(
			&u->bench->term, "dyno-ui %s: no windows and no pictures any more", status);
		unwatch(u);
	}
	bench_helper_ended(u->bench);
}

int ui_start(struct ui_proc *u, struct bench *b, const char *program, bool windows, const int *fds,
	struct err *e)
{
	const char *argv[] = { program, NULL };
	struct manifest_opts opts = { .sandbox = true, .log_level = b->opts.log_level };
	struct manifest_fds out;
	json_t *m;
	int rc;

	*u = (struct ui_proc){ .bench = b };
	child_init(&u->child);
	u->child.on_line = on_line;
	u->child.on_readable = on_readable;
	u->child.on_exit = on_exit_;
	u->child.data = u;
	rc = child_spawn(&u->child, b->loop, argv, e);
	if (rc)
		return rc;
	u->started = true;
	rpc_init(&u->rpc, u->child.sock);
	m = manifest_ui(b->s, windows, fds, &opts, &out);
	if (b->panel.bench)
		manifest_panel(m, b->panel.spec_fd, b->panel.ui_fd, &out);
	rc = json_msg_send_take(u->child.sock, m, out.fd, out.n);
	return rc ? err_errno(e, -rc, "cannot send dyno-ui its manifest") : 0;
}

void ui_fini(struct ui_proc *u)
{
	if (u->started)
		child_fini(&u->child);
	u->started = false;
	json_decref(u->memory);
	u->memory = NULL;
}

/* ---- watches ---- */

struct asked {
	struct ui_proc *ui;
	uint32_t number;
};

static void watched(void *arg, const json_t *reply, const char *error)
{
	struct asked *a = arg;

	(void)reply;
	if (error)
		check_screen_failed(a->ui->bench->checks, a->number, error);
	free(a);
}

static json_t *watch_request(
	const struct scenario *s, uint32_t number, const struct scenario_event *ev)
{
	static const char *const looks[] = { [SCENARIO_LOOK_CHANGED] = "changed",
		[SCENARIO_LOOK_COLOUR] = "colour",
		[SCENARIO_LOOK_LIKE] = "like" };
	const struct display_rect *r = &ev->u.screen.region;

	return json_pack("{s:s,s:I,s:s,s:i,s:s,s:i,s:i,s:i,s:i,s:i,s:i,s:f}", "op", "watch",
		"watch", (json_int_t)number, "guest", s->guests[ev->u.screen.guest].name, "display",
		(int)ev->u.screen.display, "want", looks[ev->u.screen.look], "x", (int)r->x, "y",
		(int)r->y, "w", (int)r->w, "h", (int)r->h, "colour", (int)ev->u.screen.rgb,
		"threshold", (int)ev->u.screen.threshold, "share", ev->u.screen.share);
}

static void watch_one(struct ui_proc *u, uint32_t number, const struct scenario_event *ev)
{
	struct asked *a = malloc(sizeof(*a));
	CLEANUP_FD int fd = -1;
	char text[1200];

	if (!a) {
		check_screen_failed(u->bench->checks, number, "out of memory");
		return;
	}
	*a = (struct asked){ u, number };
	if (ev->u.screen.look == SCENARIO_LOOK_LIKE) {
		fd = open(ev->u.screen.picture, O_RDONLY | O_CLOEXEC);
		if (fd < 0) {
			snprintf(text, sizeof(text), "cannot read %s: %s", ev->u.screen.picture,
				strerror(errno));
			watched(a, NULL, text);
			return;
		}
	}
	rpc_call(&u->rpc, watch_request(u->bench->s, number, ev), &fd, fd >= 0 ? 1 : 0, watched, a);
}

void ui_watch(struct ui_proc *u)
{
	const struct scenario_event *ev;

	for (uint32_t i = 0; (ev = check_event(u->bench->checks, i)) != NULL; i++) {
		if (ev->kind == SCENARIO_EVENT_SCREEN)
			watch_one(u, i, ev);
	}
}

/* ---- pictures ---- */

struct capture {
	void (*done)(void *arg, const char *error);
	void *arg;
	char path[1024];
};

static void captured(void *arg, const json_t *reply, const char *error)
{
	struct capture *c = arg;

	(void)reply;
	/* A file that was begun is no picture. */
	if (error)
		unlink(c->path);
	c->done(c->arg, error);
	free(c);
}

/* `request_take` asks for the picture. */
static void capture(struct ui_proc *u, json_t *request_take, const char *path,
	void (*done)(void *arg, const char *error), void *arg)
{
	struct capture *c = malloc(sizeof(*c));
	char text[1200];
	int fd;

	if (!c) {
		json_decref(request_take);
		done(arg, "out of memory");
		return;
	}
	*c = (struct capture){ .done = done, .arg = arg };
	snprintf(c->path, sizeof(c->path), "%s", path);
	if (!u->started || !ui_alive(u)) {
		json_decref(request_take);
		free(c);
		done(arg, "dyno-ui does not run");
		return;
	}
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0) {
		snprintf(text, sizeof(text), "cannot write %s: %s", path, strerror(errno));
		json_decref(request_take);
		free(c);
		done(arg, text);
		return;
	}
	rpc_call(&u->rpc, request_take, &fd, 1, captured, c);
	fd_close(&fd);
}

void ui_capture(struct ui_proc *u, uint32_t guest, uint32_t display, const char *path,
	void (*done)(void *arg, const char *error), void *arg)
{
	/* Without windows and displays it was never started, and knows no bench. */
	json_t *m = u->started ? json_pack("{s:s,s:s,s:i}", "op", "capture", "guest",
					 u->bench->s->guests[guest].name, "display", (int)display)
			       : NULL;

	capture(u, m, path, done, arg);
}

void ui_capture_panel(
	struct ui_proc *u, const char *path, void (*done)(void *arg, const char *error), void *arg)
{
	capture(u, json_pack("{s:s}", "op", "panel-capture"), path, done, arg);
}

static void attached(void *arg, const json_t *reply, const char *error)
{
	struct ui_proc *u = arg;

	(void)reply;
	if (error)
		term_problem(&u->bench->term,
			"dyno-ui cannot show a guest that was started again: %s", error);
}

void ui_attach(struct ui_proc *u, uint32_t guest, int fd)
{
	rpc_call(&u->rpc,
		json_pack("{s:s,s:s}", "op", "attach", "guest", u->bench->s->guests[guest].name),
		&fd, 1, attached, u);
}

void ui_show_state(struct ui_proc *u, uint32_t guest, const char *text)
{
	const struct scenario_guest *sg;

	/* Without displays it was never started, and knows no bench. */
	if (!u->started || !ui_alive(u))
		return;
	sg = &u->bench->s->guests[guest];
	if (!sg->n_displays)
		return;
	rpc_call(&u->rpc,
		json_pack("{s:s,s:s,s:s}", "op", "state", "guest", sg->name, "text", text), NULL, 0,
		NULL, NULL);
}

void ui_stop(struct ui_proc *u)
{
	if (!u->started || !ui_alive(u) || u->stop_wanted)
		return;
	u->stop_wanted = true;
	u->memory = metrics_ui_memory(u);
	rpc_call(&u->rpc, json_pack("{s:s}", "op", "stop"), NULL, 0, NULL, NULL);
}
