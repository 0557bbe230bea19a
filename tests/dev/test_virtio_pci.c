/* SPDX-License-Identifier: Apache-2.0 */
/* virtio-pci without KVM: a device that echoes, reached through BARs, doorbells and MSI-X. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/le.h"
#include "tests/dev/echo_dev.h"
#include "tests/support/vpci_regs.h"

static struct echo_dev *echo;

static struct mock *start(unsigned int kind, struct vpci_regs **regs)
{
	struct mock *m = mock_new(kind);

	echo = echo_new();
	*regs = vpci_attach(m, &echo->v);
	mock_start(m, ECHO_F_LOUD);
	return m;
}

static void test_requests_go_and_come_over_every_kind_of_ring(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < MOCK_KINDS; kind++) {
		struct vpci_regs *r;
		struct mock *m = start(kind, &r);
		char in[8] = { 0 };

		for (unsigned int q = 0; q < ECHO_QUEUES; q++) {
			assert_int_equal(mock_send(m, q, "hello", 6, in, sizeof(in)), 6);
			assert_string_equal(in, "hello");
			mock_turn(m); /* the message arrives by the loop */
			assert_true(mock_irqs(m, q) >= 1);
		}
		mock_free(m);
	}
}

static void test_queue_reset_over_registers(void **state)
{
	struct vpci_regs *r;
	struct mock *m = start(0, &r);
	char in[8];

	(void)state;
	mock_queue_reset(m, 1);
	assert_int_equal(mock_send(m, 1, "again", 6, in, sizeof(in)), 6);
	mock_free(m);
}

static void test_masked_vector_waits_in_the_pending_bits(void **state)
{
	struct vpci_regs *r;
	struct mock *m = start(0, &r);
	struct vpci_places at = vpci_regs_find(r);
	struct mock_used used;

	(void)state;
	vpci_regs_write(r, at.msix + 16 * 1 + 12, 1, 4);
	assert_true(mock_post(m, 0, "x", 1, 1) >= 0);
	assert_true(mock_wait(m, 0, &used));
	mock_turn(m);
	assert_int_equal(mock_irqs(m, 0), 0);
	assert_int_equal(vpci_regs_read(r, at.msix + 0x800, 8), 2);
	vpci_regs_write(r, at.msix + 16 * 1 + 12, 0, 4);
	mock_turn(m);
	assert_int_equal(mock_irqs(m, 0), 1);
	assert_int_equal(vpci_regs_read(r, at.msix + 0x800, 8), 0);
	mock_free(m);
}

static void test_without_msix_the_isr_tells_and_is_cleared_by_reading(void **state)
{
	struct vpci_regs *r;
	struct mock *m = start(0, &r);
	struct vpci_places at = vpci_regs_find(r);
	le16 off = le16_of(0);
	struct mock_used used;

	(void)state;
	pci_config_write(vpci_regs_host(r), VPCI_TEST_SLOT, at.msix_cap + 2u, off.b, 2);
	assert_true(mock_post(m, 0, "x", 1, 1) >= 0);
	assert_true(mock_wait(m, 0, &used));
	assert_int_equal(vpci_regs_read(r, at.isr, 1), 1);
	assert_int_equal(vpci_regs_read(r, at.isr, 1), 0);
	mock_free(m);
}

static void set_bar(struct vpci_regs *r, uint64_t addr)
{
	le64 v = le64_of(addr);
	le16 off = le16_of(0), on = le16_of(PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);

	pci_config_write(vpci_regs_host(r), VPCI_TEST_SLOT, PCI_COMMAND, off.b, 2);
	pci_config_write(vpci_regs_host(r), VPCI_TEST_SLOT, PCI_BAR0, v.b, 8);
	pci_config_write(vpci_regs_host(r), VPCI_TEST_SLOT, PCI_COMMAND, on.b, 2);
}

static void test_bar_that_moves_takes_its_doorbells_along(void **state)
{
	struct vpci_regs *r;
	struct mock *m = start(0, &r);
	struct vpci_places before = vpci_regs_find(r), after;

	(void)state;
	assert_int_equal(vpci_regs_doorbells(r), ECHO_QUEUES);
	set_bar(r, UINT64_C(0x4000000000));
	after = vpci_regs_find(r);
	assert_int_equal(after.common, UINT64_C(0x4000000000));
	assert_int_equal(vpci_regs_doorbells(r), ECHO_QUEUES);
	assert_int_equal(vpci_regs_read(r, before.common + 18, 2), 0xffff);
	assert_int_equal(vpci_regs_read(r, after.common + 18, 2), ECHO_QUEUES);
	assert_int_equal(mock_send(m, 0, "moved", 6, NULL, 6), 6);
	mock_free(m);
}

