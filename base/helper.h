/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the programs that the bench starts beside the guests (dyno-ui, dyno-audio) have in common:
 * they get a control socket, and end when the bench says so.
 */
#pragma once

#include <stdbool.h>

/* The control socket (docs/interfaces.md). */
#define HELPER_CONTROL_FD 3
/* Exit status: the host, or the bench, did not give what is needed. */
#define HELPER_NO_HOST 3

/*
 * For main(): answers `--version`, refuses to be started by hand, sets up the log and the signals
 * (Ctrl-C belongs to the bench). True: go on; false: end with *status.
 */
bool helper_begin(const char *name, int argc, char **argv, int *status);
