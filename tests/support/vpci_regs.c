/* SPDX-License-Identifier: Apache-2.0 */
/* virtio-pci for the mock driver; see vpci_regs.h. */
#include "tests/support/vpci_regs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/le.h"

#define MAX_MSI    (VDEV_MAX_QUEUES + 1)
#define MAX_BELLS  VDEV_MAX_QUEUES
#define BAR_WINDOW 0x1000000

struct msi {
	struct vpci_regs *r;
	bool used;
	int fd;
	uint64_t addr;
	uint32_t data;
	struct ev_io io;
};

struct vpci_regs {
	struct mock *m;
	struct bus mmio;
	struct pci_host host;
	struct pci_platform platform;
	struct vpci *vpci;
	struct vpci_places at;
	struct msi msi[MAX_MSI];
	struct {
		enum bus_space space;
		uint64_t addr;
		int fd;
	} bell[MAX_BELLS];
	unsigned int n_bells;
};

/* ---- the platform ---- */

static void on_msi(struct ev_io *io, uint32_t revents)
{
	struct msi *msi = io->data;
	uint64_t n;

	(void)revents;
	if (read(msi->fd, &n, sizeof(n)) != sizeof(n))
		return;
	if (msi->data == 0)
		mock_config_irq(msi->r->m);
	else
		mock_irq(msi->r->m, msi->data - 1);
}

static int msi_attach(void *ctx, int eventfd, uint32_t *gsi)
{
	struct vpci_regs *r = ctx;

	for (uint32_t i = 0; i < MAX_MSI; i++) {
		struct msi *msi = &r->msi[i];

		if (msi->used)
			continue;
		*msi = (struct msi){ .r = r, .used = true, .fd = eventfd };
		*gsi = i;
		return ev_io_add(mock_loop(r->m), &msi->io, eventfd, EPOLLIN, on_msi, msi);
	}
	return -ENOSPC;
}

static void msi_detach(void *ctx, int eventfd, uint32_t gsi)
{
	struct vpci_regs *r = ctx;

	(void)eventfd;
	ev_io_del(&r->msi[gsi].io);
	r->msi[gsi].used = false;
}

static int msi_route(void *ctx, uint32_t gsi, uint64_t addr, uint32_t data)
{
	struct vpci_regs *r = ctx;

	r->msi[gsi].addr = addr;
	r->msi[gsi].data = data;
	return 0;
}

static int doorbell_add(void *ctx, enum bus_space space, uint64_t addr, int eventfd)
{
	struct vpci_regs *r = ctx;

	if (r->n_bells == MAX_BELLS)
		return -ENOSPC;
	r->bell[r->n_bells].space = space;
	r->bell[r->n_bells].addr = addr;
	r->bell[r->n_bells++].fd = eventfd;
	return 0;
}

static void doorbell_del(void *ctx, enum bus_space space, uint64_t addr, int eventfd)
{
	struct vpci_regs *r = ctx;

	for (unsigned int i = 0; i < r->n_bells; i++) {
		if (r->bell[i].space == space && r->bell[i].addr == addr &&
			r->bell[i].fd == eventfd) {
			r->bell[i] = r->bell[--r->n_bells];
			return;
		}
	}
}

/* ---- accesses ---- */

void vpci_regs_write(struct vpci_regs *r, uint64_t addr, uint64_t value, uint32_t len)
{
	static const uint64_t one = 1;
	le64 v = le64_of(value);

	for (unsigned int i = 0; i < r->n_bells; i++) {
		if (r->bell[i].space == BUS_MEMORY && r->bell[i].addr == addr) {
			if (write(r->bell[i].fd, &one, sizeof(one)) < 0)
				abort();
			return;
		}
	}
	(void)bus_write(&r->mmio, addr, v.b, len);
}

uint64_t vpci_regs_read(struct vpci_regs *r, uint64_t addr, uint32_t len)
{
	le64 v = { { 0 } };

	(void)bus_read(&r->mmio, addr, v.b, len);
	return le64_get(v);
}

