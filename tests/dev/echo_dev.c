/* SPDX-License-Identifier: Apache-2.0 */
/* See echo_dev.h. */
#include "tests/dev/echo_dev.h"

#include <stdlib.h>
#include <string.h>

static struct echo_dev *of(struct vdev *v)
{
	return (struct echo_dev *)v;
}

static uint16_t num_queues(const struct vdev *v)
{
	(void)v;
	return ECHO_QUEUES;
}

static uint16_t queue_max(const struct vdev *v, unsigned int q)
{
	(void)v;
	return q == 0 ? 256 : 16;
}

static uint64_t features(const struct vdev *v)
{
	(void)v;
	/* The transport must not let a device offer bits that are not its own. */
	return ECHO_F_LOUD | ECHO_F_FORBIDDEN | VIRTIO_BIT(VIRTIO_F_ACCESS_PLATFORM);
}

static bool features_ok(const struct vdev *v, uint64_t accepted)
{
	(void)v;
	return !(accepted & ECHO_F_FORBIDDEN);
}

static uint32_t config_bytes(const struct vdev *v)
{
	(void)v;
	return ECHO_CONFIG_BYTES;
}

static void config_read(struct vdev *v, uint32_t off, void *dst, uint32_t len)
{
	memcpy(dst, of(v)->config + off, len);
}

static void config_write(struct vdev *v, uint32_t off, const void *src, uint32_t len)
{
	memcpy(of(v)->config + off, src, len);
}

static int start(struct vdev *v, uint64_t accepted)
{
	of(v)->starts++;
	of(v)->features = accepted;
	return of(v)->start_result;
}

static int queue_start(struct vdev *v, unsigned int q, struct vq *vq)
{
	struct echo_dev *e = of(v);

	e->queue_starts++;
	if (e->queue_start_result)
		return e->queue_start_result;
	e->vq[q] = vq;
	return 0;
}

static void answer(struct echo_dev *e, struct vq *vq)
{
	uint32_t n = MIN(e->chain.out_bytes, (uint32_t)sizeof(e->buf));
	struct vq_reader r;
	struct vq_writer w;
	int err;

	vq_reader_init(&r, vq, &e->chain);
	vq_writer_init(&w, vq, &e->chain);
	err = vq_get(&r, e->buf, n);
	if (!err)
		err = vq_put(&w, e->buf, MIN(n, w.left));
	if (!err)
		err = vq_push(vq, &e->chain, w.written);
	if (err)
		vq_break(vq, err, "echo failed");
}

static void kick(struct vdev *v, unsigned int q)
{
	struct echo_dev *e = of(v);

	e->kicks++;
	for (unsigned int n = 0; e->vq[q]; n++) {
		if (e->pops_per_kick && n == e->pops_per_kick)
			return;
		if (vq_pop(e->vq[q], &e->chain) != VQ_TAKEN)
			return;
		if (!e->hold) {
			answer(e, e->vq[q]);
		} else if (e->n_held == ARRAY_SIZE(e->held) ||
			   vq_token_take(&e->held[e->n_held++], &e->chain)) {
			vq_break(e->vq[q], GUEST_E_FORMAT, "cannot be held");
		}
	}
}

static void queue_stop(struct vdev *v, unsigned int q)
{
	of(v)->queue_stops++;
	of(v)->vq[q] = NULL;
	of(v)->n_held = 0;
}

static void stop(struct vdev *v)
{
	of(v)->stops++;
}

static void echo_free(struct vdev *v)
{
	if (of(v)->freed)
		*of(v)->freed = true;
	free(v);
}

static const struct vdev_ops ops = {
	.name = "echo",
	.id = 63,
	.num_queues = num_queues,
	.queue_max = queue_max,
	.features = features,
	.features_ok = features_ok,
	.config_bytes = config_bytes,
	.config_read = config_read,
	.config_write = config_write,
	.start = start,
	.queue_start = queue_start,
	.kick = kick,
	.queue_stop = queue_stop,
	.stop = stop,
	.free = echo_free,
};

struct echo_dev *echo_new(void)
{
	struct echo_dev *e = calloc(1, sizeof(*e));

	if (!e)
		abort();
	e->v.ops = &ops;
	memset(e->guard, 0xee, sizeof(e->guard));
	memcpy(e->v.tag, "test/echo", 10);
	for (unsigned int i = 0; i < ECHO_CONFIG_BYTES; i++)
		e->config[i] = (uint8_t)(0x10 + i);
	return e;
}
