/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judges a run: fed with what happens (frames, console lines, guest lifetime, pictures), gives one
 * verdict for every check of the scenario. It starts nothing and stops nothing.
 *
 * Frames arrive on the bus thread, everything else on the main thread; the two share no data
 * until check_finish(), which is called when the bus thread feeds no more. All times are bench
 * time (0: the scenario began).
 */
#pragma once

#include <jansson.h>
#include <linux/can.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "sim/check/series.h"
#include "sim/scenario/scenario.h"

struct check_set;

enum check_outcome {
	CHECK_PASS,
	CHECK_FAIL, /* what must be was not, or what must not be was */
	CHECK_ERROR, /* it cannot be judged: a reference picture that cannot be read, ... */
	CHECK_NOT_RUN /* the run ended before the check's window was over */
};

struct check_verdict {
	const struct scenario_check *check;
	enum check_outcome outcome;
	const char *reason; /* one line with the evidence; the set's */
	uint64_t t_ns; /* when it was decided: the moment of the evidence or the window's end */
};

/* Sender of a frame that is not a guest: a replay, an action, `dyno ctl`, a host interface. */
#define CHECK_FROM_HOST UINT32_MAX

enum check_guest_event {
	CHECK_GUEST_READY, /* its READY line was seen */
	CHECK_GUEST_EXITED, /* it powered off or was stopped; text: the reason ("poweroff") */
	CHECK_GUEST_CRASHED, /* triple fault, KVM error, or dyno-vm died; text: what is known */
	CHECK_GUEST_KILLED, /* it was ended on purpose by an action or a request: not a crash */
	CHECK_GUEST_RESET /* it starts again on purpose (reset or restart); READY may come again */
};

/*
 * Prepares the checks of `s`, which is borrowed and must outlive the set. `out_dir` is where
 * recordings of sound are and difference pictures go (borrowed; NULL: there are none). Set-up code:
 * compiles regular expressions, allocates all that the bus thread will need. 0 or -errno with a
 * message.
 */
MUST_CHECK int check_new(
	const struct scenario *s, const char *out_dir, struct check_set **out, struct err *e);
/* NULL is legal. */
void check_free(struct check_set *c);

/* Before the run: it is to last so long instead of the scenario's duration (command line). */
void check_set_duration(struct check_set *c, uint64_t duration_ns);

/*
 * Bus thread: one frame was seen on a bus. `f` is borrowed; mtu is CAN_MTU or CANFD_MTU. `from`
 * is the index of the guest that sent it or CHECK_FROM_HOST. Neither allocates nor blocks; frames
 * of an identifier that no check names cost one table look-up.
 */
void check_frame(struct check_set *c, uint32_t bus, uint32_t from, uint64_t t_ns,
	const struct canfd_frame *f, uint8_t mtu);

/* Does any check look at the frames of a bus? Any thread. */
bool check_looks_at(const struct check_set *c, uint32_t bus);

/*
 * Bus thread: one of the scenario's signals is seen to have a value, new or not. `signal` is its
 * number in scenario.signals.defs.
 */
void check_value(struct check_set *c, uint32_t signal, uint64_t t_ns, double v);

/*
 * Main thread: a line (without its end) of a guest's console. `port` is "serial" for COM1 or the
 * console port's name. The last lines are kept for the report.
 */
void check_console(struct check_set *c, uint32_t guest, const char *port, uint64_t t_ns,
	const char *line, size_t len);

/* Main thread: a guest's lifetime. `text` may be NULL; it is copied. */
void check_guest(struct check_set *c, uint32_t guest, enum check_guest_event ev, uint64_t t_ns,
	const char *text);

/* Main thread: a script stopped with an error; `text` (copied) begins with its file and line. */
void check_script(struct check_set *c, uint32_t script, uint64_t t_ns, const char *text);

/*
 * Main thread: the bench clock runs from here on: at host_ns (monotonic) it showed t_ns. Called at
 * the begin and at the end of each pause; recordings of sound are on the host's clock.
 */
void check_clock(struct check_set *c, uint64_t host_ns, uint64_t t_ns);

/*
 * Main thread: a checkpoint's picture was written as a PNG to `path` (copied; read later, in
 * check_finish). `error` is NULL, or says why there is no picture.
 */
void check_picture(struct check_set *c, const char *checkpoint, uint32_t guest, uint32_t display,
	uint64_t t_ns, const char *path, const char *error);

