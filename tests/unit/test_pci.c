/* SPDX-License-Identifier: Apache-2.0 */
/* PCI configuration spaces, BARs, CF8/CFC, ECAM, MSI-X: without a device behind them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/le.h"
#include "vmm/pci/msix.h"
#include "vmm/pci/pci.h"

#define WINDOW UINT64_C(0xc0000000)
#define SLOT   4

static void dev_read(void *ctx, uint64_t off, void *dst, uint32_t len)
{
	(void)ctx;
	(void)off;
	memset(dst, 0x77, len);
}
static void dev_write(void *ctx, uint64_t off, const void *src, uint32_t len)
{
	(void)ctx;
	(void)off;
	(void)src;
	(void)len;
}
static const struct bus_ops dev_ops = { dev_read, dev_write };

struct fix {
	struct bus bus;
	struct pci_host host;
	struct pci_dev dev, other;
	unsigned int moves;
	uint64_t last_addr;
	bool last_mapped;
};

static void moved(void *ctx, unsigned int bar, bool mapped, uint64_t addr)
{
	struct fix *f = ctx;

	(void)bar;
	f->moves++;
	f->last_mapped = mapped;
	f->last_addr = addr;
}

static const struct pci_dev_ops ops = { .bar_moved = moved };
static const struct pci_identity id = { 0x1af4, 0x1044, 0x1af4, 0x1100, 1, 0x123456 };

static int set_up(void **state)
{
	static struct fix f;

	memset(&f, 0, sizeof(f));
	bus_init(&f.bus);
	pci_host_init(&f.host, &f.bus, WINDOW, WINDOW + 0x10000000);
	pci_dev_init(&f.dev, &id, &ops, &f);
	pci_dev_bar(&f.dev, 0, 0x4000, &dev_ops, NULL);
	pci_dev_bar(&f.dev, 2, 0x1000, &dev_ops, NULL);
	assert_int_equal(pci_host_add(&f.host, SLOT, &f.dev), 0);
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fix *f = *state;

	pci_host_remove(&f->host, &f->dev);
	pci_host_fini(&f->host);
	bus_fini(&f->bus);
	return 0;
}

static uint32_t rd(struct fix *f, uint32_t off, uint32_t len)
{
	le32 v = { { 0 } };

	pci_config_read(&f->host, SLOT, off, v.b, len);
	return le32_get(v);
}

static void wr(struct fix *f, uint32_t off, uint32_t value, uint32_t len)
{
	le32 v = le32_of(value);

	pci_config_write(&f->host, SLOT, off, v.b, len);
}

static bool answers(struct fix *f, uint64_t addr)
{
	uint8_t v;

	return bus_read(&f->bus, addr, &v, 1);
}

static void test_identity_reads_at_every_width_and_offset(void **state)
{
	struct fix *f = *state;
	uint8_t whole[64];

	pci_config_read(&f->host, SLOT, 0, whole, 64);
	assert_int_equal(rd(f, 0, 4), 0x10441af4);
	assert_int_equal(rd(f, 8, 4), 0x12345601);
	for (uint32_t off = 0; off < 60; off++) {
		for (uint32_t len = 1; len <= 4; len++) {
			uint8_t part[4];

			pci_config_read(&f->host, SLOT, off, part, len);
			assert_memory_equal(part, whole + off, len);
		}
	}
}

static void test_ports_are_sized_placed_and_enabled_by_their_own_bit(void **state)
{
	struct fix *f = *state;
	struct bus pio;
	uint8_t v;

	bus_init(&pio);
	pci_host_remove(&f->host, &f->dev);
	pci_host_io(&f->host, &pio, 0xc000, 0x10000);
	pci_dev_io_bar(&f->dev, 4, 64, &dev_ops, NULL);
	assert_int_equal(pci_host_add(&f->host, SLOT, &f->dev), 0);
	assert_int_equal(rd(f, PCI_BAR0 + 16, 4), 0xc000 | 1);
	assert_true(bus_read(&pio, 0xc03f, &v, 1));
	assert_false(bus_read(&pio, 0xc040, &v, 1));
	wr(f, PCI_BAR0 + 16, UINT32_MAX, 4);
	assert_int_equal(rd(f, PCI_BAR0 + 16, 4), 0xffc0 | 1);
	wr(f, PCI_BAR0 + 16, 0xd080, 4);
	assert_true(bus_read(&pio, 0xd080, &v, 1));
	assert_false(bus_read(&pio, 0xc000, &v, 1));
	/* Memory goes on without them. */
	wr(f, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	assert_false(bus_read(&pio, 0xd080, &v, 1));
	assert_true(answers(f, rd(f, PCI_BAR0, 4) & ~15u));
	wr(f, PCI_COMMAND, PCI_COMMAND_IO, 2);
	assert_true(bus_read(&pio, 0xd080, &v, 1));
	assert_false(answers(f, rd(f, PCI_BAR0, 4) & ~15u));
	pci_host_remove(&f->host, &f->dev);
	assert_false(bus_read(&pio, 0xd080, &v, 1));
	bus_fini(&pio);
}

