/* SPDX-License-Identifier: Apache-2.0 */
/* virtio-input by a mock driver: what is announced, what passes, and what happens without room. */
#include <errno.h>
#include <linux/input.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "devices/input/input.h"
#include "devices/input/wire.h"
#include "tests/support/mock_driver.h"

#define EVENTS 0
#define STATUS 1

struct rig {
	struct mock *m;
	struct vdev *dev;
};

static struct rig rig_new(unsigned int mock_flags, enum input_kind kind)
{
	struct input_config cfg = {
		.kind = kind, .scanout = 1, .width = 1280, .height = 800, .label = "IVI"
	};
	struct err e = { 0 };
	struct rig r;

	assert_int_equal(input_new(&r.dev, &cfg, &e), 0);
	r.m = mock_new(mock_flags);
	mock_attach(r.m, r.dev);
	mock_start(r.m, MOCK_ALL_FEATURES);
	return r;
}

static uint8_t query(struct rig *r, uint8_t select, uint8_t subsel, uint8_t u[128])
{
	mock_config_write(r->m, 0, &select, 1);
	mock_config_write(r->m, 1, &subsel, 1);
	mock_config_read(r->m, 8, u, 128);
	return mock_config8(r->m, 2);
}

static bool bit(const uint8_t *u, unsigned int n)
{
	return u[n / 8] & (1u << (n % 8));
}

static struct input_stats stats(const struct rig *r)
{
	struct input_stats s;

	input_stats(r->dev, &s);
	return s;
}

static void post_buffers(struct rig *r, unsigned int n)
{
	while (n-- > 0)
		assert_true(mock_post(r->m, EVENTS, NULL, 0, sizeof(struct input_wire_event)) >= 0);
}

/* Takes the next event and checks it. */
static void expect(struct rig *r, uint16_t type, uint16_t code, int32_t value)
{
	struct input_wire_event w;
	struct mock_used u;

	assert_true(mock_wait(r->m, EVENTS, &u));
	assert_int_equal(u.len, sizeof(w));
	memcpy(&w, u.in, sizeof(w));
	assert_int_equal(le16_get(w.type), type);
	assert_int_equal(le16_get(w.code), code);
	assert_int_equal((int32_t)le32_get(w.value), value);
}

static void expect_nothing(struct rig *r)
{
	struct mock_used u;

	for (int i = 0; i < 4; i++)
		mock_turn(r->m);
	assert_false(mock_poll(r->m, EVENTS, &u));
}

static void key(struct rig *r, uint16_t code, int32_t value)
{
	const struct input_event_rec ev[] = {
		{ EV_KEY, code, value },
		{ EV_SYN, SYN_REPORT, 0 },
	};

	input_inject(r->dev, ev, 2);
}

static void test_names_and_ids_tell_devices_apart(void **state)
{
	static const char *const names[] = { "Dyno keyboard (IVI)", "Dyno tablet (IVI)",
		"Dyno touchscreen (IVI)" };
	uint8_t u[128];

	(void)state;
	for (unsigned int k = 0; k < INPUT_KINDS; k++) {
		struct rig r = rig_new(0, (enum input_kind)k);

		assert_int_equal(query(&r, INPUT_CFG_ID_NAME, 0, u), strlen(names[k]));
		assert_memory_equal(u, names[k], strlen(names[k]));
		assert_int_equal(query(&r, INPUT_CFG_ID_NAME, 1, u), 0);
		assert_true(query(&r, INPUT_CFG_ID_SERIAL, 0, u) > 0);
		assert_int_equal(query(&r, INPUT_CFG_ID_DEVIDS, 0, u), 8);
		assert_int_equal(u[0], BUS_VIRTUAL);
		assert_int_equal(u[4], k + 1);
		mock_free(r.m);
	}
}

