/* SPDX-License-Identifier: Apache-2.0 */
/* Control messages of the console device. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "devices/console/proto.h"

static int parse(uint32_t id, uint16_t event, uint16_t value, size_t len, struct console_msg *out)
{
	const struct virtio_console_control c = { le32_of(id), le16_of(event), le16_of(value) };

	return console_parse(&c, len, 4, out);
}

static void test_messages_of_a_driver_are_parsed(void **state)
{
	struct console_msg m;

	(void)state;
	assert_int_equal(parse(77, VIRTIO_CONSOLE_DEVICE_READY, 1, 8, &m), 0);
	assert_int_equal(m.event, VIRTIO_CONSOLE_DEVICE_READY);
	assert_int_equal(m.port, 0); /* unused there */
	assert_true(m.on);
	assert_int_equal(parse(3, VIRTIO_CONSOLE_PORT_READY, 0, 8, &m), 0);
	assert_int_equal(m.port, 3);
	assert_false(m.on);
	assert_int_equal(parse(0, VIRTIO_CONSOLE_PORT_OPEN, 1, 8, &m), 0);
	assert_int_equal(m.event, VIRTIO_CONSOLE_PORT_OPEN);
}

static void test_every_length_below_the_header_is_short(void **state)
{
	struct console_msg m = { .port = 9 };

	(void)state;
	for (size_t n = 0; n < sizeof(struct virtio_console_control); n++)
		assert_int_equal(parse(0, VIRTIO_CONSOLE_PORT_OPEN, 1, n, &m), GUEST_E_SHORT);
	assert_int_equal(m.port, 9);
}

static void test_port_that_cannot_exist_is_out_of_range(void **state)
{
	struct console_msg m;

	(void)state;
	assert_int_equal(parse(4, VIRTIO_CONSOLE_PORT_OPEN, 1, 8, &m), GUEST_E_RANGE);
	assert_int_equal(parse(UINT32_MAX, VIRTIO_CONSOLE_PORT_READY, 1, 8, &m), GUEST_E_RANGE);
}

static void test_what_only_a_device_says_is_unsupported(void **state)
{
	struct console_msg m;

	(void)state;
	for (unsigned int e = 0; e <= UINT16_MAX; e++) {
		int want = e == VIRTIO_CONSOLE_DEVICE_READY || e == VIRTIO_CONSOLE_PORT_READY ||
					   e == VIRTIO_CONSOLE_PORT_OPEN
				   ? 0
				   : GUEST_E_UNSUPPORTED;

		assert_int_equal(parse(0, (uint16_t)e, 1, 8, &m), want);
	}
}

static void test_value_other_than_0_and_1_is_malformed(void **state)
{
	struct console_msg m;

	(void)state;
	assert_int_equal(parse(0, VIRTIO_CONSOLE_PORT_OPEN, 2, 8, &m), GUEST_E_FORMAT);
	assert_int_equal(parse(0, VIRTIO_CONSOLE_DEVICE_READY, 0xffff, 8, &m), GUEST_E_FORMAT);
}

static void test_messages_to_the_driver_have_the_bytes_of_the_specification(void **state)
{
	uint8_t b[CONSOLE_MSG_MAX];

	(void)state;
	assert_int_equal(console_make(b, 0x01020304, VIRTIO_CONSOLE_PORT_OPEN, 1), 8);
	assert_memory_equal(b, "\x04\x03\x02\x01\x06\x00\x01\x00", 8);
	assert_int_equal(console_make_resize(b, 1, 0x0150, 0x0219), 12);
	assert_memory_equal(b, "\x01\0\0\0\x05\0\0\0\x50\x01\x19\x02", 12);
	assert_int_equal(console_make_name(b, 2, "diag"), 12); /* no NUL */
	assert_memory_equal(b, "\x02\0\0\0\x07\0\x01\0diag", 12);
}

static void test_long_name_is_cut(void **state)
{
	uint8_t b[CONSOLE_MSG_MAX];
	char name[200];

	(void)state;
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	assert_int_equal(console_make_name(b, 0, name), CONSOLE_MSG_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages_of_a_driver_are_parsed),
		cmocka_unit_test(test_every_length_below_the_header_is_short),
		cmocka_unit_test(test_port_that_cannot_exist_is_out_of_range),
		cmocka_unit_test(test_what_only_a_device_says_is_unsupported),
		cmocka_unit_test(test_value_other_than_0_and_1_is_malformed),
		cmocka_unit_test(test_messages_to_the_driver_have_the_bytes_of_the_specification),
		cmocka_unit_test(test_long_name_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
