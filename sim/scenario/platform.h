/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the scenario reader: keys of a guest's machine and its place on the host, whose rows
 * stand in the table of guests. */
#pragma once

#include "sim/scenario/load.h"

extern const struct schema_word words_on_panic[], words_watchdog[], words_huge_pages[];
extern const struct schema_type type_cpus; /* struct scenario_cpus */
extern const struct schema_type type_utc; /* struct scenario_utc (table_time.c) */
extern const struct schema schema_placement; /* table_placement.c */

/* Rules between these keys and others of the guest. */
void platform_check(struct bind *b, const struct node *n, const struct scenario_guest *g);
void placement_check(struct bind *b, const struct node *n, const struct scenario_guest *g);
