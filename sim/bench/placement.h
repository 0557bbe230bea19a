/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where processes run on the host: the bench's own CPUs, those of guests and of their virtual CPUs,
 * priorities. What a scenario asks for and the host refuses is an error: a measurement on the wrong
 * CPUs is worse than none. Main thread.
 */
#pragma once

#include <jansson.h>
#include <sched.h>
#include <sys/types.h>

#include "base/err.h"
#include "sim/scenario/scenario.h"

struct placement {
	bool known;
	cpu_set_t host; /* the CPUs that the bench was started with */
};

/*
 * Checks what the scenario asks for against what the host has, and moves the calling thread to the
 * bench's CPUs: before other threads and children, which inherit them. 0; -ENODEV where the host
 * lacks a CPU; -errno. With a message.
 */
MUST_CHECK int placement_init(struct placement *p, const struct scenario *s, struct err *e);
/* A guest's process that has one thread yet. 0 or -errno with a message. */
MUST_CHECK int placement_guest(
	const struct placement *p, const struct scenario_guest *g, pid_t pid, struct err *e);
/* The priority of the thread that does the work of buses: frames are due to the microsecond,
 * everything else can wait a little. Not a real-time class: a guest that floods its bus must not
 * take a core from the others. */
#define PLACEMENT_BUS_NICE (-11)
/* That of a guest's thread on interfaces of the host: somebody may wait for its answer there, where
 * the bench only listens. */
#define PLACEMENT_DIRECT_NICE (-15)
/* Its virtual CPUs' threads, as the process names them: [tid, ...]. Numbers that are no threads of
 * `pid` are refused. 0 or -errno with a message. */
MUST_CHECK int placement_vcpus(
	const struct scenario_guest *g, pid_t pid, const json_t *tids, struct err *e);
/* Its thread `tid` on interfaces of the host gets its priority, where the host permits; a number
 * that is no thread of `pid` does nothing. */
void placement_direct(const struct scenario_guest *g, pid_t pid, json_int_t tid);
