/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio-pci; see pci.h. Section titles in comments are those of virtio 1.4, "Virtio Over PCI Bus".
 */
#include "vmm/transport/pci.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/le.h"
#include "base/log.h"
#include "vmm/pci/msix.h"

#define VENDOR      0x1af4
#define DEVICE_BASE 0x1040
#define NO_VECTOR   0xffffu

#define BAR_REGISTERS 0
#define BAR_MSIX      2
#define BAR_BELLS     4 /* ports */
/* Of the ports for notifications: one of 16 bits for each queue. */
#define PORT_STRIDE 2u

/* "ISR status capability" */
#define ISR_QUEUE  1u
#define ISR_CONFIG 2u

/* "Virtio Structure PCI Capabilities": cfg_type */
enum { CAP_COMMON = 1, CAP_NOTIFY, CAP_ISR, CAP_DEVICE, CAP_PCI };

/* MSI-X message control, the two bytes after the header. */
#define MSIX_CONTROL_ENABLE 0x8000
#define MSIX_CONTROL_MASK   0x4000

/* "Common configuration structure layout" */
struct common {
	le32 device_feature_select, device_feature;
	le32 driver_feature_select, driver_feature;
	le16 config_msix_vector, num_queues;
	uint8_t device_status, config_generation;
	le16 queue_select;
	le16 queue_size, queue_msix_vector, queue_enable, queue_notify_off;
	le64 queue_desc, queue_driver, queue_device;
	le16 queue_notif_config_data, queue_reset;
	le16 admin_queue_index, admin_queue_num;
};
static_assert(sizeof(struct common) == 64, "virtio_pci_common_cfg");
#define AT(member) offsetof(struct common, member)

/* Behind the two bytes of the PCI header. */
struct virtio_cap {
	uint8_t len, type, bar, id, pad[2];
	le32 offset, length;
	le32 extra; /* notify_off_multiplier, or the window of the PCI access capability */
};
static_assert(sizeof(struct virtio_cap) == 18, "virtio_pci_cap");
#define CAP_BYTES       16 /* header included, without `extra` */
#define CAP_EXTRA_BYTES 20

struct doorbell {
	struct vpci *v;
	unsigned int queue;
	int eventfd;
	struct ev_io io;
};

struct vpci {
	struct pci_dev pci;
	struct vpci_config cfg;
	struct vt *vt;
	struct msix msix;
	bool has_msix; /* msix_init() was done */
	uint8_t msix_cap, access_cap;
	atomic_uint isr;
	uint16_t config_vector;
	uint32_t device_select, driver_select;
	uint16_t queue_select;
	unsigned int n_doorbells;
	struct doorbell bell[VDEV_MAX_QUEUES];
};

/* ---- interrupts, on the loop ---- */

static void raise_vector(struct vpci *v, uint16_t vector, unsigned int isr)
{
	if (msix_enabled(&v->msix))
		msix_raise(&v->msix, vector);
	else
		atomic_fetch_or(&v->isr, isr);
}

static void irq_queue(void *ctx, unsigned int q)
{
	struct vpci *v = ctx;

	raise_vector(v, vt_queue(v->vt, q)->msix_vector, ISR_QUEUE);
}

static void irq_config(void *ctx)
{
	struct vpci *v = ctx;

	raise_vector(v, v->config_vector, ISR_CONFIG);
}

static const struct vt_irq_ops irq_ops = { irq_queue, irq_config };

/* ---- common configuration, on the loop ---- */

/* All registers as they read now: any part of them can then be copied. */
static struct common common_image(struct vpci *v)
{
	const struct vt_queue *q = vt_queue(v->vt, v->queue_select);
	struct common c = { 0 };

	c.device_feature_select = le32_of(v->device_select);
	c.device_feature = le32_of(vt_device_features(v->vt, v->device_select));
	c.driver_feature_select = le32_of(v->driver_select);
	c.driver_feature = le32_of(vt_driver_features(v->vt, v->driver_select));
	c.config_msix_vector = le16_of(v->config_vector);
	c.num_queues = le16_of(vt_num_queues(v->vt));
	c.device_status = vt_status(v->vt);
	c.config_generation = vt_config_generation(v->vt);
	c.queue_select = le16_of(v->queue_select);
	c.queue_msix_vector = le16_of(NO_VECTOR);
	if (q) {
		c.queue_size = le16_of(q->size);
		c.queue_msix_vector = le16_of(q->msix_vector);
		c.queue_enable = le16_of(q->enabled);
		c.queue_notify_off = le16_of(v->queue_select);
		c.queue_desc = le64_of(q->desc.v);
		c.queue_driver = le64_of(q->driver.v);
		c.queue_device = le64_of(q->device.v);
		c.queue_reset = le16_of(q->resetting);
	}
	return c;
}