/* The i-th event that checks ask for, in the scenario's order; NULL beyond the last. */
const struct scenario_event *check_event(const struct check_set *c, uint32_t i);

/* What dyno-ui says of the event of a display. Times are host-monotonic. */
struct check_screen {
	uint64_t flushed_ns; /* of the guest's flush */
	uint64_t read_ns; /* the picture is as it was then, at the latest */
	uint64_t untold; /* such events since the one before that were not told */
	int pictures; /* a file (borrowed) with the region before and after, bytes B G R X; -1: none
		       */
};
/* Main thread: the i-th event happened, one of a display. */
void check_screen(struct check_set *c, uint32_t i, const struct check_screen *ev);
/* Main thread: the i-th event cannot be watched; `text` (copied) says why. */
void check_screen_failed(struct check_set *c, uint32_t i, const char *text);

/*
 * Main thread, once, when the bus thread feeds no more: the run ended at end_ns. Reads pictures and
 * recordings, writes difference pictures, decides what is open. 0, or -ENOMEM.
 */
MUST_CHECK int check_finish(struct check_set *c, uint64_t end_ns);

/* After check_finish(): the verdicts, in the scenario's order. They are the set's. */
const struct check_verdict *check_verdicts(const struct check_set *c, size_t *n);
/* True when every verdict is PASS. */
bool check_passed(const struct check_set *c);
/* "pass", "fail", "error", "not-run". */
const char *check_outcome_name(enum check_outcome o);

/* Bytes of a frame in words. */
#define CHECK_FRAME_TEXT 160
/*
 * After check_finish(): the i-th of the frames around the one that decided a check about frames, or
 * around the moments that decided one about events, oldest first, as text ("3A0#0102 at 1.234s from
 * cluster"); *decisive tells whether it is that one. False when there is none.
 */
bool check_evidence(const struct check_set *c, const struct check_verdict *v, size_t i,
	char text[CHECK_FRAME_TEXT], bool *decisive);

/* A picture of a region that the event of a display left: before or after it. */
struct check_region {
	const char *path; /* of the PNG */
	const char *caption;
};
/* After check_finish(): the i-th of a verdict, in the order of time; false when there is none. */
bool check_region(const struct check_set *c, const struct check_verdict *v, size_t i,
	struct check_region *out);

/* A signal that checks are about, or that the scenario publishes, over the whole run. */
struct check_plot {
	const char *name;
	const char *where; /* its unit, or the bus that a signal map finds it on; may be "" */
	const struct series *series; /* the set's */
};
/* After check_finish(): the i-th of them; false when there is none. */
bool check_plot(const struct check_set *c, size_t i, struct check_plot *out);
/* True when the i-th plot shows the signal that the check is about. */
bool check_plot_is_of(const struct check_set *c, size_t i, const struct check_verdict *v);
/* Signals beyond this many are judged, but not plotted; the second counts those. */
#define CHECK_MAX_PLOTS 64u
size_t check_plots_left_out(const struct check_set *c);

/* A picture that was taken for the checks, or was to be. */
struct check_picture_info {
	const char *checkpoint;
	uint32_t guest, display;
	uint64_t t_ns;
	const char *path, *error; /* path of the PNG; error: why there is none, else NULL */
};
/* After check_finish(): the i-th in the order of time; false when there is none. */
bool check_picture_at(const struct check_set *c, size_t i, struct check_picture_info *out);
/* Path of the picture of differences that a verdict may have left; false when it left none. */
bool check_difference(
	const struct check_set *c, const struct check_verdict *v, char *path, size_t cap);

/* Last console lines of a guest, oldest first, NULL-terminated strings; at most `max`. */
size_t check_console_tail(
	const struct check_set *c, uint32_t guest, const char **lines, size_t max);
/* Lines kept of each guest. */
#define CHECK_TAIL_LINES 60
/* The same as they were when it was started again after its crash; 0 when it was not. */
size_t check_crash_tail(const struct check_set *c, uint32_t guest, const char **lines, size_t max);
#define CHECK_CRASH_LINES 20

/* The verdict table for a person: aligned columns, a summary line; colour where asked; without
 * `all` only what did not pass. */
void check_print(const struct check_set *c, FILE *f, bool colour, bool all);
/* The same for machines: {"passed":N,...,"checks":[...]}; a new reference, NULL without memory. */
json_t *check_json(const struct check_set *c);

const struct scenario *check_scenario(const struct check_set *c);
