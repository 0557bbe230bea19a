/* SPDX-License-Identifier: Apache-2.0 */
/* The clock chip; see rtc.h. Names of registers and bits are those of the MC146818 data sheet. */
#include "devices/legacy/rtc.h"

#include <string.h>

#include "base/calendar.h"

enum {
	SECONDS,
	SECONDS_ALARM,
	MINUTES,
	MINUTES_ALARM,
	HOURS,
	HOURS_ALARM,
	DAY_OF_WEEK,
	DAY_OF_MONTH,
	MONTH,
	YEAR,
	REG_A,
	REG_B,
	REG_C,
	REG_D
};

#define A_UIP      0x80
#define A_DV       0x70
#define A_DV_RESET 0x60 /* and 0x70: the divider chain is held */
#define A_RS       0x0f
#define A_START    0x26 /* 32768 Hz, 1024 interrupts a second */

#define B_SET    0x80
#define B_PIE    0x40
#define B_AIE    0x20
#define B_UIE    0x10
#define B_BINARY 0x04
#define B_24H    0x02

#define C_IRQF 0x80
#define C_PF   B_PIE /* flags lie where their enables do */
#define C_AF   B_AIE
#define C_UF   B_UIE

#define D_VALID 0x80 /* the battery is good */

#define HZ           32768
#define NS           INT64_C(1000000000)
#define DAY_S        DAY_SECONDS
#define ANY_FROM     0xc0 /* alarm bytes from here on match everything */
#define UPDATE_NS    244000 /* UIP rises this long before the second */
#define DIVIDER_LEAD (NS / 2) /* a released divider needs half a second to the next one */
#define PM           0x80

struct when {
	int64_t s; /* since 1970, guest's */
	int64_t ns;
};

static struct when guest_time(const struct rtc *r, int64_t utc_ns)
{
	int64_t s = floor_div(utc_ns, NS), ns = utc_ns - s * NS + r->offset_ns;

	return (struct when){ s + r->offset_s + ns / NS, ns % NS };
}

/* Moves the clock so that it shows `to` now. */
static void set_guest_time(struct rtc *r, int64_t utc_ns, struct when to)
{
	int64_t s = floor_div(utc_ns, NS), ns = utc_ns - s * NS;

	r->offset_s = to.s - s - (to.ns < ns);
	r->offset_ns = to.ns - ns + (to.ns < ns ? NS : 0);
}

static bool divider_runs(const struct rtc *r)
{
	return (r->a & A_DV_RESET) != A_DV_RESET;
}

/* Date and time go on; else the bytes are the guest's to fill. */
static bool updates(const struct rtc *r)
{
	return divider_runs(r) && !(r->b & B_SET);
}

/* ---- numbers in bytes ---- */

static uint8_t encode(const struct rtc *r, int64_t v)
{
	return (uint8_t)(r->b & B_BINARY ? v : v / 10 * 16 + v % 10);
}

static int64_t decode(const struct rtc *r, uint8_t byte)
{
	return r->b & B_BINARY ? byte : (byte >> 4) * 10 + (byte & 15);
}

static uint8_t encode_hour(const struct rtc *r, int64_t h)
{
	int64_t h12 = h % 12 ? h % 12 : 12;

	if (r->b & B_24H)
		return encode(r, h);
	return (uint8_t)(encode(r, h12) | (h >= 12 ? PM : 0));
}

static int64_t decode_hour(const struct rtc *r, uint8_t byte)
{
	if (r->b & B_24H)
		return decode(r, byte);
	return decode(r, byte & (uint8_t)~PM) % 12 + (byte & PM ? 12 : 0);
}

/* ---- date and time ---- */

/* Date and time as the bytes show them. */
static void show(struct rtc *r, int64_t t)
{
	struct calendar now = calendar_of(t);

	r->ram[SECONDS] = encode(r, now.second);
	r->ram[MINUTES] = encode(r, now.minute);
	r->ram[HOURS] = encode_hour(r, now.hour);
	/* 1 is Sunday; day 0 was a Thursday. */
	r->ram[DAY_OF_WEEK] = encode(r, (floor_div(t, DAY_S) % 7 + 11) % 7 + 1);
	r->ram[DAY_OF_MONTH] = encode(r, now.day);
	r->ram[MONTH] = encode(r, now.month);
	r->ram[YEAR] = encode(r, now.year % 100);
	r->ram[RTC_CENTURY] = encode(r, now.year / 100 % 100);
}

