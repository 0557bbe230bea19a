/* SPDX-License-Identifier: Apache-2.0 */
/* virtio-mmio without KVM: a device that echoes, reached through its page and its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/le.h"
#include "tests/dev/echo_dev.h"
#include "tests/support/vmmio_regs.h"

static struct echo_dev *echo;

static struct mock *start(unsigned int kind, struct vmmio_regs **regs)
{
	struct mock *m = mock_new(kind);

	echo = echo_new();
	*regs = vmmio_attach(m, &echo->v);
	mock_start(m, ECHO_F_LOUD);
	return m;
}

static void test_requests_go_and_come_over_every_kind_of_ring(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < MOCK_KINDS; kind++) {
		struct vmmio_regs *r;
		struct mock *m = start(kind, &r);
		char in[8] = { 0 };

		for (unsigned int q = 0; q < ECHO_QUEUES; q++) {
			assert_int_equal(mock_send(m, q, "hello", 6, in, sizeof(in)), 6);
			assert_string_equal(in, "hello");
			mock_turn(m); /* the interrupt is served by the loop */
			assert_true(mock_irqs(m, q) >= 1);
			assert_false(vmmio_regs_line(r));
		}
		mock_free(m);
	}
}

static void test_page_says_what_it_is(void **state)
{
	struct vmmio_regs *r;
	struct mock *m = start(0, &r);

	(void)state;
	assert_int_equal(vmmio_regs_read(r, VMMIO_MAGIC, 4), 0x74726976);
	assert_int_equal(vmmio_regs_read(r, VMMIO_VERSION, 4), 2);
	assert_int_equal(vmmio_regs_read(r, VMMIO_DEVICE_ID, 4), echo->v.ops->id);
	assert_int_equal(vmmio_regs_read(r, VMMIO_SHM_LEN, 4), UINT32_MAX);
	assert_int_equal(vmmio_regs_read(r, VMMIO_SHM_BASE + 4, 4), UINT32_MAX);
	vmmio_regs_write(r, VMMIO_QUEUE_SEL, ECHO_QUEUES, 4);
	assert_int_equal(vmmio_regs_read(r, VMMIO_QUEUE_SIZE_MAX, 4), 0);
	vmmio_regs_write(r, VMMIO_QUEUE_SEL, UINT32_MAX, 4);
	assert_int_equal(vmmio_regs_read(r, VMMIO_QUEUE_READY, 4), 0);
	mock_free(m);
}

static void test_the_line_stays_high_until_all_causes_are_acknowledged(void **state)
{
	struct vmmio_regs *r;
	struct mock *m = start(0, &r);

	(void)state;
	vmmio_regs_serve(r, false);
	assert_int_equal(mock_send(m, 0, "a", 1, NULL, 1), 1);
	assert_int_equal(mock_send(m, 0, "b", 1, NULL, 1), 1);
	echo->v.host->config_changed(echo->v.host->ctx);
	assert_true(vmmio_regs_line(r));
	assert_int_equal(vmmio_regs_rises(r), 1);
	assert_int_equal(vmmio_regs_read(r, VMMIO_INTERRUPT_STATUS, 4), 3);
	vmmio_regs_write(r, VMMIO_INTERRUPT_ACK, VMMIO_INTERRUPT_QUEUE, 4);
	assert_true(vmmio_regs_line(r));
	assert_int_equal(vmmio_regs_read(r, VMMIO_INTERRUPT_STATUS, 4), 2);
	vmmio_regs_write(r, VMMIO_INTERRUPT_ACK, 0xfffffffe, 4);
	assert_false(vmmio_regs_line(r));
	assert_int_equal(mock_send(m, 1, "c", 1, NULL, 1), 1);
	assert_true(vmmio_regs_line(r));
	assert_int_equal(vmmio_regs_rises(r), 2);
	mock_free(m);
}

static void test_a_reset_takes_the_interrupt_away(void **state)
{
	struct vmmio_regs *r;
	struct mock *m = start(0, &r);

	(void)state;
	vmmio_regs_serve(r, false);
	assert_int_equal(mock_send(m, 0, "a", 1, NULL, 1), 1);
	mock_reset(m);
	assert_false(vmmio_regs_line(r));
	assert_int_equal(vmmio_regs_read(r, VMMIO_INTERRUPT_STATUS, 4), 0);
	assert_int_equal(vmmio_regs_read(r, VMMIO_QUEUE_READY, 4), 0);
	mock_start(m, ECHO_F_LOUD);
	assert_int_equal(mock_send(m, 0, "a", 1, NULL, 1), 1);
	vmmio_reset(vmmio_regs_transport(r));
	assert_false(vmmio_regs_line(r));
	assert_int_equal(mock_status(m), 0);
	vmmio_regs_serve(r, true);
	mock_start(m, ECHO_F_LOUD);
	assert_int_equal(mock_send(m, 0, "again", 6, NULL, 6), 6);
	mock_free(m);
}

