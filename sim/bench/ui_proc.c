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

static void on_event(void *arg, const char *ev, const json_t *msg)
{
	struct ui_proc *u = arg;
	const char *text = json_string_value(json_object_get(msg, "text"));

	if (strcmp(ev, "ready") == 0) {
		u->ready = true;
		u->ready_ns = clock_now_ns();
	} else if (strcmp(ev, "closed") == 0) {
		bench_end(u->bench, "window closed");
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

static void on_exit_(struct child *c)
{
	struct ui_proc *u = c->data;
	char status[128];

	child_hang_up(c);
	child_status_text(c, status, sizeof(status));
	rpc_close(&u->rpc, "dyno-ui has ended");
	if (!u->stop_wanted)
		term_problem(
			&u->bench->term, "dyno-ui %s: no windows and no pictures any more", status);
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

void ui_capture(struct ui_proc *u, uint32_t guest, uint32_t display, const char *path,
	void (*done)(void *arg, const char *error), void *arg)
{
	struct capture *c = malloc(sizeof(*c));
	char text[1200];
	int fd;

	if (!c) {
		done(arg, "out of memory");
		return;
	}
	*c = (struct capture){ .done = done, .arg = arg };
	snprintf(c->path, sizeof(c->path), "%s", path);
	if (!u->started || !ui_alive(u)) {
		free(c);
		done(arg, "dyno-ui does not run");
		return;
	}
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0) {
		snprintf(text, sizeof(text), "cannot write %s: %s", path, strerror(errno));
		free(c);
		done(arg, text);
		return;
	}
	rpc_call(&u->rpc,
		json_pack("{s:s,s:s,s:i}", "op", "capture", "guest",
			u->bench->s->guests[guest].name, "display", (int)display),
		&fd, 1, captured, c);
	fd_close(&fd);
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
