/* SPDX-License-Identifier: Apache-2.0 */
/* Judging of sound, after the run, on the recordings that dyno-audio made of the streams. */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/check/judge.h"
#include "sim/scenario/units.h"

#define MS (UINT64_C(1000000))
/* A tone is looked at in pieces of at most this. */
#define PIECE_NS (100 * MS)
/* Steps from one piece to the next. */
#define STEPS 4
/* A tone fades by at most so much from one half of a piece to the other. */
#define FADE_DB 6
/* Before a chime there must be silence for so long. */
#define BEFORE_NS (20 * MS)
/* What is so much quieter than all that sounds is a side effect of it. */
#define BURIED_DB    40
#define MAX_CHANNELS 32

struct judge {
	struct check_set *c;
	const struct scenario_check *k;
	uint64_t from_ns, to_ns; /* what is looked at */
	uint64_t *t_ns;
	char *why;
	uint32_t channels; /* of the recordings; 0: there is none */
};

static enum check_outcome PRINTF_LIKE(3, 4)
	say(struct judge *j, enum check_outcome o, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(j->why, REASON_BYTES, fmt, ap);
	va_end(ap);
	return o;
}

/* Reads what lies in the window. False: it cannot be read, and that was said. */
static bool hear(struct judge *j, sound_sink sink, void *ctx)
{
	const struct scenario_guest *g = &j->c->s->guests[j->k->guest];
	char prefix[1300];
	struct err e = { 0 };
	int rc;

	snprintf(prefix, sizeof(prefix), "%s/%s-%s", j->c->out_dir ? j->c->out_dir : ".", g->name,
		g->sounds[j->k->u.sound.stream].name);
	rc = sound_read(prefix, j->c->marks, j->c->n_marks, j->from_ns, j->to_ns, sink, ctx,
		&j->channels, &e);
	if (rc < 0 && rc != -ENOENT) {
		say(j, CHECK_ERROR, "%s", e.text);
		return false;
	}
	return true;
}

static bool wants_channel(const struct scenario_check *k, uint32_t channel)
{
	return k->u.sound.channel == 0 || k->u.sound.channel == channel + 1;
}

/* Loudest sample of a frame. */
static float peak(const struct judge *j, const struct sound_block *b, uint32_t frame)
{
	float top = 0;

	for (uint32_t c = 0; c < b->channels; c++) {
		if (wants_channel(j->k, c))
			top = fmaxf(top, fabsf(b->x[(size_t)frame * b->channels + c]));
	}
	return top;
}

/* --- tones ------------------------------------------------------------------------------- */

struct tone_search {
	struct judge *j;
	float *x; /* samples that wait to be measured */
	size_t room, n; /* floats; frames */
	double t_ns; /* of the first of them */
	uint32_t channels, rate_hz;
	double run_ns[MAX_CHANNELS]; /* when the tone began that sounds right now; < 0: none */
	bool oom;
	struct sound_tone last[MAX_CHANNELS]; /* of the piece before, in that run */
	/* What was found: the longest right one, and what came nearest to it. */
	double from_ns, length_ns;
	struct sound_tone right, near;
	double near_ns, near_off;
};

static size_t piece_frames(const struct tone_search *s)
{
	const struct scenario_check *k = s->j->k;
	double ns = fmax((double)PIECE_NS, SCENARIO_TONE_PERIODS * 1e9 / k->u.sound.hz);

	return (size_t)(fmin(ns, (double)k->u.sound.for_ns) * s->rate_hz * 1e-9);
}

static bool is_loud_as_asked(const struct scenario_check *k, const struct sound_tone *t)
{
	return fabs(t->db - k->u.sound.db) <= k->u.sound.db_tolerance;
}

/* Whether a piece has the tone, in both halves: one that begins or ends in the piece has any level
 * as a whole. */
