/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the checks: what the bus side, the main side and the verdicts share. A frame rule is
 * written by the bus thread only, everything else by the main thread only.
 */
#pragma once

#include <regex.h>

#include "sim/check/check.h"
#include "sim/check/series.h"
#include "sim/check/sound.h"
#include "sim/check/text.h"

#define REASON_BYTES 480
#define LINE_BYTES   1024 /* of a console line that are kept and matched */
#define NO_RULE      UINT32_MAX

/* A frame that is kept as evidence. */
struct seen_frame {
	uint64_t t_ns;
	uint32_t from;
	uint8_t mtu; /* 0: there was none */
	struct canfd_frame f;
};

/* Values in a check's window, and how they lie to its bounds. */
struct bounds {
	uint64_t count, good, bad; /* values; in bounds; not */
	double low, high, newest, good_value, bad_value; /* the last two: of the first such value */
};

/* A check about frames, as the bus thread sees it. */
struct frame_rule {
	const struct scenario_check *check; /* NULL: it is an event's */
	const struct scenario_match *match; /* NULL for a signal */
	struct event_log *event; /* NULL: it is a check's */
	uint32_t bus;
	uint32_t next; /* rule of the same bucket; NO_RULE at the end */
	struct series *series; /* values of a signal; rules of one signal share it */

	uint64_t count; /* frames that match, in the window */
	struct seen_frame first, last;
	uint64_t near_count; /* in the window, with the identifier but not all of the rest */
	struct seen_frame near;
	uint64_t outside; /* frames that match, but not in the window */
	struct seen_frame before, after; /* nearest of them on each side */

	/* Distances of frames in the window. */
	uint64_t gap_min, gap_max, gap_max_t;
	double gap_mean, gap_m2; /* Welford */

	/* Physical values of a signal in the window. */
	struct bounds values;
	struct seen_frame first_good, first_bad;
};

#define EFF_BUCKETS 256

/* Frames that are shown around the one that decided: so many with it, and so many after it. */
#define HISTORY_FRAMES 9u
#define AFTER_FRAMES   8u

/* The newest frames of a bus. */
struct bus_history {
	bool wanted; /* a check looks at the bus */
	uint32_t pending; /* rule whose evidence still grows; NO_RULE: none */
	uint64_t n; /* frames that were ever kept */
	struct seen_frame f[HISTORY_FRAMES];
};

struct evidence {
	uint8_t n, decisive; /* n 0: nothing was decided yet */
	uint32_t next; /* pending rule after this one */
	struct seen_frame f[HISTORY_FRAMES + AFTER_FRAMES];
};

/* Heads of the chains of one bus. */
struct bus_index {
	uint32_t sff[CAN_SFF_MASK + 1];
	uint32_t eff[EFF_BUCKETS];
	uint32_t wild; /* patterns with a mask: looked at for every frame */
};

/* A signal that is plotted: of a signal map, or one of the scenario's. */
struct plotted {
	const struct sigmap_entry *signal; /* NULL: index counts */
	uint32_t bus; /* of the map's */
	uint32_t index; /* in scenario.signals.defs */
	struct series *series; /* owned */
};

/* Moments of an event that are kept; of more the first are. */
#define EVENT_TIMES 4096u

struct event_log {
	const struct scenario_check *check; /* whose event it is */
	const struct scenario_event *event;
	struct screen_log *screen; /* of a display's event; else NULL */
	uint64_t n; /* that there were since the check's window began */
	uint64_t t_ns[EVENT_TIMES];
};

/* A moment that a check about events was decided by. */
struct moment {
	const struct event_log *log;
	uint64_t t_ns;
	bool happened; /* false: at t_ns it had not happened, and should have */
	const char *role; /* "cause", ...; "" */
};
#define MAX_MOMENTS 16u

/* Lines that show what was around the moments of a check. */
struct moment_text {
	size_t n, room;
	struct moment_line {
		bool decisive;
		char text[CHECK_FRAME_TEXT];
	} * line;
};

/* A check about one of the scenario's signals, or an event of one. Bus thread. */
struct value_rule {
	const struct scenario_check *check; /* NULL: it is an event's, or drawn only */
	struct event_log *event;
	struct series *series; /* NULL: another rule of the signal draws it */
	uint32_t next; /* rule of the same signal; NO_RULE at the end */
	uint32_t bus; /* that brings it; NO_RULE: none */