static void test_keyboard_announces_keys_leds_and_repeat(void **state)
{
	struct rig r = rig_new(0, INPUT_KEYBOARD);
	uint8_t u[128];

	(void)state;
	assert_true(query(&r, INPUT_CFG_EV_BITS, EV_KEY, u) > 0);
	assert_true(bit(u, KEY_ESC) && bit(u, KEY_A) && bit(u, KEY_F12) && bit(u, KEY_RIGHTMETA));
	assert_false(bit(u, KEY_RESERVED));
	assert_false(bit(u, BTN_LEFT));
	assert_int_equal(query(&r, INPUT_CFG_EV_BITS, EV_LED, u), 1);
	assert_true(bit(u, LED_CAPSL));
	assert_int_equal(query(&r, INPUT_CFG_EV_BITS, EV_REP, u), 1);
	assert_int_equal(query(&r, INPUT_CFG_EV_BITS, EV_ABS, u), 0);
	assert_int_equal(query(&r, INPUT_CFG_EV_BITS, 0xff, u), 0);
	assert_int_equal(query(&r, INPUT_CFG_PROP_BITS, 0, u), 0);
	assert_int_equal(query(&r, INPUT_CFG_ABS_INFO, ABS_X, u), 0);
	mock_free(r.m);
}

static void test_touch_announces_slots_range_and_direct(void **state)
{
	struct rig r = rig_new(0, INPUT_TOUCH);
	struct input_wire_absinfo a;
	uint8_t u[128];

	(void)state;
	assert_int_equal(query(&r, INPUT_CFG_PROP_BITS, 0, u), 1);
	assert_true(bit(u, INPUT_PROP_DIRECT));
	assert_true(query(&r, INPUT_CFG_EV_BITS, EV_KEY, u) > 0);
	assert_true(bit(u, BTN_TOUCH));
	assert_true(query(&r, INPUT_CFG_EV_BITS, EV_ABS, u) > 0);
	assert_true(bit(u, ABS_MT_SLOT) && bit(u, ABS_MT_TRACKING_ID));
	assert_true(bit(u, ABS_MT_POSITION_X) && bit(u, ABS_MT_POSITION_Y));
	assert_int_equal(query(&r, INPUT_CFG_ABS_INFO, ABS_MT_POSITION_X, u), sizeof(a));
	memcpy(&a, u, sizeof(a));
	assert_int_equal(le32_get(a.min), 0);
	assert_int_equal(le32_get(a.max), 1279);
	assert_int_equal(query(&r, INPUT_CFG_ABS_INFO, ABS_MT_POSITION_Y, u), sizeof(a));
	memcpy(&a, u, sizeof(a));
	assert_int_equal(le32_get(a.max), 799);
	assert_int_equal(query(&r, INPUT_CFG_ABS_INFO, ABS_MT_SLOT, u), sizeof(a));
	memcpy(&a, u, sizeof(a));
	assert_int_equal(le32_get(a.max), INPUT_TOUCH_SLOTS - 1);
	assert_int_equal(query(&r, INPUT_CFG_ABS_INFO, ABS_PRESSURE, u), 0);
	mock_free(r.m);
}

static void test_pointer_announces_buttons_wheel_and_range(void **state)
{
	struct rig r = rig_new(0, INPUT_POINTER);
	uint8_t u[128];

	(void)state;
	assert_true(query(&r, INPUT_CFG_EV_BITS, EV_KEY, u) > 0);
	assert_true(
		bit(u, BTN_LEFT) && bit(u, BTN_RIGHT) && bit(u, BTN_MIDDLE) && bit(u, BTN_SIDE));
	assert_true(query(&r, INPUT_CFG_EV_BITS, EV_REL, u) > 0);
	assert_true(bit(u, REL_WHEEL));
	assert_int_equal(query(&r, INPUT_CFG_EV_BITS, EV_ABS, u), 1);
	assert_int_equal(u[0], 3);
	mock_free(r.m);
}

static void test_only_select_and_subsel_can_be_written(void **state)
{
	static const uint8_t ones[8] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct rig r = rig_new(0, INPUT_KEYBOARD);
	uint8_t u[128];

	(void)state;
	for (uint32_t off = 2; off < 140; off++)
		for (uint32_t len = 1; len <= 8; len++)
			mock_config_write(r.m, off, ones, len);
	assert_int_equal(mock_config8(r.m, 0), 0);
	assert_int_equal(mock_config8(r.m, 2), 0);
	mock_config_write(r.m, 0, ones, 8);
	assert_int_equal(mock_config8(r.m, 1), 0xff);
	assert_int_equal(mock_config8(r.m, 2), 0);
	assert_int_equal(query(&r, INPUT_CFG_ID_NAME, 0, u), strlen("Dyno keyboard (IVI)"));
	mock_free(r.m);
}

