/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real-time clock of a PC, an MC146818, with its battery-backed memory. Pure state: every
 * function is told the time (UTC in nanoseconds since 1970) and nothing here waits. The clock is
 * an offset to that time, so that it needs no ticking; what happened since the last look (a second
 * went by, the alarm's moment) is found out at the next.
 *
 * Not modelled: the square wave, daylight saving, a day of the week of its own (it follows the
 * date). The century is in byte 0x32, as ACPI tells the guest.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define RTC_BYTES   128
#define RTC_CENTURY 0x32

struct rtc {
	/* The guest's time minus the host's: whole seconds, and 0..999999999 ns. */
	int64_t offset_s;
	int64_t offset_ns;
	int64_t seen_utc_ns; /* events up to here are in c */
	uint8_t index; /* the byte that the data port reaches */
	uint8_t a, b, c;
	uint8_t ram[RTC_BYTES]; /* alarm, memory; date and time while the clock stands */
};

/* A new battery: the host's time, 24 hours, BCD. */
void rtc_init(struct rtc *r, int64_t utc_ns);
/* The machine's reset: interrupts off; time and memory stay. */
void rtc_reset(struct rtc *r, int64_t utc_ns);

/* Port 0 (index) and 1 (data). */
uint8_t rtc_read(struct rtc *r, unsigned int port, int64_t utc_ns);
void rtc_write(struct rtc *r, unsigned int port, uint8_t value, int64_t utc_ns);

/* Takes note of what happened up to now; the level of the interrupt line. */
bool rtc_irq(struct rtc *r, int64_t utc_ns);
/* How long until the line may rise, at least 1; INT64_MAX: not before the guest does something. */
int64_t rtc_next_ns(const struct rtc *r, int64_t utc_ns);
