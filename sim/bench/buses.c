/* SPDX-License-Identifier: Apache-2.0 */
/* The bus thread; see buses.h. */
#include "sim/bench/buses.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ev.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/loop_thread.h"
#include "sim/bench/faults.h"
#include "sim/bench/feeds.h"
#include "sim/bench/placement.h"
#include "sim/bench/players.h"
#include "sim/canbus/canbus.h"
#include "sim/canbus/fault.h"
#include "sim/clock/agenda.h"
#include "sim/trace/record.h"

/* One bus. */
struct line {
	struct buses *all;
	uint32_t index;
	struct canbus *bus;
	bool deaf; /* the bench is not told what is on it */
	struct canbus_tap tap;
	struct record *record;
	struct series load; /* bus time of each frame; bus thread */
	uint64_t recorded, record_lost; /* kept when the recording was closed */
	/* Whose port is whose: looked through for every frame a guest sends. */
	struct {
		const struct canbus_port *port;
		uint32_t guest;
	} owners[CANBUS_MAX_PORTS];
	unsigned int n_owners;
	json_t *gone; /* figures of ports that were there, by name; bus thread */
};

/* One action of the scenario that is carried out here. */
struct timed {
	struct buses *all;
	const struct scenario_action *action;
	uint64_t sent;
};

struct buses {
	struct buses_config cfg;
	struct loop_thread thread;
	bool feeding; /* frames go to the checks; bus thread */
	uint64_t stopped_ns; /* host time at which the bench clock was stopped for good; 0: not yet
			      */
	uint64_t send_failures; /* of timed frames; bus thread */
	struct agenda agenda;
	bool agenda_ready;
	struct feeds *feeds;
	struct faults *faults;
	struct signal_sub values; /* for the checks */
	bool stimulating; /* a frame that was due at stimulus_ns is being put on its bus */
	uint64_t stimulus_ns;
	struct record *stimuli; /* every frame that the bench decided to send, by bench time */
	uint32_t n_lines, n_timed;
	struct line *lines;
	struct players *players;
	struct timed *timed;
};

static uint32_t owner_of(const struct line *l, const struct canbus_port *port)
{
	for (unsigned int i = 0; port && i < l->n_owners; i++) {
		if (l->owners[i].port == port)
			return l->owners[i].guest;
	}
	return CHECK_FROM_HOST;
}

static void on_frame(void *ctx, const struct canbus_frame *fr)
{
	struct line *l = ctx;
	struct buses *b = l->all;
	uint64_t t_ns = bench_clock_at(b->cfg.clock, fr->t_ns);

	if (l->record)
		record_frame(l->record, fr->t_ns, fr->f);
	if (b->feeding)
		series_add(&l->load, t_ns, (double)fr->busy_ns);
	if (b->feeding && b->cfg.checks)
		check_frame(b->cfg.checks, l->index, owner_of(l, fr->from), t_ns, fr->f,
			fr->f->flags & CANFD_FDF ? CANFD_MTU : CAN_MTU);
	/* Scripts hear what the bench sends at the time it was due, so that what they answer does
	 * not depend on how late this thread is. */
	feeds_frame(b->feeds, l->index, fr->f, !fr->from,
		b->stimulating && !fr->from ? b->stimulus_ns : t_ns);
}

static json_t *port_metrics(const struct canbus_port *p)
{
	struct canbus_port_stats st;

	struct canbus_errors errors = canbus_port_errors(p);

	canbus_port_get_stats(p, &st);
	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:b,s:i,s:i,s:s}", "tx_frames",
		(json_int_t)st.tx_frames, "tx_nacked", (json_int_t)st.tx_nacked, "rx_frames",
		(json_int_t)st.rx_frames, "rx_dropped", (json_int_t)st.rx_dropped, "malformed",
		(json_int_t)st.malformed, "errors", (json_int_t)st.errors, "overruns",
		(json_int_t)st.overruns, "interruptions", (json_int_t)st.interruptions, "bus_off",
		st.busoff, "tx_errors", (int)errors.tx, "rx_errors", (int)errors.rx, "state",
		canbus_error_state_name(errors.state));
}