static bool is_right(
	const struct tone_search *s, uint32_t channel, size_t n, const struct sound_tone *t)
{
	const struct scenario_check *k = s->j->k;
	const float *x = s->x + channel;
	struct sound_tone a, b;

	if (fabs(t->hz - k->u.sound.hz) > k->u.sound.tolerance * k->u.sound.hz ||
		t->db < k->u.sound.floor_db || (k->u.sound.has_db && !is_loud_as_asked(k, t)))
		return false;
	a = sound_measure(x, s->channels, n / 2, s->rate_hz, t->hz);
	b = sound_measure(x + n / 2 * s->channels, s->channels, n / 2, s->rate_hz, t->hz);
	if (k->u.sound.has_db)
		return is_loud_as_asked(k, &a) && is_loud_as_asked(k, &b);
	/* Chimes ring out, some of them fast. */
	return b.db - a.db <= FADE_DB &&
	       (k->kind == SCENARIO_CHECK_CHIME || a.db - b.db <= FADE_DB);
}

/* How wrong a tone is, for the report. */
static double off_by(const struct scenario_check *k, const struct sound_tone *t)
{
	double off = 20 * fabs(log2(t->hz / k->u.sound.hz)) / k->u.sound.tolerance / 100;

	return off + (k->u.sound.has_db ? fabs(t->db - k->u.sound.db) / 10 : -t->db / 20);
}

static double level_of(const float *x, size_t stride, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (double)x[i * stride] * (double)x[i * stride];
	return sound_db(sqrt(2 * sum / (double)n));
}

static void look(struct tone_search *s, size_t n)
{
	const struct scenario_check *k = s->j->k;
	const double piece_ns = (double)n * 1e9 / s->rate_hz;

	for (uint32_t c = 0; c < s->channels; c++) {
		struct sound_tone t;
		double all;

		if (!wants_channel(k, c))
			continue;
		all = level_of(s->x + c, s->channels, n);
		t = all < k->u.sound.floor_db
			    ? (struct sound_tone){ k->u.sound.hz, SOUND_NOTHING_DB }
			    : sound_measure(s->x + c, s->channels, n, s->rate_hz, k->u.sound.hz);
		if (t.db < all - BURIED_DB || !is_right(s, c, n, &t)) {
			s->run_ns[c] = -1;
			if (t.db > k->u.sound.floor_db && off_by(k, &t) < s->near_off) {
				s->near = t;
				s->near_ns = s->t_ns;
				s->near_off = off_by(k, &t);
			}
			continue;
		}
		/* The first and the last piece of a run may be cut: the one before the last tells.
		 */
		if (s->run_ns[c] < 0) {
			s->run_ns[c] = s->t_ns;
			s->last[c] = t;
		}
		if (s->t_ns + piece_ns - s->run_ns[c] > s->length_ns) {
			s->from_ns = s->run_ns[c];
			s->length_ns = s->t_ns + piece_ns - s->run_ns[c];
			s->right = s->last[c];
		}
		s->last[c] = t;
	}
}

static void begin_anew(struct tone_search *s, const struct sound_block *b)
{
	s->n = 0;
	s->t_ns = b->t_ns;
	s->channels = b->channels;
	s->rate_hz = b->rate_hz;
	for (uint32_t c = 0; c < MAX_CHANNELS; c++)
		s->run_ns[c] = -1;
}

static void search(void *ctx, const struct sound_block *b)
{
	struct tone_search *s = ctx;
	size_t n, step;

	if (!b->joined || b->channels != s->channels || b->rate_hz != s->rate_hz)
		begin_anew(s, b);
	if ((s->n + b->frames) * s->channels > s->room) {
		size_t room = (s->n + b->frames) * s->channels * 2;
		float *x = realloc(s->x, room * sizeof(*x));

		if (!x) {
			s->oom = true;
			return;
		}
		s->x = x;
		s->room = room;
	}
	memcpy(s->x + s->n * s->channels, b->x, (size_t)b->frames * s->channels * sizeof(*s->x));
	s->n += b->frames;
	n = piece_frames(s);
	step = MAX(n / STEPS, (size_t)1);
	while (n > 0 && s->n >= n) {
		look(s, n);
		s->n -= step;
		memmove(s->x, s->x + step * s->channels, s->n * s->channels * sizeof(*s->x));
		s->t_ns += (double)step * 1e9 / s->rate_hz;
	}
}

