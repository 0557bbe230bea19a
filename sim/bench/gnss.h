/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The satellite receivers of a run: on the bus thread they look at the signals, in the rhythm of
 * their rate; on the main thread their sentences go to the guests' ports. A moment that the guest
 * has not read when the next one comes is not followed by more: who opens the port late hears at
 * most two old ones, and what was left out is counted.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "base/err.h"
#include "sim/clock/agenda.h"
#include "sim/scenario/scenario.h"

struct gnss_feed;

/* Where sentences of a guest's receiver go. Bus thread; must not wait. */
typedef void (*gnss_speak)(void *ctx, uint32_t guest, const char *text, size_t len);

/* Set-up, before the bus thread runs; all is borrowed. 0 or -ENOMEM. */
MUST_CHECK int gnss_feed_new(struct gnss_feed **out, const struct scenario *s,
	struct signals *table, struct agenda *agenda, gnss_speak speak, void *ctx);
/* After the agenda runs no more. NULL is legal. */
void gnss_feed_free(struct gnss_feed *f);

struct bench;
struct gnss_mouths;

/* The main thread's half; its address is gnss_mouths_speak()'s context. 0 or -ENOMEM. */
MUST_CHECK int gnss_mouths_new(struct gnss_mouths **out, struct bench *b);
/* After the bus thread ended. NULL is legal. */
void gnss_mouths_free(struct gnss_mouths *m);
void gnss_mouths_speak(void *mouths, uint32_t guest, const char *text, size_t len);
/* Figures of a guest's receiver for metrics.json; a new reference, NULL where it has none. Main
 * thread. */
json_t *gnss_metrics(struct gnss_mouths *m, uint32_t guest);
