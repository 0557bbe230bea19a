/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio-mmio; see mmio.h. Section titles in comments are those of virtio 1.4, "Virtio Over MMIO".
 */
#include "vmm/transport/mmio.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/le.h"
#include "base/log.h"

struct doorbell {
	struct vmmio *v;
	unsigned int queue;
	int eventfd;
	bool known; /* to the platform */
	struct ev_io io;
};

struct vmmio {
	struct vmmio_config cfg;
	struct vt *vt;
	bool on_bus;
	pthread_mutex_t lock; /* of the two below: vCPUs acknowledge while the device raises */
	uint32_t interrupts;
	bool line_high;
	uint32_t device_select, driver_select, queue_select;
	unsigned int n_doorbells;
	struct doorbell bell[VDEV_MAX_QUEUES];
};

/* ---- the interrupt ---- */

/* "asserted when at least one of the bits [...] is set": the line follows them, under the lock, so
 * that its level is never that of a moment ago. */
static void set_interrupts(struct vmmio *v, uint32_t set, uint32_t clear)
{
	bool high;

	pthread_mutex_lock(&v->lock);
	v->interrupts = (v->interrupts & ~clear) | set;
	high = v->interrupts != 0;
	if (high != v->line_high) {
		v->line_high = high;
		v->cfg.platform->irq(v->cfg.platform->ctx, v->cfg.line, high);
	}
	pthread_mutex_unlock(&v->lock);
}

static uint32_t get_interrupts(struct vmmio *v)
{
	uint32_t now;

	pthread_mutex_lock(&v->lock);
	now = v->interrupts;
	pthread_mutex_unlock(&v->lock);
	return now;
}

static void irq_queue(void *ctx, unsigned int q)
{
	(void)q;
	set_interrupts(ctx, VMMIO_INTERRUPT_QUEUE, 0);
}

static void irq_config(void *ctx)
{
	set_interrupts(ctx, VMMIO_INTERRUPT_CONFIG, 0);
}

static const struct vt_irq_ops irq_ops = { irq_queue, irq_config };

/* ---- registers, on the loop ---- */

static uint32_t read_queue(const struct vt_queue *q, uint32_t off)
{
	if (!q)
		return 0;
	switch (off) {
	case VMMIO_QUEUE_SIZE_MAX:
		return q->max;
	case VMMIO_QUEUE_READY:
		return q->enabled;
	default:
		return q->resetting;
	}
}

static uint32_t read_register(struct vmmio *v, uint32_t off)
{
	switch (off) {
	case VMMIO_MAGIC:
		return VMMIO_MAGIC_VALUE;
	case VMMIO_VERSION:
		return VMMIO_VERSION_VALUE;
	case VMMIO_DEVICE_ID:
		return vt_dev(v->vt)->ops->id;
	case VMMIO_VENDOR_ID:
		return VMMIO_VENDOR_VALUE;
	case VMMIO_DEVICE_FEATURES:
		return vt_device_features(v->vt, v->device_select);
	case VMMIO_QUEUE_SIZE_MAX:
	case VMMIO_QUEUE_READY:
	case VMMIO_QUEUE_RESET:
		return read_queue(vt_queue(v->vt, v->queue_select), off);
	case VMMIO_STATUS:
		return vt_status(v->vt);
	/* "Reading from a non-existent region [...] results in a length of -1": there is none. */
	case VMMIO_SHM_LEN:
	case VMMIO_SHM_LEN + 4:
	case VMMIO_SHM_BASE:
	case VMMIO_SHM_BASE + 4:
		return UINT32_MAX;
	case VMMIO_CONFIG_GENERATION:
		return vt_config_generation(v->vt);
	default:
		return 0;
	}
}

static void write_status(struct vmmio *v, uint8_t status)
{
	vt_set_status(v->vt, status);
	if (status == 0)
		set_interrupts(v, 0, UINT32_MAX);
}

static gpa *address_of(struct vt_queue *q, uint32_t off)
{
	switch (off & ~4u) {
	case VMMIO_QUEUE_DESC:
		return &q->desc;
	case VMMIO_QUEUE_DRIVER:
		return &q->driver;
	case VMMIO_QUEUE_DEVICE:
		return &q->device;
	default:
		return NULL;
	}
}

