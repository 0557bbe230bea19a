/* SPDX-License-Identifier: Apache-2.0 */
/* `dyno trace stats`: identifiers with their rates and lengths, channels with their load. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "sim/bench/json_text.h"
#include "sim/canbus/bits.h"
#include "sim/scenario/units.h"
#include "sim/tools/cmd_trace.h"

enum { O_JSON = 1, O_BITRATE, O_DATA_BITRATE };

static const struct cli_option options[] = {
	{ "bitrate", O_BITRATE, 'b', "RATE", "of the bus, like 500k: how full it was" },
	{ "data-bitrate", O_DATA_BITRATE, 'B', "RATE", "of the data of FD frames, like 2M" },
	{ "json", O_JSON, 'j', NULL, "one JSON object" },
	PICK_OPTIONS,
};

/* Identifiers beyond this number are counted together. */
#define IDS_MAX 1000000u

struct id_stats {
	uint32_t chan, id; /* with CAN_EFF_FLAG, CAN_ERR_FLAG */
	bool used;
	uint64_t n, first_ns, last_ns;
	uint64_t gaps, min_ns, max_ns;
	double mean_ns, m2; /* of the distances, as they come */
	uint8_t len_min, len_max, last[CANFD_MAX_DLEN];
	uint64_t changes; /* frames with other data than the one before */
	uint64_t moved; /* a bit for each byte that ever changed */
};

struct chan_stats {
	uint64_t frames, busy_ns, window_busy_ns, window, peak_ns;
};

struct job {
	const struct cli_command *self;
	const char *file;
	bool json;
	uint32_t bitrate, data_bitrate;
	struct pick pick;
	struct id_stats *table; /* open addressing, a power of two */
	uint32_t size, used;
	uint64_t others, frames, first_ns, last_ns;
	struct chan_stats chan[TRACE_MAX_CHANNELS];
};

/* ---- the table of identifiers ---- */

static struct id_stats *slot(struct id_stats *table, uint32_t size, uint32_t chan, uint32_t id)
{
	uint32_t h = (id ^ chan << 24 ^ chan) * 2654435761u;

	h ^= h >> 15;
	for (;; h++) {
		struct id_stats *s = &table[h & (size - 1)];

		if (!s->used || (s->chan == chan && s->id == id))
			return s;
	}
}

static int grow(struct job *j)
{
	uint32_t size = j->size ? j->size * 2 : 1024;
	struct id_stats *table = calloc(size, sizeof(*table));

	if (!table)
		return -ENOMEM;
	for (uint32_t i = 0; i < j->size; i++) {
		if (j->table[i].used)
			*slot(table, size, j->table[i].chan, j->table[i].id) = j->table[i];
	}
	free(j->table);
	j->table = table;
	j->size = size;
	return 0;
}

/* NULL: there are too many, or no memory. */
static struct id_stats *stats_of(struct job *j, uint32_t chan, uint32_t id)
{
	struct id_stats *s;

	if (j->used * 2 >= j->size && grow(j) < 0)
		return NULL;
	s = slot(j->table, j->size, chan, id);
	if (s->used)
		return s;
	if (j->used == IDS_MAX)
		return NULL;
	*s = (struct id_stats){ .chan = chan, .id = id, .used = true, .len_min = UINT8_MAX };
	j->used++;
	return s;
}

/* ---- frames ---- */

static void count_gap(struct id_stats *s, uint64_t t_ns)
{
	uint64_t gap = t_ns > s->last_ns ? t_ns - s->last_ns : 0;
	double delta = (double)gap - s->mean_ns;

	s->gaps++;
	s->min_ns = s->gaps == 1 ? gap : MIN(s->min_ns, gap);
	s->max_ns = MAX(s->max_ns, gap);
	s->mean_ns += delta / (double)s->gaps;
	s->m2 += delta * ((double)gap - s->mean_ns);
}

static void count_data(struct id_stats *s, const struct canfd_frame *f)
{
	uint64_t moved = 0;

	for (uint32_t i = 0; i < f->len && i < s->len_max; i++)
		moved |= (uint64_t)(f->data[i] != s->last[i]) << i;
	if (s->n && (moved || f->len != s->len_max))
		s->changes++;
	s->moved |= moved;
	memcpy(s->last, f->data, sizeof(s->last));
	s->len_min = MIN(s->len_min, f->len);
	s->len_max = MAX(s->len_max, f->len);
}

static void count_load(struct job *j, struct chan_stats *c, const struct trace_frame *f)
{
	uint64_t ns, second = f->t_ns / NS_PER_S;

	struct can_bits bits = { .nominal = CAN_BITS_ERROR };

	if (!j->bitrate)
		return;
	if (!(f->f.can_id & CAN_ERR_FLAG))
		bits = can_bits_of(&f->f);
	bits.nominal += CAN_BITS_IFS;
	ns = can_bits_ns(bits, j->bitrate,
		f->f.flags & CANFD_BRS && j->data_bitrate ? j->data_bitrate : j->bitrate);
	c->busy_ns += ns;
	if (second != c->window)
		c->window_busy_ns = 0;
	c->window = second;
	c->window_busy_ns += ns;
	c->peak_ns = MAX(c->peak_ns, c->window_busy_ns);
}