static void on_port(void *ctx, struct canbus_port *p, enum canbus_port_event ev)
{
	struct line *l = ctx;

	if (ev != CANBUS_PORT_GONE)
		return;
	json_object_set_new(l->gone, canbus_port_name(p), port_metrics(p));
	for (unsigned int i = 0; i < l->n_owners; i++) {
		if (l->owners[i].port == p) {
			l->owners[i] = l->owners[--l->n_owners];
			return;
		}
	}
}

static int open_recording(
	struct line *l, const char *dir, const struct scenario_bus *sb, struct err *e)
{
	const char *name = sb->name;
	char path[1024];
	int fd, rc;

	snprintf(path, sizeof(path), "%s/%s.log", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_errno(e, errno, "cannot write %s", path);
	rc = record_new(&l->record, fd, name, l->all->thread.loop);
	if (!rc)
		record_set_limit(l->record, sb->record_limit_bytes);
	return rc ? err_errno(e, -rc, "cannot record to %s", path) : 0;
}

static int open_stimuli(struct buses *b, struct err *e)
{
	const struct scenario *s = b->cfg.scenario;
	uint64_t limit = 0;
	char path[1024];
	int fd, rc;

	snprintf(path, sizeof(path), "%s/stimuli.candump", b->cfg.out_dir);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_errno(e, errno, "cannot write %s", path);
	rc = record_new(&b->stimuli, fd, "stimuli", b->thread.loop);
	for (uint32_t i = 0; i < s->n_buses; i++)
		limit = MAX(limit, s->buses[i].record_limit_bytes);
	if (!rc)
		record_set_limit(b->stimuli, limit);
	return rc ? err_errno(e, -rc, "cannot record to %s", path) : 0;
}

/* The bus catches up: so does everything that the bench has for it. */
static void send_until(void *ctx, uint64_t t_ns)
{
	struct line *l = ctx;
	struct buses *b = l->all;

	if (b->feeding && bench_clock_running(b->cfg.clock))
		agenda_run_to(&b->agenda, bench_clock_at(b->cfg.clock, t_ns));
}

/* Is there anybody in the bench who wants to know what is on the bus? */
static bool is_heard(const struct buses *b, uint32_t bus)
{
	const struct scenario *s = b->cfg.scenario;
	bool heard = (s->buses[bus].record && b->cfg.out_dir) || s->n_scripts ||
		     (b->cfg.checks && check_looks_at(b->cfg.checks, bus));

	for (uint32_t i = 0; i < s->signals.n_messages; i++)
		heard |= s->signals.messages[i].bus == bus;
	return heard;
}

static int make_line(struct buses *b, uint32_t i, struct err *e)
{
	const struct scenario_bus *sb = &b->cfg.scenario->buses[i];
	struct line *l = &b->lines[i];
	struct canbus_config cfg = { .name = sb->name,
		.timing = sb->timing == SCENARIO_TIMING_BIT_ACCURATE ? CANBUS_BIT_ACCURATE
								     : CANBUS_IDEAL,
		.bitrate_hz = sb->bitrate_hz,
		.data_bitrate_hz = sb->data_bitrate_hz,
		.classic_only = !sb->fd,
		.port_event = on_port,
		.until = send_until,
		.until_ctx = l,
		.ctx = l };
	int rc;

	l->all = b;
	l->index = i;
	/* Between guests that are on an interface themselves nobody needs the bench. */
	l->deaf = sb->socketcan_direct && !is_heard(b, i);
	series_init(&l->load, 100 * NS_PER_MS);
	l->gone = json_object();
	rc = canbus_new(&l->bus, b->thread.loop, &cfg);
	if (rc)
		return err_errno(e, -rc, "cannot make the bus %s", sb->name);
	if (sb->socketcan) {
		struct canbus_socketcan sc = { sb->socketcan, sb->socketcan_create,
			sb->socketcan_direct, l->deaf };

		/* The message names the bus. */
		if (canbus_attach_socketcan(l->bus, &sc, e))
			return -ENODEV;
	}
	/* The bench is a node like an analyser on the stand: it acknowledges, so that a guest
	 * that is alone on its bus can send. */
	l->tap = (struct canbus_tap){ .frame = on_frame, .ctx = l };
	canbus_tap(l->bus, &l->tap);
	return b->cfg.out_dir && sb->record ? open_recording(l, b->cfg.out_dir, sb, e) : 0;
}

/* When the bench time was on the host; a time that has come. */
static uint64_t host_time_of(const struct buses *b, uint64_t t_ns)
{
	if (!b->stopped_ns)
		return bench_clock_host_ns(b->cfg.clock, t_ns);
	return b->stopped_ns - (bench_clock_now_ns(b->cfg.clock) - t_ns);
}

/*
 * A frame that the bench sends, due at a bench time. What, when and in which order is the same in
 * every run of a scenario, however late this thread is: it depends on what is written only. What
 * is due when the run is over is not sent: how late the end is noticed must not matter.
 */
static int stimulate_by(struct buses *b, uint32_t bus, const struct canfd_frame *f, uint64_t t_ns,
	int (*send)(struct canbus *, const struct canfd_frame *, uint64_t))
{
	uint64_t due = MIN(host_time_of(b, t_ns), clock_now_ns());
	int rc;

	if (b->cfg.duration_ns && t_ns >= b->cfg.duration_ns)
		return 0;
	if (b->stimuli)
		record_frame_of(b->stimuli, b->cfg.scenario->buses[bus].name, t_ns, f);
	canbus_run_to(b->lines[bus].bus, due - 1);
	b->stimulating = true;
	b->stimulus_ns = t_ns;
	rc = send(b->lines[bus].bus, f, due);
	b->stimulating = false;
	return rc;
}

/* A frame of a trace, of an action, or made of signals. */
static int stimulate(void *ctx, uint32_t bus, const struct canfd_frame *f, uint64_t t_ns)
{
	return stimulate_by(ctx, bus, f, t_ns, canbus_send_since);
}

/* A frame of a node that fills the bus. */
static int send_load(void *ctx, uint32_t bus, const struct canfd_frame *f, uint64_t t_ns)
{
	return stimulate_by(ctx, bus, f, t_ns, canbus_send_apart);
}

static void timed_due(void *arg, uint64_t t_ns);

static int make_timed(struct buses *b)
{
	const struct scenario *s = b->cfg.scenario;
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->n_actions; i++)
		n += scenario_op_on_bus(s->actions[i].op);
	b->timed = calloc(n + 1, sizeof(*b->timed));
	if (!b->timed)
		return -ENOMEM;
	for (uint32_t i = 0; i < s->n_actions; i++) {
		struct timed *t = &b->timed[b->n_timed];
		int rc;

		if (!scenario_op_on_bus(s->actions[i].op))
			continue;
		*t = (struct timed){ .all = b, .action = &s->actions[i] };
		rc = agenda_add(&b->agenda, s->actions[i].at_ns, timed_due, NULL, t);
		if (rc)
			return rc;
		b->n_timed++;
	}
	return 0;
}

