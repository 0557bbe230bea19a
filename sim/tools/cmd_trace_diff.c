/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `dyno trace diff`: two traces or more, frame by frame. Only a window of each is in memory: where
 * the heads differ, the nearest place is looked for at which the traces go on together.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "sim/scenario/units.h"
#include "sim/tools/cmd_trace.h"

enum { O_TIME = 1, O_ALIGN, O_MAX, O_QUIET, O_ANY_CHANNEL };

static const struct cli_option options[] = {
	{ "time", O_TIME, 'T', "TIME",
		"how far apart stamps may be; 'any': times do not count. "
		"Usual: 0, and 1 us between formats" },
	{ "align", O_ALIGN, 'a', NULL, "times count from each trace's first frame" },
	{ "any-channel", O_ANY_CHANNEL, 'C', NULL, "channels do not count" },
	{ "max", O_MAX, 'M', "COUNT", "show this many differences (20)" },
	{ "quiet", O_QUIET, 'q', NULL, "only the exit status" },
	PICK_OPTIONS,
};

#define WINDOW 256u

struct item {
	uint64_t t_ns; /* as it is compared */
	uint32_t flags;
	struct canfd_frame f;
	uint32_t chan_key;
	uint32_t key; /* frames that are the same have the same one */
	char chan[TRACE_CHANNEL_BYTES];
};

struct side {
	struct trace_in in;
	struct pick pick;
	uint64_t minus_ns; /* what its times count from */
	uint64_t frames;
	bool ended;
	uint32_t head, n; /* ring of items */
	struct item ring[WINDOW];
};

struct job {
	const struct cli_command *self;
	const char **words;
	size_t n_words;
	struct pick pick; /* as it was said; each side has its copy */
	bool time_given, any_time, any_channel, align, quiet;
	uint64_t tolerance_ns, max;
	struct side *a, *b;
	uint32_t holds; /* what both formats can hold */
	uint64_t only_a, only_b, off, worst_ns, shown;
	uint32_t in_vain; /* frames for which another place at the same time is not looked for */
};

static const struct item *at(const struct side *s, uint32_t i)
{
	return &s->ring[(s->head + i) % WINDOW];
}

/* candump's names and other formats' numbers: can0 is 1. Names without a number are themselves. */
static uint32_t channel_key(const char *name)
{
	size_t len = strlen(name), digits = len;
	uint32_t h = 2166136261u;

	while (digits && name[digits - 1] >= '0' && name[digits - 1] <= '9')
		digits--;
	if (digits < len && len - digits < 4 &&
		(digits == 0 || (digits == 3 && memcmp(name, "can", 3) == 0)))
		return (uint32_t)strtoul(name + digits, NULL, 10) + (digits ? 1 : 0);
	for (; *name; name++)
		h = (h ^ (uint8_t)*name) * 16777619u;
	return h | 0x80000000u;
}

static uint32_t frame_key(const struct canfd_frame *f)
{
	uint32_t h = 2166136261u ^ f->can_id ^ (uint32_t)f->len << 24;

	/* What an error frame says counts only where both formats hold it. */
	if (f->can_id & CAN_ERR_FLAG)
		return CAN_ERR_FLAG;
	for (uint32_t i = 0; i < f->len; i++)
		h = (h ^ f->data[i]) * 16777619u;
	return h;
}

