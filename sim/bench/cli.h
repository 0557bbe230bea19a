/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line: tables of commands and options, one reader for all of them, help pages made
 * from the tables. What a command does is not in here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

/* How `dyno` ends; documented in README and in `dyno help run`. */
enum exit_status {
	EXIT_PASS = 0,
	EXIT_CHECK_FAILED = 1,
	EXIT_BAD_INPUT = 2, /* command line or scenario */
	EXIT_HOST = 3 /* this host cannot do it */
};

struct cli_option {
	const char *name; /* without "--"; first, so that nearest_word() can walk the table */
	int id; /* the command's own number, > 0 */
	char letter; /* short form, or 0 */
	const char *arg; /* what the value is called, NULL for a switch */
	const char *doc;
};

struct cli_command {
	const char *name; /* first, as above */
	const char *args; /* what follows the options */
	const char *summary;
	const char *text; /* help page: examples and notes */
	const struct cli_option *options;
	size_t options_n;
	/* Commands of its own ("dyno dbc list"): then run is cli_dispatch, and there are no
	 * options. */
	const struct cli_command *const *subs;
	size_t subs_n;
	int (*run)(const struct cli_command *self, int argc, char **argv); /* exit status */
};

/* A walk over argv[1..argc). */
struct cli {
	const struct cli_command *cmd;
	int argc;
	char **argv; /* borrowed; argv[0] is the command's name */
	int at;
	bool rest; /* "--" was seen: only words follow */
	const char *shorts; /* letters of a cluster still to be read */
	const char *value; /* the word, or the option's value */
};

enum cli_item { CLI_END = 0, CLI_WORD = -1, CLI_BAD = -2, CLI_HELP = -3 };

void cli_start(struct cli *c, const struct cli_command *cmd, int argc, char **argv);
/*
 * The next item: an option's id (> 0, its value in c->value where it has one), CLI_WORD
 * (c->value), CLI_HELP (-h or --help), CLI_END, or CLI_BAD with a message that says what to type.
 */
int cli_next(struct cli *c, struct err *e);

/* Runs the command of self->subs that argv[1] names; exit status. */
int cli_dispatch(const struct cli_command *self, int argc, char **argv);
/* The command of cmd->subs of that name: "list" for "dbc list". NULL after a message. */
const struct cli_command *cli_sub(const struct cli_command *cmd, const char *name);

/* The help page of one command. */
void cli_help(const struct cli_command *cmd, FILE *to);
/* "dyno CMD: MESSAGE" and where help is, to stderr; returns EXIT_BAD_INPUT. */
int cli_complain(const struct cli_command *cmd, const struct err *e);

/* "10", "1.5", "250ms", "30s", "2m", "1h" as nanoseconds; a bare number is seconds. 0 or -EINVAL.
 */
MUST_CHECK int cli_duration(const char *word, uint64_t *out_ns);

/* The value of --log-level, which counts from here on. 0 or -EINVAL with a message. */
MUST_CHECK int cli_log_level(const char *word, struct err *e);
