/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands of `dyno dbc` share. */
#pragma once

#include <stdio.h>

#include "sim/bench/cli.h"
#include "sim/dbc/dbc.h"

extern const struct cli_command cmd_dbc_decode;

/*
 * Reads a database for a command that wants to use it: what is wrong with the file is said in one
 * line on stderr, with the way to see all of it. An exit status; EXIT_PASS: *out and *d are the
 * caller's.
 */
MUST_CHECK int cmd_dbc_open(
	const struct cli_command *self, const char *path, struct diags *d, struct dbc **out);
/* Text of a file for a terminal: control characters become '?'. */
void cmd_put_clean(FILE *to, const char *text);
/* A number as short as it can be without becoming another double. */
void cmd_number(char out[32], double v);