/* What is timed otherwise, scripts among it, finds the bus as it is to be at its time. */
static void replays_first(void *ctx, uint64_t t_ns)
{
	const struct buses *b = ctx;

	players_until(b->players, t_ns);
}

static void act(
	struct buses *b, const struct scenario_action *a, uint64_t t_ns, enum signal_source source)
{
	switch (a->op) {
	case SCENARIO_FAULT:
	case SCENARIO_CUT:
	case SCENARIO_LOAD:
		faults_action(b->faults, a, t_ns);
		break;
	default:
		feeds_action(b->feeds, a, t_ns, source);
		break;
	}
}

static void timed_due(void *arg, uint64_t t_ns)
{
	struct timed *t = arg;
	struct buses *b = t->all;
	const struct scenario_action *a = t->action;

	if (a->op != SCENARIO_SEND) {
		act(b, a, t_ns, SIGNAL_BY_SCENARIO);
		return;
	}
	if (stimulate(b, a->u.send.bus, &a->u.send.frame.f, t_ns))
		b->send_failures++;
	t->sent++;
	if (a->u.send.every_ns && (!a->u.send.count || t->sent < a->u.send.count) &&
		agenda_add(&b->agenda, a->at_ns + t->sent * a->u.send.every_ns, timed_due, NULL, t))
		b->send_failures++;
}

