/* SPDX-License-Identifier: Apache-2.0 */
/* Main of `dyno`: finds the command, shows help. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "sim/bench/commands.h"
#include "sim/bench/nearest.h"
#include "sim/tools/tools.h"

static const struct cli_command *const commands[] = {
	&cmd_run,
	&cmd_vm,
	&cmd_boot_entries,
	&cmd_check,
	&cmd_ctl,
	&cmd_dbc,
	&cmd_trace,
	&cmd_doctor,
	&cmd_scenario_reference,
};

static void overview(FILE *to)
{
	fputs("usage: dyno COMMAND ...\n\n"
	      "Runs ECU software on a stand: virtual machines on KVM, CAN buses fed from recorded\n"
	      "traces, displays, and checks, as a scenario file describes them.\n\n"
	      "commands:\n",
		to);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(to, "  %-20s %s\n", commands[i]->name, commands[i]->summary);
	fputs("  help [COMMAND]       This page, or a command's.\n\n"
	      "examples:\n"
	      "  dyno doctor\n"
	      "  dyno run scenarios/cockpit.yaml\n"
	      "  dyno vm --kernel bzImage --disk root.img\n"
	      "  dyno help run\n",
		to);
}

/* NULL after a message about what was meant. */
static const struct cli_command *find(const char *name)
{
	const char *names[ARRAY_SIZE(commands) + 1];
	const char *near;

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		names[i] = commands[i]->name;
		if (strcmp(names[i], name) == 0)
			return commands[i];
	}
	names[ARRAY_SIZE(commands)] = "help";
	near = nearest_word(name, names, ARRAY_SIZE(names), sizeof(names[0]));
	fprintf(stderr, "dyno: unknown command %s%s%s%s\nTry 'dyno help'.\n", name,
		near ? ", did you mean " : "", near ? near : "", near ? "?" : "");
	return NULL;
}

static int help(int argc, char **argv)
{
	const struct cli_command *cmd = NULL;

	if (argc < 2) {
		overview(stdout);
		return EXIT_PASS;
	}
	cmd = find(argv[1]);
	if (!cmd)
		return EXIT_BAD_INPUT;
	if (argc > 2 && cmd->subs_n)
		cmd = cli_sub(cmd, argv[2]);
	if (!cmd)
		return EXIT_BAD_INPUT;
	cli_help(cmd, stdout);
	return EXIT_PASS;
}

/* Results that could not be written are no success. A reader that has gone (`| head`) had what it
 * wanted. */
static int written(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	if (errno == EPIPE)
		return status;
	fprintf(stderr, "dyno: cannot write to the standard output: %s\n", strerror(errno));
	return status ? status : EXIT_HOST;
}

int main(int argc, char **argv)
{
	const struct cli_command *cmd;

	/* Once, before there are threads that make JSON objects. */
	json_object_seed(0);
	if (argc < 2) {
		overview(stderr);
		return EXIT_BAD_INPUT;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		printf("dyno %s\n", DYNO_VERSION);
		return EXIT_PASS;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		overview(stdout);
		return EXIT_PASS;
	}
	if (strcmp(argv[1], "help") == 0)
		return help(argc - 1, argv + 1);
	if (argv[1][0] == '-') {
		fprintf(stderr, "dyno: the command comes first\nTry 'dyno help'.\n");
		return EXIT_BAD_INPUT;
	}
	cmd = find(argv[1]);
	return cmd ? written(cmd->run(cmd, argc - 1, argv + 1)) : EXIT_BAD_INPUT;
}
