/* SPDX-License-Identifier: Apache-2.0 */
/* PCI configuration space, and the clock that everything else relies on. */
#include "suite.h"

static void ids_at_all_widths(const struct pci_dev *d)
{
	const uint32_t id = pci_read(d, 0, 4);
	const uint32_t words = pci_read(d, 0, 2) | pci_read(d, 2, 2) << 16;
	uint32_t bytes = 0;

	for (unsigned int i = 0; i < 4; i++)
		bytes |= pci_read(d, i, 1) << 8 * i;
	verdict(id == words && id == bytes, "pci.width",
		"identifiers read the same in 1, 2 and 4 bytes", "slot %u: %08x %08x %08x", d->slot,
		id, words, bytes);
}

static void ids_are_read_only(struct pci_dev *d)
{
	const uint32_t id = pci_read(d, 0, 4);

	pci_write(d, 0, 4, ~id);
	verdict(pci_read(d, 0, 4) == id, "pci.readonly", "identifiers cannot be written",
		"slot %u: %08x became %08x", d->slot, id, pci_read(d, 0, 4));
}

/* Sizing: all ones read back as a mask; decoding is off meanwhile. */
static void bars_have_sizes(struct pci_dev *d)
{
	const uint32_t command = pci_read(d, 4, 2);

	pci_write(d, 4, 2, command & ~3u);
	for (unsigned int bar = 0; bar < 6; bar++) {
		const unsigned int off = 0x10 + 4 * bar;
		const uint32_t old = pci_read(d, off, 4);
		uint32_t mask, size;
		bool wide;

		pci_write(d, off, 4, 0xffffffffu);
		mask = pci_read(d, off, 4);
		pci_write(d, off, 4, old);
		if (mask == 0)
			continue;
		/* There are 64 Ki ports: the upper half of such a BAR may be fixed. */
		if ((mask & 1) != 0 && mask >> 16 == 0)
			mask |= 0xffff0000u;
		wide = (mask & 7) == 4;
		size = ~(mask & ((mask & 1) != 0 ? ~3u : ~15u)) + 1;
		verdict(size != 0 && (size & (size - 1)) == 0, "pci.bar.size",
			"a BAR's size is a power of 2", "slot %u BAR %u: mask %08x", d->slot, bar,
			mask);
		verdict(pci_read(d, off, 4) == old, "pci.bar.restore",
			"a BAR keeps the address written to it", "slot %u BAR %u", d->slot, bar);
		verdict((old & ((mask & 1) != 0 ? ~3u : ~15u) & (size - 1)) == 0, "pci.bar.align",
			"a BAR is assigned at a multiple of its size",
			"slot %u BAR %u at %08x size %x", d->slot, bar, old, size);
		bar += wide;
	}
	pci_write(d, 4, 2, command);
	verdict(pci_read(d, 4, 2) == command, "pci.command", "the command register can be written",
		"slot %u: %04x became %04x", d->slot, command, pci_read(d, 4, 2));
}

static void absent_slot_reads_ones(void)
{
	struct pci_dev ghost = { .slot = 29 };
	bool taken = false;

	for (unsigned int i = 0; pci_dev(i) != NULL; i++)
		taken |= pci_dev(i)->slot == ghost.slot;
	if (taken)
		verdict_skip("pci.absent", "an empty slot reads all ones", "slot 29 is not empty");
	else
		verdict(pci_read(&ghost, 0, 4) == 0xffffffffu, "pci.absent",
			"an empty slot reads all ones", "%08x", pci_read(&ghost, 0, 4));
}

static void clock_and_timer(void)
{
	uint64_t before = dyno_now_ns(), after;
	struct dyno_event_stats s = dyno_event_stats();
	const uint64_t ticks = s.timer_ticks;
	bool forward = true;

	for (unsigned int i = 0; i < 10000; i++) {
		after = dyno_now_ns();
		forward &= after >= before;
		before = after;
	}
	verdict(forward, "clock.forward", "time does not go back", "it did");
	for (unsigned int i = 1; i <= 3; i++) {
		const uint64_t from = dyno_now_ns(), until = from + DYNO_MS(2 * i);

		dyno_wait(until);
		after = dyno_now_ns();
		verdict(after >= until, "clock.wait", "a wait does not end early", "%llu us early",
			(unsigned long long)(until - after) / 1000);
	}
	s = dyno_event_stats();
	verdict(s.timer_ticks >= ticks + 3, "clock.timer", "the APIC timer interrupts",
		"%llu interrupts for 3 waits", (unsigned long long)(s.timer_ticks - ticks));
}

static void uart(void)
{
	uint8_t scratch, lsr;

	dyno_print_flush();
	dyno_out8(0x3ff, 0xa5);
	scratch = dyno_in8(0x3ff);
	verdict(scratch == 0xa5, "uart.scratch", "COM1's scratch register keeps a value", "%02x",
		scratch);
	lsr = dyno_in8(0x3fd);
	verdict((lsr & 0x60) == 0x60, "uart.empty", "COM1 is ready to send", "LSR %02x", lsr);
}

void suite_pci(void)
{
	struct pci_dev *d;

	clock_and_timer();
	uart();
	if (!verdict(pci_dev(0) != NULL, "pci.scan", "there is a PCI bus", "nothing was found"))
		return;
	for (unsigned int i = 0; (d = pci_dev(i)) != NULL; i++) {
		ids_at_all_widths(d);
		if (d->vendor != 0x1af4)
			continue;
		ids_are_read_only(d);
		bars_have_sizes(d);
	}
	absent_slot_reads_ones();
}
