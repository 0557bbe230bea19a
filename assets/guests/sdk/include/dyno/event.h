/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time and waiting: the main loop's only blocking call.
 *
 * Interrupts carry no work here, they only end a wait. Devices are asked for what they have
 * (dyno_can_recv() and the like); that reads memory and costs nothing when there is no news.
 */
#pragma once

#include "dyno/base.h"

/* Nanoseconds since the SDK's entry. Monotonic; costs about a RDTSC. */
uint64_t dyno_now_ns(void);

/*
 * Idles until an opened device has news (a received frame, an input event, a finished present...)
 * or `deadline_ns` (of dyno_now_ns()) is reached; DYNO_FOREVER: no deadline.
 * Returns at once when there is news that was not fetched yet, so drain everything first.
 * True: news. False: the time came. May return true without news.
 */
bool dyno_wait(uint64_t deadline_ns);

/* Waits for the time only; news stays pending. */
void dyno_sleep_until(uint64_t deadline_ns);

/* Time-stamp counter's frequency, Hz. */
uint64_t dyno_tsc_hz(void);

/* For metrics. */
struct dyno_event_stats {
	uint64_t interrupts; /* device interrupts taken */
	uint64_t timer_ticks; /* timer interrupts taken */
	uint64_t idles; /* times the CPU was halted */
	uint64_t idle_ns; /* time spent halted */
};
struct dyno_event_stats dyno_event_stats(void);
