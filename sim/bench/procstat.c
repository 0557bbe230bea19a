/* SPDX-License-Identifier: Apache-2.0 */
/* Readers of /proc/PID/smaps and /proc/PID/schedstat. */
#include "sim/bench/procstat.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

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

int proc_cpu(pid_t pid, uint64_t *out_ns)
{
	unsigned long user, sys;
	char path[64], text[1024];
	const char *after;
	long hz = sysconf(_SC_CLK_TCK);
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	/* The command's name may hold anything; what follows its last ')' does not. */
	after = strrchr(text, ')');
	if (!after || hz <= 0 ||
		sscanf(after + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
			&sys) != 2)
		return -EBADMSG;
	*out_ns = ((uint64_t)user + sys) * (NS_PER_S / (uint64_t)hz);
	return 0;
}