/* "MSI-X Vector Configuration": a vector that does not exist reads back as none. */
static uint16_t vector_or_none(const struct vpci *v, uint64_t value)
{
	return value < v->msix.n ? (uint16_t)value : NO_VECTOR;
}

static void write_status(struct vpci *v, uint8_t status)
{
	vt_set_status(v->vt, status);
	if (status == 0) {
		v->config_vector = NO_VECTOR;
		atomic_store(&v->isr, 0);
	}
}

/* An address of a ring, or half of one. */
static void write_address(struct vt_queue *q, gpa *a, uint32_t part, uint32_t len, uint64_t value)
{
	if (q->enabled)
		return;
	if (len == 8)
		a->v = value;
	else if (part == 0)
		a->v = (a->v & ~UINT64_C(0xffffffff)) | value;
	else
		a->v = (a->v & UINT64_C(0xffffffff)) | value << 32;
}

static bool write_queue(struct vpci *v, uint32_t off, uint32_t len, uint64_t value)
{
	struct vt_queue *q = vt_queue(v->vt, v->queue_select);
	gpa *address;

	if (off < AT(queue_size) || off >= AT(queue_notif_config_data) + 4)
		return false;
	if (!q)
		return true;
	if (off >= AT(queue_desc) && off < AT(queue_notif_config_data)) {
		address = off < AT(queue_driver)   ? &q->desc
			  : off < AT(queue_device) ? &q->driver
						   : &q->device;
		if ((len != 4 && len != 8) || off % len)
			return false;
		write_address(q, address, off % 8, len, value);
		return true;
	}
	if (len != 2)
		return false;
	switch (off) {
	case AT(queue_size):
		vt_queue_set_size(v->vt, v->queue_select, (uint16_t)value);
		return true;
	case AT(queue_msix_vector):
		q->msix_vector = vector_or_none(v, value);
		return true;
	case AT(queue_enable):
		/* "The driver MUST NOT write a 0 to queue_enable." */
		if (value == 1)
			vt_queue_enable(v->vt, v->queue_select);
		return value <= 1;
	case AT(queue_reset):
		if (value == 1)
			vt_queue_reset(v->vt, v->queue_select);
		return value <= 1;
	default:
		return false;
	}
}

/* True when it was a register, at its own width. */
static bool write_common(struct vpci *v, uint32_t off, uint32_t len, uint64_t value)
{
	if (len == 4 && off == AT(device_feature_select))
		v->device_select = (uint32_t)value;
	else if (len == 4 && off == AT(driver_feature_select))
		v->driver_select = (uint32_t)value;
	else if (len == 4 && off == AT(driver_feature))
		vt_set_driver_features(v->vt, v->driver_select, (uint32_t)value);
	else if (len == 2 && off == AT(config_msix_vector))
		v->config_vector = vector_or_none(v, value);
	else if (len == 1 && off == AT(device_status))
		write_status(v, (uint8_t)value);
	else if (len == 2 && off == AT(queue_select))
		v->queue_select = (uint16_t)value;
	else
		return write_queue(v, off, len, value);
	return true;
}

/* ---- accesses to BAR 0: vCPU thread, then the loop ---- */

struct access {
	struct vpci *v;
	uint64_t off;
	uint32_t len;
	uint8_t data[BUS_MAX_ACCESS];
};

static void loop_read(void *arg)
{
	struct access *a = arg;
	uint32_t in = (uint32_t)(a->off % VPCI_REGION_BYTES);

	if (a->off < VPCI_ISR) {
		struct common c = common_image(a->v);

		if (in < sizeof(c))
			memcpy(a->data, (const uint8_t *)&c + in, MIN(a->len, sizeof(c) - in));
	} else {
		vt_config_read(a->v->vt, in, a->data, a->len);
	}
}

static void loop_write(void *arg)
{
	struct access *a = arg;
	uint32_t in = (uint32_t)(a->off % VPCI_REGION_BYTES);
	uint64_t value = 0;

	if (a->off >= VPCI_DEVICE) {
		vt_config_write(a->v->vt, in, a->data, a->len);
		return;
	}
	memcpy(&value, a->data, a->len);
	if (!write_common(a->v, in, a->len, value))
		log_guest("%s: write of %u bytes to common configuration + 0x%x is ignored",
			vt_dev(a->v->vt)->tag, a->len, in);
}

