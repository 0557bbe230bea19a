/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a trace for the commands of `dyno trace`, and picking frames of it. See cmd_trace.h. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "sim/scenario/units.h"
#include "sim/tools/cmd_trace.h"
#include "sim/trace/record.h"
#include "sim/trace/when.h"

static void on_problem(void *ctx, const char *text)
{
	const struct cli_command *self = ctx;

	fprintf(stderr, "dyno %s: %s\n", self->name, text);
}

int trace_in_open(
	struct trace_in *in, const struct cli_command *self, const char *path, struct err *e)
{
	union {
		const struct cli_command *in;
		void *out;
	} ctx = { .in = self };
	struct trace_options opt = { .problem = on_problem, .ctx = ctx.out };
	int rc;

	*in = (struct trace_in){ .path = path };
	if (strcmp(path, "-") == 0) {
		int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);

		in->path = "standard input";
		rc = fd < 0 ? err_errno(e, errno, "standard input")
			    : trace_open_fd(&in->t, fd, in->path, &opt, e);
	} else {
		rc = trace_open(&in->t, path, &opt, e);
	}
	if (rc < 0)
		return rc;
	rc = trace_in_next(in, e);
	if (rc < 0) {
		trace_in_close(in);
		return rc;
	}
	in->first_ns = in->f.t_ns;
	/* Some formats say when it was only with their first frame. */
	in->epoch_known = trace_epoch(in->t, &in->epoch_ns);
	return 0;
}

int trace_in_next(struct trace_in *in, struct err *e)
{
	int rc = trace_next(in->t, &in->f);

	in->have = rc > 0;
	return rc < 0 ? err_errno(e, -rc, "%s: reading failed", in->path) : rc;
}

void trace_in_close(struct trace_in *in)
{
	trace_free(in->t);
	in->t = NULL;
	in->have = false;
}

uint64_t trace_in_time(const struct trace_in *in, uint64_t t_ns)
{
	uint64_t t;

	if (!in->epoch_known)
		return t_ns;
	return __builtin_add_overflow(t_ns, in->epoch_ns, &t) ? UINT64_MAX : t;
}

bool trace_in_damage(const struct cli_command *self, const struct trace_in *in)
{
	struct trace_stats st;

	trace_get_stats(in->t, &st);
	if (!st.malformed)
		return false;
	fprintf(stderr, "dyno %s: %s: %" PRIu64 " place%s could not be read%s\n", self->name,
		in->path, st.malformed, st.malformed == 1 ? "" : "s",
		st.truncated ? "; the file ends too early" : "");
	return true;
}

/* ---- picking ---- */

/* `0x123`, `18fef100x`, `0x123x`; hexadecimal either way. Moves *s. */
static bool take_id(const char **s, uint32_t *out)
{
	char *end;
	unsigned long v;

	if (**s == '-' || **s == '+' || **s == ' ')
		return false;
	v = strtoul(*s, &end, 16);
	if (end == *s || v > CAN_EFF_MASK)
		return false;
	*out = (uint32_t)v | (v > CAN_SFF_MASK ? CAN_EFF_FLAG : 0);
	if (*end == 'x' || *end == 'X') {
		*out |= CAN_EFF_FLAG;
		end++;
	}
	*s = end;
	return true;
}

static int add_ids(struct id_range **list, size_t *n, const char *word, struct err *e)
{
	const char *s = word;

	for (;;) {
		struct id_range r, *more;

		if (!take_id(&s, &r.first))
			return err_set(e, CLI_BAD, "'%s' is no list of identifiers", word);
		r.last = r.first;
		if (*s == '-') {
			s++;
			if (!take_id(&s, &r.last) || r.last < r.first)
				return err_set(e, CLI_BAD, "'%s' has a range that is none", word);
			/* From 11 bits into 29: the kind is that of the end. */
			r.first |= r.last & CAN_EFF_FLAG;
		}
		more = realloc(*list, (*n + 1) * sizeof(**list));
		if (!more)
			return err_set(e, CLI_BAD, "no memory");
		*list = more;
		more[(*n)++] = r;
		if (*s == '\0')
			return 0;
		if (*s++ != ',')
			return err_set(e, CLI_BAD, "'%s' is no list of identifiers", word);
	}
}

static int add_channel(struct pick *p, const char *name, struct err *e)
{
	const char **more = realloc(p->channels, (p->n_channels + 1) * sizeof(*more));

	if (!more)
		return err_set(e, CLI_BAD, "no memory");
	p->channels = more;
	more[p->n_channels++] = name;
	return 0;
}

