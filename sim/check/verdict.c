/* SPDX-License-Identifier: Apache-2.0 */
/* From what was seen to one verdict a check, each with a line of evidence. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/check/judge.h"
#include "sim/scenario/units.h"

/* The run may end so much before its duration without being cut short. */
#define END_SLACK_NS (20 * UINT64_C(1000000))

struct verdict {
	struct check_set *c;
	const struct scenario_check *k;
	uint64_t t_ns;
	char *why;
};

static enum check_outcome PRINTF_LIKE(3, 4)
	say(struct verdict *v, enum check_outcome o, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(v->why, REASON_BYTES, fmt, ap);
	va_end(ap);
	return o;
}

static void PRINTF_LIKE(2, 3) add(struct verdict *v, const char *fmt, ...)
{
	size_t l = strlen(v->why);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(v->why + l, REASON_BYTES - l, fmt, ap);
	va_end(ap);
}

/*
 * End of the window as far as the run was to last: an open window follows another duration that
 * was asked for, one with an end keeps it.
 */
static uint64_t window_end(const struct verdict *v)
{
	uint64_t asked = v->c->duration_ns;

	if (v->k->until_ns == SCENARIO_FOREVER)
		return asked;
	return MIN(v->k->until_ns, MAX(asked, v->c->s->duration_ns));
}

/* True when the run was cut short before the window was over. */
static bool cut_short(const struct verdict *v)
{
	return v->c->end_ns + END_SLACK_NS < window_end(v);
}

/* True when the window had not even begun. */
static bool never_began(struct verdict *v)
{
	char t[TIME_TEXT], a[TIME_TEXT];

	if (v->k->after_ns == 0 || v->k->after_ns + END_SLACK_NS < v->c->end_ns)
		return false;
	v->t_ns = v->c->end_ns;
	say(v, CHECK_NOT_RUN, "the run ended at %s, before the window began at %s",
		time_text(t, v->c->end_ns), time_text(a, v->k->after_ns));
	return true;
}

/* Turns a verdict that is open at the end into NOT_RUN where the run was cut short. */
static enum check_outcome open_end(struct verdict *v, enum check_outcome o)
{
	char t[TIME_TEXT], a[TIME_TEXT];

	v->t_ns = MIN(window_end(v), v->c->end_ns);
	if (!cut_short(v))
		return o;
	add(v, "; the run ended at %s, before %s", time_text(t, v->c->end_ns),
		time_text(a, window_end(v)));
	return CHECK_NOT_RUN;
}

static const char *frames_word(uint64_t n)
{
	return n == 1 ? "frame" : "frames";
}

/* What came instead: a frame with the right identifier, or the right frame at a wrong time. */
static void add_near(struct verdict *v, const struct frame_rule *r)
{
	char f[CHECK_FRAME_TEXT];

	if (r->near_count)
		add(v, "; %" PRIu64 " with this id but not this content, last %s", r->near_count,
			frames_show(v->c, f, &r->near));
	if (r->after.mtu)
		add(v, "; after the window: %s", frames_show(v->c, f, &r->after));
	else if (r->before.mtu)
		add(v, "; before the window: %s", frames_show(v->c, f, &r->before));
}

static enum check_outcome judge_count(struct verdict *v, const struct frame_rule *r)
{
	uint64_t min = v->k->u.frames.min, max = v->k->u.frames.max;
	char f[CHECK_FRAME_TEXT];

	if (r->count > max) {
		v->t_ns = r->last.t_ns;
		return say(v, CHECK_FAIL, "%" PRIu64 " %s seen, %" PRIu64 " allowed; last %s",
			r->count, frames_word(r->count), max, frames_show(v->c, f, &r->last));
	}
	if (r->count < min) {
		say(v, CHECK_FAIL, "%" PRIu64 " %s seen, %" PRIu64 " needed", r->count,
			frames_word(r->count), min);
		if (r->count)
			add(v, "; last %s", frames_show(v->c, f, &r->last));
		add_near(v, r);
		return open_end(v, CHECK_FAIL);
	}
	if (max == UINT64_MAX && r->count > 0) {
		v->t_ns = min == 1 ? r->first.t_ns : r->last.t_ns;
		return say(v, CHECK_PASS, "%" PRIu64 " %s, first %s", r->count,
			frames_word(r->count), frames_show(v->c, f, &r->first));
	}
	say(v, CHECK_PASS, "%" PRIu64 " %s", r->count, frames_word(r->count));
	return open_end(v, CHECK_PASS);
}

static enum check_outcome judge_forbid(struct verdict *v, const struct frame_rule *r)
{
	char f[CHECK_FRAME_TEXT];