/* Which of the four regions, when the whole access lies in it. */
static bool region_is(uint64_t off, uint32_t len, uint64_t region)
{
	return off >= region && off - region <= VPCI_REGION_BYTES - len;
}

/* Fails only once the loop has ended: then nobody is left to be served. */
static void on_loop(struct vpci *v, void (*fn)(void *arg), void *arg)
{
	if (ev_call(v->cfg.loop, fn, arg) < 0)
		log_debug("%s: its loop has ended", vt_dev(v->vt)->tag);
}

static void bar_read(void *ctx, uint64_t off, void *dst, uint32_t len)
{
	struct access a = { .v = ctx, .off = off, .len = len };

	if (region_is(off, len, VPCI_COMMON) || region_is(off, len, VPCI_DEVICE))
		on_loop(a.v, loop_read, &a);
	else if (off == VPCI_ISR) /* reading it clears it */
		a.data[0] = (uint8_t)atomic_exchange(&a.v->isr, 0);
	memcpy(dst, a.data, len);
}

/* A notification that no doorbell caught. */
static void ring(struct vpci *v, uint64_t q)
{
	static const uint64_t one = 1;

	/* A full eventfd is a rung one. */
	if (q < v->n_doorbells && write(v->bell[q].eventfd, &one, sizeof(one)) < 0)
		return;
}

static void bar_write(void *ctx, uint64_t off, const void *src, uint32_t len)
{
	struct access a = { .v = ctx, .off = off, .len = len };

	memcpy(a.data, src, len);
	if (region_is(off, len, VPCI_COMMON) || region_is(off, len, VPCI_DEVICE))
		on_loop(a.v, loop_write, &a);
	else if (off >= VPCI_NOTIFY)
		ring(a.v, (off - VPCI_NOTIFY) / VPCI_NOTIFY_STRIDE);
}

static const struct bus_ops bar_ops = { bar_read, bar_write };

static void bar_msix_read(void *ctx, uint64_t off, void *dst, uint32_t len)
{
	msix_read(ctx, off, dst, len);
}

static void bar_msix_write(void *ctx, uint64_t off, const void *src, uint32_t len)
{
	msix_write(ctx, off, src, len);
}

static const struct bus_ops msix_ops = { bar_msix_read, bar_msix_write };

/* Nothing is to be read there. */
static void bells_read(void *ctx, uint64_t off, void *dst, uint32_t len)
{
	(void)ctx;
	(void)off;
	memset(dst, 0, len);
}

static void bells_write(void *ctx, uint64_t off, const void *src, uint32_t len)
{
	(void)src;
	(void)len;
	ring(ctx, off / PORT_STRIDE);
}

static const struct bus_ops bells_ops = { bells_read, bells_write };

/* ---- configuration space ---- */

/* "PCI configuration access capability": where its window looks; false: nowhere. */
static bool window(
	const struct vpci *v, const struct bus_ops **ops, void **ctx, uint64_t *off, uint32_t *len)
{
	const struct virtio_cap *c =
		(const struct virtio_cap *)(const void *)(v->pci.cfg + v->access_cap + 2);
	const struct pci_bar *b = c->bar < PCI_BARS ? &v->pci.bar[c->bar] : NULL;

	*off = le32_get(c->offset);
	*len = le32_get(c->length);
	if (!b || !b->size || (*len != 1 && *len != 2 && *len != 4) || *off % *len ||
		*off > b->size - *len)
		return false;
	*ops = b->ops;
	*ctx = b->ctx;
	return true;
}

static bool in_window(const struct vpci *v, uint32_t off, uint32_t len)
{
	uint32_t at = v->access_cap + CAP_BYTES;

	return off < at + 4 && off + len > at;
}

static void config_read(void *ctx, uint32_t off, uint32_t len)
{
	struct vpci *v = ctx;
	const struct bus_ops *ops;
	uint64_t to;
	uint32_t n;
	void *bar;

	if (in_window(v, off, len) && window(v, &ops, &bar, &to, &n))
		ops->read(bar, to, v->pci.cfg + v->access_cap + CAP_BYTES, n);
}

static void config_written(void *ctx, uint32_t off, uint32_t len)
{
	struct vpci *v = ctx;
	const struct bus_ops *ops;
	uint64_t to;
	uint32_t n;
	void *bar;

	if (off < v->msix_cap + 4u && off + len > v->msix_cap + 2u) {
		uint16_t control = le16_get(*(const le16 *)(v->pci.cfg + v->msix_cap + 2));

		msix_control(&v->msix, control & MSIX_CONTROL_ENABLE, control & MSIX_CONTROL_MASK);
	}
	if (in_window(v, off, len) && window(v, &ops, &bar, &to, &n))
		ops->write(bar, to, v->pci.cfg + v->access_cap + CAP_BYTES, n);
}

