/* SPDX-License-Identifier: Apache-2.0 */
/* See panel.h. */
#include "sim/bench/panel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/ipc.h"
#include "sim/bench/action.h"
#include "sim/bench/bench.h"
#include "sim/bench/ctl_proto.h"
#include "sim/bench/feeds.h"
#include "sim/bench/json_text.h"

#define STATE_NS (250 * NS_PER_MS)

bool panel_wanted(const struct bench *b)
{
	struct panel_list *list;
	bool any;

	if (b->opts.panel != BENCH_PANEL_SCENARIO)
		return b->opts.panel == BENCH_PANEL_ON;
	if (b->s->panel.show != SCENARIO_PANEL_AUTO)
		return b->s->panel.show == SCENARIO_PANEL_ON;
	list = b->windows ? calloc(1, sizeof(*list)) : NULL;
	if (!list)
		return false;
	panel_list_make(b->s, list);
	any = list->n > 0;
	free(list);
	return any;
}

/* ---- set-up ---- */

static int write_spec(struct bench_panel *p, struct err *e)
{
	json_t *spec = panel_spec_json(p->bench->s, p->list);
	char *text = spec ? json_dumps(spec, JSON_COMPACT) : NULL;
	size_t len = text ? strlen(text) : 0;
	int rc = -ENOMEM;

	json_decref(spec);
	if (text) {
		p->spec_fd = fd_memfd("panel", len);
		rc = p->spec_fd < 0 ? p->spec_fd : fd_write_all(p->spec_fd, text, len);
	}
	if (rc == 0 && lseek(p->spec_fd, 0, SEEK_SET) < 0)
		rc = -errno;
	free(text);
	return rc ? err_errno(e, -rc, "cannot describe the panel") : 0;
}

static void send_state(struct ev_timer *t, uint64_t now_ns);

int panel_open(struct bench_panel *p, struct bench *b, struct err *e)
{
	int pair[2], rc;

	*p = (struct bench_panel){ .bench = b, .spec_fd = -1, .ui_fd = -1, .port_fd = -1 };
	p->list = calloc(1, sizeof(*p->list));
	rc = p->list ? ev_timer_init(b->loop, &p->timer, send_state, p) : -ENOMEM;
	if (rc)
		return err_errno(e, -rc, "cannot make the panel");
	panel_list_make(b->s, p->list);
	rc = write_spec(p, e);
	if (rc || !p->list->n)
		return rc;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_errno(e, errno, "cannot make the panel's signal port");
	p->port_fd = pair[0];
	p->ui_fd = pair[1];
	return 0;
}

struct plug {
	struct bench_panel *p;
	int rc;
};

static void plug_there(struct feeds *f, void *arg)
{
	struct plug *c = arg;
	const struct panel_list *list = c->p->list;

	c->rc = feeds_add_panel(f, fd_take(&c->p->port_fd), list->signal, list->settable, list->n);
}

int panel_connect(struct bench_panel *p, struct err *e)
{
	struct plug c = { .p = p, .rc = -ECANCELED };

	if (!p->bench)
		return 0;
	fd_close(&p->spec_fd);
	fd_close(&p->ui_fd);
	ev_timer_at(&p->timer, clock_now_ns());
	if (p->port_fd < 0)
		return 0;
	(void)buses_feeds(p->bench->buses, plug_there, &c);
	return c.rc ? err_errno(e, -c.rc, "cannot connect the panel to the signals") : 0;
}

void panel_close(struct bench_panel *p)
{
	if (!p->bench)
		return;
	ev_timer_fini(&p->timer);
	fd_close(&p->spec_fd);
	fd_close(&p->ui_fd);
	fd_close(&p->port_fd);
	free(p->list);
	*p = (struct bench_panel){ .bench = NULL };
}

/* ---- the state ---- */

static const char *state_word(const struct bench *b)
{
	static const char *const words[] = { "starting", "running", "ending", "stopping", "ended" };

	return b->phase == BENCH_RUNNING && b->paused ? "paused" : words[b->phase];
}

static json_t *buses_state(struct bench_panel *p)
{
	const struct scenario *s = p->bench->s;
	struct buses_brief brief[SCENARIO_MAX_BUSES];
	uint32_t last = p->samples % PANEL_SAMPLES;
	uint32_t first = p->samples < PANEL_SAMPLES ? 0 : last;
	uint64_t now_ns = clock_now_ns();
	json_t *list = json_array();

	memset(brief, 0, sizeof(brief));
	buses_get_brief(p->bench->buses, brief);
	for (uint32_t i = 0; i < s->n_buses; i++) {
		uint64_t before = p->sample[first].frames[i];
		double seconds = (double)(now_ns - p->sample[first].t_ns) / 1e9;
		double rate = p->samples && seconds > 0
				      ? (double)(brief[i].frames - before) / seconds
				      : 0;

		json_array_append_new(
			list, json_pack("{s:f,s:f,s:I}", "load", brief[i].load_permille / 10.0,
				      "rate", rate, "dropped", (json_int_t)brief[i].dropped));
	}
	p->sample[last].t_ns = now_ns;
	for (uint32_t i = 0; i < s->n_buses; i++)
		p->sample[last].frames[i] = brief[i].frames;
	p->samples++;
	return list;
}

static json_t *guests_state(const struct bench *b)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < b->s->n_guests; i++) {
		const struct guest *g = &b->guests[i];
		bool still = b->paused && guest_alive(g);

		json_array_append_new(
			list, json_pack("{s:s}", "state", still ? "paused" : guest_state_name(g)));
	}
	return list;
}

