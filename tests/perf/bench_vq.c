/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a request takes through the queue: vq_pop + vq_push in nanoseconds, for a ring that the
 * driver keeps full, over every kind of ring and two lengths of chain. One JSON object on stdout.
 * The driver's own work is not counted.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "devices/virtio/vq.h"
#include "tests/support/mock_driver.h"

#define SIZE   256u
#define ROUNDS 400u

/* A device that does nothing: the benchmark itself pops and pushes. */
struct idle {
	struct vdev v;
	struct vq *vq;
};

static uint16_t num_queues(const struct vdev *v)
{
	(void)v;
	return 1;
}

static uint16_t queue_max(const struct vdev *v, unsigned int q)
{
	(void)v;
	(void)q;
	return SIZE;
}

static uint64_t features(const struct vdev *v)
{
	(void)v;
	return 0;
}

static uint32_t config_bytes(const struct vdev *v)
{
	(void)v;
	return 0;
}

static int start(struct vdev *v, uint64_t accepted)
{
	(void)v;
	(void)accepted;
	return 0;
}

static int queue_start(struct vdev *v, unsigned int q, struct vq *vq)
{
	(void)q;
	((struct idle *)v)->vq = vq;
	return 0;
}

static void kick(struct vdev *v, unsigned int q)
{
	(void)v;
	(void)q;
}

static void queue_stop(struct vdev *v, unsigned int q)
{
	(void)q;
	((struct idle *)v)->vq = NULL;
}

static void idle_free(struct vdev *v)
{
	free(v);
}

static const struct vdev_ops ops = {
	.name = "idle",
	.num_queues = num_queues,
	.queue_max = queue_max,
	.features = features,
	.config_bytes = config_bytes,
	.start = start,
	.queue_start = queue_start,
	.kick = kick,
	.queue_stop = queue_stop,
	.free = idle_free,
};

/* ns per request of `n` segments; the best of all rounds, so that other load counts least. */
static double measure(unsigned int kind, unsigned int n)
{
	static const struct mock_iov iov[4] = { { NULL, 16 }, { NULL, 64 }, { NULL, 64 },
		{ NULL, 16 } };
	struct mock *m = mock_new(kind);
	struct idle *d = calloc(1, sizeof(*d));
	static struct vq_chain c;
	struct mock_used u;
	double best = 1e12;

	if (!d)
		abort();
	d->v.ops = &ops;
	mock_set_queue_size(m, SIZE);
	mock_attach(m, &d->v);
	mock_start(m, 0);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		unsigned int posted = 0;
		uint64_t t0, t1;

		while (mock_add(m, 0, iov, n - n / 2, iov, n / 2) >= 0)
			posted++;
		t0 = clock_now_ns();
		while (vq_pop(d->vq, &c) == VQ_TAKEN) {
			if (vq_push(d->vq, &c, 16))
				abort();
		}
		t1 = clock_now_ns();
		if ((double)(t1 - t0) / posted < best)
			best = (double)(t1 - t0) / posted;
		while (mock_poll(m, 0, &u))
			;
	}
	mock_free(m);
	return best;
}

int main(void)
{
	printf("{\"bench\":\"vq\",\"unit\":\"ns per pop and push\",\"ring\":%u", SIZE);
	for (unsigned int kind = 0; kind < MOCK_KINDS; kind++) {
		printf(",\"%s\":{\"1\":%.1f,\"4\":%.1f}", mock_kind_name(kind), measure(kind, 1),
			measure(kind, 4));
		fflush(stdout);
	}
	printf("}\n");
	return 0;
}
