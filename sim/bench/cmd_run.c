/* SPDX-License-Identifier: Apache-2.0 */
/* `dyno run`: options, scenario, run. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "sim/bench/bench.h"
#include "sim/bench/commands.h"
#include "sim/bench/images.h"
#include "sim/scenario/scenario.h"

enum {
	O_OUT = 1,
	O_HEADLESS,
	O_WINDOWS,
	O_SET,
	O_DURATION,
	O_LOG_LEVEL,
	O_QUIET,
	O_NO_SANDBOX,
	O_PANEL,
	O_NO_PANEL
};

static const struct cli_option options[] = {
	{ "out", O_OUT, 'o', "DIR", "where the results go (default: the scenario's, else out)" },
	{ "headless", O_HEADLESS, 0, NULL, "no windows; pictures are taken all the same" },
	{ "windows", O_WINDOWS, 0, NULL, "windows, even where the scenario says headless" },
	{ "panel", O_PANEL, 0, NULL, "the control panel, whatever the scenario says of it" },
	{ "no-panel", O_NO_PANEL, 0, NULL, "no control panel" },
	{ "set", O_SET, 's', "NAME=VALUE", "fills ${NAME} in the scenario; can be repeated" },
	{ "duration", O_DURATION, 'd', "TIME", "another duration: 30, 1.5m, 500ms" },
	{ "log-level", O_LOG_LEVEL, 'l', "LEVEL", "error, warn, info or debug (default: warn)" },
	{ "quiet", O_QUIET, 'q', NULL, "only problems, what did not pass, and the summary" },
	{ "no-sandbox", O_NO_SANDBOX, 0, NULL, "dyno-vm keeps its rights (for debuggers)" },
};

struct args {
	struct bench_opts bench;
	const char **sets;
	size_t n_sets;
	const char *file;
};

static int set_option(struct args *a, int id, const char *value, struct err *e)
{
	switch (id) {
	case O_OUT:
		a->bench.out_dir = value;
		break;
	case O_HEADLESS:
		a->bench.windows = BENCH_WINDOWS_OFF;
		break;
	case O_WINDOWS:
		a->bench.windows = BENCH_WINDOWS_ON;
		break;
	case O_PANEL:
		a->bench.panel = BENCH_PANEL_ON;
		break;
	case O_NO_PANEL:
		a->bench.panel = BENCH_PANEL_OFF;
		break;
	case O_SET:
		if (!strchr(value, '=') || value[0] == '=')
			return err_set(e, -1, "--set %s: say NAME=VALUE", value);
		a->sets[a->n_sets++] = value;
		break;
	case O_DURATION:
		if (cli_duration(value, &a->bench.duration_ns) || !a->bench.duration_ns)
			return err_set(
				e, -1, "--duration %s: say 30, 1.5m, 500ms or the like", value);
		break;
	case O_LOG_LEVEL:
		a->bench.log_level = value;
		return cli_log_level(value, e);
	case O_QUIET:
		a->bench.quiet = true;
		break;
	case O_NO_SANDBOX:
		a->bench.no_sandbox = true;
		break;
	default:
		break;
	}
	return 0;
}

static int run_file(const struct args *a)
{
	char **images = images_list();
	struct scenario_opts so = {
		.sets = a->sets, .n_sets = a->n_sets, .images = (const char *const *)images
	};
	struct scenario *s;
	int rc = scenario_load(a->file, &so, stderr, &s), status;

	images_free(images);
	if (rc)
		return EXIT_BAD_INPUT;
	/* A longer run moves the end of windows that last until the run ends. A shorter one ends
	 * before it, and such checks are said to be not run. */
	if (a->bench.duration_ns > s->duration_ns)
		s->duration_ns = a->bench.duration_ns;
	status = bench_run(s, &a->bench);
	scenario_free(s);
	return status;
}

static int run(const struct cli_command *self, int argc, char **argv)
{
	struct args a = { .bench = { .log_level = "warn", .exec_ns = clock_now_ns() } };
	struct err e = { .text = "" };
	struct cli c;
	int item, status = EXIT_BAD_INPUT;

	log_init("dyno", LOG_WARN);
	a.sets = calloc((size_t)argc + 1, sizeof(*a.sets));
	if (!a.sets)
		return EXIT_HOST;
	cli_start(&c, self, argc, argv);
	while ((item = cli_next(&c, &e)) != CLI_END) {
		if (item == CLI_HELP) {
			cli_help(self, stdout);
			status = EXIT_PASS;
			goto out;
		}
		if (item == CLI_WORD && a.file)
			item = err_set(
				&e, CLI_BAD, "one scenario at a time: %s and %s", a.file, c.value);
		if (item == CLI_WORD)
			a.file = c.value;
		else if (item == CLI_BAD || set_option(&a, item, c.value, &e))
			goto bad;
	}
	if (!a.file) {
		(void)err_set(&e, 0, "name a scenario file");
		goto bad;
	}
	status = run_file(&a);
	goto out;
bad:
	status = cli_complain(self, &e);
out:
	free(a.sets);
	return status;
}

const struct cli_command cmd_run = {
	.name = "run",
	.args = "SCENARIO",
	.summary = "Runs a scenario: starts its guests, plays its traces, judges its checks.",
	.text = "exit status:\n"
		"  0  every check passed\n"
		"  1  a check failed or could not run\n"
		"  2  the command line or the scenario is wrong\n"
		"  3  this host cannot run it (the message says what is missing)\n\n"
		"Ctrl-C, or closing a window, ends the run early and still gives verdicts; a second\n"
		"Ctrl-C ends it at once.\n\n"
		"environment:\n"
		"  DYNO_LIBEXEC  where dyno-vm and dyno-ui are (else next to dyno, then PATH)\n"
		"  DYNO_GUESTS   where the images of `kernel: builtin:NAME` are\n"
		"  NO_COLOR      no colours\n\n"
		"examples:\n"
		"  dyno run scenarios/cockpit.yaml\n"
		"  dyno run --headless --out results --duration 10 scenarios/cockpit.yaml\n"
		"  dyno run --set trace=drive.log scenarios/replay.yaml\n",
	.options = options,
	.options_n = ARRAY_SIZE(options),
	.run = run,
};