static bool find_tone(struct judge *j, struct tone_search *s)
{
	bool read;

	*s = (struct tone_search){ .j = j, .near_off = HUGE_VAL };
	read = hear(j, search, s);
	free(s->x);
	if (read && s->oom)
		say(j, CHECK_ERROR, "no memory");
	return read && !s->oom;
}

static enum check_outcome nothing_right(struct judge *j, const struct tone_search *s)
{
	char t[TIME_TEXT];

	*j->t_ns = j->to_ns;
	if (s->length_ns > 0)
		return say(j, CHECK_FAIL, "%.1f Hz at %.1f dB for %.0fms only, from %s",
			s->right.hz, s->right.db, s->length_ns / 1e6,
			time_text(t, (uint64_t)s->from_ns));
	if (s->near_off < HUGE_VAL)
		return say(j, CHECK_FAIL, "not heard; nearest: %.1f Hz at %.1f dB at %s",
			s->near.hz, s->near.db, time_text(t, (uint64_t)s->near_ns));
	return say(j, CHECK_FAIL, "%s", j->channels ? "silence" : "the stream never played");
}

static enum check_outcome judge_tone(struct judge *j)
{
	struct tone_search s;
	char t[TIME_TEXT];

	if (!find_tone(j, &s))
		return CHECK_ERROR;
	/* The first and the last piece may be cut off by a sample. */
	if (s.length_ns + 1e6 < (double)j->k->u.sound.for_ns)
		return nothing_right(j, &s);
	*j->t_ns = (uint64_t)fmax(s.from_ns, 0);
	return say(j, CHECK_PASS, "%.2f Hz at %.2f dB for %.0fms from %s", s.right.hz, s.right.db,
		s.length_ns / 1e6, time_text(t, *j->t_ns));
}

/* --- silence and sound ------------------------------------------------------------------- */

struct loudness {
	struct judge *j;
	float floor;
	double first_ns, last_ns; /* of what is louder; < 0: nothing was */
	float top;
	double top_ns;
	double gap_ns, gap_from_ns; /* the longest silence so far */
};

static void measure_loudness(void *ctx, const struct sound_block *b)
{
	struct loudness *l = ctx;

	for (uint32_t i = 0; i < b->frames; i++) {
		const double t = b->t_ns + (double)i * 1e9 / b->rate_hz;
		const float p = peak(l->j, b, i);

		if (p > l->top) {
			l->top = p;
			l->top_ns = t;
		}
		if (p < l->floor)
			continue;
		if (l->first_ns < 0)
			l->first_ns = t;
		if (t - l->last_ns > l->gap_ns) {
			l->gap_ns = t - l->last_ns;
			l->gap_from_ns = l->last_ns;
		}
		l->last_ns = fmax(t, l->last_ns);
	}
}

static bool listen(struct judge *j, struct loudness *l)
{
	/* A silence may begin with the window. */
	*l = (struct loudness){ .j = j,
		.floor = (float)sound_amplitude(j->k->u.sound.floor_db),
		.first_ns = -1,
		.last_ns = (double)j->from_ns };
	return hear(j, measure_loudness, l);
}

static enum check_outcome judge_silence(struct judge *j)
{
	struct loudness l;
	char t[TIME_TEXT], u[TIME_TEXT];

	if (!listen(j, &l))
		return CHECK_ERROR;
	if (l.first_ns < 0)
		return say(j, CHECK_PASS, "at most %.0f dB", sound_db((double)l.top));
	*j->t_ns = (uint64_t)l.first_ns;
	return say(j, CHECK_FAIL, "sound from %s on, up to %.1f dB at %s", time_text(t, *j->t_ns),
		sound_db((double)l.top), time_text(u, (uint64_t)l.top_ns));
}