static json_t *streams_state(const struct bench *b)
{
	json_t *list = json_array();

	for (uint32_t g = 0; g < b->s->n_guests; g++) {
		for (uint32_t i = 0; i < b->s->guests[g].n_sounds; i++) {
			const struct audio_mix *l = &b->audio.guest[g].mix[i];

			json_array_append_new(
				list, json_pack("{s:i,s:b}", "volume", (int)l->volume_percent,
					      "mute", (int)l->mute));
		}
	}
	return list;
}

static void state_taken(void *arg, const json_t *reply, const char *error)
{
	struct bench_panel *p = arg;

	(void)reply;
	(void)error;
	p->asked = false;
}

/* A dyno-ui that is slow gets fewer of them. */
static void send_state(struct ev_timer *t, uint64_t now_ns)
{
	struct bench_panel *p = t->data;
	struct bench *b = p->bench;

	if (!b->ui.started || !ui_alive(&b->ui))
		return;
	ev_timer_at(t, now_ns + STATE_NS);
	if (p->asked)
		return;
	p->asked = true;
	rpc_call(&b->ui.rpc,
		json_pack("{s:s,s:s,s:f,s:f,s:o,s:o,s:o}", "op", "panel-state", "state",
			state_word(b), "time_s", (double)bench_now(b) / 1e9, "duration_s",
			(double)b->duration_ns / 1e9, "guests", guests_state(b), "buses",
			buses_state(p), "streams", streams_state(b)),
		NULL, 0, state_taken, p);
}

/* ---- what the user asks for ---- */

static void note(struct bench_panel *p, const char *text, bool bad)
{
	if (!p->bench || !ui_alive(&p->bench->ui))
		return;
	rpc_call(&p->bench->ui.rpc,
		json_pack("{s:s,s:o,s:b}", "op", "panel-note", "text", json_text(text), "bad",
			(int)bad),
		NULL, 0, NULL, NULL);
}

struct asked {
	struct bench_panel *p;
	char text[160]; /* what is said when it was done; "" nothing: it is seen */
};

static void asked_done(void *arg, const char *error)
{
	struct asked *a = arg;

	if (error || a->text[0])
		note(a->p, error ? error : a->text, error);
	/* What came of it is seen at once. */
	if (a->p->bench)
		ev_timer_at(&a->p->timer, clock_now_ns());
	free(a);
}

/* Only these are the panel's, whatever else `dyno ctl` knows. */
static bool may_ask(const struct ctl_request *r)
{
	static const enum scenario_op ops[] = { SCENARIO_PAUSE, SCENARIO_RESUME, SCENARIO_RESET,
		SCENARIO_KILL, SCENARIO_VOLUME, SCENARIO_MUTE };

	if (r->op == CTL_STOP || r->op == CTL_PAUSE || r->op == CTL_RESUME)
		return true;
	if (r->op == CTL_SCREENSHOT)
		return r->path[0] == '\0';
	for (size_t i = 0; r->op == CTL_ACTION && i < ARRAY_SIZE(ops); i++) {
		if (r->action.op == ops[i])
			return true;
	}
	return false;
}

static void picture(struct bench_panel *p, const struct ctl_request *r)
{
	struct bench *b = p->bench;
	const struct scenario_guest *g = &b->s->guests[r->action.guest];

	p->pictures++;
	for (uint32_t d = 0; d < g->n_displays; d++) {
		struct asked *a = malloc(sizeof(*a));
		char path[1200];

		if (!a)
			return;
		snprintf(path, sizeof(path), "%s/%s-%u-panel-%u.png", b->out_dir, g->name, d,
			p->pictures);
		*a = (struct asked){ .p = p };
		snprintf(a->text, sizeof(a->text), "Picture: %.140s", path);
		ui_capture(&b->ui, r->action.guest, d, path, asked_done, a);
	}
}

static void carry_out(struct bench_panel *p, const struct ctl_request *r)
{
	struct bench *b = p->bench;
	struct asked *a;

	if (r->op == CTL_STOP) {
		bench_end(b, "stopped on the panel");
		return;
	}
	if (r->op == CTL_SCREENSHOT) {
		picture(p, r);
		return;
	}
	a = malloc(sizeof(*a));
	if (!a)
		return;
	*a = (struct asked){ .p = p };
	if (r->op == CTL_PAUSE || r->op == CTL_RESUME)
		action_pause_bench(b, r->op == CTL_PAUSE, asked_done, a);
	else
		action_run(b, &r->action, asked_done, a);
}

void panel_asked(struct bench_panel *p, const json_t *request)
{
	struct ctl_request *r = calloc(1, sizeof(*r));
	char *text = request ? json_dumps(request, JSON_COMPACT) : NULL;
	struct err e = { .text = "" };

	if (!r || !text || !p->bench) {
		free(text);
		free(r);
		return;
	}
	if (ctl_parse(text, strlen(text), p->bench->s, r, &e))
		note(p, e.text, true);
	else if (!may_ask(r))
		note(p, "the panel may not do that", true);
	else if (p->bench->phase != BENCH_RUNNING && r->op != CTL_STOP)
		note(p,
			p->bench->phase == BENCH_STARTING ? "the guests are still being started"
							  : "the run is ending",
			true);
	else
		carry_out(p, r);
	ctl_request_fini(r);
	free(text);
	free(r);
}
