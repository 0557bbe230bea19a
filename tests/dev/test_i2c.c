/* SPDX-License-Identifier: Apache-2.0 */
/* The I2C adapter with a driver, over every kind of ring. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "devices/i2c/i2c.h"
#include "devices/i2c/proto.h"
#include "tests/support/mock_driver.h"
#include "tests/support/signal_rig.h"

#define FOR_EACH_KIND(kind) for (unsigned int kind = 0; kind < MOCK_KINDS; kind++)
#define LM75                0x48u
#define OPT3001             0x44u

enum { TEMPERATURE, PRESENT, SIGNALS };

struct rig {
	struct mock *m;
	struct vdev *dev;
	struct signal_rig signals;
};

static struct i2c_chip *new_chip(struct rig *r, enum i2c_chip_type type)
{
	struct i2c_chip_config cfg = { .type = type,
		.address = i2c_chip_info(type)->first,
		.present = { SIGNAL_FEED_CONSTANT, 1, 1 },
		.alert = SIGNAL_FEED_CONSTANT,
		.signals = r->signals.client,
		.loop = mock_loop(r->m) };
	struct i2c_chip *c;

	for (unsigned int i = 0; i < I2C_QUANTITIES; i++)
		cfg.feed[i] = (struct signal_feed){ SIGNAL_FEED_CONSTANT, 1, 0 };
	if (type == I2C_LM75) {
		cfg.feed[I2C_TEMPERATURE] = (struct signal_feed){ TEMPERATURE, 1, 0 };
		cfg.present = (struct signal_feed){ PRESENT, 1, 0 };
	}
	assert_int_equal(i2c_chip_new(&c, &cfg), 0);
	return c;
}

static struct rig start(unsigned int kind)
{
	struct rig r = { .m = mock_new(kind) };
	struct i2c_chip *chips[2];

	signal_rig_init(&r.signals, SIGNALS);
	chips[0] = new_chip(&r, I2C_LM75);
	chips[1] = new_chip(&r, I2C_OPT3001);
	assert_int_equal(i2c_dev_new(&r.dev, chips, 2, "test/i2c"), 0);
	mock_attach(r.m, r.dev);
	mock_start(r.m, MOCK_ALL_FEATURES);
	return r;
}

/* The device goes before the signals that its chips use. */
static void stop(struct rig *r)
{
	mock_free(r->m);
	signal_rig_fini(&r->signals);
}

static struct virtio_i2c_out_hdr header(uint8_t address, uint32_t flags)
{
	return (struct virtio_i2c_out_hdr){ .addr = le16_of((uint16_t)(address << 1)),
		.flags = le32_of(flags) };
}

/* Adds one message; the chain's number. */
static int add(struct rig *r, uint8_t address, uint32_t flags, const void *data, uint32_t len)
{
	struct virtio_i2c_out_hdr h = header(address, flags);
	struct mock_iov out[2] = { { &h, sizeof(h) }, { data, len } }, in[2] = { { NULL, len } };
	bool read = flags & VIRTIO_I2C_FLAGS_M_RD;
	size_t n_in = read && len ? 1 : 0;

	in[n_in++] = (struct mock_iov){ NULL, 1 };
	return mock_add(r->m, 0, out, !read && len ? 2 : 1, in, n_in);
}

/* One message alone; its status, and what was read. */
static uint8_t message(struct rig *r, uint8_t address, uint32_t flags, void *data, uint32_t len)
{
	struct mock_used u;

	assert_true(add(r, address, flags, data, len) >= 0);
	mock_kick(r->m, 0);
	assert_true(mock_wait(r->m, 0, &u));
	assert_int_equal(u.len, u.in_len);
	if (flags & VIRTIO_I2C_FLAGS_M_RD && len)
		memcpy(data, u.in, len);
	return u.in[u.in_len - 1];
}

static void test_zero_length_requests_are_mandatory(void **state)
{
	struct rig r = start(0);

	(void)state;
	mock_reset(r.m);
	assert_false(mock_negotiate(r.m, 0));
	mock_reset(r.m);
	assert_true(mock_negotiate(r.m, VIRTIO_BIT(VIRTIO_I2C_F_ZERO_LENGTH_REQUEST)));
	stop(&r);
}