static enum check_outcome judge_gapless(struct judge *j)
{
	struct loudness l;
	char t[TIME_TEXT], a[UNIT_TEXT];

	if (!listen(j, &l))
		return CHECK_ERROR;
	if (l.first_ns < 0)
		return say(
			j, CHECK_FAIL, "%s", j->channels ? "silence" : "the stream never played");
	if ((double)j->to_ns - l.last_ns > l.gap_ns) {
		l.gap_ns = (double)j->to_ns - l.last_ns;
		l.gap_from_ns = l.last_ns;
	}
	if (l.gap_ns > (double)j->k->u.sound.longest_ns) {
		*j->t_ns = (uint64_t)l.gap_from_ns;
		return say(j, CHECK_FAIL, "silent for %.1fms from %s; %s is allowed",
			l.gap_ns / 1e6, time_text(t, *j->t_ns),
			unit_show_duration(a, j->k->u.sound.longest_ns));
	}
	return say(j, CHECK_PASS, "silent for at most %.1fms", l.gap_ns / 1e6);
}

/* --- level over time --------------------------------------------------------------------- */

struct levels {
	struct judge *j;
	double (*sum)[MAX_CHANNELS]; /* of each piece: squares */
	size_t pieces;
};

static void add_levels(void *ctx, const struct sound_block *b)
{
	struct levels *l = ctx;
	const double every = (double)l->j->k->u.sound.every_ns;
	/* The share of a piece that one frame is: what is missing is silence. */
	const double share = 1e9 / (b->rate_hz * every);

	for (uint32_t i = 0; i < b->frames; i++) {
		const double t = b->t_ns + (double)i * 1e9 / b->rate_hz - (double)l->j->from_ns;

		if (t < 0 || t / every >= (double)l->pieces)
			continue;
		for (uint32_t c = 0; c < b->channels; c++) {
			const double v = (double)b->x[(size_t)i * b->channels + c];

			l->sum[(size_t)(t / every)][c] += v * v * share;
		}
	}
}

/* Of the loudest channel that is asked for. */
static double piece_db(const struct levels *l, size_t piece)
{
	double most = 0;

	for (uint32_t c = 0; c < MAX_CHANNELS; c++) {
		if (wants_channel(l->j->k, c))
			most = fmax(most, l->sum[piece][c]);
	}
	return sound_db(sqrt(2 * most));
}

static enum check_outcome judge_levels(struct judge *j, const struct levels *l)
{
	double low = HUGE_VAL, high = -HUGE_VAL;
	char t[TIME_TEXT];

	for (size_t i = 0; i < l->pieces; i++) {
		const double db = piece_db(l, i);

		low = fmin(low, db);
		high = fmax(high, db);
		if (db < j->k->u.sound.min_db || db > j->k->u.sound.max_db) {
			*j->t_ns = j->from_ns + i * j->k->u.sound.every_ns;
			return say(j, CHECK_FAIL, "%.1f dB at %s", db, time_text(t, *j->t_ns));
		}
	}
	return say(j, CHECK_PASS, "%.1f to %.1f dB", low, high);
}

static enum check_outcome judge_level(struct judge *j)
{
	struct levels l = { .j = j,
		.pieces = (size_t)((j->to_ns - j->from_ns) / j->k->u.sound.every_ns) };
	enum check_outcome o = CHECK_ERROR;

	if (l.pieces == 0)
		return say(j, CHECK_ERROR, "the window is shorter than \"every\"");
	l.sum = calloc(l.pieces, sizeof(*l.sum));
	if (!l.sum)
		return say(j, CHECK_ERROR, "no memory");
	if (hear(j, add_levels, &l))
		o = judge_levels(j, &l);
	free(l.sum);
	return o;
}

/* --- chimes ------------------------------------------------------------------------------ */