/* True when it was a register of a queue. */
static bool write_queue(struct vmmio *v, uint32_t off, uint32_t value)
{
	struct vt_queue none = { .enabled = true }, *q = vt_queue(v->vt, v->queue_select);
	gpa *a = address_of(q ? q : &none, off);

	if (a && (!q || q->enabled))
		return true;
	if (a) {
		a->v = off & 4 ? (a->v & UINT32_MAX) | (uint64_t)value << 32
			       : (a->v & ~(uint64_t)UINT32_MAX) | value;
		return true;
	}
	switch (off) {
	case VMMIO_QUEUE_SIZE:
		if (value <= UINT16_MAX)
			vt_queue_set_size(v->vt, v->queue_select, (uint16_t)value);
		return true;
	case VMMIO_QUEUE_READY:
		if (value == 1)
			vt_queue_enable(v->vt, v->queue_select);
		else if (value == 0)
			vt_queue_disable(v->vt, v->queue_select);
		return true;
	case VMMIO_QUEUE_RESET:
		if (value == 1)
			vt_queue_reset(v->vt, v->queue_select);
		return true;
	default:
		return false;
	}
}

static bool write_register(struct vmmio *v, uint32_t off, uint32_t value)
{
	switch (off) {
	case VMMIO_DEVICE_FEATURES_SEL:
		v->device_select = value;
		return true;
	case VMMIO_DRIVER_FEATURES_SEL:
		v->driver_select = value;
		return true;
	case VMMIO_DRIVER_FEATURES:
		vt_set_driver_features(v->vt, v->driver_select, value);
		return true;
	case VMMIO_QUEUE_SEL:
		v->queue_select = value;
		return true;
	case VMMIO_STATUS:
		write_status(v, (uint8_t)value);
		return true;
	case VMMIO_SHM_SEL:
		return true;
	default:
		return write_queue(v, off, value);
	}
}

/* ---- accesses: vCPU thread, then the loop ---- */

struct access {
	struct vmmio *v;
	uint64_t off;
	uint32_t len;
	uint8_t data[BUS_MAX_ACCESS];
};

static void loop_read(void *arg)
{
	struct access *a = arg;

	if (a->off >= VMMIO_CONFIG) {
		vt_config_read(a->v->vt, (uint32_t)a->off - VMMIO_CONFIG, a->data, a->len);
	} else {
		le32 value = le32_of(read_register(a->v, (uint32_t)a->off));

		memcpy(a->data, value.b, sizeof(value.b));
	}
}

static void loop_write(void *arg)
{
	struct access *a = arg;
	le32 value;

	if (a->off >= VMMIO_CONFIG) {
		vt_config_write(a->v->vt, (uint32_t)a->off - VMMIO_CONFIG, a->data, a->len);
		return;
	}
	memcpy(value.b, a->data, sizeof(value.b));
	if (!write_register(a->v, (uint32_t)a->off, le32_get(value)))
		log_guest("%s: write to register 0x%x is ignored", vt_dev(a->v->vt)->tag,
			(unsigned int)a->off);
}

/* Fails only once the loop has ended: then nobody is left to be served. */
static void on_loop(struct vmmio *v, void (*fn)(void *arg), void *arg)
{
	if (ev_call(v->cfg.loop, fn, arg) < 0)
		log_debug("%s: its loop has ended", vt_dev(v->vt)->tag);
}

/* "The driver MUST only use 32 bit wide and aligned reads and writes to access the control
 * registers" */
static bool is_register(uint64_t off, uint32_t len)
{
	return off < VMMIO_CONFIG && len == 4 && off % 4 == 0;
}

static void page_read(void *ctx, uint64_t off, void *dst, uint32_t len)
{
	struct access a = { .v = ctx, .off = off, .len = len };

	if (is_register(off, len) && off == VMMIO_INTERRUPT_STATUS) {
		le32 now = le32_of(get_interrupts(a.v));

		memcpy(a.data, now.b, sizeof(now.b));
	} else if (is_register(off, len) || off >= VMMIO_CONFIG) {
		on_loop(a.v, loop_read, &a);
	}
	memcpy(dst, a.data, len);
}

