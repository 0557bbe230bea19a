/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Formatted text and the console.
 *
 * Output goes to the virtio console's port 0 when the machine has one, else to COM1; the option
 * `print=com1|hvc|both` chooses. Lines leave when they end, in one piece.
 *
 * Formats: d i u x X o c s p %, lengths hh h l ll z j t, flags - 0 + blank #, width, precision,
 * `*`; f F e g for double (f and F up to 2^63, 9 places; e and g as f).
 */
#pragma once

#include <stdarg.h>

#include "dyno/base.h"

/* Prints. Returns the number of characters. */
int dyno_printf(const char *fmt, ...) DYNO_PRINTF_LIKE(1, 2);
int dyno_vprintf(const char *fmt, va_list ap) DYNO_PRINTF_LIKE(1, 0);
/* As C's: always NUL-terminates when size > 0, returns the untruncated length. */
int dyno_snprintf(char *buf, size_t size, const char *fmt, ...) DYNO_PRINTF_LIKE(3, 4);
int dyno_vsnprintf(char *buf, size_t size, const char *fmt, va_list ap) DYNO_PRINTF_LIKE(3, 0);
/* Sends what is buffered of an unfinished line. */
void dyno_print_flush(void);
