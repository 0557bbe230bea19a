/* SPDX-License-Identifier: Apache-2.0 */
/* `dyno` keeps a guest in its place: on its CPUs, and out of the host's disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/e2e/dyno_proc.h"

#define LOG_LIMIT 65536

static const json_t *guest_figures(const json_t *metrics, const char *name)
{
	return json_object_get(json_object_get(metrics, "guests"), name);
}

static void test_a_flooding_guest_fills_its_logs_to_the_limit_and_no_more(void **state)
{
	const char *build = getenv("DYNO_BUILD_DIR");
	char text[1024], *log;
	const json_t *bus;
	struct proc p;
	struct stat st;
	json_t *m;

	(void)state;
	snprintf(text, sizeof(text),
		"duration: 4s\n"
		"ui: headless\n"
		"buses: { can0: { record_limit: 64K } }\n"
		"guests:\n"
		"  flood: { kernel: %s/tests/flood.elf, can: [can0], log_limit: 64K }\n"
		"checks:\n"
		"  - console: { port: hvc0, match: 'def [0-9]{4,}$', within: 4s }\n",
		build ? build : ".");
	proc_write("flood.yaml", text);
	assert_int_equal(proc_run(&p, ARGS("run", "flood.yaml")), 0);
	proc_has(p.err, "flood: its log has reached 64");
	proc_has(p.err, "recording of can0: its file is as large as it may become");
	proc_free(&p);
	/* The last line says why; it may stand beyond the limit. */
	assert_int_equal(stat(proc_path("out/flood.log"), &st), 0);
	assert_in_range(st.st_size, LOG_LIMIT - 4200, LOG_LIMIT + 200);
	log = proc_read("out/flood.log");
	proc_has(log + strlen(log) - 120, "--- log_limit: 64");
	free(log);
	assert_int_equal(stat(proc_path("out/can0.log"), &st), 0);
	assert_in_range(st.st_size, LOG_LIMIT - 224, LOG_LIMIT);
	m = json_load_file(proc_path("out/metrics.json"), 0, NULL);
	assert_true(json_integer_value(json_object_get(
			    guest_figures(m, "flood"), "log_lost_bytes")) > LOG_LIMIT);
	bus = json_object_get(json_object_get(json_object_get(m, "can"), "buses"), "can0");
	assert_true(json_integer_value(json_object_get(bus, "record_lost")) > 0);
	json_decref(m);
}

/* What is true of a thread: its name, where it may run, its priority. */
static bool thread_is(pid_t pid, const char *name, int cpu, int nice)
{
	char path[300], comm[32] = "";
	bool found = false;
	struct dirent *d;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	assert_non_null(dir);
	while ((d = readdir(dir))) {
		pid_t tid = (pid_t)strtol(d->d_name, NULL, 10);
		cpu_set_t set;
		FILE *f;

		if (d->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%s/comm", (int)pid, d->d_name);
		f = fopen(path, "re");
		if (!f || fscanf(f, "%31s", comm) != 1 || strcmp(comm, name) != 0) {
			if (f)
				fclose(f);
			continue;
		}
		fclose(f);
		found = true;
		assert_int_equal(sched_getaffinity(tid, sizeof(set), &set), 0);
		if (CPU_COUNT(&set) != 1)
			fail_msg("thread %s may run on %d CPUs", name, CPU_COUNT(&set));
		assert_true(CPU_ISSET((size_t)cpu, &set));
		assert_int_equal(getpriority(PRIO_PROCESS, (id_t)tid), nice);
	}
	closedir(dir);
	return found;
}

static void test_a_guest_runs_where_the_scenario_puts_it(void **state)
{
	const char *build = getenv("DYNO_BUILD_DIR");
	int first = -1, last = -1;
	char text[1024];
	cpu_set_t host;
	struct proc p;
	json_t *s;
	pid_t vm;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(host), &host), 0);
	for (int i = 0; i < CPU_SETSIZE; i++) {
		if (!CPU_ISSET((size_t)i, &host))
			continue;
		first = first < 0 ? i : first;
		last = i;
	}
	snprintf(text, sizeof(text),
		"duration: 30s\n"
		"ui: headless\n"
		"bench_cpus: %d\n"
		"guests:\n"
		"  tiny:\n"
		"    kernel: %s/tests/tiny_guest.elf\n"
		"    cmdline: echo\n"
		"    placement: { cpus: [%d], vcpus: %d, nice: 5 }\n",
		first, build ? build : ".", first, last);
	proc_write("place.yaml", text);
	proc_start(&p, ARGS("run", "place.yaml"));
	s = proc_await_state("running");
	vm = (pid_t)json_integer_value(
		json_object_get(json_array_get(json_object_get(s, "guests"), 0), "pid"));
	json_decref(s);
	assert_true(vm > 0);
	assert_true(thread_is(vm, "dyno-vm", first, 5));
	assert_true(thread_is(vm, "devices", first, 5));
	assert_true(thread_is(vm, "vcpu0", last, 5));
	assert_true(thread_is(p.pid, "dyno", first, getpriority(PRIO_PROCESS, 0)));
	json_decref(proc_ctl(ARGS("stop")));
	assert_int_equal(proc_wait(&p), 0);
	proc_free(&p);
}

