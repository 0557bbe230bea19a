/* SPDX-License-Identifier: Apache-2.0 */
/* The PCI bus and its configuration spaces; see pci.h. */
#include "vmm/pci/pci.h"

#include <errno.h>
#include <string.h>

#include "base/le.h"
#include "base/log.h"

#define CAP_FIRST      0x40
#define STATUS_CAPS    0x10
#define BAR_64BIT      0x4
#define BAR_FLAGS      0xf
#define BAR_IO         0x1
#define BAR_IO_FLAGS   0x3u
#define INTERRUPT_LINE 0x3c
#define LATENCY        0x0c /* cache line size and latency timer, both plain bytes */
#define CF8_ENABLE     0x80000000u

static uint16_t get16(const uint8_t *p)
{
	return le16_get(*(const le16 *)p);
}

static void put16(uint8_t *p, uint16_t v)
{
	*(le16 *)p = le16_of(v);
}

static void put32(uint8_t *p, uint32_t v)
{
	*(le32 *)p = le32_of(v);
}

/* ---- devices ---- */

void pci_dev_init(
	struct pci_dev *d, const struct pci_identity *id, const struct pci_dev_ops *ops, void *ctx)
{
	*d = (struct pci_dev){ .ops = ops, .ctx = ctx, .cap_end = CAP_FIRST };
	put16(d->cfg, id->vendor);
	put16(d->cfg + 2, id->device);
	put32(d->cfg + 8, id->class_code << 8 | id->revision);
	put16(d->cfg + 0x2c, id->subsystem_vendor);
	put16(d->cfg + 0x2e, id->subsystem);
	put16(d->wmask + PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	d->wmask[INTERRUPT_LINE] = 0xff;
	put16(d->wmask + LATENCY, 0xffff);
}

void pci_dev_bar(
	struct pci_dev *d, unsigned int bar, uint64_t size, const struct bus_ops *ops, void *ctx)
{
	uint64_t mask = ~(size - 1);
	uint32_t reg = PCI_BAR0 + 4 * bar;

	d->bar[bar] = (struct pci_bar){ .size = size, .ops = ops, .ctx = ctx };
	put32(d->cfg + reg, BAR_64BIT);
	put32(d->wmask + reg, (uint32_t)mask);
	put32(d->wmask + reg + 4, (uint32_t)(mask >> 32));
}

void pci_dev_io_bar(
	struct pci_dev *d, unsigned int bar, uint32_t size, const struct bus_ops *ops, void *ctx)
{
	uint32_t reg = PCI_BAR0 + 4 * bar;