bool pick_option(struct pick *p, int *item, const char *value, struct err *e)
{
	int rc = 0;

	switch (*item) {
	case PICK_FROM:
		rc = cli_duration(value, &p->from_ns);
		break;
	case PICK_TO:
		rc = cli_duration(value, &p->to_ns);
		p->to_given = true;
		break;
	case PICK_LIMIT:
		rc = unit_uint(value, &p->limit) || p->limit == 0;
		break;
	case PICK_ID:
		if (add_ids(&p->ids, &p->n_ids, value, e) < 0)
			*item = CLI_BAD;
		return true;
	case PICK_NOT_ID:
		if (add_ids(&p->not_ids, &p->n_not_ids, value, e) < 0)
			*item = CLI_BAD;
		return true;
	case PICK_CHANNEL:
		if (add_channel(p, value, e) < 0)
			*item = CLI_BAD;
		return true;
	default:
		return false;
	}
	if (rc)
		*item = err_set(e, CLI_BAD, "'%s' is not such a number", value);
	return true;
}

int pick_args(struct pick *p, const struct cli_command *self, int argc, char **argv,
	int (*take)(void *ctx, int item, const char *value, struct err *e), void *ctx,
	struct err *e)
{
	struct cli c;
	int item;

	cli_start(&c, self, argc, argv);
	while ((item = cli_next(&c, e)) > 0 || item == CLI_WORD) {
		if (pick_option(p, &item, c.value, e)) {
			if (item == CLI_BAD)
				return item;
		} else if (take(ctx, item, c.value, e) < 0) {
			return CLI_BAD;
		}
	}
	return item;
}

void pick_fini(struct pick *p)
{
	free(p->ids);
	free(p->not_ids);
	free(p->channels);
	*p = (struct pick){ .from_ns = 0 };
}

static bool in_ranges(const struct id_range *r, size_t n, uint32_t id)
{
	for (size_t i = 0; i < n; i++) {
		if (id >= r[i].first && id <= r[i].last)
			return true;
	}
	return false;
}

static bool has_channel(const struct pick *p, const char *name)
{
	for (size_t i = 0; i < p->n_channels; i++) {
		if (strcmp(p->channels[i], name) == 0)
			return true;
	}
	return p->n_channels == 0;
}

enum picked pick_frame(struct pick *p, const struct trace_in *in)
{
	uint64_t t = in->f.t_ns > in->first_ns ? in->f.t_ns - in->first_ns : 0;
	uint32_t id = in->f.f.can_id & (CAN_EFF_FLAG | CAN_EFF_MASK);
	bool error = in->f.f.can_id & CAN_ERR_FLAG;

	if (p->limit && p->taken == p->limit)
		return PICK_DONE;
	/* Stamps may go back a little: what comes behind the end may still be followed by more. */
	if (t < p->from_ns || (p->to_given && t >= p->to_ns))
		return PICK_NO;
	if (p->n_ids && (error || !in_ranges(p->ids, p->n_ids, id)))
		return PICK_NO;
	if (!error && in_ranges(p->not_ids, p->n_not_ids, id))
		return PICK_NO;
	if (!has_channel(p, trace_in_channel(in)))
		return PICK_NO;
	p->taken++;
	return PICK_YES;
}

/* ---- showing ---- */

void trace_put_frame(FILE *to, const char *channel, const struct canfd_frame *f)
{
	char line[RECORD_LINE_BYTES];
	uint32_t n = record_format(line, 0, channel, f);
	const char *s = memchr(line, ' ', n);

	(void)fwrite(s + 1, 1, n - (size_t)(s + 1 - line) - 1, to);
}

void trace_time_text(char out[40], uint64_t ns)
{
	if (ns % 1000)
		(void)snprintf(out, 40, "%" PRIu64 ".%09" PRIu64, ns / NS_PER_S, ns % NS_PER_S);
	else
		(void)snprintf(
			out, 40, "%" PRIu64 ".%06" PRIu64, ns / NS_PER_S, ns % NS_PER_S / 1000);
}

void trace_date_text(char out[48], uint64_t ns)
{
	struct when d = when_of(ns);

	(void)snprintf(out, 48, "%04u-%02u-%02u %02u:%02u:%02u.%06u", d.year, d.month, d.day,
		d.hour, d.minute, d.second, d.ns / 1000);
}
