/* SPDX-License-Identifier: Apache-2.0 */
/* See feeds.h. */
#include "sim/bench/feeds.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "sim/bench/json_text.h"
#include "sim/sensor/script.h"

#define PORTS_MAX 32
/* A panel is for eyes. */
#define PANEL_GAP_NS (50 * NS_PER_MS)

/* A script, and what its messages carry. */
struct feed_script {
	struct feeds *feeds;
	uint32_t index;
	struct script *script;
};

struct feeds {
	struct feeds_config cfg;
	const struct signal_model *model;
	struct signals *table;
	struct signal_can *can;
	struct gnss_feed *gnss;
	struct signal_port *ports[PORTS_MAX];
	struct feed_script scripts[SCENARIO_MAX_SCRIPTS];
	const char *buses[SCENARIO_MAX_BUSES];
	uint64_t unanswered; /* checksums that no script made */
};

/* ---- scripts ---- */

static int script_send(void *ctx, uint32_t bus, const struct canfd_frame *f, uint64_t t_ns)
{
	const struct feed_script *x = ctx;

	return x->feeds->cfg.send(x->feeds->cfg.ctx, bus, f, t_ns);
}

static int script_parse(const char *text, struct canfd_frame *out, struct err *e)
{
	struct scenario_frame f;
	int rc = scenario_parse_frame(text, &f, e);

	if (!rc)
		*out = f.f;
	return rc;
}

static void script_say(void *ctx, const char *text)
{
	const struct feed_script *x = ctx;

	if (x->feeds->cfg.said)
		x->feeds->cfg.said(x->feeds->cfg.said_ctx, x->index, text, false, 0);
}

static void script_failed(void *ctx, const char *message, uint64_t t_ns)
{
	const struct feed_script *x = ctx;

	if (x->feeds->cfg.said)
		x->feeds->cfg.said(x->feeds->cfg.said_ctx, x->index, message, true, t_ns);
}

static int make_script(struct feeds *f, uint32_t i, struct err *e)
{
	const struct scenario *s = f->cfg.scenario;
	const struct scenario_script *ss = &s->scripts[i];
	struct feed_script *x = &f->scripts[i];
	struct script_config cfg = { .name = ss->name,
		.file = ss->file,
		.folder = s->dir,
		/* Scripts of one scenario do not see each other's numbers. */
		.seed = s->seed + (uint64_t)i * UINT64_C(0x632be59bd9b4e019),
		.memory_bytes = ss->memory_bytes,
		.instructions = ss->instructions,
		.args = ss->args,
		.n_args = ss->n_args,
		.table = f->table,
		.agenda = f->cfg.agenda,
		.buses = f->buses,
		.n_buses = s->n_buses,
		.parse = script_parse,
		.send = script_send,
		.say = script_say,
		.failed = script_failed,
		.ctx = x };

	x->feeds = f;
	x->index = i;
	return script_new(&x->script, &cfg, e);
}

/* Of the first script that has the function. */
static int checksum(void *ctx, const char *function, const struct signal_message *m,
	const uint8_t *data, uint32_t len, uint64_t t_ns, uint64_t *out)
{
	struct feeds *f = ctx;

	for (uint32_t i = 0; i < f->cfg.scenario->n_scripts; i++) {
		int rc = script_checksum(
			f->scripts[i].script, function, m->dbc->name, data, len, t_ns, out);

		if (rc != -ENOENT)
			return rc;
	}
	if (f->unanswered++ == 0 && f->cfg.said) {
		char text[200];

		snprintf(text, sizeof(text),
			"no script has the function %s, which makes the "
			"checksum of %s",
			function, m->dbc->name);
		f->cfg.said(f->cfg.said_ctx, 0, text, true, t_ns);
	}
	return -ENOENT;
}

/* ---- life ---- */

static int send_message(void *ctx, uint32_t bus, const struct canfd_frame *frame, uint64_t t_ns)
{
	struct feeds *f = ctx;

	return f->cfg.send(f->cfg.ctx, bus, frame, t_ns);
}