#define CAUSE_TEXT 300
/* What the chime follows, and when it was; UINT64_MAX: it was not. *o: the verdict then. */
static uint64_t cause_of(struct judge *j, char text[CAUSE_TEXT], enum check_outcome *o)
{
	const struct frame_rule *r = frames_rule(j->c, j->k);
	const struct event_log *l =
		j->k->u.sound.event ? event_log_of(j->c, j->k->u.sound.event) : NULL;
	uint64_t when = l ? event_first(l) : UINT64_MAX;
	char f[CHECK_FRAME_TEXT], t[TIME_TEXT];

	if (r && r->count > 0) {
		snprintf(text, CAUSE_TEXT, "%s", frames_show(j->c, f, &r->first));
		return r->first.t_ns;
	}
	if (l && screen_error(l))
		*o = say(j, CHECK_ERROR, "%s cannot be watched: %.300s", l->event->text,
			screen_error(l));
	else if (when == UINT64_MAX)
		*o = say(j, CHECK_FAIL, "%s",
			l ? "the event was not seen" : "the frame was not seen");
	else
		snprintf(text, CAUSE_TEXT, "%.240s at %s", l->event->text, time_text(t, when));
	return when;
}

static enum check_outcome judge_chime(struct judge *j)
{
	const uint64_t delay = j->k->u.sound.delay_ns;
	enum check_outcome o = CHECK_FAIL;
	struct tone_search s;
	struct loudness l;
	char f[CAUSE_TEXT];
	const uint64_t cause = cause_of(j, f, &o);
	double late;

	if (cause == UINT64_MAX)
		return o;
	if (j->k->u.sound.event)
		moments_keep(j->c, j->k,
			&(struct moment){
				event_log_of(j->c, j->k->u.sound.event), cause, true, "cause" },
			1);
	*j->t_ns = cause;
	const uint64_t before = j->k->u.sound.early_ns + BEFORE_NS;

	j->from_ns = cause > before ? cause - before : 0;
	j->to_ns = cause + delay;
	if (!listen(j, &l))
		return CHECK_ERROR;
	if (l.first_ns < 0)
		return say(j, CHECK_FAIL, "no sound within %.0fms of %s", (double)delay / 1e6, f);
	late = l.first_ns - (double)cause;
	if (late < -(double)j->k->u.sound.early_ns)
		return say(j, CHECK_FAIL, "it sounded already before %s", f);
	if (j->k->u.sound.hz > 0) {
		j->from_ns = (uint64_t)l.first_ns;
		j->to_ns = j->from_ns + j->k->u.sound.for_ns + PIECE_NS;
		if (!find_tone(j, &s))
			return CHECK_ERROR;
		if (s.length_ns + 1e6 < (double)j->k->u.sound.for_ns)
			return nothing_right(j, &s);
	}
	*j->t_ns = (uint64_t)l.first_ns;
	return say(
		j, CHECK_PASS, "%.1fms %s %s", fabs(late) / 1e6, late < 0 ? "before" : "after", f);
}

enum check_outcome sounds_judge(struct check_set *c, const struct scenario_check *k,
	uint64_t end_ns, uint64_t *t_ns, char why[REASON_BYTES])
{
	struct judge j = {
		.c = c, .k = k, .from_ns = k->after_ns, .to_ns = end_ns, .t_ns = t_ns, .why = why
	};

	if (end_ns <= k->after_ns && k->kind != SCENARIO_CHECK_CHIME)
		return say(&j, CHECK_ERROR, "the window is empty");
	switch (k->kind) {
	case SCENARIO_CHECK_TONE:
		return judge_tone(&j);
	case SCENARIO_CHECK_SILENCE:
		return judge_silence(&j);
	case SCENARIO_CHECK_GAPLESS:
		return judge_gapless(&j);
	case SCENARIO_CHECK_LEVEL:
		return judge_level(&j);
	default:
		return judge_chime(&j);
	}
}
