/* SPDX-License-Identifier: Apache-2.0 */
/* Readers of /proc/PID/smaps and of the threads' schedstat. */
#include "sim/bench/procstat.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum purpose { P_OTHER, P_RAM, P_SURFACE };

static enum purpose purpose_of(const char *line, uint64_t ram_bytes)
{
	const char *name = strstr(line, "/memfd:");
	uint64_t from, to;
	char *end;

	if (!name && strchr(line, '/'))
		return P_OTHER;
	from = strtoull(line, &end, 16);
	to = *end == '-' ? strtoull(end + 1, NULL, 16) : from;
	/* Before Linux 5.17 memory without a file has no name; nothing else is as long. */
	if (to - from == ram_bytes || strstr(line, "guest-ram") || (name && strstr(name, "ram")))
		return P_RAM;
	return name ? P_SURFACE : P_OTHER;
}

/* True for "KEY: N kB"; N in bytes. */
static bool figure(const char *line, const char *key, uint64_t *bytes)
{
	size_t len = strlen(key);

	if (strncmp(line, key, len) != 0 || line[len] != ':')
		return false;
	*bytes = strtoull(line + len + 1, NULL, 10) * 1024;
	return true;
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
		uint64_t n;

		/* A mapping's head starts with an address, its figures with a capital letter. */
		if (line[0] < 'A' || line[0] > 'Z') {
			p = purpose_of(line, ram_bytes);
		} else if (figure(line, "Rss", &n)) {
			m.rss_bytes += n;
			if (p == P_RAM)
				m.guest_ram_bytes += n;
			else if (p == P_SURFACE)
				m.surface_bytes += n;
		} else if (figure(line, "Pss", &n)) {
			m.pss_bytes += n;
		} else if (p == P_OTHER && (figure(line, "Private_Clean", &n) ||
						   figure(line, "Private_Dirty", &n))) {
			m.private_bytes += n;
		}
	}
	fclose(f);
	*out = m;
	return 0;
}

/* Time of one thread: the first word of its schedstat, in ns. */
static uint64_t thread_ns(pid_t pid, const char *tid)
{
	char path[320], text[64] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", (int)pid, tid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (!fgets(text, sizeof(text), f))
		text[0] = '\0';
	fclose(f);
	return strtoull(text, NULL, 10);
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