static void test_notification_at_another_width_arrives_too(void **state)
{
	struct vpci_regs *r;
	struct mock *m = start(0, &r);
	struct vpci_places at = vpci_regs_find(r);
	unsigned int before = echo->kicks;

	(void)state;
	/* Not where a doorbell is: 1 byte into the stride. */
	vpci_regs_write(r, at.notify + at.multiplier + 1, 0, 1);
	mock_turn(m);
	assert_int_equal(echo->kicks, before + 1);
	/* Beyond the last queue: nobody. */
	vpci_regs_write(r, at.notify + at.multiplier * ECHO_QUEUES, 0, 2);
	mock_turn(m);
	assert_int_equal(echo->kicks, before + 1);
	mock_free(m);
}

static void test_registers_at_every_width_and_offset_are_safe(void **state)
{
	struct vpci_regs *r;
	struct mock *m = start(0, &r);
	struct vpci_places at = vpci_regs_find(r);
	char in[8];

	(void)state;
	/* Both edges of each structure. */
	for (uint64_t base = 0; base < VPCI_BAR_BYTES; base += VPCI_REGION_BYTES) {
		for (uint64_t i = 0; i < 0x120; i++) {
			uint64_t off = base + (i < 0x110 ? i : VPCI_REGION_BYTES - 0x120 + i);

			for (uint32_t len = 1; len <= 8; len *= 2) {
				(void)vpci_regs_read(r, at.common + off, len);
				vpci_regs_write(r, at.common + off, UINT64_MAX, len);
			}
		}
	}
	mock_start(m, ECHO_F_LOUD);
	assert_int_equal(mock_send(m, 0, "alive", 6, in, sizeof(in)), 6);
	mock_free(m);
}

static void test_odd_widths_are_ignored_and_reads_are_parts_of_registers(void **state)
{
	struct vpci_regs *r;
	struct mock *m = start(0, &r);
	uint64_t common = vpci_regs_find(r).common;

	(void)state;
	vpci_regs_write(r, common + 22, 1, 2);
	vpci_regs_write(r, common + 22, 0, 1); /* half of queue_select */
	assert_int_equal(vpci_regs_read(r, common + 22, 2), 1);
	assert_int_equal(vpci_regs_read(r, common + 22, 4) & 0xffff, 1);
	assert_int_equal(
		vpci_regs_read(r, common + 24, 1), vpci_regs_read(r, common + 24, 2) & 0xff);
	/* An enabled queue keeps its addresses. */
	{
		uint64_t desc = vpci_regs_read(r, common + 32, 8);

		vpci_regs_write(r, common + 32, 0x1234, 8);
		vpci_regs_write(r, common + 36, 0x1234, 4);
		assert_int_equal(vpci_regs_read(r, common + 32, 8), desc);
	}
	/* A vector that is not there reads back as none. */
	vpci_regs_write(r, common + 16, ECHO_QUEUES + 1, 2);
	assert_int_equal(vpci_regs_read(r, common + 16, 2), 0xffff);
	mock_free(m);
}

static void test_reset_forgets_vectors(void **state)
{
	struct vpci_regs *r;
	struct mock *m = start(0, &r);
	uint64_t common = vpci_regs_find(r).common;

	(void)state;
	assert_int_equal(vpci_regs_read(r, common + 16, 2), 0);
	vpci_regs_write(r, common + 20, 0, 1);
	assert_int_equal(vpci_regs_read(r, common + 16, 2), 0xffff);
	vpci_regs_write(r, common + 22, 0, 2);
	assert_int_equal(vpci_regs_read(r, common + 26, 2), 0xffff);
	mock_free(m);
}

