/* SPDX-License-Identifier: Apache-2.0 */
/* The mock driver's device side: memory, registers, negotiation, configuration space, waiting. */
#include "tests/support/mock_driver.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "tests/support/mock_priv.h"
#include "vmm/transport/core.h"

void mock_die(const char *fmt, ...)
{
	va_list ap;

	fputs("mock driver: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}

const char *mock_kind_name(unsigned int flags)
{
	static const char *const name[MOCK_KINDS] = {
		"split",
		"packed",
		"split+indirect",
		"packed+indirect",
		"split+event",
		"packed+event",
		"split+indirect+event",
		"packed+indirect+event",
	};

	return flags < MOCK_KINDS ? name[flags] : "?";
}

/* ---- memory ---- */

gpa mock_alloc(struct mock *m, uint32_t bytes, uint32_t align)
{
	uint64_t at = (m->brk + align - 1) / align * align;

	if (at > MOCK_MEM_BYTES || bytes > MOCK_MEM_BYTES - at)
		mock_die("guest memory is used up");
	m->brk = at + bytes;
	return (gpa){ MOCK_MEM_BASE + at };
}

static unsigned int bin_of(uint32_t bytes)
{
	unsigned int b = 5; /* 32 bytes */

	while (b < 31 && (UINT64_C(1) << b) < bytes)
		b++;
	return b;
}

gpa mock_block_alloc(struct mock *m, uint32_t bytes)
{
	unsigned int b = bin_of(bytes);
	struct mock_bin *bin = &m->bin[b];

	if (bin->n > 0)
		return (gpa){ MOCK_MEM_BASE + bin->off[--bin->n] };
	return mock_alloc(m, (uint32_t)1 << b, 64);
}

void mock_block_free(struct mock *m, struct mock_block blk)
{
	struct mock_bin *bin = &m->bin[bin_of(blk.bytes)];

	if (bin->n == bin->cap) {
		size_t cap = bin->cap ? bin->cap * 2 : 64;
		uint64_t *off = realloc(bin->off, cap * sizeof(*off));

		if (!off)
			mock_die("out of memory");
		bin->off = off;
		bin->cap = cap;
	}
	bin->off[bin->n++] = blk.addr.v - MOCK_MEM_BASE;
}

void *mock_ptr(struct mock *m, gpa a, uint64_t len)
{
	void *p = gmem_pin(&m->mem, a, len);

	if (!p)
		mock_die("[0x%llx, +%llu) is outside guest memory", (unsigned long long)a.v,
			(unsigned long long)len);
	return p;
}

/* ---- registers: the transport core, directly ---- */

static uint32_t direct_device_features(void *ctx, uint32_t select)
{
	return vt_device_features(ctx, select);
}

static void direct_set_driver_features(void *ctx, uint32_t select, uint32_t value)
{
	vt_set_driver_features(ctx, select, value);
}

static uint8_t direct_status(void *ctx)
{
	return vt_status(ctx);
}

static void direct_set_status(void *ctx, uint8_t status)
{
	vt_set_status(ctx, status);
}

static uint16_t direct_num_queues(void *ctx)
{
	return vt_num_queues(ctx);
}

static uint16_t direct_queue_max(void *ctx, unsigned int q)
{
	const struct vt_queue *r = vt_queue(ctx, q);

	return r ? r->max : 0;
}

static void direct_queue_enable(
	void *ctx, unsigned int q, uint16_t size, gpa desc, gpa driver, gpa device)
{
	struct vt_queue *r = vt_queue(ctx, q);

	if (!r || r->enabled)
		return;
	vt_queue_set_size(ctx, q, size);
	r->desc = desc;
	r->driver = driver;
	r->device = device;
	vt_queue_enable(ctx, q);
}

static void direct_queue_reset(void *ctx, unsigned int q)
{
	vt_queue_reset(ctx, q);
}

static void direct_kick(void *ctx, unsigned int q)
{
	vt_kick(ctx, q);
}

static void direct_config_read(void *ctx, uint32_t off, void *dst, uint32_t len)
{
	vt_config_read(ctx, off, dst, len);
}

static void direct_config_write(void *ctx, uint32_t off, const void *src, uint32_t len)
{
	vt_config_write(ctx, off, src, len);
}

static uint8_t direct_config_generation(void *ctx)
{
	return vt_config_generation(ctx);
}

static void direct_free(void *ctx)
{
	vt_free(ctx);
}

static const struct mock_regs direct_regs = {
	.device_features = direct_device_features,
	.set_driver_features = direct_set_driver_features,
	.status = direct_status,
	.set_status = direct_set_status,
	.num_queues = direct_num_queues,
	.queue_max = direct_queue_max,
	.queue_enable = direct_queue_enable,
	.queue_reset = direct_queue_reset,
	.kick = direct_kick,
	.config_read = direct_config_read,
	.config_write = direct_config_write,
	.config_generation = direct_config_generation,
	.free = direct_free,
};

static void direct_irq(void *ctx, unsigned int q)
{
	mock_irq(ctx, q);
}

static void direct_config_irq(void *ctx)
{
	mock_config_irq(ctx);
}

static const struct vt_irq_ops direct_irq_ops = { direct_irq, direct_config_irq };

/* ---- life ---- */

struct mock *mock_new(unsigned int flags)
{
	struct mock *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		mock_die("out of memory");
	m->flags = flags;
	m->queue_size = 64;
	m->memfd = fd_memfd("mock-guest", MOCK_MEM_BYTES);
	if (m->memfd < 0)
		mock_die("no memfd: %s", err_name(m->memfd));
	m->host = mmap(NULL, MOCK_MEM_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, m->memfd, 0);
	if (m->host == MAP_FAILED)
		mock_die("guest memory cannot be mapped: %s", strerror(errno));
	r = gmem_add(&m->mem, (struct gmem_region){ .base = { MOCK_MEM_BASE },
				      .len = MOCK_MEM_BYTES,
				      .host = m->host,
				      .fd = m->memfd });
	if (!r)
		r = ev_loop_new(&m->loop);
	if (r)
		mock_die("%s", err_name(r));
	return m;
}

void mock_attach_regs(struct mock *m, const struct mock_regs *regs, void *ctx)
{
	if (m->regs)
		mock_die("a device is attached already");
	m->regs = regs;
	m->regs_ctx = ctx;
	m->n_queues = regs->num_queues(ctx);
	if (m->n_queues > VDEV_MAX_QUEUES)
		mock_die("%u queues are too many", m->n_queues);
}

/* Weak: mock_over_pci.c puts virtio-pci in its place. */
__attribute__((weak)) void mock_attach(struct mock *m, struct vdev *dev_take)
{
	int r = vt_new(&m->vt, dev_take, &m->mem, m->loop, &direct_irq_ops, m);

	if (r)
		mock_die("vt_new: %s", err_name(r));
	mock_attach_regs(m, &direct_regs, m->vt);
}

void mock_free(struct mock *m)
{
	if (!m)
		return;
	if (m->regs) {
		mock_reset(m);
		if (m->regs->free)
			m->regs->free(m->regs_ctx);
	}
	ev_loop_free(m->loop);
	munmap(m->host, MOCK_MEM_BYTES);
	fd_close(&m->memfd);
	for (unsigned int i = 0; i < ARRAY_SIZE(m->bin); i++)
		free(m->bin[i].off);
	free(m->joined);
	free(m);
}

unsigned int mock_flags(const struct mock *m)
{
	return m->flags;
}

struct ev_loop *mock_loop(struct mock *m)
{
	return m->loop;
}

const struct gmem *mock_mem(struct mock *m)
{
	return &m->mem;
}

struct vt *mock_vt(struct mock *m)
{
	return m->vt;
}

void mock_set_queue_size(struct mock *m, uint16_t size)
{
	m->queue_size = size;
}

/* ---- negotiation ---- */

uint64_t mock_offered(struct mock *m)
{
	return m->regs->device_features(m->regs_ctx, 0) |
	       (uint64_t)m->regs->device_features(m->regs_ctx, 1) << 32;
}

uint64_t mock_ring_features(const struct mock *m)
{
	uint64_t f = VIRTIO_BIT(VIRTIO_F_VERSION_1) | VIRTIO_BIT(VIRTIO_F_RING_RESET);

	if (m->flags & MOCK_PACKED)
		f |= VIRTIO_BIT(VIRTIO_F_RING_PACKED);
	if (m->flags & MOCK_INDIRECT)
		f |= VIRTIO_BIT(VIRTIO_F_INDIRECT_DESC);
	if (m->flags & MOCK_EVENT_IDX)
		f |= VIRTIO_BIT(VIRTIO_F_EVENT_IDX);
	return f;
}

bool mock_negotiate(struct mock *m, uint64_t wanted)
{
	const struct mock_regs *r = m->regs;
	uint64_t offered, device_bits = (VIRTIO_BIT(24) - 1) | ~(VIRTIO_BIT(50) - 1);
	uint8_t s = VIRTIO_S_ACKNOWLEDGE | VIRTIO_S_DRIVER;

	mock_reset(m);
	r->set_status(m->regs_ctx, VIRTIO_S_ACKNOWLEDGE);
	r->set_status(m->regs_ctx, s);
	offered = mock_offered(m);
	if ((mock_ring_features(m) & ~offered) != 0)
		mock_die("the transport does not offer %s", mock_kind_name(m->flags));
	m->features = mock_ring_features(m) | (offered & wanted & device_bits);
	r->set_driver_features(m->regs_ctx, 0, (uint32_t)m->features);
	r->set_driver_features(m->regs_ctx, 1, (uint32_t)(m->features >> 32));
	s |= VIRTIO_S_FEATURES_OK;
	r->set_status(m->regs_ctx, s);
	return r->status(m->regs_ctx) & VIRTIO_S_FEATURES_OK;
}

static void enable_queue(struct mock *m, unsigned int i)
{
	uint16_t max = m->regs->queue_max(m->regs_ctx, i);
	const struct mock_ring *ring = &m->q[i].ring;

	mock_ring_make(m, i, MIN(max, m->queue_size));
	m->regs->queue_enable(m->regs_ctx, i, ring->size, ring->desc, ring->driver, ring->device);
}

void mock_go(struct mock *m)
{
	for (unsigned int i = 0; i < m->n_queues; i++)
		enable_queue(m, i);
	m->regs->set_status(m->regs_ctx,
		VIRTIO_S_ACKNOWLEDGE | VIRTIO_S_DRIVER | VIRTIO_S_FEATURES_OK | VIRTIO_S_DRIVER_OK);
}

uint64_t mock_start(struct mock *m, uint64_t wanted)
{
	if (!mock_negotiate(m, wanted))
		mock_die("the device refuses features 0x%llx", (unsigned long long)m->features);
	mock_go(m);
	return m->features;
}

void mock_reset(struct mock *m)
{
	m->regs->set_status(m->regs_ctx, 0);
	if (m->regs->status(m->regs_ctx) != 0)
		mock_die("status is not 0 after a reset");
	for (unsigned int i = 0; i < m->n_queues; i++)
		mock_ring_drop(m, i);
	m->features = 0;
}

void mock_queue_reset(struct mock *m, unsigned int q)
{
	mock_q(m, q);
	m->regs->queue_reset(m->regs_ctx, q);
	mock_ring_drop(m, q);
	enable_queue(m, q);
}

uint64_t mock_features(const struct mock *m)
{
	return m->features;
}

uint8_t mock_status(struct mock *m)
{
	return m->regs->status(m->regs_ctx);
}

bool mock_needs_reset(struct mock *m)
{
	return mock_status(m) & VIRTIO_S_NEEDS_RESET;
}

/* ---- loop and interrupts ---- */

void mock_turn(struct mock *m)
{
	int r = ev_loop_turn(m->loop, 0);

	if (r)
		mock_die("event loop: %s", err_name(r));
}

bool mock_until(struct mock *m, bool (*cond)(void *arg), void *arg)
{
	uint64_t give_up_ns = clock_now_ns() + MOCK_PATIENCE_MS * NS_PER_MS;

	while (!cond(arg)) {
		int r;

		if (clock_now_ns() >= give_up_ns)
			return false;
		r = ev_loop_turn(m->loop, 10);
		if (r)
			mock_die("event loop: %s", err_name(r));
	}
	return true;
}

/* Over PCI an interrupt is an eventfd until the loop turns. */
static void hear_irqs(struct mock *m)
{
	if (m->by_loop)
		mock_turn(m);
}

unsigned int mock_irqs(struct mock *m, unsigned int q)
{
	hear_irqs(m);
	return q < VDEV_MAX_QUEUES ? m->q[q].irqs : 0;
}

unsigned int mock_config_irqs(struct mock *m)
{
	hear_irqs(m);
	return m->config_irqs;
}

void mock_irq(struct mock *m, unsigned int q)
{
	mock_q(m, q)->irqs++;
}

void mock_config_irq(struct mock *m)
{
	m->config_irqs++;
}

/* ---- configuration space ---- */

void mock_config_read(struct mock *m, uint32_t off, void *dst, uint32_t len)
{
	m->regs->config_read(m->regs_ctx, off, dst, len);
}

void mock_config_write(struct mock *m, uint32_t off, const void *src, uint32_t len)
{
	m->regs->config_write(m->regs_ctx, off, src, len);
}

uint8_t mock_config8(struct mock *m, uint32_t off)
{
	uint8_t v;

	mock_config_read(m, off, &v, sizeof(v));
	return v;
}

uint16_t mock_config16(struct mock *m, uint32_t off)
{
	le16 v;

	mock_config_read(m, off, &v, sizeof(v));
	return le16_get(v);
}

uint32_t mock_config32(struct mock *m, uint32_t off)
{
	le32 v;

	mock_config_read(m, off, &v, sizeof(v));
	return le32_get(v);
}

uint8_t mock_config_generation(struct mock *m)
{
	return m->regs->config_generation(m->regs_ctx);
}
