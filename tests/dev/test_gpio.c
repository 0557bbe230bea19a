/* SPDX-License-Identifier: Apache-2.0 */
/* The GPIO controller with a driver, over every kind of ring. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "devices/gpio/gpio.h"
#include "devices/gpio/wire.h"
#include "tests/support/mock_driver.h"
#include "tests/support/signal_rig.h"

#define FOR_EACH_KIND(kind) for (unsigned int kind = 0; kind < MOCK_KINDS; kind++)

enum { REQUESTQ, EVENTQ };
enum { IGNITION, DOOR, LAMP, SIGNALS };
enum { L_IGNITION, L_DOOR_CLOSED, L_LAMP, L_NAMELESS, LINES };

static const struct gpio_line_config lines[LINES] = {
	[L_IGNITION] = { "ignition", { IGNITION, 1, 0 }, SIGNAL_FEED_CONSTANT, true },
	[L_DOOR_CLOSED] = { "door-closed", { DOOR, -1, 1 }, SIGNAL_FEED_CONSTANT, true },
	[L_LAMP] = { "lamp", { 0, 0, 0 }, LAMP, false },
	[L_NAMELESS] = { "", { SIGNAL_FEED_CONSTANT, 1, 1 }, SIGNAL_FEED_CONSTANT, true },
};

struct rig {
	struct mock *m;
	struct vdev *dev;
	struct signal_rig signals;
};

static struct rig start(unsigned int kind, uint64_t features)
{
	struct rig r = { .m = mock_new(kind) };
	struct gpio_config cfg = { .tag = "test/gpio", .lines = lines, .n_lines = LINES };

	signal_rig_init(&r.signals, SIGNALS);
	cfg.signals = r.signals.client;
	assert_int_equal(gpio_new(&r.dev, &cfg), 0);
	mock_attach(r.m, r.dev);
	mock_start(r.m, features);
	return r;
}

static void stop(struct rig *r)
{
	mock_free(r->m);
	signal_rig_fini(&r->signals);
}

/* The status of a request, and its value. */
static uint8_t request(struct rig *r, uint16_t type, uint16_t line, uint32_t value, uint8_t *answer)
{
	struct virtio_gpio_request q = { le16_of(type), le16_of(line), le32_of(value) };
	struct virtio_gpio_response res;

	assert_int_equal(mock_send(r->m, REQUESTQ, &q, sizeof(q), &res, sizeof(res)), sizeof(res));
	if (answer)
		*answer = res.value;
	return res.status;
}

static uint8_t get(struct rig *r, uint16_t type, uint16_t line)
{
	uint8_t v = 0xff;

	assert_int_equal(request(r, type, line, 0, &v), VIRTIO_GPIO_STATUS_OK);
	return v;
}

static void set(struct rig *r, uint16_t type, uint16_t line, uint32_t value)
{
	assert_int_equal(request(r, type, line, value, NULL), VIRTIO_GPIO_STATUS_OK);
}

/* Queues a buffer for a line's interrupt. */
static void unmask(struct rig *r, uint16_t line)
{
	le16 w = le16_of(line);

	assert_true(mock_post(r->m, EVENTQ, &w, sizeof(w), 1) >= 0);
	mock_turn(r->m);
}

/* The status with which the next buffer came back; -1: none did. */
static int event(struct rig *r)
{
	struct mock_used u;

	for (int i = 0; i < 3; i++)
		mock_turn(r->m);
	if (!mock_poll(r->m, EVENTQ, &u))
		return -1;
	assert_int_equal(u.len, 1);
	return u.in[0];
}

static int awaited_event(struct rig *r)
{
	struct mock_used u;

	assert_true(mock_wait(r->m, EVENTQ, &u));
	return u.in[0];
}

