/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processor time of a stand at rest and of one that is driven: both ECUs with their displays, first
 * on a silent bus, where nothing moves on either screen, then with the synthetic drive at its own
 * speed. For each process: per cent of a core (median and maximum of samples of one second) and
 * voluntary switches per second, which is how often it woke. Prints one JSON object.
 *
 * usage: bench_idle [samples]     (DYNO_BUILD_DIR and DYNO_SOURCE_DIR as for the tests)
 */
#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "sim/bench/procstat.h"
#include "tests/perf/perf.h"
#include "tests/support/stand.h"

#define MAX_SAMPLES 300u
#define SETTLE_S    3u
#define PROCS       4u
#define LIMIT_S     30u

static char folder[] = "/tmp/dyno-bench-XXXXXX";
static char program[1024];

struct watched {
	const char *name;
	pid_t pid;
	uint64_t ns, wakes; /* at the last sample */
	double percent[MAX_SAMPLES], wakes_per_s[MAX_SAMPLES];
};

static void write_scenario(const char *path, const char *source, bool driven, unsigned int seconds)
{
	FILE *f = fopen(path, "we");

	if (!f)
		perf_die("cannot write the scenario");
	stand_write(f, source, seconds);
	if (driven)
		fprintf(f,
			"replays:\n"
			"  - { file: %s/assets/traces/synthetic-drive.log, map: { can0: can0 }, "
			"loop: true }\n",
			source);
	fclose(f);
}

static pid_t start(char *scenario)
{
	char *argv[] = { program, "run", "--quiet", "--headless", scenario, NULL };
	posix_spawn_file_actions_t fa;
	pid_t pid;

	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_addchdir_np(&fa, folder);
	posix_spawn_file_actions_addopen(&fa, 1, "/dev/null", O_WRONLY, 0);
	if (posix_spawn(&pid, program, &fa, NULL, argv, environ))
		perf_die("cannot start dyno");
	posix_spawn_file_actions_destroy(&fa);
	return pid;
}

/* The run's status, or NULL while it does not answer. */
static json_t *status(void)
{
	char command[1400];
	json_t *a;
	FILE *p;

	snprintf(command, sizeof(command),
		"%s ctl --json --socket %s/out/control.sock status 2>/dev/null", program, folder);
	p = popen(command, "re");
	if (!p)
		perf_die("cannot run dyno ctl");
	a = json_loadf(p, 0, NULL);
	pclose(p);
	return a;
}

/* Waits until both guests are ready; their processes. */
static void find_processes(struct watched *w, pid_t dyno)
{
	for (unsigned int i = 0; i < LIMIT_S * 10; i++) {
		json_t *a = status(), *g;
		unsigned int ready = 0;
		size_t k;

		json_array_foreach (json_object_get(a, "guests"), k, g) {
			const char *state = json_string_value(json_object_get(g, "state"));

			w[k & 1].name = k ? "ivi" : "cluster";
			w[k & 1].pid = (pid_t)json_integer_value(json_object_get(g, "pid"));
			ready += state && strcmp(state, "ready") == 0;
		}
		w[2].name = "dyno";
		w[2].pid = dyno;
		w[3].name = "dyno-ui";
		w[3].pid = (pid_t)json_integer_value(json_object_get(a, "ui_pid"));
		json_decref(a);
		if (ready == 2)
			return;
		usleep(100000);
	}
	perf_die("the guests do not get ready");
}

static uint64_t wakes_of(pid_t pid)
{
	char path[512], line[128];
	uint64_t sum = 0, n;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	d = opendir(path);
	if (!d)
		perf_die("a process is gone");
	for (struct dirent *en = readdir(d); en; en = readdir(d)) {
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%d/task/%s/status", (int)pid, en->d_name);
		f = en->d_name[0] == '.' ? NULL : fopen(path, "re");
		while (f && fgets(line, sizeof(line), f)) {
			if (sscanf(line, "voluntary_ctxt_switches: %lu", &n) == 1)
				sum += n;
		}
		if (f)
			fclose(f);
	}
	closedir(d);
	return sum;
}

static void sample(struct watched *w, unsigned int i, double seconds)
{
	for (unsigned int k = 0; k < PROCS; k++) {
		uint64_t ns = 0, wakes = wakes_of(w[k].pid);

		if (proc_cpu(w[k].pid, &ns))
			perf_die("a process is gone");
		w[k].percent[i] = (double)(ns - w[k].ns) / seconds / 1e7;
		w[k].wakes_per_s[i] = (double)(wakes - w[k].wakes) / seconds;
		w[k].ns = ns;
		w[k].wakes = wakes;
	}
}

static json_t *run(char *scenario, unsigned int samples)
{
	static struct watched w[PROCS];
	pid_t dyno = start(scenario);
	json_t *o = json_object();
	uint64_t before, now;

	find_processes(w, dyno);
	sleep(SETTLE_S);
	before = clock_now_ns();
	sample(w, 0, 1); /* only the beginning is kept */
	for (unsigned int i = 0; i < samples; i++) {
		sleep(1);
		now = clock_now_ns();
		sample(w, i, (double)(now - before) / 1e9);
		before = now;
	}
	kill(dyno, SIGTERM);
	waitpid(dyno, NULL, 0);
	for (unsigned int k = 0; k < PROCS; k++) {
		perf_sort(w[k].percent, samples);
		perf_sort(w[k].wakes_per_s, samples);
		json_object_set_new(o, w[k].name,
			json_pack("{s:f,s:f,s:f}", "cpu_percent_median", w[k].percent[samples / 2],
				"cpu_percent_max", w[k].percent[samples - 1], "wakes_per_s_median",
				w[k].wakes_per_s[samples / 2]));
	}
	return o;
}

int main(int argc, char **argv)
{
	const char *build = getenv("DYNO_BUILD_DIR"), *source = getenv("DYNO_SOURCE_DIR");
	unsigned long samples = argc > 1 ? strtoul(argv[1], NULL, 10) : 10;
	char path[512];
	json_t *out;

	if (!build || !source || samples < 1 || samples > MAX_SAMPLES)
		perf_die("usage: DYNO_BUILD_DIR=... DYNO_SOURCE_DIR=... bench_idle [1..300]");
	if (!mkdtemp(folder))
		perf_die("cannot make a folder");
	out = json_pack("{s:I}", "samples", (json_int_t)samples);
	snprintf(program, sizeof(program), "%s/bin/dyno", build);
	snprintf(path, sizeof(path), "%s/stand.yaml", folder);
	for (int driven = 0; driven < 2; driven++) {
		write_scenario(path, source, driven, (unsigned int)samples + 2 * LIMIT_S);
		json_object_set_new(
			out, driven ? "driven" : "idle", run(path, (unsigned int)samples));
	}
	json_dumpf(out, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(4));
	putchar('\n');
	json_decref(out);
	return perf_remove_folder(folder) ? 1 : 0;
}