/* What everybody sees of a signal is what is judged, a stuck value too. */
static void on_signal(void *ctx, uint32_t signal, const struct signal_value *v)
{
	struct buses *b = ctx;

	if (b->feeding && v->state == SIGNAL_FRESH)
		check_value(b->cfg.checks, signal, v->t_ns, v->shown);
}

static int make_feeds(struct buses *b, struct err *e)
{
	struct feeds_config cfg = { .scenario = b->cfg.scenario,
		.clock = b->cfg.clock,
		.loop = b->thread.loop,
		.agenda = &b->agenda,
		.send = stimulate,
		.ctx = b,
		.said = b->cfg.script_said,
		.said_ctx = b->cfg.script_ctx,
		.gnss = b->cfg.gnss_speak,
		.gnss_ctx = b->cfg.gnss_ctx };

	int rc = feeds_new(&b->feeds, &cfg, e);

	if (rc || !b->cfg.checks)
		return rc;
	/* Initial values are there before anybody can hear of them. */
	for (uint32_t i = 0; i < b->cfg.scenario->signals.n_defs; i++)
		on_signal(b, i, signals_get(feeds_table(b->feeds), i));
	b->values.changed = on_signal;
	b->values.ctx = b;
	b->values.signal = SIGNAL_NONE;
	b->values.every = true;
	signals_subscribe(feeds_table(b->feeds), &b->values);
	return 0;
}

static struct canbus *bus_of(void *ctx, uint32_t bus)
{
	const struct buses *b = ctx;

	return b->lines[bus].bus;
}

/* The i-th controller of a guest on a bus; NULL: it has not so many there. */
static struct canbus_port *port_of(void *ctx, uint32_t bus, uint32_t guest, unsigned int i)
{
	const struct buses *b = ctx;
	const struct line *l = &b->lines[bus];

	for (unsigned int k = 0; k < canbus_num_ports(l->bus); k++) {
		struct canbus_port *p = canbus_port_at(l->bus, k);

		if (owner_of(l, p) == guest && i-- == 0)
			return p;
	}
	return NULL;
}

