/* SPDX-License-Identifier: Apache-2.0 */
/* Registers, configuration spaces and BARs, written with anything at every width and offset. */
#include <string.h>

#include "attack.h"

#define PCI_BAR0 0x10

static const enum dyno_op_kind writes[] = { DYNO_WRITE8, DYNO_WRITE16, DYNO_WRITE32 };
static const enum dyno_op_kind reads[] = { DYNO_READ8, DYNO_READ16, DYNO_READ32 };

/* Every offset of a register block, aligned or not, in each width; what it says is not looked at.
 */
static void hammer(uintptr_t base, uint32_t bytes)
{
	struct dyno_op op[6];

	for (uint32_t off = 0; off < bytes; off++) {
		for (size_t w = 0; w < 3; w++) {
			op[2 * w] = (struct dyno_op){ base + off, writes[w], noise() };
			op[2 * w + 1] = (struct dyno_op){ base + off, reads[w], 0 };
		}
		dyno_ops(op, DYNO_COUNT(op));
	}
}

static void status_machine(struct virtio_dev *v, const char *name)
{
	/* DRIVER_OK out of the blue, FEATURES_OK alone, all bits, backwards. */
	static const uint8_t steps[] = { 4, 8, 0xff, 1, 0, 15, 11, 0x40, 0x80, 0, 0x0f, 3 };

	for (size_t i = 0; i < sizeof(steps); i++) {
		virtio_set_status(v, steps[i]);
		mmio_write16(v->notify, 0);
	}
	expect_alive(v, "status", name);
}

static void queue_registers(struct virtio_dev *v, const char *name)
{
	static const uint16_t sizes[] = { 0, 3, 0x8000, 0xffff, 1 };
	const uintptr_t c = v->common;

	if (virtio_reset(v) != 0 || virtio_negotiate(v, VIRTIO_F_VERSION_1 | 0xffffff) != 0)
		return;
	for (unsigned int queue = 0; queue < 70; queue += queue < 4 ? 1 : 22) {
		for (size_t i = 0; i < DYNO_COUNT(sizes); i++) {
			struct dyno_op op[] = {
				{ c + VIRTIO_C_QUEUE_SELECT, DYNO_WRITE16, queue },
				{ c + VIRTIO_C_QUEUE_SIZE, DYNO_WRITE16, sizes[i] },
				{ c + VIRTIO_C_QUEUE_DESC, DYNO_WRITE32, noise() },
				{ c + VIRTIO_C_QUEUE_DRIVER, DYNO_WRITE32, noise() },
				{ c + VIRTIO_C_QUEUE_DEVICE, DYNO_WRITE32, noise() },
				{ c + VIRTIO_C_QUEUE_VECTOR, DYNO_WRITE16, noise() & 0xffff },
				{ c + VIRTIO_C_QUEUE_ENABLE, DYNO_WRITE16, noise() & 0xffff },
				{ c + VIRTIO_C_QUEUE_ENABLE, DYNO_WRITE16, 1 },
				{ c + VIRTIO_C_QUEUE_DESC, DYNO_WRITE32, noise() },
				{ c + VIRTIO_C_QUEUE_RESET, DYNO_WRITE16, 1 },
				{ c + VIRTIO_C_QUEUE_ENABLE, DYNO_WRITE16, 1 },
			};
			dyno_ops(op, DYNO_COUNT(op));
		}
	}
	virtio_driver_ok(v);
	expect_alive(v, "queues", name);
}

/* Notifications for queues that do not exist, in every width, all over the notify area. */
static void kicks(struct virtio_dev *v, const char *name)
{
	const uint32_t bytes = v->notify_bytes > 1024 ? 1024 : v->notify_bytes;

	if (virtio_reset(v) != 0 || virtio_negotiate(v, VIRTIO_F_VERSION_1) != 0)
		return;
	virtio_driver_ok(v);
	for (uint32_t off = 0; off < bytes; off += 2) {
		struct dyno_op op[] = {
			{ v->notify + off, DYNO_WRITE16, 0xffff },
			{ v->notify + off, DYNO_WRITE8, 0x7f },
			{ v->notify + off, DYNO_WRITE32, noise() },
			{ v->notify + off + 1, DYNO_WRITE16, noise() & 0xffff },
		};
		dyno_ops(op, DYNO_COUNT(op));
	}
	expect_alive(v, "kicks", name);
}

