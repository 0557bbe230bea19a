/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a cluster has of a bad neighbour. Three guests on one bus: a cluster that is driven, one
 * that answers a frame every 10 ms, and one that, on another CPU, floods its console, disk, network
 * card and the bus and never sleeps. From the run's own recording: time from frame to answer, and
 * from the cluster's words its pictures a second - before the flood, in it, and after the neighbour
 * was killed. Prints one JSON object; the ratios are flooded to quiet.
 *
 * usage: bench_isolation [seconds of each part]     (DYNO_BUILD_DIR and DYNO_SOURCE_DIR as for the
 * tests)
 */
#include <fcntl.h>
#include <jansson.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/perf/perf.h"

#define BEGIN_S   3u /* everything is up */
#define SETTLE_S  1u /* left out after each change */
#define MAX_TRIPS 200000u

struct part {
	const char *name;
	double from_s, to_s; /* bench time */
	double *us; /* from frame to answer */
	size_t n;
	double fps_sum;
	unsigned int fps_n;
};

static char folder[] = "/tmp/dyno-bench-XXXXXX";
static char program[1024];

static FILE *in_folder(const char *name, const char *mode)
{
	char path[1100];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, mode);
	if (!f)
		perf_die(path);
	return f;
}

static void write_scenario(const char *build, const char *source, unsigned int s)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	/* The neighbour has the last CPU for itself; the others share the rest. */
	long others = cpus > 1 ? cpus - 2 : 0;
	FILE *f = in_folder("disk", "we");

	if (ftruncate(fileno(f), 64 << 20))
		perf_die("cannot make the disk");
	fclose(f);
	f = in_folder("stand.yaml", "we");
	fprintf(f,
		"duration: %us\n"
		"ui: headless\n"
		"bench_cpus: 0-%ld\n"
		"buses: { can0: }\n"
		"networks: { lan: }\n"
		"guests:\n"
		"  cluster:\n"
		"    kernel: builtin:cluster\n"
		"    can: [can0]\n"
		"    signals: %s/scenarios/maps/synthetic.yaml\n"
		"    displays: [ { width: 1920, height: 720 } ]\n"
		"    placement: 0-%ld\n"
		"  echo: { kernel: %s/tests/echo.elf, can: [can0], placement: 0-%ld }\n"
		"  flood:\n"
		"    kernel: %s/tests/flood.elf\n"
		"    cmdline: wait=1\n"
		"    can: [can0]\n"
		"    nets: [lan]\n"
		"    disks: [{ file: disk, overlay: none }]\n"
		"    log_limit: 1M\n"
		"    placement: %ld\n"
		"replays:\n"
		"  - { file: %s/assets/traces/synthetic-drive.log, map: { can0: can0 }, start: 10s, "
		"loop: true }\n"
		"actions:\n"
		"  - { at: 1s, send: { bus: can0, frame: 100#0011223344556677, every: 10ms } }\n"
		"  - { at: %us, send: { bus: can0, frame: 7FF#01 } }\n"
		"  - { at: %us, kill: flood }\n",
		BEGIN_S + 3 * s, others, source, others, build, others, build, cpus - 1, source,
		BEGIN_S + s, BEGIN_S + 2 * s);
	fclose(f);
}

static void run(void)
{
	char *argv[] = { program, "run", "--quiet", "--headless", "stand.yaml", NULL };
	posix_spawn_file_actions_t fa;
	pid_t pid;
	int st = 0;

	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_addchdir_np(&fa, folder);
	posix_spawn_file_actions_addopen(&fa, 1, "/dev/null", O_WRONLY, 0);
	if (posix_spawn(&pid, program, &fa, NULL, argv, environ) || waitpid(pid, &st, 0) != pid)
		perf_die("cannot run dyno");
	posix_spawn_file_actions_destroy(&fa);
	if (!WIFEXITED(st) || WEXITSTATUS(st) != 0)
		perf_die("the run failed");
}

static struct part *part_at(struct part *p, double t_s)
{
	for (; p->name; p++) {
		if (t_s >= p->from_s && t_s < p->to_s)
			return p;
	}
	return NULL;
}

