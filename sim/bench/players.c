/* SPDX-License-Identifier: Apache-2.0 */
/* See players.h. */
#include "sim/bench/players.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "sim/bench/json_text.h"
#include "sim/trace/replay.h"

/* One replay of the scenario. */
struct player {
	struct players *all;
	const struct scenario_replay *sr;
	struct replay *replay;
	uint64_t refused; /* frames that no bus took */
	bool started;
};

struct players {
	struct players_config cfg;
	uint32_t n;
	struct player each[]; /* of cfg.scenario->n_replays */
};

static uint64_t replay_now(void *ctx)
{
	const struct players *p = ctx;

	return bench_clock_now_ns(p->cfg.clock);
}

/* What the traces have for before t, and of the first `inclusive` ones for t. */
static void until(struct players *all, uint64_t t_ns, uint32_t inclusive)
{
	for (uint32_t i = 0; i < all->n; i++) {
		if (all->each[i].started)
			replay_run_until(all->each[i].replay, t_ns + (i < inclusive));
	}
}

static void emit(void *ctx, uint32_t target, const struct canfd_frame *f, uint64_t due_ns)
{
	struct player *p = ctx;
	struct players *all = p->all;

	/* A replay that catches up passes instants at which others have frames: those first. Of
	 * one instant the first replay of the scenario is the first. */
	agenda_run_to(all->cfg.agenda, due_ns);
	if (all->n > 1) {
		until(all, due_ns, (uint32_t)(p - all->each));
		/* And what scripts answer to them. */
		agenda_run_to(all->cfg.agenda, due_ns);
	}
	if (all->cfg.send(all->cfg.ctx, target, f, due_ns))
		p->refused++;
}

static void replay_ended(void *ctx, int code)
{
	const struct player *p = ctx;
	struct replay_stats st;

	if (code)
		log_error("replay of %s stopped: %s", p->sr->file, strerror(-code));
	replay_get_stats(p->replay, &st);
	if (st.emitted == 0)
		log_warn("replay of %s sent nothing: its %u channel(s) have other names than the "
			 "buses, or every frame was filtered; see the replay's `map`",
			p->sr->file, trace_num_channels(replay_trace(p->replay)));
}

/* The scenario's map and rules in the words of the replay. */
static void fill_replay(const struct scenario *s, const struct scenario_replay *sr,
	struct replay_channel *channels, struct replay_rule *rules)
{
	for (uint32_t c = 0; c < (sr->n_map ? sr->n_map : s->n_buses); c++) {
		channels[c].channel = sr->n_map ? sr->map[c].channel : s->buses[c].name;
		channels[c].target = sr->n_map ? sr->map[c].bus : c;
	}
	for (uint32_t r = 0; r < sr->n_rules; r++) {
		rules[r].id = sr->rules[r].match.id;
		rules[r].mask = sr->rules[r].match.mask;
		rules[r].to = sr->rules[r].to;
		rules[r].what = sr->rules[r].what == SCENARIO_RULE_DROP    ? REPLAY_DROP
				: sr->rules[r].what == SCENARIO_RULE_REMAP ? REPLAY_REMAP
									   : REPLAY_PASS;
	}
}

static int make_player(struct players *all, uint32_t i, struct err *e)
{
	const struct scenario *s = all->cfg.scenario;
	const struct scenario_replay *sr = &s->replays[i];
	struct player *p = &all->each[i];
	uint32_t n_channels = sr->n_map ? sr->n_map : s->n_buses;
	struct replay_channel *channels = calloc(n_channels + 1, sizeof(*channels));
	struct replay_rule *rules = calloc(sr->n_rules + 1, sizeof(*rules));
	struct replay_config cfg = { .clock = { replay_now, all },
		.start_ns = sr->at_ns,
		.skip_ns = sr->start_ns,
		.speed = sr->speed,
		.loop = sr->loop,
		.rules = rules,
		.n_rules = sr->n_rules,
		.channels = channels,
		.n_channels = n_channels,
		.emit = emit,
		.done = replay_ended,
		.ctx = p };
	struct trace *trace;
	int rc;

	p->all = all;
	p->sr = sr;
	if (!channels || !rules) {
		free(channels);
		free(rules);
		return err_set(e, -ENOMEM, "out of memory");
	}
	rc = trace_open(&trace, sr->file, NULL, e);
	if (!rc) {
		fill_replay(s, sr, channels, rules);
		rc = replay_new(&p->replay, all->cfg.loop, trace, &cfg);
		if (rc)
			(void)err_errno(e, -rc, "cannot replay %s", sr->file);
	}
	free(channels);
	free(rules);
	return rc;
}

int players_new(struct players **out, const struct players_config *cfg, struct err *e)
{
	uint32_t n = cfg->scenario->n_replays;
	struct players *p = calloc(1, sizeof(*p) + n * sizeof(p->each[0]));
	int rc = 0;

	if (!p)
		return err_set(e, -ENOMEM, "out of memory");
	p->cfg = *cfg;
	while (!rc && p->n < n)
		rc = make_player(p, p->n++, e);
	if (rc) {
		players_free(p);
		return rc;
	}
	*out = p;
	return 0;
}

void players_free(struct players *p)
{
	for (uint32_t i = 0; p && i < p->n; i++)
		replay_free(p->each[i].replay);
	free(p);
}

void players_sync(struct players *all, bool running)
{
	for (uint32_t i = 0; i < all->n; i++) {
		struct player *p = &all->each[i];

		if (running && !p->started) {
			p->started = true;
			replay_start(p->replay);
		} else if (running) {
			replay_resume(p->replay);
		} else if (p->started) {
			replay_pause(p->replay);
		}
	}
}

void players_until(struct players *p, uint64_t t_ns)
{
	until(p, t_ns, 0);
}

static json_t *player_metrics(const struct player *p)
{
	struct replay_stats st;
	struct trace_stats ts;

	replay_get_stats(p->replay, &st);
	trace_get_stats(replay_trace(p->replay), &ts);
	return json_pack("{s:o,s:b,s:I,s:I,s:I,s:I,s:I,s:f,s:f,s:f,s:f}", "file",
		json_text(p->sr->file), "done", replay_is_done(p->replay), "frames",
		(json_int_t)st.emitted, "filtered", (json_int_t)st.filtered, "refused",
		(json_int_t)p->refused, "loops", (json_int_t)st.loops, "malformed_lines",
		(json_int_t)ts.malformed, "late_mean_us",
		st.emitted ? (double)st.late_sum_ns / (double)st.emitted / 1e3 : 0.0, "late_p50_us",
		(double)replay_late_quantile(&st, 0.5) / 1e3, "late_p99_us",
		(double)replay_late_quantile(&st, 0.99) / 1e3, "late_max_us",
		(double)st.late_max_ns / 1e3);
}

json_t *players_metrics(const struct players *p)
{
	json_t *out = json_array();

	for (uint32_t i = 0; i < p->n; i++)
		json_array_append_new(out, player_metrics(&p->each[i]));
	return out;
}
