/* SPDX-License-Identifier: Apache-2.0 */
/* Listens to the monitor of a PipeWire sink, in its real-time thread: when sound begins, by the
 * host's clock, and how often it stops. */
#pragma once

#include <stdint.h>

#define MONITOR_EVENTS 4096u

struct monitor;

/* Starts to listen to the sink "vsink". NULL: there is no PipeWire. */
struct monitor *monitor_open(void);
void monitor_close(struct monitor *m);
/* Host times (CLOCK_MONOTONIC) at which the sink began to play something after at least 20 ms of
 * silence; how many. */
uint32_t monitor_onsets(const struct monitor *m, const uint64_t **host_ns);
/* Times that sound stopped for more than 2 ms and went on within 20 ms. */
uint32_t monitor_gaps(const struct monitor *m);
/* Frames that the sink took at a time when it was heard last. */
uint32_t monitor_quantum(const struct monitor *m);