static void test_read_only_fields_stay_whatever_is_written(void **state)
{
	struct fix *f = *state;
	uint8_t before[PCI_CONFIG_BYTES], after[PCI_CONFIG_BYTES];

	pci_config_read(&f->host, SLOT, 0, before, sizeof(before));
	for (uint32_t off = 0; off < PCI_CONFIG_BYTES; off++) {
		if (off == PCI_COMMAND || (off >= PCI_BAR0 && off < PCI_BAR0 + 24))
			continue;
		wr(f, off, 0xff, 1);
	}
	pci_config_read(&f->host, SLOT, 0, after, sizeof(after));
	before[0x0c] = before[0x0d] = before[0x3c] = 0xff; /* cache line, latency, interrupt line */
	assert_memory_equal(after, before, sizeof(after));
}

static void test_accesses_over_the_end_are_cut(void **state)
{
	struct fix *f = *state;

	assert_int_equal(rd(f, 254, 4), 0);
	assert_int_equal(rd(f, 4092, 4), 0);
	assert_int_equal(rd(f, UINT32_MAX, 4), 0);
	wr(f, 254, UINT32_MAX, 4);
	wr(f, UINT32_MAX, UINT32_MAX, 4);
}

static void test_bar_is_placed_and_answers_after_power_on(void **state)
{
	struct fix *f = *state;

	assert_int_equal(rd(f, PCI_BAR0, 4), WINDOW | 4);
	assert_true(answers(f, WINDOW));
	assert_true(answers(f, WINDOW + 0x3fff));
	assert_true(answers(f, WINDOW + 0x4000)); /* the second one follows */
	assert_false(answers(f, WINDOW + 0x5000));
}

static void test_bar_size_is_found_by_writing_ones(void **state)
{
	struct fix *f = *state;

	wr(f, PCI_COMMAND, 0, 2);
	wr(f, PCI_BAR0, UINT32_MAX, 4);
	wr(f, PCI_BAR0 + 4, UINT32_MAX, 4);
	assert_int_equal(rd(f, PCI_BAR0, 4), 0xffffc004);
	assert_int_equal(rd(f, PCI_BAR0 + 4, 4), 0xffffffff);
	/* A byte at a time gives the same. */
	for (uint32_t i = 0; i < 8; i++)
		wr(f, PCI_BAR0 + 8 + i, 0xff, 1);
	assert_int_equal(rd(f, PCI_BAR0 + 8, 4), 0xfffff004);
	/* A BAR that is not there reads as zero. */
	wr(f, PCI_BAR0 + 16, UINT32_MAX, 4);
	assert_int_equal(rd(f, PCI_BAR0 + 16, 4), 0);
}

