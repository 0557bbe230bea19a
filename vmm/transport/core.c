/* SPDX-License-Identifier: Apache-2.0 */
/* The part of a virtio transport that has no registers; see core.h. */
#include "vmm/transport/core.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"

#define NO_VECTOR 0xffffu

/* What this transport and its rings can do, whatever the device. */
#define TRANSPORT_FEATURES                                                          \
	(VIRTIO_BIT(VIRTIO_F_INDIRECT_DESC) | VIRTIO_BIT(VIRTIO_F_EVENT_IDX) |      \
		VIRTIO_BIT(VIRTIO_F_VERSION_1) | VIRTIO_BIT(VIRTIO_F_RING_PACKED) | \
		VIRTIO_BIT(VIRTIO_F_RING_RESET))

/* Bits that belong to a device type: 0..23 and 50..63 ("Feature Bits"). */
#define DEVICE_FEATURES ((VIRTIO_BIT(24) - 1) | ~(VIRTIO_BIT(50) - 1))

#define DRIVER_STATUS_BITS                                                                    \
	(VIRTIO_S_ACKNOWLEDGE | VIRTIO_S_DRIVER | VIRTIO_S_DRIVER_OK | VIRTIO_S_FEATURES_OK | \
		VIRTIO_S_FAILED)

/* What a queue calls back with. */
struct queue_ctx {
	struct vt *t;
	unsigned int index;
};

/* The eventfds of a ring that another process serves. */
struct away {
	int kick_fd, call_fd;
	bool direct; /* they are the register transport's */
	struct ev_io io; /* of the call_fd where it is ours */
};

struct vt {
	struct vdev *dev;
	struct vdev_host host;
	const struct vt_irq_ops *irq;
	void *irq_ctx;
	void (*on_error)(void *ctx, const char *text);
	void *on_error_ctx;
	uint64_t offered;
	uint64_t wanted; /* as the driver wrote them */
	uint64_t accepted; /* from FEATURES_OK on */
	uint8_t status;
	uint8_t generation;
	bool started;
	uint16_t n;
	struct vt_queue q[VDEV_MAX_QUEUES];
	struct queue_ctx ctx[VDEV_MAX_QUEUES];
	struct away away[VDEV_MAX_QUEUES];
};

/* ---- what queues and the device tell ---- */

static void needs_reset(struct vt *t, const char *text)
{
	if (t->status & VIRTIO_S_NEEDS_RESET)
		return;
	t->status |= VIRTIO_S_NEEDS_RESET;
	log_guest("%s: needs a reset: %s", t->dev->tag, text);
	if (t->on_error)
		t->on_error(t->on_error_ctx, text);
	/* "If DRIVER_OK is set, the device MUST send a device configuration change notification" */
	if (t->status & VIRTIO_S_DRIVER_OK)
		t->irq->config(t->irq_ctx);
}

static void host_needs_reset(void *ctx, const char *why)
{
	needs_reset(ctx, why);
}

static void host_config_changed(void *ctx)
{
	struct vt *t = ctx;

	t->generation++;
	if (t->status & VIRTIO_S_DRIVER_OK)
		t->irq->config(t->irq_ctx);
}

static void queue_notify(void *ctx)
{
	const struct queue_ctx *c = ctx;

	c->t->q[c->index].interrupts++;
	c->t->irq->queue(c->t->irq_ctx, c->index);
}

static void queue_broken(void *ctx, int guest_error, const char *why)
{
	const struct queue_ctx *c = ctx;
	char text[160];

	snprintf(text, sizeof(text), "queue %u: %s (%s)", c->index, why, err_name(guest_error));
	needs_reset(c->t, text);
}

/* ---- life ---- */

static void queue_defaults(struct vt_queue *q, uint16_t max)
{
	*q = (struct vt_queue){ .size = max, .max = max, .msix_vector = NO_VECTOR };
}