static void test_an_update_reaches_the_guest_over_every_ring(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < MOCK_KINDS; kind++) {
		struct rig r = rig_new(kind, INPUT_KEYBOARD);

		post_buffers(&r, 8);
		key(&r, KEY_A, 1);
		expect(&r, EV_KEY, KEY_A, 1);
		expect(&r, EV_SYN, SYN_REPORT, 0);
		key(&r, KEY_A, 0);
		expect(&r, EV_KEY, KEY_A, 0);
		expect(&r, EV_SYN, SYN_REPORT, 0);
		assert_int_equal(stats(&r).updates, 2);
		mock_free(r.m);
	}
}

static void test_an_update_waits_until_there_are_buffers_for_all_of_it(void **state)
{
	const struct input_event_rec ev[] = {
		{ EV_ABS, ABS_X, 10 },
		{ EV_ABS, ABS_Y, 20 },
		{ EV_KEY, BTN_LEFT, 1 },
		{ EV_SYN, SYN_REPORT, 0 },
	};

	(void)state;
	for (unsigned int kind = 0; kind < MOCK_KINDS; kind++) {
		struct rig r = rig_new(kind, INPUT_POINTER);

		post_buffers(&r, 3);
		input_inject(r.dev, ev, 4);
		expect_nothing(&r);
		post_buffers(&r, 1);
		expect(&r, EV_ABS, ABS_X, 10);
		expect(&r, EV_ABS, ABS_Y, 20);
		expect(&r, EV_KEY, BTN_LEFT, 1);
		expect(&r, EV_SYN, SYN_REPORT, 0);
		assert_int_equal(stats(&r).dropped_updates, 0);
		mock_free(r.m);
	}
}

static void test_whole_updates_are_dropped_when_the_store_is_full(void **state)
{
	struct rig r = rig_new(0, INPUT_KEYBOARD);
	struct input_stats s;
	unsigned int kept;

	(void)state;
	for (unsigned int i = 0; i < 1000; i++)
		key(&r, (uint16_t)(KEY_1 + i % 10), (int32_t)((i / 10 + 1) % 2));
	expect_nothing(&r);
	s = stats(&r);
	assert_true(s.dropped_updates > 0 && s.dropped_updates < 1000);
	kept = 1000 - (unsigned int)s.dropped_updates;
	/* The oldest ones are kept, whole and in order. */
	for (unsigned int i = 0; i < kept; i++) {
		post_buffers(&r, 2);
		expect(&r, EV_KEY, (uint16_t)(KEY_1 + i % 10), (int32_t)((i / 10 + 1) % 2));
		expect(&r, EV_SYN, SYN_REPORT, 0);
	}
	/* The last round released all keys; the guest had heard so of two. */
	assert_int_equal(kept % 10, 2);
	post_buffers(&r, 16);
	for (unsigned int k = 2; k < 10; k++)
		expect(&r, EV_KEY, (uint16_t)(KEY_1 + k), 0);
	expect(&r, EV_SYN, SYN_REPORT, 0);
	expect_nothing(&r);
	mock_free(r.m);
}

static int32_t last_value(struct rig *r, uint16_t type, uint16_t code, int32_t before)
{
	struct mock_used u;

	do {
		post_buffers(r, 16);
		for (int i = 0; i < 4; i++)
			mock_turn(r->m);
		if (!mock_poll(r->m, EVENTS, &u))
			break;
		do {
			struct input_wire_event w;

			memcpy(&w, u.in, sizeof(w));
			if (le16_get(w.type) == type && le16_get(w.code) == code)
				before = (int32_t)le32_get(w.value);
		} while (mock_poll(r->m, EVENTS, &u));
	} while (mock_in_flight(r->m, EVENTS) < 40);
	return before;
}