int buses_new(struct buses **out, const struct buses_config *cfg, struct err *e)
{
	const struct scenario *s = cfg->scenario;
	struct buses *b = calloc(1, sizeof(*b));
	int rc;

	if (!b)
		return err_set(e, -ENOMEM, "out of memory");
	b->cfg = *cfg;
	b->feeding = true;
	b->lines = calloc(s->n_buses + 1, sizeof(*b->lines));
	rc = b->lines ? loop_thread_init(&b->thread, "buses") : -ENOMEM;
	if (!rc)
		rc = agenda_init(&b->agenda, b->thread.loop, cfg->clock);
	b->agenda.first = replays_first;
	b->agenda.first_ctx = b;
	b->agenda_ready = rc == 0;
	if (rc)
		(void)err_errno(e, -rc, "cannot make the bus thread's loop");
	if (!rc)
		rc = make_feeds(b, e);
	if (!rc && faults_new(&b->faults, &(struct faults_config){ .scenario = s,
						  .agenda = &b->agenda,
						  .send = send_load,
						  .bus = bus_of,
						  .port = port_of,
						  .ctx = b }))
		rc = err_set(e, -ENOMEM, "out of memory");
	for (uint32_t i = 0; !rc && i < s->n_buses; i++) {
		b->n_lines++;
		rc = make_line(b, i, e);
	}
	if (!rc)
		rc = players_new(&b->players,
			&(struct players_config){ .scenario = s,
				.loop = b->thread.loop,
				.clock = cfg->clock,
				.agenda = &b->agenda,
				.send = stimulate,
				.ctx = b },
			e);
	if (!rc && make_timed(b))
		rc = err_set(e, -ENOMEM, "out of memory");
	if (!rc && cfg->out_dir)
		rc = open_stimuli(b, e);
	if (rc) {
		buses_free(b);
		return rc;
	}
	*out = b;
	return 0;
}

int buses_start(struct buses *b, struct err *e)
{
	b->thread.nice = PLACEMENT_BUS_NICE;
	/* A vcan hands a frame over on the processor of its sender. Kernels before 6.5 may do that
	 * later; a sender that has moved meanwhile overtakes itself. */
	for (uint32_t i = 0; i < b->cfg.scenario->n_buses; i++)
		b->thread.stays = b->thread.stays || b->cfg.scenario->buses[i].socketcan;
	return loop_thread_start(&b->thread, e);
}

int buses_stop(struct buses *b, struct err *e)
{
	int first = 0;

	loop_thread_stop(&b->thread);
	if (b->stimuli) {
		int rc = record_free(b->stimuli);

		b->stimuli = NULL;
		if (rc)
			first = err_errno(e, -rc, "the log of the stimuli is incomplete");
	}
	for (uint32_t i = 0; b->lines && i < b->n_lines; i++) {
		struct line *l = &b->lines[i];
		int rc;

		if (!l->record)
			continue;
		/* Counted before it goes: lines still in its buffer are lost when it fails. */
		rc = record_flush(l->record);
		l->recorded = record_frames(l->record);
		l->record_lost = record_lost(l->record);
		if (record_free(l->record) && !rc)
			rc = -EIO;
		l->record = NULL;
		if (rc && !first)
			first = err_errno(e, -rc, "the recording of %s is incomplete",
				b->cfg.scenario->buses[i].name);
	}
	return first;
}

void buses_free(struct buses *b)
{
	struct err ignored;

	if (!b)
		return;
	if (buses_stop(b, &ignored))
		log_error("%s", ignored.text);
	players_free(b->players);
	if (b->agenda_ready)
		agenda_fini(&b->agenda);
	faults_free(b->faults);
	for (uint32_t i = 0; b->lines && i < b->n_lines; i++) {
		if (b->lines[i].bus)
			canbus_untap(&b->lines[i].tap);
		canbus_free(b->lines[i].bus);
		json_decref(b->lines[i].gone);
	}
	feeds_free(b->feeds);
	loop_thread_fini(&b->thread);
	free(b->timed);
	free(b->lines);
	free(b);
}

/* ---- calls into the bus thread ---- */

/* Only a loop that has stopped refuses, and then nobody depends on the result. */
static void on_thread(struct buses *b, void (*fn)(void *arg), void *arg)
{
	int rc = ev_call(b->thread.loop, fn, arg);

	if (rc)
		log_debug("the bus thread has ended: %s", strerror(-rc));
}

struct add_guest {
	struct buses *b;
	uint32_t bus, guest;
	int fd, rc;
};