	if (r->count > 0) {
		v->t_ns = r->first.t_ns;
		return say(v, CHECK_FAIL, "%" PRIu64 " %s seen, first %s", r->count,
			frames_word(r->count), frames_show(v->c, f, &r->first));
	}
	say(v, CHECK_PASS, "none seen");
	return open_end(v, CHECK_PASS);
}

static enum check_outcome judge_period(struct verdict *v, const struct frame_rule *r)
{
	const struct scenario_check *k = v->k;
	char f[CHECK_FRAME_TEXT], t[TIME_TEXT], a[UNIT_TEXT], b[UNIT_TEXT];
	uint64_t end = MIN(window_end(v), v->c->end_ns);

	v->t_ns = end;
	if (r->count < k->u.period.at_least) {
		say(v, CHECK_FAIL, "%" PRIu64 " %s seen, %" PRIu64 " needed", r->count,
			frames_word(r->count), k->u.period.at_least);
		if (r->count)
			add(v, "; last %s", frames_show(v->c, f, &r->last));
		add_near(v, r);
		return open_end(v, CHECK_FAIL);
	}
	double sd = sqrt(r->gap_m2 / (double)(r->count - 1)), mean = r->gap_mean;
	double off = fabs(mean - (double)k->u.period.mean_ns);

	say(v, CHECK_FAIL, "%" PRIu64 " frames: mean %.3fms, %.3f to %.3fms, jitter %.3fms",
		r->count, mean / 1e6, (double)r->gap_min / 1e6, (double)r->gap_max / 1e6, sd / 1e6);
	if (k->u.period.mean_ns && off > k->u.period.tolerance * (double)k->u.period.mean_ns) {
		add(v, "; the mean must be %s +- %.3g%%",
			unit_show_duration(a, k->u.period.mean_ns), k->u.period.tolerance * 100);
		return CHECK_FAIL;
	}
	if (k->u.period.min_ns && r->gap_min < k->u.period.min_ns) {
		add(v, "; %s is the least allowed", unit_show_duration(a, k->u.period.min_ns));
		return CHECK_FAIL;
	}
	if (k->u.period.max_ns && r->gap_max > k->u.period.max_ns) {
		v->t_ns = r->gap_max_t;
		add(v, "; %s is the most allowed, exceeded at %s",
			unit_show_duration(a, k->u.period.max_ns), time_text(t, r->gap_max_t));
		return CHECK_FAIL;
	}
	if (k->u.period.jitter_ns && sd > (double)k->u.period.jitter_ns) {
		add(v, "; %s jitter is allowed", unit_show_duration(a, k->u.period.jitter_ns));
		return CHECK_FAIL;
	}
	uint64_t silence = end > r->last.t_ns ? end - r->last.t_ns : 0;

	if (k->u.period.max_ns && silence > k->u.period.max_ns) {
		add(v, "; then silence for %s since %s; %s is allowed",
			unit_show_duration(b, silence), time_text(t, r->last.t_ns),
			unit_show_duration(a, k->u.period.max_ns));
		return CHECK_FAIL;
	}
	return open_end(v, CHECK_PASS);
}

static enum check_outcome judge_signal(struct verdict *v, const struct frame_rule *r)
{
	const struct bounds *b = &r->values;
	enum bounds_end end = bounds_judge(b, v->k);
	char f[CHECK_FRAME_TEXT];

	switch (end) {
	case BOUNDS_NO_VALUE:
		say(v, CHECK_FAIL, "no value seen in the window");
		if (r->outside)
			add(v, "; %" PRIu64 " outside of it", r->outside);
		if (r->near_count)
			add(v, "; %" PRIu64 " %s too short for it", r->near_count,
				frames_word(r->near_count));
		return open_end(v, CHECK_FAIL);
	case BOUNDS_LEFT:
		v->t_ns = r->first_bad.t_ns;
		return say(v, CHECK_FAIL,
			"%g, %" PRIu64 " of %" PRIu64 " values out of bounds, in %s", b->bad_value,
			b->bad, b->count, frames_show(v->c, f, &r->first_bad));
	case BOUNDS_REACHED:
		v->t_ns = r->first_good.t_ns;
		return say(v, CHECK_PASS, "%g in %s", b->good_value,
			frames_show(v->c, f, &r->first_good));
	case BOUNDS_KEPT:
	case BOUNDS_MISSED:
		break;
	}
	say(v, CHECK_PASS, "%" PRIu64 " values from %g to %g, last %g", b->count, b->low, b->high,
		b->newest);
	return open_end(v, end == BOUNDS_KEPT ? CHECK_PASS : CHECK_FAIL);
}

static enum check_outcome judge_frames(struct verdict *v)
{
	const struct frame_rule *r = frames_rule(v->c, v->k);

	if (!r)
		return say(v, CHECK_ERROR, "the scenario was read without its files");
	switch (v->k->kind) {
	case SCENARIO_CHECK_FORBID:
		return judge_forbid(v, r);
	case SCENARIO_CHECK_PERIOD:
		return judge_period(v, r);
	case SCENARIO_CHECK_SIGNAL:
		return judge_signal(v, r);
	default:
		return judge_count(v, r);
	}
}