	struct bounds values; /* of a gradient, `bad` are slopes */
	uint64_t outside;
	uint64_t good_t_ns, bad_t_ns;

	bool met; /* event: its condition held at the last value */
	/* Gradient: the value that the next is compared with, and the steepest of both ways. */
	double base, rise, fall;
	uint64_t base_t_ns;
};

/* A check about console lines, or an event of one. */
struct line_rule {
	const struct scenario_check *check; /* NULL: it is an event's */
	struct event_log *event;
	uint32_t guest;
	const char *port, *regex;
	regex_t re;
	uint64_t lines; /* seen in the window */
	bool matched; /* in the window */
	uint64_t t_ns;
	char line[160]; /* the first that matched */
	uint64_t outside_ns; /* a match outside of the window; UINT64_MAX: none */
};

struct guest_state {
	/* First and only of interest are kept; resets may make them come again. */
	uint64_t ready_ns[16];
	uint32_t n_ready;
	bool crashed, exited, down_on_purpose;
	bool came_back; /* it started again after its crash */
	uint64_t crash_ns, exit_ns;
	char crash_text[200], exit_text[64];
	char *tail[CHECK_TAIL_LINES]; /* ring of heap strings */
	uint64_t tail_n; /* lines that were ever added */
	char *crash_tail[CHECK_CRASH_LINES]; /* of a crash that it was started again after */
	size_t crash_tail_n;
};

struct picture {
	struct picture *next;
	const char *checkpoint; /* owned, as path and error */
	char *path, *error;
	uint32_t guest, display;
	uint64_t t_ns;
};

struct check_set {
	const struct scenario *s;
	char *out_dir; /* NULL: none */
	uint64_t duration_ns, end_ns;
	bool oom; /* some evidence on the main thread was lost */

	/* Bus thread. */
	struct bus_index *buses;
	struct frame_rule *frames;
	uint32_t n_frames;
	struct bus_history *histories; /* one for each bus */
	struct evidence *evidence; /* one for each rule of frames, then one for each of values */
	struct value_rule *values;
	uint32_t *value_heads; /* first rule of each signal */
	uint32_t n_values;
	struct plotted plots[CHECK_MAX_PLOTS];
	uint32_t n_plots, plots_left_out;

	/* Of any thread: that of its event. */
	struct event_log **events;
	uint32_t n_events;

	/* Bus thread until check_finish(). */
	struct moment_ring *rings; /* one for each bus */
	struct moment_text *moments; /* one for each check */
	struct screen_picture *screen_pictures; /* that the moments left, newest first */

	/* Main thread. */
	struct line_rule *lines;
	uint32_t n_lines;
	struct guest_state *guests;
	struct script_state {
		bool failed;
		uint64_t t_ns;
		char text[400];
	} * scripts;
	struct picture *pictures;
	struct sound_mark *marks;
	uint32_t n_marks;

	struct check_verdict *verdicts; /* one for each check */
	char (*reasons)[REASON_BYTES];
};

/* True while t lies in the check's window. */
static inline bool in_window(const struct scenario_check *c, uint64_t t_ns)
{
	return t_ns >= c->after_ns && t_ns <= c->until_ns;
}

/* Bus side (frames.c): builds the index. 0 or -ENOMEM. */
MUST_CHECK int frames_init(struct check_set *c);
void frames_fini(struct check_set *c);
/* Rule of a check; NULL where it has none. */
const struct frame_rule *frames_rule(const struct check_set *c, const struct scenario_check *k);
bool frames_match(const struct scenario_match *m, const struct seen_frame *f);
/* "3A0#0102 at 1.234s from cluster" */
const char *frames_show(
	const struct check_set *c, char buf[CHECK_FRAME_TEXT], const struct seen_frame *f);

/* Evidence (evidence.c), after frames_init(). 0 or -ENOMEM. */
MUST_CHECK int evidence_init(struct check_set *c);
void evidence_fini(struct check_set *c);
/* Bus thread: a frame, before the rules see it. */
void evidence_see(struct check_set *c, uint32_t bus, uint32_t from, uint64_t t_ns,
	const struct canfd_frame *f, uint8_t mtu);
/* Bus thread: the newest frame of a bus decided the rule with that slot. The first time counts. */
void evidence_mark(struct check_set *c, uint32_t slot, uint32_t bus);
void seen_keep(struct seen_frame *s, uint64_t t_ns, uint32_t from, const struct canfd_frame *f,
	uint8_t mtu);

