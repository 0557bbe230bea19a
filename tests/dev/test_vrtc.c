/* SPDX-License-Identifier: Apache-2.0 */
/* The RTC device with a driver, over every kind of ring. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "devices/rtc/rtc.h"
#include "tests/support/mock_driver.h"

#define FOR_EACH_KIND(kind) for (unsigned int kind = 0; kind < MOCK_KINDS; kind++)
#define T0                  INT64_C(1800000000000000000) /* 2027-01-15T08:00:00Z */
#define S                   INT64_C(1000000000)

static struct utc utc;
static struct vdev *dev;

/* A device whose UTC stands at T0. */
static struct mock *start_with(unsigned int kind, uint64_t features)
{
	struct mock *m = mock_new(kind);

	utc_init(&utc);
	utc_set(&utc, T0, 1, false);
	assert_int_equal(vrtc_new(&dev, "test/rtc", &utc), 0);
	mock_attach(m, dev);
	mock_start(m, features);
	return m;
}

static struct mock *start(unsigned int kind)
{
	return start_with(kind, MOCK_ALL_FEATURES);
}

static void end(struct mock *m)
{
	mock_free(m);
	utc_fini(&utc);
}

static struct virtio_rtc_req_clock about(uint16_t type, uint16_t clock, uint8_t arg)
{
	return (struct virtio_rtc_req_clock){
		.head.msg_type = le16_of(type), .clock_id = le16_of(clock), .arg = arg
	};
}

/* Asks; the answer's length, its bytes in `resp`. */
static int ask(struct mock *m, uint16_t type, uint16_t clock, uint8_t arg, uint8_t resp[24])
{
	struct virtio_rtc_req_clock q = about(type, clock, arg);

	memset(resp, 0xee, 24);
	return mock_send(m, 0, &q, sizeof(q), resp, 24);
}

static uint64_t reading(struct mock *m, uint16_t clock)
{
	struct virtio_rtc_resp_read r;
	uint8_t resp[24];

	assert_int_equal(ask(m, VIRTIO_RTC_REQ_READ, clock, 0, resp), sizeof(r));
	memcpy(&r, resp, sizeof(r));
	assert_int_equal(r.head.status, VIRTIO_RTC_S_OK);
	return le64_get(r.clock_reading);
}

static uint8_t set_alarm(struct mock *m, uint64_t ns, uint16_t clock, uint8_t flags)
{
	const struct virtio_rtc_req_set_alarm q = {
		.head.msg_type = le16_of(VIRTIO_RTC_REQ_SET_ALARM),
		.alarm_time = le64_of(ns),
		.clock_id = le16_of(clock),
		.flags = flags,
	};
	struct virtio_rtc_resp_head r;

	assert_int_equal(mock_send(m, 0, &q, sizeof(q), &r, sizeof(r)), sizeof(r));
	return r.status;
}

static uint64_t alarm_ns(struct mock *m, bool *enabled)
{
	struct virtio_rtc_resp_read_alarm r;
	uint8_t resp[24];

	assert_int_equal(ask(m, VIRTIO_RTC_REQ_READ_ALARM, VRTC_CLOCK_UTC, 0, resp), sizeof(r));
	memcpy(&r, resp, sizeof(r));
	assert_int_equal(r.head.status, VIRTIO_RTC_S_OK);
	*enabled = r.flags & VIRTIO_RTC_FLAG_ALARM_ENABLED;
	return le64_get(r.alarm_time);
}

static void post_alarm_buffer(struct mock *m)
{
	assert_true(mock_post(m, 1, NULL, 0, sizeof(struct virtio_rtc_notif_alarm)) >= 0);
}

static bool rang(struct mock *m, bool wait)
{
	struct virtio_rtc_notif_alarm n;
	struct mock_used u;

	for (unsigned int i = 0; !wait && i < 5; i++)
		mock_turn(m);
	if (!(wait ? mock_wait(m, 1, &u) : mock_poll(m, 1, &u)))
		return false;
	assert_int_equal(u.len, sizeof(n));
	memcpy(&n, u.in, sizeof(n));
	assert_int_equal(le16_get(n.head.msg_type), VIRTIO_RTC_NOTIF_ALARM);
	assert_int_equal(le16_get(n.clock_id), VRTC_CLOCK_UTC);
	return true;
}