/* Makes the window as full as it can be. 0 or -errno. */
static int refill(struct side *s, struct err *e)
{
	while (s->n < WINDOW && !s->ended) {
		struct item *it = &s->ring[(s->head + s->n) % WINDOW];
		enum picked p;
		uint64_t t;
		int rc;

		p = s->in.have ? pick_frame(&s->pick, &s->in) : PICK_DONE;
		if (p == PICK_DONE) {
			s->ended = true;
			break;
		}
		if (p == PICK_YES) {
			t = trace_in_time(&s->in, s->in.f.t_ns);
			it->t_ns = t > s->minus_ns ? t - s->minus_ns : 0;
			it->flags = s->in.f.flags;
			it->f = s->in.f.f;
			it->key = frame_key(&it->f);
			it->chan_key = channel_key(trace_in_channel(&s->in));
			(void)snprintf(it->chan, sizeof(it->chan), "%s", trace_in_channel(&s->in));
			s->n++;
			s->frames++;
		}
		rc = trace_in_next(&s->in, e);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static void drop(struct side *s, uint32_t n)
{
	s->head = (s->head + n) % WINDOW;
	s->n -= n;
}

/* ---- what is the same ---- */

static bool same_frame(const struct job *j, const struct item *x, const struct item *y)
{
	const struct canfd_frame *f = &x->f, *g = &y->f;
	uint8_t flags = (uint8_t)(f->flags ^ g->flags);

	if (x->key != y->key)
		return false;
	if (j->holds & TRACE_HOLDS_CHANNEL && x->chan_key != y->chan_key)
		return false;
	if (f->can_id & g->can_id & CAN_ERR_FLAG && !(j->holds & TRACE_HOLDS_ERROR_OF))
		return true;
	if (f->can_id != g->can_id || f->len != g->len || memcmp(f->data, g->data, f->len) != 0)
		return false;
	if (flags & CANFD_FDF)
		return false;
	if (j->holds & TRACE_HOLDS_FD_FLAGS && flags & (CANFD_BRS | CANFD_ESI) &&
		f->flags & CANFD_FDF)
		return false;
	return !(j->holds & TRACE_HOLDS_RAW_DLC) || f->__res1 == g->__res1;
}

static uint64_t distance(const struct item *x, const struct item *y)
{
	return x->t_ns > y->t_ns ? x->t_ns - y->t_ns : y->t_ns - x->t_ns;
}

static bool same(const struct job *j, uint32_t i, uint32_t k, bool with_time)
{
	const struct item *x = at(j->a, i), *y = at(j->b, k);

	return (!with_time || j->any_time || distance(x, y) <= j->tolerance_ns) &&
	       same_frame(j, x, y);
}

/* ---- what is said ---- */

static bool may_show(struct job *j)
{
	return !j->quiet && j->shown++ < j->max;
}

static void show(struct job *j, char sign, const struct item *it)
{
	char t[40];

	if (!may_show(j))
		return;
	trace_time_text(t, it->t_ns);
	printf("%c %s ", sign, t);
	trace_put_frame(stdout, it->chan, &it->f);
	fputc('\n', stdout);
}

static void show_time(struct job *j, const struct item *x, const struct item *y)
{
	char t[40], u[40];

	if (!may_show(j))
		return;
	trace_time_text(t, x->t_ns);
	trace_time_text(u, y->t_ns);
	printf("~ %s -> %s ", t, u);
	trace_put_frame(stdout, x->chan, &x->f);
	fputc('\n', stdout);
}

/* ---- side by side ---- */

/* Heads that are the same: onwards. */
static void take_pair(struct job *j)
{
	const struct item *x = at(j->a, 0), *y = at(j->b, 0);
	uint64_t d = distance(x, y);

	if (!j->any_time && d > j->tolerance_ns) {
		j->off++;
		j->worst_ns = MAX(j->worst_ns, d);
		show_time(j, x, y);
	}
	drop(j->a, 1);
	drop(j->b, 1);
}

/*
 * The nearest place at which both go on together: i frames of a and k of b are over. One frame that
 * is the same may be chance; two in a row are taken, or one that is the last.
 */
static bool resync(const struct job *j, bool with_time, uint32_t *out_i, uint32_t *out_k)
{
	for (uint32_t sum = 1; sum < j->a->n + j->b->n; sum++) {
		for (uint32_t i = 0; i <= sum; i++) {
			uint32_t k = sum - i;

			if (i >= j->a->n || k >= j->b->n || !same(j, i, k, with_time))
				continue;
			if (i + 1 < j->a->n && k + 1 < j->b->n && !same(j, i + 1, k + 1, with_time))
				continue;
			*out_i = i;
			*out_k = k;
			return true;
		}
	}
	return false;
}

/* How many frames of each are over before both go on together. False: it is a pair. */
static bool find_difference(struct job *j, uint32_t *i, uint32_t *k)
{
	*i = j->a->n;
	*k = j->b->n;
	if (*i == 0 || *k == 0)
		return true;
	if (!j->in_vain && resync(j, true, i, k))
		return true;
	/* A whole trace may be shifted: the search is not repeated at each frame of it. */
	j->in_vain = j->in_vain ? j->in_vain - 1 : WINDOW / 4;
	if (same(j, 0, 0, false))
		return false;
	if (resync(j, false, i, k))
		return true;
	/* Nothing in either window is in the other: on to the next. */
	*i = (j->a->n + 1) / 2;
	*k = (j->b->n + 1) / 2;
	return true;
}

static void take_difference(struct job *j)
{
	uint32_t i, k;

	if (!find_difference(j, &i, &k)) {
		take_pair(j);
		return;
	}
	j->in_vain = 0;
	for (uint32_t n = 0; n < i; n++)
		show(j, '-', at(j->a, n));
	for (uint32_t n = 0; n < k; n++)
		show(j, '+', at(j->b, n));
	j->only_a += i;
	j->only_b += k;
	drop(j->a, i);
	drop(j->b, k);
}

static int compare(struct job *j, struct err *e)
{
	for (;;) {
		int rc = refill(j->a, e);

		if (rc == 0)
			rc = refill(j->b, e);
		if (rc < 0)
			return rc;
		if (!j->a->n && !j->b->n)
			return 0;
		while (j->a->n && j->b->n && same(j, 0, 0, true))
			take_pair(j);
		if ((j->a->n < WINDOW && !j->a->ended) || (j->b->n < WINDOW && !j->b->ended))
			continue;
		if (j->a->n || j->b->n)
			take_difference(j);
	}
}

static void start_side(struct job *j, struct side *s, bool align)
{
	s->pick = j->pick;
	s->pick.taken = 0;
	s->minus_ns = align ? trace_in_time(&s->in, s->in.first_ns) : 0;
	s->frames = 0;
	s->ended = false;
	s->head = s->n = 0;
}

static int compare_files(struct job *j, const char *path, const char *other, struct err *e)
{
	const struct trace_in *x = &j->a->in, *y = &j->b->in;
	bool align;
	int rc;

	if (trace_in_open(&j->a->in, j->self, path, e) < 0)
		return EXIT_BAD_INPUT;
	if (trace_in_open(&j->b->in, j->self, other, e) < 0) {
		trace_in_close(&j->a->in);
		return EXIT_BAD_INPUT;
	}
	align = j->align || x->epoch_known != y->epoch_known;
	if (align && !j->align && !j->quiet)
		printf("only one of the two tells when it was recorded: times count from the first "
		       "frame\n");
	if (!j->time_given)
		j->tolerance_ns = trace_format(x->t) == trace_format(y->t) ? 0 : NS_PER_US;
	j->holds = trace_format_of(trace_format(x->t))->holds &
		   trace_format_of(trace_format(y->t))->holds;
	if (j->any_channel)
		j->holds &= ~TRACE_HOLDS_CHANNEL;
	j->only_a = j->only_b = j->off = j->worst_ns = j->shown = 0;
	j->in_vain = 0;
	start_side(j, j->a, align);
	start_side(j, j->b, align);
	rc = compare(j, e);
	if (rc == 0 && !j->quiet) {
		if (j->shown > j->max)
			printf("... %" PRIu64 " more\n", j->shown - j->max);
		if (!j->only_a && !j->only_b && !j->off)
			printf("%s and %s: equal, %" PRIu64 " frames\n", path, other, j->a->frames);
		else
			printf("%s: %" PRIu64 " frames, %" PRIu64 " of them only here\n%s: %" PRIu64
			       " frames, %" PRIu64 " of them only here\n",
				path, j->a->frames, j->only_a, other, j->b->frames, j->only_b);
		if (j->off)
			printf("%" PRIu64 " frames have other times, up to %.6f ms apart\n", j->off,
				(double)j->worst_ns * 1e-6);
	}
	(void)trace_in_damage(j->self, x);
	(void)trace_in_damage(j->self, y);
	trace_in_close(&j->a->in);
	trace_in_close(&j->b->in);
	if (rc < 0)
		return EXIT_HOST;
	return j->only_a || j->only_b || j->off ? EXIT_CHECK_FAILED : EXIT_PASS;
}

/* ---- the command line ---- */

static int take_option(void *ctx, int item, const char *value, struct err *e)
{
	struct job *j = ctx;

	switch (item) {
	case O_TIME:
		j->time_given = true;
		j->any_time = strcmp(value, "any") == 0;
		if (!j->any_time && cli_duration(value, &j->tolerance_ns))
			return err_set(e, CLI_BAD, "'%s' is no time", value);
		return 0;
	case O_ALIGN:
		j->align = true;
		return 0;
	case O_ANY_CHANNEL:
		j->any_channel = true;
		return 0;
	case O_QUIET:
		j->quiet = true;
		return 0;
	case O_MAX:
		if (unit_uint(value, &j->max))
			return err_set(e, CLI_BAD, "'%s' is no number", value);
		return 0;
	default:
		j->words[j->n_words++] = value;
		return 0;
	}
}

static int read_args(struct job *j, int argc, char **argv, struct err *e)
{
	int item = pick_args(&j->pick, j->self, argc, argv, take_option, j, e);

	if (item == CLI_END && j->n_words < 2)
		return err_set(e, CLI_BAD, "name two traces or more");
	return item;
}

static int diff(const struct cli_command *self, int argc, char **argv)
{
	struct job j = { .self = self,
		.max = 20,
		.words = calloc((size_t)argc + 1, sizeof(*j.words)),
		.a = calloc(1, sizeof(*j.a)),
		.b = calloc(1, sizeof(*j.b)) };
	struct err e = { .text = "" };
	int item = CLI_BAD, status = EXIT_PASS;

	if (j.words && j.a && j.b)
		item = read_args(&j, argc, argv, &e);
	else
		(void)err_set(&e, 0, "no memory");
	if (item == CLI_BAD)
		status = cli_complain(self, &e);
	else if (item == CLI_HELP)
		cli_help(self, stdout);
	for (size_t i = 1; item == CLI_END && i < j.n_words; i++) {
		int one = compare_files(&j, j.words[0], j.words[i], &e);

		if (one > EXIT_CHECK_FAILED)
			fprintf(stderr, "dyno %s: %s\n", self->name, e.text);
		status = MAX(status, one);
	}
	pick_fini(&j.pick);
	free(j.a);
	free(j.b);
	free(j.words);
	return status;
}

const struct cli_command cmd_trace_diff = {
	.name = "trace diff",
	.args = "FIRST OTHER...",
	.summary = "Compares traces frame by frame.",
	.text = "Formats may differ: what both can hold is compared (direction is not), channel 1 of one\n"
		"is can0 of the other. '-' is a frame that only the first has, '+' one that only the\n"
		"other has, '~' one that both have at another time. Exit status 0: equal; 1: not.\n\n"
		"examples:\n"
		"  dyno trace diff drive.log drive.blf\n"
		"  dyno trace diff --align --time 5ms monday.asc tuesday.asc\n"
		"  dyno trace diff run1/stimuli.log run2/stimuli.log run3/stimuli.log\n",
	.options = options,
	.options_n = ARRAY_SIZE(options),
	.run = diff,
};
