/* SPDX-License-Identifier: Apache-2.0 */
/* The entropy device; see rng.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/log.h"
#include "devices/rng/rng.h"

struct rng {
	struct vdev v; /* first */
	struct vq *vq; /* lent between queue_start and queue_stop */
	struct ev_timer again; /* goes on where a turn's work was full */
	struct rng_stats stats;
	struct vq_chain chain;
	uint8_t buf[4096];
};

static struct rng *rng_of(struct vdev *v)
{
	return (struct rng *)v;
}

/* Fills one request. 0, GUEST_E_* or -errno. */
static int serve(struct rng *g, uint32_t *written)
{
	struct vq_writer w;
	uint32_t todo;

	vq_writer_init(&w, g->vq, &g->chain);
	todo = MIN(w.left, RNG_MAX_REQUEST_BYTES);
	while (todo > 0) {
		/* A long call may be cut by a signal; it says how much came. The pool is ready long
		 * before Dyno starts, so this does not wait. */
		ssize_t n = getrandom(g->buf, MIN(todo, (uint32_t)sizeof(g->buf)), 0);
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		r = vq_put(&w, g->buf, (uint32_t)n);
		if (r)
			return r;
		todo -= (uint32_t)n;
	}
	*written = w.written;
	return 0;
}

static void work(struct rng *g)
{
	uint32_t bytes = 0;

	for (unsigned int n = 0; g->vq; n++) {
		uint32_t written = 0;
		int r;

		if (n == RNG_MAX_TURN_REQUESTS || bytes >= RNG_MAX_TURN_BYTES) {
			ev_timer_at(&g->again, clock_now_ns());
			break;
		}
		if (vq_pop(g->vq, &g->chain) != VQ_TAKEN)
			break;
		/* "The driver MUST NOT place driver-readable buffers into the queue." */
		if (g->chain.n_out > 0) {
			vq_break(g->vq, GUEST_E_DIRECTION, "entropy request with readable bytes");
			return;
		}
		r = serve(g, &written);
		if (r < 0) {
			log_error("%s: no random bytes: %s", g->v.tag, err_name(r));
			g->v.host->needs_reset(g->v.host->ctx, "the host has no random bytes");
			return;
		}
		if (r > 0) {
			vq_break(g->vq, r, "entropy request cannot be filled");
			return;
		}
		if (vq_push_quiet(g->vq, &g->chain, written))
			return;
		bytes += written;
		g->stats.requests++;
		g->stats.bytes += written;
	}
	if (g->vq)
		vq_flush(g->vq);
}

static void on_again(struct ev_timer *t, uint64_t now_ns)
{
	(void)now_ns;
	work(t->data);
}

static uint16_t rng_num_queues(const struct vdev *v)
{
	(void)v;
	return 1;
}

static uint16_t rng_queue_max(const struct vdev *v, unsigned int q)
{
	(void)v;
	(void)q;
	return 64;
}

static uint64_t rng_features(const struct vdev *v)
{
	(void)v;
	return 0;
}

static uint32_t rng_config_bytes(const struct vdev *v)
{
	(void)v;
	return 0;
}

static int rng_start(struct vdev *v, uint64_t features)
{
	struct rng *g = rng_of(v);

	(void)features;
	return ev_timer_init(v->host->loop, &g->again, on_again, g);
}

static int rng_queue_start(struct vdev *v, unsigned int q, struct vq *vq)
{
	(void)q;
	rng_of(v)->vq = vq;
	return 0;
}

static void rng_kick(struct vdev *v, unsigned int q)
{
	(void)q;
	work(rng_of(v));
}

static void rng_queue_stop(struct vdev *v, unsigned int q)
{
	(void)q;
	rng_of(v)->vq = NULL;
	ev_timer_stop(&rng_of(v)->again);
}

static void rng_stop(struct vdev *v)
{
	ev_timer_fini(&rng_of(v)->again);
}

static void rng_free(struct vdev *v)
{
	free(v);
}

static const struct vdev_ops rng_ops = {
	.name = "rng",
	.id = VIRTIO_ID_RNG,
	.pci_class = 0x00ff00, /* no class fits */
	.num_queues = rng_num_queues,
	.queue_max = rng_queue_max,
	.features = rng_features,
	.config_bytes = rng_config_bytes,
	.start = rng_start,
	.queue_start = rng_queue_start,
	.kick = rng_kick,
	.queue_stop = rng_queue_stop,
	.stop = rng_stop,
	.free = rng_free,
};

int rng_new(struct vdev **out, const char *tag)
{
	struct rng *g = calloc(1, sizeof(*g));

	if (!g)
		return -ENOMEM;
	g->v.ops = &rng_ops;
	snprintf(g->v.tag, sizeof(g->v.tag), "%s", tag);
	*out = &g->v;
	return 0;
}

struct rng_stats rng_stats(const struct vdev *v)
{
	return ((const struct rng *)v)->stats;
}
