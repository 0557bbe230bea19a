/* SPDX-License-Identifier: Apache-2.0 */
/* The begin of a helper's main(); see helper.h. */
#include "base/helper.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"

bool helper_begin(const char *name, int argc, char **argv, int *status)
{
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		printf("%s %s\n", name, DYNO_VERSION);
		*status = 0;
		return false;
	}
	if (argc > 1 || fd_size(HELPER_CONTROL_FD) < 0) {
		fprintf(stderr,
			"%s is started by dyno, which passes it a socket as fd 3.\n"
			"Run a scenario instead: dyno run SCENARIO\n",
			name);
		*status = HELPER_NO_HOST;
		return false;
	}
	log_init(name, LOG_INFO);
	signal(SIGPIPE, SIG_IGN);
	/* Ctrl-C belongs to the bench, which ends everything in order. */
	signal(SIGINT, SIG_IGN);
	return true;
}