static void add_guest_there(void *arg)
{
	struct add_guest *c = arg;
	struct line *l = &c->b->lines[c->bus];
	struct canbus_port *port;
	char name[64];

	if (c->b->cfg.scenario->buses[c->bus].socketcan_direct) {
		c->rc = canbus_bind_direct(l->bus, c->fd);
		return;
	}
	snprintf(name, sizeof(name), "%s/%s", c->b->cfg.scenario->guests[c->guest].name,
		c->b->cfg.scenario->buses[c->bus].name);
	c->rc = canbus_add_port(l->bus, fd_take(&c->fd), name, &port);
	if (c->rc)
		return;
	if (l->n_owners < CANBUS_MAX_PORTS) {
		l->owners[l->n_owners].port = port;
		l->owners[l->n_owners++].guest = c->guest;
	}
	faults_plugged(c->b->faults, c->bus, c->guest, port);
}

int buses_add_guest(struct buses *b, uint32_t bus, uint32_t guest, int fd_take, struct err *e)
{
	struct add_guest c = { .b = b, .bus = bus, .guest = guest, .fd = fd_take };
	int rc = ev_call(b->thread.loop, add_guest_there, &c);

	fd_close(&c.fd);
	if (!rc)
		rc = c.rc;
	return rc ? err_errno(e, -rc, "cannot put guest %s on the bus %s",
			    b->cfg.scenario->guests[guest].name, b->cfg.scenario->buses[bus].name)
		  : 0;
}

static void sync_there(void *arg)
{
	struct buses *b = arg;
	bool running = bench_clock_running(b->cfg.clock) && b->feeding;

	players_sync(b->players, running);
	agenda_sync(&b->agenda);
}

void buses_sync(struct buses *b)
{
	on_thread(b, sync_there, b);
}

struct end {
	struct buses *b;
	uint64_t host_ns;
};

static void end_there(void *arg)
{
	const struct end *c = arg;
	struct buses *b = c->b;
	uint64_t end = b->cfg.duration_ns;

	if (end && b->feeding && bench_clock_now_ns(b->cfg.clock) >= end) {
		b->stopped_ns = c->host_ns;
		agenda_run_to(&b->agenda, end - 1);
		players_until(b->players, end);
		for (uint32_t i = 0; i < b->n_lines; i++)
			canbus_run_to(b->lines[i].bus, host_time_of(b, end));
	}
	b->feeding = false;
	sync_there(b);
}

void buses_end(struct buses *b, uint64_t host_ns)
{
	struct end c = { b, host_ns };

	on_thread(b, end_there, &c);
}

struct send {
	struct buses *b;
	uint32_t bus;
	const struct scenario_frame *frame;
	int rc;
};

static void send_there(void *arg)
{
	struct send *c = arg;
	uint64_t now = bench_clock_now_ns(c->b->cfg.clock);

	if (bench_clock_running(c->b->cfg.clock))
		players_until(c->b->players, now);
	c->rc = stimulate(c->b, c->bus, &c->frame->f, now);
}

int buses_send(struct buses *b, uint32_t bus, const struct scenario_frame *f)
{
	struct send c = { .b = b, .bus = bus, .frame = f };
	int rc = ev_call(b->thread.loop, send_there, &c);

	return rc ? rc : c.rc;
}

struct on_feeds {
	struct buses *b;
	void (*fn)(struct feeds *f, void *arg);
	void *arg;
};

static void on_feeds_there(void *arg)
{
	struct on_feeds *c = arg;

	c->fn(c->b->feeds, c->arg);
}

bool buses_feeds(struct buses *b, void (*fn)(struct feeds *f, void *arg), void *arg)
{
	struct on_feeds c = { b, fn, arg };

	return ev_call(b->thread.loop, on_feeds_there, &c) == 0;
}

static void act_there(void *arg)
{
	struct timed *c = arg;
	uint64_t now = bench_clock_now_ns(c->all->cfg.clock);

	if (bench_clock_running(c->all->cfg.clock))
		players_until(c->all->players, now);
	act(c->all, c->action, now, SIGNAL_BY_USER);
}

