/* SPDX-License-Identifier: Apache-2.0 */
/* virtio-mmio for the mock driver; see vmmio_regs.h. */
#include "tests/support/vmmio_regs.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/le.h"

struct vmmio_regs {
	struct mock *m;
	struct bus bus;
	struct vmmio_platform platform;
	struct vmmio *vmmio;
	int line_fd; /* rings while the line is high */
	struct ev_io line_io;
	bool line, serve;
	unsigned int rises;
	struct {
		uint64_t addr;
		uint32_t value;
		int fd;
	} bell[VDEV_MAX_QUEUES];
	unsigned int n_bells;
};

/* ---- the platform ---- */

static int doorbell_add(void *ctx, uint64_t addr, uint32_t value, int eventfd)
{
	struct vmmio_regs *r = ctx;

	if (r->n_bells == VDEV_MAX_QUEUES)
		return -ENOSPC;
	r->bell[r->n_bells].addr = addr;
	r->bell[r->n_bells].value = value;
	r->bell[r->n_bells++].fd = eventfd;
	return 0;
}

static void doorbell_del(void *ctx, uint64_t addr, uint32_t value, int eventfd)
{
	struct vmmio_regs *r = ctx;

	for (unsigned int i = 0; i < r->n_bells; i++) {
		if (r->bell[i].addr == addr && r->bell[i].value == value &&
			r->bell[i].fd == eventfd) {
			r->bell[i] = r->bell[--r->n_bells];
			return;
		}
	}
	abort();
}

static void wake(struct vmmio_regs *r)
{
	static const uint64_t one = 1;

	if (r->line && r->serve && write(r->line_fd, &one, sizeof(one)) < 0)
		abort();
}

static void irq(void *ctx, unsigned int line, bool level)
{
	struct vmmio_regs *r = ctx;

	if (line != VMMIO_TEST_LINE || level == r->line)
		abort();
	r->line = level;
	r->rises += level;
	wake(r);
}

/* What a driver's interrupt handler does. */
static void on_line(struct ev_io *io, uint32_t revents)
{
	struct vmmio_regs *r = io->data;
	uint64_t n;
	uint32_t what;

	(void)revents;
	if (read(r->line_fd, &n, sizeof(n)) != sizeof(n) || !r->serve)
		return;
	what = (uint32_t)vmmio_regs_read(r, VMMIO_INTERRUPT_STATUS, 4);
	vmmio_regs_write(r, VMMIO_INTERRUPT_ACK, what, 4);
	if (what & VMMIO_INTERRUPT_CONFIG)
		mock_config_irq(r->m);
	for (unsigned int q = 0; what & VMMIO_INTERRUPT_QUEUE; q++) {
		vmmio_regs_write(r, VMMIO_QUEUE_SEL, q, 4);
		if (vmmio_regs_read(r, VMMIO_QUEUE_SIZE_MAX, 4) == 0)
			break;
		mock_irq(r->m, q);
	}
}

/* ---- accesses ---- */

void vmmio_regs_write(struct vmmio_regs *r, uint64_t off, uint64_t value, uint32_t len)
{
	static const uint64_t one = 1;
	le64 v = le64_of(value);

	for (unsigned int i = 0; i < r->n_bells && len == 4; i++) {
		if (r->bell[i].addr == VMMIO_TEST_ADDR + off && r->bell[i].value == value) {
			if (write(r->bell[i].fd, &one, sizeof(one)) < 0)
				abort();
			return;
		}
	}
	(void)bus_write(&r->bus, VMMIO_TEST_ADDR + off, v.b, len);
}

uint64_t vmmio_regs_read(struct vmmio_regs *r, uint64_t off, uint32_t len)
{
	le64 v = { { 0 } };

	(void)bus_read(&r->bus, VMMIO_TEST_ADDR + off, v.b, len);
	return le64_get(v);
}

/* ---- the mock's registers ---- */

static uint32_t device_features(void *ctx, uint32_t select)
{
	vmmio_regs_write(ctx, VMMIO_DEVICE_FEATURES_SEL, select, 4);
	return (uint32_t)vmmio_regs_read(ctx, VMMIO_DEVICE_FEATURES, 4);
}

static void set_driver_features(void *ctx, uint32_t select, uint32_t value)
{
	vmmio_regs_write(ctx, VMMIO_DRIVER_FEATURES_SEL, select, 4);
	vmmio_regs_write(ctx, VMMIO_DRIVER_FEATURES, value, 4);
}

static uint8_t status(void *ctx)
{
	return (uint8_t)vmmio_regs_read(ctx, VMMIO_STATUS, 4);
}

