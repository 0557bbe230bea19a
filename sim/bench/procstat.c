/* SPDX-License-Identifier: Apache-2.0 */
/* Readers of /proc/PID/smaps and of the threads' schedstat. */
#include "sim/bench/procstat.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum purpose { P_OTHER, P_RAM, P_SURFACE };

static enum purpose purpose_of(const char *line, uint64_t ram_bytes)
{
	const char *name = strstr(line, "/memfd:");
	uint64_t from, to;

	if (!name || sscanf(line, "%" SCNx64 "-%" SCNx64, &from, &to) != 2)
		return P_OTHER;
	if (strstr(name, "ram") || to - from == ram_bytes)
		return P_RAM;
	return P_SURFACE;
}

int proc_memory(pid_t pid, uint64_t ram_bytes, struct proc_memory *out)
{
	struct proc_memory m = { 0 };
	enum purpose p = P_OTHER;
	char path[64], line[1024];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/smaps", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f)) {
		uint64_t kib;

		/* A mapping's head starts with an address, its figures with a capital letter. */
		if (line[0] < 'A' || line[0] > 'Z') {
			p = purpose_of(line, ram_bytes);
		} else if (sscanf(line, "Rss: %" SCNu64 " kB", &kib) == 1) {
			m.rss_bytes += kib * 1024;
			if (p == P_RAM)
				m.guest_ram_bytes += kib * 1024;
			else if (p == P_SURFACE)
				m.surface_bytes += kib * 1024;
		} else if (sscanf(line, "Pss: %" SCNu64 " kB", &kib) == 1) {
			m.pss_bytes += kib * 1024;
		} else if (p == P_OTHER &&
			   (sscanf(line, "Private_Clean: %" SCNu64 " kB", &kib) == 1 ||
				   sscanf(line, "Private_Dirty: %" SCNu64 " kB", &kib) == 1)) {
			m.private_bytes += kib * 1024;
		}
	}
	fclose(f);
	*out = m;
	return 0;
}

/* Time of one thread: the first word of its schedstat, in ns. */
static uint64_t thread_ns(pid_t pid, const char *tid)
{
	char path[320];
	uint64_t ns = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", (int)pid, tid);
	f = fopen(path, "re");
	if (f && fscanf(f, "%" SCNu64, &ns) != 1)
		ns = 0;
	if (f)
		fclose(f);
	return ns;
}

int proc_cpu(pid_t pid, uint64_t *out_ns)
{
	char path[64];
	uint64_t sum = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	d = opendir(path);
	if (!d)
		return -errno;
	for (struct dirent *en = readdir(d); en; en = readdir(d)) {
		if (en->d_name[0] != '.')
			sum += thread_ns(pid, en->d_name);
	}
	closedir(d);
	*out_ns = sum;
	return 0;
}
