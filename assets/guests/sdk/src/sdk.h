/* SPDX-License-Identifier: Apache-2.0 */
/* What the SDK's files share among themselves. */
#pragma once

#include "dyno/base.h"

/* boot.c: takes what the loader left (start_info) before anything else uses memory. */
void boot_take(uint32_t start_info);
uint64_t boot_rsdp(void);

/* mem.c: gives the heap its memory, once. */
void heap_init(uintptr_t from, uintptr_t to);

/* clock.c */
void clock_init(void);

/* event.c: the local APIC (xAPIC mode), and what dyno_wait() looks at. */
void event_init(void);
struct event_source {
	/* Asks for an interrupt, and says whether there is news already. */
	bool (*arm)(void *ctx);
	void *ctx;
	struct event_source *next;
};
/* Lent for ever. */
void event_add(struct event_source *s);
/* Configuration interrupts so far: a device that sees a new number looks at its configuration. */
uint32_t event_config_count(void);
/* A register write that need not happen before the program waits (a queue notification): it leaves
 * with the next wait, or now when many are waiting. */
void event_post(uintptr_t addr, uint16_t value);
/* Lets them leave now. */
void event_post_flush(void);
/*
 * For drivers that wait for an answer: polls `done` between sleeps until it is true or 5 s passed.
 * The driver has asked for an interrupt before.
 */
DYNO_MUST_CHECK bool event_until(bool (*done)(void *ctx), void *ctx);

/* print.c */
void print_init(void);
/* Waits (not for long) until the console took what was printed: before the machine ends. */
void print_drain(void);
/* Straight to COM1, then to the console if it still works: last words. */
void print_emergency(const char *text, size_t n);

/* console.c: port 0 of the first console, for print.c; NULL: there is none. */
struct dyno_port *console_first(void);
bool console_drained(struct dyno_port *p);

/* acpi.c: physical addresses of what was found; 0: not there. */
uint64_t acpi_ecam(void);
/* Tries the ways ACPI offers; returns when none worked. */
void acpi_poweroff(void);
void acpi_reset(void);