	d->bar[bar] = (struct pci_bar){ .size = size, .ops = ops, .ctx = ctx, .io = true };
	put32(d->cfg + reg, BAR_IO);
	/* There are 64 Ki ports. */
	put32(d->wmask + reg, ~(size - 1) & 0xffff);
	d->wmask[PCI_COMMAND] |= PCI_COMMAND_IO;
}

uint8_t pci_dev_cap(struct pci_dev *d, uint8_t id, const void *body, uint8_t len)
{
	uint8_t at = d->cap_end;
	unsigned int end = at + 2u + len;

	if (end > PCI_CONFIG_BYTES)
		return 0;
	d->cfg[at] = id;
	memcpy(d->cfg + at + 2, body, len);
	d->cfg[d->last_cap ? d->last_cap + 1u : PCI_CAP_POINTER] = at;
	d->cfg[PCI_STATUS] |= STATUS_CAPS;
	d->last_cap = at;
	/* Capabilities start on 4 bytes; a full space cannot take another. */
	d->cap_end = end > PCI_CONFIG_BYTES - 4 ? UINT8_MAX : (uint8_t)((end + 3) & ~3u);
	return at;
}

static uint64_t bar_value(const struct pci_dev *d, unsigned int bar)
{
	const uint8_t *reg = d->cfg + PCI_BAR0 + 4 * bar;

	if (d->bar[bar].io)
		return le32_get(*(const le32 *)reg) & ~BAR_IO_FLAGS;
	return le64_get(*(const le64 *)reg) & ~(uint64_t)BAR_FLAGS;
}

static struct bus *bus_of(const struct pci_host *h, const struct pci_bar *b)
{
	return b->io ? h->pio : h->mmio;
}

static void bar_unmap(struct pci_host *h, struct pci_dev *d, unsigned int bar)
{
	struct pci_bar *b = &d->bar[bar];

	if (!b->mapped)
		return;
	b->mapped = false;
	bus_remove(bus_of(h, b), b->addr);
	if (d->ops && d->ops->bar_moved)
		d->ops->bar_moved(d->ctx, bar, false, b->addr);
}

static void bar_map(struct pci_host *h, struct pci_dev *d, unsigned int bar, uint64_t addr)
{
	struct pci_bar *b = &d->bar[bar];

	if (bus_add(bus_of(h, b), addr, b->size, b->ops, b->ctx) < 0)
		return;
	b->addr = addr;
	b->mapped = true;
	if (d->ops && d->ops->bar_moved)
		d->ops->bar_moved(d->ctx, bar, true, addr);
}

static bool decodes(const struct pci_host *h, const struct pci_dev *d, unsigned int bar)
{
	uint32_t command = get16(d->cfg + PCI_COMMAND);

	return d->bar[bar].io ? h->pio && command & PCI_COMMAND_IO : command & PCI_COMMAND_MEMORY;
}

/* Takes away what is not where it should be. */
static void unmap_stale(struct pci_host *h, struct pci_dev *d)
{
	for (unsigned int i = 0; i < PCI_BARS; i++) {
		if (d->bar[i].mapped && (!decodes(h, d, i) || d->bar[i].addr != bar_value(d, i)))
			bar_unmap(h, d, i);
	}
}

/*
 * Places every BAR that decodes and has none of its addresses taken. All devices: one that moved
 * away may have made room for another.
 */
static void map_all(struct pci_host *h)
{
	for (unsigned int s = 0; s < PCI_SLOTS; s++) {
		struct pci_dev *d = h->slot[s];

		for (unsigned int i = 0; d && i < PCI_BARS; i++) {
			uint64_t addr = d->bar[i].size ? bar_value(d, i) : 0;

			if (addr && !d->bar[i].mapped && decodes(h, d, i))
				bar_map(h, d, i, addr);
		}
	}
}

/* ---- the bus ---- */

void pci_host_init(struct pci_host *h, struct bus *mmio, uint64_t window, uint64_t window_end)
{
	/* A plain host bridge: what firmware and drivers expect at 00.0, with nothing to set. */
	static const struct pci_identity bridge = { .vendor = 0x1b36,
		.device = 0x0008,
		.subsystem_vendor = 0x1af4,
		.subsystem = 0x1100,
		.class_code = 0x060000 };

	*h = (struct pci_host){ .mmio = mmio, .window_next = window, .window_end = window_end };
	pthread_mutex_init(&h->lock, NULL);
	pci_dev_init(&h->bridge, &bridge, NULL, NULL);
	memcpy(h->bridge.first, h->bridge.cfg, sizeof(h->bridge.cfg));
	h->slot[0] = &h->bridge;
}

void pci_host_io(struct pci_host *h, struct bus *pio, uint16_t first, uint32_t end)
{
	h->pio = pio;
	h->io_next = first;
	h->io_end = end;
}

void pci_host_fini(struct pci_host *h)
{
	pthread_mutex_destroy(&h->lock);
}

/* The next place for `size` bytes in a window; false: there is none. */
static bool place(uint64_t *next, uint64_t end, uint64_t size, uint64_t *at)
{
	*at = (*next + size - 1) & ~(size - 1);
	if (*at < *next || *at > end || size > end - *at)
		return false;
	*next = *at + size;
	return true;
}

static int assign(struct pci_host *h, struct pci_dev *d)
{
	for (unsigned int i = 0; i < PCI_BARS; i++) {
		struct pci_bar *b = &d->bar[i];
		uint8_t *reg = d->cfg + PCI_BAR0 + 4 * i;
		uint64_t at;

		if (!b->size || (b->io && !h->pio))
			continue;
		if (b->io ? !place(&h->io_next, h->io_end, b->size, &at)
			  : !place(&h->window_next, h->window_end, b->size, &at))
			return -ENOSPC;
		put32(reg, (uint32_t)at | (b->io ? BAR_IO : BAR_64BIT));
		if (b->io)
			d->cfg[PCI_COMMAND] |= PCI_COMMAND_IO;
		else
			put32(reg + 4, (uint32_t)(at >> 32));
	}
	return 0;
}

int pci_host_add(struct pci_host *h, unsigned int slot, struct pci_dev *d)
{
	int rc;

	pthread_mutex_lock(&h->lock);
	rc = slot >= PCI_SLOTS || h->slot[slot] ? -EBUSY : assign(h, d);
	if (rc == 0) {
		d->cfg[PCI_COMMAND] |= PCI_COMMAND_MEMORY;
		memcpy(d->first, d->cfg, sizeof(d->cfg));
		h->slot[slot] = d;
		map_all(h);
	}
	pthread_mutex_unlock(&h->lock);
	return rc;
}

void pci_host_remove(struct pci_host *h, struct pci_dev *d)
{
	pthread_mutex_lock(&h->lock);
	for (unsigned int s = 1; s < PCI_SLOTS; s++) {
		if (h->slot[s] != d)
			continue;
		h->slot[s] = NULL;
		for (unsigned int i = 0; i < PCI_BARS; i++)
			bar_unmap(h, d, i);
	}
	pthread_mutex_unlock(&h->lock);
}

void pci_host_reset(struct pci_host *h)
{
	pthread_mutex_lock(&h->lock);
	h->cf8 = 0;
	for (unsigned int s = 0; s < PCI_SLOTS; s++) {
		struct pci_dev *d = h->slot[s];

		if (!d)
			continue;
		memcpy(d->cfg, d->first, sizeof(d->cfg));
		unmap_stale(h, d);
		if (d->ops && d->ops->reset)
			d->ops->reset(d->ctx);
	}
	map_all(h);
	pthread_mutex_unlock(&h->lock);
}

/* ---- configuration accesses ---- */

static struct pci_dev *at_slot(const struct pci_host *h, unsigned int slot)
{
	return slot < PCI_SLOTS ? h->slot[slot] : NULL;
}

/* Bytes of [off, off + len) that a configuration space has. */
static uint32_t inside(uint32_t off, uint32_t len)
{
	return off < PCI_CONFIG_BYTES ? MIN(len, PCI_CONFIG_BYTES - off) : 0;
}

void pci_config_read(struct pci_host *h, unsigned int slot, uint32_t off, void *dst, uint32_t len)
{
	uint32_t n = inside(off, len);
	struct pci_dev *d;

	memset(dst, 0xff, len);
	pthread_mutex_lock(&h->lock);
	d = at_slot(h, slot);
	if (d) {
		/* Beyond the first 256 bytes there is no extended capability: zero. */
		memset(dst, 0, len);
		if (n && d->ops && d->ops->config_read)
			d->ops->config_read(d->ctx, off, n);
		if (n)
			memcpy(dst, d->cfg + off, n);
	}
	pthread_mutex_unlock(&h->lock);
}

static bool touches(uint32_t off, uint32_t len, uint32_t from, uint32_t to)
{
	return off < to && off + len > from;
}

void pci_config_write(
	struct pci_host *h, unsigned int slot, uint32_t off, const void *src, uint32_t len)
{
	const uint8_t *from = src;
	uint32_t n = inside(off, len);
	struct pci_dev *d;

