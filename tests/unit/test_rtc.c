/* SPDX-License-Identifier: Apache-2.0 */
/* The clock chip: time, alarm and interrupts at moments that the test chooses; then in a loop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/ev.h"
#include "devices/legacy/cmos.h"
#include "devices/legacy/pvpanic.h"
#include "devices/legacy/rtc.h"

#define S INT64_C(1000000000)
/* 2026-11-21 12:34:56 UTC, a Saturday, and a quarter of a second. */
#define T0 (INT64_C(1795264496) * S + S / 4)

#define SET    0x80
#define PIE    0x40
#define AIE    0x20
#define UIE    0x10
#define BINARY 0x04
#define H24    0x02

static struct rtc rtc;

static int fresh(void **state)
{
	(void)state;
	rtc_init(&rtc, T0);
	return 0;
}

static uint8_t get(uint8_t index, int64_t t)
{
	rtc_write(&rtc, 0, index, t);
	return rtc_read(&rtc, 1, t);
}

static void put(uint8_t index, uint8_t value, int64_t t)
{
	rtc_write(&rtc, 0, index, t);
	rtc_write(&rtc, 1, value, t);
}

/* Second, minute, hour, weekday, day, month, year, century. */
static void assert_time(int64_t t, const uint8_t want[8])
{
	static const uint8_t index[8] = { 0, 2, 4, 6, 7, 8, 9, RTC_CENTURY };

	for (unsigned int i = 0; i < 8; i++)
		assert_int_equal(get(index[i], t), want[i]);
}

static void test_shows_the_hosts_time_in_bcd(void **state)
{
	(void)state;
	assert_time(T0, (uint8_t[]){ 0x56, 0x34, 0x12, 0x07, 0x21, 0x11, 0x26, 0x20 });
	assert_int_equal(get(0x0d, T0), 0x80);
}

static void test_shows_binary_and_12_hours_when_asked(void **state)
{
	(void)state;
	put(0x0b, BINARY | H24, T0);
	assert_time(T0, (uint8_t[]){ 56, 34, 12, 7, 21, 11, 26, 20 });
	put(0x0b, 0, T0);
	assert_int_equal(get(4, T0), 0x92); /* 12 pm */
	assert_int_equal(get(4, T0 + 3600 * S), 0x81);
	assert_int_equal(get(4, T0 + 12 * 3600 * S), 0x12); /* 12 am */
	put(0x0b, BINARY, T0);
	assert_int_equal(get(4, T0 + 9 * 3600 * S), 0x80 | 9);
}

static void test_leap_days_and_the_end_of_a_century_are_right(void **state)
{
	(void)state;
	/* 2028-02-29 23:59:59, a Tuesday; then 2100-02-28, which no leap day follows. */
	assert_time(INT64_C(1835481599) * S,
		(uint8_t[]){ 0x59, 0x59, 0x23, 0x03, 0x29, 0x02, 0x28, 0x20 });
	assert_time(INT64_C(1835481600) * S,
		(uint8_t[]){ 0x00, 0x00, 0x00, 0x04, 0x01, 0x03, 0x28, 0x20 });
	assert_time(INT64_C(4107542399) * S,
		(uint8_t[]){ 0x59, 0x59, 0x23, 0x01, 0x28, 0x02, 0x00, 0x21 });
	assert_time(INT64_C(4107542400) * S,
		(uint8_t[]){ 0x00, 0x00, 0x00, 0x02, 0x01, 0x03, 0x00, 0x21 });
}

/* As an operating system does it: hold the updates, write all bytes, let go. */
static void set_time(const uint8_t bytes[7], int64_t t)
{
	static const uint8_t index[7] = { 0, 2, 4, 7, 8, 9, RTC_CENTURY };
	uint8_t b = get(0x0b, t);

	put(0x0b, b | SET, t);
	for (unsigned int i = 0; i < 7; i++)
		put(index[i], bytes[i], t);
	put(0x0b, b, t);
}

