/* SPDX-License-Identifier: Apache-2.0 */
/* The figures of a run as JSON: metrics.json, `dyno ctl metrics` and `dyno ctl status`. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "sim/bench/bench.h"
#include "sim/bench/json_text.h"
#include "sim/bench/procstat.h"

/* Milliseconds from the start of main() to a stamp; null while it has not happened. */
static json_t *since_exec(const struct bench *b, uint64_t t_ns)
{
	return t_ns > b->opts.exec_ns ? json_real((double)(t_ns - b->opts.exec_ns) / 1e6)
				      : json_null();
}

static json_t *memory_of(pid_t pid, uint64_t ram_bytes)
{
	struct proc_memory m;

	if (pid <= 0 || proc_memory(pid, ram_bytes, &m))
		return json_null();
	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "rss_kib",
		(json_int_t)(m.rss_bytes / 1024), "pss_kib", (json_int_t)(m.pss_bytes / 1024),
		"guest_ram_kib", (json_int_t)(m.guest_ram_bytes / 1024), "surfaces_kib",
		(json_int_t)(m.surface_bytes / 1024), "beyond_ram_kib",
		(json_int_t)((m.rss_bytes - m.guest_ram_bytes) / 1024), "own_kib",
		(json_int_t)((m.rss_bytes - m.guest_ram_bytes - m.surface_bytes) / 1024),
		"private_kib", (json_int_t)(m.private_bytes / 1024));
}

static json_t *cpu_of(const struct child *c)
{
	uint64_t ns = c->cpu_ns;

	if (c->pid > 0 && proc_cpu(c->pid, &ns))
		return json_null();
	return json_real((double)ns / 1e6);
}

json_t *metrics_guest_memory(const struct guest *g)
{
	return memory_of(g->vm.pid, g->sg->memory_bytes);
}

json_t *metrics_ui_memory(const struct ui_proc *u)
{
	return memory_of(u->child.pid, 0);
}

static json_t *guest_metrics(const struct bench *b, const struct guest *g)
{
	json_t *frames = json_array(), *m;

	for (uint32_t d = 0; d < g->sg->n_displays; d++)
		json_array_append_new(frames, since_exec(b, g->first_frame_ns[d]));
	m = json_pack("{s:s,s:o,s:i,s:i,s:i,s:o,s:o,s:o,s:o,s:o,s:o}", "state", guest_state_name(g),
		"end", json_text(g->exit_text), "restarts", (int)g->restarts, "panics",
		(int)g->panics, "watchdogs", (int)g->watchdogs, "spawn_ms",
		since_exec(b, g->spawned_ns), "first_kvm_run_ms", since_exec(b, g->started_ns),
		"ready_ms", since_exec(b, g->ready_ns), "first_frame_ms", frames, "cpu_ms",
		cpu_of(&g->vm), "memory",
		g->memory ? json_incref(g->memory) : metrics_guest_memory(g));
	json_object_set_new(m, "log_bytes", json_integer((json_int_t)g->log_bytes));
	json_object_set_new(m, "log_lost_bytes", json_integer((json_int_t)g->log_lost_bytes));
	json_object_set_new(m, "lines_not_shown", json_integer((json_int_t)g->said.lost));
	if (m && g->sg->gnss.enabled)
		json_object_set_new(m, "gnss", gnss_metrics(b->gnss, g->index));
	if (m && g->throttle_percent)
		json_object_set_new(
			m, "throttle_percent", json_integer((json_int_t)g->throttle_percent));
	if (m && g->balloon)
		json_object_set(m, "balloon", g->balloon);
	return m;
}

/* The latest first frame of all displays; null when one is missing. */
static json_t *all_frames(const struct bench *b)
{
	uint64_t last = 0;

	for (uint32_t i = 0; i < b->s->n_guests; i++) {
		for (uint32_t d = 0; d < b->s->guests[i].n_displays; d++) {
			uint64_t t = b->guests[i].first_frame_ns[d];

			if (!t)
				return json_null();
			last = MAX(last, t);
		}
	}
	return since_exec(b, last);
}