/* ---- what there is ---- */

static void test_there_are_utc_tai_and_a_monotonic_clock(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		static const uint8_t types[] = { VIRTIO_RTC_CLOCK_UTC_SMEARED, VIRTIO_RTC_CLOCK_TAI,
			VIRTIO_RTC_CLOCK_MONOTONIC };
		struct mock *m = start(kind);
		struct virtio_rtc_resp_clock_cap cap;
		struct virtio_rtc_resp_cfg cfg;
		uint8_t resp[24];

		assert_int_equal(ask(m, VIRTIO_RTC_REQ_CFG, 0, 0, resp), sizeof(cfg));
		memcpy(&cfg, resp, sizeof(cfg));
		assert_int_equal(cfg.head.status, VIRTIO_RTC_S_OK);
		assert_int_equal(le16_get(cfg.num_clocks), 3);
		for (uint16_t i = 0; i < 3; i++) {
			assert_int_equal(ask(m, VIRTIO_RTC_REQ_CLOCK_CAP, i, 0, resp), sizeof(cap));
			memcpy(&cap, resp, sizeof(cap));
			assert_int_equal(cap.head.status, VIRTIO_RTC_S_OK);
			assert_int_equal(cap.type, types[i]);
			assert_int_equal(cap.leap_second_smearing, 0);
			assert_int_equal(cap.flags, i == 0 ? VIRTIO_RTC_FLAG_ALARM_CAP : 0);
		}
		end(m);
	}
}

static void test_clocks_read_what_the_machines_utc_says(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind);
		uint64_t first;

		assert_int_equal(reading(m, VRTC_CLOCK_UTC), T0);
		assert_int_equal(reading(m, VRTC_CLOCK_TAI), T0 + 37 * S);
		first = reading(m, VRTC_CLOCK_MONOTONIC);
		assert_true(first < (uint64_t)(MOCK_PATIENCE_MS * 1000000LL));
		assert_true(reading(m, VRTC_CLOCK_MONOTONIC) >= first);
		utc_set(&utc, T0 + 5 * S, clock_now_ns(), true);
		assert_in_range(reading(m, VRTC_CLOCK_UTC), T0 + 5 * S, T0 + 25 * S);
		end(m);
	}
}

static void test_cross_timestamps_are_said_not_to_be_there(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind);
		struct virtio_rtc_resp_cross_cap cap;
		uint8_t resp[24];

		assert_int_equal(
			ask(m, VIRTIO_RTC_REQ_CROSS_CAP, 0, VIRTIO_RTC_COUNTER_X86_TSC, resp),
			sizeof(cap));
		memcpy(&cap, resp, sizeof(cap));
		assert_int_equal(cap.head.status, VIRTIO_RTC_S_OK);
		assert_int_equal(cap.flags, 0);
		assert_int_equal(
			ask(m, VIRTIO_RTC_REQ_READ_CROSS, 0, VIRTIO_RTC_COUNTER_X86_TSC, resp), 8);
		assert_int_equal(resp[0], VIRTIO_RTC_S_EOPNOTSUPP);
		end(m);
	}
}

/* ---- alarms ---- */

static void test_alarm_rings_when_its_time_comes(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind);
		bool enabled;

		post_alarm_buffer(m);
		assert_int_equal(set_alarm(m, T0 + S, 0, VIRTIO_RTC_FLAG_ALARM_ENABLED), 0);
		assert_int_equal(alarm_ns(m, &enabled), T0 + S);
		assert_true(enabled);
		/* The time stands. */
		assert_false(rang(m, false));
		utc_set(&utc, T0 + S - 1000000, clock_now_ns(), true);
		vrtc_look(dev);
		assert_true(rang(m, true));
		assert_int_equal(vrtc_stats(dev).alarms, 1);
		/* Once. */
		post_alarm_buffer(m);
		assert_false(rang(m, false));
		end(m);
	}
}

