/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The watchdog (i6300esb) on the PCI bus of a machine. It counts while the vCPUs run and stands
 * with them. vCPU threads write its registers, the main loop's timer fires it.
 */
#pragma once

#include "base/err.h"
#include "base/ev.h"
#include "vmm/pci/pci.h"

struct watchdog;

/* Puts one into a slot. `fired` is called on the loop's thread, without a lock. It stands until
 * watchdog_resume(). 0 or -errno. */
MUST_CHECK int watchdog_new(struct watchdog **out, struct ev_loop *loop, struct pci_host *host,
	unsigned int slot, void (*fired)(void *ctx), void *ctx);
/* When no vCPU runs. NULL is legal. */
void watchdog_free(struct watchdog *w);

/* With the vCPUs. Loop's thread. NULL is legal. Idempotent. */
void watchdog_pause(struct watchdog *w);
void watchdog_resume(struct watchdog *w);