static void test_config_and_names_say_what_lines_there_are(void **state)
{
	static const char names[] = "ignition\0door-closed\0lamp\0";

	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct rig r = start(kind, MOCK_ALL_FEATURES);
		struct virtio_gpio_request q = { .type = le16_of(VIRTIO_GPIO_MSG_GET_LINE_NAMES) };
		char res[1 + sizeof(names)];

		assert_int_equal(mock_config16(r.m, 0), LINES);
		assert_int_equal(mock_config32(r.m, 4), sizeof(names));
		assert_int_equal(
			mock_send(r.m, REQUESTQ, &q, sizeof(q), res, sizeof(res)), sizeof(res));
		assert_int_equal(res[0], VIRTIO_GPIO_STATUS_OK);
		assert_memory_equal(res + 1, names, sizeof(names));
		/* Without room for all of them there are none. */
		assert_int_equal(mock_send(r.m, REQUESTQ, &q, sizeof(q), res, sizeof(res) - 1), 2);
		assert_int_equal(res[0], VIRTIO_GPIO_STATUS_ERR);
		stop(&r);
	}
}

static void test_signal_is_the_level_of_an_input(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct rig r = start(kind, MOCK_ALL_FEATURES);

		assert_int_equal(get(&r, VIRTIO_GPIO_MSG_GET_DIRECTION, L_IGNITION),
			VIRTIO_GPIO_DIRECTION_IN);
		assert_int_equal(get(&r, VIRTIO_GPIO_MSG_GET_VALUE, L_IGNITION), 0);
		signal_rig_say(&r.signals, IGNITION, 1);
		assert_int_equal(get(&r, VIRTIO_GPIO_MSG_GET_VALUE, L_IGNITION), 1);
		signal_rig_say(&r.signals, IGNITION, 0.4);
		assert_int_equal(get(&r, VIRTIO_GPIO_MSG_GET_VALUE, L_IGNITION), 0);
		signal_rig_say(&r.signals, DOOR, 0);
		assert_int_equal(get(&r, VIRTIO_GPIO_MSG_GET_VALUE, L_DOOR_CLOSED), 1);
		signal_rig_say(&r.signals, DOOR, 1);
		assert_int_equal(get(&r, VIRTIO_GPIO_MSG_GET_VALUE, L_DOOR_CLOSED), 0);
		assert_int_equal(get(&r, VIRTIO_GPIO_MSG_GET_VALUE, L_NAMELESS), 1);
		stop(&r);
	}
}

static void test_output_of_the_guest_sets_its_signal(void **state)
{
	double v = -1;

	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct rig r = start(kind, MOCK_ALL_FEATURES);

		/* A value for later, which counts when the line is an output. */
		set(&r, VIRTIO_GPIO_MSG_SET_DIRECTION, L_LAMP, VIRTIO_GPIO_DIRECTION_IN);
		set(&r, VIRTIO_GPIO_MSG_SET_VALUE, L_LAMP, 1);
		assert_false(signal_rig_heard(&r.signals, LAMP, &v));
		set(&r, VIRTIO_GPIO_MSG_SET_DIRECTION, L_LAMP, VIRTIO_GPIO_DIRECTION_OUT);
		assert_true(signal_rig_heard(&r.signals, LAMP, &v));
		assert_true(v == 1);
		assert_int_equal(get(&r, VIRTIO_GPIO_MSG_GET_VALUE, L_LAMP), 1);
		/* What is put out stays when the line is let go, but not over a reset. */
		set(&r, VIRTIO_GPIO_MSG_SET_DIRECTION, L_LAMP, VIRTIO_GPIO_DIRECTION_NONE);
		assert_int_equal(
			get(&r, VIRTIO_GPIO_MSG_GET_DIRECTION, L_LAMP), VIRTIO_GPIO_DIRECTION_NONE);
		assert_false(signal_rig_heard(&r.signals, LAMP, &v));
		/* What it was before is not known any more. */
		set(&r, VIRTIO_GPIO_MSG_SET_DIRECTION, L_LAMP, VIRTIO_GPIO_DIRECTION_OUT);
		assert_true(signal_rig_heard(&r.signals, LAMP, &v));
		assert_true(v == 0);
		set(&r, VIRTIO_GPIO_MSG_SET_VALUE, L_LAMP, 1);
		assert_true(signal_rig_heard(&r.signals, LAMP, &v));
		mock_reset(r.m);
		assert_true(signal_rig_heard(&r.signals, LAMP, &v));
		assert_true(v == 0);
		stop(&r);
	}
}

