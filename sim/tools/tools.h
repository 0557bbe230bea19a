/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of `dyno` that work on files and start nothing: databases and traces. */
#pragma once

#include "sim/bench/cli.h"

extern const struct cli_command cmd_dbc, cmd_trace;