static void test_alarm_in_the_past_rings_at_once(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind);
		struct virtio_rtc_req_clock on = about(VIRTIO_RTC_REQ_SET_ALARM_ENABLED, 0, 1);
		uint8_t resp[8];
		bool enabled;

		post_alarm_buffer(m);
		assert_int_equal(set_alarm(m, T0, 0, 0), 0);
		assert_false(rang(m, false));
		assert_int_equal(mock_send(m, 0, &on, sizeof(on), resp, sizeof(resp)), 8);
		assert_int_equal(resp[0], 0);
		assert_true(rang(m, true));
		/* The time was kept. */
		assert_int_equal(alarm_ns(m, &enabled), T0);
		assert_true(enabled);
		end(m);
	}
}

static void test_alarm_waits_for_a_buffer(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind);

		assert_int_equal(set_alarm(m, 1, 0, VIRTIO_RTC_FLAG_ALARM_ENABLED), 0);
		post_alarm_buffer(m);
		assert_true(rang(m, true));
		end(m);
	}
}

static void test_disabled_alarm_does_not_ring(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind);

		/* It expires without a buffer, and is disabled before there is one. */
		assert_int_equal(set_alarm(m, 1, 0, VIRTIO_RTC_FLAG_ALARM_ENABLED), 0);
		assert_int_equal(set_alarm(m, 1, 0, 0), 0);
		post_alarm_buffer(m);
		assert_false(rang(m, false));
		end(m);
	}
}

static void test_clock_that_goes_back_lets_the_alarm_ring_again(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind);

		post_alarm_buffer(m);
		assert_int_equal(set_alarm(m, T0, 0, VIRTIO_RTC_FLAG_ALARM_ENABLED), 0);
		assert_true(rang(m, true));
		post_alarm_buffer(m);
		utc_set(&utc, T0 - S, 1, false);
		vrtc_look(dev);
		assert_false(rang(m, false));
		utc_set(&utc, T0 + S, 1, false);
		vrtc_look(dev);
		assert_true(rang(m, true));
		end(m);
	}
}

static void test_reset_forgets_the_alarm(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind);
		bool enabled;

		assert_int_equal(set_alarm(m, 1, 0, VIRTIO_RTC_FLAG_ALARM_ENABLED), 0);
		mock_start(m, MOCK_ALL_FEATURES);
		post_alarm_buffer(m);
		assert_false(rang(m, false));
		assert_int_equal(alarm_ns(m, &enabled), 0);
		assert_false(enabled);
		end(m);
	}
}

static void test_alarm_at_the_end_of_time_is_kept_and_never_rings(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind);
		bool enabled;

		utc_set(&utc, T0, clock_now_ns(), true);
		post_alarm_buffer(m);
		assert_int_equal(set_alarm(m, UINT64_MAX, 0, VIRTIO_RTC_FLAG_ALARM_ENABLED), 0);
		assert_int_equal(alarm_ns(m, &enabled), UINT64_MAX);
		assert_false(rang(m, false));
		end(m);
	}
}

static void test_without_the_feature_there_is_no_alarm(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start_with(kind, 0);
		uint8_t resp[24];

		assert_int_equal(ask(m, VIRTIO_RTC_REQ_CLOCK_CAP, 0, 0, resp), 16);
		assert_int_equal(resp[10], 0);
		assert_int_equal(ask(m, VIRTIO_RTC_REQ_READ_ALARM, 0, 0, resp), 8);
		assert_int_equal(resp[0], VIRTIO_RTC_S_EOPNOTSUPP);
		assert_int_equal(set_alarm(m, 1, 0, 1), VIRTIO_RTC_S_EOPNOTSUPP);
		end(m);
	}
}

/* ---- drivers that do not know better ---- */

static void test_wrong_requests_get_the_status_of_the_specification(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind);
		uint8_t resp[24];

		assert_int_equal(ask(m, 0x1234, 0, 0, resp), 8);
		assert_int_equal(resp[0], VIRTIO_RTC_S_EOPNOTSUPP);
		assert_int_equal(ask(m, VIRTIO_RTC_REQ_READ, 3, 0, resp), 8);
		assert_int_equal(resp[0], VIRTIO_RTC_S_ENODEV);
		assert_int_equal(ask(m, VIRTIO_RTC_REQ_CROSS_CAP, 0, 0x55, resp), 8);
		assert_int_equal(resp[0], VIRTIO_RTC_S_EOPNOTSUPP);
		assert_int_equal(ask(m, VIRTIO_RTC_REQ_SET_ALARM_ENABLED, 0, 2, resp), 8);
		assert_int_equal(resp[0], VIRTIO_RTC_S_EINVAL);
		/* Only UTC has an alarm. */
		assert_int_equal(set_alarm(m, 1, 1, 1), VIRTIO_RTC_S_EOPNOTSUPP);
		assert_int_equal(vrtc_stats(dev).refused, 5);
		end(m);
	}
}