int feeds_new(struct feeds **out, const struct feeds_config *cfg, struct err *e)
{
	struct feeds *f = calloc(1, sizeof(*f));
	struct signal_can_config can = {
		.agenda = cfg->agenda, .send = send_message, .checksum = checksum, .ctx = f
	};
	int rc;

	if (!f)
		return err_set(e, -ENOMEM, "out of memory");
	f->cfg = *cfg;
	f->model = &cfg->scenario->signals;
	for (uint32_t i = 0; i < cfg->scenario->n_buses; i++)
		f->buses[i] = cfg->scenario->buses[i].name;
	rc = signals_new(&f->table, f->model, cfg->agenda);
	if (rc)
		(void)err_errno(e, -rc, "cannot make the signals");
	/* Before the messages: what scripts set at the beginning is in the first frames. */
	for (uint32_t i = 0; !rc && i < cfg->scenario->n_scripts; i++)
		rc = make_script(f, i, e);
	can.table = f->table;
	if (!rc) {
		rc = signal_can_new(&f->can, &can);
		if (rc)
			(void)err_errno(e, -rc, "cannot make the messages of signals");
	}
	if (!rc && cfg->gnss) {
		rc = gnss_feed_new(
			&f->gnss, cfg->scenario, f->table, cfg->agenda, cfg->gnss, cfg->gnss_ctx);
		if (rc)
			(void)err_errno(e, -rc, "cannot make the receivers");
	}
	if (rc) {
		feeds_free(f);
		return rc;
	}
	signals_begin(f->table);
	*out = f;
	return 0;
}

void feeds_free(struct feeds *f)
{
	if (!f)
		return;
	for (uint32_t i = 0; i < PORTS_MAX; i++)
		signal_port_free(f->ports[i]);
	for (uint32_t i = 0; i < SCENARIO_MAX_SCRIPTS; i++)
		script_free(f->scripts[i].script);
	gnss_feed_free(f->gnss);
	signal_can_free(f->can);
	signals_free(f->table);
	free(f);
}

void feeds_frame(
	struct feeds *f, uint32_t bus, const struct canfd_frame *frame, bool own, uint64_t t_ns)
{
	signal_can_frame(f->can, bus, frame, own, t_ns);
	for (uint32_t i = 0; i < f->cfg.scenario->n_scripts; i++)
		script_frame(f->scripts[i].script, bus, frame, t_ns);
}

void feeds_action(
	struct feeds *f, const struct scenario_action *a, uint64_t t_ns, enum signal_source source)
{
	switch (a->op) {
	case SCENARIO_SET:
		for (uint32_t i = 0; i < a->u.set.n; i++)
			(void)!signals_set(f->table, a->u.set.items[i].signal,
				a->u.set.items[i].value, t_ns, source);
		break;
	case SCENARIO_STUCK:
		if (a->u.stuck.on && a->u.stuck.has_value)
			(void)!signals_hold(
				f->table, a->u.stuck.signal, a->u.stuck.value, t_ns, source);
		else
			signals_stick(f->table, a->u.stuck.signal, a->u.stuck.on);
		break;
	case SCENARIO_SILENCE:
		signal_can_silence(f->can, a->u.silence.message, a->u.silence.on, t_ns);
		break;
	default:
		break;
	}
}

struct signals *feeds_table(struct feeds *f)
{
	return f->table;
}

/* ---- ports ---- */

static uint64_t now(void *ctx)
{
	const struct feeds *f = ctx;

	return bench_clock_now_ns(f->cfg.clock);
}

static void port_gone(void *ctx, struct signal_port *p)
{
	struct feeds *f = ctx;

	for (uint32_t i = 0; i < PORTS_MAX; i++) {
		if (f->ports[i] == p)
			f->ports[i] = NULL;
	}
	signal_port_free(p);
}

static int add_port(struct feeds *f, int fd_take, const uint32_t *signals, const bool *settable,
	uint32_t n_signals, bool panel, uint64_t gap_ns)
{
	struct signal_port_config cfg = { .loop = f->cfg.loop,
		.table = f->table,
		.signals = signals,
		.settable = settable,
		.n_signals = n_signals,
		.panel = panel,
		.gap_ns = gap_ns,
		.now_ns = now,
		.gone = port_gone,
		.ctx = f };

	for (uint32_t i = 0; i < PORTS_MAX; i++) {
		if (!f->ports[i])
			return signal_port_new(&f->ports[i], fd_take, &cfg);
	}
	fd_close(&fd_take);
	return -ENOSPC;
}

int feeds_add_port(struct feeds *f, int fd_take, const uint32_t *signals, const bool *settable,
	uint32_t n_signals)
{
	return add_port(f, fd_take, signals, settable, n_signals, false, 0);
}