static void test_a_key_whose_release_was_dropped_does_not_stay_pressed(void **state)
{
	struct rig r = rig_new(0, INPUT_KEYBOARD);

	(void)state;
	key(&r, KEY_A, 1);
	while (stats(&r).dropped_updates == 0)
		key(&r, KEY_B, 0);
	key(&r, KEY_A, 0);
	assert_int_equal(stats(&r).dropped_updates, 2);
	assert_int_equal(last_value(&r, EV_KEY, KEY_A, -1), 0);
	mock_free(r.m);
}

static void test_a_finger_whose_lift_was_dropped_does_not_stay_down(void **state)
{
	const struct input_event_rec down[] = {
		{ EV_ABS, ABS_MT_SLOT, 3 },
		{ EV_ABS, ABS_MT_TRACKING_ID, 7 },
		{ EV_KEY, BTN_TOUCH, 1 },
		{ EV_SYN, SYN_REPORT, 0 },
	};
	const struct input_event_rec move[] = {
		{ EV_ABS, ABS_MT_POSITION_X, 5 },
		{ EV_SYN, SYN_REPORT, 0 },
	};
	const struct input_event_rec up[] = {
		{ EV_ABS, ABS_MT_TRACKING_ID, -1 },
		{ EV_KEY, BTN_TOUCH, 0 },
		{ EV_SYN, SYN_REPORT, 0 },
	};
	struct rig r = rig_new(0, INPUT_TOUCH);

	(void)state;
	input_inject(r.dev, down, ARRAY_SIZE(down));
	while (stats(&r).dropped_updates == 0)
		input_inject(r.dev, move, ARRAY_SIZE(move));
	input_inject(r.dev, up, ARRAY_SIZE(up));
	assert_int_equal(stats(&r).dropped_updates, 2);
	assert_int_equal(last_value(&r, EV_ABS, ABS_MT_TRACKING_ID, 0), -1);
	mock_free(r.m);
}

static void test_events_that_are_not_announced_are_left_out(void **state)
{
	const struct input_event_rec ev[] = {
		{ EV_MSC, MSC_SCAN, 4 },
		{ EV_KEY, BTN_LEFT, 1 },
		{ EV_KEY, KEY_B, 2 }, /* repeats are the guest's own */
		{ EV_LED, LED_CAPSL, 1 },
		{ EV_KEY, KEY_B, 1 },
		{ EV_SYN, SYN_MT_REPORT, 0 },
		{ 0xffff, 0xffff, 1 },
		{ EV_SYN, SYN_REPORT, 0 },
		{ EV_MSC, MSC_SCAN, 5 },
		{ EV_SYN, SYN_REPORT, 0 },
	};
	struct rig r = rig_new(0, INPUT_KEYBOARD);

	(void)state;
	post_buffers(&r, 16);
	input_inject(r.dev, ev, ARRAY_SIZE(ev));
	expect(&r, EV_KEY, KEY_B, 1);
	expect(&r, EV_SYN, SYN_REPORT, 0);
	expect_nothing(&r); /* of the second update nothing was left */
	assert_int_equal(stats(&r).filtered_events, 7);
	mock_free(r.m);
}

static void test_coordinates_are_held_inside_the_range(void **state)
{
	const struct input_event_rec ev[] = {
		{ EV_ABS, ABS_MT_SLOT, 0 },
		{ EV_ABS, ABS_MT_TRACKING_ID, 12 },
		{ EV_ABS, ABS_MT_POSITION_X, -5 },
		{ EV_ABS, ABS_MT_POSITION_Y, 5000 },
		{ EV_SYN, SYN_REPORT, 0 },
		{ EV_ABS, ABS_MT_TRACKING_ID, -1 },
		{ EV_SYN, SYN_REPORT, 0 },
	};
	struct rig r = rig_new(0, INPUT_TOUCH);

	(void)state;
	post_buffers(&r, 16);
	input_inject(r.dev, ev, ARRAY_SIZE(ev));
	expect(&r, EV_ABS, ABS_MT_SLOT, 0);
	expect(&r, EV_ABS, ABS_MT_TRACKING_ID, 12);
	expect(&r, EV_ABS, ABS_MT_POSITION_X, 0);
	expect(&r, EV_ABS, ABS_MT_POSITION_Y, 799);
	expect(&r, EV_SYN, SYN_REPORT, 0);
	expect(&r, EV_ABS, ABS_MT_TRACKING_ID, -1);
	expect(&r, EV_SYN, SYN_REPORT, 0);
	mock_free(r.m);
}

