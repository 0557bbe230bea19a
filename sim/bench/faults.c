/* SPDX-License-Identifier: Apache-2.0 */
/* See faults.h. */
#include "sim/bench/faults.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "sim/canbus/bits.h"
#include "sim/canbus/fault.h"

/* One fault or load of the scenario; one of each for each bus more, of `dyno ctl`. */
struct made {
	struct faults *all;
	bool begun;
	struct scenario_action action; /* that began it last */
	struct canbus_fault fault;
	bool loading, pending; /* pending: the agenda has its next frame */
	uint64_t counter, refused; /* frames of a load */
	uint64_t interval_ns, next_ns;
};

struct faults {
	struct faults_config cfg;
	uint32_t n;
	struct made *made;
	/* Cables that are cut: a bit for each guest. */
	uint32_t cut[SCENARIO_MAX_BUSES];
};

static_assert(SCENARIO_MAX_GUESTS <= 32, "a bit for each guest");

int faults_new(struct faults **out, const struct faults_config *cfg)
{
	struct faults *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	f->cfg = *cfg;
	f->n = cfg->scenario->n_faults + 2 * cfg->scenario->n_buses;
	f->made = calloc(f->n + 1, sizeof(*f->made));
	if (!f->made) {
		free(f);
		return -ENOMEM;
	}
	*out = f;
	return 0;
}

void faults_free(struct faults *f)
{
	if (!f)
		return;
	for (uint32_t i = 0; i < f->n; i++)
		canbus_fault_remove(&f->made[i].fault);
	free(f->made);
	free(f);
}

/* ---- faults of frames ---- */

static enum canbus_fault_kind kind_of(enum scenario_fault k)
{
	static const enum canbus_fault_kind kinds[] = {
		[SCENARIO_FAULT_DROP] = CANBUS_FAULT_DROP,
		[SCENARIO_FAULT_DELAY] = CANBUS_FAULT_DELAY,
		[SCENARIO_FAULT_DUPLICATE] = CANBUS_FAULT_DUPLICATE,
		[SCENARIO_FAULT_CORRUPT] = CANBUS_FAULT_CORRUPT,
		[SCENARIO_FAULT_REORDER] = CANBUS_FAULT_REORDER,
		[SCENARIO_FAULT_ERROR] = CANBUS_FAULT_ERROR,
	};

	return kinds[k];
}

static void fault_begin(struct made *m, const struct scenario_action *a)
{
	const struct faults *f = m->all;

	canbus_fault_remove(&m->fault);
	m->fault.kind = kind_of(a->u.fault.kind);
	m->fault.id = a->u.fault.id.id;
	m->fault.mask = a->u.fault.id.mask;
	m->fault.chance =
		a->u.fault.chance >= 1 ? UINT32_MAX : (uint32_t)(a->u.fault.chance * 0x1p32);
	m->fault.delay_ns = a->u.fault.delay_ns;
	memcpy(m->fault.flip, a->u.fault.flip, sizeof(m->fault.flip));
	/* Each has a course of its own, which the seed decides. */
	m->fault.seed =
		(f->cfg.scenario->seed + 1) * UINT64_C(0x9e3779b97f4a7c15) + a->u.fault.number;
	canbus_fault_add(f->cfg.bus(f->cfg.ctx, a->u.fault.bus), &m->fault);
}

/* ---- loads ---- */

static struct canfd_frame load_frame(const struct made *m)
{
	struct canfd_frame f = { .can_id = m->action.u.load.id,
		.len = (uint8_t)m->action.u.load.len };

	for (uint8_t i = 0; i < f.len && i < sizeof(m->counter); i++)
		f.data[i] = (uint8_t)(m->counter >> (8 * i));
	return f;
}

