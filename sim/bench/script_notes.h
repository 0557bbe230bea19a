/* SPDX-License-Identifier: Apache-2.0 */
/* What scripts say, on its way from the bus thread to the main thread: terminal and verdicts. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct bench;

/* Lines that may wait; more are counted and left out. */
#define SCRIPT_NOTES_MAX 256

struct script_note;

struct script_notes {
	struct bench *bench;
	pthread_mutex_t lock;
	struct script_note *first, **end; /* under the lock, as all below */
	unsigned int n;
	uint64_t left_out;
};

void script_notes_init(struct script_notes *q, struct bench *b);
void script_notes_fini(struct script_notes *q);
/* Bus thread. A line of a script, or what it failed of, which is never left out. `q` is the
 * bench's script_notes. */
void script_notes_add(void *q, uint32_t script, const char *text, bool failed, uint64_t t_ns);
/* Main thread: shows what waits. */
void script_notes_show(struct script_notes *q);