static void test_a_cpu_that_the_host_lacks_ends_the_run_before_it_starts(void **state)
{
	struct proc p;

	(void)state;
	proc_write("lack.yaml",
		"duration: 1s\n"
		"guests:\n"
		"  a: { kernel: builtin:conformance, placement: { cpus: [0, 1023] } }\n");
	assert_int_equal(proc_run(&p, ARGS("run", "--headless", "lack.yaml")), 3);
	proc_has(p.err, "guest a: placement: the host has no CPU 1023 for us: it has ");
	proc_free(&p);
}

static void test_huge_pages_that_the_host_lacks_are_said_with_their_place(void **state)
{
	struct proc p;

	(void)state;
	proc_write("huge.yaml",
		"duration: 2s\n"
		"guests:\n"
		"  a: { kernel: builtin:conformance, memory: 62G, huge_pages: 2M }\n");
	assert_int_equal(proc_run(&p, ARGS("run", "--headless", "huge.yaml")), 3);
	proc_has(p.err, "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages");
	proc_free(&p);
}

/* The host's huge pages of a size. */
struct huge {
	unsigned long kib, pages; /* as many as the guest has */
	const char *word, *memory;
	long before; /* what nr_hugepages was; -1: not changed */
};

static FILE *huge_file(const struct huge *h, const char *name, const char *mode)
{
	char path[100];

	snprintf(path, sizeof(path), "/sys/kernel/mm/hugepages/hugepages-%lukB/%s", h->kib, name);
	return fopen(path, mode);
}

static long huge_get(const struct huge *h, const char *name)
{
	FILE *f = huge_file(h, name, "re");
	char text[32];

	if (!f)
		return -1;
	if (!fgets(text, sizeof(text), f))
		fail_msg("%s of %lu KiB cannot be read", name, h->kib);
	fclose(f);
	return strtol(text, NULL, 10);
}

static void huge_set(const struct huge *h, long n)
{
	FILE *f = huge_file(h, "nr_hugepages", "we");

	if (f) {
		fprintf(f, "%ld", n);
		fclose(f);
	}
}

/* Those that are promised to nobody. */
static long huge_spare(const struct huge *h)
{
	return huge_get(h, "free_hugepages") - huge_get(h, "resv_hugepages");
}

static int huge_teardown(void **state)
{
	struct huge *h = *state;

	if (h->before >= 0)
		huge_set(h, h->before);
	return 0;
}

static void test_a_guest_lives_on_huge_pages_and_gives_them_back(void **state)
{
	const char *build = getenv("DYNO_BUILD_DIR");
	struct huge *h = *state;
	char text[1024];
	struct proc p;
	long spare;

	h->before = huge_get(h, "nr_hugepages");
	if (h->before >= 0)
		huge_set(h, h->before + (long)h->pages);
	spare = huge_spare(h);
	if (spare < (long)h->pages) {
		print_message("skipped: this host gives us no huge pages of %lu KiB\n", h->kib);
		skip();
	}
	snprintf(text, sizeof(text),
		"duration: 30s\n"
		"ui: headless\n"
		"guests:\n"
		"  tiny: { kernel: %s/tests/tiny_guest.elf, cmdline: echo, memory: %s,\n"
		"          huge_pages: %s }\n",
		build ? build : ".", h->memory, h->word);
	proc_write("pages.yaml", text);
	proc_start(&p, ARGS("run", "pages.yaml"));
	json_decref(proc_await_state("running"));
	assert_int_equal(huge_spare(h), spare - (long)h->pages);
	json_decref(proc_ctl(ARGS("stop")));
	assert_int_equal(proc_wait(&p), 0);
	proc_free(&p);
	assert_int_equal(huge_spare(h), spare);
}

int main(void)
{
	struct huge small = { .kib = 2048, .pages = 32, .word = "2M", .memory = "64M" };
	struct huge large = { .kib = 1048576, .pages = 1, .word = "1G", .memory = "1G" };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_flooding_guest_fills_its_logs_to_the_limit_and_no_more),
		cmocka_unit_test(test_a_guest_runs_where_the_scenario_puts_it),
		cmocka_unit_test(test_a_cpu_that_the_host_lacks_ends_the_run_before_it_starts),
		cmocka_unit_test(test_huge_pages_that_the_host_lacks_are_said_with_their_place),
		{ "a guest on pages of 2 MiB", test_a_guest_lives_on_huge_pages_and_gives_them_back,
			NULL, huge_teardown, &small },
		{ "a guest on pages of 1 GiB", test_a_guest_lives_on_huge_pages_and_gives_them_back,
			NULL, huge_teardown, &large },
	};

	proc_need_kvm();
	return cmocka_run_group_tests(tests, NULL, proc_group_teardown);
}