static void test_a_time_that_the_guest_set_goes_on_from_there(void **state)
{
	(void)state;
	set_time((uint8_t[]){ 0x58, 0x59, 0x23, 0x31, 0x12, 0x99, 0x19 }, T0);
	assert_time(T0, (uint8_t[]){ 0x58, 0x59, 0x23, 0x06, 0x31, 0x12, 0x99, 0x19 });
	assert_time(T0 + 2 * S, (uint8_t[]){ 0x00, 0x00, 0x00, 0x07, 0x01, 0x01, 0x00, 0x20 });
	/* The second's start stayed where it was: T0 is a quarter after it. */
	assert_int_equal(get(0, T0 + S * 3 / 4 - 1), 0x58);
	assert_int_equal(get(0, T0 + S * 3 / 4), 0x59);
}

static void test_years_before_1970_and_after_2262_can_be_set(void **state)
{
	(void)state;
	set_time((uint8_t[]){ 0, 0, 0, 0x01, 0x01, 0x00, 0x19 }, T0);
	assert_time(T0, (uint8_t[]){ 0, 0, 0, 0x02, 0x01, 0x01, 0x00, 0x19 });
	set_time((uint8_t[]){ 0, 0, 0, 0x31, 0x12, 0x99, 0x99 }, T0);
	assert_time(T0, (uint8_t[]){ 0, 0, 0, 0x06, 0x31, 0x12, 0x99, 0x99 });
}

static void test_bytes_stand_while_they_are_set(void **state)
{
	(void)state;
	put(0x0b, SET | H24, T0);
	assert_int_equal(get(0, T0 + 10 * S), 0x56);
	put(0, 0x01, T0 + 10 * S);
	assert_int_equal(get(0, T0 + 20 * S), 0x01);
	assert_int_equal(get(0x0c, T0 + 20 * S) & UIE, 0);
	put(0x0b, H24, T0 + 20 * S);
	assert_int_equal(get(0, T0 + 20 * S), 0x01);
	assert_int_equal(get(2, T0 + 20 * S), 0x34);
}

static void test_a_released_divider_ends_its_first_second_after_half_of_one(void **state)
{
	(void)state;
	put(0x0a, 0x76, T0);
	assert_int_equal(get(0, T0 + 5 * S), 0x56);
	put(0x0a, 0x26, T0 + 5 * S);
	assert_int_equal(get(0, T0 + 5 * S + S / 2 - 1), 0x56);
	assert_int_equal(get(0, T0 + 5 * S + S / 2), 0x57);
}

static void test_a_byte_written_while_the_clock_goes_counts_at_once(void **state)
{
	(void)state;
	put(2, 0x59, T0);
	assert_int_equal(get(2, T0), 0x59);
	assert_int_equal(get(0, T0), 0x56);
	assert_int_equal(get(4, T0 + 4 * S), 0x13);
}

static void test_update_in_progress_announces_the_next_second(void **state)
{
	(void)state;
	assert_int_equal(get(0x0a, T0) & 0x80, 0);
	assert_int_equal(get(0x0a, T0 + S * 3 / 4 - 200000) & 0x80, 0x80);
	assert_int_equal(get(0x0a, T0 + S * 3 / 4) & 0x80, 0);
}

static void test_update_interrupt_comes_with_the_second_and_ends_when_read(void **state)
{
	(void)state;
	put(0x0b, UIE | H24, T0);
	(void)get(0x0c, T0);
	assert_int_equal(rtc_next_ns(&rtc, T0), S * 3 / 4);
	assert_false(rtc_irq(&rtc, T0 + S * 3 / 4 - 1));
	assert_true(rtc_irq(&rtc, T0 + S * 3 / 4));
	/* No reason to look again until it was read. */
	assert_int_equal(rtc_next_ns(&rtc, T0 + S), INT64_MAX);
	assert_int_equal(get(0x0c, T0 + S) & ~PIE, 0x80 | UIE);
	assert_false(rtc_irq(&rtc, T0 + S));
	assert_int_equal(rtc_next_ns(&rtc, T0 + S), S * 3 / 4);
}