int feeds_add_panel(struct feeds *f, int fd_take, const uint32_t *signals, const bool *settable,
	uint32_t n_signals)
{
	return add_port(f, fd_take, signals, settable, n_signals, true, PANEL_GAP_NS);
}

/* ---- as JSON ---- */

json_t *feeds_signal_json(struct feeds *f, uint32_t signal)
{
	const struct signal_def *d = &f->model->defs[signal];
	const struct signal_value *v = signals_get(f->table, signal);
	const char *name =
		v->state == SIGNAL_UNSET ? NULL : signal_value_name(f->model, signal, v->shown);
	json_t *o = json_pack("{s:o,s:o,s:s,s:b,s:b,s:I}", "name", json_text(d->name), "unit",
		json_text(d->unit), "state", signal_state_name(v->state), "stuck", v->stuck,
		"published", d->published, "updates", (json_int_t)v->updates);

	if (!o)
		return NULL;
	if (v->state == SIGNAL_UNSET) {
		json_object_set_new(o, "value", json_null());
	} else {
		json_object_set_new(o, "value", json_real(v->shown));
		json_object_set_new(o, "time_s", json_real((double)v->t_ns / 1e9));
		json_object_set_new(o, "from", json_string(signal_source_name(v->source)));
	}
	if (v->stuck && v->value != v->shown)
		json_object_set_new(o, "behind", json_real(v->value));
	if (name)
		json_object_set_new(o, "text", json_text(name));
	if (d->has_range) {
		json_object_set_new(o, "min", json_real(d->min));
		json_object_set_new(o, "max", json_real(d->max));
	}
	if (d->datatype)
		json_object_set_new(o, "datatype", json_text(d->datatype));
	if (*d->doc)
		json_object_set_new(o, "description", json_text(d->doc));
	return o;
}

json_t *feeds_signals_json(struct feeds *f, const char *pattern)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < f->model->n_defs; i++) {
		const struct signal_def *d = &f->model->defs[i];

		if (!pattern || strcasestr(d->name, pattern) || strcasestr(d->unit, pattern))
			json_array_append_new(list, feeds_signal_json(f, i));
	}
	return list;
}

static json_t *message_metrics(const struct feeds *f, uint32_t i)
{
	const struct signal_message *m = &f->model->messages[i];
	struct signal_can_stats st;

	signal_can_get_stats(f->can, i, &st);
	if (!m->sent && !st.frames)
		return NULL;
	return json_pack("{s:o,s:s,s:b,s:I,s:I,s:b}", "message", json_text(m->dbc->name), "bus",
		f->cfg.scenario->buses[m->bus].name, "sent", m->sent, "frames",
		(json_int_t)st.frames, "refused", (json_int_t)st.refused, "silent", st.silent);
}

static json_t *script_metrics(const struct feeds *f, uint32_t i)
{
	struct script_stats st;

	script_get_stats(f->scripts[i].script, &st);
	return json_pack("{s:o,s:b,s:I,s:f,s:I,s:I,s:I,s:I}", "name",
		json_text(f->cfg.scenario->scripts[i].name), "failed", st.failed, "calls",
		(json_int_t)st.calls, "longest_us", (double)st.longest_ns / 1e3, "memory_kib",
		(json_int_t)(st.memory_bytes / 1024), "peak_kib",
		(json_int_t)(st.peak_bytes / 1024), "sent", (json_int_t)st.sent, "refused",
		(json_int_t)st.refused);
}

json_t *feeds_metrics(const struct feeds *f)
{
	json_t *messages = json_array(), *scripts = json_array(), *m;
	json_int_t updates = 0, stale = 0, unset = 0;

	for (uint32_t i = 0; i < f->model->n_defs; i++) {
		const struct signal_value *v = signals_get(f->table, i);

		updates += (json_int_t)v->updates;
		stale += v->state == SIGNAL_STALE;
		unset += v->state == SIGNAL_UNSET;
	}
	for (uint32_t i = 0; i < f->model->n_messages; i++) {
		m = message_metrics(f, i);
		if (m)
			json_array_append_new(messages, m);
	}
	for (uint32_t i = 0; i < f->cfg.scenario->n_scripts; i++)
		json_array_append_new(scripts, script_metrics(f, i));
	return json_pack("{s:I,s:I,s:I,s:I,s:o,s:o}", "signals", (json_int_t)f->model->n_defs,
		"updates", updates, "stale", stale, "unset", unset, "messages", messages, "scripts",
		scripts);
}
