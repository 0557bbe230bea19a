/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A set of checks over a scenario that a test writes: made, fed, judged. Every function asserts
 * that what it does works.
 */
#pragma once

#include "sim/check/check.h"

#define S  UINT64_C(1000000000)
#define MS UINT64_C(1000000)

struct check_rig {
	struct scenario *s;
	struct check_set *c;
	char dir[64]; /* the rig's own folder; "": none */
};

struct check_rig_opts {
	const char *path; /* of the scenario; NULL: car.yaml */
	const char *out_dir; /* NULL: none */
	bool own_dir; /* a fresh folder is out_dir, and that of the scenario */
	bool files; /* those that the scenario names are read */
};

/* `opts` may be NULL. The scenario is `head`, then `tail`. */
struct check_rig check_rig_new(
	const struct check_rig_opts *opts, const char *head, const char *tail);
/* Removes its folder, too. */
void check_rig_free(struct check_rig *r);

/* A frame as people write it on bus 0, and a line on the console hvc0. */
void check_rig_frame(struct check_rig *r, uint32_t from, uint64_t t_ns, const char *text);
void check_rig_line(struct check_rig *r, uint32_t guest, uint64_t t_ns, const char *text);

void check_rig_end(struct check_rig *r, uint64_t end_ns);
/* The i-th verdict: its outcome, and that its reason is this one. */
void check_rig_expect(
	const struct check_rig *r, size_t i, enum check_outcome o, const char *reason);
