/* SPDX-License-Identifier: Apache-2.0 */
/* `dyno check` and `dyno scenario-reference`: what can be said about scenarios without a run. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "sim/bench/commands.h"
#include "sim/bench/images.h"
#include "sim/scenario/scenario.h"

enum { O_SET = 1, O_QUIET };

static const struct cli_option options[] = {
	{ "set", O_SET, 's', "NAME=VALUE", "fills ${NAME} in the scenarios; can be repeated" },
	{ "quiet", O_QUIET, 'q', NULL, "only errors" },
};

static bool check_one(const char *path, const struct scenario_opts *so, bool quiet)
{
	struct scenario *s;

	if (scenario_load(path, so, stderr, &s))
		return false;
	if (!quiet)
		printf("%s: ok: %" PRIu32 " guests, %" PRIu32 " buses, %" PRIu32
		       " replays, %" PRIu32 " actions, %" PRIu32 " checks, %.1f s\n",
			path, s->n_guests, s->n_buses, s->n_replays, s->n_actions, s->n_checks,
			(double)s->duration_ns / 1e9);
	scenario_free(s);
	return true;
}

static int check(const struct cli_command *self, int argc, char **argv)
{
	const char **words = calloc(2 * (size_t)argc + 2, sizeof(*words));
	const char **sets = words ? words + argc + 1 : NULL;
	struct scenario_opts so = { .sets = sets };
	struct err e = { .text = "" };
	bool quiet = false, good = true;
	char **images;
	size_t files = 0;
	struct cli c;
	int item, status;

	if (!words)
		return EXIT_HOST;
	cli_start(&c, self, argc, argv);
	while ((item = cli_next(&c, &e)) != CLI_END) {
		if (item == CLI_WORD) {
			words[files++] = c.value;
		} else if (item == O_SET) {
			sets[so.n_sets++] = c.value;
		} else if (item == O_QUIET) {
			quiet = true;
		} else {
			if (item == CLI_HELP)
				cli_help(self, stdout);
			status = item == CLI_HELP ? EXIT_PASS : cli_complain(self, &e);
			free(words);
			return status;
		}
	}
	if (!files) {
		(void)err_set(&e, 0, "name one or more scenario files");
		free(words);
		return cli_complain(self, &e);
	}
	images = images_list();
	so.images = (const char *const *)images;
	for (size_t i = 0; i < files; i++)
		good = check_one(words[i], &so, quiet) && good;
	images_free(images);
	free(words);
	return good ? EXIT_PASS : EXIT_BAD_INPUT;
}

const struct cli_command cmd_check = {
	.name = "check",
	.args = "FILE...",
	.summary = "Reads scenario files and reports everything that is wrong with them.",
	.text = "Nothing is started. Exit status 0 when all are right, 2 when one is not.\n\n"
		"example:\n"
		"  dyno check scenarios/*.yaml\n",
	.options = options,
	.options_n = ARRAY_SIZE(options),
	.run = check,
};

static int reference(const struct cli_command *self, int argc, char **argv)
{
	struct err e = { .text = "" };
	struct cli c;
	int item;

	cli_start(&c, self, argc, argv);
	item = cli_next(&c, &e);
	if (item == CLI_HELP) {
		cli_help(self, stdout);
		return EXIT_PASS;
	}
	if (item != CLI_END) {
		if (item == CLI_WORD)
			(void)err_set(&e, 0, "it takes no arguments");
		return cli_complain(self, &e);
	}
	scenario_print_reference(stdout);
	return EXIT_PASS;
}

const struct cli_command cmd_scenario_reference = {
	.name = "scenario-reference",
	.args = "",
	.summary = "Prints the reference page of the scenario file (Markdown).",
	.text = "example:\n  dyno scenario-reference > docs/scenario-reference.md\n",
	.run = reference,
};