int vt_new(struct vt **out, struct vdev *dev_take, const struct gmem *mem, struct ev_loop *loop,
	const struct vt_irq_ops *irq, void *irq_ctx)
{
	const struct vdev_ops *ops = dev_take->ops;
	struct vt *t = calloc(1, sizeof(*t));
	int r = -ENOMEM;

	if (!t)
		goto fail;
	r = -EINVAL;
	t->n = ops->num_queues(dev_take);
	if (t->n > VDEV_MAX_QUEUES)
		goto fail;
	for (unsigned int i = 0; i < t->n; i++) {
		uint16_t max = ops->queue_max(dev_take, i);

		if (max == 0 || max > VQ_MAX_SIZE || (max & (max - 1)) != 0)
			goto fail;
		queue_defaults(&t->q[i], max);
		t->ctx[i] = (struct queue_ctx){ t, i };
	}
	t->dev = dev_take;
	t->irq = irq;
	t->irq_ctx = irq_ctx;
	t->offered = ops->ring_features ? ops->ring_features(dev_take) & TRANSPORT_FEATURES
					: TRANSPORT_FEATURES;
	t->offered |= ops->features(dev_take) & DEVICE_FEATURES;
	t->host = (struct vdev_host){
		.mem = mem,
		.loop = loop,
		.config_changed = host_config_changed,
		.needs_reset = host_needs_reset,
		.ctx = t,
	};
	dev_take->host = &t->host;
	*out = t;
	return 0;
fail:
	free(t);
	ops->free(dev_take);
	return r;
}

/* ---- rings that another process serves ---- */

/* The other process wants an interrupt. */
static void on_call(struct ev_io *io, uint32_t revents)
{
	uint64_t count;

	(void)revents;
	if (read(io->fd, &count, sizeof(count)) == sizeof(count))
		queue_notify(io->data);
}

static void away_close(struct vt *t, unsigned int i)
{
	struct away *a = &t->away[i];

	if (a->direct) {
		t->irq->ring_end(t->irq_ctx, i);
		return;
	}
	ev_io_del(&a->io);
	fd_close(&a->kick_fd);
	fd_close(&a->call_fd);
}

static int away_open(struct vt *t, unsigned int i)
{
	struct away *a = &t->away[i];
	int rc = 0;

	*a = (struct away){ .kick_fd = -1, .call_fd = -1, .io = EV_IO_INIT };
	a->direct = t->irq->ring_begin &&
		    t->irq->ring_begin(t->irq_ctx, i, &a->kick_fd, &a->call_fd) == 0;
	if (a->direct)
		return 0;
	a->kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (a->kick_fd >= 0)
		a->call_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (a->call_fd < 0)
		rc = -errno;
	else
		rc = ev_io_add(t->host.loop, &a->io, a->call_fd, EPOLLIN, on_call, &t->ctx[i]);
	if (rc < 0)
		away_close(t, i);
	return rc;
}

static void away_kick(struct vt *t, unsigned int i)
{
	static const uint64_t one = 1;

	/* A full eventfd is a raised one. */
	if (write(t->away[i].kick_fd, &one, sizeof(one)) < 0)
		return;
}

static int away_start(struct vt *t, unsigned int i, const struct vq_setup *s)
{
	struct vdev_ring ring = { .setup = *s };
	int r = away_open(t, i);

	if (r)
		return r;
	ring.kick_fd = t->away[i].kick_fd;
	ring.call_fd = t->away[i].call_fd;
	r = t->dev->ops->ring_start(t->dev, i, &ring);
	if (r)
		away_close(t, i);
	return r;
}

/* Takes a working queue from the device. */
static void stop_queue(struct vt *t, unsigned int i)
{
	if (t->q[i].away) {
		t->dev->ops->queue_stop(t->dev, i);
		t->q[i].away = false;
		away_close(t, i);
	}
	if (!t->q[i].vq)
		return;
	t->dev->ops->queue_stop(t->dev, i);
	vq_free(t->q[i].vq);
	t->q[i].vq = NULL;
}

