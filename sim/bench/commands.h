/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of `dyno`; each lives in cmd_NAME.c. */
#pragma once

#include "sim/bench/cli.h"

extern const struct cli_command cmd_run, cmd_vm, cmd_boot_entries, cmd_check, cmd_ctl, cmd_doctor,
	cmd_scenario_reference;
