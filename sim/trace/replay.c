/* SPDX-License-Identifier: Apache-2.0 */
/* Replay against absolute deadlines; see replay.h. */
#include "sim/trace/replay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

/* Frames emitted in one turn of the loop where a replay has to catch up. */
#define TURN_FRAMES 512u
#define NO_TARGET   UINT32_MAX

struct channel_map {
	bool any;
	char name[TRACE_CHANNEL_BYTES];
	uint32_t target;
};

struct replay {
	struct replay_config cfg;
	struct trace *trace;
	struct ev_timer timer;
	struct replay_rule *rules;
	struct channel_map *map;
	/* Target of each trace channel, found when it is first seen. */
	uint32_t target[TRACE_MAX_CHANNELS];
	uint32_t targets_known;
	bool started, paused, done;
	int end_code; /* why there is no next frame */
	bool have; /* `next` is a frame */
	struct trace_frame next;
	uint64_t due_ns; /* of next; never below the one before */
	uint64_t base_ns; /* bench time of the trace's start in this lap, plus skip_ns */
	/* This lap: the stamp replay begins at, the last one seen. */
	uint64_t t_from, t_last;
	uint64_t lap_frames;
	struct replay_stats st;
};

/* ---- what a frame becomes ---- */

static uint32_t target_named(const struct replay *r, const char *name)
{
	for (uint32_t i = 0; i < r->cfg.n_channels; i++) {
		if (r->map[i].any || strcmp(r->map[i].name, name) == 0)
			return r->map[i].target;
	}
	return NO_TARGET;
}

/* Channel 1 of a format with numbers is can0 of others. */
static uint32_t target_numbered(const struct replay *r, const char *name)
{
	char can[16];
	size_t n = strlen(name);

	if (n == 0 || n > 4 || strspn(name, "0123456789") != n || name[0] == '0')
		return NO_TARGET;
	(void)snprintf(can, sizeof(can), "can%lu", strtoul(name, NULL, 10) - 1);
	return target_named(r, can);
}

static uint32_t target_of(struct replay *r, uint32_t channel)
{
	while (r->targets_known <= channel) {
		const char *name = trace_channel_name(r->trace, r->targets_known);
		uint32_t target = r->cfg.n_channels ? target_named(r, name) : 0;

		if (target == NO_TARGET)
			target = target_numbered(r, name);
		r->target[r->targets_known++] = target;
	}
	return r->target[channel];
}

/* Applies the rules. False: not to be emitted. */
static bool apply_rules(const struct replay *r, struct canfd_frame *f)
{
	const uint32_t kept = CAN_RTR_FLAG | CAN_ERR_FLAG;

	for (uint32_t i = 0; i < r->cfg.n_rules; i++) {
		const struct replay_rule *rule = &r->rules[i];
		/* Standard and extended are never the same identifier; mask 0 is everything. */
		uint32_t mask = rule->mask ? rule->mask | CAN_EFF_FLAG : 0;

		if (((f->can_id ^ rule->id) & mask & ~kept) != 0)
			continue;
		if (rule->what == REPLAY_REMAP)
			f->can_id = (f->can_id & kept) | (rule->to & ~kept);
		return rule->what != REPLAY_DROP;
	}
	return true;
}

static void count_late(struct replay *r, uint64_t late_ns)
{
	uint64_t us = late_ns / NS_PER_US;
	uint32_t b = us ? 64 - (uint32_t)__builtin_clzll(us) : 0;

	r->st.late[MIN(b, REPLAY_LATE_BUCKETS - 1)]++;
	r->st.late_sum_ns += late_ns;
	r->st.late_max_ns = MAX(r->st.late_max_ns, late_ns);
}

static void emit_next(struct replay *r, uint64_t now)
{
	uint32_t target = target_of(r, r->next.channel);
	struct canfd_frame f = r->next.f;

	if (target == NO_TARGET || !apply_rules(r, &f)) {
		r->st.filtered++;
		return;
	}
	count_late(r, now > r->due_ns ? now - r->due_ns : 0);
	r->st.emitted++;
	r->cfg.emit(r->cfg.ctx, target, &f, r->due_ns);
}

/* ---- reading ahead by one ---- */

static uint64_t scaled(const struct replay *r, uint64_t ns)
{
	double slow;

	/* Exact where it matters: real time never goes through floating point. */
	if (r->cfg.speed == 1.0)
		return ns;
	/* A stamp from the far future, slowed down, stays a number: no run lasts that long. */
	slow = (double)ns / r->cfg.speed;
	return slow < (double)INT64_MAX ? (uint64_t)slow : INT64_MAX;
}

/* Takes the next frame of this lap into `next`. False: the lap's end, or a failure (end_code). */
static bool read_frame(struct replay *r)
{
	uint64_t t;

	do {
		int rc = trace_next(r->trace, &r->next);

		if (rc <= 0) {
			r->end_code = rc;
			return false;
		}
		if (r->lap_frames == 0 && r->t_from == UINT64_MAX)
			r->t_from = r->next.t_ns + r->cfg.skip_ns;
		t = r->next.t_ns;
	} while (r->cfg.skip_ns && t < r->t_from);
	r->lap_frames++;
	r->t_last = MAX(r->t_last, t);
	/* Stamps that go backwards: at once, in the trace's order. */
	r->due_ns = MAX(r->due_ns, r->base_ns + scaled(r, t > r->t_from ? t - r->t_from : 0));
	return true;
}