static void test_register_is_read_by_a_write_and_a_read(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct rig r = start(kind);
		uint8_t reg = 3, value[2];

		assert_int_equal(message(&r, LM75, 0, &reg, 1), VIRTIO_I2C_MSG_OK);
		assert_int_equal(
			message(&r, LM75, VIRTIO_I2C_FLAGS_M_RD, value, 2), VIRTIO_I2C_MSG_OK);
		assert_int_equal(value[0], 80);
		assert_int_equal(i2c_dev_chip(r.dev, 0)->reads, 1);
		assert_int_equal(i2c_dev_chip(r.dev, 0)->writes, 1);
		stop(&r);
	}
}

static void test_signal_becomes_what_is_read(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct rig r = start(kind);
		uint8_t value[2];

		signal_rig_say(&r.signals, TEMPERATURE, -12.5);
		assert_int_equal(message(&r, LM75, VIRTIO_I2C_FLAGS_M_RD, value, 2), 0);
		assert_int_equal(value[0], 0xf3);
		assert_int_equal(value[1], 0x80);
		stop(&r);
	}
}

static void test_probe_finds_the_chips_and_nothing_else(void **state)
{
	struct rig r = start(0);

	(void)state;
	for (uint8_t a = 0; a < 0x80; a++) {
		bool there = a == LM75 || a == OPT3001;

		assert_int_equal(
			message(&r, a, 0, NULL, 0), there ? VIRTIO_I2C_MSG_OK : VIRTIO_I2C_MSG_ERR);
	}
	assert_int_equal(message(&r, LM75, VIRTIO_I2C_FLAGS_M_RD, NULL, 0), VIRTIO_I2C_MSG_OK);
	assert_int_equal(i2c_dev_stats(r.dev).failed, 126);
	stop(&r);
}

static void test_chip_that_is_unplugged_acknowledges_nothing(void **state)
{
	struct rig r = start(0);
	uint8_t value[2] = { 0 };

	(void)state;
	signal_rig_say(&r.signals, PRESENT, 0);
	assert_int_equal(message(&r, LM75, 0, NULL, 0), VIRTIO_I2C_MSG_ERR);
	assert_int_equal(message(&r, LM75, VIRTIO_I2C_FLAGS_M_RD, value, 2), VIRTIO_I2C_MSG_ERR);
	assert_int_equal(i2c_dev_chip(r.dev, 0)->nacks, 2);
	signal_rig_say(&r.signals, PRESENT, 1);
	assert_int_equal(message(&r, LM75, VIRTIO_I2C_FLAGS_M_RD, value, 2), VIRTIO_I2C_MSG_OK);
	stop(&r);
}

static void test_rest_of_a_group_fails_with_its_first_failure(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		static const uint8_t expected[] = { 0, 1, 1, 1, 0 };
		struct rig r = start(kind);
		uint8_t limit[] = { 3, 50, 0 };
		struct mock_used u;

		assert_true(add(&r, LM75, VIRTIO_I2C_FLAGS_FAIL_NEXT, limit, 1) >= 0);
		assert_true(add(&r, 0x10, VIRTIO_I2C_FLAGS_FAIL_NEXT, limit, 1) >= 0);
		assert_true(add(&r, LM75, VIRTIO_I2C_FLAGS_FAIL_NEXT, limit, 3) >= 0);
		assert_true(add(&r, LM75, VIRTIO_I2C_FLAGS_M_RD, NULL, 2) >= 0);
		/* The next group is another matter. */
		assert_true(add(&r, LM75, VIRTIO_I2C_FLAGS_M_RD, NULL, 2) >= 0);
		mock_kick(r.m, 0);
		for (unsigned int i = 0; i < 5; i++) {
			assert_true(mock_wait(r.m, 0, &u));
			assert_int_equal(u.in[u.in_len - 1], expected[i]);
		}
		/* The limit was not written. */
		assert_int_equal(u.in[0], 80);
		stop(&r);
	}
}