static void test_an_update_for_a_finger_that_does_not_exist_is_dropped_whole(void **state)
{
	const struct input_event_rec ev[] = {
		{ EV_ABS, ABS_MT_SLOT, INPUT_TOUCH_SLOTS },
		{ EV_ABS, ABS_MT_POSITION_X, 1 },
		{ EV_SYN, SYN_REPORT, 0 },
	};
	struct rig r = rig_new(0, INPUT_TOUCH);

	(void)state;
	post_buffers(&r, 16);
	input_inject(r.dev, ev, ARRAY_SIZE(ev));
	expect_nothing(&r);
	assert_int_equal(stats(&r).dropped_updates, 1);
	mock_free(r.m);
}

static void test_an_update_without_end_is_dropped(void **state)
{
	const struct input_event_rec ev = { EV_KEY, KEY_A, 1 };
	struct rig r = rig_new(0, INPUT_KEYBOARD);

	(void)state;
	post_buffers(&r, 4);
	input_inject(r.dev, &ev, 1);
	input_inject(r.dev, &ev, 0);
	expect_nothing(&r);
	assert_int_equal(stats(&r).dropped_updates, 1);
	mock_free(r.m);
}

static void test_an_update_longer_than_the_queue_is_dropped_and_the_next_passes(void **state)
{
	struct input_event_rec ev[65];
	struct rig r = rig_new(0, INPUT_KEYBOARD);

	(void)state;
	mock_set_queue_size(r.m, 8);
	mock_start(r.m, MOCK_ALL_FEATURES);
	for (unsigned int i = 0; i < ARRAY_SIZE(ev); i++)
		ev[i] = (struct input_event_rec){ EV_KEY, (uint16_t)(KEY_1 + i), 1 };
	post_buffers(&r, 8);
	ev[8] = (struct input_event_rec){ EV_SYN, SYN_REPORT, 0 };
	input_inject(r.dev, ev, 9); /* longer than this ring */
	ev[8] = ev[0];
	ev[64] = (struct input_event_rec){ EV_SYN, SYN_REPORT, 0 };
	input_inject(r.dev, ev, 65); /* longer than any ring */
	key(&r, KEY_Z, 1);
	expect(&r, EV_KEY, KEY_Z, 1);
	expect(&r, EV_SYN, SYN_REPORT, 0);
	assert_int_equal(stats(&r).dropped_updates, 2);
	mock_free(r.m);
}

static void test_events_without_a_driver_are_dropped_not_kept(void **state)
{
	struct rig r = rig_new(0, INPUT_KEYBOARD);

	(void)state;
	mock_reset(r.m);
	key(&r, KEY_A, 1);
	assert_int_equal(stats(&r).dropped_updates, 1);
	mock_start(r.m, MOCK_ALL_FEATURES);
	post_buffers(&r, 8);
	key(&r, KEY_B, 1);
	expect(&r, EV_KEY, KEY_B, 1);
	mock_free(r.m);
}

static void test_reset_with_events_in_the_store_forgets_them(void **state)
{
	struct rig r = rig_new(0, INPUT_KEYBOARD);

	(void)state;
	key(&r, KEY_A, 1);
	mock_reset(r.m);
	mock_start(r.m, MOCK_ALL_FEATURES);
	post_buffers(&r, 8);
	expect_nothing(&r);
	mock_free(r.m);
}

static void test_an_event_buffer_that_is_too_short_latches_the_queue(void **state)
{
	struct rig r = rig_new(0, INPUT_KEYBOARD);

	(void)state;
	assert_true(mock_post(r.m, EVENTS, NULL, 0, 7) >= 0);
	assert_true(mock_post(r.m, EVENTS, NULL, 0, 8) >= 0);
	key(&r, KEY_A, 1);
	expect_nothing(&r);
	assert_true(mock_needs_reset(r.m));
	mock_free(r.m);
}

static void send_led(struct rig *r, uint16_t type, uint16_t code, uint32_t value, uint32_t len)
{
	struct input_wire_event w = {
		.type = le16_of(type), .code = le16_of(code), .value = le32_of(value)
	};

	assert_int_equal(mock_send(r->m, STATUS, &w, len, NULL, 0), 0);
}