static void test_a_queue_that_is_not_ready_is_not_touched(void **state)
{
	struct vmmio_regs *r;
	struct mock *m = start(0, &r);
	struct mock_used used;

	(void)state;
	vmmio_regs_write(r, VMMIO_QUEUE_SEL, 1, 4);
	assert_int_equal(vmmio_regs_read(r, VMMIO_QUEUE_READY, 4), 1);
	vmmio_regs_write(r, VMMIO_QUEUE_READY, 0, 4);
	assert_int_equal(vmmio_regs_read(r, VMMIO_QUEUE_READY, 4), 0);
	assert_int_equal(echo->queue_stops, 1);
	assert_true(mock_post(m, 1, "x", 1, 1) >= 0);
	mock_turn(m);
	assert_false(mock_poll(m, 1, &used));
	/* The other one goes on. */
	assert_int_equal(mock_send(m, 0, "y", 1, NULL, 1), 1);
	mock_queue_reset(m, 1);
	assert_int_equal(mock_send(m, 1, "again", 6, NULL, 6), 6);
	mock_free(m);
}

static void test_addresses_of_a_ready_queue_do_not_move(void **state)
{
	struct vmmio_regs *r;
	struct mock *m = start(0, &r);

	(void)state;
	vmmio_regs_write(r, VMMIO_QUEUE_SEL, 0, 4);
	vmmio_regs_write(r, VMMIO_QUEUE_DESC, 0, 4);
	vmmio_regs_write(r, VMMIO_QUEUE_SIZE, 2, 4);
	vmmio_regs_write(r, VMMIO_QUEUE_READY, 1, 4);
	assert_int_equal(mock_send(m, 0, "same", 5, NULL, 5), 5);
	mock_free(m);
}

static void test_accesses_of_other_widths_and_places_change_nothing(void **state)
{
	struct vmmio_regs *r;
	struct mock *m = start(0, &r);

	(void)state;
	for (uint32_t off = 0; off < VMMIO_CONFIG; off++) {
		vmmio_regs_write(r, off, 0, 1);
		vmmio_regs_write(r, off, 0, 2);
		vmmio_regs_write(r, off, 0, 8);
		assert_int_equal(vmmio_regs_read(r, off, 1), 0);
		assert_int_equal(vmmio_regs_read(r, off, 2), 0);
		if (off % 4) {
			vmmio_regs_write(r, off, 0, 4);
			assert_int_equal(vmmio_regs_read(r, off, 4), 0);
		}
	}
	/* Read-only ones. */
	vmmio_regs_write(r, VMMIO_MAGIC, 1, 4);
	vmmio_regs_write(r, VMMIO_QUEUE_SIZE_MAX, 1, 4);
	vmmio_regs_write(r, VMMIO_INTERRUPT_STATUS, 1, 4);
	vmmio_regs_write(r, VMMIO_CONFIG_GENERATION, 1, 4);
	vmmio_regs_write(r, VMMIO_QUEUE_NOTIFY, ECHO_QUEUES, 4);
	vmmio_regs_write(r, VMMIO_QUEUE_NOTIFY, UINT32_MAX, 4);
	assert_int_equal(mock_send(m, 0, "fine", 5, NULL, 5), 5);
	mock_free(m);
}

static void test_configuration_ends_with_its_page(void **state)
{
	struct vmmio_regs *r;
	struct mock *m = start(0, &r);

	(void)state;
	memset(echo->config, 0x42, sizeof(echo->config));
	assert_int_equal(vmmio_regs_read(r, VMMIO_CONFIG + ECHO_CONFIG_BYTES - 4, 4), 0x42424242);
	assert_int_equal(vmmio_regs_read(r, VMMIO_CONFIG + ECHO_CONFIG_BYTES - 2, 4), 0x4242);
	assert_int_equal(vmmio_regs_read(r, VMMIO_CONFIG + ECHO_CONFIG_BYTES, 4), 0);
	vmmio_regs_write(r, VMMIO_CONFIG + ECHO_CONFIG_BYTES - 2, 0x11111111, 4);
	assert_int_equal(vmmio_regs_read(r, VMMIO_CONFIG + ECHO_CONFIG_BYTES - 4, 4), 0x11114242);
	assert_int_equal(echo->guard[0], 0xee);
	/* Across the edge nobody answers. */
	assert_int_equal(vmmio_regs_read(r, VMMIO_BYTES - 2, 4), UINT32_MAX);
	mock_free(m);
}

static void test_a_latched_device_interrupts_and_says_so(void **state)
{
	struct vmmio_regs *r;
	struct mock *m = start(0, &r);

	(void)state;
	vmmio_regs_serve(r, false);
	mock_raw_desc(m, 0, 0, UINT64_MAX - 8, 16, 0, 0);
	mock_raw_avail(m, 0, 0);
	mock_kick_always(m, 0);
	mock_turn(m);
	assert_true(mock_needs_reset(m));
	assert_int_equal(vmmio_regs_read(r, VMMIO_INTERRUPT_STATUS, 4), VMMIO_INTERRUPT_CONFIG);
	assert_true(vmmio_regs_line(r));
	mock_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests_go_and_come_over_every_kind_of_ring),
		cmocka_unit_test(test_page_says_what_it_is),
		cmocka_unit_test(test_the_line_stays_high_until_all_causes_are_acknowledged),
		cmocka_unit_test(test_a_reset_takes_the_interrupt_away),
		cmocka_unit_test(test_a_queue_that_is_not_ready_is_not_touched),
		cmocka_unit_test(test_addresses_of_a_ready_queue_do_not_move),
		cmocka_unit_test(test_accesses_of_other_widths_and_places_change_nothing),
		cmocka_unit_test(test_configuration_ends_with_its_page),
		cmocka_unit_test(test_a_latched_device_interrupts_and_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