static void test_wrong_requests_fail_and_the_bus_goes_on(void **state)
{
	struct virtio_i2c_out_hdr read = header(LM75, VIRTIO_I2C_FLAGS_M_RD),
				  write = header(LM75, 0), unknown = header(LM75, 4), ten = write;
	struct {
		const void *out;
		uint32_t out_len, in_len;
	} cases[] = {
		{ &read, 3, 1 }, /* a short header */
		{ &read, 9, 3 }, /* a read with bytes to write */
		{ &write, 8, 3 }, /* a write with room for what is read */
		{ &unknown, 8, 1 }, /* an unknown flag */
		{ &ten, 8, 1 }, /* ten bits: nobody has such an address */
		{ &read, 8, I2C_MESSAGE_MAX + 2 }, /* too long */
	};
	uint8_t out[16] = { 0 }, value[2];
	struct rig r = start(0);
	struct mock_used u;

	(void)state;
	ten.addr = le16_of(0x12f0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		memcpy(out, cases[i].out, sizeof(struct virtio_i2c_out_hdr));
		assert_true(mock_post(r.m, 0, out, cases[i].out_len, cases[i].in_len) >= 0);
		assert_true(mock_wait(r.m, 0, &u));
		assert_int_equal(u.in[u.in_len - 1], VIRTIO_I2C_MSG_ERR);
		/* Nothing of the host is in what was not read. */
		for (uint32_t k = 0; k + 1 < u.in_len; k++)
			assert_int_equal(u.in[k], 0);
	}
	assert_int_equal(message(&r, LM75, VIRTIO_I2C_FLAGS_M_RD, value, 2), VIRTIO_I2C_MSG_OK);
	stop(&r);
}

static void test_request_without_room_for_its_status_is_latched(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct rig r = start(kind);
		struct virtio_i2c_out_hdr h = header(LM75, 0);

		assert_int_equal(mock_send(r.m, 0, &h, sizeof(h), NULL, 0), -EIO);
		mock_start(r.m, MOCK_ALL_FEATURES);
		assert_int_equal(message(&r, LM75, 0, NULL, 0), VIRTIO_I2C_MSG_OK);
		stop(&r);
	}
}

static void test_reset_of_the_adapter_turns_the_chips_off_and_on(void **state)
{
	uint8_t limit[] = { 3, 50, 0 }, value[2];
	struct rig r = start(0);

	(void)state;
	assert_int_equal(message(&r, LM75, 0, limit, 3), VIRTIO_I2C_MSG_OK);
	assert_int_equal(message(&r, LM75, VIRTIO_I2C_FLAGS_M_RD, value, 2), VIRTIO_I2C_MSG_OK);
	assert_int_equal(value[0], 50);
	mock_start(r.m, MOCK_ALL_FEATURES);
	assert_int_equal(message(&r, LM75, 0, limit, 1), VIRTIO_I2C_MSG_OK);
	assert_int_equal(message(&r, LM75, VIRTIO_I2C_FLAGS_M_RD, value, 2), VIRTIO_I2C_MSG_OK);
	assert_int_equal(value[0], 80);
	stop(&r);
}

static void test_full_ring_is_served_in_turns(void **state)
{
	(void)state;
	FOR_EACH_KIND(kind)
	{
		struct rig r = start(kind);
		unsigned int n = 0;
		struct mock_used u;

		while (add(&r, LM75, VIRTIO_I2C_FLAGS_M_RD, NULL, 2) >= 0)
			n++;
		assert_true(n >= 16);
		mock_kick(r.m, 0);
		while (n-- > 0) {
			assert_true(mock_wait(r.m, 0, &u));
			assert_int_equal(u.in[2], VIRTIO_I2C_MSG_OK);
		}
		stop(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zero_length_requests_are_mandatory),
		cmocka_unit_test(test_register_is_read_by_a_write_and_a_read),
		cmocka_unit_test(test_signal_becomes_what_is_read),
		cmocka_unit_test(test_probe_finds_the_chips_and_nothing_else),
		cmocka_unit_test(test_chip_that_is_unplugged_acknowledges_nothing),
		cmocka_unit_test(test_rest_of_a_group_fails_with_its_first_failure),
		cmocka_unit_test(test_wrong_requests_fail_and_the_bus_goes_on),
		cmocka_unit_test(test_request_without_room_for_its_status_is_latched),
		cmocka_unit_test(test_reset_of_the_adapter_turns_the_chips_off_and_on),
		cmocka_unit_test(test_full_ring_is_served_in_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