static void set_status(void *ctx, uint8_t s)
{
	vmmio_regs_write(ctx, VMMIO_STATUS, s, 4);
}

static uint16_t queue_max(void *ctx, unsigned int q)
{
	vmmio_regs_write(ctx, VMMIO_QUEUE_SEL, q, 4);
	return (uint16_t)vmmio_regs_read(ctx, VMMIO_QUEUE_SIZE_MAX, 4);
}

static uint16_t num_queues(void *ctx)
{
	uint16_t n = 0;

	while (queue_max(ctx, n) != 0)
		n++;
	return n;
}

static void write_address(struct vmmio_regs *r, uint32_t off, gpa a)
{
	vmmio_regs_write(r, off, (uint32_t)a.v, 4);
	vmmio_regs_write(r, off + 4, a.v >> 32, 4);
}

static void queue_enable(void *ctx, unsigned int q, uint16_t size, gpa desc, gpa driver, gpa device)
{
	struct vmmio_regs *r = ctx;

	vmmio_regs_write(r, VMMIO_QUEUE_SEL, q, 4);
	vmmio_regs_write(r, VMMIO_QUEUE_SIZE, size, 4);
	write_address(r, VMMIO_QUEUE_DESC, desc);
	write_address(r, VMMIO_QUEUE_DRIVER, driver);
	write_address(r, VMMIO_QUEUE_DEVICE, device);
	vmmio_regs_write(r, VMMIO_QUEUE_READY, 1, 4);
}

static void queue_reset(void *ctx, unsigned int q)
{
	struct vmmio_regs *r = ctx;

	vmmio_regs_write(r, VMMIO_QUEUE_SEL, q, 4);
	vmmio_regs_write(r, VMMIO_QUEUE_RESET, 1, 4);
	while (vmmio_regs_read(r, VMMIO_QUEUE_RESET, 4))
		mock_turn(r->m);
}

static void kick(void *ctx, unsigned int q)
{
	vmmio_regs_write(ctx, VMMIO_QUEUE_NOTIFY, q, 4);
}

static void config_read(void *ctx, uint32_t off, void *dst, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		((uint8_t *)dst)[i] = (uint8_t)vmmio_regs_read(ctx, VMMIO_CONFIG + off + i, 1);
}

static void config_write(void *ctx, uint32_t off, const void *src, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		vmmio_regs_write(ctx, VMMIO_CONFIG + off + i, ((const uint8_t *)src)[i], 1);
}

static uint8_t config_generation(void *ctx)
{
	return (uint8_t)vmmio_regs_read(ctx, VMMIO_CONFIG_GENERATION, 4);
}

static void regs_free(void *ctx)
{
	struct vmmio_regs *r = ctx;

	r->serve = false;
	vmmio_free(r->vmmio);
	if (r->n_bells > 0 || r->line)
		abort();
	ev_io_del(&r->line_io);
	fd_close(&r->line_fd);
	bus_fini(&r->bus);
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

struct vmmio_regs *vmmio_attach(struct mock *m, struct vdev *dev_take)
{
	struct vmmio_regs *r = calloc(1, sizeof(*r));
	struct vmmio_config c = { .mem = mock_mem(m),
		.loop = mock_loop(m),
		.addr = VMMIO_TEST_ADDR,
		.line = VMMIO_TEST_LINE };

	if (!r)
		abort();
	r->m = m;
	r->serve = true;
	r->line_io = (struct ev_io)EV_IO_INIT;
	r->line_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r->platform = (struct vmmio_platform){ doorbell_add, doorbell_del, irq, r };
	bus_init(&r->bus);
	c.bus = &r->bus;
	c.platform = &r->platform;
	if (r->line_fd < 0 ||
		ev_io_add(mock_loop(m), &r->line_io, r->line_fd, EPOLLIN, on_line, r) < 0 ||
		vmmio_new(&r->vmmio, dev_take, &c) < 0)
		abort();
	mock_attach_regs(m, &regs, r);
	return r;
}

struct vmmio *vmmio_regs_transport(struct vmmio_regs *r)
{
	return r->vmmio;
}

bool vmmio_regs_line(const struct vmmio_regs *r)
{
	return r->line;
}

unsigned int vmmio_regs_rises(const struct vmmio_regs *r)
{
	return r->rises;
}

void vmmio_regs_serve(struct vmmio_regs *r, bool on)
{
	r->serve = on;
	wake(r);
}

unsigned int vmmio_regs_doorbells(const struct vmmio_regs *r)
{
	return r->n_bells;
}
