/* SPDX-License-Identifier: Apache-2.0 */
/* `dyno trace` and its `info`: what a recording is and holds. */
#include "sim/tools/cmd_trace.h"

#include <inttypes.h>
#include <jansson.h>

#include "base/clock.h"
#include "sim/bench/json_text.h"
#include "sim/tools/tools.h"

enum { O_JSON = 1 };

static const struct cli_option info_options[] = {
	{ "json", O_JSON, 'j', NULL, "one JSON object for each file, on a line of its own" },
};

struct counts {
	uint64_t frames, ext, fd, brs, remote, error, tx, rx;
};

struct summary {
	struct counts all, chan[TRACE_MAX_CHANNELS];
	uint64_t first_ns, last_ns; /* the lowest and the highest stamp */
	uint64_t back; /* frames with a stamp below the one before */
};

static void count(struct counts *c, const struct trace_frame *f)
{
	c->frames++;
	c->error += (f->f.can_id & CAN_ERR_FLAG) != 0;
	c->ext += (f->f.can_id & CAN_EFF_FLAG) != 0;
	c->remote += (f->f.can_id & CAN_RTR_FLAG) != 0;
	c->fd += (f->f.flags & CANFD_FDF) != 0;
	c->brs += f->f.flags & CANFD_FDF && f->f.flags & CANFD_BRS;
	c->tx += (f->flags & TRACE_DIR_TX) != 0;
	c->rx += (f->flags & TRACE_DIR_RX) != 0;
}

static int summarise(struct trace_in *in, struct summary *s, struct err *e)
{
	uint64_t last = 0;
	int rc = in->have;

	*s = (struct summary){ .first_ns = in->f.t_ns };
	while (rc > 0) {
		uint64_t t = in->f.t_ns;

		count(&s->all, &in->f);
		count(&s->chan[in->f.channel], &in->f);
		s->first_ns = MIN(s->first_ns, t);
		s->last_ns = MAX(s->last_ns, t);
		s->back += t < last;
		last = t;
		rc = trace_in_next(in, e);
	}
	return rc;
}

static void print_info(
	const struct trace_in *in, const struct summary *s, const struct trace_stats *st)
{
	const struct counts *c = &s->all;
	char t[48];

	printf("%s: %s\n", in->path, trace_dialect(in->t));
	printf("  frames    %" PRIu64 ": %" PRIu64 " standard, %" PRIu64 " extended, %" PRIu64
	       " error\n",
		c->frames, c->frames - c->ext - c->error, c->ext, c->error);
	printf("            %" PRIu64 " CAN FD (%" PRIu64 " with bit-rate switch), %" PRIu64
	       " remote, %" PRIu64 " received, %" PRIu64 " sent\n",
		c->fd, c->brs, c->remote, c->rx, c->tx);
	if (in->epoch_known && c->frames) {
		trace_date_text(t, trace_in_time(in, s->first_ns));
		printf("  begin     %s\n", t);
	} else if (c->frames) {
		trace_time_text(t, s->first_ns);
		printf("  begin     %s s, the date is not known\n", t);
	}
	trace_time_text(t, c->frames ? s->last_ns - s->first_ns : 0);
	printf("  duration  %s s\n", t);
	for (uint32_t i = 0; i < trace_num_channels(in->t); i++)
		printf("  channel   %s: %" PRIu64 " frames\n", trace_channel_name(in->t, i),
			s->chan[i].frames);
	if (s->back)
		printf("  order     %" PRIu64 " stamps lie before the one in front of them\n",
			s->back);
	printf("  file      %" PRIu64 " bytes, %" PRIu64 " %s, %" PRIu64
	       " without a frame, %" PRIu64 " not readable%s\n",
		st->bytes, st->lines, trace_is_binary(trace_format(in->t)) ? "records" : "lines",
		st->skipped, st->malformed, st->truncated ? ", ends too early" : "");
}

static json_t *json_counts(const struct counts *c)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "frames",
		(json_int_t)c->frames, "extended", (json_int_t)c->ext, "fd", (json_int_t)c->fd,
		"brs", (json_int_t)c->brs, "remote", (json_int_t)c->remote, "error",
		(json_int_t)c->error, "rx", (json_int_t)c->rx, "tx", (json_int_t)c->tx);
}