static enum check_outcome judge_console(struct verdict *v)
{
	const struct line_rule *r = NULL;
	const char *last = last_line(v->c, v->k->guest);
	char t[TIME_TEXT];

	for (uint32_t i = 0; i < v->c->n_lines; i++) {
		if (v->c->lines[i].check == v->k)
			r = &v->c->lines[i];
	}
	if (!r)
		return say(v, CHECK_ERROR, "internal: no rule for this check");
	bool forbid = v->k->kind == SCENARIO_CHECK_FORBID_CONSOLE;

	if (r->matched) {
		v->t_ns = r->t_ns;
		return say(v, forbid ? CHECK_FAIL : CHECK_PASS, "at %s: %s", time_text(t, r->t_ns),
			r->line);
	}
	say(v, forbid ? CHECK_PASS : CHECK_FAIL, "none of %" PRIu64 " lines matches", r->lines);
	if (!forbid && r->outside_ns != UINT64_MAX)
		add(v, "; one did at %s, outside of the window", time_text(t, r->outside_ns));
	else if (!forbid && last)
		add(v, "; last line: %.120s", last);
	return open_end(v, forbid ? CHECK_PASS : CHECK_FAIL);
}

static enum check_outcome judge_ready(struct verdict *v)
{
	const struct guest_state *g = &v->c->guests[v->k->guest];
	const char *last = last_line(v->c, v->k->guest);
	char t[TIME_TEXT];

	for (uint32_t i = 0; i < g->n_ready; i++) {
		if (!in_window(v->k, g->ready_ns[i]))
			continue;
		v->t_ns = g->ready_ns[i];
		return say(v, CHECK_PASS, "READY at %s", time_text(t, v->t_ns));
	}
	if (g->n_ready) {
		v->t_ns = g->ready_ns[g->n_ready - 1];
		return say(
			v, CHECK_FAIL, "READY at %s, outside of the window", time_text(t, v->t_ns));
	}
	say(v, CHECK_FAIL, "it did not get READY");
	if (g->crashed)
		add(v, "; it crashed at %s: %s", time_text(t, g->crash_ns), g->crash_text);
	else if (g->exited)
		add(v, "; it ended at %s (%s)", time_text(t, g->exit_ns), g->exit_text);
	if (last)
		add(v, "; last line: %.120s", last);
	else
		add(v, "; its console is empty");
	return open_end(v, CHECK_FAIL);
}

static enum check_outcome judge_exit(struct verdict *v)
{
	const struct guest_state *g = &v->c->guests[v->k->guest];
	const char *want = v->k->u.exit.reason;
	char t[TIME_TEXT];

	bool named = want && strncmp(g->crash_text, want, strlen(want)) == 0;
	/* A guest that started again may still come to the end that is wanted. */
	bool later = g->came_back && g->exited && !named;

	if (g->crashed && !later && (!g->exited || g->crash_ns <= g->exit_ns)) {
		v->t_ns = g->crash_ns;
		bool right = named && in_window(v->k, g->crash_ns);

		return say(v, right ? CHECK_PASS : CHECK_FAIL, "it crashed at %s: %s",
			time_text(t, g->crash_ns), g->crash_text);
	}
	if (!g->exited) {
		say(v, CHECK_FAIL, "it was still running");
		return open_end(v, CHECK_FAIL);
	}
	v->t_ns = g->exit_ns;
	bool right = in_window(v->k, g->exit_ns) && (!want || strcmp(want, g->exit_text) == 0);

	return say(v, right ? CHECK_PASS : CHECK_FAIL, "it ended at %s (%s)%s",
		time_text(t, g->exit_ns), g->exit_text,
		in_window(v->k, g->exit_ns) ? "" : ", outside of the window");
}

static enum check_outcome judge_no_crash(struct verdict *v)
{
	const struct guest_state *g = &v->c->guests[v->k->guest];
	char t[TIME_TEXT];

	v->t_ns = v->c->end_ns;
	if (!g->crashed)
		return say(v, CHECK_PASS, "it did not");
	v->t_ns = g->crash_ns;
	return say(v, CHECK_FAIL, "at %s: %s", time_text(t, g->crash_ns),
		g->crash_text[0] ? g->crash_text : "no cause is known");
}

/* What was heard until the run ended is judged; where that was too early, a pass is none yet. */
static enum check_outcome judge_sound(struct verdict *v)
{
	uint64_t end = MIN(window_end(v), v->c->end_ns);
	enum check_outcome o;

