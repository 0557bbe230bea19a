/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dyno-ui as the bench sees it: windows or headless, pictures, the user closing a window. A run
 * goes on when it dies; then there are no pictures.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "sim/bench/child.h"
#include "sim/bench/rpc.h"
#include "sim/bench/said.h"
#include "sim/scenario/scenario.h"

struct bench;

struct ui_proc {
	struct bench *bench;
	struct child child;
	struct said said;
	struct rpc rpc;
	bool started, ready, stop_wanted;
	uint64_t ready_ns;
	json_t *memory; /* taken before its end for the metrics; NULL */
};

/* fds[i] is the display channel of guest i (borrowed), -1 where it has no display. 0 or -errno. */
MUST_CHECK int ui_start(struct ui_proc *u, struct bench *b, const char *program, bool windows,
	const int *fds, struct err *e);
void ui_fini(struct ui_proc *u);
/* Asks for the events of displays that the bench's checks are about; they get them as they come.
 * Once, after ui_start(). */
void ui_watch(struct ui_proc *u);
/*
 * Writes a display's picture to `path` as PNG. `error` is NULL when it is there. `done` may be
 * called before this returns.
 */
void ui_capture(struct ui_proc *u, uint32_t guest, uint32_t display, const char *path,
	void (*done)(void *arg, const char *error), void *arg);
/* The same of the control panel. */
void ui_capture_panel(
	struct ui_proc *u, const char *path, void (*done)(void *arg, const char *error), void *arg);
/* A started-again guest has a new display channel (borrowed). */
void ui_attach(struct ui_proc *u, uint32_t guest, int fd);
/* The word in the titles of a guest's windows. */
void ui_show_state(struct ui_proc *u, uint32_t guest, const char *text);
/* Asks it to end. */
void ui_stop(struct ui_proc *u);
bool ui_alive(const struct ui_proc *u);