static void test_short_buffers_are_refused_in_what_room_there_is(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind);
		struct virtio_rtc_req_clock q = about(VIRTIO_RTC_REQ_READ, 0, 0);
		uint8_t resp[24];

		/* The request. */
		assert_int_equal(mock_send(m, 0, &q, 15, resp, 16), 8);
		assert_int_equal(resp[0], VIRTIO_RTC_S_EINVAL);
		assert_int_equal(mock_send(m, 0, &q, 7, resp, 16), 8);
		assert_int_equal(resp[0], VIRTIO_RTC_S_EINVAL);
		/* The answer: with room for a status, and without. */
		assert_int_equal(mock_send(m, 0, &q, sizeof(q), resp, 15), 8);
		assert_int_equal(resp[0], VIRTIO_RTC_S_EINVAL);
		assert_int_equal(mock_send(m, 0, &q, sizeof(q), resp, 1), 1);
		assert_int_equal(resp[0], VIRTIO_RTC_S_EINVAL);
		assert_int_equal(mock_send(m, 0, &q, sizeof(q), NULL, 0), 0);
		/* And the device goes on. */
		assert_int_equal(reading(m, VRTC_CLOCK_UTC), T0);
		end(m);
	}
}

static void test_hostile_alarm_queue_is_latched(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind);

		assert_true(mock_post(m, 1, NULL, 0, 15) >= 0);
		/* The answer may come before the queue is seen to be broken, or not at all. */
		const struct virtio_rtc_req_set_alarm q = {
			.head.msg_type = le16_of(VIRTIO_RTC_REQ_SET_ALARM), .flags = 1
		};
		uint8_t resp[8];
		int n = mock_send(m, 0, &q, sizeof(q), resp, sizeof(resp));

		assert_true(n == 8 || n == -EIO);
		assert_true(mock_needs_reset(m));
		mock_start(m, MOCK_ALL_FEATURES);
		assert_int_equal(reading(m, VRTC_CLOCK_UTC), T0);
		end(m);
	}
}

static void test_a_flood_of_requests_is_served_in_turns(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct mock *m = start(kind);
		struct virtio_rtc_req_clock q = about(VIRTIO_RTC_REQ_READ, 0, 0);
		const struct mock_iov out = { &q, sizeof(q) }, in = { NULL, 16 };
		unsigned int n = 0;
		struct mock_used u;

		while (mock_add(m, 0, &out, 1, &in, 1) >= 0)
			n++;
		mock_kick(m, 0);
		for (; n > 0; n--) {
			assert_true(mock_wait(m, 0, &u));
			assert_int_equal(u.len, 16);
		}
		end(m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_are_utc_tai_and_a_monotonic_clock),
		cmocka_unit_test(test_clocks_read_what_the_machines_utc_says),
		cmocka_unit_test(test_cross_timestamps_are_said_not_to_be_there),
		cmocka_unit_test(test_alarm_rings_when_its_time_comes),
		cmocka_unit_test(test_alarm_in_the_past_rings_at_once),
		cmocka_unit_test(test_alarm_waits_for_a_buffer),
		cmocka_unit_test(test_disabled_alarm_does_not_ring),
		cmocka_unit_test(test_clock_that_goes_back_lets_the_alarm_ring_again),
		cmocka_unit_test(test_reset_forgets_the_alarm),
		cmocka_unit_test(test_alarm_at_the_end_of_time_is_kept_and_never_rings),
		cmocka_unit_test(test_without_the_feature_there_is_no_alarm),
		cmocka_unit_test(test_wrong_requests_get_the_status_of_the_specification),
		cmocka_unit_test(test_short_buffers_are_refused_in_what_room_there_is),
		cmocka_unit_test(test_hostile_alarm_queue_is_latched),
		cmocka_unit_test(test_a_flood_of_requests_is_served_in_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