static void test_leds_are_kept_and_nonsense_is_consumed(void **state)
{
	struct rig r = rig_new(0, INPUT_KEYBOARD);

	(void)state;
	send_led(&r, EV_LED, LED_CAPSL, 1, 8);
	send_led(&r, EV_LED, LED_NUML, 1, 8);
	assert_int_equal(stats(&r).leds, 1u << LED_CAPSL | 1u << LED_NUML);
	send_led(&r, EV_LED, LED_NUML, 0, 8);
	send_led(&r, EV_LED, 31, 1, 8);
	send_led(&r, EV_LED, 0xffff, 1, 8);
	send_led(&r, EV_REP, REP_DELAY, 250, 8);
	send_led(&r, EV_LED, LED_NUML, 1, 7);
	assert_int_equal(stats(&r).leds, 1u << LED_CAPSL);
	mock_reset(r.m);
	assert_int_equal(stats(&r).leds, 0);
	mock_free(r.m);
}

static void *inject_many(void *arg)
{
	struct rig *r = arg;

	/* Both together fit into the store: nothing may be lost. */
	for (unsigned int i = 0; i < 200; i++)
		key(r, KEY_A, 0);
	return NULL;
}

static void test_two_threads_may_inject(void **state)
{
	struct rig r = rig_new(0, INPUT_KEYBOARD);
	pthread_t t[2];

	(void)state;
	for (unsigned int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&t[i], NULL, inject_many, &r), 0);
	for (unsigned int i = 0; i < 400; i++) {
		post_buffers(&r, 2);
		expect(&r, EV_KEY, KEY_A, 0);
		expect(&r, EV_SYN, SYN_REPORT, 0);
	}
	for (unsigned int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	assert_int_equal(stats(&r).updates, 400);
	mock_free(r.m);
}

static void test_bad_configurations_are_refused(void **state)
{
	struct input_config cfg = { .kind = INPUT_TOUCH, .width = 0, .height = 10 };
	struct vdev *v = NULL;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(input_new(&v, &cfg, &e), -EINVAL);
	cfg.width = 65537;
	assert_int_equal(input_new(&v, &cfg, &e), -EINVAL);
	cfg.kind = INPUT_KINDS;
	assert_int_equal(input_new(&v, &cfg, &e), -EINVAL);
	assert_null(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_and_ids_tell_devices_apart),
		cmocka_unit_test(test_keyboard_announces_keys_leds_and_repeat),
		cmocka_unit_test(test_touch_announces_slots_range_and_direct),
		cmocka_unit_test(test_pointer_announces_buttons_wheel_and_range),
		cmocka_unit_test(test_only_select_and_subsel_can_be_written),
		cmocka_unit_test(test_an_update_reaches_the_guest_over_every_ring),
		cmocka_unit_test(test_an_update_waits_until_there_are_buffers_for_all_of_it),
		cmocka_unit_test(test_whole_updates_are_dropped_when_the_store_is_full),
		cmocka_unit_test(test_a_key_whose_release_was_dropped_does_not_stay_pressed),
		cmocka_unit_test(test_a_finger_whose_lift_was_dropped_does_not_stay_down),
		cmocka_unit_test(test_events_that_are_not_announced_are_left_out),
		cmocka_unit_test(test_coordinates_are_held_inside_the_range),
		cmocka_unit_test(test_an_update_for_a_finger_that_does_not_exist_is_dropped_whole),
		cmocka_unit_test(test_an_update_without_end_is_dropped),
		cmocka_unit_test(
			test_an_update_longer_than_the_queue_is_dropped_and_the_next_passes),
		cmocka_unit_test(test_events_without_a_driver_are_dropped_not_kept),
		cmocka_unit_test(test_reset_with_events_in_the_store_forgets_them),
		cmocka_unit_test(test_an_event_buffer_that_is_too_short_latches_the_queue),
		cmocka_unit_test(test_leds_are_kept_and_nonsense_is_consumed),
		cmocka_unit_test(test_two_threads_may_inject),
		cmocka_unit_test(test_bad_configurations_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
