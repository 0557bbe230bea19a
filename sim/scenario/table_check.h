/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tables of checks share: windows, and the tables of checks about buses for the one that
 * lists all kinds.
 */
#pragma once

#include "sim/scenario/load.h"

#define C(field) offsetof(struct scenario_check, field)

/* Keys of the window in which a check looks. */
#define AFTER_KEY                                                                        \
	{                                                                                \
		.key = "after", .type = &type_duration, .def = "0", .max = 30 * 86400e9, \
		.offset = C(after_ns), .doc = "when the window begins"                   \
	}
#define WITHIN_KEY                                                                      \
	{                                                                               \
		.key = "within", .type = &type_duration, .min = 1, .max = 30 * 86400e9, \
		.offset = C(until_ns),                                                  \
		.doc = "length of the window; without it, it lasts until the run ends"  \
	}

#define WINDOW_TEXT 96

/* Completes the window: `within` was read into until_ns as a length. */
void check_finish_window(struct bind *b, const struct node *n, struct scenario_check *c);
/* " after 1s within 5s", as far as it was asked for. */
const char *check_window_text(char buf[WINDOW_TEXT], const struct scenario_check *c);
/* Name of the check's guest; "?" for one with errors. */
const char *check_guest_name(struct bind *b, const struct scenario_check *c);

extern const struct schema schema_expect, schema_forbid, schema_count, schema_period,
	schema_signal; /* table_check_bus.c */
