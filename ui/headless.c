/* SPDX-License-Identifier: Apache-2.0 */
/* The back end without windows: views are kept up to date for captures, nothing is painted. */
#include <errno.h>
#include <stdlib.h>

#include "ui/backend.h"

struct ui_backend {
	struct ui_events ev;
	struct ev_loop *loop;
};

static int headless_open(struct ui_backend **out, struct link *const *links, uint32_t n,
	struct panel *panel, const struct ui_events *ev, struct err *e)
{
	struct ui_backend *b = calloc(1, sizeof(*b));

	(void)links;
	(void)n;
	(void)panel;
	if (!b)
		return err_set(e, -ENOMEM, "out of memory");
	b->ev = *ev;
	*out = b;
	return 0;
}

static int headless_run(struct ui_backend *b, struct ev_loop *loop)
{
	b->loop = loop;
	b->ev.ready(b->ev.ctx);
	return ev_loop_run(loop);
}

static void headless_damaged(struct ui_backend *b, struct link *l, uint32_t display)
{
	(void)b;
	(void)l;
	(void)display;
}

/* Its picture is made when somebody wants one. */
static void headless_panel_changed(struct ui_backend *b)
{
	(void)b;
}

static void headless_state(struct ui_backend *b, struct link *l, const char *text)
{
	(void)b;
	log_debug("%s: %s", link_spec(l)->name, text);
}

static void headless_quit(struct ui_backend *b)
{
	ev_loop_stop(b->loop);
}

static void headless_free(struct ui_backend *b)
{
	free(b);
}

const struct ui_backend_ops ui_headless = {
	.open = headless_open,
	.run = headless_run,
	.damaged = headless_damaged,
	.panel_changed = headless_panel_changed,
	.state = headless_state,
	.quit = headless_quit,
	.free = headless_free,
};