static void spaces(struct virtio_dev *v, const char *name)
{
	hammer(v->common, 0x40);
	expect_alive(v, "common", name);
	if (v->config != 0)
		hammer(v->config, v->config_bytes > 256 ? 256 : v->config_bytes + 8);
	expect_alive(v, "config", name);
	if (v->isr != 0)
		hammer(v->isr, 8);
	expect_alive(v, "isr", name);
}

/* What the firmware set up, so that it can be put back. */
struct saved {
	uint32_t command, bar[6];
};

static void save(const struct pci_dev *d, struct saved *s)
{
	s->command = pci_read(d, 4, 2);
	for (unsigned int i = 0; i < 6; i++)
		s->bar[i] = pci_read(d, PCI_BAR0 + 4 * i, 4);
}

static void restore(struct pci_dev *d, const struct saved *s)
{
	pci_write(d, 4, 2, 0);
	for (unsigned int i = 0; i < 6; i++)
		pci_write(d, PCI_BAR0 + 4 * i, 4, s->bar[i]);
	pci_write(d, 4, 2, s->command);
}

static void pci_space(struct virtio_dev *v, const char *name)
{
	struct saved s;

	save(v->pci, &s);
	for (unsigned int off = 0; off < 256; off++) {
		pci_write(v->pci, off, 1, noise() & 0xff);
		if (off % 2 == 0)
			pci_write(v->pci, off, 2, noise() & 0xffff);
		if (off % 4 == 0)
			pci_write(v->pci, off, 4, noise());
		/* BARs must not come to lie over what this program uses to put them back. */
		if (off >= 4 && off < PCI_BAR0 + 24)
			restore(v->pci, &s);
	}
	for (unsigned int off = 256; off < 4096; off += 64)
		pci_write(v->pci, off, 4, noise());
	restore(v->pci, &s);
	v->vectors = 0;
	expect_alive(v, "pci", name);
}

/* BARs over RAM, over the interrupt controllers, over each other, at the ends of the world. */
static void moved_bars(struct virtio_dev *v, const char *name)
{
	static const uint64_t places[] = { 0, 0x100000, 0xfec00000, 0xfee00000, 0xfffff000,
		0xb0000000, 0xfffffffffffff000, 0x8000000000000000, 0x1000, 0xc0000000 };
	struct saved s;

	save(v->pci, &s);
	for (size_t i = 0; i < DYNO_COUNT(places); i++) {
		pci_write(v->pci, 4, 2, 0);
		for (unsigned int bar = 0; bar < 6; bar++) {
			if (s.bar[bar] == 0)
				continue;
			pci_write(v->pci, PCI_BAR0 + 4 * bar, 4, (uint32_t)places[i]);
			if ((s.bar[bar] & 7) == 4) {
				bar++;
				pci_write(
					v->pci, PCI_BAR0 + 4 * bar, 4, (uint32_t)(places[i] >> 32));
			}
		}
		/* Where decoding would swallow memory or the interrupt controller, it stays off. */
		if (i >= 6) {
			pci_write(v->pci, 4, 2, 7);
			pci_write(v->pci, 4, 2, 0);
		}
		restore(v->pci, &s);
	}
	/* Moved with decoding on, to a free place, and back. */
	for (unsigned int bar = 0; bar < 6; bar++) {
		if ((s.bar[bar] & 7) == 4 && s.bar[bar + 1] == 0) {
			pci_write(v->pci, PCI_BAR0 + 4 * bar, 4, 0xe0000000u);
			mmio_read32(0xe0000000u);
			mmio_write32(0xe0000000u, noise());
			bar++;
		}
	}
	restore(v->pci, &s);
	expect_alive(v, "bars", name);
}

/* Ports over those of the machine: interrupt controller, clock, serial, PCI, the last ones. */
static void moved_ports(struct virtio_dev *v, const char *name)
{
	static const uint16_t places[] = { 0x20, 0x70, 0x3f8, 0x600, 0xcf8, 0xcfc, 0xfffc };
	struct saved s;

	save(v->pci, &s);
	for (unsigned int bar = 0; bar < 6; bar++) {
		if ((s.bar[bar] & 3) != 1)
			continue;
		/* Every queue's and none's, no driver's width. */
		for (unsigned int off = 0; off < 256; off++)
			dyno_out8((uint16_t)((s.bar[bar] & ~3u) + off), 0xff);
		for (size_t i = 0; i < DYNO_COUNT(places); i++)
			pci_write(v->pci, PCI_BAR0 + 4 * bar, 4, places[i]);
	}
	restore(v->pci, &s);
	expect_alive(v, "ports", name);
}