static void test_line_without_an_output_cannot_be_driven(void **state)
{
	struct rig r = start(0, MOCK_ALL_FEATURES);

	(void)state;
	assert_int_equal(request(&r, VIRTIO_GPIO_MSG_SET_VALUE, L_IGNITION, 1, NULL),
		VIRTIO_GPIO_STATUS_ERR);
	assert_int_equal(request(&r, VIRTIO_GPIO_MSG_SET_DIRECTION, L_IGNITION,
				 VIRTIO_GPIO_DIRECTION_OUT, NULL),
		VIRTIO_GPIO_STATUS_ERR);
	assert_int_equal(
		get(&r, VIRTIO_GPIO_MSG_GET_DIRECTION, L_IGNITION), VIRTIO_GPIO_DIRECTION_IN);
	assert_int_equal(gpio_stats(r.dev).failed, 2);
	stop(&r);
}

static void test_wrong_requests_fail(void **state)
{
	static const struct {
		uint16_t type, line;
		uint32_t value;
	} wrong[] = {
		{ 0, 0, 0 }, { 7, 0, 0 }, { 0xffff, 0, 0 }, { VIRTIO_GPIO_MSG_GET_VALUE, LINES, 0 },
		{ VIRTIO_GPIO_MSG_SET_VALUE, L_LAMP, 2 },
		{ VIRTIO_GPIO_MSG_SET_DIRECTION, L_LAMP, 3 },
		{ VIRTIO_GPIO_MSG_SET_IRQ_TYPE, L_IGNITION, 5 },
		{ VIRTIO_GPIO_MSG_SET_IRQ_TYPE, L_IGNITION, 0x80000001 },
		{ VIRTIO_GPIO_MSG_SET_IRQ_TYPE, L_LAMP, 1 }, /* not an input */
	};
	struct rig r = start(0, MOCK_ALL_FEATURES);
	uint8_t res[2];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(request(&r, wrong[i].type, wrong[i].line, wrong[i].value, NULL),
			VIRTIO_GPIO_STATUS_ERR);
	assert_int_equal(mock_send(r.m, REQUESTQ, "short", 5, res, 2), 2);
	assert_int_equal(res[0], VIRTIO_GPIO_STATUS_ERR);
	stop(&r);
}

static void test_interrupts_need_their_feature(void **state)
{
	struct rig r = start(0, 0);

	(void)state;
	assert_int_equal(request(&r, VIRTIO_GPIO_MSG_SET_IRQ_TYPE, L_IGNITION,
				 VIRTIO_GPIO_IRQ_TYPE_EDGE_BOTH, NULL),
		VIRTIO_GPIO_STATUS_ERR);
	stop(&r);
}

static void test_edges_interrupt_as_their_type_says(void **state)
{
	static const struct {
		uint32_t type;
		bool rising, falling;
	} cases[] = {
		{ VIRTIO_GPIO_IRQ_TYPE_EDGE_RISING, true, false },
		{ VIRTIO_GPIO_IRQ_TYPE_EDGE_FALLING, false, true },
		{ VIRTIO_GPIO_IRQ_TYPE_EDGE_BOTH, true, true },
	};

	(void)state;
	FOR_EACH_KIND(kind)
	{
		for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
			struct rig r = start(kind, MOCK_ALL_FEATURES);

			set(&r, VIRTIO_GPIO_MSG_SET_IRQ_TYPE, L_IGNITION, cases[i].type);
			unmask(&r, L_IGNITION);
			assert_int_equal(event(&r), -1);
			signal_rig_say(&r.signals, IGNITION, 1);
			if (cases[i].rising) {
				assert_int_equal(awaited_event(&r), VIRTIO_GPIO_IRQ_STATUS_VALID);
				unmask(&r, L_IGNITION);
			}
			assert_int_equal(event(&r), -1);
			signal_rig_say(&r.signals, IGNITION, 0);
			if (cases[i].falling)
				assert_int_equal(awaited_event(&r), VIRTIO_GPIO_IRQ_STATUS_VALID);
			assert_int_equal(event(&r), -1);
			stop(&r);
		}
	}
}