	pthread_mutex_lock(&h->lock);
	d = at_slot(h, slot);
	if (d && n) {
		for (uint32_t i = 0; i < n; i++) {
			uint8_t m = d->wmask[off + i];

			d->cfg[off + i] = (uint8_t)((d->cfg[off + i] & ~m) | (from[i] & m));
		}
		if (touches(off, n, PCI_COMMAND, PCI_COMMAND + 2) ||
			touches(off, n, PCI_BAR0, PCI_BAR0 + 4 * PCI_BARS)) {
			unmap_stale(h, d);
			map_all(h);
		}
		if (d->ops && d->ops->config_written)
			d->ops->config_written(d->ctx, off, n);
	}
	pthread_mutex_unlock(&h->lock);
}

/* ECAM: 4096 bytes a function, 8 functions a slot; only function 0 is there. */
static bool ecam_target(uint64_t off, uint32_t len, unsigned int *slot, uint32_t *reg)
{
	*slot = (unsigned int)(off >> 15);
	*reg = (uint32_t)off & 0xfff;
	return (off >> 12 & 7) == 0 && *reg + len <= 4096;
}

static void ecam_read(void *ctx, uint64_t off, void *dst, uint32_t len)
{
	unsigned int slot;
	uint32_t reg;

	if (ecam_target(off, len, &slot, &reg))
		pci_config_read(ctx, slot, reg, dst, len);
	else
		memset(dst, 0xff, len);
}

static void ecam_write(void *ctx, uint64_t off, const void *src, uint32_t len)
{
	unsigned int slot;
	uint32_t reg;

	if (ecam_target(off, len, &slot, &reg))
		pci_config_write(ctx, slot, reg, src, len);
}

const struct bus_ops pci_ecam_ops = { ecam_read, ecam_write };

/* CF8: enable, bus, slot, function, register. False: no device of this bus is meant. */
static bool port_target(
	struct pci_host *h, uint64_t off, uint32_t len, unsigned int *slot, uint32_t *reg)
{
	uint32_t a;

	pthread_mutex_lock(&h->lock);
	a = h->cf8;
	pthread_mutex_unlock(&h->lock);
	*slot = a >> 11 & 31;
	*reg = (a & 0xfc) + (uint32_t)(off & 3);
	return off >= 4 && off + len <= 8 && (a & CF8_ENABLE) && (a >> 16 & 0xff) == 0 &&
	       (a >> 8 & 7) == 0;
}

void pci_port_read(struct pci_host *h, uint64_t off, void *dst, uint32_t len)
{
	unsigned int slot;
	uint32_t reg;

	if (off == 0 && len == 4) {
		pthread_mutex_lock(&h->lock);
		put32(dst, h->cf8);
		pthread_mutex_unlock(&h->lock);
	} else if (port_target(h, off, len, &slot, &reg)) {
		pci_config_read(h, slot, reg, dst, len);
	} else {
		memset(dst, 0xff, len);
	}
}

void pci_port_write(struct pci_host *h, uint64_t off, const void *src, uint32_t len)
{
	unsigned int slot;
	uint32_t reg;

	if (off == 0 && len == 4) {
		pthread_mutex_lock(&h->lock);
		h->cf8 = le32_get(*(const le32 *)src);
		pthread_mutex_unlock(&h->lock);
	} else if (port_target(h, off, len, &slot, &reg)) {
		pci_config_write(h, slot, reg, src, len);
	}
}
