/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sound of a guest, through dyno-audio, to a sink of a headless PipeWire that this program starts:
 *
 * - latency from the guest's handing a period over to the sink's playing it, at 10 ms and 5 ms
 * periods, with as many of them as the guest keeps queued (default 3). The guest's clock is brought
 * to the host's by the line that came back fastest, so figures lack a console's way of about 0.1
 * ms. And by how much it differs from what the guest could tell beforehand, of its queue and the
 * device's latency_bytes, less the turn of the sink that its monitor is late;
 * - underruns, and gaps at the sink, while both cores are kept busy by others;
 * - processor time of dyno-audio and of dyno-vm for each stream that plays.
 *
 * Prints one JSON object.
 *
 * usage: bench_sound [seconds [load seconds [periods [placement]]]]   (DYNO_BUILD_DIR as for the
 * tests); 0 seconds: only the load. `placement` is the guests', as a scenario has it: "{ nice: -10
 * }"
 */
#include <dirent.h>
#include <jansson.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "sim/bench/procstat.h"
#include "tests/e2e/dyno_proc.h"
#include "tests/e2e/sound_server.h"
#include "tests/perf/perf.h"
#include "tests/perf/sound_monitor.h"

#define MAX_PULSES 4096u
#define PULSE_MS   100u
/* The monitor hears a pulse within this of its being queued, or it was lost. */
#define LOST_NS (PULSE_MS * NS_PER_MS)

/* Where the scenarios' guests run; "" where the host likes. */
static const char *placement = "";

static void die(const char *what)
{
	fprintf(stderr, "bench_sound: %s\n", what);
	sound_kill_all();
	proc_folder_remove();
	exit(1);
}

static void nap_s(unsigned int s)
{
	struct timespec t = { .tv_sec = (time_t)s };

	nanosleep(&t, NULL);
}

static void write_scenario(const char *options, unsigned int streams)
{
	char text[2048];
	size_t n = 0;

	n += (size_t)snprintf(text + n, sizeof(text) - n,
		"duration: 1h\nend_when: guests-ended\naudio: pipewire\nguests:\n");
	for (unsigned int i = 0; i < streams && n < sizeof(text); i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
			"  tone%u:\n    kernel: builtin:tone\n    memory: 64M\n"
			"    cmdline: \"%s\"\n%s%s\n"
			"    sound: { main: { role: Test, target: vsink, record: false } }\n",
			i, options, placement[0] ? "    placement: " : "", placement);
	proc_write("sound.yaml", text);
}

/* Host time of bench time 0 of the run that ended. */
static uint64_t bench_zero(void)
{
	char *text = proc_read("out/metrics.json");
	json_t *m = text ? json_loads(text, 0, NULL) : NULL;
	const json_t *start = json_object_get(m, "start");
	uint64_t exec = (uint64_t)json_integer_value(json_object_get(start, "exec_monotonic_ns"));
	double zero_ms = json_number_value(json_object_get(start, "bench_zero_ms"));

	free(text);
	if (!start)
		die("the run left no figures");
	json_decref(m);
	return exec + (uint64_t)(zero_ms * 1e6);
}

/* Sum over the run's streams. */
static json_int_t xruns(void)
{
	char *text = proc_read("out/metrics.json");
	json_t *m = text ? json_loads(text, 0, NULL) : NULL, *s;
	json_int_t sum = 0;
	size_t i;

	json_array_foreach (json_object_get(json_object_get(m, "audio"), "streams"), i, s)
		sum += json_integer_value(json_object_get(s, "xruns"));
	json_decref(m);
	free(text);
	return sum;
}

struct pulse {
	uint64_t queued_ns; /* host time */
	uint64_t delay_ns; /* until it is heard, as the guest could tell */
};