/* The recording has the host's time: the neighbour's first frame tells where the flood begins. */
static void read_frames(struct part *parts, double flood_s)
{
	FILE *f = in_folder("out/can0.log", "re");
	double base = -1, asked[64];
	unsigned int head = 0, tail = 0;
	char line[256];

	while (base < 0 && fgets(line, sizeof(line), f)) {
		if (strstr(line, " 7FF#01"))
			base = strtod(line + 1, NULL) - flood_s;
	}
	if (base < 0)
		perf_die("the flood did not begin");
	rewind(f);
	while (fgets(line, sizeof(line), f)) {
		double t = strtod(line + 1, NULL);
		struct part *p;

		if (strstr(line, " 100#") && head - tail < 64) {
			asked[head++ % 64] = t;
		} else if (strstr(line, " 101#") && tail != head) {
			double t0 = asked[tail++ % 64];

			p = part_at(parts, t0 - base);
			if (p && p->n < MAX_TRIPS)
				p->us[p->n++] = (t - t0) * 1e6;
		}
	}
	fclose(f);
}

static void read_pictures(struct part *parts)
{
	FILE *f = in_folder("out/cluster.log", "re");
	char line[1024];

	while (fgets(line, sizeof(line), f)) {
		const char *at = strstr(line, " fps=");
		struct part *p = at ? part_at(parts, strtod(line, NULL)) : NULL;

		if (!p)
			continue;
		p->fps_sum += strtod(at + 5, NULL);
		p->fps_n++;
	}
	fclose(f);
}

static double quantile(const struct part *p, double q)
{
	return p->n ? p->us[(size_t)((double)(p->n - 1) * q)] : 0;
}

static double fps(const struct part *p)
{
	return p->fps_n ? p->fps_sum / p->fps_n : 0;
}

int main(int argc, char **argv)
{
	const char *build = getenv("DYNO_BUILD_DIR"), *source = getenv("DYNO_SOURCE_DIR");
	unsigned int s = argc > 1 ? (unsigned int)strtoul(argv[1], NULL, 10) : 8;
	double b = BEGIN_S, load[1] = { 0 };
	struct part parts[] = {
		{ .name = "quiet", .from_s = b, .to_s = b + s },
		{ .name = "flooded", .from_s = b + s + SETTLE_S, .to_s = b + 2 * s },
		{ .name = "killed", .from_s = b + 2 * s + SETTLE_S, .to_s = b + 3 * s },
		{ .name = NULL },
	};
	json_t *o, *m, *flood, *metrics;
	struct part *q = &parts[0], *l = &parts[1];

	if (!build || !source || s < 3 || s > 600)
		perf_die("set DYNO_BUILD_DIR and DYNO_SOURCE_DIR; 3 to 600 seconds");
	if (!mkdtemp(folder))
		perf_die("cannot make a folder");
	snprintf(program, sizeof(program), "%s/bin/dyno", build);
	write_scenario(build, source, s);
	(void)getloadavg(load, 1);
	run();
	o = json_pack("{s:s,s:i,s:f}", "bench", "isolation", "cpus",
		(int)sysconf(_SC_NPROCESSORS_ONLN), "load_before", load[0]);
	for (struct part *p = parts; p->name; p++) {
		p->us = calloc(MAX_TRIPS, sizeof(*p->us));
		if (!p->us)
			perf_die("out of memory");
	}
	read_frames(parts, b + s);
	read_pictures(parts);
	for (struct part *p = parts; p->name; p++) {
		perf_sort(p->us, p->n);
		json_object_set_new(o, p->name,
			json_pack("{s:i,s:f,s:f,s:f,s:f}", "answers", (int)p->n, "median_us",
				quantile(p, 0.5), "p99_us", quantile(p, 0.99), "max_us",
				quantile(p, 1), "pictures_per_s", fps(p)));
	}
	json_object_set_new(o, "ratio",
		json_pack("{s:f,s:f,s:f}", "median",
			quantile(q, 0.5) > 0 ? quantile(l, 0.5) / quantile(q, 0.5) : 0, "p99",
			quantile(q, 0.99) > 0 ? quantile(l, 0.99) / quantile(q, 0.99) : 0,
			"pictures", fps(q) > 0 ? fps(l) / fps(q) : 0));
	/* How much of a flood it was. */
	m = json_loadf(in_folder("out/metrics.json", "re"), 0, NULL);
	flood = json_object_get(json_object_get(m, "guests"), "flood");
	metrics = json_object_get(json_object_get(json_object_get(m, "can"), "buses"), "can0");
	json_object_set_new(o, "flood",
		json_pack("{s:f,s:f}", "can_frames_per_s",
			(double)json_integer_value(json_object_get(metrics, "frames")) / s,
			"console_bytes_per_s",
			(double)(json_integer_value(json_object_get(flood, "log_bytes")) +
				 json_integer_value(json_object_get(flood, "log_lost_bytes"))) /
				s));
	json_dumpf(o, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(5));
	putchar('\n');
	json_decref(m);
	json_decref(o);
	for (struct part *p = parts; p->name; p++)
		free(p->us);
	perf_remove_folder(folder);
	return 0;
}
