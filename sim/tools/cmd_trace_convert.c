/* SPDX-License-Identifier: Apache-2.0 */
/* `dyno trace convert`, `cut` and `merge`: traces in, one trace out. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "sim/tools/cmd_trace.h"
#include "sim/trace/writer.h"

enum { O_FORMAT = 1, O_TRC, O_MAP, O_STRICT, O_OUTPUT, O_ALIGN, O_APART, O_LEVEL };

#define OUT_OPTIONS                                                                                   \
	{                                                                                             \
		"format", O_FORMAT, 'F', "NAME",                                                      \
		"what to write: candump, asc, blf, trc, pcapng, pcap, csv; else by the name's ending" \
	},                                                                                            \
		{ "trc-version", O_TRC, 0, "VERSION",                                                 \
			"of a TRC file: 1.1, 1.2, 1.3, 2.0, 2.1 (usual)" },                           \
		{ "level", O_LEVEL, 0, "1-9", "how hard a BLF file is compressed" },                  \
		{ "map", O_MAP, 'm', "OLD=NEW", "give a channel another name; can be repeated" },     \
	{                                                                                             \
		"strict", O_STRICT, 's', NULL,                                                        \
			"exit status 1 when the target cannot hold everything"                        \
	}

struct rename {
	const char *from; /* `from_len` characters of it */
	size_t from_len;
	const char *to;
};

struct job {
	const struct cli_command *self;
	bool is_merge;
	const char *output, *format, *trc;
	const char **words; /* files */
	size_t n_words;
	struct rename *maps;
	size_t n_maps;
	uint32_t level;
	bool strict, align, apart;
	struct pick pick;

	struct trace_in *in;
	size_t n_in;
	struct trace_writer_config cfg;
	struct trace_writer *w;
	/* --apart: names given to channels, by input and channel. */
	uint32_t *names;
	uint32_t n_names;
};

/* ---- the command line ---- */

static int add_map(struct job *j, const char *word, struct err *e)
{
	const char *eq = strchr(word, '=');

	if (!eq || eq == word || !eq[1] || strlen(eq + 1) >= TRACE_CHANNEL_BYTES)
		return err_set(e, CLI_BAD, "'%s' is no OLD=NEW of two channels", word);
	j->maps[j->n_maps++] = (struct rename){ word, (size_t)(eq - word), eq + 1 };
	return 0;
}

static int take_option(void *ctx, int item, const char *value, struct err *e)
{
	struct job *j = ctx;
	switch (item) {
	case O_FORMAT:
		j->format = value;
		return 0;
	case O_TRC:
		j->trc = value;
		return 0;
	case O_MAP:
		return add_map(j, value, e);
	case O_STRICT:
		j->strict = true;
		return 0;
	case O_OUTPUT:
		j->output = value;
		return 0;
	case O_ALIGN:
		j->align = true;
		return 0;
	case O_APART:
		j->apart = true;
		return 0;
	case O_LEVEL:
		if (value[0] < '1' || value[0] > '9' || value[1])
			return err_set(e, CLI_BAD, "--level is a digit from 1 to 9");
		j->level = (uint32_t)(value[0] - '0');
		return 0;
	default:
		j->words[j->n_words++] = value;
		return 0;
	}
}

static int read_args(struct job *j, int argc, char **argv, struct err *e)
{
	int item = pick_args(&j->pick, j->self, argc, argv, take_option, j, e);

	if (item != CLI_END)
		return item;
	if (j->is_merge) {
		if (!j->output || j->n_words == 0)
			return err_set(e, CLI_BAD, "name traces, and with -o the file to write");
		return item;
	}
	if (j->n_words != 2)
		return err_set(e, CLI_BAD, "name the trace and the file to write");
	j->output = j->words[--j->n_words];
	return item;
}