/* "0.012345 hvc0: PULSE 3 at_us=678 delay_us=30000" */
static uint32_t read_pulses(uint64_t zero_ns, struct pulse out[MAX_PULSES])
{
	char *text = proc_read("out/tone0.log"), *line, *rest = NULL;
	double fastest = 1e18;
	uint32_t n = 0;

	if (!text)
		die("the guest said nothing");
	for (line = strtok_r(text, "\n", &rest); line && n < MAX_PULSES;
		line = strtok_r(NULL, "\n", &rest)) {
		const char *at = strstr(line, "at_us="), *delay = strstr(line, "delay_us=");
		double heard_ns, said_ns;

		if (!at || !delay || !strstr(line, "PULSE"))
			continue;
		heard_ns = strtod(line, NULL) * 1e9;
		said_ns = strtod(at + 6, NULL) * 1e3;
		if (heard_ns - said_ns < fastest)
			fastest = heard_ns - said_ns;
		out[n].delay_ns = (uint64_t)(strtod(delay + 9, NULL) * 1e3);
		out[n++].queued_ns = (uint64_t)said_ns;
	}
	free(text);
	for (uint32_t i = 0; i < n; i++)
		out[i].queued_ns += zero_ns + (uint64_t)fastest;
	return n;
}

static json_t *latencies(const struct monitor *m)
{
	static struct pulse pulse[MAX_PULSES];
	static double ms[MAX_PULSES], wrong_ms[MAX_PULSES];
	const uint64_t *heard;
	uint32_t n = read_pulses(bench_zero(), pulse), h = monitor_onsets(m, &heard), got = 0,
		 at = 0;
	const double turn_ms = monitor_quantum(m) / 48.0;

	for (uint32_t i = 0; i < n; i++) {
		uint64_t queued = pulse[i].queued_ns;

		while (at < h && heard[at] < queued)
			at++;
		if (at < h && heard[at] - queued < LOST_NS) {
			ms[got] = (double)(heard[at] - queued) / 1e6;
			wrong_ms[got] = ms[got] - (double)pulse[i].delay_ns / 1e6 - turn_ms;
			got++;
		}
	}
	if (!got)
		die("no pulse was heard");
	perf_sort(ms, got);
	perf_sort(wrong_ms, got);
	return json_pack("{s:i,s:i,s:f,s:f,s:f,s:f,s:f,s:f,s:f}", "pulses", (int)n, "heard",
		(int)got, "min_ms", ms[0], "median_ms", ms[got / 2], "p99_ms",
		ms[(uint64_t)got * 99 / 100], "max_ms", ms[got - 1], "later_than_told_p1_ms",
		wrong_ms[got / 100], "later_than_told_median_ms", wrong_ms[got / 2],
		"later_than_told_p99_ms", wrong_ms[(uint64_t)got * 99 / 100]);
}

static json_t *latency(unsigned int period, unsigned int periods, unsigned int seconds)
{
	char options[128];
	struct monitor *m = monitor_open();
	struct proc p;
	json_t *o;

	if (!m)
		die("no monitor");
	snprintf(options, sizeof(options),
		"tone=1,1 pulse=%u level=-6 period=%u periods=%u seconds=%u", PULSE_MS, period,
		periods, seconds);
	write_scenario(options, 1);
	if (proc_run(&p, ARGS("run", "--headless", "--quiet", "sound.yaml")) != 0)
		die("the run failed");
	proc_free(&p);
	o = latencies(m);
	json_object_set_new(o, "period_ms", json_real(period / 48.0));
	json_object_set_new(o, "periods", json_integer(periods));
	json_object_set_new(o, "sink_frames", json_integer(monitor_quantum(m)));
	json_object_set_new(o, "xruns", json_integer(xruns()));
	monitor_close(m);
	return o;
}

/* ---- load ---- */

static pid_t burn(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		/* As any program, however important this one was made. */
		setpriority(PRIO_PROCESS, 0, 0);
		for (volatile unsigned int i = 0;; i++)
			;
	}
	return pid;
}