/* Events (events.c), before everything that has some. 0 or -ENOMEM. */
MUST_CHECK int events_init(struct check_set *c);
void events_fini(struct check_set *c);
/* An event that lies before its check's window is dropped. */
void event_add(struct event_log *l, uint64_t t_ns);
/* The first in the check's window; UINT64_MAX: there is none. */
uint64_t event_first(const struct event_log *l);
const struct event_log *event_log_of(const struct check_set *c, const struct scenario_event *ev);
/* Judge order and latency. *open: a run that lasted longer could have changed it. */
enum check_outcome events_judge(struct check_set *c, const struct scenario_check *k,
	uint64_t end_ns, uint64_t *t_ns, bool *open, char why[REASON_BYTES]);

/* Bounds (bounds.c). Any thread; pure. */
void bounds_init(struct bounds *b);
/* A value that is only counted. */
void bounds_add(struct bounds *b, double v);
/* A value, against the bounds of a check about a signal. GOOD and BAD: this one settles the check.
 */
enum bounds_verdict { BOUNDS_OPEN, BOUNDS_GOOD, BOUNDS_BAD };
enum bounds_verdict bounds_see(struct bounds *b, const struct scenario_check *k, double v);
/* What that comes to; the last three are open as long as values may come. */
enum bounds_end { BOUNDS_LEFT, BOUNDS_REACHED, BOUNDS_KEPT, BOUNDS_MISSED, BOUNDS_NO_VALUE };
enum bounds_end bounds_judge(const struct bounds *b, const struct scenario_check *k);

/* Frames around moments (moments.c), after values_init(). 0 or -ENOMEM. */
MUST_CHECK int moments_init(struct check_set *c);
void moments_fini(struct check_set *c);
/* Bus thread: a frame. */
void moments_see(struct check_set *c, uint32_t bus, uint32_t from, uint64_t t_ns,
	const struct canfd_frame *f, uint8_t mtu);
/* Keeps what was around the moments that decided a check, n at most MAX_MOMENTS. */
void moments_keep(struct check_set *c, const struct scenario_check *k, struct moment *m, size_t n);

/* Events of displays (screens.c), with events_init(). A fresh log, or NULL without memory. */
struct screen_log *screen_log_new(void);
void screen_log_free(struct screen_log *l);
void screens_fini(struct check_set *c);
/* Why an event was not watched; NULL: it was. */
const char *screen_error(const struct event_log *l);
/* Appends how exact its times are, and what is missing. */
void screen_note(const struct event_log *l, char why[REASON_BYTES]);
/* Writes pictures of a moment. */
void screen_keep(struct check_set *c, const struct scenario_check *k, const struct moment *m);

/* Values of signals (values.c), after frames_init(). 0 or -ENOMEM. */
MUST_CHECK int values_init(struct check_set *c);
void values_fini(struct check_set *c);
/* The bus whose frames bring a signal; NO_RULE: it is in no frame. */
uint32_t values_bus(const struct check_set *c, uint32_t signal);
/* Rule of a check; NULL where it has none. */
const struct value_rule *values_rule(const struct check_set *c, const struct scenario_check *k);
/* Judge signals and gradients; *open as above. */
enum check_outcome values_judge(struct check_set *c, const struct scenario_check *k, uint64_t *t_ns,
	bool *open, char why[REASON_BYTES]);

/* The plot of a signal: a fresh one, or NULL where another rule has it or there are too many
 * (*rc 0), or without memory. */
struct series *plots_add(struct check_set *c, const struct plotted *what, int *rc);
void plots_fini(struct check_set *c);

/* Pictures (pictures.c): judges one check; the reason goes to `why`. */
enum check_outcome pictures_judge(struct check_set *c, const struct scenario_check *k,
	uint64_t *t_ns, char why[REASON_BYTES]);

/* Sound (sounds.c): judges one check over its window, which ended at end_ns; the reason goes to
 * `why`. */
enum check_outcome sounds_judge(struct check_set *c, const struct scenario_check *k,
	uint64_t end_ns, uint64_t *t_ns, char why[REASON_BYTES]);

/* Newest line of a guest's console; NULL where it said nothing. */
const char *last_line(const struct check_set *c, uint32_t guest);