static void test_flags_are_set_without_their_enables(void **state)
{
	(void)state;
	(void)get(0x0c, T0);
	assert_false(rtc_irq(&rtc, T0 + S));
	assert_int_equal(get(0x0c, T0 + S), PIE | UIE);
	assert_int_equal(get(0x0c, T0 + S), 0);
}

static void test_periodic_interrupt_has_the_chosen_rate(void **state)
{
	static const struct {
		uint8_t rate;
		int64_t hz;
	} cases[] = { { 1, 256 }, { 2, 128 }, { 3, 8192 }, { 6, 1024 }, { 15, 2 } };
	int64_t t = T0 - S / 4;

	(void)state;
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t n = 0, at = t, wait;

		put(0x0a, 0x20 | cases[i].rate, at);
		put(0x0b, PIE | H24, at);
		(void)get(0x0c, at);
		while ((wait = rtc_next_ns(&rtc, at)) <= t + S - at) {
			at += wait;
			assert_true(rtc_irq(&rtc, at));
			(void)get(0x0c, at);
			n++;
		}
		assert_int_equal(n, cases[i].hz);
		t += 2 * S;
	}
	put(0x0a, 0x20, t);
	assert_int_equal(rtc_next_ns(&rtc, t), INT64_MAX);
}

/* Hour, minute, second of the alarm. */
static void set_alarm(uint8_t h, uint8_t m, uint8_t s)
{
	put(5, h, T0);
	put(3, m, T0);
	put(1, s, T0);
	put(0x0b, AIE | H24, T0);
	(void)get(0x0c, T0);
}

static void test_alarm_rings_at_its_time(void **state)
{
	const int64_t from_second = T0 - S / 4;

	(void)state;
	set_alarm(0x12, 0x35, 0x00);
	assert_int_equal(rtc_next_ns(&rtc, T0), from_second + 4 * S - T0);
	assert_false(rtc_irq(&rtc, from_second + 4 * S - 1));
	assert_true(rtc_irq(&rtc, from_second + 4 * S));
	assert_int_equal(get(0x0c, from_second + 4 * S), 0x80 | PIE | AIE | UIE);
	/* The next one is tomorrow's. */
	assert_int_equal(rtc_next_ns(&rtc, from_second + 4 * S), 86400 * S);
}

static void test_alarm_of_an_earlier_hour_is_tomorrow(void **state)
{
	(void)state;
	set_alarm(0x12, 0x34, 0x56);
	assert_int_equal(rtc_next_ns(&rtc, T0), 86400 * S - S / 4);
	set_alarm(0x03, 0x00, 0x00);
	assert_int_equal(rtc_next_ns(&rtc, T0), (86400 - 45296 + 10800) * S - S / 4);
}

static void test_alarm_bytes_that_match_everything(void **state)
{
	(void)state;
	set_alarm(0xff, 0xff, 0xff);
	assert_int_equal(rtc_next_ns(&rtc, T0), S * 3 / 4);
	set_alarm(0xff, 0xc0, 0x10);
	assert_int_equal(rtc_next_ns(&rtc, T0), 14 * S - S / 4);
	set_alarm(0xff, 0x10, 0x00);
	assert_int_equal(rtc_next_ns(&rtc, T0), (35 * 60 + 4) * S - S / 4);
}

static void test_alarm_at_no_time_never_rings(void **state)
{
	(void)state;
	set_alarm(0x24, 0x00, 0x00);
	assert_int_equal(rtc_next_ns(&rtc, T0), INT64_MAX);
	set_alarm(0xff, 0xff, 0x7a);
	assert_int_equal(rtc_next_ns(&rtc, T0), INT64_MAX);
	assert_false(rtc_irq(&rtc, T0 + 3 * 86400 * S));
}