static json_t *loaded(unsigned int seconds)
{
	const long cores = sysconf(_SC_NPROCESSORS_ONLN);
	pid_t burners[64];
	char options[128];
	struct monitor *m;
	struct proc p;
	json_t *o;
	long n;

	for (n = 0; n < cores && n < 64; n++)
		burners[n] = burn();
	m = monitor_open();
	snprintf(
		options, sizeof(options), "tone=440,1000 period=480 periods=4 seconds=%u", seconds);
	write_scenario(options, 1);
	proc_start(&p, ARGS("run", "--headless", "--quiet", "sound.yaml"));
	for (unsigned int s = 0; s < seconds + 10 && waitpid(p.pid, NULL, WNOHANG) == 0; s++)
		nap_s(1);
	while (n > 0) {
		kill(burners[--n], SIGKILL);
		waitpid(burners[n], NULL, 0);
	}
	o = json_pack("{s:i,s:I,s:I,s:i}", "seconds", (int)seconds, "xruns", xruns(),
		"gaps_at_sink", (json_int_t)monitor_gaps(m), "burners", (int)cores);
	monitor_close(m);
	return o;
}

/* ---- processor time ---- */

/* Sum over the children of `parent` by that name. */
static double cpu_ms(pid_t parent, const char *name)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	double sum = 0;

	while (d && (e = readdir(d))) {
		char path[64], line[512], *close;
		pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);
		uint64_t ns;
		FILE *f;

		if (pid <= 0)
			continue;
		snprintf(path, sizeof(path), "/proc/%d/stat", pid);
		f = fopen(path, "re");
		if (!f)
			continue;
		/* "PID (NAME) S PPID ..." */
		if (fgets(line, sizeof(line), f) && strstr(line, name) &&
			(close = strrchr(line, ')')) != NULL &&
			strtol(close + 4, NULL, 10) == parent && proc_cpu(pid, &ns) == 0)
			sum += (double)ns / 1e6;
		fclose(f);
	}
	if (d)
		closedir(d);
	return sum;
}

static json_t *processor(unsigned int streams, unsigned int seconds)
{
	char options[128];
	double audio, vm;
	struct proc p;

	snprintf(options, sizeof(options), "tone=440,1000 period=480 periods=4 seconds=%u",
		seconds + 6);
	write_scenario(options, streams);
	proc_start(&p, ARGS("run", "--headless", "--quiet", "sound.yaml"));
	nap_s(2);
	audio = cpu_ms(p.pid, "(dyno-audio)");
	vm = cpu_ms(p.pid, "(dyno-vm)");
	nap_s(seconds);
	audio = cpu_ms(p.pid, "(dyno-audio)") - audio;
	vm = cpu_ms(p.pid, "(dyno-vm)") - vm;
	(void)proc_wait(&p);
	proc_free(&p);
	return json_pack("{s:i,s:f,s:f}", "streams", (int)streams, "dyno_audio_percent_per_stream",
		audio / seconds / 10 / streams, "dyno_vm_percent_per_stream",
		vm / seconds / 10 / streams);
}

int main(int argc, char **argv)
{
	unsigned int seconds = argc > 1 ? (unsigned int)strtoul(argv[1], NULL, 10) : 20;
	unsigned int load = argc > 2 ? (unsigned int)strtoul(argv[2], NULL, 10) : 20;
	unsigned int periods = argc > 3 ? (unsigned int)strtoul(argv[3], NULL, 10) : 3;
	struct sound_server s;
	json_t *o = json_object();

	placement = argc > 4 ? argv[4] : "";
	if (sound_server_unable(SOUND_PIPEWIRE))
		die("PipeWire's programs are missing");
	sound_server_start(&s, SOUND_PIPEWIRE);
	if (seconds) {
		json_object_set_new(o, "latency_10ms", latency(480, periods, seconds));
		json_object_set_new(o, "latency_5ms", latency(240, periods, seconds));
		json_object_set_new(o, "cpu_1", processor(1, 5));
		json_object_set_new(o, "cpu_4", processor(4, 5));
	}
	if (load)
		json_object_set_new(o, "under_load", loaded(load));
	sound_server_stop(&s);
	json_dumpf(o, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(4));
	putchar('\n');
	json_decref(o);
	proc_folder_remove();
	return 0;
}