static void test_bar_follows_its_register_and_the_decode_bit(void **state)
{
	struct fix *f = *state;

	wr(f, PCI_COMMAND, 0, 2);
	assert_false(answers(f, WINDOW));
	assert_false(f->last_mapped);
	wr(f, PCI_BAR0, 0xd0000000, 4);
	assert_false(answers(f, 0xd0000000));
	wr(f, PCI_COMMAND, PCI_COMMAND_MEMORY, 1);
	assert_true(answers(f, 0xd0000000));
	wr(f, PCI_BAR0 + 4, 0x40, 4); /* above 4 GiB, while decoding */
	assert_false(answers(f, 0xd0000000));
	assert_true(answers(f, UINT64_C(0x40d0000000)));
	assert_true(f->last_mapped);
	assert_int_equal(f->last_addr, UINT64_C(0x40d0000000));
}

static void test_bar_on_taken_addresses_waits_until_they_are_free(void **state)
{
	struct fix *f = *state;
	le32 v;

	pci_dev_init(&f->other, &id, NULL, NULL);
	pci_dev_bar(&f->other, 0, 0x4000, &dev_ops, NULL);
	assert_int_equal(pci_host_add(&f->host, SLOT + 1, &f->other), 0);
	assert_true(f->other.bar[0].mapped);
	v = le32_of((uint32_t)WINDOW);
	pci_config_write(&f->host, SLOT + 1, PCI_BAR0, v.b, 4);
	assert_false(f->other.bar[0].mapped);
	wr(f, PCI_BAR0, 0xd0000000, 4);
	assert_true(f->dev.bar[0].mapped);
	assert_true(f->other.bar[0].mapped);
	assert_int_equal(f->other.bar[0].addr, WINDOW);
	pci_host_remove(&f->host, &f->other);
}

static void test_slots_are_exclusive_and_windows_end(void **state)
{
	struct fix *f = *state;

	pci_dev_init(&f->other, &id, NULL, NULL);
	assert_int_equal(pci_host_add(&f->host, SLOT, &f->other), -EBUSY);
	assert_int_equal(pci_host_add(&f->host, 0, &f->other), -EBUSY);
	assert_int_equal(pci_host_add(&f->host, 32, &f->other), -EBUSY);
	pci_dev_bar(&f->other, 0, UINT64_C(1) << 32, &dev_ops, NULL);
	assert_int_equal(pci_host_add(&f->host, 5, &f->other), -ENOSPC);
}

static uint32_t port(struct fix *f, uint32_t address, uint64_t off, uint32_t len)
{
	le32 a = le32_of(address), v = { { 0 } };

	pci_port_write(&f->host, 0, a.b, 4);
	pci_port_read(&f->host, off, v.b, len);
	return le32_get(v);
}

static void test_ports_reach_function_zero_of_bus_zero_only(void **state)
{
	struct fix *f = *state;
	const uint32_t at = 0x80000000u | SLOT << 11;

	assert_int_equal(port(f, at, 4, 4), 0x10441af4);
	assert_int_equal(port(f, at, 6, 2), 0x1044);
	assert_int_equal(port(f, at, 7, 1), 0x10);
	assert_int_equal(port(f, at, 0, 4), at);
	assert_int_equal(port(f, at | 0x100, 4, 4), 0xffffffff); /* function 1 */
	assert_int_equal(port(f, at | 0x10000, 4, 4), 0xffffffff); /* bus 1 */
	assert_int_equal(port(f, at & 0x7fffffff, 4, 4), 0xffffffff); /* not enabled */
	assert_int_equal(port(f, 0x80000000u | 9 << 11, 4, 4), 0xffffffff); /* nobody */
	assert_int_equal(port(f, at, 2, 4), 0xffffffff); /* half address, half data */
	assert_int_equal(port(f, at, 0, 2), 0xffff); /* the address is one word */
}

static void test_ecam_reaches_the_same_spaces(void **state)
{
	struct fix *f = *state;
	const uint64_t at = SLOT << 15;
	le64 v;

	pci_ecam_ops.read(&f->host, at, v.b, 8);
	assert_int_equal((uint32_t)le64_get(v), 0x10441af4);
	pci_ecam_ops.read(&f->host, at | 0x1000, v.b, 4); /* function 1 */
	assert_int_equal((uint32_t)le64_get(v), 0xffffffff);
	pci_ecam_ops.read(&f->host, at + 4092, v.b, 8); /* into function 1 */
	assert_true(le64_get(v) == UINT64_MAX);
	pci_ecam_ops.read(&f->host, at + 0x100, v.b, 4); /* no extended capability */
	assert_int_equal((uint32_t)le64_get(v), 0);
	v = le64_of(0);
	pci_ecam_ops.write(&f->host, at + PCI_COMMAND, v.b, 2);
	assert_int_equal(rd(f, PCI_COMMAND, 2), 0);
}

