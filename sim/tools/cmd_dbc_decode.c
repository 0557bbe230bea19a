/* SPDX-License-Identifier: Apache-2.0 */
/* `dyno dbc decode`: the signals of a recorded trace. */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "sim/bench/json_text.h"
#include "sim/scenario/units.h"
#include "sim/tools/cmd_dbc.h"
#include "sim/trace/trace.h"

enum { O_SIGNAL = 1, O_CHANNEL, O_JSON, O_PGN, O_FROM, O_TO, O_LIMIT, O_CHANGES };

static const struct cli_option options[] = {
	{ "signal", O_SIGNAL, 's', "NAME",
		"only this one, SIGNAL or MESSAGE.SIGNAL; can be repeated" },
	{ "channel", O_CHANNEL, 'c', "NAME", "only frames of this channel of the trace" },
	{ "changes", O_CHANGES, 'x', NULL, "only values that differ from the one before" },
	{ "pgn", O_PGN, 'p', NULL, "29-bit identifiers are matched by J1939 parameter group" },
	{ "from", O_FROM, 'f', "TIME", "skip what comes before, counted from the first frame" },
	{ "to", O_TO, 't', "TIME", "stop there, counted from the first frame" },
	{ "limit", O_LIMIT, 'n', "COUNT", "at most this many frames are decoded" },
	{ "json", O_JSON, 'j', NULL, "one JSON object per frame, each on a line" },
};

struct job {
	const struct cli_command *self;
	const char *file, *trace_path, *channel;
	const char **names;
	size_t n_names;
	bool json, pgn, changes;
	uint64_t from_ns, to_ns, limit;
	struct dbc *db;
	bool *wanted; /* by signal, message after message; NULL: all */
	uint32_t *first; /* a message's first place in `wanted` and `last` */
	struct dbc_sample *out, *last;
	uint64_t frames, decoded, unknown, values;
};

static int read_args(struct job *j, int argc, char **argv, struct err *e)
{
	struct cli c;
	int item;

	cli_start(&c, j->self, argc, argv);
	while ((item = cli_next(&c, e)) > 0 || item == CLI_WORD) {
		int rc = 0;

		if (item == O_SIGNAL)
			j->names[j->n_names++] = c.value;
		else if (item == O_CHANNEL)
			j->channel = c.value;
		else if (item == O_JSON)
			j->json = true;
		else if (item == O_PGN)
			j->pgn = true;
		else if (item == O_CHANGES)
			j->changes = true;
		else if (item == O_FROM)
			rc = cli_duration(c.value, &j->from_ns);
		else if (item == O_TO)
			rc = cli_duration(c.value, &j->to_ns);
		else if (item == O_LIMIT)
			rc = unit_uint(c.value, &j->limit);
		else if (!j->file)
			j->file = c.value;
		else if (!j->trace_path)
			j->trace_path = c.value;
		else
			return err_set(e, CLI_BAD, "one database and one trace, not '%s'", c.value);
		if (rc)
			return err_set(e, CLI_BAD, "'%s' is not such a number", c.value);
	}
	if (item == CLI_END && !j->trace_path)
		return err_set(e, CLI_BAD, "name a DBC file and a trace");
	return item;
}

static int prepare(struct job *j, struct err *e)
{
	uint32_t n = 0, most = 0;

	j->first = calloc(j->db->n_messages + 1u, sizeof(*j->first));
	j->wanted = j->n_names ? calloc(j->db->n_signals + 1u, sizeof(*j->wanted)) : NULL;
	j->last = j->changes ? calloc(j->db->n_signals + 1u, sizeof(*j->last)) : NULL;
	for (uint32_t i = 0; j->first && i < j->db->n_messages; i++) {
		j->first[i] = n;
		n += j->db->messages[i].n_signals;
		most = MAX(most, j->db->messages[i].n_signals);
	}
	j->out = calloc(most + 1u, sizeof(*j->out));
	if (!j->first || !j->out || (j->n_names && !j->wanted) || (j->changes && !j->last))
		return err_set(e, EXIT_HOST, "no memory");
	for (size_t i = 0; i < j->n_names; i++) {
		const struct dbc_signal *s = dbc_signal_named(j->db, j->names[i], e);

		if (!s)
			return EXIT_BAD_INPUT;
		j->wanted[j->first[s->message - j->db->messages] + dbc_signal_index(s)] = true;
	}
	return EXIT_PASS;
}

/* Whether to show signal i of the message whose signals begin at `first`. */
static bool is_shown(struct job *j, uint32_t first, uint32_t i)
{
	const struct dbc_sample *o = &j->out[i];

	if (!o->present || (j->wanted && !j->wanted[first + i]))
		return false;
	if (j->changes) {
		struct dbc_sample *l = &j->last[first + i];

		if (l->present && l->raw == o->raw)
			return false;
		*l = *o;
	}
	return true;
}

static void print_row(const char *when, const char *channel, const struct dbc_signal *s,
	const struct dbc_sample *o)
{
	const char *label = dbc_value_name(s, o->raw);
	char value[32];

	cmd_number(value, o->value);
	printf("%s  %s  ", when, channel);
	cmd_put_clean(stdout, s->message->name);
	fputc('.', stdout);
	cmd_put_clean(stdout, s->name);
	printf(" = %s", value);
	if (*s->unit) {
		fputc(' ', stdout);
		cmd_put_clean(stdout, s->unit);
	}
	if (label) {
		fputs("  \"", stdout);
		cmd_put_clean(stdout, label);
		fputc('"', stdout);
	}
	fputc('\n', stdout);
}

