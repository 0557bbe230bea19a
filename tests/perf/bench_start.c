/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What it takes to start the cockpit, measured on the real programs: exec to the last guest's first
 * KVM_RUN, to both guests READY, to the first complete frame on both displays; memory of each
 * dyno-vm beyond guest RAM (own: also without the pictures it shares with the UI); processor time
 * of idle guests (two runs of different length compared). Prints one JSON object; medians over the
 * runs.
 *
 * usage: bench_start [runs]     (DYNO_BUILD_DIR and DYNO_SOURCE_DIR as for the tests)
 */
#include <fcntl.h>
#include <jansson.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "tests/perf/perf.h"
#include "tests/support/stand.h"

#define MAX_RUNS     100
#define IDLE_SHORT_S 2.0
#define IDLE_LONG_S  8.0

static char folder[] = "/tmp/dyno-bench-XXXXXX";
static char program[1024], scenario[256], out_dir[256];

/* Both guests with their displays on a silent bus: an idle stand. */
static void write_scenario(const char *source)
{
	FILE *f;

	snprintf(scenario, sizeof(scenario), "%s/idle.yaml", folder);
	f = fopen(scenario, "we");
	if (!f)
		perf_die("cannot write the scenario");
	stand_write(f, source, 2);
	fclose(f);
}

/* One run; its metrics, with "before_exec_ms" from before the exec to the start of main(). */
static json_t *run(double seconds)
{
	char duration[32], path[512];
	char *argv[] = { program, "run", "--quiet", "--headless", "--duration", duration, "--out",
		out_dir, scenario, NULL };
	posix_spawn_file_actions_t fa;
	uint64_t t0;
	json_t *m;
	int status;
	pid_t pid;

	snprintf(duration, sizeof(duration), "%gs", seconds);
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_addopen(&fa, 1, "/dev/null", O_WRONLY, 0);
	t0 = clock_now_ns();
	if (posix_spawn(&pid, program, &fa, NULL, argv, environ))
		perf_die("cannot start dyno");
	posix_spawn_file_actions_destroy(&fa);
	if (waitpid(pid, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) > 1)
		perf_die("the run failed");
	snprintf(path, sizeof(path), "%s/metrics.json", out_dir);
	m = json_load_file(path, 0, NULL);
	if (!m)
		perf_die("the run left no metrics.json");
	json_object_set_new(m, "before_exec_ms",
		json_real((double)((uint64_t)json_integer_value(json_object_get(
					   json_object_get(m, "start"), "exec_monotonic_ns")) -
				   t0) /
			  1e6));
	return m;
}

static json_t *summary(double *v, size_t n)
{
	perf_sort(v, n);
	return n ? json_pack("{s:f,s:f,s:f}", "median", v[n / 2], "min", v[0], "max", v[n - 1])
		 : json_null();
}

struct series {
	double v[MAX_RUNS];
	size_t n;
};

static void collect(struct series *s, const json_t *v, double offset)
{
	if (json_is_number(v) && s->n < MAX_RUNS)
		s->v[s->n++] = json_number_value(v) + offset;
}

static const json_t *guest(const json_t *m, const char *name)
{
	return json_object_get(json_object_get(m, "guests"), name);
}

static double cpu_ms(const json_t *m, const char *name)
{
	return json_number_value(json_object_get(guest(m, name), "cpu_ms"));
}

int main(int argc, char **argv)
{
	static const char *const names[] = { "cluster", "ivi" };
	const char *build = getenv("DYNO_BUILD_DIR"), *source = getenv("DYNO_SOURCE_DIR");
	unsigned long runs = argc > 1 ? strtoul(argv[1], NULL, 10) : 10;
	struct series kvm_run = { .n = 0 }, ready = { .n = 0 }, frames = { .n = 0 };
	struct series memory[2] = { { .n = 0 }, { .n = 0 } }, own[2] = { { .n = 0 }, { .n = 0 } };
	json_t *out = json_object(), *lengths[2];

	if (!build || !source || runs < 1 || runs > MAX_RUNS)
		perf_die("usage: DYNO_BUILD_DIR=... DYNO_SOURCE_DIR=... bench_start [1..100]");
	if (!mkdtemp(folder))
		perf_die("cannot make a folder");
	snprintf(program, sizeof(program), "%s/bin/dyno", build);
	snprintf(out_dir, sizeof(out_dir), "%s/out", folder);
	write_scenario(source);
	for (unsigned long i = 0; i < runs; i++) {
		json_t *m = run(1.5);
		const json_t *start = json_object_get(m, "start");
		double offset = json_number_value(json_object_get(m, "before_exec_ms"));

		collect(&kvm_run, json_object_get(start, "bench_zero_ms"), offset);
		collect(&ready, json_object_get(start, "all_ready_ms"), offset);
		collect(&frames, json_object_get(start, "all_first_frames_ms"), offset);
		for (size_t g = 0; g < 2; g++) {
			const json_t *mem = json_object_get(guest(m, names[g]), "memory");

			collect(&memory[g], json_object_get(mem, "beyond_ram_kib"), 0);
			collect(&own[g], json_object_get(mem, "own_kib"), 0);
		}
		json_decref(m);
	}
	lengths[0] = run(IDLE_SHORT_S);
	lengths[1] = run(IDLE_LONG_S);
	json_object_set_new(out, "runs", json_integer((json_int_t)runs));
	json_object_set_new(out, "exec_to_last_first_kvm_run_ms", summary(kvm_run.v, kvm_run.n));
	json_object_set_new(out, "exec_to_all_ready_ms", summary(ready.v, ready.n));
	json_object_set_new(out, "exec_to_all_first_frames_ms", summary(frames.v, frames.n));
	for (size_t g = 0; g < 2; g++) {
		double idle = (cpu_ms(lengths[1], names[g]) - cpu_ms(lengths[0], names[g])) /
			      (IDLE_LONG_S - IDLE_SHORT_S) / 10.0;

		json_object_set_new(out, names[g],
			json_pack("{s:o,s:o,s:f}", "beyond_ram_kib",
				summary(memory[g].v, memory[g].n), "own_kib",
				summary(own[g].v, own[g].n), "idle_cpu_percent", idle));
	}
	json_dumpf(out, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
	putchar('\n');
	json_decref(lengths[0]);
	json_decref(lengths[1]);
	json_decref(out);
	return perf_remove_folder(folder) ? 1 : 0;
}