static void test_capabilities_are_linked_until_the_space_is_full(void **state)
{
	struct fix *f = *state;
	uint8_t body[30] = { 0 }, last = 0, n = 0;

	pci_dev_init(&f->other, &id, NULL, NULL);
	for (;; n++) {
		uint8_t at = pci_dev_cap(&f->other, 9, body, sizeof(body));

		if (!at)
			break;
		assert_int_equal(f->other.cfg[last ? last + 1 : PCI_CAP_POINTER], at);
		assert_int_equal(at % 4, 0);
		last = at;
	}
	assert_int_equal(n, 6); /* (256 - 64) / 32 */
	assert_int_equal(f->other.cfg[last + 1], 0);
	assert_int_equal(pci_dev_cap(&f->other, 9, body, 1), 0);
}

static void test_reset_puts_addresses_back(void **state)
{
	struct fix *f = *state;

	wr(f, PCI_COMMAND, 0, 2);
	wr(f, PCI_BAR0, 0xd0000000, 4);
	pci_host_reset(&f->host);
	assert_int_equal(rd(f, PCI_BAR0, 4), WINDOW | 4);
	assert_true(answers(f, WINDOW));
}

/* ---- MSI-X ---- */

struct plat {
	int fd[8];
	unsigned int n, routes;
	uint64_t addr;
	uint32_t data;
	int attach_result;
};

static int p_attach(void *ctx, int eventfd, uint32_t *gsi)
{
	struct plat *p = ctx;

	if (p->attach_result)
		return p->attach_result;
	*gsi = p->n;
	p->fd[p->n++] = eventfd;
	return 0;
}
static void p_detach(void *ctx, int eventfd, uint32_t gsi)
{
	struct plat *p = ctx;

	assert_int_equal(p->fd[gsi], eventfd);
	p->fd[gsi] = -1;
}
static int p_route(void *ctx, uint32_t gsi, uint64_t addr, uint32_t data)
{
	struct plat *p = ctx;

	(void)gsi;
	p->routes++;
	p->addr = addr;
	p->data = data;
	return 0;
}

static uint64_t raised(const struct plat *p, unsigned int i)
{
	uint64_t n = 0;

	return p->n > i && read(p->fd[i], &n, sizeof(n)) == sizeof(n) ? n : 0;
}

static void msix_w32(struct msix *m, uint64_t off, uint32_t v)
{
	le32 w = le32_of(v);

	msix_write(m, off, w.b, 4);
}

static void test_vector_is_routed_when_first_raised_and_when_it_changed(void **state)
{
	struct plat p = { 0 };
	struct pci_platform pf = { p_attach, p_detach, p_route, NULL, NULL, &p };
	struct msix m;

	(void)state;
	assert_int_equal(msix_init(&m, 3, &pf), 0);
	msix_control(&m, true, false);
	msix_w32(&m, 16, 0xfee01000);
	msix_w32(&m, 24, 0x55);
	msix_w32(&m, 28, 0);
	assert_int_equal(p.n, 0);
	msix_raise(&m, 1);
	msix_raise(&m, 1);
	assert_int_equal(raised(&p, 0), 2);
	assert_int_equal(p.routes, 1);
	assert_int_equal(p.addr, 0xfee01000);
	assert_int_equal(p.data, 0x55);
	msix_w32(&m, 24, 0x56);
	msix_raise(&m, 1);
	assert_int_equal(p.routes, 2);
	assert_int_equal(p.data, 0x56);
	msix_raise(&m, 3); /* no such vector */
	assert_int_equal(p.n, 1);
	msix_fini(&m);
	assert_int_equal(p.fd[0], -1);
}