static json_t *json_value(const struct dbc_signal *s, const struct dbc_sample *o)
{
	const char *label = dbc_value_name(s, o->raw);
	json_t *v = json_pack("{s:f, s:I, s:o}", "value", o->value, "raw", (json_int_t)o->raw,
		"unit", json_text(s->unit));

	if (v && label)
		json_object_set_new(v, "name", json_text(label));
	return v;
}

static void show(struct job *j, const struct trace *t, const struct trace_frame *f,
	const struct dbc_message *m)
{
	uint32_t first = j->first[m - j->db->messages];
	const char *channel = trace_channel_name(t, f->channel);
	json_t *all = NULL;
	char when[32];
	bool any = false;

	(void)snprintf(when, sizeof(when), "%" PRIu64 ".%06" PRIu64, f->t_ns / NS_PER_S,
		f->t_ns % NS_PER_S / NS_PER_US);
	for (uint32_t i = 0; i < m->n_signals; i++) {
		const struct dbc_signal *s = &m->signals[i];

		if (!is_shown(j, first, i))
			continue;
		j->values++;
		any = true;
		if (!j->json) {
			print_row(when, channel, s, &j->out[i]);
			continue;
		}
		if (!all)
			all = json_object();
		json_object_set_new(all, s->name, json_value(s, &j->out[i]));
	}
	if (j->json && any) {
		json_t *line = json_pack("{s:o, s:o, s:i, s:b, s:o, s:o}", "time",
			json_real((double)f->t_ns * 1e-9), "channel", json_text(channel), "id",
			(int)(f->f.can_id & CAN_EFF_MASK), "extended",
			(f->f.can_id & CAN_EFF_FLAG) != 0, "message", json_text(m->name), "signals",
			all);

		if (line)
			(void)json_dumpf(line, stdout, JSON_COMPACT | JSON_REAL_PRECISION(17));
		json_decref(line);
		fputc('\n', stdout);
	}
}

static int walk(struct job *j, struct trace *t)
{
	uint64_t t0 = 0;
	struct trace_frame f;
	int rc = 0;

	while ((!j->limit || j->decoded < j->limit) && (rc = trace_next(t, &f)) > 0) {
		const struct dbc_message *m;

		if (j->frames++ == 0)
			t0 = f.t_ns;
		if (f.t_ns < t0 + j->from_ns)
			continue;
		if (j->to_ns && f.t_ns >= t0 + j->to_ns)
			break;
		if (f.f.can_id & (CAN_ERR_FLAG | CAN_RTR_FLAG))
			continue;
		if (j->channel && strcmp(trace_channel_name(t, f.channel), j->channel) != 0)
			continue;
		m = dbc_match(j->db, f.f.can_id);
		if (!m && j->pgn)
			m = dbc_find_pgn(j->db, f.f.can_id);
		if (!m) {
			j->unknown++;
			continue;
		}
		j->decoded++;
		(void)dbc_decode(m, f.f.data, f.f.len, j->out);
		show(j, t, &f, m);
	}
	return MIN(rc, 0);
}

static int decode_trace(struct job *j)
{
	struct err e = { .text = "" };
	struct trace_stats st;
	struct trace *t;
	int status = prepare(j, &e), rc;

	if (status == EXIT_PASS && trace_open(&t, j->trace_path, NULL, &e) < 0)
		status = EXIT_BAD_INPUT;
	if (status != EXIT_PASS) {
		fprintf(stderr, "dyno %s: %s\n", j->self->name, e.text);
		return status;
	}
	rc = walk(j, t);
	trace_get_stats(t, &st);
	if (rc < 0) {
		fprintf(stderr, "dyno %s: %s: %s\n", j->self->name, j->trace_path, err_name(rc));
		status = EXIT_HOST;
	}
	fprintf(stderr,
		"frames: %" PRIu64 ", decoded: %" PRIu64 ", not in the database: %" PRIu64
		", values: %" PRIu64 "\n",
		j->frames, j->decoded, j->unknown, j->values);
	if (st.malformed)
		fprintf(stderr, "%" PRIu64 " lines of the trace could not be read\n", st.malformed);
	trace_free(t);
	return status;
}

static int decode(const struct cli_command *self, int argc, char **argv)
{
	struct job j = { .self = self, .names = calloc((size_t)argc + 1, sizeof(*j.names)) };
	struct err e = { .text = "" };
	struct diags d;
	int item, status;

	if (!j.names)
		return EXIT_HOST;
	item = read_args(&j, argc, argv, &e);
	if (item != CLI_END) {
		free(j.names);
		if (item == CLI_BAD)
			return cli_complain(self, &e);
		cli_help(self, stdout);
		return EXIT_PASS;
	}
	status = cmd_dbc_open(self, j.file, &d, &j.db);
	if (status == EXIT_PASS) {
		status = decode_trace(&j);
		dbc_free(j.db);
		diag_fini(&d);
	}
	free(j.names);
	free(j.wanted);
	free(j.first);
	free(j.out);
	free(j.last);
	return status;
}

const struct cli_command cmd_dbc_decode = {
	.name = "dbc decode",
	.args = "FILE TRACE",
	.summary = "Prints the signals of a recorded trace, with time and unit.",
	.text = "The trace may have any format that docs/traces.md names. The summary goes to the\n"
		"standard error.\n\n"
		"examples:\n"
		"  dyno dbc decode car.dbc drive.log\n"
		"  dyno dbc decode --signal SPEED --changes car.dbc drive.asc\n"
		"  dyno dbc decode --json --from 10s --to 20s car.dbc drive.log\n",
	.options = options,
	.options_n = ARRAY_SIZE(options),
	.run = decode,
};