/* What the bytes say. Nonsense in them gives some time, never a fault: all are small numbers. */
static int64_t shown(const struct rtc *r)
{
	int64_t year = decode(r, r->ram[RTC_CENTURY]) * 100 + decode(r, r->ram[YEAR]);
	int64_t month = decode(r, r->ram[MONTH]), day = decode(r, r->ram[DAY_OF_MONTH]);

	month = month < 1 ? 1 : (month > 12 ? 12 : month);
	return calendar_days(year, (unsigned int)month, (unsigned int)day) * DAY_S +
	       decode_hour(r, r->ram[HOURS]) * 3600 + decode(r, r->ram[MINUTES]) * 60 +
	       decode(r, r->ram[SECONDS]);
}

/* ---- what happens by itself ---- */

/* Ticks of 32768 Hz between periodic interrupts; 0: there are none. */
static int64_t period(const struct rtc *r)
{
	unsigned int rs = r->a & A_RS;

	if (!rs || !divider_runs(r))
		return 0;
	/* The two fastest rates are not what their number says. */
	return INT64_C(1) << (rs <= 2 ? rs + 6 : rs - 1);
}

static int64_t ticks(struct when t)
{
	return t.s * HZ + t.ns * HZ / NS;
}

static bool matches(uint8_t alarm, uint8_t now)
{
	return alarm >= ANY_FROM || alarm == now;
}

/* The first second of the day from `from` (0..59, 0..23) on that an alarm byte allows; -1: none. */
static int64_t next_match(const struct rtc *r, unsigned int reg, int64_t from)
{
	int64_t end = reg == HOURS_ALARM ? 24 : 60;

	for (int64_t v = from; v < end; v++) {
		if (matches(r->ram[reg], reg == HOURS_ALARM ? encode_hour(r, v) : encode(r, v)))
			return v;
	}
	return -1;
}

/* The same for all three bytes, from `s` of a day on; -1: not on this day. */
static int64_t next_alarm_of_day(const struct rtc *r, int64_t s)
{
	int64_t h = next_match(r, HOURS_ALARM, s / 3600), m, sec;

	for (; h >= 0; h = next_match(r, HOURS_ALARM, h + 1)) {
		bool first_h = h == s / 3600;

		m = next_match(r, MINUTES_ALARM, first_h ? s / 60 % 60 : 0);
		for (; m >= 0; m = next_match(r, MINUTES_ALARM, m + 1)) {
			bool first_m = first_h && m == s / 60 % 60;

			sec = next_match(r, SECONDS_ALARM, first_m ? s % 60 : 0);
			if (sec >= 0)
				return h * 3600 + m * 60 + sec;
		}
	}
	return -1;
}

/* The first second from t on at which the alarm is; INT64_MAX: never. */
static int64_t next_alarm(const struct rtc *r, int64_t t)
{
	int64_t day = floor_div(t, DAY_S) * DAY_S, at;

	/* A byte that no time has. */
	if (next_match(r, HOURS_ALARM, 0) < 0 || next_match(r, MINUTES_ALARM, 0) < 0 ||
		next_match(r, SECONDS_ALARM, 0) < 0)
		return INT64_MAX;
	at = next_alarm_of_day(r, t - day);
	return at >= 0 ? day + at : day + DAY_S + next_alarm_of_day(r, 0);
}

/* Flags for all that happened since the last look. */
static void advance(struct rtc *r, int64_t utc_ns)
{
	struct when was = guest_time(r, r->seen_utc_ns), now = guest_time(r, utc_ns);
	bool forward = utc_ns > r->seen_utc_ns;

	r->seen_utc_ns = utc_ns;
	/* The host's clock was set back: nothing happened. */
	if (!forward)
		return;
	if (period(r) && floor_div(ticks(was), period(r)) != floor_div(ticks(now), period(r)))
		r->c |= C_PF;
	if (!updates(r) || was.s == now.s)
		return;
	r->c |= C_UF;
	if (next_alarm(r, was.s + 1) <= now.s)
		r->c |= C_AF;
}

static bool line(const struct rtc *r)
{
	return r->c & r->b & (C_PF | C_AF | C_UF);
}

bool rtc_irq(struct rtc *r, int64_t utc_ns)
{
	advance(r, utc_ns);
	return line(r);
}