/* Vectors that lead nowhere, masks, the pending bits. */
static void msix(struct virtio_dev *v, const char *name)
{
	const unsigned int cap = pci_cap(v->pci, 0x11, 0);
	uint32_t table;
	uintptr_t base;

	if (cap == 0)
		return;
	table = pci_cached32(v->pci, cap + 4);
	base = pci_bar(v->pci, table & 7) + (table & ~7u);
	for (unsigned int i = 0; i < 8; i++) {
		struct dyno_op op[] = {
			{ base + 16 * i, DYNO_WRITE32, noise() },
			{ base + 16 * i + 4, DYNO_WRITE32, noise() },
			{ base + 16 * i + 8, DYNO_WRITE32, noise() },
			{ base + 16 * i + 12, DYNO_WRITE32, noise() },
			{ base + 16 * i + 3, DYNO_WRITE16, noise() & 0xffff },
			{ base + 16 * i + 12, DYNO_WRITE32, 1 },
			{ base + 16 * i + 1, DYNO_READ32, 0 },
		};
		dyno_ops(op, DYNO_COUNT(op));
	}
	pci_write(v->pci, cap + 2, 2, 0xc000);
	pci_write(v->pci, cap + 2, 2, 0x3fff);
	pci_write(v->pci, cap + 2, 2, 0);
	v->vectors = 0;
	expect_alive(v, "msix", name);
}

/* Holes in the address space and ports that nobody has. */
static void nowhere(void)
{
	static const uint64_t holes[] = { 0xa0000000, 0xb8000000, 0xd0000000, 0xfd000000,
		0xfec00fff, 0xfffffff0 };
	static const uint16_t ports[] = { 0x80, 0x2e8, 0x1000, 0xcf8, 0xcfd, 0xffff, 0x5f0 };
	static uint8_t text[512];

	for (size_t i = 0; i < DYNO_COUNT(holes); i++) {
		struct dyno_op op[] = {
			{ holes[i], DYNO_WRITE32, noise() },
			{ holes[i], DYNO_READ8, 0 },
			{ holes[i] + 1, DYNO_READ32, 0 },
		};
		dyno_ops(op, DYNO_COUNT(op));
	}
	for (size_t i = 0; i < DYNO_COUNT(ports); i++) {
		dyno_out8(ports[i], 0);
		dyno_out16(ports[i], 0);
		dyno_out32(ports[i], 0x00ff00ff);
		dyno_in8(ports[i]);
		dyno_in32(ports[i]);
		dyno_outs8(ports[i], text, sizeof(text));
	}
	/* CF8 with anything, CFC at every offset. */
	for (unsigned int i = 0; i < 64; i++) {
		dyno_out32(0xcf8, noise() | 0x80ff0000u);
		dyno_out8((uint16_t)(0xcfc + i % 4), 0xff);
		dyno_in16((uint16_t)(0xcfc + i % 4));
	}
	expect_canary("nowhere", "accesses where nothing is");
}

void attack_registers(void)
{
	static const struct {
		unsigned int type;
		const char *name;
	} types[] = { { VIRTIO_RNG, "rng" }, { VIRTIO_CONSOLE, "console" }, { VIRTIO_CAN, "can" },
		{ VIRTIO_GPU, "gpu" }, { VIRTIO_INPUT, "input" } };

	for (size_t i = 0; i < DYNO_COUNT(types); i++) {
		struct virtio_dev v;

		if (virtio_find(&v, types[i].type, 0) != 0) {
			verdict_skip("registers", types[i].name, "there is none");
			continue;
		}
		status_machine(&v, types[i].name);
		queue_registers(&v, types[i].name);
		kicks(&v, types[i].name);
		spaces(&v, types[i].name);
		msix(&v, types[i].name);
		pci_space(&v, types[i].name);
		moved_bars(&v, types[i].name);
		moved_ports(&v, types[i].name);
	}
	nowhere();
}