bool buses_act(struct buses *b, const struct scenario_action *a)
{
	struct timed c = { .all = b, .action = a };

	return ev_call(b->thread.loop, act_there, &c) == 0;
}

struct busoff {
	struct buses *b;
	uint32_t bus, guest;
	bool found;
};

static void busoff_there(void *arg)
{
	struct busoff *c = arg;
	struct canbus_port *p;

	for (unsigned int i = 0; (p = port_of(c->b, c->bus, c->guest, i)); i++) {
		canbus_port_busoff(p);
		c->found = true;
	}
}

bool buses_busoff(struct buses *b, uint32_t bus, uint32_t guest)
{
	struct busoff c = { .b = b, .bus = bus, .guest = guest };

	return ev_call(b->thread.loop, busoff_there, &c) == 0 && c.found;
}

struct brief {
	struct buses *b;
	struct buses_brief *out;
};

static void brief_there(void *arg)
{
	struct brief *c = arg;

	for (uint32_t i = 0; i < c->b->n_lines; i++) {
		struct canbus_stats st;

		canbus_get_stats(c->b->lines[i].bus, &st);
		c->out[i] = (struct buses_brief){ .frames = st.frames,
			.dropped = st.dropped + st.bench_dropped,
			.load_permille = st.load_permille };
	}
}

void buses_get_brief(struct buses *b, struct buses_brief *brief)
{
	struct brief c = { b, brief };

	on_thread(b, brief_there, &c);
}

/* ---- metrics ---- */

static json_t *line_metrics(const struct line *l)
{
	struct canbus_stats st;
	json_t *ports = json_copy(l->gone);
	uint64_t recorded = l->record ? record_frames(l->record) : l->recorded;
	uint64_t lost = l->record ? record_lost(l->record) : l->record_lost;
	uint64_t dropped;

	canbus_get_stats(l->bus, &st);
	dropped = st.dropped + st.bench_dropped;
	for (unsigned int i = 0; i < canbus_num_ports(l->bus); i++) {
		const struct canbus_port *p = canbus_port_at(l->bus, i);

		json_object_set_new(ports, canbus_port_name(p), port_metrics(p));
	}
	return json_pack("{s:b,s:I,s:I,s:I,s:I,s:I,s:I,s:f,s:f,s:I,s:I,s:o}", "heard", !l->deaf,
		"frames", (json_int_t)st.frames, "fd_frames", (json_int_t)st.fd_frames, "bytes",
		(json_int_t)st.bytes, "errors", (json_int_t)st.errors, "dropped",
		(json_int_t)dropped, "unacknowledged", (json_int_t)st.unacked, "load_percent",
		st.load_permille / 10.0, "load_total_percent", st.load_total_permille / 10.0,
		"recorded", (json_int_t)recorded, "record_lost", (json_int_t)lost, "ports", ports);
}

struct metrics {
	struct buses *b;
	json_t *out;
};

static void metrics_there(void *arg)
{
	struct metrics *c = arg;
	const struct buses *b = c->b;
	json_t *lines = json_object();
	uint64_t sent = 0;

	for (uint32_t i = 0; i < b->n_lines; i++)
		json_object_set_new(
			lines, b->cfg.scenario->buses[i].name, line_metrics(&b->lines[i]));
	for (uint32_t i = 0; i < b->n_timed; i++)
		sent += b->timed[i].sent;
	c->out = json_pack("{s:o,s:o,s:I,s:I,s:o,s:o}", "buses", lines, "replays",
		players_metrics(b->players), "timed_frames", (json_int_t)sent,
		"timed_frames_refused", (json_int_t)b->send_failures, "signals",
		feeds_metrics(b->feeds), "faults", faults_metrics(b->faults));
}

const struct series *buses_load(const struct buses *b, uint32_t bus)
{
	return &b->lines[bus].load;
}

json_t *buses_metrics(struct buses *b)
{
	struct metrics c = { .b = b };

	on_thread(b, metrics_there, &c);
	return c.out;
}
