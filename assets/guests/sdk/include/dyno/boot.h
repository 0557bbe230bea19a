/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the machine was started with: command line, PVH modules, memory; and how to end it.
 * All strings and data lie in memory that nothing overwrites.
 */
#pragma once

#include "dyno/base.h"

/* The whole command line; "" when there is none. */
const char *dyno_cmdline(void);

/*
 * The value of `key=value` on the command line. Words are separated by blanks; a value with blanks
 * is written in double quotes (title="Left screen"). A bare word `key` has the value "". NULL when
 * the key is not there. The first one wins.
 */
const char *dyno_option(const char *key);
/* The same as a number (decimal or 0x hexadecimal), `fallback` when absent or not a number. */
int64_t dyno_option_int(const char *key, int64_t fallback);
/* True for a bare word, 1, on, yes, true; false for 0, off, no, false; else `fallback`. */
bool dyno_option_bool(const char *key, bool fallback);

/* A file that came along (PVH module). */
struct dyno_module {
	const void *data;
	size_t bytes;
	const char *cmdline; /* "" when it has none */
};
unsigned int dyno_module_count(void);
/* The i-th module, or NULL. */
const struct dyno_module *dyno_module(unsigned int i);
/* The first module whose command line starts with the word `name`, or NULL. */
const struct dyno_module *dyno_module_find(const char *name);

/* RAM in bytes, as the machine reports it. */
uint64_t dyno_ram_bytes(void);

/* Ends the machine. Console output that was printed is flushed first. */
DYNO_NORETURN void dyno_poweroff(void);
/* Restarts it. */
DYNO_NORETURN void dyno_reset(void);
/* Prints "PANIC: ..." on COM1 (and the console, when it still works) and powers off. */
DYNO_NORETURN void dyno_panic(const char *fmt, ...) DYNO_PRINTF_LIKE(1, 2);
