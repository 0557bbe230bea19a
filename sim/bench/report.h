/* SPDX-License-Identifier: Apache-2.0 */
/* What is left of a run: verdict table, junit.xml, metrics.json. */
#pragma once

struct bench;

/* After the bus thread ended: judges, prints, writes. Returns the exit status of the run. */
int report_run(struct bench *b);
