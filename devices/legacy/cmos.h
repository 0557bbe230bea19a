/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clock chip (rtc.h) in a machine: the machine's UTC, a timer for its interrupts, one lock for
 * vCPU threads and loop. It knows no bus and no KVM. Guests that stand still do not stop it: after
 * a pause they read the right time, which is what `utc` says.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ev.h"
#include "base/utc.h"

#define CMOS_PORTS 2 /* index and data */

struct cmos;

struct cmos_host {
	/* The interrupt line; called on change only, on any thread, with the clock's lock held. */
	void (*irq)(void *ctx, bool level);
	void *ctx;
	struct utc *utc; /* borrowed for the clock's life */
};

/* 0 or -errno. The loop is borrowed. */
MUST_CHECK int cmos_new(struct cmos **out, struct ev_loop *loop, const struct cmos_host *host);
/* Loop's thread, or after it. NULL is legal. */
void cmos_free(struct cmos *c);

/* Port 0 or 1, one byte. Any thread. */
uint8_t cmos_read(struct cmos *c, unsigned int port);
void cmos_write(struct cmos *c, unsigned int port, uint8_t value);
/* The machine's UTC was set: what it brought happens. Any thread. */
void cmos_look(struct cmos *c);
/* The machine's reset: time and memory stay. Any thread. */
void cmos_reset(struct cmos *c);
