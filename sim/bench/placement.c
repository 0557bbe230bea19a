/* SPDX-License-Identifier: Apache-2.0 */
/* Affinity and priority of processes; see placement.h. */
#include "sim/bench/placement.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"

static_assert(SCENARIO_HOST_CPUS <= CPU_SETSIZE, "a set of CPUs fits");

static void to_host(const struct scenario_cpus *c, cpu_set_t *out)
{
	CPU_ZERO(out);
	for (unsigned int i = 0; i < SCENARIO_HOST_CPUS; i++) {
		if (scenario_has_cpu(c, i))
			CPU_SET(i, out);
	}
}

/* "0-3,6": as much of it as fits. */
static void show(const cpu_set_t *set, char *buf, size_t cap)
{
	size_t at = 0;

	buf[0] = '\0';
	for (unsigned int i = 0; i < CPU_SETSIZE && at < cap; i++) {
		unsigned int last = i;

		if (!CPU_ISSET(i, set))
			continue;
		while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, set))
			last++;
		at += (size_t)snprintf(
			buf + at, cap - at, last > i ? "%s%u-%u" : "%s%u", at ? "," : "", i, last);
		i = last;
	}
}

static int check_cpus(const struct placement *p, const struct scenario_cpus *c, struct err *e)
{
	char have[128];

	for (unsigned int i = 0; i < SCENARIO_HOST_CPUS; i++) {
		if (!scenario_has_cpu(c, i) || CPU_ISSET(i, &p->host))
			continue;
		show(&p->host, have, sizeof(have));
		return err_set(e, -ENODEV, "the host has no CPU %u for us: it has %s", i, have);
	}
	return 0;
}

int placement_init(struct placement *p, const struct scenario *s, struct err *e)
{
	cpu_set_t own;
	int rc;

	if (sched_getaffinity(0, sizeof(p->host), &p->host) < 0)
		return err_errno(e, errno, "cannot tell the host's CPUs");
	p->known = true;
	for (uint32_t i = 0; i < s->n_guests; i++) {
		const struct scenario_guest *g = &s->guests[i];

		rc = check_cpus(p, &g->placement.cpus, e);
		if (rc == 0)
			rc = check_cpus(p, &g->placement.vcpus, e);
		if (rc < 0) {
			err_prefix(e, "guest %s: placement", g->name);
			return rc;
		}
	}
	if (!scenario_num_cpus(&s->bench_cpus))
		return 0;
	rc = check_cpus(p, &s->bench_cpus, e);
	if (rc < 0) {
		err_prefix(e, "bench_cpus");
		return rc;
	}
	to_host(&s->bench_cpus, &own);
	return sched_setaffinity(0, sizeof(own), &own) < 0
		       ? err_errno(e, errno, "cannot move the bench to its CPUs")
		       : 0;
}

/* Its threads, which are still to come, inherit this. The lowest priority: whatever else is
 * real-time on this host has shorter work than a guest. */
static int go_first(const struct scenario_guest *g, pid_t pid, struct err *e)
{
	const struct sched_param lowest = { .sched_priority = sched_get_priority_min(SCHED_RR) };

	if (sched_setscheduler(pid, SCHED_RR, &lowest) < 0)
		return err_errno(e, errno,
			"guest %s: no right to \"realtime\" (it needs CAP_SYS_NICE or a limit "
			"RLIMIT_RTPRIO)",
			g->name);
	return 0;
}

int placement_guest(
	const struct placement *p, const struct scenario_guest *g, pid_t pid, struct err *e)
{
	cpu_set_t set = p->host;

	if (scenario_num_cpus(&g->placement.cpus))
		to_host(&g->placement.cpus, &set);
	if (p->known && sched_setaffinity(pid, sizeof(set), &set) < 0)
		return err_errno(e, errno, "guest %s: cannot move it to its CPUs", g->name);
	if (g->placement.nice && setpriority(PRIO_PROCESS, (id_t)pid, g->placement.nice) < 0)
		return err_errno(e, errno,
			"guest %s: no right to \"nice: %d\" (it needs CAP_SYS_NICE or a limit "
			"RLIMIT_NICE)",
			g->name, g->placement.nice);
	return g->placement.realtime ? go_first(g, pid, e) : 0;
}

static bool is_thread_of(pid_t pid, json_int_t tid)
{
	char path[64];

	if (tid <= 0 || tid > INT32_MAX)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/task/%d", (int)pid, (int)tid);
	return access(path, F_OK) == 0;
}

int placement_vcpus(const struct scenario_guest *g, pid_t pid, const json_t *tids, struct err *e)
{
	const struct scenario_cpus *want = &g->placement.vcpus;
	size_t cpu = 0;

	if (!scenario_num_cpus(want))
		return 0;
	for (unsigned int i = 0; i < SCENARIO_HOST_CPUS; i++) {
		json_int_t tid;
		cpu_set_t set;

		if (!scenario_has_cpu(want, i))
			continue;
		tid = json_integer_value(json_array_get(tids, cpu++));
		if (!is_thread_of(pid, tid))
			return err_set(e, -ESRCH,
				"guest %s: dyno-vm does not tell the thread of vCPU %zu", g->name,
				cpu - 1);
		CPU_ZERO(&set);
		CPU_SET(i, &set);
		if (sched_setaffinity((pid_t)tid, sizeof(set), &set) < 0)
			return err_errno(e, errno, "guest %s: cannot move vCPU %zu to CPU %u",
				g->name, cpu - 1, i);
	}
	return 0;
}

void placement_direct(const struct scenario_guest *g, pid_t pid, json_int_t tid)
{
	/* A guest that is real-time is before all of these. */
	if (!is_thread_of(pid, tid) || g->placement.realtime)
		return;
	if (setpriority(PRIO_PROCESS, (id_t)tid, PLACEMENT_DIRECT_NICE) < 0)
		log_debug("guest %s: the thread of its buses keeps its priority: %s", g->name,
			strerror(errno));
}