static void load_due(void *arg, uint64_t t_ns)
{
	struct made *m = arg;
	const struct faults *f = m->all;
	struct canfd_frame frame;

	m->pending = false;
	if (!m->loading)
		return;
	frame = load_frame(m);
	m->counter++;
	/* Where others take the time, what does not fit is not sent. */
	if (f->cfg.send(f->cfg.ctx, m->action.u.load.bus, &frame, t_ns))
		m->refused++;
	m->next_ns += m->interval_ns;
	m->pending = agenda_add(f->cfg.agenda, m->next_ns, load_due, NULL, m) == 0;
}

static void load_begin(struct made *m, const struct scenario_action *a, uint64_t t_ns)
{
	const struct faults *f = m->all;
	const struct scenario_bus *sb = &f->cfg.scenario->buses[a->u.load.bus];
	struct canfd_frame frame = load_frame(m);
	uint64_t frame_ns = can_bits_ns(can_bits_of(&frame), sb->bitrate_hz, sb->bitrate_hz) +
			    CAN_BITS_IFS * NS_PER_S / sb->bitrate_hz;

	/* Payloads differ in stuff bits: one that wants all offers a little more than there is. */
	m->interval_ns = (uint64_t)((double)frame_ns / a->u.load.share);
	if (a->u.load.share >= 1)
		m->interval_ns -= m->interval_ns / 8;
	m->next_ns = t_ns;
	m->loading = true;
	if (!m->pending)
		m->pending = agenda_add(f->cfg.agenda, t_ns, load_due, NULL, m) == 0;
	if (!m->pending)
		log_error("no memory for a load of bus %s", sb->name);
}

/* ---- cables ---- */

static void cut(struct faults *f, const struct scenario_action *a)
{
	uint32_t bit = UINT32_C(1) << a->guest;
	struct canbus_port *p;

	if (a->u.cut.on)
		f->cut[a->u.cut.bus] |= bit;
	else
		f->cut[a->u.cut.bus] &= ~bit;
	for (unsigned int i = 0; (p = f->cfg.port(f->cfg.ctx, a->u.cut.bus, a->guest, i)); i++)
		canbus_port_cut(p, a->u.cut.on);
}

void faults_plugged(struct faults *f, uint32_t bus, uint32_t guest, struct canbus_port *p)
{
	canbus_port_cut(p, f->cut[bus] & UINT32_C(1) << guest);
}

/* ---- all of them ---- */

void faults_action(struct faults *f, const struct scenario_action *a, uint64_t t_ns)
{
	uint32_t number = a->op == SCENARIO_FAULT ? a->u.fault.number : a->u.load.number;
	bool on = a->op == SCENARIO_FAULT ? a->u.fault.on : a->u.load.on;
	struct made *m;

	if (a->op == SCENARIO_CUT) {
		cut(f, a);
		return;
	}
	m = &f->made[number];
	if (!on) {
		canbus_fault_remove(&m->fault);
		m->loading = false;
		return;
	}
	m->all = f;
	m->action = *a;
	m->begun = true;
	if (a->op == SCENARIO_LOAD)
		load_begin(m, a, t_ns);
	else
		fault_begin(m, a);
}

json_t *faults_metrics(const struct faults *f)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < f->n; i++) {
		const struct made *m = &f->made[i];
		const struct scenario_action *a = &m->action;

		if (!m->begun)
			continue;
		if (a->op == SCENARIO_LOAD)
			json_array_append_new(list,
				json_pack("{s:s,s:s,s:I,s:I,s:b}", "bus",
					f->cfg.scenario->buses[a->u.load.bus].name, "kind", "load",
					"frames", (json_int_t)(m->counter - m->refused), "refused",
					(json_int_t)m->refused, "in_force", m->loading));
		else
			json_array_append_new(list,
				json_pack("{s:s,s:s,s:I,s:I,s:b}", "bus",
					f->cfg.scenario->buses[a->u.fault.bus].name, "kind",
					scenario_fault_name(a->u.fault.kind), "matched",
					(json_int_t)m->fault.seen, "hit", (json_int_t)m->fault.hit,
					"in_force", m->fault.bus != NULL));
	}
	return list;
}