	v->t_ns = end;
	o = sounds_judge(v->c, v->k, end, &v->t_ns, v->why);
	/* Found is found; and what must not be does not get better. */
	if (o == CHECK_ERROR || !cut_short(v))
		return o;
	if ((v->k->kind == SCENARIO_CHECK_TONE || v->k->kind == SCENARIO_CHECK_CHIME)
			? o == CHECK_PASS
			: o == CHECK_FAIL)
		return o;
	return open_end(v, o);
}

static enum check_outcome judge_script(struct verdict *v)
{
	const struct script_state *s = &v->c->scripts[v->k->u.script.index];
	char t[TIME_TEXT];

	v->t_ns = s->failed ? s->t_ns : v->c->end_ns;
	if (!s->failed)
		return say(v, CHECK_PASS, "it did");
	return say(v, CHECK_FAIL, "at %s: %s", time_text(t, s->t_ns), s->text);
}

static enum check_outcome judge_values(struct verdict *v)
{
	bool open;
	enum check_outcome o;

	v->t_ns = MIN(window_end(v), v->c->end_ns);
	o = values_judge(v->c, v->k, &v->t_ns, &open, v->why);
	return open ? open_end(v, o) : o;
}

static enum check_outcome judge_events(struct verdict *v)
{
	bool open;
	enum check_outcome o;

	v->t_ns = MIN(window_end(v), v->c->end_ns);
	o = events_judge(v->c, v->k, v->c->end_ns, &v->t_ns, &open, v->why);
	return open ? open_end(v, o) : o;
}

static enum check_outcome judge(struct verdict *v)
{
	if (never_began(v) && v->k->kind != SCENARIO_CHECK_SCREEN &&
		v->k->kind != SCENARIO_CHECK_NOT_BLANK)
		return CHECK_NOT_RUN;
	v->why[0] = '\0';
	switch (v->k->kind) {
	case SCENARIO_CHECK_EXPECT:
	case SCENARIO_CHECK_FORBID:
	case SCENARIO_CHECK_COUNT:
	case SCENARIO_CHECK_PERIOD:
		return judge_frames(v);
	case SCENARIO_CHECK_SIGNAL:
		return v->k->u.signal.signal ? judge_frames(v) : judge_values(v);
	case SCENARIO_CHECK_GRADIENT:
		return judge_values(v);
	case SCENARIO_CHECK_ORDER:
	case SCENARIO_CHECK_LATENCY:
		return judge_events(v);
	case SCENARIO_CHECK_CONSOLE:
	case SCENARIO_CHECK_FORBID_CONSOLE:
		return judge_console(v);
	case SCENARIO_CHECK_SCREEN:
	case SCENARIO_CHECK_NOT_BLANK:
		v->t_ns = MIN(v->k->after_ns, v->c->end_ns);
		return pictures_judge(v->c, v->k, &v->t_ns, v->why);
	case SCENARIO_CHECK_READY:
		return judge_ready(v);
	case SCENARIO_CHECK_EXIT:
		return judge_exit(v);
	case SCENARIO_CHECK_NO_CRASH:
		return judge_no_crash(v);
	case SCENARIO_CHECK_TONE:
	case SCENARIO_CHECK_SILENCE:
	case SCENARIO_CHECK_GAPLESS:
	case SCENARIO_CHECK_LEVEL:
	case SCENARIO_CHECK_CHIME:
		return judge_sound(v);
	case SCENARIO_CHECK_SCRIPT:
		return judge_script(v);
	case SCENARIO_CHECK_KINDS:
		break;
	}
	return say(v, CHECK_ERROR, "internal: unknown kind of check");
}

int check_finish(struct check_set *c, uint64_t end_ns)
{
	c->end_ns = end_ns;
	for (uint32_t i = 0; i < c->s->n_checks; i++) {
		struct verdict v = { .c = c, .k = &c->s->checks[i], .why = c->reasons[i] };
		enum check_outcome o = judge(&v);

		clean_text(v.why); /* a console or an error message may have brought anything */
		c->verdicts[i] = (struct check_verdict){
			.check = v.k, .outcome = o, .reason = v.why, .t_ns = v.t_ns
		};
	}
	return c->oom ? -ENOMEM : 0;
}

const struct check_verdict *check_verdicts(const struct check_set *c, size_t *n)
{
	*n = c->s->n_checks;
	return c->verdicts;
}

bool check_passed(const struct check_set *c)
{
	for (uint32_t i = 0; i < c->s->n_checks; i++) {
		if (c->verdicts[i].outcome != CHECK_PASS)
			return false;
	}
	return true;
}

const char *check_outcome_name(enum check_outcome o)
{
	static const char *const names[] = { [CHECK_PASS] = "pass",
		[CHECK_FAIL] = "fail",
		[CHECK_ERROR] = "error",
		[CHECK_NOT_RUN] = "not-run" };

	return (size_t)o < ARRAY_SIZE(names) ? names[o] : "?";
}