static int bell_at(
	const struct vpci *v, unsigned int q, enum bus_space space, bool mapped, uint64_t bar)
{
	const struct pci_platform *p = v->cfg.platform;
	uint64_t at = space == BUS_PORTS ? bar + q * PORT_STRIDE
					 : bar + VPCI_NOTIFY + q * VPCI_NOTIFY_STRIDE;
	int fd = v->bell[q].eventfd;

	if (mapped)
		return p->doorbell_add(p->ctx, space, at, fd);
	p->doorbell_del(p->ctx, space, at, fd);
	return 0;
}

static void bar_moved(void *ctx, unsigned int bar, bool mapped, uint64_t addr)
{
	struct vpci *v = ctx;
	enum bus_space space = bar == BAR_BELLS ? BUS_PORTS : BUS_MEMORY;

	if (bar != BAR_REGISTERS && bar != BAR_BELLS)
		return;
	for (unsigned int q = 0; q < v->n_doorbells; q++) {
		int rc = bell_at(v, q, space, mapped, addr);

		/* Not fatal: the write then comes as an exit, to ring(). */
		if (rc < 0)
			log_guest("%s: no doorbell for queue %u: %s", vt_dev(v->vt)->tag, q,
				strerror(-rc));
	}
}

static void loop_reset(void *arg)
{
	struct vpci *v = arg;

	write_status(v, 0);
	v->device_select = v->driver_select = 0;
	v->queue_select = 0;
}

static void reset(void *ctx)
{
	struct vpci *v = ctx;

	on_loop(v, loop_reset, v);
	msix_reset(&v->msix);
}

static const struct pci_dev_ops dev_ops = {
	.bar_moved = bar_moved,
	.config_read = config_read,
	.config_written = config_written,
	.reset = reset,
};

/* ---- construction ---- */

static uint8_t add_cap_in(
	struct vpci *v, uint8_t type, uint8_t bar, uint32_t offset, uint32_t length, uint32_t extra)
{
	uint8_t bytes = type == CAP_NOTIFY || type == CAP_PCI ? CAP_EXTRA_BYTES : CAP_BYTES;
	struct virtio_cap c = { .len = bytes,
		.type = type,
		.bar = bar,
		.offset = le32_of(offset),
		.length = le32_of(length),
		.extra = le32_of(extra) };

	return pci_dev_cap(&v->pci, PCI_CAP_VENDOR, &c, (uint8_t)(bytes - 2));
}

static uint8_t add_cap(struct vpci *v, uint8_t type, uint32_t offset, uint32_t length)
{
	return add_cap_in(v, type, BAR_REGISTERS, offset, length,
		type == CAP_NOTIFY ? VPCI_NOTIFY_STRIDE : 0);
}

/*
 * Notifications by ports, before those by memory: the first is what a driver should take. Where
 * the processor does not tell the hypervisor what a write to memory was (AMD), a port spares it
 * the guest's instruction.
 */
static bool add_port_bells(struct vpci *v)
{
	uint32_t bytes = v->n_doorbells * PORT_STRIDE, size = 4;

	if (!v->cfg.host->pio)
		return true;
	while (size < bytes)
		size *= 2;
	pci_dev_io_bar(&v->pci, BAR_BELLS, size, &bells_ops, v);
	return add_cap_in(v, CAP_NOTIFY, BAR_BELLS, 0, bytes, PORT_STRIDE);
}

/* The driver sets bar, offset and length of the access capability, and uses its window. */
static void make_writable(struct vpci *v)
{
	struct virtio_cap *w = (struct virtio_cap *)(void *)(v->pci.wmask + v->access_cap + 2);

	w->bar = 0xff;
	w->offset = w->length = w->extra = le32_of(UINT32_MAX);
	*(le16 *)(v->pci.wmask + v->msix_cap + 2) =
		le16_of(MSIX_CONTROL_ENABLE | MSIX_CONTROL_MASK);
}