static void test_masks_hold_a_vector_back_until_all_are_gone(void **state)
{
	struct plat p = { 0 };
	struct pci_platform pf = { p_attach, p_detach, p_route, NULL, NULL, &p };
	struct msix m;
	le64 pba;

	(void)state;
	assert_int_equal(msix_init(&m, 2, &pf), 0);
	msix_raise(&m, 0); /* MSI-X is off: nothing is kept */
	msix_control(&m, true, true);
	msix_raise(&m, 0);
	msix_raise(&m, 0);
	msix_read(&m, MSIX_PBA_OFFSET, pba.b, 8);
	assert_int_equal(le64_get(pba), 1);
	msix_control(&m, true, false); /* still masked itself */
	assert_int_equal(raised(&p, 0), 0);
	msix_w32(&m, 12, 0);
	assert_int_equal(raised(&p, 0), 1);
	msix_read(&m, MSIX_PBA_OFFSET, pba.b, 8);
	assert_int_equal(le64_get(pba), 0);
	msix_fini(&m);
}

static void test_table_at_every_width_and_offset_keeps_to_itself(void **state)
{
	struct plat p = { 0 };
	struct pci_platform pf = { p_attach, p_detach, p_route, NULL, NULL, &p };
	struct msix m;
	uint8_t ones[8], got[8];

	(void)state;
	memset(ones, 0xff, sizeof(ones));
	assert_int_equal(msix_init(&m, 2, &pf), 0);
	for (uint64_t off = 0; off < MSIX_BAR_BYTES; off++) {
		for (uint32_t len = 1; len <= 8; len *= 2) {
			msix_write(&m, off, ones, len);
			msix_read(&m, off, got, len);
		}
	}
	msix_read(&m, 12, got, 4); /* only the mask bit of the control word exists */
	assert_int_equal(got[0], 1);
	assert_int_equal(got[1] | got[2] | got[3], 0);
	msix_read(&m, 32, got, 8); /* behind the last entry */
	assert_int_equal(got[0], 0);
	msix_read(&m, MSIX_PBA_OFFSET, got, 8); /* read-only */
	assert_int_equal(got[0], 0);
	msix_fini(&m);
}

static void test_platform_that_fails_costs_the_interrupt_only(void **state)
{
	struct plat p = { .attach_result = -EMFILE };
	struct pci_platform pf = { p_attach, p_detach, p_route, NULL, NULL, &p };
	struct msix m;

	(void)state;
	assert_int_equal(msix_init(&m, 1, &pf), 0);
	msix_control(&m, true, false);
	msix_w32(&m, 12, 0);
	msix_raise(&m, 0);
	p.attach_result = 0;
	msix_raise(&m, 0);
	assert_int_equal(raised(&p, 0), 1);
	msix_fini(&m);
}

#define PCI_TEST(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PCI_TEST(test_identity_reads_at_every_width_and_offset),
		PCI_TEST(test_ports_are_sized_placed_and_enabled_by_their_own_bit),
		PCI_TEST(test_read_only_fields_stay_whatever_is_written),
		PCI_TEST(test_accesses_over_the_end_are_cut),
		PCI_TEST(test_bar_is_placed_and_answers_after_power_on),
		PCI_TEST(test_bar_size_is_found_by_writing_ones),
		PCI_TEST(test_bar_follows_its_register_and_the_decode_bit),
		PCI_TEST(test_bar_on_taken_addresses_waits_until_they_are_free),
		PCI_TEST(test_slots_are_exclusive_and_windows_end),
		PCI_TEST(test_ports_reach_function_zero_of_bus_zero_only),
		PCI_TEST(test_ecam_reaches_the_same_spaces),
		PCI_TEST(test_capabilities_are_linked_until_the_space_is_full),
		PCI_TEST(test_reset_puts_addresses_back),
		cmocka_unit_test(test_vector_is_routed_when_first_raised_and_when_it_changed),
		cmocka_unit_test(test_masks_hold_a_vector_back_until_all_are_gone),
		cmocka_unit_test(test_table_at_every_width_and_offset_keeps_to_itself),
		cmocka_unit_test(test_platform_that_fails_costs_the_interrupt_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