static uint32_t cfg(struct vpci_regs *r, uint32_t off, uint32_t len)
{
	le32 v = { { 0 } };

	pci_config_read(&r->host, VPCI_TEST_SLOT, off, v.b, len);
	return le32_get(v);
}

static uint64_t bar(struct vpci_regs *r, unsigned int i)
{
	return (cfg(r, 0x10 + 4 * i, 4) & ~15u) | (uint64_t)cfg(r, 0x14 + 4 * i, 4) << 32;
}

struct vpci_places vpci_regs_find(struct vpci_regs *r)
{
	struct vpci_places p = { 0 };

	for (uint32_t c = cfg(r, PCI_CAP_POINTER, 1); c; c = cfg(r, c + 1, 1)) {
		uint64_t at;

		if (cfg(r, c, 1) == PCI_CAP_MSIX) {
			p.msix_cap = (uint8_t)c;
			p.msix = bar(r, cfg(r, c + 4, 4) & 7);
			continue;
		}
		at = bar(r, cfg(r, c + 4, 1)) + cfg(r, c + 8, 4);
		switch (cfg(r, c + 3, 1)) {
		case 1:
			p.common = at;
			break;
		case 2:
			p.notify = at;
			p.multiplier = cfg(r, c + 16, 4);
			break;
		case 3:
			p.isr = at;
			break;
		case 4:
			p.device = at;
			break;
		default:
			p.access_cap = (uint8_t)c;
			break;
		}
	}
	r->at = p;
	return p;
}

/* ---- the mock's registers ---- */

static uint32_t device_features(void *ctx, uint32_t select)
{
	struct vpci_regs *r = ctx;

	vpci_regs_write(r, r->at.common, select, 4);
	return (uint32_t)vpci_regs_read(r, r->at.common + 4, 4);
}

static void set_driver_features(void *ctx, uint32_t select, uint32_t value)
{
	struct vpci_regs *r = ctx;

	vpci_regs_write(r, r->at.common + 8, select, 4);
	vpci_regs_write(r, r->at.common + 12, value, 4);
}

static uint8_t status(void *ctx)
{
	struct vpci_regs *r = ctx;

	return (uint8_t)vpci_regs_read(r, r->at.common + 20, 1);
}

/* The vectors go with the reset: named again before the driver starts. */
static void set_status(void *ctx, uint8_t s)
{
	struct vpci_regs *r = ctx;

	if (s == (VIRTIO_S_ACKNOWLEDGE | VIRTIO_S_DRIVER))
		vpci_regs_write(r, r->at.common + 16, 0, 2);
	vpci_regs_write(r, r->at.common + 20, s, 1);
}

static uint16_t num_queues(void *ctx)
{
	struct vpci_regs *r = ctx;

	return (uint16_t)vpci_regs_read(r, r->at.common + 18, 2);
}

static void select_queue(struct vpci_regs *r, unsigned int q)
{
	vpci_regs_write(r, r->at.common + 22, q, 2);
}

static uint16_t queue_max(void *ctx, unsigned int q)
{
	struct vpci_regs *r = ctx;

	select_queue(r, q);
	return (uint16_t)vpci_regs_read(r, r->at.common + 24, 2);
}

static void queue_enable(void *ctx, unsigned int q, uint16_t size, gpa desc, gpa driver, gpa device)
{
	struct vpci_regs *r = ctx;

	select_queue(r, q);
	vpci_regs_write(r, r->at.common + 24, size, 2);
	vpci_regs_write(r, r->at.common + 26, q + 1, 2);
	vpci_regs_write(r, r->at.common + 32, desc.v, 8);
	/* In halves, as 32-bit drivers do. */
	vpci_regs_write(r, r->at.common + 40, (uint32_t)driver.v, 4);
	vpci_regs_write(r, r->at.common + 44, driver.v >> 32, 4);
	vpci_regs_write(r, r->at.common + 48, device.v, 8);
	vpci_regs_write(r, r->at.common + 28, 1, 2);
}