static void test_edge_while_masked_is_kept_once(void **state)
{
	struct rig r = start(0, MOCK_ALL_FEATURES);

	(void)state;
	set(&r, VIRTIO_GPIO_MSG_SET_IRQ_TYPE, L_IGNITION, VIRTIO_GPIO_IRQ_TYPE_EDGE_BOTH);
	signal_rig_say(&r.signals, IGNITION, 1);
	signal_rig_say(&r.signals, IGNITION, 0);
	unmask(&r, L_IGNITION);
	assert_int_equal(awaited_event(&r), VIRTIO_GPIO_IRQ_STATUS_VALID);
	unmask(&r, L_IGNITION);
	assert_int_equal(event(&r), -1);
	assert_int_equal(gpio_stats(r.dev).interrupts, 1);
	stop(&r);
}

static void test_edge_from_before_the_interrupt_is_forgotten(void **state)
{
	struct rig r = start(0, MOCK_ALL_FEATURES);

	(void)state;
	signal_rig_say(&r.signals, IGNITION, 1);
	set(&r, VIRTIO_GPIO_MSG_SET_IRQ_TYPE, L_IGNITION, VIRTIO_GPIO_IRQ_TYPE_EDGE_RISING);
	unmask(&r, L_IGNITION);
	assert_int_equal(event(&r), -1);
	stop(&r);
}

static void test_level_interrupts_as_long_as_it_lasts_and_is_not_kept(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct rig r = start(kind, MOCK_ALL_FEATURES);

		set(&r, VIRTIO_GPIO_MSG_SET_IRQ_TYPE, L_IGNITION, VIRTIO_GPIO_IRQ_TYPE_LEVEL_HIGH);
		signal_rig_say(&r.signals, IGNITION, 1);
		for (int i = 0; i < 3; i++) {
			unmask(&r, L_IGNITION);
			assert_int_equal(awaited_event(&r), VIRTIO_GPIO_IRQ_STATUS_VALID);
		}
		signal_rig_say(&r.signals, IGNITION, 0);
		unmask(&r, L_IGNITION);
		assert_int_equal(event(&r), -1);
		/* The other level, with the buffer that is there. */
		set(&r, VIRTIO_GPIO_MSG_SET_IRQ_TYPE, L_IGNITION, VIRTIO_GPIO_IRQ_TYPE_LEVEL_LOW);
		assert_int_equal(awaited_event(&r), VIRTIO_GPIO_IRQ_STATUS_VALID);
		stop(&r);
	}
}