/* A notification that no doorbell caught. */
static void ring(struct vmmio *v, uint32_t queue)
{
	static const uint64_t one = 1;

	/* A full eventfd is a rung one. */
	if (queue < v->n_doorbells && write(v->bell[queue].eventfd, &one, sizeof(one)) < 0)
		return;
}

static void page_write(void *ctx, uint64_t off, const void *src, uint32_t len)
{
	struct access a = { .v = ctx, .off = off, .len = len };
	le32 value = { { 0 } };

	memcpy(a.data, src, len);
	memcpy(value.b, a.data, sizeof(value.b));
	if (is_register(off, len) && off == VMMIO_INTERRUPT_ACK)
		set_interrupts(a.v, 0, le32_get(value));
	else if (is_register(off, len) && off == VMMIO_QUEUE_NOTIFY)
		ring(a.v, le32_get(value));
	else if (is_register(off, len) || off >= VMMIO_CONFIG)
		on_loop(a.v, loop_write, &a);
}

static const struct bus_ops page_ops = { page_read, page_write };

/* ---- life ---- */

/* Edge-triggered: each notification is an event, and the count need not be read away. */
static void on_bell(struct ev_io *io, uint32_t revents)
{
	struct doorbell *b = io->data;

	(void)revents;
	vt_kick(b->v->vt, b->queue);
}

static int add_doorbells(struct vmmio *v)
{
	const struct vmmio_platform *p = v->cfg.platform;
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
		/* Not fatal: the write then comes as an exit, to ring(). */
		b->known = rc == 0 && p->doorbell_add(p->ctx, v->cfg.addr + VMMIO_QUEUE_NOTIFY, q,
					      b->eventfd) == 0;
	}
	return rc;
}

static int build(struct vmmio *v)
{
	int rc = add_doorbells(v);

	if (rc == 0)
		rc = bus_add(v->cfg.bus, v->cfg.addr, VMMIO_BYTES, &page_ops, v);
	v->on_bus = rc == 0;
	return rc;
}

int vmmio_new(struct vmmio **out, struct vdev *dev_take, const struct vmmio_config *cfg)
{
	struct vmmio *v = calloc(1, sizeof(*v));
	int rc;

	if (!v) {
		dev_take->ops->free(dev_take);
		return -ENOMEM;
	}
	v->cfg = *cfg;
	pthread_mutex_init(&v->lock, NULL);
	rc = vt_new(&v->vt, dev_take, cfg->mem, cfg->loop, &irq_ops, v);
	if (rc == 0) {
		vt_on_error(v->vt, cfg->on_error, cfg->ctx);
		rc = build(v);
	}
	if (rc < 0) {
		vmmio_free(v);
		return rc;
	}
	*out = v;
	return 0;
}

void vmmio_free(struct vmmio *v)
{
	const struct vmmio_platform *p;

	if (!v)
		return;
	p = v->cfg.platform;
	if (v->on_bus)
		bus_remove(v->cfg.bus, v->cfg.addr);
	for (unsigned int q = 0; q < v->n_doorbells; q++) {
		if (v->bell[q].known)
			p->doorbell_del(
				p->ctx, v->cfg.addr + VMMIO_QUEUE_NOTIFY, q, v->bell[q].eventfd);
		ev_io_del(&v->bell[q].io);
	}
	vt_free(v->vt);
	set_interrupts(v, 0, UINT32_MAX);
	for (unsigned int q = 0; q < v->n_doorbells; q++)
		fd_close(&v->bell[q].eventfd);
	pthread_mutex_destroy(&v->lock);
	free(v);
}

static void loop_reset(void *arg)
{
	struct vmmio *v = arg;

	write_status(v, 0);
	v->device_select = v->driver_select = v->queue_select = 0;
}

void vmmio_reset(struct vmmio *v)
{
	on_loop(v, loop_reset, v);
}

struct vdev *vmmio_dev(struct vmmio *v)
{
	return vt_dev(v->vt);
}

struct vt *vmmio_vt(struct vmmio *v)
{
	return v->vt;
}