static void queue_reset(void *ctx, unsigned int q)
{
	struct vpci_regs *r = ctx;

	select_queue(r, q);
	vpci_regs_write(r, r->at.common + 58, 1, 2);
	while (vpci_regs_read(r, r->at.common + 58, 2))
		mock_turn(r->m);
}

static void kick(void *ctx, unsigned int q)
{
	struct vpci_regs *r = ctx;
	uint64_t off;

	select_queue(r, q);
	off = vpci_regs_read(r, r->at.common + 30, 2);
	vpci_regs_write(r, r->at.notify + off * r->at.multiplier, q, 2);
}

static void config_read(void *ctx, uint32_t off, void *dst, uint32_t len)
{
	struct vpci_regs *r = ctx;

	for (uint32_t i = 0; i < len; i++)
		((uint8_t *)dst)[i] = (uint8_t)vpci_regs_read(r, r->at.device + off + i, 1);
}

static void config_write(void *ctx, uint32_t off, const void *src, uint32_t len)
{
	struct vpci_regs *r = ctx;

	for (uint32_t i = 0; i < len; i++)
		vpci_regs_write(r, r->at.device + off + i, ((const uint8_t *)src)[i], 1);
}

static uint8_t config_generation(void *ctx)
{
	struct vpci_regs *r = ctx;

	return (uint8_t)vpci_regs_read(r, r->at.common + 21, 1);
}

static void regs_free(void *ctx)
{
	struct vpci_regs *r = ctx;

	vpci_free(r->vpci);
	pci_host_fini(&r->host);
	bus_fini(&r->mmio);
	free(r);
}

static const struct mock_regs regs = {
	.device_features = device_features,
	.set_driver_features = set_driver_features,
	.status = status,
	.set_status = set_status,
	.num_queues = num_queues,
	.queue_max = queue_max,
	.queue_enable = queue_enable,
	.queue_reset = queue_reset,
	.kick = kick,
	.config_read = config_read,
	.config_write = config_write,
	.config_generation = config_generation,
	.free = regs_free,
};

/* Unmasks vector i with i as its message. */
static void vectors_on(struct vpci_regs *r)
{
	le16 control = le16_of(0x8000);

	for (unsigned int i = 0; i <= num_queues(r); i++) {
		vpci_regs_write(r, r->at.msix + 16 * i, 0xfee00000, 4);
		vpci_regs_write(r, r->at.msix + 16 * i + 8, i, 4);
		vpci_regs_write(r, r->at.msix + 16 * i + 12, 0, 4);
	}
	pci_config_write(&r->host, VPCI_TEST_SLOT, r->at.msix_cap + 2u, control.b, 2);
}

struct vpci_regs *vpci_attach(struct mock *m, struct vdev *dev_take)
{
	struct vpci_regs *r = calloc(1, sizeof(*r));
	struct vpci_config c = { .mem = mock_mem(m), .loop = mock_loop(m), .slot = VPCI_TEST_SLOT };

	if (!r)
		abort();
	r->m = m;
	r->platform = (struct pci_platform){ msi_attach, msi_detach, msi_route, doorbell_add,
		doorbell_del, r };
	bus_init(&r->mmio);
	pci_host_init(&r->host, &r->mmio, VPCI_TEST_BASE, VPCI_TEST_BASE + BAR_WINDOW);
	c.host = &r->host;
	c.platform = &r->platform;
	if (vpci_new(&r->vpci, dev_take, &c) < 0)
		abort();
	(void)vpci_regs_find(r);
	vectors_on(r);
	mock_attach_regs(m, &regs, r);
	return r;
}

struct pci_host *vpci_regs_host(struct vpci_regs *r)
{
	return &r->host;
}

struct bus *vpci_regs_bus(struct vpci_regs *r)
{
	return &r->mmio;
}

unsigned int vpci_regs_doorbells(const struct vpci_regs *r)
{
	return r->n_bells;
}