static void count(struct job *j, const struct trace_frame *f)
{
	uint32_t id = f->f.can_id & CAN_ERR_FLAG ? CAN_ERR_FLAG : f->f.can_id & ~CAN_RTR_FLAG;
	struct id_stats *s = stats_of(j, f->channel, id);

	j->first_ns = j->frames++ ? MIN(j->first_ns, f->t_ns) : f->t_ns;
	j->last_ns = MAX(j->last_ns, f->t_ns);
	j->chan[f->channel].frames++;
	count_load(j, &j->chan[f->channel], f);
	if (!s) {
		j->others++;
		return;
	}
	if (s->n)
		count_gap(s, f->t_ns);
	else
		s->first_ns = f->t_ns;
	count_data(s, &f->f);
	s->n++;
	s->last_ns = f->t_ns;
}

/* ---- what is said ---- */

static int by_id(const void *a, const void *b)
{
	const struct id_stats *x = a, *y = b;

	if (x->used != y->used)
		return x->used ? -1 : 1;
	if (x->chan != y->chan)
		return x->chan < y->chan ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

static void id_text(char out[16], uint32_t id)
{
	if (id & CAN_ERR_FLAG)
		(void)snprintf(out, 16, "error");
	else if (id & CAN_EFF_FLAG)
		(void)snprintf(out, 16, "%08X", id & CAN_EFF_MASK);
	else
		(void)snprintf(out, 16, "%03X", id);
}

static double deviation(const struct id_stats *s)
{
	return s->gaps > 1 ? sqrt(s->m2 / (double)(s->gaps - 1)) : 0;
}

static double load_of(const struct job *j, const struct chan_stats *c)
{
	uint64_t span = j->last_ns - j->first_ns;

	return span ? 100.0 * (double)c->busy_ns / (double)span : 0;
}

static void print_text(const struct job *j, const struct trace_in *in)
{
	char t[40], id[16];

	trace_time_text(t, j->last_ns - j->first_ns);
	printf("%s: %" PRIu64 " frames in %s s\n", in->path, j->frames, t);
	for (uint32_t i = 0; i < trace_num_channels(in->t); i++) {
		const struct chan_stats *c = &j->chan[i];

		if (!c->frames)
			continue;
		printf("channel %s: %" PRIu64 " frames", trace_channel_name(in->t, i), c->frames);
		if (j->bitrate)
			printf(", %.1f %% busy, %.1f %% in its busiest second", load_of(j, c),
				(double)c->peak_ns / 1e7);
		fputc('\n', stdout);
	}
	printf("%-8s %8s %9s %6s %10s %10s %10s %10s %8s %s\n", "channel", "id", "frames", "bytes",
		"mean ms", "min ms", "max ms", "jitter ms", "changes", "moving bytes");
	for (uint32_t i = 0; j->table && i < j->used; i++) {
		const struct id_stats *s = &j->table[i];
		char bytes[16];

		id_text(id, s->id);
		if (s->len_min == s->len_max)
			(void)snprintf(bytes, sizeof(bytes), "%u", s->len_max);
		else
			(void)snprintf(bytes, sizeof(bytes), "%u-%u", s->len_min, s->len_max);
		printf("%-8s %8s %9" PRIu64 " %6s %10.3f %10.3f %10.3f %10.3f %8" PRIu64 " ",
			trace_channel_name(in->t, s->chan), id, s->n, bytes, s->mean_ns * 1e-6,
			(double)s->min_ns * 1e-6, (double)s->max_ns * 1e-6, deviation(s) * 1e-6,
			s->changes);
		for (uint32_t k = 0; k < s->len_max; k++)
			fputc(s->moved >> k & 1 ? '*' : '.', stdout);
		fputc('\n', stdout);
	}
	if (j->others)
		printf("%" PRIu64 " frames of further identifiers\n", j->others);
}

static json_t *json_id(const struct id_stats *s, const struct trace_in *in)
{
	return json_pack("{s:o, s:I, s:b, s:b, s:I, s:i, s:i, s:f, s:f, s:f, s:f, s:I}", "channel",
		json_text(trace_channel_name(in->t, s->chan)), "id",
		(json_int_t)(s->id & CAN_EFF_MASK), "extended", (s->id & CAN_EFF_FLAG) != 0,
		"error", (s->id & CAN_ERR_FLAG) != 0, "frames", (json_int_t)s->n, "bytes_min",
		(int)s->len_min, "bytes_max", (int)s->len_max, "mean_ms", s->mean_ns * 1e-6,
		"min_ms", (double)s->min_ns * 1e-6, "max_ms", (double)s->max_ns * 1e-6, "jitter_ms",
		deviation(s) * 1e-6, "changes", (json_int_t)s->changes);
}

static void print_json(const struct job *j, const struct trace_in *in)
{
	json_t *ids = json_array(), *channels = json_object(), *all;

	for (uint32_t i = 0; ids && j->table && i < j->used; i++)
		json_array_append_new(ids, json_id(&j->table[i], in));
	for (uint32_t i = 0; channels && i < trace_num_channels(in->t); i++) {
		const struct chan_stats *c = &j->chan[i];
		json_t *one = json_pack("{s:I}", "frames", (json_int_t)c->frames);

		if (one && j->bitrate) {
			json_object_set_new(one, "load_percent", json_real(load_of(j, c)));
			json_object_set_new(
				one, "peak_percent", json_real((double)c->peak_ns / 1e7));
		}
		json_object_set_new(channels, trace_channel_name(in->t, i), one);
	}
	all = json_pack("{s:o, s:I, s:I, s:I, s:o, s:o}", "file", json_text(in->path), "frames",
		(json_int_t)j->frames, "duration_ns", (json_int_t)(j->last_ns - j->first_ns),
		"other_frames", (json_int_t)j->others, "channels", channels, "ids", ids);
	if (all)
		(void)json_dumpf(all, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
	json_decref(all);
	fputc('\n', stdout);
}

/* ---- the command line ---- */

static int rate_of(const char *word, uint32_t *out)
{
	uint64_t hz;

	if (unit_bitrate(word, &hz) || hz < 1000 || hz > 20000000)
		return -EINVAL;
	*out = (uint32_t)hz;
	return 0;
}

static int read_args(struct job *j, int argc, char **argv, struct err *e)
{
	struct cli c;
	int item;

	cli_start(&c, j->self, argc, argv);
	while ((item = cli_next(&c, e)) > 0 || item == CLI_WORD) {
		int rc = 0;

		if (pick_option(&j->pick, &item, c.value, e)) {
			if (item == CLI_BAD)
				return item;
		} else if (item == O_JSON) {
			j->json = true;
		} else if (item == O_BITRATE) {
			rc = rate_of(c.value, &j->bitrate);
		} else if (item == O_DATA_BITRATE) {
			rc = rate_of(c.value, &j->data_bitrate);
		} else if (!j->file) {
			j->file = c.value;
		} else {
			return err_set(e, CLI_BAD, "one trace at a time");
		}
		if (rc)
			return err_set(e, CLI_BAD, "'%s' is no bit rate like 500k or 2M", c.value);
	}
	if (item == CLI_END && !j->file)
		return err_set(e, CLI_BAD, "name a trace");
	return item;
}

static int work(struct job *j)
{
	struct err e = { .text = "" };
	struct trace_in in;
	int rc;

	if (trace_in_open(&in, j->self, j->file, &e) < 0) {
		fprintf(stderr, "dyno %s: %s\n", j->self->name, e.text);
		return EXIT_BAD_INPUT;
	}
	rc = in.have;
	while (rc > 0) {
		enum picked p = pick_frame(&j->pick, &in);

		if (p == PICK_DONE)
			break;
		if (p == PICK_YES)
			count(j, &in.f);
		rc = trace_in_next(&in, &e);
	}
	if (rc < 0)
		fprintf(stderr, "dyno %s: %s\n", j->self->name, e.text);
	if (j->table)
		qsort(j->table, j->size, sizeof(*j->table), by_id);
	if (j->json)
		print_json(j, &in);
	else
		print_text(j, &in);
	(void)trace_in_damage(j->self, &in);
	trace_in_close(&in);
	return rc < 0 ? EXIT_HOST : EXIT_PASS;
}

static int stats(const struct cli_command *self, int argc, char **argv)
{
	struct job *j = calloc(1, sizeof(*j));
	struct err e = { .text = "" };
	int item, status = EXIT_PASS;

	if (!j)
		return EXIT_HOST;
	j->self = self;
	item = read_args(j, argc, argv, &e);
	if (item == CLI_BAD)
		status = cli_complain(self, &e);
	else if (item == CLI_HELP)
		cli_help(self, stdout);
	else
		status = work(j);
	pick_fini(&j->pick);
	free(j->table);
	free(j);
	return status;
}

const struct cli_command cmd_trace_stats = {
	.name = "trace stats",
	.args = "FILE",
	.summary = "Counts a trace: rates by identifier, load of the buses.",
	.text = "Of each identifier: how often, the distances between its frames, how many frames\n"
		"differ from the one before, and which bytes ever move (a * each).\n\n"
		"examples:\n"
		"  dyno trace stats --bitrate 500k drive.log\n"
		"  dyno trace stats --json --id 0x100-0x1ff drive.blf\n",
	.options = options,
	.options_n = ARRAY_SIZE(options),
	.run = stats,
};