static void test_disabled_interrupt_gives_its_buffer_back(void **state)
{
	static const struct {
		uint16_t type;
		uint32_t value;
	} ways[] = {
		{ VIRTIO_GPIO_MSG_SET_IRQ_TYPE, VIRTIO_GPIO_IRQ_TYPE_NONE },
		{ VIRTIO_GPIO_MSG_SET_DIRECTION, VIRTIO_GPIO_DIRECTION_NONE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		struct rig r = start(0, MOCK_ALL_FEATURES);

		set(&r, VIRTIO_GPIO_MSG_SET_IRQ_TYPE, L_IGNITION, VIRTIO_GPIO_IRQ_TYPE_EDGE_BOTH);
		unmask(&r, L_IGNITION);
		set(&r, ways[i].type, L_IGNITION, ways[i].value);
		assert_int_equal(awaited_event(&r), VIRTIO_GPIO_IRQ_STATUS_INVALID);
		signal_rig_say(&r.signals, IGNITION, 1);
		assert_int_equal(event(&r), -1);
		stop(&r);
	}
}

static void test_buffers_that_no_interrupt_waits_for_come_back(void **state)
{
	struct rig r = start(0, MOCK_ALL_FEATURES);

	(void)state;
	unmask(&r, L_IGNITION); /* not enabled */
	assert_int_equal(awaited_event(&r), VIRTIO_GPIO_IRQ_STATUS_INVALID);
	unmask(&r, LINES); /* not there */
	assert_int_equal(awaited_event(&r), VIRTIO_GPIO_IRQ_STATUS_INVALID);
	set(&r, VIRTIO_GPIO_MSG_SET_IRQ_TYPE, L_IGNITION, VIRTIO_GPIO_IRQ_TYPE_EDGE_BOTH);
	unmask(&r, L_IGNITION);
	assert_int_equal(event(&r), -1);
	unmask(&r, L_IGNITION); /* has one already */
	assert_int_equal(awaited_event(&r), VIRTIO_GPIO_IRQ_STATUS_INVALID);
	signal_rig_say(&r.signals, IGNITION, 1);
	assert_int_equal(awaited_event(&r), VIRTIO_GPIO_IRQ_STATUS_VALID);
	stop(&r);
}

static void test_reset_with_a_buffer_held_is_clean(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct rig r = start(kind, MOCK_ALL_FEATURES);

		set(&r, VIRTIO_GPIO_MSG_SET_IRQ_TYPE, L_IGNITION, VIRTIO_GPIO_IRQ_TYPE_EDGE_BOTH);
		unmask(&r, L_IGNITION);
		mock_reset(r.m);
		signal_rig_say(&r.signals, IGNITION, 1);
		mock_start(r.m, MOCK_ALL_FEATURES);
		assert_int_equal(event(&r), -1);
		set(&r, VIRTIO_GPIO_MSG_SET_IRQ_TYPE, L_IGNITION, VIRTIO_GPIO_IRQ_TYPE_EDGE_BOTH);
		unmask(&r, L_IGNITION);
		mock_queue_reset(r.m, EVENTQ);
		signal_rig_say(&r.signals, IGNITION, 0);
		unmask(&r, L_IGNITION);
		assert_int_equal(awaited_event(&r), VIRTIO_GPIO_IRQ_STATUS_VALID);
		stop(&r);
	}
}

static void test_buffers_that_cannot_be_answered_are_latched(void **state)
{
	struct rig r = start(0, MOCK_ALL_FEATURES);
	le16 line = le16_of(0);

	(void)state;
	assert_int_equal(mock_send(r.m, REQUESTQ, "12345678", 8, NULL, 0), -EIO);
	mock_start(r.m, MOCK_ALL_FEATURES);
	assert_int_equal(mock_send(r.m, EVENTQ, &line, sizeof(line), NULL, 0), -EIO);
	mock_start(r.m, MOCK_ALL_FEATURES);
	assert_int_equal(get(&r, VIRTIO_GPIO_MSG_GET_VALUE, L_IGNITION), 0);
	stop(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_config_and_names_say_what_lines_there_are),
		cmocka_unit_test(test_signal_is_the_level_of_an_input),
		cmocka_unit_test(test_output_of_the_guest_sets_its_signal),
		cmocka_unit_test(test_line_without_an_output_cannot_be_driven),
		cmocka_unit_test(test_wrong_requests_fail),
		cmocka_unit_test(test_interrupts_need_their_feature),
		cmocka_unit_test(test_edges_interrupt_as_their_type_says),
		cmocka_unit_test(test_edge_while_masked_is_kept_once),
		cmocka_unit_test(test_edge_from_before_the_interrupt_is_forgotten),
		cmocka_unit_test(test_level_interrupts_as_long_as_it_lasts_and_is_not_kept),
		cmocka_unit_test(test_disabled_interrupt_gives_its_buffer_back),
		cmocka_unit_test(test_buffers_that_no_interrupt_waits_for_come_back),
		cmocka_unit_test(test_reset_with_a_buffer_held_is_clean),
		cmocka_unit_test(test_buffers_that_cannot_be_answered_are_latched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