static int add_caps(struct vpci *v)
{
	struct {
		le16 control;
		le32 table, pba;
	} m = { le16_of((uint16_t)(v->msix.n - 1)), le32_of(BAR_MSIX),
		le32_of(BAR_MSIX | MSIX_PBA_OFFSET) };
	uint32_t config = vt_dev(v->vt)->ops->config_bytes(vt_dev(v->vt));
	bool ok = true;

	ok = ok && add_cap(v, CAP_COMMON, VPCI_COMMON, sizeof(struct common));
	ok = ok && add_port_bells(v);
	ok = ok && add_cap(v, CAP_NOTIFY, VPCI_NOTIFY, v->n_doorbells * VPCI_NOTIFY_STRIDE);
	ok = ok && add_cap(v, CAP_ISR, VPCI_ISR, 1);
	if (config)
		ok = ok && add_cap(v, CAP_DEVICE, VPCI_DEVICE, config);
	v->access_cap = ok ? add_cap(v, CAP_PCI, 0, 0) : 0;
	v->msix_cap = v->access_cap ? pci_dev_cap(&v->pci, PCI_CAP_MSIX, &m, sizeof(m)) : 0;
	return v->msix_cap ? 0 : -ENOSPC;
}

/* Edge-triggered: each notification is an event, and the count need not be read away. */
static void on_bell(struct ev_io *io, uint32_t revents)
{
	struct doorbell *b = io->data;

	(void)revents;
	vt_kick(b->v->vt, b->queue);
}

static int add_doorbells(struct vpci *v)
{
	unsigned int n = vt_num_queues(v->vt);
	int rc = 0;

	for (unsigned int q = 0; q < n && rc == 0; q++) {
		struct doorbell *b = &v->bell[q];

		*b = (struct doorbell){ .v = v, .queue = q, .io = EV_IO_INIT };
		b->eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (b->eventfd < 0)
			return -errno;
		v->n_doorbells++;
		rc = ev_io_add(v->cfg.loop, &b->io, b->eventfd,
			(uint32_t)EPOLLIN | (uint32_t)EPOLLET, on_bell, b);
	}
	return rc;
}

static int build(struct vpci *v)
{
	const struct vdev_ops *ops = vt_dev(v->vt)->ops;
	struct pci_identity id = { .vendor = VENDOR,
		.device = (uint16_t)(DEVICE_BASE + ops->id),
		.subsystem_vendor = VENDOR,
		.subsystem = 0x1100,
		.revision = 1,
		.class_code = ops->pci_class };
	/* One for each queue, one for configuration changes. */
	int rc = msix_init(&v->msix, vt_num_queues(v->vt) + 1u, v->cfg.platform);

	if (rc < 0)
		return rc;
	v->has_msix = true;
	pci_dev_init(&v->pci, &id, &dev_ops, v);
	pci_dev_bar(&v->pci, BAR_REGISTERS, VPCI_BAR_BYTES, &bar_ops, v);
	pci_dev_bar(&v->pci, BAR_MSIX, MSIX_BAR_BYTES, &msix_ops, &v->msix);
	rc = add_doorbells(v);
	if (rc == 0)
		rc = add_caps(v);
	if (rc == 0) {
		make_writable(v);
		rc = pci_host_add(v->cfg.host, v->cfg.slot, &v->pci);
	}
	return rc;
}

int vpci_new(struct vpci **out, struct vdev *dev_take, const struct vpci_config *cfg)
{
	struct vpci *v = calloc(1, sizeof(*v));
	int rc;

	if (!v) {
		dev_take->ops->free(dev_take);
		return -ENOMEM;
	}
	v->cfg = *cfg;
	v->config_vector = NO_VECTOR;
	rc = vt_new(&v->vt, dev_take, cfg->mem, cfg->loop, &irq_ops, v);
	if (rc == 0) {
		vt_on_error(v->vt, cfg->on_error, cfg->ctx);
		rc = build(v);
	}
	if (rc < 0) {
		vpci_free(v);
		return rc;
	}
	*out = v;
	return 0;
}

void vpci_free(struct vpci *v)
{
	if (!v)
		return;
	/* The doorbells are known to the platform as long as the BAR is mapped. */
	pci_host_remove(v->cfg.host, &v->pci);
	for (unsigned int q = 0; q < v->n_doorbells; q++)
		ev_io_del(&v->bell[q].io);
	vt_free(v->vt);
	if (v->has_msix)
		msix_fini(&v->msix);
	for (unsigned int q = 0; q < v->n_doorbells; q++)
		fd_close(&v->bell[q].eventfd);
	free(v);
}

struct vdev *vpci_dev(struct vpci *v)
{
	return vt_dev(v->vt);
}

struct vt *vpci_vt(struct vpci *v)
{
	return v->vt;
}