static void test_an_alarm_that_passed_unseen_rings_at_the_next_look(void **state)
{
	(void)state;
	/* As after a pause of a week. */
	set_alarm(0x12, 0x40, 0x00);
	assert_true(rtc_irq(&rtc, T0 + 7 * 86400 * S));
	assert_int_equal(get(7, T0 + 7 * 86400 * S), 0x28);
}

static void test_a_host_clock_that_goes_back_brings_no_event(void **state)
{
	(void)state;
	put(0x0b, UIE | AIE | H24, T0);
	(void)get(0x0c, T0);
	assert_false(rtc_irq(&rtc, T0 - 3600 * S));
	assert_int_equal(get(4, T0 - 3600 * S), 0x11);
	assert_true(rtc_irq(&rtc, T0 - 3600 * S + S));
}

static void test_reset_keeps_time_and_memory_and_ends_interrupts(void **state)
{
	(void)state;
	set_time((uint8_t[]){ 0, 0, 0, 0x01, 0x01, 0x30, 0x20 }, T0);
	put(0x40, 0xa5, T0);
	put(0x0b, PIE | AIE | UIE | H24, T0);
	assert_true(rtc_irq(&rtc, T0 + 5 * S));
	rtc_reset(&rtc, T0 + 5 * S);
	assert_false(rtc_irq(&rtc, T0 + 6 * S));
	assert_int_equal(get(0x0b, T0 + 6 * S), H24);
	assert_int_equal(get(0x40, T0 + 6 * S), 0xa5);
	assert_int_equal(get(9, T0 + 6 * S), 0x30);
}

static void test_ports_wrap_no_index_and_the_index_cannot_be_read(void **state)
{
	(void)state;
	put(0x7f, 0x11, T0);
	/* Bit 7 masks NMIs elsewhere. */
	assert_int_equal(get(0xff, T0), 0x11);
	assert_int_equal(rtc_read(&rtc, 0, T0), 0xff);
}

static void test_any_bytes_are_survived(void **state)
{
	uint32_t x = 1;
	int64_t t = T0;

	(void)state;
	for (unsigned int i = 0; i < 20000; i++) {
		x = x * 1664525 + 1013904223;
		put((uint8_t)(x >> 24) % 16, (uint8_t)(x >> 16), t);
		(void)get((uint8_t)(x >> 8), t);
		t += (int64_t)(x >> 2) - (1 << 28);
		(void)rtc_irq(&rtc, t);
		assert_true(rtc_next_ns(&rtc, t) >= 1);
		assert_in_range(rtc.offset_ns, 0, S - 1);
	}
}

/* ---- with a loop ---- */

static bool level;
static unsigned int rises;
static struct ev_loop *loop;

static void on_irq(void *ctx, bool l)
{
	(void)ctx;
	level = l;
	rises += l;
	if (l)
		ev_loop_stop(loop);
}

static void test_the_loop_raises_the_line_by_itself(void **state)
{
	struct utc utc;
	struct cmos_host host = { .irq = on_irq, .utc = &utc };
	struct cmos *c = NULL;

	(void)state;
	utc_init(&utc);
	assert_int_equal(ev_loop_new(&loop), 0);
	assert_int_equal(cmos_new(&c, loop, &host), 0);
	cmos_write(c, 0, 0x0a);
	cmos_write(c, 1, 0x2a); /* 64 Hz */
	cmos_write(c, 0, 0x0b);
	cmos_write(c, 1, PIE | H24);
	/* Ends when the line rises. */
	assert_int_equal(ev_loop_run(loop), 0);
	assert_true(level);
	assert_int_equal(rises, 1);
	cmos_write(c, 0, 0x0c);
	assert_int_equal(cmos_read(c, 1) & (0x80 | PIE), 0x80 | PIE);
	assert_false(level);
	cmos_reset(c);
	cmos_free(c);
	ev_loop_free(loop);
	utc_fini(&utc);
}