static void reset(struct vt *t)
{
	for (unsigned int i = 0; i < t->n; i++)
		stop_queue(t, i);
	if (t->started && t->dev->ops->stop)
		t->dev->ops->stop(t->dev);
	t->started = false;
	t->status = 0;
	t->wanted = 0;
	t->accepted = 0;
	for (unsigned int i = 0; i < t->n; i++)
		queue_defaults(&t->q[i], t->q[i].max);
}

void vt_free(struct vt *t)
{
	if (!t)
		return;
	reset(t);
	t->dev->ops->free(t->dev);
	free(t);
}

struct vdev *vt_dev(struct vt *t)
{
	return t->dev;
}

void vt_on_error(struct vt *t, void (*fn)(void *ctx, const char *text), void *ctx)
{
	t->on_error = fn;
	t->on_error_ctx = ctx;
}

/* ---- features ---- */

static uint32_t half(uint64_t features, uint32_t select)
{
	return select < 2 ? (uint32_t)(features >> (32 * select)) : 0;
}

uint32_t vt_device_features(const struct vt *t, uint32_t select)
{
	return half(t->offered, select);
}

uint32_t vt_driver_features(const struct vt *t, uint32_t select)
{
	return half(t->wanted, select);
}

void vt_set_driver_features(struct vt *t, uint32_t select, uint32_t value)
{
	uint64_t mask = UINT64_C(0xffffffff);

	/* Settled once FEATURES_OK was accepted. */
	if (select >= 2 || (t->status & VIRTIO_S_FEATURES_OK))
		return;
	t->wanted &= ~(mask << (32 * select));
	t->wanted |= (uint64_t)value << (32 * select);
}

static bool features_acceptable(const struct vt *t)
{
	const struct vdev_ops *ops = t->dev->ops;

	if (!(t->wanted & VIRTIO_BIT(VIRTIO_F_VERSION_1))) {
		log_guest("%s: the driver does not accept VERSION_1", t->dev->tag);
		return false;
	}
	if (t->wanted & ~t->offered) {
		log_guest("%s: the driver accepts features that were not offered", t->dev->tag);
		return false;
	}
	if (ops->features_ok && !ops->features_ok(t->dev, t->wanted)) {
		log_guest("%s: the device cannot run with the accepted features", t->dev->tag);
		return false;
	}
	return true;
}

/* ---- status and queues ---- */

static void start_queue(struct vt *t, unsigned int i)
{
	struct vt_queue *q = &t->q[i];
	const struct vq_setup s = {
		.size = q->size,
		.desc = q->desc,
		.driver = q->driver,
		.device = q->device,
		.features = t->accepted,
		.pos = { 0, 0, true, true },
	};
	const struct vq_host h = { queue_notify, queue_broken, &t->ctx[i] };
	char text[96];
	/* Also where the ring works elsewhere: its layout is checked here and nowhere else. */
	int r = vq_new(&q->vq, t->host.mem, &s, &h);

	if (!r && t->dev->ops->ring_start) {
		vq_free(q->vq);
		q->vq = NULL;
		r = away_start(t, i, &s);
		if (!r) {
			q->away = true;
			away_kick(t, i);
			return;
		}
	} else if (!r) {
		r = t->dev->ops->queue_start(t->dev, i, q->vq);
		if (!r) {
			/* Requests may be there already, and their kick long gone. */
			vt_kick(t, i);
			return;
		}
		vq_free(q->vq);
		q->vq = NULL;
	}
	snprintf(text, sizeof(text), "queue %u cannot be started: %s", i, err_name(r));
	needs_reset(t, text);
}

static void driver_ok(struct vt *t)
{
	int r;

	if (!(t->status & VIRTIO_S_FEATURES_OK)) {
		log_guest("%s: DRIVER_OK without FEATURES_OK", t->dev->tag);
		return;
	}
	t->status |= VIRTIO_S_DRIVER_OK;
	t->started = true;
	r = t->dev->ops->start(t->dev, t->accepted);
	if (r) {
		char text[96];

		snprintf(text, sizeof(text), "device cannot start: %s", err_name(r));
		needs_reset(t, text);
		return;
	}
	for (unsigned int i = 0; i < t->n; i++) {
		if (t->q[i].enabled)
			start_queue(t, i);
	}
}