static int trc_version(const char *word, uint32_t *out)
{
	static const struct {
		const char *name;
		uint32_t version;
	} known[] = { { "1.1", 11 }, { "1.2", 12 }, { "1.3", 13 }, { "2.0", 20 }, { "2.1", 21 } };

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (strcmp(known[i].name, word) == 0) {
			*out = known[i].version;
			return 0;
		}
	}
	return -EINVAL;
}

/* What to write: as it was said, by the file's name, or as the first input is. */
static int choose_format(struct job *j, struct err *e)
{
	enum trace_format f;

	if (j->format) {
		f = trace_format_named(j->format);
		if (f == TRACE_AUTO)
			return err_set(e, -EINVAL, "there is no format '%s'", j->format);
	} else {
		f = trace_format_by_path(j->output);
		if (f == TRACE_AUTO && j->n_in)
			f = trace_format(j->in[0].t);
	}
	j->cfg.format = f;
	j->cfg.level = (int)j->level;
	if (j->trc && trc_version(j->trc, &j->cfg.trc_version) < 0)
		return err_set(e, -EINVAL,
			"TRC files have versions 1.1, 1.2, 1.3, 2.0, 2.1, not '%s'", j->trc);
	return 0;
}

/* ---- files ---- */

static bool is_same_file(const struct stat *a, const char *path)
{
	struct stat b;

	return strcmp(path, "-") != 0 && stat(path, &b) == 0 && a->st_dev == b.st_dev &&
	       a->st_ino == b.st_ino;
}

