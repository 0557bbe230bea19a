/* SPDX-License-Identifier: Apache-2.0 */
/* Writes Ethernet captures in the pcapng format, with one interface per port of a switch. */
#pragma once

#include <stdint.h>

#include "base/err.h"

struct pcapng;

/* Makes the file. It grows to at most max_bytes (0: 1 GiB); frames past that are counted. 0 or
 * -errno with a message. */
MUST_CHECK int pcapng_new(struct pcapng **out, const char *path, uint64_t max_bytes, struct err *e);
/* Adds an interface; its number, or -errno. Before or between frames. */
MUST_CHECK int pcapng_add_interface(struct pcapng *p, const char *name, uint32_t snap_bytes);
/* One frame that came in by an interface; t_ns: since the epoch. Buffered. */
void pcapng_frame(
	struct pcapng *p, uint32_t interface, uint64_t t_ns, const uint8_t *frame, uint32_t len);
uint64_t pcapng_lost(const struct pcapng *p);
/* Closes the file. 0, or -errno when something could not be written. NULL is legal. */
int pcapng_free(struct pcapng *p);
