/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run of a scenario: guests, windows, buses, checks and the clock that they share. One struct
 * bench, used on the main loop's thread; the bus thread has its own world (buses.h).
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ev.h"
#include "sim/bench/audio_proc.h"
#include "sim/bench/buses.h"
#include "sim/bench/ctl_server.h"
#include "sim/bench/gnss.h"
#include "sim/bench/guest.h"
#include "sim/bench/nets.h"
#include "sim/bench/own_console.h"
#include "sim/bench/panel.h"
#include "sim/bench/placement.h"
#include "sim/bench/script_notes.h"
#include "sim/bench/service.h"
#include "sim/bench/term.h"
#include "sim/bench/ui_proc.h"
#include "sim/bench/vsocks.h"
#include "sim/check/check.h"
#include "sim/clock/agenda.h"
#include "sim/clock/bench_clock.h"
#include "sim/scenario/scenario.h"

enum bench_phase {
	BENCH_STARTING, /* guests are being built; bench time stands at 0 */
	BENCH_RUNNING,
	BENCH_ENDING, /* time is over: last pictures are taken */
	BENCH_STOPPING, /* guests and windows are told to end */
	BENCH_DONE
};

enum bench_windows { BENCH_WINDOWS_SCENARIO, BENCH_WINDOWS_ON, BENCH_WINDOWS_OFF };
enum bench_panel_show { BENCH_PANEL_SCENARIO, BENCH_PANEL_ON, BENCH_PANEL_OFF };

struct bench_opts {
	const char *out_dir; /* NULL: the scenario's */
	enum bench_windows windows;
	enum bench_panel_show panel;
	uint64_t duration_ns; /* 0: the scenario's */
	bool no_sandbox, quiet;
	const char *log_level; /* of dyno-vm and dyno-ui */
	/* The port of the first guest that the process's own terminal is attached to; NULL: none.
	 * Then nothing else goes to stdout. */
	const char *console;
	uint64_t exec_ns; /* CLOCK_MONOTONIC at the start of main() */
};

struct bench {
	const struct scenario *s; /* borrowed */
	struct bench_opts opts;
	const char *out_dir;
	uint64_t duration_ns;
	struct ev_loop *loop;
	struct bench_clock clock;
	struct check_set *checks;
	struct buses *buses;
	struct nets *nets;
	struct vsocks *vsocks;
	struct audio_proc audio;
	struct script_notes notes;
	struct gnss_mouths *gnss;
	struct service_set services; /* helper programs: virtiofsd, diod, qemu-nbd */
	struct agenda agenda;
	bool agenda_ready;
	struct guest *guests; /* n_guests of the scenario */
	struct ui_proc ui;
	struct bench_panel panel;
	struct ctl_server ctl;
	struct term term;
	struct placement placement;
	struct said service_said;
	struct own_console console;
	int kvm_fd;
	char vm_program[1024], ui_program[1024], audio_program[1024];
	bool windows;

	enum bench_phase phase;
	bool paused; /* by a request: everything stands */
	int exit_status; /* decided before the verdicts; 0: they decide */
	bool aborted; /* a second Ctrl-C: no verdicts */
	const char *end_cause; /* "duration", "interrupted", ... */
	uint32_t open_captures; /* pictures that BENCH_ENDING waits for */
	int32_t next_contact;
	struct ev_io signal_io;
	struct ev_timer phase_timer; /* the longest that a phase may take */
	uint64_t parsed_ns, spawned_ns, zero_host_ns; /* CLOCK_MONOTONIC; bench time 0 */
	uint64_t end_ns; /* bench time at which the run ended */
	int64_t started_unix_s;
};

/* Runs a scenario to its end. The process's signals SIGINT, SIGTERM and SIGHUP are taken over.
 * Returns the exit status (enum exit_status); every problem was told to the user. */
int bench_run(const struct scenario *s, const struct bench_opts *opts);

/* Ends the run in order, once: last pictures, stop, verdicts; without verdicts where it has not
 * begun. `cause` is a static string. */
void bench_end(struct bench *b, const char *cause);
/* Ends a run that cannot go on because of the host: exit status 3. */
void bench_fail(struct bench *b, const char *cause);
/* Bench time of a host-monotonic stamp. */
static inline uint64_t bench_time(const struct bench *b, uint64_t host_ns)
{
	return bench_clock_at(&b->clock, host_ns);
}
static inline uint64_t bench_now(const struct bench *b)
{
	return bench_clock_now_ns(&b->clock);
}

/* Stops or goes on with the clock and the buses; the guests are the caller's. */
void bench_set_paused(struct bench *b, bool paused);
/* A picture of a display for a checkpoint of the scenario: written and handed to the checks. */
void bench_checkpoint(struct bench *b, uint32_t guest, uint32_t display, const char *checkpoint,
	void (*done)(void *arg, const char *error), void *arg);

/* What guests and windows report. */
void bench_guest_started(struct bench *b, struct guest *g);
void bench_guest_failed(struct bench *b, struct guest *g, const char *text);
void bench_guest_line(
	struct bench *b, struct guest *g, const char *port, const char *text, size_t len);
void bench_guest_ended(struct bench *b, struct guest *g);
void bench_ui_failed(struct bench *b, const char *text);
/* dyno-ui or dyno-audio has ended. */
void bench_helper_ended(struct bench *b);

/* The state as JSON for `dyno ctl status`; a new reference. */
json_t *bench_status(struct bench *b);
/* Memory of a living guest's dyno-vm as JSON; null when it cannot be told. A new reference. */
json_t *metrics_guest_memory(const struct guest *g);
/* The same for dyno-ui. */
json_t *metrics_ui_memory(const struct ui_proc *u);
/* All figures of the run (metrics.json); a new reference. */
json_t *bench_metrics(struct bench *b);