/* Rewinds for another lap. False: there is none. */
static bool next_lap(struct replay *r)
{
	uint64_t length = r->t_last - r->t_from;

	if (!r->cfg.loop || r->end_code < 0 || r->lap_frames == 0)
		return false;
	if (length == 0) {
		log_warn("replay: a trace without time cannot be looped");
		return false;
	}
	r->end_code = trace_rewind(r->trace);
	if (r->end_code < 0)
		return false;
	/* The next lap begins a mean frame distance after the last frame. */
	if (r->lap_frames > 1)
		length += length / (r->lap_frames - 1);
	r->base_ns += scaled(r, length);
	r->lap_frames = 0;
	r->t_from = UINT64_MAX;
	r->t_last = 0;
	r->st.loops++;
	return true;
}

static void advance(struct replay *r)
{
	r->have = read_frame(r) || (next_lap(r) && read_frame(r));
}

/* ---- running ---- */

static void arm(struct replay *r)
{
	uint64_t now;

	if (!r->started || r->paused || r->done)
		return;
	now = r->cfg.clock.now_ns(r->cfg.clock.ctx);
	if (r->have && r->due_ns > now)
		ev_timer_at(&r->timer, clock_now_ns() + (r->due_ns - now));
	else
		ev_timer_at(&r->timer, 1);
}

static void finish(struct replay *r)
{
	if (r->done)
		return;
	r->done = true;
	ev_timer_stop(&r->timer);
	if (r->cfg.done)
		r->cfg.done(r->cfg.ctx, r->end_code);
}

static void on_timer(struct ev_timer *t, uint64_t now_ns)
{
	struct replay *r = t->data;

	(void)now_ns;
	for (uint32_t i = 0; r->have && !r->paused && i < TURN_FRAMES; i++) {
		uint64_t now = r->cfg.clock.now_ns(r->cfg.clock.ctx);

		if (r->due_ns > now)
			break;
		emit_next(r, now);
		advance(r);
	}
	if (r->have)
		arm(r);
	else
		finish(r);
}

void replay_run_until(struct replay *r, uint64_t t_ns)
{
	uint64_t now = r->cfg.clock.now_ns(r->cfg.clock.ctx);

	if (!r->started || r->done)
		return;
	while (r->have && r->due_ns < t_ns) {
		emit_next(r, now);
		advance(r);
	}
	/* The end is told by the timer, not from in here: the caller is in the middle of something.
	 */
	arm(r);
}

void replay_start(struct replay *r)
{
	r->started = true;
	arm(r);
}

void replay_pause(struct replay *r)
{
	r->paused = true;
	ev_timer_stop(&r->timer);
}

void replay_resume(struct replay *r)
{
	r->paused = false;
	arm(r);
}

/* ---- life ---- */

static int copy_config(struct replay *r, const struct replay_config *cfg)
{
	r->cfg = *cfg;
	if (r->cfg.speed <= 0)
		r->cfg.speed = 1.0;
	if (cfg->n_rules) {
		r->rules = calloc(cfg->n_rules, sizeof(*r->rules));
		if (!r->rules)
			return -ENOMEM;
		memcpy(r->rules, cfg->rules, cfg->n_rules * sizeof(*r->rules));
	}
	if (cfg->n_channels) {
		r->map = calloc(cfg->n_channels, sizeof(*r->map));
		if (!r->map)
			return -ENOMEM;
	}
	for (uint32_t i = 0; i < cfg->n_channels; i++) {
		r->map[i].any = !cfg->channels[i].channel;
		r->map[i].target = cfg->channels[i].target;
		if (!r->map[i].any)
			(void)snprintf(r->map[i].name, sizeof(r->map[i].name), "%s",
				cfg->channels[i].channel);
	}
	/* The caller's arrays are not looked at again. */
	r->cfg.rules = NULL;
	r->cfg.channels = NULL;
	return 0;
}

int replay_new(struct replay **out, struct ev_loop *loop, struct trace *trace_take,
	const struct replay_config *cfg)
{
	struct replay *r = calloc(1, sizeof(*r));
	int rc;

	if (!r) {
		trace_free(trace_take);
		return -ENOMEM;
	}
	r->trace = trace_take;
	rc = copy_config(r, cfg);
	if (rc == 0)
		rc = ev_timer_init(loop, &r->timer, on_timer, r);
	if (rc == 0) {
		r->base_ns = cfg->start_ns;
		r->t_from = UINT64_MAX;
		advance(r);
		rc = r->end_code;
	}
	if (rc < 0) {
		replay_free(r);
		return rc;
	}
	*out = r;
	return 0;
}

void replay_free(struct replay *r)
{
	if (!r)
		return;
	ev_timer_fini(&r->timer);
	trace_free(r->trace);
	free(r->rules);
	free(r->map);
	free(r);
}

/* ---- what others may ask ---- */

bool replay_is_done(const struct replay *r)
{
	return r->done;
}

const struct trace *replay_trace(const struct replay *r)
{
	return r->trace;
}

void replay_get_stats(const struct replay *r, struct replay_stats *out)
{
	*out = r->st;
}

uint64_t replay_late_quantile(const struct replay_stats *s, double q)
{
	uint64_t seen = 0;

	for (uint32_t i = 0; i < REPLAY_LATE_BUCKETS; i++) {
		seen += s->late[i];
		if (s->emitted && (double)seen >= q * (double)s->emitted)
			return MIN(NS_PER_US << i, s->late_max_ns);
	}
	return s->late_max_ns;
}