static void print_json(
	const struct trace_in *in, const struct summary *s, const struct trace_stats *st)
{
	json_t *j = json_counts(&s->all), *channels = json_object();

	for (uint32_t i = 0; channels && i < trace_num_channels(in->t); i++)
		json_object_set_new(
			channels, trace_channel_name(in->t, i), json_counts(&s->chan[i]));
	if (j) {
		json_object_set_new(j, "file", json_text(in->path));
		json_object_set_new(
			j, "format", json_string(trace_format_name(trace_format(in->t))));
		json_object_set_new(j, "dialect", json_string(trace_dialect(in->t)));
		json_object_set_new(j, "begin_ns",
			in->epoch_known ? json_integer((json_int_t)trace_in_time(in, s->first_ns))
					: json_null());
		json_object_set_new(
			j, "duration_ns", json_integer((json_int_t)(s->last_ns - s->first_ns)));
		json_object_set_new(j, "back", json_integer((json_int_t)s->back));
		json_object_set_new(j, "bytes", json_integer((json_int_t)st->bytes));
		json_object_set_new(j, "skipped", json_integer((json_int_t)st->skipped));
		json_object_set_new(j, "malformed", json_integer((json_int_t)st->malformed));
		json_object_set_new(j, "truncated", json_boolean(st->truncated));
		json_object_set_new(j, "channels", channels);
		(void)json_dumpf(j, stdout, JSON_COMPACT);
		fputc('\n', stdout);
	}
	json_decref(j);
}

static int info_file(const struct cli_command *self, const char *path, bool json)
{
	struct err e = { .text = "" };
	struct trace_stats st;
	struct summary s;
	struct trace_in in;
	int rc;

	if (trace_in_open(&in, self, path, &e) < 0) {
		fprintf(stderr, "dyno %s: %s\n", self->name, e.text);
		return EXIT_BAD_INPUT;
	}
	rc = summarise(&in, &s, &e);
	if (rc < 0)
		fprintf(stderr, "dyno %s: %s\n", self->name, e.text);
	trace_get_stats(in.t, &st);
	if (json)
		print_json(&in, &s, &st);
	else
		print_info(&in, &s, &st);
	trace_in_close(&in);
	return rc < 0 ? EXIT_HOST : st.malformed ? EXIT_CHECK_FAILED : EXIT_PASS;
}

static int info(const struct cli_command *self, int argc, char **argv)
{
	struct err e = { .text = "" };
	bool json = false, any = false;
	int item, status = EXIT_PASS;
	struct cli c;

	/* Twice: an option behind a file is for that file, too. */
	cli_start(&c, self, argc, argv);
	while ((item = cli_next(&c, &e)) > 0 || item == CLI_WORD) {
		json = json || item == O_JSON;
		any = any || item == CLI_WORD;
	}
	if (item == CLI_HELP) {
		cli_help(self, stdout);
		return EXIT_PASS;
	}
	if (item == CLI_END && !any)
		item = err_set(&e, CLI_BAD, "name one or more traces");
	if (item == CLI_BAD)
		return cli_complain(self, &e);
	cli_start(&c, self, argc, argv);
	while ((item = cli_next(&c, &e)) > 0 || item == CLI_WORD) {
		int one = item == CLI_WORD ? info_file(self, c.value, json) : EXIT_PASS;

		status = MAX(status, one);
	}
	return status;
}

static const struct cli_command cmd_trace_info = {
	.name = "trace info",
	.args = "FILE...",
	.summary = "Says what a recorded trace is and holds.",
	.text = "Exit status 0; 1 when parts of a file could not be read: where and why is on the\n"
		"standard error.\n\n"
		"examples:\n"
		"  dyno trace info drive.blf\n"
		"  dyno trace info --json *.asc\n",
	.options = info_options,
	.options_n = ARRAY_SIZE(info_options),
	.run = info,
};

static const struct cli_command *const trace_commands[] = { &cmd_trace_info, &cmd_trace_convert,
	&cmd_trace_cut, &cmd_trace_merge, &cmd_trace_diff, &cmd_trace_stats };

const struct cli_command cmd_trace = {
	.name = "trace",
	.args = "COMMAND ...",
	.summary = "Recorded CAN traffic: info, convert, cut, merge, diff, stats.",
	.text = "Formats are recognised by content: candump, Vector ASC and BLF, PEAK TRC, pcap and\n"
		"pcapng, CSV, CRTD, MDF4. 'dyno help trace COMMAND' says more; docs/traces.md all.\n",
	.subs = trace_commands,
	.subs_n = ARRAY_SIZE(trace_commands),
	.run = cli_dispatch,
};