static json_t *all_ready(const struct bench *b)
{
	uint64_t last = 0;

	for (uint32_t i = 0; i < b->s->n_guests; i++) {
		if (!b->guests[i].ready_ns)
			return json_null();
		last = MAX(last, b->guests[i].ready_ns);
	}
	return since_exec(b, last);
}

static json_t *ui_metrics(const struct bench *b)
{
	if (!b->ui.started)
		return json_null();
	return json_pack("{s:o,s:o}", "cpu_ms", cpu_of(&b->ui.child), "memory",
		b->ui.memory ? json_incref(b->ui.memory) : metrics_ui_memory(&b->ui));
}

json_t *bench_metrics(struct bench *b)
{
	json_t *guests = json_object(), *buses = buses_metrics(b->buses);
	struct timespec self;
	json_t *m;

	for (uint32_t i = 0; i < b->s->n_guests; i++)
		json_object_set_new(guests, b->guests[i].sg->name, guest_metrics(b, &b->guests[i]));
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &self);
	m = json_pack(
		"{s:o,s:s,s:b,s:f,s:{s:I,s:o,s:o,s:o,s:o,s:o,s:o},s:o,s:o,s:o,s:o,s:o,s:O?,s:{s:f}}",
		"scenario", json_text(b->s->path), "version", DYNO_VERSION, "windows", b->windows,
		"bench_s", (double)(b->end_ns ? b->end_ns : bench_now(b)) / 1e9, "start",
		"exec_monotonic_ns", (json_int_t)b->opts.exec_ns, "parsed_ms",
		since_exec(b, b->parsed_ns), "spawned_ms", since_exec(b, b->spawned_ns),
		"bench_zero_ms", since_exec(b, b->zero_host_ns), "all_ready_ms", all_ready(b),
		"all_first_frames_ms", all_frames(b), "ui_ready_ms", since_exec(b, b->ui.ready_ns),
		"guests", guests, "can", buses, "net", nets_metrics(b->nets), "ui", ui_metrics(b),
		"services", services_metrics(&b->services), "audio", b->audio.figures, "bench",
		"cpu_ms", (double)self.tv_sec * 1e3 + (double)self.tv_nsec / 1e6);
	return m;
}

static const char *phase_name(const struct bench *b)
{
	static const char *const names[] = { "starting", "running", "ending", "stopping", "done" };

	return b->phase == BENCH_RUNNING && b->paused ? "paused" : names[b->phase];
}

json_t *bench_status(struct bench *b)
{
	struct buses_brief brief[SCENARIO_MAX_BUSES];
	json_t *guests = json_array(), *buses = json_array();

	memset(brief, 0, sizeof(brief));
	buses_get_brief(b->buses, brief);
	for (uint32_t i = 0; i < b->s->n_guests; i++) {
		const struct guest *g = &b->guests[i];

		json_array_append_new(guests,
			json_pack("{s:s,s:s,s:i,s:i,s:i,s:o,s:i}", "name", g->sg->name, "state",
				guest_state_name(g), "pid", (int)g->vm.pid, "restarts",
				(int)g->restarts, "displays", (int)g->sg->n_displays, "end",
				json_text(g->exit_text), "cpu_percent",
				g->throttle_percent ? (int)g->throttle_percent : 100));
	}
	for (uint32_t i = 0; i < b->s->n_buses; i++)
		json_array_append_new(
			buses, json_pack("{s:s,s:I,s:I,s:f}", "name", b->s->buses[i].name, "frames",
				       (json_int_t)brief[i].frames, "dropped",
				       (json_int_t)brief[i].dropped, "load_percent",
				       brief[i].load_permille / 10.0));
	return json_pack("{s:s,s:s,s:f,s:f,s:o,s:s,s:i,s:o,s:o,s:o}", "scenario", b->s->name,
		"state", phase_name(b), "time_s", (double)bench_now(b) / 1e9, "duration_s",
		(double)b->duration_ns / 1e9, "out", json_text(b->out_dir), "ui",
		!b->ui.started ? "none"
		: b->windows   ? "windows"
			       : "headless",
		"ui_pid", (int)b->ui.child.pid, "guests", guests, "buses", buses, "streams",
		audio_streams(&b->audio, b->s));
}
