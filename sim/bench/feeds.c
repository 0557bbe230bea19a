/* SPDX-License-Identifier: Apache-2.0 */
/* See feeds.h. */
#include "sim/bench/feeds.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "sim/bench/json_text.h"

#define PORTS_MAX 32

struct feeds {
	struct feeds_config cfg;
	const struct signal_model *model;
	struct signals *table;
	struct signal_can *can;
	struct signal_port *ports[PORTS_MAX];
};

int feeds_new(struct feeds **out, const struct feeds_config *cfg, struct err *e)
{
	struct feeds *f = calloc(1, sizeof(*f));
	struct signal_can_config can = {
		.agenda = cfg->agenda, .send = cfg->send, .ctx = cfg->ctx
	};
	int rc;

	if (!f)
		return err_set(e, -ENOMEM, "out of memory");
	f->cfg = *cfg;
	f->model = &cfg->scenario->signals;
	rc = signals_new(&f->table, f->model, cfg->agenda);
	can.table = f->table;
	if (!rc)
		rc = signal_can_new(&f->can, &can);
	if (rc) {
		feeds_free(f);
		return err_errno(e, -rc, "cannot make the signals");
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
	signal_can_free(f->can);
	signals_free(f->table);
	free(f);
}

void feeds_frame(
	struct feeds *f, uint32_t bus, const struct canfd_frame *frame, bool own, uint64_t t_ns)
{
	signal_can_frame(f->can, bus, frame, own, t_ns);
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

int feeds_add_port(struct feeds *f, int fd_take, const uint32_t *signals, uint32_t n_signals)
{
	struct signal_port_config cfg = { .loop = f->cfg.loop,
		.table = f->table,
		.signals = signals,
		.n_signals = n_signals,
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

json_t *feeds_metrics(const struct feeds *f)
{
	json_t *messages = json_array(), *m;
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
	return json_pack("{s:I,s:I,s:I,s:I,s:o}", "signals", (json_int_t)f->model->n_defs,
		"updates", updates, "stale", stale, "unset", unset, "messages", messages);
}
