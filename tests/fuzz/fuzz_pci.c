/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest that does anything to a PCI bus with a virtio device: configuration by both ways, BARs
 * that move, registers, MSI-X table, doorbells. Input: records of 12 bytes, see struct op.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/le.h"
#include "base/log.h"
#include "tests/dev/echo_dev.h"
#include "vmm/transport/pci.h"

#define SLOT   2
#define WINDOW UINT64_C(0xc0000000)
#define RAM    0x20000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct op {
	uint8_t what, len; /* what: where to, bit 7: write; len: log2 */
	le16 off;
	le64 value;
};
static_assert(sizeof(struct op) == 12, "fuzz record");

static unsigned int interrupts, bells;

static int msi_attach(void *ctx, int eventfd, uint32_t *gsi)
{
	(void)ctx;
	(void)eventfd;
	*gsi = interrupts++;
	return 0;
}
static void msi_detach(void *ctx, int eventfd, uint32_t gsi)
{
	(void)ctx;
	(void)eventfd;
	(void)gsi;
	interrupts--;
}
static int msi_route(void *ctx, uint32_t gsi, uint64_t addr, uint32_t data)
{
	(void)ctx;
	(void)gsi;
	(void)addr;
	(void)data;
	return 0;
}
static int doorbell_add(void *ctx, enum bus_space space, uint64_t addr, int eventfd)
{
	(void)ctx;
	(void)space;
	(void)addr;
	(void)eventfd;
	bells++;
	return 0;
}
static void doorbell_del(void *ctx, enum bus_space space, uint64_t addr, int eventfd)
{
	(void)ctx;
	(void)space;
	(void)addr;
	(void)eventfd;
	if (bells-- == 0)
		abort();
}

static const struct pci_platform platform = { msi_attach, msi_detach, msi_route, doorbell_add,
	doorbell_del, NULL };

static uint64_t bar_now(struct pci_host *h, unsigned int bar)
{
	le64 v;

	pci_config_read(h, SLOT, PCI_BAR0 + 4 * bar, v.b, 8);
	return le64_get(v) & ~UINT64_C(15);
}

static uint64_t ports_now(struct pci_host *h)
{
	le32 v;

	pci_config_read(h, SLOT, PCI_BAR0 + 16, v.b, 4);
	return le32_get(v) & ~UINT32_C(3);
}

static void run(struct pci_host *h, struct bus *mmio, struct bus *pio, const struct op *op)
{
	uint8_t buf[8];
	uint32_t len = 1u << (op->len & 3), off = le16_get(op->off);
	bool write = op->what & 0x80;
	uint64_t addr;

	memcpy(buf, op->value.b, sizeof(buf));
	switch (op->what & 7) {
	case 0:
		if (write)
			pci_config_write(h, off >> 12, off & 0xfff, buf, len);
		else
			pci_config_read(h, off >> 12, off & 0xfff, buf, len);
		return;
	case 1:
		len = MIN(len, 4u);
		if (write)
			pci_port_write(h, off & 7, buf, len);
		else
			pci_port_read(h, off & 7, buf, len);
		return;
	case 2:
		addr = (uint64_t)SLOT << 15 | (off & 0x1fff);
		if (write)
			pci_ecam_ops.write(h, addr, buf, len);
		else
			pci_ecam_ops.read(h, addr, buf, len);
		return;
	case 3:
		addr = bar_now(h, 2) + off % 0x1008;
		break;
	case 4: /* the common configuration */
		addr = bar_now(h, 0) + off % 72;
		break;
	case 5: /* the device's own space of configuration registers */
		if (write)
			pci_config_write(h, SLOT, off & 0xff, buf, len);
		return;
	case 6: /* notifications by port */
		addr = ports_now(h) + off % 16;
		mmio = pio;
		break;
	default:
		addr = bar_now(h, 0) + off;
		break;
	}
	if (write)
		(void)bus_write(mmio, addr, buf, len);
	else
		(void)bus_read(mmio, addr, buf, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t ram[RAM];
	struct gmem mem = { .n = 0 };
	struct bus mmio, pio;
	struct pci_host host;
	struct ev_loop *loop = NULL;
	struct echo_dev *echo = echo_new();
	struct vpci *v = NULL;
	struct vpci_config cfg = {
		.mem = &mem, .host = &host, .slot = SLOT, .platform = &platform
	};

	log_set_level(LOG_ERROR);
	if (gmem_add(&mem, (struct gmem_region){ { 0 }, RAM, ram, -1, 0 }) || ev_loop_new(&loop))
		abort();
	bus_init(&mmio);
	bus_init(&pio);
	pci_host_init(&host, &mmio, WINDOW, WINDOW + 0x1000000);
	pci_host_io(&host, &pio, 0xc000, 0x10000);
	cfg.loop = loop;
	if (vpci_new(&v, &echo->v, &cfg))
		abort();
	for (size_t at = 0; size - at >= sizeof(struct op); at += sizeof(struct op)) {
		run(&host, &mmio, &pio, (const struct op *)(const void *)(data + at));
		if (at / sizeof(struct op) % 8 == 0 && ev_loop_turn(loop, 0))
			abort();
	}
	pci_host_reset(&host);
	vpci_free(v);
	if (interrupts || bells)
		abort();
	pci_host_fini(&host);
	bus_fini(&mmio);
	bus_fini(&pio);
	ev_loop_free(loop);
	return 0;
}