static int open_output(struct job *j, struct err *e)
{
	struct stat st;
	int fd;

	if (!j->output || strcmp(j->output, "-") == 0) {
		fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
		if (fd < 0)
			return err_errno(e, errno, "standard output");
		return trace_writer_new(&j->w, fd, "standard output", &j->cfg, e);
	}
	if (stat(j->output, &st) == 0) {
		for (size_t i = 0; i < j->n_words; i++) {
			if (is_same_file(&st, j->words[i]))
				return err_set(e, -EINVAL,
					"%s would be overwritten while it is read", j->words[i]);
		}
	}
	fd = open(j->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		return err_errno(e, errno, "%s: cannot create", j->output);
	return trace_writer_new(&j->w, fd, j->output, &j->cfg, e);
}

static int open_inputs(struct job *j, struct err *e)
{
	j->in = calloc(j->n_words + 1, sizeof(*j->in));
	j->names = calloc((j->n_words + 1) * TRACE_MAX_CHANNELS, sizeof(*j->names));
	if (!j->in || !j->names)
		return err_set(e, -ENOMEM, "no memory");
	for (size_t i = 0; i < j->n_words; i++) {
		int rc = trace_in_open(&j->in[i], j->self, j->words[i], e);

		if (rc < 0)
			return rc;
		j->n_in++;
	}
	for (size_t i = 1; i < j->n_in && !j->align; i++) {
		if (j->in[i].epoch_known != j->in[0].epoch_known && j->in[i].have && j->in[0].have)
			return err_set(e, -EINVAL,
				"%s tells when it was recorded, %s does not: --align lets both begin "
				"together",
				j->in[i].epoch_known ? j->in[i].path : j->in[0].path,
				j->in[i].epoch_known ? j->in[0].path : j->in[i].path);
	}
	return 0;
}

/* ---- frames ---- */

/* Where the frame at the head of an input lies on the output's time. */
static uint64_t head_time(const struct job *j, const struct trace_in *in)
{
	uint64_t t = in->f.t_ns;

	if (!j->is_merge || in == j->in)
		return j->is_merge ? trace_in_time(in, t) : t;
	if (!j->align)
		return trace_in_time(in, t);
	return trace_in_time(j->in, j->in[0].first_ns) + (t > in->first_ns ? t - in->first_ns : 0);
}

static struct trace_in *earliest(const struct job *j)
{
	struct trace_in *best = NULL;

	for (size_t i = 0; i < j->n_in; i++) {
		if (j->in[i].have && (!best || head_time(j, &j->in[i]) < head_time(j, best)))
			best = &j->in[i];
	}
	return best;
}

static const char *name_of(struct job *j, const struct trace_in *in, char text[16])
{
	const char *name = trace_in_channel(in);
	uint32_t *given = &j->names[(size_t)(in - j->in) * TRACE_MAX_CHANNELS + in->f.channel];

	for (size_t i = 0; i < j->n_maps; i++) {
		if (strlen(name) == j->maps[i].from_len &&
			memcmp(name, j->maps[i].from, j->maps[i].from_len) == 0)
			return j->maps[i].to;
	}
	if (!j->apart) {
		/* Channel 1 of one format is can0 of another. */
		if (j->is_merge && name[0] >= '1' && name[0] <= '9' &&
			strspn(name, "0123456789") == strlen(name) && strlen(name) < 9) {
			(void)snprintf(text, 16, "can%lu", strtoul(name, NULL, 10) - 1);
			return text;
		}
		return name;
	}
	if (!*given)
		*given = ++j->n_names;
	(void)snprintf(text, 16, "can%u", *given - 1);
	return text;
}

static int copy_frame(struct job *j, struct trace_in *in, struct err *e)
{
	struct trace_frame f = in->f;
	char text[16];
	const char *name = name_of(j, in, text);
	int rc;

	f.t_ns = head_time(j, in);
	rc = trace_write(j->w, &f, name);
	if (rc == -E2BIG)
		return err_set(e, rc, "%s: more than %u channels", j->output, TRACE_MAX_CHANNELS);
	return rc < 0 ? err_errno(e, -rc, "%s: writing failed", j->output) : 0;
}

static int copy(struct job *j, struct err *e)
{
	struct trace_in *in;
	int rc = 0;

	while (rc >= 0 && (in = earliest(j)) != NULL) {
		enum picked p = pick_frame(&j->pick, in);

		if (p == PICK_DONE)
			return 0;
		if (p == PICK_YES)
			rc = copy_frame(j, in, e);
		if (rc >= 0)
			rc = trace_in_next(in, e);
	}
	return MIN(rc, 0);
}

/* ---- what is said ---- */

/* True: something was lost. */
static bool say_losses(const struct job *j)
{
	struct trace_losses l;
	const char *target = trace_format_of(j->cfg.format)->title;

	trace_writer_losses(j->w, &l);
	for (unsigned int i = 0; i < TRACE_LOSSES; i++) {
		if (l.n[i])
			fprintf(stderr, "dyno %s: %s has no place for %s: %" PRIu64 "\n",
				j->self->name, target, trace_loss_text((enum trace_loss)i), l.n[i]);
	}
	return trace_loses(&l);
}

static int finish(struct job *j, struct err *e)
{
	int rc = trace_writer_finish(j->w);

	if (rc < 0)
		return err_errno(e, -rc, "%s: writing failed", j->output);
	for (size_t i = 0; i < j->n_in; i++)
		(void)trace_in_damage(j->self, &j->in[i]);
	fprintf(stderr, "%s: %" PRIu64 " frames, %s\n", j->output, trace_writer_frames(j->w),
		trace_format_of(j->cfg.format)->title);
	return 0;
}

static int work(struct job *j, struct err *e)
{
	int rc = open_inputs(j, e);

	if (rc == 0)
		rc = choose_format(j, e);
	if (rc < 0)
		return EXIT_BAD_INPUT;
	/* Merged frames are stamped by the time of day, where it is known. */
	j->cfg.epoch_known = j->in[0].epoch_known;
	j->cfg.epoch_ns = j->is_merge ? 0 : j->in[0].epoch_ns;
	if (open_output(j, e) < 0)
		return EXIT_BAD_INPUT;
	rc = copy(j, e);
	/* What was read is kept, whatever came then. */
	if (rc < 0) {
		fprintf(stderr, "dyno %s: %s\n", j->self->name, e->text);
		e->text[0] = '\0';
	}
	if (finish(j, e) < 0 || rc < 0)
		return EXIT_HOST;
	return say_losses(j) && j->strict ? EXIT_CHECK_FAILED : EXIT_PASS;
}

static int run(const struct cli_command *self, int argc, char **argv)
{
	struct job j = { .self = self,
		.is_merge = self == &cmd_trace_merge,
		.words = calloc((size_t)argc + 1, sizeof(*j.words)),
		.maps = calloc((size_t)argc + 1, sizeof(*j.maps)) };
	struct err e = { .text = "" };
	int item = CLI_BAD, status = EXIT_HOST;

	if (j.words && j.maps)
		item = read_args(&j, argc, argv, &e);
	else
		(void)err_set(&e, 0, "no memory");
	if (item == CLI_BAD) {
		status = cli_complain(self, &e);
	} else if (item == CLI_HELP) {
		cli_help(self, stdout);
		status = EXIT_PASS;
	} else {
		status = work(&j, &e);
		if (status != EXIT_PASS && e.text[0])
			fprintf(stderr, "dyno %s: %s\n", self->name, e.text);
	}
	trace_writer_free(j.w);
	for (size_t i = 0; i < j.n_in; i++)
		trace_in_close(&j.in[i]);
	pick_fini(&j.pick);
	free(j.in);
	free(j.names);
	free(j.words);
	free(j.maps);
	return status;
}

static const struct cli_option convert_options[] = { OUT_OPTIONS };

const struct cli_command cmd_trace_convert = {
	.name = "trace convert",
	.args = "IN OUT",
	.summary = "Writes a trace in another format.",
	.text = "'-' is the standard input or output. What the other format cannot hold is said and\n"
		"counted on the standard error.\n\n"
		"examples:\n"
		"  dyno trace convert drive.blf drive.log\n"
		"  dyno trace convert --format trc --trc-version 1.3 drive.asc old.trc\n"
		"  dyno trace convert --map 1=vcan0 drive.asc - --format candump | canplayer\n",
	.options = convert_options,
	.options_n = ARRAY_SIZE(convert_options),
	.run = run,
};

static const struct cli_option cut_options[] = { PICK_OPTIONS, OUT_OPTIONS };

const struct cli_command cmd_trace_cut = {
	.name = "trace cut",
	.args = "IN OUT",
	.summary = "Writes a part of a trace: a span of time, identifiers, channels.",
	.text = "Stamps stay as they are. Identifiers are hexadecimal.\n\n"
		"examples:\n"
		"  dyno trace cut --from 10s --to 12.5s drive.blf part.blf\n"
		"  dyno trace cut --id 0x100-0x1ff,18fef100x --channel can1 drive.log part.asc\n",
	.options = cut_options,
	.options_n = ARRAY_SIZE(cut_options),
	.run = run,
};

static const struct cli_option merge_options[] = {
	{ "output", O_OUTPUT, 'o', "FILE", "what to write; needed" },
	{ "align", O_ALIGN, 'a', NULL, "every trace begins where the first one does" },
	{ "apart", O_APART, 'A', NULL,
		"every channel of every trace becomes one of its own: can0, ..." },
	OUT_OPTIONS,
};

const struct cli_command cmd_trace_merge = {
	.name = "trace merge",
	.args = "IN...",
	.summary = "Writes several traces as one, by time.",
	.text = "Traces that tell when they were recorded are put together by the time of day, others\n"
		"by their stamps. Channels of the same name become one, but for --apart.\n\n"
		"examples:\n"
		"  dyno trace merge -o all.blf front.asc rear.log\n"
		"  dyno trace merge --align --apart -o both.log before.log after.log\n",
	.options = merge_options,
	.options_n = ARRAY_SIZE(merge_options),
	.run = run,
};