uint8_t vt_status(const struct vt *t)
{
	return t->status;
}

void vt_set_status(struct vt *t, uint8_t status)
{
	uint8_t rising = status & DRIVER_STATUS_BITS & (uint8_t)~t->status;

	if (status == 0) {
		reset(t);
		return;
	}
	/* A driver may not take a bit back but by a reset: what is missing in `status` stays set.
	 */
	t->status |= rising & (VIRTIO_S_ACKNOWLEDGE | VIRTIO_S_DRIVER | VIRTIO_S_FAILED);
	if (rising & VIRTIO_S_FAILED)
		log_guest("%s: the driver gave up (FAILED)", t->dev->tag);
	if ((rising & VIRTIO_S_FEATURES_OK) && features_acceptable(t)) {
		t->accepted = t->wanted;
		t->status |= VIRTIO_S_FEATURES_OK;
	}
	if (rising & VIRTIO_S_DRIVER_OK)
		driver_ok(t);
}

uint16_t vt_num_queues(const struct vt *t)
{
	return t->n;
}

struct vt_queue *vt_queue(struct vt *t, unsigned int q)
{
	return q < t->n ? &t->q[q] : NULL;
}

void vt_queue_set_size(struct vt *t, unsigned int i, uint16_t size)
{
	struct vt_queue *q = vt_queue(t, i);

	if (!q || q->enabled || size == 0 || size > q->max)
		return;
	/* "Queue Size value is always a power of 2" is a rule of split rings alone. */
	if (!(t->accepted & VIRTIO_BIT(VIRTIO_F_RING_PACKED)) && (size & (size - 1)) != 0)
		return;
	q->size = size;
}

void vt_queue_enable(struct vt *t, unsigned int i)
{
	struct vt_queue *q = vt_queue(t, i);

	if (!q || q->enabled)
		return;
	q->enabled = true;
	if ((t->status & VIRTIO_S_DRIVER_OK) && !(t->status & VIRTIO_S_NEEDS_RESET))
		start_queue(t, i);
}

void vt_queue_disable(struct vt *t, unsigned int i)
{
	struct vt_queue *q = vt_queue(t, i);

	if (!q || !q->enabled)
		return;
	stop_queue(t, i);
	q->enabled = false;
}

void vt_queue_reset(struct vt *t, unsigned int i)
{
	struct vt_queue *q = vt_queue(t, i);

	if (!q || !(t->accepted & VIRTIO_BIT(VIRTIO_F_RING_RESET)))
		return;
	q->resetting = true;
	stop_queue(t, i);
	queue_defaults(q, q->max);
}

void vt_kick(struct vt *t, unsigned int i)
{
	struct vt_queue *q = vt_queue(t, i);

	/* A queue works from DRIVER_OK on: buffers may not be consumed before. */
	if (!q || (t->status & VIRTIO_S_NEEDS_RESET))
		return;
	q->kicks++;
	if (q->away)
		away_kick(t, i);
	else if (q->vq)
		t->dev->ops->kick(t->dev, i);
}

/* ---- configuration space ---- */

/* Bytes of [off, off+len) that exist. */
static uint32_t config_part(const struct vt *t, uint32_t off, uint32_t len)
{
	uint32_t size = t->dev->ops->config_bytes(t->dev);

	return off < size ? MIN(len, size - off) : 0;
}

void vt_config_read(struct vt *t, uint32_t off, void *dst, uint32_t len)
{
	uint32_t n = config_part(t, off, len);

	memset(dst, 0, len);
	if (n > 0)
		t->dev->ops->config_read(t->dev, off, dst, n);
}

void vt_config_write(struct vt *t, uint32_t off, const void *src, uint32_t len)
{
	uint32_t n = config_part(t, off, len);

	if (n > 0 && t->dev->ops->config_write)
		t->dev->ops->config_write(t->dev, off, src, n);
}

uint8_t vt_config_generation(struct vt *t)
{
	return t->generation;
}