int64_t rtc_next_ns(const struct rtc *r, int64_t utc_ns)
{
	struct when now = guest_time(r, utc_ns);
	int64_t next = INT64_MAX, at;

	/* The line stays up until the guest reads register C. */
	if (line(r))
		return next;
	if ((r->b & B_PIE) && period(r)) {
		/* Every period divides a second. */
		at = (now.ns * HZ / NS / period(r) + 1) * period(r);
		next = (at * NS + HZ - 1) / HZ - now.ns;
	}
	if ((r->b & B_UIE) && updates(r) && NS - now.ns < next)
		next = NS - now.ns;
	if ((r->b & B_AIE) && updates(r)) {
		at = next_alarm(r, now.s + 1);
		if (at != INT64_MAX && (at - now.s) * NS - now.ns < next)
			next = (at - now.s) * NS - now.ns;
	}
	return next < 1 ? 1 : next;
}

/* ---- registers ---- */

void rtc_init(struct rtc *r, int64_t utc_ns)
{
	*r = (struct rtc){ .seen_utc_ns = utc_ns, .a = A_START, .b = B_24H };
}

void rtc_reset(struct rtc *r, int64_t utc_ns)
{
	advance(r, utc_ns);
	r->b &= (uint8_t) ~(B_PIE | B_AIE | B_UIE);
	r->c = 0;
	r->index = 0;
}

/* Registers A and B: the clock may stop or go on with them. */
static void set_control(struct rtc *r, uint8_t a, uint8_t b, int64_t utc_ns)
{
	bool updated = updates(r), ran = divider_runs(r);
	struct when t = guest_time(r, utc_ns);

	if (updated)
		show(r, t.s);
	r->a = a;
	/* A clock that is being set reports no update. */
	r->b = b & B_SET ? b & (uint8_t)~B_UIE : b;
	if (!ran && divider_runs(r))
		set_guest_time(r, utc_ns, (struct when){ t.s, DIVIDER_LEAD });
	if (!updated && updates(r)) {
		t = guest_time(r, utc_ns);
		set_guest_time(r, utc_ns, (struct when){ shown(r), t.ns });
	}
}

static bool is_time(unsigned int i)
{
	return i == RTC_CENTURY ||
	       (i <= YEAR && i != SECONDS_ALARM && i != MINUTES_ALARM && i != HOURS_ALARM);
}

static uint8_t read_data(struct rtc *r, int64_t utc_ns)
{
	struct when t = guest_time(r, utc_ns);
	uint8_t v;

	switch (r->index) {
	case REG_A:
		return r->a | (updates(r) && NS - t.ns <= UPDATE_NS ? A_UIP : 0);
	case REG_B:
		return r->b;
	case REG_C:
		v = r->c | (line(r) ? C_IRQF : 0);
		r->c = 0;
		return v;
	case REG_D:
		return D_VALID;
	default:
		if (is_time(r->index) && updates(r))
			show(r, t.s);
		return r->ram[r->index];
	}
}

uint8_t rtc_read(struct rtc *r, unsigned int port, int64_t utc_ns)
{
	advance(r, utc_ns);
	/* The index cannot be read back. */
	return port == 1 ? read_data(r, utc_ns) : 0xff;
}

static void write_data(struct rtc *r, uint8_t v, int64_t utc_ns)
{
	struct when t = guest_time(r, utc_ns);

	switch (r->index) {
	case REG_A:
		set_control(r, (uint8_t)(v & ~A_UIP), r->b, utc_ns);
		break;
	case REG_B:
		set_control(r, r->a, v, utc_ns);
		break;
	case REG_C:
	case REG_D:
		break;
	default:
		/* Also a clock that goes takes a new minute at once. */
		if (is_time(r->index) && updates(r)) {
			show(r, t.s);
			r->ram[r->index] = v;
			set_guest_time(r, utc_ns, (struct when){ shown(r), t.ns });
		}
		r->ram[r->index] = v;
		break;
	}
}

void rtc_write(struct rtc *r, unsigned int port, uint8_t value, int64_t utc_ns)
{
	advance(r, utc_ns);
	/* Bit 7 of the index would mask NMIs. */
	if (port == 0)
		r->index = value & (RTC_BYTES - 1);
	else if (port == 1)
		write_data(r, value, utc_ns);
}