static void window_set(struct vpci_regs *r, uint8_t bar, uint32_t off, uint32_t len)
{
	uint32_t cap = vpci_regs_find(r).access_cap;
	le32 o = le32_of(off), l = le32_of(len);

	pci_config_write(vpci_regs_host(r), VPCI_TEST_SLOT, cap + 4, &bar, 1);
	pci_config_write(vpci_regs_host(r), VPCI_TEST_SLOT, cap + 8, o.b, 4);
	pci_config_write(vpci_regs_host(r), VPCI_TEST_SLOT, cap + 12, l.b, 4);
}

static void test_access_capability_reaches_registers_without_bars(void **state)
{
	struct vpci_regs *r;
	struct mock *m = start(0, &r);
	uint32_t cap = vpci_regs_find(r).access_cap;
	le32 v = { { 0 } };
	le16 off = le16_of(0);

	(void)state;
	pci_config_write(vpci_regs_host(r), VPCI_TEST_SLOT, PCI_COMMAND, off.b, 2);
	window_set(r, 0, 18, 2);
	pci_config_read(vpci_regs_host(r), VPCI_TEST_SLOT, cap + 16, v.b, 2);
	assert_int_equal(le32_get(v), ECHO_QUEUES);
	window_set(r, 0, 22, 2);
	v = le32_of(1);
	pci_config_write(vpci_regs_host(r), VPCI_TEST_SLOT, cap + 16, v.b, 2);
	v = le32_of(0);
	pci_config_read(vpci_regs_host(r), VPCI_TEST_SLOT, cap + 16, v.b, 2);
	assert_int_equal(le32_get(v), 1);
	set_bar(r, VPCI_TEST_BASE);
	mock_free(m);
}

static void test_access_capability_refuses_wild_windows(void **state)
{
	static const struct {
		uint8_t bar;
		uint32_t off, len;
	} wild[] = { { 0, VPCI_BAR_BYTES, 4 }, { 0, UINT32_MAX - 3, 4 }, { 0, 2, 4 }, { 0, 0, 8 },
		{ 0, 0, 3 }, { 0, 0, UINT32_MAX }, { 1, 0, 4 }, { 5, 0, 4 }, { 6, 0, 4 },
		{ 255, 0, 4 }, { 2, 4096, 1 } };
	struct vpci_regs *r;
	struct mock *m = start(0, &r);
	uint32_t cap = vpci_regs_find(r).access_cap;
	uint8_t status = mock_status(m);

	(void)state;
	for (size_t i = 0; i < sizeof(wild) / sizeof(wild[0]); i++) {
		le32 v = le32_of(UINT32_MAX);

		window_set(r, wild[i].bar, wild[i].off, wild[i].len);
		pci_config_write(vpci_regs_host(r), VPCI_TEST_SLOT, cap + 16, v.b, 4);
		pci_config_read(vpci_regs_host(r), VPCI_TEST_SLOT, cap + 16, v.b, 4);
	}
	assert_int_equal(mock_status(m), status);
	mock_free(m);
}

static void test_machine_reset_puts_the_function_back(void **state)
{
	struct vpci_regs *r;
	struct mock *m = start(0, &r);
	struct vpci_places before = vpci_regs_find(r);

	(void)state;
	set_bar(r, UINT64_C(0x4000000000));
	pci_host_reset(vpci_regs_host(r));
	assert_int_equal(vpci_regs_find(r).common, before.common);
	assert_int_equal(mock_status(m), 0);
	assert_int_equal(vpci_regs_doorbells(r), ECHO_QUEUES);
	assert_int_equal(echo->stops > 0, 1);
	mock_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests_go_and_come_over_every_kind_of_ring),
		cmocka_unit_test(test_queue_reset_over_registers),
		cmocka_unit_test(test_masked_vector_waits_in_the_pending_bits),
		cmocka_unit_test(test_without_msix_the_isr_tells_and_is_cleared_by_reading),
		cmocka_unit_test(test_bar_that_moves_takes_its_doorbells_along),
		cmocka_unit_test(test_notification_at_another_width_arrives_too),
		cmocka_unit_test(test_registers_at_every_width_and_offset_are_safe),
		cmocka_unit_test(test_odd_widths_are_ignored_and_reads_are_parts_of_registers),
		cmocka_unit_test(test_reset_forgets_vectors),
		cmocka_unit_test(test_access_capability_reaches_registers_without_bars),
		cmocka_unit_test(test_access_capability_refuses_wild_windows),
		cmocka_unit_test(test_machine_reset_puts_the_function_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
