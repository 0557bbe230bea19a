/* SPDX-License-Identifier: Apache-2.0 */
/* See urgent.h. */
#include "sim/audio/urgent.h"

#include <errno.h>
#include <sched.h>

#include "base/err.h"
#include "base/log.h"

/* Above a guest's, below a sound server's. */
#define PRIORITY 10

bool audio_go_first(void)
{
	const struct sched_param p = { .sched_priority = PRIORITY };

	if (sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &p) == 0)
		return true;
	log_debug("no real-time priority: %s", err_name(-errno));
	return false;
}