static void test_a_clock_that_stands_rings_no_alarm_until_it_is_set(void **state)
{
	struct utc utc;
	struct cmos_host host = { .irq = on_irq, .utc = &utc };
	struct cmos *c = NULL;

	(void)state;
	rises = 0;
	utc_init(&utc);
	utc_set(&utc, T0 - S / 4 - 1000, 1, false);
	assert_int_equal(ev_loop_new(&loop), 0);
	assert_int_equal(cmos_new(&c, loop, &host), 0);
	cmos_write(c, 0, 0x0b);
	cmos_write(c, 1, UIE | H24); /* the second that is a microsecond away */
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(ev_loop_turn(loop, 2), 0);
	assert_int_equal(rises, 0);
	utc_set(&utc, T0 - S / 4 - 1000, clock_now_ns(), true);
	cmos_look(c);
	for (unsigned int i = 0; i < 1000 && !rises; i++)
		assert_int_equal(ev_loop_turn(loop, 10), 0);
	assert_int_equal(rises, 1);
	cmos_free(c);
	ev_loop_free(loop);
	utc_fini(&utc);
}

static void test_crash_report_tells_dead_from_dumping(void **state)
{
	(void)state;
	assert_int_equal(pvpanic_read(), 3);
	assert_int_equal(pvpanic_write(1), PVPANIC_DIED);
	assert_int_equal(pvpanic_write(2), PVPANIC_DUMPS);
	assert_int_equal(pvpanic_write(3), PVPANIC_DIED);
	assert_int_equal(pvpanic_write(0xf4), PVPANIC_NOTHING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_shows_the_hosts_time_in_bcd, fresh),
		cmocka_unit_test_setup(test_shows_binary_and_12_hours_when_asked, fresh),
		cmocka_unit_test_setup(test_leap_days_and_the_end_of_a_century_are_right, fresh),
		cmocka_unit_test_setup(test_a_time_that_the_guest_set_goes_on_from_there, fresh),
		cmocka_unit_test_setup(test_years_before_1970_and_after_2262_can_be_set, fresh),
		cmocka_unit_test_setup(test_bytes_stand_while_they_are_set, fresh),
		cmocka_unit_test_setup(
			test_a_released_divider_ends_its_first_second_after_half_of_one, fresh),
		cmocka_unit_test_setup(
			test_a_byte_written_while_the_clock_goes_counts_at_once, fresh),
		cmocka_unit_test_setup(test_update_in_progress_announces_the_next_second, fresh),
		cmocka_unit_test_setup(
			test_update_interrupt_comes_with_the_second_and_ends_when_read, fresh),
		cmocka_unit_test_setup(test_flags_are_set_without_their_enables, fresh),
		cmocka_unit_test_setup(test_periodic_interrupt_has_the_chosen_rate, fresh),
		cmocka_unit_test_setup(test_alarm_rings_at_its_time, fresh),
		cmocka_unit_test_setup(test_alarm_of_an_earlier_hour_is_tomorrow, fresh),
		cmocka_unit_test_setup(test_alarm_bytes_that_match_everything, fresh),
		cmocka_unit_test_setup(test_alarm_at_no_time_never_rings, fresh),
		cmocka_unit_test_setup(
			test_an_alarm_that_passed_unseen_rings_at_the_next_look, fresh),
		cmocka_unit_test_setup(test_a_host_clock_that_goes_back_brings_no_event, fresh),
		cmocka_unit_test_setup(test_reset_keeps_time_and_memory_and_ends_interrupts, fresh),
		cmocka_unit_test_setup(
			test_ports_wrap_no_index_and_the_index_cannot_be_read, fresh),
		cmocka_unit_test_setup(test_any_bytes_are_survived, fresh),
		cmocka_unit_test(test_the_loop_raises_the_line_by_itself),
		cmocka_unit_test(test_a_clock_that_stands_rings_no_alarm_until_it_is_set),
		cmocka_unit_test(test_crash_report_tells_dead_from_dumping),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
